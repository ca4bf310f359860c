//! How many records of a peer may go without anybody having looked. Deletions are counted over a whole pull, and over
//! the day before it: too many at once, or all that there are, wait for a person. What is urgent never does.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

use super::{
    super::peers::{self, Cursor, Foreign, Held, PeerId, Reason},
    End, Error, Harvester, Run,
    admit::Departure,
    apply::Plan,
    event::Items,
};
use crate::{clock::age, db::Database, published::evidence::Evidence};

/// Records that are taken out in one transaction.
const ROWS: usize = 200;
/// Records that are looked at together when a walk is over.
const WALKED: u64 = 500;
/// So many may go at once, however few there are.
const FEW: u64 = 4;
/// Why what a walk has not met waits.
const NOT_MET: &str = "it was not there when its whole feed was read again";

/// A deletion that is counted once the feed has been read to its end.
struct Counted {
    /// Which version of the record was deleted.
    rev: i64,
    /// Whether its origin has signed that.
    signed: bool,
    /// What is known of it, and what its origin has signed, where this pull has read it.
    told: Option<(Foreign, Departure, Option<Evidence>)>,
}

/// What a pull knows of deletions.
#[derive(Default)]
pub(super) struct Deletions {
    /// Records that have gone in the day before.
    lately: u64,
    /// Deletions that have waited for a person since then.
    waiting: u64,
    /// Records that have gone in this pull, other than because their time was over.
    gone: u64,
    /// Records that a whole reading did not have, and that are still to go.
    going: u64,
    /// Whether the feed goes on behind the page that is applied.
    pub(super) more_follows: bool,
    /// Those that are counted once the feed has been read to its end.
    counted: HashMap<Uuid, Counted>,
    /// Records whose deletion waits because of this pull.
    held: HashSet<Uuid>,
}

impl Deletions {
    /// What is known of a peer's deletions when a pull begins, and how many of its records are there.
    pub(super) async fn of(db: &Database, peer: PeerId, now: DateTime<Utc>) -> Result<(Self, u64), Error> {
        let since = now - Duration::days(1);
        let numbers = peers::numbers(db, peer, since, now).await?;
        let (held, counted): (Vec<Held>, Vec<Held>) = peers::held(db, peer).await?.into_iter().partition(Held::is_for_a_person);
        let deletions = Self {
            lately: numbers.gone,
            waiting: held.into_iter().filter(|held| age(now, held.at) <= Duration::days(1)).count() as u64,
            counted: counted
                .into_iter()
                .map(|held| (held.id, Counted { rev: held.rev, signed: held.signed, told: None }))
                .collect(),
            ..Self::default()
        };
        Ok((deletions, numbers.live))
    }

    /// Note that so many have gone.
    pub(super) fn went(&mut self, many: usize) {
        self.gone += many as u64;
    }

    /// Note that these wait for a person.
    pub(super) fn wait(&mut self, held: &[Held]) {
        self.held.extend(held.iter().filter(|held| held.is_for_a_person()).map(|held| held.id));
    }

    /// Note that these do not wait any more.
    pub(super) fn decided(&mut self, ids: &[Uuid]) {
        for id in ids {
            self.held.remove(id);
            self.counted.remove(id);
        }
    }

    /// How many wait because of this pull.
    pub(super) fn held(&self) -> u64 {
        self.held.len() as u64
    }

    /// Whether so many more are too many, of `live` records that were there when the pull began and `now` that are.
    fn too_many(&self, more: u64, live: u64, now: u64, signed: bool) -> Option<String> {
        let otherwise = self.held.iter().filter(|id| !self.counted.contains_key(*id)).count() as u64;
        if more > 0 && more >= now {
            return Some(format!("its source is deleting all of its {now} records"));
        }
        let limit = deletions_allowed(live + self.lately, signed);
        let all = self.lately + self.gone + self.waiting + otherwise + more;
        (all > limit).then(|| format!("its source is deleting more than {limit} of {live} records at once"))
    }
}

impl Harvester {
    /// Too many deletions at once wait for a person, and while there is more to read nobody knows how many there are.
    pub(super) fn guard_deletions(&self, run: &mut Run, plan: &mut Plan) {
        let signed = plan.gone.iter().any(|(_, departure)| matches!(departure, Departure::Signed | Departure::Urgent));
        let may_go = |departure: Departure| matches!(departure, Departure::Urgent | Departure::Over);
        let ordinary = plan.gone.iter().filter(|(_, departure)| !may_go(*departure)).count() as u64;
        if ordinary == 0 {
            return;
        }
        let deletions = &run.deletions;
        let more = ordinary.max(deletions.going) + deletions.counted.len() as u64;
        let why = match deletions.too_many(more, run.live, run.live_now(), signed) {
            Some(why) => Reason::Said(why),
            None if deletions.more_follows => Reason::Counting,
            None => return,
        };
        let now = self.clock.now();
        let (go, wait): (Vec<_>, Vec<_>) =
            std::mem::take(&mut plan.gone).into_iter().partition(|(_, departure)| may_go(*departure));
        plan.gone = go;
        for (foreign, departure) in wait {
            let signed = departure == Departure::Signed;
            plan.held.push(Held::new(&foreign, why.clone(), now, signed));
            if why == Reason::Counting {
                let evidence = plan.evidence.iter().position(|one| one.id == foreign.id);
                let evidence = evidence.map(|at| plan.evidence.swap_remove(at));
                let rev = foreign.rev;
                run.deletions.counted.insert(foreign.id, Counted { rev, signed, told: Some((foreign, departure, evidence)) });
            }
        }
    }

    /// At the end of the feed: what was deleted on its way goes, or waits for a person where that is too much.
    pub(super) async fn settle_deletions(&self, run: &mut Run) -> Result<(), End> {
        run.deletions.more_follows = false;
        if run.deletions.counted.is_empty() {
            return Ok(());
        }
        let signed = run.peer.pinned_keys.is_some();
        let too_many = run.deletions.too_many(run.deletions.counted.len() as u64, run.live, run.live_now(), signed);
        let counted = std::mem::take(&mut run.deletions.counted);
        let ids: Vec<Uuid> = counted.keys().copied().collect();
        if let Some(why) = too_many {
            let (peer, why, at) = (run.peer.id, Reason::Said(why), self.clock.now());
            let held = counted.iter().map(|(id, one)| {
                let (rev, signed, why) = (one.rev, one.signed, why.clone());
                Held { id: *id, peer, rev, why, at, signed, confirmed: 0, confirmed_at: None }
            });
            let held: Vec<Held> = held.collect();
            let tx = self.under_lease(run).await?;
            peers::forget_held(&tx, &ids).await?;
            peers::put_held(&tx, &held).await?;
            tx.commit().await?;
            run.deletions.wait(&held);
            run.report.held_deletes = run.deletions.held();
            return Ok(());
        }
        let mut known: HashMap<Uuid, Foreign> =
            peers::foreign(&self.db, &ids).await?.into_iter().map(|foreign| (foreign.id, foreign)).collect();
        let mut evidence = Vec::new();
        let gone = counted.into_iter().filter_map(|(id, Counted { rev, told, .. })| match told {
            Some((foreign, departure, signed)) => {
                evidence.extend(signed);
                Some((foreign, departure))
            }
            // An earlier pull has read it. Whatever comes of it by another way now is older than that.
            None => known.remove(&id).map(|known| (Foreign { live: false, rev, ..known }, Departure::Told)),
        });
        let gone = gone.collect();
        let plan = Plan { evidence, ..Plan::of_gone(gone, ids) };
        Box::pin(self.write(run, plan, run.peer.cursor.clone())).await
    }

    /// Take out what a whole reading did not have: whether that is too much at once is asked of all of it.
    pub(super) async fn take_out_together(&self, run: &mut Run, gone: Items) -> Result<(), End> {
        let mut rest = gone.into_iter();
        loop {
            run.deletions.going = rest.as_slice().iter().flatten().filter(|event| !event.over).count() as u64;
            let some: Items = rest.by_ref().take(ROWS).collect();
            if some.is_empty() {
                return Ok(());
            }
            let cursor = run.peer.cursor.clone();
            self.apply(run, some, Vec::new(), cursor).await?;
        }
    }

    /// After a new epoch, records that are not told any more may have been made after the backup that
    /// the peer went back to: nobody knows but its people.
    pub(super) async fn hold_what_was_not_met(&self, run: &mut Run, cursor: &Cursor) -> Result<(), End> {
        let mut after = None;
        loop {
            let rows = peers::not_seen(&self.db, run.peer.id, cursor.crawl, after, WALKED).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = Some(last.place());
            let at = self.clock.now();
            let held: Vec<Held> =
                rows.into_iter().map(|row| Held::new(&row, Reason::Said(NOT_MET.to_owned()), at, false)).collect();
            let tx = self.under_lease(run).await?;
            peers::put_held(&tx, &held).await?;
            tx.commit().await?;
            run.deletions.wait(&held);
            run.report.held_deletes = run.deletions.held();
        }
    }
}

/// How many deletions in one pull need no person, of so many records: half as careful with those that
/// the origin has signed, and never more than half of everything, a few apart.
fn deletions_allowed(live: u64, signed: bool) -> u64 {
    let usual = if signed { 50.max(live * 3 / 10) } else { 20.max(live / 10) };
    usual.min(FEW.max(live / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_of_what_is_told_and_three_tenths_of_what_is_signed_may_go_at_once_and_never_more_than_half() {
        assert_eq!((deletions_allowed(1_000, false), deletions_allowed(1_000, true)), (100, 300));
        assert_eq!((deletions_allowed(60, false), deletions_allowed(200, true)), (20, 60));
        assert_eq!((deletions_allowed(22, false), deletions_allowed(22, true)), (11, 11));
        assert_eq!((deletions_allowed(3, false), deletions_allowed(3, true)), (4, 4));
    }

    #[test]
    fn the_last_record_never_goes_without_anybody_having_looked() {
        let none = Deletions::default();
        assert!(none.too_many(1, 1, 1, true).is_some());
        assert_eq!(none.too_many(2, 3, 3, true), None);
        assert!(
            Deletions { waiting: 4, ..Deletions::default() }.too_many(1, 8, 8, false).is_some(),
            "those that wait count as well"
        );
    }
}
