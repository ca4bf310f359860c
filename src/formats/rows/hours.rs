//! When something is there, as the cells of a sheet say it: in three cells where these say it, and otherwise in one,
//! `opening_hours`, in words that importing reads as people do.

use crate::model::{Schedule, schedule::Frequency, values::Number};

/// The schedule that three cells can say: the only one, every week on some days or every month on one.
fn in_three(schedules: &[Schedule]) -> Option<&Schedule> {
    match schedules {
        [only] if is_plain(only) && days(only).is_some_and(|days| days.len() == 1) => Some(only),
        _ => None,
    }
}

/// Whether days and times are all of its rule.
fn is_plain(schedule: &Schedule) -> bool {
    let once_each = schedule.interval.is_none_or(is_one);
    once_each && [&schedule.bymonthday, &schedule.byweekno, &schedule.byyearday].iter().all(|part| part.is_none())
}

fn is_one(interval: Number) -> bool {
    (interval.0 - 1.0).abs() < f64::EPSILON
}

/// The days as the sheet names them: those of every week in one text, each day of a month in one of its own; none for
/// what is no list of days.
fn days(schedule: &Schedule) -> Option<Vec<String>> {
    let Some(byday) = &schedule.byday else { return Some(vec![String::new()]) };
    let codes: Vec<(&str, &str)> =
        byday.split(',').map(|code| code.trim().split_at_checked(code.trim().len().checked_sub(2)?)).collect::<Option<_>>()?;
    let names: Option<Vec<String>> = codes.iter().map(|(which, day)| Some(format!("{}{}", order(which)?, name(day)?))).collect();
    let names = names?;
    if codes.iter().all(|(which, _)| which.is_empty()) { Some(vec![names.join(", ")]) } else { Some(names) }
}

fn name(code: &str) -> Option<&'static str> {
    const DAYS: [(&str, &str); 7] =
        [("MO", "Mon"), ("TU", "Tue"), ("WE", "Wed"), ("TH", "Thu"), ("FR", "Fri"), ("SA", "Sat"), ("SU", "Sun")];
    DAYS.iter().find(|(known, _)| *known == code).map(|(_, name)| *name)
}

/// Which of the month's.
fn order(which: &str) -> Option<&'static str> {
    const ORDERS: [(&str, &str); 6] = [("", ""), ("1", "1st "), ("2", "2nd "), ("3", "3rd "), ("4", "4th "), ("-1", "last ")];
    ORDERS.iter().find(|(known, _)| *known == which).map(|(_, word)| *word)
}

/// The cell `days`.
pub(super) fn days_cell(schedules: &[Schedule]) -> String {
    in_three(schedules).and_then(|schedule| schedule.byday.clone()).unwrap_or_default()
}

/// The cell `opens_at`.
pub(super) fn opens_at(schedules: &[Schedule]) -> String {
    super::text(in_three(schedules).and_then(|schedule| schedule.opens_at.as_ref()))
}

/// The cell `closes_at`.
pub(super) fn closes_at(schedules: &[Schedule]) -> String {
    super::text(in_three(schedules).and_then(|schedule| schedule.closes_at.as_ref()))
}

/// The cell `opening_hours`: what the other three do not say.
pub(super) fn opening_hours(schedules: &[Schedule]) -> String {
    match in_three(schedules) {
        Some(schedule) => remarks(schedule),
        None => schedules.iter().flat_map(in_words).collect::<Vec<_>>().join("; "),
    }
}

/// "Mon, Tue 09:00-17:00 (not in August)"; nothing where it says nothing.
fn in_words(schedule: &Schedule) -> Vec<String> {
    let times =
        [&schedule.opens_at, &schedule.closes_at].into_iter().flatten().map(ToString::to_string).collect::<Vec<_>>().join("-");
    let (rule, days) = match (is_plain(schedule), days(schedule)) {
        (true, Some(days)) => (String::new(), days),
        (_, days) => (rule(schedule), days.unwrap_or_default().into_iter().take(1).collect()),
    };
    let remarks = remarks(schedule);
    let remarks = if remarks.is_empty() { remarks } else { format!("({remarks})") };
    let days = if days.is_empty() { vec![String::new()] } else { days };
    let said = days.iter().map(|days| {
        let parts = [rule.as_str(), days, &times, &remarks];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    });
    said.filter(|said| !said.is_empty()).collect()
}

/// The parts of a rule that are neither days nor times, so that nobody takes them for every week.
fn rule(schedule: &Schedule) -> String {
    let unit = if schedule.freq == Some(Frequency::Monthly) { "months" } else { "weeks" };
    let every = schedule.interval.filter(|interval| !is_one(*interval)).map(|interval| format!("every {interval} {unit}"));
    let of = |what: &str, which: &Option<String>| which.as_ref().map(|which| format!("{what} {which}"));
    let parts = [
        every,
        of("day of the month", &schedule.bymonthday),
        of("week of the year", &schedule.byweekno),
        of("day of the year", &schedule.byyearday),
        schedule.byday.clone().filter(|_| days(schedule).is_none()),
    ];
    parts.into_iter().flatten().map(|part| format!("{part}:")).collect::<Vec<_>>().join(" ")
}

/// What is said beside days and times.
fn remarks(schedule: &Schedule) -> String {
    let parts = [
        schedule.description.clone(),
        schedule.notes.clone(),
        schedule.valid_from.map(|day| format!("from {day}")),
        schedule.last_day().map(|day| format!("until {day}")),
    ];
    parts.into_iter().flatten().filter(|part| !part.trim().is_empty()).collect::<Vec<_>>().join(", ")
}
