//! What happens around every request: a name for it, a limit for each client, a count, the headers
//! that every answer has. No address, query or header of a client is logged.

use std::{
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    sync::Arc,
    time::Instant,
};

use axum::{
    extract::{ConnectInfo, MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock as _};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use ipnet::IpNet;

use super::Problem;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What the guard goes by. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Guard {
    limiter: Arc<DefaultKeyedRateLimiter<IpAddr>>,
    trusted_proxies: Arc<[IpNet]>,
}

impl Guard {
    /// A guard that lets each client make so many requests in a minute, and all of them at once.
    pub fn new(requests_per_minute: u32, trusted_proxies: &[IpNet]) -> Self {
        let quota = Quota::per_minute(NonZeroU32::new(requests_per_minute).unwrap_or(NonZeroU32::MIN));
        Self { limiter: Arc::new(RateLimiter::keyed(quota)), trusted_proxies: trusted_proxies.into() }
    }

    /// Forget clients that have not asked for a while.
    pub fn tidy(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }

    /// Networks whose word about a client is believed.
    pub fn trusted_proxies(&self) -> &[IpNet] {
        &self.trusted_proxies
    }

    fn check(&self, client: IpAddr) -> Result<(), u64> {
        self.limiter
            .check_key(&client)
            .map_err(|not_until| not_until.wait_time_from(governor::clock::DefaultClock::default().now()).as_secs() + 1)
    }
}

/// Who asks: the peer, or, behind proxies that we trust, the last address that none of them has.
pub fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_trusted(&peer) {
        return network_of(peer);
    }
    let forwarded =
        headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let standard = headers
        .get_all("forwarded")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split([',', ';']))
        .filter_map(|pair| pair.trim().strip_prefix("for=").or_else(|| pair.trim().strip_prefix("For=")));
    let addresses: Vec<IpAddr> = forwarded.chain(standard).filter_map(address).collect();
    network_of(addresses.into_iter().rev().find(|address| !is_trusted(address)).unwrap_or(peer))
}

fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let text = text.strip_prefix('[').and_then(|rest| rest.split(']').next()).unwrap_or(text);
    text.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
}

/// One IPv6 client has a whole /64 to itself.
fn network_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => {
            v6.to_ipv4_mapped().map_or_else(|| IpAddr::from((u128::from(v6) & (!0 << 64)).to_be_bytes()), IpAddr::from)
        }
    }
}

/// The middleware.
pub async fn around(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let path = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    let id = request_id(request.headers());
    let allowed = peer.map_or(Ok(()), |peer| guard.check(client(peer, request.headers(), &guard.trusted_proxies)));
    let mut response = match allowed {
        Ok(()) => next.run(request).await,
        Err(seconds) => {
            let mut response = Problem::too_many(seconds).into_response();
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            response
        }
    };
    let status = response.status();
    let path = path.as_ref().map_or("(none)", MatchedPath::as_str);
    let taken = began.elapsed();
    metrics::counter!("http_requests_total", "path" => path.to_owned(), "status" => status.as_str().to_owned()).increment(1);
    metrics::histogram!("http_request_seconds").record(taken.as_secs_f64());
    // Not ready yet is said every time somebody asks; it is nobody's mistake.
    if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
        tracing::warn!(request.id = %id.to_str().unwrap_or_default(), %method, path, status = status.as_u16(), "a request failed");
    } else {
        tracing::debug!(request.id = %id.to_str().unwrap_or_default(), %method, path, status = status.as_u16(), duration_us = taken.as_micros(), "answered");
    }
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    response
}

/// The name that the client gave the request, if it is a harmless one; otherwise a new one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let given = headers
        .get(&REQUEST_ID)
        .filter(|id| id.len() <= 64 && id.as_bytes().iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-'));
    given.cloned().unwrap_or_else(|| {
        use std::sync::atomic::{AtomicU64, Ordering};
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        HeaderValue::from_str(&format!("{number:x}")).unwrap_or_else(|_| HeaderValue::from_static("0"))
    })
}

/// The middleware of the API: anyone's page may read it.
pub async fn open_to_all(request: Request, next: Next) -> Response {
    let preflight = request.method() == http::Method::OPTIONS;
    let mut response = if preflight { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if preflight {
        headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, POST, OPTIONS"));
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, POST, OPTIONS"));
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static("If-None-Match, If-Modified-Since, Content-Type"),
        );
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    } else {
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("ETag, Last-Modified, Link, Retry-After, X-Request-Id"),
        );
    }
    response
}

/// Compressed bytes are not the bytes that a strong `ETag` names.
pub async fn weaken_compressed(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if response.headers().contains_key(header::CONTENT_ENCODING)
        && let Some(etag) =
            response.headers().get(header::ETAG).and_then(|etag| etag.to_str().ok()).filter(|etag| !etag.starts_with("W/"))
        && let Ok(weak) = HeaderValue::from_str(&format!("W/{etag}"))
    {
        response.headers_mut().insert(header::ETAG, weak);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trusted_proxies_are_believed() {
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let headers = |value: &str| {
            HeaderMap::from_iter([(HeaderName::from_static("x-forwarded-for"), HeaderValue::from_str(value).unwrap())])
        };
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        assert_eq!(client(ip("198.51.100.1"), &headers("203.0.113.9"), &trusted), ip("198.51.100.1"));
        assert_eq!(client(ip("10.0.0.1"), &headers("6.6.6.6, 203.0.113.9, 10.0.0.2"), &trusted), ip("203.0.113.9"));
        assert_eq!(client(ip("10.0.0.1"), &headers("nonsense"), &trusted), ip("10.0.0.1"));
        assert_eq!(client(ip("2001:db8:1:2:3::4"), &HeaderMap::new(), &trusted), ip("2001:db8:1:2::"));
    }
}
