//! Recurrence rules (RFC 5545, RRULE), read strictly, and worked out within limits.
//!
//! The crate `rrule` works them out. It counts from the first date and goes on until it finds the
//! next, which a hostile rule can make long; so a rule is first brought to a form in which nothing
//! depends on the first date, then started in the period that is asked about, and refused here where
//! that is not possible (`docs/decisions/0011-hours-and-dates.md`).

mod parts;

use chrono::{DateTime, Datelike as _, Days, Duration, Month, NaiveDate, NaiveDateTime, NaiveTime, Timelike as _, Weekday};
use chrono_tz::Tz;
use rrule::{Frequency, NWeekday, RRule, RRuleSet};

use self::parts::{days, frequency, one, parts, some, until};
use crate::model::{schedule::ByDay, text};

/// A rule that ends after so many dates or more is refused.
const MOST_COUNT: u32 = 10_000;
/// Not more dates than these are worked out at a time.
pub const MOST_DATES: usize = 10_000;
/// A date comes not more often than this on one day.
const MOST_TIMES: usize = 24;

/// Why a rule is not taken, in words a person can act on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(String);

/// Whether the rule of a series that starts at `start` can be worked out.
/// # Errors
/// What is wrong with it: not a rule; more often than daily; no end that could be counted to; or
/// no date at all.
pub fn check_rule(rule: &str, start: NaiveDateTime) -> Result<(), Refused> {
    let said = || text::shorten(rule, 60);
    let parsed = Rule::parse(rule, start, Tz::UTC).map_err(|Refused(reason)| Refused(format!("{:?} {reason}", said())))?;
    if parsed.first().is_none() {
        return Err(Refused(format!("{:?} never gives a date", said())));
    }
    Ok(())
}

/// A rule that can be worked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// How often it comes round.
    pub freq: Freq,
    /// Every how many of them.
    pub interval: u16,
    /// After how many dates it ends.
    pub count: Option<u32>,
    /// The last moment of it, on the clocks of the event's zone.
    pub until: Option<NaiveDateTime>,
    /// The days that it names.
    pub by_day: Vec<ByDay>,
    /// The days of the month that it names; negative ones count from the end.
    pub by_month_day: Vec<i8>,
    /// The months that it names.
    pub by_month: Vec<u8>,
    /// The days of the year that it names; negative ones count from the end.
    pub by_year_day: Vec<i16>,
    /// Which of the dates of each period it takes; negative ones count from the end.
    pub by_set_pos: Vec<i32>,
    /// The hours of the day.
    pub by_hour: Vec<u8>,
    /// The minutes of these hours.
    pub by_minute: Vec<u8>,
    week_start: Weekday,
    start: NaiveDateTime,
}

/// How often a rule comes round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freq {
    /// Every day.
    Daily,
    /// Every week.
    Weekly,
    /// Every month.
    Monthly,
    /// Every year.
    Yearly,
}

impl Rule {
    /// Read `text`, the rule of a series that starts at `start` on the clocks of `zone`.
    /// # Errors
    /// What is wrong with it, as the rest of a sentence that begins with the rule.
    pub fn parse(text: &str, start: NaiveDateTime, zone: Tz) -> Result<Self, Refused> {
        let parts = parts(text)?;
        if !(1_800..=9_000).contains(&start.year()) {
            return refuse("starts outside the years 1800 to 9000");
        }
        let mut rule = Self {
            freq: Freq::Daily,
            interval: 1,
            count: None,
            until: None,
            by_day: Vec::new(),
            by_month_day: Vec::new(),
            by_month: Vec::new(),
            by_year_day: Vec::new(),
            by_set_pos: Vec::new(),
            by_hour: Vec::new(),
            by_minute: Vec::new(),
            week_start: Weekday::Mon,
            start,
        };
        let mut freq = None;
        for (name, value) in parts {
            let value = value.as_str();
            match name.as_str() {
                "FREQ" => freq = Some(frequency(value)?),
                "INTERVAL" => rule.interval = one(value, 1..=1_000, "has an INTERVAL that is not a number from 1 to 1,000")?,
                "COUNT" => rule.count = Some(one(value, 1..=MOST_COUNT, "has a COUNT that is not a number from 1 to 10,000")?),
                "UNTIL" => rule.until = Some(until(value, zone)?),
                "BYDAY" => rule.by_day = days(value)?,
                "BYMONTHDAY" => {
                    rule.by_month_day = some(value, -31..=31, "has something in BYMONTHDAY that is not a day of a month")?;
                }
                "BYMONTH" => rule.by_month = some(value, 1..=12, "has something in BYMONTH that is not a month")?,
                "BYYEARDAY" => {
                    rule.by_year_day = some(value, -366..=366, "has something in BYYEARDAY that is not a day of a year")?;
                }
                "BYSETPOS" => rule.by_set_pos = some(value, -366..=366, "has something in BYSETPOS that is not a position")?,
                "BYHOUR" => rule.by_hour = some(value, 0..=23, "has something in BYHOUR that is not an hour")?,
                "BYMINUTE" => rule.by_minute = some(value, 0..=59, "has something in BYMINUTE that is not a minute")?,
                "WKST" => rule.week_start = days(value)?.first().map_or(Weekday::Mon, |by| by.day),
                // What it would be anyway.
                "BYSECOND" if value == "0" => {}
                "RSCALE" if value == "GREGORIAN" => {}
                "SKIP" if value == "OMIT" => {}
                "BYSECOND" => return refuse("has BYSECOND; events here are not timed to the second"),
                "BYWEEKNO" => return refuse("has BYWEEKNO, weeks of the year; give the days, or list the dates"),
                other => {
                    return refuse(&format!("has {:?}, which is not supported in rules", text::shorten(other, 20)));
                }
            }
        }
        rule.freq = freq.ok_or_else(|| Refused("has no FREQ, such as FREQ=WEEKLY".to_owned()))?;
        rule.without_what_cannot_be()?;
        rule.spell_out();
        if rule.by_hour.len() * rule.by_minute.len() > MOST_TIMES {
            return refuse("repeats more than 24 times a day");
        }
        // What remains is for the crate to judge.
        rule.of_crate(start, None).map_err(|reason| Refused(format!("cannot be worked out: {reason}")))?;
        Ok(rule)
    }

    /// Refuse what is against the standard or what the crate is known to get wrong.
    fn without_what_cannot_be(&self) -> Result<(), Refused> {
        let counted = self.by_day.iter().filter(|by| by.which.is_some()).count();
        let zone_apart = Duration::hours(14);
        if counted > 0 && !matches!(self.freq, Freq::Monthly | Freq::Yearly) {
            return refuse("counts days of the week, such as 1TU, which only works in a monthly or yearly rule");
        }
        if counted > 0 && counted < self.by_day.len() {
            return refuse("has counted and plain days in one BYDAY; make two events, or list the dates");
        }
        if self.by_month_day.contains(&0) || self.by_year_day.contains(&0) || self.by_set_pos.contains(&0) {
            return refuse("names day or position 0; count from 1, or backwards from -1");
        }
        if self.until.is_some_and(|until| until < self.start - zone_apart) {
            return refuse("ends (UNTIL) before the first date");
        }
        Ok(())
    }

    /// Say what follows from the first date, so that the rule means the same without it.
    fn spell_out(&mut self) {
        if self.by_day.is_empty() && self.by_month_day.is_empty() && self.by_year_day.is_empty() {
            let day = i8::try_from(self.start.day()).unwrap_or(1);
            match self.freq {
                Freq::Daily => {}
                Freq::Weekly => self.by_day = vec![ByDay { which: None, day: self.start.weekday() }],
                Freq::Monthly => self.by_month_day = vec![day],
                Freq::Yearly => {
                    self.by_month_day = vec![day];
                    if self.by_month.is_empty() {
                        self.by_month = vec![u8::try_from(self.start.month()).unwrap_or(1)];
                    }
                }
            }
        }
        let number = |number: u32| vec![u8::try_from(number).unwrap_or_default()];
        if self.by_hour.is_empty() {
            self.by_hour = number(self.start.hour());
        }
        if self.by_minute.is_empty() {
            self.by_minute = number(self.start.minute());
        }
    }

    /// Whether it says no more than days of the week or of the month at one time of day: what a
    /// schedule of the standard can say.
    pub fn is_plain(&self) -> bool {
        let once_a_day = self.by_hour.len() == 1
            && self.by_minute.len() == 1
            && u32::from(self.by_hour[0]) == self.start.hour()
            && u32::from(self.by_minute[0]) == self.start.minute();
        let every_day = self.freq == Freq::Daily && (self.interval > 1 || !self.by_month_day.is_empty());
        // Friday the thirteenth is said in no list of days.
        let one_list = self.by_day.is_empty() || self.by_month_day.is_empty();
        one_list
            && self.by_month.is_empty()
            && self.by_year_day.is_empty()
            && self.by_set_pos.is_empty()
            && once_a_day
            && !every_day
            && self.freq != Freq::Yearly
    }

    /// The times of the day at which it has dates.
    pub fn times_of_day(&self) -> Vec<NaiveTime> {
        let second = self.start.second();
        let of_hour =
            |hour: &u8, minute: &u8| NaiveTime::from_hms_opt(u32::from(*hour), u32::from(*minute), second).unwrap_or_default();
        self.by_hour.iter().flat_map(|hour| self.by_minute.iter().map(move |minute| of_hour(hour, minute))).collect()
    }

    /// The day from which weeks are counted.
    pub fn week_start(&self) -> Weekday {
        self.week_start
    }

    /// The dates from `lower` to `upper`, both included, in order, not more than [`MOST_DATES`].
    pub fn between(&self, lower: NaiveDateTime, upper: NaiveDateTime) -> Vec<NaiveDateTime> {
        let lower = lower.max(self.start);
        let upper = self.until.map_or(upper, |until| until.min(upper));
        let (start, begin) = (self.start, self.period_of(if self.count.is_some() { self.start } else { lower }));
        if lower > upper || begin > upper {
            return Vec::new();
        }
        let mut dates = self.counted_from(begin, upper).skip_while(move |at| *at < start).peekable();
        // The first date counts, also where the rule does not give it.
        let uncounted = usize::from(dates.peek() != Some(&start));
        let most = self.count.map_or(usize::MAX, |count| count as usize - uncounted);
        dates.take(most).take_while(|at| *at <= upper).skip_while(|at| *at < lower).take(MOST_DATES).collect()
    }

    /// The first date of an endless rule at `at` or later, within 500 years.
    pub fn first_from(&self, at: NaiveDateTime) -> Option<NaiveDateTime> {
        let at = at.max(self.start);
        self.counted_from(self.period_of(at), NaiveDateTime::MAX).find(|date| *date >= at)
    }

    /// The first date that the rule gives, whenever it ends.
    fn first(&self) -> Option<NaiveDateTime> {
        self.first_from(self.start)
    }

    /// The dates of the rule, counted from `begin`, up to `upper` and for 500 years at least.
    ///
    /// The crate looks for the next date up to the year 9999. Near it a rule without a date is
    /// found out soon, and the calendar repeats itself, days of the week and all, every 400 years.
    fn counted_from(&self, begin: NaiveDateTime, upper: NaiveDateTime) -> impl Iterator<Item = NaiveDateTime> + use<> {
        let ahead = (9_499 - begin.year()).div_euclid(400) * 400;
        let moved = move |at: NaiveDateTime, years: i32| at.with_year(at.year().saturating_add(years));
        let last = NaiveDate::from_ymd_opt(9_999, 12, 31).map(|day| day.and_time(NaiveTime::MIN));
        let upper = moved(upper, ahead).into_iter().chain(last).min();
        let begin = moved(begin, ahead).unwrap_or(begin);
        let dates = self.of_crate(begin, upper).ok().map(|rule| RRuleSet::new(utc(begin)).rrule(rule).limit().into_iter());
        dates.into_iter().flatten().filter_map(move |at| moved(at.naive_utc(), -ahead))
    }

    /// The beginning of the last period of the rule that begins no later than `at`, or the first date where that
    /// comes later: counted from there, the rule gives the same dates.
    fn period_of(&self, at: NaiveDateTime) -> NaiveDateTime {
        let every = i64::from(self.interval);
        let start = self.start.date();
        let whole = |units: i64| units.div_euclid(every) * every;
        let months = i64::from(at.year() - start.year()) * 12 + i64::from(at.month0()) - i64::from(start.month0());
        let begin = match self.freq {
            Freq::Daily => start.checked_add_signed(Duration::days(whole((at.date() - start).num_days()))),
            Freq::Weekly => {
                let week = |day: NaiveDate| day - Days::new(day.weekday().days_since(self.week_start).into());
                let weeks = (week(at.date()) - week(start)).num_days() / 7;
                week(start).checked_add_signed(Duration::weeks(whole(weeks)))
            }
            Freq::Monthly => {
                let month = i64::from(start.year()) * 12 + i64::from(start.month0()) + whole(months);
                let year = i32::try_from(month.div_euclid(12)).unwrap_or_default();
                NaiveDate::from_ymd_opt(year, u32::try_from(month.rem_euclid(12)).unwrap_or_default() + 1, 1)
            }
            Freq::Yearly => {
                let years = whole(i64::from(at.year() - start.year()));
                NaiveDate::from_ymd_opt(start.year() + i32::try_from(years).unwrap_or_default(), 1, 1)
            }
        };
        let begin = begin.map_or(self.start, |day| day.and_time(NaiveTime::MIN));
        // Positions are those in the whole week (RFC 5545, 3.3.10), also where the series begins in the middle of it.
        // The crate takes months and years as wholes, and begins a week where it is told to.
        if self.freq == Freq::Weekly && !self.by_set_pos.is_empty() { begin } else { begin.max(self.start) }
    }

    /// The rule as the crate has it, on clocks that never change.
    fn of_crate(&self, begin: NaiveDateTime, upper: Option<NaiveDateTime>) -> Result<RRule, rrule::RRuleError> {
        let freq = match self.freq {
            Freq::Daily => Frequency::Daily,
            Freq::Weekly => Frequency::Weekly,
            Freq::Monthly => Frequency::Monthly,
            Freq::Yearly => Frequency::Yearly,
        };
        let months: Vec<Month> = self.by_month.iter().filter_map(|month| Month::try_from(*month).ok()).collect();
        let mut rule = RRule::new(freq)
            .interval(self.interval)
            .week_start(self.week_start)
            .by_month(&months)
            .by_month_day(self.by_month_day.clone())
            .by_year_day(self.by_year_day.clone())
            .by_set_pos(self.by_set_pos.clone())
            .by_weekday(self.by_day.iter().map(|by| NWeekday::new(by.which.map(i16::from), by.day)).collect())
            .by_hour(self.by_hour.clone())
            .by_minute(self.by_minute.clone())
            .by_second(vec![u8::try_from(self.start.second()).unwrap_or_default()]);
        if let Some(upper) = upper {
            rule = rule.until(utc(upper));
        }
        rule.validate(utc(begin))
    }
}

fn utc(at: NaiveDateTime) -> DateTime<rrule::Tz> {
    at.and_utc().with_timezone(&rrule::Tz::UTC)
}

fn refuse<T>(reason: &str) -> Result<T, Refused> {
    Err(Refused(reason.to_owned()))
}
