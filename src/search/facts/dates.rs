//! When events take place, as the index holds it, and where single dates have moved to.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use tantivy::TantivyDocument;
use uuid::Uuid;

use crate::{
    model::{
        Event, Kind,
        event::EventStatus,
        occurrences::{self, OccurrenceStatus},
    },
    published::Published,
    search::{fields::Fields, follow::DATES_HOLD_DAYS},
};

/// How far back the dates of events can be searched, in days.
pub const PAST_DAYS: i64 = 31;

/// Dates of one event that are indexed at most.
const MOST_DATES: usize = 500;
/// In so many days not even what takes place every hour has more dates than are worked out at a time.
const DAYS_AT_A_TIME: i64 = 400;

/// The dates of an event from the first day that may be asked for to the horizon.
pub(super) fn add_dates(fields: &Fields, row: &Published, now: DateTime<Utc>, horizon: TimeDelta, out: &mut TantivyDocument) {
    let Ok(event) = serde_json::from_str::<Event>(&row.full) else { return };
    // That day is known from its beginning.
    let from = now - TimeDelta::days(PAST_DAYS + 1);
    // As far as somebody may ask on the last day that these dates hold.
    let until = now + horizon + TimeDelta::days(DATES_HOLD_DAYS + 1);
    // Whoever looks at a week is told which date of a series is off; a series that is off has none.
    let runs = event.status == EventStatus::Scheduled;
    let mut times: BTreeSet<(DateTime<Utc>, DateTime<Utc>)> = BTreeSet::new();
    let mut begin = from;
    while begin < until {
        let end = until.min(begin + TimeDelta::days(DAYS_AT_A_TIME));
        let dates = occurrences::between(&event, begin, end, occurrences::MOST_DATES).into_iter();
        let told = dates.filter(|date| runs || date.status != OccurrenceStatus::Cancelled);
        times.extend(told.map(|date| (date.start, date.end)));
        begin = end;
    }
    let mut times: Vec<(DateTime<Utc>, DateTime<Utc>)> = times.into_iter().collect();
    if times.len() > MOST_DATES {
        times = day_by_day(times);
    }
    for (start, end) in times {
        out.add_i64(fields.starts, minutes(start));
        out.add_i64(fields.ends, minutes(end));
    }
}

/// Of what takes place several times a day, each day from its first beginning to its last end: it is found on all of
/// its days, and the answer gives the times.
fn day_by_day(times: Vec<(DateTime<Utc>, DateTime<Utc>)>) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    let mut days: Vec<(DateTime<Utc>, DateTime<Utc>)> = Vec::new();
    for (start, end) in times {
        match days.last_mut().filter(|(first, _)| first.date_naive() == start.date_naive()) {
            Some((_, last)) => *last = (*last).max(end),
            None => days.push((start, end)),
        }
    }
    days
}

/// The places that dates of an event have moved to.
pub(in crate::search) fn moved_to(row: &Published) -> Vec<Uuid> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Changed {
        changes: Vec<Change>,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Change {
        location_id: Option<Uuid>,
    }
    if row.kind != Kind::Event {
        return Vec::new();
    }
    let changed: Changed = serde_json::from_str(&row.full).unwrap_or_default();
    changed.changes.iter().filter_map(|change| change.location_id).collect()
}

/// A moment as the index holds it: whole minutes since 1970.
pub(in crate::search) fn minutes(at: DateTime<Utc>) -> i64 {
    at.timestamp().div_euclid(60)
}
