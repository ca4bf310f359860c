//! When those who keep a listing, and those who decide, were told of a report (`report.told_at`): whoever reports it
//! again and again must not keep them from hearing of the next.

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
        let told_at = ColumnDef::new("told_at").big_integer().null().to_owned();
        manager.alter_table(Table::alter().table("report").add_column(told_at).to_owned()).await?;
        // Of what is here already they were told, as far as they were to be.
        let told = Query::update().table("report").value("told_at", Expr::col("at")).to_owned();
        manager.execute(told).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("report").drop_column("told_at").to_owned()).await
    }
}
