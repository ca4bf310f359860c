//! Schedules: when a service is there.

use std::fmt;

use chrono::{Duration, NaiveDate, NaiveTime, Weekday};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    entity, hours,
    taxonomy::Attribute,
    values::{Number, TimeOfDay, WebAddress},
    with_only,
};
use crate::ids::{LocationId, ServiceAtLocationId, ServiceId};

/// How often a schedule repeats. The standard only allows these two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(inline)]
pub enum Frequency {
    /// Every week, or every `interval` weeks.
    Weekly,
    /// Every month, or every `interval` months.
    Monthly,
}

entity! {
    /// When something is open or takes place. Times are local.
    Schedule {
        /// Identifier.
        req id: Uuid = "d1e2f3a4-b5c6-4d7e-8f9a-0b1c2d3e4f5a",
        /// The service.
        opt service_id: ServiceId = "ac148810-d857-441c-9679-408f346de14b",
        /// The location.
        opt location_id: LocationId = "1f4b0f2e-7a38-4f8e-9ad5-6d3d0f1b2c3d",
        /// The service at one location.
        opt service_at_location_id: ServiceAtLocationId = "e94c9f38-1e8f-4564-91d4-d53501ab1765",
        /// First day on which the schedule applies.
        opt valid_from: NaiveDate = "2026-09-01",
        /// Last day on which the schedule applies.
        opt valid_to: NaiveDate = "2027-07-20",
        /// The day from which weeks and months are counted.
        opt dtstart: NaiveDate = "2026-09-01",
        /// Hours between UTC and local time. Wrong for half the year in the UK; kept if supplied.
        #[schemars(range(min = -12, max = 14))]
        opt timezone: Number = 0,
        /// The last day of the rule.
        opt until: NaiveDate = "2027-07-20",
        /// How many times it takes place.
        #[schemars(range(min = 0, max = 100_000))]
        opt count: Number = 10,
        /// The day that starts the week.
        opt wkst: String = "MO",
        /// How often it repeats.
        opt freq: Frequency = "WEEKLY",
        /// Number of weeks or months between repeats.
        #[schemars(range(min = 1, max = 1_000))]
        opt interval: Number = 1,
        /// Days of the week, as in iCalendar: MO,WE; in a monthly schedule 1TU is the first Tuesday.
        opt byday: String = "MO,WE",
        /// Weeks of the year.
        opt byweekno: String = "10",
        /// Days of the month.
        opt bymonthday: String = "1,15",
        /// Days of the year.
        opt byyearday: String = "100",
        /// Description of the schedule.
        opt description: String = "Mondays and Wednesdays in term time",
        /// When it opens, HH:MM, local time.
        opt opens_at: TimeOfDay = "09:30",
        /// When it closes, HH:MM, local time. Earlier than `opens_at` means the next day.
        opt closes_at: TimeOfDay = "16:00",
        /// A page with the schedule, or where to book.
        opt schedule_link: WebAddress = "https://marsh-farm-pantry.example.org/book",
        /// How people attend: in person, phone or online.
        opt attending_type: String = "in person",
        /// Further notes.
        opt notes: String = "Closed on bank holidays",
        /// Classifications.
        many attributes: Attribute,
    }
}

impl Schedule {
    /// One that says nothing yet.
    pub fn new(id: Uuid) -> Self {
        with_only(serde_json::json!({"id": id}))
    }

    /// The last day on which it can hold, where it says one, or how many times it takes place.
    pub fn last_day(&self) -> Option<NaiveDate> {
        hours::last_of_count(self).or_else(|| self.said_last_day())
    }

    /// The same, however many times it takes place.
    pub(super) fn said_last_day(&self) -> Option<NaiveDate> {
        let once = self.freq.is_none() && self.byday.is_none() && self.bymonthday.is_none();
        [self.valid_to, self.until, self.dtstart.filter(|_| once)].into_iter().flatten().min()
    }

    /// Whether it has ended before `today`.
    pub fn is_over(&self, today: NaiveDate) -> bool {
        self.last_day().is_some_and(|last| last < today)
    }
}

/// What ends at an earlier hour than it begins goes on into the next day, as far as it lasts no longer than
/// this; a longer one is more likely a slip, and is asked about.
pub const LONGEST_NIGHT: Duration = Duration::hours(12);

/// Whether something ends at an earlier hour than it begins, HH:MM, and so lasts longer than a night: most likely a
/// slip.
///
/// ```
/// use fingerpost::model::schedule::is_long_night;
/// assert!(is_long_night("10:00", "09:00") && !is_long_night("20:00", "02:00") && !is_long_night("10:00", ""));
/// ```
pub fn is_long_night(opens_at: &str, closes_at: &str) -> bool {
    let time = |text: &str| NaiveTime::parse_from_str(text, "%H:%M").ok();
    let (Some(from), Some(to)) = (time(opens_at), time(closes_at)) else { return false };
    to <= from && to - from + Duration::days(1) > LONGEST_NIGHT
}

/// The day in English.
pub fn day_name(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "Monday",
        Weekday::Tue => "Tuesday",
        Weekday::Wed => "Wednesday",
        Weekday::Thu => "Thursday",
        Weekday::Fri => "Friday",
        Weekday::Sat => "Saturday",
        Weekday::Sun => "Sunday",
    }
}

/// A day of the week and, in a month, which one of them: `1TU`, `-1FR`, `WE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByDay {
    /// The first is 1, the last -1; every one where it is not said.
    pub which: Option<i8>,
    /// The day.
    pub day: Weekday,
}

impl fmt::Display for ByDay {
    /// As iCalendar writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"][self.day.num_days_from_monday() as usize];
        self.which.map_or(Ok(()), |which| write!(f, "{which}"))?;
        f.write_str(code)
    }
}

/// The days that a `byday` names, as iCalendar writes them or in English: `MO,WE`, `-1FR`,
/// `Monday, Tuesday`. What names no day is left out, and so is a short form in a sentence: "when we can" names no Wednesday.
pub fn by_days(text: &str) -> Vec<ByDay> {
    let words: Vec<&str> = text.split([',', ';', ' ']).filter(|word| !word.is_empty()).collect();
    let is_list = words.iter().all(|word| *word == "and" || by_day(word).is_some());
    let may_be_a_day = |word: &&str| is_list || word.len() > 2 || word.chars().all(|c| c.is_ascii_uppercase());
    words.into_iter().filter(may_be_a_day).filter_map(by_day).collect()
}

/// A `byday` as iCalendar writes it, where everything in it is a day: `Monday and Tuesday` is `MO,TU`.
pub fn byday(text: &str) -> Option<String> {
    let words = text.split([',', ';', '/', ' ', '&']).filter(|word| !word.is_empty() && *word != "and");
    let days: Option<Vec<String>> = words.map(|word| by_day(word).map(|day| day.to_string())).collect();
    days.filter(|days| !days.is_empty()).map(|days| days.join(","))
}

/// What a number of a day in a month may be, counted from its beginning or, below zero, from its end.
pub const DAYS_OF_A_MONTH: i16 = 31;
/// The same of a week in a year.
pub const WEEKS_OF_A_YEAR: i16 = 53;
/// The same of a day in a year.
pub const DAYS_OF_A_YEAR: i16 = 366;

/// Numbers of days or weeks as iCalendar writes them, none of them beyond `most`: `1, 15` is `1,15`. None
/// where anything else is said.
pub fn numbers_of_days(text: &str, most: i16) -> Option<String> {
    let number = |word: &str| word.parse::<i16>().ok().filter(|number| (1..=most).contains(&number.abs()));
    let words = text.split([',', ';', ' ']).filter(|word| !word.is_empty());
    let numbers: Option<Vec<String>> = words.map(|word| Some(number(word)?.to_string())).collect();
    numbers.filter(|numbers| !numbers.is_empty()).map(|numbers| numbers.join(","))
}

/// One day of a `byday`.
pub fn by_day(text: &str) -> Option<ByDay> {
    const NAMES: [(&str, Weekday); 7] = [
        ("monday", Weekday::Mon),
        ("tuesday", Weekday::Tue),
        ("wednesday", Weekday::Wed),
        ("thursday", Weekday::Thu),
        ("friday", Weekday::Fri),
        ("saturday", Weekday::Sat),
        ("sunday", Weekday::Sun),
    ];
    let text = text.trim();
    let (which, word) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic())?);
    let word = word.strip_suffix(['s', 'S']).filter(|word| word.len() > 4).unwrap_or(word).to_ascii_lowercase();
    let (_, day) = NAMES.into_iter().find(|(name, _)| word.len() >= 2 && name.starts_with(&word))?;
    let which = match which {
        "" | "+" => None,
        number => Some(number.parse().ok().filter(|which| *which != 0)?),
    };
    Some(ByDay { which, day })
}
