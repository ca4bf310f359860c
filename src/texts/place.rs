//! Where and when a notice is for.

use std::{fmt, str::FromStr};

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeZone as _, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::whereabouts::Outcode;

/// Most postcode areas that one notice names.
const MOST: usize = 60;

/// A moment by the clock on the wall in the United Kingdom, to the minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LocalTime(NaiveDateTime);

impl LocalTime {
    /// The moment. An hour that the clocks skip counts as the one after it; one that comes twice as its first.
    pub fn instant(self) -> DateTime<Utc> {
        let london = chrono_tz::Europe::London;
        let found = london.from_local_datetime(&self.0).earliest();
        let later = || london.from_local_datetime(&(self.0 + chrono::TimeDelta::hours(1))).earliest();
        found.or_else(later).map_or_else(|| self.0.and_utc(), |at| at.with_timezone(&Utc))
    }

    /// The day.
    pub fn day(self) -> NaiveDate {
        self.0.date()
    }

    /// As a form's field for a date and a time holds it: `2026-11-28T09:00`.
    pub fn for_a_field(self) -> String {
        self.0.format("%Y-%m-%dT%H:%M").to_string()
    }
}

impl FromStr for LocalTime {
    type Err = &'static str;

    /// `2026-11-28T09:00`, with or without seconds, or a day, which means its beginning.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let with_time = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"];
        with_time
            .iter()
            .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
            .or_else(|| text.parse::<NaiveDate>().ok().map(|day| day.and_time(NaiveTime::MIN)))
            .map(Self)
            .ok_or("a day and a time such as 2026-11-28T09:00")
    }
}

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.for_a_field())
    }
}

impl Serialize for LocalTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LocalTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|expected| serde::de::Error::custom(format!("expected {expected}, not {text:?}")))
    }
}

/// The first halves of postcodes that a notice is for; none for everywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places(Vec<Outcode>);

impl Places {
    /// Whether it is for everybody.
    pub fn everywhere(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether somebody there has to be told.
    pub fn has(&self, outcode: &str) -> bool {
        self.everywhere() || self.0.iter().any(|own| own.as_str() == outcode)
    }
}

impl FromStr for Places {
    type Err = String;

    /// First halves of postcodes, separated by commas or spaces.
    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split([',', ';', ' ', '\n']).map(str::trim).filter(|part| !part.is_empty()).collect();
        if parts.len() > MOST {
            return Err(format!("at most {MOST} postcode areas; leave this empty for everywhere"));
        }
        let outcode = |part: &&str| part.parse().map_err(|_| format!("the first half of a postcode such as LU1, not {part}"));
        let mut all: Vec<Outcode> = parts.iter().map(outcode).collect::<Result<_, _>>()?;
        all.sort_unstable();
        all.dedup();
        Ok(Self(all))
    }
}

impl fmt::Display for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().map(Outcode::as_str).collect();
        f.write_str(&names.join(", "))
    }
}

impl Serialize for Places {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Places {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(|expected| serde::de::Error::custom(format!("expected {expected}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_by_the_clock_on_the_wall() {
        let at = |text: &str| text.parse::<LocalTime>().unwrap().instant().to_rfc3339();
        assert_eq!(at("2026-11-28T09:00"), "2026-11-28T09:00:00+00:00");
        assert_eq!(at("2026-07-01"), "2026-06-30T23:00:00+00:00");
        assert_eq!(at("2027-03-28T01:30"), "2027-03-28T01:30:00+00:00", "the clocks skip from one to two");
        assert!("tomorrow".parse::<LocalTime>().is_err());
    }

    #[test]
    fn a_notice_names_first_halves_of_postcodes() {
        let places: Places = "lu3, LU1 lu1".parse().unwrap();
        assert_eq!(places.to_string(), "LU1, LU3");
        assert!(places.has("LU1") && !places.has("LU2"));
        assert!(Places::default().has("LU2"));
        assert_eq!("Luton".parse::<Places>().unwrap_err(), "the first half of a postcode such as LU1, not Luton");
    }
}
