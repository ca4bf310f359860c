//! Where things are: postcodes and the areas that services cover.
//!
//! Positions come from an open postcode directory that a council imports (see [`import`]), and
//! stand in the database sector by sector. A postcode that is not among them is placed at the
//! centre of its sector, else of its outcode, and the answer says so by its [`Precision`]. Where
//! nothing was imported, [`locate`] finds nothing; the search index then learns positions from the
//! records themselves.

pub mod coverage;
mod directory;
mod import;
mod packed;
mod rows;
mod sheets;
mod store;
mod written;

pub use coverage::{Coverage, Place};
pub use import::{Error, Progress, Rejected, Report, import};
pub use rows::Format;
pub use store::{Imported, imported, is_empty, locate};
pub use written::{Reading, postcode_in, readings};

use crate::geo::Point;

/// Where a postcode is.
#[derive(Clone, Debug, PartialEq)]
pub struct Located {
    /// Its position, or the centre of what it lies in, as `precision` says.
    pub point: Point,
    /// How precisely that is known.
    pub precision: Precision,
    /// GSS codes of the areas it lies in: district, county, ward, parish, region, country, health
    /// area, as far as the directory names them. For a sector or an outcode, those of all its
    /// postcodes.
    pub areas: Vec<String>,
}

/// How exactly a position is known, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Precision {
    /// The postcode's own position: some fifteen addresses.
    Postcode,
    /// The centre of its sector ("LU1 2"): some 3,000 addresses.
    Sector,
    /// The centre of its outcode ("LU1"): a town or a part of one.
    Outcode,
}
