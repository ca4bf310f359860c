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

use super::{Problem, Proxies};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What the guard goes by. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Guard {
    limiter: Arc<DefaultKeyedRateLimiter<IpAddr>>,
    proxies: Proxies,
}

impl Guard {
    /// A guard that lets each client make so many requests in a minute, and all of them at once.
    pub fn new(requests_per_minute: u32, proxies: Proxies) -> Self {
        let quota = Quota::per_minute(NonZeroU32::new(requests_per_minute).unwrap_or(NonZeroU32::MIN));
        Self { limiter: Arc::new(RateLimiter::keyed(quota)), proxies }
    }

    /// Forget clients that have not asked for a while.
    pub fn tidy(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }

    fn check(&self, client: IpAddr) -> Result<(), u64> {
        self.limiter
            .check_key(&client)
            .map_err(|not_until| not_until.wait_time_from(governor::clock::DefaultClock::default().now()).as_secs() + 1)
    }
}

/// The middleware.
pub async fn around(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let path = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    let id = request_id(request.headers());
    let allowed = peer.map_or(Ok(()), |peer| guard.check(guard.proxies.client(peer, request.headers())));
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
