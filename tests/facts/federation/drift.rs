//! Beginning with a snapshot, and repairing bucket by bucket.

use std::fmt::Write as _;

use fingerpost::{
    federation::peers::{self, Foreign, Outcome, Trust},
    model::Kind,
    records::Draft,
};
use serde_json::json;

use super::super::id;
use crate::support::{On, network::Node};

/// So many services of one organisation, one a line.
fn services(many: usize) -> String {
    (0..many).fold(String::new(), |mut text, number| {
        let service = json!({
            "id": id(&format!("club {number}")), "name": format!("Club {number}"), "status": "active", "description": "A club for everybody.",
            "organization": {"id": id("holder"), "name": "Holder", "description": "Holds clubs."}
        });
        writeln!(text, "{service}").unwrap();
        text
    })
}

/// A directory with many records, and one without.
async fn two(on: On, many: usize) -> Option<(Node, Node)> {
    let luton = Node::start(on, "Luton").await?;
    let beds = Node::start(on, "Central Bedfordshire").await?;
    luton.app.import(services(many)).await;
    Some((luton, beds))
}

async fn begins_with_the_snapshot(on: On) {
    let Some((luton, beds)) = two(on, 620).await else { return };
    let peer = beds.follows(&luton.url, Trust::Auto).await;
    let report = beds.pull(&peer).await;
    assert_eq!((report.outcome, report.created, report.quarantined), (Outcome::Ok, 621, 0), "{report:?}");
    assert_eq!((report.left_out.get("snapshot"), report.left_out.get("drift")), (Some(&1), None), "and it is what the peer has");
    assert_eq!(beds.peer(&peer).await.cursor.after, report.cursor);
    // The feed goes on where the snapshot ended.
    luton.app.withdraw(id("club 7"), "closed").await;
    let gone = luton.app.app().records.find(id("club 7")).await.unwrap().unwrap();
    luton.app.save(vec![Draft::new(gone.read().unwrap())]).await;
    luton.app.import(services(621)).await;
    let report = beds.pull(&peer).await;
    // One is new; one went and came back as it was.
    assert_eq!(
        (report.created, report.unchanged, report.deleted, report.left_out.get("snapshot")),
        (1, 1, 0, None),
        "{report:?}"
    );
    assert_eq!(beds.services().await, luton.services().await);
    luton.end().await;
    beds.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_nothing_begins_with_the_snapshot_on_sqlite() {
    Box::pin(begins_with_the_snapshot(On::Sqlite)).await;
}
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_nothing_begins_with_the_snapshot_on_postgres() {
    Box::pin(begins_with_the_snapshot(On::Postgres)).await;
}

async fn is_damaged(on: On) {
    let Some((luton, beds)) = two(on, 600).await else { return };
    let pointer = luton.app.get("/federation/v1/snapshot").await.json();
    let file = luton.app.folder.path().join("snapshots").join(format!("{}.ndjson.zst", pointer["sha256"].as_str().unwrap()));
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 64].fill(0);
    std::fs::write(&file, bytes).unwrap();
    let peer = beds.follows(&luton.url, Trust::Auto).await;
    let report = beds.pull(&peer).await;
    assert_eq!(
        (report.outcome, report.left_out.get("snapshot"), report.left_out.get("drift")),
        (Outcome::Ok, None, None),
        "{report:?}"
    );
    assert_eq!(beds.services().await, luton.services().await);
    luton.end().await;
    beds.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_that_is_damaged_is_not_believed_and_the_feed_is_walked_on_sqlite() {
    Box::pin(is_damaged(On::Sqlite)).await;
}
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_that_is_damaged_is_not_believed_and_the_feed_is_walked_on_postgres() {
    Box::pin(is_damaged(On::Postgres)).await;
}

async fn has_drifted(on: On) {
    let Some((luton, beds)) = two(on, 620).await else { return };
    luton.app.withdraw(id("club 3"), "closed").await;
    let peer = beds.follows(&luton.url, Trust::Auto).await;
    beds.pull(&peer).await;
    let db = &beds.app.app().db;
    let rows = peers::of_peer(db, peer.id, None, 1_000).await.unwrap();
    let of = |live: bool| rows.iter().filter(move |row| row.live == live && row.kind == Kind::Service).cloned();
    let some: Vec<Foreign> = of(true).take(3).collect();
    let stray = Foreign { id: id("stray"), foreign_id: "stray".to_owned(), ..some[0].clone() };
    let tx = db.write().await.unwrap();
    // What is known of one is not true, one is not known at all, one that is gone there is here, and
    // one is here that the peer never had.
    peers::put_foreign(&tx, &[Foreign { hash: "sha-256:x".to_owned(), ..some[0].clone() }, stray]).await.unwrap();
    peers::forget_foreign(&tx, &[some[1].id]).await.unwrap();
    peers::put_foreign(&tx, &of(false).map(|row| Foreign { live: true, hash: "x".to_owned(), ..row }).collect::<Vec<_>>())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let before = beds.everything().await;

    beds.harvester().compare_peer("Luton").await.unwrap();
    let report = beds.pull(&peer).await;
    assert_eq!(
        (report.left_out.get("drift"), report.left_out.get("repaired"), report.held_deletes),
        (Some(&1), Some(&3), 1),
        "{report:?}"
    );
    let now = peers::of_peer(db, peer.id, None, 1_000).await.unwrap();
    let without_stray: Vec<Foreign> = now.into_iter().filter(|row| row.foreign_id != "stray").collect();
    let plain = |rows: &[Foreign]| rows.iter().map(|row| (row.id, row.rev, row.hash.clone(), row.live)).collect::<Vec<_>>();
    assert_eq!(plain(&without_stray), plain(&rows));
    assert_eq!(beds.everything().await, before);

    beds.harvester().release_peer("Luton").await.unwrap();
    let tx = db.write().await.unwrap();
    peers::forget_foreign(&tx, &[id("stray")]).await.unwrap();
    peers::put_foreign(&tx, &[Foreign { hash: String::new(), ..some[2].clone() }]).await.unwrap();
    tx.commit().await.unwrap();
    beds.harvester().compare_peer("Luton").await.unwrap();
    let report = beds.pull(&peer).await;
    // Not one page of the 622 records was walked for it but the one with the record.
    assert_eq!((report.left_out.get("repaired"), report.pages, report.updated + report.created), (Some(&1), 1, 0), "{report:?}");

    // What could not be taken differs, and has not drifted apart.
    let waits = peers::Quarantined {
        id: some[2].id,
        peer: peer.id,
        kind: "service".to_owned(),
        foreign_id: some[2].foreign_id.clone(),
        rev: some[2].rev,
        code: "invalid".to_owned(),
        detail: "name: is missing".to_owned(),
        raw: None,
        at: beds.app.clock.now(),
    };
    let tx = db.write().await.unwrap();
    peers::put_foreign(&tx, &[Foreign { rev: some[2].rev - 1, hash: "sha-256:before".to_owned(), ..some[2].clone() }])
        .await
        .unwrap();
    peers::put_quarantined(&tx, &[waits]).await.unwrap();
    tx.commit().await.unwrap();
    beds.harvester().compare_peer("Luton").await.unwrap();
    let report = beds.pull(&peer).await;
    assert_eq!((report.left_out.get("drift"), report.left_out.get("repaired"), report.pages), (None, None, 0), "{report:?}");
    luton.end().await;
    beds.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_44_only_what_has_drifted_apart_is_fetched_on_sqlite() {
    Box::pin(has_drifted(On::Sqlite)).await;
}
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_44_only_what_has_drifted_apart_is_fetched_on_postgres() {
    Box::pin(has_drifted(On::Postgres)).await;
}
