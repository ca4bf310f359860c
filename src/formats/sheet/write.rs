//! Cells that no spreadsheet program takes for a formula.

use std::io::Write;

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
    use super::*;

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
}
