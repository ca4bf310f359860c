//! The tables `assurance` and `freshness`.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _, Set,
    sea_query::{Alias, Expr, ExprTrait as _, OnConflict, Query},
};
use uuid::Uuid;

use super::{Check, Fresh, How, Mark};
use crate::{
    clock::moment,
    db::{self, Context as _, Database, Transaction},
    ids,
    model::Kind,
};

mod assurance {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "assurance")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) id: Uuid,
        pub(super) record_id: Uuid,
        pub(super) checked_at: i64,
        #[sea_orm(column_type = "Text")]
        pub(super) by_whom: String,
        pub(super) how: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

mod freshness {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "freshness")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) record_id: Uuid,
        pub(super) since: i64,
        pub(super) checked_at: Option<i64>,
        pub(super) mark: i16,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

fn from_row(row: &freshness::Model) -> Fresh {
    Fresh {
        record: row.record_id,
        since: moment(row.since),
        checked_at: row.checked_at.map(moment),
        mark: Mark::from_number(row.mark),
    }
}

pub(super) async fn put_check(tx: &Transaction, record: Uuid, check: &Check) -> Result<(), db::Error> {
    let at = check.at.timestamp_micros();
    let row = assurance::ActiveModel {
        id: Set(ids::random()),
        record_id: Set(record),
        checked_at: Set(at),
        by_whom: Set(check.by.clone()),
        how: Set(check.how.as_str().to_owned()),
    };
    Box::pin(assurance::Entity::insert(row).exec_without_returning(tx.connection())).await.context("cannot record a check")?;
    let fresh = freshness::ActiveModel {
        record_id: Set(record),
        since: Set(at),
        checked_at: Set(Some(at)),
        mark: Set(Mark::Current.number()),
    };
    let replace = OnConflict::column(freshness::Column::RecordId)
        .update_columns([freshness::Column::CheckedAt, freshness::Column::Mark])
        .to_owned();
    Box::pin(freshness::Entity::insert(fresh).on_conflict(replace).exec_without_returning(tx.connection()))
        .await
        .context("cannot record a check")
        .map(drop)
}

pub(super) async fn checks(db: &Database, record: Uuid) -> Result<Vec<Check>, db::Error> {
    let rows = assurance::Entity::find()
        .filter(assurance::Column::RecordId.eq(record))
        .order_by_desc(assurance::Column::CheckedAt)
        .all(db.reader())
        .await
        .context("cannot read checks")?;
    Ok(rows.into_iter().map(|row| Check { at: moment(row.checked_at), by: row.by_whom, how: How::read(&row.how) }).collect())
}

/// `SELECT id FROM record WHERE kind = service AND origin = '' AND state = published`
fn own_services() -> sea_orm::sea_query::SelectStatement {
    Query::select()
        .column(Alias::new("id"))
        .from(Alias::new("record"))
        .and_where(Expr::col(Alias::new("kind")).eq(Kind::Service.number()))
        .and_where(Expr::col(Alias::new("origin")).eq(""))
        .and_where(Expr::col(Alias::new("state")).eq(0))
        .to_owned()
}

/// Begin to count for our own services that are new.
pub(super) async fn begin(db: &Database, now: DateTime<Utc>) -> Result<(), db::Error> {
    let known = Query::select().column(freshness::Column::RecordId).from(freshness::Entity).to_owned();
    let mut missing = own_services();
    missing.and_where(Expr::col(Alias::new("id")).not_in_subquery(known));
    let rows = db.reader().query_all(&missing).await.context("cannot look for new services")?;
    let ids: Vec<Uuid> = rows.iter().filter_map(|row| row.try_get_by_index(0).ok()).collect();
    for some in db::pieces(&ids) {
        let rows = some.iter().map(|id| freshness::ActiveModel {
            record_id: Set(*id),
            since: Set(now.timestamp_micros()),
            checked_at: Set(None),
            mark: Set(Mark::Current.number()),
        });
        let keep = OnConflict::column(freshness::Column::RecordId).do_nothing().to_owned();
        let tx = db.write().await?;
        Box::pin(freshness::Entity::insert_many(rows).on_conflict(keep).exec_without_returning(tx.connection()))
            .await
            .context("cannot start counting")?;
        tx.commit().await?;
    }
    Ok(())
}

pub(super) async fn all(db: &Database) -> Result<Vec<Fresh>, db::Error> {
    let rows = freshness::Entity::find()
        .filter(freshness::Column::RecordId.in_subquery(own_services()))
        .order_by_asc(freshness::Column::RecordId)
        .all(db.reader())
        .await
        .context("cannot read how fresh services are")?;
    Ok(rows.iter().map(from_row).collect())
}

pub(super) async fn some(tx: &Transaction, ids: &[Uuid]) -> Result<Vec<Fresh>, db::Error> {
    let mut found = Vec::new();
    for some in db::pieces(ids) {
        let rows = freshness::Entity::find()
            .filter(freshness::Column::RecordId.is_in(some.iter().copied()))
            .all(tx.connection())
            .await
            .context("cannot read how fresh services are")?;
        found.extend(rows.iter().map(from_row));
    }
    Ok(found)
}

/// How each of these was checked the last time.
pub(super) async fn hows(tx: &Transaction, ids: &[Uuid]) -> Result<HashMap<Uuid, How>, db::Error> {
    let mut found = HashMap::new();
    for some in db::pieces(ids) {
        let rows = assurance::Entity::find()
            .filter(assurance::Column::RecordId.is_in(some.iter().copied()))
            .order_by_asc(assurance::Column::CheckedAt)
            .all(tx.connection())
            .await
            .context("cannot read checks")?;
        // The last one stays.
        found.extend(rows.iter().map(|row| (row.record_id, How::read(&row.how))));
    }
    Ok(found)
}

pub(super) async fn mark(tx: &Transaction, marks: &[(Uuid, Mark)]) -> Result<(), db::Error> {
    for mark in [Mark::Current, Mark::NeedsChecking, Mark::Unconfirmed] {
        let ids = marks.iter().filter(|(_, new)| *new == mark).map(|(id, _)| *id);
        freshness::Entity::update_many()
            .col_expr(freshness::Column::Mark, Expr::value(mark.number()))
            .filter(freshness::Column::RecordId.is_in(ids))
            .exec(tx.connection())
            .await
            .context("cannot write how fresh services are")?;
    }
    Ok(())
}
