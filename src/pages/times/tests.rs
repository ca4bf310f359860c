//! What schedules and rules sound like.

use super::*;

const TODAY: &str = "2026-11-22";

fn said(json: &str) -> String {
    let schedule: Schedule = serde_json::from_str(&format!(r#"{{"id":"00000000-0000-0000-0000-000000000001",{json}}}"#)).unwrap();
    super::schedule(&schedule, TODAY.parse().unwrap()).unwrap_or_default()
}

fn event_said(json: &str) -> String {
    let event: Event = serde_json::from_str(&format!(
        r#"{{"id":"00000000-0000-0000-0000-000000000001","organization_id":"00000000-0000-0000-0000-000000000002","name":"x","status":"scheduled","timezone":"Europe/London",{json}}}"#
    ))
    .unwrap();
    super::event(&event)
}

#[test]
fn times_of_day_are_short() {
    let at = |text: &str| time(NaiveTime::parse_from_str(text, "%H:%M").unwrap());
    assert_eq!(
        ["00:00", "00:30", "09:00", "09:05", "12:00", "12:30", "16:00", "23:59"].map(at),
        ["midnight", "12:30am", "9am", "9:05am", "midday", "12:30pm", "4pm", "11:59pm"]
    );
}

#[test]
fn a_week_is_said_in_days() {
    assert_eq!(
        said(r#""freq":"WEEKLY","byday":"MO,WE","opens_at":"09:30","closes_at":"16:00""#),
        "Mondays and Wednesdays, 9:30am to 4pm"
    );
    assert_eq!(
        said(r#""freq":"WEEKLY","byday":"MO,TU,WE,TH,FR","opens_at":"09:00","closes_at":"17:00""#),
        "Monday to Friday, 9am to 5pm"
    );
    assert_eq!(said(r#""freq":"WEEKLY","byday":"SA,SU""#), "Saturdays and Sundays");
    assert_eq!(said(r#""freq":"WEEKLY","byday":"WE,MO,TH""#), "Mondays, Wednesdays and Thursdays");
    assert_eq!(said(r#""byday":"TU","opens_at":"10:00""#), "Tuesdays, from 10am");
}

#[test]
fn round_the_clock_and_past_midnight_are_said_so() {
    assert_eq!(
        said(r#""freq":"WEEKLY","byday":"MO,TU,WE,TH,FR,SA,SU","opens_at":"00:00","closes_at":"23:59""#),
        "Every day, all day and night"
    );
    assert_eq!(said(r#""freq":"WEEKLY","byday":"FR","opens_at":"22:30","closes_at":"01:00""#), "Fridays, 10:30pm to 1am");
    assert_eq!(said(r#""freq":"WEEKLY","byday":"FR","opens_at":"18:00","closes_at":"23:59""#), "Fridays, 6pm to midnight");
}

#[test]
fn a_month_is_said_by_its_days() {
    assert_eq!(
        said(r#""freq":"MONTHLY","byday":"1TU","opens_at":"10:00","closes_at":"12:00""#),
        "First Tuesday of the month, 10am to midday"
    );
    assert_eq!(said(r#""freq":"MONTHLY","byday":"2TH,4TH""#), "Second and fourth Thursday of the month");
    assert_eq!(said(r#""freq":"MONTHLY","byday":"-1FR","interval":2"#), "Last Friday of every other month");
    assert_eq!(said(r#""freq":"MONTHLY","byday":"1MO,3WE""#), "First Monday and third Wednesday of the month");
    assert_eq!(said(r#""freq":"MONTHLY","bymonthday":"1,15""#), "On the 1st and 15th of the month");
}

#[test]
fn what_ends_or_begins_later_says_when() {
    assert_eq!(
        said(
            r#""freq":"WEEKLY","byday":"SA","valid_from":"2027-01-16","valid_to":"2027-02-20","opens_at":"10:00","closes_at":"12:00""#
        ),
        "Saturdays, 10am to midday, from 16 January 2027 until 20 February 2027"
    );
    assert_eq!(said(r#""freq":"WEEKLY","byday":"SA","valid_from":"2026-01-01""#), "Saturdays");
}

#[test]
fn words_of_the_group_are_added() {
    assert_eq!(
        said(r#""freq":"WEEKLY","byday":"TH","opens_at":"10:30","closes_at":"11:00","description":"Term time""#),
        "Thursdays, 10:30am to 11am (Term time)"
    );
    assert_eq!(said(r#""description":"Ring to find out""#), "Ring to find out");
    assert_eq!(said(r#""wkst":"MO""#), "");
}

#[test]
fn one_day_is_said_with_its_date() {
    assert_eq!(
        said(r#""dtstart":"2026-12-03","opens_at":"10:00","closes_at":"12:00""#),
        "Thursday 3 December 2026, 10am to midday"
    );
}

#[test]
fn events_say_their_rule() {
    assert_eq!(
        event_said(
            r#""start":"2026-09-15T13:30:00","end":"2026-09-15T15:30:00","rrule":"FREQ=WEEKLY;BYDAY=TU;UNTIL=20270713T123000Z""#
        ),
        "Tuesdays, 1:30pm to 3:30pm, from 15 September 2026 until 13 July 2027"
    );
    assert_eq!(
        event_said(r#""start":"2026-09-25T10:00:00","end":"2026-09-25T12:30:00","rrule":"FREQ=MONTHLY;BYDAY=-1FR""#),
        "Last Friday of the month, 10am to 12:30pm, from 25 September 2026"
    );
    assert_eq!(
        event_said(r#""start":"2026-09-10T11:00:00","end":"2026-09-10T12:00:00","rrule":"FREQ=WEEKLY;INTERVAL=2;COUNT=5""#),
        "Every other Thursday, 11am to midday, from 10 September 2026, 5 times"
    );
    assert_eq!(
        event_said(r#""start":"2026-09-10T11:00:00","end":"2026-09-10T12:00:00","rrule":"FREQ=YEARLY""#),
        "More than once, first on Thursday 10 September 2026, 11am to midday"
    );
}

#[test]
fn one_date_is_said_with_its_day_and_over_night_with_both() {
    assert_eq!(
        event_said(r#""start":"2026-12-10T17:30:00","end":"2026-12-10T18:45:00""#),
        "Thursday 10 December 2026, 5:30pm to 6:45pm"
    );
    assert_eq!(
        event_said(r#""start":"2026-12-10T21:00:00","end":"2026-12-11T01:00:00""#),
        "Thursday 10 December 2026, 9pm to 1am"
    );
    assert_eq!(
        event_said(r#""start":"2026-12-11T22:00:00","end":"2026-12-12T06:00:00""#),
        "10pm on Friday 11 December 2026 to 6am on Saturday 12 December 2026"
    );
}

#[test]
fn whole_days_have_no_hours() {
    for (json, said) in [
        (r#""start":"2026-12-05T00:00:00","end":"2026-12-05T23:59:00""#, "Saturday 5 December 2026"),
        (r#""start":"2026-12-05T00:00:00","end":"2026-12-06T23:59:00""#, "Saturday 5 December 2026 to Sunday 6 December 2026"),
        (r#""start":"2026-12-05T00:00:00","end":"2026-12-05T23:59:00","rrule":"FREQ=WEEKLY""#, "Saturdays, from 5 December 2026"),
    ] {
        assert_eq!(event_said(json), said);
    }
}

#[test]
fn a_series_of_dates_over_several_days_says_when_each_ends() {
    for (json, said) in [
        (
            r#""start":"2026-12-05T10:00:00","end":"2026-12-06T16:00:00","rrule":"FREQ=WEEKLY""#,
            "Saturdays, 10am to 4pm the next day, from 5 December 2026",
        ),
        (
            r#""start":"2026-12-04T18:00:00","end":"2026-12-06T12:00:00","rrule":"FREQ=MONTHLY;BYDAY=1FR""#,
            "First Friday of the month, 6pm to midday, over 3 days, from 4 December 2026",
        ),
        (
            r#""start":"2026-12-05T00:00:00","end":"2026-12-06T23:59:00","rrule":"FREQ=WEEKLY;COUNT=2""#,
            "Saturdays, over 2 days, from 5 December 2026, 2 times",
        ),
        (
            r#""start":"2026-12-04T21:00:00","end":"2026-12-05T01:00:00","rrule":"FREQ=WEEKLY""#,
            "Fridays, 9pm to 1am, from 4 December 2026",
        ),
    ] {
        assert_eq!(event_said(json), said);
    }
}

#[test]
fn odd_rules_do_no_harm() {
    for byday in ["", ",", "XX", "é", "99MO", "-2147483648TU", "1"] {
        let _ = said(&format!(r#""freq":"MONTHLY","byday":"{byday}""#));
        let _ = said(&format!(r#""freq":"WEEKLY","interval":0,"byday":"{byday}""#));
    }
}
