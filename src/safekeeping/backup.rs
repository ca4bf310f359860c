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
/// When the file exists or cannot be written, or the database fails.
pub async fn backup(records: &Records, file: &Path) -> Result<u64, Error> {
    let failed = |source| Error::File { file: file.to_path_buf(), source };
    if file.exists() {
        return Err(failed(io::Error::new(io::ErrorKind::AlreadyExists, "it already exists; choose another name")));
    }
    let partial = file.with_extension("part");
    let mut out = zstd::Encoder::new(BufWriter::new(private(&partial).map_err(failed)?), 3).map_err(failed)?;
    let mut write = |value: &dyn erased::Line| value.write(&mut out).map_err(failed);
    write(&Frame::Fingerpost { backup: 1, made: clock::rfc3339(records.clock().now()) })?;
    let mut lines = 0;
    records
        .copy(|copied| {
            lines += 1;
            write(&copied)
        })
        .await?;
    write(&Frame::End { lines })?;
    let whole = out.finish().and_then(|out| out.into_inner().map_err(io::IntoInnerError::into_error)).map_err(failed)?;
    whole.sync_all().and_then(|()| fs::rename(&partial, file)).map_err(failed)?;
    Ok(lines)
}

mod erased {
    use std::io::{self, Write};

    /// Something that is a line of a backup.
    pub(super) trait Line {
        fn write(&self, out: &mut dyn Write) -> io::Result<()>;
    }

    impl<T: serde::Serialize> Line for T {
        fn write(&self, out: &mut dyn Write) -> io::Result<()> {
            serde_json::to_writer(&mut *out, self)?;
            out.write_all(b"\n")
        }
    }
}

/// Replace everything with the contents of a backup. Gives how many records there are now.
/// # Errors
/// When the file is not a whole backup, or the database fails; then nothing has changed.
pub async fn restore(records: &Records, file: &Path, data_dir: &Path) -> Result<u64, Error> {
    let failed = |source| Error::File { file: file.to_path_buf(), source };
    let not_whole = |problem: String| Error::NotWhole { file: file.to_path_buf(), problem };
    let input = zstd::Decoder::new(File::open(file).map_err(failed)?).map_err(failed)?;
    let mut lines = BufReader::new(input).lines();
    let first = lines.next().and_then(Result::ok).unwrap_or_default();
    if !matches!(serde_json::from_str(&first), Ok(Frame::Fingerpost { backup: 1, .. })) {
        return Err(not_whole("its first line is not that of a backup".to_owned()));
    }
    let mut count = 0_u64;
    let mut ended = false;
    let next = || -> Result<Option<Copied>, Error> {
        if ended {
            return Ok(None);
        }
        let Some(line) = lines.next() else { return Err(not_whole("its end is missing".to_owned())) };
        let line = line.map_err(|error| not_whole(error.to_string()))?;
        if let Ok(Frame::End { lines }) = serde_json::from_str(&line) {
            ended = true;
            return if lines == count {
                Ok(None)
            } else {
                Err(not_whole(format!("it should have {lines} lines but has {count}")))
            };
        }
        count += 1;
        serde_json::from_str(&line).map(Some).map_err(|error| not_whole(format!("line {}: {error}", count + 1)))
    };
    let by = Caller { name: "restore".to_owned(), why: "restored from a backup".to_owned(), entrance: Entrance::OwnExport };
    records.put_back(&by, kept_scrubs(data_dir).map_err(failed)?, next).await
}

fn scrubs_file(data_dir: &Path) -> PathBuf {
    data_dir.join("scrubs.ndjson")
}

/// Keep the list of what was scrubbed beside the database as well, so that it outlives it: when
/// the database is lost and yesterday's backup restored, today's scrubs are applied again. The
/// list holds ids only.
/// # Errors
/// When the database or the disk fails.
pub async fn keep_scrubs(records: &Records, data_dir: &Path) -> Result<(), Error> {
    let file = scrubs_file(data_dir);
    let failed = |source| Error::File { file: file.clone(), source };
    let mut text = Vec::new();
    for scrub in records.remembered().await? {
        erased::Line::write(&scrub, &mut text).map_err(failed)?;
    }
    if fs::read(&file).unwrap_or_default() == text {
        return Ok(());
    }
    let fresh = file.with_extension("new");
    let mut out = private(&fresh).map_err(failed)?;
    out.write_all(&text).and_then(|()| out.sync_all()).and_then(|()| fs::rename(&fresh, &file)).map_err(failed)
}

fn kept_scrubs(data_dir: &Path) -> io::Result<Vec<Remembered>> {
    match fs::read_to_string(scrubs_file(data_dir)) {
        Ok(text) => Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// A new file that only its owner can read.
fn private(file: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}
