//! Who somebody is and what they may do.
//!
//! A person is an email address that was proved, once by a link or by an identity provider. There are
//! no passwords. Secrets (links, sessions, tokens) are random, stood here only as their hashes, and
//! end by themselves. [`can()`] is the one place that decides who may do what; everything that is not
//! allowed there is refused.
//!
//! Not here: how pages and programs present their secrets (`http`), what a change becomes (`editing`).

mod audit;
mod can;
pub mod copies;
mod email;
mod kept_forms;
pub mod letters;
mod members;
mod noting;
mod passkeys;
mod people;
pub mod providers;
mod secret;
mod sessions;
mod sign_in;
mod tokens;
mod way_back;

use uuid::Uuid;

use crate::{
    clock::Clock,
    config::SecondStep,
    db::{self, Database, Transaction},
};

pub use audit::{Deed, Entry, Sought};
pub use can::{Action, Actor, Door, ROLES, RULES, Role, Subject, can};
pub use email::{Email, NotAnEmail};
pub use kept_forms::SentForm;
pub use members::{Claim, ClaimState, Invitation, Member, MemberRole, Membership, SENT_TWICE};
pub use passkeys::{KnownPasskey, Owed, Passkeys};
pub use people::{Person, PersonId, PlatformRole};
pub use secret::{Hashed, Secret};
pub use sessions::{Session, Strength};
pub use sign_in::{LINK_LIFE, Link};
pub use tokens::{ApiToken, NewToken, Scope};
pub use way_back::path_of_ours;

/// People, their secrets and their roles. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Identity {
    db: Database,
    clock: Clock,
    second_step: SecondStep,
    noting: noting::Noting,
}

/// Why somebody could not be let in or given something.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] db::Error),
    /// Nobody has this id or address.
    #[error("there is no person {0}")]
    NoPerson(String),
    /// There is no such claim, invitation, session or token, or it is over.
    #[error("{what} {id} does not exist or has expired")]
    NotFound {
        /// What was asked for.
        what: &'static str,
        /// Which.
        id: Uuid,
    },
    /// An organisation keeps one lead as long as it has members.
    #[error("the last lead cannot leave while other members remain: make someone else a lead first")]
    LastLead,
    /// Who has to show a passkey keeps one.
    #[error("this is your only passkey and your role needs one: add another before you remove this one")]
    LastPasskey,
}

impl Identity {
    /// The people in `db`.
    pub fn new(db: Database, clock: Clock) -> Self {
        Self { db, clock, second_step: SecondStep::Nobody, noting: noting::Noting::default() }
    }

    /// The same, where these have to show a passkey after the link by mail.
    #[must_use]
    pub fn with_second_step(self, second_step: SecondStep) -> Self {
        Self { second_step, ..self }
    }

    /// Begin a transaction, for what has to happen together with what is done here.
    /// # Errors
    /// When the database is out of reach.
    pub async fn write(&self) -> Result<Transaction, Error> {
        Ok(self.db.write().await?)
    }

    /// What history and audit trail call this person: an id, so that nothing has to be rewritten when
    /// the person asks to be forgotten.
    pub fn known_as(person: PersonId) -> String {
        format!("person:{person}")
    }

    /// What to show for a name of history: people by their name, those who are gone as a former editor,
    /// programs by the name of their token, everything else as it is.
    /// # Errors
    /// When the database fails.
    pub async fn shown_as(&self, name: &str) -> Result<String, Error> {
        if let Some(id) = name.strip_prefix("token:").and_then(|id| id.parse().ok()) {
            let known = self.token(id).await?;
            return Ok(known.map_or_else(|| "a former program".to_owned(), |token| format!("{} (a program)", token.name)));
        }
        let Some(id) = name.strip_prefix("person:").and_then(|id| id.parse().ok()) else { return Ok(name.to_owned()) };
        Ok(self.person(PersonId(id)).await?.map_or_else(|| "a former editor".to_owned(), |person| person.shown().to_owned()))
    }
}
