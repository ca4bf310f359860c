//! Signing in by a link that is sent to an address: whoever can read the mail is let in.
//!
//! A link works once and for half an hour. Opening it changes nothing, because mail scanners open
//! links too; the page behind it has a button. Asking says nothing about whether an address is known:
//! the same is written and sent for every address, up to a limit for each address and each client.

mod store;

use std::net::IpAddr;

use chrono::{DateTime, Duration, Utc};
use sha2::{Digest as _, Sha256};

use super::{Email, Error, Hashed, Identity, Person, Secret, providers::Pending};
use crate::db::{self, Transaction};

/// A link works for so long.
pub const LINK_LIFE: Duration = Duration::minutes(30);
/// Links for one address, and askings by one client, within [`WINDOW`].
const LINKS_EACH_ADDRESS: i32 = 5;
const LINKS_EACH_CLIENT: i32 = 30;
/// What the limits count within.
const WINDOW: Duration = Duration::hours(1);

/// What a one-time link stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Whom it lets in.
    pub email: Email,
    /// The browser that asked; none where a command made it.
    pub browser: Option<Hashed>,
    /// Where to go then: a path of ours.
    pub return_to: String,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

/// What is counted against a limit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    what: &'static str,
    most: i32,
}

impl Identity {
    /// Make a link for an address; `None` when too many were asked for lately, which whoever asks is
    /// not told.
    /// # Errors
    /// When the database fails.
    pub async fn ask_for_link(
        &self,
        tx: &Transaction,
        email: &Email,
        browser: &Secret,
        return_to: &str,
        client: IpAddr,
    ) -> Result<Option<Secret>, Error> {
        // Whoever has been signed in on this browser is counted apart, or others could use up what they may ask for.
        let within = if self.knows_browser(tx, email, browser).await? {
            let by_browser = Limit { what: "links for an address on a browser of theirs", most: LINKS_EACH_ADDRESS };
            self.count(tx, by_browser, &format!("{email} {}", browser.hashed().as_str())).await?
        } else {
            let by_client = Limit { what: "links for a client", most: LINKS_EACH_CLIENT };
            let by_address = Limit { what: "links for an address", most: LINKS_EACH_ADDRESS };
            // A client that asks too often must not use up what others may ask for.
            self.count(tx, by_client, &client.to_string()).await? && self.count(tx, by_address, email.as_str()).await?
        };
        if !within {
            return Ok(None);
        }
        self.make_link(tx, email, Some(browser.hashed()), return_to).await.map(Some)
    }

    /// Make a link without being asked over the network: for commands, invitations and tests.
    /// # Errors
    /// When the database fails.
    pub async fn link_for(&self, tx: &Transaction, email: &Email, return_to: &str) -> Result<Secret, Error> {
        self.make_link(tx, email, None, return_to).await
    }

    async fn make_link(
        &self,
        tx: &Transaction,
        email: &Email,
        browser: Option<Hashed>,
        return_to: &str,
    ) -> Result<Secret, Error> {
        let secret = Secret::new();
        let expires_at = self.clock.now() + LINK_LIFE;
        let link = Link { email: email.clone(), browser, return_to: return_to.to_owned(), expires_at };
        store::put_link(tx, &secret.hashed(), &link).await?;
        Ok(secret)
    }

    /// The link of this secret, if it still works. Changes nothing.
    /// # Errors
    /// When the database fails.
    pub async fn link(&self, secret: &Secret) -> Result<Option<Link>, Error> {
        let link = store::link(self.db.reader(), &secret.hashed()).await?;
        Ok(link.filter(|link| link.expires_at > self.clock.now()))
    }

    /// Where whoever asked for this link wanted to go, also where it is too old by now; none where it was used or never
    /// was. Changes nothing, and lets nobody in.
    /// # Errors
    /// When the database fails.
    pub async fn wanted_by_link(&self, secret: &Secret) -> Result<Option<String>, Error> {
        Ok(store::link(self.db.reader(), &secret.hashed()).await?.map(|link| link.return_to))
    }

    /// Use a link up: the person that it lets in, and where they wanted to go. `None` when it was used,
    /// is too old or never was, without saying which. Tries are not counted: nobody guesses 256 bits, and a count would
    /// let one visitor keep out all others of the same network.
    /// # Errors
    /// When the database fails.
    pub async fn redeem(&self, tx: &Transaction, secret: &Secret) -> Result<Option<(Person, Link)>, Error> {
        let taken = store::take_link(tx, &secret.hashed()).await?;
        let Some(link) = taken.filter(|link| link.expires_at > self.clock.now()) else { return Ok(None) };
        let mut person = self.welcome(tx, &link.email).await?;
        person.seen_at = Some(self.clock.now());
        self.keep_person(tx, &person).await?;
        Ok(Some((person, link)))
    }

    /// Count one more thing that somebody does, of which there may be only so many within an hour; whether
    /// it is still within that. The caller commits either way.
    /// # Errors
    /// When the database fails.
    pub async fn within(&self, tx: &Transaction, what: &'static str, most: i32, whose: &str) -> Result<bool, Error> {
        self.count(tx, Limit { what, most }, whose).await
    }

    /// Keep what a sign-in elsewhere needs when this browser comes back.
    /// # Errors
    /// When the database fails.
    pub async fn keep_pending(&self, tx: &Transaction, browser: &Secret, pending: &Pending) -> Result<(), Error> {
        let json = serde_json::to_string(pending).expect("it has string keys only");
        let expires_at = self.clock.now() + LINK_LIFE;
        Ok(store::put_pending(tx, &browser.hashed_for("a sign-in elsewhere"), &json, expires_at).await?)
    }

    /// Take it out: it is good for one attempt. The caller commits before the attempt is made.
    /// # Errors
    /// When the database fails.
    pub async fn take_pending(&self, tx: &Transaction, browser: &Secret) -> Result<Option<Pending>, Error> {
        let json = store::take_pending(tx, &browser.hashed_for("a sign-in elsewhere"), self.clock.now()).await?;
        Ok(json.map(|json| db::decode(&json, || "a sign-in under way")).transpose()?)
    }

    /// Keep what the next request of this browser or session is checked with.
    pub(super) async fn keep_state(
        &self,
        tx: &Transaction,
        whose: &Hashed,
        json: &str,
        until: DateTime<Utc>,
    ) -> Result<(), db::Error> {
        store::put_pending(tx, whose, json, until).await
    }

    /// Read it, where it is not too old, and leave it there.
    pub(super) async fn read_state(&self, whose: &Hashed) -> Result<Option<String>, db::Error> {
        store::pending(self.db.reader(), whose, self.clock.now()).await
    }

    /// Take it out, where it is not too old: it is good for one request.
    pub(super) async fn take_state(&self, tx: &Transaction, whose: &Hashed) -> Result<Option<String>, db::Error> {
        store::take_pending(tx, whose, self.clock.now()).await
    }

    /// Count one more of something; whether it is still within its limit.
    pub(super) async fn count(&self, tx: &Transaction, limit: Limit, whose: &str) -> Result<bool, Error> {
        // A hash, so that nobody sees addresses who only looks; whoever has the table and tries all addresses
        // finds them, so it is deleted when the window is over.
        let now = self.clock.now();
        let key = hex::encode(Sha256::digest(format!("{}\n{whose}", limit.what)));
        let counted = store::count(tx, &key, now, WINDOW).await?;
        Ok(counted <= limit.most)
    }

    /// Forget the links of an address.
    pub(super) async fn forget_links(&self, tx: &Transaction, email: &Email) -> Result<(), Error> {
        Ok(store::forget_links(tx, email.as_str()).await?)
    }

    /// Forget links that are too old and counts that are over.
    /// # Errors
    /// When the database fails.
    pub async fn tidy_links(&self, tx: &Transaction) -> Result<(), Error> {
        Ok(store::tidy(tx, self.clock.now(), WINDOW).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Clock,
        db::{Database, Durability},
    };

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_database_is_asked_the_same_whether_or_not_somebody_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.db");
        let mut db = Database::open(&format!("sqlite:{}", file.display()), Durability::Full).await.unwrap();
        let heard = db.overheard();
        let identity = Identity::new(db, Clock::fixed(DateTime::UNIX_EPOCH));
        let [known, unknown]: [Email; 2] = ["known@example.org", "no-one@example.org"].map(|email| email.parse().unwrap());
        let tx = identity.write().await.unwrap();
        identity.welcome(&tx, &known).await.unwrap();
        tx.commit().await.unwrap();
        let client: IpAddr = "192.0.2.7".parse().unwrap();
        let asked = async |email: &Email| {
            heard.lock().unwrap().clear();
            let tx = identity.write().await.unwrap();
            let secret = identity.ask_for_link(&tx, email, &Secret::new(), "", client).await.unwrap();
            tx.commit().await.unwrap();
            assert!(secret.is_some(), "{email}");
            std::mem::take(&mut *heard.lock().unwrap())
        };
        let of_somebody = asked(&known).await;
        assert!(of_somebody.len() > 5, "{of_somebody:#?}");
        assert_eq!(of_somebody, asked(&unknown).await);
    }
}
