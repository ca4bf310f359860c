//! People: `person`, their secrets (`sign_in_link`, `sign_in_pending`,
//! `session`, `api_token`), what they keep (`member`,
//! `invitation`, `claim`), what they did (`audit`), what is counted against them (`attempt`), and what
//! is said about a proposal (`message`).
//!
//! Secrets stand here as SHA-256 only. Moments are microseconds since 1970 in UTC.

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
        let mut person = Table::create();
        person
            .table("person")
            .col(column("id").uuid().not_null().primary_key())
            .col(column("email").string().not_null().unique_key())
            .col(column("name").text().not_null())
            .col(column("role").text().null())
            .col(column("created_at").big_integer().not_null())
            .col(column("seen_at").big_integer().null())
            .col(column("terms_at").big_integer().null());
        let mut link = Table::create();
        link.table("sign_in_link")
            .col(column("hash").string().not_null().primary_key())
            .col(column("email").string().not_null())
            .col(column("browser").string().null())
            .col(column("return_to").text().not_null())
            .col(column("expires_at").big_integer().not_null());
        let mut pending = Table::create();
        pending
            .table("sign_in_pending")
            .col(column("hash").string().not_null().primary_key())
            .col(column("pending").text().not_null())
            .col(column("expires_at").big_integer().not_null());
        let mut session = Table::create();
        session
            .table("session")
            .col(column("hash").string().not_null().primary_key())
            .col(column("id").uuid().not_null().unique_key())
            .col(column("person_id").uuid().not_null())
            .col(column("known").string().not_null())
            .col(column("browser").text().not_null())
            .col(column("strength").text().not_null())
            .col(column("officer").boolean().not_null())
            .col(column("began_at").big_integer().not_null())
            .col(column("used_at").big_integer().not_null())
            .col(column("expires_at").big_integer().not_null())
            .col(column("ended").boolean().not_null());
        let mut token = Table::create();
        token
            .table("api_token")
            .col(column("id").uuid().not_null().primary_key())
            .col(column("hash").string().not_null().unique_key())
            .col(column("name").text().not_null())
            .col(column("organisation_id").uuid().not_null())
            .col(column("may_write").boolean().not_null())
            .col(column("person_id").uuid().null())
            .col(column("created_at").big_integer().not_null())
            .col(column("expires_at").big_integer().not_null())
            .col(column("used_at").big_integer().null());
        let mut member = Table::create();
        member
            .table("member")
            .col(column("organisation_id").uuid().not_null())
            .col(column("person_id").uuid().not_null())
            .col(column("role").string().not_null())
            .col(column("since").big_integer().not_null())
            .primary_key(Index::create().col("organisation_id").col("person_id"));
        let mut invitation = Table::create();
        invitation
            .table("invitation")
            .col(column("organisation_id").uuid().not_null())
            .col(column("email").string().not_null())
            .col(column("id").uuid().not_null())
            .col(column("role").string().not_null())
            .col(column("by_whom").text().not_null())
            .col(column("expires_at").big_integer().not_null())
            .primary_key(Index::create().col("organisation_id").col("email"));
        let mut claim = Table::create();
        claim
            .table("claim")
            .col(column("id").uuid().not_null().primary_key())
            .col(column("organisation_id").uuid().not_null())
            .col(column("person_id").uuid().not_null())
            .col(column("words").text().not_null())
            .col(column("evidence").text().not_null())
            .col(column("at").big_integer().not_null())
            .col(column("state").string().not_null())
            .col(column("reason").text().null())
            .col(column("decided_by").text().null())
            .col(column("code").string().null())
            .col(column("code_expires_at").big_integer().null())
            .col(column("code_tries").integer().not_null());
        let mut audit = Table::create();
        audit
            .table("audit")
            .col(column("id").uuid().not_null().primary_key())
            .col(column("at").big_integer().not_null())
            .col(column("who").text().not_null())
            .col(column("what").text().not_null())
            .col(column("subject").text().not_null())
            .col(column("detail").text().not_null())
            .col(column("network").text().not_null());
        let mut attempt = Table::create();
        attempt
            .table("attempt")
            .col(column("key").string().not_null().primary_key())
            .col(column("since").big_integer().not_null())
            .col(column("count").integer().not_null());
        for table in [person, link, pending, session, token, member, invitation, claim, audit, attempt] {
            manager.create_table(table).await?;
        }
        // What waits for a person learned to be decided part by part, and to be talked about.
        for added in [column("bundle").uuid().null().to_owned(), column("parts").text().null().to_owned()] {
            manager.alter_table(Table::alter().table("proposal").add_column(added).to_owned()).await?;
        }
        let mut message = Table::create();
        message
            .table("message")
            .col(column("id").uuid().not_null().primary_key())
            .col(column("proposal_id").uuid().not_null())
            .col(column("at").big_integer().not_null())
            .col(column("by_whom").text().not_null())
            .col(column("words").text().not_null());
        manager.create_table(message).await?;
        for (name, table, column) in [
            ("message_by_proposal", "message", "proposal_id"),
            ("proposal_by_bundle", "proposal", "bundle"),
            ("proposal_by_author", "proposal", "by_whom"),
            ("session_by_person", "session", "person_id"),
            ("member_by_person", "member", "person_id"),
            ("invitation_by_email", "invitation", "email"),
            ("claim_by_state", "claim", "state"),
        ] {
            manager.create_index(Index::create().name(name).table(table).col(column).to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in ["proposal_by_bundle", "proposal_by_author"] {
            manager.drop_index(Index::drop().name(name).table("proposal").to_owned()).await?;
        }
        for name in ["bundle", "parts"] {
            manager.alter_table(Table::alter().table("proposal").drop_column(name).to_owned()).await?;
        }
        for table in [
            "message",
            "attempt",
            "audit",
            "claim",
            "invitation",
            "member",
            "api_token",
            "session",
            "sign_in_pending",
            "sign_in_link",
            "person",
        ] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn column(name: &'static str) -> ColumnDef {
    ColumnDef::new(name)
}
