//! The tables `peer`, `foreign_record`, `quarantined` and `held_delete`.

use chrono::{DateTime, Duration, Utc};
use sea_orm::{
    ActiveValue::NotSet,
    ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Set,
    sea_query::{Expr, ExprTrait as _, OnConflict},
};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use super::{Peer, PeerId, Trouble};
use crate::{
    db::{self, Context as _, Database, Transaction},
    model::Kind,
};

mod peer {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "peer")]
    pub(super) struct Model {
        #[sea_orm(primary_key)]
        pub(super) id: i32,
        #[sea_orm(column_type = "Text")]
        pub(super) name: String,
        #[sea_orm(column_type = "Text")]
        pub(super) url: String,
        pub(super) origin: String,
        #[sea_orm(column_type = "Text")]
        pub(super) kind: String,
        #[sea_orm(column_type = "Text")]
        pub(super) trust: String,
        #[sea_orm(column_type = "Text")]
        pub(super) state: String,
        #[sea_orm(column_type = "Text")]
        pub(super) scope: String,
        #[sea_orm(column_type = "Text", nullable)]
        pub(super) licence: Option<String>,
        #[sea_orm(column_type = "Text", nullable)]
        pub(super) attribution: Option<String>,
        pub(super) every_seconds: i64,
        #[sea_orm(column_type = "Text", nullable)]
        pub(super) discovered: Option<String>,
        #[sea_orm(column_type = "Text", nullable)]
        pub(super) pinned_keys: Option<String>,
        #[sea_orm(column_type = "Text", nullable)]
        pub(super) cursor: Option<String>,
        #[sea_orm(column_type = "Text", nullable)]
        pub(super) held: Option<String>,
        pub(super) next_due_at: i64,
        pub(super) tried_at: Option<i64>,
        pub(super) succeeded_at: Option<i64>,
        pub(super) failures: i32,
        #[sea_orm(column_type = "Text", nullable)]
        pub(super) problem: Option<String>,
        #[sea_orm(column_type = "Text", nullable)]
        pub(super) report: Option<String>,
        pub(super) lease_fence: i64,
        pub(super) lease_until: i64,
        pub(super) added_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

mod foreign_record {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "foreign_record")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) id: Uuid,
        pub(super) peer_id: i32,
        pub(super) kind: i16,
        #[sea_orm(column_type = "Text")]
        pub(super) foreign_id: String,
        pub(super) rev: i64,
        #[sea_orm(column_type = "Text")]
        pub(super) hash: String,
        pub(super) live: bool,
        pub(super) own_item: bool,
        #[sea_orm(column_type = "Text", nullable)]
        pub(super) statement: Option<String>,
        #[sea_orm(column_type = "Text", nullable)]
        pub(super) listed: Option<String>,
        pub(super) crawl: i64,
        pub(super) missing: i32,
        pub(super) fetched_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

mod quarantined {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "quarantined")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) id: Uuid,
        pub(super) peer_id: i32,
        #[sea_orm(column_type = "Text")]
        pub(super) kind: String,
        #[sea_orm(column_type = "Text")]
        pub(super) foreign_id: String,
        pub(super) rev: i64,
        #[sea_orm(column_type = "Text")]
        pub(super) code: String,
        #[sea_orm(column_type = "Text")]
        pub(super) detail: String,
        #[sea_orm(column_type = "Text", nullable)]
        pub(super) raw: Option<String>,
        pub(super) at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

mod held_delete {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "held_delete")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) id: Uuid,
        pub(super) peer_id: i32,
        pub(super) rev: i64,
        #[sea_orm(column_type = "Text")]
        pub(super) why: String,
        pub(super) at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// Ids or rows in one statement; well below what either database allows.
const CHUNK: usize = 500;

fn moment(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("these have string keys only")
}

fn read<T: DeserializeOwned>(text: Option<&String>) -> Option<T> {
    text.and_then(|text| serde_json::from_str(text).ok())
}

fn from_row(row: &peer::Model) -> Option<Peer> {
    Some(Peer {
        id: row.id,
        name: row.name.clone(),
        url: row.url.parse().ok()?,
        origin: row.origin.clone(),
        kind: row.kind.parse().ok()?,
        trust: row.trust.parse().ok()?,
        state: row.state.parse().ok()?,
        scope: serde_json::from_str(&row.scope).unwrap_or_default(),
        licence: row.licence.clone(),
        attribution: row.attribution.clone(),
        every_seconds: row.every_seconds,
        discovered: read(row.discovered.as_ref()),
        pinned_keys: read(row.pinned_keys.as_ref()),
        cursor: read(row.cursor.as_ref()).unwrap_or_default(),
        held: read(row.held.as_ref()),
        next_due_at: moment(row.next_due_at),
        tried_at: row.tried_at.map(moment),
        succeeded_at: row.succeeded_at.map(moment),
        failures: row.failures,
        problem: read(row.problem.as_ref()),
        report: read(row.report.as_ref()),
        added_at: moment(row.added_at),
    })
}

/// Everything of a peer but its lease, which only [`lease`] changes.
fn to_row(peer: &Peer) -> peer::ActiveModel {
    peer::ActiveModel {
        id: if peer.id == 0 { NotSet } else { Set(peer.id) },
        name: Set(peer.name.clone()),
        url: Set(peer.url.to_string()),
        origin: Set(peer.origin.clone()),
        kind: Set(peer.kind.to_string()),
        trust: Set(peer.trust.to_string()),
        state: Set(peer.state.to_string()),
        scope: Set(json(&peer.scope)),
        licence: Set(peer.licence.clone()),
        attribution: Set(peer.attribution.clone()),
        every_seconds: Set(peer.every_seconds),
        discovered: Set(peer.discovered.as_ref().map(json)),
        pinned_keys: Set(peer.pinned_keys.as_ref().map(json)),
        cursor: Set(Some(json(&peer.cursor))),
        held: Set(peer.held.as_ref().map(json)),
        next_due_at: Set(peer.next_due_at.timestamp_micros()),
        tried_at: Set(peer.tried_at.map(|at| at.timestamp_micros())),
        succeeded_at: Set(peer.succeeded_at.map(|at| at.timestamp_micros())),
        failures: Set(peer.failures),
        problem: Set(peer.problem.as_ref().map(json)),
        report: Set(peer.report.as_ref().map(json)),
        lease_fence: NotSet,
        lease_until: NotSet,
        added_at: Set(peer.added_at.timestamp_micros()),
    }
}

/// Every peer, in order of numbers.
/// # Errors
/// When the database fails.
pub async fn all(db: &Database) -> Result<Vec<Peer>, db::Error> {
    let rows = peer::Entity::find().order_by_asc(peer::Column::Id).all(db.reader()).await.context("cannot read peers")?;
    Ok(rows.iter().filter_map(from_row).collect())
}

/// The peer with this number.
/// # Errors
/// When the database fails.
pub async fn find(db: &Database, id: PeerId) -> Result<Option<Peer>, db::Error> {
    let row = peer::Entity::find_by_id(id).one(db.reader()).await.context("cannot read peers")?;
    Ok(row.as_ref().and_then(from_row))
}

/// The peer with this number, name, address or origin.
/// # Errors
/// When the database fails.
pub async fn by_name(db: &Database, text: &str) -> Result<Option<Peer>, db::Error> {
    let same = |a: &str| a.trim_end_matches('/') == text.trim_end_matches('/');
    let number = text.parse::<PeerId>().ok();
    let peers = all(db).await?;
    let found = peers.iter().find(|peer| Some(peer.id) == number);
    Ok(found.or_else(|| peers.iter().find(|peer| peer.name == text || same(&peer.origin) || same(peer.url.as_str()))).cloned())
}

/// Those that are to be asked now, the longest due first.
/// # Errors
/// When the database fails.
pub async fn due(db: &Database, now: DateTime<Utc>, most: u64) -> Result<Vec<Peer>, db::Error> {
    let rows = peer::Entity::find()
        .filter(peer::Column::NextDueAt.lte(now.timestamp_micros()))
        .filter(peer::Column::LeaseUntil.lt(now.timestamp_micros()))
        .filter(peer::Column::Trust.ne("blocked"))
        .filter(peer::Column::State.ne("new"))
        .order_by_asc(peer::Column::NextDueAt)
        .limit(most)
        .all(db.reader())
        .await
        .context("cannot read peers")?;
    Ok(rows.iter().filter_map(from_row).collect())
}

/// Add a peer; its number is given.
/// # Errors
/// When the database fails.
pub async fn add(tx: &Transaction, peer: &Peer) -> Result<PeerId, db::Error> {
    let mut row = to_row(peer);
    row.lease_fence = Set(0);
    row.lease_until = Set(0);
    let added = Box::pin(peer::Entity::insert(row).exec(tx.connection())).await.context("cannot add a peer")?;
    Ok(added.last_insert_id)
}

/// Write everything of a peer but its lease.
/// # Errors
/// When the database fails.
pub async fn save(tx: &Transaction, peer: &Peer) -> Result<(), db::Error> {
    Box::pin(peer::Entity::update(to_row(peer)).exec(tx.connection())).await.context("cannot write a peer").map(drop)
}

/// Write how far a pull has come and what it has learned of the peer, and nothing that an officer decides.
/// # Errors
/// When the database fails.
pub async fn save_progress(tx: &Transaction, peer: &Peer) -> Result<(), db::Error> {
    let all = to_row(peer);
    let row = peer::ActiveModel {
        id: all.id,
        licence: all.licence,
        attribution: all.attribution,
        discovered: all.discovered,
        pinned_keys: all.pinned_keys,
        cursor: all.cursor,
        tried_at: all.tried_at,
        succeeded_at: all.succeeded_at,
        failures: all.failures,
        problem: all.problem,
        report: all.report,
        ..Default::default()
    };
    Box::pin(peer::Entity::update(row).exec(tx.connection())).await.context("cannot write a peer").map(drop)
}

/// Whether a peer is held now.
/// # Errors
/// When the database fails.
pub async fn is_held(tx: &Transaction, id: PeerId) -> Result<bool, db::Error> {
    let row = peer::Entity::find_by_id(id).one(tx.connection()).await.context("cannot read peers")?;
    Ok(row.is_none_or(|row| row.state == "held"))
}

/// Hold a peer, for this reason.
/// # Errors
/// When the database fails.
pub async fn hold(tx: &Transaction, id: PeerId, why: &Trouble) -> Result<(), db::Error> {
    peer::Entity::update_many()
        .col_expr(peer::Column::State, Expr::value("held"))
        .col_expr(peer::Column::Held, Expr::value(json(why)))
        .filter(peer::Column::Id.eq(id))
        .exec(tx.connection())
        .await
        .context("cannot hold a peer")
        .map(drop)
}

/// Ask a peer at the next look.
/// # Errors
/// When the database fails.
pub async fn due_now(tx: &Transaction, id: PeerId, now: DateTime<Utc>) -> Result<(), db::Error> {
    peer::Entity::update_many()
        .col_expr(peer::Column::NextDueAt, Expr::value(now.timestamp_micros()))
        .filter(peer::Column::Id.eq(id))
        .exec(tx.connection())
        .await
        .context("cannot write a peer")
        .map(drop)
}

/// Forget a peer, and everything that is kept about its records.
/// # Errors
/// When the database fails.
pub async fn delete(tx: &Transaction, id: PeerId) -> Result<(), db::Error> {
    let on = tx.connection();
    let context = "cannot forget a peer";
    foreign_record::Entity::delete_many().filter(foreign_record::Column::PeerId.eq(id)).exec(on).await.context(context)?;
    quarantined::Entity::delete_many().filter(quarantined::Column::PeerId.eq(id)).exec(on).await.context(context)?;
    held_delete::Entity::delete_many().filter(held_delete::Column::PeerId.eq(id)).exec(on).await.context(context)?;
    peer::Entity::delete_by_id(id).exec(on).await.context(context).map(drop)
}

/// The right to pull from a peer, for a while. Whoever has an older one can write nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    peer: PeerId,
    fence: i64,
}

/// Take the lease of a peer until `now + length`; none where somebody else has it.
/// # Errors
/// When the database fails.
pub async fn lease(db: &Database, id: PeerId, now: DateTime<Utc>, length: Duration) -> Result<Option<Lease>, db::Error> {
    use peer::Column as C;
    let tx = db.write().await?;
    // UPDATE peer SET lease_fence = lease_fence + 1, lease_until = ? WHERE id = ? AND lease_until < ?
    let taken = peer::Entity::update_many()
        .col_expr(C::LeaseFence, Expr::col(C::LeaseFence).add(1))
        .col_expr(C::LeaseUntil, Expr::value((now + length).timestamp_micros()))
        .filter(C::Id.eq(id))
        .filter(C::LeaseUntil.lt(now.timestamp_micros()))
        .exec(tx.connection())
        .await
        .context("cannot lease a peer")?;
    if taken.rows_affected == 0 {
        tx.roll_back().await?;
        return Ok(None);
    }
    let row = peer::Entity::find_by_id(id).one(tx.connection()).await.context("cannot lease a peer")?;
    tx.commit().await?;
    Ok(row.map(|row| Lease { peer: id, fence: row.lease_fence }))
}

impl Lease {
    /// Make the lease last until `until`, inside the transaction that relies on it. Whether it is
    /// still ours: if not, nothing may be written.
    /// # Errors
    /// When the database fails.
    pub async fn hold(self, tx: &Transaction, until: DateTime<Utc>) -> Result<bool, db::Error> {
        use peer::Column as C;
        let held = peer::Entity::update_many()
            .col_expr(C::LeaseUntil, Expr::value(until.timestamp_micros()))
            .filter(C::Id.eq(self.peer))
            .filter(C::LeaseFence.eq(self.fence))
            .exec(tx.connection())
            .await
            .context("cannot hold the lease of a peer")?;
        Ok(held.rows_affected == 1)
    }
}

/// Give a lease back.
/// # Errors
/// When the database fails.
pub async fn release(tx: &Transaction, lease: Lease) -> Result<bool, db::Error> {
    lease.hold(tx, DateTime::UNIX_EPOCH).await
}

/// What is known about a record that came from a peer, beside the record itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// Its id here.
    pub id: Uuid,
    /// The peer.
    pub peer: PeerId,
    /// Its kind.
    pub kind: Kind,
    /// Its id at its origin.
    pub foreign_id: String,
    /// Which version of it was applied.
    pub rev: i64,
    /// Hash of its content at its origin.
    pub hash: String,
    /// Whether it is there.
    pub live: bool,
    /// Whether the peer tells it by itself; otherwise it came as a part of another.
    pub own_item: bool,
    /// What its origin has signed.
    pub statement: Option<String>,
    /// For a crawl: the hash of the record as lists show it, by which a change is noticed.
    pub listed: Option<String>,
    /// The walk over everything that met it last.
    pub crawl: i64,
    /// How many whole walks in a row have not met it.
    pub missing: i32,
    /// When it came.
    pub fetched_at: DateTime<Utc>,
}

fn from_foreign(row: foreign_record::Model) -> Option<Foreign> {
    Some(Foreign {
        id: row.id,
        peer: row.peer_id,
        kind: Kind::from_number(row.kind)?,
        foreign_id: row.foreign_id,
        rev: row.rev,
        hash: row.hash,
        live: row.live,
        own_item: row.own_item,
        statement: row.statement,
        listed: row.listed,
        crawl: row.crawl,
        missing: row.missing,
        fetched_at: moment(row.fetched_at),
    })
}

/// What is known about records with these ids here.
/// # Errors
/// When the database fails.
pub async fn foreign(db: &Database, ids: &[Uuid]) -> Result<Vec<Foreign>, db::Error> {
    let mut found = Vec::new();
    for chunk in ids.chunks(CHUNK) {
        let rows = foreign_record::Entity::find()
            .filter(foreign_record::Column::Id.is_in(chunk.iter().copied()))
            .all(db.reader())
            .await
            .context("cannot read what came from peers")?;
        found.extend(rows.into_iter().filter_map(from_foreign));
    }
    Ok(found)
}

/// Records of a peer after the given id, in order of ids, at most `limit`.
/// # Errors
/// When the database fails.
pub async fn of_peer(db: &Database, peer: PeerId, after: Option<Uuid>, limit: u64) -> Result<Vec<Foreign>, db::Error> {
    let mut query = foreign_record::Entity::find().filter(foreign_record::Column::PeerId.eq(peer));
    if let Some(after) = after {
        query = query.filter(foreign_record::Column::Id.gt(after));
    }
    let rows = query
        .order_by_asc(foreign_record::Column::Id)
        .limit(limit)
        .all(db.reader())
        .await
        .context("cannot read what came from peers")?;
    Ok(rows.into_iter().filter_map(from_foreign).collect())
}

/// How many records of a peer are there.
/// # Errors
/// When the database fails.
pub async fn live_count(db: &Database, peer: PeerId) -> Result<u64, db::Error> {
    foreign_record::Entity::find()
        .filter(foreign_record::Column::PeerId.eq(peer))
        .filter(foreign_record::Column::Live.eq(true))
        .filter(foreign_record::Column::OwnItem.eq(true))
        .count(db.reader())
        .await
        .context("cannot count what came from a peer")
}

/// Write what is known about records.
/// # Errors
/// When the database fails.
pub async fn put_foreign(tx: &Transaction, rows: &[Foreign]) -> Result<(), db::Error> {
    use foreign_record::Column as C;
    let replace = OnConflict::column(C::Id)
        .update_columns([
            C::PeerId,
            C::Kind,
            C::ForeignId,
            C::Rev,
            C::Hash,
            C::Live,
            C::OwnItem,
            C::Statement,
            C::Listed,
            C::Crawl,
            C::Missing,
            C::FetchedAt,
        ])
        .to_owned();
    for chunk in rows.chunks(CHUNK) {
        let rows = chunk.iter().map(|row| foreign_record::ActiveModel {
            id: Set(row.id),
            peer_id: Set(row.peer),
            kind: Set(row.kind.number()),
            foreign_id: Set(row.foreign_id.clone()),
            rev: Set(row.rev),
            hash: Set(row.hash.clone()),
            live: Set(row.live),
            own_item: Set(row.own_item),
            statement: Set(row.statement.clone()),
            listed: Set(row.listed.clone()),
            crawl: Set(row.crawl),
            missing: Set(row.missing),
            fetched_at: Set(row.fetched_at.timestamp_micros()),
        });
        foreign_record::Entity::insert_many(rows)
            .on_conflict(replace.clone())
            .exec_without_returning(tx.connection())
            .await
            .context("cannot write what came from a peer")?;
    }
    Ok(())
}

/// Forget which versions of a peer's records were applied, so that all are compared again.
/// # Errors
/// When the database fails.
pub async fn forget_versions(tx: &Transaction, peer: PeerId) -> Result<(), db::Error> {
    use foreign_record::Column as C;
    foreign_record::Entity::update_many()
        .col_expr(C::Rev, Expr::value(0_i64))
        .col_expr(C::Hash, Expr::value(""))
        .col_expr(C::Listed, Expr::value(Option::<String>::None))
        .filter(C::PeerId.eq(peer))
        .exec(tx.connection())
        .await
        .context("cannot write what came from a peer")
        .map(drop)
}

/// Forget the numbers of a peer's records, which are those of an epoch that has ended.
/// # Errors
/// When the database fails.
pub async fn forget_numbers(tx: &Transaction, peer: PeerId) -> Result<(), db::Error> {
    use foreign_record::Column as C;
    foreign_record::Entity::update_many()
        .col_expr(C::Rev, Expr::value(0_i64))
        .filter(C::PeerId.eq(peer))
        .exec(tx.connection())
        .await
        .context("cannot write what came from a peer")
        .map(drop)
}

/// How many records of a peer have gone since this moment.
/// # Errors
/// When the database fails.
pub async fn deleted_since(db: &Database, peer: PeerId, since: DateTime<Utc>) -> Result<u64, db::Error> {
    use foreign_record::Column as C;
    foreign_record::Entity::find()
        .filter(C::PeerId.eq(peer))
        .filter(C::Live.eq(false))
        .filter(C::OwnItem.eq(true))
        .filter(C::FetchedAt.gte(since.timestamp_micros()))
        .count(db.reader())
        .await
        .context("cannot count what came from a peer")
}

/// Note that a walk over everything has met these records.
/// # Errors
/// When the database fails.
pub async fn mark_seen(tx: &Transaction, ids: &[Uuid], crawl: i64) -> Result<(), db::Error> {
    use foreign_record::Column as C;
    for chunk in ids.chunks(CHUNK) {
        foreign_record::Entity::update_many()
            .col_expr(C::Crawl, Expr::value(crawl))
            .col_expr(C::Missing, Expr::value(0))
            .filter(C::Id.is_in(chunk.iter().copied()))
            .exec(tx.connection())
            .await
            .context("cannot write what came from a peer")?;
    }
    Ok(())
}

/// Records of a peer that it tells by themselves, that are there and that the walk `crawl` has not
/// met, after the given id, in order of ids.
/// # Errors
/// When the database fails.
pub async fn not_seen(
    db: &Database,
    peer: PeerId,
    crawl: i64,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Foreign>, db::Error> {
    use foreign_record::Column as C;
    let mut query = foreign_record::Entity::find()
        .filter(C::PeerId.eq(peer))
        .filter(C::Live.eq(true))
        .filter(C::OwnItem.eq(true))
        .filter(C::Crawl.lt(crawl));
    if let Some(after) = after {
        query = query.filter(C::Id.gt(after));
    }
    let rows = query.order_by_asc(C::Id).limit(limit).all(db.reader()).await.context("cannot read what came from peers")?;
    Ok(rows.into_iter().filter_map(from_foreign).collect())
}

/// Something that came and could not be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Quarantined {
    /// The id that it would have here.
    pub id: Uuid,
    /// The peer.
    #[serde(skip)]
    pub peer: PeerId,
    /// Its kind, by the peer's word.
    pub kind: String,
    /// Its id at its origin.
    pub foreign_id: String,
    /// Which version of it.
    pub rev: i64,
    /// A name for the reason that does not change.
    pub code: String,
    /// The reason in words.
    pub detail: String,
    /// What came, where it was not too large.
    #[serde(skip)]
    pub raw: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}

/// Write what could not be taken; what stood under the same id is replaced.
/// # Errors
/// When the database fails.
pub async fn put_quarantined(tx: &Transaction, rows: &[Quarantined]) -> Result<(), db::Error> {
    use quarantined::Column as C;
    let replace = OnConflict::column(C::Id)
        .update_columns([C::PeerId, C::Kind, C::ForeignId, C::Rev, C::Code, C::Detail, C::Raw, C::At])
        .to_owned();
    for chunk in rows.chunks(CHUNK) {
        let rows = chunk.iter().map(|row| quarantined::ActiveModel {
            id: Set(row.id),
            peer_id: Set(row.peer),
            kind: Set(row.kind.clone()),
            foreign_id: Set(row.foreign_id.clone()),
            rev: Set(row.rev),
            code: Set(row.code.clone()),
            detail: Set(row.detail.clone()),
            raw: Set(row.raw.clone()),
            at: Set(row.at.timestamp_micros()),
        });
        quarantined::Entity::insert_many(rows)
            .on_conflict(replace.clone())
            .exec_without_returning(tx.connection())
            .await
            .context("cannot write what could not be taken")?;
    }
    Ok(())
}

/// Forget what could not be taken, of these ids.
/// # Errors
/// When the database fails.
pub async fn forget_quarantined(tx: &Transaction, ids: &[Uuid]) -> Result<(), db::Error> {
    for chunk in ids.chunks(CHUNK) {
        quarantined::Entity::delete_many()
            .filter(quarantined::Column::Id.is_in(chunk.iter().copied()))
            .exec(tx.connection())
            .await
            .context("cannot forget what could not be taken")?;
    }
    Ok(())
}

/// What of a peer could not be taken, at most `limit`, in order of ids.
/// # Errors
/// When the database fails.
pub async fn quarantined(db: &Database, peer: PeerId, after: Option<Uuid>, limit: u64) -> Result<Vec<Quarantined>, db::Error> {
    let mut query = quarantined::Entity::find().filter(quarantined::Column::PeerId.eq(peer));
    if let Some(after) = after {
        query = query.filter(quarantined::Column::Id.gt(after));
    }
    let rows = query
        .order_by_asc(quarantined::Column::Id)
        .limit(limit)
        .all(db.reader())
        .await
        .context("cannot read what could not be taken")?;
    let read = |row: quarantined::Model| Quarantined {
        id: row.id,
        peer: row.peer_id,
        kind: row.kind,
        foreign_id: row.foreign_id,
        rev: row.rev,
        code: row.code,
        detail: row.detail,
        raw: row.raw,
        at: moment(row.at),
    };
    Ok(rows.into_iter().map(read).collect())
}

/// How many of a peer's records could not be taken, by reason.
/// # Errors
/// When the database fails.
pub async fn quarantined_by_code(db: &Database, peer: PeerId) -> Result<Vec<(String, i64)>, db::Error> {
    quarantined::Entity::find()
        .select_only()
        .column(quarantined::Column::Code)
        .column_as(quarantined::Column::Id.count(), "many")
        .filter(quarantined::Column::PeerId.eq(peer))
        .group_by(quarantined::Column::Code)
        .order_by_asc(quarantined::Column::Code)
        .into_tuple()
        .all(db.reader())
        .await
        .context("cannot count what could not be taken")
}

/// A deletion that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Held {
    /// The record's id here.
    pub id: Uuid,
    /// The peer.
    #[serde(skip)]
    pub peer: PeerId,
    /// Which version of it was deleted.
    pub rev: i64,
    /// Why it is taken for deleted.
    pub why: String,
    /// Since when it waits.
    pub at: DateTime<Utc>,
}

/// Write deletions that wait; those that wait already stay as they are.
/// # Errors
/// When the database fails.
pub async fn put_held(tx: &Transaction, rows: &[Held]) -> Result<(), db::Error> {
    let keep = OnConflict::column(held_delete::Column::Id).do_nothing().to_owned();
    for chunk in rows.chunks(CHUNK) {
        let rows = chunk.iter().map(|row| held_delete::ActiveModel {
            id: Set(row.id),
            peer_id: Set(row.peer),
            rev: Set(row.rev),
            why: Set(row.why.clone()),
            at: Set(row.at.timestamp_micros()),
        });
        held_delete::Entity::insert_many(rows)
            .on_conflict(keep.clone())
            .exec_without_returning(tx.connection())
            .await
            .context("cannot write held deletions")?;
    }
    Ok(())
}

/// Deletions of a peer that wait, in order of ids.
/// # Errors
/// When the database fails.
pub async fn held(on: &Database, peer: PeerId) -> Result<Vec<Held>, db::Error> {
    let rows = held_delete::Entity::find()
        .filter(held_delete::Column::PeerId.eq(peer))
        .order_by_asc(held_delete::Column::Id)
        .all(on.reader())
        .await
        .context("cannot read held deletions")?;
    let read = |row: held_delete::Model| Held { id: row.id, peer: row.peer_id, rev: row.rev, why: row.why, at: moment(row.at) };
    Ok(rows.into_iter().map(read).collect())
}

/// Forget that deletions of these records wait.
/// # Errors
/// When the database fails.
pub async fn forget_held(tx: &Transaction, ids: &[Uuid]) -> Result<(), db::Error> {
    for chunk in ids.chunks(CHUNK) {
        held_delete::Entity::delete_many()
            .filter(held_delete::Column::Id.is_in(chunk.iter().copied()))
            .exec(tx.connection())
            .await
            .context("cannot forget held deletions")?;
    }
    Ok(())
}
