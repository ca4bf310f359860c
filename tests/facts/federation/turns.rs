//! When a neighbour is asked, and by whom: not before it wants to be, not never, and by one at a time.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use chrono::{DateTime, Duration, Utc};
use fingerpost::federation::{
    neighbours::New,
    peers::{self, Outcome, Peer, Report, Trust},
};
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{
    liar::BEGAN,
    network::{self, Node, fact_between, fact_of_a_liar},
    peer::{HostilePeer, Reply, Seen},
};

/// What the server does every few seconds.
async fn look(here: &Node) {
    let mut running = JoinSet::new();
    here.harvester().pull_due(&mut running).await.unwrap();
    running.join_all().await;
}

async fn hint(here: &Node, origin: &str) -> http::StatusCode {
    let hint = json!({"origin": origin, "head": 0}).to_string();
    here.app.ask(http::Method::POST, "/federation/v1/ping", &[], &hint).await.status
}

fact_of_a_liar! {
    async fn a_clock_that_was_wrong_for_a_moment_stops_nobody_from_being_asked(here, liar) {
        let peer = here.follows_services_of(&liar, 3).await;
        let noon = here.app.clock.now();
        let wrong: DateTime<Utc> = "2099-01-01T00:00:00Z".parse().unwrap();
        here.app.clock.set(wrong);
        assert_eq!(here.pull(&peer).await.outcome, Outcome::Ok);
        here.app.clock.set(noon + Duration::hours(1));
        assert!(here.peer(&peer).await.next_due_at > wrong);
        let asked = liar.asked().len();
        look(&here).await;
        assert_eq!(liar.asked().len(), asked + 1);
        let now = here.peer(&peer).await;
        assert!(now.next_due_at < noon + Duration::hours(2), "{}", now.next_due_at);
        // A process that died then has the lease for ever, or for the hour that the clock was ahead.
        for ahead in [wrong, here.app.clock.now() + Duration::minutes(58)] {
            peers::lease(&here.app.app().db, peer.id, ahead, Duration::minutes(1)).await.unwrap().expect("nobody has it");
            assert_eq!(here.pull(&peer).await.outcome, Outcome::Ok);
        }
    }
}

fact_of_a_liar! {
    async fn a_hint_brings_nobody_to_ask_a_peer_that_wants_to_be_left_alone(here, liar) {
        let peer = here.follows_services_of(&liar, 3).await;
        liar.twist(|_, _| Reply::status(429).with("retry-after", "3600"));
        here.pull(&peer).await;
        let due = here.peer(&peer).await.next_due_at;
        assert_eq!(due, here.app.clock.now() + Duration::hours(1));
        for minutes in [1, 2, 30] {
            here.app.clock.set(crate::support::noon() + Duration::minutes(minutes));
            assert_eq!(hint(&here, liar.url().as_str()).await, 202);
            look(&here).await;
            assert_eq!(here.peer(&peer).await.next_due_at, due, "after {minutes} minutes");
        }
        liar.repent();
        here.app.clock.set(due);
        look(&here).await;
        let next = here.peer(&peer).await.next_due_at;
        assert!(next > due);
        assert_eq!(hint(&here, liar.url().as_str()).await, 202);
        assert_eq!(here.peer(&peer).await.next_due_at, due, "now there is nothing against it");
    }
}

fact_of_a_liar! {
    async fn case_47_of_two_that_pull_at_once_one_has_the_lease_and_the_other_writes_nothing(here, liar) {
        liar.tell_services(40);
        liar.page_items(5);
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        let (one, other) = (here.harvester(), here.harvester());
        let (first, second) = tokio::join!(one.pull(peer.id, |_| {}), other.pull(peer.id, |_| {}));
        let codes: Vec<Option<String>> = [first.unwrap(), second.unwrap()].into_iter().map(|report| report.error.map(|trouble| trouble.code)).collect();
        assert!(codes.contains(&None) && codes.contains(&Some("busy".to_owned())), "{codes:?}");
        here.app.follow().await;
        assert_eq!(here.services().await.len(), 40);
        // Somebody who was away for longer than the lease must not write any more.
        let db = &here.app.app().db;
        let now = here.app.clock.now();
        let old = peers::lease(db, peer.id, now, chrono::Duration::seconds(1)).await.unwrap().unwrap();
        let later = now + chrono::Duration::minutes(1);
        let new = peers::lease(db, peer.id, later, chrono::Duration::minutes(5)).await.unwrap().unwrap();
        let tx = db.write().await.unwrap();
        assert!(!old.hold(&tx, later).await.unwrap() && new.hold(&tx, later).await.unwrap());
        tx.roll_back().await.unwrap();
    }
}

fact_of_a_liar! {
    async fn case_47_a_pull_that_was_away_for_longer_than_its_lease_writes_nothing_more(here, liar) {
        liar.tell_services(40);
        liar.page_items(10);
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        // The first who asks for the second page waits for it for longer than the lease lasts, as the clock has it.
        let second = AtomicUsize::new(0);
        liar.twist(move |seen, page| {
            let reply = Reply::json(page.to_string());
            let is_second = seen.path.contains(&format!("afterChangeNumber={}", BEGAN + 10));
            if is_second && second.fetch_add(1, Ordering::SeqCst) == 0 { reply.late(std::time::Duration::from_secs(8)) } else { reply }
        });
        let (slow, quick) = (here.harvester(), here.harvester());
        liar.lately();
        let other = async {
            while here.peer(&peer).await.cursor.after < BEGAN + 10 {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            here.app.clock.set(here.app.clock.now() + Duration::minutes(2));
            let report = quick.pull(peer.id, |_| {}).await.unwrap();
            here.app.follow().await;
            (report, here.state(&peer).await, here.peer(&peer).await)
        };
        let (lost, (report, before, stood)) = tokio::join!(slow.pull(peer.id, |_| {}), other);
        let lost = lost.unwrap();
        assert_eq!((report.outcome, report.created, report.error), (Outcome::Ok, 31, None));
        assert_eq!((lost.outcome, lost.created, lost.error.unwrap().code.as_str()), (Outcome::Failed, 10, "lease-lost"));
        // Nobody sees of the one that lost more than it had written when it still had the lease.
        here.app.follow().await;
        assert_eq!((here.state(&peer).await, here.peer(&peer).await), (before, stood));
        assert_eq!((here.services().await.len(), here.quarantine(&peer).await), (40, vec![]));
        let asked = liar.lately();
        let often = |path: &str| asked.iter().filter(|asked| asked.as_str() == path).count();
        assert_eq!((often("open-directory"), often("changes"), often("changes after 10")), (1, 1, 2), "{asked:?}");
        assert_eq!((often("changes after 40"), often("changes after 41")), (1, 1), "and whoever goes on reads it to its end: {asked:?}");
        // The lease is free again.
        assert_eq!(here.pull(&peer).await.outcome, Outcome::Ok);
    }
}

/// A pull that is slow: once it is waiting for an answer, its lease runs out, and somebody else takes it.
async fn overtaken(here: &Node, peer: &Peer, is_waiting: impl Fn() -> bool) -> Report {
    let slow = here.harvester();
    let other = async {
        while !is_waiting() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        here.app.clock.set(here.app.clock.now() + Duration::minutes(2));
        let lease = peers::lease(&here.app.app().db, peer.id, here.app.clock.now(), Duration::minutes(5)).await.unwrap();
        assert!(lease.is_some(), "it has run out");
    };
    let (lost, ()) = tokio::join!(slow.pull(peer.id, |_| {}), other);
    lost.unwrap()
}

fact_of_a_liar! {
    async fn case_47_a_pull_that_has_lost_its_lease_forgets_nothing_because_of_a_new_licence(here, liar) {
        let peer = here.follows_services_of(&liar, 3).await;
        here.app.clock.set(here.app.clock.now() + Duration::days(2));
        let before = here.state(&peer).await;
        liar.licence("https://creativecommons.org/licenses/by-nc/4.0/");
        liar.twist(|seen, said| {
            let reply = Reply::json(said.to_string());
            if seen.path.contains("well-known") { reply.late(std::time::Duration::from_secs(4)) } else { reply }
        });
        liar.lately();
        let lost = overtaken(&here, &peer, || liar.lately().contains(&"open-directory".to_owned())).await;
        assert_eq!((lost.outcome, lost.error.unwrap().code.as_str()), (Outcome::Failed, "lease-lost"));
        assert_eq!(here.state(&peer).await, before, "what is known of its records as well");
    }
}

const CALENDAR: [&str; 3] = [
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n",
    "BEGIN:VEVENT\r\nUID:soup@hall.example.org\r\nSUMMARY:Soup\r\nDTSTART;TZID=Europe/London:20261201T120000\r\n\
     DTEND;TZID=Europe/London:20261201T130000\r\nLOCATION:Sorrel Hall\\, 4 Sorrel Way\\, Luton LU3 9XQ\r\nEND:VEVENT\r\n",
    "END:VCALENDAR\r\n",
];

fact_between! {
    async fn case_47_a_pull_that_has_lost_its_lease_takes_nothing_out_of_a_calendar_that_has_become_empty(
        here = |on| Node::start(on, "Here");
    ) {
        let (is_empty, is_slow) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (empty, slow) = (is_empty.clone(), is_slow.clone());
        let hall = HostilePeer::start(move |seen: &Seen| {
            if !seen.path.starts_with("/events.ics") || seen.path.contains("/services") {
                return Reply::status(404);
            }
            let [begin, event, end] = CALENDAR;
            let events = if empty.load(Ordering::SeqCst) { "" } else { event };
            let body = format!("{begin}{events}{end}").into_bytes();
            let reply = Reply::Full { status: 200, headers: Vec::new(), body }.with("content-type", "text/calendar");
            if slow.load(Ordering::SeqCst) { reply.late(std::time::Duration::from_secs(4)) } else { reply }
        })
        .await;
        let licence = Some("https://creativecommons.org/licenses/by/4.0/".to_owned());
        let new = New { licence, ..network::new(&hall.url("/events.ics"), Trust::Auto) };
        let peer = here.harvester().add_peer(new).await.unwrap();
        assert_eq!(here.pull(&peer).await.outcome, Outcome::Ok);
        is_empty.store(true, Ordering::SeqCst);
        assert_eq!(here.pull(&peer).await.outcome, Outcome::Held);
        here.harvester().release_peer(&peer.id.to_string()).await.unwrap();

        let before = here.state(&peer).await;
        is_slow.store(true, Ordering::SeqCst);
        let asked = hall.paths().len();
        let lost = overtaken(&here, &peer, || hall.paths().len() > asked).await;
        assert_eq!((lost.outcome, lost.error.unwrap().code.as_str()), (Outcome::Failed, "lease-lost"));
        assert_eq!(here.state(&peer).await, before, "whoever has the lease now decides");
    }
}

fact_of_a_liar! {
    async fn a_peer_that_sends_very_much_at_once_is_left_alone_before_it_goes_on(here, liar) {
        liar.page_items(1);
        liar.tell_services(3);
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        let now = here.app.clock.now();
        let report = here.harvester().with_most_bytes(1).pull(peer.id, |_| {}).await.unwrap();
        assert_eq!((report.outcome, report.pages, report.created), (Outcome::Partial, 1, 1), "{report:?}");
        let due = here.peer(&peer).await.next_due_at;
        assert!(due > now + Duration::minutes(11), "as between two pulls: {due}");
        // One that has only had its turn goes on at once.
        let report = here.harvester().with_most_pages(1).pull(peer.id, |_| {}).await.unwrap();
        assert_eq!((report.outcome, report.pages, here.peer(&peer).await.next_due_at), (Outcome::Partial, 1, now), "{report:?}");
        assert_eq!((here.pull(&peer).await.outcome, here.services().await.len()), (Outcome::Ok, 3));
    }
}
