//! Records that came through an aggregator. Their origin has signed them, and its own keys say whether
//! that is so: the aggregator can leave out, delay and repeat, and nothing else.
//!
//! What is followed directly never comes this way, so nobody gets around what an officer has decided of a
//! directory; only what its origin has signed as urgent does.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::Duration;
use url::Url;

use super::{
    super::{
        peers::{self, Foreign, Origin, Peer, PeerKind},
        protocol::MOST_HOPS,
        relay,
    },
    End, Harvester, Run,
    admit::{Departure, Gate, Through, Verdict},
    directory::walk_anew,
    discover::said_by,
    event::{Event, Items, Route},
    keys::{self, Doubt},
};
use crate::{clock::age, model::text::shorten};

/// An origin that could not be asked, or did not have a key, is asked again after so long.
const AGAIN: Duration = Duration::hours(1);
/// Origins that are asked for the first time in one pull. Whoever passes records on names them, so it is
/// not to send us everywhere.
const MOST_ASKED: usize = 50;
/// Origins that are known.
const MOST_KNOWN: u64 = 2_000;
/// An origin longer than this is none, in bytes.
const LONGEST_ORIGIN: usize = 200;
/// Names longer than this are cut, in bytes.
const LONGEST_NAME: usize = 200;

/// Whose word counts for the records of an origin.
#[derive(Debug)]
pub(super) enum Source {
    /// The origin's, as it came through a relay: the peer that is the relay, under the origin's name,
    /// licence and keys.
    Through(Box<Peer>),
    /// The origin is followed itself.
    Directly(Box<Peer>),
    /// Nobody's: the origin could not be asked for its keys.
    Unknown,
}

/// The sources of a page, by their origins.
pub(super) type Sources = BTreeMap<String, Source>;

/// The origin under which the ids of a record are made.
pub(super) fn origin_of<'a>(run: &'a Run, sources: &'a Sources, event: &'a Event) -> &'a str {
    match &event.route {
        Route::Direct | Route::Withdrawn => &run.peer.origin,
        Route::Relayed { origin, .. } => match sources.get(origin) {
            Some(Source::Through(peer) | Source::Directly(peer)) => &peer.origin,
            Some(Source::Unknown) | None => origin,
        },
    }
}

/// Judge a record that came through a relay. `base` is the gate of the relay itself.
pub(super) fn judge(base: &Gate<'_>, event: Event, known: Option<&Foreign>, sources: &Sources) -> Verdict {
    let Route::Relayed { origin, via } = &event.route else {
        return withdrawn(base, known);
    };
    if origin == base.here {
        return Verdict::Ignore("echo");
    }
    let source = sources.get(origin).unwrap_or(&Source::Unknown);
    if via.len() > MOST_HOPS {
        return Verdict::Ignore("too-far");
    }
    if via.iter().any(|hop| hop.origin == base.here) {
        return Verdict::Ignore("looped");
    }
    let of = event.statement.as_ref().map_or("", |(_, statement)| &statement.sig);
    let vouches = |hop: &_| base.peer.pinned_keys.as_deref().is_none_or(|keys| relay::verifies(hop, of, keys));
    if via.last().is_none_or(|hop| hop.origin != base.peer.identity() || !vouches(hop)) {
        return Verdict::Ignore("bad-hop");
    }
    match source {
        Source::Unknown => Verdict::Ignore("unknown-origin"),
        Source::Directly(peer) => {
            // Of a new version only what takes something back counts, which is seen to where it is applied.
            match (Gate { peer, through: None, ..*base }).judge(Ok(event)) {
                verdict @ (Verdict::Gone(_, Departure::Urgent) | Verdict::Take { urgent: true, .. }) => verdict,
                _ => Verdict::Ignore("direct"),
            }
        }
        Source::Through(peer) => {
            if known.is_some_and(|known| is_other_route(known, base.peer, event.rev, via.len())) {
                return Verdict::Ignore("other-route");
            }
            let json = serde_json::to_string(via).unwrap_or_default();
            let through = Some(Through { relay: &base.peer.name, via: &json });
            match (Gate { peer, through, ..*base }).judge(Ok(event)) {
                Verdict::Stop(Doubt::UnknownKey) => Verdict::Ignore("unknown-key"),
                verdict => verdict,
            }
        }
    }
}

/// Whether a record is here already by another way that is as good: the later version counts, and of two
/// ways with the same one the shorter.
fn is_other_route(known: &Foreign, relay: &Peer, rev: i64, hops: usize) -> bool {
    if known.peer == relay.id || !known.live {
        return false;
    }
    let there =
        known.via.as_ref().and_then(|via| serde_json::from_str::<Vec<serde_json::Value>>(via).ok()).map_or(0, |via| via.len());
    known.rev > rev || (known.rev == rev && there <= hops)
}

/// The relay does not pass a record on any more. It is its word only, so it counts for what came from it.
fn withdrawn(base: &Gate<'_>, known: Option<&Foreign>) -> Verdict {
    match known.filter(|known| known.peer == base.peer.id && known.origin.is_some() && known.live) {
        Some(known) => {
            let gone = Foreign { live: false, hash: String::new(), crawl: base.crawl, fetched_at: base.now, ..known.clone() };
            Verdict::Gone(gone, Departure::Told)
        }
        None => Verdict::Ignore("not-here"),
    }
}

impl Harvester {
    /// Whose word counts for each origin whose records stand on a page of an aggregator.
    pub(super) async fn sources(&self, run: &mut Run, items: &Items) -> Result<Sources, End> {
        let mut named: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for event in items.iter().flatten() {
            if let (Route::Relayed { origin, .. }, Some((_, statement))) = (&event.route, &event.statement)
                && *origin != *self.here
            {
                named.entry(origin).or_default().insert(&statement.kid);
            }
        }
        let mut sources = Sources::new();
        if named.is_empty() {
            return Ok(sources);
        }
        let peers = peers::all(&self.db).await?;
        for (origin, kids) in named {
            let same = |other: &str| other.trim_end_matches('/') == origin.trim_end_matches('/');
            let direct = peers.iter().find(|peer| peer.id != run.peer.id && (same(peer.identity()) || same(&peer.origin)));
            let source = match direct {
                Some(peer) if peer.kind == PeerKind::OpenDirectory && peer.identity() == origin && peer.pinned_keys.is_some() => {
                    Source::Directly(Box::new(peer.clone()))
                }
                Some(peer) => Source::Directly(Box::new(Peer { pinned_keys: Some(Vec::new()), ..peer.clone() })),
                None => {
                    match self.asked(run, origin, |keys| kids.iter().all(|kid| keys.iter().any(|key| key.kid == **kid))).await? {
                        Some(known) => Source::Through(Box::new(in_its_name(&run.peer, known))),
                        None => Source::Unknown,
                    }
                }
            };
            sources.insert(origin.to_owned(), source);
        }
        Ok(sources)
    }

    /// What is known of an origin; it is asked where that is not `enough`.
    async fn asked(
        &self,
        run: &mut Run,
        origin: &str,
        enough: impl Fn(&[crate::signing::Listed]) -> bool,
    ) -> Result<Option<Origin>, End> {
        // What is no address of a directory cannot be asked, and need not be remembered.
        if origin.len() > LONGEST_ORIGIN || root_of(origin).is_none() {
            return Ok(None);
        }
        let now = self.clock.now();
        let known = peers::origin(&self.db, origin).await?;
        let is_enough = known.as_ref().and_then(|known| known.keys.as_deref()).is_some_and(enough);
        let lately = known.as_ref().is_some_and(|known| age(now, known.tried_at) < AGAIN);
        let too_many = known.is_none() && (run.asked >= MOST_ASKED || peers::count_origins(&self.db).await? >= MOST_KNOWN);
        if is_enough || lately || too_many {
            return Ok(known.filter(|known| known.keys.is_some()));
        }
        let blank = Origin { origin: origin.to_owned(), discovered: None, keys: None, missed: false, tried_at: now };
        let fresh = self.ask_origin(run, known.unwrap_or(blank)).await?;
        Ok(Some(fresh).filter(|fresh| fresh.keys.is_some()))
    }

    /// Ask an origin what it says of itself, and take over the keys that those which are known vouch for.
    async fn ask_origin(&self, run: &mut Run, mut known: Origin) -> Result<Origin, End> {
        self.mind_the_time(run)?;
        run.asked += 1;
        known.tried_at = self.clock.now();
        let answer = match root_of(&known.origin) {
            Some(url) => self.ask_who(run, &url).await.ok(),
            None => None,
        };
        let said = answer.and_then(|answer| said_by(&answer).ok()).filter(|said| said.origin.as_str() == known.origin);
        if let Some(said) = said {
            let keys = match &known.keys {
                Some(pinned) => keys::trusted(pinned, &said),
                None => Some(said.keys.clone()).filter(|keys| !keys.is_empty()),
            };
            if keys.is_some() {
                known.keys = keys;
                known.discovered = Some(said);
            }
        }
        self.keep_origin(&known).await?;
        Ok(known)
    }

    async fn keep_origin(&self, origin: &Origin) -> Result<(), End> {
        let tx = self.db.write().await?;
        peers::put_origin(&tx, origin).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Origins whose records are left out on a page, so that it is remembered with it that they are to be fetched when
    /// they can be.
    pub(super) async fn missed(&self, origins: &BTreeSet<String>) -> Result<Vec<Origin>, End> {
        let mut missed = Vec::new();
        for origin in origins {
            let known = peers::origin(&self.db, origin).await?.filter(|known| !known.missed);
            missed.extend(known.map(|known| Origin { missed: true, ..known }));
        }
        Ok(missed)
    }

    /// Ask origins again whose records were left out. Where one has answered, everything that the
    /// aggregator passes on is walked: what is here costs nothing but the download.
    pub(super) async fn ask_missed(&self, run: &mut Run) -> Result<(), End> {
        let now = self.clock.now();
        let mut found = false;
        for missed in peers::missed_origins(&self.db).await? {
            if age(now, missed.tried_at) < AGAIN || run.asked >= MOST_ASKED {
                continue;
            }
            let before = missed.keys.clone();
            let asked = self.ask_origin(run, missed).await?;
            if asked.keys != before {
                found = true;
                self.keep_origin(&Origin { missed: false, ..asked }).await?;
            }
        }
        if found && run.peer.cursor.next.is_some() {
            let cursor = walk_anew(&run.peer.cursor);
            self.apply(run, Vec::new(), Vec::new(), cursor).await?;
        }
        Ok(())
    }
}

/// The address of a directory that an origin is.
fn root_of(origin: &str) -> Option<Url> {
    origin.parse::<Url>().ok().filter(|url| url.as_str() == origin && url.path() == "/")
}

/// The relay, under the name, licence and keys of the origin whose records it passes on.
fn in_its_name(relay: &Peer, origin: Origin) -> Peer {
    let said = origin.discovered.as_ref();
    let name = said.map_or("", |said| said.publisher.name.as_str());
    Peer {
        name: shorten(if name.trim().is_empty() { &origin.origin } else { name }, LONGEST_NAME),
        licence: said.map(|said| said.license.url.clone()),
        attribution: said.map(|said| said.license.attribution.clone()).filter(|text| !text.is_empty()),
        origin: origin.origin,
        moved_to: None,
        pinned_keys: origin.keys,
        discovered: origin.discovered,
        ..relay.clone()
    }
}

/// Why a record was left out that may be taken once more is known of its origin.
pub(super) fn is_missed(why: &str) -> bool {
    matches!(why, "unknown-origin" | "unknown-key")
}

/// What is known of the records, by their ids here.
pub(super) type Known = HashMap<uuid::Uuid, Foreign>;
