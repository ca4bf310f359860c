//! Numbers of JSON text that no value read of it holds exactly. JSON has numbers of any length; what is read of them
//! has 64 bits, whole or as a double, and so has canonical JSON (RFC 8785), over which records are signed.
//!
//! `serde_json` could keep every digit (`arbitrary_precision`), but hands such numbers out as objects, which neither
//! members that are collected (`flatten`) nor canonical JSON take for numbers. So they are found, and whoever reads
//! says so, or takes the digits as text.

mod keep;

use std::fmt::Write as _;

pub use keep::{Told, as_text, below, by_item, keep, lost};

/// A number that is read as another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rounded {
    /// Where it stands.
    pub path: Vec<Step>,
    /// Its digits, as they stand there.
    pub written: String,
}

/// One step on the way to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Into this member of an object.
    Member(String),
    /// To this item of a list, from 0.
    Item(usize),
}

/// The way as people write it: `local.visits[2]`.
pub fn path_of(steps: &[Step]) -> String {
    steps.iter().fold(String::new(), |mut path, step| {
        match step {
            Step::Member(name) if path.is_empty() => path.push_str(name),
            // Writing into a string cannot fail.
            Step::Member(name) => _ = write!(path, ".{name}"),
            Step::Item(at) => _ = write!(path, "[{at}]"),
        }
        path
    })
}

/// What is noted of all numbers of one text may take so many bytes: some fifty thousand of them, each with the way to
/// it. The way repeats the names of all members around, so a text could else ask for many times its own length.
const MOST_NOTED: usize = 16 << 20;
/// What a number or a step takes beside its text, in bytes.
const OVERHEAD: usize = 64;

/// Why a text is refused: too much of it would have to be noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("has too many numbers with more digits than a number can keep; send them as text, in quotation marks")]
pub struct TooMany {
    /// Where the first number stands that is one too many, in bytes from 0.
    pub at: usize,
}

/// The numbers of `json`, which can be read as JSON, that are read as other ones.
/// # Errors
/// [`TooMany`] of them, or with names around them that are too long.
///
/// ```
/// use fingerpost::formats::digits::{path_of, rounded};
/// let found = rounded(r#"{"id": 7, "ids": [1, 18446744073709551616]}"#).unwrap();
/// assert_eq!(found.iter().map(|one| path_of(&one.path)).collect::<Vec<_>>(), ["ids[1]"]);
/// ```
pub fn rounded(json: &str) -> Result<Vec<Rounded>, TooMany> {
    let bytes = json.as_bytes();
    let mut found = Vec::new();
    let mut left = MOST_NOTED;
    // Names are read only where they are wanted; until then it is known where they stand.
    let mut way: Vec<Way> = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let end = match byte {
            b'"' => end_of_text(bytes, at),
            b'-' | b'0'..=b'9' => at + bytes[at..].iter().take_while(|byte| is_of_number(**byte)).count(),
            _ => at + 1,
        };
        match byte {
            b'{' => way.push(Way::Member(0, 0)),
            b'[' => way.push(Way::Item(0)),
            b'}' | b']' => _ = way.pop(),
            b',' => {
                if let Some(Way::Item(number)) = way.last_mut() {
                    *number += 1;
                }
            }
            b'"' if is_name(bytes, end) => {
                if let Some(last) = way.last_mut() {
                    *last = Way::Member(at, end);
                }
            }
            b'-' | b'0'..=b'9' if !is_exact(&json[at..end]) => {
                let takes = way.iter().map(|step| step.length()).sum::<usize>() + end - at + OVERHEAD;
                left = left.checked_sub(takes).ok_or(TooMany { at })?;
                let path = way.iter().map(|step| step.read(json)).collect();
                found.push(Rounded { path, written: json[at..end].to_owned() });
            }
            _ => {}
        }
        at = end;
    }
    Ok(found)
}

/// A step, and where its name stands.
#[derive(Clone, Copy)]
enum Way {
    Member(usize, usize),
    Item(usize),
}

impl Way {
    /// How many bytes it takes at most to say it.
    fn length(self) -> usize {
        match self {
            Self::Member(from, to) => to - from + OVERHEAD,
            Self::Item(_) => OVERHEAD,
        }
    }

    fn read(self, json: &str) -> Step {
        match self {
            Self::Member(from, to) => Step::Member(serde_json::from_str(&json[from..to]).unwrap_or_default()),
            Self::Item(number) => Step::Item(number),
        }
    }
}

fn is_of_number(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')
}

/// Behind the text that begins here.
fn end_of_text(bytes: &[u8], from: usize) -> usize {
    let mut at = from + 1;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += found + 1;
        if bytes[at - 1] == b'"' {
            return at;
        }
        // Whatever is escaped ends nothing.
        at += 1;
    }
    bytes.len()
}

/// Whether the text that ends here names a member.
fn is_name(bytes: &[u8], end: usize) -> bool {
    bytes[end..].iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
}

/// The largest whole number up to which every program reads the same one: 2^53, as in the protocol between directories.
const LARGEST_WHOLE: u64 = 1 << 53;

/// Whether it is a whole number of 64 bits.
fn is_whole(written: &str) -> bool {
    written.parse::<i64>().is_ok() || written.parse::<u64>().is_ok()
}

/// Whether the number is the same when it is read and written again.
fn is_exact(written: &str) -> bool {
    // So many digits fit whatever they are, and most numbers have fewer.
    if written.len() <= 15 {
        return true;
    }
    if is_whole(written) {
        // Beyond this programs read different numbers, so records that hold them cannot be followed.
        return written.parse::<i64>().is_ok_and(|number| number.unsigned_abs() <= LARGEST_WHOLE);
    }
    // Of two texts that are as short and as close, one writer takes the one, another the other.
    let again = |read: f64| [format!("{read:e}"), ryu_js::Buffer::new().format(read).to_owned()];
    written.parse::<f64>().is_ok_and(|read| again(read).iter().any(|again| digits(again) == digits(written)))
}

/// The digits of a number without zeros around them, and the power of ten that the last one counts.
fn digits(number: &str) -> (String, i64) {
    let (plain, power) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, part) = plain.trim_start_matches('-').split_once('.').unwrap_or((plain.trim_start_matches('-'), ""));
    let all = format!("{whole}{part}");
    let kept = all.trim_end_matches('0');
    let zeros = i64::try_from(all.len() - kept.len()).unwrap_or(i64::MAX);
    let behind = i64::try_from(part.len()).unwrap_or(i64::MAX);
    match kept.trim_start_matches('0') {
        "" => (String::new(), 0),
        digits => (digits.to_owned(), power.parse::<i64>().unwrap_or(i64::MAX).saturating_add(zeros).saturating_sub(behind)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said(json: &str) -> Vec<String> {
        rounded(json).unwrap().iter().map(|one| format!("{} {}", path_of(&one.path), one.written)).collect()
    }

    #[test]
    fn numbers_that_do_not_fit_are_found_where_they_stand() {
        let long = "12345678901234567890123";
        let json = format!(
            r#"{{"a": {long}, "b\"c": [0, {{"d": -0.12345678901234567890}}], "text": "{long}", "big": 18446744073709551615, "e": 1e300}}"#
        );
        let big = "big 18446744073709551615".to_owned();
        assert_eq!(said(&json), [format!("a {long}"), "b\"c[1].d -0.12345678901234567890".to_owned(), big]);
        assert_eq!(said("[9007199254740992, 9007199254740993]"), ["[1] 9007199254740993"]);
        assert_eq!(said(long), [format!(" {long}")]);
        assert_eq!(
            said("[98401953968808.12, 51.8787123456789, 0.1000000000000000000, 100000000000000000000000, -9007199254740992]"),
            [""; 0]
        );
    }

    #[test]
    fn what_is_noted_of_numbers_does_not_outgrow_the_text() {
        const LONG: &str = "12345678901234567890";
        let many = |name: usize, numbers: usize| {
            let list = vec![LONG; numbers].join(",");
            format!(r#"{{"{}": [{list}]}}"#, "x".repeat(name))
        };
        // Two coordinates of each of ten thousand places are no harm.
        assert_eq!(rounded(&many(20, 20_000)).map(|found| found.len()), Ok(20_000));
        // A million numbers are, and so are a thousand in a member whose name has a megabyte, which each would repeat.
        let one_too_many = |json: &str| rounded(json).unwrap_err().at;
        let (numbers, name) = (many(20, 1_000_000), many(1 << 20, 1_000));
        assert!(one_too_many(&numbers) < numbers.len() / 2);
        assert!(one_too_many(&name) < (1 << 20) + 16 * (LONG.len() + 1) + 8);
        // Nor is one number of a megabyte copied for ever.
        assert!(rounded(&format!("[{}]", vec!["1".repeat(1 << 20); 17].join(","))).is_err());
    }

    proptest! {
        #[test]
        fn what_is_read_and_written_again_is_exact(number in any::<f64>().prop_filter("finite", |number| number.is_finite()), whole in -(1_i64 << 53)..=1 << 53) {
            prop_assert_eq!(said(&serde_json::json!([number, whole]).to_string()), [""; 0]);
        }
        #[test]
        fn nothing_makes_it_panic(json in r#"[{}\[\]":,\\0-9eE.+-]{0,40}"#) {
            let _ = rounded(&json);
        }
    }
}
