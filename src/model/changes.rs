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

/// `document` without these members, and without what means something only together with one of them.
pub fn without(document: &Value, members: &[&str]) -> Value {
    let goes = |field: &str| members.iter().any(|member| part_of(member) == part_of(field));
    let stays = document.as_object().into_iter().flatten().filter(|(field, _)| !goes(field.as_str()));
    Value::Object(stays.map(|(field, value)| (field.clone(), value.clone())).collect())
}

impl Change {
    /// The same change made to a document that has moved on: of lists only what the change itself put in, took out or
    /// altered.
    #[must_use]
    pub fn made_to(self, now: &Value) -> Self {
        let stands = now.get(&self.field).cloned().unwrap_or_default();
        let after = if stands == self.before { self.after } else { merged(&self.before, self.after, &stands) };
        Self { field: self.field, before: stands, after }
    }
}

/// What becomes of a member that was changed on two sides: `after` as it is proposed, `now` as it stands.
fn merged(before: &Value, after: Value, now: &Value) -> Value {
    let (Some(before), Some(wanted), Some(now)) = (with_ids(before), with_ids(&after), with_ids(now)) else { return after };
    let of = |list: &[(String, Value)], id: &str| list.iter().find(|(known, _)| known == id).map(|(_, item)| item.clone());
    let mut items: Vec<Value> = Vec::new();
    for (id, stands) in &now {
        match (of(&before, id), of(&wanted, id)) {
            (Some(_), None) => {}
            (was, Some(becomes)) if was.as_ref() != Some(&becomes) => items.push(becomes),
            _ => items.push(stands.clone()),
        }
    }
    let comes = wanted.iter().filter(|(id, item)| of(&now, id).is_none() && of(&before, id).as_ref() != Some(item));
    items.extend(comes.map(|(_, item)| item.clone()));
    if items.is_empty() { Value::Null } else { Value::Array(items) }
}

/// The items of a list that tells them apart; a member that is not there is a list of none.
fn with_ids(list: &Value) -> Option<Vec<(String, Value)>> {
    let items = match list {
        Value::Null => &[][..],
        Value::Array(items) => items,
        _ => return None,
    };
    items.iter().map(|item| Some((item.get("id")?.as_str()?.to_owned(), item.clone()))).collect()
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
    fn what_means_something_only_together_is_left_out_together() {
        let document = json!({"id": 1, "name": "Pantry", "logo": "a", "logo_alt": "A pan", "minimum_age": 3});
        assert_eq!(without(&document, &["logo_alt"]), json!({"id": 1, "name": "Pantry", "minimum_age": 3}));
        assert_eq!(without(&document, &[]), document);
    }

    #[test]
    fn of_a_list_that_moved_on_only_what_was_proposed_changes() {
        let item = |id: &str, says: &str| json!({"id": id, "says": says});
        let change = |before: Value, after: Value| Change { field: "parts".to_owned(), before, after };
        let read = json!([item("a", "1"), item("b", "1")]);
        let now = json!({"parts": [item("a", "1"), item("b", "2"), item("c", "1")]});
        let one_more = change(read.clone(), json!([item("a", "1"), item("b", "1"), item("d", "1")]));
        let made = one_more.made_to(&now);
        assert_eq!(made.before, now["parts"]);
        assert_eq!(made.after, json!([item("a", "1"), item("b", "2"), item("c", "1"), item("d", "1")]));
        let one_less = change(read.clone(), json!([item("b", "1")]));
        assert_eq!(one_less.made_to(&now).after, json!([item("b", "2"), item("c", "1")]));
        let altered = change(read.clone(), json!([item("a", "1"), item("b", "3")]));
        assert_eq!(altered.made_to(&now).after, json!([item("a", "1"), item("b", "3"), item("c", "1")]));
        let all_gone = change(read, Value::Null);
        assert_eq!(all_gone.made_to(&json!({"parts": [item("a", "1")]})).after, Value::Null);
    }

    #[test]
    fn a_text_that_moved_on_is_replaced_and_seen_to_be() {
        let change = Change { field: "url".to_owned(), before: json!("a"), after: json!("b") };
        let made = change.made_to(&json!({"url": "c"}));
        assert_eq!((made.before, made.after), (json!("c"), json!("b")));
    }

    #[test]
    fn the_same_document_has_no_changes() {
        let one = json!({"id": 1, "phones": [{"number": "1"}]});
        assert_eq!(between(&one, &one), []);
        assert_eq!(between(&Value::Null, &json!({"id": 1})), []);
    }
}
