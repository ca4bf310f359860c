//! The truth, and the only way to change it.
//!
//! [`Records::save`] takes documents, decides what of each may be kept and told, stores it with
//! its history, renders everything that shows it, numbers and publishes that, in one transaction.
//! The order in which it does so is what keeps readers from missing anything or seeing anything
//! stale (`docs/decisions/0001-positions.md`): records first; then the counter is locked; then
//! what is rendered is read; then it is written. After the counter no record is touched.

mod ageing;
mod annotations;
mod condition;
mod copies;
mod drafts;
mod erasure;
mod freshness;
mod masking;
mod pictures;
mod places;
mod preview;
mod proposals;
mod publish;
mod reading;
mod references;
mod saving;
mod scene;
mod scrubs;
mod staleness;
mod store;
mod whence;

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    clock::Clock,
    db::{self, Database},
    model::{Document, Kind},
    published::{Position, redaction::SecretWords},
    signing::Signer,
};
pub use annotations::{Annotated, Annotation};
pub use condition::Condition;
pub use copies::Copied;
pub use erasure::{Forgotten, FoundContact, FoundPerson, FoundWords};
pub use freshness::{CHECKED_HOW, Check, Fresh, How, Limits, Mark, day_of, leave_out_a_check_to_come};
pub use pictures::Kept as KeptPicture;
pub use proposals::{Decided, Decision, Edit, LeftOut, Message, Part, Proposal, Verdict, WouldChange};
pub use scrubs::{Remembered, Scrub};
pub use staleness::{Stale, Step};
pub use store::{Stored, Version};
pub use whence::Whence;

use reading::read;
use saving::{InHand, NOT_PUBLISHED, Pending, Told};

/// Whether a record is to be seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// By everybody.
    #[default]
    Published,
    /// Only by those who keep it.
    Unpublished,
    /// By nobody any more; a tombstone says so.
    Gone,
}

impl State {
    fn from_number(number: i16) -> Self {
        match number {
            0 => Self::Published,
            1 => Self::Unpublished,
            _ => Self::Gone,
        }
    }
}

/// Which version of a record it is, and how it came about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Counts the record's versions, from 1.
    pub revision: i64,
    /// When.
    pub changed_at: DateTime<Utc>,
    /// Who.
    pub changed_by: String,
    /// Why.
    pub why: String,
    /// From where; none of what was written before this was kept, see [`Kept::whence`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Whence>,
}

/// Through which door a change comes; they differ in what they may decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrance {
    /// A page of ours: a person who may decide how much of a place is told.
    Person,
    /// The write API, for somebody who may do the same.
    Api,
    /// A command on the server, for somebody who may do the same.
    Command,
    /// A feed or a file: it may make a place stricter, never more open, and its contacts stay as
    /// private as somebody here has made them.
    Feed,
    /// Our own complete export, put into a directory that had nothing. What was scrubbed since stays scrubbed.
    OwnExport,
}

impl Entrance {
    /// Whether it is for people, who may decide how much of a place is told.
    pub fn is_for_people(self) -> bool {
        matches!(self, Self::Person | Self::Api | Self::Command)
    }
}

/// Who changes something, and why.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who, as history shows it.
    pub name: String,
    /// Why, as history shows it.
    pub why: String,
    /// Through which door.
    pub entrance: Entrance,
}

/// A document on its way in.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The document: references by id, nothing nested.
    pub document: Document,
    /// Whether it is to be seen.
    pub state: State,
    /// Which directory it comes from; empty for our own.
    pub origin: String,
    /// What its source called it, where that was not a UUID.
    pub source_id: Option<String>,
    /// The version that the writer has read; anything else is a conflict.
    pub expected_revision: Option<i64>,
    /// The version it was in the directory that exported it.
    pub kept: Option<Kept>,
}

impl Draft {
    /// A new public document of our own.
    pub fn new(document: Document) -> Self {
        Self { document, state: State::Published, origin: String::new(), source_id: None, expected_revision: None, kept: None }
    }
}

/// What became of a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// It was not there before.
    Created,
    /// It was different before.
    Updated,
    /// It was the same before; nothing was written.
    Unchanged,
}

/// Why something was not changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] db::Error),
    /// Somebody else was quicker.
    #[error("record {id} is at revision {found}, not {expected}")]
    Stale {
        /// The record.
        id: Uuid,
        /// What the writer had read.
        expected: i64,
        /// What is there.
        found: i64,
    },
    /// There is nothing under this id.
    #[error("record {0} does not exist")]
    NotFound(Uuid),
    /// What another directory publishes is followed from there, and is not ours to change or to take over.
    #[error("record {id} belongs to {origin} and comes from there; you can hide it here or add to it")]
    Foreign {
        /// The record.
        id: Uuid,
        /// Whose it is.
        origin: String,
    },
    /// Only records of other directories are annotated; our own are edited.
    #[error("record {0} is our own: change it instead of annotating it")]
    NotForeign(Uuid),
    /// More is to be added to a record than can be.
    #[error("at most 50 terms and a note of 2,000 characters can be added to record {0}")]
    TooMuch(Uuid),
    /// The record has no such contact, and never had.
    #[error("record {record} does not have, and has never had, contact {contact}")]
    NoContact {
        /// The record.
        record: Uuid,
        /// The contact.
        contact: Uuid,
    },
    /// Nothing in the record says so, and nothing ever did.
    #[error("record {0} does not have, and has never had, these words outside its contacts")]
    NoWords(Uuid),
    /// The id belongs to a record of another kind.
    #[error("{id} is the id of a {found}, so it cannot be used for a {wanted}")]
    OtherKind {
        /// The id.
        id: Uuid,
        /// What has it.
        found: Kind,
        /// What wants it.
        wanted: Kind,
    },
    /// Somebody has decided it already, or its author took it back.
    #[error("proposal {0} has already been decided or withdrawn")]
    Decided(Uuid),
    /// What was accepted of a change gives no document that can stand.
    #[error("this {kind} cannot be published: {problem}")]
    Unfit {
        /// Kind of the record.
        kind: Kind,
        /// What is wrong.
        problem: String,
    },
    /// What is stored cannot be read. Never the fault of the caller.
    #[error("record {id} is damaged: {problem}")]
    Damaged {
        /// The record.
        id: Uuid,
        /// What is wrong with it.
        problem: String,
    },
}

/// What a save did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What became of each draft, in their order.
    pub saved: Vec<Saved>,
    /// Where the order of everything published stood before.
    pub began: Position,
    /// Where it stands now.
    pub position: Position,
    /// Whether something was taken out for good.
    pub scrubbed: bool,
    /// Whether any of the drafts, or of what they led to, keeps a place from everybody.
    pub withholds: bool,
}

/// Moments of last change that a directory's own export brings along, by record.
pub type LastModified = HashMap<Uuid, DateTime<Utc>>;

/// The records of this directory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Records {
    db: Database,
    clock: Clock,
    signer: Arc<Signer>,
    withheld_categories: SecretWords,
    limits: Option<Limits>,
}

impl Records {
    /// Records in `db`.
    pub fn new(db: Database, clock: Clock, signer: Arc<Signer>, withheld_categories: &[String]) -> Self {
        Self { db, clock, signer, withheld_categories: SecretWords::new(withheld_categories), limits: None }
    }

    /// The database they are in.
    pub fn database(&self) -> &Database {
        &self.db
    }

    /// Who signs what is published.
    pub fn signer(&self) -> &Arc<Signer> {
        &self.signer
    }

    /// The clock they go by.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Words that name categories whose places are secret.
    pub fn withheld_categories(&self) -> &SecretWords {
        &self.withheld_categories
    }
}
