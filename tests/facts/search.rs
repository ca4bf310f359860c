//! Finding things: in people's own words, near them, at the right time.

mod index;
mod near;

use fingerpost::{
    importing::Options,
    places,
    search::{self, Table},
};
use serde_json::{Value, json};

use super::{id, pantry};
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
