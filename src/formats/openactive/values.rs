//! JSON-LD as it is written: members under several names, one value or a list, text in wrappers.

use serde_json::Value;

/// What may stand before the name of a member.
const PREFIXES: [&str; 7] = ["", "schema:", "oa:", "beta:", "@", "https://schema.org/", "http://schema.org/"];

/// A member, under whichever of its names; null is none.
pub(super) fn member<'a>(of: &'a Value, name: &str) -> Option<&'a Value> {
    let members = of.as_object()?;
    PREFIXES.iter().find_map(|prefix| {
        let found = if prefix.is_empty() { members.get(name) } else { members.get(&format!("{prefix}{name}")) };
        found.filter(|value| !value.is_null())
    })
}

/// One value or each of a list.
pub(super) fn each(value: Option<&Value>) -> Vec<&Value> {
    match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => items.iter().filter(|item| !item.is_null()).collect(),
        Some(Value::Object(members)) => match members.get("@list").or_else(|| members.get("@set")) {
            Some(list) => each(Some(list)),
            None => value.into_iter().collect(),
        },
        other => other.into_iter().collect(),
    }
}

/// Each value of a member.
pub(super) fn all<'a>(of: &'a Value, name: &str) -> Vec<&'a Value> {
    each(member(of, name))
}

/// A value as text: the first of a list, what stands in a wrapper, a number in digits.
pub(super) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(items) => items.iter().find_map(as_text),
        Value::Object(members) => members.get("@value").and_then(as_text),
        _ => None,
    }
}

/// A member as text.
pub(super) fn text(of: &Value, name: &str) -> Option<String> {
    as_text(member(of, name)?)
}

/// A member as a number, also where it is written as text.
pub(super) fn number(of: &Value, name: &str) -> Option<f64> {
    let found = match member(of, name)? {
        Value::Number(number) => number.as_f64(),
        other => as_text(other)?.parse().ok(),
    };
    found.filter(|number| number.is_finite())
}

/// Whether a member says yes.
pub(super) fn flag(of: &Value, name: &str) -> bool {
    match member(of, name) {
        Some(Value::Bool(yes)) => *yes,
        Some(other) => as_text(other).is_some_and(|text| text.eq_ignore_ascii_case("true")),
        None => false,
    }
}

/// The last part of a name: "Monday" of `https://schema.org/Monday` and of `schema:Monday`.
pub(super) fn local(text: &str) -> &str {
    text.rsplit(['/', '#', ':']).find(|part| !part.is_empty()).unwrap_or(text)
}

/// Whether a thing is of a type, by the last part of its name.
pub(super) fn is_a(of: &Value, name: &str) -> bool {
    all(of, "type").into_iter().filter_map(as_text).any(|found| local(&found).eq_ignore_ascii_case(name))
}

/// What tells a thing from others: its address, or what its source calls it.
pub(super) fn name_of(thing: &Value) -> Option<String> {
    if let Value::String(_) = thing {
        return as_text(thing);
    }
    text(thing, "id").or_else(|| all(thing, "identifier").into_iter().find_map(|one| as_text(one).or_else(|| text(one, "value"))))
}

/// An address on the web.
pub(super) fn is_web_address(text: &str) -> bool {
    (text.starts_with("https://") || text.starts_with("http://")) && !text.contains(char::is_whitespace)
}
