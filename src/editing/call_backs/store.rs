//! The table `call_back`.

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _, Set, sea_query::Expr};
use uuid::Uuid;

use super::{CallBack, Called, Way};
use crate::{
    clock::moment,
    db::{self, Context as _, Transaction},
};

mod call_back {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "call_back")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) id: Uuid,
        pub(super) line: Uuid,
        pub(super) record_id: Uuid,
        pub(super) revision: Option<i64>,
        pub(super) cause: Option<Uuid>,
        #[sea_orm(column_type = "Text")]
        pub(super) by_whom: String,
        pub(super) noted_at: i64,
        pub(super) called_at: i64,
        #[sea_orm(column_type = "Text", nullable)]
        pub(super) number: Option<String>,
        #[sea_orm(column_type = "Text", nullable)]
        pub(super) otherwise: Option<String>,
        #[sea_orm(column_type = "Text")]
        pub(super) spoke_to: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

use call_back::Column as C;

fn from_row(row: call_back::Model) -> CallBack {
    let way = match row.number {
        Some(number) => Way::Number(number),
        None => Way::Otherwise(row.otherwise.unwrap_or_default()),
    };
    CallBack {
        record: row.record_id,
        revision: row.revision,
        cause: row.cause,
        line: row.line,
        by: row.by_whom,
        noted_at: moment(row.noted_at),
        called: Called { way, spoke_to: row.spoke_to, at: moment(row.called_at) },
    }
}

fn columns(way: &Way) -> (Option<String>, Option<String>) {
    match way {
        Way::Number(number) => (Some(number.clone()), None),
        Way::Otherwise(how) => (None, Some(how.clone())),
    }
}

pub(super) async fn put(tx: &Transaction, one: &CallBack) -> Result<(), db::Error> {
    let (number, otherwise) = columns(&one.called.way);
    let row = call_back::ActiveModel {
        id: Set(crate::ids::fresh()),
        line: Set(one.line),
        record_id: Set(one.record),
        revision: Set(one.revision),
        cause: Set(one.cause),
        by_whom: Set(one.by.clone()),
        noted_at: Set(one.noted_at.timestamp_micros()),
        called_at: Set(one.called.at.timestamp_micros()),
        number: Set(number),
        otherwise: Set(otherwise),
        spoke_to: Set(one.called.spoke_to.clone()),
    };
    Box::pin(call_back::Entity::insert(row).exec_without_returning(tx.connection()))
        .await
        .context("cannot store a call back")
        .map(drop)
}

/// Those about a record, the newest first.
pub(super) async fn about(on: &impl ConnectionTrait, record: Uuid) -> Result<Vec<CallBack>, db::Error> {
    let rows = call_back::Entity::find().filter(C::RecordId.eq(record)).order_by_desc(C::Id).all(on).await;
    Ok(rows.context("cannot read call backs")?.into_iter().map(from_row).collect())
}

/// Everything that was said, each with its record.
pub(super) async fn everything(on: &impl ConnectionTrait) -> Result<Vec<(Uuid, Called)>, db::Error> {
    let rows = call_back::Entity::find().order_by_asc(C::Id).all(on).await;
    Ok(rows.context("cannot read call backs")?.into_iter().map(|row| (row.record_id, from_row(row).called)).collect())
}

/// The newest for one of these causes.
pub(super) async fn for_causes(on: &impl ConnectionTrait, causes: &[Uuid]) -> Result<Option<CallBack>, db::Error> {
    let query = call_back::Entity::find().filter(C::Cause.is_in(causes.iter().copied())).order_by_desc(C::Id);
    Ok(query.one(on).await.context("cannot read call backs")?.map(from_row))
}

/// Those that lines of the audit trail tell of.
pub(super) async fn on_lines(on: &impl ConnectionTrait, lines: &[Uuid]) -> Result<Vec<CallBack>, db::Error> {
    let rows = call_back::Entity::find().filter(C::Line.is_in(lines.iter().copied())).all(on).await;
    Ok(rows.context("cannot read call backs")?.into_iter().map(from_row).collect())
}

/// What was said about a record, each with its id.
pub(super) async fn all_about(tx: &Transaction, record: Uuid) -> Result<Vec<(Uuid, Called)>, db::Error> {
    let rows = call_back::Entity::find().filter(C::RecordId.eq(record)).all(tx.connection()).await;
    Ok(rows.context("cannot read call backs")?.into_iter().map(|row| (row.id, from_row(row).called)).collect())
}

/// Put other words in place of what was said.
pub(super) async fn say(tx: &Transaction, id: Uuid, called: &Called) -> Result<(), db::Error> {
    let (number, otherwise) = columns(&called.way);
    call_back::Entity::update_many()
        .col_expr(C::Number, Expr::value(number))
        .col_expr(C::Otherwise, Expr::value(otherwise))
        .col_expr(C::SpokeTo, Expr::value(called.spoke_to.clone()))
        .filter(C::Id.eq(id))
        .exec(tx.connection())
        .await
        .context("cannot clean a call back")
        .map(drop)
}

/// Take out what was noted before a moment; gives how many.
pub(super) async fn tidy(tx: &Transaction, before: DateTime<Utc>) -> Result<u64, db::Error> {
    let old = call_back::Entity::delete_many().filter(C::NotedAt.lt(before.timestamp_micros()));
    Ok(old.exec(tx.connection()).await.context("cannot delete old call backs")?.rows_affected)
}
