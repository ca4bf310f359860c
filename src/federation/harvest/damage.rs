//! Before it is compared what is here with what the peer has, and once a week where there is nothing to compare with: are the records themselves as they were written? What is
//! known about them cannot tell. A record that is gone from the database, or was changed in it, is forgotten, so that
//! it differs from what the peer has, and is fetched again; and what is published of the others is rendered once more.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::{
    super::peers::{self, Foreign, Trust},
    End, Harvester, Run, checkpoint,
    write::{caller, gone_from},
};
use crate::{
    model::Kind,
    records::{self, Condition, Decision, LastModified},
};

/// Records that are looked at, or rendered again, at once.
const ROWS: u64 = 500;

/// What a look at the records of a peer has found.
#[derive(Debug, Default)]
pub(super) struct Damage {
    /// Those that were looked at.
    looked: Vec<Uuid>,
    /// Those that have to be fetched again.
    lost: Vec<Uuid>,
    /// Whether one of them came as a part of another, which has to be fetched for it.
    is_of_parts: bool,
}

impl Harvester {
    /// Look at every record of a peer, and forget what is known of those that are not as they were written.
    pub(super) async fn look_at_records(&self, run: &mut Run) -> Result<Damage, End> {
        let mut damage = Damage::default();
        let mut after = None;
        loop {
            let rows = peers::of_peer(&self.db, run.peer.id, after, ROWS).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.place());
            let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
            let found = self.records.conditions(&ids).await?;
            let undecided = self.undecided(run, &ids).await?;
            let is_bad = |row: &Foreign| is_damaged(row, found.get(&row.id).copied()) && !undecided.contains(&row.id);
            let (bad, parts): (Vec<Foreign>, Vec<Foreign>) = rows.into_iter().filter(is_bad).partition(|row| row.own_item);
            damage.is_of_parts |= parts.iter().any(|row| row.live);
            damage.looked.extend(ids);
            damage.lost.extend(bad.iter().filter(|row| row.live).map(|row| row.id));
            if !bad.is_empty() {
                self.forget_damaged(run, bad, &found).await?;
            }
        }
        if !damage.lost.is_empty() {
            tracing::error!(peer = run.peer.name, records = damage.lost.len(), "records were lost or changed in the database");
            *run.report.left_out.entry("damaged".to_owned()).or_default() += damage.lost.len() as u64;
        }
        Ok(damage)
    }

    /// The same, once a week, of a peer that has no checkpoint to compare with. Whether something has to be fetched
    /// again.
    pub(super) async fn look_once_a_week(&self, run: &mut Run) -> Result<bool, End> {
        let now = self.clock.now();
        if !checkpoint::is_due(run.peer.cursor.looked_at, now) {
            return Ok(false);
        }
        run.peer.cursor.looked_at = Some(now);
        // What comes for the first time is as it is written.
        if run.peer.succeeded_at.is_none() {
            return Ok(false);
        }
        let damage = self.look_at_records(run).await?;
        if damage.is_of_parts {
            let tx = self.under_lease(run).await?;
            peers::forget_versions(&tx, run.peer.id).await?;
            tx.commit().await?;
        }
        self.publish_again(run, &damage).await?;
        Ok(damage.is_of_parts || !damage.lost.is_empty())
    }

    /// Those of these records that are not there because an officer has not decided yet, or has refused them.
    async fn undecided(&self, run: &Run, ids: &[Uuid]) -> Result<HashSet<Uuid>, End> {
        if run.peer.trust != Trust::Review {
            return Ok(HashSet::new());
        }
        let proposals = self.records.proposed_about(ids).await?.into_iter();
        let open = proposals.filter(|one| matches!(one.decision, Decision::Waiting | Decision::Rejected));
        Ok(open.map(|one| one.record_id).collect())
    }

    /// Forget what damaged records said, so that it is fetched again; what had gone is taken out once more.
    async fn forget_damaged(&self, run: &Run, bad: Vec<Foreign>, found: &HashMap<Uuid, Condition>) -> Result<(), End> {
        let is = |id: &Uuid, condition: Condition| found.get(id) == Some(&condition);
        let unreadable: Vec<Uuid> = bad.iter().map(|row| row.id).filter(|id| is(id, Condition::Unreadable)).collect();
        let risen: Vec<Uuid> = bad.iter().filter(|row| !row.live).map(|row| row.id).collect();
        let risen = self.records.find_all(&risen).await?.into_values();
        let risen: Result<Vec<_>, End> = risen.filter(|stored| is(&stored.id, Condition::Changed)).map(gone_from).collect();
        let lost = bad.into_iter().filter(|row| row.live).map(|row| Foreign { hash: String::new(), listed: None, ..row });
        let tx = self.under_lease(run).await?;
        peers::put_foreign(&tx, &lost.collect::<Vec<_>>()).await?;
        self.records.forget_unreadable(&tx, &unreadable).await?;
        Box::pin(self.records.save(&tx, &caller(run), risen?, &LastModified::new())).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Whether something of it is still not here: only a walk over everything brings what no digest covers.
    pub(super) async fn is_still_lost(&self, damage: &Damage) -> Result<bool, End> {
        Ok(peers::foreign(&self.db, &damage.lost).await?.iter().any(|row| row.live && row.hash.is_empty()))
    }

    /// Publish again what is not published as it stands in the records.
    pub(super) async fn publish_again(&self, run: &mut Run, damage: &Damage) -> Result<(), End> {
        let mut published = 0;
        for ids in damage.looked.chunks(usize::try_from(ROWS).unwrap_or(usize::MAX)) {
            match Box::pin(self.records.refresh(ids)).await {
                Ok(many) => published += many,
                // Something of another peer, or of our own, that these refer to.
                Err(records::Error::Damaged { id, problem }) => {
                    tracing::error!(record.id = %id, problem, "a damaged record keeps others from being rendered");
                }
                Err(error) => return Err(error.into()),
            }
        }
        if published > 0 {
            *run.report.left_out.entry("published-again".to_owned()).or_default() += published;
        }
        Ok(())
    }
}

/// Whether a record is not as it was written. What terms are called here is not always made of their origin, and
/// somebody else's may stand in their place.
fn is_damaged(row: &Foreign, found: Option<Condition>) -> bool {
    match found {
        _ if matches!(row.kind, Kind::Taxonomy | Kind::TaxonomyTerm) => false,
        None | Some(Condition::Withdrawn) => row.live,
        Some(Condition::Whole) => false,
        Some(Condition::Changed | Condition::Unreadable) => true,
    }
}
