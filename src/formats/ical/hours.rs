//! The hours of a service as a series in a calendar: when they first are, and the rule from there.

use chrono::{Datelike as _, Days, NaiveDate, NaiveDateTime, NaiveTime, Weekday};
use chrono_tz::Tz;

use super::rule::{self, DAYS};
use crate::model::{
    Schedule, hours,
    schedule::{Frequency, by_days},
    values::{Number, TimeOfDay},
};

/// Hours are local to the place, and the places are here.
pub const ZONE: Tz = Tz::Europe__London;
/// How far ahead the first day is looked for, in days.
const FARTHEST: u64 = 3_700;
/// For how long after the last change days are listed on which it is closed: three years.
const CLOSED_DAYS: u64 = 3 * 366;

/// When something is open for the first time, and again.
#[derive(Clone, Debug, PartialEq)]
pub struct Hours {
    /// The first opening.
    pub start: NaiveDateTime,
    /// The first closing, where it is known.
    pub end: Option<NaiveDateTime>,
    /// The rule from the first opening on, ready for a calendar; none for a single day.
    pub rule: Option<String>,
    /// Openings of the rule that do not take place: days on which it is closed, as its words say.
    pub without: Vec<NaiveDateTime>,
}

/// The hours that `schedule` says, from `since` on where it does not say when it begins. None where
/// it has no time of day, or days that a calendar cannot work out; and where pages and answers do not believe it either.
pub fn of(schedule: &Schedule, since: NaiveDate) -> Option<Hours> {
    let opens = clock(schedule.opens_at.as_ref()?)?;
    if schedule.byweekno.is_some() || schedule.byyearday.is_some() {
        return None;
    }
    // What is understood, and how often it takes place, is decided in one place for pages and calendars alike.
    let understood = hours::Hours::of([schedule]);
    if understood.is_empty() {
        return None;
    }
    let last = schedule.last_day();
    // "2TU" is the second Tuesday of each month, whatever else is said.
    let of_month = schedule.byday.as_deref().is_some_and(|days| by_days(days).iter().any(|day| day.which.is_some()));
    let said_how_often = if of_month { Some(Frequency::Monthly) } else { schedule.freq };
    let Some(frequency) = said_how_often.or(schedule.byday.as_ref().map(|_| Frequency::Weekly)) else {
        let day = schedule.dtstart.or(schedule.valid_from.filter(|from| schedule.valid_to == Some(*from)))?;
        let is_closed = !understood.left_out(day, day).is_empty();
        let only = Hours { start: day.and_time(opens), end: closing(schedule, day, opens), rule: None, without: Vec::new() };
        return Some(only).filter(|_| !is_closed);
    };
    let said = schedule.dtstart.or(schedule.valid_from);
    let pattern = Pattern::read(schedule, frequency, said.unwrap_or(since))?;
    // Every other week from when? Nobody can tell.
    if pattern.interval > 1 && said.is_none() {
        return None;
    }
    let from = schedule.valid_from.map_or(pattern.anchor, |from| from.max(pattern.anchor));
    let day = (0..FARTHEST).filter_map(|days| from.checked_add_days(Days::new(days))).find(|day| pattern.holds(*day))?;
    if last.is_some_and(|last| last < day) {
        return None;
    }
    let start = day.and_time(opens);
    let rule = rule::for_calendars(&written(schedule, &pattern, last), start, ZONE)?;
    let from = day.max(since);
    let closed = understood.left_out(from, from.checked_add_days(Days::new(CLOSED_DAYS)).unwrap_or(from));
    let without = closed.into_iter().map(|day| day.and_time(opens)).collect();
    Some(Hours { start, end: closing(schedule, day, opens), rule: Some(rule), without })
}

fn clock(at: &TimeOfDay) -> Option<NaiveTime> {
    NaiveTime::parse_from_str(at.as_str(), "%H:%M").ok()
}

/// When it closes: on the next day where that is not after it opens.
fn closing(schedule: &Schedule, day: NaiveDate, opens: NaiveTime) -> Option<NaiveDateTime> {
    let closes = clock(schedule.closes_at.as_ref()?)?;
    let day = if closes > opens { day } else { day.succ_opt()? };
    Some(day.and_time(closes))
}

fn written(schedule: &Schedule, pattern: &Pattern, last: Option<NaiveDate>) -> String {
    let mut rule = match pattern.frequency {
        Frequency::Weekly => "FREQ=WEEKLY".to_owned(),
        Frequency::Monthly => "FREQ=MONTHLY".to_owned(),
    };
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            rule.extend([";", name, "=", &value]);
        }
    };
    let text = |text: &Option<String>| text.as_ref().map(|text| text.replace(' ', ""));
    add("INTERVAL", (pattern.interval > 1).then(|| pattern.interval.to_string()));
    add("BYDAY", text(&schedule.byday));
    add("BYMONTHDAY", text(&schedule.bymonthday));
    add("WKST", text(&schedule.wkst));
    add("UNTIL", last.map(|day| day.format("%Y%m%d").to_string()));
    rule
}

/// On which days it is.
struct Pattern {
    frequency: Frequency,
    interval: u32,
    /// Weeks and months are counted from here.
    anchor: NaiveDate,
    /// Days of the week, with which of the month where that is said.
    days: Vec<(Option<i32>, Weekday)>,
    /// Days of the month.
    numbers: Vec<i32>,
    week_begins: Weekday,
}

impl Pattern {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the schema bounds intervals at 1,000")]
    fn read(schedule: &Schedule, frequency: Frequency, anchor: NaiveDate) -> Option<Self> {
        let list = |text: &Option<String>| {
            text.as_deref()
                .unwrap_or_default()
                .split(',')
                .map(|one| one.trim().to_owned())
                .filter(|one| !one.is_empty())
                .collect::<Vec<_>>()
        };
        let days = list(&schedule.byday).iter().map(|text| day(text)).collect::<Option<Vec<_>>>()?;
        let numbers = list(&schedule.bymonthday).iter().map(|text| text.parse().ok()).collect::<Option<Vec<_>>>()?;
        let week_begins = schedule.wkst.as_deref().map_or(Some(Weekday::Mon), weekday)?;
        let interval = schedule.interval.map_or(1, |Number(value)| value.clamp(1.0, 1_000.0) as u32);
        Some(Self { frequency, interval, anchor, days, numbers, week_begins })
    }

    fn holds(&self, day: NaiveDate) -> bool {
        match self.frequency {
            Frequency::Weekly => {
                let week = |day: NaiveDate| day.week(self.week_begins).checked_first_day();
                let apart = week(day).zip(week(self.anchor)).map_or(1, |(one, other)| (one - other).num_weeks());
                let named = self.days.iter().any(|(_, weekday)| *weekday == day.weekday());
                apart % i64::from(self.interval) == 0 && (named || self.days.is_empty() && day.weekday() == self.anchor.weekday())
            }
            Frequency::Monthly => {
                let month = |day: NaiveDate| i64::from(day.year()) * 12 + i64::from(day.month0());
                let named = self.days.is_empty() || self.days.iter().any(|(which, weekday)| is_nth(day, *which, *weekday));
                let numbered = self.numbers.is_empty() || self.numbers.iter().any(|number| is_number(day, *number));
                let same = !self.days.is_empty() || !self.numbers.is_empty() || day.day() == self.anchor.day();
                (month(day) - month(self.anchor)) % i64::from(self.interval) == 0 && named && numbered && same
            }
        }
    }
}

fn weekday(code: &str) -> Option<Weekday> {
    DAYS.iter().position(|day| day.eq_ignore_ascii_case(code)).and_then(|at| Weekday::try_from(u8::try_from(at).ok()?).ok())
}

/// `TU`, `2TU`, `-1FR`.
fn day(text: &str) -> Option<(Option<i32>, Weekday)> {
    let (which, code) = text.split_at_checked(text.len().checked_sub(2)?)?;
    Some((if which.is_empty() { None } else { Some(which.parse().ok()?) }, weekday(code)?))
}

fn is_nth(day: NaiveDate, which: Option<i32>, weekday: Weekday) -> bool {
    let from_start = (day.day0() / 7 + 1).cast_signed();
    let from_end = ((u32::from(day.num_days_in_month()) - day.day()) / 7 + 1).cast_signed();
    day.weekday() == weekday && which.is_none_or(|which| which == from_start || which == -from_end)
}

fn is_number(day: NaiveDate, number: i32) -> bool {
    let from_end = u32::from(day.num_days_in_month()).cast_signed() - day.day().cast_signed() + 1;
    day.day().cast_signed() == number || from_end == -number
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn hours(mut schedule: Value) -> Option<String> {
        schedule["id"] = json!("d1e2f3a4-b5c6-4d7e-8f9a-0b1c2d3e4f5a");
        // A Sunday.
        let since = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
        let found = of(&serde_json::from_value(schedule).unwrap(), since)?;
        let end = found.end.map_or("open".to_owned(), |end| end.format("%d %H:%M").to_string());
        Some(
            format!("{} – {end} {}", found.start.format("%a %Y-%m-%d %H:%M"), found.rule.unwrap_or_default())
                .trim_end()
                .to_owned(),
        )
    }

    #[test]
    fn weekly_hours_begin_on_the_first_of_their_days() {
        let said = |more: Value| {
            let mut all = json!({"freq": "WEEKLY", "byday": "TU,TH", "opens_at": "09:30", "closes_at": "16:00"});
            all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            hours(all)
        };
        assert_eq!(said(json!({})).as_deref(), Some("Tue 2026-11-24 09:30 – 24 16:00 FREQ=WEEKLY;BYDAY=TU,TH"));
        assert_eq!(
            said(json!({"dtstart": "2026-09-02", "valid_to": "2027-07-20"})).as_deref(),
            Some("Thu 2026-09-03 09:30 – 03 16:00 FREQ=WEEKLY;UNTIL=20270720T225959Z;BYDAY=TU,TH")
        );
        assert_eq!(
            said(json!({"closes_at": "02:00"})).as_deref(),
            Some("Tue 2026-11-24 09:30 – 25 02:00 FREQ=WEEKLY;BYDAY=TU,TH")
        );
        assert_eq!(
            said(json!({"interval": 2, "dtstart": "2026-09-04", "byday": "TU"})).as_deref(),
            Some("Tue 2026-09-15 09:30 – 15 16:00 FREQ=WEEKLY;INTERVAL=2;BYDAY=TU"),
            "the Tuesday after next: the first week has none left"
        );
        assert_eq!(said(json!({"interval": 2})), None, "from when?");
        // 3, 5, 10 and 12 November; the schedule holds from the 10th on.
        assert_eq!(
            said(json!({"dtstart": "2026-11-03", "valid_from": "2026-11-10", "count": 4})).as_deref(),
            Some("Tue 2026-11-10 09:30 – 10 16:00 FREQ=WEEKLY;UNTIL=20261112T235959Z;BYDAY=TU,TH")
        );
        assert_eq!(said(json!({"dtstart": "2026-11-03", "valid_from": "2026-11-17", "count": 4})), None, "all are over by then");
        assert_eq!(said(json!({"dtstart": "2026-11-03", "count": 0})), None);
        assert_eq!(said(json!({"valid_from": "2026-12-01", "valid_to": "2026-11-01"})), None);
        assert_eq!(said(json!({"byday": "Tuesdays"})), None);
    }

    #[test]
    fn monthly_hours_know_first_last_and_numbered_days() {
        let said = |byday: &str| hours(json!({"freq": "MONTHLY", "byday": byday, "opens_at": "10:00"}));
        assert_eq!(said("-1FR").as_deref(), Some("Fri 2026-11-27 10:00 – open FREQ=MONTHLY;BYDAY=-1FR"));
        assert_eq!(said("1TU").as_deref(), Some("Tue 2026-12-01 10:00 – open FREQ=MONTHLY;BYDAY=1TU"));
        assert_eq!(said("5SU").as_deref(), Some("Sun 2026-11-29 10:00 – open FREQ=MONTHLY;BYDAY=5SU"));
        let numbered = hours(json!({"freq": "MONTHLY", "bymonthday": "1, -1", "opens_at": "10:00"}));
        assert_eq!(numbered.as_deref(), Some("Mon 2026-11-30 10:00 – open FREQ=MONTHLY;BYMONTHDAY=-1,1"));
    }

    #[test]
    fn days_on_which_it_is_closed_are_left_out() {
        let schedule = |more: Value| {
            let mut all = json!({"id": "d1e2f3a4-b5c6-4d7e-8f9a-0b1c2d3e4f5a", "freq": "WEEKLY", "byday": "TH,FR", "opens_at": "09:30", "closes_at": "16:00"});
            all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            serde_json::from_value::<Schedule>(all).unwrap()
        };
        let without = |more: Value| {
            let found = of(&schedule(more), NaiveDate::from_ymd_opt(2026, 11, 22).unwrap()).unwrap();
            found.without.iter().map(|at| at.format("%Y-%m-%d %H:%M").to_string()).collect::<Vec<_>>()
        };
        assert_eq!(
            without(json!({"notes": "Closed from 24 December 2026 to 1 January 2027"})),
            ["2026-12-24 09:30", "2026-12-25 09:30", "2026-12-31 09:30", "2027-01-01 09:30"]
        );
        // Christmas Day and New Year's Day 2026 are Fridays; Good Friday is 26 March 2027.
        let holidays = without(json!({"notes": "Closed on bank holidays"}));
        assert_eq!(holidays[..3], ["2026-12-25 09:30", "2027-01-01 09:30", "2027-03-26 09:30"]);
        assert_eq!(without(json!({})), [""; 0]);
    }

    #[test]
    fn what_pages_do_not_believe_is_in_no_calendar() {
        assert_eq!(hours(json!({"freq": "WEEKLY", "byday": "MO", "opens_at": "00:00", "closes_at": "00:00"})), None);
        assert_eq!(hours(json!({"dtstart": "2026-12-25", "opens_at": "11:00", "notes": "Closed on 25 December 2026"})), None);
    }

    #[test]
    fn one_day_has_no_rule_and_words_have_no_hours() {
        let once = hours(json!({"dtstart": "2026-12-12", "opens_at": "11:00", "closes_at": "14:00"}));
        assert_eq!(once.as_deref(), Some("Sat 2026-12-12 11:00 – 12 14:00"));
        assert_eq!(hours(json!({"description": "In term time"})), None);
        assert_eq!(hours(json!({"freq": "WEEKLY", "byday": "MO"})), None, "no time of day");
    }
}
