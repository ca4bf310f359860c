//! A peer as people and programs are told of it: how it stands, and what to do next.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

use super::super::{
    harvest::{Error, Harvester},
    peers::{self, Comparison, Held, Peer, PeerKind, PeerState, Quarantined, Report, Scope, Trouble, Trust},
    status,
};
use super::advice::advice;
use crate::{
    clock,
    signing::{self, Listed},
};

/// Waiting changes are counted up to this.
const MOST_COUNTED: u64 = 1_000;

impl Harvester {
    /// A peer as people and programs are told of it.
    /// # Errors
    /// When our own database fails.
    pub async fn describe_peer(&self, peer: &Peer) -> Result<Described, Error> {
        let db = self.database();
        let found = Found {
            records: status::records_of(db, peer, &peers::relayed_origins(db).await?).await?,
            quarantined: peers::quarantined_by_code(db, peer.id).await?,
            not_taken: peers::quarantined(db, peer.id, MOST_COUNTED).await?,
            held: peers::held_for_people(db, peer.id).await?,
            waiting: self.records().waiting(Some(&peer.origin), None, MOST_COUNTED).await?.len(),
        };
        Ok(Described::new(peer, found))
    }
}

/// What is here of a peer.
pub(super) struct Found {
    pub(super) records: u64,
    pub(super) quarantined: Vec<(String, i64)>,
    pub(super) not_taken: Vec<Quarantined>,
    pub(super) held: Vec<Held>,
    pub(super) waiting: usize,
}

/// A peer as people and programs are told of it.
#[derive(Clone, Debug, Serialize)]
pub struct Described {
    /// Number.
    pub id: i32,
    /// Name.
    pub name: String,
    /// Address.
    pub url: Url,
    /// Identity.
    pub origin: String,
    /// Its identity now, where it has moved.
    pub moved_to: Option<String>,
    /// What it speaks.
    pub kind: PeerKind,
    /// How far it is believed.
    pub trust: Trust,
    /// How it stands.
    pub state: PeerState,
    /// Licence of its records.
    pub licence: Option<String>,
    /// How often it is asked, in seconds.
    pub every_seconds: i64,
    /// Which of its records are taken.
    pub scope: Scope,
    /// Records of it that are to be seen here.
    pub records: u64,
    /// Records that could not be taken, by reason.
    pub quarantined: Value,
    /// Which those are and why, the latest first, at most 1,000.
    pub not_taken: Vec<Quarantined>,
    /// Deletions that wait for a person.
    pub held_deletes: usize,
    /// Changes that wait for a person, at most 1,000.
    pub waiting: usize,
    /// The last change number that was applied.
    pub cursor: i64,
    /// How far its feed goes, as it last said.
    pub head: i64,
    /// Fingerprints of the keys that are approved or that it shows, with what each is good for, whether it is
    /// approved, and whether it was listed last.
    pub keys: Vec<Value>,
    /// When everything was last known to be here, RFC 3339.
    pub succeeded_at: Option<String>,
    /// When what is here was last compared with its checkpoint, RFC 3339.
    pub compared_at: Option<String>,
    /// What that found.
    pub compared: Option<Comparison>,
    /// When it was last asked, RFC 3339.
    pub tried_at: Option<String>,
    /// When it is asked next, RFC 3339.
    pub next_due_at: String,
    /// Failures in a row.
    pub failures: i32,
    /// Why it is held.
    pub held: Option<Trouble>,
    /// What went wrong last.
    pub problem: Option<Trouble>,
    /// What the last pull did.
    pub report: Option<Report>,
    /// What to do next, in words.
    pub advice: String,
}

impl Described {
    fn new(peer: &Peer, found: Found) -> Self {
        let time = |at: Option<DateTime<Utc>>| at.map(clock::rfc3339);
        let pinned = peer.pinned_keys.as_deref().unwrap_or_default();
        let listed = peer.discovered.as_ref().map(|said| said.keys.as_slice()).unwrap_or_default();
        let is_among = |keys: &[Listed], key: &Listed| keys.iter().any(|known| known.kid == key.kid && known.x == key.x);
        // Somebody else may have answered for it last: what was approved is always shown.
        let hidden = pinned.iter().filter(|key| !is_among(listed, key));
        let keys = hidden
            .chain(listed)
            .map(|key| {
                json!({
                    "kid": key.kid, "fingerprint": signing::fingerprint(&key.x), "status": key.status,
                    "approved": is_among(pinned, key), "listed": is_among(listed, key),
                })
            })
            .collect();
        Self {
            id: peer.id,
            name: peer.name.clone(),
            url: peer.url.clone(),
            origin: peer.origin.clone(),
            moved_to: peer.moved_to.clone(),
            kind: peer.kind,
            trust: peer.trust,
            state: peer.state,
            licence: peer.licence.clone(),
            every_seconds: i64::try_from(peer.every().as_secs()).unwrap_or(peer.every_seconds),
            scope: peer.scope.clone(),
            advice: advice(peer, &found),
            records: found.records,
            quarantined: found
                .quarantined
                .into_iter()
                .map(|(code, many)| (code, Value::from(many)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            not_taken: found.not_taken,
            held_deletes: found.held.len(),
            waiting: found.waiting,
            cursor: peer.cursor.after,
            head: peer.cursor.head,
            keys,
            succeeded_at: time(peer.succeeded_at),
            compared_at: time(peer.cursor.compared_at),
            compared: peer.cursor.compared.clone(),
            tried_at: time(peer.tried_at),
            next_due_at: clock::rfc3339(peer.next_due_at),
            failures: peer.failures,
            held: peer.held.clone(),
            problem: peer.problem.clone(),
            report: peer.report.clone(),
        }
    }
}
