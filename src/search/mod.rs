//! Search: a derived index over `published`, and what people mean by their words.
//!
//! All words must be there, each itself, as another form of the same word, or as the word that one
//! with a slip in it stands for; everyday phrases also find what helps with the needs they stand for.
//! What somebody searches for is neither stored nor logged.
//!
//! The order is the same on both databases and in every process: a score depends on the document and
//! the words alone, and ties are in order of ids.

mod collect;
mod columns;
mod cut;
mod english;
mod facts;
mod families;
mod fields;
mod follow;
mod free;
mod groups;
mod judging;
mod live;
mod located;
mod looking;
mod loosely;
mod marks;
mod query;
mod signs;
mod slips;
mod small;
mod spelling;
mod store;
mod table;
mod understood;
mod wanted;
mod words;

use std::{
    collections::BTreeMap,
    fs, io,
    ops::Range,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock, atomic::AtomicBool},
};

use chrono::{DateTime, TimeDelta, Utc};
use tantivy::{Index, Searcher, TantivyError, snippet::SnippetGenerator};

pub use self::{
    collect::Hit,
    facts::PAST_DAYS,
    follow::{Indexing, Progress},
    small::says_nothing,
    store::{Edited, SaveError, Table, load, save},
    table::Refused,
    understood::{Enough, Understanding, Understood},
    wanted::{Delivery, Period, Times, Wanted},
    words::{Phrase, Words},
};
use self::{columns::Opened, fields::Fields, follow::State, judging::Verdicts, live::Live};
use crate::{
    geo::Point,
    http::Problem,
    model::{Kind, occurrences, whereabouts::Whereabouts},
    places::coverage,
    published::Position,
};

/// Length of a snippet, in characters.
const SNIPPET: usize = 220;

/// What can go wrong with the index.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk.
    #[error("cannot use the search index in {folder}: {source}")]
    Disk {
        /// Where it is.
        folder: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The index itself.
    #[error("the search index failed: {0}")]
    Index(#[from] TantivyError),
    /// The database.
    #[error(transparent)]
    Database(#[from] crate::db::Error),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Database(error) => error.into(),
            other => Self::internal(&other),
        }
    }
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// How many in all.
    pub total: usize,
    /// Those that were asked for, in order.
    pub hits: Vec<Hit>,
    /// What was made of the words.
    pub understood: Understood,
    /// How many have each value, where that was asked for: by facet, then by value.
    pub counts: BTreeMap<&'static str, BTreeMap<String, usize>>,
    marked: BTreeMap<String, f32>,
}

/// The search index.
pub struct Search {
    folder: PathBuf,
    live: RwLock<Live>,
    fields: Fields,
    /// Held by whoever follows: there can be only one writer.
    following: tokio::sync::Mutex<()>,
    state: RwLock<State>,
    words: RwLock<Arc<Words>>,
    verdicts: Arc<Verdicts>,
    opened: RwLock<Arc<Opened>>,
    indexing: Mutex<Option<Indexing>>,
    /// Whether it began with nothing in it, and does not have everything yet.
    filling: AtomicBool,
    horizon: TimeDelta,
}

impl std::fmt::Debug for Search {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Search").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// The index as one search sees it.
struct Seen {
    searcher: Searcher,
    opened: Arc<Opened>,
}

impl Search {
    /// Open the index in `data_dir`. What is there and fits is used; otherwise it is empty and
    /// [`Search::catch_up`] fills it.
    /// # Errors
    /// When the disk fails.
    pub fn open(data_dir: &Path, words: Arc<Words>) -> Result<Self, Error> {
        let folder = data_dir.join("index");
        let (index, fields, state) = follow::open(&folder)?;
        Ok(Self {
            folder,
            live: RwLock::new(Live::open(index)?),
            fields,
            following: tokio::sync::Mutex::default(),
            state: RwLock::new(state),
            words: RwLock::new(words),
            verdicts: Arc::default(),
            opened: RwLock::default(),
            indexing: Mutex::default(),
            filling: AtomicBool::default(),
            horizon: TimeDelta::days(occurrences::HORIZON_DAYS),
        })
    }

    /// One that knows the dates of events for so many days ahead.
    #[must_use]
    pub fn looking_ahead(self, days: u16) -> Self {
        Self { horizon: TimeDelta::days(days.into()), ..self }
    }

    /// How far ahead the dates of events are known.
    pub fn horizon(&self) -> TimeDelta {
        self.horizon
    }

    /// Remove the files, unless a server is writing them (it follows by itself).
    /// # Errors
    /// When the disk fails.
    pub fn discard(data_dir: &Path) -> Result<(), Error> {
        let folder = data_dir.join("index");
        let disk = |source| Error::Disk { folder: folder.clone(), source };
        if folder.exists() {
            follow::clear(&folder).map_err(disk)?;
            fs::remove_dir(&folder).map_err(disk)?;
        }
        Ok(())
    }

    /// How far the index in `data_dir` has followed, and in which epoch; none where there is none.
    pub fn look_at(data_dir: &Path) -> Option<(String, Position)> {
        follow::look_at(&data_dir.join("index"))
    }

    /// Use these tables of everyday words from now on.
    pub fn use_words(&self, words: Arc<Words>) {
        *self.words.write().unwrap_or_else(PoisonError::into_inner) = words;
    }

    /// The tables of everyday words in use.
    pub fn words(&self) -> Arc<Words> {
        self.words.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many documents it holds, and bytes on disk.
    pub fn size(&self) -> (u64, u64) {
        let lengths = |entries: fs::ReadDir| entries.filter_map(|entry| entry.ok()?.metadata().ok()).map(|data| data.len()).sum();
        let bytes = fs::read_dir(&self.folder).map_or(0, lengths);
        (self.shown().num_docs(), bytes)
    }

    /// Forget everything, so that the next [`Search::catch_up`] fills it again.
    /// # Errors
    /// When the disk fails.
    pub async fn reset(&self) -> Result<(), Error> {
        let _turn = self.following.lock().await;
        self.forget()
    }

    /// Whether every file is as it was written.
    /// # Errors
    /// When the disk fails, or a file is damaged.
    pub fn verify(&self) -> Result<(), Error> {
        let damaged = self.index().validate_checksum()?;
        match damaged.iter().next() {
            None => Ok(()),
            Some(file) => Err(Error::Index(TantivyError::InternalError(format!("{} is damaged", file.display())))),
        }
    }

    /// What is wanted among documents of `kind`, as things are at `now`: the hits of `range` in order.
    /// # Errors
    /// When the index fails.
    pub fn find(&self, kind: Kind, wanted: &Wanted, now: DateTime<Utc>, range: Range<usize>) -> Result<Found, Error> {
        self.look(kind, wanted, now, range, false)
    }

    /// How many matching records have each value.
    /// # Errors
    /// When the index fails.
    pub fn count(&self, kind: Kind, wanted: &Wanted, now: DateTime<Utc>) -> Result<Found, Error> {
        self.look(kind, wanted, now, 0..0, true)
    }

    /// The index as it is now, with columns of it that are open. They are taken first: what was opened of an index
    /// that is no more would keep its files.
    fn searcher(&self) -> Seen {
        let opened = self.opened.read().unwrap_or_else(PoisonError::into_inner).clone();
        Seen { opened, searcher: self.shown() }
    }

    /// What was shown last.
    fn shown(&self) -> Searcher {
        self.live.read().unwrap_or_else(PoisonError::into_inner).searcher()
    }

    /// The index, to write to.
    fn index(&self) -> Index {
        self.live.read().unwrap_or_else(PoisonError::into_inner).index()
    }

    /// Search what was committed last from now on.
    fn reload(&self) -> Result<(), TantivyError> {
        self.live.write().unwrap_or_else(PoisonError::into_inner).reload()?;
        *self.opened.write().unwrap_or_else(PoisonError::into_inner) = Arc::default();
        Ok(())
    }

    /// The part of `text` that shows best why it was found, as HTML with the words in `<mark>` and an
    /// ellipsis where something was cut off; none where it has none of them.
    pub fn snippet(&self, found: &Found, text: &str) -> Option<String> {
        let generator = SnippetGenerator::new(found.marked.clone(), fields::analyzer(), self.fields.text, SNIPPET);
        let mut snippet = generator.snippet(text);
        snippet.set_snippet_prefix_postfix("<mark>", "</mark>");
        let (before, after) = text.split_once(snippet.fragment()).filter(|_| !snippet.is_empty())?;
        let (lead, rest) = (cut::lead(before), cut::rest(after));
        let has_words = |cut: &str| cut.chars().any(char::is_alphanumeric);
        let begin = if has_words(&before[..before.len() - lead.len()]) { "… " } else { "" };
        let end = if has_words(&after[rest.len()..]) { " …" } else { "" };
        let shown = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        Some(format!("{begin}{}{}{}{end}", shown(lead), snippet.to_html(), shown(rest.trim_end())))
    }
}

/// The place that a service must cover.
pub fn place(at: Whereabouts, point: Option<Point>, areas: Vec<String>) -> coverage::Place {
    coverage::Place { at: Some(at), point, areas }
}
