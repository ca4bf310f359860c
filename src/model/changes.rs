//! What differs between two versions of a document, member by member, and how to put a part of it into
//! a third one.

use serde::Serialize;
use serde_json::{Map, Value};

/// A member of a document that differs between two versions.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// The member, such as `phones`.
    pub field: String,
    /// What it was; `null` where it was not there.
    pub before: Value,
    /// What it is; `null` where it is not there any more.
    pub after: Value,
}

/// Members that mean something only together: a new address beside the old point on the map is a place
/// that is not there. Each part is called like its first member.
const TOGETHER: [&[&str]; 4] = [
    &["addresses", "latitude", "longitude"],
    &["start", "end", "timezone", "rrule"],
    &["minimum_age", "maximum_age"],
    &["logo", "logo_alt"],
];

/// The part of a document that a member belongs to: what is decided as one.
pub fn part_of(member: &str) -> &str {
    TOGETHER.iter().find(|part| part.contains(&member)).map_or(member, |part| part[0])
}

/// Changes by part, in the order of their first ones.
pub fn by_part(changes: &[Change]) -> Vec<(&str, Vec<&Change>)> {
    let mut parts: Vec<(&str, Vec<&Change>)> = Vec::new();
    for change in changes {
        let part = part_of(&change.field);
        match parts.iter_mut().find(|(known, _)| *known == part) {
            Some((_, of)) => of.push(change),
            None => parts.push((part, vec![change])),
        }
    }
    parts
}

/// Members that are never changed by hand.
const NOT_BY_HAND: [&str; 2] = ["id", "last_modified"];

/// What differs, in the order of the documents. A version that is no object has no members.
pub fn between(before: &Value, after: &Value) -> Vec<Change> {
    let none = Map::new();
    let (before, after) = (before.as_object().unwrap_or(&none), after.as_object().unwrap_or(&none));
    let gone = before.keys().filter(|field| !after.contains_key(*field));
    let member = |of: &Map<String, Value>, field: &str| of.get(field).cloned().unwrap_or_default();
    after
        .keys()
        .chain(gone)
        .filter(|field| !NOT_BY_HAND.contains(&field.as_str()) && before.get(*field) != after.get(*field))
        .map(|field| Change { field: field.clone(), before: member(before, field), after: member(after, field) })
        .collect()
}

/// `document` with these changes made to it.
pub fn apply<'a>(document: &Value, changes: impl IntoIterator<Item = &'a Change>) -> Value {
    let mut members = document.as_object().cloned().unwrap_or_default();
    for change in changes {
        if change.after.is_null() {
            members.remove(&change.field);
        } else {
            members.insert(change.field.clone(), change.after.clone());
        }
    }
    Value::Object(members)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_part_of_a_change_goes_into_a_version_that_moved_on() {
        let read = json!({"id": 1, "name": "Pantry", "fees": "£4", "alert": "Closed today"});
        let wanted = json!({"id": 1, "name": "The Pantry", "fees": "£5"});
        let changes = between(&read, &wanted);
        let mut fields: Vec<&str> = changes.iter().map(|change| change.field.as_str()).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["alert", "fees", "name"]);
        let moved_on = json!({"id": 1, "name": "Pantry", "fees": "£4", "alert": "Closed today", "email": "a@example.org"});
        let only_fees = changes.iter().filter(|change| change.field != "name");
        assert_eq!(apply(&moved_on, only_fees), json!({"id": 1, "name": "Pantry", "fees": "£5", "email": "a@example.org"}));
    }

    #[test]
    fn the_same_document_has_no_changes() {
        let one = json!({"id": 1, "phones": [{"number": "1"}]});
        assert_eq!(between(&one, &one), []);
        assert_eq!(between(&Value::Null, &json!({"id": 1})), []);
    }
}
