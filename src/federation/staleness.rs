//! Directories that have not been heard of: after a week their records say so, after a month they stand
//! behind others, after three months they are not shown, until the directory is complete here again.

use chrono::{DateTime, Duration, Utc};

use super::{
    harvest::{Error, Harvester},
    peers::{self, Peer},
};
use crate::records::Step;

/// After so long, its records say that nobody has confirmed them.
const UNCONFIRMED: Duration = Duration::days(7);
/// After so long, they stand behind others.
const DOUBTFUL: Duration = Duration::days(30);
/// After so long, they are not shown.
const HIDDEN: Duration = Duration::days(90);

/// How long a peer has not been heard of.
fn step(peer: &Peer, now: DateTime<Utc>) -> Option<Step> {
    let age = now - since(peer);
    let steps = [(HIDDEN, Step::Hidden), (DOUBTFUL, Step::Doubtful), (UNCONFIRMED, Step::Unconfirmed)];
    steps.into_iter().find(|(after, _)| age >= *after).map(|(_, step)| step)
}

fn since(peer: &Peer) -> DateTime<Utc> {
    peer.succeeded_at.unwrap_or(peer.added_at)
}

impl Harvester {
    /// Publish again what has become stale, or is confirmed again. Gives how many sources that concerned.
    /// # Errors
    /// When our own database fails.
    pub async fn mind_staleness(&self) -> Result<usize, Error> {
        let noted = self.records().stale().await?;
        let peers = peers::all(self.database()).await?;
        // What came through an aggregator is confirmed by it.
        let relayed = peers::relayed_origins(self.database()).await?;
        let sources: Vec<(&str, &Peer)> = peers
            .iter()
            .map(|peer| (peer.origin.as_str(), peer))
            .chain(relayed.iter().filter_map(|(by, origin)| Some((origin.as_str(), peers.iter().find(|peer| peer.id == *by)?))))
            .collect();
        let mut many = 0;
        for (origin, peer) in &sources {
            let before = noted.iter().find(|stale| stale.origin == *origin);
            let step = step(peer, self.now());
            let is_so = before.map_or(step.is_none(), |stale| stale.done && stale.step == step && stale.since == since(peer));
            if !is_so {
                self.records().set_stale(origin, step, since(peer)).await?;
                many += 1;
            }
        }
        // Nobody waits for those that are not followed any more.
        for stale in noted.iter().filter(|stale| !sources.iter().any(|(origin, _)| *origin == stale.origin)) {
            self.records().set_stale(&stale.origin, None, stale.since).await?;
            many += 1;
        }
        Ok(many)
    }
}
