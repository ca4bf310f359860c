//! Whether a service covers where somebody is: its areas, compiled into codes, postcode prefixes
//! and polygons.

use std::collections::BTreeSet;

use crate::{
    geo::Point,
    model::{parts::ServiceArea, whereabouts::Whereabouts},
};

/// Where somebody is, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place {
    /// What they wrote.
    pub at: Option<Whereabouts>,
    /// Its position.
    pub point: Option<Point>,
    /// GSS codes of the areas it lies in.
    pub areas: Vec<String>,
}

/// The areas of a service, compiled.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Coverage {
    codes: BTreeSet<String>,
}

impl Coverage {
    /// What these areas cover.
    pub fn of<'a>(areas: impl IntoIterator<Item = &'a ServiceArea>) -> Self {
        let codes = areas.into_iter().filter_map(|area| area.uri.as_ref()?.as_str().rsplit('/').next().map(str::to_owned));
        Self { codes: codes.collect() }
    }

    /// Whether there is nothing that could decide.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// As bytes, 60,000 at most; the same coverage gives the same bytes.
    pub fn encode(&self) -> Vec<u8> {
        self.codes.iter().cloned().collect::<Vec<_>>().join(" ").into_bytes()
    }

    /// What [`Coverage::encode`] wrote; none for other bytes.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let codes = std::str::from_utf8(bytes).ok()?.split_whitespace().map(str::to_owned).collect();
        Some(Self { codes })
    }

    /// Whether `place` lies in it, as far as can be told.
    pub fn covers(&self, place: &Place) -> bool {
        place.areas.iter().any(|area| self.codes.contains(area))
    }
}
