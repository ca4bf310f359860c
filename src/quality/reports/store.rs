//! The table `report`.

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select, Set, sea_query::Expr,
};
use uuid::Uuid;

use super::{Report, Standing, Wrong};
use crate::{
    clock::moment,
    db::{self, Context as _, Database, Transaction},
    identity::Email,
};

mod report {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "report")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) id: Uuid,
        pub(super) record_id: Uuid,
        #[sea_orm(column_type = "Text")]
        pub(super) ticks: String,
        #[sea_orm(column_type = "Text", nullable)]
        pub(super) words: Option<String>,
        #[sea_orm(column_type = "Text", nullable)]
        pub(super) reply_to: Option<String>,
        pub(super) at: i64,
        pub(super) state: i16,
        #[sea_orm(column_type = "Text", nullable)]
        pub(super) settled_by: Option<String>,
        pub(super) settled_at: Option<i64>,
        #[sea_orm(column_type = "Text", nullable)]
        pub(super) answer: Option<String>,
        pub(super) told_at: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

use report::Column as C;

/// Reports that one list holds.
const MOST: u64 = 500;

impl Standing {
    fn number(self) -> i16 {
        match self {
            Self::Open => 0,
            Self::Corrected => 1,
            Self::Unchanged => 2,
        }
    }

    fn from_number(number: i16) -> Self {
        match number {
            0 => Self::Open,
            1 => Self::Corrected,
            _ => Self::Unchanged,
        }
    }
}

fn from_row(row: report::Model) -> Report {
    Report {
        id: row.id,
        record: row.record_id,
        wrong: row.ticks.split(',').filter_map(Wrong::read).collect(),
        words: row.words,
        wants_answer: row.reply_to.is_some(),
        at: moment(row.at),
        standing: Standing::from_number(row.state),
        settled_by: row.settled_by,
        settled_at: row.settled_at.map(moment),
        answer: row.answer,
    }
}

pub(super) async fn put(tx: &Transaction, report: &Report, reply_to: Option<String>) -> Result<(), db::Error> {
    let row = report::ActiveModel {
        id: Set(report.id),
        record_id: Set(report.record),
        ticks: Set(report.wrong.iter().map(|wrong| wrong.as_str()).collect::<Vec<_>>().join(",")),
        words: Set(report.words.clone()),
        reply_to: Set(reply_to),
        at: Set(report.at.timestamp_micros()),
        state: Set(report.standing.number()),
        settled_by: Set(None),
        settled_at: Set(None),
        answer: Set(None),
        told_at: Set(None),
    };
    Box::pin(report::Entity::insert(row).exec_without_returning(tx.connection())).await.context("cannot store a report").map(drop)
}

/// The reports about a listing of which letters went out since then.
pub(super) async fn told_since(tx: &Transaction, record: Uuid, since: DateTime<Utc>) -> Result<Vec<Report>, db::Error> {
    let rows = report::Entity::find()
        .filter(C::RecordId.eq(record))
        .filter(C::ToldAt.gt(since.timestamp_micros()))
        .all(tx.connection())
        .await
        .context("cannot read reports")?;
    Ok(rows.into_iter().map(from_row).collect())
}

/// The listings with reports that nobody has settled and nobody was told of.
pub(super) async fn untold(db: &Database) -> Result<Vec<Uuid>, db::Error> {
    let rows = untold_rows().limit(MOST).all(db.reader()).await.context("cannot read reports")?;
    let mut records: Vec<Uuid> = rows.into_iter().map(|row| row.record_id).collect();
    records.sort_unstable();
    records.dedup();
    Ok(records)
}

fn untold_rows() -> Select<report::Entity> {
    let open = report::Entity::find().filter(C::State.eq(Standing::Open.number())).filter(C::ToldAt.is_null());
    open.order_by_asc(C::At).order_by_asc(C::Id)
}

/// Note that letters go out about those of a listing's reports that nobody was told of; the oldest first. None of
/// them where somebody else does so at this moment.
pub(super) async fn tell(tx: &Transaction, record: Uuid, now: DateTime<Utc>) -> Result<Vec<Report>, db::Error> {
    let rows = untold_rows().filter(C::RecordId.eq(record)).limit(MOST).all(tx.connection()).await;
    let rows = rows.context("cannot read reports")?;
    let told = report::Entity::update_many()
        .col_expr(C::ToldAt, Expr::value(now.timestamp_micros()))
        .filter(C::ToldAt.is_null())
        .filter(C::Id.is_in(rows.iter().map(|row| row.id)))
        .exec(tx.connection())
        .await
        .context("cannot note who was told of a report")?;
    Ok(if told.rows_affected == 0 { Vec::new() } else { rows.into_iter().map(from_row).collect() })
}

pub(super) async fn find(db: &Database, id: Uuid) -> Result<Option<Report>, db::Error> {
    Ok(report::Entity::find_by_id(id).one(db.reader()).await.context("cannot read a report")?.map(from_row))
}

pub(super) async fn open(db: &Database) -> Result<Vec<Report>, db::Error> {
    let rows = report::Entity::find()
        .filter(C::State.eq(Standing::Open.number()))
        .order_by_asc(C::At)
        .order_by_asc(C::Id)
        .limit(MOST)
        .all(db.reader())
        .await
        .context("cannot read reports")?;
    Ok(rows.into_iter().map(from_row).collect())
}

pub(super) async fn about(db: &Database, record: Uuid) -> Result<Vec<Report>, db::Error> {
    let rows = report::Entity::find()
        .filter(C::RecordId.eq(record))
        .order_by_desc(C::At)
        .limit(MOST)
        .all(db.reader())
        .await
        .context("cannot read reports")?;
    Ok(rows.into_iter().map(from_row).collect())
}

/// Every report in which somebody wrote something.
pub(super) async fn with_words(db: &Database) -> Result<Vec<Report>, db::Error> {
    let has_words = sea_orm::Condition::any().add(C::Words.is_not_null()).add(C::Answer.is_not_null());
    let query = report::Entity::find().filter(has_words).order_by_desc(C::At);
    let rows = query.all(db.reader()).await.context("cannot read reports")?;
    Ok(rows.into_iter().map(from_row).collect())
}

pub(super) async fn forget_words(tx: &Transaction, id: Uuid) -> Result<(), db::Error> {
    let nothing = Expr::value(None::<String>);
    report::Entity::update_many()
        .col_expr(C::Words, nothing.clone())
        .col_expr(C::Answer, nothing)
        .filter(C::Id.eq(id))
        .exec(tx.connection())
        .await
        .context("cannot delete the words of a report")
        .map(drop)
}

pub(super) async fn reply_to(tx: &Transaction, id: Uuid) -> Result<Option<String>, db::Error> {
    let row = report::Entity::find_by_id(id).one(tx.connection()).await.context("cannot read a report")?;
    Ok(row.and_then(|row| row.reply_to))
}

/// Note that a report is settled, and forget the address. False where it was settled before.
pub(super) async fn settle(tx: &Transaction, report: &Report) -> Result<bool, db::Error> {
    let settled = report::Entity::update_many()
        .col_expr(C::State, Expr::value(report.standing.number()))
        .col_expr(C::SettledBy, Expr::value(report.settled_by.clone()))
        .col_expr(C::SettledAt, Expr::value(report.settled_at.map(|at| at.timestamp_micros())))
        .col_expr(C::Answer, Expr::value(report.answer.clone()))
        .col_expr(C::ReplyTo, Expr::value(None::<String>))
        .filter(C::Id.eq(report.id))
        .filter(C::State.eq(Standing::Open.number()))
        .exec(tx.connection())
        .await
        .context("cannot settle a report")?;
    Ok(settled.rows_affected == 1)
}

pub(super) async fn forget_old(db: &Database, before: DateTime<Utc>) -> Result<u64, db::Error> {
    let tx = db.write().await?;
    let gone = report::Entity::delete_many()
        .filter(C::SettledAt.lt(before.timestamp_micros()))
        .exec(tx.connection())
        .await
        .context("cannot delete reports")?;
    tx.commit().await?;
    Ok(gone.rows_affected)
}

/// Forget the address of whoever can be answered there; in how many reports it stood.
pub(super) async fn forget_reporter(tx: &Transaction, email: &Email) -> Result<u64, db::Error> {
    let rows =
        report::Entity::find().filter(C::ReplyTo.is_not_null()).all(tx.connection()).await.context("cannot read reports")?;
    let is_theirs = |row: &report::Model| {
        let address = row.reply_to.as_deref().and_then(|address| address.parse::<Email>().ok());
        address.as_ref() == Some(email)
    };
    let theirs: Vec<Uuid> = rows.iter().filter(|row| is_theirs(row)).map(|row| row.id).collect();
    if theirs.is_empty() {
        return Ok(0);
    }
    let gone = report::Entity::update_many()
        .col_expr(C::ReplyTo, Expr::value(None::<String>))
        .filter(C::Id.is_in(theirs))
        .exec(tx.connection())
        .await
        .context("cannot delete the address of somebody who reported something")?;
    Ok(gone.rows_affected)
}

pub(super) async fn forget_reporters(db: &Database, before: DateTime<Utc>) -> Result<u64, db::Error> {
    let tx = db.write().await?;
    let gone = report::Entity::update_many()
        .col_expr(C::ReplyTo, Expr::value(None::<String>))
        .filter(C::ReplyTo.is_not_null())
        .filter(C::At.lt(before.timestamp_micros()))
        .exec(tx.connection())
        .await
        .context("cannot delete the addresses of people who reported something")?;
    if gone.rows_affected > 0 {
        tx.sweep_later().await?;
    }
    tx.commit().await?;
    Ok(gone.rows_affected)
}
