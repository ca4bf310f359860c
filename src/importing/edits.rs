//! What people did here since a source last said something stands, whatever its file says.
//!
//! What the source said is read from the history, where the versions that came by import are named.
//! So nothing of a file is kept for it, and what is scrubbed from the history is scrubbed here too.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value};
use uuid::Uuid;

use super::save::Row;
use crate::{
    model::{Document, changes, tidy::Dropped},
    records::{self, Draft, Records, State, Stored},
};

/// Who changes records here, as history names it.
pub(super) const IMPORTER: &str = "import";
/// What the directory decides about parts of a document for itself, whoever sends them.
const DECIDED_HERE: [&str; 2] = ["visibility", "location_policy"];

/// Put what people did into what a file says of the same records, which are `standing` here. What the file therefore does not
/// change is given with its line. With `overwrite` the file has its way with what documents say, but
/// what is not public stays so.
/// # Errors
/// When the database fails.
pub(super) async fn keep(
    records: &Records,
    standing: &HashMap<Uuid, Stored>,
    rows: &mut [Row],
    overwrite: bool,
) -> Result<Vec<(u64, Dropped)>, records::Error> {
    let mut left = Vec::new();
    for Row { line, own_export, draft, .. } in rows {
        let Some(stored) = standing.get(&draft.document.id()) else { continue };
        if stored.kind != draft.document.kind() || stored.origin != draft.origin {
            continue;
        }
        let says_otherwise = if *own_export { draft.state != stored.state } else { stored.state != State::Published };
        if says_otherwise {
            left.push((*line, stays_as_it_is(stored)?));
        }
        draft.state = stored.state;
        if stored.state == State::Gone {
            draft.document = stored.read()?;
        } else if !overwrite && may_be_edited(stored) && stored.document != draft.document.to_json() {
            let history = records.history(stored.id).await?;
            left.extend(keep_edits(draft, &history)?.into_iter().map(|dropped| (*line, dropped)));
        }
    }
    Ok(left)
}

fn stays_as_it_is(stored: &Stored) -> Result<Dropped, records::Error> {
    let (kind, name) = (stored.kind, stored.read()?.name().to_owned());
    let reason = match stored.state {
        State::Gone => format!("the {kind} “{name}” was withdrawn here, and stays withdrawn"),
        State::Unpublished => format!("the {kind} “{name}” is hidden here, and stays hidden"),
        State::Published => {
            format!("the {kind} “{name}” is public here, and stays public: hide or withdraw it here if it must not be seen")
        }
    };
    Ok(Dropped { path: "state".to_owned(), reason })
}

/// Whether anybody but an importer can have touched it.
fn may_be_edited(stored: &Stored) -> bool {
    stored.kept.revision > 1 || stored.kept.changed_by != IMPORTER
}

/// Put what people changed into a draft. Gives what the file changes, too, and does not get.
fn keep_edits(draft: &mut Draft, history: &[Stored]) -> Result<Vec<Dropped>, records::Error> {
    let damaged = |problem: String| records::Error::Damaged { id: draft.document.id(), problem };
    let mut versions = Vec::with_capacity(history.len());
    for version in history {
        let members: Map<String, Value> = serde_json::from_str(&version.document).map_err(|error| damaged(error.to_string()))?;
        versions.push((version.kept.changed_by == IMPORTER, members));
    }
    let file: Map<String, Value> = serde_json::from_str(&draft.document.to_json()).map_err(|error| damaged(error.to_string()))?;
    let (merged, refused) = merge(&versions, &file);
    let kind = draft.document.kind();
    draft.document = Document::from_value(kind, Value::Object(merged)).map_err(damaged)?;
    let told = |part: String| {
        let reason = "was changed here, and also in the file; the version here is kept (use --overwrite for the file’s)";
        Dropped { path: part, reason: reason.to_owned() }
    };
    Ok(refused.into_iter().map(told).collect())
}

/// What a file says, with what people changed since it, or an earlier one, was taken in; and the parts
/// that both have changed. `versions` are oldest first, each with whether an import made it.
fn merge(versions: &[(bool, Map<String, Value>)], file: &Map<String, Value>) -> (Map<String, Value>, Vec<String>) {
    let said = last_said(versions);
    let none = Map::new();
    let now = versions.last().map_or(&none, |(_, members)| members);
    let members: BTreeSet<&str> = file.keys().chain(now.keys()).map(String::as_str).collect();
    let mut by_part: HashMap<&str, Vec<&str>> = HashMap::new();
    for member in members {
        by_part.entry(changes::part_of(member)).or_default().push(member);
    }
    let (mut merged, mut refused) = (file.clone(), Vec::new());
    for (part, members) in by_part {
        let same = |one: &dyn Fn(&str) -> Value, other: &dyn Fn(&str) -> Value| {
            members.iter().all(|member| content(one(member)) == content(other(member)))
        };
        let in_file = |member: &str| file.get(member).cloned().unwrap_or_default();
        let here = |member: &str| now.get(member).cloned().unwrap_or_default();
        let before = |member: &str| said.get(member).copied().cloned().unwrap_or_default();
        if same(&here, &before) || same(&here, &in_file) {
            continue;
        }
        if !same(&in_file, &before) {
            refused.push(part.to_owned());
        }
        for member in members {
            match now.get(member) {
                Some(value) => merged.insert(member.to_owned(), value.clone()),
                None => merged.remove(member),
            };
        }
    }
    refused.sort_unstable();
    (merged, refused)
}

/// What imports last changed each member to. An import that leaves somebody's edit alone says nothing.
fn last_said<'a>(versions: &'a [(bool, Map<String, Value>)]) -> HashMap<&'a str, &'a Value> {
    const NOTHING: &Value = &Value::Null;
    let mut said = HashMap::new();
    let mut before: Option<&Map<String, Value>> = None;
    for (by_import, members) in versions {
        let of = |members: Option<&'a Map<String, Value>>, member: &str| members.and_then(|members| members.get(member));
        for member in before.into_iter().flat_map(Map::keys).chain(members.keys()).filter(|_| *by_import) {
            let (old, new) = (of(before, member), of(Some(members), member));
            if old != new {
                said.insert(member.as_str(), new.unwrap_or(NOTHING));
            }
        }
        before = Some(members);
    }
    said
}

/// A value without what is decided here about it.
fn content(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(content).collect(),
        Value::Object(members) => {
            let kept = members.into_iter().filter(|(name, _)| !DECIDED_HERE.contains(&name.as_str()));
            Value::Object(kept.map(|(name, value)| (name, content(value))).collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn merged(versions: &[(bool, Value)], file: Value) -> (Value, Vec<String>) {
        let map = |value: Value| value.as_object().cloned().unwrap();
        let versions: Vec<_> = versions.iter().map(|(by_import, value)| (*by_import, map(value.clone()))).collect();
        let (merged, refused) = merge(&versions, &map(file));
        (Value::Object(merged), refused)
    }

    #[test]
    fn what_people_changed_stays_and_what_they_left_alone_follows_the_file() {
        let versions = [
            (true, json!({"name": "Lunch", "fees": "£4", "url": "a"})),
            (false, json!({"name": "Lunch", "fees": "£5", "url": "a", "alert": "Closed"})),
        ];
        assert_eq!(merged(&versions, versions[0].1.clone()), (versions[1].1.clone(), vec![]), "the same file again");
        let (new, refused) = merged(&versions, json!({"name": "Lunch club", "fees": "£6"}));
        assert_eq!((new, refused), (json!({"name": "Lunch club", "fees": "£5", "alert": "Closed"}), vec!["fees".to_owned()]));
        // The import made a version of it, and what people changed is still theirs.
        let later =
            [versions[0].clone(), versions[1].clone(), (true, json!({"name": "Lunch club", "fees": "£5", "alert": "Closed"}))];
        let (again, refused) = merged(&later, json!({"name": "Lunch club", "fees": "£4"}));
        assert_eq!((again, refused), (later[2].1.clone(), vec![]));
    }

    #[test]
    fn what_people_put_back_follows_the_file_again() {
        let versions = [(true, json!({"fees": "£4"})), (false, json!({"fees": "£5"})), (false, json!({"fees": "£4"}))];
        assert_eq!(merged(&versions, json!({"fees": "£6"})), (json!({"fees": "£6"}), vec![]));
    }

    #[test]
    fn an_address_and_its_point_on_the_map_stay_together() {
        let place =
            |street: &str, latitude: f64| json!({"addresses": [{"address_1": street}], "latitude": latitude, "longitude": 1.0});
        let versions = [(true, place("Old Lane", 51.0)), (false, place("Old Lane, by the church", 51.0))];
        let (kept, refused) = merged(&versions, place("New Lane", 52.0));
        assert_eq!((kept, refused), (versions[1].1.clone(), vec!["addresses".to_owned()]));
    }

    #[test]
    fn what_is_decided_about_a_contact_is_no_edit_of_it() {
        let contacts = |number: &str, visibility: &str| json!({"contacts": [{"number": number, "visibility": visibility}]});
        let versions = [(true, contacts("1", "private")), (false, contacts("1", "public"))];
        assert_eq!(merged(&versions, contacts("2", "private")), (contacts("2", "private"), vec![]));
    }
}
