//! The table `foreign_record`, as it is written.

use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, Set,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

use super::super::{Foreign, NOBODY, URGENT, foreign_record};
use crate::{
    db::{self, Context as _, Transaction},
    federation::peers::PeerId,
    model::Kind,
};

/// Rows whose numbers may be forgotten.
fn ordinary() -> Condition {
    use foreign_record::Column as C;
    Condition::any().add(C::Statement.is_null()).add(C::Statement.not_like(format!("%{URGENT}%")))
}

/// Take records of this kind for parts of others from now on: the peer does not tell them by themselves any more.
/// # Errors
/// When the database fails.
pub async fn make_parts(tx: &Transaction, peer: PeerId, kind: Kind) -> Result<(), db::Error> {
    use foreign_record::Column as C;
    foreign_record::Entity::update_many()
        .col_expr(C::OwnItem, Expr::value(false))
        .filter(C::PeerId.eq(peer))
        .filter(C::Kind.eq(kind.number()))
        .exec(tx.connection())
        .await
        .context("cannot write what came from a peer")
        .map(drop)
}

/// Write what is known about records.
/// # Errors
/// When the database fails.
pub async fn put_foreign(tx: &Transaction, rows: &[Foreign]) -> Result<(), db::Error> {
    use foreign_record::Column as C;
    let replace = OnConflict::column(C::Id)
        .update_columns([
            C::PeerId,
            C::Kind,
            C::ForeignId,
            C::Rev,
            C::Hash,
            C::Live,
            C::OwnItem,
            C::Statement,
            C::Listed,
            C::Crawl,
            C::Missing,
            C::FetchedAt,
            C::Origin,
            C::Via,
        ])
        .to_owned();
    for chunk in db::pieces(rows) {
        let rows = chunk.iter().map(|row| foreign_record::ActiveModel {
            id: Set(row.id),
            peer_id: Set(row.peer),
            kind: Set(row.kind.number()),
            foreign_id: Set(row.foreign_id.clone()),
            rev: Set(row.rev),
            hash: Set(row.hash.clone()),
            live: Set(row.live),
            own_item: Set(row.own_item),
            statement: Set(row.statement.clone()),
            listed: Set(row.listed.clone()),
            crawl: Set(row.crawl),
            missing: Set(row.missing),
            fetched_at: Set(row.fetched_at.timestamp_micros()),
            origin: Set(row.origin.clone()),
            via: Set(row.via.clone()),
        });
        foreign_record::Entity::insert_many(rows)
            .on_conflict(replace.clone())
            .exec_without_returning(tx.connection())
            .await
            .context("cannot write what came from a peer")?;
    }
    Ok(())
}

/// Forget what is known about these records.
/// # Errors
/// When the database fails.
pub async fn forget_foreign(tx: &Transaction, ids: &[Uuid]) -> Result<(), db::Error> {
    for chunk in db::pieces(ids) {
        foreign_record::Entity::delete_many()
            .filter(foreign_record::Column::Id.is_in(chunk.iter().copied()))
            .exec(tx.connection())
            .await
            .context("cannot delete what came from a peer")?;
    }
    Ok(())
}

/// Forget what a peer's records say, so that all are compared again. Their numbers stay: an older version is
/// older, whatever has changed here.
/// # Errors
/// When the database fails.
pub async fn forget_versions(tx: &Transaction, peer: PeerId) -> Result<(), db::Error> {
    use foreign_record::Column as C;
    foreign_record::Entity::update_many()
        .col_expr(C::Hash, Expr::value(""))
        .col_expr(C::Listed, Expr::value(Option::<String>::None))
        .filter(C::PeerId.eq(peer))
        .exec(tx.connection())
        .await
        .context("cannot write what came from a peer")
        .map(drop)
}

/// Forget which versions of these records were applied, other than of those that were destroyed.
/// # Errors
/// When the database fails.
pub async fn forget_versions_of(tx: &Transaction, ids: &[Uuid]) -> Result<(), db::Error> {
    use foreign_record::Column as C;
    for chunk in db::pieces(ids) {
        foreign_record::Entity::update_many()
            .col_expr(C::Rev, Expr::value(0_i64))
            .col_expr(C::Hash, Expr::value(""))
            .filter(C::Id.is_in(chunk.iter().copied()))
            .filter(ordinary())
            .exec(tx.connection())
            .await
            .context("cannot write what came from a peer")?;
    }
    Ok(())
}

/// Forget the numbers of a peer's own records, which are those of an epoch that has ended. What was destroyed keeps
/// its number.
/// # Errors
/// When the database fails.
pub async fn forget_numbers(tx: &Transaction, peer: PeerId) -> Result<(), db::Error> {
    use foreign_record::Column as C;
    foreign_record::Entity::update_many()
        .col_expr(C::Rev, Expr::value(0_i64))
        .filter(C::PeerId.eq(peer))
        .filter(C::Origin.is_null())
        .filter(ordinary())
        .exec(tx.connection())
        .await
        .context("cannot write what came from a peer")
        .map(drop)
}

/// Note that a walk over everything has met these records.
/// # Errors
/// When the database fails.
pub async fn mark_seen(tx: &Transaction, ids: &[Uuid], crawl: i64) -> Result<(), db::Error> {
    use foreign_record::Column as C;
    for chunk in db::pieces(ids) {
        foreign_record::Entity::update_many()
            .col_expr(C::Crawl, Expr::value(crawl))
            .col_expr(C::Missing, Expr::value(0))
            .filter(C::Id.is_in(chunk.iter().copied()))
            .exec(tx.connection())
            .await
            .context("cannot write what came from a peer")?;
    }
    Ok(())
}

/// Forget everything about a peer's records, other than the numbers of what had to be destroyed: if the peer is
/// added again, or comes by way of another, no older version of that comes back.
pub(in crate::federation::peers) async fn forget_all(tx: &Transaction, peer: PeerId) -> Result<(), db::Error> {
    use foreign_record::Column as C;
    foreign_record::Entity::update_many()
        .col_expr(C::PeerId, Expr::value(NOBODY))
        .col_expr(C::Live, Expr::value(false))
        .col_expr(C::Hash, Expr::value(""))
        .filter(C::PeerId.eq(peer))
        .filter(C::Statement.like(format!("%{URGENT}%")))
        .exec(tx.connection())
        .await
        .context("cannot forget a peer")?;
    foreign_record::Entity::delete_many()
        .filter(foreign_record::Column::PeerId.eq(peer))
        .exec(tx.connection())
        .await
        .context("cannot delete a peer")
        .map(drop)
}
