//! What a text newly says that somebody should look at first: a web address, or that the people there were
//! checked or approved by somebody.

use serde_json::Value;

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

fn addresses(value: &Value) -> Vec<String> {
    let split = |c: char| c.is_whitespace() || "\"'<>()[],;".contains(c);
    let words = texts(value).into_iter().flat_map(|text| text.split(split));
    // Browsers take these for full stops, too.
    let plain = words.map(|word| word.to_lowercase().replace(['\u{3002}', '\u{ff0e}', '\u{ff61}'], "."));
    plain.filter(|word| is_address(word)).map(|word| word.trim_end_matches(['.', ':', '!', '?']).to_owned()).collect()
}

/// `https://example.org`, `www.example.org`, and `example.org/x` as well, which most phones make a link of.
fn is_address(word: &str) -> bool {
    if word.contains("://") || word.contains("www.") {
        return true;
    }
    let host = word.split(['/', '?', '#', ':', '!']).next().unwrap_or_default().trim_end_matches('.');
    let Some((name, last)) = host.rsplit_once('.') else { return false };
    let is_name = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    // An email address is a way to reach the group, like its phone number.
    !host.contains('@') && name.split('.').all(is_name) && last.chars().count() >= 2 && last.chars().all(char::is_alphabetic)
}

/// The sentences that make a claim, whole: "not yet inspected by" and "inspected by" are two things.
fn claims(value: &Value) -> Vec<String> {
    let sentences = texts(value).into_iter().flat_map(|text| text.split(['.', '!', '?', '\n', ';']));
    let folded = sentences.map(|sentence| format!(" {}", fold(sentence)));
    folded.filter(|sentence| CLAIMS.iter().any(|claim| sentence.contains(claim))).collect()
}

#[cfg(test)]
mod tests {
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
        ] {
            assert!(gains_an_address(&change("Food.", text)), "{text}");
        }
        for text in ["Food, e.g. bread. At 10.30am, £2.50 a bag.", "Write to hello@pantry.example.", "Fridays 6 p.m.", "Tea..."]
        {
            assert!(!gains_an_address(&change("Food.", text)), "{text}");
        }
        assert!(!gains_an_address(&change("See pantry.example.", "Tea, too: see pantry.example")));
        assert!(gains_an_address(&change("See https://pantry.example", "See https://loans.example")), "one for another");
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
}
