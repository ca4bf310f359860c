//! Leases stand in the row of their peer, with a number that grows each time somebody takes one.

use chrono::{DateTime, Duration, Utc};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _,
    sea_query::{Expr, ExprTrait as _},
};

use super::super::{PeerId, is_free, peer};
use crate::db::{self, Context as _, Database, Transaction};

/// The right to pull from a peer, for a while. Whoever has an older one can write nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    peer: PeerId,
    fence: i64,
}

/// Take the lease of a peer until `now + length`; none where somebody else has it.
/// # Errors
/// When the database fails.
pub async fn lease(db: &Database, id: PeerId, now: DateTime<Utc>, length: Duration) -> Result<Option<Lease>, db::Error> {
    use peer::Column as C;
    let tx = db.write().await?;
    // UPDATE peer SET lease_fence = lease_fence + 1, lease_until = ? WHERE id = ? AND (lease_until < ? OR …)
    let taken = peer::Entity::update_many()
        .col_expr(C::LeaseFence, Expr::col(C::LeaseFence).add(1))
        .col_expr(C::LeaseUntil, Expr::value((now + length).timestamp_micros()))
        .filter(C::Id.eq(id))
        .filter(is_free(now))
        .exec(tx.connection())
        .await
        .context("cannot lease a peer")?;
    if taken.rows_affected == 0 {
        tx.roll_back().await?;
        return Ok(None);
    }
    let row = peer::Entity::find_by_id(id).one(tx.connection()).await.context("cannot lease a peer")?;
    tx.commit().await?;
    Ok(row.map(|row| Lease { peer: id, fence: row.lease_fence }))
}

impl Lease {
    /// Make the lease last until `until`, inside the transaction that relies on it. Whether it is
    /// still ours: if not, nothing may be written.
    /// # Errors
    /// When the database fails.
    pub async fn hold(self, tx: &Transaction, until: DateTime<Utc>) -> Result<bool, db::Error> {
        use peer::Column as C;
        let held = peer::Entity::update_many()
            .col_expr(C::LeaseUntil, Expr::value(until.timestamp_micros()))
            .filter(C::Id.eq(self.peer))
            .filter(C::LeaseFence.eq(self.fence))
            .exec(tx.connection())
            .await
            .context("cannot hold the lease of a peer")?;
        Ok(held.rows_affected == 1)
    }
}

/// Take the lease from whoever has it: they can write nothing any more.
/// # Errors
/// When the database fails.
pub async fn end_lease(tx: &Transaction, id: PeerId) -> Result<(), db::Error> {
    use peer::Column as C;
    peer::Entity::update_many()
        .col_expr(C::LeaseFence, Expr::col(C::LeaseFence).add(1))
        .col_expr(C::LeaseUntil, Expr::value(DateTime::UNIX_EPOCH.timestamp_micros()))
        .filter(C::Id.eq(id))
        .exec(tx.connection())
        .await
        .context("cannot end the lease of a peer")
        .map(drop)
}

/// Give a lease back.
/// # Errors
/// When the database fails.
pub async fn release(tx: &Transaction, lease: Lease) -> Result<bool, db::Error> {
    lease.hold(tx, DateTime::UNIX_EPOCH).await
}
