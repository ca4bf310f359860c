//! The table `declaration_kind`.

use sea_orm::{ConnectionTrait, EntityTrait as _, QueryOrder as _, Set};

use crate::db::{self, Context as _, Transaction};

mod declaration_kind {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "declaration_kind")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) place: i16,
        #[sea_orm(column_type = "Text")]
        pub(super) name: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) async fn all(on: &impl ConnectionTrait) -> Result<Vec<String>, db::Error> {
    let rows = declaration_kind::Entity::find().order_by_asc(declaration_kind::Column::Place).all(on).await;
    Ok(rows.context("cannot read what is to be declared")?.into_iter().map(|row| row.name).collect())
}

/// Write the whole list, in place of what was.
pub(super) async fn put(tx: &Transaction, names: &[String]) -> Result<(), db::Error> {
    declaration_kind::Entity::delete_many().exec(tx.connection()).await.context("cannot change what is to be declared")?;
    if names.is_empty() {
        return Ok(());
    }
    let rows = names
        .iter()
        .zip(0_i16..)
        .map(|(name, place)| declaration_kind::ActiveModel { place: Set(place), name: Set(name.clone()) });
    declaration_kind::Entity::insert_many(rows)
        .exec_without_returning(tx.connection())
        .await
        .context("cannot change what is to be declared")
        .map(drop)
}
