//! Own records for those who follow us: an index for the feed, in its order, and the sums
//! (`own_bucket`) by which two directories compare what they have.

use sea_orm_migration::prelude::*;

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

const NAME: &str = "published_by_origin";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Without this a failed step stays half applied on SQLite.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut index = Index::create();
        // Without the middle column SQLite takes the index on derived_from, and sorts all there is for each page.
        index.name(NAME).table("published").col("origin").col("derived_from").col("position");
        manager.create_index(index).await?;
        manager
            .create_table(
                Table::create()
                    .table("own_bucket")
                    .col(ColumnDef::new("bucket").small_integer().not_null().primary_key())
                    .col(ColumnDef::new("value").string_len(64).not_null())
                    .col(ColumnDef::new("live").big_integer().not_null())
                    .col(ColumnDef::new("gone").big_integer().not_null())
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("own_bucket").to_owned()).await?;
        manager.drop_index(Index::drop().name(NAME).table("published").to_owned()).await
    }
}
