//! Where somebody is, among other words.

use super::{Outcode, Postcode, Whereabouts, with_noughts};

/// Words before a place: "near LU1", "in LU1 2AA".
const BEFORE_A_PLACE: [&str; 5] = ["near", "in", "around", "at", "by"];

/// Outcodes that are forms of the benefits office and of probate, a gas and a ring of a benefit as well: "sr1 form" is
/// not about Sunderland.
const ALSO_NAMES: [&str; 4] = ["SR1", "PA1", "CO2", "BD8"];

/// Where somebody is, if they say so among other words, and those words without it: people write where
/// they are beside what they need. Half a postcode with a single letter is taken for one only where
/// nothing else can be meant: "s21 notice" is not about Sheffield.
///
/// ```
/// use fingerpost::model::whereabouts::among_words;
/// let (at, words) = among_words("food bank near lu1 2aa please").unwrap();
/// assert_eq!((at.as_str(), words.as_str()), ("LU1 2AA", "food bank please"));
/// assert_eq!(among_words("s21 notice"), None);
/// assert_eq!(among_words("co2 alarm"), None);
/// assert_eq!(among_words("food bank lu1 oab").unwrap().0.as_str(), "LU1 0AB");
/// assert_eq!(among_words("food bank near sr1").unwrap().1, "food bank");
/// ```
pub fn among_words(text: &str) -> Option<(Whereabouts, String)> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let bare = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
    let whole = |from: usize, length: usize| -> Option<Whereabouts> {
        let written: Vec<String> = words.get(from..from + length)?.iter().map(|word| bare(word)).collect();
        written.join(" ").parse::<Postcode>().ok().map(Whereabouts::from)
    };
    let names_a_place = |at: usize| at > 0 && BEFORE_A_PLACE.contains(&words[at - 1].to_lowercase().as_str());
    let half = |at: usize| -> Option<Whereabouts> {
        let outcode = bare(words[at]).parse::<Outcode>().ok()?;
        let telling = outcode.as_str().as_bytes()[1].is_ascii_uppercase() && !ALSO_NAMES.contains(&outcode.as_str());
        (telling || words.len() == 1 || names_a_place(at)).then(|| outcode.into())
    };
    // "SE1 Old Kent Road" has no postcode with a nought; one stands at the end.
    let mistyped = |at: usize| -> Option<Whereabouts> {
        let last = words.get(at..).filter(|last| last.len() == 2)?;
        let postcode = with_noughts(&last.iter().map(|word| bare(word)).collect::<String>())?;
        let telling = postcode.as_str().as_bytes()[1].is_ascii_uppercase() && !ALSO_NAMES.contains(&postcode.outcode());
        telling.then(|| postcode.into())
    };
    let found = (0..words.len()).find_map(|at| {
        let pair = || whole(at, 2).or_else(|| mistyped(at)).map(|place| (place, at, 2));
        let single = || whole(at, 1).or_else(|| half(at)).map(|place| (place, at, 1));
        pair().or_else(single)
    });
    let (place, at, length) = found?;
    let before = if names_a_place(at) { at - 1 } else { at };
    Some((place, [&words[..before], &words[at + length..]].concat().join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_among_other_words_is_told_from_them() {
        let told = |text: &str| among_words(text).map(|(at, words)| (at.to_string(), words));
        let is = |at: &str, words: &str| Some((at.to_owned(), words.to_owned()));
        for (text, expected) in [
            ("food bank LL14", is("LL14", "food bank")),
            ("food bank, near ll20 8aa", is("LL20 8AA", "food bank,")),
            ("LU12AA debt advice", is("LU1 2AA", "debt advice")),
            ("LU1", is("LU1", "")),
            ("help in M4.", is("M4", "help")),
            ("M4", is("M4", "")),
            ("s21 notice", None),
            ("vitamin b12", None),
            ("landlord wants me out", None),
            ("", None),
            ("near", None),
            ("near near", None),
            ("12 34 56", None),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn words_with_any_place_among_them_are_taken_apart(text in "\\PC{0,40}") {
            if let Some((_, rest)) = among_words(&text) {
                assert!(rest.len() < text.len());
            }
        }
    }
}
