//! The items of a page, each judged by what is here, and what that comes to together.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    super::peers::{self, Foreign, Quarantined, Trust},
    End, Harvester, Run,
    admit::{self, Departure, Gate, Verdict},
    apply::{Plan, Planned},
    event::{Event, Items, Route, Unreadable},
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

/// Reasons for which what stands here stays as it is, although the peer tells something else of it.
const MET: [&str; 6] = ["older", "unknown-key", "unknown-origin", "bad-hop", "too-far", "looped"];

/// Postcodes of places, by their ids here.
type Places = HashMap<Uuid, Vec<String>>;

/// An item, judged.
struct Judged<'a> {
    /// What its origin has signed, where that is kept to be passed on.
    kept: Option<Evidence>,
    /// Its origin, where the peer passes it on.
    origin: Option<String>,
    /// What is known here of the record.
    stands: Option<&'a Foreign>,
    verdict: Verdict,
}

impl<'a> Judged<'a> {
    /// Judge an item, and keep what its origin has signed where `keeps` says so.
    fn of(gate: &Gate<'a>, run: &Run, sources: &Sources, keeps: bool, item: Result<Event, Box<Unreadable>>) -> Self {
        let event = match item {
            Ok(event) => event,
            Err(bad) => return Self { kept: None, origin: None, stands: None, verdict: gate.judge(Err(bad)) },
        };
        let stands = gate.known.get(&id_here(run, sources, &event));
        let kept = if keeps { evidence_of(&event, gate.now) } else { None };
        let origin = match &event.route {
            Route::Relayed { origin, .. } => Some(origin.clone()),
            Route::Direct | Route::Withdrawn => None,
        };
        let is_direct = event.route == Route::Direct;
        let verdict = if is_direct { gate.judge(Ok(event)) } else { relays::judge(gate, event, stands, sources) };
        Self { kept, origin, stands, verdict }
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

    /// Take in what an item comes to. `parts` are those of which a copy was taken before.
    fn take_in(&mut self, run: &Run, gate: &Gate<'_>, judged: Judged<'_>, parts: &mut HashSet<Uuid>) -> Result<(), End> {
        let Judged { kept, origin, stands, verdict } = judged;
        self.keep(kept, &verdict, gate.shared);
        match verdict {
            Verdict::Take { main, parts: nested, drafts, dropped, urgent } => {
                self.purged.extend(urgent.then_some(main.id));
                self.dropped += dropped as u64;
                self.fine.push(main.id);
                self.coming += u64::from(!gate.known.contains_key(&main.id));
                self.foreign.push(main);
                self.save(drafts, parts);
                self.foreign.extend(nested);
            }
            Verdict::Same(foreign) => {
                self.unchanged += 1;
                self.fine.push(foreign.id);
                self.foreign.push(foreign);
            }
            Verdict::Gone(foreign, departure) => self.let_go(foreign, departure, gate),
            Verdict::Quarantine(bad) => self.keep_out(bad),
            Verdict::Ignore(why) => self.leave_out(why, stands.filter(|stands| stands.peer == run.peer.id), origin),
            Verdict::Stop(_) if run.held_at.is_some() => {}
            Verdict::Stop(doubt) => return Err(End::held(doubt.code(), doubt.said().to_owned())),
        }
        Ok(())
    }

    /// Save the drafts of a record, itself last. The first copy of a part stands; a term that is ours already stays ours.
    fn save(&mut self, drafts: Vec<Draft>, parts: &mut HashSet<Uuid>) {
        let last = drafts.len().saturating_sub(1);
        for (at, draft) in drafts.into_iter().enumerate() {
            if at == last || parts.insert(draft.document.id()) {
                self.drafts.push(Planned { draft, is_main: at == last });
            }
        }
    }

    fn let_go(&mut self, foreign: Foreign, departure: Departure, gate: &Gate<'_>) {
        self.fine.push(foreign.id);
        self.purged.extend((departure == Departure::Urgent).then_some(foreign.id));
        match gate.known.get(&foreign.id) {
            Some(known) if known.live => self.gone.push((foreign, departure)),
            // Remembered, so that an older version cannot bring it back. It does not go today.
            before => {
                let fetched_at = before.map_or(DateTime::UNIX_EPOCH, |before| before.fetched_at);
                self.absent += u64::from(before.is_none());
                self.foreign.push(Foreign { fetched_at, ..foreign });
            }
        }
    }

    /// It was met, though it was not understood: it is not gone.
    fn keep_out(&mut self, bad: Quarantined) {
        self.seen.push(bad.id);
        self.quarantined.push(bad);
    }

    /// It was met, though it was not taken: it is not gone. `ours` is what stands of it by this peer.
    fn leave_out(&mut self, why: &'static str, ours: Option<&Foreign>, origin: Option<String>) {
        self.seen.extend(ours.filter(|_| MET.contains(&why)).map(|ours| ours.id));
        self.missed.extend(origin.filter(|_| relays::is_missed(why)));
        *self.ignored.entry(why).or_default() += 1;
    }
}

impl Harvester {
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

    /// Judge every item.
    async fn plan(&self, run: &mut Run, items: Items) -> Result<Plan, End> {
        // All terms are read for that, and most pulls bring nothing.
        if run.vocabulary.is_none() && !items.is_empty() {
            run.vocabulary = Some(self.vocabulary().await?);
        }
        let sources = self.sources(run, &items).await?;
        let run = &*run;
        let shared = Self::shared_terms(run, &items, &sources);
        let known = self.known_before(run, &items, &sources).await?;
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
        let judged = in_parallel(items, |item| Judged::of(&gate, run, &sources, keeps, item));
        let (mut plan, mut parts) = (Plan::default(), HashSet::new());
        for one in judged {
            plan.take_in(run, &gate, one, &mut parts)?;
        }
        self.leave_out_parts_with_items(&mut plan).await?;
        self.leave_out_what_is_ours(&mut plan).await?;
        self.keep_moments(&mut plan, &known).await?;
        Ok(plan)
    }

    /// What is known of the records of a page, by their ids here.
    async fn known_before(&self, run: &Run, items: &Items, sources: &Sources) -> Result<relays::Known, End> {
        let asked: Vec<Uuid> = items.iter().flatten().map(|event| id_here(run, sources, event)).collect();
        Ok(peers::foreign(&self.db, &asked).await?.into_iter().map(|foreign| (foreign.id, foreign)).collect())
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
