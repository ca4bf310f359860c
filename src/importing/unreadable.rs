//! Files that hold no text which can be read here: what each is by its first bytes, and what to do about it.

/// So many bytes of a file are looked at.
const LOOKED_AT: usize = 4_096;

const UTF_16: &str = "the file is in UTF-16 (Excel calls it “Unicode Text”): save it as UTF-8 (in Excel, “CSV UTF-8”)";
const UTF_32: &str = "the file is in UTF-32, which few programs read: save it as UTF-8";
const COMPRESSED: &str = "the file is compressed: unpack it first, then import what is in it";
const OLD_OFFICE: &str =
    "the file is an Excel or Word file of the old kind (.xls, .doc): open it, and save the sheet as “CSV UTF-8”";
const PDF: &str = "the file is a PDF, made for reading and printing: ask for the spreadsheet or the feed that it was made from";
const WEB_PAGE: &str =
    "the file is a web page, not data: perhaps its address needs a sign-in, or only tells about the feed; ask for the feed’s own";
const XML: &str = "the file is XML, which is not read here: ask for JSON, CSV tables or a calendar (.ics)";
const NO_TEXT: &str = "the file holds no text (it may be a picture, a program, or damaged): send NDJSON, CSV, a zip of tables, or a calendar (.ics)";

/// Marks at the beginning of files that are something else.
const MARKS: [(&[u8], &str); 8] = [
    (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", OLD_OFFICE),
    (b"%PDF-", PDF),
    (b"\x1F\x8B", COMPRESSED),
    (b"BZh", COMPRESSED),
    (b"\xFD7zXZ\x00", COMPRESSED),
    (b"7z\xBC\xAF\x27\x1C", COMPRESSED),
    (b"Rar!\x1A\x07", COMPRESSED),
    (b"\x28\xB5\x2F\xFD", COMPRESSED),
];

/// What a file is that begins so, and what to do, where it is none that can be read.
pub(super) fn said_of(start: &[u8]) -> Option<&'static str> {
    let start = &start[..start.len().min(LOOKED_AT)];
    let by_mark = || MARKS.into_iter().find(|(mark, _)| start.starts_with(mark)).map(|(_, said)| said);
    if crate::formats::archive::is_zip(start) {
        return None;
    }
    encoding(start).or_else(by_mark).or_else(|| markup(start)).or_else(|| is_no_text(start).then_some(NO_TEXT))
}

/// By its mark, or by the part of the characters that is nothing.
fn encoding(start: &[u8]) -> Option<&'static str> {
    match start {
        [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] | [0, 0, 0, 1..=255, ..] | [1..=255, 0, 0, 0, ..] => Some(UTF_32),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [0, 1..=255, 0, 1..=255, ..] | [1..=255, 0, 1..=255, 0, ..] => Some(UTF_16),
        _ => None,
    }
}

fn markup(start: &[u8]) -> Option<&'static str> {
    let start = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start).trim_ascii_start();
    let begins = |mark: &[u8]| start.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark));
    if begins(b"<!doctype html") || begins(b"<html") {
        return Some(WEB_PAGE);
    }
    begins(b"<?xml").then_some(XML)
}

/// Text has hardly any control characters but line ends and tabs; a stray one is told with its row.
fn is_no_text(start: &[u8]) -> bool {
    let controls = start.iter().filter(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace()).count();
    controls > 3 && controls * 20 > start.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_no_text_are_called_what_they_are() {
        let little_endian: Vec<u8> = "organisation".chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
        let noise: Vec<u8> = (0..600_u32).map(|at| u8::try_from(at.wrapping_mul(2_654_435_761) >> 24).unwrap()).collect();
        for (start, said) in [
            (&b"\xFF\xFE\0\0o\0\0\0"[..], UTF_32),
            (&little_endian, UTF_32),
            (b"\xFF\xFEo\0r\0", UTF_16),
            (b"\0o\0r", UTF_16),
            (b"\x1F\x8B\x08\0", COMPRESSED),
            (b"%PDF-1.7\n", PDF),
            (b" <!DOCTYPE HTML><title>Sign in</title>", WEB_PAGE),
            (b"<?xml version=\"1.0\"?>", XML),
            (&noise, NO_TEXT),
        ] {
            assert_eq!(said_of(start), Some(said), "{start:?}");
        }
        for text in [
            &b"organisation,service\nA\0,B\n"[..],
            "[\u{a0}{}]".as_bytes(),
            b"PK\x03\x04\0\0\0\0\x08\x01\x02",
            b"caf\xE9 \x96 bar",
            b"<b",
        ] {
            assert_eq!(said_of(text), None, "{text:?}");
        }
    }
}
