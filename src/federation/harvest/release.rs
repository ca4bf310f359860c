//! Deletions that wait for a person and that their origin goes on standing by. Too many at once may be a mistake, and
//! are then taken back within days; what is not taken back is meant. So what the origin has signed goes in the end
//! without anybody having looked, and everything else, and the last record, never does.

use chrono::Duration;
use uuid::Uuid;

use super::{
    super::peers::{self, Held},
    End, Harvester, Run,
};
use crate::clock::age;

/// So often an origin has to be found to stand by its deletions.
const TIMES: i32 = 3;
/// The least time between two of those.
const APART: Duration = Duration::hours(48);
/// Why a record goes that waited.
const STOOD_BY: &str = "its source deleted it, and has stood by that for days";

impl Harvester {
    /// Count once more those deletions that their origin still stands by, and carry out those that were counted often
    /// enough. To be called when the feed has been read to its end.
    pub(super) async fn carry_out_what_is_stood_by(&self, run: &mut Run) -> Result<(), End> {
        if run.held_at.is_some() || run.peer.pinned_keys.is_none() {
            return Ok(());
        }
        let now = self.clock.now();
        let is_ripe = |held: &Held| held.signed && age(now, held.confirmed_at.unwrap_or(held.at)) >= APART;
        let waiting = peers::held_for_people(&self.db, run.peer.id).await?;
        if !waiting.iter().any(is_ripe) || !self.is_everything_here(run).await? {
            return Ok(());
        }
        let is_everything = waiting.len() as u64 >= run.live_now();
        let ripe: Vec<Held> = waiting.into_iter().filter(is_ripe).collect();
        let ids: Vec<Uuid> = ripe.iter().map(|held| held.id).collect();
        let tx = self.under_lease(run).await?;
        peers::confirm_held(&tx, &ids, now).await?;
        tx.commit().await?;
        if is_everything {
            return Ok(());
        }
        let meant: Vec<Held> = ripe.into_iter().filter(|held| held.confirmed + 1 >= TIMES).collect();
        let ids: Vec<Uuid> = meant.iter().map(|held| held.id).collect();
        run.report.deleted += self.carry_out(&run.peer, Some(run.lease), &meant, STOOD_BY).await?;
        run.deletions.decided(&ids);
        run.report.held_deletes = run.deletions.held();
        Ok(())
    }
}
