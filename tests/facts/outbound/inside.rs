//! Who a peer has to be, and where no peer can send us: certificates, redirects and addresses.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use fingerpost::outbound::{Ask, Names, Outbound, Settings};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::CertificateDer;
use tokio_rustls::TlsAcceptor;
use url::Url;

use super::{client, client_with, code, get, names};
use crate::support::peer::{HostilePeer, Reply, Seen, self_signed, serving};

/// A certificate authority, and servers with certificates of it.
struct Authority {
    root: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = params.self_signed(&key).unwrap().der().clone();
        Self { root, issuer: Issuer::new(params, key) }
    }

    fn server(&self, name: &str, until: i32) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        serving(params.signed_by(&key, &self.issuer).unwrap().der().clone(), &key)
    }

    fn client(&self) -> Outbound {
        client_with(
            names(&[("neighbour.example.org", "127.0.0.1"), ("inside.example.org", "127.0.0.2")]),
            std::slice::from_ref(&self.root),
        )
    }
}

fn at_neighbour(peer: &HostilePeer, path: &str) -> Url {
    format!("https://neighbour.example.org:{}{path}", peer.address.port()).parse().unwrap()
}

#[tokio::test]
async fn case_27_a_certificate_must_be_valid_for_the_name_and_today() {
    let authority = Authority::new("Trusted");
    let script = |_: &Seen| Reply::json("{}");
    let good = HostilePeer::start_tls(authority.server("neighbour.example.org", 2100), script).await;
    let answer = authority.client().fetch(get(at_neighbour(&good, "/"))).await;
    assert_eq!(code(&answer), "ok", "a good one is taken: {answer:?}");
    assert_eq!(good.seen()[0].header("host"), Some(format!("neighbour.example.org:{}", good.address.port()).as_str()));

    for (what, server, reason) in [
        ("expired", authority.server("neighbour.example.org", 2021), "expired"),
        ("somebody else's", authority.server("neighbour.example.com", 2100), "not valid for name"),
        ("self-signed", self_signed("neighbour.example.org"), "UnknownIssuer"),
        ("of an unknown authority", Authority::new("Unknown").server("neighbour.example.org", 2100), "UnknownIssuer"),
    ] {
        let peer = HostilePeer::start_tls(server, script).await;
        let error = authority.client().fetch(get(at_neighbour(&peer, "/"))).await.unwrap_err();
        assert_eq!((error.code(), error.is_transport()), ("tls", true), "{what}");
        assert!(error.to_string().contains(reason), "{what}: {error}");
        assert!(peer.seen().is_empty(), "{what}: nothing is asked over it");
    }
    let plain = HostilePeer::start(script).await;
    assert_eq!(code(&authority.client().fetch(get(at_neighbour(&plain, "/"))).await), "tls", "no TLS at all");
    assert!(plain.seen().is_empty());
}

/// Ways of writing 127.0.0.2, where nothing is allowed.
fn ways_inside(port: u16) -> Vec<String> {
    [
        "127.0.0.2",
        "2130706434",
        "0x7f000002",
        "0x7F.0.0x2",
        "0177.0.0.2",
        "127.2",
        "[::ffff:127.0.0.2]",
        "[::ffff:7f00:2]",
        "inside.example.org",
    ]
    .map(|host| format!("http://{host}:{port}/latest/meta-data/"))
    .to_vec()
}

#[tokio::test]
async fn case_28_no_redirect_leads_inside() {
    let canary = HostilePeer::canary_on("127.0.0.2").await;
    let mut targets = ways_inside(canary.address.port());
    targets.extend(
        ["file:///etc/passwd", "ftp://neighbour.example.org/", "gopher://127.0.0.2:70/", "javascript:alert(1)", "http://[", "//"]
            .map(str::to_owned),
    );
    targets.push(format!("http://user:password@127.0.0.1:{}/", canary.address.port()));
    targets.push(format!("//127.0.0.2:{}/", canary.address.port()));
    targets.push(format!("http://neighbour.example.org/{}", "a".repeat(3000)));
    for status in [301, 302, 303, 307, 308] {
        for target in &targets {
            let reply = Reply::redirect(status, target.clone());
            let peer = HostilePeer::start(move |_| reply.clone()).await;
            for same_origin in [true, false] {
                let client = client_with(names(&[("inside.example.org", "127.0.0.2")]), &[]);
                let error = client.fetch(Ask { same_origin, ..get(peer.url("/")) }).await.unwrap_err();
                assert!(error.is_blocked(), "{status} to {target}: {error}");
            }
            assert_eq!(peer.paths(), ["/", "/"]);
        }
    }
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn case_28_no_address_and_no_name_leads_inside() {
    let canary = HostilePeer::canary_on("127.0.0.2").await;
    let client = client_with(names(&[("inside.example.org", "127.0.0.2")]), &[]);
    for url in ways_inside(canary.address.port()) {
        for url in [url.replace("http:", "https:"), url] {
            assert_eq!(code(&client.fetch(get(url.parse().unwrap())).await), "blocked-address", "{url}");
        }
    }
    // Nobody's network is named: not even http is spoken, whatever the system makes of the name.
    let here = HostilePeer::canary_on("127.0.0.1").await;
    let strict = Outbound::new(Settings { allow_private: vec![], user_agent: String::new() });
    let port = here.address.port();
    for url in [
        format!("http://127.0.0.1:{port}/"),
        format!("http://localhost:{port}/"),
        format!("https://localhost:{port}/"),
        "https://localhost/".to_owned(),
    ] {
        assert_eq!(code(&strict.fetch(get(url.parse().unwrap())).await), "blocked-address", "{url}");
    }
    assert_eq!((canary.connections(), here.connections()), (0, 0));
}

#[tokio::test]
async fn case_28_a_name_that_changes_its_mind_gains_nothing() {
    let canary = HostilePeer::canary_on("127.0.0.2").await;
    let peer = HostilePeer::start(|_| Reply::Raw(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}".to_vec())).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let rebinding = Names::Table(Arc::new({
        let asked = asked.clone();
        move |_: &str| -> Vec<IpAddr> {
            let honest = asked.fetch_add(1, Ordering::SeqCst) == 0;
            vec![if honest { "127.0.0.1" } else { "127.0.0.2" }.parse().unwrap()]
        }
    }));
    let client = client_with(rebinding, &[]);
    let url: Url = format!("http://neighbour.example.org:{}/", peer.address.port()).parse().unwrap();
    assert_eq!(code(&client.fetch(get(url.clone())).await), "ok");
    assert_eq!(asked.load(Ordering::SeqCst), 1, "what was judged is what is connected to");
    assert_eq!(code(&client.fetch(get(url)).await), "blocked-address");
    assert_eq!((asked.load(Ordering::SeqCst), canary.connections()), (2, 0));
}

#[tokio::test]
async fn case_28_redirects_are_few_and_stay_where_they_must() {
    let elsewhere = HostilePeer::start(|_| Reply::json("{}")).await;
    let away = elsewhere.url("/away").to_string();
    let peer = HostilePeer::start(move |seen| match seen.path.as_str() {
        "/elsewhere" => Reply::redirect(302, &away),
        "/relative" => Reply::redirect(308, "there?page=2#part"),
        "/loop" => Reply::redirect(302, "/loop"),
        path => match path[1..].parse::<u8>() {
            Ok(0) | Err(_) => Reply::json("{}"),
            Ok(left) => Reply::redirect(301, format!("/{}", left - 1)),
        },
    })
    .await;
    let client = client();
    let answer = client.fetch(get(peer.url("/relative"))).await.unwrap();
    assert_eq!((answer.url, answer.redirected), (peer.url("/there?page=2"), true));
    assert_eq!(code(&client.fetch(get(peer.url("/3"))).await), "ok");
    assert_eq!(code(&client.fetch(get(peer.url("/4"))).await), "redirect");
    assert_eq!(code(&client.fetch(get(peer.url("/loop"))).await), "redirect");
    assert_eq!(peer.paths().iter().filter(|path| *path == "/loop").count(), 4);

    assert_eq!(code(&client.fetch(get(peer.url("/elsewhere"))).await), "redirect", "another port is another origin");
    assert_eq!(elsewhere.connections(), 0);
    let anywhere = Ask { same_origin: false, headers: vec![("prefer", "wait=1".to_owned())], ..get(peer.url("/elsewhere")) };
    assert_eq!(client.fetch(anywhere).await.unwrap().url, elsewhere.url("/away"));
    assert_eq!(elsewhere.seen()[0].header("prefer"), None, "what was meant for one is not told to another");

    let post = Ask { body: Some(b"{}".to_vec()), same_origin: false, ..get(peer.url("/elsewhere")) };
    assert_eq!(code(&client.fetch(post).await), "redirect", "a request with a body is not redirected");
    assert_eq!(elsewhere.seen().len(), 1);
}

#[tokio::test]
async fn case_28_a_secure_peer_cannot_send_us_to_an_insecure_one() {
    let authority = Authority::new("Trusted");
    let plain = HostilePeer::canary_on("127.0.0.1").await;
    let target = plain.url("/").to_string();
    let peer =
        HostilePeer::start_tls(authority.server("neighbour.example.org", 2100), move |_| Reply::redirect(302, &target)).await;
    let ask = Ask { same_origin: false, ..get(at_neighbour(&peer, "/")) };
    assert_eq!(code(&authority.client().fetch(ask).await), "redirect");
    assert_eq!((peer.seen().len(), plain.connections()), (1, 0));
}
