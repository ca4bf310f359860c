//! When a peer is asked again: after failures, while it is slow, when clocks are wrong, and when our own side fails.

use std::sync::atomic::{AtomicUsize, Ordering};

use fingerpost::{
    federation::peers::{self, Outcome, Peer, PeerState, Trust},
    model::Kind,
};

use super::{NEXT, is_feed, nothing_changes, three_services};
use crate::support::{
    On,
    liar::{BEGAN, Liar, id, service},
    network::{Node, fact_of_a_liar},
    peer::Reply,
};

fact_of_a_liar! {
    async fn case_21_a_peer_whose_clock_is_wrong_changes_nothing_but_what_it_says(here, liar) {
        let peer = three_services(&here, &liar).await;
        let cursor = here.peer(&peer).await.cursor.after;
        here.app.clock.set("2099-01-01T00:00:00Z".parse().unwrap());
        liar.tell(Kind::Service, id("service 9"), Some(service(9)));
        assert_eq!(here.pull(&peer).await.created, 1);
        here.app.clock.set(crate::support::noon());
        liar.tell(Kind::Service, id("service 10"), Some(service(10)));
        assert_eq!(here.pull(&peer).await.created, 1);
        assert_eq!(here.peer(&peer).await.cursor.after, cursor + 2);
    }
}

fact_of_a_liar! {
    async fn case_29_who_asks_us_to_wait_is_not_asked_before_and_never_for_longer_than_a_day(here, liar) {
        let peer = three_services(&here, &liar).await;
        for (asked, seconds) in [("120", 120), ("315360000", 86_400)] {
            liar.twist(move |_, _| Reply::status(429).with("retry-after", asked));
            nothing_changes(&here, &liar, &peer, "too-many-requests", NEXT).await;
            let waits = (here.peer(&peer).await.next_due_at - here.app.clock.now()).num_seconds();
            assert_eq!(waits, seconds, "{asked}");
        }
    }
}

/// How long a peer is left alone now, in seconds.
async fn waits(here: &Node, peer: &Peer) -> i64 {
    (here.peer(peer).await.next_due_at - here.app.clock.now()).num_seconds()
}

fact_of_a_liar! {
    async fn case_30_after_failures_it_is_asked_later_and_later(here, liar) {
        let peer = three_services(&here, &liar).await;
        for status in [503, 500] {
            liar.twist(move |_, _| Reply::status(status));
            let mut waited = std::collections::BTreeSet::new();
            for failure in 1..=10 {
                assert_eq!(nothing_changes(&here, &liar, &peer, "bad-status", NEXT).await.outcome, Outcome::Failed);
                let (now, wait) = (here.peer(&peer).await, waits(&here, &peer).await);
                let longest = (60_i64 << (failure - 1)).min(21_600);
                assert_eq!((now.failures, now.state, (10..=longest).contains(&wait)), (failure, PeerState::Following, true), "{wait}");
                waited.insert(wait);
            }
            assert!(waited.len() > 1, "many followers do not come back at one moment: {waited:?}");
            liar.repent();
            assert_eq!(here.pull(&peer).await.outcome, Outcome::Ok);
            assert_eq!((here.peer(&peer).await.failures, here.peer(&peer).await.problem), (0, None));
        }
    }
}

fact_of_a_liar! {
    async fn case_30_each_success_of_a_peer_that_fails_now_and_then_begins_the_count_anew(here, liar) {
        let peer = three_services(&here, &liar).await;
        for round in 0..4 {
            liar.twist(|_, _| Reply::status(500));
            nothing_changes(&here, &liar, &peer, "bad-status", NEXT).await;
            assert_eq!((here.peer(&peer).await.failures, (10..=60).contains(&waits(&here, &peer).await)), (1, true), "round {round}");
            liar.repent();
            let before = here.state(&peer).await;
            assert_eq!(here.pull(&peer).await.outcome, Outcome::Ok);
            assert_eq!(liar.lately(), NEXT);
            assert_eq!((here.state(&peer).await, here.peer(&peer).await.failures), (before, 0), "round {round}");
            // From five minutes to a quarter of an hour, and a fifth more or less.
            assert!((240..=1_080).contains(&waits(&here, &peer).await), "at its own pace, as after any answer");
        }
    }
}

fact_of_a_liar! {
    async fn case_31_a_feed_that_is_not_there_deletes_nothing_and_is_held_after_three_days(here, liar) {
        let peer = three_services(&here, &liar).await;
        liar.twist(|_, _| Reply::status(404));
        for days in 0..=3 {
            here.app.clock.set(crate::support::noon() + chrono::Duration::days(days));
            let outcome = if days == 3 { Outcome::Held } else { Outcome::Failed };
            // Once a day who it is, then its feed, and then whether it has moved.
            let asked = ["open-directory", "changes after 4", "open-directory"];
            let asked = if days == 0 { &asked[1..] } else { &asked[..] };
            assert_eq!(nothing_changes(&here, &liar, &peer, "not-there", asked).await.outcome, outcome, "after {days} days");
        }
        assert_eq!(here.services().await.len(), 3);
    }
}

fact_of_a_liar! {
    async fn case_48_after_a_long_sleep_and_when_the_clocks_change_a_peer_is_asked_once(here, liar) {
        let peer = three_services(&here, &liar).await;
        let look = || async {
            let before = liar.asked().len();
            for _ in 0..3 {
                let mut running = tokio::task::JoinSet::new();
                here.harvester().pull_due(&mut running).await.unwrap();
                running.join_all().await;
            }
            liar.asked().len() - before
        };
        assert_eq!(look().await, 0, "it was asked just now");
        here.app.clock.set(here.app.clock.now() + chrono::Duration::hours(3));
        assert_eq!(look().await, 1, "twelve quarters of an hour are one pull");
        // The hour that the clocks show twice, and the one that they jump over, are moments like others.
        for night in ["2027-03-28T00:50:00Z", "2027-10-31T00:50:00Z"] {
            here.app.clock.set(night.parse().unwrap());
            assert_eq!(look().await, 1);
            let wait = here.peer(&peer).await.next_due_at - here.app.clock.now();
            assert!((720..=1_080).contains(&wait.num_seconds()), "a quarter of an hour, a fifth more or less: {wait}");
            here.app.clock.set(here.app.clock.now() + chrono::Duration::minutes(19));
            assert_eq!(look().await, 1);
        }
    }
}

fact_of_a_liar! {
    async fn case_52_a_dead_slow_peer_keeps_one_place_and_the_others_go_on(here, liar) {
        liar.tell_services(1);
        let slow = here.follows(&liar.url(), Trust::Auto).await;
        liar.twist(|_, page| Reply::json(page.to_string()).late(std::time::Duration::from_secs(8)));
        let quick = Liar::start().await;
        quick.tell_services(2);
        let other = here.follows(&quick.url(), Trust::Auto).await;
        let before = here.state(&slow).await.but_for(&[]);
        let harvester = here.harvester();
        let mut running = tokio::task::JoinSet::new();
        let began = std::time::Instant::now();
        while here.peer(&other).await.succeeded_at.is_none() {
            harvester.pull_due(&mut running).await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            assert!(began.elapsed() < std::time::Duration::from_secs(7), "the quick one does not wait for the slow one");
        }
        assert_eq!(here.peer(&slow).await.succeeded_at, None);
        running.shutdown().await;
        let after = here.state(&slow).await.but_for(&[]);
        assert_eq!((after.known, after.peer, after.feed), (before.known, before.peer, before.feed));
    }
}

fact_of_a_liar! {
    async fn case_53_a_database_that_fails_in_the_middle_of_a_page_leaves_everything_as_it_was(here, liar) {
        use sea_orm::ConnectionTrait as _;
        let peer = three_services(&here, &liar).await;
        let before = (here.state(&peer).await, peers::of_peer(&here.app.app().db, peer.id, None, 100).await.unwrap());
        liar.tell_services(6);
        // Records have been written by then, and so has what is known of them.
        let db = sea_orm::Database::connect(here.app.config.database_url.as_str()).await.unwrap();
        let (fail, mend) = match here.app.on {
            On::Sqlite => (
                "CREATE TRIGGER full BEFORE INSERT ON published BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END",
                "DROP TRIGGER full",
            ),
            On::Postgres => (
                "CREATE FUNCTION fill() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device'; END $$ LANGUAGE plpgsql; \
                 CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON published FOR EACH ROW EXECUTE FUNCTION fill()",
                "DROP TRIGGER full_disk ON published",
            ),
        };
        db.execute_unprepared(fail).await.unwrap();
        for failures in 1..=2 {
            let report = here.harvester().pull(peer.id, |_| {}).await.unwrap();
            assert_eq!((report.outcome, report.error.unwrap().code.as_str()), (Outcome::Failed, "our-side"));
            let peer = here.peer(&peer).await;
            assert_eq!(peer.failures, failures);
            assert!(peer.next_due_at > here.app.clock.now(), "others have their turn meanwhile");
        }
        let now = (here.state(&peer).await, peers::of_peer(&here.app.app().db, peer.id, None, 100).await.unwrap());
        assert_eq!(now, before, "neither records nor what is known of them nor the cursor");
        db.execute_unprepared(mend).await.unwrap();
        db.close().await.unwrap();
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.quarantined, here.services().await.len()), (Outcome::Ok, 0, 6), "{report:?}");
    }
}

fact_of_a_liar! {
    async fn an_officer_who_holds_a_peer_while_it_is_pulled_from_is_obeyed(here, liar) {
        liar.tell_services(40);
        liar.page_items(10);
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        let officer = here.harvester();
        let pages = std::sync::Arc::new(AtomicUsize::new(0));
        let seen = pages.clone();
        liar.twist(move |asked, page| {
            let reply = Reply::json(page.to_string());
            if is_feed(asked) && seen.fetch_add(1, Ordering::SeqCst) == 2 { reply.late(std::time::Duration::from_secs(5)) } else { reply }
        });
        let hold = async {
            // The third page is on its way, and the second one is here, however slow the machine is.
            while pages.load(Ordering::SeqCst) < 3 || here.peer(&peer).await.cursor.after < BEGAN + 20 {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            officer.hold_peer("1").await.unwrap();
        };
        let (report, ()) = tokio::join!(here.pull(&peer), hold);
        assert_eq!((report.outcome, report.pages), (Outcome::Held, 3), "{report:?}");
        let now = here.peer(&peer).await;
        assert_eq!((now.state, now.cursor.after), (PeerState::Held, BEGAN + 20));
    }
}

fact_of_a_liar! {
    async fn a_new_peer_is_not_released_into_being_followed(here, liar) {
        here.follows(&liar.url(), Trust::Review).await;
        let refused = here.harvester().release_peer("1").await.unwrap_err().to_string();
        assert!(refused.contains("has not been approved"), "{refused}");
        let refused = here.harvester().hold_peer("1").await.unwrap_err().to_string();
        assert!(refused.contains("has not been approved"), "nor by way of being held: {refused}");
        // Between looking and approving, somebody else answers there.
        liar.rotate(false, false);
        let refused = here.harvester().approve_peer("1").await.unwrap_err().to_string();
        assert!(refused.contains("have changed since they were shown"), "{refused}");
        here.harvester().approve_peer("1").await.unwrap();
    }
}
