//! The shelf: the published bytes in local files, ready to be sent, and a small table in memory
//! that says what lies where. It answers every public read without asking the database.
//!
//! It is derived: one more reader of `published`, thrown away and rebuilt whenever it is missing,
//! damaged, or of another epoch. Documents are appended, each with a line end behind it; when a
//! quarter of what lies there is dead, or lists have become scattered, everything is laid out anew
//! in the order in which lists read it, so that a page of fifty documents is one read.
//!
//! What is replaced is overwritten at once, and so are files that are not used any more: an address that
//! must not be told any more does not wait in dead bytes.

mod catalogue;
mod files;
mod look;
mod pieces;
mod reading;

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::RwLock,
};

use chrono::{DateTime, Utc};

use super::{Head, Position, Published};
use crate::{
    clock::{Clock, moment},
    db::{self, Database},
    model::Kind,
};
pub use catalogue::{Entry, group_of};
use files::{Inner, destroy, entry, generation_of, header, lock, shelf_files, table_name};
pub use pieces::{AT_ONCE, are_long, in_pieces};

/// First bytes of the table's file; the number changes with the format.
const MAGIC: &[u8; 16] = b"fingerpost-shf-4";
/// Magic and epoch stand before the entries.
const HEADER: usize = 64;
/// Below this nothing is laid out anew: it would not pay.
const SMALL: u64 = 4 << 20;

/// Which form of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Everything.
    Full,
    /// As lists show it.
    Brief,
}

/// What can go wrong with the files.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk.
    #[error("cannot use the published bytes in {folder}: {source}")]
    Disk {
        /// Where the files are.
        folder: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Somebody else writes the same files.
    #[error("another server is using the data folder {0}; give each server its own")]
    InUse(PathBuf),
    /// The database.
    #[error(transparent)]
    Database(#[from] db::Error),
}

/// The published bytes.
#[derive(Debug)]
pub struct Shelf {
    folder: PathBuf,
    /// Held for as long as this process writes the files.
    _lock: File,
    /// Held by whoever follows: two at once could put an older version in place of a newer one.
    following: tokio::sync::Mutex<()>,
    inner: RwLock<Inner>,
}

/// A document and what is known about it.
#[derive(Clone, Debug)]
pub struct Found {
    /// Where it lies and what it is.
    pub entry: Entry,
    /// Its bytes; for what is gone, the reason.
    pub bytes: Vec<u8>,
}

impl Entry {
    /// The strong `ETag` of the whole document.
    pub fn etag(&self) -> String {
        format!("\"{:016x}\"", self.hash)
    }

    /// When its content last changed.
    pub fn changed_at(&self) -> DateTime<Utc> {
        moment(self.changed_at)
    }

    fn span(&self, form: Form) -> (u64, u32) {
        match form {
            Form::Full => (self.full_at, self.full_length),
            Form::Brief => (self.brief_at, self.brief_length),
        }
    }
}

impl Shelf {
    /// Open the shelf in `data_dir` for the epoch that the database is in. What is there and fits
    /// is used; otherwise it is destroyed, the shelf is empty, and [`Shelf::catch_up`] fills it.
    /// # Errors
    /// When the disk fails, or another process holds the files.
    pub fn open(data_dir: &Path, head: &Head) -> Result<Self, Error> {
        let folder = data_dir.join("shelf");
        let disk = |source| Error::Disk { folder: folder.clone(), source };
        fs::create_dir_all(&folder).map_err(disk)?;
        let lock = lock(&folder).map_err(disk)?.ok_or_else(|| Error::InUse(data_dir.to_path_buf()))?;
        let inner = match Inner::read(&folder, head, true) {
            Some(inner) => inner,
            None => Inner::anew(&folder, &head.epoch).map_err(disk)?,
        };
        Ok(Self { folder, _lock: lock, following: tokio::sync::Mutex::default(), inner: RwLock::new(inner) })
    }

    /// Remove the files, unless a server is using them (it follows by itself). Whether no server does.
    /// # Errors
    /// When the disk fails.
    pub fn discard(data_dir: &Path) -> Result<bool, Error> {
        let folder = data_dir.join("shelf");
        let disk = |source| Error::Disk { folder: folder.clone(), source };
        if !folder.exists() {
            return Ok(true);
        }
        let Some(held) = lock(&folder).map_err(disk)? else { return Ok(false) };
        for file in shelf_files(&folder).map_err(disk)? {
            destroy(&file).map_err(disk)?;
        }
        drop(held);
        Ok(true)
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn disk(&self, source: io::Error) -> Error {
        Error::Disk { folder: self.folder.clone(), source }
    }

    /// Follow `published` to its end. Idempotent; one at a time, others wait.
    /// # Errors
    /// When the database or the disk fails; what was taken before stays.
    pub async fn catch_up(&self, db: &Database, clock: &Clock) -> Result<(), Error> {
        let _turn = self.following.lock().await;
        self.follow(db, clock).await
    }

    /// Forget everything, and fill it again.
    /// # Errors
    /// As [`Shelf::catch_up`].
    pub async fn rebuild(&self, db: &Database, clock: &Clock) -> Result<(), Error> {
        let _turn = self.following.lock().await;
        let epoch = self.read().epoch.clone();
        self.start_again(&epoch)?;
        self.follow(db, clock).await
    }

    async fn follow(&self, db: &Database, clock: &Clock) -> Result<(), Error> {
        const ROWS: u64 = 500;
        // Read by whoever has the turn: a restore may have begun another epoch while it waited.
        let head = &super::head(db, clock).await?;
        if self.read().epoch != head.epoch {
            self.start_again(&head.epoch)?;
        }
        if self.read().position == 0 {
            self.fill(db, head, ROWS).await?;
        }
        loop {
            let rows = super::after(db, self.position(), ROWS).await?;
            if rows.is_empty() {
                break;
            }
            self.apply(&rows)?;
        }
        if self.wants_new_layout() {
            self.lay_out()?;
        }
        Ok(())
    }

    /// Fill an empty shelf in the order in which lists read it.
    async fn fill(&self, db: &Database, head: &Head, rows: u64) -> Result<(), Error> {
        for kind in Kind::PUBLISHED {
            let mut after = None;
            loop {
                let page = super::by_kind(db, kind, after, rows).await?;
                let Some(last) = page.last() else { break };
                after = Some(last.id);
                self.append(&page, None)?;
            }
        }
        let mut inner = self.write();
        inner.catalogue.shrink();
        inner.scattered = 0;
        inner.position = head.position.0;
        drop(inner);
        self.write_table()
    }

    /// Add rows that came after everything that is here.
    pub(crate) fn apply(&self, rows: &[Published]) -> Result<(), Error> {
        self.append(rows, rows.last().map(|row| row.position.0))
    }

    fn append(&self, rows: &[Published], position: Option<i64>) -> Result<(), Error> {
        let mut inner = self.write();
        let (mut full, mut brief) = (Vec::new(), Vec::new());
        let mut entries = Vec::with_capacity(rows.len());
        for row in rows {
            let full_at = inner.full.length + full.len() as u64;
            let brief_at = inner.brief.length + brief.len() as u64;
            entries.push(entry(row, full_at, brief_at));
            full.extend_from_slice(if row.live { &row.full } else { row.reason.as_deref().unwrap_or_default() }.as_bytes());
            full.push(b'\n');
            brief.extend_from_slice(row.brief.as_bytes());
            brief.push(b'\n');
        }
        let table: Vec<u8> = entries.iter().flat_map(Entry::encode).collect();
        inner.full.append(&full).and_then(|()| inner.brief.append(&brief)).map_err(|error| self.disk(error))?;
        inner.index.write_all(&table).map_err(|error| self.disk(error))?;
        let replaced = inner.catalogue.put(&entries);
        inner.dead += replaced.iter().map(Entry::size).sum::<u64>();
        inner.scattered += entries.len();
        // Whatever was replaced may have held what must not be told any more.
        for old in &replaced {
            inner.blank(old).map_err(|error| self.disk(error))?;
        }
        if let Some(position) = position {
            inner.position = position;
        }
        Ok(())
    }

    fn wants_new_layout(&self) -> bool {
        let inner = self.read();
        let bytes = inner.full.length + inner.brief.length;
        bytes > SMALL && (inner.dead * 4 > bytes || inner.scattered * 5 > inner.catalogue.len())
    }

    /// Throw everything away.
    fn start_again(&self, epoch: &str) -> Result<(), Error> {
        let mut inner = self.write();
        *inner = Inner::create(&self.folder, inner.generation + 1, epoch).map_err(|error| self.disk(error))?;
        drop(inner);
        self.remove_other_generations()
    }

    /// Write every document again in the order in which lists read them. Readers go on meanwhile; when the disk
    /// fails, the old files stay in use.
    fn lay_out(&self) -> Result<(), Error> {
        let mut next = {
            let inner = self.read();
            let mut next = Inner::create(&self.folder, inner.generation + 1, &inner.epoch).map_err(|error| self.disk(error))?;
            let mut entries: Vec<Entry> = inner.catalogue.in_order().copied().collect();
            inner.copy_to(&mut entries, &mut next).map_err(|error| self.disk(error))?;
            next.position = inner.position;
            next
        };
        next.catalogue.shrink();
        next.scattered = 0;
        *self.write() = next;
        self.write_table()?;
        self.remove_other_generations()
    }

    /// Write the table of the present generation whole, with the position it stands for.
    fn write_table(&self) -> Result<(), Error> {
        let mut inner = self.write();
        let name = table_name(&self.folder, inner.generation);
        let fresh = name.with_extension("new");
        let write = || -> io::Result<()> {
            inner.full.file.sync_data()?;
            inner.brief.file.sync_data()?;
            let mut out = BufWriter::new(File::create(&fresh)?);
            out.write_all(&header(&inner.epoch, inner.position))?;
            for entry in inner.catalogue.in_order() {
                out.write_all(&entry.encode())?;
            }
            out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
            fs::rename(&fresh, &name)
        };
        write().map_err(|error| self.disk(error))?;
        inner.index = OpenOptions::new().append(true).open(&name).map_err(|error| self.disk(error))?;
        Ok(())
    }

    fn remove_other_generations(&self) -> Result<(), Error> {
        let keep = Some(self.read().generation);
        for file in shelf_files(&self.folder).map_err(|error| self.disk(error))? {
            if generation_of(&file) != keep {
                destroy(&file).map_err(|error| self.disk(error))?;
            }
        }
        Ok(())
    }

    /// Read everything and compare it with its hashes.
    /// # Errors
    /// When the disk fails, or a document is not what it was.
    pub fn verify(&self) -> Result<usize, Error> {
        let mut checked = 0;
        for kind in Kind::PUBLISHED {
            let mut after = None;
            loop {
                let entries = self.entries_after(kind, after, 200);
                let Some(last) = entries.last() else { break };
                after = Some(last.id);
                for entry in &entries {
                    // As it is now: it may have been replaced in the meantime.
                    let inner = self.read();
                    if let Some(now) = inner.catalogue.get(entry.id) {
                        inner.check(now).map_err(|error| self.disk(error))?;
                    }
                    checked += 1;
                }
            }
        }
        Ok(checked)
    }
}
