//! Reading the tables that go into a backup as they are, and putting them back.

use std::collections::HashSet;

use sea_orm::{
    ConnectionTrait as _, DbBackend, Value,
    sea_query::{Alias, Expr, OnConflict, Order, Query},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::tables::{
    TABLES, Table,
    Type::{self, Big, Bool, Int, Small, Text, Uuid as Id},
    own_rows,
};
use crate::db::{self, Context as _, Transaction};

/// Values in one statement, so that either database takes it.
const MOST_VALUES: usize = 10_000;

/// A row of a table, by columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Which table.
    pub(super) table: String,
    /// What stands in it.
    pub(super) row: Map<String, Json>,
}

impl Row {
    /// Whether it can be put back only when it is known who is here, and what was erased of whom.
    pub(super) fn is_of_people(&self) -> bool {
        matches!(self.table.as_str(), "appeal" | "call_back" | "claim" | "message" | "proposal" | "report")
    }

    /// Whether it is what somebody wrote who is not here any more, or their claim.
    fn is_of_somebody_gone(&self, known: &HashSet<String>) -> bool {
        let text = |column: &str| self.row.get(column).and_then(Json::as_str).unwrap_or_default();
        let is_gone = |who: &str| who.starts_with("person:") && !known.contains(who);
        match self.table.as_str() {
            "claim" => is_gone(&format!("person:{}", text("person_id"))),
            "appeal" | "message" => is_gone(text("by_whom")),
            "proposal" => self.row.get("decision").and_then(Json::as_i64) == Some(0) && is_gone(text("by_whom")),
            _ => false,
        }
    }

    /// What stood in a column before backups had it, as the migration that added it says.
    fn before(&self, column: &str) -> Json {
        match column {
            // Of old reports everybody was told as they came.
            "told_at" => self.row.get("at").cloned().unwrap_or_default(),
            "signed" => json!(false),
            "confirmed" => json!(0),
            _ => Json::Null,
        }
    }

    /// What is written into a column.
    fn value(&self, (column, what): (&str, Type)) -> Value {
        let before;
        let found = if let Some(found) = self.row.get(column) {
            found
        } else {
            before = self.before(column);
            &before
        };
        let number = found.as_i64();
        match what {
            Id => found.as_str().and_then(|id| id.parse::<Uuid>().ok()).into(),
            Text => found.as_str().map(str::to_owned).into(),
            Big => number.into(),
            Int => number.and_then(|number| i32::try_from(number).ok()).into(),
            Small => number.and_then(|number| i16::try_from(number).ok()).into(),
            Bool => found.as_bool().into(),
        }
    }
}

/// Rows of a table behind the first `skip`, in order of its key.
pub(super) async fn rows(snapshot: &Transaction, table: &Table, skip: u64, limit: u64) -> Result<Vec<Row>, db::Error> {
    let mut query = Query::select();
    query.from(Alias::new(table.name)).columns(table.columns.iter().map(|(name, _)| Alias::new(*name)));
    for (name, _) in &table.columns[..table.key] {
        query.order_by(Alias::new(*name), Order::Asc);
    }
    query.limit(limit).offset(skip);
    let found = snapshot.connection().query_all(&query).await.context("cannot copy a table")?;
    let mut rows = Vec::with_capacity(found.len());
    for one in found {
        let mut row = Map::new();
        for (name, what) in table.columns {
            let value = match what {
                Id => one.try_get::<Option<Uuid>>("", name).map(|id| json!(id)),
                Text => one.try_get::<Option<String>>("", name).map(|text| json!(text)),
                Big => one.try_get::<Option<i64>>("", name).map(|number| json!(number)),
                Int => one.try_get::<Option<i32>>("", name).map(|number| json!(number)),
                Small => one.try_get::<Option<i16>>("", name).map(|number| json!(number)),
                Bool => one.try_get::<Option<bool>>("", name).map(|flag| json!(flag)),
            };
            row.insert((*name).to_owned(), value.context("cannot copy a table")?);
        }
        rows.push(Row { table: table.name.to_owned(), row });
    }
    Ok(rows)
}

/// The tables that rows are put back into: those that nothing of the kind was in when that began.
#[derive(Debug)]
pub(super) struct Open {
    tables: Vec<&'static Table>,
    /// Those of them whose first rows have gone to make room.
    emptied: HashSet<&'static str>,
}

impl Open {
    /// Those that are open now.
    pub(super) async fn of(tx: &Transaction) -> Result<Self, db::Error> {
        let mut tables = Vec::new();
        for table in TABLES {
            let mut first = Query::select();
            first.expr(Expr::val(1)).from(Alias::new(table.with)).limit(1);
            if let Some(own) = own_rows(table.with) {
                first.and_where(Expr::cust(own));
            }
            if tx.connection().query_one(&first).await.context("cannot read a table")?.is_none() {
                tables.push(table);
            }
        }
        Ok(Self { tables, emptied: HashSet::new() })
    }

    /// Put rows back into those of our tables that are open; what stands in them under the same key stays, but for what
    /// a new directory begins with. What a later version of this program may have added to a backup is left out.
    pub(super) async fn put_back(&mut self, tx: &Transaction, rows: &[Row], known: &HashSet<String>) -> Result<(), db::Error> {
        for table in &self.tables {
            let of_table: Vec<&Row> =
                rows.iter().filter(|row| row.table == table.name && !row.is_of_somebody_gone(known)).collect();
            if !of_table.is_empty() && own_rows(table.name).is_some() && self.emptied.insert(table.name) {
                let mut beginning = Query::delete();
                beginning.from_table(Alias::new(table.name));
                tx.connection().execute(&beginning).await.context("cannot restore a table")?;
            }
            for some in of_table.chunks(MOST_VALUES / table.columns.len()) {
                let mut insert = Query::insert();
                insert
                    .into_table(Alias::new(table.name))
                    .columns(table.columns.iter().map(|(name, _)| Alias::new(*name)))
                    .on_conflict(OnConflict::new().do_nothing().to_owned());
                for row in some {
                    insert.values_panic(table.columns.iter().map(|column| Expr::val(row.value(*column))));
                }
                tx.connection().execute(&insert).await.context("cannot restore a table")?;
            }
        }
        Ok(())
    }
}

/// Let new peers have numbers behind those that were put back: PostgreSQL counts beside the table, and SQLite in it.
pub(super) async fn count_on(tx: &Transaction) -> Result<(), db::Error> {
    if tx.connection().get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let set = "SELECT setval(pg_get_serial_sequence('peer', 'id'), (SELECT COALESCE(MAX(id), 0) + 1 FROM peer), false)";
    tx.connection().execute_unprepared(set).await.context("cannot restore the list of peers").map(drop)
}

#[cfg(test)]
mod tests {
    use sea_orm::Statement;

    use super::*;
    use crate::db::{Database, Durability};

    /// Tables that are not copied as they are, and why.
    const NOT_AS_THEY_ARE: &[(&str, &str)] = &[
        ("record revision published scrub annotation picture person member passkey", "copied in forms of their own"),
        ("head reference own_bucket sweep_due stale_source", "made anew from what is put back"),
        ("session sign_in_link sign_in_pending confirm_link invitation api_token attempt", "an old backup must open nothing"),
        ("letter", "it was sent, or is of no use any more"),
        ("place place_import", "imported from a file that anybody can have"),
        ("evidence quarantined openactive_part follower", "their sources tell it again"),
        ("seaql_migrations sqlite_sequence", "the database's own"),
    ];
    /// Columns that are left out: the code of a claim is a secret.
    const LEFT_OUT: &[(&str, &str)] = &[("claim", "code"), ("claim", "code_expires_at")];

    #[tokio::test]
    async fn every_table_and_column_is_in_a_backup_or_left_out_for_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("a.db").display());
        let db = Database::open(&url, Durability::Full).await.unwrap();
        let ask = "SELECT t.name, c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table'";
        let rows = db.reader().query_all_raw(Statement::from_string(DbBackend::Sqlite, ask)).await.unwrap();
        let there: Vec<(String, String)> =
            rows.iter().map(|row| (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap())).collect();
        assert!(there.len() > 100, "{}", there.len());
        let is_elsewhere = |name: &str| NOT_AS_THEY_ARE.iter().any(|(names, _)| names.split(' ').any(|one| one == name));
        let is_copied = |name: &str, column: &str| {
            let mut of_table = TABLES.iter().filter(|table| table.name == name);
            of_table.any(|table| table.columns.iter().any(|(one, _)| *one == column))
        };
        let missing: Vec<&(String, String)> = there
            .iter()
            .filter(|(table, column)| {
                !is_elsewhere(table) && !is_copied(table, column) && !LEFT_OUT.contains(&(table.as_str(), column.as_str()))
            })
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
