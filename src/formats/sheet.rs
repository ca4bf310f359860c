//! Spreadsheets as CSV: reading what people really send, and writing what spreadsheet programs
//! cannot take for a formula.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    io::{BufRead, Read, Write},
    rc::Rc,
};

/// A row may have at most so many cells.
const MOST_CELLS: usize = 500;
/// A cell may have at most so many bytes.
const LONGEST_CELL: usize = 65_536;

/// A row may have at most so many bytes: nothing else ends one whose quotation mark is never closed.
const LONGEST_ROW: usize = super::lines::LONGEST;

/// A row and where it stands.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    /// Line of the file on which the row begins, from 1; the heading is line 1.
    pub line: u64,
    /// Its cells, trimmed.
    pub cells: Vec<String>,
    /// Where in the file it ends, in bytes.
    pub end: u64,
    /// Whether a cell is not UTF-8, and was read as Windows-1252.
    pub guessed: bool,
}

/// What is to be said once of a file with such a cell.
pub const GUESSED: &str =
    "is not UTF-8, and was read as Windows-1252, as Excel saves it; look whether £, ’ and letters with accents came out right";

/// Why a row cannot be read. The rows behind it can.
#[derive(Debug, PartialEq, Eq)]
pub struct BadRow {
    /// Line of the file on which the row begins.
    pub line: u64,
    /// What is wrong.
    pub reason: String,
}

/// The rows of a sheet. Blank ones are left out; a byte order mark, any line end, and text in
/// Windows-1252 are taken.
#[derive(Debug)]
pub struct Sheet<R> {
    reader: csv::Reader<Counted<R>>,
    record: csv::ByteRecord,
    ends: LineEnds,
    /// Whether everything was read and a quotation mark is still open.
    unclosed: Rc<Cell<bool>>,
    lines_before: u64,
    /// Where the last row ended, in bytes.
    end: u64,
    /// Whether nothing more can be read.
    over: bool,
}

/// Where the CSV reader is in a row, as far as quotation marks go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    /// At the beginning of a cell: a quotation mark opens it here.
    Start,
    /// In a cell without marks, or behind the closing one.
    Plain,
    /// Between two marks.
    Marks,
    /// Behind a mark that closes the cell, or is the first of two that stand for one.
    Mark,
}

impl Within {
    fn next(self, byte: u8, delimiter: u8) -> Self {
        match (self, byte) {
            (Self::Marks, b'"') => Self::Mark,
            (Self::Marks, _) | (Self::Start | Self::Mark, b'"') => Self::Marks,
            (_, byte) if byte == delimiter || byte == b'\n' || byte == b'\r' => Self::Start,
            _ => Self::Plain,
        }
    }
}

/// Where lines end, in bytes, for those that were read but not yet asked about.
type LineEnds = Rc<RefCell<VecDeque<u64>>>;

/// A reader that notes where lines end. The CSV reader counts lines as well, but late: it has not
/// seen the end of a line when it gives the row, nor blank lines before the next one.
#[derive(Debug)]
struct Counted<R> {
    inner: R,
    read: u64,
    ends: LineEnds,
    delimiter: u8,
    within: Within,
    unclosed: Rc<Cell<bool>>,
    /// Bytes read since a row was last asked for.
    of_row: usize,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.of_row > LONGEST_ROW {
            let reason = format!(
                "the row is longer than {} MiB, perhaps because a quotation mark is never closed; nothing below it was read",
                LONGEST_ROW >> 20
            );
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, reason));
        }
        let count = self.inner.read(buffer)?;
        self.of_row += count;
        self.ends.borrow_mut().extend(memchr::memchr_iter(b'\n', &buffer[..count]).map(|at| self.read + at as u64));
        self.within = buffer[..count].iter().fold(self.within, |within, byte| within.next(*byte, self.delimiter));
        self.unclosed.set(count == 0 && self.within == Within::Marks);
        self.read += count as u64;
        Ok(count)
    }
}

impl<R: Read> Sheet<R> {
    /// The line on which the record begins that ends at byte `end`.
    fn line(&mut self, end: u64) -> u64 {
        let mut ends = self.ends.borrow_mut();
        while ends.front().is_some_and(|at| at + 1 < end) {
            ends.pop_front();
            self.lines_before += 1;
        }
        let within: usize = self.record.iter().map(|cell| memchr::memchr_iter(b'\n', cell).count()).sum();
        (self.lines_before + 1).saturating_sub(within as u64)
    }

    /// The line behind the last row.
    fn next_line(&self) -> u64 {
        self.lines_before + 1 + self.ends.borrow().iter().take_while(|at| **at < self.end).count() as u64
    }
}

/// The cell separator that a first line `sep=;` names, as Excel writes and reads it.
fn separator(first_line: &[u8]) -> Option<u8> {
    let line = first_line.strip_suffix(b"\r").unwrap_or(first_line);
    match line {
        [name @ .., b'=', separator @ (b',' | b';' | b'\t' | b'|')] if name.eq_ignore_ascii_case(b"sep") => Some(*separator),
        _ => None,
    }
}

/// Read `input` as a sheet with the separator that its first line names (`sep=;`), or else with commas, semicolons or
/// tabs, whichever that line has most of.
/// # Errors
/// When the input cannot be read at all.
pub fn read<R: BufRead>(mut input: R) -> std::io::Result<Sheet<R>> {
    let start = input.fill_buf()?;
    let mark = if start.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    let first_line = start[mark..].split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |delimiter: &u8| memchr::memchr_iter(*delimiter, first_line).count();
    let most = || b",;\t".iter().copied().max_by_key(|delimiter| (count(delimiter), *delimiter == b',')).unwrap_or(b',');
    let named = separator(first_line);
    let delimiter = named.unwrap_or_else(most);
    let passed = if named.is_some() { (mark + first_line.len() + 1).min(start.len()) } else { mark };
    input.consume(passed);
    let lines_before = u64::from(named.is_some());
    let (ends, unclosed) = (LineEnds::default(), Rc::<Cell<bool>>::default());
    let within = Within::Start;
    let input = Counted { inner: input, read: 0, ends: ends.clone(), delimiter, within, unclosed: unclosed.clone(), of_row: 0 };
    let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(input);
    Ok(Sheet { reader, record: csv::ByteRecord::new(), ends, unclosed, lines_before, end: 0, over: false })
}

impl<R: Read> Iterator for Sheet<R> {
    type Item = Result<Row, BadRow>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.over {
            self.reader.get_mut().of_row = 0;
            match self.reader.read_byte_record(&mut self.record) {
                Ok(false) => return None,
                Ok(true) => {}
                Err(error) => {
                    self.over = true;
                    return Some(Err(BadRow { line: self.next_line(), reason: format!("cannot be read: {error}") }));
                }
            }
            let end = self.reader.position().byte();
            let line = self.line(end);
            self.end = end;
            // The reader takes the end of the file for the closing mark, and with it every row in between.
            if self.unclosed.get() && end >= self.reader.get_ref().read {
                let reason = "has a quotation mark that is never closed, so everything below it would be part of one cell";
                // The last line end of the file is within the cell, and not behind the row as others are.
                let ends_a_line = self.record.iter().next_back().is_some_and(|cell| cell.ends_with(b"\n"));
                return Some(Err(BadRow { line: line + u64::from(ends_a_line), reason: reason.to_owned() }));
            }
            if self.record.iter().all(|cell| cell.iter().all(u8::is_ascii_whitespace)) {
                continue;
            }
            if self.record.len() > MOST_CELLS {
                return Some(Err(BadRow { line, reason: format!("has {} cells; the limit is {MOST_CELLS}", self.record.len()) }));
            }
            if self.record.iter().any(|cell| cell.len() > LONGEST_CELL) {
                let reason = format!("has a cell of over {LONGEST_CELL} bytes; a closing quotation mark may be missing");
                return Some(Err(BadRow { line, reason }));
            }
            let guessed = self.record.iter().any(|cell| std::str::from_utf8(cell).is_err());
            let cells = self.record.iter().map(|cell| decode(cell).trim().to_owned()).collect();
            return Some(Ok(Row { line, cells, end, guessed }));
        }
        None
    }
}

/// UTF-8, or else Windows-1252, which is what spreadsheet programs save without being asked.
pub(super) fn decode(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| windows_1252(*byte)).collect(),
    }
}

fn windows_1252(byte: u8) -> char {
    const UPPER: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’', '“',
        '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => UPPER[usize::from(byte - 0x80)],
        other => char::from(other),
    }
}

/// What a spreadsheet program may take for the end of a cell, besides the comma: Excel looks for semicolons where commas
/// stand in numbers, and then goes by no quotation marks but those at the beginning of what it takes for a cell.
const ENDS: [char; 4] = [';', '\t', '\n', '\r'];
/// What a formula begins with.
const BEGINNINGS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// A cell that no spreadsheet program takes for a formula: one that would begin like one gets an
/// apostrophe before it, and so does a part of it that would be one where another program ends a cell.
pub fn guarded(cell: &str) -> String {
    // A number may begin with a minus.
    let begins = cell.starts_with(BEGINNINGS) && cell.parse::<f64>().is_err() || cell.starts_with(['\t', '\r']);
    let mut guarded = String::with_capacity(cell.len() + 1);
    for (at, part) in cell.split_inclusive(ENDS).enumerate() {
        let risky = if at == 0 { begins } else { is_a_formula(part) };
        if risky {
            guarded.push('\'');
        }
        guarded.push_str(part);
    }
    guarded
}

/// Whether text behind a semicolon or on a line of its own is a formula: "- soup (free)" and "+44 1632 960000" are none.
fn is_a_formula(part: &str) -> bool {
    let calls = || part.as_bytes().windows(2).any(|two| two[0].is_ascii_alphanumeric() && two[1] == b'(');
    part.starts_with(['=', '@', '＝', '＠']) || part.starts_with(BEGINNINGS) && (part.contains('|') || calls())
}

/// Writes rows, every cell guarded, and in quotation marks where it holds anything that ends a cell somewhere.
#[derive(Debug)]
pub struct Writer<W: Write>(W);

impl<W: Write> Writer<W> {
    /// A sheet into `out`.
    pub fn new(out: W) -> Self {
        Self(out)
    }

    /// Write a row.
    /// # Errors
    /// When `out` cannot be written to.
    pub fn row(&mut self, cells: &[String]) -> std::io::Result<()> {
        let cells: Vec<String> = cells.iter().map(|cell| quoted(guarded(cell))).collect();
        write!(self.0, "{}\r\n", cells.join(","))
    }

    /// Give back what was written to.
    pub fn finish(self) -> W {
        self.0
    }
}

fn quoted(cell: String) -> String {
    if cell.contains([',', '"']) || cell.contains(ENDS) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(input: &[u8]) -> Vec<(u64, Vec<String>)> {
        read(input).unwrap().map(|row| row.unwrap()).map(|row| (row.line, row.cells)).collect()
    }

    #[test]
    fn sheets_are_read_as_people_send_them() {
        let sheet = b"\xEF\xBB\xBFname;town\r\n\r\n\"Ali; Co\" ; Luton\r\ncaf\xE9 \x96 bar;\r\nlast";
        let expected: [(u64, &[&str]); 4] =
            [(1, &["name", "town"]), (3, &["Ali; Co", "Luton"]), (4, &["café – bar", ""]), (5, &["last"])];
        assert_eq!(
            rows(sheet),
            expected.map(|(line, cells)| (line, cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>()))
        );
    }

    #[test]
    fn a_first_line_may_name_the_separator() {
        for sheet in [&b"sep=;\r\nname;town\r\n\"a, b\";Luton"[..], b"\xEF\xBB\xBFSEP=|\nname|town\na, b|Luton\n"] {
            let read = rows(sheet);
            assert_eq!(
                read.iter().map(|(line, cells)| (*line, cells[0].as_str())).collect::<Vec<_>>(),
                [(2, "name"), (3, "a, b")]
            );
        }
        assert_eq!(rows(b"sep=;"), []);
        assert_eq!(rows(b"sep=x,y\n")[0].1, ["sep=x", "y"]);
    }

    #[test]
    fn a_mark_that_is_never_closed_swallows_no_rows() {
        let sheet = b"a,b\n1,\"two \"\"2\"\"\n2\",x\n3,\"open,4\n5,6\n";
        let read: Vec<_> = read(sheet.as_slice()).unwrap().collect();
        assert_eq!(read[..2].iter().map(Result::is_ok).collect::<Vec<_>>(), [true, true]);
        let Err(bad) = &read[2] else { panic!("{:?}", read[2]) };
        assert!(bad.line == 4 && bad.reason.contains("never closed") && read.len() == 3, "{read:?}");
        assert_eq!(rows(b"a,b\n12\" pipe,5' 6\"\n")[1].1, ["12\" pipe", "5' 6\""], "a mark within a cell opens nothing");
    }

    #[test]
    fn a_row_without_end_ends_the_sheet_and_takes_no_more_memory() {
        let endless = (&b"a,b\n1,2\n3,\""[..]).chain(std::io::repeat(b'\n'));
        let read: Vec<_> = read(std::io::BufReader::new(endless)).unwrap().collect();
        let Err(bad) = &read[2] else { panic!("{:?}", read[2]) };
        assert!(read.len() == 3 && bad.line == 3 && bad.reason.contains("the row is longer than 4 MiB"), "{bad:?}");
    }

    #[test]
    fn formulas_are_disarmed_and_numbers_are_not() {
        assert_eq!(guarded("=HYPERLINK(\"https://evil.example\")"), "'=HYPERLINK(\"https://evil.example\")");
        assert_eq!(guarded("@SUM(A1)"), "'@SUM(A1)");
        assert_eq!(guarded("+44 1632 960000"), "'+44 1632 960000");
        assert_eq!(guarded("-0.42"), "-0.42");
        assert_eq!(guarded("Pantry"), "Pantry");
    }

    #[test]
    fn a_formula_behind_a_semicolon_or_a_line_end_is_disarmed_too() {
        for (cell, expected) in [
            ("Hall;=cmd|'/C calc'!A0;x", "Hall;'=cmd|'/C calc'!A0;x"),
            ("Hall\t@SUM(A1)", "Hall\t'@SUM(A1)"),
            ("Hall\r\n=1+1", "Hall\r\n'=1+1"),
            ("Hall;-2+3+cmd|' /C calc'!A0", "Hall;'-2+3+cmd|' /C calc'!A0"),
            ("Hall;+HYPERLINK(A2)", "Hall;'+HYPERLINK(A2)"),
            ("=1;=2", "'=1;'=2"),
        ] {
            assert_eq!(guarded(cell), expected);
        }
        for honest in
            ["Bring:\n- a towel\n- soup (free)\n+44 1632 960000", "Come along ;-)", "Mon 10:00-12:00; Tue 9-5", "-0.42", ""]
        {
            assert_eq!(guarded(honest), honest);
        }
    }

    #[test]
    fn what_ends_a_cell_anywhere_stands_in_quotation_marks() {
        let mut writer = Writer::new(Vec::new());
        writer.row(&["Hall; barn", "one\ttwo", "a, b", "5\" pipe", "plain words", ""].map(str::to_owned)).unwrap();
        let expected = "\"Hall; barn\",\"one\ttwo\",\"a, b\",\"5\"\" pipe\",plain words,\r\n";
        assert_eq!(String::from_utf8(writer.finish()).unwrap(), expected);
    }

    proptest! {
        #[test]
        fn nothing_makes_reading_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            for row in read(bytes.as_slice()).unwrap().take(1_000) {
                let _ = row;
            }
        }
        #[test]
        fn what_is_written_is_read_back(cells in prop::collection::vec("[a-z][a-z ,\"\n\t;é-]{0,12}x", 1..6)) {
            let mut writer = Writer::new(Vec::new());
            // The first line decides the delimiter, so it is one that has only commas.
            writer.row(&["a".to_owned(), "b".to_owned()]).unwrap();
            writer.row(&cells).unwrap();
            let read = rows(&writer.finish());
            let expected: Vec<String> = cells.iter().map(|cell| cell.trim().to_owned()).collect();
            prop_assert_eq!(&read[1].1, &expected);
        }
    }
}
