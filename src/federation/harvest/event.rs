//! What every adapter gives: something that a peer says about one record.

use serde_json::Value;

use super::super::protocol::Statement;
use crate::model::Kind;

/// Something that a peer says about one record.
#[derive(Clone, Debug)]
pub(super) struct Event {
    /// Its kind.
    pub(super) kind: Kind,
    /// Its id at the peer.
    pub(super) id: String,
    /// Which version: larger is later. 0 where the peer does not number them.
    pub(super) rev: i64,
    /// The record as it is now; none when it is gone.
    pub(super) data: Option<Value>,
    /// What the origin signed, as it came and as it was read.
    pub(super) statement: Option<(Value, Statement)>,
    /// Whether nested records have items of their own, so that only their ids count here.
    pub(super) alone: bool,
    /// For a crawl: the hash of the record as lists show it.
    pub(super) listed: Option<String>,
}

/// An item that is not even an event.
#[derive(Clone, Debug)]
pub(super) struct Unreadable {
    /// Its kind, by the peer's word.
    pub(super) kind: String,
    /// Its id at the peer.
    pub(super) id: String,
    /// Which version.
    pub(super) rev: i64,
    /// A name for the reason that does not change.
    pub(super) code: &'static str,
    /// The reason in words.
    pub(super) detail: String,
    /// What came.
    pub(super) raw: Value,
}

/// What a page holds.
pub(super) type Items = Vec<Result<Event, Box<Unreadable>>>;
