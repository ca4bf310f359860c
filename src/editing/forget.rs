//! Taking out somebody's data: a contact of a listing, or everything about a person.

use uuid::Uuid;

use super::{Editing, Error, appeals, caller};
use crate::{
    db::Transaction,
    identity::{Action, Actor, Identity, PersonId, Subject},
    records::Forgotten,
};

impl Editing {
    /// Take a contact out of a record, its history, what waits, and the copies of those who follow us. The
    /// audit trail says that it was done, and nothing of whom it was.
    /// # Errors
    /// [`Error::Forbidden`]; no such contact as [`crate::records::Error`] says; or when the database fails.
    pub async fn erase_contact(&self, actor: &Actor, record: Uuid, contact: Uuid, reason: &str) -> Result<(), Error> {
        Self::require(actor, Action::Erase, &Subject::Directory, "only a moderator can erase someone's data")?;
        let tx = self.records.database().write().await?;
        let why = format!("a contact was erased: {reason}");
        self.records.erase_contact(&tx, &caller(actor, &why), record, contact).await?;
        self.identity.note(&tx, &actor.known_as(), "erase a contact", &record.to_string(), reason, actor.client()).await?;
        Ok(tx.commit().await?)
    }

    /// Delete the account of somebody else who asks for it.
    /// # Errors
    /// [`Error::Forbidden`]; [`crate::identity::Error::LastLead`] while others depend on them; or when the
    /// database fails.
    pub async fn forget_other(&self, actor: &Actor, person: PersonId, reason: &str) -> Result<Forgotten, Error> {
        if actor.person_id() == Some(person) {
            return Err(Error::Forbidden("delete your own account from your own page"));
        }
        Self::require(actor, Action::ManagePeople, &Subject::Directory, "only an administrator deletes accounts")?;
        self.identity.person(person).await?.ok_or(Error::NotFound(person.0))?;
        let tx = self.records.database().write().await?;
        let forgotten = self.forget_person(&tx, &actor.known_as(), person, reason).await?;
        tx.commit().await?;
        Ok(forgotten)
    }

    /// Delete everything about a person: who they are, and what they wrote here that nobody needs without
    /// them. Whoever may do so is for the caller to decide. The caller commits.
    /// # Errors
    /// [`crate::identity::Error::LastLead`] while others depend on them; or when the database fails.
    pub async fn forget_person(&self, tx: &Transaction, by: &str, person: PersonId, reason: &str) -> Result<Forgotten, Error> {
        let who = Identity::known_as(person);
        self.identity.forget(tx, person).await?;
        appeals::forget(tx, &who).await?;
        let forgotten = self.records.forget_author(tx, &who).await?;
        let what = if by == who { "be forgotten" } else { "forget" };
        self.identity.note(tx, by, what, &who, reason, None).await?;
        tx.sweep_later().await?;
        Ok(forgotten)
    }
}
