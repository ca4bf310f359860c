//! Whether a deletion that waits was signed by its origin (`held_delete.signed`), and how often (`confirmed`) and when
//! last (`confirmed_at`) the origin was found to stand by it.
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
        for column in [
            // Of what waits already nobody knows: a person decides it, as before.
            ColumnDef::new("signed").boolean().not_null().default(false).to_owned(),
            ColumnDef::new("confirmed").integer().not_null().default(0).to_owned(),
            ColumnDef::new("confirmed_at").big_integer().null().to_owned(),
        ] {
            manager.alter_table(Table::alter().table("held_delete").add_column(column).to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in ["confirmed_at", "confirmed", "signed"] {
            manager.alter_table(Table::alter().table("held_delete").drop_column(name).to_owned()).await?;
        }
        Ok(())
    }
}
