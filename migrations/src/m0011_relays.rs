//! What an aggregator keeps to pass it on (`evidence`: what its origin has signed, with the bytes that it
//! signed), what a follower of one keeps about origins that it does not follow itself (`relayed_origin`),
//! and how a record came here that did not come from its origin (`foreign_record.origin`, `via`).

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
        for name in ["origin", "via"] {
            let column = ColumnDef::new(name).text().null().to_owned();
            manager.alter_table(Table::alter().table("foreign_record").add_column(column).to_owned()).await?;
        }
        manager
            .create_table(
                Table::create()
                    .table("evidence")
                    .col(ColumnDef::new("id").uuid().not_null().primary_key())
                    .col(ColumnDef::new("statement").text().null())
                    .col(ColumnDef::new("data").text().null())
                    .col(ColumnDef::new("via").text().not_null())
                    .col(ColumnDef::new("received_at").big_integer().not_null())
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("relayed_origin")
                    .col(ColumnDef::new("origin").string().not_null().primary_key())
                    .col(ColumnDef::new("discovered").text().null())
                    .col(ColumnDef::new("keys").text().null())
                    .col(ColumnDef::new("missed").boolean().not_null())
                    .col(ColumnDef::new("tried_at").big_integer().not_null())
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("relayed_origin").to_owned()).await?;
        manager.drop_table(Table::drop().table("evidence").to_owned()).await?;
        for name in ["via", "origin"] {
            manager.alter_table(Table::alter().table("foreign_record").drop_column(name).to_owned()).await?;
        }
        Ok(())
    }
}
