//! The table `message`.

use std::collections::HashMap;

use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _, Set,
    sea_query::{Alias, Query, SelectStatement},
};
use uuid::Uuid;

use super::Message;
use crate::{
    clock::moment,
    db::{self, Context as _, Transaction},
    published::redaction::Known,
};

mod message {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "message")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) id: Uuid,
        pub(super) proposal_id: Uuid,
        pub(super) at: i64,
        #[sea_orm(column_type = "Text")]
        pub(super) by_whom: String,
        #[sea_orm(column_type = "Text")]
        pub(super) words: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// Forget what was said in these threads that tells of somebody; how much.
pub(in crate::records::proposals) async fn forget_said(
    tx: &Transaction,
    threads: &[Uuid],
    known: &Known,
) -> Result<u64, db::Error> {
    let mut telling = Vec::new();
    for one in threads {
        let said = thread(tx.connection(), *one).await?;
        telling.extend(said.into_iter().filter(|message| known.is_told_in(&message.words)).map(|message| message.id));
    }
    for chunk in db::pieces(&telling) {
        message::Entity::delete_many()
            .filter(message::Column::Id.is_in(chunk.iter().copied()))
            .exec(tx.connection())
            .await
            .context("cannot delete messages")?;
    }
    Ok(telling.len() as u64)
}

/// Forget what was said about these proposals.
pub(in crate::records::proposals) async fn forget_of(tx: &Transaction, proposals: SelectStatement) -> Result<(), db::Error> {
    let theirs = message::Entity::delete_many().filter(message::Column::ProposalId.in_subquery(proposals));
    theirs.exec(tx.connection()).await.context("cannot delete messages").map(drop)
}

/// Forget everything that somebody said; how much.
pub(in crate::records::proposals) async fn forget_by(tx: &Transaction, who: &str) -> Result<u64, db::Error> {
    let theirs = message::Entity::delete_many().filter(message::Column::ByWhom.eq(who));
    Ok(theirs.exec(tx.connection()).await.context("cannot delete messages")?.rows_affected)
}

/// Forget everything, for a restore.
pub(in crate::records::proposals) async fn clear(tx: &Transaction) -> Result<(), db::Error> {
    message::Entity::delete_many().exec(tx.connection()).await.context("cannot clear messages").map(drop)
}

/// Add to the thread of a proposal.
pub(in crate::records::proposals) async fn say(tx: &Transaction, proposal: Uuid, one: &Message) -> Result<(), db::Error> {
    let row = message::ActiveModel {
        id: Set(one.id),
        proposal_id: Set(proposal),
        at: Set(one.at.timestamp_micros()),
        by_whom: Set(one.by.clone()),
        words: Set(one.words.clone()),
    };
    message::Entity::insert(row).exec_without_returning(tx.connection()).await.context("cannot store a message")?;
    Ok(())
}

fn said(row: message::Model) -> Message {
    Message { id: row.id, at: moment(row.at), by: row.by_whom, words: row.words }
}

/// The thread of a proposal, oldest first.
pub(in crate::records::proposals) async fn thread(on: &impl ConnectionTrait, proposal: Uuid) -> Result<Vec<Message>, db::Error> {
    let query = message::Entity::find().filter(message::Column::ProposalId.eq(proposal)).order_by_asc(message::Column::Id);
    Ok(query.all(on).await.context("cannot read messages")?.into_iter().map(said).collect())
}

/// The last message of each of these threads.
pub(in crate::records::proposals) async fn last_said(
    on: &impl ConnectionTrait,
    threads: &[Uuid],
) -> Result<HashMap<Uuid, Message>, db::Error> {
    let mut last = HashMap::new();
    for some in db::pieces(threads) {
        let query = message::Entity::find().filter(message::Column::ProposalId.is_in(some.iter().copied()));
        let rows = query.order_by_asc(message::Column::Id).all(on).await.context("cannot read messages")?;
        // The last one stays.
        last.extend(rows.into_iter().map(|row| (row.proposal_id, said(row))));
    }
    Ok(last)
}

/// `DELETE FROM message WHERE proposal_id NOT IN (SELECT id FROM proposal) AND proposal_id NOT IN (SELECT id FROM claim)`
pub(in crate::records::proposals) async fn forget_orphans(tx: &Transaction) -> Result<u64, db::Error> {
    let ids = |table: &'static str| Query::select().column(Alias::new("id")).from(Alias::new(table)).to_owned();
    let gone = message::Entity::delete_many()
        .filter(message::Column::ProposalId.not_in_subquery(ids("proposal")))
        .filter(message::Column::ProposalId.not_in_subquery(ids("claim")))
        .exec(tx.connection())
        .await
        .context("cannot delete messages")?;
    Ok(gone.rows_affected)
}
