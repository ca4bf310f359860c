//! The table `annotation`.

use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _, Set, sea_query::OnConflict,
};
use uuid::Uuid;

use super::Annotated;
use crate::{
    clock::moment,
    db::{self, Context as _, Transaction},
};

mod annotation {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "annotation")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) record_id: Uuid,
        #[sea_orm(column_type = "Text")]
        pub(super) what: String,
        #[sea_orm(column_type = "Text")]
        pub(super) by_whom: String,
        #[sea_orm(column_type = "Text")]
        pub(super) why: String,
        pub(super) at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

use annotation::Column as C;

fn from_row(row: annotation::Model) -> Result<Annotated, db::Error> {
    Ok(Annotated {
        record_id: row.record_id,
        annotation: db::decode(&row.what, || format!("what is added to record {}", row.record_id))?,
        by: row.by_whom,
        why: row.why,
        at: moment(row.at),
    })
}

/// What is added to these records.
pub(in crate::records) async fn of(on: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Annotated>, db::Error> {
    let mut found = Vec::new();
    for chunk in db::pieces(ids) {
        let rows = annotation::Entity::find().filter(C::RecordId.is_in(chunk.iter().copied())).all(on).await;
        for row in rows.context("cannot read annotations")? {
            found.push(from_row(row)?);
        }
    }
    Ok(found)
}

/// Everything that is added to records, in order of ids.
pub(in crate::records) async fn all(on: &impl ConnectionTrait) -> Result<Vec<Annotated>, db::Error> {
    let rows = annotation::Entity::find().order_by_asc(C::RecordId).all(on).await.context("cannot read annotations")?;
    rows.into_iter().map(from_row).collect()
}

/// Write what is added, in place of what was.
pub(in crate::records) async fn put(tx: &Transaction, rows: &[Annotated]) -> Result<(), db::Error> {
    let replace = OnConflict::column(C::RecordId).update_columns([C::What, C::ByWhom, C::Why, C::At]).to_owned();
    for chunk in db::pieces(rows) {
        let rows = chunk.iter().map(|row| annotation::ActiveModel {
            record_id: Set(row.record_id),
            what: Set(serde_json::to_string(&row.annotation).expect("an annotation has string keys only")),
            by_whom: Set(row.by.clone()),
            why: Set(row.why.clone()),
            at: Set(row.at.timestamp_micros()),
        });
        let query = annotation::Entity::insert_many(rows).on_conflict(replace.clone());
        query.exec_without_returning(tx.connection()).await.context("cannot write annotations")?;
    }
    Ok(())
}

/// Forget what is added to a record.
pub(super) async fn forget(tx: &Transaction, id: Uuid) -> Result<(), db::Error> {
    let query = annotation::Entity::delete_by_id(id);
    query.exec(tx.connection()).await.context("cannot delete an annotation").map(drop)
}

/// Forget everything that is added to records.
pub(in crate::records) async fn clear(tx: &Transaction) -> Result<(), db::Error> {
    annotation::Entity::delete_many().exec(tx.connection()).await.context("cannot delete annotations").map(drop)
}
