//! What the world may see: one ordered table of rendered records, from which everything public is
//! derived. Each id stands there once, at its latest position; what leaves becomes a tombstone.
//!
//! Readers keep a position and ask what came after it ([`after`]). The order of positions is the
//! order of commits, because the counter is locked until the commit (`docs/decisions/0001-positions.md`).

mod counter;
pub mod evidence;
pub mod own;
pub mod projection;
pub mod redaction;
pub mod render;
pub mod shelf;
mod store;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::Kind;
pub use counter::{Locked, finish, first_epoch, head, head_in, lock, new_epoch};
pub use store::{
    after, after_in, by_kind, changed_last, clear, count_after, count_from, current, gone, made_of, move_to_end, owners, put,
    write,
};

/// A tombstone whose reason begins so says which record has taken the place of the one that went: its id
/// follows.
pub const BECAME: &str = "it is now listed here as ";
/// The same in tombstones from before these words were changed.
const BECAME_BEFORE: &str = "it is listed here now as ";

/// The id of the record that has taken the place of one that went, as its tombstone says.
pub fn successor(reason: &str) -> Option<&str> {
    [BECAME, BECAME_BEFORE].into_iter().find_map(|words| reason.strip_prefix(words))
}

/// A place in the order of everything that was ever published. In each epoch positions start at
/// the epoch's first microsecond since 1970, so later epochs stand after earlier ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(pub i64);

impl Position {
    /// Before everything.
    pub const ZERO: Self = Self(0);
}

/// Where the order stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The latest position.
    pub position: Position,
    /// Name of the epoch.
    pub epoch: String,
    /// Where the epoch began: nothing in it stands before.
    pub began: Position,
}

/// A published record, or what is left of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Published {
    /// Its id.
    pub id: Uuid,
    /// Its kind.
    pub kind: Kind,
    /// Where it stands.
    pub position: Position,
    /// Whether it is there; a tombstone otherwise.
    pub live: bool,
    /// Whether derived copies of what stood here before must be destroyed, not only replaced. Once so,
    /// it stays so: a reader may have missed the version that was the first.
    pub urgent: bool,
    /// Which directory it comes from; empty for our own.
    pub origin: String,
    /// The record that it is made of, where it is not a record of its own.
    pub derived_from: Option<Uuid>,
    /// The whole public document as JSON; empty when it is gone.
    pub full: String,
    /// The document as lists show it; empty when it is gone.
    pub brief: String,
    /// Our signed statement about it, for our own records.
    pub statement: Option<String>,
    /// When its content last changed.
    pub changed_at: DateTime<Utc>,
    /// Why it is gone.
    pub reason: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tombstones_name_their_successor_in_the_words_of_either_time() {
        for said in ["it is now listed here as 7", "it is listed here now as 7"] {
            assert_eq!(successor(said), Some("7"));
        }
        assert_eq!(successor("it has closed"), None);
    }
}
