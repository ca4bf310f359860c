//! When things are open and take place, worked out at the moment of the request: by the same
//! functions that filters and pages use.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Answer, Directory};
use crate::{
    clock::rfc3339,
    http::Problem,
    model::{
        Event, Kind, Schedule,
        hours::{Hours, Opening, Session},
        occurrences::{self, Occurrence},
    },
    published::shelf::{Entry, Form, in_pieces},
    search::Period,
};

/// Dates of one event that an answer shows where nobody asks for a time.
pub(super) const NEXT_DATES: usize = 20;
/// Dates of one event that an answer shows of the time that is asked for: one each day as far as dates are known.
pub(super) const MOST_DATES: usize = 500;
/// Sessions of one service that an answer shows.
const SESSIONS: usize = 5;

/// What opening hours are made of, in a service, a place of one, a house.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Scheduled {
    status: Option<String>,
    schedules: Vec<Schedule>,
    service_at_locations: Vec<Self>,
    service_id: Option<Uuid>,
    location: Option<Box<Self>>,
}

/// When the dates of events are that are shown: as was asked for, or from now on.
pub(super) fn period(directory: &Directory, answer: Option<&Answer>) -> Period {
    let now = directory.clock.now();
    let window = answer.and_then(|answer| answer.window);
    let (from, until) = window.unwrap_or_else(|| (now, now + directory.search.horizon()));
    Period { from, until, times: answer.and_then(|answer| answer.times) }
}

/// The dates of an event in a period, in order, at most `most`.
pub(super) fn dates_of(event: &Event, period: &Period, most: usize) -> Vec<Occurrence> {
    if period.times.is_none() {
        return occurrences::between(event, period.from, period.until, most);
    }
    // Any number of dates may come before those that are at the right time of the week.
    let mut dates = occurrences::between(event, period.from, period.until, occurrences::MOST_DATES);
    dates.retain(|date| period.holds(date.start, date.end));
    dates.truncate(most);
    dates
}

/// The times of these documents, by id; of an event the dates in a period, at most so many.
pub(super) fn of_entries(
    directory: &Directory,
    kind: Kind,
    entries: &[Entry],
    shown: (&Period, usize),
) -> Result<serde_json::Map<String, Value>, Problem> {
    let now = directory.clock.now();
    let mut times = serde_json::Map::new();
    for piece in in_pieces(entries, Form::Full) {
        let ids: Vec<Uuid> = piece.iter().map(|entry| entry.id).collect();
        let mut bytes = Vec::new();
        let entries = directory.shelf.these(&ids, Form::Full, b'\n', &mut bytes)?;
        for (entry, line) in entries.iter().zip(bytes.split(|byte| *byte == b'\n')) {
            times.extend(within(directory, kind, line, now, shown)?.map(|said| (entry.id.to_string(), said)));
        }
    }
    Ok(times)
}

/// The times of one document; none for kinds that have none.
/// # Errors
/// When the disk fails.
pub(super) fn of(directory: &Directory, kind: Kind, document: &[u8]) -> Result<Option<Value>, Problem> {
    within(directory, kind, document, directory.clock.now(), (&period(directory, None), NEXT_DATES))
}

fn within(
    directory: &Directory,
    kind: Kind,
    document: &[u8],
    now: DateTime<Utc>,
    (period, most): (&Period, usize),
) -> Result<Option<Value>, Problem> {
    let scheduled = || serde_json::from_slice::<Scheduled>(document).ok();
    Ok(match kind {
        Kind::Event => serde_json::from_slice::<Event>(document).ok().map(|event| {
            let mut dates = dates_of(&event, period, most + 1);
            let more = dates.len() > most;
            dates.truncate(most);
            if more { json!({"occurrences": dates, "more": true}) } else { json!({"occurrences": dates}) }
        }),
        Kind::Service | Kind::Location => scheduled().map(|found| {
            if kind == Kind::Service && found.is_shut() {
                return shut();
            }
            let nested = found.service_at_locations.iter().flat_map(|link| &link.schedules);
            hours(&Hours::of(found.schedules.iter().chain(nested)), now)
        }),
        Kind::ServiceAtLocation => match scheduled() {
            Some(found) => Some(at_a_place(directory, found, now)?),
            None => None,
        },
        _ => None,
    })
}

impl Scheduled {
    /// Whether it has closed, for now or for good, whatever its hours say.
    fn is_shut(&self) -> bool {
        self.status.as_deref().is_some_and(|status| status != "active")
    }
}

/// The hours of a place of a service: its own, else those of its service, else those of the house.
fn at_a_place(directory: &Directory, link: Scheduled, now: DateTime<Utc>) -> Result<Value, Problem> {
    let service = link.service_id.map(|id| directory.shelf.get(id, Form::Full)).transpose()?.flatten();
    let service: Scheduled = service.and_then(|found| serde_json::from_slice(&found.bytes).ok()).unwrap_or_default();
    if service.is_shut() {
        return Ok(shut());
    }
    let house = link.location.map(|house| house.schedules).unwrap_or_default();
    let said = [link.schedules, service.schedules, house].into_iter().find(|schedules| !schedules.is_empty());
    Ok(hours(&Hours::of(&said.unwrap_or_default()), now))
}

/// Closed, and nobody knows until when.
fn shut() -> Value {
    json!({"open_now": false, "next": []})
}

fn hours(hours: &Hours, now: DateTime<Utc>) -> Value {
    let opening = hours.at(now);
    let until = match &opening {
        Opening::Open { until } => *until,
        _ => None,
    };
    let open: Option<bool> = match &opening {
        Opening::Open { .. } => Some(true),
        Opening::Closed { .. } => Some(false),
        _ => None,
    };
    let next = hours.sessions(now, now + TimeDelta::days(occurrences::HORIZON_DAYS), SESSIONS);
    let mut said = json!({"next": next.iter().map(session).collect::<Vec<_>>()});
    // Where nobody knows, the member is missing: null is never sent.
    if let Some(open) = open {
        said["open_now"] = open.into();
    }
    if let Some(until) = until {
        said["open_until"] = rfc3339(until).into();
    }
    said
}

fn session(session: &Session) -> Value {
    let mut said = json!({"start": rfc3339(session.start)});
    // What never closes has no end, and none is made up.
    if !session.is_endless() {
        said["end"] = rfc3339(session.end).into();
    }
    if session.doubt.is_some() {
        said["ring_first"] = true.into();
    }
    if session.all_day {
        said["times_unknown"] = true.into();
    }
    said
}
