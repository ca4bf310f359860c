//! Parameters about times: when something changed, takes place, or is open.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc, Weekday};
use chrono_tz::Europe::London;

use crate::{
    http::{Parameters, Problem},
    model::values::{LocalDateTime, TimeOfDay},
    search::{self, Times},
};

const DAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Mon),
    ("tuesday", Weekday::Tue),
    ("wednesday", Weekday::Wed),
    ("thursday", Weekday::Thu),
    ("friday", Weekday::Fri),
    ("saturday", Weekday::Sat),
    ("sunday", Weekday::Sun),
];
/// From when to when.
pub(in crate::publishing) type Window = (DateTime<Utc>, DateTime<Utc>);

pub(super) fn moment(parameters: &Parameters, name: &str) -> Result<Option<DateTime<Utc>>, Problem> {
    let Some(text) = parameters.text(name)? else { return Ok(None) };
    read_moment(text, &Utc)
        .map(Some)
        .ok_or_else(|| Problem::bad_parameter(name, text, "expected a date and time such as 2026-11-01T00:00:00Z"))
}

/// How moments with a zone are written besides RFC 3339: with a zone of two or four digits, without seconds, without
/// signs between.
const OTHER_FORMS: [&str; 3] = ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z", "%Y%m%dT%H%M%S%.f%#z"];

/// A moment with a zone; without one it is on the clocks of `clocks`.
fn read_moment(text: &str, clocks: &impl TimeZone) -> Option<DateTime<Utc>> {
    // Of an hour that comes twice the first, and one that the clocks jump over as if they did not.
    let on_them = |at: NaiveDateTime| clocks.from_local_datetime(&at).earliest().map_or_else(|| at.and_utc(), |at| at.to_utc());
    let text = as_sent(text);
    let otherwise = || OTHER_FORMS.iter().find_map(|form| DateTime::parse_from_str(&text, form).ok());
    DateTime::parse_from_rfc3339(&text)
        .ok()
        .or_else(otherwise)
        .map(|at| at.to_utc())
        .or_else(|| text.parse::<NaiveDateTime>().ok().map(on_them))
        .or_else(|| text.parse::<LocalDateTime>().ok().map(|at| on_them(at.naive())))
        .or_else(|| text.parse::<NaiveDate>().ok().map(|day| on_them(day.and_time(NaiveTime::MIN))))
}

/// A + that was not encoded arrives as a space; one between the day and the time stands for the T.
fn as_sent(text: &str) -> String {
    match text.split_at_checked("2026-11-01".len()) {
        Some((day, time)) if time.starts_with(' ') => format!("{day}T{}", time[1..].replace(' ', "+")),
        _ => text.replace(' ', "+"),
    }
}

/// The first day of which the dates of events are known, and the moment at which it begins.
pub(super) fn known_from(now: DateTime<Utc>) -> (NaiveDate, DateTime<Utc>) {
    let past = now - TimeDelta::days(search::PAST_DAYS);
    let day = past.with_timezone(&London).date_naive();
    (day, midnight(day).unwrap_or(past))
}

/// From when to when: days are whole days in London, moments without a zone are on its clocks.
pub(super) fn window(parameters: &Parameters, now: DateTime<Utc>, horizon: TimeDelta) -> Result<Option<Window>, Problem> {
    const EXPECTED: &str = "expected a date such as 2026-12-01, or a date and time such as 2026-12-01T09:00:00Z";
    let end = |name: &'static str, whole_days: u64| -> Result<Option<DateTime<Utc>>, Problem> {
        let Some(text) = parameters.text(name)? else { return Ok(None) };
        let read = match text.parse::<NaiveDate>() {
            Ok(day) => day.checked_add_days(Days::new(whole_days)).and_then(midnight),
            Err(_) => read_moment(text, &London),
        };
        let sensible = |at: &DateTime<Utc>| (at.timestamp() / 86_400).abs() < 4_000_000;
        read.filter(sensible).map(Some).ok_or_else(|| Problem::bad_parameter(name, text, EXPECTED))
    };
    let (from, until) = (end("from", 0)?, end("to", 1)?);
    if from.is_none() && until.is_none() {
        return Ok(None);
    }
    let from = from.unwrap_or(now);
    let until = until.unwrap_or_else(|| from.max(now) + horizon);
    if let Some((name, text)) = outside_of_what_is_known(parameters, from, until, now, horizon)? {
        let last = (now + horizon).with_timezone(&London).date_naive();
        let known = format!(
            "dates are available from {} days ago to {} days ahead, which is {last}; /events/{{id}} has an event's rule and \
             past dates",
            search::PAST_DAYS,
            horizon.num_days()
        );
        return Err(Problem::bad_parameter(name, text, &known));
    }
    if until <= from {
        let why = match parameters.text("from")? {
            Some(_) => "it must be after from",
            None => "it is in the past, and without from the time begins now; give from as well",
        };
        return Err(Problem::bad_parameter("to", parameters.text("to")?.unwrap_or_default(), why));
    }
    Ok(Some((from, until)))
}

/// The parameter that asks for a time of which no dates, or not all, are known: an empty list, or one that ends, would look as
/// if nothing took place then.
fn outside_of_what_is_known(
    parameters: &Parameters,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
    horizon: TimeDelta,
) -> Result<Option<(&'static str, &str)>, Problem> {
    let name = if until <= known_from(now).1 {
        "to"
    } else if from > now + horizon {
        "from"
    } else if until > now + horizon + TimeDelta::days(1) {
        // A part of it would look as if nothing took place in the rest. The last day is known to its end.
        "to"
    } else {
        return Ok(None);
    };
    Ok(parameters.text(name)?.map(|text| (name, text)))
}

/// The moment at which a day begins in London.
pub fn midnight(day: NaiveDate) -> Option<DateTime<Utc>> {
    London.from_local_datetime(&day.and_time(NaiveTime::MIN)).earliest().map(|at| at.to_utc())
}

pub(super) fn times(parameters: &Parameters) -> Result<Option<Times>, Problem> {
    let time = |name| -> Result<Option<NaiveTime>, Problem> {
        const EXPECTED: &str = "a time such as 09:30";
        if let Some(text) = parameters.text(name)?.filter(|text| text.contains(['+', 'Z', 'z'])) {
            return Err(Problem::bad_parameter(
                name,
                text,
                "expected a time of the day in London, such as 09:30, without a zone",
            ));
        }
        let read = parameters.parsed::<TimeOfDay>(name, EXPECTED)?;
        Ok(read.and_then(|time| NaiveTime::parse_from_str(time.as_str(), "%H:%M").ok()))
    };
    let (day, from, to) = (day(parameters)?, time("start_time")?, time("end_time")?);
    if day.is_none() && from.is_none() && to.is_none() {
        return Ok(None);
    }
    let last = NaiveTime::from_hms_opt(23, 59, 59).unwrap_or_default();
    Ok(Some(Times { day, from: from.unwrap_or(NaiveTime::MIN), to: to.unwrap_or(last) }))
}

fn day(parameters: &Parameters) -> Result<Option<Weekday>, Problem> {
    let Some(text) = parameters.text("day")? else { return Ok(None) };
    // MO, Mon, Tues, Weds, Thursday: the name, or a beginning of it.
    let said = text.to_lowercase().replace("weds", "wed");
    let found = DAYS.iter().find(|(name, _)| said.len() > 1 && name.starts_with(&said));
    found
        .map(|(_, day)| Some(*day))
        .ok_or_else(|| Problem::bad_parameter("day", text, "expected a day of the week such as MO or Monday"))
}
