//! What happens around every request: a name for it, a limit for each client, a count, the headers
//! that every answer has. No address, query or header of a client is logged.

use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    sync::{Arc, OnceLock, PoisonError, RwLock},
    time::{Duration, Instant},
};

use axum::{
    extract::{ConnectInfo, MatchedPath, Request},
    response::{IntoResponse, Response},
};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock as _};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use metrics::{Counter, Histogram};

use super::{Problem, Proxies, deadline::in_time};
use crate::ids;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

tokio::task_local! {
    /// The name of the request that is being answered.
    static REQUEST: HeaderValue;
}

/// The name of the request that is being answered, for the log: whoever was refused quotes it. None outside of one, and
/// in threads of its own.
pub(super) fn request_under_way() -> Option<String> {
    REQUEST.try_with(|id| id.to_str().map(str::to_owned)).ok()?.ok()
}

/// What the guard goes by. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Guard {
    limiter: Arc<DefaultKeyedRateLimiter<IpAddr>>,
    proxies: Proxies,
    longest: Duration,
    counters: Arc<Counters>,
}

/// The metrics of answers, each looked up once: that takes longer than to count.
#[derive(Default)]
struct Counters {
    answers: RwLock<HashMap<String, BTreeMap<u16, Counter>>>,
    seconds: OnceLock<Histogram>,
}

impl std::fmt::Debug for Counters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Counters").finish_non_exhaustive()
    }
}

impl Counters {
    fn count(&self, path: &str, status: StatusCode, taken: Duration) {
        self.seconds.get_or_init(|| metrics::histogram!("http_request_seconds")).record(taken.as_secs_f64());
        let answers = self.answers.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(counter) = answers.get(path).and_then(|of_path| of_path.get(&status.as_u16())) {
            counter.increment(1);
            return;
        }
        drop(answers);
        let counter = metrics::counter!("http_requests_total", "path" => path.to_owned(), "status" => status.as_str().to_owned());
        counter.increment(1);
        let mut answers = self.answers.write().unwrap_or_else(PoisonError::into_inner);
        answers.entry(path.to_owned()).or_default().insert(status.as_u16(), counter);
    }
}

/// Requests that take longer are given up.
const LONGEST_REQUEST: Duration = Duration::from_secs(30);

impl Guard {
    /// A guard that lets each client make so many requests in a minute, and all of them at once.
    pub fn new(requests_per_minute: u32, proxies: Proxies) -> Self {
        let quota = Quota::per_minute(NonZeroU32::new(requests_per_minute).unwrap_or(NonZeroU32::MIN));
        let limiter = Arc::new(RateLimiter::keyed(quota));
        Self { limiter, proxies, longest: LONGEST_REQUEST, counters: Arc::default() }
    }

    /// The same, which gives requests up after so long.
    #[must_use]
    pub fn giving_up_after(self, longest: Duration) -> Self {
        Self { longest, ..self }
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

    /// Have a request answered, if its client may ask.
    pub async fn around<A: Future<Output = Response>>(&self, request: Request, answer: impl FnOnce(Request) -> A) -> Response {
        let began = Instant::now();
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let path = request.extensions().get::<MatchedPath>().cloned();
        let method = request.method().clone();
        let id = request_id(request.headers());
        // A monitor that is refused would take a busy server for a dead one.
        let is_monitor = matches!(request.uri().path(), "/healthz" | "/readyz");
        let asks = peer.filter(|_| !is_monitor);
        let allowed = asks.map_or(Ok(()), |peer| self.check(self.proxies.client(peer, request.headers())));
        let mut response = match allowed {
            Ok(()) => REQUEST.scope(id.clone(), in_time(self.longest, request, answer)).await,
            Err(seconds) => {
                let mut response = Problem::too_many(seconds).into_response();
                response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
                response
            }
        };
        response = as_problem(response);
        let status = response.status();
        let path = path.as_ref().map_or("(none)", MatchedPath::as_str);
        let taken = began.elapsed();
        self.counters.count(path, status, taken);
        // Not ready yet is said every time somebody asks; it is nobody's mistake.
        if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
            tracing::warn!(request.id = %id.to_str().unwrap_or_default(), %method, path, status = status.as_u16(), "a request failed");
        } else {
            tracing::debug!(request.id = %id.to_str().unwrap_or_default(), %method, path, status = status.as_u16(), duration_us = taken.as_micros(), "answered");
        }
        let headers = response.headers_mut();
        weaken_compressed(headers);
        say_that_encodings_differ(headers);
        headers.insert(REQUEST_ID, id);
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
        response
    }
}

/// What was refused before any of our handlers saw it is said as everything else is; and anybody's page may read
/// why something was refused.
fn as_problem(mut response: Response) -> Response {
    let kind = |response: &Response| response.headers().get(header::CONTENT_TYPE).map(|kind| kind.as_bytes().to_owned());
    if response.status() == StatusCode::PAYLOAD_TOO_LARGE && kind(&response).is_none_or(|kind| kind.starts_with(b"text/plain")) {
        response = Problem::too_large("what was sent is larger than this address takes".to_owned()).into_response();
    }
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().entry(header::RETRY_AFTER).or_insert(HeaderValue::from_static("10"));
    }
    if kind(&response).is_some_and(|kind| kind == b"application/problem+json") { open_to_all(response) } else { response }
}

/// The name that the client gave the request, if it is a harmless one; otherwise a new one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let given = headers
        .get(&REQUEST_ID)
        .filter(|id| id.len() <= 64 && id.as_bytes().iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-'));
    given.cloned().unwrap_or_else(|| {
        use std::sync::atomic::{AtomicU64, Ordering};
        static NEXT: AtomicU64 = AtomicU64::new(1);
        // Drawn at the start: a log tells of many processes, one after the other or side by side.
        static PROCESS: OnceLock<u32> = OnceLock::new();
        let process = PROCESS.get_or_init(|| ids::random().as_fields().0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        HeaderValue::from_str(&format!("{process:08x}-{number:x}")).unwrap_or_else(|_| HeaderValue::from_static("0"))
    })
}

/// The headers that another site's page may send with what it asks the API: all of them, for nothing here is done with a
/// browser's credentials, and what the star stands for never has `Authorization` among it. The names are for browsers
/// that do not know the star.
const ALLOWED_HEADERS: HeaderValue = HeaderValue::from_static(
    "Accept, Accept-Language, Cache-Control, Content-Type, If-Modified-Since, If-None-Match, Pragma, Prefer, X-Request-Id, X-Requested-With, *",
);

/// What a browser asks before it lets another site's page read the API.
pub async fn preflight() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, POST, OPTIONS"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, POST, OPTIONS"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    response
}

/// Anyone's page may read an answer of the API.
pub fn open_to_all(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("ETag, Last-Modified, Link, Retry-After, X-Request-Id"),
    );
    response
}

/// What may be compressed differs by what its reader takes. The layer that compresses says so only where it did.
fn say_that_encodings_differ(headers: &mut HeaderMap) {
    let mut said = headers.get_all(header::VARY).iter().filter_map(|value| value.to_str().ok());
    let is_said = said.any(|value| value.to_ascii_lowercase().contains("accept-encoding"));
    if !is_said && headers.contains_key(header::ETAG) {
        headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
}

/// Compressed bytes are not the bytes that a strong `ETag` names.
fn weaken_compressed(headers: &mut HeaderMap) {
    if headers.contains_key(header::CONTENT_ENCODING)
        && let Some(etag) = headers.get(header::ETAG).and_then(|etag| etag.to_str().ok()).filter(|etag| !etag.starts_with("W/"))
        && let Ok(weak) = HeaderValue::from_str(&format!("W/{etag}"))
    {
        headers.insert(header::ETAG, weak);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{self, Write},
        sync::Mutex,
    };

    use axum::body::Body;

    use super::*;
    use crate::config::ProxyHeader;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn the_name_that_somebody_quotes_stands_beside_the_cause_in_the_log() {
        let log = Log::default();
        let into = log.clone();
        let subscriber = tracing_subscriber::fmt().json().with_writer(move || into.clone()).finish();
        let _listening = tracing::subscriber::set_default(subscriber);
        let guard = Guard::new(100, Proxies::new(&[], ProxyHeader::XForwardedFor));
        let mut named = Vec::new();
        for _ in 0..2 {
            let fails = |_: Request| async { Problem::internal(&io::Error::other("the disk is gone")).into_response() };
            let answer = guard.around(Request::new(Body::empty()), fails).await;
            named.push(answer.headers()[REQUEST_ID].to_str().unwrap().to_owned());
        }
        let said = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        for id in &named {
            let field = format!("\"request.id\":\"{id}\"");
            let causes = said.lines().filter(|line| line.contains(&field) && line.contains("the disk is gone")).count();
            assert_eq!(causes, 1, "{id}: {said}");
        }
        assert!(named[0] != named[1] && named[0].len() > "1f".len(), "two processes would give the same name: {named:?}");
    }
}
