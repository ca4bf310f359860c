//! A page of a peer, applied: every item is judged, and what that comes to is a plan, which `write.rs` carries out.

use std::collections::{BTreeSet, HashMap, HashSet};

use uuid::Uuid;

use super::{
    super::peers::{Cursor, Foreign, Held, Quarantined},
    End, Harvester, Run,
    admit::Departure,
    directory::too_many,
    event::Items,
};
use crate::{model::Kind, published::evidence::Evidence, records::Draft};

/// A page of which more than a fifth cannot be taken is not applied, from so many records on.
const BAD: usize = 10;

/// A record as it is to be saved.
pub(super) struct Planned {
    pub(super) draft: Draft,
    /// Whether it is a record of its own, not a part of one, or one that has left.
    pub(super) is_main: bool,
}

impl Planned {
    pub(super) fn id(&self) -> Uuid {
        self.draft.document.id()
    }

    pub(super) fn is_term(&self) -> bool {
        matches!(self.draft.document.kind(), Kind::Taxonomy | Kind::TaxonomyTerm)
    }
}

/// What a page comes to.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) drafts: Vec<Planned>,
    pub(super) foreign: Vec<Foreign>,
    pub(super) seen: Vec<Uuid>,
    pub(super) quarantined: Vec<Quarantined>,
    /// Ids that are fine now, or gone.
    pub(super) fine: Vec<Uuid>,
    /// Records that left: theirs, and how.
    pub(super) gone: Vec<(Foreign, Departure)>,
    /// Records of which nothing older may be kept.
    pub(super) purged: Vec<Uuid>,
    pub(super) held: Vec<Held>,
    /// What their origins have signed, where it is kept to be passed on.
    pub(super) evidence: Vec<Evidence>,
    /// Origins whose records were left out until more is known of them.
    pub(super) missed: BTreeSet<String>,
    /// Records that were not here before.
    pub(super) coming: u64,
    /// Records that never were here, and of which it is remembered that they are gone.
    pub(super) absent: u64,
    pub(super) unchanged: u64,
    pub(super) ignored: HashMap<&'static str, u64>,
    pub(super) dropped: u64,
}

impl Plan {
    /// Records that leave, and ids of which nothing waits any more.
    pub(super) fn of_gone(gone: Vec<(Foreign, Departure)>, fine: Vec<Uuid>) -> Self {
        Self { fine, gone, ..Self::default() }
    }

    /// What is known from now on: of what is here, and of what has left.
    pub(super) fn known(&mut self) -> Vec<Foreign> {
        let mut foreign = std::mem::take(&mut self.foreign);
        foreign.extend(self.gone.iter().map(|(foreign, _)| foreign.clone()));
        // A part that is told by itself as well is known by what it says of itself.
        let told: HashSet<Uuid> = foreign.iter().filter(|one| one.own_item).map(|one| one.id).collect();
        foreign.retain(|one| one.own_item || !told.contains(&one.id));
        let mut once = HashSet::new();
        foreign.reverse();
        foreign.retain(|one| once.insert(one.id));
        // As the database keeps them, so that it goes through its trees once.
        foreign.sort_unstable_by_key(|one| one.id);
        foreign
    }

    /// Records of which nothing waits any more.
    pub(super) fn decided(&self) -> Vec<Uuid> {
        let held: HashSet<Uuid> = self.held.iter().map(|held| held.id).collect();
        self.fine.iter().copied().filter(|id| !held.contains(id)).collect()
    }

    /// What went because its time was over need not be remembered, and counts for no alarm.
    pub(super) fn over(&self) -> impl Iterator<Item = &Foreign> {
        self.gone.iter().filter(|(_, departure)| *departure == Departure::Over).map(|(foreign, _)| foreign)
    }
}

impl Harvester {
    /// Apply a page and move on to `cursor`. `seen` are records that were met and have not changed.
    pub(super) async fn apply(&self, run: &mut Run, items: Items, seen: Vec<Uuid>, cursor: Cursor) -> Result<(), End> {
        let count = items.len();
        self.judge_and_write(run, items, seen, cursor, Some(count)).await
    }

    /// Apply records that were picked out of pages, and stay where we are: how many of them are bad says nothing of what
    /// they came from.
    pub(super) async fn apply_picked(&self, run: &mut Run, items: Items) -> Result<(), End> {
        let cursor = run.peer.cursor.clone();
        self.judge_and_write(run, items, Vec::new(), cursor, None).await
    }

    /// Apply some of a page of `count` items, and move on to `cursor`: how many of them are bad is a question of the page.
    pub(super) async fn apply_some(&self, run: &mut Run, items: Items, cursor: Cursor, count: usize) -> Result<(), End> {
        self.judge_and_write(run, items, Vec::new(), cursor, Some(count)).await
    }

    /// Write what a piece of a file has come to, and stay where we are.
    pub(super) async fn write_picked(&self, run: &mut Run, plan: Plan) -> Result<(), End> {
        let cursor = run.peer.cursor.clone();
        self.write_judged(run, plan, Vec::new(), cursor, None).await
    }

    /// Apply items, which are of a page where it is said of how many.
    async fn judge_and_write(
        &self,
        run: &mut Run,
        items: Items,
        seen: Vec<Uuid>,
        cursor: Cursor,
        page: Option<usize>,
    ) -> Result<(), End> {
        let plan = self.judge(run, items).await?;
        self.write_judged(run, plan, seen, cursor, page).await
    }

    /// Write what items have come to, which are of a page where it is said of how many.
    async fn write_judged(
        &self,
        run: &mut Run,
        mut plan: Plan,
        seen: Vec<Uuid>,
        cursor: Cursor,
        page: Option<usize>,
    ) -> Result<(), End> {
        let too_many_bad = page.and_then(|count| too_many_bad(&plan, count));
        let refused = match too_many_bad.or_else(|| too_many(run, plan.coming).filter(|_| plan.coming > 0)) {
            None => self.mind_the_excess(run, &mut plan).await.err(),
            refused => refused,
        };
        if let Some(refused) = refused {
            if !plan.purged.is_empty() {
                // What has to be destroyed does not wait for the rest of the page.
                self.keep_only_what_is_urgent(&mut plan).await?;
                Box::pin(self.write(run, plan, run.peer.cursor.clone())).await?;
            }
            return Err(refused);
        }
        plan.unchanged += seen.len() as u64;
        plan.seen.extend(seen);
        self.guard_deletions(run, &mut plan);
        Box::pin(self.write(run, plan, cursor)).await
    }
}

/// Whether so many of `count` records are so many that something else is wrong than those records.
pub(super) fn is_mostly_bad(bad: usize, count: usize) -> bool {
    bad >= BAD && bad * 5 > count
}

fn too_many_bad(plan: &Plan, count: usize) -> Option<End> {
    let bad = plan.quarantined.len();
    let first = plan.quarantined.first().filter(|_| is_mostly_bad(bad, count))?;
    let detail = format!(
        "{bad} of the {count} records on a page cannot be imported; the first ({} {}): {}",
        first.kind, first.foreign_id, first.detail
    );
    Some(End::failed("too-many-bad-records", detail))
}
