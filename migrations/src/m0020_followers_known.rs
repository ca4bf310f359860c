//! Who says that they follow us (`follower`): how far each had come when it last asked, and what its own address
//! confirmed of that. Nothing of people; at most a few thousand rows, and none for longer than a month.
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
                    .table("follower")
                    .col(ColumnDef::new("origin").string_len(200).not_null().primary_key())
                    .col(ColumnDef::new("position").big_integer().not_null())
                    .col(ColumnDef::new("since").big_integer().not_null())
                    .col(ColumnDef::new("asked_at").big_integer().not_null())
                    .col(ColumnDef::new("confirmed_position").big_integer().null())
                    .col(ColumnDef::new("confirmed_state").text().null())
                    .col(ColumnDef::new("confirmed_at").big_integer().null())
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("follower").to_owned()).await
    }
}
