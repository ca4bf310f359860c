//! Connections: made only to addresses that the guard has judged, kept for the next request, closed
//! as soon as an answer is not read to its end.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::{Request, Response};
use http_body_util::Full;
use hyper::{
    body::{Bytes, Incoming},
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::{Instant, timeout, timeout_at},
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use url::{Host, Url};

use super::{
    Limits,
    addresses::{Guard, Reach},
    body::chain,
    error::Error,
};

/// The largest head of an answer, in bytes.
const LARGEST_HEAD: usize = 32 << 10;
/// The most that is read at once: what one answer holds of our memory before it is counted.
const LARGEST_READ: usize = 64 << 10;
/// An unused connection is closed after so long: sooner than servers do.
const KEPT: Duration = Duration::from_secs(10);
/// Unused connections that are kept for one peer.
const KEPT_EACH: usize = 2;

/// One connection to a peer.
#[derive(Debug)]
pub(super) struct Connection {
    requests: SendRequest<Full<Bytes>>,
    pub(super) reach: Reach,
}

impl Connection {
    /// Ask, and wait for the head of the answer.
    pub(super) async fn ask(&mut self, request: Request<Full<Bytes>>, limits: &Limits) -> Result<Response<Incoming>, Error> {
        let asked = async {
            self.requests.ready().await?;
            self.requests.send_request(request).await
        };
        let limit = limits.headers;
        let answered = timeout(limit, asked).await.map_err(|_| Error::Timeout { what: "headers", limit })?;
        answered.map_err(|error| match () {
            () if error.is_parse_too_large() => Error::Headers(format!("they are larger than {LARGEST_HEAD} bytes")),
            () if error.is_parse() => Error::Headers(chain(&error)),
            () => Error::Truncated(chain(&error)),
        })
    }
}

/// Makes connections and keeps those that can be used again.
#[derive(Debug)]
pub(super) struct Door {
    guard: Guard,
    tls: Arc<ClientConfig>,
    kept: Mutex<HashMap<String, Vec<(Instant, Connection)>>>,
}

impl Door {
    /// A door that also trusts `roots` to say who a peer is.
    pub(super) fn new(guard: Guard, roots: &[CertificateDer<'static>]) -> Self {
        let mut trusted = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        trusted.add_parsable_certificates(roots.iter().cloned());
        let mut tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has the default versions of TLS")
            .with_root_certificates(trusted)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self { guard, tls: Arc::new(tls), kept: Mutex::default() }
    }

    /// What can be said of `url` before a name is looked up.
    pub(super) fn check(&self, url: &Url) -> Result<(), Error> {
        self.guard.check(url)
    }

    /// A connection that an earlier answer left behind, for who was sent there by a peer on the side `from`.
    pub(super) fn kept(&self, url: &Url, from: Option<Reach>) -> Option<Connection> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, connections| {
            connections.retain(|(since, connection)| since.elapsed() < KEPT && !connection.requests.is_closed());
            !connections.is_empty()
        });
        let (_, connection) = kept.get_mut(&place(url))?.pop_if(|(_, connection)| connection.reach.is_open_to(from))?;
        Some(connection)
    }

    /// Keep `connection`, whose answer was read to its end.
    pub(super) fn keep(&self, url: &Url, connection: Connection) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let of_peer = kept.entry(place(url)).or_default();
        if of_peer.len() < KEPT_EACH {
            of_peer.push((Instant::now(), connection));
        }
    }

    /// A new connection, for who was sent there by a peer on the side `from`.
    pub(super) async fn connect(&self, url: &Url, from: Option<Reach>, limits: &Limits) -> Result<Connection, Error> {
        let limit = limits.connect;
        let until = Instant::now() + limit;
        let late = |what| move |_| Error::Timeout { what, limit };
        let (reach, addresses) = timeout_at(until, self.guard.addresses(url)).await.map_err(late("name"))??;
        if !reach.is_open_to(from) {
            let why = "a public address redirects into a private network".to_owned();
            return Err(Error::Blocked { url: url.clone(), why });
        }
        let host = place(url);
        let mut failed = Error::Connect { host: host.clone(), why: "it has no address".to_owned() };
        for (at, address) in addresses.iter().enumerate() {
            // A dead address must leave time for the next one.
            let left = until.saturating_duration_since(Instant::now());
            let patience = if at + 1 < addresses.len() { left / 2 } else { left };
            let connected = timeout(patience, TcpStream::connect(address)).await;
            let stream = match connected {
                Ok(Ok(stream)) => stream,
                Ok(Err(error)) => {
                    failed = Error::Connect { host: host.clone(), why: error.to_string() };
                    continue;
                }
                Err(elapsed) => {
                    failed = late("connection")(elapsed);
                    continue;
                }
            };
            // Without it small requests wait; with it or not, they arrive.
            let _ = stream.set_nodelay(true);
            return match url.scheme() {
                "https" => {
                    let secure = timeout_at(until, self.secure(url, stream)).await.map_err(late("connection"))?;
                    speak(secure.map_err(|why| Error::Tls { host, why })?, reach).await
                }
                _ => speak(stream, reach).await,
            };
        }
        Err(failed)
    }

    async fn secure(&self, url: &Url, stream: TcpStream) -> Result<TlsStream<TcpStream>, String> {
        let name = match url.host() {
            Some(Host::Ipv4(ip)) => ServerName::from(std::net::IpAddr::from(ip)),
            Some(Host::Ipv6(ip)) => ServerName::from(std::net::IpAddr::from(ip)),
            Some(Host::Domain(name)) => {
                // A certificate never names the dot that ends a full name.
                ServerName::try_from(name.trim_end_matches('.').to_owned()).map_err(|error| error.to_string())?
            }
            None => return Err("the host name cannot appear in a certificate".to_owned()),
        };
        TlsConnector::from(self.tls.clone()).connect(name, stream).await.map_err(|error| error.to_string())
    }
}

async fn speak(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, reach: Reach) -> Result<Connection, Error> {
    let (requests, connection) = http1::Builder::new()
        .max_header_size(LARGEST_HEAD)
        .max_buf_size(LARGEST_READ)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| Error::Truncated(chain(&error)))?;
    // Ends with the connection: when the peer closes it, or when we have let go of it. What went
    // wrong reaches whoever waits for the answer.
    tokio::spawn(async move {
        let _ = connection.await;
    });
    Ok(Connection { requests, reach })
}

/// Scheme, host and port.
fn place(url: &Url) -> String {
    url.origin().ascii_serialization()
}
