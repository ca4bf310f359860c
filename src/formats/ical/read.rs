//! Reading calendars: bytes go in, series of events come out, each with what of it was left out.
//!
//! Nobody's own data comes out: of an organiser only a name, which may be that of an organisation,
//! of those invited only how many they are. What is marked private does not come out at all.
//! Hostile calendars are bounded: nesting is not followed, lists end, and a calendar with too many
//! events is refused.

mod changes;
mod series;
mod zones;

use std::collections::HashMap;

use chrono::NaiveDateTime;
use chrono_tz::Tz;

use self::{
    series::{Named, Raw},
    zones::Zones,
};
use super::{
    properties::{self as lines, Property},
    times,
};
use crate::model::tidy::Dropped;

/// A calendar has at most so many bytes.
pub const LARGEST: u64 = 64 << 20;
/// A calendar has at most so many events, single changed dates included.
pub const MOST_EVENTS: usize = 50_000;
/// Of each kind of list in an event, at most so many items are taken.
pub const MOST_DATES: usize = 2_000;

const DEEPEST: usize = 16;

/// What a file of calendars holds.
#[derive(Debug, Default)]
pub struct Calendar {
    /// Its events, in the order of the file.
    pub events: Vec<Series>,
    /// What was not taken.
    pub problems: Vec<Problem>,
    /// Whether it is there to its end: what a calendar that was cut short does not have may be gone, or not.
    pub whole: bool,
}

/// Something that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line of the file, from 1.
    pub line: u64,
    /// What it is about.
    pub path: String,
    /// Why it was not taken.
    pub reason: String,
    /// Whether it is an event, or only something besides.
    pub rejected: bool,
    /// What its source calls the event that it is about, where it is about one.
    pub uid: Option<String>,
}

/// Where a problem stands that an event has because it is marked private.
pub const PRIVATE: &str = "CLASS";

/// Whether an event takes place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// It does.
    #[default]
    Scheduled,
    /// It does not.
    Cancelled,
}

/// An event, or a series of dates.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Line of the file on which it begins, from 1.
    pub line: u64,
    /// What the calendar is called.
    pub calendar: Option<String>,
    /// What its source calls it.
    pub uid: Option<String>,
    /// Which version of it, and when that was written: larger is later.
    pub version: (u64, String),
    /// What it is called.
    pub name: Option<String>,
    /// What happens, in words.
    pub description: Option<String>,
    /// A page about it.
    pub url: Option<String>,
    /// Where to join on the internet.
    pub online: Option<String>,
    /// Where it is, in words.
    pub place: Option<String>,
    /// Degrees north and east.
    pub position: Option<(f64, f64)>,
    /// Its categories, in words.
    pub categories: Vec<String>,
    /// The name beside the organiser's address. It may be a person's.
    pub organizer: Option<String>,
    /// Whether it takes place.
    pub status: Status,
    /// Start of the first date, on the clock of the zone.
    pub start: NaiveDateTime,
    /// End of the first date, on the clock of the zone. A whole day ends at 23:59.
    pub end: NaiveDateTime,
    /// Whether it takes whole days, without hours.
    pub whole_days: bool,
    /// The zone of all its times.
    pub zone: Tz,
    /// When it comes round: a rule without its name.
    pub rule: Option<String>,
    /// Starts of dates that are left out.
    pub without: Vec<NaiveDateTime>,
    /// Starts of further dates.
    pub with: Vec<NaiveDateTime>,
    /// Single dates that were changed.
    pub changes: Vec<Change>,
    /// What of it was left out.
    pub dropped: Vec<Dropped>,
}

/// A changed date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its start as the rule has it.
    pub start: NaiveDateTime,
    /// Whether it does not take place.
    pub cancelled: bool,
    /// Its new start and end, when it was moved in time.
    pub moved: Option<(NaiveDateTime, NaiveDateTime)>,
    /// Its new place, when that changed.
    pub place: Option<String>,
    /// What people should know.
    pub note: Option<String>,
}

/// Whether a file begins as a calendar does.
pub fn is_calendar(start: &[u8]) -> bool {
    let start = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start).trim_ascii_start();
    start.get(..15).is_some_and(|start| start.eq_ignore_ascii_case(b"BEGIN:VCALENDAR"))
}

/// Read every calendar in `bytes`.
/// # Errors
/// Why the file is refused as a whole: nesting without end, or too many events.
///
/// ```
/// use fingerpost::formats::ical::read::read;
/// let calendar = read(b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1@hall.example.org\r\nSUMMARY:Soup\r\n\
///     DTSTART;TZID=Europe/London:20261203T120000\r\nDURATION:PT1H\r\nRRULE:FREQ=WEEKLY\r\n\
///     END:VEVENT\r\nEND:VCALENDAR\r\n").unwrap();
/// let soup = &calendar.events[0];
/// assert_eq!((soup.name.as_deref(), soup.end.to_string().as_str()), (Some("Soup"), "2026-12-03 13:00:00"));
/// ```
pub fn read(bytes: &[u8]) -> Result<Calendar, Problem> {
    let mut reader = Reader::default();
    let (mut unread, mut first_unread) = (0_u64, 0);
    for line in lines::lines(bytes) {
        match line {
            Ok(property) => reader.take(property)?,
            Err(line) => {
                unread += 1;
                first_unread = if first_unread == 0 { line } else { first_unread };
            }
        }
    }
    let ends = reader.open.is_empty() && !reader.calendars.is_empty();
    reader.leave_open_event("the file ends in the middle of it: it was cut short");
    reader.out.whole = ends && !reader.broken;
    if unread > 0 {
        let reason = format!("is not a calendar line (NAME:value); there are {unread} such lines in total");
        reader.out.problems.push(Problem { line: first_unread, path: String::new(), reason, rejected: false, uid: None });
    }
    for (name, (line, count)) in &reader.passed_over {
        let reason = format!("only events are imported, not tasks or journals ({count} here)");
        reader.out.problems.push(Problem { line: *line, path: name.clone(), reason, rejected: false, uid: None });
    }
    Ok(reader.finish())
}

#[derive(Default)]
struct Reader {
    open: Vec<String>,
    event: Option<Raw>,
    calendars: Vec<Named>,
    events: Vec<Raw>,
    zones: Zones,
    passed_over: std::collections::BTreeMap<String, (u64, u64)>,
    /// Whether something did not end where it should have.
    broken: bool,
    out: Calendar,
}

impl Reader {
    fn take(&mut self, property: Property) -> Result<(), Problem> {
        match property.name.as_str() {
            "BEGIN" => return self.begin(&property),
            "END" => self.end(&property.value.trim().to_ascii_uppercase()),
            _ => match (self.open.last().map(String::as_str), &mut self.event) {
                // More properties than an event can mean are not kept.
                (Some("VEVENT"), Some(event)) if event.properties.len() < 2 * MOST_DATES => event.properties.push(property),
                (Some("VCALENDAR"), _) => self.about_calendar(&property),
                (Some(part @ ("VTIMEZONE" | "STANDARD" | "DAYLIGHT")), None) => self.zones.take(part, &property),
                _ => {}
            },
        }
        Ok(())
    }

    fn begin(&mut self, property: &Property) -> Result<(), Problem> {
        let name = property.value.trim().to_ascii_uppercase();
        let refuse =
            |reason: String| Err(Problem { line: property.line, path: String::new(), reason, rejected: true, uid: None });
        if name == "VCALENDAR" {
            self.leave_open_event("the calendar around it ends before it does");
            self.broken |= !self.open.is_empty();
            self.open.clear();
            self.calendars.push(Named::default());
        }
        if name == "VEVENT" {
            if self.event.is_some() {
                self.leave_open_event("the next event begins before it ends");
                self.open.retain(|open| open != "VEVENT");
            }
            if self.events.len() >= MOST_EVENTS {
                return refuse(format!("the calendar has more than {MOST_EVENTS} events"));
            }
            let calendar = self.calendars.len().saturating_sub(1);
            self.event = Some(Raw { line: property.line, calendar, properties: Vec::new() });
        }
        if name == "VTIMEZONE" {
            self.zones.begin();
        }
        if ["VTODO", "VJOURNAL", "VFREEBUSY"].contains(&name.as_str()) {
            self.passed_over.entry(name.clone()).or_insert((property.line, 0)).1 += 1;
        }
        if self.open.len() >= DEEPEST {
            return refuse(format!("components are nested more than {DEEPEST} deep here, which no real calendar needs"));
        }
        self.open.push(name);
        Ok(())
    }

    fn end(&mut self, name: &str) {
        if name == "VEVENT"
            && let Some(event) = self.event.take()
        {
            self.events.push(event);
        } else if name == "VCALENDAR" {
            self.leave_open_event("the calendar around it ends before it does");
        } else if name == "VTIMEZONE" {
            self.zones.end(self.calendars.len().saturating_sub(1));
        }
        // What was opened within it and never closed ends with it.
        if let Some(at) = self.open.iter().rposition(|open| open == name) {
            self.open.truncate(at);
        }
    }

    fn leave_open_event(&mut self, reason: &str) {
        if let Some(event) = self.event.take() {
            self.broken = true;
            self.out.problems.push(Problem {
                line: event.line,
                path: String::new(),
                reason: format!("has no END:VEVENT; {reason}"),
                rejected: true,
                uid: event.uid(),
            });
        }
    }

    fn about_calendar(&mut self, property: &Property) {
        let Some(calendar) = self.calendars.last_mut() else { return };
        match property.name.as_str() {
            "X-WR-CALNAME" | "NAME" if calendar.name.is_none() => {
                calendar.name = Some(property.text()).filter(|name| !name.trim().is_empty());
            }
            // Sent to those who have its events, to take them back.
            "METHOD" => calendar.cancels = property.text().trim().eq_ignore_ascii_case("CANCEL"),
            "X-WR-TIMEZONE" => calendar.zone = times::zone(&property.text()),
            _ => {}
        }
    }

    /// Make series of the events that were read: a changed date joins its series.
    fn finish(mut self) -> Calendar {
        for event in &mut self.events {
            event.properties.iter_mut().for_each(|property| self.zones.resolve(event.calendar, property));
        }
        let (changed, mut series): (Vec<Raw>, Vec<Raw>) =
            std::mem::take(&mut self.events).into_iter().partition(|event| event.find("RECURRENCE-ID").is_some());
        let uids: std::collections::HashSet<String> = series.iter().filter_map(Raw::uid).collect();
        let mut changes: HashMap<String, Vec<Raw>> = HashMap::new();
        for event in changed {
            match event.uid().filter(|uid| uids.contains(uid)) {
                Some(uid) => changes.entry(uid).or_default().push(event),
                // A date whose series is not in the file stands for itself.
                None => series.push(event),
            }
        }
        // What changes all later dates takes single changes of these with it.
        let in_order = |event: &Raw| (changes::changes_all_later(event), event.version());
        for of_one in changes.values_mut() {
            of_one.sort_by_key(in_order);
        }
        series.sort_by_key(|event| event.line);
        let newest = newest(&series);
        for event in series {
            let named = self.calendars.get(event.calendar).cloned().unwrap_or_default();
            let line = event.line;
            match series::series(&event, &named) {
                Ok(Some(mut series)) => {
                    let mut later = Vec::new();
                    if event.find("RECURRENCE-ID").is_none() {
                        let uid = event.uid().filter(|uid| newest.get(uid).is_some_and(|(_, newest)| *newest == line));
                        for change in uid.and_then(|uid| changes.remove(&uid)).into_iter().flatten() {
                            later.extend(changes::change(&change, &named, &mut series));
                        }
                    }
                    self.out.events.push(series);
                    self.out.events.extend(later);
                }
                Ok(None) => {
                    let reason = "is marked private, so it was not imported".to_owned();
                    self.out.problems.push(Problem {
                        line,
                        path: PRIVATE.to_owned(),
                        reason,
                        rejected: false,
                        uid: event.name(),
                    });
                }
                Err(reason) => {
                    let uid = event.name();
                    self.out.problems.push(Problem { line, path: String::new(), reason, rejected: true, uid });
                }
            }
        }
        self.out
    }
}

/// The version of each series that was written last, and the line on which it begins: that one has the changed dates.
fn newest(series: &[Raw]) -> HashMap<String, ((u64, String), u64)> {
    let mut newest: HashMap<String, ((u64, String), u64)> = HashMap::new();
    for event in series.iter().filter(|event| event.find("RECURRENCE-ID").is_none()) {
        let Some(uid) = event.uid() else { continue };
        let this = (event.version(), event.line);
        if newest.get(&uid).is_none_or(|known| *known < this) {
            newest.insert(uid, this);
        }
    }
    newest
}

/// Each event once, in its latest version, of equal ones the last in the file; and the earlier ones. `name` tells events
/// apart.
pub fn latest(events: Vec<Series>, name: impl Fn(&Series) -> String) -> (Vec<Series>, Vec<Series>) {
    let mut at: HashMap<String, usize> = HashMap::new();
    let (mut latest, mut earlier): (Vec<Series>, Vec<Series>) = (Vec::with_capacity(events.len()), Vec::new());
    for event in events {
        match at.get(&name(&event)) {
            Some(known) if latest[*known].version <= event.version => {
                earlier.push(std::mem::replace(&mut latest[*known], event));
            }
            Some(_) => earlier.push(event),
            None => {
                at.insert(name(&event), latest.len());
                latest.push(event);
            }
        }
    }
    (latest, earlier)
}

#[cfg(test)]
mod tests;
