//! Calendars as their readers get them.

use serde_json::{Value, json};

use super::*;

fn calendar(with: impl FnOnce(&mut Calendar)) -> String {
    let mut calendar = Calendar::new(&"https://directory.luton.example.org/".parse().unwrap(), "Luton, all of it");
    with(&mut calendar);
    calendar.end();
    calendar.take()
}

fn cooking(more: &Value) -> Event {
    let mut event = json!({
        "id": "6d1f2e3c-4b5a-4678-9abc-def012345678", "organization_id": "d9d5e0f5-d3ce-4f73-9a2f-4dd0ecc6c610",
        "name": "Cooking; on a budget", "description": "Cook a meal for four.\nTake it home.", "status": "scheduled",
        "start": "2026-10-20T10:00:00", "end": "2026-10-20T12:00:00", "timezone": "Europe/London",
        "location": {
            "id": "1f4b0f2e-7a38-4f8e-9ad5-6d3d0f1b2c3d", "location_type": "physical", "name": "Marsh Farm Centre",
            "latitude": 51.9147, "longitude": -0.4486,
            "addresses": [{"id": "3c4d5e6f-7a8b-4c9d-8e0f-1a2b3c4d5e6f", "address_1": "12 The Moakes", "city": "Luton", "state_province": "Bedfordshire", "postal_code": "LU3 3QB", "country": "GB", "address_type": "physical"}],
        },
        "attributes": [{"id": "1a2b3c4d-5e6f-4a7b-8c9d-0e1f2a3b4c5d", "taxonomy_term": {"id": "9d8c7b6a-5f4e-5d3c-8b2a-1f0e9d8c7b6a", "name": "Food, cheaply", "description": "x"}}],
        "last_modified": "2026-11-20T09:00:00Z",
    });
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(event).unwrap()
}

/// The VEVENTs of one series, unfolded.
fn events(more: &Value) -> Vec<String> {
    let written = calendar(|calendar| calendar.event(&cooking(more), &|_| None)).replace("\r\n ", "").replace("\r\n", "\n");
    written.split("BEGIN:VEVENT\n").skip(1).map(|event| event.split("END:VEVENT").next().unwrap().to_owned()).collect()
}

#[test]
fn a_series_carries_its_rule_and_its_exceptions() {
    let written = events(&json!({
        "rrule": "FREQ=WEEKLY;BYDAY=TU;UNTIL=20261222T100000", "exdates": ["2026-11-03T10:00:00"], "rdates": ["2026-12-31T10:00:00"],
        "changes": [
            {"start": "2026-10-27T10:00:00", "status": "full", "note": "Ring us to wait."},
            {"start": "2026-11-10T10:00:00", "status": "cancelled", "note": "The boiler is broken."},
            {"start": "2026-11-17T10:00:00", "status": "moved", "new_start": "2026-11-18T14:00:00"},
            {"start": "2026-11-03T10:00:00", "status": "full"},
        ],
    }));
    insta::assert_snapshot!(written[0], @r"
    UID:6d1f2e3c-4b5a-4678-9abc-def012345678@directory.luton.example.org
    DTSTAMP:20261120T090000Z
    LAST-MODIFIED:20261120T090000Z
    SEQUENCE:217328400
    DTSTART;TZID=Europe/London:20261020T100000
    DTEND;TZID=Europe/London:20261020T120000
    RRULE:FREQ=WEEKLY;UNTIL=20261222T100000Z;BYDAY=TU
    EXDATE;TZID=Europe/London:20261103T100000
    RDATE;TZID=Europe/London:20261231T100000
    SUMMARY:Cooking\; on a budget
    DESCRIPTION:Cook a meal for four.\nTake it home.
    LOCATION:Marsh Farm Centre\, 12 The Moakes\, Luton\, LU3 3QB
    GEO:51.9147;-0.4486
    URL:https://directory.luton.example.org/directory/events/6d1f2e3c-4b5a-4678-9abc-def012345678
    CATEGORIES:Food\, cheaply
    STATUS:CONFIRMED
    ");
    let short: Vec<String> = written[1..]
        .iter()
        .map(|event| {
            let wanted = ["RECURRENCE-ID", "DTSTART", "DTEND", "SUMMARY", "DESCRIPTION", "STATUS", "TRANSP"];
            let lines = event.lines().filter(|line| wanted.iter().any(|name| line.starts_with(name)));
            lines.map(|line| line.replace(";TZID=Europe/London", "")).collect::<Vec<_>>().join("\n")
        })
        .collect();
    insta::assert_snapshot!(short.join("\n\n"), @r"
    RECURRENCE-ID:20261027T100000
    DTSTART:20261027T100000
    DTEND:20261027T120000
    SUMMARY:Full: Cooking\; on a budget
    DESCRIPTION:Ring us to wait.\n\nCook a meal for four.\nTake it home.
    STATUS:CONFIRMED

    RECURRENCE-ID:20261110T100000
    DTSTART:20261110T100000
    DTEND:20261110T120000
    SUMMARY:Cancelled: Cooking\; on a budget
    DESCRIPTION:The boiler is broken.\n\nCook a meal for four.\nTake it home.
    STATUS:CANCELLED
    TRANSP:TRANSPARENT

    RECURRENCE-ID:20261117T100000
    DTSTART:20261118T140000
    DTEND:20261118T160000
    SUMMARY:Moved: Cooking\; on a budget
    DESCRIPTION:Cook a meal for four.\nTake it home.
    STATUS:CONFIRMED
    ");
}

#[test]
fn a_single_date_that_is_changed_is_changed_itself() {
    let moved =
        events(&json!({"changes": [{"start": "2026-10-20T10:00:00", "status": "moved", "new_start": "2026-10-21T10:00:00"}]}));
    assert_eq!(moved.len(), 1);
    assert!(moved[0].contains("DTSTART;TZID=Europe/London:20261021T100000\nDTEND;TZID=Europe/London:20261021T120000\n"));
    assert!(!moved[0].contains("RECURRENCE-ID"));
    let cancelled = events(&json!({"status": "cancelled"}));
    assert!(cancelled[0].contains("SUMMARY:Cancelled: Cooking\\; on a budget\n") && cancelled[0].contains("STATUS:CANCELLED\n"));
}

#[test]
fn a_place_that_is_not_told_whole_is_no_place_to_go_to() {
    for (policy, name, said) in [
        ("area", "Luton", "In Luton. The exact address is not published."),
        ("on_request", "Address given when you book", "The address is given when you book."),
    ] {
        let place = json!({"id": "1f4b0f2e-7a38-4f8e-9ad5-6d3d0f1b2c3d", "location_type": "physical", "name": name, "location_policy": policy, "latitude": 1, "longitude": 1});
        let written = events(&json!({ "location": place }));
        assert!(!written[0].contains("LOCATION:") && !written[0].contains("GEO:"), "{}", written[0]);
        assert!(written[0].contains(&lines::escaped(said)), "{}", written[0]);
    }
}

#[test]
fn a_date_that_moved_to_another_place_says_which() {
    let event = cooking(&json!({
        "rrule": "FREQ=WEEKLY;BYDAY=TU",
        "changes": [{"start": "2026-10-27T10:00:00", "status": "moved", "location_id": "2f4b0f2e-7a38-4f8e-9ad5-6d3d0f1b2c3d"}],
    }));
    let hall: Location = serde_json::from_value(
        json!({"id": "2f4b0f2e-7a38-4f8e-9ad5-6d3d0f1b2c3d", "location_type": "physical", "name": "Town Hall"}),
    )
    .unwrap();
    let known = calendar(|calendar| calendar.event(&event, &|_| Some(hall.clone())));
    assert!(known.contains("LOCATION:Town Hall\r\n"), "{known}");
    let unknown = calendar(|calendar| calendar.event(&event, &|_| None)).replace("\r\n ", "");
    assert_eq!(unknown.matches("LOCATION:").count(), 1, "not where it usually is: {unknown}");
    assert!(unknown.contains("It is at a different place this time."));
}

#[test]
fn a_day_that_is_left_out_is_left_out_with_all_of_its_dates() {
    let written = events(&json!({
        "rrule": "FREQ=DAILY;BYHOUR=10,14;COUNT=20", "exdates": ["2026-10-24T00:00:00", "2026-10-26T14:00:00"],
        "rdates": ["2026-10-24T18:00:00", "2026-10-25T18:00:00"],
    }));
    let left_out: Vec<&str> = written[0].lines().filter_map(|line| line.strip_prefix("EXDATE;TZID=Europe/London:")).collect();
    assert_eq!(left_out, ["20261024T100000", "20261024T140000", "20261024T180000", "20261026T140000"]);
}

#[test]
fn an_event_whose_only_date_is_left_out_stands_in_no_calendar() {
    for left_out in ["2026-10-20T10:00:00", "2026-10-20T00:00:00"] {
        assert_eq!(events(&json!({"exdates": [left_out]})), [] as [String; 0], "{left_out}");
        assert_eq!(events(&json!({"exdates": [left_out], "rdates": ["2026-10-27T10:00:00"]})).len(), 1, "it has another");
    }
    assert_eq!(events(&json!({"exdates": ["2026-10-21T10:00:00"]})).len(), 1, "it is another date");
}

#[test]
fn a_rule_that_is_not_understood_is_not_passed_on() {
    let written = events(&json!({"rrule": "FREQ=SECONDLY\r\nATTACH:https://evil.example", "exdates": ["2026-10-20T10:00:00"]}));
    assert!(!written[0].contains("RRULE") && !written[0].contains("evil") && !written[0].contains("EXDATE"));
    assert!(written[0].contains("There is more than one date."));
}

#[test]
fn each_zone_is_defined_once_and_an_empty_calendar_holds_one() {
    let empty = calendar(|_| {});
    assert!(empty.starts_with("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n") && empty.ends_with("END:VCALENDAR\r\n"));
    assert!(empty.contains("X-WR-CALNAME:Luton\\, all of it\r\n"));
    assert_eq!(empty.matches("BEGIN:VTIMEZONE").count(), 1);
    let two = calendar(|calendar| {
        for zone in ["Europe/Paris", "Europe/London", "Europe/Paris"] {
            calendar.event(&cooking(&json!({ "timezone": zone })), &|_| None);
        }
    });
    assert_eq!(two.matches("BEGIN:VTIMEZONE").count(), 2);
    assert!(two.split("\r\n").all(|line| line.len() <= 75), "{two}");
}

#[test]
fn hours_of_a_service_are_series_that_keep_nobody_busy() {
    let service: Service = serde_json::from_value(json!({
        "id": "ac148810-d857-441c-9679-408f346de14b", "name": "Pantry", "status": "temporarily closed", "alert": "Closed for repairs",
        "last_modified": "2026-11-22T12:00:00Z",
        "schedules": [
            {"id": "d1e2f3a4-b5c6-4d7e-8f9a-0b1c2d3e4f5a", "freq": "WEEKLY", "byday": "TH", "opens_at": "10:00", "closes_at": "13:00"},
            {"id": "d1e2f3a4-b5c6-4d7e-8f9a-0b1c2d3e4f5b", "description": "In term time"},
        ],
    }))
    .unwrap();
    let written = calendar(|calendar| calendar.service(&service)).replace("\r\n ", "").replace('\r', "");
    insta::assert_snapshot!(written.split("END:VTIMEZONE\n").nth(1).unwrap(), @r"
    BEGIN:VEVENT
    UID:ac148810-d857-441c-9679-408f346de14b.d1e2f3a4-b5c6-4d7e-8f9a-0b1c2d3e4f5a@directory.luton.example.org
    DTSTAMP:20261122T120000Z
    LAST-MODIFIED:20261122T120000Z
    SEQUENCE:217512000
    DTSTART;TZID=Europe/London:20261126T100000
    DTEND;TZID=Europe/London:20261126T130000
    RRULE:FREQ=WEEKLY;BYDAY=TH
    SUMMARY:Temporarily closed: Pantry
    DESCRIPTION:Closed for repairs
    URL:https://directory.luton.example.org/directory/services/ac148810-d857-441c-9679-408f346de14b
    STATUS:TENTATIVE
    TRANSP:TRANSPARENT
    END:VEVENT
    END:VCALENDAR
    ");
}
