//! Who follows a directory, and whether each has what had to be taken down.

use std::sync::{Arc, Mutex};

use fingerpost::{
    federation::{followers::Follower, peers::Trust},
    model::{Document, LocationPolicy},
};
use serde_json::{Value, json};
use url::Url;

use super::super::{id, pantry};
use crate::support::{
    On, fact,
    network::{Node, fact_between, fact_of_two},
    peer::{HostilePeer, Reply},
};

async fn withhold(node: &Node) {
    node.app
        .edit(id("centre"), |document| {
            if let Document::Location(place) = document {
                place.location_policy = Some(LocationPolicy::Withheld);
            }
        })
        .await;
}

/// What everybody is told of the only follower: whether it has everything, and whether it has every takedown.
async fn shown(node: &Node) -> (bool, bool) {
    let status = node.app.get("/federation/v1/status").await.json();
    let followers = status["followers"].as_array().unwrap();
    assert_eq!(followers.len(), 1, "{status}");
    (followers[0]["caught_up"].as_bool().unwrap(), followers[0]["has_takedowns"].as_bool().unwrap())
}

async fn keep(node: &Node) {
    node.app.served.outlet.keep_followers().await.unwrap();
}

/// The only follower as an officer sees it, asked at its own address first.
async fn asked(node: &Node) -> Follower {
    let asked = node.harvester().ask_followers().await.unwrap();
    assert_eq!((asked.followers.len(), asked.unconfirmed.len()), (1, 0), "{asked:?}");
    asked.followers[0].clone()
}

fact_of_two! {
    async fn an_origin_sees_who_does_not_have_its_last_takedown(luton, beds) {
        luton.app.import(pantry().to_string()).await;
        let peer = beds.follows(&luton.url, Trust::Auto).await;
        beds.pull(&peer).await;
        assert_eq!(luton.app.get("/federation/v1/status").await.json().get("urgent"), None);
        assert_eq!(shown(&luton).await, (true, true), "there was nothing to take down");
        withhold(&luton).await;
        assert_eq!(shown(&luton).await, (false, false));
        keep(&luton).await;
        let behind = asked(&luton).await;
        let confirmed = behind.confirmed.unwrap();
        assert_eq!((confirmed.state.as_str(), confirmed.has_takedowns, behind.is_followed), ("following", false, false));
        assert_eq!(confirmed.cursor, Some(beds.peer(&peer).await.cursor.after));
        beds.pull(&peer).await;
        assert_eq!(shown(&luton).await, (true, true));
        // What is no takedown is none.
        let mut another = pantry();
        (another["id"], another["name"], another["service_at_locations"]) = (json!(id("larder")), json!("Larder"), json!([]));
        luton.app.import(another.to_string()).await;
        assert_eq!(shown(&luton).await, (false, true));
        keep(&luton).await;
        assert!(asked(&luton).await.confirmed.unwrap().has_takedowns);
        let status = luton.app.get("/federation/v1/status").await.json();
        assert!(status["urgent"].as_i64().unwrap() < status["head"].as_i64().unwrap(), "{status}");
    }
}

fact_of_two! {
    async fn a_follower_that_holds_us_and_reads_on_has_the_takedown(luton, beds) {
        luton.app.import(pantry().to_string()).await;
        let peer = beds.follows(&luton.url, Trust::Auto).await;
        beds.pull(&peer).await;
        beds.harvester().hold_peer("1").await.unwrap();
        withhold(&luton).await;
        beds.pull(&peer).await;
        assert!(!beds.everything().await.concat().contains("Gorse Close"), "the address is gone there");
        assert_eq!(shown(&luton).await, (true, true));
        keep(&luton).await;
        let confirmed = asked(&luton).await.confirmed.unwrap();
        assert_eq!((confirmed.state.as_str(), confirmed.has_takedowns), ("held", false), "it stands where it was held");
    }
}

/// The same directory, started again in another process.
async fn started_again(on: On) {
    let (Some(luton), Some(beds)) = (Node::start(on, "Luton").await, Node::start(on, "Central Bedfordshire").await) else {
        return;
    };
    luton.app.import(pantry().to_string()).await;
    let peer = beds.follows(&luton.url, Trust::Auto).await;
    beds.pull(&peer).await;
    assert!(luton.harvester().followers().await.unwrap().followers.is_empty(), "a request writes nothing");
    keep(&luton).await;
    asked(&luton).await;
    let before = luton.app.get("/federation/v1/status").await.json();
    let luton = Box::pin(luton.restarted()).await;
    assert_eq!(luton.app.get("/federation/v1/status").await.json(), before);
    assert_eq!(before["followers"][0]["confirmed"]["has_takedowns"], true);
    // After a month without a word it is nobody's follower.
    luton.app.clock.set(luton.app.clock.now() + chrono::Duration::days(31));
    keep(&luton).await;
    assert!(luton.harvester().followers().await.unwrap().followers.is_empty());
    assert_eq!(luton.app.get("/federation/v1/status").await.json()["followers"], json!([]));
    luton.end().await;
    beds.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_forgets_no_follower_and_what_was_confirmed_of_it_on_sqlite() {
    Box::pin(started_again(On::Sqlite)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_forgets_no_follower_and_what_was_confirmed_of_it_on_postgres() {
    Box::pin(started_again(On::Postgres)).await;
}

fact! {
    async fn a_number_that_was_never_given_says_nothing_of_how_far_anybody_has_come(app) {
        app.import(pantry().to_string()).await;
        let head = app.get("/federation/v1/changes").await.json()["feed"]["head"].as_i64().unwrap();
        let who = [("fed-follower", "https://beds.example.org/")];
        for never in [head + 1, (1 << 53) - 1] {
            app.ask(http::Method::GET, &format!("/federation/v1/changes?afterChangeNumber={never}"), &who, "").await;
        }
        assert_eq!(app.get("/federation/v1/status").await.json()["followers"], json!([]));
        // A number of another epoch is none of ours.
        app.ask(http::Method::GET, &format!("/federation/v1/changes?afterChangeNumber={head}&epoch=another"), &who, "").await;
        let followers = app.get("/federation/v1/status").await.json()["followers"].clone();
        assert_eq!((&followers[0]["cursor"], &followers[0]["caught_up"]), (&json!(0), &json!(false)));
    }
}

fact! {
    async fn made_up_followers_fill_neither_the_database_nor_the_status(app) {
        app.import(pantry().to_string()).await;
        let path = "/federation/v1/changes?afterChangeNumber=1";
        for days in [0, 1] {
            app.clock.set(app.clock.now() + chrono::Duration::days(days));
            app.ask(http::Method::GET, path, &[("fed-follower", "https://beds.example.org/")], "").await;
        }
        for number in 0..2_300 {
            let origin = format!("https://made-up-{number}.example.org/");
            app.ask(http::Method::GET, path, &[("fed-follower", &origin)], "").await;
            if number % 1_000 == 0 {
                app.served.outlet.keep_followers().await.unwrap();
            }
        }
        app.served.outlet.keep_followers().await.unwrap();
        let written = app.app().harvester().followers().await.unwrap().followers;
        assert!(written.len() <= 2_000, "{}", written.len());
        assert!(written.iter().any(|one| one.origin == "https://beds.example.org/"), "who has asked for longer stays");
        let status = app.get("/federation/v1/status").await.json();
        assert_eq!(status["followers"].as_array().unwrap().len(), written.len());
    }
}

/// Somebody who answers every question with what it is told to, and remembers how often it was asked.
async fn stranger(answer: &Arc<Mutex<Value>>) -> HostilePeer {
    let answer = answer.clone();
    HostilePeer::start(move |_| Reply::json(answer.lock().unwrap().to_string())).await
}

fact_between! {
    async fn an_address_that_a_stranger_names_is_asked_only_when_an_officer_wants_to_know(
        luton = |on| Node::start(on, "Luton");
    ) {
        luton.app.import(pantry().to_string()).await;
        let answer = Arc::new(Mutex::new(json!({"following": "everybody"})));
        let named = stranger(&answer).await;
        let origin = named.url("/").to_string();
        luton.app.ask(http::Method::GET, "/federation/v1/changes", &[("fed-follower", &origin)], "").await;
        keep(&luton).await;
        luton.app.get("/federation/v1/status").await;
        assert_eq!((luton.harvester().followers().await.unwrap().followers.len(), named.seen().len()), (1, 0));
        let asked = luton.harvester().ask_followers().await.unwrap();
        let paths: Vec<String> = named.seen().into_iter().map(|seen| seen.path).collect();
        assert_eq!(paths, ["/federation/v1/status"]);
        assert_eq!(asked.unconfirmed[&origin], "it does not say that it follows this directory");
        assert!(asked.followers[0].confirmed.is_none());
        // It may say whatever it likes: what is no state and no number is neither.
        *answer.lock().unwrap() = json!({"following": [{"origin": luton.url, "state": "<script>", "cursor": 1}]});
        assert!(luton.harvester().ask_followers().await.unwrap().followers[0].confirmed.is_none());
        *answer.lock().unwrap() = json!({"following": [{"origin": luton.url, "state": "following", "cursor": "all"}]});
        let said = luton.harvester().ask_followers().await.unwrap().followers[0].confirmed.clone().unwrap();
        assert_eq!((said.cursor, said.has_takedowns), (None, false));
        // One that does not answer keeps what it said before.
        drop(named);
        let asked = luton.harvester().ask_followers().await.unwrap();
        assert!(asked.followers[0].confirmed.is_some() && asked.unconfirmed.contains_key(&origin), "{asked:?}");
        assert!(Url::parse(&asked.followers[0].origin).is_ok());
    }
}
