//! Near what, in whose area, at which of its places: where a search looks.

use fingerpost::{model::Document, places};
use serde_json::{Value, json};

use super::{
    super::{id, pantry, refuge},
    at, percent, service,
};
use crate::support::fact;

fact! {
    async fn near_sorts_by_distance_and_proximity_is_in_metres(app) {
        let hall = |name: &str, north: f64, east: f64, postcode: &str| service(name, "A hall.", at(name, north, east, postcode));
        app.take(&[
            hall("Greenwich", 51.4779, -0.0015, "SE10 9NF"),
            hall("East of it", 51.4779, 0.0100, "SE10 9AA"),
            hall("Luton", 51.8787, -0.4200, "LU1 2AA"),
            service("By phone", "A line.", json!({})),
        ]).await;
        let found = app.get("/services?near=51.4779,0.0").await.json();
        let names: Vec<&str> = found["contents"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["Greenwich", "East of it", "Luton", "By phone"], "on both sides of the meridian");
        assert_eq!(found["distances"][id("Greenwich").to_string()], 104.0);
        assert_eq!(app.names("/services?near=51.4779,0.0&proximity=200").await, ["Greenwich"]);
        assert_eq!(app.names("/services?near=SE10%209AA&proximity=1000").await, ["East of it", "Greenwich"]);
        assert_eq!(app.names("/services?postcode=lu12aa&proximity=10").await, ["Luton"]);
        let rough = app.get("/services?near=SE10&proximity=5000").await.json();
        assert_eq!((rough["interpreted"]["place"]["precision"].clone(), rough["interpreted"]["place"]["approximate"].clone()), ("outcode".into(), true.into()));
        for bad in ["near=ZE1%200AA", "near=91,0", "near=inf,0", "near=51", "near=LU1%202AA&postcode=LU1", "proximity=-1&near=51,0", "proximity=NaN&near=51,0", "near=51,0&near=52,0"] {
            let answer = app.get(&format!("/services?{bad}")).await;
            assert_eq!(answer.status, 400, "{bad}");
            assert!(!answer.json()["parameter"].is_null(), "{bad}");
        }
    }
}

fact! {
    async fn a_hidden_place_has_no_distance(app) {
        app.take(&[refuge().to_string(), pantry().to_string()]).await;
        let found = app.get("/services?near=51.8811,-0.4177").await.json();
        assert_eq!(found["distances"].as_object().unwrap().keys().cloned().collect::<Vec<_>>(), [id("pantry").to_string()]);
        assert_eq!(app.names("/services?near=51.8811,-0.4177&proximity=500").await, [] as [String; 0]);
        assert_eq!(app.get("/services?near=LU2%209ZZ").await.status, 400, "nor is its postcode learned from it");
    }
}

fact! {
    async fn areas_decide_what_covers_a_postcode_and_places_where_there_are_none(app) {
        let mut county = at("county", 52.5, -0.4, "PE1 1AA");
        county["service_areas"] = json!([{"id": id("area"), "name": "LU1, LU2", "extent": "LU1, LU2", "extent_type": "text"}]);
        let mut elsewhere = at("elsewhere", 51.8787, -0.42, "LU1 2AA");
        elsewhere["service_areas"] = json!([{"id": id("area 2"), "name": "PE1 to PE7", "extent": "PE1 to PE7", "extent_type": "text"}]);
        app.take(&[
            service("For Luton, from afar", "x", county), service("In Luton, for others", "x", elsewhere),
            service("In Luton", "x", at("luton", 51.8787, -0.42, "LU1 3BB")),
        ]).await;
        let mut found = app.names("/services?postcode=LU1%202AA").await;
        found.sort();
        assert_eq!(found, ["For Luton, from afar", "In Luton"]);
    }
}

fact! {
    async fn areas_by_code_decide_nothing_about_a_postcode_of_which_no_codes_are_known(app) {
        let by_code = |code: &str, mut more: Value| {
            let uri = format!("http://statistics.data.gov.uk/id/statistical-geography/{code}");
            more["service_areas"] = json!([{"id": id(code), "name": "By code", "uri": uri}]);
            more
        };
        app.take(&[
            service("There", "x", by_code("E06000032", at("there", 51.8787, -0.42, "LU1 2AA"))),
            service("There, for others", "x", by_code("E06000031", at("for others", 51.8787, -0.42, "LU1 3BB"))),
            service("Elsewhere", "x", by_code("E06000032", at("elsewhere", 52.5, -0.4, "PE1 1AA"))),
            service("Nowhere", "x", by_code("E06000032", json!({}))),
        ]).await;
        let covering = async || { let mut names = app.names("/services?postcode=LU1%202AA").await; names.sort(); names };
        assert_eq!(covering().await, ["There", "There, for others"], "nothing was imported: those with a place in the outcode");
        let file = app.folder.path().join("places.csv");
        std::fs::write(&file, "postcode,latitude,longitude,gss\nLU1 2AA,51.8787,-0.42,E06000032\n").unwrap();
        places::import(&app.app().db, &file, app.clock.now(), |_| {}).await.unwrap();
        assert_eq!(covering().await, ["Elsewhere", "Nowhere", "There"], "its codes are known: the areas decide");
    }
}

fact! {
    async fn access_is_asked_of_the_place_and_not_of_another_place_of_the_same_service(app) {
        let mut two = at("north hall", 51.8787, -0.42, "LU1 2AA");
        let mut south = at("south hall", 51.8787, -0.42, "LU1 2AA")["service_at_locations"][0].clone();
        two["service_at_locations"][0]["location"]["accessibility"] = json!([{"id": id("toilet"), "description": "Accessible toilet"}]);
        south["location"]["accessibility"] = json!([{"id": id("loop"), "description": "Hearing loop"}]);
        two["service_at_locations"].as_array_mut().unwrap().push(south);
        app.take(&[service("two halls", "x", two)]).await;
        assert_eq!(app.ids("/service_at_locations?accessibility=hearing+loop").await, [id("link south hall").to_string()]);
        assert_eq!(app.ids("/service_at_locations?accessibility=toilet").await, [id("link north hall").to_string()]);
        assert_eq!(app.ids("/services?accessibility=hearing+loop").await.len(), 1, "the service has a place with one");
    }
}

fact! {
    async fn a_term_of_one_place_is_not_one_of_the_other_places_of_the_service(app) {
        let term = |name: &str| json!([{"id": id(&format!("has {name}")), "taxonomy_term": {
            "id": id(name), "code": name, "name": name, "description": name}}]);
        let mut club = at("one", 51.8787, -0.42, "LU1 2AA");
        let other = at("two", 51.95, -0.42, "LU3 1AA")["service_at_locations"][0].clone();
        club["service_at_locations"].as_array_mut().unwrap().push(other);
        club["service_at_locations"][0]["attributes"] = term("quiet");
        club["attributes"] = term("club");
        app.take(&[service("Wool club", "Wool.", club), service("Choir", "We sing.", at("three", 51.9, -0.42, "LU2 7AA"))]).await;
        let places = async |query: String| {
            let mut found = app.ids(&format!("/service_at_locations?{query}")).await;
            found.sort_unstable();
            found
        };
        let links = |names: &[&str]| {
            let mut ids: Vec<String> = names.iter().map(|name| id(&format!("link {name}")).to_string()).collect();
            ids.sort_unstable();
            ids
        };
        assert_eq!(places(format!("taxonomy_term_id={}", id("quiet"))).await, links(&["one"]));
        assert_eq!(places(format!("taxonomy_term_id={}", id("club"))).await, links(&["one", "two"]), "what the service is, it is everywhere");
        assert_eq!(places(format!("taxonomy_term_id={}&search=wool", id("quiet"))).await, links(&["one"]));
        assert_eq!(app.names(&format!("/services?taxonomy_term_id={}", id("quiet"))).await, ["Wool club"], "and the service has one");
    }
}

fact! {
    async fn places_of_services_come_in_the_order_of_their_services(app) {
        let told = [
            ("Evening class", "Writing with a quill."),
            ("Quill", "A quill club with a quill, a quill and a quill."),
            ("Letters and more", "A quill or two, among many other things that people like to write with on a winter evening."),
            ("Quill making", "We make them."),
            ("Museum", "There is a quill."),
            ("Choir", "We sing."),
        ];
        app.take(&told.map(|(name, description)| service(name, description, at(name, 51.8787, -0.42, "LU1 2AA")))).await;
        let services = app.names("/services?search=quill").await;
        assert_eq!(services.len(), 5);
        let expected: Vec<String> = services.iter().map(|name| id(&format!("link {name}")).to_string()).collect();
        assert!(!expected.is_sorted(), "so that the order of ids is another one");
        assert_eq!(app.ids("/service_at_locations?search=quill").await, expected);
        let mut read = Vec::new();
        for page in 1..=3 {
            let page = app.get(&format!("/service_at_locations?search=quill&per_page=2&page={page}")).await.json();
            read.extend(page["contents"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        }
        assert_eq!(read, expected, "page after page");
        assert_eq!(app.ids("/service_at_locations?search=quill&near=51.8787,-0.42").await, expected, "all are as near");
        assert!(app.ids("/service_at_locations?status=active").await.is_sorted(), "without words there is nothing to rank by");
    }
}

fact! {
    async fn a_place_of_a_service_has_its_own_hours_else_those_of_the_service_else_those_of_the_house(app) {
        // Sunday 22 November 2026, midday.
        let weekly = |byday: &str| json!([{"id": id(byday), "freq": "WEEKLY", "byday": byday, "opens_at": "10:00", "closes_at": "13:00"}]);
        let lines = [("own", Some("MO"), Some("TU")), ("usual", None, Some("TU")), ("house", None, None)].map(|(name, own, usual)| {
            let mut more = at(name, 51.8787, -0.42, "LU1 2AA");
            let link = &mut more["service_at_locations"][0];
            link["location"]["schedules"] = weekly("SU");
            if let Some(day) = own { link["schedules"] = weekly(day); }
            if let Some(day) = usual { more["schedules"] = weekly(day); }
            service(name, "x", more)
        });
        app.take(&lines).await;
        let links = async |query: &str| {
            let ids = app.ids(&format!("/service_at_locations?{query}")).await;
            ["own", "usual", "house"].into_iter().filter(|name| ids.contains(&id(&format!("link {name}")).to_string())).collect::<Vec<_>>()
        };
        for (day, there) in [("MO", "own"), ("TU", "usual"), ("SU", "house")] {
            assert_eq!(links(&format!("day={day}")).await, [there]);
            assert_eq!(links(&format!("day={day}&start_time=12:30&end_time=14:00")).await, [there]);
        }
        assert_eq!(links("day=WE").await, [] as [&str; 0]);
        let facets = app.get("/facets?of=service_at_locations").await.json();
        assert_eq!(facets["facets"]["day"], json!([{"value": "MO", "count": 1}, {"value": "SU", "count": 1}, {"value": "TU", "count": 1}]));
        assert_eq!(links("open_now=true").await, ["house"]);
        for (name, open, next) in [("own", false, "2026-11-23T10:00:00.000Z"), ("usual", false, "2026-11-24T10:00:00.000Z"), ("house", true, "2026-11-22T10:00:00.000Z")] {
            let times = app.get(&format!("/service_at_locations/{}?times=true", id(&format!("link {name}")))).await.json();
            assert_eq!((&times["open_now"], &times["next"][0]["start"]), (&open.into(), &next.into()), "{name}: the answer says what the filter does");
        }
        // The place is not published again when only its service's hours change.
        app.edit(id("usual"), |document| {
            if let Document::Service(service) = document { service.schedules[0].byday = Some("WE".to_owned()); }
        }).await;
        assert_eq!((links("day=TU").await, links("day=WE").await), (Vec::new(), vec!["usual"]));
    }
}

fact! {
    async fn a_postcode_among_the_words_of_a_search_is_where_to_look(app) {
        app.take(&[
            service("Larder in Stopsley", "A food bank.", at("stopsley", 51.9000, -0.4000, "LU2 8AA")),
            service("Larder in town", "A food bank.", at("town", 51.8787, -0.4200, "LU1 2AA")),
            service("Knitting in town", "Wool.", at("wool", 51.8787, -0.4200, "LU1 2AA")),
        ]).await;
        for words in ["food bank LU1", "food bank near lu1 2aa", "LU12AA food bank"] {
            let found = app.get(&format!("/services?search={}", percent(words))).await.json();
            assert_eq!((&found["contents"][0]["name"], &found["total_items"]), (&json!("Larder in town"), &json!(2)), "{words}");
            assert!(found["interpreted"]["place"]["postcode"].as_str().unwrap().starts_with("LU1"), "{words}");
        }
        assert_eq!(app.names("/services?search=LU2").await[0], "Larder in Stopsley", "a postcode alone, too");
        let nowhere = app.get("/services?search=food+bank+near+ZE1+0AA").await.json();
        assert_eq!((&nowhere["total_items"], &nowhere["interpreted"]["unknown_place"]), (&json!(2), &json!("ZE1 0AA")), "one that nobody knows is left out, and named");
        assert_eq!(app.names("/services?search=food+bank+LU1&near=LU2").await[0], "Larder in Stopsley", "and so is one beside another place");
        let page = app.searched("q=food+bank+near+LU1").await;
        assert!(page.contains("The nearest to LU1 are first") && !page.contains("left out"), "{page}");
    }
}
