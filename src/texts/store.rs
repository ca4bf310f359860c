//! The table `text`: every version that was saved, published or taken away, in its order.

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _, Set, sea_query::OnConflict,
};

use super::text::{Slug, Text};
use crate::{
    clock::moment,
    db::{self, Context as _, Database, Transaction},
};

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "text")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub slug: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub version: i64,
        #[sea_orm(column_type = "Text")]
        pub body: String,
        pub standing: String,
        pub saved_at: i64,
        #[sea_orm(column_type = "Text")]
        pub saved_by: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// What became of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It was saved; the public does not see it.
    Draft,
    /// The public sees it, until another version is published or it is taken away.
    Published,
    /// The text was taken away from the public.
    Withdrawn,
}

impl Standing {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Published => "published",
            Self::Withdrawn => "withdrawn",
        }
    }

    fn read(name: &str) -> Self {
        match name {
            "published" => Self::Published,
            "withdrawn" => Self::Withdrawn,
            _ => Self::Draft,
        }
    }
}

/// A version of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its number among the versions of the text, from 1.
    pub number: i64,
    /// What the text is called.
    pub slug: Slug,
    /// The text.
    pub text: Text,
    /// What became of it.
    pub standing: Standing,
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: String,
}

/// Why a text cannot be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] db::Error),
    /// A version cannot be read.
    #[error("version {1} of the text {0} is damaged")]
    Damaged(String, i64),
    /// Somebody else saved the text meanwhile.
    #[error("someone else has changed the text {0} in the meantime")]
    Moved(Slug),
}

impl TryFrom<row::Model> for Version {
    type Error = Error;

    fn try_from(row: row::Model) -> Result<Self, Error> {
        let damaged = || Error::Damaged(row.slug.clone(), row.version);
        Ok(Self {
            number: row.version,
            slug: row.slug.parse().map_err(|_| damaged())?,
            text: serde_json::from_str(&row.body).map_err(|_| damaged())?,
            standing: Standing::read(&row.standing),
            at: moment(row.saved_at),
            by: row.saved_by,
        })
    }
}

/// Every version of every text, in order of texts and versions.
/// # Errors
/// When the database fails, or a version cannot be read.
pub async fn all(db: &Database) -> Result<Vec<Version>, Error> {
    let found = row::Entity::find().order_by_asc(row::Column::Slug).order_by_asc(row::Column::Version);
    found.all(db.reader()).await.context("cannot read the texts")?.into_iter().map(Version::try_from).collect()
}

/// The versions of one text, the latest first.
/// # Errors
/// When the database fails, or a version cannot be read.
pub async fn history(db: &Database, slug: &Slug) -> Result<Vec<Version>, Error> {
    let found = row::Entity::find().filter(row::Column::Slug.eq(slug.as_str())).order_by_desc(row::Column::Version);
    found.all(db.reader()).await.context("cannot read the versions of a text")?.into_iter().map(Version::try_from).collect()
}

/// How many versions there are: another number whenever something was saved, since none is ever taken out.
/// # Errors
/// When the database fails.
pub(super) async fn count(db: &Database) -> Result<u64, Error> {
    Ok(row::Entity::find().count(db.reader()).await.context("cannot read the texts")?)
}

/// Keep a version, whose number is one above that of the version it was made from.
/// # Errors
/// When somebody else was quicker, or the database fails.
pub(super) async fn save(tx: &Transaction, version: &Version) -> Result<(), Error> {
    let row = row::ActiveModel {
        slug: Set(version.slug.to_string()),
        version: Set(version.number),
        body: Set(serde_json::to_string(&version.text).unwrap_or_default()),
        standing: Set(version.standing.as_str().to_owned()),
        saved_at: Set(version.at.timestamp_micros()),
        saved_by: Set(version.by.clone()),
    };
    let quicker = OnConflict::columns([row::Column::Slug, row::Column::Version]).do_nothing().to_owned();
    let kept = row::Entity::insert(row).on_conflict(quicker).exec_without_returning(tx.connection()).await;
    if kept.context("cannot store a text")? == 0 { Err(Error::Moved(version.slug.clone())) } else { Ok(()) }
}
