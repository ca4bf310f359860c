//! Columns that nearly every search reads, opened once for each segment and state of the index: to find a column
//! by its name takes as long as to read it for a hundred documents.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tantivy::{SegmentReader, columnar::Column, index::SegmentId};

/// Columns of one segment, called as their fields are.
pub(super) struct Columns {
    pub(super) kind: Column<u64>,
    pub(super) high: Column<u64>,
    pub(super) low: Column<u64>,
    pub(super) group: Column<u64>,
    pub(super) latitude: Column<f64>,
    pub(super) longitude: Column<f64>,
    pub(super) starts: Column<i64>,
    pub(super) ends: Column<i64>,
}

impl Columns {
    fn open(reader: &SegmentReader) -> tantivy::Result<Self> {
        let columns = reader.fast_fields();
        Ok(Self {
            kind: columns.u64("kind")?,
            high: columns.u64("high")?,
            low: columns.u64("low")?,
            group: columns.u64("group")?,
            latitude: columns.f64("latitude")?,
            longitude: columns.f64("longitude")?,
            starts: columns.i64("starts")?,
            ends: columns.i64("ends")?,
        })
    }
}

/// Columns of every segment that was looked at since the index last changed. They keep its files open, so all of
/// them are let go with the next change.
#[derive(Default)]
pub(super) struct Opened(Mutex<HashMap<SegmentId, Arc<Columns>>>);

impl Opened {
    /// The columns of a segment.
    pub(super) fn of(&self, reader: &SegmentReader) -> tantivy::Result<Arc<Columns>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&reader.segment_id()).cloned();
        if let Some(columns) = known {
            return Ok(columns);
        }
        let columns = Arc::new(Columns::open(reader)?);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(reader.segment_id(), columns.clone());
        Ok(columns)
    }
}
