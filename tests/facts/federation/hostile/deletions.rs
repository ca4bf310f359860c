//! Deletions, one or many, urgent or not, and feeds that have lost some.

use fingerpost::{
    federation::{
        neighbours::Wanted,
        peers::{self, Outcome, Trust},
    },
    model::Kind,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{NEXT, here_id, is_feed, nothing_changes, quarantine, three_services};
use crate::support::{
    liar::{BEGAN, Liar, id, service},
    network::{Node, fact_of_a_liar},
    peer::Reply,
};

fact_of_a_liar! {
    async fn case_23_a_feed_that_ends_before_where_we_are_holds_the_peer(here, liar) {
        let peer = three_services(&here, &liar).await;
        liar.edit(|told| told.truncate(1));
        let report = nothing_changes(&here, &liar, &peer, "head-went-back", NEXT).await;
        assert_eq!((report.outcome, here.services().await.len()), (Outcome::Held, 3));
        // They went back to a backup: everything is compared, and what is not there any more waits.
        here.harvester().release_peer("1").await.unwrap();
        let before = here.state(&peer).await;
        liar.lately();
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.unchanged, report.held_deletes, here.services().await.len()), (Outcome::Ok, 1, 3, 3), "{report:?}");
        assert_eq!(liar.lately(), ["open-directory", "changes", "changes after 1"]);
        let now = here.state(&peer).await;
        let mut waiting: Vec<Uuid> = now.held.iter().map(|held| held.id).collect();
        let mut gone = [0, 1, 2].map(|number| here_id(&liar, &format!("service {number}")));
        waiting.sort_unstable();
        gone.sort_unstable();
        assert_eq!(waiting, gone, "what it does not tell any more waits for a person, and nothing else");
        assert_eq!((now.published, now.feed, now.records), (before.published, before.feed, before.records));
        liar.tell(Kind::Service, id("service 0"), Some(service(0)));
        assert_eq!(here.pull(&peer).await.error, None, "and from then on it is followed as before");
        assert_eq!(here.harvester().release_peer("1").await.unwrap().1, 2);
    }
}

fact_of_a_liar! {
    async fn case_32_many_deletions_at_once_wait_for_a_person(here, liar) {
        liar.tell_services(100);
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        here.pull(&peer).await;
        for number in 0..60 {
            liar.tell(Kind::Service, id(&format!("service {number}")), None);
        }
        let before = here.state(&peer).await;
        liar.lately();
        let report = here.pull(&peer).await;
        assert_eq!((report.deleted, report.held_deletes, here.services().await.len()), (0, 60, 100), "{report:?}");
        assert_eq!(liar.lately(), ["changes after 101", "changes after 161"]);
        let now = here.state(&peer).await;
        assert_eq!((now.published, now.feed, now.records, now.known), (before.published, before.feed, before.records, before.known));
        assert_eq!((now.held.len(), now.held.iter().all(|held| held.signed), now.peer.cursor.after - BEGAN), (60, true, 161));
        let shown = here.harvester().describe_peer(&here.peer(&peer).await).await.unwrap();
        assert!(shown.advice.starts_with("60 records are waiting to be deleted because its source is deleting more than"), "{}", shown.advice);
        assert_eq!(here.harvester().release_peer("1").await.unwrap().1, 60);
        here.app.follow().await;
        assert_eq!(here.services().await.len(), 40);
    }
}

fact_of_a_liar! {
    async fn case_33_a_few_deletions_are_applied_in_the_same_pull(here, liar) {
        liar.tell_services(100);
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        here.pull(&peer).await;
        let before = here.state(&peer).await;
        let mut gone = Vec::new();
        for number in 0..5 {
            liar.tell(Kind::Service, id(&format!("service {number}")), None);
            gone.push(here_id(&liar, &format!("service {number}")));
        }
        liar.lately();
        let report = here.pull(&peer).await;
        assert_eq!((report.deleted, report.held_deletes, here.services().await.len()), (5, 0, 95));
        assert_eq!(liar.lately(), ["changes after 101", "changes after 106"]);
        assert_eq!(here.state(&peer).await.but_for(&gone), before.but_for(&gone), "and those only");
    }
}

/// Every version that is kept here of a service of the liar, and the present one.
async fn history(here: &Node, liar: &Liar, name: &str) -> String {
    let local = fingerpost::ids::from_source(liar.url().as_str(), "service", &id(name).to_string());
    let versions = here.app.app().records.history(local).await.unwrap();
    versions.into_iter().map(|version| version.document).collect()
}

fact_of_a_liar! {
    async fn case_34_a_signed_urgent_takedown_is_applied_while_the_peer_is_held_and_nothing_is_kept(here, liar) {
        let peer = three_services(&here, &liar).await;
        here.harvester().hold_peer("1").await.unwrap();
        liar.tell(Kind::Service, id("service 1"), Some({ let mut changed = service(1); changed["name"] = json!("Not applied"); changed }));
        liar.tell_urgently(Kind::Service, id("service 0"), None, true);
        let (before, cursor) = (here.state(&peer).await, here.peer(&peer).await.cursor);
        liar.lately();
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.deleted), (Outcome::Held, 1), "{report:?}");
        assert_eq!(liar.lately(), ["changes after 4", "changes after 6"]);
        let one = [here_id(&liar, "service 0")];
        assert_eq!(here.state(&peer).await.but_for(&one), before.but_for(&one), "nothing else has changed");
        assert_eq!(here.services().await, ["Club 1", "Club 2"]);
        assert_eq!(here.peer(&peer).await.cursor, cursor, "and we still stand where we stood");
        let gone = fingerpost::ids::from_source(liar.url().as_str(), "service", &id("service 0").to_string());
        let history = here.app.app().records.history(gone).await.unwrap();
        assert!(history.iter().all(|version| !version.document.contains("Club 0")), "{history:?}");
    }
}

fact_of_a_liar! {
    async fn case_43_whoever_may_have_missed_tombstones_compares_everything(here, liar) {
        let peer = three_services(&here, &liar).await;
        // While nobody asked, a service went and its tombstone was thrown away.
        liar.edit(|told| told.retain(|told| told.id != id("service 0")));
        liar.tell(Kind::Service, id("service 9"), Some(service(9)));
        liar.twist(|seen, mut page| {
            if is_feed(seen) {
                page["feed"]["min_safe"] = page["feed"]["head"].clone();
                if page["items"].as_array().unwrap().is_empty() || !seen.path.contains("afterChangeNumber") {
                    page["feed"]["min_safe"] = json!(BEGAN);
                }
            }
            Reply::json(page.to_string())
        });
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.created, report.held_deletes), (Outcome::Ok, 1, 1), "{report:?}");
        here.harvester().release_peer("1").await.unwrap();
        here.app.follow().await;
        assert_eq!(here.services().await, ["Club 1", "Club 2", "Club 9"]);
    }
}

fact_of_a_liar! {
    async fn what_is_told_again_is_not_taken_out_when_the_peer_is_released(here, liar) {
        liar.tell_services(100);
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        here.pull(&peer).await;
        for number in 0..60 {
            liar.tell(Kind::Service, id(&format!("service {number}")), None);
        }
        assert_eq!(here.pull(&peer).await.held_deletes, 60);
        for number in 0..60 {
            liar.tell(Kind::Service, id(&format!("service {number}")), Some(service(number)));
        }
        here.pull(&peer).await;
        assert_eq!(here.harvester().release_peer("1").await.unwrap().1, 0);
        here.app.follow().await;
        assert_eq!(here.services().await.len(), 100);
    }
}

fact_of_a_liar! {
    async fn many_deletions_spread_over_several_pulls_of_a_day_are_still_many(here, liar) {
        liar.tell_services(100);
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        here.pull(&peer).await;
        let mut deleted = 0;
        for round in 0..4 {
            for number in 0..20 {
                liar.tell(Kind::Service, id(&format!("service {}", round * 20 + number)), None);
            }
            deleted += here.pull(&peer).await.deleted;
        }
        assert!(deleted <= 60, "{deleted} have gone without anybody being asked");
    }
}

fact_of_a_liar! {
    async fn what_is_told_as_urgent_is_destroyed_also_where_it_had_gone_before(here, liar) {
        let peer = three_services(&here, &liar).await;
        liar.tell(Kind::Service, id("service 0"), None);
        assert_eq!(here.pull(&peer).await.deleted, 1);
        assert!(history(&here, &liar, "service 0").await.contains("Club 0"), "what went is remembered");
        liar.tell_urgently(Kind::Service, id("service 0"), None, true);
        let report = here.pull(&peer).await;
        assert_eq!((report.deleted, report.error), (0, None), "it had gone before");
        assert!(!history(&here, &liar, "service 0").await.contains("Club 0"));

        // Nobody here wants services any more, and then one is told in other words, urgently.
        here.harvester().scope_peer("1", Wanted { kinds: vec![Kind::Event], ..Wanted::default() }).await.unwrap();
        here.pull(&peer).await;
        assert_eq!(here.services().await.len(), 0);
        let mut milder = service(1);
        milder["name"] = json!("Another name");
        liar.tell_urgently(Kind::Service, id("service 1"), Some(milder), true);
        here.pull(&peer).await;
        assert!(!history(&here, &liar, "service 1").await.contains("Club 1"));
        assert!(history(&here, &liar, "service 2").await.contains("Club 2"), "the others are as they were");
    }
}

fact_of_a_liar! {
    async fn an_urgent_version_that_cannot_be_taken_takes_the_old_one_out_whatever_is_wrong_with_it(here, liar) {
        liar.tell_services(4);
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        here.pull(&peer).await;
        let bad = |number: usize, name: &str, value: Value| {
            let mut data = service(number);
            data[name] = value;
            liar.tell_urgently(Kind::Service, id(&format!("service {number}")), Some(data), true);
        };
        bad(0, "description", json!("x".repeat(300 << 10)));
        bad(1, "x_number", json!((1_u64 << 53) + 1));
        bad(2, "description", json!("It has moved."));
        liar.twist(|seen, mut page| {
            if is_feed(seen) {
                for item in page["items"].as_array_mut().unwrap().iter_mut().filter(|item| item["id"] == id("service 2").to_string()) {
                    item["data"]["description"] = json!("Changed on the way.");
                }
            }
            Reply::json(page.to_string())
        });
        let report = here.pull(&peer).await;
        assert_eq!((report.deleted, report.quarantined, here.services().await), (3, 0, vec!["Club 3".to_owned()]), "{report:?}");
        for number in 0..3 {
            assert!(!history(&here, &liar, &format!("service {number}")).await.contains(&format!("Club {number}")));
        }

        // Once it was taken as it was signed, nobody takes it out by changing it on the way.
        liar.repent();
        bad(2, "description", json!("It has moved."));
        here.pull(&peer).await;
        assert_eq!(here.services().await, ["Club 2", "Club 3"]);
        let tx = here.app.app().db.write().await.unwrap();
        let mut forgetful = here.peer(&peer).await;
        forgetful.cursor = peers::Cursor { epoch: forgetful.cursor.epoch, ..peers::Cursor::default() };
        peers::set_cursor(&tx, forgetful.id, &forgetful.cursor).await.unwrap();
        tx.commit().await.unwrap();
        liar.twist(|seen, mut page| {
            if is_feed(seen) {
                for item in page["items"].as_array_mut().unwrap().iter_mut().filter(|item| item["id"] == id("service 2").to_string()) {
                    item["data"]["description"] = json!("Changed on the way.");
                }
            }
            Reply::json(page.to_string())
        });
        here.pull(&peer).await;
        assert_eq!(quarantine(&here, &peer).await, [("hash-mismatch".to_owned(), 1)]);
        assert_eq!(here.services().await, ["Club 2", "Club 3"]);
    }
}
