//! Spreadsheets: a heading, and rows of one service each.

mod cells;
mod columns;
mod hours;
mod mapping;
mod phones;
mod row;

use std::io::{self, BufRead};

use super::{How, Read, Taken};
use crate::{formats::sheet, model::tidy::Dropped};
use columns::Columns;
pub use {
    columns::{COLUMNS, Column},
    mapping::{Mapping, suggest as suggest_mapping},
};

/// Read a sheet.
pub(super) fn read(input: impl BufRead, how: &How, each: &mut impl FnMut(Read) -> bool) -> io::Result<()> {
    let mut rows = sheet::read(input)?;
    let mut guessed;
    let columns = match rows.next() {
        None => return Ok(()),
        Some(Err(bad)) => {
            each(Read { line: 1, until: 0, taken: Err(bad.reason) });
            return Ok(());
        }
        Some(Ok(heading)) => {
            let columns = match &how.mapping {
                None => Columns::read(&heading.cells),
                Some(mapping) => Columns::mapped(&heading.cells, mapping),
            };
            let mut tell = |taken| each(Read { line: heading.line, until: heading.end, taken });
            match columns {
                Ok((columns, mut dropped)) => {
                    guessed = heading.guessed;
                    dropped.extend(guessed.then(as_windows));
                    if !dropped.is_empty() && !tell(Ok(Taken { dropped, ..Taken::default() })) {
                        return Ok(());
                    }
                    columns
                }
                Err(reason) => {
                    tell(Err(reason));
                    return Ok(());
                }
            }
        }
    };
    let (mut until, mut any) = (0, false);
    for row in rows {
        any = true;
        let (line, taken) = match row {
            Ok(row) => {
                until = row.end;
                let mut taken = row::take(&columns, row.cells, how);
                if let (Ok(taken), true) = (&mut taken, row.guessed && !guessed) {
                    taken.dropped.push(as_windows());
                    guessed = true;
                }
                (row.line, taken)
            }
            Err(bad) => (bad.line, Err(bad.reason)),
        };
        if !each(Read { line, until, taken }) {
            break;
        }
    }
    if !any {
        let reason = "the sheet has a heading and no rows: there is nothing to import".to_owned();
        each(Read { line: 1, until, taken: Err(reason) });
    }
    Ok(())
}

/// What is told of the first line of a file that is not UTF-8.
fn as_windows() -> Dropped {
    Dropped { path: "encoding".to_owned(), reason: format!("the text {}", sheet::GUESSED) }
}
