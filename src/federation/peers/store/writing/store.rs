//! The table `peer`, as it is written.

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, Set, sea_query::Expr};

use super::super::{json, peer, read, to_row};
use crate::{
    db::{self, Context as _, Transaction},
    federation::{
        peers::{Cursor, Peer, PeerId, PeerState, Scope, Trouble, Trust, foreign, parts, waiting},
        protocol::Discovery,
    },
    signing::Listed,
};

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

/// Write these columns of a peer, and no others: pulls and officers write the same row at the same time.
async fn set(tx: &Transaction, id: PeerId, columns: peer::ActiveModel) -> Result<(), db::Error> {
    let row = peer::ActiveModel { id: Set(id), ..columns };
    Box::pin(peer::Entity::update(row).exec(tx.connection())).await.context("cannot write a peer").map(drop)
}

/// Follow a peer from now on, whatever held it.
/// # Errors
/// When the database fails.
pub async fn follow(tx: &Transaction, id: PeerId, now: DateTime<Utc>) -> Result<(), db::Error> {
    let row = peer::ActiveModel {
        state: Set(PeerState::Following.to_string()),
        held: Set(None),
        failures: Set(0),
        next_due_at: Set(now.timestamp_micros()),
        ..Default::default()
    };
    set(tx, id, row).await
}

/// Believe a peer so far.
/// # Errors
/// When the database fails.
pub async fn set_trust(tx: &Transaction, id: PeerId, trust: Trust) -> Result<(), db::Error> {
    set(tx, id, peer::ActiveModel { trust: Set(trust.to_string()), ..Default::default() }).await
}

/// Take this of a peer's records.
/// # Errors
/// When the database fails.
pub async fn set_scope(tx: &Transaction, id: PeerId, scope: &Scope) -> Result<(), db::Error> {
    set(tx, id, peer::ActiveModel { scope: Set(json(scope)), ..Default::default() }).await
}

/// What is learned of a peer, whoever writes it: a pull, or a change of what it is.
fn learned(peer: &Peer) -> peer::ActiveModel {
    let all = to_row(peer);
    peer::ActiveModel {
        url: all.url,
        moved_to: all.moved_to,
        licence: all.licence,
        attribution: all.attribution,
        discovered: all.discovered,
        pinned_keys: all.pinned_keys,
        failures: all.failures,
        ..Default::default()
    }
}

/// Follow a peer by another protocol than it was added with; the ids of its records stay. Only for whoever has the lease.
/// # Errors
/// When the database fails.
pub async fn set_protocol(tx: &Transaction, peer: &Peer) -> Result<(), db::Error> {
    let all = to_row(peer);
    let (name, kind, trust, state, held) = (all.name, all.kind, all.trust, all.state, all.held);
    set(tx, peer.id, peer::ActiveModel { name, kind, trust, state, held, ..learned(peer) }).await
}

/// Show what a peer says of itself, and who it says that it is. Pulls write this too: only for whoever has the lease.
/// # Errors
/// When the database fails.
pub async fn set_discovered(tx: &Transaction, id: PeerId, said: &Discovery) -> Result<(), db::Error> {
    set(tx, id, peer::ActiveModel { discovered: Set(Some(json(said))), ..Default::default() }).await
}

/// Believe what these keys sign, or without keys the peer's word. Only for whoever has the lease, as above.
/// # Errors
/// When the database fails.
pub async fn pin(tx: &Transaction, id: PeerId, keys: Option<&[Listed]>) -> Result<(), db::Error> {
    set(tx, id, peer::ActiveModel { pinned_keys: Set(keys.map(|keys| json(&keys))), ..Default::default() }).await
}

/// Go on from here. Only for whoever has the lease, as above.
/// # Errors
/// When the database fails.
pub async fn set_cursor(tx: &Transaction, id: PeerId, cursor: &Cursor) -> Result<(), db::Error> {
    set(tx, id, peer::ActiveModel { cursor: Set(Some(json(cursor))), ..Default::default() }).await
}

/// Write how far a pull has come and what it has learned of the peer, and nothing that an officer decides.
/// # Errors
/// When the database fails.
pub async fn save_progress(tx: &Transaction, peer: &Peer) -> Result<(), db::Error> {
    let all = to_row(peer);
    let (cursor, problem, report) = (all.cursor, all.problem, all.report);
    let (tried_at, succeeded_at) = (all.tried_at, all.succeeded_at);
    set(tx, peer.id, peer::ActiveModel { cursor, tried_at, succeeded_at, problem, report, ..learned(peer) }).await
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

/// Let a peer go on that is held for the reason with this code. Whether it was.
/// # Errors
/// When the database fails.
pub async fn let_go_on(tx: &Transaction, id: PeerId, code: &str) -> Result<bool, db::Error> {
    let row = peer::Entity::find_by_id(id).one(tx.connection()).await.context("cannot read peers")?;
    let why = row.filter(|row| row.state == "held").and_then(|row| read::<Trouble>(row.held.as_ref()));
    if why.is_none_or(|why| why.code != code) {
        return Ok(false);
    }
    peer::Entity::update_many()
        .col_expr(peer::Column::State, Expr::value("following"))
        .col_expr(peer::Column::Held, Expr::value(Option::<String>::None))
        .filter(peer::Column::Id.eq(id))
        .exec(tx.connection())
        .await
        .context("cannot let a peer go on")?;
    Ok(true)
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
    foreign::forget_all(tx, id).await?;
    waiting::forget_all(tx, id).await?;
    parts::forget_all(tx, id).await?;
    peer::Entity::delete_by_id(id).exec(tx.connection()).await.context("cannot delete a peer").map(drop)
}
