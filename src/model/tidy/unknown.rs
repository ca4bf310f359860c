//! Members that the standard does not define: kept, with whatever is in them, and given back.

use serde_json::{Map, Value};

use super::{Tidier, at, is_blank, join};
use crate::model::{shape::Entity, text};

/// All of a document together may have so many bytes of JSON: 64 KiB.
pub(super) const MOST: usize = 64 << 10;

impl Tidier<'_> {
    /// What is kept of a member that `entity` does not have: its name and its value.
    pub(super) fn unknown(&mut self, entity: &Entity, name: &str, value: Value, here: &str) -> Option<(String, Value)> {
        if has_nul(name, &value) {
            let reason = "has the character U+0000, which no text can have; it was taken out";
            self.dropped.push(at(here, reason.to_owned()));
        }
        // What is left of a name must not be that of a member that we know.
        let name = name.replace('\0', "");
        let value = cleaned(value);
        if entity.fields.contains_key(&name) || is_blank(&value) {
            return None;
        }
        let Some(room) = self.room.checked_sub(name.len() + value.to_string().len()) else {
            let most = MOST >> 10;
            let reason = format!(
                "is not a member of the standard and is too large: there is room for {most} KiB of such members in a document; it was left out"
            );
            self.dropped.push(at(here, reason));
            return None;
        };
        self.room = room;
        Some((name, value))
    }

    /// Name the members of `object` that `entity` does not have and that have no value, all at once.
    pub(super) fn name_unknown_blanks(&mut self, entity: &Entity, object: &Map<String, Value>, path: &str) {
        let blank = object.iter().filter(|(name, value)| is_blank(value) && !entity.fields.contains_key(*name));
        let names: Vec<&str> = blank.map(|(name, _)| name.as_str()).collect();
        if !names.is_empty() {
            let reason = "has no value, and is not a member of the standard; it was left out";
            self.supposed.push(at(&join(path, &names.join(", ")), reason.to_owned()));
        }
    }
}

/// Whether a member has the character that no database keeps, in a name or a text.
fn has_nul(name: &str, value: &Value) -> bool {
    name.contains('\0')
        || match value {
            Value::String(text) => text.contains('\0'),
            Value::Array(items) => items.iter().any(|item| has_nul("", item)),
            Value::Object(members) => members.iter().any(|(name, value)| has_nul(name, value)),
            _ => false,
        }
}

/// Any value with clean texts. Nulls and empty items stay: only whoever wrote them knows what they mean.
pub(super) fn cleaned(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text::clean(&text)),
        Value::Array(items) => items.into_iter().map(cleaned).collect(),
        Value::Object(members) => members.into_iter().map(|(name, value)| (text::clean(&name), cleaned(value))).collect(),
        other => other,
    }
}
