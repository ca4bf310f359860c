//! The same file again, or one that has changed: what people did here since stays.

use fingerpost::{
    importing::Options,
    model::{Document, Visibility},
    records::State,
};
use serde_json::{Value, json};

use super::super::{id, pantry, refuge};
use crate::support::{TestApp, fact};

fact! {
    async fn importing_twice_changes_nothing(app) {
        let file = std::fs::read("fixtures/luton/directory.ndjson").unwrap();
        app.fixtures().await;
        let head = app.app().head().await.unwrap();
        let again = app.import(file).await;
        assert_eq!((again.created, again.updated), (0, 0));
        assert_eq!(app.app().head().await.unwrap(), head, "nothing was numbered");
        // Two copies of an organization that differ: the first stands, in every run.
        let mut other = pantry();
        other["id"] = json!(id("second service"));
        other["service_at_locations"] = json!([]);
        other["organization"]["name"] = json!("Another name");
        let both = format!("{}\n{other}\n", pantry());
        let first = app.import(both.clone()).await;
        assert_eq!((first.created, first.dropped_total), (2, 1), "{first:?}");
        let second = app.import(both).await;
        assert_eq!((second.created, second.updated, second.unchanged), (0, 0, 2));
    }
}

/// The pantry, and what people did to it since it was imported.
async fn edited_pantry(app: &TestApp) {
    app.import(pantry().to_string()).await;
    app.edit(id("pantry"), |document| {
        let Document::Service(service) = document else { panic!() };
        service.alert = Some("Closed until 5 December 2026. The hall is flooded".to_owned());
        service.fees_description = Some("£5 a visit".to_owned());
    })
    .await;
    app.edit(id("centre"), |document| {
        let Document::Location(place) = document else { panic!() };
        "Marsh Farm Centre, side door".clone_into(&mut place.addresses[0].address_1);
    })
    .await;
}

fact! {
    async fn the_same_file_again_leaves_everything_that_people_did(app) {
        edited_pantry(&app).await;
        let standing = (app.get(&format!("/services/{}", id("pantry"))).await.text(), app.app().head().await.unwrap());
        for _ in 0..2 {
            let again = app.import(pantry().to_string()).await;
            assert_eq!((again.created, again.updated, again.unchanged, again.dropped_total), (0, 0, 1, 0), "{again:?}");
        }
        assert_eq!((app.get(&format!("/services/{}", id("pantry"))).await.text(), app.app().head().await.unwrap()), standing);
    }
}

fact! {
    async fn what_is_hidden_or_was_taken_out_stays_so_whatever_the_file_says(app) {
        app.import(format!("{}\n{}", pantry(), refuge())).await;
        let tx = app.app().db.write().await.unwrap();
        app.app().records.hide(&tx, &TestApp::person("Unsafe, do not show"), id("pantry")).await.unwrap();
        tx.commit().await.unwrap();
        app.withdraw(id("refuge"), "closed").await;
        app.follow().await;
        let mut changed = pantry();
        changed["description"] = json!("Come and see.");
        for (file, overwrite, updated) in [(pantry(), false, 0), (changed.clone(), false, 1), (changed, true, 0)] {
            let options = Options { source: "a test".to_owned(), overwrite, ..Options::default() };
            let report = app.import_with(format!("{file}\n{}", refuge()), &options).await;
            assert_eq!((report.created, report.updated), (0, updated), "{report:?}");
            let told: Vec<(u64, &str)> = report.dropped.iter().map(|left| (left.line, left.dropped.reason.as_str())).collect();
            assert_eq!(told, [
                (1, "the service “Meadow larder” is hidden here, and stays hidden"),
                (2, "the service “Rowan House” was withdrawn here, and stays withdrawn"),
            ]);
            for gone in ["pantry", "refuge"] {
                assert_eq!(app.get(&format!("/services/{}", id(gone))).await.status, 410, "{gone}");
            }
        }
        let hidden = app.app().records.find(id("pantry")).await.unwrap().unwrap();
        assert!(hidden.document.contains("Come and see."), "whoever shows it again shows what is true now");
    }
}

fact! {
    async fn a_line_like_those_of_our_own_export_has_no_more_rights_over_what_is_here_than_a_feed(app) {
        app.import(pantry().to_string()).await;
        let stored = async |name: &str| app.app().records.find(id(name)).await.unwrap().unwrap();
        let mut document: Value = serde_json::from_str(&stored("pantry").await.document).unwrap();
        app.edit(id("pantry"), |document| if let Document::Service(service) = document {
            service.contacts[0].visibility = Some(Visibility::Private);
            service.fees_description = Some("£5 a visit".into());
        }).await;
        let tx = app.app().db.write().await.unwrap();
        app.app().records.hide(&tx, &TestApp::person("Unsafe, do not show"), id("pantry")).await.unwrap();
        tx.commit().await.unwrap();
        let jo = json!({"id": id("jo"), "name": "Jo Bloggs", "visibility": "public", "phones": [{"id": id("jo's mobile"), "number": "07700 900123"}]});
        document["contacts"].as_array_mut().unwrap().push(jo);
        let line = json!({"kind": "service", "state": "published", "revision": 99, "changed_at": "2026-01-01T00:00:00Z",
            "changed_by": "the council", "why": "checked", "document": document});
        let report = app.import(line.to_string()).await;
        let told: Vec<&str> = report.dropped.iter().map(|left| left.dropped.reason.as_str()).collect();
        assert_eq!((told, report.personal_total), (vec!["the service “Meadow larder” is hidden here, and stays hidden"], 1), "{report:?}");
        let now = stored("pantry").await;
        assert_eq!((now.state, now.kept.revision, now.kept.changed_by.as_str()), (State::Unpublished, 4, "import"));
        let now: Value = serde_json::from_str(&now.document).unwrap();
        assert_eq!((&now["contacts"][0]["visibility"], &now["contacts"][1]["visibility"]), (&json!("private"), &json!("unconfirmed")));
        assert_eq!(now["fees_description"], "£5 a visit");
        assert_eq!(app.get(&format!("/services/{}", id("pantry"))).await.status, 410);

        let group: Value = serde_json::from_str(&stored("marsh farm").await.document).unwrap();
        let report = app.import(json!({"kind": "organization", "state": "gone", "origin": "https://elsewhere.example.org/", "document": group}).to_string()).await;
        assert!(report.dropped[0].dropped.reason.contains("is public here, and stays public"), "{report:?}");
        let group = stored("marsh farm").await;
        assert_eq!((group.state, group.origin.as_str()), (State::Published, ""));
    }
}

fact! {
    async fn a_refuge_in_a_line_of_our_export_is_withheld_unless_a_whole_directory_is_restored(app) {
        let told = refuge();
        let link = &told["service_at_locations"][0];
        let mut service = told.clone();
        service.as_object_mut().unwrap().remove("organization");
        service["organization_id"] = told["organization"]["id"].clone();
        service["description"] = json!("A safe place to stay.");
        service["service_at_locations"] = json!([{"id": link["id"], "location_id": link["location"]["id"], "location_policy": "exact"}]);
        service["attributes"] = json!([{"id": id("refuge kind"), "link_entity": "service", "taxonomy_term_id": id("refuge term")}]);
        let line = |kind: &str, document: &Value| json!({"kind": kind, "document": document}).to_string();
        let file = [
            line("taxonomy_term", &told["attributes"][0]["taxonomy_term"]), line("organization", &told["organization"]),
            line("location", &link["location"]), line("service", &service),
        ].join("\n");
        let Some(empty) = TestApp::start(app.on).await else { return };
        app.import(pantry().to_string()).await;
        for (app, is_told) in [(&app, false), (&empty, true)] {
            let report = app.import(file.clone()).await;
            assert_eq!((report.created, report.rejected_total), (4, 0), "{report:?}");
            let shown = app.get("/services?full=true").await.text();
            assert!(shown.contains("Rowan House") && shown.contains("Hidden House") == is_told, "{shown}");
        }
        empty.end().await;
    }
}

fact! {
    async fn a_file_that_changed_changes_what_nobody_edited_and_says_what_it_did_not(app) {
        edited_pantry(&app).await;
        let mut changed = pantry();
        changed["description"] = json!("Twelve items, chosen by you.");
        changed["fees_description"] = json!("£6 a visit");
        changed["service_at_locations"][0]["location"]["latitude"] = json!(51.95);
        let report = app.import(changed.to_string()).await;
        assert_eq!(report.updated, 1, "{report:?}");
        let mut told: Vec<&str> = report.dropped.iter().map(|left| left.dropped.path.as_str()).collect();
        told.sort_unstable();
        assert_eq!(told, ["addresses", "fees_description"], "{report:?}");
        let now = app.get(&format!("/services/{}", id("pantry"))).await.json();
        assert_eq!((&now["description"], &now["fees_description"]), (&json!("Twelve items, chosen by you."), &json!("£5 a visit")));
        assert!(now["alert"].as_str().unwrap().starts_with("Closed until"));
        let place = &now["service_at_locations"][0]["location"];
        assert_eq!(place["addresses"][0]["address_1"], "Marsh Farm Centre, side door");
        assert_eq!(place["latitude"], pantry()["service_at_locations"][0]["location"]["latitude"], "no point that belongs to another address");
        // And so the night after, and with the old file.
        for file in [changed.clone(), pantry()] {
            app.import(file.to_string()).await;
            assert_eq!(app.get(&format!("/services/{}", id("pantry"))).await.json()["fees_description"], "£5 a visit");
        }
        let forced = Options { source: "a test".to_owned(), overwrite: true, ..Options::default() };
        assert_eq!(app.import_with(changed.to_string(), &forced).await.dropped_total, 0);
        let now = app.get(&format!("/services/{}", id("pantry"))).await.json();
        assert_eq!((&now["fees_description"], now.get("alert")), (&json!("£6 a visit"), None));
    }
}

fact! {
    async fn nobody_is_asked_again_about_a_contact_that_was_erased(app) {
        let mut service = pantry();
        service["contacts"] = json!([{"id": id("sheila"), "name": "Sheila Winterbottom", "phones": [{"id": id("her phone"), "number": "07700 900123"}]}]);
        assert_eq!(app.import(service.to_string()).await.personal_total, 1);
        let tx = app.app().db.write().await.unwrap();
        app.app().records.erase_contact(&tx, &TestApp::person("she asked"), id("pantry"), id("sheila")).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(app.import(service.to_string()).await.personal_total, 0);
    }
}
