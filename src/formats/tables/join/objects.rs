//! What is done to a row once it is an object, and where others are nested in it.

use serde_json::Value;

use super::{Joined, Object};
use crate::{
    formats::{oruk1, tables::known},
    ids,
    model::{text::shorten, tidy::Dropped},
};

/// Put a record where it is nested. A text that stands there, because a column is named so, is told.
pub(super) fn put_nested(object: &mut Object, name: &str, nested: Object, path: &str, joined: &mut Joined) {
    if let Some(found) = object.insert(name.to_owned(), nested.into()).filter(Value::is_string) {
        joined.problems.push(text_for(path, "a record", Some(&found)));
    }
}

/// That a text stands where rows of another table belong.
pub(super) fn text_for(path: &str, expected: &str, found: Option<&Value>) -> Dropped {
    let found = shorten(found.and_then(Value::as_str).unwrap_or_default(), 60);
    let reason = format!("expected {expected} from a table of its own, found the text {found:?}; it was not imported");
    Dropped { path: path.to_owned(), reason }
}

/// Older packages have several tables for what is one thing today, and number the rows of each from
/// one: their ids are told apart by the table.
pub(super) fn number_apart(row: &mut Object, table: &str) {
    const OLDER: [&str; 9] = [
        "physical_address",
        "postal_address",
        "regular_schedule",
        "holiday_schedule",
        "accessibility_for_disability",
        "service_taxonomy",
        "service_attribute",
        "other_attribute",
        "link_taxonomy",
    ];
    if OLDER.contains(&table)
        && let Some(Value::String(id)) = row.get_mut("id")
        && uuid::Uuid::try_parse(id).is_err()
    {
        *id = format!("{table} {id}");
    }
}

/// Programs are no records, and services name them by UUIDs: whatever a program is called, both get the
/// same one.
pub(super) fn name_program(object: &mut Object, member: &str) {
    if let Some(Value::String(id)) = object.get_mut(member)
        && uuid::Uuid::try_parse(id).is_err()
    {
        *id = ids::from_source("", "program", id).to_string();
    }
}

/// A term attached to something: without the columns that said to what.
pub(super) fn attached(part: &mut Object, to: &str) {
    let names_a_table = |value: &Value| value.as_str().and_then(known::by_name).is_some_and(|known| known.name != "eligibility");
    if part.get("link_type").is_some_and(names_a_table) {
        part.remove("link_type");
    }
    part.remove("link_id");
    part.remove("taxonomy_detail");
    if let Some(term) = part.remove("taxonomy_id") {
        part.entry("taxonomy_term_id").or_insert(term);
    }
    part.insert("link_entity".to_owned(), to.into());
}

/// Holidays hang on hours: they are worked in when all hours are there.
pub(super) fn finish(object: &mut Object, path: &str, joined: &mut Joined) {
    let mut found = oruk1::Found::default();
    oruk1::schedules(object, path, &mut found);
    joined.problems.extend(found.dropped);
}

pub(super) fn under(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

pub(super) fn list<'a>(object: &'a mut Object, name: &str) -> impl Iterator<Item = &'a mut Object> {
    object.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut)
}
