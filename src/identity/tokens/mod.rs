//! API tokens: a program that reads or writes for one organisation.

mod store;

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Action, Actor, Error, Identity, PersonId, Secret};
use crate::db::Transaction;

/// How often the time of last use is written.
const NOTED_EACH: Duration = Duration::minutes(10);

/// The same token within so long is a form that was sent twice: longer, and somebody has read the first one's secret.
const SENT_TWICE: Duration = Duration::minutes(1);

/// What a token may be used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Read its organisation's records, including private parts.
    #[default]
    Read,
    /// Read and change them, as an editor can.
    Write,
}

/// A token as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApiToken {
    /// Names it in lists; lets nobody in.
    pub id: Uuid,
    /// What it is for, in its owner's words.
    pub name: String,
    /// The organisation that it acts for.
    pub organisation: Uuid,
    /// What it may be used for.
    pub scope: Scope,
    /// Who made it; none when a command did.
    pub person: Option<PersonId>,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Until when it works.
    pub expires_at: DateTime<Utc>,
    /// When it was last used, to ten minutes.
    pub used_at: Option<DateTime<Utc>>,
}

/// A token to be.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// What it is for.
    pub name: String,
    /// The organisation that it acts for.
    pub organisation: Uuid,
    /// What it may be used for.
    pub scope: Scope,
    /// Who makes it; none when a command does.
    pub person: Option<PersonId>,
    /// For how long it works.
    pub life: Duration,
}

impl Identity {
    /// Make a token. The secret is to be shown once. The same one that the same person made just before is ended: its
    /// form was sent twice, and nobody has read its secret.
    /// # Errors
    /// When the database fails.
    pub async fn make_token(&self, tx: &Transaction, new: NewToken) -> Result<(Secret, ApiToken), Error> {
        let now = self.clock.now();
        let secret = Secret::new();
        for twin in self.twins(tx, &new).await? {
            store::remove(tx, twin).await?;
        }
        let token = ApiToken {
            id: crate::ids::fresh(),
            name: new.name,
            organisation: new.organisation,
            scope: new.scope,
            person: new.person,
            created_at: now,
            expires_at: now + new.life,
            used_at: None,
        };
        store::put(tx, &secret.hashed(), &token).await?;
        Ok((secret, token))
    }

    /// Whether the same person has made the same token a moment ago, as by two taps: everybody has been told of it.
    /// The caller holds the organisation, so that the second of two at once sees the first.
    /// # Errors
    /// When the database fails.
    pub async fn has_just_made(&self, tx: &Transaction, new: &NewToken) -> Result<bool, Error> {
        Ok(!self.twins(tx, new).await?.is_empty())
    }

    /// The tokens that the same form has made just before, and nobody has used.
    async fn twins(&self, tx: &Transaction, new: &NewToken) -> Result<Vec<Uuid>, Error> {
        let now = self.clock.now();
        let is_twin = |one: &ApiToken| {
            let is_the_same = one.person.is_some() && one.person == new.person && one.name == new.name && one.scope == new.scope;
            is_the_same && one.used_at.is_none() && now - one.created_at < SENT_TWICE
        };
        let all = store::of_organisation(tx.connection(), Some(new.organisation)).await?;
        Ok(all.into_iter().filter(is_twin).map(|one| one.id).collect())
    }

    /// Who presents this token, with everything that decides what they may do.
    /// # Errors
    /// When the database fails.
    pub async fn presented(&self, secret: &Secret) -> Result<Option<(ApiToken, Actor)>, Error> {
        let now = self.clock.now();
        let found = store::by_hash(self.db.reader(), &secret.hashed()).await?;
        let Some(token) = found.filter(|token| token.expires_at > now) else { return Ok(None) };
        // The token of somebody who has left their organisation is worth nothing.
        if let Some(person) = token.person {
            let known = self.person(person).await?;
            let officer = known.as_ref().is_some_and(|person| person.may(Action::ManageTokens));
            let member = self.memberships(person).await?.iter().any(|membership| membership.organisation == token.organisation);
            if known.is_none() || !(officer || member) {
                return Ok(None);
            }
        }
        if token.used_at.is_none_or(|used| now - used >= NOTED_EACH) {
            let (db, id) = (self.db.clone(), token.id);
            self.noting
                .soon(id.to_string(), async move {
                    let tx = db.write().await?;
                    store::note_use(&tx, id, now).await?;
                    tx.commit().await
                })
                .await;
        }
        let actor = Actor::token(token.id, token.organisation, token.scope);
        Ok(Some((token, actor)))
    }

    /// Whether somebody has accepted the terms for contributors: themselves, or whoever made their token. A
    /// token that was made on the server is the council's.
    /// # Errors
    /// When the database fails.
    pub async fn has_agreed(&self, actor: &Actor) -> Result<bool, Error> {
        let by_token = match actor.token_id() {
            Some(id) => store::by_id(self.db.reader(), id).await?,
            None => None,
        };
        let Some(person) = actor.person_id().or_else(|| by_token.as_ref().and_then(|token| token.person)) else {
            return Ok(by_token.is_some());
        };
        Ok(self.person(person).await?.is_some_and(|person| person.terms_at.is_some()))
    }

    /// The token with this id.
    /// # Errors
    /// When the database fails.
    pub async fn token(&self, id: Uuid) -> Result<Option<ApiToken>, Error> {
        Ok(store::by_id(self.db.reader(), id).await?)
    }

    /// The tokens of an organisation, the newest first, also those that have expired.
    /// # Errors
    /// When the database fails.
    pub async fn tokens(&self, organisation: Option<Uuid>) -> Result<Vec<ApiToken>, Error> {
        Ok(store::of_organisation(self.db.reader(), organisation).await?)
    }

    /// End a token. Its name, which may be somebody's, goes from the database's side files, too.
    /// # Errors
    /// [`Error::NotFound`] when there is none; or when the database fails.
    pub async fn end_token(&self, tx: &Transaction, id: Uuid) -> Result<(), Error> {
        if !store::remove(tx, id).await? {
            return Err(Error::NotFound { what: "token", id });
        }
        Ok(tx.sweep_later().await?)
    }

    /// End the tokens that somebody made.
    /// # Errors
    /// When the database fails.
    pub async fn end_tokens_of(&self, tx: &Transaction, person: PersonId) -> Result<(), Error> {
        Ok(store::remove_of(tx, person, None).await?)
    }

    /// End the tokens of organisations that are not there any more.
    pub(super) async fn end_tokens_of_organisations(&self, tx: &Transaction, organisations: &[Uuid]) -> Result<(), Error> {
        Ok(store::remove_for(tx, organisations).await?)
    }

    /// End the tokens that somebody made for organisations that they do not keep.
    pub(super) async fn end_tokens_by_role(&self, tx: &Transaction, person: PersonId) -> Result<(), Error> {
        let kept: Vec<Uuid> = self.memberships_in(tx, person).await?.iter().map(|membership| membership.organisation).collect();
        Ok(store::remove_but_for(tx, person, &kept).await?)
    }

    /// End the tokens that somebody made for one organisation.
    pub(super) async fn end_tokens_for(&self, tx: &Transaction, person: PersonId, organisation: Uuid) -> Result<(), Error> {
        Ok(store::remove_of(tx, person, Some(organisation)).await?)
    }
}
