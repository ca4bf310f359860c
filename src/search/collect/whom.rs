//! For whom something is, by its marks.

use tantivy::{DocId, SegmentReader, columnar::StrColumn};

/// Marks of one segment that a document may have to be for whoever asks.
pub(super) struct Whom {
    column: StrColumn,
    values: Vec<u64>,
}

impl Whom {
    /// These marks; none where there are none, or the segment has no marks at all.
    pub(super) fn of(reader: &SegmentReader, marks: &[&str]) -> tantivy::Result<Option<Self>> {
        if marks.is_empty() {
            return Ok(None);
        }
        let Some(column) = reader.fast_fields().str("mark")? else { return Ok(None) };
        let mut values = Vec::with_capacity(marks.len());
        for mark in marks {
            values.extend(column.dictionary().term_ord(mark.as_bytes())?);
        }
        Ok(Some(Self { column, values }))
    }

    /// Whether the document has one of them.
    pub(super) fn holds(&self, doc: DocId) -> bool {
        self.column.term_ords(doc).any(|value| self.values.contains(&value))
    }
}
