//! How much is held in memory at once: a page of documents of ordinary length is, but somebody may have written very
//! long ones, and many may ask for them at the same time.

use super::{Entry, Form};

/// Documents that have more bytes than this together are read piece by piece. A thousand honest services have about 9 MB.
pub const AT_ONCE: usize = 16 << 20;
/// So many bytes has a piece.
const PIECE: usize = 4 << 20;

impl Entry {
    /// How many bytes its document has in this form, with what stands behind it.
    fn bytes(&self, form: Form) -> usize {
        self.span(form).1 as usize + 1
    }
}

/// Whether the documents of these entries are too long to be held in memory together.
pub fn are_long(entries: &[Entry], form: Form) -> bool {
    entries.iter().map(|entry| entry.bytes(form)).sum::<usize>() > AT_ONCE
}

/// These entries in pieces whose documents may be held in memory together.
pub fn in_pieces(entries: &[Entry], form: Form) -> impl Iterator<Item = &[Entry]> {
    let mut rest = entries;
    std::iter::from_fn(move || {
        let (piece, behind) = rest.split_at(first_piece(rest, form));
        rest = behind;
        (!piece.is_empty()).then_some(piece)
    })
}

/// How many of these are the first piece: at least one, where there is one.
pub(super) fn first_piece(entries: &[Entry], form: Form) -> usize {
    let mut bytes = 0;
    let more = entries.iter().skip(1).take_while(|entry| {
        bytes += entry.bytes(form);
        bytes <= PIECE
    });
    if entries.is_empty() { 0 } else { 1 + more.count() }
}
