//! What the directory knows of a place that is hidden, found again wherever it stands in text.

use super::addresses::{cut, in_full, words};
use crate::model::{Location, text::fold};

/// Shorter phrases stand in too many texts for other reasons.
const SHORTEST: usize = 4;

/// Words that tell of places: their addresses, names, postcodes, coordinates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Phrases as their folded words without spaces, so that "LU1 3AG" and "lu13ag" are the same.
    phrases: Vec<String>,
    /// Degrees, and the first decimals of their fraction.
    degrees: Vec<(String, String)>,
}

impl Known {
    /// What is known of `place`. Its town says no more than an area does.
    pub fn of(place: &Location) -> Self {
        let mut known = Self::default();
        let towns: Vec<String> = place
            .addresses
            .iter()
            .flat_map(|address| [Some(address.city.as_str()), address.region.as_deref(), Some(address.state_province.as_str())])
            .flatten()
            .map(folded)
            .collect();
        let lines = place.addresses.iter().flat_map(|address| {
            [Some(address.address_1.as_str()), address.address_2.as_deref(), Some(address.postal_code.as_str())]
        });
        for line in lines.chain([place.name.as_deref(), place.alternate_name.as_deref()]).flatten() {
            for part in std::iter::once(line).chain(line.split(',')) {
                let phrase = folded(part);
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

    /// Whether nothing is known.
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

    /// `text` with what is known masked. `None` where none of it stands there.
    pub(super) fn mask(&self, text: &str) -> Option<String> {
        if self.is_empty() {
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
        cut(text, &cuts)
    }

    /// How many words from `at` on say something that is known, as many as do.
    fn length(&self, words: &[(usize, &str)], plain: &[String], at: usize) -> usize {
        let phrases = self.phrases.iter().filter_map(|phrase| begins_with(&plain[at..], phrase));
        let degrees = self.degrees.iter().filter(|(whole, fraction)| {
            words[at].1 == whole && words.get(at + 1).is_some_and(|(_, next)| next.starts_with(fraction.as_str()))
        });
        phrases.chain(degrees.map(|_| 2)).max().unwrap_or(0)
    }
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
