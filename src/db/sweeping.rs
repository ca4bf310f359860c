//! Leaving nothing of deleted content in side files: SQLite's log is emptied, PostgreSQL's dead rows are
//! removed.
//!
//! That this is due is written in the transaction that deletes, so it cannot be forgotten: not by a caller,
//! not by a process that ends in between. The server does it within a second or so, commands at their end.

use std::time::Duration;

use sea_orm::{
    ActiveValue::NotSet, ColumnTrait as _, ConnectionTrait as _, DbBackend, EntityTrait as _, QueryFilter as _, QuerySelect as _,
    Statement,
};
use tokio::time::Instant;

use super::{Backend, Context as _, Database, Error, Transaction, connect, pieces};

/// So long a command waits at its end for those that read.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// So long one try may hold up those that write.
const TRY: Duration = Duration::from_millis(10);
/// Time in which readers may finish, between two tries.
const BREATH: Duration = Duration::from_millis(50);
/// What failed.
const SWEEP: &str = "cannot remove deleted content from side files";

mod sweep_due {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "sweep_due")]
    pub(super) struct Model {
        #[sea_orm(primary_key)]
        pub(super) id: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

impl Transaction {
    /// Have side files swept once this is committed: something that may be kept nowhere is deleted in it.
    /// # Errors
    /// When the database fails.
    pub async fn sweep_later(&self) -> Result<(), Error> {
        let row = sweep_due::ActiveModel { id: NotSet };
        sweep_due::Entity::insert(row)
            .exec(&self.inner)
            .await
            .context("cannot note that deleted content has to be removed from side files")
            .map(drop)
    }
}

impl Database {
    /// Sweep where that is due. Whether nothing is due any more: where somebody still reads what was deleted
    /// after `patience`, the next call tries again.
    /// # Errors
    /// When the database refuses.
    pub async fn sweep_due(&self, patience: Duration) -> Result<bool, Error> {
        let due = sweep_due::Entity::find().select_only().column(sweep_due::Column::Id).into_tuple();
        let due: Vec<i64> =
            due.all(&self.read).await.context("cannot see whether deleted content has to be removed from side files")?;
        if due.is_empty() {
            return Ok(true);
        }
        let swept = match self.backend {
            Backend::Sqlite if self.empty_log(patience).await? => due.clone(),
            Backend::Sqlite => Vec::new(),
            Backend::Postgres => self.vacuum(due.len(), patience).await?,
        };
        // Those that were there before, no others: what was committed meanwhile may not have been swept.
        for chunk in pieces(&swept) {
            sweep_due::Entity::delete_many()
                .filter(sweep_due::Column::Id.is_in(chunk.iter().copied()))
                .exec(&self.write)
                .await
                .context("cannot note that deleted content was removed from side files")?;
        }
        Ok(due.iter().all(|id| swept.contains(id)))
    }

    /// [`Database::sweep_due`], as commands do at their end: with as much patience as people have.
    /// # Errors
    /// As there.
    pub async fn sweep_now(&self) -> Result<(), Error> {
        if !self.sweep_due(PATIENCE).await? {
            tracing::warn!(
                "another process is still reading what was deleted; the server or the next command will remove it from the side files"
            );
        }
        Ok(())
    }

    /// Remove PostgreSQL's dead rows from every table, once nobody reads what these notes are about, or `patience` is
    /// over: a vacuum passes over rows that an older snapshot, such as a backup's, can still see. Gives the notes of
    /// what is gone for sure.
    async fn vacuum(&self, notes: usize, patience: Duration) -> Result<Vec<i64>, Error> {
        let until = Instant::now() + patience;
        let seen_by_nobody = loop {
            let found = self.seen_by_nobody().await?;
            if found.len() >= notes || Instant::now() >= until {
                break found;
            }
            tokio::time::sleep(BREATH).await;
        };
        if seen_by_nobody.is_empty() {
            return Ok(seen_by_nobody);
        }
        let tables = "SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables WHERE schemaname = current_schema()";
        let tables = Statement::from_string(DbBackend::Postgres, tables);
        let tables = self.write.query_one_raw(tables).await.context(SWEEP)?;
        let tables: String = tables.map_or(Ok(String::new()), |row| row.try_get_by_index(0)).context(SWEEP)?;
        self.write.execute_unprepared(&format!("VACUUM {tables}")).await.context(SWEEP)?;
        Ok(seen_by_nobody)
    }

    /// The notes of deletions that came before every snapshot and every transaction that there is now, as far as
    /// this user may see: what they are about is seen by nobody, so a vacuum that begins now removes it. A new
    /// snapshot is never older than those that PostgreSQL counts here.
    async fn seen_by_nobody(&self) -> Result<Vec<i64>, Error> {
        let sql = "SELECT id FROM sweep_due WHERE age(xmin) > ALL (
                       SELECT age(pg_snapshot_xmin(pg_current_snapshot())::xid)
                       UNION ALL
                       SELECT age(backend_xmin) FROM pg_stat_activity
                       WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid()
                         AND (datname = current_database() OR backend_type = 'walsender')
                       UNION ALL
                       SELECT age(xmin) FROM pg_replication_slots WHERE xmin IS NOT NULL)";
        let rows = self.write.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await.context(SWEEP)?;
        rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>().context(SWEEP)
    }

    /// Empty SQLite's log. Whether that was possible within `patience`: only while nobody reads an earlier state.
    pub(super) async fn empty_log(&self, patience: Duration) -> Result<bool, Error> {
        let Some(address) = &self.address else { return Ok(true) };
        // A connection of its own, and one that gives up soon: every writer waits for as long as this waits for
        // readers.
        let connection = connect(address, 1, |options| {
            options.map_sqlx_sqlite_opts(|sqlite| sqlite.busy_timeout(TRY));
        })
        .await?;
        let until = Instant::now() + patience;
        let emptied = loop {
            let statement = Statement::from_string(DbBackend::Sqlite, "PRAGMA wal_checkpoint(TRUNCATE)");
            let row = connection.query_one_raw(statement).await.context(SWEEP)?;
            let busy = row.is_some_and(|row| row.try_get_by_index::<i32>(0).is_ok_and(|busy| busy != 0));
            if !busy || Instant::now() >= until {
                break !busy;
            }
            tokio::time::sleep(BREATH).await;
        };
        connection.close().await.context("cannot close the database")?;
        Ok(emptied)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::db::Durability;

    async fn table(db: &Database) -> Result<(), Error> {
        let tx = db.write().await?;
        tx.inner.execute_unprepared("CREATE TABLE t (x TEXT)").await.context("test")?;
        tx.inner.execute_unprepared("INSERT INTO t VALUES ('14 Secret Street')").await.context("test")?;
        tx.commit().await
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_sweep_waits_for_readers_and_holds_no_writer_up() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.db");
        let db = Database::open(&format!("sqlite:{}", file.display()), Durability::Full).await.unwrap();
        table(&db).await.unwrap();
        let reading = db.snapshot().await.unwrap();
        reading
            .inner
            .query_one_raw(sea_orm::Statement::from_string(sea_orm::DbBackend::Sqlite, "SELECT * FROM t"))
            .await
            .unwrap();
        let tx = db.write().await.unwrap();
        tx.inner.execute_unprepared("DELETE FROM t").await.unwrap();
        tx.sweep_later().await.unwrap();
        tx.commit().await.unwrap();

        let sweeping = tokio::spawn({
            let db = db.clone();
            async move { db.sweep_due(Duration::from_secs(1)).await.unwrap() }
        });
        let began = Instant::now();
        for _ in 0..5 {
            let tx = db.write().await.unwrap();
            tx.inner.execute_unprepared("INSERT INTO t VALUES ('harmless')").await.unwrap();
            tx.commit().await.unwrap();
        }
        assert!(began.elapsed() < Duration::from_secs(5), "writers go on: {:?}", began.elapsed());
        assert!(!sweeping.await.unwrap(), "somebody still reads what was deleted");

        reading.roll_back().await.unwrap();
        assert!(db.sweep_due(Duration::from_secs(5)).await.unwrap());
        for entry in fs::read_dir(folder.path()).unwrap() {
            let bytes = fs::read(entry.unwrap().path()).unwrap();
            assert!(!bytes.windows(13).any(|some| some == b"Secret Street"), "nothing is left of it");
        }
        assert!(db.sweep_due(Duration::ZERO).await.unwrap(), "nothing is due any more");
    }
}
