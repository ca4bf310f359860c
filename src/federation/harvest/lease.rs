//! The lease of a pull is renewed for as long as its process lives, however long a page takes. So it can be short, and
//! after a crash nobody has to wait for long. An officer who changes what pulls write takes it for a moment as well.

use chrono::Duration;
use tokio::task::JoinHandle;

use super::{
    super::peers::{self, Lease, Peer, PeerId},
    End, Error, Harvester, Run,
};
use crate::db::{self, Transaction};

/// Why a pull ends that somebody else has taken over.
pub(super) const LOST: &str = "lease-lost";
/// For so long a pull may be silent before somebody else may take over.
pub(super) const LENGTH: Duration = Duration::seconds(60);
/// How often a lease is renewed.
const EVERY: std::time::Duration = std::time::Duration::from_secs(15);

/// How often to look whether a pull that is under way has ended.
const LOOK: std::time::Duration = std::time::Duration::from_millis(200);

/// A lease that is renewed until this is dropped.
pub(super) struct Kept(JoinHandle<()>);

impl Kept {
    /// Renew a lease from now on.
    pub(super) fn going(harvester: &Harvester, lease: Lease) -> Self {
        let (db, clock) = (harvester.db.clone(), harvester.clock.clone());
        Self(tokio::spawn(async move {
            loop {
                tokio::time::sleep(EVERY).await;
                let Ok(tx) = db.write().await else { continue };
                match lease.hold(&tx, clock.now() + LENGTH).await {
                    Ok(true) => drop(tx.commit().await),
                    Ok(false) | Err(_) => drop(tx.roll_back().await),
                }
            }
        }))
    }

    /// Renew it no more. Afterwards nothing of it is under way.
    pub(super) async fn end(mut self) {
        self.0.abort();
        drop((&mut self.0).await);
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The right to change what pulls of a peer write as well. No pull is under way, and none begins until it is given
/// back.
pub(in crate::federation) struct Turn {
    /// The peer as the last pull has left it.
    pub(in crate::federation) peer: Box<Peer>,
    lease: Lease,
    kept: Kept,
}

impl Turn {
    /// Give it back with a transaction that changes the peer. Whether that was still its to change: if not, the
    /// transaction is undone.
    pub(in crate::federation) async fn end(self, tx: Transaction) -> Result<bool, db::Error> {
        self.kept.end().await;
        let is_ours = peers::release(&tx, self.lease).await?;
        if is_ours {
            tx.commit().await?;
        } else {
            tx.roll_back().await?;
        }
        Ok(is_ours)
    }
}

impl Harvester {
    /// The turn to change a peer, once a pull that is under way has ended; none where that takes longer than
    /// `patience`.
    pub(in crate::federation) async fn turn(&self, id: PeerId, patience: std::time::Duration) -> Result<Option<Turn>, Error> {
        let began = tokio::time::Instant::now();
        loop {
            if let Some(lease) = peers::lease(&self.db, id, self.clock.now(), LENGTH).await? {
                let kept = Kept::going(self, lease);
                let peer = peers::find(&self.db, id).await?.ok_or_else(|| Error::NoPeer(id.to_string()))?;
                return Ok(Some(Turn { peer: Box::new(peer), lease, kept }));
            }
            if began.elapsed() >= patience {
                return Ok(None);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// A transaction of the one that has the lease, which lasts longer with it.
    pub(super) async fn under_lease(&self, run: &Run) -> Result<Transaction, End> {
        Ok(self.write_under(Some(run.lease)).await?)
    }

    /// The same of whoever takes something out: a pull only for as long as it has this lease. An officer has none.
    pub(in crate::federation) async fn write_under(&self, lease: Option<Lease>) -> Result<Transaction, Error> {
        let tx = self.db.write().await?;
        let may_write = match lease {
            Some(lease) => lease.hold(&tx, self.clock.now() + LENGTH).await?,
            None => true,
        };
        if may_write {
            return Ok(tx);
        }
        tx.roll_back().await?;
        Err(Error::LeaseLost)
    }
}
