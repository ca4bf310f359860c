//! The table `published`.

use std::{collections::HashMap, hash::BuildHasher};

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Set,
    sea_query::OnConflict,
};
use uuid::Uuid;

use super::{Locked, Position, Published, finish, lock, own};
use crate::{
    clock::moment,
    db::{self, Context as _, Database, Transaction},
    model::Kind,
};

pub(super) mod row {
    #![expect(unreachable_pub, reason = "the derive needs its types to be public")]
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "published")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub kind: i16,
        pub position: i64,
        pub live: bool,
        pub urgent: bool,
        pub origin: String,
        pub derived_from: Option<Uuid>,
        #[sea_orm(column_type = "Text")]
        pub full: String,
        #[sea_orm(column_type = "Text")]
        pub brief: String,
        #[sea_orm(column_type = "Text", nullable)]
        pub statement: Option<String>,
        pub changed_at: i64,
        #[sea_orm(column_type = "Text", nullable)]
        pub reason: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// Write what was numbered, in place of what `replaced` holds, and the counter. The last thing a
/// transaction does before it commits.
/// # Errors
/// When the database fails.
pub async fn write<S: BuildHasher + Sync>(
    tx: &Transaction,
    locked: Locked,
    rows: &[Published],
    replaced: &HashMap<Uuid, Published, S>,
) -> Result<Position, db::Error> {
    let (same, other): (Vec<&Published>, Vec<&Published>) = rows.iter().partition(|row| is_made_of_the_same(row, replaced));
    upsert(tx, &other, &[row::Column::Kind, row::Column::DerivedFrom]).await?;
    upsert(tx, &same, &[]).await?;
    own::count(tx, &own::digest::difference(rows, |id| replaced.get(id))).await?;
    finish(tx, locked).await
}

/// Write rows that were numbered. [`finish`] has to follow.
/// # Errors
/// When the database fails.
pub async fn put(tx: &Transaction, rows: &[Published]) -> Result<(), db::Error> {
    upsert(tx, &rows.iter().collect::<Vec<_>>(), &[row::Column::Kind, row::Column::DerivedFrom]).await
}

/// Whether a row takes the place of one of the same kind, made of the same record, as it nearly always does.
fn is_made_of_the_same<S: BuildHasher>(row: &Published, replaced: &HashMap<Uuid, Published, S>) -> bool {
    replaced.get(&row.id).is_some_and(|before| before.kind == row.kind && before.derived_from == row.derived_from)
}

/// Write rows, `besides` the columns that change with each version others that may have. Whatever is not named
/// stays in rows that stand, and with it the indexes of it, which are a good part of what a save writes.
async fn upsert(tx: &Transaction, rows: &[&Published], besides: &[row::Column]) -> Result<(), db::Error> {
    let replace = OnConflict::column(row::Column::Id)
        .update_columns([
            row::Column::Position,
            row::Column::Live,
            row::Column::Urgent,
            row::Column::Origin,
            row::Column::Full,
            row::Column::Brief,
            row::Column::Statement,
            row::Column::ChangedAt,
            row::Column::Reason,
        ])
        .update_columns(besides.iter().copied())
        .to_owned();
    for chunk in db::pieces(rows) {
        row::Entity::insert_many(chunk.iter().map(|row| to_row(row)))
            .on_conflict(replace.clone())
            .exec_without_returning(tx.connection())
            .await
            .context("cannot publish")?;
    }
    Ok(())
}

/// Give records that stand at `position` or before new places at the end, as they are: what is told beside
/// them has changed. For records of others, whose rows we do not sign. In a transaction that changes no
/// record any more.
/// # Errors
/// When the database fails.
pub async fn move_to_end(tx: &Transaction, ids: &[Uuid], position: Position) -> Result<(), db::Error> {
    let mut locked = lock(tx).await?;
    let mut rows = current(tx, ids).await?;
    rows.retain(|row| row.position <= position && !row.origin.is_empty());
    if rows.is_empty() {
        return Ok(());
    }
    rows.sort_unstable_by_key(|row| row.position);
    for row in &mut rows {
        row.position = locked.take();
    }
    put(tx, &rows).await?;
    finish(tx, locked).await.map(drop)
}

/// What is published under these ids, for a transaction that holds the counter.
/// # Errors
/// When the database fails.
pub async fn current(tx: &Transaction, ids: &[Uuid]) -> Result<Vec<Published>, db::Error> {
    let mut found = Vec::new();
    for chunk in db::pieces(&db::in_order(ids)) {
        let rows = row::Entity::find()
            .filter(row::Column::Id.is_in(chunk.iter().copied()))
            .all(tx.connection())
            .await
            .context("cannot read what is published")?;
        found.extend(rows.into_iter().filter_map(from_row));
    }
    Ok(found)
}

/// The records from which those of these ids are derived that are, or were, published.
/// # Errors
/// When the database fails.
pub async fn owners(db: &Database, ids: &[Uuid]) -> Result<HashMap<Uuid, Uuid>, db::Error> {
    let mut found = HashMap::new();
    for chunk in db::pieces(ids) {
        let query = row::Entity::find().select_only().columns([row::Column::Id, row::Column::DerivedFrom]);
        let query = query.filter(row::Column::Id.is_in(chunk.iter().copied())).filter(row::Column::DerivedFrom.is_not_null());
        let rows: Vec<(Uuid, Uuid)> = query.into_tuple().all(db.reader()).await.context("cannot read what is published")?;
        found.extend(rows);
    }
    Ok(found)
}

/// Those of these ids that were published, and are not any more.
/// # Errors
/// When the database fails.
pub async fn gone(tx: &Transaction, ids: &[Uuid]) -> Result<Vec<Uuid>, db::Error> {
    let mut found: Vec<Uuid> = Vec::new();
    for chunk in db::pieces(&db::in_order(ids)) {
        let query = row::Entity::find().select_only().column(row::Column::Id);
        let query = query.filter(row::Column::Id.is_in(chunk.iter().copied())).filter(row::Column::Live.eq(false));
        let rows: Vec<Uuid> = query.into_tuple().all(tx.connection()).await.context("cannot read what is published")?;
        found.extend(rows);
    }
    Ok(found)
}

/// What is published of these records, under their own ids and under others.
/// # Errors
/// When the database fails.
pub async fn made_of(tx: &Transaction, records: &[Uuid]) -> Result<Vec<Published>, db::Error> {
    use row::Column as C;
    let mut found = Vec::new();
    for chunk in db::pieces(&db::in_order(records)) {
        let (own, derived) = (C::Id.is_in(chunk.iter().copied()), C::DerivedFrom.is_in(chunk.iter().copied()));
        let rows = row::Entity::find()
            .filter(Condition::any().add(own).add(derived))
            .all(tx.connection())
            .await
            .context("cannot read what is published")?;
        found.extend(rows.into_iter().filter_map(from_row));
    }
    Ok(found)
}

/// What came after `position`, in order, at most `limit` rows.
/// # Errors
/// When the database fails.
pub async fn after(db: &Database, position: Position, limit: u64) -> Result<Vec<Published>, db::Error> {
    after_on(db.reader(), position, limit).await
}

/// How many rows came after `position`.
/// # Errors
/// When the database fails.
pub async fn count_after(db: &Database, position: Position) -> Result<u64, db::Error> {
    let rows = row::Entity::find().filter(row::Column::Position.gt(position.0));
    rows.count(db.reader()).await.context("cannot count what is published")
}

/// When records of our own last changed, of those that stand at the end of the order.
/// # Errors
/// When the database fails.
pub async fn changed_last(db: &Database) -> Result<Option<DateTime<Utc>>, db::Error> {
    const ENOUGH: u64 = 100;
    let query = row::Entity::find().select_only().columns([row::Column::Origin, row::Column::ChangedAt]);
    let query = query.order_by_desc(row::Column::Position).limit(ENOUGH);
    let rows: Vec<(String, i64)> = query.into_tuple().all(db.reader()).await.context("cannot read what is published")?;
    // Others have clocks of their own.
    Ok(rows.into_iter().filter(|(origin, _)| origin.is_empty()).map(|(_, at)| moment(at)).max())
}

/// How many records of an origin are to be seen.
/// # Errors
/// When the database fails.
pub async fn count_from(db: &Database, origin: &str) -> Result<u64, db::Error> {
    row::Entity::find()
        .filter(row::Column::Origin.eq(origin))
        .filter(row::Column::DerivedFrom.is_null())
        .filter(row::Column::Live.eq(true))
        .count(db.reader())
        .await
        .context("cannot count what is published")
}

/// [`after`], as things are in a snapshot.
/// # Errors
/// When the database fails.
pub async fn after_in(snapshot: &Transaction, position: Position, limit: u64) -> Result<Vec<Published>, db::Error> {
    after_on(snapshot.connection(), position, limit).await
}

async fn after_on(on: &impl ConnectionTrait, position: Position, limit: u64) -> Result<Vec<Published>, db::Error> {
    let rows = row::Entity::find()
        .filter(row::Column::Position.gt(position.0))
        .order_by_asc(row::Column::Position)
        .limit(limit)
        .all(on)
        .await
        .context("cannot read what is published")?;
    Ok(rows.into_iter().filter_map(from_row).collect())
}

/// Everything of one kind after the given id, in order of ids, at most `limit` rows.
/// # Errors
/// When the database fails.
pub async fn by_kind(db: &Database, kind: Kind, after: Option<Uuid>, limit: u64) -> Result<Vec<Published>, db::Error> {
    let mut query = row::Entity::find().filter(row::Column::Kind.eq(kind.number()));
    if let Some(after) = after {
        query = query.filter(row::Column::Id.gt(after));
    }
    let rows =
        query.order_by_asc(row::Column::Id).limit(limit).all(db.reader()).await.context("cannot read what is published")?;
    Ok(rows.into_iter().filter_map(from_row).collect())
}

/// Take everything out, for a restore that puts it back.
/// # Errors
/// When the database fails.
pub async fn clear(tx: &Transaction) -> Result<(), db::Error> {
    row::Entity::delete_many().exec(tx.connection()).await.context("cannot clear what is published").map(drop)
}

fn to_row(published: &Published) -> row::ActiveModel {
    row::ActiveModel {
        id: Set(published.id),
        kind: Set(published.kind.number()),
        position: Set(published.position.0),
        live: Set(published.live),
        urgent: Set(published.urgent),
        origin: Set(published.origin.clone()),
        derived_from: Set(published.derived_from),
        full: Set(published.full.clone()),
        brief: Set(published.brief.clone()),
        statement: Set(published.statement.clone()),
        changed_at: Set(published.changed_at.timestamp_micros()),
        reason: Set(published.reason.clone()),
    }
}

fn from_row(row: row::Model) -> Option<Published> {
    Some(Published {
        id: row.id,
        kind: Kind::from_number(row.kind)?,
        position: Position(row.position),
        live: row.live,
        urgent: row.urgent,
        origin: row.origin,
        derived_from: row.derived_from,
        full: row.full,
        brief: row.brief,
        statement: row.statement,
        changed_at: moment(row.changed_at),
        reason: row.reason,
    })
}
