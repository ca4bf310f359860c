//! What the index holds of each published document, and how text becomes words.

use tantivy::{
    Term,
    schema::{FAST, Field, INDEXED, IndexRecordOption, NumericOptions, STRING, Schema, TextFieldIndexing, TextOptions},
    tokenizer::{Language, Stemmer, TextAnalyzer, Token, TokenStream, Tokenizer},
};
use uuid::Uuid;

use super::signs::Steps;
use crate::model::text::fold;

/// The number changes with the fields and with how words are made: an index of another version is
/// built anew.
pub(super) const VERSION: u32 = 13;
/// Longest word that is indexed, in bytes.
const LONGEST_WORD: usize = 60;
const ANALYZER: &str = "english";
const SPELLINGS: &str = "as-written";
const SIGNS: &str = "signs";
/// Stands between two parts of a text: the words before and behind it are not beside each other.
pub(super) const BREAK: char = '\u{2022}';

macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident: $kind:ident $options:expr;)*) => {
        /// The fields of the index.
        #[derive(Clone, Copy, Debug)]
        pub(super) struct Fields { $($(#[$doc])* pub(super) $name: Field,)* }

        /// The schema, and its fields.
        pub(super) fn schema() -> (Schema, Fields) {
            let mut builder = Schema::builder();
            let fields = Fields { $($name: fields!(@add builder, $kind, stringify!($name), $options),)* };
            (builder.build(), fields)
        }
    };
    (@add $builder:ident, text, $name:expr, $options:expr) => { $builder.add_text_field($name, $options) };
    (@add $builder:ident, u64, $name:expr, $options:expr) => { $builder.add_u64_field($name, $options) };
    (@add $builder:ident, i64, $name:expr, $options:expr) => { $builder.add_i64_field($name, $options) };
    (@add $builder:ident, f64, $name:expr, $options:expr) => { $builder.add_f64_field($name, $options) };
    (@add $builder:ident, bytes, $name:expr, $options:expr) => { $builder.add_bytes_field($name, $options) };
}

fields! {
    /// Id, for finding and replacing the document.
    id: bytes INDEXED;
    /// First half of the id, for the order of lists.
    high: u64 FAST;
    /// Second half of the id.
    low: u64 FAST;
    /// Number of the kind.
    kind: u64 INDEXED | FAST;
    /// First half of the id of what it belongs to.
    group: u64 NumericOptions::default().set_indexed().set_fast();
    /// Names.
    name: text words();
    /// Names of the terms that it carries.
    terms: text words();
    /// Everything that may be searched for, names included.
    text: text words();
    /// The same words as they are written, for finding what a word with a slip in it stands for.
    spelling: text spellings();
    /// Access, in words.
    access: text words();
    /// Terms that it carries, by id.
    term: text STRING | FAST;
    /// Taxonomies that it belongs to or carries terms of.
    taxonomy: text STRING;
    /// Of a service, the terms that it carries wherever it is given; of a place of it, those that the place does.
    own_term: text STRING | FAST;
    /// The taxonomies of these.
    own_taxonomy: text STRING | FAST;
    /// Needs that it helps with, folded: as the code or name of a term that it carries, or because it shows
    /// signs of it; each as often as that says in steps.
    sign: text signs();
    /// The wider term; `top` where there is none.
    parent: text STRING;
    /// Status.
    status: text STRING | FAST;
    /// The directory that it comes from; `own` for ours.
    source: text STRING | FAST;
    /// Languages by code and name, folded.
    language: text STRING;
    /// Languages as they are called, to be counted.
    tongue: text STRING | FAST;
    /// How it is given: in person, phone, online.
    delivery: text STRING | FAST;
    /// `free`, `event`, `runs` and for whom it is: what it is besides.
    mark: text STRING | FAST;
    /// Postcodes, sectors and outcodes of its places.
    postcode: text STRING | FAST;
    /// Of an event: the places that dates of it have moved to, by id.
    moved: text STRING;
    /// Of a place: the town that its addresses name, folded.
    town: text STRING;
    /// When its content last changed, microseconds since 1970.
    changed: i64 FAST;
    /// The day on which it was last checked, days since the common era.
    checked: i64 FAST;
    /// Youngest age, years.
    youngest: f64 FAST;
    /// Oldest age, years.
    oldest: f64 FAST;
    /// Degrees north of each of its places.
    latitude: f64 FAST;
    /// Degrees east of each of its places.
    longitude: f64 FAST;
    /// Compiled opening hours: of a service wherever it is given, of anything else its own.
    hours: bytes FAST;
    /// Of a service, those that it has wherever a place of it says no others.
    usual_hours: bytes FAST;
    /// Of a place of a service, those of the house.
    house_hours: bytes FAST;
    /// Compiled service areas.
    coverage: bytes FAST;
    /// Starts of the dates of an event, minutes since 1970.
    starts: i64 FAST;
    /// Ends of the dates of an event, in the same order.
    ends: i64 FAST;
}

fn words() -> TextOptions {
    TextOptions::default().set_indexing_options(
        TextFieldIndexing::default().set_tokenizer(ANALYZER).set_index_option(IndexRecordOption::WithFreqsAndPositions),
    )
}

fn spellings() -> TextOptions {
    let indexing =
        TextFieldIndexing::default().set_tokenizer(SPELLINGS).set_index_option(IndexRecordOption::Basic).set_fieldnorms(false);
    TextOptions::default().set_indexing_options(indexing)
}

fn signs() -> TextOptions {
    let indexing =
        TextFieldIndexing::default().set_tokenizer(SIGNS).set_index_option(IndexRecordOption::WithFreqs).set_fieldnorms(false);
    TextOptions::default().set_indexing_options(indexing)
}

/// How a document is found by its id.
pub(super) fn id_term(fields: &Fields, id: Uuid) -> Term {
    Term::from_field_bytes(fields.id, id.as_bytes())
}

/// Cuts text into words as `model::text::fold` does, and knows where each stood.
#[derive(Clone, Debug, Default)]
struct Words {
    token: Token,
}

struct Stream<'a> {
    text: &'a str,
    at: usize,
    token: &'a mut Token,
}

impl Tokenizer for Words {
    type TokenStream<'a> = Stream<'a>;
    fn token_stream<'a>(&'a mut self, text: &'a str) -> Stream<'a> {
        self.token.reset();
        Stream { text, at: 0, token: &mut self.token }
    }
}

fn belongs_to_a_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '\'' | '’' | '‘' | '`') || unicode_normalization::char::is_combining_mark(c)
}

impl TokenStream for Stream<'_> {
    fn advance(&mut self) -> bool {
        self.token.position = self.token.position.wrapping_add(1);
        loop {
            let rest = &self.text[self.at..];
            let Some(begin) = rest.find(belongs_to_a_word) else { return false };
            let word = &rest[begin..];
            let length = word.find(|c| !belongs_to_a_word(c)).unwrap_or(word.len());
            if rest[..begin].contains(BREAK) {
                self.token.position = self.token.position.wrapping_add(1);
            }
            let from = self.at + begin;
            self.at = from + length;
            let word = &word[..length];
            self.token.text.clear();
            if word.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                self.token.text.push_str(word);
                self.token.text.make_ascii_lowercase();
            } else {
                self.token.text.extend(fold(word).chars().filter(|c| *c != ' '));
            }
            if !self.token.text.is_empty() && self.token.text.len() <= LONGEST_WORD {
                (self.token.offset_from, self.token.offset_to) = (from, self.at);
                return true;
            }
        }
    }
    fn token(&self) -> &Token {
        self.token
    }
    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

/// How text becomes words.
pub(super) fn analyzer() -> TextAnalyzer {
    TextAnalyzer::builder(Words::default()).filter(Stemmer::new(Language::English)).build()
}

/// Teach an index how text becomes words.
pub(super) fn register(index: &tantivy::Index) {
    index.tokenizers().register(ANALYZER, analyzer());
    index.tokenizers().register(SPELLINGS, TextAnalyzer::builder(Words::default()).build());
    index.tokenizers().register(SIGNS, TextAnalyzer::builder(Steps::default()).build());
}

/// A word as it was written, folded, and its stem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// Folded.
    pub(super) text: String,
    /// What is looked for.
    pub(super) stem: String,
}

/// A stem, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    /// What is looked for.
    pub(super) stem: String,
    /// Words that are beside each other have numbers that follow each other.
    pub(super) position: usize,
}

/// The stems of a text with their places, as the index has them.
pub(super) fn placed(text: &str) -> Vec<Placed> {
    let mut words = Vec::new();
    analyzer().token_stream(text).process(&mut |token| words.push(Placed { stem: token.text.clone(), position: token.position }));
    words
}

/// The words of a text, each with its stem.
pub(super) fn words_of(text: &str) -> Vec<Word> {
    let mut folded = TextAnalyzer::builder(Words::default()).build();
    let mut stemmed = analyzer();
    let mut texts = Vec::new();
    folded.token_stream(text).process(&mut |token| texts.push(token.text.clone()));
    let mut stems = Vec::new();
    stemmed.token_stream(text).process(&mut |token| stems.push(token.text.clone()));
    texts.into_iter().zip(stems).map(|(text, stem)| Word { text, stem }).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_folded_and_brought_to_their_stems() {
        let stems: Vec<String> = words_of("Renting—the landlord’s Café, LU1 2AA").into_iter().map(|word| word.stem).collect();
        assert_eq!(stems, ["rent", "the", "landlord", "cafe", "lu1", "2aa"]);
    }

    proptest! {
        #[test]
        fn the_words_of_a_text_are_folded_and_so_are_the_words_of_that(text in ".{0,80}") {
            let words = words_of(&text);
            let again = words_of(&words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" "));
            prop_assert_eq!(words, again);
        }
    }
}
