//! What strangers write otherwise than the standard has it: what must stay secret stays so, and what cannot
//! be understood is said.

use serde_json::{Value, json};

use super::{id, pantry, refuge};
use crate::support::{TestApp, fact};

/// Everything that the world can get of services.
async fn told(app: &TestApp) -> String {
    let mut all = String::new();
    for path in [
        "/services?full=true",
        "/services?format=ndjson&full=true",
        "/services?format=csv",
        "/services?format=geojson",
        "/locations?full=true",
    ] {
        all += &app.get(path).await.text();
    }
    all
}

fact! {
    async fn a_refuge_told_in_members_that_the_schema_does_not_have_stays_secret(app) {
        let place = json!({"name": "Hazel House", "latitude": 51.7654, "longitude": -0.3456,
            "addresses": [{"address_1": "9 Hazel Row", "postal_code": "LU5 5QQ"}]});
        for (number, (name, member)) in [
            ("location", place.clone()), ("locations", json!([place])), ("address", place["addresses"][0].clone()),
            ("physical_addresses", place["addresses"].clone()), ("latitude", json!(51.7654)), ("longitude", json!(-0.3456)),
            ("where_we_are", json!("Hazel House, ring the bell")),
        ].into_iter().enumerate() {
            let mut one = refuge();
            one["id"] = id(&format!("refuge {number}")).to_string().into();
            one["service_at_locations"][0]["id"] = id(&format!("link {number}")).to_string().into();
            one[name] = member;
            app.import(one.to_string()).await;
        }
        assert_eq!(app.ids("/services").await.len(), 7);
        let told = told(&app).await;
        for secret in ["Hazel", "LU5 5QQ", "51.7654", "-0.3456"] {
            assert!(!told.contains(secret), "{secret}: {told}");
        }
        assert!(app.ids("/services?near=51.7654,-0.3456&proximity=100").await.is_empty());
        assert!(app.ids("/services?search=hazel").await.is_empty());
    }
}

fact! {
    async fn a_refuge_whose_term_stands_on_the_link_or_on_the_place_stays_secret(app) {
        let mut on_the_link = refuge();
        on_the_link["service_at_locations"][0]["attributes"] = on_the_link["attributes"].take();
        let mut on_the_place = refuge();
        on_the_place["id"] = id("second refuge").to_string().into();
        on_the_place["service_at_locations"][0]["id"] = id("second link").to_string().into();
        on_the_place["service_at_locations"][0]["location"]["attributes"] = on_the_place["attributes"].take();
        on_the_place["service_at_locations"][0]["location"]["id"] = id("second house").to_string().into();
        for one in [on_the_link, on_the_place] {
            app.import(one.to_string()).await;
        }
        assert_eq!(app.ids("/services").await.len(), 2);
        let told = told(&app).await;
        for secret in ["Hidden House", "51.8811"] {
            assert!(!told.contains(secret), "{secret}: {told}");
        }
    }
}

fact! {
    async fn words_about_who_may_see_something_that_cannot_be_read_are_taken_for_a_no(app) {
        for (number, said) in [json!("hidden"), json!("area only"), json!(true), json!(["private"])].into_iter().enumerate() {
            let mut one = pantry();
            one["id"] = id(&format!("pantry {number}")).to_string().into();
            let link = &mut one["service_at_locations"][0];
            link["id"] = id(&format!("link {number}")).to_string().into();
            link["location"]["id"] = id(&format!("centre {number}")).to_string().into();
            link["location"]["location_policy"] = said.clone();
            one["contacts"][0]["visibility"] = said.clone();
            one["phones"][0]["visibility"] = said;
            let report = app.import(one.to_string()).await;
            assert_eq!(report.dropped.iter().filter(|left| left.dropped.reason.contains("treated as")).count(), 3, "{report:?}");
        }
        let told = told(&app).await;
        for secret in ["Gorse C", "51.9163", "desk@lark-hill", "960123"] {
            assert!(!told.contains(secret), "{secret}: {told}");
        }
        assert_eq!(app.ids("/services").await.len(), 4);
    }
}

fact! {
    async fn a_persons_mobile_and_mailbox_wait_however_they_are_written(app) {
        let mut one = pantry();
        one["email"] = json!("caroline.smith@gmail.com");
        one["phones"] = json!([{"id": id("own"), "number": "07700 900117", "description": "Fay Smith"}, {"id": id("desk phone"), "number": "01632 960123", "description": "Office"}]);
        one["contacts"] = json!(["ANNA JONES", "O'Brien, Sean", "陈伟"].map(|name| json!({"id": id(name), "name": name, "phones": [{"id": id(&format!("{name} phone")), "number": "07700 900123"}]})));
        let report = app.import(one.to_string()).await;
        assert_eq!(report.personal.len(), 5, "{report:?}");
        let told = told(&app).await;
        for secret in ["caroline", "900117", "Fay", "900123", "ANNA", "Brien", "陈伟"] {
            assert!(!told.contains(secret), "{secret}: {told}");
        }
        assert!(told.contains("01632 960123"));
    }
}

fact! {
    async fn hours_of_no_known_day_are_nobodys_hours(app) {
        let mut one = pantry();
        one["schedules"] = json!([
            {"id": id("mondays"), "freq": "WEEKLY", "byday": "Monday and Wed", "opens_at": "09:00", "closes_at": "10:00"},
            {"id": id("some day"), "freq": "WEEKLY", "byday": "XX", "opens_at": "09:00", "closes_at": "10:00"},
            {"id": id("midnight"), "freq": "WEEKLY", "byday": "SU", "opens_at": "00:00", "closes_at": "00:00"},
        ]);
        let report = app.import(one.to_string()).await;
        let reasons: Vec<&str> = report.dropped.iter().map(|left| left.dropped.reason.as_str()).collect();
        assert!(reasons.len() == 2 && reasons[0].contains("\"XX\" names no days") && reasons[1].contains("midnight"), "{reasons:?}");
        let service = app.get(&format!("/services/{}", id("pantry"))).await.json();
        let days: Vec<&str> = service["schedules"].as_array().unwrap().iter().map(|one| one["byday"].as_str().unwrap()).collect();
        assert_eq!(days, ["MO,WE"]);
    }
}

fact! {
    async fn a_service_that_nobody_will_see_is_named_in_the_report(app) {
        let mut orphan = pantry();
        orphan.as_object_mut().unwrap().remove("organization");
        orphan["organization_id"] = json!(id("nobody"));
        let report = app.import(orphan.to_string()).await;
        assert!(report.dropped.iter().any(|left| left.dropped.path == "organization_id" && left.dropped.reason.contains("is not here")), "{report:?}");
        assert!(app.import(pantry().to_string()).await.dropped.is_empty());
    }
}

fact! {
    async fn a_language_is_found_by_its_name_and_by_its_code_whichever_the_listing_has(app) {
        for (name, language) in [("a", json!({"code": "pl"})), ("b", json!({"name": "Polish"})), ("c", json!({"code": "pl-PL"})), ("d", json!({"name": "Urdu", "code": "ur"}))] {
            let mut one = pantry();
            one["id"] = json!(id(name));
            one["service_at_locations"] = json!([]);
            one["languages"] = json!([language]);
            app.import(one.to_string()).await;
        }
        for asked in ["Polish", "polish", "pl", "pol", "pl-PL", "polski"] {
            assert_eq!(app.ids(&format!("/services?language={asked}")).await.len(), 3, "{asked}");
        }
        let facets = app.get("/facets").await.json();
        assert_eq!(facets["facets"]["language"], json!([{"value": "Polish", "count": 3}, {"value": "Urdu", "count": 1}]));
    }
}

fact! {
    async fn events_say_on_which_days_of_the_week_they_are_and_of_which_time_nothing_is_known(app) {
        app.fixtures().await;
        let days = app.get("/facets?of=events").await.json()["facets"]["day"].clone();
        for day in days.as_array().unwrap() {
            let found = app.get(&format!("/events?day={}", day["value"].as_str().unwrap())).await.json();
            assert_eq!(found["total_items"], day["count"], "{day}");
        }
        assert_eq!(days.as_array().map(Vec::len), Some(7), "{days}");
        for (asked, name) in [("from=2028-02-29&to=2028-02-29", "from"), ("from=2020-01-01&to=2020-02-01", "to"), ("from=2199-01-01", "from"), ("from=2026-12-01&to=2028-02-29", "to")] {
            let answer = app.get(&format!("/events?{asked}")).await;
            assert_eq!(answer.status, 400, "{asked}");
            assert!(answer.text().contains("31 days ago") && answer.text().contains(name), "{}", answer.text());
        }
    }
}

fact! {
    async fn a_date_at_another_place_says_where_that_is(app) {
        app.fixtures().await;
        let event = app.get("/events?full=true&search=seated+strength").await.json()["contents"][0].clone();
        let places = app.get("/locations?full=true").await.json()["contents"].clone();
        let other = places.as_array().unwrap().iter().find(|place| place["id"] != event["location_id"] && place["addresses"][0]["postal_code"].is_string()).unwrap().clone();
        let event_id = event["id"].as_str().unwrap().parse().unwrap();
        app.edit(event_id, |document| {
            let fingerpost::model::Document::Event(event) = document else { panic!("an event") };
            event.changes = serde_json::from_value(json!([{"start": "2026-12-03T11:00:00", "status": "moved", "location_id": other["id"]}])).unwrap();
        }).await;
        let page = app.page(&format!("/directory/events/{event_id}")).await.text();
        let postcode = other["addresses"][0]["postal_code"].as_str().unwrap();
        assert!(page.contains("Thursday 3 December 2026 is at a different place: ") && page.contains(postcode), "{page}");
        assert!(!page.contains("is moved"), "{page}");
    }
}

fact! {
    async fn one_line_of_a_sheet_is_the_same_service_however_its_postcode_is_written(app) {
        let sheet = |postcode: &str| format!("organisation,service,postcode\nLark Hill,Meadow larder,{postcode}\n");
        assert_eq!(app.import(sheet("LU1 2AA")).await.created, 1);
        for written in ["lu12aa", "LU12AA", " lu1  2aa"] {
            let again = app.import(sheet(written)).await;
            assert_eq!((again.created, again.unchanged), (0, 1), "{written}");
        }
    }
}

fact! {
    async fn what_a_service_costs_stands_in_its_sheet(app) {
        let mut one = pantry();
        one.as_object_mut().unwrap().remove("fees_description");
        one["cost_options"] = json!([{"id": id("adults"), "option": "Adult", "amount": 5, "currency": "gbp"}]);
        app.import(one.to_string()).await;
        let sheet = app.get("/services?format=csv").await.text();
        assert!(sheet.contains("5 GBP Adult"), "{sheet}");
        one["fees"] = Value::from("Free");
        one.as_object_mut().unwrap().remove("cost_options");
        app.import(one.to_string()).await;
        assert_eq!(app.ids("/services?free=true").await.len(), 1);
    }
}

fact! {
    async fn a_need_deep_in_a_tree_or_in_a_circle_of_terms_can_be_found_by_browsing(app) {
        let term = |name: &str, wider: Option<&str>| json!({"kind": "taxonomy_term", "document": {
            "id": id(name), "name": name, "description": name, "taxonomy_id": id("tree"), "parent_id": wider.map(id),
        }}).to_string();
        let mut lines = vec![json!({"kind": "taxonomy", "document": {"id": id("tree"), "name": "Tree", "description": "A tree."}}).to_string()];
        let level = |at: usize| format!("level {at}");
        lines.push(term("level 0", None));
        lines.extend((1..=30).map(|at| term(&level(at), Some(level(at - 1).as_str()))));
        lines.extend([term("Hen", Some("Egg")), term("Egg", Some("Hen"))]);
        for name in ["level 30", "Egg"] {
            let mut one = pantry();
            (one["id"], one["name"]) = (json!(id(&format!("for {name}"))), json!(format!("For {name}")));
            (one["phones"], one["contacts"], one["schedules"], one["service_at_locations"]) = (json!([]), json!([]), json!([]), json!([]));
            one["attributes"] = json!([{"id": id(&format!("is {name}")), "link_entity": "service", "taxonomy_term_id": id(name)}]);
            lines.push(one.to_string());
        }
        app.import(lines.join("\n")).await;
        let page = app.page("/directory/needs").await.text();
        for name in ["level 30", "Egg"] {
            assert!(page.contains(&format!("<a href=\"/directory/needs/{}\">{name}</a>", id(name))), "{name}: {page}");
            assert_eq!(app.ids(&format!("/services?taxonomy_term_id={}", id(name))).await, [id(&format!("for {name}")).to_string()]);
        }
    }
}

fact! {
    async fn a_web_address_as_browsers_take_it_becomes_one_as_the_standard_has_it(app) {
        let mut one = pantry();
        one["url"] = json!("https://bücher.example.org/find?kind[]=food|drink");
        one["organization"]["website"] = json!("www.example.org/#{about}");
        let report = app.import(one.to_string()).await;
        assert!(report.dropped.iter().all(|left| !left.dropped.path.contains("url") && !left.dropped.path.contains("website")), "{report:?}");
        let service = app.get(&format!("/services/{}", id("pantry"))).await.json();
        assert_eq!(service["url"], "https://xn--bcher-kva.example.org/find?kind%5B%5D=food%7Cdrink");
        assert_eq!(service["organization"]["website"], "https://www.example.org/#%7Babout%7D");
        let as_url = jsonschema::options().should_validate_formats(true).build(&json!({"format": "uri"})).unwrap();
        assert!(as_url.is_valid(&service["url"]) && as_url.is_valid(&service["organization"]["website"]), "{service}");
    }
}

fact! {
    async fn people_are_sent_to_the_address_of_the_house_and_not_to_its_post_office_box(app) {
        let mut one = pantry();
        let addresses = one["service_at_locations"][0]["location"]["addresses"].as_array_mut().unwrap();
        let mut post = addresses[0].clone();
        (post["id"], post["address_1"], post["postal_code"], post["address_type"]) = (json!(id("post")), json!("PO Box 17"), json!("LU1 9AA"), json!("postal"));
        addresses.insert(0, post);
        app.import(one.to_string()).await;
        for path in ["/services?format=csv", "/service_at_locations?format=csv", "/locations?format=csv", "/services?format=geojson", "/services?format=ics", "/services?format=jsonld"] {
            let told = app.get(path).await.text().replace("\r\n ", "");
            assert!(told.contains("12 Gorse Close") && !told.contains("PO Box"), "{path}: {told}");
        }
        let leaflet = app.page(&format!("/directory/services/{}/leaflet", id("pantry"))).await.text();
        assert!(leaflet.contains("12 Gorse Close") && !leaflet.contains("PO Box"), "{leaflet}");
    }
}

fact! {
    async fn the_first_and_last_days_of_calendars_are_no_dates(app) {
        for (name, dates) in [
            ("both", json!({"valid_from": "0001-01-01T00:00:00", "valid_to": "0001-01-01T00:00:00"})),
            ("empty", json!({"valid_to": "1900-01-01", "until": "1753-01-01"})),
            ("for ever", json!({"valid_from": "2026-01-05", "valid_to": "9999-12-31T23:59:59"})),
        ] {
            let mut one = pantry();
            (one["id"], one["assured_date"], one["service_at_locations"]) = (json!(id(name)), json!("0001-01-01"), json!([]));
            one["schedules"][0].as_object_mut().unwrap().extend(dates.as_object().unwrap().clone());
            app.import(one.to_string()).await;
            let service = app.get(&format!("/services/{}?times=true", id(name))).await.json();
            assert_eq!(service["next"][0]["start"], "2026-11-26T10:00:00.000Z", "{service}");
            let said = service.to_string();
            assert!(["0001", "1753", "1900", "9999"].iter().all(|year| !said.contains(&format!("\"{year}-"))), "{said}");
        }
    }
}

fact! {
    async fn a_service_is_found_by_a_term_that_only_one_of_its_places_carries(app) {
        let mut one = pantry();
        one["service_at_locations"][0]["attributes"] = one["attributes"].take();
        one.as_object_mut().unwrap().remove("attributes");
        app.import(one.to_string()).await;
        for filter in [format!("taxonomy_term_id={}", id("food")), format!("taxonomy_id={}", id("needs")), "need=food-affordable".to_owned()] {
            assert_eq!(app.ids(&format!("/services?{filter}")).await, [id("pantry").to_string()], "{filter}");
            assert_eq!(app.ids(&format!("/service_at_locations?{filter}")).await, [id("pantry at the centre").to_string()], "{filter}");
        }
        let page = app.page("/directory/needs").await.text();
        assert!(page.contains(&format!("<a href=\"/directory/needs/{}\">Affordable food</a> <span class=\"count\">1", id("food"))), "by browsing, too: {page}");
    }
}
