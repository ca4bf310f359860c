//! Taking out somebody's data: a contact or words of a listing, or everything about a person.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Editing, Error, appeals, call_backs};
use crate::{
    db::Transaction,
    identity::{Action, Actor, Deed, Identity, Person, PersonId, Subject},
    mail,
    published::redaction::Known,
    records::{self, Caller, Entrance, Forgotten},
};

/// What is taken out of a record for somebody.
#[derive(Clone, Debug)]
pub enum Theirs {
    /// The contact with this id.
    Contact(Uuid),
    /// Their name, email address or telephone number, wherever it stands.
    Words(String),
}

/// Whether a letter names somebody. A name of one word may be a word like any other, so that counts as it is written.
fn tells_of(person: &Person, letter: &str) -> bool {
    let name = person.name.trim();
    let is_named = if name.contains(char::is_whitespace) {
        Known::of_person(name).is_told_in(letter)
    } else {
        letter.split(|c: char| !c.is_alphanumeric()).any(|word| word == name)
    };
    !name.is_empty() && is_named || Known::of_person(person.email.as_str()).is_told_in(letter)
}

impl Editing {
    /// Take somebody's data out of a record, its history, what waits, and the copies of those who follow us. The
    /// audit trail says that it was done, and nothing of whom it was.
    /// # Errors
    /// [`Error::Forbidden`]; nothing of the kind as [`crate::records::Error`] says; or when the database fails.
    pub async fn erase(&self, actor: &Actor, record: Uuid, what: &Theirs, reason: &str) -> Result<(), Error> {
        Self::require(actor, Action::Erase, &Subject::Directory, "only a moderator can erase someone's data")?;
        self.erase_as(&actor.known_as(), actor.client(), record, what, reason).await.map(drop)
    }

    /// The same, whoever may do so is for the caller to decide: for somebody at the command line. Gives whether the
    /// record had any of it, or only what was said of calls or claims about it.
    /// # Errors
    /// As there, but for what may be done.
    pub async fn erase_as(
        &self,
        by: &str,
        from: Option<IpAddr>,
        record: Uuid,
        what: &Theirs,
        reason: &str,
    ) -> Result<bool, Error> {
        let tx = self.records.database().write().await?;
        let (why, action) = match what {
            Theirs::Contact(_) => (format!("a contact was erased: {reason}"), Deed::EraseContact),
            Theirs::Words(_) => (format!("somebody's details were erased: {reason}"), Deed::EraseWords),
        };
        let caller = Caller { name: by.to_owned(), why, entrance: Entrance::Person };
        let scrubbed = match what {
            Theirs::Contact(contact) => self.records.erase_contact(&tx, &caller, record, *contact).await?.scrubbed,
            Theirs::Words(words) => {
                let known = Known::of_person(words);
                let of_calls = call_backs::forget_words(&tx, record, &known).await?;
                let cleaned = of_calls + self.forget_in_claims(&tx, record, &known).await?;
                // What was said is quoted in letters, and some may not have gone yet.
                mail::forget_telling(&tx, |words| known.is_told_in(words)).await?;
                match self.records.erase_words(&tx, &caller, record, words).await {
                    // They stood only in what was said of a call or a claim, which is no part of the record.
                    Err(records::Error::NoWords(_)) if cleaned > 0 => {
                        self.records.remember_words(&tx, &caller, record, words).await?;
                        false
                    }
                    done => done?.scrubbed,
                }
            }
        };
        tx.sweep_later().await?;
        self.identity.note(&tx, by, action, &record.to_string(), reason, from).await?;
        tx.commit().await?;
        Ok(scrubbed)
    }

    /// Delete the account of somebody else who asks for it. The caller commits.
    /// # Errors
    /// [`Error::Forbidden`]; [`crate::identity::Error::LastLead`] while others depend on them; or when the
    /// database fails.
    pub async fn forget_other(
        &self,
        tx: &Transaction,
        actor: &Actor,
        person: PersonId,
        reason: &str,
    ) -> Result<Forgotten, Error> {
        if actor.person_id() == Some(person) {
            return Err(Error::Forbidden("delete your own account from your own page"));
        }
        Self::require(actor, Action::ManagePeople, &Subject::Directory, "only an administrator deletes accounts")?;
        self.identity.person(person).await?.ok_or(Error::NotFound(person.0))?;
        self.forget_person(tx, &actor.known_as(), person, reason).await
    }

    /// Delete drafts that nobody has touched since `before`, with the rights to what goes; how many. A refusal that
    /// somebody has appealed against is not over. The caller commits.
    /// # Errors
    /// When the database fails.
    pub async fn tidy_drafts(&self, tx: &Transaction, before: DateTime<Utc>) -> Result<u64, Error> {
        let appealed = self.appealed().await?;
        let gone = self.records.tidy_drafts(tx, before, &appealed).await?;
        if !gone.is_empty() {
            self.identity.forget_organisations(tx, &gone).await?;
            tx.sweep_later().await?;
        }
        Ok(gone.len() as u64)
    }

    /// Delete everything about a person: who they are, and what they wrote here that nobody needs without
    /// them. Whoever may do so is for the caller to decide. The caller commits.
    /// # Errors
    /// [`crate::identity::Error::LastLead`] while others depend on them; or when the database fails.
    pub async fn forget_person(&self, tx: &Transaction, by: &str, person: PersonId, reason: &str) -> Result<Forgotten, Error> {
        let who = Identity::known_as(person);
        if let Some(known) = self.identity.person(person).await? {
            mail::forget_telling(tx, |words| tells_of(&known, words)).await?;
        }
        self.identity.forget(tx, person).await?;
        appeals::forget(tx, &who).await?;
        let forgotten = self.records.forget_author(tx, &who).await?;
        self.records.tidy_threads(tx).await?;
        let what = if by == who { Deed::BeForgotten } else { Deed::Forget };
        self.identity.note(tx, by, what, &who, reason, None).await?;
        tx.sweep_later().await?;
        Ok(forgotten)
    }
}
