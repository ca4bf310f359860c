//! Federation: our own records flow out to whoever follows us, and those of neighbouring directories
//! flow in. The protocol is `open-directory/1` (`docs/federation.md`): a feed of changes that every
//! RPDE client can read, with a signed statement beside each record.
//!
//! What flows out comes straight from `published`, own records only: what came from elsewhere is not sent
//! on, so directories that follow each other cannot echo. Where the setting `aggregator` says so, there is
//! a second feed that passes on what others have signed.

mod changes;
pub mod compare;
mod describe;
mod detect;
mod discovery;
pub mod followers;
mod gauges;
pub mod harvest;
pub mod neighbours;
pub mod peers;
pub mod proofs;
pub mod protocol;
pub mod relay;
pub mod snapshot;
mod staleness;
mod status;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};
use tokio::sync::Semaphore;
use url::Url;

use crate::{
    clock::Clock,
    db::{self, Database},
    http::api,
    signing::{Moved, Signer},
};
use snapshot::Snapshots;
pub use {
    describe::{openapi_paths, schemas},
    discovery::described,
    gauges::gauges,
    status::{Freshness, freshness},
};

/// Followers that wait for news at once; further ones are answered right away.
const WAITING: usize = 256;

/// What is said to followers. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Outlet {
    db: Database,
    clock: Clock,
    signer: Arc<Signer>,
    publisher: Arc<Publisher>,
    waiting: Arc<Semaphore>,
    followers: followers::Followers,
    pings: status::Pings,
    snapshots: Snapshots,
    /// One looks through all own records at a time.
    digesting: Arc<Semaphore>,
    /// Addresses that we had before.
    moved: Arc<[Moved]>,
    /// Whether what others have signed is passed on.
    is_aggregator: bool,
}

/// Who publishes here.
#[derive(Clone, Debug)]
pub struct Publisher {
    /// How the world reaches us, with a slash at its end; our identity.
    pub origin: Url,
    /// Name.
    pub name: String,
    /// Area code.
    pub gss: Option<String>,
    /// Licence of our own records.
    pub licence: Url,
}

impl Publisher {
    /// The address of `path` below our origin.
    fn address(&self, path: &str) -> Url {
        self.origin.join(path).unwrap_or_else(|_| self.origin.clone())
    }
}

impl Outlet {
    /// What followers of this directory are told.
    pub fn new(db: Database, clock: Clock, signer: Arc<Signer>, publisher: Publisher, snapshots: Snapshots) -> Self {
        Self {
            db,
            clock,
            signer,
            publisher: Arc::new(publisher),
            waiting: Arc::new(Semaphore::new(WAITING)),
            followers: followers::Followers::default(),
            pings: status::Pings::default(),
            snapshots,
            digesting: Arc::new(Semaphore::new(1)),
            moved: Arc::new([]),
            is_aggregator: false,
        }
    }

    /// Write who has asked for pages as a follower, as far as that is news. For once a minute, not for each request.
    /// # Errors
    /// When the database fails.
    pub async fn keep_followers(&self) -> Result<(), db::Error> {
        self.followers.keep(&self.db, self.clock.now()).await
    }

    /// The same for a directory that had other addresses before.
    #[must_use]
    pub fn with_moves(self, moved: Vec<Moved>) -> Self {
        Self { moved: moved.into(), ..self }
    }

    /// The same for one that passes on what others have signed, or not.
    #[must_use]
    pub fn passing_on(self, is_aggregator: bool) -> Self {
        Self { is_aggregator, ..self }
    }
}

/// Every route of federation.
pub fn routes(outlet: Outlet) -> Router {
    Router::new()
        .route("/.well-known/open-directory", api(get(discovery::show)))
        .route("/federation/v1/changes", api(get(changes::show)))
        .route("/federation/v1/checkpoint", api(get(compare::checkpoint)))
        .route("/federation/v1/digest", api(get(compare::buckets)))
        .route("/federation/v1/digest/{bucket}", api(get(compare::bucket)))
        .route("/federation/v1/snapshot", api(get(snapshot::pointer)))
        .route("/federation/v1/snapshots/{name}", api(get(snapshot::file)))
        .route("/federation/v1/status", api(get(status::show)))
        .route("/federation/v1/ping", api(post(status::ping)).layer(DefaultBodyLimit::max(status::LARGEST_PING)))
        .route("/federation/v1/dataset", api(get(discovery::dataset)))
        .with_state(outlet)
}
