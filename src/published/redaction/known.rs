//! What is known of a place that is hidden, or of a person who is to be forgotten, found again wherever it stands
//! in text.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::addresses::{self, cut, in_full, is_of_streets, words};
use crate::model::{Location, text::fold};

/// Shorter phrases stand in too many texts for other reasons.
const SHORTEST: usize = 4;

/// Telephone numbers have at least so many digits.
const NUMBER: usize = 7;

/// Words that were erased of a record, in a form in which only somebody who knows them, or guesses them, can tell what
/// they are: how many letters they have, and what these and the record's id hash to. There are few enough telephone
/// numbers to try them all. No key goes into it: it has to hold on another machine, beside an older backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    letters: usize,
    hash: String,
}

impl Erased {
    /// These words of this record, in each form in which they are written: a telephone number has several.
    pub fn of(record: Uuid, words: &str) -> Vec<Self> {
        forms(words).iter().map(|phrase| Self { letters: phrase.chars().count(), hash: hash(record, phrase) }).collect()
    }

    /// How many of the words are these.
    fn begins(&self, record: Uuid, plain: &[String]) -> Option<usize> {
        let mut phrase = String::new();
        for (at, word) in plain.iter().enumerate() {
            phrase.push_str(word);
            match phrase.chars().count().cmp(&self.letters) {
                Ordering::Less => {}
                Ordering::Equal => return (hash(record, &phrase) == self.hash).then_some(at + 1),
                Ordering::Greater => return None,
            }
        }
        None
    }
}

fn hash(record: Uuid, phrase: &str) -> String {
    hex::encode(Sha256::digest(format!("{record} {phrase}")))
}

/// The folded words, as they may be written: 07700 900461 is +44 7700 900461, too.
fn forms(words: &str) -> Vec<String> {
    let phrase = folded(words);
    let is_number = phrase.len() >= NUMBER && phrase.chars().all(|c| c.is_ascii_digit());
    let rest = ["440", "44", "0"].iter().find_map(|start| phrase.strip_prefix(start)).filter(|_| is_number);
    match rest {
        Some(rest) => ["440", "44", "0"].iter().map(|start| format!("{start}{rest}")).collect(),
        None => vec![phrase],
    }
}

/// Words that tell of places: their addresses, names, postcodes, coordinates; or of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Phrases as their folded words without spaces, so that "LU1 3AG" and "lu13ag" are the same.
    phrases: Vec<String>,
    /// Degrees, and the first decimals of their fraction.
    degrees: Vec<(String, String)>,
    /// The ids of the places, as their letters and digits.
    ids: Vec<String>,
    /// What was erased, and of which record.
    erased: Vec<(Uuid, Erased)>,
}

impl Known {
    /// What is known of `place`. Its town says no more than an area does, where it is one: people also write a house,
    /// a street or the whole address there.
    pub fn of(place: &Location) -> Self {
        let mut known = Self::of_id(place.id.into());
        let names = [place.name.as_deref(), place.alternate_name.as_deref()];
        let houses = place.addresses.iter().map(|address| address.address_1.as_str()).chain(names.into_iter().flatten());
        let houses: Vec<String> = houses.flat_map(in_any_order).collect();
        let areas = place
            .addresses
            .iter()
            .flat_map(|address| [Some(address.city.as_str()), address.region.as_deref(), Some(address.state_province.as_str())]);
        let (whole, towns): (Vec<&str>, Vec<&str>) = areas.flatten().partition(|area| addresses::mask(area).is_some());
        let is_town = |area: &String| !area.contains(|c: char| c.is_ascii_digit()) && !houses.contains(area);
        let towns: Vec<String> = towns.into_iter().map(folded).filter(is_town).collect();
        let lines = place.addresses.iter().flat_map(|address| {
            [Some(address.address_1.as_str()), address.address_2.as_deref(), Some(address.postal_code.as_str())]
        });
        for line in lines.chain(names).chain(whole.into_iter().map(Some)).flatten() {
            for phrase in std::iter::once(line).chain(line.split(',')).flat_map(in_any_order) {
                if phrase.chars().count() >= SHORTEST && !towns.contains(&phrase) && !known.phrases.contains(&phrase) {
                    known.phrases.push(phrase);
                }
            }
        }
        for degrees in [place.latitude, place.longitude].into_iter().flatten() {
            let text = format!("{:.5}", degrees.0.abs());
            if let Some((whole, fraction)) = text.split_once('.') {
                known.degrees.push((whole.to_owned(), fraction[..3].to_owned()));
            }
        }
        known
    }

    /// A person's name, email address or telephone number.
    pub fn of_person(words: &str) -> Self {
        Self { phrases: forms(words).into_iter().filter(|phrase| !phrase.is_empty()).collect(), ..Self::default() }
    }

    /// What was erased of a record.
    pub fn of_erased(record: Uuid, erased: &Erased) -> Self {
        Self { erased: vec![(record, erased.clone())], ..Self::default() }
    }

    /// Whether `text` says something of it.
    pub fn is_told_in(&self, text: &str) -> bool {
        self.mask(text, "").is_some()
    }

    /// That there is a place with this id, and nothing else.
    pub fn of_id(place: Uuid) -> Self {
        Self { ids: vec![place.simple().to_string()], ..Self::default() }
    }

    /// Whether this is the id of one of these places.
    pub fn is_place(&self, id: Uuid) -> bool {
        !self.ids.is_empty() && self.ids.contains(&id.simple().to_string())
    }

    /// Whether `value` is the id of one of these places.
    pub(super) fn is_id(&self, value: &Value) -> bool {
        value.as_str().and_then(|text| Uuid::parse_str(text).ok()).is_some_and(|id| self.is_place(id))
    }

    /// Whether `number` is one of the coordinates of these places.
    pub(super) fn is_degrees(&self, number: &Number) -> bool {
        let Some(number) = number.as_f64().filter(|_| !self.degrees.is_empty()) else { return false };
        let text = format!("{:.5}", number.abs());
        let parts = text.split_once('.');
        parts.is_some_and(|(whole, rest)| self.degrees.iter().any(|(degrees, first)| whole == degrees && rest.starts_with(first)))
    }

    /// Whether nothing is known but that there are places.
    pub fn is_empty(&self) -> bool {
        self.phrases.is_empty() && self.degrees.is_empty()
    }

    /// Know what `other` knows as well.
    pub fn add(&mut self, other: Self) {
        self.phrases.extend(other.phrases);
        self.degrees.extend(other.degrees);
        self.phrases.sort_unstable();
        self.phrases.dedup();
        self.degrees.sort_unstable();
        self.degrees.dedup();
        self.ids.extend(other.ids);
        self.ids.sort_unstable();
        self.ids.dedup();
    }

    /// Of this only what nobody says of anything else: whole addresses, postcodes, coordinates and ids, but neither the
    /// names of places nor of streets. A house may be called "Refuge".
    #[must_use]
    pub fn exact(mut self) -> Self {
        self.phrases.retain(|phrase| phrase.contains(|c: char| c.is_ascii_digit()));
        self
    }

    /// The same without what a record is called by: a group may be named like its house, and everybody
    /// knows the group.
    #[must_use]
    pub fn but_for<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        for name in names {
            let name = folded(name);
            self.phrases.retain(|phrase| !name.contains(phrase.as_str()));
        }
        self
    }

    /// `text` with `mask` in place of what is known. `None` where none of it stands there.
    pub(super) fn mask(&self, text: &str, mask: &str) -> Option<String> {
        if self.is_empty() && self.ids.is_empty() && self.erased.is_empty() {
            return None;
        }
        let words: Vec<(usize, &str)> = words(text).collect();
        let plain: Vec<String> = words.iter().map(|(_, word)| in_full(&fold(word)).to_owned()).collect();
        let mut cuts = Vec::new();
        let mut at = 0;
        while at < words.len() {
            match self.length(&words, &plain, at) {
                0 => at += 1,
                length => {
                    let (end_start, end) = words[at + length - 1];
                    cuts.push((words[at].0, end_start + end.len()));
                    at += length;
                }
            }
        }
        cut(text, &cuts, mask)
    }

    /// How many words from `at` on say something that is known, as many as do.
    fn length(&self, words: &[(usize, &str)], plain: &[String], at: usize) -> usize {
        let phrases = self.phrases.iter().chain(&self.ids).filter_map(|phrase| begins_with(&plain[at..], phrase));
        let degrees = self.degrees.iter().filter(|(whole, fraction)| {
            words[at].1 == whole && words.get(at + 1).is_some_and(|(_, next)| next.starts_with(fraction.as_str()))
        });
        let erased = self.erased.iter().filter_map(|(record, one)| one.begins(*record, &plain[at..]));
        phrases.chain(degrees.map(|_| 2)).chain(erased).max().unwrap_or(0)
    }
}

/// The folded words, and where they begin with a house number, the street alone and with its number behind it; the
/// number with the street's name alone as well.
fn in_any_order(text: &str) -> Vec<String> {
    let all: Vec<String> = words(text).map(|(_, word)| in_full(&fold(word)).to_owned()).collect();
    let mut phrases = vec![all.concat()];
    if let Some((number, street)) = all.split_first()
        && number.starts_with(|c: char| c.is_ascii_digit())
        && street.len() > 1
    {
        phrases.extend([format!("{}{number}", street.concat()), street.concat()]);
        // "17 Thistlewick" says as much as "17 Thistlewick Close".
        if let Some((word, name)) = street.split_last()
            && is_of_streets(word)
        {
            let name = name.concat();
            phrases.extend([format!("{number}{name}"), format!("{name}{number}")]);
        }
    }
    phrases
}

/// How many of the words make up the phrase.
fn begins_with(words: &[String], phrase: &str) -> Option<usize> {
    let mut rest = phrase;
    for (at, word) in words.iter().enumerate() {
        rest = rest.strip_prefix(word.as_str())?;
        if rest.is_empty() {
            return Some(at + 1);
        }
    }
    None
}

fn folded(text: &str) -> String {
    words(text).map(|(_, word)| in_full(&fold(word)).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_persons_number_and_name_are_known_however_they_are_written() {
        let record = Uuid::from_u128(7);
        for (words, text, left) in [
            ("07700 900461", "Ring 07700-900461, +44 7700 900 461 or +44 (0)7700 900461.", "Ring -, +- or +-."),
            ("+44 7700 900461", "Ring 07700900461; not 07700 9004615", "Ring -; not 07700 9004615"),
            ("Zoë O’Hara", "Ask for zoe o'hara, Zoë-O’Hara.", "Ask for -, -."),
            ("Amy", "Amy and Amyas", "- and Amyas"),
            ("a@b.example", "Write to A@b.example!", "Write to -!"),
        ] {
            assert_eq!(Known::of_person(words).mask(text, "-").as_deref(), Some(left), "{words}");
            let mut told = text.to_owned();
            for erased in Erased::of(record, words) {
                assert!(!serde_json::to_string(&erased).unwrap().contains("7700"), "nobody can read it");
                told = Known::of_erased(record, &erased).mask(&told, "-").unwrap_or(told);
                assert_eq!(Known::of_erased(Uuid::from_u128(8), &erased).mask(text, "-"), None, "of another record");
            }
            assert_eq!(told, left, "{words}");
        }
        assert_eq!(Known::of_person("…").mask("Anything … at all", "-"), None);
    }
}
