//! Calendars.

use std::{
    io::Cursor,
    time::{Duration, Instant},
};

use fingerpost::{importing::Options, model::Kind};
use serde_json::json;

use super::{
    super::{id, pantry},
    MEETING, said,
};
use crate::support::fact;

fact! {
    async fn a_calendar_as_a_programme_exports_it_becomes_events(app) {
        let file = std::fs::read("fixtures/as-sent/village-hall.ics").unwrap();
        let report = app.import(file.clone()).await;
        insta::allow_duplicates! { insta::assert_json_snapshot!(said(&report), @r#"
        [
          "rejected line 115: DTEND: it ends before it begins",
          "left out of line 107: CLASS | is marked private, so it was not imported",
          "left out of line 27: CATEGORIES | \"Meals\" is neither the code nor the name of a term here",
          "left out of line 27: CATEGORIES | \"Company\" is neither the code nor the name of a term here",
          "left out of line 70: STATUS | is tentative, which a directory cannot say; the event is shown as taking place",
          "left out of line 82: ATTENDEE | 2 people are invited in the calendar; their names are not imported",
          "left out of line 82: ORGANIZER | the organiser's email address may be personal, so it is not imported"
        ]
        "#) };
        let events = app.get("/events?full=true").await.json();
        let event = |name: &str| events["contents"].as_array().unwrap().iter().find(|event| event["name"] == name).unwrap_or_else(|| panic!("{name}: {events}")).clone();
        let soup = event("Soup Thursday");
        assert_eq!((soup["organization"]["name"].as_str(), soup["rrule"].as_str()), (Some("Larkspur Hall"), Some("FREQ=WEEKLY;UNTIL=20270722T235959Z;BYDAY=TH")));
        assert_eq!((soup["start"].as_str(), soup["end"].as_str(), soup["timezone"].as_str()), (Some("2026-09-10T12:30:00"), Some("2026-09-10T14:00:00"), Some("Europe/London")));
        assert_eq!(soup["exdates"], json!(["2026-12-24T12:30:00", "2026-12-31T12:30:00"]));
        assert_eq!(soup["changes"], json!([
            {"start": "2026-12-10T12:30:00", "status": "moved", "new_start": "2026-12-10T17:30:00", "new_end": "2026-12-10T19:30:00", "note": "Soup Thursday with carols"},
            {"start": "2027-01-07T12:30:00", "status": "cancelled"}
        ]));
        assert_eq!(soup["description"], "Soup, bread and company.\nFree; a coin for the pot if you can. Ring 01632 960721.");
        assert_eq!(soup["location"]["addresses"][0]["postal_code"], "LU3 9XQ");
        let fair = event("Winter fair");
        assert_eq!((fair["start"].as_str(), fair["end"].as_str(), fair["url"].as_str()), (Some("2026-12-05T00:00:00"), Some("2026-12-06T23:59:00"), Some("https://larkspur-hall.example.org/winter-fair")));
        let evening = event("Open committee evening");
        assert_eq!((evening["start"].as_str(), evening["online_url"].as_str()), (Some("2026-12-03T19:00:00"), Some("https://meet.example.org/larkspur-committee")));
        assert_eq!(event("Mending table")["timezone"], "Europe/London");
        let everything = app.get("/events?format=ndjson&full=true").await.text() + &app.get("/services?format=ndjson&full=true").await.text();
        for person in ["Pellew", "Ambrose", "Violet", "dorothy", "Cistern"] {
            assert!(!everything.contains(person), "{person}");
            assert!(app.files_with(person).is_empty(), "{person} is not kept either");
            assert!(!serde_json::to_string(&report).unwrap().contains(person), "{person} is not in the report");
        }
        let stored = app.app().records.find(soup["id"].as_str().unwrap().parse().unwrap()).await.unwrap().unwrap();
        assert_eq!(stored.source_id.as_deref(), Some("4k2soup7lark@calendar.example.org"));
        let head = app.app().head().await.unwrap();
        let again = app.import(file).await;
        assert_eq!((again.created, again.updated, again.unchanged), (0, 0, report.created));
        assert_eq!(app.app().head().await.unwrap(), head, "nothing was numbered");
    }
}

fact! {
    async fn a_calendar_that_does_not_say_whose_it_is_needs_to_be_told(app) {
        let report = app.import(MEETING).await;
        assert_eq!(said(&report), ["rejected line 1: the calendar (it is called \"Sheila Hopcroft\") does not say which organisation runs its events: name one with --organisation"]);
        app.import(pantry().to_string()).await;
        let told = |organisation: &str| Options { organisation: Some(organisation.to_owned()), source: "a test".to_owned(), ..Options::default() };
        // The organisation that is here already is meant, and stays as it is.
        let report = app.import_with(MEETING, &told("lark hill community pantry")).await;
        assert_eq!((report.created, report.records.get(&Kind::Organization)), (1, None), "{report:?}");
        let event = app.get("/events?full=true").await.json()["contents"][0].clone();
        assert_eq!((event["organization_id"].clone(), event["organization"]["description"].clone()), (json!(id("marsh farm")), json!("A volunteer-run pantry.")));
        let by_id = app.import_with(MEETING, &told(&id("marsh farm").to_string())).await;
        assert_eq!((by_id.unchanged, by_id.rejected_total), (1, 0));
        let unknown = app.app().importer().run(Cursor::new(MEETING), &told(&id("nobody").to_string()), |_| {}).await.unwrap_err();
        assert!(unknown.to_string().starts_with("there is no organisation with id"), "{unknown}");
    }
}

fact! {
    async fn hostile_calendars_are_refused_quickly(app) {
        let began = Instant::now();
        let nested = format!("BEGIN:VCALENDAR\n{}", "BEGIN:VEVENT\nBEGIN:VALARM\n".repeat(1_000));
        let report = app.import(nested).await;
        assert!(report.rejected[0].reason.contains("nested more than"), "{report:?}");
        let options = Options { organisation: Some("Larkspur Hall".to_owned()), ..Options::default() };
        let line = format!("{}DESCRIPTION:{}\nEND:VEVENT", MEETING.split("END:VEVENT").next().unwrap(), "x".repeat(10 << 20));
        let report = app.import_with(line, &options).await;
        assert_eq!((report.created, report.dropped[0].dropped.path.as_str()), (1, "DESCRIPTION"));
        let endless = std::io::Read::chain(Cursor::new("BEGIN:VCALENDAR\n"), std::io::repeat(b' '));
        let error = app.app().importer().run(std::io::BufReader::new(endless), &options, |_| {}).await.unwrap_err();
        assert!(error.to_string().contains("the calendar is longer than 64 MiB, or has no end"), "{error}");
        assert!(began.elapsed() < Duration::from_mins(1), "{:?}, without optimisation", began.elapsed());
    }
}

fact! {
    async fn what_a_calendar_says_and_a_directory_cannot_is_named(app) {
        let calendar = "BEGIN:VCALENDAR\nX-WR-CALNAME:Larkspur Hall\nBEGIN:VEVENT\nUID:1\nSUMMARY:Tea\nDTSTART:20261205T100000\nSTATUS:TENTATIVE\n\
            LOCATION:https://meet.example.org/hall\nCONFERENCE:tel:+441632960123\nX-GOOGLE-CONFERENCE:https://meet.example.org/tea\nEND:VEVENT\nEND:VCALENDAR\n";
        let report = app.import(calendar).await;
        assert_eq!((report.created, said(&report)), (1, vec![
            "left out of line 3: CONFERENCE | \"tel:+441632960123\" is not a web address, so nobody is told to join there".to_owned(),
            "left out of line 3: LOCATION | there is another address to join at; \"https://meet.example.org/hall\" was not imported".to_owned(),
            "left out of line 3: STATUS | is tentative, which a directory cannot say; the event is shown as taking place".to_owned(),
        ]));
        assert_eq!(app.get("/events?full=true").await.json()["contents"][0]["online_url"], "https://meet.example.org/tea");
    }
}

fact! {
    async fn of_two_versions_of_an_event_in_one_calendar_the_later_one_is_imported(app) {
        let event = |sequence: u32, name: &str| {
            format!("BEGIN:VEVENT\nUID:1\nSEQUENCE:{sequence}\nSUMMARY:{name}\nDTSTART:20261205T100000\nEND:VEVENT\n")
        };
        let calendar = format!("BEGIN:VCALENDAR\nX-WR-CALNAME:Larkspur Hall\n{}{}END:VCALENDAR\n", event(2, "High tea"), event(1, "Tea"));
        let report = app.import(calendar).await;
        assert_eq!((report.created, said(&report)), (1, vec!["left out of line 9: SEQUENCE | a later version of the event is in the file".to_owned()]));
        assert_eq!(app.names("/events").await, ["High tea"]);
    }
}
