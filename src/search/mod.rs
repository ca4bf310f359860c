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
    collections::{BTreeMap, HashMap},
    fs, io,
    ops::Range,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use chrono::{DateTime, Datelike as _, TimeDelta, Utc, Weekday};
use tantivy::{Index, Searcher, TantivyError, snippet::SnippetGenerator};

pub use self::{
    collect::Hit,
    facts::PAST_DAYS,
    follow::{Indexing, Progress},
    small::says_nothing,
    store::{Edited, SaveError, Table, load, save},
    table::Refused,
    understood::{Enough, Understanding, Understood},
    wanted::{Delivery, Times, Wanted},
    words::{Phrase, Words},
};
use self::{
    collect::{Between, Checks, Collected, Hits, Judge, Order, Window},
    columns::Opened,
    fields::Fields,
    follow::State,
    judging::{Verdicts, judge, says_open},
    live::Live,
    query::{Builder, Constant, Strictness},
};
use crate::{
    geo::Point,
    http::Problem,
    model::{Kind, occurrences, whereabouts::Whereabouts},
    places::{Coverage, coverage},
    published::{Position, shelf::group_of},
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

/// Days of the week in the order in which they are counted.
const WEEK: [Weekday; 7] = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

/// Columns that are counted for facets: those that documents of the kind have themselves. What is asked of
/// the service of a place stands with the service, so it is not counted for the place.
fn facets(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Service | Kind::Event => &["term", "tongue", "delivery", "mark", "source", "status"],
        Kind::Location => &["term", "tongue", "source"],
        Kind::Organization => &["term", "source"],
        Kind::ServiceAtLocation | Kind::Taxonomy | Kind::TaxonomyTerm => &["source"],
    }
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

    fn look(&self, kind: Kind, wanted: &Wanted, now: DateTime<Utc>, range: Range<usize>, count: bool) -> Result<Found, Error> {
        let (searcher, words) = (self.searcher(), self.words());
        let mut wanted = wanted.clone();
        // A place of a service carries only the service's brief form: what is asked of the service
        // is asked of the service itself.
        let mut found = Found::default();
        let mut services = None;
        if kind == Kind::ServiceAtLocation {
            let of_service = wanted.take_service_part();
            if !of_service.is_everything() {
                let of = self.run(&searcher, &words, Kind::Service, &of_service, now, usize::MAX, false, None, &mut found)?;
                let rank = |at: i64| if of.ranked { at } else { 0 };
                let ranks = of.hits.iter().zip(0..).map(|(hit, at)| (group_of(hit.id), rank(at)));
                services = Some(Arc::new(ranks.collect::<HashMap<u64, i64>>()));
            }
        }
        let collected = self.run(&searcher, &words, kind, &wanted, now, range.end, count, services.as_ref(), &mut found)?;
        found.total = collected.total;
        found.hits = collected.hits.into_iter().skip(range.start).collect();
        found.counts = collected.counts;
        Ok(found)
    }

    #[expect(clippy::too_many_arguments, reason = "each is a part of one question")]
    fn run(
        &self,
        Seen { searcher, opened }: &Seen,
        words: &Words,
        kind: Kind,
        wanted: &Wanted,
        now: DateTime<Utc>,
        keep: usize,
        count: bool,
        services: Option<&Arc<HashMap<u64, i64>>>,
        found: &mut Found,
    ) -> Result<Collected, Error> {
        let builder = Builder { fields: &self.fields, searcher, words };
        let mut collected = Collected::default();
        let mut next = Some(Strictness::AllWords);
        while let Some(strictness) = next {
            let with_all = collected.total;
            let built = builder.build(kind, wanted, strictness)?;
            let mut checks = self.checks(searcher, kind, wanted, now)?;
            checks.services = services.cloned();
            checks.kind = built.scored.then(|| facts::kind_number(kind));
            let order = match (&checks, built.scored) {
                (Checks { near: Some(_), .. }, _) => Order::Distance,
                (_, true) => Order::Relevance,
                (Checks { window: Some(_), .. }, _) => Order::Start,
                (Checks { services: Some(_), .. }, _) => Order::Service,
                _ => Order::Id,
            };
            let week = if count { &WEEK[..] } else { &[] };
            let days: Vec<Judge> = week.iter().map(|day| self.judge_times(Times::on(*day), now)).collect();
            let mut usual_days = Vec::new();
            for day in days.iter().filter(|_| kind == Kind::ServiceAtLocation) {
                usual_days.push(says_open(searcher, kind, day.clone())?);
            }
            let event_days = (count && kind == Kind::Event).then(|| checks.window.unwrap_or_else(|| self.all_dates(now)));
            let hits = Hits {
                order,
                danger_first: built.danger_first,
                counted: built.counted,
                keep,
                checks,
                opened: opened.clone(),
                facets: if count { facets(kind) } else { &[] },
                days,
                usual_days,
                event_days,
            };
            collected = searcher.search_with_statistics_provider(&built.query, &hits, &Constant(self.fields))?;
            collected.ranked = built.scored;
            next = built.softer(strictness, collected.total, wanted.relaxed);
            if !built.understood.words.is_empty() || !built.understood.needs.is_empty() || !wanted.text.is_empty() {
                found.understood = built.understood;
                found.marked = built.marked;
                found.understood.with_all = with_all;
            }
        }
        Ok(collected)
    }

    fn checks(&self, searcher: &Searcher, kind: Kind, wanted: &Wanted, now: DateTime<Utc>) -> Result<Checks, TantivyError> {
        let mut checks = Checks::default();
        if let Some(at) = wanted.modified_after {
            checks.whole.push(Between { field: "changed", least: at.timestamp_micros(), most: i64::MAX, or_missing: false });
        }
        if let Some(day) = wanted.checked_since {
            checks.whole.push(Between {
                field: "checked",
                least: day.num_days_from_ce().into(),
                most: i64::MAX,
                or_missing: false,
            });
        }
        if let Some((from, to)) = wanted.ages {
            // A limit that is not said is none.
            checks.numbers.push(Between { field: "youngest", least: f64::MIN, most: to, or_missing: true });
            checks.numbers.push(Between { field: "oldest", least: from, most: f64::MAX, or_missing: true });
        }
        let mut judges = Vec::new();
        if let Some(times) = wanted.times.filter(|_| kind != Kind::Event) {
            judges.push(self.judge_times(times, now));
        }
        if wanted.open_now {
            let question = format!("open {}", facts::minutes(now));
            judges.push(self.judge_hours(question, move |hours| hours.is_open(now)));
        }
        for judge in judges {
            checks.hours.push(says_open(searcher, kind, judge)?);
        }
        if let Some(place) = &wanted.covers {
            let outcode = place.at.as_ref().map(|at| at.outcode().to_owned()).unwrap_or_default();
            let place = place.clone();
            checks.covers =
                Some((judge(move |bytes| Coverage::decode(bytes).and_then(|coverage| coverage.decides(&place))), outcode));
        }
        if wanted.window.is_some() || (kind == Kind::Event && wanted.times.is_some()) {
            let (from, until) = wanted.window.unwrap_or((now, now + self.horizon));
            let times = wanted.times.filter(|_| kind == Kind::Event);
            checks.window = Some(Window { from: facts::minutes(from), until: facts::minutes(until), times });
        }
        checks.near = wanted.near.map(|point| (point, wanted.proximity));
        checks.roughly = wanted.roughly;
        checks.home = wanted.home.clone().map(|place| judge(move |bytes| Coverage::decode(bytes)?.decides(&place)));
        Ok(checks)
    }

    /// The time of which the dates of events are known, from `now` on.
    fn all_dates(&self, now: DateTime<Utc>) -> Window {
        Window { from: facts::minutes(now), until: facts::minutes(now + self.horizon), times: None }
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
