//! Another directory that lies: a small HTTP server over real sockets that answers as its script
//! says, breaks every rule it is told to break, and remembers what it was asked.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use rcgen::{CertificateParams, KeyPair};
use rustls::{ServerConfig, pki_types::CertificateDer};
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::TcpListener,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

/// A request as it came in.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Which connection it came on, from 1.
    pub connection: usize,
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether it asks for a page of the feed.
    pub fn is_feed(&self) -> bool {
        self.path.contains("/changes")
    }
}

/// What the peer does about a request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Answer properly, and keep the connection.
    Full { status: u16, headers: Vec<(String, String)>, body: Vec<u8> },
    /// Send exactly these bytes, then close.
    Raw(Vec<u8>),
    /// Promise `promised` bytes, send `body`, then close.
    Short { headers: Vec<(String, String)>, body: Vec<u8>, promised: usize },
    /// Send `first` at once, then `rest` byte by byte.
    Drip { first: Vec<u8>, rest: Vec<u8>, every: Duration },
    /// Send these bytes, then so many zeros, as fast as they are taken.
    Flood { head: Vec<u8>, zeros: u64 },
    /// Send these bytes, then nothing more, and keep the connection open.
    Stall(Vec<u8>),
    /// Do the other only after so long.
    Late(Duration, Box<Reply>),
}

impl Reply {
    /// 200 with JSON.
    pub fn json(body: impl Into<Vec<u8>>) -> Self {
        Self::Full { status: 200, headers: vec![], body: body.into() }.with("content-type", "application/json")
    }

    /// A status without a body.
    pub fn status(status: u16) -> Self {
        Self::Full { status, headers: vec![], body: vec![] }
    }

    /// Send on to `to`.
    pub fn redirect(status: u16, to: impl Into<String>) -> Self {
        Self::status(status).with("location", to)
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        match &mut self {
            Self::Full { headers, .. } | Self::Short { headers, .. } => headers.push((name.to_owned(), value.into())),
            other => panic!("{other:?} has no headers of its own"),
        }
        self
    }

    /// The same, after so long.
    #[must_use]
    pub fn late(self, by: Duration) -> Self {
        Self::Late(by, Box::new(self))
    }
}

type Script = dyn Fn(&Seen) -> Reply + Send + Sync;

#[derive(Default)]
struct Kept {
    seen: Mutex<Vec<Seen>>,
    connections: AtomicUsize,
    sent: AtomicU64,
    /// How many of its requests a test has looked at.
    looked_at: AtomicUsize,
}

/// A server with this certificate.
pub fn serving(certificate: CertificateDer<'static>, key: &KeyPair) -> TlsAcceptor {
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key.serialize_der().try_into().unwrap());
    TlsAcceptor::from(Arc::new(config.unwrap()))
}

/// A server with a certificate for this name that nobody but itself vouches for.
pub fn self_signed(name: &str) -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new([name.to_owned()]).unwrap().self_signed(&key).unwrap();
    serving(certificate.der().clone(), &key)
}

/// A peer that answers until it is dropped.
pub struct HostilePeer {
    pub address: SocketAddr,
    kept: Arc<Kept>,
    secure: bool,
    task: JoinHandle<()>,
}

impl Drop for HostilePeer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl HostilePeer {
    /// Answer on a port of 127.0.0.1 as `script` says.
    pub async fn start(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::listen("127.0.0.1", None, Arc::new(script)).await
    }

    /// The same over TLS.
    pub async fn start_tls(tls: TlsAcceptor, script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::listen("127.0.0.1", Some(tls), Arc::new(script)).await
    }

    /// Somebody who must never hear of us, on `ip`: the whole of 127.0.0.0/8 is this machine.
    pub async fn canary_on(ip: &str) -> Self {
        Self::listen(ip, None, Arc::new(|_: &Seen| Reply::status(200))).await
    }

    async fn listen(ip: &str, tls: Option<TlsAcceptor>, script: Arc<Script>) -> Self {
        let listener = TcpListener::bind((ip, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let kept = Arc::new(Kept::default());
        let secure = tls.is_some();
        let task = tokio::spawn({
            let kept = kept.clone();
            async move {
                // Its connections end with it.
                let mut open = tokio::task::JoinSet::new();
                loop {
                    let Ok((stream, _)) = listener.accept().await else { break };
                    let connection = kept.connections.fetch_add(1, Ordering::SeqCst) + 1;
                    let (tls, kept, script) = (tls.clone(), kept.clone(), script.clone());
                    open.spawn(async move {
                        // A caller that breaks off is what many tests are about.
                        match tls {
                            None => drop(answer(stream, connection, &kept, &*script).await),
                            Some(tls) => {
                                if let Ok(stream) = tls.accept(stream).await {
                                    drop(answer(stream, connection, &kept, &*script).await);
                                }
                            }
                        }
                    });
                }
            }
        });
        Self { address, kept, secure, task }
    }

    /// The address of `path`, which starts with a slash.
    pub fn url(&self, path: &str) -> url::Url {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}{path}", self.address).parse().unwrap()
    }

    /// Everything it was asked, in order.
    pub fn seen(&self) -> Vec<Seen> {
        self.kept.seen.lock().unwrap().clone()
    }

    /// The paths that it was asked for, in order.
    pub fn paths(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.path).collect()
    }

    /// The paths that it was asked for since a test last looked, in order.
    pub fn lately(&self) -> Vec<String> {
        let paths = self.paths();
        let before = self.kept.looked_at.swap(paths.len(), Ordering::SeqCst);
        paths[before..].to_vec()
    }

    /// How often somebody connected, whether or not anything was asked.
    pub fn connections(&self) -> usize {
        self.kept.connections.load(Ordering::SeqCst)
    }

    /// Bytes of floods that the system took from it.
    pub fn flooded(&self) -> u64 {
        self.kept.sent.load(Ordering::SeqCst)
    }
}

async fn answer(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    connection: usize,
    kept: &Kept,
    script: &Script,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(seen) = read(&mut stream, connection).await? {
        let mut reply = script(&seen);
        kept.seen.lock().unwrap().push(seen);
        while let Reply::Late(by, then) = reply {
            tokio::time::sleep(by).await;
            reply = *then;
        }
        match reply {
            Reply::Full { status, headers, body } => {
                let length = body.len();
                stream.write_all(&head(status, &headers, length)).await?;
                stream.write_all(&body).await?;
                stream.flush().await?;
                continue;
            }
            Reply::Raw(bytes) => stream.write_all(&bytes).await?,
            Reply::Short { headers, body, promised } => {
                stream.write_all(&head(200, &headers, promised)).await?;
                stream.write_all(&body).await?;
            }
            Reply::Drip { first, rest, every } => {
                stream.write_all(&first).await?;
                stream.flush().await?;
                for byte in rest {
                    tokio::time::sleep(every).await;
                    stream.write_all(&[byte]).await?;
                    stream.flush().await?;
                }
            }
            Reply::Flood { head, mut zeros } => {
                stream.write_all(&head).await?;
                let some = vec![0; 16 << 10];
                while zeros > 0 {
                    let now = some.len().min(usize::try_from(zeros).unwrap_or(usize::MAX));
                    stream.write_all(&some[..now]).await?;
                    zeros -= now as u64;
                    kept.sent.fetch_add(now as u64, Ordering::SeqCst);
                }
            }
            Reply::Stall(bytes) => {
                stream.write_all(&bytes).await?;
                stream.flush().await?;
                // Until the other side has had enough.
                let mut rest = Vec::new();
                stream.read_to_end(&mut rest).await?;
            }
            Reply::Late(..) => unreachable!("waited for above"),
        }
        stream.flush().await?;
        return stream.shutdown().await;
    }
    Ok(())
}

fn head(status: u16, headers: &[(String, String)], length: usize) -> Vec<u8> {
    let mut lines = vec![format!("HTTP/1.1 {status} As Told")];
    lines.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
    if status != 304 && status != 204 {
        lines.push(format!("content-length: {length}"));
    }
    (lines.join("\r\n") + "\r\n\r\n").into_bytes()
}

/// The next request on a connection; none when the caller has closed it.
async fn read(stream: &mut (impl AsyncBufRead + Unpin), connection: usize) -> std::io::Result<Option<Seen>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_lowercase(), value.to_owned()));
    }
    let mut seen = Seen { connection, method, path, headers, body: Vec::new() };
    let length = seen.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    seen.body.resize(length, 0);
    stream.read_exact(&mut seen.body).await?;
    Ok(Some(seen))
}
