//! Passkeys: a second step after the link by mail, for those who decide about other people's listings.
//!
//! A thief who reads an officer's mail can sign in as them. What they cannot do is touch the officer's
//! key or unlock their phone. So whoever has a passkey, or has to have one by the settings, is no officer
//! in a session until one was shown in it: [`super::can()`] sees no role. Who comes through a provider that
//! answers for the domain of their address has shown there what their council wants to see; any other provider
//! knows of the address only that its mail was read.
//!
//! The first passkey is taken on the word of the link alone, and told by mail. Every further one needs
//! one that is known, however its owner came in. Of a passkey only the public half stands here.

mod store;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use url::Url;
use uuid::Uuid;
use webauthn_rs::{
    Webauthn, WebauthnBuilder,
    prelude::{Passkey, PasskeyAuthentication, PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential},
};

use super::{Action, Error, Hashed, Identity, LINK_LIFE, Person, PersonId, Session, Strength};
use crate::{
    config::SecondStep,
    db::{self, Transaction},
};

/// Somebody has at most so many.
const MOST: usize = 10;

/// How this directory asks browsers for passkeys. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Passkeys(Arc<Webauthn>);

impl Passkeys {
    /// For the directory of this name at this address; none where the address has a number for a host,
    /// because browsers keep passkeys for names only.
    pub fn at(public_url: &Url, name: &str) -> Option<Self> {
        let builder = WebauthnBuilder::new(public_url.domain()?, public_url).ok()?;
        builder.rp_name(name).build().ok().map(|webauthn| Self(Arc::new(webauthn)))
    }
}

/// A passkey as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownPasskey {
    /// Names it.
    pub id: Uuid,
    /// Whose.
    pub person: PersonId,
    /// What its owner calls it.
    pub name: String,
    /// Its public half.
    public: String,
    /// Since when.
    pub added_at: DateTime<Utc>,
    /// When it was last shown.
    pub used_at: Option<DateTime<Utc>>,
}

impl KnownPasskey {
    /// As the library knows it. One that cannot be read is a fault, never no passkey: whoever has one must
    /// not be let in as if they had none.
    fn read(&self) -> Result<Passkey, db::Error> {
        db::decode(&self.public, || format!("passkey {}", self.id))
    }
}

/// What somebody has yet to do before they are an officer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owed {
    /// Show a passkey.
    Show,
    /// Add one: they have none.
    Add,
}

/// Every passkey, for a backup.
/// # Errors
/// When the database fails.
pub(super) async fn everybodys(snapshot: &Transaction) -> Result<Vec<KnownPasskey>, db::Error> {
    store::all(snapshot.connection()).await
}

/// Put one back from a backup.
/// # Errors
/// When the database fails.
pub(super) async fn put_back(tx: &Transaction, one: &KnownPasskey) -> Result<(), db::Error> {
    store::put(tx, one).await
}

/// Whether somebody with these passkeys may add or remove some in this session.
fn may_change(session: &Session, known: &[KnownPasskey]) -> bool {
    known.is_empty() || session.second_at.is_some()
}

impl Identity {
    /// What somebody who signs in like this owes before they are an officer; nothing where they are none.
    /// # Errors
    /// When the database fails.
    pub async fn owed(&self, person: &Person, strength: &Strength) -> Result<Option<Owed>, Error> {
        if person.role.is_none() || matches!(strength, Strength::Provider(_)) {
            return Ok(None);
        }
        if !store::of_person(self.db.reader(), person.id).await?.is_empty() {
            return Ok(Some(Owed::Show));
        }
        Ok(self.has_to_have_one(person).then_some(Owed::Add))
    }

    /// Whether somebody's role needs a passkey here: one that lets them change or confirm other people's
    /// listings.
    fn has_to_have_one(&self, person: &Person) -> bool {
        self.second_step == SecondStep::Officers && person.may(Action::ConfirmByPhone)
    }

    /// Somebody's passkeys, the oldest first.
    /// # Errors
    /// When the database fails.
    pub async fn passkeys(&self, person: PersonId) -> Result<Vec<KnownPasskey>, Error> {
        Ok(store::of_person(self.db.reader(), person).await?)
    }

    /// Whether somebody may add or remove passkeys in this session: whoever has one shows it first.
    /// # Errors
    /// When the database fails.
    pub async fn may_change_passkeys(&self, session: &Session) -> Result<bool, Error> {
        Ok(may_change(session, &self.passkeys(session.person).await?))
    }

    /// What a browser is asked with to make a passkey, as JSON; none where somebody has enough of them.
    /// # Errors
    /// When the database fails.
    pub async fn ask_to_add(
        &self,
        tx: &Transaction,
        passkeys: &Passkeys,
        person: &Person,
        session: &Session,
    ) -> Result<Option<String>, Error> {
        let known = self.passkeys(person.id).await?;
        if known.len() >= MOST {
            return Ok(None);
        }
        let known = keys(&known)?.iter().map(|key| key.cred_id().clone()).collect();
        let (email, shown) = (person.email.as_str(), person.shown());
        let Ok((question, state)) = passkeys.0.start_passkey_registration(person.id.0, email, shown, Some(known)) else {
            return Ok(None);
        };
        self.keep_question(tx, session, "to add", &state).await?;
        Ok(Some(json_of(&question)?))
    }

    /// Add the passkey that a browser made. False where its answer does not hold; the question is used
    /// up either way, and the caller commits either way.
    /// # Errors
    /// When the database fails.
    pub async fn add_passkey(
        &self,
        tx: &Transaction,
        passkeys: &Passkeys,
        session: &Session,
        name: &str,
        answer: &str,
    ) -> Result<bool, Error> {
        let state = self.take_question::<PasskeyRegistration>(tx, session, "to add").await?;
        let answer = serde_json::from_str::<RegisterPublicKeyCredential>(answer).ok();
        let (Some(state), Some(answer)) = (state, answer) else { return Ok(false) };
        let Ok(key) = passkeys.0.finish_passkey_registration(&answer, &state) else { return Ok(false) };
        let known = store::of_person_locked(tx, session.person).await?;
        // Asked again here: another session may have added the first one since the page was opened.
        let may = may_change(session, &known);
        let is_new = keys(&known)?.iter().all(|other| *other != key);
        if !(may && is_new && known.len() < MOST) {
            return Ok(false);
        }
        let now = self.clock.now();
        let one = KnownPasskey {
            id: crate::ids::fresh(),
            person: session.person,
            name: name.to_owned(),
            public: json_of(&key)?,
            added_at: now,
            used_at: Some(now),
        };
        store::put(tx, &one).await?;
        // Whoever made it has just shown it.
        self.note_second_step(tx, session.id).await?;
        Ok(true)
    }

    /// What a browser is asked with to show a passkey, as JSON; none where there is none to show.
    /// # Errors
    /// When the database fails.
    pub async fn ask_for_passkey(
        &self,
        tx: &Transaction,
        passkeys: &Passkeys,
        session: &Session,
    ) -> Result<Option<String>, Error> {
        let known = keys(&self.passkeys(session.person).await?)?;
        if known.is_empty() {
            return Ok(None);
        }
        let Ok((question, state)) = passkeys.0.start_passkey_authentication(&known) else { return Ok(None) };
        self.keep_question(tx, session, "to show", &state).await?;
        Ok(Some(json_of(&question)?))
    }

    /// Take the second step with what a browser answered. False where it does not hold; the question is
    /// used up either way, and the caller commits either way.
    /// # Errors
    /// When the database fails.
    pub async fn show_passkey(
        &self,
        tx: &Transaction,
        passkeys: &Passkeys,
        session: &Session,
        answer: &str,
    ) -> Result<bool, Error> {
        let state = self.take_question::<PasskeyAuthentication>(tx, session, "to show").await?;
        let answer = serde_json::from_str::<PublicKeyCredential>(answer).ok();
        let (Some(state), Some(answer)) = (state, answer) else { return Ok(false) };
        let Ok(shown) = passkeys.0.finish_passkey_authentication(&answer, &state) else { return Ok(false) };
        // One that was removed since the question was asked is none any more.
        for mut known in store::of_person_locked(tx, session.person).await? {
            let mut key = known.read()?;
            if key.cred_id() != shown.cred_id() {
                continue;
            }
            key.update_credential(&shown);
            known.public = json_of(&key)?;
            known.used_at = Some(self.clock.now());
            store::put(tx, &known).await?;
            self.note_second_step(tx, session.id).await?;
            return Ok(true);
        }
        Ok(false)
    }

    /// Call one of somebody's passkeys something else.
    /// # Errors
    /// [`Error::NotFound`] when it is not theirs; or when the database fails.
    pub async fn rename_passkey(&self, tx: &Transaction, person: PersonId, id: Uuid, name: &str) -> Result<(), Error> {
        let mut one = self.one_of(tx, person, id).await?.0;
        name.clone_into(&mut one.name);
        Ok(store::put(tx, &one).await?)
    }

    /// Remove one of somebody's own passkeys.
    /// # Errors
    /// [`Error::NotFound`] when it is not theirs, [`Error::LastPasskey`] when they need it; or when the
    /// database fails.
    pub async fn remove_passkey(&self, tx: &Transaction, person: &Person, id: Uuid) -> Result<(), Error> {
        let (one, others) = self.one_of(tx, person.id, id).await?;
        if others == 0 && self.has_to_have_one(person) {
            return Err(Error::LastPasskey);
        }
        Ok(store::remove(tx, one.id).await?)
    }

    async fn one_of(&self, tx: &Transaction, person: PersonId, id: Uuid) -> Result<(KnownPasskey, usize), Error> {
        let known = store::of_person_locked(tx, person).await?;
        let others = known.len().saturating_sub(1);
        let one = known.into_iter().find(|one| one.id == id).ok_or(Error::NotFound { what: "passkey", id })?;
        Ok((one, others))
    }

    /// Forget all passkeys of somebody who has lost them, and end their sessions; how many there were.
    /// # Errors
    /// When the database fails.
    pub async fn reset_passkeys(&self, tx: &Transaction, person: PersonId) -> Result<u64, Error> {
        self.end_sessions(tx, person).await?;
        self.forget_passkeys(tx, person).await
    }

    pub(super) async fn forget_passkeys(&self, tx: &Transaction, person: PersonId) -> Result<u64, Error> {
        Ok(store::remove_all(tx, person).await?)
    }

    async fn keep_question(&self, tx: &Transaction, session: &Session, what: &str, state: &impl Serialize) -> Result<(), Error> {
        Ok(self.keep_state(tx, &question(session, what), &json_of(state)?, self.clock.now() + LINK_LIFE).await?)
    }

    async fn take_question<T: DeserializeOwned>(
        &self,
        tx: &Transaction,
        session: &Session,
        what: &str,
    ) -> Result<Option<T>, Error> {
        let json = self.take_state(tx, &question(session, what)).await?;
        Ok(json.map(|json| db::decode(&json, || "a question about a passkey")).transpose()?)
    }
}

/// All of them, as the library knows them.
fn keys(known: &[KnownPasskey]) -> Result<Vec<Passkey>, db::Error> {
    known.iter().map(KnownPasskey::read).collect()
}

fn json_of(what: &impl Serialize) -> Result<String, db::Error> {
    serde_json::to_string(what).map_err(|error| db::damaged("what a passkey needs", error))
}

/// What a session was asked stands under this name: another session has no part in it.
fn question(session: &Session, what: &str) -> Hashed {
    Hashed::of(&format!("a passkey {what}\n{}", session.id))
}
