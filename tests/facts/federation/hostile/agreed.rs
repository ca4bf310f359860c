//! What was agreed: under which licence, and how much.

use fingerpost::{
    federation::{
        neighbours::Wanted,
        peers::{self, Outcome, Trust},
    },
    model::Kind,
};
use serde_json::{Value, json};
use url::Url;

use super::{nothing_changes, three_services};
use crate::support::{
    liar::{BEGAN, id, service},
    network::fact_of_a_liar,
    peer::{Reply, Seen},
};

fact_of_a_liar! {
    async fn case_49_a_peer_whose_licence_is_not_open_any_more_or_is_missing_is_reduced_to_links(here, liar) {
        let peer = three_services(&here, &liar).await;
        assert!(here.everything().await.join("\n").contains("for everybody"));
        let open = here.state(&peer).await;
        for (round, licence, shown) in [
            (1, "https://creativecommons.org/licenses/by-nc/4.0/", false),
            (2, crate::support::liar::OGL, true),
            (3, "", false),
        ] {
            liar.licence(licence);
            here.app.clock.set(crate::support::noon() + chrono::Duration::days(2 * round));
            liar.lately();
            let report = here.pull(&peer).await;
            assert_eq!((report.outcome, report.updated, report.deleted, report.links_only), (Outcome::Ok, 4, 0, !shown), "{licence:?}: {report:?}");
            // Everything is compared with the licence, and otherwise stays as it is.
            assert_eq!(liar.lately(), ["open-directory", "changes", "changes after 4"], "{licence:?}");
            let now = here.state(&peer).await;
            let text = now.published.join("\n");
            assert_eq!((text.contains("Club 0"), text.contains("for everybody")), (true, shown), "{licence:?}: {text}");
            let numbers = |state: &crate::support::network::State| state.known.iter().map(|row| (row.id, row.rev, row.live)).collect::<Vec<_>>();
            assert_eq!((numbers(&now), &now.feed, &now.peer.cursor), (numbers(&open), &open.feed, &open.peer.cursor), "{licence:?}");
            assert_eq!((now.quarantined, now.held, now.proposals), (vec![], vec![], vec![]));
        }
        assert!(here.advice(&peer).await.contains("because their licence is unknown"), "{}", here.advice(&peer).await);
    }
}

fact_of_a_liar! {
    async fn case_49_under_a_licence_that_is_not_open_only_a_link_is_shown(here, liar) {
        liar.licence("https://creativecommons.org/licenses/by-nc/4.0/");
        liar.tell_services(0);
        let mut with_contact = service(0);
        with_contact["email"] = json!("club@holder.example.org");
        with_contact["url"] = json!("https://holder.example.org/club");
        liar.tell(Kind::Service, id("service 0"), Some(with_contact));
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        assert_eq!(here.pull(&peer).await.created, 2);
        let service = here.app.get("/services?full=true").await.json()["contents"][0].clone();
        assert_eq!((&service["name"], &service["url"]), (&json!("Club 0"), &json!("https://holder.example.org/club")));
        let all = here.everything().await.join("\n");
        assert!(!all.contains("club@holder") && !all.contains("for everybody"), "{all}");
        let state = here.state(&peer).await;
        assert!(state.records.iter().all(|record| !record.document.contains("club@holder")), "nor is it kept");
        assert_eq!((state.quarantined, state.proposals, state.held), (vec![], vec![], vec![]));
        assert!(!state.feed.contains("Club 0"), "and it is not sent on");
    }
}

fact_of_a_liar! {
    async fn case_51_a_peer_that_tells_more_than_was_agreed_is_held_at_that(here, liar) {
        liar.tell_services(50);
        liar.page_items(10);
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        here.harvester().scope_peer("1", Wanted { most: Some(20), ..Wanted::default() }).await.unwrap();
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.error.map(|trouble| trouble.code)), (Outcome::Held, Some("too-many-records".to_owned())));
        assert!((1..=20).contains(&here.services().await.len()), "not one more than was agreed");
        // Held at that: nothing more comes.
        liar.tell(Kind::Service, id("service 60"), Some(service(60)));
        // All of its pages are read for what is urgent.
        let asked = [20, 30, 40, 50, 52].map(|number| format!("changes after {number}"));
        let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
        nothing_changes(&here, &liar, &peer, "too-many-records", &asked).await;
        here.harvester().scope_peer("1", Wanted { most: Some(100), ..Wanted::default() }).await.unwrap();
        here.harvester().release_peer("1").await.unwrap();
        here.pull(&peer).await;
        assert_eq!(here.services().await.len(), 51);
    }
}

/// A directory that signs nothing, and whose feed never ends: of each page, so many items are of no kind, and so many are
/// deletions of what never was. There are so many `different` ones of no kind, which are told again and again.
fn without_end(bad: i64, gone: i64, different: i64) -> impl Fn(&Seen, Value) -> Reply + Send + Sync + 'static {
    move |seen: &Seen, mut answer: Value| {
        if !seen.is_feed() {
            (answer["keys"], answer["keys_sig"]) = (json!([]), json!([]));
            return Reply::json(answer.to_string());
        }
        let after = seen.path.split("afterChangeNumber=").nth(1).and_then(|rest| rest.split('&').next()?.parse().ok());
        let after: i64 = after.unwrap_or(BEGAN);
        let end = after + bad + gone;
        let item = |number: i64| {
            let id = number.to_string();
            if number <= after + bad {
                let id = (((after - BEGAN) / (bad + gone) * bad + number - after).rem_euclid(different)).to_string();
                json!({"state": "updated", "kind": "nonsense", "id": id, "modified": number, "data": {"words": "nothing ".repeat(100)}})
            } else {
                json!({"state": "deleted", "kind": "service", "id": id, "modified": number})
            }
        };
        let mut next: Url = answer["next"].as_str().unwrap().parse().unwrap();
        next.set_query(Some(&format!("afterChangeNumber={end}&epoch=first")));
        answer["next"] = json!(next);
        answer["feed"]["head"] = json!(end + 1_000_000);
        answer["items"] = (after + 1..=end).map(item).collect();
        Reply::json(answer.to_string())
    }
}

fact_of_a_liar! {
    async fn a_peer_of_which_nothing_can_be_taken_is_held_before_it_fills_the_database(here, liar) {
        liar.twist(without_end(90, 410, i64::MAX));
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        here.harvester().scope_peer("1", Wanted { most: Some(10), ..Wanted::default() }).await.unwrap();
        let report = here.pull(&peer).await;
        let said = report.error.as_ref().map(|trouble| (trouble.code.as_str(), trouble.detail.contains("1080 records that cannot")));
        assert_eq!((report.outcome, said), (Outcome::Held, Some(("too-many-records", true))), "{report:?}");
        assert_eq!(here.quarantine(&peer).await, [("unknown-kind".to_owned(), 990)]);
        // Nothing more comes until somebody has decided.
        liar.lately();
        assert_eq!((here.pull(&peer).await.outcome, liar.lately()), (Outcome::Held, Vec::<String>::new()));
    }
}

fact_of_a_liar! {
    async fn what_cannot_be_taken_is_counted_once_and_kept_as_it_came_however_often_it_is_told(here, liar) {
        liar.twist(without_end(90, 410, 990));
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        here.harvester().scope_peer("1", Wanted { most: Some(10), ..Wanted::default() }).await.unwrap();
        let report = here.harvester().with_most_pages(23).pull(peer.id, |_| {}).await.unwrap();
        assert_eq!((report.outcome, report.pages), (Outcome::Partial, 23), "{report:?}");
        let kept = peers::quarantined(&here.app.app().db, peer.id, 2_000).await.unwrap();
        assert_eq!((kept.len(), kept.iter().filter(|one| one.raw.is_some()).count()), (990, 990));
    }
}

fact_of_a_liar! {
    async fn a_peer_that_deletes_without_end_what_never_was_is_held_before_it_fills_the_database(here, liar) {
        liar.twist(without_end(0, 2_000, i64::MAX));
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        here.harvester().scope_peer("1", Wanted { most: Some(10), ..Wanted::default() }).await.unwrap();
        let report = here.pull(&peer).await;
        let said = report.error.as_ref().map(|trouble| (trouble.code.as_str(), trouble.detail.contains("deletions of 12000 records")));
        assert_eq!((report.outcome, said), (Outcome::Held, Some(("too-many-records", true))), "{report:?}");
        assert!(here.advice(&peer).await.contains("far too many that are gone"), "{}", here.advice(&peer).await);
    }
}
