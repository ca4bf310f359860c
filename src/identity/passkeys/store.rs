//! The table `passkey`.

use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Set,
    sea_query::OnConflict,
};
use uuid::Uuid;

use super::KnownPasskey;
use crate::{
    clock::moment,
    db::{self, Context as _, Transaction},
    identity::PersonId,
};

mod passkey {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "passkey")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) id: Uuid,
        pub(super) person_id: Uuid,
        #[sea_orm(column_type = "Text")]
        pub(super) name: String,
        #[sea_orm(column_type = "Text")]
        pub(super) public: String,
        pub(super) added_at: i64,
        pub(super) used_at: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

use passkey::Column as C;

fn from_row(row: passkey::Model) -> KnownPasskey {
    KnownPasskey {
        id: row.id,
        person: PersonId(row.person_id),
        name: row.name,
        public: row.public,
        added_at: moment(row.added_at),
        used_at: row.used_at.map(moment),
    }
}

fn of(person: PersonId) -> sea_orm::Select<passkey::Entity> {
    passkey::Entity::find().filter(C::PersonId.eq(person.0)).order_by_asc(C::Id)
}

pub(super) async fn of_person(on: &impl ConnectionTrait, person: PersonId) -> Result<Vec<KnownPasskey>, db::Error> {
    Ok(of(person).all(on).await.context("cannot read passkeys")?.into_iter().map(from_row).collect())
}

/// The same, held until the transaction ends, so that two who remove one each leave one.
pub(super) async fn of_person_locked(tx: &Transaction, person: PersonId) -> Result<Vec<KnownPasskey>, db::Error> {
    let query = match tx.backend() {
        db::Backend::Postgres => of(person).lock_exclusive(),
        db::Backend::Sqlite => of(person),
    };
    Ok(query.all(tx.connection()).await.context("cannot read passkeys")?.into_iter().map(from_row).collect())
}

pub(super) async fn all(on: &impl ConnectionTrait) -> Result<Vec<KnownPasskey>, db::Error> {
    let rows = passkey::Entity::find().order_by_asc(C::Id).all(on).await.context("cannot read passkeys")?;
    Ok(rows.into_iter().map(from_row).collect())
}

pub(super) async fn put(tx: &Transaction, one: &KnownPasskey) -> Result<(), db::Error> {
    let row = passkey::ActiveModel {
        id: Set(one.id),
        person_id: Set(one.person.0),
        name: Set(one.name.clone()),
        public: Set(one.public.clone()),
        added_at: Set(one.added_at.timestamp_micros()),
        used_at: Set(one.used_at.map(|at| at.timestamp_micros())),
    };
    let replace = OnConflict::column(C::Id).update_columns([C::Name, C::Public, C::UsedAt]).to_owned();
    passkey::Entity::insert(row)
        .on_conflict(replace)
        .exec_without_returning(tx.connection())
        .await
        .context("cannot store a passkey")?;
    Ok(())
}

pub(super) async fn remove(tx: &Transaction, id: Uuid) -> Result<(), db::Error> {
    passkey::Entity::delete_by_id(id).exec(tx.connection()).await.context("cannot remove a passkey").map(drop)
}

pub(super) async fn remove_all(tx: &Transaction, person: PersonId) -> Result<u64, db::Error> {
    let query = passkey::Entity::delete_many().filter(C::PersonId.eq(person.0));
    Ok(query.exec(tx.connection()).await.context("cannot remove passkeys")?.rows_affected)
}
