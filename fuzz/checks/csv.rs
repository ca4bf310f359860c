//! The CSV reader: whatever the bytes, it gives services or reasons, in bounded memory.

use fingerpost::importing::{Format, read_anything};

pub fn check(bytes: &[u8]) {
    let (taken, rejected) = read_anything(bytes, Format::Csv);
    let lines = bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
    // The heading may be told of columns that nobody knows, and of having no rows below it.
    assert!(taken + rejected <= lines + 1, "no more answers than lines");
}
