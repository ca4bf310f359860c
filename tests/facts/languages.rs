//! Pages in other languages: where the language comes from, what it changes and what it does not.

use http::Method;
use serde_json::json;

use super::{id, search::service, self_help::ready};
use crate::support::{Answer, TestApp, fact};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

async fn post(app: &TestApp, path: &str, fields: &str) -> Answer {
    app.ask(Method::POST, path, &[FORM, ("accept", "text/html")], fields).await
}

/// Paths that links, forms and buttons of a page lead to.
fn ways(page: &str) -> Vec<String> {
    let mut ways = Vec::new();
    for attribute in [" href=\"/", " action=\"/", " formaction=\"/"] {
        ways.extend(page.split(attribute).skip(1).map(|rest| format!("/{}", rest.split('"').next().unwrap())));
    }
    ways
}

fact! {
    async fn the_language_is_in_the_address_and_stays_there(app) {
        ready(&app).await;
        // Not one that stands for an event: its page leads on to that of the event.
        let mut service = String::new();
        for id in app.ids("/services").await {
            service = format!("/directory/services/{id}");
            if app.page(&service).await.status == 200 {
                break;
            }
        }
        for (tag, direction, says) in [("ur", " dir=\"rtl\"", "مدد تلاش کریں"), ("pl", "", "Znajdź pomoc")] {
            for path in ["/", "/directory/needs", "/directory/search", "/directory/whats-on", "/directory/about", "/help", "/help/check", "/help/budget", &service] {
                let answer = app.page(&format!("/{tag}{path}")).await;
                let page = answer.text();
                assert_eq!(answer.status, 200, "{tag} {path}");
                assert!(page.contains(&format!("<html lang=\"{tag}\"{direction}>")) && page.contains(says), "{path}: {page}");
                assert!(page.contains("This translation is a draft. A speaker of the language has not checked it."), "{path}");
                let astray: Vec<String> = ways(&page).into_iter().filter(|way| {
                    let ours = *way == "/" || way.starts_with("/help") || (way.starts_with("/directory") && !way.starts_with("/directory/report/"));
                    ours && !page.contains(&format!("hreflang=\"en\" href=\"{way}\""))
                }).collect();
                assert!(astray.is_empty(), "{tag} {path} leads out of its language: {astray:?}");
                assert!(page.contains(&format!("<a lang=\"en\" hreflang=\"en\" href=\"{path}\">English</a>")), "{path}: {page}");
            }
        }
        let page = app.page("/ur/directory/needs").await.text();
        for (tag, at) in [("en", "/directory/needs"), ("ur", "/ur/directory/needs"), ("pl", "/pl/directory/needs"), ("x-default", "/directory/needs")] {
            assert!(page.contains(&format!("<link rel=\"alternate\" hreflang=\"{tag}\" href=\"{}{at}\">", crate::support::PUBLIC_URL.trim_end_matches('/'))), "{tag}: {page}");
        }
        assert!(page.contains("/ur/directory/needs\"><link rel=\"alternate\""), "its own address is the right one: {page}");
    }
}

fact! {
    async fn neither_browser_nor_cookie_decides_the_language(app) {
        app.fixtures().await;
        let plain = app.page("/directory/about").await;
        let asked = app.ask(Method::GET, "/directory/about", &[("accept", "text/html"), ("accept-language", "ur, pl;q=0.9"), ("cookie", "language=ur")], "").await;
        assert_eq!((asked.text(), asked.header("etag")), (plain.text(), plain.header("etag")));
        assert!(asked.headers.get("set-cookie").is_none());
        assert!(plain.text().contains("<html lang=\"en-GB\">") && !plain.text().contains("This translation is a draft"));
        assert!(plain.text().contains("<a lang=\"ur\" hreflang=\"ur\" href=\"/ur/directory/about\">اردو</a>"));
        assert!(plain.text().contains("<a lang=\"pl\" hreflang=\"pl\" href=\"/pl/directory/about\">Polski</a>"));
        let translated = app.page("/ur/directory/about").await;
        assert_eq!(translated.header("content-security-policy"), plain.header("content-security-policy"));
        assert_eq!(translated.header("referrer-policy"), plain.header("referrer-policy"));
    }
}

fact! {
    async fn only_public_pages_are_there_in_other_languages(app) {
        app.fixtures().await;
        for path in ["/fr/", "/fr/directory/needs", "/ur/services", "/ur/account", "/ur/openapi.json", "/ur/assets/style.css", "/ur/ur/", "/ur/nothing", "/urdu"] {
            assert_eq!(app.page(path).await.status, 404, "{path}");
        }
        let lost = app.page("/ur/nothing").await;
        assert!(lost.text().contains("<html lang=\"ur\"") && lost.text().contains("صفحہ نہیں ملا"), "{}", lost.text());
        assert_eq!(app.get("/ur/nothing").await.header("content-type"), "application/problem+json");
        let gone = app.page("/ur").await;
        assert!(gone.status.is_success() || gone.status.is_redirection(), "{}", gone.status);
        assert_eq!(app.page("/ur/directory").await.header("location"), "/ur/");
        assert_eq!(post(&app, "/pl/directory/about", "").await.status, 405);
    }
}

fact! {
    async fn listings_stay_as_they_were_written_and_say_so(app) {
        app.import(crate::facts::pantry().to_string()).await;
        let id = crate::facts::id("pantry");
        let page = app.page(&format!("/ur/directory/services/{id}")).await.text();
        assert!(page.contains("<h1><span lang=\"en\" dir=\"ltr\">Meadow larder</span></h1>"), "{page}");
        assert!(page.contains("<p lang=\"en\" dir=\"ltr\">Choose about ten items of food. No referral needed.</p>"), "{page}");
        assert!(page.contains("<a href=\"tel:01632960123\" dir=\"ltr\">01632 960123</a>"), "{page}");
        assert!(page.contains("ہر جمعرات") && page.contains("2 نومبر 2026"), "days and dates are said in Urdu: {page}");
        let page = app.page(&format!("/pl/directory/services/{id}")).await.text();
        assert!(page.contains("Czwartki, 10:00 – 13:00") && page.contains("2 listopada 2026") && page.contains("Wiek: od 18 lat"), "{page}");
        let page = app.page(&format!("/directory/services/{id}")).await.text();
        assert!(page.contains("<h1>Meadow larder</h1>") && !page.contains("dir=\""), "English pages are as they were: {page}");
    }
}

fact! {
    async fn counts_agree_with_their_nouns_in_each_language(app) {
        app.fixtures().await;
        let found = |page: &str| page.split("<h1>").nth(1).unwrap().split("</h1>").next().unwrap().to_owned();
        for fields in ["q=repair+cafe", "q=food", "q=&free=yes"] {
            let english = found(&post(&app, "/directory/search", fields).await.text());
            let number: usize = english.split(' ').next().unwrap().parse().unwrap();
            let noun = match (number, number % 10, number % 100) {
                (1, ..) => "wynik",
                (_, 2..=4, tens) if !(12..=14).contains(&tens) => "wyniki",
                _ => "wyników",
            };
            assert_eq!(found(&post(&app, "/pl/directory/search", fields).await.text()), format!("{number} {noun}"));
            let noun = if number == 1 { "نتیجہ" } else { "نتائج" };
            assert_eq!(found(&post(&app, "/ur/directory/search", fields).await.text()), format!("{number} {noun}"));
        }
    }
}

fact! {
    async fn answers_travel_in_bodies_whatever_the_language(app) {
        ready(&app).await;
        let answers = "go=result&a.tonight=no&a.risk=notice&postcode=LU1+2AA";
        let result = post(&app, "/ur/help/check", answers).await;
        assert_eq!((result.status.as_u16(), result.header("cache-control"), result.header("referrer-policy")), (200, "no-store", "no-referrer"));
        let page = result.text();
        assert!(page.contains("آپ کا نتیجہ") && page.contains("action=\"/ur/help/plan\"") && page.contains("href=\"tel:999\""), "{page}");
        assert!(page.contains("<a lang=\"en\" hreflang=\"en\" href=\"/help/check\">English</a>"), "answers do not come along: {page}");
        let plan = post(&app, "/ur/help/plan", answers).await;
        assert_eq!(plan.header("content-disposition"), "attachment; filename=\"my-plan.html\"");
        assert!(plan.text().contains("<html lang=\"ur\" dir=\"rtl\">") && plan.text().contains("<title>میرا منصوبہ</title>") && plan.text().contains("/ur/directory/"), "{}", plan.text());
        let budget = post(&app, "/pl/help/budget", "in-wages=100&out-food=150.50").await;
        assert!(budget.status == 200 && budget.text().contains("Brakuje Ci około £51 miesięcznie."), "{}", budget.text());
        let wrong = post(&app, "/pl/help/budget", "in-wages=100&out-food=150.50&out-gas=lots").await;
        assert!(wrong.status == 400 && wrong.text().contains("Wpisz kwotę cyframi"), "{}", wrong.text());
    }
}

fact! {
    async fn what_is_free_is_said_in_the_language_of_the_page(app) {
        let priced = json!({"cost_options": [
            {"id": id("low"), "option": "On benefits", "amount": 0}, {"id": id("full"), "option": "Others", "amount": 2.5, "currency": "GBP"}]});
        app.take(&[service("Ticked", "Tea.", json!({"fees": "Free"})), service("Priced", "Tea.", priced)]).await;
        for (language, whole, free) in [("", "Free", "free"), ("/pl", "Bezpłatnie", "bezpłatnie"), ("/ur", "مفت", "مفت")] {
            let ticked = app.page(&format!("{language}/directory/services/{}", id("Ticked"))).await.text();
            assert!(ticked.contains(&format!("<dd>{whole}</dd>")), "{ticked}");
            let priced = app.page(&format!("{language}/directory/services/{}", id("Priced"))).await.text();
            let theirs = if language.is_empty() { "On benefits: " } else { "<span lang=\"en\" dir=\"ltr\">On benefits: </span>" };
            assert!(priced.contains(&format!("<li>{theirs}{free}</li>")), "{priced}");
        }
    }
}
