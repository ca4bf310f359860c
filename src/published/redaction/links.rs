//! Links, degrees and other names of points on a map in sentences. They tell where a hidden place is as well as its
//! address does, and nobody can know of a link whether it leads to that place, so each one is masked.

use percent_encoding::percent_decode_str;

use super::addresses::cut;

/// What the links of maps have in them, in small letters.
const MAPS: [&str; 14] = [
    "maps.",
    "/maps",
    "goo.gl/",
    "openstreetmap.org",
    "osm.org",
    "bing.com/map",
    "waze.com",
    "what3words.com",
    "w3w.co",
    "streetmap.co.uk",
    "plus.codes",
    "citymapper.com",
    "mlat=",
    "geo:",
];
/// Degrees north and east between which these islands lie, and digits behind the point that tell of a street.
const NORTH: std::ops::Range<f64> = 49.0..61.5;
const EAST: std::ops::Range<f64> = -11.0..2.5;
const FINE: usize = 3;

/// What comes before three words that stand for a point.
const THREE_WORDS: [&str; 2] = ["what3words", "w3w"];
/// First letters of the squares of the National Grid.
const SQUARES: [char; 5] = ['H', 'N', 'O', 'S', 'T'];
/// The digits of plus codes.
const PLUS_DIGITS: &str = "23456789CFGHJMPQRVWX";

/// `text` with `mask` in place of links to maps, of other links in which `tells` finds an address, and of what names
/// a point: pairs of degrees, references to the National Grid, plus codes. None where there are none.
pub(super) fn mask(text: &str, mask: &str, tells: impl Fn(&str) -> bool) -> Option<String> {
    let mut cuts: Vec<(usize, usize)> = Vec::new();
    let mut before = String::new();
    for (at, word) in words(text) {
        let small = word.to_ascii_lowercase();
        let is_link = small.contains("://") || small.starts_with("www.");
        let leads_there =
            MAPS.iter().any(|map| small.contains(map)) && (is_link || small.contains('/') || small.starts_with("geo:"));
        let says_so = small.starts_with("///") || THREE_WORDS.iter().any(|name| before.contains(name));
        let is_three_words = says_so && small.matches('.').count() == 2;
        if leads_there || is_three_words || is_plus_code(word) || (is_link && tells(&in_plain(word))) {
            cuts.push((at, at + word.len()));
        }
        before = small;
    }
    cuts.extend(degrees(text));
    cuts.extend(grid_references(text));
    cut(text, &in_order(cuts), mask)
}

/// Words between blanks, brackets and quotation marks, without what ends a sentence.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let ends = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '(' | ')' | '[' | ']' | '“' | '”');
    text.split(ends).map(move |word| {
        let at = word.as_ptr() as usize - text.as_ptr() as usize;
        (at, word.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '’']))
    })
}

/// What a link says, with its signs written out.
fn in_plain(link: &str) -> String {
    percent_decode_str(&link.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// Where a latitude stands with a longitude behind it, or before it: "51.8787, -0.4200".
fn degrees(text: &str) -> Vec<(usize, usize)> {
    let numbers: Vec<(usize, &str)> = decimals(text).collect();
    let pairs = numbers.windows(2).filter(|pair| {
        let [(at, first), (next, second)] = pair else { return false };
        let between = &text[at + first.len()..*next];
        let is_near = between.len() <= 4 && !between.contains(|c: char| c.is_alphanumeric() || c == '.');
        let lies_in = |number: &str, range: &std::ops::Range<f64>| number.parse().is_ok_and(|degrees| range.contains(&degrees));
        let is_point = |north: &str, east: &str| lies_in(north, &NORTH) && lies_in(east, &EAST);
        is_near && (is_point(first, second) || is_point(second, first))
    });
    pairs.map(|pair| (pair[0].0, pair[1].0 + pair[1].1.len())).collect()
}

/// Numbers with enough digits behind their point, with their minus.
fn decimals(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-');
    let words = text.split(move |c: char| !is_part(c)).map(|word| word.trim_end_matches(['.', '-']));
    let fine = words.filter(|word| word.split_once('.').is_some_and(|(_, fraction)| fraction.len() >= FINE));
    fine.map(move |word| (word.as_ptr() as usize - text.as_ptr() as usize, word))
}

/// Whether a word is a plus code, such as "9C4WVHHP+2X", or "VHHP+2X" in some town.
fn is_plus_code(word: &str) -> bool {
    let is_digit = |c: char| PLUS_DIGITS.contains(c.to_ascii_uppercase());
    word.split_once('+').is_some_and(|(area, rest)| {
        (4..=8).contains(&area.len())
            && (2..=3).contains(&rest.len())
            && area.chars().chain(rest.chars()).all(is_digit)
            && area.contains(|c: char| c.is_ascii_alphabetic())
    })
}

/// Where a reference to the National Grid stands that tells a hundred metres, or fewer: "TL 092 214".
fn grid_references(text: &str) -> Vec<(usize, usize)> {
    let words: Vec<(usize, &str)> = words(text).filter(|(_, word)| !word.is_empty()).collect();
    (0..words.len()).filter_map(|at| Some((words[at].0, words[at + grid_reference(&words[at..])?]))).map(end_of).collect()
}

/// From where a reference begins to where its last word ends.
fn end_of((start, (at, last)): (usize, (usize, &str))) -> (usize, usize) {
    (start, at + last.len())
}

/// The number of the last word of the reference that begins here. None where none does.
fn grid_reference(words: &[(usize, &str)]) -> Option<usize> {
    let (square, rest) = words.first()?.1.split_at_checked(2)?;
    // Charities and companies of Scotland have numbers behind SC, which is a square of open sea.
    let is_square = square.starts_with(SQUARES) && square.bytes().all(|letter| letter.is_ascii_uppercase() && letter != b'I');
    if !is_square || square == "SC" {
        return None;
    }
    let stands_alone = rest.is_empty();
    let behind = words[1..].iter().map(|(_, word)| *word);
    let groups: Vec<&str> = std::iter::once(rest).filter(|_| !stands_alone).chain(behind).take(2).collect();
    let are_digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
    let many = match groups.as_slice() {
        [whole, ..] if are_digits(whole) && matches!(whole.len(), 6 | 8 | 10) => 1,
        [east, north] if are_digits(east) && are_digits(north) && east.len() == north.len() && (3..=5).contains(&east.len()) => 2,
        _ => return None,
    };
    Some(if stands_alone { many } else { many - 1 })
}

/// The parts in order, those that overlap as one.
fn in_order(mut cuts: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    cuts.sort_unstable();
    let mut joined: Vec<(usize, usize)> = Vec::new();
    for (start, end) in cuts {
        match joined.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => joined.push((start, end)),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn masked(text: &str) -> Option<String> {
        mask(text, "–", |said| said.contains("77 Zebedee Lane"))
    }

    #[test]
    fn what_leads_to_a_point_on_a_map_is_masked() {
        for (text, left) in [
            ("Map: https://www.google.com/maps/@51.8787,-0.4200,17z, ring first.", "Map: –, ring first."),
            ("https://maps.google.com/?q=77+Zebedee+Lane", "–"),
            ("See maps.app.goo.gl/aBcD1 or https://goo.gl/maps/xYz.", "See – or –."),
            ("(https://www.openstreetmap.org/?mlat=51.87&mlon=-0.42#map=17/51.87/-0.42)", "(–)"),
            ("///filled.count.soap", "–"),
            ("https://w3w.co/filled.count.soap and geo:51.87,-0.42", "– and –"),
            ("We are at 51.8787, -0.4200.", "We are at –."),
            ("51.87871 -0.42001", "–"),
            ("POINT(-0.42001 51.87871)", "POINT(–)"),
            ("Grid ref TL 092 214, by the gate", "Grid ref –, by the gate"),
            ("(TL0923421456)", "(–)"),
            ("TL09234 21456 or TL 092214.", "– or –."),
            ("VHHP+2X Luton, 9c4wvhhp+2x", "– Luton, –"),
            ("What3Words: filled.count.soap!", "What3Words: –!"),
            ("https://example.org/find?at=77%20Zebedee%20Lane", "–"),
        ] {
            assert_eq!(masked(text).as_deref(), Some(left), "{text}");
        }
    }

    #[test]
    fn other_links_and_numbers_stay() {
        for text in [
            "https://example.org/talks",
            "www.example.org",
            "Ring 01632 960123",
            "£51.50, or 2.50 less",
            "Open 9.30-16.00",
            "v1.234 and 0.500",
            "Maps. We love maps",
            "Charity SC012345, company SC123456",
            "TL 12 34",
            "Open 10+, 5+2 at weekends",
            "help.example.org, ring first",
            "SO GOOD 123456",
        ] {
            assert_eq!(masked(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn masking_never_panics_and_leaves_no_degrees(before in "\\PC{0,30}", after in "\\PC{0,30}", north in 50.0..58.0_f64, east in -6.0..1.5_f64) {
            let text = format!("{before} {north:.5}, {east:.5} {after}");
            let left = mask(&text, "–", |_| false).unwrap_or_default();
            let told = format!("{north:.5}, {east:.5}");
            prop_assert!(!left.contains(&told), "{:?}", left);
        }
    }
}
