//! Dates of a series that are told as a rule.

use chrono::{Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Weekday};
use serde_json::Value;

use super::{
    times,
    values::{all, as_text, local, number, text},
};
use crate::model::schedule::{ByDay, by_day};

/// A first date must be found within so many days.
const SEARCHED: usize = 400;

/// A rule, and what it begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) start: NaiveDateTime,
    pub(super) length: TimeDelta,
    /// None for a single date.
    pub(super) says: Option<String>,
    pub(super) without: Vec<NaiveDateTime>,
}

/// The rule of a schedule. `around` is the series, which may say what the schedule does not.
pub(super) fn rule(schedule: &Value, around: &Value) -> Option<Rule> {
    let said = |name: &str| text(schedule, name).or_else(|| text(around, name));
    let at = text(schedule, "startTime")
        .and_then(|text| times::time(&text).or_else(|| times::moment(&text).map(|at| at.time())))
        .or_else(|| said("startDate").and_then(|text| times::moment(&text)).map(|at| at.time()))?;
    let first = said("startDate").and_then(|text| times::day(&text))?;
    let last = said("endDate").and_then(|text| times::day(&text));
    let length = length(schedule, around, at)?;
    let days: Vec<Weekday> = all(schedule, "byDay").into_iter().filter_map(as_text).filter_map(|text| weekday(&text)).collect();
    let every = text(schedule, "repeatFrequency").or_else(|| (!days.is_empty()).then(|| "P1W".to_owned()));
    let Some(every) = every else {
        return Some(Rule { start: first.and_time(at), length, says: None, without: Vec::new() });
    };
    let (frequency, interval) = frequency(&every)?;
    // The first date is one, whatever its day: so it has to be one of those of the rule.
    let begins = if frequency == "WEEKLY" && !days.is_empty() {
        first.iter_days().take(SEARCHED).find(|day| days.contains(&day.weekday()))?
    } else {
        first
    };
    let mut rule = format!("FREQ={frequency};INTERVAL={interval}");
    if frequency == "WEEKLY" && !days.is_empty() {
        let names: Vec<String> = days.iter().map(|day| ByDay { which: None, day: *day }.to_string()).collect();
        rule.push_str(";BYDAY=");
        rule.push_str(&names.join(","));
    }
    if let Some(count) = number(schedule, "repeatCount").filter(|count| (1.0..=2_000.0).contains(count)) {
        rule.push_str(";COUNT=");
        rule.push_str(&count.round().to_string());
    } else if let Some(last) = last {
        if last < begins {
            return None;
        }
        rule.push_str(&last.format(";UNTIL=%Y%m%dT235959").to_string());
    }
    let except = all(schedule, "exceptDate").into_iter().filter_map(as_text);
    let without = except.filter_map(|text| times::moment(&text).or_else(|| Some(times::day(&text)?.and_time(at)))).collect();
    Some(Rule { start: begins.and_time(at), length, says: Some(rule), without })
}

fn length(schedule: &Value, around: &Value, begins: NaiveTime) -> Option<TimeDelta> {
    let ends = text(schedule, "endTime").and_then(|text| times::time(&text).or_else(|| times::moment(&text).map(|at| at.time())));
    let until =
        ends.map(|ends| ends - begins).map(|long| if long < TimeDelta::zero() { long + TimeDelta::days(1) } else { long });
    until.or_else(|| times::duration(schedule)).or_else(|| times::duration(around)).or(Some(TimeDelta::zero()))
}

/// "P1W" is every week, "P14D" every second one.
fn frequency(text: &str) -> Option<(&'static str, u32)> {
    let text = text.trim().to_ascii_uppercase();
    let rest = text.strip_prefix('P')?;
    let number: u32 = rest.get(..rest.len().checked_sub(1)?)?.parse().ok().filter(|number| (1..=366).contains(number))?;
    match rest.chars().next_back()? {
        'D' if number.is_multiple_of(7) => Some(("WEEKLY", number / 7)),
        'D' => Some(("DAILY", number)),
        'W' => Some(("WEEKLY", number)),
        'M' => Some(("MONTHLY", number)),
        'Y' => Some(("YEARLY", number)),
        _ => None,
    }
}

fn weekday(text: &str) -> Option<Weekday> {
    by_day(local(text)).map(|found| found.day)
}

/// Whether a series only says between which days it takes place.
pub(super) fn is_range(text: &str) -> bool {
    NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d").is_ok()
}
