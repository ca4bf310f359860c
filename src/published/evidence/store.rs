//! The table `evidence`, beside `published`.

use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, JoinType, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Set,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

use super::{Evidence, Row};
use crate::{
    clock::moment,
    db::{self, Context as _, Database, Transaction},
    model::Kind,
    published::{Position, own::OwnRow, store::row},
};

mod evidence {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "evidence")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) id: Uuid,
        #[sea_orm(column_type = "Text", nullable)]
        pub(super) statement: Option<String>,
        #[sea_orm(column_type = "Text", nullable)]
        pub(super) data: Option<String>,
        #[sea_orm(column_type = "Text")]
        pub(super) via: String,
        pub(super) received_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    /// What is published of the record, to what its origin has signed of it.
    pub(super) fn of_published() -> RelationDef {
        use crate::published::store::row;
        row::Entity::belongs_to(Entity).from(row::Column::Id).to(Column::Id).into()
    }
    impl ActiveModelBehavior for ActiveModel {}
}

use evidence::Column as C;

/// Keep evidence, in place of what was kept of the same records.
/// # Errors
/// When the database fails.
pub async fn put(tx: &Transaction, all: &[Evidence]) -> Result<(), db::Error> {
    let replace = OnConflict::column(C::Id).update_columns([C::Statement, C::Data, C::Via, C::ReceivedAt]).to_owned();
    for chunk in db::pieces(all) {
        let rows = chunk.iter().map(|one| evidence::ActiveModel {
            id: Set(one.id),
            statement: Set(one.statement.clone()),
            data: Set(one.data.clone()),
            via: Set(one.via.clone()),
            received_at: Set(one.received_at.timestamp_micros()),
        });
        evidence::Entity::insert_many(rows)
            .on_conflict(replace.clone())
            .exec_without_returning(tx.connection())
            .await
            .context("cannot store what an origin has signed")?;
    }
    Ok(())
}

/// Destroy what is kept of these records. That there was something stays known, so that followers are told
/// that it is not passed on any more.
/// # Errors
/// When the database fails.
pub async fn blank(tx: &Transaction, ids: &[Uuid]) -> Result<(), db::Error> {
    for chunk in db::pieces(ids) {
        evidence::Entity::update_many()
            .col_expr(C::Statement, Expr::value(Option::<String>::None))
            .col_expr(C::Data, Expr::value(Option::<String>::None))
            .filter(C::Id.is_in(chunk.iter().copied()))
            .exec(tx.connection())
            .await
            .context("cannot destroy what an origin has signed")?;
    }
    Ok(())
}

/// Destroy everything that is kept.
/// # Errors
/// When the database fails.
pub async fn clear(tx: &Transaction) -> Result<(), db::Error> {
    evidence::Entity::delete_many().exec(tx.connection()).await.context("cannot destroy what origins have signed").map(drop)
}

/// Destroy everything that was kept, where nothing is passed on any more.
/// # Errors
/// When the database fails.
pub async fn forget_all(db: &Database) -> Result<(), db::Error> {
    let any = evidence::Entity::find().limit(1).one(db.reader()).await.context("cannot read what origins have signed")?;
    if any.is_none() {
        return Ok(());
    }
    let tx = db.write().await?;
    clear(&tx).await?;
    tx.sweep_later().await?;
    tx.commit().await
}

type Columns = (
    Uuid,
    i16,
    i64,
    bool,
    String,
    Option<String>,
    i64,
    Option<Uuid>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<i64>,
);

/// Own records, and those with evidence, that came after `position`, in order, at most `limit`.
/// # Errors
/// When the database fails.
pub async fn after(db: &Database, position: Position, limit: u64) -> Result<Vec<Row>, db::Error> {
    after_on(db.reader(), position, limit).await
}

/// [`after`], as things are in a snapshot.
/// # Errors
/// When the database fails.
pub async fn after_in(snapshot: &Transaction, position: Position, limit: u64) -> Result<Vec<Row>, db::Error> {
    after_on(snapshot.connection(), position, limit).await
}

async fn after_on(on: &impl ConnectionTrait, position: Position, limit: u64) -> Result<Vec<Row>, db::Error> {
    use row::Column as P;
    // SELECT … FROM published p LEFT JOIN evidence e ON e.id = p.id
    //   WHERE p.position > ? AND p.derived_from IS NULL AND (p.origin = '' OR e.id IS NOT NULL)
    //   ORDER BY p.position LIMIT ?
    let rows: Vec<Columns> = told()
        .select_only()
        .columns([P::Id, P::Kind, P::Position, P::Live, P::Full, P::Statement, P::ChangedAt])
        .columns([C::Id, C::Statement, C::Data, C::Via, C::ReceivedAt])
        .filter(P::Position.gt(position.0))
        .order_by_asc(P::Position)
        .limit(limit)
        .into_tuple()
        .all(on)
        .await
        .context("cannot read what is passed on")?;
    Ok(rows.into_iter().filter_map(read).collect())
}

/// The latest position of what is told; none while there is nothing.
/// # Errors
/// When the database fails.
pub async fn head(db: &Database) -> Result<Option<Position>, db::Error> {
    head_on(db.reader()).await
}

/// [`head`], as things are in a snapshot.
/// # Errors
/// When the database fails.
pub async fn head_in(snapshot: &Transaction) -> Result<Option<Position>, db::Error> {
    head_on(snapshot.connection()).await
}

async fn head_on(on: &impl ConnectionTrait) -> Result<Option<Position>, db::Error> {
    let latest: Option<i64> = told()
        .select_only()
        .column(row::Column::Position)
        .order_by_desc(row::Column::Position)
        .limit(1)
        .into_tuple()
        .one(on)
        .await
        .context("cannot read what is passed on")?;
    Ok(latest.map(Position))
}

fn told() -> sea_orm::Select<row::Entity> {
    let is_told = Condition::any().add(row::Column::Origin.eq("")).add(C::Id.is_not_null());
    row::Entity::find()
        .join(JoinType::LeftJoin, evidence::of_published())
        .filter(row::Column::DerivedFrom.is_null())
        .filter(is_told)
}

fn read(columns: Columns) -> Option<Row> {
    let (id, kind, position, live, full, statement, changed_at, kept_id, signed, data, via, received_at) = columns;
    // Of our own records nothing of anybody else counts.
    let evidence = match &statement {
        Some(_) => None,
        None => Some(Evidence {
            id: kept_id?,
            statement: signed,
            data,
            via: via.unwrap_or_default(),
            received_at: moment(received_at.unwrap_or_default()),
        }),
    };
    let row = OwnRow {
        id,
        kind: Kind::from_number(kind)?,
        position: Position(position),
        live,
        full,
        statement: statement.unwrap_or_default(),
        changed_at: moment(changed_at),
    };
    Some(Row { row, evidence })
}
