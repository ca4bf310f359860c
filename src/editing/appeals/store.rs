//! The table `appeal`.

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _, Set, sea_query::Expr};
use uuid::Uuid;

use super::{Answered, Appeal};
use crate::{
    clock::moment,
    db::{self, Context as _, Transaction},
};

mod appeal {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "appeal")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) proposal_id: Uuid,
        #[sea_orm(column_type = "Text")]
        pub(super) by_whom: String,
        #[sea_orm(column_type = "Text")]
        pub(super) words: String,
        pub(super) at: i64,
        #[sea_orm(column_type = "Text")]
        pub(super) refused_by: String,
        #[sea_orm(column_type = "Text", nullable)]
        pub(super) decided_by: Option<String>,
        pub(super) decided_at: Option<i64>,
        pub(super) upheld: Option<bool>,
        #[sea_orm(column_type = "Text", nullable)]
        pub(super) answer: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

use appeal::Column as C;

fn from_row(row: appeal::Model) -> Appeal {
    let decided = row.decided_by.zip(row.decided_at).map(|(by, at)| Answered {
        by,
        at: moment(at),
        again: row.upheld.unwrap_or_default(),
        answer: row.answer.unwrap_or_default(),
    });
    Appeal {
        proposal: row.proposal_id,
        by: row.by_whom,
        words: row.words,
        at: moment(row.at),
        refused_by: row.refused_by,
        decided,
    }
}

pub(super) async fn one(on: &impl ConnectionTrait, proposal: Uuid) -> Result<Option<Appeal>, db::Error> {
    let row = appeal::Entity::find_by_id(proposal).one(on).await.context("cannot read an appeal")?;
    Ok(row.map(from_row))
}

/// Those that wait, the oldest first.
pub(super) async fn open(on: &impl ConnectionTrait) -> Result<Vec<Appeal>, db::Error> {
    let rows = appeal::Entity::find().filter(C::DecidedAt.is_null()).order_by_asc(C::At).all(on).await;
    Ok(rows.context("cannot read appeals")?.into_iter().map(from_row).collect())
}

pub(super) async fn put(tx: &Transaction, appeal: &Appeal) -> Result<(), db::Error> {
    let row = appeal::ActiveModel {
        proposal_id: Set(appeal.proposal),
        by_whom: Set(appeal.by.clone()),
        words: Set(appeal.words.clone()),
        at: Set(appeal.at.timestamp_micros()),
        refused_by: Set(appeal.refused_by.clone()),
        decided_by: Set(None),
        decided_at: Set(None),
        upheld: Set(None),
        answer: Set(None),
    };
    Box::pin(appeal::Entity::insert(row).exec_without_returning(tx.connection()))
        .await
        .context("cannot store an appeal")
        .map(drop)
}

/// Note what became of one that waits. False where somebody was quicker.
pub(super) async fn decide(tx: &Transaction, proposal: Uuid, decided: &Answered) -> Result<bool, db::Error> {
    let done = appeal::Entity::update_many()
        .col_expr(C::DecidedBy, Expr::value(decided.by.clone()))
        .col_expr(C::DecidedAt, Expr::value(decided.at.timestamp_micros()))
        .col_expr(C::Upheld, Expr::value(decided.again))
        .col_expr(C::Answer, Expr::value(decided.answer.clone()))
        .filter(C::ProposalId.eq(proposal))
        .filter(C::DecidedAt.is_null())
        .exec(tx.connection())
        .await
        .context("cannot decide an appeal")?;
    Ok(done.rows_affected == 1)
}

/// Take out what somebody wrote.
pub(super) async fn forget(tx: &Transaction, who: &str) -> Result<(), db::Error> {
    let written = appeal::Entity::delete_many().filter(C::ByWhom.eq(who));
    written.exec(tx.connection()).await.context("cannot delete somebody's appeals").map(drop)
}

/// Take out what was decided before a moment; gives how many.
pub(super) async fn tidy(tx: &Transaction, before: DateTime<Utc>) -> Result<u64, db::Error> {
    let old = appeal::Entity::delete_many().filter(C::DecidedAt.lt(before.timestamp_micros()));
    Ok(old.exec(tx.connection()).await.context("cannot delete old appeals")?.rows_affected)
}
