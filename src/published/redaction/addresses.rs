//! Addresses in sentences, told by their form.

use crate::model::{text::fold, whereabouts};

pub(super) const MASK: &str = "[address withheld]";

/// `text` with full postcodes, and the house number and street before one, masked. `None` when
/// there is nothing to mask.
pub(super) fn mask(text: &str) -> Option<String> {
    let words: Vec<(usize, &str)> = words(text).collect();
    let mut cuts: Vec<(usize, usize)> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let (start, word) = words[at];
        let pair = words.get(at + 1).filter(|(_, next)| is_postcode(&format!("{word} {next}")));
        if let Some((next_start, next)) = pair {
            cuts.push((start, next_start + next.len()));
            at += 2;
            continue;
        }
        if is_postcode(word) && word.len() >= 5 {
            cuts.push((start, start + word.len()));
        } else if starts_an_address(&words[at..]) {
            let length = street_length(&words[at..]);
            let (end_start, end) = words[at + length - 1];
            cuts.push((start, end_start + end.len()));
            at += length;
            continue;
        } else if let Some(length) = numbered_behind(&words[at..]) {
            let (end_start, end) = words[at + length - 1];
            cuts.push((start, end_start + end.len()));
            at += length;
            continue;
        }
        at += 1;
    }
    cut(text, &cuts, MASK)
}

/// `text` with `mask` in place of these parts of it, which do not overlap. `None` where there are none.
pub(super) fn cut(text: &str, cuts: &[(usize, usize)], mask: &str) -> Option<String> {
    if cuts.is_empty() {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (start, end) in cuts {
        out.push_str(&text[from..*start]);
        out.push_str(mask);
        from = *end;
    }
    out.push_str(&text[from..]);
    Some(out)
}

/// Runs of letters and digits, with where they begin.
pub(super) fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let start_of = |word: &str| word.as_ptr() as usize - text.as_ptr() as usize;
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(move |word| (start_of(word), word))
}

fn is_postcode(text: &str) -> bool {
    text.is_ascii() && whereabouts::has_the_form_of_a_postcode(text)
}

const STREETS: [&str; 24] = [
    "street", "road", "lane", "avenue", "close", "drive", "way", "court", "place", "terrace", "crescent", "gardens", "grove",
    "hill", "square", "walk", "mews", "row", "st", "rd", "ave", "ln", "cl", "dr",
];
/// Before a house number that stands behind its street.
const NUMBERS: [&str; 4] = ["no", "nr", "number", "num"];
/// Welsh has the street word first: "12 Stryd y Castell", "14-16 Maes-y-Dref".
const WELSH_STREETS: [&str; 11] = ["stryd", "ffordd", "heol", "lon", "maes", "bryn", "clos", "rhodfa", "rhes", "cilgant", "cwrt"];
/// Between a Welsh street word and a name.
const WELSH_ARTICLES: [&str; 3] = ["y", "yr", "r"];

/// What a street word is short for, so that both ways to write it are the same.
pub(super) fn in_full(word: &str) -> &str {
    match word {
        "st" => "street",
        "rd" => "road",
        "ave" => "avenue",
        "ln" => "lane",
        "cl" => "close",
        "dr" => "drive",
        _ => word,
    }
}

/// Whether a word, in full, says that what stands before it is the name of a street.
pub(super) fn is_of_streets(word: &str) -> bool {
    STREETS.contains(&word)
}

/// How many words an address has that ends with its number, from the street's name on: "Castle Street 12", "High Town
/// Road no. 12". None where it is no address.
fn numbered_behind(words: &[(usize, &str)]) -> Option<usize> {
    let street = (1..=3).find(|at| words.get(*at).is_some_and(|(_, word)| STREETS.contains(&fold(word).as_str())))?;
    let is_named = words[..street].iter().all(|(_, word)| is_name(word));
    let says_number = words.get(street + 1).is_some_and(|(_, word)| NUMBERS.contains(&fold(word).as_str()));
    let number = street + 1 + usize::from(says_number);
    let is_number = words.get(number).is_some_and(|(_, word)| is_house_number(word));
    (is_named && is_number).then_some(number + 1)
}

/// "12 Castle Street", "12a High Town Road", "12 Stryd y Castell": a house number and the name of a street.
fn starts_an_address(words: &[(usize, &str)]) -> bool {
    is_house_number(words[0].1) && street_length(words) > 0
}

fn is_house_number(word: &str) -> bool {
    let digits = word.chars().take_while(char::is_ascii_digit).count();
    (1..=4).contains(&digits) && word.chars().count() <= digits + 1
}

fn is_name(word: &str) -> bool {
    word.starts_with(char::is_uppercase)
}

/// How many words the address that begins here has; none where it is no address.
fn street_length(words: &[(usize, &str)]) -> usize {
    english_length(words).or_else(|| welsh_length(words)).unwrap_or(0)
}

/// A number, at most three words of which the first is a name, and a street word.
fn english_length(words: &[(usize, &str)]) -> Option<usize> {
    let named = words.get(1).is_some_and(|(_, word)| is_name(word));
    let at = (2..=4.min(words.len().saturating_sub(1))).find(|at| STREETS.contains(&fold(words[*at].1).as_str()))?;
    named.then_some(at + 1)
}

/// A number, or two as of a house with two, then a street word and its name.
fn welsh_length(words: &[(usize, &str)]) -> Option<usize> {
    let street = if words.get(1).is_some_and(|(_, word)| is_house_number(word)) { 2 } else { 1 };
    words.get(street).filter(|(_, word)| WELSH_STREETS.contains(&fold(word).as_str()))?;
    let article = words.get(street + 1).is_some_and(|(_, word)| WELSH_ARTICLES.contains(&fold(word).as_str()));
    let name = street + 1 + usize::from(article);
    let further = |at: usize| words.get(at).is_some_and(|(_, word)| is_name(word));
    (article && words.len() > name || further(name)).then(|| name + 1 + usize::from(further(name) && further(name + 1)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn masking_never_panics(text in "[ -~é–]{0,80}") {
            let _ = mask(&text);
        }

        #[test]
        fn no_full_postcode_is_left_however_it_is_written(
            (before, after) in ("[ -~é–]{0,30}", "[ -~é–]{0,30}"),
            out in "[A-PR-UWYZ][A-HK-Y]?[0-9][0-9]?|[A-PR-UWYZ][0-9][A-HJKPSTUW]",
            inward in "[0-9][ABD-HJLNP-UW-Z]{2}",
            gap in prop::sample::select(vec!["", " ", "  ", "\u{a0}", "-", "\n"]),
            small in any::<bool>(),
        ) {
            let postcode = format!("{out}{gap}{inward}");
            let postcode = if small { postcode.to_lowercase() } else { postcode };
            let masked = mask(&format!("{before} {postcode} {after}"));
            let left = masked.expect("there is a postcode to mask");
            let bare = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
            // What stands around it may say the same once more, in letters that are no postcode there.
            let many = |text: &str| bare(text).matches(&bare(&postcode)).count();
            prop_assert!(many(&left) <= many(&before) + many(&after), "{left:?} tells {postcode:?}");
        }
    }
}
