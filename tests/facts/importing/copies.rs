//! Copies of an organisation in its services: a brief one takes nothing from what is known, and those that we give are
//! whole.

use serde_json::{Value, json};

use super::super::{id, pantry};
use crate::support::{TestApp, fact};

/// A service of the pantry's organization, of which it says little.
fn brief_copy() -> Value {
    let mut brief = pantry();
    brief["id"] = json!(id("a second service"));
    brief["service_at_locations"] = json!([]);
    let organization = brief["organization"]["id"].clone();
    brief["organization"] = json!({"id": organization, "name": "The Pantry", "alternate_name": "Marsh Farm"});
    brief
}

/// The pantry, of whose organization much is known.
fn well_known() -> Value {
    let mut known = pantry();
    let organization = known["organization"].as_object_mut().unwrap();
    organization.insert("description".into(), json!("Run by volunteers."));
    organization.insert("email".into(), json!("hello@pantry.example.org"));
    organization.insert("phones".into(), json!([{"id": id("line of the pantry"), "number": "01632 960100"}]));
    organization.insert("ward_code".into(), json!("E05013303"));
    known
}

fact! {
    async fn a_brief_copy_takes_nothing_away_and_what_it_lacks_is_named(app) {
        let known = well_known();
        app.import(known.to_string()).await;
        let of_it = format!("/organizations/{}", known["organization"]["id"].as_str().unwrap());
        let report = app.import(brief_copy().to_string()).await;
        let now = app.get(&of_it).await.json();
        assert_eq!((&now["name"], &now["alternate_name"]), (&json!("The Pantry"), &json!("Marsh Farm")), "what it says counts");
        assert_eq!(now["description"], "Run by volunteers.", "a name is no description");
        assert_eq!((&now["email"], &now["ward_code"]), (&json!("hello@pantry.example.org"), &json!("E05013303")));
        assert_eq!(now["phones"][0]["number"], "01632 960100");
        let told: Vec<&str> = report.dropped.iter().map(|left| left.dropped.reason.as_str()).collect();
        let id = known["organization"]["id"].as_str().unwrap();
        assert_eq!(told, [format!("the copy of the organization {id} has less detail than the one here; what it lacks was kept: email, phones, ward_code")]);
        let again = app.import(brief_copy().to_string()).await;
        assert_eq!((again.created, again.updated), (0, 0), "{:?}", again.records);
    }
}

fact! {
    async fn copies_in_one_file_make_one_record_whatever_their_order(app) {
        let of_it = format!("/organizations/{}", pantry()["organization"]["id"].as_str().unwrap());
        let mut brief = brief_copy();
        brief["organization"]["name"] = well_known()["organization"]["name"].clone();
        let (known, brief) = (well_known().to_string(), brief.to_string());
        for file in [format!("{brief}\n{known}\n"), format!("{known}\n{brief}\n")] {
            let Some(other) = TestApp::start(app.on).await else { return };
            let first = other.import(file.clone()).await;
            assert_eq!((first.created, first.dropped_total), (2, 0), "{:?}", first.dropped);
            let mut now = other.get(&of_it).await.json();
            now.as_object_mut().unwrap().remove("last_modified");
            let mut whole = well_known()["organization"].clone();
            whole["alternate_name"] = json!("Marsh Farm");
            assert_eq!(now, whole);
            let again = other.import(file).await;
            assert_eq!(again.records.values().map(|counts| counts.updated).sum::<u64>(), 0, "{:?}", again.records);
            other.end().await;
        }
    }
}

fact! {
    async fn every_list_of_ours_can_be_taken_in_by_another_directory(app) {
        app.fixtures().await;
        let mut alone = well_known()["organization"].clone();
        alone["id"] = json!(id("an organization without services"));
        app.import(json!({"kind": "organization", "document": alone}).to_string()).await;
        let Some(other) = TestApp::start(app.on).await else { return };
        let mut everything = String::new();
        for list in ["/taxonomy_terms", "/organizations", "/locations", "/events", "/services"] {
            everything += &app.get(&format!("{list}?format=ndjson&full=true")).await.text();
        }
        let report = other.import(everything.clone()).await;
        assert_eq!(report.rejected, []);
        for list in ["/organizations", "/events", "/services", "/locations", "/service_at_locations", "/taxonomy_terms"] {
            assert_eq!(other.ids(list).await, app.ids(list).await, "{list}");
        }
        let again = other.import(everything).await;
        assert_eq!((again.created, again.updated), (0, 0), "{:?}", again.records);
        let link = app.get("/service_at_locations?format=ndjson&full=true").await.text();
        let report = other.import(link.lines().next().unwrap()).await;
        assert!(report.rejected[0].reason.starts_with("a service_at_location is part of its service"), "{:?}", report.rejected);
        other.end().await;
    }
}

fact! {
    async fn a_service_nests_all_that_is_public_of_its_organization(app) {
        let mut known = well_known();
        known["organization"]["organization_identifiers"] = json!([{"id": id("number"), "identifier_scheme": "GB-CHC", "identifier_type": "Charity number", "identifier": "1234567"}]);
        known["organization"]["contacts"] = json!([{"id": id("chair"), "name": "Chair", "email": "chair-xylem@pantry.example.org", "visibility": "private"}]);
        known["organization"]["attributes"] = json!([{"id": id("faith"), "link_entity": "organization", "taxonomy_term": {"id": id("kind"), "code": "charity", "name": "Charity", "description": "A charity."}}]);
        app.import(known.to_string()).await;
        let of_it = format!("/services/{}", id("pantry"));
        let nested = app.get(&of_it).await.json()["organization"].clone();
        assert_eq!(nested["organization_identifiers"][0]["identifier"], "1234567");
        assert_eq!(nested["phones"][0]["number"], "01632 960100");
        assert_eq!(nested["attributes"][0]["taxonomy_term"]["name"], "Charity");
        let mut itself = app.get(&format!("/organizations/{}", id("marsh farm"))).await.json();
        itself.as_object_mut().unwrap().remove("last_modified");
        assert_eq!(nested, itself);
        let everywhere = app.get("/services?format=ndjson&full=true").await.text() + &app.get("/services").await.text();
        assert!(!everywhere.contains("xylem"), "a private contact is nobody's business");
        let brief = app.get("/services").await.json()["contents"][0]["organization"].clone();
        assert_eq!((&brief["email"], &brief["phones"]), (&json!("hello@pantry.example.org"), &Value::Null), "lists stay short");
        let link = app.get(&format!("/service_at_locations/{}", id("pantry at the centre"))).await.json();
        assert_eq!(link["service"]["organization"]["phones"], Value::Null);
        // Whatever changes in it, also two steps away, changes in its services.
        app.edit(id("kind"), |document| {
            if let fingerpost::model::Document::TaxonomyTerm(term) = document { term.name = "Registered charity".into(); }
        }).await;
        app.edit(id("marsh farm"), |document| {
            if let fingerpost::model::Document::Organization(doc) = document { doc.phones.clear(); }
        }).await;
        let nested = app.get(&of_it).await.json()["organization"].clone();
        assert_eq!((&nested["phones"], &nested["attributes"][0]["taxonomy_term"]["name"]), (&Value::Null, &json!("Registered charity")));
    }
}
