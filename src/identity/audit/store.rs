//! The table `audit`.

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Set,
    sea_query::Expr,
};
use uuid::Uuid;

use super::{Entry, Sought};
use crate::{
    clock::moment,
    db::{self, Context as _, Transaction},
};

mod audit {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) id: Uuid,
        pub(super) at: i64,
        #[sea_orm(column_type = "Text")]
        pub(super) who: String,
        #[sea_orm(column_type = "Text")]
        pub(super) what: String,
        #[sea_orm(column_type = "Text")]
        pub(super) subject: String,
        #[sea_orm(column_type = "Text")]
        pub(super) detail: String,
        #[sea_orm(column_type = "Text")]
        pub(super) network: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) async fn put(tx: &Transaction, one: &Entry) -> Result<(), db::Error> {
    let row = audit::ActiveModel {
        id: Set(one.id),
        at: Set(one.at.timestamp_micros()),
        who: Set(one.who.clone()),
        what: Set(one.what.clone()),
        subject: Set(one.to.clone()),
        detail: Set(one.detail.clone()),
        network: Set(one.from.clone()),
    };
    audit::Entity::insert(row).exec_without_returning(tx.connection()).await.context("cannot write the audit trail")?;
    Ok(())
}

pub(super) async fn newest(
    on: &impl ConnectionTrait,
    sought: &Sought,
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Entry>, db::Error> {
    let mut query = audit::Entity::find().order_by_desc(audit::Column::Id).limit(limit);
    let concerns = |who: &[String]| {
        let (by, to) = (audit::Column::Who.is_in(who.iter().cloned()), audit::Column::Subject.is_in(who.iter().cloned()));
        Condition::any().add(by).add(to)
    };
    if let Some(about) = &sought.about {
        query = query.filter(concerns(std::slice::from_ref(about)));
    }
    if let Some(who) = &sought.who {
        query = query.filter(concerns(who));
    }
    if let Some(what) = sought.what {
        query = query.filter(audit::Column::What.eq(what));
    }
    if let Some(to) = &sought.to {
        query = query.filter(audit::Column::Subject.is_in(to.iter().cloned()));
    }
    if let Some(before) = before {
        query = query.filter(audit::Column::Id.lt(before));
    }
    let rows = query.all(on).await.context("cannot read the audit trail")?;
    let entry = |row: audit::Model| Entry {
        id: row.id,
        at: moment(row.at),
        who: row.who,
        what: row.what,
        to: row.subject,
        detail: row.detail,
        from: row.network,
    };
    Ok(rows.into_iter().map(entry).collect())
}

/// Forget lines from before this moment: those that say one of these things, or all.
pub(super) async fn forget(tx: &Transaction, what: &[&str], before: DateTime<Utc>) -> Result<u64, db::Error> {
    let mut query = audit::Entity::delete_many().filter(audit::Column::At.lt(before.timestamp_micros()));
    if !what.is_empty() {
        query = query.filter(audit::Column::What.is_in(what.iter().copied()));
    }
    Ok(query.exec(tx.connection()).await.context("cannot shorten the audit trail")?.rows_affected)
}

/// Empty what lines say that have these words in it.
pub(super) async fn forget_words(tx: &Transaction, words: &str) -> Result<(), db::Error> {
    audit::Entity::update_many()
        .col_expr(audit::Column::Detail, Expr::value(""))
        .filter(audit::Column::Detail.contains(words))
        .exec(tx.connection())
        .await
        .context("cannot clean the audit trail")
        .map(drop)
}
