//! Spreadsheets as CSV: reading what people really send, and writing what spreadsheet programs
//! cannot take for a formula.

mod write;

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    io::{BufRead, Read},
    rc::Rc,
};

pub use write::{Writer, guarded};

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
    /// The last byte that was read.
    last: Option<u8>,
    unclosed: Rc<Cell<bool>>,
    /// Bytes read since a row was last asked for.
    of_row: usize,
}

impl<R> Counted<R> {
    /// Note where lines end in what was read next: at a line feed, or at a carriage return without one behind it.
    fn note_line_ends(&mut self, bytes: &[u8]) {
        let mut ends = self.ends.borrow_mut();
        for at in memchr::memchr2_iter(b'\n', b'\r', bytes) {
            let before = if at == 0 { self.last } else { Some(bytes[at - 1]) };
            if bytes[at] == b'\n' && before == Some(b'\r') {
                ends.pop_back();
            }
            ends.push_back(self.read + at as u64);
        }
        self.last = bytes.last().copied().or(self.last);
    }
}

/// How many lines end within a cell.
fn line_ends(cell: &[u8]) -> usize {
    let ends_one = |at: &usize| cell[*at] == b'\n' || cell.get(at + 1) != Some(&b'\n');
    memchr::memchr2_iter(b'\n', b'\r', cell).filter(ends_one).count()
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
        self.note_line_ends(&buffer[..count]);
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
        let within: usize = self.record.iter().map(line_ends).sum();
        (self.lines_before + 1).saturating_sub(within as u64)
    }

    /// The line behind the last row.
    fn next_line(&self) -> u64 {
        self.lines_before + 1 + self.ends.borrow().iter().take_while(|at| **at < self.end).count() as u64
    }
}

/// The cell separator that a first line `sep=;` names, as Excel writes and reads it.
fn separator(first_line: &[u8]) -> Option<u8> {
    match first_line {
        [name @ .., b'=', separator @ (b',' | b';' | b'\t' | b'|')] if name.eq_ignore_ascii_case(b"sep") => Some(*separator),
        _ => None,
    }
}

/// What separates the cells: the first line that has any of these marks, outside of quotation marks, has most of it.
fn likely_separator(start: &[u8]) -> u8 {
    // Of two that it has as many of, the comma, or else the later one.
    const KNOWN: [u8; 4] = *b",|\t;";
    let (mut counts, mut quoted, mut before) = ([0_usize; KNOWN.len()], false, b'\n');
    for byte in start.iter().copied() {
        let ends_a_line = byte == b'\n' || byte == b'\r';
        let opens = KNOWN.contains(&before) || before == b'\n' || before == b'\r';
        match KNOWN.iter().position(|known| *known == byte) {
            _ if byte == b'"' && (quoted || opens) => quoted = !quoted,
            Some(at) if !quoted => counts[at] += 1,
            None if ends_a_line && !quoted && counts.iter().any(|count| *count > 0) => break,
            _ => {}
        }
        before = byte;
    }
    let most = KNOWN.into_iter().zip(counts).max_by_key(|(known, count)| (*count, *known == b','));
    most.map_or(b',', |(known, _)| known)
}

/// Read `input` as a sheet with the separator that its first line names (`sep=;`), or else with commas, semicolons,
/// tabs or vertical bars (`|`), whichever the headings have most of.
/// # Errors
/// When the input cannot be read at all.
pub fn read<R: BufRead>(mut input: R) -> std::io::Result<Sheet<R>> {
    let start = input.fill_buf()?;
    let mark = if start.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    let first_line = start[mark..].split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    let named = separator(first_line);
    let delimiter = named.unwrap_or_else(|| likely_separator(&start[mark..]));
    let behind = mark + first_line.len();
    let line_end = if start[behind..].starts_with(b"\r\n") { 2 } else { 1 };
    let passed = if named.is_some() { (behind + line_end).min(start.len()) } else { mark };
    input.consume(passed);
    let lines_before = u64::from(named.is_some());
    let (ends, unclosed) = (LineEnds::default(), Rc::<Cell<bool>>::default());
    let within = Within::Start;
    let (noted, open) = (ends.clone(), unclosed.clone());
    let input = Counted { inner: input, read: 0, ends: noted, delimiter, within, last: None, unclosed: open, of_row: 0 };
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
                let ends_a_line =
                    self.record.iter().next_back().is_some_and(|cell| cell.ends_with(b"\n") || cell.ends_with(b"\r"));
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
    fn what_the_headings_have_most_of_separates_cells() {
        for sheet in [
            "name|town|days, hours\nAli, Co|Luton|Mon, Tue\n",
            "name\ttown\nAli, Co; Sons, Ltd\tLuton\n",
            "\"name, of the group\";town\nAli, Co;Luton\n",
            "Our groups\n\nname;town\nAli, Co;Luton\n",
            "5\" pipes\nname;town\nAli, Co;Luton\n",
        ] {
            let read = rows(sheet.as_bytes());
            let last = &read.last().unwrap().1;
            assert!(last[0].starts_with("Ali, Co") && last[1] == "Luton", "{read:?}");
        }
        assert_eq!(rows(b"name\nAli\n").len(), 2, "one column has no separator");
    }

    #[test]
    fn lines_are_counted_whatever_ends_them() {
        for end in ["\n", "\r\n", "\r"] {
            let sheet = ["a,b", "1,\"two", "lines\"", "", "3,4"].join(end);
            let numbers = |sheet: &[u8]| rows(sheet).into_iter().map(|(line, _)| line).collect::<Vec<_>>();
            assert_eq!(numbers(sheet.as_bytes()), [1, 2, 5], "{end:?}");
            assert_eq!(numbers(format!("sep=,{end}{sheet}").as_bytes()), [2, 3, 6], "{end:?}");
        }
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
