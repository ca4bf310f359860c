//! Taking records of a peer out of the directory.

use std::collections::HashMap;

use uuid::Uuid;

use super::{
    super::{
        harvest::{Error, Harvester},
        peers::{self, Foreign, Held, Lease, Peer, Trouble},
    },
    BATCH, Refused,
    terms::{gone, is_shared},
};
use crate::{
    published,
    records::{Caller, Entrance, LastModified, State},
};

/// Why everything of a peer goes that is removed.
const NOT_FOLLOWED: &str = "this directory no longer follows its source";

impl Harvester {
    /// Forget a peer, and take out everything that came from it, but for shared terms that others need. Gives how many
    /// records those were.
    /// # Errors
    /// When there is no such peer.
    pub async fn remove_peer(&self, name: &str) -> Result<u64, Refused> {
        let peer = self.peer(name).await?;
        // Nobody pulls while its records are taken out.
        let tx = self.database().write().await?;
        peers::end_lease(&tx, peer.id).await?;
        peers::hold(&tx, peer.id, &Trouble { code: "held".to_owned(), detail: "an officer is removing it".to_owned() }).await?;
        tx.commit().await?;
        let mut many = Box::pin(self.take_out_all(&peer, None, NOT_FOLLOWED, true)).await?;
        many += Box::pin(self.take_out_terms(&peer, &in_the_name_of(&peer, NOT_FOLLOWED))).await?;
        self.look_elsewhere(peer.id).await?;
        let tx = self.database().write().await?;
        peers::delete(&tx, peer.id).await?;
        tx.commit().await?;
        Ok(many)
    }

    /// Take out everything of a peer. What is known of it stays, so that it can come again, unless all of
    /// it is to be forgotten. A pull does so under its lease.
    pub(in crate::federation) async fn take_out_all(
        &self,
        peer: &Peer,
        lease: Option<Lease>,
        why: &str,
        forget: bool,
    ) -> Result<u64, Error> {
        let mut many = 0;
        let mut after = None;
        loop {
            let rows = peers::of_peer(self.database(), peer.id, after, BATCH).await?;
            let Some(last) = rows.last() else { return Ok(many) };
            after = Some(last.place());
            many += self.take_out(peer, lease, rows, why, forget).await?;
        }
    }

    /// Take out what a peer has passed on of others, and forget it: others may pass it on as well.
    pub(super) async fn take_out_relayed(&self, peer: &Peer) -> Result<(), Refused> {
        let mut after = None;
        loop {
            let rows = peers::relayed_by(self.database(), peer.id, after, BATCH).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.place());
            // What had to be destroyed is remembered, so that no older version comes back by another way.
            let (urgent, rest): (Vec<Foreign>, Vec<Foreign>) = rows.iter().cloned().partition(Foreign::is_urgent);
            let ids: Vec<Uuid> = rest.into_iter().map(|row| row.id).collect();
            let urgent: Vec<Foreign> = urgent.into_iter().map(Foreign::of_nobody).collect();
            self.take_out(peer, None, rows, "the directory that passed it on is no longer asked for it", true).await?;
            let tx = self.database().write().await?;
            peers::forget_foreign(&tx, &ids).await?;
            peers::put_foreign(&tx, &urgent).await?;
            tx.commit().await?;
        }
        self.look_elsewhere(peer.id).await
    }

    /// Carry out deletions that waited. Gives how many records went: some may have gone meanwhile. A pull does so under
    /// its lease.
    pub(in crate::federation) async fn carry_out(
        &self,
        peer: &Peer,
        lease: Option<Lease>,
        waiting: &[Held],
        why: &str,
    ) -> Result<u64, Error> {
        let mut many = 0;
        for some in waiting.chunks(usize::try_from(BATCH).unwrap_or(usize::MAX)) {
            // What is older than its deletion does not bring it back.
            let deleted: HashMap<Uuid, i64> = some.iter().map(|held| (held.id, held.rev)).collect();
            let ids: Vec<Uuid> = deleted.keys().copied().collect();
            let rows = peers::foreign(self.database(), &ids).await?;
            let rows = rows.into_iter().map(|row| Foreign { rev: row.rev.max(deleted[&row.id]), ..row });
            many += self.take_out(peer, lease, rows.collect(), why, false).await?;
        }
        Ok(many)
    }

    /// Take records of a peer out of the directory. Terms that are known by their address are everybody's, and stay.
    async fn take_out(
        &self,
        peer: &Peer,
        lease: Option<Lease>,
        rows: Vec<Foreign>,
        why: &str,
        forget: bool,
    ) -> Result<u64, Error> {
        let mut drafts = Vec::new();
        for row in &rows {
            let stored = self.records().find(row.id).await?;
            if let Some(stored) = stored
                .filter(|stored| stored.state != State::Gone && stored.origin == row.origin.as_deref().unwrap_or(&peer.origin))
            {
                let draft = gone(&stored)?;
                if !is_shared(&draft.document) {
                    drafts.push(draft);
                }
            }
        }
        let many = drafts.len() as u64;
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let left: Vec<Foreign> = rows.into_iter().map(|row| Foreign { live: false, ..row }).collect();
        let caller = in_the_name_of(peer, why);
        let tx = self.write_under(lease).await?;
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

/// Who takes records of a peer out, for history.
fn in_the_name_of(peer: &Peer, why: &str) -> Caller {
    Caller { name: format!("peer {}", peer.name), why: why.to_owned(), entrance: Entrance::Feed }
}
