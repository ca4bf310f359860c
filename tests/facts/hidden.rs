//! Hidden places: nothing that is told of a listing leads to a place that it hides, be it open elsewhere, and what
//! was taken out for good stays out.

mod withheld;

use std::{fs::File, time::Duration};

use fingerpost::{
    model::{Document, Kind, LocationPolicy, apart::apart},
    records::{Annotation, Draft},
    safekeeping,
};
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};

use super::{id, listings, pantry, secrets::search};
use crate::support::{On, TestApp, fact};

/// A listing at the place where the pantry is, which everybody may know; with that place's id in every member that
/// the standards have for it, and in some that they have not.
fn talks(policy: &str) -> String {
    let (centre, link) = (id("centre"), id("talks at the centre"));
    let place = pantry()["service_at_locations"][0]["location"].clone();
    let metadata = json!([{"id": id("an older value"), "resource_id": centre, "resource_type": "location", "last_action_date": "2026-01-01",
        "last_action_type": "update", "field_name": "address_1", "previous_value": "The old mill", "replacement_value": "A barn", "updated_by": "us"}]);
    let times = |name: &str| {
        json!([{"id": id(name), "freq": "WEEKLY", "byday": "TU", "opens_at": "10:00", "closes_at": "12:00", "location_id": centre,
        "service_at_location_id": link, "notes": "By the Gorse Centre", "place_id": centre, "attributes": [{"id": id(&format!("{name}, more")), "link_id": centre, "value": "yes"}]}])
    };
    let mut link_times = times("times at the link");
    link_times[0]["description"] = json!("Ring at the blue door");
    let service = json!({
        "id": id("talks"), "name": "Quiet talks", "status": "active", "url": format!("https://example.org/places/{centre}"),
        "description": format!("More at example.org/places/{}.", centre.simple()), "metadata": metadata,
        "additional_urls": [{"id": id("a map"), "label": "Map", "url": "https://maps.example.org/?q=LU3+9XQ"}, {"id": id("a page"), "url": "https://example.org/talks"}],
        "organization": {"id": id("wren"), "name": "Wren Trust", "description": "We listen.", "locations": [{"id": centre}], "metadata": metadata},
        "schedules": times("times"), "attributes": [{"id": id("an attribute"), "link_id": centre, "link_entity": "location", "value": "yes"}],
        "contacts": [{"id": id("talks desk"), "name": "Talks desk", "email": "desk@wren.example.org", "location_id": centre}],
        "service_areas": [{"id": id("an area"), "name": "Luton", "service_at_location_id": link}],
        "service_at_locations": [{"id": link, "location_policy": policy, "description": "Ring at the blue door", "metadata": metadata, "location": place,
            "schedules": link_times, "attributes": [{"id": id("of the link"), "link_id": centre, "value": "yes"}]}],
    });
    let event = json!({
        "id": id("evening"), "organization_id": id("wren"), "name": "Quiet evening", "status": "scheduled", "timezone": "Europe/London",
        "start": "2026-12-01T19:00:00", "end": "2026-12-01T21:00:00", "rrule": "FREQ=WEEKLY;COUNT=3", "location_id": centre, "location_policy": policy,
        "changes": [{"start": "2026-12-08T19:00:00", "status": "moved", "location_id": centre, "note": "By the Gorse Centre"}],
        "accessibility": [{"id": id("a ramp"), "location_id": centre, "description": "Step-free entrance"}],
    });
    format!("{service}\n{}\n", json!({"kind": "event", "document": event}))
}

/// Everything that is told, document by document, but for the pantry and its place.
async fn told(app: &TestApp) -> Vec<Value> {
    let mut told = Vec::new();
    for list in ["/services", "/service_at_locations", "/organizations", "/events", "/locations"] {
        for form in ["?per_page=1000", "?full=true&per_page=1000"] {
            told.extend(app.get(&format!("{list}{form}")).await.json()["contents"].as_array().unwrap().clone());
        }
    }
    for kind in fingerpost::model::Kind::PUBLISHED {
        let lines = app.export(fingerpost::publishing::forms::Format::Ndjson, kind).await;
        told.extend(lines.lines().map(|line| serde_json::from_str(line).unwrap()));
    }
    let feed = app.get("/federation/v1/changes").await.json();
    told.extend(feed["items"].as_array().unwrap().iter().map(|item| item["data"].clone()));
    let known = ["pantry", "pantry at the centre", "centre", "marsh farm"].map(|name| json!(id(name)));
    told.retain(|document| !known.contains(&document["id"]));
    told
}

fact! {
    async fn nothing_leads_by_its_id_to_a_place_that_is_hidden_here_and_open_elsewhere(app) {
        app.import(pantry().to_string()).await;
        for policy in ["area", "on_request", "withheld"] {
            let report = app.import(talks(policy)).await;
            assert_eq!(report.rejected, [], "{policy}");
            assert_eq!(app.get(&format!("/locations/{}", id("centre"))).await.status, 200, "{policy}: by way of the pantry");
            let told = told(&app).await;
            for (listing, name) in [("talks", "Quiet talks"), ("wren", "Wren Trust"), ("evening", "Quiet evening")] {
                assert!(told.iter().any(|one| one["id"] == json!(id(listing)) && one["name"] == name), "{policy}: {listing} is told");
            }
            for document in &told {
                let text = document.to_string().to_lowercase();
                for secret in [&id("centre").to_string(), &id("centre").simple().to_string(), "blue door", "gorse", "lu3", "old mill", "a barn"] {
                    assert!(!text.contains(secret), "{policy}: {secret} in {document}");
                }
            }
            let talks = app.get(&format!("/services/{}", id("talks"))).await.json();
            assert_eq!((talks["additional_urls"].as_array().unwrap().len(), talks["schedules"][0]["byday"].as_str()), (1, Some("TU")), "{talks}");
        }
    }
}

fact! {
    async fn a_listing_that_hides_nothing_keeps_what_leads_to_its_place(app) {
        app.import(format!("{}\n{}", pantry(), talks("exact"))).await;
        let talks = app.get(&format!("/services/{}", id("talks"))).await.json();
        let (centre, link) = (json!(id("centre")), json!(id("talks at the centre")));
        assert_eq!((&talks["schedules"][0]["location_id"], &talks["schedules"][0]["service_at_location_id"]), (&centre, &link));
        assert_eq!((&talks["service_areas"][0]["service_at_location_id"], &talks["metadata"][0]["field_name"]), (&link, &json!("address_1")));
        for said in ["previous_value", "replacement_value", "updated_by"] {
            assert!(talks["metadata"][0].get(said).is_none_or(Value::is_null), "nobody is told who changed what from what: {talks}");
        }
        assert_eq!(app.get(&format!("/events/{}", id("evening"))).await.json()["accessibility"][0]["location_id"], centre);
    }
}

fact! {
    async fn an_address_that_one_service_hides_stays_hidden_when_the_hours_in_its_sheet_change(app) {
        let sheet = |closes: &str| {
            format!("organisation,service,days,opens_at,closes_at,address_1,city,postcode\n\
                Elm,Choir,Monday,10:00,12:00,9 Bittern Lane,Luton,LU4 9QZ\nElm,Talks,Tuesday,18:00,{closes},9 Bittern Lane,Luton,LU4 9QZ\n")
        };
        app.import(sheet("20:00")).await;
        let services = app.get("/services").await.json();
        let talks = services["contents"].as_array().unwrap().iter().find(|one| one["name"] == "Talks").unwrap()["id"].as_str().unwrap().to_owned();
        for (policy, closes) in [(LocationPolicy::Area, "20:30"), (LocationPolicy::OnRequest, "21:00"), (LocationPolicy::Withheld, "21:30")] {
            assert!(policy != LocationPolicy::Area || app.get(&format!("/services/{talks}")).await.text().contains("Bittern"));
            app.edit(talks.parse().unwrap(), |document| if let Document::Service(service) = document {
                service.service_at_locations[0].location_policy = Some(policy);
            }).await;
            let report = app.import(sheet(closes)).await;
            assert_eq!((report.updated, report.rejected_total), (1, 0), "{policy:?}: {report:?}");
            let told = app.get(&format!("/services/{talks}")).await.text();
            assert!(!told.contains("Bittern") && !told.contains("LU4 9QZ"), "{policy:?}: {told}");
            assert!(app.get("/services?full=true").await.text().contains("Bittern"), "{policy:?}: the other one hides nothing");
        }
    }
}

fact! {
    async fn a_hidden_place_stays_hidden_when_a_feed_without_ids_corrects_its_address(app) {
        let feed = |street: &str, closes: &str| {
            let mut listed = pantry();
            let link = &mut listed["service_at_locations"][0];
            link["schedules"] = json!([{"freq": "WEEKLY", "byday": "TU", "opens_at": "10:00", "closes_at": closes}]);
            link["location"]["addresses"][0]["address_1"] = json!(street);
            link["location"].as_object_mut().unwrap().remove("id");
            link.as_object_mut().unwrap().remove("id");
            listed.to_string()
        };
        app.import(feed("12 Gorse Close", "12:00")).await;
        let place = app.ids("/locations").await[0].parse().unwrap();
        app.edit(place, |document| if let Document::Location(place) = document { place.location_policy = Some(LocationPolicy::OnRequest); }).await;
        for (street, closes) in [("12 Gorse Close", "12:30"), ("12a Gorse Close", "12:30"), ("12a Gorse Close", "13:00")] {
            assert_eq!(app.import(feed(street, closes)).await.rejected_total, 0);
            let told = app.get("/services?full=true").await.text() + &app.get("/locations?full=true").await.text();
            assert!(told.contains("Address given when you book") && !told.contains("Gorse"), "{street}, {closes}: {told}");
        }
        // A link that was left out for a day does not come back more open.
        let mut nowhere = pantry();
        nowhere["service_at_locations"] = json!([]);
        app.import(nowhere.to_string()).await;
        app.import(feed("12a Gorse Close", "13:00")).await;
        assert!(!app.get("/services?full=true").await.text().contains("Gorse"));
        // Somebody here may open it.
        app.edit(id("pantry"), |document| if let Document::Service(service) = document {
            service.service_at_locations[0].location_policy = Some(LocationPolicy::Exact);
        }).await;
        app.import(feed("12a Gorse Close", "13:30")).await;
        assert!(app.get("/services?full=true").await.text().contains("12a Gorse Close"));
    }
}

fact! {
    async fn a_listing_does_not_tell_in_words_of_a_place_that_its_keepers_have_hidden(app) {
        let mut listed = pantry();
        listed["description"] = json!("Ask for the Gorse Centre, 12 Gorse Close, LU3 9XQ.");
        listed["service_at_locations"][0]["location_policy"] = json!("on_request");
        app.import(listed.to_string()).await;
        let words = ["Gorse", "LU3 9XQ", "51.9163"];
        search(&app, &words, false).await;
        let tx = app.app().db.write().await.unwrap();
        app.app().records.hide(&tx, &TestApp::person("it is not safe there"), id("centre")).await.unwrap();
        tx.commit().await.unwrap();
        app.follow().await;
        search(&app, &words, false).await;
        // Whatever the link says now: the place itself is not to be seen.
        app.edit(id("pantry"), |document| if let Document::Service(service) = document {
            service.service_at_locations[0].location_policy = None;
        }).await;
        search(&app, &words, false).await;
        let told = app.get(&format!("/services/{}", id("pantry"))).await.json();
        assert_eq!(told["description"], "Ask for the [address withheld], [address withheld], [address withheld].");
    }
}

fact! {
    async fn no_other_listing_of_a_group_tells_of_the_place_that_one_of_them_hides(app) {
        let mut club: Value = serde_json::from_str(&listings(&["Cooking club"])).unwrap();
        club["description"] = json!("We cook at the Gorse Centre, 12 Gorse Close LU3 9XQ, and at 4 Mill Street.");
        let supper = json!({"id": id("supper"), "organization_id": id("marsh farm"), "name": "Harvest supper", "status": "scheduled", "timezone": "Europe/London",
            "start": "2026-12-01T19:00:00", "end": "2026-12-01T21:00:00", "description": "In the kitchen, 12 Gorse Close."});
        app.import(format!("{}\n{club}\n{}", pantry(), json!({"kind": "event", "document": supper}))).await;
        let set = async |policy| app.edit(id("pantry"), |document| if let Document::Service(service) = document {
            service.service_at_locations[0].location_policy = policy;
        }).await;
        set(Some(LocationPolicy::OnRequest)).await;
        search(&app, &["Gorse", "LU3 9XQ"], false).await;
        let told = async || app.get(&format!("/services/{}", id("Cooking club"))).await.json()["description"].clone();
        assert_eq!(told().await, "We cook at the [address withheld], [address withheld] [address withheld], and at 4 Mill Street.");
        set(None).await;
        assert_eq!(told().await, club["description"], "and all of it is told when the place is open again");
    }
}

fact! {
    async fn an_event_does_not_name_a_service_that_is_not_to_be_seen(app) {
        let quiet = json!({"id": id("wren"), "name": "Wren Trust", "description": "We listen."});
        let supper = json!({"id": id("supper"), "organization_id": id("wren"), "service_id": id("pantry"), "name": "Harvest supper", "status": "scheduled",
            "timezone": "Europe/London", "start": "2026-12-01T19:00:00", "end": "2026-12-01T21:00:00"});
        app.import(format!("{}\n{}\n{}", pantry(), json!({"kind": "organization", "document": quiet}), json!({"kind": "event", "document": supper}))).await;
        let service = async || app.get(&format!("/events/{}", id("supper"))).await.json()["service_id"].clone();
        assert_eq!(service().await, json!(id("pantry")));
        for hidden in ["marsh farm", "pantry"] {
            let tx = app.app().db.write().await.unwrap();
            app.app().records.hide(&tx, &TestApp::person("it is not to be seen"), id(hidden)).await.unwrap();
            tx.commit().await.unwrap();
            app.follow().await;
            assert_eq!(app.get(&format!("/services/{}", id("pantry"))).await.status, 410, "{hidden}");
            assert_eq!(service().await, Value::Null, "{hidden}");
            let stored = app.app().records.find(id(hidden)).await.unwrap().unwrap();
            app.save(vec![Draft::new(stored.read().unwrap())]).await;
            assert_eq!(service().await, json!(id("pantry")), "{hidden} is shown again");
        }
    }
}

fact! {
    async fn an_organisation_does_not_tell_in_words_of_a_place_that_its_keepers_have_hidden(app) {
        let mut listed = pantry();
        listed["organization"]["description"] = json!("Volunteers. We meet at the Gorse Centre, 12 Gorse Close LU3 9XQ.");
        let mut club: Value = serde_json::from_str(&listings(&["Cooking club"])).unwrap();
        club["organization"] = listed["organization"].clone();
        club["description"] = json!("We cook at 12 Gorse Close LU3 9XQ.");
        app.import(format!("{listed}\n{club}")).await;
        let told = async || {
            let group = app.get(&format!("/organizations/{}", id("marsh farm"))).await.json()["description"].clone();
            (group, app.get(&format!("/services/{}", id("Cooking club"))).await.json()["description"].clone())
        };
        let before = told().await;
        assert_eq!(before, (listed["organization"]["description"].clone(), club["description"].clone()));
        let tx = app.app().db.write().await.unwrap();
        app.app().records.hide(&tx, &TestApp::person("it is not safe there"), id("centre")).await.unwrap();
        tx.commit().await.unwrap();
        app.follow().await;
        search(&app, &["Gorse", "LU3 9XQ"], false).await;
        let masked = "[address withheld] [address withheld].";
        assert_eq!(told().await, (json!(format!("Volunteers. We meet at the [address withheld], {masked}")), json!(format!("We cook at {masked}"))));
        let stored = app.app().records.find(id("centre")).await.unwrap().unwrap();
        app.save(vec![Draft::new(stored.read().unwrap())]).await;
        assert_eq!(told().await, before, "and all of it is told when the place is shown again");
    }
}

fact! {
    async fn what_is_hidden_here_of_another_directory_takes_along_what_stands_and_falls_with_it(app) {
        let mut listed = pantry();
        listed["organization"]["description"] = json!("Volunteers at the Gorse Centre.");
        let origin = "https://luton.example.org/";
        let drafts: Vec<Draft> = apart(Document::from_value(Kind::Service, listed.clone()).unwrap()).unwrap().into_iter()
            .map(|document| Draft { origin: origin.to_owned(), ..Draft::new(document) }).collect();
        app.save(drafts).await;
        let hide = async |record: &str, hidden: bool| {
            let annotation = Annotation { hidden, ..Annotation::default() };
            app.app().records.annotate(&TestApp::person("the team decided"), id(record), annotation).await.unwrap();
            app.follow().await;
        };
        let group = async || app.get(&format!("/organizations/{}", id("marsh farm"))).await.json()["description"].clone();
        let place = async || app.get(&format!("/locations/{}", id("centre"))).await.status.as_u16();
        assert_eq!((group().await, place().await), (listed["organization"]["description"].clone(), 200));
        hide("centre", true).await;
        assert_eq!((group().await, place().await), (json!("Volunteers at the [address withheld]."), 410));
        hide("centre", false).await;
        assert_eq!((group().await, place().await), (listed["organization"]["description"].clone(), 200));
        hide("marsh farm", true).await;
        assert_eq!(place().await, 410, "no service there is to be seen");
        hide("marsh farm", false).await;
        assert_eq!(place().await, 200);
    }
}

async fn set_place(app: &TestApp, policy: LocationPolicy) {
    let with = |document: &mut Document| {
        if let Document::Location(place) = document {
            place.location_policy = Some(policy);
        }
    };
    app.edit(id("centre"), with).await;
}

fact! {
    async fn a_sweep_is_due_until_nobody_reads_what_was_deleted(app) {
        app.import(pantry().to_string()).await;
        let mut options = sea_orm::ConnectOptions::new(app.config.database_url.to_string());
        options.max_connections(1);
        let reading = sea_orm::Database::connect(options).await.unwrap();
        let begin = if app.on == On::Postgres { "BEGIN ISOLATION LEVEL REPEATABLE READ" } else { "BEGIN" };
        reading.execute_unprepared(begin).await.unwrap();
        reading.execute_unprepared("SELECT count(*) FROM record").await.unwrap();
        let hidden = app.app().records.find(id("centre")).await.unwrap().unwrap().read().unwrap();
        let mut draft = fingerpost::records::Draft::new(hidden);
        if let Document::Location(place) = &mut draft.document {
            place.location_policy = Some(LocationPolicy::Withheld);
        }
        app.app().records.save_now(&TestApp::person("a threat"), vec![draft], &fingerpost::records::LastModified::new()).await.unwrap();
        for _ in 0..2 {
            assert!(!app.app().db.sweep_due(Duration::ZERO).await.unwrap(), "somebody still reads it, so it is not forgotten that it has to go");
        }
        reading.execute_unprepared("COMMIT").await.unwrap();
        assert!(app.app().db.sweep_due(Duration::from_secs(20)).await.unwrap());
        assert!(app.app().db.sweep_due(Duration::ZERO).await.unwrap(), "nothing is due any more");
        reading.close().await.unwrap();
    }
}

fact! {
    async fn two_who_keep_the_list_of_what_was_taken_out_wait_for_each_other(app) {
        app.import(pantry().to_string()).await;
        set_place(&app, LocationPolicy::Withheld).await;
        let folder = app.folder.path().to_path_buf();
        let list = folder.join("scrubs.ndjson");
        safekeeping::keep_scrubs(&app.app().records, &folder).await.unwrap();
        let ours = std::fs::read_to_string(&list).unwrap();
        let theirs = ours.replace(&id("centre").to_string(), &id("another place").to_string());
        assert_ne!(theirs, ours);
        std::fs::remove_file(&list).unwrap();
        let held = File::create(folder.join("scrubs.ndjson.lock")).unwrap();
        held.lock().unwrap();
        let (records, into) = (app.app().records.clone(), folder.clone());
        let keeping = tokio::spawn(async move { safekeeping::keep_scrubs(&records, &into).await });
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!keeping.is_finished(), "it waits for its turn");
        std::fs::write(&list, &theirs).unwrap();
        held.unlock().unwrap();
        keeping.await.unwrap().unwrap();
        let both = std::fs::read_to_string(&list).unwrap();
        assert!(both.contains(ours.trim_end()) && both.contains(theirs.trim_end()), "{both}");
        let left: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        assert!(!left.iter().any(|name| name.contains(".new")), "{left:?}");
    }
}

#[test]
fn what_replaces_a_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings-in-force.json");
    std::fs::write(&file, "as it was").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    safekeeping::replace(&file, b"as it is").unwrap();
    assert_eq!(std::fs::read(&file).unwrap(), b"as it is");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
