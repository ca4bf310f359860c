//! What strangers send.

use std::fmt::Write as _;

use fingerpost::model::Document;
use serde_json::{Value, json};

use super::{id, pantry};
use crate::support::fact;

/// Lines that are wrong in one way each, and what is said about them.
fn wrong_lines() -> Vec<(&'static str, String)> {
    let with = |change: &dyn Fn(&mut Value)| {
        let mut value = pantry();
        value["id"] = json!(id("bad"));
        change(&mut value);
        value.to_string()
    };
    vec![
        ("not valid JSON", "{\"id\": }".into()),
        ("not valid JSON", "{\"a\": 1,}".into()),
        ("appears twice", "{\"id\": \"1\", \"id\": \"2\"}".into()),
        ("nested too deeply", format!("{}1{}", "{\"a\":[".repeat(5_000), "]}".repeat(5_000))),
        ("not valid JSON", "{\"name\": \"\\ud800\"}".into()),
        ("null character", with(&|v| v["name"] = json!("a\0b"))),
        ("1000000 characters", with(&|v| v["name"] = json!("n".repeat(1_000_000)))),
        ("name is missing", with(&|v| v["name"] = json!(null))),
        ("name is missing", with(&|v| v["name"] = json!("   "))),
        ("expected text", with(&|v| v["name"] = json!({"en": "Pantry"}))),
        ("is not one of", with(&|v| v["status"] = json!("perhaps"))),
        ("expected a JSON object", "\"just text\"".into()),
        ("expected a JSON object", "null".into()),
        ("line of a complete export", json!({"kind": "service", "document": {}, "state": "sideways"}).to_string()),
        ("document.id and name are missing", json!({"kind": "service", "document": {}}).to_string()),
        ("line of a complete export", json!({"kind": "spaceship", "document": {}}).to_string()),
    ]
}

fact! {
    async fn every_kind_of_wrong_line_is_rejected_with_a_reason_and_nothing_is_lost(app) {
        app.import(pantry().to_string()).await;
        let before = app.get("/services?full=true").await.text();
        let lines = wrong_lines();
        let file = lines.iter().map(|(_, line)| line.as_str()).collect::<Vec<_>>().join("\n");
        let report = app.import(file).await;
        assert_eq!(report.created, 0, "{report:#?}");
        assert_eq!(report.rejected.len(), lines.len());
        for (rejected, (expected, _)) in report.rejected.iter().zip(&lines) {
            assert!(rejected.reason.contains(expected), "line {}: {:?} does not say {expected:?}", rejected.line, rejected.reason);
        }
        assert_eq!(app.get("/services?full=true").await.text(), before);
    }
}

fact! {
    async fn an_address_that_could_not_be_read_again_as_it_would_be_kept_is_left_out_and_the_rest_goes_in(app) {
        let mut listed = pantry();
        listed["email"] = json!("desk@\u{130}stanbul.example.org");
        listed["url"] = json!(format!("https://example.org/{}", "|".repeat(2_000)));
        listed["organization"]["website"] = json!(format!("https://example.org/{}", "é".repeat(1_000)));
        let report = app.import(listed.to_string()).await;
        let mut dropped: Vec<&str> = report.dropped.iter().map(|left| left.dropped.path.as_str()).collect();
        dropped.sort_unstable();
        assert_eq!((report.created, dropped), (1, vec!["email", "organization.website", "url"]), "{report:?}");
        app.edit(id("pantry"), |document| if let Document::Service(service) = document { service.alert = Some("New times".into()) }).await;
        assert_eq!(app.get(&format!("/services/{}", id("pantry"))).await.json()["alert"], "New times");
    }
}

fact! {
    async fn wrong_parts_are_left_out_and_the_rest_goes_in(app) {
        let mut listed = pantry();
        listed["url"] = json!("javascript:alert(1)");
        listed["minimum_age"] = json!("adults");
        listed["last_modified"] = json!("2026-02-30T00:00:00Z");
        listed["schedules"][0]["valid_from"] = json!("2026-02-30");
        listed["schedules"][0]["freq"] = json!("DAILY");
        listed["service_at_locations"][0]["location"]["latitude"] = json!(999.0);
        listed["phones"] = json!([{"number": ""}, {"number": null}, "01632 960000", {"id": "1", "number": "01632 960124"}]);
        listed["alert"] = json!("\u{202e}evil\u{200b} text");
        listed["contacts"] = json!({"name": "One desk, not in a list"});
        let report = app.import(listed.to_string()).await;
        assert_eq!((report.created, report.rejected_total), (1, 0));
        let paths: Vec<&str> = report.dropped.iter().map(|left| left.dropped.path.as_str()).collect();
        for expected in ["url", "minimum_age", "last_modified", "schedules[0].valid_from", "schedules[0].freq", "service_at_locations[0].location.latitude", "phones[2]"] {
            assert!(paths.contains(&expected), "{expected} is not in {paths:?}");
        }
        let given = app.get(&format!("/services/{}", id("pantry"))).await.json();
        assert_eq!((given["alert"].clone(), given["phones"].as_array().unwrap().len(), given["contacts"][0]["name"].clone()), (json!("evil text"), 1, json!("One desk, not in a list")));
        assert_eq!(given.get("url"), None);
    }
}

fact! {
    async fn markup_is_inert_on_every_page(app) {
        let evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'";
        let mut listed = pantry();
        for field in ["name", "description", "alert", "eligibility_description", "fees_description", "application_process"] {
            listed[field] = json!(evil);
        }
        listed["organization"]["name"] = json!(evil);
        listed["service_at_locations"][0]["location"]["name"] = json!(evil);
        listed["attributes"][0]["taxonomy_term"]["name"] = json!(evil);
        app.import(listed.to_string()).await;
        for path in [
            "/directory/search?q=%3Cscript%3Ealert(1)%3C%2Fscript%3E".to_owned(), "/directory/needs".to_owned(), "/".to_owned(),
            format!("/directory/services/{}", id("pantry")), format!("/directory/organisations/{}", id("marsh farm")), format!("/directory/places/{}", id("centre")),
        ] {
            let page = app.page(&path).await;
            assert_eq!(page.status, 200, "{path}");
            let text = page.text();
            assert!(!text.contains("<script>") && !text.contains("<img src=x"), "{path}: {text}");
            let policy = page.header("content-security-policy");
            assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        }
    }
}

fact! {
    async fn a_large_and_dirty_feed_takes_bounded_time(app) {
        let mut file = String::new();
        for number in 0..200 {
            let mut listed = pantry();
            listed["id"] = json!(id(&format!("service {number}")));
            listed["phones"] = json!(vec![json!({"number": "x".repeat(50)}); 30]);
            listed["extra"] = json!({"deep": [[[[number]]]]});
            writeln!(file, "{listed}").unwrap();
            writeln!(file, "{}", "{\"x\":".repeat(200)).unwrap();
        }
        let report = app.import(file).await;
        assert_eq!((report.created, report.rejected_total), (200, 200));
    }
}

fact! {
    async fn part_of_an_address_that_is_no_text_is_refused_as_a_problem_document(app) {
        for path in ["/services/%ff", "/api/organizations/%ff", "/federation/v1/digest/%ff", "/federation/v1/snapshots/%ff"] {
            let answer = app.get(path).await;
            assert_eq!((answer.status, answer.header("content-type")), (http::StatusCode::BAD_REQUEST, "application/problem+json"), "{path}: {}", answer.text());
        }
    }
}

fact! {
    async fn a_value_that_no_record_can_have_is_refused_with_those_that_one_can(app) {
        app.import(pantry().to_string()).await;
        for (path, said) in [
            ("/services?status=open", "status is \"open\": expected one of: active, inactive, defunct, temporarily closed"),
            ("/events?status=active", "status is \"active\": expected one of: scheduled, cancelled, postponed"),
            ("/services?status=active,inactive", "status is \"active,inactive\": expected one of: active, inactive, defunct, temporarily closed"),
            ("/services?proximity=100", "proximity is \"100\": it needs postcode or near as well"),
            ("/services?need=,", "need is \",\": it names no need; give codes or names, separated by commas"),
            ("/organizations?need=%3F%7C%20,", "need is \"?| ,\": it names no need; give codes or names, separated by commas"),
            ("/services?accessibility=%3F", "accessibility is \"?\": it contains no letter or digit"),
            ("/service_at_locations?language=%2C", "language is \",\": it contains no letter or digit"),
            ("/taxonomy_terms?top_only=true&parent_id=d9d5e0f5-d3ce-4f73-9a2f-4dd0ecc6c610", "top_only is \"true\": it contradicts parent_id; give one of them"),
            ("/services?delivery=phone&online=true", "delivery is \"phone\": it contradicts online=true; give one of them"),
            ("/events?from=2026-12-02&to=2026-12-01", "to is \"2026-12-01\": it must be after from"),
            ("/events?to=2026-11-20", "to is \"2026-11-20\": it is in the past, and without from the time begins now; give from as well"),
            ("/services?checked_since=99999-01-01", "checked_since is \"99999-01-01\": expected a date such as 2026-11-01"),
            ("/services?near=0,NaN", "near is \"0,NaN\": expected latitude,longitude in degrees such as 51.8787,-0.42, or a postcode"),
            ("/services?near=-0.42,51.8787", "near is \"-0.42,51.8787\": latitude comes first: did you mean 51.8787,-0.42?"),
            ("/events?near=0,51", "near is \"0,51\": latitude comes first: did you mean 51,0?"),
            ("/services?proximity=NaN&near=51,0", "proximity is \"NaN\": expected a number from 0 to 2000000"),
            ("/services?relaxed=maybe", "relaxed is \"maybe\": expected true or false"),
        ] {
            let answer = app.get(path).await;
            assert_eq!((answer.status.as_u16(), answer.json()["detail"].clone()), (400, json!(said)), "{path}");
        }
        let many = vec!["food-affordable"; 21].join(",");
        assert!(app.get(&format!("/services?need={many}")).await.json()["detail"].as_str().unwrap().ends_with("it names 21 needs; the limit is 20"));
        assert_eq!(app.ids(&format!("/services?need={}", &many[16..])).await.len(), 1, "20 are not too many");
        assert_eq!(app.ids("/services?need=&accessibility=+&language=").await.len(), 1, "a form sends what was not filled in");
        assert!(app.get("/services?minimum_age=1e400").await.json()["detail"].as_str().unwrap().contains("\"1e400\""));
        assert_eq!(app.ids("/services?status=Active").await.len(), 1);
        assert!(app.ids("/services?status=temporarily_closed").await.is_empty());
    }
}
