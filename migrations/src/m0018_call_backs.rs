//! Whom a moderator called back before letting something through on a protected listing (`call_back`): on which of
//! the numbers that were known before, or how else they made sure. One row for each record that it let through.
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
                    .table("call_back")
                    .col(column("id").uuid().not_null().primary_key())
                    // The line of the audit trail that tells of it.
                    .col(column("line").uuid().not_null())
                    .col(column("record_id").uuid().not_null())
                    .col(column("revision").big_integer().null())
                    // The proposal, bundle or claim that was decided; none where somebody edited.
                    .col(column("cause").uuid().null())
                    .col(column("by_whom").text().not_null())
                    .col(column("noted_at").big_integer().not_null())
                    .col(column("called_at").big_integer().not_null())
                    .col(column("number").text().null())
                    .col(column("otherwise").text().null())
                    .col(column("spoke_to").text().not_null())
                    .to_owned(),
            )
            .await?;
        for (name, column) in
            [("call_back_by_record", "record_id"), ("call_back_by_line", "line"), ("call_back_by_cause", "cause")]
        {
            manager.create_index(Index::create().name(name).table("call_back").col(column).to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("call_back").to_owned()).await
    }
}

fn column(name: &'static str) -> ColumnDef {
    ColumnDef::new(name)
}
