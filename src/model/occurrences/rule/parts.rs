//! What a rule is written of: names with their values, each read strictly.

use chrono::{Datelike as _, NaiveDate, NaiveDateTime};
use chrono_tz::Tz;

use super::{Freq, Refused, refuse};
use crate::model::{
    schedule::{ByDay, by_day},
    text,
};

/// A rule is not longer than this, in bytes.
const LONGEST_RULE: usize = 500;

/// Names and values, in capitals.
pub(super) fn parts(text: &str) -> Result<Vec<(String, String)>, Refused> {
    if text.len() > LONGEST_RULE {
        return refuse("is longer than 500 characters");
    }
    let text = text.trim().to_ascii_uppercase();
    let text = text.strip_prefix("RRULE:").unwrap_or(&text);
    let mut parts: Vec<(String, String)> = Vec::new();
    for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let Some((name, value)) = part.split_once('=') else {
            return refuse(&format!("has {:?} where NAME=VALUE is expected", text::shorten(part, 20)));
        };
        let (name, value) = (name.trim().to_owned(), value.trim().to_owned());
        if parts.iter().any(|(known, _)| *known == name) {
            return refuse(&format!("has {:?} twice", text::shorten(&name, 20)));
        }
        parts.push((name, value));
    }
    Ok(parts)
}

pub(super) fn frequency(value: &str) -> Result<Freq, Refused> {
    match value {
        "DAILY" => Ok(Freq::Daily),
        "WEEKLY" => Ok(Freq::Weekly),
        "MONTHLY" => Ok(Freq::Monthly),
        "YEARLY" => Ok(Freq::Yearly),
        "SECONDLY" | "MINUTELY" | "HOURLY" => refuse("repeats more often than daily; give the days, and the times as BYHOUR"),
        _ => refuse("has a FREQ that is not DAILY, WEEKLY, MONTHLY or YEARLY"),
    }
}

pub(super) fn one<T: std::str::FromStr + PartialOrd>(
    value: &str,
    range: std::ops::RangeInclusive<T>,
    reason: &str,
) -> Result<T, Refused> {
    value.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| Refused(reason.to_owned()))
}

/// A list of numbers, in order and each once.
pub(super) fn some<T: std::str::FromStr + Ord>(
    value: &str,
    range: std::ops::RangeInclusive<T>,
    reason: &str,
) -> Result<Vec<T>, Refused> {
    let mut numbers = value
        .split(',')
        .map(|part| part.trim().parse().ok().filter(|number| range.contains(number)))
        .collect::<Option<Vec<T>>>()
        .ok_or_else(|| Refused(reason.to_owned()))?;
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

pub(super) fn days(value: &str) -> Result<Vec<ByDay>, Refused> {
    let strict = |part: &str| {
        let part = part.trim();
        by_day(part).filter(|_| part.bytes().filter(u8::is_ascii_alphabetic).count() == 2)
    };
    let mut days = value
        .split(',')
        .map(strict)
        .collect::<Option<Vec<ByDay>>>()
        .ok_or_else(|| Refused("names something that is not a day of the week, such as MO or -1FR".to_owned()))?;
    days.sort_unstable_by_key(|by| (by.which, by.day.num_days_from_monday()));
    days.dedup();
    Ok(days)
}

/// The last moment by the clock of the zone. A day means all of it.
pub(super) fn until(value: &str, zone: Tz) -> Result<NaiveDateTime, Refused> {
    let is_known = |at: &NaiveDateTime| (1_800..=9_999).contains(&at.year());
    let moment = |text: &str| NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%S").ok().filter(is_known);
    let day = |text: &str| NaiveDate::parse_from_str(text, "%Y%m%d").ok()?.and_hms_opt(23, 59, 59).filter(is_known);
    let parsed = match value.strip_suffix('Z') {
        Some(text) => moment(text).map(|at| at.and_utc().with_timezone(&zone).naive_local()),
        None => moment(value).or_else(|| day(value)),
    };
    parsed.ok_or_else(|| Refused("has an UNTIL that is not a date such as 20270720T100000Z".to_owned()))
}
