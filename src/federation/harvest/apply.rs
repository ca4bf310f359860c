//! A page of a peer, applied: every item is judged, and what that comes to is a plan, which `write.rs` carries out.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    super::peers::{self, Cursor, Foreign, Held, Quarantined, Trust},
    End, Harvester, Run,
    admit::{self, Departure, Gate, Verdict},
    directory::too_many,
    event::{Event, Items, Route},
    relays::{self, Sources},
    whereabouts,
};
use crate::{
    model::{Kind, whereabouts::Whereabouts},
    parallel::in_parallel,
    places::locate,
    published::evidence::Evidence,
    records::Draft,
};

/// A page of which more than a fifth cannot be taken is not applied, from so many records on.
const BAD: usize = 10;
/// Reasons for which what stands here stays as it is, although the peer tells something else of it.
const MET: [&str; 6] = ["older", "unknown-key", "unknown-origin", "bad-hop", "too-far", "looped"];

/// Postcodes of places, by their ids here.
type Places = HashMap<Uuid, Vec<String>>;

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
        self.judge_and_write(run, items, seen, cursor, Some(count)).await
    }

    /// Apply records that were picked out of pages, and stay where we are: how many of them are bad says nothing of what
    /// they came from.
    pub(super) async fn apply_picked(&self, run: &mut Run, items: Items) -> Result<(), End> {
        let cursor = run.peer.cursor.clone();
        self.judge_and_write(run, items, Vec::new(), cursor, None).await
    }

    /// Apply the rest of a page of `count` items, of which some were applied before, and move on to `cursor`.
    pub(super) async fn apply_rest(&self, run: &mut Run, items: Items, cursor: Cursor, count: usize) -> Result<(), End> {
        self.judge_and_write(run, items, Vec::new(), cursor, Some(count)).await
    }

    /// Write what a piece of a file has come to, and stay where we are.
    pub(super) async fn write_picked(&self, run: &mut Run, plan: Plan) -> Result<(), End> {
        let cursor = run.peer.cursor.clone();
        self.write_judged(run, plan, Vec::new(), cursor, None).await
    }

    /// Apply items, which are of a page where it is said of how many.
    pub(super) async fn judge_and_write(
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

    /// What items come to, by what is here now. Nothing is written.
    pub(super) async fn judge(&self, run: &mut Run, items: Items) -> Result<Plan, End> {
        let mut plan = Box::pin(self.plan(run, items)).await?;
        if run.held_at.is_some() {
            self.keep_only_what_is_urgent(&mut plan).await?;
        } else {
            let relay = run.peer.id;
            self.only_take_back(&mut plan, |foreign| foreign.peer != relay).await?;
        }
        Ok(plan)
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
        let refused = too_many_bad.or_else(|| too_many(run, plan.coming).filter(|_| plan.coming > 0));
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

    /// Postcodes of places that listings of a page only name, by their ids here: as the page tells them, or else
    /// as they were just told, or are here already.
    async fn places_named(&self, run: &Run, items: &Items, sources: &Sources) -> Result<Places, End> {
        let mut places = HashMap::new();
        if !run.peer.scope.is_of_an_area() {
            return Ok(places);
        }
        let mut named = Vec::new();
        for event in items.iter().flatten() {
            let Some(data) = &event.data else { continue };
            let origin = relays::origin_of(run, sources, event);
            let local = |id: &str| admit::local_id(origin, Kind::Location.as_str(), id);
            if event.kind == Kind::Location {
                places.insert(local(&event.id), whereabouts::postcodes(data).map(str::to_owned).collect());
            }
            named.extend(whereabouts::places_named(event.kind, data).map(local));
        }
        for id in &named {
            if let Some(told) = run.places.get(id) {
                places.entry(*id).or_insert_with(|| told.clone());
            }
        }
        for (id, stored) in self.records.find_all(&named).await? {
            let place: serde_json::Value = serde_json::from_str(&stored.document).unwrap_or_default();
            places.entry(id).or_insert_with(|| whereabouts::postcodes(&place).map(str::to_owned).collect());
        }
        Ok(places)
    }

    /// The areas that postcodes lie in, of listings of a page and of places that they name, where only some areas are
    /// wanted.
    async fn areas(&self, run: &Run, items: &Items, places: &Places) -> Result<HashMap<String, Vec<String>>, End> {
        let mut areas = HashMap::new();
        if run.peer.scope.areas.is_empty() {
            return Ok(areas);
        }
        let told = items.iter().flatten().filter_map(|event| Some((event.kind, event.data.as_ref()?)));
        let told = told.flat_map(|(kind, data)| whereabouts::places_of(kind, data)).flat_map(whereabouts::postcodes);
        let postcodes: HashSet<&str> = told.chain(places.values().flatten().map(String::as_str)).collect();
        for postcode in postcodes {
            let Ok(at) = postcode.parse::<Whereabouts>() else { continue };
            if let Some(found) = locate(&self.db, &at).await?.filter(|found| !found.areas.is_empty()) {
                areas.insert(postcode.to_owned(), found.areas);
            }
        }
        Ok(areas)
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
        let areas = self.areas(run, &items, &places).await?;
        let gate = Gate {
            peer: &run.peer,
            here: &self.here,
            now: self.clock.now(),
            crawl: run.peer.cursor.crawl,
            known: &known,
            shared: &shared,
            places: &places,
            areas: &areas,
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
            let stands = item.as_ref().ok().and_then(|event| known.get(&id_here(run, &sources, event)));
            let verdict = match item {
                Ok(event) if event.route != Route::Direct => {
                    let known = known.get(&id_here(run, &sources, &event));
                    relays::judge(&gate, event, known, &sources)
                }
                item => gate.judge(item),
            };
            (kept, origin, stands, verdict)
        });
        for (kept, origin, stands, verdict) in judged {
            plan.keep(kept, &verdict, &shared);
            match verdict {
                Verdict::Take { main, parts, drafts, dropped, urgent } => {
                    plan.purged.extend(urgent.then_some(main.id));
                    plan.dropped += dropped as u64;
                    plan.fine.push(main.id);
                    plan.coming += u64::from(!known.contains_key(&main.id));
                    plan.foreign.push(main);
                    let last = drafts.len().saturating_sub(1);
                    for (at, draft) in drafts.into_iter().enumerate() {
                        // The first copy of a part stands; a term that is ours already stays ours.
                        if at == last || parts_seen.insert(draft.document.id()) {
                            plan.drafts.push(Planned { draft, is_main: at == last });
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
                    match known.get(&foreign.id) {
                        Some(known) if known.live => plan.gone.push((foreign, departure)),
                        // Remembered, so that an older version cannot bring it back. It does not go today.
                        before => {
                            let fetched_at = before.map_or(DateTime::UNIX_EPOCH, |before| before.fetched_at);
                            plan.foreign.push(Foreign { fetched_at, ..foreign });
                        }
                    }
                }
                Verdict::Quarantine(bad) => {
                    // It was met, though it was not understood: it is not gone.
                    plan.seen.push(bad.id);
                    plan.quarantined.push(bad);
                }
                Verdict::Ignore(why) => {
                    // It was met, though it was not taken: it is not gone.
                    let ours = stands.filter(|stands| stands.peer == run.peer.id && MET.contains(&why));
                    plan.seen.extend(ours.map(|stands| stands.id));
                    plan.missed.extend(origin.filter(|_| relays::is_missed(why)));
                    *plan.ignored.entry(why).or_default() += 1;
                }
                Verdict::Stop(_) if run.held_at.is_some() => {}
                Verdict::Stop(doubt) => return Err(End::held(doubt.code(), doubt.said().to_owned())),
            }
        }
        self.leave_out_parts_with_items(&mut plan).await?;
        self.leave_out_what_is_ours(&mut plan).await?;
        self.keep_moments(&mut plan, &known).await?;
        Ok(plan)
    }

    /// A nested copy of a record that the peer tells by itself is no news of it.
    async fn leave_out_parts_with_items(&self, plan: &mut Plan) -> Result<(), End> {
        let parts: Vec<Uuid> = plan.foreign.iter().filter(|foreign| !foreign.own_item).map(|foreign| foreign.id).collect();
        let known = peers::foreign(&self.db, &parts).await?;
        let items: HashSet<Uuid> = known.into_iter().filter(|known| known.own_item && known.live).map(|known| known.id).collect();
        if items.is_empty() {
            return Ok(());
        }
        plan.drafts.retain(|planned| planned.is_main || !items.contains(&planned.id()));
        plan.foreign.retain(|foreign| foreign.own_item || !items.contains(&foreign.id));
        Ok(())
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
