//! The table `openactive_part`.

use sea_orm::{
    ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Set,
    sea_query::OnConflict,
};
use uuid::Uuid;

use super::super::PeerId;
use crate::db::{self, Context as _, Database, Transaction};

mod openactive_part {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "openactive_part")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) id: Uuid,
        pub(super) peer_id: i32,
        pub(super) is_date: bool,
        #[sea_orm(column_type = "Text")]
        pub(super) series: String,
        #[sea_orm(column_type = "Text")]
        pub(super) data: String,
        pub(super) walk: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

use openactive_part::Column as C;

/// A series, or a date of one, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Made of its kind and its id in its feed.
    pub id: Uuid,
    /// The peer.
    pub peer: PeerId,
    /// Whether it is a date; otherwise it is the series itself.
    pub is_date: bool,
    /// What the series is called.
    pub series: String,
    /// What came, without people and pictures.
    pub data: String,
    /// The walk over everything that met it last.
    pub walk: i64,
}

fn from_row(row: openactive_part::Model) -> Part {
    Part { id: row.id, peer: row.peer_id, is_date: row.is_date, series: row.series, data: row.data, walk: row.walk }
}

/// The series that the parts with these ids are of.
/// # Errors
/// When the database fails.
pub async fn series_of(db: &Database, ids: &[Uuid]) -> Result<Vec<String>, db::Error> {
    let mut found = Vec::new();
    for chunk in db::pieces(ids) {
        let query = openactive_part::Entity::find().select_only().column(C::Series);
        let query = query.filter(C::Id.is_in(chunk.iter().copied())).into_tuple::<String>();
        found.extend(query.all(db.reader()).await.context("cannot read parts of series")?);
    }
    Ok(found)
}

/// Parts of a series of a peer: itself, then its dates, at most `limit`.
/// # Errors
/// When the database fails.
pub async fn parts_of_series(db: &Database, peer: PeerId, series: &str, limit: u64) -> Result<Vec<Part>, db::Error> {
    let query = openactive_part::Entity::find().filter(C::PeerId.eq(peer)).filter(C::Series.eq(series));
    let query = query.order_by_asc(C::IsDate).order_by_asc(C::Id).limit(limit);
    let rows = query.all(db.reader()).await.context("cannot read parts of series")?;
    Ok(rows.into_iter().map(from_row).collect())
}

/// Parts of a peer that the walk has not met, after an id, in order, at most `limit`.
/// # Errors
/// When the database fails.
pub async fn parts_not_walked(
    db: &Database,
    peer: PeerId,
    walk: i64,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Part>, db::Error> {
    let query = openactive_part::Entity::find().filter(C::PeerId.eq(peer)).filter(C::Walk.lt(walk));
    let query = match after {
        Some(after) => query.filter(C::Id.gt(after)),
        None => query,
    };
    let rows = query.order_by_asc(C::Id).limit(limit).all(db.reader()).await.context("cannot read parts of series")?;
    Ok(rows.into_iter().map(from_row).collect())
}

/// How many parts of a peer the walk has not met.
/// # Errors
/// When the database fails.
pub async fn count_parts_not_walked(db: &Database, peer: PeerId, walk: i64) -> Result<u64, db::Error> {
    let query = openactive_part::Entity::find().filter(C::PeerId.eq(peer)).filter(C::Walk.lt(walk));
    query.count(db.reader()).await.context("cannot count parts of series")
}

/// How many parts of a peer are kept.
/// # Errors
/// When the database fails.
pub async fn count_parts(db: &Database, peer: PeerId) -> Result<u64, db::Error> {
    let query = openactive_part::Entity::find().filter(C::PeerId.eq(peer));
    query.count(db.reader()).await.context("cannot count parts of series")
}

/// Write parts.
/// # Errors
/// When the database fails.
pub async fn put_parts(tx: &Transaction, parts: &[Part]) -> Result<(), db::Error> {
    let replace = OnConflict::column(C::Id).update_columns([C::PeerId, C::IsDate, C::Series, C::Data, C::Walk]).to_owned();
    for chunk in db::pieces(parts) {
        let rows = chunk.iter().map(|part| openactive_part::ActiveModel {
            id: Set(part.id),
            peer_id: Set(part.peer),
            is_date: Set(part.is_date),
            series: Set(part.series.clone()),
            data: Set(part.data.clone()),
            walk: Set(part.walk),
        });
        let query = openactive_part::Entity::insert_many(rows).on_conflict(replace.clone());
        query.exec_without_returning(tx.connection()).await.context("cannot write parts of series")?;
    }
    Ok(())
}

/// Forget parts.
/// # Errors
/// When the database fails.
pub async fn drop_parts(tx: &Transaction, ids: &[Uuid]) -> Result<(), db::Error> {
    for chunk in db::pieces(ids) {
        let query = openactive_part::Entity::delete_many().filter(C::Id.is_in(chunk.iter().copied()));
        query.exec(tx.connection()).await.context("cannot delete parts of series")?;
    }
    Ok(())
}

/// Forget everything of a peer.
pub(in crate::federation::peers) async fn forget_all(tx: &Transaction, peer: PeerId) -> Result<(), db::Error> {
    let query = openactive_part::Entity::delete_many().filter(C::PeerId.eq(peer));
    query.exec(tx.connection()).await.context("cannot delete a peer").map(drop)
}
