//! The index as it is open: what is written to, and what is answered from.

use tantivy::{Index, IndexReader, ReloadPolicy, Searcher, TantivyError};

/// An open index. Where its files were removed while it was open, a new one is written, and the old one, whose files
/// stay readable for whoever has them open, is answered from until the new one is shown.
pub(super) struct Live {
    index: Index,
    reader: IndexReader,
    /// Whether the reader is still that of an index that was replaced.
    is_of_before: bool,
}

impl Live {
    pub(super) fn open(index: Index) -> Result<Self, TantivyError> {
        Ok(Self { reader: reader_of(&index)?, index, is_of_before: false })
    }

    /// The index, to write to.
    pub(super) fn index(&self) -> Index {
        self.index.clone()
    }

    /// What was shown last.
    pub(super) fn searcher(&self) -> Searcher {
        self.reader.searcher()
    }

    /// Write to this one from now on; what is there is answered from until it is shown.
    pub(super) fn replace(&mut self, index: Index) {
        (self.index, self.is_of_before) = (index, true);
    }

    /// Whether what is answered from is of an index that was replaced.
    pub(super) fn is_of_before(&self) -> bool {
        self.is_of_before
    }

    /// Show what was committed last.
    pub(super) fn reload(&mut self) -> Result<(), TantivyError> {
        if self.is_of_before {
            self.reader = reader_of(&self.index)?;
            self.is_of_before = false;
        }
        self.reader.reload()
    }
}

fn reader_of(index: &Index) -> Result<IndexReader, TantivyError> {
    index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()
}
