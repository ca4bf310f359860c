//! The table `scrub`.

use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Set,
    sea_query::OnConflict,
};
use uuid::Uuid;

use super::Remembered;
use crate::{
    clock::moment,
    db::{self, Context as _, Transaction},
};

mod scrub {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "scrub")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) id: Uuid,
        pub(super) record_id: Uuid,
        #[sea_orm(column_type = "Text")]
        pub(super) what: String,
        pub(super) at: i64,
        #[sea_orm(column_type = "Text")]
        pub(super) by_whom: String,
        #[sea_orm(column_type = "Text")]
        pub(super) why: String,
        pub(super) lifted_at: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// Remember scrubs, in place of what was decided of the same ones before.
pub(in crate::records) async fn put(tx: &Transaction, scrubs: &[Remembered]) -> Result<(), db::Error> {
    let once = Remembered::latest(scrubs.iter().cloned());
    for chunk in db::pieces(&once) {
        let rows = chunk.iter().map(|scrub| scrub::ActiveModel {
            id: Set(scrub.id()),
            record_id: Set(scrub.record_id),
            what: Set(scrub.what.to_json()),
            at: Set(scrub.at.timestamp_micros()),
            by_whom: Set(scrub.by_whom.clone()),
            why: Set(scrub.why.clone()),
            lifted_at: Set(scrub.lifted_at.map(|at| at.timestamp_micros())),
        });
        scrub::Entity::insert_many(rows)
            .on_conflict(
                OnConflict::column(scrub::Column::Id)
                    .update_columns([scrub::Column::At, scrub::Column::ByWhom, scrub::Column::Why, scrub::Column::LiftedAt])
                    .to_owned(),
            )
            .exec_without_returning(tx.connection())
            .await
            .context("cannot remember what was scrubbed")?;
    }
    Ok(())
}

/// What is scrubbed of these records.
pub(in crate::records) async fn of(on: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Remembered>, db::Error> {
    let mut found = Vec::new();
    for chunk in db::pieces(ids) {
        let rows = scrub::Entity::find()
            .filter(scrub::Column::RecordId.is_in(chunk.iter().copied()))
            .filter(scrub::Column::LiftedAt.is_null())
            .all(on)
            .await
            .context("cannot read what was scrubbed")?;
        for row in rows {
            found.push(remembered(row)?);
        }
    }
    Ok(found)
}

/// Whether anything at all is scrubbed.
pub(in crate::records) async fn any(on: &impl ConnectionTrait) -> Result<bool, db::Error> {
    let found = scrub::Entity::find()
        .filter(scrub::Column::LiftedAt.is_null())
        .limit(1)
        .all(on)
        .await
        .context("cannot read what was scrubbed")?;
    Ok(!found.is_empty())
}

/// Everything that was ever scrubbed, also what may be told again.
pub(in crate::records) async fn all(on: &impl ConnectionTrait) -> Result<Vec<Remembered>, db::Error> {
    let rows = scrub::Entity::find().order_by_asc(scrub::Column::At).all(on).await.context("cannot read what was scrubbed")?;
    rows.into_iter().map(remembered).collect()
}

fn remembered(row: scrub::Model) -> Result<Remembered, db::Error> {
    Ok(Remembered {
        record_id: row.record_id,
        what: db::decode(&row.what, || format!("what was taken out of record {} for good", row.record_id))?,
        at: moment(row.at),
        by_whom: row.by_whom,
        why: row.why,
        lifted_at: row.lifted_at.map(moment),
    })
}

/// Take everything out, for a restore that puts it back. What goes is what is given: nobody adds to it in between.
pub(in crate::records) async fn take(tx: &Transaction) -> Result<Vec<Remembered>, db::Error> {
    let rows = scrub::Entity::delete_many().exec_with_returning(tx.connection()).await.context("cannot clear scrubs")?;
    rows.into_iter().map(remembered).collect()
}
