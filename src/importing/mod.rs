//! Taking a directory in: lines of full services, our own complete export, spreadsheets.
//!
//! A file is read as a stream in one thread, taken apart and checked there, and saved in batches
//! in another, so that its size does not matter. A bad line is rejected with its number and a
//! reason; a bad optional part is dropped and reported; the rest goes in. Saving the same file
//! again changes nothing. No original is kept: what was not taken stays in the sender's file.

mod cells;
mod columns;
mod complete;
pub mod export;
mod nested;
mod personal;
mod report;
mod save;

use std::io::BufRead;

use serde_json::Value;
use uuid::Uuid;

use crate::{
    formats::{json, lines, sheet},
    model::{Document, Kind, tidy},
    records::{Draft, Entrance, LastModified},
};
pub use {
    columns::{COLUMNS, Column},
    complete::Line as CompleteLine,
    personal::Personal,
    report::{Counts, Report},
    save::{Importer, Options},
};

/// How a file is to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// By its first bytes and its name.
    #[default]
    Auto,
    /// One JSON document a line: a full service, or a record of our own complete export.
    Ndjson,
    /// A spreadsheet.
    Csv,
}

/// What one line gave.
#[derive(Debug, Default)]
struct Taken {
    /// Records made from nested parts, before what refers to them.
    parts: Vec<Draft>,
    /// What the line is about.
    main: Option<Draft>,
    /// What was left out.
    dropped: Vec<tidy::Dropped>,
    /// Ids that were not UUIDs.
    source_ids: Vec<(Uuid, String)>,
    /// Contacts that look like a person's own.
    personal: Vec<Personal>,
    /// Moments of last change that the line brings along.
    last_modified: LastModified,
    /// Through which door it comes.
    own_export: bool,
    /// Its number, from 1.
    line: u64,
}

impl Taken {
    fn part(&mut self, draft: Draft) {
        self.parts.push(draft);
    }

    fn main(&mut self, draft: Draft) {
        self.main = Some(draft);
    }

    fn entrance(&self) -> Entrance {
        if self.own_export { Entrance::OwnExport } else { Entrance::Feed }
    }

    /// Everything that is decided about a record from a feed before it is stored.
    fn finish(&mut self) {
        for draft in self.parts.iter_mut().chain(&mut self.main) {
            self.personal.extend(personal::decide(&mut draft.document));
            let id = draft.document.id();
            draft.source_id = self.source_ids.iter().find(|(known, _)| *known == id).map(|(_, raw)| raw.clone());
        }
    }
}

/// A line, read.
#[derive(Debug)]
struct Read {
    /// Its number, from 1.
    line: u64,
    /// How many bytes of the file have been read up to its end.
    until: u64,
    /// What it gave, or why it is rejected.
    taken: Result<Taken, String>,
}

/// Read `input` line by line; `each` is given every line and says whether to go on.
/// # Errors
/// When the input cannot be read.
fn read(
    mut input: impl BufRead,
    format: Format,
    vocabulary: &columns::Vocabulary,
    mut each: impl FnMut(Read) -> bool,
) -> std::io::Result<()> {
    let format = match format {
        Format::Auto => guess(input.fill_buf()?),
        chosen => chosen,
    };
    if format == Format::Csv { read_sheet(input, vocabulary, &mut each) } else { read_lines(input, &mut each) }
}

/// JSON begins with a brace; anything else is taken for a spreadsheet.
fn guess(start: &[u8]) -> Format {
    let start = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start);
    match start.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None | Some(b'{' | b'[' | 0 | 0xFF | 0xFE) => Format::Ndjson,
        Some(_) => Format::Csv,
    }
}

fn read_lines(input: impl BufRead, each: &mut impl FnMut(Read) -> bool) -> std::io::Result<()> {
    let mut until = 0;
    for line in lines::lines(input) {
        let line = line?;
        until += line.length;
        let taken = match &line.bytes {
            None => Err(format!("the line is longer than {} MiB", lines::LONGEST >> 20)),
            Some(bytes) => take(bytes),
        };
        if !each(Read { line: line.number, until, taken }) {
            break;
        }
    }
    Ok(())
}

/// One line of JSON: a record of our own complete export, or a full service of somebody's feed.
fn take(bytes: &[u8]) -> Result<Taken, String> {
    let value = json::parse(bytes).map_err(|malformed| format!("not JSON that can be read: {malformed}"))?;
    match &value {
        Value::Object(members) if members.contains_key("kind") && members.contains_key("document") => complete::take(value),
        Value::Object(members) if members.contains_key("contents") => {
            Err("this is a page of an API, not a service: import its contents one document a line (format=ndjson)".to_owned())
        }
        Value::Object(_) => take_service(value),
        _ => Err("expected a JSON object: one full service a line".to_owned()),
    }
}

/// A full service with everything nested.
fn take_service(value: Value) -> Result<Taken, String> {
    let tidied = tidy::tidy(Kind::Service, value, "").map_err(|refused| said(&refused))?;
    let mut taken = Taken { dropped: tidied.dropped, source_ids: tidied.source_ids, ..Taken::default() };
    match Document::from_value(Kind::Service, tidied.value)? {
        Document::Service(service) => nested::service(*service, &mut taken)?,
        other => return Err(format!("expected a service, found a {}", other.kind())),
    }
    taken.finish();
    Ok(taken)
}

fn read_sheet(input: impl BufRead, vocabulary: &columns::Vocabulary, each: &mut impl FnMut(Read) -> bool) -> std::io::Result<()> {
    let mut rows = sheet::read(input)?;
    let columns = match rows.next() {
        None => return Ok(()),
        Some(Err(bad)) => {
            each(Read { line: 1, until: 0, taken: Err(bad.reason) });
            return Ok(());
        }
        Some(Ok(heading)) => match columns::Columns::read(&heading.cells) {
            Ok(columns) => columns,
            Err(reason) => {
                each(Read { line: heading.line, until: heading.end, taken: Err(reason) });
                return Ok(());
            }
        },
    };
    let mut until = 0;
    for row in rows {
        let (line, taken) = match row {
            Ok(row) => {
                until = row.end;
                (row.line, columns.take(&row.cells, vocabulary))
            }
            Err(bad) => (bad.line, Err(bad.reason)),
        };
        if !each(Read { line, until, taken }) {
            break;
        }
    }
    Ok(())
}

fn said(refused: &tidy::Dropped) -> String {
    if refused.path.is_empty() { refused.reason.clone() } else { format!("{}: {}", refused.path, refused.reason) }
}

/// For the fuzzer and the property tests: read anything, keep nothing, say how much was taken.
pub fn read_anything(bytes: &[u8], format: Format) -> (usize, usize) {
    let (mut taken, mut rejected) = (0, 0);
    // Reading from memory does not fail.
    let _ = read(bytes, format, &columns::Vocabulary::new(), |read| {
        if read.taken.is_ok() {
            taken += 1;
        } else {
            rejected += 1;
        }
        true
    });
    (taken, rejected)
}
