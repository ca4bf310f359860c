//! What a neighbour's host can do without its key, what a neighbour can take out at once, and what its officers
//! are told.

use chrono::Duration;
use fingerpost::{
    federation::{
        neighbours::Wanted,
        peers::{Comparison, Cursor, Outcome, Peer, Trust},
    },
    ids,
    model::Kind,
};
use serde_json::{Value, json};

use super::super::pantry;
use crate::support::{
    On,
    liar::{BEGAN, Liar, id, service},
    network::{Node, fact_of_a_liar},
    peer::Reply,
};

/// Whoever has the host and no key shows these items again, as if they were of this epoch.
fn replays(liar: &Liar, old: Vec<Value>, epoch: &'static str) {
    let base = liar.url();
    liar.twist(move |seen, mut said| {
        said["epoch"] = json!(epoch);
        if seen.is_feed() {
            let asked = base.join(&seen.path).unwrap();
            let last = old.last().unwrap()["modified"].as_i64().unwrap();
            let next = base.join(&format!("/federation/v1/changes?afterChangeNumber={last}&epoch={epoch}")).unwrap();
            said["items"] = if asked == next { json!([]) } else { json!(old) };
            said["next"] = json!(next);
        }
        Reply::json(said.to_string())
    });
}

/// A peer that has told four records, then destroyed one of them and corrected another; and what it told first.
async fn destroyed_and_corrected(here: &Node, liar: &Liar) -> (Peer, Vec<Value>) {
    let peer = here.follows_services_of(liar, 3).await;
    let old = liar.items();
    liar.tell_urgently(Kind::Service, id("service 0"), None, true);
    let mut corrected = service(1);
    corrected["name"] = json!("Corrected");
    liar.tell(Kind::Service, id("service 1"), Some(corrected));
    here.pull(&peer).await;
    assert_eq!(here.services().await, ["Club 2", "Corrected"]);
    (peer, old)
}

fact_of_a_liar! {
    async fn case_19_what_was_destroyed_does_not_come_back_under_the_name_of_another_epoch(here, liar) {
        let (peer, old) = destroyed_and_corrected(&here, &liar).await;
        let before = here.state(&peer).await;
        replays(&liar, old.clone(), "zz");
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.error.map(|why| why.code)), (Outcome::Held, Some("numbers-went-back".to_owned())));
        assert_eq!(here.state(&peer).await, before);
        assert!(here.advice(&peer).await.contains("restored a backup"));

        // Also when somebody lets it go on: what is signed says of which epoch it is.
        here.harvester().release_peer("1").await.unwrap();
        here.pull(&peer).await;
        assert_eq!(here.services().await, ["Club 2", "Corrected"]);
        let codes = here.quarantine(&peer).await;
        assert_eq!(codes.iter().map(|(code, _)| code.as_str()).collect::<Vec<_>>(), ["statement-of-another-epoch"]);
        let said = here.advice(&peer).await;
        assert!(said.contains("Warning") && said.contains("statement-of-another-epoch"), "{said}");

        // An officer may believe that they went back to a backup; what was destroyed stays so.
        replays(&liar, old, "first");
        assert_eq!(here.pull(&peer).await.outcome, Outcome::Held);
        here.harvester().release_peer("1").await.unwrap();
        here.pull(&peer).await;
        assert_eq!(here.services().await, ["Club 1", "Club 2"]);
        let gone = ids::from_source(liar.url().as_str(), "service", &id("service 0").to_string());
        let history = here.app.app().records.history(gone).await.unwrap();
        assert!(history.iter().all(|version| !version.document.contains("Club 0")), "{history:?}");
    }
}

fact_of_a_liar! {
    async fn no_change_of_licence_makes_an_old_version_young(here, liar) {
        let (peer, old) = destroyed_and_corrected(&here, &liar).await;
        liar.licence("https://creativecommons.org/licenses/by/4.0/");
        replays(&liar, old, "first");
        here.app.clock.set(here.app.clock.now() + Duration::days(2));
        let report = here.pull(&peer).await;
        assert_eq!((report.left_out.get("older"), report.held_deletes), (Some(&2), 0), "it was met, and is not gone: {report:?}");
        assert_eq!(here.services().await, ["Club 2", "Corrected"]);
    }
}

fact_of_a_liar! {
    async fn a_new_epoch_with_larger_numbers_goes_on_by_itself(here, liar) {
        let (peer, _) = destroyed_and_corrected(&here, &liar).await;
        liar.new_epoch("second", BEGAN + 1_000_000);
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.error, report.quarantined, report.held_deletes), (Outcome::Ok, None, 0, 0));
        assert_eq!(here.services().await, ["Club 2", "Corrected"]);
        liar.tell(Kind::Service, id("service 9"), Some(service(9)));
        assert_eq!(here.pull(&peer).await.created, 1);
    }
}

fact_of_a_liar! {
    async fn who_had_keys_and_shows_none_is_not_approved_into_being_taken_at_its_word(here, liar) {
        let peer = here.follows_services_of(&liar, 3).await;
        liar.twist(|_, mut said| {
            said.as_object_mut().unwrap().remove("keys");
            said.as_object_mut().unwrap().remove("keys_sig");
            Reply::json(said.to_string())
        });
        here.app.clock.set(here.app.clock.now() + Duration::days(2));
        let report = here.pull(&peer).await;
        let trouble = report.error.unwrap();
        assert_eq!((report.outcome, trouble.code.as_str()), (Outcome::Held, "key-changed"));
        assert!(trouble.detail.contains("no longer presents any"), "{}", trouble.detail);
        let said = here.advice(&peer).await;
        assert!(said.contains("nothing proves that it is still them") && !said.contains("the one above"), "{said}");
        let refused = here.harvester().approve_peer("1").await.unwrap_err().to_string();
        assert!(refused.contains("no longer presents any"), "{refused}");
        let now = here.peer(&peer).await;
        assert!(now.pinned_keys.is_some() && now.held.is_some());

        // With its keys it is itself again.
        liar.repent();
        let _ = here.harvester().approve_peer("1").await;
        here.harvester().approve_peer("1").await.unwrap();
        assert!(here.advice(&peer).await.contains("continues with the next pull"));
        assert_eq!(here.pull(&peer).await.outcome, Outcome::Ok);
    }
}

fact_of_a_liar! {
    async fn case_32_a_small_neighbour_that_takes_out_nearly_everything_waits_for_a_person(here, liar) {
        let peer = here.follows_services_of(&liar, 21).await;
        for number in 0..5 {
            liar.tell(Kind::Service, id(&format!("service {number}")), None);
        }
        let report = here.pull(&peer).await;
        assert_eq!((report.deleted, report.held_deletes), (5, 0), "a few go");
        for number in 5..20 {
            liar.tell(Kind::Service, id(&format!("service {number}")), None);
        }
        liar.tell_urgently(Kind::Service, id("service 20"), None, true);
        let report = here.pull(&peer).await;
        assert_eq!((report.deleted, report.held_deletes, here.services().await.len()), (1, 15, 15), "{report:?}");
        assert!(here.advice(&peer).await.starts_with("15 records are waiting to be deleted"));
    }
}

fact_of_a_liar! {
    async fn whoever_compares_hears_what_was_found_and_who_cannot_be_compared_any_more_is_named(here, liar) {
        liar.tell_services(3);
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        let not = Comparison::Not { why: "it does not name a checkpoint".to_owned() };
        assert_eq!(here.pull(&peer).await.compared, Some(not.clone()));
        assert_eq!(here.pull(&peer).await.compared, None, "once a week");
        assert_eq!(here.advice(&peer).await, "Nothing: it is being followed.", "it never had one");
        let cursor = here.peer(&peer).await.cursor;
        here.stands_at(&peer, &Cursor { comparable: true, compared_at: None, ..cursor }).await;
        assert_eq!(here.pull(&peer).await.compared, Some(not));
        assert!(here.advice(&peer).await.starts_with("Warning: it could be compared"), "{}", here.advice(&peer).await);

        let luton = Node::start(On::Sqlite, "Luton").await.unwrap();
        luton.app.import(pantry().to_string()).await;
        let of_luton = here.follows(&luton.url, Trust::Auto).await;
        assert_eq!(here.pull(&of_luton).await.compared, Some(Comparison::Same { records: 5 }));
        luton.end().await;
    }
}

fact_of_a_liar! {
    async fn what_says_that_it_is_another_record_and_what_nobody_has_signed_is_not_taken(here, liar) {
        let peer = here.follows_services_of(&liar, 3).await;
        liar.tell(Kind::Service, id("service 1"), Some(service(2)));
        liar.tell(Kind::Service, id("service 9"), Some(service(9)));
        liar.twist(|seen, mut said| {
            if seen.is_feed() && let Some(item) = said["items"].as_array_mut().and_then(|items| items.last_mut()) {
                item.as_object_mut().unwrap().remove("fed");
            }
            Reply::json(said.to_string())
        });
        here.pull(&peer).await;
        assert_eq!(here.services().await, ["Club 0", "Club 1", "Club 2"]);
        let shown = here.harvester().describe_peer(&here.peer(&peer).await).await.unwrap();
        let mut why: Vec<&str> = shown.not_taken.iter().map(|one| one.detail.as_str()).collect();
        why.sort_unstable();
        let other = format!("the document under this id says that its id is {}", id("service 2"));
        assert_eq!(why, ["it is not signed, although this directory's keys were approved", &other]);
    }
}

/// A place with this postcode.
pub(super) fn hall(number: usize, postcode: &str) -> Value {
    let address = json!({"id": id(&format!("address {number}")), "address_1": "1 High Street", "city": "Town",
        "state_province": "x", "postal_code": postcode, "country": "GB", "address_type": "physical"});
    json!({"id": id(&format!("place {number}")), "location_type": "physical", "name": "Hall", "addresses": [address]})
}

/// A club there, which only names the place.
pub(super) fn club_there(number: usize) -> Value {
    let mut club = service(number);
    let place = json!({"id": id(&format!("place {number}"))});
    club["service_at_locations"] = json!([{"id": id(&format!("there {number}")), "location": place}]);
    club
}

fn tell_a_club_at(liar: &Liar, number: usize, postcode: &str) {
    liar.tell(Kind::Location, id(&format!("place {number}")), Some(hall(number, postcode)));
    liar.tell(Kind::Service, id(&format!("service {number}")), Some(club_there(number)));
}

fact_of_a_liar! {
    async fn a_place_that_is_only_named_is_where_it_says_itself(here, liar) {
        liar.tell_services(0);
        tell_a_club_at(&liar, 1, "LU1 2AA");
        tell_a_club_at(&liar, 2, "MK45 2AB");
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        let wanted = Wanted { postcodes: vec!["MK45".to_owned()], ..Wanted::default() };
        here.harvester().scope_peer("1", wanted).await.unwrap();
        let report = here.pull(&peer).await;
        assert_eq!((here.services().await, report.left_out.get("out-of-scope")), (vec!["Club 2".to_owned()], Some(&1)), "{report:?}");
        // Its place is here already when the club is told again.
        let mut again = service(1);
        again["name"] = json!("Club 1 again");
        again["service_at_locations"] = json!([{"id": id("there 1"), "location_id": id("place 1")}]);
        liar.tell(Kind::Service, id("service 1"), Some(again));
        here.pull(&peer).await;
        assert_eq!(here.services().await, ["Club 2"]);
    }
}
