//! Records that were lost or changed in the database, behind the directory's back.

use std::fmt::Write as _;

use fingerpost::{
    federation::{
        neighbours::Wanted,
        peers::{self, Comparison, Outcome, Peer, Trust},
    },
    model::{Document, Kind},
    records::{Proposal, State},
};
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::id;
use crate::support::{
    On, TestApp,
    network::{Node, fact_of_two},
};

/// So many services of one organisation, one a line.
fn clubs(many: usize) -> String {
    (0..many).fold(String::new(), |mut text, number| {
        let club = json!({
            "id": id(&format!("club {number}")), "name": format!("Club {number}"), "status": "active", "description": "A club for everybody.",
            "organization": {"id": id("holder"), "name": "Holder", "description": "Holds clubs."}
        });
        writeln!(text, "{club}").unwrap();
        text
    })
}

/// A document without the moments at which it came and changed.
fn timeless(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| name != "last_modified" && name != "fetched_at");
            members.values_mut().for_each(timeless);
        }
        Value::Array(items) => items.iter_mut().for_each(timeless),
        _ => {}
    }
}

/// Everything that a directory publishes, and its records, without those moments.
async fn contents(node: &Node) -> Vec<String> {
    let mut all = node.everything().await;
    for kind in [Kind::Organization, Kind::Service] {
        all.extend(node.app.app().records.by_kind(kind, None, 1_000).await.unwrap().into_iter().map(|stored| stored.document));
    }
    let mut all: Vec<String> = all
        .iter()
        .map(|text| {
            let mut value = serde_json::from_str(text).unwrap_or_else(|_| json!(text));
            timeless(&mut value);
            value.to_string()
        })
        .collect();
    all.sort_unstable();
    all
}

/// What a record of the peer is called here.
async fn here(node: &Node, peer: &Peer, name: &str) -> Uuid {
    let rows = peers::of_peer(&node.app.app().db, peer.id, None, 1_000).await.unwrap();
    let there = id(name).to_string();
    rows.iter().find(|row| row.foreign_id == there).unwrap().id
}

/// An id as SQL writes it.
fn sql(node: &Node, id: Uuid) -> String {
    match node.app.on {
        On::Sqlite => format!("X'{}'", id.simple()),
        On::Postgres => format!("'{id}'"),
    }
}

/// Do this to the database, past the directory.
async fn behind_its_back(node: &Node, statement: &str) {
    let db = sea_orm::Database::connect(node.app.config.database_url.as_str()).await.unwrap();
    assert_eq!(db.execute_unprepared(statement).await.unwrap().rows_affected(), 1, "{statement}");
    db.close().await.unwrap();
}

/// Lose or change three records, and what is published of two others.
async fn damage(node: &Node, peer: &Peer) {
    let what = [
        "DELETE FROM record",
        "UPDATE record SET document = replace(document, 'everybody', 'members only')",
        "UPDATE record SET document = substr(document, 1, 40)",
        "DELETE FROM published",
        r#"UPDATE published SET "full" = replace("full", 'everybody', 'members only')"#,
    ];
    for (number, what) in (1..).zip(what) {
        let club = here(node, peer, &format!("club {number}")).await;
        behind_its_back(node, &format!("{what} WHERE id = {}", sql(node, club))).await;
    }
}

fact_of_two! {
    async fn case_44_records_that_were_lost_or_changed_in_the_database_are_fetched_again_and_only_those(luton, beds) {
        luton.app.import(clubs(60)).await;
        luton.app.withdraw(id("club 0"), "closed").await;
        let peer = beds.follows(&luton.url, Trust::Auto).await;
        beds.pull(&peer).await;
        let good = contents(&beds).await;
        damage(&beds, &peer).await;
        let bad = contents(&beds).await;
        assert_ne!(bad, good);
        assert_eq!((beds.pull(&peer).await.updated, contents(&beds).await), (0, bad), "the feed has nothing new, so nothing is noticed");

        beds.harvester().compare_peer("Luton").await.unwrap();
        let report = beds.pull(&peer).await;
        assert_eq!(report.outcome, Outcome::Ok, "{report:?}");
        assert_eq!(contents(&beds).await, good);
        assert_eq!(
            (report.left_out.get("damaged"), report.left_out.get("repaired"), report.left_out.get("published-again")),
            (Some(&3), Some(&3), Some(&2)),
            "{report:?}"
        );
        assert_eq!((report.compared.clone(), report.deleted), (Some(Comparison::Repaired { records: 3 }), 0));
        assert!(report.created + report.updated == 3 && report.pages <= 3, "nothing else is written, and nothing is walked: {report:?}");

        beds.harvester().compare_peer("Luton").await.unwrap();
        let report = beds.pull(&peer).await;
        assert_eq!((report.left_out.len(), report.compared), (0, Some(Comparison::Same { records: 60 })), "now it is as it should be");
    }
}

fact_of_two! {
    async fn case_44_what_no_digest_covers_is_repaired_by_a_walk_over_everything(luton, beds) {
        luton.app.import(clubs(8)).await;
        let peer = beds.follows(&luton.url, Trust::Auto).await;
        // Only a part of it is taken, so the sums cannot be compared.
        beds.harvester().scope_peer("Luton", Wanted { kinds: vec![Kind::Service], ..Wanted::default() }).await.unwrap();
        beds.pull(&peer).await;
        let good = contents(&beds).await;
        damage(&beds, &peer).await;
        beds.harvester().compare_peer("Luton").await.unwrap();
        let report = beds.pull(&peer).await;
        assert_eq!((report.outcome, report.left_out.get("damaged"), report.created + report.updated), (Outcome::Ok, Some(&3), 3), "{report:?}");
        assert_eq!(contents(&beds).await, good);
    }
}

fact_of_two! {
    async fn case_44_a_record_that_had_gone_and_stands_again_is_taken_out_once_more(luton, beds) {
        luton.app.import(clubs(8)).await;
        let peer = beds.follows(&luton.url, Trust::Auto).await;
        beds.pull(&peer).await;
        luton.app.withdraw(id("club 0"), "closed").await;
        beds.pull(&peer).await;
        let good = contents(&beds).await;
        let club = here(&beds, &peer, "club 0").await;
        behind_its_back(&beds, &format!("UPDATE record SET state = 0 WHERE id = {}", sql(&beds, club))).await;
        assert_eq!(beds.app.app().records.refresh(&[club]).await.unwrap(), 1);
        assert_ne!(contents(&beds).await, good, "everybody sees it again");
        beds.harvester().compare_peer("Luton").await.unwrap();
        let report = beds.pull(&peer).await;
        assert_eq!((report.outcome, contents(&beds).await), (Outcome::Ok, good), "{report:?}");
        assert_eq!(beds.app.app().records.find(club).await.unwrap().unwrap().state, State::Gone);
    }
}

fact_of_two! {
    async fn what_an_officer_has_refused_is_not_missing(luton, beds) {
        luton.app.import(clubs(3)).await;
        let peer = beds.follows(&luton.url, Trust::Review).await;
        beds.harvester().approve_peer("Luton").await.unwrap();
        beds.pull(&peer).await;
        let records = &beds.app.app().records;
        let waiting = records.waiting(None, None, 100).await.unwrap();
        let (refused, taken): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|one| one.document.contains("Club 2"));
        assert_eq!((refused.len(), taken.len()), (1, 3));
        let ids = |some: Vec<Proposal>| some.into_iter().map(|one| one.id).collect::<Vec<Uuid>>();
        records.reject(&TestApp::person("not ours"), &ids(refused)).await.unwrap();
        records.accept(&TestApp::person("looked at"), &ids(taken)).await.unwrap();
        beds.app.follow().await;
        let good = contents(&beds).await;
        beds.harvester().compare_peer("Luton").await.unwrap();
        let report = beds.pull(&peer).await;
        assert_eq!((report.left_out.get("damaged"), report.waiting, contents(&beds).await), (None, 0, good), "{report:?}");
    }
}

fact_of_two! {
    async fn a_record_that_cannot_be_read_any_more_does_not_stop_what_the_peer_tells(luton, beds) {
        luton.app.import(clubs(5)).await;
        let peer = beds.follows(&luton.url, Trust::Auto).await;
        beds.pull(&peer).await;
        let holder = here(&beds, &peer, "holder").await;
        behind_its_back(&beds, &format!("UPDATE record SET document = substr(document, 1, 40) WHERE id = {}", sql(&beds, holder))).await;
        luton.app.edit(id("club 1"), |document| {
            if let Document::Service(service) = document { "Renamed".clone_into(&mut service.name); }
        }).await;
        // What is new stands with its organisation, and that is what cannot be read.
        let report = beds.pull(&peer).await;
        assert_eq!((report.outcome, report.error.clone(), report.left_out.get("damaged")), (Outcome::Ok, None, Some(&1)), "{report:?}");
        assert_eq!(beds.services().await, ["Club 0", "Club 2", "Club 3", "Club 4", "Renamed"]);
        assert_eq!(beds.app.app().records.find(holder).await.unwrap().unwrap().value().unwrap()["name"], "Holder");
    }
}
