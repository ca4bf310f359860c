//! Passkeys (`passkey`), and when a session was shown one (`session.second_at`).
//!
//! What stands here of a passkey is its public half. Moments are microseconds since 1970 in UTC.

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
                    .table("passkey")
                    .col(column("id").uuid().not_null().primary_key())
                    .col(column("person_id").uuid().not_null())
                    .col(column("name").text().not_null())
                    .col(column("public").text().not_null())
                    .col(column("added_at").big_integer().not_null())
                    .col(column("used_at").big_integer().null())
                    .to_owned(),
            )
            .await?;
        let mut by_person = Index::create();
        by_person.name("passkey_by_person").table("passkey").col("person_id");
        manager.create_index(by_person).await?;
        let mut second_at = ColumnDef::new("second_at");
        second_at.big_integer().null();
        manager.alter_table(Table::alter().table("session").add_column(second_at).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("session").drop_column("second_at").to_owned()).await?;
        manager.drop_table(Table::drop().table("passkey").to_owned()).await
    }
}

fn column(name: &'static str) -> ColumnDef {
    ColumnDef::new(name)
}
