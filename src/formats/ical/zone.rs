//! Time zones as calendars carry them along (VTIMEZONE): when the clocks change, so that ten
//! o'clock stays ten o'clock on both sides of the change.

use std::fmt::Write as _;

use chrono::{DateTime, Datelike as _, NaiveDateTime, Offset as _, TimeDelta, TimeZone as _, Utc};
use chrono_tz::{OffsetComponents as _, OffsetName as _, Tz};

use super::{lines, rule::DAYS};

/// Years for which changes of the clocks are looked for. What holds to the last of them is written
/// as a rule and so holds on.
const YEARS: std::ops::Range<i32> = 2000..2046;

/// The offset of a zone for a while.
#[derive(Clone, Debug, PartialEq)]
struct Phase {
    seconds: i32,
    summer: bool,
    name: String,
}

/// A change of the clocks.
#[derive(Clone, Debug)]
struct Change {
    /// The moment by the clock as it was before.
    local: NaiveDateTime,
    before: i32,
    after: Phase,
}

/// The VTIMEZONE of `zone`.
pub fn definition(zone: Tz) -> String {
    let mut out = String::new();
    lines::put(&mut out, "BEGIN", "VTIMEZONE");
    lines::put(&mut out, "TZID", zone.name());
    let changes = changes(zone);
    if changes.is_empty() {
        let phase = phase(zone, first_moment());
        let start = Change { local: first_moment().naive_utc(), before: phase.seconds, after: phase };
        observance(&mut out, &[&start], None);
    }
    let mut groups: Vec<Vec<&Change>> = Vec::new();
    for change in &changes {
        match groups.iter_mut().find(|group| group[0].before == change.before && group[0].after == change.after) {
            Some(group) => group.push(change),
            None => groups.push(vec![change]),
        }
    }
    for group in groups {
        let (odd, regular) = group.split_at(irregular(&group));
        if !odd.is_empty() {
            observance(&mut out, odd, None);
        }
        if let Some(first) = regular.first() {
            let last_week = regular.iter().all(|change| nth_from_end(change) == 1);
            observance(&mut out, &regular[..1], Some(yearly(first, last_week)));
        }
    }
    lines::put(&mut out, "END", "VTIMEZONE");
    out
}

fn observance(out: &mut String, changes: &[&Change], rule: Option<String>) {
    let first = changes[0];
    let kind = if first.after.summer { "DAYLIGHT" } else { "STANDARD" };
    lines::put(out, "BEGIN", kind);
    lines::put(out, "TZOFFSETFROM", &offset(first.before));
    lines::put(out, "TZOFFSETTO", &offset(first.after.seconds));
    lines::put(out, "TZNAME", &first.after.name);
    lines::put(out, "DTSTART", &lines::local(first.local));
    if let Some(rule) = rule {
        lines::put(out, "RRULE", &rule);
    }
    for further in &changes[1..] {
        lines::put(out, "RDATE", &lines::local(further.local));
    }
    lines::put(out, "END", kind);
}

fn offset(seconds: i32) -> String {
    let (sign, all) = (if seconds < 0 { '-' } else { '+' }, seconds.abs());
    let mut out = format!("{sign}{:02}{:02}", all / 3_600, all / 60 % 60);
    if all % 60 != 0 {
        let _ = write!(out, "{:02}", all % 60);
    }
    out
}

fn first_moment() -> DateTime<Utc> {
    DateTime::from_timestamp(946_684_800, 0).unwrap_or_default() // 1 January 2000
}

fn phase(zone: Tz, at: DateTime<Utc>) -> Phase {
    let found = zone.offset_from_utc_datetime(&at.naive_utc());
    let seconds = found.fix().local_minus_utc();
    let name = found.abbreviation().map_or_else(|| offset(seconds), str::to_owned);
    Phase { seconds, summer: found.dst_offset() > TimeDelta::zero(), name }
}

/// Every change of the clocks within [`YEARS`]. A week is shorter than any two changes are apart.
fn changes(zone: Tz) -> Vec<Change> {
    let mut found = Vec::new();
    let mut at = first_moment();
    let mut before = phase(zone, at);
    while at.year() < YEARS.end {
        let next = at + TimeDelta::days(7);
        let after = phase(zone, next);
        if after.seconds != before.seconds {
            let (mut low, mut high) = (at, next);
            while high - low > TimeDelta::seconds(1) {
                let middle = low + TimeDelta::seconds((high - low).num_seconds() / 2);
                if phase(zone, middle).seconds == before.seconds {
                    low = middle;
                } else {
                    high = middle;
                }
            }
            let local = high.naive_utc() + TimeDelta::seconds(i64::from(before.seconds));
            found.push(Change { local, before: before.seconds, after: after.clone() });
        }
        before = after;
        at = next;
    }
    found
}

/// Which of its weekday in the month, counted from the end: 1 is the last.
fn nth_from_end(change: &Change) -> u32 {
    let days = u32::from(change.local.date().num_days_in_month());
    (days - change.local.day()) / 7 + 1
}

fn nth(change: &Change) -> u32 {
    (change.local.day() - 1) / 7 + 1
}

/// How many changes at the beginning of `group` stand before the rule that holds to the end; all
/// of them where none does.
fn irregular(group: &[&Change]) -> usize {
    let reaches_the_end = group.last().is_some_and(|last| last.local.year() == YEARS.end - 1);
    if !reaches_the_end {
        return group.len();
    }
    let holds = |from: usize| {
        let (first, rest) = (group[from], &group[from..]);
        let yearly = rest.windows(2).all(|pair| pair[1].local.year() == pair[0].local.year() + 1);
        let same = rest.iter().all(|change| {
            change.local.month() == first.local.month()
                && change.local.weekday() == first.local.weekday()
                && change.local.time() == first.local.time()
        });
        let by_end = rest.iter().all(|change| nth_from_end(change) == 1);
        let by_start = rest.iter().all(|change| nth(change) == nth(first));
        yearly && same && (by_end || by_start)
    };
    // Three in a row make a rule; two may be chance.
    (0..group.len().saturating_sub(2)).find(|from| holds(*from)).unwrap_or(group.len())
}

fn yearly(change: &Change, last_week: bool) -> String {
    let day = DAYS[change.local.weekday().num_days_from_monday() as usize];
    let which = if last_week { "-1".to_owned() } else { nth(change).to_string() };
    format!("FREQ=YEARLY;BYMONTH={};BYDAY={which}{day}", change.local.month())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn london_changes_its_clocks_on_last_sundays() {
        insta::assert_snapshot!(definition(Tz::Europe__London).replace('\r', ""), @r"
        BEGIN:VTIMEZONE
        TZID:Europe/London
        BEGIN:DAYLIGHT
        TZOFFSETFROM:+0000
        TZOFFSETTO:+0100
        TZNAME:BST
        DTSTART:20000326T010000
        RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
        END:DAYLIGHT
        BEGIN:STANDARD
        TZOFFSETFROM:+0100
        TZOFFSETTO:+0000
        TZNAME:GMT
        DTSTART:20001029T020000
        RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
        END:STANDARD
        END:VTIMEZONE
        ");
    }

    #[test]
    fn a_rule_that_changed_is_written_in_two_parts() {
        let new_york = definition(Tz::America__New_York);
        assert!(new_york.contains("DTSTART:20070311T020000\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU\r\n"), "{new_york}");
        assert!(new_york.contains("DTSTART:20000402T020000\r\nRDATE:20010401T020000\r\n"), "{new_york}");
    }

    #[test]
    fn a_zone_without_changes_has_one_part() {
        let kolkata = definition(Tz::Asia__Kolkata);
        assert!(kolkata.contains("TZOFFSETFROM:+0530\r\nTZOFFSETTO:+0530\r\nTZNAME:IST\r\n"), "{kolkata}");
        assert_eq!(kolkata.matches("BEGIN:").count(), 2);
    }

    #[test]
    fn every_zone_can_be_written() {
        for zone in chrono_tz::TZ_VARIANTS {
            let written = definition(zone);
            assert!(written.contains("BEGIN:STANDARD") || written.contains("BEGIN:DAYLIGHT"), "{written}");
            assert!(written.len() < 12_000, "{} has {}", zone.name(), written.len());
        }
    }
}
