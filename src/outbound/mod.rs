//! The only door out: every request that we make to another directory goes through it.
//!
//! A peer chooses its addresses, what its name leads to, where it sends us on and what it answers.
//! So each hop is judged anew by the address that is connected to; nothing is read that was not
//! counted; everything ends in a limited time. A redirect is followed three times at most, never
//! from https to http and never from the world into a network that only the operator named. There
//! are no cookies, no proxies from the environment, no credentials and no referrer.
//!
//! Not decided here: whether an answer makes sense, and when to ask again.

mod addresses;
mod answer;
mod body;
mod connect;
mod error;
mod ourselves;

use std::{io, sync::Arc, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use ipnet::IpNet;
use rustls::pki_types::CertificateDer;
use tokio::time::timeout;
use url::Url;

pub use self::{addresses::Names, answer::Answer, error::Error, ourselves::readiness};
use self::{
    addresses::{Guard, Reach},
    connect::{Connection, Door},
    error::quoted,
};

/// Redirects that are followed.
const HOPS: usize = 3;

/// How we go out.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Networks that may be asked although they are not public; http and every port are allowed there.
    pub allow_private: Vec<IpNet>,
    /// Who we say we are: `fingerpost/VERSION (+https://our.address/)`.
    pub user_agent: String,
}

/// What one request may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the body as they come over the wire.
    pub wire: u64,
    /// Bytes of the body, unpacked.
    pub decoded: u64,
    /// How many times its size an answer may unpack to, once that is more than 1 MiB.
    pub ratio: u64,
    /// Time to find the address and connect, for each hop.
    pub connect: Duration,
    /// Time from the request to the head of the answer, for each hop.
    pub headers: Duration,
    /// Time for everything.
    pub total: Duration,
    /// Bytes a second that must come in, on average over so long.
    pub min_rate: (u64, Duration),
}

impl Default for Limits {
    /// For a page of a feed. Source: section 3.6 of our protocol.
    fn default() -> Self {
        Self {
            wire: 8 << 20,
            decoded: 32 << 20,
            ratio: 200,
            connect: Duration::from_secs(5),
            headers: Duration::from_secs(10),
            total: Duration::from_mins(1),
            min_rate: (4000, Duration::from_secs(20)),
        }
    }
}

/// A request.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Whom and what.
    pub url: Url,
    /// Which kinds of answer we can read.
    pub accept: &'static str,
    /// The `ETag` of what we have already.
    pub if_none_match: Option<String>,
    /// Further headers; left out when a redirect leads to another origin.
    pub headers: Vec<(&'static str, String)>,
    /// What to POST: JSON, unless `headers` name another content type. Such a request follows no redirect.
    pub body: Option<Vec<u8>>,
    /// What it may cost.
    pub limits: Limits,
    /// Whether redirects must stay on scheme, host and port.
    pub same_origin: bool,
}

impl Ask {
    /// GET `url`, as JSON, without leaving its origin, within the usual limits.
    pub fn get(url: Url) -> Self {
        Self {
            url,
            accept: "application/json",
            if_none_match: None,
            headers: Vec::new(),
            body: None,
            limits: Limits::default(),
            same_origin: true,
        }
    }

    /// Whether it asks for the answer only where something has changed, so that 304 is one.
    pub fn is_conditional(&self) -> bool {
        self.if_none_match.is_some() || self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("if-modified-since"))
    }
}

/// The guarded client. Cheap to clone; clones share their connections.
#[derive(Clone, Debug)]
pub struct Outbound {
    door: Arc<Door>,
    user_agent: HeaderValue,
}

impl Outbound {
    /// A client that trusts the authorities that browsers trust, and the system's resolver.
    pub fn new(settings: Settings) -> Self {
        Self::with(settings, Names::System, &[])
    }

    /// A client with other names, and with more authorities that say who a peer is. For tests.
    pub fn with(settings: Settings, names: Names, extra_roots: &[CertificateDer<'static>]) -> Self {
        let user_agent: String = settings.user_agent.chars().filter(|c| matches!(c, ' '..='~')).collect();
        Self {
            door: Arc::new(Door::new(Guard { allow_private: settings.allow_private, names }, extra_roots)),
            user_agent: HeaderValue::try_from(user_agent).expect("visible characters can stand in a header"),
        }
    }

    /// Ask, and read the answer to its end. Every status is an answer.
    /// # Errors
    /// When there is no whole answer within the limits, or when the request is not allowed.
    pub async fn fetch(&self, request: Ask) -> Result<Answer, Error> {
        let mut body = Vec::new();
        let mut answer = self
            .stream(request, |bytes| {
                body.extend_from_slice(bytes);
                Ok(())
            })
            .await?;
        answer.body = body;
        Ok(answer)
    }

    /// Ask, and give the body to `sink` piece by piece, unpacked, at most 64 KiB at once. The status
    /// is known only at the end: what `sink` got with another one than 200, or before an error, is to
    /// be thrown away.
    /// # Errors
    /// As [`Outbound::fetch`]; [`Error::Io`] when `sink` fails.
    pub async fn stream(&self, request: Ask, sink: impl FnMut(&[u8]) -> io::Result<()> + Send) -> Result<Answer, Error> {
        let limit = request.limits.total;
        timeout(limit, self.follow(&request, sink)).await.unwrap_or(Err(Error::Timeout { what: "answer", limit }))
    }

    async fn follow(&self, ask: &Ask, sink: impl FnMut(&[u8]) -> io::Result<()> + Send) -> Result<Answer, Error> {
        let mut url = ask.url.clone();
        url.set_fragment(None);
        let mut from = None;
        for _ in 0..=HOPS {
            let (connection, response) = self.send(ask, &url, from).await?;
            let (head, incoming) = response.into_parts();
            if let Some(next) = next_hop(ask, &url, head.status, &head.headers)? {
                // What the body of a redirect says is of no use; the connection ends with it.
                from = Some(connection.reach);
                url = next;
                continue;
            }
            let wire_bytes = body::read(&head.headers, incoming, &ask.limits, sink).await?;
            self.door.keep(&url, connection);
            return Ok(Answer {
                status: head.status.as_u16(),
                headers: head.headers,
                body: Vec::new(),
                wire_bytes,
                redirected: from.is_some(),
                url,
            });
        }
        Err(Error::Redirect { from: ask.url.clone(), to: quoted(url.as_str()).into(), why: "there are too many redirects" })
    }

    /// Send the request to `url`, to which a peer on the side `from` may have sent us.
    async fn send(&self, ask: &Ask, url: &Url, from: Option<Reach>) -> Result<(Connection, Response<Incoming>), Error> {
        self.door.check(url)?;
        let request = self.write(ask, url)?;
        // The peer may just have closed a kept connection: a GET does no harm twice, a POST might.
        if ask.body.is_none()
            && let Some(mut kept) = self.door.kept(url, from)
        {
            match kept.ask(request.clone(), &ask.limits).await {
                Err(Error::Truncated(_)) => {}
                answered => return Ok((kept, answered?)),
            }
        }
        let mut connection = self.door.connect(url, from, &ask.limits).await?;
        let response = connection.ask(request, &ask.limits).await?;
        Ok((connection, response))
    }

    fn write(&self, ask: &Ask, url: &Url) -> Result<Request<Full<Bytes>>, Error> {
        let mut headers = HeaderMap::new();
        let value = |name: &str, value: &str| {
            HeaderValue::try_from(value).map_err(|_| Error::Headers(format!("{:?} cannot be sent as {name}", quoted(value))))
        };
        if url.origin() == ask.url.origin() {
            for (name, text) in &ask.headers {
                let known =
                    HeaderName::try_from(*name).map_err(|_| Error::Headers(format!("{name:?} is not a valid header name")))?;
                headers.insert(known, value(name, text)?);
            }
        }
        if let Some(etag) = &ask.if_none_match {
            headers.insert(header::IF_NONE_MATCH, value("if-none-match", etag)?);
        }
        let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
        headers.insert(header::HOST, value("host", host)?);
        headers.insert(header::USER_AGENT, self.user_agent.clone());
        headers.insert(header::ACCEPT, value("accept", ask.accept)?);
        // A part of something packed cannot be unpacked.
        let codings = if headers.contains_key(header::RANGE) { "identity" } else { "gzip, zstd" };
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(codings));
        let mut request = Request::new(Full::from(ask.body.clone().unwrap_or_default()));
        if ask.body.is_some() {
            *request.method_mut() = Method::POST;
            headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
        }
        *request.uri_mut() = url[url::Position::BeforePath..url::Position::AfterQuery]
            .parse()
            .map_err(|_| Error::BadUrl { url: quoted(url.as_str()), why: "its path cannot be sent" })?;
        *request.headers_mut() = headers;
        Ok(request)
    }
}

/// Where an answer sends us, if it does and we may go.
fn next_hop(ask: &Ask, url: &Url, status: StatusCode, headers: &HeaderMap) -> Result<Option<Url>, Error> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = headers.get(header::LOCATION) else { return Ok(None) };
    let location = String::from_utf8_lossy(location.as_bytes());
    let refused = |why| Err(Error::Redirect { from: url.clone(), to: quoted(&location).into(), why });
    if ask.body.is_some() {
        return refused("a request with a body is not redirected");
    }
    let Ok(mut next) = url.join(&location) else { return refused("it is not a web address") };
    next.set_fragment(None);
    match next.scheme() {
        "https" => {}
        "http" if url.scheme() == "http" => {}
        "http" => return refused("it is not secure, unlike this address"),
        _ => return refused("it does not start with https:// or http://"),
    }
    if ask.same_origin && next.origin() != ask.url.origin() {
        return refused("it has a different host, scheme or port");
    }
    Ok(Some(next))
}
