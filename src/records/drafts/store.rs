//! Drafts, in the tables `record` and `revision`.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::super::{
    State, Stored, references,
    store::{self, record, revision},
};
use crate::db::{self, Context as _, Transaction};

/// Our own records that are not published, or not any more, and that `who` changed last.
pub(in crate::records) async fn by(tx: &Transaction, who: &str) -> Result<Vec<Stored>, db::Error> {
    let rows = record::Entity::find()
        .filter(record::Column::ChangedBy.eq(who))
        .filter(record::Column::State.ne(State::Published as i16))
        .filter(record::Column::Origin.eq(""))
        .order_by_asc(record::Column::Id)
        .all(tx.connection())
        .await
        .context("cannot read records")?;
    rows.into_iter().map(store::stored).collect()
}

/// Our own records of which every version was written by people or their programs and none was published, and that
/// stand as they do since before this moment.
pub(in crate::records) async fn before(tx: &Transaction, moment: DateTime<Utc>) -> Result<Vec<Uuid>, db::Error> {
    let mut drafts: Vec<Uuid> = record::Entity::find()
        .select_only()
        .column(record::Column::Id)
        .filter(record::Column::State.ne(State::Published as i16))
        .filter(record::Column::Origin.eq(""))
        .filter(record::Column::ChangedAt.lt(moment.timestamp_micros()))
        .filter(by_people(record::Column::ChangedBy))
        .into_tuple()
        .all(tx.connection())
        .await
        .context("cannot look for old drafts")?;
    let mut others: HashSet<Uuid> = HashSet::new();
    for chunk in db::pieces(&drafts) {
        let was_public = revision::Column::State.eq(State::Published as i16);
        let found: Vec<Uuid> = revision::Entity::find()
            .select_only()
            .column(revision::Column::RecordId)
            .filter(revision::Column::RecordId.is_in(chunk.iter().copied()))
            .filter(Condition::any().add(was_public).add(by_people(revision::Column::ChangedBy).not()))
            .into_tuple()
            .all(tx.connection())
            .await
            .context("cannot look for old drafts")?;
        others.extend(found);
    }
    drafts.retain(|id| !others.contains(id));
    Ok(drafts)
}

/// What a person or a program of theirs has written, as history names them.
fn by_people(author: impl ColumnTrait) -> Condition {
    Condition::any().add(author.starts_with("person:")).add(author.starts_with("token:"))
}

/// Delete records that were never published, with their history.
pub(in crate::records) async fn delete(tx: &Transaction, ids: &[Uuid]) -> Result<(), db::Error> {
    store::forget_revisions(tx, ids).await?;
    references::forget(tx, ids).await?;
    for chunk in db::pieces(ids) {
        record::Entity::delete_many()
            .filter(record::Column::Id.is_in(chunk.iter().copied()))
            .exec(tx.connection())
            .await
            .context("cannot delete records")?;
    }
    Ok(())
}
