//! From where each version of a record came (`record.whence`, `revision.whence`): a page, a program, a file and so
//! on. Nothing of whoever made it but that.

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
        for table in ["record", "revision"] {
            let whence = ColumnDef::new("whence").string().null().to_owned();
            manager.alter_table(Table::alter().table(table).add_column(whence).to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["record", "revision"] {
            manager.alter_table(Table::alter().table(table).drop_column("whence").to_owned()).await?;
        }
        Ok(())
    }
}
