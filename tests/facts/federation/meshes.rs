//! Several directories that follow each other every which way.

use std::collections::BTreeMap;

use fingerpost::{
    federation::peers::{Peer, Trust},
    model::{Document, Kind},
    safekeeping,
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::json;

use super::super::id;
use crate::support::{On, network::Node};

fn club(node: usize, number: usize) -> serde_json::Value {
    json!({
        "id": id(&format!("club {number} of {node}")), "name": format!("Club {number} of {node}"), "status": "active", "description": "A club.",
        "organization": {"id": id(&format!("holder {node}")), "name": format!("Holder {node}"), "description": "Holds clubs."}
    })
}

/// So many directories, each of which follows all others.
async fn mesh(on: On, many: usize) -> Option<(Vec<Node>, Vec<Vec<Peer>>)> {
    let mut nodes = Vec::new();
    for number in 0..many {
        nodes.push(Node::start(on, &format!("Node {number}")).await?);
    }
    let mut peers = Vec::new();
    for node in &nodes {
        let mut of_node = Vec::new();
        for other in nodes.iter().filter(|other| other.url != node.url) {
            of_node.push(node.follows(&other.url, Trust::Auto).await);
        }
        peers.push(of_node);
    }
    Some((nodes, peers))
}

async fn pull_all(nodes: &[Node], peers: &[Vec<Peer>]) -> u64 {
    let mut requests = 0;
    for (node, peers) in nodes.iter().zip(peers) {
        for peer in peers {
            requests += node.pull(peer).await.requests;
        }
    }
    requests
}

async fn a_mesh(on: On) {
    let Some((nodes, peers)) = mesh(on, 4).await else { return };
    for (number, node) in nodes.iter().enumerate() {
        node.app.import(club(number, 0).to_string()).await;
    }
    pull_all(&nodes, &peers).await;
    let all: Vec<String> = (0..4).map(|node| format!("Club 0 of {node}")).collect();
    let mut before = Vec::new();
    for node in &nodes {
        assert_eq!(node.services().await, all);
        before.push(node.everything().await);
    }
    for round in 0..5 {
        let requests = pull_all(&nodes, &peers).await;
        assert_eq!(requests, 12, "round {round}: one for each that is followed");
    }
    for (node, before) in nodes.iter().zip(before) {
        assert_eq!(node.everything().await, before);
    }
    for node in nodes {
        node.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_39_a_mesh_neither_grows_nor_echoes_on_sqlite() {
    Box::pin(a_mesh(On::Sqlite)).await;
}
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_39_a_mesh_neither_grows_nor_echoes_on_postgres() {
    Box::pin(a_mesh(On::Postgres)).await;
}

/// Something that happens at a directory.
#[derive(Clone, Copy, Debug)]
enum Happens {
    Save(usize, usize),
    Rename(usize, usize),
    Withdraw(usize, usize),
    Pull(usize),
    RotateKey(usize),
    BackUp(usize),
    Restore(usize),
    ClockJumps(usize, i64),
}

const NODES: usize = 3;

fn happenings() -> impl Strategy<Value = Vec<Happens>> {
    let (node, number) = (0..NODES, 0..4_usize);
    let one = prop_oneof![
        4 => (node.clone(), number.clone()).prop_map(|(node, number)| Happens::Save(node, number)),
        3 => (node.clone(), number.clone()).prop_map(|(node, number)| Happens::Rename(node, number)),
        2 => (node.clone(), number).prop_map(|(node, number)| Happens::Withdraw(node, number)),
        5 => node.clone().prop_map(Happens::Pull),
        1 => node.clone().prop_map(Happens::RotateKey),
        1 => node.clone().prop_map(Happens::BackUp),
        1 => node.clone().prop_map(Happens::Restore),
        1 => (node, -3_i64..30).prop_map(|(node, hours)| Happens::ClockJumps(node, hours)),
    ];
    prop::collection::vec(one, 5..25)
}

/// What each directory should have of its own: names by number, or nothing for what was withdrawn. An import
/// brings nothing back and leaves new names alone. A restore goes back to the backup.
type Own = BTreeMap<usize, Option<String>>;

fn is_shown(own: &Own, number: usize) -> bool {
    matches!(own.get(&number), Some(Some(_)))
}

async fn happen(nodes: &mut [Node], peers: &[Vec<Peer>], own: &mut [Own], kept: &mut [Option<Own>], what: Happens, step: usize) {
    match what {
        Happens::Save(node, number) => {
            nodes[node].app.import(club(node, number).to_string()).await;
            own[node].entry(number).or_insert_with(|| Some(format!("Club {number} of {node}")));
        }
        Happens::Rename(node, number) if is_shown(&own[node], number) => {
            let name = format!("Renamed at {step}");
            let renamed = name.clone();
            nodes[node]
                .app
                .edit(id(&format!("club {number} of {node}")), move |document| {
                    if let Document::Service(service) = document {
                        service.name = renamed;
                    }
                })
                .await;
            own[node].insert(number, Some(name));
        }
        Happens::Withdraw(node, number) if is_shown(&own[node], number) => {
            nodes[node].app.withdraw(id(&format!("club {number} of {node}")), "closed").await;
            own[node].insert(number, None);
        }
        Happens::Pull(node) => {
            for peer in &peers[node] {
                nodes[node].pull(peer).await;
            }
        }
        Happens::RotateKey(node) => {
            safekeeping::rotate_keys(&nodes[node].app.app().records, false).await.unwrap();
        }
        Happens::BackUp(node) => {
            let file = nodes[node].app.folder.path().join("backup");
            let _ = std::fs::remove_file(&file);
            safekeeping::backup(&nodes[node].app.app().records, &file).await.unwrap();
            kept[node] = Some(own[node].clone());
        }
        Happens::Restore(node) => {
            if let Some(before) = kept[node].clone() {
                let app = nodes[node].app.app();
                let file = nodes[node].app.folder.path().join("backup");
                safekeeping::restore(&app.records, &file, nodes[node].app.folder.path()).await.unwrap();
                nodes[node].harvester().start_over().await.unwrap();
                nodes[node].app.follow().await;
                own[node] = before;
            }
        }
        Happens::ClockJumps(node, hours) => {
            let clock = &nodes[node].app.clock;
            clock.set(clock.now() + chrono::Duration::hours(hours));
        }
        Happens::Rename(..) | Happens::Withdraw(..) => {}
    }
}

async fn converges(sequence: Vec<Happens>) {
    let (mut nodes, peers) = mesh(On::Sqlite, NODES).await.unwrap();
    let mut own = vec![Own::new(); NODES];
    let mut kept = vec![None; NODES];
    for (step, what) in sequence.into_iter().enumerate() {
        happen(&mut nodes, &peers, &mut own, &mut kept, what, step).await;
    }
    // Everybody looks twice, and an officer agrees to what waits.
    for _ in 0..2 {
        pull_all(&nodes, &peers).await;
        for (node, peers) in nodes.iter().zip(&peers) {
            for peer in peers {
                node.harvester().release_peer(&peer.id.to_string()).await.unwrap();
            }
            node.app.follow().await;
        }
    }
    let mut wanted: Vec<String> = own.iter().flat_map(|own| own.values().flatten().cloned()).collect();
    wanted.sort_unstable();
    for node in &nodes {
        assert_eq!(node.services().await, wanted);
        let organizations = node.app.app().records.by_kind(Kind::Organization, None, 100).await.unwrap();
        assert!(organizations.len() <= NODES);
    }
    for node in nodes {
        node.end().await;
    }
}

/// Whatever happens in whatever order, in the end everybody has what the origins have.
#[test]
fn whatever_happens_all_directories_end_up_with_the_same() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let config = Config { cases: 8, max_shrink_iters: 20, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&happenings(), |sequence| {
            runtime.block_on(converges(sequence));
            Ok(())
        })
        .unwrap();
}
