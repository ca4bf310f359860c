//! Who asks, where a proxy stands between us and them.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use http::HeaderMap;
use ipnet::IpNet;

use crate::config::ProxyHeader;

/// Networks whose word about a client is believed, and the one header in which they give it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Proxies {
    trusted: Arc<[IpNet]>,
    header: ProxyHeader,
}

impl Proxies {
    /// Proxies in these networks, which write this header themselves. Another header that comes through them
    /// is their visitor's.
    pub fn new(trusted: &[IpNet], header: ProxyHeader) -> Self {
        Self { trusted: trusted.into(), header }
    }

    /// Whose connection it is: none where it is that of a trusted proxy, or of this machine, and many may stand
    /// behind it.
    pub fn visitor(&self, peer: IpAddr) -> Option<IpAddr> {
        let peer = peer.to_canonical();
        let is_many = peer.is_loopback() || self.trusted.iter().any(|network| network.contains(&peer));
        (!is_many).then(|| network_of(peer))
    }

    /// Who asks: the peer, or, behind proxies that we trust, the last address that none of them has. What
    /// stands before an entry that cannot be read may be anybody's invention, so nothing of it is believed.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        let is_trusted = |address: &IpAddr| self.trusted.iter().any(|network| network.contains(address));
        if !is_trusted(&peer) {
            return network_of(peer);
        }
        let values = headers.get_all(self.header.name());
        let entries = values.iter().flat_map(|value| value.to_str().unwrap_or("?").split(','));
        let mut known = entries.rev().map_while(|entry| self.address(entry));
        network_of(known.find(|address| !is_trusted(address)).unwrap_or(peer))
    }

    fn address(&self, entry: &str) -> Option<IpAddr> {
        let text = match self.header {
            ProxyHeader::XForwardedFor => entry,
            ProxyHeader::Forwarded => entry.split(';').find_map(|pair| {
                let (name, value) = pair.split_once('=')?;
                name.trim().eq_ignore_ascii_case("for").then_some(value)
            })?,
        };
        let text = text.trim().trim_matches('"');
        let bare = text.strip_prefix('[').and_then(|rest| rest.split(']').next()).unwrap_or(text);
        let address = bare.parse().ok().or_else(|| bare.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
        address.map(|address: IpAddr| address.to_canonical())
    }
}

/// One IPv6 client has a whole /64 to itself.
fn network_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::from((u128::from(v6) & (!0 << 64)).to_be_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn seen(header: ProxyHeader, peer: &str, given: &[(&'static str, &str)]) -> IpAddr {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        Proxies::new(&["10.0.0.0/8".parse().unwrap()], header).client(ip(peer), &headers)
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let by = |peer: &str, value: &str| seen(ProxyHeader::XForwardedFor, peer, &[("x-forwarded-for", value)]);
        assert_eq!(by("198.51.100.1", "203.0.113.9"), ip("198.51.100.1"));
        assert_eq!(by("10.0.0.1", "6.6.6.6, 203.0.113.9, 10.0.0.2"), ip("203.0.113.9"));
        assert_eq!(by("10.0.0.1", "[2001:db8:1:2:3::4]:443"), ip("2001:db8:1:2::"));
        assert_eq!(by("10.0.0.1", "nonsense"), ip("10.0.0.1"));
        assert_eq!(by("10.0.0.1", "6.6.6.6, nonsense, 10.0.0.2"), ip("10.0.0.1"), "what stands before it is anybody's");
        assert_eq!(seen(ProxyHeader::XForwardedFor, "2001:db8:1:2:3::4", &[]), ip("2001:db8:1:2::"));
    }

    #[test]
    fn a_connection_is_its_visitors_unless_many_stand_behind_it() {
        let proxies = Proxies::new(&["10.0.0.0/8".parse().unwrap()], ProxyHeader::XForwardedFor);
        for (peer, visitor) in [
            ("10.0.0.1", None),
            ("::ffff:10.0.0.1", None),
            ("127.0.0.1", None),
            ("198.51.100.1", Some("198.51.100.1")),
            ("2001:db8:1:2:3::4", Some("2001:db8:1:2::")),
        ] {
            assert_eq!(proxies.visitor(ip(peer)), visitor.map(ip), "{peer}");
        }
    }

    #[test]
    fn a_proxy_that_comes_over_ipv6_is_the_same_proxy() {
        let value = [("x-forwarded-for", "203.0.113.9")];
        assert_eq!(seen(ProxyHeader::XForwardedFor, "::ffff:10.0.0.1", &value), ip("203.0.113.9"));
        assert_eq!(seen(ProxyHeader::XForwardedFor, "::ffff:198.51.100.1", &value), ip("198.51.100.1"));
    }

    #[test]
    fn only_the_header_that_the_proxy_writes_is_read() {
        let both = [("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=6.6.6.6;proto=https")];
        assert_eq!(seen(ProxyHeader::XForwardedFor, "10.0.0.1", &both), ip("203.0.113.9"));
        assert_eq!(seen(ProxyHeader::Forwarded, "10.0.0.1", &both), ip("6.6.6.6"));
        let two = [("forwarded", "for=6.6.6.6"), ("forwarded", "For=\"[2001:db8:1:2:3::4]:443\"; proto=http, for=10.0.0.2")];
        assert_eq!(seen(ProxyHeader::Forwarded, "10.0.0.1", &two), ip("2001:db8:1:2::"));
        assert_eq!(seen(ProxyHeader::Forwarded, "10.0.0.1", &[("forwarded", "for=6.6.6.6, for=unknown")]), ip("10.0.0.1"));
    }
}
