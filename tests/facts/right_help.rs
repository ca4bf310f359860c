//! The right help for somebody: of their own council, for each of their needs, in the words that they have.

use fingerpost::places;
use http::Method;
use serde_json::{Value, json};

use super::{
    id,
    search::{at, percent, service},
};
use crate::support::{Demo, TestApp, fact};

/// LU1 lies in two councils, and only its whole postcodes say in which.
const POSTCODES: &str = "postcode,latitude,longitude,gss\nLU1 2AA,51.8787,-0.42,E06000032\nLU1 4AA,51.8488,-0.4405,E06000056\n";

async fn know_the_postcodes(app: &TestApp) {
    let file = app.folder.path().join("places.csv");
    std::fs::write(&file, POSTCODES).unwrap();
    places::import(&app.app().db, &file, app.clock.now(), |_| {}).await.unwrap();
}

/// A desk at a place, for the people of an area.
fn desk(name: &str, area: (&str, &str), latitude: f64) -> String {
    let mut more = at(name, latitude, -0.42, "LU1 2AA");
    let uri = format!("http://statistics.data.gov.uk/id/statistical-geography/{}", area.1);
    more["service_areas"] = json!([{"id": id(name), "name": area.0, "uri": uri}]);
    service(name, "Help with an eviction.", more)
}

const LUTON: (&str, &str) = ("Luton", "E06000032");
const CENTRAL_BEDFORDSHIRE: (&str, &str) = ("Central Bedfordshire", "E06000056");

/// Names of the listings of a page, in order.
fn listed(page: &str) -> Vec<String> {
    let list = page.split("<ul class=\"listings\">").last().unwrap_or_default();
    let names = list.split("<h2>").skip(1).map(|rest| rest.split("</a>").next().unwrap().rsplit('>').next().unwrap());
    names.map(str::to_owned).collect()
}

fact! {
    async fn what_is_for_people_elsewhere_comes_after_what_is_for_people_here(app) {
        know_the_postcodes(&app).await;
        app.take(&[
            desk("Desk of the borough", LUTON, 51.90), desk("Desk over the border", CENTRAL_BEDFORDSHIRE, 51.8787),
            service("Desk for anybody", "Help with an eviction.", at("anybody", 51.95, -0.42, "LU1 2AA")),
        ]).await;
        let found = app.get("/services?search=eviction&near=LU1%202AA").await.json();
        let names: Vec<&str> = found["contents"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["Desk of the borough", "Desk for anybody", "Desk over the border"], "the nearest is not for here");
        assert_eq!(found["for_elsewhere"], json!([id("Desk over the border")]));
        assert_eq!(app.names("/services?search=eviction+LU1+2AA").await.last().unwrap(), "Desk over the border", "a postcode among the words, too");
        for unsure in ["near=LU1", "near=51.8787,-0.42"] {
            let found = app.get(&format!("/services?search=eviction&{unsure}")).await.json();
            assert_eq!((&found["contents"][2]["name"], found.get("for_elsewhere")), (&json!("Desk for anybody"), None), "{unsure}: the nearest first");
        }
        let page = app.searched("q=eviction&postcode=LU1+2AA").await;
        assert_eq!(listed(&page), ["Desk of the borough", "Desk for anybody", "Desk over the border"], "{page}");
        assert!(page.contains("For people who live in Central Bedfordshire") && page.contains("only for people who live elsewhere comes last"), "{page}");
        assert!(!page.contains("For people who live in Luton") && page.contains("<dt>Area covered</dt><dd>Luton</dd>"), "{page}");
        let page = app.searched("q=eviction&postcode=LU1+4AA").await;
        assert_eq!(listed(&page).first().unwrap(), "Desk over the border");
        assert!(page.contains("For people who live in Luton") && !page.contains("For people who live in Central Bedfordshire"), "{page}");
        let nowhere = app.searched("q=eviction").await;
        assert!(!nowhere.contains("For people who live in") && nowhere.contains("<dt>Area covered</dt><dd>Central Bedfordshire</dd>"), "{nowhere}");
    }
}

fact! {
    async fn a_refuge_over_the_border_is_for_people_from_here_as_well(app) {
        know_the_postcodes(&app).await;
        let mut refuge: Value = serde_json::from_str(&desk("Larkspur house", CENTRAL_BEDFORDSHIRE, 51.88)).unwrap();
        refuge["description"] = json!("A refuge from domestic abuse.");
        refuge["service_at_locations"] = json!([]);
        refuge["attributes"] = json!([{"id": id("kind"), "link_id": refuge["id"], "link_entity": "service", "value": "yes",
            "taxonomy_term": {"id": id("abuse"), "name": "Abuse at home", "code": "safety-domestic-abuse", "description": ""}}]);
        app.take(&[refuge.to_string(), desk("Desk over the border", CENTRAL_BEDFORDSHIRE, 51.88)]).await;
        let page = app.searched("q=my+partner+hits+me&postcode=LU1+2AA").await;
        assert_eq!(listed(&page), ["Larkspur house"], "{page}");
        assert!(!page.contains("For people who live in") && !page.contains("only for people who live elsewhere"), "{page}");
        let desk = app.searched("q=eviction&postcode=LU1+2AA").await;
        assert!(desk.contains("For people who live in Central Bedfordshire"), "a desk of the other council is another matter: {desk}");
    }
}

fact! {
    async fn who_is_in_danger_is_shown_help_from_elsewhere_before_other_help_from_here(app) {
        know_the_postcodes(&app).await;
        let mut refuge: Value = serde_json::from_str(&desk("Safe talk", CENTRAL_BEDFORDSHIRE, 51.88)).unwrap();
        refuge["description"] = json!("For people who live with domestic abuse.");
        app.take(&[refuge.to_string(), desk("Desk of the borough", LUTON, 51.88)]).await;
        let page = app.searched("q=my+partner+hits+me+and+eviction+letter&postcode=LU1+2AA").await;
        assert_eq!(listed(&page), ["Safe talk", "Desk of the borough"], "{page}");
    }
}

fact! {
    async fn several_needs_that_few_listings_meet_are_widened_to_any_of_them(app) {
        let larder = |name: &str| service(name, "A food bank.", at(name, 51.8787, -0.42, "LU1 2AA"));
        app.take(&[
            larder("Larder one"), larder("Larder two"), larder("Larder three"),
            service("Both under one roof", "A food bank, and help with an eviction.", at("both", 51.95, -0.42, "LU3 1AA")),
            service("Tenants' desk", "Help with an eviction.", json!({})),
            service("Coffee morning", "For people who are lonely.", json!({})),
        ]).await;
        let page = app.searched("q=eviction+letter+and+no+food&postcode=LU1+2AA").await;
        assert!(page.contains("<h1>5 results</h1>") && page.contains("Few results match all of these."), "{page}");
        assert_eq!(listed(&page)[0], "Both under one roof", "what meets both needs, however far away");
        let page = app.searched("q=eviction+letter+and+lonely").await;
        assert!(page.contains("<h1>3 results</h1>") && page.contains("Nothing matches all of these. This is help for any of them."), "{page}");
        let page = app.searched("q=no+food+roof").await;
        assert!(page.contains("<h1>4 results</h1>") && listed(&page)[0] == "Both under one roof" && page.contains("Not all of these have your words: roof."), "further words, too: {page}");
        let strict = app.get("/services?search=eviction+letter+and+no+food").await.json();
        assert_eq!((&strict["total_items"], &strict["interpreted"]["enough"]), (&json!(1), &json!("all")), "a program is given what meets both");
        let relaxed = app.get("/services?search=eviction+letter+and+no+food&relaxed=true").await.json();
        assert_eq!((&relaxed["total_items"], &relaxed["interpreted"]["enough"]), (&json!(5), &json!("any_need")));
        assert_eq!(relaxed["contents"][0]["name"], "Both under one roof");
    }
}

fact! {
    async fn where_some_words_are_enough_more_of_them_count_before_distance_and_common_ones_say_nothing(app) {
        app.take(&[
            service("Wool and cake", "A zebra quilt for everybody.", at("far", 51.95, -0.42, "LU3 1AA")),
            service("Quilters", "Quilts.", at("near", 51.8787, -0.42, "LU1 2AA")),
            service("Outings", "Out in two minutes, says everybody.", at("door", 51.8787, -0.42, "LU1 2AA")),
        ]).await;
        let page = app.searched("q=she+says+zebra+quilts+out+in+two&postcode=LU1+2AA").await;
        assert_eq!(listed(&page), ["Wool and cake", "Quilters"], "{page}");
        assert!(page.contains("These match some of them") && page.contains("What matches most is first, then what is nearest to LU1 2AA"), "{page}");
        assert_eq!(listed(&app.searched("q=zebra+quults").await), ["Wool and cake"], "all of the words, one with a slip in it");
        let page = app.searched("q=zebra+harpsicord+quults").await;
        assert_eq!(listed(&page)[0], "Wool and cake", "a slip is forgiven where some words are enough, too: {page}");
    }
}

fact! {
    async fn everyday_and_urgent_phrases_are_understood_and_harmless_ones_are_not_alarming(app) {
        app.take(&[service("Knitting circle", "Wool and cake.", json!({}))]).await;
        for (words, need, urgent, sensitive) in [
            ("touched by my uncle", "safety-sexual-violence", true, true), ("my stepdad keeps touching me", "safety-sexual-violence", true, true),
            ("I am 16 and my dad threw me out", "housing-homeless-now", true, true), ("kicked out by my mum", "housing-homeless-now", true, true),
            ("they cut off my gas", "energy-no-supply", false, false), ("sec 8 notice", "housing-eviction", false, false),
            ("section 8 notice", "housing-eviction", false, false), ("letter from court", "legal-advice", false, false),
            ("letter from the county court", "legal-advice", false, false), ("cannot breathe", "safety-emergency", true, true), ("can not breathe", "safety-emergency", true, true),
            ("moldy flat", "housing-repairs", false, false), ("drunk partner", "health-alcohol-drugs", false, true), ("my partner gets drunk", "health-alcohol-drugs", false, true),
            ("cannot pay my rent", "housing-rent-arrears", false, false), ("do not want to be here anymore", "health-crisis", true, true),
            ("taken an overdose", "safety-emergency", true, true), ("he threatened to kill me", "safety-violence", true, true),
            ("nie mam gdzie spać", "housing-homeless-now", true, true), ("nie mam gdzie spac", "housing-homeless-now", true, true), ("mąż mnie bije", "safety-domestic-abuse", true, true),
            ("głodny", "food-emergency", false, false), ("بے گھر", "housing-homeless-now", true, true), ("میرا شوہر مارتا ہے", "safety-domestic-abuse", true, true), ("کرایہ نہیں دے سکتا", "housing-rent-arrears", false, false),
        ] {
            let said = app.get(&format!("/services?search={}", percent(words))).await.json()["interpreted"].clone();
            assert_eq!((&said["needs"][0]["code"], &said["urgent"], &said["sensitive"]), (&json!(need), &json!(urgent), &json!(sensitive)), "{words}: {said}");
        }
        for words in ["touch typing", "couch to 5k", "throw out an old sofa", "stroke club", "heart attack support", "overdone", "cooked me a meal", "court shoes", "letter writing", "chess club", "grouped", "gas engineer course", "torch me"] {
            let said = app.get(&format!("/services?search={}", percent(words))).await.json()["interpreted"].clone();
            assert_eq!((&said["urgent"], &said["sensitive"]), (&json!(false), &json!(false)), "{words}: {said}");
        }
    }
}

fact! {
    async fn a_place_that_nobody_knows_is_left_out_and_said_so_beside_the_field(app) {
        app.take(&[service("Larder in town", "A food bank.", at("town", 51.8787, -0.42, "LU1 2AA"))]).await;
        for place in ["Atlantis", "ZE1 0AA", "ZE1 0A"] {
            let found = app.ask(Method::POST, "/directory/search", &[("content-type", "application/x-www-form-urlencoded")], &format!("q=food+bank&postcode={}", percent(place))).await;
            let page = found.text();
            assert_eq!((found.status.as_u16(), listed(&page)), (200, vec!["Larder in town".to_owned()]), "{place}: {page}");
            assert_eq!(page.matches(&format!("We do not know the place “{place}”.")).count(), 2, "above all, and at the field: {page}");
            assert!(page.contains(&format!("value=\"{place}\"")) && page.contains("<details class=\"narrow\" open>") && page.contains("aria-describedby=\"postcode-hint postcode-error\""), "{page}");
            assert!(page.contains("These are results from everywhere.") && page.contains("/help#now") && page.contains("Enter a postcode to see the nearest first"), "{page}");
        }
        let demo = Demo(app.served.router(true));
        let page = demo.page("/directory/search?q=food+bank&postcode=Atlantis").await.text();
        let asked = page.split("Ask somebody who knows what help there is").nth(1).unwrap_or_else(|| panic!("{page}"));
        assert!(asked.contains("Citizens Advice") && asked.contains("href=\"tel:"), "{asked}");
        let page = demo.page("/directory/search?postcode=ZE1+0AA").await;
        assert!(page.status == 200 && page.text().contains("We do not know the place “ZE1 0AA”.") && page.text().contains("Browse by need") && page.text().contains("Citizens Advice"), "nothing but a place: {}", page.text());
        let said = app.get("/services?search=food+bank+ZE1+0AA").await.json();
        assert_eq!((&said["contents"][0]["name"], &said["interpreted"]["unknown_place"]), (&json!("Larder in town"), &json!("ZE1 0AA")), "{said}");
        let only = app.get("/services?search=ZE1+0AA").await;
        assert_eq!((only.status.as_u16(), &only.json()["parameter"]), (400, &json!("search")), "{}", only.text());
        assert_eq!(app.page("/directory/whats-on?postcode=Atlantis").await.status, 200);
    }
}

fact! {
    async fn pages_in_other_languages_say_in_which_words_to_search(app) {
        app.take(&[service("Larder", "A food bank.", json!({}))]).await;
        for (path, says) in [("/pl/", "Rozumiemy też niektóre codzienne słowa po polsku"), ("/pl/directory/search", "Rozumiemy też"), ("/ur/", "اردو کے کچھ عام الفاظ بھی سمجھے جاتے ہیں")] {
            let page = app.page(path).await.text();
            assert!(page.split("id=\"q-hint\"").nth(1).unwrap().split("</p>").next().unwrap().contains(says), "{path}: {page}");
        }
        assert!(!app.page("/").await.text().contains("Listings are in English"));
        let found = app.ask(Method::POST, "/pl/directory/search", &[("content-type", "application/x-www-form-urlencoded")], &format!("q={}", percent("nie mam jedzenia"))).await.text();
        assert_eq!(listed(&found).len(), 1, "{found}");
        assert!(found.contains("Larder"), "{found}");
    }
}

fact! {
    async fn results_wait_in_the_page_itself_while_a_listing_is_read(app) {
        app.take(&[service("Larder", "A food bank.", json!({}))]).await;
        let posted = app.ask(Method::POST, "/directory/search", &[("content-type", "application/x-www-form-urlencoded")], "q=food+bank").await;
        let page = posted.text();
        assert!(page.contains("src=\"/assets/results.js?v=") && page.contains("<template class=\"way-back\">") && page.contains("Go back to the results"), "{page}");
        assert_eq!(posted.header("cache-control"), "no-store", "no browser keeps it");
        let policy = posted.header("content-security-policy").to_owned();
        assert!(policy.contains("script-src 'self'; connect-src 'self'") && !policy.contains("unsafe"), "{policy}");
        let script = app.get("/assets/results.js").await.text();
        for keeps in ["sessionStorage", "localStorage", "indexedDB", "document.cookie", "caches"] {
            assert!(!script.contains(keeps), "{keeps}");
        }
        assert!(!app.page("/directory/search?q=food+bank").await.text().contains("results.js"), "a search by link can be asked for again");
    }
}

fact! {
    async fn near_a_town_of_one_council_what_is_for_people_elsewhere_comes_last(app) {
        know_the_postcodes(&app).await;
        let near = desk("Desk over the border", CENTRAL_BEDFORDSHIRE, 51.8787);
        let far = desk("Desk of the borough", LUTON, 51.95);
        app.take(&[near.clone(), far.clone()]).await;
        let page = app.searched("q=eviction&postcode=Luton").await;
        assert_eq!(listed(&page), ["Desk of the borough", "Desk over the border"], "all of the town's places lie in Luton: {page}");
        assert!(page.contains("only for people who live elsewhere comes last"), "{page}");
        let over = service("Hall over the border", "Tea and cake.", at("over", 51.8488, -0.4405, "LU1 4AA"));
        app.take(&[over]).await;
        let page = app.searched("q=eviction&postcode=Luton").await;
        assert_eq!(listed(&page), ["Desk over the border", "Desk of the borough"], "a town on a border lies in none for sure: {page}");
    }
}

fact! {
    async fn from_a_place_that_is_only_roughly_known_the_better_match_comes_before_a_few_hundred_metres(app) {
        know_the_postcodes(&app).await;
        app.take(&[
            service("Day room", "Tea, showers and sometimes a food parcel.", at("room", 51.8637, -0.4302, "LU1 2AA")),
            service("Food parcel", "A food parcel for everybody.", at("parcel", 51.8687, -0.4302, "LU1 2AA")),
            service("Food parcel far away", "A food parcel.", at("far", 51.9637, -0.4302, "LU3 1AA")),
        ]).await;
        let roughly = ["Food parcel", "Day room", "Food parcel far away"];
        for near in ["near=LU1", "search=food+parcel+near+LU1"] {
            assert_eq!(app.names(&format!("/services?search=food+parcel&{near}").replace("search=food+parcel&search", "search")).await, roughly, "{near}");
        }
        assert_eq!(listed(&app.searched("q=food+parcel&postcode=LU1").await), roughly);
        let exactly = ["Day room", "Food parcel", "Food parcel far away"];
        assert_eq!(app.names("/services?search=food+parcel&near=51.8637,-0.4302").await, exactly, "who says exactly where gets the nearest first");
        let plain = app.names("/services?near=LU1").await;
        assert_eq!(plain, exactly, "without words there is no better match");
    }
}

fact! {
    async fn help_for_one_group_comes_after_help_for_everybody_unless_it_is_asked_for(app) {
        app.take(&[
            service("Veterans' debt advice", "Debt advice.", json!({})),
            service("Carers' debt advice", "Debt advice.", json!({})),
            service("Library debt advice", "Debt advice.", json!({})),
        ]).await;
        let first = async |search: &str| app.names(&format!("/services?search={search}")).await.remove(0);
        assert_eq!(first("debt+advice").await, "Library debt advice");
        assert_eq!(first("debt+advice+for+veterans").await, "Veterans' debt advice");
        assert_eq!(first("veterans'+debt+advice").await, "Veterans' debt advice");
        assert_eq!(first("carers'+debt+advice").await, "Carers' debt advice");
    }
}

fact! {
    async fn from_a_postcode_help_for_one_group_comes_after_help_for_everybody_however_near_it_is(app) {
        know_the_postcodes(&app).await;
        let bed = "A bed for people who are homeless.";
        let mut for_veterans = at("table", 51.8787, -0.42, "LU1 2AA");
        for_veterans["eligibility_description"] = json!("Veterans only.");
        let sleep_out = json!({"kind": "event", "document": {
            "id": id("sleep-out"), "organization_id": id("a group"), "location_id": id("place gate"), "name": "Lark Hill sleep out", "status": "scheduled",
            "description": "Sleep out for a night in December to raise money for beds.",
            "start": "2026-12-11T22:00:00", "end": "2026-12-12T06:00:00", "timezone": "Europe/London",
        }});
        app.take(&[
            service("Met at the gate", bed, at("gate", 51.8787, -0.42, "LU1 2AA")),
            service("Friendly table", bed, for_veterans),
            service("Salvation Army night shelter", bed, at("shelter", 51.9, -0.42, "LU3 1AA")),
            service("Night shelter", bed, at("far", 51.95, -0.42, "LU3 1AA")),
            sleep_out.to_string(),
        ]).await;
        let shelters = ["Salvation Army night shelter", "Night shelter"];
        let found = app.names("/services?search=nowhere+to+sleep+tonight&near=LU1+2AA").await;
        assert_eq!(found[..2], shelters, "what is for everybody first, by distance: {found:?}");
        assert_eq!(found.len(), 5, "nothing is left out: {found:?}");
        let page = app.searched("q=nowhere+to+sleep+tonight&postcode=LU1+2AA").await;
        assert_eq!(listed(&page)[..2], shelters, "{page}");
        assert!(page.contains("Help for everybody comes first. Then comes help for one group of people."), "{page}");
        let from_prison = app.names("/services?need=housing-homeless-now,transition-prison&near=LU1+2AA").await;
        assert_eq!((from_prison[0].as_str(), &from_prison[1..3]), ("Met at the gate", &shelters.map(str::to_owned)[..]), "who asks for the group gets the nearest of it: {from_prison:?}");
        let by_position = app.names("/services?search=nowhere+to+sleep+tonight&near=51.8787,-0.42").await;
        assert!(!shelters.contains(&by_position[0].as_str()), "by distance alone: {by_position:?}");
        let only_near = app.names("/services?near=LU1+2AA").await;
        assert!(!shelters.contains(&only_near[0].as_str()), "who asks for nothing gets the nearest: {only_near:?}");
    }
}

fact! {
    async fn help_for_everybody_that_nobody_gets_to_comes_after_help_for_one_group_nearby(app) {
        know_the_postcodes(&app).await;
        let bed = "A bed for people who are homeless.";
        let mut rung = at("office", 53.5, -1.5, "S1 1AA");
        rung["schedules"] = json!([{"id": id("rung"), "attending_type": "phone", "opens_at": "09:00", "closes_at": "17:00", "freq": "WEEKLY", "byday": "MO,TU,WE,TH,FR"}]);
        app.take(&[
            service("Met at the gate", bed, at("gate", 51.8787, -0.42, "LU1 2AA")),
            service("Shelter within reach", bed, at("reach", 52.2, -0.42, "MK40 1AA")),
            service("Shelter in the north", bed, at("north", 53.8, -1.55, "LS1 1AA")),
            service("Bed line", bed, json!({"phones": [{"id": id("line"), "number": "01632 960124"}]})),
            service("National bed line", bed, rung),
        ]).await;
        let in_order = ["Shelter within reach", "National bed line", "Bed line", "Met at the gate", "Shelter in the north"];
        assert_eq!(app.names("/services?search=nowhere+to+sleep&near=LU1+2AA").await, in_order);
        let page = app.searched("q=nowhere+to+sleep&postcode=LU1+2AA").await;
        assert_eq!(listed(&page), in_order, "{page}");
        assert!(page.contains("Help that is more than 25 miles away comes after both."), "{page}");
    }
}

fact! {
    async fn one_word_of_a_long_sentence_is_no_result(app) {
        app.take(&[
            service("Door painting class", "Paint a door.", json!({})),
            service("Zebra club", "Zebras, quilts and harpsichords.", json!({})),
        ]).await;
        let page = app.searched("q=zebra+quilts+marmalade+door+xylophone").await;
        assert_eq!(listed(&page), ["Zebra club"], "two of the words are, one is not: {page}");
        assert_eq!(listed(&app.searched("q=marmalade+door+xylophone").await), ["Door painting class"], "of a few words one is enough");
    }
}

fact! {
    async fn a_list_says_whom_to_ring_but_for_help_that_is_for_people_elsewhere(app) {
        know_the_postcodes(&app).await;
        let rung = |line: String, number: &str| {
            let mut desk: serde_json::Value = serde_json::from_str(&line).unwrap();
            desk["phones"] = json!([{"id": id(number), "number": number}]);
            desk.to_string()
        };
        app.take(&[
            rung(desk("Desk of the borough", LUTON, 51.90), "01632 960701"),
            rung(desk("Desk over the border", CENTRAL_BEDFORDSHIRE, 51.8787), "01632 960702"),
        ]).await;
        let page = app.searched("q=eviction&postcode=LU1+2AA").await;
        assert!(page.contains("<dt>Phone</dt><dd><a href=\"tel:01632960701\">01632 960701</a></dd>"), "{page}");
        assert!(page.contains("Desk over the border") && !page.contains("01632960702"), "the number of another council: {page}");
        let own = app.page(&format!("/directory/services/{}", id("Desk over the border"))).await.text();
        assert!(own.contains("tel:01632960702"), "who opens it can ring it: {own}");
    }
}

fact! {
    async fn a_search_that_comes_back_to_be_put_right_can_be_left_at_once(app) {
        app.take(&[service("Desk", "Help with an eviction.", json!({}))]).await;
        let page = app.searched("q=my+partner+hits+me&age=old").await;
        assert!(page.contains("Enter the age in years") && page.contains("value=\"my partner hits me\"") && page.contains("class=\"exit\""), "{page}");
    }
}
