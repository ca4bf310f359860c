//! From the letter to "still correct": the link that a reminder has, and what it opens.

use fingerpost::{identity::MemberRole, records::How};
use http::{Method, StatusCode};
use serde_json::json;

use super::{
    super::{id, listings, pantry},
    FORM, days_later, look, member, post, service,
};
use crate::support::{PUBLIC_URL, TestApp, fact, sink::Sink};

/// A reminder about these listings, and its link.
async fn reminded(app: &TestApp, names: &[&str]) -> String {
    reminded_of(app, listings(names)).await
}

/// The same about the listings of a feed.
async fn reminded_of(app: &TestApp, feed: String) -> String {
    let sink = Sink::start().await;
    app.import(feed).await;
    member(app, "lead@lark-hill.example.org", MemberRole::Lead).await;
    look(app).await;
    days_later(app, 75);
    look(app).await;
    let letters = post(app, &sink, &mut 0).await;
    letters[0].link(PUBLIC_URL).strip_prefix("https://directory.luton.example.org").unwrap().to_owned()
}

fact! {
    async fn from_the_letter_to_still_correct_in_two_pages(app) {
        let link = reminded(&app, &["Larder"]).await;
        let page = app.page(&link).await;
        assert_eq!((page.status, page.header("cache-control")), (StatusCode::OK, "no-store"));
        assert_eq!(page.header("referrer-policy"), "no-referrer", "the secret of the link goes nowhere");
        let text = page.text();
        for said in ["Is this still correct?", "Larder", "£4 a visit", "Still correct", "Change the times", "Change something else", &format!("/account/listings/{}", id("Larder"))] {
            assert!(text.contains(said), "{said} in {text}");
        }
        // Programs that look at mail open links; nothing has changed by that.
        assert_eq!(app.page(&link).await.text(), text);
        assert_eq!(app.app().records.checks(id("Larder")).await.unwrap(), []);
        let sent = app.ask(Method::POST, &link, &AS_A_BROWSER, &format!("listing={}", id("Larder"))).await;
        assert_eq!((sent.status, sent.header("location")), (StatusCode::SEE_OTHER, link.as_str()));
        app.follow().await;
        assert!(app.page(&link).await.text().contains("<h1>Thank you</h1>"));
        assert_eq!(service(&app, "Larder").await["assured_date"], "2027-02-05");
        let checks = app.app().records.checks(id("Larder")).await.unwrap();
        assert!(checks[0].by.starts_with("person:") && checks[0].how == How::Owner, "{checks:?}");
    }
}

fact! {
    async fn whoever_is_asked_sees_the_numbers_and_the_hours_wherever_a_feed_keeps_them(app) {
        let mut one = pantry();
        (one["service_at_locations"][0]["schedules"], one["phones"]) = (one["schedules"].take(), json!([]));
        one["schedules"] = json!([]);
        one["contacts"] = json!([{"id": id("enquiries"), "name": "Enquiries desk", "phones": [{"id": id("desk line"), "number": "01632 960177"}]}]);
        let link = reminded_of(&app, one.to_string()).await;
        let text = app.page(&link).await.text();
        for said in ["Meadow larder", "01632 960177", "Gorse Centre, Luton: "] {
            assert!(text.contains(said), "{said} in {text}");
        }
    }
}

fact! {
    async fn several_are_confirmed_one_by_one_or_all_at_once(app) {
        let link = reminded(&app, &["Larder", "Kitchen", "Garden"]).await;
        app.import(listings(&["Elsewhere"])).await;
        let send = async |body: String| app.ask(Method::POST, &link, &[FORM], &body).await.status;
        // A listing that the letter did not ask about is not confirmed by its link.
        assert_eq!(send(format!("listing={}", id("Elsewhere"))).await, StatusCode::SEE_OTHER);
        assert_eq!(send("listing=nonsense".to_owned()).await, StatusCode::SEE_OTHER);
        let checked = async || {
            let fresh = app.app().records.freshness().await.unwrap();
            fresh.iter().filter(|fresh| fresh.checked_at.is_some()).count()
        };
        assert_eq!(checked().await, 0);
        send(format!("listing={}", id("Kitchen"))).await;
        assert_eq!(checked().await, 1);
        app.follow().await;
        let page = app.page(&link).await.text();
        let told = page.find("Checked today: Kitchen. 2 listings are left.").unwrap_or_else(|| panic!("{page}"));
        let banner = page.find("role=\"status\" tabindex=\"-1\" autofocus").expect("it has the focus");
        assert!(banner < told && told < page.find("<h1>").unwrap(), "what was done comes first: {page}");
        send("all=yes".to_owned()).await;
        assert_eq!(checked().await, 3);
        app.withdraw(id("Garden"), "closed").await;
        assert!(!app.page(&link).await.text().contains("Garden"), "what has gone is not asked about any more");
    }
}

fact! {
    async fn whoever_was_removed_since_the_letter_reads_that_their_answer_was_not_recorded(app) {
        let link = reminded(&app, &["Larder"]).await;
        let identity = app.app().identity();
        let lead = identity.members(id("marsh farm")).await.unwrap().remove(0).person.id;
        let tx = identity.write().await.unwrap();
        identity.revoke(&tx, id("marsh farm"), lead).await.unwrap();
        tx.commit().await.unwrap();
        for body in [format!("listing={}", id("Larder")), format!("closed={}", id("Larder")), "all=yes".to_owned()] {
            let answer = app.ask(Method::POST, &link, &AS_A_BROWSER, &body).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{body}: {}", answer.text());
            assert!(answer.text().contains("no longer manage this listing"), "{body}: {}", answer.text());
        }
        assert_eq!(app.app().records.checks(id("Larder")).await.unwrap(), []);
        assert_eq!(service(&app, "Larder").await["status"], "active");
    }
}

fact! {
    async fn a_link_that_is_forged_or_too_old_does_nothing(app) {
        let link = reminded(&app, &["Larder"]).await;
        let body = format!("listing={}", id("Larder"));
        let forged = format!("/still-correct/{}", "A".repeat(43));
        for wrong in [forged.as_str(), "/still-correct/short", &link[..link.len() - 1]] {
            assert_eq!(app.page(wrong).await.status, StatusCode::NOT_FOUND);
            assert_eq!(app.ask(Method::POST, wrong, &[FORM], &body).await.status, StatusCode::NOT_FOUND);
        }
        assert_eq!(app.ask(Method::POST, &link, &[("content-type", "text/plain")], &body).await.status, StatusCode::BAD_REQUEST);
        assert_eq!(app.ask(Method::DELETE, &link, &[], "").await.status, StatusCode::METHOD_NOT_ALLOWED);
        days_later(&app, 75 + 61);
        assert_eq!(app.page(&link).await.status, StatusCode::NOT_FOUND);
        assert_eq!(app.ask(Method::POST, &link, &[FORM], &body).await.status, StatusCode::NOT_FOUND);
        assert_eq!(app.app().records.checks(id("Larder")).await.unwrap(), []);
    }
}

/// What a browser says of a form on a page without referrers.
const AS_A_BROWSER: [(&str, &str); 3] = [FORM, ("origin", "null"), ("sec-fetch-site", "same-origin")];
