//! What people in trouble write, where they are, and what they are shown.

use serde_json::{Value, json};

use super::{
    id,
    search::{at, percent, service},
};
use crate::support::fact;

/// A service that carries the term of a need.
fn helping(name: &str, need: &str, more: impl Into<Value>) -> String {
    let mut more: Value = more.into();
    more["attributes"] = json!([{"id": id(&format!("{name} {need}")), "taxonomy_term": {
        "id": id(need), "code": need, "name": need, "description": need}}]);
    service(name, "On weekdays.", more)
}

fact! {
    async fn two_troubles_in_one_search_find_help_with_either_and_the_danger_first(app) {
        app.take(&[
            helping("Night line", "health-crisis", json!({})),
            helping("Purse club", "money-budgeting", at("purse", 51.88, -0.42, "LU1 2AA")),
            helping("Rent desk", "housing-rent-arrears", json!({})),
            helping("Low mood group", "health-mental", json!({})),
        ]).await;
        for (form, path) in [
            ("q=suicidal+and+skint", "/services?relaxed=true&search=suicidal%20and%20skint"),
            ("q=skint+and+suicidal+LU1", "/services?search=skint%20and%20suicidal&near=LU1"),
        ] {
            let found = app.get(path).await.json();
            assert_eq!((&found["interpreted"]["urgent"], &found["interpreted"]["sensitive"]), (&json!(true), &json!(true)), "{found}");
            assert_eq!(app.names(path).await, ["Night line", "Purse club"], "{path}");
            let page = app.searched(form).await;
            assert!(page.contains("Exit this page") && page.contains("tel:999") && page.contains("Night line"), "{page}");
            assert!(!page.contains("Link to this search"), "{page}");
        }
        let found = app.get("/services?search=behind%20with%20rent%20and%20depressed").await.json();
        assert_eq!(found["total_items"], 2, "{found}");
        app.take(&[helping("Nothing else", "essentials-baby", json!({}))]).await;
        let found = app.get("/services?relaxed=true&free=true&search=suicidal%20and%20skint").await.json();
        assert_eq!((&found["total_items"], &found["interpreted"]["urgent"]), (&json!(0), &json!(true)), "nothing found is no reason to forget it");
    }
}

fact! {
    async fn a_single_word_means_things_and_not_what_is_done_to_somebody(app) {
        app.take(&[service("Knitting circle", "Wool and cake.", json!({}))]).await;
        for (words, need, urgent) in [
            ("forced to marry", "safety-forced-marriage", true),
            ("they are forcing me to marry", "safety-forced-marriage", true),
            ("being forced to get married", "safety-forced-marriage", true),
            ("forcing my daughter to marry", "safety-forced-marriage", true),
            ("partner forced me to have sex", "safety-sexual-violence", true),
            ("work forced me to quit", "work-rights", false),
            ("forced out by landlord", "housing-illegal-eviction", true),
            ("abused by my partner", "safety-domestic-abuse", true),
            ("my partner abuses me", "safety-domestic-abuse", true),
            ("hit by my dad", "safety-child", true),
            ("no where to sleep tonight", "housing-homeless-now", true),
            ("gas smell", "energy-emergency", true),
            ("being followed by ex", "safety-violence", true),
            ("lonley", "social-company", false),
            ("asylum refused", "legal-immigration", false),
            ("clothing", "essentials-clothing", false),
            ("stalkd", "safety-violence", true),
            ("food bnak", "food-emergency", false),
            ("debt", "money-debt", false),
            ("armed forces", "transition-forces", false),
        ] {
            let said = app.get(&format!("/services?search={}", percent(words))).await.json()["interpreted"].clone();
            assert_eq!((&said["needs"][0]["code"], &said["urgent"]), (&json!(need), &json!(urgent)), "{words}: {said}");
        }
        for words in ["drugged", "police force", "lovely", "refuse", "treats", "threads", "stacked", "being talked about", "made to carry", "rap"] {
            let said = app.get(&format!("/services?search={}", percent(words))).await.json()["interpreted"].clone();
            assert_eq!((&said["needs"], &said["sensitive"]), (&json!([]), &json!(false)), "{words}: {said}");
        }
    }
}

fact! {
    async fn an_everyday_word_is_no_slip_of_a_word_of_danger(app) {
        app.take(&[
            service("Stalking and threats worker", "Help for people who were raped or threatened.", json!({})),
            service("Hampers", "Lunches and tracts for each week.", json!({})),
        ]).await;
        for words in ["treats", "treats for children", "threads", "rap", "tracts"] {
            let found = app.get(&format!("/services?search={}", percent(words))).await.json();
            assert!(!found.to_string().contains("Stalking"), "{words}: {found}");
            assert_eq!((&found["interpreted"]["needs"], &found["interpreted"]["sensitive"]), (&json!([]), &json!(false)), "{words}: {found}");
        }
        for words in ["threts", "threats", "stalkd"] {
            let found = app.get(&format!("/services?search={}", percent(words))).await.json();
            assert_eq!((&found["contents"][0]["name"], &found["interpreted"]["sensitive"]), (&json!("Stalking and threats worker"), &json!(true)), "{words}: {found}");
        }
    }
}

fact! {
    async fn who_writes_only_help_is_asked_what_with_and_told_whom_to_ring(app) {
        app.take(&[service("Help at home", "We help you at home.", json!({})), service("Knitting circle", "Wool and cake.", json!({}))]).await;
        for words in ["HELP", "help+me", "can+you+help+me+please", "HELP!!!"] {
            let page = app.searched(&format!("q={words}")).await;
            assert!(page.contains("tel:999") && page.contains("Numbers to call now") && page.contains("Work out what helps"), "{words}: {page}");
            assert!(page.contains("Or browse by need") && !page.contains("Nothing found"), "{words}: {page}");
        }
        assert_eq!(app.names("/services?search=help%20me").await, ["Help at home"], "a program is given what has the word");
        assert_eq!(app.names("/services?search=owt%20for%20knitting").await, ["Knitting circle"], "words that say nothing are so in dialect, too");
    }
}

fact! {
    async fn welsh_words_are_found_as_they_are_written(app) {
        app.take(&[
            service("Banc bwyd y dref", "Bwyd am dri diwrnod i deuluoedd. Galwch heibio'r tŷ cwrdd.", json!({})),
            service("Canolfan gynghori", "Cyngor am ddim am ddyledion.", json!({})),
        ]).await;
        for (words, name) in [("banc bwyd", "Banc bwyd y dref"), ("BANC BWYD", "Banc bwyd y dref"), ("ty cwrdd", "Banc bwyd y dref"), ("cynghori", "Canolfan gynghori"), ("dyledion", "Canolfan gynghori")] {
            assert_eq!(app.names(&format!("/services?search={}", percent(words))).await, [name], "{words}");
        }
    }
}

fact! {
    async fn a_town_is_where_its_places_are_and_an_unknown_postcode_is_named(app) {
        app.take(&[
            service("Larder in town", "A food bank.", at("town", 51.88, -0.42, "LU1 2AA")),
            service("Larder out of town", "A food bank.", at("out", 51.95, -0.30, "SG5 1AA")),
        ]).await;
        let mut elsewhere = at("far", 52.60, -1.10, "LE1 1AA");
        elsewhere["service_at_locations"][0]["location"]["addresses"][0]["city"] = json!("Leicester");
        app.take(&[service("Larder far away", "A food bank.", elsewhere)]).await;
        let page = app.searched("q=food+bank&postcode=leicester").await;
        assert!(page.contains("The nearest to leicester are first") && page.contains("only know roughly"), "{page}");
        assert!(page.find("Larder far away").unwrap() < page.find("Larder in town").unwrap());
        let page = app.searched("q=food+bank&postcode=Atlantis").await;
        assert!(page.contains("We do not know the place “Atlantis”.") && page.contains("Larder in town"), "{page}");
        let page = app.searched("q=food+bank+near+ZZ99+9ZZ").await;
        assert!(page.contains("We do not know the place “ZZ99 9ZZ”.") && page.contains("Larder in town") && !page.contains("zz99"), "{page}");
        assert!(app.searched("q=ZZ99+9ZZ").await.contains("We do not know the place “ZZ99 9ZZ”."));
    }
}

fact! {
    async fn results_are_narrowed_by_age_language_and_access(app) {
        let mut open = at("open", 51.88, -0.42, "LU1 2AA");
        open["service_at_locations"][0]["location"]["accessibility"] = json!([{"id": id("ramp"), "description": "Step-free entrance"}]);
        open["minimum_age"] = json!(18);
        open["languages"] = json!([{"id": id("polish"), "name": "Polish", "code": "pl"}]);
        app.take(&[service("Advice hall", "Advice.", open), service("Advice attic", "Advice.", at("attic", 51.88, -0.42, "LU1 2AA"))]).await;
        for (field, narrowed) in [("language=pl", "In Polish"), ("access=step_free", "Step-free entrance"), ("age=40", "For age 40")] {
            let page = app.searched(&format!("q=advice&{field}")).await;
            assert!(page.contains("Advice hall") && page.contains(narrowed), "{field}: {page}");
            assert_eq!(page.contains("Advice attic"), field == "age=40", "{field}");
        }
        assert!(!app.searched("q=advice&age=12").await.contains("Advice hall"));
        assert!(app.searched("q=advice&age=old").await.contains("Enter the age in years"));
    }
}

fact! {
    async fn an_event_is_near_where_one_of_its_dates_has_moved(app) {
        let place = |name: &str, latitude: f64| json!({"kind": "location", "document": {"id": id(name), "location_type": "physical", "name": name, "latitude": latitude, "longitude": -0.42}}).to_string();
        let event = json!({"kind": "event", "document": {
            "id": id("walk"), "organization_id": id("a group"), "name": "Walking group", "status": "scheduled", "location_id": id("Park"),
            "start": "2026-11-24T10:00:00", "end": "2026-11-24T12:00:00", "timezone": "Europe/London", "rrule": "FREQ=WEEKLY;BYDAY=TU",
            "changes": [{"start": "2026-12-01T10:00:00", "status": "moved", "new_start": "2026-12-01T10:00:00", "location_id": id("Castle")}]}});
        app.take(&[service("Desk", "A desk.", json!({})), place("Park", 51.88), place("Castle", 52.20), event.to_string()]).await;
        assert_eq!(app.names("/events?near=52.2,-0.42&proximity=1000").await, ["Walking group"]);
        assert_eq!(app.names("/events?near=51.88,-0.42&proximity=1000").await, ["Walking group"]);
        app.clock.set("2026-11-30T09:00:00Z".parse().unwrap());
        let week = app.page("/directory/whats-on").await.text();
        assert!(week.contains("Castle") && !week.contains("Park"), "{week}");
        assert!(app.page("/").await.text().contains("Walking group"), "and the first page says what is on");
    }
}

fact! {
    async fn every_number_in_a_field_is_a_link_of_its_own(app) {
        let phones = ["+44 (0)1632 960 123", "01632 960124 or 01632 960125", "01632 960126 ext 4", "ask at desk 2"];
        let phones: Vec<Value> = phones.iter().map(|number| json!({"id": id(number), "number": number})).collect();
        app.take(&[service("Front desk", "We answer.", json!({"phones": phones}))]).await;
        let page = app.page(&format!("/directory/services/{}", id("Front desk"))).await.text();
        for link in [
            "<a href=\"tel:+441632960123\">+44 (0)1632 960 123</a>",
            "<a href=\"tel:01632960124\">01632 960124</a> or <a href=\"tel:01632960125\">01632 960125</a>",
            "<a href=\"tel:01632960126\">01632 960126</a>, extension 4",
            "<dd>ask at desk 2</dd>",
        ] {
            assert!(page.contains(link), "{link}: {page}");
        }
        assert_eq!(page.matches("tel:").count(), 4, "{page}");
        let list = app.ask(http::Method::POST, "/directory/shortlist", &[("content-type", "application/x-www-form-urlencoded")], &format!("keep={}", id("Front desk"))).await.text();
        assert!(list.contains("class=\"tel\" href=\"tel:01632960124\"") && list.contains("class=\"tel\" href=\"tel:01632960125\""), "{list}");
    }
}
