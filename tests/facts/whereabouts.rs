//! Where people say that they are, and the map around it.

use http::Method;
use serde_json::{Value, json};

use super::{id, pantry, search::service};
use crate::support::{Answer, Demo, TestApp, fact};

async fn send(app: &TestApp, path: &str, body: &str) -> Answer {
    app.ask(Method::POST, path, &[("content-type", "application/x-www-form-urlencoded"), ("accept", "text/html")], body).await
}

async fn with_both_councils(app: &TestApp) {
    app.fixtures().await;
    app.import(std::fs::read("fixtures/central-bedfordshire/directory.ndjson").unwrap()).await;
}

/// A service in a town of that name, so far north.
fn in_newton(name: &str, latitude: f64) -> Value {
    let mut service = pantry();
    let place = &mut service["service_at_locations"][0];
    place["id"] = json!(id(&format!("link {name}")));
    place["location"]["id"] = json!(id(&format!("place {name}")));
    place["location"]["latitude"] = json!(latitude);
    place["location"]["addresses"][0]["id"] = json!(id(&format!("address {name}")));
    place["location"]["addresses"][0]["city"] = json!("Newton");
    service["id"] = json!(id(name));
    service
}

fact! {
    async fn a_town_is_as_good_as_a_postcode(app) {
        with_both_councils(&app).await;
        let found = send(&app, "/directory/search", "q=food&postcode=dunstable").await;
        let page = found.text();
        assert_eq!(found.status, 200, "{page}");
        assert!(page.contains("The nearest to dunstable are first") && page.contains("distances are approximate") && page.contains("miles away"));
        let first = page.split("<ul class=\"listings\"").nth(1).unwrap().split("</dl>").next().unwrap();
        assert!(first.contains("Dunstable") && first.contains("away"), "{first}");
        assert_eq!(send(&app, "/directory/whats-on", "postcode=Leighton+Buzzard").await.status, 200);
        assert!(app.page("/").await.text().contains("Postcode or town"));
    }
}

fact! {
    async fn a_place_is_found_however_people_write_it_and_what_it_was_taken_for_is_said(app) {
        with_both_councils(&app).await;
        for (written, place, said) in [
            ("LU1 2AA Luton", "LU1 2AA", None), ("12 High Street, Luton LU1 2AA", "LU1 2AA", None), ("LU1-2AA", "LU1 2AA", None), ("lu12aa.", "LU1 2AA", None),
            ("12 Market Street, Dunstable", "Dunstable", None), ("Dunstable.", "Dunstable", None),
            ("LU1 2A", "LU1", Some("“LU1 2A” is not a whole postcode, so we used LU1.")), ("Luton LU1 2", "LU1", Some("so we used LU1.")),
            ("Lutn", "Luton", Some("We do not know the place “Lutn”, so we used Luton.")), ("Leighton Buzard", "Leighton Buzzard", Some("so we used Leighton Buzzard.")),
        ] {
            let page = send(&app, "/directory/search", &format!("q=food&postcode={}", written.replace(' ', "+"))).await.text();
            assert!(page.contains(&format!("The nearest to {place} are first")) && !page.contains("There is a problem"), "{written}: {page}");
            if let Some(said) = said {
                assert!(page.contains(said), "{written}: {page}");
            }
            assert!(page.contains(&format!("value=\"{written}\"")), "what was written stands in the box: {written}");
            let week = send(&app, "/directory/whats-on", &format!("postcode={}", written.replace(' ', "+"))).await.text();
            assert!(!week.contains("There is a problem") && said.is_none_or(|said| week.contains(said)), "{written}: {week}");
        }
        for written in ["LU1-2AA", "lu12aa.", "12%20High%20Street,%20Luton%20LU1%202AA"] {
            assert_eq!(app.get(&format!("/services?postcode={written}&proximity=5000")).await.status, 200, "{written}");
            assert_eq!(app.get(&format!("/services?near={written}")).await.status, 200, "{written}");
        }
        assert_eq!(app.get("/services?postcode=LU1%202A").await.status, 400, "a program says what it means");
    }
}

fact! {
    async fn a_place_that_nobody_knows_is_said_beside_the_field(app) {
        with_both_councils(&app).await;
        let unknown = send(&app, "/directory/search", "q=food&postcode=Atlantis").await;
        assert_eq!(unknown.status, 200);
        assert!(unknown.text().contains("We do not know the place “Atlantis”.") && unknown.text().contains("value=\"Atlantis\""));
        let slip = send(&app, "/directory/search", "q=food&postcode=ZE1+0A").await;
        assert!(slip.status == 200 && slip.text().contains("try a postcode such as LU1 2AA or LU1"));
        // Two towns of one name: nobody can say which is meant.
        app.import(in_newton("here", 51.9).to_string()).await;
        assert!(send(&app, "/directory/search", "q=food&postcode=Newton").await.text().contains("The nearest to Newton are first"));
        app.import(in_newton("there", 53.4).to_string()).await;
        assert!(send(&app, "/directory/search", "q=food&postcode=Newton").await.text().contains("We do not know the place “Newton”."));
    }
}

const POLICY: &str = "content-security-policy";

fact! {
    async fn no_page_asks_another_server_unless_the_council_names_one_and_the_reader_wants_it(app) {
        with_both_councils(&app).await;
        let plain = send(&app, "/directory/search", "q=library&postcode=LU1&map=streets").await;
        assert!(plain.text().contains("class=\"map\"") && !plain.text().contains("<image") && !plain.text().contains("Show streets"));
        assert!(plain.header(POLICY).contains("img-src 'self';"), "{}", plain.header(POLICY));

        app.config.map_tiles = Some("https://tiles.example.org/os/{z}/{x}/{y}.png".parse().unwrap());
        app.config.map_tiles_credit = Some("© Somebody".to_owned());
        app.restart().await;
        let offered = send(&app, "/directory/search", "q=library&postcode=LU1&page=1").await;
        let page = offered.text();
        assert!(page.contains("Show streets behind it") && page.contains("The streets come from another server, tiles.example.org"), "{page}");
        assert!(page.contains("name=\"map\" value=\"streets\"") && page.contains("name=\"page\" value=\"1\""));
        assert!(!page.contains("<image") && !offered.header(POLICY).contains("example.org"), "not before it is asked for");
        let shown = send(&app, "/directory/search", "q=library&postcode=LU1&map=streets").await;
        assert!(shown.text().contains("<image href=\"https://tiles.example.org/os/") && shown.text().contains("Streets: © Somebody."));
        assert!(shown.header(POLICY).contains("img-src 'self' https://tiles.example.org;") && shown.header(POLICY).contains("default-src 'none'"));
        assert_eq!((shown.header("referrer-policy"), shown.header("cache-control")), ("no-referrer", "no-store"));
        let quiet = send(&app, "/directory/search", "q=my+partner+hits+me&postcode=LU1&map=streets").await;
        assert!(!quiet.text().contains("tiles.example.org") && !quiet.header(POLICY).contains("example.org"), "never on a page to be kept quiet");
        for path in ["/", "/help", "/directory/needs", "/directory/whats-on"] {
            assert!(!app.page(path).await.header(POLICY).contains("example.org"), "{path}");
        }
    }
}

fact! {
    async fn a_search_that_finds_nothing_is_widened_and_gives_somebody_to_ask(app) {
        app.take(&[service("Knitting circle", "Wool and cake.", json!({"fees_description": "£2 a week"}))]).await;
        let nothing = send(&app, "/directory/search", "q=zzqxjkvw").await.text();
        assert!(nothing.contains("Nothing found") && !nothing.contains("We also looked in"), "it follows nobody: {nothing}");
        assert!(!nothing.contains("Ask somebody who knows"), "nobody has reviewed a number: {nothing}");
        let demo = Demo(app.served.router(true)).page("/directory/search?q=zzqxjkvw").await.text();
        let asked = demo.split("Ask somebody who knows what help there is").nth(1).unwrap_or_else(|| panic!("{demo}"));
        assert!(asked.contains("Citizens Advice") && asked.contains("href=\"tel:") && asked.contains("This number has not been checked"), "{asked}");
        let narrowed = send(&app, "/directory/search", "q=knitting&free=yes").await.text();
        assert!(narrowed.contains("Nothing found") && narrowed.contains("These match your words, but not everything else you asked for") && narrowed.contains("Knitting circle"), "{narrowed}");
        assert!(!send(&app, "/directory/search", "q=zzqxjkvw&free=yes").await.text().contains("These match your words"));
    }
}
