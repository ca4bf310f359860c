//! Whoever has nothing of a directory begins with its snapshot: one file instead of a feed of many
//! pages. It is fetched in parts and applied as it comes, because each record in it is signed for itself;
//! that nothing was left out, its hash and the checkpoint say at the end. Where anything is wrong with it,
//! the feed is walked as if there were none.

use std::io::{self, Write as _};

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::{
    super::{
        peers::{Cursor, Report},
        snapshot::SNAPSHOT,
    },
    End, Harvester, Run,
    directory::{self, mind_the_cap},
    event::Items,
    page,
};
use crate::{formats::json, outbound::Ask, signing};

/// Below this, the feed is as quick.
const WORTH: u64 = 500;
/// Largest file that is fetched, in bytes.
const LARGEST: u64 = 2 << 30;
/// Bytes in one request.
const PART: u64 = 4 << 20;
/// Compressed bytes that are unpacked at once.
const SLICE: usize = 16 << 10;
/// What has been unpacked and not been read yet may have so many bytes.
const UNPACKED: usize = 32 << 20;
/// Records in one transaction.
const BATCH: usize = 500;

/// What a pointer names.
struct Pointer {
    url: Url,
    epoch: String,
    seq: i64,
    records: u64,
    bytes: u64,
    sha256: String,
}

impl Harvester {
    /// Take over the snapshot, where there is a good one and nothing of the peer is here.
    pub(super) async fn begin_with_snapshot(
        &self,
        run: &mut Run,
        progress: &mut (impl FnMut(&Report) + Send),
    ) -> Result<(), End> {
        let Some(pointer) = self.pointer(run).await else { return Ok(()) };
        if pointer.records <= WORTH || pointer.records > run.peer.scope.most || pointer.bytes > LARGEST {
            return Ok(());
        }
        let Some(cursor) = self.take_over(run, &pointer, progress).await? else {
            tracing::debug!(peer = run.peer.name, "its snapshot cannot be used; reading its feed instead");
            return Ok(());
        };
        self.apply(run, Vec::new(), Vec::new(), cursor).await
    }

    /// The pointer to the snapshot, signed by an approved key.
    async fn pointer(&self, run: &mut Run) -> Option<Pointer> {
        let url = run.peer.discovered.as_ref()?.snapshot.clone().filter(|url| url.origin() == run.peer.url.origin())?;
        let keys = run.peer.pinned_keys.clone()?;
        let answer = self.ask(run, Ask::get(url)).await.ok()?;
        let said = json::parse(&answer.body).ok()?;
        let text = |name: &str| said.get(name).and_then(Value::as_str).map(str::to_owned);
        let whole = |name: &str| said.get(name).and_then(Value::as_u64);
        if text("origin")? != run.peer.identity() || !signing::seal_verifies(SNAPSHOT, &said, &keys) {
            return None;
        }
        Some(Pointer {
            url: text("url")?.parse().ok().filter(|url: &Url| url.origin() == run.peer.url.origin())?,
            epoch: text("epoch")?,
            seq: said.get("seq")?.as_i64()?,
            records: whole("records")?,
            bytes: whole("bytes")?,
            sha256: text("sha256")?,
        })
    }

    /// Apply the file as it comes; where the feed goes on from, if it was what its pointer said.
    async fn take_over(
        &self,
        run: &mut Run,
        pointer: &Pointer,
        progress: &mut (impl FnMut(&Report) + Send),
    ) -> Result<Option<Cursor>, End> {
        let Ok(mut unpacked) = zstd::stream::write::Decoder::new(Bounded::default()) else { return Ok(None) };
        let mut hasher = Sha256::new();
        let (mut at, mut items, mut count, mut end): (u64, Items, u64, Option<u64>) = (0, Vec::new(), 0, None);
        while at < pointer.bytes {
            let Some(part) = self.part(run, pointer, at).await else { return Ok(None) };
            at += part.len() as u64;
            hasher.update(&part);
            for slice in part.chunks(SLICE) {
                if unpacked.write_all(slice).and_then(|()| unpacked.flush()).is_err() {
                    return Ok(None);
                }
                for line in unpacked.get_mut().lines() {
                    let Ok(item) = json::parse(&line) else { return Ok(None) };
                    if item.get("end").is_some() {
                        end = item.get("count").and_then(Value::as_u64);
                        continue;
                    }
                    count += 1;
                    items.push(page::read_item(item, None, &pointer.epoch));
                }
                while items.len() >= BATCH {
                    let rest = items.split_off(BATCH);
                    self.take_some(run, std::mem::replace(&mut items, rest), progress).await?;
                }
            }
        }
        self.take_some(run, items, progress).await?;
        let is_it = hex::encode(hasher.finalize()) == pointer.sha256 && end == Some(count) && count == pointer.records;
        if !is_it {
            return Ok(None);
        }
        let mut next = directory::feed_of(&run.peer)?;
        next.query_pairs_mut().append_pair("afterChangeNumber", &pointer.seq.to_string()).append_pair("epoch", &pointer.epoch);
        *run.report.left_out.entry("snapshot".to_owned()).or_default() += 1;
        Ok(Some(Cursor {
            next: Some(next),
            epoch: Some(pointer.epoch.clone()),
            after: pointer.seq,
            head: pointer.seq,
            ..run.peer.cursor.clone()
        }))
    }

    async fn take_some(&self, run: &mut Run, items: Items, progress: &mut (impl FnMut(&Report) + Send)) -> Result<(), End> {
        run.report.pages += 1;
        let cursor = run.peer.cursor.clone();
        self.apply(run, items, Vec::new(), cursor).await?;
        progress(&run.report);
        mind_the_cap(run)
    }

    /// A part of the file from `at` on; none where the peer does not give it.
    async fn part(&self, run: &mut Run, pointer: &Pointer, at: u64) -> Option<Vec<u8>> {
        let until = (at + PART).min(pointer.bytes) - 1;
        let ask = Ask {
            accept: "application/zstd",
            headers: vec![("range", format!("bytes={at}-{until}"))],
            ..Ask::get(pointer.url.clone())
        };
        run.report.requests += 1;
        let answer = self.outbound.fetch(ask).await.ok()?;
        run.report.bytes += answer.wire_bytes;
        let whole = answer.status == 200 && at == 0 && answer.body.len() as u64 == pointer.bytes;
        let part = answer.status == 206 && answer.body.len() as u64 == until + 1 - at;
        (whole || part).then_some(answer.body)
    }
}

/// Takes what is unpacked, up to a limit, and gives it line by line.
#[derive(Default)]
struct Bounded(Vec<u8>);

impl Bounded {
    /// The lines that are whole.
    fn lines(&mut self) -> Vec<Vec<u8>> {
        let Some(last) = memchr::memrchr(b'\n', &self.0) else { return Vec::new() };
        let rest = self.0.split_off(last + 1);
        let whole = std::mem::replace(&mut self.0, rest);
        whole.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect()
    }
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > UNPACKED {
            return Err(io::Error::other("expands to far more than it should"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn a_bomb_does_not_go_off_and_lines_come_whole() {
        let bomb = zstd::encode_all(io::repeat(0).take(1 << 30), 3).unwrap();
        let mut decoder = zstd::stream::write::Decoder::new(Bounded::default()).unwrap();
        assert!(bomb.chunks(SLICE).any(|slice| decoder.write_all(slice).is_err()));
        let mut lines = Bounded::default();
        lines.write_all(b"one\ntwo\nthr").unwrap();
        assert_eq!(lines.lines(), [b"one".to_vec(), b"two".to_vec()]);
        lines.write_all(b"ee\n").unwrap();
        assert_eq!(lines.lines(), [b"three".to_vec()]);
    }
}
