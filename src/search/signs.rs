//! Signs that a document helps with a need: a term that it carries, and the words by which listings show
//! it, as the table of own words has them. They are looked for when a document is indexed, once, and how
//! much they say is kept as a number; a search reads one list of numbers for each need instead of looking
//! for every word.

use std::collections::{BTreeMap, BTreeSet};

use tantivy::{
    DocId, DocSet, Score, SegmentReader, TantivyError, Term,
    postings::{Postings as _, SegmentPostings},
    query::{EmptyScorer, EnableScoring, Explanation, Query, Scorer, Weight},
    schema::{Field, IndexRecordOption},
    tokenizer::{Token, TokenStream, Tokenizer},
};

use super::{
    fields::{self, Placed},
    words::Words,
};
use crate::model::text::fold;

/// It carries the term of the need.
const BY_TERM: f32 = 24.0;
/// A need's own words stand in the name, or somewhere else.
const IN_NAME: f32 = 10.0;
const ANYWHERE: f32 = 4.0;
/// Each less telling phrase counts so much less, down to a half.
const FALLS_OFF: f32 = 0.95;
const LEAST: f32 = 0.5;
/// What further phrases add to the most telling one.
const FURTHER: f32 = 0.1;
/// Signs are kept in steps of this.
const STEP: f32 = 0.25;

/// How telling the phrase at this place of its need's list is.
pub(super) fn telling(place: usize) -> f32 {
    (0..place).fold(1.0, |telling: f32, _| (telling * FALLS_OFF).max(LEAST))
}

/// What a document with these terms (codes and names, folded), name and text says of each need, in steps,
/// as [`Signs`] reads it.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between nothing and a few hundred")]
pub(super) fn of(words: &Words, terms: &BTreeSet<String>, name: &str, text: &str) -> BTreeMap<String, u32> {
    let mut strengths: BTreeMap<String, f32> = terms.iter().map(|term| (term.clone(), BY_TERM)).collect();
    for (text, counts) in [(name, IN_NAME), (text, ANYWHERE)] {
        for (need, found) in found_in(words, &fields::placed(text)) {
            *strengths.entry(fold(words.need(need))).or_default() += counts * together(&found);
        }
    }
    strengths.into_iter().map(|(need, strength)| (need, (strength / STEP).round() as u32)).collect()
}

/// How telling each phrase is that stands there, by need and place in the need's list.
fn found_in(words: &Words, text: &[Placed]) -> BTreeMap<usize, BTreeMap<usize, f32>> {
    let mut found: BTreeMap<usize, BTreeMap<usize, f32>> = BTreeMap::new();
    for (at, first) in text.iter().enumerate() {
        for own in words.beginning_with(&first.stem) {
            let stands = own.further.iter().zip(1..).all(|(stem, further)| {
                text.get(at + further).is_some_and(|word| word.position == first.position + further && word.stem == *stem)
            });
            if stands {
                found.entry(own.need).or_default().insert(own.place, own.telling);
            }
        }
    }
    found
}

/// Needs whose own words stand in a name.
pub(super) fn needs_in<'a>(words: &'a Words, name: &str) -> Vec<&'a str> {
    found_in(words, &fields::placed(name)).into_keys().map(|need| words.need(need)).collect()
}

fn together(found: &BTreeMap<usize, f32>) -> f32 {
    let (most, all) = found.values().fold((0.0_f32, 0.0), |(most, all), telling| (most.max(*telling), all + telling));
    most + FURTHER * (all - most)
}

/// A sign as the index takes it: the need, and how much is said.
pub(super) fn written(need: &str, steps: u32) -> String {
    format!("{need} {steps}")
}

/// Makes a word of a sign that stands there as often as the sign has steps.
#[derive(Clone, Debug, Default)]
pub(super) struct Steps {
    token: Token,
}

/// The words of a sign.
pub(super) struct StepStream<'a> {
    token: &'a mut Token,
    left: u32,
}

impl Tokenizer for Steps {
    type TokenStream<'a> = StepStream<'a>;
    fn token_stream<'a>(&'a mut self, text: &'a str) -> StepStream<'a> {
        self.token.reset();
        let (need, steps) = text.rsplit_once(' ').unwrap_or((text, "1"));
        self.token.text.push_str(need);
        StepStream { token: &mut self.token, left: steps.parse().unwrap_or(1) }
    }
}

impl TokenStream for StepStream<'_> {
    fn advance(&mut self) -> bool {
        // A token that was reset stands before the first place.
        self.token.position = self.token.position.wrapping_add(1);
        let more = self.left > 0;
        self.left = self.left.saturating_sub(1);
        more
    }
    fn token(&self) -> &Token {
        self.token
    }
    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

/// Finds what has signs of a need; the more they say, the higher the score.
#[derive(Clone, Debug)]
pub(super) struct Signs {
    sign: Term,
    weight: f32,
}

impl Signs {
    /// Signs of `need`, a code or the name of a term, in `field`, each step counting by `weight`.
    pub(super) fn new(field: Field, need: &str, weight: f32) -> Self {
        Self { sign: Term::from_field_text(field, &fold(need)), weight: weight * STEP }
    }
}

impl Query for Signs {
    fn weight(&self, _: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(self.clone()))
    }
}

impl Weight for Signs {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let index = reader.inverted_index(self.sign.field())?;
        Ok(match index.read_postings(&self.sign, IndexRecordOption::WithFreqs)? {
            Some(postings) => Box::new(Reading { postings, each: self.weight * boost }),
            None => Box::new(EmptyScorer),
        })
    }

    fn explain(&self, reader: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        let mut reading = self.scorer(reader, 1.0)?;
        if reading.doc() > doc || reading.seek(doc) != doc {
            return Err(TantivyError::InvalidArgument(format!("document {doc} has no such signs")));
        }
        Ok(Explanation::new("signs of a need", reading.score()))
    }
}

/// Goes through what has signs of a need, in one segment.
struct Reading {
    postings: SegmentPostings,
    each: Score,
}

impl DocSet for Reading {
    fn advance(&mut self) -> DocId {
        self.postings.advance()
    }
    fn seek(&mut self, target: DocId) -> DocId {
        self.postings.seek(target)
    }
    fn doc(&self) -> DocId {
        self.postings.doc()
    }
    fn size_hint(&self) -> u32 {
        self.postings.size_hint()
    }
}

impl Scorer for Reading {
    #[expect(clippy::cast_precision_loss, reason = "a few hundred at most")]
    fn score(&mut self) -> Score {
        self.postings.term_freq() as Score * self.each
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> Words {
        Words::read("phrase,need\nskint,money\n", "need,words\nmoney,debt advice|money worries|budget\nfood,food bank|parcel\n")
            .unwrap()
    }

    #[test]
    fn the_most_telling_words_of_a_need_count_and_further_ones_add_a_little() {
        let words = words();
        let steps = |name: &str, text: &str| of(&words, &BTreeSet::new(), name, text);
        assert_eq!(steps("Debt advice", "Debt advice"), BTreeMap::from([("money".to_owned(), 56)]), "10 and 4, in quarters");
        assert_eq!(steps("", "Debt advice for money worries"), BTreeMap::from([("money".to_owned(), 18)]), "4 * (1 + 0.095)");
        assert_eq!(steps("", "Debt advice, debt advice and debt advice"), BTreeMap::from([("money".to_owned(), 16)]), "once");
        assert_eq!(steps("", "Advice about debt"), BTreeMap::new());
        assert_eq!(steps("", "A parcel from a food bank").keys().collect::<Vec<_>>(), ["food"]);
    }

    #[test]
    fn a_term_says_more_than_words_and_both_together_most() {
        let terms = BTreeSet::from(["money".to_owned(), "debt and money".to_owned()]);
        let steps = of(&words(), &terms, "", "Debt advice");
        assert_eq!(
            steps,
            BTreeMap::from([("money".to_owned(), 112), ("debt and money".to_owned(), 96)]),
            "24 and 4, in quarters"
        );
    }

    #[test]
    fn words_of_two_parts_are_not_beside_each_other() {
        assert_eq!(of(&words(), &BTreeSet::new(), "", "We like food \u{2022} Bank Street"), BTreeMap::new());
    }
}
