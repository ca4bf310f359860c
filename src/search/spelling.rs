//! Words that nobody here writes, and what they may stand for.

use std::collections::BTreeMap;

use tantivy::{TantivyError, Term, query::FuzzyTermQuery, schema::IndexRecordOption};

use super::{
    fields::{Word, words_of},
    query::Builder,
};

/// Words that an unknown one may stand for, at most.
const MOST_CORRECTIONS: usize = 6;
/// Words shorter than this are not corrected, in letters.
const CORRECTED_FROM: usize = 5;
/// Shorter ones are no beginnings of others.
const BEGINS_FROM: usize = 4;

impl Builder<'_> {
    /// Whether any document that is there has the word.
    pub(super) fn is_known(&self, stem: &str) -> Result<bool, TantivyError> {
        self.is_there(&Term::from_field_text(self.fields.text, stem))
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

    /// What a word that nobody knows may stand for: words with one slip less, two in long words, and
    /// words that begin with it. The likeliest comes first.
    pub(super) fn corrections(&self, text: &str) -> Result<Vec<Word>, TantivyError> {
        let length = text.chars().count();
        let mut found: BTreeMap<String, (u8, u64)> = BTreeMap::new();
        if length >= BEGINS_FROM {
            self.collect_spellings(
                &FuzzyTermQuery::new_prefix(Term::from_field_text(self.fields.spelling, text), 0, true),
                0,
                &mut found,
            )?;
        }
        for distance in 1..=2 {
            let long_enough = length >= if distance == 1 { CORRECTED_FROM } else { CORRECTED_FROM + 4 };
            if found.is_empty() && long_enough {
                let term = Term::from_field_text(self.fields.spelling, text);
                self.collect_spellings(&FuzzyTermQuery::new(term, distance, true), distance, &mut found)?;
            }
        }
        let first = text.chars().next();
        let mut found: Vec<(bool, u8, std::cmp::Reverse<u64>, String)> = found
            .into_iter()
            .map(|(word, (distance, count))| (word.chars().next() != first, distance, std::cmp::Reverse(count), word))
            .collect();
        found.sort();
        found.truncate(MOST_CORRECTIONS);
        let mut words: Vec<Word> = Vec::new();
        // "Rap" is music, and nothing graver that begins so; and grapes are fruit.
        let begins_alike = |word: &Word| length >= CORRECTED_FROM && word.text.chars().next() == first;
        let may_be = |word: &Word| begins_alike(word) || !self.words.is_grave(&word.stem);
        for word in found.into_iter().flat_map(|(.., word)| words_of(&word)).filter(may_be) {
            if !words.iter().any(|known| known.stem == word.stem) && self.is_known(&word.stem)? {
                words.push(word);
            }
        }
        Ok(words)
    }

    fn collect_spellings(
        &self,
        query: &FuzzyTermQuery,
        distance: u8,
        found: &mut BTreeMap<String, (u8, u64)>,
    ) -> Result<(), TantivyError> {
        const LOOKED_AT: usize = 200;
        for segment in self.searcher.segment_readers() {
            let index = segment.inverted_index(self.fields.spelling)?;
            let mut stream = index.terms().search(query.automaton()?).into_stream()?;
            for _ in 0..LOOKED_AT {
                if !stream.advance() {
                    break;
                }
                if let Ok(word) = std::str::from_utf8(stream.key()) {
                    found.entry(word.to_owned()).or_insert((distance, 0)).1 += u64::from(stream.value().doc_freq);
                }
            }
        }
        Ok(())
    }
}
