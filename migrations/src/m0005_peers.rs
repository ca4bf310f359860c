//! Directories that are followed (`peer`), the records that came from them (`foreign_record`), what
//! came and could not be taken (`quarantined`), and what waits for a person: deletions (`held_delete`)
//! and changes (`proposal`).
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
        manager
            .create_table(
                Table::create()
                    .table("peer")
                    .col(column("id").integer().not_null().primary_key().auto_increment())
                    .col(column("name").text().not_null())
                    .col(column("url").text().not_null())
                    .col(column("origin").string().not_null().unique_key())
                    .col(column("kind").text().not_null())
                    .col(column("trust").text().not_null())
                    .col(column("state").text().not_null())
                    .col(column("scope").text().not_null())
                    .col(column("licence").text().null())
                    .col(column("attribution").text().null())
                    .col(column("every_seconds").big_integer().not_null())
                    .col(column("discovered").text().null())
                    .col(column("pinned_keys").text().null())
                    .col(column("cursor").text().null())
                    .col(column("held").text().null())
                    .col(column("next_due_at").big_integer().not_null())
                    .col(column("tried_at").big_integer().null())
                    .col(column("succeeded_at").big_integer().null())
                    .col(column("failures").integer().not_null())
                    .col(column("problem").text().null())
                    .col(column("report").text().null())
                    .col(column("lease_fence").big_integer().not_null())
                    .col(column("lease_until").big_integer().not_null())
                    .col(column("added_at").big_integer().not_null())
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("foreign_record")
                    .col(column("id").uuid().not_null().primary_key())
                    .col(column("peer_id").integer().not_null())
                    .col(column("kind").small_integer().not_null())
                    .col(column("foreign_id").text().not_null())
                    .col(column("rev").big_integer().not_null())
                    .col(column("hash").text().not_null())
                    .col(column("live").boolean().not_null())
                    .col(column("own_item").boolean().not_null())
                    .col(column("statement").text().null())
                    .col(column("listed").text().null())
                    .col(column("crawl").big_integer().not_null())
                    .col(column("missing").integer().not_null())
                    .col(column("fetched_at").big_integer().not_null())
                    .to_owned(),
            )
            .await?;
        let mut by_peer = Index::create();
        by_peer.name("foreign_record_by_peer").table("foreign_record").col("peer_id").col("kind").col("id");
        manager.create_index(by_peer).await?;
        manager
            .create_table(
                Table::create()
                    .table("quarantined")
                    .col(column("id").uuid().not_null().primary_key())
                    .col(column("peer_id").integer().not_null())
                    .col(column("kind").text().not_null())
                    .col(column("foreign_id").text().not_null())
                    .col(column("rev").big_integer().not_null())
                    .col(column("code").text().not_null())
                    .col(column("detail").text().not_null())
                    .col(column("raw").text().null())
                    .col(column("at").big_integer().not_null())
                    .to_owned(),
            )
            .await?;
        let mut by_peer = Index::create();
        by_peer.name("quarantined_by_peer").table("quarantined").col("peer_id").col("id");
        manager.create_index(by_peer).await?;
        manager
            .create_table(
                Table::create()
                    .table("held_delete")
                    .col(column("id").uuid().not_null().primary_key())
                    .col(column("peer_id").integer().not_null())
                    .col(column("rev").big_integer().not_null())
                    .col(column("why").text().not_null())
                    .col(column("at").big_integer().not_null())
                    .to_owned(),
            )
            .await?;
        let mut by_peer = Index::create();
        by_peer.name("held_delete_by_peer").table("held_delete").col("peer_id").col("id");
        manager.create_index(by_peer).await?;
        manager
            .create_table(
                Table::create()
                    .table("proposal")
                    .col(column("id").uuid().not_null().primary_key())
                    .col(column("record_id").uuid().not_null())
                    .col(column("kind").small_integer().not_null())
                    .col(column("origin").string().not_null())
                    .col(column("source_id").text().null())
                    .col(column("base_revision").big_integer().not_null())
                    .col(column("document").text().not_null())
                    .col(column("by_whom").text().not_null())
                    .col(column("why").text().not_null())
                    .col(column("at").big_integer().not_null())
                    .col(column("decision").small_integer().not_null())
                    .col(column("decided_by").text().null())
                    .col(column("decided_at").big_integer().null())
                    .col(column("reason").text().null())
                    .to_owned(),
            )
            .await?;
        let mut by_record = Index::create();
        by_record.name("proposal_by_record").table("proposal").col("record_id");
        manager.create_index(by_record).await?;
        let mut by_decision = Index::create();
        by_decision.name("proposal_by_decision").table("proposal").col("decision").col("id");
        manager.create_index(by_decision).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["proposal", "held_delete", "quarantined", "foreign_record", "peer"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn column(name: &'static str) -> ColumnDef {
    ColumnDef::new(name)
}
