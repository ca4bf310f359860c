//! Whether records lie in the database as they were written. A disk, a restored table or a hand at the database can
//! change what nothing here has changed.

use std::collections::HashMap;

use uuid::Uuid;

use super::{Error, Records, State, drafts, read, store};
use crate::db::Transaction;

/// How a record is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// As it was written.
    Whole,
    /// The same, and nobody sees it.
    Withdrawn,
    /// Otherwise than it was written.
    Changed,
    /// The same, and nothing can be made of it.
    Unreadable,
}

impl Records {
    /// How those of these records are that are there.
    /// # Errors
    /// When the database fails.
    pub async fn conditions(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, Condition>, Error> {
        let rows = store::load_with_digest(self.db.reader(), ids).await?;
        let found = rows.into_iter().map(|(stored, is_whole)| {
            let condition = match is_whole {
                true if stored.state == State::Published => Condition::Whole,
                true => Condition::Withdrawn,
                false if read(&stored).is_ok() => Condition::Changed,
                false => Condition::Unreadable,
            };
            (stored.id, condition)
        });
        Ok(found.collect())
    }

    /// Delete records of which nothing can be made, with their history. What is published of them stays as it is until
    /// they come again: whatever refers to them could not be rendered with them.
    /// # Errors
    /// When the database fails.
    pub async fn forget_unreadable(&self, tx: &Transaction, ids: &[Uuid]) -> Result<(), Error> {
        Ok(drafts::delete(tx, ids).await?)
    }
}
