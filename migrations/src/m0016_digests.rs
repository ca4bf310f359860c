//! What a record is known by to be as it was written (`record.digest`): where it is not, something has changed it
//! behind the directory's back. Records that were written before have none, and get one with their next version.

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
        let digest = ColumnDef::new("digest").text().null().to_owned();
        manager.alter_table(Table::alter().table("record").add_column(digest).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("record").drop_column("digest").to_owned()).await
    }
}
