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
    ids,
    model::{Kind, whereabouts::Whereabouts},
    parallel::in_parallel,
    places::locate,
    published::evidence::Evidence,
    records::{Draft, State},
};

/// A page of which more than a fifth cannot be taken is not applied, from so many records on.
const BAD: usize = 10;

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
    /// For a held peer: what has to be taken out or reduced at once, and nothing else.
    fn keep_only_what_is_urgent(&mut self) {
        let purged = std::mem::take(&mut self.purged);
        let is_urgent = |id: &Uuid| purged.contains(id);
        let mut kept = std::mem::take(self);
        kept.drafts.retain(|planned| planned.is_main && is_urgent(&planned.id()));
        kept.foreign.retain(|foreign| is_urgent(&foreign.id));
        kept.gone.retain(|(_, departure)| *departure == Departure::Urgent);
        kept.fine.retain(is_urgent);
        kept.evidence.retain(|one| is_urgent(&one.id));
        let Self { drafts, foreign, fine, gone, evidence, .. } = kept;
        *self = Self { drafts, foreign, fine, gone, purged, evidence, ..Self::default() };
    }

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
        let mut plan = Box::pin(self.plan(run, items)).await?;
        if run.held_at.is_some() {
            plan.keep_only_what_is_urgent();
        }
        let refused = too_many_bad(&plan, count).or_else(|| too_many(run, plan.coming).filter(|_| plan.coming > 0));
        if let Some(refused) = refused {
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

    /// Postcodes of places that listings of a page only name, by their ids here: as the page tells them, or else
    /// as they are here already.
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
        self.leave_out_parts_with_items(&mut plan).await?;
        self.leave_out_what_is_ours(&mut plan).await?;
        self.keep_moments(&mut plan, &known).await?;
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

    /// A record that stands here under the same id and is not this peer's stays as it is: terms that
    /// are known by their address are the only ones whose ids are not made of their origin.
    async fn leave_out_what_is_ours(&self, plan: &mut Plan) -> Result<(), End> {
        let terms = plan.drafts.iter().filter(|planned| planned.is_term());
        let terms: Vec<(Uuid, &str)> = terms.map(|planned| (planned.id(), planned.draft.origin.as_str())).collect();
        let ids: Vec<Uuid> = terms.iter().map(|(id, _)| *id).collect();
        let stored = self.records.find_all(&ids).await?;
        let is_theirs = |(id, origin): &&(Uuid, &str)| {
            stored.get(id).is_some_and(|stored| stored.origin != *origin && stored.state != State::Gone)
        };
        let theirs: HashSet<Uuid> = terms.iter().filter(is_theirs).map(|(id, _)| *id).collect();
        if theirs.is_empty() {
            return Ok(());
        }
        plan.drafts.retain(|planned| !theirs.contains(&planned.id()));
        plan.foreign.retain(|foreign| foreign.own_item || !theirs.contains(&foreign.id));
        plan.evidence.retain(|one| !theirs.contains(&one.id));
        *plan.ignored.entry("known-term").or_default() += theirs.len() as u64;
        Ok(())
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

fn too_many_bad(plan: &Plan, count: usize) -> Option<End> {
    let bad = plan.quarantined.len();
    let first = plan.quarantined.first().filter(|_| bad >= BAD && bad * 5 > count)?;
    let detail = format!(
        "{bad} of the {count} records on a page cannot be imported; the first ({} {}): {}",
        first.kind, first.foreign_id, first.detail
    );
    Some(End::failed("too-many-bad-records", detail))
}
