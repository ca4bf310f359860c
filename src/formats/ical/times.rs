//! Dates, times, zones and lengths of time, as calendars write them.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone as _};
use chrono_tz::Tz;

use super::properties::Property;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// A moment as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stamp {
    /// A whole day.
    Day(NaiveDate),
    /// On whatever clock hangs on the wall.
    Local(NaiveDateTime),
    /// In a zone.
    Zoned(NaiveDateTime, Tz),
}

impl Stamp {
    /// On the clock of `zone`. A day begins at midnight.
    pub(super) fn on_the_clock_of(self, zone: Tz) -> NaiveDateTime {
        match self {
            Self::Day(day) => day.and_time(NaiveTime::MIN),
            Self::Local(at) => at,
            Self::Zoned(at, own) if own == zone => at,
            Self::Zoned(at, own) => {
                // An hour that a clock leaves out in spring is read as the one behind it.
                let found = own.from_local_datetime(&at);
                let found = found.earliest().or_else(|| own.from_local_datetime(&(at + TimeDelta::hours(1))).earliest());
                found.map_or(at, |found| found.with_timezone(&zone).naive_local())
            }
        }
    }
}

/// A value, or a list of them, of a property; and a zone that it names and nobody knows.
pub(super) struct Stamps {
    pub(super) read: Vec<Stamp>,
    /// How many could not be read.
    pub(super) unread: usize,
    pub(super) unknown_zone: Option<String>,
}

/// A length of time as it was written: days by the calendar, and hours by the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Length {
    days: i64,
    rest: TimeDelta,
}

impl Length {
    /// So long after a moment on the clock of `zone`: a day later it shows the same time, and hours are as long as they
    /// are in a night in which the clocks change.
    pub(super) fn after(self, start: NaiveDateTime, zone: Tz) -> Option<NaiveDateTime> {
        let day = start.checked_add_signed(TimeDelta::days(self.days))?;
        let begins = zone.from_local_datetime(&day).earliest();
        match begins.filter(|_| !self.rest.is_zero()) {
            Some(begins) => Some(begins.checked_add_signed(self.rest)?.naive_local()),
            None => day.checked_add_signed(self.rest),
        }
    }
}

/// How a period of a list ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    /// At a moment.
    At(Stamp),
    /// After so long.
    After(Length),
}

/// The periods of a property ("20261201T100000Z/PT2H"), at most `most`, and how many have an end that cannot be read.
pub(super) fn periods(property: &Property, most: usize) -> (Vec<(Stamp, Ends)>, usize) {
    let zone = property.parameter("TZID").and_then(zone);
    let (mut read, mut unread) = (Vec::new(), 0);
    for (start, end) in property.value.split(',').filter_map(|text| text.trim().split_once('/')).take(most) {
        let ends = lasting(end).map(Ends::After).or_else(|| stamp(end, zone).map(Ends::At));
        match (stamp(start, zone), ends) {
            (Some(start), Some(ends)) => read.push((start, ends)),
            // A start that cannot be read is told with the other dates.
            (None, _) => {}
            (Some(_), None) => unread += 1,
        }
    }
    (read, unread)
}

/// Read the dates of a property, at most `most`.
/// Of a date that is left out the day will do where its time cannot be read: people must not come to it.
pub(super) fn stamps(property: &Property, most: usize) -> Stamps {
    let named = property.parameter("TZID").filter(|name| !name.is_empty());
    let zone = named.and_then(zone);
    let mut found = Stamps { read: Vec::new(), unread: 0, unknown_zone: named.filter(|_| zone.is_none()).map(str::to_owned) };
    for text in property.value.split(',').map(str::trim).filter(|text| !text.is_empty()) {
        // How long a period lasts is read apart.
        let read = stamp(text.split('/').next().unwrap_or(text), zone);
        let roughly = || if property.name == "EXDATE" { day_of(text) } else { None };
        match read.or_else(roughly) {
            Some(stamp) if found.read.len() < most => found.read.push(stamp),
            _ => found.unread += 1,
        }
    }
    found
}

/// The day of a date whose time cannot be read: "20261224T12h".
fn day_of(text: &str) -> Option<Stamp> {
    let digits: String = text.trim().chars().take(10).filter(|c| *c != '-').take(8).collect();
    stamp(&digits, None).filter(|stamp| matches!(stamp, Stamp::Day(_)))
}

/// "20261201", "20261201T100000", "20261201T090000Z"; dashes and colons are forgiven.
fn stamp(text: &str, zone: Option<Tz>) -> Option<Stamp> {
    if text.len() > 40 || !text.is_ascii() {
        return None;
    }
    let text: String = text.chars().filter(|c| !matches!(c, '-' | ':' | ' ')).collect::<String>().to_ascii_uppercase();
    let (day, time) = text.split_once('T').map_or((text.as_str(), None), |(day, time)| (day, Some(time)));
    if day.len() != 8 || !day.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let day = NaiveDate::parse_from_str(day, "%Y%m%d").ok()?;
    let Some(time) = time else { return Some(Stamp::Day(day)) };
    let (digits, utc) = time.strip_suffix('Z').map_or((time, false), |digits| (digits, true));
    if !matches!(digits.len(), 4 | 6) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |at: usize| digits.get(at..at + 2).map_or(Some(0), |two| two.parse::<u32>().ok());
    let (hours, minutes, seconds) = (part(0)?, part(2)?, part(4)?.min(59));
    let at = if (hours, minutes) == (24, 0) {
        day.succ_opt()?.and_time(NaiveTime::MIN)
    } else {
        day.and_hms_opt(hours, minutes, seconds)?
    };
    Some(match zone {
        _ if utc => Stamp::Zoned(at, Tz::UTC),
        Some(zone) => Stamp::Zoned(at, zone),
        None => Stamp::Local(at),
    })
}

/// What Windows calls zones, as far as calendars here use them. Source: Unicode CLDR, windowsZones.xml,
/// territory 001.
const WINDOWS: [(&str, Tz); 22] = [
    ("gmt standard time", Tz::Europe__London),
    ("greenwich mean time", Tz::Europe__London),
    ("british summer time", Tz::Europe__London),
    ("bst", Tz::Europe__London),
    ("greenwich standard time", Tz::Atlantic__Reykjavik),
    ("utc", Tz::UTC),
    ("coordinated universal time", Tz::UTC),
    ("w. europe standard time", Tz::Europe__Berlin),
    ("romance standard time", Tz::Europe__Paris),
    ("central europe standard time", Tz::Europe__Budapest),
    ("central european standard time", Tz::Europe__Warsaw),
    ("e. europe standard time", Tz::Europe__Chisinau),
    ("fle standard time", Tz::Europe__Kyiv),
    ("gtb standard time", Tz::Europe__Bucharest),
    ("turkey standard time", Tz::Europe__Istanbul),
    ("india standard time", Tz::Asia__Kolkata),
    ("pakistan standard time", Tz::Asia__Karachi),
    ("bangladesh standard time", Tz::Asia__Dhaka),
    ("eastern standard time", Tz::America__New_York),
    ("central standard time", Tz::America__Chicago),
    ("mountain standard time", Tz::America__Denver),
    ("pacific standard time", Tz::America__Los_Angeles),
];

/// The zone of this name: IANA's, one with a path before it (`/mozilla.org/20070129_1/Europe/London`),
/// or what Windows and Outlook call it.
pub(super) fn zone(name: &str) -> Option<Tz> {
    let name = name.trim().trim_matches('"');
    let parts: Vec<&str> = name.trim_matches('/').split('/').collect();
    let tails = (1..=parts.len().min(3)).rev().map(|count| parts[parts.len() - count..].join("/"));
    if let Some(zone) = tails.filter(|tail| tail.len() > 2).find_map(|tail| tail.parse().ok()) {
        // "GMT" and "GB" in a calendar of ours mean the clock on the wall here.
        let here = matches!(zone, Tz::GMT | Tz::GB | Tz::Etc__GMT | Tz::Europe__Belfast);
        return Some(if here { Tz::Europe__London } else { zone });
    }
    let lower = name.to_lowercase();
    if lower.contains("london") || lower.contains("edinburgh") {
        return Some(Tz::Europe__London);
    }
    WINDOWS.iter().find(|(known, _)| *known == lower).map(|(_, zone)| *zone)
}

/// "PT1H30M", "P1D", "P2W": a length of time from nothing to a year.
pub(in crate::formats) fn length(text: &str) -> Option<TimeDelta> {
    lasting(text).map(|length| TimeDelta::days(length.days) + length.rest)
}

/// The same, days and hours apart.
pub(super) fn lasting(text: &str) -> Option<Length> {
    let text = text.trim().to_ascii_uppercase();
    let rest = text.strip_prefix('+').unwrap_or(&text).strip_prefix('P')?;
    let (mut days, mut seconds, mut number) = (0_i64, 0_i64, String::new());
    let mut any = false;
    for c in rest.chars() {
        let unit = match c {
            '0'..='9' if number.len() < 9 => {
                number.push(c);
                continue;
            }
            'T' if number.is_empty() => continue,
            'W' => 7 * DAY,
            'D' => DAY,
            'H' => 3_600,
            'M' => 60,
            'S' => 1,
            _ => return None,
        };
        let many = number.parse::<i64>().ok()? * unit;
        if unit < DAY {
            seconds += many;
        } else {
            days += many / DAY;
        }
        number.clear();
        any = true;
    }
    let bounded = days * DAY + seconds <= 366 * DAY;
    (any && number.is_empty() && bounded).then(|| Length { days, rest: TimeDelta::seconds(seconds) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn moments_are_read_as_calendars_write_them() {
        let read = |text: &str| stamp(text, None).map(|stamp| stamp.on_the_clock_of(Tz::Europe__London).to_string());
        assert_eq!(read("20261201").as_deref(), Some("2026-12-01 00:00:00"));
        assert_eq!(read("20261201T100000").as_deref(), Some("2026-12-01 10:00:00"));
        assert_eq!(read("20260701T090000Z").as_deref(), Some("2026-07-01 10:00:00"), "summer time");
        assert_eq!(read("2026-12-01T10:00:00").as_deref(), Some("2026-12-01 10:00:00"));
        assert_eq!(read("20261201T240000").as_deref(), Some("2026-12-02 00:00:00"));
        for wrong in
            ["20261301", "20260230T100000", "tomorrow", "20261201T2500", "99999999T999999", "", "2026120", "20261201T10000"]
        {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        let paris = stamp("20261201T100000", zone("Romance Standard Time")).unwrap();
        assert_eq!(paris.on_the_clock_of(Tz::Europe__London).to_string(), "2026-12-01 09:00:00");
        for roughly in ["20261224T12h", "2026-12-24T12.30.00", "20261224T120000+0000"] {
            assert_eq!(day_of(roughly), stamp("20261224", None), "{roughly}");
        }
        assert_eq!(["24/12/2026", "20261301T10", "soon", "2026122", ""].map(day_of), [None; 5]);
        let left_out = stamp("20260329T013000", Some(Tz::Europe__London)).unwrap();
        assert_eq!(left_out.on_the_clock_of(Tz::UTC).to_string(), "2026-03-29 01:30:00");
    }

    #[test]
    fn zones_are_known_by_their_many_names() {
        for london in [
            "Europe/London",
            "/Europe/London",
            "/mozilla.org/20070129_1/Europe/London",
            "GMT Standard Time",
            "(UTC+00:00) Dublin, Edinburgh, Lisbon, London",
            "GMT",
            "\"Europe/London\"",
        ] {
            assert_eq!(zone(london), Some(Tz::Europe__London), "{london}");
        }
        assert_eq!(
            (zone("W. Europe Standard Time"), zone("America/Argentina/Buenos_Aires")),
            (Some(Tz::Europe__Berlin), Some(Tz::America__Argentina__Buenos_Aires))
        );
        for unknown in ["Customized Time Zone", "tzone://Microsoft/Custom", "", "/", "Mars/Olympus"] {
            assert_eq!(zone(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn lengths_are_bounded() {
        assert_eq!(length("PT1H30M"), Some(TimeDelta::minutes(90)));
        assert_eq!((length("P1W"), length("P1DT2H")), (Some(TimeDelta::weeks(1)), Some(TimeDelta::hours(26))));
        for wrong in ["-PT1H", "PT", "P", "1H", "P9999999999D", "P400D", "PT1X", "P999999999W"] {
            assert_eq!(length(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_them_panic(text in "[0-9TZ:/-]{0,24}|\\PC{0,20}", other in "P[0-9WDTHMS]{0,30}") {
            let _ = (zone(&text), length(&other), length(&text));
            for zone in [None, Some(Tz::Europe__London)] {
                if let Some(stamp) = stamp(&text, zone) {
                    let _ = (stamp.on_the_clock_of(Tz::UTC), stamp.on_the_clock_of(Tz::Pacific__Apia));
                }
            }
        }
    }
}
