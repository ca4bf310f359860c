//! Closed, or closed for a while, with one tap: from the letter that asks, and for all of an organisation.

use chrono::TimeDelta;
use fingerpost::{
    identity::{Identity, MemberRole},
    jobs,
};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use url::Url;

use super::{id, public, with_pantry};
use crate::{
    facts::{listings, pantry},
    support::{PUBLIC_URL, TestApp, browser::Browser, fact, noon},
};

/// What a browser says of a form on a page without referrers.
const AS_A_BROWSER: [(&str, &str); 3] =
    [("content-type", "application/x-www-form-urlencoded"), ("origin", "null"), ("sec-fetch-site", "same-origin")];

fn here() -> Url {
    PUBLIC_URL.parse().unwrap()
}

async fn service(app: &TestApp, name: &str) -> Value {
    app.get(&format!("/services/{}", id(name))).await.json()
}

/// The link of a letter that asks the lead about these listings.
async fn asked(app: &TestApp, names: &[&str]) -> String {
    app.import(listings(names)).await;
    let identity = app.app().identity();
    let tx = identity.write().await.unwrap();
    let lead = identity.welcome(&tx, &"lead@lark-hill.example.org".parse().unwrap()).await.unwrap();
    identity.add_member(&tx, id("marsh farm"), lead.id, MemberRole::Lead).await.unwrap();
    tx.commit().await.unwrap();
    jobs::freshness(app.app(), &here()).await.unwrap();
    let ids: Vec<_> = names.iter().map(|name| id(name)).collect();
    let link = app.app().quality(&here()).link_for(&Identity::known_as(lead.id), &ids).await.unwrap();
    link.path().to_owned()
}

fact! {
    async fn we_have_closed_is_one_tap_from_the_letter_and_so_is_that_it_is_open_after_all(app) {
        let link = asked(&app, &["Larder", "Kitchen"]).await;
        let text = app.page(&link).await.text();
        assert!(text.contains("We have closed") && text.contains("All of them have closed"), "{text}");
        assert_eq!(service(&app, "Larder").await["status"], "active", "opening the link changes nothing");
        let press = async |body: String| {
            let sent = app.ask(Method::POST, &link, &AS_A_BROWSER, &body).await;
            app.follow().await;
            sent.status
        };
        assert_eq!(press(format!("closed={}", id("Larder"))).await, StatusCode::SEE_OTHER);
        assert_eq!((&service(&app, "Larder").await["status"], &service(&app, "Kitchen").await["status"]), (&json!("inactive"), &json!("active")));
        let text = app.page(&link).await.text();
        assert!(text.contains("Closed.") && text.contains("name=\"open\""), "{text}");
        let history = app.app().records.history(id("Larder")).await.unwrap();
        assert!(history.last().unwrap().kept.changed_by.starts_with("person:"), "{:?}", history.last().unwrap().kept);
        press(format!("open={}", id("Larder"))).await;
        assert_eq!(service(&app, "Larder").await["status"], "active");
        // For a while.
        assert_eq!(press(format!("paused={}&until=2026-11-01", id("Larder"))).await, StatusCode::BAD_REQUEST, "that day is over");
        assert_eq!(press(format!("paused={}&until=2027-03-01", id("Larder"))).await, StatusCode::SEE_OTHER);
        let told = service(&app, "Larder").await;
        assert_eq!((&told["status"], &told["alert"]), (&json!("temporarily closed"), &json!("Closed until 1 March 2027")));
        assert!(app.page(&link).await.text().contains("Closed until 1 March 2027."));
        press(format!("closed={}", id("Kitchen"))).await;
        app.clock.set(noon() + TimeDelta::days(99));
        assert_eq!(jobs::reopen(app.app(), &here()).await.unwrap(), 1, "it opens again by itself");
        assert_eq!(press("all=closed".to_owned()).await, StatusCode::NOT_FOUND, "a link does not last for ever");
    }
}

fact! {
    async fn that_it_is_closed_is_an_answer_about_that_and_no_check_of_the_rest(app) {
        let link = asked(&app, &["Larder"]).await;
        let larder = id("Larder");
        let press = async |body: String| {
            let sent = app.ask(Method::POST, &link, &AS_A_BROWSER, &body).await;
            app.follow().await;
            sent.header("location").to_owned()
        };
        for answer in [format!("paused={larder}&until=2027-03-01"), format!("open={larder}"), format!("closed={larder}"), "all=closed".to_owned()] {
            let page = app.page(&press(answer.clone()).await).await.text();
            assert!(page.contains("Thank you.") && page.contains("Everyone will see what you told us within a minute."), "{answer}: {page}");
            assert_eq!(app.app().records.checks(larder).await.unwrap(), [], "{answer}");
            assert!(page.contains(&format!("name=\"listing\" value=\"{larder}\"")), "the rest can still be confirmed: {page}");
        }
        assert!(!app.page(&link).await.text().contains("what you told us"), "said once");
        press(format!("listing={larder}")).await;
        assert_eq!(app.app().records.checks(larder).await.unwrap().len(), 1);
        assert!(app.page(&link).await.text().contains("Checked today."));
    }
}

fact! {
    async fn a_group_that_ends_closes_all_that_it_is_asked_about(app) {
        let link = asked(&app, &["Larder", "Kitchen"]).await;
        let sent = app.ask(Method::POST, &link, &AS_A_BROWSER, "all=closed").await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER);
        app.follow().await;
        for name in ["Larder", "Kitchen"] {
            assert_eq!(service(&app, name).await["status"], "inactive", "{name}");
        }
    }
}

fact! {
    async fn nobody_closes_by_a_link_what_is_not_asked_about_or_not_theirs_any_more(app) {
        let link = asked(&app, &["Larder"]).await;
        app.import(listings(&["Elsewhere"])).await;
        app.ask(Method::POST, &link, &AS_A_BROWSER, &format!("closed={}", id("Elsewhere"))).await;
        app.ask(Method::POST, &link, &AS_A_BROWSER, "closed=nonsense").await;
        let identity = app.app().identity();
        let lead = identity.person_at(&"lead@lark-hill.example.org".parse().unwrap()).await.unwrap().unwrap();
        let tx = identity.write().await.unwrap();
        let other = identity.welcome(&tx, &"other@lark-hill.example.org".parse().unwrap()).await.unwrap();
        identity.add_member(&tx, id("marsh farm"), other.id, MemberRole::Lead).await.unwrap();
        identity.leave(&tx, id("marsh farm"), lead.id).await.unwrap();
        tx.commit().await.unwrap();
        app.ask(Method::POST, &link, &AS_A_BROWSER, &format!("closed={}", id("Larder"))).await;
        app.follow().await;
        for name in ["Larder", "Elsewhere"] {
            assert_eq!(service(&app, name).await["status"], "active", "{name}");
        }
    }
}

fact! {
    async fn a_whole_organisation_closes_with_one_tap_and_opens_again(app) {
        with_pantry(&app).await;
        let mut second = pantry();
        second["id"] = json!(id("kitchen"));
        second["name"] = json!("Kitchen");
        second["service_at_locations"] = json!([]);
        for member in ["phones", "schedules", "contacts", "attributes"] {
            second.as_object_mut().unwrap().remove(member);
        }
        app.import(second.to_string()).await;
        let lead = Browser::keeper(&app, "lead@lark-hill.example.org", id("marsh farm")).await;
        let path = format!("/account/listings/{}/closed", id("marsh farm"));
        let overview = lead.open(&format!("/account/listings/{}", id("marsh farm"))).await.text();
        assert!(overview.contains(&format!("href=\"{path}\"")), "{overview}");
        let form = lead.open(&path).await;
        assert!(form.text().contains("Meadow larder") && form.text().contains("Kitchen"), "{}", form.text());
        let (larder, kitchen) = (format!("open-{}", id("pantry")), format!("open-{}", id("kitchen")));
        for (with, status) in [
            (&[("do", "closed")][..], "inactive"),
            (&[("do", "open"), (larder.as_str(), "yes"), (kitchen.as_str(), "yes")][..], "active"),
            (&[("do", "paused"), ("until", "2027-01-12")][..], "temporarily closed"),
        ] {
            let told = lead.submit(&form, &path, with).await;
            let said = if status == "active" { "that they are open" } else { "that they are closed" };
            assert!(told.text().contains(&format!("Everyone will see within a minute {said}")), "{}", told.text());
            for name in ["pantry", "kitchen"] {
                assert_eq!(public(&app, name).await["status"], status, "{name}");
            }
        }
        let none = lead.submit(&form, &path, &[("do", "open")]).await;
        assert!(none.text().contains("Tick at least one listing that is open again"), "{}", none.text());
        lead.submit(&form, &path, &[("do", "open"), (larder.as_str(), "yes")]).await;
        assert_eq!(public(&app, "pantry").await["status"], "active");
        assert_eq!(public(&app, "kitchen").await["status"], "temporarily closed", "what was not ticked stays as it is");
        let wrong = lead.submit(&form, &path, &[("do", "paused"), ("until", "2020-01-12")]).await;
        assert!(wrong.text().contains("That date is not in the future"), "{}", wrong.text());
        let far = lead.submit(&form, &path, &[("do", "paused"), ("until", "2036-11-22")]).await;
        assert!(far.text().contains("more than two years away") && far.text().contains("value=\"2036-11-22\""), "{}", far.text());
        let stranger = Browser::keeper(&app, "office@rowan.example.org", id("rowan")).await;
        assert_eq!(stranger.open(&path).await.status, 404);
    }
}
