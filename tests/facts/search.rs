//! Finding things: in people's own words, near them, at the right time.

use fingerpost::{
    importing::Options,
    jobs,
    model::Document,
    places,
    published::Position,
    search::{self, Table},
};
use serde_json::{Value, json};

use super::{id, pantry, refuge};
use crate::support::{TestApp, fact};

/// A service with a name, a description, and whatever else.
pub(super) fn service(name: &str, description: &str, more: impl Into<Value>) -> String {
    let more: Value = more.into();
    let mut service = json!({
        "id": id(name), "name": name, "status": "active", "description": description,
        "organization": {"id": id("a group"), "name": "Lark Hill Group", "description": "A group."},
    });
    for (member, value) in more.as_object().unwrap() {
        service[member] = value.clone();
    }
    service.to_string()
}

pub(super) fn at(name: &str, latitude: f64, longitude: f64, postcode: &str) -> Value {
    json!({"service_at_locations": [{"id": id(&format!("link {name}")), "location": {
        "id": id(&format!("place {name}")), "location_type": "physical", "name": format!("Hall {name}"), "latitude": latitude, "longitude": longitude,
        "addresses": [{"id": id(&format!("address {name}")), "address_1": "1 High Street", "city": "Luton", "state_province": "Bedfordshire",
            "postal_code": postcode, "country": "GB", "address_type": "physical"}]}}]})
}

impl TestApp {
    /// Names of what a list gives, in its order.
    pub(super) async fn names(&self, path: &str) -> Vec<String> {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()["contents"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["name"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// The page that the site's own form leads to.
    pub(super) async fn searched(&self, form: &str) -> String {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.ask(http::Method::POST, "/directory/search", &headers, form).await.text()
    }

    pub(super) async fn take(&self, lines: &[String]) {
        let report = self.import(lines.join("\n")).await;
        assert_eq!(report.rejected, []);
    }
}

fact! {
    async fn words_are_found_in_other_forms_with_slips_and_without_accents(app) {
        app.take(&[
            service("Repair café", "Volunteers mend kettles and toasters.", json!({})),
            service("Tenancy desk", "We help people who are renting and behind with payments.", json!({})),
        ]).await;
        for search in ["cafe", "CAFÉ", "repairing", "kettle", "toasters mend", "volonteers", "kettels", "repair kett"] {
            assert_eq!(app.names(&format!("/services?search={}", search.replace(' ', "%20"))).await, ["Repair café"], "{search}");
        }
        assert_eq!(app.names("/services?search=rents").await, ["Tenancy desk"], "a stem, not a prefix");
        let none: [String; 0] = [];
        assert_eq!(app.names("/services?search=kettle%20renting").await, none, "all words must be there");
        assert_eq!(app.names("/services?search=kettle%20zzqxjk").await, none, "a word that nobody knows finds nothing");
        assert_eq!(app.names("/services?search=can%27t%20repair%20my%20kettle").await, ["Repair café"], "words that say nothing need not be there");
        app.take(&[service("History group", "Since 2006.", json!({}))]).await;
        assert_eq!(app.names("/services?search=200").await, none, "a number is no slip of another");
        let said = app.get("/services?search=volonteers").await.json()["interpreted"]["corrected"].clone();
        assert_eq!(said, json!([{"from": "volonteers", "to": "volunteers"}]));
        assert_eq!(app.get("/services?search=zzqxjk").await.json()["interpreted"]["unknown"], json!(["zzqxjk"]));
    }
}

fact! {
    async fn a_slip_is_the_word_that_stands_with_the_others(app) {
        app.take(&[
            service("Repair café", "Volunteers mend kettles and toasters.", json!({})),
            service("Cook from scratch", "How to prepare a meal for four. We prepare it together.", json!({})),
            service("Meal prepares", "Prepare, prepared, preparing.", json!({})),
        ]).await;
        assert_eq!(app.names("/services?search=repare+cafe").await, ["Repair café"], "though \"prepare\" is nearer");
        let said = app.get("/services?search=repare+cafe").await.json()["interpreted"]["corrected"].clone();
        assert_eq!(said, json!([{"from": "repare", "to": "repair"}]));
        assert_eq!(app.names("/services?search=repare+four").await, ["Cook from scratch"], "the nearer one, where that fits");
        assert!(!app.names("/services?search=repare").await.contains(&"Repair café".to_owned()), "alone it is what is nearest");
        let none: [String; 0] = [];
        assert_eq!(app.names("/services?search=repare+kettles+meal").await, none, "all words must still be there");
    }
}

fact! {
    async fn the_syntax_of_other_search_engines_is_plain_text(app) {
        app.take(&[service("Larder AND more", "Food + friends (weekly).", json!({}))]).await;
        for search in ["food AND friends", "\"food friends\"", "+food -friends", "name:food OR (friends", "food~2 friends^3", "f* food", "food\\", "[food TO friends]", "food;DROP TABLE record"] {
            let path = format!("/services?search={}", percent(search));
            let answer = app.get(&path).await;
            assert_eq!(answer.status, 200, "{search}: {}", answer.text());
        }
        assert_eq!(app.names(&format!("/services?search={}", percent("\"food\" +friends"))).await, ["Larder AND more"]);
        assert_eq!(app.get(&format!("/services?search={}", "x".repeat(301))).await.status, 400);
        assert_eq!(app.get(&format!("/services?search={}", "x+".repeat(5_000))).await.status, 400);
        assert_eq!(app.get("/services?search=%25%25%25").await.status, 400);
    }
}

pub(super) fn percent(text: &str) -> String {
    percent_encoding::percent_encode(text.as_bytes(), percent_encoding::NON_ALPHANUMERIC).to_string()
}

fact! {
    async fn what_is_called_so_stands_above_what_only_mentions_it(app) {
        app.take(&[
            service("Open morning", "Tea on Fridays, by the bank that gives to the food appeal.", json!({})),
            service("Food bank", "Parcels for three days.", json!({})),
            service("Parcels at the door", "From the larder.", json!({"attributes": [{"id": id("x"), "taxonomy_term": {
                "id": id("food emergency"), "code": "food-emergency", "name": "Food today", "description": "Food."}}]})),
        ]).await;
        let found = app.get("/services?search=food%20bank").await.json();
        let names: Vec<&str> = found["contents"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["Food bank", "Parcels at the door", "Open morning"], "by name, by need, by its words");
        assert_eq!(found["interpreted"]["needs"][0], json!({"code": "food-emergency", "name": "Food today", "phrase": "food bank", "urgent": false, "sensitive": false}));
    }
}

fact! {
    async fn a_need_is_found_by_its_term_and_by_its_own_words_in_feeds_with_other_terms_or_none(app) {
        app.take(&[
            service("Court desk", "Help on the day for tenants facing eviction.", json!({})),
            service("Housing team", "For council tenants.", json!({"attributes": [{"id": id("y"), "taxonomy_term": {
                "id": id("eviction"), "code": "housing-eviction", "name": "Told to leave", "description": "Told to leave."}}]})),
            service("Knitting circle", "Wool and cake.", json!({})),
        ]).await;
        for path in ["/services?search=landlord%20wants%20me%20out", "/services?need=housing-eviction", "/services?search=my%20landlord%20wants%20me%20out%20now"] {
            assert_eq!(app.names(path).await, ["Housing team", "Court desk"], "{path}");
        }
        assert_eq!(app.names("/services?search=landlord%20wants%20me%20out%20court").await, ["Court desk"], "further words must be there as well");
        let relaxed = app.get("/services?search=landlord%20wants%20me%20out%20wool").await.json();
        assert_eq!((relaxed["total_items"].clone(), relaxed["interpreted"]["left_out"].clone()), (2.into(), json!(["wool"])), "unless nothing has all of it");
    }
}

fact! {
    async fn urgent_words_are_never_taken_for_harmless_ones(app) {
        app.take(&[
            service("Dye workshop", "Colour and dye your own wool.", json!({})),
            service("Listening line", "If you feel suicidal, talk to us.", json!({"attributes": [{"id": id("z"), "taxonomy_term": {
                "id": id("crisis"), "code": "health-crisis", "name": "Crisis", "description": "Crisis."}}]})),
        ]).await;
        let found = app.get("/services?search=want%20to%20die").await.json();
        assert_eq!((found["contents"][0]["name"].clone(), found["total_items"].clone()), ("Listening line".into(), 1.into()));
        assert_eq!((found["interpreted"]["urgent"].clone(), found["interpreted"]["sensitive"].clone()), (true.into(), true.into()));
        assert_eq!(app.get("/services?search=wool").await.json()["interpreted"]["urgent"], false);
    }
}

fact! {
    async fn an_edit_is_found_at_once_and_what_is_gone_is_not(app) {
        app.take(&[pantry().to_string()]).await;
        assert_eq!(app.names("/services?search=larder").await, ["Meadow larder"]);
        app.edit(id("pantry"), |document| {
            if let Document::Service(service) = document { "Harvest cupboard".clone_into(&mut service.name); }
        }).await;
        assert_eq!(app.names("/services?search=cupboard").await, ["Harvest cupboard"]);
        let none: [String; 0] = [];
        assert_eq!(app.names("/services?search=meadow").await, none);
        app.withdraw(id("pantry"), "closed").await;
        assert_eq!(app.names("/services?search=cupboard").await, none);
    }
}

fact! {
    async fn a_lost_or_old_index_is_built_anew(app) {
        app.fixtures().await;
        let before = app.get("/services?search=food&per_page=100").await.json();
        std::fs::remove_dir_all(app.folder.path().join("index")).unwrap();
        app.restart().await;
        assert_eq!(app.get("/services?search=food&per_page=100").await.json(), before);
        std::fs::write(app.folder.path().join("index").join("meta.json"), "{").unwrap();
        app.restart().await;
        assert_eq!(app.get("/services?search=food&per_page=100").await.json(), before);
        assert_eq!(app.get("/readyz").await.status, 200);
    }
}

fact! {
    async fn an_index_that_is_removed_while_the_server_runs_is_built_again_and_answered_from_meanwhile(app) {
        app.fixtures().await;
        let before = app.get("/services?search=food&per_page=100").await.json();
        std::fs::remove_dir_all(app.folder.path().join("index")).unwrap();
        assert_eq!(app.get("/services?search=food&per_page=100").await.json(), before, "what is open stays readable");
        let line = service("Elm club", "Meets.", json!({}));
        app.app().importer().run(std::io::Cursor::new(line.into_bytes()), &Options::default(), |_| {}).await.unwrap();
        let mut meanwhile = Vec::new();
        let mut each = |_| {
            let found = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(app.get("/services?search=food&per_page=100")));
            meanwhile.push(found.json()["total_items"].clone());
        };
        jobs::index(&app.served, &mut each).await.unwrap();
        assert!(!meanwhile.is_empty() && meanwhile.iter().all(|total| *total == before["total_items"]), "{meanwhile:?}");
        jobs::follow(&app.served).await.unwrap();
        assert_eq!(app.get("/services?search=food&per_page=100").await.json(), before);
        assert_eq!(app.names("/services?search=elm").await, ["Elm club"]);
        assert_eq!((app.get("/readyz").await.status, app.served.directory.search.verify().is_ok()), (http::StatusCode::OK, true));
        std::fs::remove_dir_all(app.folder.path().join("index")).unwrap();
        jobs::verify(&app.served).await.unwrap();
        assert_eq!(app.names("/services?search=elm").await, ["Elm club"], "the nightly look finds it, too");
    }
}

fact! {
    async fn nothing_is_said_not_to_be_there_before_the_index_has_anything(app) {
        let file = std::fs::read("fixtures/luton/directory.ndjson").unwrap();
        app.app().importer().run(std::io::Cursor::new(file), &Options::default(), |_| {}).await.unwrap();
        // As at the first start after it was lost.
        app.served.directory.search.reset().await.unwrap();
        for path in ["/services?search=food", "/facets?search=food", "/services?search=food&format=csv", "/events?from=2026-12-01&to=2026-12-07"] {
            let asked = app.get(path).await;
            assert_eq!((asked.status.as_u16(), asked.header("retry-after"), asked.header("content-type")), (503, "10", "application/problem+json"), "{path}");
        }
        let form = [("content-type", "application/x-www-form-urlencoded"), ("accept", "text/html")];
        let page = app.ask(http::Method::POST, "/directory/search", &form, "q=food").await;
        assert!(page.status == 503 && page.text().contains("Not ready yet") && page.text().contains("/help#now"), "{}", page.text());
        assert_eq!(app.get("/services").await.status, 200, "what needs no index is there");
        jobs::follow(&app.served).await.unwrap();
        assert!(!app.names("/services?search=food").await.is_empty());
    }
}

fact! {
    async fn a_monitor_hears_where_the_index_cannot_follow_until_it_can(app) {
        app.fixtures().await;
        let folder = app.folder.path().join("index");
        std::fs::remove_dir_all(&folder).unwrap();
        std::fs::write(&folder, "a file where the folder was").unwrap();
        let line = service("Elm club", "Meets.", json!({}));
        app.app().importer().run(std::io::Cursor::new(line.into_bytes()), &Options::default(), |_| {}).await.unwrap();
        assert!(jobs::follow(&app.served).await.is_err(), "there can be no index");
        let answer = app.get("/readyz").await;
        assert_eq!(answer.status, 503);
        assert!(answer.text().contains("restart the server"), "{}", answer.text());
        std::fs::remove_file(&folder).unwrap();
        jobs::follow(&app.served).await.unwrap();
        assert_eq!(app.get("/readyz").await.status, 200);
    }
}

fact! {
    async fn a_server_whose_records_are_all_signed_again_is_not_ready_before_the_search_has_them(app) {
        app.fixtures().await;
        // What is signed again for another address stands in the order behind where that was when the server started.
        let mut served = app.served.clone();
        served.start = Position(0);
        served.directory.search.reset().await.unwrap();
        let mut ready = Vec::new();
        jobs::index(&served, &mut |_| ready.push(served.is_ready())).await.unwrap();
        assert!(ready.len() > 1 && !ready.contains(&true), "{ready:?}");
        assert!(served.is_ready());
    }
}

fact! {
    async fn a_rebuild_says_how_far_it_is(app) {
        app.fixtures().await;
        app.served.directory.search.reset().await.unwrap();
        let mut said: Vec<(String, u16, String)> = Vec::new();
        let mut each = |indexing: search::Indexing| {
            let ready = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(app.get("/readyz")));
            said.push((indexing.to_string(), ready.status.as_u16(), ready.text()));
        };
        jobs::index(&app.served, &mut each).await.unwrap();
        assert!(said.len() > 1 && said[0].0.starts_with("indexing 500 of "), "{said:?}");
        assert!(said[0].1 == 503 && said[0].2.contains(&said[0].0), "{said:?}");
        assert_eq!((app.served.directory.search.indexing(), app.get("/readyz").await.status), (None, http::StatusCode::OK));
    }
}

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
    async fn open_now_counts_what_is_surely_open(app) {
        // Sunday 22 November 2026, midday.
        let hours = |byday: &str, opens: &str, closes: &str| json!({"schedules": [{"id": id("s"), "freq": "WEEKLY", "byday": byday, "opens_at": opens, "closes_at": closes}]});
        app.take(&[
            service("Sundays", "x", hours("SU", "10:00", "13:00")), service("Mondays", "x", hours("MO", "10:00", "13:00")),
            service("All hours", "x", hours("MO,TU,WE,TH,FR,SA,SU", "00:00", "23:59")), service("Nights", "x", hours("SA", "20:00", "12:30")), service("No hours", "x", json!({})),
        ]).await;
        let open = |mut names: Vec<String>| { names.sort(); names };
        assert_eq!(open(app.names("/services?open_now=true").await), ["All hours", "Nights", "Sundays"]);
        app.clock.set("2026-11-22T13:00:00Z".parse().unwrap());
        assert_eq!(open(app.names("/services?open_now=true").await), ["All hours"]);
        app.clock.set("2026-12-28T11:00:00Z".parse().unwrap());
        assert_eq!(open(app.names("/services?open_now=true").await), ["All hours"], "a bank holiday Monday");
        let times = app.get(&format!("/services/{}?times=true", id("Mondays"))).await.json();
        let of_all = app.get("/services?times=true").await.json();
        assert!(of_all["times"][id("Mondays").to_string()].is_object(), "also where nothing is left out of the list: {of_all}");
        assert_eq!(times["next"][0]["ring_first"], true, "{times}");
        assert!(times.get("open_now").is_none(), "nobody knows");
        let times = app.get(&format!("/services/{}?times=true", id("All hours"))).await.json();
        assert_eq!(times["open_now"], true);
    }
}

fact! {
    async fn what_has_closed_or_does_not_say_its_times_is_not_open_now(app) {
        let always = |status: &str| json!({"status": status, "schedules": [{"id": id(status), "freq": "WEEKLY", "byday": "MO,TU,WE,TH,FR,SA,SU", "opens_at": "00:00", "closes_at": "23:59"}]});
        let by_words = json!({"schedules": [{"id": id("w"), "freq": "WEEKLY", "byday": "MO,TU,WE,TH,FR,SA,SU", "description": "by appointment"}]});
        let closed = ["inactive", "defunct", "temporarily closed"];
        let mut lines: Vec<String> = closed.iter().map(|status| service(status, "x", always(status))).collect();
        lines.extend([service("There", "x", always("active")), service("By appointment", "x", by_words)]);
        app.take(&lines).await;
        assert_eq!(app.names("/services?open_now=true").await, ["There"]);
        for status in closed {
            let times = app.get(&format!("/services/{}?times=true", id(status))).await.json();
            assert_eq!((&times["open_now"], &times["next"]), (&json!(false), &json!([])), "{status}");
        }
        let times = app.get(&format!("/services/{}?times=true", id("By appointment"))).await.json();
        assert!(times.get("open_now").is_none(), "nobody knows: {times}");
        assert_eq!((&times["next"][0]["ring_first"], &times["next"][0]["times_unknown"]), (&json!(true), &json!(true)), "{times}");
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
    async fn filters_hold_together_and_facets_count_what_they_leave(app) {
        app.take(&[
            service("Free class", "English for beginners", json!({"languages": [{"id": id("l"), "name": "Polish", "code": "pl"}], "cost_options": [{"id": id("c"), "option": "Free", "amount": 0}]})),
            service("Paid class", "English for all", json!({"cost_options": [{"id": id("c2"), "option": "Everybody", "amount": 5}]})),
            service("Line", "English on the phone", json!({"phones": [{"id": id("p"), "number": "01632 960001"}], "fees_description": "Free", "minimum_age": 16})),
        ]).await;
        let sorted = |mut names: Vec<String>| { names.sort(); names };
        assert_eq!(sorted(app.names("/services?free=true").await), ["Free class", "Line"]);
        assert_eq!(app.names("/services?free=true&language=polish&search=english").await, ["Free class"]);
        assert_eq!(app.names("/services?language=PL").await, ["Free class"]);
        assert_eq!(app.names("/services?delivery=phone").await, ["Line"]);
        assert_eq!(sorted(app.names("/services?maximum_age=15").await), ["Free class", "Paid class"]);
        let facets = app.get("/facets?search=english").await.json();
        assert_eq!((facets["total_items"].clone(), facets["facets"]["free"].clone()), (3.into(), 2.into()));
        assert_eq!(facets["facets"]["language"], json!([{"value": "Polish", "count": 1}]));
        assert_eq!(app.get("/facets?of=nothing").await.status, 400);
    }
}

fact! {
    async fn a_snippet_shows_the_words_and_no_markup_of_strangers(app) {
        app.take(&[service("Club", "Bring <b>your</b> kettles & cups. <script>alert(1)</script>", json!({}))]).await;
        let found = app.get("/services?search=kettle&snippets=true").await.json();
        let snippet = found["snippets"][id("Club").to_string()]["description"].as_str().unwrap();
        assert!(snippet.contains("<mark>kettles</mark> &amp; cups") && !snippet.contains("<b>") && !snippet.contains("<script>"), "{snippet}");
        let around = "Something else is said here. ".repeat(20);
        app.take(&[service("Talk", &format!("{around}We mend toasters. {around}"), json!({}))]).await;
        let found = app.get("/services?search=toaster&snippets=true").await.json();
        let snippet = found["snippets"][id("Talk").to_string()]["description"].as_str().unwrap();
        assert!(snippet.starts_with("… ") && snippet.ends_with(" …") && snippet.contains("<mark>toasters</mark>"), "{snippet}");
    }
}

fact! {
    async fn events_are_found_by_the_dates_on_which_they_take_place(app) {
        app.fixtures().await;
        // The repair café is on first Saturdays.
        let on = |from: &str, to: &str| format!("/events?from={from}&to={to}&per_page=100");
        assert!(app.names(&on("2026-12-05", "2026-12-05")).await.contains(&"Repair café".to_owned()));
        assert!(!app.names(&on("2026-12-06", "2026-12-07")).await.contains(&"Repair café".to_owned()));
        let week = app.get(&on("2026-11-23", "2026-11-29")).await.json();
        let starts: Vec<&str> = week["contents"].as_array().unwrap().iter()
            .map(|event| week["times"][event["id"].as_str().unwrap()]["occurrences"][0]["start"].as_str().unwrap())
            .collect();
        assert!(!starts.is_empty() && starts.is_sorted(), "{starts:?}");
        assert!(starts.iter().all(|start| ("2026-11-23"..="2026-11-30").contains(start)), "{starts:?}");
        let saturdays = app.names("/events?from=2026-11-22&to=2026-12-31&day=SA&per_page=100").await;
        assert!(saturdays.contains(&"Repair café".to_owned()) && !saturdays.contains(&"Seated strength".to_owned()), "{saturdays:?}");
        assert!(app.names("/events?online=true&per_page=100").await.contains(&"Open the envelope: online workshop".to_owned()));
        let cancelled = app.names(&on("2026-12-03", "2026-12-03")).await;
        assert!(cancelled.contains(&"Open bench Thursday".to_owned()), "whoever looks at that day is told that it is off: {cancelled:?}");
        for bad in ["from=yesterday", "from=2026-12-02&to=2026-12-01", "to=999999-01-01", "from=2026-13-01", "from=1900-01-01&to=1900-01-02", "from=2300-01-01"] {
            assert_eq!(app.get(&format!("/events?{bad}")).await.status, 400, "{bad}");
        }
        let one = app.ids("/events?search=repair%20caf%C3%A9").await.remove(0);
        let dates = app.get(&format!("/events/{one}")).await.json()["occurrences"].clone();
        assert_eq!(dates[0]["start"], "2026-12-05T10:00:00Z", "{dates}");
    }
}

fact! {
    async fn a_council_changes_its_everyday_words_and_a_bad_row_changes_nothing(app) {
        app.take(&[service("Warm room", "Tea and radiators.", json!({"attributes": [{"id": id("w"), "taxonomy_term": {
            "id": id("heating"), "code": "energy-heating", "name": "Keeping warm", "description": "Warmth."}}]}))]).await;
        assert_eq!(app.names("/services?search=nithered").await, [] as [String; 0]);
        let words = search::load(&app.app().db, &app.clock).await.unwrap();
        let table = format!("{}nithered,energy-heating,local word\n", words.table(Table::Everyday));
        search::save(&app.app().db, &app.clock, Table::Everyday, &table, "an officer").await.unwrap();
        fingerpost::jobs::tidy(&app.served).await.unwrap();
        assert_eq!(app.names("/services?search=nithered").await, ["Warm room"]);
        let refused = search::save(&app.app().db, &app.clock, Table::Everyday, &format!("{table}cold,,\n"), "an officer").await.unwrap_err();
        assert!(refused.to_string().contains("the phrase \"cold\" has no need to go with it"), "{refused}");
        assert_eq!(search::load(&app.app().db, &app.clock).await.unwrap().table(Table::Everyday), table);
    }
}

/// The same words give the same order on both databases, after the same history.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_databases_rank_alike() {
    use crate::support::On;
    let mut answers = Vec::new();
    for on in [On::Sqlite, On::Postgres] {
        let Some(app) = TestApp::start(on).await else { return };
        for file in ["fixtures/luton/directory.ndjson", "fixtures/central-bedfordshire/directory.ndjson"] {
            app.import_with(std::fs::read(file).unwrap(), &Options { source: file.to_owned(), ..Options::default() }).await;
        }
        let mut ranked = Vec::new();
        for search in
            ["food", "advice", "help", "children", "rent arrears", "lonely", "group", "free", "online workshop", "skint"]
        {
            ranked.push(app.ids(&format!("/services?search={}", search.replace(' ', "%20"))).await);
        }
        places::import(&app.app().db, std::path::Path::new("fixtures/postcodes.csv"), app.clock.now(), |_| {}).await.unwrap();
        for asked in [
            "search=eviction&near=LU1%202AA",
            "search=eviction+letter+and+no+food&relaxed=true",
            "search=tea+quilt+zebra&relaxed=true&near=LU1%204AA",
        ] {
            ranked.push(app.ids(&format!("/services?{asked}")).await);
        }
        assert!(ranked.iter().all(|ids| ids.len() > 1), "{ranked:?}");
        answers.push(ranked);
        app.end().await;
    }
    assert_eq!(answers[0], answers[1]);
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

fact! {
    async fn words_of_danger_are_known_with_a_slip_in_them(app) {
        app.take(&[service("Safe talk", "For people who live with domestic abuse.", json!({})), service("Listening line", "If you feel suicidal.", json!({}))]).await;
        for (words, name) in [("domestic abuze", "Safe talk"), ("hes hitting me", "Safe talk"), ("suicidel", "Listening line")] {
            let found = app.get(&format!("/services?search={}", percent(words))).await.json();
            assert_eq!((&found["interpreted"]["urgent"], &found["contents"][0]["name"]), (&json!(true), &json!(name)), "{words}");
        }
    }
}

fact! {
    async fn a_page_without_results_does_not_say_that_these_have_some_of_the_words(app) {
        app.take(&[service("Knitting circle", "Wool and cake.", json!({}))]).await;
        let page = app.searched("q=zebra+crossing+paint").await;
        assert!(page.contains("Nothing found") && !page.contains("These match some of them"), "{page}");
    }
}

fact! {
    async fn a_need_that_nobody_knows_is_named_and_one_without_help_is_not_refused(app) {
        app.take(&[pantry().to_string()]).await;
        for path in ["/services?need=food-afordable", "/events?need=food-afordable", "/facets?need=food-afordable", "/api/services?need=food-affordable,food-afordable", "/services?need=food-afordable&format=csv"] {
            let refused = app.get(path).await;
            assert_eq!(refused.status, 400, "{path}: {}", refused.text());
            let problem = refused.json();
            assert_eq!(problem["parameter"], "need", "{problem}");
            assert!(problem["detail"].as_str().unwrap().starts_with("need is \"food-afordable\": there is no need"), "{problem}");
        }
        for list in ["/services", "/events", "/api/services", "/api/events"] {
            for format in ["json", "ndjson", "csv", "geojson", "ics", "atom", "jsonld"] {
                let refused = app.get(&format!("{list}?need=food-afordable&format={format}")).await;
                let said = (refused.status.as_u16(), refused.header("content-type").to_owned());
                assert_eq!(said, (400, "application/problem+json".to_owned()), "{list} as {format}");
                assert_eq!(refused.json()["parameter"], "need", "{list} as {format}");
            }
        }
        for shortcut in ["/services.ics", "/events.ics", "/services.atom", "/events.atom"] {
            assert_eq!(app.get(&format!("{shortcut}?need=food-afordable")).await.status, 400, "{shortcut}");
        }
        let framed = app.page("/embed/services?need=food-afordable").await;
        assert!(framed.status == 400 && framed.text().contains("food-afordable"), "{}", framed.text());
        assert_eq!(app.names("/services?need=food-affordable").await, ["Meadow larder"]);
        assert_eq!(app.names("/services?need=Affordable+food").await, ["Meadow larder"], "by the name of the term");
        assert_eq!(app.get("/services?need=water-bills").await.json()["total_items"], 0, "known, and nothing helps with it");
    }
}
