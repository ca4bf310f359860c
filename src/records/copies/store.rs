//! Tables that go into a backup as they are: what people have dealt with us about, the support
//! checker, the council's own texts, the directories that are followed and what is known of their records. Secrets
//! have no place here, not even their hashes.

use std::collections::HashSet;

use sea_orm::{
    ConnectionTrait as _, DbBackend, Value,
    sea_query::{Alias, Expr, OnConflict, Order, Query},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::db::{self, Context as _, Transaction};

/// Values in one statement, so that either database takes it.
const MOST_VALUES: usize = 10_000;

/// What stands in a column.
#[derive(Clone, Copy, Debug)]
enum Type {
    Uuid,
    Text,
    Big,
    Int,
    Small,
    Bool,
}

/// A table, and its columns, as many of the first as make its key.
#[derive(Debug)]
pub(super) struct Table {
    name: &'static str,
    /// The table that must be empty for this one to be put back: itself, or the one that its rows belong to.
    with: &'static str,
    key: usize,
    columns: &'static [(&'static str, Type)],
}

use Type::{Big, Bool, Int, Small, Text, Uuid as Id};

/// What is copied, in the order in which it is put back.
pub(super) const TABLES: &[Table] = &[
    Table {
        name: "proposal",
        with: "proposal",
        key: 1,
        columns: &[
            ("id", Id),
            ("record_id", Id),
            ("kind", Small),
            ("origin", Text),
            ("source_id", Text),
            ("base_revision", Big),
            ("document", Text),
            ("by_whom", Text),
            ("why", Text),
            ("at", Big),
            ("decision", Small),
            ("decided_by", Text),
            ("decided_at", Big),
            ("reason", Text),
            ("bundle", Id),
            ("parts", Text),
        ],
    },
    Table {
        name: "message",
        with: "message",
        key: 1,
        columns: &[("id", Id), ("proposal_id", Id), ("at", Big), ("by_whom", Text), ("words", Text)],
    },
    // The code of a claim is a secret: whoever waits for one asks again.
    Table {
        name: "claim",
        with: "claim",
        key: 1,
        columns: &[
            ("id", Id),
            ("organisation_id", Id),
            ("person_id", Id),
            ("words", Text),
            ("evidence", Text),
            ("at", Big),
            ("state", Text),
            ("reason", Text),
            ("decided_by", Text),
            ("code_tries", Int),
        ],
    },
    Table {
        name: "audit",
        with: "audit",
        key: 1,
        columns: &[
            ("id", Id),
            ("at", Big),
            ("who", Text),
            ("what", Text),
            ("subject", Text),
            ("detail", Text),
            ("network", Text),
        ],
    },
    Table {
        name: "call_back",
        with: "call_back",
        key: 1,
        columns: &[
            ("id", Id),
            ("line", Id),
            ("record_id", Id),
            ("revision", Big),
            ("cause", Id),
            ("by_whom", Text),
            ("noted_at", Big),
            ("called_at", Big),
            ("number", Text),
            ("otherwise", Text),
            ("spoke_to", Text),
        ],
    },
    Table {
        name: "assurance",
        with: "assurance",
        key: 1,
        columns: &[("id", Id), ("record_id", Id), ("checked_at", Big), ("by_whom", Text), ("how", Text)],
    },
    Table {
        name: "freshness",
        with: "freshness",
        key: 1,
        columns: &[("record_id", Id), ("since", Big), ("checked_at", Big), ("mark", Small)],
    },
    Table {
        name: "reminder",
        with: "reminder",
        key: 4,
        columns: &[("record_id", Id), ("recipient", Text), ("base", Big), ("stage", Small), ("sent_at", Big)],
    },
    Table {
        name: "report",
        with: "report",
        key: 1,
        columns: &[
            ("id", Id),
            ("record_id", Id),
            ("ticks", Text),
            ("words", Text),
            ("reply_to", Text),
            ("at", Big),
            ("state", Small),
            ("settled_by", Text),
            ("settled_at", Big),
            ("answer", Text),
        ],
    },
    Table {
        name: "text",
        with: "text",
        key: 2,
        columns: &[("slug", Text), ("version", Big), ("body", Text), ("standing", Text), ("saved_at", Big), ("saved_by", Text)],
    },
    Table {
        name: "support_draft",
        with: "support_draft",
        key: 1,
        columns: &[("part", Text), ("body", Text), ("saved_at", Big), ("saved_by", Text)],
    },
    Table {
        name: "support_publication",
        with: "support_publication",
        key: 1,
        columns: &[
            ("number", Big),
            ("checker", Text),
            ("contacts", Text),
            ("cases", Text),
            ("reviewed_by", Text),
            ("published_at", Big),
            ("withdrawn_at", Big),
            ("withdrawn_why", Text),
        ],
    },
    Table {
        name: "peer",
        with: "peer",
        key: 1,
        columns: &[
            ("id", Int),
            ("name", Text),
            ("url", Text),
            ("origin", Text),
            ("moved_to", Text),
            ("kind", Text),
            ("trust", Text),
            ("state", Text),
            ("scope", Text),
            ("licence", Text),
            ("attribution", Text),
            ("every_seconds", Big),
            ("discovered", Text),
            ("pinned_keys", Text),
            ("cursor", Text),
            ("held", Text),
            ("next_due_at", Big),
            ("tried_at", Big),
            ("succeeded_at", Big),
            ("failures", Int),
            ("problem", Text),
            ("report", Text),
            ("lease_fence", Big),
            ("lease_until", Big),
            ("added_at", Big),
        ],
    },
    Table {
        name: "relayed_origin",
        with: "peer",
        key: 1,
        columns: &[("origin", Text), ("discovered", Text), ("keys", Text), ("missed", Bool), ("tried_at", Big)],
    },
    Table {
        name: "foreign_record",
        with: "peer",
        key: 1,
        columns: &[
            ("id", Id),
            ("peer_id", Int),
            ("kind", Small),
            ("foreign_id", Text),
            ("rev", Big),
            ("hash", Text),
            ("live", Bool),
            ("own_item", Bool),
            ("statement", Text),
            ("listed", Text),
            ("crawl", Big),
            ("missing", Int),
            ("fetched_at", Big),
            ("origin", Text),
            ("via", Text),
        ],
    },
    Table {
        name: "held_delete",
        with: "peer",
        key: 1,
        columns: &[
            ("id", Id),
            ("peer_id", Int),
            ("rev", Big),
            ("why", Text),
            ("at", Big),
            ("signed", Bool),
            ("confirmed", Int),
            ("confirmed_at", Big),
        ],
    },
];

/// A row of a table, by columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Which table.
    table: String,
    /// What stands in it.
    row: Map<String, Json>,
}

impl Row {
    /// Whether it can be put back only when it is known who is here.
    pub(super) fn is_of_people(&self) -> bool {
        matches!(self.table.as_str(), "claim" | "message" | "proposal")
    }

    /// Whether it is what somebody wrote who is not here any more, or their claim.
    fn is_of_somebody_gone(&self, known: &HashSet<String>) -> bool {
        let text = |column: &str| self.row.get(column).and_then(Json::as_str).unwrap_or_default();
        let is_gone = |who: &str| who.starts_with("person:") && !known.contains(who);
        match self.table.as_str() {
            "claim" => is_gone(&format!("person:{}", text("person_id"))),
            "message" => is_gone(text("by_whom")),
            "proposal" => self.row.get("decision").and_then(Json::as_i64) == Some(0) && is_gone(text("by_whom")),
            _ => false,
        }
    }

    /// What is written into a column.
    fn value(&self, (column, what): (&str, Type)) -> Value {
        let found = self.row.get(column).unwrap_or(&Json::Null);
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
pub(super) struct Open(Vec<&'static Table>);

impl Open {
    /// Those that are open now.
    pub(super) async fn of(tx: &Transaction) -> Result<Self, db::Error> {
        let mut open = Vec::new();
        for table in TABLES {
            let mut first = Query::select();
            first.expr(Expr::val(1)).from(Alias::new(table.with)).limit(1);
            if tx.connection().query_one(&first).await.context("cannot read a table")?.is_none() {
                open.push(table);
            }
        }
        Ok(Self(open))
    }

    /// Put rows back into those of our tables that are open; what stands in them under the same key stays. What a later
    /// version of this program may have added to a backup is left out.
    pub(super) async fn put_back(&self, tx: &Transaction, rows: &[Row], known: &HashSet<String>) -> Result<(), db::Error> {
        for table in &self.0 {
            let of_table: Vec<&Row> =
                rows.iter().filter(|row| row.table == table.name && !row.is_of_somebody_gone(known)).collect();
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
