//! The table `peer`.

use chrono::{DateTime, Duration, Utc};
use sea_orm::{
    ActiveValue::NotSet,
    ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Set,
    sea_query::{Expr, ExprTrait as _},
};
use serde::{Serialize, de::DeserializeOwned};

use super::{Cursor, Peer, PeerId, PeerState, Scope, Trouble};
use crate::{
    clock::moment,
    db::{self, Context as _, Database},
    federation::protocol::Discovery,
    signing::Listed,
};

/// Why a peer is held of which something stored cannot be read.
pub const DAMAGED: &str = "damaged";
/// No peer is left alone for longer than this beside its own interval, with the fifth more by which that varies.
const LONGEST_WAIT: Duration = Duration::hours(30);
/// No lease lasts longer.
const LONGEST_LEASE: Duration = Duration::minutes(10);

mod lease;
mod writing;

pub use lease::{Lease, end_lease, lease, release};
pub use writing::{
    add, delete, due_now, follow, hold, is_held, let_go_on, pin, save_progress, set_cursor, set_discovered, set_protocol,
    set_scope, set_trust,
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
        #[sea_orm(column_type = "Text", nullable)]
        pub(super) moved_to: Option<String>,
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

pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("these have string keys only")
}

pub(super) fn read<T: DeserializeOwned>(text: Option<&String>) -> Option<T> {
    text.and_then(|text| serde_json::from_str(text).ok())
}

/// What cannot be read of a row.
#[derive(Default)]
struct Unreadable(Vec<String>);

impl Unreadable {
    /// What stands in a column; none where nothing does, or where it cannot be read, which is noted.
    fn read<T: DeserializeOwned>(&mut self, column: &str, text: Option<&String>) -> Option<T> {
        match serde_json::from_str(text?) {
            Ok(value) => Some(value),
            Err(error) => {
                self.0.push(format!("{column} ({error})"));
                None
            }
        }
    }
}

/// A peer as it is stored. One of which something cannot be read that decides what is believed is held: without its
/// keys everything would be its own word.
fn from_row(row: &peer::Model) -> Option<Peer> {
    let mut unreadable = Unreadable::default();
    let scope = unreadable.read("scope", Some(&row.scope)).unwrap_or_default();
    let discovered = unreadable.read("discovered", row.discovered.as_ref());
    let pinned_keys = unreadable.read("pinned_keys", row.pinned_keys.as_ref());
    let cursor = unreadable.read("cursor", row.cursor.as_ref()).unwrap_or_default();
    let peer = as_stored(row, (scope, discovered, pinned_keys, cursor))?;
    if unreadable.0.is_empty() {
        return Some(peer);
    }
    let detail = format!("what is stored about it cannot be read: {}", unreadable.0.join(", "));
    tracing::error!(peer = peer.name, detail, "a peer is damaged");
    Some(Peer { state: PeerState::Held, held: Some(Trouble { code: DAMAGED.to_owned(), detail }), pinned_keys: None, ..peer })
}

fn as_stored(
    row: &peer::Model,
    (scope, discovered, pinned_keys, cursor): (Scope, Option<Discovery>, Option<Vec<Listed>>, Cursor),
) -> Option<Peer> {
    Some(Peer {
        id: row.id,
        name: row.name.clone(),
        url: row.url.parse().ok()?,
        origin: row.origin.clone(),
        moved_to: row.moved_to.clone(),
        kind: row.kind.parse().ok()?,
        trust: row.trust.parse().ok()?,
        state: row.state.parse().ok()?,
        scope,
        licence: row.licence.clone(),
        attribution: row.attribution.clone(),
        every_seconds: row.every_seconds,
        discovered,
        pinned_keys,
        cursor,
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
        moved_to: Set(peer.moved_to.clone()),
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
    Ok(found
        .or_else(|| {
            peers.iter().find(|peer| peer.name == text || same(&peer.origin) || same(peer.identity()) || same(peer.url.as_str()))
        })
        .cloned())
}

/// Whether its time has come. A moment beyond every wait there is was written while a clock was wrong.
fn is_due(now: DateTime<Utc>) -> Condition {
    use peer::Column as C;
    // next_due_at <= now OR next_due_at > now + LONGEST_WAIT + every_seconds * 1.2
    let longest = (now + LONGEST_WAIT).timestamp_micros();
    let beyond = Expr::col(C::NextDueAt).gt(Expr::col(C::EverySeconds).mul(1_200_000_i64).add(longest));
    Condition::any().add(C::NextDueAt.lte(now.timestamp_micros())).add(beyond)
}

/// Whether nobody has its lease. One that lasts for longer than any was taken while a clock was wrong.
fn is_free(now: DateTime<Utc>) -> Condition {
    use peer::Column as C;
    let beyond = (now + LONGEST_LEASE).timestamp_micros();
    Condition::any().add(C::LeaseUntil.lt(now.timestamp_micros())).add(C::LeaseUntil.gt(beyond))
}

/// Those that are to be asked now, the longest due first.
/// # Errors
/// When the database fails.
pub async fn due(db: &Database, now: DateTime<Utc>, most: u64) -> Result<Vec<Peer>, db::Error> {
    let rows = peer::Entity::find()
        .filter(is_due(now))
        .filter(is_free(now))
        .filter(peer::Column::Trust.ne("blocked"))
        .filter(peer::Column::State.ne("new"))
        .order_by_asc(peer::Column::NextDueAt)
        .limit(most)
        .all(db.reader())
        .await
        .context("cannot read peers")?;
    Ok(rows.iter().filter_map(from_row).collect())
}

/// Those that are being pulled from now, by this process or another one.
/// # Errors
/// When the database fails.
pub async fn leased(db: &Database, now: DateTime<Utc>) -> Result<Vec<Peer>, db::Error> {
    let query = peer::Entity::find().filter(is_free(now).not());
    let rows = query.all(db.reader()).await.context("cannot read peers")?;
    Ok(rows.iter().filter_map(from_row).collect())
}
