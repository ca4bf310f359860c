//! Everyday words: what people mean by what they write. Two tables that a council edits: phrases
//! with the needs they stand for, and for each need the words by which a listing shows that it helps.
//!
//! The longest phrase counts first. A phrase may be written with a small slip in its longer words,
//! but what is close to an urgent phrase is never taken for something that is not urgent.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{
    english,
    families::Family,
    fields::{Word, words_of},
    slips::{is_form_of, is_slip, slips},
    small::{as_meant, is_small, joined, says_little},
};
use crate::model::text::fold;

/// Words of one phrase.
pub(super) const LONGEST_PHRASE: usize = 10;

/// What a phrase stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase {
    /// As it stands in the table.
    pub text: String,
    /// Codes of the needs, the main one first. None where it only looks like trouble: "end of life".
    pub needs: Vec<String>,
    /// Whether somebody who writes it may be in danger or on the street today.
    pub urgent: bool,
    /// Whether others had better not see that somebody wrote it.
    pub sensitive: bool,
    pub(super) family: Family,
}

impl Phrase {
    /// Its words, where it is one phrase and no family.
    pub(super) fn only_words(&self) -> Option<&[Word]> {
        match self.family.places.as_slice() {
            [only] if only.len() == 1 => Some(&only[0]),
            _ => None,
        }
    }
}

/// Both tables, read.
#[derive(Clone, Debug, Default)]
pub struct Words {
    pub(super) phrases: Vec<Phrase>,
    /// The same as they are compared: none is there twice.
    pub(super) written: HashSet<String>,
    /// Phrases by their stems: single words may have the same stem and mean different things.
    pub(super) exact: HashMap<Vec<String>, Vec<usize>>,
    /// Phrases without their small words, where two words or more are left.
    pub(super) telling: HashMap<Vec<String>, usize>,
    /// Phrases by the first letter of their first word, for those written with a slip.
    pub(super) by_letter: HashMap<char, Vec<usize>>,
    /// Families, and what only looks like trouble, by the stems that they begin with.
    pub(super) families: HashMap<String, Vec<usize>>,
    pub(super) urgent: HashSet<String>,
    /// Words of any phrase.
    pub(super) heard: HashSet<String>,
    /// Words that are what they are, however close to others: "treats" are no threats.
    pub(super) itself: HashSet<String>,
    pub(super) own: HashMap<String, Vec<Vec<String>>>,
    /// Needs that have own words, in the order of the table.
    pub(super) needs: Vec<String>,
    /// Own words of all needs, by the first of them.
    pub(super) beginning: HashMap<String, Vec<Own>>,
    pub(super) print: String,
}

/// Words by which a listing shows that it helps with a need.
#[derive(Clone, Debug)]
pub(super) struct Own {
    /// Number of the need.
    pub(super) need: usize,
    /// Its place in the list of the need, from 0 for the most telling.
    pub(super) place: usize,
    /// How much it says, 1 for the most telling.
    pub(super) telling: f32,
    /// The stems behind the first one.
    pub(super) further: Vec<String>,
}

/// A part of what somebody wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A word as such.
    Word(Word),
    /// Words that stand for needs.
    Meaning { words: Vec<Word>, phrase: usize },
}

impl Words {
    /// The phrase with this number.
    pub(super) fn phrase(&self, at: usize) -> &Phrase {
        &self.phrases[at]
    }

    /// Every phrase, in the order of the table.
    pub fn phrases(&self) -> &[Phrase] {
        &self.phrases
    }

    /// Codes of the needs that have own words.
    pub fn needs(&self) -> impl Iterator<Item = &str> {
        self.needs.iter().map(String::as_str)
    }

    /// Needs of phrases that have no own words: only listings with a term of that code are found by them.
    pub fn needs_without_words(&self) -> BTreeSet<&str> {
        let of_phrases = self.phrases.iter().flat_map(|phrase| &phrase.needs);
        of_phrases.filter(|need| !self.own.contains_key(*need)).map(String::as_str).collect()
    }

    /// Code of the need with this number.
    pub(super) fn need(&self, number: usize) -> &str {
        &self.needs[number]
    }

    /// Own words of whatever need that begin with this stem.
    pub(super) fn beginning_with(&self, stem: &str) -> &[Own] {
        self.beginning.get(stem).map_or(&[], Vec::as_slice)
    }

    /// Another number for other own words: an index holds what was found with them.
    pub(super) fn print(&self) -> &str {
        &self.print
    }

    /// The words by which a listing shows that it helps with the need, as stems, most telling first.
    pub(super) fn own(&self, need: &str) -> &[Vec<String>] {
        self.own.get(need).map_or(&[], Vec::as_slice)
    }

    /// Whether a need cannot wait: most of what people say of it is urgent.
    pub fn is_pressing(&self, need: &str) -> bool {
        let of_it = || self.phrases.iter().filter(|phrase| phrase.needs.iter().any(|own| own == need));
        of_it().filter(|phrase| phrase.urgent).count() * 2 > of_it().count()
    }

    /// Whether the word belongs to an urgent phrase: it is not taken for a slip of another word.
    pub(super) fn is_urgent(&self, stem: &str) -> bool {
        self.urgent.contains(stem)
    }

    /// Whether the word alone says that somebody may be in danger, or what others had better not see.
    pub(super) fn is_grave(&self, stem: &str) -> bool {
        self.exact.get(&[stem.to_owned()][..]).is_some_and(|phrases| phrases.iter().any(|at| self.phrases[*at].sensitive))
    }

    /// Whether the word is no slip of another, whatever is close to it.
    pub(super) fn is_itself(&self, stem: &str) -> bool {
        self.itself.contains(stem)
    }

    /// Whether somebody is known to write the word: it is no slip, though no listing has it.
    pub(super) fn is_heard(&self, stem: &str) -> bool {
        self.heard.contains(stem)
    }

    /// Whether a need has this code, as far as the tables know.
    pub fn has_need(&self, code: &str) -> bool {
        let code = fold(code);
        let of_phrases = self.phrases.iter().flat_map(|phrase| &phrase.needs);
        self.needs.iter().chain(of_phrases).any(|need| fold(need) == code)
    }

    /// Take apart what somebody wrote. `is_written` says of a word whether listings here have it.
    pub(super) fn understand(&self, text: &str, is_written: &dyn Fn(&Word) -> bool) -> Vec<Part> {
        let words = joined(words_of(text));
        let meant = as_meant(words.clone());
        let mut matches = self.matches(&meant, is_written);
        // The longest first; of two as long, the one without a slip, then the one that stands first.
        matches.sort_by_key(|found| (std::cmp::Reverse(found.words), found.slips, found.from));
        let mut taken: Vec<Option<usize>> = vec![None; words.len()];
        let mut chosen: Vec<Match> = Vec::new();
        for found in matches {
            if taken[found.from..found.until].iter().all(Option::is_none) {
                taken[found.from..found.until].fill(Some(chosen.len()));
                chosen.push(found);
            }
        }
        let mut parts = Vec::new();
        let mut said: Vec<bool> = vec![false; chosen.len()];
        for (word, of) in words.iter().zip(&taken) {
            match of {
                None => parts.push(Part::Word(word.clone())),
                Some(at) if !said[*at] => {
                    said[*at] = true;
                    let found = &chosen[*at];
                    if self.phrases[found.phrase].needs.is_empty() {
                        parts.extend(words[found.from..found.until].iter().cloned().map(Part::Word));
                    } else {
                        parts.push(Part::Meaning { words: meant[found.from..found.until].to_vec(), phrase: found.phrase });
                    }
                }
                Some(_) => {}
            }
        }
        leave_out_small_words(parts)
    }

    fn matches(&self, words: &[Word], is_written: &dyn Fn(&Word) -> bool) -> Vec<Match> {
        let mut found = Vec::new();
        for from in 0..words.len() {
            for until in from + 1..=words.len().min(from + LONGEST_PHRASE) {
                let stems: Vec<String> = words[from..until].iter().map(|word| word.stem.clone()).collect();
                let mut exact = self.exact.get(&stems).into_iter().flatten();
                if let Some(phrase) = exact.find(|phrase| is_form_of(self.words_of(**phrase), &words[from..until])) {
                    found.push(Match { from, until, phrase: *phrase, words: until - from, slips: 0 });
                }
            }
            found.extend(self.of_families(words, from));
            if is_small(&words[from].text) {
                continue;
            }
            let mut telling = Vec::new();
            for (until, word) in words.iter().enumerate().skip(from).take(LONGEST_PHRASE + 4).map(|(at, word)| (at + 1, word)) {
                if is_small(&word.text) {
                    continue;
                }
                telling.push(word.stem.clone());
                if let Some(phrase) = self.telling.get(&telling) {
                    found.push(Match { from, until, phrase: *phrase, words: telling.len(), slips: 0 });
                }
            }
            found.extend(self.with_slips(words, from, is_written));
        }
        found
    }

    fn words_of(&self, phrase: usize) -> &[Word] {
        self.phrases[phrase].only_words().unwrap_or_default()
    }

    /// Families one of whose choices stands here.
    fn of_families(&self, words: &[Word], from: usize) -> Vec<Match> {
        let first = &words[from];
        let mut here: Vec<usize> = self.families.get(&first.stem).cloned().unwrap_or_default();
        if here.is_empty() && !english::has(&first.text) {
            let with_a_slip = self.families.iter().filter(|(stem, _)| is_slip(stem, &first.stem));
            here.extend(with_a_slip.flat_map(|(_, families)| families));
            here.sort_unstable();
        }
        let found = here.into_iter().filter_map(|phrase| {
            let (until, words, slips) = self.phrases[phrase].family.stands(words, from)?;
            Some(Match { from, until, phrase, words, slips })
        });
        found.collect()
    }

    /// Phrases that stand here with a slip in one or more of their longer words.
    fn with_slips(&self, words: &[Word], from: usize, is_written: &dyn Fn(&Word) -> bool) -> Vec<Match> {
        let Some(letter) = words[from].stem.chars().next() else { return Vec::new() };
        let near = self.by_letter.get(&letter).map_or(&[][..], Vec::as_slice).iter().filter_map(|at| {
            let (phrase, meant) = (&self.phrases[*at], self.words_of(*at));
            let here = words.get(from..from + meant.len())?;
            let slips = slips(meant, here)?;
            // A word of an urgent phrase is what it is.
            let hides_danger = !phrase.urgent && meant.iter().zip(here).any(|(a, b)| a.stem != b.stem && self.is_urgent(&b.stem));
            let is_itself = meant.iter().zip(here).any(|(a, b)| a.stem != b.stem && self.is_itself(&b.stem));
            // Nor is a word that listings have taken for danger, where nothing else says so.
            let is_another = || phrase.sensitive && here.len() == 1 && is_written(&here[0]);
            (slips > 0 && !hides_danger && !is_itself && !is_another()).then_some(Match {
                from,
                until: from + here.len(),
                phrase: *at,
                words: here.len(),
                slips,
            })
        });
        let near: Vec<Match> = near.collect();
        let urgent = near.iter().any(|found| self.phrases[found.phrase].urgent);
        near.into_iter().filter(|found| !urgent || self.phrases[found.phrase].urgent).collect()
    }
}

/// A phrase that stands somewhere.
#[derive(Clone, Copy, Debug)]
struct Match {
    from: usize,
    until: usize,
    phrase: usize,
    words: usize,
    slips: usize,
}

/// Small words and short forms count only where there are no others, and then the longest does: "help me" is
/// "help".
fn leave_out_small_words(parts: Vec<Part>) -> Vec<Part> {
    let small = |part: &Part| matches!(part, Part::Word(word) if says_little(&word.text));
    if parts.iter().all(small) {
        let length = |part: &Part| if let Part::Word(word) = part { word.text.chars().count() } else { 0 };
        return parts.into_iter().rev().max_by_key(length).into_iter().collect();
    }
    parts.into_iter().filter(|part| !small(part)).collect()
}
