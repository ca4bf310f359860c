//! Documents from strangers, made fit: what can be read is brought to one form, an optional part
//! that cannot be is dropped and reported, and a missing or unreadable required part refuses the
//! thing it belongs to. Never panics, never recurses deeper than the parser allowed.

use std::collections::HashMap;

use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    Kind,
    shape::{self, Shape},
    text,
};
use crate::ids;

mod repairs;
mod single;
mod unknown;
mod whole;

use single::{choose, date, describe, formatted, number, plain_text};

pub use repairs::is_status;

/// A list longer than this is cut.
const MOST_ITEMS: usize = 2_000;

/// Something that was left out of a document, and why.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Dropped {
    /// Where it stood, such as `service_at_locations[0].location.latitude`.
    pub path: String,
    /// Why, in words a person can act on.
    pub reason: String,
}

/// A document that is fit to be read as its type.
#[derive(Debug)]
pub struct Tidied {
    /// The document.
    pub value: Value,
    /// What was left out.
    pub dropped: Vec<Dropped>,
    /// What was filled in or read in a way that its source may not have meant.
    pub supposed: Vec<Dropped>,
    /// Ids that were not UUIDs, beside what they became.
    pub source_ids: Vec<(Uuid, String)>,
}

/// What the things of a document are called here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names<'a> {
    /// UUIDs stay as they are. Other ids are made into UUIDs with the name of their source, which is
    /// empty for the one that needs none.
    Ours(&'a str),
    /// Whatever they are called elsewhere, their ids are made of their origin, so that they can neither
    /// clash with ours nor take their place.
    Foreign(&'a str),
}

/// Tidy `value`, a document of the given kind.
/// # Errors
/// What is missing or wrong, and where, when the document cannot stand without it.
pub fn tidy(kind: Kind, value: Value, names: Names<'_>) -> Result<Tidied, Dropped> {
    let entity = shape::entity(shape::title(kind))
        .ok_or_else(|| Dropped { path: String::new(), reason: format!("{kind} has no schema") })?;
    let mut tidier = Tidier::new(names, false);
    let value = tidier.entity(entity, value, "", None)?;
    Ok(Tidied { value, dropped: tidier.dropped, supposed: tidier.supposed, source_ids: tidier.source_ids })
}

/// Everything that is wrong with `value`, what it cannot stand without first: for whoever has typed it, and can put all of
/// it right at once.
pub fn faults(kind: Kind, value: Value, names: Names<'_>) -> Vec<Dropped> {
    let Some(entity) = shape::entity(shape::title(kind)) else { return Vec::new() };
    let mut tidier = Tidier::new(names, true);
    let refused = tidier.entity(entity, value, "", None).err();
    refused.into_iter().chain(tidier.dropped).collect()
}

struct Tidier<'a> {
    names: Names<'a>,
    /// Whether to look at the rest of what cannot stand.
    goes_on: bool,
    dropped: Vec<Dropped>,
    supposed: Vec<Dropped>,
    source_ids: Vec<(Uuid, String)>,
    /// What links without ids say, by the id of the first that leads to the same place.
    links: HashMap<Uuid, Vec<Value>>,
    /// How many bytes of members that we do not know there is room for.
    room: usize,
}

/// The entity that holds another one, and in which of its fields.
#[derive(Clone, Copy)]
struct Around<'a> {
    id: Uuid,
    entity: &'a str,
    field: &'a str,
}

/// Why one value was not taken.
enum Refusal {
    /// There was nothing: null, or empty text. Not worth a report.
    Blank,
    /// It was not readable.
    Because(String),
    /// Something inside it was missing.
    Inside(Dropped),
}

impl<'a> Tidier<'a> {
    fn new(names: Names<'a>, goes_on: bool) -> Self {
        let (links, room) = (HashMap::new(), unknown::MOST);
        Self { names, goes_on, dropped: Vec::new(), supposed: Vec::new(), source_ids: Vec::new(), links, room }
    }

    fn value(&mut self, shape: &Shape, value: Value, path: &str, parent: Option<Around<'_>>) -> Result<Value, Refusal> {
        if is_blank(&value) {
            return Err(Refusal::Blank);
        }
        match shape {
            Shape::Any => Some(unknown::cleaned(value)).filter(|value| !is_blank(value)).ok_or(Refusal::Blank),
            Shape::List(of) => self.list(of, value, path, parent),
            Shape::Entity(title) => {
                let value = repairs::alone(value);
                match shape::entity(told_in_full(title, &value)) {
                    Some(entity) => self.entity(entity, value, path, parent).map_err(Refusal::Inside),
                    None => Err(Refusal::Because(format!("{title} has no schema"))),
                }
            }
            Shape::Number { min, max } => number(&value, *min, *max).map_err(Refusal::Because),
            Shape::Text { max } => {
                if let Value::Number(number) = &value {
                    self.supposed.push(at(path, format!("is the number {number}; taken as text")));
                }
                plain_text(value, *max).map(Value::String)
            }
            Shape::Id(of) => {
                let text = plain_text(value, 2_048)?;
                Ok(Value::String(self.id(of, &text).to_string()))
            }
            Shape::Choice(words) => {
                let text = plain_text(value, 2_048)?;
                choose(words, &text).map(Value::String).map_err(Refusal::Because)
            }
            Shape::Formatted(format) => {
                let text = plain_text(value, 65_536)?;
                formatted(format, &text)
                    .map(Value::String)
                    .map_err(|reason| Refusal::Because(format!("{:?} {reason}", text::shorten(&text, 60))))
            }
        }
    }

    fn list(&mut self, of: &Shape, value: Value, path: &str, parent: Option<Around<'_>>) -> Result<Value, Refusal> {
        let mut items = match value {
            Value::Array(items) => items,
            one @ Value::Object(_) => vec![one],
            other => return Err(Refusal::Because(format!("expected a list, found {}", describe(&other)))),
        };
        if items.len() > MOST_ITEMS {
            self.dropped.push(at(path, format!("has {} items; only the first {MOST_ITEMS} are kept", items.len())));
            items.truncate(MOST_ITEMS);
        }
        let mut kept = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            let here = format!("{path}[{index}]");
            if item.as_object().is_some_and(Map::is_empty) {
                self.supposed.push(at(&here, "is empty; it was left out".to_owned()));
                continue;
            }
            match self.value(of, item, &here, parent) {
                Ok(item) => kept.push((here, item)),
                Err(Refusal::Blank) => self.supposed.push(at(&here, "is empty; it was left out".to_owned())),
                Err(Refusal::Because(reason)) => self.dropped.push(at(&here, reason)),
                Err(Refusal::Inside(inside)) => self.dropped.push(inside),
            }
        }
        let kept = self.each_id_once(kept);
        if kept.is_empty() { Err(Refusal::Blank) } else { Ok(Value::Array(kept)) }
    }

    /// Two equal parts without ids of their own have been given the same one, and are one. Of two that differ
    /// and have the same id at their source, the first is taken.
    fn each_id_once(&mut self, items: Vec<(String, Value)>) -> Vec<Value> {
        let mut seen: HashMap<String, usize> = HashMap::new();
        let mut kept: Vec<Value> = Vec::with_capacity(items.len());
        for (path, item) in items {
            let id = item.get("id").and_then(Value::as_str).map(str::to_owned);
            match id.as_ref().and_then(|id| seen.get(id)) {
                Some(first) if kept[*first] == item => {}
                Some(_) => {
                    self.dropped.push(at(&path, "has the same id as an earlier one in its list; the first is used".to_owned()));
                }
                None => {
                    seen.extend(id.map(|id| (id, kept.len())));
                    kept.push(item);
                }
            }
        }
        kept
    }

    /// What a thing of the kind `of` is called here.
    fn id(&mut self, of: &str, text: &str) -> Uuid {
        let (source, own) = match self.names {
            Names::Ours(source) => (source, Uuid::try_parse(text).ok()),
            Names::Foreign(origin) => (origin, None),
        };
        own.unwrap_or_else(|| {
            let id = ids::from_source(source, of, text);
            self.source_ids.push((id, text.to_owned()));
            id
        })
    }
}

/// As what a thing is read: the place of an organization may be its id alone, or a whole place.
fn told_in_full<'a>(title: &'a str, value: &Value) -> &'a str {
    const SAYS: [&str; 5] = ["location_type", "name", "latitude", "longitude", "addresses"];
    let is_whole = |members: &Map<String, Value>| SAYS.iter().any(|name| members.contains_key(*name));
    if title == "LocationLink" && value.as_object().is_some_and(is_whole) { shape::title(Kind::Location) } else { title }
}

fn at(path: &str, reason: String) -> Dropped {
    Dropped { path: path.to_owned(), reason }
}

fn join(path: &str, name: &str) -> String {
    let name = text::shorten(name, 60);
    if path.is_empty() { name } else { format!("{path}.{name}") }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
