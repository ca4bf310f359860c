//! What everybody may know of how we follow others and how others follow us, and the hint that
//! somebody has something new.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Json,
    extract::{State, rejection::BytesRejection},
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, Duration, Utc};
use http::{HeaderMap, HeaderName, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use url::Url;

use super::{
    Outlet,
    peers::{self, Peer, PeerKind, PeerState},
    protocol::Ping,
};
use crate::{
    clock, db,
    http::{Problem, caching},
    published::{self, Position, own},
};

/// A peer may tell us of news so often.
const BETWEEN_PINGS: Duration = Duration::minutes(1);
/// A hint larger than this is not read, in bytes.
pub(super) const LARGEST_PING: usize = 4 << 10;
/// Followers that are remembered; more than any directory has.
const MOST_FOLLOWERS: usize = 2_000;
/// One that has not asked for so long is not shown any more.
const FORGOTTEN_AFTER: Duration = Duration::days(30);
/// A page of the feed is asked for in the name of this origin.
pub(super) const FOLLOWER: HeaderName = HeaderName::from_static("fed-follower");

/// How up to date the records from a directory are.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Freshness {
    /// Its name.
    #[schemars(extend("examples" = ["Central Bedfordshire Council"]))]
    pub name: String,
    /// Its identity.
    #[schemars(extend("examples" = ["https://directory.centralbedfordshire.example.org/"]))]
    pub origin: String,
    /// Its state: `new`, `following`, `held`.
    #[schemars(extend("examples" = ["following"]))]
    pub state: PeerState,
    /// Licence of its records.
    #[schemars(extend("examples" = ["https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// Number of its records shown here.
    #[schemars(extend("examples" = [1_200]))]
    pub records: u64,
    /// When all its records were last known to be here.
    #[schemars(extend("examples" = ["2026-11-22T06:00:00Z"]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complete_at: Option<DateTime<Utc>>,
}

/// How fresh what comes from each directory that we follow is.
/// # Errors
/// When the database fails.
pub async fn freshness(db: &db::Database) -> Result<Vec<Freshness>, db::Error> {
    let mut all = Vec::new();
    let relayed = peers::relayed_origins(db).await?;
    for peer in peers::all(db).await? {
        all.push(Freshness {
            records: records_of(db, &peer, &relayed).await?,
            name: peer.name,
            origin: peer.moved_to.unwrap_or(peer.origin),
            state: peer.state,
            licence: peer.licence,
            complete_at: peer.succeeded_at,
        });
    }
    Ok(all)
}

/// How many records are to be seen here that came from a peer, what it passes on among them.
pub(super) async fn records_of(db: &db::Database, peer: &Peer, relayed: &[(peers::PeerId, String)]) -> Result<u64, db::Error> {
    let mut many = published::count_from(db, &peer.origin).await?;
    for (_, origin) in relayed.iter().filter(|(by, _)| *by == peer.id) {
        many += published::count_from(db, origin).await?;
    }
    Ok(many)
}

/// The answer of `/federation/v1/status`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Status {
    /// This directory.
    #[schemars(extend("examples" = ["https://directory.luton.example.org/"]))]
    pub origin: Url,
    /// The latest change number of its own records; missing if it has none.
    #[schemars(extend("examples" = [1_764_000_000_000_123_i64]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<i64>,
    /// Directories this one follows.
    pub following: Vec<Freshness>,
    /// Directories that say they follow this one and have asked in the last thirty days.
    pub followers: Vec<Follower>,
}

/// A directory that says it follows this one.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Follower {
    /// Its name, if this directory follows it too.
    #[schemars(extend("examples" = ["Central Bedfordshire Council"]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether this directory follows it too. If not, nothing confirms who it is.
    #[schemars(extend("examples" = [true]))]
    pub is_followed: bool,
    /// Its origin, as it states it.
    #[schemars(extend("examples" = ["https://directory.centralbedfordshire.example.org/"]))]
    pub origin: String,
    /// The last change number it had when it last asked.
    #[schemars(extend("examples" = [1_764_000_000_000_120_i64]))]
    pub cursor: i64,
    /// When that was, RFC 3339.
    #[schemars(extend("examples" = ["2026-11-22T06:00:00.000Z"]))]
    pub asked_at: String,
    /// Whether that is the latest.
    #[schemars(extend("examples" = [true]))]
    pub caught_up: bool,
}

/// Whether a text can be the identity of a directory.
fn is_origin(text: &str) -> bool {
    text.len() <= 200
        && Url::parse(text).is_ok_and(|url| {
            url.as_str() == text && matches!(url.scheme(), "https" | "http") && url.path() == "/" && url.query().is_none()
        })
}

/// Where a follower stood when it asked last, and when that was.
type Seen = (Position, DateTime<Utc>);

/// Who follows us, and how far each has come. Kept for as long as the process runs.
#[derive(Clone, Debug, Default)]
pub(super) struct Followers {
    seen: Arc<Mutex<HashMap<String, Seen>>>,
    pinged: Arc<Mutex<HashMap<peers::PeerId, DateTime<Utc>>>>,
}

impl Followers {
    /// Note where somebody stands who asks in the name of an origin. Anybody can claim to be anybody, so nothing is
    /// decided by it, and only what is the address of a directory is taken.
    fn note_at(&self, origin: &str, position: Position, now: DateTime<Utc>, is_followed: impl Fn(&str) -> bool) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= MOST_FOLLOWERS && !seen.contains_key(origin) {
            // Nobody can push those out that we follow ourselves by making names up.
            let oldest = seen.iter().min_by_key(|(origin, (_, at))| (is_followed(origin), *at)).map(|(origin, _)| origin.clone());
            oldest.and_then(|oldest| seen.remove(&oldest));
        }
        seen.insert(origin.to_owned(), (position, now));
    }

    /// Note where somebody stands, by the header of a request.
    pub(super) async fn note(&self, db: &db::Database, headers: &HeaderMap, position: Position, now: DateTime<Utc>) {
        let Some(origin) = headers.get(FOLLOWER).and_then(|value| value.to_str().ok()).filter(|said| is_origin(said)) else {
            return;
        };
        let is_full = {
            let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.len() >= MOST_FOLLOWERS && !seen.contains_key(origin)
        };
        let followed = if is_full { peers::all(db).await.unwrap_or_default() } else { Vec::new() };
        self.note_at(origin, position, now, |origin| followed.iter().any(|peer| peer.identity() == origin));
    }

    /// Those that have asked lately, by their origins.
    fn lately(&self, now: DateTime<Utc>) -> BTreeMap<String, Seen> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter().filter(|(_, (_, at))| now - *at < FORGOTTEN_AFTER).map(|(origin, seen)| (origin.clone(), *seen)).collect()
    }

    /// Whether a peer may ping now; if so, that it did.
    fn may_ping(&self, peer: &Peer, now: DateTime<Utc>) -> bool {
        let mut pinged = self.pinged.lock().unwrap_or_else(PoisonError::into_inner);
        if pinged.get(&peer.id).is_some_and(|last| now - *last < BETWEEN_PINGS) {
            return false;
        }
        pinged.insert(peer.id, now);
        true
    }
}

/// Who is followed and how fresh that is; who follows, and whether they have caught up.
pub(super) async fn show(State(outlet): State<Outlet>, headers: HeaderMap) -> Result<Response, Problem> {
    let head = own::head(&outlet.db).await?;
    let peers = freshness(&outlet.db).await?;
    let followers: Vec<_> = outlet
        .followers
        .lately(outlet.clock.now())
        .into_iter()
        .map(|(origin, (position, at))| {
            let peer = peers.iter().find(|peer| peer.origin == origin);
            Follower {
                name: peer.map(|peer| peer.name.clone()),
                is_followed: peer.is_some(),
                origin,
                cursor: position.0,
                asked_at: clock::rfc3339(at),
                caught_up: head.is_none_or(|head| position >= head),
            }
        })
        .collect();
    let head = head.map(|head| head.0);
    let said = Status { origin: outlet.publisher.origin.clone(), head, following: peers, followers };
    let body = serde_json::to_vec(&said).map_err(|error| Problem::internal(&error))?;
    let version = caching::Version { etag: caching::etag_of_bytes(&body), changed_at: None };
    Ok(caching::respond::<Problem>(&headers, &version, "application/json", || Ok(body.into())))
}

/// Somebody whom we follow has something new: ask them at the next look. Nothing that stands in the
/// hint is believed, and no address in it is asked.
pub(super) async fn ping(
    State(outlet): State<Outlet>,
    body: Result<axum::body::Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let body = body.map_err(|refused| match refused.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(format!("a hint has at most {LARGEST_PING} bytes")),
        _ => Problem::bad_request(refused.body_text()),
    })?;
    let ping: Ping = serde_json::from_slice(&body)
        .map_err(|error| Problem::bad_request(format!("expected {{\"origin\": …, \"head\": …}}: {error}")))?;
    let known = peers::all(&outlet.db).await?.into_iter().find(|peer| peer.identity() == ping.origin);
    // Others send no hints, so whoever does it in their name wants us to ask them again and again.
    let sends_hints = |peer: &Peer| peer.state == PeerState::Following && peer.kind == PeerKind::OpenDirectory;
    let Some(peer) = known.filter(sends_hints) else {
        return Err(Problem::forbidden("only directories followed here can send hints"));
    };
    let now = outlet.clock.now();
    if !outlet.followers.may_ping(&peer, now) {
        let seconds = BETWEEN_PINGS.num_seconds().unsigned_abs();
        let detail = format!("one hint a minute is enough; send the next one in {seconds} seconds");
        return Err(Problem { detail, ..Problem::too_many(seconds) });
    }
    // Anybody can send a hint: whoever wants to be left alone is, and so is whoever fails.
    let soonest = peer.tried_at.map_or(now, |at| at + peer.least()).max(now);
    if (ping.head == 0 || ping.head > peer.cursor.after) && peer.failures == 0 && soonest < peer.next_due_at {
        let tx = outlet.db.write().await?;
        peers::due_now(&tx, peer.id, soonest).await?;
        tx.commit().await?;
    }
    Ok((StatusCode::ACCEPTED, Json(json!({"accepted": true}))).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_followers_push_nobody_out_that_is_followed() {
        let (followers, now) = (Followers::default(), DateTime::UNIX_EPOCH);
        let ours = "https://beds.example.org/";
        followers.note_at(ours, Position(1), now, |_| false);
        for number in 0..MOST_FOLLOWERS + 10 {
            let origin = format!("https://made-up-{number}.example.org/");
            followers.note_at(&origin, Position(2), now + Duration::seconds(1), |origin| origin == ours);
        }
        let lately = followers.lately(now + Duration::days(1));
        assert_eq!((lately.len(), lately.contains_key(ours)), (MOST_FOLLOWERS, true));
        assert!(followers.lately(now + Duration::days(31)).is_empty());
        for bad in [
            "",
            "beds",
            "https://beds.example.org",
            "https://beds.example.org/x",
            "javascript:alert(1)",
            "https://beds.example.org/?x",
        ] {
            assert!(!is_origin(bad), "{bad}");
        }
    }
}
