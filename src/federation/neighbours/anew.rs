//! Looking at everything of a peer again: what is the same costs nothing but the download.

use super::{
    super::{
        harvest::Harvester,
        peers::{self, Cursor, Peer},
    },
    Refused, end,
};
use crate::db::{self, Transaction};

/// What is forgotten of the records of a peer, so that they are compared anew.
#[derive(Clone, Copy, Debug)]
pub(super) enum Anew {
    /// Which version each is; what is the same stays as it is.
    Numbers,
    /// What each says, so that it is rendered again.
    Versions,
}

impl Harvester {
    /// Compare everything of a peer anew with the next pull. Whoever pulls from it now would go on from where it was,
    /// so the caller has the turn.
    pub(super) async fn walk_again(&self, tx: &Transaction, peer: &Peer, anew: Anew) -> Result<(), db::Error> {
        let anew_from = peer.cursor.knowing_nothing();
        let cursor = match anew {
            Anew::Numbers => {
                peers::forget_numbers(tx, peer.id).await?;
                anew_from
            }
            // What was signed before stays older.
            Anew::Versions => {
                peers::forget_versions(tx, peer.id).await?;
                let Cursor { floor, promised, .. } = peer.cursor;
                Cursor { epoch: peer.cursor.epoch.clone(), floor, promised, ..anew_from }
            }
        };
        peers::set_cursor(tx, peer.id, &cursor).await?;
        peers::due_now(tx, peer.id, self.now()).await
    }

    /// Others may pass on what this peer did: what they have is looked at again with the next pull.
    pub(super) async fn look_elsewhere(&self, than: peers::PeerId) -> Result<(), Refused> {
        for peer in peers::all(self.database()).await? {
            if peer.id != than && peer.scope.relayed {
                let turn = self.in_turn(&peer).await?;
                let tx = self.database().write().await?;
                self.walk_again(&tx, &turn.peer, Anew::Versions).await?;
                end(turn, tx).await?;
            }
        }
        Ok(())
    }

    /// After a restore: ask every peer for everything again, because what it told since is not in the
    /// backup, and what is remembered about its records is of another time. A pull that is under way ends.
    /// # Errors
    /// When our own database fails.
    pub async fn start_over(&self) -> Result<(), Refused> {
        for peer in peers::all(self.database()).await? {
            let tx = self.database().write().await?;
            peers::end_lease(&tx, peer.id).await?;
            self.walk_again(&tx, &peer, Anew::Versions).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}
