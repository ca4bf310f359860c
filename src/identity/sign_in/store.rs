//! The tables `sign_in_link` and `attempt`.

use chrono::{DateTime, Duration, Utc};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, QueryFilter as _, Set,
    sea_query::{Expr, OnConflict},
};

use super::Link;
use crate::{
    clock::moment,
    db::{self, Context as _, Transaction},
    identity::Hashed,
};

mod sign_in_link {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "sign_in_link")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) hash: String,
        pub(super) email: String,
        pub(super) browser: Option<String>,
        #[sea_orm(column_type = "Text")]
        pub(super) return_to: String,
        pub(super) expires_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

mod sign_in_pending {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "sign_in_pending")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) hash: String,
        #[sea_orm(column_type = "Text")]
        pub(super) pending: String,
        pub(super) expires_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

mod attempt {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "attempt")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) key: String,
        pub(super) since: i64,
        pub(super) count: i32,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

fn from_row(row: sign_in_link::Model) -> Result<Link, db::Error> {
    Ok(Link {
        email: row.email.parse().map_err(|error| db::damaged("a sign-in link", error))?,
        browser: row.browser.map(Hashed),
        return_to: row.return_to,
        expires_at: moment(row.expires_at),
    })
}

pub(super) async fn put_link(tx: &Transaction, hash: &Hashed, link: &Link) -> Result<(), db::Error> {
    let row = sign_in_link::ActiveModel {
        hash: Set(hash.as_str().to_owned()),
        email: Set(link.email.as_str().to_owned()),
        browser: Set(link.browser.as_ref().map(|browser| browser.as_str().to_owned())),
        return_to: Set(link.return_to.clone()),
        expires_at: Set(link.expires_at.timestamp_micros()),
    };
    sign_in_link::Entity::insert(row).exec_without_returning(tx.connection()).await.context("cannot store a link")?;
    Ok(())
}

pub(super) async fn link(on: &impl ConnectionTrait, hash: &Hashed) -> Result<Option<Link>, db::Error> {
    let row = sign_in_link::Entity::find_by_id(hash.as_str()).one(on).await.context("cannot read a link")?;
    row.map(from_row).transpose()
}

/// Forget the links of an address.
pub(super) async fn forget_links(tx: &Transaction, email: &str) -> Result<(), db::Error> {
    let query = sign_in_link::Entity::delete_many().filter(sign_in_link::Column::Email.eq(email));
    query.exec(tx.connection()).await.context("cannot delete links").map(drop)
}

/// The link, which from now on is there no more. Of two who take it at once only one gets it: what
/// counts is whose statement deleted the row.
pub(super) async fn take_link(tx: &Transaction, hash: &Hashed) -> Result<Option<Link>, db::Error> {
    let link = link(tx.connection(), hash).await?;
    let gone = sign_in_link::Entity::delete_by_id(hash.as_str()).exec(tx.connection()).await.context("cannot use a link")?;
    Ok(link.filter(|_| gone.rows_affected == 1))
}

/// Keep what a sign-in elsewhere needs when the browser comes back; an earlier one of the browser goes.
pub(super) async fn put_pending(
    tx: &Transaction,
    hash: &Hashed,
    pending: &str,
    expires_at: DateTime<Utc>,
) -> Result<(), db::Error> {
    use sign_in_pending::Column as C;
    let row = sign_in_pending::ActiveModel {
        hash: Set(hash.as_str().to_owned()),
        pending: Set(pending.to_owned()),
        expires_at: Set(expires_at.timestamp_micros()),
    };
    let replace = OnConflict::column(C::Hash).update_columns([C::Pending, C::ExpiresAt]).to_owned();
    sign_in_pending::Entity::insert(row)
        .on_conflict(replace)
        .exec_without_returning(tx.connection())
        .await
        .context("cannot store a sign-in under way")?;
    Ok(())
}

/// What is kept, and stays.
pub(super) async fn pending(on: &impl ConnectionTrait, hash: &Hashed, now: DateTime<Utc>) -> Result<Option<String>, db::Error> {
    let row = sign_in_pending::Entity::find_by_id(hash.as_str()).one(on).await.context("cannot read what was kept")?;
    Ok(row.filter(|row| row.expires_at > now.timestamp_micros()).map(|row| row.pending))
}

/// The same, which from now on is there no more: of two who take it at once only one gets it.
pub(super) async fn take_pending(tx: &Transaction, hash: &Hashed, now: DateTime<Utc>) -> Result<Option<String>, db::Error> {
    let on = tx.connection();
    let row = sign_in_pending::Entity::find_by_id(hash.as_str()).one(on).await.context("cannot read a sign-in under way")?;
    let gone = sign_in_pending::Entity::delete_by_id(hash.as_str()).exec(on).await.context("cannot end a sign-in under way")?;
    let good = |row: &sign_in_pending::Model| gone.rows_affected == 1 && row.expires_at > now.timestamp_micros();
    Ok(row.filter(good).map(|row| row.pending))
}

/// How many there are now, with this one, since the window began. Of many at once each counts: whoever comes second
/// waits until the first is done.
pub(super) async fn count(tx: &Transaction, key: &str, now: DateTime<Utc>, window: Duration) -> Result<i32, db::Error> {
    const WHAT: &str = "cannot count attempts";
    let on = tx.connection();
    // What is over says which addresses asked, to whoever tries them all; so it goes with the next count.
    forget_attempts(tx, now, window).await?;
    // INSERT INTO attempt … ON CONFLICT (key) DO UPDATE SET count = attempt.count + 1
    let row = attempt::ActiveModel { key: Set(key.to_owned()), since: Set(now.timestamp_micros()), count: Set(1) };
    let one_more =
        OnConflict::column(attempt::Column::Key).value(attempt::Column::Count, Expr::cust("attempt.count + 1")).to_owned();
    attempt::Entity::insert(row).on_conflict(one_more).exec_without_returning(on).await.context(WHAT)?;
    let counted = attempt::Entity::find_by_id(key).one(on).await.context(WHAT)?;
    Ok(counted.map_or(i32::MAX, |row| row.count))
}

pub(super) async fn tidy(tx: &Transaction, now: DateTime<Utc>, window: Duration) -> Result<(), db::Error> {
    let on = tx.connection();
    let old = sign_in_link::Column::ExpiresAt.lte(now.timestamp_micros());
    sign_in_link::Entity::delete_many().filter(old).exec(on).await.context("cannot delete links")?;
    let old = sign_in_pending::Column::ExpiresAt.lte(now.timestamp_micros());
    sign_in_pending::Entity::delete_many().filter(old).exec(on).await.context("cannot delete sign-ins under way")?;
    forget_attempts(tx, now, window).await
}

/// Forget counts that are over, and those from a time that a clock was ahead: they would go on for too long.
async fn forget_attempts(tx: &Transaction, now: DateTime<Utc>, window: Duration) -> Result<(), db::Error> {
    let over = Condition::any()
        .add(attempt::Column::Since.lte((now - window).timestamp_micros()))
        .add(attempt::Column::Since.gt(now.timestamp_micros()));
    attempt::Entity::delete_many().filter(over).exec(tx.connection()).await.context("cannot delete attempts").map(drop)
}
