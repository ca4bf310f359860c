//! A snapshot as it is fetched part by part, unpacked, read and judged, beside whoever writes what comes of it.

use std::{
    collections::VecDeque,
    io::{self, Write as _},
    sync::Arc,
};

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use zstd::stream::write::Decoder;

use super::{
    super::{
        End,
        apply::Plan,
        event::{Event, Items, Unreadable},
        page::Reader,
    },
    Pointer,
    judging::Judge,
};
use crate::{
    formats::json::{self, Noted},
    outbound::{Answer, Ask, Outbound},
    parallel::in_parallel,
};

/// Bytes in one request.
const PART: u64 = 1 << 20;
/// Compressed bytes that are unpacked at once.
const SLICE: usize = 16 << 10;
/// A line may have so many bytes: a record has a quarter of that at most, written as briefly as it can be.
const LONGEST_LINE: usize = 1 << 20;
/// What comes of one slice may be so many lines,
const MOST_LINES: usize = 4_096;
/// and so many bytes. Each record is signed, and signatures cannot be packed: an honest slice comes nowhere near.
const UNPACKED: usize = 8 << 20;
/// The largest window of zstd, as for every other answer (8 MiB).
const WINDOW: u32 = 23;
/// Records in one transaction, where they are small: the more there are, the less of the database is written twice.
const BATCH: usize = 512;
/// Lines of more bytes together are not read at once, if it is more than one: each is held as it came, as it is read, as
/// it is to be told and as it stood.
const BATCH_BYTES: usize = 512 << 10;

/// What comes of a file, one after the other.
pub(super) enum Piece {
    /// A part was asked for, and so many bytes came.
    Part(u64),
    /// A part was asked for, and the server says that it is asked too often.
    Refused(Box<Answer>),
    /// What some of its items come to.
    Judged(Box<Result<Plan, End>>),
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

/// A file that is fetched part by part, unpacked, read and judged. It ends early where anything is wrong with it, or
/// where nobody wants the rest.
pub(super) struct Reading {
    outbound: Outbound,
    pointer: Pointer,
    reader: Arc<Reader>,
    judge: Judge,
    send: mpsc::Sender<Piece>,
    lines: Queue,
    /// Items that have been read.
    count: u64,
    /// How many there are, by the last line.
    end: Option<u64>,
}

impl Reading {
    /// The file that `pointer` names, as its lines are read by `reader` and judged by `judge`, and where what comes of it
    /// goes.
    pub(super) fn of(outbound: Outbound, pointer: Pointer, reader: Reader, judge: Judge, send: mpsc::Sender<Piece>) -> Self {
        Self { outbound, pointer, reader: Arc::new(reader), judge, send, lines: Queue::default(), count: 0, end: None }
    }

    pub(super) async fn read_on(mut self) -> Option<()> {
        let mut unpacked = Decoder::new(Lines::default()).ok()?;
        unpacked.window_log_max(WINDOW).ok()?;
        let mut hasher = Sha256::new();
        let mut at = 0;
        while at < self.pointer.bytes {
            let part = self.part(at).await?;
            at += part.len() as u64;
            hasher.update(&part);
            for slice in part.chunks(SLICE) {
                unpacked.write_all(slice).and_then(|()| unpacked.flush()).ok()?;
                self.lines.0.extend(unpacked.get_mut().take());
                while self.lines.is_enough() {
                    self.give().await?;
                }
            }
        }
        while !self.lines.0.is_empty() {
            self.give().await?;
        }
        let is_it = hex::encode(hasher.finalize()) == self.pointer.sha256
            && self.end == Some(self.count)
            && self.count == self.pointer.records;
        if is_it { self.send.send(Piece::Whole).await.ok() } else { None }
    }

    /// Read and judge some of the lines, and give away what they come to.
    async fn give(&mut self) -> Option<()> {
        // That is done when those before were taken, and not sooner: two are enough to hold at once.
        let place = self.send.reserve().await.ok()?;
        let lines = self.lines.batch();
        let mut items = Items::with_capacity(lines.len());
        let (reader, epoch) = (self.reader.clone(), self.pointer.epoch.clone());
        let reading = move || in_parallel(lines, |line| read_line(&line, &reader, &epoch));
        for line in tokio::task::spawn_blocking(reading).await.ok()? {
            match line? {
                Line::Item(item) => items.push(*item),
                Line::End(said) => self.end = said,
            }
        }
        self.count += items.len() as u64;
        if items.is_empty() {
            return Some(());
        }
        let judged = self.judge.judge(items).await?;
        let goes_on = judged.is_ok();
        place.send(Piece::Judged(Box::new(judged)));
        goes_on.then_some(())
    }

    /// A part of the file from `at` on; none where the peer does not give it.
    async fn part(&self, at: u64) -> Option<Vec<u8>> {
        let until = (at + PART).min(self.pointer.bytes) - 1;
        let ask = Ask {
            accept: "application/zstd",
            headers: vec![("range", format!("bytes={at}-{until}"))],
            ..Ask::get(self.pointer.url.clone())
        };
        let answer = match self.outbound.fetch(ask).await {
            Ok(answer) if answer.status == 429 => {
                self.send.send(Piece::Refused(Box::new(answer))).await.ok()?;
                return None;
            }
            answer => answer.ok(),
        };
        let bytes = answer.as_ref().map_or(0, |answer| answer.wire_bytes);
        self.send.send(Piece::Part(bytes)).await.ok()?;
        let answer = answer?;
        let whole = answer.status == 200 && at == 0 && answer.body.len() as u64 == self.pointer.bytes;
        let part = answer.status == 206 && answer.body.len() as u64 == until + 1 - at;
        (whole || part).then_some(answer.body)
    }
}

/// Lines that have not been read yet.
#[derive(Default)]
struct Queue(VecDeque<Vec<u8>>);

impl Queue {
    /// Whether there are as many as are read at once.
    fn is_enough(&self) -> bool {
        self.0.len() >= BATCH || self.0.iter().map(Vec::len).sum::<usize>() >= BATCH_BYTES
    }

    /// The next ones that are read at once.
    fn batch(&mut self) -> Vec<Vec<u8>> {
        let (mut lines, mut bytes) = (Vec::new(), 0);
        while lines.len() < BATCH
            && let Some(line) = self.0.pop_front_if(|line| lines.is_empty() || bytes + line.len() <= BATCH_BYTES)
        {
            bytes += line.len();
            lines.push(line);
        }
        lines
    }
}

/// Takes what is unpacked, line by line and up to a limit.
#[derive(Default)]
struct Lines {
    /// Those that are whole.
    whole: Vec<Vec<u8>>,
    /// How many bytes those have.
    bytes: usize,
    /// The one that has begun.
    begun: Vec<u8>,
}

impl Lines {
    /// The lines that are whole.
    fn take(&mut self) -> Vec<Vec<u8>> {
        self.bytes = 0;
        std::mem::take(&mut self.whole)
    }

    fn end_line(&mut self) {
        if !self.begun.is_empty() {
            self.bytes += self.begun.len();
            self.whole.push(std::mem::take(&mut self.begun));
        }
    }
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, is_whole) = piece.strip_suffix(b"\n").map_or((piece, false), |text| (text, true));
            if self.begun.len() + text.len() > LONGEST_LINE {
                return Err(io::Error::other("has a line that is longer than any record"));
            }
            self.begun.extend_from_slice(text);
            if is_whole {
                self.end_line();
            }
            if self.whole.len() > MOST_LINES || self.bytes > UNPACKED {
                return Err(io::Error::other("expands to far more than it should"));
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{super::super::super::peers::Peer, *};

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
        for one in [&b"\0"[..], &b"{}\n"[..], &b"\n"[..]] {
            let bomb = zstd::encode_all(one.repeat(16 << 20).as_slice(), 3).unwrap();
            let mut decoder = zstd::stream::write::Decoder::new(Lines::default()).unwrap();
            let refused = bomb.chunks(SLICE).any(|slice| decoder.write_all(slice).is_err());
            assert_eq!(refused, one != b"\n", "empty lines are none");
            assert!(decoder.get_mut().bytes <= UNPACKED + LONGEST_LINE);
        }
        let mut lines = Lines::default();
        lines.write_all(b"one\ntwo\nthr").unwrap();
        assert_eq!(lines.take(), [b"one".to_vec(), b"two".to_vec()]);
        lines.write_all(b"ee\n").unwrap();
        assert_eq!(lines.take(), [b"three".to_vec()]);
        lines.write_all(&b"x".repeat(LONGEST_LINE)).unwrap();
        assert!(lines.write_all(b"x").is_err());
    }

    #[test]
    fn few_large_lines_are_read_at_once_and_more_small_ones() {
        let queue = |lines: Vec<Vec<u8>>| Queue(lines.into());
        let mut large = queue(vec![vec![b'x'; BATCH_BYTES / 4]; 6]);
        assert!(large.is_enough());
        assert_eq!((large.batch().len(), large.is_enough(), large.batch().len(), large.batch().len()), (4, false, 2, 0));
        let mut largest = queue(vec![vec![b'x'; LONGEST_LINE]; 2]);
        assert_eq!((largest.batch().len(), largest.batch().len(), largest.batch().len()), (1, 1, 0));
        let mut small = queue(vec![b"x".to_vec(); BATCH + 1]);
        assert_eq!((small.is_enough(), small.batch().len(), small.is_enough(), small.batch().len()), (true, BATCH, false, 1));
    }
}
