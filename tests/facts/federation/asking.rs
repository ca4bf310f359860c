//! When a peer is asked, as the server does it: nobody more often than they want, no host by several at once, and who
//! was not there once a day.

use std::time::Duration;

use chrono::TimeDelta;
use fingerpost::{
    federation::{
        harvest::Harvester,
        neighbours::New,
        peers::{Outcome, Peer, PeerState, Trust},
    },
    model::Kind,
};
use serde_json::json;
use tokio::task::JoinSet;

use super::super::id;
use crate::support::{
    liar::{Liar, service},
    network::{self, Node, fact_between, fact_of_a_liar},
    peer::{HostilePeer, Reply, Seen},
};

/// Look for peers that are due, as the server does every other second, and wait for what that begins.
async fn look(harvester: &Harvester) {
    let mut running = JoinSet::new();
    harvester.pull_due(&mut running).await.unwrap();
    running.join_all().await;
}

fn later(here: &Node, by: TimeDelta) {
    here.app.clock.set(here.app.clock.now() + by);
}

/// How long the peer is left alone now, in seconds.
async fn wait(here: &Node, peer: &Peer) -> i64 {
    (here.peer(peer).await.next_due_at - here.app.clock.now()).num_seconds()
}

fact_of_a_liar! {
    async fn case_29_who_asks_us_to_wait_is_not_asked_before_that(here, liar) {
        liar.tell_services(1);
        here.follows(&liar.url(), Trust::Auto).await;
        let harvester = here.harvester();
        look(&harvester).await;
        later(&here, TimeDelta::hours(1));
        liar.twist(|_, _| Reply::status(429).with("retry-after", "600"));
        look(&harvester).await;
        let asked = liar.peer.seen().len();
        for minutes in [1, 3, 5] {
            later(&here, TimeDelta::minutes(minutes));
            look(&harvester).await;
            assert_eq!(liar.peer.seen().len(), asked, "not within the ten minutes");
        }
        liar.repent();
        later(&here, TimeDelta::minutes(1) + TimeDelta::seconds(1));
        look(&harvester).await;
        assert!(liar.peer.seen().len() > asked, "and then it is");
    }
}

fact_of_a_liar! {
    async fn case_30_after_each_failure_the_wait_may_be_twice_as_long(here, liar) {
        liar.tell_services(1);
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        here.pull(&peer).await;
        liar.twist(|_, _| Reply::status(503));
        for failures in 1..=12_u32 {
            here.pull(&peer).await;
            let longest = (60_i64 << (failures - 1)).min(21_600);
            assert!((10..=longest).contains(&wait(&here, &peer).await), "{failures}: {}", wait(&here, &peer).await);
        }
        liar.repent();
        here.pull(&peer).await;
        assert!((720..=1_080).contains(&wait(&here, &peer).await), "all is forgotten with the first success");
    }
}

fact_of_a_liar! {
    async fn a_peer_with_news_is_asked_sooner_and_a_quiet_one_as_seldom_as_was_said(here, liar) {
        liar.tell_services(1);
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        here.pull(&peer).await;
        assert!((720..=1_080).contains(&wait(&here, &peer).await));
        for number in 1..=3 {
            liar.tell(Kind::Service, id(&format!("service {number}")), Some(service(number)));
            assert_eq!(here.pull(&peer).await.created, 1);
        }
        assert!((240..=360).contains(&wait(&here, &peer).await), "every five minutes, while it has news each time");
        here.pull(&peer).await;
        assert!((280..=720).contains(&wait(&here, &peer).await), "half as long again: {}", wait(&here, &peer).await);
        for _ in 0..5 {
            here.pull(&peer).await;
        }
        assert!((720..=1_080).contains(&wait(&here, &peer).await), "a quarter of an hour, as was said");

        // Whatever it brings, nobody is asked sooner than they want.
        liar.twist(|seen, mut said| {
            if seen.path.contains("well-known") {
                said["feeds"][0]["min_poll_seconds"] = json!(1_200);
            }
            Reply::json(said.to_string())
        });
        later(&here, TimeDelta::days(2));
        for number in 4..=9 {
            liar.tell(Kind::Service, id(&format!("service {number}")), Some(service(number)));
            here.pull(&peer).await;
            assert!((1_200..=1_440).contains(&wait(&here, &peer).await), "{}", wait(&here, &peer).await);
        }
    }
}

fact_of_a_liar! {
    async fn case_21_what_a_peer_says_of_the_time_decides_nothing_and_is_not_shown(here, liar) {
        let told = |number: usize, name: &str, when: &str| {
            let mut one = service(number);
            one["name"] = json!(name);
            one["last_modified"] = json!(when);
            liar.says_changed(when.parse().unwrap());
            liar.tell(Kind::Service, id(&format!("service {number}")), Some(one));
        };
        liar.tell_services(1);
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        here.pull(&peer).await;
        let began = here.peer(&peer).await;
        told(0, "Of the future", "2099-01-01T00:00:00Z");
        assert_eq!(here.pull(&peer).await.updated, 1);
        // What comes later is later, whatever its clock said before.
        told(0, "Of the past", "1999-01-01T00:00:00Z");
        told(1, "Of no time", "0001-01-01T00:00:00Z");
        let report = here.pull(&peer).await;
        assert_eq!((report.updated, report.created, report.quarantined), (1, 1, 0), "{report:?}");
        assert_eq!(here.services().await, ["Of no time", "Of the past"]);
        let now = here.peer(&peer).await;
        assert_eq!((now.cursor.after, now.state), (began.cursor.after + 3, PeerState::Following));
        assert!((240..=1_080).contains(&wait(&here, &peer).await));
        let all = here.everything().await.concat();
        assert!(!all.contains("2099-") && !all.contains("1999-") && !all.contains("0001-"), "{all}");
        for one in here.app.ids("/services").await {
            let page = here.app.page(&format!("/directory/services/{one}")).await.text();
            assert!(page.contains("November 2026") && !page.contains("2099") && !page.contains("1999"), "{page}");
        }
    }
}

/// A host with many calendars, which answers as `script` says.
async fn calendars(here: &Node, names: &[&str], host: &HostilePeer) {
    for name in names {
        let licence = Some("https://creativecommons.org/licenses/by/4.0/".to_owned());
        let url = host.url(&format!("/{name}.ics"));
        here.harvester()
            .add_peer(New { licence, name: Some((*name).to_owned()), ..network::new(&url, Trust::Auto) })
            .await
            .unwrap();
    }
}

fn calendar(seen: &Seen) -> Reply {
    if !seen.path.contains(".ics") {
        return Reply::status(404);
    }
    let text = format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nX-WR-CALNAME:Hall {0}\r\nBEGIN:VEVENT\r\nUID:{0}\r\nSUMMARY:Soup\r\nDTSTART:20261202T120000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        seen.path
    );
    Reply::Full { status: 200, headers: Vec::new(), body: text.into_bytes() }.with("content-type", "text/calendar")
}

/// A host that can be told to fail.
struct Failing(std::sync::Arc<std::sync::atomic::AtomicBool>);

impl Failing {
    async fn host() -> (HostilePeer, Self) {
        let fails = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let told = fails.clone();
        let host = HostilePeer::start(move |seen| {
            let fails = told.load(std::sync::atomic::Ordering::SeqCst);
            if fails { Reply::status(503) } else { calendar(seen) }
        })
        .await;
        (host, Self(fails))
    }

    fn now(&self, fails: bool) {
        self.0.store(fails, std::sync::atomic::Ordering::SeqCst);
    }
}

fact_between! {
    async fn one_host_is_asked_by_one_pull_at_a_time_and_others_meanwhile(
        here = |on| Node::start(on, "Here");
        host = HostilePeer::start(|seen| calendar(seen).late(Duration::from_millis(400))),
        other = HostilePeer::start(|seen| calendar(seen).late(Duration::from_millis(400)))
    ) {
        calendars(&here, &["a", "b", "c"], &host).await;
        calendars(&here, &["d"], &other).await;
        let (asked, elsewhere) = (host.seen().len(), other.seen().len());
        let harvester = here.harvester();
        let mut running = JoinSet::new();
        for _ in 0..3 {
            harvester.pull_due(&mut running).await.unwrap();
            assert_eq!(running.len(), 2, "one for each host");
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        // Another process has its own idea of who is asked, and sees the leases.
        let mut others = JoinSet::new();
        here.harvester().pull_due(&mut others).await.unwrap();
        assert_eq!(others.len(), 0);
        while running.join_next().await.is_some() {}
        assert_eq!((host.seen().len() - asked, other.seen().len() - elsewhere), (1, 1));
        for _ in 0..2 {
            look(&harvester).await;
        }
        assert_eq!((host.seen().len() - asked, other.seen().len() - elsewhere), (3, 1), "each in its turn");
    }
}

fact_between! {
    async fn case_51_a_peer_of_many_records_keeps_one_place_and_the_others_get_their_turns(
        here = |on| Node::start(on, "Here");
        huge = Liar::start(),
        small = Liar::start()
    ) {
        huge.tell_services(200);
        huge.page_items(2);
        huge.twist(|_, page| Reply::json(page.to_string()).late(Duration::from_millis(30)));
        small.tell_services(3);
        let (huge, small) = (here.follows(&huge.url(), Trust::Auto).await, here.follows(&small.url(), Trust::Auto).await);
        let mut running = JoinSet::new();
        here.harvester().pull_due(&mut running).await.unwrap();
        assert_eq!(running.len(), 2, "the one that has waited longest does not go first alone");
        running.join_next().await;
        let ended = (here.peer(&huge).await.succeeded_at.is_some(), here.peer(&small).await.succeeded_at.is_some());
        assert_eq!(ended, (false, true), "it does not wait until everything of the other is here");
        running.join_all().await;
        here.app.follow().await;
        assert_eq!(here.services().await.len(), 203);
    }
}

fact_between! {
    async fn case_30_a_host_that_fails_over_and_over_is_left_alone_and_then_tried_by_one(
        here = |on| Node::start(on, "Here");
        failing = Failing::host()
    ) {
        let (host, failing) = failing;
        calendars(&here, &["a", "b", "c", "d", "e"], &host).await;
        failing.now(true);
        let before = host.seen().len();
        let asked = || host.seen().len() - before;
        let harvester = here.harvester();
        for failures in [1, 2, 3, 3, 3] {
            look(&harvester).await;
            assert_eq!(asked(), failures, "three failures of whichever peer, and the others are not even tried");
        }
        later(&here, TimeDelta::seconds(59));
        look(&harvester).await;
        assert_eq!(asked(), 3, "it is left alone for a minute");
        later(&here, TimeDelta::seconds(2));
        for _ in 0..3 {
            look(&harvester).await;
            assert_eq!(asked(), 4, "then one tries it, and fails");
        }
        later(&here, TimeDelta::seconds(110));
        look(&harvester).await;
        assert_eq!(asked(), 4, "twice as long, this time");
        failing.now(false);
        later(&here, TimeDelta::minutes(10));
        for tried in 5..=9 {
            look(&harvester).await;
            assert_eq!(asked(), tried, "all of them again, one after the other");
        }
    }
}

fact_of_a_liar! {
    async fn case_31_a_peer_whose_feed_is_gone_is_asked_once_a_day_and_followed_again_when_it_is_back(here, liar) {
        liar.tell_services(3);
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        here.pull(&peer).await;
        liar.twist(|_, _| Reply::status(404));
        for _ in 0..=3 {
            here.pull(&peer).await;
            later(&here, TimeDelta::days(1));
        }
        assert_eq!(here.peer(&peer).await.state, PeerState::Held);
        let before = here.state(&peer).await;
        // Held, and asked once a day.
        let harvester = here.harvester();
        for _ in 0..3 {
            later(&here, TimeDelta::hours(30));
            let asked = liar.peer.seen().len();
            for _ in 0..4 {
                look(&harvester).await;
                later(&here, TimeDelta::hours(4));
            }
            let paths = liar.peer.paths().split_off(asked);
            assert_eq!(paths, ["/.well-known/open-directory"], "who they are, and nothing else");
            let now = here.peer(&peer).await;
            assert_eq!((now.state, now.held.unwrap().code.as_str()), (PeerState::Held, "not-there"));
        }
        assert_eq!(here.state(&peer).await, before, "nothing has happened");

        // Somebody else is there now.
        liar.repent();
        liar.rotate(false, false);
        later(&here, TimeDelta::hours(30));
        look(&harvester).await;
        let now = here.peer(&peer).await;
        assert_eq!((now.state, now.held.unwrap().code.as_str()), (PeerState::Held, "key-changed"));
        assert_eq!(here.state(&peer).await, before);
    }
}

fact_of_a_liar! {
    async fn case_31_a_peer_that_is_back_goes_on_where_it_was(here, liar) {
        liar.tell_services(3);
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        here.pull(&peer).await;
        liar.twist(|seen, said| if seen.path.contains("/changes") { Reply::status(410) } else { Reply::json(said.to_string()) });
        for _ in 0..=3 {
            here.pull(&peer).await;
            later(&here, TimeDelta::days(1));
        }
        // It says who it is, and has no feed yet.
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, here.peer(&peer).await.state), (Outcome::Held, PeerState::Held));
        assert!(wait(&here, &peer).await > 50_000, "tomorrow");
        liar.repent();
        liar.tell(Kind::Service, id("service 9"), Some(service(9)));
        later(&here, TimeDelta::hours(30));
        look(&here.harvester()).await;
        let now = here.peer(&peer).await;
        assert_eq!((now.state, now.held, now.problem, now.failures), (PeerState::Following, None, None, 0));
        here.app.follow().await;
        assert_eq!(here.services().await.len(), 4);
        // What an officer has put on hold stays so.
        here.harvester().hold_peer(&peer.id.to_string()).await.unwrap();
        later(&here, TimeDelta::days(2));
        look(&here.harvester()).await;
        assert_eq!(here.peer(&peer).await.state, PeerState::Held);
    }
}

fact_between! {
    async fn case_52_eight_dead_slow_peers_hold_up_the_others_for_no_longer_than_one_answer_may_take(
        here = |on| Node::start(on, "Here");
        quick = Liar::start()
    ) {
        quick.tell_services(2);
        let mut slow = Vec::new();
        for _ in 0..8 {
            let liar = Liar::start().await;
            liar.tell_services(1);
            here.follows(&liar.url(), Trust::Auto).await;
            liar.twist(|_, page| Reply::json(page.to_string()).late(Duration::from_mins(1)));
            slow.push(liar);
        }
        later(&here, TimeDelta::hours(1));
        let other = here.follows(&quick.url(), Trust::Auto).await;
        let harvester = here.harvester();
        let mut running = JoinSet::new();
        let began = std::time::Instant::now();
        while here.peer(&other).await.succeeded_at.is_none() {
            harvester.pull_due(&mut running).await.unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
            assert!(began.elapsed() < Duration::from_secs(25), "who does not even begin to answer is given up after ten seconds");
        }
        assert!(began.elapsed() > Duration::from_secs(5), "all eight places were taken");
        running.shutdown().await;
    }
}
