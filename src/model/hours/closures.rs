//! Days on which a schedule says in words that it is closed: "Closed from 24 December 2026 to 28
//! December 2026". Older formats have such days as rows of their own, and people write them so.

use std::iter::Peekable;

use chrono::{Datelike as _, NaiveDate};

/// First and last day.
pub(super) type Closure = (NaiveDate, NaiveDate);

/// Closures of one schedule that are read at most.
pub(super) const MOST: usize = 100;

const MONTHS: [&str; 12] =
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];

/// The closures in folded words, in order. Days without a year say nothing that is sure.
pub(super) fn of(words: &str) -> Vec<Closure> {
    let mut words = words.split(' ').peekable();
    let mut closures = Vec::new();
    while let Some(word) = words.next() {
        if matches!(word, "closed" | "shut") {
            read(&mut words, &mut closures);
        }
    }
    closures.sort_unstable();
    closures.dedup();
    closures.truncate(MOST);
    closures
}

/// Dates and times from one date to another, up to a word that belongs to neither.
fn read<'a>(words: &mut Peekable<impl Iterator<Item = &'a str> + Clone>, closures: &mut Vec<Closure>) {
    loop {
        while words.next_if(|word| is_between(word)).is_some() {}
        let Some(first) = Said::take(words) else { return };
        let mut ahead = words.clone();
        let mut last = None;
        if ahead.next_if(|word| matches!(*word, "to" | "until" | "till" | "through")).is_some() {
            while ahead.next_if(|word| is_weekday(word)).is_some() {}
            last = Said::take(&mut ahead);
        }
        let last = match last {
            Some(last) => {
                *words = ahead;
                last
            }
            None => first,
        };
        if let Some(last) = last.day()
            && let Some(first) = first.day_before(last)
            && first <= last
        {
            closures.push((first, last));
        }
    }
}

fn is_between(word: &str) -> bool {
    matches!(word, "on" | "from" | "and" | "between" | "the") || is_weekday(word)
}

fn is_weekday(word: &str) -> bool {
    const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    DAYS.contains(&word) || (word.len() == 3 && DAYS.iter().any(|day| day.starts_with(word)))
}

/// A date as it was said.
#[derive(Clone, Copy)]
struct Said {
    day: u32,
    month: u32,
    year: Option<i32>,
}

impl Said {
    /// The date that stands next; nothing is taken where there is none.
    fn take<'a>(words: &mut Peekable<impl Iterator<Item = &'a str> + Clone>) -> Option<Self> {
        let mut ahead = words.clone();
        let first = ahead.next()?;
        let said = if let Some(year) = year_of(first) {
            let (month, day) = (month_of(ahead.next()?)?, day_of(ahead.next()?)?);
            Self { day, month, year: Some(year) }
        } else {
            let (day, month) = (day_of(first)?, month_of(ahead.next()?)?);
            let year = ahead.peek().and_then(|word| year_of(word));
            if year.is_some() {
                ahead.next();
            }
            Self { day, month, year }
        };
        *words = ahead;
        Some(said)
    }

    fn day(self) -> Option<NaiveDate> {
        NaiveDate::from_ymd_opt(self.year?, self.month, self.day)
    }

    /// The day; where no year was said, the last such day before the other.
    fn day_before(self, last: NaiveDate) -> Option<NaiveDate> {
        if self.year.is_some() {
            return self.day();
        }
        let in_year = |year| NaiveDate::from_ymd_opt(year, self.month, self.day);
        in_year(last.year()).filter(|day| *day <= last).or_else(|| in_year(last.year() - 1))
    }
}

fn day_of(word: &str) -> Option<u32> {
    let number = word.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let ending = &word[number.len()..];
    matches!(ending, "" | "st" | "nd" | "rd" | "th").then(|| number.parse().ok()).flatten().filter(|day| (1..=31).contains(day))
}

fn month_of(word: &str) -> Option<u32> {
    let by_name = MONTHS.iter().zip(1..).find(|(name, _)| **name == word || (word.len() >= 3 && name.starts_with(word)));
    by_name.map(|(_, month)| month).or_else(|| word.parse().ok()).filter(|month| (1..=12).contains(month))
}

fn year_of(word: &str) -> Option<i32> {
    word.parse().ok().filter(|year| word.len() == 4 && (1_900..=2_999).contains(year))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::text::fold;

    #[test]
    fn days_are_read_as_people_and_older_formats_write_them() {
        for (text, expected) in [
            ("Closed from 24 December 2026 to 28 December 2026", "2026-12-24/2026-12-28"),
            ("Ring first. Closed on 25 December 2026; Closed on 1 January 2027", "2026-12-25/2026-12-25 2027-01-01/2027-01-01"),
            ("Closed Thursday 24th Dec to Saturday 2nd Jan 2027.", "2026-12-24/2027-01-02"),
            ("closed 24/12/2026 and 31/12/2026", "2026-12-24/2026-12-24 2026-12-31/2026-12-31"),
            ("Closed 2026-12-24 until 2026-12-26", "2026-12-24/2026-12-26"),
            ("Closed on bank holidays", ""),
            ("Closed on 25 December", ""),
            ("Closed from 28 December 2026 to 24 December 2026", ""),
            ("Closed 30 February 2027", ""),
            ("Closed", ""),
            ("Open on 24 December 2026", ""),
        ] {
            let read: Vec<String> = of(&fold(text)).iter().map(|(first, last)| format!("{first}/{last}")).collect();
            assert_eq!(read.join(" "), expected, "{text}");
        }
    }
}
