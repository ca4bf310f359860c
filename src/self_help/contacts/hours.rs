//! When somebody answers a line, read from the words that say so. All or nothing: where one word of it is not
//! understood, nothing is known, and nobody is told that a line is closed that is not.

use chrono::{DateTime, Datelike as _, Days, Utc};
use chrono_tz::Europe::London;
use uuid::Uuid;

use super::document::Line;
use crate::model::{
    Schedule, holidays,
    hours::{Hours, Opening},
    schedule::Frequency,
    values::TimeOfDay,
};

/// Days of the week, as people begin their names and as schedules write them.
const DAYS: [(&str, &str); 7] =
    [("mon", "MO"), ("tue", "TU"), ("wed", "WE"), ("thu", "TH"), ("fri", "FR"), ("sat", "SA"), ("sun", "SU")];
/// What a line says that is answered round the clock.
const ALWAYS: [&str; 8] = ["any time", "anytime", "at any time", "24 hours", "24 hours a day", "24/7", "always", "day and night"];
/// Words that say nothing of days and times.
const FILL: [&str; 12] = ["and", "at", "on", "in", "from", "the", "free", "daytime", "check", "hours", "first", "open"];
/// What stands behind these is when it is closed.
const CLOSED: [&str; 5] = ["closed", "except", "excluding", "not", "no"];
/// Saturday and Sunday, each a bit from Monday.
const WEEKEND: u8 = 0b110_0000;
const CLOSED_ON_BANK_HOLIDAYS: &str = "Closed on bank holidays";

impl Line {
    /// Whether somebody answers at this moment; none where its words do not say so for certain.
    pub fn opening(&self, now: DateTime<Utc>) -> Option<Opening> {
        let said = self.hours.as_deref()?.to_lowercase();
        let without_price = said.trim().trim_end_matches('.').trim_end_matches("free").trim_end_matches([' ', ',']);
        if ALWAYS.contains(&without_price) {
            return Some(Opening::Open { until: None });
        }
        let schedules = read(&said)?;
        let hours = Hours::of(&schedules);
        let opening = hours.at(now);
        let says_of_holidays = schedules.iter().any(|schedule| schedule.notes.is_some());
        let is_known = opening != Opening::Unknown && (says_of_holidays || !may_be_as_on_a_sunday(&hours, &opening, now));
        is_known.then_some(opening)
    }

    /// Whether nobody answers at this moment, or perhaps nobody, because it is a bank holiday.
    pub fn is_closed(&self, now: DateTime<Utc>) -> bool {
        matches!(self.opening(now), Some(Opening::Closed { .. } | Opening::HolidayUnsure { .. }))
    }
}

/// Whether it is a bank holiday, and somebody may answer at this hour on Sundays: who answers out of hours, or every day,
/// mostly does so then, too, whichever day of the week it is.
fn may_be_as_on_a_sunday(hours: &Hours, opening: &Opening, now: DateTime<Utc>) -> bool {
    let here = now.with_timezone(&London);
    let is_holiday =
        matches!(opening, Opening::HolidayUnsure { .. }) || holidays::on(holidays::observed(), here.date_naive()).is_some();
    let sunday = here.checked_sub_days(Days::new(here.weekday().num_days_from_sunday().into()));
    is_holiday && sunday.is_some_and(|sunday| !matches!(hours.at(sunday.with_timezone(&Utc)), Opening::Closed { .. }))
}

/// A piece of what is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    /// Days, each a bit from Monday.
    On(u8),
    /// Minutes after midnight, from and to.
    Between(u16, u16),
}

/// The schedules that the words say; none where one of them is not understood.
fn read(said: &str) -> Option<Vec<Schedule>> {
    let mut schedules = Vec::new();
    let mut on_holidays = None;
    for clause in said.split(';') {
        let words = words(clause);
        let closed = words.iter().position(|word| CLOSED.contains(&word.as_str()));
        let (open, closed) = words.split_at(closed.unwrap_or(words.len()));
        if closed.iter().any(|word| word == "bank" || word == "public") {
            on_holidays = Some(CLOSED_ON_BANK_HOLIDAYS.to_owned());
        }
        if !closed.iter().all(|word| is_about_days_off(word)) {
            return None;
        }
        schedules.extend(sessions(&pieces(open)?)?);
    }
    for schedule in &mut schedules {
        schedule.notes.clone_from(&on_holidays);
    }
    (!schedules.is_empty()).then_some(schedules)
}

fn is_about_days_off(word: &str) -> bool {
    CLOSED.contains(&word)
        || FILL.contains(&word)
        || matches!(word, "bank" | "public" | "holiday" | "holidays" | "or")
        // What is said to be open leaves these days out already.
        || matches!(word, "weekend" | "weekends")
}

/// The words of a clause; whatever people put between two days or two times is "to".
fn words(clause: &str) -> Vec<String> {
    let spaced: String = clause
        .chars()
        .map(|c| match c {
            '-' | '‐' | '‑' | '–' | '—' => " to ".to_owned(),
            ',' | '(' | ')' | '&' => " ".to_owned(),
            '.' => ":".to_owned(),
            _ => c.to_string(),
        })
        .collect();
    spaced.split_whitespace().map(|word| word.trim_end_matches(':').to_owned()).filter(|word| !word.is_empty()).collect()
}

fn pieces(words: &[String]) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut rest = words;
    while let Some((word, after)) = rest.split_first() {
        let word = word.as_str();
        let to = after.split_first().filter(|(to, _)| matches!(to.as_str(), "to" | "until" | "till" | "through"));
        let end = to.and_then(|(_, behind)| behind.split_first());
        if let Some(first) = day(word) {
            let until = end.and_then(|(last, behind)| Some((day(last)?, behind)));
            let (last, behind) = until.unwrap_or((first, after));
            pieces.push(Piece::On(span(first, last)));
            rest = behind;
        } else if let Some(days) = days_of(word) {
            pieces.push(Piece::On(days));
            rest = after;
        } else if word == "every" {
            rest = after.split_first().filter(|(day, _)| day.as_str() == "day")?.1;
            pieces.push(Piece::On(0b111_1111));
        } else if let Some(from) = Time::of(word) {
            let (until, behind) = end.and_then(|(until, behind)| Some((Time::of(until)?, behind)))?;
            // The day begins at midnight and ends at it.
            let from = if word == "midnight" { Time { minutes: 0, ..from } } else { from };
            pieces.push(between(from, until)?);
            rest = behind;
        } else if FILL.contains(&word) {
            rest = after;
        } else {
            return None;
        }
    }
    Some(pieces)
}

/// Days with the times behind them, or times with the days behind them; times without days may be on any, so that is
/// not understood.
fn sessions(pieces: &[Piece]) -> Option<Vec<Schedule>> {
    let days_lead = matches!(pieces.first(), Some(Piece::On(_)));
    let mut groups: Vec<(u8, Vec<(u16, u16)>)> = Vec::new();
    for piece in pieces {
        let starts_anew = groups.last().is_none_or(|(days, times)| if days_lead { !times.is_empty() } else { *days != 0 });
        match (*piece, groups.last_mut()) {
            (Piece::On(own), Some((days, _))) if !days_lead || !starts_anew => {
                // "5pm to 9am on weekdays, and at weekends": perhaps all day at weekends.
                if *days != 0 && (*days & WEEKEND == 0) != (own & WEEKEND == 0) {
                    return None;
                }
                *days |= own;
            }
            (Piece::On(own), _) => groups.push((own, Vec::new())),
            (Piece::Between(from, to), Some((_, times))) if days_lead || !starts_anew => times.push((from, to)),
            (Piece::Between(from, to), _) => groups.push((0, vec![(from, to)])),
        }
    }
    let mut schedules = Vec::new();
    for (days, times) in groups {
        if days == 0 {
            return None;
        }
        if times.is_empty() {
            schedules.push(schedule(days, None)?);
        }
        for time in times {
            schedules.push(schedule(days, Some(time))?);
        }
    }
    Some(schedules)
}

fn schedule(days: u8, times: Option<(u16, u16)>) -> Option<Schedule> {
    let named = DAYS.iter().enumerate().filter(|(at, _)| days & (1 << at) != 0).map(|(_, (_, code))| *code);
    let mut schedule = Schedule::new(Uuid::nil());
    schedule.freq = Some(Frequency::Weekly);
    schedule.byday = Some(named.collect::<Vec<_>>().join(","));
    if let Some((from, to)) = times {
        let clock = |minutes: u16| -> Option<TimeOfDay> { format!("{:02}:{:02}", minutes / 60, minutes % 60).parse().ok() };
        schedule.opens_at = Some(clock(from)?);
        schedule.closes_at = Some(clock(to)?);
    }
    Some(schedule)
}

/// Which day of the week, from Monday.
fn day(word: &str) -> Option<u8> {
    let word = word.strip_suffix('s').filter(|rest| rest.ends_with("day")).unwrap_or(word);
    let known =
        |short: &str| word == short || (word.starts_with(short) && word.ends_with("day")) || (word == "tues" && short == "tue");
    let longer = |short: &str| matches!((word, short), ("thur" | "thurs", "thu") | ("weds", "wed"));
    (0..).zip(DAYS).find(|(_, (short, _))| known(short) || longer(short)).map(|(at, _)| at)
}

fn days_of(word: &str) -> Option<u8> {
    match word {
        "weekday" | "weekdays" => Some(0b001_1111),
        "weekend" | "weekends" => Some(WEEKEND),
        "daily" => Some(0b111_1111),
        _ => None,
    }
}

/// From one day of the week to another, around Sunday where need be.
fn span(first: u8, last: u8) -> u8 {
    let mut days = 1 << first;
    let mut at = first;
    while at != last {
        at = (at + 1) % 7;
        days |= 1 << at;
    }
    days
}

/// A time of day, and whether it says which half of the day it is in.
#[derive(Clone, Copy, Debug)]
struct Time {
    minutes: u16,
    is_certain: bool,
}

impl Time {
    /// "9am", "9:30pm", "midday", "09:00".
    fn of(word: &str) -> Option<Self> {
        let at = |minutes, is_certain| Some(Self { minutes, is_certain });
        match word {
            "midday" | "noon" => return at(12 * 60, true),
            "midnight" => return at(24 * 60 - 1, true),
            _ => {}
        }
        let (clock, half) = match (word.strip_suffix("am"), word.strip_suffix("pm")) {
            (Some(clock), _) => (clock, Some(0)),
            (_, Some(clock)) => (clock, Some(12)),
            _ => (word, None),
        };
        let (hours, minutes) = clock.split_once(':').map_or((clock, None), |(hours, minutes)| (hours, Some(minutes)));
        if half.is_none() && minutes.is_none() {
            return None;
        }
        let is_number = |text: &str| (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        let minutes = minutes.unwrap_or("00");
        if !is_number(hours) || !is_number(minutes) {
            return None;
        }
        let (hour, minute) = (hours.parse::<u16>().ok()?, minutes.parse::<u16>().ok().filter(|minute| *minute < 60)?);
        match half {
            Some(half) => at((hour % 12 + half) * 60 + minute, true).filter(|_| (1..=12).contains(&hour)),
            None => at(hour * 60 + minute, hour >= 13 || hours.starts_with('0')).filter(|_| hour < 24),
        }
    }
}

/// "8:00 to 6:00" may end in the morning or in the evening, and "7:00 to 9:00" may be either.
fn between(from: Time, until: Time) -> Option<Piece> {
    let is_clear = if from.minutes < until.minutes {
        from.is_certain || until.is_certain
    } else {
        from.is_certain && until.is_certain && from.minutes != until.minutes
    };
    is_clear.then_some(Piece::Between(from.minutes, until.minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a line with these hours is closed at that moment; none where they do not say.
    fn closed(hours: &str, at: &str) -> Option<bool> {
        let line = Line { hours: Some(hours.to_owned()), number: "01632 960000".to_owned(), ..Line::emergency().clone() };
        line.opening(at.parse().unwrap()).map(|_| line.is_closed(at.parse().unwrap()))
    }

    const FRIDAY: &str = "2026-11-27T12:00:00Z";
    const FRIDAY_EVENING: &str = "2026-11-27T19:00:00Z";
    const SATURDAY: &str = "2026-11-28T12:00:00Z";
    const CHRISTMAS: &str = "2026-12-25T12:00:00Z";

    #[test]
    fn hours_are_read_as_people_write_them() {
        for (hours, friday, evening, saturday) in [
            ("Any time, free", false, false, false),
            ("24 hours", false, false, false),
            ("Monday to Friday, 9am to 5pm", false, true, true),
            ("Mon-Fri 9.30am – 5pm", false, true, true),
            ("9am to 5pm, Monday to Friday", false, true, true),
            ("9am to 5pm weekdays, 10am to 1pm Saturday", false, true, false),
            ("Monday to Friday, 9am to 8pm; Saturday, 9:30am to 1pm", false, false, false),
            ("Weekdays 09:00 to 17:00, closed at weekends and on bank holidays", false, true, true),
            ("Weekdays in the daytime; check the hours first", false, false, true),
            ("Monday, Wednesday and Thursday, 10am to midday", true, true, true),
            ("Every day, 8am to 10pm", false, false, false),
            ("Fridays, 6pm to 2am", true, false, true),
            ("Weekdays, midnight to 9am; weekdays, 5pm to midnight; weekends", true, false, false),
        ] {
            let told = [FRIDAY, FRIDAY_EVENING, SATURDAY].map(|at| closed(hours, at));
            assert_eq!(told, [Some(friday), Some(evening), Some(saturday)], "{hours}");
        }
    }

    #[test]
    fn hours_that_may_mean_something_else_close_no_line() {
        for hours in [
            "Check the hours first",
            "After 5pm and at weekends",
            "5pm to 9am on weekdays, and at weekends",
            "Weekends, weekdays 5pm to 9am",
            "9am to 5pm",
            "Monday to Friday, 9 to 5",
            "Monday to Friday, 8:00 to 6:00",
            "Monday to Friday, 7:00 to 9:00",
            "Monday to Friday, 9am to 5pm, answerphone at other times",
            "Term time, Monday 9am to 5pm",
            "By appointment",
            "",
        ] {
            assert_eq!(closed(hours, SATURDAY), None, "{hours}");
        }
    }

    #[test]
    fn on_a_bank_holiday_a_line_of_weekdays_may_not_be_answered_and_one_for_any_time_is() {
        assert_eq!(closed("Monday to Friday, 9am to 5pm", CHRISTMAS), Some(true));
        assert_eq!(closed("Monday to Friday, 9am to 5pm, not on bank holidays", CHRISTMAS), Some(true));
        assert_eq!(closed("Any time", CHRISTMAS), Some(false));
    }

    #[test]
    fn on_a_bank_holiday_a_line_that_is_answered_on_sundays_is_not_said_to_be_closed() {
        for hours in
            ["Every day, 8am to 10pm", "Weekdays, midnight to 9am; weekdays, 5pm to midnight; weekends", "Weekends, 9am to 5pm"]
        {
            assert_eq!(closed(hours, CHRISTMAS), None, "{hours}");
        }
        assert_eq!(closed("Every day, 8am to 10pm, closed on bank holidays", CHRISTMAS), Some(true));
        assert_eq!(closed("Every day, 2pm to 10pm", CHRISTMAS), Some(true), "not at this hour");
    }
}
