//! The small parts of older documents: a row of an older table, or an object of an older answer,
//! each brought to the member names of today. Shared with the reader of tables.

use serde_json::{Map, Value, json};

use super::is_nothing;
use crate::model::{schedule, text::fold};

type Object = Map<String, Value>;

fn text<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
}

/// What stands under `from` is called `to` today. A value that is there already stays.
fn called(object: &mut Object, from: &str, to: &str) {
    if object.get(to).is_none_or(is_nothing)
        && let Some(value) = object.remove(from)
    {
        object.insert(to.to_owned(), value);
    }
}

/// An organization's web site was its `url`.
pub(in crate::formats) fn organization(row: &mut Object) {
    called(row, "url", "website");
}

/// The language stood under its own name, as a word or as a code.
pub(in crate::formats) fn language(row: &mut Object) {
    let is_code =
        text(row, "language").is_some_and(|word| (2..=3).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_lowercase()));
    called(row, "language", if is_code { "code" } else { "name" });
}

/// The languages of a phone were one text.
pub(in crate::formats) fn phone(row: &mut Object) {
    let Some(words) = text(row, "language").map(str::to_owned) else {
        row.remove("language");
        return;
    };
    row.remove("language");
    if row.get("languages").is_none_or(is_nothing) {
        let languages: Vec<Value> = words
            .split([',', ';', '/'])
            .map(str::trim)
            .filter(|word| !word.is_empty())
            .map(|word| {
                let mut one = Object::from_iter([("language".to_owned(), word.into())]);
                language(&mut one);
                one.into()
            })
            .collect();
        row.insert("languages".to_owned(), languages.into());
    }
}

/// Phones of a contact.
pub(in crate::formats) fn contact(row: &mut Object) {
    super::for_each(row, "phones", phone);
}

/// The name of an area stood under `service_area`.
pub(in crate::formats) fn area(row: &mut Object) {
    called(row, "service_area", "name");
    row.remove("linkid");
}

/// A price.
pub(in crate::formats) fn cost(row: &mut Object) {
    row.remove("linkid");
}

/// What access there is stood under `accessibility`.
pub(in crate::formats) fn accessibility(row: &mut Object) {
    called(row, "accessibility", "description");
}

/// An address, of a kind that the name of its list told.
pub(in crate::formats) fn address(row: Value, kind: &str) -> Value {
    let Value::Object(mut row) = row else { return row };
    row.entry("address_type").or_insert_with(|| kind.into());
    Value::Object(row)
}

/// A day that a table gives as its number, Monday first.
fn numbered(value: &Value) -> Option<&'static str> {
    let number = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())?;
    ["MO", "TU", "WE", "TH", "FR", "SA", "SU"].get(usize::try_from(number.checked_sub(1)?).ok()?).copied()
}

/// Regular hours: `weekday` was HSDS 1's name of the day, and a day was often written in full.
pub(in crate::formats) fn schedule(row: &mut Object) {
    if let Some(day) = row.get("weekday").and_then(numbered) {
        row.insert("weekday".to_owned(), day.into());
    }
    called(row, "weekday", "byday");
    if let Some(written) = text(row, "byday").map(str::to_owned) {
        row.insert("byday".to_owned(), schedule::byday(&written).unwrap_or(written).into());
        if row.get("freq").is_none_or(is_nothing) {
            row.insert("freq".to_owned(), "WEEKLY".into());
        }
    }
    // The standard of today has no daily schedules: every day of every week is the same.
    let once =
        row.get("interval").is_none_or(|interval| is_nothing(interval) || *interval == json!(1) || *interval == json!("1"));
    if text(row, "freq").is_some_and(|freq| freq.eq_ignore_ascii_case("daily")) && once && row.get("byday").is_none_or(is_nothing)
    {
        row.insert("freq".to_owned(), "WEEKLY".into());
        row.insert("byday".to_owned(), EVERY_DAY.into());
    }
}

const EVERY_DAY: &str = "MO,TU,WE,TH,FR,SA,SU";

/// What a holiday row says.
pub(in crate::formats) enum Holiday {
    /// Hours on these days: a schedule of today.
    Open(Value),
    /// Closed on these days, in words.
    Closed(String),
}

/// Hours on holidays, or that there are none.
pub(in crate::formats) fn holiday(mut row: Object) -> Holiday {
    let closed = row.remove("closed").is_some_and(|closed| match closed {
        Value::Bool(closed) => closed,
        Value::String(word) => matches!(fold(&word).as_str(), "true" | "yes" | "y" | "1" | "t" | "closed"),
        Value::Number(number) => number.as_i64() == Some(1),
        _ => false,
    });
    let (from, to) = (day_of(text(&row, "start_date")), day_of(text(&row, "end_date")));
    let has_hours = text(&row, "opens_at").is_some() && text(&row, "closes_at").is_some();
    if closed || !has_hours {
        let days = match (from, to) {
            (Some(from), Some(to)) if from != to => format!(" from {} to {}", said(&from), said(&to)),
            (Some(day), _) | (None, Some(day)) => format!(" on {}", said(&day)),
            (None, None) => String::new(),
        };
        return Holiday::Closed(format!("Closed{days}"));
    }
    for name in ["start_date", "end_date"] {
        row.remove(name);
    }
    let (from, to) = (from.clone().or_else(|| to.clone()), to.or(from));
    for (name, value) in [
        ("valid_from", from),
        ("valid_to", to),
        ("freq", Some("WEEKLY".to_owned())),
        ("byday", Some(EVERY_DAY.to_owned())),
        ("description", Some(text(&row, "description").unwrap_or("Holiday hours").to_owned())),
    ] {
        if let Some(value) = value {
            row.insert(name.to_owned(), value.into());
        }
    }
    Holiday::Open(Value::Object(row))
}

/// The day of a date, or of a date and time.
fn day_of(text: Option<&str>) -> Option<String> {
    let text = text?;
    Some(text.split(['T', ' ']).next().unwrap_or(text).to_owned())
}

/// "25 December 2026", or the text as it is.
fn said(day: &str) -> String {
    day.parse::<chrono::NaiveDate>().map_or_else(|_| day.to_owned(), |day| day.format("%-d %B %Y").to_string())
}

/// A term in the older way: `vocabulary` named its list, `parent` held the wider term itself.
/// Wider terms go to `besides`.
pub(in crate::formats) fn term(mut row: Object, besides: &mut Vec<Value>) -> Object {
    // A chain of wider terms is as long as the parser's depth allows.
    if let Some(Value::Object(parent)) = row.remove("parent")
        && let Some(id) = parent.get("id").filter(|id| !is_nothing(id))
    {
        row.entry("parent_id").or_insert_with(|| id.clone());
        let parent = term(parent, besides);
        if text(&parent, "name").is_some() {
            besides.push(Value::Object(parent));
        }
    }
    called(&mut row, "term", "name");
    let vocabulary = text(&row, "vocabulary").map(str::to_owned);
    row.remove("vocabulary");
    row.remove("parent_name");
    if let Some(vocabulary) = vocabulary {
        let list = row.get("taxonomy_detail").is_none_or(is_nothing);
        if list {
            row.insert("taxonomy_detail".to_owned(), json!({"id": vocabulary, "name": vocabulary}));
        }
        row.entry("taxonomy").or_insert_with(|| vocabulary.into());
    }
    // "esdServiceTypes:123": the id of a term in its list is its code.
    let code = text(&row, "id").filter(|id| id.contains(':') && id.len() <= 100).map(str::to_owned);
    if let Some(code) = code {
        row.entry("code").or_insert_with(|| code.into());
    }
    row
}

/// A term attached to something: the row that links them, or the term itself.
pub(in crate::formats) fn attribute(
    mut row: Object,
    entity: &str,
    link_type: Option<&str>,
    besides: &mut Vec<Value>,
) -> Option<Value> {
    let nested = ["taxonomy", "taxonomy_term"].into_iter().find_map(|name| match row.get(name) {
        Some(Value::Object(_)) => row.remove(name),
        _ => None,
    });
    let mut attribute = Object::new();
    match nested {
        Some(Value::Object(nested)) => {
            if let Some(id) = row.get("id").filter(|id| !is_nothing(id)) {
                attribute.insert("id".to_owned(), id.clone());
            }
            attribute.insert("taxonomy_term".to_owned(), term(nested, besides).into());
        }
        _ => match ["taxonomy_term_id", "taxonomy_id"].into_iter().find_map(|name| row.get(name).filter(|id| !is_nothing(id))) {
            Some(id) => {
                attribute.insert("taxonomy_term_id".to_owned(), id.clone());
            }
            None if text(&row, "name").is_some() => {
                attribute.insert("taxonomy_term".to_owned(), term(row, besides).into());
            }
            None => return None,
        },
    }
    attribute.insert("link_entity".to_owned(), entity.into());
    if let Some(link_type) = link_type {
        attribute.insert("link_type".to_owned(), link_type.into());
    }
    Some(attribute.into())
}
