//! What is signed as urgent takes something back, whatever stands in its way, and brings nothing in.

use fingerpost::{
    federation::{
        neighbours::Wanted,
        peers::{Outcome, Peer, Trust},
    },
    ids,
    model::Kind,
};
use serde_json::json;
use uuid::Uuid;

use crate::support::{
    TestApp,
    liar::{Liar, id, service},
    network::{Node, fact_of_a_liar},
};

/// Urgently, a service in other words, one that says less than before, and one that is new.
fn tell_three(liar: &Liar) {
    let mut other = service(0);
    other["name"] = json!("Other words");
    liar.tell_urgently(Kind::Service, id("service 0"), Some(other), true);
    let mut less = service(1);
    less.as_object_mut().unwrap().remove("description");
    liar.tell_urgently(Kind::Service, id("service 1"), Some(less), true);
    liar.tell_urgently(Kind::Service, id("service 9"), Some(service(9)), true);
}

/// What a service of the liar is called here.
fn local(liar: &Liar, number: usize) -> Uuid {
    ids::from_source(liar.url().as_str(), "service", &id(&format!("service {number}")).to_string())
}

/// Every version that is kept here of a service of the liar, and the present one.
async fn history(here: &Node, liar: &Liar, number: usize) -> String {
    let versions = here.app.app().records.history(local(liar, number)).await.unwrap();
    versions.into_iter().map(|version| version.document).collect()
}

/// What stands of the three: the first is destroyed, the second says less, and the third never was.
async fn something_was_taken_back_and_nothing_came(here: &Node, liar: &Liar) {
    assert_eq!(here.services().await, ["Club 1", "Club 2"]);
    assert!(!history(here, liar, 0).await.contains("Club 0"));
    let one = history(here, liar, 1).await;
    assert!(one.contains("Club 1") && !one.contains("for everybody"), "{one}");
    assert!(here.app.app().records.find(local(liar, 9)).await.unwrap().is_none());
}

fact_of_a_liar! {
    async fn from_a_held_peer_only_what_says_less_is_taken_and_the_rest_waits(here, liar) {
        let peer = here.follows_services_of(&liar, 3).await;
        here.harvester().hold_peer("1").await.unwrap();
        let cursor = here.peer(&peer).await.cursor;
        tell_three(&liar);
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.deleted, report.updated, report.created), (Outcome::Held, 1, 1, 0), "{report:?}");
        something_was_taken_back_and_nothing_came(&here, &liar).await;
        let report = here.pull(&peer).await;
        assert_eq!((report.deleted, report.created), (0, 0), "{report:?}");
        assert_eq!(here.peer(&peer).await.cursor, cursor, "and we still stand where we stood");

        here.harvester().release_peer("1").await.unwrap();
        assert_eq!(here.pull(&peer).await.error, None);
        assert_eq!(here.services().await, ["Club 1", "Club 2", "Club 9", "Other words"]);
    }
}

fact_of_a_liar! {
    async fn case_34_an_urgent_takedown_of_what_is_in_quarantine_leaves_nothing_of_it_whether_or_not_the_peer_is_held(here, liar) {
        let peer = here.follows_services_of(&liar, 3).await;
        for number in [0, 1] {
            let id = id(&format!("service {number}"));
            liar.tell(Kind::Service, id, Some(json!({"id": id, "description": "Behind the blue door."})));
        }
        here.pull(&peer).await;
        assert_eq!(here.quarantine(&peer).await, [("invalid".to_owned(), 2)]);
        assert_eq!(here.services().await, ["Club 0", "Club 1", "Club 2"], "what was good before stays");
        let kept = here.state(&peer).await.quarantined;
        assert!(kept.iter().all(|bad| bad.raw.as_ref().is_some_and(|raw| raw.contains("blue door"))), "{kept:?}");
        for (number, is_held) in [(0, false), (1, true)] {
            if is_held {
                here.harvester().hold_peer("1").await.unwrap();
            }
            let before = here.state(&peer).await;
            liar.tell_urgently(Kind::Service, id(&format!("service {number}")), None, true);
            liar.lately();
            let report = here.pull(&peer).await;
            let outcome = if is_held { Outcome::Held } else { Outcome::Ok };
            assert_eq!((report.outcome, report.deleted, report.quarantined), (outcome, 1, 0), "{report:?}");
            assert_eq!(liar.lately(), [format!("changes after {}", 6 + number), format!("changes after {}", 7 + number)]);
            let (one, now) = ([local(&liar, number)], here.state(&peer).await);
            assert!(now.quarantined.iter().all(|bad| bad.id != one[0]), "nor does it wait: {:?}", now.quarantined);
            assert_eq!(now.but_for(&one), before.but_for(&one), "nothing else has changed");
            let versions = history(&here, &liar, number).await;
            assert!(!versions.contains(&format!("Club {number}")) && !versions.contains("blue door"), "{versions}");
        }
        assert_eq!((here.services().await, here.quarantine(&peer).await), (vec!["Club 2".to_owned()], vec![]));
        assert_eq!(here.app.files_with("blue door"), Vec::<String>::new());
    }
}

fact_of_a_liar! {
    async fn from_a_peer_under_review_what_says_more_is_read_before_it_is_published(here, liar) {
        liar.tell_services(3);
        let peer: Peer = here.follows(&liar.url(), Trust::Review).await;
        here.harvester().approve_peer("1").await.unwrap();
        here.pull(&peer).await;
        let (records, caller) = (here.app.app().records.clone(), TestApp::person("looked at"));
        let waiting = async || records.waiting(None, None, 100).await.unwrap();
        let all: Vec<Uuid> = waiting().await.into_iter().map(|one| one.id).collect();
        records.accept(&caller, &all).await.unwrap();
        here.app.follow().await;
        assert_eq!(here.services().await.len(), 3);

        tell_three(&liar);
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.waiting), (Outcome::Ok, 2), "{report:?}");
        something_was_taken_back_and_nothing_came(&here, &liar).await;
        let all: Vec<Uuid> = waiting().await.into_iter().map(|one| one.id).collect();
        records.accept(&caller, &all).await.unwrap();
        here.app.follow().await;
        assert_eq!(here.services().await, ["Club 1", "Club 2", "Club 9", "Other words"]);
    }
}

fact_of_a_liar! {
    async fn from_a_peer_that_tells_more_than_was_agreed_nothing_comes_by_that_word_either(here, liar) {
        let peer = here.follows_services_of(&liar, 3).await;
        here.harvester().scope_peer("1", Wanted { most: Some(4), ..Wanted::default() }).await.unwrap();
        tell_three(&liar);
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.error.unwrap().code.as_str()), (Outcome::Held, "too-many-records"));
        something_was_taken_back_and_nothing_came(&here, &liar).await;
    }
}

fact_of_a_liar! {
    async fn by_way_of_a_relay_nothing_else_comes_of_a_directory_that_is_followed_itself(here, liar) {
        let direct = here.follows_services_of(&liar, 3).await;
        here.harvester().hold_peer("1").await.unwrap();
        tell_three(&liar);
        let relay = Liar::start().await;
        for item in liar.items() {
            relay.pass_on(&item, Vec::new());
        }
        let peer = here.follows_all_of(&relay.url()).await;
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.deleted, report.updated, report.created), (Outcome::Ok, 1, 1, 0), "{report:?}");
        something_was_taken_back_and_nothing_came(&here, &liar).await;
        here.harvester().release_peer("1").await.unwrap();
        assert_eq!(here.pull(&direct).await.error, None);
        assert_eq!(here.services().await, ["Club 1", "Club 2", "Club 9", "Other words"]);
    }
}
