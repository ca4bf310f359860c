//! What everybody may know of how we follow others and how others follow us, and the hint that
//! somebody has something new.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, Duration, Utc};
use http::{HeaderMap, HeaderName, StatusCode};
use serde::Serialize;
use serde_json::json;

use super::{
    Outlet,
    peers::{self, Peer, PeerState},
    protocol::Ping,
};
use crate::{
    clock, db,
    http::{Problem, caching},
    published::{self, Position, own},
};

/// A peer may tell us of news so often.
const BETWEEN_PINGS: Duration = Duration::minutes(1);
/// Followers that are remembered; more than any directory has.
const MOST_FOLLOWERS: usize = 2_000;
/// A page of the feed is asked for in the name of this origin.
pub(super) const FOLLOWER: HeaderName = HeaderName::from_static("fed-follower");

/// How up to date the records from a directory are.
#[derive(Clone, Debug, Serialize)]
pub struct Freshness {
    /// Its name.
    pub name: String,
    /// Its identity.
    pub origin: String,
    /// Its state: `new`, `following`, `held`.
    pub state: PeerState,
    /// Licence of its records.
    pub licence: Option<String>,
    /// Number of its records shown here.
    pub records: u64,
    /// When all its records were last known to be here.
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

/// Where a follower stood when it asked last, and when that was.
type Seen = (Position, DateTime<Utc>);

/// Who follows us, and how far each has come. Kept for as long as the process runs.
#[derive(Clone, Debug, Default)]
pub(super) struct Followers {
    seen: Arc<Mutex<HashMap<String, Seen>>>,
    pinged: Arc<Mutex<HashMap<peers::PeerId, DateTime<Utc>>>>,
}

impl Followers {
    /// Note where somebody stands who asks in the name of an origin. Anybody can claim to be anybody,
    /// so only those that we know ourselves are shown.
    pub(super) fn note(&self, headers: &HeaderMap, position: Position, now: DateTime<Utc>) {
        let Some(origin) = headers.get(FOLLOWER).and_then(|value| value.to_str().ok()).filter(|origin| origin.len() <= 200)
        else {
            return;
        };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= MOST_FOLLOWERS && !seen.contains_key(origin) {
            let oldest = seen.iter().min_by_key(|(_, (_, at))| *at).map(|(origin, _)| origin.clone());
            oldest.and_then(|oldest| seen.remove(&oldest));
        }
        seen.insert(origin.to_owned(), (position, now));
    }

    fn of(&self, origin: &str) -> Option<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(origin).copied()
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
    let followers: Vec<_> = peers
        .iter()
        .filter_map(|peer| {
            let (position, at) = outlet.followers.of(&peer.origin)?;
            Some(json!({
                "name": peer.name, "origin": peer.origin, "cursor": position, "asked_at": clock::rfc3339(at),
                "caught_up": head.is_none_or(|head| position >= head),
            }))
        })
        .collect();
    let body = json!({
        "origin": outlet.publisher.origin, "head": head, "following": peers, "followers": followers
    });
    let body = body.to_string().into_bytes();
    let version = caching::Version { etag: caching::etag_of_bytes(&body), changed_at: None };
    Ok(caching::respond::<Problem>(&headers, &version, "application/json", || Ok(body.into())))
}

/// Somebody whom we follow has something new: ask them at the next look. Nothing that stands in the
/// hint is believed, and no address in it is asked.
pub(super) async fn ping(State(outlet): State<Outlet>, body: axum::body::Bytes) -> Result<Response, Problem> {
    let ping: Ping = serde_json::from_slice(&body)
        .map_err(|error| Problem::bad_request(format!("expected {{\"origin\": …, \"head\": …}}: {error}")))?;
    let known = peers::all(&outlet.db).await?.into_iter().find(|peer| peer.identity() == ping.origin);
    let Some(peer) = known.filter(|peer| peer.state == PeerState::Following) else {
        return Err(Problem::forbidden("only directories followed here can send hints"));
    };
    let now = outlet.clock.now();
    if !outlet.followers.may_ping(&peer, now) {
        return Err(Problem::too_many(BETWEEN_PINGS.num_seconds().unsigned_abs()));
    }
    if ping.head == 0 || ping.head > peer.cursor.after {
        let tx = outlet.db.write().await?;
        peers::due_now(&tx, peer.id, now).await?;
        tx.commit().await?;
    }
    Ok((StatusCode::ACCEPTED, Json(json!({"accepted": true}))).into_response())
}
