//! The tables `support_draft` and `support_publication`. Bodies are JSON as it was handed in, so that
//! members which this version does not know are not lost.

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Unchanged, ConnectionTrait, EntityTrait as _, QueryOrder as _, QuerySelect as _, Set, sea_query::OnConflict,
};

use crate::{
    clock::Clock,
    clock::moment,
    db::{self, Backend, Context as _, Database, Transaction},
};

mod draft {
    #![expect(unreachable_pub, reason = "the derive needs its types to be public")]
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "support_draft")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub part: String,
        #[sea_orm(column_type = "Text")]
        pub body: String,
        pub saved_at: i64,
        #[sea_orm(column_type = "Text")]
        pub saved_by: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

mod publication_row {
    #![expect(unreachable_pub, reason = "the derive needs its types to be public")]
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "support_publication")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub number: i64,
        #[sea_orm(column_type = "Text")]
        pub checker: String,
        #[sea_orm(column_type = "Text")]
        pub contacts: String,
        #[sea_orm(column_type = "Text")]
        pub cases: String,
        #[sea_orm(column_type = "Text")]
        pub reviewed_by: String,
        pub published_at: i64,
        pub withdrawn_at: Option<i64>,
        #[sea_orm(column_type = "Text", nullable)]
        pub withdrawn_why: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// A part of what is published together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Questions, levels and rules.
    Checker,
    /// Lines, panels and first steps.
    Contacts,
    /// Test cases.
    Cases,
}

impl Part {
    /// Every part.
    pub const ALL: [Self; 3] = [Self::Checker, Self::Contacts, Self::Cases];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Checker => "checker",
            Self::Contacts => "contacts",
            Self::Cases => "cases",
        }
    }

    /// What Fingerpost comes with: a sample, to start from.
    pub fn starting(self) -> &'static str {
        match self {
            Self::Checker => include_str!("../../content/support_checker.json"),
            Self::Contacts => include_str!("../../content/support_contacts.json"),
            Self::Cases => include_str!("../../content/support_cases.json"),
        }
    }
}

/// A part as it is being worked on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Which part.
    pub part: Part,
    /// As JSON.
    pub body: String,
    /// When it was handed in, and by whom; none for the sample that Fingerpost comes with.
    pub saved: Option<(DateTime<Utc>, String)>,
}

/// An edition that was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Its number, from 1.
    pub number: i64,
    /// The checker, as JSON.
    pub checker: String,
    /// The contacts, as JSON.
    pub contacts: String,
    /// The test cases that held, as JSON.
    pub cases: String,
    /// Who reviewed every line.
    pub reviewed_by: String,
    /// When.
    pub published_at: DateTime<Utc>,
    /// When and why it was taken away again, if it was.
    pub withdrawn: Option<(DateTime<Utc>, String)>,
}

/// What is being worked on: all three parts, each the latest that was handed in or else the sample.
/// # Errors
/// When the database fails.
pub async fn drafts(db: &Database) -> Result<[Draft; 3], db::Error> {
    drafts_on(db.reader()).await
}

/// The same, as a transaction sees it.
pub(super) async fn drafts_in(tx: &Transaction) -> Result<[Draft; 3], db::Error> {
    drafts_on(tx.connection()).await
}

async fn drafts_on(on: &impl ConnectionTrait) -> Result<[Draft; 3], db::Error> {
    let rows = draft::Entity::find().all(on).await.context("cannot read the drafts of the support checker")?;
    Ok(Part::ALL.map(|part| match rows.iter().find(|row| row.part == part.name()) {
        Some(row) => Draft { part, body: row.body.clone(), saved: Some((moment(row.saved_at), row.saved_by.clone())) },
        None => Draft { part, body: part.starting().to_owned(), saved: None },
    }))
}

/// Keep this as the draft of a part. What the public sees does not change.
/// # Errors
/// When the database fails.
pub async fn save_draft(db: &Database, clock: &Clock, part: Part, body: &str, by: &str) -> Result<(), db::Error> {
    let tx = db.write().await?;
    let row = draft::ActiveModel {
        part: Set(part.name().to_owned()),
        body: Set(body.to_owned()),
        saved_at: Set(clock.now().timestamp_micros()),
        saved_by: Set(by.to_owned()),
    };
    let replace = OnConflict::column(draft::Column::Part)
        .update_columns([draft::Column::Body, draft::Column::SavedAt, draft::Column::SavedBy])
        .to_owned();
    let insert = draft::Entity::insert(row).on_conflict(replace);
    let statement = sea_orm::QueryTrait::build(&insert, tx.connection().get_database_backend());
    tx.connection().execute_raw(statement).await.context("cannot store a draft of the support checker")?;
    tx.commit().await
}

/// The latest edition, or the one with this number; none where there is none.
/// # Errors
/// When the database fails.
pub async fn publication(db: &Database, number: Option<i64>) -> Result<Option<Publication>, db::Error> {
    let query = match number {
        Some(number) => publication_row::Entity::find_by_id(number),
        None => publication_row::Entity::find().order_by_desc(publication_row::Column::Number).limit(1),
    };
    let row = query.one(db.reader()).await.context("cannot read the published support checker")?;
    Ok(row.map(|row| Publication {
        number: row.number,
        checker: row.checker,
        contacts: row.contacts,
        cases: row.cases,
        reviewed_by: row.reviewed_by,
        published_at: moment(row.published_at),
        withdrawn: row.withdrawn_at.map(|at| (moment(at), row.withdrawn_why.unwrap_or_default())),
    }))
}

/// Number of the latest edition, and whether it was taken away: cheap, so it is asked for each page.
/// # Errors
/// When the database fails.
pub(super) async fn latest(db: &Database) -> Result<Option<(i64, bool)>, db::Error> {
    publication_row::Entity::find()
        .select_only()
        .columns([publication_row::Column::Number, publication_row::Column::WithdrawnAt])
        .order_by_desc(publication_row::Column::Number)
        .limit(1)
        .into_tuple::<(i64, Option<i64>)>()
        .one(db.reader())
        .await
        .context("cannot read the published support checker")
        .map(|found| found.map(|(number, withdrawn)| (number, withdrawn.is_some())))
}

/// Write the next edition. Gives its number; none where somebody else has published one at this moment.
pub(super) async fn insert(tx: &Transaction, edition: Publication) -> Result<Option<i64>, db::Error> {
    const WHAT: &str = "cannot publish the support checker";
    let last = publication_row::Entity::find()
        .select_only()
        .column(publication_row::Column::Number)
        .order_by_desc(publication_row::Column::Number)
        .limit(1)
        .into_tuple::<i64>()
        .one(tx.connection())
        .await
        .context(WHAT)?;
    let number = last.unwrap_or(0) + 1;
    let row = publication_row::ActiveModel {
        number: Set(number),
        checker: Set(edition.checker),
        contacts: Set(edition.contacts),
        cases: Set(edition.cases),
        reviewed_by: Set(edition.reviewed_by),
        published_at: Set(edition.published_at.timestamp_micros()),
        withdrawn_at: Set(None),
        withdrawn_why: Set(None),
    };
    let quicker = OnConflict::column(publication_row::Column::Number).do_nothing().to_owned();
    let kept = publication_row::Entity::insert(row).on_conflict(quicker).exec_without_returning(tx.connection()).await;
    Ok((kept.context(WHAT)? > 0).then_some(number))
}

/// Take the latest edition away, at once: the public is told that there is no checker. Gives its
/// number; none where there is nothing to take away.
/// # Errors
/// When the database fails.
pub async fn withdraw(tx: &Transaction, clock: &Clock, why: &str) -> Result<Option<i64>, db::Error> {
    const WHAT: &str = "cannot withdraw the support checker";
    let mut latest = publication_row::Entity::find().order_by_desc(publication_row::Column::Number).limit(1);
    // Of two who withdraw it at once the second finds that it is gone; SQLite lets them in one by one.
    if tx.backend() == Backend::Postgres {
        latest = latest.lock_exclusive();
    }
    let latest = latest.one(tx.connection()).await.context(WHAT)?;
    let Some(latest) = latest.filter(|edition| edition.withdrawn_at.is_none()) else { return Ok(None) };
    let row = publication_row::ActiveModel {
        number: Unchanged(latest.number),
        withdrawn_at: Set(Some(clock.now().timestamp_micros())),
        withdrawn_why: Set(Some(why.to_owned())),
        ..Default::default()
    };
    publication_row::Entity::update(row).exec(tx.connection()).await.context(WHAT)?;
    Ok(Some(latest.number))
}
