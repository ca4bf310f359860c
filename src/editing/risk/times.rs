//! Schedules that say nothing but when, and what else one says.

use std::ops::RangeInclusive;

use chrono::{Datelike as _, NaiveDate};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::model::{schedule, values::TimeOfDay};

/// A note that the form has a box for.
pub(super) const TERM_ONLY: &str = "notes: \"Not in school holidays\"";

/// What is said about times in words, or in numbers with room for a telephone number, and where they lead.
pub(super) fn words_of_times(schedules: &Value) -> Vec<String> {
    let members = |one: &Value| -> Vec<String> {
        match one {
            Value::Object(members) => {
                let said = members.iter().filter(|(name, value)| !only_says_when(name, value));
                said.map(|(name, value)| format!("{name}: {value}")).filter(|words| words != TERM_ONLY).collect()
            }
            Value::Null => Vec::new(),
            other => vec![other.to_string()],
        }
    };
    match schedules {
        Value::Array(all) => all.iter().flat_map(members).collect(),
        other => members(other),
    }
}

/// Whether a member of a schedule can say nothing but a time. Numbers of weeks and of days in the year are
/// not among them: a list of them has room for a telephone number, and our own form writes none. For the same
/// reason numbers are whole and small, years are of this century, and days of a month go up.
fn only_says_when(name: &str, value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    match name {
        "id" | "service_id" | "location_id" | "service_at_location_id" => text.parse::<Uuid>().is_ok(),
        "freq" => FREQUENCIES.contains(&text),
        "interval" | "count" => is_whole(value, 1.0..=366.0),
        "opens_at" | "closes_at" => text.parse::<TimeOfDay>().is_ok(),
        "valid_from" | "valid_to" | "dtstart" | "until" => {
            text.parse::<NaiveDate>().is_ok_and(|day| (2000..2100).contains(&day.year()))
        }
        "byday" | "wkst" => are_days(text),
        "bymonthday" => are_days_of_a_month(text),
        "timezone" => value.as_f64().is_some_and(|hours| is_whole(&json!(hours * 4.0), -48.0..=56.0)),
        _ => false,
    }
}

const FREQUENCIES: [&str; 2] = ["WEEKLY", "MONTHLY"];

fn is_whole(value: &Value, within: RangeInclusive<f64>) -> bool {
    value.as_f64().is_some_and(|number| number.fract() == 0.0 && within.contains(&number))
}

/// Days of the week as iCalendar writes them, each at most once: of a month, one of its five weeks.
fn are_days(text: &str) -> bool {
    let days = schedule::by_days(text);
    let weeks = days.iter().all(|day| day.which.is_none_or(|which| (-5..=5).contains(&which)));
    let once = days.iter().enumerate().all(|(at, day)| !days[..at].contains(day));
    weeks && once && schedule::byday(text).as_deref() == Some(text)
}

fn are_days_of_a_month(text: &str) -> bool {
    let days: Vec<i16> = text.split(',').filter_map(|day| day.parse().ok()).collect();
    // The last days of a month, which count from its end, stand behind the first.
    days.is_sorted_by(|a, b| a.rem_euclid(64) < b.rem_euclid(64))
        && schedule::numbers_of_days(text, schedule::DAYS_OF_A_MONTH).as_deref() == Some(text)
}
