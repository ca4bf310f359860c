//! Bytes into documents and back. Pure: nothing here opens a file or asks a database.

pub mod archive;
pub mod digits;
pub mod json;
pub mod lines;
pub mod oruk1;
pub mod page;
pub mod picture;
pub mod sheet;
pub mod tables;
pub mod rows;
pub mod geojson;
pub mod ical;
pub mod openactive;
pub mod atom;
pub mod jsonld;

use url::Url;

use crate::model::{Location, LocationPolicy, LocationType, location::Address};

/// The address of `path` (with or without a slash before it) at the directory that the world
/// reaches at `base`.
pub fn address(base: &Url, path: &str) -> String {
    base.join(path.trim_start_matches('/')).map_or_else(|_| path.to_owned(), Into::into)
}

/// A postal address in one line, without what is missing.
pub fn one_line(address: &Address) -> String {
    let parts = [
        Some(address.address_1.as_str()),
        address.address_2.as_deref(),
        Some(address.city.as_str()),
        Some(address.postal_code.as_str()),
    ];
    parts.into_iter().flatten().map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

/// The point at which a place may be shown: north and east in degrees. None for a place that is told
/// less exactly than it is known, or that one cannot go to.
pub fn public_point(place: &Location) -> Option<(f64, f64)> {
    let shown =
        place.location_policy.unwrap_or_default() == LocationPolicy::Exact && place.location_type != LocationType::Virtual;
    place.latitude.zip(place.longitude).filter(|_| shown).map(|(latitude, longitude)| (latitude.0, longitude.0))
}
