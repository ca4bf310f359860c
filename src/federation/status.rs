//! What everybody may know of how we follow others and how others follow us, and the hint that
//! somebody has something new.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Json,
    extract::{State, rejection::BytesRejection},
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, Duration, Utc};
use http::{HeaderMap, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use url::Url;

use super::{
    Outlet,
    followers::Follower,
    peers::{self, Peer, PeerKind, PeerState},
    protocol::Ping,
};
use crate::{
    clock, db,
    http::{Problem, caching},
    published,
};

/// A peer may tell us of news so often.
const BETWEEN_PINGS: Duration = Duration::minutes(1);
/// A hint larger than this is not read, in bytes.
pub(super) const LARGEST_PING: usize = 4 << 10;

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
    /// The last change number of its feed that was applied here; missing if it has no such feed.
    #[schemars(extend("examples" = [1_764_000_000_000_123_i64]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<i64>,
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
            cursor: (peer.kind == PeerKind::OpenDirectory).then_some(peer.cursor.after),
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
    /// The latest change that has to be destroyed wherever it was copied to; missing if there was none.
    #[schemars(extend("examples" = [1_764_000_000_000_120_i64]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub urgent: Option<i64>,
    /// Directories this one follows.
    pub following: Vec<Freshness>,
    /// Directories that say they follow this one and have asked in the last thirty days.
    pub followers: Vec<Follower>,
}

/// When each peer was last known to have sent a hint, for as long as the process runs.
#[derive(Clone, Debug, Default)]
pub(super) struct Pings(Arc<Mutex<HashMap<peers::PeerId, DateTime<Utc>>>>);

impl Pings {
    /// Whether a peer may ping now; if so, that it did.
    fn may_ping(&self, peer: &Peer, now: DateTime<Utc>) -> bool {
        let mut pinged = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if pinged.get(&peer.id).is_some_and(|last| clock::age(now, *last) < BETWEEN_PINGS) {
            return false;
        }
        pinged.insert(peer.id, now);
        true
    }
}

/// Who is followed and how fresh that is; who follows, and whether they have caught up.
pub(super) async fn show(State(outlet): State<Outlet>, headers: HeaderMap) -> Result<Response, Problem> {
    let reach = outlet.followers.reach(&outlet.db).await?;
    let said = Status {
        origin: outlet.publisher.origin.clone(),
        head: reach.head.map(|head| head.0),
        urgent: reach.urgent.map(|urgent| urgent.0),
        following: freshness(&outlet.db).await?,
        followers: outlet.followers.all(&outlet.db, reach, outlet.clock.now()).await?,
    };
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
    if !outlet.pings.may_ping(&peer, now) {
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
