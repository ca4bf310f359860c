//! Checkpoint, digest and snapshot: what followers compare with what they have, and begin with.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use fingerpost::{
    federation::{compare, protocol::Discovery, snapshot::SNAPSHOT},
    ids,
    model::{Document, Kind, LocationPolicy},
    published::own,
    records::{Draft, LastModified},
    safekeeping, signing,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::super::{id, pantry, refuge};
use crate::support::{TestApp, fact};

async fn keys(app: &TestApp) -> Vec<signing::Listed> {
    serde_json::from_value::<Discovery>(app.get("/.well-known/open-directory").await.json()).unwrap().keys
}

/// The digest worked out from the feed alone, as a follower does it.
async fn from_the_feed(app: &TestApp) -> Vec<String> {
    let page = app.get("/federation/v1/changes").await.json();
    let items = page["items"].as_array().unwrap().clone();
    assert!(items.len() < 500, "one page holds everything");
    let mut sums = vec![own::digest::Bucket::default(); 256];
    for item in items {
        let text = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
        let bucket = usize::from(Sha256::digest(format!("{}\n{}", text("kind"), text("id")))[0]);
        let hash = item["fed"]["data_hash"].as_str().unwrap_or_default();
        let value = Sha256::digest(format!("{}\n{}\n{hash}", text("id"), text("state"))).into();
        sums[bucket] = sums[bucket].plus(&own::digest::Bucket { value, live: 0, gone: 0 });
    }
    sums.into_iter().map(|bucket| hex::encode(bucket.value)).collect()
}

async fn buckets(app: &TestApp) -> Vec<String> {
    serde_json::from_value(app.get("/federation/v1/digest").await.json()["buckets"].clone()).unwrap()
}

fact! {
    async fn the_digest_is_the_sum_of_the_feed_whatever_happens(app) {
        assert_eq!(buckets(&app).await, from_the_feed(&app).await, "with nothing");
        app.import(pantry().to_string()).await;
        assert_eq!(buckets(&app).await, from_the_feed(&app).await, "after an import");
        app.import(pantry().to_string()).await;
        app.edit(id("pantry"), |document| {
            if let Document::Service(service) = document { "Renamed".clone_into(&mut service.name); }
        }).await;
        assert_eq!(buckets(&app).await, from_the_feed(&app).await, "after an edit");
        let mut foreign = app.app().records.find(id("pantry")).await.unwrap().unwrap().read().unwrap();
        foreign.set_id(ids::from_source("https://elsewhere.example.org/", "service", "x"));
        app.save(vec![Draft { origin: "https://elsewhere.example.org/".into(), ..Draft::new(foreign) }]).await;
        app.withdraw(id("pantry"), "closed").await;
        assert_eq!(buckets(&app).await, from_the_feed(&app).await, "after a deletion, with a record from elsewhere");
        let file = app.folder.path().join("a.backup");
        safekeeping::backup(&app.app().records, &file).await.unwrap();
        safekeeping::restore(&app.app().records, &file, app.folder.path()).await.unwrap();
        app.follow().await;
        assert_eq!(buckets(&app).await, from_the_feed(&app).await, "after a restore");
        let kept = buckets(&app).await;
        let tx = app.app().db.write().await.unwrap();
        own::recount(&tx).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(buckets(&app).await, kept, "counted anew");
    }
}

fact! {
    async fn a_bucket_lists_its_records_and_all_buckets_list_all(app) {
        app.import(pantry().to_string()).await;
        app.withdraw(id("food"), "gone").await;
        let mut found: Vec<(String, String)> = Vec::new();
        for bucket in 0..256 {
            let page = app.get(&format!("/federation/v1/digest/{bucket}")).await.json();
            for item in page["items"].as_array().unwrap() {
                found.push((item["id"].as_str().unwrap().to_owned(), item["state"].as_str().unwrap().to_owned()));
            }
        }
        found.sort();
        let feed = app.get("/federation/v1/changes").await.json();
        let mut told: Vec<(String, String)> = feed["items"].as_array().unwrap().iter()
            .map(|item| (item["id"].as_str().unwrap().to_owned(), item["state"].as_str().unwrap().to_owned())).collect();
        told.sort();
        assert_eq!(found, told);
        for bad in ["256", "-1", "x"] {
            assert_eq!(app.get(&format!("/federation/v1/digest/{bad}")).await.status, 404);
        }
    }
}

fact! {
    async fn no_record_stands_twice_in_a_bucket_though_it_is_edited_while_that_is_read(app) {
        app.import(pantry().to_string()).await;
        let (records, is_done) = (app.app().records.clone(), Arc::new(AtomicBool::new(false)));
        let stop = is_done.clone();
        let writing = tokio::spawn(async move {
            let mut round = 0;
            while !stop.load(Ordering::SeqCst) {
                round += 1;
                let mut draft = Draft::new(records.find(id("pantry")).await.unwrap().unwrap().read().unwrap());
                if let Document::Service(service) = &mut draft.document {
                    service.name = format!("Larder in round {round}");
                }
                records.save_now(&TestApp::person("a test"), vec![draft], &LastModified::new()).await.unwrap();
            }
        });
        let path = format!("/federation/v1/digest/{}", own::digest::bucket_of(Kind::Service, id("pantry")));
        for _ in 0..100 {
            let bucket = app.get(&path).await.json();
            let items = bucket["items"].as_array().unwrap().iter().filter(|item| item["id"] == json!(id("pantry")));
            assert_eq!(items.count(), 1, "{bucket}");
        }
        is_done.store(true, Ordering::SeqCst);
        writing.await.unwrap();
    }
}

fact! {
    async fn the_checkpoint_is_signed_and_counts_what_the_feed_holds(app) {
        app.import(pantry().to_string()).await;
        app.withdraw(id("food"), "gone").await;
        let checkpoint = app.get("/federation/v1/checkpoint").await.json();
        assert!(compare::verifies(&checkpoint, &keys(&app).await));
        let mut tampered = checkpoint.clone();
        tampered["head"] = json!(tampered["head"].as_i64().unwrap() + 1);
        assert!(!compare::verifies(&tampered, &keys(&app).await));
        let feed = app.get("/federation/v1/changes").await.json();
        assert_eq!(checkpoint["head"], feed["feed"]["head"]);
        assert_eq!(checkpoint["epoch"], feed["epoch"]);
        assert_eq!((&checkpoint["count_live"], &checkpoint["count_deleted"]), (&json!(4), &json!(1)));
        let root = hex::encode(Sha256::digest(buckets(&app).await.iter().flat_map(|value| hex::decode(value).unwrap()).collect::<Vec<u8>>()));
        assert_eq!(checkpoint["digest_root"], root);
    }
}

/// The file that the pointer names, unpacked.
async fn lines(app: &TestApp) -> (Value, Vec<Value>) {
    let pointer = app.get("/federation/v1/snapshot").await.json();
    let file = app.get(url::Url::parse(pointer["url"].as_str().unwrap()).unwrap().path()).await;
    assert_eq!(file.status, 200);
    assert_eq!(hex::encode(Sha256::digest(&file.body)), pointer["sha256"].as_str().unwrap(), "the name is the hash");
    assert_eq!(file.body.len() as u64, pointer["bytes"].as_u64().unwrap());
    let text = String::from_utf8(zstd::decode_all(file.body.as_slice()).unwrap()).unwrap();
    (pointer, text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fact! {
    async fn a_snapshot_holds_the_items_of_the_feed_and_comes_in_parts(app) {
        app.fixtures().await;
        app.withdraw(app.app().records.by_kind(Kind::Service, None, 1).await.unwrap()[0].id, "gone").await;
        let (pointer, mut lines) = lines(&app).await;
        assert!(signing::seal_verifies(SNAPSHOT, &pointer, &keys(&app).await));
        let end = lines.pop().unwrap();
        assert_eq!((&end["end"], end["count"].as_u64().unwrap()), (&json!(true), lines.len() as u64));
        let mut items = Vec::new();
        let mut path = "/federation/v1/changes".to_owned();
        loop {
            let page = app.get(&path).await.json();
            if page["items"].as_array().unwrap().is_empty() { break; }
            items.extend(page["items"].as_array().unwrap().clone());
            path = format!("/{}", page["next"].as_str().unwrap().strip_prefix(crate::support::PUBLIC_URL).unwrap());
        }
        assert_eq!(lines, items);
        assert_eq!(pointer["seq"], items.last().unwrap()["modified"]);
        let file = format!("/{}", pointer["url"].as_str().unwrap().strip_prefix(crate::support::PUBLIC_URL).unwrap());
        let part = app.ask(http::Method::GET, &file, &[("range", "bytes=10-19")], "").await;
        assert_eq!((part.status.as_u16(), part.body.len()), (206, 10));
        let checkpoint = app.get("/federation/v1/checkpoint").await.json();
        assert_eq!(checkpoint["snapshot"]["sha256"], pointer["sha256"]);
        for bad in ["x.ndjson.zst", "..%2F..%2Ffingerpost.db", "latest.json"] {
            assert_eq!(app.get(&format!("/federation/v1/snapshots/{bad}")).await.status, 404, "{bad}");
        }
    }
}

fact! {
    async fn a_snapshot_that_holds_an_address_that_became_secret_is_destroyed(app) {
        app.import(pantry().to_string()).await;
        let (before, _) = lines(&app).await;
        let file = format!("/{}", before["url"].as_str().unwrap().strip_prefix(crate::support::PUBLIC_URL).unwrap());
        app.edit(id("centre"), |document| {
            if let Document::Location(place) = document { place.location_policy = Some(LocationPolicy::Withheld); }
        }).await;
        assert_eq!(app.get(&file).await.status, 404);
        let left: Vec<_> = std::fs::read_dir(app.folder.path().join("snapshots")).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
        let (after, lines) = lines(&app).await;
        assert_ne!(after["sha256"], before["sha256"]);
        assert!(!json!(lines).to_string().contains("Gorse Close"));
    }
}

fact! {
    async fn a_directory_at_a_new_address_begins_followers_with_what_is_signed_for_that_address(app) {
        app.import(pantry().to_string()).await;
        let (before, _) = lines(&app).await;
        let elsewhere = "https://services.luton.example.org/";
        app.config.public_url = Some(elsewhere.parse().unwrap());
        app.restart().await;
        let old = url::Url::parse(before["url"].as_str().unwrap()).unwrap();
        assert_eq!(app.get(old.path()).await.status, 404, "nobody who begins with it would believe it");
        assert!(app.get("/federation/v1/checkpoint").await.json()["snapshot"].is_null());
        let (pointer, mut lines) = lines(&app).await;
        assert_eq!((&pointer["origin"], pointer["url"].as_str().unwrap().starts_with(elsewhere)), (&json!(elsewhere), true));
        lines.pop();
        assert!(!lines.is_empty() && lines.iter().all(|line| line["fed"]["origin"] == elsewhere), "{lines:?}");
    }
}

fact! {
    async fn a_snapshot_goes_with_the_key_that_it_was_signed_with(app) {
        app.import(pantry().to_string()).await;
        let (before, _) = lines(&app).await;
        safekeeping::rotate_keys(&app.app().records, false).await.unwrap();
        assert!(app.get("/federation/v1/checkpoint").await.json()["snapshot"].is_null());
        let (after, _) = lines(&app).await;
        assert!(after["kid"] != before["kid"] && signing::seal_verifies(SNAPSHOT, &after, &keys(&app).await));
        assert_eq!(app.get("/federation/v1/checkpoint").await.json()["snapshot"]["sha256"], after["sha256"]);
    }
}

fact! {
    async fn a_checkpoint_is_the_same_for_a_minute_where_nothing_changes(app) {
        app.import(pantry().to_string()).await;
        let first = app.get("/federation/v1/checkpoint").await;
        let again = async |app: &TestApp| {
            let headers = [("if-none-match", first.header("etag"))];
            app.ask(http::Method::GET, "/federation/v1/checkpoint", &headers, "").await.status.as_u16()
        };
        app.clock.set(crate::support::noon() + chrono::Duration::seconds(59));
        assert_eq!(again(&app).await, 304);
        app.clock.set(crate::support::noon() + chrono::Duration::seconds(60));
        assert_eq!(again(&app).await, 200, "how recent it is is part of what it proves");
        app.clock.set(crate::support::noon());
        assert_eq!(again(&app).await, 304);
        app.withdraw(id("pantry"), "closed").await;
        assert_eq!(again(&app).await, 200, "and what it covers is the rest");
    }
}

fact! {
    async fn case_54_what_is_not_public_stands_in_neither_feed_snapshot_nor_digest(app) {
        let mut personal = pantry();
        personal["contacts"][0] = json!({"id": id("desk"), "name": "Priya Example", "email": "priya.example@webmail.example", "visibility": "private"});
        let mut closed = pantry();
        closed["id"] = json!(id("closed larder"));
        closed["name"] = json!("Closed larder");
        closed["service_at_locations"] = json!([]);
        app.import(format!("{personal}\n{closed}\n{}", refuge())).await;
        let (_, shown) = lines(&app).await;
        assert!(json!(shown).to_string().contains("Closed larder") && json!(shown).to_string().contains("Rowan House"));
        let tx = app.app().db.write().await.unwrap();
        app.app().records.hide(&tx, &TestApp::person("closed"), id("closed larder")).await.unwrap();
        tx.commit().await.unwrap();
        app.follow().await;
        let (_, snapshot) = lines(&app).await;
        let feed = app.get("/federation/v1/changes").await.json();
        let bucket = own::digest::bucket_of(Kind::Service, id("closed larder"));
        let bucket = app.get(&format!("/federation/v1/digest/{bucket}")).await.json();
        for (name, told) in [("snapshot", json!(snapshot)), ("feed", feed["items"].clone())] {
            let text = told.to_string();
            for secret in ["Closed larder", "Priya", "priya.example", "Hidden Lane", "Hidden House", "LU2 9ZZ", "51.88"] {
                assert!(!text.contains(secret), "{name}: {secret}");
            }
            let item = told.as_array().unwrap().iter().find(|item| item["id"] == json!(id("closed larder"))).unwrap().clone();
            assert_eq!((&item["state"], item.get("data"), item["fed"].get("data_hash")), (&json!("deleted"), None, None), "{name}");
        }
        let listed = bucket["items"].as_array().unwrap().iter().find(|item| item["id"] == json!(id("closed larder"))).unwrap();
        assert_eq!((&listed["state"], listed["hash"].as_str().unwrap_or_default()), (&json!("deleted"), ""));
        assert_eq!(buckets(&app).await, from_the_feed(&app).await);
    }
}
