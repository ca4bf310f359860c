//! Whoever has nothing of a directory begins with its snapshot: one file instead of a feed of many
//! pages. It is fetched in parts and applied as it comes, because each record in it is signed for itself;
//! that nothing was left out, its hash and the checkpoint say at the end. Where anything is wrong with it,
//! the feed is walked as if there were none.
//!
//! One piece of it is fetched, read and judged while the piece before it is written.

use serde_json::Value;
use tokio::sync::mpsc;
use url::Url;

use super::{
    super::{
        peers::{Cursor, Peer, Report},
        snapshot::SNAPSHOT,
    },
    End, Harvester, Run, TOO_MANY,
    apply::{Plan, is_mostly_bad},
    directory::{self, mind_the_cap},
    page::{LONGEST_EPOCH, Reader},
    task::Task,
};
use crate::{
    formats::json,
    outbound::{Answer, Ask},
    signing,
};
use judging::Judge;
use reading::{Piece, Reading};

mod judging;
mod reading;

/// Below this, the feed is as quick.
const WORTH: u64 = 500;
/// Largest file that is fetched, in bytes.
const LARGEST: u64 = 2 << 30;

/// What a pointer names.
#[derive(Clone)]
struct Pointer {
    url: Url,
    epoch: String,
    seq: i64,
    records: u64,
    bytes: u64,
    sha256: String,
}

impl Harvester {
    /// Take over the snapshot, where there is a good one and nothing of the peer is here.
    pub(super) async fn begin_with_snapshot(
        &self,
        run: &mut Run,
        progress: &mut (impl FnMut(&Report) + Send),
    ) -> Result<(), End> {
        let Some(pointer) = self.pointer(run).await? else { return Ok(()) };
        if pointer.records <= WORTH || pointer.records > run.peer.scope.most || pointer.bytes > LARGEST {
            return Ok(());
        }
        let Some(cursor) = self.take_over(run, &pointer, progress).await? else {
            tracing::debug!(peer = run.peer.name, "its snapshot cannot be used; reading its feed instead");
            return Ok(());
        };
        self.apply(run, Vec::new(), Vec::new(), cursor).await
    }

    /// The pointer to the snapshot, signed by an approved key. Where there is none at the moment, the feed is read.
    async fn pointer(&self, run: &mut Run) -> Result<Option<Pointer>, End> {
        let said = run.peer.discovered.as_ref().and_then(|said| said.snapshot.clone());
        let Some(url) = said.filter(|url| url.origin() == run.peer.url.origin() && run.peer.pinned_keys.is_some()) else {
            return Ok(None);
        };
        match self.ask(run, Ask::get(url)).await {
            Ok(answer) => Ok(pointer_in(&answer, &run.peer)),
            Err(End::Failed(trouble, wait)) if trouble.code == TOO_MANY => Err(End::Failed(trouble, wait)),
            Err(_) => Ok(None),
        }
    }

    /// Apply the file as it comes; where the feed goes on from, if it was what its pointer said.
    async fn take_over(
        &self,
        run: &mut Run,
        pointer: &Pointer,
        progress: &mut (impl FnMut(&Report) + Send),
    ) -> Result<Option<Cursor>, End> {
        let (send, mut pieces) = mpsc::channel(1);
        let (reader, judge) = (Reader::of(&run.peer), Judge::of(self, run));
        let reading = Reading::of(self.outbound.clone(), pointer.clone(), reader, judge, send);
        let _reading = Task::spawn(reading.read_on());
        while let Some(piece) = pieces.recv().await {
            match piece {
                Piece::Part(bytes) => {
                    run.report.requests += 1;
                    run.report.bytes += bytes;
                }
                Piece::Refused(answer) => drop(self.count(run, Ok(*answer), false)?),
                Piece::Judged(judged) => match self.take_some(run, *judged, progress).await {
                    // A key that is not known yet: where the feed names it, its list of keys is read again.
                    Err(End::Held(trouble)) if trouble.code == "unknown-key" => return Ok(None),
                    other => other?,
                },
                // Each of its records may be bad for itself; so many are a reason to read the feed, where that is judged.
                Piece::Whole if is_mostly_bad(run.quarantined.len(), usize::try_from(pointer.records).unwrap_or(usize::MAX)) => {
                    return Ok(None);
                }
                Piece::Whole => {
                    let mut next = directory::feed_of(&run.peer)?;
                    let (seq, epoch) = (pointer.seq.to_string(), &pointer.epoch);
                    next.query_pairs_mut().append_pair("afterChangeNumber", &seq).append_pair("epoch", epoch);
                    *run.report.left_out.entry("snapshot".to_owned()).or_default() += 1;
                    return Ok(Some(Cursor {
                        next: Some(next),
                        epoch: Some(pointer.epoch.clone()),
                        after: pointer.seq,
                        head: pointer.seq,
                        ..run.peer.cursor.clone()
                    }));
                }
            }
        }
        Ok(None)
    }

    async fn take_some(
        &self,
        run: &mut Run,
        judged: Result<Plan, End>,
        progress: &mut (impl FnMut(&Report) + Send),
    ) -> Result<(), End> {
        self.write_picked(run, judged?).await?;
        progress(&run.report);
        mind_the_cap(run)?;
        self.mind_the_time(run)
    }
}

/// What an answer says about the snapshot of a peer, where one of its keys has signed that.
fn pointer_in(answer: &Answer, peer: &Peer) -> Option<Pointer> {
    let said = json::parse(&answer.body).ok()?;
    let text = |name: &str| said.get(name).and_then(Value::as_str).map(str::to_owned);
    let whole = |name: &str| said.get(name).and_then(Value::as_u64);
    if text("origin")? != peer.identity() || !signing::seal_verifies(SNAPSHOT, &said, peer.pinned_keys.as_deref()?) {
        return None;
    }
    Some(Pointer {
        url: text("url")?.parse().ok().filter(|url: &Url| url.origin() == peer.url.origin())?,
        epoch: text("epoch").filter(|epoch| epoch.len() <= LONGEST_EPOCH)?,
        seq: said.get("seq")?.as_i64()?,
        records: whole("records")?,
        bytes: whole("bytes")?,
        sha256: text("sha256")?,
    })
}
