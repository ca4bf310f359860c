//! What is said about what waits: the threads of proposals, and of claims. Never public.

mod store;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    db::Transaction,
    ids,
    published::redaction::Known,
    records::{Error, Records},
};
pub(super) use store::{clear, forget_by, forget_of, forget_said, thread};

/// Something that was said about a proposal. Never public.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    /// Names it.
    pub id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// By whom, as history names them.
    pub by: String,
    /// What.
    pub words: String,
}

impl Records {
    /// Say something about a proposal, to its author or to those who decide.
    /// # Errors
    /// When the database fails.
    pub async fn say(&self, tx: &Transaction, by: &str, proposal: Uuid, words: &str) -> Result<(), Error> {
        let message = Message { id: ids::fresh(), at: self.clock.now(), by: by.to_owned(), words: words.to_owned() };
        Ok(store::say(tx, proposal, &message).await?)
    }

    /// Forget what was said in these threads, of proposals or claims, that tells of somebody; how much.
    /// # Errors
    /// When the database fails.
    pub async fn forget_said(&self, tx: &Transaction, threads: &[Uuid], known: &Known) -> Result<u64, Error> {
        Ok(store::forget_said(tx, threads, known).await?)
    }

    /// Forget what was said about what is not there any more, be it a proposal or a claim; how much.
    /// # Errors
    /// When the database fails.
    pub async fn tidy_threads(&self, tx: &Transaction) -> Result<u64, Error> {
        Ok(store::forget_orphans(tx).await?)
    }

    /// What was said about a proposal, the oldest first.
    /// # Errors
    /// When the database fails.
    pub async fn thread(&self, proposal: Uuid) -> Result<Vec<Message>, Error> {
        Ok(store::thread(self.db.reader(), proposal).await?)
    }

    /// What was said last in each of these conversations.
    /// # Errors
    /// When the database fails.
    pub async fn last_said(&self, about: &[Uuid]) -> Result<HashMap<Uuid, Message>, Error> {
        Ok(store::last_said(self.db.reader(), about).await?)
    }
}
