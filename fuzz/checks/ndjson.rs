//! The NDJSON reader: whatever the bytes, it gives services or reasons, in bounded memory.

use fingerpost::importing::{Format, read_anything};

pub fn check(bytes: &[u8]) {
    let (taken, rejected) = read_anything(bytes, Format::Ndjson);
    // A line may be a page of services; each takes at least two bytes of it.
    assert!(taken + rejected <= bytes.len() + 1, "no more answers than there can be services");
}
