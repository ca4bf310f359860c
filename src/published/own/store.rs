//! Queries on `published` for own records only.

use chrono::DateTime;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select};
use uuid::Uuid;

use super::OwnRow;
use crate::{
    db::{self, Context as _, Database},
    model::Kind,
    published::{Position, store::row},
};

type Columns = (Uuid, i16, i64, bool, String, Option<String>, i64);

/// Own records, by the index on origin and position.
fn own() -> Select<row::Entity> {
    row::Entity::find().filter(row::Column::Origin.eq("")).filter(row::Column::DerivedFrom.is_null())
}

/// Own records that came after `position`, in order, at most `limit`.
/// # Errors
/// When the database fails.
pub async fn after(db: &Database, position: Position, limit: u64) -> Result<Vec<OwnRow>, db::Error> {
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
        .all(db.reader())
        .await
        .context("cannot read what is published")?;
    Ok(rows.into_iter().filter_map(read).collect())
}

/// The latest position of an own record; none while there are none.
/// # Errors
/// When the database fails.
pub async fn head(db: &Database) -> Result<Option<Position>, db::Error> {
    let latest: Option<i64> = own()
        .select_only()
        .column(row::Column::Position)
        .order_by_desc(row::Column::Position)
        .limit(1)
        .into_tuple()
        .one(db.reader())
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
        changed_at: DateTime::from_timestamp_micros(changed_at).unwrap_or_default(),
    })
}
