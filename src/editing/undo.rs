//! Hiding, restoring, and putting an earlier version back. Nothing is ever deleted by it.

use uuid::Uuid;

use super::{Became, Call, Editing, Error, Sight, Submission, Write, call_backs::About, caller, letters};
use crate::{
    db::Transaction,
    identity::{Action, Actor, Deed, Identity},
    mail,
    records::{self, Draft, Kept, LastModified, Saved, State, Stored},
};

impl Editing {
    /// Let a listing be seen by nobody but those who keep it, at once, here and by those who follow us. One of
    /// another directory is hidden here, and stays so whatever its source changes.
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::NeedsReason`]; or when the database fails.
    pub async fn hide(&self, actor: &Actor, id: Uuid, reason: &str) -> Result<(), Error> {
        let sight = self.look(actor, id).await?;
        Self::require(actor, Action::Hide, &sight.subject(), "only a moderator can hide a listing")?;
        let reason = said(reason)?;
        let caller = caller(actor, &format!("hidden: {reason}"));
        let tx = self.records.database().write().await?;
        // Whatever somebody saves at this moment is hidden with it: no version is worth a second look first.
        let stored = self.records.hold(&tx, &[id]).await?.remove(&id).ok_or(Error::NotFound(id))?;
        let outcome = self.records.hide(&tx, &caller, id).await?;
        if outcome.saved == [Saved::Unchanged] {
            // It is hidden already, and those who keep it have been told.
            return Ok(());
        }
        self.tell_keepers(&tx, actor, &stored, State::Unpublished, reason).await?;
        self.identity.note(&tx, &actor.known_as(), Deed::Hide, &id.to_string(), reason, actor.client()).await?;
        Ok(tx.commit().await?)
    }

    /// Let a hidden or withdrawn listing be seen again, as it was at the version that the moderator looked at,
    /// with those of its places that nobody sees, as they were at the versions `places` (see [`versions_of`]).
    /// # Errors
    /// As [`Editing::hide`]; [`Error::NeedsCallBack`] for a protected one; stale as [`records::Error`] says.
    pub async fn show_again(
        &self,
        actor: &Actor,
        id: Uuid,
        (revision, places): (i64, &str),
        reason: &str,
        called_back: Option<&Call>,
    ) -> Result<(), Error> {
        let sight = self.look(actor, id).await?;
        Self::require(actor, Action::Hide, &sight.subject(), "only a moderator can show a hidden listing again")?;
        let found = sight.stored.kept.revision;
        if found != revision {
            return Err(records::Error::Stale { id, expected: revision, found }.into());
        }
        // The places of another directory's listing are its own.
        let unseen = if sight.is_foreign() { Vec::new() } else { self.unseen_places(&sight.document).await? };
        if versions_of(&unseen) != places {
            return Err(records::Error::Stale { id, expected: revision, found }.into());
        }
        // Whoever has not said why is asked for that first.
        let reason = said(reason)?;
        let called = if sight.protected { Some(self.checked_call(called_back, &[id], None).await?) } else { None };
        let caller = caller(actor, &format!("shown again: {reason}"));
        let tx = self.records.database().write().await?;
        if sight.is_foreign() && sight.is_public() {
            self.records.show_here(&tx, &caller, id, true).await?;
        } else {
            let drafts: Vec<Draft> = unseen.iter().chain([&sight.stored]).map(as_it_was).collect::<Result<_, _>>()?;
            self.records.save(&tx, &caller, drafts, &LastModified::new()).await?;
        }
        self.tell_keepers(&tx, actor, &sight.stored, State::Published, reason).await?;
        self.identity.note(&tx, &actor.known_as(), Deed::Show, &id.to_string(), reason, actor.client()).await?;
        if let Some(called) = &called {
            self.keep_call(&tx, (&actor.known_as(), actor.client()), called, &[id], About::Edit).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Withdraw a listing for good; its tombstone says why. A group may take out its own, unless it is protected:
    /// somebody who is looked for by others must not lose the number that they know.
    /// # Errors
    /// [`Error::Forbidden`], [`Error::Foreign`]; stale as [`records::Error`] says; or when the database fails.
    pub async fn withdraw(&self, actor: &Actor, sight: &Sight, revision: i64, why: &str) -> Result<(), Error> {
        if sight.is_foreign() {
            return Err(Error::Foreign { origin: sight.stored.origin.clone() });
        }
        Self::require(actor, Action::Edit, &sight.subject(), "you do not have permission to withdraw this listing")?;
        if sight.protected {
            Self::require(actor, Action::Hide, &sight.subject(), "only a moderator can withdraw a protected listing")?;
        }
        // The tombstone is public and signed: nobody's own words stand in it.
        let public = caller(actor, "withdrawn by its editors");
        let tx = self.records.database().write().await?;
        self.records.withdraw(&tx, &public, sight.stored.id, Some(revision)).await?;
        self.identity.note(&tx, &actor.known_as(), Deed::Withdraw, &sight.stored.id.to_string(), why, actor.client()).await?;
        Ok(tx.commit().await?)
    }

    /// Tell those who keep a listing that it is hidden, or shown again, and why.
    async fn tell_keepers(
        &self,
        tx: &Transaction,
        actor: &Actor,
        stored: &Stored,
        state: State,
        reason: &str,
    ) -> Result<(), Error> {
        let letter_of = if state == State::Published { letters::shown_again } else { letters::hidden };
        let document = stored.read()?;
        for owner in self.owners(&document).await? {
            for member in self.identity.members(owner).await? {
                if Identity::known_as(member.person.id) == actor.known_as() {
                    continue;
                }
                let about = (stored.id, document.name());
                let letter = letter_of(&member.person.email, about, reason, &self.about.public_url, &self.about.name);
                mail::queue(tx, &letter, self.records.clock().now()).await?;
            }
        }
        Ok(())
    }

    /// Put an earlier version back, as a new one, in place of the one that was `seen`. What is risky about that waits
    /// like any other edit.
    /// # Errors
    /// [`Error::NotFound`] when there is no such version; stale when another one than was seen stands; otherwise as
    /// [`Editing::submit`].
    pub async fn put_back(
        &self,
        actor: &Actor,
        id: Uuid,
        (revision, seen): (i64, i64),
        called_back: Option<Call>,
    ) -> Result<Became, Error> {
        let sight = self.look(actor, id).await?;
        let versions = self.records.history(id).await?;
        let version = versions.iter().find(|version| version.kept.revision == revision).ok_or(Error::NotFound(id))?;
        let mut document = version.read()?;
        keep_assurance(&mut document, &sight.document);
        let write = Write { document, expected_revision: Some(seen) };
        let why = restored(revision);
        self.submit(actor, Submission { writes: vec![write], why, called_back, slips_are_meant: true, ..Submission::default() })
            .await
    }

    /// Undo the last change, if it was this actor's own.
    /// # Errors
    /// [`Error::Forbidden`] when somebody else has changed it since; otherwise as [`Editing::put_back`].
    pub async fn undo(&self, actor: &Actor, id: Uuid, revision: i64) -> Result<Became, Error> {
        let sight = self.look(actor, id).await?;
        let Kept { revision: found, changed_by, .. } = &sight.stored.kept;
        if *found != revision {
            return Err(records::Error::Stale { id, expected: revision, found: *found }.into());
        }
        if *changed_by != actor.known_as() || revision < 2 {
            return Err(Error::Forbidden("only your own last change can be undone"));
        }
        self.put_back(actor, id, (revision - 1, revision), None).await
    }
}

/// The reason that somebody gives.
fn said(reason: &str) -> Result<&str, Error> {
    let reason = reason.trim();
    if reason.is_empty() { Err(Error::NeedsReason { field: "it".to_owned() }) } else { Ok(reason) }
}

/// What is stored, to be public as it is.
fn as_it_was(stored: &Stored) -> Result<Draft, Error> {
    Ok(Draft {
        origin: stored.origin.clone(),
        source_id: stored.source_id.clone(),
        expected_revision: Some(stored.kept.revision),
        ..Draft::new(stored.read()?)
    })
}

/// Why there is a version that puts an earlier one back.
pub fn restored(revision: i64) -> String {
    format!("version {revision} restored")
}

/// Which versions of places somebody has looked at, as a form carries it.
pub fn versions_of(places: &[Stored]) -> String {
    places.iter().map(|place| format!("{}:{}", place.id, place.kept.revision)).collect::<Vec<_>>().join(" ")
}

/// Whether a listing was checked is not part of what is put back.
fn keep_assurance(document: &mut crate::model::Document, now: &crate::model::Document) {
    if let (crate::model::Document::Service(then), crate::model::Document::Service(now)) = (document, now) {
        then.assured_date.clone_from(&now.assured_date);
        then.assurer_email.clone_from(&now.assurer_email);
    }
}
