//! Whether a service covers where somebody is.
//!
//! The areas of a service are compiled into GSS codes, nations, beginnings of postcodes, and
//! polygons: what any of these covers is covered. A name alone ("Luton") decides nothing, since
//! which area has that name is not known here. Compiled areas are small and quick enough to stand
//! in a search index; what strangers put into them is bounded however large it is.

use std::collections::BTreeSet;

use crate::{
    geo::Point,
    model::{parts::ServiceArea, whereabouts::Whereabouts},
};

mod bytes;
mod json;
mod kml;
mod nations;
mod shapes;
mod words;

use nations::Nations;
use shapes::Shapes;

/// Bytes of a compiled coverage, at most.
const MOST_BYTES: usize = 60_000;
/// Codes, and beginnings of postcodes, that are kept; those behind are not. They take less than
/// half of the bytes, whatever they are.
const MOST_WORDS: usize = 1_500;
/// An extent that is longer, in bytes, is not read. The longest line of an import has as much.
const LONGEST_EXTENT: usize = 4 << 20;

/// Where somebody is, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place {
    /// What they wrote.
    pub at: Option<Whereabouts>,
    /// Its position.
    pub point: Option<Point>,
    /// GSS codes of the areas it lies in, as [`crate::places::locate`] gives them.
    pub areas: Vec<String>,
}

/// Read what an area says in words, and give its extent, which may be polygons.
fn read_words<'a>(area: &'a ServiceArea, words: &mut words::Words) -> &'a str {
    if let Some(uri) = &area.uri {
        words.codes_in(uri.as_str());
    }
    for text in [&area.name, &area.service_area].into_iter().flatten() {
        words.read(text);
    }
    let extent = area.extent.as_deref().map(str::trim).filter(|text| text.len() <= LONGEST_EXTENT).unwrap_or_default();
    if !extent.starts_with(['{', '<']) {
        words.read(extent);
    }
    extent
}

/// Whether an area is a whole nation, as its codes and names say.
pub fn is_national(area: &ServiceArea) -> bool {
    let mut words = words::Words::default();
    read_words(area, &mut words);
    !words.nations.is_empty()
}

/// The areas of a service, compiled.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Coverage {
    codes: BTreeSet<String>,
    nations: Nations,
    prefixes: BTreeSet<String>,
    shapes: Shapes,
}

impl Coverage {
    /// What these areas cover: GSS codes in their address, extent or name; nations by name or code;
    /// postcodes and their beginnings ("LU1, LU2", "SG18 9", "LU1 to LU4") in extent or name;
    /// polygons of `GeoJSON`, `TopoJSON` and KML. Polygons are rounded to 1e-5 degrees (1 metre), and
    /// coarser where they would not fit.
    ///
    /// ```
    /// use fingerpost::{model::parts::ServiceArea, places::{Coverage, Place}};
    /// let area: ServiceArea = serde_json::from_value(serde_json::json!({
    ///     "id": "8e1f0c9d-2b3a-4c5d-8e6f-7a8b9c0d1e2f", "extent": "LU1, LU2, SG18 9", "extent_type": "text",
    /// })).unwrap();
    /// let coverage = Coverage::of([&area]);
    /// let at = |text: &str| Place { at: Some(text.parse().unwrap()), ..Place::default() };
    /// assert!(coverage.covers(&at("LU1 2AA")) && coverage.covers(&at("SG18 9XY")));
    /// assert!(!coverage.covers(&at("LU11 2AA")) && !coverage.covers(&at("SG18 8XY")));
    /// ```
    pub fn of<'a>(areas: impl IntoIterator<Item = &'a ServiceArea>) -> Self {
        let mut words = words::Words::default();
        let mut polygons = Vec::new();
        for area in areas {
            let extent = read_words(area, &mut words);
            match extent.as_bytes().first() {
                Some(b'{') => polygons.extend(json::polygons(extent)),
                Some(b'<') => polygons.extend(kml::polygons(extent)),
                _ => {}
            }
        }
        let mut coverage =
            Self { codes: words.codes, nations: words.nations, prefixes: words.prefixes, shapes: Shapes::default() };
        coverage.shapes = Shapes::that_fit(polygons, MOST_BYTES - coverage.encode().len() - bytes::OVERHEAD);
        coverage
    }

    /// Whether there is nothing that could decide.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// As bytes, 60,000 at most; the same areas give the same bytes, none give none.
    pub fn encode(&self) -> Vec<u8> {
        bytes::encode(self)
    }

    /// What [`Coverage::encode`] wrote; none for other bytes.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        bytes::decode(bytes)
    }

    /// Whether `place` is covered, as far as can be told. Somebody who gave only the first half of
    /// a postcode is covered where a part of it is.
    pub fn covers(&self, place: &Place) -> bool {
        self.decides(place).unwrap_or(false)
    }

    /// Whether `place` is covered; none where nothing that is known of the place fits anything that
    /// is known of the areas: codes, for a place of which no codes are known.
    pub fn decides(&self, place: &Place) -> Option<bool> {
        let by_code =
            (!self.codes.is_empty() && !place.areas.is_empty()).then(|| place.areas.iter().any(|code| self.codes.contains(code)));
        let by_nation = match Nations::of(place) {
            Some(nations) => (!self.nations.is_empty()).then(|| self.nations.meets(nations)),
            None => (self.nations.are_all() && place.point.is_some()).then_some(true),
        };
        let by_prefix = (place.at.as_ref())
            .filter(|_| !self.prefixes.is_empty())
            .map(|at| self.prefixes.iter().any(|prefix| prefix_covers(prefix, at)));
        let by_shape = place.point.filter(|_| !self.shapes.is_empty()).map(|point| self.shapes.contain(point));
        [by_code, by_nation, by_prefix, by_shape].into_iter().flatten().reduce(|any, one| any || one)
    }
}

/// Whether "LU", "LU1", "LU1 2" or "LU1 2AA" covers `at`, or a part of it. "W1" covers W1A, since
/// nobody writes all the letters of central London.
fn prefix_covers(prefix: &str, at: &Whereabouts) -> bool {
    let outcode = at.outcode();
    match (prefix.split_once(' '), at) {
        (None, _) if prefix.bytes().all(|byte| byte.is_ascii_alphabetic()) => words::area(outcode) == prefix,
        (None, _) => match outcode.strip_prefix(prefix) {
            Some(rest) => rest.is_empty() || (rest.len() == 1 && rest.as_bytes()[0].is_ascii_alphabetic()),
            None => false,
        },
        (Some((first, _)), Whereabouts::Outcode(_)) => first == outcode,
        (Some(_), Whereabouts::Postcode(postcode)) => prefix == postcode.as_str() || prefix == postcode.sector(),
    }
}

#[cfg(test)]
mod tests;
