//! The table `head`.

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::{
    clock::Clock,
    db::{self, Backend, Context as _, Database, Transaction},
    published::{Head, Position},
};

/// The counter, locked until the transaction ends. Nothing else may be numbered meanwhile, so
/// whoever holds it reads everything that was committed before.
#[derive(Debug)]
pub struct Locked {
    head: Head,
}

impl Locked {
    /// The epoch in force.
    pub fn epoch(&self) -> &str {
        &self.head.epoch
    }

    /// Where the order stood when it was locked, or after what was taken since.
    pub fn position(&self) -> Position {
        self.head.position
    }

    /// The next position.
    pub fn take(&mut self) -> Position {
        self.head.position.0 += 1;
        self.head.position
    }
}

/// Lock the counter. From here on the transaction may not change records any more.
///
/// # Errors
/// When the database fails.
pub async fn lock(tx: &Transaction) -> Result<Locked, db::Error> {
    // The update changes nothing but takes the row's lock, which PostgreSQL gives back only after
    // the commit is visible. That is what makes number order commit order.
    let sql = "UPDATE head SET position = position WHERE id = 1 RETURNING position, epoch, began";
    let row = tx
        .connection()
        .query_one_raw(Statement::from_string(backend(tx.backend()), sql))
        .await
        .context("cannot lock the counter")?;
    let row = row.ok_or_else(|| sea_orm::DbErr::RecordNotFound("head".to_owned())).context("the counter is missing")?;
    Ok(Locked {
        head: Head {
            position: Position(row.try_get("", "position").context("cannot read the counter")?),
            epoch: row.try_get("", "epoch").context("cannot read the counter")?,
            began: Position(row.try_get("", "began").context("cannot read the counter")?),
        },
    })
}

/// Write the counter.
/// # Errors
/// When the database fails.
pub async fn finish(tx: &Transaction, locked: Locked) -> Result<Position, db::Error> {
    let statement =
        Statement::from_sql_and_values(backend(tx.backend()), update_head(tx.backend()), [locked.head.position.0.into()]);
    tx.connection().execute_raw(statement).await.context("cannot move the counter")?;
    Ok(locked.head.position)
}

fn update_head(on: Backend) -> &'static str {
    match on {
        Backend::Sqlite => "UPDATE head SET position = ? WHERE id = 1",
        Backend::Postgres => "UPDATE head SET position = $1 WHERE id = 1",
    }
}

/// Where the order stands. The first call on an empty database begins the first epoch.
/// # Errors
/// When the database fails.
pub async fn head(db: &Database, clock: &Clock) -> Result<Head, db::Error> {
    if let Some(head) = read_head(db).await? {
        return Ok(head);
    }
    let tx = db.write().await?;
    first_epoch(&tx, clock).await?;
    tx.commit().await?;
    read_head(db).await?.ok_or_else(|| sea_orm::DbErr::RecordNotFound("head".to_owned())).context("the counter is missing")
}

/// The counter, as things are in a snapshot; none before the first epoch.
/// # Errors
/// When the database fails.
pub async fn head_in(tx: &Transaction) -> Result<Option<Head>, db::Error> {
    head_on(tx.connection(), tx.backend()).await
}

async fn read_head(db: &Database) -> Result<Option<Head>, db::Error> {
    head_on(db.reader(), db.backend()).await
}

async fn head_on(on: &impl ConnectionTrait, of: db::Backend) -> Result<Option<Head>, db::Error> {
    let statement = Statement::from_string(backend(of), "SELECT position, epoch, began FROM head WHERE id = 1");
    let Some(row) = on.query_one_raw(statement).await.context("cannot read the counter")? else { return Ok(None) };
    Ok(Some(Head {
        position: Position(row.try_get("", "position").context("cannot read the counter")?),
        epoch: row.try_get("", "epoch").context("cannot read the counter")?,
        began: Position(row.try_get("", "began").context("cannot read the counter")?),
    }))
}

/// Begin an epoch: positions go on from the present microsecond, or from the latest position when
/// the clock was set back.
/// # Errors
/// When the database fails.
pub async fn new_epoch(tx: &Transaction, clock: &Clock) -> Result<(), db::Error> {
    let and_go_on = "DO UPDATE SET epoch = excluded.epoch, began = excluded.began, \
         position = CASE WHEN head.position > excluded.position THEN head.position ELSE excluded.position END";
    begin(tx, clock, and_go_on).await
}

/// Begin the first epoch, where there is none yet.
/// # Errors
/// When the database fails.
pub async fn first_epoch(tx: &Transaction, clock: &Clock) -> Result<(), db::Error> {
    begin(tx, clock, "DO NOTHING").await
}

async fn begin(tx: &Transaction, clock: &Clock, on_conflict: &str) -> Result<(), db::Error> {
    let began = clock.now().timestamp_micros();
    let epoch = crate::ids::fresh().simple().to_string();
    // INSERT INTO head … ON CONFLICT (id) DO NOTHING | DO UPDATE SET epoch, began,
    //   position = the later of the counter and the present
    let values = match tx.backend() {
        Backend::Sqlite => "(1, ?, ?, ?)",
        Backend::Postgres => "(1, $1, $2, $3)",
    };
    let sql = format!("INSERT INTO head (id, position, epoch, began) VALUES {values} ON CONFLICT (id) {on_conflict}");
    let statement = Statement::from_sql_and_values(backend(tx.backend()), sql, [began.into(), epoch.into(), began.into()]);
    tx.connection().execute_raw(statement).await.context("cannot start an epoch").map(drop)
}

fn backend(of: Backend) -> DbBackend {
    match of {
        Backend::Sqlite => DbBackend::Sqlite,
        Backend::Postgres => DbBackend::Postgres,
    }
}
