//! The truth (`record`, `revision`, `reference`), what the world may see (`published`, numbered by
//! `head`), and what was scrubbed for good (`scrub`).
//!
//! Moments are microseconds since 1970 in UTC: both databases sort and compare them alike.

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
                    .table("head")
                    .col(integer("id").primary_key())
                    .col(big_integer("position"))
                    .col(string("epoch"))
                    .col(big_integer("began"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("record")
                    .col(uuid("id").primary_key())
                    .col(small_integer("kind"))
                    .col(small_integer("state"))
                    .col(string("origin"))
                    .col(text_null("source_id"))
                    .col(big_integer("revision"))
                    .col(text("document"))
                    .col(big_integer("changed_at"))
                    .col(text("changed_by"))
                    .col(text("why"))
                    .to_owned(),
            )
            .await?;
        manager.create_index(index("record_by_kind", "record", &["kind", "id"])).await?;
        manager
            .create_table(
                Table::create()
                    .table("revision")
                    .col(uuid("record_id"))
                    .col(big_integer("revision"))
                    .col(small_integer("state"))
                    .col(text("document"))
                    .col(big_integer("changed_at"))
                    .col(text("changed_by"))
                    .col(text("why"))
                    .primary_key(Index::create().col("record_id").col("revision"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("reference")
                    .col(uuid("from_id"))
                    .col(uuid("to_id"))
                    .col(small_integer_null("policy"))
                    .primary_key(Index::create().col("from_id").col("to_id"))
                    .to_owned(),
            )
            .await?;
        manager.create_index(index("reference_by_target", "reference", &["to_id"])).await?;
        manager
            .create_table(
                Table::create()
                    .table("published")
                    .col(uuid("id").primary_key())
                    .col(small_integer("kind"))
                    .col(big_integer("position").unique_key())
                    .col(boolean("live"))
                    .col(boolean("urgent"))
                    .col(string("origin"))
                    .col(uuid_null("derived_from"))
                    .col(text("full"))
                    .col(text("brief"))
                    .col(text_null("statement"))
                    .col(big_integer("changed_at"))
                    .col(text_null("reason"))
                    .to_owned(),
            )
            .await?;
        manager.create_index(index("published_by_kind", "published", &["kind", "id"])).await?;
        manager.create_index(index("published_by_source", "published", &["derived_from"])).await?;
        manager
            .create_table(
                Table::create()
                    .table("scrub")
                    .col(uuid("id").primary_key())
                    .col(uuid("record_id"))
                    .col(text("what"))
                    .col(big_integer("at"))
                    .col(text("by_whom"))
                    .col(text("why"))
                    .to_owned(),
            )
            .await?;
        manager.create_index(index("scrub_by_record", "scrub", &["record_id"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["scrub", "published", "reference", "revision", "record", "head"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn index(name: &'static str, table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(name).table(table);
    for column in columns {
        index.col(*column);
    }
    index
}

fn big_integer(name: &'static str) -> ColumnDef {
    column(name, |c| c.big_integer().not_null())
}
fn small_integer(name: &'static str) -> ColumnDef {
    column(name, |c| c.small_integer().not_null())
}
fn small_integer_null(name: &'static str) -> ColumnDef {
    column(name, |c| c.small_integer().null())
}
fn integer(name: &'static str) -> ColumnDef {
    column(name, |c| c.integer().not_null())
}
fn boolean(name: &'static str) -> ColumnDef {
    column(name, |c| c.boolean().not_null())
}
fn uuid(name: &'static str) -> ColumnDef {
    column(name, |c| c.uuid().not_null())
}
fn uuid_null(name: &'static str) -> ColumnDef {
    column(name, |c| c.uuid().null())
}
fn string(name: &'static str) -> ColumnDef {
    column(name, |c| c.string().not_null())
}
fn text(name: &'static str) -> ColumnDef {
    column(name, |c| c.text().not_null())
}
fn text_null(name: &'static str) -> ColumnDef {
    column(name, |c| c.text().null())
}
fn column(name: &'static str, with: impl FnOnce(&mut ColumnDef) -> &mut ColumnDef) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    with(&mut column);
    column
}
