//! A series and its dates as one event of ours.
//!
//! Dates that are told one by one are taken as they are: the first is the start of the series, the
//! others further dates, and what is different about one is a change to it. Only where there are none
//! does the rule of the series count.

use std::collections::{BTreeMap, HashMap};

use chrono::{NaiveDateTime, TimeDelta};
use serde_json::{Value, json};

pub use super::organizer::Publisher;
use super::{
    organizer, place, schedule, times,
    values::{all, as_text, flag, is_a, is_web_address, local, member, number, text},
};
use crate::{model::text::clean, signing};

/// Of the dates of a series, so many are taken: records have no longer lists.
pub const MOST_DATES: usize = 2_000;
/// Ids longer than this are called by their hash, in bytes.
const LONGEST_ID: usize = 200;
/// How deep series stand in series.
const DEEPEST: usize = 4;

/// An event, and what came with it.
#[derive(Debug)]
pub struct Mapped {
    /// The event, with its organization and its place in it.
    pub event: Value,
    /// Places of single dates.
    pub places: Vec<Value>,
    /// What it calls its categories, other than by the address of a term.
    pub categories: Vec<String>,
    /// How many parts were left out.
    pub dropped: usize,
}

/// Why a series is no event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It has no dates, or none any more.
    NoDates,
    /// It should say when it begins, and does not, or says this, which cannot be read.
    NoStart(Option<String>),
    /// It has no name, nor has anything around it.
    NoName,
}

/// An id as it may stand in a record: without invisible characters, which no database can be trusted with.
pub fn short(id: &str) -> String {
    let clean = clean(id);
    if clean.is_empty() || clean.len() > LONGEST_ID { signing::hash_of(id.as_bytes()) } else { clean }
}

/// An event out of `series`, called `id`, and the dates that were told beside it.
/// # Errors
/// When it cannot be an event.
pub fn event(id: &str, series: &Value, dates: &[&Value], publisher: Publisher<'_>) -> Result<Mapped, Refused> {
    let around = Around::of(series, dates);
    let mut dropped = 0;
    let mut found = place_of(&around);
    let mut places = Vec::new();
    let times =
        Times::of(series, dates, found.place.as_ref(), &mut places, &mut dropped).ok_or_else(|| no_start(series, dates))?;
    let name = around.find(|one| text(one, "name")).or_else(|| activities(&around).into_iter().find_map(label));
    let name = name.ok_or(Refused::NoName)?;
    let offers: Vec<&Value> = around.0.iter().map(|one| all(one, "offers")).find(|offers| !offers.is_empty()).unwrap_or_default();
    let (attributes, mut categories) = terms(&around, &mut dropped);
    categories.extend(around.0.iter().flat_map(|one| all(one, "category")).filter_map(label));
    let (minimum_age, maximum_age) = ages(&around);
    let organization =
        organizer::of(around.0.iter().find(|one| member(one, "organizer").is_some()).unwrap_or(&series), publisher);
    let online = found.online.take();
    let status = around.0.first().and_then(|one| text(one, "eventStatus"));
    let event = json!({
        "id": id,
        "organization_id": organization["id"],
        "organization": organization,
        "name": name,
        "description": description(&around),
        "url": around.find(|one| text(one, "url")).filter(|url| is_web_address(url)),
        "online_url": online,
        "status": match status.as_deref().map(local) {
            Some("EventCancelled") => "cancelled",
            Some("EventPostponed") => "postponed",
            _ => "scheduled",
        },
        "start": written(times.start),
        "end": written(times.start + times.length),
        "timezone": times::ZONE.name(),
        "rrule": times.rule,
        "exdates": times.without.into_iter().map(written).collect::<Vec<_>>(),
        "rdates": times.with.into_iter().map(written).collect::<Vec<_>>(),
        "changes": times.changes,
        "location": found.place,
        "minimum_age": minimum_age,
        "maximum_age": maximum_age,
        "eligibility_description": who(&around),
        "cost_options": costs(&around, &offers),
        "booking_url": booking(&around, &offers),
        "capacity": around.find(|one| number(one, "maximumAttendeeCapacity")).filter(|many| *many > 0.0),
        "accessibility": access(&around),
        "attributes": attributes,
    });
    Ok(Mapped { event, places, categories, dropped })
}

/// Why nobody knows when it takes place: a series may have no dates yet, everything else has to say.
fn no_start(series: &Value, dates: &[&Value]) -> Refused {
    let within = all(series, "subEvent").into_iter().chain(all(series, "subEvents")).filter(|thing| thing.is_object());
    let told: Vec<&Value> = within.chain(dates.iter().copied()).collect();
    match (is_a(series, "SessionSeries"), told.first()) {
        (true, None) => Refused::NoDates,
        (true, Some(date)) => Refused::NoStart(text(date, "startDate")),
        (false, _) => Refused::NoStart(text(series, "startDate")),
    }
}

fn written(at: NaiveDateTime) -> String {
    at.format("%Y-%m-%dT%H:%M:%S").to_string()
}

/// Everything that says something of an event: the series, what it is part of, its first date.
struct Around<'a>(Vec<&'a Value>);

impl<'a> Around<'a> {
    fn of(series: &'a Value, dates: &[&'a Value]) -> Self {
        let mut all = vec![series];
        let mut above = member(series, "superEvent");
        while let Some(one) = above.filter(|one| one.is_object() && all.len() < DEEPEST) {
            all.push(one);
            above = member(one, "superEvent");
        }
        all.extend(dates.first());
        Self(all)
    }

    fn find<T>(&self, each: impl Fn(&'a Value) -> Option<T>) -> Option<T> {
        self.0.iter().find_map(|one| each(one))
    }
}

/// The nearest place, and the nearest address on the internet.
fn place_of(around: &Around<'_>) -> place::Where {
    let mut found = place::Where::default();
    for one in &around.0 {
        let here = place::of(one);
        found.place = found.place.or(here.place);
        found.online = found.online.or(here.online);
    }
    found
}

/// When an event takes place.
struct Times {
    start: NaiveDateTime,
    length: TimeDelta,
    rule: Option<String>,
    with: Vec<NaiveDateTime>,
    without: Vec<NaiveDateTime>,
    changes: Vec<Value>,
}

/// One date, as it is told.
struct Date<'a> {
    length: Option<TimeDelta>,
    cancelled: bool,
    full: bool,
    thing: &'a Value,
}

impl Times {
    fn of(series: &Value, dates: &[&Value], place: Option<&Value>, places: &mut Vec<Value>, dropped: &mut usize) -> Option<Self> {
        let within = all(series, "subEvent").into_iter().chain(all(series, "subEvents"));
        let mut told: BTreeMap<NaiveDateTime, Date<'_>> = BTreeMap::new();
        for thing in within.chain(dates.iter().copied()).filter(|thing| thing.is_object()) {
            match date(thing) {
                Some((start, date)) if told.len() < MOST_DATES => {
                    // Of two at one time, one that takes place counts.
                    let better = told.get(&start).is_none_or(|known| known.cancelled || !date.cancelled);
                    if better {
                        told.insert(start, date);
                    }
                }
                _ => *dropped += 1,
            }
        }
        if !told.is_empty() {
            return Some(Self::told(&told, series, place, places));
        }
        let schedules = all(series, "eventSchedule");
        if let Some(rule) = schedules.iter().find_map(|one| schedule::rule(one, series)) {
            *dropped += schedules.len() - 1;
            return Some(Self {
                start: rule.start,
                length: rule.length,
                rule: rule.says,
                with: Vec::new(),
                without: rule.without,
                changes: Vec::new(),
            });
        }
        // The days of a series are those between which it takes place; those of an event are its own.
        let alone = !is_a(series, "SessionSeries");
        let (start, date) = date(series).filter(|_| alone)?;
        Some(Self {
            start,
            length: date.length.unwrap_or_default(),
            rule: None,
            with: Vec::new(),
            without: Vec::new(),
            changes: Vec::new(),
        })
    }

    fn told(told: &BTreeMap<NaiveDateTime, Date<'_>>, series: &Value, place: Option<&Value>, places: &mut Vec<Value>) -> Self {
        let usual = times::duration(series);
        let length_of = |date: &Date<'_>| date.length.or(usual).unwrap_or_default();
        let mut lengths: HashMap<TimeDelta, usize> = HashMap::new();
        for date in told.values() {
            *lengths.entry(length_of(date)).or_default() += 1;
        }
        let length =
            lengths.into_iter().max_by_key(|(length, many)| (*many, *length)).map_or_else(TimeDelta::zero, |(length, _)| length);
        let mut changes = Vec::new();
        for (start, date) in told {
            let elsewhere = place::of(date.thing).place.filter(|one| place.is_some_and(|usual| one["id"] != usual["id"]));
            let other_length = length_of(date) != length;
            let status = match (date.cancelled, elsewhere.is_some() || other_length, date.full) {
                (true, ..) => "cancelled",
                (_, true, _) => "moved",
                (_, _, true) => "full",
                _ => continue,
            };
            let moved = status == "moved";
            changes.push(json!({
                "start": written(*start),
                "status": status,
                "new_start": moved.then(|| written(*start)),
                "new_end": moved.then(|| written(*start + length_of(date))),
                "location_id": elsewhere.as_ref().map(|one| one["id"].clone()),
                "note": (moved && date.full).then_some("There are no places left"),
            }));
            if let Some(place) = elsewhere.filter(|_| moved) {
                places.push(place);
            }
        }
        let mut starts = told.keys().copied();
        let start = starts.next().unwrap_or_default();
        Self { start, length, rule: None, with: starts.collect(), without: Vec::new(), changes }
    }
}

fn date(thing: &Value) -> Option<(NaiveDateTime, Date<'_>)> {
    let begins = text(thing, "startDate")?;
    let whole_day = schedule::is_range(&begins);
    let start = times::moment(&begins).or_else(|| Some(times::day(&begins)?.and_time(chrono::NaiveTime::MIN)))?;
    let ends = text(thing, "endDate").and_then(|text| {
        // The last day of something that takes whole days, to its end.
        times::moment(&text).or_else(|| times::day(&text)?.and_hms_opt(23, 59, 0))
    });
    let day = whole_day.then(|| TimeDelta::minutes(24 * 60 - 1));
    let length = ends.map(|end| end - start).filter(|long| *long >= TimeDelta::zero()).or_else(|| times::duration(thing)).or(day);
    let status = text(thing, "eventStatus");
    let cancelled = status.as_deref().map(local).is_some_and(|status| matches!(status, "EventCancelled" | "EventPostponed"));
    let full = number(thing, "remainingAttendeeCapacity").is_some_and(|left| left <= 0.0);
    Some((start, Date { length, cancelled, full, thing }))
}

/// What happens, where to meet and what to bring.
fn description(around: &Around<'_>) -> Option<String> {
    let told = |name| around.find(|one| text(one, name));
    let meeting = told("meetingPoint").map(|text| format!("Meeting point: {text}"));
    let parts = [told("description"), meeting, told("attendeeInstructions"), told("schedulingNote")];
    Some(parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n")).filter(|text| !text.is_empty())
}

/// Who can come, in words.
fn who(around: &Around<'_>) -> Option<String> {
    let gender = around.find(|one| text(one, "genderRestriction"));
    let gender = match gender.as_deref().map(local) {
        Some("FemaleOnly") => Some("Women and girls only".to_owned()),
        Some("MaleOnly") => Some("Men and boys only".to_owned()),
        _ => None,
    };
    let levels: Vec<String> = around
        .0
        .iter()
        .map(|one| all(one, "level"))
        .find(|levels| !levels.is_empty())
        .unwrap_or_default()
        .into_iter()
        .filter_map(label)
        .collect();
    let level = (!levels.is_empty()).then(|| format!("Level: {}", levels.join(", ")));
    let parts: Vec<String> = gender.into_iter().chain(level).collect();
    (!parts.is_empty()).then(|| parts.join(". "))
}

/// "18+", or the youngest and the oldest age.
fn ages(around: &Around<'_>) -> (Option<f64>, Option<f64>) {
    let Some(range) = around.find(|one| member(one, "ageRange")) else { return (None, None) };
    if let Some(text) = as_text(range) {
        return (text.strip_suffix('+').and_then(|age| age.trim().parse().ok()), None);
    }
    // Nought is no limit, and so is a hundred.
    let youngest = number(range, "minValue").filter(|age| *age > 0.0);
    let oldest = number(range, "maxValue").filter(|age| *age > 0.0 && *age < 100.0);
    (youngest, oldest)
}

fn costs(around: &Around<'_>, offers: &[&Value]) -> Vec<Value> {
    let mut costs: Vec<Value> = offers
        .iter()
        .filter_map(|offer| {
            let amount = number(offer, "price").or_else(|| number(offer, "lowPrice"))?;
            let currency = text(offer, "priceCurrency").or_else(|| (amount > 0.0).then(|| "GBP".to_owned()));
            Some(json!({
                "option": text(offer, "name"), "amount": amount, "currency": currency, "amount_description": text(offer, "description"),
            }))
        })
        .collect();
    if costs.is_empty() && around.0.iter().any(|one| flag(one, "isAccessibleForFree")) {
        costs.push(json!({"option": "Free", "amount": 0}));
    }
    costs
}

fn booking(around: &Around<'_>, offers: &[&Value]) -> Option<String> {
    let action = || around.0.iter().flat_map(|one| all(one, "potentialAction")).find_map(|one| text(one, "target"));
    offers.iter().find_map(|offer| text(offer, "url")).or_else(action).filter(|url| is_web_address(url))
}

fn access(around: &Around<'_>) -> Vec<Value> {
    let details = around.find(|one| text(one, "accessibilityInformation"));
    let mut told: Vec<Value> = around
        .0
        .iter()
        .map(|one| all(one, "accessibilitySupport"))
        .find(|told| !told.is_empty())
        .unwrap_or_default()
        .into_iter()
        .filter_map(label)
        .map(|label| json!({"description": label}))
        .collect();
    if around.0.iter().any(|one| flag(one, "isWheelchairAccessible")) {
        told.push(json!({"description": "Wheelchair access"}));
    }
    match (told.first_mut(), details) {
        (Some(first), Some(details)) => first["details"] = details.into(),
        (None, Some(details)) => told.push(json!({"details": details})),
        _ => {}
    }
    told
}

/// What is done there, nearest first.
fn activities<'a>(around: &Around<'a>) -> Vec<&'a Value> {
    around.0.iter().map(|one| all(one, "activity")).find(|found| !found.is_empty()).unwrap_or_default()
}

/// What an item says that it is about, in words.
pub fn subjects(item: &Value) -> Vec<String> {
    all(item, "category").into_iter().chain(all(item, "activity")).filter_map(label).collect()
}

/// What a concept is called.
fn label(concept: &Value) -> Option<String> {
    as_text(concept)
        .or_else(|| text(concept, "prefLabel"))
        .or_else(|| text(concept, "name"))
        .filter(|label| !is_web_address(label))
}

/// Terms that have an address, and the words of the others.
fn terms(around: &Around<'_>, dropped: &mut usize) -> (Vec<Value>, Vec<String>) {
    let (mut terms, mut words) = (Vec::new(), Vec::new());
    for concept in activities(around) {
        let Some(name) = label(concept) else {
            *dropped += 1;
            continue;
        };
        let Some(uri) = text(concept, "id").filter(|uri| is_web_address(uri) && uri.len() <= LONGEST_ID) else {
            words.push(name);
            continue;
        };
        let list = text(concept, "inScheme").filter(|list| is_web_address(list) && list.len() <= LONGEST_ID);
        let list = list.map(|list| json!({"id": list, "name": "OpenActive activity list", "uri": list}));
        terms.push(json!({
            "link_entity": "event", "link_type": "activity",
            "taxonomy_term": {"id": uri, "name": name, "term_uri": uri, "taxonomy_detail": list},
        }));
    }
    (terms, words)
}
