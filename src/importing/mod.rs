//! Taking a directory in: full services as JSON of today or of yesterday, our own complete export,
//! tables, calendars, spreadsheets.
//!
//! A file is read as a stream in one thread, taken apart and checked there, and saved in batches
//! in another, so that its size does not matter. A bad line is rejected with its number and a
//! reason; a bad optional part is dropped and reported; the rest goes in. Saving the same file
//! again changes nothing. No original is kept: what was not taken stays in the sender's file.

mod batch;
mod beside;
mod calendar;
mod complete;
mod copies;
mod documents;
mod edits;
pub mod export;
mod exposed;
mod kinds;
mod nested;
mod report;
mod run;
mod save;
mod sheets;
mod tabular;
mod unreadable;
mod vocabulary;

use std::{
    collections::HashMap,
    io::{self, BufRead, Cursor, Read as _},
    path::Path,
};

use uuid::Uuid;

use crate::{
    formats::{archive, ical},
    ids,
    model::{Document, Kind, personal, text::fold, tidy},
    records::{Draft, LastModified},
};
use vocabulary::Vocabulary;
pub use {
    complete::Line as CompleteLine,
    exposed::Exposed,
    report::{Counts, Report},
    save::{Error, Importer, Options},
    sheets::{COLUMNS, Column, Mapping, suggest_mapping},
};

/// How a file is to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// By its first bytes.
    #[default]
    Auto,
    /// JSON: full services one a line, in a list or in a page of an API; or the lines of our own
    /// complete export.
    Ndjson,
    /// JSON of an Open Referral UK 1 API: a page, a list, one a line.
    Oruk1,
    /// A spreadsheet.
    Csv,
    /// Tables of HSDS or Open Referral UK, of any version: a folder or a zip of CSV files.
    HsdsTabular,
    /// A calendar (iCalendar), whose events become events.
    Ical,
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
    personal: Vec<personal::Personal>,
    /// Words in which something stands that looks like a person's own.
    in_words: Vec<personal::InWords>,
    /// Moments of last change that the line brings along.
    last_modified: LastModified,
    /// The organization that it names and does not describe.
    provider: Option<Provider>,
    /// The place of it that only words tell from another one.
    place_in_words: Option<PlaceInWords>,
    /// Whether it is a line of our own complete export.
    own_export: bool,
    /// Whether its parts are records that the file has as such, not copies of them.
    whole_parts: bool,
    /// Its number, from 1.
    line: u64,
}

impl Taken {
    /// Documents that stand alone, what they refer to before them.
    fn parts(&mut self, documents: Vec<Document>) {
        self.parts.extend(documents.into_iter().map(Draft::new));
    }

    /// What the line is about, behind what it refers to.
    fn main(&mut self, mut documents: Vec<Document>) {
        self.main = documents.pop().map(Draft::new);
        self.parts(documents);
    }

    /// Tell what looks like a person's own under the ids that records have here.
    fn call_as_here(&mut self, renamed: &HashMap<(Kind, Uuid), Uuid>) {
        let personal = self.personal.iter_mut().map(|one| (one.kind, &mut one.record));
        for (kind, record) in personal.chain(self.in_words.iter_mut().map(|one| (one.kind, &mut one.record))) {
            *record = renamed.get(&(kind, *record)).copied().unwrap_or(*record);
        }
    }

    /// Everything that is decided about a record from a feed before it is stored.
    fn finish(&mut self) {
        for draft in self.parts.iter_mut().chain(&mut self.main) {
            self.personal.extend(personal::decide(&mut draft.document));
            self.in_words.extend(personal::in_words(&draft.document));
            let id = draft.document.id();
            draft.source_id = self.source_ids.iter().find(|(known, _)| *known == id).map(|(_, raw)| raw.clone());
        }
    }
}

/// An organization of which there is only a name. A record of that name stands for it where there
/// is one, and stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Provider {
    /// The id that a new record would get.
    id: Uuid,
    /// Its name.
    name: String,
}

/// A place without a postcode, whose id is made of its first line and its organisation. That may be the id of another
/// place: two churches of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct PlaceInWords {
    /// That id.
    id: Uuid,
    /// The id that tells it from a place of which other words are said.
    apart: Uuid,
    /// What is said of where it is, folded, besides its first line.
    words: Vec<String>,
}

impl PlaceInWords {
    /// `key` is what its id is made of.
    fn new(id: Uuid, key: &str, words: Vec<String>) -> Self {
        Self { id, apart: ids::from_source("", "location", &format!("{key}\n{}", words.join("\n"))), words }
    }

    /// The pieces of an address in one text, folded.
    fn pieces(text: &str) -> impl Iterator<Item = String> {
        text.split(',').map(fold).filter(|piece| !piece.is_empty())
    }
}

/// What was read: a line, an event, a row.
#[derive(Debug)]
struct Read {
    /// Its number, from 1.
    line: u64,
    /// How many bytes of the file have been read up to its end.
    until: u64,
    /// What it gave, or why it is rejected.
    taken: Result<Taken, String>,
}

/// What a reader has to know.
#[derive(Debug, Default)]
struct How {
    format: Format,
    /// Whose ids those are that are not UUIDs; nobody's in particular when it is empty.
    ids_of: String,
    vocabulary: Vocabulary,
    /// Who holds the events of a calendar: a name, or the id of a record.
    organisation: Option<String>,
    /// What the headings of a sheet mean; when it is not given, they speak for themselves.
    mapping: Option<Mapping>,
}

/// Read `input`; `each` is given whatever it holds, one after the other, and says whether to go on.
/// # Errors
/// When the input cannot be read, or is refused as a whole.
fn read(input: impl BufRead, how: &How, mut each: impl FnMut(Read) -> bool) -> io::Result<()> {
    let mut input = with_its_start(input)?;
    let start = input.fill_buf()?;
    if start.is_empty() {
        each(Read { line: 0, until: 0, taken: Err("the file is empty: there is nothing to import".to_owned()) });
        return Ok(());
    }
    if let Some(reason) = unreadable::said_of(start) {
        each(Read { line: 0, until: 0, taken: Err(reason.to_owned()) });
        return Ok(());
    }
    let format = match how.format {
        Format::Auto => guess(input.fill_buf()?),
        chosen => chosen,
    };
    if let Some(reason) = of_no_use(how, format) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
    }
    match format {
        Format::Auto | Format::Ndjson | Format::Oruk1 => documents::read(input, how, &mut each),
        Format::Csv => sheets::read(input, how, &mut each),
        Format::HsdsTabular => tabular::read_zip(input, how, &mut each),
        Format::Ical => calendar::read(input, how, &mut each),
    }
}

/// The same, of which enough can be looked at before it is read: a pipe may give a few bytes at first, and those do
/// not show what a file is, nor what separates its cells.
fn with_its_start(mut input: impl BufRead) -> io::Result<impl BufRead> {
    const ENOUGH: u64 = 16 << 10;
    let mut start = Vec::new();
    input.by_ref().take(ENOUGH).read_to_end(&mut start)?;
    Ok(Cursor::new(start).chain(input))
}

/// Why something that was said for this file means nothing for its format: it would be passed over in silence.
fn of_no_use(how: &How, format: Format) -> Option<&'static str> {
    if how.mapping.is_some() && format != Format::Csv {
        return Some("a mapping only applies to spreadsheets, and this is not one");
    }
    (how.organisation.is_some() && format != Format::Ical)
        .then_some("an organisation is only named for calendars, and this is not one: other files say whose each service is")
}

/// Whether a folder is to be read as one, not file by file: it is a data package.
/// # Errors
/// When the folder cannot be read.
pub fn is_package(folder: &Path) -> io::Result<bool> {
    tabular::is_package(folder)
}

/// JSON begins with a brace or a bracket, an archive and a calendar with their marks; anything else
/// is taken for a spreadsheet.
fn guess(start: &[u8]) -> Format {
    if archive::is_zip(start) {
        return Format::HsdsTabular;
    }
    if ical::read::is_calendar(start) {
        return Format::Ical;
    }
    let start = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start).trim_ascii_start();
    match start.first() {
        None | Some(b'{' | b'[' | 0 | 0xFF | 0xFE) => Format::Ndjson,
        Some(_) => Format::Csv,
    }
}

fn said(refused: &tidy::Dropped) -> String {
    if refused.path.is_empty() { refused.reason.clone() } else { format!("{}: {}", refused.path, refused.reason) }
}

/// For the fuzzer and the property tests: read anything, keep nothing, say how much was taken.
pub fn read_anything(bytes: &[u8], format: Format) -> (usize, usize) {
    let (mut taken, mut rejected) = (0, 0);
    let how = How { format, ..How::default() };
    // A file that is refused as a whole is one that was not taken.
    let outcome = read(bytes, &how, |read| {
        if read.taken.is_ok() {
            taken += 1;
        } else {
            rejected += 1;
        }
        true
    });
    (taken, rejected + usize::from(outcome.is_err()))
}
