//! What is known of letters: where each stands, whom they do not reach, how sending goes.

mod store;

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::{Channel, Kind, State, address, mobile};
use crate::db::{self, Database};

/// What is known of a letter. What it says is not told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The letter.
    pub id: Uuid,
    /// Whom it goes to.
    pub to: String,
    /// What it is about.
    pub kind: Kind,
    /// How it travels.
    pub channel: Channel,
    /// Where it stands.
    pub state: State,
    /// When it was queued.
    pub queued_at: DateTime<Utc>,
    /// When it was sent, bounced or given up.
    pub settled_at: Option<DateTime<Utc>>,
    /// How often it was tried.
    pub attempts: i32,
    /// Why it could not be sent, in the mail server's words.
    pub problem: Option<String>,
}

/// What is known of a letter; none where it was never queued or is forgotten.
/// # Errors
/// When the database fails.
pub async fn status(db: &Database, id: Uuid) -> Result<Option<Status>, db::Error> {
    store::find(db, id).await
}

/// What is known of the letters to a mailbox or telephone, the newest first.
/// # Errors
/// When the database fails.
pub async fn letters_to(db: &Database, recipient: &str) -> Result<Vec<Status>, db::Error> {
    store::to(db, &address::key(recipient), mobile(recipient).as_deref()).await
}

/// The mailboxes among `addresses` whose latest letter bounced, with the reason: somebody should ask
/// their owners for another address. A letter that was given up says nothing about its mailbox.
/// # Errors
/// When the database fails.
pub async fn bounced(db: &Database, addresses: &[&str]) -> Result<Vec<Status>, db::Error> {
    let mut letters = store::latest(db, &keys(addresses), &[State::Sent, State::Bounced]).await?;
    letters.retain(|letter| letter.state == State::Bounced);
    Ok(letters)
}

/// The mailboxes among `addresses` whose latest letter did not arrive, with that letter: it bounced, or was given up.
/// # Errors
/// When the database fails.
pub async fn unreached(db: &Database, addresses: &[&str]) -> Result<Vec<Status>, db::Error> {
    unreached_of(db, &keys(addresses)).await
}

/// The same, of all mailboxes and telephones to which a letter was refused or given up since a moment: at most about
/// a hundred. Who typed a wrong address to sign in is left out.
/// # Errors
/// When the database fails.
pub async fn unreached_since(db: &Database, since: DateTime<Utc>) -> Result<Vec<Status>, db::Error> {
    unreached_of(db, &store::failed_since(db, since).await?).await
}

async fn unreached_of(db: &Database, keys: &[String]) -> Result<Vec<Status>, db::Error> {
    let mut letters = store::latest(db, keys, &[State::Sent, State::Bounced, State::GivenUp]).await?;
    letters.retain(|letter| letter.state != State::Sent);
    Ok(letters)
}

fn keys(addresses: &[&str]) -> Vec<String> {
    addresses.iter().map(|address| address::key(address)).collect()
}

/// How sending goes, in numbers. Sign-in links that did not arrive are left out of the last two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Letters that wait for longer than they should.
    pub late: u64,
    /// Letters that were refused for good.
    pub bounced: u64,
    /// Letters that were tried for as long as they were of use.
    pub given_up: u64,
}

/// How many letters were refused or given up since one moment, and how many wait that were queued before another.
/// # Errors
/// When the database fails.
pub async fn tally(db: &Database, since: DateTime<Utc>, late: DateTime<Utc>) -> Result<Tally, db::Error> {
    store::tally(db, since, late).await
}
