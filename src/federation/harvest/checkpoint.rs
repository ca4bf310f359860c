//! Once a week, and when somebody asks: is what we have what the peer has? Its signed checkpoint says
//! how far its feed goes and what the sum over its records is. Where ours is different, it is repaired
//! bucket by bucket (`repair.rs`); where that does not do, everything is walked anew, which costs a
//! download and changes only what differs.

use chrono::{DateTime, Duration, Utc};
use serde_json::Value;

use super::{
    super::{compare, peers},
    End, Harvester, Run,
};
use crate::{
    clock::{SKEW, age},
    formats::json,
    outbound::Ask,
    published::own::digest,
    signing::{Listed, Status},
};

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

/// Whether it is time to compare. What is yet to come was written while a clock was wrong.
pub(super) fn is_due(compared_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    compared_at.is_none_or(|at| age(now, at) >= EVERY)
}

/// A checkpoint that an approved key has signed and that has not expired.
struct Signed {
    epoch: String,
    head: i64,
    root: String,
    issued: Option<DateTime<Utc>>,
}

impl Harvester {
    /// Compare what is here of a peer with its checkpoint.
    pub(super) async fn compare(&self, run: &mut Run) -> Result<Compared, End> {
        let not = |why: &str| Ok(Compared::Not(why.to_owned()));
        let signed = match self.checkpoint(run).await? {
            Ok(signed) => signed,
            Err(why) => return Ok(Compared::Not(why)),
        };
        if Some(signed.epoch.as_str()) != run.peer.cursor.epoch.as_deref() {
            return not("it is starting a new epoch at the moment"); // the next page tells of it
        }
        let (head, here, promised) = (signed.head, run.peer.cursor.after, run.peer.cursor.promised);
        // The feed of everything goes further than that of its own records.
        let reached = if run.peer.scope.relayed { promised } else { promised.max(here) };
        if head < reached {
            return Err(End::held("head-went-back", format!("its feed had reached {reached} but its checkpoint says {head}")));
        }
        run.peer.cursor.promised = head;
        if head > here {
            return Ok(Compared::Behind);
        }
        if run.peer.scope.is_partial() {
            return not("only some of its records are imported, but its checkpoint covers all of them");
        }
        let same = signed.root == hex::encode(digest::root(&self.buckets_here(run.peer.id).await?));
        Ok(if same { Compared::Same(run.live_now()) } else { Compared::Different(signed.root) })
    }

    /// Whether a checkpoint shows that the peer has told nothing that is not here. One that cannot be had shows nothing.
    pub(super) async fn is_everything_here(&self, run: &mut Run) -> Result<bool, End> {
        match self.checkpoint(run).await {
            Ok(Ok(signed)) => {
                let same_epoch = Some(signed.epoch.as_str()) == run.peer.cursor.epoch.as_deref();
                Ok(same_epoch && signed.head <= run.peer.cursor.after)
            }
            Ok(Err(_)) | Err(End::Failed(..)) => Ok(false),
            Err(other) => Err(other),
        }
    }

    /// The checkpoint of a peer, or why there is none.
    async fn checkpoint(&self, run: &mut Run) -> Result<Result<Signed, String>, End> {
        let said = run.peer.discovered.as_ref().and_then(|said| said.checkpoint.clone());
        let url = match said {
            Some(url) if url.origin() == run.peer.url.origin() => url,
            Some(url) => return Ok(Err(format!("its checkpoint is at {url}, which is not its own address"))),
            None => return Ok(Err("it does not name a checkpoint".to_owned())),
        };
        let Some(mut keys) = run.peer.pinned_keys.clone() else {
            return Ok(Err("none of its keys has been approved".to_owned()));
        };
        let answer = match self.ask(run, Ask::get(url.clone())).await {
            // Its feed is another matter, and may be there.
            Err(end) if end.is_not_there() => return Ok(Err(format!("nothing is at {url}, where its checkpoint should be"))),
            other => other?,
        };
        let checkpoint = json::parse(&answer.body).map_err(|error| End::failed("bad-json", format!("{url}: {error}")))?;
        let text = |name: &str| checkpoint.get(name).and_then(Value::as_str).unwrap_or_default();
        if !compare::verifies(&checkpoint, &keys) {
            // It may have changed its keys since we read which they are.
            self.rediscover(run).await?;
            keys = run.peer.pinned_keys.clone().unwrap_or_default();
        }
        if text("origin") != run.peer.identity() || !compare::verifies(&checkpoint, &keys) {
            return Err(End::held("bad-checkpoint", format!("the checkpoint at {url} is not signed by an approved key")));
        }
        let active: Vec<Listed> = keys.into_iter().filter(|key| key.status == Status::Active).collect();
        if !compare::verifies(&checkpoint, &active) {
            return Err(End::failed(
                "old-checkpoint",
                format!("the checkpoint at {url} is signed by a key that has been retired"),
            ));
        }
        let moment = |name: &str| DateTime::parse_from_rfc3339(text(name)).ok().map(|at| at.to_utc());
        if moment("expires").is_none_or(|expires| expires < self.clock.now()) {
            return Err(End::failed("old-checkpoint", format!("the checkpoint at {url} expired at {}", text("expires"))));
        }
        run.peer.cursor.proves = true;
        Ok(Ok(Signed {
            epoch: text("epoch").to_owned(),
            head: checkpoint.get("head").and_then(Value::as_i64).unwrap_or(0),
            root: text("digest_root").to_owned(),
            issued: moment("issued"),
        }))
    }

    /// An officer has let a peer go on that had gone back. A checkpoint that it has signed since shows that it has,
    /// and everything is compared, whatever its numbers are. Without one, old versions may be shown in its name by
    /// somebody who has its host and not its keys.
    pub(super) async fn begin_behind(&self, run: &mut Run) -> Result<(), End> {
        let Some(since) = run.peer.cursor.went_back_at.filter(|_| run.held_at.is_none()) else { return Ok(()) };
        self.rediscover(run).await?;
        let here = run.peer.cursor.after;
        let why = match self.checkpoint(run).await? {
            Err(why) => why,
            Ok(signed) if signed.issued.is_none_or(|issued| issued < since - SKEW) => {
                "its checkpoint is older than its release here, so it does not show what it has now".to_owned()
            }
            Ok(signed) if Some(&signed.epoch) == run.peer.cursor.epoch.as_ref() && signed.head >= here => {
                // Its feed has come further in the meantime, or somebody shows an old one.
                run.peer.cursor.went_back_at = None;
                run.peer.cursor.promised = signed.head;
                let cursor = run.peer.cursor.clone();
                return self.apply(run, Vec::new(), Vec::new(), cursor).await;
            }
            Ok(_) => {
                let cursor = run.peer.cursor.knowing_nothing();
                let tx = self.under_lease(run).await?;
                peers::forget_numbers(&tx, run.peer.id).await?;
                tx.commit().await?;
                return self.apply(run, Vec::new(), Vec::new(), cursor).await;
            }
        };
        Err(End::held("head-went-back", format!("its feed went up to {here} and goes less far now; {why}")))
    }
}
