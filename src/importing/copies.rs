//! Copies of a record that stand inside other documents, such as the organization in each of its
//! services.
//!
//! Whoever copies is often brief. So a copy says what it says and takes nothing away: what it lacks
//! stays as it is in the directory. Of several copies in one file the first one stands, and later
//! ones add what none has said before them. A line that is about the record itself says all of it.

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Report, Taken};
use crate::{
    model::{Document, Kind, tidy::Dropped},
    records::{self, Draft, State, Stored},
};

/// What is decided or noted here, and that no copy has to know.
const OURS: [&str; 2] = ["location_policy", "last_modified"];

/// What the lines of a file have said of the records that are copied in them.
#[derive(Default)]
pub(super) struct Copies {
    said: HashMap<Uuid, Said>,
}

/// What was said of one record: hashes of its members' names, and of what they were.
#[derive(Default)]
struct Said {
    members: Vec<(u64, u64)>,
    /// Whether the file has the record itself.
    whole: bool,
}

/// What the copies of one record among some lines say together.
pub(super) struct Copied {
    draft: Draft,
    /// The members that it says.
    says: Map<String, Value>,
    /// Whether the file has said nothing of it before.
    pub(super) first: bool,
    /// The line of the first of them, from 1.
    pub(super) line: u64,
}

impl Said {
    /// Whether the member is new, or else whether it says the same as before.
    fn hear(&mut self, name: &str, value: &Value) -> Heard {
        let (name, value) = (hash(name), hash(&value.to_string()));
        match self.members.iter().find(|(known, _)| *known == name) {
            Some((_, before)) if *before == value => Heard::Same,
            Some(_) => Heard::Other,
            None if self.whole => Heard::Other,
            None => {
                self.members.push((name, value));
                Heard::New
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Heard {
    New,
    Same,
    Other,
}

impl Copies {
    /// Take the copies out of what was read, those of one record together. Reports the copies that
    /// contradict earlier ones.
    pub(super) fn take(&mut self, taken: &mut [Taken], report: &mut Report) -> Vec<Copied> {
        let themselves: Vec<&Document> =
            taken.iter().filter_map(|one| one.main.as_ref()).map(|draft| &draft.document).filter(|it| is_copied(it)).collect();
        let here: HashSet<Uuid> = themselves.iter().map(|document| document.id()).collect();
        for document in themselves {
            let mut said = Said::default();
            for (name, value) in members(document) {
                said.hear(&name, &value);
            }
            said.whole = true;
            self.said.insert(document.id(), said);
        }
        let mut copied: Vec<Copied> = Vec::new();
        let mut at: HashMap<Uuid, usize> = HashMap::new();
        for one in taken.iter_mut().filter(|one| !one.whole_parts) {
            for draft in std::mem::take(&mut one.parts) {
                let id = draft.document.id();
                let first = !self.said.contains_key(&id);
                let said = self.said.entry(id).or_default();
                let (mut says, mut contradicts) = (Map::new(), false);
                for (name, value) in said_by(&draft.document) {
                    match said.hear(&name, &value) {
                        Heard::New => _ = says.insert(name, value),
                        Heard::Same => {}
                        Heard::Other => contradicts |= !OURS.contains(&name.as_str()),
                    }
                }
                if contradicts {
                    let kind = draft.document.kind();
                    let reason = format!("another copy of the {kind} {id} differs; the first is used");
                    report.leave_out(one.line, Dropped { path: kind.as_str().to_owned(), reason });
                }
                if says.is_empty() || here.contains(&id) {
                    continue;
                }
                if let Some(earlier) = at.get(&id).and_then(|at| copied.get_mut(*at)) {
                    earlier.says.append(&mut says);
                } else {
                    at.insert(id, copied.len());
                    copied.push(Copied { draft, says, first, line: one.line });
                }
            }
        }
        copied
    }
}

impl Copied {
    /// The record that is copied.
    pub(super) fn id(&self) -> Uuid {
        self.draft.document.id()
    }

    /// The record as it is to be: what stands here, with what the copies say. Reports what they lack.
    /// Nothing where there is nothing to which they could add something.
    /// # Errors
    /// When what stands here cannot be read.
    pub(super) fn onto(mut self, here: &HashMap<Uuid, Stored>, report: &mut Report) -> Result<Option<Draft>, records::Error> {
        let kind = self.draft.document.kind();
        let Some(here) = here.get(&self.id()).filter(|here| here.kind == kind && here.state != State::Gone) else {
            // A dry run has not kept the copy to which this one adds something.
            let alone = members(&self.draft.document);
            return if self.first { self.document(alone).map(Some) } else { Ok(None) };
        };
        let (stands, said) = (members(&here.read()?), members(&self.draft.document));
        let lacks: Vec<&str> = stands
            .iter()
            .filter(|(name, value)| !said.contains_key(*name) && !OURS.contains(&name.as_str()) && !is_private(value))
            .map(|(name, _)| name.as_str())
            .collect();
        if self.first && !lacks.is_empty() {
            let reason = format!(
                "the copy of the {kind} {} has less detail than the one here; what it lacks was kept: {}",
                self.id(),
                lacks.join(", ")
            );
            report.leave_out(self.line, Dropped { path: kind.as_str().to_owned(), reason });
        }
        self.draft.state = here.state;
        self.document(stands).map(Some)
    }

    fn document(mut self, mut stands: Map<String, Value>) -> Result<Draft, records::Error> {
        let (id, kind) = (self.id(), self.draft.document.kind());
        for (name, said) in &mut self.says {
            keep_private_items(stands.get(name), said);
        }
        stands.append(&mut self.says);
        self.draft.document =
            Document::from_value(kind, Value::Object(stands)).map_err(|problem| records::Error::Damaged { id, problem })?;
        Ok(self.draft)
    }
}

/// Whether a list holds nothing but what nobody outside can know, and a copy cannot have.
fn is_private(value: &Value) -> bool {
    value.as_array().is_some_and(|items| items.iter().all(is_private_item))
}

fn is_private_item(item: &Value) -> bool {
    item.get("visibility").is_some_and(|said| said != "public")
}

/// Keep those items of a list that stands here of which a copy cannot know.
fn keep_private_items(stands: Option<&Value>, said: &mut Value) {
    let (Some(Value::Array(stands)), Value::Array(said)) = (stands, said) else { return };
    let known: HashSet<String> = said.iter().filter_map(|item| item.get("id")?.as_str().map(str::to_owned)).collect();
    let is_known = |item: &Value| item.get("id").and_then(Value::as_str).is_some_and(|id| known.contains(id));
    said.extend(stands.iter().filter(|item| is_private_item(item) && !is_known(item)).cloned());
}

/// Whether records of this kind stand inside others.
fn is_copied(document: &Document) -> bool {
    !matches!(document.kind(), Kind::Service | Kind::Event)
}

fn members(document: &Document) -> Map<String, Value> {
    serde_json::from_str(&document.to_json()).expect("a document is an object")
}

/// What a copy says: where it has no description of its own, its name was put there.
fn said_by(document: &Document) -> Map<String, Value> {
    let mut members = members(document);
    if members.get("description") == members.get("name") {
        members.remove("description");
    }
    members
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_copy_with_public_contacts_leaves_the_private_ones_where_they_are() {
        let stands = json!([
            {"id": "chair", "name": "Ann Chair", "visibility": "private"},
            {"id": "desk", "name": "Front desk", "visibility": "public"},
            {"id": "shy", "name": "Sam", "visibility": "private"},
        ]);
        let mut said = json!([{"id": "desk", "name": "Welcome desk"}, {"id": "shy", "name": "Sam", "visibility": "public"}]);
        keep_private_items(Some(&stands), &mut said);
        let names: Vec<&str> = said.as_array().unwrap().iter().filter_map(|item| item["name"].as_str()).collect();
        assert_eq!(names, ["Welcome desk", "Sam", "Ann Chair"]);
    }
}
