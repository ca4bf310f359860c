//! Rows of `published` on their way into the index, and events once more where something that they depend on has changed:
//! a place that a date of theirs has moved to, or the days that lie ahead.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};
use tantivy::{IndexWriter, TantivyDocument, Term, collector::DocSetCollector, indexer::LogMergePolicy, query::TermSetQuery};
use uuid::Uuid;

use super::{ROWS, State, aside};
use crate::{
    db::Database,
    geo::Point,
    model::Kind,
    published::{self, Published},
    search::{
        Error, Search, facts,
        fields::{self, Fields},
        words::Words,
    },
};

/// Rows being taken in.
pub(super) struct Taking<'a> {
    search: &'a Search,
    words: Arc<Words>,
    pub(super) writer: IndexWriter,
    now: DateTime<Utc>,
    pub(super) rows: usize,
    /// The events taken in that have dates at other places, by place.
    moved: HashMap<Uuid, Vec<Uuid>>,
    /// Whether something that was there before must not be found in the files any more.
    urgent: bool,
}

/// Where single dates of events have moved to, as far as that is public: the event is near there, too.
struct Elsewhere(HashMap<Uuid, Point>);

impl Elsewhere {
    async fn of(db: &Database, rows: &[Published]) -> Result<Self, Error> {
        let mut ids: Vec<Uuid> = rows.iter().filter(|row| row.live).flat_map(facts::moved_to).collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(Self(HashMap::new()));
        }
        let places = as_published(db, &ids).await?;
        let points = places.iter().filter(|place| place.live).filter_map(|place| Some((place.id, facts::point_of(place)?)));
        Ok(Self(points.collect()))
    }

    fn added_to(&self, mut document: TantivyDocument, fields: &Fields, row: &Published) -> TantivyDocument {
        for point in facts::moved_to(row).iter().filter_map(|place| self.0.get(place)) {
            document.add_f64(fields.latitude, point.latitude);
            document.add_f64(fields.longitude, point.longitude);
        }
        document
    }
}

/// What is published under these ids.
async fn as_published(db: &Database, ids: &[Uuid]) -> Result<Vec<Published>, Error> {
    let snapshot = db.snapshot().await?;
    let rows = published::current(&snapshot, ids).await?;
    snapshot.roll_back().await?;
    Ok(rows)
}

impl<'a> Taking<'a> {
    pub(super) fn begin(search: &'a Search, words: Arc<Words>, memory: usize, now: DateTime<Utc>) -> Result<Self, Error> {
        let writer = search.writer(memory)?;
        let mut policy = LogMergePolicy::default();
        policy.set_del_docs_ratio_before_merge(0.2);
        writer.set_merge_policy(Box::new(policy));
        Ok(Self { search, words, writer, now, rows: 0, moved: HashMap::new(), urgent: false })
    }

    fn take(&mut self, rows: &[Published], elsewhere: &Elsewhere) -> Result<(), Error> {
        for row in rows {
            self.writer.delete_term(fields::id_term(&self.search.fields, row.id));
            self.urgent |= row.urgent;
            if row.live {
                for place in facts::moved_to(row) {
                    self.moved.entry(place).or_default().push(row.id);
                }
                let document: TantivyDocument =
                    facts::document(&self.search.fields, &self.words, row, self.now, self.search.horizon);
                let document = elsewhere.added_to(document, &self.search.fields, row);
                self.writer.add_document(document)?;
            }
        }
        Ok(())
    }

    /// Take in rows that were published, and once more the events that have dates at places among them.
    pub(super) async fn take_published(&mut self, db: &Database, rows: &[Published]) -> Result<(), Error> {
        let elsewhere = Elsewhere::of(db, rows).await?;
        aside(|| self.take(rows, &elsewhere))?;
        self.rows += rows.len();
        let places: Vec<Uuid> = rows.iter().filter(|row| row.kind == Kind::Location).map(|row| row.id).collect();
        let events = self.moved_to(&places)?;
        if events.is_empty() {
            return Ok(());
        }
        let events = as_published(db, &events).await?;
        let elsewhere = Elsewhere::of(db, &events).await?;
        aside(|| self.take(&events, &elsewhere))
    }

    /// The events that have dates at these places: of those before, and of those that are being taken in.
    fn moved_to(&self, places: &[Uuid]) -> Result<Vec<Uuid>, Error> {
        let mut events: Vec<Uuid> = places.iter().filter_map(|place| self.moved.get(place)).flatten().copied().collect();
        let terms = places.iter().map(|place| Term::from_field_text(self.search.fields.moved, &place.to_string()));
        let searcher = self.search.shown();
        for event in searcher.search(&TermSetQuery::new(terms), &DocSetCollector)? {
            let columns = searcher.segment_reader(event.segment_ord).fast_fields();
            let halves = (columns.u64("high")?.first(event.doc_id), columns.u64("low")?.first(event.doc_id));
            events.extend(halves.0.zip(halves.1).map(|(high, low)| Uuid::from_u64_pair(high, low)));
        }
        events.sort_unstable();
        events.dedup();
        Ok(events)
    }

    /// Work out the dates of events anew.
    pub(super) async fn take_events(&mut self, db: &Database) -> Result<(), Error> {
        let mut after = None;
        loop {
            let rows = published::by_kind(db, Kind::Event, after, ROWS).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = Some(last.id);
            self.take(&rows, &Elsewhere::of(db, &rows).await?)?;
        }
    }

    pub(super) fn commit(&mut self, state: &State) -> Result<(), Error> {
        self.search.commit(&mut self.writer, state)
    }

    pub(super) fn finish(mut self, state: &State) -> Result<(), Error> {
        let state = State { unpurged: self.urgent, ..state.clone() };
        self.commit(&state)?;
        self.writer.wait_merging_threads()?;
        if state.unpurged {
            self.search.purge()?;
        }
        self.search.reload()?;
        Ok(())
    }
}
