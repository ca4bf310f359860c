//! Words taken loosely, where nothing has all of them: any will do, and a word that nobody here writes may be a slip.

use tantivy::{
    TantivyError,
    query::{BooleanQuery, ConstScoreQuery, Occur, Query},
};

use super::{
    Enough, english,
    fields::Word,
    query::{Builder, Built, CORRECTED, EACH, IN_THE_NAME, boosted},
    small::is_common,
    words::Part,
};

/// Of so many words that say something, one alone is not enough.
const MANY: usize = 4;

impl Builder<'_> {
    /// Something that has any of the words that say something: what has more of them comes first, then what has them
    /// in its name. A word that nobody here writes is taken for what it is a slip of.
    pub(super) fn any_word(&self, parts: &[Part], built: &mut Built) -> Result<Box<dyn Query>, TantivyError> {
        built.understood.enough = Enough::SomeWords;
        built.counted = true;
        let words = parts.iter().filter_map(|part| if let Part::Word(word) = part { Some(word) } else { None });
        let (common, telling): (Vec<&Word>, Vec<&Word>) = words.partition(|word| is_common(&word.text));
        let mut ways: Vec<Box<dyn Query>> = Vec::new();
        let mut each: Vec<(Occur, Box<dyn Query>)> = Vec::new();
        for word in if telling.is_empty() { common } else { telling } {
            let stems = if self.is_known(&word.stem)? {
                built.understood.words.push(word.text.clone());
                vec![(word.stem.clone(), 1.0)]
            } else {
                let others = self.stands_for(word, &[])?;
                match others.first() {
                    Some(first) => self.tell_of_correction(word, first, &others, built),
                    None => built.understood.unknown.push(word.text.clone()),
                }
                others.into_iter().map(|other| (other.stem, CORRECTED)).collect()
            };
            let mut any: Vec<Box<dyn Query>> = Vec::new();
            for (stem, weight) in stems {
                any.push(boosted(Self::text(self.fields.text, &stem), weight));
                ways.push(boosted(Self::text(self.fields.name, &stem), weight * IN_THE_NAME));
                built.marked.insert(stem, weight);
            }
            let any: Box<dyn Query> = Box::new(BooleanQuery::union(any));
            each.push((Occur::Should, any.box_clone()));
            if built.counts() {
                ways.push(Box::new(ConstScoreQuery::new(any.box_clone(), EACH)));
            }
            ways.push(any);
        }
        let any = Box::new(BooleanQuery::union(ways));
        if each.len() < MANY {
            return Ok(any);
        }
        // One word of a long sentence, such as "door" or "class", stands in listings that have nothing to do with it.
        let enough = ConstScoreQuery::new(Box::new(BooleanQuery::with_minimum_required_clauses(each, 2)), 0.0);
        Ok(Box::new(BooleanQuery::intersection(vec![any, Box::new(enough)])))
    }

    /// Say what a word was taken for. What others had better not see stays so, however it was spelt.
    pub(super) fn tell_of_correction(&self, word: &Word, first: &Word, others: &[Word], built: &mut Built) {
        built.understood.corrected.push((word.text.clone(), first.text.clone()));
        built.understood.sensitive |= others.iter().any(|other| self.words.is_grave(&other.stem));
    }

    /// What a word that nobody here writes may be a slip of. A word of English, or one that people in trouble are known
    /// to write, is what it is: "pills" are no bills, and "naked" is not "named". So is a number, or a postcode: "200"
    /// is no slip of "2006". `beside` are stems that have to be found with it.
    pub(super) fn stands_for(&self, word: &Word, beside: &[String]) -> Result<Vec<Word>, TantivyError> {
        let is_itself = self.words.is_heard(&word.stem)
            || self.words.is_itself(&word.stem)
            || english::has(&word.text)
            || word.text.contains(|c: char| c.is_ascii_digit());
        if is_itself { Ok(Vec::new()) } else { self.corrections(&word.text, beside) }
    }
}
