//! What the standard is told of series.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::model::hours::Hours;

fn event(fields: &Value) -> Event {
    let mut event = json!({"id": "6d1f2e3c-4b5a-4678-9abc-def012345678", "organization_id": "d9d5e0f5-d3ce-4f73-9a2f-4dd0ecc6c610",
        "name": "Cooking on a budget", "status": "scheduled", "timezone": "Europe/London"});
    let Value::Object(fields) = fields else { panic!("fields of an event") };
    event.as_object_mut().unwrap().extend(fields.clone());
    serde_json::from_value(event).unwrap()
}

fn now() -> DateTime<Utc> {
    "2026-11-25T12:00:00Z".parse().unwrap()
}

/// Each schedule in a line, as far as it says something.
fn told(event: &Event) -> Vec<String> {
    as_service(event, now())
        .schedules
        .iter()
        .map(|one| {
            let value = serde_json::to_value(one).unwrap();
            [
                "freq",
                "interval",
                "byday",
                "bymonthday",
                "dtstart",
                "valid_from",
                "valid_to",
                "until",
                "count",
                "opens_at",
                "closes_at",
            ]
            .iter()
            .filter_map(|name| value.get(name).map(|value| format!("{name}={}", value.to_string().trim_matches('"'))))
            .collect::<Vec<_>>()
            .join(" ")
        })
        .collect()
}

#[test]
fn one_date_is_a_schedule_of_one_day() {
    let once = event(&json!({"start": "2026-12-03T10:00:00", "end": "2026-12-03T12:00:00"}));
    assert_eq!(
        told(&once),
        ["dtstart=2026-12-03 valid_from=2026-12-03 valid_to=2026-12-03 count=1 opens_at=10:00 closes_at=12:00"]
    );
    let days = event(&json!({"start": "2026-12-05T18:00:00", "end": "2026-12-07T12:00:00"}));
    assert_eq!(
        told(&days),
        [
            "dtstart=2026-12-05 valid_from=2026-12-05 valid_to=2026-12-05 count=1 opens_at=18:00 closes_at=23:59",
            "dtstart=2026-12-06 valid_from=2026-12-06 valid_to=2026-12-06 count=1 opens_at=00:00 closes_at=23:59",
            "dtstart=2026-12-07 valid_from=2026-12-07 valid_to=2026-12-07 count=1 opens_at=00:00 closes_at=12:00",
        ]
    );
}

#[test]
fn a_series_is_told_as_weeks_or_months() {
    let rule = |rule: &str| told(&event(&json!({"start": "2026-11-03T10:00:00", "end": "2026-11-03T12:00:00", "rrule": rule})));
    let weekly = "dtstart=2026-11-03 valid_from=2026-11-03";
    assert_eq!(rule("FREQ=WEEKLY"), [format!("freq=WEEKLY interval=1 byday=TU {weekly} opens_at=10:00 closes_at=12:00")]);
    assert_eq!(
        rule("FREQ=MONTHLY;BYDAY=1TU;INTERVAL=2;UNTIL=20270620"),
        [format!(
            "freq=MONTHLY interval=2 byday=1TU {weekly} valid_to=2027-05-04 until=2027-05-04 opens_at=10:00 closes_at=12:00"
        )]
    );
    assert_eq!(
        rule("FREQ=DAILY;COUNT=5"),
        [format!(
            "freq=WEEKLY interval=1 byday=MO,TU,WE,TH,FR,SA,SU {weekly} valid_to=2026-11-07 until=2026-11-07 count=5 opens_at=10:00 closes_at=12:00"
        )]
    );
    assert_eq!(rule("FREQ=MONTHLY"), [format!("freq=MONTHLY interval=1 bymonthday=3 {weekly} opens_at=10:00 closes_at=12:00")]);
    // Neither days at intervals nor years are in the standard.
    assert_eq!(rule("FREQ=DAILY;INTERVAL=3;COUNT=3").len(), 3);
    assert_eq!(
        rule("FREQ=YEARLY"),
        ["dtstart=2027-11-03 valid_from=2027-11-03 valid_to=2027-11-03 count=1 opens_at=10:00 closes_at=12:00"]
    );
    assert_eq!(rule("FREQ=DAILY;INTERVAL=2").len(), 60, "no more than sixty, from this week on");
}

#[test]
fn dates_that_do_not_take_place_split_the_series() {
    let series = event(
        &json!({"start": "2026-11-03T10:00:00", "end": "2026-11-03T12:00:00", "rrule": "FREQ=WEEKLY;UNTIL=20261215T100000Z",
        "exdates": ["2026-11-17T10:00:00", "2026-11-18T10:00:00"], "rdates": ["2026-12-18T15:00:00", "2026-11-24T10:00:00"],
        "changes": [
            {"start": "2026-12-08T10:00:00", "status": "cancelled"},
            {"start": "2026-12-15T10:00:00", "status": "moved", "new_start": "2026-12-16T11:00:00"},
            {"start": "2026-12-01T10:00:00", "status": "full"}
        ]}),
    );
    let dates: Vec<String> = told(&series).iter().map(|one| one.split("dtstart=").nth(1).unwrap().to_owned()).collect();
    assert_eq!(
        dates,
        [
            "2026-11-03 valid_from=2026-11-03 valid_to=2026-11-10 until=2026-11-10 opens_at=10:00 closes_at=12:00",
            "2026-11-24 valid_from=2026-11-24 valid_to=2026-12-01 until=2026-12-01 opens_at=10:00 closes_at=12:00",
            "2026-12-16 valid_from=2026-12-16 valid_to=2026-12-16 count=1 opens_at=11:00 closes_at=13:00",
            "2026-12-18 valid_from=2026-12-18 valid_to=2026-12-18 count=1 opens_at=15:00 closes_at=17:00",
        ]
    );
    let ids: std::collections::HashSet<_> = as_service(&series, now()).schedules.iter().map(|one| one.id).collect();
    assert_eq!(ids.len(), 4);
}

#[test]
fn the_state_follows_the_series_and_the_time() {
    let fields = json!({"start": "2026-11-03T10:00:00", "end": "2026-11-03T12:00:00", "rrule": "FREQ=WEEKLY;COUNT=2"});
    let series = event(&fields);
    let at = |text: &str| as_service(&series, text.parse().unwrap()).status;
    assert_eq!(at("2026-11-10T11:59:59Z"), ServiceStatus::Active);
    assert_eq!(at("2026-11-10T12:00:00Z"), ServiceStatus::Inactive);
    let before = as_service(&series, "2026-11-09T12:00:00Z".parse().unwrap());
    assert!(!has_aged(&series, &before, "2026-11-10T11:00:00Z".parse().unwrap()));
    assert!(has_aged(&series, &before, now()));
    for (status, seen) in [("cancelled", ServiceStatus::Inactive), ("postponed", ServiceStatus::TemporarilyClosed)] {
        let mut fields = fields.clone();
        fields["status"] = json!(status);
        let service = as_service(&event(&fields), now());
        assert_eq!((service.status, service.schedules.len()), (seen, 0));
    }
}

#[test]
fn an_event_elsewhere_is_told_in_the_times_of_here() {
    let online = event(
        &json!({"start": "2026-12-01T20:00:00", "end": "2026-12-01T21:00:00", "timezone": "America/New_York", "rrule": "FREQ=WEEKLY;COUNT=2"}),
    );
    assert_eq!(
        told(&online),
        [
            "dtstart=2026-12-02 valid_from=2026-12-02 valid_to=2026-12-02 count=1 opens_at=01:00 closes_at=02:00",
            "dtstart=2026-12-09 valid_from=2026-12-09 valid_to=2026-12-09 count=1 opens_at=01:00 closes_at=02:00",
        ]
    );
}

fn any_event() -> impl Strategy<Value = Event> {
    let rule = prop::sample::select(vec![
        "FREQ=WEEKLY",
        "FREQ=WEEKLY;BYDAY=TU,TH;INTERVAL=2",
        "FREQ=WEEKLY;BYDAY=SU,MO;INTERVAL=3;WKST=SU",
        "FREQ=MONTHLY;BYDAY=-1FR",
        "FREQ=MONTHLY",
        "FREQ=MONTHLY;BYMONTHDAY=1,-1;INTERVAL=2",
        "FREQ=DAILY",
        "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR",
        "FREQ=DAILY;INTERVAL=5",
        "FREQ=YEARLY",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        "FREQ=WEEKLY;BYDAY=WE;COUNT=9",
        "FREQ=WEEKLY;BYDAY=WE;UNTIL=20270301T000000Z",
        "",
    ]);
    let days = || prop::collection::vec(0_i64..150, 0..6);
    let length = prop::sample::select(vec![0_i64, 30, 90, 300, 900, 1_440, 3_000]);
    (rule, 0_i64..60, 0_u32..24, length, days(), days(), prop::collection::vec((0_i64..150, 0_usize..3, 0_i64..5), 0..5)).prop_map(
        |(rule, start, hour, length, exdates, rdates, changes)| {
            let first = "2026-10-01T00:00:00".parse::<chrono::NaiveDateTime>().unwrap() + chrono::Duration::hours(start * 24 + i64::from(hour));
            let on = |days: &i64| (first + chrono::Duration::days(*days)).format("%Y-%m-%dT%H:%M:%S").to_string();
            let changes: Vec<Value> = changes
                .iter()
                .map(|(day, status, by)| json!({"start": on(day), "status": (["cancelled", "moved", "full"][*status]), "new_start": on(&(day + by))}))
                .collect();
            let end = (first + chrono::Duration::minutes(length)).format("%Y-%m-%dT%H:%M:%S").to_string();
            event(&json!({"start": on(&0), "end": end, "rrule": Some(rule).filter(|rule| !rule.is_empty()),
                "exdates": exdates.iter().map(on).collect::<Vec<_>>(), "rdates": rdates.iter().map(on).collect::<Vec<_>>(), "changes": changes}))
        },
    )
}

proptest! {
    #[test]
    fn software_that_knows_only_schedules_sees_exactly_the_dates_that_take_place(event in any_event()) {
        let service = as_service(&event, now());
        prop_assert!(service.schedules.len() <= 60);
        prop_assert_eq!(service.schedules.iter().map(|one| one.id).collect::<std::collections::HashSet<_>>().len(), service.schedules.len());
        let hours = Hours::of(&service.schedules);
        let (from, until) = (now(), now() + chrono::Duration::days(50));
        let dates = occurrences::between(&event, from, until, 1_000);
        let takes_place = |one: &&occurrences::Occurrence| one.status != occurrences::OccurrenceStatus::Cancelled && one.start < one.end;
        // Of many single dates only the next ones are told; what lasts for days overlaps.
        let told = service.schedules.last().filter(|_| service.schedules.len() > 50).and_then(|one| one.valid_from);
        let told = told.map_or(50, |last| (last - from.date_naive()).num_days() - 4);
        for hour in 0..told.min(50) * 24 {
            // Not on the hour: what ends then has ended.
            let at = from + chrono::Duration::hours(hour) + chrono::Duration::minutes(7);
            let is_on = dates.iter().filter(takes_place).any(|one| one.start <= at && at < one.end);
            let is_open = hours.sessions(at, at + chrono::Duration::seconds(1), 1).iter().any(|one| !one.all_day);
            prop_assert_eq!(is_open, is_on, "{} {:?}", at, service.schedules);
        }
    }
}
