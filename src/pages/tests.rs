//! The pages over the Luton fixtures, as readers get them.

use std::collections::HashMap;

use axum::body::Body;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;
use uuid::Uuid;

use super::*;
use crate::{
    db::{Database, Durability},
    model::{Document, Kind},
    published::{self, Position, Published, redaction::SecretWords, render, shelf::Shelf},
    search::{Search, Words},
};

const NOW: &str = "2026-11-22T09:00:00Z";
const HOSTILE: &str = "</script><script>alert(1)</script>";

struct Stand {
    site: Site,
    ids: HashMap<String, Uuid>,
    _folder: tempfile::TempDir,
}

/// A site over the fixtures, with `more` documents beside them.
async fn stand(more: Vec<(Kind, Value)>) -> Stand {
    let now: chrono::DateTime<chrono::Utc> = NOW.parse().unwrap();
    let lines = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/luton/directory.ndjson")).unwrap();
    let mut documents: Vec<Document> = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line.get("state").is_none())
        .map(|line| (line["kind"].as_str().unwrap().parse().unwrap(), line["document"].clone()))
        .chain(more)
        .map(|(kind, document)| Document::from_value(kind, document).unwrap())
        .collect();
    documents.sort_by_key(Document::kind);
    let mut around = render::Around {
        withheld_categories: SecretWords::new(&["refuge".to_owned(), "modern slavery".to_owned(), "exploitation".to_owned()]),
        now,
        ..render::Around::default()
    };
    for document in &documents {
        around.documents.insert(document.id(), document.clone());
        for reference in document.references() {
            let Some(policy) = reference.policy else { continue };
            around.most_open_link.entry(reference.to).and_modify(|known| *known = (*known).min(policy)).or_insert(policy);
        }
    }
    let ids = documents.iter().map(|document| (document.name().to_owned(), document.id())).collect();
    let rendered = documents.into_iter().flat_map(|document| render::render(document, &around, now, false));
    let rows: Vec<Published> = rendered
        .zip(1..)
        .map(|(document, position)| Published {
            id: document.id,
            kind: document.kind,
            position: Position(position),
            live: true,
            urgent: false,
            origin: String::new(),
            derived_from: None,
            full: document.full,
            brief: document.brief,
            statement: None,
            changed_at: now,
            reason: None,
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::fixed(now);
    let url = format!("sqlite:{}", folder.path().join("fingerpost.db").display());
    let db = Database::open(&url, Durability::Batched).await.unwrap();
    published::head(&db, &clock).await.unwrap();
    let tx = db.write().await.unwrap();
    let mut locked = published::lock(&tx).await.unwrap();
    let rows: Vec<Published> = rows.into_iter().map(|row| Published { position: locked.take(), ..row }).collect();
    published::write(&tx, locked, &rows, &std::collections::HashMap::new()).await.unwrap();
    tx.commit().await.unwrap();
    let head = published::head(&db, &clock).await.unwrap();
    let shelf = Shelf::open(folder.path(), &head).unwrap();
    shelf.catch_up(&db, &clock).await.unwrap();
    let search = Search::open(folder.path(), Words::starting()).unwrap();
    search.catch_up(&db, &clock, &mut |_| {}).await.unwrap();
    let directory = Arc::new(Directory {
        shelf: Arc::new(shelf),
        public_url: "https://directory.example.org/".parse().unwrap(),
        name: "Luton directory of support".into(),
        openapi: b"{}".to_vec(),
        search: Arc::new(search),
        db,
        clock: clock.clone(),
        searches: Arc::new(tokio::sync::Semaphore::new(2)),
        vocabularies: crate::publishing::Vocabularies::default(),
    });
    let licence = "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/".parse().unwrap();
    let self_help = SelfHelp::new(directory.db.clone(), clock.clone(), true);
    let texts = Texts::new(directory.db.clone(), clock, &directory.name, true);
    let brand = Arc::new(Brand::plain(licence));
    Stand { site: Site::new(directory, self_help, texts, brand, true), ids, _folder: folder }
}

impl Stand {
    fn path(&self, folder: &str, name: &str) -> String {
        format!("/directory/{folder}/{}", self.ids[name])
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, HeaderMap, String) {
        let answer = routes(self.site.clone()).oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (parts.status, parts.headers, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn get(&self, path: &str) -> (StatusCode, HeaderMap, String) {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    async fn search(&self, form: &str) -> (StatusCode, HeaderMap, String) {
        let request = Request::post("/directory/search").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(form.to_owned())).unwrap()).await
    }
}

fn data_of(page: &str) -> Value {
    let data = page.split("<script type=\"application/ld+json\">").nth(1).unwrap().split("</script>").next().unwrap();
    serde_json::from_str(data).unwrap()
}

fn title_of(page: &str) -> &str {
    page.split("<title>").nth(1).unwrap().split("</title>").next().unwrap()
}

#[tokio::test]
async fn every_page_has_one_heading_one_title_and_the_policy() {
    let stand = stand(Vec::new()).await;
    for path in [
        "/directory/needs".to_owned(),
        "/directory/search".to_owned(),
        "/directory/search?q=food".to_owned(),
        "/directory/whats-on".to_owned(),
        "/directory/about".to_owned(),
        "/directory/services/nothing".to_owned(),
        stand.path("services", "Borough housing advice (sample)"),
        stand.path("services", "Library computers and wifi"),
        stand.path("organisations", "Borough Libraries (sample listing)"),
        stand.path("places", "Central Library (sample)"),
        stand.path("events", "Repair café"),
        stand.path("needs", "Food"),
    ] {
        let (_, headers, page) = stand.get(&path).await;
        assert_eq!(page.matches("<h1>").count(), 1, "{path}");
        assert!(title_of(&page).ends_with("– Luton directory of support"), "{path}");
        assert!(headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().starts_with("default-src 'none'"), "{path}");
        assert!(page.len() < 60_000, "{path} has {} bytes", page.len());
        assert!(!page.contains("style=\"") && !page.contains("onclick"), "{path}");
    }
}

#[tokio::test]
async fn a_search_sends_words_in_the_body_and_keeps_nothing() {
    let stand = stand(Vec::new()).await;
    let (status, headers, page) = stand.search("q=I+need+food&postcode=lu12bq").await;
    assert_eq!((status, headers[header::CACHE_CONTROL].to_str().unwrap()), (StatusCode::OK, "no-store"));
    assert!(page.contains("<form class=\"search\" method=\"post\"") && page.contains("value=\"I need food\""));
    assert!(page.contains("miles away") || page.contains("mile away"));
    assert!(title_of(&page).starts_with("Search results"), "no words of the person in the title");
    let (status, _, page) = stand.search("q=&postcode=LU1+2BQ&page=2").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("Page 2 of") && page.contains("name=\"page\" value=\"1\""));
}

#[tokio::test]
async fn what_cannot_be_searched_is_said_with_the_words_kept() {
    let stand = stand(Vec::new()).await;
    for (form, said) in [
        ("q=food&age=old", "Enter the age in years, such as 17, or leave it empty"),
        ("q=&postcode=", "Say what you need help with, or enter a postcode"),
        ("q=%3F%3F", "Say what you need in words"),
    ] {
        let (status, _, page) = stand.search(form).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{form}");
        assert_eq!(page.matches(said).count(), 2, "in the summary and at the field: {form}");
        assert!(!form.starts_with("q=food") || page.contains("value=\"food\""), "{form}");
    }
    for (form, said) in [("q=food&postcode=nowhere", "“nowhere”"), ("q=food&postcode=ZE1+0AA", "“ZE1 0AA”")] {
        let (status, _, page) = stand.search(form).await;
        assert_eq!((status, page.matches(&format!("We do not know the place {said}.")).count()), (StatusCode::OK, 2), "{form}");
        assert!(page.contains("value=\"food\"") && page.contains("class=\"listings\""), "{form}");
    }
    let (status, _, page) = stand.search("q=zeppelin").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("Nothing found") && page.contains("Home and housing"));
}

#[tokio::test]
async fn a_sensitive_page_has_a_neutral_title_and_a_way_out() {
    let stand = stand(Vec::new()).await;
    let (_, _, page) = stand.get(&stand.path("services", "Rowan House Refuge")).await;
    assert_eq!(title_of(&page), "A service – Luton directory of support");
    assert!(page.contains("<h1>Rowan House Refuge</h1>"));
    assert!(
        page.contains("href=\"https://www.bbc.co.uk/weather\" rel=\"noreferrer\"")
            && page.contains("does not clear your history")
    );
    assert!(!page.contains("og:") && !page.contains("name=\"description\""));
    let (_, _, page) = stand.get(&stand.path("services", "Sisters' table")).await;
    assert!(page.contains("The exact address is not published.") && page.contains("Exit this page"));
    let (_, _, page) = stand.get(&stand.path("services", "Borough housing advice (sample)")).await;
    assert!(!page.contains("Exit this page") && page.contains("og:title"));
}

#[tokio::test]
async fn what_a_stranger_typed_is_inert_in_pages_and_data() {
    let id = "00000000-0000-4000-8000-000000000001";
    let organisation =
        serde_json::json!({"id": id, "name": HOSTILE, "description": HOSTILE, "website": "https://x.example.org/?a=%22%3E"});
    let service = serde_json::json!({"id": "00000000-0000-4000-8000-000000000002", "organization_id": id, "name": HOSTILE, "description": HOSTILE, "alert": HOSTILE, "status": "active"});
    let stand = stand(vec![(Kind::Organization, organisation), (Kind::Service, service)]).await;
    // The data for machines and, on a page that results lead to, what makes Back lead on.
    for (path, own) in
        [("services/00000000-0000-4000-8000-000000000002", 2), ("organisations/00000000-0000-4000-8000-000000000001", 1)]
    {
        let (status, _, page) = stand.get(&format!("/directory/{path}")).await;
        assert_eq!(status, StatusCode::OK);
        assert!(!page.contains("<script>") && !page.contains("alert(1)</script>"), "{path}");
        assert!(page.contains("&lt;script&gt;"), "{path}");
        assert_eq!(page.matches("</script>").count(), own, "only our own elements end: {path}");
        assert_eq!(data_of(&page)["name"], HOSTILE);
    }
}

#[tokio::test]
async fn what_is_gone_is_said_to_be_gone_and_leads_on() {
    let stand = stand(Vec::new()).await;
    let id = stand.ids["Repair café"];
    let gone = Published {
        id,
        kind: Kind::Event,
        position: Position(1_000_000),
        live: false,
        urgent: false,
        origin: String::new(),
        derived_from: None,
        full: String::new(),
        brief: String::new(),
        statement: None,
        changed_at: NOW.parse().unwrap(),
        reason: Some("withdrawn".into()),
    };
    stand.site.directory.shelf.apply(&[gone]).unwrap();
    let (status, _, page) = stand.get(&format!("/directory/events/{id}")).await;
    assert_eq!(status, StatusCode::GONE);
    assert!(page.contains("withdrawn on 22 November 2026") && page.contains("href=\"/directory/needs\""));
    assert_eq!(stand.get(&format!("/directory/services/{id}")).await.0, StatusCode::NOT_FOUND, "an event is no service");
}

#[tokio::test]
async fn pages_of_data_say_what_schema_org_calls_it() {
    let stand = stand(Vec::new()).await;
    for (folder, name, of) in [
        ("services", "Borough housing advice (sample)", "Service"),
        ("organisations", "Borough Libraries (sample listing)", "Organization"),
        ("places", "Central Library (sample)", "Place"),
        ("events", "Repair café", "Event"),
    ] {
        let path = stand.path(folder, name);
        let data = data_of(&stand.get(&path).await.2);
        assert_eq!((data["@type"].as_str(), data["name"].as_str()), (Some(of), Some(name)));
        assert_eq!(data["@id"], format!("https://directory.example.org{path}"));
    }
    let event = data_of(&stand.get(&stand.path("events", "Repair café")).await.2);
    assert_eq!(
        (event["startDate"].as_str(), event["eventSchedule"]["repeatFrequency"].as_str()),
        (Some("2026-09-05T10:00:00+01:00"), Some("P1M"))
    );
}

#[tokio::test]
async fn events_have_pages_of_their_own_and_say_their_changes() {
    let stand = stand(Vec::new()).await;
    let projected = render::projected_service_id(stand.ids["Seated strength"]);
    let (status, headers, _) = stand.get(&format!("/directory/services/{projected}")).await;
    assert_eq!(
        (status, headers[header::LOCATION].to_str().unwrap()),
        (StatusCode::TEMPORARY_REDIRECT, stand.path("events", "Seated strength").as_str())
    );
    let (_, _, page) = stand.get(&stand.path("events", "Seated strength")).await;
    assert!(page.contains("Thursdays, 11am to midday"));
    assert!(page.contains("Thursday 10 December 2026 is moved to Friday 11 December 2026, 11am to midday. On Friday this week"));
    assert!(page.contains("Thursday 24 December 2026"));
    for next in ["Thursday 26 November 2026, 11am to midday", "Friday 11 December 2026, 11am to midday (moved)"] {
        assert!(page.contains(next), "{next}: {page}");
    }
    let (_, _, page) = stand.get(&stand.path("events", "Rainbow supper")).await;
    assert!(page.contains("Address given when you book"));
}

#[tokio::test]
async fn what_is_on_begins_with_today_and_later_weeks_with_their_monday() {
    let stand = stand(Vec::new()).await;
    let (_, _, page) = stand.get("/directory/whats-on").await;
    assert!(page.contains("<h1>What’s on: 22 November 2026</h1>") && !page.contains("<h2 id=\"d-2026-11-21\">"), "{page}");
    let (_, _, page) = stand.get("/directory/whats-on?week=2026-12-05").await;
    assert!(
        page.contains("<h1>What’s on: 30 November to 6 December 2026</h1>") && page.contains("<h2 id=\"d-2026-12-05\">"),
        "{page}"
    );
    let (_, _, page) = stand.get("/directory/whats-on?week=2026-11-16").await;
    assert!(page.contains("<h1>What’s on: 22 November 2026</h1>"), "the same week: {page}");
}

#[tokio::test]
async fn dates_can_be_taken_into_a_calendar_but_not_from_quiet_pages() {
    let stand = stand(Vec::new()).await;
    let event = stand.ids["Seated strength"];
    let (_, _, page) = stand.get(&stand.path("events", "Seated strength")).await;
    assert!(page.contains(&format!("<a href=\"/events/{event}.ics\">Add to your calendar</a>")), "{page}");
    assert!(page.contains("<link rel=\"alternate\" type=\"text/calendar\"") && page.contains("type=\"application/atom+xml\""));
    let (_, _, page) = stand.get(&stand.path("organisations", "Borough Libraries (sample listing)")).await;
    assert!(page.contains(">Calendar of their events</a>"), "{page}");
    let (_, _, page) = stand.get(&stand.path("events", "Own two feet: recovery group")).await;
    assert!(page.contains("Exit this page") && !page.contains(".ics"), "{page}");
}

#[tokio::test]
async fn a_place_lists_what_is_there() {
    let stand = stand(Vec::new()).await;
    let (_, _, page) = stand.get(&stand.path("places", "Central Library (sample)")).await;
    assert!(page.contains("Library computers and wifi") && page.contains("Digital basics: five easy mornings"));
}

#[tokio::test]
async fn what_a_client_has_is_not_sent_again() {
    let stand = stand(Vec::new()).await;
    let path = stand.path("services", "Borough housing advice (sample)");
    let etag = stand.get(&path).await.1[header::ETAG].clone();
    let (status, headers, body) =
        stand.send(Request::get(&path).header(header::IF_NONE_MATCH, etag).body(Body::empty()).unwrap()).await;
    assert_eq!((status, body.as_str()), (StatusCode::NOT_MODIFIED, ""));
    assert!(headers.contains_key(header::CONTENT_SECURITY_POLICY));
}

#[tokio::test]
async fn files_beside_the_pages_are_there() {
    let stand = stand(Vec::new()).await;
    let (_, headers, style) = stand.get(files::style_address()).await;
    assert!(style.len() < 14_000 && headers[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
    assert!(stand.get("/robots.txt").await.2.contains("Sitemap: https://directory.example.org/sitemap.xml"));
    let map = stand.get("/sitemap.xml").await.2;
    assert!(
        map.contains(&stand.path("events", "Repair café"))
            && !map.contains(&render::projected_service_id(stand.ids["Repair café"]).to_string())
    );
    assert!(stand.get("/.well-known/security.txt").await.2.contains("Expires: 2027-05-21T00:00:00.000Z"));
    assert_eq!(stand.send(Request::delete("/robots.txt").body(Body::empty()).unwrap()).await.0, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn the_first_page_has_one_box_and_every_family_of_needs() {
    let stand = stand(Vec::new()).await;
    let answer = home(&stand.site, &HeaderMap::new()).await;
    let page = String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap();
    assert!(
        page.contains("Home and housing") && page.contains("In danger now?") && page.contains("Last updated on 22 November 2026")
    );
    assert_eq!(page.matches("id=\"q\"").count(), 1);
}
