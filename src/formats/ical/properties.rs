//! The content lines of a calendar: unfolded, and taken apart into name, parameters and value.
//!
//! The parser of the `icalendar` crate was tried first. It goes down one level of the stack for
//! each BEGIN (100,000 of them end the process), and one line that it cannot read refuses the whole
//! file; a calendar of a village hall has such lines. This reader keeps no nesting and loses a line.

use memchr::memchr_iter;

/// A line, unfolded, is no longer than this: pictures inside calendars are, descriptions are not.
pub(super) const LONGEST: usize = 64 << 10;

/// A content line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Property {
    /// Name, in capitals.
    pub(super) name: String,
    /// Parameters: names in capitals, values without quotation marks.
    pub(super) parameters: Vec<(String, String)>,
    /// The value as it was written, escapes and all.
    pub(super) value: String,
    /// Line of the file on which it begins, from 1.
    pub(super) line: u64,
    /// Whether it was longer than [`LONGEST`], and cut.
    pub(super) cut: bool,
}

impl Property {
    /// A parameter's value.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value as text.
    pub(super) fn text(&self) -> String {
        unescape(&self.value)
    }

    /// The value as a list of texts.
    pub(super) fn texts(&self) -> Vec<String> {
        let mut items = vec![String::new()];
        let mut escaped = false;
        for c in self.value.chars() {
            match c {
                ',' if !escaped => items.push(String::new()),
                c => items.last_mut().expect("there is always one").push(c),
            }
            escaped = c == '\\' && !escaped;
        }
        items.iter().map(|item| unescape(item).trim().to_owned()).filter(|item| !item.is_empty()).collect()
    }
}

fn unescape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('n' | 'N') => out.push('\n'),
                Some(other) => out.push(other),
                None => {}
            },
            (c, false) => out.push(c),
        }
    }
    out
}

/// A line that was read, or the number of one that could not be.
pub(super) type Line = Result<Property, u64>;

/// The content lines of `bytes`.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = Line> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut ends = memchr_iter(b'\n', bytes).chain(std::iter::once(bytes.len()));
    let (mut start, mut number) = (0, 0_u64);
    let mut physical = std::iter::from_fn(move || {
        let end = ends.next()?;
        let line = &bytes[start.min(end)..end];
        start = end + 1;
        number += 1;
        Some((number, line.strip_suffix(b"\r").unwrap_or(line)))
    })
    .peekable();
    std::iter::from_fn(move || {
        let (number, first) = physical.find(|(_, line)| !line.iter().all(u8::is_ascii_whitespace))?;
        let mut whole = first[..first.len().min(LONGEST)].to_vec();
        let mut cut = first.len() > LONGEST;
        while let Some((_, more)) = physical.next_if(|(_, line)| line.starts_with(b" ") || line.starts_with(b"\t")) {
            let room = LONGEST - whole.len();
            cut |= more.len() - 1 > room;
            whole.extend_from_slice(&more[1..][..(more.len() - 1).min(room)]);
        }
        Some(property(&crate::formats::sheet::decode(&whole), number, cut).ok_or(number))
    })
}

/// `NAME;PARAMETER=value;OTHER="quoted":value`
fn property(line: &str, number: u64, cut: bool) -> Option<Property> {
    let line = line.trim_start();
    let end = line.find([';', ':'])?;
    let name = &line[..end];
    if name.is_empty()
        || name.len() > 100
        || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
    {
        return None;
    }
    let mut parameters = Vec::new();
    let mut rest = &line[end..];
    while let Some(after) = rest.strip_prefix(';') {
        let length = unquoted(after);
        let (name, value) = after[..length].split_once('=').unwrap_or((&after[..length], ""));
        parameters.push((name.trim().to_ascii_uppercase(), value.replace('"', "").trim().to_owned()));
        rest = &after[length..];
    }
    let value = rest.strip_prefix(':')?.to_owned();
    Some(Property { name: name.to_ascii_uppercase(), parameters, value, line: number, cut })
}

/// How far a parameter goes: to the next `;` or `:` outside quotation marks.
fn unquoted(text: &str) -> usize {
    let mut quoted = false;
    text.find(|c| {
        quoted ^= c == '"';
        !quoted && matches!(c, ';' | ':')
    })
    .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Line> {
        lines(text.as_bytes()).collect()
    }

    #[test]
    fn lines_are_unfolded_and_taken_apart() {
        let found = read(
            "SUMMARY;LANGUAGE=en:Soup\\, bread\r\n  and company\r\n\r\nORGANIZER;CN=\"Hall: the; trust\":mailto:x@example.org\nnonsense\nurl:https://example.org/?a=1;b=2",
        );
        let summary = found[0].clone().unwrap();
        assert_eq!(
            (summary.name.as_str(), summary.text().as_str(), summary.parameter("LANGUAGE")),
            ("SUMMARY", "Soup, bread and company", Some("en"))
        );
        let organizer = found[1].clone().unwrap();
        assert_eq!(
            (organizer.line, organizer.parameter("CN"), organizer.value.as_str()),
            (4, Some("Hall: the; trust"), "mailto:x@example.org")
        );
        assert_eq!(found[2], Err(5));
        assert_eq!(found[3].clone().unwrap().value, "https://example.org/?a=1;b=2");
    }

    #[test]
    fn lists_are_parted_at_commas_that_are_not_escaped() {
        let list = read("CATEGORIES:Food\\, free,Company\\\\,, Families").remove(0).unwrap();
        assert_eq!(list.texts(), ["Food, free", "Company\\", "Families"]);
    }

    #[test]
    fn a_character_that_was_folded_apart_is_whole_again() {
        let mut bytes = b"SUMMARY:caf\xC3\r\n ".to_vec();
        bytes.extend(b"\xA9\r\n");
        assert_eq!(lines(&bytes).next().unwrap().unwrap().value, "café");
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let long = format!("ATTACH:{}\n {}\nSUMMARY:x", "a".repeat(LONGEST), "b".repeat(LONGEST));
        let found = read(&long);
        assert!(found[0].clone().unwrap().cut && found.len() == 2);
    }
}
