//! What a page comes to, written: records, what is known about them, what could not be taken and where we stand now,
//! all in one transaction. Whatever happens, the cursor and the records belong together.

use std::collections::HashSet;

use uuid::Uuid;

use super::{
    super::peers::{self, Cursor, Peer, Trust},
    End, Harvester, Run,
    apply::{Plan, Planned},
    sessions::Parts,
    take,
    urgent::says_no_more,
};
use crate::{
    db::{self, Transaction},
    published::{self, Position},
    records::{self, Caller, Draft, Entrance, LastModified, Saved, State},
};

/// What became of the drafts of a page.
#[derive(Default)]
struct Stored {
    /// Of each record of its own.
    saved: Vec<Saved>,
    /// How many wait for a person.
    proposed: u64,
}

impl Harvester {
    /// Write a page, and where we stand behind it, in one transaction.
    pub(super) async fn write(&self, run: &mut Run, mut plan: Plan, cursor: Cursor) -> Result<(), End> {
        let leaving = self.leaving(&plan).await?;
        plan.drafts.extend(leaving);
        let missed = self.missed(&plan.missed).await?;
        let peer = Peer { cursor, tried_at: Some(self.clock.now()), ..run.peer.clone() };
        let tx = self.under_lease(run).await?;
        if run.held_at.is_none() && peers::is_held(&tx, peer.id).await? {
            tx.roll_back().await?;
            return Err(End::held("held", "an officer put it on hold during the pull".to_owned()));
        }
        note(&tx, run, &peer, &mut plan).await?;
        for origin in &missed {
            peers::put_origin(&tx, origin).await?;
        }
        let stored = self.store(&tx, run, &mut plan).await?;
        if !plan.purged.is_empty() {
            tx.sweep_later().await?;
        }
        tx.commit().await?;
        run.peer = peer;
        run.parts = Parts::default();
        tally(run, plan, &stored);
        Ok(())
    }

    /// What has to be saved of records that leave. What had left before is still kept, and may have to be destroyed.
    async fn leaving(&self, plan: &Plan) -> Result<Vec<Planned>, End> {
        let gone: HashSet<Uuid> = plan.gone.iter().map(|(foreign, _)| foreign.id).collect();
        let told: HashSet<Uuid> = plan.drafts.iter().map(Planned::id).collect();
        let left = plan.purged.iter().copied().filter(|id| !gone.contains(id) && !told.contains(id));
        let leave: Vec<Uuid> = plan.gone.iter().map(|(foreign, _)| foreign.id).chain(left).collect();
        let mut stored = self.records.find_all(&leave).await?;
        let mut drafts = Vec::new();
        for id in leave {
            if let Some(stored) = stored.remove(&id) {
                let draft = if plan.purged.contains(&id) { hollow(stored)? } else { gone_from(stored)? };
                drafts.push(Planned { draft, is_main: false });
            }
        }
        Ok(drafts)
    }

    /// Save the records of a page, or let them wait, and keep what their origins have signed.
    async fn store(&self, tx: &Transaction, run: &Run, plan: &mut Plan) -> Result<Stored, End> {
        let mut drafts = std::mem::take(&mut plan.drafts);
        let proposed = self.propose(tx, run, &mut drafts, &plan.purged).await?;
        let (main, drafts): (Vec<bool>, Vec<Draft>) = drafts.into_iter().map(|planned| (planned.is_main, planned.draft)).unzip();
        let (saved, stood) = self.save_records(tx, run, drafts, &plan.purged).await?;
        plan.evidence.retain(|one| !plan.held.iter().any(|held| held.id == one.id));
        if !plan.evidence.is_empty() {
            published::evidence::put(tx, &plan.evidence).await?;
            let ids: Vec<Uuid> = plan.evidence.iter().map(|one| one.id).collect();
            published::move_to_end(tx, &ids, stood).await?;
        }
        let saved = saved.into_iter().zip(main).filter(|(_, is_main)| *is_main).map(|(saved, _)| saved).collect();
        Ok(Stored { saved, proposed })
    }

    /// Under review, what is new or different waits for a person. What goes, goes; what must not be seen any more is
    /// reduced at once, or goes where what is told instead says more; and terms are no listings.
    async fn propose(&self, tx: &Transaction, run: &Run, drafts: &mut Vec<Planned>, purged: &[Uuid]) -> Result<u64, End> {
        let gone: Vec<Uuid> = drafts.iter().filter(|planned| planned.draft.state == State::Gone).map(Planned::id).collect();
        self.records.forget_proposals(tx, &gone).await?;
        self.records.forget_proposals(tx, purged).await?;
        if run.peer.trust != Trust::Review {
            // Nothing waits any more that is published now.
            let shown: Vec<Uuid> = drafts.iter().map(Planned::id).collect();
            self.records.forget_proposals(tx, &shown).await?;
            return Ok(0);
        }
        let mut waiting = Vec::new();
        let mut now = Vec::new();
        for mut planned in std::mem::take(drafts) {
            let id = planned.id();
            let stored = if purged.contains(&id) { self.records.find(id).await? } else { None };
            let is_less = stored.as_ref().is_some_and(|stored| says_no_more(&planned.draft.document, stored));
            if planned.draft.state == State::Gone || planned.is_term() || is_less {
                now.push(planned);
                continue;
            }
            if let Some(stored) = stored {
                // What is kept of it goes at once; what is told instead waits.
                let (before, revision, state) = (stored.document.clone(), stored.kept.revision, stored.state);
                let kept = hollow(stored)?;
                let differs = state != State::Gone || kept.document.to_json() != before;
                planned.draft.expected_revision = Some(revision + i64::from(differs));
                now.push(Planned { draft: kept, is_main: false });
            }
            waiting.push(planned.draft);
        }
        *drafts = now;
        Ok(self.records.propose(tx, &caller(run), waiting).await?)
    }

    /// What became of each draft, and where the order of everything published stood before: at its end,
    /// where nothing was saved.
    async fn save_records(
        &self,
        tx: &Transaction,
        run: &Run,
        drafts: Vec<Draft>,
        purged: &[Uuid],
    ) -> Result<(Vec<Saved>, Position), End> {
        if drafts.is_empty() {
            return Ok((Vec::new(), Position(i64::MAX)));
        }
        let caller = caller(run);
        let outcome = Box::pin(self.records.save_and_purge(tx, &caller, drafts, &LastModified::new(), purged)).await?;
        Ok((outcome.saved, outcome.began))
    }
}

/// Write what is known of a page's records, beside the records themselves, and where we stand behind it.
async fn note(tx: &Transaction, run: &Run, peer: &Peer, plan: &mut Plan) -> Result<(), db::Error> {
    // What its origin has signed as urgent is never forgotten.
    let forgotten: Vec<Uuid> = plan.over().filter(|foreign| !foreign.is_urgent()).map(|foreign| foreign.id).collect();
    peers::put_parts(tx, &run.parts.put).await?;
    let waits = |event: &Uuid| plan.held.iter().any(|held| held.id == *event);
    let missed = run.parts.missed.iter().filter(|(_, event)| !waits(event)).map(|(part, _)| *part);
    let dropped: Vec<Uuid> = run.parts.gone.iter().copied().chain(missed).collect();
    peers::drop_parts(tx, &dropped).await?;
    peers::put_foreign(tx, &plan.known()).await?;
    peers::forget_foreign(tx, &forgotten).await?;
    peers::mark_seen(tx, &plan.seen, peer.cursor.crawl).await?;
    peers::put_quarantined(tx, &plan.quarantined).await?;
    peers::forget_quarantined(tx, &plan.fine).await?;
    peers::put_held(tx, &plan.held).await?;
    // What is told again, or gone, waits for nobody any more.
    peers::forget_held(tx, &plan.decided()).await?;
    let cursor = run.held_at.as_ref().map_or_else(|| peer.cursor.clone(), |(held_at, _)| held_at.clone());
    peers::save_progress(tx, &Peer { cursor, ..peer.clone() }).await
}

/// Put into the report what a page has come to.
fn tally(run: &mut Run, plan: Plan, stored: &Stored) {
    let (gone, over) = (plan.gone.len(), plan.over().count());
    run.deletions.went(gone - over);
    run.deletions.decided(&plan.decided());
    run.deletions.wait(&plan.held);
    // A series that is told in two feeds is judged twice, and is still one.
    for id in &plan.fine {
        run.quarantined.remove(id);
    }
    run.quarantined.extend(plan.quarantined.into_iter().map(|bad| (bad.id, bad.code)));
    let report = &mut run.report;
    for saved in &stored.saved {
        match saved {
            Saved::Created => report.created += 1,
            Saved::Updated => report.updated += 1,
            Saved::Unchanged => report.unchanged += 1,
        }
    }
    report.unchanged += plan.unchanged;
    report.waiting += stored.proposed;
    report.deleted += gone as u64;
    report.quarantined = run.quarantined.len() as u64;
    report.held_deletes = run.deletions.held();
    for (why, many) in plan.ignored.into_iter().chain([("dropped-part", plan.dropped)]).filter(|(_, many)| *many > 0) {
        *report.left_out.entry(why.to_owned()).or_default() += many;
    }
}

/// A record that has left, as it is kept.
pub(super) fn gone_from(stored: records::Stored) -> Result<Draft, End> {
    let document = stored.read()?;
    Ok(Draft { state: State::Gone, origin: stored.origin, source_id: stored.source_id, ..Draft::new(document) })
}

/// A record that has left, of which nothing may be kept.
fn hollow(stored: records::Stored) -> Result<Draft, End> {
    match take::hollow(stored.kind, &stored.document) {
        Some(document) => {
            Ok(Draft { state: State::Gone, origin: stored.origin, source_id: stored.source_id, ..Draft::new(document) })
        }
        None => gone_from(stored),
    }
}

/// Who a pull is, for history.
pub(super) fn caller(run: &Run) -> Caller {
    Caller { name: format!("peer {}", run.peer.name), why: format!("pulled from {}", run.peer.origin), entrance: Entrance::Feed }
}
