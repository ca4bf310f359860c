//! What the council itself writes for residents: every version of every text (`text`).

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
                    .table("text")
                    .col(ColumnDef::new("slug").string_len(60).not_null())
                    .col(ColumnDef::new("version").big_integer().not_null())
                    .col(ColumnDef::new("body").text().not_null())
                    .col(ColumnDef::new("standing").string_len(20).not_null())
                    .col(ColumnDef::new("saved_at").big_integer().not_null())
                    .col(ColumnDef::new("saved_by").text().not_null())
                    .primary_key(Index::create().col("slug").col("version"))
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("text").to_owned()).await
    }
}
