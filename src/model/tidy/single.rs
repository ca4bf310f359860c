//! Single values: text, numbers, words of a list, and what has a form of its own.

use serde_json::Value;
use uuid::Uuid;

use super::Refusal;
use crate::model::{
    text,
    values::{EmailAddress, LocalDateTime, TimeOfDay, WebAddress, Zone},
};

pub(super) fn describe(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(found) => format!("the text {:?}", text::shorten(found, 60)),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(_) => "an object".to_owned(),
    }
}

pub(super) fn plain_text(value: Value, max: usize) -> Result<String, Refusal> {
    let found = match value {
        Value::String(found) => found,
        Value::Number(number) => number.to_string(),
        other => return Err(Refusal::Because(format!("expected text, found {}", describe(&other)))),
    };
    if found.contains('\0') {
        return Err(Refusal::Because("contains a null character (U+0000), which cannot be stored".to_owned()));
    }
    let cleaned = text::clean(&found);
    if cleaned.is_empty() {
        return Err(Refusal::Blank);
    }
    let length = cleaned.chars().count();
    if length > max {
        return Err(Refusal::Because(format!("is {length} characters long; the limit is {max}")));
    }
    Ok(cleaned)
}

pub(super) fn number(value: &Value, min: f64, max: f64) -> Result<Value, String> {
    let found = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    match found {
        Some(found) if found.is_finite() && (min..=max).contains(&found) => {
            serde_json::to_value(crate::model::values::Number(found)).map_err(|error| error.to_string())
        }
        Some(found) if found.is_finite() => Err(format!("{found} is not between {min} and {max}")),
        _ => Err(format!("expected a number, found {}", describe(value))),
    }
}

pub(super) fn choose(words: &[String], text: &str) -> Result<String, String> {
    let wanted = text::fold(text);
    words
        .iter()
        .find(|word| text::fold(word) == wanted)
        .cloned()
        .ok_or_else(|| format!("{:?} is not one of: {}", text::shorten(text, 60), words.join(", ")))
}

pub(super) fn formatted(format: &str, text: &str) -> Result<String, String> {
    fn by<T: std::str::FromStr<Err = crate::model::values::Refused> + ToString>(text: &str) -> Result<String, String> {
        text.parse::<T>().map(|value| value.to_string()).map_err(|refused| refused.to_string())
    }
    match format {
        "uri" => by::<WebAddress>(text),
        "email" => by::<EmailAddress>(text),
        "time-of-day" => by::<TimeOfDay>(text),
        "local-date-time" => by::<LocalDateTime>(text),
        "time-zone" => by::<Zone>(text),
        "uuid" => Uuid::try_parse(text).map(|id| id.to_string()).map_err(|_| "is not a UUID".to_owned()),
        "date" => date(text).ok_or_else(|| "is not a date in the calendar (expected YYYY-MM-DD)".to_owned()),
        "date-time" => {
            moment(text).ok_or_else(|| "is not a date and time with a zone (expected 2026-11-20T09:00:00Z)".to_owned())
        }
        _ => Ok(text.to_owned()),
    }
}

pub(super) fn date(text: &str) -> Option<String> {
    let day = text.get(..10).unwrap_or(text);
    let rest_is_time = text.len() == day.len() || text[day.len()..].starts_with(['T', ' ']);
    let date = chrono::NaiveDate::parse_from_str(day, "%Y-%m-%d").ok().filter(|_| rest_is_time && day.len() == 10)?;
    Some(date.to_string())
}

/// A moment; one without a zone is read as UTC, a date as its midnight.
fn moment(text: &str) -> Option<String> {
    let at = chrono::DateTime::parse_from_rfc3339(text)
        .map(|at| at.to_utc())
        .ok()
        .or_else(|| text.parse::<LocalDateTime>().ok().map(|at| at.naive().and_utc()))
        .or_else(|| text.parse::<chrono::NaiveDate>().ok().and_then(|day| day.and_hms_opt(0, 0, 0)).map(|at| at.and_utc()))?;
    (1..=9999).contains(&chrono::Datelike::year(&at)).then(|| at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
}
