//! Our own records, in the order in which others follow them: what the change feed tells.
//!
//! Rows that were made of a record (an event as a service, a service at a location) are left out:
//! whoever follows makes them again, and nobody makes them twice.

pub mod digest;
mod store;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Position;
use crate::model::Kind;
pub(super) use store::count;
pub use store::{
    after, after_in, buckets_in, ensure_counted, head, head_in, last_urgent, recount, signed_elsewhere, urgent_since,
};

/// An own record as the feed tells of it.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnRow {
    /// Its id.
    pub id: Uuid,
    /// Its kind.
    pub kind: Kind,
    /// Where it stands.
    pub position: Position,
    /// Whether it is there; a tombstone otherwise.
    pub live: bool,
    /// The whole public document as JSON; empty when it is gone.
    pub full: String,
    /// Our signed statement about it, as JSON.
    pub statement: String,
    /// When its content last changed.
    pub changed_at: DateTime<Utc>,
}
