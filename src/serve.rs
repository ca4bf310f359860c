//! Serving connections: time for headers is short, and so is patience with a client that does not read what
//! it asked for; there are only so many at once; and stopping finishes what is under way.

mod patient;
mod shares;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, extract::ConnectInfo};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use self::{patient::Patient, shares::Shares};
use crate::http::Proxies;

/// A client has so long to send its headers.
const HEADERS: Duration = Duration::from_secs(10);
/// A client is waited for so long, and longer by what it reads.
const STALLED: Duration = Duration::from_mins(1);
/// Whoever reads fewer bytes a second than this is left after some time: the slowest phones read more.
const SLOWEST: u32 = 1_000;
/// One visitor may have one of so many parts of all connections.
const PARTS: usize = 4;
/// Connections at once where nobody says how many files this program may have open.
const CONNECTIONS: usize = 768;
/// Requests under way have so long to finish after a stop.
const GRACE: Duration = Duration::from_secs(30);

/// Listen on `address`.
/// # Errors
/// When it is taken or not ours, with what to do.
pub async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let said = format!("cannot listen on {address}; {}", what_to_do_about(&error));
        anyhow::Error::new(error).context(said)
    })
}

/// What helps where an address cannot be listened on.
fn what_to_do_about(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "another program is using it: stop that one, or choose another port (FINGERPOST_LISTEN; for the demo, --port)"
        }
        io::ErrorKind::AddrNotAvailable => {
            "this machine does not have that address: set FINGERPOST_LISTEN to one it has, such as 127.0.0.1:8080"
        }
        io::ErrorKind::PermissionDenied => {
            "only root may use ports below 1024: set FINGERPOST_LISTEN to a higher one and put a web server in front of it"
        }
        _ => "check FINGERPOST_LISTEN",
    }
}

/// Answer connections until `stop`, then finish those that are under way.
pub async fn serve(listener: TcpListener, router: Router, proxies: Proxies, stop: CancellationToken) {
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADERS).max_headers(64);
    let most = most_connections();
    let (room, shares) = (Arc::new(Semaphore::new(most)), Shares::new(most / PARTS));
    loop {
        // Whoever comes while there is no room waits in the system's queue.
        let accepted = async {
            let place = Arc::clone(&room).acquire_owned().await.expect("nobody closes it");
            listener.accept().await.map(|(stream, peer)| (stream, peer, place))
        };
        let (stream, peer, place) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accepted => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file handles, or the client is gone already.
                    tracing::warn!(error = %error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    continue;
                }
            },
        };
        let visitor = proxies.visitor(peer.ip());
        let share = visitor.map(|visitor| shares.take(visitor));
        if matches!(share, Some(None)) {
            // It has its share: the connection is closed at once.
            continue;
        }
        let _ = stream.set_nodelay(true);
        let router = router.clone().map_request(move |mut request: hyper::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            request.map(axum::body::Body::new)
        });
        let connection =
            http.serve_connection(TokioIo::new(Patient::new(stream, STALLED, SLOWEST)), TowerToHyperService::new(router));
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // A client that breaks off is not worth a line in the log.
            let _ = connection.await;
            drop((place, share));
        });
    }
    drop(listener);
    if tokio::time::timeout(GRACE, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests took too long to finish and were aborted");
    }
}

/// Three quarters of the files that this program may have open: the database, the index and the shelf need
/// some, too.
fn most_connections() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files")?.split_whitespace().next()?.parse().ok());
    files.map_or(CONNECTIONS, |files: usize| (files / 4 * 3).clamp(64, Semaphore::MAX_PERMITS))
}
