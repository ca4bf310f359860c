//! Taking records of a peer out of the directory.

use uuid::Uuid;

use super::{
    super::{
        harvest::{Error, Harvester},
        peers::{self, Foreign, Peer},
    },
    Anew, BATCH, Refused,
};
use crate::{
    published,
    records::{Caller, Draft, LastModified, State},
};

impl Harvester {
    /// Take out everything of a peer. What is known of it stays, so that it can come again, unless all of
    /// it is to be forgotten.
    pub(in crate::federation) async fn take_out_all(&self, peer: &Peer, why: &str, forget: bool) -> Result<u64, Error> {
        let mut many = 0;
        let mut after = None;
        loop {
            let rows = peers::of_peer(self.database(), peer.id, after, BATCH).await?;
            let Some(last) = rows.last() else { return Ok(many) };
            after = Some(last.id);
            many += self.take_out(peer, rows, why, forget).await?;
        }
    }

    /// Take out what a peer has passed on of others, and forget it: others may pass it on as well.
    pub(super) async fn take_out_relayed(&self, peer: &Peer) -> Result<(), Refused> {
        let mut after = None;
        loop {
            let rows = peers::relayed_by(self.database(), peer.id, after, BATCH).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.id);
            // What had to be destroyed is remembered, so that no older version comes back by another way.
            let (urgent, rest): (Vec<Foreign>, Vec<Foreign>) = rows.iter().cloned().partition(Foreign::is_urgent);
            let ids: Vec<Uuid> = rest.into_iter().map(|row| row.id).collect();
            let urgent: Vec<Foreign> = urgent.into_iter().map(Foreign::of_nobody).collect();
            self.take_out(peer, rows, "the directory that passed it on is no longer asked for it", true).await?;
            let tx = self.database().write().await?;
            peers::forget_foreign(&tx, &ids).await?;
            peers::put_foreign(&tx, &urgent).await?;
            tx.commit().await?;
        }
        self.look_elsewhere(peer.id).await
    }

    /// Others may pass on what this peer did: what they have is looked at again with the next pull.
    pub(super) async fn look_elsewhere(&self, than: peers::PeerId) -> Result<(), Refused> {
        for mut peer in peers::all(self.database()).await? {
            if peer.id != than && peer.scope.relayed {
                self.look_again(&mut peer, Anew::Versions).await?;
            }
        }
        Ok(())
    }

    /// Take records of a peer out of the directory.
    pub(super) async fn take_out(&self, peer: &Peer, rows: Vec<Foreign>, why: &str, forget: bool) -> Result<u64, Error> {
        let mut drafts = Vec::new();
        for row in &rows {
            let stored = self.records().find(row.id).await?;
            if let Some(stored) = stored
                .filter(|stored| stored.state != State::Gone && stored.origin == row.origin.as_deref().unwrap_or(&peer.origin))
            {
                drafts.push(Draft {
                    state: State::Gone,
                    origin: stored.origin.clone(),
                    source_id: stored.source_id.clone(),
                    ..Draft::new(stored.read()?)
                });
            }
        }
        let many = drafts.len() as u64;
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let left: Vec<Foreign> = rows.into_iter().map(|row| Foreign { live: false, ..row }).collect();
        let caller =
            Caller { name: format!("peer {}", peer.name), why: why.to_owned(), entrance: crate::records::Entrance::Feed };
        let tx = self.database().write().await?;
        if !forget {
            peers::put_foreign(&tx, &left).await?;
        }
        peers::forget_held(&tx, &ids).await?;
        self.records().forget_proposals(&tx, &ids).await?;
        published::evidence::blank(&tx, &ids).await?;
        if !drafts.is_empty() {
            self.records().save(&tx, &caller, drafts, &LastModified::new()).await?;
        }
        tx.commit().await?;
        Ok(many)
    }
}
