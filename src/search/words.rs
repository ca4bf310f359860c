//! Everyday words: what people mean by what they write. Two tables that a council edits: phrases
//! with the needs they stand for, and for each need the words by which a listing shows that it helps.
//!
//! The longest phrase counts first. A phrase may be written with a small slip in its longer words,
//! but what is close to an urgent phrase is never taken for something that is not urgent.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{
    fields::{Word, words_of},
    marks::Marks,
    signs,
    slips::{is_form_of, slips},
};
use crate::{formats::sheet, model::text::fold};

/// Phrases that one table may have.
const MOST_PHRASES: usize = 5_000;
/// Words of one phrase.
const LONGEST_PHRASE: usize = 10;
/// Words that say nothing about what somebody needs. What is left must be found.
const SMALL_WORDS: &str = " a about all am an and any anything are as asap at be been can could do for from get getting give got gotta had has have help helping her him his how i id if im in is it its \
    ive like looking me my n near need needs now of on or our owt please pls plz she some somebody someone something so summat that the there they this to today u us want wants was we what when where which who will with would you your ";

/// Words that are telling in a phrase ("don't want to marry"), and need not be found where no phrase
/// has them: listings do not write so.
const SHORT_FORMS: &str = " aint arent cannot cant couldnt didnt doesnt dont hadnt hasnt havent hes isnt lets shes shouldnt thats theres theyre theyve \
    wasnt werent weve wont wouldnt youre youve ";

/// Words that say something in a phrase ("cut off"), and nothing where only some of the words are looked for: every
/// other listing has them.
const COMMON_WORDS: &str = " after again also always another around away back because been before being both but by came come comes coming \
    cos day days did do does doing done down each else even ever every few first go goes going gone gonna good got he here hers him if \
    into just keep keeps know last left let lets like little long lot lots made make makes making many may me might more most much must \
    new next no nobody none not nothing off often old one once only onto or other others out over own people person put quite rather really \
    right said same say saying says see she should since so still such take takes taking tell than thats their them then these they thing \
    things think this those though three through till time times told too took tried try trying two under until up us use used very via \
    way ways week weeks well went were while whole why within without year years yes yet ";

/// Whether the word stands in so many listings that it says nothing alone.
pub(super) fn is_common(word: &str) -> bool {
    says_little(word) || COMMON_WORDS.contains(&format!(" {word} "))
}

/// Whether the word says nothing about what somebody needs.
pub(super) fn is_small(word: &str) -> bool {
    SMALL_WORDS.contains(&format!(" {word} "))
}

/// What a phrase stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase {
    /// As it stands in the table.
    pub text: String,
    /// Codes of the needs, the main one first.
    pub needs: Vec<String>,
    /// Whether somebody who writes it may be in danger or on the street today.
    pub urgent: bool,
    /// Whether others had better not see that somebody wrote it.
    pub sensitive: bool,
    words: Vec<Word>,
}

/// A row of a table that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct Refused {
    /// Line, from 1.
    pub line: u64,
    /// Why, in words a person can act on.
    pub reason: String,
}

/// Both tables, read.
#[derive(Clone, Debug, Default)]
pub struct Words {
    phrases: Vec<Phrase>,
    /// Phrases by their stems: single words may have the same stem and mean different things.
    exact: HashMap<Vec<String>, Vec<usize>>,
    /// Phrases without their small words, where two words or more are left.
    telling: HashMap<Vec<String>, usize>,
    /// Phrases by the first letter of their first word, for those written with a slip.
    by_letter: HashMap<char, Vec<usize>>,
    urgent: HashSet<String>,
    /// Words that are what they are, however close to others: "treats" are no threats.
    itself: HashSet<String>,
    own: HashMap<String, Vec<Vec<String>>>,
    /// Needs that have own words, in the order of the table.
    needs: Vec<String>,
    /// Own words of all needs, by the first of them.
    beginning: HashMap<String, Vec<Own>>,
    print: String,
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
    /// The tables that a fresh directory starts with.
    pub const STARTING: [&'static str; 2] =
        [include_str!("../../content/everyday_words.csv"), include_str!("../../content/need_words.csv")];

    /// The starting tables, read.
    pub fn starting() -> Self {
        let [everyday, needs] = Self::STARTING;
        Self::read(everyday, needs).expect("the starting tables are tested")
    }

    /// Read both tables: `phrase,need,notes` and `need,words`.
    /// # Errors
    /// The first row that cannot be used.
    pub fn read(everyday: &str, needs: &str) -> Result<Self, Refused> {
        let mut words = Self::default();
        for (line, [phrase, need, notes]) in rows(everyday, ["phrase", "need", "notes"])? {
            words.add_phrase(&phrase, &need, &notes).map_err(|reason| Refused { line, reason })?;
        }
        for (line, [need, own]) in rows(needs, ["need", "words"])? {
            if need.is_empty() {
                return Err(Refused { line, reason: "the code of the need is missing".to_owned() });
            }
            words.add_own(need, own.split('|').map(stems_of).filter(|phrase| !phrase.is_empty()));
        }
        let own: Vec<_> = words.needs.iter().map(|need| (need, words.own(need))).collect();
        words.print = hex::encode(Sha256::digest(serde_json::to_vec(&own).unwrap_or_default()));
        Ok(words)
    }

    fn add_own(&mut self, need: String, phrases: impl Iterator<Item = Vec<String>>) {
        let number = self.needs.iter().position(|known| *known == need).unwrap_or(self.needs.len());
        if number == self.needs.len() {
            self.needs.push(need.clone());
        }
        let own = self.own.entry(need).or_default();
        for phrase in phrases {
            if let Some((first, further)) = phrase.split_first() {
                let further = further.to_vec();
                let beginning = self.beginning.entry(first.clone()).or_default();
                beginning.push(Own { need: number, place: own.len(), telling: signs::telling(own.len()), further });
                own.push(phrase);
            }
        }
    }

    fn add_phrase(&mut self, phrase: &str, needs: &str, notes: &str) -> Result<(), String> {
        let needs: Vec<String> = needs.split('|').map(str::trim).filter(|need| !need.is_empty()).map(str::to_owned).collect();
        let written = joined(words_of(phrase));
        if written.is_empty() {
            return Err("the phrase has no letter or digit".to_owned());
        }
        let marks = Marks::read(notes)?;
        if marks.itself {
            self.itself.extend(written.into_iter().map(|word| word.stem));
            return Ok(());
        }
        if written.len() > LONGEST_PHRASE {
            return Err(format!("the phrase {phrase:?} has {} words; the limit is {LONGEST_PHRASE}", written.len()));
        }
        if needs.is_empty() {
            return Err(format!("the phrase {phrase:?} has no need to go with it"));
        }
        if self.phrases.len() >= MOST_PHRASES {
            return Err(format!("the table has more than {MOST_PHRASES} phrases"));
        }
        let at = self.phrases.len();
        let stems: Vec<String> = written.iter().map(|word| word.stem.clone()).collect();
        let telling: Vec<String> = written.iter().filter(|word| !is_small(&word.text)).map(|word| word.stem.clone()).collect();
        if marks.urgent {
            self.urgent.extend(telling.iter().cloned());
        }
        if telling.len() >= 2 {
            self.telling.entry(telling).or_insert(at);
        }
        if let Some(letter) = stems.first().and_then(|stem| stem.chars().next()) {
            self.by_letter.entry(letter).or_default().push(at);
        }
        let same = self.exact.entry(stems).or_default();
        let is_there = |known: &usize| fold(&self.phrases[*known].text) == fold(phrase);
        if same.iter().any(is_there) {
            return Err(format!("the phrase {phrase:?} is there twice"));
        }
        same.push(at);
        self.phrases.push(Phrase {
            text: phrase.trim().to_owned(),
            needs,
            urgent: marks.urgent,
            sensitive: marks.sensitive,
            words: written,
        });
        Ok(())
    }

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

    /// Whether a need has this code, as far as the tables know.
    pub fn has_need(&self, code: &str) -> bool {
        let code = fold(code);
        let of_phrases = self.phrases.iter().flat_map(|phrase| &phrase.needs);
        self.needs.iter().chain(of_phrases).any(|need| fold(need) == code)
    }

    /// Take apart what somebody wrote. `is_written` says of a word whether listings here have it.
    pub(super) fn understand(&self, text: &str, is_written: &dyn Fn(&Word) -> bool) -> Vec<Part> {
        let words = joined(words_of(text));
        let mut matches = self.matches(&words, is_written);
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
                    parts.push(Part::Meaning { words: words[found.from..found.until].to_vec(), phrase: found.phrase });
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
                if let Some(phrase) = exact.find(|phrase| is_form_of(&self.phrases[**phrase].words, &words[from..until])) {
                    found.push(Match { from, until, phrase: *phrase, words: until - from, slips: 0 });
                }
            }
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

    /// Phrases that stand here with a slip in one or more of their longer words.
    fn with_slips(&self, words: &[Word], from: usize, is_written: &dyn Fn(&Word) -> bool) -> Vec<Match> {
        let Some(letter) = words[from].stem.chars().next() else { return Vec::new() };
        let near = self.by_letter.get(&letter).map_or(&[][..], Vec::as_slice).iter().filter_map(|at| {
            let phrase = &self.phrases[*at];
            let here = words.get(from..from + phrase.words.len())?;
            let slips = slips(&phrase.words, here)?;
            // A word of an urgent phrase is what it is.
            let hides_danger =
                !phrase.urgent && phrase.words.iter().zip(here).any(|(a, b)| a.stem != b.stem && self.is_urgent(&b.stem));
            let is_itself = phrase.words.iter().zip(here).any(|(a, b)| a.stem != b.stem && self.is_itself(&b.stem));
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

/// What stands for two words, or for a longer one: "no where" is "nowhere", "cannot" and "can not" are "can't".
const JOINED: [(&str, &str, &str); 13] = [
    ("no", "where", "nowhere"),
    ("can", "not", "cant"),
    ("could", "not", "couldnt"),
    ("did", "not", "didnt"),
    ("do", "not", "dont"),
    ("does", "not", "doesnt"),
    ("has", "not", "hasnt"),
    ("have", "not", "havent"),
    ("is", "not", "isnt"),
    ("should", "not", "shouldnt"),
    ("was", "not", "wasnt"),
    ("will", "not", "wont"),
    ("would", "not", "wouldnt"),
];

/// Words as the phrases of the table have them, however they were written.
fn joined(words: Vec<Word>) -> Vec<Word> {
    let mut all: Vec<Word> = Vec::with_capacity(words.len());
    for word in words {
        let before = all.last().map(|before| before.text.as_str());
        let pair = JOINED.iter().find(|(first, second, _)| before == Some(*first) && word.text == *second);
        if pair.is_some() {
            all.pop();
        }
        match pair.map(|(.., whole)| *whole).or((word.text == "cannot").then_some("cant")) {
            Some(whole) => all.extend(words_of(whole)),
            None => all.push(word),
        }
    }
    all
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

fn says_little(word: &str) -> bool {
    is_small(word) || SHORT_FORMS.contains(&format!(" {word} "))
}

/// Whether somebody wrote words, and none of them says what they need: "Help!", "can you help me please".
///
/// ```
/// use fingerpost::search::says_nothing;
/// assert!(says_nothing("HELP!!") && says_nothing("I need help now"));
/// assert!(!says_nothing("help with rent") && !says_nothing("") && !says_nothing("?"));
/// ```
pub fn says_nothing(text: &str) -> bool {
    let words = words_of(text);
    !words.is_empty() && words.iter().all(|word| says_little(&word.text))
}

fn stems_of(text: &str) -> Vec<String> {
    words_of(text).into_iter().map(|word| word.stem).collect()
}

/// The rows of a table with these columns, in whatever order; further columns are left alone.
fn rows<const N: usize>(text: &str, columns: [&str; N]) -> Result<Vec<(u64, [String; N])>, Refused> {
    let damaged = |error: std::io::Error| Refused { line: 1, reason: error.to_string() };
    let mut rows = sheet::read(text.as_bytes()).map_err(damaged)?;
    let refused = |bad: sheet::BadRow| Refused { line: bad.line, reason: bad.reason };
    let heading = rows.next().transpose().map_err(refused)?.map(|row| row.cells).unwrap_or_default();
    let mut at = [0; N];
    for (place, column) in at.iter_mut().zip(columns) {
        *place = heading
            .iter()
            .position(|cell| cell.trim().eq_ignore_ascii_case(column))
            .or((column == "notes").then_some(usize::MAX))
            .ok_or_else(|| Refused {
                line: 1,
                reason: format!("the heading has no column {column:?}; it must have {}", columns.join(",")),
            })?;
    }
    rows.map(|row| {
        let row = row.map_err(refused)?;
        Ok((row.line, at.map(|place| row.cells.get(place).map(|cell| cell.trim().to_owned()).unwrap_or_default())))
    })
    .collect()
}
