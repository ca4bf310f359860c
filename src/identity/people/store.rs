//! The table `person`.

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _, Set,
    sea_query::{Expr, OnConflict},
};

use super::{Person, PersonId};
use crate::{
    clock::moment,
    db::{self, Context as _, Transaction},
    identity::Email,
};

mod person {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "person")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) id: Uuid,
        pub(super) email: String,
        #[sea_orm(column_type = "Text")]
        pub(super) name: String,
        #[sea_orm(column_type = "Text", nullable)]
        pub(super) role: Option<String>,
        pub(super) created_at: i64,
        pub(super) seen_at: Option<i64>,
        pub(super) terms_at: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

fn from_row(row: person::Model) -> Result<Person, db::Error> {
    let of = || format!("person {}", row.id);
    Ok(Person {
        id: PersonId(row.id),
        email: row.email.parse().map_err(|error| db::damaged(of(), error))?,
        name: row.name,
        role: row.role.map(|role| role.parse().map_err(|error| db::damaged(of(), error))).transpose()?,
        created_at: moment(row.created_at),
        seen_at: row.seen_at.map(moment),
        terms_at: row.terms_at.map(moment),
    })
}

pub(super) async fn by_id(on: &impl ConnectionTrait, id: PersonId) -> Result<Option<Person>, db::Error> {
    let row = person::Entity::find_by_id(id.0).one(on).await.context("cannot read people")?;
    row.map(from_row).transpose()
}

pub(super) async fn by_email(on: &impl ConnectionTrait, email: &Email) -> Result<Option<Person>, db::Error> {
    let query = person::Entity::find().filter(person::Column::Email.eq(email.as_str()));
    query.one(on).await.context("cannot read people")?.map(from_row).transpose()
}

pub(super) async fn with_role(on: &impl ConnectionTrait) -> Result<Vec<Person>, db::Error> {
    let query = person::Entity::find().filter(person::Column::Role.is_not_null()).order_by_asc(person::Column::Email);
    query.all(on).await.context("cannot read people")?.into_iter().map(from_row).collect()
}

pub(super) async fn all(on: &impl ConnectionTrait) -> Result<Vec<Person>, db::Error> {
    let rows = person::Entity::find().order_by_asc(person::Column::Id).all(on).await.context("cannot read people")?;
    rows.into_iter().map(from_row).collect()
}

fn to_row(one: &Person) -> person::ActiveModel {
    person::ActiveModel {
        id: Set(one.id.0),
        email: Set(one.email.as_str().to_owned()),
        name: Set(one.name.clone()),
        role: Set(one.role.map(|role| role.as_str().to_owned())),
        created_at: Set(one.created_at.timestamp_micros()),
        seen_at: Set(one.seen_at.map(|at| at.timestamp_micros())),
        terms_at: Set(one.terms_at.map(|at| at.timestamp_micros())),
    }
}

/// Add somebody who is new. False where their address was added at this moment.
pub(super) async fn add(tx: &Transaction, one: &Person) -> Result<bool, db::Error> {
    let keep = OnConflict::column(person::Column::Email).do_nothing().to_owned();
    let added = person::Entity::insert(to_row(one)).on_conflict(keep).exec_without_returning(tx.connection()).await;
    Ok(added.context("cannot add a person")? == 1)
}

pub(super) async fn put(tx: &Transaction, one: &Person) -> Result<(), db::Error> {
    use person::Column as C;
    let replace = OnConflict::column(C::Id).update_columns([C::Email, C::Name, C::Role, C::SeenAt, C::TermsAt]).to_owned();
    person::Entity::insert(to_row(one))
        .on_conflict(replace)
        .exec_without_returning(tx.connection())
        .await
        .context("cannot store a person")?;
    Ok(())
}

/// Write what somebody says of themselves, where they are still there.
pub(super) async fn keep_details(tx: &Transaction, one: &Person) -> Result<(), db::Error> {
    use person::Column as C;
    let micros = |at: Option<DateTime<Utc>>| at.map(|at| at.timestamp_micros());
    person::Entity::update_many()
        .col_expr(C::Name, Expr::value(one.name.clone()))
        .col_expr(C::SeenAt, Expr::value(micros(one.seen_at)))
        .col_expr(C::TermsAt, Expr::value(micros(one.terms_at)))
        .filter(C::Id.eq(one.id.0))
        .exec(tx.connection())
        .await
        .context("cannot store a person")
        .map(drop)
}

pub(super) async fn remove(tx: &Transaction, id: PersonId) -> Result<(), db::Error> {
    person::Entity::delete_by_id(id.0).exec(tx.connection()).await.context("cannot delete a person").map(drop)
}
