//! The table `words`: everyday words and the needs' own words, each table as the CSV that people edit.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait as _, EntityTrait, Set, sea_query::OnConflict};

use super::{Refused, Words};
use crate::{
    clock::Clock,
    clock::moment,
    db::{self, Context as _, Database},
};

mod row {
    #![expect(unreachable_pub, reason = "the derive needs its types to be public")]
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "words")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        #[sea_orm(column_type = "Text")]
        pub body: String,
        pub changed_at: i64,
        #[sea_orm(column_type = "Text")]
        pub changed_by: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// A table of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// Everyday phrases and the needs that they stand for: `phrase,need,notes`.
    Everyday,
    /// The words by which listings show that they help with a need: `need,words`.
    Needs,
}

impl Table {
    const ALL: [Self; 2] = [Self::Everyday, Self::Needs];

    fn name(self) -> &'static str {
        match self {
            Self::Everyday => "everyday",
            Self::Needs => "needs",
        }
    }

    fn starting(self) -> &'static str {
        let [everyday, needs] = Words::STARTING;
        if self == Self::Everyday { everyday } else { needs }
    }
}

/// The tables as they are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    /// Everyday phrases, as CSV.
    pub everyday: String,
    /// The needs' own words, as CSV.
    pub needs: String,
    /// When either was last changed.
    pub changed_at: DateTime<Utc>,
}

impl Edited {
    /// Both tables, read.
    /// # Errors
    /// The first row that cannot be used.
    pub fn read(&self) -> Result<Arc<Words>, Refused> {
        if [&self.everyday, &self.needs] == Words::STARTING.each_ref() {
            return Ok(Words::starting());
        }
        Words::read(&self.everyday, &self.needs).map(Arc::new)
    }

    /// The same with another table in place of one of them.
    #[must_use]
    pub fn with(mut self, table: Table, body: &str) -> Self {
        match table {
            Table::Everyday => body.clone_into(&mut self.everyday),
            Table::Needs => body.clone_into(&mut self.needs),
        }
        self
    }

    /// One of the tables.
    pub fn table(&self, table: Table) -> &str {
        if table == Table::Everyday { &self.everyday } else { &self.needs }
    }
}

/// Why a table was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// A row cannot be used.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The database.
    #[error(transparent)]
    Database(#[from] db::Error),
}

/// The tables in force; a fresh directory is given the starting ones.
/// # Errors
/// When the database fails.
pub async fn load(db: &Database, clock: &Clock) -> Result<Edited, db::Error> {
    for _ in 0..2 {
        let rows = row::Entity::find().all(db.reader()).await.context("cannot read the tables of words")?;
        let find = |table: Table| rows.iter().find(|row| row.name == table.name());
        if let (Some(everyday), Some(needs)) = (find(Table::Everyday), find(Table::Needs)) {
            let changed_at = everyday.changed_at.max(needs.changed_at);
            return Ok(Edited { everyday: everyday.body.clone(), needs: needs.body.clone(), changed_at: moment(changed_at) });
        }
        let tx = db.write().await?;
        for table in Table::ALL {
            let conflict = OnConflict::column(row::Column::Name).do_nothing().to_owned();
            put(&tx, table, table.starting(), clock.now(), "the starting content", conflict).await?;
        }
        tx.commit().await?;
    }
    Err(sea_orm::DbErr::RecordNotFound("words".to_owned())).context("the tables of words are missing")
}

/// Put another table in place of one of them.
/// # Errors
/// When a row cannot be used, or the database fails; the old table then stays.
pub async fn save(db: &Database, clock: &Clock, table: Table, body: &str, by: &str) -> Result<Arc<Words>, SaveError> {
    let edited = load(db, clock).await?.with(table, body);
    let words = edited.read()?;
    let tx = db.write().await?;
    let replace = OnConflict::column(row::Column::Name)
        .update_columns([row::Column::Body, row::Column::ChangedAt, row::Column::ChangedBy])
        .to_owned();
    // A clock that stands still, or was set back, must not hide the change from other processes.
    let at = clock.now().max(edited.changed_at + chrono::TimeDelta::microseconds(1));
    put(&tx, table, body, at, by, replace).await?;
    tx.commit().await?;
    Ok(words)
}

async fn put(
    tx: &db::Transaction,
    table: Table,
    body: &str,
    at: DateTime<Utc>,
    by: &str,
    conflict: OnConflict,
) -> Result<(), db::Error> {
    let row = row::ActiveModel {
        name: Set(table.name().to_owned()),
        body: Set(body.to_owned()),
        changed_at: Set(at.timestamp_micros()),
        changed_by: Set(by.to_owned()),
    };
    let insert = row::Entity::insert(row).on_conflict(conflict);
    let statement = sea_orm::QueryTrait::build(&insert, tx.connection().get_database_backend());
    tx.connection().execute_raw(statement).await.context("cannot write a table of words").map(drop)
}
