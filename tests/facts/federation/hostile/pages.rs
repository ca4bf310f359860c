//! Pages that break off, lead astray, come again or are none.

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use fingerpost::{
    federation::peers::{Outcome, PeerState, Trust},
    model::Kind,
};
use serde_json::json;

use super::{NEXT, here_id, is_feed, nothing_changes, three_services};
use crate::support::{
    liar::{BEGAN, Liar, id, service},
    network::fact_of_a_liar,
    peer::{HostilePeer, Reply},
};

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

/// A cache in between that is always one answer behind: what it is asked for once more, it answers as it was before.
fn is_cached(liar: &Liar) {
    let kept = Mutex::new(HashMap::<String, String>::new());
    liar.twist(move |seen, page| {
        let present = page.to_string();
        if !is_feed(seen) {
            return Reply::json(present);
        }
        let before = kept.lock().unwrap().insert(seen.path.clone(), present.clone());
        Reply::json(before.unwrap_or(present))
    });
}

/// Tell the first service once more, under this name.
fn rename(liar: &Liar, name: &str) {
    let mut renamed = service(0);
    renamed["name"] = json!(name);
    liar.tell(Kind::Service, id("service 0"), Some(renamed));
}

fact_of_a_liar! {
    async fn case_46_an_older_page_out_of_a_cache_brings_nothing_back(here, liar) {
        is_cached(&liar);
        let peer = three_services(&here, &liar).await;
        let before = here.state(&peer).await;

        // The end of the feed as it was before the last change: nothing is new yet, and nothing is wrong.
        rename(&liar, "First");
        liar.lately();
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.error), (Outcome::Ok, None));
        assert_eq!(liar.lately(), NEXT);
        assert_eq!(here.state(&peer).await, before);

        // The page behind the place where we stand as it was before the last change: it leads on to what is new.
        rename(&liar, "Second");
        assert_eq!(here.pull(&peer).await.error, None);
        assert_eq!(liar.lately(), ["changes after 4", "changes after 5", "changes after 6"]);
        assert_eq!(here.services().await, ["Club 1", "Club 2", "Second"]);
        let now = here.state(&peer).await;
        let one = [here_id(&liar, "service 0")];
        assert_eq!(now.clone().but_for(&one), before.but_for(&one), "nothing else has changed");

        // Pages from before what has been applied: an older version is older.
        here.loses_its_place(&peer).await;
        liar.lately();
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.updated, report.left_out.get("older")), (Outcome::Ok, 0, Some(&1)), "{report:?}");
        assert_eq!(liar.lately(), ["open-directory", "changes", "changes after 4", "changes after 6"]);
        assert_eq!(here.state(&peer).await, now);
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
