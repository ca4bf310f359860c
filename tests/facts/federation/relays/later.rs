//! What becomes of what was passed on: what may not be shown any more goes on the way as well, and what could not be
//! judged comes.

use fingerpost::{
    federation::peers::{self, Outcome, Trust},
    model::{Document, Kind},
    records::Annotation,
};
use serde_json::Value;

use super::{
    super::{
        super::{id, listings, pantry},
        local,
    },
    club, left_out, passed_on, tell_as_one,
};
use crate::support::{
    liar::{self, Liar},
    network::{Node, fact_between, fact_of_three},
};

fact_between! {
    async fn case_49_what_may_not_be_shown_any_more_is_withdrawn_from_those_that_follow_an_aggregator(
        hub = |on| Node::aggregator(on, "Bedfordshire"),
        here = |on| Node::start(on, "Here");
        origin = Liar::start()
    ) {
        let own = ["Hub 1", "Hub 2", "Hub 3", "Hub 4", "Hub 5", "Hub 6", "Hub 7", "Hub 8"];
        hub.app.import(listings(&own)).await;
        tell_as_one(&origin, 3);
        let of_origin = hub.follows(&origin.url(), Trust::Auto).await;
        assert_eq!(hub.pull(&of_origin).await.created, 4);
        let peer = here.follows_all_of(&hub.url).await;
        here.pull(&peer).await;
        assert_eq!(here.services().await, [&["Club 0", "Club 1", "Club 2"][..], &own].concat());
        let passed = passed_on(&hub).await;
        assert!(passed.len() == 4 && passed.iter().all(|item| item["fed"]["sig"].is_string()), "{passed:?}");
        let feed = hub.app.get("/federation/v1/changes").await.text();

        // They are shown as links now, and what was passed on of them is taken back.
        origin.licence("https://creativecommons.org/licenses/by-nc/4.0/");
        for node in [&hub, &here] {
            node.app.clock.set(node.app.clock.now() + chrono::Duration::days(2));
        }
        let report = hub.pull(&of_origin).await;
        assert_eq!((report.outcome, report.updated, report.links_only), (Outcome::Ok, 4, true), "{report:?}");
        let passed = passed_on(&hub).await;
        let is_withdrawn = |item: &Value| item["state"] == "deleted" && item.get("data").is_none() && item.get("fed").is_none();
        assert!(passed.len() == 4 && passed.iter().all(is_withdrawn), "{passed:?}");
        assert_eq!(hub.app.get("/federation/v1/changes").await.text(), feed, "what is the hub's own is as it was");
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.deleted, report.held_deletes), (Outcome::Ok, 4, 0), "{report:?}");
        assert_eq!((here.services().await, hub.services().await.len()), (own.map(str::to_owned).to_vec(), 11));
        assert!(!here.everything().await.concat().contains("for everybody"));

        // What is open again is passed on again.
        origin.licence(liar::OGL);
        for node in [&hub, &here] {
            node.app.clock.set(node.app.clock.now() + chrono::Duration::days(2));
        }
        hub.pull(&of_origin).await;
        here.pull(&peer).await;
        assert_eq!(here.services().await, [&["Club 0", "Club 1", "Club 2"][..], &own].concat());
    }
}

fact_of_three! {
    async fn what_an_aggregator_hides_is_gone_from_its_followers_and_comes_back_when_it_is_shown_again(origin, hub, here) {
        origin.app.import(club("Luton club").to_string()).await;
        let of_origin = hub.follows(&origin.url, Trust::Auto).await;
        hub.pull(&of_origin).await;
        let peer = here.follows_all_of(&hub.url).await;
        here.pull(&peer).await;
        assert_eq!(here.services().await, ["Luton club"]);
        let service = local(&origin, "service", "Luton club");
        let caller = crate::support::TestApp::person("the team decided");
        let hidden = Annotation { hidden: true, ..Annotation::default() };
        hub.app.app().records.annotate(&caller, service, hidden).await.unwrap();
        let report = here.pull(&peer).await;
        assert_eq!((here.services().await, report.deleted), (Vec::<String>::new(), 1), "{report:?}");
        hub.app.app().records.annotate(&caller, service, Annotation::default()).await.unwrap();
        here.pull(&peer).await;
        assert_eq!(here.services().await, ["Luton club"]);
    }
}

fact_of_three! {
    async fn case_34_an_address_that_becomes_secret_is_destroyed_behind_an_aggregator_as_well(origin, hub, here) {
        origin.app.import(pantry().to_string()).await;
        let of_origin = hub.follows(&origin.url, Trust::Auto).await;
        hub.pull(&of_origin).await;
        let peer = here.follows_all_of(&hub.url).await;
        here.pull(&peer).await;
        assert!(here.everything().await.join("\n").contains("Gorse Close"));
        origin.app.edit(id("centre"), |document| {
            if let Document::Location(place) = document {
                place.location_policy = Some(fingerpost::model::LocationPolicy::Withheld);
            }
        }).await;
        hub.pull(&of_origin).await;
        let told = hub.app.get("/federation/v1/changes?scope=all").await.text();
        assert!(!told.contains("Gorse Close"), "{told}");
        assert_eq!(hub.app.files_with("gorse close"), Vec::<String>::new(), "nor is it kept to be passed on");
        here.pull(&peer).await;
        assert!(!here.everything().await.join("\n").contains("Gorse Close"));
        assert_eq!(here.app.files_with("gorse close"), Vec::<String>::new());
    }
}

fact_of_three! {
    async fn an_origin_that_cannot_be_asked_is_asked_again_and_then_its_records_come(origin, hub, here) {
        let liar = Liar::start().await;
        liar.tell_services(2);
        let relay = Liar::start().await;
        for item in liar.items() {
            relay.pass_on(&item, Vec::new());
        }
        liar.twist(|_, _| crate::support::peer::Reply::status(503));
        let peer = here.follows_all_of(&relay.url()).await;
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.created, left_out(&report, "unknown-origin")), (Outcome::Ok, 0, 3), "{report:?}");
        liar.repent();
        assert_eq!(here.pull(&peer).await.created, 0, "not at once");
        here.app.clock.set(here.app.clock.now() + chrono::Duration::hours(2));
        let report = here.pull(&peer).await;
        assert_eq!((report.created, here.services().await.len()), (3, 2), "{report:?}");
        // A new key that the old one vouches for is asked for.
        liar.rotate(true, false);
        liar.tell(Kind::Service, liar::id("service 9"), Some(liar::service(9)));
        relay.pass_on(liar.items().last().unwrap(), Vec::new());
        here.app.clock.set(here.app.clock.now() + chrono::Duration::hours(2));
        assert_eq!(here.pull(&peer).await.created, 1);
        // One that nobody vouches for is not believed.
        liar.rotate(false, false);
        liar.tell(Kind::Service, liar::id("service 8"), Some(liar::service(8)));
        relay.pass_on(liar.items().last().unwrap(), Vec::new());
        here.app.clock.set(here.app.clock.now() + chrono::Duration::hours(2));
        let report = here.pull(&peer).await;
        assert_eq!((report.created, left_out(&report, "unknown-key")), (0, 1), "{report:?}");
        drop((origin.url.clone(), hub.url.clone()));
    }
}

fact_of_three! {
    async fn what_was_followed_before_is_passed_on_once_somebody_decides_so(origin, hub, here) {
        origin.app.fixtures().await;
        let of_origin = here.follows(&origin.url, Trust::Auto).await;
        here.pull(&of_origin).await;
        let many = peers::numbers(&here.app.app().db, of_origin.id, crate::support::noon(), crate::support::noon()).await.unwrap().live;
        // The same directory, started again with the setting.
        let harvester = here.harvester().keeping_evidence(true);
        harvester.pull(of_origin.id, |_| {}).await.unwrap();
        let kept = fingerpost::published::evidence::after(&here.app.app().db, fingerpost::published::Position::ZERO, 10_000).await.unwrap();
        let kept = kept.iter().filter(|row| row.evidence.is_some() && row.row.live).count() as u64;
        assert_eq!(kept, many);
        drop(hub.url.clone());
    }
}
