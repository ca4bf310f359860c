//! HSDS and Open Referral UK as tables: a data package of CSV files, one for each kind of thing,
//! that refer to one another by id. Pure: content goes in, full documents come out.
//!
//! A join needs all tables at once, so they stand in memory, within bounds: [`MOST_TEXT`] and
//! [`MOST_ROWS`] (`docs/decisions/0013-tables-are-joined-in-memory.md`).

mod description;
mod join;
mod known;

use std::io::BufRead;

use super::sheet;
use crate::model::text::shorten;
use description::Described;
pub use join::{Join, Joined, Part, Row};
use known::Known;

/// All cells of a package together have at most so many bytes: 1 GiB.
pub const MOST_TEXT: u64 = 1 << 30;
/// All tables of a package together have at most so many rows.
pub const MOST_ROWS: u64 = 5_000_000;

/// Between the cells of a row that is kept. It cannot stand in a cell: `model::text::clean` would take it out.
const BETWEEN: char = '\u{1f}';

/// Something in a package that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: String,
    /// Line of the file, from 1; 0 when it is the file as a whole.
    pub line: u64,
    /// What and why.
    pub reason: String,
    /// Whether it is a service that was not taken, or only something besides.
    pub rejected: bool,
}

/// A package whose tables are being read.
#[derive(Debug, Default)]
pub struct Package {
    tables: Vec<Table>,
    /// The files that the description of the package names.
    described: Vec<Described>,
    problems: Vec<Problem>,
    text: u64,
    rows: u64,
}

/// One table, as it was sent.
#[derive(Debug)]
struct Table {
    known: &'static Known,
    file: String,
    columns: Vec<String>,
    rows: Vec<Line>,
}

/// One row: its cells in one text, which takes a fraction of the memory that a list of them would.
#[derive(Debug)]
struct Line {
    number: u64,
    cells: Box<str>,
}

impl Line {
    fn of(row: &sheet::Row) -> Self {
        let cells: Vec<String> = row.cells.iter().map(|cell| cell.replace(BETWEEN, " ")).collect();
        Self { number: row.line, cells: cells.join("\u{1f}").into_boxed_str() }
    }
}

impl Table {
    /// Whether something in a row stands behind the last heading.
    fn is_too_narrow_for(&self, row: &sheet::Row) -> bool {
        row.cells.iter().skip(self.columns.len()).any(|cell| !cell.is_empty())
    }

    fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    /// The cell in a column, when there is something in it.
    fn cell(&self, row: usize, column: Option<usize>) -> Option<&str> {
        self.rows[row].cells.split(BETWEEN).nth(column?).filter(|cell| !is_nothing(cell))
    }

    /// Names and contents of the cells of a row that hold something.
    fn cells(&self, row: usize) -> impl Iterator<Item = (&str, &str)> {
        let cells = self.rows[row].cells.split(BETWEEN);
        self.columns.iter().map(String::as_str).zip(cells).filter(|(name, cell)| !name.is_empty() && !is_nothing(cell))
    }
}

/// Nothing, also as databases write it.
fn is_nothing(cell: &str) -> bool {
    cell.is_empty() || matches!(cell, "NULL" | "null" | "\\N")
}

/// The folder of a file, as the path of the file has it.
pub fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The name of a file without its folders.
fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The name of a file without its folders and its ending.
fn stem(path: &str) -> &str {
    let name = file_name(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// Whether a file of this name holds a table of the standard.
pub fn is_table(path: &str) -> bool {
    path.to_lowercase().ends_with(".csv") && known::by_name(stem(path)).is_some()
}

/// Whether a file of this name holds a table of the standard in a form that is not read here.
pub fn is_table_in_another_form(path: &str) -> bool {
    let lower = path.to_lowercase();
    [".xlsx", ".xls", ".ods", ".tsv", ".txt"].iter().any(|end| lower.ends_with(end)) && known::by_name(stem(path)).is_some()
}

/// Whether a file of this name describes a data package.
pub fn is_description(path: &str) -> bool {
    file_name(path).eq_ignore_ascii_case("datapackage.json")
}

/// Whether files of these names, in one folder, are a data package: they say so, or services come
/// with another table of the standard.
pub fn is_package<'a>(paths: impl IntoIterator<Item = &'a str>) -> bool {
    let (mut described, mut services, mut others) = (false, false, false);
    for path in paths {
        described |= is_description(path);
        if path.to_lowercase().ends_with(".csv") {
            match known::by_name(stem(path)).map(|known| known.name) {
                Some("service") => services = true,
                Some(_) => others = true,
                None => {}
            }
        }
    }
    described || services && others
}

impl Package {
    /// Take a file of the package.
    /// # Errors
    /// When the package is larger than what is joined here, or the file cannot be read.
    pub fn add(&mut self, path: &str, content: &mut dyn BufRead) -> Result<(), String> {
        let file = file_name(path).to_owned();
        let Some(known) = known::by_name(stem(&file)).or_else(|| self.described_as(path, &file)) else {
            self.passed_over(&file, 0, "is not a known table of the standard");
            return Ok(());
        };
        let mut sheet = sheet::read(content).map_err(|error| format!("{file} cannot be read: {error}"))?;
        let columns = match sheet.next() {
            None => return Ok(()),
            Some(Ok(heading)) => heading.cells.iter().map(|cell| column_name(cell)).collect::<Vec<_>>(),
            Some(Err(bad)) => {
                self.passed_over(&file, bad.line, &bad.reason);
                return Ok(());
            }
        };
        if let Some(reason) = known.passed_over {
            let rows = sheet.flatten().count();
            if rows > 0 {
                self.passed_over(&file, 0, &format!("{reason} ({rows} rows)"));
            }
            return Ok(());
        }
        let mut table = Table { known, file, columns, rows: Vec::new() };
        self.tell_of_columns(&table);
        let mut guessed = false;
        for row in sheet {
            match row {
                Err(bad) => self.left_out(&table, bad.line, bad.reason),
                Ok(row) if table.is_too_narrow_for(&row) => {
                    let (found, width) = (row.cells.len(), table.columns.len());
                    let reason = format!(
                        "has {found} cells under {width} headings; text with a comma in it needs quotation marks around it"
                    );
                    self.left_out(&table, row.line, reason);
                }
                Ok(row) => {
                    if row.guessed && !std::mem::replace(&mut guessed, true) {
                        self.passed_over(&table.file, row.line, &format!("the text {}", sheet::GUESSED));
                    }
                    self.tell_of_cells(&table, &row);
                    self.count(&row)?;
                    table.rows.push(Line::of(&row));
                }
            }
        }
        self.tables.push(table);
        Ok(())
    }

    /// Which table the description of the package says that a file holds.
    fn described_as(&self, path: &str, file: &str) -> Option<&'static Known> {
        let exactly = self.described.iter().find(|described| described.is(path));
        let described = exactly.or_else(|| self.described.iter().find(|described| described.is_called(file)))?;
        known::by_name(&described.name)
    }

    fn tell_of_columns(&mut self, table: &Table) {
        for (at, column) in table.columns.iter().enumerate() {
            if !column.is_empty() && table.columns[..at].contains(column) {
                let reason = format!("has two columns headed {column:?}; where both are filled in, the last one counts");
                self.passed_over(&table.file, 1, &reason);
            }
        }
    }

    /// Cells that are missing from a row, and those that stand under no heading.
    fn tell_of_cells(&mut self, table: &Table, row: &sheet::Row) {
        let named = table.columns.iter().rposition(|column| !column.is_empty()).map_or(0, |last| last + 1);
        let found = row.cells.len();
        if found < named {
            let reason = format!("the row has {found} cells under {named} headings; the missing ones count as empty");
            self.passed_over(&table.file, row.line, &reason);
        }
        for (cell, _) in row.cells.iter().zip(&table.columns).filter(|(cell, column)| column.is_empty() && !is_nothing(cell)) {
            let reason = format!("the cell {:?} stands under no heading, so it was not imported", shorten(cell, 60));
            self.passed_over(&table.file, row.line, &reason);
        }
    }

    /// Everything that is joined has to find room in memory.
    fn count(&mut self, row: &sheet::Row) -> Result<(), String> {
        self.rows += 1;
        self.text += row.cells.iter().map(|cell| cell.len() as u64).sum::<u64>();
        if self.rows > MOST_ROWS || self.text > MOST_TEXT {
            return Err(format!(
                "the package is too large (over {MOST_ROWS} rows or {} MiB of text): send it in parts, or as NDJSON",
                MOST_TEXT >> 20
            ));
        }
        Ok(())
    }

    /// A row that cannot be taken: what is lost with it is a service, or something besides.
    fn left_out(&mut self, table: &Table, line: u64, reason: String) {
        let rejected = table.known.name == "service";
        self.problems.push(Problem { file: table.file.clone(), line, reason, rejected });
    }

    /// Say of a file that it was not taken, and why.
    pub fn pass_over(&mut self, path: &str, reason: &str) {
        self.passed_over(path, 0, reason);
    }

    fn passed_over(&mut self, file: &str, line: u64, reason: &str) {
        self.problems.push(Problem { file: file.to_owned(), line, reason: reason.to_owned(), rejected: false });
    }

    /// Join what was read.
    /// # Errors
    /// When there is nothing to join.
    pub fn join(self) -> Result<Join, String> {
        let has = |name: &str| self.tables.iter().any(|table| table.known.name == name);
        if !["service", "organization", "location", "taxonomy", "taxonomy_term"].into_iter().any(has) {
            let nothing = "it has no table of services, organizations or locations (services.csv, organizations.csv …)";
            // With nothing else to report, this is where it is heard that the services lie elsewhere.
            let elsewhere = self.problems.iter().find(|problem| problem.rejected).map(|problem| format!("; {}", problem.reason));
            return Err(format!("{nothing}{}", elsewhere.unwrap_or_default()));
        }
        Ok(Join::new(self.tables, self.problems))
    }
}

fn column_name(cell: &str) -> String {
    cell.trim().to_lowercase().replace([' ', '-'], "_")
}

#[cfg(test)]
mod tests;
