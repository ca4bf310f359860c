//! Following calendars. Each fact looks at what can be seen here before and after.

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex},
};

use chrono::Duration;
use fingerpost::{
    federation::{
        neighbours::New,
        peers::{self, Outcome, Peer, PeerKind, PeerState, Report, Trust},
    },
    signing,
};
use serde_json::{Value, json};

use crate::support::{
    network::{self, Node, fact_between},
    peer::{HostilePeer, Reply, Seen},
};

/// A village hall that puts its calendar on the web.
struct Hall {
    server: HostilePeer,
    text: Arc<Mutex<String>>,
}

impl Hall {
    async fn start() -> Self {
        let text = Arc::new(Mutex::new(String::new()));
        let said = text.clone();
        let server = HostilePeer::start(move |seen: &Seen| {
            if !seen.path.starts_with("/events.ics") || seen.path.contains("/services") {
                return Reply::status(404);
            }
            let text = said.lock().unwrap().clone();
            let tag = format!("\"{}\"", signing::hash_of(text.as_bytes()));
            if seen.header("if-none-match") == Some(&tag) {
                return Reply::status(304).with("etag", tag);
            }
            let body = text.into_bytes();
            Reply::Full { status: 200, headers: Vec::new(), body }.with("content-type", "text/calendar").with("etag", tag)
        })
        .await;
        Self { server, text }
    }

    fn says(&self, events: &[String]) {
        self.says_exactly(&format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nX-WR-CALNAME:Sorrel Hall – what's on\r\n{}END:VCALENDAR\r\n",
            events.concat()
        ));
    }

    fn says_exactly(&self, text: &str) {
        text.clone_into(&mut self.text.lock().unwrap());
    }

    async fn followed_by(&self, here: &Node) -> Peer {
        let licence = Some("https://creativecommons.org/licenses/by/4.0/".to_owned());
        let new = New { licence, ..network::new(&self.server.url("/events.ics"), Trust::Auto) };
        here.harvester().add_peer(new).await.unwrap()
    }
}

/// An event of the hall on the first day of December and so many days.
fn event(number: usize, more: &str) -> String {
    let day = number % 28 + 1;
    let mut text = format!("BEGIN:VEVENT\r\nUID:{number}@hall.example.org\r\nSUMMARY:Soup {number}\r\n");
    write!(text, "DTSTART;TZID=Europe/London:202612{day:02}T120000\r\nDTEND;TZID=Europe/London:202612{day:02}T130000\r\n")
        .unwrap();
    write!(text, "LOCATION:Sorrel Hall\\, 4 Sorrel Way\\, Luton LU3 9XQ\r\n{more}END:VEVENT\r\n").unwrap();
    text
}

fn events(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| event(number, "")).collect()
}

async fn listed(here: &Node) -> Vec<Value> {
    let mut found = here.app.get("/events?full=true&per_page=1000").await.json()["contents"].as_array().unwrap().clone();
    found.sort_by_key(|event| event["name"].as_str().unwrap_or_default().to_owned());
    found
}

async fn names(here: &Node) -> Vec<String> {
    listed(here).await.iter().map(|event| event["name"].as_str().unwrap().to_owned()).collect()
}

fn did(report: &Report) -> (Outcome, u64, u64, u64, u64) {
    (report.outcome, report.created, report.updated, report.deleted, report.held_deletes)
}

/// A fact about a directory that follows a calendar.
macro_rules! fact_of_a_calendar {
    (async fn $name:ident($here:ident, $hall:ident) $body:block) => {
        fact_between! { async fn $name($here = |on| Node::start(on, "Here"); $hall = Hall::start()) $body }
    };
}

fact_of_a_calendar! {
    async fn a_calendar_is_found_out_read_and_asked_again_with_one_request(here, hall) {
        hall.says(&[event(1, "DESCRIPTION:Hot soup.\r\nURL:https://hall.example.org/soup\r\n"), event(2, "RRULE:FREQ=WEEKLY\r\n")]);
        let peer = hall.followed_by(&here).await;
        assert_eq!((peer.kind, peer.name.as_str()), (PeerKind::Ical, "Sorrel Hall"), "found out by asking");
        let report = here.pull(&peer).await;
        // The hall, its place, two events.
        assert_eq!(did(&report), (Outcome::Ok, 4, 0, 0, 0), "{report:?}");
        let shown = listed(&here).await;
        assert_eq!(shown[0]["organization"]["name"], "Sorrel Hall");
        assert_eq!(shown[0]["location"]["addresses"][0]["postal_code"], "LU3 9XQ");
        assert_eq!((&shown[1]["rrule"], &shown[1]["start"]), (&json!("FREQ=WEEKLY"), &json!("2026-12-03T12:00:00")));
        let from = &shown[0]["provenance"];
        assert_eq!((&from["url"], &from["evidence"]), (&json!("https://hall.example.org/soup"), &json!("attested")));
        assert_eq!(shown[1]["provenance"]["url"], hall.server.url("/events.ics").as_str());

        let before = here.state(&peer).await;
        let asked = hall.server.paths().len();
        let report = here.pull(&peer).await;
        assert_eq!((did(&report), report.not_modified, report.requests), ((Outcome::Ok, 0, 0, 0, 0), 1, 1));
        assert_eq!((here.state(&peer).await, hall.server.paths().len()), (before, asked + 1));

        hall.says(&[event(1, "DESCRIPTION:Cold soup.\r\n"), event(2, "RRULE:FREQ=WEEKLY\r\n")]);
        assert_eq!(did(&here.pull(&peer).await), (Outcome::Ok, 0, 1, 0, 0));
        assert_eq!(listed(&here).await[0]["description"], "Cold soup.");
    }
}

fact_of_a_calendar! {
    async fn an_event_is_gone_when_two_whole_readings_do_not_have_it_and_its_place_with_it(here, hall) {
        let elsewhere = event(3, "").replace("Sorrel Hall\\, 4 Sorrel Way\\, Luton LU3 9XQ", "Gorse Centre\\, Luton LU2 7AB");
        hall.says(&[event(1, ""), event(2, ""), elsewhere]);
        let peer = hall.followed_by(&here).await;
        here.pull(&peer).await;
        let places = || async { here.app.get("/locations?per_page=100").await.json()["contents"].as_array().map_or(0, Vec::len) };
        assert_eq!((names(&here).await.len(), places().await), (3, 2));

        // A file that was cut short says nothing of what it does not have.
        let whole = hall.text.lock().unwrap().clone();
        hall.says_exactly(&whole[..whole.find("UID:2@").unwrap()]);
        for _ in 0..3 {
            let report = here.pull(&peer).await;
            assert_eq!((report.outcome, report.error.map(|trouble| trouble.code)), (Outcome::Failed, Some("cut-short".to_owned())));
        }
        assert_eq!(names(&here).await, ["Soup 1", "Soup 2", "Soup 3"]);

        hall.says(&events(1..3));
        assert_eq!(did(&here.pull(&peer).await), (Outcome::Ok, 0, 0, 0, 0), "once may be a mistake");
        assert_eq!(names(&here).await.len(), 3);
        // The server says that nothing is different: it still does not have it.
        let report = here.pull(&peer).await;
        assert_eq!((report.not_modified, report.deleted), (1, 2), "the event and its place: {report:?}");
        assert_eq!((names(&here).await, places().await), (vec!["Soup 1".to_owned(), "Soup 2".to_owned()], 1));

        // It comes back, under the id that it had.
        hall.says(&events(1..4));
        assert_eq!(did(&here.pull(&peer).await), (Outcome::Ok, 0, 1, 0, 0));
        assert_eq!(names(&here).await.len(), 3);
    }
}

fact_of_a_calendar! {
    async fn many_events_that_go_at_once_wait_for_a_person_and_what_is_over_does_not(here, hall) {
        hall.says(&events(1..60));
        let peer = hall.followed_by(&here).await;
        here.pull(&peer).await;
        hall.says(&events(1..20));
        here.pull(&peer).await;
        let report = here.pull(&peer).await;
        assert_eq!(did(&report), (Outcome::Ok, 0, 0, 0, 40), "{report:?}");
        assert_eq!(names(&here).await.len(), 59);
        let (_, deleted) = here.harvester().release_peer(&peer.id.to_string()).await.unwrap();
        here.app.follow().await;
        assert_eq!((deleted, names(&here).await.len()), (40, 19));

        // In January all are over: an empty calendar is no alarm, and what it does not have goes.
        here.app.clock.set(here.app.clock.now() + Duration::days(60));
        hall.says(&[]);
        here.pull(&peer).await;
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.held_deletes, names(&here).await.len()), (Outcome::Ok, 0, 0), "{report:?}");
    }
}

fact_of_a_calendar! {
    async fn a_calendar_that_is_suddenly_empty_or_a_login_page_deletes_nothing(here, hall) {
        hall.says(&events(1..4));
        let peer = hall.followed_by(&here).await;
        here.pull(&peer).await;
        let before = here.everything().await;
        hall.says_exactly("<html>Please log in</html>");
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.error.map(|trouble| trouble.code)), (Outcome::Failed, Some("not-a-calendar".to_owned())));
        hall.says(&[]);
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.error.map(|trouble| trouble.code)), (Outcome::Held, Some("suddenly-empty".to_owned())));
        assert_eq!((here.everything().await, here.peer(&peer).await.state), (before, PeerState::Held));
        // It was a mistake: the calendar is as it was, and nothing happens.
        hall.says(&events(1..4));
        here.harvester().release_peer(&peer.id.to_string()).await.unwrap();
        for _ in 0..2 {
            assert_eq!((did(&here.pull(&peer).await), names(&here).await.len()), ((Outcome::Ok, 0, 0, 0, 0), 3));
        }
        // It is true: what is still empty after somebody has asked is.
        hall.says(&[]);
        assert_eq!(here.pull(&peer).await.outcome, Outcome::Held);
        here.harvester().release_peer(&peer.id.to_string()).await.unwrap();
        assert_eq!((here.pull(&peer).await.outcome, names(&here).await.len()), (Outcome::Ok, 0));
        hall.says(&events(1..4));
        assert_eq!((here.pull(&peer).await.outcome, names(&here).await.len()), (Outcome::Ok, 3));
    }
}

fact_of_a_calendar! {
    async fn what_cannot_be_read_is_quarantined_until_it_can_be_or_is_gone(here, hall) {
        let broken = event(2, "").replace("DTSTART", "DTSTARTS");
        hall.says(&[event(1, ""), broken.clone(), event(3, "")]);
        let peer = hall.followed_by(&here).await;
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.quarantined, names(&here).await.len()), (Outcome::Ok, 1, 2));
        let waiting = || async { peers::quarantined_by_code(&here.app.app().db, peer.id).await.unwrap() };
        assert_eq!(waiting().await, [("invalid".to_owned(), 1)]);
        hall.says(&events(1..4));
        here.pull(&peer).await;
        assert_eq!((waiting().await.len(), names(&here).await.len()), (0, 3));

        // The version that was good stays while the new one cannot be read; and what is not told any
        // more is not remembered as bad.
        hall.says(&[event(1, ""), broken, event(3, ""), event(4, "").replace("DTSTART", "DTSTARTS")]);
        here.pull(&peer).await;
        assert_eq!((waiting().await, names(&here).await.len()), (vec![("invalid".to_owned(), 2)], 3));
        here.app.clock.set(here.app.clock.now() + Duration::minutes(15));
        hall.says(&events(1..4));
        here.pull(&peer).await;
        assert_eq!(waiting().await.len(), 0);
    }
}

fact_of_a_calendar! {
    async fn what_becomes_private_goes_at_once_and_a_refuge_is_never_told(here, hall) {
        hall.says(&[event(1, ""), event(2, ""), event(3, "CATEGORIES:Domestic abuse refuge\r\n").replace("Sorrel Hall", "Safe House")]);
        let peer = hall.followed_by(&here).await;
        here.pull(&peer).await;
        assert_eq!(names(&here).await, ["Soup 1", "Soup 2", "Soup 3"]);
        assert!(!here.everything().await.concat().contains("Safe House"));
        assert!(here.app.files_with("Safe House").is_empty());
        hall.says(&[event(1, ""), event(2, "CLASS:PRIVATE\r\n"), event(3, "CATEGORIES:Domestic abuse refuge\r\n").replace("Sorrel Hall", "Safe House")]);
        let report = here.pull(&peer).await;
        assert_eq!((report.deleted, report.left_out.get("private")), (1, Some(&1)), "{report:?}");
        assert_eq!(names(&here).await, ["Soup 1", "Soup 3"]);
    }
}

fact_of_a_calendar! {
    async fn events_that_become_private_go_at_once_however_many_they_are(here, hall) {
        hall.says(&(1..=6).map(|number| event(number, "")).collect::<Vec<_>>());
        let peer = hall.followed_by(&here).await;
        here.pull(&peer).await;
        assert_eq!(names(&here).await.len(), 6);
        hall.says(&(1..=6).map(|number| event(number, if number == 3 { "" } else { "CLASS:PRIVATE\r\n" })).collect::<Vec<_>>());
        let report = here.pull(&peer).await;
        assert_eq!((report.deleted, report.held_deletes), (5, 0), "{report:?}");
        assert_eq!(names(&here).await, ["Soup 3"]);
        // Nothing is remembered against them when their owner tells everybody again.
        hall.says(&(1..=6).map(|number| event(number, "")).collect::<Vec<_>>());
        here.pull(&peer).await;
        assert_eq!(names(&here).await.len(), 6);
    }
}

fact_of_a_calendar! {
    async fn nobody_makes_us_read_a_calendar_again_by_a_hint_in_its_name(here, hall) {
        hall.says(&[event(1, "")]);
        let peer = hall.followed_by(&here).await;
        here.pull(&peer).await;
        let due = here.peer(&peer).await.next_due_at;
        let hint = serde_json::json!({"origin": peer.identity(), "head": 0}).to_string();
        assert_eq!(here.app.ask(http::Method::POST, "/federation/v1/ping", &[], &hint).await.status, 403);
        assert_eq!(here.peer(&peer).await.next_due_at, due);
    }
}

fact_of_a_calendar! {
    async fn an_address_that_only_its_owner_should_know_is_not_followed(here, hall) {
        let url = hall.server.url("/calendar/ical/hall/private-0123456789abcdef/basic.ics");
        let refused = here.harvester().add_peer(network::new(&url, Trust::Auto)).await.unwrap_err();
        assert!(refused.to_string().contains("secret"), "{refused}");
        assert_eq!(hall.server.connections(), 0);
    }
}

fact_of_a_calendar! {
    async fn case_37_after_an_upgrade_a_calendar_with_something_in_quarantine_is_read_once_more(here, hall) {
        hall.says(&[event(1, ""), "BEGIN:VEVENT\r\nUID:bad@hall.example.org\r\nSUMMARY:When?\r\nEND:VEVENT\r\n".to_owned()]);
        let peer = hall.followed_by(&here).await;
        assert_eq!(here.pull(&peer).await.quarantined, 1);
        let quiet = here.pull(&peer).await;
        assert_eq!((quiet.not_modified, quiet.pages), (1, 0));
        here.upgraded(&peer).await;
        let again = here.pull(&peer).await;
        assert_eq!((again.not_modified, again.pages, again.quarantined), (0, 1, 1), "{again:?}");
        let quiet = here.pull(&peer).await;
        assert_eq!((quiet.not_modified, quiet.pages), (1, 0), "once");
    }
}
