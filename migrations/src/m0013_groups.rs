//! What groups get and say: how often their listings were seen (`view_count`), their logos (`picture`),
//! what the council asks them to declare (`declaration_kind`), and how they ask again when something was
//! refused (`appeal`).
//!
//! Moments are microseconds since 1970 in UTC, days are days since then.

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
                    .table("view_count")
                    .col(column("day").integer().not_null())
                    .col(column("record_id").uuid().not_null())
                    .col(column("action").small_integer().not_null())
                    .col(column("views").big_integer().not_null())
                    .primary_key(Index::create().col("day").col("record_id").col("action"))
                    .to_owned(),
            )
            .await?;
        let mut by_record = Index::create();
        by_record.name("view_count_by_record").table("view_count").col("record_id").col("day");
        manager.create_index(by_record).await?;
        manager
            .create_table(
                Table::create()
                    .table("picture")
                    .col(column("record_id").uuid().not_null())
                    .col(column("hash").string_len(64).not_null())
                    .col(column("kind").string().not_null())
                    .col(column("bytes").blob().not_null())
                    .col(column("at").big_integer().not_null())
                    .primary_key(Index::create().col("record_id").col("hash"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("declaration_kind")
                    .col(column("place").small_integer().not_null().primary_key())
                    .col(column("name").text().not_null())
                    .to_owned(),
            )
            .await?;
        // To start from; the council writes its own list.
        for (place, name) in
            [(0, "Safeguarding policy"), (1, "Public liability insurance"), (2, "DBS checks where the law asks for them")]
        {
            let mut insert = Query::insert();
            insert.into_table("declaration_kind").columns(["place", "name"]).values_panic([place.into(), name.into()]);
            manager.execute(insert).await?;
        }
        manager
            .create_table(
                Table::create()
                    .table("appeal")
                    .col(column("proposal_id").uuid().not_null().primary_key())
                    .col(column("by_whom").text().not_null())
                    .col(column("words").text().not_null())
                    .col(column("at").big_integer().not_null())
                    .col(column("refused_by").text().not_null())
                    .col(column("decided_by").text().null())
                    .col(column("decided_at").big_integer().null())
                    .col(column("upheld").boolean().null())
                    .col(column("answer").text().null())
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["appeal", "declaration_kind", "picture", "view_count"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn column(name: &'static str) -> ColumnDef {
    ColumnDef::new(name)
}
