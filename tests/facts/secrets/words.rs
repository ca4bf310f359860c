//! What texts say of a place that is hidden.

use fingerpost::model::{Document, LocationPolicy};
use serde_json::{Value, json};

use super::{
    super::{id, pantry, refuge},
    search,
};
use crate::support::{TestApp, fact};

/// A group whose place is known to the directory, and told word for word in texts, in every spelling.
fn told_in_words(policy: &str, name: &str, address: &str) -> Value {
    let mut told = pantry();
    told["id"] = json!(id(&format!("service at {address}")));
    told["organization"]["id"] = json!(id(&format!("group at {address}")));
    let place = &mut told["service_at_locations"][0];
    place["id"] = json!(id(&format!("link to {address}")));
    place["location_policy"] = json!(policy);
    place["location"]["id"] = json!(id(address));
    place["location"]["name"] = json!(name);
    place["location"]["latitude"] = json!(53.0411);
    place["location"]["longitude"] = json!(-2.9911);
    place["location"]["addresses"][0]["id"] = json!(id(&format!("address {address}")));
    place["location"]["addresses"][0]["address_1"] = json!(address);
    let (lower, upper) = (address.to_lowercase(), address.to_uppercase());
    let text = format!("Come to {address}, or {lower}; {upper}! Ask for the {name} (53.0411,-2.9911), lu39xq. Open 10 to 12.");
    told["description"] = json!(text);
    told["organization"]["description"] = json!(format!("Meets at {address}."));
    told
}

fact! {
    async fn what_the_directory_knows_of_a_hidden_place_stands_in_no_text(app) {
        let places = [
            ("Bryn Teg", "9 Xylophone St"), ("Capel Mawr", "12 Stryd Seiloffon"), ("Rose Bothy", "14-16 Maes-y-Dref"),
            ("Tŷ Xylem", "Flat 2, 41 xylophone road"),
        ];
        for policy in ["area", "on_request", "withheld"] {
            let Some(other) = TestApp::start(app.on).await else { return };
            let file: String = places.iter().map(|(name, address)| told_in_words(policy, name, address).to_string() + "\n").collect();
            other.import(file.clone()).await;
            let mut exits = String::new();
            for exit in ["/services?full=true", "/organizations?full=true", "/services?format=csv", "/services?format=atom", "/service_at_locations?full=true"] {
                exits += &other.get(exit).await.text().to_lowercase();
            }
            for secret in ["teg", "mawr", "bothy", "xylem", "xylophone", "seiloffon", "dref", "53.04", "2.991", "lu39xq"] {
                assert!(!exits.contains(secret), "{policy}: {secret} in {exits}");
            }
            assert!(exits.contains("open 10 to 12."), "{exits}");
            let again = other.import(file).await;
            assert_eq!((again.created, again.updated), (0, 0));
            other.end().await;
        }
    }
}

fact! {
    async fn neither_links_to_a_map_nor_a_number_behind_its_street_tell_of_a_withheld_place(app) {
        let mut told = told_in_words("withheld", "Bothy", "77 Zebedee Lane");
        let ways = "77 Zebedee, Luton; no. 77 Zebedee; Zebedee 77; Zebedee Lane 77; Zebedee Ln 77; 77 Zebedee Ln; Zebedee Lane, no. 77; https://www.google.com/maps/@53.0422,-2.9922,17z or https://maps.google.com/?q=77+Zebedee+Lane, \
            maps.app.goo.gl/aBcDeZ, https://example.org/find?at=77%20Zebedee%20Lane, ///filled.zebedee.soap, 53.0422, -2.9922. Ring first.";
        told["description"] = json!(ways);
        told["fees_description"] = json!("Free. See https://goo.gl/maps/aBcDeZ.");
        told["organization"]["description"] = json!(format!("We listen. {ways}"));
        told["additional_urls"] = json!([{"id": id("a map"), "label": "Map", "url": "https://www.openstreetmap.org/?mlat=53.0422&mlon=-2.9922"}, {"id": id("a page"), "url": "https://example.org/talks"}]);
        app.import(told.to_string()).await;
        search(&app, &["zebedee", "53.0422", "2.9922", "abcdez"], false).await;
        let service = app.get(&format!("/services/{}", told["id"].as_str().unwrap())).await.json();
        assert!(service["description"].as_str().unwrap().ends_with("Ring first.") && service["fees_description"].as_str().unwrap().starts_with("Free. See "), "{service}");
        assert_eq!(service["additional_urls"].as_array().unwrap().len(), 1, "{service}");
    }
}

fact! {
    async fn a_place_that_is_withheld_later_is_forgotten_in_texts_and_their_history(app) {
        app.import(told_in_words("exact", "Bryn Teg", "41 Xylophone St").to_string()).await;
        let (service, group, place) = (id("service at 41 Xylophone St"), id("group at 41 Xylophone St"), id("41 Xylophone St"));
        app.edit(service, |document| {
            if let Document::Service(service) = document { service.alert = Some("closed on Friday at 41 xylophone street".into()); }
        }).await;
        app.edit(place, |document| {
            if let Document::Location(place) = document { place.location_policy = Some(LocationPolicy::Withheld); }
        }).await;
        for record in [service, group, place] {
            for version in app.app().records.history(record).await.unwrap() {
                assert!(!version.document.to_lowercase().contains("xylophone"), "{}", version.document);
            }
        }
        let service = app.get(&format!("/services/{service}")).await.json();
        assert_eq!(service["alert"], "closed on Friday at [address withheld]");
        assert_eq!(app.files_with("xylophone"), Vec::<String>::new());
    }
}

fact! {
    async fn what_a_link_says_of_a_withheld_place_goes_with_it(app) {
        app.import(refuge().to_string()).await;
        assert_eq!(app.files_with("Behind the chapel"), Vec::<String>::new(), "a refuge, from the beginning");
        let mut listed = pantry();
        listed["service_at_locations"][0]["description"] = json!("Ring at the blue door behind the bakery");
        app.import(listed.to_string()).await;
        assert!(app.get("/services?full=true").await.text().contains("blue door"));
        let withhold = |document: &mut Document| {
            if let Document::Service(service) = document {
                service.service_at_locations[0].location_policy = Some(LocationPolicy::Withheld);
            }
        };
        app.edit(id("pantry"), withhold).await;
        assert_eq!(app.files_with("blue door"), Vec::<String>::new());
        let history = app.app().records.history(id("pantry")).await.unwrap();
        assert!(history.len() > 1 && history.iter().all(|version| !version.document.contains("blue door")));
    }
}

fact! {
    async fn an_organization_does_not_tell_where_its_refuge_is(app) {
        let mut told = refuge();
        told["organization"]["description"] = json!("We help women. Find us at 7 Hidden Lane, LU2 9ZZ.");
        let mut open = pantry();
        open["organization"] = told["organization"].clone();
        app.import(open.to_string()).await;
        assert!(app.get("/organizations").await.text().contains("LU2 9ZZ"), "nothing is hidden yet");
        app.import(told.to_string()).await;
        search(&app, &["Hidden Lane"], false).await;
        assert_eq!(app.get(&format!("/organizations/{}", id("rowan"))).await.json()["description"], "We help women. Find us at [address withheld], [address withheld].");
        app.edit(id("rowan"), |document| if let Document::Organization(doc) = document { doc.legal_status = Some("Charity".into()) }).await;
        search(&app, &["Hidden Lane"], false).await;
    }
}
