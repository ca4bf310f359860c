//! Snapshots that are no good: whoever begins with nothing reads the feed then, and has everything in the end.

use fingerpost::{
    federation::{
        neighbours::Wanted,
        peers::{Outcome, Peer, Report, Trust},
        snapshot::SNAPSHOT,
    },
    model::Kind,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::guards::{club_there, hall};
use crate::support::{
    liar::{BEGAN, Liar, Told, id},
    network::{Node, fact_of_a_liar},
    peer::{Reply, Seen},
};

/// Services that the liar has, more than it takes for a snapshot to be worth while, and its records in all.
const SERVICES: usize = 600;
const RECORDS: i64 = 601;

/// What a directory does about a request.
type Answers = Box<dyn Fn(&Seen) -> Reply + Send + Sync>;

/// Everything that a directory tells, in one file.
fn file_of(liar: &Liar) -> Vec<u8> {
    let mut lines: Vec<String> = liar.items().iter().map(Value::to_string).collect();
    lines.push(json!({"end": true, "count": lines.len()}).to_string());
    zstd::encode_all(format!("{}\n", lines.join("\n")).as_bytes(), 3).unwrap()
}

/// What a directory says of such a file; `change` is made before it signs that.
fn pointer_to(liar: &Liar, file: &[u8], change: impl FnOnce(&mut Value)) -> Value {
    let mut said = json!({
        "origin": liar.url(), "url": liar.peer.url("/federation/v1/snapshots/all.ndjson.zst"), "epoch": "first",
        "seq": BEGAN + RECORDS, "records": RECORDS, "bytes": file.len(), "sha256": hex::encode(Sha256::digest(file)),
        "issued": "2026-11-22T12:00:00Z"
    });
    change(&mut said);
    liar.seal(SNAPSHOT, said)
}

/// The part of a file that was asked for.
fn part(file: &[u8], seen: &Seen) -> Reply {
    let range = seen.header("range").and_then(|range| range.strip_prefix("bytes=")?.split_once('-')).unwrap();
    let (from, to): (usize, usize) = (range.0.parse().unwrap(), range.1.parse().unwrap());
    let headers = vec![("content-type".to_owned(), "application/zstd".to_owned())];
    Reply::Full { status: 206, headers, body: file[from..file.len().min(to + 1)].to_vec() }
}

/// Serve this as the snapshot, and the feed as it is, or not at all.
fn serve(liar: &Liar, pointer: Reply, file: impl Fn(&Seen) -> Reply + Send + Sync + 'static, feed: bool) {
    let address = liar.peer.url("/federation/v1/snapshot");
    liar.twist(move |seen, mut said| match seen.path.as_str() {
        "/.well-known/open-directory" => {
            said["snapshot"] = json!(address);
            Reply::json(said.to_string())
        }
        "/federation/v1/snapshot" => pointer.clone(),
        "/federation/v1/snapshots/all.ndjson.zst" => file(seen),
        _ if feed => Reply::json(said.to_string()),
        _ => Reply::status(503),
    });
}

/// Follow a directory of many records, of which nothing is here yet.
async fn begins(here: &Node, liar: &Liar) -> Peer {
    liar.tell_services(SERVICES);
    here.follows(&liar.url(), Trust::Auto).await
}

/// Everything is here, each once and under its number, and came by the feed in the end.
async fn everything_came_by_the_feed(here: &Node, liar: &Liar, peer: &Peer, report: &Report, asked_before: &[&str]) {
    assert_eq!((report.outcome, report.created, report.quarantined, &report.error), (Outcome::Ok, 601, 0, &None), "{report:?}");
    assert_eq!(report.left_out.get("snapshot"), None, "it was not taken over");
    let feed = ["changes", "changes after 500", "changes after 601"];
    assert_eq!(liar.lately(), [asked_before, &feed].concat());
    let state = here.state(peer).await;
    let mut numbers: Vec<i64> = state.known.iter().filter(|row| row.live && row.own_item).map(|row| row.rev - BEGAN).collect();
    numbers.sort_unstable();
    assert_eq!((numbers, state.records.len()), ((1..=RECORDS).collect(), 601));
    assert_eq!((state.quarantined, state.held, state.proposals), (vec![], vec![], vec![]));
    assert_eq!((state.peer.cursor.after, state.peer.cursor.epoch.as_deref()), (BEGAN + RECORDS, Some("first")));
    assert_eq!(here.services().await.len(), SERVICES);
}

fact_of_a_liar! {
    async fn a_snapshot_of_which_nothing_can_be_had_is_left_for_the_feed(here, liar) {
        let peer = begins(&here, &liar).await;
        let before = here.state(&peer).await;
        let file = file_of(&liar);
        let good = pointer_to(&liar, &file, |_| {});
        let says = |said: &Value| Reply::json(said.to_string());
        let mut forged = good.clone();
        forged["seq"] = json!(BEGAN + 1);
        let large = pointer_to(&liar, &file, |said| said["bytes"] = json!((2_u64 << 30) + 1));
        let elsewhere = pointer_to(&liar, &file, |said| said["url"] = json!("http://127.0.0.2:9/all.ndjson.zst"));
        let bomb = zstd::encode_all(vec![b'x'; 64 << 20].as_slice(), 3).unwrap();
        let to_bomb = pointer_to(&liar, &bomb, |_| {});
        let whole = file.clone();
        let (only_pointer, with_file) = (&["open-directory", "snapshot"][..], &["open-directory", "snapshot", "all.ndjson.zst"][..]);
        let half = move |seen: &Seen| part(&whole[..whole.len() / 2], seen);
        let broken: [(&str, Reply, Answers, &[&str]); 7] = [
            ("is being made", Reply::status(503), Box::new(|_| Reply::status(404)), only_pointer),
            ("is not there", Reply::status(404), Box::new(|_| Reply::status(404)), only_pointer),
            ("is not the one that was signed", says(&forged), Box::new(|_| Reply::status(404)), only_pointer),
            ("is larger than anything that is fetched", says(&large), Box::new(|_| Reply::status(404)), only_pointer),
            ("is somewhere else", says(&elsewhere), Box::new(|_| Reply::status(404)), only_pointer),
            ("has lost its file", says(&good), Box::new(|_| Reply::status(404)), with_file),
            ("is a bomb", says(&to_bomb), Box::new(move |seen| part(&bomb, seen)), with_file),
        ];
        for (what, pointer, file, asked) in broken {
            serve(&liar, pointer, file, false);
            liar.lately();
            let report = here.pull(&peer).await;
            assert_eq!((report.outcome, report.created, report.error.unwrap().code.as_str()), (Outcome::Failed, 0, "bad-status"), "one that {what}");
            assert_eq!(liar.lately(), [asked, &["changes"]].concat(), "one that {what}");
            assert_eq!(here.state(&peer).await, before, "one that {what}");
        }
        // Less comes than was asked for, and this time the feed answers.
        serve(&liar, says(&good), half, true);
        let report = here.pull(&peer).await;
        everything_came_by_the_feed(&here, &liar, &peer, &report, with_file).await;
    }
}

fact_of_a_liar! {
    async fn a_snapshot_whose_hash_is_another_is_not_believed_though_each_of_its_records_is(here, liar) {
        let peer = begins(&here, &liar).await;
        let file = file_of(&liar);
        let pointer = pointer_to(&liar, &file, |said| said["sha256"] = json!("0".repeat(64)));
        serve(&liar, Reply::json(pointer.to_string()), move |seen| part(&file, seen), true);
        liar.lately();
        let report = here.pull(&peer).await;
        everything_came_by_the_feed(&here, &liar, &peer, &report, &["open-directory", "snapshot", "all.ndjson.zst"]).await;
    }
}

fact_of_a_liar! {
    async fn a_snapshot_that_was_cut_off_leaves_the_rest_to_the_feed(here, liar) {
        let peer = begins(&here, &liar).await;
        let mut file = file_of(&liar);
        file.truncate(file.len() / 2);
        let pointer = pointer_to(&liar, &file, |_| {});
        serve(&liar, Reply::json(pointer.to_string()), move |seen| part(&file, seen), true);
        liar.lately();
        let report = here.pull(&peer).await;
        assert!(report.unchanged > 0 && report.unchanged < 601, "some came with the file, and again by the feed: {report:?}");
        everything_came_by_the_feed(&here, &liar, &peer, &report, &["open-directory", "snapshot", "all.ndjson.zst"]).await;
    }
}

fact_of_a_liar! {
    async fn the_pieces_of_a_snapshot_do_not_use_up_the_pages_of_a_pull(here, liar) {
        let peer = begins(&here, &liar).await;
        let file = file_of(&liar);
        let pointer = pointer_to(&liar, &file, |_| {});
        serve(&liar, Reply::json(pointer.to_string()), move |seen| part(&file, seen), true);
        // Four of them change after it was made.
        liar.tell_services(3);
        let report = here.harvester().with_most_pages(2).pull(peer.id, |_| {}).await.unwrap();
        assert_eq!((report.outcome, report.left_out.get("snapshot")), (Outcome::Ok, Some(&1)), "{report:?}");
        assert_eq!(report.pages, 2, "what came after the file was made, and the end: {report:?}");
        here.app.follow().await;
        assert_eq!(here.services().await.len(), SERVICES);
    }
}

fact_of_a_liar! {
    async fn a_snapshot_that_tells_of_a_record_twice_is_left_for_the_feed(here, liar) {
        let peer = begins(&here, &liar).await;
        liar.edit(|told| {
            let first = told.iter().find(|told| told.id == id("service 0")).unwrap().clone();
            told.push(Told { rev: BEGAN + RECORDS + 1, data: None, ..first });
        });
        let file = file_of(&liar);
        let pointer = pointer_to(&liar, &file, |said| {
            said["records"] = json!(RECORDS + 1);
            said["seq"] = json!(BEGAN + RECORDS + 1);
        });
        serve(&liar, Reply::json(pointer.to_string()), move |seen| part(&file, seen), true);
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.quarantined, report.left_out.get("snapshot")), (Outcome::Ok, 0, None), "{report:?}");
        let state = here.state(&peer).await;
        let gone: Vec<i64> = state.known.iter().filter(|row| !row.live).map(|row| row.rev - BEGAN).collect();
        assert_eq!((gone, state.peer.cursor.after - BEGAN), (vec![RECORDS + 1], RECORDS + 1));
        assert_eq!(here.services().await.len(), SERVICES - 1, "the one that has gone is not among them");
    }
}

fact_of_a_liar! {
    async fn a_place_in_one_piece_of_a_snapshot_decides_about_a_club_in_the_next(here, liar) {
        liar.tell_services(0);
        let numbers = 0..300;
        let postcode = |number: usize| if number.is_multiple_of(2) { "LU1 2AA" } else { "MK45 2AB" };
        for number in numbers.clone() {
            liar.tell(Kind::Location, id(&format!("place {number}")), Some(hall(number, postcode(number))));
        }
        for number in numbers {
            liar.tell(Kind::Service, id(&format!("service {number}")), Some(club_there(number)));
        }
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        let wanted = Wanted { postcodes: vec!["MK45".to_owned()], ..Wanted::default() };
        here.harvester().scope_peer("1", wanted).await.unwrap();
        let file = file_of(&liar);
        let pointer = pointer_to(&liar, &file, |_| {});
        serve(&liar, Reply::json(pointer.to_string()), move |seen| part(&file, seen), true);
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.left_out.get("snapshot")), (Outcome::Ok, Some(&1)), "{report:?}");
        assert_eq!((report.left_out.get("out-of-scope"), report.deleted), (Some(&150), 0), "no other club was taken: {report:?}");
        assert_eq!(here.services().await.len(), 150);
    }
}
