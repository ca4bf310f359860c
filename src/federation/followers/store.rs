//! The table `follower`.

use std::collections::HashMap;

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, Set, sea_query::OnConflict};

use super::{Confirmed, Known};
use crate::{
    clock::moment,
    db::{self, Context as _, Database, Transaction},
    published::Position,
};

mod follower {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "follower")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) origin: String,
        pub(super) position: i64,
        pub(super) since: i64,
        pub(super) asked_at: i64,
        pub(super) confirmed_position: Option<i64>,
        #[sea_orm(column_type = "Text", nullable)]
        pub(super) confirmed_state: Option<String>,
        pub(super) confirmed_at: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

fn from_row(row: follower::Model) -> (String, Known) {
    let confirmed = row.confirmed_state.zip(row.confirmed_at).map(|(state, at)| Confirmed {
        position: row.confirmed_position.map(Position),
        state,
        at: moment(at),
    });
    let (position, asked_at) = (Position(row.position), moment(row.asked_at));
    let known = Known { position, since: moment(row.since), asked_at, confirmed, written: Some((position, asked_at)) };
    (row.origin, known)
}

/// Everything that is written of followers, by their origins.
pub(super) async fn all(db: &Database) -> Result<HashMap<String, Known>, db::Error> {
    let rows = follower::Entity::find().all(db.reader()).await.context("cannot read followers")?;
    Ok(rows.into_iter().map(from_row).collect())
}

/// Write where these stand. What was confirmed of them stays.
pub(super) async fn put(tx: &Transaction, followers: &[(String, Known)]) -> Result<(), db::Error> {
    use follower::Column as C;
    let replace = OnConflict::column(C::Origin).update_columns([C::Position, C::Since, C::AskedAt]).to_owned();
    for chunk in db::pieces(followers) {
        let rows = chunk.iter().map(|(origin, known)| follower::ActiveModel {
            origin: Set(origin.clone()),
            position: Set(known.position.0),
            since: Set(known.since.timestamp_micros()),
            asked_at: Set(known.asked_at.timestamp_micros()),
            confirmed_position: Set(None),
            confirmed_state: Set(None),
            confirmed_at: Set(None),
        });
        follower::Entity::insert_many(rows)
            .on_conflict(replace.clone())
            .exec_without_returning(tx.connection())
            .await
            .context("cannot write followers")?;
    }
    Ok(())
}

/// Write what a follower's own address said; none where it does not say that it follows us.
pub(super) async fn confirm(tx: &Transaction, origin: &str, said: Option<&Confirmed>) -> Result<(), db::Error> {
    let row = follower::ActiveModel {
        confirmed_position: Set(said.and_then(|said| said.position).map(|position| position.0)),
        confirmed_state: Set(said.map(|said| said.state.clone())),
        confirmed_at: Set(said.map(|said| said.at.timestamp_micros())),
        ..Default::default()
    };
    // It may have been forgotten since.
    follower::Entity::update_many()
        .set(row)
        .filter(follower::Column::Origin.eq(origin))
        .exec(tx.connection())
        .await
        .context("cannot write followers")
        .map(drop)
}

/// Forget these.
pub(super) async fn forget(tx: &Transaction, origins: &[String]) -> Result<(), db::Error> {
    for chunk in db::pieces(origins) {
        follower::Entity::delete_many()
            .filter(follower::Column::Origin.is_in(chunk.iter().cloned()))
            .exec(tx.connection())
            .await
            .context("cannot delete followers")?;
    }
    Ok(())
}
