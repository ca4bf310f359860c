//! Documents from strangers, made fit: what can be read is brought to one form, an optional part
//! that cannot be is dropped and reported, and a missing or unreadable required part refuses the
//! thing it belongs to. Never panics, never recurses deeper than the parser allowed.

use std::collections::HashMap;

use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    Kind,
    shape::{self, Entity, Shape},
    text,
};
use crate::ids;

mod repairs;
mod single;
mod unknown;

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

/// Of what the `link_id` of an attribute is the id: of what it says it is attached to, else of what it stands in. It is
/// named as that is, whatever ids its source has.
fn linked(entity: &Entity, object: &Map<String, Value>, parent: Option<Around<'_>>) -> Option<Shape> {
    if entity.name != "attribute" {
        return None;
    }
    let said = object.get("link_entity").and_then(Value::as_str).map(|said| text::fold(said).replace(' ', "_"));
    let of = said.filter(|said| shape::has(said)).or_else(|| parent.map(|around| around.entity.to_owned()))?;
    Some(Shape::Id(of))
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

    /// Something that an entity cannot stand with: the first is why it does not, and the others stand beside it where
    /// all of them are wanted.
    fn refuse(&mut self, fault: Dropped, refused: &mut Option<Dropped>) -> Result<(), Dropped> {
        match refused {
            _ if !self.goes_on => return Err(fault),
            None => *refused = Some(fault),
            Some(_) => self.dropped.push(fault),
        }
        Ok(())
    }

    /// `parent` is the nearest entity around this one: a part without an id gets one derived from there and from
    /// what it says.
    fn entity(&mut self, entity: &Entity, value: Value, path: &str, parent: Option<Around<'_>>) -> Result<Value, Dropped> {
        let Value::Object(mut object) = value else {
            return Err(at(path, format!("expected {} as an object, found {}", entity.name, describe(&value))));
        };
        for (field, reason) in repairs::suppositions(&entity.name, &object) {
            self.supposed.push(at(&join(path, field), reason));
        }
        repairs::apply(&entity.name, &mut object);
        self.name_unknown_blanks(entity, &object, path);
        let id = self.own_id(entity, &mut object, parent);
        let linked = linked(entity, &object, parent);
        let (mut kept, mut refused, mut unfit) = (Map::new(), None, Vec::new());
        let faults_before = self.dropped.len();
        for (name, value) in object {
            let here = join(path, &name);
            if name == "id" && id.is_some() {
                kept.insert(name, value);
                continue;
            }
            let Some(field) = entity.fields.get(&name) else {
                kept.extend(self.unknown(entity, &name, value, &here));
                continue;
            };
            let shape = linked.as_ref().filter(|_| name == "link_id").unwrap_or(&field.shape);
            let taken = self.value(shape, value, &here, id.map(|id| Around { id, entity: &entity.name, field: &name }));
            match taken {
                Ok(value) => {
                    kept.insert(name, value);
                }
                Err(Refusal::Blank) => {}
                Err(Refusal::Because(reason)) if field.required || repairs::decides(&entity.name, &name) => {
                    self.refuse(Dropped { path: here, reason }, &mut refused)?;
                    unfit.push(name);
                }
                Err(Refusal::Because(reason)) => {
                    let strictest = strictest(&name);
                    let taken =
                        strictest.map(|word| format!("; it is treated as {word:?}, so that nothing is revealed by mistake"));
                    kept.extend(strictest.map(|word| (name, Value::from(word))));
                    self.dropped.push(Dropped { path: here, reason: reason + &taken.unwrap_or_default() });
                }
                Err(Refusal::Inside(inside)) if field.required => {
                    self.refuse(inside, &mut refused)?;
                    unfit.push(name);
                }
                Err(Refusal::Inside(inside)) => self.dropped.push(inside),
            }
        }
        let missing: Vec<&str> = entity
            .fields
            .iter()
            .filter(|(name, field)| field.required && !kept.contains_key(*name) && !unfit.contains(*name))
            .map(|(name, _)| name.as_str())
            .collect();
        if !missing.is_empty() {
            let (is, it) = if missing.len() == 1 { ("is", "it") } else { ("are", "them") };
            let reason = format!("{} {is} missing; {} needs {it}", missing.join(" and "), with_article(&entity.name));
            self.refuse(at(path, reason), &mut refused)?;
        }
        for name in repairs::contradictions(&entity.name, &kept) {
            if name.refuses || entity.fields.get(name.field).is_some_and(|field| field.required) {
                self.refuse(at(&join(path, name.field), name.reason.into_owned()), &mut refused)?;
                continue;
            }
            if kept.remove(name.field).is_some() {
                self.dropped.push(at(&join(path, name.field), name.reason.into_owned()));
            }
        }
        if parent.is_some()
            && refused.is_none()
            && self.dropped.len() > faults_before
            && kept.keys().all(|name| matches!(&**name, "id" | "service_id"))
        {
            // What was dropped says why; an id alone says nothing to anybody.
            return Err(at(path, format!("nothing is left of {}", with_article(&entity.name))));
        }
        refused.map_or(Ok(Value::Object(kept)), Err)
    }

    /// The entity's own id, made where it is missing, so that its parts can be named after it.
    fn own_id(&mut self, entity: &Entity, object: &mut Map<String, Value>, parent: Option<Around<'_>>) -> Option<Uuid> {
        let field = entity.fields.get("id")?;
        let given = object.get("id").and_then(|value| self.value(&field.shape, value.clone(), "id", None).ok());
        let id = if let Some(id) = given.as_ref().and_then(Value::as_str).and_then(|text| Uuid::try_parse(text).ok()) {
            id
        } else {
            let around = parent?;
            object.remove("id");
            if entity.name == "service_at_location" {
                self.link_id(around.id, object)
            } else {
                ids::derived(around.id, &format!("{}\n{}", around.field, Value::Object(object.clone())))
            }
        };
        object.insert("id".to_owned(), Value::String(id.to_string()));
        Some(id)
    }

    /// What the link of a service to a place is called that has no id: it is made of those two, and of nothing else that
    /// the link says. How much of the place may be told is remembered by it, and has to hold when the hours change. Where
    /// several differ and lead to the same place, they are numbered.
    fn link_id(&mut self, service: Uuid, link: &Map<String, Value>) -> Uuid {
        let first = ids::derived(service, &format!("service_at_location\n{}", named_place(link)));
        let said = Value::Object(link.clone());
        let known = self.links.entry(first).or_default();
        let number = known.iter().position(|other| *other == said).unwrap_or(known.len());
        if number == known.len() {
            known.push(said);
        }
        if number == 0 { first } else { ids::derived(first, &number.to_string()) }
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

/// To which place a link leads: its id at the source, or else all that is said of it.
fn named_place(link: &Map<String, Value>) -> String {
    let place = link.get("location").filter(|place| place.is_object());
    let ids = [place.and_then(|place| place.get("id")), link.get("location_id")];
    let named = ids.into_iter().flatten().find_map(|id| match id {
        Value::String(text) => Some(text.trim().to_lowercase()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    });
    named.or_else(|| place.map(Value::to_string)).unwrap_or_default()
}

/// As what a thing is read: the place of an organization may be its id alone, or a whole place.
fn told_in_full<'a>(title: &'a str, value: &Value) -> &'a str {
    const SAYS: [&str; 5] = ["location_type", "name", "latitude", "longitude", "addresses"];
    let is_whole = |members: &Map<String, Value>| SAYS.iter().any(|name| members.contains_key(*name));
    if title == "LocationLink" && value.as_object().is_some_and(is_whole) { shape::title(Kind::Location) } else { title }
}

/// What stands for words about who may see something that cannot be read: whoever wrote them did not
/// want it told to everybody.
fn strictest(field: &str) -> Option<&'static str> {
    match field {
        // Not "withheld": what is withheld is not kept either, and perhaps it was a slip.
        "location_policy" => Some("on_request"),
        "visibility" => Some("private"),
        _ => None,
    }
}

fn with_article(entity: &str) -> String {
    let article = if entity.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {}", entity.replace('_', " "))
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
