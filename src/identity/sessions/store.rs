//! The table `session`.

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _, Set,
    sea_query::Expr,
};
use uuid::Uuid;

use super::{Session, Strength};
use crate::{
    clock::moment,
    db::{self, Context as _, Transaction},
    identity::{Hashed, PersonId},
};

mod session {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "session")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) hash: String,
        pub(super) id: Uuid,
        pub(super) person_id: Uuid,
        pub(super) known: String,
        #[sea_orm(column_type = "Text")]
        pub(super) browser: String,
        #[sea_orm(column_type = "Text")]
        pub(super) strength: String,
        pub(super) officer: bool,
        pub(super) began_at: i64,
        pub(super) used_at: i64,
        pub(super) expires_at: i64,
        pub(super) ended: bool,
        pub(super) second_at: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

fn from_row(row: session::Model) -> Session {
    Session {
        id: row.id,
        person: PersonId(row.person_id),
        browser: row.browser,
        strength: Strength::from_text(&row.strength),
        began_at: moment(row.began_at),
        used_at: moment(row.used_at),
        expires_at: moment(row.expires_at),
        second_at: row.second_at.map(moment),
        officer: row.officer,
    }
}

pub(super) async fn put(tx: &Transaction, hash: &Hashed, known: &Hashed, one: &Session) -> Result<(), db::Error> {
    let row = session::ActiveModel {
        hash: Set(hash.as_str().to_owned()),
        id: Set(one.id),
        person_id: Set(one.person.0),
        known: Set(known.as_str().to_owned()),
        browser: Set(one.browser.clone()),
        strength: Set(one.strength.to_text()),
        officer: Set(one.officer),
        began_at: Set(one.began_at.timestamp_micros()),
        used_at: Set(one.used_at.timestamp_micros()),
        expires_at: Set(one.expires_at.timestamp_micros()),
        ended: Set(false),
        second_at: Set(one.second_at.map(|at| at.timestamp_micros())),
    };
    session::Entity::insert(row).exec_without_returning(tx.connection()).await.context("cannot start a session")?;
    Ok(())
}

pub(super) async fn by_hash(on: &impl ConnectionTrait, hash: &Hashed) -> Result<Option<Session>, db::Error> {
    let query = session::Entity::find_by_id(hash.as_str()).filter(session::Column::Ended.eq(false));
    Ok(query.one(on).await.context("cannot read sessions")?.map(from_row))
}

/// Whose session this is or was, on this browser.
pub(super) async fn whose(on: &impl ConnectionTrait, hash: &Hashed, known: &Hashed) -> Result<Option<PersonId>, db::Error> {
    let query = session::Entity::find_by_id(hash.as_str()).filter(session::Column::Known.eq(known.as_str()));
    Ok(query.one(on).await.context("cannot read sessions")?.map(|row| PersonId(row.person_id)))
}

pub(super) async fn of_person(on: &impl ConnectionTrait, person: PersonId) -> Result<Vec<Session>, db::Error> {
    let query = session::Entity::find()
        .filter(session::Column::PersonId.eq(person.0))
        .filter(session::Column::Ended.eq(false))
        .order_by_desc(session::Column::UsedAt);
    Ok(query.all(on).await.context("cannot read sessions")?.into_iter().map(from_row).collect())
}

/// Whether this person has ever had a session that is still remembered, on this browser or on any.
pub(super) async fn has_used(on: &impl ConnectionTrait, person: PersonId, known: Option<&Hashed>) -> Result<bool, db::Error> {
    let mut query = session::Entity::find().filter(session::Column::PersonId.eq(person.0));
    if let Some(known) = known {
        query = query.filter(session::Column::Known.eq(known.as_str()));
    }
    Ok(query.count(on).await.context("cannot read sessions")? > 0)
}

pub(super) async fn note_use(tx: &Transaction, hash: &Hashed, at: DateTime<Utc>) -> Result<(), db::Error> {
    session::Entity::update_many()
        .col_expr(session::Column::UsedAt, Expr::value(at.timestamp_micros()))
        .filter(session::Column::Hash.eq(hash.as_str()))
        .exec(tx.connection())
        .await
        .context("cannot record the use of a session")
        .map(drop)
}

pub(super) async fn note_second_step(tx: &Transaction, id: Uuid, at: DateTime<Utc>) -> Result<(), db::Error> {
    session::Entity::update_many()
        .col_expr(session::Column::SecondAt, Expr::value(at.timestamp_micros()))
        .filter(session::Column::Id.eq(id))
        .exec(tx.connection())
        .await
        .context("cannot record the second step of a session")
        .map(drop)
}

fn ending() -> sea_orm::UpdateMany<session::Entity> {
    session::Entity::update_many().col_expr(session::Column::Ended, Expr::value(true))
}

pub(super) async fn end(tx: &Transaction, person: PersonId, id: Uuid) -> Result<bool, db::Error> {
    let query = ending()
        .filter(session::Column::Id.eq(id))
        .filter(session::Column::PersonId.eq(person.0))
        .filter(session::Column::Ended.eq(false));
    Ok(query.exec(tx.connection()).await.context("cannot end a session")?.rows_affected == 1)
}

pub(super) async fn end_by_hash(tx: &Transaction, hash: &Hashed) -> Result<(), db::Error> {
    let query = ending().filter(session::Column::Hash.eq(hash.as_str()));
    query.exec(tx.connection()).await.context("cannot end a session").map(drop)
}

pub(super) async fn end_all(tx: &Transaction, person: PersonId) -> Result<(), db::Error> {
    let query = ending().filter(session::Column::PersonId.eq(person.0));
    query.exec(tx.connection()).await.context("cannot end sessions").map(drop)
}

pub(super) async fn forget(tx: &Transaction, person: PersonId) -> Result<(), db::Error> {
    let query = session::Entity::delete_many().filter(session::Column::PersonId.eq(person.0));
    query.exec(tx.connection()).await.context("cannot delete sessions").map(drop)
}

/// Forget sessions that were over before this moment.
pub(super) async fn tidy(tx: &Transaction, before: DateTime<Utc>) -> Result<(), db::Error> {
    let over = session::Column::ExpiresAt.lte(before.timestamp_micros());
    session::Entity::delete_many().filter(over).exec(tx.connection()).await.context("cannot delete sessions").map(drop)
}
