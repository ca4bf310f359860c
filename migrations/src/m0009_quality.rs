//! Who said when that a listing is right (`assurance`), how fresh each of our own services is by that
//! (`freshness`), which reminders went out (`reminder`) and by which links they are answered
//! (`confirm_link`); and what people report about listings (`report`).
//!
//! Moments are microseconds since 1970 in UTC.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Without this a failed step stays half applied on SQLite.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("assurance")
                    .col(column("id").uuid().not_null().primary_key())
                    .col(column("record_id").uuid().not_null())
                    .col(column("checked_at").big_integer().not_null())
                    .col(column("by_whom").text().not_null())
                    .col(column("how").string().not_null())
                    .to_owned(),
            )
            .await?;
        let mut by_record = Index::create();
        by_record.name("assurance_by_record").table("assurance").col("record_id").col("checked_at");
        manager.create_index(by_record).await?;
        manager
            .create_table(
                Table::create()
                    .table("freshness")
                    .col(column("record_id").uuid().not_null().primary_key())
                    .col(column("since").big_integer().not_null())
                    .col(column("checked_at").big_integer().null())
                    .col(column("mark").small_integer().not_null())
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("reminder")
                    .col(column("record_id").uuid().not_null())
                    .col(column("recipient").string_len(64).not_null())
                    .col(column("base").big_integer().not_null())
                    .col(column("stage").small_integer().not_null())
                    .col(column("sent_at").big_integer().not_null())
                    .primary_key(Index::create().col("record_id").col("recipient").col("base").col("stage"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("confirm_link")
                    .col(column("hash").string_len(64).not_null().primary_key())
                    .col(column("known_as").text().not_null())
                    .col(column("records").text().not_null())
                    .col(column("expires_at").big_integer().not_null())
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("report")
                    .col(column("id").uuid().not_null().primary_key())
                    .col(column("record_id").uuid().not_null())
                    .col(column("ticks").text().not_null())
                    .col(column("words").text().null())
                    .col(column("reply_to").text().null())
                    .col(column("at").big_integer().not_null())
                    .col(column("state").small_integer().not_null())
                    .col(column("settled_by").text().null())
                    .col(column("settled_at").big_integer().null())
                    .col(column("answer").text().null())
                    .to_owned(),
            )
            .await?;
        let mut by_state = Index::create();
        by_state.name("report_by_state").table("report").col("state").col("at");
        manager.create_index(by_state).await?;
        let mut by_record = Index::create();
        by_record.name("report_by_record").table("report").col("record_id").col("at");
        manager.create_index(by_record).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["report", "confirm_link", "reminder", "freshness", "assurance"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn column(name: &'static str) -> ColumnDef {
    ColumnDef::new(name)
}
