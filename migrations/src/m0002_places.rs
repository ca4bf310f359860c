//! Where postcodes are: `place` has a row for each sector ("LU1 2", with its postcodes packed into
//! one value) and each outcode ("LU1"), `place_import` says what they were taken from.

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
                    .table("place")
                    .col(ColumnDef::new("name").string_len(8).not_null().primary_key())
                    .col(ColumnDef::new("latitude").integer().not_null())
                    .col(ColumnDef::new("longitude").integer().not_null())
                    .col(ColumnDef::new("areas").text().not_null())
                    .col(ColumnDef::new("units").blob().not_null())
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("place_import")
                    .col(ColumnDef::new("id").integer().not_null().primary_key())
                    .col(ColumnDef::new("format").text().not_null())
                    .col(ColumnDef::new("source").text().not_null())
                    .col(ColumnDef::new("at").big_integer().not_null())
                    .col(ColumnDef::new("postcodes").big_integer().not_null())
                    .col(ColumnDef::new("outcodes").big_integer().not_null())
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("place").to_owned()).await?;
        manager.drop_table(Table::drop().table("place_import").to_owned()).await
    }
}
