//! Asking the server of this very directory, at the address of its own settings: nobody from outside names it, so
//! there is nothing to guard. Redirects are not followed, and nothing but the status is read.

use std::{io, net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    time::timeout,
};

/// The status with which the server at `address` says whether it is ready.
/// # Errors
/// When nothing answers there within three seconds, or not in HTTP.
pub async fn readiness(address: SocketAddr) -> io::Result<u16> {
    const LONGEST: Duration = Duration::from_secs(3);
    timeout(LONGEST, ask(address)).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

async fn ask(address: SocketAddr) -> io::Result<u16> {
    const MOST: u64 = 1_000;
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET /readyz HTTP/1.0\r\nHost: localhost\r\n\r\n").await?;
    let mut first = String::new();
    BufReader::new(stream.take(MOST)).read_line(&mut first).await?;
    let status = first.strip_prefix("HTTP/").and_then(|rest| rest.split(' ').nth(1)?.parse().ok());
    status.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "what answers does not speak HTTP"))
}
