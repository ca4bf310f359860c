//! Tables that people edit as a whole, such as everyday words (`words`): each row is one table as CSV.

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
                    .table("words")
                    .col(ColumnDef::new("name").string_len(40).not_null().primary_key())
                    .col(ColumnDef::new("body").text().not_null())
                    .col(ColumnDef::new("changed_at").big_integer().not_null())
                    .col(ColumnDef::new("changed_by").text().not_null())
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("words").to_owned()).await
    }
}
