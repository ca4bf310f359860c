//! Recurrence rules on their way out. A rule may come from a stranger's feed, so only what is
//! understood leaves, in one form: a rule of every second would drown the calendar that takes it.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeZone as _, Utc};
use chrono_tz::Tz;

use super::lines;

/// The parts that are passed on, in the order in which they are written.
const PARTS: [&str; 10] =
    ["FREQ", "INTERVAL", "COUNT", "UNTIL", "BYMONTH", "BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY", "BYSETPOS"];
/// Days of the week, Monday first.
pub const DAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

/// One part of a recurrence rule, such as the `TU` of `FREQ=WEEKLY;BYDAY=TU`.
fn part<'a>(rule: &'a str, wanted: &str) -> Option<&'a str> {
    rule.split(';')
        .find_map(|part| part.split_once('=').filter(|(key, _)| key.trim().eq_ignore_ascii_case(wanted)))
        .map(|(_, value)| value.trim())
}

/// `rule` as it may stand beside a start in `zone`: known parts only, the end in UTC as RFC 5545
/// asks. `None` where it is not understood, or comes round more often than daily.
pub fn for_calendars(rule: &str, zone: Tz) -> Option<String> {
    let rule = rule.trim();
    let known = |name: &str| PARTS.contains(&name) || name == "WKST";
    let all_known = rule
        .split(';')
        .filter(|part| !part.trim().is_empty())
        .all(|part| part.split_once('=').is_some_and(|(name, _)| known(&name.trim().to_ascii_uppercase())));
    if !all_known || !matches!(part(rule, "FREQ")?.to_ascii_uppercase().as_str(), "DAILY" | "WEEKLY" | "MONTHLY" | "YEARLY") {
        return None;
    }
    let mut written = Vec::new();
    for name in PARTS.into_iter().chain(["WKST"]) {
        let Some(value) = part(rule, name) else { continue };
        // Both ends at once are forbidden; the day is what people mean.
        if name == "COUNT" && part(rule, "UNTIL").is_some() {
            continue;
        }
        written.push(format!("{name}={}", of_part(name, &value.to_ascii_uppercase(), zone)?));
    }
    Some(written.join(";"))
}

fn of_part(name: &str, value: &str, zone: Tz) -> Option<String> {
    let good = match name {
        "UNTIL" => return until(value, zone).map(lines::utc),
        "FREQ" => true,
        "WKST" => DAYS.contains(&value),
        "INTERVAL" => whole(value, 1, 1_000),
        "COUNT" => whole(value, 1, 100_000),
        "BYDAY" => value.split(',').all(is_day),
        "BYMONTH" => value.split(',').all(|one| whole(one, 1, 12)),
        "BYMONTHDAY" => value.split(',').all(|one| whole(unsigned(one), 1, 31)),
        "BYWEEKNO" => value.split(',').all(|one| whole(unsigned(one), 1, 53)),
        _ => value.split(',').all(|one| whole(unsigned(one), 1, 366)),
    };
    good.then(|| value.to_owned())
}

fn whole(text: &str, least: u32, most: u32) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse().is_ok_and(|number: u32| (least..=most).contains(&number))
}

/// `MO`, `2TU`, `-1FR`.
fn is_day(text: &str) -> bool {
    let Some((which, day)) = text.len().checked_sub(2).and_then(|at| text.split_at_checked(at)) else { return false };
    DAYS.contains(&day) && (which.is_empty() || whole(unsigned(which), 1, 53))
}

fn unsigned(number: &str) -> &str {
    number.strip_prefix(['-', '+']).unwrap_or(number)
}

/// The end of a rule. One without a zone is local; a day counts whole.
fn until(text: &str, zone: Tz) -> Option<chrono::DateTime<Utc>> {
    if let Some(text) = text.strip_suffix('Z') {
        return NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%S").ok().map(|at| at.and_utc());
    }
    let local = NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%S").ok().or_else(|| {
        let day = NaiveDate::parse_from_str(text, "%Y%m%d").ok()?;
        Some(day.and_time(NaiveTime::from_hms_opt(23, 59, 59)?))
    })?;
    zone.from_local_datetime(&local).latest().map(|at| at.to_utc())
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::London;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rules_leave_in_one_form() {
        let out = |rule| for_calendars(rule, London);
        assert_eq!(out("freq=weekly;byday=tu,th; interval=2").as_deref(), Some("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH"));
        assert_eq!(out("FREQ=MONTHLY;BYDAY=-1FR;").as_deref(), Some("FREQ=MONTHLY;BYDAY=-1FR"));
        assert_eq!(out("BYDAY=MO;FREQ=WEEKLY;WKST=SU;COUNT=10").as_deref(), Some("FREQ=WEEKLY;COUNT=10;BYDAY=MO;WKST=SU"));
    }

    #[test]
    fn an_end_in_summer_is_an_hour_earlier_in_utc() {
        let out = |rule| for_calendars(rule, London).unwrap();
        assert_eq!(out("FREQ=DAILY;UNTIL=20270713T133000"), "FREQ=DAILY;UNTIL=20270713T123000Z");
        assert_eq!(out("FREQ=DAILY;UNTIL=20261209T100000Z"), "FREQ=DAILY;UNTIL=20261209T100000Z");
        assert_eq!(out("FREQ=DAILY;UNTIL=20270713"), "FREQ=DAILY;UNTIL=20270713T225959Z", "the whole of the day");
        assert_eq!(out("FREQ=DAILY;COUNT=3;UNTIL=20270113"), "FREQ=DAILY;UNTIL=20270113T235959Z");
    }

    #[test]
    fn what_is_not_understood_does_not_leave() {
        for hostile in [
            "FREQ=SECONDLY",
            "FREQ=DAILY;BYHOUR=1,2,3",
            "FREQ=WEEKLY;BYDAY=TU\r\nATTACH:https://evil.example",
            "FREQ=WEEKLY;BYDAY=TUESDAY",
            "FREQ=DAILY;INTERVAL=0",
            "FREQ=DAILY;COUNT=99999999999999",
            "FREQ=DAILY;UNTIL=tomorrow",
            "FREQ=DAILY;X=1",
            "every Tuesday",
            "",
        ] {
            assert_eq!(for_calendars(hostile, London), None, "{hostile:?}");
        }
    }

    proptest! {
        #[test]
        fn no_rule_makes_it_panic_or_break_a_line(rule in "(FREQ=(DAILY|WEEKLY|MONTHLY);)?[A-Z=;,+0-9é\r\n-]{0,60}") {
            if let Some(out) = for_calendars(&rule, London) {
                prop_assert!(out.bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }
    }
}
