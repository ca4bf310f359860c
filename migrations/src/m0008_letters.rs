//! Letters: mails and text messages that wait to be sent, and what became of those that were.
//!
//! What a letter says (`subject`, `text`, `html`) is null once it has been sent or given up: it may
//! hold a link that signs somebody in. Moments are microseconds since 1970 in UTC.

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
                    .table("letter")
                    .col(column("id").uuid().not_null().primary_key())
                    .col(column("channel").small_integer().not_null())
                    .col(column("recipient").text().not_null())
                    .col(column("recipient_key").string().not_null())
                    .col(column("kind").text().not_null())
                    .col(column("urgency").small_integer().not_null())
                    .col(column("subject").text().null())
                    .col(column("text").text().null())
                    .col(column("html").text().null())
                    .col(column("queued_at").big_integer().not_null())
                    .col(column("due_at").big_integer().not_null())
                    .col(column("attempts").integer().not_null())
                    .col(column("state").small_integer().not_null())
                    .col(column("claim").uuid().null())
                    .col(column("claimed_until").big_integer().not_null())
                    .col(column("reference").text().null())
                    .col(column("problem").text().null())
                    .col(column("settled_at").big_integer().null())
                    .to_owned(),
            )
            .await?;
        let mut due = Index::create();
        due.name("letter_due").table("letter").col("state").col("urgency").col("due_at");
        manager.create_index(due).await?;
        let mut by_recipient = Index::create();
        by_recipient.name("letter_by_recipient").table("letter").col("recipient_key").col("queued_at");
        manager.create_index(by_recipient).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("letter").to_owned()).await
    }
}

fn column(name: &'static str) -> ColumnDef {
    ColumnDef::new(name)
}
