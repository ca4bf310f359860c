//! The database: SQLite inside the data directory, or PostgreSQL. The only place, besides the
//! `store.rs` files, that knows how either is spoken to.
//!
//! [`Database::write`] is the only way to begin a transaction that is committed. On SQLite it is IMMEDIATE: with the
//! default mode two transactions that read and then write fail with "database is locked". There is
//! one writing connection there and a few reading ones; PostgreSQL has a pool for each.

mod error;
mod pieces;
mod reaching;
mod sweeping;
mod trial;

use std::{sync::Arc, time::Duration};

use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseConnection, DatabaseTransaction, Statement, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;
use tokio::sync::watch;

pub use error::Error;
pub(crate) use error::{Context, damaged, decode};
pub(crate) use pieces::{in_order, pieces};
pub use reaching::reach;
pub use trial::Trial;

/// So long a database server that is just starting may take until it answers.
const PATIENCE: Duration = Duration::from_secs(20);
/// Prepared statements that each connection to SQLite remembers: a save asks some sixty different ones.
const STATEMENTS: usize = 200;
/// Rows that SQLite, which works in a thread of its own, may be ahead of whoever reads them: more than most statements
/// give, so that the two threads need not wait for each other in the middle of one.
const ROWS: usize = 256;

/// Which database it is, where the two differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// How carefully SQLite writes reach the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// An acknowledged write survives a power cut.
    Full,
    /// The last moments before a power cut may be lost, never the file. For a bulk import, which
    /// can be run again.
    Batched,
    /// The same with less memory, for a pull: it goes on for long, and often beside a server.
    Sparing,
}

/// The database, with its connections. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Database {
    backend: Backend,
    /// SQLite's address, with its file; PostgreSQL's is not kept, since it holds a password.
    address: Option<Arc<str>>,
    read: DatabaseConnection,
    write: DatabaseConnection,
    committed: watch::Sender<u64>,
}

/// A transaction. Dropped without [`Transaction::commit`] it leaves no trace.
#[derive(Debug)]
pub struct Transaction {
    inner: DatabaseTransaction,
    backend: Backend,
    committed: watch::Sender<u64>,
}

impl Database {
    /// Open the database at `url` (`sqlite:FILE` or `postgres://…`) and bring its shape up to date.
    /// # Errors
    /// When it cannot be reached, or was last used by a newer version of this program.
    pub async fn open(url: &str, durability: Durability) -> Result<Self, Error> {
        let backend = if url.starts_with("postgres") { Backend::Postgres } else { Backend::Sqlite };
        let (write, read) = match backend {
            Backend::Postgres => {
                reach(url, PATIENCE).await?;
                // Apart, so that writers that read something beside their transaction never wait for each other.
                (connect(url, 8, |_| {}).await?, connect(url, 8, |_| {}).await?)
            }
            Backend::Sqlite => {
                reaching::ensure_writable(url)?;
                // A bulk import keeps more of the indexes in memory, and folds its log back only when that has 250 MiB:
                // each of its transactions writes most pages of the indexes, and each fold writes those once more. A
                // pull often has a server beside it, of which the commit that comes next folds what the pull has left.
                let (synchronous, cache, checkpoint) = match durability {
                    Durability::Full => ("FULL", "-8000", "1000"),
                    Durability::Batched => ("NORMAL", "-48000", "16000"),
                    Durability::Sparing => ("NORMAL", "-12000", "6000"),
                };
                let write = connect(url, 1, |options| {
                    options.map_sqlx_sqlite_opts(move |sqlite| {
                        sqlite
                            .create_if_missing(true)
                            // A full service has 4 to 9 kB: on pages of this size it is not cut into pieces.
                            .page_size(16_384)
                            .pragma("journal_mode", "WAL")
                            .pragma("synchronous", synchronous)
                            // What is deleted is overwritten: a scrubbed address must not stay in free pages.
                            .pragma("secure_delete", "ON")
                            .pragma("cache_size", cache)
                            .pragma("wal_autocheckpoint", checkpoint)
                            .statement_cache_capacity(STATEMENTS)
                            .row_buffer_size(ROWS)
                            .busy_timeout(Duration::from_secs(30))
                    });
                })
                .await?;
                let read = connect(url, 3, |options| {
                    options.map_sqlx_sqlite_opts(move |sqlite| {
                        sqlite
                            .pragma("query_only", "ON")
                            .pragma("cache_size", "-2000")
                            .statement_cache_capacity(STATEMENTS)
                            .row_buffer_size(ROWS)
                            .busy_timeout(Duration::from_secs(30))
                    });
                })
                .await?;
                (write, read)
            }
        };
        migrations::Migrator::up(&write, None).await.context("cannot migrate the database")?;
        let address = (backend == Backend::Sqlite).then(|| url.into());
        Ok(Self { backend, address, read, write, committed: watch::Sender::new(0) })
    }

    /// Which database it is.
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// For queries. Sees what is committed.
    pub(crate) fn reader(&self) -> &DatabaseConnection {
        &self.read
    }

    /// Begin a transaction.
    /// # Errors
    /// When the database is out of reach, or another writer holds SQLite for over 30 seconds.
    pub async fn write(&self) -> Result<Transaction, Error> {
        let options = TransactionOptions {
            sqlite_transaction_mode: (self.backend == Backend::Sqlite).then_some(sea_orm::SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let inner = self.write.begin_with_options(options).await.context("cannot start a transaction")?;
        Ok(Transaction { inner, backend: self.backend, committed: self.committed.clone() })
    }

    /// Told of each commit that this process makes. Other processes' commits are found by asking.
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.committed.subscribe()
    }

    /// Whether the database answers.
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), Error> {
        self.read.execute_unprepared("SELECT 1").await.context("the database does not answer").map(drop)
    }

    /// Begin to read everything as it is at this moment, while others write.
    /// # Errors
    /// When the database is out of reach.
    pub async fn snapshot(&self) -> Result<Transaction, Error> {
        let options = match self.backend {
            Backend::Sqlite => TransactionOptions::default(),
            Backend::Postgres => TransactionOptions {
                isolation_level: Some(sea_orm::IsolationLevel::RepeatableRead),
                access_mode: Some(sea_orm::AccessMode::ReadOnly),
                ..TransactionOptions::default()
            },
        };
        let inner = self.read.begin_with_options(options).await.context("cannot start reading")?;
        Ok(Transaction { inner, backend: self.backend, committed: self.committed.clone() })
    }

    /// Whether the database finds itself whole.
    /// # Errors
    /// When it does not answer, or says what is damaged.
    pub async fn check(&self) -> Result<(), Error> {
        if self.backend == Backend::Postgres {
            return self.ping().await;
        }
        let statement = Statement::from_string(sea_orm::DbBackend::Sqlite, "PRAGMA quick_check(1)");
        let row = self.read.query_one_raw(statement).await.context("cannot check the database")?;
        let said: String = row.map_or(Ok(String::new()), |row| row.try_get_by_index(0)).context("cannot check the database")?;
        if said == "ok" { Ok(()) } else { Err(damaged("the database", said)) }
    }

    /// Let SQLite fold its log back and refresh its statistics; nothing on PostgreSQL.
    /// # Errors
    /// When the database refuses.
    pub async fn settle(&self) -> Result<(), Error> {
        if self.backend == Backend::Sqlite {
            self.write.execute_unprepared("PRAGMA optimize").await.context("cannot optimise")?;
        }
        self.empty_log(sweeping::PATIENCE).await.map(drop)
    }

    /// Close every connection.
    /// # Errors
    /// When a connection cannot be closed in order.
    pub async fn close(self) -> Result<(), Error> {
        self.read.close().await.context("cannot close the database")?;
        self.write.close().await.context("cannot close the database")
    }
}

#[cfg(test)]
impl Database {
    /// Write down every statement from now on, without what is asked about.
    pub(crate) fn overheard(&mut self) -> Arc<std::sync::Mutex<Vec<String>>> {
        let heard = Arc::new(std::sync::Mutex::new(Vec::new()));
        for connection in [&mut self.read, &mut self.write] {
            let heard = Arc::clone(&heard);
            connection.set_metric_callback(move |said| heard.lock().unwrap().push(said.statement.sql.clone()));
        }
        heard
    }
}

impl Transaction {
    /// For queries and changes inside the transaction.
    pub(crate) fn connection(&self) -> &DatabaseTransaction {
        &self.inner
    }

    /// Which database it is.
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// Make everything that was done stand, and tell the followers.
    /// # Errors
    /// When the database cannot; then nothing of it stands.
    pub async fn commit(self) -> Result<(), Error> {
        self.inner.commit().await.context("cannot commit")?;
        self.committed.send_modify(|n| *n += 1);
        Ok(())
    }

    /// Undo everything.
    /// # Errors
    /// When the connection broke; the database then undoes it by itself.
    pub async fn roll_back(self) -> Result<(), Error> {
        self.inner.rollback().await.context("cannot roll back")
    }
}

/// Whether the database at `url`, which is there, has the shape that [`Database::open`] gives it. Nothing is changed to
/// find out.
/// # Errors
/// When it cannot be reached, or was last used by a newer version of this program.
pub async fn is_up_to_date(url: &str) -> Result<bool, Error> {
    if url.starts_with("postgres") {
        reach(url, PATIENCE).await?;
    }
    let connection = connect(url, 1, |_| {}).await?;
    let to_come = migrations::Migrator::get_pending_migrations_read_only(&connection).await;
    let to_come = to_come.context("cannot read which shape the database has")?;
    connection.close().await.context("cannot close the database")?;
    Ok(to_come.is_empty())
}

async fn connect(url: &str, connections: u32, with: impl FnOnce(&mut ConnectOptions)) -> Result<DatabaseConnection, Error> {
    let mut options = ConnectOptions::new(url.to_owned());
    options
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(Duration::from_secs(30))
        .connect_timeout(Duration::from_secs(10))
        .test_before_acquire(url.starts_with("postgres"))
        .sqlx_logging(false);
    with(&mut options);
    sea_orm::Database::connect(options).await.context("cannot open the database")
}
