//! What feeds leave out although the standard requires it, filled from what is there; and what
//! contradicts itself, named so that it can be dropped.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::{
    geo::Point,
    model::{
        contact,
        occurrences::check_rule,
        schedule::{self, byday, numbers_of_days},
        text::shorten,
        values::{LocalDateTime, TimeOfDay},
    },
};

type Object = Map<String, Value>;

/// Fill what can be filled for an entity of the given name.
pub(super) fn apply(entity: &str, object: &mut Object) {
    if matches!(entity, "service" | "schedule" | "cost_option") {
        leave_out_no_dates(object);
    }
    match entity {
        "organization" | "taxonomy" | "taxonomy_term" => copy_if_missing(object, "name", "description"),
        "organization_identifier" => copy_if_missing(object, "identifier_scheme", "identifier_type"),
        "address" => address(object),
        "location" => location(object),
        "service" => status(object),
        "event" => event(object),
        "schedule" => schedule(object),
        "cost_option" => currency(object),
        "phone" => extension(object),
        _ => {}
    }
}

/// What databases give where they hold no date: the first days of their calendars.
const NO_DATES: [&str; 3] = ["0001-01-01", "1753-01-01", "1900-01-01"];

/// Where there is no date a feed may give the first day of a calendar, and where there is no end the last year of all.
/// Taken for dates they would close every service whose hours end then.
fn leave_out_no_dates(object: &mut Object) {
    for field in ["assured_date", "dtstart", "valid_from", "valid_to", "until"] {
        let is_end = matches!(field, "valid_to" | "until");
        let is_none = |day: &str| NO_DATES.iter().any(|none| day.starts_with(none)) || is_end && day.starts_with("9999-");
        if text(object, field).is_some_and(is_none) {
            object.remove(field);
        }
    }
}

/// What is about to be filled or read in a way that its source may not have meant, by field.
pub(super) fn suppositions(entity: &str, object: &Object) -> Vec<(&'static str, String)> {
    match entity {
        "service" => match text(object, "status") {
            None => vec![("status", "is missing; treated as active".to_owned())],
            Some(said) => {
                let known = status_of(said).map(|known| ("status", format!("{:?} is taken as {known}", shorten(said, 30))));
                known.into_iter().collect()
            }
        },
        "schedule" => {
            let times = ["opens_at", "closes_at"].into_iter();
            let times = times.filter_map(|field| Some((field, other_time(text(object, field)?)?)));
            let daily = is_daily(object).then(|| ("freq", "\"DAILY\" is taken as WEEKLY, on every day named".to_owned()));
            let fortnightly = is_fortnightly(object).then(|| {
                let said = text(object, "freq").unwrap_or_default();
                ("freq", format!("{:?} is taken as WEEKLY, each second week", shorten(said, 30)))
            });
            daily.into_iter().chain(fortnightly).chain(times).collect()
        }
        "phone" => {
            let zeros = text(object, "extension").filter(|said| said.len() > 1 && said.starts_with('0'));
            let zeros = zeros.filter(|said| said.chars().all(|c| c.is_ascii_digit()));
            zeros
                .map(|said| ("extension", format!("{said:?} is a number in the standard; its leading noughts are lost")))
                .into_iter()
                .collect()
        }
        _ => Vec::new(),
    }
}

/// In which way a time of day is read as another one. What cannot be read at all is told as that, and once.
fn other_time(written: &str) -> Option<String> {
    let read: TimeOfDay = written.parse().ok()?;
    let said = shorten(written, 30);
    if written.starts_with("24") {
        return Some(format!("{said:?} is written as 23:59, which stands for midnight at the end of the day"));
    }
    // The last part of hours, minutes and seconds may have an offset behind it.
    let seconds = written.splitn(3, ':').nth(2).unwrap_or_default();
    let seconds = seconds.split(['+', '-', 'Z', 'z']).next().unwrap_or_default();
    other_zone(written)
        .then(|| format!("{said:?} is in another time zone; treated as {read} UK time"))
        .or_else(|| has_seconds(seconds).then(|| format!("{said:?} is taken as {read}: opening hours have no seconds")))
}

fn has_seconds(seconds: &str) -> bool {
    seconds.contains(|c: char| matches!(c, '1'..='9'))
}

/// Hours are those of the clock on the wall here; an offset that this clock never has means another one.
fn other_zone(time: &str) -> bool {
    let Some(at) = time.rfind(['+', '-', 'Z', 'z']) else { return false };
    !["Z", "z", "+00:00", "+01:00", "-00:00", "+0000", "+0100", "-0000", "+00", "+01", "-00"].contains(&&time[at..])
}

fn text<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
}

fn copy_if_missing(object: &mut Object, from: &str, to: &str) {
    if text(object, to).is_none()
        && let Some(found) = text(object, from).map(str::to_owned)
    {
        object.insert(to.to_owned(), found.into());
    }
}

fn default(object: &mut Object, name: &str, value: &str) {
    if text(object, name).is_none() {
        object.insert(name.to_owned(), value.into());
    }
}

/// UK addresses seldom name a county or a country, and never the country as the standard wants it.
fn address(object: &mut Object) {
    copy_if_missing(object, "region", "state_province");
    copy_if_missing(object, "city", "state_province");
    copy_if_missing(object, "address_2", "address_1");
    default(object, "address_type", "physical");
    default(object, "country", "GB");
    let country = text(object, "country").map(super::super::text::fold).unwrap_or_default();
    if ["gb", "uk", "united kingdom", "great britain", "england", "wales", "scotland", "northern ireland", "gbr"]
        .contains(&country.as_str())
    {
        object.insert("country".to_owned(), "GB".into());
    }
}

fn location(object: &mut Object) {
    let online = object.contains_key("url") && !object.contains_key("addresses") && !object.contains_key("latitude");
    default(object, "location_type", if online { "virtual" } else { "physical" });
}

fn status(object: &mut Object) {
    default(object, "status", "active");
    if let Some(known) = text(object, "status").and_then(status_of) {
        object.insert("status".to_owned(), known.into());
    }
}

/// Whether these words say one of the four things that the standard can say of a service. Everything that brings
/// services along reads them in the same way.
pub fn is_status(said: &str) -> bool {
    let standard = ["active", "inactive", "defunct", "temporarily closed"];
    standard.contains(&super::super::text::fold(said).as_str()) || status_of(said).is_some()
}

/// What words that the standard does not have say of a service, in its own.
fn status_of(said: &str) -> Option<&'static str> {
    match super::super::text::fold(said).as_str() {
        "open" | "live" | "current" | "published" | "running" | "ongoing" => Some("active"),
        "closed"
        | "ended"
        | "permanently closed"
        | "closed permanently"
        | "closed down"
        | "archived"
        | "ceased"
        | "cancelled"
        | "discontinued"
        | "finished"
        | "no longer running"
        | "no longer available"
        | "no longer operating" => Some("defunct"),
        "paused" | "suspended" | "on hold" | "temporarily suspended" | "closed temporarily" => Some("temporarily closed"),
        "draft" | "not active" | "no longer active" | "not running" | "not current" | "unpublished" => Some("inactive"),
        _ => None,
    }
}

/// The standard has no daily schedules. Every day, or every one of the days named, is the same.
fn is_daily(object: &Object) -> bool {
    let others = NUMBERED.into_iter().any(|(field, ..)| text(object, field).is_some());
    text(object, "freq").is_some_and(|freq| freq.eq_ignore_ascii_case("daily")) && says_once(object) && !others
}

/// People say it, and the standard writes it as each second week.
fn is_fortnightly(object: &Object) -> bool {
    let said = text(object, "freq").map(|freq| freq.to_ascii_lowercase().replace(['-', ' '], ""));
    said.is_some_and(|freq| ["fortnightly", "biweekly", "everyotherweek", "every2weeks"].contains(&&*freq)) && says_once(object)
}

fn says_once(object: &Object) -> bool {
    let once = |interval: &Value| {
        interval.is_null() || *interval == 1 || interval.as_str().is_some_and(|text| matches!(text.trim(), "" | "1"))
    };
    object.get("interval").is_none_or(once)
}

/// Days as iCalendar writes them, where they can be read.
fn schedule(object: &mut Object) {
    if is_daily(object) {
        object.insert("freq".to_owned(), "WEEKLY".into());
        default(object, "byday", "MO,TU,WE,TH,FR,SA,SU");
    }
    if is_fortnightly(object) {
        object.insert("freq".to_owned(), "WEEKLY".into());
        object.insert("interval".to_owned(), 2.into());
    }
    if let Some(days) = text(object, "byday").and_then(byday) {
        object.insert("byday".to_owned(), days.into());
    }
    if let Some(day) = text(object, "wkst").and_then(schedule::by_day).filter(|day| day.which.is_none()) {
        object.insert("wkst".to_owned(), day.to_string().into());
    }
    for (field, most, _) in NUMBERED {
        if let Some(numbers) = text(object, field).and_then(|text| numbers_of_days(text, most)) {
            object.insert(field.to_owned(), numbers.into());
        }
    }
}

/// Members of a schedule that are lists of numbers, how large these may be, and what they number.
const NUMBERED: [(&str, i16, &str); 3] = [
    ("bymonthday", schedule::DAYS_OF_A_MONTH, "days of the month"),
    ("byweekno", schedule::WEEKS_OF_A_YEAR, "weeks of the year"),
    ("byyearday", schedule::DAYS_OF_A_YEAR, "days of the year"),
];

/// "01978 265000 ext. 12" is a number and an extension.
fn extension(object: &mut Object) {
    let said = object.get("extension").is_some_and(|value| !value.is_null());
    if let Some((number, extension)) = text(object, "number").and_then(contact::number_and_extension)
        && !said
    {
        object.insert("number".to_owned(), number.into());
        object.insert("extension".to_owned(), extension.into());
    }
}

/// The examples of the standard write "gbp".
fn currency(object: &mut Object) {
    if let Some(code) = text(object, "currency").filter(|code| code.len() == 3).map(str::to_ascii_uppercase) {
        object.insert("currency".to_owned(), code.into());
    }
}

fn event(object: &mut Object) {
    default(object, "status", "scheduled");
    default(object, "timezone", "Europe/London");
    // Calendars write the name of the property before its value.
    if let Some((name, rule)) = text(object, "rrule").and_then(|rule| rule.split_once(':'))
        && name.trim().eq_ignore_ascii_case("RRULE")
    {
        object.insert("rrule".to_owned(), rule.trim().into());
    }
}

/// Whether what is left of an entity without this field would say something else than its source meant: every
/// Tuesday, say, where it wrote a word for "each second" that nobody knows; or that a number is anybody's.
pub(super) fn decides(entity: &str, field: &str) -> bool {
    match entity {
        "schedule" => matches!(field, "freq" | "interval" | "count" | "until"),
        "phone" => field == contact::CONTACT,
        _ => false,
    }
}

/// A field that cannot be true beside another.
pub(super) struct Contradiction {
    pub(super) field: &'static str,
    pub(super) reason: Cow<'static, str>,
    /// Whether what is left without the field would say something else than its source meant.
    pub(super) refuses: bool,
}

/// The fields of a tidy entity that contradict others.
pub(super) fn contradictions(entity: &str, object: &Object) -> Vec<Contradiction> {
    let mut found = Vec::new();
    match entity {
        "event" => found.extend(unusable_rule(object)),
        "schedule" => {
            let numbers = NUMBERED.into_iter().find_map(|numbered| unusable_numbers(object, numbered));
            found.extend(unusable_days(object).or(numbers).or_else(|| from_midnight_to_midnight(object)));
            if text(object, "wkst").is_some_and(|day| schedule::by_day(day).is_none_or(|day| day.which.is_some())) {
                let reason = Cow::Borrowed("is not a day of the week (expected MO)");
                found.push(Contradiction { field: "wkst", reason, refuses: false });
            }
        }
        _ => {}
    }
    let mut say = |field, reason| found.push(Contradiction { field, reason: Cow::Borrowed(reason), refuses: false });
    match entity {
        "service" | "event" => {
            if over(object, "minimum_age", "maximum_age") {
                say("minimum_age", "is above the maximum age");
                say("maximum_age", "is below the minimum age");
            }
            if let (Some(start), Some(end)) = (text(object, "start"), text(object, "end"))
                && end < start
            {
                say("end", "is before the start");
            }
            if text(object, "assured_date").is_some_and(|day| super::date(day).is_none()) {
                say("assured_date", "is not a date in the calendar (expected YYYY-MM-DD)");
            }
        }
        "schedule" | "cost_option" => {
            if let (Some(from), Some(to)) = (text(object, "valid_from"), text(object, "valid_to"))
                && to < from
            {
                say("valid_to", "is before valid_from");
            }
        }
        "location" => coordinates(object, &mut say),
        "phone" if text(object, "number").is_some_and(|number| !number.contains(|c: char| c.is_numeric())) => {
            say("number", "has no digits, so it is not a phone number");
        }
        "address" if text(object, "country").is_some_and(|country| !["GB", "IM", "JE", "GG"].contains(&country)) => {
            say("country", "is not in the United Kingdom; this directory only lists places that people in the UK can reach");
        }
        _ => {}
    }
    found
}

/// Without its rule a series would be told as one date, and then as over: that is not what its
/// source says, so the event is refused (`docs/decisions/0011-hours-and-dates.md`).
fn unusable_rule(object: &Object) -> Option<Contradiction> {
    let start: LocalDateTime = text(object, "start")?.parse().ok()?;
    let refused = check_rule(text(object, "rrule")?, start.naive()).err()?;
    Some(Contradiction { field: "rrule", reason: Cow::Owned(refused.to_string()), refuses: true })
}

/// Hours of which the day cannot be read are nobody's hours.
fn unusable_days(object: &Object) -> Option<Contradiction> {
    let written = text(object, "byday").filter(|days| byday(days).is_none())?;
    let reason = format!("{:?} names no days of the week (expected MO, or 1TU for the first Tuesday)", shorten(written, 60));
    Some(Contradiction { field: "byday", reason: Cow::Owned(reason), refuses: true })
}

/// The same of numbers of days and weeks.
fn unusable_numbers(object: &Object, (field, most, what): (&'static str, i16, &str)) -> Option<Contradiction> {
    let written = text(object, field).filter(|text| numbers_of_days(text, most).is_none())?;
    let reason = format!("{:?} numbers no {what} (expected numbers up to {most}, such as 1,15 or -1)", shorten(written, 60));
    Some(Contradiction { field, reason: Cow::Owned(reason), refuses: true })
}

/// What databases say that know nothing.
fn from_midnight_to_midnight(object: &Object) -> Option<Contradiction> {
    let is_midnight = |field| text(object, field) == Some("00:00");
    let reason = "is midnight and so is closes_at, which is not an opening time (use 00:00 to 23:59 for the whole day)";
    (is_midnight("opens_at") && is_midnight("closes_at")).then_some(Contradiction {
        field: "opens_at",
        reason: Cow::Borrowed(reason),
        refuses: true,
    })
}

fn over(object: &Object, low: &str, high: &str) -> bool {
    let number = |name| object.get(name).and_then(Value::as_f64);
    matches!((number(low), number(high)), (Some(low), Some(high)) if low > high)
}

fn coordinates(object: &Object, say: &mut impl FnMut(&'static str, &'static str)) {
    let number = |name| object.get(name).and_then(Value::as_f64);
    match (number("latitude"), number("longitude")) {
        (Some(latitude), Some(longitude)) => {
            if !Point::new(latitude, longitude).is_some_and(Point::is_in_uk) {
                say("latitude", "is not in the United Kingdom when combined with the longitude");
                say("longitude", "is not in the United Kingdom when combined with the latitude");
            }
        }
        (Some(_), None) => say("latitude", "has no longitude to go with it"),
        (None, Some(_)) => say("longitude", "has no latitude to go with it"),
        (None, None) => {}
    }
}

/// What stands alone in a list where no list belongs: programs that know only lists send it so.
pub(super) fn alone(value: Value) -> Value {
    match value {
        Value::Array(mut items) if matches!(items.as_slice(), [Value::Object(_)]) => items.pop().unwrap_or_default(),
        value => value,
    }
}
