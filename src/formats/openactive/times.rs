//! Moments and lengths of time, on the clocks of the United Kingdom.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use chrono_tz::Tz;

use super::values::text;
use crate::formats::ical;
use serde_json::Value;

/// The zone of everything that is told. Times come with an offset, or are meant so.
pub(super) const ZONE: Tz = Tz::Europe__London;

/// A moment on our clocks; none for a day without a time.
pub(super) fn moment(text: &str) -> Option<NaiveDateTime> {
    let text = text.trim();
    let (day, time) = text.split_once(['T', ' '])?;
    // Seconds are left out as often as not.
    let at = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
    let (clock, zone) = time.split_at(at);
    let clock = self::time(clock)?;
    let zone = match zone {
        "" => return NaiveDate::parse_from_str(day, "%Y-%m-%d").ok().map(|day| day.and_time(clock)),
        "Z" | "z" => "+00:00",
        zone => zone,
    };
    let whole = format!("{day}T{}{zone}", clock.format("%H:%M:%S"));
    let at = DateTime::parse_from_rfc3339(&whole).or_else(|_| DateTime::parse_from_str(&whole, "%Y-%m-%dT%H:%M:%S%z")).ok()?;
    Some(at.with_timezone(&ZONE).naive_local())
}

/// The day of a date, or of a moment.
pub(super) fn day(text: &str) -> Option<NaiveDate> {
    moment(text).map(|at| at.date()).or_else(|| NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d").ok())
}

/// "20:15", "20:15:00".
pub(super) fn time(text: &str) -> Option<NaiveTime> {
    let text = text.trim().trim_end_matches(['Z', 'z']);
    let text = text.split('.').next().unwrap_or(text);
    NaiveTime::parse_from_str(text, "%H:%M:%S").or_else(|_| NaiveTime::parse_from_str(text, "%H:%M")).ok()
}

/// How long a thing lasts, as it says.
pub(super) fn duration(of: &Value) -> Option<TimeDelta> {
    ical::length(&text(of, "duration")?)
}
