//! The lease of a pull is renewed for as long as its process lives, however long a page takes. So it can be short, and
//! after a crash nobody has to wait for long.

use chrono::Duration;
use tokio::task::JoinHandle;

use super::{super::peers::Lease, End, Harvester, Run};
use crate::db::Transaction;

/// For so long a pull may be silent before somebody else may take over.
pub(super) const LENGTH: Duration = Duration::seconds(60);
/// How often a lease is renewed.
const EVERY: std::time::Duration = std::time::Duration::from_secs(15);

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

impl Harvester {
    /// A transaction of the one that has the lease, which lasts longer with it.
    pub(super) async fn under_lease(&self, run: &Run) -> Result<Transaction, End> {
        let tx = self.db.write().await?;
        if run.lease.hold(&tx, self.clock.now() + LENGTH).await? {
            return Ok(tx);
        }
        tx.roll_back().await?;
        Err(End::failed("lease-lost", "another process has taken over this pull".to_owned()))
    }
}
