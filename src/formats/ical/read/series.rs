//! One event of a calendar as a series of dates, with what of it was left out.

use chrono::{NaiveDateTime, TimeDelta};
use chrono_tz::Tz;

use super::{
    super::{
        properties::{self as lines, Property},
        times::{self, Ends, Stamp},
    },
    Change, MOST_DATES, Series, Status,
};
use crate::model::{text::shorten, tidy::Dropped};

const LONGEST_RULE: usize = 500;
/// The zone of times that name none, in a calendar that names none.
const HERE: Tz = Tz::Europe__London;

/// What a calendar says of itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Named {
    pub(super) name: Option<String>,
    pub(super) zone: Option<Tz>,
    /// Whether what is in it does not take place.
    pub(super) cancels: bool,
}

/// An event whose lines have been read.
#[derive(Debug)]
pub(super) struct Raw {
    pub(super) line: u64,
    pub(super) calendar: usize,
    pub(super) properties: Vec<Property>,
}

impl Raw {
    pub(super) fn find(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.name == name)
    }

    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Property> {
        self.properties.iter().filter(move |property| property.name == name)
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.find(name).map(Property::text).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    pub(super) fn uid(&self) -> Option<String> {
        self.text("UID")
    }

    /// What tells it from all others: a date whose series is not in the file is called after both.
    pub(super) fn name(&self) -> Option<String> {
        match (self.uid(), self.find("RECURRENCE-ID")) {
            (Some(uid), Some(date)) => Some(format!("{uid}/{}", date.value.trim())),
            (uid, _) => uid,
        }
    }

    pub(super) fn version(&self) -> (u64, String) {
        let number = self.text("SEQUENCE").and_then(|text| text.parse().ok()).unwrap_or(0);
        (number, self.text("DTSTAMP").unwrap_or_default())
    }
}

/// What is left out of one event.
pub(super) struct Left(pub(super) Vec<Dropped>);

impl Left {
    pub(super) fn out(&mut self, path: &str, reason: impl Into<String>) {
        self.0.push(Dropped { path: path.to_owned(), reason: reason.into() });
    }
}

/// One event as a series; `None` for a private one.
pub(super) fn series(event: &Raw, named: &Named) -> Result<Option<Series>, String> {
    if event.text("CLASS").is_some_and(|class| ["PRIVATE", "CONFIDENTIAL"].contains(&class.to_ascii_uppercase().as_str())) {
        return Ok(None);
    }
    let mut left = Left(Vec::new());
    for property in
        event.properties.iter().filter(|property| property.cut && property.name != "ATTACH" && !property.name.starts_with("X-"))
    {
        left.out(&property.name, format!("is longer than {} KiB; the rest was cut off", lines::LONGEST >> 10));
    }
    let here = named.zone.unwrap_or(HERE);
    let begins = one_stamp(event, "DTSTART", here, &mut left)?.ok_or("DTSTART: the start is missing")?;
    let repeats = event.find("RRULE").is_some() || event.find("RDATE").is_some();
    let zone = match begins {
        // A series that goes by UTC moves on the clocks here, so it keeps its zone.
        Stamp::Zoned(_, Tz::UTC) if repeats => Tz::UTC,
        Stamp::Zoned(_, Tz::UTC) | Stamp::Local(_) => here,
        Stamp::Zoned(_, zone) => zone,
        // Nobody's days go by UTC: that is a calendar whose clock was never set.
        Stamp::Day(_) => Some(here).filter(|here| *here != Tz::UTC).unwrap_or(HERE),
    };
    let (start, end) = span(event, begins, zone, &mut left)?;
    let whole_days = matches!(begins, Stamp::Day(_));
    let mut dates = |name: &'static str| dates(event, name, start, zone, whole_days, &mut left);
    let (without, with) = (dates("EXDATE")?, dates("RDATE")?);
    let changes = longer_or_shorter(event, (start, end), zone, whole_days, &mut left);
    if let Some(Err(reason)) = event.find("RECURRENCE-ID").map(|_| one_stamp(event, "RECURRENCE-ID", zone, &mut Left(Vec::new())))
    {
        let reason = reason.trim_start_matches("RECURRENCE-ID: ");
        left.out("RECURRENCE-ID", format!("{reason}, so the event stands for itself"));
    }
    let rule = rule(event, &mut left)?;
    let online = online(event, &mut left);
    let place = event.text("LOCATION").filter(|place| !is_web_address(place));
    if event.text("STATUS").is_some_and(|status| status.eq_ignore_ascii_case("TENTATIVE")) {
        left.out("STATUS", "is tentative, which a directory cannot say; the event is shown as taking place");
    }
    leave_people_out(event, &mut left);
    Ok(Some(Series {
        line: event.line,
        calendar: named.name.clone(),
        uid: event.name(),
        version: event.version(),
        name: event.text("SUMMARY").map(|text| on_one_line(&without_markup(&text))),
        // Outlook has the words in HTML as well, and sometimes only there.
        description: event.text("DESCRIPTION").or_else(|| event.text("X-ALT-DESC")).map(|text| without_markup(&text)),
        url: event.text("URL"),
        online,
        place,
        position: position(event, &mut left),
        categories: event.all("CATEGORIES").flat_map(Property::texts).take(100).collect(),
        organizer: event.find("ORGANIZER").and_then(|organizer| organizer.parameter("CN")).map(str::to_owned),
        status: if named.cancels || is_cancelled(event) { Status::Cancelled } else { Status::Scheduled },
        start,
        end,
        whole_days,
        zone,
        rule,
        without,
        with,
        changes,
        dropped: left.0,
    }))
}

/// A date or time; one in a zone that nobody knows is on the clock of `here`.
pub(super) fn one_stamp(event: &Raw, name: &str, here: Tz, left: &mut Left) -> Result<Option<Stamp>, String> {
    let Some(property) = event.find(name) else { return Ok(None) };
    let found = times::stamps(property, 1);
    if let Some(zone) = found.unknown_zone {
        left.out(name, format!("the time zone {:?} is not known; the time is read as {} time", shorten(&zone, 60), here.name()));
    }
    match found.read.first() {
        Some(stamp) => Ok(Some(*stamp)),
        None => Err(format!("{name}: {:?} is not a date or time", shorten(&property.value, 60))),
    }
}

/// Start and end on the clock of the zone.
fn span(event: &Raw, begins: Stamp, zone: Tz, left: &mut Left) -> Result<(NaiveDateTime, NaiveDateTime), String> {
    let start = begins.on_the_clock_of(zone);
    let whole_days = matches!(begins, Stamp::Day(_));
    let ends = match one_stamp(event, "DTEND", zone, left) {
        Ok(ends) => ends.map(|ends| ends.on_the_clock_of(zone)),
        Err(reason) => {
            left.out("DTEND", reason.trim_start_matches("DTEND: "));
            None
        }
    };
    let lasts = event.text("DURATION").and_then(|text| {
        let length = times::lasting(&text);
        if length.is_none() {
            left.out("DURATION", format!("{:?} is not a duration", shorten(&text, 60)));
        }
        length
    });
    let end = ends.or_else(|| lasts?.after(start, zone));
    let end = if whole_days {
        // The last day is the one before DTEND, to its end.
        let end = end.filter(|end| *end > start).or_else(|| start.checked_add_signed(TimeDelta::days(1)));
        end.and_then(|end| end.checked_sub_signed(TimeDelta::minutes(1))).unwrap_or(start)
    } else {
        end.unwrap_or(start)
    };
    if end < start { Err("DTEND: it ends before it begins".to_owned()) } else { Ok((start, end)) }
}

/// The dates of a list. A day in the list of an event with hours means the date of that day. An event of whose dates some
/// are left out that cannot be read is not taken: people would come to these. A further date that cannot be read is told.
fn dates(
    event: &Raw,
    name: &str,
    start: NaiveDateTime,
    zone: Tz,
    whole_days: bool,
    left: &mut Left,
) -> Result<Vec<NaiveDateTime>, String> {
    let (mut found, mut unread, mut unknown) = (Vec::new(), 0, None);
    for property in event.all(name) {
        let stamps = times::stamps(property, MOST_DATES - found.len());
        unread += stamps.unread;
        unknown = unknown.or(stamps.unknown_zone);
        found.extend(stamps.read.into_iter().map(|stamp| on_the_clock(stamp, start, zone, whole_days)));
    }
    if unread > 0 {
        let reason = format!("{unread} dates could not be read, or are more than {MOST_DATES}");
        if name == "EXDATE" {
            return Err(format!("EXDATE: {reason}, so nobody can say which dates take place"));
        }
        left.out(name, reason);
    }
    if let Some(zone) = unknown {
        left.out(
            name,
            format!("the time zone {:?} is not known; the times are read in the time zone of the event", shorten(&zone, 60)),
        );
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// Further dates that say themselves how long they last (`RDATE;VALUE=PERIOD`), where that is not as long as the first.
fn longer_or_shorter(
    event: &Raw,
    (start, end): (NaiveDateTime, NaiveDateTime),
    zone: Tz,
    whole_days: bool,
    left: &mut Left,
) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    let mut unread = 0;
    for property in event.all("RDATE") {
        let (periods, without_end) = times::periods(property, MOST_DATES - changes.len());
        unread += without_end;
        for (stamp, ends) in periods {
            let begins = on_the_clock(stamp, start, zone, whole_days);
            let ends = match ends {
                Ends::At(stamp) => Some(stamp.on_the_clock_of(zone)),
                Ends::After(length) => length.after(begins, zone),
            };
            match ends.filter(|ends| *ends >= begins && !whole_days) {
                Some(ends) if ends - begins != end - start => {
                    changes.push(Change {
                        start: begins,
                        cancelled: false,
                        moved: Some((begins, ends)),
                        place: None,
                        note: None,
                    });
                }
                Some(_) => {}
                None => unread += 1,
            }
        }
    }
    if unread > 0 {
        left.out("RDATE", format!("how long {unread} dates last could not be read; they last as long as the first"));
    }
    changes
}

pub(super) fn on_the_clock(stamp: Stamp, start: NaiveDateTime, zone: Tz, whole_days: bool) -> NaiveDateTime {
    match stamp {
        Stamp::Day(day) => day.and_time(start.time()),
        stamp if whole_days => stamp.on_the_clock_of(zone).date().and_time(start.time()),
        stamp => stamp.on_the_clock_of(zone),
    }
}

/// The rule. An event whose rule cannot be read is not taken: as a single date it would say something else. Nor is one of
/// whose dates another rule takes some out: people would come to these.
fn rule(event: &Raw, left: &mut Left) -> Result<Option<String>, String> {
    if event.find("EXRULE").is_some() {
        return Err("EXRULE: a rule that takes dates out is no longer part of the standard; list them as EXDATE".to_owned());
    }
    let mut rules = event.all("RRULE");
    let Some(first) = rules.next() else { return Ok(None) };
    let rule: String = first.value.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_uppercase();
    if rules.next().is_some() {
        left.out("RRULE", "there is more than one rule; the first is used");
    }
    let plain = rule.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'=' | b';' | b',' | b'+' | b'-' | b':'));
    if !plain || rule.len() > LONGEST_RULE || !rule.contains("FREQ=") {
        return Err(format!("RRULE: {:?} is not a rule that this directory understands", shorten(&rule, 60)));
    }
    Ok(Some(rule.trim_end_matches(';').to_owned()))
}

/// Where to join it: the first address of those that say so. The others are told.
fn online(event: &Raw, left: &mut Left) -> Option<String> {
    let names = ["CONFERENCE", "X-GOOGLE-CONFERENCE", "X-MICROSOFT-SKYPETEAMSMEETINGURL"];
    let mut found: Option<String> = None;
    let of_its_place = event.text("LOCATION").filter(|place| is_web_address(place)).map(|place| ("LOCATION", place));
    for (name, text) in names.into_iter().filter_map(|name| Some((name, event.text(name)?))).chain(of_its_place) {
        if !is_web_address(&text) {
            left.out(name, format!("{:?} is not a web address, so nobody is told to join there", shorten(&text, 60)));
        } else if found.as_ref().is_some_and(|known| *known != text) {
            left.out(name, format!("there is another address to join at; {:?} was not imported", shorten(&text, 60)));
        } else {
            found = Some(text);
        }
    }
    found
}

fn is_web_address(text: &str) -> bool {
    (text.starts_with("http://") || text.starts_with("https://")) && !text.contains(char::is_whitespace)
}

/// "51.9;-0.4": degrees north and east. Nought and nought is how programmes leave it out.
fn position(event: &Raw, left: &mut Left) -> Option<(f64, f64)> {
    let text = event.text("GEO")?;
    let mut numbers = text.split([';', ',']).map(|part| part.trim().parse::<f64>().ok().filter(|number| number.is_finite()));
    match (numbers.next().flatten(), numbers.next().flatten()) {
        (Some(0.0), Some(0.0)) => None,
        (Some(latitude), Some(longitude)) => Some((latitude, longitude)),
        _ => {
            left.out("GEO", format!("{:?} is not a position (expected 51.9163;-0.4486)", shorten(&text, 60)));
            None
        }
    }
}

/// People are counted, never named: the report is read by many.
fn leave_people_out(event: &Raw, left: &mut Left) {
    let invited = event.all("ATTENDEE").count();
    if invited > 0 {
        left.out("ATTENDEE", format!("{invited} people are invited in the calendar; their names are not imported"));
    }
    if event.find("ORGANIZER").is_some_and(|organizer| organizer.value.to_ascii_lowercase().contains("mailto:")) {
        left.out("ORGANIZER", "the organiser's email address may be personal, so it is not imported");
    }
    if event.find("CONTACT").is_some() {
        left.out("CONTACT", "it may name a person, so it is not imported");
    }
}

pub(super) fn is_cancelled(event: &Raw) -> bool {
    let said = event.text("SUMMARY").unwrap_or_default().to_lowercase();
    let said = said.trim_start_matches(|c: char| !c.is_alphanumeric());
    event.text("STATUS").is_some_and(|status| status.eq_ignore_ascii_case("CANCELLED"))
        || ["cancelled", "canceled"]
            .iter()
            .any(|word| said.strip_prefix(word).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric)))
}

/// A name has no lines.
fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Calendars on the web put HTML into names and descriptions. What stood on lines of its own still does.
fn without_markup(text: &str) -> String {
    if !["<br", "<p", "<a ", "<div", "<b>", "<i>", "<em", "<strong", "<ul", "<li", "<span", "<html"]
        .iter()
        .any(|tag| text.to_ascii_lowercase().contains(tag))
    {
        return text.to_owned();
    }
    let lower = text.to_ascii_lowercase();
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        let Some(end) = rest[at..].find('>') else {
            rest = &rest[at..];
            break;
        };
        let tag = rest[at + 1..at + end].trim_start_matches('/').to_ascii_lowercase();
        let name: &str = tag.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        if matches!(name, "br" | "p" | "div" | "li" | "ul" | "h1" | "h2" | "h3") && !out.ends_with('\n') {
            out.push('\n');
        }
        let ends = rest[at + 1..].starts_with('/');
        rest = &rest[at + end + 1..];
        // What stands in these is for programmes.
        if matches!(name, "style" | "script" | "title") && !ends {
            let from = text.len() - rest.len();
            let Some(length) = lower[from..].find(&format!("</{name}")) else { return out.trim().to_owned() };
            rest = &text[from + length..];
        }
    }
    out.push_str(rest);
    for (written, meant) in [("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")] {
        out = out.replace(written, meant);
    }
    out.trim().to_owned()
}
