//! Following OpenActive feeds. Each fact looks at what can be seen here before and after.

use std::sync::{Arc, Mutex};

use chrono::Duration;
use fingerpost::federation::peers::{self, Outcome, Peer, PeerKind, PeerState, Report, Trust};
use serde_json::{Value, json};
use url::Url;

use crate::support::{
    network::{self, Node, fact_between},
    peer::{HostilePeer, Reply, Seen},
};

/// A leisure centre with a page that names two feeds: one of series, one of their dates.
struct Centre {
    server: HostilePeer,
    feeds: Arc<Mutex<Feeds>>,
}

#[derive(Default)]
struct Feeds {
    /// Items of each feed, in order of their numbers.
    series: Vec<Value>,
    sessions: Vec<Value>,
    number: i64,
    page_items: usize,
    next_elsewhere: bool,
    in_circles: bool,
    broken: bool,
    says_304: bool,
    /// Whether its end names its own address with the parameters the other way round.
    turns: bool,
}

impl Feeds {
    fn page(&self, seen: &Seen) -> Reply {
        let url = Url::parse(&format!("http://x{}", seen.path)).unwrap();
        let items = if url.path() == "/series" { &self.series } else { &self.sessions };
        let after =
            url.query_pairs().find(|(name, _)| name == "afterChangeNumber").map_or(0, |(_, number)| number.parse().unwrap());
        let some: Vec<&Value> =
            items.iter().filter(|item| item["modified"].as_i64().unwrap() > after).take(self.page_items.max(1)).collect();
        let host = if self.next_elsewhere { "elsewhere.example.org" } else { seen.header("host").unwrap() };
        let next = match some.last() {
            Some(_) if self.in_circles => format!("http://{host}{}?afterChangeNumber={}", url.path(), after ^ 1),
            Some(last) if self.turns => format!("http://{host}{}?afterChangeNumber={}&of=500", url.path(), last["modified"]),
            Some(last) => format!("http://{host}{}?afterChangeNumber={}", url.path(), last["modified"]),
            None if self.turns => {
                let turned: Vec<&str> = url.query().unwrap_or_default().rsplit('&').collect();
                format!("http://{host}{}?{}", url.path(), turned.join("&"))
            }
            None => format!("http://{host}{}", seen.path),
        };
        let page = json!({"next": next, "items": some, "license": "https://creativecommons.org/licenses/by/4.0/"});
        Reply::json(page.to_string()).with("content-type", "application/vnd.openactive.rpde+json; version=1")
    }
}

impl Centre {
    async fn start() -> Self {
        let feeds = Arc::new(Mutex::new(Feeds { page_items: 500, ..Feeds::default() }));
        let said = feeds.clone();
        let server = HostilePeer::start(move |seen: &Seen| {
            let feeds = said.lock().unwrap();
            let host = seen.header("host").unwrap();
            match seen.path.split('?').next().unwrap() {
                "/data" => {
                    let html = format!(
                        r#"<html><script type="application/ld+json">{{"@type": "Dataset", "publisher": {{"name": "Vale Leisure"}},
                        "license": "https://creativecommons.org/licenses/by/4.0/", "distribution": [
                        {{"name": "ScheduledSession", "contentUrl": "http://{host}/sessions"}},
                        {{"name": "SessionSeries", "contentUrl": "http://{host}/series"}}]}}</script></html>"#
                    );
                    Reply::Full { status: 200, headers: vec![], body: html.into_bytes() }.with("content-type", "text/html")
                }
                "/series" | "/sessions" if feeds.broken => Reply::status(500),
                "/series" | "/sessions" if feeds.says_304 => Reply::status(304),
                "/series" | "/sessions" => feeds.page(seen),
                _ => Reply::status(404),
            }
        })
        .await;
        Self { server, feeds }
    }

    fn change(&self, with: impl FnOnce(&mut Feeds)) {
        with(&mut self.feeds.lock().unwrap());
    }

    /// Tell something of a series; none: it is gone.
    fn series(&self, number: usize, data: Option<Value>) {
        self.change(|feeds| {
            feeds.number += 1;
            put(&mut feeds.series, "SessionSeries", number, feeds.number, data);
        });
    }

    /// Tell something of a date; none: it is gone.
    fn session(&self, number: usize, data: Option<Value>) {
        self.change(|feeds| {
            feeds.number += 1;
            put(&mut feeds.sessions, "ScheduledSession", number, feeds.number, data);
        });
    }

    async fn followed_by(&self, here: &Node) -> Peer {
        here.follows(&self.server.url("/data"), Trust::Auto).await
    }
}

fn put(items: &mut Vec<Value>, kind: &str, id: usize, number: i64, data: Option<Value>) {
    items.retain(|item| item["id"] != id);
    let state = if data.is_some() { "updated" } else { "deleted" };
    let mut item = json!({"state": state, "kind": kind, "id": id, "modified": number});
    if let Some(data) = data {
        item["data"] = data;
    }
    items.push(item);
}

fn series(number: usize) -> Value {
    json!({
        "type": "SessionSeries", "@id": format!("https://vale.example.org/series/{number}"), "name": format!("Yoga {number}"), "duration": "PT1H",
        "url": format!("https://vale.example.org/yoga/{number}"), "leader": [{"type": "Person", "name": "Sheila Hopcroft"}],
        "organizer": {"type": "Organization", "name": "Vale Leisure"},
        "location": {"type": "Place", "name": "Vale Centre", "address": {"streetAddress": "1 Vale Road", "addressLocality": "Luton", "postalCode": "LU3 9XQ"}},
        "activity": {"id": "https://openactive.io/activity-list#yoga", "prefLabel": "Yoga", "inScheme": "https://openactive.io/activity-list"}
    })
}

fn session(series: usize, day: usize) -> Value {
    json!({
        "type": "ScheduledSession", "superEvent": format!("https://vale.example.org/series/{series}"),
        "startDate": format!("2026-12-{day:02}T10:00:00Z"), "endDate": format!("2026-12-{day:02}T11:00:00Z")
    })
}

async fn listed(here: &Node) -> Vec<Value> {
    let mut found = here.app.get("/events?full=true&per_page=1000").await.json()["contents"].as_array().unwrap().clone();
    found.sort_by_key(|event| event["name"].as_str().unwrap_or_default().to_owned());
    found
}

async fn names(here: &Node) -> Vec<String> {
    listed(here).await.iter().map(|event| event["name"].as_str().unwrap().to_owned()).collect()
}

/// The starts of an event's dates.
fn starts(event: &Value) -> Vec<&str> {
    let further = event["rdates"].as_array().into_iter().flatten();
    std::iter::once(&event["start"]).chain(further).map(|at| at.as_str().unwrap()).collect()
}

fn code(report: &Report) -> &str {
    report.error.as_ref().map_or("", |trouble| &trouble.code)
}

/// A fact about a directory that follows a leisure centre.
macro_rules! fact_of_a_centre {
    (async fn $name:ident($here:ident, $centre:ident) $body:block) => {
        fact_between! { async fn $name($here = |on| Node::start(on, "Here"); $centre = Centre::start()) $body }
    };
}

fact_of_a_centre! {
    async fn series_and_their_dates_become_events_that_follow_every_change(here, centre) {
        centre.series(1, Some(series(1)));
        for day in [1, 8, 15] {
            centre.session(day, Some(session(1, day)));
        }
        let peer = centre.followed_by(&here).await;
        assert_eq!((peer.kind, peer.name.as_str()), (PeerKind::OpenActive, "Vale Leisure"), "found out by asking");
        assert_eq!(peer.licence.as_deref(), Some("https://creativecommons.org/licenses/by/4.0/"));
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.created, report.error.clone()), (Outcome::Ok, 1, None), "{report:?}");
        let event = listed(&here).await.remove(0);
        assert_eq!(starts(&event), ["2026-12-01T10:00:00", "2026-12-08T10:00:00", "2026-12-15T10:00:00"]);
        assert_eq!((&event["organization"]["name"], &event["location"]["name"]), (&json!("Vale Leisure"), &json!("Vale Centre")));
        assert_eq!(event["attributes"][0]["taxonomy_term"]["term_uri"], "https://openactive.io/activity-list#yoga");
        assert_eq!(event["provenance"]["url"], "https://vale.example.org/yoga/1");
        assert!(here.app.files_with("Sheila Hopcroft").is_empty(), "people are not kept");

        let before = here.state(&peer).await;
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.requests, report.created + report.updated + report.deleted), (Outcome::Ok, 2, 0));
        assert_eq!(here.state(&peer).await, before);

        // A date is cancelled, one is gone, one is new, and the series has another name.
        let mut cancelled = session(1, 8);
        cancelled["eventStatus"] = json!("https://schema.org/EventCancelled");
        centre.session(8, Some(cancelled));
        centre.session(1, None);
        centre.session(22, Some(session(1, 22)));
        let mut renamed = series(1);
        renamed["name"] = json!("Chair yoga");
        centre.series(1, Some(renamed));
        here.pull(&peer).await;
        let event = listed(&here).await.remove(0);
        assert_eq!((&event["name"], starts(&event)), (&json!("Chair yoga"), vec!["2026-12-08T10:00:00", "2026-12-15T10:00:00", "2026-12-22T10:00:00"]));
        assert_eq!((&event["changes"][0]["start"], &event["changes"][0]["status"]), (&json!("2026-12-08T10:00:00"), &json!("cancelled")));

        // The series is gone, though its dates are still told.
        centre.series(1, None);
        let report = here.pull(&peer).await;
        assert_eq!((report.deleted, report.held_deletes, names(&here).await.len()), (0, 1, 1), "the last one waits for a person");
        here.harvester().release_peer(&peer.id.to_string()).await.unwrap();
        here.app.follow().await;
        assert_eq!(names(&here).await.len(), 0);
    }
}

fact_of_a_centre! {
    async fn dates_wait_for_their_series_and_the_order_of_arrival_does_not_matter(here, centre) {
        centre.session(1, Some(session(1, 1)));
        centre.session(2, Some(session(2, 2)));
        let mut brings_its_series = session(3, 3);
        brings_its_series["superEvent"] = series(3);
        centre.session(3, Some(brings_its_series));
        let peer = centre.followed_by(&here).await;
        let report = here.pull(&peer).await;
        assert_eq!((names(&here).await, report.left_out.get("no-series")), (vec!["Yoga 3".to_owned()], Some(&2)), "{report:?}");
        centre.series(2, Some(series(2)));
        centre.series(4, Some(series(4)));
        let report = here.pull(&peer).await;
        assert_eq!((names(&here).await, report.left_out.get("no-dates")), (vec!["Yoga 2".to_owned(), "Yoga 3".to_owned()], Some(&1)));
        centre.series(1, Some(series(1)));
        // A date goes over to another series.
        centre.session(2, Some(session(4, 2)));
        here.pull(&peer).await;
        assert_eq!(names(&here).await, ["Yoga 1", "Yoga 3", "Yoga 4"]);
    }
}

fact_of_a_centre! {
    async fn a_pull_goes_on_page_by_page_where_it_was(here, centre) {
        for number in 1..=5 {
            centre.series(number, Some(series(number)));
            centre.session(number, Some(session(number, number)));
        }
        centre.change(|feeds| feeds.page_items = 2);
        let peer = centre.followed_by(&here).await;
        let some = here.harvester().with_most_pages(2).pull(peer.id, |_| {}).await.unwrap();
        assert_eq!(some.outcome, Outcome::Partial);
        centre.change(|feeds| feeds.broken = true);
        assert_eq!(here.pull(&peer).await.outcome, Outcome::Failed);
        centre.change(|feeds| feeds.broken = false);
        let asked = centre.server.paths().len();
        assert_eq!((here.pull(&peer).await.outcome, names(&here).await.len()), (Outcome::Ok, 5));
        let again: Vec<String> = centre.server.paths().split_off(asked);
        assert!(!again.contains(&"/series".to_owned()) && !again.contains(&"/data".to_owned()), "{again:?}");
    }
}

fact_of_a_centre! {
    async fn a_feed_that_leads_elsewhere_or_in_circles_is_not_followed(here, centre) {
        centre.series(1, Some(series(1)));
        centre.session(1, Some(session(1, 1)));
        let peer = centre.followed_by(&here).await;
        here.pull(&peer).await;
        let before = here.everything().await;
        centre.series(2, Some(series(2)));
        centre.change(|feeds| feeds.next_elsewhere = true);
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, code(&report), here.peer(&peer).await.state), (Outcome::Held, "next-elsewhere", PeerState::Held));
        assert_eq!(here.everything().await, before);
        centre.change(|feeds| feeds.next_elsewhere = false);
        here.harvester().release_peer(&peer.id.to_string()).await.unwrap();
        assert_eq!((here.pull(&peer).await.outcome, names(&here).await.len()), (Outcome::Ok, 1));
        centre.series(3, Some(series(3)));
        centre.change(|feeds| feeds.in_circles = true);
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, code(&report)), (Outcome::Failed, "loop"), "{report:?}");
    }
}

fact_of_a_centre! {
    async fn the_end_of_a_feed_is_known_in_whatever_order_its_parameters_stand(here, centre) {
        for number in 1..=3 {
            centre.series(number, Some(series(number)));
            centre.session(number, Some(session(number, number)));
        }
        centre.change(|feeds| feeds.turns = true);
        let peer = centre.followed_by(&here).await;
        for _ in 0..2 {
            let report = here.pull(&peer).await;
            assert_eq!((report.outcome, code(&report), names(&here).await.len()), (Outcome::Ok, "", 3), "{report:?}");
        }
    }
}

fact_of_a_centre! {
    async fn what_cannot_be_taken_is_quarantined_and_mass_deletion_waits(here, centre) {
        for number in 1..=60 {
            centre.series(number, Some(series(number)));
            centre.session(number, Some(session(number, number % 28 + 1)));
        }
        let mut nameless = series(61);
        nameless.as_object_mut().unwrap().retain(|name, _| name != "name" && name != "activity");
        centre.series(61, Some(nameless));
        centre.session(61, Some(session(61, 1)));
        let peer = centre.followed_by(&here).await;
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.quarantined, names(&here).await.len()), (Outcome::Ok, 1, 60), "{report:?}");
        let waiting = || async { peers::quarantined_by_code(&here.app.app().db, peer.id).await.unwrap() };
        assert_eq!(waiting().await, [("invalid".to_owned(), 1)]);
        centre.series(61, Some(series(61)));
        here.pull(&peer).await;
        assert_eq!((waiting().await.len(), names(&here).await.len()), (0, 61));
        for number in 1..=40 {
            centre.series(number, None);
        }
        let report = here.pull(&peer).await;
        assert_eq!((report.deleted, report.held_deletes, names(&here).await.len()), (0, 40, 61), "{report:?}");
        here.harvester().release_peer(&peer.id.to_string()).await.unwrap();
        here.app.follow().await;
        assert_eq!(names(&here).await.len(), 21);
    }
}

fact_of_a_centre! {
    async fn case_43_whoever_was_away_for_longer_than_deletions_are_told_walks_over_everything(here, centre) {
        for number in 1..=3 {
            centre.series(number, Some(series(number)));
            centre.session(number, Some(session(number, number)));
        }
        let peer = centre.followed_by(&here).await;
        here.pull(&peer).await;
        // It is gone, and its tombstone as well.
        centre.change(|feeds| {
            feeds.series.retain(|item| item["id"] != 2);
            feeds.sessions.retain(|item| item["id"] != 2);
        });
        here.pull(&peer).await;
        assert_eq!(names(&here).await.len(), 3, "nobody told");
        here.app.clock.set(here.app.clock.now() + Duration::days(8));
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.deleted, names(&here).await), (Outcome::Ok, 1, vec!["Yoga 1".to_owned(), "Yoga 3".to_owned()]));
        assert_eq!(peers::count_parts(&here.app.app().db, peer.id).await.unwrap(), 4);
        here.harvester().remove_peer(&peer.id.to_string()).await.unwrap();
        assert_eq!(peers::count_parts(&here.app.app().db, peer.id).await.unwrap(), 0);
    }
}

fact_of_a_centre! {
    async fn a_refuge_is_never_told_and_its_address_is_not_kept(here, centre) {
        let mut refuge = series(1);
        refuge["category"] = json!(["Domestic abuse refuge"]);
        centre.series(1, Some(refuge));
        centre.session(1, Some(session(1, 1)));
        let peer = centre.followed_by(&here).await;
        here.pull(&peer).await;
        assert_eq!(names(&here).await, ["Yoga 1"]);
        assert!(!here.everything().await.concat().contains("Vale Road"));
        assert!(here.app.files_with("1 Vale Road").is_empty());
    }
}

fact_of_a_centre! {
    async fn one_feed_may_be_given_by_its_address_and_a_list_of_publishers_is_not_followed(here, centre) {
        centre.series(1, Some(json!({"type": "SessionSeries", "name": "Runs", "subEvent": [{"startDate": "2026-12-03T18:00:00Z", "duration": "PT1H"}]})));
        let peer = here.follows(&centre.server.url("/series"), Trust::Auto).await;
        assert_eq!((peer.kind, here.pull(&peer).await.outcome, names(&here).await), (PeerKind::OpenActive, Outcome::Ok, vec!["Runs".to_owned()]));
        let list = HostilePeer::start(|seen| {
            if seen.path != "/" {
                return Reply::status(404);
            }
            let html = r#"<script type="application/ld+json">{"@type": "DataCatalog", "dataset": ["https://vale.example.org/data"]}</script>"#;
            Reply::Full { status: 200, headers: vec![], body: html.into() }.with("content-type", "text/html")
        })
        .await;
        let refused = here.harvester().add_peer(network::new(&list.url("/"), Trust::Auto)).await.unwrap_err();
        assert!(refused.to_string().contains("https://vale.example.org/data"), "{refused}");
    }
}

fact_of_a_centre! {
    async fn case_37_after_an_upgrade_feeds_with_something_in_quarantine_are_walked_once_more(here, centre) {
        for number in [1, 2] {
            centre.series(number, Some(series(number)));
            centre.session(number, Some(session(number, number)));
        }
        let mut nameless = series(3);
        for member in ["name", "activity"] {
            nameless.as_object_mut().unwrap().remove(member);
        }
        centre.series(3, Some(nameless));
        centre.session(3, Some(session(3, 3)));
        let peer = centre.followed_by(&here).await;
        assert_eq!((here.pull(&peer).await.quarantined, names(&here).await.len()), (1, 2));
        let before = listed(&here).await;
        let quiet = here.pull(&peer).await.requests;
        here.upgraded(&peer).await;
        let again = here.pull(&peer).await;
        // It is met in both feeds, and is one.
        assert_eq!((again.outcome, again.quarantined, again.deleted), (Outcome::Ok, 1, 0), "{again:?}");
        assert!(again.requests > quiet, "{again:?}");
        assert_eq!((here.pull(&peer).await.requests, listed(&here).await), (quiet, before), "once");
    }
}

fact_of_a_centre! {
    async fn that_nothing_has_changed_is_no_answer_to_who_has_nothing(here, centre) {
        centre.series(1, Some(series(1)));
        centre.session(1, Some(session(1, 1)));
        let peer = centre.followed_by(&here).await;
        centre.change(|feeds| feeds.says_304 = true);
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, code(&report), here.peer(&peer).await.succeeded_at), (Outcome::Failed, "bad-status", None));
        centre.change(|feeds| feeds.says_304 = false);
        assert_eq!((here.pull(&peer).await.outcome, names(&here).await.len()), (Outcome::Ok, 1));
    }
}

fact_of_a_centre! {
    async fn case_32_feeds_that_are_suddenly_empty_are_held_and_decided_by_the_next_reading(here, centre) {
        for number in 1..=3 {
            centre.series(number, Some(series(number)));
            centre.session(number, Some(session(number, number)));
        }
        let peer = centre.followed_by(&here).await;
        here.pull(&peer).await;
        let (mut series, mut sessions) = (Vec::new(), Vec::new());
        let mut swap = || centre.change(|feeds| {
            std::mem::swap(&mut feeds.series, &mut series);
            std::mem::swap(&mut feeds.sessions, &mut sessions);
        });
        let held = async |here: &Node| {
            here.app.clock.set(here.app.clock.now() + Duration::days(8));
            let report = here.pull(&peer).await;
            assert_eq!((report.outcome, code(&report), names(here).await.len()), (Outcome::Held, "suddenly-empty", 3), "{report:?}");
            assert!(here.advice(&peer).await.contains("no events"));
            assert_eq!(peers::count_parts(&here.app.app().db, peer.id).await.unwrap(), 6);
            here.harvester().release_peer(&peer.id.to_string()).await.unwrap();
        };
        swap();
        held(&here).await;
        swap();
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.deleted, names(&here).await.len()), (Outcome::Ok, 0, 3), "they are back: {report:?}");
        swap();
        held(&here).await;
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, names(&here).await.len()), (Outcome::Ok, 0), "{report:?}");
        assert_eq!(peers::count_parts(&here.app.app().db, peer.id).await.unwrap(), 0);
    }
}

fact_of_a_centre! {
    async fn a_page_of_many_series_is_written_in_pieces_and_what_goes_is_counted_together(here, centre) {
        for number in 1..=130 {
            centre.series(number, Some(series(number)));
            centre.session(number, Some(session(number, number % 28 + 1)));
        }
        let peer = centre.followed_by(&here).await;
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, names(&here).await.len()), (Outcome::Ok, 130), "{report:?}");
        for number in 1..=120 {
            centre.series(number, None);
        }
        let report = here.pull(&peer).await;
        assert_eq!((report.deleted, report.held_deletes, names(&here).await.len()), (0, 120, 130), "{report:?}");
        here.harvester().release_peer(&peer.id.to_string()).await.unwrap();
        here.app.follow().await;
        assert_eq!(names(&here).await.len(), 10);
    }
}
