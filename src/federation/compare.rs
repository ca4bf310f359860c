//! What followers compare with what they have: the signed checkpoint, which shows what single
//! signatures cannot (that nothing is left out, cut off or held back), and the digest below it.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use chrono::{Duration, DurationRound as _};
use http::{HeaderMap, HeaderValue, header};
use serde_json::{Value, json};

use super::{
    Outlet,
    proofs::{Bucket, Checkpoint, Digest, Listed, SnapshotName},
    protocol::ItemState,
};
use crate::{
    clock,
    http::{Problem, Segment, caching},
    published::{
        self, Position,
        own::{self, digest},
    },
    signing,
};

/// Stands before a checkpoint that is signed.
pub const CHECKPOINT: &[u8] = b"open-directory-checkpoint-v1\n";
/// How long a checkpoint is good for.
const GOOD_FOR: Duration = Duration::hours(24);
/// A checkpoint is issued anew so often: until then it is the same to the last byte, where nothing else has changed.
const ISSUED_EACH: Duration = Duration::minutes(1);
/// How long it may be kept.
const KEPT: HeaderValue = HeaderValue::from_static("public, max-age=60");
/// Own records that are read at once.
const ROWS: u64 = 500;

/// Everything of ours at one moment.
struct Sums {
    epoch: String,
    began: Position,
    head: Position,
    buckets: Vec<digest::Bucket>,
}

/// The head and the buckets that belong together.
async fn sums(outlet: &Outlet) -> Result<Sums, Problem> {
    let present = published::head(&outlet.db, &outlet.clock).await?;
    let snapshot = outlet.db.snapshot().await?;
    let epoch = published::head_in(&snapshot).await?.unwrap_or(present);
    let head = own::head_in(&snapshot).await?.unwrap_or(epoch.began);
    let buckets = own::buckets_in(&snapshot).await?;
    snapshot.roll_back().await?;
    Ok(Sums { epoch: epoch.epoch, began: epoch.began, head, buckets })
}

/// The signed checkpoint.
pub(super) async fn checkpoint(State(outlet): State<Outlet>, headers: HeaderMap) -> Result<Response, Problem> {
    let sums = sums(&outlet).await?;
    let now = outlet.clock.now();
    let now = now.duration_trunc(ISSUED_EACH).unwrap_or(now);
    let snapshot = outlet.latest_snapshot().map(|latest| SnapshotName { seq: latest.seq.0, sha256: latest.sha256 });
    let count = |of: fn(&digest::Bucket) -> i64| sums.buckets.iter().map(of).sum::<i64>();
    let said = Checkpoint {
        origin: outlet.publisher.origin.clone(),
        head: sums.head.0,
        min_safe: sums.began.0,
        count_live: count(|bucket| bucket.live),
        count_deleted: count(|bucket| bucket.gone),
        digest_root: hex::encode(digest::root(&sums.buckets)),
        epoch: sums.epoch,
        snapshot,
        issued: clock::rfc3339(now),
        expires: clock::rfc3339(now + GOOD_FOR),
    };
    Ok(answer(&headers, &outlet.signer.seal(CHECKPOINT, json!(said))))
}

/// The buckets.
pub(super) async fn buckets(State(outlet): State<Outlet>, headers: HeaderMap) -> Result<Response, Problem> {
    let sums = sums(&outlet).await?;
    let values: Vec<String> = sums.buckets.iter().map(|bucket| hex::encode(bucket.value)).collect();
    let root = hex::encode(digest::root(&sums.buckets));
    let said = Digest { origin: outlet.publisher.origin.clone(), epoch: sums.epoch, seq: sums.head.0, buckets: values, root };
    Ok(answer(&headers, &json!(said)))
}

/// What stands in one bucket. All own records are looked at for it, so one does it at a time.
pub(super) async fn bucket(
    State(outlet): State<Outlet>,
    Segment(which): Segment,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let which: u8 = which.parse().map_err(|_| Problem::not_found("buckets are numbered from 0 to 255".to_owned()))?;
    let _turn = Arc::clone(&outlet.digesting).acquire_owned().await.map_err(|error| Problem::internal(&error))?;
    let present = published::head(&outlet.db, &outlet.clock).await?;
    // What changes while rows are read, some at a time, would stand in it twice; or under another epoch's name.
    let snapshot = outlet.db.snapshot().await?;
    let epoch = published::head_in(&snapshot).await?.unwrap_or(present);
    let mut items = Vec::new();
    let mut position = Position::ZERO;
    loop {
        let rows = own::after_in(&snapshot, position, ROWS).await?;
        let Some(last) = rows.last() else { break };
        position = last.position;
        for row in rows.into_iter().filter(|row| digest::bucket_of(row.kind, row.id) == which) {
            let state = if row.live { ItemState::Updated } else { ItemState::Deleted };
            let hash = digest::data_hash(&row.statement);
            items.push(Listed { kind: row.kind, id: row.id, rev: row.position.0, state, hash });
        }
    }
    snapshot.roll_back().await?;
    let said = Bucket { origin: outlet.publisher.origin.clone(), epoch: epoch.epoch, bucket: which, seq: position.0, items };
    Ok(answer(&headers, &json!(said)))
}

/// A checkpoint as its signature is checked: with the key of a list, whichever it names.
pub fn verifies(checkpoint: &Value, keys: &[signing::Listed]) -> bool {
    signing::seal_verifies(CHECKPOINT, checkpoint, keys)
}

pub(super) fn answer(headers: &HeaderMap, body: &Value) -> Response {
    let body = body.to_string().into_bytes();
    let version = caching::Version { etag: caching::etag_of_bytes(&body), changed_at: None };
    let mut response = caching::respond::<Problem>(headers, &version, "application/json", || Ok(body.into()));
    response.headers_mut().insert(header::CACHE_CONTROL, KEPT);
    response
}
