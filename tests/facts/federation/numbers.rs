//! Numbers that programs read differently: what becomes of a record that has one, by whichever way it comes.

use fingerpost::{
    federation::peers::{Outcome, Trust},
    model::Kind,
};
use serde_json::{Value, json};

use super::crawls::{is_list, start};
use crate::support::{
    On, liar,
    network::{self, Node, fact_of_a_liar},
    peer::{HostilePeer, Reply, Seen},
};

/// 2^53 + 1: the first whole number that a double cannot hold.
const BEYOND: u64 = 9_007_199_254_740_993;

async fn tells_ids_of_many_digits(on: On) {
    const LONG: &str = "12345678901234567890123";
    let script = |seen: &Seen| {
        if is_list(seen) {
            let items = format!(r#"{{"id": {LONG}, "name": "Tea"}}, {{"id": {LONG}4, "name": "Coffee"}}"#);
            return Reply::json(format!(r#"{{"total_items": 2, "total_pages": 1, "last_page": true, "contents": [{items}]}}"#));
        }
        let Some(id) = seen.path.strip_prefix("/api/services/") else { return Reply::status(404) };
        let name = if id == LONG { "Tea" } else { "Coffee" };
        Reply::json(format!(
            r#"{{"id": {id}, "name": "{name}", "status": "active", "local_count": {LONG}, "organization": {{"id": {LONG}, "name": "Holder", "description": "Holds."}}}}"#
        ))
    };
    let Some((here, _server, peer)) = start(on, script).await else { return };
    let report = here.pull(&peer).await;
    assert_eq!((report.outcome, report.created), (Outcome::Ok, 2), "{report:?}");
    assert_eq!(report.left_out.get("dropped-part"), Some(&2), "the counts: {report:?}");
    assert_eq!(here.services().await, ["Coffee", "Tea"]);
    let sources = here.app.get("/services?full=true").await.text();
    assert!(sources.contains(&format!("\"id\":\"{LONG}4\"")), "what its source calls it: {sources}");
    here.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_of_more_digits_than_a_number_can_keep_stay_apart_on_sqlite() {
    Box::pin(tells_ids_of_many_digits(On::Sqlite)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_of_more_digits_than_a_number_can_keep_stay_apart_on_postgres() {
    Box::pin(tells_ids_of_many_digits(On::Postgres)).await;
}

async fn tells_numbers_that_are_not_exact(on: On) {
    let script = |seen: &Seen| {
        if is_list(seen) {
            let page = json!({"total_items": 1, "total_pages": 1, "last_page": true, "contents": [{"id": "tea", "name": "Tea"}]});
            return Reply::json(page.to_string());
        }
        let holder = json!({"id": "holder", "name": "Holder", "description": "Holds.", "year_incorporated": BEYOND});
        let service = json!({
            "id": "tea", "name": "Tea", "status": "active", "minimum_age": BEYOND, "local_serial": BEYOND, "organization": holder
        });
        if seen.path == "/api/services/tea" { Reply::json(service.to_string()) } else { Reply::status(404) }
    };
    let Some((here, _server, peer)) = start(on, script).await else { return };
    let report = here.pull(&peer).await;
    assert_eq!((report.outcome, report.created, report.quarantined), (Outcome::Ok, 1, 0), "{report:?}");
    assert_eq!(report.left_out.get("dropped-part"), Some(&2), "an age and a year that nothing has: {report:?}");
    let service = here.app.get("/services?full=true").await.json()["contents"][0].clone();
    assert_eq!((&service["minimum_age"], &service["local_serial"]), (&Value::Null, &json!(BEYOND.to_string())), "{service}");
    here.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_that_is_not_exact_costs_a_plain_source_that_member_and_not_the_record_on_sqlite() {
    Box::pin(tells_numbers_that_are_not_exact(On::Sqlite)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_that_is_not_exact_costs_a_plain_source_that_member_and_not_the_record_on_postgres() {
    Box::pin(tells_numbers_that_are_not_exact(On::Postgres)).await;
}

/// A service with a number that its members may have, and one that nobody may.
fn counting() -> Value {
    let mut service = liar::service(0);
    (service["minimum_age"], service["local_serial"]) = (json!(BEYOND), json!(BEYOND));
    service
}

fact_of_a_liar! {
    async fn a_number_that_is_not_exact_costs_an_unsigned_feed_that_member_and_not_the_record(here, liar) {
        liar.tell_services(2);
        liar.tell(Kind::Service, liar::id("service 0"), Some(counting()));
        liar.twist(|_, said| Reply::json(liar::unsigned(said).to_string()));
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        assert_eq!(peer.pinned_keys, None, "it signs nothing");
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.created, report.quarantined), (Outcome::Ok, 3, 0), "{report:?}");
        assert_eq!(report.left_out.get("dropped-part"), Some(&1), "{report:?}");
        let all = here.app.get("/services?full=true").await.json();
        let serials: Vec<&Value> = all["contents"].as_array().unwrap().iter().map(|one| &one["local_serial"]).filter(|serial| !serial.is_null()).collect();
        assert_eq!(serials, [&json!(BEYOND.to_string())], "{all}");
    }
}

fact_of_a_liar! {
    async fn nothing_is_left_out_of_what_is_signed_so_a_number_that_is_not_exact_is_named_to_whoever_can_mend_it(here, liar) {
        let peer = here.follows_services_of(&liar, 2).await;
        let before = here.state(&peer).await;
        liar.tell(Kind::Service, liar::id("service 0"), Some(counting()));
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.updated, report.quarantined), (Outcome::Ok, 0, 1), "{report:?}");
        assert_eq!(here.quarantine(&peer).await, [("inexact-number".to_owned(), 1)]);
        let told = here.harvester().describe_peer(&here.peer(&peer).await).await.unwrap().not_taken.remove(0).detail;
        assert!(told.starts_with("local_serial is a whole number beyond 2^53"), "{told}");
        assert!(told.ends_with("its publisher has to send it as text"), "{told}");
        assert_eq!(here.state(&peer).await.published, before.published, "what stood before stays");
        // They have done so.
        let mut mended = counting();
        (mended["minimum_age"], mended["local_serial"]) = (json!(18), json!(BEYOND.to_string()));
        liar.tell(Kind::Service, liar::id("service 0"), Some(mended));
        assert_eq!((here.pull(&peer).await.updated, here.quarantine(&peer).await), (1, Vec::new()));
    }
}

fact_of_a_liar! {
    async fn a_page_of_more_such_numbers_than_can_be_noted_is_refused_with_a_reason(here, liar) {
        let peer = here.follows_services_of(&liar, 2).await;
        let before = here.state(&peer).await;
        liar.tell(Kind::Service, liar::id("service 9"), Some(liar::service(9)));
        liar.lately();
        liar.twist(|seen, mut said| {
            if seen.is_feed() {
                said["extra"] = json!(vec![BEYOND; 100_000]);
            }
            Reply::json(said.to_string())
        });
        let report = here.pull(&peer).await;
        let trouble = report.error.unwrap();
        assert_eq!((report.outcome, trouble.code.as_str()), (Outcome::Failed, "bad-json"));
        assert!(trouble.detail.contains("too many numbers with more digits than a number can keep"), "{}", trouble.detail);
        assert_eq!((here.state(&peer).await, liar.lately()), (before, vec!["changes after 3".to_owned()]));
        liar.repent();
        assert_eq!(here.pull(&peer).await.created, 1);
    }
}

/// A feed of two sessions whose numbers differ in the last of more digits than a number can keep.
fn feed(seen: &Seen) -> Reply {
    let next = format!("http://{}/feed?afterChangeNumber=2", seen.header("host").unwrap());
    let item = |id: &str, name: &str| {
        format!(
            r#"{{"state": "updated", "kind": "Event", "id": {id}, "modified": 1, "data": {{"type": "Event", "identifier": {id}, "name": "{name}",
            "startDate": "2026-12-01T10:00:00Z", "endDate": "2026-12-01T11:00:00Z"}}}}"#
        )
    };
    let items = match seen.path.as_str() {
        "/feed" => format!("{}, {}", item("12345678901234567890123", "Tea"), item("12345678901234567890124", "Coffee")),
        "/feed?afterChangeNumber=2" => String::new(),
        _ => return Reply::status(404),
    };
    let licence = "https://creativecommons.org/licenses/by/4.0/";
    Reply::json(format!(r#"{{"next": "{next}", "items": [{items}], "license": "{licence}"}}"#))
}

async fn tells_sessions_by_long_numbers(on: On) {
    let Some(here) = Node::start(on, "Here").await else { return };
    let server = HostilePeer::start(feed).await;
    let peer = here.harvester().add_peer(network::new(&server.url("/feed"), Trust::Auto)).await.unwrap();
    let report = here.pull(&peer).await;
    assert_eq!((report.outcome, report.quarantined), (Outcome::Ok, 0), "{report:?}");
    let events = here.app.get("/events").await.json();
    let mut names: Vec<&str> =
        events["contents"].as_array().unwrap().iter().map(|event| event["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["Coffee", "Tea"], "two numbers, two sessions");
    here.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_whose_numbers_are_longer_than_a_number_can_keep_stay_apart_on_sqlite() {
    Box::pin(tells_sessions_by_long_numbers(On::Sqlite)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_whose_numbers_are_longer_than_a_number_can_keep_stay_apart_on_postgres() {
    Box::pin(tells_sessions_by_long_numbers(On::Postgres)).await;
}
