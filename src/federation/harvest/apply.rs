//! A page of a peer, applied: records, what is known about them, what could not be taken and where we
//! stand now, all in one transaction. Whatever happens, the cursor and the records belong together.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

use super::{
    super::peers::{self, Cursor, Foreign, Held, Peer, Quarantined, Trust},
    End, Harvester, Run,
    admit::{self, Departure, Gate, Verdict},
    event::{Event, Items, Route},
    relays::{self, Sources},
};
use crate::{
    db::Transaction,
    ids,
    model::Kind,
    parallel::in_parallel,
    published::{self, Position, evidence::Evidence},
    records::{Caller, Draft, Entrance, LastModified, Saved, State, Stored},
};

/// For so long a pull may be silent before somebody else may take over.
pub(super) const LEASE: Duration = Duration::minutes(5);
/// Records that are taken out in one transaction.
const ROWS: usize = 200;
/// So many may go at once, however few there are.
const FEW: u64 = 4;
/// A page of which more than a fifth cannot be taken is not applied, from so many records on.
const BAD: usize = 10;

/// What a page comes to.
#[derive(Default)]
struct Plan {
    drafts: Vec<Draft>,
    /// For each draft, whether it is a record of its own, not a part of one.
    main: Vec<bool>,
    foreign: Vec<Foreign>,
    seen: Vec<Uuid>,
    quarantined: Vec<Quarantined>,
    /// Ids that are fine now, or gone.
    fine: Vec<Uuid>,
    /// Records that left: theirs, and how.
    gone: Vec<(Foreign, Departure)>,
    /// Records of which nothing older may be kept.
    purged: Vec<Uuid>,
    held: Vec<Held>,
    /// What their origins have signed, where it is kept to be passed on.
    evidence: Vec<Evidence>,
    /// Origins whose records were left out until more is known of them.
    missed: BTreeSet<String>,
    unchanged: u64,
    ignored: HashMap<&'static str, u64>,
    dropped: u64,
}

impl Plan {
    /// For a held peer: what has to be taken out or reduced at once, and nothing else.
    fn keep_only_what_is_urgent(&mut self) {
        let purged = std::mem::take(&mut self.purged);
        let main = std::mem::take(&mut self.main);
        let drafts = std::mem::take(&mut self.drafts);
        let urgent = drafts.into_iter().zip(main).filter(|(draft, main)| *main && purged.contains(&draft.document.id()));
        let (drafts, main) = urgent.unzip();
        let mut foreign = std::mem::take(&mut self.foreign);
        foreign.retain(|foreign| purged.contains(&foreign.id));
        let mut gone = std::mem::take(&mut self.gone);
        gone.retain(|(_, departure)| *departure == Departure::Urgent);
        let mut fine = std::mem::take(&mut self.fine);
        fine.retain(|id| purged.contains(id));
        let mut evidence = std::mem::take(&mut self.evidence);
        evidence.retain(|one| purged.contains(&one.id));
        *self = Self { drafts, main, foreign, fine, gone, purged, evidence, ..Self::default() };
    }
}

impl Plan {
    /// Keep what an origin has signed, where it is believed, under the id that the record is published under.
    fn keep(&mut self, kept: Option<Evidence>, verdict: &Verdict, shared: &HashMap<(Kind, Uuid), Uuid>) {
        let (foreign, id) = match verdict {
            Verdict::Take { main, drafts, .. } => (main, drafts.last().map(|draft| draft.document.id())),
            Verdict::Same(foreign) | Verdict::Gone(foreign, Departure::Signed | Departure::Urgent) => {
                (foreign, Some(shared.get(&(foreign.kind, foreign.id)).copied().unwrap_or(foreign.id)))
            }
            _ => return,
        };
        if let Some((kept, id)) = kept.zip(id).filter(|_| foreign.statement.is_some()) {
            self.evidence.retain(|one| one.id != id);
            self.evidence.push(Evidence { id, ..kept });
        }
    }
}

/// What an origin has signed of a record, as it came.
fn evidence_of(event: &Event, now: DateTime<Utc>) -> Option<Evidence> {
    let (statement, _) = event.statement.as_ref()?;
    let via = match &event.route {
        Route::Direct => "[]".to_owned(),
        Route::Relayed { via, .. } => serde_json::to_string(via).ok()?,
        Route::Withdrawn => return None,
    };
    let data = event.data.as_ref().map(serde_json::Value::to_string);
    Some(Evidence { id: Uuid::nil(), statement: Some(statement.to_string()), data, via, received_at: now })
}

/// What a record is called here, terms that are known by their address apart.
fn id_here(run: &Run, sources: &Sources, event: &Event) -> Uuid {
    match event.route {
        Route::Withdrawn => event.id.parse().unwrap_or_default(),
        _ => admit::local_id(relays::origin_of(run, sources, event), event.kind.as_str(), &event.id),
    }
}

impl Harvester {
    /// Apply a page and move on to `cursor`. `seen` are records that were met and have not changed.
    pub(super) async fn apply(&self, run: &mut Run, items: Items, seen: Vec<Uuid>, cursor: Cursor) -> Result<(), End> {
        let count = items.len();
        let mut plan = self.plan(run, items).await?;
        if run.held_at.is_some() {
            plan.keep_only_what_is_urgent();
        }
        if let Some(refused) = too_many_bad(&plan, count) {
            if !plan.purged.is_empty() {
                // What has to be destroyed does not wait for the rest of the page.
                plan.keep_only_what_is_urgent();
                Box::pin(self.write(run, plan, run.peer.cursor.clone())).await?;
            }
            return Err(refused);
        }
        plan.unchanged += seen.len() as u64;
        plan.seen.extend(seen);
        self.guard_deletions(run, &mut plan);
        Box::pin(self.write(run, plan, cursor)).await
    }

    /// Take out what a whole reading did not have: whether that is too much at once is asked of all of it.
    pub(super) async fn take_out_together(&self, run: &mut Run, gone: Items) -> Result<(), End> {
        let mut rest = gone.into_iter();
        loop {
            run.going = rest.as_slice().iter().flatten().filter(|event| !event.over).count() as u64;
            let some: Items = rest.by_ref().take(ROWS).collect();
            if some.is_empty() {
                return Ok(());
            }
            let cursor = run.peer.cursor.clone();
            self.apply(run, some, Vec::new(), cursor).await?;
        }
    }

    /// Postcodes of places that listings of a page only name, by their ids here: as the page tells them, or else
    /// as they are here already.
    async fn places_named(&self, run: &Run, items: &Items, sources: &Sources) -> Result<HashMap<Uuid, Vec<String>>, End> {
        let mut places = HashMap::new();
        if run.peer.scope.postcodes.is_empty() {
            return Ok(places);
        }
        let mut named = Vec::new();
        for event in items.iter().flatten() {
            let Some(data) = &event.data else { continue };
            let origin = relays::origin_of(run, sources, event);
            let local = |id: &str| admit::local_id(origin, Kind::Location.as_str(), id);
            if event.kind == Kind::Location {
                places.insert(local(&event.id), admit::postcodes(data).map(str::to_owned).collect());
            }
            named.extend(admit::places_named(event.kind, data).map(local));
        }
        for (id, stored) in self.records.find_all(&named).await? {
            let place: serde_json::Value = serde_json::from_str(&stored.document).unwrap_or_default();
            places.entry(id).or_insert_with(|| admit::postcodes(&place).map(str::to_owned).collect());
        }
        Ok(places)
    }

    /// Judge every item.
    async fn plan(&self, run: &mut Run, items: Items) -> Result<Plan, End> {
        let sources = self.sources(run, &items).await?;
        let run = &*run;
        let shared = Self::shared_terms(run, &items, &sources);
        let asked: Vec<Uuid> = items.iter().flatten().map(|event| id_here(run, &sources, event)).collect();
        let known: relays::Known =
            peers::foreign(&self.db, &asked).await?.into_iter().map(|foreign| (foreign.id, foreign)).collect();
        let places = self.places_named(run, &items, &sources).await?;
        let gate = Gate {
            peer: &run.peer,
            here: &self.here,
            now: self.clock.now(),
            crawl: run.peer.cursor.crawl,
            known: &known,
            shared: &shared,
            places: &places,
            through: None,
        };
        let keeps = self.keeps_evidence && run.peer.trust == Trust::Auto;
        let mut plan = Plan::default();
        let mut parts_seen: HashSet<Uuid> = HashSet::new();
        let judged = in_parallel(items, |item| {
            let kept = item.as_ref().ok().filter(|_| keeps).and_then(|event| evidence_of(event, gate.now));
            let origin = item.as_ref().ok().and_then(|event| match &event.route {
                Route::Relayed { origin, .. } => Some(origin.clone()),
                Route::Direct | Route::Withdrawn => None,
            });
            let verdict = match item {
                Ok(event) if event.route != Route::Direct => {
                    let known = known.get(&id_here(run, &sources, &event));
                    relays::judge(&gate, event, known, &sources)
                }
                item => gate.judge(item),
            };
            (kept, origin, verdict)
        });
        for (kept, origin, verdict) in judged {
            plan.keep(kept, &verdict, &shared);
            match verdict {
                Verdict::Take { main, parts, drafts, dropped, urgent } => {
                    plan.purged.extend(urgent.then_some(main.id));
                    plan.dropped += dropped as u64;
                    plan.fine.push(main.id);
                    plan.foreign.push(main);
                    let last = drafts.len().saturating_sub(1);
                    for (at, draft) in drafts.into_iter().enumerate() {
                        // The first copy of a part stands; a term that is ours already stays ours.
                        if at == last || parts_seen.insert(draft.document.id()) {
                            plan.main.push(at == last);
                            plan.drafts.push(draft);
                        }
                    }
                    plan.foreign.extend(parts);
                }
                Verdict::Same(foreign) => {
                    plan.unchanged += 1;
                    plan.fine.push(foreign.id);
                    plan.foreign.push(foreign);
                }
                Verdict::Gone(foreign, departure) => {
                    plan.fine.push(foreign.id);
                    plan.purged.extend((departure == Departure::Urgent).then_some(foreign.id));
                    if known.get(&foreign.id).is_some_and(|known| known.live) {
                        plan.gone.push((foreign, departure));
                    } else {
                        // Remembered, so that an older version cannot bring it back.
                        plan.foreign.push(foreign);
                    }
                }
                Verdict::Quarantine(bad) => {
                    // It was met, though it was not understood: it is not gone.
                    plan.seen.push(bad.id);
                    plan.quarantined.push(bad);
                }
                Verdict::Ignore(why) => {
                    plan.missed.extend(origin.filter(|_| relays::is_missed(why)));
                    *plan.ignored.entry(why).or_default() += 1;
                }
                Verdict::Stop(_) if run.held_at.is_some() => {}
                Verdict::Stop(doubt) => return Err(End::held(doubt.code(), doubt.said().to_owned())),
            }
        }
        self.leave_out_what_is_ours(&mut plan).await?;
        Ok(plan)
    }

    /// Terms and taxonomies of a page that are called otherwise here: who holds the same term holds it
    /// under the same id.
    fn shared_terms(run: &Run, items: &Items, sources: &Sources) -> HashMap<(Kind, Uuid), Uuid> {
        let mut shared = run.shared.clone();
        for event in items.iter().flatten() {
            if let Some(data) = &event.data {
                collect_terms(relays::origin_of(run, sources, event), &run.vocabulary, data, event.kind, &mut shared);
            }
        }
        shared
    }

    /// A record that stands here under the same id and is not this peer's stays as it is: terms that
    /// are known by their address are the only ones whose ids are not made of their origin.
    async fn leave_out_what_is_ours(&self, plan: &mut Plan) -> Result<(), End> {
        let is_term = |draft: &&Draft| matches!(draft.document.kind(), Kind::Taxonomy | Kind::TaxonomyTerm);
        let terms: Vec<(Uuid, &str)> =
            plan.drafts.iter().filter(is_term).map(|draft| (draft.document.id(), draft.origin.as_str())).collect();
        let ids: Vec<Uuid> = terms.iter().map(|(id, _)| *id).collect();
        let stored = self.records.find_all(&ids).await?;
        let is_theirs = |(id, origin): &&(Uuid, &str)| {
            stored.get(id).is_some_and(|stored| stored.origin != *origin && stored.state != State::Gone)
        };
        let theirs: HashSet<Uuid> = terms.iter().filter(is_theirs).map(|(id, _)| *id).collect();
        if theirs.is_empty() {
            return Ok(());
        }
        let keep: Vec<bool> = plan.drafts.iter().map(|draft| !theirs.contains(&draft.document.id())).collect();
        let mut at = keep.iter();
        plan.drafts.retain(|_| *at.next().unwrap_or(&true));
        let mut at = keep.iter();
        plan.main.retain(|_| *at.next().unwrap_or(&true));
        plan.foreign.retain(|foreign| foreign.own_item || !theirs.contains(&foreign.id));
        plan.evidence.retain(|one| !theirs.contains(&one.id));
        *plan.ignored.entry("known-term").or_default() += theirs.len() as u64;
        Ok(())
    }

    /// Too many deletions at once wait for a person. What is urgent never does.
    fn guard_deletions(&self, run: &mut Run, plan: &mut Plan) {
        let signed = plan.gone.iter().any(|(_, departure)| matches!(departure, Departure::Signed | Departure::Urgent));
        let limit = deletions_allowed(run.live + run.deleted_lately, signed);
        let may_go = |departure: Departure| matches!(departure, Departure::Urgent | Departure::Over);
        let ordinary = plan.gone.iter().filter(|(_, departure)| !may_go(*departure)).count() as u64;
        if run.deleted_lately + run.deleted + run.report.held_deletes + ordinary.max(run.going) <= limit {
            return;
        }
        let now = self.clock.now();
        let (go, wait): (Vec<_>, Vec<_>) =
            std::mem::take(&mut plan.gone).into_iter().partition(|(_, departure)| may_go(*departure));
        plan.gone = go;
        plan.held.extend(wait.into_iter().map(|(foreign, _)| Held {
            id: foreign.id,
            peer: foreign.peer,
            rev: foreign.rev,
            why: format!("its source is deleting more than {limit} of {} records at once", run.live),
            at: now,
        }));
    }

    async fn write(&self, run: &mut Run, mut plan: Plan, cursor: Cursor) -> Result<(), End> {
        let now = self.clock.now();
        let gone: Vec<Uuid> = plan.gone.iter().map(|(foreign, _)| foreign.id).collect();
        // What went because its time was over need not be remembered, and counts for no alarm.
        let is_over = |(_, departure): &&(Foreign, Departure)| *departure == Departure::Over;
        let over: Vec<Uuid> = plan.gone.iter().filter(is_over).map(|(foreign, _)| foreign.id).collect();
        let forgotten = plan.gone.iter().filter(is_over).filter(|(foreign, _)| !foreign.is_urgent());
        let forgotten: Vec<Uuid> = forgotten.map(|(foreign, _)| foreign.id).collect();
        let mut drafts = std::mem::take(&mut plan.drafts);
        let mut main = std::mem::take(&mut plan.main);
        // What had left before is still kept, and may have to be destroyed.
        let told: HashSet<Uuid> = drafts.iter().map(|draft| draft.document.id()).collect();
        let left = plan.purged.iter().copied().filter(|id| !gone.contains(id) && !told.contains(id));
        let leave: Vec<Uuid> = gone.iter().copied().chain(left).collect();
        let mut leaving = self.records.find_all(&leave).await?;
        for id in &leave {
            if let Some(stored) = leaving.remove(id) {
                main.push(false);
                drafts.push(if plan.purged.contains(id) { hollow(stored)? } else { gone_from(stored)? });
            }
        }
        let mut foreign = std::mem::take(&mut plan.foreign);
        foreign.extend(std::mem::take(&mut plan.gone).into_iter().map(|(foreign, _)| foreign));
        // A part that is told by itself as well is known by what it says of itself.
        let told: HashSet<Uuid> = foreign.iter().filter(|one| one.own_item).map(|one| one.id).collect();
        foreign.retain(|one| one.own_item || !told.contains(&one.id));
        let mut once = HashSet::new();
        foreign.reverse();
        foreign.retain(|one| once.insert(one.id));

        let mut peer = run.peer.clone();
        peer.cursor = cursor;
        peer.tried_at = Some(now);
        let tx = self.under_lease(run).await?;
        let parts = std::mem::take(&mut run.parts);
        peers::put_parts(&tx, &parts.put).await?;
        peers::drop_parts(&tx, &parts.gone).await?;
        peers::put_foreign(&tx, &foreign).await?;
        peers::forget_foreign(&tx, &forgotten).await?;
        peers::mark_seen(&tx, &plan.seen, peer.cursor.crawl).await?;
        peers::put_quarantined(&tx, &plan.quarantined).await?;
        peers::forget_quarantined(&tx, &plan.fine).await?;
        peers::put_held(&tx, &plan.held).await?;
        // What is told again, or gone, waits for nobody any more.
        let decided: Vec<Uuid> = plan.fine.iter().copied().filter(|id| !plan.held.iter().any(|held| held.id == *id)).collect();
        peers::forget_held(&tx, &decided).await?;
        if run.held_at.is_none() && peers::is_held(&tx, peer.id).await? {
            tx.roll_back().await?;
            return Err(End::held("held", "an officer put it on hold during a pull".to_owned()));
        }
        let cursor = run.held_at.as_ref().map_or_else(|| peer.cursor.clone(), |(held_at, _)| held_at.clone());
        peers::save_progress(&tx, &Peer { cursor, ..peer.clone() }).await?;
        let proposed = self.propose(&tx, run, &mut drafts, &mut main, &plan.purged).await?;
        let (saved, stood) = self.save_records(&tx, run, drafts, &plan.purged).await?;
        plan.evidence.retain(|one| !plan.held.iter().any(|held| held.id == one.id));
        if !plan.evidence.is_empty() {
            published::evidence::put(&tx, &plan.evidence).await?;
            let ids: Vec<Uuid> = plan.evidence.iter().map(|one| one.id).collect();
            published::move_to_end(&tx, &ids, stood).await?;
        }
        tx.commit().await?;
        self.note_missed(&plan.missed).await?;
        if !plan.purged.is_empty() {
            self.db.sweep().await?;
        }
        run.peer = peer;
        let report = &mut run.report;
        for (saved, main) in saved.into_iter().zip(main) {
            match saved {
                _ if !main => {}
                Saved::Created => report.created += 1,
                Saved::Updated => report.updated += 1,
                Saved::Unchanged => report.unchanged += 1,
            }
        }
        report.unchanged += plan.unchanged;
        report.waiting += proposed;
        report.deleted += gone.len() as u64;
        run.deleted += (gone.len() - over.len()) as u64;
        // A series that is told in two feeds is judged twice, and is still one.
        for id in &plan.fine {
            run.quarantined.remove(id);
        }
        run.quarantined.extend(plan.quarantined.into_iter().map(|bad| (bad.id, bad.code)));
        report.quarantined = run.quarantined.len() as u64;
        report.held_deletes += plan.held.len() as u64;
        for (why, many) in plan.ignored.into_iter().chain([("dropped-part", plan.dropped)]).filter(|(_, many)| *many > 0) {
            *report.left_out.entry(why.to_owned()).or_default() += many;
        }
        Ok(())
    }

    /// A transaction of whoever has the lease, which lasts longer with it.
    pub(super) async fn under_lease(&self, run: &Run) -> Result<Transaction, End> {
        let tx = self.db.write().await?;
        if run.lease.hold(&tx, self.clock.now() + LEASE).await? {
            return Ok(tx);
        }
        tx.roll_back().await?;
        Err(End::failed("lease-lost", "another process has taken over this pull".to_owned()))
    }

    /// Under review, what is new or different waits for a person. What goes, goes; what must not be
    /// seen any more is reduced at once; and terms are no listings.
    async fn propose(
        &self,
        tx: &Transaction,
        run: &Run,
        drafts: &mut Vec<Draft>,
        main: &mut Vec<bool>,
        purged: &[Uuid],
    ) -> Result<u64, End> {
        let gone: Vec<Uuid> = drafts.iter().filter(|draft| draft.state == State::Gone).map(|draft| draft.document.id()).collect();
        self.records.forget_proposals(tx, &gone).await?;
        self.records.forget_proposals(tx, purged).await?;
        if run.peer.trust != Trust::Review {
            // Nothing waits any more that is published now.
            let shown: Vec<Uuid> = drafts.iter().map(|draft| draft.document.id()).collect();
            self.records.forget_proposals(tx, &shown).await?;
            return Ok(0);
        }
        let mut waiting = Vec::new();
        let (mut now, mut now_main) = (Vec::new(), Vec::new());
        for (mut draft, main) in std::mem::take(drafts).into_iter().zip(std::mem::take(main)) {
            let id = draft.document.id();
            let is_term = matches!(draft.document.kind(), Kind::Taxonomy | Kind::TaxonomyTerm);
            let stored = if purged.contains(&id) { self.records.find(id).await? } else { None };
            let stands = stored.as_ref().is_some_and(|stored| stored.state == State::Published);
            if draft.state == State::Gone || is_term || stands {
                now.push(draft);
                now_main.push(main);
                continue;
            }
            if let Some(stored) = stored {
                // What is kept of it goes at once; what is told instead waits.
                let (before, revision, state) = (stored.document.clone(), stored.kept.revision, stored.state);
                let kept = hollow(stored)?;
                let differs = state != State::Gone || kept.document.to_json() != before;
                draft.expected_revision = Some(revision + i64::from(differs));
                now.push(kept);
                now_main.push(false);
            }
            waiting.push(draft);
        }
        (*drafts, *main) = (now, now_main);
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

fn collect_terms(
    origin: &str,
    vocabulary: &HashMap<String, Uuid>,
    value: &serde_json::Value,
    kind: Kind,
    shared: &mut HashMap<(Kind, Uuid), Uuid>,
) {
    let text = |name: &str| value.get(name).and_then(serde_json::Value::as_str);
    let uri = match kind {
        Kind::TaxonomyTerm => text("term_uri"),
        Kind::Taxonomy => text("uri"),
        _ => None,
    };
    if let (Some(uri), Some(id)) = (uri, text("id")) {
        let here = vocabulary.get(uri).copied().unwrap_or_else(|| ids::from_uri(uri));
        shared.insert((kind, admit::local_id(origin, kind.as_str(), id)), here);
    }
    let Some(members) = value.as_object() else { return };
    for (name, member) in members {
        let kind = match name.as_str() {
            "taxonomy_term" => Kind::TaxonomyTerm,
            "taxonomy_detail" => Kind::Taxonomy,
            "organization" => Kind::Organization,
            "location" => Kind::Location,
            "service" => Kind::Service,
            _ => Kind::ServiceAtLocation,
        };
        match member {
            serde_json::Value::Object(_) => collect_terms(origin, vocabulary, member, kind, shared),
            serde_json::Value::Array(items) => {
                for item in items {
                    collect_terms(origin, vocabulary, item, kind, shared);
                }
            }
            _ => {}
        }
    }
}

/// A record that has left, as it is kept.
fn gone_from(stored: Stored) -> Result<Draft, End> {
    let document = stored.read()?;
    Ok(Draft { state: State::Gone, origin: stored.origin, source_id: stored.source_id, ..Draft::new(document) })
}

/// A record that has left, of which nothing may be kept.
fn hollow(stored: Stored) -> Result<Draft, End> {
    match admit::hollow(stored.kind, &stored.document) {
        Some(document) => {
            Ok(Draft { state: State::Gone, origin: stored.origin, source_id: stored.source_id, ..Draft::new(document) })
        }
        None => gone_from(stored),
    }
}

fn too_many_bad(plan: &Plan, count: usize) -> Option<End> {
    let bad = plan.quarantined.len();
    let first = plan.quarantined.first().filter(|_| bad >= BAD && bad * 5 > count)?;
    let detail = format!(
        "{bad} of the {count} records on a page cannot be imported; the first ({} {}): {}",
        first.kind, first.foreign_id, first.detail
    );
    Some(End::failed("too-many-bad-records", detail))
}

pub(super) fn caller(run: &Run) -> Caller {
    Caller { name: format!("peer {}", run.peer.name), why: format!("pulled from {}", run.peer.origin), entrance: Entrance::Feed }
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
}
