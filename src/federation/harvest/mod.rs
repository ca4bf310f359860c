//! Following other directories: what they tell flows in, checked, page by page.
//!
//! A page and where we stand are written together, so a pull can die anywhere and goes on where it
//! was. Only whoever has the lease of a peer writes. An answer that is no good changes nothing: what
//! came before stays, the peer is asked again later, and where only a person can decide, it is held.

mod admit;
mod anything;
mod apply;
mod ask;
mod bootstrap;
pub(super) mod calendar;
mod checkpoint;
mod content;
mod crawl;
mod damage;
mod deletions;
mod directory;
mod discover;
mod end;
mod event;
mod excess;
mod finish;
mod gone;
mod hosts;
mod judge;
mod keys;
mod lease;
mod moves;
mod news;
mod page;
mod relays;
mod release;
mod repair;
mod robots;
mod run;
mod same;
pub(super) mod sessions;
mod take;
mod task;
mod terms;
mod twice;
mod urgent;
mod whereabouts;
mod write;

use std::{collections::HashSet, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use tokio::task::JoinSet;
use url::Url;

use super::peers::{self, Lease, Outcome, Peer, PeerId, PeerKind, PeerState, Report, Trouble, Trust};
use crate::{clock::Clock, db::Database, outbound::Outbound, records::Records};
pub use anything::read_anything;
use ask::TOO_MANY;
pub(super) use crawl::cost_of_a_page;
use deletions::Deletions;
pub use discover::discover;
pub(crate) use end::End;
pub use end::Error;
use finish::{jitter, later, tell};
use gone::{NOT_THERE, gone};
use hosts::{Hosts, host_of};
use lease::Kept;
pub(super) use lease::Turn;
use run::Run;

/// Pages in one pull; the next pull goes on.
const MOST_PAGES: u64 = 2_000;
/// How long one pull may take.
const LONGEST: Duration = Duration::from_mins(30);
/// So many bytes, as they are unpacked, may come in one pull. Then the peer is left alone for as long as between two.
const MOST_BYTES: u64 = 4 << 30;
/// Pulls at once.
pub const AT_ONCE: usize = 8;
/// Peers that are due of which so many are looked at: most of them may be on hosts that are not asked now.
const MOST_DUE: u64 = 1_000;

/// What a report says while another process pulls from the same peer.
pub const BUSY: &str = "busy";

/// What pulls need. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Harvester {
    db: Database,
    records: Records,
    clock: Clock,
    outbound: Outbound,
    /// Our own origin.
    here: Arc<str>,
    most_pages: u64,
    longest: Duration,
    most_bytes: u64,
    /// Whether what origins have signed is kept, to be passed on.
    keeps_evidence: bool,
    /// The hosts that are asked.
    hosts: Hosts,
}

impl Harvester {
    /// A harvester for the directory at `here`.
    pub fn new(records: Records, outbound: Outbound, here: &Url) -> Self {
        Self {
            db: records.database().clone(),
            clock: records.clock().clone(),
            records,
            outbound,
            here: here.as_str().into(),
            most_pages: MOST_PAGES,
            longest: LONGEST,
            most_bytes: MOST_BYTES,
            keeps_evidence: false,
            hosts: Hosts::default(),
        }
    }

    /// The same, of a directory that passes on what others have signed, or not.
    #[must_use]
    pub fn keeping_evidence(self, keeps_evidence: bool) -> Self {
        Self { keeps_evidence, ..self }
    }

    /// The same with another limit of pages in one pull.
    #[must_use]
    pub fn with_most_pages(self, most_pages: u64) -> Self {
        Self { most_pages, ..self }
    }

    /// The same with another limit of how long one pull may take.
    #[must_use]
    pub fn with_longest(self, longest: Duration) -> Self {
        Self { longest, ..self }
    }

    /// The same with another limit of how many bytes may come in one pull, as they are unpacked.
    #[must_use]
    pub fn with_most_bytes(self, most_bytes: u64) -> Self {
        Self { most_bytes, ..self }
    }

    /// The client that goes out.
    pub fn outbound(&self) -> &Outbound {
        &self.outbound
    }

    pub(super) fn database(&self) -> &Database {
        &self.db
    }

    pub(super) fn records(&self) -> &Records {
        &self.records
    }

    pub(super) fn here(&self) -> &str {
        &self.here
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Pull from a peer until there is nothing more, as far as one turn goes. `progress` hears of the
    /// report after each page.
    /// # Errors
    /// When there is no such peer, or our own database fails. What the peer does wrong stands in the report.
    pub async fn pull(&self, id: PeerId, progress: impl FnMut(&Report) + Send) -> Result<Report, Error> {
        // Everything that a pull holds on to, in one place apart.
        Box::pin(self.pull_in_turn(id, progress)).await
    }

    async fn pull_in_turn(&self, id: PeerId, mut progress: impl FnMut(&Report) + Send) -> Result<Report, Error> {
        let now = self.clock.now();
        let peer = peers::find(&self.db, id).await?.ok_or_else(|| Error::NoPeer(id.to_string()))?;
        let mut report = Report { peer: peer.name.clone(), cursor: peer.cursor.after, ..Report::default() };
        if let Some((outcome, trouble)) = why_not(&peer) {
            report.outcome = outcome;
            report.error = Some(trouble);
            // Others have their turn meanwhile.
            let tx = self.db.write().await?;
            peers::due_now(&tx, id, later(now, jitter(peer.every()))).await?;
            tx.commit().await?;
            return Ok(report);
        }
        let Some(lease) = peers::lease(&self.db, id, now, lease::LENGTH).await? else {
            report.outcome = Outcome::Failed;
            let detail = "another process is already pulling from this peer".to_owned();
            report.error = Some(Trouble { code: BUSY.to_owned(), detail });
            return Ok(report);
        };
        let kept = Kept::going(self, lease);
        let (run, ended) = match self.begin(id, lease, report.clone()).await {
            Ok(mut run) => {
                let ended = match (self.look_whether_it_is_back(&mut run).await, run.peer.kind) {
                    (Err(still_gone), _) => Err(still_gone),
                    (_, PeerKind::OpenDirectory) => Box::pin(self.follow_wherever_it_is(&mut run, &mut progress)).await,
                    (_, PeerKind::Oruk3 | PeerKind::Oruk1) => self.crawl(&mut run, &mut progress).await,
                    (_, PeerKind::OpenActive) => self.follow_sessions(&mut run, &mut progress).await,
                    (_, PeerKind::Ical) => self.read_calendar(&mut run, &mut progress).await,
                };
                (run, ended)
            }
            // What was read before the lease may have changed since, and is not to be written again.
            Err(error) => match peers::find(&self.db, id).await {
                Ok(Some(peer)) => (Run::none(peer, lease, report), Err(End::Broken(error))),
                _ => return Err(error),
            },
        };
        kept.end().await;
        self.finish(run, ended).await
    }

    /// Everything that a pull needs to know first.
    async fn begin(&self, id: PeerId, lease: Lease, report: Report) -> Result<Run, Error> {
        // Read again: whoever had the lease before may have moved on.
        let peer = peers::find(&self.db, id).await?.ok_or_else(|| Error::NoPeer(id.to_string()))?;
        let (deletions, live) = Deletions::of(&self.db, id, self.clock.now()).await?;
        Ok(Run {
            held_at: (peer.state == PeerState::Held && gone(&peer).is_none()).then(|| (peer.cursor.clone(), why_held(&peer))),
            live,
            deletions,
            ..Run::none(peer, lease, report)
        })
    }

    /// Begin to pull from peers that are due, so that at most [`AT_ONCE`] pulls run, and one from each host: whoever
    /// is slow keeps one place and holds nobody else up. A host that keeps failing is left alone for a while.
    /// # Errors
    /// When our own database fails.
    pub async fn pull_due(&self, running: &mut JoinSet<()>) -> Result<(), Error> {
        while running.try_join_next().is_some() {}
        let now = self.clock.now();
        if running.len() >= AT_ONCE {
            return Ok(());
        }
        let due = peers::due(&self.db, now, MOST_DUE).await?;
        if due.is_empty() {
            return Ok(());
        }
        // Another process may be asking one of them.
        let asked: HashSet<String> = peers::leased(&self.db, now).await?.iter().map(|peer| host_of(&peer.url)).collect();
        for peer in due {
            if running.len() >= AT_ONCE {
                break;
            }
            let turn = self.hosts.turn(&peer.url, now).filter(|_| !asked.contains(&host_of(&peer.url)));
            let Some(asking) = turn else { continue };
            let harvester = self.clone();
            running.spawn(async move {
                match harvester.pull(peer.id, |_| {}).await {
                    Ok(report) => {
                        asking.note(&report, harvester.clock.now());
                        tell(&report);
                    }
                    Err(error) => tracing::warn!(error = %error, "a pull failed on our side"),
                }
            });
        }
        Ok(())
    }
}

/// Why a peer cannot be pulled from at all.
fn why_not(peer: &Peer) -> Option<(Outcome, Trouble)> {
    let trouble = |code: &str, detail: String| Trouble { code: code.to_owned(), detail };
    if peer.trust == Trust::Blocked {
        return Some((Outcome::Failed, trouble("blocked", format!("{} is blocked", peer.name))));
    }
    match peer.state {
        PeerState::Following => None,
        PeerState::New => {
            let what_to_do = format!("check it with `fingerpost peer show {0}`, then run `fingerpost peer approve {0}`", peer.id);
            Some((Outcome::Held, trouble("not-approved", what_to_do)))
        }
        // Perhaps it is back.
        PeerState::Held if gone(peer).is_some() => None,
        // What its origin has signed as urgent is applied all the same.
        PeerState::Held if peer.pinned_keys.is_some() && peer.kind == PeerKind::OpenDirectory => None,
        PeerState::Held => Some((Outcome::Held, why_held(peer))),
    }
}

fn why_held(peer: &Peer) -> Trouble {
    let by_an_officer = || Trouble { code: "held".to_owned(), detail: "an officer put it on hold".to_owned() };
    peer.held.clone().unwrap_or_else(by_an_officer)
}
