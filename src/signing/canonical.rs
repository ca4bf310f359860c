//! Canonical JSON (RFC 8785): the same bytes for the same content, whoever writes them.

use std::{cmp::Ordering, io::Write as _};

use serde::Serialize;
use serde_json::{Map, Number, Value};

/// Whole numbers up to this one are written with all their digits; larger ones are not the same everywhere.
const EXACT: u64 = 1 << 53;

/// `value` as canonical JSON.
pub fn canonical(value: &impl Serialize) -> Vec<u8> {
    canonical_of(&serde_json::to_value(value).expect("documents have string keys only"))
}

/// The same of what is JSON already.
///
/// ```
/// use fingerpost::signing::canonical_of;
/// let read: serde_json::Value = serde_json::from_str(r#"{"b": 1.0, "a": [1e21, "\u0061"]}"#).unwrap();
/// assert_eq!(canonical_of(&read), br#"{"a":[1e+21,"a"],"b":1}"#);
/// ```
pub fn canonical_of(value: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(1 << 11);
    write(value, &mut out);
    out
}

/// The same of an object without its member `name`.
pub(super) fn canonical_without(object: &Map<String, Value>, name: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(1 << 10);
    write_members(object.iter().filter(|(member, _)| *member != name).collect(), &mut out);
    out
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => write_number(number, out),
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write(item, out);
            }
            out.push(b']');
        }
        Value::Object(members) => write_members(members.iter().collect(), out),
    }
}

fn write_members(mut members: Vec<(&String, &Value)>, out: &mut Vec<u8>) {
    // Nearly always they are in order as they lie there, and nothing moves.
    members.sort_by(|(one, _), (other, _)| order(one, other));
    out.push(b'{');
    for (at, (name, value)) in members.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_text(name, out);
        out.push(b':');
        write(value, out);
    }
    out.push(b'}');
}

/// The order of UTF-16 code units (RFC 8785, section 3.2.3), which is another one than that of the bytes where characters
/// beyond U+FFFF stand beside those from U+E000 on.
fn order(one: &str, other: &str) -> Ordering {
    if one.is_ascii() && other.is_ascii() { one.cmp(other) } else { one.encode_utf16().cmp(other.encode_utf16()) }
}

/// Strings are escaped as `serde_json` does it: only what must be, in its shortest form.
fn write_text(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("text is written to memory");
}

/// Numbers are written as ECMAScript writes its doubles.
fn write_number(number: &Number, out: &mut Vec<u8>) {
    let exact = number.as_i64().filter(|whole| whole.unsigned_abs() <= EXACT);
    let written = match (exact, number.as_f64()) {
        (Some(whole), _) => write!(out, "{whole}"),
        (None, Some(double)) => out.write_all(ryu_js::Buffer::new().format_finite(double).as_bytes()),
        (None, None) => Ok(()),
    };
    written.expect("numbers are written to memory");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn anything() -> impl Strategy<Value = Value> {
        let text = || r#"[a-z"\\/\x00-\x20\x7f\u{e000}\u{ffff}é🔑]{0,6}"#;
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            (-1e22..1e22).prop_map(Value::from),
            any::<i16>().prop_map(|small| json!(f64::from(small))),
            text().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(text(), inner, 0..6).prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// Somebody else's implementation of the same RFC.
        #[test]
        fn others_write_the_same(value in anything()) {
            let theirs = serde_json_canonicalizer::to_string(&value).unwrap();
            prop_assert_eq!(String::from_utf8(canonical_of(&value)).unwrap(), theirs);
        }
    }
}
