//! The table `relayed_origin`.

use sea_orm::{ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _, Set, sea_query::OnConflict};

use super::{
    super::store::{json, read},
    Origin,
};
use crate::{
    clock::moment,
    db::{self, Context as _, Database, Transaction},
};

mod relayed_origin {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "relayed_origin")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) origin: String,
        #[sea_orm(column_type = "Text", nullable)]
        pub(super) discovered: Option<String>,
        #[sea_orm(column_type = "Text", nullable)]
        pub(super) keys: Option<String>,
        pub(super) missed: bool,
        pub(super) tried_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

use relayed_origin::Column as C;

fn from_row(row: &relayed_origin::Model) -> Origin {
    Origin {
        origin: row.origin.clone(),
        discovered: read(row.discovered.as_ref()),
        keys: read(row.keys.as_ref()),
        missed: row.missed,
        tried_at: moment(row.tried_at),
    }
}

/// What is known of an origin that is not followed itself.
/// # Errors
/// When the database fails.
pub async fn origin(db: &Database, origin: &str) -> Result<Option<Origin>, db::Error> {
    let row = relayed_origin::Entity::find_by_id(origin.to_owned()).one(db.reader()).await.context("cannot read origins")?;
    Ok(row.as_ref().map(from_row))
}

/// Origins of which records were left out because they, or their keys, were not known.
/// # Errors
/// When the database fails.
pub async fn missed_origins(db: &Database) -> Result<Vec<Origin>, db::Error> {
    let query = relayed_origin::Entity::find().filter(C::Missed.eq(true));
    let rows = query.all(db.reader()).await.context("cannot read origins")?;
    Ok(rows.iter().map(from_row).collect())
}

/// How many are known.
/// # Errors
/// When the database fails.
pub async fn count_origins(db: &Database) -> Result<u64, db::Error> {
    relayed_origin::Entity::find().count(db.reader()).await.context("cannot count origins")
}

/// Write what is known of an origin.
/// # Errors
/// When the database fails.
pub async fn put_origin(tx: &Transaction, origin: &Origin) -> Result<(), db::Error> {
    let row = relayed_origin::ActiveModel {
        origin: Set(origin.origin.clone()),
        discovered: Set(origin.discovered.as_ref().map(json)),
        keys: Set(origin.keys.as_ref().map(json)),
        missed: Set(origin.missed),
        tried_at: Set(origin.tried_at.timestamp_micros()),
    };
    let replace = OnConflict::column(C::Origin).update_columns([C::Discovered, C::Keys, C::Missed, C::TriedAt]).to_owned();
    relayed_origin::Entity::insert(row)
        .on_conflict(replace)
        .exec_without_returning(tx.connection())
        .await
        .context("cannot write an origin")
        .map(drop)
}
