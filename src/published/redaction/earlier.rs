//! What a record says of its own changes: which field it was and when may be told. Who made them may be a person,
//! and what stood there before, such as somebody's number, was taken out for a reason.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::model::{parts::Metadata, shape};

/// The member that says so.
pub(super) const MEMBER: &str = "metadata";
/// The same as it stands in text.
const IN_TEXT: &str = "\"metadata\"";
/// What of a change is not told.
const NOT_TOLD: [&str; 3] = ["updated_by", "previous_value", "replacement_value"];

/// Leave of the changes that a record says it had what may be told.
pub fn changes(changes: &mut [Metadata]) {
    for change in changes {
        (change.updated_by, change.previous_value, change.replacement_value) = (None, None, None);
        change.extra.clear();
    }
}

/// The document with this text, without what may not be told of changes of its parts: HSDS has them in each phone,
/// contact and address as well. None where there is nothing to take out.
pub fn without_changes_of_parts<T: DeserializeOwned>(text: &str) -> Option<T> {
    if !text.contains(IN_TEXT) {
        return None;
    }
    let mut value = serde_json::from_str(text).ok()?;
    if leave_what_may_be_told(&mut value) { serde_json::from_value(value).ok() } else { None }
}

/// Whether anything in the value was not to be told.
fn leave_what_may_be_told(value: &mut Value) -> bool {
    match value {
        // Counted, since `any` would leave what stands behind the first that was found.
        Value::Array(items) => items.iter_mut().filter_map(|item| leave_what_may_be_told(item).then_some(())).count() > 0,
        Value::Object(members) => {
            let all = members.len();
            // Nobody can know what a text that stands there says.
            members.retain(|name, value| name != MEMBER || value.is_array() || value.is_object());
            let mut found = members.len() < all;
            for (name, value) in members {
                found |= if name == MEMBER { shorten(value) } else { leave_what_may_be_told(value) };
            }
            found
        }
        _ => false,
    }
}

/// The same for changes themselves.
fn shorten(changes: &mut Value) -> bool {
    match changes {
        Value::Array(items) => {
            let all = items.len();
            items.retain(Value::is_object);
            let found = items.len() < all;
            // Counted for the same reason.
            items.iter_mut().filter_map(|item| shorten(item).then_some(())).count() > 0 || found
        }
        Value::Object(members) => {
            let all = members.len();
            members.retain(|name, _| is_told(name));
            members.len() < all
        }
        _ => false,
    }
}

fn is_told(name: &str) -> bool {
    !NOT_TOLD.contains(&name) && shape::entity("Metadata").is_some_and(|entity| entity.fields.contains_key(name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn of_a_change_of_a_part_is_told_which_field_it_was_and_when() {
        let before = json!({"id": "c", "field_name": "number", "last_action_date": "2026-01-01", "previous_value": "07700 900129",
            "replacement_value": "01632 960123", "updated_by": "Bluebell Quill", "x_note": "rang"});
        let told = json!({"id": "c", "field_name": "number", "last_action_date": "2026-01-01"});
        let listing = |change: &Value| {
            json!({"phones": [{"number": "01632 960123", "metadata": [change]}], "x_house": {"metadata": change}}).to_string()
        };
        let left: Value = without_changes_of_parts(&listing(&before)).unwrap();
        assert_eq!(left.to_string(), listing(&told));
        assert_eq!(without_changes_of_parts::<Value>(&listing(&told)), None);
        assert_eq!(without_changes_of_parts::<Value>(r#"{"name": "Pantry"}"#), None);
        assert_eq!(without_changes_of_parts(r#"{"x": {"metadata": "was 07700 900129"}}"#), Some(json!({"x": {}})));
    }
}
