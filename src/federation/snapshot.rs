//! Everything of ours in one file, for followers that begin with nothing: the items of the feed, one a
//! line, compressed, under a name that is its hash, so that it can be kept anywhere and fetched in parts.
//!
//! A file that holds what had to be destroyed since is destroyed with it, and so is one whose items were signed for
//! another address or with another key than they are now: nobody who begins with it would believe them.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, header};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tower::ServiceExt as _;
use tower_http::services::ServeFile;

use super::{Outlet, changes::write_item, compare, proofs::SnapshotPointer};
use crate::{
    clock,
    http::{Problem, Segment},
    published::{
        self, Position,
        own::{self, OwnRow},
    },
};

/// Stands before a pointer that is signed.
pub const SNAPSHOT: &[u8] = b"open-directory-snapshot-v1\n";
/// Own records that are read at once.
const ROWS: u64 = 200;
/// How hard to compress: quick, and nearly as small as anything.
const LEVEL: i32 = 3;
/// So long whoever asks waits for a snapshot to be made: not as long as followers wait for an answer.
const PATIENCE: Duration = Duration::from_secs(7);
/// A file is immutable, but what it holds may have to be forgotten.
const KEPT: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// A snapshot that is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The epoch of `seq`.
    pub epoch: String,
    /// The latest change number in it.
    pub seq: Position,
    /// Items in it.
    pub records: u64,
    /// Size of the file.
    pub bytes: u64,
    /// Hash of the file, hexadecimal; its name.
    pub sha256: String,
    /// When it was made.
    pub issued: DateTime<Utc>,
    /// For which address its items are signed.
    #[serde(default)]
    pub origin: String,
    /// The key that signed for us when it was made.
    #[serde(default)]
    pub kid: String,
}

/// Some of our records are still signed for the address that we had before: a moment later none is.
#[derive(Debug, thiserror::Error)]
#[error("the records are being signed again for this address; read the feed, or try again in a minute")]
struct BeingSigned;

/// The folder of snapshots. Clones share it.
#[derive(Clone, Debug)]
pub struct Snapshots {
    folder: PathBuf,
    latest: Arc<RwLock<Option<Snapshot>>>,
    making: Arc<tokio::sync::Mutex<()>>,
}

impl Snapshots {
    /// The snapshots in `data_dir`.
    pub fn open(data_dir: &Path) -> Self {
        let folder = data_dir.join("snapshots");
        let pointer = fs::read(folder.join("latest.json")).ok();
        let latest: Option<Snapshot> = pointer.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let latest = latest.filter(|latest| folder.join(name(latest)).is_file());
        Self { folder, latest: Arc::new(RwLock::new(latest)), making: Arc::default() }
    }

    /// The one that is there.
    pub fn latest(&self) -> Option<Snapshot> {
        self.latest.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn file(&self, snapshot: &Snapshot) -> PathBuf {
        self.folder.join(name(snapshot))
    }

    /// Destroy what is there.
    fn destroy(&self) -> io::Result<()> {
        *self.latest.write().unwrap_or_else(PoisonError::into_inner) = None;
        if !self.folder.exists() {
            return Ok(());
        }
        for entry in fs::read_dir(&self.folder)? {
            fs::remove_file(entry?.path())?;
        }
        Ok(())
    }

    fn put(&self, snapshot: &Snapshot, made: &Path) -> io::Result<()> {
        fs::rename(made, self.file(snapshot))?;
        fs::write(self.folder.join("latest.json"), serde_json::to_vec(snapshot)?)?;
        let before = self.latest.write().unwrap_or_else(PoisonError::into_inner).replace(snapshot.clone());
        if let Some(before) = before.filter(|before| before.sha256 != snapshot.sha256) {
            fs::remove_file(self.file(&before))?;
        }
        Ok(())
    }
}

fn name(snapshot: &Snapshot) -> String {
    format!("{}.ndjson.zst", snapshot.sha256)
}

/// Counts and hashes what goes through it.
struct Hashing<W> {
    inner: W,
    hasher: Sha256,
    bytes: u64,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl Outlet {
    /// The snapshot that is there, if any, and is signed as everything is now.
    pub fn latest_snapshot(&self) -> Option<Snapshot> {
        self.snapshots.latest().filter(|latest| self.signs_as(latest))
    }

    /// Whether we sign for the address and with the key that a snapshot was made with.
    fn signs_as(&self, snapshot: &Snapshot) -> bool {
        snapshot.origin == self.signer.origin() && snapshot.kid == self.signer.keyring().active.kid()
    }

    /// The latest snapshot; one is made when there is none, or the one that is there holds what has
    /// had to be destroyed since.
    /// # Errors
    /// When the database or the disk fails.
    pub async fn snapshot(&self) -> anyhow::Result<Snapshot> {
        self.forget_urgent().await?;
        let epoch = published::head(&self.db, &self.clock).await?.epoch;
        if let Some(latest) = self.latest_snapshot().filter(|latest| latest.epoch == epoch) {
            return Ok(latest);
        }
        self.make_snapshot().await
    }

    /// Make a new snapshot in place of the one that is there.
    /// # Errors
    /// When the database or the disk fails, or not everything is signed for our address yet; then the one that is there
    /// stays.
    pub async fn make_snapshot(&self) -> anyhow::Result<Snapshot> {
        let asked = self.clock.now();
        let _turn = self.snapshots.making.lock().await;
        // Somebody else has made one while we waited.
        if let Some(latest) = self.latest_snapshot().filter(|latest| latest.issued > asked) {
            return Ok(latest);
        }
        fs::create_dir_all(&self.snapshots.folder)?;
        let made = self.snapshots.folder.join("being-made");
        let out = Hashing { inner: BufWriter::new(File::create(&made)?), hasher: Sha256::new(), bytes: 0 };
        let mut zstd = zstd::Encoder::new(out, LEVEL)?;
        let present = published::head(&self.db, &self.clock).await?;
        // Whatever is signed with a later key while this goes on is not in it.
        let kid = self.signer.keyring().active.kid().to_owned();
        let reading = self.db.snapshot().await?;
        // The epoch that the rows belong to: a restore may have begun another one a moment ago.
        let epoch = published::head_in(&reading).await?.unwrap_or(present).epoch;
        let (mut seq, mut records, mut line) = (Position::ZERO, 0_u64, Vec::new());
        loop {
            let rows = own::after_in(&reading, seq, ROWS).await?;
            let Some(last) = rows.last() else { break };
            if rows.iter().any(|row| !is_signed_for(row, self.signer.origin())) {
                return Err(BeingSigned.into());
            }
            seq = last.position;
            records += rows.len() as u64;
            line.clear();
            for row in &rows {
                write_item(row, &mut line);
                line.push(b'\n');
            }
            zstd.write_all(&line)?;
        }
        reading.roll_back().await?;
        writeln!(zstd, "{}", json!({"end": true, "count": records}))?;
        let mut out = zstd.finish()?;
        out.flush()?;
        let snapshot = Snapshot {
            epoch,
            seq,
            records,
            bytes: out.bytes,
            sha256: hex::encode(out.hasher.finalize()),
            issued: self.clock.now(),
            origin: self.signer.origin().to_owned(),
            kid,
        };
        self.snapshots.put(&snapshot, &made)?;
        Ok(snapshot)
    }

    /// Destroy the snapshot when something in it has had to be destroyed since it was made, or everything has been
    /// signed again.
    /// # Errors
    /// When the database or the disk fails.
    pub async fn forget_urgent(&self) -> anyhow::Result<()> {
        let Some(latest) = self.snapshots.latest() else { return Ok(()) };
        if !self.signs_as(&latest) || own::urgent_since(&self.db, latest.seq).await? {
            let _turn = self.snapshots.making.lock().await;
            self.snapshots.destroy()?;
        }
        Ok(())
    }
}

/// Whether our statement about a record is for this address.
fn is_signed_for(row: &OwnRow, origin: &str) -> bool {
    row.statement.contains(&format!("\"origin\":\"{origin}\""))
}

fn failed(error: &anyhow::Error) -> Problem {
    if let Some(waits) = error.downcast_ref::<BeingSigned>() {
        return Problem::unavailable(&waits.to_string());
    }
    Problem::internal(&io::Error::other(format!("{error:#}")))
}

/// Where the latest snapshot is, signed.
pub(super) async fn pointer(State(outlet): State<Outlet>, headers: HeaderMap) -> Result<Response, Problem> {
    let making = {
        let outlet = outlet.clone();
        // Whoever asks need not wait for it: it is made to its end, and the next one finds it.
        tokio::spawn(async move { outlet.snapshot().await })
    };
    let made = tokio::time::timeout(PATIENCE, making).await;
    let made = made.map_err(|_| Problem::unavailable("the snapshot is being made; read the feed, or try again in a minute"))?;
    let latest = made.map_err(|error| Problem::internal(&error))?.map_err(|error| failed(&error))?;
    let url = outlet.publisher.address(&format!("federation/v1/snapshots/{}", name(&latest)));
    let said = SnapshotPointer {
        origin: outlet.publisher.origin.clone(),
        url: url.to_string(),
        epoch: latest.epoch,
        seq: latest.seq.0,
        records: latest.records,
        bytes: latest.bytes,
        sha256: latest.sha256,
        issued: clock::rfc3339(latest.issued),
    };
    Ok(compare::answer(&headers, &outlet.signer.seal(SNAPSHOT, json!(said))))
}

/// The file, or a part of it.
pub(super) async fn file(State(outlet): State<Outlet>, Segment(asked): Segment, request: Request) -> Result<Response, Problem> {
    outlet.forget_urgent().await.map_err(|error| failed(&error))?;
    let latest = outlet.latest_snapshot().filter(|latest| name(latest) == asked);
    let latest = latest.ok_or_else(|| Problem::not_found("see /federation/v1/snapshot for the current one".to_owned()))?;
    let Ok(served) = ServeFile::new_with_mime(outlet.snapshots.file(&latest), &zstd_type()).oneshot(request).await;
    let mut response = served.into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, KEPT);
    Ok(response)
}

fn zstd_type() -> mime::Mime {
    "application/zstd".parse().expect("a constant media type")
}
