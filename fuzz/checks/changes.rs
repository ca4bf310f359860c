//! Pages of a neighbour's change feed: whatever the bytes, each item is taken, left out or quarantined, and
//! the page is never taken for another one when it is read twice.

pub fn check(bytes: &[u8]) {
    let first = fingerpost::federation::harvest::read_anything(bytes);
    assert_eq!(first, fingerpost::federation::harvest::read_anything(bytes));
}
