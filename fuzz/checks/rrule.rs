//! Recurrence rules: a first line with the rule, a second with the start. Whatever they say, the
//! rule is refused, or gives dates in order, from its start on, and soon (run with `-timeout=2`).

use chrono::{Duration, NaiveDateTime};
use fingerpost::model::occurrences::{MOST_DATES, Rule, check_rule};

pub fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (rule, start) = text.split_once('\n').unwrap_or((text, ""));
    let usual = || "2026-11-24T10:00:00".parse().expect("a constant");
    let start: NaiveDateTime = start.trim().parse().unwrap_or_else(|_| usual());
    let usable = check_rule(rule, start).is_ok();
    let Ok(rule) = Rule::parse(rule, start, chrono_tz::Europe::London) else {
        assert!(!usable, "what is refused is not usable");
        return;
    };
    let dates = rule.between(usual(), usual() + Duration::days(400));
    assert!(dates.len() <= MOST_DATES && dates.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(dates.iter().all(|at| *at >= start && *at >= usual()));
    assert!(rule.first_from(start).is_none_or(|first| first >= start));
}
