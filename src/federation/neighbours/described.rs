//! A peer as people and programs are told of it: how it stands, and what to do next.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

use super::super::{
    harvest::{Error, Harvester},
    peers::{self, Held, Peer, PeerKind, PeerState, Quarantined, Report, Scope, Trouble, Trust},
    status,
};
use crate::{clock, signing};

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
            held: peers::held(db, peer.id).await?,
            waiting: self.records().waiting(Some(&peer.origin), None, MOST_COUNTED).await?.len(),
        };
        Ok(Described::new(peer, found))
    }
}

/// What is here of a peer.
struct Found {
    records: u64,
    quarantined: Vec<(String, i64)>,
    not_taken: Vec<Quarantined>,
    held: Vec<Held>,
    waiting: usize,
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
    /// Fingerprints of the keys that it shows, with what each is good for and whether it is approved.
    pub keys: Vec<Value>,
    /// When everything was last known to be here, RFC 3339.
    pub succeeded_at: Option<String>,
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
        let keys = listed
            .iter()
            .map(|key| {
                json!({
                    "kid": key.kid, "fingerprint": signing::fingerprint(&key.x), "status": key.status,
                    "approved": pinned.iter().any(|known| known.kid == key.kid && known.x == key.x),
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
            tried_at: time(peer.tried_at),
            next_due_at: clock::rfc3339(peer.next_due_at),
            failures: peer.failures,
            held: peer.held.clone(),
            problem: peer.problem.clone(),
            report: peer.report.clone(),
        }
    }
}

/// What to do next about a peer.
fn advice(peer: &Peer, found: &Found) -> String {
    let (id, waiting) = (peer.id, found.waiting);
    let not_whole = peer.report.as_ref().is_some_and(|report| report.left_out.contains_key("not-whole"));
    let has_keys = peer.discovered.as_ref().is_some_and(|said| !said.keys.is_empty());
    let code = peer.held.as_ref().map(|held| held.code.as_str());
    match (peer.trust, peer.state, code) {
        (Trust::Blocked, ..) => "Nothing: it is blocked.".to_owned(),
        (_, PeerState::New, _) if !has_keys => format!(
            "It has no keys, so there is nothing to compare: it is taken at its word. If you want that, run `fingerpost peer approve {id}`."
        ),
        (_, PeerState::New, _) => format!(
            "Ask them by telephone for the fingerprint of their key, compare it with the one above, then run `fingerpost peer approve {id}`."
        ),
        (_, PeerState::Held, Some("key-changed" | "unknown-key" | "revoked-key")) => format!(
            "Ring them: have they a new key? If its fingerprint is the one above, run `fingerpost peer approve {id}`; if not, leave it held."
        ),
        (_, PeerState::Held, Some("not-there")) => format!(
            "Its feed has gone. Ask them where it is now; `fingerpost peer release {id}` tries again, `fingerpost peer remove {id}` takes its records out."
        ),
        (_, PeerState::Held, Some("merged")) => {
            format!(
                "Its records are told by another directory now: `fingerpost peer remove {id}` takes those out that came from here."
            )
        }
        (_, PeerState::Held, Some("suddenly-empty")) => {
            format!(
                "Ask them whether they really have no services any more. `fingerpost peer release {id}` reads it again: if it is still empty then, their records are taken out; if not, it goes on."
            )
        }
        (_, PeerState::Held, Some("head-went-back")) => format!(
            "Ask them whether they have restored a backup. If so, `fingerpost peer release {id}` compares everything anew; what they do not tell any more waits for you."
        ),
        (_, PeerState::Held, _) => format!("Find out why, with them. `fingerpost peer release {id}` goes on."),
        (..) if !found.held.is_empty() => format!(
            "{} records wait to be taken out, because {}. Ask them, then run `fingerpost peer release {id}`.",
            found.held.len(),
            found.held.first().map_or("nobody has looked", |held| held.why.as_str())
        ),
        (..) if waiting > 0 => format!(
            "{waiting} changes wait for you: `fingerpost proposal list --peer {id}` shows them, `fingerpost proposal accept --all-of {id}` takes them."
        ),
        (..) if peer.failures > 0 => {
            "It is asked again by itself, less often after each failure. If this goes on for days, ring them.".to_owned()
        }
        (..) if not_whole => {
            "It is followed, but its list does not say how many services there are, or not truly: what is not there any more cannot be told, and stays here. Tell them.".to_owned()
        }
        _ => "Nothing: it is followed.".to_owned(),
    }
}
