//! Taking a postcode directory in. What was imported before is replaced in one go, and only when
//! the new one could be read to its end and makes sense.

use std::{
    collections::BTreeMap,
    io::{self, BufRead},
    path::{Path, PathBuf},
    time::Instant,
};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    directory::Directory,
    rows::{Columns, Format, REPEATED, Row, split},
    sheets, store,
};
use crate::{
    db::{self, Database},
    formats::archive,
};

/// The kingdom has 1.8 million postcodes in use and another 0.9 million that are not.
const MOST_ROWS: usize = 6_000_000;
/// No directory has longer lines; what is longer is skipped without being kept.
const LONGEST_LINE: u64 = 16_384;
/// The report names so many rows that could not be read.
const MOST_REJECTED: usize = 1_000;
/// Rows between two reports of progress.
const PACE: u64 = 4_096;

/// Why a postcode directory was not taken in. What was imported before still stands.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file or folder.
    #[error("cannot read {file}: {source}")]
    File {
        /// Which one.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The zip.
    #[error(transparent)]
    Zip(#[from] archive::Error),
    /// Nothing in it is a postcode directory.
    #[error(
        "found no postcodes in {file}: expected the ONS Postcode Directory, Code-Point Open, or a CSV file with the columns postcode (or outcode), latitude and longitude"
    )]
    NotADirectory {
        /// The file or folder.
        file: PathBuf,
    },
    /// It is damaged, or its columns are not what their headings say.
    #[error(
        "{bad} of {all} rows in {file} cannot be read, so nothing was imported; the first is line {line} of {sheet}: {reason}"
    )]
    MostlyBad {
        /// The file or folder.
        file: PathBuf,
        /// Rows that cannot be read.
        bad: u64,
        /// Rows.
        all: u64,
        /// The sheet of the first of them.
        sheet: String,
        /// Its line, from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// No country has so many postcodes.
    #[error("{file} has more than {MOST_ROWS} postcodes")]
    TooMany {
        /// The file or folder.
        file: PathBuf,
    },
    /// The database.
    #[error(transparent)]
    Database(#[from] db::Error),
}

/// A row that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rejected {
    /// The file it stands in.
    pub file: String,
    /// Its line, from 1.
    pub line: u64,
    /// Why, in words a person can act on.
    pub reason: String,
}

/// What an import did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// What kind of directory it was.
    pub format: Format,
    /// Postcodes whose positions are known now.
    pub postcodes: u64,
    /// Outcodes whose centres are known now.
    pub outcodes: u64,
    /// Postcodes that were known before.
    pub postcodes_before: u64,
    /// Rows that were read.
    pub rows: u64,
    /// Rows that hold nothing to keep, by why that is.
    pub skipped: BTreeMap<&'static str, u64>,
    /// Rows that cannot be read: the first thousand.
    pub rejected: Vec<Rejected>,
    /// How many rows cannot be read.
    pub rejected_total: u64,
    /// CSV files that hold no postcodes, or postcodes in another form than the first.
    pub left_out: Vec<String>,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes that were read.
    pub bytes: u64,
    /// Bytes that there are, as far as it is known.
    pub of: u64,
}

/// Take in the postcode directory at `from`: a CSV file, a zip, or a folder. It replaces what was
/// imported before; when this fails, that still stands.
/// # Errors
/// When it cannot be read, is no postcode directory or a broken one, or the database fails.
pub async fn import(
    db: &Database,
    from: &Path,
    now: DateTime<Utc>,
    progress: impl FnMut(Progress) + Send + 'static,
) -> Result<Report, Error> {
    let began = Instant::now();
    let path = from.to_path_buf();
    // Reading takes seconds, also beside a server: it has a thread of its own.
    let reading = tokio::task::spawn_blocking(move || Reading::of(&path, progress));
    let reading = reading.await.unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic()))?;
    let (mut report, directory) = (reading.report, reading.directory);
    let laid = directory.lay_out();
    if laid.repeated > 0 {
        *report.skipped.entry(REPEATED).or_default() += laid.repeated;
    }
    (report.postcodes, report.outcodes) = (laid.postcodes, laid.outcodes);
    let source = from.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let imported = store::Imported {
        format: report.format.as_str().to_owned(),
        source,
        at: now,
        postcodes: laid.postcodes,
        outcodes: laid.outcodes,
    };
    let tx = db.write().await?;
    report.postcodes_before = store::replace(&tx, &laid.rows, &imported).await?;
    tx.commit().await?;
    report.seconds = began.elapsed().as_secs_f64();
    Ok(report)
}

/// A directory that is being read.
struct Reading {
    directory: Directory,
    report: Report,
    format: Option<Format>,
    bytes: u64,
}

impl Reading {
    fn of(path: &Path, mut progress: impl FnMut(Progress)) -> Result<Self, Error> {
        let mut reading = Self { directory: Directory::default(), report: empty(), format: None, bytes: 0 };
        sheets::each(path, |name, input, of| {
            let failed = |source| Error::File { file: path.join(name), source };
            reading.sheet(name, input, |bytes| progress(Progress { bytes, of: of.max(bytes) })).map_err(failed)?;
            if reading.directory.len() > MOST_ROWS { Err(Error::TooMany { file: path.to_path_buf() }) } else { Ok(()) }
        })?;
        reading.judge(path)?;
        Ok(reading)
    }

    /// Whether what was read makes sense.
    fn judge(&mut self, path: &Path) -> Result<(), Error> {
        let file = path.to_path_buf();
        let bad = self.report.rejected_total;
        match (self.format, self.report.rejected.first()) {
            (_, Some(first)) if bad > self.directory.len() as u64 => Err(Error::MostlyBad {
                file,
                bad,
                all: self.report.rows,
                sheet: first.file.clone(),
                line: first.line,
                reason: first.reason.clone(),
            }),
            (Some(format), _) if self.directory.len() > 0 => {
                self.report.format = format;
                Ok(())
            }
            _ => Err(Error::NotADirectory { file }),
        }
    }

    fn sheet(&mut self, name: &str, input: &mut dyn BufRead, mut progress: impl FnMut(u64)) -> io::Result<()> {
        let mut lines = Lines { input, line: Vec::new(), number: 0 };
        let mut columns: Option<(Columns, u8)> = None;
        while let Some((length, whole)) = lines.next()? {
            self.bytes += length;
            if lines.number.is_multiple_of(PACE) {
                progress(self.bytes);
            }
            let line = String::from_utf8_lossy(&lines.line);
            let line = line.trim_start_matches('\u{feff}').trim_end();
            if line.is_empty() && whole {
                continue;
            }
            let mut cells = Vec::new();
            let Some((columns, delimiter)) = &columns else {
                let found = self.understand(line);
                let Some((found, delimiter)) = found else {
                    self.report.left_out.push(name.to_owned());
                    return Ok(());
                };
                if !found.headed {
                    split(line, delimiter, &mut cells);
                    self.row(&found, &cells, name, lines.number);
                }
                columns = Some((found, delimiter));
                continue;
            };
            if whole {
                split(line, *delimiter, &mut cells);
                self.row(columns, &cells, name, lines.number);
            } else {
                self.report.rows += 1;
                self.reject(name, lines.number, format!("is longer than {LONGEST_LINE} bytes"));
            }
            if self.directory.len() > MOST_ROWS {
                break;
            }
        }
        progress(self.bytes);
        Ok(())
    }

    /// The columns by the first line, where it has the form of the sheets before it.
    fn understand(&mut self, line: &str) -> Option<(Columns, u8)> {
        let mut cells = Vec::new();
        let found = b",;\t".iter().find_map(|delimiter| {
            split(line, *delimiter, &mut cells);
            Columns::of(&cells).map(|columns| (columns, *delimiter))
        })?;
        (*self.format.get_or_insert(found.0.format) == found.0.format).then_some(found)
    }

    fn row(&mut self, columns: &Columns, cells: &[&str], name: &str, line: u64) {
        self.report.rows += 1;
        let areas = columns.areas(cells);
        match columns.read(cells) {
            Ok(Row::Postcode(postcode, at)) => self.directory.postcode(&postcode, at, areas),
            Ok(Row::Outcode(outcode, at)) => {
                if !self.directory.outcode(outcode, at, areas) {
                    *self.report.skipped.entry(REPEATED).or_default() += 1;
                }
            }
            Ok(Row::Skipped(reason)) => *self.report.skipped.entry(reason).or_default() += 1,
            Err(reason) => self.reject(name, line, reason),
        }
    }

    fn reject(&mut self, file: &str, line: u64, reason: String) {
        self.report.rejected_total += 1;
        if self.report.rejected.len() < MOST_REJECTED {
            self.report.rejected.push(Rejected { file: file.to_owned(), line, reason });
        }
    }
}

fn empty() -> Report {
    Report {
        format: Format::Simple,
        postcodes: 0,
        outcodes: 0,
        postcodes_before: 0,
        rows: 0,
        skipped: BTreeMap::new(),
        rejected: Vec::new(),
        rejected_total: 0,
        left_out: Vec::new(),
        seconds: 0.0,
    }
}

/// Lines, one after the other in the same memory.
struct Lines<'a> {
    input: &'a mut dyn BufRead,
    line: Vec<u8>,
    number: u64,
}

impl Lines<'_> {
    /// Read the next line: its length in bytes, and whether all of it was kept.
    fn next(&mut self) -> io::Result<Option<(u64, bool)>> {
        self.line.clear();
        let mut length = 0_u64;
        loop {
            let chunk = match self.input.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let end = memchr::memchr(b'\n', chunk);
            let taken = end.map_or(chunk.len(), |at| at + 1);
            if length < LONGEST_LINE {
                self.line.extend_from_slice(&chunk[..taken.min(usize::try_from(LONGEST_LINE).unwrap_or(taken))]);
            }
            self.input.consume(taken);
            length += taken as u64;
            if end.is_some() || taken == 0 {
                break;
            }
        }
        if length == 0 {
            return Ok(None);
        }
        self.number += 1;
        Ok(Some((length, length <= LONGEST_LINE)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &[u8]) -> Vec<(u64, bool, usize)> {
        let mut input = io::BufReader::with_capacity(64, input);
        let mut lines = Lines { input: &mut input, line: Vec::new(), number: 0 };
        let mut found = Vec::new();
        while let Some((length, whole)) = lines.next().unwrap() {
            found.push((length, whole, lines.line.len()));
        }
        found
    }

    #[test]
    fn a_line_without_end_is_counted_and_not_kept() {
        let mut input = b"one\n".to_vec();
        input.extend(vec![b'x'; 100_000]);
        input.extend(b"\n\nlast");
        let found = lines(&input);
        assert_eq!(
            found.iter().map(|(length, whole, _)| (*length, *whole)).collect::<Vec<_>>(),
            [(4, true), (100_001, false), (1, true), (4, true)]
        );
        assert!(found.iter().all(|(_, _, kept)| *kept <= 17_000));
    }
}
