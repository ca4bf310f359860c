//! When a neighbour is asked: not before it wants to be, whoever says otherwise, and not never.

use chrono::{DateTime, Duration, Utc};
use fingerpost::federation::peers::{self, Outcome};
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{
    network::{Node, fact_of_a_liar},
    peer::Reply,
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
