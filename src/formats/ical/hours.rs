//! The hours of a service as a series in a calendar: when they first are, and the rule from there.

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime};
use chrono_tz::Tz;

use super::rule;
use crate::model::{Schedule, hours, values::TimeOfDay};

/// Hours are local to the place, and the places are here.
pub const ZONE: Tz = Tz::Europe__London;
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
/// it has no time of day, or days that pages and answers do not believe either, or a calendar cannot work out.
pub fn of(schedule: &Schedule, since: NaiveDate) -> Option<Hours> {
    let opens = clock(schedule.opens_at.as_ref()?)?;
    let hours::Series { first, rule } = hours::series(schedule, since)?;
    let understood = hours::Hours::of([schedule]);
    let (start, end) = (first.and_time(opens), closing(schedule, first, opens));
    let Some(rule) = rule else {
        let is_closed = !understood.left_out(first, first).is_empty();
        return (!is_closed).then(|| Hours { start, end, rule: None, without: Vec::new() });
    };
    let rule = rule::for_calendars(&rule, start, ZONE)?;
    let from = first.max(since);
    let closed = understood.left_out(from, from.checked_add_days(Days::new(CLOSED_DAYS)).unwrap_or(from));
    let without = closed.into_iter().map(|day| day.and_time(opens)).collect();
    Some(Hours { start, end, rule: Some(rule), without })
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
        assert_eq!(
            said(json!({"byday": "Tuesdays"})).as_deref(),
            Some("Tue 2026-11-24 09:30 – 24 16:00 FREQ=WEEKLY;BYDAY=TU"),
            "as pages read it"
        );
        assert_eq!(said(json!({"byday": "when we can"})), None);
        // Weeks from Sunday, 30 August, and every other one: 13 September is the first Sunday of one that is not over.
        assert_eq!(
            said(json!({"interval": 2, "dtstart": "2026-09-04", "byday": "SU", "wkst": "SU"})).as_deref(),
            Some("Sun 2026-09-13 09:30 – 13 16:00 FREQ=WEEKLY;INTERVAL=2;BYDAY=SU;WKST=SU")
        );
    }

    #[test]
    fn monthly_hours_know_first_last_and_numbered_days() {
        let said = |byday: &str| hours(json!({"freq": "MONTHLY", "byday": byday, "opens_at": "10:00"}));
        assert_eq!(said("-1FR").as_deref(), Some("Fri 2026-11-27 10:00 – open FREQ=MONTHLY;BYDAY=-1FR"));
        assert_eq!(said("1TU").as_deref(), Some("Tue 2026-12-01 10:00 – open FREQ=MONTHLY;BYDAY=1TU"));
        assert_eq!(said("5SU").as_deref(), Some("Sun 2026-11-29 10:00 – open FREQ=MONTHLY;BYDAY=5SU"));
        let numbered = hours(json!({"freq": "MONTHLY", "bymonthday": "1, -1", "opens_at": "10:00"}));
        assert_eq!(numbered.as_deref(), Some("Mon 2026-11-30 10:00 – open FREQ=MONTHLY;BYMONTHDAY=-1,1"));
        // A number is one of a month, however often the schedule says that it comes.
        for freq in [json!("WEEKLY"), Value::Null] {
            let once_a_month = hours(json!({"freq": freq, "bymonthday": "15", "dtstart": "2026-11-15", "opens_at": "10:00"}));
            assert_eq!(once_a_month.as_deref(), Some("Sun 2026-11-15 10:00 – open FREQ=MONTHLY;BYMONTHDAY=15"));
        }
        // The last day of every third month from September on: 31 December, not 30 November.
        let quarterly = hours(
            json!({"freq": "MONTHLY", "interval": 3, "bymonthday": "-1", "dtstart": "2026-09-30", "valid_from": "2026-11-01", "opens_at": "10:00"}),
        );
        assert_eq!(quarterly.as_deref(), Some("Thu 2026-12-31 10:00 – open FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=-1"));
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
