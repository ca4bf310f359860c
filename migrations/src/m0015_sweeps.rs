//! That side files have to be swept is noted where something is destroyed (`sweep_due`); and what was scrubbed
//! and may be told again is marked so (`scrub.lifted_at`), for the list beside the database to tell it from
//! what this database never knew.

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
                    .table("sweep_due")
                    .col(ColumnDef::new("id").big_integer().not_null().auto_increment().primary_key())
                    .to_owned(),
            )
            .await?;
        let lifted_at = ColumnDef::new("lifted_at").big_integer().null().to_owned();
        manager.alter_table(Table::alter().table("scrub").add_column(lifted_at).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("scrub").drop_column("lifted_at").to_owned()).await?;
        manager.drop_table(Table::drop().table("sweep_due").to_owned()).await
    }
}
