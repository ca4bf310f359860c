//! Once a week, and when somebody asks: is what we have what the peer has? Its signed checkpoint says
//! how far its feed goes and what the sum over its records is. Where ours is different, it is repaired
//! bucket by bucket (`repair.rs`); where that does not do, everything is walked anew, which costs a
//! download and changes only what differs.

use chrono::{DateTime, Duration, Utc};
use serde_json::Value;

use super::{super::compare, End, Harvester, Run};
use crate::{formats::json, outbound::Ask, published::own::digest};

/// How often to compare.
const EVERY: Duration = Duration::days(7);

/// What a comparison says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Compared {
    /// It is the same: so many records are there.
    Same(u64),
    /// It cannot be compared, for this reason.
    Not(String),
    /// The peer has something newer than it told us.
    Behind,
    /// Something is different from what has this root.
    Different(String),
}

/// Whether it is time to compare.
pub(super) fn is_due(compared_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    compared_at.is_none_or(|at| now - at >= EVERY)
}

impl Harvester {
    /// Compare what is here of a peer with its checkpoint.
    pub(super) async fn compare(&self, run: &mut Run) -> Result<Compared, End> {
        let said = run.peer.discovered.as_ref().and_then(|said| said.checkpoint.clone());
        let not = |why: &str| Ok(Compared::Not(why.to_owned()));
        let url = match said {
            Some(url) if url.origin() == run.peer.url.origin() => url,
            Some(url) => return Ok(Compared::Not(format!("its checkpoint is at {url}, which is not its own address"))),
            None => return not("it does not name a checkpoint"),
        };
        let Some(keys) = run.peer.pinned_keys.clone() else { return not("none of its keys has been approved") };
        let answer = self.ask(run, Ask::get(url.clone())).await?;
        let checkpoint = json::parse(&answer.body).map_err(|error| End::failed("bad-json", format!("{url}: {error}")))?;
        let text = |name: &str| checkpoint.get(name).and_then(Value::as_str).unwrap_or_default();
        if text("origin") != run.peer.identity() || !compare::verifies(&checkpoint, &keys) {
            return Err(End::held("bad-checkpoint", format!("the checkpoint at {url} is not signed by an approved key")));
        }
        let now = self.clock.now();
        if DateTime::parse_from_rfc3339(text("expires")).map_or(true, |expires| expires < now) {
            return Err(End::failed("old-checkpoint", format!("the checkpoint at {url} expired at {}", text("expires"))));
        }
        if Some(text("epoch")) != run.peer.cursor.epoch.as_deref() {
            return not("it is starting a new epoch at the moment"); // the next page tells of it
        }
        let head = checkpoint.get("head").and_then(Value::as_i64).unwrap_or(0);
        let here = run.peer.cursor.after;
        // The feed of everything goes further than that of its own records.
        if head < here && !run.peer.scope.relayed {
            return Err(End::held("head-went-back", format!("its feed went up to {here} but its checkpoint says {head}")));
        }
        if head > here {
            return Ok(Compared::Behind);
        }
        if run.peer.scope.is_partial() {
            return not("only some of its records are imported, but its checkpoint covers all of them");
        }
        let root = text("digest_root").to_owned();
        let same = root == hex::encode(digest::root(&self.buckets_here(run.peer.id).await?));
        Ok(if same { Compared::Same(run.live_now()) } else { Compared::Different(root) })
    }
}
