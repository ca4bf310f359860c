//! What looks like a person's own and stands in a sentence. There it cannot wait for anybody: a sentence with a hole in
//! it may be worse than none, and many a group's only number is a mobile. So it is told to whoever imports it.

use std::collections::HashSet;

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::signs::{is_mobile, is_private_mailbox, national};
use crate::model::{Document, Kind, values::EmailAddress};

/// Words of a record in which something stands that looks like a person's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InWords {
    /// The record.
    pub record: Uuid,
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Where in it the words stand, such as `description`.
    pub path: String,
    /// What stands there. Says nothing of the person.
    pub reason: &'static str,
}

/// Members that hold no words, or that are decided about by themselves.
const NO_WORDS: [&str; 5] = ["id", "contacts", "phones", "email", "metadata"];

/// The words of a record in which a mobile number or a private mailbox stands, other than those that it gives as its own.
pub fn in_words(document: &Document) -> Vec<InWords> {
    if matches!(document.kind(), Kind::Taxonomy | Kind::TaxonomyTerm) {
        return Vec::new();
    }
    let (value, kind, record) = (document.to_value(), document.kind(), document.name());
    let mut own = HashSet::new();
    numbers(&value, &mut own);
    let mut found = Vec::new();
    look(&value, "", &mut |path, text| {
        if let Some(reason) = reason(text, record, &own) {
            found.push(InWords { record: document.id(), kind, name: record.to_owned(), path: path.to_owned(), reason });
        }
    });
    found
}

/// Numbers that everybody may see beside the words.
fn numbers(value: &Value, own: &mut HashSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| numbers(item, own)),
        Value::Object(members) if members.get("visibility").is_none_or(|seen| seen == "public") => {
            own.extend(members.get("number").and_then(Value::as_str).map(national));
            members.values().for_each(|value| numbers(value, own));
        }
        _ => {}
    }
}

/// Call `each` with every text that a record has in its own words, behind where that stands in it.
pub fn each_text(document: &Document, each: &mut dyn FnMut(&str, &str)) {
    look(&document.to_value(), "", each);
}

fn look(value: &Value, path: &str, each: &mut dyn FnMut(&str, &str)) {
    match value {
        Value::String(text) => each(path, text),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                look(item, &format!("{path}[{at}]"), each);
            }
        }
        Value::Object(members) => {
            let with_words = members.iter().filter(|(name, _)| !NO_WORDS.contains(&name.as_str()) && !name.ends_with("_id"));
            for (name, value) in with_words {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                look(value, &path, each);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn reason(text: &str, record: &str, own: &HashSet<String>) -> Option<&'static str> {
    if mobiles(text).iter().any(|number| !own.contains(number)) {
        return Some("a mobile number");
    }
    let ends = |c: char| c.is_whitespace() || "<>()[],;:\"'".contains(c);
    let mut words = text.split(ends).filter(|word| word.contains('@'));
    let is_private = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        word.parse::<EmailAddress>().is_ok_and(|email| is_private_mailbox(&email, record))
    };
    words.any(is_private).then_some("an email address that looks personal")
}

/// The mobile numbers in a text, as they are dialled in this country.
fn mobiles(text: &str) -> Vec<String> {
    let (mut found, mut behind, mut before) = (Vec::new(), 0, ' ');
    for (at, c) in text.char_indices() {
        let begins = (c.is_ascii_digit() || c == '+') && !before.is_alphanumeric() && before != '+';
        before = c;
        if begins
            && at >= behind
            && let Some((digits, length)) = number_at(&text[at..])
        {
            behind = at + length;
            found.push(national(&digits));
        }
    }
    found.retain(|number| is_mobile(number));
    found
}

/// The digits of the number with which a text begins, and how many bytes it takes.
fn number_at(text: &str) -> Option<(String, usize)> {
    const FORMS: [(&str, usize); 4] = [("07", 11), ("447", 12), ("4407", 13), ("00447", 14)];
    /// Between two digits: "+44 (0) 7700".
    const WIDEST_GAP: usize = 3;
    let (mut digits, mut gap) = (String::new(), 0);
    for (at, c) in text.char_indices() {
        match c {
            '0'..='9' => {
                digits.push(c);
                gap = 0;
            }
            '+' if at == 0 => continue,
            ' ' | '-' | '.' | '/' | '(' | ')' | '\u{a0}' if gap < WIDEST_GAP => {
                gap += 1;
                continue;
            }
            _ => return None,
        }
        let is_whole = FORMS.iter().any(|(start, length)| digits.len() == *length && digits.starts_with(start));
        if is_whole && !text[at + 1..].starts_with(|next: char| next.is_ascii_digit()) {
            return Some((digits, at + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn mobile_numbers_are_found_in_sentences() {
        for written in
            ["07700 900123", "07700900123", "+44 7700 900123", "+44 (0) 7700 900123", "0044 7700 900 123", "(07700) 900-123"]
        {
            assert_eq!(mobiles(&format!("In Room 12 07th: text Sheila on {written}.")), ["07700900123"], "{written}");
        }
        assert_eq!(mobiles("07700 900123 or 07700 900124").len(), 2);
        for other in ["01632 960123", "Charity 1077009001234", "from 07 to 11", "A07700900123", "070 1632 96012", "0770090012345"]
        {
            assert_eq!(mobiles(other), [""; 0], "{other}");
        }
    }

    #[test]
    fn a_private_mailbox_is_told_from_a_groups_own() {
        let reason = |text: &str| reason(text, "Marsh Farm Pantry", &HashSet::new());
        assert_eq!(reason("Write to <sheila.hopcroft@gmail.com>."), Some("an email address that looks personal"));
        assert_eq!(reason("Write to marshfarmpantry@gmail.com, or @pantry, or sheila@pantry.example.org"), None);
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "[07 4+()é\u{a0}@a.-]{0,60}") {
            let _ = reason(&text, "Elm", &HashSet::new());
        }
    }
}
