//! New records over HTTP: what they have to say, and how they wait.

use fingerpost::identity::{PlatformRole, Scope};
use http::Method;
use serde_json::{Value, json};

use super::{
    super::{id, with_pantry},
    record, send, token,
};
use crate::support::{browser::Browser, fact};

fact! {
    async fn a_new_listing_does_not_say_when_it_was_checked(app) {
        with_pantry(&app).await;
        let token = token(&app, id("marsh farm"), Scope::Write).await;
        let new = json!({"kind": "service", "document": {"name": "Tea", "organization_id": id("marsh farm"), "status": "active", "assured_date": "2199-01-01"}});
        let refused = send(&app, Method::POST, "/api/v1/records", &token, "", &new).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["faults"][0]["field"]), (422, &json!("assured_date")), "{}", refused.text());
    }
}

/// A new service with everything that one is published with.
fn complete(name: &str) -> Value {
    json!({"name": name, "status": "active", "description": "We mend.", "organization_id": id("marsh farm"),
        "fees_description": "Free", "phones": [{"id": id("a phone"), "number": "01582 123456"}],
        "schedules": [{"id": id("a time"), "freq": "WEEKLY", "byday": "TU", "opens_at": "10:00", "closes_at": "12:00"}]})
}

fact! {
    async fn a_new_listing_says_what_one_on_the_pages_has_to_say(app) {
        with_pantry(&app).await;
        let token = token(&app, id("marsh farm"), Scope::Write).await;
        let post = async |document: Value| send(&app, Method::POST, "/api/v1/records", &token, "", &json!({"kind": "service", "document": document})).await;
        let brief = post(json!({"name": "Tea", "status": "active", "organization_id": id("marsh farm")})).await;
        let faults = brief.json()["faults"].as_array().unwrap_or_else(|| panic!("{}", brief.text())).clone();
        let fields: Vec<&str> = faults.iter().filter_map(|fault| fault["field"].as_str()).collect();
        assert_eq!((brief.status.as_u16(), fields), (422, vec!["description", "schedules", "cost_options", "phones"]));
        assert_eq!(post(complete("Tea")).await.status, 202);
    }
}

fact! {
    async fn hours_and_dates_that_look_like_a_slip_are_asked_about(app) {
        with_pantry(&app).await;
        let token = token(&app, id("marsh farm"), Scope::Write).await;
        let mut upside_down = complete("Tea");
        upside_down["schedules"][0]["closes_at"] = json!("09:00");
        let new = json!({"kind": "service", "document": upside_down});
        let refused = send(&app, Method::POST, "/api/v1/records", &token, "", &new).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["faults"][0]["field"]), (422, &json!("schedules")), "{}", refused.text());
        assert!(refused.text().contains("from 10:00 to 09:00"), "{}", refused.text());
        assert_eq!(send(&app, Method::POST, "/api/v1/records?meant=yes", &token, "", &new).await.status, 202);
        let changed = json!({"schedules": new["document"]["schedules"]});
        assert_eq!(send(&app, Method::PATCH, &record("pantry"), &token, "\"1\"", &changed).await.status, 422);
        let over = json!({"kind": "event", "document": {"name": "Party", "status": "scheduled", "description": "Cake.", "organization_id": id("marsh farm"),
            "start": "2020-12-01T10:00:00", "end": "2020-12-01T12:00:00", "timezone": "Europe/London", "url": "https://lark-hill.example.org/",
            "cost_options": [{"id": id("a price"), "amount": 0}]}});
        let refused = send(&app, Method::POST, "/api/v1/records", &token, "", &over).await;
        assert_eq!((refused.status.as_u16(), refused.text().contains("is in the past")), (422, true), "{}", refused.text());
    }
}

fact! {
    async fn a_new_record_waits_and_an_editor_takes_out_their_own(app) {
        with_pantry(&app).await;
        let token = token(&app, id("marsh farm"), Scope::Write).await;
        let new = json!({"kind": "service", "document": complete("Repair café")});
        let made = send(&app, Method::POST, "/api/v1/records", &token, "", &new).await;
        assert_eq!((made.status.as_u16(), made.json()["status"].as_str()), (202, Some("proposed")), "{}", made.text());
        let service = made.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(app.get(&format!("/services/{service}")).await.status, 404);
        let theirs = json!({"kind": "service", "document": {"name": "Fake", "status": "active", "description": "x", "organization_id": id("rowan")}});
        assert_eq!(send(&app, Method::POST, "/api/v1/records", &token, "", &theirs).await.status, 403);
        let gone = send(&app, Method::DELETE, &record("pantry"), &token, "\"1\"", &Value::Null).await;
        assert_eq!(gone.status, 200, "{}", gone.text());
        assert_eq!(app.get(&format!("/services/{}", id("pantry"))).await.status, 410);
        let refuge = self::token(&app, id("rowan"), Scope::Write).await;
        assert_eq!(send(&app, Method::DELETE, &record("refuge"), &refuge, "\"1\"", &Value::Null).await.status, 403, "a refuge is not taken out by its mailbox");
    }
}

fact! {
    async fn a_member_of_a_new_record_is_left_out_for_a_reason(app) {
        with_pantry(&app).await;
        let token = token(&app, id("marsh farm"), Scope::Write).await;
        let mut document = complete("Repair café");
        document["email"] = json!("somebody.else@example.org");
        let made = send(&app, Method::POST, "/api/v1/records", &token, "", &json!({"kind": "service", "document": document})).await.json();
        let (service, path) = (format!("/services/{}", made["id"].as_str().unwrap()), made["proposals"][0].as_str().unwrap().to_owned());
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let page = moderator.open("/account/profile").await.text();
        let proof = page.split("name=\"form\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let cookie = format!("__Host-session={}", moderator.cookie("__Host-session").unwrap());
        let headers = [("cookie", cookie.as_str()), ("x-form-token", &proof)];
        let version = app.ask(Method::GET, &path, &headers, "").await.json()["version"].clone();
        let accept = async |field: &str, reason: &str| {
            let body = json!({"decision": "accept", "version": version, "rejected": [{"field": field, "reason": reason}]});
            let answer = app.ask(Method::POST, &path, &headers, &body.to_string()).await;
            app.follow().await;
            answer
        };
        for (field, reason) in [("email", ""), ("name", "No."), ("never_said", "No.")] {
            let refused = accept(field, reason).await;
            assert_eq!((refused.status.as_u16(), app.get(&service).await.status.as_u16()), (422, 404), "{field}: {}", refused.text());
        }
        let done = accept("email", "It is not theirs.").await;
        assert_eq!((done.status.as_u16(), &done.json()["parts"][0]["reason"]), (200, &json!("It is not theirs.")), "{}", done.text());
        let public = app.get(&service).await.json();
        assert_eq!((&public["name"], public.get("email")), (&json!("Repair café"), None));
    }
}
