//! Days and hours in plain words: the schedules of services and the rules of events. Pure functions.

use chrono::{Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, Timelike as _, Weekday};

use super::words::{capital, date, list, long_date, ordinal};
use crate::model::{
    Event, Schedule,
    occurrences::{Freq, Rule},
    schedule::{ByDay, Frequency, by_days, day_name as name},
    values::{Number, TimeOfDay},
};

/// "9am", "9:30am", "midday", "4pm", "midnight".
pub(super) fn time(at: NaiveTime) -> String {
    let (afternoon, hour) = at.hour12();
    match (at.hour(), at.minute()) {
        (0, 0) => "midnight".to_owned(),
        (12, 0) => "midday".to_owned(),
        (_, 0) => format!("{hour}{}", if afternoon { "pm" } else { "am" }),
        (_, minute) => format!("{hour}:{minute:02}{}", if afternoon { "pm" } else { "am" }),
    }
}

fn clock(at: Option<&TimeOfDay>) -> Option<NaiveTime> {
    at.and_then(|at| NaiveTime::parse_from_str(at.as_str(), "%H:%M").ok())
}

/// "9:30am to 4pm", "from 9am", "until 5pm", "all day and night".
fn hours(opens: Option<NaiveTime>, closes: Option<NaiveTime>) -> Option<String> {
    let last = NaiveTime::from_hms_opt(23, 59, 0);
    match (opens, closes) {
        (None, None) => None,
        (Some(opens), closes) if opens == NaiveTime::MIN && closes == last => Some("all day and night".to_owned()),
        (Some(opens), closes) if closes.is_some() && closes == last => Some(format!("{} to midnight", time(opens))),
        (Some(opens), Some(closes)) => Some(format!("{} to {}", time(opens), time(closes))),
        (Some(opens), None) => Some(format!("from {}", time(opens))),
        (None, Some(closes)) => Some(format!("until {}", time(closes))),
    }
}

/// "Mondays and Wednesdays", "Monday to Friday", "Every day".
fn weekdays(days: &[ByDay]) -> String {
    let mut numbers: Vec<u32> = days.iter().map(|by| by.day.num_days_from_monday()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let run = numbers.windows(2).all(|pair| pair[1] == pair[0] + 1);
    let day = |number: &u32| name(Weekday::try_from(u8::try_from(*number).unwrap_or_default()).unwrap_or(Weekday::Mon));
    match (numbers.as_slice(), run) {
        (all, _) if all.len() == 7 => "Every day".to_owned(),
        ([first, _, .., last], true) => format!("{} to {}", day(first), day(last)),
        (some, _) => list(&some.iter().map(|number| format!("{}s", day(number))).collect::<Vec<_>>()),
    }
}

/// "First Tuesday", "Last Friday", "Second and fourth Thursday".
fn of_the_month(days: &[ByDay]) -> String {
    let which = |by: &ByDay| match by.which {
        Some(1) => "first".to_owned(),
        Some(2) => "second".to_owned(),
        Some(3) => "third".to_owned(),
        Some(4) => "fourth".to_owned(),
        Some(5) => "fifth".to_owned(),
        Some(-1) => "last".to_owned(),
        Some(-2) => "second to last".to_owned(),
        Some(other) => ordinal(other.unsigned_abs().into()),
        None => "every".to_owned(),
    };
    let same_day = days.windows(2).all(|pair| pair[0].day == pair[1].day);
    let words = match days {
        [first, ..] if same_day => format!("{} {}", list(&days.iter().map(which).collect::<Vec<_>>()), name(first.day)),
        _ => list(&days.iter().map(|by| format!("{} {}", which(by), name(by.day))).collect::<Vec<_>>()),
    };
    capital(&words)
}

/// "1st", "last day", "second to last day".
fn day_number(number: i8) -> String {
    match number {
        -1 => "last day".to_owned(),
        -2 => "second to last day".to_owned(),
        back if back < 0 => format!("{} to last day", ordinal(back.unsigned_abs().into())),
        number => ordinal(number.unsigned_abs().into()),
    }
}

/// The parts of a rule that make its days.
#[derive(Clone, Debug)]
struct Days {
    freq: Option<Frequency>,
    interval: u32,
    named: Vec<ByDay>,
    numbers: Vec<i8>,
    first: Option<NaiveDate>,
}

/// The days of a rule: "Mondays and Wednesdays", "First Tuesday of the month".
fn days(of: Days) -> Option<String> {
    let Days { freq, interval, named, numbers, first } = of;
    match freq {
        None => first.map(long_date),
        Some(Frequency::Weekly) => {
            let named = if named.is_empty() { vec![ByDay { which: None, day: first?.weekday() }] } else { named };
            Some(match (interval, named.as_slice()) {
                (0 | 1, some) => weekdays(some),
                (2, [only]) => format!("Every other {}", name(only.day)),
                (weeks, some) => format!("{}, every {weeks} weeks", weekdays(some)),
            })
        }
        Some(Frequency::Monthly) => {
            let words = if !named.is_empty() {
                of_the_month(&named)
            } else if numbers.is_empty() {
                format!("On the {}", ordinal(first?.day()))
            } else {
                format!("On the {}", list(&numbers.into_iter().map(day_number).collect::<Vec<_>>()))
            };
            Some(match interval {
                0 | 1 => format!("{words} of the month"),
                2 => format!("{words} of every other month"),
                months => format!("{words} of the month, every {months} months"),
            })
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the schema bounds intervals at 1,000")]
fn whole(number: Option<Number>) -> u32 {
    number.map_or(1, |Number(value)| value.clamp(1.0, 1_000.0) as u32)
}

/// A schedule in words: "Mondays and Wednesdays, 9:30am to 4pm (term time)".
pub(super) fn schedule(schedule: &Schedule, today: NaiveDate) -> Option<String> {
    let named = by_days(schedule.byday.as_deref().unwrap_or_default());
    // The second Tuesday is one of a month, whatever the schedule calls it.
    let usual = if named.iter().any(|by| by.which.is_some()) { Frequency::Monthly } else { Frequency::Weekly };
    let freq = if named.is_empty() { schedule.freq } else { Some(schedule.freq.map_or(usual, |freq| freq.max(usual))) };
    let numbers = schedule.bymonthday.as_deref().unwrap_or_default();
    let rule = Days {
        freq,
        interval: whole(schedule.interval),
        named,
        numbers: numbers.split(',').filter_map(|day| day.trim().parse().ok()).collect(),
        first: schedule.dtstart,
    };
    let repeats = rule.freq.is_some();
    let mut parts: Vec<String> = Vec::new();
    parts.extend(days(rule));
    parts.extend(hours(clock(schedule.opens_at.as_ref()), clock(schedule.closes_at.as_ref())));
    if repeats {
        let from = schedule.valid_from.filter(|from| *from > today).map(|from| format!("from {}", date(from)));
        let until = schedule.valid_to.or(schedule.until).map(|until| format!("until {}", date(until)));
        let span: Vec<String> = from.into_iter().chain(until).collect();
        if !span.is_empty() {
            parts.push(span.join(" "));
        }
    }
    let more: Vec<&str> =
        [schedule.description.as_deref(), schedule.notes.as_deref()].into_iter().flatten().map(str::trim).collect();
    let more = more.join(". ");
    match (parts.is_empty(), more.is_empty()) {
        (true, true) => None,
        (true, false) => Some(more),
        (false, true) => Some(capital(&parts.join(", "))),
        (false, false) => Some(format!("{} ({})", capital(&parts.join(", ")), more.trim_end_matches('.'))),
    }
}

/// From one moment to another: "Thursday 3 December 2026, 10am to midday". Both days are named where
/// it lasts longer than into the small hours.
pub(super) fn span(start: NaiveDateTime, end: NaiveDateTime) -> String {
    let until_late = Some(end.date()) == start.date().succ_opt() && end.hour() < 4;
    if end.date() == start.date() || until_late {
        return format!("{}, {} to {}", long_date(start.date()), time(start.time()), time(end.time()));
    }
    format!("{} on {} to {} on {}", time(start.time()), long_date(start.date()), time(end.time()), long_date(end.date()))
}

/// When an event takes place, in words: one line.
pub(super) fn event(event: &Event) -> String {
    let (start, end) = (event.start.naive(), event.end.naive());
    let Some(text) = event.rrule.as_deref() else { return capital(&span(start, end)) };
    let rule = Rule::parse(text, start, event.timezone.tz()).ok().filter(Rule::is_plain);
    let Some(rule) = rule else { return format!("More than once, first on {}", span(start, end)) };
    let days = if rule.freq == Freq::Daily && rule.by_day.is_empty() {
        "Every day".to_owned()
    } else {
        days(Days {
            freq: Some(if rule.freq == Freq::Monthly { Frequency::Monthly } else { Frequency::Weekly }),
            interval: rule.interval.into(),
            named: rule.by_day,
            numbers: rule.by_month_day,
            first: Some(start.date()),
        })
        .unwrap_or_default()
    };
    let until = rule.until.map(|until| format!(" until {}", date(until.date())));
    let times = rule.count.map(|times| format!(", {times} times"));
    let from = date(start.date());
    format!("{days}, {} to {}, from {from}{}", time(start.time()), time(end.time()), until.or(times).unwrap_or_default())
}

#[cfg(test)]
mod tests;
