//! The tables `quarantined` and `held_delete`.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Set,
    sea_query::{Expr, ExprTrait as _, OnConflict},
};
use serde::Serialize;
use uuid::Uuid;

use super::{
    super::PeerId,
    deletion::{Held, Reason},
};
use crate::{
    clock::moment,
    db::{self, Context as _, Database, Transaction},
};

mod quarantined {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "quarantined")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) id: Uuid,
        pub(super) peer_id: i32,
        #[sea_orm(column_type = "Text")]
        pub(super) kind: String,
        #[sea_orm(column_type = "Text")]
        pub(super) foreign_id: String,
        pub(super) rev: i64,
        #[sea_orm(column_type = "Text")]
        pub(super) code: String,
        #[sea_orm(column_type = "Text")]
        pub(super) detail: String,
        #[sea_orm(column_type = "Text", nullable)]
        pub(super) raw: Option<String>,
        pub(super) at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

mod held_delete {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "held_delete")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) id: Uuid,
        pub(super) peer_id: i32,
        pub(super) rev: i64,
        #[sea_orm(column_type = "Text")]
        pub(super) why: String,
        pub(super) at: i64,
        pub(super) signed: bool,
        pub(super) confirmed: i32,
        pub(super) confirmed_at: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// Something that came and could not be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Quarantined {
    /// The id that it would have here.
    pub id: Uuid,
    /// The peer.
    #[serde(skip)]
    pub peer: PeerId,
    /// Its kind, by the peer's word.
    pub kind: String,
    /// Its id at its origin.
    pub foreign_id: String,
    /// Which version of it.
    pub rev: i64,
    /// A name for the reason that does not change.
    pub code: String,
    /// The reason in words.
    pub detail: String,
    /// What came, where it was not too large.
    #[serde(skip)]
    pub raw: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}

/// Write what could not be taken; what stood under the same id is replaced.
/// # Errors
/// When the database fails.
pub async fn put_quarantined(tx: &Transaction, rows: &[Quarantined]) -> Result<(), db::Error> {
    use quarantined::Column as C;
    let replace = OnConflict::column(C::Id)
        .update_columns([C::PeerId, C::Kind, C::ForeignId, C::Rev, C::Code, C::Detail, C::Raw, C::At])
        .to_owned();
    // No statement may write a row twice, and records without ids are all called the same.
    let mut once = HashSet::new();
    let rows: Vec<&Quarantined> = rows.iter().rev().filter(|row| once.insert(row.id)).collect();
    for chunk in db::pieces(&rows) {
        let rows = chunk.iter().map(|row| quarantined::ActiveModel {
            id: Set(row.id),
            peer_id: Set(row.peer),
            kind: Set(row.kind.clone()),
            foreign_id: Set(row.foreign_id.clone()),
            rev: Set(row.rev),
            code: Set(row.code.clone()),
            detail: Set(row.detail.clone()),
            raw: Set(row.raw.clone()),
            at: Set(row.at.timestamp_micros()),
        });
        quarantined::Entity::insert_many(rows)
            .on_conflict(replace.clone())
            .exec_without_returning(tx.connection())
            .await
            .context("cannot write records that could not be imported")?;
    }
    Ok(())
}

/// Forget what could not be taken, of these ids.
/// # Errors
/// When the database fails.
pub async fn forget_quarantined(tx: &Transaction, ids: &[Uuid]) -> Result<(), db::Error> {
    for chunk in db::pieces(ids) {
        quarantined::Entity::delete_many()
            .filter(quarantined::Column::Id.is_in(chunk.iter().copied()))
            .exec(tx.connection())
            .await
            .context("cannot delete records that could not be imported")?;
    }
    Ok(())
}

/// Forget what could not be taken of a peer before this moment.
/// # Errors
/// When the database fails.
pub async fn forget_quarantined_before(tx: &Transaction, peer: PeerId, moment: DateTime<Utc>) -> Result<(), db::Error> {
    quarantined::Entity::delete_many()
        .filter(quarantined::Column::PeerId.eq(peer))
        .filter(quarantined::Column::At.lt(moment.timestamp_micros()))
        .exec(tx.connection())
        .await
        .context("cannot delete records that could not be imported")
        .map(drop)
}

/// What could not be taken of a peer, by the numbers of the versions, at most `limit`.
/// # Errors
/// When the database fails.
pub async fn quarantined_by_rev(db: &Database, peer: PeerId, limit: u64) -> Result<Vec<(i64, Uuid)>, db::Error> {
    quarantined::Entity::find()
        .select_only()
        .column(quarantined::Column::Rev)
        .column(quarantined::Column::Id)
        .filter(quarantined::Column::PeerId.eq(peer))
        .order_by_asc(quarantined::Column::Rev)
        .limit(limit)
        .into_tuple()
        .all(db.reader())
        .await
        .context("cannot read records that could not be imported")
}

/// What could not be taken of a peer, the latest first, at most `limit`.
/// # Errors
/// When the database fails.
pub async fn quarantined(db: &Database, peer: PeerId, limit: u64) -> Result<Vec<Quarantined>, db::Error> {
    let rows = quarantined::Entity::find()
        .filter(quarantined::Column::PeerId.eq(peer))
        .order_by_desc(quarantined::Column::At)
        .order_by_asc(quarantined::Column::Id)
        .limit(limit)
        .all(db.reader())
        .await
        .context("cannot read records that could not be imported")?;
    let read = |row: quarantined::Model| Quarantined {
        id: row.id,
        peer: row.peer_id,
        kind: row.kind,
        foreign_id: row.foreign_id,
        rev: row.rev,
        code: row.code,
        detail: row.detail,
        raw: row.raw,
        at: moment(row.at),
    };
    Ok(rows.into_iter().map(read).collect())
}

/// How many of a peer's records could not be taken, by reason.
/// # Errors
/// When the database fails.
pub async fn quarantined_by_code(db: &Database, peer: PeerId) -> Result<Vec<(String, i64)>, db::Error> {
    quarantined::Entity::find()
        .select_only()
        .column(quarantined::Column::Code)
        .column_as(quarantined::Column::Id.count(), "many")
        .filter(quarantined::Column::PeerId.eq(peer))
        .group_by(quarantined::Column::Code)
        .order_by_asc(quarantined::Column::Code)
        .into_tuple()
        .all(db.reader())
        .await
        .context("cannot count records that could not be imported")
}

/// How many of a peer's records could not be taken besides these, and of how many of those it is kept what came.
/// # Errors
/// When the database fails.
pub async fn quarantined_besides(db: &Database, peer: PeerId, ids: &[Uuid]) -> Result<(u64, u64), db::Error> {
    use quarantined::Column as C;
    let counts: Option<(i64, i64)> = quarantined::Entity::find()
        .select_only()
        .column_as(C::Id.count(), "many")
        .column_as(C::Raw.count(), "kept")
        .filter(C::PeerId.eq(peer))
        .filter(C::Id.is_not_in(ids.iter().copied()))
        .into_tuple()
        .one(db.reader())
        .await
        .context("cannot count records that could not be imported")?;
    let (many, kept) = counts.unwrap_or_default();
    Ok((many.unsigned_abs(), kept.unsigned_abs()))
}

/// Write deletions that wait; those that wait already stay as they are.
/// # Errors
/// When the database fails.
pub async fn put_held(tx: &Transaction, rows: &[Held]) -> Result<(), db::Error> {
    let keep = OnConflict::column(held_delete::Column::Id).do_nothing().to_owned();
    for chunk in db::pieces(rows) {
        let rows = chunk.iter().map(|row| held_delete::ActiveModel {
            id: Set(row.id),
            peer_id: Set(row.peer),
            rev: Set(row.rev),
            why: Set(row.why.as_stored().to_owned()),
            at: Set(row.at.timestamp_micros()),
            signed: Set(row.signed),
            confirmed: Set(row.confirmed),
            confirmed_at: Set(row.confirmed_at.map(|at| at.timestamp_micros())),
        });
        held_delete::Entity::insert_many(rows)
            .on_conflict(keep.clone())
            .exec_without_returning(tx.connection())
            .await
            .context("cannot write held deletions")?;
    }
    Ok(())
}

/// Deletions of a peer that wait, in order of ids.
/// # Errors
/// When the database fails.
pub async fn held(on: &Database, peer: PeerId) -> Result<Vec<Held>, db::Error> {
    let rows = held_delete::Entity::find()
        .filter(held_delete::Column::PeerId.eq(peer))
        .order_by_asc(held_delete::Column::Id)
        .all(on.reader())
        .await
        .context("cannot read held deletions")?;
    let read = |row: held_delete::Model| Held {
        id: row.id,
        peer: row.peer_id,
        rev: row.rev,
        why: Reason::from_stored(row.why),
        at: moment(row.at),
        signed: row.signed,
        confirmed: row.confirmed,
        confirmed_at: row.confirmed_at.map(moment),
    };
    Ok(rows.into_iter().map(read).collect())
}

/// Note that the origin stands by these deletions once more.
/// # Errors
/// When the database fails.
pub async fn confirm_held(tx: &Transaction, ids: &[Uuid], at: DateTime<Utc>) -> Result<(), db::Error> {
    use held_delete::Column as C;
    for chunk in db::pieces(ids) {
        held_delete::Entity::update_many()
            .col_expr(C::Confirmed, Expr::col(C::Confirmed).add(1))
            .col_expr(C::ConfirmedAt, Expr::value(at.timestamp_micros()))
            .filter(C::Id.is_in(chunk.iter().copied()))
            .exec(tx.connection())
            .await
            .context("cannot write held deletions")?;
    }
    Ok(())
}

/// Begin anew to count how often a peer stands by its deletions.
/// # Errors
/// When the database fails.
pub async fn doubt_held(tx: &Transaction, peer: PeerId, at: DateTime<Utc>) -> Result<(), db::Error> {
    use held_delete::Column as C;
    held_delete::Entity::update_many()
        .col_expr(C::Confirmed, Expr::value(0))
        .col_expr(C::ConfirmedAt, Expr::value(at.timestamp_micros()))
        .filter(C::PeerId.eq(peer))
        .exec(tx.connection())
        .await
        .context("cannot write held deletions")
        .map(drop)
}

/// Those of them that a person has to decide.
/// # Errors
/// When the database fails.
pub async fn held_for_people(on: &Database, peer: PeerId) -> Result<Vec<Held>, db::Error> {
    let mut held = held(on, peer).await?;
    held.retain(Held::is_for_a_person);
    Ok(held)
}

/// Forget that deletions of these records wait.
/// # Errors
/// When the database fails.
pub async fn forget_held(tx: &Transaction, ids: &[Uuid]) -> Result<(), db::Error> {
    for chunk in db::pieces(ids) {
        held_delete::Entity::delete_many()
            .filter(held_delete::Column::Id.is_in(chunk.iter().copied()))
            .exec(tx.connection())
            .await
            .context("cannot delete held deletions")?;
    }
    Ok(())
}

/// Forget everything about a peer's records.
pub(in crate::federation::peers) async fn forget_all(tx: &Transaction, peer: PeerId) -> Result<(), db::Error> {
    quarantined::Entity::delete_many()
        .filter(quarantined::Column::PeerId.eq(peer))
        .exec(tx.connection())
        .await
        .context("cannot delete a peer")?;
    held_delete::Entity::delete_many()
        .filter(held_delete::Column::PeerId.eq(peer))
        .exec(tx.connection())
        .await
        .context("cannot delete a peer")
        .map(drop)
}
