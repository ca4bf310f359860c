//! The table `picture`.

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Set,
    sea_query::OnConflict,
};
use uuid::Uuid;

use super::Kept;
use crate::{
    clock::moment,
    db::{self, Context as _, Transaction},
};

mod picture {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "picture")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) record_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) hash: String,
        pub(super) kind: String,
        pub(super) bytes: Vec<u8>,
        pub(super) at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

use picture::Column as C;

fn from_row(row: picture::Model) -> Kept {
    Kept { record_id: row.record_id, hash: row.hash, kind: row.kind, bytes: row.bytes, at: moment(row.at) }
}

pub(in crate::records) async fn put(tx: &Transaction, kept: &Kept) -> Result<(), db::Error> {
    let row = picture::ActiveModel {
        record_id: Set(kept.record_id),
        hash: Set(kept.hash.clone()),
        kind: Set(kept.kind.clone()),
        bytes: Set(kept.bytes.clone()),
        at: Set(kept.at.timestamp_micros()),
    };
    // Used again, it is as good as new.
    let again = OnConflict::columns([C::RecordId, C::Hash]).update_column(C::At).to_owned();
    Box::pin(picture::Entity::insert(row).on_conflict(again).exec_without_returning(tx.connection()))
        .await
        .context("cannot store a picture")
        .map(drop)
}

pub(in crate::records) async fn one(on: &impl ConnectionTrait, record: Uuid, hash: &str) -> Result<Option<Kept>, db::Error> {
    let row = picture::Entity::find_by_id((record, hash.to_owned())).one(on).await.context("cannot read a picture")?;
    Ok(row.map(from_row))
}

/// The names of all pictures, in one order.
pub(in crate::records) async fn names(on: &impl ConnectionTrait) -> Result<Vec<(Uuid, String)>, db::Error> {
    before(on, DateTime::<Utc>::MAX_UTC).await
}

/// The names of those that came before a moment.
pub(super) async fn before(on: &impl ConnectionTrait, at: DateTime<Utc>) -> Result<Vec<(Uuid, String)>, db::Error> {
    picture::Entity::find()
        .select_only()
        .columns([C::RecordId, C::Hash])
        .filter(C::At.lt(at.timestamp_micros()))
        .order_by_asc(C::RecordId)
        .order_by_asc(C::Hash)
        .into_tuple()
        .all(on)
        .await
        .context("cannot read pictures")
}

pub(super) async fn forget(tx: &Transaction, record: Uuid, hash: &str) -> Result<(), db::Error> {
    let query = picture::Entity::delete_by_id((record, hash.to_owned()));
    query.exec(tx.connection()).await.context("cannot delete a picture").map(drop)
}

/// Forget all pictures, for a restore that puts them back.
pub(in crate::records) async fn clear(tx: &Transaction) -> Result<(), db::Error> {
    picture::Entity::delete_many().exec(tx.connection()).await.context("cannot delete pictures").map(drop)
}
