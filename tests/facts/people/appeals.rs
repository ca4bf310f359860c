//! Second reviews: who decides them, and what is said where nobody else can.

use fingerpost::{
    editing::{Error, Judgement},
    identity::{Actor, Door, PlatformRole},
};
use http::Method;
use serde_json::json;

use super::{
    council::{AMINA, refused, second_moderator},
    id, public, with_pantry,
};
use crate::support::{PUBLIC_URL, TestApp, browser::Browser, fact, sink::Sink};

/// Ask for another look at what was refused.
async fn appealed(amina: &Browser<'_>, change: &str) -> String {
    let own = format!("/account/changes/{change}");
    let page = amina.open(&own).await;
    amina.submit(&page, &own, &[("appeal", "We changed it in May."), ("do", "appeal")]).await.text()
}

/// An officer, as an actor through some door.
async fn officer(app: &TestApp, email: &str, door: Door) -> Actor {
    let person = app.app().identity().person_at(&email.parse().unwrap()).await.unwrap().unwrap();
    Actor::person(person.id, person.role, Vec::new()).through(door)
}

/// The cookie of a browser, and what proves that a page of ours sent something.
async fn proof(browser: &Browser<'_>) -> (String, String) {
    let page = browser.open("/account/profile").await.text();
    let proof = page.split("name=\"form\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    (format!("__Host-session={}", browser.cookie("__Host-session").unwrap()), proof)
}

fact! {
    async fn whoever_refused_decides_neither_the_appeal_nor_what_it_reopened(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, AMINA, id("marsh farm")).await;
        let first = Browser::officer(&app, PlatformRole::Moderator).await;
        let second = second_moderator(&app).await;
        let change = refused(&app, &amina, &first).await;
        assert!(appealed(&amina, &change).await.contains("Someone else will look at it"));
        let path = format!("/moderation/appeals/{change}");
        let page = first.open(&path).await.text();
        assert!(page.contains("someone else must review it") && !page.contains("value=\"again\""), "{page}");
        let (cookie, form) = proof(&first).await;
        let fields = [("form", form.as_str()), ("answer", "No."), ("do", "stay")];
        assert_eq!(first.post(&path, PUBLIC_URL.trim_end_matches('/'), &fields).await.status, 403);
        second.submit(&second.open(&path).await, &path, &[("answer", "The sign says so."), ("do", "again")]).await;
        // By the page.
        let decide = format!("/moderation/changes/{change}");
        let page = first.open(&decide).await.text();
        assert!(page.contains("it was reopened, so someone else must decide it") && !page.contains("value=\"decide\""), "{page}");
        let fields = [("form", form.as_str()), ("refuse-name", "yes"), ("reason-name", "No."), ("do", "decide")];
        let again = first.post(&decide, PUBLIC_URL.trim_end_matches('/'), &fields).await;
        assert_eq!(again.status, 403, "{}", again.text());
        // Over the API.
        let api = format!("/api/v1/proposals/{change}");
        let headers = [("cookie", cookie.as_str()), ("x-form-token", &form)];
        let shown = app.ask(Method::GET, &api, &headers, "").await.json();
        let body = json!({"decision": "reject", "reason": "No.", "revision": shown["revision"], "version": shown["version"]});
        let refused = app.ask(Method::POST, &api, &headers, &body.to_string()).await;
        assert_eq!(refused.status, 403, "{}", refused.text());
        // As a command does.
        let editing = app.app().editing(&PUBLIC_URL.parse().unwrap());
        let judgement = Judgement {
            revision: shown["revision"].as_i64().unwrap(),
            version: shown["version"].as_str().unwrap().to_owned(),
            ..Judgement::default()
        };
        let actor = officer(&app, "moderator@council.example.org", Door::Command).await;
        let told = editing.decide(&actor, change.parse().unwrap(), judgement.clone()).await;
        assert!(matches!(told, Err(Error::Forbidden(_))), "{told:?}");
        assert_eq!(public(&app, "pantry").await["name"], "Meadow larder");
        let actor = officer(&app, "second@council.example.org", Door::Command).await;
        editing.decide(&actor, change.parse().unwrap(), judgement).await.unwrap();
        assert_eq!(public(&app, "pantry").await["name"], "Lark Hill larder");
    }
}

fact! {
    async fn where_only_one_person_decides_it_is_said_plainly(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, AMINA, id("marsh farm")).await;
        let only = Browser::officer(&app, PlatformRole::Moderator).await;
        let change = refused(&app, &amina, &only).await;
        let own = format!("/account/changes/{change}");
        let page = amina.open(&own).await.text();
        assert!(page.contains("the same person will look at it") && !page.contains("someone other than"), "{page}");
        assert!(appealed(&amina, &change).await.contains("Only one person decides in this directory at the moment"));
        let path = format!("/moderation/appeals/{change}");
        assert!(only.open("/moderation").await.text().contains(&path));
        let page = only.open(&path).await;
        assert!(page.text().contains("nobody else can decide in this directory"), "{}", page.text());
        only.submit(&page, &path, &[("answer", "The sign says so."), ("do", "again")]).await;
        let decide = format!("/moderation/changes/{change}");
        only.submit(&only.open(&decide).await, &decide, &[("do", "decide")]).await;
        assert_eq!(public(&app, "pantry").await["name"], "Lark Hill larder");
        let sink = Sink::start().await;
        sink.mailer(&app).send_due().await.unwrap();
        let said = "The only person who decides in this directory has looked again";
        assert!(sink.received().iter().any(|letter| letter.text().split_whitespace().collect::<Vec<_>>().join(" ").contains(said)));
    }
}

fact! {
    async fn a_second_review_that_is_asked_for_twice_is_asked_for_once(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, AMINA, id("marsh farm")).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let _second = second_moderator(&app).await;
        let change = refused(&app, &amina, &moderator).await;
        let own = format!("/account/changes/{change}");
        let page = amina.open(&own).await;
        for _ in 0..2 {
            let asked = amina.submit(&page, &own, &[("appeal", "We changed it in May."), ("do", "appeal")]).await;
            assert!(asked.status == 200 && asked.text().contains("Someone else will look at it"), "{}", asked.text());
        }
        let other = amina.submit(&page, &own, &[("appeal", "And in June."), ("do", "appeal")]).await;
        assert!(other.status == 403 && other.text().contains("already asked"), "other words are another review: {}", other.text());
    }
}
