//! Aggregators: directories that pass on what others have signed, and those that follow them.

mod later;

use fingerpost::{
    federation::{
        neighbours::Wanted,
        peers::{self, Outcome, Peer, Report, Trust},
    },
    model::Kind,
};
use serde_json::{Value, json};

use super::{
    super::{id, pantry},
    local, rename,
};
use crate::support::{
    On,
    liar::{self, Liar},
    network::{Node, fact_between, fact_of_three},
};

fn club(name: &str) -> Value {
    json!({
        "id": id(name), "name": name, "status": "active", "description": "A club.",
        "organization": {"id": id(&format!("{name}'s holder")), "name": format!("Holder of {name}"), "description": "Holds clubs."}
    })
}

fn left_out(report: &Report, why: &str) -> u64 {
    report.left_out.get(why).copied().unwrap_or(0)
}

/// Everything that an aggregator passes on.
async fn passed_on(hub: &Node) -> Vec<Value> {
    let page = hub.app.get("/federation/v1/changes?scope=all").await;
    assert_eq!(page.status, 200, "{}", page.text());
    page.json()["items"].as_array().unwrap().iter().filter(|item| item.get("via").is_some()).cloned().collect()
}

fact_of_three! {
    async fn nothing_is_passed_on_unless_somebody_has_decided_so(origin, hub, here) {
        origin.app.import(pantry().to_string()).await;
        let peer = here.follows(&origin.url, Trust::Auto).await;
        here.pull(&peer).await;
        assert_eq!(here.app.get("/federation/v1/changes?scope=all").await.status, 400);
        let feeds = here.app.get("/.well-known/open-directory").await.json()["feeds"].clone();
        assert_eq!(feeds.as_array().unwrap().len(), 1, "{feeds}");
        let feeds = hub.app.get("/.well-known/open-directory").await.json()["feeds"].clone();
        assert_eq!((&feeds[0]["scope"], &feeds[1]["scope"]), (&json!("own"), &json!("all")));
        // Whoever follows one that passes nothing on cannot ask for it.
        let wanted = Wanted { relayed: Some(true), ..Wanted::default() };
        let refused = here.harvester().scope_peer(&peer.id.to_string(), wanted).await.unwrap_err();
        assert!(refused.to_string().contains("does not pass on"), "{refused}");
    }
}

fact_of_three! {
    async fn case_17_a_relayed_record_with_a_good_signature_of_its_origin_is_taken_and_says_how_it_came(origin, hub, here) {
        origin.app.import(pantry().to_string()).await;
        hub.app.import(club("Hub club").to_string()).await;
        let of_origin = hub.follows(&origin.url, Trust::Auto).await;
        hub.pull(&of_origin).await;
        let own = hub.app.get("/federation/v1/changes").await.text();
        assert!(!own.contains("Meadow larder"), "the feed of its own records holds nothing else");
        let theirs: Vec<Value> = origin.app.get("/federation/v1/changes").await.json()["items"].as_array().unwrap().clone();
        let passed = passed_on(&hub).await;
        assert_eq!(passed.len(), theirs.len());
        for item in &passed {
            let there = theirs.iter().find(|there| there["fed"] == item["fed"]).expect("the statement is that of the origin");
            assert_eq!(there["data"], item["data"], "and so is the content");
            assert_eq!((&item["via"][0]["origin"], &item["via"][0]["seq"]), (&json!(hub.url), &item["modified"]));
        }
        let peer = here.follows_all_of(&hub.url).await;
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.quarantined, report.error.clone()), (Outcome::Ok, 0, None), "{report:?}");
        assert_eq!(here.services().await, ["Hub club", "Meadow larder"]);
        let service = here.app.get(&format!("/services/{}", local(&origin, "service", "pantry"))).await.json();
        let provenance = &service["provenance"];
        assert_eq!((&provenance["origin"], &provenance["source"]), (&json!(origin.url), &json!("Luton")));
        assert_eq!((&provenance["via"], &provenance["evidence"]), (&json!("Bedfordshire"), &json!("signed")));
        assert_eq!(service["contacts"][0]["email"], "desk@lark-hill.example.org", "what its origin publishes is published");
        let page = here.app.page(&format!("/directory/services/{}", local(&origin, "service", "pantry"))).await.text();
        assert!(page.contains("through Bedfordshire"), "{page}");
        // What changes and goes at the origin goes the same way, and nothing new costs one request.
        rename(&origin, "pantry", "Meadow larder, Tuesdays").await;
        hub.pull(&of_origin).await;
        here.pull(&peer).await;
        assert_eq!(here.services().await, ["Hub club", "Meadow larder, Tuesdays"]);
        origin.app.withdraw(id("pantry"), "closed for good").await;
        hub.pull(&of_origin).await;
        let report = here.pull(&peer).await;
        assert_eq!((here.services().await, report.deleted), (vec!["Hub club".to_owned()], 2));
        let before = here.state(&peer).await;
        let quiet = here.pull(&peer).await;
        assert_eq!((quiet.requests, quiet.not_modified), (1, 1), "{quiet:?}");
        assert_eq!(here.state(&peer).await, before);
        // Following it no more takes out what it passed on, and nothing else.
        assert!(here.harvester().remove_peer("Bedfordshire").await.unwrap() > 0);
        here.app.follow().await;
        assert_eq!(here.services().await, Vec::<String>::new());
    }
}

/// A liar that passes on what another one tells; the peer at `here` that is asked for it.
async fn a_relay(here: &Node, origin: &Liar, tampers: impl Fn(&mut Value)) -> (Liar, Peer) {
    let relay = Liar::start().await;
    for mut item in origin.items() {
        tampers(&mut item);
        relay.pass_on(&item, Vec::new());
    }
    let peer = here.follows_all_of(&relay.url()).await;
    (relay, peer)
}

async fn what_is_tampered_with_on_the_way_is_not_taken(on: On) {
    let Some(here) = Node::start(on, "Here").await else { return };
    let origin = Liar::start().await;
    origin.tell_services(3);
    for (tampers, code) in [
        (&(|item: &mut Value| item["data"]["name"] = json!("Forged")) as &dyn Fn(&mut Value), "hash-mismatch"),
        (&|item: &mut Value| item["fed"]["sig"] = json!("AAAA"), "bad-signature"),
        (&|item: &mut Value| item["fed"]["rev"] = json!(liar::BEGAN + 1_000), "bad-signature"),
    ] {
        let (relay, peer) = a_relay(&here, &origin, tampers).await;
        let before = here.everything().await;
        let report = here.pull(&peer).await;
        assert_eq!(report.created, 0, "{code}: {report:?}");
        assert_eq!(peers::quarantined_by_code(&here.app.app().db, peer.id).await.unwrap(), [(code.to_owned(), 4)]);
        assert_eq!(here.everything().await, before);
        here.harvester().remove_peer(relay.url().as_str()).await.unwrap();
    }
    let (_relay, peer) = a_relay(&here, &origin, |_| {}).await;
    assert_eq!(here.pull(&peer).await.created, 4);
    here.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_16_what_is_tampered_with_on_the_way_is_not_taken_on_sqlite() {
    Box::pin(what_is_tampered_with_on_the_way_is_not_taken(On::Sqlite)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_16_what_is_tampered_with_on_the_way_is_not_taken_on_postgres() {
    Box::pin(what_is_tampered_with_on_the_way_is_not_taken(On::Postgres)).await;
}

async fn an_older_version_by_way_of_a_relay_is_not_taken(on: On) {
    let Some(here) = Node::start(on, "Here").await else { return };
    let origin = Liar::start().await;
    origin.tell_services(1);
    let old = origin.items();
    let (relay, peer) = a_relay(&here, &origin, |_| {}).await;
    here.pull(&peer).await;
    let mut renamed = liar::service(0);
    renamed["name"] = json!("Club 7");
    origin.tell(Kind::Service, liar::id("service 0"), Some(renamed));
    relay.pass_on(origin.items().last().unwrap(), Vec::new());
    here.pull(&peer).await;
    assert_eq!(here.services().await, ["Club 7"]);
    // It says that it begins anew, and tells what its origin said before.
    relay.edit(|told| told.retain(|told| told.kind != Kind::Service));
    for item in &old {
        relay.pass_on(item, Vec::new());
    }
    relay.new_epoch("second", liar::BEGAN + 1_000_000);
    let report = here.pull(&peer).await;
    assert_eq!((here.services().await, left_out(&report, "older")), (vec!["Club 7".to_owned()], 1), "{report:?}");
    here.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_19_an_older_version_by_way_of_a_relay_is_not_taken_on_sqlite() {
    Box::pin(an_older_version_by_way_of_a_relay_is_not_taken(On::Sqlite)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_19_an_older_version_by_way_of_a_relay_is_not_taken_on_postgres() {
    Box::pin(an_older_version_by_way_of_a_relay_is_not_taken(On::Postgres)).await;
}

fact_of_three! {
    async fn case_40_what_is_followed_directly_and_comes_by_way_of_an_aggregator_is_there_once_and_direct_wins(origin, hub, here) {
        let Some(other) = Node::start(origin.app.on, "Other").await else { return };
        origin.app.import(club("Luton club").to_string()).await;
        other.app.import(club("Other club").to_string()).await;
        let at_hub = [hub.follows(&origin.url, Trust::Auto).await, hub.follows(&other.url, Trust::Auto).await];
        for peer in &at_hub {
            hub.pull(peer).await;
        }
        // By way of the aggregator first, then directly as well.
        let of_hub = here.follows_all_of(&hub.url).await;
        here.pull(&of_hub).await;
        let both = vec!["Luton club".to_owned(), "Other club".to_owned()];
        assert_eq!(here.services().await, both);
        let of_other = here.follows(&other.url, Trust::Auto).await;
        here.pull(&of_other).await;
        assert_eq!(here.services().await, both, "one copy");
        let service = here.app.get(&format!("/services/{}", local(&other, "service", "Other club"))).await.json();
        assert_eq!(service["provenance"].get("via"), None, "{service}");
        assert_eq!(peers::numbers(&here.app.app().db, of_other.id, crate::support::noon(), crate::support::noon()).await.unwrap().live, 2);
        assert_eq!(peers::numbers(&here.app.app().db, of_hub.id, crate::support::noon(), crate::support::noon()).await.unwrap().live, 2);
        // A change is there first by way of the aggregator, and is taken from its origin.
        rename(&other, "Other club", "Renamed").await;
        hub.pull(&at_hub[1]).await;
        let report = here.pull(&of_hub).await;
        assert_eq!((here.services().await, left_out(&report, "direct")), (both.clone(), 1), "{report:?}");
        here.pull(&of_other).await;
        let after = vec!["Luton club".to_owned(), "Renamed".to_owned()];
        assert_eq!(here.services().await, after);
        let before = here.everything().await;
        for _ in 0..3 {
            here.pull(&of_hub).await;
            here.pull(&of_other).await;
        }
        assert_eq!(here.everything().await, before);
        // An officer who holds it is not got around.
        here.harvester().hold_peer(&of_other.id.to_string()).await.unwrap();
        rename(&other, "Other club", "Held back").await;
        hub.pull(&at_hub[1]).await;
        here.pull(&of_hub).await;
        assert_eq!(here.services().await, after);
        // Without the direct way it comes by the other one again.
        here.harvester().remove_peer(&of_other.id.to_string()).await.unwrap();
        here.pull(&of_hub).await;
        assert_eq!(here.services().await, ["Held back", "Luton club"]);
        other.end().await;
    }
}

async fn what_came_too_far_or_through_ourselves(on: On) {
    let Some(here) = Node::start(on, "Here").await else { return };
    let (origin, relay, between) = (Liar::start().await, Liar::start().await, Liar::start().await);
    origin.tell_services(2);
    let hop = |of: &Value| between.hop(of["fed"]["sig"].as_str().unwrap());
    let ours = |of: &Value| {
        let mut hop = hop(of);
        hop["origin"] = json!(here.url);
        hop
    };
    let items = origin.items();
    // The holder comes from nearby, the one service too far, the other through ourselves.
    relay.pass_on(&items[0], vec![hop(&items[0]), hop(&items[0]), hop(&items[0])]);
    relay.pass_on(&items[1], vec![hop(&items[1]), hop(&items[1]), hop(&items[1]), hop(&items[1])]);
    relay.pass_on(&items[2], vec![ours(&items[2])]);
    let peer = here.follows_all_of(&relay.url()).await;
    let report = here.pull(&peer).await;
    assert_eq!((report.outcome, report.created, report.quarantined), (Outcome::Ok, 1, 0), "{report:?}");
    assert_eq!((left_out(&report, "too-far"), left_out(&report, "looped")), (1, 1));
    assert_eq!(here.services().await, Vec::<String>::new());
    // Nor through one that is not the peer, or that has not signed it.
    relay.twist(|_, mut page| {
        for item in page["items"].as_array_mut().into_iter().flatten() {
            if let Some(last) = item["via"].as_array_mut().and_then(|via| via.last_mut()) {
                last["seq"] = json!(1);
            }
        }
        crate::support::peer::Reply::json(page.to_string())
    });
    relay.pass_on(&items[1], Vec::new());
    let report = here.pull(&peer).await;
    assert_eq!((left_out(&report, "bad-hop"), report.created), (1, 0), "{report:?}");
    relay.repent();
    relay.pass_on(&items[1], Vec::new());
    assert_eq!(here.pull(&peer).await.created, 1);
    here.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_41_what_came_too_far_or_through_ourselves_is_left_out_on_sqlite() {
    Box::pin(what_came_too_far_or_through_ourselves(On::Sqlite)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_41_what_came_too_far_or_through_ourselves_is_left_out_on_postgres() {
    Box::pin(what_came_too_far_or_through_ourselves(On::Postgres)).await;
}

/// Aggregators that all follow each other and pass everything on; only the first one follows the origin.
async fn rings_of_aggregators(on: On) {
    let Some(origin) = Node::start(on, "Luton").await else { return };
    origin.app.import(pantry().to_string()).await;
    let mut hubs = Vec::new();
    for name in ["First", "Second", "Third"] {
        let hub = Node::aggregator(on, name).await.unwrap();
        hub.app.import(club(&format!("Club of {name}")).to_string()).await;
        hubs.push(hub);
    }
    let direct = hubs[0].follows(&origin.url, Trust::Auto).await;
    let mut peers = Vec::new();
    for at in 0..3 {
        // In both directions, so that there are two ways from everybody to everybody.
        for other in [(at + 1) % 3, (at + 2) % 3] {
            peers.push((at, hubs[at].follows_all_of(&hubs[other].url).await));
        }
    }
    let (mut settled, mut feeds) = (Vec::new(), Vec::new());
    for round in 0..12 {
        hubs[0].pull(&direct).await;
        let mut requests = 0;
        for (at, peer) in &peers {
            let report = hubs[*at].pull(peer).await;
            assert_eq!((report.outcome, report.quarantined), (Outcome::Ok, 0), "round {round}: {report:?}");
            requests += report.requests;
        }
        if round < 6 {
            continue;
        }
        assert_eq!(requests, 6, "round {round}: one for each that is followed");
        let mut now = Vec::new();
        let mut told = Vec::new();
        for hub in &hubs {
            assert_eq!(hub.services().await, ["Club of First", "Club of Second", "Club of Third", "Meadow larder"]);
            now.push(hub.everything().await);
            told.push(hub.app.get("/federation/v1/changes?scope=all").await.body);
        }
        if round == 6 {
            (settled, feeds) = (now, told);
        } else {
            assert_eq!((&now, &told), (&settled, &feeds), "round {round}: nothing moves any more");
        }
    }
    origin.end().await;
    for hub in hubs {
        hub.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_39_aggregators_in_rings_neither_grow_nor_echo_on_sqlite() {
    Box::pin(rings_of_aggregators(On::Sqlite)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_39_aggregators_in_rings_neither_grow_nor_echo_on_postgres() {
    Box::pin(rings_of_aggregators(On::Postgres)).await;
}

async fn a_stricter_aggregator(on: On) {
    let strict = [("FINGERPOST_AGGREGATOR", "yes"), ("FINGERPOST_WITHHELD_CATEGORIES", "Affordable food")];
    let Some(origin) = Node::start(on, "Luton").await else { return };
    let hub = Node::start_with(on, "Bedfordshire", &strict).await.unwrap();
    let here = Node::start(on, "Here").await.unwrap();
    origin.app.import(pantry().to_string()).await;
    let of_origin = hub.follows(&origin.url, Trust::Auto).await;
    hub.pull(&of_origin).await;
    let told = hub.app.get("/federation/v1/changes?scope=all").await.text();
    assert!(!told.contains("Gorse Close") && !told.contains("51.9163"), "{told}");
    let peer = here.follows_all_of(&hub.url).await;
    here.pull(&peer).await;
    let all = here.everything().await.join("\n");
    assert!(all.contains("Lark Hill Community Pantry") && !all.contains("Gorse"), "{all}");
    for node in [origin, hub, here] {
        node.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_aggregator_keeps_secret_it_does_not_pass_on_either_on_sqlite() {
    Box::pin(a_stricter_aggregator(On::Sqlite)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_aggregator_keeps_secret_it_does_not_pass_on_either_on_postgres() {
    Box::pin(a_stricter_aggregator(On::Postgres)).await;
}

/// An organisation and so many services of it, which say of it what it says of itself: of any other, the aggregator shows
/// less than they tell, and does not pass them on.
fn tell_as_one(liar: &Liar, many: usize) {
    liar.tell(Kind::Organization, liar::id("holder"), Some(liar::organization()));
    for number in 0..many {
        let mut service = liar::service(number);
        service["organization"] = liar::organization();
        liar.tell(Kind::Service, liar::id(&format!("service {number}")), Some(service));
    }
}

fact_between! {
    async fn a_service_that_says_otherwise_of_its_organisation_than_that_itself_is_not_passed_on(
        hub = |on| Node::aggregator(on, "Bedfordshire"),
        here = |on| Node::start(on, "Here");
        origin = Liar::start()
    ) {
        tell_as_one(&origin, 2);
        let mut other = liar::service(1);
        other["organization"]["description"] = json!("Only of this service is that said.");
        origin.tell(Kind::Service, liar::id("service 1"), Some(other));
        let of_origin = hub.follows(&origin.url(), Trust::Auto).await;
        hub.pull(&of_origin).await;
        let peer = here.follows_all_of(&hub.url).await;
        here.pull(&peer).await;
        assert_eq!((hub.services().await, here.services().await), (vec!["Club 0".to_owned(), "Club 1".to_owned()], vec!["Club 0".to_owned()]));
        assert!(!hub.app.get("/federation/v1/changes?scope=all").await.text().contains("Only of this service"));
        // As soon as both say the same, it is passed on.
        let mut same = liar::service(1);
        same["organization"] = liar::organization();
        origin.tell(Kind::Service, liar::id("service 1"), Some(same));
        hub.pull(&of_origin).await;
        here.pull(&peer).await;
        assert_eq!(here.services().await, ["Club 0", "Club 1"]);
    }
}

async fn fixtures_are_passed_on(on: On) {
    let Some(origin) = Node::start(on, "Luton").await else { return };
    let hub = Node::aggregator(on, "Bedfordshire").await.unwrap();
    origin.app.fixtures().await;
    let of_origin = hub.follows(&origin.url, Trust::Auto).await;
    hub.pull(&of_origin).await;
    let (mut next, mut passed, mut left) = ("/federation/v1/changes?scope=all".to_owned(), 0, Vec::new());
    loop {
        let page = hub.app.get(&next).await.json();
        let items = page["items"].as_array().unwrap().clone();
        if items.is_empty() {
            break;
        }
        for item in items {
            if item.get("fed").is_some() { passed += 1 } else { left.push(item) }
        }
        next = page["next"].as_str().unwrap().replace(hub.url.as_str(), "/");
    }
    // What we tell less of than its origin does, such as where a refuge's sessions are, is not passed on,
    // and nothing of it is said but that it is not there.
    assert!(left.iter().all(|item| item["state"] == "deleted" && item.get("data").is_none()), "{left:?}");
    let mut names = Vec::new();
    for item in &left {
        let path = format!("/{}s/{}", item["kind"].as_str().unwrap(), item["id"].as_str().unwrap());
        names.push(hub.app.get(&path).await.json()["name"].as_str().unwrap().to_owned());
    }
    names.sort();
    // Two groups that help with violence at home and hate, and give their address to those who ask: an
    // aggregator takes what helps with those for withheld, so it tells less of where they meet.
    assert_eq!(names, ["Rainbow circle", "Rainbow supper", "Sisters learn to drive theory", "Sisters' table"], "{left:?}");
    assert!(passed > 300, "{passed}");
    for node in [origin, hub] {
        node.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_shown_whole_is_passed_on_and_nothing_of_the_rest_on_sqlite() {
    Box::pin(fixtures_are_passed_on(On::Sqlite)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_shown_whole_is_passed_on_and_nothing_of_the_rest_on_postgres() {
    Box::pin(fixtures_are_passed_on(On::Postgres)).await;
}
