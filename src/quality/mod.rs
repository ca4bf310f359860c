//! Keeping listings right: asking those who keep them whether they still are, and taking in what
//! others say is wrong.
//!
//! When something was checked, and what follows for what is published, is in `records`. Here is whom
//! to ask, when, and with which letter; and the reports. Not here: who keeps what ([`Owned`] comes in
//! as an argument), and what becomes of an edit.

mod board;
mod completeness;
mod delivery;
mod keepers;
mod reminders;
pub mod reports;
mod schedule;

use url::Url;
use uuid::Uuid;

pub use self::{
    board::Row,
    completeness::{Says, is_away},
    delivery::{Delivery, Unreachable, routes, unreachable},
    keepers::{keepers_of, moderators, owned},
    reminders::{Asked, Question, Reminded},
    schedule::{Item, Ledger, Outgoing, Schedule, Sent, letters, recipient},
};
use crate::{
    clock::Clock,
    db::{self, Database},
    identity,
    records::{self, Records},
};

/// Somebody who keeps a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Their mailbox.
    pub email: String,
    /// Their name, as a letter says it; may be empty.
    pub name: String,
    /// What history calls them, such as `person:UUID`.
    pub known_as: String,
}

/// A listing and those who keep it, whoever leads them first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    /// The listing.
    pub record: Uuid,
    /// Those who keep it.
    pub owners: Vec<Owner>,
}

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] db::Error),
    /// A record could not be read or written.
    #[error(transparent)]
    Records(#[from] records::Error),
    /// People could not be read.
    #[error(transparent)]
    Identity(Box<identity::Error>),
    /// There is nothing of that kind, or it is over.
    #[error("this {0} no longer exists")]
    NotFound(&'static str),
    /// Somebody has settled it already.
    #[error("report {0} has already been settled")]
    Settled(Uuid),
}

/// What keeping listings right needs. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Quality {
    records: Records,
    schedule: Schedule,
    /// What the directory is called.
    name: String,
    /// How the world reaches it.
    here: Url,
}

impl Quality {
    /// For the records of a directory that is called `name` and known as `here`.
    pub fn new(records: Records, schedule: Schedule, name: String, here: Url) -> Self {
        Self { records, schedule, name, here }
    }

    /// The records that are kept right.
    pub fn records(&self) -> &Records {
        &self.records
    }

    fn db(&self) -> &Database {
        self.records.database()
    }

    fn clock(&self) -> &Clock {
        self.records.clock()
    }

    fn address(&self, path: &str) -> Url {
        self.here.join(path).expect("our own paths can be joined to our own address")
    }

    /// What a listing is called; none where it is not there any more.
    async fn name_of(&self, id: Uuid) -> Result<Option<String>, Error> {
        let Some(stored) = self.records.find(id).await? else { return Ok(None) };
        Ok(Some(stored.read()?.name().to_owned()))
    }
}
