//! The table `api_token`.

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _, Set, sea_query::Expr};
use uuid::Uuid;

use super::{ApiToken, Scope};
use crate::{
    clock::moment,
    db::{self, Context as _, Transaction},
    identity::{Hashed, PersonId},
};

mod api_token {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "api_token")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) id: Uuid,
        pub(super) hash: String,
        #[sea_orm(column_type = "Text")]
        pub(super) name: String,
        pub(super) organisation_id: Uuid,
        pub(super) may_write: bool,
        pub(super) person_id: Option<Uuid>,
        pub(super) created_at: i64,
        pub(super) expires_at: i64,
        pub(super) used_at: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

fn from_row(row: api_token::Model) -> ApiToken {
    ApiToken {
        id: row.id,
        name: row.name,
        organisation: row.organisation_id,
        scope: if row.may_write { Scope::Write } else { Scope::Read },
        person: row.person_id.map(PersonId),
        created_at: moment(row.created_at),
        expires_at: moment(row.expires_at),
        used_at: row.used_at.map(moment),
    }
}

pub(super) async fn put(tx: &Transaction, hash: &Hashed, one: &ApiToken) -> Result<(), db::Error> {
    let row = api_token::ActiveModel {
        id: Set(one.id),
        hash: Set(hash.as_str().to_owned()),
        name: Set(one.name.clone()),
        organisation_id: Set(one.organisation),
        may_write: Set(one.scope == Scope::Write),
        person_id: Set(one.person.map(|person| person.0)),
        created_at: Set(one.created_at.timestamp_micros()),
        expires_at: Set(one.expires_at.timestamp_micros()),
        used_at: Set(None),
    };
    api_token::Entity::insert(row).exec_without_returning(tx.connection()).await.context("cannot store a token")?;
    Ok(())
}

pub(super) async fn by_hash(on: &impl ConnectionTrait, hash: &Hashed) -> Result<Option<ApiToken>, db::Error> {
    let query = api_token::Entity::find().filter(api_token::Column::Hash.eq(hash.as_str()));
    Ok(query.one(on).await.context("cannot read tokens")?.map(from_row))
}

pub(super) async fn by_id(on: &impl ConnectionTrait, id: Uuid) -> Result<Option<ApiToken>, db::Error> {
    Ok(api_token::Entity::find_by_id(id).one(on).await.context("cannot read tokens")?.map(from_row))
}

pub(super) async fn of_organisation(on: &impl ConnectionTrait, organisation: Option<Uuid>) -> Result<Vec<ApiToken>, db::Error> {
    let mut query = api_token::Entity::find().order_by_desc(api_token::Column::CreatedAt);
    if let Some(organisation) = organisation {
        query = query.filter(api_token::Column::OrganisationId.eq(organisation));
    }
    Ok(query.all(on).await.context("cannot read tokens")?.into_iter().map(from_row).collect())
}

pub(super) async fn note_use(tx: &Transaction, id: Uuid, at: DateTime<Utc>) -> Result<(), db::Error> {
    api_token::Entity::update_many()
        .col_expr(api_token::Column::UsedAt, Expr::value(at.timestamp_micros()))
        .filter(api_token::Column::Id.eq(id))
        .exec(tx.connection())
        .await
        .context("cannot record the use of a token")
        .map(drop)
}

pub(super) async fn remove(tx: &Transaction, id: Uuid) -> Result<bool, db::Error> {
    let gone = api_token::Entity::delete_by_id(id).exec(tx.connection()).await.context("cannot end a token")?;
    Ok(gone.rows_affected == 1)
}

pub(super) async fn remove_of(tx: &Transaction, person: PersonId, organisation: Option<Uuid>) -> Result<(), db::Error> {
    let mut query = api_token::Entity::delete_many().filter(api_token::Column::PersonId.eq(person.0));
    if let Some(organisation) = organisation {
        query = query.filter(api_token::Column::OrganisationId.eq(organisation));
    }
    query.exec(tx.connection()).await.context("cannot end tokens").map(drop)
}

pub(super) async fn remove_for(tx: &Transaction, organisations: &[Uuid]) -> Result<(), db::Error> {
    for some in db::pieces(organisations) {
        let query = api_token::Entity::delete_many().filter(api_token::Column::OrganisationId.is_in(some.iter().copied()));
        query.exec(tx.connection()).await.context("cannot end tokens")?;
    }
    Ok(())
}

pub(super) async fn remove_but_for(tx: &Transaction, person: PersonId, organisations: &[Uuid]) -> Result<(), db::Error> {
    let query = api_token::Entity::delete_many()
        .filter(api_token::Column::PersonId.eq(person.0))
        .filter(api_token::Column::OrganisationId.is_not_in(organisations.iter().copied()));
    query.exec(tx.connection()).await.context("cannot end tokens").map(drop)
}
