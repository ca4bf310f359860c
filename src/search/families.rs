//! Families of phrases: a row with words in brackets, "(hits|punches) (me|my mum)", stands for each choice of them.

use super::{
    english,
    fields::{Word, words_of},
    slips::is_slip,
    small::is_small,
};

/// Words between two of a family that are passed over, at most.
const MOST_BETWEEN: usize = 3;
/// Words that say nothing between two of a family, beside the small ones.
const BETWEEN: &str =
    " actually always been bloody constantly even ever just keep keeps literally only proper quite really so still then very ";
/// Words of a family that may be missing: "took the passport" is also "took passport".
const MAY_MISS: &str = " a an some the ";

/// What stands in one place: one of several choices, each of some words. No words at all may be a choice.
pub(super) type Choices = Vec<Vec<Word>>;

/// A family, or a phrase, as it stands in the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Family {
    /// One place after the other.
    pub(super) places: Vec<Choices>,
    /// Whether nothing may stand between, or be missing.
    pub(super) word_for_word: bool,
}

/// A family that stands somewhere among words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Reached {
    until: usize,
    /// How many words of the family stand there.
    matched: usize,
    slips: usize,
}

impl Family {
    /// Read the phrase of a row; `joined` makes words as they are looked for.
    /// # Errors
    /// A bracket without its other half, or within another.
    pub(super) fn read(phrase: &str, joined: fn(Vec<Word>) -> Vec<Word>) -> Result<Self, String> {
        let wrong = || format!("the brackets of {phrase:?} do not match: write (one|two) of them, and no bracket within another");
        let read = |text: &str| joined(words_of(text));
        let mut places: Vec<Choices> = Vec::new();
        let mut rest = phrase;
        while !rest.is_empty() {
            let (before, behind) = rest.split_once('(').map_or((rest, None), |(before, behind)| (before, Some(behind)));
            let (within, after) = match behind {
                Some(behind) => behind.split_once(')').map(|(within, after)| (Some(within), after)).ok_or_else(wrong)?,
                None => (None, ""),
            };
            if before.contains(')') || within.is_some_and(|within| within.contains('(')) {
                return Err(wrong());
            }
            let plain = read(before);
            places.extend((!plain.is_empty()).then(|| vec![plain]));
            places.extend(within.map(|within| within.split('|').map(read).collect::<Choices>()));
            rest = after;
        }
        Ok(Self { places, word_for_word: false })
    }

    /// Every word of it.
    pub(super) fn words(&self) -> impl Iterator<Item = &Word> {
        self.places.iter().flatten().flatten()
    }

    /// Stems that it may begin with.
    pub(super) fn beginnings(&self) -> Vec<&str> {
        let mut found = Vec::new();
        for place in &self.places {
            found.extend(place.iter().filter_map(|choice| choice.first()).map(|word| word.stem.as_str()));
            if !place.iter().any(|choice| choice.iter().all(may_miss)) {
                break;
            }
        }
        found
    }

    /// How long its longest and its shortest choice are, in words.
    pub(super) fn lengths(&self) -> (usize, usize) {
        let longest = self.places.iter().filter_map(|place| place.iter().map(Vec::len).max()).sum();
        let shortest = self.places.iter().filter_map(|place| place.iter().map(Vec::len).min()).sum();
        (longest, shortest)
    }

    /// Whether it stands at `from`: until where, with how many words, and with how many slips in them.
    pub(super) fn stands(&self, words: &[Word], from: usize) -> Option<(usize, usize, usize)> {
        let begun = Reached { until: from, matched: 0, slips: 0 };
        let reached = self.further(&self.places, words, begun)?;
        // One word alone is meant as it is written: "fitting" is not "fit".
        let is_certain = reached.matched > 1 || reached.slips > 0 || self.words().any(|word| word.text == words[from].text);
        (reached.matched > 0 && is_certain).then_some((reached.until, reached.matched, reached.slips))
    }

    fn further(&self, places: &[Choices], words: &[Word], reached: Reached) -> Option<Reached> {
        let Some((place, rest)) = places.split_first() else { return Some(reached) };
        let ways = place.iter().filter_map(|choice| self.further(rest, words, self.take(choice, words, reached)?));
        ways.max_by_key(|reached| (reached.matched, std::cmp::Reverse(reached.slips)))
    }

    fn take(&self, choice: &[Word], words: &[Word], mut reached: Reached) -> Option<Reached> {
        for meant in choice {
            let between = if self.word_for_word || reached.matched == 0 { 0 } else { MOST_BETWEEN };
            let mut near = (0..=between).map_while(|over| {
                let here = words.get(reached.until + over)?;
                let fits = fit(meant, here);
                (fits.is_some() || says_nothing_between(here)).then_some((over, fits))
            });
            let found = near.find_map(|(over, fits)| Some((over, fits?)));
            match found {
                Some((over, slips)) => {
                    reached.until += over + 1;
                    reached.matched += 1;
                    reached.slips += slips;
                }
                None if may_miss(meant) && !self.word_for_word => {}
                None => return None,
            }
        }
        Some(reached)
    }
}

/// How many slips a word has where another is meant; none where it is another word.
fn fit(meant: &Word, here: &Word) -> Option<usize> {
    if meant.stem == here.stem {
        return Some(0);
    }
    let is_a_slip = || is_slip(&meant.text, &here.text) && !english::has(&here.text);
    is_a_slip().then_some(1)
}

fn may_miss(word: &Word) -> bool {
    MAY_MISS.contains(&format!(" {} ", word.text))
}

fn says_nothing_between(word: &Word) -> bool {
    is_small(&word.text) || BETWEEN.contains(&format!(" {} ", word.text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stands(family: &str, text: &str) -> bool {
        let family = Family::read(family, |words| words).unwrap();
        let words = words_of(text);
        (0..words.len()).any(|from| family.stands(&words, from).is_some())
    }

    #[test]
    fn a_family_stands_for_each_choice_of_its_words() {
        let hits = "(punched|battered) (me|my mum)";
        for text in ["he punched me", "battering my mum", "has just battered my mum again", "he punchd me"] {
            assert!(stands(hits, text), "{text}");
        }
        for text in ["punch and judy", "mum punched", "battered fish for my mum", "launched me"] {
            assert!(!stands(hits, text), "{text}");
        }
        assert!(stands("took (my|the) passport (and|) (phone|)", "he took passport"));
        assert!(stands("(fitting|collapsed)", "she has collapsed") && !stands("(fitting|collapsed)", "fit club"));
    }

    #[test]
    fn words_that_say_nothing_may_stand_between_unless_it_is_word_for_word() {
        assert!(!stands("(sleeping|slept) (in|on) (park|bench)", "slept late on a bench"));
        assert!(stands("(sleeping|slept) (in|on) (park|bench)", "slept just on the bench"));
        let strict = Family { word_for_word: true, ..Family::read("end of (life|term)", |words| words).unwrap() };
        assert!(strict.stands(&words_of("end of life planning"), 0).is_some());
        assert!(strict.stands(&words_of("end of my life"), 0).is_none());
    }

    #[test]
    fn brackets_that_do_not_match_are_told() {
        for phrase in ["hits (me", "hits me)", "(hits (me|us))", "(a) b) c"] {
            assert!(Family::read(phrase, |words| words).unwrap_err().contains("do not match"), "{phrase}");
        }
    }
}
