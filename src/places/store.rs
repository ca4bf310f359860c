//! The tables `place` and `place_import`.

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, Set};

use super::{
    Located, Precision,
    directory::Named,
    packed::{self, Micro},
};
use crate::{
    clock::moment,
    db::{self, Context as _, Database, Transaction},
    geo::Point,
    model::whereabouts::Whereabouts,
};

mod place {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "place")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) name: String,
        pub(super) latitude: i32,
        pub(super) longitude: i32,
        #[sea_orm(column_type = "Text")]
        pub(super) areas: String,
        #[sea_orm(column_type = "Blob")]
        pub(super) units: Vec<u8>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

mod place_import {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "place_import")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) id: i32,
        #[sea_orm(column_type = "Text")]
        pub(super) format: String,
        #[sea_orm(column_type = "Text")]
        pub(super) source: String,
        pub(super) at: i64,
        pub(super) postcodes: i64,
        pub(super) outcodes: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// Whether no positions of postcodes were imported.
/// # Errors
/// When the database fails.
pub async fn is_empty(db: &Database) -> Result<bool, db::Error> {
    let found = place::Entity::find().limit(1).one(db.reader()).await.context("cannot read the postcodes")?;
    Ok(found.is_none())
}

/// Where `at` is: exactly, else the centre of its sector, else of its outcode. None when not even
/// its outcode is known.
/// # Errors
/// When the database fails.
pub async fn locate(db: &Database, at: &Whereabouts) -> Result<Option<Located>, db::Error> {
    let names = at.sector().into_iter().chain([at.outcode().to_owned()]);
    let rows = place::Entity::find()
        .filter(place::Column::Name.is_in(names))
        .all(db.reader())
        .await
        .context("cannot read the postcodes")?;
    let sector = rows.iter().find(|row| Some(&row.name) == at.sector().as_ref());
    if let Whereabouts::Postcode(postcode) = at
        && let Some(sector) = sector
    {
        let letters = postcode.as_str().as_bytes().last_chunk().copied().unwrap_or_default();
        if let Some(unit) = packed::find(&sector.units, letters) {
            return Ok(located(unit.at, Precision::Postcode, unit.areas));
        }
    }
    let outcode = rows.iter().find(|row| row.name == at.outcode());
    let nearest = sector.map(|row| (row, Precision::Sector)).or(outcode.map(|row| (row, Precision::Outcode)));
    Ok(nearest
        .and_then(|(row, precision)| located(Micro { latitude: row.latitude, longitude: row.longitude }, precision, &row.areas)))
}

fn located(at: Micro, precision: Precision, areas: &str) -> Option<Located> {
    let point = Point::new(f64::from(at.latitude) / 1e6, f64::from(at.longitude) / 1e6)?;
    Some(Located { point, precision, areas: areas.split_whitespace().map(str::to_owned).collect() })
}

/// What the positions were imported from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// What people call the directory.
    pub format: String,
    /// Name of the file or folder.
    pub source: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Postcodes whose positions are known.
    pub postcodes: u64,
    /// Outcodes whose centres are known.
    pub outcodes: u64,
}

/// What the positions were imported from; none when nothing was.
/// # Errors
/// When the database fails.
pub async fn imported(db: &Database) -> Result<Option<Imported>, db::Error> {
    let row = place_import::Entity::find().one(db.reader()).await.context("cannot read the postcodes")?;
    Ok(row.map(|row| Imported {
        format: row.format,
        source: row.source,
        at: moment(row.at),
        postcodes: u64::try_from(row.postcodes).unwrap_or(0),
        outcodes: u64::try_from(row.outcodes).unwrap_or(0),
    }))
}

/// Put these in place of what was imported before. Gives how many postcodes that had.
pub(super) async fn replace(tx: &Transaction, rows: &[Named], imported: &Imported) -> Result<u64, db::Error> {
    const WHAT: &str = "cannot store the postcodes";
    let on = tx.connection();
    let before = place_import::Entity::find().one(on).await.context(WHAT)?.map_or(0, |row| row.postcodes);
    place::Entity::delete_many().exec(on).await.context(WHAT)?;
    place_import::Entity::delete_many().exec(on).await.context(WHAT)?;
    for chunk in db::pieces(rows) {
        let rows = chunk.iter().map(|row| place::ActiveModel {
            name: Set(row.name.clone()),
            latitude: Set(row.at.latitude),
            longitude: Set(row.at.longitude),
            areas: Set(row.areas.clone()),
            units: Set(row.units.clone()),
        });
        place::Entity::insert_many(rows).exec_without_returning(on).await.context(WHAT)?;
    }
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let row = place_import::ActiveModel {
        id: Set(1),
        format: Set(imported.format.clone()),
        source: Set(imported.source.clone()),
        at: Set(imported.at.timestamp_micros()),
        postcodes: Set(number(imported.postcodes)),
        outcodes: Set(number(imported.outcodes)),
    };
    place_import::Entity::insert(row).exec_without_returning(on).await.context(WHAT)?;
    Ok(u64::try_from(before).unwrap_or(0))
}
