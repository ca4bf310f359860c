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
    values::{EmailAddress, LocalDateTime, TimeOfDay, WebAddress, Zone},
};
use crate::ids;

mod repairs;

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
    let mut tidier = Tidier { names, dropped: Vec::new(), supposed: Vec::new(), source_ids: Vec::new() };
    let value = tidier.entity(entity, value, "", None)?;
    Ok(Tidied { value, dropped: tidier.dropped, supposed: tidier.supposed, source_ids: tidier.source_ids })
}

struct Tidier<'a> {
    names: Names<'a>,
    dropped: Vec<Dropped>,
    supposed: Vec<Dropped>,
    source_ids: Vec<(Uuid, String)>,
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

impl Tidier<'_> {
    /// `parent` is the id of the nearest entity around this one and the field that holds it: a
    /// part without an id gets one derived from there and from what it says.
    fn entity(&mut self, entity: &Entity, value: Value, path: &str, parent: Option<(Uuid, &str)>) -> Result<Value, Dropped> {
        let Value::Object(mut object) = value else {
            return Err(at(path, format!("expected {} as an object, found {}", entity.name, describe(&value))));
        };
        for (field, reason) in repairs::suppositions(&entity.name, &object) {
            self.supposed.push(at(&join(path, field), reason));
        }
        repairs::apply(&entity.name, &mut object);
        let id = self.own_id(entity, &mut object, parent);
        let mut kept = Map::new();
        for (name, value) in object {
            let here = join(path, &name);
            if name == "id" && id.is_some() {
                kept.insert(name, value);
                continue;
            }
            let Some(field) = entity.fields.get(&name) else {
                if let Some(value) = without_blanks(value) {
                    kept.insert(name, value);
                }
                continue;
            };
            let taken = self.value(&field.shape, value, &here, id.map(|id| (id, name.as_str())));
            match taken {
                Ok(value) => {
                    kept.insert(name, value);
                }
                Err(Refusal::Blank) => {}
                Err(Refusal::Because(reason)) if field.required => return Err(Dropped { path: here, reason }),
                Err(Refusal::Because(reason)) => {
                    let strictest = strictest(&name);
                    let taken =
                        strictest.map(|word| format!("; it is treated as {word:?}, so that nothing is revealed by mistake"));
                    kept.extend(strictest.map(|word| (name, Value::from(word))));
                    self.dropped.push(Dropped { path: here, reason: reason + &taken.unwrap_or_default() });
                }
                Err(Refusal::Inside(inside)) if field.required => return Err(inside),
                Err(Refusal::Inside(inside)) => self.dropped.push(inside),
            }
        }
        let missing: Vec<&str> = entity
            .fields
            .iter()
            .filter(|(name, field)| field.required && !kept.contains_key(*name))
            .map(|(name, _)| name.as_str())
            .collect();
        if !missing.is_empty() {
            let (is, it) = if missing.len() == 1 { ("is", "it") } else { ("are", "them") };
            return Err(at(path, format!("{} {is} missing; {} needs {it}", missing.join(" and "), with_article(&entity.name))));
        }
        for name in repairs::contradictions(&entity.name, &kept) {
            if name.refuses || entity.fields.get(name.field).is_some_and(|field| field.required) {
                return Err(at(&join(path, name.field), name.reason.into_owned()));
            }
            if kept.remove(name.field).is_some() {
                self.dropped.push(at(&join(path, name.field), name.reason.into_owned()));
            }
        }
        Ok(Value::Object(kept))
    }

    /// The entity's own id, made where it is missing, so that its parts can be named after it.
    fn own_id(&mut self, entity: &Entity, object: &mut Map<String, Value>, parent: Option<(Uuid, &str)>) -> Option<Uuid> {
        let field = entity.fields.get("id")?;
        let given = object.get("id").and_then(|value| self.value(&field.shape, value.clone(), "id", None).ok());
        let id = if let Some(id) = given.as_ref().and_then(Value::as_str).and_then(|text| Uuid::try_parse(text).ok()) {
            id
        } else {
            let (around, name) = parent?;
            object.remove("id");
            ids::derived(around, &format!("{name}\n{}", Value::Object(object.clone())))
        };
        object.insert("id".to_owned(), Value::String(id.to_string()));
        Some(id)
    }

    fn value(&mut self, shape: &Shape, value: Value, path: &str, parent: Option<(Uuid, &str)>) -> Result<Value, Refusal> {
        if is_blank(&value) {
            return Err(Refusal::Blank);
        }
        match shape {
            Shape::Any => without_blanks(value).ok_or(Refusal::Blank),
            Shape::List(of) => self.list(of, value, path, parent),
            Shape::Entity(title) => match shape::entity(title) {
                Some(entity) => self.entity(entity, value, path, parent).map_err(Refusal::Inside),
                None => Err(Refusal::Because(format!("{title} has no schema"))),
            },
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

    fn list(&mut self, of: &Shape, value: Value, path: &str, parent: Option<(Uuid, &str)>) -> Result<Value, Refusal> {
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

/// A member that we do not know: kept, but for nulls and empty text, which are invalid everywhere.
fn without_blanks(value: Value) -> Option<Value> {
    match value {
        value if is_blank(&value) => None,
        Value::String(text) => {
            let text = text::clean(&text);
            (!text.is_empty()).then_some(Value::String(text))
        }
        Value::Array(items) => Some(Value::Array(items.into_iter().filter_map(without_blanks).collect())),
        Value::Object(members) => Some(Value::Object(
            members.into_iter().filter_map(|(name, value)| Some((text::clean(&name), without_blanks(value)?))).collect(),
        )),
        other => Some(other),
    }
}

fn describe(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(found) => format!("the text {:?}", text::shorten(found, 60)),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(_) => "an object".to_owned(),
    }
}

fn plain_text(value: Value, max: usize) -> Result<String, Refusal> {
    let found = match value {
        Value::String(found) => found,
        Value::Number(number) => number.to_string(),
        other => return Err(Refusal::Because(format!("expected text, found {}", describe(&other)))),
    };
    if found.contains('\0') {
        return Err(Refusal::Because("contains a null character (U+0000), which cannot be stored".to_owned()));
    }
    let cleaned = text::clean(&found);
    if cleaned.is_empty() {
        return Err(Refusal::Blank);
    }
    let length = cleaned.chars().count();
    if length > max {
        return Err(Refusal::Because(format!("is {length} characters long; the limit is {max}")));
    }
    Ok(cleaned)
}

fn number(value: &Value, min: f64, max: f64) -> Result<Value, String> {
    let found = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    match found {
        Some(found) if found.is_finite() && (min..=max).contains(&found) => {
            serde_json::to_value(super::values::Number(found)).map_err(|error| error.to_string())
        }
        Some(found) if found.is_finite() => Err(format!("{found} is not between {min} and {max}")),
        _ => Err(format!("expected a number, found {}", describe(value))),
    }
}

fn choose(words: &[String], text: &str) -> Result<String, String> {
    let wanted = text::fold(text);
    words
        .iter()
        .find(|word| text::fold(word) == wanted)
        .cloned()
        .ok_or_else(|| format!("{:?} is not one of: {}", text::shorten(text, 60), words.join(", ")))
}

fn formatted(format: &str, text: &str) -> Result<String, String> {
    fn by<T: std::str::FromStr<Err = super::values::Refused> + ToString>(text: &str) -> Result<String, String> {
        text.parse::<T>().map(|value| value.to_string()).map_err(|refused| refused.to_string())
    }
    match format {
        "uri" => by::<WebAddress>(text),
        "email" => by::<EmailAddress>(text),
        "time-of-day" => by::<TimeOfDay>(text),
        "local-date-time" => by::<LocalDateTime>(text),
        "time-zone" => by::<Zone>(text),
        "uuid" => Uuid::try_parse(text).map(|id| id.to_string()).map_err(|_| "is not a UUID".to_owned()),
        "date" => date(text).ok_or_else(|| "is not a date in the calendar (expected YYYY-MM-DD)".to_owned()),
        "date-time" => {
            moment(text).ok_or_else(|| "is not a date and time with a zone (expected 2026-11-20T09:00:00Z)".to_owned())
        }
        _ => Ok(text.to_owned()),
    }
}

fn date(text: &str) -> Option<String> {
    let day = text.get(..10).unwrap_or(text);
    let rest_is_time = text.len() == day.len() || text[day.len()..].starts_with(['T', ' ']);
    let date = chrono::NaiveDate::parse_from_str(day, "%Y-%m-%d").ok().filter(|_| rest_is_time && day.len() == 10)?;
    Some(date.to_string())
}

/// A moment; one without a zone is read as UTC, a date as its midnight.
fn moment(text: &str) -> Option<String> {
    let at = chrono::DateTime::parse_from_rfc3339(text)
        .map(|at| at.to_utc())
        .ok()
        .or_else(|| text.parse::<LocalDateTime>().ok().map(|at| at.naive().and_utc()))
        .or_else(|| text.parse::<chrono::NaiveDate>().ok().and_then(|day| day.and_hms_opt(0, 0, 0)).map(|at| at.and_utc()))?;
    (1..=9999).contains(&chrono::Datelike::year(&at)).then(|| at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
}

#[cfg(test)]
mod tests;
