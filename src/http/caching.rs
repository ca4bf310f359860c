//! Honest caching: a strong `ETag` for what is sent, 304 where the client has it already.

use axum::{
    body::{Body, Bytes},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, StatusCode, header};

/// How long a shared or private cache may answer by itself. Short, because a listing can be hidden
/// in an emergency.
pub const PUBLIC: &str = "public, max-age=30";

/// What makes two answers the same.
#[derive(Clone, Debug)]
pub struct Version {
    /// Strong entity tag, with its quotation marks.
    pub etag: String,
    /// When the content last changed, where that is known of it as a whole.
    pub changed_at: Option<DateTime<Utc>>,
}

/// Whether the client has this version already. `If-None-Match` decides; `If-Modified-Since` only
/// where it is missing.
pub fn is_fresh(request: &HeaderMap, version: &Version) -> bool {
    // A list of tags may stand in several lines.
    let mut lines = request.get_all(header::IF_NONE_MATCH).iter().filter_map(|tags| tags.to_str().ok());
    if request.contains_key(header::IF_NONE_MATCH) {
        let is_this = |tag: &str| tag == "*" || tag.trim_start_matches("W/") == version.etag;
        return lines.any(|tags| tags.split(',').any(|tag| is_this(tag.trim())));
    }
    let since = request.get(header::IF_MODIFIED_SINCE).and_then(|since| since.to_str().ok());
    let since = since.and_then(|since| httpdate::parse_http_date(since).ok()).map(DateTime::<Utc>::from);
    match (since, version.changed_at) {
        (Some(since), Some(changed)) => changed.timestamp() <= since.timestamp(),
        _ => false,
    }
}

/// An answer with its version, or 304 where the client has it. `body` is made only when it is sent.
pub fn respond<E: IntoResponse>(
    request: &HeaderMap,
    version: &Version,
    content_type: &'static str,
    body: impl FnOnce() -> Result<Bytes, E>,
) -> Response {
    respond_with(request, version, content_type, || body().map(Body::from))
}

/// The same for a body that may be made while it is sent.
pub fn respond_with<E: IntoResponse>(
    request: &HeaderMap,
    version: &Version,
    content_type: &'static str,
    body: impl FnOnce() -> Result<Body, E>,
) -> Response {
    let mut response = if is_fresh(request, version) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        match body() {
            Ok(body) => {
                let mut response = Response::new(body);
                response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
                response
            }
            Err(error) => return error.into_response(),
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(PUBLIC));
    if let Ok(etag) = HeaderValue::from_str(&version.etag) {
        headers.insert(header::ETAG, etag);
    }
    if let Some(at) = version.changed_at.and_then(http_date) {
        headers.insert(header::LAST_MODIFIED, at);
    }
    response
}

fn http_date(at: DateTime<Utc>) -> Option<HeaderValue> {
    HeaderValue::from_str(&httpdate::fmt_http_date(at.into())).ok()
}

/// A strong `ETag` of these numbers, which stand for everything that the answer is made of.
pub fn etag_of(parts: impl IntoIterator<Item = u64>) -> String {
    use sha2::{Digest as _, Sha256};
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.to_le_bytes());
    }
    format!("\"{}\"", hex::encode(&hasher.finalize()[..8]))
}

/// A strong `ETag` of these bytes.
pub fn etag_of_bytes(bytes: &[u8]) -> String {
    etag_of(numbers_of(bytes))
}

/// Numbers that stand for these bytes and no others, eight bytes in each.
pub fn numbers_of(bytes: &[u8]) -> impl Iterator<Item = u64> {
    let words = bytes.chunks(8).map(|chunk| chunk.iter().fold(0_u64, |word, byte| word << 8 | u64::from(*byte)));
    words.chain([bytes.len() as u64])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_has_it_is_told_so() {
        let version = Version { etag: "\"abc\"".into(), changed_at: DateTime::from_timestamp(1_764_000_000, 5_000) };
        let with = |name: header::HeaderName, value: &str| HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())]);
        assert!(is_fresh(&with(header::IF_NONE_MATCH, "\"x\", W/\"abc\""), &version));
        assert!(!is_fresh(&with(header::IF_NONE_MATCH, "\"x\""), &version));
        let mut lines = with(header::IF_NONE_MATCH, "\"x\"");
        lines.append(header::IF_NONE_MATCH, HeaderValue::from_static("\"abc\""));
        assert!(is_fresh(&lines, &version));
        assert!(is_fresh(&with(header::IF_MODIFIED_SINCE, "Mon, 24 Nov 2025 16:00:00 GMT"), &version));
        assert!(!is_fresh(&with(header::IF_MODIFIED_SINCE, "Mon, 24 Nov 2025 15:59:59 GMT"), &version));
        assert!(!is_fresh(&with(header::IF_MODIFIED_SINCE, "yesterday"), &version));
    }
}
