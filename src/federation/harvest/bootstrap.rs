//! Whoever has nothing of a directory begins with its snapshot: one file instead of a feed of many
//! pages. It is fetched in parts and applied as it comes, because each record in it is signed for itself;
//! that nothing was left out, its hash and the checkpoint say at the end. Where anything is wrong with it,
//! the feed is walked as if there were none.

use std::{
    io::{self, Write as _},
    sync::Arc,
};

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use url::Url;
use zstd::stream::write::Decoder;

use super::{
    super::{
        peers::{Cursor, Report},
        snapshot::SNAPSHOT,
    },
    End, Harvester, Run,
    directory::{self, mind_the_cap},
    event::{Event, Items, Unreadable},
    page::Reader,
    task::Task,
};
use crate::{
    formats::json::{self, Noted},
    outbound::{Ask, Outbound},
    parallel::in_parallel,
    signing,
};

/// Below this, the feed is as quick.
const WORTH: u64 = 500;
/// Largest file that is fetched, in bytes.
const LARGEST: u64 = 2 << 30;
/// Bytes in one request.
const PART: u64 = 1 << 20;
/// Compressed bytes that are unpacked at once.
const SLICE: usize = 16 << 10;
/// What has been unpacked and not been read yet may have so many bytes.
const UNPACKED: usize = 32 << 20;
/// Records in one transaction: each is held as it came, as it is read, as it is to be told and as it stood.
const BATCH: usize = 128;

/// What a pointer names.
#[derive(Clone)]
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
        // One is read while another is written.
        let (send, mut pieces) = mpsc::channel(1);
        let reading = Reading {
            outbound: self.outbound.clone(),
            pointer: pointer.clone(),
            reader: Arc::new(Reader::of(&run.peer)),
            send,
            lines: Vec::new(),
            count: 0,
            end: None,
        };
        let _reading = Task::spawn(reading.read_on());
        while let Some(piece) = pieces.recv().await {
            match piece {
                Piece::Part(bytes) => {
                    run.report.requests += 1;
                    run.report.bytes += bytes;
                }
                Piece::Items(items) => self.take_some(run, items, progress).await?,
                Piece::Whole => {
                    let mut next = directory::feed_of(&run.peer)?;
                    let (seq, epoch) = (pointer.seq.to_string(), &pointer.epoch);
                    next.query_pairs_mut().append_pair("afterChangeNumber", &seq).append_pair("epoch", epoch);
                    *run.report.left_out.entry("snapshot".to_owned()).or_default() += 1;
                    return Ok(Some(Cursor {
                        next: Some(next),
                        epoch: Some(pointer.epoch.clone()),
                        after: pointer.seq,
                        head: pointer.seq,
                        ..run.peer.cursor.clone()
                    }));
                }
            }
        }
        Ok(None)
    }

    async fn take_some(&self, run: &mut Run, items: Items, progress: &mut (impl FnMut(&Report) + Send)) -> Result<(), End> {
        run.report.pages += 1;
        let cursor = run.peer.cursor.clone();
        self.apply(run, items, Vec::new(), cursor).await?;
        progress(&run.report);
        mind_the_cap(run)
    }
}

/// What comes of a file, one after the other.
enum Piece {
    /// A part was asked for, and so many bytes came.
    Part(u64),
    /// Items of it.
    Items(Items),
    /// It has ended and was what its pointer said.
    Whole,
}

/// A line of the file.
enum Line {
    Item(Box<Result<Event, Box<Unreadable>>>),
    /// The last one: how many there were.
    End(Option<u64>),
}

fn read_line(line: &[u8], reader: &Reader, epoch: &str) -> Option<Line> {
    let Noted { value: item, rounded } = json::parse_mended_noting(line).ok()?;
    if item.get("end").is_some() {
        return Some(Line::End(item.get("count").and_then(Value::as_u64)));
    }
    Some(Line::Item(Box::new(reader.read(item, &rounded, epoch))))
}

/// A file that is fetched part by part, unpacked and read. It ends early where anything is wrong with it, or where
/// nobody wants the rest.
struct Reading {
    outbound: Outbound,
    pointer: Pointer,
    reader: Arc<Reader>,
    send: mpsc::Sender<Piece>,
    /// Lines that have not been read yet.
    lines: Vec<Vec<u8>>,
    /// Items that have been given away.
    count: u64,
    /// How many there are, by the last line.
    end: Option<u64>,
}

impl Reading {
    async fn read_on(mut self) -> Option<()> {
        let mut unpacked = Decoder::new(Bounded::default()).ok()?;
        let mut hasher = Sha256::new();
        let mut at = 0;
        while at < self.pointer.bytes {
            let (part, bytes) = self.part(at).await;
            self.send.send(Piece::Part(bytes)).await.ok()?;
            let part = part?;
            at += part.len() as u64;
            hasher.update(&part);
            for slice in part.chunks(SLICE) {
                unpacked.write_all(slice).and_then(|()| unpacked.flush()).ok()?;
                self.lines.extend(unpacked.get_mut().lines());
                while self.lines.len() >= BATCH {
                    self.give(BATCH).await?;
                }
            }
        }
        self.give(self.lines.len()).await?;
        let is_it = hex::encode(hasher.finalize()) == self.pointer.sha256
            && self.end == Some(self.count)
            && self.count == self.pointer.records;
        if is_it { self.send.send(Piece::Whole).await.ok() } else { None }
    }

    /// Read so many of the lines, beside whoever waits for the runtime, and give them away.
    async fn give(&mut self, many: usize) -> Option<()> {
        // Not before the one before was taken: two are enough to hold at once.
        let place = self.send.reserve().await.ok()?;
        let rest = self.lines.split_off(many);
        let lines = std::mem::replace(&mut self.lines, rest);
        let (reader, epoch) = (self.reader.clone(), self.pointer.epoch.clone());
        let reading = move || in_parallel(lines, |line| read_line(&line, &reader, &epoch));
        let mut items = Items::with_capacity(many);
        for line in tokio::task::spawn_blocking(reading).await.ok()? {
            match line? {
                Line::Item(item) => items.push(*item),
                Line::End(said) => self.end = said,
            }
        }
        self.count += items.len() as u64;
        place.send(Piece::Items(items));
        Some(())
    }

    /// A part of the file from `at` on, none where the peer does not give it; and the bytes that came.
    async fn part(&self, at: u64) -> (Option<Vec<u8>>, u64) {
        let until = (at + PART).min(self.pointer.bytes) - 1;
        let ask = Ask {
            accept: "application/zstd",
            headers: vec![("range", format!("bytes={at}-{until}"))],
            ..Ask::get(self.pointer.url.clone())
        };
        let Ok(answer) = self.outbound.fetch(ask).await else { return (None, 0) };
        let whole = answer.status == 200 && at == 0 && answer.body.len() as u64 == self.pointer.bytes;
        let part = answer.status == 206 && answer.body.len() as u64 == until + 1 - at;
        ((whole || part).then_some(answer.body), answer.wire_bytes)
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

    use super::{super::super::peers::Peer, *};

    #[test]
    fn half_a_character_is_read_as_on_a_page_and_what_is_no_json_is_no_line() {
        let reader = Reader::of(&Peer::unknown(&"https://peer.example.org/".parse().unwrap()));
        let read = |line: &str| read_line(line.as_bytes(), &reader, "first");
        let line = r#"{"state":"updated","kind":"organization","id":"o","modified":3,"data":{"id":"o","name":"a\ud83db"}}"#;
        let Some(Line::Item(item)) = read(line) else { panic!("it is an item") };
        assert_eq!(item.unwrap().data.unwrap()["name"], "a\u{fffd}b");
        assert!(matches!(read(r#"{"end": true, "count": 7}"#), Some(Line::End(Some(7)))));
        assert!(read("{").is_none());
    }

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
