//! Addresses among the settings: where the world reaches us, and where mail goes out.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use url::Url;

use super::values::{Error, optional, with_slash, wrong};

/// Where a server that listens at `listen` is reached from its own machine. Nobody is at 0.0.0.0: what listens on every
/// address is reached at the machine's own.
pub fn reached_here(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// How a browser on this machine reaches it.
pub fn nearby(listen: SocketAddr) -> Url {
    Url::parse(&format!("http://{}/", reached_here(listen))).expect("an address with a port is a host of a web address")
}

/// How the world reaches us, when that is set.
pub(super) fn public_url(values: &BTreeMap<String, String>) -> Result<Option<Url>, Error> {
    let url = optional::<Url>(values, "public_url", "a web address such as https://directory.example.org/")?;
    match url {
        Some(url) if !["http", "https"].contains(&url.scheme()) => {
            Err(wrong("public_url", url.as_str(), "expected an address starting with http:// or https://"))
        }
        Some(url) => match more_than_an_origin(&url) {
            Some(what) => {
                let problem = format!(
                    "expected {}/ and nothing after it: it has {what}, and a directory is known to others by its host alone",
                    url.origin().ascii_serialization()
                );
                let shown = if url.password().is_some() { "(hidden)" } else { url.as_str() };
                Err(wrong("public_url", shown, &problem))
            }
            None => Ok(Some(with_slash(url))),
        },
        None => Ok(None),
    }
}

/// What an address has that is no part of an origin.
fn more_than_an_origin(url: &Url) -> Option<&'static str> {
    let parts = [
        ("a user name or password", !url.username().is_empty() || url.password().is_some()),
        ("a path", !matches!(url.path(), "" | "/")),
        ("a query", url.query().is_some()),
        ("a fragment", url.fragment().is_some()),
    ];
    parts.into_iter().find_map(|(what, is_there)| is_there.then_some(what))
}

/// Whether an address is one of a database. One with a password that ends the host early names another server.
pub(super) fn check_database(address: &str) -> Result<(), Error> {
    if address.starts_with("sqlite:") {
        return Ok(());
    }
    if !["postgres://", "postgresql://"].iter().any(|scheme| address.starts_with(scheme)) {
        return Err(wrong("database_url", "(hidden)", "expected sqlite:FILE or postgres://USER:PASSWORD@HOST/NAME"));
    }
    let is_whole = |url: &Url| url.fragment().is_none() && !url.path().contains('@');
    let problem = "expected postgres://USER:PASSWORD@HOST/NAME, with every character in the password other than letters and digits \
                   percent-encoded, such as %40 for @";
    address.parse::<Url>().ok().filter(is_whole).map(drop).ok_or_else(|| wrong("database_url", "(hidden)", problem))
}

/// The mail server, whose password is in no message.
pub(super) fn mail_server(values: &BTreeMap<String, String>) -> Result<Option<Url>, Error> {
    let text = values.get("smtp_url").map(|value| value.trim()).unwrap_or_default();
    if text.is_empty() {
        return Ok(None);
    }
    let usable = |url: &Url| {
        ["smtp", "smtps"].contains(&url.scheme())
            && url.host_str().is_some_and(|host| !host.is_empty())
            && matches!(url.path(), "" | "/")
            && matches!(url.query(), None | Some("tls=none"))
    };
    let problem = "expected smtp://HOST:PORT, smtp://USER:PASSWORD@HOST or smtps://USER:PASSWORD@HOST, \
                   with every character in them other than letters and digits percent-encoded, such as %40 for @";
    text.parse().ok().filter(usable).map(Some).ok_or_else(|| wrong("smtp_url", "(hidden)", problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_listens_everywhere_is_reached_at_the_loopback() {
        for (listen, here) in [("0.0.0.0:8080", "127.0.0.1:8080"), ("[::]:8080", "[::1]:8080"), ("10.20.0.7:80", "10.20.0.7:80")]
        {
            assert_eq!(reached_here(listen.parse().unwrap()).to_string(), here);
        }
    }
}
