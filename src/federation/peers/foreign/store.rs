//! The table `foreign_record`.

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
    sea_query::{Expr, ExprTrait as _},
};
use uuid::Uuid;

use super::super::PeerId;
use crate::{
    clock::{SKEW, moment},
    db::{self, Context as _, Database},
    model::Kind,
};

mod writing;

pub(in crate::federation::peers) use writing::forget_all;
pub use writing::{forget_foreign, forget_numbers, forget_versions, forget_versions_of, make_parts, mark_seen, put_foreign};

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
        #[sea_orm(column_type = "Text", nullable)]
        pub(super) origin: Option<String>,
        #[sea_orm(column_type = "Text", nullable)]
        pub(super) via: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
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
    /// When it came last, be it the same as before.
    pub fetched_at: DateTime<Utc>,
    /// Its origin, where it did not come from there; none where it is the peer's own.
    pub origin: Option<String>,
    /// The directories that it came through, as JSON, where it did not come from its origin.
    pub via: Option<String>,
}

/// Nobody's: what is remembered when its peer is not followed any more.
const NOBODY: PeerId = 0;

/// How a statement says that what stood there before has to be destroyed. As text of another member it would stand
/// with other quotes.
const URGENT: &str = r#""urgent":true"#;

impl Foreign {
    /// Whether its origin has signed that what stood there before has to be destroyed. What is known of its
    /// version is then never forgotten, or an older one could come back.
    pub fn is_urgent(&self) -> bool {
        self.statement.as_ref().is_some_and(|statement| statement.contains(URGENT))
    }
}

impl Foreign {
    /// Where it stands in the order in which the records of its peer are read.
    pub fn place(&self) -> Place {
        (self.kind, self.id)
    }

    /// The same, of no peer that is followed any more.
    #[must_use]
    pub fn of_nobody(self) -> Self {
        Self { peer: NOBODY, live: false, hash: String::new(), ..self }
    }
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
        origin: row.origin,
        via: row.via,
    })
}

/// What is known about records with these ids here.
/// # Errors
/// When the database fails.
pub async fn foreign(db: &Database, ids: &[Uuid]) -> Result<Vec<Foreign>, db::Error> {
    let mut found = Vec::new();
    for chunk in db::pieces(&db::in_order(ids)) {
        let rows = foreign_record::Entity::find()
            .filter(foreign_record::Column::Id.is_in(chunk.iter().copied()))
            .all(db.reader())
            .await
            .context("cannot read what came from peers")?;
        found.extend(rows.into_iter().filter_map(from_foreign));
    }
    Ok(found)
}

/// A place in the order in which the records of a peer are read.
pub type Place = (Kind, Uuid);

/// Records of a peer after a place, in the order of the index that finds them: for any other, all of them would be
/// sorted for each page.
fn in_order(peer: PeerId, after: Option<Place>) -> Select<foreign_record::Entity> {
    use foreign_record::Column as C;
    let query = foreign_record::Entity::find().filter(C::PeerId.eq(peer)).order_by_asc(C::Kind).order_by_asc(C::Id);
    match after {
        None => query,
        // (kind, id) > (?, ?)
        Some((kind, id)) => {
            let here = Expr::tuple([Expr::col(C::Kind), Expr::col(C::Id)]);
            query.filter(here.gt(Expr::tuple([Expr::value(kind.number()), Expr::value(id)])))
        }
    }
}

/// Records of a peer after a place, in order, at most `limit`.
/// # Errors
/// When the database fails.
pub async fn of_peer(db: &Database, peer: PeerId, after: Option<Place>, limit: u64) -> Result<Vec<Foreign>, db::Error> {
    let rows = in_order(peer, after).limit(limit).all(db.reader()).await.context("cannot read what came from a peer")?;
    Ok(rows.into_iter().filter_map(from_foreign).collect())
}

/// What of a record counts in the sums over what a peer tells by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Where it stands in the order.
    pub place: Place,
    /// Its id at the peer.
    pub foreign_id: String,
    /// Whether it is there.
    pub live: bool,
    /// Hash of its content at the peer.
    pub hash: String,
}

/// What counts in the sums over a peer's own records, after a place, in order, at most `limit`.
/// # Errors
/// When the database fails.
pub async fn counted(db: &Database, peer: PeerId, after: Option<Place>, limit: u64) -> Result<Vec<Counted>, db::Error> {
    use foreign_record::Column as C;
    let query = in_order(peer, after).filter(C::OwnItem.eq(true)).filter(C::Origin.is_null()).limit(limit);
    let query = query.select_only().columns([C::Kind, C::Id, C::ForeignId, C::Live, C::Hash]);
    let rows: Vec<(i16, Uuid, String, bool, String)> =
        query.into_tuple().all(db.reader()).await.context("cannot read what came from a peer")?;
    let counted =
        |(kind, id, foreign_id, live, hash)| Some(Counted { place: (Kind::from_number(kind)?, id), foreign_id, live, hash });
    Ok(rows.into_iter().filter_map(counted).collect())
}

/// How many records a peer tells by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// That are there.
    pub live: u64,
    /// That have gone since a moment.
    pub gone: u64,
}

/// How many records of a peer are there, and how many have gone since a moment, by a clock that shows `now`.
/// # Errors
/// When the database fails.
pub async fn numbers(db: &Database, peer: PeerId, since: DateTime<Utc>, now: DateTime<Utc>) -> Result<Numbers, db::Error> {
    use foreign_record::Column as C;
    // One look at all of them, before each pull. What is yet to come was written while a clock was wrong:
    // SELECT live, COUNT(id) FROM foreign_record
    // WHERE peer_id = ? AND own_item AND (live OR fetched_at BETWEEN ? AND ?) GROUP BY live
    let lately = C::FetchedAt.between(since.timestamp_micros(), (now + SKEW).timestamp_micros());
    let counts = Condition::any().add(C::Live.eq(true)).add(lately);
    let rows: Vec<(bool, i64)> = foreign_record::Entity::find()
        .select_only()
        .column(C::Live)
        .column_as(C::Id.count(), "many")
        .filter(C::PeerId.eq(peer))
        .filter(C::OwnItem.eq(true))
        .filter(counts)
        .group_by(C::Live)
        .into_tuple()
        .all(db.reader())
        .await
        .context("cannot count what came from a peer")?;
    let many = |live| rows.iter().find(|row| row.0 == live).map_or(0, |row| row.1.unsigned_abs());
    Ok(Numbers { live: many(true), gone: many(false) })
}

/// Whether a record of this kind that a peer tells by itself is there.
/// # Errors
/// When the database fails.
pub async fn has_live(db: &Database, peer: PeerId, kind: Kind) -> Result<bool, db::Error> {
    use foreign_record::Column as C;
    let query = in_order(peer, None).filter(C::Kind.eq(kind.number())).filter(C::Live.eq(true)).filter(C::OwnItem.eq(true));
    Ok(query.one(db.reader()).await.context("cannot read what came from a peer")?.is_some())
}

/// Records of a peer that it tells by themselves, that are there and that the walk `crawl` has not
/// met, after a place, in order, at most `limit`.
/// # Errors
/// When the database fails.
pub async fn not_seen(
    db: &Database,
    peer: PeerId,
    crawl: i64,
    after: Option<Place>,
    limit: u64,
) -> Result<Vec<Foreign>, db::Error> {
    use foreign_record::Column as C;
    let query = in_order(peer, after).filter(C::Live.eq(true)).filter(C::OwnItem.eq(true)).filter(C::Crawl.lt(crawl));
    let rows = query.limit(limit).all(db.reader()).await.context("cannot read what came from a peer")?;
    Ok(rows.into_iter().filter_map(from_foreign).collect())
}

/// Records that a peer passes on of others, after a place, in order, at most `limit`.
/// # Errors
/// When the database fails.
pub async fn relayed_by(db: &Database, peer: PeerId, after: Option<Place>, limit: u64) -> Result<Vec<Foreign>, db::Error> {
    let query = in_order(peer, after).filter(foreign_record::Column::Origin.is_not_null());
    let rows = query.limit(limit).all(db.reader()).await.context("cannot read what came from a peer")?;
    Ok(rows.into_iter().filter_map(from_foreign).collect())
}

/// Origins whose records came through others, and through which peer.
/// # Errors
/// When the database fails.
pub async fn relayed_origins(db: &Database) -> Result<Vec<(PeerId, String)>, db::Error> {
    use foreign_record::Column as C;
    let query = foreign_record::Entity::find().select_only().columns([C::PeerId, C::Origin]).distinct();
    let rows = query.filter(C::Origin.is_not_null()).into_tuple().all(db.reader()).await;
    rows.context("cannot read what came from peers")
}
