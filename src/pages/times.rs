//! Days and hours in plain words, in the language of the page: the schedules of services and the rules
//! of events.

use chrono::{Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, Timelike as _, Weekday};

pub(super) use super::words::from_to;
use super::{
    language::{Language, isolated, say, say_of_day, say_with, spoken},
    words::{capital, count, date, list, long_date, ordinal},
};
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
        (0, 0) => say("midnight").to_owned(),
        (hour, minute) if spoken().counts_24_hours() => format!("{hour}:{minute:02}"),
        (12, 0) => say("midday").to_owned(),
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
        (Some(opens), closes) if opens == NaiveTime::MIN && closes == last => Some(say("all day and night").to_owned()),
        (Some(opens), closes) if closes.is_some() && closes == last => Some(from_to(&time(opens), say("midnight"))),
        (Some(opens), Some(closes)) => Some(from_to(&time(opens), &time(closes))),
        (Some(opens), None) => Some(say_with("from {time}", &[("time", &time(opens))])),
        (None, Some(closes)) => Some(say_with("until {time}", &[("time", &time(closes))])),
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
        (all, _) if all.len() == 7 => say("Every day").to_owned(),
        ([first, _, .., last], true) => from_to(say(day(first)), say(day(last))),
        (some, _) => list(&some.iter().map(|number| say(&format!("{}s", day(number))).to_owned()).collect::<Vec<_>>()),
    }
}

/// "First Tuesday", "Last Friday", "Second and fourth Thursday".
fn of_the_month(days: &[ByDay]) -> String {
    let which = |by: &ByDay| match by.which {
        Some(1) => "first {day}".to_owned(),
        Some(2) => "second {day}".to_owned(),
        Some(3) => "third {day}".to_owned(),
        Some(4) => "fourth {day}".to_owned(),
        Some(5) => "fifth {day}".to_owned(),
        Some(-1) => "last {day}".to_owned(),
        Some(-2) => "second to last {day}".to_owned(),
        Some(other) => format!("{} {{day}}", ordinal(other.unsigned_abs().into())),
        None => "every {day}".to_owned(),
    };
    let same_day = days.windows(2).all(|pair| pair[0].day == pair[1].day);
    let words = match days {
        // English names the day once.
        [first, ..] if same_day && spoken() == Language::English => {
            let which: Vec<String> = days.iter().map(|by| which(by).replace(" {day}", "")).collect();
            format!("{} {}", list(&which), name(first.day))
        }
        _ => list(&days.iter().map(|by| say_of_day(&which(by), by.day, say(name(by.day)))).collect::<Vec<_>>()),
    };
    capital(&words)
}

/// "1st", "last day", "second to last day".
fn day_number(number: i8) -> String {
    match number {
        -1 => say("last day").to_owned(),
        -2 => say("second to last day").to_owned(),
        back if back < 0 => say_with("{nth} to last day", &[("nth", &ordinal(back.unsigned_abs().into()))]),
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
                (2, [only]) => say_with("Every other {day}", &[("day", say(name(only.day)))]),
                (weeks, some) => [weekdays(some), count(weeks as usize, "every {n} week", "every {n} weeks")].join(say(", ")),
            })
        }
        Some(Frequency::Monthly) => {
            let words = if !named.is_empty() {
                of_the_month(&named)
            } else if numbers.is_empty() {
                say_with("On the {days}", &[("days", &ordinal(first?.day()))])
            } else {
                say_with("On the {days}", &[("days", &list(&numbers.into_iter().map(day_number).collect::<Vec<_>>()))])
            };
            Some(match interval {
                0 | 1 => say_with("{days} of the month", &[("days", &words)]),
                2 => say_with("{days} of every other month", &[("days", &words)]),
                months => {
                    let days = say_with("{days} of the month", &[("days", &words)]);
                    [days, count(months as usize, "every {n} month", "every {n} months")].join(say(", "))
                }
            })
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the schema bounds intervals at 1,000")]
fn whole(number: Option<Number>) -> u32 {
    number.map_or(1, |Number(value)| value.clamp(1.0, 1_000.0) as u32)
}

/// Schedules in words in the order of the week, those that are over left out. What is not weekly comes behind, as it
/// stands.
pub(super) fn in_order<'a>(schedules: impl IntoIterator<Item = &'a Schedule>, today: NaiveDate) -> Vec<String> {
    let mut all: Vec<&Schedule> = schedules.into_iter().filter(|schedule| !schedule.is_over(today)).collect();
    all.sort_by_key(|one| {
        let named = by_days(one.byday.as_deref().unwrap_or_default());
        let is_weekly = one.freq != Some(Frequency::Monthly) && named.iter().all(|by| by.which.is_none());
        let first = named.iter().map(|by| by.day.num_days_from_monday()).min().filter(|_| is_weekly);
        (first.unwrap_or(7), first.and_then(|_| clock(one.opens_at.as_ref())))
    });
    all.into_iter().filter_map(|one| schedule(one, today)).collect()
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
        let from = schedule.valid_from.filter(|from| *from > today).map(|from| say_with("from {date}", &[("date", &date(from))]));
        let until = schedule.last_day().map(|until| say_with("until {date}", &[("date", &date(until))]));
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
        (false, true) => Some(capital(&parts.join(say(", ")))),
        (false, false) => Some(format!("{} ({})", capital(&parts.join(say(", "))), isolated(more.trim_end_matches('.')))),
    }
}

/// "Thursday 3 December 2026 at 10am".
pub(super) fn at(at: NaiveDateTime) -> String {
    say_with("{date} at {time}", &[("date", &long_date(at.date())), ("time", &time(at.time()))])
}

/// Whether something ends on the day on which it starts, or in the small hours after it.
pub(super) fn is_of_one_day(start: NaiveDateTime, end: NaiveDateTime) -> bool {
    let until_late = Some(end.date()) == start.date().succ_opt() && end.hour() < 4;
    end.date() == start.date() || until_late
}

/// From when to when on the clock: "10am to midday"; nothing for whole days, as calendars have them for which nobody
/// wrote hours.
pub(super) fn clock_times(start: NaiveDateTime, end: NaiveDateTime) -> Option<String> {
    (!is_whole_days(start, end)).then(|| from_to(&time(start.time()), &time(end.time())))
}

fn is_whole_days(start: NaiveDateTime, end: NaiveDateTime) -> bool {
    start.time() == NaiveTime::MIN && (end.hour(), end.minute()) == (23, 59)
}

/// From one moment to another: "Thursday 3 December 2026, 10am to midday". Both days are named where
/// it lasts longer than into the small hours.
pub(super) fn span(start: NaiveDateTime, end: NaiveDateTime) -> String {
    if is_of_one_day(start, end) {
        return std::iter::once(long_date(start.date())).chain(clock_times(start, end)).collect::<Vec<_>>().join(say(", "));
    }
    if is_whole_days(start, end) {
        return from_to(&long_date(start.date()), &long_date(end.date()));
    }
    let at = |at: NaiveDateTime| say_with("{time} on {date}", &[("time", &time(at.time())), ("date", &long_date(at.date()))]);
    from_to(&at(start), &at(end))
}

/// When an event takes place, in words: one line, with what else is to be known about its dates.
pub(super) fn event(event: &Event) -> String {
    let when = dates(event);
    match event.notes.as_deref().map(str::trim).filter(|notes| !notes.is_empty()) {
        Some(notes) => format!("{when} ({})", isolated(notes.trim_end_matches('.'))),
        None => when,
    }
}

fn dates(event: &Event) -> String {
    let (start, end) = (event.start.naive(), event.end.naive());
    let Some(text) = event.rrule.as_deref() else { return capital(&span(start, end)) };
    let rule = Rule::parse(text, start, event.timezone.tz()).ok().filter(Rule::is_plain);
    let Some(rule) = rule else { return say_with("More than once, first on {when}", &[("when", &span(start, end))]) };
    let days = if rule.freq == Freq::Daily && rule.by_day.is_empty() {
        say("Every day").to_owned()
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
    let from = say_with("from {date}", &[("date", &date(start.date()))]);
    let until = rule.until.map(|until| format!("{from} {}", say_with("until {date}", &[("date", &date(until.date()))])));
    let times = rule.count.map(|times| [from.clone(), count(times as usize, "time", "times")].join(say(", ")));
    let parts = std::iter::once(days).chain(times_of_each(start, end)).chain([until.or(times).unwrap_or(from)]);
    parts.collect::<Vec<_>>().join(say(", "))
}

/// From when to when on the clock each date of a series is: "10am to midday", "10am to 4pm the next day". The rule names only
/// the day on which it starts.
fn times_of_each(start: NaiveDateTime, end: NaiveDateTime) -> Option<String> {
    let hours = clock_times(start, end);
    if is_of_one_day(start, end) {
        return hours;
    }
    let nights = (end.date() - start.date()).num_days();
    let over = || count(usize::try_from(nights + 1).unwrap_or_default(), "over {n} day", "over {n} days");
    Some(match hours {
        None => over(),
        Some(_) if nights == 1 => from_to(&time(start.time()), &say_with("{time} the next day", &[("time", &time(end.time()))])),
        Some(hours) => [hours, over()].join(say(", ")),
    })
}

#[cfg(test)]
mod tests;
