//! Hours and dates that look like a slip, so that whoever sends them is asked whether they are meant: pages ask beside
//! the field, programs say so from the start. What stood there before is nobody's slip.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::{
    http::Fault,
    model::{Document, changes::Change, occurrences::last_end, schedule::is_long_night},
};

/// Members of an event that say when it takes place.
const DATES: [&str; 4] = ["start", "end", "rrule", "rdates"];

/// Every slip in what an edit changes of a document.
pub(super) fn faults(document: &Document, changes: &[Change], now: DateTime<Utc>) -> Vec<Fault> {
    changes.iter().filter_map(hours).chain(over(document, changes, now)).collect()
}

/// Hours that end before they begin, and would last longer than a night.
fn hours(change: &Change) -> Option<Fault> {
    let known = long_nights(&change.before);
    let (from, to) = long_nights(&change.after).into_iter().find(|hours| !known.contains(hours))?;
    let problem = format!("ends before it starts: from {from} to {to}. If it ends the next day, send it with meant=yes");
    Some(Fault { field: change.field.clone(), problem })
}

/// The hours within a member that last longer than a night: its own, and those at places.
fn long_nights(value: &Value) -> Vec<(&str, &str)> {
    match value {
        Value::Array(items) => items.iter().flat_map(long_nights).collect(),
        Value::Object(members) => {
            let time = |name: &str| members.get(name).and_then(Value::as_str);
            let own = time("opens_at").zip(time("closes_at")).filter(|(from, to)| is_long_night(from, to));
            own.into_iter().chain(members.values().flat_map(long_nights)).collect()
        }
        _ => Vec::new(),
    }
}

/// An event that is moved to where all of it is over.
fn over(document: &Document, changes: &[Change], now: DateTime<Utc>) -> Option<Fault> {
    let Document::Event(event) = document else { return None };
    let moved = changes.iter().find(|change| DATES.contains(&change.field.as_str()) && !change.after.is_null())?;
    last_end(event).is_some_and(|end| end < now).then(|| Fault {
        field: moved.field.clone(),
        problem: "is in the past: check the year. If that is right, send it with meant=yes".to_owned(),
    })
}
