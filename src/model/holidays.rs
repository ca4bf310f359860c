//! Bank holidays of England and Wales, computed for any year.
//!
//! The rules are those of the Banking and Financial Dealings Act 1971, schedule 1, with the days
//! that are proclaimed every year (New Year's Day, the first Monday in May, substitutes), as
//! <https://www.gov.uk/bank-holidays> lists them. What was decided for one year only stands in
//! `ONCE`; a new proclamation is a new line there.

use chrono::{Datelike as _, Days, NaiveDate, Weekday};

/// A day on which much is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holiday {
    /// The day.
    pub date: NaiveDate,
    /// What it is called.
    pub name: &'static str,
}

/// Proclaimed for one year, as month and day. Source: <https://www.gov.uk/bank-holidays>.
/// One with the name of a usual holiday stands in its place.
const ONCE: [(i32, u32, u32, &str); 5] = [
    (2020, 5, 8, EARLY_MAY),
    (2022, 6, 2, SPRING),
    (2022, 6, 3, "Platinum Jubilee bank holiday"),
    (2022, 9, 19, "Bank Holiday for the State Funeral of Queen Elizabeth II"),
    (2023, 5, 8, "Bank holiday for the coronation of King Charles III"),
];
const EARLY_MAY: &str = "Early May bank holiday";
const SPRING: &str = "Spring bank holiday";

/// The bank holidays of a year in order, substitute days in place of those on a weekend.
pub fn of_year(year: i32) -> Vec<Holiday> {
    let mut found: Vec<Holiday> = rules(year).into_iter().flatten().map(|(date, name)| Holiday { date, name }).collect();
    let once = ONCE.iter().filter(|(of, ..)| *of == year);
    for (_, month, day, name) in once {
        found.retain(|usual| usual.name != *name);
        found.extend(NaiveDate::from_ymd_opt(year, *month, *day).map(|date| Holiday { date, name }));
    }
    found.sort_by_key(|holiday| holiday.date);
    found
}

/// What the holiday on this day is called, if it is one. Christmas Day, Boxing Day and New Year's
/// Day are, also where a weekend has moved their bank holiday to another day: doors are closed.
pub fn on(day: NaiveDate) -> Option<&'static str> {
    match (day.month(), day.day()) {
        (1, 1) => Some("New Year's Day"),
        (12, 25) => Some("Christmas Day"),
        (12, 26) => Some("Boxing Day"),
        (1 | 3..=6 | 8 | 12, _) => {
            of_year(day.year()).into_iter().find(|holiday| holiday.date == day).map(|holiday| holiday.name)
        }
        // Only what was proclaimed once can fall into the other months.
        (month, number) => {
            ONCE.iter().find(|once| (once.0, once.1, once.2) == (day.year(), month, number)).map(|(.., name)| *name)
        }
    }
}

/// Easter Sunday in the Gregorian calendar of the years 1 to 9999, by the anonymous algorithm of
/// 1876 (Meeus, Jones, Butcher).
pub fn easter(year: i32) -> Option<NaiveDate> {
    let year = Some(year).filter(|year| (1..=9_999).contains(year))?;
    let century = year.div_euclid(100);
    let golden = year.rem_euclid(19);
    let leap_centuries = century.div_euclid(4);
    let moon =
        (19 * golden + century - leap_centuries - (century - (century + 8).div_euclid(25) + 1).div_euclid(3) + 15).rem_euclid(30);
    let weekday =
        (32 + 2 * century.rem_euclid(4) + 2 * year.rem_euclid(100).div_euclid(4) - moon - year.rem_euclid(4)).rem_euclid(7);
    let late = (golden + 11 * moon + 22 * weekday).div_euclid(451);
    let days = moon + weekday - 7 * late + 114;
    NaiveDate::from_ymd_opt(year, u32::try_from(days / 31).ok()?, u32::try_from(days % 31 + 1).ok()?)
}

fn rules(year: i32) -> [Option<(NaiveDate, &'static str)>; 8] {
    let day = |month, day| NaiveDate::from_ymd_opt(year, month, day);
    let first_monday = |month| NaiveDate::from_weekday_of_month_opt(year, month, Weekday::Mon, 1);
    let last_monday = |last: NaiveDate| last.checked_sub_days(Days::new(last.weekday().num_days_from_monday().into()));
    let from_easter = |days: i64| easter(year).and_then(|sunday| sunday.checked_add_signed(chrono::Duration::days(days)));
    let (christmas, boxing_day) = christmas(year);
    [
        day(1, 1).and_then(past_the_weekend).map(|on| (on, "New Year's Day")),
        from_easter(-2).map(|on| (on, "Good Friday")),
        from_easter(1).map(|on| (on, "Easter Monday")),
        first_monday(5).map(|on| (on, EARLY_MAY)),
        day(5, 31).and_then(last_monday).map(|on| (on, SPRING)),
        day(8, 31).and_then(last_monday).map(|on| (on, "Summer bank holiday")),
        christmas.map(|on| (on, "Christmas Day")),
        boxing_day.map(|on| (on, "Boxing Day")),
    ]
}

fn past_the_weekend(day: NaiveDate) -> Option<NaiveDate> {
    match day.weekday() {
        Weekday::Sat => day.checked_add_days(Days::new(2)),
        Weekday::Sun => day.checked_add_days(Days::new(1)),
        _ => Some(day),
    }
}

/// Christmas Day and Boxing Day, each moved past the weekend, and past the other.
fn christmas(year: i32) -> (Option<NaiveDate>, Option<NaiveDate>) {
    let day = |number| NaiveDate::from_ymd_opt(year, 12, number);
    match day(25).map(|christmas| christmas.weekday()) {
        Some(Weekday::Fri) => (day(25), day(28)),
        Some(Weekday::Sat) => (day(27), day(28)),
        Some(Weekday::Sun) => (day(27), day(26)),
        _ => (day(25), day(26)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(year: i32) -> Vec<String> {
        of_year(year).iter().map(|holiday| holiday.date.format("%-d %b").to_string()).collect()
    }

    #[test]
    fn the_years_are_as_the_government_lists_them() {
        for (year, days) in [
            (2020, "1 Jan, 10 Apr, 13 Apr, 8 May, 25 May, 31 Aug, 25 Dec, 28 Dec"),
            (2021, "1 Jan, 2 Apr, 5 Apr, 3 May, 31 May, 30 Aug, 27 Dec, 28 Dec"),
            (2022, "3 Jan, 15 Apr, 18 Apr, 2 May, 2 Jun, 3 Jun, 29 Aug, 19 Sep, 26 Dec, 27 Dec"),
            (2023, "2 Jan, 7 Apr, 10 Apr, 1 May, 8 May, 29 May, 28 Aug, 25 Dec, 26 Dec"),
            (2024, "1 Jan, 29 Mar, 1 Apr, 6 May, 27 May, 26 Aug, 25 Dec, 26 Dec"),
            (2025, "1 Jan, 18 Apr, 21 Apr, 5 May, 26 May, 25 Aug, 25 Dec, 26 Dec"),
            (2026, "1 Jan, 3 Apr, 6 Apr, 4 May, 25 May, 31 Aug, 25 Dec, 28 Dec"),
            (2027, "1 Jan, 26 Mar, 29 Mar, 3 May, 31 May, 30 Aug, 27 Dec, 28 Dec"),
            (2028, "3 Jan, 14 Apr, 17 Apr, 1 May, 29 May, 28 Aug, 25 Dec, 26 Dec"),
        ] {
            assert_eq!(listed(year).join(", "), days, "{year}");
        }
    }

    #[test]
    fn easter_falls_where_the_tables_say() {
        for (year, day) in [
            (1818, "1818-03-22"),
            (1943, "1943-04-25"),
            (2000, "2000-04-23"),
            (2026, "2026-04-05"),
            (2027, "2027-03-28"),
            (2038, "2038-04-25"),
            (2100, "2100-03-28"),
        ] {
            assert_eq!(easter(year).unwrap().to_string(), day);
        }
    }

    #[test]
    fn christmas_on_a_weekend_is_a_holiday_beside_its_substitute() {
        let name = |day: &str| on(day.parse().unwrap());
        assert_eq!(name("2026-12-26"), Some("Boxing Day"));
        assert_eq!(name("2026-12-27"), None);
        assert_eq!(name("2026-12-28"), Some("Boxing Day"));
        assert_eq!(name("2022-09-19"), Some("Bank Holiday for the State Funeral of Queen Elizabeth II"));
        assert_eq!(name("2026-09-19"), None);
    }

    #[test]
    fn every_year_of_the_calendar_can_be_asked() {
        for year in [i32::MIN, -400, 0, 1, 9_999, i32::MAX] {
            let _ = (of_year(year), easter(year));
        }
        for day in [NaiveDate::MIN, NaiveDate::MAX] {
            let _ = on(day);
        }
    }
}
