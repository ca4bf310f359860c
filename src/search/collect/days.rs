//! On which days, and at which times of them, something is: dates of events within a time that is asked for, and what is
//! counted for each day of the week.

use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveDateTime};
use tantivy::{DocId, columnar::BytesColumn};

use super::Passing;
use crate::search::{
    columns::Columns,
    facts,
    wanted::{Period, Times},
};

/// Days of the week as the standard writes them.
pub(super) const DAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

/// When something is to take place.
#[derive(Clone, Copy, Debug)]
pub(in crate::search) struct Window {
    /// From this minute since 1970.
    pub(in crate::search) from: i64,
    /// Before this one.
    pub(in crate::search) until: i64,
    /// At this time of the week, in London.
    pub(in crate::search) times: Option<Times>,
}

impl From<Period> for Window {
    fn from(Period { from, until, times }: Period) -> Self {
        Self { from: facts::minutes(from), until: facts::minutes(until), times }
    }
}

impl Window {
    pub(in crate::search) fn holds(&self, start: i64, end: i64) -> bool {
        self.part(start, end).is_some_and(|(start, end)| self.times.is_none_or(|times| at_that_time(times, start, end)))
    }

    /// What of a date is within this time.
    fn part(&self, start: i64, end: i64) -> Option<(i64, i64)> {
        let within = start < self.until && (end > self.from || (start == end && start >= self.from));
        within.then(|| (start.max(self.from), end.min(self.until)))
    }
}

/// Whether something of a date is at that time of the week, as opening hours have it: on any of its days, and to a
/// time on the day after where `to` is before `from`.
fn at_that_time(times: Times, start: i64, end: i64) -> bool {
    let (Some(begins), Some(ends)) = (in_london(start), in_london(end)) else { return false };
    let days_later = u64::from(times.to < times.from);
    // The night of the day before may reach into it.
    days_of(start, end).chain(begins.date().pred_opt()).filter(|day| times.day.is_none_or(|wanted| day.weekday() == wanted)).any(
        |day| {
            let (from, to) = (day.and_time(times.from), (day + Days::new(days_later)).and_time(times.to));
            begins <= to && (from < ends || (begins == ends && from <= begins))
        },
    )
}

/// The days on which something of a date is, as many as there are in a week and one.
fn days_of(start: i64, end: i64) -> impl Iterator<Item = NaiveDate> {
    let last = in_london((end - 1).max(start)).map(|at| at.date());
    let days = in_london(start).into_iter().flat_map(|at| at.date().iter_days().take(8));
    days.take_while(move |day| last.is_some_and(|last| *day <= last))
}

fn in_london(minutes: i64) -> Option<NaiveDateTime> {
    Some(DateTime::from_timestamp(minutes * 60, 0)?.with_timezone(&chrono_tz::Europe::London).naive_local())
}

/// Opening hours, how many documents have each value of them, and which values are on each day of the week.
pub(super) struct DaysOfHours {
    pub(super) column: BytesColumn,
    pub(super) counts: Vec<usize>,
    pub(super) days: Vec<Passing>,
}

impl DaysOfHours {
    /// How many have something on each day of the week, from Monday.
    pub(super) fn by_day(&self) -> impl Iterator<Item = usize> {
        self.days.iter().map(|passing| {
            let on_it = self.counts.iter().zip(passing.iter()).filter(|(_, is)| **is == Some(true));
            on_it.map(|(count, _)| count).sum()
        })
    }
}

/// How many events have a date on each day of the week.
pub(super) struct EventDays {
    pub(super) window: Window,
    pub(super) counts: [usize; 7],
}

impl EventDays {
    pub(super) fn count(&mut self, columns: &Columns, doc: DocId) {
        let mut days = [0; 7];
        let dates = columns.starts.values_for_doc(doc).zip(columns.ends.values_for_doc(doc));
        for (start, end) in dates.filter(|(start, end)| self.window.holds(*start, *end)) {
            let (start, end) = self.window.part(start, end).unwrap_or((start, end));
            for day in days_of(start, end) {
                days[day.weekday().num_days_from_monday() as usize] = 1;
            }
        }
        self.counts.iter_mut().zip(days).for_each(|(count, day)| *count += day);
    }
}
