//! Reading the two tables of everyday words, as people edit them.

use std::sync::{Arc, LazyLock};

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{
    families::Family,
    fields::{Word, words_of},
    marks::Marks,
    signs,
    small::{compared, is_small},
    words::{LONGEST_PHRASE, Own, Phrase, Words},
};
use crate::{formats::sheet, model::text::fold};

/// Phrases that one table may have.
const MOST_PHRASES: usize = 5_000;

/// A row of a table that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct Refused {
    /// Line, from 1.
    pub line: u64,
    /// Why, in words a person can act on.
    pub reason: String,
}

impl Words {
    /// The tables that a fresh directory starts with.
    pub const STARTING: [&'static str; 2] =
        [include_str!("../../content/everyday_words.csv"), include_str!("../../content/need_words.csv")];

    /// The starting tables, read. That is done once in a process: most directories never change them.
    pub fn starting() -> Arc<Self> {
        static READ: LazyLock<Arc<Words>> = LazyLock::new(|| {
            let [everyday, needs] = Words::STARTING;
            Arc::new(Words::read(everyday, needs).expect("the starting tables are tested"))
        });
        Arc::clone(&READ)
    }

    /// Read both tables: `phrase,need,notes` and `need,words`.
    /// # Errors
    /// The first row that cannot be used.
    pub fn read(everyday: &str, needs: &str) -> Result<Self, Refused> {
        let mut words = Self::default();
        for (line, [phrase, need, notes]) in rows(everyday, ["phrase", "need", "notes"])? {
            words.add_row(&phrase, &need, &notes).map_err(|reason| Refused { line, reason })?;
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

    fn add_row(&mut self, phrase: &str, needs: &str, notes: &str) -> Result<(), String> {
        let marks = Marks::read(notes)?;
        let family = Family { word_for_word: marks.itself, ..Family::read(phrase, compared)? };
        let (longest, shortest) = family.lengths();
        if shortest == 0 {
            return Err("the phrase has no letter or digit".to_owned());
        }
        if let ([choices], true) = (family.places.as_slice(), marks.itself && longest == 1) {
            self.itself.extend(choices.iter().flatten().map(|word| word.stem.clone()));
            return Ok(());
        }
        if longest > LONGEST_PHRASE {
            return Err(format!("the phrase {phrase:?} has {longest} words; the limit is {LONGEST_PHRASE}"));
        }
        let mut needs: Vec<String> = needs.split('|').map(str::trim).filter(|need| !need.is_empty()).map(str::to_owned).collect();
        if marks.itself {
            needs.clear();
        } else if needs.is_empty() {
            return Err(format!("the phrase {phrase:?} has no need to go with it"));
        }
        if self.phrases.len() >= MOST_PHRASES {
            return Err(format!("the table has more than {MOST_PHRASES} phrases"));
        }
        if !self.written.insert(fold(phrase)) {
            return Err(format!("the phrase {phrase:?} is there twice"));
        }
        self.add_phrase(Phrase {
            text: phrase.trim().to_owned(),
            needs,
            urgent: marks.urgent,
            sensitive: marks.sensitive,
            family,
        });
        Ok(())
    }

    fn add_phrase(&mut self, phrase: Phrase) {
        let at = self.phrases.len();
        // What only looks like trouble does so word for word, and says nothing of its words.
        if !phrase.needs.is_empty() {
            let telling = phrase.family.words().filter(|word| !is_small(&word.text)).map(|word| word.stem.clone());
            let telling: Vec<String> = telling.collect();
            if phrase.urgent {
                self.urgent.extend(telling.iter().cloned());
            }
            self.heard.extend(telling);
        }
        match phrase.only_words() {
            Some(words) if !phrase.needs.is_empty() => self.add_plain(at, words),
            _ => {
                for stem in phrase.family.beginnings() {
                    self.families.entry(stem.to_owned()).or_default().push(at);
                }
            }
        }
        self.phrases.push(phrase);
    }

    fn add_plain(&mut self, at: usize, words: &[Word]) {
        let stems: Vec<String> = words.iter().map(|word| word.stem.clone()).collect();
        let telling: Vec<String> = words.iter().filter(|word| !is_small(&word.text)).map(|word| word.stem.clone()).collect();
        if telling.len() >= 2 {
            self.telling.entry(telling).or_insert(at);
        }
        if let Some(letter) = stems.first().and_then(|stem| stem.chars().next()) {
            self.by_letter.entry(letter).or_default().push(at);
        }
        self.exact.entry(stems).or_default().push(at);
    }
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
