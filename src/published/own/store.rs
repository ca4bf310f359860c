//! Queries on `published` for own records only.

use std::collections::BTreeMap;

use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select, Set,
    sea_query::{ExprTrait as _, OnConflict},
};
use uuid::Uuid;

use super::{
    OwnRow,
    digest::{self, BUCKETS, Bucket},
};
use crate::{
    clock::Clock,
    clock::moment,
    db::{self, Context as _, Database, Transaction},
    model::Kind,
    published::{self, Position, store::row},
};

mod bucket {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "own_bucket")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) bucket: i16,
        pub(super) value: String,
        pub(super) live: i64,
        pub(super) gone: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// Rows that are read at once when everything is counted.
const ROWS: u64 = 500;

type Columns = (Uuid, i16, i64, bool, String, Option<String>, i64);

/// Own records, by the index on origin, derivation and position.
fn own() -> Select<row::Entity> {
    row::Entity::find().filter(row::Column::Origin.eq("")).filter(row::Column::DerivedFrom.is_null())
}

/// Own records that came after `position`, in order, at most `limit`.
/// # Errors
/// When the database fails.
pub async fn after(db: &Database, position: Position, limit: u64) -> Result<Vec<OwnRow>, db::Error> {
    after_on(db.reader(), position, limit).await
}

/// [`after`], as things are in a transaction or a snapshot.
/// # Errors
/// When the database fails.
pub async fn after_in(tx: &Transaction, position: Position, limit: u64) -> Result<Vec<OwnRow>, db::Error> {
    after_on(tx.connection(), position, limit).await
}

async fn after_on(on: &impl ConnectionTrait, position: Position, limit: u64) -> Result<Vec<OwnRow>, db::Error> {
    use row::Column as C;
    // SELECT … FROM published WHERE origin = '' AND derived_from IS NULL AND position > ?
    //   ORDER BY position LIMIT ?
    let rows: Vec<Columns> = own()
        .select_only()
        .columns([C::Id, C::Kind, C::Position, C::Live, C::Full, C::Statement, C::ChangedAt])
        .filter(C::Position.gt(position.0))
        .order_by_asc(C::Position)
        .limit(limit)
        .into_tuple()
        .all(on)
        .await
        .context("cannot read what is published")?;
    Ok(rows.into_iter().filter_map(read).collect())
}

/// The latest position of an own record; none while there are none.
/// # Errors
/// When the database fails.
pub async fn head(db: &Database) -> Result<Option<Position>, db::Error> {
    head_on(db.reader()).await
}

/// [`head`], as things are in a snapshot.
/// # Errors
/// When the database fails.
pub async fn head_in(tx: &Transaction) -> Result<Option<Position>, db::Error> {
    head_on(tx.connection()).await
}

/// Own records that came after `position` and whose statement speaks for another origin than `origin`.
/// # Errors
/// When the database fails.
pub async fn signed_elsewhere(db: &Database, position: Position, origin: &str) -> Result<Vec<Uuid>, db::Error> {
    use row::Column as C;
    // The origin has no characters that JSON escapes. An underscore in it matches any character, which
    // at worst leaves a record signed as it was.
    let ours = format!("\"origin\":\"{origin}\"");
    own()
        .select_only()
        .column(C::Id)
        .filter(C::Position.gt(position.0))
        .filter(C::Statement.contains(&ours).not())
        .order_by_asc(C::Position)
        .into_tuple()
        .all(db.reader())
        .await
        .context("cannot read what is published")
}

/// Whether something of ours that came after `position` has to be destroyed wherever it was copied to.
/// # Errors
/// When the database fails.
pub async fn urgent_since(db: &Database, position: Position) -> Result<bool, db::Error> {
    let found: Option<i64> = own()
        .select_only()
        .column(row::Column::Position)
        .filter(row::Column::Position.gt(position.0))
        .filter(row::Column::Urgent.eq(true))
        .limit(1)
        .into_tuple()
        .one(db.reader())
        .await
        .context("cannot read what is published")?;
    Ok(found.is_some())
}

/// The latest position after `position` at which something of ours had to be destroyed wherever it was copied to.
/// # Errors
/// When the database fails.
pub async fn last_urgent(db: &Database, position: Position) -> Result<Option<Position>, db::Error> {
    let latest: Option<i64> = own()
        .select_only()
        .column(row::Column::Position)
        .filter(row::Column::Position.gt(position.0))
        .filter(row::Column::Urgent.eq(true))
        .order_by_desc(row::Column::Position)
        .limit(1)
        .into_tuple()
        .one(db.reader())
        .await
        .context("cannot read what is published")?;
    Ok(latest.map(Position))
}

async fn head_on(on: &impl ConnectionTrait) -> Result<Option<Position>, db::Error> {
    let latest: Option<i64> = own()
        .select_only()
        .column(row::Column::Position)
        .order_by_desc(row::Column::Position)
        .limit(1)
        .into_tuple()
        .one(on)
        .await
        .context("cannot read what is published")?;
    Ok(latest.map(Position))
}

fn read((id, kind, position, live, full, statement, changed_at): Columns) -> Option<OwnRow> {
    Some(OwnRow {
        id,
        kind: Kind::from_number(kind)?,
        position: Position(position),
        live,
        full,
        statement: statement?,
        changed_at: moment(changed_at),
    })
}

/// The 256 buckets, as things are in a transaction or a snapshot.
/// # Errors
/// When the database fails.
pub async fn buckets_in(tx: &Transaction) -> Result<Vec<Bucket>, db::Error> {
    let mut buckets = vec![Bucket::default(); BUCKETS];
    for row in bucket::Entity::find().all(tx.connection()).await.context("cannot read the digest")? {
        if let Some(there) = usize::try_from(row.bucket).ok().and_then(|at| buckets.get_mut(at)) {
            *there = from_bucket(&row);
        }
    }
    Ok(buckets)
}

/// Add what changed to the buckets, in the transaction that changed it and holds the counter.
pub(in crate::published) async fn count(tx: &Transaction, changed: &BTreeMap<u8, Bucket>) -> Result<(), db::Error> {
    if changed.is_empty() {
        return Ok(());
    }
    let which = changed.keys().map(|at| i16::from(*at));
    let standing = bucket::Entity::find()
        .filter(bucket::Column::Bucket.is_in(which))
        .all(tx.connection())
        .await
        .context("cannot read the digest")?;
    let standing: BTreeMap<i16, Bucket> = standing.iter().map(|row| (row.bucket, from_bucket(row))).collect();
    let sums = changed.iter().map(|(at, more)| {
        let at = i16::from(*at);
        (at, standing.get(&at).copied().unwrap_or_default().plus(more))
    });
    write(tx, sums.collect()).await
}

/// Count everything anew, in a transaction that holds the counter.
/// # Errors
/// When the database fails.
pub async fn recount(tx: &Transaction) -> Result<(), db::Error> {
    let mut buckets = vec![Bucket::default(); BUCKETS];
    let mut position = Position::ZERO;
    loop {
        let rows = after_in(tx, position, ROWS).await?;
        let Some(last) = rows.last() else { break };
        position = last.position;
        for row in rows {
            let there = &mut buckets[usize::from(digest::bucket_of(row.kind, row.id))];
            *there = there.plus(&digest::weight(&row.id.to_string(), row.live, &digest::data_hash(&row.statement)));
        }
    }
    write(tx, (0_i16..).zip(buckets).collect()).await
}

/// Count everything once, in a database that was made before there was a digest.
/// # Errors
/// When the database fails.
pub async fn ensure_counted(db: &Database, clock: &Clock) -> Result<(), db::Error> {
    let counted = bucket::Entity::find().limit(1).one(db.reader()).await.context("cannot read the digest")?.is_some();
    if counted {
        return Ok(());
    }
    published::head(db, clock).await?;
    let tx = db.write().await?;
    let _held = published::lock(&tx).await?;
    recount(&tx).await?;
    tx.commit().await
}

async fn write(tx: &Transaction, buckets: Vec<(i16, Bucket)>) -> Result<(), db::Error> {
    use bucket::Column as C;
    let replace = OnConflict::column(C::Bucket).update_columns([C::Value, C::Live, C::Gone]).to_owned();
    let rows = buckets.into_iter().map(|(at, bucket)| bucket::ActiveModel {
        bucket: Set(at),
        value: Set(hex::encode(bucket.value)),
        live: Set(bucket.live),
        gone: Set(bucket.gone),
    });
    bucket::Entity::insert_many(rows)
        .on_conflict(replace)
        .exec_without_returning(tx.connection())
        .await
        .context("cannot write the digest")
        .map(drop)
}

fn from_bucket(row: &bucket::Model) -> Bucket {
    let mut value = [0; 32];
    // What is not a number counts as nothing, and the next comparison finds it.
    let _ = hex::decode_to_slice(&row.value, &mut value);
    Bucket { value, live: row.live, gone: row.gone }
}
