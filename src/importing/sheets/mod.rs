//! Spreadsheets: a heading, and rows of one service each.

mod cells;
mod columns;
mod draft;
mod hours;
mod mapping;
mod phones;
mod place;
mod row;

use std::io::{self, BufRead};

use super::{How, Read, Taken};
use crate::{
    formats::sheet::{self, BadRow, Row},
    model::{text::shorten, tidy::Dropped},
};
use columns::Columns;
pub use {
    columns::{COLUMNS, Column},
    draft::suggest as suggest_mapping,
    mapping::Mapping,
};

/// Rows at the top of a sheet among which the headings are looked for.
const TOP: usize = 10;

/// Which of the rows at the top has the headings: the first, if it fits, or else the first that is not a mere title, with
/// most of its cells empty.
fn headings_at(top: &[Result<Row, BadRow>], fits: impl Fn(&[String]) -> bool) -> usize {
    match top.first() {
        None | Some(Err(_)) => return 0,
        Some(Ok(first)) if fits(&first.cells) => return 0,
        Some(Ok(_)) => {}
    }
    let filled =
        |row: &Result<Row, BadRow>| row.as_ref().map_or(0, |row| row.cells.iter().filter(|cell| !cell.is_empty()).count());
    let most = top.iter().map(filled).max().unwrap_or_default();
    top.iter().position(|row| row.is_err() || filled(row) * 2 > most).unwrap_or_default()
}

/// Read a sheet.
pub(super) fn read(input: impl BufRead, how: &How, each: &mut impl FnMut(Read) -> bool) -> io::Result<()> {
    let mut rows = sheet::read(input)?;
    let read_columns = |cells: &[String]| match &how.mapping {
        None => Columns::read(cells),
        Some(mapping) => Columns::mapped(cells, mapping),
    };
    let mut top: Vec<Result<Row, BadRow>> = rows.by_ref().take(TOP).collect();
    let below = top.split_off(headings_at(&top, |cells| read_columns(cells).is_ok()).saturating_add(1).min(top.len()));
    let heading = match top.pop() {
        None => return Ok(()),
        Some(Err(bad)) => {
            let line = if top.is_empty() { 1 } else { bad.line };
            each(Read { line, until: 0, taken: Err(bad.reason) });
            return Ok(());
        }
        Some(Ok(heading)) => heading,
    };
    let mut guessed = heading.guessed;
    for title in top.into_iter().filter_map(Result::ok) {
        guessed |= title.guessed;
        let words = title.cells.iter().find(|cell| !cell.is_empty()).map(String::as_str).unwrap_or_default();
        let reason = format!("{:?} is above the headings, so it was not imported", shorten(words, 60));
        let taken = Taken { dropped: vec![Dropped { path: "row".to_owned(), reason }], ..Taken::default() };
        if !each(Read { line: title.line, until: title.end, taken: Ok(taken) }) {
            return Ok(());
        }
    }
    let mut tell = |taken| each(Read { line: heading.line, until: heading.end, taken });
    let columns = match read_columns(&heading.cells) {
        Ok((columns, mut dropped)) => {
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
    };
    let (mut until, mut any) = (0, false);
    for row in below.into_iter().chain(rows) {
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
