//! Which addresses we ask. A peer chooses its own name and what that name leads to, so a name says
//! nothing: the address that is connected to is judged, after every way of writing it is gone.

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, LazyLock},
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use url::{Host, Url};

use super::error::{Error, quoted};

/// Longer addresses are refused, in bytes.
const LONGEST_URL: usize = 2048;
/// Ports on which directories are asked outside of `allow_private`.
const PORTS: [u16; 2] = [443, 8443];
/// Addresses of one name that are tried.
const ADDRESSES: usize = 8;

/// IPv4 networks that are nobody's directory. Source: the IANA special-purpose registry.
static DENIED_V4: LazyLock<Vec<(Ipv4Net, &str)>> = LazyLock::new(|| {
    [
        ("0.0.0.0/8", "this machine"),
        ("10.0.0.0/8", "a private network"),
        ("100.64.0.0/10", "a provider's inner network"),
        ("127.0.0.0/8", "this machine"),
        // Azure's platform answers every virtual machine there, and it is not in the registry.
        ("168.63.129.16/32", "a cloud platform's inner service"),
        ("169.254.0.0/16", "the local link, where clouds hand out credentials"),
        ("172.16.0.0/12", "a private network"),
        ("192.0.0.0/24", "reserved for protocols"),
        ("192.0.2.0/24", "for documentation"),
        ("192.88.99.0/24", "a relay between IPv4 and IPv6"),
        ("192.168.0.0/16", "a private network"),
        ("198.18.0.0/15", "for measurements"),
        ("198.51.100.0/24", "for documentation"),
        ("203.0.113.0/24", "for documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    ]
    .map(|(net, what)| (net.parse().expect("a network"), what))
    .to_vec()
});

/// IPv6 networks inside of `2000::/3`, where the world is, that are nobody's directory.
static DENIED_V6: LazyLock<Vec<(Ipv6Net, &str)>> = LazyLock::new(|| {
    [
        ("2001::/23", "Teredo, or reserved for protocols"),
        ("2001:db8::/32", "for documentation"),
        ("2002::/16", "a 6to4 tunnel"),
        ("3fff::/20", "for documentation"),
    ]
    .map(|(net, what)| (net.parse().expect("a network"), what))
    .to_vec()
});

/// What a name leads to.
type Table = dyn Fn(&str) -> Vec<IpAddr> + Send + Sync;

/// Where the addresses of names come from.
#[derive(Clone, Default)]
pub enum Names {
    /// The system's resolver.
    #[default]
    System,
    /// A table. For tests: a name may lead elsewhere each time it is asked for.
    Table(Arc<Table>),
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::Table(_) => "Table",
        })
    }
}

impl Names {
    async fn find(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        match self {
            Self::System => Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect()),
            Self::Table(find) => Ok(find(host)),
        }
    }
}

/// On which side of the door an address lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// The public internet.
    World,
    /// A network that the operator has named.
    Private,
}

impl Reach {
    /// Whether a peer on the side `from` may send us here: the operator has named the private networks
    /// for the peers in them, not for everybody's redirects.
    pub(super) fn is_open_to(self, from: Option<Self>) -> bool {
        self == Self::World || from != Some(Self::World)
    }
}

/// The rules.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    pub(super) allow_private: Vec<IpNet>,
    pub(super) names: Names,
}

impl Guard {
    /// Everything about `url` that can be judged before a name is looked up.
    pub(super) fn check(&self, url: &Url) -> Result<(), Error> {
        let bad = |why| {
            let mut shown = url.clone();
            // Fails only for addresses that cannot have one.
            let _ = shown.set_password(None);
            let _ = shown.set_username("");
            Err(Error::BadUrl { url: quoted(shown.as_str()), why })
        };
        if !matches!(url.scheme(), "https" | "http") {
            return bad("it does not start with https:// or http://");
        }
        if url.as_str().len() > LONGEST_URL {
            return bad("it is longer than 2048 bytes");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return bad("it contains a user name or password");
        }
        match url.host() {
            None => bad("it has no host name"),
            Some(Host::Ipv4(ip)) => self.judge(url, ip.into()).map(drop),
            Some(Host::Ipv6(ip)) => self.judge(url, ip.into()).map(drop),
            // A name may yet lead into a network that the operator has named, if there is one.
            Some(Host::Domain(_)) if !self.allow_private.is_empty() => Ok(()),
            Some(Host::Domain(_)) => self.judge_port(url).map(drop),
        }
    }

    /// Where to connect to for `url`: only there, so that a name cannot lead elsewhere afterwards.
    pub(super) async fn addresses(&self, url: &Url) -> Result<(Reach, Vec<SocketAddr>), Error> {
        self.check(url)?;
        let found = match url.host() {
            Some(Host::Ipv4(ip)) => vec![ip.into()],
            Some(Host::Ipv6(ip)) => vec![ip.into()],
            Some(Host::Domain(name)) => {
                let failed = |why: String| Error::Dns { host: quoted(name), why };
                let found = self.names.find(name).await.map_err(|error| failed(error.to_string()))?;
                if found.is_empty() {
                    return Err(failed("it has none".to_owned()));
                }
                found
            }
            None => Vec::new(),
        };
        let mut refused = None;
        let mut reached = Vec::new();
        for ip in found {
            match self.judge(url, ip) {
                Ok(reach) => reached.push((reach, ip)),
                Err(error) => refused = Some(error),
            }
        }
        // A name that leads both ways is taken to mean the world, whatever the order.
        let reach = if reached.iter().any(|(reach, _)| *reach == Reach::World) { Reach::World } else { Reach::Private };
        let port = url.port_or_known_default().unwrap_or_default();
        let addresses: Vec<_> = reached
            .into_iter()
            .filter(|(side, _)| *side == reach)
            .map(|(_, ip)| SocketAddr::new(ip, port))
            .take(ADDRESSES)
            .collect();
        match refused {
            Some(refused) if addresses.is_empty() => Err(refused),
            _ => Ok((reach, addresses)),
        }
    }

    fn judge(&self, url: &Url, ip: IpAddr) -> Result<Reach, Error> {
        let ip = ip.to_canonical();
        if self.allow_private.iter().any(|net| net.contains(&ip)) {
            return Ok(Reach::Private);
        }
        if let Some(what) = denied(ip) {
            return Err(Error::Blocked { url: url.clone(), why: format!("{ip} is {what}") });
        }
        self.judge_port(url)
    }

    fn judge_port(&self, url: &Url) -> Result<Reach, Error> {
        let port = url.port_or_known_default().unwrap_or_default();
        if url.scheme() == "https" && PORTS.contains(&port) {
            return Ok(Reach::World);
        }
        let why = match self.allow_private.as_slice() {
            [] => "only https on port 443 or 8443 is allowed".to_owned(),
            _ => "only https on port 443 or 8443 is allowed outside the networks in allow_private_peers".to_owned(),
        };
        Err(Error::Blocked { url: url.clone(), why })
    }
}

/// What the network is that makes `ip` nobody's directory.
fn denied(ip: IpAddr) -> Option<&'static str> {
    match ip {
        IpAddr::V4(ip) => DENIED_V4.iter().find(|(net, _)| net.contains(&ip)).map(|(_, what)| *what),
        IpAddr::V6(ip) => match behind_nat64(ip) {
            Some(ip) => denied(ip.into()),
            None if ip.segments()[0] & 0xe000 != 0x2000 => Some("not a public address"),
            None => DENIED_V6.iter().find(|(net, _)| net.contains(&ip)).map(|(_, what)| *what),
        },
    }
}

/// The IPv4 address that a NAT64 gateway takes `ip` for (`64:ff9b::/96`, RFC 6052).
fn behind_nat64(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let [0x64, 0xff9b, 0, 0, 0, 0, high, low] = ip.segments() else { return None };
    Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn guard(allow_private: &[&str]) -> Guard {
        Guard { allow_private: allow_private.iter().map(|net| net.parse().unwrap()).collect(), names: Names::System }
    }

    fn said(guard: &Guard, url: &str) -> Option<(&'static str, String)> {
        guard.check(&url.parse().unwrap()).err().map(|error| (error.code(), error.to_string()))
    }

    #[test]
    fn the_world_is_asked_over_https_on_two_ports() {
        let guard = guard(&[]);
        for open in [
            "https://neighbour.example.org/a?b",
            "https://neighbour.example.org:8443/",
            "https://81.2.69.142/",
            "https://[2a00:1450::1]/",
        ] {
            assert_eq!(said(&guard, open), None, "{open}");
        }
        for (closed, code) in [
            ("http://neighbour.example.org/", "blocked-address"),
            ("https://neighbour.example.org:22/", "blocked-address"),
            ("http://neighbour.example.org:443/", "blocked-address"),
            ("https://user@neighbour.example.org/", "bad-url"),
            ("ftp://neighbour.example.org/", "bad-url"),
            ("file:///etc/passwd", "bad-url"),
            ("data:text/plain,x", "bad-url"),
        ] {
            assert_eq!(said(&guard, closed).unwrap().0, code, "{closed}");
        }
        assert_eq!(said(&guard, &format!("https://neighbour.example.org/{}", "a".repeat(2048))).unwrap().0, "bad-url");
        let secret = said(&guard, "https://user:hunter2@neighbour.example.org/").unwrap().1;
        assert_eq!(secret, "\"https://neighbour.example.org/\" cannot be fetched: it contains a user name or password");
    }

    #[test]
    fn a_named_network_is_open_and_its_neighbours_are_not() {
        let guard = guard(&["10.20.0.0/16", "fd00:20::/32"]);
        for open in
            ["http://10.20.3.4:9200/", "https://[::ffff:10.20.3.4]/", "http://[fd00:20::1]:8080/", "http://inside.example.org/"]
        {
            assert_eq!(said(&guard, open), None, "{open}");
        }
        for closed in [
            "http://10.21.0.1/",
            "https://10.21.0.1/",
            "http://127.0.0.1/",
            "https://[fd00:21::1]/",
            "http://81.2.69.142/",
            "https://[64:ff9b::10.20.3.4]/",
        ] {
            assert_eq!(said(&guard, closed).unwrap().0, "blocked-address", "{closed}");
        }
    }

    #[test]
    fn a_private_network_is_for_its_own_peers_not_for_redirects_from_the_world() {
        assert!(!Reach::Private.is_open_to(Some(Reach::World)));
        assert!(Reach::Private.is_open_to(Some(Reach::Private)) && Reach::Private.is_open_to(None));
        assert!(Reach::World.is_open_to(Some(Reach::Private)));
    }

    #[tokio::test]
    async fn only_the_public_addresses_of_a_name_are_connected_to() {
        let leads_to = |addresses: &'static [&'static str]| {
            let guard = Guard {
                allow_private: vec!["10.20.0.0/16".parse().unwrap()],
                names: Names::Table(Arc::new(|_| addresses.iter().map(|ip| ip.parse().unwrap()).collect())),
            };
            async move {
                let found = guard.addresses(&"https://neighbour.example.org/".parse().unwrap()).await;
                found
                    .map(|(reach, found)| (reach, found.iter().map(ToString::to_string).collect::<Vec<_>>()))
                    .map_err(|error| error.code())
            }
        };
        let world = |address: &str| Ok((Reach::World, vec![format!("{address}:443")]));
        assert_eq!(leads_to(&["127.0.0.1", "81.2.69.142", "::1", "fe80::1"]).await, world("81.2.69.142"));
        assert_eq!(leads_to(&["10.20.0.1", "81.2.69.142"]).await, world("81.2.69.142"), "the world goes first");
        assert_eq!(leads_to(&["10.20.0.1"]).await, Ok((Reach::Private, vec!["10.20.0.1:443".to_owned()])));
        assert_eq!(leads_to(&["169.254.169.254", "::ffff:10.0.0.1"]).await, Err("blocked-address"));
        assert_eq!(leads_to(&[]).await, Err("dns"));
    }

    /// `number` as web addresses may write a part of an IPv4 address.
    fn number(number: u64, base: u8) -> String {
        match base % 5 {
            0 => number.to_string(),
            1 => format!("0x{number:x}"),
            2 => format!("0X{number:08X}"),
            3 => format!("0{number:o}"),
            _ => format!("0000{number:o}"),
        }
    }

    /// `ip` in one of the ways in which it can be written, and in one of its IPv6 disguises.
    fn spelled(ip: Ipv4Addr, parts: u32, bases: [u8; 4], way: u8) -> String {
        let bits = u64::from(ip.to_bits());
        // The last part takes what the others leave.
        let mut text: Vec<String> = (0..parts - 1).map(|at| number(bits >> (24 - 8 * at) & 0xff, bases[at as usize])).collect();
        text.push(number(bits & ((1 << (8 * (5 - parts))) - 1), bases[3]));
        let text = text.join(".");
        let [a, b, c, d] = ip.octets();
        let (high, low) = (bits >> 16, bits & 0xffff);
        match way % 12 {
            0 => text,
            1 => format!("{text}."),
            2 => text.chars().map(|c| if c.is_ascii_digit() { char::from_u32(c as u32 + 0xfee0).unwrap() } else { c }).collect(),
            3 => text.replace('.', "\u{3002}"),
            4 => text.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02x}")),
            5 => format!("[::ffff:{a}.{b}.{c}.{d}]"),
            6 => format!("[0:0:0:0:0:FFFF:{high:04X}:{low:x}]"),
            7 => format!("[64:ff9b::{high:x}:{low:x}]"),
            8 => format!("[2002:{high:x}:{low:x}::1]"),
            9 => format!("[2001:0:5102:458e::{:x}:{:x}]", high ^ 0xffff, low ^ 0xffff),
            10 => format!("[::{a}.{b}.{c}.{d}]"),
            _ => format!("[64:ff9b:1::{high:x}:{low:x}]"),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn case_28_no_spelling_of_a_denied_address_passes(
            (net, host) in (0..DENIED_V4.len(), any::<u32>()),
            parts in 1_u32..=4,
            bases: [u8; 4],
            way: u8,
        ) {
            let net = DENIED_V4[net].0;
            let ip = Ipv4Addr::from_bits(net.network().to_bits() | (host & net.hostmask().to_bits()));
            let text = format!("https://{}/", spelled(ip, parts, bases, way));
            let url = Url::parse(&text).unwrap();
            // A name would go to the resolver, and who knows what it makes of numbers.
            prop_assert!(!matches!(url.host(), Some(Host::Domain(_))), "{}", url);
            let blocked = guard(&[]).check(&url).unwrap_err();
            prop_assert_eq!(blocked.code(), "blocked-address", "{} is {}", text, url);
            // Nor does another opening let it through.
            prop_assert!(guard(&["81.2.69.0/24"]).check(&url).is_err());
        }

        #[test]
        fn case_28_no_ipv6_address_outside_of_the_world_passes(bits: u128) {
            let ip = Ipv6Addr::from_bits(bits);
            let public = ip.segments()[0] & 0xe000 == 0x2000;
            let passes = guard(&[]).check(&Url::parse(&format!("https://[{ip}]/")).unwrap()).is_ok();
            prop_assert!(public || !passes, "{}", ip);
        }
    }
}
