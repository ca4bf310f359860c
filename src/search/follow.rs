//! Following `published`: the index is one more reader of it, thrown away and built anew whenever it
//! is missing, damaged, or of another epoch. The server answers from what it has meanwhile.

mod taking;

use std::{fs, path::Path, sync::atomic::Ordering};

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use tantivy::{Index, IndexSettings, IndexWriter, TantivyError, directory::MmapDirectory, indexer::NoMergePolicy};

use super::{
    Error, Search,
    fields::{self, Fields},
};
use crate::{
    clock::Clock,
    db::Database,
    published::{self, Position},
};
use taking::Taking;

/// The file that lists all others of an index.
const LIST: &str = "meta.json";
/// Rows that are read at once.
const ROWS: u64 = 500;
/// An index that began empty shows what it has so far each time after so many rows.
const SHOWN_EACH: usize = 40_000;
/// Memory of the writer for a few rows, and for many, in bytes.
const SMALL_WRITER: usize = 15 << 20;
/// How often the lock of the index is asked for, and how long after each time it was taken.
const TRIES_FOR_LOCK: u32 = 40;
const TRY_AGAIN: std::time::Duration = std::time::Duration::from_millis(50);
const LARGE_WRITER: usize = 48 << 20;
/// Further behind than this, the writer gets more memory, and says how it is getting on.
const MANY: i64 = 5_000;
/// The dates of events are worked out anew after so many days.
pub(super) const DATES_HOLD_DAYS: i64 = 7;

/// How far the index has followed; written with each of its commits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    version: u32,
    /// What the own words of needs were with which signs were found.
    #[serde(default)]
    words: String,
    pub(super) epoch: String,
    pub(super) position: i64,
    /// When the dates of events were worked out, seconds since 1970.
    dates_at: i64,
    /// For how many days ahead they were.
    #[serde(default)]
    days_ahead: i64,
    /// Whether segments may still hold what must not be found in the files any more.
    #[serde(default)]
    unpurged: bool,
}

/// How far many rows have been taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Indexing {
    /// Rows so far.
    pub rows: u64,
    /// Rows in all, as many as there were when it began.
    pub of: u64,
}

impl std::fmt::Display for Indexing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "indexing {} of {}", grouped(self.rows), grouped(self.of))
    }
}

/// 12,000 for 12000.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&[u8]> = digits.as_bytes().rchunks(3).rev().collect();
    String::from_utf8_lossy(&groups.join(&b',')).into_owned()
}

/// Hears how it is getting on where there are many rows to take in.
pub type Progress<'a> = &'a mut (dyn FnMut(Indexing) + Send);

/// Open the index below `folder`, or make an empty one.
pub(super) fn open(folder: &Path) -> Result<(Index, Fields, State), Error> {
    let disk = |source| Error::Disk { folder: folder.to_path_buf(), source };
    fs::create_dir_all(folder).map_err(disk)?;
    let (schema, fields) = fields::schema();
    if let Some((index, state)) = existing(folder, &schema) {
        return Ok((index, fields, state));
    }
    clear(folder).map_err(disk)?;
    let directory = MmapDirectory::open(folder).map_err(|error| Error::Index(error.into()))?;
    let index = Index::create(directory, schema, IndexSettings::default())?;
    fields::register(&index);
    Ok((index, fields, State { version: fields::VERSION, ..State::default() }))
}

fn existing(folder: &Path, schema: &tantivy::schema::Schema) -> Option<(Index, State)> {
    let index = Index::open_in_dir(folder).ok()?;
    fields::register(&index);
    let state: State = serde_json::from_str(&index.load_metas().ok()?.payload?).ok()?;
    let fits = state.version == fields::VERSION && index.schema() == *schema;
    fits.then_some((index, state))
}

/// How far the index in `folder` has followed, without opening it for writing.
pub(super) fn look_at(folder: &Path) -> Option<(String, Position)> {
    let payload = Index::open_in_dir(folder).ok()?.load_metas().ok()?.payload?;
    let state: State = serde_json::from_str(&payload).ok()?;
    Some((state.epoch, Position(state.position)))
}

/// Take every file out of the folder.
pub(super) fn clear(folder: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        fs::remove_file(entry?.path())?;
    }
    Ok(())
}

impl Search {
    /// Follow `published` to its end, as things are now. Idempotent; one at a time, others wait.
    /// # Errors
    /// When the database or the disk fails; what was committed before stays.
    pub async fn catch_up(&self, db: &Database, clock: &Clock, progress: Progress<'_>) -> Result<(), Error> {
        let _turn = self.following.lock().await;
        // Read by whoever has the turn: a restore may have begun another epoch while it waited.
        let (head, now) = (published::head(db, clock).await?, clock.now());
        aside(|| self.begin_anew_where_removed())?;
        let state = self.state();
        let words = self.words();
        let print = words.print().to_owned();
        let fresh = state.epoch != head.epoch || state.words != print;
        let from = if fresh { Position::ZERO } else { Position(state.position) };
        let days_ahead = self.horizon.num_days();
        let are_recent = state.dates_at > (now - TimeDelta::days(DATES_HOLD_DAYS)).timestamp();
        let dates_hold = are_recent && state.days_ahead == days_ahead;
        if state.unpurged && !fresh {
            // The process ended between the commit and the purge.
            aside(|| self.purge())?;
        }
        if !fresh && from >= head.position && dates_hold {
            return Ok(());
        }
        let many = fresh || head.position.0 - from.0 > MANY;
        let mut indexing = if many { Some(Indexing { rows: 0, of: published::count_after(db, from).await? }) } else { None };
        self.tell(indexing);
        let mut taking = Taking::begin(self, words, if many { LARGE_WRITER } else { SMALL_WRITER }, now)?;
        if fresh {
            taking.writer.delete_all_documents()?;
        }
        // Only where the dates of every event are worked out anew: what is committed in between has those of its own.
        let dates_at = if fresh || !dates_hold { now.timestamp() } else { state.dates_at };
        let next = State {
            epoch: head.epoch.clone(),
            version: fields::VERSION,
            words: print,
            dates_at,
            days_ahead,
            position: state.position,
            unpurged: false,
        };
        if !fresh && !dates_hold {
            taking.take_events(db).await?;
        }
        // Of an index that has something to answer from nothing is shown before the new one is whole.
        let shows_early = state.position == 0 && !self.answers_from_before();
        self.filling.fetch_or(shows_early, Ordering::Relaxed);
        let mut at = from;
        loop {
            let rows = published::after(db, at, ROWS).await?;
            let Some(last) = rows.last() else { break };
            at = last.position;
            taking.take_published(db, &rows).await?;
            if let Some(indexing) = &mut indexing {
                indexing.rows += rows.len() as u64;
                self.tell(Some(*indexing));
                progress(*indexing);
            }
            if shows_early && taking.rows.is_multiple_of(SHOWN_EACH) {
                aside(|| taking.commit(&State { position: at.0, ..next.clone() }))?;
            }
        }
        let done = State { position: at.0.max(if fresh { head.position.0 } else { at.0 }), ..next };
        aside(|| taking.finish(&done))?;
        self.filling.store(false, Ordering::Relaxed);
        self.tell(None);
        Ok(())
    }

    /// How far it has got with many rows; none when it has them all, or has few to take in.
    pub fn indexing(&self) -> Option<Indexing> {
        *self.indexing.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Whether it began with nothing in it, and does not have everything yet: what is found so far is not all there is.
    pub fn is_being_filled(&self) -> bool {
        self.filling.load(Ordering::Relaxed)
    }

    /// Whether there is nothing in it yet, and something may be to come.
    pub fn is_yet_to_be_filled(&self) -> bool {
        self.shown().num_docs() == 0 && (self.indexing().is_some() || self.state().epoch.is_empty())
    }

    fn tell(&self, indexing: Option<Indexing>) {
        *self.indexing.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = indexing;
    }

    /// Where somebody removed the files while they were open, begin a new index; the old one is answered from until the
    /// new one is whole.
    fn begin_anew_where_removed(&self) -> Result<(), Error> {
        if self.folder.join(LIST).exists() {
            return Ok(());
        }
        let (index, _, state) = open(&self.folder)?;
        self.live.write().unwrap_or_else(std::sync::PoisonError::into_inner).replace(index);
        *self.state.write().unwrap_or_else(std::sync::PoisonError::into_inner) = state;
        Ok(())
    }

    /// The one writer of the index. Another one, of a command beside us or of what went before, lets go of it within a
    /// moment.
    fn writer(&self, memory: usize) -> Result<IndexWriter, Error> {
        let mut tries = 0;
        loop {
            match self.index().writer_with_num_threads(1, memory) {
                Err(TantivyError::LockFailure(..)) if tries < TRIES_FOR_LOCK => {
                    tries += 1;
                    std::thread::sleep(TRY_AGAIN);
                }
                writer => return Ok(writer?),
            }
        }
    }

    fn answers_from_before(&self) -> bool {
        self.live.read().unwrap_or_else(std::sync::PoisonError::into_inner).is_of_before()
    }

    /// Begin again from nothing with the next row; what is there is answered from until then.
    pub(super) fn forget(&self) -> Result<(), Error> {
        self.begin_anew_where_removed()?;
        let mut writer = self.writer(SMALL_WRITER)?;
        writer.delete_all_documents()?;
        writer.commit()?;
        writer.wait_merging_threads()?;
        *self.state.write().unwrap_or_else(std::sync::PoisonError::into_inner) = State::default();
        Ok(())
    }

    fn state(&self) -> State {
        self.state.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Whether it has what was published in this epoch: a restore begins another one, and the index is built anew.
    pub fn is_of(&self, epoch: &str) -> bool {
        self.state().epoch == epoch
    }

    /// How far it has followed.
    pub fn position(&self) -> Position {
        Position(self.state().position)
    }
}

/// Do what keeps a processor busy without holding up others on the same thread.
fn aside<T>(work: impl FnOnce() -> T) -> T {
    match tokio::runtime::Handle::current().runtime_flavor() {
        tokio::runtime::RuntimeFlavor::CurrentThread => work(),
        _ => tokio::task::block_in_place(work),
    }
}

impl Search {
    fn commit(&self, writer: &mut IndexWriter, state: &State) -> Result<(), Error> {
        let payload = serde_json::to_string(state)
            .map_err(|error| Error::Index(tantivy::TantivyError::InternalError(error.to_string())))?;
        let mut commit = writer.prepare_commit()?;
        commit.set_payload(&payload);
        commit.commit()?;
        self.reload()?;
        *self.state.write().unwrap_or_else(std::sync::PoisonError::into_inner) = state.clone();
        Ok(())
    }

    /// Write every segment anew that still holds something deleted, and remove the old files.
    fn purge(&self) -> Result<(), Error> {
        // No other merge may take the same segments meanwhile.
        let mut writer = self.writer(SMALL_WRITER)?;
        writer.set_merge_policy(Box::new(NoMergePolicy));
        let dirty: Vec<_> = self
            .index()
            .searchable_segment_metas()?
            .into_iter()
            .filter(|segment| segment.num_deleted_docs() > 0)
            .map(|segment| segment.id())
            .collect();
        if !dirty.is_empty() {
            writer.merge(&dirty).wait()?;
            self.reload()?;
        }
        writer.garbage_collect_files().wait()?;
        self.commit(&mut writer, &State { unpurged: false, ..self.state() })?;
        Ok(writer.wait_merging_threads()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_told_in_numbers_that_can_be_read() {
        assert_eq!(Indexing { rows: 12_000, of: 100_000 }.to_string(), "indexing 12,000 of 100,000");
        assert_eq!(Indexing { rows: 500, of: 1_234_567 }.to_string(), "indexing 500 of 1,234,567");
    }
}
