//! The change feed and the discovery document.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use fingerpost::{
    federation::{self, protocol::Discovery},
    ids,
    model::{Document, Kind},
    records::{Draft, LastModified},
    signing,
};
use serde_json::{Value, json};

use super::super::{id, listings, pantry};
use crate::support::{Answer, PUBLIC_URL, TestApp, fact};

const FEED: &str = "/federation/v1/changes";

/// The path of an address below our own.
fn path_of(address: &Value) -> String {
    let address = address.as_str().unwrap();
    format!("/{}", address.strip_prefix(PUBLIC_URL).unwrap_or_else(|| panic!("{address} is not below {PUBLIC_URL}")))
}

/// Follow the feed to its end as any RPDE client does: every item, and the address of the end.
async fn follow(app: &TestApp, from: &str) -> (Vec<Value>, String) {
    let mut path = from.to_owned();
    let mut items = Vec::new();
    loop {
        let answer = app.get(&path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let page = answer.json();
        let next = path_of(&page["next"]);
        let some = page["items"].as_array().unwrap();
        if some.is_empty() && next == path {
            return (items, path);
        }
        assert_ne!(next, path, "a page with items leads on");
        items.extend(some.iter().cloned());
        path = next;
    }
}

async fn keys(app: &TestApp) -> HashMap<String, String> {
    let discovery: Discovery = serde_json::from_value(app.get("/.well-known/open-directory").await.json()).unwrap();
    discovery.keys.into_iter().map(|key| (key.kid, key.x)).collect()
}

fact! {
    async fn the_discovery_document_says_who_publishes_what_and_under_which_keys(app) {
        let answer = app.get("/.well-known/open-directory").await;
        assert_eq!((answer.status.as_u16(), answer.header("access-control-allow-origin")), (200, "*"));
        let document = answer.json();
        assert_eq!(document["protocol"], "open-directory/1");
        assert_eq!(document["origin"], PUBLIC_URL);
        assert_eq!(document["publisher"], json!({"name": "Luton directory", "gss": ["E06000032"]}));
        assert_eq!(path_of(&document["feeds"][0]["url"]), FEED);
        assert_eq!(document["keys"][0]["status"], "active");
        let discovery: Discovery = serde_json::from_value(document).unwrap();
        let message = signing::keys_message(PUBLIC_URL, &discovery.keys);
        assert!(signing::verifies(&discovery.keys[0].x, &message, &discovery.keys_sig[0].sig));
        let again = app.ask(http::Method::GET, "/.well-known/open-directory", &[("if-none-match", answer.header("etag"))], "").await;
        assert_eq!(again.status, 304);
    }
}

fact! {
    async fn the_feed_tells_each_own_record_once_at_its_latest_position_and_what_went_as_a_tombstone(app) {
        app.import(pantry().to_string()).await;
        let (before, _) = follow(&app, FEED).await;
        app.edit(id("pantry"), |document| {
            let fingerpost::model::Document::Service(service) = document else { panic!("a service") };
            "Moved to Tuesdays".clone_into(&mut service.name);
        }).await;
        app.withdraw(id("food"), "not used any more").await;
        let (items, _) = follow(&app, FEED).await;
        let mut ids: Vec<&str> = items.iter().map(|item| item["id"].as_str().unwrap()).collect();
        let positions: Vec<i64> = items.iter().map(|item| item["modified"].as_i64().unwrap()).collect();
        assert!(positions.is_sorted_by(|a, b| a < b), "{positions:?}");
        assert_eq!(items.len(), before.len(), "an edit moves an item and adds none");
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), items.len(), "each id stands there once");
        let of = |id: uuid::Uuid| items.iter().find(|item| item["id"] == id.to_string()).unwrap();
        assert_eq!(of(id("pantry"))["data"]["name"], "Moved to Tuesdays");
        let gone = of(id("food"));
        assert_eq!((&gone["state"], gone.get("data")), (&json!("deleted"), None));
        assert_eq!(gone["fed"]["state"], "deleted");
        let full = app.get(&format!("/services/{}", id("pantry"))).await.json();
        assert_eq!(of(id("pantry"))["data"], full, "what the feed tells is what the API gives");
    }
}

fact! {
    async fn every_statement_of_the_feed_verifies_with_a_listed_key_and_speaks_of_the_data_beside_it(app) {
        app.fixtures().await;
        let keys = keys(&app).await;
        let (items, _) = follow(&app, FEED).await;
        assert!(items.len() > 200, "{}", items.len());
        for item in &items {
            let mut statement = item["fed"].clone();
            let sig = statement.as_object_mut().unwrap().remove("sig").unwrap();
            let message = [b"open-directory-record-v1\n".as_slice(), &signing::canonical(&statement)].concat();
            assert!(signing::verifies(&keys[statement["kid"].as_str().unwrap()], &message, sig.as_str().unwrap()), "{item}");
            for name in ["id", "kind", "state"] {
                assert_eq!(statement[name], item[name]);
            }
            assert_eq!(statement["rev"], item["modified"]);
            assert_eq!(statement["data_hash"], signing::hash_of(&signing::canonical(&item["data"])), "{item}");
        }
    }
}

fact! {
    async fn pages_of_the_feed_follow_their_schema(app) {
        app.import(pantry().to_string()).await;
        app.withdraw(id("food"), "not used any more").await;
        let schema = jsonschema::validator_for(&federation::schemas()["changes"]).unwrap();
        let page = app.get(FEED).await.json();
        let problems: Vec<String> = schema.iter_errors(&page).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(problems.is_empty(), "{problems:?}");
        let schema = jsonschema::validator_for(&federation::schemas()["discovery"]).unwrap();
        assert!(schema.is_valid(&app.get("/.well-known/open-directory").await.json()));
    }
}

fact! {
    async fn a_page_has_at_most_500_items_and_a_full_walk_misses_none(app) {
        let lines: Vec<String> = (0..620).map(|n| {
            json!({
                "id": id(&format!("service {n}")), "name": format!("Club {n}"), "status": "active", "description": "A club.",
                "organization": {"id": id("holder"), "name": "Holder", "description": "Holds clubs."}
            }).to_string()
        }).collect();
        app.import(lines.join("\n")).await;
        assert_eq!(app.get(FEED).await.json()["items"].as_array().unwrap().len(), 500);
        assert_eq!(follow(&app, FEED).await.0.len(), 621);
    }
}

fact! {
    async fn a_page_of_large_records_is_closed_before_the_one_that_would_make_it_larger_than_4_mib(app) {
        let lines: Vec<String> = (0..80).map(|n| {
            json!({
                "id": id(&format!("service {n}")), "name": format!("Club {n}"), "status": "active",
                "description": "A club for all. ".repeat(3_900),
                "organization": {"id": id("holder"), "name": "Holder", "description": "Holds clubs."}
            }).to_string()
        }).collect();
        app.import(lines.join("\n")).await;
        let page = app.get(FEED).await.text().len();
        assert!((4_000_000..=4 << 20).contains(&page), "it has {page} bytes");
        assert_eq!(follow(&app, FEED).await.0.len(), 81, "and the next page begins with that one");
    }
}

fact! {
    async fn what_was_made_of_a_record_and_what_came_from_elsewhere_is_not_told(app) {
        app.import(pantry().to_string()).await;
        let mut foreign = app.app().records.find(id("pantry")).await.unwrap().unwrap().read().unwrap();
        foreign.set_id(ids::from_source("https://elsewhere.example.org/", "service", "pantry"));
        app.save(vec![Draft { origin: "https://elsewhere.example.org/".to_owned(), ..Draft::new(foreign) }]).await;
        assert_eq!(app.ids("/services").await.len(), 2);
        assert_eq!(app.ids("/service_at_locations").await.len(), 1, "two services cannot have one link");
        let (items, _) = follow(&app, FEED).await;
        let kinds: Vec<&str> = items.iter().map(|item| item["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["taxonomy", "taxonomy_term", "organization", "location", "service"]);
    }
}

fact! {
    async fn case_55_the_end_of_the_feed_names_the_address_it_was_asked_for_and_costs_little(app) {
        let empty = app.get(FEED).await;
        assert_eq!((empty.json()["items"].as_array().unwrap().len(), path_of(&empty.json()["next"])), (0, FEED.to_owned()));
        app.import(pantry().to_string()).await;
        let (_, end) = follow(&app, FEED).await;
        for path in [end.as_str(), "/federation/v1/changes?afterChangeNumber=9007199254740991", "/federation/v1/changes?x=1&afterChangeNumber=9007199254740991"] {
            let answer = app.get(path).await;
            assert_eq!((answer.status.as_u16(), path_of(&answer.json()["next"])), (200, path.to_owned()));
            assert_eq!(answer.header("cache-control"), "public, max-age=8");
            assert!(answer.body.len() < 1_024, "{}", answer.text());
            let again = app.ask(http::Method::GET, path, &[("if-none-match", answer.header("etag"))], "").await;
            assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
        }
        assert_eq!(app.get(FEED).await.header("cache-control"), "public, max-age=3600, s-maxage=300");
    }
}

fact! {
    async fn no_record_stands_twice_on_a_page_though_they_are_edited_while_it_is_read(app) {
        let names: Vec<String> = (0..240).map(|number| format!("Listing {number}")).collect();
        app.import(listings(&names.iter().map(String::as_str).collect::<Vec<_>>())).await;
        let (records, is_done) = (app.app().records.clone(), Arc::new(AtomicBool::new(false)));
        let stop = is_done.clone();
        let writing = tokio::spawn(async move {
            for (round, name) in names.iter().cycle().enumerate() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let stored = records.find(id(name)).await.unwrap().unwrap();
                let mut draft = Draft::new(stored.read().unwrap());
                if let Document::Service(service) = &mut draft.document {
                    service.name = format!("{name}, in round {round}");
                }
                records.save_now(&TestApp::person("a test"), vec![draft], &LastModified::new()).await.unwrap();
            }
        });
        for _ in 0..30 {
            let page = app.get(FEED).await.json();
            let items = page["items"].as_array().unwrap();
            let ids: HashSet<&str> = items.iter().map(|item| item["id"].as_str().unwrap()).collect();
            assert_eq!((ids.len(), items.last().map(|item| &item["modified"])), (items.len(), Some(&page["feed"]["head"])));
        }
        is_done.store(true, Ordering::SeqCst);
        writing.await.unwrap();
    }
}

fact! {
    async fn a_follower_of_another_epoch_is_told_everything_from_the_start(app) {
        app.import(pantry().to_string()).await;
        let (items, end) = follow(&app, FEED).await;
        let epoch = app.get(FEED).await.json()["epoch"].as_str().unwrap().to_owned();
        let elsewhere = end.replace(&epoch, "another");
        let answer = app.get(&elsewhere).await;
        assert_eq!(answer.header("fed-epoch-reset"), epoch);
        assert_eq!(answer.json()["items"].as_array().unwrap().len(), items.len());
        assert_eq!(app.get(&end).await.header("fed-epoch-reset"), "");
    }
}

fact! {
    async fn a_number_that_is_none_is_refused_by_name(app) {
        for bad in ["abc", "-1", "9007199254740992", "1.5", "NaN", "99999999999999999999999"] {
            let answer = app.get(&format!("{FEED}?afterChangeNumber={bad}")).await;
            assert_eq!((answer.status.as_u16(), answer.json()["parameter"].clone()), (400, json!("afterChangeNumber")), "{bad}");
        }
        assert_eq!(app.get(&format!("{FEED}?afterTimestamp=1")).await.status, 400);
        assert_eq!(app.ask(http::Method::POST, FEED, &[], "").await.status, 405);
    }
}

fact! {
    async fn a_follower_that_waits_hears_of_a_change_at_once(app) {
        app.import(pantry().to_string()).await;
        let (_, end) = follow(&app, FEED).await;
        let wait = async |seconds: &str| -> Answer {
            app.ask(http::Method::GET, &end, &[("prefer", &format!("wait={seconds}"))], "").await
        };
        let nothing = wait("1").await;
        assert_eq!((nothing.json()["items"].as_array().unwrap().len(), nothing.header("preference-applied")), (0, "wait=1"));
        let began = std::time::Instant::now();
        let change = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            app.withdraw(id("pantry"), "closed").await;
        };
        let (answer, ()) = tokio::join!(wait("20"), change);
        assert_eq!(answer.json()["items"][0]["state"], "deleted");
        assert!(began.elapsed() < Duration::from_secs(10), "long before the wait was over");
    }
}

fact! {
    async fn case_54_what_is_not_public_never_stands_in_the_feed_and_leaves_it_as_a_tombstone(app) {
        app.import(pantry().to_string()).await;
        let stored = app.app().records.find(id("pantry")).await.unwrap().unwrap();
        let hidden = Draft { state: fingerpost::records::State::Unpublished, ..Draft::new(stored.read().unwrap()) };
        app.save(vec![hidden]).await;
        let (items, _) = follow(&app, FEED).await;
        let item = items.iter().find(|item| item["id"] == id("pantry").to_string()).unwrap();
        assert_eq!((&item["state"], item.get("data")), (&json!("deleted"), None));
        assert!(!json!(items).to_string().contains("Meadow larder"));
    }
}

fact! {
    async fn the_root_of_the_api_and_the_home_page_point_to_the_federation_documents(app) {
        let root = app.get("/").await;
        assert_eq!(root.header("link"), format!("<{PUBLIC_URL}.well-known/open-directory>; rel=\"open-directory\""));
        let dataset = app.get("/federation/v1/dataset").await;
        assert_eq!(dataset.header("content-type"), "application/ld+json");
        assert_eq!(dataset.json()["license"], "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/");
        let home = app.page("/").await.text();
        assert!(home.contains("\"@type\":[\"Dataset\",\"dcat:Dataset\"]"), "{home}");
        assert_eq!(Kind::RECORDS.len(), 6);
    }
}

fact! {
    async fn a_directory_that_moves_to_another_address_signs_for_that_one(app) {
        app.import(pantry().to_string()).await;
        app.withdraw(id("food"), "gone").await;
        let (before, _) = follow(&app, FEED).await;
        let elsewhere = "http://127.0.0.1:4711/";
        let mut config = app.config.clone();
        config.public_url = Some(elsewhere.parse().unwrap());
        let moved = fingerpost::app::App::open(config, app.clock.clone(), fingerpost::db::Durability::Full).await.unwrap();
        assert_eq!(moved.records.sign_for_here(fingerpost::published::Position::ZERO).await.unwrap(), before.len() as u64);
        assert_eq!(moved.records.sign_for_here(fingerpost::published::Position::ZERO).await.unwrap(), 0, "once is enough");
        let page = app.get(FEED).await.json();
        let items = page["items"].as_array().unwrap();
        assert_eq!(items.len(), before.len());
        let keys = keys(&app).await;
        for item in items {
            let mut statement = item["fed"].clone();
            assert_eq!(statement["origin"], elsewhere);
            let sig = statement.as_object_mut().unwrap().remove("sig").unwrap();
            assert!(signing::verifies(&keys[statement["kid"].as_str().unwrap()], &signing::record_message(&statement), sig.as_str().unwrap()));
            assert_eq!(statement["rev"], item["modified"]);
        }
        // The server at the old address signs for itself again.
        app.follow().await;
        assert_eq!(app.get(FEED).await.json()["items"][0]["fed"]["origin"], PUBLIC_URL);
        drop(moved.db.close().await);
    }
}

fact! {
    async fn what_followers_compare_with_is_as_its_schemas_say(app) {
        app.import(pantry().to_string()).await;
        app.withdraw(id("pantry"), "closed").await;
        for (name, path) in [
            ("checkpoint", "/federation/v1/checkpoint"), ("digest", "/federation/v1/digest"), ("digest-bucket", "/federation/v1/digest/17"),
            ("snapshot", "/federation/v1/snapshot"), ("checkpoint", "/federation/v1/checkpoint"),
        ] {
            let schema = jsonschema::validator_for(&federation::schemas()[name]).unwrap();
            let answer = app.get(path).await.json();
            let mistakes: Vec<String> = schema.iter_errors(&answer).map(|error| format!("{}: {error}", error.instance_path())).collect();
            assert!(mistakes.is_empty(), "{path}: {mistakes:?}");
            let mut without = answer.clone();
            without.as_object_mut().unwrap().remove("epoch");
            assert!(!schema.is_valid(&without), "{path}: what is missing is missed");
        }
        assert!(!app.get("/federation/v1/checkpoint").await.json()["snapshot"].is_null(), "with a snapshot and without");
    }
}
