//! The table `view_count`.

use std::collections::HashMap;

use chrono::{Days, NaiveDate};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, Set,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

use super::{Key, Seen};
use crate::db::{self, Context as _, Database, Transaction};

mod view_count {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "view_count")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) day: i32,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) record_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) action: i16,
        pub(super) views: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

use view_count::Column as C;

/// Days since 1970.
fn number(day: NaiveDate) -> i32 {
    i32::try_from((day - NaiveDate::default()).num_days()).unwrap_or(i32::MAX)
}

fn day(number: i32) -> Option<NaiveDate> {
    NaiveDate::default().checked_add_days(Days::new(u64::try_from(number).ok()?))
}

pub(super) async fn add(tx: &Transaction, counts: &HashMap<Key, u32>) -> Result<(), db::Error> {
    // In one order everywhere, or two processes could wait for each other.
    let mut rows: Vec<(&Key, &u32)> = counts.iter().collect();
    rows.sort_unstable_by_key(|(key, _)| **key);
    // INSERT INTO view_count … ON CONFLICT (day, record_id, action) DO UPDATE SET views = view_count.views + excluded.views
    let add = OnConflict::columns([C::Day, C::RecordId, C::Action])
        .value(C::Views, Expr::cust("view_count.views + excluded.views"))
        .to_owned();
    for chunk in db::pieces(&rows) {
        let rows = chunk.iter().map(|(key, views)| view_count::ActiveModel {
            day: Set(number(key.day)),
            record_id: Set(key.record),
            action: Set(key.seen.number()),
            views: Set(i64::from(**views)),
        });
        view_count::Entity::insert_many(rows)
            .on_conflict(add.clone())
            .exec_without_returning(tx.connection())
            .await
            .context("cannot store how often listings were viewed")?;
    }
    Ok(())
}

pub(super) async fn forget_before(tx: &Transaction, oldest: NaiveDate) -> Result<(), db::Error> {
    view_count::Entity::delete_many()
        .filter(C::Day.lt(number(oldest)))
        .exec(tx.connection())
        .await
        .context("cannot delete how often listings were viewed")
        .map(drop)
}

pub(super) async fn since(db: &Database, record: Uuid, from: NaiveDate) -> Result<Vec<(Key, u64)>, db::Error> {
    let rows = view_count::Entity::find()
        .filter(C::RecordId.eq(record))
        .filter(C::Day.gte(number(from)))
        .all(db.reader())
        .await
        .context("cannot read how often a listing was seen")?;
    let read = |row: view_count::Model| {
        let seen = if row.action == Seen::Calendar.number() { Seen::Calendar } else { Seen::Page };
        Some((Key { day: day(row.day)?, record: row.record_id, seen }, u64::try_from(row.views).ok()?))
    };
    Ok(rows.into_iter().filter_map(read).collect())
}
