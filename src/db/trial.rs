//! Trying something out: a transaction that nobody can commit.
//!
//! A long one would keep everybody else from saving, so it can have copies of the tables to itself. These are temporary
//! tables: their names come before those of the real ones, so all that is asked and written inside the transaction goes
//! to them, and the database drops them with it, also where the process is killed.

use sea_orm::{
    ConnectionTrait as _, DatabaseTransaction, DbBackend, IsolationLevel, SqliteTransactionMode, Statement, TransactionOptions,
    TransactionTrait as _,
};

use super::{Backend, Context as _, Database, Error, Transaction, damaged};

/// What failed.
const COPY: &str = "cannot copy the tables to try something out on the copies";

/// A transaction that is taken back in the end.
#[derive(Debug)]
pub struct Trial(Transaction);

impl Trial {
    /// For everything that is tried out.
    pub fn transaction(&self) -> &Transaction {
        &self.0
    }

    /// Take everything back.
    /// # Errors
    /// When the connection broke; the database then undoes it by itself.
    pub async fn end(self) -> Result<(), Error> {
        self.0.roll_back().await
    }
}

impl Database {
    /// Try something out where it would be done. Until the end nobody else can save.
    /// # Errors
    /// As [`Database::write`].
    pub async fn try_out(&self) -> Result<Trial, Error> {
        self.write().await.map(Trial)
    }

    /// Try something out on copies of all tables as they are at this moment. Others save meanwhile; it takes as much time
    /// to begin, and room in the temporary folder (on the server of PostgreSQL), as the database has bytes to copy.
    /// # Errors
    /// When the tables cannot be copied.
    pub async fn try_out_on_copies(&self) -> Result<Trial, Error> {
        let options = TransactionOptions {
            // All copies are of one moment.
            isolation_level: (self.backend == Backend::Postgres).then_some(IsolationLevel::RepeatableRead),
            // What is written is temporary, so SQLite's one place for a writer stays free.
            sqlite_transaction_mode: (self.backend == Backend::Sqlite).then_some(SqliteTransactionMode::Deferred),
            ..TransactionOptions::default()
        };
        let inner = self.write.begin_with_options(options).await.context("cannot start a transaction")?;
        match self.backend {
            Backend::Sqlite => copy_of_sqlite(&inner).await?,
            Backend::Postgres => copy_of_postgres(&inner).await?,
        }
        Ok(Trial(Transaction { inner, backend: self.backend, committed: self.committed.clone() }))
    }
}

async fn copy_of_sqlite(tx: &DatabaseTransaction) -> Result<(), Error> {
    run(tx, "PRAGMA temp.cache_size = -48000").await?;
    // Tables come before their indexes, which are sooner made of all rows than row by row.
    let sql = r"SELECT type, name, sql FROM main.sqlite_master
        WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY type DESC";
    for [kind, name, made] in ask::<3>(tx, DbBackend::Sqlite, sql).await? {
        match temporary(&made) {
            Some(copy) => run(tx, &copy).await?,
            None => return Err(damaged("the list of tables", format!("{name} is neither a table nor an index"))),
        }
        if kind == "table" {
            run(tx, &format!("INSERT INTO temp.\"{name}\" SELECT * FROM main.\"{name}\"")).await?;
        }
    }
    Ok(())
}

/// The statement that makes the same as a temporary one. SQLite keeps each as it was, but for the words up to the name.
fn temporary(made: &str) -> Option<String> {
    let table = made.strip_prefix("CREATE TABLE ").map(|rest| format!("CREATE TEMP TABLE {rest}"));
    let index = |begins: &str| Some(format!("{begins}temp.{}", made.strip_prefix(begins)?));
    table.or_else(|| ["CREATE INDEX ", "CREATE UNIQUE INDEX "].into_iter().find_map(index))
}

async fn copy_of_postgres(tx: &DatabaseTransaction) -> Result<(), Error> {
    let sql = "SELECT quote_ident(schemaname), quote_ident(tablename) FROM pg_tables WHERE schemaname = current_schema()";
    for [schema, table] in ask::<2>(tx, DbBackend::Postgres, sql).await? {
        run(tx, &format!("CREATE TEMP TABLE {table} (LIKE {schema}.{table} INCLUDING ALL) ON COMMIT DROP")).await?;
        run(tx, &format!("INSERT INTO pg_temp.{table} SELECT * FROM {schema}.{table}")).await?;
    }
    // What numbers its rows itself would begin with 1 again, be there a row with that number. One of our tables is called
    // "text", so that from here on only the full name means the type.
    let sql = "SELECT quote_ident(table_name), column_name::pg_catalog.text FROM information_schema.columns
        WHERE table_schema = current_schema() AND is_identity = 'YES'";
    for [table, column] in ask::<2>(tx, DbBackend::Postgres, sql).await? {
        let counter = format!("pg_get_serial_sequence('pg_temp.{table}', '{column}')");
        run(tx, &format!("SELECT setval({counter}, COALESCE(MAX({column}), 0) + 1, false) FROM pg_temp.{table}")).await?;
    }
    // Statements that this connection prepared before mean the real tables.
    run(tx, "DISCARD PLANS").await
}

/// The rows of an answer that has `N` columns of text.
async fn ask<const N: usize>(tx: &DatabaseTransaction, backend: DbBackend, sql: &str) -> Result<Vec<[String; N]>, Error> {
    let rows = tx.query_all_raw(Statement::from_string(backend, sql)).await.context(COPY)?;
    let mut answer = Vec::with_capacity(rows.len());
    for row in rows {
        let mut texts = [const { String::new() }; N];
        for (at, text) in texts.iter_mut().enumerate() {
            *text = row.try_get_by_index(at).context(COPY)?;
        }
        answer.push(texts);
    }
    Ok(answer)
}

async fn run(tx: &DatabaseTransaction, sql: &str) -> Result<(), Error> {
    tx.execute_unprepared(sql).await.context(COPY).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_made_like_the_table_and_its_indexes() {
        assert_eq!(
            temporary("CREATE TABLE \"head\" ( \"id\" integer )").unwrap(),
            "CREATE TEMP TABLE \"head\" ( \"id\" integer )"
        );
        let index = "CREATE UNIQUE INDEX \"idx\" ON \"head\" (\"id\")";
        assert_eq!(temporary(index).unwrap(), "CREATE UNIQUE INDEX temp.\"idx\" ON \"head\" (\"id\")");
        assert_eq!(temporary("CREATE VIEW v AS SELECT 1"), None);
    }
}
