//! Recurrence rules on their way out. A rule may come from a stranger's feed, so it is written anew from what
//! was understood of it, as our own dates obey it: a rule of every second would drown the calendar that takes it.

use chrono::{DateTime, NaiveDateTime, TimeDelta, TimeZone as _, Timelike as _, Utc};
use chrono_tz::Tz;

use super::lines;
use crate::model::occurrences::{Freq, Rule};

/// Days of the week, Monday first.
pub const DAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

/// The rule of a series that starts at `start` on the clocks of `zone`, its end in UTC as RFC 5545 asks. `None`
/// where our own dates do not obey it either.
pub fn for_calendars(rule: &str, start: NaiveDateTime, zone: Tz) -> Option<String> {
    let rule = Rule::parse(rule, start, zone).ok()?;
    let freq = match rule.freq {
        Freq::Daily => "DAILY",
        Freq::Weekly => "WEEKLY",
        Freq::Monthly => "MONTHLY",
        Freq::Yearly => "YEARLY",
    };
    let mut written = format!("FREQ={freq}");
    let mut add = |name: &str, value: &str| written.extend([";", name, "=", value]);
    if rule.interval > 1 {
        add("INTERVAL", &rule.interval.to_string());
    }
    match end_of(&rule, start) {
        (Some(count), _) => add("COUNT", &count.to_string()),
        (None, Some(until)) => add("UNTIL", &lines::utc(moment(until, zone)?)),
        (None, None) => {}
    }
    let (hour, minute) = (start.hour(), start.minute());
    // Not every calendar knows BYHOUR: what the start says anyway is left to it.
    let other = |of: &[u8], usual: u32| if *of == [u8::try_from(usual).unwrap_or_default()] { String::new() } else { list(of) };
    for (name, value) in [
        ("BYMONTH", list(&rule.by_month)),
        ("BYYEARDAY", list(&rule.by_year_day)),
        ("BYMONTHDAY", list(&rule.by_month_day)),
        ("BYDAY", list(&rule.by_day)),
        ("BYHOUR", other(&rule.by_hour, hour)),
        ("BYMINUTE", other(&rule.by_minute, minute)),
        ("BYSETPOS", list(&rule.by_set_pos)),
    ] {
        if !value.is_empty() {
            add(name, &value);
        }
    }
    let week_start = DAYS[rule.week_start().num_days_from_monday() as usize];
    if week_start != "MO" {
        add("WKST", week_start);
    }
    Some(written)
}

/// COUNT and UNTIL at once are forbidden: the one that comes first is the end.
fn end_of(rule: &Rule, start: NaiveDateTime) -> (Option<u32>, Option<NaiveDateTime>) {
    let dates = |rule: &Rule| rule.between(start, NaiveDateTime::MAX).len();
    if rule.count.is_none() || rule.until.is_none() {
        return (rule.count, rule.until);
    }
    let mut counted = rule.clone();
    counted.until = None;
    if dates(&counted) == dates(rule) { (rule.count, None) } else { (None, rule.until) }
}

fn list<T: ToString>(values: &[T]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// When the clocks of `zone` show `local`, or last showed something before it.
fn moment(local: NaiveDateTime, zone: Tz) -> Option<DateTime<Utc>> {
    let mut earlier = (0..=180).filter_map(|minutes| local.checked_sub_signed(TimeDelta::minutes(minutes)));
    earlier.find_map(|at| zone.from_local_datetime(&at).latest()).map(|at| at.to_utc())
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::London;
    use proptest::prelude::*;

    use super::*;

    /// A Tuesday at ten.
    fn start() -> NaiveDateTime {
        chrono::NaiveDate::from_ymd_opt(2026, 10, 20).unwrap().and_hms_opt(10, 0, 0).unwrap()
    }

    #[test]
    fn rules_leave_in_one_form() {
        let out = |rule| for_calendars(rule, start(), London);
        assert_eq!(out("freq=weekly;byday=tu,th; interval=2").as_deref(), Some("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH"));
        assert_eq!(out("FREQ=MONTHLY;BYDAY=-1FR;").as_deref(), Some("FREQ=MONTHLY;BYDAY=-1FR"));
        assert_eq!(out("BYDAY=MO;FREQ=WEEKLY;WKST=SU;COUNT=10").as_deref(), Some("FREQ=WEEKLY;COUNT=10;BYDAY=MO;WKST=SU"));
    }

    #[test]
    fn an_end_in_summer_is_an_hour_earlier_in_utc() {
        let out = |rule| for_calendars(rule, start(), London).unwrap();
        assert_eq!(out("FREQ=DAILY;UNTIL=20270713T133000"), "FREQ=DAILY;UNTIL=20270713T123000Z");
        assert_eq!(out("FREQ=DAILY;UNTIL=20261209T100000Z"), "FREQ=DAILY;UNTIL=20261209T100000Z");
        assert_eq!(out("FREQ=DAILY;UNTIL=20270713"), "FREQ=DAILY;UNTIL=20270713T225959Z", "the whole of the day");
    }

    #[test]
    fn whatever_is_taken_in_leaves_again() {
        for (rule, left) in [
            ("RRULE:FREQ=WEEKLY;BYDAY=TU;BYHOUR=10;BYMINUTE=0;BYSECOND=0", "FREQ=WEEKLY;BYDAY=TU"),
            ("FREQ=WEEKLY;BYDAY=TU;BYHOUR=10,14;BYMINUTE=30", "FREQ=WEEKLY;BYDAY=TU;BYHOUR=10,14;BYMINUTE=30"),
            ("FREQ=DAILY;SKIP=OMIT;RSCALE=GREGORIAN", "FREQ=DAILY"),
            ("FREQ=MONTHLY;BYMONTHDAY=1, 15", "FREQ=MONTHLY;BYMONTHDAY=1,15"),
            ("FREQ=YEARLY;BYYEARDAY=-1,1", "FREQ=YEARLY;BYYEARDAY=-1,1"),
            ("FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1", "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1"),
            ("FREQ=WEEKLY", "FREQ=WEEKLY;BYDAY=TU"),
            // Both ends: the third Tuesday comes before the day, the hundredth does not.
            ("FREQ=WEEKLY;COUNT=3;UNTIL=20270113", "FREQ=WEEKLY;COUNT=3;BYDAY=TU"),
            ("FREQ=WEEKLY;COUNT=100;UNTIL=20270113", "FREQ=WEEKLY;UNTIL=20270113T235959Z;BYDAY=TU"),
        ] {
            assert_eq!(for_calendars(rule, start(), London).as_deref(), Some(left), "{rule}");
        }
    }

    #[test]
    fn what_is_not_understood_does_not_leave() {
        for hostile in [
            "FREQ=SECONDLY",
            "FREQ=DAILY;BYHOUR=1,2,3;BYMINUTE=0,5,10,15,20,25,30,35,40",
            "FREQ=WEEKLY;BYDAY=TU\r\nATTACH:https://evil.example",
            "FREQ=WEEKLY;BYDAY=TUESDAY",
            "FREQ=DAILY;INTERVAL=0",
            "FREQ=DAILY;COUNT=99999999999999",
            "FREQ=DAILY;UNTIL=tomorrow",
            "FREQ=DAILY;X=1",
            "every Tuesday",
            "",
        ] {
            assert_eq!(for_calendars(hostile, start(), London), None, "{hostile:?}");
        }
    }

    proptest! {
        #[test]
        fn no_rule_makes_it_panic_or_break_a_line(rule in "(FREQ=(DAILY|WEEKLY|MONTHLY);)?[A-Z=;,+0-9é\r\n-]{0,60}") {
            if let Some(out) = for_calendars(&rule, start(), London) {
                prop_assert!(out.bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }
    }
}
