//! From what is wanted to a query of the index: what must be there, and what lets a document stand
//! further up. The weights are here, and those of a need's own words in `signs`.

mod filters;

use std::collections::BTreeMap;

use tantivy::{
    Searcher, TantivyError, Term,
    query::{
        AllQuery, BooleanQuery, BoostQuery, ConstScoreQuery, DisjunctionMaxQuery, EmptyQuery, Occur, PhraseQuery, Query,
        TermQuery, TermSetQuery,
    },
    schema::{Field, IndexRecordOption},
};

use super::{
    Enough, Understood,
    facts::kind_number,
    fields::{Fields, Word, words_of},
    groups,
    signs::Signs,
    small::{is_common, is_small},
    wanted::Wanted,
    words::{Part, Words},
};
use crate::model::Kind;

/// A word in the name counts so much more than one in the rest.
pub(super) const IN_THE_NAME: f32 = 3.0;
/// A word in a term's name counts so much more.
const IN_A_TERM: f32 = 1.5;
/// All words beside each other in the name: what somebody looks for by its name.
const BY_NAME: f32 = 3.0;
/// Each further need counts so much less.
const FALLS_OFF: f32 = 0.8;
/// The words of an understood phrase stand there as they were written.
const AS_WRITTEN: f32 = 1.5;
/// It runs: what is paused or called off, or has not been confirmed for a month, stands behind it.
const RUNS: f32 = 8.0;
/// It is for everybody, or for a group that somebody asks for.
const FOR_THEM: f32 = 10.0;
/// Added for each part of the words that something fits, where any of them is enough: more than what else lets a
/// document stand further up.
pub(super) const EACH: f32 = 1_000.0;
/// Parts of the words that are counted so, at most.
pub(super) const MOST_COUNTED: usize = 9;
/// Added to what helps somebody in danger, where they wrote of something else as well: more than
/// everything else together can reach.
pub(super) const AHEAD: f32 = 10_000.0;
/// Fewer results than this are filled up with what matches less.
const FEW: usize = 5;
/// Words that are close to one that nobody knows count so much less.
pub(super) const CORRECTED: f32 = 0.6;
/// Words of a text that are looked for at most.
const MOST_WORDS: usize = 40;

type Clause = (Occur, Box<dyn Query>);

/// What is needed to make a query.
pub(super) struct Builder<'a> {
    pub(super) fields: &'a Fields,
    pub(super) searcher: &'a Searcher,
    pub(super) words: &'a Words,
}

/// A query, and what was understood on the way.
pub(super) struct Built {
    pub(super) query: Box<dyn Query>,
    pub(super) understood: Understood,
    /// Stems to mark where they stand, with how much each counts.
    pub(super) marked: BTreeMap<String, f32>,
    /// Whether the order is that of how well things fit.
    pub(super) scored: bool,
    /// Words beside an understood phrase that could be left out.
    pub(super) spare: bool,
    /// Whether there are several words, some of which would do.
    pub(super) several: bool,
    /// How many phrases were understood.
    troubles: usize,
    /// Whether any of them is enough.
    any_trouble: bool,
    /// Whether the score says how many parts of the words something fits.
    pub(super) counted: bool,
    /// How many parts it says that of.
    parts: usize,
    /// Whether what helps somebody in danger stands before everything else.
    pub(super) danger_first: bool,
    /// Marks of what is for everybody, or for a group that is asked for; none where that decides nothing.
    pub(super) for_them: Vec<&'static str>,
}

impl Built {
    /// Whether one more part of the words is to be counted.
    pub(super) fn counts(&mut self) -> bool {
        self.parts += usize::from(self.counted);
        self.counted && self.parts <= MOST_COUNTED
    }

    /// How to take the words next where so many have been found; none where nothing more would help. Few that match
    /// everything are not the end where somebody asks for more.
    pub(super) fn softer(&self, than: Strictness, found: usize, relaxed: bool) -> Option<Strictness> {
        let widens = self.troubles > 1 && !self.any_trouble;
        match than {
            _ if found > 0 && (!relaxed || found >= FEW) => None,
            _ if found > 0 && widens => Some(Strictness::AnyMeaning),
            Strictness::AllWords if self.spare && found > 0 => Some(Strictness::FilledUp),
            Strictness::AllWords if self.spare => Some(Strictness::Meaning),
            Strictness::AllWords | Strictness::Meaning if widens => Some(Strictness::AnyMeaning),
            Strictness::AllWords if found == 0 && self.troubles == 0 && self.several && relaxed => Some(Strictness::SomeWords),
            _ => None,
        }
    }
}

/// How strictly words are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strictness {
    /// All words must be there.
    AllWords,
    /// Words beside an understood phrase that nothing else needs only help the order.
    Meaning,
    /// The same, where some match everything: these come first.
    FilledUp,
    /// As with the meaning, and what helps with one of several troubles will do.
    AnyMeaning,
    /// Any of the words will do; the more the better.
    SomeWords,
}

impl Builder<'_> {
    /// The query for `wanted` among documents of `kind`.
    pub(super) fn build(&self, kind: Kind, wanted: &Wanted, strictness: Strictness) -> Result<Built, TantivyError> {
        let mut built = Built {
            query: Box::new(AllQuery),
            understood: Understood::default(),
            marked: BTreeMap::new(),
            scored: false,
            spare: false,
            several: false,
            troubles: 0,
            any_trouble: false,
            counted: false,
            parts: 0,
            danger_first: false,
            for_them: Vec::new(),
        };
        let mut clauses: Vec<Clause> = Vec::new();
        self.add_text(wanted, strictness, &mut clauses, &mut built)?;
        if !wanted.needs.is_empty() {
            let needs: Vec<&str> = wanted.needs.iter().map(String::as_str).collect();
            clauses.push(must(self.helps_with(&needs, 1.0, &mut built.marked)));
            built.scored = true;
        }
        self.add_filters(kind, wanted, &mut clauses);
        if built.scored && matches!(kind, Kind::Service | Kind::Event) {
            let runs = Self::value(self.fields.mark, "runs");
            clauses.push((Occur::Should, Box::new(ConstScoreQuery::new(runs, RUNS))));
            built.for_them = Self::for_whom(wanted, &built.understood);
            let marks = built.for_them.iter().map(|mark| Term::from_field_text(self.fields.mark, mark));
            let any = Box::new(TermSetQuery::new(marks));
            clauses.push((Occur::Should, Box::new(ConstScoreQuery::new(any, FOR_THEM))));
        }
        // What has to be gone through for the words anyway is told apart by a column; what has no words is
        // found by its kind.
        if !built.scored {
            clauses.push(must(unscored(Self::number(self.fields.kind, kind_number(kind)))));
        }
        built.query = Box::new(BooleanQuery::new(clauses));
        Ok(built)
    }

    /// Marks of what is for everybody, or for a group that is asked for.
    fn for_whom(wanted: &Wanted, understood: &Understood) -> Vec<&'static str> {
        let understood = understood.needs.iter().map(|need| need.code.as_str());
        let needs: Vec<&str> = wanted.needs.iter().map(String::as_str).chain(understood).collect();
        let groups = groups::asked_for(&wanted.text, &needs);
        groups.into_iter().chain([groups::FOR_EVERYBODY]).collect()
    }

    fn add_text(
        &self,
        wanted: &Wanted,
        strictness: Strictness,
        clauses: &mut Vec<Clause>,
        built: &mut Built,
    ) -> Result<(), TantivyError> {
        let is_written = |word: &Word| self.is_known(&word.stem).is_ok_and(|known| known);
        let mut parts = self.words.understand(&wanted.text, &is_written);
        parts.truncate(MOST_WORDS);
        built.scored = !parts.is_empty();
        built.several = parts.len() > 1;
        built.troubles = parts.iter().filter(|part| matches!(part, Part::Meaning { .. })).count();
        if strictness == Strictness::SomeWords {
            clauses.push(must(self.any_word(&parts, built)?));
            return Ok(());
        }
        built.danger_first = self.has_danger_beside_something_else(&parts);
        built.any_trouble = built.danger_first || strictness == Strictness::AnyMeaning;
        built.counted = built.any_trouble || strictness == Strictness::FilledUp;
        if strictness == Strictness::AnyMeaning {
            built.understood.enough = Enough::AnyNeed;
        }
        let mut troubles: Vec<Box<dyn Query>> = Vec::new();
        let spare = built.troubles > 0 && strictness != Strictness::AllWords;
        let beside = if spare { Vec::new() } else { self.known_of(&parts)? };
        for part in parts {
            match part {
                Part::Word(word) => {
                    built.spare |= built.troubles > 0;
                    self.add_word(&word, &beside, spare, wanted.relaxed, clauses, built)?;
                }
                Part::Meaning { words, phrase } => {
                    let helps = self.meaning(&words, phrase, built);
                    if built.any_trouble && built.counts() {
                        troubles.push(Box::new(ConstScoreQuery::new(helps.box_clone(), EACH)));
                    }
                    if built.danger_first && self.words.phrase(phrase).urgent {
                        troubles.push(Box::new(ConstScoreQuery::new(helps.box_clone(), AHEAD)));
                    }
                    troubles.push(helps);
                }
            }
        }
        built.understood.needs.sort_by_key(|need| !need.urgent);
        if built.any_trouble {
            clauses.push(must(Box::new(BooleanQuery::union(troubles))));
        } else {
            clauses.extend(troubles.into_iter().map(must));
        }
        let written = words_of(&wanted.text);
        if (2..=MOST_WORDS).contains(&written.len()) {
            let stems: Vec<String> = written.into_iter().map(|word| word.stem).collect();
            clauses.push((Occur::Should, boosted(Self::phrase(self.fields.name, &stems), BY_NAME)));
        }
        Ok(())
    }

    /// Whether somebody who may be in danger wrote of another trouble as well: few things help with both,
    /// and the danger must not be lost behind them.
    fn has_danger_beside_something_else(&self, parts: &[Part]) -> bool {
        let phrases = || {
            parts.iter().filter_map(|part| match part {
                Part::Meaning { phrase, .. } => Some(self.words.phrase(*phrase)),
                Part::Word(_) => None,
            })
        };
        phrases().any(|danger| danger.urgent && phrases().any(|other| other.needs.first() != danger.needs.first()))
    }

    /// A word that must be there, itself or what it is a slip of, together with those `beside` it. A spare word only
    /// helps the order.
    fn add_word(
        &self,
        word: &Word,
        beside: &[String],
        spare: bool,
        relaxed: bool,
        clauses: &mut Vec<Clause>,
        built: &mut Built,
    ) -> Result<(), TantivyError> {
        if self.is_known(&word.stem)? {
            built.understood.words.push(word.text.clone());
            built.marked.insert(word.stem.clone(), 1.0);
            let occur = if spare { Occur::Should } else { Occur::Must };
            if spare {
                built.understood.left_out.push(word.text.clone());
                if !is_common(&word.text) && built.counts() {
                    clauses.push((occur, Box::new(ConstScoreQuery::new(Self::text(self.fields.text, &word.stem), EACH))));
                }
            }
            clauses.push((occur, Self::text(self.fields.text, &word.stem)));
            clauses.push((Occur::Should, boosted(Self::text(self.fields.name, &word.stem), IN_THE_NAME)));
            clauses.push((Occur::Should, boosted(Self::text(self.fields.terms, &word.stem), IN_A_TERM)));
            return Ok(());
        }
        let others = self.stands_for(word, beside)?;
        if others.is_empty() {
            if spare && relaxed {
                built.understood.left_out.push(word.text.clone());
            } else {
                built.understood.unknown.push(word.text.clone());
                clauses.push(must(Box::new(EmptyQuery)));
            }
            return Ok(());
        }
        self.tell_of_correction(word, &others[0], &others, built);
        let each = others.iter().flat_map(|other| {
            built.marked.insert(other.stem.clone(), CORRECTED);
            [Self::text(self.fields.text, &other.stem), boosted(Self::text(self.fields.name, &other.stem), IN_THE_NAME)]
        });
        let any: Box<dyn Query> = Box::new(BooleanQuery::union(each.collect()));
        clauses.push((if spare { Occur::Should } else { Occur::Must }, boosted(any, CORRECTED)));
        Ok(())
    }

    /// Words that stand for needs: a document has the words, or it helps with one of the needs.
    fn meaning(&self, words: &[Word], phrase: usize, built: &mut Built) -> Box<dyn Query> {
        let phrase = self.words.phrase(phrase);
        built.understood.urgent |= phrase.urgent;
        built.understood.sensitive |= phrase.sensitive;
        let said: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
        let said = if phrase.only_words().is_some() { phrase.text.clone() } else { said.join(" ") };
        built.understood.add_needs(phrase, &said);
        let mut plain: Vec<Clause> = Vec::new();
        let telling: Vec<&Word> = words.iter().filter(|word| !is_small(&word.text)).collect();
        for word in &telling {
            built.marked.entry(word.stem.clone()).or_insert(1.0);
            plain.push(must(Self::text(self.fields.text, &word.stem)));
            plain.push((Occur::Should, boosted(Self::text(self.fields.name, &word.stem), IN_THE_NAME)));
        }
        if telling.len() < 2 && words.len() > 1 {
            // "Someone to talk to" is not every text with "talk" in it.
            let stems: Vec<String> = words.iter().map(|word| word.stem.clone()).collect();
            plain = vec![must(Self::phrase(self.fields.text, &stems))];
        }
        let needs: Vec<&str> = phrase.needs.iter().map(String::as_str).collect();
        let helps = self.helps_with(&needs, FALLS_OFF, &mut built.marked);
        Box::new(BooleanQuery::union(vec![boosted(Box::new(BooleanQuery::new(plain)), AS_WRITTEN), helps]))
    }

    /// Carries the term of one of the needs, or says in its own words that it helps with it.
    fn helps_with(&self, needs: &[&str], falls_off: f32, marked: &mut BTreeMap<String, f32>) -> Box<dyn Query> {
        let mut ways: Vec<Box<dyn Query>> = Vec::new();
        let mut weight = 1.0;
        for need in needs {
            for own in self.words.own(need) {
                if let [only] = own.as_slice() {
                    marked.entry(only.clone()).or_insert(0.3);
                }
            }
            ways.push(Box::new(Signs::new(self.fields.sign, need, weight)));
            weight *= falls_off;
        }
        match ways.len() {
            1 => ways.remove(0),
            // What helps with two of the needs helps more.
            _ => Box::new(DisjunctionMaxQuery::with_tie_breaker(ways, 0.7)),
        }
    }

    fn number(field: Field, value: u64) -> Box<dyn Query> {
        Box::new(TermQuery::new(Term::from_field_u64(field, value), IndexRecordOption::Basic))
    }

    fn value(field: Field, value: &str) -> Box<dyn Query> {
        Box::new(TermQuery::new(Term::from_field_text(field, value), IndexRecordOption::Basic))
    }

    pub(super) fn text(field: Field, stem: &str) -> Box<dyn Query> {
        Box::new(TermQuery::new(Term::from_field_text(field, stem), IndexRecordOption::WithFreqs))
    }

    fn phrase(field: Field, stems: &[String]) -> Box<dyn Query> {
        match stems {
            [only] => Self::text(field, only),
            several => Box::new(PhraseQuery::new(several.iter().map(|stem| Term::from_field_text(field, stem)).collect())),
        }
    }
}

fn must(query: Box<dyn Query>) -> Clause {
    (Occur::Must, query)
}

fn unscored(query: Box<dyn Query>) -> Box<dyn Query> {
    Box::new(ConstScoreQuery::new(query, 0.0))
}

pub(super) fn boosted(query: Box<dyn Query>, by: f32) -> Box<dyn Query> {
    Box::new(BoostQuery::new(query, by))
}

/// Statistics that are the same everywhere and always. A document's score then depends on the
/// document and the words alone: both databases, every process, and an index before and after a
/// merge put the same things in the same order. All words must be there anyway, so their rarity
/// would say little.
pub(super) struct Constant(pub(super) Fields);

impl tantivy::query::Bm25StatisticsProvider for Constant {
    fn total_num_tokens(&self, field: Field) -> tantivy::Result<u64> {
        let usual_length = if field == self.0.name {
            5
        } else if field == self.0.text {
            80
        } else {
            10
        };
        Ok(usual_length * DOCUMENTS)
    }
    fn total_num_docs(&self) -> tantivy::Result<u64> {
        Ok(DOCUMENTS)
    }
    fn doc_freq(&self, _: &Term) -> tantivy::Result<u64> {
        Ok(DOCUMENTS / 100)
    }
}

const DOCUMENTS: u64 = 10_000;
