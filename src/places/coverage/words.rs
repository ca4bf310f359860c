//! What the words of a service area say: GSS codes, nations, postcodes and their beginnings.
//!
//! A text is read piece by piece ("LU1, LU2 and SG18 9" has three). Of a piece that has other words
//! in it ("Luton LU1"), only what cannot be mistaken is taken: "M1" is also a motorway. A text
//! that leaves something out ("all of LU except LU7") decides nothing by its postcodes.

use std::collections::BTreeSet;

use super::{MOST_WORDS, nations::Nations};
use crate::{
    model::whereabouts::{Outcode, Postcode, Whereabouts},
    places::rows::is_area_code,
};

/// Text that is longer, in bytes, is no list of postcodes.
const LONGEST_TEXT: usize = 100_000;

/// Postcode areas with a place on the map.
const AREAS: [&str; 124] = [
    "AB", "AL", "B", "BA", "BB", "BD", "BH", "BL", "BN", "BR", "BS", "BT", "CA", "CB", "CF", "CH", "CM", "CO", "CR", "CT", "CV",
    "CW", "DA", "DD", "DE", "DG", "DH", "DL", "DN", "DT", "DY", "E", "EC", "EH", "EN", "EX", "FK", "FY", "G", "GL", "GU", "GY",
    "HA", "HD", "HG", "HP", "HR", "HS", "HU", "HX", "IG", "IM", "IP", "IV", "JE", "KA", "KT", "KW", "KY", "L", "LA", "LD", "LE",
    "LL", "LN", "LS", "LU", "M", "ME", "MK", "ML", "N", "NE", "NG", "NN", "NP", "NR", "NW", "OL", "OX", "PA", "PE", "PH", "PL",
    "PO", "PR", "RG", "RH", "RM", "S", "SA", "SE", "SG", "SK", "SL", "SM", "SN", "SO", "SP", "SR", "SS", "ST", "SW", "SY", "TA",
    "TD", "TF", "TN", "TQ", "TR", "TS", "TW", "UB", "W", "WA", "WC", "WD", "WF", "WN", "WR", "WS", "WV", "YO", "ZE",
];

/// Words that add nothing to what stands beside them.
const FILLERS: [&str; 24] = [
    "postcode",
    "postcodes",
    "postal",
    "post",
    "code",
    "codes",
    "area",
    "areas",
    "district",
    "districts",
    "sector",
    "sectors",
    "all",
    "the",
    "of",
    "in",
    "only",
    "within",
    "covering",
    "covers",
    "whole",
    "across",
    "throughout",
    "entire",
];

/// Words after which something is left out.
const EXCEPTIONS: [&str; 8] = ["except", "excluding", "excludes", "exclude", "excl", "not", "outside", "without"];

/// The area of an outcode: "LU" of "LU1".
pub(super) fn area(outcode: &str) -> &str {
    outcode.split(|c: char| c.is_ascii_digit()).next().unwrap_or_default()
}

/// What was found in the texts of the areas.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Words {
    pub(super) codes: BTreeSet<String>,
    pub(super) nations: Nations,
    /// "LU", "LU1", "LU1 2" or "LU1 2AA".
    pub(super) prefixes: BTreeSet<String>,
}

impl Words {
    /// Take the GSS codes in a text or address.
    pub(super) fn codes_in(&mut self, text: &str) {
        for word in text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.len() == 9) {
            let code = word.to_ascii_uppercase();
            if let Some(nations) = Nations::by_code(&code) {
                self.nations.add(nations);
            } else if is_area_code(&code) && self.codes.len() < MOST_WORDS {
                self.codes.insert(code);
            }
        }
    }

    /// Take everything that a text says.
    pub(super) fn read(&mut self, text: &str) {
        if text.len() > LONGEST_TEXT {
            return;
        }
        self.codes_in(text);
        let words = |piece| str::split_whitespace(piece).map(|word: &str| word.trim_matches(|c: char| ".:()[]\"'".contains(c)));
        let excepts = |word: &str| EXCEPTIONS.iter().any(|exception| word.eq_ignore_ascii_case(exception));
        if words(text).any(excepts) {
            return;
        }
        for piece in pieces(text) {
            let fills = |word: &str| word.is_empty() || FILLERS.iter().any(|filler| word.eq_ignore_ascii_case(filler));
            let words: Vec<&str> = words(piece).filter(|word| !fills(word)).collect();
            if let Some(nations) = Nations::by_name(&words.join(" ").to_lowercase()) {
                self.nations.add(nations);
            } else {
                self.postcodes(&words);
            }
        }
    }

    fn postcodes(&mut self, words: &[&str]) {
        let mut found = Vec::new();
        let mut rest = words;
        let mut understood = true;
        while !rest.is_empty() {
            let (prefixes, length) = take(rest);
            understood &= !prefixes.is_empty();
            found.extend(prefixes);
            rest = &rest[length..];
        }
        for prefix in found {
            let distinctive = prefix.contains(' ') || area(&prefix).len() == 2 && prefix.len() > 2;
            if (understood || distinctive) && self.prefixes.len() < MOST_WORDS {
                self.prefixes.insert(prefix);
            }
        }
    }
}

/// The parts of a list.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ';', '/', '|', '&', '+', '\n', '•'])
        .flat_map(|piece| piece.split(" and "))
        .flat_map(|piece| piece.split(" or "))
}

/// What the first words mean, and how many they are, one at least. Nothing when they mean nothing.
fn take(words: &[&str]) -> (Vec<String>, usize) {
    let [first, rest @ ..] = words else { return (Vec::new(), 1) };
    if let Some((from, to)) = first.split_once(['-', '–']) {
        return (range(from, to), 1);
    }
    if let ["-" | "–" | "to", to, ..] = rest {
        return (range(first, to), 3);
    }
    if AREAS.contains(first) {
        return (vec![(*first).to_owned()], 1);
    }
    match first.parse() {
        Ok(Whereabouts::Postcode(postcode)) if is_real(postcode.outcode()) => (vec![postcode.as_str().to_owned()], 1),
        Ok(Whereabouts::Outcode(outcode)) if is_real(outcode.as_str()) => match rest.first() {
            Some(next) if next.len() == 1 && next.as_bytes()[0].is_ascii_digit() => (vec![format!("{outcode} {next}")], 2),
            Some(next) if next.len() == 3 => match format!("{outcode} {next}").parse::<Postcode>() {
                Ok(postcode) => (vec![postcode.as_str().to_owned()], 2),
                Err(_) => (vec![outcode.as_str().to_owned()], 1),
            },
            _ => (vec![outcode.as_str().to_owned()], 1),
        },
        _ => (Vec::new(), 1),
    }
}

fn is_real(outcode: &str) -> bool {
    AREAS.contains(&area(outcode))
}

/// The outcodes from "LU1" to "LU4", or to "4". Nothing when they have no order.
fn range(from: &str, to: &str) -> Vec<String> {
    let Ok(from) = from.parse::<Outcode>() else { return Vec::new() };
    let area = area(from.as_str());
    let to = to.to_ascii_uppercase();
    let number = |text: &str| text.parse::<u8>().ok().filter(|number| *number < 100);
    let ends = number(&from.as_str()[area.len()..]).zip(number(to.strip_prefix(area).unwrap_or(&to)));
    match ends {
        Some((first, last)) if is_real(from.as_str()) && first <= last => {
            (first..=last).map(|number| format!("{area}{number}")).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether `prefix` is one that [`Words`] may hold.
pub(super) fn is_prefix(prefix: &str) -> bool {
    let written = prefix.split(' ').collect::<Vec<_>>();
    written.len() <= 2 && take(&written) == (vec![prefix.to_owned()], written.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        let mut words = Words::default();
        words.read(text);
        let nations = (words.nations.bits() != 0).then(|| format!("nations {}", words.nations.bits()));
        words.codes.into_iter().chain(nations).chain(words.prefixes).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn lists_of_postcodes_are_read_as_people_write_them() {
        for (text, means) in [
            ("LU1, LU2", "LU1, LU2"),
            ("LU", "LU"),
            ("All LU postcodes", "LU"),
            ("SG18 9", "SG18 9"),
            ("Postcodes: LU1; LU2 / lu3 & SG18 9", "LU1, LU2, LU3, SG18 9"),
            ("LU1 to LU4", "LU1, LU2, LU3, LU4"),
            ("LU1-LU3 and MK41 - 43", "LU1, LU2, LU3, MK41, MK42, MK43"),
            ("LU1 2AA, lu12ab", "LU1 2AA, LU1 2AB"),
            ("LU1 LU2 LU3", "LU1, LU2, LU3"),
            ("Luton (LU1), Dunstable LU6", "LU1, LU6"),
            ("M1, M2", "M1, M2"),
            ("W1, EC1A", "EC1A, W1"),
            ("E06000032, Luton", "E06000032"),
        ] {
            assert_eq!(read(text), means, "{text}");
        }
    }

    #[test]
    fn what_may_be_something_else_is_not_taken() {
        for text in [
            "Luton",
            "Along the M1 corridor",
            "Close to the A6",
            "All of LU except LU7",
            "LU1 but not LU2",
            "Call ME for help",
            "me",
            "ZZ1, QQ2",
            "LU4 to LU1",
            "LU1 to MK4",
            "",
            "E99999999",
        ] {
            assert_eq!(read(text), "", "{text}");
        }
    }

    #[test]
    fn nations_are_known_by_their_names_and_codes() {
        for (text, means) in [
            ("England", "nations 1"),
            ("England and Wales", "nations 3"),
            ("the whole of the UK", "nations 15"),
            ("United Kingdom", "nations 15"),
            ("Great Britain, Northern Ireland", "nations 15"),
            ("K02000001", "nations 15"),
            ("S92000003", "nations 4"),
            ("New England", ""),
        ] {
            assert_eq!(read(text), means, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_gives_nothing_but_prefixes(text in "(\\PC|[A-Z]{1,2}[0-9]{1,2} ?|, | to |-| and ){0,30}") {
            let mut words = Words::default();
            words.read(&text);
            for prefix in &words.prefixes {
                assert!(is_prefix(prefix), "{prefix}");
            }
        }
    }
}
