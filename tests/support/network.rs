//! Directories that know each other: each a whole Fingerpost behind a real socket.

use chrono::DateTime;
use fingerpost::{
    federation::{
        harvest::Harvester,
        neighbours::{New, Wanted},
        peers::{self, Cursor, Foreign, Held, Outcome, Peer, PeerState, Quarantined, Report, Trust},
    },
    model::Kind,
    published,
    records::{Proposal, Stored},
    serve,
};
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use super::{On, TestApp, liar::Liar};

/// A fact about directories that know each other, and perhaps about others that play a part, on both databases.
macro_rules! fact_between {
    (
        $(#[$meta:meta])* async fn $name:ident($($node:ident = $start:expr),+; $($other:ident = $made:expr),*) $body:block
    ) => {
        mod $name {
            #[allow(unused_imports, reason = "facts use what they need")]
            use super::*;

            async fn tried_on(on: crate::support::On) {
                $(let Some($node) = $start(on).await else { return };)+
                $(let $other = $made.await;)*
                $body
                $($node.end().await;)+
            }
            $(#[$meta])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                Box::pin(tried_on(crate::support::On::Sqlite)).await;
            }
            $(#[$meta])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                Box::pin(tried_on(crate::support::On::Postgres)).await;
            }
        }
    };
}

/// A fact about a directory that follows a liar.
macro_rules! fact_of_a_liar {
    ($(#[$meta:meta])* async fn $name:ident($here:ident, $liar:ident) $body:block) => {
        crate::support::network::fact_between! {
            $(#[$meta])* async fn $name(
                $here = |on| crate::support::network::Node::start(on, "Here");
                $liar = crate::support::liar::Liar::start()
            ) $body
        }
    };
}

/// A fact about two directories.
macro_rules! fact_of_two {
    ($(#[$meta:meta])* async fn $name:ident($luton:ident, $beds:ident) $body:block) => {
        crate::support::network::fact_between! {
            $(#[$meta])* async fn $name(
                $luton = |on| crate::support::network::Node::start(on, "Luton"),
                $beds = |on| crate::support::network::Node::start(on, "Central Bedfordshire");
            ) $body
        }
    };
}

/// A fact about a directory, an aggregator that follows it, and one that follows the aggregator.
macro_rules! fact_of_three {
    ($(#[$meta:meta])* async fn $name:ident($origin:ident, $hub:ident, $here:ident) $body:block) => {
        crate::support::network::fact_between! {
            $(#[$meta])* async fn $name(
                $origin = |on| crate::support::network::Node::start(on, "Luton"),
                $hub = |on| crate::support::network::Node::aggregator(on, "Bedfordshire"),
                $here = |on| crate::support::network::Node::start(on, "Here");
            ) $body
        }
    };
}
pub(crate) use {fact_between, fact_of_a_liar, fact_of_three, fact_of_two};

/// What a directory has and shows, and knows of a peer. What the peer was asked meanwhile, [`Liar::lately`] says.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    pub published: Vec<String>,
    pub feed: String,
    pub records: Vec<Stored>,
    pub proposals: Vec<Proposal>,
    pub known: Vec<Foreign>,
    pub quarantined: Vec<Quarantined>,
    pub held: Vec<Held>,
    pub peer: Peer,
}

impl State {
    /// The same without what concerns these records of the peer, and without how far it was read.
    #[must_use]
    pub fn but_for(mut self, ids: &[Uuid]) -> Self {
        self.records.retain(|record| !ids.contains(&record.id));
        self.known.retain(|row| !ids.contains(&row.id));
        self.quarantined.retain(|bad| !ids.contains(&bad.id));
        self.held.retain(|held| !ids.contains(&held.id));
        let is_theirs = |text: &String| ids.iter().any(|id| text.starts_with(&format!("{{\"id\":\"{id}\"")));
        self.published.retain(|text| !is_theirs(text));
        self.peer.cursor = Cursor::default();
        self
    }
}

/// A directory behind a socket.
pub struct Node {
    pub app: TestApp,
    pub url: Url,
    stop: CancellationToken,
}

impl Node {
    /// A directory without records; none where the database is not to be had.
    pub async fn start(on: On, name: &str) -> Option<Self> {
        Self::start_with(on, name, &[]).await
    }

    /// One that passes on what others have signed.
    pub async fn aggregator(on: On, name: &str) -> Option<Self> {
        Self::start_with(on, name, &[("FINGERPOST_AGGREGATOR", "yes")]).await
    }

    pub async fn start_with(on: On, name: &str, more: &[(&str, &str)]) -> Option<Self> {
        let listener = serve::listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let url: Url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let app = TestApp::start_with(on, url.as_str(), name, more).await?;
        let stop = CancellationToken::new();
        tokio::spawn(serve::serve(listener, app.router(), app.app().proxies(), stop.clone()));
        Some(Self { app, url, stop })
    }

    pub fn harvester(&self) -> Harvester {
        self.app.app().harvester()
    }

    /// Follow another directory.
    pub async fn follows(&self, url: &Url, trust: Trust) -> Peer {
        Box::pin(self.harvester().add_peer(new(url, trust))).await.unwrap()
    }

    /// Follow an aggregator, and what it passes on.
    pub async fn follows_all_of(&self, url: &Url) -> Peer {
        let peer = self.follows(url, Trust::Auto).await;
        let wanted = Wanted { relayed: Some(true), ..Wanted::default() };
        self.harvester().scope_peer(&peer.id.to_string(), wanted).await.unwrap()
    }

    /// Pull, and bring what is derived up to date.
    pub async fn pull(&self, peer: &Peer) -> Report {
        let report = self.harvester().pull(peer.id, |_| {}).await.unwrap();
        self.app.follow().await;
        report
    }

    /// The peer as it stands now.
    pub async fn peer(&self, peer: &Peer) -> Peer {
        peers::find(&self.app.app().db, peer.id).await.unwrap().unwrap()
    }

    /// Everything that it has and shows, and all that it knows of a peer, but for how the last pull went: equal before
    /// and after means that nothing has happened.
    pub async fn state(&self, peer: &Peer) -> State {
        let app = self.app.app();
        let mut records = Vec::new();
        for kind in Kind::RECORDS {
            records.extend(app.records.by_kind(kind, None, 100_000).await.unwrap());
        }
        let known = peers::of_peer(&app.db, peer.id, None, 100_000).await.unwrap().into_iter();
        let now = self.peer(peer).await;
        let Cursor { after, epoch, retired, floor, .. } = now.cursor.clone();
        let never = DateTime::UNIX_EPOCH;
        State {
            published: self.everything().await,
            feed: self.app.get("/federation/v1/changes").await.text(),
            records,
            proposals: app.records.waiting(None, None, 100_000).await.unwrap(),
            // When they came last, and which walk has met them, changes with every walk.
            known: known.map(|row| Foreign { crawl: 0, missing: 0, fetched_at: never, ..row }).collect(),
            quarantined: peers::quarantined(&app.db, peer.id, 100_000).await.unwrap(),
            held: peers::held(&app.db, peer.id).await.unwrap(),
            peer: Peer {
                cursor: Cursor { after, epoch, retired, floor, ..Cursor::default() },
                state: PeerState::Following,
                held: None,
                next_due_at: never,
                tried_at: None,
                succeeded_at: None,
                failures: 0,
                problem: None,
                report: None,
                discovered: None,
                ..now
            },
        }
    }

    /// Every published document.
    pub async fn everything(&self) -> Vec<String> {
        let mut all = Vec::new();
        for kind in Kind::PUBLISHED {
            let rows = published::by_kind(&self.app.app().db, kind, None, 100_000).await.unwrap();
            all.extend(rows.into_iter().filter(|row| row.live).map(|row| row.full));
        }
        all.sort_unstable();
        all
    }

    /// Names of the published services, sorted.
    pub async fn services(&self) -> Vec<String> {
        let page = self.app.get("/services?per_page=1000").await.json();
        let mut names: Vec<String> =
            page["contents"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect();
        names.sort_unstable();
        names
    }

    /// Follow a liar that tells an organisation and so many services of it, and pull once.
    pub async fn follows_services_of(&self, liar: &Liar, many: usize) -> Peer {
        liar.tell_services(many);
        let peer = self.follows(&liar.url(), Trust::Auto).await;
        let report = self.pull(&peer).await;
        assert_eq!((report.outcome, report.created, report.error), (Outcome::Ok, many as u64 + 1, None));
        peer
    }

    /// What of a peer could not be taken, by reason.
    pub async fn quarantine(&self, peer: &Peer) -> Vec<(String, i64)> {
        peers::quarantined_by_code(&self.app.app().db, peer.id).await.unwrap()
    }

    /// What an officer is told to do about a peer.
    pub async fn advice(&self, peer: &Peer) -> String {
        self.harvester().describe_peer(&self.peer(peer).await).await.unwrap().advice
    }

    /// Stand here in what a peer tells.
    pub async fn stands_at(&self, peer: &Peer, cursor: &Cursor) {
        let tx = self.app.app().db.write().await.unwrap();
        peers::set_cursor(&tx, peer.id, cursor).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// As if nobody knew any more how far the peer was followed.
    pub async fn loses_its_place(&self, peer: &Peer) {
        let epoch = self.peer(peer).await.cursor.epoch;
        self.stands_at(peer, &Cursor { epoch, ..Cursor::default() }).await;
    }

    /// As if an earlier version of the program had pulled from the peer last.
    pub async fn upgraded(&self, peer: &Peer) {
        let cursor = self.peer(peer).await.cursor;
        self.stands_at(peer, &Cursor { tried_with: Some("0.0.1".to_owned()), ..cursor }).await;
    }

    /// The same directory, stopped and started again where it was.
    pub async fn restarted(self) -> Self {
        let Self { mut app, url, stop } = self;
        stop.cancel();
        app.restart().await;
        let stop = CancellationToken::new();
        let listener = loop {
            // Its last connections may take a moment to go.
            match serve::listen(app.config.public_url.as_ref().unwrap().socket_addrs(|| None).unwrap()[0]).await {
                Ok(listener) => break listener,
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            }
        };
        tokio::spawn(serve::serve(listener, app.router(), app.app().proxies(), stop.clone()));
        Self { app, url, stop }
    }

    pub async fn end(self) {
        self.stop.cancel();
        self.app.end().await;
    }
}

/// What is to be followed, as `peer add URL --trust …` does.
pub fn new(url: &Url, trust: Trust) -> New {
    New { url: url.clone(), name: None, kind: None, trust, every_seconds: 900, licence: None }
}
