//! What an officer does about peers: add, approve, hold, release, remove. Commands and pages call these.

mod advice;
mod described;
mod leaving;

use chrono::{DateTime, Duration, Utc};
use url::Url;
use uuid::Uuid;

use super::{
    detect,
    harvest::{BUSY, Error, Harvester, discover},
    peers::{self, Cursor, Lease, Peer, PeerKind, PeerState, Scope, Trouble, Trust},
    protocol::{ALL, Discovery},
};
use crate::model::Kind;

pub use described::Described;

/// Records in one transaction.
const BATCH: u64 = 500;
/// How long it may take to say that everything is to be looked at again.
const LOOK: Duration = Duration::seconds(30);
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

/// What is forgotten of the records of a peer, so that they are compared anew.
#[derive(Clone, Copy, Debug)]
enum Anew {
    /// Which version each is; what is the same stays as it is.
    Numbers,
    /// What each says, so that it is rendered again.
    Versions,
}

impl Harvester {
    /// The peer with this number, name or address.
    /// # Errors
    /// When there is none.
    pub async fn peer(&self, name: &str) -> Result<Peer, Error> {
        peers::by_name(self.database(), name).await?.ok_or_else(|| Error::NoPeer(name.to_owned()))
    }

    /// Follow another directory. With [`Trust::Auto`] its present keys are approved with it.
    /// # Errors
    /// When it cannot be reached, speaks nothing that we know, is ourselves, or is followed already.
    pub async fn add_peer(&self, new: New) -> Result<Peer, Refused> {
        let mut url = detect::plain_address(&new.url);
        if detect::is_secret_address(&url) {
            return Err(Refused::Senseless(
                "this address contains a secret, and the sources of records are public: ask them for a public address".to_owned(),
            ));
        }
        let mut found = self.find_out(&url, new.kind).await;
        // Councils often send the address of the list itself.
        if let (Err(_), Some(above)) = (&found, detect::above_the_list(&url))
            && let Ok(better) = self.find_out(&above, new.kind).await
        {
            (url, found) = (above, Ok(better));
        }
        let found = found.map_err(|trouble| Refused::Peer { url: url.clone(), trouble })?;
        let origin = match &found.discovered {
            Some(said) => said.origin.to_string(),
            None => detect::plain_origin(found.kind, &url),
        };
        if origin == self.here() {
            return Err(Refused::Senseless(format!("{origin} is this directory")));
        }
        if let Some(known) =
            peers::all(self.database()).await?.into_iter().find(|peer| peer.origin == origin || peer.identity() == origin)
        {
            let detail = format!("{origin} is already followed, as peer {} ({})", known.id, known.name);
            return Err(Refused::not_now("followed-already", detail));
        }
        let now = self.now();
        let name = new.name.clone().or(found.name);
        let said = found.discovered.as_ref().map(|said| &said.license);
        if let Some(said) = said.filter(|said| new.licence.as_ref().is_some_and(|given| *given != said.url)) {
            return Err(Refused::Senseless(format!(
                "it already states the licence of its records: {}. Add it without --licence; if they may be shown under that licence, then run `fingerpost peer scope N --licence {0}`",
                said.url
            )));
        }
        let mut peer = Peer {
            name: name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| url.host_str().unwrap_or("peer").to_owned()),
            origin,
            kind: found.kind,
            trust: new.trust,
            state: if new.trust == Trust::Review { PeerState::New } else { PeerState::Following },
            licence: new.licence.clone().or(found.licence),
            attribution: said.map(|licence| licence.attribution.clone()).filter(|text| !text.is_empty()),
            every_seconds: new.every_seconds,
            discovered: found.discovered,
            next_due_at: now,
            added_at: now,
            ..Peer::unknown(&url)
        };
        if new.trust == Trust::Auto {
            pin(&mut peer);
        }
        let tx = self.database().write().await?;
        peer.id = peers::add(&tx, &peer).await?;
        tx.commit().await?;
        Ok(peer)
    }

    /// Approve a peer: the keys that it shows now are pinned, and it is followed. Whoever had keys once has to
    /// show some.
    /// # Errors
    /// When there is no such peer, it cannot be asked, or it shows other keys than before, or none any more.
    pub async fn approve_peer(&self, name: &str) -> Result<Peer, Refused> {
        let mut peer = self.peer(name).await?;
        if peer.kind == PeerKind::OpenDirectory {
            let said = discover(self.outbound(), &peer.url).await;
            let said = said.map_err(|trouble| Refused::Peer { url: peer.url.clone(), trouble })?;
            if said.origin.as_str() != peer.identity() {
                let detail = format!("{} was added, but {} now answers", peer.identity(), said.origin);
                let trouble = Trouble { code: "other-origin".to_owned(), detail };
                return Err(Refused::Peer { url: peer.url.clone(), trouble });
            }
            let keys = |said: &Option<Discovery>| said.as_ref().map(|said| said.keys.clone());
            let shown = keys(&peer.discovered);
            peer.discovered = Some(said);
            if keys(&peer.discovered) != shown {
                self.keep(&peer).await?;
                let detail = format!(
                    "the keys of {} have changed since they were shown; check again with `fingerpost peer show {}`",
                    peer.name, peer.id
                );
                return Err(Refused::not_now("keys-changed", detail));
            }
            if peer.pinned_keys.is_some() && shows_no_keys(&peer) {
                let detail = format!(
                    "the keys of {0} were approved but it no longer presents any, so nothing it says can be verified. Ask them to publish their keys again. If they no longer sign and you want to trust them anyway, run `fingerpost peer remove {1}` and add it again",
                    peer.name, peer.id
                );
                return Err(Refused::not_now("no-keys", detail));
            }
            pin(&mut peer);
        }
        follow_again(&mut peer, self.now());
        self.keep(&peer).await?;
        Ok(peer)
    }

    /// Stop asking a peer until somebody releases it. What came before stays.
    /// # Errors
    /// When there is no such peer, or nothing is pulled from it yet.
    pub async fn hold_peer(&self, name: &str) -> Result<Peer, Refused> {
        let mut peer = self.peer(name).await?;
        if peer.state == PeerState::New {
            let detail = format!("{} has not been approved yet, so nothing is pulled from it", peer.name);
            return Err(Refused::not_now("not-approved", detail));
        }
        peer.state = PeerState::Held;
        peer.held = Some(Trouble { code: "held".to_owned(), detail: "an officer put it on hold".to_owned() });
        self.keep(&peer).await?;
        Ok(peer)
    }

    /// Let a held peer go on, and carry out the deletions that waited. Gives how many those were.
    /// # Errors
    /// When there is no such peer, nobody has approved it, or it is pulled from at the moment.
    pub async fn release_peer(&self, name: &str) -> Result<(Peer, u64), Refused> {
        let mut peer = self.peer(name).await?;
        if let Some(damaged) = peer.held.as_ref().filter(|held| held.code == peers::DAMAGED) {
            let detail = format!(
                "{}; compare the fingerprint of their key and run `fingerpost peer approve {}`, or remove it and add it again",
                damaged.detail, peer.id
            );
            return Err(Refused::not_now(peers::DAMAGED, detail));
        }
        if peer.state == PeerState::New || peer.trust != Trust::LinkOnly && has_unapproved_keys(&peer) {
            let detail = format!("{} has not been approved yet; run `fingerpost peer approve {}`", peer.name, peer.id);
            return Err(Refused::not_now("not-approved", detail));
        }
        let why = peer.held.take().map(|held| held.code);
        let waiting: Vec<Uuid> = peers::held(self.database(), peer.id).await?.into_iter().map(|held| held.id).collect();
        for some in waiting.chunks(usize::try_from(BATCH).unwrap_or(usize::MAX)) {
            let rows = peers::foreign(self.database(), some).await?;
            self.take_out(&peer, rows, "its source no longer includes it", false).await?;
        }
        follow_again(&mut peer, self.now());
        match why.as_deref() {
            // They went back to a backup, so the numbers that they gave since are not theirs any more.
            Some("head-went-back" | "numbers-went-back") if peer.can_prove() => {
                peer.cursor.went_back_at = Some(self.now());
                self.keep(&peer).await?;
            }
            Some("head-went-back" | "numbers-went-back") => self.look_again(&mut peer, Anew::Numbers).await?,
            // Somebody has asked them. What they have at the next reading decides.
            Some("suddenly-empty") => {
                peer.cursor.may_be_empty = true;
                self.keep(&peer).await?;
            }
            _ => self.keep(&peer).await?,
        }
        Ok((peer, waiting.len() as u64))
    }

    /// Compare what is here with what the peer has at the next pull, whenever that was done last.
    /// # Errors
    /// When there is no such peer.
    pub async fn compare_peer(&self, name: &str) -> Result<Peer, Refused> {
        let mut peer = self.peer(name).await?;
        peer.cursor.compared_at = None;
        self.keep(&peer).await?;
        Ok(peer)
    }

    /// Say which records of a peer are taken, how many, and under which further licences. Where that
    /// leaves out or lets in others than before, everything is looked at again.
    /// # Errors
    /// When there is no such peer, or it is pulled from at the moment.
    pub async fn scope_peer(&self, name: &str, wanted: Wanted) -> Result<Peer, Refused> {
        let mut peer = self.peer(name).await?;
        let before = peer.scope.clone();
        let scope = &mut peer.scope;
        scope.most = wanted.most.unwrap_or(scope.most);
        scope.licences.extend(wanted.licences);
        scope.licences.sort();
        scope.licences.dedup();
        if wanted.everything {
            scope.kinds.clear();
            scope.postcodes.clear();
        }
        if !wanted.kinds.is_empty() {
            scope.kinds = wanted.kinds;
        }
        if !wanted.postcodes.is_empty() {
            scope.postcodes = wanted.postcodes;
        }
        if let Some(relayed) = wanted.relayed {
            offers(peer.discovered.as_ref(), relayed).map_err(Refused::Senseless)?;
            scope.relayed = relayed;
        }
        let what = |scope: &Scope| (scope.kinds.clone(), scope.postcodes.clone(), scope.licences.clone(), scope.relayed);
        let same = what(&before) == what(scope);
        if before.relayed && !scope.relayed {
            self.keep(&peer).await?;
            self.take_out_relayed(&peer).await?;
        }
        if same {
            self.keep(&peer).await?;
        } else {
            self.look_again(&mut peer, Anew::Versions).await?;
        }
        Ok(peer)
    }

    /// Believe a peer more, or less, than before. What is here stays as it is where it is now to be
    /// looked at first; where it is to be shown otherwise, or need not wait any more, everything is
    /// looked at again with the next pull.
    /// # Errors
    /// When there is no such peer, it is pulled from at the moment, or its keys have not been approved.
    pub async fn trust_peer(&self, name: &str, trust: Trust) -> Result<Peer, Refused> {
        let mut peer = self.peer(name).await?;
        if trust == Trust::Auto && has_unapproved_keys(&peer) {
            let detail = format!(
                "the keys of {} have not been approved: compare their fingerprint, then run `fingerpost peer approve {}`",
                peer.name, peer.id
            );
            return Err(Refused::not_now("not-approved", detail));
        }
        let before = std::mem::replace(&mut peer.trust, trust);
        let more_or_less = before == Trust::LinkOnly || matches!(trust, Trust::LinkOnly | Trust::Auto);
        let look = before != trust && trust != Trust::Blocked && more_or_less;
        if look {
            self.look_again(&mut peer, Anew::Versions).await?;
        } else {
            self.keep(&peer).await?;
        }
        Ok(peer)
    }

    /// Compare everything of a peer anew with the next pull. Whoever pulls from it now would go on from
    /// where it was, so that has to end first.
    async fn look_again(&self, peer: &mut Peer, anew: Anew) -> Result<(), Refused> {
        let now = self.now();
        let lease = self.lease_in_turn(peer).await?;
        let read = peers::find(self.database(), peer.id).await?;
        let crawl = read.map_or(peer.cursor.crawl, |read| read.cursor.crawl);
        let before = match anew {
            Anew::Numbers => Cursor::default(),
            // What was signed before stays older.
            Anew::Versions => Cursor { epoch: peer.cursor.epoch.clone(), floor: peer.cursor.floor, ..Cursor::default() },
        };
        let Cursor { comparable, retired, .. } = std::mem::take(&mut peer.cursor);
        peer.cursor = Cursor { crawl: crawl + 1, walking: true, comparable, retired, ..before };
        peer.next_due_at = now;
        let tx = self.database().write().await?;
        match anew {
            Anew::Numbers => peers::forget_numbers(&tx, peer.id).await?,
            Anew::Versions => peers::forget_versions(&tx, peer.id).await?,
        }
        peers::save(&tx, peer).await?;
        peers::release(&tx, lease).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The lease of a peer; a pull that is under way is waited for, for a while.
    async fn lease_in_turn(&self, peer: &Peer) -> Result<Lease, Refused> {
        let began = tokio::time::Instant::now();
        loop {
            if let Some(lease) = peers::lease(self.database(), peer.id, self.now(), LOOK).await? {
                return Ok(lease);
            }
            if began.elapsed() >= PATIENCE {
                let detail = format!("a pull from {} is in progress; try again in a minute", peer.name);
                return Err(Refused::not_now(BUSY, detail));
            }
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    }

    /// Forget a peer, and take out everything that came from it. Gives how many records those were.
    /// # Errors
    /// When there is no such peer.
    pub async fn remove_peer(&self, name: &str) -> Result<u64, Refused> {
        let mut peer = self.peer(name).await?;
        // Nobody pulls while its records are taken out.
        peer.state = PeerState::Held;
        self.keep(&peer).await?;
        let many = self.take_out_all(&peer, "this directory no longer follows its source", true).await?;
        self.look_elsewhere(peer.id).await?;
        let tx = self.database().write().await?;
        peers::delete(&tx, peer.id).await?;
        tx.commit().await?;
        Ok(many)
    }

    async fn keep(&self, peer: &Peer) -> Result<(), Refused> {
        let tx = self.database().write().await?;
        peers::save(&tx, peer).await?;
        tx.commit().await?;
        Ok(())
    }

    /// After a restore: ask every peer for everything again, because what it told since is not in the
    /// backup, and what is remembered about its records is of another time.
    /// # Errors
    /// When our own database fails.
    pub async fn start_over(&self) -> Result<(), Refused> {
        for mut peer in peers::all(self.database()).await? {
            let Cursor { crawl, epoch, floor, comparable, retired, .. } = peer.cursor;
            peer.cursor = Cursor { crawl: crawl + 1, walking: true, epoch, floor, comparable, retired, ..Cursor::default() };
            peer.next_due_at = self.now();
            let tx = self.database().write().await?;
            peers::forget_versions(&tx, peer.id).await?;
            peers::save(&tx, &peer).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}

/// What to do about a peer that cannot even be asked.
fn hint(trouble: &Trouble) -> &'static str {
    match trouble.code.as_str() {
        "blocked-address" => "; if it is inside your own network, name that network in FINGERPOST_ALLOW_PRIVATE_PEERS",
        "dns" | "connect" | "timeout" => "; check that the address is right and opens in a browser",
        _ => "",
    }
}

/// Whether a peer can be asked for what it passes on.
fn offers(said: Option<&Discovery>, relayed: bool) -> Result<(), String> {
    let feeds = said.map(|said| said.feeds.as_slice()).unwrap_or_default();
    if !relayed || feeds.iter().any(|feed| feed.scope == ALL) {
        return Ok(());
    }
    Err("it does not pass on other directories' records: its discovery document names no feed with scope all".to_owned())
}

/// Approve the keys that a peer shows. A peer without keys is taken at its word.
fn pin(peer: &mut Peer) {
    let keys = peer.discovered.as_ref().map(|said| said.keys.clone()).unwrap_or_default();
    peer.pinned_keys = (!keys.is_empty()).then_some(keys);
}

/// Whether a peer shows no keys at all.
fn shows_no_keys(peer: &Peer) -> bool {
    peer.discovered.as_ref().is_none_or(|said| said.keys.is_empty())
}

/// Whether a peer shows keys of which nobody has approved any.
fn has_unapproved_keys(peer: &Peer) -> bool {
    peer.pinned_keys.is_none() && peer.discovered.as_ref().is_some_and(|said| !said.keys.is_empty())
}

fn follow_again(peer: &mut Peer, now: DateTime<Utc>) {
    peer.state = PeerState::Following;
    peer.held = None;
    peer.failures = 0;
    peer.next_due_at = now;
}
