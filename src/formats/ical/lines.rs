//! Content lines as RFC 5545 wants them: text escaped, long lines folded, CRLF at each end.

use std::fmt::Write as _;

/// Octets of a line at most, its end not counted (RFC 5545, 3.1).
const LONGEST: usize = 75;

/// Append the line `name:value`, folded. `value` is as it stands in the file: escape text first.
pub fn put(out: &mut String, name: &str, value: &str) {
    let mut room = LONGEST;
    for c in name.chars().chain([':']).chain(value.chars()) {
        // Whatever else would end the line, and begin one that somebody else has written.
        if c.is_control() && c != '\t' {
            continue;
        }
        if c.len_utf8() > room {
            out.push_str("\r\n ");
            room = LONGEST - 1;
        }
        out.push(c);
        room -= c.len_utf8();
    }
    out.push_str("\r\n");
}

/// `text` as a TEXT value.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            other => out.push(other),
        }
    }
    out
}

/// A moment on the wall clock, as calendars write it: 20261024T100000.
pub fn local(at: chrono::NaiveDateTime) -> String {
    let mut out = String::with_capacity(15);
    // Years beyond 9999 have no form; they do not come out of parsed dates either.
    let _ = write!(out, "{}", at.format("%Y%m%dT%H%M%S"));
    out
}

/// A moment in UTC, as calendars write it.
pub fn utc(at: chrono::DateTime<chrono::Utc>) -> String {
    format!("{}Z", local(at.naive_utc()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(value: &str) -> String {
        let mut out = String::new();
        put(&mut out, "SUMMARY", value);
        out
    }

    fn unfolded(text: &str) -> String {
        text.replace("\r\n ", "").replace("\r\n", "")
    }

    #[test]
    fn long_lines_are_folded_between_characters() {
        let folded = line(&"Tea 🫖 and cake 🍰 ".repeat(12));
        assert!(folded.split("\r\n").all(|line| line.len() <= 75), "{folded}");
        assert_eq!(unfolded(&folded), format!("SUMMARY:{}", "Tea 🫖 and cake 🍰 ".repeat(12)));
        assert_eq!(line(&"x".repeat(67)), format!("SUMMARY:{}\r\n", "x".repeat(67)), "75 octets are not folded");
        assert_eq!(line(&"x".repeat(68)), format!("SUMMARY:{}\r\n x\r\n", "x".repeat(67)));
    }

    #[test]
    fn text_cannot_begin_another_property() {
        assert_eq!(escaped("a;b,c\\d\ne"), "a\\;b\\,c\\\\d\\ne");
        assert_eq!(line("https://e.org\r\nATTACH:x"), "SUMMARY:https://e.orgATTACH:x\r\n");
    }

    proptest! {
        #[test]
        fn every_line_is_short_and_nothing_is_lost(text in "\\PC{0,300}") {
            let folded = line(&escaped(&text));
            prop_assert!(folded.ends_with("\r\n"));
            prop_assert!(folded.split("\r\n").all(|line| line.len() <= 75));
            prop_assert_eq!(unfolded(&folded), format!("SUMMARY:{}", escaped(&text)));
        }
    }
}
