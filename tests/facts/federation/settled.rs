//! What has been decided or destroyed stays so: deletions, proposals, and what is remembered of peers.

use fingerpost::{
    federation::{
        neighbours::Wanted,
        peers::{Outcome, Trust},
    },
    model::Kind,
};
use serde_json::json;

use crate::support::{
    TestApp,
    liar::{BEGAN, id, service},
    network::{fact_of_a_liar, fact_of_two},
    peer::Reply,
};

fact_of_a_liar! {
    async fn case_32_deletions_of_many_pages_are_counted_together(here, liar) {
        liar.tell_services(100);
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        here.pull(&peer).await;
        // 40 of 101 are more than three tenths; each page has fewer.
        for number in 0..55 {
            liar.tell(Kind::Service, id(&format!("service {number}")), None);
        }
        liar.page_items(10);
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.deleted, report.held_deletes), (Outcome::Ok, 0, 55), "{report:?}");
        assert_eq!(here.services().await.len(), 100);
        // One more, an hour later, does not slip through.
        liar.tell(Kind::Service, id("service 60"), None);
        let report = here.pull(&peer).await;
        assert_eq!((report.deleted, report.held_deletes), (0, 1), "{report:?}");
        assert_eq!(here.harvester().release_peer("1").await.unwrap().1, 56);
    }
}

fact_of_a_liar! {
    async fn case_33_a_few_deletions_on_several_pages_go_when_the_feed_has_been_read(here, liar) {
        liar.tell_services(60);
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        here.pull(&peer).await;
        for number in 0..15 {
            liar.tell(Kind::Service, id(&format!("service {number}")), None);
        }
        liar.page_items(4);
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.deleted, report.held_deletes), (Outcome::Ok, 15, 0), "{report:?}");
        assert_eq!(here.services().await.len(), 45);
        assert_eq!(here.harvester().describe_peer(&here.peer(&peer).await).await.unwrap().held_deletes, 0);
        let again = here.pull(&peer).await;
        assert_eq!((again.requests, again.deleted), (1, 0), "{again:?}");
    }
}

fact_of_a_liar! {
    async fn case_32_a_directory_of_two_records_does_not_become_empty_by_itself(here, liar) {
        liar.tell_services(1);
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        here.pull(&peer).await;
        liar.tell(Kind::Service, id("service 0"), None);
        liar.tell(Kind::Organization, id("holder"), None);
        let report = here.pull(&peer).await;
        assert_eq!((report.deleted, report.held_deletes, here.services().await.len()), (0, 2, 1), "{report:?}");
    }
}

fact_of_a_liar! {
    async fn case_43_a_feed_that_has_thrown_tombstones_away_can_be_followed_from_its_start(here, liar) {
        liar.tell_services(30);
        liar.page_items(7);
        liar.twist(|seen, mut page| {
            if seen.path.contains("/changes") {
                page["feed"]["min_safe"] = json!(BEGAN + 20);
            }
            Reply::json(page.to_string())
        });
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.created, report.pages), (Outcome::Ok, 31, 6), "{report:?}");
        // Somebody who is behind walks over everything once.
        liar.tell(Kind::Service, id("service 99"), Some(service(99)));
        liar.tell(Kind::Service, id("service 98"), Some(service(98)));
        liar.edit(|told| told.retain(|told| told.id != id("service 3")));
        liar.twist(|seen, mut page| {
            if seen.path.contains("/changes") {
                page["feed"]["min_safe"] = json!(BEGAN + 33);
            }
            Reply::json(page.to_string())
        });
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.created, report.held_deletes), (Outcome::Ok, 2, 1), "{report:?}");
        assert_eq!(here.pull(&peer).await.requests, 1);
    }
}

fact_of_a_liar! {
    async fn what_was_decided_under_review_is_not_asked_again_when_the_scope_changes(here, liar) {
        liar.tell_services(3);
        let peer = here.follows(&liar.url(), Trust::Review).await;
        here.harvester().approve_peer("1").await.unwrap();
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.waiting), (Outcome::Ok, 4), "{report:?}");
        let records = &here.app.app().records;
        let waiting = records.waiting(None, None, 100).await.unwrap();
        let (refused, accepted): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|one| one.document.contains("Club 2"));
        let ids = |some: &[fingerpost::records::Proposal]| some.iter().map(|one| one.id).collect::<Vec<_>>();
        records.reject(&TestApp::person("not ours"), &ids(&refused)).await.unwrap();
        records.accept(&TestApp::person("looked at"), &ids(&accepted)).await.unwrap();
        here.app.follow().await;
        here.app.clock.set(here.app.clock.now() + chrono::Duration::hours(1));
        let wanted = Wanted { licences: vec!["https://example.org/our-own-open-licence".to_owned()], ..Wanted::default() };
        here.harvester().scope_peer("1", wanted).await.unwrap();
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.waiting), (Outcome::Ok, 0), "{report:?}");
        assert_eq!(records.waiting(None, None, 100).await.unwrap(), []);
        // What is refused comes again when it changes there.
        let mut changed = service(2);
        changed["description"] = json!("Another one.");
        liar.tell(Kind::Service, id("service 2"), Some(changed));
        assert_eq!(here.pull(&peer).await.waiting, 1);
    }
}

fact_of_a_liar! {
    async fn what_was_destroyed_does_not_come_back_when_its_peer_is_removed_and_added_again(here, liar) {
        liar.tell_services(3);
        let old = liar.items().into_iter().find(|item| item["data"]["name"] == "Club 1").unwrap();
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        here.pull(&peer).await;
        liar.tell_urgently(Kind::Service, id("service 1"), None, true);
        assert_eq!(here.pull(&peer).await.deleted, 1);
        here.harvester().remove_peer("1").await.unwrap();
        // Whoever has the host and no key shows the version that was destroyed.
        liar.twist(move |seen, mut page| {
            if seen.path.contains("/changes") {
                let items = page["items"].as_array_mut().unwrap();
                items.retain(|item| item["id"] != old["id"]);
                if !items.is_empty() {
                    items.push(old.clone());
                    items.sort_by_key(|item| item["modified"].as_i64());
                }
            }
            Reply::json(page.to_string())
        });
        let again = here.follows(&liar.url(), Trust::Auto).await;
        let report = here.pull(&again).await;
        assert_eq!((report.outcome, report.left_out.get("older")), (Outcome::Ok, Some(&1)), "{report:?}");
        assert_eq!(here.services().await, ["Club 0", "Club 2"]);
    }
}

fact_of_a_liar! {
    async fn case_23_a_peer_that_has_gone_back_proves_it_with_a_checkpoint(here, liar) {
        liar.tell_services(3);
        liar.shows_checkpoints(true);
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        here.pull(&peer).await;
        let before = liar.checkpoint();
        let mut changed = service(0);
        changed["name"] = json!("Club 0, as it is now");
        liar.tell(Kind::Service, id("service 0"), Some(changed));
        here.pull(&peer).await;
        // Somebody who has the host and no key shows everything as it was before, and its checkpoint.
        liar.edit(|told| {
            told.retain(|told| told.id != id("service 0"));
            told.push(crate::support::liar::Told { kind: Kind::Service, id: id("service 0"), rev: BEGAN + 2, data: Some(service(0)), urgent: false, passed: None });
        });
        liar.twist(move |seen, page| Reply::json(if seen.path.contains("/checkpoint") { before.to_string() } else { page.to_string() }));
        assert_eq!(here.pull(&peer).await.error.unwrap().code, "head-went-back");
        here.app.clock.set(here.app.clock.now() + chrono::Duration::hours(2));
        here.harvester().release_peer("1").await.unwrap();
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.error.unwrap().code.as_str()), (Outcome::Held, "head-went-back"));
        assert!(here.services().await.contains(&"Club 0, as it is now".to_owned()));
        // The directory itself has gone back, and signs that it has.
        liar.repent();
        liar.now(here.app.clock.now());
        here.harvester().release_peer("1").await.unwrap();
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.updated), (Outcome::Ok, 1), "{report:?}");
        assert_eq!(here.services().await, ["Club 0", "Club 1", "Club 2"]);
    }
}

fact_of_two! {
    async fn everybody_that_follows_says_how_far_it_has_come(luton, beds) {
        luton.app.fixtures().await;
        let peer = beds.follows(&luton.url, Trust::Auto).await;
        beds.pull(&peer).await;
        let said = luton.app.get("/federation/v1/status").await.json();
        let follower = &said["followers"][0];
        assert_eq!((follower["origin"].as_str(), follower["is_followed"].as_bool(), follower["caught_up"].as_bool()), (Some(beds.url.as_str()), Some(false), Some(true)), "{said}");
        assert!(follower.get("name").is_none(), "nobody here has given it a name");
        for made_up in ["<script>", "not an address", "https://a.example.org/path"] {
            luton.app.ask(http::Method::GET, "/federation/v1/changes", &[("fed-follower", made_up)], "").await;
        }
        assert_eq!(luton.app.get("/federation/v1/status").await.json()["followers"].as_array().unwrap().len(), 1);
        luton.follows(&beds.url, Trust::Auto).await;
        let said = luton.app.get("/federation/v1/status").await.json();
        assert_eq!(said["followers"][0]["is_followed"], true);
    }
}
