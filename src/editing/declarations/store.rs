//! The table `declaration_kind`.

use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _, Set, sea_query::OnConflict,
};

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

/// Write the whole list, in place of what was. Line by line over the earlier one: of two who write at once the second
/// waits for the first line of the first, and then writes over all of it. So an empty list has a line until it is done.
pub(super) async fn put(tx: &Transaction, names: &[String]) -> Result<(), db::Error> {
    use declaration_kind::Column as C;
    const WHAT: &str = "cannot change what is to be declared";
    let none = [String::new()];
    let lines = if names.is_empty() { &none[..] } else { names };
    let row = |(name, place): (&String, i16)| declaration_kind::ActiveModel { place: Set(place), name: Set(name.clone()) };
    let replace = OnConflict::column(C::Place).update_column(C::Name).to_owned();
    let written = declaration_kind::Entity::insert_many(lines.iter().zip(0_i16..).map(row)).on_conflict(replace);
    written.exec_without_returning(tx.connection()).await.context(WHAT)?;
    let beyond = C::Place.gte(i16::try_from(names.len()).unwrap_or(i16::MAX));
    let rest = declaration_kind::Entity::delete_many().filter(beyond);
    rest.exec(tx.connection()).await.context(WHAT).map(drop)
}
