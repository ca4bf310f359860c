//! What schedules say about moments, against dates worked out by hand.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn hours(schedules: Value) -> Hours {
    let mut list: Vec<Value> = serde_json::from_value(schedules).unwrap();
    for one in &mut list {
        one["id"] = json!("d1e2f3a4-b5c6-4d7e-8f9a-0b1c2d3e4f5a");
    }
    Hours::of(&serde_json::from_value::<Vec<Schedule>>(Value::Array(list)).unwrap())
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// "2026-11-25 10:00" on the clocks of London, where that is said once only.
fn london(text: &str) -> DateTime<Utc> {
    let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
    London.from_local_datetime(&local).single().unwrap().to_utc()
}

fn is_open(hours: &Hours, at: &str) -> bool {
    let open = matches!(hours.at(london(at)), Opening::Open { .. });
    assert_eq!(open, hours.is_open(london(at)), "{at}");
    open
}

/// Sessions as "start/end" in UTC.
fn listed(hours: &Hours, from: &str, until: &str) -> Vec<String> {
    let said = |at: DateTime<Utc>| at.format("%m-%d %H:%M").to_string();
    hours.sessions(london(from), london(until), 50).iter().map(|one| format!("{}/{}", said(one.start), said(one.end))).collect()
}

fn office() -> Hours {
    hours(json!([{"freq": "WEEKLY", "byday": "MO,TU,WE,TH,FR", "opens_at": "09:00", "closes_at": "17:00"}]))
}

#[test]
fn an_office_is_open_in_its_hours_and_closed_from_the_minute_it_closes() {
    // 25 November 2026 is a Wednesday.
    let office = office();
    assert!(!is_open(&office, "2026-11-25 08:59"));
    assert!(is_open(&office, "2026-11-25 09:00"));
    assert!(is_open(&office, "2026-11-25 16:59"));
    assert!(!is_open(&office, "2026-11-25 17:00"));
    assert_eq!(office.at(london("2026-11-25 10:00")), Opening::Open { until: Some(utc("2026-11-25T17:00:00Z")) });
    let Opening::Closed { next: Some(next) } = office.at(london("2026-11-27 18:00")) else { panic!() };
    assert_eq!((next.start, next.end), (utc("2026-11-30T09:00:00Z"), utc("2026-11-30T17:00:00Z")));
}

#[test]
fn summer_time_moves_the_hours_with_the_clocks() {
    // British Summer Time began on 29 March 2026 and ended on 25 October 2026, both Sundays.
    assert_eq!(listed(&office(), "2026-03-27 00:00", "2026-03-31 00:00"), ["03-27 09:00/03-27 17:00", "03-30 08:00/03-30 16:00"]);
    assert_eq!(listed(&office(), "2026-10-23 00:00", "2026-10-27 00:00"), ["10-23 08:00/10-23 16:00", "10-26 09:00/10-26 17:00"]);
}

#[test]
fn a_night_shelter_is_open_into_the_next_day_and_through_the_change_of_the_clocks() {
    let shelter = hours(json!([{"freq": "WEEKLY", "byday": "SA", "opens_at": "22:00", "closes_at": "06:00"}]));
    assert!(is_open(&shelter, "2026-11-28 23:00"));
    assert!(is_open(&shelter, "2026-11-29 05:59"));
    assert!(!is_open(&shelter, "2026-11-29 06:00"));
    assert!(!is_open(&shelter, "2026-11-28 05:00"), "Friday's night is not Saturday's");
    // Eight hours by the clock: seven when an hour is jumped over, nine when one comes twice.
    assert_eq!(listed(&shelter, "2026-03-28 12:00", "2026-03-29 12:00"), ["03-28 22:00/03-29 05:00"]);
    assert_eq!(listed(&shelter, "2026-10-24 12:00", "2026-10-25 12:00"), ["10-24 21:00/10-25 06:00"]);
}

#[test]
fn local_times_that_do_not_exist_or_exist_twice_are_read_with_care() {
    let early = hours(json!([{"freq": "WEEKLY", "byday": "SU", "opens_at": "01:30", "closes_at": "03:00"}]));
    // There is no half past one: it opens when the clocks jump from one to two.
    assert_eq!(listed(&early, "2026-03-28 12:00", "2026-03-29 12:00"), ["03-29 01:00/03-29 02:00"]);
    // Half past one comes twice: it opens at the first.
    assert_eq!(listed(&early, "2026-10-24 12:00", "2026-10-25 12:00"), ["10-25 00:30/10-25 03:00"]);
    let jumped_over = hours(json!([{"freq": "WEEKLY", "byday": "SU", "opens_at": "01:15", "closes_at": "01:45"}]));
    assert!(listed(&jumped_over, "2026-03-28 12:00", "2026-03-29 12:00").is_empty());
    // It closes at the first quarter to two.
    assert_eq!(listed(&jumped_over, "2026-10-24 12:00", "2026-10-25 12:00"), ["10-25 00:15/10-25 00:45"]);
}

#[test]
fn a_helpline_round_the_clock_never_closes() {
    let line = hours(json!([{"freq": "WEEKLY", "byday": "MO,TU,WE,TH,FR,SA,SU", "opens_at": "00:00", "closes_at": "23:59"}]));
    for at in ["2026-11-25 23:59", "2026-11-26 00:00", "2026-12-25 12:00", "2026-12-28 03:00", "2026-03-29 00:59"] {
        assert_eq!(line.at(london(at)), Opening::Open { until: None }, "{at}");
    }
    assert_eq!(line.sessions(london("2026-11-25 12:00"), london("2026-11-28 12:00"), 10).len(), 1);
    let weekend = hours(json!([{"freq": "WEEKLY", "byday": "SA,SU", "opens_at": "00:00", "closes_at": "23:59"}]));
    assert_eq!(weekend.at(london("2026-11-28 12:00")), Opening::Open { until: Some(utc("2026-11-30T00:00:00Z")) });
}

#[test]
fn on_a_bank_holiday_usual_hours_are_in_doubt_unless_the_schedule_says() {
    // Christmas 2026 is on a Friday; Boxing Day's bank holiday moves to Monday 28 December.
    let office = office();
    for (day, name) in [("2026-12-25", "Christmas Day"), ("2026-12-28", "Boxing Day"), ("2027-03-26", "Good Friday")] {
        let at = london(&format!("{day} 10:00"));
        assert!(matches!(office.at(at), Opening::HolidayUnsure { holiday, .. } if holiday == name), "{:?}", office.at(at));
        assert!(!office.is_open(at));
    }
    assert!(is_open(&office, "2026-12-24 10:00") && is_open(&office, "2026-12-29 10:00"));
    let Opening::Closed { next: Some(next) } = office.at(london("2026-12-24 18:00")) else { panic!() };
    assert_eq!((next.start, next.doubt), (utc("2026-12-25T09:00:00Z"), Some(Doubt::BankHoliday)));

    let said = |words: &str| {
        hours(json!([{"freq": "WEEKLY", "byday": "MO,TU,WE,TH,FR", "opens_at": "09:00", "closes_at": "17:00", "notes": words}]))
    };
    let holiday = "2026-12-28 10:00";
    for closed in ["Closed on bank holidays", "Except Bank Holidays.", "Not open on public holidays", "excluding bank hols"] {
        let Opening::Closed { next: Some(next) } = said(closed).at(london(holiday)) else { panic!("{closed}") };
        assert_eq!(next.start, utc("2026-12-29T09:00:00Z"));
    }
    for open in ["Open on bank holidays", "including bank holidays", "Open 365 days a year"] {
        assert!(is_open(&said(open), holiday), "{open}");
    }
    for unsure in ["Bank holidays may vary", "Open on some bank holidays, closed on others", "Ring the bell"] {
        assert!(matches!(said(unsure).at(london(holiday)), Opening::HolidayUnsure { .. }), "{unsure}");
    }
}

#[test]
fn a_certain_session_beside_a_doubtful_one_stays_certain() {
    let both = hours(json!([
        {"freq": "WEEKLY", "byday": "MO", "opens_at": "09:00", "closes_at": "17:00"},
        {"dtstart": "2026-12-28", "opens_at": "11:00", "closes_at": "13:00", "notes": "Open on this bank holiday"}
    ]));
    assert!(is_open(&both, "2026-12-28 12:00"));
    assert_eq!(
        listed(&both, "2026-12-28 00:00", "2026-12-29 00:00"),
        ["12-28 09:00/12-28 11:00", "12-28 11:00/12-28 13:00", "12-28 13:00/12-28 17:00"]
    );
}

#[test]
fn what_depends_on_school_terms_is_not_called_open() {
    let group =
        hours(json!([{"freq": "WEEKLY", "byday": "TH", "opens_at": "10:00", "closes_at": "11:00", "description": "Term time"}]));
    assert!(matches!(group.at(london("2026-11-26 10:30")), Opening::TermUnsure { .. }));
    assert!(!group.is_open(london("2026-11-26 10:30")));
    assert_eq!(group.days("2026-11-25".parse().unwrap()), [false, false, false, true, false, false, false]);
}

#[test]
fn every_other_week_is_counted_from_its_first_day() {
    let shed = hours(
        json!([{"freq": "WEEKLY", "interval": 2, "byday": "WE", "dtstart": "2026-09-02", "opens_at": "10:00", "closes_at": "12:00"}]),
    );
    assert_eq!(
        listed(&shed, "2026-10-14 00:00", "2026-11-30 00:00"),
        ["10-14 09:00/10-14 11:00", "10-28 10:00/10-28 12:00", "11-11 10:00/11-11 12:00", "11-25 10:00/11-25 12:00"]
    );
    assert!(!is_open(&shed, "2026-08-19 11:00"), "it had not begun");
    let unknown = hours(json!([{"freq": "WEEKLY", "interval": 2, "byday": "WE", "opens_at": "10:00", "closes_at": "12:00"}]));
    assert!(unknown.is_empty(), "nobody knows which week");
    // With Sunday as the first day of the week, Sunday 6 September belongs to the week of the 9th.
    let sunday = |first: &str| {
        hours(
            json!([{"freq": "WEEKLY", "interval": 2, "byday": "SU,WE", "dtstart": "2026-09-02", "wkst": first, "opens_at": "10:00", "closes_at": "12:00"}]),
        )
    };
    assert_eq!(
        listed(&sunday("MO"), "2026-09-01 00:00", "2026-09-15 00:00"),
        ["09-02 09:00/09-02 11:00", "09-06 09:00/09-06 11:00"]
    );
    assert_eq!(
        listed(&sunday("SU"), "2026-09-01 00:00", "2026-09-15 00:00"),
        ["09-02 09:00/09-02 11:00", "09-13 09:00/09-13 11:00"]
    );
}

#[test]
fn days_of_the_month_are_found_in_short_and_long_months() {
    let last_friday = hours(json!([{"freq": "MONTHLY", "byday": "-1FR", "opens_at": "10:00", "closes_at": "12:00"}]));
    assert_eq!(
        listed(&last_friday, "2027-01-01 00:00", "2027-04-30 23:00"),
        ["01-29 10:00/01-29 12:00", "02-26 10:00/02-26 12:00", "03-26 10:00/03-26 12:00", "04-30 09:00/04-30 11:00"]
    );
    let fifth = hours(json!([{"freq": "MONTHLY", "byday": "5MO", "opens_at": "10:00", "closes_at": "12:00"}]));
    assert_eq!(listed(&fifth, "2026-09-01 00:00", "2026-12-31 00:00"), ["11-30 10:00/11-30 12:00"]);
    let leap = hours(
        json!([{"freq": "MONTHLY", "bymonthday": "29", "interval": 12, "dtstart": "2028-02-29", "opens_at": "10:00", "closes_at": "12:00"}]),
    );
    assert_eq!(listed(&leap, "2028-01-01 00:00", "2032-12-31 00:00"), ["02-29 10:00/02-29 12:00", "02-29 10:00/02-29 12:00"]);
    let end = hours(json!([{"freq": "MONTHLY", "bymonthday": "-1", "opens_at": "10:00", "closes_at": "12:00"}]));
    assert_eq!(listed(&end, "2028-02-01 00:00", "2028-04-01 00:00"), ["02-29 10:00/02-29 12:00", "03-31 09:00/03-31 11:00"]);
    let second = hours(json!([{"byday": "2TU", "opens_at": "10:00", "closes_at": "12:00"}]));
    assert_eq!(listed(&second, "2026-11-01 00:00", "2026-11-30 00:00"), ["11-10 10:00/11-10 12:00"]);
}

#[test]
fn a_schedule_holds_from_its_first_to_its_last_day() {
    let winter = hours(
        json!([{"byday": "MO,TH", "valid_from": "2026-11-02", "valid_to": "2026-11-12", "opens_at": "10:00", "closes_at": "12:00"}]),
    );
    assert_eq!(
        listed(&winter, "2026-10-01 00:00", "2027-01-01 00:00"),
        ["11-02 10:00/11-02 12:00", "11-05 10:00/11-05 12:00", "11-09 10:00/11-09 12:00", "11-12 10:00/11-12 12:00"]
    );
    let today = "2026-11-13".parse().unwrap();
    assert!(winter.is_over(today) && winter.days(today) == [false; 7]);
    assert_eq!(winter.at(london("2026-11-13 10:00")), Opening::Closed { next: None });
    let three = hours(
        json!([{"freq": "WEEKLY", "byday": "TU", "dtstart": "2026-11-03", "count": 3, "opens_at": "10:00", "closes_at": "12:00"}]),
    );
    assert_eq!(
        listed(&three, "2026-10-01 00:00", "2027-01-01 00:00"),
        ["11-03 10:00/11-03 12:00", "11-10 10:00/11-10 12:00", "11-17 10:00/11-17 12:00"]
    );
    assert!(three.is_over("2026-11-18".parse().unwrap()));
    // The 3rd and the 10th are two of the four, although the schedule did not hold yet.
    let later = hours(
        json!([{"freq": "WEEKLY", "byday": "TU", "dtstart": "2026-11-03", "valid_from": "2026-11-17", "count": 4, "opens_at": "10:00", "closes_at": "12:00"}]),
    );
    assert_eq!(listed(&later, "2026-10-01 00:00", "2027-01-01 00:00"), ["11-17 10:00/11-17 12:00", "11-24 10:00/11-24 12:00"]);
    let once = hours(json!([{"dtstart": "2026-12-03", "count": 1, "opens_at": "10:00", "closes_at": "12:00"}]));
    assert_eq!(listed(&once, "2026-01-01 00:00", "2028-01-01 00:00"), ["12-03 10:00/12-03 12:00"]);
}

#[test]
fn days_without_hours_last_all_day() {
    let mondays = hours(json!([{"freq": "WEEKLY", "byday": "MO"}]));
    let session = mondays.sessions(london("2026-11-30 09:00"), london("2026-11-30 10:00"), 1)[0];
    assert_eq!((session.start, session.end, session.all_day), (utc("2026-11-30T00:00:00Z"), utc("2026-12-01T00:00:00Z"), true));
}

#[test]
fn a_day_of_which_nobody_knows_the_times_is_not_open() {
    let daily = "MO,TU,WE,TH,FR,SA,SU";
    for times in [
        json!({"freq": "WEEKLY", "byday": daily, "description": "9.30am to 5pm"}),
        json!({"freq": "WEEKLY", "byday": daily, "opens_at": "03:00"}),
        json!({"freq": "WEEKLY", "byday": daily, "closes_at": "17:00"}),
    ] {
        let hours = hours(json!([times]));
        let now = london("2026-11-25 12:00");
        assert!(matches!(hours.at(now), Opening::TimesUnsure { .. }), "{times}");
        assert!(!hours.is_open(now), "{times}");
        let days = hours.sessions(now, london("2026-11-27 12:00"), 9);
        assert_eq!(days.len(), 3, "each day by itself: {times}");
        assert!(days.iter().all(|day| day.all_day && day.doubt == Some(Doubt::Times)), "{times}");
    }
}

#[test]
fn times_that_are_known_stand_beside_a_note_of_the_same_day() {
    let hours = hours(json!([
        {"freq": "WEEKLY", "byday": "WE", "opens_at": "09:00", "closes_at": "17:00"},
        {"freq": "WEEKLY", "byday": "WE", "description": "by appointment"},
    ]));
    assert!(hours.is_open(london("2026-11-25 12:00")));
    assert_eq!(listed(&hours, "2026-11-25 00:00", "2026-11-26 00:00"), ["11-25 09:00/11-25 17:00"]);
    assert!(matches!(hours.at(london("2026-11-25 20:00")), Opening::Closed { .. }));
}

#[test]
fn what_says_nothing_or_is_not_understood_is_left_out() {
    for nothing in [
        json!({"description": "Ring to find out"}),
        json!({"opens_at": "09:00", "closes_at": "17:00"}),
        json!({"freq": "WEEKLY", "byday": "whenever", "dtstart": "2026-11-02"}),
        json!({"freq": "WEEKLY", "byday": "MO", "byweekno": "1,2"}),
        json!({"freq": "MONTHLY", "byyearday": "100"}),
        json!({"freq": "MONTHLY", "bymonthday": "32"}),
        json!({"freq": "WEEKLY", "byday": "MO", "opens_at": "00:00", "closes_at": "00:00"}),
        json!({"freq": "WEEKLY", "byday": "MO", "valid_from": "2026-11-02", "valid_to": "2026-11-01"}),
        json!({"freq": "WEEKLY", "byday": "MO", "count": 0}),
        json!({"freq": "WEEKLY", "interval": 2, "byday": "1TU", "dtstart": "2026-11-03"}),
    ] {
        assert_eq!(hours(json!([nothing])).at(london("2026-11-25 10:00")), Opening::Unknown, "{nothing}");
    }
}

#[test]
fn a_day_and_a_time_of_day_find_what_is_on_then() {
    let time = |text: &str| NaiveTime::parse_from_str(text, "%H:%M").unwrap();
    let today = "2026-11-25".parse().unwrap();
    let night = hours(json!([{"freq": "WEEKLY", "byday": "FR", "opens_at": "22:00", "closes_at": "06:00"}]));
    let on = |day: Option<Weekday>, from: &str, to: &str| night.is_on(day, time(from), time(to), today);
    assert!(on(Some(Fri), "21:00", "22:00") && !on(Some(Fri), "18:00", "21:59"));
    assert!(on(Some(Sat), "05:00", "07:00") && !on(Some(Sat), "06:00", "23:59"));
    assert!(on(Some(Fri), "23:00", "02:00") && !on(Some(Thu), "23:00", "00:00"));
    assert!(on(None, "03:00", "03:00") && !on(None, "12:00", "13:00"));
    assert_eq!(night.days(today), [false, false, false, false, true, true, false]);
    let soon = hours(json!([{"byday": "MO", "valid_from": "2027-03-01", "opens_at": "10:00", "closes_at": "12:00"}]));
    assert!(soon.is_on(Some(Mon), time("09:00"), time("10:30"), today), "it holds later");
}

#[test]
fn bytes_are_few_and_only_our_own_are_read() {
    assert_eq!(Hours::default().encode(), [2]);
    assert_eq!(office().encode().len(), 8);
    assert_eq!(Hours::decode(&[]), None);
    assert_eq!(Hours::decode(&[1]), None);
    let mut cut = office().encode();
    cut.pop();
    assert_eq!(Hours::decode(&cut), None);
    let (one, other) = (json!({"byday": "MO"}), json!({"byday": "TU", "notes": "Closed on bank holidays"}));
    assert_eq!(hours(json!([one, other])).encode(), hours(json!([other, one, other])).encode());
    let many: Vec<Value> = (0..1_500)
        .map(|n| {
            json!({"freq": "MONTHLY", "byday": "1MO", "interval": 2, "dtstart": "2026-01-01", "valid_to": "2027-01-01",
            "opens_at": format!("{:02}:{:02}", n / 60, n % 60 ), "closes_at": "23:59"})
        })
        .filter(|one| one["opens_at"].as_str().unwrap() < "23:00")
        .collect();
    let many = hours(Value::Array(many));
    assert!((30_000..60_000).contains(&many.encode().len()));
    assert_eq!(Hours::decode(&many.encode()), Some(many));
}

#[test]
fn nobody_is_sent_to_a_door_that_is_closed_on_certain_days() {
    let hours = hours(json!([{"freq": "WEEKLY", "byday": "TH,FR", "opens_at": "18:00", "closes_at": "21:00",
        "notes": "Closed from 24 December 2026 to 28 December 2026"}]));
    assert!(is_open(&hours, "2026-12-18 19:00"));
    assert!(!is_open(&hours, "2026-12-24 19:00"));
    let Opening::Closed { next: Some(next) } = hours.at(london("2026-12-24 19:00")) else { panic!() };
    assert_eq!(next.start, utc("2026-12-31T18:00:00Z"));
    assert_eq!(Hours::decode(&hours.encode()), Some(hours));
}

fn any_day() -> impl Strategy<Value = String> {
    (0_i64..800).prop_map(|days| ("2026-01-01".parse::<NaiveDate>().unwrap() + chrono::Duration::days(days)).to_string())
}

fn any_schedule() -> impl Strategy<Value = Value> {
    let freq = prop::sample::select(vec![None, Some("WEEKLY"), Some("MONTHLY")]);
    let byday = prop::sample::select(vec![
        None,
        Some("MO"),
        Some("TU,TH"),
        Some("1SA,-1SU"),
        Some("MO,TU,WE,TH,FR,SA,SU"),
        Some("-5FR"),
        Some("x"),
    ]);
    let numbers = prop::sample::select(vec![None, Some("1"), Some("29,31"), Some("-1"), Some("0")]);
    let time = || prop::option::of((0_u8..24, 0_u8..60).prop_map(|(h, m)| format!("{h:02}:{m:02}")));
    let round = prop::bool::weighted(0.2);
    let words = prop::sample::select(vec![
        "",
        "Closed on bank holidays",
        "Open on bank holidays",
        "Term time",
        "Closed from 3 March 2026 to 9 May 2027",
        "x",
    ]);
    let days = (prop::option::of(any_day()), prop::option::of(any_day()), prop::option::of(any_day()));
    let counts = (prop::option::of(0_u32..5), prop::option::of(0_u32..20));
    (freq, byday, numbers, (time(), time(), round), words, days, counts).prop_map(
        |(freq, byday, numbers, (opens, closes, round), words, (dtstart, from, to), (interval, count))| {
            let mut one = json!({"freq": freq, "byday": byday, "bymonthday": numbers, "notes": words, "dtstart": dtstart,
                "valid_from": from, "valid_to": to, "interval": interval, "count": count, "opens_at": opens, "closes_at": closes});
            if round {
                (one["opens_at"], one["closes_at"]) = (json!("00:00"), json!("23:59"));
            }
            one
        },
    )
}

fn any_hours() -> impl Strategy<Value = Hours> {
    prop::collection::vec(any_schedule(), 0..5).prop_map(|list| hours(Value::Array(list)))
}

proptest! {
    #[test]
    fn bytes_give_the_same_hours_again(hours in any_hours()) {
        prop_assert_eq!(Hours::decode(&hours.encode()), Some(hours));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..80), now in 0_i64..4_000_000_000) {
        let mut bytes = bytes;
        if let Some(first) = bytes.first_mut() {
            *first = 2;
        }
        if let Some(hours) = Hours::decode(&bytes) {
            prop_assert_eq!(hours.encode(), bytes);
            let now = DateTime::from_timestamp(now, 0).unwrap();
            let _ = (hours.at(now), hours.days(now.date_naive()), hours.sessions(now, DateTime::<Utc>::MAX_UTC, 3));
        }
    }

    #[test]
    fn sessions_are_in_order_and_apart(hours in any_hours(), from in 0_i64..700, days in 1_i64..60) {
        let from = utc("2026-01-01T00:00:00Z") + chrono::Duration::days(from);
        let until = from + chrono::Duration::days(days);
        let all = hours.sessions(from, until, 1_000);
        for one in &all {
            prop_assert!(one.start < one.end && one.start < until && one.end > from);
        }
        for pair in all.windows(2) {
            let differ = pair[0].doubt != pair[1].doubt || pair[0].all_day || pair[1].all_day;
            prop_assert!(pair[0].end < pair[1].start || (pair[0].end == pair[1].start && differ), "{pair:?}");
        }
        let few = hours.sessions(from, until, 2);
        prop_assert_eq!(few.iter().map(|one| one.start).collect::<Vec<_>>(), all.iter().take(2).map(|one| one.start).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_open_now_is_what_the_sessions_say(hours in any_hours(), minutes in 0_i64..1_000_000) {
        let now = utc("2026-01-01T00:00:00Z") + chrono::Duration::minutes(minutes);
        let sessions = hours.sessions(now - chrono::Duration::days(1), now + chrono::Duration::days(60), 1_000);
        let current = sessions.iter().find(|one| one.start <= now && now < one.end);
        let opening = hours.at(now);
        prop_assert_eq!(hours.is_open(now), matches!(opening, Opening::Open { .. }));
        match opening {
            Opening::Unknown => prop_assert!(hours.is_empty() && sessions.is_empty()),
            Opening::Open { until } => {
                let current = current.unwrap();
                prop_assert!(current.doubt.is_none());
                prop_assert!(until.is_none_or(|until| until == current.end));
            }
            Opening::HolidayUnsure { session, .. } | Opening::TermUnsure { session } | Opening::TimesUnsure { session } => {
                prop_assert_eq!(Some(session.doubt), current.map(|one| one.doubt));
                prop_assert!(session.doubt.is_some());
            }
            Opening::Closed { next } => {
                prop_assert!(current.is_none());
                let first = sessions.iter().find(|one| one.start > now);
                prop_assert!(first.is_none_or(|first| next.map(|next| next.start) == Some(first.start)));
            }
        }
    }

    #[test]
    fn facets_and_filter_agree(hours in any_hours(), today in any_day()) {
        let today = today.parse().unwrap();
        let last = NaiveTime::from_hms_opt(23, 59, 0).unwrap();
        let days = hours.days(today);
        for (day, on) in WEEK.into_iter().zip(days) {
            prop_assert_eq!(hours.is_on(Some(day), NaiveTime::MIN, last, today), on);
        }
        prop_assert_eq!(hours.is_on(None, NaiveTime::MIN, last, today), days.contains(&true));
    }
}
