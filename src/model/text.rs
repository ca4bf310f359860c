//! Text from strangers: what is taken out of it, and how two texts are compared.

use unicode_normalization::UnicodeNormalization;

/// Control characters, bidirectional overrides and zero-width characters: invisible in a list
/// and able to make one text look like another.
fn is_invisible(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
}

/// `text` without invisible characters and without white space at its ends; line ends become `\n`.
/// Right-to-left scripts and emoji stay as they are.
pub fn clean(text: &str) -> String {
    let plain = text.bytes().all(|b| (0x20..0x7f).contains(&b));
    if plain {
        return text.trim().to_owned();
    }
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    // A zero-width joiner holds emoji together, so it stays between two characters that are not ASCII.
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let joins = c == '\u{200D}' && out.chars().next_back().is_some_and(|before| !before.is_ascii());
        if joins || !is_invisible(c) {
            out.push(c);
        }
    }
    out.trim().to_owned()
}

/// `text` as one clean line of at most `most` characters: what strangers call themselves is shown beside our own words.
pub fn line(text: &str, most: usize) -> String {
    shorten(&clean(text).split_whitespace().collect::<Vec<_>>().join(" "), most)
}

/// `text` folded for comparison: no accents, no case, no apostrophes, runs of anything that is
/// not a letter or digit as one space. Done here because the two databases fold differently.
///
/// ```
/// assert_eq!(fingerpost::model::text::fold("  Café—Society’s  "), "cafe societys");
/// ```
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    if text.is_ascii() {
        // Nearly all texts are, and there is nothing to take apart in them.
        text.chars().for_each(|c| fold_into(c, &mut out));
    } else {
        text.nfkd().for_each(|c| fold_into(c, &mut out));
    }
    out.truncate(out.trim_end().len());
    out
}

fn fold_into(c: char, out: &mut String) {
    if c.is_ascii_alphanumeric() {
        out.push(c.to_ascii_lowercase());
    } else if c.is_alphanumeric() {
        out.extend(c.to_lowercase());
    } else if !unicode_normalization::char::is_combining_mark(c)
        && !matches!(c, '\'' | '’' | '‘' | '`')
        && !out.is_empty()
        && !out.ends_with(' ')
    {
        out.push(' ');
    }
}

/// The first `most` characters of `text`, with an ellipsis where something was cut.
pub fn shorten(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn invisible_characters_go_and_scripts_stay() {
        assert_eq!(clean(" a\u{202E}b\u{200B}c\u{0007} "), "abc");
        assert_eq!(clean("خدمات لوٹن"), "خدمات لوٹن");
        assert_eq!(clean("👩\u{200D}👧"), "👩\u{200D}👧");
        assert_eq!(clean("one\r\ntwo"), "one\ntwo");
        assert_eq!(line(" A\n  what to do\t\u{1b}[31m\u{0}B ", 20), "A what to do [31mB");
        assert_eq!(line("abcdef", 3), "abc…");
    }

    proptest! {
        #[test]
        fn cleaning_twice_changes_nothing(text in ".*") {
            prop_assert_eq!(clean(&clean(&text)), clean(&text));
        }
        #[test]
        fn folding_twice_changes_nothing(text in ".*") {
            prop_assert_eq!(fold(&fold(&text)), fold(&text));
        }
    }
}
