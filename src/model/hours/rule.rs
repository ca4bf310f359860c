//! One schedule, compiled.

use chrono::{DateTime, Datelike as _, Days, Months, NaiveDate, TimeDelta, Utc, Weekday};

use super::{
    DAY, Doubt, after,
    closures::{self, Closure},
    moment,
};
use crate::model::{
    Schedule, holidays,
    schedule::{ByDay, Frequency, by_days},
    text,
    values::{Number, TimeOfDay},
};

/// Days on which the rule holds are counted up to here when it ends after so many times.
const MOST_COUNTED: u32 = 5_000;
/// The last of so many times is looked for within so many days.
const DAYS_COUNTED: usize = 100_000;
/// How many weeks ahead a rule is asked whether it comes.
const WEEKS_AHEAD: usize = 58;

/// On which days something is open, and from when to when. Ordered only so that equal hours are equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Rule {
    pub(super) days: On,
    pub(super) from: Option<NaiveDate>,
    pub(super) to: Option<NaiveDate>,
    /// Minutes after midnight.
    pub(super) opens: u16,
    /// How long it is open, in minutes by the clock: 1 to 1,440.
    pub(super) length: u16,
    /// Whether opening or closing time is not said, so that the day's beginning or end stands for it.
    pub(super) all_day: bool,
    pub(super) holidays: Holidays,
    /// Whether it depends on school terms.
    pub(super) terms: bool,
    /// When it is closed nevertheless, in order.
    pub(super) closed: Vec<Closure>,
}

/// The days of a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum On {
    /// One day.
    Date(NaiveDate),
    /// Days of the week: bit 0 is Monday.
    Week { days: u8, every: u16, counted_from: NaiveDate },
    /// Days of the month. For each day of the week, from Monday: bit 0 every one, bits 1 to 5 the
    /// first to the fifth, bits 6 to 10 the last to the last but four. For days by number: bits 1
    /// to 31, bits 32 to 62 from the end.
    Month { days: [u16; 7], numbers: u64, every: u16, counted_from: u16 },
}

/// What happens on a bank holiday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Holidays {
    Unsure,
    Open,
    Closed,
}

impl Rule {
    /// Nothing where the schedule does not say on which days, or in a way that is not understood.
    pub(super) fn of(schedule: &Schedule) -> Option<Self> {
        if schedule.byweekno.is_some() || schedule.byyearday.is_some() {
            return None;
        }
        let (opens, length, all_day) = times(schedule.opens_at.as_ref(), schedule.closes_at.as_ref())?;
        let from = schedule.valid_from.into_iter().chain(schedule.dtstart).max();
        let to = schedule.said_last_day();
        let days = On::of(schedule)?;
        let round_the_clock = !all_day && opens == 0 && i32::from(length) == DAY;
        let words = [schedule.description.as_deref(), schedule.notes.as_deref()];
        let words = text::fold(&words.map(Option::unwrap_or_default).join(". "));
        let rule = Self {
            days,
            from,
            to,
            opens,
            length,
            all_day,
            holidays: on_holidays(&words).unwrap_or(if round_the_clock { Holidays::Open } else { Holidays::Unsure }),
            terms: ["term time", "termtime", "term only", "school holiday", "school hols", "half term"]
                .iter()
                .any(|said| words.contains(said)),
            closed: Vec::new(),
        };
        let mut rule = match schedule.count {
            Some(count) => rule.ending_after(count, schedule.dtstart.or(schedule.valid_from))?,
            None => rule,
        };
        // Dates that are counted are counted with those on which it is closed.
        rule.closed = closures::of(&words);
        rule.is_possible().then_some(rule)
    }

    /// Dates can be written down in three bytes, and the rule has not ended before it began.
    pub(super) fn is_possible(&self) -> bool {
        let known = |day: NaiveDate| (1..=9_999).contains(&day.year());
        let own = match self.days {
            On::Date(day) | On::Week { counted_from: day, .. } => Some(day),
            On::Month { .. } => None,
        };
        [self.from, self.to, own].into_iter().flatten().all(known)
            && !matches!((self.from, self.to), (Some(from), Some(to)) if to < from)
    }

    /// The rule with its last day where it takes place `count` times from `first` on: those before the schedule holds
    /// (`valid_from`) are counted, too, as a calendar counts them from its `DTSTART` (RFC 5545, 3.3.10).
    fn ending_after(mut self, Number(count): Number, first: Option<NaiveDate>) -> Option<Self> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let count = count.clamp(0.0, 100_000.0) as u32;
        if count == 0 {
            return None;
        }
        // Without a first day nobody knows which time it is.
        let Some(first) = first else { return Some(self) };
        if count <= MOST_COUNTED && !matches!(self.days, On::Date(_)) {
            // The 31st, or the fifth Saturday, is not in every month.
            let counted = first.iter_days().take(DAYS_COUNTED).filter(|day| self.days.has(*day));
            self.to = counted.take(count as usize).last().into_iter().chain(self.to).min();
        }
        Some(self)
    }

    /// Minutes after midnight.
    pub(super) fn opens(&self) -> i32 {
        self.opens.into()
    }

    /// Minutes after midnight, above 1,440 where that is on the next day.
    pub(super) fn closes(&self) -> i32 {
        self.opens() + i32::from(self.length)
    }

    pub(super) fn is_all_day(&self) -> bool {
        self.all_day
    }

    /// The last day.
    pub(super) fn to(&self) -> Option<NaiveDate> {
        match self.days {
            On::Date(day) => Some(day),
            _ => self.to,
        }
    }

    /// Whether a session starts on that day.
    pub(super) fn is_on(&self, day: NaiveDate) -> bool {
        self.from.is_none_or(|from| from <= day)
            && self.to.is_none_or(|to| day <= to)
            && self.days.has(day)
            && !self.is_closed_on(day)
    }

    /// Whether there may be days of it on which it is closed.
    pub(super) fn has_exceptions(&self) -> bool {
        !self.closed.is_empty() || self.holidays == Holidays::Closed
    }

    /// Whether that is one of its days, and it is closed nevertheless: as its words say, or for a bank holiday.
    pub(super) fn leaves_out(&self, day: NaiveDate) -> bool {
        let for_a_holiday = || self.holidays == Holidays::Closed && holidays::on(holidays::observed(), day).is_some();
        self.days.has(day) && (self.is_closed_on(day) || for_a_holiday())
    }

    fn is_closed_on(&self, day: NaiveDate) -> bool {
        self.closed.iter().any(|(first, last)| (*first..=*last).contains(&day))
    }

    /// Whether it is sure to take place on a day, and if not why; nothing where it is closed.
    #[expect(clippy::option_option, reason = "closed, or open with or without a doubt")]
    pub(super) fn certainty(&self, holiday: bool) -> Option<Option<Doubt>> {
        match self.holidays {
            Holidays::Closed if holiday => None,
            Holidays::Unsure if holiday => Some(Some(Doubt::BankHoliday)),
            _ if self.terms => Some(Some(Doubt::SchoolTerm)),
            _ if self.all_day => Some(Some(Doubt::Times)),
            _ => Some(None),
        }
    }

    /// When the session of a day starts and ends. Nothing where the clocks jump over all of it.
    pub(super) fn times(&self, day: NaiveDate) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let opens = day.and_time(chrono::NaiveTime::MIN).checked_add_signed(TimeDelta::minutes(self.opens.into()))?;
        let closes = opens.checked_add_signed(TimeDelta::minutes(self.length.into()))?;
        let (start, end) = (moment(opens), moment(closes));
        (start < end).then_some((start, end))
    }

    /// Whether it comes on such a day of the week, on `today` or in about a year after it.
    pub(super) fn comes_on(&self, weekday: Weekday, today: NaiveDate) -> bool {
        let begin = self.from.map_or(today, |from| from.max(today));
        if let On::Date(day) = self.days {
            return day.weekday() == weekday && self.is_on(day) && day >= today;
        }
        let first = after(begin, weekday.days_since(begin.weekday()).into());
        std::iter::successors(Some(first), |day| day.checked_add_days(Days::new(7)))
            .take(WEEKS_AHEAD)
            .take_while(|day| self.to.is_none_or(|to| *day <= to))
            .any(|day| self.is_on(day))
    }
}

impl On {
    fn of(schedule: &Schedule) -> Option<Self> {
        let said = schedule.byday.as_deref().unwrap_or_default().trim();
        let named = by_days(said);
        if named.is_empty() && !said.is_empty() {
            return None;
        }
        let numbers = numbers(schedule.bymonthday.as_deref().unwrap_or_default())?;
        let counted = named.iter().any(|by| by.which.is_some());
        let first = schedule.dtstart.or(schedule.valid_from);
        let every = interval(schedule.interval);
        match schedule.freq {
            None if named.is_empty() && numbers == 0 => {
                // A day is a day also where only its validity says which.
                let only = schedule.valid_from.filter(|from| schedule.valid_to == Some(*from));
                schedule.dtstart.or(only).map(Self::Date)
            }
            // The second Tuesday is one of a month, whatever the schedule calls it.
            None | Some(Frequency::Weekly) if !counted && numbers == 0 => {
                let days = match (named.as_slice(), schedule.dtstart) {
                    ([], dtstart) => bit(dtstart?.weekday()),
                    (named, _) => named.iter().fold(0, |days, by| days | bit(by.day)),
                };
                let week_start = by_days(schedule.wkst.as_deref().unwrap_or_default()).first().map_or(Weekday::Mon, |by| by.day);
                let counted_from = if every > 1 { start_of_week(first?, week_start)? } else { ANY_WEEK };
                Some(Self::Week { days, every, counted_from })
            }
            None | Some(Frequency::Weekly) if every > 1 => None,
            _ => {
                let mut days = [0; 7];
                for by in &named {
                    days[by.day.num_days_from_monday() as usize] |= ordinal_bit(*by)?;
                }
                let numbers = if named.is_empty() && numbers == 0 { 1 << schedule.dtstart?.day() } else { numbers };
                let counted_from = if every > 1 { month_of(first?)? % every } else { 0 };
                Some(Self::Month { days, numbers, every, counted_from })
            }
        }
    }

    /// Whether it is one of these days.
    pub(super) fn has(&self, day: NaiveDate) -> bool {
        match self {
            Self::Date(only) => day == *only,
            Self::Week { days, every, counted_from } => {
                let weeks = (day - *counted_from).num_days().div_euclid(7);
                days & bit(day.weekday()) != 0 && (*every <= 1 || weeks.rem_euclid((*every).into()) == 0)
            }
            Self::Month { days, numbers, every, counted_from } => {
                let Some(month) = month_of(day) else { return false };
                let from_end = last_of_month(day).map_or(0, |last| last - day.day());
                let nth = 1 | 1 << (1 + (day.day() - 1) / 7) | 1 << (6 + from_end / 7);
                let number = 1 << day.day() | 1 << (32 + from_end);
                month % every == *counted_from
                    && (*days == [0; 7] || days[day.weekday().num_days_from_monday() as usize] & nth != 0)
                    && (*numbers == 0 || numbers & number != 0)
            }
        }
    }
}

/// The week that stands in rules which come every week: a Monday.
pub(super) const ANY_WEEK: NaiveDate = NaiveDate::from_ymd_opt(1, 1, 1).expect("the first day of the calendar");

fn bit(day: Weekday) -> u8 {
    1 << day.num_days_from_monday()
}

fn ordinal_bit(by: ByDay) -> Option<u16> {
    match by.which {
        None => Some(1),
        Some(which @ 1..=5) => Some(1 << which),
        Some(which @ -5..=-1) => Some(1 << (5 - which)),
        Some(_) => None,
    }
}

/// Days of the month as bits; nothing where one is not a day of any month.
fn numbers(text: &str) -> Option<u64> {
    text.split([',', ';', ' ']).map(str::trim).filter(|part| !part.is_empty()).try_fold(0, |bits, part| {
        match part.parse::<i8>() {
            Ok(day @ 1..=31) => Some(bits | 1 << day),
            Ok(day @ -31..=-1) => Some(bits | 1 << (31 - day)),
            _ => None,
        }
    })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
fn interval(number: Option<Number>) -> u16 {
    number.map_or(1, |Number(every)| every.clamp(1.0, 1_000.0) as u16)
}

fn start_of_week(day: NaiveDate, week_start: Weekday) -> Option<NaiveDate> {
    day.checked_sub_days(Days::new(day.weekday().days_since(week_start).into()))
}

/// Months since the calendar began. Nothing outside of the years 1 to 5000, which no rule reaches.
fn month_of(day: NaiveDate) -> Option<u16> {
    u16::try_from(i64::from(day.year()) * 12 + i64::from(day.month0())).ok()
}

fn last_of_month(day: NaiveDate) -> Option<u32> {
    day.with_day(1)?.checked_add_months(Months::new(1))?.pred_opt().map(|last| last.day())
}

/// Opening time, length, and whether one of the two times is not said.
fn times(opens: Option<&TimeOfDay>, closes: Option<&TimeOfDay>) -> Option<(u16, u16, bool)> {
    let day = u16::try_from(DAY).ok()?;
    let minutes = |time: &TimeOfDay| {
        let (hours, minutes) = time.as_str().split_once(':')?;
        Some(hours.parse::<u16>().ok()? * 60 + minutes.parse::<u16>().ok()?)
    };
    // 23:59 is how the standard writes the end of the day.
    let end = |time: &TimeOfDay| minutes(time).map(|time| if time == day - 1 { day } else { time });
    match (opens, closes) {
        (None, None) => Some((0, day, true)),
        (Some(opens), None) => minutes(opens).map(|opens| (opens, day - opens, true)),
        (None, Some(closes)) => end(closes).filter(|closes| *closes > 0).map(|closes| (0, closes, true)),
        (Some(opens), Some(closes)) => {
            let (opens, closes) = (minutes(opens)?, end(closes)?);
            // Midnight to midnight is what databases say that know nothing, so it is not believed.
            if opens == closes {
                return None;
            }
            Some((opens, if closes > opens { closes - opens } else { closes + day - opens }, false))
        }
    }
}

/// What folded words say about bank holidays; nothing where they say nothing, or both.
fn on_holidays(words: &str) -> Option<Holidays> {
    if !["bank holiday", "bank hol", "public holiday"].iter().any(|name| words.contains(name)) {
        return ["365 days", "every day of the year"].iter().any(|said| words.contains(said)).then_some(Holidays::Open);
    }
    let says = |some: &[&str]| words.split(' ').any(|word| some.contains(&word));
    let closed = says(&[
        "closed",
        "closes",
        "close",
        "shut",
        "except",
        "excepting",
        "excluding",
        "excludes",
        "excl",
        "not",
        "no",
        "apart",
    ]);
    let open = says(&["open", "opens", "including", "includes", "incl", "included", "inclusive", "also"]);
    match (closed, open) {
        (true, false) => Some(Holidays::Closed),
        (false, true) => Some(Holidays::Open),
        // "Not open on bank holidays" is plain, "open on most, closed on some" is not.
        (true, true) if words.contains("not open") => Some(Holidays::Closed),
        _ => None,
    }
}
