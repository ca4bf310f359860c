//! What an officer does about peers: add, approve, hold, release, remove. Commands and pages call these.

mod adding;
mod advice;
mod anew;
mod deciding;
mod described;
mod leaving;
mod terms;

use url::Url;

use super::{
    harvest::{BUSY, Error, Harvester, Turn},
    peers::{self, Peer, PeerKind, Trouble, Trust},
};
use crate::{db::Transaction, model::Kind};

pub use described::Described;

/// Records in one transaction.
const BATCH: u64 = 500;
/// For so long a pull that is under way is waited for.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

/// What is to be followed, and how.
#[derive(Clone, Debug)]
pub struct New {
    /// Its web address.
    pub url: Url,
    /// What to call it; its own name unless it is given.
    pub name: Option<String>,
    /// What it speaks; found out unless it is given.
    pub kind: Option<PeerKind>,
    /// How far it is believed.
    pub trust: Trust,
    /// How often to ask, in seconds.
    pub every_seconds: i64,
    /// The licence of its records, where it does not say so itself.
    pub licence: Option<String>,
}

/// Which records of a peer are to be taken; what is not said stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// At most so many.
    pub most: Option<u64>,
    /// Further licences under which they may be shown.
    pub licences: Vec<String>,
    /// Only these kinds of listings.
    pub kinds: Vec<Kind>,
    /// Only at places whose postcodes begin so.
    pub postcodes: Vec<String>,
    /// Only at places in areas with these GSS codes.
    pub areas: Vec<String>,
    /// Whether records it passes on from other directories is taken, too.
    pub relayed: Option<bool>,
    /// Of every kind and everywhere, first.
    pub everything: bool,
}

/// Why something about a peer could not be done.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Our side failed, or there is no such peer.
    #[error(transparent)]
    Failed(#[from] Error),
    /// The peer is no good.
    #[error("{url} cannot be followed: {} ({}){}", trouble.detail, trouble.code, hint(trouble))]
    Peer {
        /// Its address.
        url: Url,
        /// What is wrong.
        trouble: Trouble,
    },
    /// It cannot be done as things are.
    #[error("{}", .0.detail)]
    NotNow(Trouble),
    /// It makes no sense.
    #[error("{0}")]
    Senseless(String),
}

impl Refused {
    fn not_now(code: &str, detail: String) -> Self {
        Self::NotNow(Trouble { code: code.to_owned(), detail })
    }
}

impl From<crate::db::Error> for Refused {
    fn from(error: crate::db::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<crate::records::Error> for Refused {
    fn from(error: crate::records::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl Harvester {
    /// The peer with this number, name or address.
    /// # Errors
    /// When there is none.
    pub async fn peer(&self, name: &str) -> Result<Peer, Error> {
        peers::by_name(self.database(), name).await?.ok_or_else(|| Error::NoPeer(name.to_owned()))
    }

    /// A peer as it stands now.
    async fn now_there(&self, id: peers::PeerId) -> Result<Peer, Refused> {
        Ok(peers::find(self.database(), id).await?.ok_or_else(|| Error::NoPeer(id.to_string()))?)
    }

    /// The turn to change what pulls of a peer write as well; a pull that is under way is waited for, for a while.
    async fn in_turn(&self, peer: &Peer) -> Result<Turn, Refused> {
        Box::pin(self.turn(peer.id, PATIENCE)).await?.ok_or_else(|| busy(&peer.name))
    }
}

/// Commit what was changed in turn.
async fn end(turn: Turn, tx: Transaction) -> Result<(), Refused> {
    let name = turn.peer.name.clone();
    if Box::pin(turn.end(tx)).await? { Ok(()) } else { Err(busy(&name)) }
}

fn busy(name: &str) -> Refused {
    Refused::not_now(BUSY, format!("a pull from {name} is in progress; try again in a minute"))
}

/// What to do about a peer that cannot even be asked.
fn hint(trouble: &Trouble) -> &'static str {
    match trouble.code.as_str() {
        "blocked-address" => "; if it is inside your own network, name that network in FINGERPOST_ALLOW_PRIVATE_PEERS",
        "redirect" if trouble.detail.ends_with("a different host, scheme or port") => {
            "; if that is their address, add it instead"
        }
        "dns" | "connect" | "timeout" => "; check that the address is right and opens in a browser",
        _ => "",
    }
}

/// Whether a peer shows keys of which nobody has approved any.
fn has_unapproved_keys(peer: &Peer) -> bool {
    peer.pinned_keys.is_none() && peer.discovered.as_ref().is_some_and(|said| !said.keys.is_empty())
}
