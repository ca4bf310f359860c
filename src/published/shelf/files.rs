//! The files of the shelf: two of documents, one of the table that says what lies where. Which
//! generation of them is whole, how they grow, and how they are read in as few reads as possible.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufReader, Read as _, Write as _},
    ops::Range,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use serde::{Deserialize, de::IgnoredAny};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{
    Form, HEADER, Head, Kind, MAGIC, Published,
    catalogue::{Catalogue, ENTRY_BYTES, Entry, group_of},
};

/// Bytes that there is room for behind documents that were read.
const ROOM: usize = 4_096;
/// So many of the entries that were written last are compared with their bytes at a start: after a power cut the
/// disk may have kept the table and the lengths, and lost the bytes.
const RECENT: usize = 500;

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) epoch: String,
    pub(super) generation: u64,
    pub(super) position: i64,
    pub(super) catalogue: Catalogue,
    pub(super) full: Appended,
    pub(super) brief: Appended,
    pub(super) index: File,
    pub(super) dead: u64,
    pub(super) scattered: usize,
}

/// A file that grows at its end.
#[derive(Debug)]
pub(super) struct Appended {
    pub(super) file: File,
    pub(super) length: u64,
}

impl Appended {
    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, self.length)?;
        self.length += bytes.len() as u64;
        Ok(())
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

impl Inner {
    /// Destroy whatever files lie in the folder, of which none can be used, and begin again above their numbers:
    /// what is read at the next start is the highest.
    pub(super) fn anew(folder: &Path, epoch: &str) -> io::Result<Self> {
        let old = shelf_files(folder)?;
        let next = old.iter().filter_map(|file| generation_of(file)).max().map_or(0, |newest| newest.saturating_add(1));
        for file in old {
            destroy(&file)?;
        }
        Self::create(folder, next, epoch)
    }

    pub(super) fn create(folder: &Path, generation: u64, epoch: &str) -> io::Result<Self> {
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
    pub(super) fn read(folder: &Path, head: &Head, to_write: bool) -> Option<Self> {
        let newest = newest(folder)?;
        let mut table = BufReader::new(File::open(table_name(folder, newest)).ok()?);
        let mut start = [0; HEADER];
        table.read_exact(&mut start).ok()?;
        let (epoch, mut position) = read_header(&start)?;
        if epoch != head.epoch {
            return None;
        }
        let open = |name| OpenOptions::new().read(true).write(to_write).open(bytes_name(folder, name, newest)).ok();
        let (full, brief) = (open("full")?, open("brief")?);
        let (full_length, brief_length) = (full.metadata().ok()?.len(), brief.metadata().ok()?.len());
        let mut catalogue = Catalogue::default();
        let mut dead = 0;
        let mut recent: Vec<Entry> = Vec::new();
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
            recent.extend(entries);
            recent.drain(..recent.len().saturating_sub(RECENT));
        }
        if position > head.position.0 {
            return None;
        }
        catalogue.shrink();
        let index = OpenOptions::new().read(true).append(to_write).open(table_name(folder, newest)).ok()?;
        let inner = Self {
            epoch,
            generation: newest,
            position,
            catalogue,
            full: Appended { file: full, length: full_length },
            brief: Appended { file: brief, length: brief_length },
            index,
            dead,
            scattered: 0,
        };
        // What has been replaced since is overwritten.
        let is_whole = |entry: &Entry| inner.catalogue.get(entry.id) != Some(entry) || inner.check(entry).is_ok();
        recent.iter().all(is_whole).then_some(inner)
    }

    /// Compare what lies where an entry says with what was written there.
    pub(super) fn check(&self, entry: &Entry) -> io::Result<()> {
        let (mut full, mut brief) = (Vec::new(), Vec::new());
        self.copy(&[*entry], Form::Full, b'\n', &mut full)?;
        self.copy(&[*entry], Form::Brief, b'\n', &mut brief)?;
        let is_whole = match (full.split_last(), brief.split_last()) {
            // There is no hash of the brief form, but neither noughts nor half of it can be read.
            (Some((b'\n', full)), Some((b'\n', brief))) => {
                hash(full) == entry.hash && (brief.is_empty() || serde_json::from_slice::<IgnoredAny>(brief).is_ok())
            }
            _ => false,
        };
        if is_whole {
            return Ok(());
        }
        Err(io::Error::new(io::ErrorKind::InvalidData, format!("{} {} is damaged", entry.kind, entry.id)))
    }

    pub(super) fn file(&self, form: Form) -> &File {
        match form {
            Form::Full => &self.full.file,
            Form::Brief => &self.brief.file,
        }
    }

    /// Append documents to `out`. Those that lie one behind the other are read in one go.
    pub(super) fn copy(&self, entries: &[Entry], form: Form, separator: u8, out: &mut Vec<u8>) -> io::Result<()> {
        let file = self.file(form);
        let size: usize = entries.iter().map(|entry| entry.span(form).1 as usize + 1).sum();
        // What somebody writes behind the documents is not to move them.
        out.reserve_exact(size + ROOM);
        let mut from = 0;
        while from < entries.len() {
            let (start, length) = entries[from].span(form);
            let mut end = start + u64::from(length) + 1;
            let mut until = from + 1;
            while let Some((at, length)) = entries.get(until).map(|entry| entry.span(form)).filter(|(at, _)| *at == end) {
                end = at + u64::from(length) + 1;
                until += 1;
            }
            let mut line_end = out.len();
            append(file, start..end, out)?;
            if separator != b'\n' {
                for entry in &entries[from..until] {
                    line_end += entry.span(form).1 as usize + 1;
                    out[line_end - 1] = separator;
                }
            }
            from = until;
        }
        Ok(())
    }

    /// Copy every entry's bytes to `next` and put the entries there, with their new places.
    pub(super) fn copy_to(&self, entries: &mut [Entry], next: &mut Self) -> io::Result<()> {
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
    pub(super) fn blank(&self, old: &Entry) -> io::Result<()> {
        for form in [Form::Full, Form::Brief] {
            let (at, length) = old.span(form);
            self.file(form).write_all_at(&vec![b' '; length as usize], at)?;
        }
        Ok(())
    }
}

/// Append a part of a file. Where there is hardly more room than for that, as for the only part or the last, it is
/// not filled with noughts first.
fn append(file: &File, part: Range<u64>, out: &mut Vec<u8>) -> io::Result<()> {
    let from = out.len();
    let end = from + usize::try_from(part.end - part.start).map_err(io::Error::other)?;
    if out.capacity() > end + ROOM {
        out.resize(end, 0);
        return file.read_exact_at(&mut out[from..], part.start);
    }
    while out.len() < end {
        let at = part.start + (out.len() - from) as u64;
        let read = rustix::io::retry_on_intr(|| rustix::io::pread(file, rustix::buffer::spare_capacity(out), at))?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    out.truncate(end);
    Ok(())
}

pub(super) fn hash(bytes: &[u8]) -> u64 {
    let digest = Sha256::digest(bytes);
    digest[..8].try_into().map(u64::from_be_bytes).unwrap_or_default()
}

pub(super) fn entry(row: &Published, full_at: u64, brief_at: u64) -> Entry {
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

pub(super) fn table_name(folder: &Path, generation: u64) -> PathBuf {
    folder.join(format!("shelf-{generation}.table"))
}

pub(super) fn bytes_name(folder: &Path, form: &str, generation: u64) -> PathBuf {
    folder.join(format!("{form}-{generation}.ndjson"))
}

pub(super) fn header(epoch: &str, position: i64) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..16].copy_from_slice(MAGIC);
    let epoch = &epoch.as_bytes()[..epoch.len().min(40)];
    header[16..16 + epoch.len()].copy_from_slice(epoch);
    header[56..].copy_from_slice(&position.to_le_bytes());
    header
}

/// The epoch and the position in a header; none where the files are of another format, or were never filled to the
/// end and so may have holes.
pub(super) fn read_header(header: &[u8; HEADER]) -> Option<(String, i64)> {
    let epoch = header[16..56].split(|byte| *byte == 0).next()?;
    let position = i64::from_le_bytes(header[56..].try_into().ok()?);
    if header[..16] != MAGIC[..] || position == 0 {
        return None;
    }
    Some((String::from_utf8(epoch.to_vec()).ok()?, position))
}

/// The highest number of a table in the folder.
pub(super) fn newest(folder: &Path) -> Option<u64> {
    let files = shelf_files(folder).ok()?;
    let tables = files.iter().filter(|file| file.extension().is_some_and(|end| end == "table"));
    tables.filter_map(|file| generation_of(file)).max()
}

/// The shelf's own files.
pub(super) fn shelf_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let ours = |file: &PathBuf| file.extension().is_some_and(|end| end == "table" || end == "ndjson" || end == "new");
    Ok(fs::read_dir(folder)?.filter_map(|file| Some(file.ok()?.path())).filter(ours).collect())
}

/// The number in the name of a file of the shelf.
pub(super) fn generation_of(file: &Path) -> Option<u64> {
    file.file_stem()?.to_str()?.rsplit('-').next()?.parse().ok()
}

/// Remove a file, and what it said: that may be what must not be told any more.
pub(super) fn destroy(file: &Path) -> io::Result<()> {
    overwrite(file)?;
    fs::remove_file(file)
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
pub(super) fn lock(folder: &Path) -> io::Result<Option<File>> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(folder.join("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(error),
    }
}
