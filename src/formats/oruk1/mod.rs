//! Open Referral UK 1 and HSDS 1 and 2, read as Open Referral UK 3. Pure: a service as an older
//! API sends it goes in; what comes out has the names and the shape of today, ready for
//! `model::tidy`, which judges the values.
//!
//! What today's standard has no place for is named among what was dropped; members that no version
//! of the standard knows stay where they are. An Open Referral UK 3 service comes out as it went in.

pub(super) mod markup;
pub(super) mod parts;

use serde_json::{Map, Value};

use crate::model::{text::shorten, tidy::Dropped};

type Object = Map<String, Value>;

/// A service in today's shape.
#[derive(Debug, Default)]
pub struct Upgraded {
    /// The service.
    pub value: Value,
    /// Wider terms that it brought along: taxonomy terms in today's shape, for records of their own.
    pub terms: Vec<Value>,
    /// What has no place today.
    pub dropped: Vec<Dropped>,
}

/// Members of a service that only the older standard has.
const OLDER: [&str; 14] = [
    "service_taxonomys",
    "service_taxonomies",
    "link_taxonomies",
    "eligibilitys",
    "eligibilities",
    "regular_schedules",
    "regular_schedule",
    "holiday_schedules",
    "holiday_schedule",
    "fundings",
    "reviews",
    "deliverable_type",
    "attending_access",
    "assured_by",
];

/// Members of a location that only the older standard has.
const OLDER_OF_LOCATION: [&str; 4] =
    ["physical_addresses", "physical_address", "accessibility_for_disabilities", "postal_addresses"];

/// Whether `value` is a service as the older standard has it.
pub fn is_older(value: &Value) -> bool {
    let has = |value: &Value, names: &[&str]| names.iter().any(|name| value.get(name).is_some());
    let links = value.get("service_at_locations").and_then(Value::as_array);
    has(value, &OLDER)
        || links.into_iter().flatten().any(|link| {
            has(link, &["regular_schedule", "regular_schedules", "holiday_schedules", "holidayScheduleCollection"])
                || link.get("location").is_some_and(|location| has(location, &OLDER_OF_LOCATION))
        })
}

/// Bring a service of the older standard to today's shape.
///
/// ```
/// use fingerpost::formats::oruk1::service;
/// use serde_json::json;
/// let upgraded = service(json!({"id": "7", "name": "Lunch club", "fundings": [{"source": "A grant"}], "reviews": [{"score": "5"}]}));
/// assert_eq!(upgraded.value, json!({"id": "7", "name": "Lunch club", "funding": [{"source": "A grant"}]}));
/// assert_eq!(upgraded.dropped[0].path, "reviews");
/// ```
pub fn service(value: Value) -> Upgraded {
    let Value::Object(mut service) = value else { return Upgraded { value, ..Upgraded::default() } };
    let mut found = Found::default();
    if let Some(reviews) = take_list(&mut service, &["reviews"]) {
        found.drop("reviews", format!("this directory does not store reviews of services ({} here)", reviews.len()));
    }
    for older in ["review", "service_at_location_collection"] {
        service.remove(older);
    }
    if let Some(Value::Object(organization)) = service.get_mut("organization") {
        parts::organization(organization);
    }
    eligibilities(&mut service, &mut found);
    let terms = take_list(&mut service, &["service_taxonomys", "service_taxonomies", "link_taxonomies", "service_attributes"]);
    for attribute in terms.into_iter().flatten() {
        found.attribute(&mut service, attribute, "service", None);
    }
    rename(&mut service, &["fundings"], "funding", &mut found);
    for (list, each) in [
        ("languages", parts::language as fn(&mut Object)),
        ("service_areas", parts::area),
        ("contacts", parts::contact),
        ("phones", parts::phone),
        ("cost_options", parts::cost),
    ] {
        for_each(&mut service, list, each);
    }
    schedules(&mut service, "", &mut found);
    if let Some(Value::Array(links)) = service.get_mut("service_at_locations") {
        for (at, link) in links.iter_mut().enumerate() {
            if let Value::Object(link) = link {
                self::link(link, &format!("service_at_locations[{at}]"), &mut found);
            }
        }
    }
    let mut value = Value::Object(service);
    found.dropped.extend(markup::to_plain_text(&mut value));
    Upgraded { value, terms: found.terms, dropped: found.dropped }
}

fn link(link: &mut Object, path: &str, found: &mut Found) {
    schedules(link, path, found);
    for_each(link, "contacts", parts::contact);
    for_each(link, "phones", parts::phone);
    if let Some(Value::Object(location)) = link.get_mut("location") {
        self::location(location, &format!("{path}.location"), found);
    }
}

fn location(location: &mut Object, path: &str, found: &mut Found) {
    for (names, kind) in
        [(&["physical_addresses", "physical_address"], "physical"), (&["postal_addresses", "postal_address"], "postal")]
    {
        for address in take_list(location, names).into_iter().flatten() {
            push(location, "addresses", parts::address(address, kind), found);
        }
    }
    rename(location, &["accessibility_for_disabilities"], "accessibility", found);
    for (list, each) in [
        ("accessibility", parts::accessibility as fn(&mut Object)),
        ("languages", parts::language),
        ("phones", parts::phone),
        ("contacts", parts::contact),
    ] {
        for_each(location, list, each);
    }
    for attribute in take_list(location, &["location_taxonomys", "location_taxonomies", "link_taxonomies"]).into_iter().flatten()
    {
        found.attribute(location, attribute, "location", None);
    }
    schedules(location, path, found);
    // Some answers put what is at a place into the place again.
    location.remove("service_at_locations");
}

/// An age of a row that says who can come; what is none is told.
fn age(row: &Object, name: &str, at: usize, found: &mut Found) -> Option<f64> {
    let value = row.get(name).filter(|value| !is_nothing(value))?;
    let age = match value {
        Value::String(text) => text.trim().parse().ok().filter(|age: &f64| age.is_finite()),
        other => other.as_f64(),
    };
    if age.is_none() {
        let said = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        found.drop(
            &format!("eligibilitys[{at}].{name}"),
            format!("{:?} is not an age in years, so it was not imported", shorten(&said, 60)),
        );
    }
    age
}

/// Who can come: words and ages of several rows become one sentence and the widest span of ages.
pub(super) fn eligibilities(service: &mut Object, found: &mut Found) {
    let Some(rows) = take_list(service, &["eligibilitys", "eligibilities", "eligibility"]) else { return };
    let (mut words, mut youngest, mut oldest): (Vec<String>, Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new(), Vec::new());
    for (at, row) in rows.into_iter().enumerate() {
        let Value::Object(mut row) = row else {
            words.extend(row.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned));
            continue;
        };
        let (least, most) = (age(&row, "minimum_age", at, found), age(&row, "maximum_age", at, found));
        // Ages from nought to nought are how older feeds leave them out.
        if most == Some(0.0) {
            let reason = "is 0, which older feeds write where there is no oldest age; none was imported";
            found.drop(&format!("eligibilitys[{at}].maximum_age"), reason.to_owned());
        }
        let most = most.filter(|age| *age > 0.0);
        youngest.extend(least.filter(|age| *age > 0.0 || most.is_some()));
        oldest.extend(most);
        if let Some(text) = row.get("eligibility").and_then(Value::as_str).map(str::trim)
            && !text.is_empty()
            && !words.iter().any(|known| known == text)
        {
            words.push(text.to_owned());
        }
        for term in take_list(&mut row, &["taxonomys", "taxonomies", "link_taxonomies"]).into_iter().flatten() {
            found.attribute(service, term, "service", Some("eligibility"));
        }
    }
    let set = |service: &mut Object, name: &str, value: Option<Value>| {
        if let Some(value) = value
            && service.get(name).is_none_or(is_nothing)
        {
            service.insert(name.to_owned(), value);
        }
    };
    let words = words.join("; ");
    if let Some(own) = service.get("eligibility_description").and_then(Value::as_str).map(str::trim)
        && !words.is_empty()
        && !own.is_empty()
        && own != words
    {
        let reason = format!("the service describes its eligibility itself, so {:?} was not imported", shorten(&words, 60));
        found.drop("eligibilitys", reason);
    }
    set(service, "eligibility_description", (!words.is_empty()).then(|| words.into()));
    set(service, "minimum_age", youngest.into_iter().reduce(f64::min).map(Into::into));
    set(service, "maximum_age", oldest.into_iter().reduce(f64::max).map(Into::into));
}

/// Regular hours become schedules. Hours of a holiday become schedules of those days; a holiday
/// without hours has no shape today and is added to the words of the others.
pub(super) fn schedules(around: &mut Object, path: &str, found: &mut Found) {
    for row in take_list(around, &["regular_schedules", "regular_schedule"]).into_iter().flatten() {
        push(around, "schedules", row, found);
    }
    for_each(around, "schedules", parts::schedule);
    let holidays = take_list(around, &["holiday_schedules", "holiday_schedule", "holidayScheduleCollection"]);
    let (mut open, mut closed) = (Vec::new(), Vec::new());
    for row in holidays.into_iter().flatten() {
        let Value::Object(row) = row else { continue };
        match parts::holiday(row) {
            parts::Holiday::Open(schedule) => open.push(schedule),
            parts::Holiday::Closed(words) => closed.push(words),
        }
    }
    if !closed.is_empty() {
        note_closures(around, &closed.join("; "), path, found);
    }
    for schedule in open {
        push(around, "schedules", schedule, found);
    }
}

fn note_closures(around: &mut Object, words: &str, path: &str, found: &mut Found) {
    match around.get_mut("schedules") {
        Some(Value::Array(schedules)) if !schedules.is_empty() => {
            for schedule in schedules.iter_mut().filter_map(Value::as_object_mut) {
                let notes = schedule.get("notes").and_then(Value::as_str).map(str::trim).filter(|notes| !notes.is_empty());
                let notes = notes.map_or_else(|| words.to_owned(), |notes| format!("{notes}. {words}"));
                schedule.insert("notes".to_owned(), notes.into());
            }
        }
        _ => {
            let path = if path.is_empty() { "holiday_schedules".to_owned() } else { format!("{path}.holiday_schedules") };
            found.drop(&path, format!("{words}: there are no opening hours to add this to"));
        }
    }
}

/// What is found on the way besides the service itself.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) terms: Vec<Value>,
    pub(super) dropped: Vec<Dropped>,
}

impl Found {
    fn drop(&mut self, path: &str, reason: String) {
        self.dropped.push(Dropped { path: path.to_owned(), reason });
    }

    /// A term attached in the older way: the term itself, or a row that has the term as `taxonomy`.
    fn attribute(&mut self, to: &mut Object, row: Value, entity: &str, link_type: Option<&str>) {
        let said = shorten(&row.to_string(), 80);
        let attribute = match row {
            Value::Object(row) => parts::attribute(row, entity, link_type, &mut self.terms),
            _ => None,
        };
        match attribute {
            Some(attribute) => push(to, "attributes", attribute, self),
            None => self.drop("attributes", format!("{said} names no term, so it was not imported")),
        }
    }
}

pub(super) fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// Take out the members of these names: one list of all that stood in them.
fn take_list(object: &mut Object, names: &[&str]) -> Option<Vec<Value>> {
    let mut found = Vec::new();
    for name in names {
        match object.get(*name) {
            // Text under such a name is somebody's own member, or today's.
            None | Some(Value::String(_) | Value::Number(_) | Value::Bool(_)) => {}
            Some(_) => match object.remove(*name) {
                Some(Value::Array(items)) => found.extend(items.into_iter().filter(|item| !item.is_null())),
                Some(one @ Value::Object(_)) => found.push(one),
                _ => {}
            },
        }
    }
    (!found.is_empty()).then_some(found)
}

fn rename(object: &mut Object, names: &[&str], to: &str, found: &mut Found) {
    for item in take_list(object, names).into_iter().flatten() {
        push(object, to, item, found);
    }
}

/// Add to a list. Something else that stands there is told, and takes the place of no item.
fn push(object: &mut Object, list: &str, item: impl Into<Value>, found: &mut Found) {
    let here = object.entry(list).or_insert_with(|| Value::Array(Vec::new()));
    match here {
        Value::Array(items) => items.push(item.into()),
        Value::Object(_) => *here = Value::Array(vec![here.take(), item.into()]),
        other => {
            if !is_nothing(other) {
                let said = shorten(&other.to_string(), 60);
                found.drop(list, format!("expected a list, found {said}; it was not imported"));
            }
            *other = Value::Array(vec![item.into()]);
        }
    }
}

fn for_each(object: &mut Object, list: &str, each: fn(&mut Object)) {
    match object.get_mut(list) {
        Some(Value::Array(items)) => items.iter_mut().filter_map(Value::as_object_mut).for_each(each),
        Some(Value::Object(one)) => each(one),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
