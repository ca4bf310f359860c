//! Saving what was read, batch after batch.

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io::{self, BufRead},
    path::PathBuf,
    time::Instant,
};

use tokio::sync::mpsc;
use uuid::Uuid;

use super::{
    Format, How, Mapping, Read, Report, Taken, Vocabulary,
    copies::{Copied, Copies},
    edits, read, tabular,
};
use crate::{
    ids,
    model::{Document, Kind, apart::rename, text::fold, tidy::Dropped},
    records::{self, Caller, Draft, Entrance, LastModified, Records, State},
};

/// Records in one transaction, about.
const BATCH: usize = 1_500;
/// Batches that may wait to be saved while more is read.
const WAITING: usize = 2;

/// How to import.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// How to read the file.
    pub format: Format,
    /// Whether to write nothing.
    pub dry_run: bool,
    /// Who imports and from where, as history shows it.
    pub source: String,
    /// Whose ids those are that are not UUIDs: the same ones of another source are other records. Empty
    /// for one that needs no telling apart.
    pub ids_of: String,
    /// Who holds the events of a calendar: the name of an organisation, or the id of its record.
    pub organisation: Option<String>,
    /// What the headings of a sheet mean; when it is not given, they speak for themselves.
    pub mapping: Option<Mapping>,
    /// Whether the file has its way with what people changed here since the last import. What they hid
    /// or took out stays so.
    pub overwrite: bool,
}

/// Imports into records.
#[derive(Clone, Debug)]
pub struct Importer {
    records: Records,
}

/// Why an import stopped. What was saved before stays.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read any further.
    #[error("cannot read the file: {0}")]
    Read(#[from] io::Error),
    /// It cannot be saved.
    #[error(transparent)]
    Save(#[from] records::Error),
    /// The options do not fit what is here.
    #[error("{0}")]
    Options(String),
    /// The reading thread died.
    #[error("reading stopped: {0}")]
    Reader(String),
}

impl From<crate::db::Error> for Error {
    fn from(error: crate::db::Error) -> Self {
        Self::Save(error.into())
    }
}

impl Importer {
    /// An importer into `records`.
    pub fn new(records: Records) -> Self {
        Self { records }
    }

    /// Import everything in `input`. `progress` is told how many bytes have been dealt with.
    /// # Errors
    /// When the input or the database fails; what was saved before stays, and running it again
    /// goes on from there.
    pub async fn run(
        &self,
        input: impl BufRead + Send + 'static,
        options: &Options,
        progress: impl FnMut(u64),
    ) -> Result<Report, Error> {
        let how = self.how(options).await?;
        self.run_reader(move |each| read(input, &how, each), options, progress).await
    }

    /// Import a folder that is a data package: tables that refer to one another.
    /// # Errors
    /// As [`Importer::run`], and when it is no package.
    pub async fn run_folder(&self, folder: PathBuf, options: &Options, progress: impl FnMut(u64)) -> Result<Report, Error> {
        let how = self.how(options).await?;
        self.run_reader(move |mut each| tabular::read_folder(&folder, &how, &mut each), options, progress).await
    }

    async fn how(&self, options: &Options) -> Result<How, Error> {
        let organisation = options.organisation.as_deref().map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
        if let Some(id) = organisation.as_deref().and_then(|name| Uuid::try_parse(name).ok())
            && self.records.find(id).await?.is_none_or(|stored| stored.kind != Kind::Organization)
        {
            return Err(Error::Options(format!("there is no organisation with id {id}")));
        }
        Ok(How {
            format: options.format,
            ids_of: options.ids_of.clone(),
            vocabulary: self.vocabulary().await?,
            organisation,
            mapping: options.mapping.clone(),
        })
    }

    /// Read in one thread, save in another.
    async fn run_reader(
        &self,
        reader: impl FnOnce(&mut dyn FnMut(Read) -> bool) -> io::Result<()> + Send + 'static,
        options: &Options,
        mut progress: impl FnMut(u64),
    ) -> Result<Report, Error> {
        let began = Instant::now();
        let (send, mut receive) = mpsc::channel::<Vec<Read>>(WAITING);
        let reader = tokio::task::spawn_blocking(move || {
            let mut batch = Batch::default();
            reader(&mut |one| match batch.add(one) {
                None => true,
                // The other side is gone when saving failed; then there is nothing to read for.
                Some(full) => send.blocking_send(full).is_ok(),
            })?;
            let _ = send.blocking_send(batch.reads);
            Ok::<_, io::Error>(())
        });
        let mut run = Run {
            report: Report { dry_run: options.dry_run, ..Report::default() },
            seen: HashMap::new(),
            renamed: HashMap::new(),
            organizations: None,
            copies: Copies::default(),
            waiting: Vec::new(),
            followed: HashSet::new(),
        };
        while let Some(batch) = receive.recv().await {
            let until = batch.last().map(|one| one.until);
            self.save(&mut run, batch, options).await?;
            if let Some(until) = until {
                progress(until);
            }
        }
        reader.await.map_err(|error| Error::Reader(error.to_string()))??;
        run.name_what_nobody_sees(&self.records).await?;
        run.report.seconds = began.elapsed().as_secs_f64();
        Ok(run.report)
    }

    /// The terms that a spreadsheet or a calendar may name.
    async fn vocabulary(&self) -> Result<Vocabulary, Error> {
        let mut vocabulary = Vocabulary::new(self.records.withheld_categories());
        let mut after = None;
        loop {
            let terms = self.records.by_kind(Kind::TaxonomyTerm, after, 500).await?;
            let Some(last) = terms.last() else { return Ok(vocabulary) };
            after = Some(last.id);
            for stored in &terms {
                if let Document::TaxonomyTerm(term) = stored.read()? {
                    for name in [Some(term.name.as_str()), term.code.as_deref()].into_iter().flatten() {
                        vocabulary.add(name, stored.id);
                    }
                }
            }
        }
    }

    async fn save(&self, run: &mut Run, mut batch: Vec<Read>, options: &Options) -> Result<(), Error> {
        run.leave_out_what_is_followed(&self.records, &mut batch).await?;
        run.leave_out_who_was_erased(&self.records, &mut batch).await?;
        run.know_links(&self.records, &batch).await?;
        let mut taken = run.sort_out(batch);
        run.leave_out_projections(&self.records, &mut taken).await?;
        run.find_providers(&self.records, &mut taken).await?;
        run.rename_clashes(&self.records, &mut taken).await?;
        run.note_waiting(&taken);
        let mut from_feeds = Group { copied: run.copies.take(&mut taken, &mut run.report), ..Group::default() };
        let mut own_export = Group::default();
        for one in taken {
            let group = if one.entrance() == Entrance::OwnExport { &mut own_export } else { &mut from_feeds };
            group.last_modified.extend(one.last_modified);
            let line = one.line;
            group.rows.extend(one.parts.into_iter().map(|draft| Row { line, counted: Counted::Part, draft }));
            group.rows.extend(one.main.map(|draft| Row { line, counted: Counted::Line, draft }));
        }
        for (group, entrance) in [(own_export, Entrance::OwnExport), (from_feeds, Entrance::Feed)] {
            if group.rows.is_empty() && group.copied.is_empty() {
                continue;
            }
            let why = format!("imported from {}", options.source);
            self.save_group(run, group, &Caller { name: edits::IMPORTER.to_owned(), why, entrance }, options).await?;
        }
        Ok(())
    }

    /// Save what came through one door, in one transaction.
    async fn save_group(&self, run: &mut Run, group: Group, caller: &Caller, options: &Options) -> Result<(), Error> {
        let tx = self.records.database().write().await?;
        let mut rows = group.rows;
        if caller.entrance != Entrance::OwnExport {
            // Whoever edits one of them at this moment waits, or is waited for.
            let copied = group.copied.iter().map(Copied::id);
            let ids: Vec<Uuid> = copied.chain(rows.iter().map(|row| row.draft.document.id())).collect();
            let here = self.records.hold(&tx, &ids).await?;
            let mut copies = Vec::with_capacity(group.copied.len());
            for copied in group.copied {
                let (line, counted) = (copied.line, if copied.first { Counted::Part } else { Counted::Before });
                let draft = copied.onto(&here, &mut run.report)?;
                copies.extend(draft.map(|draft| Row { line, counted, draft }));
            }
            rows.splice(0..0, copies);
            for (line, dropped) in edits::keep(&self.records, &here, &mut rows, options.overwrite).await? {
                run.report.leave_out(line, dropped);
            }
        }
        let (counted, drafts): (Vec<(Kind, Counted)>, Vec<Draft>) =
            rows.into_iter().map(|row| ((row.draft.document.kind(), row.counted), row.draft)).unzip();
        let outcome = self.records.save(&tx, caller, drafts, &group.last_modified).await?;
        if options.dry_run {
            tx.roll_back().await?;
        } else {
            tx.commit().await?;
        }
        for ((kind, counted), saved) in counted.into_iter().zip(outcome.saved) {
            if counted != Counted::Before {
                run.report.count(kind, counted == Counted::Line, saved);
            }
        }
        Ok(())
    }
}

/// A document on its way in, and where it stands in the file.
pub(super) struct Row {
    /// Its line, from 1.
    pub(super) line: u64,
    counted: Counted,
    /// The document.
    pub(super) draft: Draft,
}

/// What came through one door.
#[derive(Default)]
struct Group {
    copied: Vec<Copied>,
    rows: Vec<Row>,
    last_modified: LastModified,
}

/// How a record counts in the report.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Counted {
    /// As what a line is about.
    Line,
    /// As a part of one.
    Part,
    /// No more: a line before it did.
    Before,
}

/// Lines that are saved together.
#[derive(Default)]
struct Batch {
    reads: Vec<Read>,
    records: usize,
}

impl Batch {
    /// Add a line; gives the batch when it is full.
    fn add(&mut self, one: Read) -> Option<Vec<Read>> {
        self.records += one.taken.as_ref().map_or(1, |taken| taken.parts.len() + 1);
        self.reads.push(one);
        (self.records >= BATCH).then(|| {
            self.records = 0;
            std::mem::take(&mut self.reads)
        })
    }
}

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
struct Run {
    report: Report,
    /// Records that this run has dealt with, of which kind each is, and as what it was seen.
    seen: HashMap<Uuid, (Kind, Seen)>,
    /// Records whose ids were taken, and what they are called here.
    renamed: HashMap<(Kind, Uuid), Uuid>,
    /// Organizations that were here before, by their folded names; read when somebody asks.
    organizations: Option<HashMap<String, Uuid>>,
    /// What was said of records by copies of them.
    copies: Copies,
    /// Lines whose organization had not come when they did.
    waiting: Vec<(u64, Uuid)>,
    /// Parts that belong to other directories, and of which that is said already.
    followed: HashSet<Uuid>,
}

impl Run {
    /// What another directory publishes is followed from there: that it stands in a file, be it one that we
    /// have written ourselves, does not make it ours. What refers to it goes on doing so.
    async fn leave_out_what_is_followed(&mut self, records: &Records, batch: &mut Vec<Read>) -> Result<(), Error> {
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
                false
            });
            true
        });
        Ok(())
    }

    /// Nobody is asked again about a contact that was erased here.
    async fn leave_out_who_was_erased(&self, records: &Records, batch: &mut [Read]) -> Result<(), Error> {
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

    /// Note whose the links of these lines are already, be it in an earlier file: a service that has another id
    /// at its source now does not take them from the one that it was.
    async fn know_links(&mut self, records: &Records, batch: &[Read]) -> Result<(), Error> {
        let taken = batch.iter().filter_map(|one| one.taken.as_ref().ok()).filter(|one| !one.own_export);
        let asked: Vec<Uuid> = taken
            .filter_map(|one| match &one.main.as_ref()?.document {
                Document::Service(service) => Some(&service.service_at_locations),
                _ => None,
            })
            .flatten()
            .map(|link| link.id.into())
            .filter(|id| !self.seen.contains_key(id))
            .collect();
        for (link, owner) in records.link_owners(&asked).await? {
            self.seen.insert(link, (Kind::ServiceAtLocation, Seen::LinkOf(owner)));
        }
        Ok(())
    }

    /// Report what was rejected and dropped, and leave out parts that were seen before. The first copy
    /// of a part stands, or the last line would win in every run anew; others are left to [`Copies`].
    fn sort_out(&mut self, batch: Vec<Read>) -> Vec<Taken> {
        let mut kept = Vec::with_capacity(batch.len());
        for Read { line, taken, .. } in batch {
            let mut taken = match taken {
                Ok(taken) => taken,
                Err(reason) => {
                    self.report.reject(line, reason);
                    continue;
                }
            };
            self.own_links(line, &mut taken);
            let main = taken.main.as_ref().map(|draft| (draft.document.id(), draft.document.kind()));
            if let Some((id, kind)) = main
                && self.seen.get(&id) == Some(&(kind, Seen::Line))
            {
                self.report.reject(line, format!("the {kind} {id} also appears on an earlier line; the first is used"));
                continue;
            }
            for dropped in taken.dropped.drain(..) {
                self.report.leave_out(line, dropped);
            }
            let parts = std::mem::take(&mut taken.parts);
            let (mut repeated, mut further) = (Vec::new(), Vec::new());
            for draft in parts {
                let (id, kind) = (draft.document.id(), draft.document.kind());
                let hash = hash_of(&draft.document);
                match self.seen.get(&id) {
                    Some((known, first)) if *known == kind => {
                        let differs = *first != Seen::Part(hash);
                        if differs && !taken.whole_parts {
                            further.push(id);
                            taken.parts.push(draft);
                            continue;
                        }
                        repeated.push(id);
                        if differs {
                            let reason = format!("another copy of the {kind} {id} differs; the first is used");
                            self.report.leave_out(line, Dropped { path: kind.as_str().to_owned(), reason });
                        }
                    }
                    Some(_) => taken.parts.push(draft),
                    None => {
                        self.seen.insert(id, (kind, Seen::Part(hash)));
                        taken.parts.push(draft);
                    }
                }
            }
            if let Some((id, kind)) = main {
                self.seen
                    .entry(id)
                    .and_modify(|seen| seen.1 = if seen.0 == kind { Seen::Line } else { seen.1 })
                    .or_insert((kind, Seen::Line));
            }
            for personal in taken.personal.drain(..).filter(|personal| !repeated.contains(&personal.record)) {
                if !further.contains(&personal.record) || !self.report.is_waiting(&personal) {
                    self.report.wait(line, personal);
                }
            }
            taken.line = line;
            kept.push(taken);
        }
        kept
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

    /// An organization of which only the name is known is the one of that name that is here. It stays
    /// as it is: a name alone says less than what is kept.
    async fn find_providers(&mut self, records: &Records, taken: &mut [Taken]) -> Result<(), Error> {
        if self.organizations.is_none() && taken.iter().any(|one| one.provider.is_some()) {
            self.organizations = Some(organizations_by_name(records).await?);
        }
        let Some(known) = &self.organizations else { return Ok(()) };
        for one in taken {
            let Some(provider) = one.provider.take() else { continue };
            let Some(here) = known.get(&fold(&provider.name)).copied() else { continue };
            one.parts.retain(|draft| draft.document.id() != provider.id);
            if here != provider.id {
                self.renamed.insert((Kind::Organization, provider.id), here);
            }
        }
        Ok(())
    }

    /// A `service_at_location` belongs to one service: where a feed gives the same id to the links of
    /// several services, all but the first get their own. Our own export is put back exactly.
    fn own_links(&mut self, line: u64, taken: &mut Taken) {
        if taken.own_export {
            return;
        }
        let Some(Document::Service(service)) = taken.main.as_mut().map(|draft| &mut draft.document) else { return };
        let (event, links) = (service.event_id.map(Uuid::from), &mut service.service_at_locations);
        let service = Uuid::from(service.id);
        // What it is called here if its id is taken, and the event that it may only stand for.
        let itself = [Some(service), Some(ids::derived(service, Kind::Service.as_str())), event];
        for link in links {
            let id = Uuid::from(link.id);
            let (_, seen) = *self.seen.entry(id).or_insert((Kind::ServiceAtLocation, Seen::LinkOf(service)));
            if !matches!(seen, Seen::LinkOf(owner) if itself.contains(&Some(owner))) {
                link.id = ids::derived(service, &id.to_string()).into();
                let reason = format!("the id {id} belongs to a location of another service; here it gets the id {}", link.id);
                self.report.leave_out(line, Dropped { path: "service_at_locations.id".to_owned(), reason });
            }
        }
    }

    /// Ids are unique across kinds, and a term that others name by its web address keeps the id it
    /// has here. What clashes is renamed, the same way each time, and so is whatever refers to it.
    async fn rename_clashes(&mut self, records: &Records, taken: &mut [Taken]) -> Result<(), Error> {
        let asked: Vec<Uuid> = taken
            .iter()
            .flat_map(|one| one.parts.iter().chain(&one.main))
            .flat_map(|draft| [Some(draft.document.id()), draft.document.shared_id()])
            .flatten()
            .collect();
        let known = records.kinds(&asked).await?;
        for one in taken.iter_mut() {
            let (own_export, line) = (one.own_export, one.line);
            for draft in one.parts.iter_mut().chain(&mut one.main) {
                let (id, kind) = (draft.document.id(), draft.document.kind());
                let taken_by = |id: &Uuid| known.get(id).copied().or_else(|| self.seen.get(id).map(|(kind, _)| *kind));
                let shared =
                    draft.document.shared_id().filter(|shared| !own_export && *shared != id && taken_by(shared) == Some(kind));
                let clash = taken_by(&id).filter(|other| *other != kind).map(|_| ids::derived(id, kind.as_str()));
                if let Some(new) = shared.or(clash) {
                    draft.document.set_id(new);
                    self.renamed.insert((kind, id), new);
                    if clash.is_some() {
                        let reason = format!("the id {id} belongs to another kind of record; this {kind} gets the id {new} here");
                        self.report.leave_out(line, Dropped { path: "id".to_owned(), reason });
                    }
                }
            }
        }
        for draft in taken.iter_mut().flat_map(|one| one.parts.iter_mut().chain(&mut one.main)) {
            rename(&mut draft.document, &self.renamed);
        }
        Ok(())
    }
}

impl Run {
    /// Note services and events of organizations that the file has not had yet.
    fn note_waiting(&mut self, taken: &[Taken]) {
        for one in taken {
            let Some(draft) = one.main.as_ref().filter(|draft| draft.state == State::Published) else { continue };
            let organization = match &draft.document {
                Document::Service(service) => service.organization_id.map(Uuid::from),
                Document::Event(event) => Some(event.organization_id.into()),
                _ => None,
            };
            self.waiting.extend(organization.filter(|id| !self.has_organization(id)).map(|id| (one.line, id)));
        }
    }

    fn has_organization(&self, id: &Uuid) -> bool {
        matches!(self.seen.get(id), Some((Kind::Organization, _)))
    }

    /// A service of an organization that is neither here nor in the file comes in, and nobody sees it.
    async fn name_what_nobody_sees(&mut self, records: &Records) -> Result<(), Error> {
        let waiting = std::mem::take(&mut self.waiting);
        for some in waiting.chunks(500) {
            let ids: Vec<Uuid> = some.iter().map(|(_, id)| *id).collect();
            let known = records.kinds(&ids).await?;
            for (line, id) in some {
                let is_here = known.get(id) == Some(&Kind::Organization) || self.has_organization(id);
                if is_here || self.report.has_left_out(*line, "organization_id") {
                    continue;
                }
                let reason = format!("organization {id} is not here: the record is hidden until it is");
                self.report.leave_out(*line, Dropped { path: "organization_id".to_owned(), reason });
            }
        }
        Ok(())
    }
}

async fn organizations_by_name(records: &Records) -> Result<HashMap<String, Uuid>, Error> {
    let mut found = HashMap::new();
    let mut after = None;
    loop {
        let page = records.by_kind(Kind::Organization, after, 500).await?;
        let Some(last) = page.last() else { return Ok(found) };
        after = Some(last.id);
        for stored in &page {
            if stored.state != State::Gone {
                // Of several with one name, the first by id: always the same one.
                found.entry(fold(stored.read()?.name())).or_insert(stored.id);
            }
        }
    }
}

fn hash_of(document: &Document) -> u64 {
    let mut hasher = DefaultHasher::new();
    document.to_json().hash(&mut hasher);
    hasher.finish()
}
