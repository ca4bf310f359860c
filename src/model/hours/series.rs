//! The days of one schedule as calendars write them: the first, and a rule from there on.

use chrono::{Datelike as _, NaiveDate, Weekday};

use super::{
    MOST_DAYS, WEEK, after,
    rule::{On, Rule},
};
use crate::model::{Schedule, schedule::ByDay};

/// The days on which something is, be it that it is closed on some of them as its words say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// The first of them.
    pub first: NaiveDate,
    /// The rule from there on as RFC 5545 has it, its end as a day; none for a single day.
    pub rule: Option<String>,
}

/// The days of `schedule`, from `since` on where it does not say when it begins. None where they are not understood, or
/// there is none.
pub fn series(schedule: &Schedule, since: NaiveDate) -> Option<Series> {
    let rule = Rule::of(schedule)?;
    if let On::Date(first) = rule.days {
        return Some(Series { first, rule: None });
    }
    let begin = rule.from.unwrap_or(since);
    let first = (0..MOST_DAYS).map(|days| after(begin, days)).find(|day| rule.days.has(*day))?;
    let is_over = rule.to().is_some_and(|last| last < first);
    (!is_over).then(|| Series { first, rule: Some(written(&rule)) })
}

fn written(rule: &Rule) -> String {
    let (freq, every, named) = match &rule.days {
        On::Date(_) => ("DAILY", 1, Vec::new()),
        On::Week { days, every, counted_from } => ("WEEKLY", *every, of_weeks(*days, (*every > 1).then_some(*counted_from))),
        On::Month { days, numbers, every, .. } => ("MONTHLY", *every, of_months(days, *numbers)),
    };
    let mut written = format!("FREQ={freq}");
    let every = (every > 1).then(|| ("INTERVAL", every.to_string()));
    let until = rule.to().map(|last| ("UNTIL", last.format("%Y%m%d").to_string()));
    for (name, value) in every.into_iter().chain(named).chain(until) {
        written.extend([";", name, "=", &value]);
    }
    written
}

/// Days of the week; where not every week counts, the day with which weeks begin.
fn of_weeks(days: u8, first_week: Option<NaiveDate>) -> Vec<(&'static str, String)> {
    let is_on = |day: &Weekday| (days >> day.num_days_from_monday()) & 1 == 1;
    let code = |day: Weekday| ByDay { which: None, day }.to_string();
    let named: Vec<String> = WEEK.into_iter().filter(is_on).map(code).collect();
    let begins = first_week.map(|day| ("WKST", code(day.weekday())));
    [("BYDAY", named.join(","))].into_iter().chain(begins).collect()
}

/// Days of the month, by their names and by their numbers.
fn of_months(days: &[u16; 7], numbers: u64) -> Vec<(&'static str, String)> {
    let which = |bit: i8| match bit {
        0 => None,
        1..=5 => Some(bit),
        _ => Some(5 - bit),
    };
    let mut named = Vec::new();
    for (day, bits) in WEEK.into_iter().zip(days.iter().copied()) {
        let of_it = (0..=10).filter(|bit: &i8| (bits >> *bit) & 1 == 1);
        named.extend(of_it.map(|bit| ByDay { which: which(bit), day }.to_string()));
    }
    let number = |bit: i8| if bit < 32 { bit } else { 31 - bit };
    let numbers: Vec<String> =
        (1..=62).filter(|bit: &i8| (numbers >> *bit) & 1 == 1).map(|bit| number(bit).to_string()).collect();
    let listed = [("BYDAY", named.join(",")), ("BYMONTHDAY", numbers.join(","))];
    listed.into_iter().filter(|(_, days)| !days.is_empty()).collect()
}
