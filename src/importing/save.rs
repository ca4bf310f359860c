//! Saving what was read, batch after batch.

use std::{
    collections::{HashMap, HashSet},
    io::{self, BufRead},
    path::PathBuf,
    time::Instant,
};

use tokio::sync::mpsc;
use uuid::Uuid;

use super::{
    Format, How, Mapping, Read, Report, Vocabulary,
    batch::Batch,
    beside::{self, Listing},
    complete,
    copies::Copied,
    edits,
    exposed::{Listed, Lookout},
    read,
    run::Run,
    tabular,
};
use crate::{
    db::{Transaction, Trial},
    model::{
        Document, Kind,
        personal::{self, InWords},
    },
    published::{self, redaction::SecretWords},
    records::{self, Caller, Draft, Entrance, LastModified, Records, State, Stored},
};

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
    /// Words that name help for people in danger.
    danger: SecretWords,
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
        Self { records, danger: SecretWords::default() }
    }

    /// One that names listings with these words, in their name or in that of a term, whose address everybody can
    /// see.
    #[must_use]
    pub fn watching_for(self, danger: &[String]) -> Self {
        Self { danger: SecretWords::new(danger), ..self }
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
            let _ = send.blocking_send(batch.rest());
            Ok::<_, io::Error>(())
        });
        let report = Report { dry_run: options.dry_run, ..Report::default() };
        let mut run = Run::new(report, Lookout::new(self.danger.clone()));
        run.into_nothing = self.holds_nothing().await?;
        run.withholds = !run.into_nothing;
        let (mut trial, mut ahead) = (None, None);
        loop {
            let next = match ahead.take() {
                Some(batch) => Some(batch),
                None => receive.recv().await,
            };
            let Some(batch) = next else { break };
            if options.dry_run && trial.is_none() {
                ahead = receive.recv().await;
                trial = Some(self.try_out(ahead.as_ref().is_some_and(|more| !more.is_empty())).await?);
            }
            let until = batch.last().map(|one| one.until);
            self.save(&mut run, batch, options, trial.as_ref()).await?;
            if let Some(until) = until {
                progress(until);
            }
        }
        reader.await.map_err(|error| Error::Reader(error.to_string()))??;
        if let Some(trial) = trial {
            trial.end().await?;
        }
        run.name_what_nobody_sees(&self.records).await?;
        run.report.seconds = began.elapsed().as_secs_f64();
        Ok(run.report)
    }

    /// Whether the directory has no record yet.
    async fn holds_nothing(&self) -> Result<bool, Error> {
        for kind in Kind::RECORDS {
            if !self.records.by_kind(kind, None, 1).await?.is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
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

    async fn save(&self, run: &mut Run, mut batch: Vec<Read>, options: &Options, trial: Option<&Trial>) -> Result<(), Error> {
        run.leave_out_what_is_followed(&self.records, &mut batch).await?;
        run.leave_out_who_was_erased(&self.records, &mut batch).await?;
        let mut taken = run.settle(&self.records, batch).await?;
        let mut from_feeds = Group { copied: run.copies.take(&mut taken, &mut run.report), ..Group::default() };
        let mut own_export = Group::default();
        for one in taken {
            let (line, is_own) = (one.line, one.own_export);
            // Anybody can write a line like those of our export: it has its way only where nothing can be lost by that.
            let group = if is_own && run.into_nothing { &mut own_export } else { &mut from_feeds };
            group.last_modified.extend(one.last_modified);
            group.in_words.extend(one.in_words.into_iter().map(|words| (line, words)));
            let row = |counted| move |draft| Row { line, counted, own_export: is_own, draft };
            group.rows.extend(one.parts.into_iter().map(row(Counted::Part)));
            group.rows.extend(one.main.map(row(Counted::Line)));
        }
        for (group, entrance) in [(own_export, Entrance::OwnExport), (from_feeds, Entrance::Feed)] {
            if group.rows.is_empty() && group.copied.is_empty() {
                continue;
            }
            let why = format!("imported from {}", options.source);
            let caller = Caller { name: edits::IMPORTER.to_owned(), why, entrance };
            if let Some(trial) = trial {
                self.save_group(run, group, &caller, options, trial.transaction()).await?;
            } else {
                let tx = self.records.database().write().await?;
                self.save_group(run, group, &caller, options, &tx).await?;
                tx.commit().await?;
            }
        }
        Ok(())
    }

    /// Save what came through one door.
    async fn save_group(
        &self,
        run: &mut Run,
        group: Group,
        caller: &Caller,
        options: &Options,
        tx: &Transaction,
    ) -> Result<(), Error> {
        let (mut rows, mut last_modified) = (group.rows, group.last_modified);
        // Whoever edits one of them at this moment waits, or is waited for.
        let copied = group.copied.iter().map(Copied::id);
        let ids: Vec<Uuid> = copied.chain(rows.iter().map(|row| row.draft.document.id())).collect();
        let here = self.records.hold(tx, &ids).await?;
        self.have_no_more_rights(run, &here, &mut rows, &mut last_modified).await?;
        let mut copies = Vec::with_capacity(group.copied.len());
        for copied in group.copied {
            let (line, counted) = (copied.line, if copied.first { Counted::Part } else { Counted::Before });
            let draft = copied.onto(&here, &mut run.report)?;
            copies.extend(draft.map(|draft| Row { line, counted, own_export: false, draft }));
        }
        rows.splice(0..0, copies);
        for (line, dropped) in edits::keep(&self.records, &here, &mut rows, options.overwrite).await? {
            run.report.leave_out(line, dropped);
        }
        let listed: Vec<Listed> = rows.iter().filter(|row| row.counted == Counted::Line).filter_map(Listed::of).collect();
        let beside: Vec<Listing> = rows.iter().filter_map(Listing::of).collect();
        let (counted, drafts): (Vec<(Kind, Counted)>, Vec<Draft>) =
            rows.into_iter().map(|row| ((row.draft.document.kind(), row.counted), row.draft)).unzip();
        let outcome = self.records.save(tx, caller, drafts, &last_modified).await?;
        let exposed = run.lookout.exposed(&self.records, tx, listed).await?;
        run.report.expose(exposed);
        let mut told = self.still_told(tx, group.in_words).await?;
        run.withholds |= outcome.withholds;
        if run.withholds {
            told.extend(beside::telling(&self.records, tx, &beside).await?);
        }
        for (line, words) in told {
            run.report.tell(line, words);
        }
        for ((kind, counted), saved) in counted.into_iter().zip(outcome.saved) {
            if counted != Counted::Before {
                run.report.count(kind, counted == Counted::Line, saved);
            }
        }
        Ok(())
    }

    /// Where a dry run writes. What a file says first decides about what it says later, so it is one transaction, and
    /// one of more than a batch would keep others from saving: that one has copies of the tables. Even the epoch that
    /// a directory needs before its first record is taken back.
    async fn try_out(&self, more_than_a_batch: bool) -> Result<Trial, Error> {
        let database = self.records.database();
        let trial = if more_than_a_batch { database.try_out_on_copies().await? } else { database.try_out().await? };
        published::first_epoch(trial.transaction(), self.records.clock()).await?;
        Ok(trial)
    }

    /// Of words those that stand so in what was saved: somebody here may have changed them, or erased what they tell.
    async fn still_told(&self, tx: &Transaction, told: Vec<(u64, InWords)>) -> Result<Vec<(u64, InWords)>, Error> {
        let ids: Vec<Uuid> = told.iter().map(|(_, words)| words.record).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut standing = HashSet::new();
        for stored in self.records.find_in(tx, &ids).await?.into_values().filter(|stored| stored.state == State::Published) {
            standing.extend(personal::in_words(&stored.read()?).into_iter().map(|words| (words.record, words.path)));
        }
        Ok(told.into_iter().filter(|(_, words)| standing.contains(&(words.record, words.path.clone()))).collect())
    }

    /// What lines of our own export say of records that are `here` counts as if a feed said it.
    async fn have_no_more_rights(
        &self,
        run: &mut Run,
        here: &HashMap<Uuid, Stored>,
        rows: &mut [Row],
        last_modified: &mut LastModified,
    ) -> Result<(), Error> {
        let mut personal = Vec::new();
        for Row { line, draft, .. } in rows.iter_mut().filter(|row| row.own_export) {
            let id = draft.document.id();
            let Some(stored) = here.get(&id).filter(|stored| stored.kind == draft.document.kind()) else { continue };
            last_modified.remove(&id);
            let (left, found) = complete::as_from_a_feed(draft, stored)?;
            if let Some(dropped) = left {
                run.report.leave_out(*line, dropped);
            }
            personal.extend(found.into_iter().map(|one| (*line, one)));
        }
        let asked: Vec<Uuid> = personal.iter().map(|(_, one)| one.record).collect();
        let erased = if asked.is_empty() { HashSet::new() } else { self.records.erased_contacts(&asked).await? };
        for (line, one) in personal.into_iter().filter(|(_, one)| !erased.contains(&(one.record, one.contact))) {
            run.report.wait(line, one);
        }
        Ok(())
    }
}

/// A document on its way in, and where it stands in the file.
pub(super) struct Row {
    /// Its line, from 1.
    pub(super) line: u64,
    counted: Counted,
    /// Whether it is a line of our own complete export.
    pub(super) own_export: bool,
    /// The document.
    pub(super) draft: Draft,
}

/// What came through one door.
#[derive(Default)]
struct Group {
    copied: Vec<Copied>,
    rows: Vec<Row>,
    last_modified: LastModified,
    in_words: Vec<(u64, InWords)>,
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
