//! What a peer may fill the database with besides records: what cannot be taken of it, and what is remembered of records
//! that are gone. There may be much more of either than there are records, so what was agreed bounds these as well.

use chrono::{DateTime, Utc};

use super::{
    super::peers::{self, Peer},
    End, Harvester, Run,
    apply::Plan,
};
use crate::db;

/// What came is kept of so many records that cannot be taken, for people to look at.
const KEPT: u64 = 1_000;
/// However few records were agreed, so many may be such that cannot be taken,
const FEWEST: u64 = 1_000;
/// and so many times as many may be gone: a directory keeps its tombstones for good.
const TIMES: u64 = 10;
/// What is gone is counted again after so many more.
pub(super) const BETWEEN: u64 = 5_000;

impl Harvester {
    /// Whether there is room for what a page brings besides records. Where there is little, it is kept without what came.
    pub(super) async fn mind_the_excess(&self, run: &mut Run, plan: &mut Plan) -> Result<(), End> {
        let most = run.peer.scope.most.max(FEWEST);
        if !plan.quarantined.is_empty() {
            // Most of them are told again each time, and are here already.
            let told = db::in_order(&plan.quarantined.iter().map(|bad| bad.id).collect::<Vec<_>>());
            let (others, kept) = peers::quarantined_besides(&self.db, run.peer.id, &told).await?;
            let all = others + told.len() as u64;
            if all > most {
                return Err(excess(&run.peer, &format!("{all} records that cannot be imported"), most));
            }
            let room = usize::try_from(KEPT.saturating_sub(kept)).unwrap_or(usize::MAX);
            for bad in plan.quarantined.iter_mut().skip(room) {
                bad.raw = None;
            }
        }
        run.absent += plan.absent;
        if plan.absent == 0 || run.absent < BETWEEN {
            return Ok(());
        }
        run.absent = 0;
        let ever = DateTime::<Utc>::UNIX_EPOCH;
        let gone = peers::numbers(&self.db, run.peer.id, ever, self.clock.now()).await?.gone;
        let most = most.saturating_mul(TIMES);
        if gone > most { Err(excess(&run.peer, &format!("deletions of {gone} records"), most)) } else { Ok(()) }
    }
}

fn excess(peer: &Peer, what: &str, most: u64) -> End {
    let detail =
        format!("it has sent {what}, and room for {most} was agreed; `fingerpost peer scope {} --most N` allows more", peer.id);
    End::held("too-many-records", detail)
}
