//! Bank holidays of each nation of the United Kingdom, computed for any year.
//!
//! The rules are those of the Banking and Financial Dealings Act 1971, schedule 1, of the St Andrew's Day Bank Holiday
//! (Scotland) Act 2007, and the days that are proclaimed every year (New Year's Day, the first Monday in May, the
//! twelfth of July, substitutes), as <https://www.gov.uk/bank-holidays> lists them. What was decided for one year only
//! stands in `ONCE`; a new proclamation is a new line there.
//!
//! A directory keeps the holidays of one nation: that of its council.

use std::sync::atomic::{AtomicU8, Ordering};

use chrono::{Datelike as _, Days, NaiveDate, Weekday};

/// Whose bank holidays they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nation {
    /// England and Wales, which have the same.
    EnglandAndWales,
    /// Scotland.
    Scotland,
    /// Northern Ireland.
    NorthernIreland,
}

use Nation::{EnglandAndWales, NorthernIreland, Scotland};

impl Nation {
    /// The nation that an area lies in, by its GSS code: that begins with a letter for each.
    pub fn of_area(gss: &str) -> Self {
        match gss.chars().next() {
            Some('S') => Scotland,
            Some('N') => NorthernIreland,
            _ => EnglandAndWales,
        }
    }
}

/// The nation whose bank holidays count in this process, as its place in [`NATIONS`].
static HERE: AtomicU8 = AtomicU8::new(0);
const NATIONS: [Nation; 3] = [EnglandAndWales, Scotland, NorthernIreland];

/// Let the bank holidays of this nation count from now on. A setting of the whole program, because hours are looked at
/// in its index as well, and a day that is none in one place and one in another would say two things of one door.
pub fn observe(nation: Nation) {
    let place = NATIONS.iter().position(|one| *one == nation).unwrap_or_default();
    HERE.store(u8::try_from(place).unwrap_or_default(), Ordering::Relaxed);
}

/// The nation whose bank holidays count.
pub fn observed() -> Nation {
    NATIONS.get(usize::from(HERE.load(Ordering::Relaxed))).copied().unwrap_or(EnglandAndWales)
}

/// A day on which much is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holiday {
    /// The day.
    pub date: NaiveDate,
    /// What it is called.
    pub name: &'static str,
}

const EVERYWHERE: &[Nation] = &NATIONS;
/// Proclaimed for one year, as month and day, and where. Source: <https://www.gov.uk/bank-holidays>; for the World Cup
/// the Royal Proclamation of 4 February 2026. One with the name of a usual holiday stands in its place.
const ONCE: [(i32, u32, u32, &str, &[Nation]); 6] = [
    (2020, 5, 8, EARLY_MAY, EVERYWHERE),
    (2022, 6, 2, SPRING, EVERYWHERE),
    (2022, 6, 3, "Platinum Jubilee bank holiday", EVERYWHERE),
    (2022, 9, 19, "Bank Holiday for the State Funeral of Queen Elizabeth II", EVERYWHERE),
    (2023, 5, 8, "Bank holiday for the coronation of King Charles III", EVERYWHERE),
    (2026, 6, 15, "World Cup bank holiday", &[Scotland]),
];
const NEW_YEAR: &str = "New Year's Day";
const EARLY_MAY: &str = "Early May bank holiday";
const SPRING: &str = "Spring bank holiday";
const SUMMER: &str = "Summer bank holiday";

/// The bank holidays of a year in order, substitute days in place of those on a weekend.
pub fn of_year(nation: Nation, year: i32) -> Vec<Holiday> {
    let mut found: Vec<Holiday> = rules(nation, year).into_iter().flatten().map(|(date, name)| Holiday { date, name }).collect();
    for (_, month, day, name, _) in ONCE.iter().filter(|once| once.0 == year && once.4.contains(&nation)) {
        found.retain(|usual| usual.name != *name);
        found.extend(NaiveDate::from_ymd_opt(year, *month, *day).map(|date| Holiday { date, name }));
    }
    found.sort_by_key(|holiday| holiday.date);
    found
}

/// What the holiday on this day is called, if it is one. Christmas Day, Boxing Day, New Year's Day and in Scotland the
/// day after are, also where a weekend has moved their bank holiday to another day: doors are closed.
pub fn on(nation: Nation, day: NaiveDate) -> Option<&'static str> {
    match (day.month(), day.day()) {
        (1, 1) => Some(NEW_YEAR),
        (1, 2) if nation == Scotland => Some("2nd January"),
        (12, 25) => Some("Christmas Day"),
        (12, 26) => Some("Boxing Day"),
        // There are none in these months, but what was proclaimed once.
        (2 | 9 | 10, _) if !ONCE.iter().any(|once| (once.0, once.1) == (day.year(), day.month())) => None,
        _ => of_year(nation, day.year()).into_iter().find(|holiday| holiday.date == day).map(|holiday| holiday.name),
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

type Rule = Option<(NaiveDate, &'static str)>;

fn rules(nation: Nation, year: i32) -> Vec<Rule> {
    let day = |month, day| NaiveDate::from_ymd_opt(year, month, day);
    let first_monday = |month| NaiveDate::from_weekday_of_month_opt(year, month, Weekday::Mon, 1);
    let last_monday = |last: NaiveDate| last.checked_sub_days(Days::new(last.weekday().num_days_from_monday().into()));
    let from_easter = |days: i64| easter(year).and_then(|sunday| sunday.checked_add_signed(chrono::Duration::days(days)));
    let (christmas, boxing_day) = christmas(year);
    let mut rules = vec![
        from_easter(-2).map(|on| (on, "Good Friday")),
        first_monday(5).map(|on| (on, EARLY_MAY)),
        day(5, 31).and_then(last_monday).map(|on| (on, SPRING)),
        christmas.map(|on| (on, "Christmas Day")),
        boxing_day.map(|on| (on, "Boxing Day")),
    ];
    match nation {
        Scotland => rules.extend([
            day(1, 1).and_then(past_the_weekend_of_two).map(|on| (on, NEW_YEAR)),
            day(1, 2).and_then(past_the_weekend_of_two).map(|on| (on, "2nd January")),
            first_monday(8).map(|on| (on, SUMMER)),
            day(11, 30).and_then(past_the_weekend).map(|on| (on, "St Andrew's Day")),
        ]),
        EnglandAndWales | NorthernIreland => rules.extend([
            day(1, 1).and_then(past_the_weekend).map(|on| (on, NEW_YEAR)),
            from_easter(1).map(|on| (on, "Easter Monday")),
            day(8, 31).and_then(last_monday).map(|on| (on, SUMMER)),
        ]),
    }
    if nation == NorthernIreland {
        rules.extend([
            day(3, 17).and_then(past_the_weekend).map(|on| (on, "St Patrick's Day")),
            day(7, 12).and_then(past_the_weekend).map(|on| (on, "Battle of the Boyne (Orangemen's Day)")),
        ]);
    }
    rules
}

/// One of two holidays in a row, moved past the weekend, and past the other.
fn past_the_weekend_of_two(day: NaiveDate) -> Option<NaiveDate> {
    match day.weekday() {
        Weekday::Sat | Weekday::Sun => day.checked_add_days(Days::new(2)),
        _ => Some(day),
    }
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

    fn listed(nation: Nation, year: i32) -> Vec<String> {
        of_year(nation, year).iter().map(|holiday| holiday.date.format("%-d %b").to_string()).collect()
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
            assert_eq!(listed(EnglandAndWales, year).join(", "), days, "{year}");
        }
    }

    #[test]
    fn scotland_and_northern_ireland_have_days_of_their_own() {
        for (nation, year, days) in [
            (Scotland, 2022, "3 Jan, 4 Jan, 15 Apr, 2 May, 2 Jun, 3 Jun, 1 Aug, 19 Sep, 30 Nov, 26 Dec, 27 Dec"),
            (Scotland, 2023, "2 Jan, 3 Jan, 7 Apr, 1 May, 8 May, 29 May, 7 Aug, 30 Nov, 25 Dec, 26 Dec"),
            (Scotland, 2024, "1 Jan, 2 Jan, 29 Mar, 6 May, 27 May, 5 Aug, 2 Dec, 25 Dec, 26 Dec"),
            (Scotland, 2026, "1 Jan, 2 Jan, 3 Apr, 4 May, 25 May, 15 Jun, 3 Aug, 30 Nov, 25 Dec, 28 Dec"),
            (Scotland, 2027, "1 Jan, 4 Jan, 26 Mar, 3 May, 31 May, 2 Aug, 30 Nov, 27 Dec, 28 Dec"),
            (NorthernIreland, 2024, "1 Jan, 18 Mar, 29 Mar, 1 Apr, 6 May, 27 May, 12 Jul, 26 Aug, 25 Dec, 26 Dec"),
            (NorthernIreland, 2025, "1 Jan, 17 Mar, 18 Apr, 21 Apr, 5 May, 26 May, 14 Jul, 25 Aug, 25 Dec, 26 Dec"),
            (NorthernIreland, 2026, "1 Jan, 17 Mar, 3 Apr, 6 Apr, 4 May, 25 May, 13 Jul, 31 Aug, 25 Dec, 28 Dec"),
        ] {
            assert_eq!(listed(nation, year).join(", "), days, "{nation:?} {year}");
            for holiday in of_year(nation, year) {
                assert_eq!(on(nation, holiday.date), Some(holiday.name), "{nation:?} {}", holiday.date);
            }
        }
    }

    #[test]
    fn the_letter_of_an_area_code_tells_the_nation() {
        for (gss, nation) in [
            ("E06000032", EnglandAndWales),
            ("W06000015", EnglandAndWales),
            ("S12000036", Scotland),
            ("N09000003", NorthernIreland),
            ("", EnglandAndWales),
        ] {
            assert_eq!(Nation::of_area(gss), nation, "{gss}");
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
        let name = |day: &str| on(EnglandAndWales, day.parse().unwrap());
        assert_eq!(name("2026-12-26"), Some("Boxing Day"));
        assert_eq!(name("2026-12-27"), None);
        assert_eq!(name("2026-12-28"), Some("Boxing Day"));
        assert_eq!(name("2022-09-19"), Some("Bank Holiday for the State Funeral of Queen Elizabeth II"));
        assert_eq!(name("2026-09-19"), None);
    }

    #[test]
    fn every_year_of_the_calendar_can_be_asked() {
        for year in [i32::MIN, -400, 0, 1, 9_999, i32::MAX] {
            let _ = (NATIONS.map(|nation| of_year(nation, year)), easter(year));
        }
        for day in [NaiveDate::MIN, NaiveDate::MAX] {
            let _ = NATIONS.map(|nation| on(nation, day));
        }
    }
}
