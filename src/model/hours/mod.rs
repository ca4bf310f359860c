//! Opening hours: what the schedules of a service say about one moment, one week, one day.
//!
//! Filter, badge, page and API all ask [`Hours`], so that none says "open" where another says
//! "closed". Times are those on the clocks of Europe/London, whatever zone the machine has. What a
//! schedule says without being understood is left out: nobody is sent to a closed door on a guess.

mod closures;
mod encode;
mod rule;
mod series;

use chrono::{
    DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone as _, Timelike as _, Utc,
    Weekday::{self, Fri, Mon, Sat, Sun, Thu, Tue, Wed},
};
use chrono_tz::Europe::London;

use super::{Schedule, holidays};
use rule::Rule;
pub use series::{Series, series};

const WEEK: [Weekday; 7] = [Mon, Tue, Wed, Thu, Fri, Sat, Sun];
/// Minutes of a day.
const DAY: i32 = 24 * 60;
/// More schedules than this are not read; the rest are left out.
const MOST_RULES: usize = 1_000;
/// How many days ahead the next session is looked for.
const LOOK_AHEAD: u64 = 400;
/// A session that lasts longer than so many days has no end that anybody needs.
const NO_END: u64 = 8;
/// No question reaches over more days than this.
const MOST_DAYS: u64 = 3_700;

/// Compiled opening hours: what the schedules of a service and of its places say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Hours(Vec<Rule>);

/// From when to when something is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Session {
    /// When it opens.
    pub start: DateTime<Utc>,
    /// When it closes: the first moment at which it is not open any more.
    pub end: DateTime<Utc>,
    /// Whether no time of day is known for some of it, only the day.
    pub all_day: bool,
    /// Why it may not take place.
    pub doubt: Option<Doubt>,
}

impl Session {
    /// Whether it goes on for longer than anybody needs to know: what is always open has no end.
    pub fn is_endless(&self) -> bool {
        self.end - self.start > TimeDelta::days(NO_END.cast_signed())
    }
}

/// Why a session may not take place, although the usual hours have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Doubt {
    /// Only its days are known, or only when it opens or closes.
    Times,
    /// It is a bank holiday, and the schedule does not say what happens then.
    BankHoliday,
    /// It is there in school terms only, or in school holidays only, and those differ by school.
    SchoolTerm,
}

/// Whether something is open at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// It is open.
    Open {
        /// When it closes; nothing where that is more than a week away.
        until: Option<DateTime<Utc>>,
    },
    /// It is closed.
    Closed {
        /// When it is open next, within 400 days.
        next: Option<Session>,
    },
    /// The usual hours say open, but it is a bank holiday, and the schedule does not say.
    HolidayUnsure {
        /// The usual session.
        session: Session,
        /// The name of the holiday on which it starts.
        holiday: &'static str,
    },
    /// The hours say open, but only in school terms, or only outside them.
    TermUnsure {
        /// The session, where there is one.
        session: Session,
    },
    /// It is one of its days, but nobody knows from when to when.
    TimesUnsure {
        /// The day.
        session: Session,
    },
    /// No hours are known.
    Unknown,
}

impl Hours {
    /// What the schedules say. Schedules that cannot be understood are left out, and so are those
    /// after the first thousand.
    pub fn of<'a>(schedules: impl IntoIterator<Item = &'a Schedule>) -> Self {
        let mut rules: Vec<Rule> = schedules.into_iter().take(MOST_RULES).filter_map(Rule::of).collect();
        rules.sort_unstable();
        rules.dedup();
        Self(rules)
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether, and until when, it is open.
    pub fn at(&self, now: DateTime<Utc>) -> Opening {
        if self.is_empty() {
            return Opening::Unknown;
        }
        let now = within_reason(now);
        let today = local(now).date();
        let first = before(today, 1);
        let mut ahead = NO_END;
        loop {
            let last = after(today, ahead);
            let sessions = self.merged(first, last);
            if let Some(session) = sessions.iter().find(|session| session.start <= now && now < session.end) {
                return match session.doubt {
                    None => Opening::Open { until: Some(session.end).filter(|end| *end < midnight(after(last, 1))) },
                    Some(Doubt::Times) => Opening::TimesUnsure { session: *session },
                    Some(Doubt::SchoolTerm) => Opening::TermUnsure { session: *session },
                    Some(Doubt::BankHoliday) => {
                        let holiday = holidays::on(holidays::observed(), local(session.start).date()).unwrap_or("Bank holiday");
                        Opening::HolidayUnsure { session: *session, holiday }
                    }
                };
            }
            let next = sessions.into_iter().find(|session| session.start > now);
            let settled = next.is_none_or(|next| next.end < midnight(after(last, 1)) || ahead >= LOOK_AHEAD);
            if (next.is_some() && settled) || ahead >= LOOK_AHEAD || self.is_over(last) {
                return Opening::Closed { next };
            }
            ahead = (ahead * 4).min(LOOK_AHEAD);
        }
    }

    /// Whether it is certainly open: [`Hours::at`] says [`Opening::Open`]. Quicker, for filters.
    pub fn is_open(&self, now: DateTime<Utc>) -> bool {
        let now = within_reason(now);
        let today = local(now).date();
        [before(today, 1), today].into_iter().any(|day| {
            let mut holiday = None;
            self.0.iter().filter(|rule| rule.is_on(day)).any(|rule| {
                let holiday = *holiday.get_or_insert_with(|| holidays::on(holidays::observed(), day).is_some());
                rule.certainty(holiday) == Some(None) && rule.times(day).is_some_and(|(start, end)| start <= now && now < end)
            })
        })
    }

    /// The sessions that overlap the time from `from` to before `until`, in order, at most `most`,
    /// merged where they touch or overlap. Sessions are whole, also where they reach beyond; only
    /// what goes on without a break is cut at the days around, and beyond ten years nothing is looked for.
    pub fn sessions(&self, from: DateTime<Utc>, until: DateTime<Utc>, most: usize) -> Vec<Session> {
        let (from, until) = (within_reason(from), within_reason(until));
        if from >= until || most == 0 || self.is_empty() {
            return Vec::new();
        }
        let first = before(local(from).date(), 1);
        let end = local(until).date().min(after(first, MOST_DAYS));
        let mut span = NO_END;
        loop {
            let last = after(first, span).min(end);
            let mut found = self.merged(first, last);
            found.retain(|session| session.end > from && session.start < until);
            let whole = found.iter().filter(|session| session.end < midnight(after(last, 1))).count();
            if last == end || whole >= most {
                found.truncate(most);
                return found;
            }
            span *= 4;
        }
    }

    /// Whether there is a session on that day of the week (any day where none is said) that
    /// overlaps the local times from `from` to `to`, both included, by schedules that hold on
    /// `today` or later. What goes on past midnight is on the next day too. `to` before `from`
    /// means a time on the day after.
    pub fn is_on(&self, day: Option<Weekday>, from: NaiveTime, to: NaiveTime, today: NaiveDate) -> bool {
        let Some(day) = day else { return WEEK.into_iter().any(|day| self.is_on(Some(day), from, to, today)) };
        let (from, to) = (minute_of(from), minute_of(to));
        let to = if to < from { to + DAY } else { to };
        self.0.iter().any(|rule| {
            [(day.pred(), -DAY), (day, 0), (day.succ(), DAY)].into_iter().any(|(starts_on, shift)| {
                let overlaps = rule.opens() + shift <= to && from < rule.closes() + shift;
                overlaps && rule.comes_on(starts_on, today)
            })
        })
    }

    /// On which days of the week, from Monday, something is on at all: [`Hours::is_on`] for the
    /// whole of each day.
    pub fn days(&self, today: NaiveDate) -> [bool; 7] {
        let last = NaiveTime::from_hms_opt(23, 59, 0).unwrap_or(NaiveTime::MIN);
        WEEK.map(|day| self.is_on(Some(day), NaiveTime::MIN, last, today))
    }

    /// The days from `first` to `last` on which it would be open, and is closed: as the schedules say in words, or
    /// because it is a bank holiday and they say that they are closed then.
    pub fn left_out(&self, first: NaiveDate, last: NaiveDate) -> Vec<NaiveDate> {
        let rules: Vec<&Rule> = self.0.iter().filter(|rule| rule.has_exceptions()).collect();
        // Most have none, and then no days are gone through.
        let days = first.iter_days().take_while(|day| *day <= last && !rules.is_empty());
        days.filter(|day| rules.iter().any(|rule| rule.leaves_out(*day))).collect()
    }

    /// Whether nothing of it holds on `today` or later. Not so where nothing is known.
    pub fn is_over(&self, today: NaiveDate) -> bool {
        !self.is_empty() && self.0.iter().all(|rule| rule.to().is_some_and(|last| last < today))
    }

    /// Sessions that start on the days from `first` to `last`, in order, apart from one another.
    fn merged(&self, first: NaiveDate, last: NaiveDate) -> Vec<Session> {
        let mut certain = Vec::new();
        let mut doubtful = Vec::new();
        for day in first.iter_days().take_while(|day| *day <= last) {
            let mut holiday = None;
            for rule in self.0.iter().filter(|rule| rule.is_on(day)) {
                let holiday = *holiday.get_or_insert_with(|| holidays::on(holidays::observed(), day).is_some());
                let (Some(certainty), Some((start, end))) = (rule.certainty(holiday), rule.times(day)) else { continue };
                let session = Session { start, end, all_day: rule.is_all_day(), doubt: certainty };
                if certainty.is_none() { certain.push(session) } else { doubtful.push(session) }
            }
        }
        let certain = join(certain);
        // Where times are known, a note of the same days adds nothing.
        let is_told = |one: &Session| certain.iter().any(|told| told.start < one.end && one.start < told.end);
        doubtful.retain(|one: &Session| one.doubt != Some(Doubt::Times) || !is_told(one));
        let mut all = join(without(doubtful, &certain));
        all.extend(certain);
        all.sort_unstable_by_key(|session| session.start);
        all
    }
}

/// The day on which a schedule that says how many times it takes place does so for the last time; none where it does
/// not say so, or nobody can count them.
pub fn last_of_count(schedule: &Schedule) -> Option<NaiveDate> {
    schedule.count?;
    Rule::of(schedule)?.to()
}

/// Sessions in order, as one where they touch or overlap; days whose times are not known stay days. Doubts of
/// different kinds become the graver one.
fn join(mut sessions: Vec<Session>) -> Vec<Session> {
    sessions.sort_unstable_by_key(|session| (session.start, session.end));
    let mut joined: Vec<Session> = Vec::with_capacity(sessions.len());
    for session in sessions {
        match joined.last_mut() {
            Some(before)
                if session.start < before.end || (session.start == before.end && !session.all_day && !before.all_day) =>
            {
                before.end = before.end.max(session.end);
                before.all_day |= session.all_day;
                before.doubt = before.doubt.max(session.doubt);
            }
            _ => joined.push(session),
        }
    }
    joined
}

/// What is left of `sessions` beside those in `certain`, which stand in order and apart.
fn without(sessions: Vec<Session>, certain: &[Session]) -> Vec<Session> {
    let mut left = Vec::with_capacity(sessions.len());
    for session in sessions {
        let mut start = session.start;
        for taken in certain.iter().filter(|taken| taken.start < session.end && session.start < taken.end) {
            if start < taken.start {
                left.push(Session { start, end: taken.start, ..session });
            }
            start = start.max(taken.end);
        }
        if start < session.end {
            left.push(Session { start, ..session });
        }
    }
    left
}

/// The calendar ends somewhere; nobody asks about the years there.
fn within_reason(at: DateTime<Utc>) -> DateTime<Utc> {
    let year = |year| Utc.with_ymd_and_hms(year, 1, 1, 0, 0, 0).single().unwrap_or(at);
    at.clamp(year(1_800), year(9_000))
}

fn local(at: DateTime<Utc>) -> NaiveDateTime {
    at.with_timezone(&London).naive_local()
}

fn before(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_sub_days(Days::new(days)).unwrap_or(NaiveDate::MIN)
}

fn after(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_add_days(Days::new(days)).unwrap_or(NaiveDate::MAX)
}

/// When a day begins.
fn midnight(day: NaiveDate) -> DateTime<Utc> {
    moment(day.and_time(NaiveTime::MIN))
}

/// When the clocks of London show `at`: the first time where they do twice, and where they jump
/// over it, the moment of the jump.
fn moment(at: NaiveDateTime) -> DateTime<Utc> {
    let mut minutes = (0..=180).filter_map(|minutes| at.checked_add_signed(TimeDelta::minutes(minutes)));
    minutes.find_map(|at| London.from_local_datetime(&at).earliest()).map_or_else(|| at.and_utc(), |at| at.to_utc())
}

fn minute_of(time: NaiveTime) -> i32 {
    i32::try_from(time.num_seconds_from_midnight() / 60).unwrap_or_default()
}

#[cfg(test)]
mod tests;
