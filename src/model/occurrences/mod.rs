//! The dates of an event, worked out from its series: the first date, its rule, further dates,
//! dates left out, and what was changed on single ones.
//!
//! Everything is worked out on the clocks of the event's own zone, so that a class at ten stays at
//! ten when the clocks change; only what is found is turned into moments. A rule from a stranger
//! costs at most tens of milliseconds: see [`check_rule`] for what is refused.

mod rule;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike as _, Duration, NaiveDateTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Event,
    event::{DateChange, EventChange, EventStatus},
    values::LocalDateTime,
};
use crate::ids::LocationId;
pub use rule::{Freq, MOST_DATES, Refused, Rule, check_rule};

/// How far ahead dates are worked out where the settings do not say otherwise, in days; and always for what is published
/// and for opening hours (`docs/decisions/0011-hours-and-dates.md`).
pub const HORIZON_DAYS: i64 = 400;
/// An event longer than so many days is not looked for by the rule any more once it is under way that long.
const LONGEST: i64 = 400;

/// Whether one date takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum OccurrenceStatus {
    /// As the series says.
    Scheduled,
    /// At another time or place than the series says.
    Moved,
    /// There is no room left.
    Full,
    /// It does not take place.
    Cancelled,
}

/// One date of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Occurrence {
    /// When it starts.
    pub start: DateTime<Utc>,
    /// When it ends.
    pub end: DateTime<Utc>,
    /// When it starts, on the clocks of the event's zone.
    pub local_start: NaiveDateTime,
    /// When it would start as the series has it, on the clocks of the event's zone: its name among
    /// the dates of the event.
    pub original_start: NaiveDateTime,
    /// Whether it takes place.
    pub status: OccurrenceStatus,
    /// Where it takes place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location_id: Option<LocationId>,
    /// What people should know about this date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The dates that overlap the time from `from` to before `until`, in order, at most `most`.
/// Cancelled ones are among them, marked. Where an event is cancelled or put off, all are.
pub fn between(event: &Event, from: DateTime<Utc>, until: DateTime<Utc>, most: usize) -> Vec<Occurrence> {
    let Some(series) = Series::of(event) else { return Vec::new() };
    let (from, until) = (within_reason(from), within_reason(until));
    if from >= until || most == 0 {
        return Vec::new();
    }
    let overlaps = |one: &Occurrence| one.start < until && (one.end > from || one.start >= from);
    // A change may bring a date into this time from anywhere; all others stand where they are. One
    // more than is wanted for each that a change may take away.
    let wanted = most.saturating_add(series.changes.len());
    let lower = series.local(from) - series.length.min(Duration::days(LONGEST)) - Duration::days(1);
    let upper = series.local(until) + Duration::days(1);
    let mut found: Vec<Occurrence> = series
        .starts(lower, upper)
        .into_iter()
        .filter(|start| !series.changes.contains_key(start))
        .filter_map(|start| series.occurrence(start, None))
        .filter(overlaps)
        .take(wanted)
        .collect();
    found.extend(series.changed().into_iter().filter(overlaps));
    found.sort_by_key(|one| (one.start, one.original_start));
    found.truncate(most);
    found
}

/// The dates within [`HORIZON_DAYS`] that are not over at `after`, as [`between`] gives them.
pub fn next(event: &Event, after: DateTime<Utc>, most: usize) -> Vec<Occurrence> {
    let after = within_reason(after);
    between(event, after, after + Duration::days(HORIZON_DAYS), most)
}

/// The first date between two moments that takes place; so many cancelled ones are passed over.
pub fn next_held(event: &Event, from: DateTime<Utc>, until: DateTime<Utc>) -> Option<Occurrence> {
    const LOOKED_AT: usize = 200;
    let dates = between(event, from, until, LOOKED_AT);
    dates.into_iter().find(|date| date.status != OccurrenceStatus::Cancelled)
}

/// Whether the series has a date that starts so by its rule, its first date or its further ones: a change to
/// any other is of no consequence.
pub fn has(event: &Event, start: NaiveDateTime) -> bool {
    Series::of(event).is_some_and(|series| series.starts(start, start).contains(&start))
}

/// When the last date ends, cancelled or not; nothing for a series without an end.
pub fn last_end(event: &Event) -> Option<DateTime<Utc>> {
    // A date outside of the calendar that we reckon with is not ahead.
    let Some(series) = Series::of(event) else { return Some(DateTime::UNIX_EPOCH) };
    let last = series.last()?;
    let ends =
        last.into_iter().filter(|start| !series.changes.contains_key(start)).filter_map(|start| series.occurrence(start, None));
    ends.chain(series.changed()).map(|one| one.end).max().or(Some(DateTime::UNIX_EPOCH))
}

/// An event's dates, ready to be worked out.
struct Series<'a> {
    event: &'a Event,
    zone: Tz,
    first: NaiveDateTime,
    /// From start to end by the clock.
    length: Duration,
    rule: Option<Rule>,
    further: BTreeSet<NaiveDateTime>,
    left_out: BTreeSet<NaiveDateTime>,
    changes: BTreeMap<NaiveDateTime, &'a EventChange>,
}

impl<'a> Series<'a> {
    /// Nothing where the first date is outside of the years that are reckoned with.
    fn of(event: &'a Event) -> Option<Self> {
        let first = event.start.naive();
        let length = (known(Some(&event.end))? - known(Some(&event.start))?).max(TimeDelta::zero());
        let zone = event.timezone.tz();
        // What was stored before rules were checked is read as far as it says something for sure: its first date.
        let rule = event.rrule.as_deref().and_then(|text| Rule::parse(text, first, zone).ok());
        Some(Self {
            event,
            zone,
            first,
            length,
            rule,
            further: event.rdates.iter().filter_map(|at| known(Some(at))).collect(),
            left_out: event.exdates.iter().map(LocalDateTime::naive).collect(),
            changes: event.changed_dates(),
        })
    }

    fn local(&self, at: DateTime<Utc>) -> NaiveDateTime {
        at.with_timezone(&self.zone).naive_local()
    }

    /// Some calendars leave out a day instead of a time.
    fn is_left_out(&self, start: NaiveDateTime) -> bool {
        self.left_out.contains(&start) || self.left_out.contains(&start.date().and_time(chrono::NaiveTime::MIN))
    }

    /// Starts as the series has them, from `lower` to `upper`, both included, in order.
    fn starts(&self, lower: NaiveDateTime, upper: NaiveDateTime) -> BTreeSet<NaiveDateTime> {
        let mut starts: BTreeSet<NaiveDateTime> = match &self.rule {
            Some(rule) => rule.between(lower, upper).into_iter().collect(),
            None => BTreeSet::new(),
        };
        // The first date is one, also where the rule does not give it (RFC 5545, 3.8.5.3); and an
        // event that lasts for years is still looked for.
        starts.extend(std::iter::once(self.first).chain(self.further.iter().copied()).filter(|start| *start <= upper));
        starts.retain(|start| !self.is_left_out(*start));
        starts
    }

    /// One date, as the change to it has it.
    fn occurrence(&self, original: NaiveDateTime, change: Option<&EventChange>) -> Option<Occurrence> {
        let status = match (self.event.status, change.map(|change| change.status)) {
            (EventStatus::Cancelled | EventStatus::Postponed, _) | (_, Some(DateChange::Cancelled)) => {
                OccurrenceStatus::Cancelled
            }
            (_, Some(DateChange::Moved)) => OccurrenceStatus::Moved,
            (_, Some(DateChange::Full)) => OccurrenceStatus::Full,
            (_, None) => OccurrenceStatus::Scheduled,
        };
        let moved = change.filter(|change| change.status == DateChange::Moved);
        let local_start = moved.and_then(|change| known(change.new_start.as_ref())).unwrap_or(original);
        let local_end = moved.and_then(|change| known(change.new_end.as_ref())).filter(|end| *end >= local_start);
        let length = local_end.map_or(self.length, |end| end - local_start);
        let start = moment(self.zone, local_start)?;
        let end = moment(self.zone, local_start.checked_add_signed(length)?)?;
        // What the clocks jump over, or show twice, keeps its length.
        let end = if end < start || (end == start && length > TimeDelta::zero()) { start + length } else { end };
        Some(Occurrence {
            start,
            end,
            // What the clocks jump over, they show an hour later.
            local_start: start.with_timezone(&self.zone).naive_local(),
            original_start: original,
            status,
            location_id: moved.and_then(|change| change.location_id).or(self.event.location_id),
            note: change.and_then(|change| change.note.clone()),
        })
    }

    /// The dates that something was changed on. A change to a date that the series does not have
    /// is of no consequence.
    fn changed(&self) -> Vec<Occurrence> {
        let (Some((first, _)), Some((last, _))) = (self.changes.first_key_value(), self.changes.last_key_value()) else {
            return Vec::new();
        };
        let starts = self.starts(*first, *last);
        self.changes
            .iter()
            .filter(|(original, _)| starts.contains(*original))
            .filter_map(|(original, change)| self.occurrence(*original, Some(change)))
            .collect()
    }

    /// Starts among which the last one is; nothing where there is no last one.
    fn last(&self) -> Option<BTreeSet<NaiveDateTime>> {
        let end_of_calendar = chrono::NaiveDate::from_ymd_opt(9_999, 1, 1)?.and_time(chrono::NaiveTime::MIN);
        let Some(rule) = &self.rule else { return Some(self.starts(self.first, end_of_calendar)) };
        let until = rule.until.or(rule.count.map(|_| end_of_calendar))?;
        // The last years first: a series may have been going on for long.
        for years in [2, 1_000] {
            let from = if rule.count.is_some() { self.first } else { (until - Duration::days(366 * years)).max(self.first) };
            let mut starts = self.starts(from, until);
            if from == self.first || starts.iter().any(|start| *start >= from) {
                starts.extend(self.further.iter().copied().filter(|start| !self.is_left_out(*start)));
                return Some(starts);
            }
        }
        Some(BTreeSet::from([self.first]))
    }
}

/// A time within the years that are reckoned with.
fn known(at: Option<&LocalDateTime>) -> Option<NaiveDateTime> {
    at.map(LocalDateTime::naive).filter(|at| (1_800..=9_000).contains(&at.year()))
}

/// The calendar ends somewhere; nobody asks about the years there.
fn within_reason(at: DateTime<Utc>) -> DateTime<Utc> {
    let year = |year| Utc.with_ymd_and_hms(year, 1, 1, 0, 0, 0).single().unwrap_or(at);
    at.clamp(year(1_800), year(9_000))
}

/// When the clocks of a zone show `at`: the first time where they do twice; where they jump over
/// it, as if they had not yet jumped (RFC 5545, 3.3.5).
fn moment(zone: Tz, at: NaiveDateTime) -> Option<DateTime<Utc>> {
    if let Some(found) = zone.from_local_datetime(&at).earliest() {
        return Some(found.to_utc());
    }
    // No zone has ever jumped over more than a day.
    (1..=100).find_map(|quarters| {
        let back = Duration::minutes(15 * quarters);
        let before = zone.from_local_datetime(&at.checked_sub_signed(back)?).latest()?;
        before.to_utc().checked_add_signed(back)
    })
}

#[cfg(test)]
mod tests;
