//! The read API.

use serde_json::Value;

use super::{id, pantry};
use crate::support::{BROWSER, PUBLIC_URL, fact};

fact! {
    async fn the_root_says_what_it_is_to_programs_and_shows_the_site_to_people(app) {
        for path in ["/", "/api", "/api/"] {
            let answer = app.get(path).await;
            assert_eq!((answer.status.as_u16(), answer.header("access-control-allow-origin")), (200, "*"));
            insta::allow_duplicates! {
                insta::assert_json_snapshot!(answer.json(), @r#"
                {
                  "name": "Luton directory",
                  "openapi_url": "https://directory.luton.example.org/openapi.json",
                  "profile": "https://openreferraluk.org/specifications/3.0/",
                  "version": "HSDS-UK-3.0"
                }
                "#);
            }
        }
        assert!(PUBLIC_URL.ends_with('/'));
        let page = app.page("/").await;
        assert!(page.header("content-type").starts_with("text/html"), "{:?}", page.headers);
        assert!(page.header("vary").contains("Accept"));
        for (accept, kind) in [
            ("application/json, text/html;q=0.5", "application/json"), ("text/html;q=0, */*", "application/json"), ("*/*;q=0", "application/json"),
            ("text/html;level=1;q=0.2, application/ld+json;q=0.9", "application/json"), ("text/html, application/json;q=0.9", "text/html"), ("text/html, */*;q=0.2", "text/html"),
        ] {
            let answer = app.ask(http::Method::GET, "/", &[("accept", accept)], "").await;
            assert!(answer.header("content-type").starts_with(kind), "{accept}: {:?}", answer.headers);
        }
    }
}

fact! {
    async fn a_list_is_brief_and_a_document_is_whole(app) {
        app.import(pantry().to_string()).await;
        let list = app.get("/services").await.json();
        insta::allow_duplicates! { insta::assert_json_snapshot!(list, @r#"
        {
          "contents": [
            {
              "assured_date": "2026-11-02",
              "description": "Choose about ten items of food. No referral needed.",
              "email": "pantry@lark-hill.example.org",
              "fees_description": "£4 a visit",
              "id": "ab364569-423e-5da4-90c5-7c39b4c42d39",
              "last_modified": "2026-11-22T12:00:00Z",
              "minimum_age": 18,
              "name": "Meadow larder",
              "organization": {
                "description": "A volunteer-run pantry.",
                "id": "04c49198-0a96-59dd-9ec1-e62b12ba660a",
                "name": "Lark Hill Community Pantry"
              },
              "organization_id": "04c49198-0a96-59dd-9ec1-e62b12ba660a",
              "status": "active"
            }
          ],
          "empty": false,
          "first_page": true,
          "last_page": true,
          "page_number": 1,
          "size": 1,
          "total_items": 1,
          "total_pages": 1
        }
        "#) };
        let whole = app.get(&format!("/services/{}", id("pantry"))).await.json();
        assert_eq!(whole["service_at_locations"][0]["location"]["addresses"][0]["postal_code"], "LU3 9XQ");
        assert_eq!(whole["attributes"][0]["taxonomy_term"]["taxonomy_detail"]["name"], "Needs");
        assert_eq!(app.get("/services?full=true").await.json()["contents"][0], whole);
        let minimal = app.get("/services?minimal=true").await.json();
        assert_eq!(minimal["contents"][0].as_object().unwrap().keys().collect::<Vec<_>>(), ["id", "last_modified"]);
        let organization = app.get(&format!("/organizations/{}?full_service=true", id("marsh farm"))).await.json();
        assert_eq!(organization["services"][0], whole);
    }
}

fact! {
    async fn a_page_of_organizations_with_their_services_holds_each_as_its_own_document_does(app) {
        app.fixtures().await;
        let page = app.get("/organizations?full_service=true&per_page=1000").await.json();
        let contents = page["contents"].as_array().unwrap();
        assert_eq!(page["total_items"], contents.len());
        let mut services = 0;
        for organization in contents {
            let id = organization["id"].as_str().unwrap();
            assert_eq!(*organization, app.get(&format!("/organizations/{id}?full_service=true")).await.json());
            services += organization["services"].as_array().unwrap().len();
        }
        assert_eq!(app.get("/services").await.json()["total_items"], services, "and every service stands with its own");
    }
}

fact! {
    async fn pages_hold_every_item_once_and_say_where_they_stand(app) {
        app.fixtures().await;
        let whole = app.ids("/services").await;
        let mut seen = Vec::new();
        let mut number = 1;
        loop {
            let page = app.get(&format!("/services?per_page=7&page={number}")).await.json();
            let contents = page["contents"].as_array().unwrap();
            assert_eq!(page["size"], contents.len());
            assert_eq!(page["first_page"], number == 1);
            seen.extend(contents.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
            if page["last_page"] == true {
                assert_eq!(page["total_pages"], number);
                break;
            }
            number += 1;
        }
        assert_eq!(seen, whole);
        let beyond = app.get("/services?page=1000").await;
        assert_eq!((beyond.status.as_u16(), beyond.json()["empty"].clone()), (200, Value::Bool(true)));
        assert_eq!(beyond.json()["last_page"], true, "whoever goes on until it says so ends");
        let cut = app.get("/services?per_page=100000").await.json();
        assert_eq!((cut["per_page"].clone(), cut["note"].clone()), (1000.into(), "per_page was cut to 1000".into()));
        let lines = app.get("/services?format=ndjson&full=true").await;
        assert_eq!(lines.header("content-type"), "application/x-ndjson");
        let streamed: Vec<String> = lines.text().lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned()).collect();
        assert_eq!(streamed, whole);
    }
}

fact! {
    async fn filters_hold_together(app) {
        app.fixtures().await;
        let all = app.ids("/services").await;
        let food = app.ids("/services?need=food-emergency").await;
        assert!(!food.is_empty() && food.len() < all.len());
        for service in &food {
            let text = app.get(&format!("/services/{service}")).await.text().to_lowercase();
            let in_its_own_words = ["food", "meal", "soup"].iter().any(|word| text.contains(word));
            assert!(text.contains("\"food-emergency\"") || in_its_own_words, "{text}");
        }
        let both = app.ids("/services?need=food-emergency&day=SA").await;
        assert!(both.iter().all(|id| food.contains(id)) && both.len() < food.len());
        let organization = app.get(&format!("/services/{}", food[0])).await.json()["organization_id"].as_str().unwrap().to_owned();
        assert!(app.ids(&format!("/services?organization_id={organization}")).await.contains(&food[0]));
        assert!(app.ids("/services?search=zzqxjkvw").await.is_empty());
        assert!(app.ids("/services?modified_after=2026-11-22T12:00:01Z").await.is_empty());
        assert_eq!(app.ids("/services?modified_after=2026-11-22T12:00:00Z").await, all);
        let stale = app.ids("/services?checked_since=2026-01-01").await;
        assert!(stale.len() < all.len() && !stale.contains(&"49dc41c0-ed23-5c36-bccd-580511ca0ad4".to_owned()), "a listing checked in 2024 is not");
        let near = app.ids("/service_at_locations?postcode=LU1%202AA&proximity=1000").await;
        let far = app.ids("/service_at_locations?postcode=LU1%202AA&proximity=20000").await;
        assert!(!near.is_empty() && near.len() < far.len());
        assert!(app.ids("/services?minimum_age=5&maximum_age=6").await.len() < all.len());
        assert_eq!(app.ids("/services?source=own").await, all);
        let tops = app.ids("/taxonomy_terms?top_only=true").await;
        assert!(!tops.is_empty() && tops.len() < app.ids("/taxonomy_terms").await.len());
        assert_eq!(app.ids("/services?colour=blue").await, all, "unknown parameters are ignored");
    }
}

fact! {
    async fn what_cannot_be_used_is_named(app) {
        app.import(pantry().to_string()).await;
        for (path, parameter) in [
            ("/services?page=0", "page"), ("/services?page=abc", "page"), ("/services?per_page=-1", "per_page"), ("/services?per_page=99999999999999999999", "per_page"),
            ("/services?format=xml", "format"), ("/services?full=perhaps", "full"), ("/services?organization_id=17", "organization_id"),
            ("/services?modified_after=yesterday", "modified_after"), ("/services?near=NaN,0", "near"), ("/services?near=91,0", "near"),
            ("/services?proximity=inf&near=51,0", "proximity"), ("/services?proximity=5", "proximity"), ("/services?postcode=LUTON", "postcode"),
            ("/services?postcode=ZE1%200AA&proximity=100", "postcode"), ("/services?day=someday", "day"), ("/services?start_time=25:00", "start_time"),
            ("/services?minimum_age=40&maximum_age=5", "minimum_age"), ("/services?search=%00", "search"), ("/services?search=...", "search"), ("/services?page=1&page=2", "page"),
        ] {
            let answer = app.get(path).await;
            assert_eq!((answer.status.as_u16(), answer.header("content-type")), (400, "application/problem+json"), "{path}: {}", answer.text());
            assert_eq!(answer.json()["parameter"], parameter, "{path}");
        }
        assert_eq!(app.get(&format!("/services?search={}", "a".repeat(20_000))).await.status, 400);
        let problem = app.get("/services?page=abc").await.json();
        insta::allow_duplicates! { insta::assert_json_snapshot!(problem, @r#"
        {
          "detail": "page is \"abc\": expected a whole number from 1",
          "parameter": "page",
          "status": 400,
          "title": "Invalid parameter",
          "type": "about:blank#bad-parameter"
        }
        "#) };
    }
}

fact! {
    async fn a_record_that_left_is_gone_and_one_that_never_was_is_not_found(app) {
        app.import(pantry().to_string()).await;
        let path = format!("/services/{}", id("pantry"));
        app.withdraw(id("pantry"), "the group has closed").await;
        let gone = app.get(&path).await;
        assert_eq!(gone.status, 410);
        assert_eq!(gone.json()["detail"], "it was withdrawn at 2026-11-22T12:00:00.000Z: the group has closed");
        assert!(app.ids("/services").await.is_empty() && app.ids("/service_at_locations").await.is_empty());
        assert_eq!(app.get(&format!("/services/{}", id("nobody"))).await.status, 404);
        assert_eq!(app.get("/services/not-a-uuid").await.status, 404);
        assert_eq!(app.get(&format!("/organizations/{}", id("pantry"))).await.status, 404, "of another kind");
        assert_eq!(app.get("/nothing").await.status, 404);
    }
}

fact! {
    async fn caches_are_told_the_truth(app) {
        app.import(pantry().to_string()).await;
        let path = format!("/services/{}", id("pantry"));
        for path in [path.as_str(), "/services", "/services?full=true", "/", "/openapi.json"] {
            let answer = app.get(path).await;
            let etag = answer.header("etag").to_owned();
            assert!(etag.starts_with('"'), "{path} has a strong etag: {etag}");
            assert_eq!(answer.header("cache-control"), "public, max-age=30");
            let again = app.ask(http::Method::GET, path, &[("if-none-match", &etag)], "").await;
            assert_eq!((again.status.as_u16(), again.body.len()), (304, 0), "{path}");
            assert_eq!(again.header("etag"), etag);
            assert_eq!(again.header("access-control-allow-origin"), "*");
        }
        let etag = app.get("/services?search=larder").await.header("etag").to_owned();
        for tags in [etag.as_str(), "*"] {
            let posted = app.ask(http::Method::POST, "/services?search=larder", &[("if-none-match", tags)], "").await;
            assert_eq!((posted.status.as_u16(), posted.json()["total_items"].as_u64()), (200, Some(1)), "{tags}: nobody asks by POST what changed");
        }
        let description = app.get("/openapi.json").await;
        let of_its_bytes = fingerpost::http::caching::etag_of_bytes(&description.body);
        assert_eq!(description.header("etag"), of_its_bytes, "another digit in it is another document");
        let before = app.get("/services").await.header("etag").to_owned();
        app.edit(id("pantry"), |document| if let fingerpost::model::Document::Service(doc) = document { doc.alert = Some("Closed on Thursday".into()) }).await;
        assert_ne!(app.get("/services").await.header("etag"), before);
        assert!(!app.get(&path).await.header("last-modified").is_empty());
    }
}

fact! {
    async fn methods_are_answered_as_documented(app) {
        app.import(pantry().to_string()).await;
        let ask = async |method: &str, path: &str| app.ask(method.parse().unwrap(), path, &[], "").await;
        let listed = app.get("/services?search=larder").await;
        let known = app.ask(http::Method::POST, "/services?search=larder", &[("if-none-match", listed.header("etag"))], "").await;
        assert_eq!((known.status.as_u16(), known.json()), (200, listed.json()));
        let described = app.get("/openapi.json").await.json();
        assert!(described["paths"]["/services"]["post"]["responses"].get("304").is_none(), "it is asked by GET only");
        for method in ["PUT", "DELETE", "TRACE", "PATCH"] {
            let answer = ask(method, "/services").await;
            assert_eq!(answer.status, 405, "{method}");
            assert!(answer.header("allow").contains("GET"), "{method}: {:?}", answer.headers);
        }
        let preflight = ask("OPTIONS", "/services").await;
        assert_eq!((preflight.status.as_u16(), preflight.header("access-control-allow-methods")), (204, "GET, HEAD, POST, OPTIONS"));
        let allowed: Vec<&str> = preflight.header("access-control-allow-headers").split(", ").collect();
        for header in ["X-Requested-With", "Accept-Language", "If-None-Match", "Content-Type", "*"] {
            assert!(allowed.contains(&header), "a page's library may send {header}: {allowed:?}");
        }
        assert!(!allowed.contains(&"Authorization") && preflight.header("access-control-allow-credentials").is_empty());
        let head = ask("HEAD", "/services").await;
        assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    }
}

fact! {
    async fn an_address_with_a_slash_at_its_end_leads_to_the_one_without(app) {
        app.import(pantry().to_string()).await;
        let document = format!("/api/services/{}/", id("pantry"));
        for (path, to) in [
            ("/services/?page=1&full=true", "../services?page=1&full=true".to_owned()), ("/api/taxonomy_terms/", "../taxonomy_terms".to_owned()),
            (document.as_str(), format!("../{}", id("pantry"))),
        ] {
            let answer = app.get(path).await;
            assert_eq!((answer.status.as_u16(), answer.header("location"), answer.header("access-control-allow-origin")), (308, to.as_str(), "*"), "{path}");
        }
        let preflight = app.ask(http::Method::OPTIONS, "/services/", &[], "").await;
        assert_eq!((preflight.status.as_u16(), preflight.header("access-control-allow-origin")), (204, "*"), "a browser that may not ask does not follow");
        for path in ["/nothing/", "/services//", "/services/a/b/", "/servicesx/"] {
            assert_eq!(app.get(path).await.status, 404, "{path}");
        }
    }
}

fact! {
    async fn a_client_that_asks_too_often_is_told_when_to_come_back(app) {
        use axum::extract::ConnectInfo;
        use tower::ServiceExt as _;
        let proxies = app.app().proxies();
        app.served.guard = fingerpost::http::guard::Guard::new(5, proxies);
        let router = app.served.router(false);
        let ask_for = async |path: &str, kind: &str, client: &str| {
            let mut request = http::Request::get(path).header("accept", kind).body(axum::body::Body::empty()).unwrap();
            request.extensions_mut().insert(ConnectInfo(client.parse::<std::net::SocketAddr>().unwrap()));
            router.clone().oneshot(request).await.unwrap()
        };
        let ask = async |client: &str| ask_for("/services", "*/*", client).await;
        for _ in 0..5 {
            assert_eq!(ask("198.51.100.1:1000").await.status(), 200);
        }
        let limited = ask("198.51.100.1:2000").await;
        assert_eq!(limited.status(), 429);
        assert_eq!(limited.headers()["access-control-allow-origin"], "*", "a page may read how long it has to wait");
        assert!(limited.headers().contains_key("retry-after"));
        let limited = ask_for("/help", BROWSER, "198.51.100.1:3000").await;
        let headers = limited.headers();
        assert_eq!((limited.status().as_u16(), headers["content-type"].to_str().unwrap()), (429, "text/html; charset=utf-8"));
        assert!(headers.contains_key("retry-after") && headers.contains_key("x-request-id"), "{headers:?}");
        assert_eq!(ask("198.51.100.2:1000").await.status(), 200, "others are not held up");
    }
}

fact! {
    async fn who_stops_sending_is_told_so_and_who_waits_for_a_slow_answer_is_asked_to_come_back(app) {
        use axum::body::{Body, Bytes};
        use futures_util::{StreamExt as _, stream};
        use tower::ServiceExt as _;
        app.served.guard = app.served.guard.clone().giving_up_after(std::time::Duration::from_secs(1));
        let router = app.served.router(false);
        let beginning = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"{\"answers\":"))]);
        let stalled = Body::from_stream(beginning.chain(stream::pending()));
        let refused = router.clone().oneshot(http::Request::post("/api/v1/checker/evaluate").body(stalled).unwrap()).await.unwrap();
        assert_eq!(refused.status(), 408);
        assert_eq!(refused.headers()["content-type"], "application/problem+json");
        assert!(!refused.headers().contains_key("retry-after"), "nothing here has to be waited for");
        let busy = app.served.directory.searches.acquire_many(8).await.unwrap();
        let ask = || router.clone().oneshot(http::Request::get("/services?search=pantry").body(Body::empty()).unwrap());
        let refused = ask().await.unwrap();
        assert_eq!(refused.status(), 503);
        assert!(refused.headers().contains_key("retry-after"), "another time it may be quicker");
        drop(busy);
        assert_eq!(ask().await.unwrap().status(), 200);
        let described = app.get("/openapi.json").await.json();
        for (path, method) in [("/api/v1/checker/evaluate", "post"), ("/api/v1/records/{id}", "patch"), ("/federation/v1/ping", "post")] {
            assert!(described["paths"][path][method]["responses"]["408"].is_object(), "{path}");
        }
    }
}

fact! {
    async fn somebody_whose_form_stops_arriving_reads_that_on_a_page(app) {
        use axum::body::{Body, Bytes};
        use futures_util::{StreamExt as _, stream};
        use tower::ServiceExt as _;
        app.served.guard = app.served.guard.clone().giving_up_after(std::time::Duration::from_secs(1));
        let router = app.served.router(false);
        let send = async |path: &str| {
            let beginning = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"q="))]);
            let stalled = Body::from_stream(beginning.chain(stream::pending()));
            let request = http::Request::post(path).header("accept", BROWSER).body(stalled).unwrap();
            let refused = router.clone().oneshot(request).await.unwrap();
            assert_eq!(refused.status(), 408, "{path}");
            let kind = refused.headers()["content-type"].to_str().unwrap().to_owned();
            let body = axum::body::to_bytes(refused.into_body(), usize::MAX).await.unwrap();
            (kind, String::from_utf8(body.to_vec()).unwrap())
        };
        // Going back would lose what was entered; loading the page again sends it.
        for (path, title, again, numbers) in [
            ("/directory/search", "It did not arrive", "Load this page again to send it again.", "/help#now"),
            ("/help/check", "It did not arrive", "Load this page again to send it again.", "/help#now"),
            ("/pl/help/budget", "To nie dotarło", "Załaduj tę stronę ponownie", "/pl/help#now"),
        ] {
            let (kind, text) = send(path).await;
            assert_eq!(kind, "text/html; charset=utf-8", "{path}");
            assert!(text.contains(&format!("<h1>{title}</h1>")) && text.contains(&format!("href=\"{numbers}\"")), "{path}: {text}");
            assert!(text.contains(again), "{path}: {text}");
        }
        assert_eq!(send("/api/v1/checker/evaluate").await.0, "application/problem+json", "data stays data");
    }
}

fact! {
    async fn an_event_is_there_as_itself_and_as_a_service(app) {
        app.fixtures().await;
        let event = app.get("/events/5133d54f-8252-551f-9aee-3ae14401ae88").await.json();
        assert_eq!(event["name"], "Lealight sleep-out");
        let projected = app.get("/services?search=sleep-out&full=true").await.json()["contents"][0].clone();
        assert_eq!(projected["event_id"], event["id"]);
        assert_ne!(projected["id"], event["id"]);
        assert_eq!(projected["schedules"][0]["opens_at"], event["start"].as_str().unwrap()[11..16]);
        let over = app.get("/services?search=half-term+den+camp&status=inactive&full=true").await.json()["contents"][0].clone();
        assert_eq!(over["status"], "inactive", "its last date has passed");
    }
}
