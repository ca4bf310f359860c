//! People: an address that was proved, a name, and perhaps a role for the whole directory.

mod store;

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Action, Actor, Email, Error, Identity, Subject, can};
use crate::{
    db::{self, Transaction},
    mail,
    model::text,
};

/// Names one person for good; says nothing about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonId(pub Uuid);

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A role for the whole directory, given by its administrators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum PlatformRole {
    /// Sees what is waiting and what happened; changes nothing.
    Reader,
    /// Confirms listings by phone on behalf of groups.
    Collector,
    /// Decides changes, hides and restores listings, edits everything.
    Moderator,
    /// Does all of that, and gives and removes roles.
    Administrator,
}

impl PlatformRole {
    /// Every role, the least first.
    pub const ALL: [Self; 4] = [Self::Reader, Self::Collector, Self::Moderator, Self::Administrator];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Collector => "collector",
            Self::Moderator => "moderator",
            Self::Administrator => "administrator",
        }
    }
}

impl FromStr for PlatformRole {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| format!("{text:?} is not a role"))
    }
}

/// Somebody who has signed in, or was given a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Names them for good.
    pub id: PersonId,
    /// Their address, which they have proved by the time they signed in.
    pub email: Email,
    /// How they want to be called; empty until they say so.
    pub name: String,
    /// Their role for the whole directory.
    pub role: Option<PlatformRole>,
    /// When they came.
    pub created_at: DateTime<Utc>,
    /// When they last signed in.
    pub seen_at: Option<DateTime<Utc>>,
    /// When they accepted the terms for contributors.
    pub terms_at: Option<DateTime<Utc>>,
}

impl Person {
    /// What colleagues see: the name, or the address where there is none.
    pub fn shown(&self) -> &str {
        if self.name.is_empty() { self.email.as_str() } else { &self.name }
    }

    /// Whether their role for the whole directory lets them do something.
    pub fn may(&self, action: Action) -> bool {
        can(&Actor::person(self.id, self.role, Vec::new()), action, &Subject::Directory)
    }
}

/// Everybody, for a backup.
/// # Errors
/// When the database fails.
pub(super) async fn everybody(snapshot: &Transaction) -> Result<Vec<Person>, db::Error> {
    store::all(snapshot.connection()).await
}

/// Put somebody back from a backup.
/// # Errors
/// When the database fails.
pub(super) async fn put_back(tx: &Transaction, person: &Person) -> Result<(), db::Error> {
    store::put(tx, person).await
}

impl Identity {
    /// The person with this id.
    /// # Errors
    /// When the database fails.
    pub async fn person(&self, id: PersonId) -> Result<Option<Person>, Error> {
        Ok(store::by_id(self.db.reader(), id).await?)
    }

    /// The person with this address.
    /// # Errors
    /// When the database fails.
    pub async fn person_at(&self, email: &Email) -> Result<Option<Person>, Error> {
        Ok(store::by_email(self.db.reader(), email).await?)
    }

    /// Everybody with a role for the whole directory, by address.
    /// # Errors
    /// When the database fails.
    pub async fn officers(&self) -> Result<Vec<Person>, Error> {
        Ok(store::with_role(self.db.reader()).await?)
    }

    /// Everybody.
    /// # Errors
    /// When the database fails.
    pub async fn everybody(&self) -> Result<Vec<Person>, Error> {
        Ok(store::all(self.db.reader()).await?)
    }

    /// People whose address or name has these words in it, at most 50.
    /// # Errors
    /// When the database fails.
    pub async fn find_people(&self, words: &str) -> Result<Vec<Person>, Error> {
        let (folded, plain) = (text::fold(words), words.trim().to_lowercase());
        let is_meant = |person: &Person| {
            person.email.as_str().contains(&plain) || !folded.is_empty() && text::fold(&person.name).contains(&folded)
        };
        Ok(store::all(self.db.reader()).await?.into_iter().filter(is_meant).take(50).collect())
    }

    pub(super) async fn person_in(&self, tx: &Transaction, email: &Email) -> Result<Option<Person>, Error> {
        Ok(store::by_email(tx.connection(), email).await?)
    }

    /// The person with this address, made when there is none.
    /// # Errors
    /// When the database fails.
    pub async fn welcome(&self, tx: &Transaction, email: &Email) -> Result<Person, Error> {
        if let Some(person) = store::by_email(tx.connection(), email).await? {
            return Ok(person);
        }
        let person = Person {
            id: PersonId(crate::ids::fresh()),
            email: email.clone(),
            name: String::new(),
            role: None,
            created_at: self.clock.now(),
            seen_at: None,
            terms_at: None,
        };
        if store::add(tx, &person).await? {
            return Ok(person);
        }
        // They came twice at this moment, and are one person.
        let made = store::by_email(tx.connection(), email).await?;
        Ok(made.ok_or_else(|| db::damaged("the table of people", "an address is taken and nobody has it"))?)
    }

    /// Give somebody a role for the whole directory, or take it. Their sessions end, and the tokens that they
    /// could only make because of a role: no right outlives its role, or comes back with it.
    /// # Errors
    /// When the database fails.
    pub async fn give_role(&self, tx: &Transaction, email: &Email, role: Option<PlatformRole>) -> Result<Person, Error> {
        let mut person = self.welcome(tx, email).await?;
        if person.role != role {
            person.role = role;
            store::put(tx, &person).await?;
            self.end_sessions(tx, person.id).await?;
            self.end_tokens_by_role(tx, person.id).await?;
        }
        Ok(person)
    }

    /// Whether somebody is the only administrator that there is.
    /// # Errors
    /// When the database fails.
    pub async fn is_last_administrator(&self, tx: &Transaction, person: &Person) -> Result<bool, Error> {
        let officers = store::with_role(tx.connection()).await?;
        let mut others = officers.iter().filter(|one| one.id != person.id);
        let is_one = |one: &Person| one.role == Some(PlatformRole::Administrator);
        Ok(is_one(person) && !others.any(is_one))
    }

    /// Keep what somebody says of themselves, and when they were last here. Nothing else of them is written,
    /// so that a request that was begun before a role was taken cannot bring it back.
    /// # Errors
    /// When the database fails.
    pub async fn keep_person(&self, tx: &Transaction, person: &Person) -> Result<(), Error> {
        Ok(store::keep_details(tx, person).await?)
    }

    /// Forget a person: their address, name, sessions, tokens and grants. What they did stays in
    /// history under an id that leads to nobody any more.
    /// # Errors
    /// [`Error::LastLead`] while others depend on them; or when the database fails.
    pub async fn forget(&self, tx: &Transaction, id: PersonId) -> Result<(), Error> {
        for membership in self.memberships_in(tx, id).await? {
            self.leave(tx, membership.organisation, id).await?;
            self.withdraw_invitations_by(tx, membership.organisation, id).await?;
        }
        self.forget_sessions(tx, id).await?;
        self.end_tokens_of(tx, id).await?;
        self.forget_passkeys(tx, id).await?;
        self.forget_claims(tx, id).await?;
        if let Some(person) = store::by_id(tx.connection(), id).await? {
            mail::forget(tx, person.email.as_str()).await?;
            self.forget_in_audit(tx, person.email.as_str()).await?;
            self.forget_invitations(tx, &person.email).await?;
            self.forget_links(tx, &person.email).await?;
        }
        Ok(store::remove(tx, id).await?)
    }
}
