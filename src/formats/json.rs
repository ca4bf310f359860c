//! JSON from strangers. Stricter than usual where leniency hides something: a key that stands
//! twice, nesting without end, text that is not UTF-8.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::digits::{self, Rounded};

/// Nesting deeper than this is refused. The deepest honest record has about 15 levels.
pub const DEEPEST: usize = 48;

const BEHIND: &str = "there is something behind the end of the JSON value; where there are several, write each on a line of its own (jq -c), or all of them in one list";

/// Why bytes are not JSON that we take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} (at character {column})")]
pub struct Malformed {
    /// What is wrong.
    pub reason: String,
    /// Where, counted in bytes from 1, on its line.
    pub column: usize,
    /// On which line, from 1.
    pub line: u64,
    /// Whether it was well until its end, so that more of it may follow.
    pub unfinished: bool,
}

impl Malformed {
    /// What a serde error says, without the place that stands behind it.
    pub(super) fn said_by(error: &serde_json::Error) -> Self {
        let said = error.to_string();
        let reason = said.split(" at line ").next().unwrap_or(&said);
        let reason = match reason {
            "trailing characters" => BEHIND,
            deep if deep.starts_with("recursion limit") => "is nested too deeply",
            reason => reason,
        };
        Self { reason: reason.to_owned(), column: error.column(), line: error.line() as u64, unfinished: error.is_eof() }
    }
}

/// `bytes` as text, without a byte order mark.
pub(super) fn text(bytes: &[u8]) -> Result<&str, Malformed> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let reason = match bytes {
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => "the text is UTF-16; save it as UTF-8",
            _ => "the text is not UTF-8; it may have been saved in another encoding",
        };
        Malformed { reason: reason.to_owned(), column: error.valid_up_to() + 1, line: 1, unfinished: false }
    })
}

/// Read one JSON value.
/// # Errors
/// What is wrong, and where.
///
/// ```
/// use fingerpost::formats::json::parse;
/// assert!(parse(br#"{"a": [1, "b"]}"#).is_ok());
/// assert!(parse(br#"{"a": 1, "a": 2}"#).unwrap_err().reason.contains("twice"));
/// ```
pub fn parse(bytes: &[u8]) -> Result<Value, Malformed> {
    read(text(bytes)?)
}

/// A value, and the numbers of it that are read as other ones.
#[derive(Debug)]
pub struct Noted {
    /// The value.
    pub value: Value,
    /// The numbers that it does not hold exactly.
    pub rounded: Vec<Rounded>,
}

/// The same, where it is noted which numbers the value does not hold exactly.
/// # Errors
/// As [`parse`], and where there are too many such numbers.
pub fn parse_noting(bytes: &[u8]) -> Result<Noted, Malformed> {
    let text = text(bytes)?;
    Ok(Noted { value: read(text)?, rounded: noted(text)? })
}

/// The numbers of a text that its value does not hold exactly.
fn noted(text: &str) -> Result<Vec<Rounded>, Malformed> {
    digits::rounded(text).map_err(|too_many| {
        let before = &text[..too_many.at];
        let column = too_many.at - before.rfind('\n').map_or(0, |end| end + 1) + 1;
        let line = before.matches('\n').count() as u64 + 1;
        Malformed { reason: too_many.to_string(), column, line, unfinished: false }
    })
}

fn read(text: &str) -> Result<Value, Malformed> {
    serde_json::from_str::<Strict>(text)
        .map(|strict| strict.0)
        .map_err(|error| halved(text, &error).unwrap_or_else(|| Malformed::said_by(&error)))
}

/// The same, where halves of characters (`\ud800`), which stand for no text and which careless programs write all
/// the same, are read as U+FFFD: one of them is no reason to refuse all that stands beside it.
/// # Errors
/// As [`parse`].
///
/// ```
/// use fingerpost::formats::json::parse_mended;
/// assert_eq!(parse_mended(br#"["a\ud83db", "\ud83d\ude00", "\\ud83d"]"#).unwrap(), serde_json::json!(["a\u{fffd}b", "😀", "\\ud83d"]));
/// ```
pub fn parse_mended(bytes: &[u8]) -> Result<Value, Malformed> {
    let whole = parse(bytes);
    match &whole {
        Err(_) => match mended(text(bytes)?) {
            Some(mended) => parse(mended.as_bytes()),
            None => whole,
        },
        Ok(_) => whole,
    }
}

/// The same, where it is noted which numbers the value does not hold exactly.
/// # Errors
/// As [`parse_noting`].
pub fn parse_mended_noting(bytes: &[u8]) -> Result<Noted, Malformed> {
    // Mending is for text only, so the numbers stand where they stood.
    let value = parse_mended(bytes)?;
    Ok(Noted { value, rounded: noted(text(bytes)?)? })
}

/// `text` with `\ufffd` for each half of a character that stands alone; none where there is no such.
fn mended(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut copied = 0;
    for at in halves(text) {
        out.push_str(&text[copied..at]);
        out.push_str("\\ufffd");
        copied = at + HALF;
    }
    (copied > 0).then(|| out + &text[copied..])
}

/// Bytes of `\ud800`.
const HALF: usize = 6;

/// Where halves of characters stand alone.
fn halves(text: &str) -> impl Iterator<Item = usize> {
    let unit = move |at: usize| u32::from_str_radix(text.get(at..at + HALF)?.strip_prefix("\\u")?, 16).ok();
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(found) = text[at..].find('\\') {
            at += found;
            match unit(at) {
                Some(0xD800..=0xDBFF) if matches!(unit(at + HALF), Some(0xDC00..=0xDFFF)) => at += 2 * HALF,
                Some(0xD800..=0xDFFF) => {
                    at += HALF;
                    return Some(at - HALF);
                }
                Some(_) => at += HALF,
                // Whatever is escaped is no backslash of the next one.
                None => at += 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8),
            }
        }
        None
    })
}

/// What is wrong where reading `text` ended at half of a character.
fn halved(text: &str, error: &serde_json::Error) -> Option<Malformed> {
    let at = halves(text).next()?;
    let line = text[..at].matches('\n').count() + 1;
    let column = at - text[..at].rfind('\n').map_or(0, |end| end + 1) + 1;
    let half = &text[at..at + HALF];
    let reason = format!(
        "{half} is one half of a character, and means nothing without the other; the program that wrote it has cut the character in two: write it whole, or take it out"
    );
    let ends_there = (line, column) <= (error.line(), error.column()) && !error.is_eof();
    ends_there.then_some(Malformed { reason, column, line: line as u64, unfinished: false })
}

struct Strict(Value);

thread_local! {
    static DEPTH: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Counts nesting for as long as it lives, also when an error unwinds past it.
struct Level;

impl Level {
    fn enter<E: serde::de::Error>() -> Result<Self, E> {
        let depth = DEPTH.get() + 1;
        DEPTH.set(depth);
        let level = Self;
        if depth > DEEPEST { Err(E::custom("is nested too deeply")) } else { Ok(level) }
    }
}

impl Drop for Level {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(StrictVisitor).map(Strict)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }
    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("has a number that is too large"))
    }
    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }
    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let _level = Level::enter::<A::Error>()?;
        let mut items = Vec::new();
        while let Some(Strict(item)) = from.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let _level = Level::enter::<A::Error>()?;
        let mut members = Map::new();
        while let Some(key) = from.next_key::<String>()? {
            if members.contains_key(&key) {
                return Err(A::Error::custom(format!("{:?} appears twice in one object", crate::model::text::shorten(&key, 60))));
            }
            let Strict(value) = from.next_value()?;
            members.insert(key, value);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_others_let_pass_is_refused_with_a_place_and_a_reason() {
        let said = |bytes: &[u8]| parse(bytes).unwrap_err().to_string();
        assert_eq!(said(br#"{"id": 1, "id": 2}"#), "\"id\" appears twice in one object (at character 14)");
        assert_eq!(said(b"{\"a\": NaN}"), "expected value (at character 7)");
        assert_eq!(said("[".repeat(10_000).as_bytes()), "is nested too deeply (at character 49)");
        assert_eq!(
            said(br#"["caf\u00e9", "\ud800"]"#),
            "\\ud800 is one half of a character, and means nothing without the other; the program that wrote it has cut the character in two: write it whole, or take it out (at character 16)"
        );
        assert_eq!(said(br#"[nothing, "\ud800"]"#), "expected ident (at character 3)");
        assert_eq!(said(b"\xFF\xFE{\x00"), "the text is UTF-16; save it as UTF-8 (at character 1)");
        assert_eq!(
            said(b"{\"a\": \"caf\xE9\"}"),
            "the text is not UTF-8; it may have been saved in another encoding (at character 11)"
        );
        assert_eq!(said(b"{} {}"), format!("{BEHIND} (at character 4)"));
        assert_eq!(
            parse("[".repeat(10_000).as_bytes()).is_err(),
            parse(b"[[1]]").is_err().then_some(true).is_none(),
            "the depth is counted afresh"
        );
    }

    #[test]
    fn a_byte_order_mark_is_nothing() {
        assert_eq!(parse(b"\xEF\xBB\xBF{}").unwrap(), serde_json::json!({}));
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
        }
        #[test]
        fn nothing_makes_mending_panic(text in r#"[{}\[\]":,a\\ud8c0-9é]{0,60}"#) {
            let _ = parse_mended(text.as_bytes());
        }
        #[test]
        fn what_serde_json_writes_is_read_back(text in ".*", number in any::<i64>()) {
            let value = serde_json::json!({"t": text, "n": [number]});
            prop_assert_eq!(parse(value.to_string().as_bytes()).unwrap(), value.clone());
            prop_assert_eq!(mended(&value.to_string()), None);
        }
    }
}
