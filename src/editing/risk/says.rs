//! What a text newly says that somebody should look at first: a web address, or that the people there were
//! checked or approved by somebody.

use serde_json::Value;
use unicode_normalization::UnicodeNormalization as _;

use crate::model::{changes::Change, text::fold};

/// Words by which listings say that somebody vouches for them. One that begins with a space begins a word.
const CLAIMS: &[&str] = &[
    " dbs",
    " crb",
    " disclosure and barring",
    " police check",
    " background check",
    " vetted",
    " safeguard",
    " ofsted",
    " cqc",
    " care quality commission",
    " fca",
    " financial conduct authority",
    " regulated by",
    " registered with",
    " registered by",
    " licensed by",
    " inspected by",
    " approved",
    " endorse",
    " recommended by",
    " accredit",
    " certified",
    " rated outstanding",
    " rated good",
    " fully insured",
    " public liability",
];

/// Whether a text names a web address that it did not name before: it leads people somewhere new.
pub(super) fn gains_an_address(change: &Change) -> bool {
    let known = addresses(&change.before);
    addresses(&change.after).iter().any(|address| !known.contains(address))
}

/// Whether a text says in new words that somebody vouches for what is listed.
pub(super) fn gains_a_claim(change: &Change) -> bool {
    let known = claims(&change.before);
    claims(&change.after).iter().any(|claim| !known.contains(claim))
}

/// All texts within a value.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// The web addresses within a value: whatever a phone or a browser would make a link of, as it goes on until the
/// next space.
fn addresses(value: &Value) -> Vec<String> {
    // What cannot be seen joins two words for one reader and parts them for another.
    let ways = |text: &str| [text.to_lowercase(), seen(text.chars()), plain(text)];
    let read: Vec<String> = texts(value).into_iter().flat_map(ways).collect();
    read.iter().flat_map(|text| text.split_whitespace()).flat_map(addresses_in).collect()
}

/// What somebody sees of a text, in small letters: nothing that has no width.
fn seen(text: impl Iterator<Item = char>) -> String {
    let has_width = |c: &char| {
        !matches!(c, '\u{ad}' | '\u{34f}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e01ef}')
    };
    text.filter(has_width).map(|c| if c == '\u{3002}' { '.' } else { c }).flat_map(char::to_lowercase).collect()
}

/// The same with letters and full stops of one width, as browsers read the names of hosts.
fn plain(text: &str) -> String {
    seen(text.nfkc())
}

/// `https://example.org`, `www.example.org`, and each `example.org/x` that begins within a word, whatever stands
/// before it: most phones make a link of that, too.
fn addresses_in(word: &str) -> Vec<String> {
    let whole = word.contains("://") || word.contains("www.");
    let dots = word.match_indices('.').map(|(at, _)| at).filter(|at| ends_a_host(word, *at));
    let starts = dots.map(|at| start_of_host(word, at)).chain(whole.then_some(0));
    starts.map(|start| word[start..].trim_matches(|c: char| !c.is_alphanumeric()).to_owned()).collect()
}

/// Whether a name of a host ends behind this full stop, such as `.org`, and is not that of an email address, which
/// is a way to reach the group, like its phone number.
fn ends_a_host(word: &str, dot: usize) -> bool {
    let after = &word[dot + 1..];
    let last: String = after.chars().take_while(|c| c.is_alphabetic()).collect();
    let ends = after[last.len()..].chars().next().is_none_or(|next| !next.is_alphanumeric());
    let named = word[..dot].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '-');
    named && ends && last.chars().count() >= 2 && !is_behind_an_at(word, dot) && !is_before_an_at(word, dot)
}

fn is_of_a_host(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '-')
}

fn start_of_host(word: &str, dot: usize) -> usize {
    word[..dot].trim_end_matches(is_of_a_host).len()
}

/// The host in `jo@pantry.example`.
fn is_behind_an_at(word: &str, dot: usize) -> bool {
    let name = word[..start_of_host(word, dot)].strip_suffix('@');
    name.is_some_and(|name| name.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '+' | '-')))
}

/// The name in `jo.smith@pantry.example`.
fn is_before_an_at(word: &str, dot: usize) -> bool {
    let rest = word[dot..].trim_start_matches(|c: char| is_of_a_host(c) || matches!(c, '_' | '+'));
    let Some(host) = rest.strip_prefix('@') else { return false };
    host.split(|c: char| !is_of_a_host(c)).next().is_some_and(|host| host.trim_end_matches('.').contains('.'))
}

/// The sentences that make a claim, whole: "not yet inspected by" and "inspected by" are two things.
fn claims(value: &Value) -> Vec<String> {
    let sentences = texts(value).into_iter().flat_map(|text| text.split(['.', '!', '?', '\n', ';']));
    let folded = sentences.map(|sentence| format!(" {}", fold(&plain(sentence))));
    folded.filter(|sentence| CLAIMS.iter().any(|claim| sentence.contains(claim))).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn change(before: &str, after: &str) -> Change {
        Change { field: "description".to_owned(), before: json!(before), after: json!(after) }
    }

    #[test]
    fn an_address_counts_however_it_is_written() {
        for text in [
            "See https://loans.example",
            "See WWW.loans.example",
            "Visit quickloans-now.co.uk for cash today",
            "Visit quick-loans.example.com.",
            "bit.ly/x",
            "(loans.example)",
            "loans\u{3002}example",
            "займы.рф",
            "“quick-loans.example”",
            "quick-loans.example—today",
            "quick-loans.example--today",
            "/quick-loans.example",
            "Web:quick-loans.example",
            "quick-loans.example*",
            "@quick-loans.example",
            "quick-loans.example@x",
            "quick_loans.example_",
            "quick\u{ad}loans\u{200b}.example",
            "ｑｕｉｃｋ-loans．ｅｘａｍｐｌｅ",
            "hello@pantry.example—loans.example",
        ] {
            assert!(gains_an_address(&change("Food.", text)), "{text}");
        }
        for text in [
            "Food, e.g. bread. At 10.30am, £2.50 a bag.",
            "Write to hello@pantry.example.",
            "(jo.smith+food@pantry.example.org)",
            "Tea…coffee",
            "Fridays 6 p.m.",
            "Tea...",
        ] {
            assert!(!gains_an_address(&change("Food.", text)), "{text}");
        }
        assert!(!gains_an_address(&change("See pantry.example.", "Tea, too: see pantry.example")));
        assert!(gains_an_address(&change("See https://pantry.example", "See https://loans.example")), "one for another");
        assert!(gains_an_address(&change("See bit.ly/x", "See bit.ly/y")), "another page");
        assert!(gains_an_address(&change("See bit.ly/x", "See bit.ly/x,y")), "however it goes on");
    }

    #[test]
    fn a_claim_that_somebody_vouches_for_a_listing_counts_and_one_that_stands_does_not() {
        for text in [
            "All our staff are DBS checked",
            "Ofsted-registered, rated Outstanding",
            "CQC rated",
            "Approved by the council.",
            "We have a Safeguarding policy",
            "Fully  insured",
        ] {
            assert!(gains_a_claim(&change("Food.", text)), "{text}");
        }
        assert!(!gains_a_claim(&change("Food.", "Food for all. Bring a bag, no registration needed.")));
        assert!(!gains_a_claim(&change("Food. Our staff are DBS checked.", "Our staff are DBS checked. Tea, too.")));
        assert!(gains_a_claim(&change("Our staff are not DBS checked.", "Our staff are DBS checked.")));
    }

    proptest! {
        /// Whatever stands around it, an address is seen: unless that makes a mailbox of it, or another word.
        #[test]
        fn no_sign_before_or_behind_hides_an_address(
            before in "[^\\p{Alphabetic}\\p{N}\\p{M}@＠﹫]{0,4}",
            after in "([^\\p{Alphabetic}\\p{N}\\p{M}@＠﹫][^@＠﹫]{0,4})?",
            host in "[a-z]{1,6}(-[a-z]{1,3})?(\\.[a-z]{2,4}){1,2}",
        ) {
            // Letters that are younger than the tables of the generator.
            prop_assume!(!before.contains(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric));
            let text = format!("Food. {before}{host}{after}");
            prop_assert!(gains_an_address(&change("Food.", &text)), "{text:?}");
        }

        #[test]
        fn a_mailbox_is_no_address(name in "[a-z]{1,5}([._+-][a-z]{1,5})?", host in "[a-z]{1,6}(\\.[a-z]{2,4}){1,2}") {
            prop_assume!(name != "www" && !name.starts_with("www.") && !host.starts_with("www."));
            let text = format!("Write to {name}@{host}, or ring.");
            prop_assert!(!gains_an_address(&change("Food.", &text)), "{text:?}");
        }

        #[test]
        fn no_text_makes_it_stumble(text in "\\PC{0,40}") {
            let _ = gains_an_address(&change("", &text));
            let _ = gains_a_claim(&change("", &text));
        }
    }
}
