//! What has to be remembered from line to line of a run: which records it has had, and as what. The first of
//! two that say different things stands, or the last line would win in every run anew.

mod names;
mod places;

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Error, Read, Report, Taken, copies::Copies, exposed::Lookout};
use crate::{
    model::{Document, Kind, personal::Personal, tidy::Dropped},
    records::{self, Draft, Records, State},
};

/// What a run has dealt with under an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// A record that stood inside a line, and a hash of what that said.
    Part(u64),
    /// A record that a line was about.
    Line,
    /// A link of this service to a place.
    LinkOf(Uuid),
}

/// What has to be remembered from batch to batch: about 60 bytes a record, 200 more where others have
/// copies of it.
#[derive(Default)]
pub(super) struct Run {
    pub(super) report: Report,
    /// What was said of records by copies of them.
    pub(super) copies: Copies,
    pub(super) lookout: Lookout,
    /// Whether the directory had no record when it began.
    pub(super) into_nothing: bool,
    /// Whether places may be withheld here. Where the directory had no record when it began, only what it has brought
    /// itself can be.
    pub(super) withholds: bool,
    /// Records that this run has dealt with, of which kind each is, and as what it was seen.
    seen: HashMap<Uuid, (Kind, Seen)>,
    /// Records whose ids were taken, and what they are called here.
    renamed: HashMap<(Kind, Uuid), Uuid>,
    /// Organizations that were here before, by their folded names; read when somebody asks.
    organizations: Option<HashMap<String, Uuid>>,
    /// What is said of where places are that only words tell apart, by the ids of their first lines.
    places: HashMap<Uuid, places::Here>,
    /// What lines name that had not come when they did.
    waiting: Vec<Named>,
    /// Parts that belong to other directories, and of which that is said already.
    followed: HashSet<Uuid>,
}

/// A record that a line names, and does not bring along.
struct Named {
    line: u64,
    /// The member that names it.
    path: String,
    kind: Kind,
    id: Uuid,
}

/// Parts of a line that this run has had before.
#[derive(Default)]
struct Repeats {
    /// Left out: they say the same, or the first counts.
    left_out: Vec<Uuid>,
    /// Kept: they say something else, of which [`Copies`] takes what is new.
    further: Vec<Uuid>,
}

impl Run {
    pub(super) fn new(report: Report, lookout: Lookout) -> Self {
        Self { report, lookout, ..Self::default() }
    }

    /// What of a batch is to be saved, and under which ids.
    pub(super) async fn settle(&mut self, records: &Records, mut batch: Vec<Read>) -> Result<Vec<Taken>, Error> {
        self.tell_places_apart(records, &mut batch).await?;
        self.know_links(records, &batch).await?;
        let now = records.clock().now();
        let mut taken: Vec<Taken> = batch.into_iter().filter_map(|read| self.hear(read, now)).collect();
        self.leave_out_projections(records, &mut taken).await?;
        self.find_providers(records, &mut taken).await?;
        self.rename_clashes(records, &mut taken).await?;
        self.note_waiting(&taken);
        Ok(taken)
    }

    /// Report what of a line was rejected and dropped, and leave out what this run has had before.
    fn hear(&mut self, Read { line, taken, .. }: Read, now: DateTime<Utc>) -> Option<Taken> {
        let mut taken = match taken {
            Ok(taken) => taken,
            Err(reason) => {
                self.report.reject(line, reason);
                return None;
            }
        };
        taken.line = line;
        let documents = taken.parts.iter_mut().chain(&mut taken.main).map(|draft| &mut draft.document);
        taken.dropped.extend(documents.filter_map(|document| records::leave_out_a_check_to_come(document, now)));
        self.own_links(&mut taken);
        let about = taken.main.as_ref().map(|draft| (draft.document.id(), draft.document.kind()));
        if let Some((id, kind)) = about
            && self.seen.get(&id) == Some(&(kind, Seen::Line))
        {
            self.report.reject(line, format!("the {kind} {id} also appears on an earlier line; the first is used"));
            return None;
        }
        for dropped in taken.dropped.drain(..) {
            self.report.leave_out(line, dropped);
        }
        let repeats = self.leave_out_repeated_parts(&mut taken);
        if let Some((id, kind)) = about {
            let (known, seen) = self.seen.entry(id).or_insert((kind, Seen::Line));
            if *known == kind {
                *seen = Seen::Line;
            }
        }
        self.let_wait(line, std::mem::take(&mut taken.personal), &repeats);
        Some(taken)
    }

    /// The first copy of a part stands; later ones that say something else are left to [`Copies`], unless the
    /// file has the part as such.
    fn leave_out_repeated_parts(&mut self, taken: &mut Taken) -> Repeats {
        let mut repeats = Repeats::default();
        let (line, whole_parts) = (taken.line, taken.whole_parts);
        taken.parts.retain(|draft| {
            let (id, kind) = (draft.document.id(), draft.document.kind());
            let said = Seen::Part(hash_of(&draft.document));
            let Some((known, first)) = self.seen.get(&id).copied() else {
                self.seen.insert(id, (kind, said));
                return true;
            };
            if known != kind {
                return true;
            }
            let differs = first != said;
            if differs && !whole_parts {
                repeats.further.push(id);
                return true;
            }
            repeats.left_out.push(id);
            if differs {
                let reason = format!("another copy of the {kind} {id} differs; the first is used");
                self.report.leave_out(line, Dropped { path: kind.as_str().to_owned(), reason });
            }
            false
        });
        repeats
    }

    /// Contacts that look like a person's wait, each told once.
    fn let_wait(&mut self, line: u64, personal: Vec<Personal>, repeats: &Repeats) {
        for one in personal.into_iter().filter(|one| !repeats.left_out.contains(&one.record)) {
            if !repeats.further.contains(&one.record) || !self.report.is_waiting(&one) {
                self.report.wait(line, one);
            }
        }
    }

    /// What another directory publishes is followed from there: that it stands in a file, be it one that we
    /// have written ourselves, does not make it ours. What refers to it goes on doing so.
    pub(super) async fn leave_out_what_is_followed(&mut self, records: &Records, batch: &mut Vec<Read>) -> Result<(), Error> {
        let taken = batch.iter().filter_map(|one| one.taken.as_ref().ok());
        let asked: Vec<Uuid> = taken.flat_map(|one| one.parts.iter().chain(&one.main)).map(|draft| draft.document.id()).collect();
        let theirs = records.foreign_among(&asked).await?;
        if theirs.is_empty() {
            return Ok(());
        }
        // Its own complete export brings a record along as what it is.
        let owner_of = |draft: &Draft| {
            let (id, kind) = (draft.document.id(), draft.document.kind());
            let (_, owner) = theirs.get(&id).filter(|(known, owner)| *known == kind && *owner != draft.origin)?;
            (draft.document.shared_id() != Some(id)).then_some((id, kind, owner))
        };
        batch.retain_mut(|Read { line, taken, .. }| {
            let Ok(taken) = taken else { return true };
            if let Some((id, kind, owner)) = taken.main.as_ref().and_then(owner_of) {
                let reason = format!("the {kind} {id} belongs to {owner} and comes from there: it is not imported");
                self.report.leave_out(*line, Dropped { path: "id".to_owned(), reason });
                return false;
            }
            taken.parts.retain(|draft| {
                let Some((id, kind, owner)) = owner_of(draft) else { return true };
                if self.followed.insert(id) {
                    let reason = format!("the {kind} {id} belongs to {owner} and comes from there: it is left unchanged");
                    self.report.leave_out(*line, Dropped { path: kind.as_str().to_owned(), reason });
                }
                taken.personal.retain(|personal| personal.record != id);
                taken.in_words.retain(|words| words.record != id);
                false
            });
            true
        });
        Ok(())
    }

    /// Nobody is asked again about a contact that was erased here.
    pub(super) async fn leave_out_who_was_erased(&self, records: &Records, batch: &mut [Read]) -> Result<(), Error> {
        let taken = batch.iter().filter_map(|one| one.taken.as_ref().ok());
        let asked: Vec<Uuid> = taken.flat_map(|one| &one.personal).map(|personal| personal.record).collect();
        if asked.is_empty() {
            return Ok(());
        }
        let erased = records.erased_contacts(&asked).await?;
        for taken in batch.iter_mut().filter_map(|one| one.taken.as_mut().ok()) {
            taken.personal.retain(|personal| !erased.contains(&(personal.record, personal.contact)));
        }
        Ok(())
    }

    /// A service that only stands for an event which is here itself is not to be there twice.
    async fn leave_out_projections(&mut self, records: &Records, taken: &mut Vec<Taken>) -> Result<(), Error> {
        let event_of = |one: &Taken| match one.main.as_ref().map(|draft| &draft.document) {
            Some(Document::Service(service)) if !one.own_export => service.event_id.map(Uuid::from),
            _ => None,
        };
        let asked: Vec<Uuid> = taken.iter().filter_map(event_of).collect();
        let known = records.kinds(&asked).await?;
        taken.retain(|one| {
            let is_event =
                |event: &Uuid| known.get(event) == Some(&Kind::Event) || matches!(self.seen.get(event), Some((Kind::Event, _)));
            let here = event_of(one).filter(is_event);
            if let Some(event) = here {
                let reason = format!("it represents the event {event}, which is already here");
                self.report.leave_out(one.line, Dropped { path: "event_id".to_owned(), reason });
            }
            here.is_none()
        });
        Ok(())
    }

    /// Note what services and events name that the file has not had yet.
    fn note_waiting(&mut self, taken: &[Taken]) {
        for one in taken {
            let Some(draft) = one.main.as_ref().filter(|draft| draft.state == State::Published) else { continue };
            let mut named = Vec::new();
            let mut name =
                |path: String, kind, id: Option<Uuid>| named.extend(id.map(|id| Named { line: one.line, path, kind, id }));
            match &draft.document {
                Document::Service(service) => {
                    name("organization_id".to_owned(), Kind::Organization, service.organization_id.map(Uuid::from));
                    // Tables say so themselves, with the file and the line of the row.
                    if !one.whole_parts {
                        for (at, link) in service.service_at_locations.iter().enumerate() {
                            let path = format!("service_at_locations[{at}].location_id");
                            name(path, Kind::Location, link.location_id.map(Uuid::from));
                        }
                        for (at, attribute) in service.attributes.iter().enumerate() {
                            let path = format!("attributes[{at}].taxonomy_term_id");
                            name(path, Kind::TaxonomyTerm, attribute.taxonomy_term_id.map(Uuid::from));
                        }
                    }
                }
                Document::Event(event) => {
                    name("organization_id".to_owned(), Kind::Organization, Some(event.organization_id.into()));
                }
                Document::Organization(organization) if !one.whole_parts => {
                    let parent = organization.parent_organization_id.map(Uuid::from);
                    name("parent_organization_id".to_owned(), Kind::Organization, parent);
                }
                Document::TaxonomyTerm(term) if !one.whole_parts => {
                    name("parent_id".to_owned(), Kind::TaxonomyTerm, term.parent_id.map(Uuid::from));
                }
                _ => {}
            }
            named.retain(|named| !self.has(named.kind, &named.id));
            self.waiting.extend(named);
        }
    }

    fn has(&self, kind: Kind, id: &Uuid) -> bool {
        matches!(self.seen.get(id), Some((known, _)) if *known == kind)
    }

    /// What names something that is neither here nor in the file comes in, and nobody sees it, or that part of it.
    pub(super) async fn name_what_nobody_sees(&mut self, records: &Records) -> Result<(), Error> {
        let waiting = std::mem::take(&mut self.waiting);
        for some in waiting.chunks(500) {
            let ids: Vec<Uuid> = some.iter().map(|named| named.id).collect();
            let known = records.kinds(&ids).await?;
            for Named { line, path, kind, id } in some {
                let is_here = known.get(id) == Some(kind) || self.has(*kind, id);
                if is_here || self.report.has_left_out(*line, path) {
                    continue;
                }
                let what = if path == "organization_id" { "the record is hidden" } else { "it is not shown" };
                let reason = format!("{kind} {id} is not here: {what} until it is");
                self.report.leave_out(*line, Dropped { path: path.clone(), reason });
            }
        }
        Ok(())
    }
}

fn hash_of(document: &Document) -> u64 {
    let mut hasher = DefaultHasher::new();
    document.to_json().hash(&mut hasher);
    hasher.finish()
}
