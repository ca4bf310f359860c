//! Crawling directories that have an Open Referral UK API and nothing else.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use fingerpost::federation::peers::{Outcome, PeerKind, Trust};
use serde_json::{Value, json};
use url::Url;

use crate::support::{
    On,
    network::Node,
    peer::{HostilePeer, Reply, Seen},
};

pub(super) fn asked(seen: &Seen, name: &str) -> Option<u64> {
    let url = Url::parse(&format!("http://x{}", seen.path)).unwrap();
    url.query_pairs().find(|(key, _)| key == name).and_then(|(_, value)| value.parse().ok())
}

pub(super) fn is_list(seen: &Seen) -> bool {
    seen.path.starts_with("/api/services?")
}

fn service(number: u64) -> Value {
    json!({
        "id": format!("service-{number}"), "name": format!("Club {number}"), "status": "active", "description": "A club.",
        "organization": {"id": "7", "name": "Holder", "description": "Holds clubs."}
    })
}

/// A service of the older standard.
fn older(number: u64) -> Value {
    json!({
        "id": format!("service-{number}"), "name": format!("Club {number}"), "status": "active", "description": "A club.",
        "organization": {"id": "7", "name": "Holder", "description": "Holds clubs."},
        "contacts": [{"id": "1", "name": "Desk", "title": "Desk", "phones": [{"id": "1", "number": "01632 960123"}]}],
        "regular_schedules": [{"id": "1", "opens_at": "10:00", "closes_at": "12:00", "byday": "TU", "freq": "WEEKLY"}],
        "service_at_locations": [], "eligibilitys": [{"id": "1", "eligibility": "Adults", "minimum_age": 18, "maximum_age": 99}]
    })
}

fn one(seen: &Seen, of: fn(u64) -> Value) -> Reply {
    let number = seen.path.rsplit("service-").next().and_then(|number| number.parse().ok());
    number.map_or_else(|| Reply::status(404), |number| Reply::json(of(number).to_string()))
}

/// A server of today's standard with 120 services, which a test can make worse.
pub(super) fn modern(seen: &Seen, change: impl Fn(u64, &mut Value)) -> Reply {
    if !is_list(seen) {
        return if seen.path.starts_with("/api/services/") { one(seen, service) } else { Reply::status(404) };
    }
    let (page, size) = (asked(seen, "page").unwrap_or(1), 50);
    let numbers = (page - 1) * size..(page * size).min(120);
    let items: Vec<Value> =
        numbers.map(|number| json!({"id": format!("service-{number}"), "name": format!("Club {number}")})).collect();
    let mut answer = json!({
        "total_items": 120, "total_pages": 3, "page_number": page, "size": items.len(), "first_page": page == 1, "last_page": page >= 3,
        "empty": items.is_empty(), "contents": items
    });
    change(page, &mut answer);
    Reply::json(answer.to_string())
}

pub(super) async fn start(
    on: On,
    script: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
) -> Option<(Node, HostilePeer, fingerpost::federation::peers::Peer)> {
    let here = Node::start(on, "Here").await?;
    let server = HostilePeer::start(script).await;
    let new = fingerpost::federation::neighbours::New {
        licence: Some("https://creativecommons.org/licenses/by/4.0/".to_owned()),
        ..crate::support::network::new(&server.url("/api"), Trust::Auto)
    };
    let peer = here.harvester().add_peer(new).await.unwrap();
    Some((here, server, peer))
}

/// What a list of organizations says, and each of them by itself.
fn organizations(seen: &Seen, names: &[(&str, &str)]) -> Option<Reply> {
    let whole =
        |(id, name): &(&str, &str)| json!({"id": id, "name": name, "description": "Helps.", "email": "desk@helpers.org.uk"});
    if seen.path.starts_with("/api/organizations?") {
        let items: Vec<Value> = names.iter().map(|(id, name)| json!({"id": id, "name": name})).collect();
        let page = json!({
            "total_items": items.len(), "total_pages": 1, "page_number": 1, "size": items.len(), "first_page": true, "last_page": true,
            "empty": items.is_empty(), "contents": items
        });
        return Some(Reply::json(page.to_string()));
    }
    let id = seen.path.strip_prefix("/api/organizations/")?;
    let found = names.iter().find(|one| one.0 == id);
    Some(found.map_or_else(|| Reply::status(404), |one| Reply::json(whole(one).to_string())))
}

async fn names_of_organizations(here: &Node) -> Vec<String> {
    let page = here.app.get("/organizations?per_page=1000").await.json();
    let mut names: Vec<String> =
        page["contents"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect();
    names.sort_unstable();
    names
}

async fn has_organizations(on: On) {
    let which = Arc::new(AtomicUsize::new(0));
    let now = which.clone();
    let script = move |seen: &Seen| {
        let names: &[(&str, &str)] = match now.load(Ordering::SeqCst) {
            0 => &[("7", "Holder, by its own word"), ("8", "Helpers without services")],
            1 => &[("9", "Newcomers")],
            _ => return modern(seen, |_, _| {}),
        };
        organizations(seen, names).unwrap_or_else(|| modern(seen, |_, _| {}))
    };
    let Some((here, server, peer)) = start(on, script).await else { return };
    let report = here.pull(&peer).await;
    assert_eq!((report.outcome, report.quarantined, here.services().await.len()), (Outcome::Ok, 0, 120), "{report:?}");
    assert_eq!(names_of_organizations(&here).await, ["Helpers without services", "Holder, by its own word"]);
    let requests = server.paths().len();
    let report = here.pull(&peer).await;
    assert_eq!((report.created, report.updated, report.deleted), (0, 0, 0), "{report:?}");
    assert!(server.paths().len() - requests <= 7, "what is as it was is not fetched: {:?}", &server.paths()[requests..]);
    // Two whole readings do not have it, and the server says that it is gone. Whoever holds services stays.
    which.store(1, Ordering::SeqCst);
    let (first, second) = (here.pull(&peer).await, here.pull(&peer).await);
    assert_eq!((first.deleted, second.deleted, first.created), (0, 1, 1), "{first:?} {second:?}");
    assert_eq!(names_of_organizations(&here).await, ["Holder, by its own word", "Newcomers"]);
    assert_eq!(here.services().await.len(), 120);
    // An API that has no such list any more has lost none of them.
    which.store(2, Ordering::SeqCst);
    for _ in 0..3 {
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.deleted, report.held_deletes), (Outcome::Ok, 0, 0), "{report:?}");
    }
    assert_eq!(names_of_organizations(&here).await, ["Holder, by its own word", "Newcomers"]);
    here.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn organizations_without_services_are_read_where_an_api_lists_them_on_sqlite() {
    Box::pin(has_organizations(On::Sqlite)).await;
}
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn organizations_without_services_are_read_where_an_api_lists_them_on_postgres() {
    Box::pin(has_organizations(On::Postgres)).await;
}

/// Do this to the database, past the directory.
async fn hand_at(here: &Node, sql: &str) {
    let db = sea_orm::Database::connect(here.app.config.database_url.as_str()).await.unwrap();
    assert_eq!(sea_orm::ConnectionTrait::execute_unprepared(&db, sql).await.unwrap().rows_affected(), 1, "{sql}");
    db.close().await.unwrap();
}

async fn is_damaged(on: On) {
    let Some((here, _server, peer)) = start(on, |seen: &Seen| modern(seen, |_, _| {})).await else { return };
    here.pull(&peer).await;
    let before = (here.services().await, names_of_organizations(&here).await);
    hand_at(&here, "DELETE FROM record WHERE document LIKE '%Club 17%'").await;
    hand_at(
        &here,
        "UPDATE record SET document = replace(document, 'Club 18', 'Club of thieves') WHERE document LIKE '%Club 18%'",
    )
    .await;
    here.app.clock.set(here.app.clock.now() + chrono::Duration::days(6));
    assert_eq!(here.pull(&peer).await.left_out.get("damaged"), None, "looked for once a week");
    here.app.clock.set(here.app.clock.now() + chrono::Duration::days(2));
    let report = here.pull(&peer).await;
    assert_eq!((report.outcome, report.left_out.get("damaged").copied()), (Outcome::Ok, Some(2)), "{report:?}");
    assert_eq!((here.services().await, names_of_organizations(&here).await), before);
    for name in ["Club 17", "Club 18"] {
        let mended = here.app.app().records.by_kind(fingerpost::model::Kind::Service, None, 1_000).await.unwrap();
        assert!(mended.iter().any(|stored| stored.document.contains(&format!("{name}\""))), "{name}");
    }
    here.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_44_what_was_lost_or_changed_of_a_plain_api_is_fetched_again_within_a_week_on_sqlite() {
    Box::pin(is_damaged(On::Sqlite)).await;
}
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_44_what_was_lost_or_changed_of_a_plain_api_is_fetched_again_within_a_week_on_postgres() {
    Box::pin(is_damaged(On::Postgres)).await;
}

async fn fails_to_say_what_it_is(on: On) {
    let Some(here) = Node::start(on, "Here").await else { return };
    let fails = Arc::new(AtomicBool::new(true));
    let failing = fails.clone();
    let server = HostilePeer::start(move |seen: &Seen| match seen.path.as_str() {
        "/.well-known/open-directory" if failing.load(Ordering::SeqCst) => Reply::status(503),
        _ => modern(seen, |_, _| {}),
    })
    .await;
    let new = fingerpost::federation::neighbours::New {
        licence: Some("https://creativecommons.org/licenses/by/4.0/".to_owned()),
        ..crate::support::network::new(&server.url("/api"), Trust::Auto)
    };
    let refused = here.harvester().add_peer(new.clone()).await.unwrap_err().to_string();
    assert!(refused.contains("503") && refused.contains("try again later"), "it may be a directory with keys: {refused}");
    fails.store(false, Ordering::SeqCst);
    assert_eq!(here.harvester().add_peer(new).await.unwrap().kind, PeerKind::Oruk3, "a 404 says that it is none");
}

#[tokio::test]
async fn whoever_fails_to_say_what_they_are_is_not_taken_for_a_plain_api_on_sqlite() {
    Box::pin(fails_to_say_what_it_is(On::Sqlite)).await;
}

#[tokio::test]
async fn whoever_fails_to_say_what_they_are_is_not_taken_for_a_plain_api_on_postgres() {
    Box::pin(fails_to_say_what_it_is(On::Postgres)).await;
}

async fn loses_a_page(on: On) {
    let broken = Arc::new(AtomicBool::new(false));
    let breaks = broken.clone();
    let script = move |seen: &Seen| {
        if is_list(seen) && asked(seen, "page") == Some(2) && breaks.load(Ordering::SeqCst) {
            Reply::status(500)
        } else {
            modern(seen, |_, _| {})
        }
    };
    let Some((here, _server, peer)) = start(on, script).await else { return };
    assert_eq!(peer.kind, PeerKind::Oruk3, "found out by asking");
    assert_eq!((here.pull(&peer).await.outcome, here.services().await.len()), (Outcome::Ok, 120));
    broken.store(true, Ordering::SeqCst);
    for _ in 0..4 {
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.deleted, report.held_deletes), (Outcome::Failed, 0, 0), "{report:?}");
    }
    assert_eq!(here.services().await.len(), 120);
    here.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_35_a_crawl_that_loses_a_page_deletes_nothing_on_sqlite() {
    Box::pin(loses_a_page(On::Sqlite)).await;
}
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_35_a_crawl_that_loses_a_page_deletes_nothing_on_postgres() {
    Box::pin(loses_a_page(On::Postgres)).await;
}

/// A server whose rows shift while it is read: once its first page has been sent, the eleventh row moves to the end, so
/// that the first row of the second page is on neither.
fn shifting(seen: &Seen, gone: bool) -> Reply {
    if seen.path.ends_with("/service-50") && gone {
        return Reply::status(404);
    }
    modern(seen, |page, answer| {
        let mut order: Vec<u64> = (0..120).collect();
        if page > 1 {
            let moved = order.remove(10);
            order.push(moved);
        }
        let items = answer["contents"].as_array_mut().unwrap();
        for (at, item) in (usize::try_from(page - 1).unwrap() * 50..).zip(items) {
            *item = json!({"id": format!("service-{}", order[at]), "name": format!("Club {}", order[at])});
        }
    })
}

async fn shifts(on: On) {
    let shifts = Arc::new(AtomicUsize::new(0));
    let now = shifts.clone();
    let script = move |seen: &Seen| match now.load(Ordering::SeqCst) {
        0 => modern(seen, |_, _| {}),
        1 => shifting(seen, false),
        _ => shifting(seen, true),
    };
    let Some((here, server, peer)) = start(on, script).await else { return };
    assert_eq!((here.pull(&peer).await.outcome, here.services().await.len()), (Outcome::Ok, 120));
    let before = here.state(&peer).await;
    shifts.store(1, Ordering::SeqCst);
    for _ in 0..4 {
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.deleted, report.held_deletes), (Outcome::Ok, 0, 0), "{report:?}");
    }
    assert!(server.paths().iter().filter(|path| path.ends_with("/service-50")).count() >= 2, "it was asked whether it is there");
    assert_eq!(here.state(&peer).await, before, "it is on no page, and is still there");
    shifts.store(2, Ordering::SeqCst);
    let mut deleted = 0;
    for _ in 0..3 {
        deleted += here.pull(&peer).await.deleted;
    }
    assert_eq!((deleted, here.services().await.len()), (1, 119), "and this one is gone");
    here.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_35_rows_that_shift_while_they_are_read_are_not_taken_for_gone_on_sqlite() {
    Box::pin(shifts(On::Sqlite)).await;
}
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_35_rows_that_shift_while_they_are_read_are_not_taken_for_gone_on_postgres() {
    Box::pin(shifts(On::Postgres)).await;
}

async fn becomes_empty(on: On) {
    let emptied = Arc::new(AtomicBool::new(false));
    let empty = emptied.clone();
    let script = move |seen: &Seen| {
        let gone = empty.load(Ordering::SeqCst);
        modern(seen, |_, answer| {
            if gone {
                *answer = json!({"total_items": 0, "total_pages": 1, "page_number": 1, "size": 0, "last_page": true, "empty": true, "contents": []});
            }
        })
    };
    let Some((here, _server, peer)) = start(on, script).await else { return };
    here.pull(&peer).await;
    emptied.store(true, Ordering::SeqCst);
    let report = here.pull(&peer).await;
    assert_eq!((report.outcome, report.error.map(|trouble| trouble.code)), (Outcome::Held, Some("suddenly-empty".to_owned())));
    assert_eq!(here.services().await.len(), 120);
    // It is mended before somebody releases it: nothing happens.
    emptied.store(false, Ordering::SeqCst);
    here.harvester().release_peer(&peer.id.to_string()).await.unwrap();
    let report = here.pull(&peer).await;
    assert_eq!((report.outcome, report.deleted, here.services().await.len()), (Outcome::Ok, 0, 120), "{report:?}");
    emptied.store(true, Ordering::SeqCst);
    assert_eq!(here.pull(&peer).await.outcome, Outcome::Held, "once more");
    // Somebody has asked them: it is true.
    here.harvester().release_peer(&peer.id.to_string()).await.unwrap();
    assert_eq!((here.pull(&peer).await.outcome, here.services().await.len()), (Outcome::Ok, 0));
    emptied.store(false, Ordering::SeqCst);
    assert_eq!(
        (here.pull(&peer).await.outcome, here.services().await.len()),
        (Outcome::Ok, 120),
        "what comes again is here again"
    );
    here.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_32_a_list_that_is_suddenly_empty_is_held_on_sqlite() {
    Box::pin(becomes_empty(On::Sqlite)).await;
}
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_32_a_list_that_is_suddenly_empty_is_held_on_postgres() {
    Box::pin(becomes_empty(On::Postgres)).await;
}

/// A server of the older standard with 70 services that counts its pages from `first`.
fn ancient(seen: &Seen, first: u64) -> Reply {
    if !is_list(seen) {
        return if seen.path.starts_with("/api/services/") { one(seen, older) } else { Reply::status(404) };
    }
    let page = asked(seen, "page").unwrap_or(first).max(first) - first;
    let numbers = page * 50..((page + 1) * 50).min(70);
    let items: Vec<Value> =
        numbers.map(|number| json!({"id": format!("service-{number}"), "name": format!("Club {number}")})).collect();
    Reply::json(json!({"totalElements": 70, "totalPages": 2, "number": page + first, "size": 50, "first": page == 0, "last": page >= 1, "content": items}).to_string())
}

async fn is_older(on: On) {
    for first in [0, 1] {
        let Some((here, _server, peer)) = start(on, move |seen| ancient(seen, first)).await else { return };
        assert_eq!(peer.kind, PeerKind::Oruk1, "found out by asking");
        let report = here.pull(&peer).await;
        assert_eq!(
            (report.outcome, report.quarantined, here.services().await.len()),
            (Outcome::Ok, 0, 70),
            "from {first}: {report:?}"
        );
        let full = here.app.get("/services?full=true&per_page=1").await.json()["contents"][0].clone();
        assert_eq!(full["schedules"][0]["opens_at"], "10:00");
        assert_eq!(full["minimum_age"], 18);
        assert_eq!(full["provenance"]["evidence"], "attested");
        here.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_of_the_older_standard_is_read_wherever_it_begins_to_count_on_sqlite() {
    Box::pin(is_older(On::Sqlite)).await;
}
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_of_the_older_standard_is_read_wherever_it_begins_to_count_on_postgres() {
    Box::pin(is_older(On::Postgres)).await;
}

fn is_service(seen: &Seen) -> bool {
    seen.path.starts_with("/api/services/")
}

async fn asks_us_to_wait(on: On) {
    let left = Arc::new(AtomicUsize::new(10));
    let allowance = left.clone();
    let script = move |seen: &Seen| {
        let is_spent = || allowance.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_err();
        if is_service(seen) && is_spent() { Reply::status(429).with("retry-after", "3600") } else { modern(seen, |_, _| {}) }
    };
    let Some((here, server, peer)) = start(on, script).await else { return };
    let report = here.pull(&peer).await;
    assert_eq!(
        (report.outcome, report.error.map(|trouble| trouble.code)),
        (Outcome::Failed, Some("too-many-requests".to_owned()))
    );
    let came = here.services().await.len();
    assert!((9..=10).contains(&came), "what came stays: {came}");
    let asked = || server.paths().iter().filter(|path| path.contains("/services/")).count();
    assert!(asked() <= 13, "nobody is asked on and on who asks us to wait: {}", asked());
    let wait = here.peer(&peer).await.next_due_at - here.app.clock.now();
    assert_eq!(wait.num_seconds(), 3_600);
    left.store(1_000, Ordering::SeqCst);
    let before = asked();
    assert_eq!((here.pull(&peer).await.outcome, here.services().await.len()), (Outcome::Ok, 120));
    assert_eq!(asked() - before, 120 - came, "and goes on where it was");
    here.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_29_a_server_that_asks_us_to_wait_in_the_middle_of_a_page_is_left_alone_on_sqlite() {
    Box::pin(asks_us_to_wait(On::Sqlite)).await;
}
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_29_a_server_that_asks_us_to_wait_in_the_middle_of_a_page_is_left_alone_on_postgres() {
    Box::pin(asks_us_to_wait(On::Postgres)).await;
}

async fn changes_what_its_list_does_not_show(on: On) {
    let changed = Arc::new(AtomicBool::new(false));
    let is_changed = changed.clone();
    let script = move |seen: &Seen| {
        if is_service(seen) && is_changed.load(Ordering::SeqCst) {
            one(seen, |number| {
                let mut service = service(number);
                service["description"] = json!("Another club.");
                service
            })
        } else {
            modern(seen, |_, _| {})
        }
    };
    let Some((here, _server, peer)) = start(on, script).await else { return };
    here.pull(&peer).await;
    changed.store(true, Ordering::SeqCst);
    assert_eq!(
        here.pull(&peer).await.requests,
        6,
        "what robots may do, the list, which looks as before, and that there is no other"
    );
    let mut updated = Vec::new();
    for _ in 0..7 {
        here.app.clock.set(here.app.clock.now() + chrono::Duration::days(1));
        updated.push(here.pull(&peer).await.updated);
    }
    assert_eq!(updated.iter().sum::<u64>(), 120, "within a week everything is fetched once more: {updated:?}");
    assert!(updated.iter().all(|many| (1..=40).contains(many)), "about a seventh a day: {updated:?}");
    here.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_changes_where_its_list_does_not_show_it_is_fetched_within_a_week_on_sqlite() {
    Box::pin(changes_what_its_list_does_not_show(On::Sqlite)).await;
}
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_changes_where_its_list_does_not_show_it_is_fetched_within_a_week_on_postgres() {
    Box::pin(changes_what_its_list_does_not_show(On::Postgres)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_that_does_not_say_how_many_there_are_is_told_of() {
    let script = |seen: &Seen| {
        modern(seen, |_, answer| {
            answer.as_object_mut().unwrap().remove("total_items");
        })
    };
    let Some((here, _server, peer)) = start(On::Sqlite, script).await else { return };
    let report = here.pull(&peer).await;
    assert_eq!((report.outcome, report.left_out.get("not-whole")), (Outcome::Ok, Some(&1)), "{report:?}");
    let shown = here.harvester().describe_peer(&here.peer(&peer).await).await.unwrap();
    assert!(shown.advice.contains("stay here"), "{}", shown.advice);
    here.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_adds_a_server_that_asks_to_wait_is_told_so() {
    let Some(here) = Node::start(On::Sqlite, "Here").await else { return };
    let server = HostilePeer::start(|_| Reply::status(503).with("retry-after", "90")).await;
    let refused = here.harvester().add_peer(crate::support::network::new(&server.url("/api"), Trust::Auto)).await.unwrap_err();
    assert!(refused.to_string().contains("asks us to wait; try again in 90 seconds"), "{refused}");
    here.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_answers_json_to_whatever_is_asked_is_no_broken_directory() {
    let script = |seen: &Seen| match seen.path.as_str() {
        "/.well-known/open-directory" => Reply::json(json!({"message": "Not found"}).to_string()),
        _ => modern(seen, |_, _| {}),
    };
    let Some((here, _server, peer)) = start(On::Sqlite, script).await else { return };
    assert_eq!(peer.kind, PeerKind::Oruk3);
    here.end().await;
}

async fn is_under_maintenance(on: On) {
    let script = |seen: &Seen| match seen.path.as_str() {
        "/api/services/service-7" => Reply::Full { status: 200, headers: vec![], body: b"<html>Back soon</html>".to_vec() }
            .with("content-type", "text/html"),
        _ => modern(seen, |_, _| {}),
    };
    let Some((here, server, peer)) = start(on, script).await else { return };
    let report = here.pull(&peer).await;
    assert_eq!((report.outcome, report.quarantined, here.services().await.len()), (Outcome::Ok, 1, 119), "{report:?}");
    let shown = here.harvester().describe_peer(&here.peer(&peer).await).await.unwrap();
    let why = format!("{} returns text/html instead of JSON", server.url("/api/services/service-7"));
    assert_eq!((shown.not_taken[0].code.as_str(), &shown.not_taken[0].detail), ("not-answered", &why));
    here.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_for_people_in_place_of_a_record_is_said_to_be_one_on_sqlite() {
    Box::pin(is_under_maintenance(On::Sqlite)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_for_people_in_place_of_a_record_is_said_to_be_one_on_postgres() {
    Box::pin(is_under_maintenance(On::Postgres)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_adds_an_address_that_leads_to_another_host_is_told_what_to_add_instead() {
    let Some(here) = Node::start(On::Sqlite, "Here").await else { return };
    let server = HostilePeer::start(|seen| Reply::redirect(301, format!("https://www.luton.example.org{}", seen.path))).await;
    let refused = here.harvester().add_peer(crate::support::network::new(&server.url("/api"), Trust::Auto)).await.unwrap_err();
    let said = refused.to_string();
    assert!(
        said.contains("https://www.luton.example.org/") && said.ends_with("; if that is their address, add it instead"),
        "{said}"
    );
    here.end().await;
}

async fn does_not_want_robots(on: On) {
    let refuses = Arc::new(AtomicBool::new(false));
    let now = refuses.clone();
    let script = move |seen: &Seen| match seen.path.as_str() {
        "/robots.txt" if now.load(Ordering::SeqCst) => {
            let body = b"User-agent: *\nDisallow: /api/\n".to_vec();
            Reply::Full { status: 200, headers: Vec::new(), body }.with("content-type", "text/plain; charset=utf-8")
        }
        _ => modern(seen, |_, _| {}),
    };
    let Some((here, server, peer)) = start(on, script).await else { return };
    assert_eq!((here.pull(&peer).await.outcome, here.services().await.len()), (Outcome::Ok, 120));
    refuses.store(true, Ordering::SeqCst);
    let before = (here.state(&peer).await, server.paths().len());
    let report = here.pull(&peer).await;
    assert_eq!((report.outcome, report.error.unwrap().code.as_str()), (Outcome::Failed, "robots"));
    assert_eq!(server.paths().split_off(before.1), ["/robots.txt"], "nothing else is asked");
    assert_eq!(here.state(&peer).await, before.0);
    refuses.store(false, Ordering::SeqCst);
    assert_eq!(here.pull(&peer).await.outcome, Outcome::Ok);
    here.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_that_its_server_does_not_let_programs_read_is_not_read_on_sqlite() {
    Box::pin(does_not_want_robots(On::Sqlite)).await;
}
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_that_its_server_does_not_let_programs_read_is_not_read_on_postgres() {
    Box::pin(does_not_want_robots(On::Postgres)).await;
}

async fn asks_to_wait_for_its_robots(on: On) {
    let script = |seen: &Seen| match seen.path.as_str() {
        "/robots.txt" => Reply::status(429).with("retry-after", "7200"),
        _ => modern(seen, |_, _| {}),
    };
    let Some((here, server, peer)) = start(on, script).await else { return };
    let asked = server.paths().len();
    let report = here.pull(&peer).await;
    assert_eq!((report.outcome, report.error.unwrap().code.as_str()), (Outcome::Failed, "too-many-requests"));
    assert_eq!(server.paths().split_off(asked), ["/robots.txt"], "nothing else is asked");
    assert_eq!((here.peer(&peer).await.next_due_at - here.app.clock.now()).num_seconds(), 7_200);
    here.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_29_a_server_that_asks_us_to_wait_for_its_robots_is_left_alone_on_sqlite() {
    Box::pin(asks_to_wait_for_its_robots(On::Sqlite)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_29_a_server_that_asks_us_to_wait_for_its_robots_is_left_alone_on_postgres() {
    Box::pin(asks_to_wait_for_its_robots(On::Postgres)).await;
}
