//! The tables `record` and `revision`.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set, sea_query::OnConflict,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{Kept, Remembered, State, Whence, references, scrubs};
use crate::{
    clock::moment,
    db::{self, Backend, Context as _, Database, Transaction},
    model::Kind,
};

pub(super) mod record {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "record")]
    pub(in crate::records) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(in crate::records) id: Uuid,
        pub(in crate::records) kind: i16,
        pub(in crate::records) state: i16,
        pub(in crate::records) origin: String,
        #[sea_orm(column_type = "Text", nullable)]
        pub(in crate::records) source_id: Option<String>,
        pub(in crate::records) revision: i64,
        #[sea_orm(column_type = "Text")]
        pub(in crate::records) document: String,
        pub(in crate::records) changed_at: i64,
        #[sea_orm(column_type = "Text")]
        pub(in crate::records) changed_by: String,
        #[sea_orm(column_type = "Text")]
        pub(in crate::records) why: String,
        #[sea_orm(column_type = "Text", nullable)]
        pub(in crate::records) digest: Option<String>,
        pub(in crate::records) whence: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(in crate::records) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod revision {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "revision")]
    pub(in crate::records) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(in crate::records) record_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(in crate::records) revision: i64,
        pub(in crate::records) state: i16,
        #[sea_orm(column_type = "Text")]
        pub(in crate::records) document: String,
        pub(in crate::records) changed_at: i64,
        #[sea_orm(column_type = "Text")]
        pub(in crate::records) changed_by: String,
        #[sea_orm(column_type = "Text")]
        pub(in crate::records) why: String,
        pub(in crate::records) whence: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(in crate::records) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// A record as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// Its id.
    pub id: Uuid,
    /// Its kind.
    pub kind: Kind,
    /// Whether it is to be seen.
    pub state: State,
    /// Which directory it comes from; empty for our own.
    pub origin: String,
    /// What its source called it, where that was not a UUID.
    pub source_id: Option<String>,
    /// Its document as JSON.
    pub document: String,
    /// Which version it is, who made it, when and why.
    pub kept: Kept,
}

/// By what a record is known to be as it was written.
fn digest(state: i16, origin: &str, document: &str) -> String {
    let hash = Sha256::new().chain_update(format!("{state}\n{origin}\n")).chain_update(document).finalize();
    hex::encode(&hash[..16])
}

/// Those of these records that are there, and of each whether it is as it was written. What was written before
/// there were digests counts as that.
pub(super) async fn load_with_digest(on: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<(Stored, bool)>, db::Error> {
    let mut found = Vec::new();
    for chunk in db::pieces(ids) {
        let rows = record::Entity::find()
            .filter(record::Column::Id.is_in(chunk.iter().copied()))
            .all(on)
            .await
            .context("cannot read records")?;
        for mut row in rows {
            let is_whole = row.digest.take().is_none_or(|known| known == digest(row.state, &row.origin, &row.document));
            found.push((stored(row)?, is_whole));
        }
    }
    Ok(found)
}

pub(super) fn kind_of(id: Uuid, number: i16) -> Result<Kind, db::Error> {
    Kind::from_number(number).ok_or_else(|| db::damaged(format!("record {id}"), format!("there is no kind {number}")))
}

fn kept(revision: i64, changed_at: i64, (changed_by, why, whence): (String, String, Option<String>)) -> Kept {
    let from = whence.as_deref().and_then(Whence::read);
    Kept { revision, changed_at: moment(changed_at), changed_by, why, from }
}

pub(super) fn stored(row: record::Model) -> Result<Stored, db::Error> {
    Ok(Stored {
        id: row.id,
        kind: kind_of(row.id, row.kind)?,
        state: State::from_number(row.state),
        origin: row.origin,
        source_id: row.source_id,
        document: row.document,
        kept: kept(row.revision, row.changed_at, (row.changed_by, row.why, row.whence)),
    })
}

/// The records with these ids.
pub(super) async fn load(on: &impl ConnectionTrait, ids: &[Uuid]) -> Result<HashMap<Uuid, Stored>, db::Error> {
    let mut found = HashMap::new();
    for chunk in db::pieces(&db::in_order(ids)) {
        let rows = record::Entity::find()
            .filter(record::Column::Id.is_in(chunk.iter().copied()))
            .all(on)
            .await
            .context("cannot read records")?;
        for row in rows {
            found.insert(row.id, stored(row)?);
        }
    }
    Ok(found)
}

/// Those of the places with these ids that say how much of them may be told, or that only their keepers may see. Few
/// are, so few are read.
pub(super) async fn load_places_told_less(on: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Stored>, db::Error> {
    let mut found = Vec::new();
    let told_less = Condition::any()
        .add(record::Column::Document.contains("\"location_policy\""))
        .add(record::Column::State.eq(State::Unpublished as i16));
    for chunk in db::pieces(&db::in_order(ids)) {
        let rows = record::Entity::find()
            .filter(record::Column::Id.is_in(chunk.iter().copied()))
            .filter(record::Column::Kind.eq(Kind::Location.number()))
            .filter(told_less.clone())
            .all(on)
            .await
            .context("cannot read records")?;
        for row in rows {
            found.push(stored(row)?);
        }
    }
    Ok(found)
}

/// The records with these ids, locked until the transaction ends, so that nobody else can replace
/// the version that was read. In order of ids, so that two writers never wait for each other.
pub(super) async fn load_locked(tx: &Transaction, ids: &[Uuid]) -> Result<HashMap<Uuid, Stored>, db::Error> {
    let mut found = HashMap::new();
    for chunk in db::pieces(&db::in_order(ids)) {
        let mut query =
            record::Entity::find().filter(record::Column::Id.is_in(chunk.iter().copied())).order_by_asc(record::Column::Id);
        if tx.backend() == Backend::Postgres {
            query = query.lock_exclusive();
        }
        let rows = query.all(tx.connection()).await.context("cannot read records")?;
        for row in rows {
            found.insert(row.id, stored(row)?);
        }
    }
    Ok(found)
}

/// Those of these ids that belong to records of other directories: of which kind, and whose.
pub(super) async fn foreign_among(on: &impl ConnectionTrait, ids: &[Uuid]) -> Result<HashMap<Uuid, (Kind, String)>, db::Error> {
    use record::Column as C;
    let mut found = HashMap::new();
    for chunk in db::pieces(ids) {
        let query = record::Entity::find().select_only().columns([C::Id, C::Kind, C::Origin]);
        let query = query.filter(C::Id.is_in(chunk.iter().copied())).filter(C::Origin.ne(""));
        let rows: Vec<(Uuid, i16, String)> = query.into_tuple().all(on).await.context("cannot read records")?;
        for (id, kind, origin) in rows {
            found.insert(id, (kind_of(id, kind)?, origin));
        }
    }
    Ok(found)
}

/// The record with this id.
pub(super) async fn load_one(db: &Database, id: Uuid) -> Result<Option<Stored>, db::Error> {
    Ok(load(db.reader(), &[id]).await?.remove(&id))
}

/// Records of one kind after the given id, in order of ids, at most `limit`.
pub(super) async fn by_kind(db: &Database, kind: Kind, after: Option<Uuid>, limit: u64) -> Result<Vec<Stored>, db::Error> {
    let mut query = record::Entity::find().filter(record::Column::Kind.eq(kind.number()));
    if let Some(after) = after {
        query = query.filter(record::Column::Id.gt(after));
    }
    let rows = query.order_by_asc(record::Column::Id).limit(limit).all(db.reader()).await.context("cannot read records")?;
    rows.into_iter().map(stored).collect()
}

/// Records after the given id, in order of ids, as things are in a snapshot.
pub(super) async fn after(snapshot: &Transaction, after: Option<Uuid>, limit: u64) -> Result<Vec<Stored>, db::Error> {
    let mut query = record::Entity::find();
    if let Some(after) = after {
        query = query.filter(record::Column::Id.gt(after));
    }
    let rows =
        query.order_by_asc(record::Column::Id).limit(limit).all(snapshot.connection()).await.context("cannot read records")?;
    rows.into_iter().map(stored).collect()
}

/// Take everything out, for a restore that puts it back. Gives what was scrubbed, up to this moment.
pub(super) async fn clear(tx: &Transaction) -> Result<Vec<Remembered>, db::Error> {
    let on = tx.connection();
    record::Entity::delete_many().exec(on).await.context("cannot clear records")?;
    revision::Entity::delete_many().exec(on).await.context("cannot clear history")?;
    references::clear(tx).await?;
    super::proposals::clear(tx).await?;
    scrubs::take(tx).await
}

fn to_row(record: &Stored) -> record::ActiveModel {
    record::ActiveModel {
        id: Set(record.id),
        kind: Set(record.kind.number()),
        state: Set(record.state as i16),
        origin: Set(record.origin.clone()),
        source_id: Set(record.source_id.clone()),
        revision: Set(record.kept.revision),
        document: Set(record.document.clone()),
        changed_at: Set(record.kept.changed_at.timestamp_micros()),
        changed_by: Set(record.kept.changed_by.clone()),
        why: Set(record.kept.why.clone()),
        digest: Set(Some(digest(record.state as i16, &record.origin, &record.document))),
        whence: Set(record.kept.from.map(|from| from.as_str().to_owned())),
    }
}

/// Add records that are to be new. False where somebody else has added one of them at this moment.
pub(super) async fn add(tx: &Transaction, records: &[Stored]) -> Result<bool, db::Error> {
    let mut added = 0;
    for chunk in db::pieces(records) {
        let keep = OnConflict::column(record::Column::Id).do_nothing().to_owned();
        added += record::Entity::insert_many(chunk.iter().map(to_row))
            .on_conflict(keep)
            .exec_without_returning(tx.connection())
            .await
            .context("cannot add records")?;
    }
    Ok(added == records.len() as u64)
}

/// Write records as they now are. A record keeps its kind, so that is not written again, nor the index of it.
pub(super) async fn put(tx: &Transaction, records: &[Stored]) -> Result<(), db::Error> {
    use record::Column as C;
    let replace = OnConflict::column(C::Id)
        .update_columns([
            C::State,
            C::Origin,
            C::SourceId,
            C::Revision,
            C::Document,
            C::ChangedAt,
            C::ChangedBy,
            C::Why,
            C::Digest,
            C::Whence,
        ])
        .to_owned();
    for chunk in db::pieces(records) {
        record::Entity::insert_many(chunk.iter().map(to_row))
            .on_conflict(replace.clone())
            .exec_without_returning(tx.connection())
            .await
            .context("cannot write records")?;
    }
    Ok(())
}

/// Put versions that were replaced into the history. A version that stands there already is
/// overwritten, which is how history is scrubbed.
pub(super) async fn put_revisions(tx: &Transaction, versions: &[Stored]) -> Result<(), db::Error> {
    use revision::Column as C;
    let replace = OnConflict::columns([C::RecordId, C::Revision])
        .update_columns([C::State, C::Document, C::ChangedAt, C::ChangedBy, C::Why, C::Whence])
        .to_owned();
    for chunk in db::pieces(versions) {
        let rows = chunk.iter().map(|version| revision::ActiveModel {
            record_id: Set(version.id),
            revision: Set(version.kept.revision),
            state: Set(version.state as i16),
            document: Set(version.document.clone()),
            changed_at: Set(version.kept.changed_at.timestamp_micros()),
            changed_by: Set(version.kept.changed_by.clone()),
            why: Set(version.kept.why.clone()),
            whence: Set(version.kept.from.map(|from| from.as_str().to_owned())),
        });
        revision::Entity::insert_many(rows)
            .on_conflict(replace.clone())
            .exec_without_returning(tx.connection())
            .await
            .context("cannot write history")?;
    }
    Ok(())
}

/// Forget the earlier versions of these records.
pub(super) async fn forget_revisions(tx: &Transaction, ids: &[Uuid]) -> Result<(), db::Error> {
    for chunk in db::pieces(ids) {
        revision::Entity::delete_many()
            .filter(revision::Column::RecordId.is_in(chunk.iter().copied()))
            .exec(tx.connection())
            .await
            .context("cannot delete history")?;
    }
    Ok(())
}

/// The earlier versions of `record`, oldest first.
pub(super) async fn revisions(on: &impl ConnectionTrait, record: &Stored) -> Result<Vec<Stored>, db::Error> {
    let rows = revision::Entity::find()
        .filter(revision::Column::RecordId.eq(record.id))
        .order_by_asc(revision::Column::Revision)
        .all(on)
        .await
        .context("cannot read history")?;
    Ok(rows
        .into_iter()
        .map(|row| Stored {
            state: State::from_number(row.state),
            document: row.document,
            kept: kept(row.revision, row.changed_at, (row.changed_by, row.why, row.whence)),
            ..record.clone()
        })
        .collect())
}

/// Which version of a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// The record.
    pub id: Uuid,
    /// Its kind.
    pub kind: Kind,
    /// Whether it is to be seen.
    pub state: State,
    /// Which version.
    pub revision: i64,
    /// Since when.
    pub changed_at: DateTime<Utc>,
}

/// Earlier versions of all records, behind this one, in order of records and versions. Of each its id,
/// its document and its version are told; the kind is that of its record.
pub(super) async fn revisions_after(
    on: &impl ConnectionTrait,
    after: Option<(Uuid, i64)>,
    limit: u64,
) -> Result<Vec<Stored>, db::Error> {
    use revision::Column as C;
    let mut query = revision::Entity::find().order_by_asc(C::RecordId).order_by_asc(C::Revision).limit(limit);
    if let Some((record, number)) = after {
        let same = Condition::all().add(C::RecordId.eq(record)).add(C::Revision.gt(number));
        query = query.filter(Condition::any().add(C::RecordId.gt(record)).add(same));
    }
    let rows = query.all(on).await.context("cannot read history")?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.record_id).collect();
    let records = load(on, &ids).await?;
    let with_record = |row: revision::Model| {
        let record = records.get(&row.record_id)?.clone();
        let kept = kept(row.revision, row.changed_at, (row.changed_by, row.why, row.whence));
        Some(Stored { state: State::from_number(row.state), document: row.document, kept, ..record })
    };
    Ok(rows.into_iter().filter_map(with_record).collect())
}
