//! When things are open and take place, worked out at the moment of the request: by the same
//! functions that filters and pages use.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Directory;
use crate::{
    clock::rfc3339,
    http::Problem,
    model::{
        Event, Kind, Schedule,
        hours::{Hours, Opening, Session},
        occurrences,
    },
    published::shelf::{Entry, Form},
};

/// Dates of one event that an answer shows.
const DATES: usize = 20;
/// Sessions of one service that an answer shows.
const SESSIONS: usize = 5;

/// What opening hours are made of, in a service or a place of one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Scheduled {
    schedules: Vec<Schedule>,
    service_at_locations: Vec<Self>,
}

/// The times of these documents, by id.
pub(super) fn of_entries(
    directory: &Directory,
    kind: Kind,
    entries: &[Entry],
    window: Option<(DateTime<Utc>, DateTime<Utc>)>,
) -> Result<serde_json::Map<String, Value>, Problem> {
    let ids: Vec<Uuid> = entries.iter().map(|entry| entry.id).collect();
    let mut bytes = Vec::new();
    let entries = directory.shelf.these(&ids, Form::Full, b'\n', &mut bytes)?;
    let lines = entries.iter().zip(bytes.split(|byte| *byte == b'\n'));
    let now = directory.clock.now();
    Ok(lines.filter_map(|(entry, line)| Some((entry.id.to_string(), within(kind, line, now, window)?))).collect())
}

/// The times of one document; none for kinds that have none.
pub(super) fn of(kind: Kind, document: &[u8], now: DateTime<Utc>) -> Option<Value> {
    within(kind, document, now, None)
}

fn within(kind: Kind, document: &[u8], now: DateTime<Utc>, window: Option<(DateTime<Utc>, DateTime<Utc>)>) -> Option<Value> {
    match kind {
        Kind::Event => {
            let event = serde_json::from_slice::<Event>(document).ok()?;
            let (from, until) = window.unwrap_or((now, now + TimeDelta::days(occurrences::HORIZON_DAYS)));
            Some(json!({"occurrences": occurrences::between(&event, from, until, DATES)}))
        }
        Kind::Service | Kind::ServiceAtLocation | Kind::Location => {
            let scheduled = serde_json::from_slice::<Scheduled>(document).ok()?;
            let nested = scheduled.service_at_locations.iter().flat_map(|link| &link.schedules);
            Some(hours(&Hours::of(scheduled.schedules.iter().chain(nested)), now))
        }
        _ => None,
    }
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
    let mut said = json!({"start": rfc3339(session.start), "end": rfc3339(session.end)});
    if session.doubt.is_some() {
        said["ring_first"] = true.into();
    }
    said
}
