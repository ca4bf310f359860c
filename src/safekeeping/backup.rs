//! A backup is one compressed file of lines that fits either database: what was saved from SQLite
//! can be restored into PostgreSQL. It holds private records, so only its owner can read it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead as _, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    clock,
    records::{self, Caller, Copied, Entrance, Records, Remembered},
};

/// Why a backup could not be made or restored. A failed restore leaves everything as it was.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file.
    #[error("cannot use the backup {file}: {source}")]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not a backup, or only a part of one.
    #[error("{file} is not a complete Fingerpost backup: {problem}; nothing was changed")]
    NotWhole {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The list of what was taken out for good.
    #[error(
        "line {line} of {file} cannot be read ({problem}), so nobody knows what has to stay secret; copy the list again from \
         where it came, or delete that line if you know what it said"
    )]
    List {
        /// The list.
        file: PathBuf,
        /// Its line, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// The records.
    #[error(transparent)]
    Records(#[from] records::Error),
}

/// First and last line of a backup.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Frame {
    Fingerpost { backup: u32, made: String },
    End { lines: u64 },
}

/// Save everything into `file`, while the directory runs. Gives how many lines it has.
/// # Errors
/// When the file exists or cannot be written, or the database fails; then nothing is left of it.
pub async fn backup(records: &Records, file: &Path) -> Result<u64, Error> {
    let failed = |source| Error::File { file: file.to_path_buf(), source };
    if file.exists() {
        return Err(failed(io::Error::new(io::ErrorKind::AlreadyExists, "it already exists; choose another name")));
    }
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        let problem = format!("there is no folder {}; make it first", folder.display());
        return Err(failed(io::Error::new(io::ErrorKind::NotFound, problem)));
    }
    let partial = beside(file, "part");
    let out = private(&partial).map_err(failed)?;
    let written = write_all(records, out, failed).await;
    let saved = written.and_then(|lines| put_in_place(&partial, file).map(|()| lines).map_err(failed));
    if saved.is_err() {
        // What cannot be removed either is readable by nobody else.
        let _ = fs::remove_file(&partial);
    }
    saved
}

async fn write_all(records: &Records, out: File, failed: impl Fn(io::Error) -> Error) -> Result<u64, Error> {
    let mut out = zstd::Encoder::new(BufWriter::new(out), 3).map_err(&failed)?;
    // A bit that flips in storage would otherwise be restored as another letter of somebody's phone number.
    out.include_checksum(true).map_err(&failed)?;
    write_line(&mut out, &Frame::Fingerpost { backup: 1, made: clock::rfc3339(records.clock().now()) }).map_err(&failed)?;
    let mut lines = 0;
    records
        .copy(|copied| {
            lines += 1;
            write_line(&mut out, &copied).map_err(&failed)
        })
        .await?;
    write_line(&mut out, &Frame::End { lines }).map_err(&failed)?;
    let whole = out.finish().and_then(|out| out.into_inner().map_err(io::IntoInnerError::into_error)).map_err(&failed)?;
    whole.sync_all().map_err(&failed)?;
    Ok(lines)
}

fn write_line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

/// Give a finished file its name. Whatever has appeared under that name meanwhile stays.
fn put_in_place(partial: &Path, file: &Path) -> io::Result<()> {
    match fs::hard_link(partial, file) {
        Ok(()) => fs::remove_file(partial),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // A file system without links, such as that of a memory stick.
        Err(_) if file.exists() => Err(io::Error::new(io::ErrorKind::AlreadyExists, "it is there already")),
        Err(_) => fs::rename(partial, file),
    }
}

/// Replace everything with the contents of a backup. Gives how many records there are now.
/// # Errors
/// When the file is not a whole backup, the list of what was taken out for good is damaged, or the database
/// fails; then nothing has changed.
pub async fn restore(records: &Records, file: &Path, data_dir: &Path) -> Result<u64, Error> {
    ensure_whole(file)?;
    let not_whole = |problem: String| Error::NotWhole { file: file.to_path_buf(), problem };
    let mut lines = lines_of(file)?.skip(1);
    let mut number = 1_u64;
    let mut ended = false;
    let next = || -> Result<Option<Copied>, Error> {
        if ended {
            return Ok(None);
        }
        let Some(line) = lines.next() else { return Err(not_whole("its end is missing".to_owned())) };
        let line = line.map_err(|error| not_whole(error.to_string()))?;
        if matches!(serde_json::from_str(&line), Ok(Frame::End { .. })) {
            ended = true;
            return Ok(None);
        }
        number += 1;
        serde_json::from_str(&line).map(Some).map_err(|error| not_whole(format!("line {number}: {error}")))
    };
    let by = Caller { name: "restore".to_owned(), why: "restored from a backup".to_owned(), entrance: Entrance::OwnExport };
    records.put_back(&by, || kept_scrubs(data_dir), next).await
}

/// Read a backup to its end, where its checksum stands, before anything is done with it: a letter that has changed could
/// be refused by the database only, in words that nobody understands.
fn ensure_whole(file: &Path) -> Result<(), Error> {
    let not_whole = |problem: String| Err(Error::NotWhole { file: file.to_path_buf(), problem });
    let mut lines = lines_of(file)?;
    let first = lines.next().and_then(Result::ok).unwrap_or_default();
    if !matches!(serde_json::from_str(&first), Ok(Frame::Fingerpost { backup: 1, .. })) {
        return not_whole("its first line is not that of a backup".to_owned());
    }
    let (mut count, mut last) = (0_u64, String::new());
    for line in lines {
        match line {
            Ok(line) => last = line,
            Err(error) => return not_whole(error.to_string()),
        }
        count += 1;
    }
    match serde_json::from_str(&last) {
        Ok(Frame::End { lines }) if lines + 1 == count => Ok(()),
        Ok(Frame::End { lines }) => not_whole(format!("it should have {lines} lines but has {}", count - 1)),
        _ => not_whole("its end is missing".to_owned()),
    }
}

fn lines_of(file: &Path) -> Result<impl Iterator<Item = io::Result<String>>, Error> {
    let failed = |source| Error::File { file: file.to_path_buf(), source };
    let input = zstd::Decoder::new(File::open(file).map_err(failed)?).map_err(failed)?;
    Ok(BufReader::new(input).lines())
}

fn scrubs_file(data_dir: &Path) -> PathBuf {
    data_dir.join("scrubs.ndjson")
}

/// Keep the list of what was scrubbed beside the database as well, so that it outlives it: when
/// the database is lost and yesterday's backup restored, today's scrubs are applied again. The
/// list holds ids, lengths and unsalted hashes of erased words, and who removed what, when and why. What this
/// database does not know stays in the list: it may be a new one, in which nothing has been restored yet.
/// # Errors
/// When the database or the disk fails, or the list is damaged; then it stays as it is.
pub async fn keep_scrubs(records: &Records, data_dir: &Path) -> Result<(), Error> {
    let remembered = records.remembered().await?;
    let data_dir = data_dir.to_owned();
    // Waiting for a turn must not hold up whatever else the thread would do meanwhile.
    let (file, merging) = (scrubs_file(&data_dir), tokio::task::spawn_blocking(move || merge_scrubs(&data_dir, remembered)));
    merging.await.map_err(|died| Error::File { file, source: io::Error::other(died) })?
}

/// Add to the list beside the database what it does not have.
fn merge_scrubs(data_dir: &Path, remembered: Vec<Remembered>) -> Result<(), Error> {
    let file = scrubs_file(data_dir);
    let failed = |source| Error::File { file: file.clone(), source };
    // The server and a command may do so at once: what one adds must not be lost to the other.
    let _turn = turn(&beside(&file, "lock")).map_err(failed)?;
    let known = kept_scrubs(data_dir)?;
    let mut text = Vec::new();
    for scrub in Remembered::latest(known.into_iter().chain(remembered)) {
        write_line(&mut text, &scrub).map_err(failed)?;
    }
    if fs::read(&file).unwrap_or_default() == text {
        return Ok(());
    }
    replace(&file, &text).map_err(failed)
}

/// Wait until nobody else has the turn that this file stands for, and have it until what is given goes.
fn turn(file: &Path) -> io::Result<File> {
    let held = OpenOptions::new().write(true).create(true).truncate(false).open(file)?;
    match held.lock() {
        // A file system without locks: the names of what is written differ at least.
        Err(error) if error.kind() != io::ErrorKind::Unsupported => Err(error),
        _ => Ok(held),
    }
}

/// Put a file that only its owner can read in place of what stands there: all of it or nothing, whatever happens
/// meanwhile.
/// # Errors
/// When the disk fails.
pub fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = beside(file, &format!("new.{}", std::process::id()));
    let mut out = private(&fresh)?;
    let written = out.write_all(bytes).and_then(|()| out.sync_all()).and_then(|()| fs::rename(&fresh, file));
    if written.is_err() {
        let _ = fs::remove_file(&fresh);
        return written;
    }
    // The new name is on the disk only when its folder is.
    match file.parent().filter(|folder| cfg!(unix) && !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

pub(super) fn kept_scrubs(data_dir: &Path) -> Result<Vec<Remembered>, Error> {
    let file = scrubs_file(data_dir);
    let text = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(Error::File { file, source }),
    };
    let read = |(at, line): (usize, &str)| {
        let damaged = |error: serde_json::Error| Error::List { file: file.clone(), line: at + 1, problem: error.to_string() };
        serde_json::from_str(line).map_err(damaged)
    };
    text.lines().enumerate().map(read).collect()
}

/// `today.backup.part` for `today.backup`.
fn beside(file: &Path, what: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(what);
    name.into()
}

/// A new file that only its owner can read, in place of what an earlier attempt has left.
fn private(file: &Path) -> io::Result<File> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}
