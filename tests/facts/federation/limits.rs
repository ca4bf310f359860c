//! How much a peer may send, how long it may keep us, and what an answer or a moment that makes no sense comes to.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use fingerpost::{
    federation::{
        neighbours::Wanted,
        peers::{self, Comparison, Outcome, Report, Trust},
    },
    model::Kind,
};
use serde_json::json;

use crate::support::{
    liar::{self, BEGAN, Liar, id, service},
    network::{self, State, fact_of_a_liar},
    noon,
    peer::Reply,
};

fn code(report: &Report) -> &str {
    report.error.as_ref().map_or("", |trouble| &trouble.code)
}

/// Services without a name, which cannot be taken.
fn tell_nameless(liar: &Liar, many: usize) {
    for number in 0..many {
        let id = id(&format!("bad {number}"));
        liar.tell(Kind::Service, id, Some(json!({"id": id, "description": "nameless"})));
    }
}

fact_of_a_liar! {
    async fn case_37_what_could_not_be_taken_is_tried_again_however_much_of_it_there_is(here, liar) {
        liar.tell_services(100);
        tell_nameless(&liar, 12);
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.quarantined, report.error), (Outcome::Ok, 12, None));
        here.upgraded(&peer).await;
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.error, here.services().await.len()), (Outcome::Ok, None, 100));
    }
}

fact_of_a_liar! {
    async fn what_is_fetched_one_by_one_stops_when_the_time_is_up(here, liar) {
        liar.tell_services(1);
        tell_nameless(&liar, 1);
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        here.pull(&peer).await;
        here.upgraded(&peer).await;
        let asked = liar.asked().len();
        let report = here.harvester().with_longest(Duration::ZERO).pull(peer.id, |_| {}).await.unwrap();
        assert_eq!((report.outcome, liar.asked().len() - asked), (Outcome::Partial, 1), "{report:?}");
        assert_eq!((here.pull(&peer).await.outcome, liar.asked().len() - asked), (Outcome::Ok, 3));
    }
}

fact_of_a_liar! {
    async fn case_45_that_nothing_has_changed_is_no_answer_to_who_has_nothing(here, liar) {
        let peer = here.follows_services_of(&liar, 3).await;
        let before = here.everything().await;
        here.loses_its_place(&peer).await;
        liar.twist(|seen, said| if seen.is_feed() { Reply::status(304) } else { Reply::json(said.to_string()) });
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, code(&report), report.held_deletes), (Outcome::Failed, "bad-status", 0), "{report:?}");
        assert_eq!(here.everything().await, before);
        liar.repent();
        assert_eq!(here.pull(&peer).await.outcome, Outcome::Ok);
    }
}

fact_of_a_liar! {
    async fn case_31_a_checkpoint_that_is_not_there_is_no_feed_that_has_gone(here, liar) {
        liar.shows_checkpoints(true);
        liar.twist(|seen, said| {
            if seen.path.contains("checkpoint") { Reply::status(404) } else { Reply::json(said.to_string()) }
        });
        let peer = here.follows_services_of(&liar, 3).await;
        let now = here.peer(&peer).await;
        assert_eq!((now.problem, now.failures), (None, 0));
        let Some(Comparison::Not { why }) = &now.cursor.compared else { panic!("{:?}", now.cursor.compared) };
        assert!(why.starts_with("nothing is at "), "{why}");
    }
}

fact_of_a_liar! {
    async fn case_33_what_never_was_here_is_no_deletion_of_today(here, liar) {
        for number in 0..100 {
            liar.tell(Kind::Service, id(&format!("gone {number}")), None);
        }
        let peer = here.follows_services_of(&liar, 21).await;
        for number in 0..5 {
            liar.tell(Kind::Service, id(&format!("service {number}")), None);
        }
        let report = here.pull(&peer).await;
        assert_eq!((report.deleted, report.held_deletes), (5, 0), "{report:?}");
        // Nor are those that are read once more.
        here.loses_its_place(&peer).await;
        here.pull(&peer).await;
        let db = &here.app.app().db;
        let numbers = peers::numbers(db, peer.id, noon() - chrono::Duration::days(1), noon()).await.unwrap();
        assert_eq!((numbers.live, numbers.gone), (17, 5));
    }
}

fact_of_a_liar! {
    async fn case_34_what_is_urgent_is_found_on_the_last_page_of_a_held_peer_that_has_told_too_much(here, liar) {
        let peer = here.follows_services_of(&liar, 3).await;
        here.harvester().scope_peer("1", Wanted { most: Some(2), ..Wanted::default() }).await.unwrap();
        here.harvester().hold_peer("1").await.unwrap();
        liar.page_items(1);
        for number in 10..13 {
            liar.tell(Kind::Service, id(&format!("service {number}")), Some(service(number)));
        }
        liar.tell_urgently(Kind::Service, id("service 0"), None, true);
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.deleted, here.services().await), (Outcome::Held, 1, vec!["Club 1".to_owned(), "Club 2".to_owned()]), "{report:?}");
    }
}

fact_of_a_liar! {
    async fn a_discovery_document_lists_no_more_than_a_directory_has(here, liar) {
        liar.twist(|seen, mut said| {
            if seen.path.contains("well-known") {
                let feed = said["feeds"][0].clone();
                said["feeds"] = json!(vec![feed; 17]);
            }
            Reply::json(said.to_string())
        });
        let refused = here.harvester().add_peer(network::new(&liar.url(), Trust::Auto)).await.unwrap_err().to_string();
        assert!(refused.contains("17 feeds"), "{refused}");
        liar.twist(|_, said| Reply::json(format!("{said}{}", " ".repeat(5 << 20))));
        let refused = here.harvester().add_peer(network::new(&liar.url(), Trust::Auto)).await.unwrap_err().to_string();
        assert!(refused.contains("4194304") || refused.contains("too large") || refused.contains("larger"), "{refused}");
    }
}

fact_of_a_liar! {
    async fn nobody_is_led_to_an_address_that_cannot_be_asked(here, liar) {
        let peer = here.follows_services_of(&liar, 3).await;
        liar.tell(Kind::Service, id("service 9"), Some(service(9)));
        liar.twist(|seen, mut said| {
            if seen.is_feed() {
                said["next"] = json!(format!("{}&x={}", said["next"].as_str().unwrap(), "x".repeat(2_048)));
            }
            Reply::json(said.to_string())
        });
        assert_eq!(code(&here.pull(&peer).await), "bad-page");
        liar.twist(|seen, mut said| {
            if seen.is_feed() {
                said["epoch"] = json!("x".repeat(201));
            }
            Reply::json(said.to_string())
        });
        assert_eq!(code(&here.pull(&peer).await), "bad-page");
        liar.twist(|seen, mut said| {
            if seen.is_feed() && let Some(item) = said["items"].get(0).cloned() {
                said["items"] = json!(vec![item; 5_001]);
            }
            Reply::json(said.to_string())
        });
        assert_eq!(code(&here.pull(&peer).await), "bad-page");
        liar.repent();
        assert_eq!(here.pull(&peer).await.created, 1);
    }
}

fact_of_a_liar! {
    async fn case_20_one_number_for_a_record_and_for_its_deletion_is_an_alarm(here, liar) {
        let peer = here.follows_services_of(&liar, 3).await;
        liar.edit(|told| told.iter_mut().find(|told| told.id == id("service 1")).unwrap().data = None);
        here.loses_its_place(&peer).await;
        let report = here.pull(&peer).await;
        assert_eq!((report.deleted, here.quarantine(&peer).await), (0, vec![("equivocation".to_owned(), 1)]), "{report:?}");
        assert_eq!(here.services().await.len(), 3);

        // And the other way round.
        liar.tell(Kind::Service, id("service 1"), None);
        assert_eq!(here.pull(&peer).await.deleted, 1);
        liar.edit(|told| told.iter_mut().find(|told| told.id == id("service 1")).unwrap().data = Some(service(1)));
        here.loses_its_place(&peer).await;
        assert_eq!((here.pull(&peer).await.created, here.quarantine(&peer).await), (0, vec![("equivocation".to_owned(), 1)]));
        assert_eq!(here.services().await.len(), 2);
    }
}

fact_of_a_liar! {
    async fn case_20_one_number_with_other_content_is_an_alarm_where_nothing_is_signed_as_well(here, liar) {
        liar.twist(|_, said| Reply::json(liar::unsigned(said).to_string()));
        let peer = here.follows_services_of(&liar, 4).await;
        assert_eq!(here.peer(&peer).await.pinned_keys, None, "it signs nothing");
        let before = here.state(&peer).await;
        liar.edit(|told| {
            for one in told {
                if one.id == id("service 1") {
                    one.data.as_mut().unwrap()["name"] = json!("Another");
                }
                if one.id == id("service 2") {
                    one.data = None;
                }
            }
        });
        here.loses_its_place(&peer).await;
        liar.lately();
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.updated, report.deleted, report.held_deletes), (Outcome::Ok, 0, 0, 0), "{report:?}");
        // The last one tries again what could not be taken.
        assert_eq!(liar.lately(), ["open-directory", "changes", "changes after 5", "changes after 2"]);
        assert_eq!(here.quarantine(&peer).await, [("equivocation".to_owned(), 2)]);
        let now = here.state(&peer).await;
        assert_eq!(State { quarantined: Vec::new(), ..now }, before, "what came first stands");
        let said = here.advice(&peer).await;
        assert!(said.contains("2 records arrived that contradict what Liar sent before (equivocation)"), "{said}");
        let metrics = here.app.get("/metrics").await.text();
        assert!(metrics.contains("federation_quarantined{peer=\"Liar\",reason=\"equivocation\"} 2"), "{metrics}");
        // A later number decides which it is.
        liar.tell(Kind::Service, id("service 2"), None);
        assert_eq!((here.pull(&peer).await.deleted, here.quarantine(&peer).await), (1, vec![("equivocation".to_owned(), 1)]));
    }
}

fact_of_a_liar! {
    async fn case_07_somebody_is_told_of_pages_that_do_not_end(here, liar) {
        let peer = here.follows_services_of(&liar, 3).await;
        let number = AtomicI64::new(BEGAN + 1_000);
        liar.twist(move |seen, mut page| {
            if seen.is_feed() {
                let next = number.fetch_add(1, Ordering::SeqCst);
                page["items"] = json!([]);
                page["next"] = json!(format!("http://{}/federation/v1/changes?afterChangeNumber={next}&epoch=first", seen.header("host").unwrap()));
                page["feed"]["head"] = json!(next + 1);
            }
            Reply::json(page.to_string())
        });
        for pull in 1..=3 {
            assert_eq!(here.advice(&peer).await, "Nothing: it is being followed.", "before pull {pull}");
            let report = here.harvester().with_most_pages(2).pull(peer.id, |_| {}).await.unwrap();
            assert_eq!((report.outcome, report.unfinished), (Outcome::Partial, pull));
        }
        assert!(here.advice(&peer).await.starts_with("The last 3 pulls did not come to the end"), "{}", here.advice(&peer).await);
    }
}

fact_of_a_liar! {
    async fn case_29_who_asks_us_to_wait_instead_of_saying_who_it_is_is_left_alone_as_well(here, liar) {
        let peer = here.follows_services_of(&liar, 3).await;
        here.app.clock.set(noon() + chrono::Duration::days(2));
        liar.twist(|seen, said| {
            if seen.path.contains("well-known") { Reply::status(429).with("retry-after", "7200") } else { Reply::json(said.to_string()) }
        });
        let asked = liar.asked().len();
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, code(&report), liar.asked().len()), (Outcome::Failed, "too-many-requests", asked), "{report:?}");
        assert_eq!((here.peer(&peer).await.next_due_at - here.app.clock.now()).num_seconds(), 7_200);
    }
}

fact_of_a_liar! {
    async fn case_21_nothing_waits_for_a_moment_that_our_clock_showed_when_it_was_ahead(here, liar) {
        let peer = here.follows_services_of(&liar, 21).await;
        here.app.clock.set("2099-01-01T00:00:00Z".parse().unwrap());
        liar.now(here.app.clock.now());
        liar.tell(Kind::Service, id("service 0"), None);
        assert_eq!(here.pull(&peer).await.deleted, 1);
        here.app.clock.set(noon());
        let numbers = peers::numbers(&here.app.app().db, peer.id, noon() - chrono::Duration::days(1), noon()).await.unwrap();
        assert_eq!(numbers.gone, 0, "it did not go today");
        liar.twist(|_, _| Reply::status(500));
        assert_eq!(here.pull(&peer).await.outcome, Outcome::Failed);
        assert_eq!(here.peer(&peer).await.succeeded_at, Some(noon()), "from now on it grows old");
    }
}
