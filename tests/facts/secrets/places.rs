//! Places that are secret, whoever tells of them.

use fingerpost::{
    model::{Document, Location, LocationPolicy},
    publishing::forms::Format,
    records::{Draft, LastModified},
    safekeeping,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    super::{id, pantry, refuge, texts},
    search,
};
use crate::support::{TestApp, fact};

/// What tells where the refuge is.
const HOUSE: &[&str] = &["Hidden Lane", "Hidden House", "LU2 9ZZ", "51.8811", "0.4177", "chapel"];

fact! {
    async fn a_refuge_in_a_feed_is_withheld_whatever_the_feed_says(app) {
        let mut told = refuge();
        told["service_at_locations"][0]["location_policy"] = json!("exact");
        app.import(format!("{}\n{told}\n", pantry())).await;
        let service = app.get(&format!("/services/{}", id("refuge"))).await.json();
        assert_eq!((service["name"].clone(), service["phones"][0]["number"].clone()), (json!("Rowan House"), json!("0808 157 0114")));
        assert_eq!(service.get("service_at_locations"), None);
        assert_eq!(service["description"], "A safe place to stay. Ring us; we are at [address withheld], [address withheld].");
        search(&app, &HOUSE[..1], false).await;
        // The place itself is not even kept; words in the service's own text are, privately.
        let place = app.app().records.find(id("house")).await.unwrap().unwrap();
        assert_eq!(serde_json::from_str::<Value>(&place.document).unwrap(), json!({"id": id("house"), "location_type": "physical", "location_policy": "withheld"}));
        search(&app, &["Hidden House", "51.8811", "0.4177", "Bus 9"], true).await;
    }
}

fact! {
    async fn tightening_a_place_scrubs_it_everywhere_and_a_feed_does_not_bring_it_back(app) {
        let mut open = pantry();
        open["service_at_locations"][0]["location"]["description"] = json!("Ask for Bluebell at the back door");
        app.import(open.to_string()).await;
        app.edit(id("centre"), |document| if let Document::Location(place) = document { place.transportation = Some("Tram to Bluebell".into()) }).await;
        let secrets = ["Gorse Close", "LU3 9XQ", "51.9163", "Bluebell", "Gorse Centre"];
        assert!(app.get("/services?full=true").await.text().contains("Gorse Close"));
        let outcome = app.edit(id("centre"), |document| if let Document::Location(place) = document { place.location_policy = Some(LocationPolicy::Withheld) }).await;
        assert!(outcome.scrubbed);
        search(&app, &secrets, true).await;
        assert_eq!(app.get(&format!("/services/{}", id("pantry"))).await.json().get("service_at_locations"), None);
        app.import(open.to_string()).await;
        search(&app, &secrets, true).await;
        app.restart().await;
        search(&app, &secrets, true).await;
    }
}

/// Change a place while nothing follows.
async fn change_unseen(app: &TestApp, place: Uuid, with: impl FnOnce(&mut Location)) {
    let mut draft = Draft::new(app.app().records.find(place).await.unwrap().unwrap().read().unwrap());
    if let Document::Location(place) = &mut draft.document {
        with(place);
    }
    app.app().records.save_now(&TestApp::person("a threat"), vec![draft], &LastModified::new()).await.unwrap();
}

fact! {
    async fn an_index_that_lagged_does_not_keep_what_was_scrubbed_meanwhile(app) {
        // Words are packed in the index's files, so it is asked for segments that still hold something deleted.
        let in_the_index = |app: &TestApp| {
            let files = std::fs::read_dir(app.folder.path().join("index")).unwrap();
            files.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|end| end == "del")).count()
        };
        app.fixtures().await;
        let place: Uuid = app.ids("/locations").await[0].parse().unwrap();
        change_unseen(&app, place, |place| place.name = Some("Gorse Hall".to_owned())).await;
        app.restart().await;
        assert!(in_the_index(&app) > 0, "what was harmless may stay until segments are merged");
        change_unseen(&app, place, |place| place.location_policy = Some(LocationPolicy::Withheld)).await;
        // They have moved, and may be found again: nothing that stands now is urgent by itself.
        change_unseen(&app, place, |place| { place.location_policy = Some(LocationPolicy::Exact); place.name = Some("Xylograph Hall".to_owned()); }).await;
        app.restart().await;
        assert_eq!(in_the_index(&app), 0);
        assert_ne!(app.get("/services?search=xylograph").await.json()["total_items"], 0);
    }
}

fact! {
    async fn restoring_an_older_backup_does_not_bring_back_what_was_scrubbed(app) {
        let mut listed = pantry();
        listed["contacts"] = json!([{"id": id("sheila"), "name": "Bluebell Winterbottom", "phones": [{"id": id("her phone"), "number": "01632 960999"}]}]);
        app.import(listed.to_string()).await;
        let file = app.folder.path().join("../").join(format!("{}.backup", fingerpost::ids::fresh()));
        safekeeping::backup(&app.app().records, &file).await.unwrap();
        assert!(app.get("/services?full=true").await.text().contains("Bluebell"));
        app.edit(id("centre"), |document| if let Document::Location(place) = document { place.location_policy = Some(LocationPolicy::Withheld) }).await;
        let tx = app.app().db.write().await.unwrap();
        app.app().records.erase_contact(&tx, &TestApp::person("she asked for it"), id("pantry"), id("sheila")).await.unwrap();
        tx.commit().await.unwrap();
        app.app().db.sweep_now().await.unwrap();
        app.follow().await;
        let secrets = ["Gorse Close", "LU3 9XQ", "51.9163", "Bluebell", "01632 960999"];
        search(&app, &secrets, true).await;
        // The same scrubs are then known twice: from the database, and from the list beside it.
        safekeeping::keep_scrubs(&app.app().records, &app.config.data_dir).await.unwrap();
        safekeeping::restore(&app.app().records, &file, &app.config.data_dir).await.unwrap();
        app.follow().await;
        search(&app, &secrets, true).await;
        // The database is lost as a whole; only the data folder's list of scrubs is left.
        safekeeping::keep_scrubs(&app.app().records, &app.config.data_dir).await.unwrap();
        let Some(other) = TestApp::start(app.on).await else { return };
        std::fs::copy(app.folder.path().join("scrubs.ndjson"), other.folder.path().join("scrubs.ndjson")).unwrap();
        safekeeping::restore(&other.app().records, &file, &other.config.data_dir).await.unwrap();
        other.follow().await;
        assert_eq!(other.ids("/services").await.len(), 1);
        search(&other, &secrets, true).await;
        other.end().await;
        std::fs::remove_file(file).unwrap();
    }
}

fact! {
    async fn a_place_is_told_as_its_policy_says(app) {
        for (policy, name) in [(LocationPolicy::Area, "Luton"), (LocationPolicy::OnRequest, "Address given when you book")] {
            let mut listed = pantry();
            listed["description"] = json!("We meet at 12 Gorse Close, LU3 9XQ.");
            listed["service_at_locations"][0]["description"] = json!("Door by the Gorse shops");
            listed["schedules"][0]["location_id"] = json!(id("centre"));
            listed["service_at_locations"][0]["schedules"] = json!([{"id": id("link times"), "freq": "WEEKLY", "byday": "TU", "location_id": id("centre"), "notes": "By the Gorse shops"}]);
            listed["service_at_locations"][0]["location"]["external_identifier"] = json!("100080012345");
            app.import(listed.to_string()).await;
            app.edit(id("pantry"), |document| if let Document::Service(doc) = document { doc.service_at_locations[0].location_policy = Some(policy); }).await;
            search(&app, &["Gorse", "LU3 9XQ", "51.9163", "100080012345", "Gorse Centre"], false).await;
            assert!(!app.get("/services?full=true").await.text().contains(&id("centre").to_string()), "its id would lead to it elsewhere");
            let link = app.get(&format!("/service_at_locations/{}", id("pantry at the centre"))).await.json();
            assert_eq!((link["location"]["name"].as_str(), link["location"]["location_policy"].as_str()), (Some(name), Some(policy.as_str())));
            assert_eq!(app.get("/service_at_locations?near=51.9163,-0.4486&proximity=100").await.json()["total_items"], 0, "distance tells nothing");
            // A person may open it again.
            app.edit(id("pantry"), |document| if let Document::Service(doc) = document { doc.service_at_locations[0].location_policy = None; }).await;
            assert!(app.get("/services?full=true").await.text().contains("LU3 9XQ"));
        }
    }
}

fact! {
    async fn a_term_that_comes_later_makes_its_services_secret(app) {
        let mut early = refuge();
        let attribute = early["attributes"][0].clone();
        early["attributes"] = json!([{"id": id("refuge kind"), "link_entity": "service", "taxonomy_term_id": id("refuge term")}]);
        app.import(early.to_string()).await;
        assert!(app.get("/services?full=true").await.text().contains("Hidden House"), "nothing says yet that it is a refuge");
        app.import(json!({"kind": "taxonomy_term", "document": attribute["taxonomy_term"]}).to_string()).await;
        search(&app, &["Hidden House", "51.8811", "Bus 9"], true).await;
    }
}

fact! {
    async fn an_address_in_a_sheet_does_not_hide_in_an_id(app) {
        app.import(refuge().to_string()).await;
        let sheet = "organisation,service,address_1,postcode,needs,city\nWren House,Safe rooms,9 Bittern Lane,LU4 9QZ,refuge,Luton\n";
        let report = app.import(sheet).await;
        assert_eq!((report.created, report.rejected_total), (1, 0), "{report:?}");
        search(&app, &["Bittern", "LU4 9QZ"], true).await;
        let mut named = refuge();
        named["id"] = json!(id("another refuge"));
        named["service_at_locations"][0]["id"] = json!("link at 4 bittern lane");
        named["service_at_locations"][0]["location"]["id"] = json!("4 bittern lane");
        app.import(named.to_string()).await;
        search(&app, &["bittern"], true).await;
    }
}

fact! {
    async fn a_refuge_is_withheld_by_whichever_door_it_comes(app) {
        let doors = crate::facts::intake::doors_of_a_refuge();
        for (door, word, file) in &doors {
            let report = app.import(file.clone()).await;
            assert!(report.created > 0 && report.rejected_total == 0, "{door}: {report:?}");
            let mut told = Vec::new();
            for path in ["/services", "/organizations", "/locations", "/service_at_locations", "/events", "/taxonomy_terms"] {
                told.extend(app.get(&format!("{path}?full=true&per_page=1000")).await.body);
            }
            told.extend(app.export(Format::Ndjson, fingerpost::model::Kind::Service).await.into_bytes());
            let told = String::from_utf8(told).unwrap();
            assert!(told.contains("Rowan House"), "{door}: what helps is seen");
            assert!(!told.contains(word) && !told.contains("LU2 9ZZ") && !told.contains("51.8811"), "{door}: {told}");
        }
        // What only the place said is not even kept.
        let houses: Vec<String> = doors.iter().map(|(_, word, _)| format!("{word} House")).chain(["51.8811".to_owned()]).collect();
        search(&app, &houses.iter().map(String::as_str).collect::<Vec<_>>(), true).await;
    }
}

fact! {
    async fn a_place_that_a_person_opened_stays_open_when_its_feed_comes_again(app) {
        app.import(pantry().to_string()).await;
        let set = async |policy| {
            app.edit(id("pantry"), |document| if let Document::Service(doc) = document { doc.service_at_locations[0].location_policy = Some(policy) }).await;
        };
        for policy in [LocationPolicy::Area, LocationPolicy::OnRequest, LocationPolicy::Exact] {
            set(policy).await;
        }
        app.import(pantry().to_string()).await;
        assert!(app.get("/services?full=true").await.text().contains("LU3 9XQ"));
        set(LocationPolicy::OnRequest).await;
        app.import(pantry().to_string()).await;
        assert!(!app.get("/services?full=true").await.text().contains("LU3 9XQ"), "and closed when it was closed");
    }
}

fact! {
    async fn the_fixtures_keep_their_secrets(app) {
        app.fixtures().await;
        texts::publish_guide(&app).await;
        let secrets = ["Silk Weaver", "LU1 1QD", "Jasmine Terrace", "LU4 8HL", "Crescent Homework", "Hate crime friends"];
        let sent = std::fs::read_to_string("fixtures/luton/directory.ndjson").unwrap();
        for secret in secrets {
            assert!(sent.contains(secret), "the fixtures have {secret:?} no more, so nothing is searched for");
        }
        search(&app, &secrets, false).await;
    }
}

fact! {
    async fn a_place_that_carries_a_term_itself_goes_when_that_becomes_secret(app) {
        let mut listed = pantry();
        listed["service_at_locations"][0]["location"]["attributes"] = json!([{"id": id("house kind"), "link_entity": "location",
            "taxonomy_term": {"id": id("house term"), "name": "Women's house", "description": "A house."}}]);
        app.import(listed.to_string()).await;
        assert!(app.get("/locations").await.text().contains("Gorse Centre"));
        let rename = |document: &mut Document| {
            if let Document::TaxonomyTerm(term) = document {
                "Women's refuge".clone_into(&mut term.name);
            }
        };
        app.edit(id("house term"), rename).await;
        assert!(!app.get("/locations").await.text().contains("Gorse Centre"));
        assert_eq!(app.files_with("Gorse Close"), Vec::<String>::new());
    }
}
