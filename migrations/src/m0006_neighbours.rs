//! What came from OpenActive feeds (`openactive_part`): series and dates arrive in any order and in
//! feeds of their own, so each is kept until what it belongs to is made anew. And what this directory
//! adds to records of others (`annotation`), and which directories have not been heard of for long
//! (`stale_source`), and where a directory has moved to (`peer.moved_to`).

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
        manager.alter_table(Table::alter().table("peer").add_column(column("moved_to").text().null()).to_owned()).await?;
        manager
            .create_table(
                Table::create()
                    .table("openactive_part")
                    .col(column("id").uuid().not_null().primary_key())
                    .col(column("peer_id").integer().not_null())
                    .col(column("is_date").boolean().not_null())
                    .col(column("series").text().not_null())
                    .col(column("data").text().not_null())
                    .col(column("walk").big_integer().not_null())
                    .to_owned(),
            )
            .await?;
        let mut by_series = Index::create();
        by_series.name("openactive_part_by_series").table("openactive_part").col("peer_id").col("series");
        manager.create_index(by_series).await?;
        manager
            .create_table(
                Table::create()
                    .table("annotation")
                    .col(column("record_id").uuid().not_null().primary_key())
                    .col(column("what").text().not_null())
                    .col(column("by_whom").text().not_null())
                    .col(column("why").text().not_null())
                    .col(column("at").big_integer().not_null())
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("stale_source")
                    .col(column("origin").string().not_null().primary_key())
                    .col(column("step").small_integer().not_null())
                    .col(column("since").big_integer().not_null())
                    .col(column("done").boolean().not_null())
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("stale_source").to_owned()).await?;
        manager.drop_table(Table::drop().table("annotation").to_owned()).await?;
        manager.drop_table(Table::drop().table("openactive_part").to_owned()).await?;
        manager.alter_table(Table::alter().table("peer").drop_column("moved_to").to_owned()).await
    }
}

fn column(name: &'static str) -> ColumnDef {
    ColumnDef::new(name)
}
