//! Councils that are reorganised: a directory becomes part of another one that is followed already.

use std::collections::BTreeMap;

use fingerpost::{
    federation::peers::{Outcome, Trust},
    ids,
    model::Kind,
};
use serde_json::json;
use url::Url;

use crate::support::{
    On,
    liar::{Liar, id, organization, service},
    network::Node,
};

fn local(origin: &Url, kind: &str, name: &str) -> uuid::Uuid {
    ids::from_source(origin.as_str(), kind, &id(name).to_string())
}

/// Two clubs at the old address come to the new one, one of them under another id.
async fn a_merge(on: On) {
    let Some(here) = Node::start(on, "Here").await else { return };
    let (old, new) = (Liar::start().await, Liar::start().await);
    old.tell_services(2);
    new.tell(Kind::Organization, id("council"), Some(json!({"id": id("council"), "name": "Council", "description": "x"})));
    let of_old = here.follows(&old.url(), Trust::Auto).await;
    let of_new = here.follows(&new.url(), Trust::Auto).await;
    here.pull(&of_old).await;
    here.pull(&of_new).await;
    assert_eq!(here.services().await, ["Club 0", "Club 1"]);

    // The old directory signs what it becomes, and its address leads there.
    let ids = BTreeMap::from([(id("service 1").to_string(), id("service 21").to_string())]);
    old.becomes_part_of(&new, &ids);
    let before = here.everything().await;
    let report = here.pull(&of_old).await;
    let code = report.error.as_ref().map(|trouble| trouble.code.as_str());
    assert_eq!((report.outcome, code), (Outcome::Failed, Some("merging")), "{report:?}");
    assert_eq!(here.everything().await, before, "nothing has come from the new one yet, so everything stays");

    new.tell(Kind::Organization, id("holder"), Some(organization()));
    new.tell(Kind::Service, id("service 0"), Some(service(0)));
    let mut other = service(1);
    other["id"] = json!(id("service 21"));
    new.tell(Kind::Service, id("service 21"), Some(other));
    here.pull(&of_new).await;
    let report = here.pull(&of_old).await;
    let code = report.error.as_ref().map(|trouble| trouble.code.as_str());
    assert_eq!((report.outcome, code, report.deleted), (Outcome::Held, Some("merged"), 3), "{report:?}");
    assert_eq!(here.services().await, ["Club 0", "Club 1"], "nothing is there twice");
    let lead_on = || async {
        for (kind, path, page, was, is) in [
            ("service", "services", "services", "service 0", "service 0"),
            ("service", "services", "services", "service 1", "service 21"),
            ("organization", "organizations", "organisations", "holder", "holder"),
        ] {
            let (was, is) = (local(&old.url(), kind, was), local(&new.url(), kind, is));
            let gone = here.app.get(&format!("/{path}/{was}")).await;
            assert_eq!(
                (gone.status.as_u16(), gone.json()["successor"].as_str()),
                (410, Some(&*is.to_string())),
                "{}",
                gone.text()
            );
            assert_eq!(here.app.get(&format!("/{path}/{is}")).await.status, 200);
            let page = here.app.page(&format!("/directory/{page}/{was}")).await.text();
            assert!(page.contains(&format!("href=\"{is}\"")), "{page}");
        }
    };
    lead_on().await;
    // The officer removes what is empty now; the new one goes on, and the old ids still lead there.
    here.harvester().remove_peer(&of_old.id.to_string()).await.unwrap();
    new.tell(Kind::Service, id("service 5"), Some(service(5)));
    here.pull(&of_new).await;
    assert_eq!(here.services().await, ["Club 0", "Club 1", "Club 5"]);
    lead_on().await;
    here.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_that_becomes_part_of_another_leaves_no_copies_and_its_old_ids_lead_on_on_sqlite() {
    Box::pin(a_merge(On::Sqlite)).await;
}
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_that_becomes_part_of_another_leaves_no_copies_and_its_old_ids_lead_on_on_postgres() {
    Box::pin(a_merge(On::Postgres)).await;
}

/// What becomes part of ourselves gives way to our own records.
async fn a_merge_into_us(on: On) {
    let Some(here) = Node::start(on, "Here").await else { return };
    let old = Liar::start().await;
    old.tell_services(1);
    let of_old = here.follows(&old.url(), Trust::Auto).await;
    here.pull(&of_old).await;
    let ours = json!({
        "id": id("service 0"), "name": "Club 0", "status": "active", "description": "A club for everybody.", "organization": organization()
    });
    here.app.import(ours.to_string()).await;
    let moved = old.moves_to(&here.url, &BTreeMap::new());
    let (folder, listens) = (here.app.folder.path().to_owned(), here.url.clone());
    fingerpost::signing::keep_move(&folder, moved).unwrap();
    old.leads_to(&listens);
    let here = Box::pin(here.restarted()).await;
    let report = here.pull(&of_old).await;
    let code = report.error.as_ref().map(|trouble| trouble.code.as_str());
    assert_eq!((report.outcome, code, report.deleted), (Outcome::Held, Some("merged"), 2), "{report:?}");
    assert_eq!(here.services().await, ["Club 0"]);
    let gone = here.app.get(&format!("/services/{}", local(&old.url(), "service", "service 0"))).await.json();
    assert_eq!(gone["successor"], id("service 0").to_string());
    here.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_becomes_part_of_ourselves_gives_way_to_our_own_records_on_sqlite() {
    Box::pin(a_merge_into_us(On::Sqlite)).await;
}
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_becomes_part_of_ourselves_gives_way_to_our_own_records_on_postgres() {
    Box::pin(a_merge_into_us(On::Postgres)).await;
}
