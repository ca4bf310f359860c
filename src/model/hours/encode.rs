//! Hours as bytes, for a column of the search index: a version, then each rule. Equal hours give
//! equal bytes, because rules stand in order.

use chrono::{Datelike as _, NaiveDate};

use super::{
    DAY, Hours, MOST_RULES,
    closures::{self, Closure},
    rule::{ANY_WEEK, Holidays, On, Rule},
};

const VERSION: u8 = 2;

/// Bits of a rule's first byte; the lowest two say which [`On`] it is.
mod flags {
    pub(super) const FROM: u8 = 1 << 2;
    pub(super) const TO: u8 = 1 << 3;
    pub(super) const ALL_DAY: u8 = 1 << 4;
    pub(super) const OPEN: u8 = 1 << 5;
    pub(super) const CLOSED: u8 = 1 << 6;
    pub(super) const TERMS: u8 = 1 << 7;
}

impl Hours {
    /// The hours as bytes: 7 for an ordinary weekly rule, at most 39 for any, and 6 for each time in which it is
    /// closed.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        for rule in &self.0 {
            put_rule(&mut bytes, rule);
        }
        bytes
    }

    /// What [`Hours::encode`] gave; nothing for any other bytes.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (version, mut rest) = bytes.split_first()?;
        if *version != VERSION {
            return None;
        }
        let mut rules: Vec<Rule> = Vec::new();
        while !rest.is_empty() {
            let rule = take_rule(&mut rest)?;
            if rules.len() == MOST_RULES || rules.last().is_some_and(|before| *before >= rule) {
                return None;
            }
            rules.push(rule);
        }
        Some(Self(rules))
    }
}

fn put_rule(to: &mut Vec<u8>, rule: &Rule) {
    let kind = match rule.days {
        On::Date(_) => 0,
        On::Week { .. } => 1,
        On::Month { .. } => 2,
    };
    let flag = |is: bool, flag: u8| if is { flag } else { 0 };
    to.push(
        kind | flag(rule.from.is_some(), flags::FROM)
            | flag(rule.to.is_some(), flags::TO)
            | flag(rule.all_day, flags::ALL_DAY)
            | flag(rule.holidays == Holidays::Open, flags::OPEN)
            | flag(rule.holidays == Holidays::Closed, flags::CLOSED)
            | flag(rule.terms, flags::TERMS),
    );
    to.extend(rule.opens.to_be_bytes());
    to.extend(rule.length.to_be_bytes());
    for day in [rule.from, rule.to].into_iter().flatten() {
        put_day(to, day);
    }
    match &rule.days {
        On::Date(day) => put_day(to, *day),
        // The highest bit says that it comes every week, so that nothing more is said.
        On::Week { days, every: 1, .. } => to.push(days | 0x80),
        On::Week { days, every, counted_from } => {
            to.push(*days);
            to.extend(every.to_be_bytes());
            put_day(to, *counted_from);
        }
        On::Month { days, numbers, every, counted_from } => {
            to.extend(days.iter().flat_map(|days| days.to_be_bytes()));
            to.extend(numbers.to_be_bytes());
            to.extend(every.to_be_bytes());
            to.extend(counted_from.to_be_bytes());
        }
    }
    to.push(u8::try_from(rule.closed.len()).unwrap_or_default());
    for (first, last) in &rule.closed {
        put_day(to, *first);
        put_day(to, *last);
    }
}

/// Three bytes last to the year 45,000.
fn put_day(to: &mut Vec<u8>, day: NaiveDate) {
    to.extend(&day.num_days_from_ce().to_be_bytes()[1..]);
}

fn take<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = from.split_first_chunk::<N>()?;
    *from = rest;
    Some(*taken)
}

fn take_u16(from: &mut &[u8]) -> Option<u16> {
    take(from).map(u16::from_be_bytes)
}

fn take_day(from: &mut &[u8]) -> Option<NaiveDate> {
    let [high, middle, low] = take(from)?;
    NaiveDate::from_num_days_from_ce_opt(i32::from_be_bytes([0, high, middle, low]))
}

fn take_rule(bytes: &mut &[u8]) -> Option<Rule> {
    let [first] = take(bytes)?;
    let has = |flag: u8| first & flag != 0;
    let opens = take_u16(bytes).filter(|opens| i32::from(*opens) < DAY)?;
    let length = take_u16(bytes).filter(|length| (1..=DAY).contains(&i32::from(*length)))?;
    let from = if has(flags::FROM) { Some(take_day(bytes)?) } else { None };
    let to = if has(flags::TO) { Some(take_day(bytes)?) } else { None };
    let holidays = match (has(flags::OPEN), has(flags::CLOSED)) {
        (false, false) => Holidays::Unsure,
        (true, false) => Holidays::Open,
        (false, true) => Holidays::Closed,
        (true, true) => return None,
    };
    let days = match first & 0b11 {
        0 => On::Date(take_day(bytes)?),
        1 => take_week(bytes)?,
        2 => take_month(bytes)?,
        _ => return None,
    };
    let closed = take_closures(bytes)?;
    let rule = Rule { days, from, to, opens, length, all_day: has(flags::ALL_DAY), holidays, terms: has(flags::TERMS), closed };
    rule.is_possible().then_some(rule)
}

fn take_closures(bytes: &mut &[u8]) -> Option<Vec<Closure>> {
    let [count] = take(bytes)?;
    let mut closed: Vec<Closure> = Vec::new();
    for _ in 0..count {
        let closure = (take_day(bytes)?, take_day(bytes)?);
        if closure.0 > closure.1 || closed.last().is_some_and(|before| *before >= closure) {
            return None;
        }
        closed.push(closure);
    }
    (closed.len() <= closures::MOST).then_some(closed)
}

fn take_week(bytes: &mut &[u8]) -> Option<On> {
    let [days] = take(bytes)?;
    if days & 0x80 != 0 {
        return Some(On::Week { days: days & 0x7f, every: 1, counted_from: ANY_WEEK });
    }
    let every = take_u16(bytes).filter(|every| *every > 1)?;
    Some(On::Week { days, every, counted_from: take_day(bytes)? })
}

fn take_month(bytes: &mut &[u8]) -> Option<On> {
    let mut days = [0; 7];
    for day in &mut days {
        *day = take_u16(bytes)?;
    }
    let numbers = take(bytes).map(u64::from_be_bytes)?;
    let every = take_u16(bytes).filter(|every| *every > 0)?;
    Some(On::Month { days, numbers, every, counted_from: take_u16(bytes)? })
}
