//! Where a listing is, by the postcodes of its places: as it tells them, or as the place itself does where it is only named.

use serde_json::Value;

use super::admit::{Gate, local_id};
use crate::model::Kind;

impl Gate<'_> {
    /// Postcodes of the places of a record: as it tells them, or as the place itself does where it is only named.
    pub(super) fn postcodes<'b>(&'b self, kind: Kind, data: &'b Value) -> Vec<&'b str> {
        let mut found: Vec<&str> = places_of(kind, data).flat_map(postcodes).collect();
        for place in places_named(kind, data) {
            let place = local_id(&self.peer.origin, Kind::Location.as_str(), place);
            found.extend(self.places.get(&place).into_iter().flatten().map(String::as_str));
        }
        found
    }
}

/// Postcodes of a place, as it tells them.
pub(super) fn postcodes(place: &Value) -> impl Iterator<Item = &str> {
    let addresses = ["addresses", "physical_addresses"].into_iter().filter_map(|name| place.get(name)?.as_array()).flatten();
    addresses.filter_map(|address| address.get("postal_code")?.as_str())
}

/// What names the places of a listing. A place itself may be needed by something that is also elsewhere.
fn whereabouts(kind: Kind, data: &Value) -> impl Iterator<Item = &Value> {
    let links = data.get("service_at_locations").filter(|_| kind == Kind::Service).and_then(Value::as_array);
    links.into_iter().flatten().chain((kind == Kind::Event).then_some(data))
}

/// The places that stand in a listing.
pub(super) fn places_of(kind: Kind, data: &Value) -> impl Iterator<Item = &Value> {
    whereabouts(kind, data).filter_map(|link| link.get("location"))
}

/// The ids at their source of places that a listing only names.
pub(super) fn places_named(kind: Kind, data: &Value) -> impl Iterator<Item = &str> {
    whereabouts(kind, data).filter_map(|link| match link.get("location") {
        Some(place) if postcodes(place).next().is_some() => None,
        Some(place) if place.is_object() => place.get("id")?.as_str(),
        _ => link.get("location_id")?.as_str(),
    })
}
