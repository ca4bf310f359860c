//! Who follows us, and how far each has come. A follower names itself when it asks for a page (`Fed-Follower`), and
//! anybody can do that in anybody's name: so nothing is decided by it, what is remembered is limited in number and in
//! age, and whoever has to be sure that a takedown has arrived asks the follower at its own address
//! ([`Harvester::ask_followers`](super::harvest::Harvester::ask_followers)).
//!
//! A request only notes something in memory; once a minute `Followers::keep` writes what has changed, so that
//! commands and other processes see it, and a restart forgets nothing.

mod asking;
mod store;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Duration, Utc};
use http::{HeaderMap, HeaderName};
use schemars::JsonSchema;
use serde::Serialize;
use url::Url;

use super::peers;
use crate::{
    clock,
    db::{self, Database},
    published::{Position, own},
};
pub use asking::Asked;

/// Followers that are remembered; more than any directory has.
const MOST: usize = 2_000;
/// One that has not asked for so long is not shown any more.
const FORGOTTEN_AFTER: Duration = Duration::days(30);
/// One that stands where it stood is written again after so long.
const WRITTEN_AGAIN: Duration = Duration::hours(1);
/// An origin longer than this is nobody's, in bytes.
const LONGEST_ORIGIN: usize = 200;
/// A page of the feed is asked for in the name of this origin.
pub(super) const FOLLOWER: HeaderName = HeaderName::from_static("fed-follower");

/// What is known of a follower.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    /// The last number that it had, by its own word.
    position: Position,
    /// When it asked for the first time.
    since: DateTime<Utc>,
    /// When it asked last.
    asked_at: DateTime<Utc>,
    /// What its own address said when an officer had it asked.
    confirmed: Option<Confirmed>,
    /// How it is written, where it is.
    written: Option<(Position, DateTime<Utc>)>,
}

/// What a follower's own address says of how it follows us.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Confirmed {
    /// The last number that it has; none where it does not say.
    position: Option<Position>,
    /// How we stand there: `following`, `held`.
    state: String,
    /// When it said so.
    at: DateTime<Utc>,
}

impl Known {
    /// Whether what is written of it is not how it stands.
    fn has_news(&self) -> bool {
        self.written.is_none_or(|(position, at)| position != self.position || self.asked_at - at >= WRITTEN_AGAIN)
    }
}

/// A directory that says it follows this one.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Follower {
    /// Its name, if this directory follows it too.
    #[schemars(extend("examples" = ["Central Bedfordshire Council"]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether this directory follows it too.
    #[schemars(extend("examples" = [true]))]
    pub is_followed: bool,
    /// Its origin, as it states it.
    #[schemars(extend("examples" = ["https://directory.centralbedfordshire.example.org/"]))]
    pub origin: String,
    /// The last change number it had when it last asked, as it states it.
    #[schemars(extend("examples" = [1_764_000_000_000_120_i64]))]
    pub cursor: i64,
    /// When that was, RFC 3339.
    #[schemars(extend("examples" = ["2026-11-22T06:00:00.000Z"]))]
    pub asked_at: String,
    /// Whether that is the latest.
    #[schemars(extend("examples" = [true]))]
    pub caught_up: bool,
    /// Whether it includes the latest change that has to be destroyed wherever it was copied to.
    #[schemars(extend("examples" = [true]))]
    pub has_takedowns: bool,
    /// What its own address said when somebody here last asked it. If missing, nothing confirms who it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<Confirmation>,
}

/// What a follower's own address said.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Confirmation {
    /// When, RFC 3339.
    #[schemars(extend("examples" = ["2026-11-22T06:10:00.000Z"]))]
    pub at: String,
    /// The state of this directory there: `following`, `held`.
    #[schemars(extend("examples" = ["following"]))]
    pub state: String,
    /// The last change number it has; missing if it does not say.
    #[schemars(extend("examples" = [1_764_000_000_000_123_i64]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<i64>,
    /// Whether that includes the latest change that has to be destroyed wherever it was copied to.
    #[schemars(extend("examples" = [true]))]
    pub has_takedowns: bool,
}

/// How far our own feed goes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reach {
    /// Its latest number.
    pub(super) head: Option<Position>,
    /// The latest number at which something had to be destroyed wherever it was copied to.
    pub(super) urgent: Option<Position>,
}

impl Follower {
    fn new(origin: String, known: &Known, reach: Reach, followed: &HashMap<String, String>) -> Self {
        let has_takedowns = |position: Position| reach.urgent.is_none_or(|urgent| position >= urgent);
        let name = followed.get(&origin).cloned();
        Self {
            is_followed: name.is_some(),
            name,
            origin,
            cursor: known.position.0,
            asked_at: clock::rfc3339(known.asked_at),
            caught_up: reach.head.is_none_or(|head| known.position >= head),
            has_takedowns: has_takedowns(known.position),
            confirmed: known.confirmed.as_ref().map(|said| Confirmation {
                at: clock::rfc3339(said.at),
                state: said.state.clone(),
                cursor: said.position.map(|position| position.0),
                has_takedowns: said.position.is_some_and(has_takedowns),
            }),
        }
    }
}

/// Whether a text can be the identity of a directory.
fn is_origin(text: &str) -> bool {
    text.len() <= LONGEST_ORIGIN
        && Url::parse(text).is_ok_and(|url| {
            url.as_str() == text
                && matches!(url.scheme(), "https" | "http")
                && url.path() == "/"
                && url.query().is_none()
                && url.fragment().is_none()
                && url.username().is_empty()
                && url.password().is_none()
        })
}

/// Who follows us.
#[derive(Clone, Debug, Default)]
pub(super) struct Followers(Arc<Mutex<Noted>>);

#[derive(Debug, Default)]
struct Noted {
    known: HashMap<String, Known>,
    /// Names of those that we follow, by their identities.
    followed: HashMap<String, String>,
    /// How far the own feed was looked through for what is urgent, and what was found there.
    urgent: (Position, Option<Position>),
}

impl Noted {
    /// Note where somebody stands who asks in the name of an origin.
    fn note(&mut self, origin: &str, position: Position, now: DateTime<Utc>) {
        if let Some(known) = self.known.get_mut(origin) {
            known.position = position;
            known.asked_at = now;
            return;
        }
        if self.known.len() >= MOST {
            // Room for many more: whoever makes names up does not have everybody sorted for each of them.
            self.keep_only(MOST - MOST / 10);
        }
        let new = Known { position, since: now, asked_at: now, confirmed: None, written: None };
        self.known.insert(origin.to_owned(), new);
    }

    /// Who is forgotten last. Made-up names displace neither those that we follow or have asked, nor those that have been
    /// asking for longer.
    fn worth(&self, origin: &str, known: &Known) -> (bool, bool, Duration, DateTime<Utc>) {
        (self.followed.contains_key(origin), known.confirmed.is_some(), known.asked_at - known.since, known.asked_at)
    }

    /// Take over what another process, or this one before it was started again, has written.
    fn merge(&mut self, stored: &HashMap<String, Known>, now: DateTime<Utc>) {
        for (origin, stored) in stored {
            match self.known.get_mut(origin) {
                None => {
                    self.known.insert(origin.clone(), stored.clone());
                }
                Some(known) => {
                    if stored.asked_at > known.asked_at {
                        (known.position, known.asked_at) = (stored.position, stored.asked_at);
                    }
                    known.since = known.since.min(stored.since);
                    known.confirmed.clone_from(&stored.confirmed);
                    known.written = stored.written;
                }
            }
        }
        self.known.retain(|_, known| now - known.asked_at < FORGOTTEN_AFTER);
        self.keep_only(MOST);
    }

    /// Forget whoever is worth least, until there are so many.
    fn keep_only(&mut self, most: usize) {
        let Some(over) = self.known.len().checked_sub(most).filter(|over| *over > 0) else { return };
        let mut all: Vec<_> = self.known.iter().map(|(origin, known)| (self.worth(origin, known), origin.clone())).collect();
        all.sort_unstable();
        for (_, origin) in all.iter().take(over) {
            self.known.remove(origin);
        }
    }
}

impl Followers {
    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Note where somebody stands, by the header of a request. Only what is the address of a directory is taken.
    pub(super) fn note(&self, headers: &HeaderMap, position: Position, now: DateTime<Utc>) {
        if let Some(origin) = headers.get(FOLLOWER).and_then(|value| value.to_str().ok()).filter(|said| is_origin(said)) {
            self.noted().note(origin, position, now);
        }
    }

    /// Learn what is written, and whom we follow. Gives what is written.
    async fn refresh(&self, db: &Database, now: DateTime<Utc>) -> Result<HashMap<String, Known>, db::Error> {
        let followed = followed(db).await?;
        let stored = store::all(db).await?;
        let mut noted = self.noted();
        noted.followed = followed;
        noted.merge(&stored, now);
        Ok(stored)
    }

    /// Write what has changed since it was last written, and delete what is not remembered any more.
    pub(super) async fn keep(&self, db: &Database, now: DateTime<Utc>) -> Result<(), db::Error> {
        let stored = self.refresh(db, now).await?;
        let (news, forgotten) = {
            let noted = self.noted();
            let news = noted.known.iter().filter(|(_, known)| known.has_news());
            let news: Vec<(String, Known)> = news.map(|(origin, known)| (origin.clone(), known.clone())).collect();
            let forgotten: Vec<String> = stored.into_keys().filter(|origin| !noted.known.contains_key(origin)).collect();
            (news, forgotten)
        };
        if news.is_empty() && forgotten.is_empty() {
            return Ok(());
        }
        let tx = db.write().await?;
        store::put(&tx, &news).await?;
        store::forget(&tx, &forgotten).await?;
        tx.commit().await?;
        let mut noted = self.noted();
        for (origin, written) in news {
            if let Some(known) = noted.known.get_mut(&origin) {
                known.written = Some((written.position, written.asked_at));
            }
        }
        Ok(())
    }

    /// How far our own feed goes. What is urgent is looked for only in what is new since the last time.
    pub(super) async fn reach(&self, db: &Database) -> Result<Reach, db::Error> {
        let head = own::head(db).await?;
        let (looked, before) = self.noted().urgent;
        let urgent = own::last_urgent(db, looked).await?.or(before);
        self.noted().urgent = (head.unwrap_or(looked).max(looked), urgent);
        Ok(Reach { head, urgent })
    }

    /// Those that have asked lately, in order of their origins.
    pub(super) async fn all(&self, db: &Database, reach: Reach, now: DateTime<Utc>) -> Result<Vec<Follower>, db::Error> {
        self.refresh(db, now).await?;
        let noted = self.noted();
        Ok(in_order(&noted.known, reach, &noted.followed))
    }
}

fn in_order(known: &HashMap<String, Known>, reach: Reach, followed: &HashMap<String, String>) -> Vec<Follower> {
    let mut all: Vec<_> = known.iter().map(|(origin, known)| Follower::new(origin.clone(), known, reach, followed)).collect();
    all.sort_unstable_by(|a, b| a.origin.cmp(&b.origin));
    all
}

/// Names of those that we follow, by their identities.
async fn followed(db: &Database) -> Result<HashMap<String, String>, db::Error> {
    Ok(peers::all(db).await?.into_iter().map(|peer| (peer.identity().to_owned(), peer.name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_followers_push_nobody_out_that_is_followed_or_has_been_asking_for_long() {
        let now = DateTime::UNIX_EPOCH;
        let (ours, old) = ("https://beds.example.org/", "https://old.example.org/");
        let mut noted = Noted { followed: HashMap::from([(ours.to_owned(), "Beds".to_owned())]), ..Noted::default() };
        noted.note(old, Position(1), now - Duration::days(3));
        noted.note(old, Position(1), now - Duration::hours(1));
        noted.note(ours, Position(1), now);
        for number in 0..100_000 {
            noted.note(&format!("https://made-up-{number}.example.org/"), Position(2), now + Duration::seconds(1));
            assert!(noted.known.len() <= MOST);
        }
        assert!(noted.known.contains_key(ours) && noted.known.contains_key(old));
        noted.merge(&HashMap::new(), now + Duration::days(31));
        assert!(noted.known.is_empty());
    }

    #[test]
    fn what_is_written_by_several_processes_is_limited_as_well() {
        let now = DateTime::UNIX_EPOCH;
        let known = |position| Known { position, since: now, asked_at: now, confirmed: None, written: Some((position, now)) };
        let stored = |from: usize| {
            (from..from + MOST).map(|number| (format!("https://made-up-{number}.example.org/"), known(Position(1)))).collect()
        };
        let mut noted = Noted::default();
        noted.merge(&stored(0), now);
        noted.merge(&stored(MOST), now);
        assert_eq!(noted.known.len(), MOST);
        assert!(!known(Position(1)).has_news());
        assert!(Known { position: Position(2), ..known(Position(1)) }.has_news() && known(Position(1)).written.is_some());
        assert!(Known { asked_at: now + WRITTEN_AGAIN, ..known(Position(1)) }.has_news());
    }

    #[test]
    fn only_the_address_of_a_directory_is_taken_for_one() {
        assert!(is_origin("https://beds.example.org/") && is_origin("http://127.0.0.1:8081/"));
        for bad in [
            "",
            "beds",
            "https://beds.example.org",
            "https://beds.example.org/x",
            "https://beds.example.org/?x",
            "https://beds.example.org/#x",
            "https://me@beds.example.org/",
            "https://BEDS.example.org/",
            "javascript:alert(1)",
            &format!("https://{}.example.org/", "a".repeat(LONGEST_ORIGIN)),
        ] {
            assert!(!is_origin(bad), "{bad}");
        }
    }
}
