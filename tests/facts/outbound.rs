//! What other directories can do to our requests, and what they cannot.

mod inside;

use std::{
    io::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use fingerpost::outbound::{Answer, Ask, Error, Limits, Names, Outbound, Settings};
use rustls::pki_types::CertificateDer;
use url::Url;

use crate::support::peer::{HostilePeer, Reply, Seen};

/// A client that may ask the peers of these tests, which live on 127.0.0.1, and nobody beside them.
fn client() -> Outbound {
    client_with(Names::System, &[])
}

fn client_with(names: Names, roots: &[CertificateDer<'static>]) -> Outbound {
    let settings = Settings {
        allow_private: vec!["127.0.0.1/32".parse().unwrap()],
        user_agent: "fingerpost/0 (+https://directory.luton.example.org/)".to_owned(),
    };
    Outbound::with(settings, names, roots)
}

fn names(table: &'static [(&'static str, &'static str)]) -> Names {
    let find = |name: &str| table.iter().filter(|(known, _)| *known == name).map(|(_, ip)| ip.parse().unwrap()).collect();
    Names::Table(Arc::new(find))
}

/// Limits that tests can wait for.
fn quick() -> Limits {
    Limits {
        connect: Duration::from_secs(5),
        headers: Duration::from_millis(800),
        total: Duration::from_secs(20),
        min_rate: (4000, Duration::from_millis(500)),
        ..Limits::default()
    }
}

fn patient() -> Limits {
    Limits { headers: Duration::from_secs(20), min_rate: (0, Duration::from_secs(20)), ..quick() }
}

fn get(url: Url) -> Ask {
    Ask { limits: patient(), ..Ask::get(url) }
}

fn code(answer: &Result<Answer, Error>) -> &'static str {
    answer.as_ref().map_or_else(Error::code, |_| "ok")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packing = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packing.write_all(bytes).unwrap();
    packing.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

/// What is asked and how.
#[tokio::test]
async fn a_request_says_who_asks_and_carries_nothing_that_the_peer_gave_it() {
    let peer = HostilePeer::start(|_| Reply::json("{}").with("set-cookie", "track=me").with("etag", "\"1\"")).await;
    let client = client();
    let first = client.fetch(get(peer.url("/services?page=1#there"))).await.unwrap();
    assert_eq!((first.status, first.body.as_slice(), first.wire_bytes), (200, b"{}".as_slice(), 2));
    assert_eq!((first.url.as_str(), first.redirected), (peer.url("/services?page=1").as_str(), false));
    let again = Ask {
        if_none_match: first.header("etag").map(str::to_owned),
        headers: vec![("prefer", "wait=25".to_owned())],
        ..get(peer.url("/services"))
    };
    client.fetch(again).await.unwrap();
    let seen = peer.seen();
    assert_eq!(seen[0].path, "/services?page=1");
    assert_eq!(
        seen[1].headers,
        [
            ("prefer", "wait=25"),
            ("if-none-match", "\"1\""),
            ("host", &peer.address.to_string()),
            ("user-agent", "fingerpost/0 (+https://directory.luton.example.org/)"),
            ("accept", "application/json"),
            ("accept-encoding", "gzip, zstd"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
    assert_eq!(peer.connections(), 1, "the connection is used again");
    client.fetch(Ask { headers: vec![("range", "bytes=5-".to_owned())], ..get(peer.url("/snapshot")) }).await.unwrap();
    assert_eq!(peer.seen()[2].header("accept-encoding"), Some("identity"), "a part of something packed cannot be unpacked");
}

#[tokio::test]
async fn a_post_carries_json_on_a_connection_of_its_own() {
    let peer = HostilePeer::start(|_| Reply::status(202)).await;
    let client = client();
    client.fetch(get(peer.url("/"))).await.unwrap();
    let ping = Ask { body: Some(b"{\"head\":1}".to_vec()), ..get(peer.url("/ping")) };
    assert_eq!(client.fetch(ping).await.unwrap().status, 202);
    let Seen { connection, method, headers, body, .. } = peer.seen().pop().unwrap();
    assert_eq!((connection, method.as_str(), body.as_slice()), (2, "POST", b"{\"head\":1}".as_slice()));
    assert!(headers.contains(&("content-type".to_owned(), "application/json".to_owned())));
}

#[tokio::test]
async fn a_kept_connection_that_the_peer_has_closed_is_made_anew() {
    let peer = HostilePeer::start(|seen| match seen.path.as_str() {
        "/closes" if seen.connection == 1 => Reply::Raw(vec![]),
        _ => Reply::json("{}"),
    })
    .await;
    let client = client();
    client.fetch(get(peer.url("/"))).await.unwrap();
    assert_eq!(client.fetch(get(peer.url("/closes"))).await.unwrap().status, 200);
    assert_eq!(peer.seen().iter().map(|seen| seen.connection).collect::<Vec<_>>(), [1, 1, 2]);
}

#[tokio::test]
async fn every_status_is_an_answer() {
    let peer = HostilePeer::start(|seen| match seen.path.as_str() {
        "/304" => Reply::status(304).with("content-encoding", "gzip"),
        "/429" => Reply::status(429).with("retry-after", "120"),
        // A redirect that says not where to is an answer as well.
        path => Reply::status(path[1..].parse().unwrap()),
    })
    .await;
    let client = client();
    for status in [200, 204, 301, 304, 404, 410, 429, 500, 503] {
        let answer = client.fetch(get(peer.url(&format!("/{status}")))).await.unwrap();
        assert_eq!((answer.status, answer.body.len(), answer.redirected), (status, 0, false));
        let wait = answer.retry_after(DateTime::<Utc>::UNIX_EPOCH);
        assert_eq!(wait, (status == 429).then(|| Duration::from_mins(2)), "case 29");
    }
}

#[tokio::test]
async fn packed_answers_come_out_as_they_went_in() {
    let text = b"{\"name\": \"Lark Hill Community Pantry\"}".repeat(5000);
    let (one, two) = text.split_at(70_000);
    for (coding, packed) in [
        ("identity", text.clone()),
        ("gzip", gzip(&text)),
        ("X-GZip", gzip(&text)),
        ("gzip", [gzip(one), gzip(two)].concat()),
        ("zstd", zstd(&text)),
        ("zstd", [zstd(one), zstd(two)].concat()),
    ] {
        let (length, reply) = (packed.len() as u64, Reply::json(packed).with("content-encoding", coding));
        let peer = HostilePeer::start(move |_| reply.clone()).await;
        let answer = client().fetch(get(peer.url("/"))).await.unwrap();
        assert!(answer.body == text, "{coding}");
        assert_eq!(answer.wire_bytes, length, "{coding}");
    }
}

#[tokio::test]
async fn case_01_an_answer_that_is_cut_short_is_no_answer() {
    let text = b"{\"items\": [1, 2, 3]}".repeat(1000);
    let half = |bytes: &[u8]| bytes[..bytes.len() / 2].to_vec();
    let (packed, frames) = (gzip(&text), zstd(&text));
    let short = |body: Vec<u8>, coding: &str| {
        Reply::Short { promised: body.len() * 2, headers: vec![], body }.with("content-encoding", coding)
    };
    let chunked =
        |end: &str| Reply::Raw(format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n[1, 2\r\n{end}").into_bytes());
    let damaged = |at: usize| {
        let mut bytes = packed.clone();
        bytes[at] ^= 0xff;
        Reply::json(bytes).with("content-encoding", "gzip")
    };
    for (what, reply) in [
        ("plain", short(half(&text), "identity")),
        ("gzip", short(half(&packed), "gzip")),
        ("zstd", short(half(&frames), "zstd")),
        ("no chunk follows", chunked("")),
        ("a chunk is cut", chunked("5\r\n, 3")),
        ("a chunk has no size", chunked("x\r\n")),
        ("the head is cut", Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-le".to_vec())),
        ("there is no head", Reply::Raw(vec![])),
        // The frame of HTTP is whole, what is packed in it is not.
        ("half of a gzip", Reply::json(half(&packed)).with("content-encoding", "gzip")),
        ("half of a zstd", Reply::json(half(&frames)).with("content-encoding", "zstd")),
        ("a wrong checksum", damaged(packed.len() - 6)),
    ] {
        let peer = HostilePeer::start(move |_| reply.clone()).await;
        let answer = client().fetch(get(peer.url("/"))).await;
        assert_eq!(code(&answer), "truncated", "{what}");
        assert!(answer.unwrap_err().is_transport(), "{what}: it may well come whole the next time");
        assert_eq!(peer.seen().len(), 1, "{what}: whoever asks decides when to ask again");
    }
}

#[tokio::test]
async fn case_08_a_hundred_megabytes_stop_at_the_limit() {
    const PAGE: u64 = 100 << 20;
    let endless = HostilePeer::start(|_| Reply::Flood { head: b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), zeros: PAGE }).await;
    let mut largest = 0;
    let mut taken = 0;
    let answer = client()
        .stream(get(endless.url("/")), |bytes| {
            largest = largest.max(bytes.len());
            taken += bytes.len();
            Ok(())
        })
        .await;
    assert!(matches!(answer, Err(Error::TooLarge { limit: 8_388_608 })), "{answer:?}");
    assert!(!answer.unwrap_err().is_transport(), "asking again would bring the same");
    assert!(taken <= 8 << 20, "{taken}");
    assert!(largest <= 64 << 10, "{largest}");
    // What the sockets hold may be under way, too.
    assert!(endless.flooded() < PAGE / 3, "{}", endless.flooded());

    let honest = HostilePeer::start(|_| Reply::Flood {
        head: format!("HTTP/1.1 200 OK\r\ncontent-length: {PAGE}\r\n\r\n").into_bytes(),
        zeros: PAGE,
    })
    .await;
    let answer = client().fetch(get(honest.url("/"))).await;
    assert_eq!(code(&answer), "too-large", "a length over the limit is refused unread");

    for (what, length, expected) in [
        ("too much", "200", "truncated"),
        ("none at all", "many", "bad-headers"),
        ("two", "2\r\ncontent-length: 3", "bad-headers"),
    ] {
        let reply = Reply::Raw(format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n[]").into_bytes());
        let peer = HostilePeer::start(move |_| reply.clone()).await;
        assert_eq!(code(&client().fetch(get(peer.url("/"))).await), expected, "it promises {what}");
    }
}

#[tokio::test]
async fn case_08_what_comes_after_the_promised_length_is_not_taken_for_another_answer() {
    let forged = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged";
    let peer = HostilePeer::start(move |seen| match seen.path.as_str() {
        "/two" => Reply::Raw(format!("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]{forged}").into_bytes()),
        _ => Reply::json("{}"),
    })
    .await;
    let client = client();
    // As HTTP has it, what was promised is all. Half a document is no document for whoever reads it.
    assert_eq!(client.fetch(get(peer.url("/two"))).await.unwrap().body, b"[]");
    assert_eq!(client.fetch(get(peer.url("/next"))).await.unwrap().body, b"{}");
    assert_eq!(peer.paths(), ["/two", "/next"]);
}

/// The most memory this process has held, in kB.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
#[ignore = "run in a process of its own by case_08_memory_stays_bounded"]
async fn hostile_pages_in_a_process_of_their_own() {
    let member = gzip(&vec![0; 4 << 20]);
    let bomb = Reply::json(member.repeat(50)).with("content-encoding", "gzip");
    let small = Reply::json(gzip(b"[]")).with("content-encoding", "gzip");
    let peer = HostilePeer::start(move |seen| match seen.path.as_str() {
        "/bomb" => bomb.clone(),
        "/small" => small.clone(),
        _ => Reply::Flood { head: b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), zeros: 100 << 20 },
    })
    .await;
    // The program itself is read into memory as it is first used, and that is not what is measured.
    client().fetch(get(peer.url("/small"))).await.unwrap();
    let before = most_memory();
    for path in ["/flood", "/bomb", "/flood"] {
        client().fetch(get(peer.url(path))).await.unwrap_err();
    }
    let grown = most_memory() - before;
    println!("grown by {grown} kB");
    assert!(grown < 40 << 10, "{grown} kB");
}

/// Run one of these facts in a process of its own.
fn alone(fact: &str, environment: &[(&str, &str)]) {
    let program = std::env::current_exe().unwrap();
    let arguments = ["--exact", &format!("facts::outbound::{fact}"), "--include-ignored", "--nocapture"];
    let output = std::process::Command::new(program).args(arguments).envs(environment.iter().copied()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn case_08_memory_stays_bounded() {
    alone("hostile_pages_in_a_process_of_their_own", &[]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn proxies_of_the_environment_are_not_used() {
    let canary = HostilePeer::canary_on("127.0.0.1").await;
    let proxy = canary.url("/").to_string();
    let variables =
        ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"].map(|name| (name, proxy.as_str()));
    alone("a_request_says_who_asks_and_carries_nothing_that_the_peer_gave_it", &variables);
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn case_09_bombs_do_not_go_off() {
    let zeros = vec![0; 4 << 20];
    let (member, frame) = (gzip(&zeros), zstd(&zeros));
    assert!(member.len() < 8000 && frame.len() < 8000, "they are bombs");
    for (coding, body) in
        [("gzip", member.clone()), ("gzip", member.repeat(50)), ("zstd", frame.clone()), ("zstd", frame.repeat(50))]
    {
        let reply = Reply::json(body).with("content-encoding", coding);
        let peer = HostilePeer::start(move |_| reply.clone()).await;
        let mut taken = 0;
        let answer = client()
            .stream(get(peer.url("/")), |bytes| {
                taken += bytes.len();
                Ok(())
            })
            .await;
        assert_eq!(code(&answer), "bomb", "{coding}");
        assert!(!answer.unwrap_err().is_transport());
        assert!(taken < 14 << 20, "{coding}: {taken} bytes before it was stopped");
    }
    // Below the ratio, the size decides.
    let text = (0..40_000).map(|number: u32| number.to_string()).collect::<Vec<_>>().join(",");
    for (coding, body) in [("gzip", gzip(text.as_bytes())), ("zstd", zstd(text.as_bytes()))] {
        let reply = Reply::json(body).with("content-encoding", coding);
        let peer = HostilePeer::start(move |_| reply.clone()).await;
        let ask = |decoded| Ask { limits: Limits { decoded, ..patient() }, ..get(peer.url("/")) };
        let length = text.len() as u64;
        assert_eq!(code(&client().fetch(ask(length - 1)).await), "too-large", "{coding}");
        assert_eq!(code(&client().fetch(ask(length)).await), "ok", "{coding}");
    }
}

#[tokio::test]
async fn what_is_packed_otherwise_is_not_unpacked() {
    // A zstd frame that wants a window of 128 MiB, and has nothing in it.
    let wide = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x88, 0x01, 0x00, 0x00];
    for (coding, body) in [
        ("br", b"x".to_vec()),
        ("deflate", b"x".to_vec()),
        ("gzip, gzip", gzip(&gzip(b"{}"))),
        ("gzip", b"{\"not\": \"packed at all\"}".to_vec()),
        ("gzip", [gzip(b"{}"), b"and then something else".to_vec()].concat()),
        ("zstd", b"{\"not\": \"packed at all\"}".to_vec()),
        ("zstd", wide),
    ] {
        let reply = Reply::json(body).with("content-encoding", coding);
        let peer = HostilePeer::start(move |_| reply.clone()).await;
        assert_eq!(code(&client().fetch(get(peer.url("/"))).await), "bad-encoding", "{coding}");
    }
    let twice =
        HostilePeer::start(|_| Reply::json(gzip(b"{}")).with("content-encoding", "gzip").with("content-encoding", "gzip")).await;
    assert_eq!(code(&client().fetch(get(twice.url("/"))).await), "bad-encoding");
}

#[tokio::test]
async fn case_10_who_drips_is_not_waited_for() {
    const EVERY: Duration = Duration::from_millis(300);
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n".to_vec();
    let start = [head.clone(), b"[1, 2,".to_vec()].concat();
    let drip = |first: &[u8], rest: &[u8]| Reply::Drip { first: first.to_vec(), rest: rest.to_vec(), every: EVERY };
    let unhurried = Limits { min_rate: (0, Duration::from_secs(20)), total: Duration::from_millis(700), ..quick() };
    for (what, reply, limits, expected) in [
        ("says nothing", Reply::Stall(vec![]), quick(), "timeout"),
        ("drips its headers", drip(b"HTTP/1.1 200 OK\r\n", &head), quick(), "timeout"),
        ("sends one header a time and never ends", drip(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 ", &head), quick(), "timeout"),
        ("drips its body", drip(&head, &[b' '; 1000]), quick(), "too-slow"),
        ("stops in its body", Reply::Stall(start), quick(), "too-slow"),
        ("drips longer than everything may take", drip(&head, &[b' '; 1000]), unhurried, "timeout"),
    ] {
        let peer = HostilePeer::start(move |_| reply.clone()).await;
        let began = Instant::now();
        let answer = client().fetch(Ask { limits, ..get(peer.url("/")) }).await;
        assert_eq!(code(&answer), expected, "a peer that {what}: {answer:?}");
        assert!(answer.unwrap_err().is_transport());
        assert!(began.elapsed() < Duration::from_secs(5), "a peer that {what} took {:?}", began.elapsed());
    }
}

#[tokio::test]
async fn what_we_do_with_the_bytes_is_not_the_peers_slowness() {
    let peer = HostilePeer::start(|_| Reply::json(vec![b' '; 1000])).await;
    let limits = Limits { min_rate: (1_000_000, Duration::from_millis(200)), ..patient() };
    let slow = |_: &[u8]| {
        std::thread::sleep(Duration::from_millis(400));
        Ok(())
    };
    assert_eq!(code(&client().stream(Ask { limits, ..get(peer.url("/")) }, slow).await), "ok");
}

#[tokio::test]
async fn a_full_disk_is_not_the_peers_fault() {
    for reply in [Reply::json("{}"), Reply::json(gzip(b"{}")).with("content-encoding", "gzip")] {
        let peer = HostilePeer::start(move |_| reply.clone()).await;
        let full = |_: &[u8]| Err(std::io::Error::from(std::io::ErrorKind::StorageFull));
        let error = client().stream(get(peer.url("/")), full).await.unwrap_err();
        assert_eq!((error.code(), error.is_transport(), error.is_blocked()), ("io", false, false));
    }
}

#[tokio::test]
async fn heads_are_small_and_well_formed() {
    let long = |bytes: usize| Reply::json("{}").with("x-long", "a".repeat(bytes));
    let many = (0..200).fold(Reply::json("{}"), |reply, at| reply.with(&format!("x-{at}"), "a"));
    let fits = HostilePeer::start(move |_| long(30_000)).await;
    assert_eq!(code(&client().fetch(get(fits.url("/"))).await), "ok");
    for (what, reply) in [
        ("40 kB in one header", long(40_000)),
        ("a megabyte", long(1 << 20)),
        ("200 headers", many),
        ("not HTTP at all", Reply::Raw(b"SSH-2.0-OpenSSH_9.2p1\r\n\r\n".to_vec())),
        ("a folded header", Reply::Raw(b"HTTP/1.1 200 OK\r\nx: a\r\n b: c\r\n\r\n".to_vec())),
    ] {
        let peer = HostilePeer::start(move |_| reply.clone()).await;
        let answer = client().fetch(get(peer.url("/"))).await;
        assert_eq!(code(&answer), "bad-headers", "{what}: {answer:?}");
    }
}

#[tokio::test]
async fn where_nobody_is_nobody_answers() {
    let gone = HostilePeer::canary_on("127.0.0.1").await;
    let url = gone.url("/");
    drop(gone);
    tokio::task::yield_now().await;
    assert_eq!(code(&client().fetch(get(url)).await), "connect");
    let nowhere = client_with(names(&[]), &[]).fetch(get("https://neighbour.example.org/".parse().unwrap())).await;
    assert_eq!(code(&nowhere), "dns");
}
