//! What the client that goes out refuses (`tests/facts/outbound.rs`) costs a follower nothing but time: it stands where it
//! stood, has what it had, and asks again later.

use std::{io::Write as _, time::Duration};

use fingerpost::{
    federation::peers::{Cursor, Outcome, Peer, PeerState},
    model::Kind,
};

use crate::support::{
    liar::{Liar, id, service},
    network::{Node, fact_of_a_liar},
    peer::{HostilePeer, Reply, self_signed},
};

/// A pull of which nothing comes, for this reason.
async fn comes_to_nothing(here: &Node, peer: &Peer, code: &str) {
    let (before, stood) = (here.state(peer).await, here.peer(peer).await);
    let report = here.harvester().pull(peer.id, |_| {}).await.unwrap();
    assert_eq!((report.outcome, report.error.as_ref().map(|trouble| trouble.code.as_str())), (Outcome::Failed, Some(code)));
    assert_eq!((report.requests, report.pages, report.created + report.updated + report.deleted), (1, 0, 0), "{report:?}");
    assert_eq!(here.state(peer).await, before, "{code}: nothing has happened");
    let now = here.peer(peer).await;
    assert_eq!((&now.cursor, now.succeeded_at), (&stood.cursor, stood.succeeded_at), "{code}: we stand where we stood");
    assert_eq!((now.state, now.failures, now.problem), (PeerState::Following, stood.failures + 1, report.error));
    let (wait, longest) = ((now.next_due_at - here.app.clock.now()).num_seconds(), 60_i64 << stood.failures);
    assert!((10..=longest).contains(&wait), "{code}: {wait} seconds after {} failures", now.failures);
    let said = here.advice(peer).await;
    assert!(said.starts_with("It is tried again automatically"), "{said}");
}

/// A follower of three services, when there is a fourth one.
async fn has_news(here: &Node, liar: &Liar) -> Peer {
    let peer = here.follows_services_of(liar, 3).await;
    liar.tell(Kind::Service, id("service 9"), Some(service(9)));
    liar.lately();
    peer
}

/// The peer is honest again, and the follower goes on from where it stood, as if nothing had been.
async fn goes_on(here: &Node, liar: &Liar, peer: &Peer) {
    liar.repent();
    liar.lately();
    let report = here.pull(peer).await;
    assert_eq!((report.outcome, report.created, report.unchanged), (Outcome::Ok, 1, 0), "{report:?}");
    assert_eq!(liar.lately(), ["changes after 4", "changes after 5"]);
    let now = here.peer(peer).await;
    assert_eq!((now.failures, now.problem), (0, None));
}

fact_of_a_liar! {
    async fn case_08_a_page_of_a_hundred_megabytes_or_of_a_false_length_moves_nothing(here, liar) {
        const PAGE: u64 = 100 << 20;
        let peer = has_news(&here, &liar).await;
        let head = |length: &str| format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{length}\r\n").into_bytes();
        let promised = format!("content-length: {PAGE}\r\n");
        for (reply, code) in [
            (Reply::Flood { head: head(""), zeros: PAGE }, "too-large"),
            (Reply::Flood { head: head(&promised), zeros: PAGE }, "too-large"),
            (Reply::Raw([head("content-length: 2000\r\n"), b"{\"items\": []".to_vec()].concat()), "truncated"),
            (Reply::Raw([head("content-length: 2\r\ncontent-length: 3\r\n"), b"{}".to_vec()].concat()), "bad-headers"),
        ] {
            liar.twist(move |_, _| reply.clone());
            comes_to_nothing(&here, &peer, code).await;
            assert_eq!(liar.lately(), ["changes after 4"]);
        }
        assert!(liar.peer.flooded() < PAGE / 2, "{} bytes were taken of two hundred megabytes", liar.peer.flooded());
        goes_on(&here, &liar, &peer).await;
    }
}

fact_of_a_liar! {
    async fn case_09_a_bomb_moves_nothing(here, liar) {
        let peer = has_news(&here, &liar).await;
        let zeros = vec![0; 4 << 20];
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(&zeros).unwrap();
        for (coding, packed) in [("gzip", gzip.finish().unwrap()), ("zstd", zstd::encode_all(zeros.as_slice(), 3).unwrap())] {
            let bomb = Reply::json(packed.repeat(50)).with("content-encoding", coding);
            liar.twist(move |_, _| bomb.clone());
            comes_to_nothing(&here, &peer, "bomb").await;
            assert_eq!(liar.lately(), ["changes after 4"], "{coding}");
        }
        goes_on(&here, &liar, &peer).await;
    }
}

fact_of_a_liar! {
    async fn case_10_who_does_not_begin_to_answer_or_drips_moves_nothing(here, liar) {
        let dripping = Liar::start().await;
        let (silent, slow) = (has_news(&here, &liar).await, has_news(&here, &dripping).await);
        liar.twist(|_, _| Reply::Stall(Vec::new()));
        let first = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n".to_vec();
        let drip = Reply::Drip { first, rest: vec![b' '; 1_000], every: Duration::from_millis(300) };
        dripping.twist(move |_, _| drip.clone());
        let began = std::time::Instant::now();
        tokio::join!(comes_to_nothing(&here, &silent, "timeout"), comes_to_nothing(&here, &slow, "too-slow"));
        assert!(began.elapsed() < Duration::from_secs(50), "{:?}", began.elapsed());
        for (liar, peer) in [(&liar, &silent), (&dripping, &slow)] {
            assert_eq!(liar.lately(), ["changes after 4"]);
            goes_on(&here, liar, peer).await;
        }
    }
}

fact_of_a_liar! {
    async fn case_27_a_certificate_that_nobody_vouches_for_moves_nothing_and_no_other_way_is_tried(here, liar) {
        let peer = has_news(&here, &liar).await;
        let stood = here.peer(&peer).await.cursor;
        // Its address, as if it had always been a secure one.
        let secure = HostilePeer::start_tls(self_signed("127.0.0.1"), |_| Reply::json("{}")).await;
        let next = stood.next.as_ref().unwrap();
        let there = secure.url(&format!("{}?{}", next.path(), next.query().unwrap()));
        here.stands_at(&peer, &Cursor { next: Some(there), ..stood.clone() }).await;
        for _ in 0..2 {
            comes_to_nothing(&here, &peer, "tls").await;
        }
        assert!(secure.connections() >= 2 && secure.seen().is_empty(), "nothing is asked over it");
        assert_eq!(liar.lately(), Vec::<String>::new(), "nor anybody else");
        here.stands_at(&peer, &stood).await;
        goes_on(&here, &liar, &peer).await;
    }
}
