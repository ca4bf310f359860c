//! Changing listings by people and their programs: what of an edit stands at once and what waits, who
//! decides it, and how it is undone.
//!
//! The published version stays as it is while a change waits. Pages, the write API and commands call
//! the same functions; each asks [`identity::can`] first.
//!
//! Not here: who somebody is (`identity`), how a document is stored and published (`records`).

mod api;
mod appeals;
mod body;
mod bundles;
mod call_backs;
mod claims;
mod closing;
mod compared;
mod decide;
mod declarations;
mod describe;
mod essentials;
mod find;
mod forget;
mod letters;
mod logo;
mod preview;
mod reopen;
mod rights;
mod risk;
mod sayable;
mod sight;
mod slips;
mod submit;
mod talk;
mod undo;

use std::sync::Arc;

use url::Url;
use uuid::Uuid;

use crate::{
    db,
    http::{Fault, Problem, Proxies},
    identity::{self, Action, Actor, Door, Identity, Subject, can},
    published::redaction::SecretWords,
    records::{self, Caller, Entrance, Records},
};

pub use api::routes;
pub use appeals::{Answered, Appeal, is_refused};
pub use bundles::{Whole, can_be_left_out, main_of};
pub use call_backs::{Call, CallBack, Called, FoundSaid, KnownNumber, Way};
pub use claims::Claimed;
pub use closing::{Standing, is_open};
pub use decide::{Judgement, OneChange, Queued, Waiting};
pub use declarations::Said;
pub use describe::openapi_paths;
pub use essentials::{Essential, lacking};
pub use find::{Found, MOST as MOST_FOUND};
pub use forget::Theirs;
pub(crate) use letters::{became_of, in_words, words_for};
pub use logo::{picture_named, picture_path};
pub use risk::{Risk, risk};
pub(crate) use risk::{closed_until, say_closed_until};
pub use sight::Sight;
pub use submit::{Became, Submission, Write};
pub use talk::Talk;
pub use undo::{restored, versions_of};

/// What edits go by. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Editing {
    records: Records,
    identity: Identity,
    about: Arc<About>,
    /// What was read of listings to know whether they are protected.
    signs: sight::Remembered,
}

/// What edits have to know of this directory.
#[derive(Clone, Debug)]
pub struct About {
    /// Words that name categories of listings that could be used to reach somebody in danger.
    pub protected_categories: SecretWords,
    /// How the world reaches us.
    pub public_url: Url,
    /// The directory's name.
    pub name: String,
    /// How requests that come through proxies are told apart.
    pub proxies: Proxies,
    /// Whether text messages can be sent.
    pub sends_texts: bool,
    /// A draft that nobody touches for so many days is deleted.
    pub keeps_drafts: u16,
}

/// Why something was not changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is nothing under this id, or nothing that this actor may know of.
    #[error("record {0} does not exist")]
    NotFound(Uuid),
    /// Whoever asks may not.
    #[error("{0}")]
    Forbidden(&'static str),
    /// The record is another directory's.
    #[error("this listing comes from {origin}; ask there to have it changed")]
    Foreign {
        /// Whose.
        origin: String,
    },
    /// The document cannot stand.
    #[error("{}", list(.0))]
    Unfit(Vec<Fault>),
    /// A protected listing changes only after somebody was called back: what is missing or wrong of that.
    #[error("{}", .0.problem)]
    NeedsCallBack(Fault),
    /// A refusal needs a reason.
    #[error("say why {field} is refused: the author will see the reason")]
    NeedsReason {
        /// Which part.
        field: String,
    },
    /// The records.
    #[error(transparent)]
    Records(#[from] records::Error),
    /// The people.
    #[error(transparent)]
    Identity(#[from] identity::Error),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] db::Error),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let said = error.to_string();
        match error {
            Error::NotFound(_)
            | Error::Records(records::Error::NotFound(_) | records::Error::NoContact { .. } | records::Error::NoWords(_))
            | Error::Identity(identity::Error::NotFound { .. }) => Self::not_found(said),
            Error::Forbidden(_) | Error::Foreign { .. } | Error::Records(records::Error::Foreign { .. }) => {
                Self::forbidden(&said)
            }
            Error::Unfit(faults) => Self::unfit(said, faults),
            Error::NeedsCallBack(fault) => Self::unfit(said, vec![fault]),
            Error::NeedsReason { .. } | Error::Records(records::Error::Unfit { .. } | records::Error::OtherKind { .. }) => {
                Self::unfit(said, Vec::new())
            }
            Error::Records(records::Error::Stale { .. } | records::Error::Decided(_))
            | Error::Identity(identity::Error::LastLead | identity::Error::LastPasskey) => Self::conflict(said),
            Error::Database(error)
            | Error::Identity(identity::Error::Database(error))
            | Error::Records(records::Error::Database(error)) => error.into(),
            Error::Records(_) | Error::Identity(_) => Self::internal(&error),
        }
    }
}

fn list(faults: &[Fault]) -> String {
    let said = |fault: &Fault| match fault.field.as_str() {
        "" => fault.problem.clone(),
        field => format!("{field}: {}", fault.problem),
    };
    faults.iter().map(said).collect::<Vec<_>>().join("; ")
}

impl Editing {
    /// Editing of these records by these people.
    pub fn new(records: Records, identity: Identity, about: About) -> Self {
        Self { records, identity, about: Arc::new(about), signs: sight::Remembered::default() }
    }

    /// The people.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The records.
    pub fn records(&self) -> &Records {
        &self.records
    }

    /// What it goes by.
    pub fn about(&self) -> &About {
        &self.about
    }

    fn require(actor: &Actor, action: Action, subject: &Subject, why_not: &'static str) -> Result<(), Error> {
        if can(actor, action, subject) { Ok(()) } else { Err(Error::Forbidden(why_not)) }
    }
}

/// An actor as history names them.
fn caller(actor: &Actor, why: &str) -> Caller {
    let entrance = match actor.door() {
        Door::Page => Entrance::Person,
        Door::Api => Entrance::Api,
        Door::Command => Entrance::Command,
    };
    Caller { name: actor.known_as(), why: why.to_owned(), entrance }
}
