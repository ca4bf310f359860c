//! Numbers to tap. People write one number into a field, or two, or a number and a note: "+44 (0)1582 555
//! 123", "01582 555 123 or 07700 900123", "01582 555123 ext 4", "Freephone 0800 …". Every number becomes a
//! link that dials it and nothing else; everything around it stays words, and so does what is no number.

use std::ops::Range;

use maud::{Markup, html};

use super::language::{as_written, rightwards};

/// What everybody can ring, or ask in an emergency, that is shorter than a number.
const SHORT: [&str; 7] = ["999", "112", "111", "101", "105", "119", "159"];
/// Dialled before a number to have what is said typed (Relay UK).
const RELAYED: [&str; 2] = ["18001", "18002"];
/// The one number that has eight digits.
const CHILDLINE: &str = "08001111";

/// A number in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Number {
    /// Where it stands.
    at: Range<usize>,
    /// What a phone dials: digits, and a plus in front of a number of another country or of ours from abroad.
    dials: String,
}

/// Digits that stand together.
#[derive(Clone, Debug)]
struct Group<'a> {
    at: Range<usize>,
    digits: &'a str,
}

/// A text with a link for each number in it; `class` is that of the links.
pub(super) fn to_ring(text: &str, class: Option<&str>) -> Markup {
    let mut parts = Vec::new();
    let mut from = 0;
    for Number { at, dials } in numbers(text) {
        parts.push((&text[from..at.start], None));
        from = at.end;
        parts.push((&text[at], Some(dials)));
    }
    parts.push((&text[from..], None));
    html! {
        @for (text, dials) in parts.into_iter().filter(|(text, _)| !text.is_empty()) {
            @match dials {
                Some(dials) => { a class=[class] href=(format!("tel:{dials}")) dir=[rightwards()] { (text) } },
                None => { (as_written(text)) },
            }
        }
    }
}

/// The numbers of a text, in order.
fn numbers(text: &str) -> Vec<Number> {
    let groups = groups(text);
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = groups.get(at) {
        let Some((taken, dials)) = number_at(text, &groups[at..]) else {
            at += 1;
            continue;
        };
        let before = text[..first.at.start].trim_end_matches(|c: char| dials.starts_with('+') && c == '+');
        let bracket = before.ends_with('(') && text[first.at.end..].starts_with(')');
        at += taken;
        found.push(Number { at: before.len() - usize::from(bracket)..groups[at - 1].at.end, dials });
    }
    found
}

fn groups(text: &str) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for (at, _) in text.char_indices().filter(|(_, c)| c.is_ascii_digit()) {
        match groups.last_mut() {
            Some(last) if last.at.end == at => last.at.end = at + 1,
            _ => groups.push(Group { at: at..at + 1, digits: "" }),
        }
    }
    for group in &mut groups {
        group.digits = &text[group.at.clone()];
    }
    groups
}

/// The number that begins with the first of these groups: how many of them it takes, and what is dialled.
fn number_at(text: &str, groups: &[Group<'_>]) -> Option<(usize, String)> {
    let first = groups.first()?;
    if is_behind_a_number(&text[..first.at.start]) {
        return None;
    }
    if SHORT.contains(&first.digits) {
        return Some((1, first.digits.to_owned()));
    }
    if RELAYED.contains(&first.digits) && follows(text, groups, 1) {
        let (taken, dials) = number_at(text, &groups[1..]).filter(|(_, dials)| dials.starts_with('0'))?;
        return Some((taken + 1, format!("{}{dials}", first.digits)));
    }
    let abroad = first.digits.strip_prefix("00").or_else(|| text[..first.at.start].ends_with('+').then_some(first.digits));
    let (taken, digits) = gathered(text, groups, abroad);
    let fits = match (abroad, digits.strip_prefix("44")) {
        (Some(_), Some(rest)) => (7..=10).contains(&rest.len()),
        (Some(_), None) => (8..=15).contains(&digits.len()) && !digits.starts_with('0'),
        (None, _) if digits.starts_with("08") => digits == CHILDLINE || (10..=11).contains(&digits.len()),
        (None, _) if digits.starts_with('0') => (10..=11).contains(&digits.len()),
        // The Samaritans and others like them.
        (None, _) if digits.starts_with("116") => digits.len() == 6,
        // A spreadsheet takes the nought from the front of a number.
        (None, _) => digits.len() == 10 && digits.starts_with(['1', '2', '3', '7', '8']),
    };
    let dials = match abroad {
        Some(_) => format!("+{digits}"),
        None if digits.len() == 10 && !digits.starts_with('0') => format!("0{digits}"),
        None => digits,
    };
    fits.then_some((taken, dials))
}

/// As many of the groups as one number can have, and their digits. `abroad` are those of the first group behind
/// the plus of a number that is written for callers from other countries.
fn gathered(text: &str, groups: &[Group<'_>], abroad: Option<&str>) -> (usize, String) {
    let mut digits = String::new();
    for (at, group) in groups.iter().enumerate() {
        let own = if at == 0 { abroad.unwrap_or(group.digits) } else { group.digits };
        let is_bracketed = text[..group.at.start].ends_with('(') && text[group.at.end..].starts_with(')');
        // "+44 (0)1582": the nought is for callers from here.
        let is_for_here = abroad.is_some() && is_bracketed && own == "0";
        let longest = match abroad {
            None => 11,
            Some(_) if digits.starts_with("44") => 12 + usize::from(digits == "44" && own.starts_with('0')),
            Some(_) => 15,
        };
        let belongs = || {
            let is_a_note = own.len() == 1 && digits.len() >= 10;
            let is_whole = digits == CHILDLINE || digits == "116123";
            let is_next = own.starts_with('0') && digits.len() >= 10;
            follows(text, groups, at) && digits.len() + own.len() <= longest && !is_a_note && !is_whole && !is_next
        };
        if at > 0 && !is_for_here && !belongs() {
            return (at, digits);
        }
        if !is_for_here {
            digits.push_str(own);
        }
        if abroad.is_some() && digits.starts_with("440") {
            digits.remove(2);
        }
    }
    (groups.len(), digits)
}

/// Whether a group goes on with the number before it: nothing but what people put between the parts of one
/// stands there, and it is no hour ("9am") or the like.
fn follows(text: &str, groups: &[Group<'_>], at: usize) -> bool {
    let (Some(before), Some(group)) = (at.checked_sub(1).and_then(|at| groups.get(at)), groups.get(at)) else { return false };
    let between = &text[before.at.end..group.at.start];
    let parts = |c: char| c.is_whitespace() || matches!(c, '-' | '\u{2010}' | '\u{2011}' | '–' | '.' | '(' | ')');
    let behind = text[group.at.end..].chars().next();
    between.chars().count() <= 3
        && between.chars().all(parts)
        && !between.contains('\n')
        && !behind.is_some_and(|c| c.is_alphabetic() || c == ':')
}

/// Whether what stands before says that this is what to dial or press when somebody has answered.
fn is_behind_a_number(before: &str) -> bool {
    let before = before.trim_end_matches(|c: char| !c.is_alphanumeric());
    let word = before.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default().to_lowercase();
    matches!(word.as_str(), "ext" | "extn" | "extension" | "x" | "option" | "press")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn dialled(text: &str) -> Vec<String> {
        numbers(text).into_iter().map(|number| number.dials).collect()
    }

    #[test]
    fn a_number_is_dialled_as_it_is_dialled_from_here_or_from_anywhere() {
        for (written, dials) in [
            ("01632 960123", "01632960123"),
            ("+44 (0)1582 555 123", "+441582555123"),
            ("+44(0)1632 960-123", "+441632960123"),
            ("+44 01582 555123", "+441582555123"),
            ("+4401582555123", "+441582555123"),
            ("+44 1582 555123", "+441582555123"),
            ("0044 1582 555123", "+441582555123"),
            ("00 44 (0) 1582 555123", "+441582555123"),
            ("+353 (0)85 123 4567", "+353851234567"),
            ("(01582) 555123", "01582555123"),
            ("01582-555-123", "01582555123"),
            ("01582 – 555123", "01582555123"),
            ("0800\u{a0}111\u{a0}999", "0800111999"),
            ("0345 772 6 772", "03457726772"),
            ("0800 1111", "08001111"),
            ("116 123", "116123"),
            ("999", "999"),
            ("18001 0808 2000 247", "1800108082000247"),
            ("7700 900123", "07700900123"),
        ] {
            assert_eq!(dialled(written), [dials], "{written}");
            assert_eq!(numbers(written)[0].at, 0..written.len(), "{written}");
        }
    }

    #[test]
    fn each_number_of_a_text_is_one_and_none_is_run_together() {
        for (written, dials) in [
            ("01582 555 123 or 01582 555124", vec!["01582555123", "01582555124"]),
            ("01582 555123 / 07700 900123", vec!["01582555123", "07700900123"]),
            ("01582 555123/07700 900123", vec!["01582555123", "07700900123"]),
            ("01582 555123, 07700 900123; +44 7700 900124", vec!["01582555123", "07700900123", "+447700900124"]),
            ("01582 555123 07700 900123", vec!["01582555123", "07700900123"]),
            ("01582 555123 - 07700 900123", vec!["01582555123", "07700900123"]),
            ("0800 123 456 0800 123 457", vec!["0800123456", "0800123457"]),
            ("+44 1582 555123 07700 900123", vec!["+441582555123", "07700900123"]),
            ("999 or 112", vec!["999", "112"]),
        ] {
            assert_eq!(dialled(written), dials, "{written}");
        }
    }

    #[test]
    fn what_stands_beside_a_number_is_not_dialled() {
        for (written, dials) in [
            ("01582 555123 ext 4", "01582555123"),
            ("01582 555123 ext. 40211", "01582555123"),
            ("01582 555123 x204", "01582555123"),
            ("01582 555 123, option 2", "01582555123"),
            ("Freephone 0800 123 4567 (24 hours)", "08001234567"),
            ("0800 123 456 24 hours", "0800123456"),
            ("0800 123 456 9am to 5pm", "0800123456"),
            ("0800 123 456, 9 to 5", "0800123456"),
            ("0800 1111 24 hours", "08001111"),
            ("116 123, 24/7", "116123"),
            ("01582 555123 (Tue 10-12)", "01582555123"),
            ("Ask for Sam on 01582 555123, room 12", "01582555123"),
        ] {
            assert_eq!(dialled(written), [dials], "{written}");
        }
    }

    #[test]
    fn what_is_no_number_is_no_link() {
        for written in [
            "",
            "ring first",
            "9 to 5",
            "10-4",
            "9.30-16.00",
            "0800",
            "24/7",
            "ext 999",
            "555123",
            "01582555123456",
            "since 2019",
            "×",
        ] {
            assert_eq!(dialled(written), [""; 0], "{written}");
        }
    }

    #[test]
    fn words_stay_around_the_links() {
        assert_eq!(
            to_ring("Day: 01582 555 123 or +44 (0)7700 900123 <mobile>", Some("tel")).into_string(),
            "Day: <a class=\"tel\" href=\"tel:01582555123\">01582 555 123</a> or \
             <a class=\"tel\" href=\"tel:+447700900123\">+44 (0)7700 900123</a> &lt;mobile&gt;"
        );
        assert_eq!(to_ring("ring the desk", None).into_string(), "ring the desk");
        assert_eq!(to_ring("(01582) 555123", None).into_string(), "<a href=\"tel:01582555123\">(01582) 555123</a>");
    }

    proptest! {
        #[test]
        fn whatever_is_written_can_be_read_again(text in "[0-9 +()/x.é-]{0,40}") {
            let shown: String = numbers(&text).iter().map(|number| text[number.at.clone()].to_owned()).collect();
            prop_assert!(shown.len() <= text.len());
            for number in numbers(&text) {
                prop_assert!((3..=17).contains(&number.dials.len()), "{:?}", number);
            }
        }
    }
}
