//! The support checker and its contacts: what is being worked on (`support_draft`), and every edition
//! that was published with who reviewed it (`support_publication`). Nothing of the people who use them.

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
                    .table("support_draft")
                    .col(ColumnDef::new("part").string_len(20).not_null().primary_key())
                    .col(ColumnDef::new("body").text().not_null())
                    .col(ColumnDef::new("saved_at").big_integer().not_null())
                    .col(ColumnDef::new("saved_by").text().not_null())
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("support_publication")
                    .col(ColumnDef::new("number").big_integer().not_null().primary_key())
                    .col(ColumnDef::new("checker").text().not_null())
                    .col(ColumnDef::new("contacts").text().not_null())
                    .col(ColumnDef::new("cases").text().not_null())
                    .col(ColumnDef::new("reviewed_by").text().not_null())
                    .col(ColumnDef::new("published_at").big_integer().not_null())
                    .col(ColumnDef::new("withdrawn_at").big_integer().null())
                    .col(ColumnDef::new("withdrawn_why").text().null())
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("support_publication").to_owned()).await?;
        manager.drop_table(Table::drop().table("support_draft").to_owned()).await
    }
}
