//! The dates of an event in words: how they repeat, and what is different on single ones.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::{
    model::{
        Event,
        event::{DateChange, EventChange},
        schedule::{ByDay, by_days, day_name},
        values::LocalDateTime,
    },
    pages::{
        times,
        words::{list, long_date, ordinal},
    },
};

/// What is different on single dates, in order, each by the start that the series has for it.
pub(in crate::pages) fn singles(event: &Event) -> BTreeMap<LocalDateTime, String> {
    let mut all = BTreeMap::new();
    let day = |at: &LocalDateTime| long_date(at.naive().date());
    all.extend(event.rdates.iter().map(|at| (at.clone(), format!("{} is added", times::at(at.naive())))));
    all.extend(event.exdates.iter().map(|at| (at.clone(), format!("{} is removed", day(at)))));
    all.extend(event.changes.iter().map(|change| (change.start.clone(), changed(change))));
    all
}

/// What happened to one date: "Thursday 17 December 2026 is cancelled: Hall is booked".
pub(in crate::pages) fn changed(change: &EventChange) -> String {
    let mut what = match (change.status, &change.new_start, &change.new_end) {
        (DateChange::Cancelled, ..) => "is cancelled".to_owned(),
        (DateChange::Full, ..) => "is full".to_owned(),
        (DateChange::Moved, Some(start), Some(end)) => format!("is moved to {}", times::span(start.naive(), end.naive())),
        (DateChange::Moved, Some(start), None) => format!("is moved to {}", times::at(start.naive())),
        (DateChange::Moved, None, _) => "is moved".to_owned(),
    };
    if change.location_id.is_some() {
        what.push_str(", at another place");
    }
    let note = change.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
    format!("{} {what}{note}", long_date(change.start.naive().date()))
}

/// A rule in words: "every week on Tuesday, until Thursday 7 January 2027"; what has none stands as it is written.
pub(in crate::pages) fn repeats(rule: &str) -> String {
    let (mut freq, mut interval, mut days, mut end, mut rest) = ("", "1", String::new(), String::new(), false);
    for part in rule.split(';') {
        match part.split_once('=').unwrap_or((part, "")) {
            ("FREQ", said) => freq = said,
            ("INTERVAL", said) => interval = said,
            ("BYDAY", said) => days = format!(" on {}", list(&by_days(said).into_iter().map(day_of).collect::<Vec<_>>())),
            ("COUNT", said) => end = format!(", {said} times"),
            ("UNTIL", said) => match NaiveDate::parse_from_str(said.get(..8).unwrap_or_default(), "%Y%m%d") {
                Ok(day) => end = format!(", until {}", long_date(day)),
                Err(_) => rest = true,
            },
            ("WKST", _) => {}
            _ => rest = true,
        }
    }
    let round = match (freq, interval) {
        ("DAILY", "1") => "every day",
        ("WEEKLY", "1") => "every week",
        ("WEEKLY", "2") => "every other week",
        ("MONTHLY", "1") => "every month",
        ("YEARLY", "1") => "every year",
        _ => return rule.to_owned(),
    };
    if rest { rule.to_owned() } else { format!("{round}{days}{end}") }
}

/// "Tuesday", "the 2nd Tuesday", "the last Friday".
fn day_of(by: ByDay) -> String {
    let day = day_name(by.day);
    match by.which {
        None => day.to_owned(),
        Some(-1) => format!("the last {day}"),
        Some(back) if back < 0 => format!("the {} to last {day}", ordinal(back.unsigned_abs().into())),
        Some(which) => format!("the {} {day}", ordinal(which.unsigned_abs().into())),
    }
}
