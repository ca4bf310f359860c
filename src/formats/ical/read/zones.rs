//! Zones that a calendar defines under names of its own ("Luton office time", "Customized Time Zone"). They are told by
//! the place that they name, or by how far their clocks are from UTC in winter and in summer.

use std::collections::HashMap;

use chrono_tz::Tz;

use super::super::{properties::Property, times};

/// Of a calendar's zones, at most so many are kept.
const MOST: usize = 200;
/// Zones with summer time that calendars here name, by their hours from UTC in winter.
const WITH_SUMMER_TIME: [(i32, Tz); 7] = [
    (0, Tz::Europe__London),
    (1, Tz::Europe__Paris),
    (2, Tz::Europe__Athens),
    (-5, Tz::America__New_York),
    (-6, Tz::America__Chicago),
    (-7, Tz::America__Denver),
    (-8, Tz::America__Los_Angeles),
];

/// The zones of a file, by the calendar that defines them and their name.
#[derive(Debug, Default)]
pub(super) struct Zones {
    known: HashMap<(usize, String), Tz>,
    open: Defined,
}

/// A zone whose definition is being read.
#[derive(Debug, Default)]
struct Defined {
    name: String,
    place: Option<Tz>,
    /// How many minutes its clocks are from UTC in winter and in summer.
    standard: Option<i32>,
    daylight: Option<i32>,
}

impl Zones {
    /// A definition begins.
    pub(super) fn begin(&mut self) {
        self.open = Defined::default();
    }

    /// A line within it, or within the part of it called `part`.
    pub(super) fn take(&mut self, part: &str, property: &Property) {
        let offset = || minutes(&property.value);
        match (part, property.name.as_str()) {
            // Of several parts for several years, the last is in force.
            ("STANDARD", "TZOFFSETTO") => self.open.standard = offset().or(self.open.standard),
            ("DAYLIGHT", "TZOFFSETTO") => self.open.daylight = offset().or(self.open.daylight),
            ("VTIMEZONE", "TZID") => property.text().trim().clone_into(&mut self.open.name),
            ("VTIMEZONE", "X-LIC-LOCATION") => self.open.place = times::zone(&property.text()),
            _ => {}
        }
    }

    /// The definition has ended; it belongs to this calendar.
    pub(super) fn end(&mut self, calendar: usize) {
        let defined = std::mem::take(&mut self.open);
        if let Some(zone) = defined.zone().filter(|_| self.known.len() < MOST) {
            self.known.insert((calendar, defined.name), zone);
        }
    }

    /// Name the zone of a date by the name that everybody knows, where the calendar has its own.
    pub(super) fn resolve(&self, calendar: usize, property: &mut Property) {
        if self.known.is_empty() {
            return;
        }
        let of_zone = property.parameters.iter_mut().find(|(name, _)| name == "TZID");
        if let Some((_, own)) = of_zone.filter(|(_, own)| times::zone(own).is_none())
            && let Some(zone) = self.known.get(&(calendar, own.clone()))
        {
            zone.name().clone_into(own);
        }
    }
}

impl Defined {
    fn zone(&self) -> Option<Tz> {
        let (winter, summer) = (self.standard, self.daylight);
        let by_offsets = || {
            let winter = winter?;
            let hours = Some(winter / 60).filter(|_| winter % 60 == 0)?;
            match summer {
                Some(summer) if summer == winter + 60 => {
                    WITH_SUMMER_TIME.iter().find(|(known, _)| *known == hours).map(|(_, zone)| *zone)
                }
                Some(summer) if summer != winter => None,
                // West of Greenwich is positive in these names.
                _ if hours == 0 => Some(Tz::UTC),
                _ => format!("Etc/GMT{:+}", -hours).parse().ok(),
            }
        };
        self.place.or_else(by_offsets)
    }
}

/// "+0100", "-0330" in minutes.
fn minutes(text: &str) -> Option<i32> {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let part = |from: usize| digits.get(from..from + 2)?.parse::<i32>().ok();
    Some(sign * (part(0)? * 60 + part(2)?))
}
