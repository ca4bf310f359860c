//! Writing over HTTP.

mod new_records;

use chrono::Duration;
use fingerpost::identity::{NewToken, PlatformRole, Scope};
use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{id, public, with_pantry};
use crate::support::{Answer, TestApp, browser::Browser, fact, noon, sink::Sink};

pub(super) async fn token(app: &TestApp, organisation: Uuid, scope: Scope) -> String {
    let identity = app.app().identity();
    let tx = identity.write().await.unwrap();
    let new = NewToken { name: "a program".to_owned(), organisation, scope, person: None, life: Duration::days(90) };
    let (secret, _) = identity.make_token(&tx, new).await.unwrap();
    tx.commit().await.unwrap();
    format!("Bearer {}", secret.as_str())
}

pub(super) async fn send(app: &TestApp, method: Method, path: &str, token: &str, etag: &str, body: &Value) -> Answer {
    let mut headers = vec![("authorization", token), ("content-type", "application/json")];
    if !etag.is_empty() {
        headers.push(("if-match", etag));
    }
    let answer = app.ask(method, path, &headers, &body.to_string()).await;
    app.follow().await;
    answer
}

pub(super) fn record(name: &str) -> String {
    format!("/api/v1/records/{}", id(name))
}

fact! {
    async fn what_is_too_large_is_refused_as_a_problem(app) {
        with_pantry(&app).await;
        let token = token(&app, id("marsh farm"), Scope::Write).await;
        let large = json!({"description": "x".repeat(2 << 20)});
        let refused = send(&app, Method::PATCH, &record("pantry"), &token, "\"1\"", &large).await;
        assert_eq!((refused.status.as_u16(), refused.header("content-type")), (413, "application/problem+json"));
        let described = app.get("/openapi.json").await.json();
        assert!(described["paths"]["/api/v1/records/{id}"]["patch"]["responses"]["413"].is_object(), "and the API says so");
    }
}

fact! {
    async fn a_program_reads_changes_and_is_told_what_stands_and_what_waits(app) {
        with_pantry(&app).await;
        let token = token(&app, id("marsh farm"), Scope::Write).await;
        let read = send(&app, Method::GET, &record("pantry"), &token, "", &Value::Null).await;
        assert_eq!(read.status, 200, "{}", read.text());
        assert_eq!(read.json()["document"]["name"], "Meadow larder");
        assert_eq!(read.header("cache-control"), "private, no-store");
        let etag = read.header("etag").to_owned();
        let changed = send(&app, Method::PATCH, &record("pantry"), &token, &etag, &json!({"fees_description": "£5", "name": "The larder"})).await;
        assert_eq!(changed.status, 202, "{}", changed.text());
        let said = changed.json();
        assert_eq!((&said["status"], &said["published"], &said["proposed"]), (&json!("proposed"), &json!(["fees_description"]), &json!(["name"])));
        assert_eq!((public(&app, "pantry").await["fees_description"].as_str(), public(&app, "pantry").await["name"].as_str()), (Some("£5"), Some("Meadow larder")));
        let proposal = said["proposals"][0].as_str().unwrap().to_owned();
        let shown = send(&app, Method::GET, &proposal, &token, "", &Value::Null).await.json();
        assert_eq!((&shown["decision"], &shown["changes"][0]["after"]), (&json!("waiting"), &json!("The larder")));
        let back = send(&app, Method::POST, &proposal, &token, "", &json!({"decision": "withdraw"})).await;
        assert_eq!(back.json()["decision"], "withdrawn", "{}", back.text());
    }
}

fact! {
    async fn nobody_writes_over_what_they_have_not_read(app) {
        with_pantry(&app).await;
        let token = token(&app, id("marsh farm"), Scope::Write).await;
        let body = json!({"fees_description": "£5"});
        assert_eq!(send(&app, Method::PATCH, &record("pantry"), &token, "", &body).await.status, 428);
        assert_eq!(send(&app, Method::DELETE, &record("pantry"), &token, "", &body).await.status, 428);
        for etag in ["\"7\"", "*", "W/\"7\"", "W/1", "1"] {
            assert_eq!(send(&app, Method::PATCH, &record("pantry"), &token, etag, &body).await.status, 412, "{etag}");
        }
        assert_eq!(send(&app, Method::PATCH, &record("pantry"), &token, "\"1\"", &body).await.status, 200);
        assert_eq!(send(&app, Method::PATCH, &record("pantry"), &token, "\"1\"", &json!({"fees_description": "£6"})).await.status, 412);
        assert_eq!(public(&app, "pantry").await["fees_description"], "£5");
    }
}

fact! {
    async fn a_client_that_takes_compressed_answers_writes_with_the_tag_it_was_given(app) {
        with_pantry(&app).await;
        let token = token(&app, id("marsh farm"), Scope::Write).await;
        let asking = [("authorization", token.as_str()), ("accept-encoding", "gzip")];
        let read = app.ask(Method::GET, &record("pantry"), &asking, "").await;
        let tag = read.header("etag").to_owned();
        assert_eq!((read.header("content-encoding"), tag.as_str()), ("gzip", "W/\"1\""));
        assert_eq!(send(&app, Method::PATCH, &record("pantry"), &token, &tag, &json!({"fees_description": "£5"})).await.status, 200);
        assert_eq!(send(&app, Method::PATCH, &record("pantry"), &token, &tag, &json!({"fees_description": "£6"})).await.status, 412);
        assert_eq!(public(&app, "pantry").await["fees_description"], "£5");
    }
}

fact! {
    async fn of_a_place_its_address_and_its_point_on_the_map_are_decided_as_one(app) {
        with_pantry(&app).await;
        let token = token(&app, id("marsh farm"), Scope::Write).await;
        let place = async || {
            app.follow().await;
            let all = app.get(&format!("/locations/{}", id("centre"))).await.json();
            (all["addresses"][0]["address_1"].clone(), all["latitude"].clone(), all["longitude"].clone())
        };
        let before = place().await;
        let mut moved = send(&app, Method::GET, &record("centre"), &token, "", &Value::Null).await.json()["document"].clone();
        moved["addresses"][0]["address_1"] = json!("Bramingham Centre");
        (moved["latitude"], moved["longitude"]) = (json!(51.9152), json!(-0.4431));
        let said = send(&app, Method::PUT, &record("centre"), &token, "\"1\"", &moved).await;
        assert_eq!(said.status, 202, "{}", said.text());
        let proposal = said.json()["proposals"][0].as_str().unwrap().to_owned();
        let waiting = app.app().records.waiting(None, None, 10).await.unwrap();
        let path = format!("/moderation/changes/{}", waiting[0].id);
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let page = moderator.open(&path).await.text();
        assert!(page.contains("<h2>Address, point on the map</h2>") && page.contains("name=\"refuse-addresses\""), "{page}");
        assert!(!page.contains("refuse-latitude") && !page.contains("refuse-longitude"), "{page}");
        let form = moderator.open(&path).await;
        moderator.submit(&form, &path, &[("refuse-addresses", "yes"), ("reason-addresses", "There is no such hall."), ("do", "decide")]).await;
        assert_eq!(place().await, before);
        let decided = send(&app, Method::GET, &proposal, &token, "", &Value::Null).await.json();
        assert_eq!(decided["decision"], "rejected", "{decided}");
    }
}

fact! {
    async fn a_whole_document_is_put_and_what_is_nested_in_it_left_alone(app) {
        with_pantry(&app).await;
        let token = token(&app, id("marsh farm"), Scope::Write).await;
        let mut full = app.get(&format!("/services/{}", id("pantry"))).await.json();
        full["wait_time"] = json!("None");
        full["organization"]["name"] = json!("Hacked");
        let put = send(&app, Method::PUT, &record("pantry"), &token, "\"1\"", &full).await;
        assert!(put.status.is_success(), "{}", put.text());
        let now = public(&app, "pantry").await;
        assert_eq!((now["wait_time"].as_str(), now["organization"]["name"].as_str()), (Some("None"), Some("Lark Hill Community Pantry")));
    }
}

fact! {
    async fn who_asks_decides_what_is_there(app) {
        with_pantry(&app).await;
        let (ours, theirs) = (token(&app, id("marsh farm"), Scope::Read).await, token(&app, id("rowan"), Scope::Write).await);
        let nobody = app.ask(Method::GET, &record("pantry"), &[], "").await;
        assert_eq!((nobody.status.as_u16(), nobody.header("www-authenticate")), (401, "Bearer"));
        for wrong in ["Bearer nonsense", "Bearer ", "Basic YTpi"] {
            assert_eq!(send(&app, Method::GET, &record("pantry"), wrong, "", &Value::Null).await.status, 401, "{wrong}");
        }
        assert_eq!(send(&app, Method::GET, &record("pantry"), &ours, "", &Value::Null).await.status, 200);
        assert_eq!(send(&app, Method::GET, &record("pantry"), &theirs, "", &Value::Null).await.status, 404);
        assert_eq!(send(&app, Method::PATCH, &record("pantry"), &ours, "\"1\"", &json!({"fees_description": "£9"})).await.status, 403);
        assert_eq!(send(&app, Method::PATCH, &record("pantry"), &theirs, "\"1\"", &json!({"fees_description": "£9"})).await.status, 404);
        let steal = json!({"organization_id": id("rowan")});
        let own = token(&app, id("marsh farm"), Scope::Write).await;
        assert_eq!(send(&app, Method::PATCH, &record("pantry"), &own, "\"1\"", &steal).await.status, 403, "a listing is not given away");
    }
}

fact! {
    async fn a_token_ends_when_it_is_revoked_or_old(app) {
        with_pantry(&app).await;
        let token = token(&app, id("marsh farm"), Scope::Read).await;
        app.clock.set(noon() + Duration::days(91));
        assert_eq!(send(&app, Method::GET, &record("pantry"), &token, "", &Value::Null).await.status, 401);
        app.clock.set(noon());
        let identity = app.app().identity();
        let tx = identity.write().await.unwrap();
        identity.end_token(&tx, identity.tokens(None).await.unwrap()[0].id).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(send(&app, Method::GET, &record("pantry"), &token, "", &Value::Null).await.status, 401);
        assert_eq!(app.files_with(token.trim_start_matches("Bearer ")), Vec::<String>::new());
    }
}

fact! {
    async fn what_only_checking_changes_is_not_written(app) {
        with_pantry(&app).await;
        let token = token(&app, id("marsh farm"), Scope::Write).await;
        let refused = send(&app, Method::PATCH, &record("pantry"), &token, "\"1\"", &json!({"assured_date": "2026-11-22", "fees_description": "£5"})).await;
        assert_eq!(refused.status, 422);
        assert_eq!(refused.json()["faults"][0]["field"], "assured_date");
        assert_eq!(public(&app, "pantry").await["fees_description"], "£4 a visit", "all or nothing");
    }
}

fact! {
    async fn a_document_that_cannot_stand_is_refused_with_every_fault(app) {
        with_pantry(&app).await;
        let token = token(&app, id("marsh farm"), Scope::Write).await;
        let wrong = json!({"email": "not an address", "url": "javascript:alert(1)", "minimum_age": "old"});
        let refused = send(&app, Method::PATCH, &record("pantry"), &token, "\"1\"", &wrong).await;
        assert_eq!(refused.status, 422, "{}", refused.text());
        let mut fields: Vec<String> = refused.json()["faults"].as_array().unwrap().iter().map(|fault| fault["field"].as_str().unwrap().to_owned()).collect();
        fields.sort();
        assert_eq!(fields, ["email", "minimum_age", "url"]);
        // Also beside one that the document cannot stand with, which is named first.
        let more = json!({"email": "not an address", "status": "maybe", "name": null, "phones": [{"number": 7}, {"description": "desk"}], "minimum_age": "old"});
        let refused = send(&app, Method::PATCH, &record("pantry"), &token, "\"1\"", &more).await.json();
        let named = |fault: &Value| format!("{} {}", fault["field"].as_str().unwrap(), fault["problem"].as_str().unwrap().split(';').next().unwrap());
        let mut faults: Vec<String> = refused["faults"].as_array().unwrap().iter().map(named).collect();
        assert!(faults[0].starts_with("status \"maybe\" is not one of"), "{faults:?}");
        faults.sort();
        let begins = [" name is missing", "email \"not an address\"", "minimum_age expected a number", "phones[1] number is missing", "status \"maybe\""];
        assert_eq!(faults.len(), begins.len(), "{faults:?}");
        assert!(faults.iter().zip(begins).all(|(fault, begin)| fault.starts_with(begin)), "{faults:?}");
        for body in ["", "nonsense", "[]", "\"x\"", "{\"id\": \"00000000-0000-0000-0000-000000000000\"}"] {
            let answer = app.ask(Method::PATCH, &record("pantry"), &[("authorization", &token), ("if-match", "\"1\"")], body).await;
            assert!([400, 422].contains(&answer.status.as_u16()), "{body}: {}", answer.status);
        }
    }
}

fact! {
    async fn a_number_with_more_digits_than_can_be_kept_is_refused_and_text_keeps_them_all(app) {
        const LONG: &str = "12345678901234567890123";
        with_pantry(&app).await;
        let token = token(&app, id("marsh farm"), Scope::Write).await;
        let write = async |method: Method, path: &str, body: String| {
            let answer = app.ask(method, path, &[("authorization", &token), ("if-match", "\"1\"")], &body).await;
            app.follow().await;
            answer
        };
        let whole = app.get(&format!("/services/{}", id("pantry"))).await.text().replacen("{\"", &format!("{{\"local_count\":{LONG},\""), 1);
        let new = format!(r#"{{"kind": "service", "document": {{"name": "Tea", "organization_id": "{}", "status": "active", "local": [1, {LONG}]}}}}"#, id("marsh farm"));
        for (method, path, body, field) in [
            (Method::PATCH, record("pantry"), format!(r#"{{"fees_description": "£5", "local": {{"count": {LONG}}}}}"#), "local.count"),
            (Method::PUT, record("pantry"), whole, "local_count"),
            (Method::POST, "/api/v1/records".to_owned(), new, "local[1]"),
        ] {
            let refused = write(method, &path, body).await;
            assert_eq!((refused.status.as_u16(), &refused.json()["faults"][0]["field"]), (422, &json!(field)), "{}", refused.text());
        }
        assert_eq!(public(&app, "pantry").await["fees_description"], "£4 a visit", "all or nothing");
        let taken = write(Method::PATCH, &record("pantry"), format!(r#"{{"fees_description": {LONG}}}"#)).await;
        assert_eq!(taken.status, 200, "{}", taken.text());
        assert_eq!(public(&app, "pantry").await["fees_description"], LONG);
    }
}

fact! {
    async fn a_session_writes_only_with_the_proof_of_a_page_of_ours(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        let cookie = format!("__Host-session={}", amina.cookie("__Host-session").unwrap());
        let body = json!({"fees_description": "£5"}).to_string();
        let bare = app.ask(Method::PATCH, &record("pantry"), &[("cookie", &cookie), ("if-match", "\"1\"")], &body).await;
        assert_eq!(bare.status, 403);
        let page = amina.open("/account").await.text();
        let proof = page.split("name=\"form\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let headers = [("cookie", cookie.as_str()), ("if-match", "\"1\""), ("x-form-token", &proof), ("origin", "https://evil.example")];
        assert_eq!(app.ask(Method::PATCH, &record("pantry"), &headers, &body).await.status, 403);
        assert_eq!(public(&app, "pantry").await["fees_description"], "£4 a visit", "neither was taken");
        assert_eq!(app.ask(Method::PATCH, &record("pantry"), &headers[..3], &body).await.status, 200);
        assert_eq!(public(&app, "pantry").await["fees_description"], "£5");
    }
}

fact! {
    async fn a_stolen_token_gets_no_number_past_the_moderators_of_a_protected_listing(app) {
        with_pantry(&app).await;
        let token = token(&app, id("rowan"), Scope::Write).await;
        let path = record("refuge");
        let read = send(&app, Method::GET, &path, &token, "", &Value::Null).await;
        assert_eq!((&read.json()["protected"], &read.json()["kind"]), (&json!(true), &json!("service")), "{}", read.text());
        let etag = read.header("etag").to_owned();
        let monday = |name: &str, value: Value| {
            let mut one = json!({"id": "44444444-4444-4444-8444-444444444444", "freq": "WEEKLY", "byday": "MO", "opens_at": "10:00"});
            one[name] = value;
            json!({"schedules": [one]})
        };
        for (name, value) in [
            ("byweekno", json!("07700,900,666")),
            ("byyearday", json!("07700 900666")),
            ("bymonthday", json!("07700900666")),
            ("wkst", json!("Ring 07700 900666")),
            ("timezone", json!(7_700_900_666_u64)),
        ] {
            let answer = send(&app, Method::PATCH, &path, &token, &etag, &monday(name, value)).await;
            assert_eq!(answer.status, 422, "{name}: {}", answer.text());
        }
        for (name, value) in [
            ("byyearday", json!("77,9,6,66")),
            ("bymonthday", json!("7,7,9,6,6,6")),
            ("timezone", json!(0.077_009_006_66)),
            ("count", json!(77_009)),
        ] {
            let answer = send(&app, Method::PATCH, &path, &token, &etag, &monday(name, value)).await;
            assert_eq!(answer.status, 202, "{name}: {}", answer.text());
        }
    }
}

fact! {
    async fn a_link_or_a_claim_in_a_text_waits(app) {
        with_pantry(&app).await;
        let token = token(&app, id("marsh farm"), Scope::Write).await;
        for text in ["Come to us. Visit quickloans-now.co.uk for cash today", "All our staff are DBS checked and Ofsted registered."] {
            let etag = send(&app, Method::GET, &record("pantry"), &token, "", &Value::Null).await.header("etag").to_owned();
            let answer = send(&app, Method::PATCH, &record("pantry"), &token, &etag, &json!({"description": text})).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["proposed"]), (202, &json!(["description"])), "{}", answer.text());
        }
    }
}

fact! {
    async fn what_an_edit_cannot_say_is_refused_by_name(app) {
        with_pantry(&app).await;
        let token = token(&app, id("marsh farm"), Scope::Write).await;
        for (field, change) in [
            ("phones", json!({"phones": [{"number": "hello <script>alert(1)</script>"}]})),
            ("state", json!({"state": "gone"})),
            ("origin", json!({"origin": "http://evil.example"})),
            ("checked_how", json!({"checked_how": "visit"})),
            ("last_modified", json!({"last_modified": "2030-01-01T00:00:00Z"})),
            ("organization", json!({"organization": {"id": id("marsh farm"), "name": "x", "description": "y"}})),
        ] {
            let answer = send(&app, Method::PATCH, &record("pantry"), &token, "\"1\"", &change).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["faults"][0]["field"]), (422, &json!(field)), "{}", answer.text());
        }
        let good = json!({"phones": [{"number": "+44 (0)1582 123456 ext. 12"}]});
        let answer = send(&app, Method::PATCH, &record("pantry"), &token, "\"1\"", &good).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["published"]), (200, &json!(["phones"])), "{}", answer.text());
    }
}

fact! {
    async fn whoever_made_a_token_is_told_what_became_of_its_change(app) {
        with_pantry(&app).await;
        let lead = Browser::keeper(&app, "lead@lark-hill.example.org", id("marsh farm")).await;
        let by_the_server = token(&app, id("marsh farm"), Scope::Write).await;
        let said = send(&app, Method::PATCH, &record("pantry"), &by_the_server, "\"1\"", &json!({"name": "The larder"})).await;
        assert_eq!(said.status, 202, "{}", said.text());
        let waiting = app.app().records.waiting(None, None, 10).await.unwrap();
        let path = format!("/moderation/changes/{}", waiting[0].id);
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let form = moderator.open(&path).await;
        assert!(form.text().contains("a program (a program)") && !form.text().contains("token:"), "{}", form.text());
        moderator.submit(&form, &path, &[("do", "decide")]).await;
        assert_eq!(public(&app, "pantry").await["name"], "The larder");
        let sink = Sink::start().await;
        sink.mailer(&app).send_due().await.unwrap();
        let [letter] = &sink.received()[..] else { panic!("the lead is told") };
        assert_eq!(letter.to, ["lead@lark-hill.example.org"]);
        let history = lead.open(&format!("/account/listings/{}/history", id("pantry"))).await.text();
        assert!(history.contains("Version 2") && !history.contains("token:"), "{history}");
        let audit = moderator.open("/moderation/audit").await.text();
        assert!(audit.contains(&format!("<a href=\"{path}\">The larder</a>")), "{audit}");
        assert!(audit.contains("127.0.0.0/24"), "from where: {audit}");
    }
}

fact! {
    async fn a_public_listing_cannot_lose_what_it_is_nor_how_to_get_in_touch(app) {
        with_pantry(&app).await;
        let token = token(&app, id("marsh farm"), Scope::Write).await;
        let read = send(&app, Method::GET, &record("pantry"), &token, "", &Value::Null).await;
        let etag = read.header("etag").to_owned();
        let before = public(&app, "pantry").await;
        assert!(before["description"].is_string() && (before["email"].is_string() || before["url"].is_string() || before["phones"].is_array()), "{before}");
        for (without, field) in [(json!({"description": null}), "description"), (json!({"phones": [], "email": null, "url": null}), "phones")] {
            let refused = send(&app, Method::PATCH, &record("pantry"), &token, &etag, &without).await;
            assert_eq!((refused.status.as_u16(), &refused.json()["faults"][0]["field"]), (422, &json!(field)), "{}", refused.text());
        }
        assert_eq!(public(&app, "pantry").await, before);
        let other = send(&app, Method::PATCH, &record("pantry"), &token, &etag, &json!({"phones": [], "email": null, "url": "https://lark-hill.example.org/"})).await;
        assert!([200, 202].contains(&other.status.as_u16()), "one way is enough: {}", other.text());
    }
}
