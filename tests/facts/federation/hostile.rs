//! A peer that lies, breaks off, floods and forges. The numbers are those of section 4 of the protocol
//! (`docs/federation.md` has the table). Each fact looks at everything that can be seen before and after.

use std::sync::atomic::{AtomicUsize, Ordering};

use fingerpost::{
    federation::{
        neighbours::Wanted,
        peers::{self, Outcome, Peer, PeerState, Trust},
    },
    model::Kind,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{
    On,
    liar::{BEGAN, Liar, id, organization, service},
    network::{Node, fact_of_a_liar},
    peer::{HostilePeer, Reply, Seen},
};

/// What is changed in each item before it is sent.
type Tampers = fn(&mut Value);

fn is_feed(seen: &Seen) -> bool {
    seen.path.contains("/changes")
}

/// Follow a liar that tells an organisation and three services, and pull once.
async fn three_services(here: &Node, liar: &Liar) -> Peer {
    liar.tell_services(3);
    let peer = here.follows(&liar.url(), Trust::Auto).await;
    let report = here.pull(&peer).await;
    assert_eq!((report.outcome, report.created, report.error), (Outcome::Ok, 4, None));
    peer
}

/// Pull from a peer that lies now: nothing here may change, it is asked for this and nothing else, and the report says
/// why.
async fn nothing_changes(here: &Node, liar: &Liar, peer: &Peer, code: &str, asked: &[&str]) -> peers::Report {
    let (before, cursor) = (here.state(peer).await, here.peer(peer).await.cursor);
    liar.lately();
    let report = here.pull(peer).await;
    assert_eq!(report.error.as_ref().map(|trouble| trouble.code.as_str()), Some(code), "{report:?}");
    assert_eq!(liar.lately(), asked, "{code}");
    assert_eq!(here.state(peer).await, before, "{code}: nothing has happened");
    let now = here.peer(peer).await;
    assert_eq!((now.cursor.after, now.cursor.next), (cursor.after, cursor.next), "{code}: we stand where we stood");
    report
}

/// The page behind the four records of [`three_services`].
const NEXT: &[&str] = &["changes after 4"];

/// What a service of a peer is called here.
fn here_id(liar: &Liar, name: &str) -> Uuid {
    fingerpost::ids::from_source(liar.url().as_str(), "service", &id(name).to_string())
}

/// What could not be taken, by reason.
async fn quarantine(here: &Node, peer: &Peer) -> Vec<(String, i64)> {
    peers::quarantined_by_code(&here.app.app().db, peer.id).await.unwrap()
}

fact_of_a_liar! {
    async fn case_01_a_page_that_breaks_off_is_discarded_whole(here, liar) {
        let peer = three_services(&here, &liar).await;
        liar.tell(Kind::Service, id("service 9"), Some(service(9)));
        liar.twist(|_, page| {
            let body = page.to_string();
            Reply::Short { headers: vec![("content-type".into(), "application/json".into())], body: body.as_bytes()[..body.len() / 2].to_vec(), promised: body.len() }
        });
        let report = nothing_changes(&here, &liar, &peer, "truncated", NEXT).await;
        assert_eq!(report.outcome, Outcome::Failed);
        liar.repent();
        assert_eq!(here.pull(&peer).await.created, 1);
    }
}

fact_of_a_liar! {
    async fn case_03_a_pull_that_dies_after_a_page_goes_on_from_there_and_asks_for_nothing_twice(here, liar) {
        liar.tell_services(30);
        liar.page_items(10);
        let pages = AtomicUsize::new(0);
        liar.twist(move |seen, page| {
            if is_feed(seen) && pages.fetch_add(1, Ordering::SeqCst) == 2 { Reply::status(500) } else { Reply::json(page.to_string()) }
        });
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.pages, report.created), (Outcome::Failed, 2, 20));
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.created), (Outcome::Ok, 11));
        let mut asked = liar.asked();
        let requests = asked.len();
        asked.dedup();
        assert_eq!(requests - asked.len(), 1, "only the page that failed is asked for again: {asked:?}");
        assert_eq!(here.services().await.len(), 30);
    }
}

fact_of_a_liar! {
    async fn case_04_a_page_with_items_that_leads_to_itself_is_a_loop(here, liar) {
        let peer = three_services(&here, &liar).await;
        liar.tell(Kind::Service, id("service 9"), Some(service(9)));
        liar.twist(|seen, mut page| {
            if is_feed(seen) {
                page["next"] = json!(format!("http://{}{}", seen.header("host").unwrap(), seen.path));
            }
            Reply::json(page.to_string())
        });
        nothing_changes(&here, &liar, &peer, "loop", NEXT).await;
    }
}

fact_of_a_liar! {
    async fn case_05_pages_that_lead_back_or_are_not_in_order_are_refused(here, liar) {
        let peer = three_services(&here, &liar).await;
        liar.tell(Kind::Service, id("service 8"), Some(service(8)));
        liar.tell(Kind::Service, id("service 9"), Some(service(9)));
        liar.twist(|seen, mut page| {
            if is_feed(seen) {
                page["next"] = json!(format!("http://{}/federation/v1/changes?afterChangeNumber={}&epoch=first", seen.header("host").unwrap(), BEGAN + 1));
            }
            Reply::json(page.to_string())
        });
        nothing_changes(&here, &liar, &peer, "loop", NEXT).await;
        liar.twist(|seen, mut page| {
            if is_feed(seen) {
                page["items"].as_array_mut().unwrap().reverse();
            }
            Reply::json(page.to_string())
        });
        nothing_changes(&here, &liar, &peer, "not-in-order", NEXT).await;
    }
}

fact_of_a_liar! {
    async fn case_06_a_page_that_leads_to_another_host_holds_the_peer_and_nobody_else_is_asked(here, liar) {
        let peer = three_services(&here, &liar).await;
        let canary = HostilePeer::canary_on("127.0.0.1").await;
        liar.tell(Kind::Service, id("service 9"), Some(service(9)));
        let feed = "/federation/v1/changes?afterChangeNumber=1764000000000999&epoch=first";
        let port = liar.peer.address.port();
        for elsewhere in [
            canary.url(feed).to_string(),
            format!("https://127.0.0.1:{port}{feed}"),
            format!("ftp://127.0.0.1:{port}{feed}"),
            format!("http://localhost:{port}{feed}"),
            format!("http://127.0.0.1:{port}{}", feed.replace("/v1/", "/v2/")),
            "file:///etc/passwd".to_owned(),
        ] {
            let next = elsewhere.clone();
            liar.twist(move |seen, mut page| {
                if is_feed(seen) {
                    page["next"] = json!(next);
                }
                Reply::json(page.to_string())
            });
            // Whether it has moved is asked of itself, and of whoever it says that it is: itself.
            let asked = ["changes after 4", "open-directory", "open-directory"];
            assert_eq!(nothing_changes(&here, &liar, &peer, "next-elsewhere", &asked).await.outcome, Outcome::Held, "{elsewhere}");
            let now = here.peer(&peer).await;
            assert_eq!((now.state, now.held.unwrap().code.as_str()), (PeerState::Held, "next-elsewhere"), "{elsewhere}");
            here.harvester().release_peer("1").await.unwrap();
        }
        assert_eq!(canary.connections(), 0);
        liar.repent();
        assert_eq!(here.pull(&peer).await.created, 1, "and it goes on from where it stood");
    }
}

fact_of_a_liar! {
    async fn case_11_a_page_that_is_no_json_is_rejected_whole(here, liar) {
        let peer = three_services(&here, &liar).await;
        liar.tell(Kind::Service, id("service 9"), Some(service(9)));
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        let bad = [
            r#"{"items":[}"#.to_owned(),
            r#"{"items":[NaN]}"#.to_owned(),
            format!("{} trailing", json!({"items": []})),
            deep,
            "\u{feff}".to_owned(),
        ];
        for body in bad {
            liar.twist(move |_, _| Reply::json(body.clone()));
            assert_eq!(nothing_changes(&here, &liar, &peer, "bad-json", NEXT).await.outcome, Outcome::Failed);
        }
        for body in ["[]", "{}", r#"{"items":{}}"#, r#"{"items":[],"next":"nowhere"}"#] {
            liar.twist(move |_, _| Reply::json(body));
            nothing_changes(&here, &liar, &peer, "bad-page", NEXT).await;
        }
    }
}

fact_of_a_liar! {
    async fn case_12_a_key_that_stands_twice_is_refused(here, liar) {
        let peer = three_services(&here, &liar).await;
        liar.tell(Kind::Service, id("service 9"), Some(service(9)));
        liar.twist(|_, page| Reply::json(page.to_string().replacen("\"items\":", "\"license\":\"x\",\"license\":\"y\",\"items\":", 1)));
        nothing_changes(&here, &liar, &peer, "bad-json", NEXT).await;
    }
}

fact_of_a_liar! {
    async fn case_13_a_login_page_with_status_200_is_no_empty_feed(here, liar) {
        let peer = three_services(&here, &liar).await;
        liar.twist(|_, _| Reply::Full { status: 200, headers: vec![("content-type".into(), "text/html".into())], body: b"<h1>Sign in</h1>".to_vec() });
        let report = nothing_changes(&here, &liar, &peer, "not-json", NEXT).await;
        assert_eq!((report.outcome, here.services().await.len()), (Outcome::Failed, 3));
    }
}

/// The numbers under which a service of the liar is known here: one row, or the record is there twice.
async fn numbers_of(here: &Node, liar: &Liar, peer: &Peer, name: &str) -> Vec<i64> {
    let (local, known) = (here_id(liar, name), here.state(peer).await.known);
    known.into_iter().filter(|row| row.id == local || row.foreign_id == id(name).to_string()).map(|row| row.rev - BEGAN).collect()
}

/// Tell something once more under another name, so many numbers later, and leave what was told before where it is.
fn tell_again(liar: &Liar, name: &str, called: &str, later: i64) {
    liar.edit(|told| {
        let mut again = told.iter().find(|told| told.id == id(name)).unwrap().clone();
        again.rev += later;
        again.data.as_mut().unwrap()["name"] = json!(called);
        told.push(again);
    });
}

fact_of_a_liar! {
    async fn case_14_an_id_that_stands_twice_is_one_record_and_the_later_version_wins(here, liar) {
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        liar.tell_services(2);
        here.pull(&peer).await;
        let before = here.state(&peer).await;
        liar.tell(Kind::Service, id("service 0"), Some(service(0)));
        tell_again(&liar, "service 0", "Later", 5);
        liar.lately();
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.created, report.quarantined), (Outcome::Ok, 0, 0), "{report:?}");
        assert_eq!(liar.lately(), ["changes after 3", "changes after 9"]);
        assert_eq!(here.services().await, ["Club 1", "Later"]);
        assert_eq!(numbers_of(&here, &liar, &peer, "service 0").await, [9]);
        let now = here.state(&peer).await;
        assert_eq!((now.records.len(), now.published.len()), (before.records.len(), before.published.len()), "no row more");
        let one = [here_id(&liar, "service 0")];
        assert_eq!(now.but_for(&one), before.but_for(&one), "nothing else has changed");
    }
}

fact_of_a_liar! {
    async fn case_14_a_record_that_moves_to_a_later_page_while_its_feed_is_read_is_one_record(here, liar) {
        liar.tell_services(5);
        liar.page_items(2);
        tell_again(&liar, "service 0", "Moved", 5);
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        liar.lately();
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.created, report.updated, report.quarantined), (Outcome::Ok, 6, 1, 0), "{report:?}");
        let asked = ["open-directory", "changes", "changes after 2", "changes after 4", "changes after 6", "changes after 7"];
        assert_eq!(liar.lately(), asked);
        assert_eq!(here.services().await, ["Club 1", "Club 2", "Club 3", "Club 4", "Moved"]);
        assert_eq!(numbers_of(&here, &liar, &peer, "service 0").await, [7]);
        let state = here.state(&peer).await;
        assert_eq!((state.records.len(), state.known.len(), state.peer.cursor.after - BEGAN), (6, 6, 7));
        assert_eq!(here.app.app().records.history(here_id(&liar, "service 0")).await.unwrap().len(), 2, "one version for each");
        // Whoever is told both once more has the later one already.
        here.loses_its_place(&peer).await;
        let report = here.pull(&peer).await;
        assert_eq!((report.updated, report.left_out.get("older")), (0, Some(&1)), "{report:?}");
        assert_eq!(here.state(&peer).await, state);
    }
}

fact_of_a_liar! {
    async fn case_16_a_statement_about_a_record_of_another_directory_is_not_believed(here, liar) {
        let peer = three_services(&here, &liar).await;
        liar.tell(Kind::Service, id("service 9"), Some(service(9)));
        liar.twist(|seen, mut page| {
            if is_feed(seen) {
                for item in page["items"].as_array_mut().unwrap() {
                    item["fed"]["origin"] = json!("https://directory.elsewhere.example.org/");
                }
            }
            Reply::json(page.to_string())
        });
        let before = here.state(&peer).await;
        liar.lately();
        here.pull(&peer).await;
        assert_eq!(liar.lately(), ["changes after 4", "changes after 5"], "nor is whoever it speaks for asked");
        assert_eq!(quarantine(&here, &peer).await, [("statement-of-another-origin".to_owned(), 1)]);
        let bad = [here_id(&liar, "service 9")];
        assert_eq!(here.state(&peer).await.but_for(&bad), before.but_for(&[]), "nothing has happened but that it waits");
    }
}

fact_of_a_liar! {
    async fn case_18_tampered_data_and_tampered_statements_are_quarantined_and_the_old_version_stays(here, liar) {
        let peer = three_services(&here, &liar).await;
        liar.tell(Kind::Service, id("service 0"), Some(json!({"name": "x"})));
        let tampered = |twist: fn(&mut Value)| {
            move |seen: &Seen, mut page: Value| {
                if is_feed(seen) {
                    page["items"].as_array_mut().unwrap().iter_mut().for_each(twist);
                }
                Reply::json(page.to_string())
            }
        };
        let twists: [(Tampers, &str); 4] = [
            (|item| item["data"]["name"] = json!("Tampered"), "hash-mismatch"),
            (|item| item["fed"]["license"] = json!("https://tampered.example.org/"), "bad-signature"),
            (|item| item["fed"]["kind"] = json!("organization"), "statement-of-another-record"),
            (|item| { item.as_object_mut().unwrap().remove("fed"); }, "bad-signature"),
        ];
        for (number, (twist, code)) in twists.into_iter().enumerate() {
            let mut data = service(0);
            data["name"] = json!(format!("Version {number}"));
            liar.tell(Kind::Service, id("service 0"), Some(data));
            liar.twist(tampered(twist));
            let report = here.pull(&peer).await;
            assert_eq!((report.quarantined, quarantine(&here, &peer).await), (1, vec![(code.to_owned(), 1)]), "{report:?}");
            assert!(here.services().await.contains(&"Club 0".to_owned()), "the good version stays");
        }
        liar.repent();
        liar.tell(Kind::Service, id("service 0"), Some(service(0)));
        here.pull(&peer).await;
        assert_eq!(quarantine(&here, &peer).await, [], "a good version ends the quarantine");
    }
}

fact_of_a_liar! {
    async fn case_19_an_older_version_and_what_was_deleted_do_not_come_back(here, liar) {
        let peer = three_services(&here, &liar).await;
        liar.tell(Kind::Service, id("service 0"), None);
        assert_eq!(here.pull(&peer).await.deleted, 1);
        let before = here.everything().await;
        // The cursor is lost, and the old page is told again.
        let tx = here.app.app().db.write().await.unwrap();
        let mut forgetful = here.peer(&peer).await;
        forgetful.cursor = peers::Cursor { epoch: forgetful.cursor.epoch, ..peers::Cursor::default() };
        peers::set_cursor(&tx, forgetful.id, &forgetful.cursor).await.unwrap();
        tx.commit().await.unwrap();
        liar.edit(|told| {
            let gone = told.iter_mut().find(|told| told.id == id("service 0")).unwrap();
            *gone = crate::support::liar::Told { rev: BEGAN + 2, data: Some(service(0)), ..gone.clone() };
            told.retain(|told| told.id == id("service 0") || told.rev > BEGAN + 2);
        });
        let report = here.pull(&peer).await;
        assert_eq!((report.created, report.left_out.get("older")), (0, Some(&1)), "{report:?}");
        assert_eq!(here.everything().await, before);
    }
}

fact_of_a_liar! {
    async fn case_20_the_same_version_with_other_content_is_an_alarm(here, liar) {
        let peer = three_services(&here, &liar).await;
        let tx = here.app.app().db.write().await.unwrap();
        let mut forgetful = here.peer(&peer).await;
        forgetful.cursor = peers::Cursor { epoch: forgetful.cursor.epoch, ..peers::Cursor::default() };
        peers::set_cursor(&tx, forgetful.id, &forgetful.cursor).await.unwrap();
        tx.commit().await.unwrap();
        liar.edit(|told| told.iter_mut().find(|told| told.id == id("service 1")).unwrap().data.as_mut().unwrap()["name"] = json!("Another"));
        let before = here.everything().await;
        here.pull(&peer).await;
        assert_eq!(quarantine(&here, &peer).await, [("equivocation".to_owned(), 1)]);
        assert_eq!(here.everything().await, before);
    }
}

fact_of_a_liar! {
    async fn case_23_a_feed_that_ends_before_where_we_are_holds_the_peer(here, liar) {
        let peer = three_services(&here, &liar).await;
        liar.edit(|told| told.truncate(1));
        let report = nothing_changes(&here, &liar, &peer, "head-went-back", NEXT).await;
        assert_eq!((report.outcome, here.services().await.len()), (Outcome::Held, 3));
        // They went back to a backup: everything is compared, and what is not there any more waits.
        here.harvester().release_peer("1").await.unwrap();
        let before = here.state(&peer).await;
        liar.lately();
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.unchanged, report.held_deletes, here.services().await.len()), (Outcome::Ok, 1, 3, 3), "{report:?}");
        assert_eq!(liar.lately(), ["open-directory", "changes", "changes after 1"]);
        let now = here.state(&peer).await;
        let mut waiting: Vec<Uuid> = now.held.iter().map(|held| held.id).collect();
        let mut gone = [0, 1, 2].map(|number| here_id(&liar, &format!("service {number}")));
        waiting.sort_unstable();
        gone.sort_unstable();
        assert_eq!(waiting, gone, "what it does not tell any more waits for a person, and nothing else");
        assert_eq!((now.published, now.feed, now.records), (before.published, before.feed, before.records));
        liar.tell(Kind::Service, id("service 0"), Some(service(0)));
        assert_eq!(here.pull(&peer).await.error, None, "and from then on it is followed as before");
        assert_eq!(here.harvester().release_peer("1").await.unwrap().1, 2);
    }
}

fact_of_a_liar! {
    async fn case_24_a_new_key_that_the_old_one_vouches_for_is_taken_over(here, liar) {
        let peer = three_services(&here, &liar).await;
        for round in 0..2 {
            liar.rotate(true, false);
            liar.tell(Kind::Service, id(&format!("service {}", 10 + round)), Some(service(10 + round)));
        }
        liar.lately();
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.created, report.quarantined), (Outcome::Ok, 2, 0), "{report:?}");
        assert_eq!(liar.lately(), ["changes after 4", "open-directory", "changes after 4", "changes after 6"], "the list of keys once");
        assert_eq!(here.peer(&peer).await.pinned_keys.unwrap().len(), 3);
    }
}

fact_of_a_liar! {
    async fn case_25_a_new_key_that_nobody_vouches_for_holds_the_peer_until_it_is_approved(here, liar) {
        let peer = three_services(&here, &liar).await;
        liar.rotate(false, false);
        liar.tell(Kind::Service, id("service 9"), Some(service(9)));
        assert_eq!(nothing_changes(&here, &liar, &peer, "key-changed", &["changes after 4", "open-directory"]).await.outcome, Outcome::Held);
        let shown = here.harvester().describe_peer(&here.peer(&peer).await).await.unwrap();
        assert!(shown.advice.contains("whether they have a new key"), "{}", shown.advice);
        here.harvester().approve_peer("1").await.unwrap();
        assert_eq!(here.pull(&peer).await.created, 1);
    }
}

fact_of_a_liar! {
    async fn case_26_what_a_given_up_key_signs_is_not_believed_and_what_is_signed_again_is(here, liar) {
        let peer = three_services(&here, &liar).await;
        liar.rotate(true, true);
        liar.tell(Kind::Service, id("service 9"), Some(service(9)));
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.created), (Outcome::Ok, 1), "{report:?}");
        let old = here.peer(&peer).await.pinned_keys.unwrap()[0].kid.clone();
        liar.tell(Kind::Service, id("service 10"), Some(service(10)));
        liar.twist(move |seen, mut page| {
            if is_feed(seen) {
                page["items"].as_array_mut().unwrap().iter_mut().for_each(|item| item["fed"]["kid"] = json!(old));
            }
            Reply::json(page.to_string())
        });
        let before = here.everything().await;
        here.pull(&peer).await;
        assert_eq!(quarantine(&here, &peer).await, [("revoked-key".to_owned(), 1)]);
        assert_eq!(here.everything().await, before);
    }
}

fact_of_a_liar! {
    async fn case_29_who_asks_us_to_wait_is_not_asked_before_and_never_for_longer_than_a_day(here, liar) {
        let peer = three_services(&here, &liar).await;
        for (asked, seconds) in [("120", 120), ("315360000", 86_400)] {
            liar.twist(move |_, _| Reply::status(429).with("retry-after", asked));
            nothing_changes(&here, &liar, &peer, "too-many-requests", NEXT).await;
            let waits = (here.peer(&peer).await.next_due_at - here.app.clock.now()).num_seconds();
            assert_eq!(waits, seconds, "{asked}");
        }
    }
}

/// How long a peer is left alone now, in seconds.
async fn waits(here: &Node, peer: &Peer) -> i64 {
    (here.peer(peer).await.next_due_at - here.app.clock.now()).num_seconds()
}

fact_of_a_liar! {
    async fn case_30_after_failures_it_is_asked_later_and_later(here, liar) {
        let peer = three_services(&here, &liar).await;
        for status in [503, 500] {
            liar.twist(move |_, _| Reply::status(status));
            let mut waited = std::collections::BTreeSet::new();
            for failure in 1..=10 {
                assert_eq!(nothing_changes(&here, &liar, &peer, "bad-status", NEXT).await.outcome, Outcome::Failed);
                let (now, wait) = (here.peer(&peer).await, waits(&here, &peer).await);
                let longest = (60_i64 << (failure - 1)).min(21_600);
                assert_eq!((now.failures, now.state, (10..=longest).contains(&wait)), (failure, PeerState::Following, true), "{wait}");
                waited.insert(wait);
            }
            assert!(waited.len() > 1, "many followers do not come back at one moment: {waited:?}");
            liar.repent();
            assert_eq!(here.pull(&peer).await.outcome, Outcome::Ok);
            assert_eq!((here.peer(&peer).await.failures, here.peer(&peer).await.problem), (0, None));
        }
    }
}

fact_of_a_liar! {
    async fn case_30_each_success_of_a_peer_that_fails_now_and_then_begins_the_count_anew(here, liar) {
        let peer = three_services(&here, &liar).await;
        for round in 0..4 {
            liar.twist(|_, _| Reply::status(500));
            nothing_changes(&here, &liar, &peer, "bad-status", NEXT).await;
            assert_eq!((here.peer(&peer).await.failures, (10..=60).contains(&waits(&here, &peer).await)), (1, true), "round {round}");
            liar.repent();
            let before = here.state(&peer).await;
            assert_eq!(here.pull(&peer).await.outcome, Outcome::Ok);
            assert_eq!(liar.lately(), NEXT);
            assert_eq!((here.state(&peer).await, here.peer(&peer).await.failures), (before, 0), "round {round}");
            // From five minutes to a quarter of an hour, and a fifth more or less.
            assert!((240..=1_080).contains(&waits(&here, &peer).await), "at its own pace, as after any answer");
        }
    }
}

fact_of_a_liar! {
    async fn case_31_a_feed_that_is_not_there_deletes_nothing_and_is_held_after_three_days(here, liar) {
        let peer = three_services(&here, &liar).await;
        liar.twist(|_, _| Reply::status(404));
        for days in 0..=3 {
            here.app.clock.set(crate::support::noon() + chrono::Duration::days(days));
            let outcome = if days == 3 { Outcome::Held } else { Outcome::Failed };
            // Once a day who it is, then its feed, and then whether it has moved.
            let asked = ["open-directory", "changes after 4", "open-directory"];
            let asked = if days == 0 { &asked[1..] } else { &asked[..] };
            assert_eq!(nothing_changes(&here, &liar, &peer, "not-there", asked).await.outcome, outcome, "after {days} days");
        }
        assert_eq!(here.services().await.len(), 3);
    }
}

fact_of_a_liar! {
    async fn what_is_told_again_is_not_taken_out_when_the_peer_is_released(here, liar) {
        liar.tell_services(100);
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        here.pull(&peer).await;
        for number in 0..60 {
            liar.tell(Kind::Service, id(&format!("service {number}")), None);
        }
        assert_eq!(here.pull(&peer).await.held_deletes, 60);
        for number in 0..60 {
            liar.tell(Kind::Service, id(&format!("service {number}")), Some(service(number)));
        }
        here.pull(&peer).await;
        assert_eq!(here.harvester().release_peer("1").await.unwrap().1, 0);
        here.app.follow().await;
        assert_eq!(here.services().await.len(), 100);
    }
}

fact_of_a_liar! {
    async fn many_deletions_spread_over_several_pulls_of_a_day_are_still_many(here, liar) {
        liar.tell_services(100);
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        here.pull(&peer).await;
        let mut deleted = 0;
        for round in 0..4 {
            for number in 0..20 {
                liar.tell(Kind::Service, id(&format!("service {}", round * 20 + number)), None);
            }
            deleted += here.pull(&peer).await.deleted;
        }
        assert!(deleted <= 60, "{deleted} have gone without anybody being asked");
    }
}

fact_of_a_liar! {
    async fn an_officer_who_holds_a_peer_while_it_is_pulled_from_is_obeyed(here, liar) {
        liar.tell_services(40);
        liar.page_items(10);
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        let officer = here.harvester();
        let pages = std::sync::Arc::new(AtomicUsize::new(0));
        let seen = pages.clone();
        liar.twist(move |asked, page| {
            let reply = Reply::json(page.to_string());
            if is_feed(asked) && seen.fetch_add(1, Ordering::SeqCst) == 2 { reply.late(std::time::Duration::from_secs(5)) } else { reply }
        });
        let hold = async {
            // The third page is on its way, and the second one is here, however slow the machine is.
            while pages.load(Ordering::SeqCst) < 3 || here.peer(&peer).await.cursor.after < BEGAN + 20 {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            officer.hold_peer("1").await.unwrap();
        };
        let (report, ()) = tokio::join!(here.pull(&peer), hold);
        assert_eq!((report.outcome, report.pages), (Outcome::Held, 3), "{report:?}");
        let now = here.peer(&peer).await;
        assert_eq!((now.state, now.cursor.after), (PeerState::Held, BEGAN + 20));
    }
}

fact_of_a_liar! {
    async fn a_new_peer_is_not_released_into_being_followed(here, liar) {
        here.follows(&liar.url(), Trust::Review).await;
        let refused = here.harvester().release_peer("1").await.unwrap_err().to_string();
        assert!(refused.contains("has not been approved"), "{refused}");
        let refused = here.harvester().hold_peer("1").await.unwrap_err().to_string();
        assert!(refused.contains("has not been approved"), "nor by way of being held: {refused}");
        // Between looking and approving, somebody else answers there.
        liar.rotate(false, false);
        let refused = here.harvester().approve_peer("1").await.unwrap_err().to_string();
        assert!(refused.contains("have changed since they were shown"), "{refused}");
        here.harvester().approve_peer("1").await.unwrap();
    }
}

fact_of_a_liar! {
    async fn a_key_that_was_given_up_cannot_be_made_good_again_by_whoever_has_it(here, liar) {
        let peer = three_services(&here, &liar).await;
        liar.rotate(true, true);
        liar.tell(Kind::Service, id("service 9"), Some(service(9)));
        assert_eq!(here.pull(&peer).await.outcome, Outcome::Ok);
        // The thief has the old key and the host, and says that it is the one that counts.
        liar.thief();
        liar.tell(Kind::Service, id("service 10"), Some(service(10)));
        let before = here.everything().await;
        here.pull(&peer).await;
        assert_eq!(quarantine(&here, &peer).await, [("revoked-key".to_owned(), 1)]);
        here.app.clock.set(crate::support::noon() + chrono::Duration::days(2));
        assert_eq!(nothing_changes(&here, &liar, &peer, "key-changed", &["open-directory"]).await.outcome, Outcome::Held);
        assert_eq!(here.everything().await, before);
    }
}

fact_of_a_liar! {
    async fn case_49_a_peer_whose_licence_is_not_open_any_more_or_is_missing_is_reduced_to_links(here, liar) {
        let peer = three_services(&here, &liar).await;
        assert!(here.everything().await.join("\n").contains("for everybody"));
        let open = here.state(&peer).await;
        for (round, licence, shown) in [
            (1, "https://creativecommons.org/licenses/by-nc/4.0/", false),
            (2, crate::support::liar::OGL, true),
            (3, "", false),
        ] {
            liar.licence(licence);
            here.app.clock.set(crate::support::noon() + chrono::Duration::days(2 * round));
            liar.lately();
            let report = here.pull(&peer).await;
            assert_eq!((report.outcome, report.updated, report.deleted, report.links_only), (Outcome::Ok, 4, 0, !shown), "{licence:?}: {report:?}");
            // Everything is compared with the licence, and otherwise stays as it is.
            assert_eq!(liar.lately(), ["open-directory", "changes", "changes after 4"], "{licence:?}");
            let now = here.state(&peer).await;
            let text = now.published.join("\n");
            assert_eq!((text.contains("Club 0"), text.contains("for everybody")), (true, shown), "{licence:?}: {text}");
            let numbers = |state: &crate::support::network::State| state.known.iter().map(|row| (row.id, row.rev, row.live)).collect::<Vec<_>>();
            assert_eq!((numbers(&now), &now.feed, &now.peer.cursor), (numbers(&open), &open.feed, &open.peer.cursor), "{licence:?}");
            assert_eq!((now.quarantined, now.held, now.proposals), (vec![], vec![], vec![]));
        }
        assert!(here.advice(&peer).await.contains("because their licence is unknown"), "{}", here.advice(&peer).await);
    }
}

fact_of_a_liar! {
    async fn case_32_many_deletions_at_once_wait_for_a_person(here, liar) {
        liar.tell_services(100);
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        here.pull(&peer).await;
        for number in 0..60 {
            liar.tell(Kind::Service, id(&format!("service {number}")), None);
        }
        let before = here.state(&peer).await;
        liar.lately();
        let report = here.pull(&peer).await;
        assert_eq!((report.deleted, report.held_deletes, here.services().await.len()), (0, 60, 100), "{report:?}");
        assert_eq!(liar.lately(), ["changes after 101", "changes after 161"]);
        let now = here.state(&peer).await;
        assert_eq!((now.published, now.feed, now.records, now.known), (before.published, before.feed, before.records, before.known));
        assert_eq!((now.held.len(), now.held.iter().all(|held| held.signed), now.peer.cursor.after - BEGAN), (60, true, 161));
        let shown = here.harvester().describe_peer(&here.peer(&peer).await).await.unwrap();
        assert!(shown.advice.starts_with("60 records are waiting to be deleted because its source is deleting more than"), "{}", shown.advice);
        assert_eq!(here.harvester().release_peer("1").await.unwrap().1, 60);
        here.app.follow().await;
        assert_eq!(here.services().await.len(), 40);
    }
}

fact_of_a_liar! {
    async fn case_33_a_few_deletions_are_applied_in_the_same_pull(here, liar) {
        liar.tell_services(100);
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        here.pull(&peer).await;
        let before = here.state(&peer).await;
        let mut gone = Vec::new();
        for number in 0..5 {
            liar.tell(Kind::Service, id(&format!("service {number}")), None);
            gone.push(here_id(&liar, &format!("service {number}")));
        }
        liar.lately();
        let report = here.pull(&peer).await;
        assert_eq!((report.deleted, report.held_deletes, here.services().await.len()), (5, 0, 95));
        assert_eq!(liar.lately(), ["changes after 101", "changes after 106"]);
        assert_eq!(here.state(&peer).await.but_for(&gone), before.but_for(&gone), "and those only");
    }
}

fact_of_a_liar! {
    async fn case_34_a_signed_urgent_takedown_is_applied_while_the_peer_is_held_and_nothing_is_kept(here, liar) {
        let peer = three_services(&here, &liar).await;
        here.harvester().hold_peer("1").await.unwrap();
        liar.tell(Kind::Service, id("service 1"), Some({ let mut changed = service(1); changed["name"] = json!("Not applied"); changed }));
        liar.tell_urgently(Kind::Service, id("service 0"), None, true);
        let (before, cursor) = (here.state(&peer).await, here.peer(&peer).await.cursor);
        liar.lately();
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.deleted), (Outcome::Held, 1), "{report:?}");
        assert_eq!(liar.lately(), ["changes after 4", "changes after 6"]);
        let one = [here_id(&liar, "service 0")];
        assert_eq!(here.state(&peer).await.but_for(&one), before.but_for(&one), "nothing else has changed");
        assert_eq!(here.services().await, ["Club 1", "Club 2"]);
        assert_eq!(here.peer(&peer).await.cursor, cursor, "and we still stand where we stood");
        let gone = fingerpost::ids::from_source(liar.url().as_str(), "service", &id("service 0").to_string());
        let history = here.app.app().records.history(gone).await.unwrap();
        assert!(history.iter().all(|version| !version.document.contains("Club 0")), "{history:?}");
    }
}

fact_of_a_liar! {
    async fn an_officer_and_a_monitor_see_what_was_not_taken_and_how_long_ago_everything_was_here(here, liar) {
        liar.tell_services(3);
        liar.tell(Kind::Service, id("service 0"), Some(json!({"id": id("service 0"), "status": "active"})));
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        here.pull(&peer).await;
        let shown = here.harvester().describe_peer(&here.peer(&peer).await).await.unwrap();
        let bad: Vec<_> = shown.not_taken.iter().map(|one| (one.kind.as_str(), one.foreign_id.clone(), one.code.as_str())).collect();
        assert_eq!(bad, [("service", id("service 0").to_string(), "invalid")]);
        assert!(shown.not_taken[0].detail.contains("name"), "{}", shown.not_taken[0].detail);

        // An officer holds it, and nobody pulls: an hour is an hour all the same.
        here.harvester().hold_peer("1").await.unwrap();
        here.app.clock.set(here.app.clock.now() + chrono::Duration::hours(1));
        let metrics = here.app.get("/metrics").await.text();
        for line in [
            "federation_quarantined{peer=\"Liar\",reason=\"invalid\"} 1",
            "federation_lag_seconds{peer=\"Liar\"} 3600",
            "federation_held_deletes{peer=\"Liar\"} 0",
            "federation_lag_positions{peer=\"Liar\"} 0",
        ] {
            assert!(metrics.lines().any(|said| said == line), "{line} in {metrics}");
        }
        assert_eq!(metrics.matches("# TYPE federation_lag_seconds gauge").count(), 1);
    }
}

fact_of_a_liar! {
    async fn what_waits_or_was_refused_is_not_said_to_be_listed_here(here, liar) {
        liar.tell_services(3);
        let peer = here.follows(&liar.url(), Trust::Review).await;
        here.harvester().approve_peer("1").await.unwrap();
        assert_eq!(here.pull(&peer).await.waiting, 4);
        let listed = async || {
            let shown = here.harvester().describe_peer(&here.peer(&peer).await).await.unwrap();
            let status = here.app.get("/federation/v1/status").await.json()["following"][0]["records"].clone();
            (shown.records, status)
        };
        assert_eq!(listed().await, (0, json!(0)));
        let records = here.app.app().records.clone();
        let waiting: Vec<_> = records.waiting(None, None, 10).await.unwrap();
        let holder = waiting.iter().find(|one| one.kind == Kind::Organization).unwrap().id;
        records.accept(&crate::support::TestApp::person("looked at"), &[holder]).await.unwrap();
        assert_eq!(listed().await, (1, json!(1)));
    }
}

/// Every version that is kept here of a service of the liar, and the present one.
async fn history(here: &Node, liar: &Liar, name: &str) -> String {
    let local = fingerpost::ids::from_source(liar.url().as_str(), "service", &id(name).to_string());
    let versions = here.app.app().records.history(local).await.unwrap();
    versions.into_iter().map(|version| version.document).collect()
}

fact_of_a_liar! {
    async fn what_is_told_as_urgent_is_destroyed_also_where_it_had_gone_before(here, liar) {
        let peer = three_services(&here, &liar).await;
        liar.tell(Kind::Service, id("service 0"), None);
        assert_eq!(here.pull(&peer).await.deleted, 1);
        assert!(history(&here, &liar, "service 0").await.contains("Club 0"), "what went is remembered");
        liar.tell_urgently(Kind::Service, id("service 0"), None, true);
        let report = here.pull(&peer).await;
        assert_eq!((report.deleted, report.error), (0, None), "it had gone before");
        assert!(!history(&here, &liar, "service 0").await.contains("Club 0"));

        // Nobody here wants services any more, and then one is told in other words, urgently.
        here.harvester().scope_peer("1", Wanted { kinds: vec![Kind::Event], ..Wanted::default() }).await.unwrap();
        here.pull(&peer).await;
        assert_eq!(here.services().await.len(), 0);
        let mut milder = service(1);
        milder["name"] = json!("Another name");
        liar.tell_urgently(Kind::Service, id("service 1"), Some(milder), true);
        here.pull(&peer).await;
        assert!(!history(&here, &liar, "service 1").await.contains("Club 1"));
        assert!(history(&here, &liar, "service 2").await.contains("Club 2"), "the others are as they were");
    }
}

fact_of_a_liar! {
    async fn an_urgent_version_that_cannot_be_taken_takes_the_old_one_out_whatever_is_wrong_with_it(here, liar) {
        liar.tell_services(4);
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        here.pull(&peer).await;
        let bad = |number: usize, name: &str, value: Value| {
            let mut data = service(number);
            data[name] = value;
            liar.tell_urgently(Kind::Service, id(&format!("service {number}")), Some(data), true);
        };
        bad(0, "description", json!("x".repeat(300 << 10)));
        bad(1, "x_number", json!((1_u64 << 53) + 1));
        bad(2, "description", json!("It has moved."));
        liar.twist(|seen, mut page| {
            if is_feed(seen) {
                for item in page["items"].as_array_mut().unwrap().iter_mut().filter(|item| item["id"] == id("service 2").to_string()) {
                    item["data"]["description"] = json!("Changed on the way.");
                }
            }
            Reply::json(page.to_string())
        });
        let report = here.pull(&peer).await;
        assert_eq!((report.deleted, report.quarantined, here.services().await), (3, 0, vec!["Club 3".to_owned()]), "{report:?}");
        for number in 0..3 {
            assert!(!history(&here, &liar, &format!("service {number}")).await.contains(&format!("Club {number}")));
        }

        // Once it was taken as it was signed, nobody takes it out by changing it on the way.
        liar.repent();
        bad(2, "description", json!("It has moved."));
        here.pull(&peer).await;
        assert_eq!(here.services().await, ["Club 2", "Club 3"]);
        let tx = here.app.app().db.write().await.unwrap();
        let mut forgetful = here.peer(&peer).await;
        forgetful.cursor = peers::Cursor { epoch: forgetful.cursor.epoch, ..peers::Cursor::default() };
        peers::set_cursor(&tx, forgetful.id, &forgetful.cursor).await.unwrap();
        tx.commit().await.unwrap();
        liar.twist(|seen, mut page| {
            if is_feed(seen) {
                for item in page["items"].as_array_mut().unwrap().iter_mut().filter(|item| item["id"] == id("service 2").to_string()) {
                    item["data"]["description"] = json!("Changed on the way.");
                }
            }
            Reply::json(page.to_string())
        });
        here.pull(&peer).await;
        assert_eq!(quarantine(&here, &peer).await, [("hash-mismatch".to_owned(), 1)]);
        assert_eq!(here.services().await, ["Club 2", "Club 3"]);
    }
}

fact_of_a_liar! {
    async fn case_37_a_later_version_of_the_standard_waits_and_unknown_members_are_kept(here, liar) {
        let mut with_more = service(0);
        with_more["x_more"] = json!({"colour": "green"});
        liar.tell_services(0);
        liar.tell(Kind::Service, id("service 0"), Some(with_more));
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        assert_eq!(here.pull(&peer).await.quarantined, 0);
        let page = here.app.get("/services?full=true").await.json();
        assert_eq!(page["contents"][0]["x_more"], json!({"colour": "green"}));
        liar.tell(Kind::Service, id("service 1"), Some(service(1)));
        liar.twist(|seen, mut page| {
            if is_feed(seen) {
                page["items"].as_array_mut().unwrap().iter_mut().for_each(|item| item["fed"]["schema"] = json!("https://openreferraluk.org/specifications/4.0"));
            }
            Reply::json(page.to_string())
        });
        here.pull(&peer).await;
        assert_eq!(quarantine(&here, &peer).await, [("schema-future".to_owned(), 1)]);
    }
}

fact_of_a_liar! {
    async fn case_43_whoever_may_have_missed_tombstones_compares_everything(here, liar) {
        let peer = three_services(&here, &liar).await;
        // While nobody asked, a service went and its tombstone was thrown away.
        liar.edit(|told| told.retain(|told| told.id != id("service 0")));
        liar.tell(Kind::Service, id("service 9"), Some(service(9)));
        liar.twist(|seen, mut page| {
            if is_feed(seen) {
                page["feed"]["min_safe"] = page["feed"]["head"].clone();
                if page["items"].as_array().unwrap().is_empty() || !seen.path.contains("afterChangeNumber") {
                    page["feed"]["min_safe"] = json!(BEGAN);
                }
            }
            Reply::json(page.to_string())
        });
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.created, report.held_deletes), (Outcome::Ok, 1, 1), "{report:?}");
        here.harvester().release_peer("1").await.unwrap();
        here.app.follow().await;
        assert_eq!(here.services().await, ["Club 1", "Club 2", "Club 9"]);
    }
}

fact_of_a_liar! {
    async fn case_49_under_a_licence_that_is_not_open_only_a_link_is_shown(here, liar) {
        liar.licence("https://creativecommons.org/licenses/by-nc/4.0/");
        liar.tell_services(0);
        let mut with_contact = service(0);
        with_contact["email"] = json!("club@holder.example.org");
        with_contact["url"] = json!("https://holder.example.org/club");
        liar.tell(Kind::Service, id("service 0"), Some(with_contact));
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        assert_eq!(here.pull(&peer).await.created, 2);
        let service = here.app.get("/services?full=true").await.json()["contents"][0].clone();
        assert_eq!((&service["name"], &service["url"]), (&json!("Club 0"), &json!("https://holder.example.org/club")));
        let all = here.everything().await.join("\n");
        assert!(!all.contains("club@holder") && !all.contains("for everybody"), "{all}");
        let state = here.state(&peer).await;
        assert!(state.records.iter().all(|record| !record.document.contains("club@holder")), "nor is it kept");
        assert_eq!((state.quarantined, state.proposals, state.held), (vec![], vec![], vec![]));
        assert!(!state.feed.contains("Club 0"), "and it is not sent on");
    }
}

fact_of_a_liar! {
    async fn case_51_a_peer_that_tells_more_than_was_agreed_is_held_at_that(here, liar) {
        liar.tell_services(50);
        liar.page_items(10);
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        here.harvester().scope_peer("1", Wanted { most: Some(20), ..Wanted::default() }).await.unwrap();
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.error.map(|trouble| trouble.code)), (Outcome::Held, Some("too-many-records".to_owned())));
        assert!((1..=20).contains(&here.services().await.len()), "not one more than was agreed");
        // Held at that: nothing more comes.
        liar.tell(Kind::Service, id("service 60"), Some(service(60)));
        // All of its pages are read for what is urgent.
        let asked = [20, 30, 40, 50, 52].map(|number| format!("changes after {number}"));
        let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
        nothing_changes(&here, &liar, &peer, "too-many-records", &asked).await;
        here.harvester().scope_peer("1", Wanted { most: Some(100), ..Wanted::default() }).await.unwrap();
        here.harvester().release_peer("1").await.unwrap();
        here.pull(&peer).await;
        assert_eq!(here.services().await.len(), 51);
    }
}

fact_of_a_liar! {
    async fn a_page_that_is_mostly_bad_is_not_applied_at_all(here, liar) {
        let peer = three_services(&here, &liar).await;
        for number in 10..30 {
            liar.tell(Kind::Service, id(&format!("service {number}")), Some(json!({"id": id(&format!("service {number}")), "description": "nameless"})));
        }
        nothing_changes(&here, &liar, &peer, "too-many-bad-records", NEXT).await;
    }
}

fact_of_a_liar! {
    async fn a_service_waits_until_its_organisation_is_there(here, liar) {
        liar.tell(Kind::Service, id("service 0"), Some(service(0)));
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        here.pull(&peer).await;
        assert_eq!(here.services().await, Vec::<String>::new());
        liar.tell(Kind::Organization, id("holder"), Some(organization()));
        here.pull(&peer).await;
        assert_eq!(here.services().await, ["Club 0"]);
        let organizations = here.app.get("/organizations?full=true").await.json();
        assert_eq!(organizations["contents"][0]["name"], "Holder", "what it says of itself, not what the service says of it");
    }
}

fact_of_a_liar! {
    async fn somebody_has_to_approve_the_keys_before_anything_is_pulled(here, liar) {
        liar.tell_services(1);
        let peer = here.follows(&liar.url(), Trust::Review).await;
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.requests, report.error.map(|trouble| trouble.code)), (Outcome::Held, 0, Some("not-approved".to_owned())));
    }
}

fact_of_a_liar! {
    async fn case_07_empty_pages_without_end_are_followed_so_far_and_no_further(here, liar) {
        let peer = three_services(&here, &liar).await;
        let number = std::sync::Arc::new(AtomicUsize::new(0));
        liar.twist(move |seen, mut page| {
            if is_feed(seen) {
                let next = BEGAN + 1_000 + i64::try_from(number.fetch_add(1, Ordering::SeqCst)).unwrap();
                page["items"] = json!([]);
                page["next"] = json!(format!("http://{}/federation/v1/changes?afterChangeNumber={next}&epoch=first", seen.header("host").unwrap()));
                page["feed"]["head"] = json!(next + 1);
            }
            Reply::json(page.to_string())
        });
        let before = here.state(&peer).await;
        let report = here.harvester().with_most_pages(40).pull(peer.id, |_| {}).await.unwrap();
        assert_eq!((report.outcome, report.pages, here.services().await.len()), (Outcome::Partial, 40, 3));
        assert_eq!(here.state(&peer).await.but_for(&[]), before.clone().but_for(&[]), "only how far it was read is different");
        // The next turn goes on from there; nobody takes it for being up to date, which monitors and pages see.
        let (cursor, asked) = (here.peer(&peer).await.cursor.after, liar.asked().len());
        let succeeded_at = here.peer(&peer).await.succeeded_at;
        here.app.clock.set(here.app.clock.now() + chrono::Duration::hours(1));
        let report = here.harvester().with_most_pages(40).pull(peer.id, |_| {}).await.unwrap();
        assert_eq!((report.outcome, report.pages, liar.asked().len() - asked), (Outcome::Partial, 40, 40));
        assert_eq!((here.peer(&peer).await.succeeded_at, here.peer(&peer).await.cursor.after - cursor), (succeeded_at, 40));
    }
}

fact_of_a_liar! {
    async fn case_21_a_peer_whose_clock_is_wrong_changes_nothing_but_what_it_says(here, liar) {
        let peer = three_services(&here, &liar).await;
        let cursor = here.peer(&peer).await.cursor.after;
        here.app.clock.set("2099-01-01T00:00:00Z".parse().unwrap());
        liar.tell(Kind::Service, id("service 9"), Some(service(9)));
        assert_eq!(here.pull(&peer).await.created, 1);
        here.app.clock.set(crate::support::noon());
        liar.tell(Kind::Service, id("service 10"), Some(service(10)));
        assert_eq!(here.pull(&peer).await.created, 1);
        assert_eq!(here.peer(&peer).await.cursor.after, cursor + 2);
    }
}

fact_of_a_liar! {
    async fn case_46_an_older_page_out_of_a_cache_brings_nothing_back(here, liar) {
        let peer = three_services(&here, &liar).await;
        let end = liar.asked().last().unwrap().clone();
        let before = here.state(&peer).await;
        // A cache in between has kept the page after the cursor as it was before the last change.
        liar.tell(Kind::Service, id("service 0"), Some({ let mut one = service(0); one["name"] = json!("First"); one }));
        let stale = std::sync::Mutex::new(None);
        liar.twist(move |seen, page| {
            if seen.path != end {
                return Reply::json(page.to_string());
            }
            let mut stale = stale.lock().unwrap();
            let kept = stale.get_or_insert_with(|| page.to_string());
            Reply::json(kept.clone())
        });
        here.pull(&peer).await;
        liar.tell(Kind::Service, id("service 0"), Some({ let mut one = service(0); one["name"] = json!("Second"); one }));
        assert_eq!(here.pull(&peer).await.error, None);
        assert!(here.services().await.contains(&"Second".to_owned()));
        let one = [here_id(&liar, "service 0")];
        assert_eq!(here.state(&peer).await.but_for(&one), before.but_for(&one), "nothing else has changed");
    }
}

fact_of_a_liar! {
    async fn case_52_a_dead_slow_peer_keeps_one_place_and_the_others_go_on(here, liar) {
        liar.tell_services(1);
        let slow = here.follows(&liar.url(), Trust::Auto).await;
        liar.twist(|_, page| Reply::json(page.to_string()).late(std::time::Duration::from_secs(8)));
        let quick = Liar::start().await;
        quick.tell_services(2);
        let other = here.follows(&quick.url(), Trust::Auto).await;
        let before = here.state(&slow).await.but_for(&[]);
        let harvester = here.harvester();
        let mut running = tokio::task::JoinSet::new();
        let began = std::time::Instant::now();
        while here.peer(&other).await.succeeded_at.is_none() {
            harvester.pull_due(&mut running).await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            assert!(began.elapsed() < std::time::Duration::from_secs(7), "the quick one does not wait for the slow one");
        }
        assert_eq!(here.peer(&slow).await.succeeded_at, None);
        running.shutdown().await;
        let after = here.state(&slow).await.but_for(&[]);
        assert_eq!((after.known, after.peer, after.feed), (before.known, before.peer, before.feed));
    }
}

fact_of_a_liar! {
    async fn a_directory_that_moves_and_takes_its_keys_along_goes_on_under_the_ids_that_its_records_had(here, liar) {
        let mut liar = liar;
        let peer = three_services(&here, &liar).await;
        let ids = here.app.ids("/services").await;
        let old = liar.moves(true).await;
        liar.new_epoch("second", BEGAN + 1_000_000);
        let mut renamed = service(1);
        renamed["name"] = json!("Club of the new address");
        liar.tell(Kind::Service, id("service 1"), Some(renamed));
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.left_out.get("moved"), report.created, report.updated, report.deleted), (Outcome::Ok, Some(&1), 0, 1, 0), "{report:?}");
        assert_eq!((here.app.ids("/services").await, here.services().await[0].as_str()), (ids, "Club 0"));
        let now = here.peer(&peer).await;
        assert_eq!((now.url.clone(), now.identity(), &now.origin), (liar.url(), liar.url().as_str(), &peer.origin));

        // From now on only the new address is asked, and what is signed there is believed.
        let asked = old.paths().len();
        liar.tell(Kind::Service, id("service 2"), None);
        let report = here.pull(&peer).await;
        assert_eq!((report.deleted, report.quarantined, here.services().await.len(), old.paths().len()), (1, 0, 2, asked), "{report:?}");
        let twice = here.harvester().add_peer(crate::support::network::new(&liar.url(), Trust::Auto)).await.unwrap_err();
        assert!(twice.to_string().contains("already followed"), "{twice}");
    }
}

fact_of_a_liar! {
    async fn nobody_takes_a_directory_over_by_saying_that_it_has_moved(here, liar) {
        let mut liar = liar;
        let peer = three_services(&here, &liar).await;
        let before = here.everything().await;
        // It leads somewhere else and does not say so, signed.
        let _old = liar.moves(false).await;
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.error.unwrap().code.as_str()), (Outcome::Held, "next-elsewhere"));
        // It says so, signed with another key than the one that was approved.
        let folder = tempfile::tempdir().unwrap();
        let ring = fingerpost::signing::Keyring::open(folder.path(), chrono::DateTime::UNIX_EPOCH).unwrap();
        let forger = fingerpost::signing::Signer::new(ring, liar.url().to_string(), "x".to_owned());
        let forged = forger.moved(&peer.url, chrono::DateTime::UNIX_EPOCH);
        liar.twist(move |seen, mut said| {
            if seen.path.contains("well-known") {
                said["moved_from"] = json!([forged]);
            }
            Reply::json(said.to_string())
        });
        here.harvester().release_peer("1").await.unwrap();
        let report = here.pull(&peer).await;
        assert_eq!(report.outcome, Outcome::Held, "{report:?}");
        let now = here.peer(&peer).await;
        assert_eq!((here.everything().await, now.url, now.moved_to), (before, peer.url, None));
    }
}

fact_of_a_liar! {
    async fn case_37_what_an_older_version_of_ours_could_not_take_is_tried_again_by_a_newer_one(here, liar) {
        liar.tell_services(3);
        liar.twist(|seen, mut said| {
            if is_feed(seen) {
                for item in said["items"].as_array_mut().unwrap().iter_mut().filter(|item| item["id"] == id("service 1").to_string()) {
                    item["fed"]["v"] = json!(2);
                }
            }
            Reply::json(said.to_string())
        });
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        here.pull(&peer).await;
        let waiting = || async { peers::quarantined_by_code(&here.app.app().db, peer.id).await.unwrap() };
        assert_eq!((waiting().await, here.services().await.len()), (vec![("schema-future".to_owned(), 1)], 2));
        liar.repent();
        here.pull(&peer).await;
        assert_eq!((waiting().await.len(), here.services().await.len()), (1, 2), "the feed has nothing new");

        assert_eq!(here.peer(&peer).await.cursor.tried_with.as_deref(), Some(env!("CARGO_PKG_VERSION")));
        here.upgraded(&peer).await;
        let report = here.pull(&peer).await;
        assert_eq!((report.created, waiting().await.len(), here.services().await.len()), (1, 0, 3), "{report:?}");
        let asked = liar.asked().len();
        here.pull(&peer).await;
        assert_eq!(liar.asked().len(), asked + 1, "once");
    }
}

fact_of_a_liar! {
    async fn case_48_after_a_long_sleep_and_when_the_clocks_change_a_peer_is_asked_once(here, liar) {
        let peer = three_services(&here, &liar).await;
        let look = || async {
            let before = liar.asked().len();
            for _ in 0..3 {
                let mut running = tokio::task::JoinSet::new();
                here.harvester().pull_due(&mut running).await.unwrap();
                running.join_all().await;
            }
            liar.asked().len() - before
        };
        assert_eq!(look().await, 0, "it was asked just now");
        here.app.clock.set(here.app.clock.now() + chrono::Duration::hours(3));
        assert_eq!(look().await, 1, "twelve quarters of an hour are one pull");
        // The hour that the clocks show twice, and the one that they jump over, are moments like others.
        for night in ["2027-03-28T00:50:00Z", "2027-10-31T00:50:00Z"] {
            here.app.clock.set(night.parse().unwrap());
            assert_eq!(look().await, 1);
            let wait = here.peer(&peer).await.next_due_at - here.app.clock.now();
            assert!((720..=1_080).contains(&wait.num_seconds()), "a quarter of an hour, a fifth more or less: {wait}");
            here.app.clock.set(here.app.clock.now() + chrono::Duration::minutes(19));
            assert_eq!(look().await, 1);
        }
    }
}

fact_of_a_liar! {
    async fn case_53_a_database_that_fails_in_the_middle_of_a_page_leaves_everything_as_it_was(here, liar) {
        use sea_orm::ConnectionTrait as _;
        let peer = three_services(&here, &liar).await;
        let before = (here.state(&peer).await, peers::of_peer(&here.app.app().db, peer.id, None, 100).await.unwrap());
        liar.tell_services(6);
        // Records have been written by then, and so has what is known of them.
        let db = sea_orm::Database::connect(here.app.config.database_url.as_str()).await.unwrap();
        let (fail, mend) = match here.app.on {
            On::Sqlite => (
                "CREATE TRIGGER full BEFORE INSERT ON published BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END",
                "DROP TRIGGER full",
            ),
            On::Postgres => (
                "CREATE FUNCTION fill() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device'; END $$ LANGUAGE plpgsql; \
                 CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON published FOR EACH ROW EXECUTE FUNCTION fill()",
                "DROP TRIGGER full_disk ON published",
            ),
        };
        db.execute_unprepared(fail).await.unwrap();
        for failures in 1..=2 {
            let report = here.harvester().pull(peer.id, |_| {}).await.unwrap();
            assert_eq!((report.outcome, report.error.unwrap().code.as_str()), (Outcome::Failed, "our-side"));
            let peer = here.peer(&peer).await;
            assert_eq!(peer.failures, failures);
            assert!(peer.next_due_at > here.app.clock.now(), "others have their turn meanwhile");
        }
        let now = (here.state(&peer).await, peers::of_peer(&here.app.app().db, peer.id, None, 100).await.unwrap());
        assert_eq!(now, before, "neither records nor what is known of them nor the cursor");
        db.execute_unprepared(mend).await.unwrap();
        db.close().await.unwrap();
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.quarantined, here.services().await.len()), (Outcome::Ok, 0, 6), "{report:?}");
    }
}
