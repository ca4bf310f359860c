//! What people write into a box for a place, read as what they may mean: "lu12aa.", "LU1-2AA", "LU1 2AA Luton" and
//! "12 High Street, Luton LU1 2AA" are all the same postcode, and "LU1 2A" is half of one. Whether there is such a
//! place is known elsewhere, so everything it may mean is given, the likeliest first.

use crate::model::{
    values::Refused,
    whereabouts::{Outcode, Postcode, Whereabouts, with_noughts},
};

/// Longer text is no place, and reading it would take time, in characters.
const LONGEST: usize = 200;
/// Words that the name of a town has at most.
const LONGEST_TOWN: usize = 3;

/// What somebody may mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// A postcode, or its first half.
    At(Whereabouts),
    /// A postcode that was not finished, or has a slip behind its first half: that half is known.
    Begun(Whereabouts),
    /// The name of a town.
    Town(String),
}

/// What somebody may mean by this, the likeliest first; nothing where nothing is written.
///
/// ```
/// use fingerpost::places::{Reading, readings};
/// let first = |written: &str| readings(written).into_iter().next();
/// assert_eq!(first("12 High Street, Luton LU1 2AA"), Some(Reading::At("LU1 2AA".parse().unwrap())));
/// assert_eq!(first("lu12aa."), Some(Reading::At("LU1 2AA".parse().unwrap())));
/// assert_eq!(first("LU1 2A"), Some(Reading::Begun("LU1".parse().unwrap())));
/// assert_eq!(first("Leighton Buzzard"), Some(Reading::Town("Leighton Buzzard".to_owned())));
/// ```
pub fn readings(written: &str) -> Vec<Reading> {
    if written.chars().count() > LONGEST {
        return Vec::new();
    }
    let words: Vec<&str> = written.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let whole = words.join(" ").parse::<Whereabouts>().ok();
    let mut found: Vec<Reading> = Vec::new();
    let mut add = |readings: Vec<Reading>| {
        for reading in readings {
            if !found.contains(&reading) {
                found.push(reading);
            }
        }
    };
    add(whole.map(Reading::At).into_iter().collect());
    add(postcodes(&words).map(|postcode| Reading::At(postcode.into())).collect());
    add(mistyped(&words).map(|postcode| Reading::At(postcode.into())).collect());
    add(begun(&words).map(|outcode| Reading::Begun(outcode.into())).collect());
    // "Flat B1, Luton" is in Luton, not in Birmingham.
    let (telling, others): (Vec<Outcode>, Vec<Outcode>) = outcodes(&words).partition(has_two_letters);
    add(telling.into_iter().map(|outcode| Reading::At(outcode.into())).collect());
    add(towns(written).into_iter().map(Reading::Town).collect());
    add(others.into_iter().map(|outcode| Reading::At(outcode.into())).collect());
    found
}

/// The postcode, or first half of one, that somebody surely means: the whole of what they wrote, or a whole postcode
/// among it.
/// # Errors
/// When there is none, with what would be right.
pub fn postcode_in(written: &str) -> Result<Whereabouts, Refused> {
    let is_sure = |at: &Whereabouts| matches!(at, Whereabouts::Postcode(_));
    let among = readings(written).into_iter().find_map(|reading| match reading {
        Reading::At(at) if is_sure(&at) => Some(at),
        _ => None,
    });
    among.map_or_else(|| written.parse(), Ok)
}

/// Whole postcodes among the words, the last first: an address ends with it.
fn postcodes(words: &[&str]) -> impl Iterator<Item = Postcode> {
    (0..words.len()).rev().filter_map(|at| {
        let pair = words.get(at + 1).and_then(|next| format!("{} {next}", words[at]).parse().ok());
        pair.or_else(|| words[at].parse().ok())
    })
}

/// The whole postcode that somebody means who typed the letter O for a nought: all that was written, or the end of it.
/// Anywhere else it may be a word: "SE1 Old Kent Road".
fn mistyped(words: &[&str]) -> impl Iterator<Item = Postcode> {
    let last = |count: usize| with_noughts(&words.get(words.len().checked_sub(count)?..)?.concat());
    [last(words.len()), last(2), last(1)].into_iter().flatten()
}

/// First halves of postcodes with something behind them that begins like the other half: "LU1 2A", "LU12A".
fn begun(words: &[&str]) -> impl Iterator<Item = Outcode> {
    (0..words.len()).rev().filter_map(|at| {
        let is_begun = |rest: &str| rest.len() <= 4 && rest.starts_with(|c: char| c.is_ascii_digit());
        let pair = words.get(at + 1).filter(|next| is_begun(next)).and_then(|_| words[at].parse().ok());
        pair.or_else(|| joined(words[at]))
    })
}

/// The same in one word: an outcode, a digit and at most one letter.
fn joined(word: &str) -> Option<Outcode> {
    (1..=2).find_map(|more| {
        let (out, rest) = word.split_at_checked(word.len().checked_sub(more)?)?;
        let mut rest = rest.chars();
        let begins = rest.next().is_some_and(|c| c.is_ascii_digit()) && rest.all(|c| c.is_ascii_alphabetic());
        out.parse().ok().filter(|_| begins)
    })
}

fn outcodes(words: &[&str]) -> impl Iterator<Item = Outcode> {
    words.iter().rev().filter_map(|word| word.parse().ok())
}

fn has_two_letters(outcode: &Outcode) -> bool {
    outcode.as_str().as_bytes()[1].is_ascii_uppercase()
}

/// Names that may be of a town: all of it, each part between commas from the last on, and the last words of each.
fn towns(written: &str) -> Vec<String> {
    let parts = written.split([',', ';', '\n']).rev().map(trimmed).filter(|part| has_letters(part));
    let mut names = Vec::from_iter(Some(trimmed(written).to_owned()).filter(|all| has_letters(all)));
    for part in parts {
        let words: Vec<&str> = part.split_whitespace().filter(|word| !is_code(word)).collect();
        let last = (1..=LONGEST_TOWN.min(words.len())).rev().map(|length| words[words.len() - length..].join(" "));
        names.push(words.join(" "));
        names.extend(last);
    }
    names.retain(|name| has_letters(name));
    names
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| !c.is_alphanumeric())
}

fn has_letters(text: &str) -> bool {
    text.chars().any(char::is_alphabetic)
}

/// Whether a word is a number, or half a postcode: no town is called so.
fn is_code(word: &str) -> bool {
    word.chars().any(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn first(written: &str) -> Option<Reading> {
        readings(written).into_iter().next()
    }

    #[test]
    fn a_postcode_is_one_however_it_is_written_and_wherever_it_stands() {
        for written in [
            "LU1 2AA",
            "lu12aa",
            "lu12aa.",
            "LU1-2AA",
            "LU1  2AA",
            "LU1, 2AA",
            "LU1 2AA Luton",
            "Luton LU1 2AA",
            "Luton, LU12AA",
            "12 High Street, Luton LU1 2AA",
            "12 High Street LU1 2AA Luton",
            "(LU1 2AA)",
            "postcode: LU1 2AA",
            "L U 1 2 A A",
        ] {
            assert_eq!(first(written), Some(Reading::At("LU1 2AA".parse().unwrap())), "{written}");
            assert_eq!(postcode_in(written).unwrap().as_str(), "LU1 2AA", "{written}");
        }
        assert_eq!(first("E1 6AN"), Some(Reading::At("E1 6AN".parse().unwrap())));
        assert_eq!(first("1 B1 Court, E1 6AN"), Some(Reading::At("E1 6AN".parse().unwrap())));
    }

    #[test]
    fn the_letter_o_is_a_nought_where_no_postcode_has_a_letter() {
        for (written, meant) in [
            ("LU1 OAB", "LU1 0AB"),
            ("lu1oab", "LU1 0AB"),
            ("12 High Street, Luton LU1 OAB", "LU1 0AB"),
            ("CRO 2XX", "CR0 2XX"),
            ("0X1 1AA", "OX1 1AA"),
        ] {
            assert_eq!(first(written), Some(Reading::At(meant.parse().unwrap())), "{written}");
            assert_eq!(postcode_in(written).unwrap().as_str(), meant, "{written}");
        }
        assert_eq!(first("SE1 Old Kent Road"), Some(Reading::At("SE1".parse().unwrap())));
        assert_eq!(first("LU1 2AA"), Some(Reading::At("LU1 2AA".parse().unwrap())));
        // It is one as it stands, though there is none: what is meant comes behind it.
        assert!(readings("M2O 1AA").contains(&Reading::At("M20 1AA".parse().unwrap())));
    }

    #[test]
    fn of_a_postcode_that_was_not_finished_the_first_half_is_meant() {
        for written in ["LU1 2A", "LU1 2", "lu1 2a", "LU1-2A", "LU12A", "Luton LU1 2A", "LU1 2CC", "LU1 2AAA"] {
            assert_eq!(first(written), Some(Reading::Begun("LU1".parse().unwrap())), "{written}");
            assert!(postcode_in(written).is_err(), "a program is told: {written}");
        }
        assert_eq!(readings("LU12")[..2], [Reading::At("LU12".parse().unwrap()), Reading::Begun("LU1".parse().unwrap())]);
    }

    #[test]
    fn names_of_towns_are_found_in_addresses() {
        let town = |written: &str, name: &str| {
            assert!(readings(written).contains(&Reading::Town(name.to_owned())), "{written}: {:?}", readings(written));
        };
        for written in ["Luton", "Luton.", "12 High Street, Luton", "12 High Street Luton", "near Luton", "Luton LU1 9ZZZZZ"] {
            town(written, "Luton");
        }
        town("Stoke-on-Trent", "Stoke-on-Trent");
        town("3 Lake Street, Leighton Buzzard, Bedfordshire", "Leighton Buzzard");
        let flat = readings("Flat B1, Luton");
        let at = |reading: Reading| flat.iter().position(|own| *own == reading).unwrap();
        assert!(at(Reading::Town("Luton".to_owned())) < at(Reading::At("B1".parse().unwrap())), "{flat:?}");
        assert_eq!(readings(" ,. "), []);
    }

    proptest! {
        #[test]
        fn whatever_stands_around_a_postcode_it_is_found(
            before in "([A-Za-z]{3,9} ){0,3}", after in "( [A-Za-z]{3,9}){0,3}",
            postcode in "(LU[1-7]|MK4[0-5]|SG1[5-9]) [0-9][ABD-HJLNP-UW-Z]{2}",
            gap in prop::sample::select(vec!["", " ", "  ", "-"]), small in any::<bool>(),
        ) {
            let written = postcode.replace(' ', gap);
            let written = if small { written.to_lowercase() } else { written };
            prop_assert_eq!(first(&format!("{before}{written}{after}")), Some(Reading::At(postcode.parse().unwrap())));
        }

        #[test]
        fn nothing_that_is_written_breaks_it(written in "\\PC{0,80}") {
            let found = readings(&written);
            let telling = |reading: &Reading| !matches!(reading, Reading::Town(name) if name.trim().is_empty());
            prop_assert!(found.iter().all(telling), "{:?}", found);
            prop_assert!(found.iter().enumerate().all(|(at, one)| !found[..at].contains(one)));
        }

        #[test]
        fn what_is_a_postcode_by_itself_stays_what_it_is(written in "[A-Za-z0-9]{2,4} ?[0-9A-Za-z]{0,3}") {
            if let Ok(at) = written.parse::<Whereabouts>() {
                prop_assert_eq!(first(&written), Some(Reading::At(at)));
            }
        }
    }
}
