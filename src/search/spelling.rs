//! Words that nobody here writes, and what they may stand for.

use std::collections::BTreeMap;

use tantivy::{
    TantivyError, Term,
    collector::Count,
    query::{BooleanQuery, FuzzyTermQuery},
    schema::IndexRecordOption,
};

use super::{
    fields::{Word, words_of},
    query::Builder,
    words::Part,
};

/// Words that an unknown one may stand for, at most.
const MOST_CORRECTIONS: usize = 6;
/// Spellings that are looked at for that where other words say which is meant, at most.
const MOST_TRIED: usize = 16;
/// Of more words than these nothing is asked together: hardly any listing has all of them, and each question costs time.
const MOST_TOGETHER: usize = 8;
/// Words shorter than this are not corrected, in letters.
const CORRECTED_FROM: usize = 5;
/// Shorter ones are no beginnings of others.
const BEGINS_FROM: usize = 4;

impl Builder<'_> {
    /// Whether any document that is there has the word.
    pub(super) fn is_known(&self, stem: &str) -> Result<bool, TantivyError> {
        self.is_there(&Term::from_field_text(self.fields.text, stem))
    }

    /// Stems of the words that listings here have, as they were written; none of long sentences.
    pub(super) fn known_of(&self, parts: &[Part]) -> Result<Vec<String>, TantivyError> {
        let mut known = Vec::new();
        for part in parts.iter().filter(|_| parts.len() <= MOST_TOGETHER) {
            if let Part::Word(word) = part
                && self.is_known(&word.stem)?
            {
                known.push(word.stem.clone());
            }
        }
        Ok(known)
    }

    /// Whether any document that is there has the term.
    pub(super) fn is_there(&self, term: &Term) -> Result<bool, TantivyError> {
        for segment in self.searcher.segment_readers() {
            let index = segment.inverted_index(term.field())?;
            let Some(mut postings) = index.read_postings(term, IndexRecordOption::Basic)? else { continue };
            let Some(alive) = segment.alive_bitset() else { return Ok(true) };
            let mut doc = tantivy::DocSet::doc(&postings);
            while doc != tantivy::TERMINATED {
                if alive.is_alive(doc) {
                    return Ok(true);
                }
                doc = tantivy::DocSet::advance(&mut postings);
            }
        }
        Ok(false)
    }

    /// What a word that nobody knows may stand for: words that begin with it, else words with one slip less, or two in long
    /// words. The likeliest comes first. Where some of them are found together with all words of `beside`, only these
    /// count; where none is, words that are farther off are tried as well: "repare cafe" is a repair café, though "prepare"
    /// is nearer.
    pub(super) fn corrections(&self, text: &str, beside: &[String]) -> Result<Vec<Word>, TantivyError> {
        let length = text.chars().count();
        let mut nearest: Option<Vec<Word>> = None;
        for distance in 0..=2 {
            let long_enough = match distance {
                0 => BEGINS_FROM,
                1 => CORRECTED_FROM,
                _ if nearest.is_none() => CORRECTED_FROM + 4,
                // The words beside it say which is meant.
                _ => CORRECTED_FROM + 1,
            };
            if length < long_enough {
                break;
            }
            let found = self.spelt_like(text, distance)?;
            if found.is_empty() {
                continue;
            }
            let tried = if beside.is_empty() { MOST_CORRECTIONS } else { MOST_TRIED };
            let mut words = self.likeliest(text, found, tried, nearest.is_some())?;
            if beside.is_empty() {
                return Ok(words);
            }
            let together = self.found_with(&words, beside)?;
            if !together.is_empty() {
                return Ok(together);
            }
            words.truncate(MOST_CORRECTIONS);
            nearest.get_or_insert(words);
        }
        Ok(nearest.unwrap_or_default())
    }

    /// Those of the words that some document has with all of the others.
    fn found_with(&self, words: &[Word], others: &[String]) -> Result<Vec<Word>, TantivyError> {
        let mut together = Vec::new();
        for word in words {
            let all = others.iter().chain([&word.stem]).map(|stem| Self::text(self.fields.text, stem)).collect();
            if self.searcher.search(&BooleanQuery::intersection(all), &Count)? > 0 {
                together.push(word.clone());
            }
        }
        together.truncate(MOST_CORRECTIONS);
        Ok(together)
    }

    /// Words of these spellings, of so many at most, the likeliest first: those that begin as it does, then those that
    /// more listings have. Further than the nearest, only those that begin so, and nothing grave.
    fn likeliest(
        &self,
        text: &str,
        found: BTreeMap<String, u64>,
        tried: usize,
        further: bool,
    ) -> Result<Vec<Word>, TantivyError> {
        let length = text.chars().count();
        let first = text.chars().next();
        let mut found: Vec<(bool, std::cmp::Reverse<u64>, String)> =
            found.into_iter().map(|(word, count)| (word.chars().next() != first, std::cmp::Reverse(count), word)).collect();
        found.sort();
        found.truncate(tried);
        let mut words: Vec<Word> = Vec::new();
        // "Rap" is music, and nothing graver that begins so; and grapes are fruit.
        let begins_alike = |word: &Word| length >= CORRECTED_FROM && word.text.chars().next() == first;
        let may_be = |word: &Word| match (begins_alike(word), self.words.is_grave(&word.stem)) {
            (alike, false) => alike || !further,
            (alike, true) => alike && !further,
        };
        for word in found.into_iter().flat_map(|(.., word)| words_of(&word)).filter(may_be) {
            if !words.iter().any(|known| known.stem == word.stem) && self.is_known(&word.stem)? {
                words.push(word);
            }
        }
        Ok(words)
    }

    /// Spellings that differ by so many slips, or begin with it where that is none; and how many documents have each.
    fn spelt_like(&self, text: &str, distance: u8) -> Result<BTreeMap<String, u64>, TantivyError> {
        const LOOKED_AT: usize = 200;
        let term = Term::from_field_text(self.fields.spelling, text);
        let query =
            if distance == 0 { FuzzyTermQuery::new_prefix(term, 0, true) } else { FuzzyTermQuery::new(term, distance, true) };
        let mut found = BTreeMap::new();
        for segment in self.searcher.segment_readers() {
            let index = segment.inverted_index(self.fields.spelling)?;
            let mut stream = index.terms().search(query.automaton()?).into_stream()?;
            for _ in 0..LOOKED_AT {
                if !stream.advance() {
                    break;
                }
                if let Ok(word) = std::str::from_utf8(stream.key()) {
                    *found.entry(word.to_owned()).or_insert(0) += u64::from(stream.value().doc_freq);
                }
            }
        }
        Ok(found)
    }
}
