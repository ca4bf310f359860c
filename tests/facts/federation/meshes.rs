//! Several directories that follow each other every which way.

use std::{collections::BTreeMap, time::Duration};

use fingerpost::{
    federation::peers::{self, Peer, PeerState, Trust},
    model::{Document, Kind},
    published,
    records::State,
    safekeeping,
};
use futures_util::future::join_all;
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};

use super::super::id;
use crate::support::{On, network::Node};

fn holder(node: usize) -> Value {
    json!({"id": id(&format!("holder {node}")), "name": format!("Holder {node}"), "description": "Holds clubs."})
}

fn club(node: usize, number: usize) -> Value {
    json!({
        "id": id(&format!("club {number} of {node}")), "name": format!("Club {number} of {node}"), "status": "active", "description": "A club.",
        "organization": holder(node),
        "service_at_locations": [{"id": id(&format!("club {number} at the hall of {node}")), "location": {
            "id": id(&format!("hall of {node}")), "location_type": "physical", "name": format!("Hall of {node}"), "latitude": 51.9, "longitude": -0.4
        }}]
    })
}

/// A talk, and who holds it, as two lines.
fn talk(node: usize, number: usize) -> String {
    let event = json!({
        "id": id(&format!("talk {number} of {node}")), "organization_id": id(&format!("holder {node}")), "name": format!("Talk {number} of {node}"),
        "status": "scheduled", "timezone": "Europe/London", "start": "2027-06-01T12:00:00", "end": "2027-06-01T13:00:00"
    });
    format!("{}\n{}\n", json!({"kind": "organization", "document": holder(node)}), json!({"kind": "event", "document": event}))
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

/// Everybody pulls from everybody. How many requests that took.
async fn pull_all(nodes: &[Node], peers: &[Vec<Peer>]) -> u64 {
    let pulls = nodes.iter().zip(peers).map(|(node, peers)| async move {
        let mut requests = 0;
        for peer in peers {
            requests += node.harvester().pull(peer.id, |_| {}).await.unwrap().requests;
        }
        node.app.follow().await;
        requests
    });
    join_all(pulls).await.into_iter().sum()
}

async fn a_mesh(on: On, many: usize, rounds: usize) {
    let Some((nodes, peers)) = mesh(on, many).await else { return };
    for (number, node) in nodes.iter().enumerate() {
        node.app.import(club(number, 0).to_string()).await;
    }
    pull_all(&nodes, &peers).await;
    let all: Vec<String> = (0..many).map(|node| format!("Club 0 of {node}")).collect();
    let mut before = Vec::new();
    for node in &nodes {
        assert_eq!(node.services().await, all);
        before.push(node.everything().await);
    }
    for round in 0..rounds {
        let requests = usize::try_from(pull_all(&nodes, &peers).await).unwrap();
        assert_eq!(requests, many * (many - 1), "round {round}: one for each that is followed");
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
    Box::pin(a_mesh(On::Sqlite, 10, 50)).await;
}
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_39_a_mesh_neither_grows_nor_echoes_on_postgres() {
    Box::pin(a_mesh(On::Postgres, 4, 5)).await;
}

/// Something that happens at a directory.
#[derive(Clone, Copy, Debug)]
enum Happens {
    Save(usize, usize),
    Announce(usize, usize),
    Rename(usize, usize),
    Withdraw(usize, What),
    Pull(usize),
    PullTogether(usize),
    /// A pull ends after so many microseconds, wherever it is.
    Crash(usize, u64),
    RotateKey(usize),
    BackUp(usize),
    Restore(usize),
    ClockJumps(usize, i64),
}

/// What a directory may withdraw.
#[derive(Clone, Copy, Debug)]
enum What {
    Club(usize),
    Talk(usize),
    Hall,
    Holder,
}

/// So many directories at most, and what happens.
fn happenings() -> impl Strategy<Value = (usize, Vec<Happens>)> {
    let (node, number) = (0..5_usize, 0..4_usize);
    let what = prop_oneof![
        6 => number.clone().prop_map(What::Club),
        3 => number.clone().prop_map(What::Talk),
        2 => Just(What::Hall),
        1 => Just(What::Holder),
    ];
    let one = prop_oneof![
        4 => (node.clone(), number.clone()).prop_map(|(node, number)| Happens::Save(node, number)),
        2 => (node.clone(), number.clone()).prop_map(|(node, number)| Happens::Announce(node, number)),
        3 => (node.clone(), number).prop_map(|(node, number)| Happens::Rename(node, number)),
        2 => (node.clone(), what).prop_map(|(node, what)| Happens::Withdraw(node, what)),
        4 => node.clone().prop_map(Happens::Pull),
        1 => node.clone().prop_map(Happens::PullTogether),
        3 => (node.clone(), 0..40_000_u64).prop_map(|(node, after)| Happens::Crash(node, after)),
        1 => node.clone().prop_map(Happens::RotateKey),
        1 => node.clone().prop_map(Happens::BackUp),
        1 => node.clone().prop_map(Happens::Restore),
        1 => (node, -3_i64..30).prop_map(|(node, hours)| Happens::ClockJumps(node, hours)),
    ];
    (3..=5_usize, prop::collection::vec(one, 5..30))
}

/// What each directory should have of its own: names by number, or nothing for what was withdrawn. An import
/// brings nothing back and leaves new names alone. A restore goes back to the backup.
#[derive(Clone, Debug, Default)]
struct Own {
    clubs: BTreeMap<usize, Option<String>>,
    /// Whether whoever holds the clubs has been withdrawn, and they with it.
    is_closed: bool,
}

impl Own {
    fn is_there(&self, number: usize) -> bool {
        matches!(self.clubs.get(&number), Some(Some(_)))
    }

    fn shown(&self) -> impl Iterator<Item = &String> {
        self.clubs.values().flatten().filter(|_| !self.is_closed)
    }
}

/// Everything that is going on.
struct World {
    nodes: Vec<Node>,
    peers: Vec<Vec<Peer>>,
    own: Vec<Own>,
    kept: Vec<Option<Own>>,
}

impl World {
    async fn happen(&mut self, what: Happens, step: usize) {
        let many = self.nodes.len();
        match what {
            Happens::Save(node, number) => self.save(node % many, number).await,
            Happens::Announce(node, number) => self.announce(node % many, number).await,
            Happens::Rename(node, number) => self.rename(node % many, number, format!("Renamed at {step}")).await,
            Happens::Withdraw(node, what) => self.withdraw(node % many, what).await,
            Happens::Pull(node) => {
                for peer in &self.peers[node % many] {
                    self.nodes[node % many].pull(peer).await;
                }
            }
            Happens::PullTogether(node) => {
                let harvester = self.nodes[node % many].harvester();
                // Twice from each, all at once: of two that pull from one peer, one has the lease.
                let twice = self.peers[node % many].iter().chain(&self.peers[node % many]);
                join_all(twice.map(|peer| harvester.pull(peer.id, |_| {}))).await;
            }
            Happens::Crash(node, after) => {
                let harvester = self.nodes[node % many].harvester();
                for peer in &self.peers[node % many] {
                    drop(tokio::time::timeout(Duration::from_micros(after), harvester.pull(peer.id, |_| {})).await);
                }
                // Whoever died still has the lease for a minute.
                self.clock_jumps(node % many, chrono::TimeDelta::minutes(2));
            }
            Happens::RotateKey(node) => {
                safekeeping::rotate_keys(&self.nodes[node % many].app.app().records, false).await.unwrap();
            }
            Happens::BackUp(node) => self.back_up(node % many).await,
            Happens::Restore(node) => self.restore(node % many).await,
            Happens::ClockJumps(node, hours) => self.clock_jumps(node % many, chrono::TimeDelta::hours(hours)),
        }
    }

    async fn save(&mut self, node: usize, number: usize) {
        self.nodes[node].app.import(club(node, number).to_string()).await;
        self.own[node].clubs.entry(number).or_insert_with(|| Some(format!("Club {number} of {node}")));
    }

    /// Whoever holds the talk and was withdrawn stays so.
    async fn announce(&mut self, node: usize, number: usize) {
        self.nodes[node].app.import(talk(node, number)).await;
    }

    async fn rename(&mut self, node: usize, number: usize, name: String) {
        if !self.own[node].is_there(number) {
            return;
        }
        let renamed = name.clone();
        let club = id(&format!("club {number} of {node}"));
        self.nodes[node]
            .app
            .edit(club, move |document| {
                if let Document::Service(service) = document {
                    service.name = renamed;
                }
            })
            .await;
        self.own[node].clubs.insert(number, Some(name));
    }

    async fn withdraw(&mut self, node: usize, what: What) {
        let app = &self.nodes[node].app;
        let which = match what {
            What::Club(number) => id(&format!("club {number} of {node}")),
            What::Talk(number) => id(&format!("talk {number} of {node}")),
            What::Hall => id(&format!("hall of {node}")),
            What::Holder => id(&format!("holder {node}")),
        };
        let stands = app.app().records.find(which).await.unwrap().is_some_and(|stored| stored.state == State::Published);
        if !stands {
            return;
        }
        app.withdraw(which, "closed").await;
        match what {
            What::Club(number) => drop(self.own[node].clubs.insert(number, None)),
            What::Holder => self.own[node].is_closed = true,
            What::Talk(_) | What::Hall => {}
        }
    }

    async fn back_up(&mut self, node: usize) {
        let file = self.nodes[node].app.folder.path().join("backup");
        let _ = std::fs::remove_file(&file);
        safekeeping::backup(&self.nodes[node].app.app().records, &file).await.unwrap();
        self.kept[node] = Some(self.own[node].clone());
    }

    async fn restore(&mut self, node: usize) {
        let Some(before) = self.kept[node].clone() else { return };
        let here = &self.nodes[node];
        let file = here.app.folder.path().join("backup");
        safekeeping::restore(&here.app.app().records, &file, here.app.folder.path()).await.unwrap();
        here.harvester().start_over().await.unwrap();
        here.app.follow().await;
        self.own[node] = before;
    }

    fn clock_jumps(&self, node: usize, by: chrono::TimeDelta) {
        let clock = &self.nodes[node].app.clock;
        clock.set(clock.now() + by);
    }

    /// What waits for an officer, anywhere.
    async fn waiting(&self) -> Vec<String> {
        let mut waiting = Vec::new();
        for (node, peers) in self.nodes.iter().zip(&self.peers) {
            for peer in peers {
                let held = peers::held(&node.app.app().db, peer.id).await.unwrap();
                let now = node.peer(peer).await;
                if now.state != PeerState::Following || !held.is_empty() {
                    waiting.push(format!("{} of {}: {:?} {:?} {held:?}", now.name, node.url, now.state, now.report));
                }
            }
        }
        waiting
    }
}

/// Kinds and names of what a directory publishes: of its own, or everything.
async fn names(node: &Node, only_own: bool) -> Vec<(&'static str, String)> {
    let mut names = Vec::new();
    for kind in [Kind::Organization, Kind::Location, Kind::Service, Kind::Event] {
        let rows = published::by_kind(&node.app.app().db, kind, None, 10_000).await.unwrap();
        let rows = rows.into_iter().filter(|row| row.live && row.derived_from.is_none());
        for row in rows.filter(|row| !only_own || row.origin.is_empty()) {
            let document: Value = serde_json::from_str(&row.full).unwrap();
            names.push((kind.as_str(), document["name"].as_str().unwrap().to_owned()));
        }
    }
    names.sort_unstable();
    names
}

/// Whether a person has to look at what comes of this: something goes, or a directory goes back in time.
fn needs_an_officer(what: &Happens) -> bool {
    matches!(what, Happens::Withdraw(..) | Happens::Restore(_))
}

async fn converges(on: On, many: usize, sequence: Vec<Happens>) {
    let Some((nodes, peers)) = mesh(on, many).await else { return };
    let mut world = World { nodes, peers, own: vec![Own::default(); many], kept: vec![None; many] };
    for (step, what) in sequence.iter().enumerate() {
        world.happen(*what, step).await;
    }
    // Everybody looks twice, and an officer agrees to what waits.
    for _ in 0..2 {
        pull_all(&world.nodes, &world.peers).await;
        if !sequence.iter().any(needs_an_officer) {
            assert_eq!(world.waiting().await, [""; 0], "there is nothing that anybody has to decide");
            continue;
        }
        for (node, peers) in world.nodes.iter().zip(&world.peers) {
            for peer in peers {
                node.harvester().release_peer(&peer.id.to_string()).await.unwrap();
            }
            node.app.follow().await;
        }
    }
    let mut clubs: Vec<String> = world.own.iter().flat_map(Own::shown).cloned().collect();
    clubs.sort_unstable();
    let mut all = Vec::new();
    for node in &world.nodes {
        all.extend(names(node, true).await);
    }
    all.sort_unstable();
    let served: Vec<&String> = all.iter().filter(|(kind, _)| *kind == "service").map(|(_, name)| name).collect();
    assert_eq!(served, clubs.iter().collect::<Vec<_>>(), "the origins have what they should");
    for node in &world.nodes {
        assert_eq!(names(node, false).await, all, "and everybody has that");
    }
    for node in world.nodes {
        node.end().await;
    }
}

fn whatever_happens(on: On, cases: u32) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let config = Config { cases, max_shrink_iters: 20, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&happenings(), |(many, sequence)| {
            runtime.block_on(converges(on, many, sequence));
            Ok(())
        })
        .unwrap();
}

/// Whatever happens in whatever order, in the end everybody has what the origins have.
#[test]
fn whatever_happens_all_directories_end_up_with_the_same_on_sqlite() {
    whatever_happens(On::Sqlite, 20);
}
#[test]
fn whatever_happens_all_directories_end_up_with_the_same_on_postgres() {
    whatever_happens(On::Postgres, 4);
}
