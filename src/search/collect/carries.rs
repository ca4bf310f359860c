//! Whether a document carries one of a few values.

use tantivy::{DocId, SegmentReader, columnar::StrColumn};

/// Values of a column in one segment, of which a document may have to carry one.
pub(super) struct Carries {
    column: StrColumn,
    values: Vec<u64>,
}

impl Carries {
    /// These values of this column; none where there are none, or the segment has no such column at all.
    pub(super) fn one_of(reader: &SegmentReader, column: &str, values: &[&str]) -> tantivy::Result<Option<Self>> {
        if values.is_empty() {
            return Ok(None);
        }
        let Some(column) = reader.fast_fields().str(column)? else { return Ok(None) };
        let mut found = Vec::with_capacity(values.len());
        for value in values {
            found.extend(column.dictionary().term_ord(value.as_bytes())?);
        }
        Ok(Some(Self { column, values: found }))
    }

    /// Whether the document carries one of them.
    pub(super) fn holds(&self, doc: DocId) -> bool {
        self.column.term_ords(doc).any(|value| self.values.contains(&value))
    }
}
