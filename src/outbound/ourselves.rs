//! Asking the server of this very directory, at the address of its own settings: nobody from outside names it, so
//! there is nothing to guard. Redirects are not followed, and nothing but the status is read.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    time::timeout,
};

/// Where a server that listens at `listen` is reached from its own machine.
pub fn reached_here(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_listens_everywhere_is_reached_at_the_loopback() {
        for (listen, here) in [("0.0.0.0:8080", "127.0.0.1:8080"), ("[::]:8080", "[::1]:8080"), ("10.20.0.7:80", "10.20.0.7:80")]
        {
            assert_eq!(reached_here(listen.parse().unwrap()).to_string(), here);
        }
    }
}
