//! A deletion that waits, and why.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::super::{Foreign, PeerId};

/// Why a deletion waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The end of the feed has not been read yet, so nobody knows how many there are. Nobody has to decide it.
    Counting,
    /// A person has to decide, because of this.
    Said(String),
}

impl Reason {
    /// How the database names one that is not said.
    const COUNTING: &str = "counting";

    pub(super) fn as_stored(&self) -> &str {
        match self {
            Self::Counting => Self::COUNTING,
            Self::Said(why) => why,
        }
    }

    pub(super) fn from_stored(text: String) -> Self {
        if text == Self::COUNTING { Self::Counting } else { Self::Said(text) }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Counting => f.write_str("the end of its feed has not been read yet, so nobody knows how many there are"),
            Self::Said(why) => f.write_str(why),
        }
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// A deletion that waits, nearly always for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Held {
    /// The record's id here.
    pub id: Uuid,
    /// The peer.
    #[serde(skip)]
    pub peer: PeerId,
    /// Which version of it was deleted.
    pub rev: i64,
    /// Why it waits.
    pub why: Reason,
    /// Since when it waits.
    pub at: DateTime<Utc>,
    /// Whether its origin has signed it.
    pub signed: bool,
    /// How often its origin was found to stand by it since.
    pub confirmed: i32,
    /// When that was found last, or the count began anew.
    pub confirmed_at: Option<DateTime<Utc>>,
}

impl Held {
    /// A deletion that waits from now on.
    pub fn new(record: &Foreign, why: Reason, at: DateTime<Utc>, signed: bool) -> Self {
        Self { id: record.id, peer: record.peer, rev: record.rev, why, at, signed, confirmed: 0, confirmed_at: None }
    }

    /// Whether a person has to decide it.
    pub fn is_for_a_person(&self) -> bool {
        self.why != Reason::Counting
    }
}
