//! What a request says about who makes it: cookies, a bearer token, and whether a form is ours.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use http::{Extensions, HeaderMap, HeaderValue, header};
use url::Url;

use super::Proxies;
use crate::identity::{Hashed, Secret};

/// The cookie of a session. Its name makes browsers keep it to this host and to secure connections.
pub const SESSION: &str = "__Host-session";
/// The cookie that tells browsers that somebody has used before from new ones.
pub const BROWSER: &str = "__Host-browser";
/// The cookie that takes the secret of a new token of a program to the one page that shows it.
pub const NEW_TOKEN: &str = "__Host-new-token";
/// The name of the field that proves that a form is ours.
pub const FORM_TOKEN: &str = "form";

/// What a request presents.
#[derive(Clone, Debug, Default)]
pub struct Presented {
    /// The secret of a session.
    pub session: Option<Secret>,
    /// What this browser is known by.
    pub browser: Option<Secret>,
    /// A token of a program; inside `None` when it is none of ours.
    pub bearer: Option<Option<Secret>>,
    /// The secret of a token that was just made.
    pub new_token: Option<Secret>,
}

impl Presented {
    /// Read it from the headers of a request.
    pub fn read(headers: &HeaderMap) -> Self {
        let cookie = |name: &str| {
            let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
            let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
            pairs.find(|(known, _)| *known == name).and_then(|(_, value)| Secret::presented(value))
        };
        let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let bearer = authorization.and_then(|value| {
            let (scheme, secret) = value.trim().split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| Secret::presented(secret.trim()))
        });
        Self { session: cookie(SESSION), browser: cookie(BROWSER), bearer, new_token: cookie(NEW_TOKEN) }
    }
}

/// The header that makes a browser keep a secret for so many days; none: until it is closed.
pub fn keep(name: &str, secret: &Secret, days: Option<u32>) -> HeaderValue {
    let age = days.map(|days| format!("; Max-Age={}", days * 86_400)).unwrap_or_default();
    let text = format!("{name}={}; Path=/; Secure; HttpOnly; SameSite=Lax{age}", secret.as_str());
    HeaderValue::from_str(&text).expect("a secret has letters, digits, - and _ only")
}

/// The header that makes a browser forget a secret.
pub fn forget(name: &str) -> HeaderValue {
    HeaderValue::from_str(&format!("{name}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"))
        .expect("our cookies have plain names")
}

/// Whether a request that changes something was sent by a page of ours, as far as the browser says. One
/// that says nothing is no browser of today; the form's own proof decides then.
pub fn comes_from_us(headers: &HeaderMap, public_url: &Url) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site")
        && site != "same-origin"
        && site != "none"
    {
        return false;
    }
    match text("origin") {
        None => true,
        // A browser that was told to leave no referrer keeps the origin back, but not where the page was.
        Some("null") => text("sec-fetch-site") == Some("same-origin"),
        Some(origin) => {
            let host = text("host").unwrap_or_default();
            origin == public_url.origin().ascii_serialization()
                || Url::parse(origin)
                    .is_ok_and(|url| !host.is_empty() && &url[url::Position::BeforeHost..url::Position::AfterPort] == host)
        }
    }
}

/// Whether the browser itself says that a page of ours sent this. Nothing said is not enough.
pub fn surely_comes_from_us(headers: &HeaderMap, public_url: &Url) -> bool {
    let says =
        |name: &str, what: &dyn Fn(&str) -> bool| headers.get(name).and_then(|value| value.to_str().ok()).is_some_and(what);
    let told = says("sec-fetch-site", &|site| site == "same-origin") || says("origin", &|origin| origin != "null");
    told && comes_from_us(headers, public_url)
}

/// Proof that a form is ours: only a page of this session, or of this browser, holds it.
pub fn form_token(secret: &Secret) -> Hashed {
    secret.hashed_for("a form of this session")
}

/// The client that a request comes from, as limits and the audit trail see it.
pub fn client(extensions: &Extensions, headers: &HeaderMap, proxies: &Proxies) -> IpAddr {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>().map_or(IpAddr::from([127, 0, 0, 1]), |info| info.0.ip());
    proxies.client(peer, headers)
}

/// A browser in words that its owner recognises. Nothing of the version is kept.
pub fn browser(headers: &HeaderMap) -> String {
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let first = |words: &[(&str, &'static str)]| words.iter().find(|(sign, _)| agent.contains(sign)).map(|(_, name)| *name);
    let program = first(&[
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser", "Samsung Internet"),
        ("Firefox", "Firefox"),
        ("FxiOS", "Firefox"),
        ("Chrome", "Chrome"),
        ("CriOS", "Chrome"),
        ("Safari", "Safari"),
    ]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "an iPhone"),
        ("iPad", "an iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "a Mac"),
        ("CrOS", "a Chromebook"),
        ("Linux", "Linux"),
    ]);
    match (program, system) {
        (Some(program), Some(system)) => format!("{program} on {system}"),
        (Some(only), None) | (None, Some(only)) => only.to_owned(),
        (None, None) => "an unknown browser".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (http::HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())).collect()
    }

    #[test]
    fn a_form_that_another_page_sends_is_not_ours() {
        let ours: Url = "https://directory.example.org/".parse().unwrap();
        let is_ours = |pairs: &[(&'static str, &str)]| comes_from_us(&headers(pairs), &ours);
        assert!(is_ours(&[("origin", "https://directory.example.org"), ("sec-fetch-site", "same-origin")]));
        assert!(is_ours(&[("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")]));
        assert!(is_ours(&[("origin", "null"), ("sec-fetch-site", "same-origin")]));
        assert!(is_ours(&[]));
        for pairs in [
            &[("origin", "https://evil.example")][..],
            &[("origin", "null")],
            &[("origin", "null"), ("sec-fetch-site", "cross-site")],
            &[("origin", "null"), ("sec-fetch-site", "none")],
            &[("origin", "https://directory.example.org.evil.example"), ("host", "directory.example.org")],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("origin", "https://evil.example"), ("host", "")],
        ] {
            assert!(!is_ours(pairs), "{pairs:?}");
        }
        let surely = |pairs: &[(&'static str, &str)]| surely_comes_from_us(&headers(pairs), &ours);
        assert!(surely(&[("origin", "https://directory.example.org")]) && surely(&[("sec-fetch-site", "same-origin")]));
        assert!(!surely(&[]) && !surely(&[("sec-fetch-site", "none")]) && !surely(&[("origin", "https://evil.example")]));
    }

    #[test]
    fn only_whole_secrets_are_read_from_cookies() {
        let secret = Secret::new();
        let cookie = format!("a=b; {SESSION}={}; {BROWSER}=short", secret.as_str());
        let presented = Presented::read(&headers(&[("cookie", &cookie), ("authorization", "Bearer nonsense")]));
        assert_eq!(presented.session, Some(secret));
        assert_eq!(presented.browser, None);
        assert_eq!(presented.bearer, Some(None));
    }

    #[test]
    fn a_browser_is_named_as_its_owner_would() {
        let agent = "Mozilla/5.0 (Linux; Android 14; Pixel 6) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36";
        assert_eq!(browser(&headers(&[("user-agent", agent)])), "Chrome on Android");
        assert_eq!(browser(&HeaderMap::new()), "an unknown browser");
    }
}
