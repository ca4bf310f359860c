//! Reading an answer: unpacked by hand and counted on both sides, so that a bomb stops at the first
//! bytes too many and a broken-off answer is never taken for a whole one.

use std::{
    io::{self, Write},
    time::Duration,
};

use flate2::write::MultiGzDecoder;
use http::{HeaderMap, header};
use http_body_util::BodyExt as _;
use hyper::body::{Bytes, Incoming};
use tokio::time::{Instant, timeout};
use zstd::stream::{
    raw::{DParameter, Decoder as Frames},
    zio::Writer as Unpack,
};

use super::{
    Limits,
    error::{Error, quoted},
};

/// The largest window of zstd that a web server may use (8 MiB). Source: RFC 9659, section 3.
const ZSTD_WINDOW: u32 = 23;
/// The ratio counts from so many unpacked bytes: a page of the same words is no bomb.
const RATIO_FROM: u64 = 1 << 20;

/// Read `body` to its end into `sink`; the number of bytes that came over the wire.
pub(super) async fn read<S>(headers: &HeaderMap, mut body: Incoming, limits: &Limits, sink: S) -> Result<u64, Error>
where
    S: FnMut(&[u8]) -> io::Result<()> + Send,
{
    if promised(headers).is_some_and(|length| length > limits.wire) {
        return Err(Error::TooLarge { limit: limits.wire });
    }
    let mut unpacking = Unpacking::new(headers, Tally { sink, limits: *limits, wire: 0, unpacked: 0, refused: None })?;
    let mut pace = Pace::new(limits.min_rate);
    while let Some(bytes) = pace.next(&mut body).await? {
        unpacking.take(&bytes)?;
    }
    unpacking.end()
}

fn promised(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Counts, and passes on what is within the limits.
struct Tally<S> {
    sink: S,
    limits: Limits,
    wire: u64,
    unpacked: u64,
    /// Why it passes on nothing more.
    refused: Option<Error>,
}

impl<S: FnMut(&[u8]) -> io::Result<()>> Tally<S> {
    fn pass(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.unpacked += bytes.len() as u64;
        if self.unpacked > RATIO_FROM && self.unpacked / self.limits.ratio.max(1) > self.wire {
            return Err(Error::Bomb(self.limits.ratio));
        }
        if self.unpacked > self.limits.decoded {
            return Err(Error::TooLarge { limit: self.limits.decoded });
        }
        (self.sink)(bytes).map_err(Error::Io)
    }
}

impl<S: FnMut(&[u8]) -> io::Result<()>> Write for Tally<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A decoder tries once more when it is dropped.
        if self.refused.is_none() {
            match self.pass(bytes) {
                Ok(()) => return Ok(bytes.len()),
                Err(error) => self.refused = Some(error),
            }
        }
        Err(io::Error::other("refused"))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The codings that we ask for.
enum Unpacking<S: FnMut(&[u8]) -> io::Result<()>> {
    Plain(Tally<S>),
    Gzip(Box<MultiGzDecoder<Tally<S>>>),
    Zstd(Unpack<Tally<S>, Frames<'static>>),
}

impl<S: FnMut(&[u8]) -> io::Result<()>> Unpacking<S> {
    fn new(headers: &HeaderMap, tally: Tally<S>) -> Result<Self, Error> {
        let mut codings = headers.get_all(header::CONTENT_ENCODING).iter();
        let coding = codings.next().map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_ascii_lowercase());
        if codings.next().is_some() {
            return Err(Error::Encoding("it is compressed more than once".to_owned()));
        }
        match coding.as_deref() {
            None | Some("" | "identity") => Ok(Self::Plain(tally)),
            Some("gzip" | "x-gzip") => Ok(Self::Gzip(Box::new(MultiGzDecoder::new(tally)))),
            Some("zstd") => {
                let mut frames = Frames::new().map_err(Error::Io)?;
                frames.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW)).map_err(Error::Io)?;
                Ok(Self::Zstd(Unpack::new(tally, frames)))
            }
            Some(other) => Err(Error::Encoding(format!("{:?} is not one of the encodings we asked for", quoted(other)))),
        }
    }

    fn tally(&mut self) -> &mut Tally<S> {
        match self {
            Self::Plain(tally) => tally,
            Self::Gzip(decoder) => decoder.get_mut(),
            Self::Zstd(decoder) => decoder.writer_mut(),
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let tally = self.tally();
        tally.wire += bytes.len() as u64;
        if tally.wire > tally.limits.wire {
            return Err(Error::TooLarge { limit: tally.limits.wire });
        }
        let written = match self {
            Self::Plain(tally) => tally.write_all(bytes),
            Self::Gzip(decoder) => decoder.write_all(bytes),
            Self::Zstd(decoder) => decoder.write_all(bytes),
        };
        written.map_err(|error| self.tally().refused.take().unwrap_or_else(|| Error::Encoding(error.to_string())))
    }

    /// Nothing more comes: what is packed must be whole.
    fn end(mut self) -> Result<u64, Error> {
        let wire = self.tally().wire;
        // Answers without a body (304) may name the coding that a body would have had.
        if wire == 0 {
            return Ok(0);
        }
        let ended = match &mut self {
            Self::Plain(_) => Ok(()),
            Self::Gzip(decoder) => decoder.try_finish(),
            Self::Zstd(decoder) => decoder.finish(),
        };
        match ended {
            Ok(()) => Ok(wire),
            Err(_) => Err(self
                .tally()
                .refused
                .take()
                .unwrap_or_else(|| Error::Truncated("the compressed data is cut short or damaged".to_owned()))),
        }
    }
}

/// Watches that bytes keep coming. Only waiting counts: what we do with them takes our own time.
struct Pace {
    rate: u64,
    window: Duration,
    waited: Duration,
    bytes: u64,
}

impl Pace {
    fn new((rate, window): (u64, Duration)) -> Self {
        // A window of nothing would never wait.
        let window = window.max(Duration::from_millis(100));
        Self { rate, window, waited: Duration::ZERO, bytes: 0 }
    }

    async fn next(&mut self, body: &mut Incoming) -> Result<Option<Bytes>, Error> {
        loop {
            let began = Instant::now();
            let frame = timeout(self.window.saturating_sub(self.waited), body.frame()).await;
            self.waited += began.elapsed();
            let data = match frame {
                Ok(None) => return Ok(None),
                Ok(Some(Err(error))) => return Err(Error::Truncated(chain(&error))),
                Ok(Some(Ok(frame))) => frame.into_data().ok(),
                Err(_) => None,
            };
            self.bytes += data.as_ref().map_or(0, |data| data.len() as u64);
            if self.waited >= self.window {
                if u128::from(self.bytes) * 1000 < u128::from(self.rate) * self.window.as_millis() {
                    return Err(Error::TooSlow(self.rate));
                }
                (self.waited, self.bytes) = (Duration::ZERO, 0);
            }
            if data.is_some() {
                return Ok(data);
            }
        }
    }
}

/// An error with its reasons, on one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        said = format!("{said}: {error}");
        source = error.source();
    }
    said
}
