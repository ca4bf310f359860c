//! The tables `reminder` and `confirm_link`.

use chrono::{DateTime, Duration, Utc};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, Set, TryInsertResult, sea_query::OnConflict};
use uuid::Uuid;

use super::super::schedule::{Item, Ledger, recipient};
use crate::{
    clock::moment,
    db::{self, Context as _, Database, Transaction},
};

mod reminder {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "reminder")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) record_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) recipient: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) base: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) stage: i16,
        pub(super) sent_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

mod confirm_link {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "confirm_link")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) hash: String,
        #[sea_orm(column_type = "Text")]
        pub(super) known_as: String,
        #[sea_orm(column_type = "Text")]
        pub(super) records: String,
        pub(super) expires_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// Reminders are remembered for so long.
const REMEMBERED: Duration = Duration::days(800);

/// What a link asks about.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) known_as: String,
    pub(super) records: Vec<Uuid>,
}

/// What each mailbox got, by the hash of it.
pub(super) async fn ledger(db: &Database) -> Result<Ledger, db::Error> {
    let rows = reminder::Entity::find().all(db.reader()).await.context("cannot read reminders")?;
    let mut ledger = Ledger::new();
    for row in rows {
        let base = moment(row.base);
        let stage = usize::try_from(row.stage).unwrap_or_default();
        ledger.entry((row.record_id, row.recipient, base)).or_default().add(stage);
    }
    Ok(ledger)
}

/// Note that somebody was asked. False where that was noted already.
pub(super) async fn remember(tx: &Transaction, item: &Item, email: &str, now: DateTime<Utc>) -> Result<bool, db::Error> {
    let row = reminder::ActiveModel {
        record_id: Set(item.record),
        recipient: Set(recipient(email)),
        base: Set(item.base.timestamp_micros()),
        stage: Set(i16::try_from(item.stage).unwrap_or(i16::MAX)),
        sent_at: Set(now.timestamp_micros()),
    };
    let known = OnConflict::new().do_nothing().to_owned();
    let noted = Box::pin(reminder::Entity::insert(row).on_conflict(known).try_insert().exec_without_returning(tx.connection()))
        .await
        .context("cannot record a reminder")?;
    Ok(matches!(noted, TryInsertResult::Inserted(1)))
}

pub(super) async fn put_link(
    tx: &Transaction,
    hash: &str,
    known_as: &str,
    records: &[Uuid],
    expires_at: DateTime<Utc>,
) -> Result<(), db::Error> {
    let row = confirm_link::ActiveModel {
        hash: Set(hash.to_owned()),
        known_as: Set(known_as.to_owned()),
        records: Set(serde_json::to_string(records).expect("ids are text")),
        expires_at: Set(expires_at.timestamp_micros()),
    };
    Box::pin(confirm_link::Entity::insert(row).exec_without_returning(tx.connection()))
        .await
        .context("cannot store a link")
        .map(drop)
}

pub(super) async fn link(db: &Database, hash: &str, now: DateTime<Utc>) -> Result<Option<Link>, db::Error> {
    let row = confirm_link::Entity::find_by_id(hash.to_owned())
        .filter(confirm_link::Column::ExpiresAt.gt(now.timestamp_micros()))
        .one(db.reader())
        .await
        .context("cannot read a link")?;
    row.map(|row| {
        let records = db::decode(&row.records, || "a link that asks whether listings are right")?;
        Ok(Link { known_as: row.known_as, records })
    })
    .transpose()
}

pub(super) async fn tidy(db: &Database, now: DateTime<Utc>) -> Result<(), db::Error> {
    let tx = db.write().await?;
    confirm_link::Entity::delete_many()
        .filter(confirm_link::Column::ExpiresAt.lte(now.timestamp_micros()))
        .exec(tx.connection())
        .await
        .context("cannot delete links")?;
    reminder::Entity::delete_many()
        .filter(reminder::Column::SentAt.lt((now - REMEMBERED).timestamp_micros()))
        .exec(tx.connection())
        .await
        .context("cannot delete reminders")?;
    tx.commit().await
}
