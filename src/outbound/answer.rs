//! An answer, and the few of its headers that decide what happens next.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use http::{HeaderMap, header};
use url::Url;

/// Whoever asks us to come back later than this is asked again sooner.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// What a peer said.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, unpacked; empty when it was streamed.
    pub body: Vec<u8>,
    /// Bytes of the body as they came over the wire.
    pub wire_bytes: u64,
    /// Who answered in the end.
    pub url: Url,
    /// Whether that is not who was asked.
    pub redirected: bool,
}

impl Answer {
    /// The first header of that name, where it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// How long the peer asks us to stay away, at most a day; none where it does not say so in a way
    /// that can be understood. A date in the past is no wait at all.
    pub fn retry_after(&self, now: DateTime<Utc>) -> Option<Duration> {
        let value = self.header(header::RETRY_AFTER.as_str())?.trim();
        let wait = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
            // What is too large for a number is too large for us.
            value.parse().map_or(LONGEST_WAIT, Duration::from_secs)
        } else {
            let until = httpdate::parse_http_date(value).ok()?;
            until.duration_since(SystemTime::from(now)).unwrap_or_default()
        };
        Some(wait.min(LONGEST_WAIT))
    }

    /// Whether the body says that it is JSON. Not whether it is.
    pub fn is_json(&self) -> bool {
        let Some(kind) = self.header(header::CONTENT_TYPE.as_str()) else { return false };
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        matches!(kind.as_str(), "application/json" | "text/json") || (kind.starts_with("application/") && kind.ends_with("+json"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &'static str, value: &str) -> Answer {
        Answer {
            status: 200,
            headers: HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]),
            body: Vec::new(),
            wire_bytes: 0,
            url: "https://neighbour.example.org/".parse().unwrap(),
            redirected: false,
        }
    }

    #[test]
    fn case_29_a_peer_may_send_us_away_for_a_day_and_no_longer() {
        let now = "2026-11-22T12:00:00Z".parse().unwrap();
        let wait = |value| with("retry-after", value).retry_after(now).map(|wait| wait.as_secs());
        let day = 86_400;
        for (said, waited) in [
            ("120", Some(120)),
            (" 120 ", Some(120)),
            ("0", Some(0)),
            ("86401", Some(day)),
            ("315360000", Some(day)),
            ("99999999999999999999999999", Some(day)),
            ("Sun, 22 Nov 2026 12:05:00 GMT", Some(300)),
            ("Sunday, 22-Nov-26 12:05:00 GMT", Some(300)),
            ("Sun, 22 Nov 2026 11:00:00 GMT", Some(0)),
            ("Sat, 22 Nov 2036 12:00:00 GMT", Some(day)),
            ("", None),
            ("-5", None),
            ("1.5", None),
            ("soon", None),
            ("2026-11-22T12:05:00Z", None),
        ] {
            assert_eq!(wait(said), waited, "{said:?}");
        }
        assert_eq!(with("date", "x").retry_after(now), None);
    }

    #[test]
    fn json_is_told_by_its_content_type() {
        let is = |value| with("content-type", value).is_json();
        for json in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "text/json; charset=utf-8",
            "application/vnd.openactive.rpde+json;version=1",
            "application/problem+json",
        ] {
            assert!(is(json), "{json}");
        }
        for other in ["text/html", "application/jsonp", "text/plain; x=application/json", "image/svg+json", ""] {
            assert!(!is(other), "{other}");
        }
        assert!(!with("date", "application/json").is_json());
    }
}
