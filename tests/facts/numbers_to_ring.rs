//! Whom people ring, and when, wherever a feed keeps that: the UK profile has phones inside contacts only.

use http::Method;
use serde_json::{Value, json};

use super::{id, pantry};
use crate::support::{TestApp, fact};

fn phone(number: &str, more: &Value) -> Value {
    let mut phone = json!({"id": id(number), "number": number});
    phone.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    phone
}

/// The first cell of a column of the list of services.
async fn cell(app: &TestApp, name: &str) -> String {
    cell_of(&app.get("/services?format=csv").await.text(), name)
}

fn cell_of(sheet: &str, name: &str) -> String {
    let mut rows = csv::Reader::from_reader(sheet.as_bytes());
    let at = rows.headers().unwrap().iter().position(|heading| heading == name).unwrap();
    rows.records().next().unwrap().unwrap()[at].to_owned()
}

/// Where people and programs look for the number of the pantry.
async fn told(app: &TestApp) -> Vec<(&'static str, String)> {
    app.follow().await;
    let page = format!("/directory/services/{}", id("pantry"));
    let list = app
        .ask(
            Method::POST,
            "/directory/shortlist",
            &[("content-type", "application/x-www-form-urlencoded")],
            &format!("keep={}", id("pantry")),
        )
        .await;
    vec![
        ("map", app.get("/services?format=geojson").await.json()["features"][0]["properties"]["phone"].to_string()),
        ("calendar", app.get("/services?format=ics").await.text().replace("\r\n ", "")),
        ("page", app.page(&page).await.text()),
        ("leaflet", app.page(&format!("{page}/leaflet")).await.text()),
        ("list to take along", list.text()),
    ]
}

fact! {
    async fn a_number_that_a_feed_keeps_with_its_contact_is_told_in_every_form(app) {
        let mut one = pantry();
        one["phones"] = json!([]);
        one["contacts"] = json!([{"id": id("enquiries"), "name": "Enquiries desk", "phones": [phone("01632 960177", &json!({"extension": 12}))]}]);
        app.import(one.to_string()).await;
        for (place, said) in told(&app).await {
            assert!(said.contains("01632 960177") && said.contains("12"), "{place}: {said}");
        }
        assert_eq!(cell(&app, "phone").await, "01632 960177 ext 12");
        let data = app.get(&format!("/services/{}?format=jsonld", id("pantry"))).await.json();
        assert!(data["availableChannel"].to_string().contains("01632 960177 ext 12"), "{data}");
        one["service_at_locations"] = json!([]);
        app.import(one.to_string()).await;
        assert_eq!(app.ids("/services?delivery=phone").await, [id("pantry").to_string()]);
    }
}

fact! {
    async fn where_a_service_says_no_way_to_reach_it_its_organisation_is_rung(app) {
        let mut one = pantry();
        (one["phones"], one["contacts"]) = (json!([]), json!([]));
        one.as_object_mut().unwrap().remove("email");
        one["organization"]["phones"] = json!([phone("01632 960188", &json!({}))]);
        app.import(one.to_string()).await;
        for (place, said) in told(&app).await {
            assert!(said.contains("01632 960188"), "{place}: {said}");
        }
        assert_eq!(cell(&app, "phone").await, "", "a sheet goes back in, and it is not the service's own");
    }
}

fact! {
    async fn a_fax_is_called_one_and_nobody_is_sent_to_ring_it(app) {
        let mut one = pantry();
        one["phones"] = json!([phone("01632 960166", &json!({"type": "Fax"})), phone("01632 960123", &json!({}))]);
        app.import(one.to_string()).await;
        for (place, said) in told(&app).await {
            assert!(said.contains("01632 960123"), "{place}: {said}");
            assert_eq!(said.contains("01632 960166"), place == "page", "{place}: {said}");
        }
        let page = app.page(&format!("/directory/services/{}", id("pantry"))).await.text();
        assert!(page.contains("<dt>Fax</dt><dd>01632 960166</dd>"), "{page}");
        assert_eq!(cell(&app, "phone").await, "01632 960123 / 01632 960166 (fax)");
        one["phones"].as_array_mut().unwrap().pop();
        one["service_at_locations"] = json!([]);
        app.import(one.to_string()).await;
        assert!(app.ids("/services?delivery=phone").await.is_empty());
    }
}

fact! {
    async fn where_a_service_has_a_fax_alone_its_organisation_is_rung(app) {
        let mut one = pantry();
        (one["phones"], one["contacts"]) = (json!([phone("01632 960166", &json!({"type": "fax"}))]), json!([]));
        one.as_object_mut().unwrap().remove("email");
        one["organization"]["phones"] = json!([phone("01632 960188", &json!({}))]);
        app.import(one.to_string()).await;
        for (place, said) in told(&app).await {
            assert!(said.contains("01632 960188"), "{place}: {said}");
            assert_eq!(said.contains("01632 960166"), place == "page", "{place}: {said}");
        }
    }
}

fact! {
    async fn prices_and_languages_that_a_feed_gives_in_words_or_codes_alone_are_told(app) {
        let mut one = pantry();
        one.as_object_mut().unwrap().remove("fees_description");
        one["cost_options"] = json!([{"id": id("donation"), "option": "Pay what you can"}, {"id": id("adults"), "option": "Lunch", "amount": 2.5}]);
        one["languages"] = json!([{"id": id("polish"), "code": "pl"}, {"id": id("other"), "code": "tlh"}, {"id": id("urdu"), "name": "Urdu"}]);
        app.import(one.to_string()).await;
        assert_eq!(cell(&app, "cost").await, "Pay what you can; 2.5 GBP Lunch");
        assert_eq!(cell(&app, "languages").await, "Polish, tlh, Urdu");
        let calendar = app.get("/services?format=ics").await.text().replace("\r\n ", "");
        assert!(calendar.contains("Cost: Pay what you can\\; Lunch\\, £2.50"), "{calendar}");
    }
}

fact! {
    async fn a_place_of_a_service_is_listed_with_the_hours_and_the_number_of_its_service(app) {
        let mut one = pantry();
        let mut other = one["service_at_locations"][0].clone();
        (other["id"], other["location"]["id"]) = (json!(id("at the mill")), json!(id("mill")));
        (other["location"]["name"], other["location"]["addresses"][0]["id"]) = (json!("Mill"), json!(id("mill address")));
        other["phones"] = json!([phone("01632 960199", &json!({}))]);
        other["schedules"] = json!([{"id": id("fridays"), "freq": "WEEKLY", "byday": "FR", "opens_at": "09:00", "closes_at": "12:00"}]);
        one["service_at_locations"].as_array_mut().unwrap().push(other);
        app.import(one.to_string()).await;
        for (place, number, day, opens) in [("Gorse Centre", "01632 960123", "TH", "10:00"), ("Mill", "01632 960199", "FR", "09:00")] {
            let map = app.get("/service_at_locations?format=geojson").await.json();
            let here = map["features"].as_array().unwrap().iter().find(|one| one["properties"]["location"] == place).unwrap();
            assert_eq!(here["properties"]["phone"], number, "{map}");
            let of_services = app.get("/services?format=geojson").await.json();
            let here = of_services["features"].as_array().unwrap().iter().find(|one| one["properties"]["location"] == place).unwrap();
            assert_eq!(here["properties"]["phone"], number, "{of_services}");
            let id = app.get("/service_at_locations?full=true").await.json()["contents"].as_array().unwrap().iter()
                .find(|one| one["location"]["name"] == place).unwrap()["id"].as_str().unwrap().to_owned();
            let sheet = app.get("/service_at_locations?format=csv").await.text();
            let (heading, rows) = sheet.split_once('\n').unwrap();
            let row = rows.lines().find(|row| row.starts_with(&id)).unwrap();
            let said = ["phone", "days", "opens_at"].map(|name| cell_of(&format!("{heading}\n{row}\n"), name));
            assert_eq!(said, [number, day, opens], "{sheet}");
        }
    }
}
