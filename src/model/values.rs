//! Values with rules of their own: parsed once at the edge, never checked again inside.

use std::{fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

pub use super::whereabouts::{Outcode, Postcode, Whereabouts};

/// A number of the standard (ages, amounts, degrees). Whole numbers are written without a point.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Number(pub f64);

impl Serialize for Number {
    #[expect(clippy::cast_possible_truncation, reason = "only whole numbers below 2^53 are cast")]
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if self.0.fract() == 0.0 && self.0.abs() < 9e15 { to.serialize_i64(self.0 as i64) } else { to.serialize_f64(self.0) }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        f64::deserialize(from).map(Self)
    }
}

impl JsonSchema for Number {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Number".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number" })
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why a value was refused, in words a person can act on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub &'static str);

macro_rules! text_values {
    ($($(#[$doc:meta])* $name:ident ($format:literal) by $parse:path;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str { &self.0 }
        }
        impl FromStr for $name {
            type Err = Refused;
            fn from_str(text: &str) -> Result<Self, Refused> { $parse(text.trim()).map(Self) }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from)?.parse().map_err(D::Error::custom)
            }
        }
        impl JsonSchema for $name {
            fn inline_schema() -> bool { true }
            fn schema_name() -> std::borrow::Cow<'static, str> { stringify!($name).into() }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "format": $format })
            }
        }
    )*};
}

text_values! {
    /// An absolute web address: http, https, mailto or tel. "www.example.org" is read as https.
    WebAddress ("uri") by web_address;
    /// An email address. The domain is folded to lower case.
    EmailAddress ("email") by email_address;
    /// A time of day as HH:MM on a 24-hour clock, in local time.
    TimeOfDay ("time-of-day") by time_of_day;
    /// A date and time of day without a zone, YYYY-MM-DDTHH:MM:SS.
    LocalDateTime ("local-date-time") by local_date_time;
    /// An IANA time zone.
    Zone ("time-zone") by zone;
}

impl LocalDateTime {
    /// The moment on the wall clock.
    pub fn naive(&self) -> chrono::NaiveDateTime {
        self.0.parse().expect("parsed when it was made")
    }
}

impl Zone {
    /// The zone's rules.
    pub fn tz(&self) -> chrono_tz::Tz {
        self.0.parse().expect("parsed when it was made")
    }
}

fn web_address(text: &str) -> Result<String, Refused> {
    const LONGEST: usize = 2_048;
    const TOO_LONG: Refused = Refused("is longer than 2,048 characters");
    const CANNOT_BE: Refused = Refused("has a space or a character that web addresses cannot have");
    if text.len() > LONGEST {
        return Err(TOO_LONG);
    }
    if text.contains(|c: char| c.is_whitespace() || c.is_control() || "<>\"\\".contains(c)) {
        return Err(CANNOT_BE);
    }
    let with_scheme = if text.contains("://") || text.starts_with("mailto:") || text.starts_with("tel:") {
        text.to_owned()
    } else if looks_like_a_host(text) {
        format!("https://{text}")
    } else {
        return Err(Refused("is not a web address (expected something like https://example.org)"));
    };
    let with_scheme = encoded_behind_the_host(&with_scheme);
    if with_scheme.contains(['{', '}', '|', '^', '`']) {
        return Err(CANNOT_BE);
    }
    let parsed = url::Url::parse(&with_scheme).map_err(|_| Refused("is not a web address"))?;
    match parsed.scheme() {
        "http" | "https" if parsed.host_str().is_some_and(|host| !host.is_empty()) => {}
        "mailto" | "tel" => {}
        _ => return Err(Refused("is not an http, https, mailto or tel address")),
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(Refused("has a user name or password in it"));
    }
    if !percent_encoded(&with_scheme) {
        return Err(Refused("has a % that is not followed by two hexadecimal digits"));
    }
    let kept: String = if with_scheme.is_ascii() { with_scheme } else { parsed.into() };
    // What had to be encoded has become longer, and what is kept is read again by the same rules.
    if kept.len() > LONGEST { Err(TOO_LONG) } else { Ok(kept) }
}

/// Behind the host many sites have characters that none may have there as they are (RFC 3986, 3.3 and 3.4), as in
/// `?kind[]=food|drink`. Encoded they mean the same.
fn encoded_behind_the_host(address: &str) -> String {
    let host = address.find("://").map_or(0, |at| at + "://".len());
    let end = address[host..].find(['/', '?', '#']).map_or(address.len(), |at| host + at);
    let (upto_host, behind) = address.split_at(end);
    let mut encoded = upto_host.to_owned();
    for c in behind.chars() {
        match c {
            '[' => encoded.push_str("%5B"),
            ']' => encoded.push_str("%5D"),
            '{' => encoded.push_str("%7B"),
            '}' => encoded.push_str("%7D"),
            '|' => encoded.push_str("%7C"),
            '^' => encoded.push_str("%5E"),
            '`' => encoded.push_str("%60"),
            other => encoded.push(other),
        }
    }
    encoded
}

/// "www.example.org/x", "example.org": a host with a dot and letters at its end, no scheme.
fn looks_like_a_host(text: &str) -> bool {
    let host = text.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let last = host.rsplit('.').next().unwrap_or_default();
    host.contains('.')
        && !host.starts_with('.')
        && last.len() >= 2
        && last.chars().all(|c| c.is_ascii_alphabetic())
        && host.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-')
}

fn percent_encoded(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes
        .iter()
        .enumerate()
        .filter(|(_, b)| **b == b'%')
        .all(|(i, _)| bytes.get(i + 1..i + 3).is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit)))
}

fn email_address(text: &str) -> Result<String, Refused> {
    const WRONG: Refused = Refused("is not an email address (expected something like name@example.org)");
    let (local, domain) = text.rsplit_once('@').ok_or(WRONG)?;
    // What is kept is read again: some letters have a lower case that no domain may have, such as the İ of İstanbul.
    let domain = domain.to_lowercase();
    let local_ok = !local.is_empty()
        && local.len() <= 64
        && !local.contains(|c: char| c.is_whitespace() || c.is_control() || "@<>(),;:\"[]\\".contains(c));
    let label_ok = |label: &str| !label.is_empty() && label.len() <= 63 && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    if local_ok && domain.len() <= 253 && domain.contains('.') && domain.split('.').all(label_ok) {
        Ok(format!("{local}@{domain}"))
    } else {
        Err(WRONG)
    }
}

fn time_of_day(text: &str) -> Result<String, Refused> {
    const WRONG: Refused = Refused("is not a time of day (expected HH:MM, such as 09:30)");
    let text = without_offset_to_the_west(text.trim_end_matches(['Z', 'z']));
    let mut parts = text.split(['+', '.']).next().unwrap_or_default().split(':');
    let (Some(hours), Some(minutes)) = (parts.next(), parts.next()) else { return Err(WRONG) };
    if parts.next().is_some_and(|seconds| seconds.parse::<u8>().map_or(true, |s| s > 59)) || parts.next().is_some() {
        return Err(WRONG);
    }
    match (hours.len(), hours.parse::<u8>(), minutes.len(), minutes.parse::<u8>()) {
        (1 | 2, Ok(h), 2, Ok(m)) if h < 24 && m < 60 => Ok(format!("{h:02}:{m:02}")),
        (2, Ok(24), 2, Ok(0)) => Ok("23:59".to_owned()),
        _ => Err(WRONG),
    }
}

/// "09:30:00-05:00" without its offset. Only behind seconds, where nobody can take it for the time until when.
fn without_offset_to_the_west(text: &str) -> &str {
    match text.rsplit_once('-') {
        Some((time, offset))
            if time.matches(':').count() == 2
                && offset.len() >= 2
                && offset.matches(':').count() <= 1
                && offset.bytes().all(|byte| byte.is_ascii_digit() || byte == b':') =>
        {
            time
        }
        _ => text,
    }
}

fn local_date_time(text: &str) -> Result<String, Refused> {
    ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|form| chrono::NaiveDateTime::parse_from_str(text, form).ok())
        .map(|at| at.format("%Y-%m-%dT%H:%M:%S").to_string())
        .ok_or(Refused("is not a local date and time (expected YYYY-MM-DDTHH:MM:SS)"))
}

fn zone(text: &str) -> Result<String, Refused> {
    text.parse::<chrono_tz::Tz>()
        .map(|tz| tz.name().to_owned())
        .map_err(|_| Refused("is not a time zone (expected something like Europe/London)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads<T: FromStr<Err = Refused> + fmt::Display>(text: &str) -> String {
        text.parse::<T>().map_or_else(|e| format!("refused: {e}"), |v| v.to_string())
    }

    #[test]
    fn web_addresses_are_absolute_and_safe() {
        assert_eq!(reads::<WebAddress>(" www.example.org/a "), "https://www.example.org/a");
        assert_eq!(reads::<WebAddress>("https://example.org"), "https://example.org");
        assert_eq!(reads::<WebAddress>("tel:01632960000"), "tel:01632960000");
        assert_eq!(
            reads::<WebAddress>("example.org/{a}?kind[]=food|drink&q=%5B#^`"),
            "https://example.org/%7Ba%7D?kind%5B%5D=food%7Cdrink&q=%5B#%5E%60"
        );
        assert_eq!(reads::<WebAddress>("https://[2001:db8::1]/a"), "https://[2001:db8::1]/a");
        for bad in [
            "javascript:alert(1)",
            "https://a b",
            "see poster",
            "http://",
            "https://u:p@example.org",
            "https://e.org/%zz",
            "https://e|f.org/",
            "file:///etc/passwd",
            "data:text/html,x",
        ] {
            assert!(bad.parse::<WebAddress>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_web_address_that_is_kept_can_be_read_again() {
        let kept = reads::<WebAddress>(&format!("example.org/{}", "|é".repeat(200)));
        assert_eq!((kept.len(), reads::<WebAddress>(&kept)), (1_820, kept));
        for (start, grows) in [
            ("https://example.org/", "|".repeat(2_000)),
            ("https://example.org/", "é".repeat(1_000)),
            ("example.org/", "a".repeat(2_033)),
        ] {
            assert_eq!(reads::<WebAddress>(&format!("{start}{grows}")), "refused: is longer than 2,048 characters");
        }
    }

    fn reads_the_same_again<T: FromStr<Err = Refused> + fmt::Display>(text: &str) {
        if let Ok(kept) = text.parse::<T>().map(|value| value.to_string()) {
            assert_eq!(reads::<T>(&kept), kept, "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_kept_reads_the_same_again(
            text in "\\PC{0,40}|https://[a-zé.]{1,12}/\\PC{0,20}|\\PC{1,8}@\\PC{1,12}[.]org|[0-9]{1,2}:[0-9]{2}[0-9:+.Z-]{0,9}"
        ) {
            reads_the_same_again::<WebAddress>(&text);
            reads_the_same_again::<EmailAddress>(&text);
            reads_the_same_again::<TimeOfDay>(&text);
        }
    }

    #[test]
    fn emails_need_a_name_an_at_and_a_domain() {
        assert_eq!(reads::<EmailAddress>("Hello@Example.ORG"), "Hello@example.org");
        for bad in [
            "false",
            "12345",
            "a b@example.org",
            "a@b",
            "@example.org",
            "a@example..org",
            "x@y.org\r\nBcc: z@y.org",
            "a@\u{130}.org",
        ] {
            assert!(bad.parse::<EmailAddress>().is_err(), "{bad}");
        }
    }

    #[test]
    fn times_are_brought_to_one_form() {
        assert_eq!(reads::<TimeOfDay>("9:30"), "09:30");
        assert_eq!(reads::<TimeOfDay>("09:30:00Z"), "09:30");
        assert_eq!(reads::<TimeOfDay>("24:00"), "23:59");
        for offset in ["09:30:00-05:00", "09:30:00.000-0500", "09:30:00-05", "09:30:00+05:00", "09:30+05:00", "09:30z"] {
            assert_eq!(reads::<TimeOfDay>(offset), "09:30", "{offset}");
        }
        for bad in ["09:30-12:30", "09:30:00-12:30:00", "09:30:00-noon", "25:00", "9.30am", "0930", "09:60", ""] {
            assert!(bad.parse::<TimeOfDay>().is_err(), "{bad}");
        }
    }
}
