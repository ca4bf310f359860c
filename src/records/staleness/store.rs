//! The table `stale_source`.

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Set,
    sea_query::OnConflict,
};
use uuid::Uuid;

use super::{super::store::record, Stale, Step};
use crate::{
    clock::moment,
    db::{self, Context as _, Transaction},
};

mod stale_source {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "stale_source")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) origin: String,
        pub(super) step: i16,
        pub(super) since: i64,
        pub(super) done: bool,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

use stale_source::Column as C;

/// Every source of which something is noted.
pub(super) async fn all(on: &impl ConnectionTrait) -> Result<Vec<Stale>, db::Error> {
    let rows = stale_source::Entity::find().order_by_asc(C::Origin).all(on).await.context("cannot read stale sources")?;
    let read = |row: stale_source::Model| Stale {
        step: Step::from_number(row.step),
        since: moment(row.since),
        done: row.done,
        origin: row.origin,
    };
    Ok(rows.into_iter().map(read).collect())
}

/// Note something of a source, in place of what was noted.
pub(super) async fn put(tx: &Transaction, stale: &Stale) -> Result<(), db::Error> {
    let row = stale_source::ActiveModel {
        origin: Set(stale.origin.clone()),
        step: Set(Step::number(stale.step)),
        since: Set(stale.since.timestamp_micros()),
        done: Set(stale.done),
    };
    let replace = OnConflict::column(C::Origin).update_columns([C::Step, C::Since, C::Done]).to_owned();
    let query = stale_source::Entity::insert(row).on_conflict(replace);
    query.exec_without_returning(tx.connection()).await.context("cannot write stale sources").map(drop)
}

/// Forget what is noted of a source.
pub(super) async fn forget(tx: &Transaction, origin: &str) -> Result<(), db::Error> {
    let query = stale_source::Entity::delete_many().filter(C::Origin.eq(origin));
    query.exec(tx.connection()).await.context("cannot delete stale sources").map(drop)
}

/// Records of a source after the given id, in order of ids, with the moments of their last change.
pub(super) async fn of_origin(
    on: &impl ConnectionTrait,
    origin: &str,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<(Uuid, DateTime<Utc>)>, db::Error> {
    let mut query = record::Entity::find()
        .select_only()
        .columns([record::Column::Id, record::Column::ChangedAt])
        .filter(record::Column::Origin.eq(origin));
    if let Some(after) = after {
        query = query.filter(record::Column::Id.gt(after));
    }
    let query = query.order_by_asc(record::Column::Id).limit(limit).into_tuple::<(Uuid, i64)>();
    let rows = query.all(on).await.context("cannot read records")?;
    Ok(rows.into_iter().map(|(id, at)| (id, moment(at))).collect())
}
