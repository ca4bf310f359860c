//! Links and degrees in sentences that lead to a point on a map. They tell where a hidden place is as well as its
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

/// `text` with `mask` in place of links to maps, of other links in which `tells` finds an address, and of pairs of
/// degrees. None where there are none.
pub(super) fn mask(text: &str, mask: &str, tells: impl Fn(&str) -> bool) -> Option<String> {
    let mut cuts: Vec<(usize, usize)> = Vec::new();
    for (at, word) in words(text) {
        let small = word.to_ascii_lowercase();
        let is_link = small.contains("://") || small.starts_with("www.");
        let leads_there =
            MAPS.iter().any(|map| small.contains(map)) && (is_link || small.contains('/') || small.starts_with("geo:"));
        let is_three_words = small.starts_with("///") && small.matches('.').count() == 2;
        if leads_there || is_three_words || (is_link && tells(&in_plain(word))) {
            cuts.push((at, at + word.len()));
        }
    }
    cuts.extend(degrees(text));
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

/// Where a latitude stands with a longitude behind it: "51.8787, -0.4200".
fn degrees(text: &str) -> Vec<(usize, usize)> {
    let numbers: Vec<(usize, &str)> = decimals(text).collect();
    let pairs = numbers.windows(2).filter(|pair| {
        let [(at, north), (next, east)] = pair else { return false };
        let between = &text[at + north.len()..*next];
        let is_near = between.len() <= 4 && !between.contains(|c: char| c.is_alphanumeric() || c == '.');
        let lies_in = |number: &str, range: &std::ops::Range<f64>| number.parse().is_ok_and(|degrees| range.contains(&degrees));
        is_near && lies_in(north, &NORTH) && lies_in(east, &EAST)
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
