//! The shelf: the published bytes in local files, ready to be sent, and a small table in memory
//! that says what lies where. It answers every public read without asking the database.
//!
//! It is derived: one more reader of `published`, thrown away and rebuilt whenever it is missing,
//! damaged, or of another epoch. Documents are appended, each with a line end behind it; when a
//! quarter of what lies there is dead, or lists have become scattered, everything is laid out anew
//! in the order in which lists read it, so that a page of fifty documents is one read.
//!
//! What is replaced is overwritten at once: an address that must not be told any more does not wait
//! in dead bytes.

mod catalogue;

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufReader, BufWriter, Read as _, Write},
    ops::Range,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    sync::RwLock,
};

use chrono::{DateTime, Utc};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{Head, Position, Published};
use crate::{
    db::{self, Database},
    model::Kind,
};
use catalogue::{Catalogue, ENTRY_BYTES};
pub use catalogue::{Entry, group_of};

/// First bytes of the table's file; the number changes with the format.
const MAGIC: &[u8; 16] = b"fingerpost-shf-3";
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
    #[error("cannot use the file of published bytes in {folder}: {source}")]
    Disk {
        /// Where the files are.
        folder: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Somebody else writes the same files.
    #[error("another server uses the data folder {0}; give each its own")]
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
    inner: RwLock<Inner>,
}

#[derive(Debug)]
struct Inner {
    epoch: String,
    generation: u64,
    position: i64,
    catalogue: Catalogue,
    full: Appended,
    brief: Appended,
    index: File,
    dead: u64,
    scattered: usize,
}

/// A file that grows at its end.
#[derive(Debug)]
struct Appended {
    file: File,
    length: u64,
}

impl Appended {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, self.length)?;
        self.length += bytes.len() as u64;
        Ok(())
    }
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
        DateTime::from_timestamp_micros(self.changed_at).unwrap_or_default()
    }

    fn span(&self, form: Form) -> (u64, u32) {
        match form {
            Form::Full => (self.full_at, self.full_length),
            Form::Brief => (self.brief_at, self.brief_length),
        }
    }
}

/// What the shelf wants to know of a document.
#[derive(Deserialize)]
struct Facts {
    organization_id: Option<Uuid>,
    taxonomy_id: Option<Uuid>,
    service_id: Option<Uuid>,
    status: Option<String>,
}

impl Shelf {
    /// Open the shelf in `data_dir` for the epoch that the database is in. What is there and fits
    /// is used; otherwise the shelf is empty and [`Shelf::catch_up`] fills it.
    /// # Errors
    /// When the disk fails, or another process holds the files.
    pub fn open(data_dir: &Path, head: &Head) -> Result<Self, Error> {
        let folder = data_dir.join("shelf");
        let disk = |source| Error::Disk { folder: folder.clone(), source };
        fs::create_dir_all(&folder).map_err(disk)?;
        let lock = lock(&folder).map_err(disk)?.ok_or_else(|| Error::InUse(data_dir.to_path_buf()))?;
        let inner = match Inner::read(&folder, head) {
            Some(inner) => inner,
            None => Inner::create(&folder, 0, &head.epoch).map_err(disk)?,
        };
        Ok(Self { folder, _lock: lock, inner: RwLock::new(inner) })
    }

    /// Remove the files, unless a server is using them (it follows by itself).
    /// # Errors
    /// When the disk fails.
    pub fn discard(data_dir: &Path) -> Result<(), Error> {
        let folder = data_dir.join("shelf");
        let disk = |source| Error::Disk { folder: folder.clone(), source };
        if !folder.exists() {
            return Ok(());
        }
        let Some(held) = lock(&folder).map_err(disk)? else { return Ok(()) };
        for file in files(&folder).map_err(disk)? {
            overwrite(&file).and_then(|()| fs::remove_file(&file)).map_err(disk)?;
        }
        drop(held);
        Ok(())
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

    /// How far it has followed.
    pub fn position(&self) -> Position {
        Position(self.read().position)
    }

    /// How many records are there, of one kind.
    pub fn count(&self, kind: Kind) -> usize {
        self.read().catalogue.of(kind).len()
    }

    /// How many entries it has in all, and bytes on disk.
    pub fn size(&self) -> (usize, u64) {
        let inner = self.read();
        (inner.catalogue.len(), inner.full.length + inner.brief.length)
    }

    /// What is known about `id`, without its bytes.
    pub fn look_up(&self, id: Uuid) -> Option<Entry> {
        self.read().catalogue.get(id).copied()
    }

    /// The document under `id`, or why it is gone.
    /// # Errors
    /// When the disk fails.
    pub fn get(&self, id: Uuid, form: Form) -> Result<Option<Found>, Error> {
        let inner = self.read();
        let Some(entry) = inner.catalogue.get(id) else { return Ok(None) };
        let form = if entry.live { form } else { Form::Full };
        let (at, length) = entry.span(form);
        let mut bytes = vec![0; length as usize];
        inner.file(form).read_exact_at(&mut bytes, at).map_err(|error| self.disk(error))?;
        Ok(Some(Found { entry: *entry, bytes }))
    }

    /// Append documents `range` of the order of `kind` to `out`, each with `separator` behind it.
    /// Gives how many there are in all, and the entries that were read.
    /// # Errors
    /// When the disk fails.
    pub fn page(
        &self,
        kind: Kind,
        range: Range<usize>,
        form: Form,
        separator: u8,
        out: &mut Vec<u8>,
    ) -> Result<(usize, Vec<Entry>), Error> {
        let inner = self.read();
        let all = inner.catalogue.of(kind);
        let range = range.start.min(all.len())..range.end.min(all.len());
        let entries: Vec<Entry> = all[range].iter().map(|at| *inner.catalogue.at(*at)).collect();
        let total = all.len();
        inner.copy(&entries, form, separator, out).map_err(|error| self.disk(error))?;
        Ok((total, entries))
    }

    /// Append these documents, as far as they are there, to `out`, each with `separator` behind it.
    /// # Errors
    /// When the disk fails.
    pub fn these(&self, ids: &[Uuid], form: Form, separator: u8, out: &mut Vec<u8>) -> Result<Vec<Entry>, Error> {
        let inner = self.read();
        let entries: Vec<Entry> =
            ids.iter().filter_map(|id| inner.catalogue.get(*id)).filter(|entry| entry.live).copied().collect();
        inner.copy(&entries, form, separator, out).map_err(|error| self.disk(error))?;
        Ok(entries)
    }

    /// Append up to `most` documents of `kind` with ids above `after` to `out`, one a line.
    /// # Errors
    /// When the disk fails.
    pub fn lines_after(
        &self,
        kind: Kind,
        after: Option<Uuid>,
        most: usize,
        form: Form,
        out: &mut Vec<u8>,
    ) -> Result<Vec<Entry>, Error> {
        let inner = self.read();
        let from = after.map_or(0, |id| inner.catalogue.after(kind, id));
        let entries: Vec<Entry> = inner.catalogue.of(kind)[from..].iter().take(most).map(|at| *inner.catalogue.at(*at)).collect();
        inner.copy(&entries, form, b'\n', out).map_err(|error| self.disk(error))?;
        Ok(entries)
    }

    /// Up to `most` entries of `kind` with ids above `after`, in order.
    pub fn entries_after(&self, kind: Kind, after: Option<Uuid>, most: usize) -> Vec<Entry> {
        let inner = self.read();
        let from = after.map_or(0, |id| inner.catalogue.after(kind, id));
        inner.catalogue.of(kind)[from..].iter().take(most).map(|at| *inner.catalogue.at(*at)).collect()
    }

    /// The ids of everything of `kind` that belongs to `of`: an organization's services, a
    /// service's places, a taxonomy's terms. In order of ids.
    pub fn belonging_to(&self, kind: Kind, of: Uuid) -> Vec<Uuid> {
        let group = group_of(of);
        let inner = self.read();
        inner
            .catalogue
            .of(kind)
            .iter()
            .map(|at| inner.catalogue.at(*at))
            .filter(|entry| entry.group == group)
            .map(|entry| entry.id)
            .collect()
    }

    /// Follow `published` to its end. Idempotent; the caller sees to it that only one follows at a time.
    /// # Errors
    /// When the database or the disk fails; what was taken before stays.
    pub async fn catch_up(&self, db: &Database, head: &Head) -> Result<(), Error> {
        const ROWS: u64 = 500;
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
            self.lay_out_anew()?;
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

    /// Take in rows that came after everything that is here.
    /// # Errors
    /// When the disk fails.
    pub fn apply(&self, rows: &[Published]) -> Result<(), Error> {
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

    /// Write every document anew in the order in which lists read them. Readers go on meanwhile.
    /// # Errors
    /// When the disk fails; the old files then stay in use.
    pub fn lay_out_anew(&self) -> Result<(), Error> {
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
        let keep = format!("-{}", self.read().generation);
        for file in files(&self.folder).map_err(|error| self.disk(error))? {
            if !file.file_stem().and_then(|stem| stem.to_str()).is_some_and(|stem| stem.ends_with(&keep)) {
                fs::remove_file(&file).map_err(|error| self.disk(error))?;
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
                    let found = self.get(entry.id, Form::Full)?;
                    if found.is_some_and(|found| found.entry.live && hash(&found.bytes) != found.entry.hash) {
                        return Err(
                            self.disk(io::Error::new(io::ErrorKind::InvalidData, format!("{kind} {} is damaged", entry.id)))
                        );
                    }
                    checked += 1;
                }
            }
        }
        Ok(checked)
    }

    /// Forget everything, so that the next [`Shelf::catch_up`] fills it anew.
    /// # Errors
    /// When the disk fails.
    pub fn reset(&self) -> Result<(), Error> {
        let epoch = self.read().epoch.clone();
        self.start_again(&epoch)
    }
}

impl Inner {
    fn create(folder: &Path, generation: u64, epoch: &str) -> io::Result<Self> {
        let mut index = OpenOptions::new().create(true).write(true).truncate(true).open(table_name(folder, generation))?;
        index.write_all(&header(epoch, 0))?;
        let open = |name| {
            OpenOptions::new().create(true).read(true).write(true).truncate(true).open(bytes_name(folder, name, generation))
        };
        Ok(Self {
            epoch: epoch.to_owned(),
            generation,
            position: 0,
            catalogue: Catalogue::default(),
            full: Appended { file: open("full")?, length: 0 },
            brief: Appended { file: open("brief")?, length: 0 },
            index,
            dead: 0,
            scattered: 0,
        })
    }

    /// What lies in the folder, if it is whole and of the database's epoch.
    fn read(folder: &Path, head: &Head) -> Option<Self> {
        let newest = files(folder)
            .ok()?
            .into_iter()
            .filter(|file| file.extension().is_some_and(|end| end == "table"))
            .filter_map(|file| file.file_stem()?.to_str()?.rsplit('-').next()?.parse::<u64>().ok())
            .max()?;
        let mut table = BufReader::new(File::open(table_name(folder, newest)).ok()?);
        let mut start = [0; HEADER];
        table.read_exact(&mut start).ok()?;
        if start[..56] != header(&head.epoch, 0)[..56] {
            return None;
        }
        let mut position = i64::from_le_bytes(start[56..].try_into().ok()?);
        if position == 0 {
            // It was never filled to the end; what is there may have holes.
            return None;
        }
        let open = |name| OpenOptions::new().read(true).write(true).open(bytes_name(folder, name, newest)).ok();
        let (full, brief) = (open("full")?, open("brief")?);
        let (full_length, brief_length) = (full.metadata().ok()?.len(), brief.metadata().ok()?.len());
        let mut catalogue = Catalogue::default();
        let mut dead = 0;
        loop {
            // A part at a time: the whole table would double the memory for a moment.
            let mut part = Vec::new();
            let read = table.by_ref().take(ENTRY_BYTES as u64 * 8_192).read_to_end(&mut part).ok()?;
            if read == 0 {
                break;
            }
            // A torn last entry means a crash: the table can be appended to only where it is whole.
            let entries = part.chunks(ENTRY_BYTES).map(Entry::decode).collect::<Option<Vec<Entry>>>()?;
            let inside = |entry: &Entry| {
                entry.full_at + u64::from(entry.full_length) < full_length
                    && entry.brief_at + u64::from(entry.brief_length) < brief_length
            };
            if !entries.iter().all(inside) {
                return None;
            }
            position = entries.iter().map(|entry| entry.position).fold(position, i64::max);
            dead += catalogue.put(&entries).iter().map(Entry::size).sum::<u64>();
        }
        if position > head.position.0 {
            return None;
        }
        catalogue.shrink();
        let index = OpenOptions::new().append(true).open(table_name(folder, newest)).ok()?;
        Some(Self {
            epoch: head.epoch.clone(),
            generation: newest,
            position,
            catalogue,
            full: Appended { file: full, length: full_length },
            brief: Appended { file: brief, length: brief_length },
            index,
            dead,
            scattered: 0,
        })
    }

    fn file(&self, form: Form) -> &File {
        match form {
            Form::Full => &self.full.file,
            Form::Brief => &self.brief.file,
        }
    }

    /// Append documents to `out`. Those that lie one behind the other are read in one go.
    fn copy(&self, entries: &[Entry], form: Form, separator: u8, out: &mut Vec<u8>) -> io::Result<()> {
        let file = self.file(form);
        let size: usize = entries.iter().map(|entry| entry.span(form).1 as usize + 1).sum();
        let mut to = out.len();
        out.resize(to + size, 0);
        let mut from = 0;
        while from < entries.len() {
            let (start, length) = entries[from].span(form);
            let mut end = start + u64::from(length) + 1;
            let mut until = from + 1;
            while let Some((at, length)) = entries.get(until).map(|entry| entry.span(form)).filter(|(at, _)| *at == end) {
                end = at + u64::from(length) + 1;
                until += 1;
            }
            let bytes = usize::try_from(end - start).map_err(io::Error::other)?;
            file.read_exact_at(&mut out[to..to + bytes], start)?;
            if separator != b'\n' {
                let mut line_end = to;
                for entry in &entries[from..until] {
                    line_end += entry.span(form).1 as usize + 1;
                    out[line_end - 1] = separator;
                }
            }
            to += bytes;
            from = until;
        }
        Ok(())
    }

    /// Copy every entry's bytes to `next` and put the entries there, with their new places.
    fn copy_to(&self, entries: &mut [Entry], next: &mut Self) -> io::Result<()> {
        for batch in entries.chunks_mut(500) {
            let (mut full, mut brief) = (Vec::new(), Vec::new());
            self.copy(batch, Form::Full, b'\n', &mut full)?;
            self.copy(batch, Form::Brief, b'\n', &mut brief)?;
            let (mut full_at, mut brief_at) = (next.full.length, next.brief.length);
            for entry in batch.iter_mut() {
                (entry.full_at, entry.brief_at) = (full_at, brief_at);
                full_at += u64::from(entry.full_length) + 1;
                brief_at += u64::from(entry.brief_length) + 1;
            }
            next.full.append(&full)?;
            next.brief.append(&brief)?;
            next.catalogue.put(batch);
        }
        Ok(())
    }

    /// Overwrite what lies where `old` was.
    fn blank(&self, old: &Entry) -> io::Result<()> {
        for form in [Form::Full, Form::Brief] {
            let (at, length) = old.span(form);
            self.file(form).write_all_at(&vec![b' '; length as usize], at)?;
        }
        Ok(())
    }
}

fn hash(bytes: &[u8]) -> u64 {
    let digest = Sha256::digest(bytes);
    digest[..8].try_into().map(u64::from_be_bytes).unwrap_or_default()
}

fn entry(row: &Published, full_at: u64, brief_at: u64) -> Entry {
    let facts: Option<Facts> = if row.live { serde_json::from_str(&row.full).ok() } else { None };
    let belongs_to = facts.as_ref().and_then(|facts| match row.kind {
        Kind::Service | Kind::Event | Kind::Location => facts.organization_id,
        Kind::TaxonomyTerm => facts.taxonomy_id,
        Kind::ServiceAtLocation => facts.service_id,
        Kind::Organization | Kind::Taxonomy => None,
    });
    let status = facts.and_then(|facts| facts.status);
    let bytes = if row.live { &row.full } else { row.reason.as_deref().unwrap_or_default() };
    Entry {
        id: row.id,
        kind: row.kind,
        live: row.live,
        inactive: matches!(status.as_deref(), Some("inactive" | "defunct")),
        own: row.origin.is_empty(),
        position: row.position.0,
        changed_at: row.changed_at.timestamp_micros(),
        group: belongs_to.map_or(0, group_of),
        hash: hash(bytes.as_bytes()),
        full_at,
        full_length: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
        brief_at,
        brief_length: u32::try_from(row.brief.len()).unwrap_or(u32::MAX),
    }
}

fn table_name(folder: &Path, generation: u64) -> PathBuf {
    folder.join(format!("shelf-{generation}.table"))
}

fn bytes_name(folder: &Path, form: &str, generation: u64) -> PathBuf {
    folder.join(format!("{form}-{generation}.ndjson"))
}

fn header(epoch: &str, position: i64) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..16].copy_from_slice(MAGIC);
    let epoch = &epoch.as_bytes()[..epoch.len().min(40)];
    header[16..16 + epoch.len()].copy_from_slice(epoch);
    header[56..].copy_from_slice(&position.to_le_bytes());
    header
}

/// The shelf's own files.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let ours = |file: &PathBuf| file.extension().is_some_and(|end| end == "table" || end == "ndjson" || end == "new");
    Ok(fs::read_dir(folder)?.filter_map(|file| Some(file.ok()?.path())).filter(ours).collect())
}

fn overwrite(file: &Path) -> io::Result<()> {
    let out = OpenOptions::new().write(true).open(file)?;
    let length = out.metadata()?.len();
    let blank = [b' '; 8_192];
    let mut at = 0;
    while at < length {
        let bytes = usize::try_from(length - at).map_or(blank.len(), |left| left.min(blank.len()));
        out.write_all_at(&blank[..bytes], at)?;
        at += bytes as u64;
    }
    out.sync_data()
}

/// The folder's lock, if nobody has it.
fn lock(folder: &Path) -> io::Result<Option<File>> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(folder.join("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests;
