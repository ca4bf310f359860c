//! Whether something is open, and when it is next, in plain words.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Europe::London;

use super::{
    language::{say, say_with},
    times::{clock_times, from_to, time},
    words::{date, long_date},
};
use crate::model::{
    Event, Service,
    hours::{Doubt, Hours, Opening, Session},
    occurrences::{self, Occurrence, OccurrenceStatus},
};

/// How days are called.
#[derive(Clone, Copy, Debug)]
pub(super) enum Days {
    /// To somebody who reads it at this moment: "today", "tomorrow".
    From(DateTime<Utc>),
    /// To be kept, printed or sent: by their dates, for it is read on another day.
    ByDate,
}

/// The hours of a service, wherever it is given.
pub(super) fn hours_of(service: &Service) -> Hours {
    Hours::of(service.schedules.iter().chain(service.service_at_locations.iter().flat_map(|link| &link.schedules)))
}

/// What a badge says: only that it is open, since closed is what most things are.
pub(super) fn tag(opening: &Opening, now: DateTime<Utc>) -> Option<String> {
    match opening {
        Opening::Open { until: None } => Some(say("Open now").to_owned()),
        Opening::Open { until: Some(until) } => Some(say_with("Open now until {time}", &[("time", &moment(*until, now))])),
        _ => None,
    }
}

/// When it is next open, and what may be in the way.
pub(super) fn next(opening: &Opening, days: Days) -> Option<String> {
    match opening {
        Opening::Closed { next: Some(session) } | Opening::TermUnsure { session } | Opening::TimesUnsure { session } => {
            Some(doubtful(span(session, days), session))
        }
        Opening::HolidayUnsure { session, holiday } => {
            let doubt = say_with("It is {holiday}, a bank holiday: ring before you go", &[("holiday", say(holiday))]);
            Some(format!("{}. {doubt}", span(session, days)))
        }
        _ => None,
    }
}

fn doubtful(said: String, session: &Session) -> String {
    if matches!(session.doubt, None | Some(Doubt::Times)) {
        return said;
    }
    format!("{said}. {}", say("Ring before you go: it may be closed on holidays"))
}

/// "Tomorrow, 9am to 5pm".
pub(super) fn span(session: &Session, days: Days) -> String {
    let start = session.start.with_timezone(&London);
    let day = day(start.date_naive(), days);
    if session.all_day {
        return capital(&day);
    }
    let end = session.end.with_timezone(&London);
    capital(&[day, from_to(&time(start.time()), &time(end.time()))].join(say(", ")))
}

/// When an event takes place next, as far ahead as `horizon`.
pub(super) fn next_date(event: &Event, now: DateTime<Utc>, horizon: TimeDelta, days: Days) -> Option<String> {
    let next = occurrences::next_held(event, now, now + horizon)?;
    Some(occurrence(&next, days))
}

/// A date of an event: "Thursday 26 November, 10am to midday (full)".
pub(super) fn occurrence(occurrence: &Occurrence, days: Days) -> String {
    let start = occurrence.start.with_timezone(&London);
    let end = occurrence.end.with_timezone(&London);
    let first = day(start.date_naive(), days);
    let is_short = end.date_naive() == start.date_naive() || end - start < TimeDelta::hours(18);
    let when = match clock_times(start.naive_local(), end.naive_local()) {
        Some(times) if is_short => [first, times].join(say(", ")),
        Some(_) => {
            let until = say_with("{time} on {date}", &[("time", &time(end.time())), ("date", &date(end.date_naive()))]);
            [first, from_to(&time(start.time()), &until)].join(say(", "))
        }
        None if is_short => first,
        None => from_to(&first, &long_date(end.date_naive())),
    };
    let state = match occurrence.status {
        OccurrenceStatus::Scheduled => "",
        OccurrenceStatus::Moved => "moved",
        OccurrenceStatus::Full => "full",
        OccurrenceStatus::Cancelled => "cancelled",
    };
    capital(&if state.is_empty() { when } else { format!("{when} ({})", say(state)) })
}

/// "today", "tomorrow", "Thursday 3 December 2026".
fn day(day: NaiveDate, days: Days) -> String {
    let Days::From(now) = days else { return long_date(day) };
    let today = now.with_timezone(&London).date_naive();
    match (day - today).num_days() {
        0 => say("today").to_owned(),
        1 => say("tomorrow").to_owned(),
        _ => long_date(day),
    }
}

/// "4pm" today, "9am tomorrow", "9am on 3 December 2026".
fn moment(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let at = at.with_timezone(&London);
    let clock = time(at.time());
    match (at.date_naive() - now.with_timezone(&London).date_naive()).num_days() {
        0 => clock,
        1 => say_with("{time} tomorrow", &[("time", &clock)]),
        _ => say_with("{time} on {date}", &[("time", &clock), ("date", &long_date(at.date_naive()))]),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
