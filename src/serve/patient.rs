//! A connection that gives up on a client which does not read.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep},
};

/// A stream whose writes fail when whoever reads them has been waited for too long: for the whole of its patience
/// where nothing is taken, and in the end also where less is taken than the slowest rate.
#[derive(Debug)]
pub(super) struct Patient<S> {
    stream: S,
    patience: Duration,
    /// Bytes a second that use up no patience.
    slowest: u32,
    /// What is left of the patience.
    left: Duration,
    /// Since when something waits to be taken, and when it gives up.
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl<S> Patient<S> {
    pub(super) fn new(stream: S, patience: Duration, slowest: u32) -> Self {
        Self { stream, patience, slowest, left: patience, waiting: None }
    }

    /// The outcome of a write of `bytes`, or that it has waited for too long.
    fn or_give_up<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>, bytes: usize) -> Poll<io::Result<T>> {
        if written.is_ready() {
            let waited = self.waiting.take().map_or(Duration::ZERO, |(since, _)| since.elapsed());
            let earned = Duration::from_secs(1) * u32::try_from(bytes).unwrap_or(u32::MAX) / self.slowest;
            self.left = (self.left.saturating_sub(waited) + earned).min(self.patience);
            return written;
        }
        // Wakes the connection when it is over.
        let left = self.left;
        let (_, until) = self.waiting.get_or_insert_with(|| (Instant::now(), Box::pin(sleep(left))));
        until.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        let taken = taken(&written);
        self.or_give_up(cx, written, taken)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        let taken = taken(&written);
        self.or_give_up(cx, written, taken)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.or_give_up(cx, flushed, 0)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// How many bytes of a write were taken.
fn taken(written: &Poll<io::Result<usize>>) -> usize {
    match written {
        Poll::Ready(Ok(bytes)) => *bytes,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn whoever_reads_nothing_is_left_and_whoever_reads_slowly_is_not() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let mut patient = Patient::new(ours, Duration::from_millis(300), 100);
        let slow = tokio::spawn(async move {
            let mut byte = [0; 16];
            for _ in 0..8 {
                tokio::time::sleep(Duration::from_millis(50)).await;
                theirs.read_exact(&mut byte).await.unwrap();
            }
            theirs
        });
        patient.write_all(&[0; 160]).await.unwrap();
        let _silent = slow.await.unwrap();
        let left = patient.write_all(&[0; 160]).await.unwrap_err();
        assert_eq!(left.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn whoever_reads_a_byte_now_and_then_does_not_hold_the_connection_for_good() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let mut patient = Patient::new(ours, Duration::from_millis(300), 1_000);
        let trickle = tokio::spawn(async move {
            let mut byte = [0; 1];
            loop {
                tokio::time::sleep(Duration::from_millis(100)).await;
                if theirs.read_exact(&mut byte).await.is_err() {
                    return;
                }
            }
        });
        let began = Instant::now();
        let left = patient.write_all(&[0; 10_000]).await.unwrap_err();
        assert_eq!(left.kind(), io::ErrorKind::TimedOut);
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
        drop(patient);
        trickle.await.unwrap();
    }
}
