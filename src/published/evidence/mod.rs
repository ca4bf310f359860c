//! What origins have signed of records that came from them, with the very content that they signed, so
//! that an aggregator can pass it on. Kept only there: each copy is one more place that a takedown has to
//! reach. What is published here of such a record is our own rendering and stands in `published`; in its
//! order the evidence is told.

mod store;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::own::OwnRow;
pub use store::{after, after_in, blank, clear, forget_all, head, head_in, put};

/// What an origin has signed of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The record's id here.
    pub id: Uuid,
    /// What its origin has signed, as JSON; none where it had to be destroyed.
    pub statement: Option<String>,
    /// The content that it is about, as JSON; none where the record is gone, or it had to be destroyed.
    pub data: Option<String>,
    /// The directories that it came through after its origin, as JSON: a list, empty where it came from
    /// its origin.
    pub via: String,
    /// When it came.
    pub received_at: DateTime<Utc>,
}

/// A record of our own, or one that came with evidence, in the order of what is published.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What we publish of it; its statement is ours, and empty where the record is not.
    pub row: OwnRow,
    /// What its origin has signed, where the record is not our own.
    pub evidence: Option<Evidence>,
}
