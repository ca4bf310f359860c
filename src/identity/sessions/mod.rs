//! Sessions: who is signed in on which browser, until when.

mod store;

use chrono::{DateTime, Duration, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::{Actor, Email, Error, Identity, Person, PersonId, Secret};
use crate::db::Transaction;

/// A session ends after so long without use: of somebody with a role for the whole directory, of others.
const IDLE: (Duration, Duration) = (Duration::hours(12), Duration::days(14));
/// A session ends after so long, however much it is used.
const ABSOLUTE: (Duration, Duration) = (Duration::days(7), Duration::days(60));
/// It is remembered for so long that somebody has used a browser, after their session on it is over: who comes
/// back with every reminder must not be new each time.
const REMEMBERED: Duration = Duration::days(365);
/// How often the time of last use is written: a read should not become a write.
const NOTED_EACH: Duration = Duration::minutes(10);

/// How somebody proved who they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Strength {
    /// By a link to their address.
    Link,
    /// By the identity provider of this name, which answers for the domain of their address: their council's
    /// own, say.
    Provider(String),
    /// By an identity provider of this name that knows of their address only what it was told: whoever reads
    /// their mail can make an account there.
    OtherProvider(String),
}

impl Strength {
    fn to_text(&self) -> String {
        match self {
            Self::Link => "link".to_owned(),
            Self::Provider(name) => format!("provider {name}"),
            Self::OtherProvider(name) => format!("other provider {name}"),
        }
    }

    fn from_text(text: &str) -> Self {
        let own = text.strip_prefix("provider ").map(|name| Self::Provider(name.to_owned()));
        let other = || text.strip_prefix("other provider ").map(|name| Self::OtherProvider(name.to_owned()));
        own.or_else(other).unwrap_or(Self::Link)
    }

    /// The provider that they came through, if they came through one.
    pub fn provider(&self) -> Option<&str> {
        match self {
            Self::Link => None,
            Self::Provider(name) | Self::OtherProvider(name) => Some(name),
        }
    }
}

/// Somebody's session on one browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Session {
    /// Names it in lists; lets nobody in.
    pub id: Uuid,
    /// Whose.
    pub person: PersonId,
    /// What kind of browser, such as "Firefox on Android".
    pub browser: String,
    /// How they signed in.
    pub strength: Strength,
    /// When.
    pub began_at: DateTime<Utc>,
    /// When it was last used, to ten minutes.
    pub used_at: DateTime<Utc>,
    /// When it ends at the latest.
    pub expires_at: DateTime<Utc>,
    /// When a passkey was shown in it, if one was.
    pub second_at: Option<DateTime<Utc>>,
    /// Whether somebody with a role for the whole directory signed in with it.
    officer: bool,
}

impl Session {
    /// Whether it still lets in.
    fn is_good(&self, now: DateTime<Utc>) -> bool {
        let idle = if self.officer { IDLE.0 } else { IDLE.1 };
        // A clock that was set back makes nobody's session longer than it was to be.
        now < self.expires_at && now - self.used_at < idle && now >= self.began_at - Duration::minutes(5)
    }
}

impl Identity {
    /// Begin a session of this secret, which is for the cookie. Whatever session the browser had before is to be
    /// ended by the caller. `known` tells browsers that this person has used before from new ones; gives whether it
    /// is a new one.
    /// # Errors
    /// When the database fails.
    pub async fn begin_session(
        &self,
        tx: &Transaction,
        secret: &Secret,
        person: &Person,
        strength: Strength,
        browser: &str,
        known: &Secret,
    ) -> Result<bool, Error> {
        let now = self.clock.now();
        let officer = person.role.is_some();
        // The first time of all is no news to anybody.
        let on = tx.connection();
        let is_new =
            store::has_used(on, person.id, None).await? && !store::has_used(on, person.id, Some(&known.hashed())).await?;
        let session = Session {
            id: crate::ids::fresh(),
            person: person.id,
            browser: browser.to_owned(),
            strength,
            began_at: now,
            used_at: now,
            expires_at: now + if officer { ABSOLUTE.0 } else { ABSOLUTE.1 },
            second_at: None,
            officer,
        };
        store::put(tx, &secret.hashed(), &known.hashed(), &session).await?;
        Ok(is_new)
    }

    /// The secret of the session that a link begins on a browser. It follows from both, so that two taps on the link's
    /// button begin one session, whichever answer the browser takes in.
    pub fn secret_by_link(link: &Secret, browser: &Secret) -> Secret {
        link.with(browser, "a session by a link")
    }

    /// Who holds this secret of a session, with everything that decides what they may do.
    /// # Errors
    /// When the database fails.
    pub async fn signed_in(&self, secret: &Secret) -> Result<Option<(Person, Session, Actor)>, Error> {
        let now = self.clock.now();
        let hash = secret.hashed();
        let Some(mut session) = store::by_hash(self.db.reader(), &hash).await?.filter(|session| session.is_good(now)) else {
            return Ok(None);
        };
        let Some(person) = self.person(session.person).await? else { return Ok(None) };
        if now - session.used_at >= NOTED_EACH {
            session.used_at = now;
            let db = self.db.clone();
            self.noting
                .soon(hash.as_str().to_owned(), async move {
                    let tx = db.write().await?;
                    store::note_use(&tx, &hash, now).await?;
                    tx.commit().await
                })
                .await;
        }
        let actor = Actor::person(person.id, person.role, self.memberships(person.id).await?);
        let owed = session.second_at.is_none() && self.owed(&person, &session.strength).await?.is_some();
        Ok(Some((person, session, if owed { actor.owing_second_step() } else { actor })))
    }

    /// Whose session this is or was, on the browser where it began; also where it is over.
    pub(super) async fn whose_session_was(&self, session: &Secret, browser: &Secret) -> Result<Option<PersonId>, Error> {
        Ok(store::whose(self.db.reader(), &session.hashed(), &browser.hashed()).await?)
    }

    /// Note that a passkey was shown in a session.
    pub(super) async fn note_second_step(&self, tx: &Transaction, session: Uuid) -> Result<(), Error> {
        Ok(store::note_second_step(tx, session, self.clock.now()).await?)
    }

    /// Somebody's sessions that still let in, the last used first.
    /// # Errors
    /// When the database fails.
    pub async fn sessions(&self, person: PersonId) -> Result<Vec<Session>, Error> {
        let now = self.clock.now();
        Ok(store::of_person(self.db.reader(), person).await?.into_iter().filter(|session| session.is_good(now)).collect())
    }

    /// End one of somebody's own sessions.
    /// # Errors
    /// [`Error::NotFound`] when it is not theirs or over; or when the database fails.
    pub async fn end_session(&self, tx: &Transaction, person: PersonId, id: Uuid) -> Result<(), Error> {
        if store::end(tx, person, id).await? { Ok(()) } else { Err(Error::NotFound { what: "session", id }) }
    }

    /// End the session of this secret, if there is one.
    /// # Errors
    /// When the database fails.
    pub async fn sign_out(&self, tx: &Transaction, secret: &Secret) -> Result<(), Error> {
        Ok(store::end_by_hash(tx, &secret.hashed()).await?)
    }

    /// End all sessions of somebody.
    /// # Errors
    /// When the database fails.
    pub async fn end_sessions(&self, tx: &Transaction, person: PersonId) -> Result<(), Error> {
        Ok(store::end_all(tx, person).await?)
    }

    /// Forget sessions that have been over for so long that nobody has to know the browser any more.
    /// # Errors
    /// When the database fails.
    pub async fn tidy_sessions(&self, tx: &Transaction) -> Result<(), Error> {
        Ok(store::tidy(tx, self.clock.now() - REMEMBERED).await?)
    }

    /// Whether somebody with this address has been signed in on this browser. As much is looked up for an address
    /// that nobody has, so that the time it takes tells nothing.
    pub(super) async fn knows_browser(&self, tx: &Transaction, email: &Email, browser: &Secret) -> Result<bool, Error> {
        let person = self.person_in(tx, email).await?.map_or(PersonId(Uuid::nil()), |person| person.id);
        Ok(store::has_used(tx.connection(), person, Some(&browser.hashed())).await?)
    }

    /// Forget every session of somebody, and the browsers that they used.
    pub(super) async fn forget_sessions(&self, tx: &Transaction, person: PersonId) -> Result<(), Error> {
        Ok(store::forget(tx, person).await?)
    }
}
