//! What a filter says is what it does, and what cannot be meant is said.

use fingerpost::model::Document;
use serde_json::{Value, json};

use super::{id, pantry, search::service};
use crate::support::fact;

/// An event of the pantry's.
fn event(name: &str, start: &str, end: &str, more: &Value) -> String {
    let mut event = json!({
        "id": id(name), "organization_id": id("marsh farm"), "name": name, "status": "scheduled",
        "start": start, "end": end, "timezone": "Europe/London",
    });
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"kind": "event", "document": event}).to_string()
}

fact! {
    async fn free_is_what_costs_nothing_to_everybody(app) {
        let lines = ["Free", "Free of charge for everyone", "Free first session, then £5 a week", "Free for members; £5 for others", "Freelance tutors, £12 an hour"]
            .map(|fees| service(fees, "x", json!({"fees_description": fees})));
        app.take(&lines).await;
        let priced = json!({"fees_description": "Free entry", "cost_options": [{"id": id("ticket"), "option": "Adults", "amount": 3}]});
        let nothing = json!({"cost_options": [{"id": id("nought"), "option": "Anybody", "amount": 0}]});
        app.take(&[service("Priced", "x", priced), service("Nought", "x", nothing)]).await;
        let mut free = app.names("/services?free=true").await;
        free.sort_unstable();
        assert_eq!(free, ["Free", "Free of charge for everyone", "Nought"]);
        assert_eq!(app.get("/facets").await.json()["facets"]["free"], 3, "the facet counts what the filter gives");
    }
}

fact! {
    async fn an_event_takes_place_on_each_of_its_days_and_past_midnight(app) {
        app.take(&[pantry().to_string(),
            event("Weekend away", "2026-12-04T10:00:00", "2026-12-06T16:00:00", &json!({})),
            event("Night shelter", "2026-12-08T22:30:00", "2026-12-09T06:00:00", &json!({})),
            event("Lunch", "2026-12-10T12:00:00", "2026-12-10T14:00:00", &json!({})),
        ]).await;
        let on = async |query: &str| app.names(&format!("/events?{query}")).await;
        for day in ["FR", "SA", "SU"] {
            assert_eq!(on(&format!("day={day}")).await, ["Weekend away"], "{day}");
        }
        for day in ["TU", "WE"] {
            assert_eq!(on(&format!("day={day}")).await, ["Night shelter"], "{day}");
        }
        assert_eq!(on("day=MO").await, [] as [String; 0]);
        for (times, names) in [
            ("start_time=22:00&end_time=02:00", vec!["Weekend away", "Night shelter"]), ("day=TU&start_time=22:00&end_time=02:00", vec!["Night shelter"]),
            ("day=WE&start_time=05:00&end_time=07:00", vec!["Night shelter"]), ("day=WE&start_time=06:00&end_time=07:00", vec![]),
            ("day=SU&start_time=16:00", vec![]), ("day=SU&end_time=08:00", vec!["Weekend away"]), ("day=TH&start_time=13:00&end_time=13:30", vec!["Lunch"]),
        ] {
            assert_eq!(on(&format!("from=2026-12-01&to=2026-12-31&{times}")).await, names, "{times}");
        }
        assert_eq!(on("from=2026-12-05&to=2026-12-31&day=FR").await, [] as [String; 0], "only what of it is in the time that is asked for");
        let counted = app.get("/facets?of=events").await.json()["facets"]["day"].clone();
        let one = |day: &str| json!({"value": day, "count": 1});
        assert_eq!(counted, json!(["FR", "SA", "SU", "TH", "TU", "WE"].map(one)), "as many as the filter gives");
        // The listing of the same event says the same.
        let listed = app.names("/services?day=SA").await;
        assert!(listed.contains(&"Weekend away".to_owned()), "{listed:?}");
    }
}

fact! {
    async fn the_dates_that_an_answer_shows_are_those_that_were_asked_for(app) {
        let twice_a_week = json!({"rrule": "FREQ=WEEKLY;BYDAY=TU,SA"});
        let three_times_a_day = json!({"rrule": "FREQ=DAILY;BYHOUR=10,14,18"});
        app.take(&[pantry().to_string(),
            event("Drop-in", "2026-10-03T10:00:00", "2026-10-03T12:00:00", &twice_a_week),
            event("Guided walk", "2026-10-03T10:00:00", "2026-10-03T11:00:00", &three_times_a_day),
        ]).await;
        let shown = async |name: &str, query: &str| -> Vec<String> {
            let page = app.get(&format!("/events?{query}")).await.json();
            let dates = page["times"][id(name).to_string()]["occurrences"].as_array().cloned().unwrap_or_default();
            dates.iter().map(|date| date["start"].as_str().unwrap_or_default()[..16].to_owned()).collect()
        };
        assert_eq!(shown("Drop-in", "from=2026-11-23&to=2026-12-06&day=SA").await, ["2026-11-28T10:00", "2026-12-05T10:00"]);
        let ahead = shown("Drop-in", "day=SA&times=true").await;
        assert_eq!((ahead.len(), ahead[0].as_str(), ahead[19].as_str()), (20, "2026-11-28T10:00", "2027-04-10T09:00"), "in summer time");
        assert_eq!(shown("Guided walk", "from=2026-11-23&to=2026-11-24&day=TU&start_time=13:00&end_time=15:00").await, ["2026-11-24T14:00"]);
        let sheet = app.get("/events?day=SA&format=csv").await.text();
        assert!(sheet.contains("2026-11-28T10:00:00") && !sheet.contains("2026-11-24T"), "the first date in a sheet is one, too: {sheet}");
        let map = app.get("/events?day=SA&format=jsonld").await.text();
        assert!(map.contains("2026-11-28T10:00:00") && !map.contains("2026-11-24T10:00:00"), "{map}");
    }
}

fact! {
    async fn what_contradicts_itself_or_is_no_day_is_refused_by_name(app) {
        app.take(&[pantry().to_string()]).await;
        for (query, parameter) in [
            ("online=true&delivery=in_person", "delivery"), ("online=true&delivery=nonsense", "delivery"),
            ("modified_after=2026-01-01&updated_since=garbage", "updated_since"), ("day=sunny", "day"), ("day=most", "day"), ("day=thanks", "day"), ("day=m", "day"),
        ] {
            let answer = app.get(&format!("/services?{query}")).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["parameter"]), (400, &json!(parameter)), "{query}");
        }
        for day in ["TH", "Thu", "thurs", "Thursday"] {
            assert_eq!(app.names(&format!("/services?day={day}")).await, ["Meadow larder"], "{day}");
        }
        assert_eq!(app.get("/services?day=weds&online=true&delivery=online").await.status, 200);
        let both = async |one: &str, other: &str| app.names(&format!("/services?modified_after={one}&updated_since={other}")).await.len();
        assert_eq!((both("2026-01-01", "2027-01-01").await, both("2027-01-01", "2026-01-01").await, both("2026-01-01", "2025-01-01").await), (0, 0, 1));
    }
}

fact! {
    async fn a_time_without_a_zone_is_on_the_clocks_of_london(app) {
        app.take(&[pantry().to_string(), event("Early yoga", "2027-07-01T09:00:00", "2027-07-01T10:00:00", &json!({}))]).await;
        for (query, found) in [
            ("from=2027-07-01T10:00:00&to=2027-07-01T11:00:00", false), ("from=2027-07-01T09:30:00&to=2027-07-01T11:00:00", true),
            ("from=2027-07-01T09:00:00Z&to=2027-07-01T10:00:00Z", false), ("from=2027-07-01T08:30:00Z&to=2027-07-01T10:00:00Z", true),
            ("from=2027-07-01T09:30:00%2B01:00&to=2027-07-02", true), ("from=2027-03-28T01:30:00&to=2027-12-01", true),
        ] {
            assert_eq!(!app.names(&format!("/events?{query}")).await.is_empty(), found, "{query}");
        }
    }
}

fact! {
    async fn a_moment_is_understood_in_every_form_that_programs_write(app) {
        app.take(&[pantry().to_string()]).await;
        for (moment, found) in [
            ("2026-11-22T12:00:00.000Z", 1), ("2026-11-22t12:00:00z", 1), ("2026-11-22T12:00Z", 1), ("2026-11-22T12:01Z", 0),
            ("2026-11-22T13:00:00%2B01:00", 1), ("2026-11-22T13:00:00+01:00", 1), ("2026-11-22T13:00:00%2B0100", 1), ("2026-11-22T13:00+01", 1),
            ("2026-11-22T11:30:00-0100", 0), ("2026-11-22%2012:00:00", 1), ("2026-11-22+12:00:00.5", 0), ("2026-11-22%2013:00:00%2B01:00", 1),
            ("20261122T120000Z", 1), ("20261122T120001Z", 0), ("2026-11-22T12:00:00", 1), ("2026-11-22", 1), ("2026-11-23", 0),
        ] {
            assert_eq!(app.get(&format!("/services?modified_after={moment}")).await.json()["total_items"], found, "{moment}");
        }
        assert_eq!(app.get("/services?modified_after=2026-11-22%20yesterday").await.status, 400);
    }
}

fact! {
    async fn a_date_that_moved_is_near_the_place_as_soon_as_that_is_put_right(app) {
        let there = |query: &str| format!("/events?near=51.8787,-0.42&proximity=1000&{query}");
        let castle = json!({"kind": "location", "document": {"id": id("castle"), "location_type": "physical", "name": "The castle", "latitude": 52.4, "longitude": -0.42}});
        app.take(&[pantry().to_string(), castle.to_string(),
            event("Walk", "2026-12-04T10:00:00", "2026-12-04T12:00:00", &json!({"location_id": id("centre"),
                "changes": [{"start": "2026-12-04T10:00:00", "status": "moved", "location_id": id("castle")}]})),
        ]).await;
        assert_eq!(app.names(&there("")).await, [] as [String; 0], "the castle was entered thirty miles off");
        app.edit(id("castle"), |document| {
            if let Document::Location(place) = document { place.latitude = serde_json::from_value(json!(51.879)).unwrap(); }
        }).await;
        assert_eq!(app.names(&there("")).await, ["Walk"]);
    }
}

fact! {
    async fn ids_that_were_counted_up_from_one_belong_to_their_own_organisation(app) {
        let numbered = |kind: u32, number: u32| format!("00000000-0000-0000-0000-{kind:06}{number:06}");
        let listing = |number: u32, organisation: &str, name: &str| json!({
            "id": numbered(1, number), "name": name, "status": "active",
            "organization": {"id": numbered(2, number), "name": organisation, "description": "A charity in Luton."},
            "service_at_locations": [{"id": numbered(3, number), "location": {
                "id": numbered(4, number), "location_type": "physical", "name": format!("{organisation} hall"), "latitude": 51.88, "longitude": -0.42,
            }}],
        }).to_string();
        app.take(&[listing(1, "Alpha", "Refugee advice"), listing(2, "Beta", "Bridge club")]).await;
        for (number, name) in [(1, vec!["Refugee advice"]), (2, vec!["Bridge club"]), (99, vec![])] {
            let organisation = numbered(2, number);
            assert_eq!(app.names(&format!("/services?organization_id={organisation}")).await, name);
            assert_eq!(app.names(&format!("/services?status=active&organization_id={organisation}")).await, name, "by the index as well");
        }
        let whole = app.get(&format!("/organizations/{}?full_service=true", numbered(2, 1))).await.json();
        assert_eq!(whole["services"].as_array().unwrap().len(), 1);
        let places = app.get("/service_at_locations?search=bridge&full=true").await.json();
        assert_eq!(places["total_items"], 1);
        assert_eq!(places["contents"][0]["id"], numbered(3, 2));
    }
}

fact! {
    async fn a_search_leaves_out_what_has_ended_unless_it_is_asked_for(app) {
        let lines = [("Quillfeather circle", "inactive"), ("Quillfeather group", "active"), ("Quillfeather club", "defunct")]
            .map(|(name, status)| service(name, "x", json!({"status": status})));
        app.take(&lines).await;
        assert_eq!(app.names("/services?search=quillfeather").await, ["Quillfeather group"]);
        assert_eq!(app.names("/services?search=quillfeather&status=inactive").await, ["Quillfeather circle"]);
        assert_eq!(app.get("/services").await.json()["total_items"], 3, "lists tell of everything");
        assert_eq!(app.get("/facets?search=quillfeather").await.json()["facets"]["status"], json!([{"value": "active", "count": 1}]));
    }
}

fact! {
    async fn a_language_is_found_by_its_name(app) {
        let speaks = |code: &str, name: &str| json!({"languages": [{"id": id(name), "code": code, "name": name}]});
        app.take(&[service("Housing advice", "Help with rent.", speaks("pl", "Polish")), service("Debt advice", "Help with bills.", speaks("en", "English"))]).await;
        assert_eq!(app.names("/services?search=polish").await, ["Housing advice"]);
        assert_eq!(app.names("/services?search=polish+advice").await, ["Housing advice"]);
        assert_eq!(app.names("/services?search=english").await, [] as [String; 0], "nearly everything is offered in English");
    }
}

fact! {
    async fn an_ordinary_word_is_no_slip_of_a_word_of_danger(app) {
        app.take(&[service("Rape crisis line", "Somebody to talk to after rape.", json!({})), service("Vine club", "We grow grapevines.", json!({}))]).await;
        for words in ["drape", "grabe", "rapf"] {
            let found = app.names(&format!("/services?search={words}&relaxed=true")).await;
            assert!(!found.contains(&"Rape crisis line".to_owned()), "{words} found {found:?}");
        }
        assert_eq!(app.names("/services?search=rape").await, ["Rape crisis line"]);
    }
}
