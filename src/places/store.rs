//! The tables `place` and `place_import`.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use super::{
    Located, Precision,
    packed::{self, Micro},
};
use crate::{
    db::{self, Context as _, Database},
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
