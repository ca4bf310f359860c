//! What has been decided or destroyed stays so: deletions, proposals, and what is remembered of peers.

use std::sync::atomic::{AtomicUsize, Ordering};

use fingerpost::{
    federation::{
        neighbours::Wanted,
        peers::{self, Comparison, Outcome, Peer, PeerState, Report, Trust},
    },
    model::Kind,
};
use serde_json::json;

use crate::support::{
    TestApp,
    liar::{BEGAN, Liar, Told, id, service},
    network::{Node, fact_between, fact_of_a_liar, fact_of_two},
    peer::{Reply, Seen},
};

fact_of_a_liar! {
    async fn case_32_deletions_of_many_pages_are_counted_together(here, liar) {
        let peer = here.follows_services_of(&liar, 100).await;
        // 51 of 101 are more than half; each page has fewer.
        for number in 0..51 {
            liar.tell(Kind::Service, id(&format!("service {number}")), None);
        }
        liar.page_items(10);
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.deleted, report.held_deletes), (Outcome::Ok, 0, 51), "{report:?}");
        assert_eq!(here.services().await.len(), 100);
        // One more, an hour later, does not slip through.
        liar.tell(Kind::Service, id("service 60"), None);
        let report = here.pull(&peer).await;
        assert_eq!((report.deleted, report.held_deletes), (0, 1), "{report:?}");
        assert_eq!(here.harvester().release_peer("1").await.unwrap().1, 52);
    }
}

fact_of_a_liar! {
    async fn case_33_half_of_the_records_may_go_at_once_when_that_is_signed(here, liar) {
        liar.tell_services(100);
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        here.pull(&peer).await;
        for number in 0..50 {
            liar.tell(Kind::Service, id(&format!("service {number}")), None);
        }
        liar.page_items(10);
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.deleted, report.held_deletes), (Outcome::Ok, 50, 0), "{report:?}");
        assert_eq!(here.services().await.len(), 50);
    }
}

fact_of_a_liar! {
    async fn case_33_a_few_deletions_on_several_pages_go_when_the_feed_has_been_read(here, liar) {
        let peer = here.follows_services_of(&liar, 60).await;
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
    async fn deletions_that_are_still_being_counted_wait_for_no_officer(here, liar) {
        let peer = here.follows_services_of(&liar, 60).await;
        for number in 0..6 {
            liar.tell(Kind::Service, id(&format!("service {number}")), None);
        }
        liar.page_items(4);
        let pages = AtomicUsize::new(0);
        liar.twist(move |seen, page| {
            if seen.is_feed() && pages.fetch_add(1, Ordering::SeqCst) == 1 { Reply::status(500) } else { Reply::json(page.to_string()) }
        });
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.deleted, report.held_deletes), (Outcome::Failed, 0, 0), "{report:?}");
        let shown = here.harvester().describe_peer(&here.peer(&peer).await).await.unwrap();
        assert_eq!((shown.held_deletes, here.harvester().release_peer("1").await.unwrap().1), (0, 0));
        assert_eq!(here.services().await.len(), 60);
        // The next pull comes to the end, and what it has not read itself goes as well, by the number of its deletion.
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.deleted, report.held_deletes), (Outcome::Ok, 6, 0), "{report:?}");
        let known = peers::of_peer(&here.app.app().db, peer.id, None, 100).await.unwrap();
        let mut gone: Vec<i64> = known.iter().filter(|row| !row.live).map(|row| row.rev - BEGAN).collect();
        gone.sort_unstable();
        assert_eq!(gone, [62, 63, 64, 65, 66, 67]);
    }
}

fact_between! {
    async fn a_deletion_that_waited_for_the_end_of_the_feed_is_passed_on_as_its_origin_has_signed_it(
        hub = |on| Node::aggregator(on, "Bedfordshire");
        liar = Liar::start()
    ) {
        let peer = hub.follows_services_of(&liar, 5).await;
        liar.tell(Kind::Service, id("service 0"), None);
        for number in 5..9 {
            liar.tell(Kind::Service, id(&format!("service {number}")), Some(service(number)));
        }
        liar.page_items(2);
        let report = hub.pull(&peer).await;
        assert_eq!((report.outcome, report.deleted, report.created), (Outcome::Ok, 1, 4), "{report:?}");
        let feed = hub.app.get("/federation/v1/changes?scope=all").await.json();
        let told = feed["items"].as_array().unwrap().iter().find(|item| item["fed"]["id"] == id("service 0").to_string());
        let told = told.expect("it is passed on with its statement");
        assert_eq!((&told["state"], &told["fed"]["state"]), (&json!("deleted"), &json!("deleted")), "{told}");
    }
}

fact_of_a_liar! {
    async fn case_32_a_directory_of_two_records_does_not_become_empty_by_itself(here, liar) {
        let peer = here.follows_services_of(&liar, 1).await;
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
            if seen.is_feed() {
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
            if seen.is_feed() {
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
            if seen.is_feed() {
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
        liar.shows_checkpoints(true);
        let peer = changed_since(&here, &liar).await;
        // Somebody who has the host and no key shows everything as it was before, and its checkpoint of then.
        shows_what_it_told_first(&liar);
        let before = liar.checkpoint();
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

/// Somebody who has the host and no key shows everything as it was before one of its services was changed.
fn shows_what_it_told_first(liar: &Liar) {
    liar.edit(|told| {
        let changed = told.iter_mut().find(|told| told.id == id("service 0")).unwrap();
        *changed = Told { rev: BEGAN + 2, data: Some(service(0)), ..changed.clone() };
    });
}

/// A peer that has changed a service since it was first pulled from.
async fn changed_since(here: &Node, liar: &Liar) -> Peer {
    let peer = here.follows_services_of(liar, 3).await;
    let mut changed = service(0);
    changed["name"] = json!("Club 0, as it is now");
    liar.tell(Kind::Service, id("service 0"), Some(changed));
    here.pull(&peer).await;
    peer
}

fact_of_a_liar! {
    async fn case_23_a_peer_that_has_shown_checkpoints_does_not_go_back_without_one(here, liar) {
        liar.shows_checkpoints(true);
        let peer = changed_since(&here, &liar).await;
        // Whoever has the host names no checkpoint any more, and has been doing so for a while.
        shows_what_it_told_first(&liar);
        liar.shows_checkpoints(false);
        here.app.clock.set(here.app.clock.now() + chrono::Duration::days(2));
        let shown = here.state(&peer).await;
        for _ in 0..2 {
            let report = here.pull(&peer).await;
            assert_eq!((report.outcome, report.error.unwrap().code.as_str()), (Outcome::Held, "head-went-back"));
            assert_eq!(here.state(&peer).await, shown);
            let advice = here.advice(&peer).await;
            assert!(advice.contains("no longer names the checkpoint"), "{advice}");
            here.harvester().release_peer("1").await.unwrap();
        }
        // The directory itself has gone back, and says so with its key.
        liar.shows_checkpoints(true);
        liar.now(here.app.clock.now());
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.updated, report.error), (Outcome::Ok, 1, None));
        assert_eq!(here.services().await, ["Club 0", "Club 1", "Club 2"]);
    }
}

fact_of_a_liar! {
    async fn case_23_a_peer_that_signs_and_never_had_a_checkpoint_goes_back_by_an_officers_word_which_is_said(here, liar) {
        let peer = changed_since(&here, &liar).await;
        shows_what_it_told_first(&liar);
        let shown = here.state(&peer).await;
        assert_eq!(here.pull(&peer).await.error.unwrap().code, "head-went-back");
        assert_eq!(here.state(&peer).await, shown, "not by itself");
        here.harvester().release_peer("1").await.unwrap();
        assert_eq!(here.pull(&peer).await.outcome, Outcome::Ok);
        assert_eq!(here.services().await, ["Club 0", "Club 1", "Club 2"]);
        let said = here.advice(&peer).await;
        assert!(said.starts_with("Warning: it went back to older versions and was released on 22 November 2026"), "{said}");
        // Somebody has asked them.
        here.harvester().approve_peer("1").await.unwrap();
        assert_eq!(here.advice(&peer).await, "Nothing: it is being followed.");
    }
}

/// Compare with the checkpoint at the next pull, and pull.
async fn compares(here: &Node, peer: &Peer) -> Report {
    here.harvester().compare_peer(&peer.id.to_string()).await.unwrap();
    here.pull(peer).await
}

/// The peer is held because its checkpoint goes less far than something before, and nothing else has happened.
async fn is_found_out(here: &Node, liar: &Liar, peer: &Peer, asked: &[&str]) {
    let before = here.state(peer).await;
    liar.lately();
    let report = compares(here, peer).await;
    let trouble = report.error.unwrap();
    assert_eq!((report.outcome, trouble.code.as_str()), (Outcome::Held, "head-went-back"));
    assert!(trouble.detail.contains("but its checkpoint says"), "{}", trouble.detail);
    assert_eq!((here.state(peer).await, liar.lately()), (before, asked.iter().map(|path| (*path).to_owned()).collect()));
    let now = here.peer(peer).await;
    assert_eq!((now.state, now.held), (PeerState::Held, Some(trouble)));
    assert!(here.advice(peer).await.starts_with("Ask them whether they have restored a backup."));
}

fact_of_a_liar! {
    async fn case_23_an_older_checkpoint_is_an_alarm_though_the_feed_is_as_it_was(here, liar) {
        liar.shows_checkpoints(true);
        let peer = here.follows_services_of(&liar, 3).await;
        let old = liar.checkpoint();
        liar.tell(Kind::Service, id("service 9"), Some(service(9)));
        assert_eq!(here.pull(&peer).await.created, 1);
        liar.twist(move |seen, said| Reply::json(if seen.path.contains("/checkpoint") { old.to_string() } else { said.to_string() }));
        is_found_out(&here, &liar, &peer, &["changes after 5", "checkpoint"]).await;
        // Somebody else showed that; it has never gone back.
        liar.repent();
        here.harvester().release_peer("1").await.unwrap();
        let before = here.everything().await;
        let report = compares(&here, &peer).await;
        assert_eq!((report.outcome, report.compared, report.held_deletes), (Outcome::Ok, Some(Comparison::Same { records: 5 }), 0));
        assert_eq!(here.everything().await, before);
    }
}

fact_of_a_liar! {
    async fn case_23_a_checkpoint_does_not_take_back_what_an_earlier_one_has_promised(here, liar) {
        liar.shows_checkpoints(true);
        let peer = here.follows_services_of(&liar, 3).await;
        let first = liar.checkpoint();
        liar.tell(Kind::Service, id("service 9"), Some(service(9)));
        // Whoever is in between keeps the news back, and has not thought of the checkpoint.
        let keeps_back = |checkpoint: serde_json::Value| {
            move |seen: &Seen, mut said: serde_json::Value| {
                if seen.path.contains("/checkpoint") {
                    return Reply::json(checkpoint.to_string());
                }
                if seen.is_feed() {
                    said["items"] = json!([]);
                    said["next"] = json!(format!("http://{}{}", seen.header("host").unwrap(), seen.path));
                    said["feed"]["head"] = json!(BEGAN + 4);
                }
                Reply::json(said.to_string())
            }
        };
        let before = here.state(&peer).await;
        liar.twist(keeps_back(liar.checkpoint()));
        liar.lately();
        let report = compares(&here, &peer).await;
        assert_eq!((report.outcome, report.compared, report.created), (Outcome::Ok, Some(Comparison::Behind), 0));
        assert_eq!(liar.lately(), ["changes after 4", "checkpoint", "changes after 4"]);
        assert_eq!(here.state(&peer).await, before);
        // Then it does: everything fits together, but for what was promised.
        liar.twist(keeps_back(first));
        is_found_out(&here, &liar, &peer, &["changes after 4", "checkpoint"]).await;
        liar.repent();
        here.harvester().release_peer("1").await.unwrap();
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.created, report.error), (Outcome::Ok, 1, None));
        assert_eq!(compares(&here, &peer).await.compared, Some(Comparison::Same { records: 5 }));
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
