//! What may not be told. Every rule that takes something out of a record before the world sees it
//! is here, and everything public passes through here once, when it is rendered.

mod addresses;
mod earlier;
mod hiding;
mod known;
mod links;
mod secret;

use uuid::Uuid;

use crate::{
    ids,
    model::{Contact, Location, LocationPolicy, LocationType, Phone, ServiceAtLocation},
};

pub use {
    earlier::{changes, without_changes_of_parts},
    hiding::{REMOVED, forget_person, forget_places, hide_known, hide_places, tells_an_address, texts_with, without_person},
    known::{Erased, Known},
    secret::SecretWords,
};

/// Leave only the contacts that the world may see, and of those only the phones it may see. A phone that stands in a
/// contact is that one's, whatever it names.
pub fn contacts(contacts: &mut Vec<Contact>) {
    contacts.retain(Contact::is_public);
    for contact in contacts {
        contact.visibility = None;
        open_phones(&mut contact.phones, Phone::is_public);
    }
}

/// Leave only the phones that the world may see beside the contacts that are `shown`.
pub fn phones(phones: &mut Vec<Phone>, shown: &[Uuid]) {
    open_phones(phones, |phone| phone.is_public_beside(shown));
}

fn open_phones(phones: &mut Vec<Phone>, may: impl Fn(&Phone) -> bool) {
    phones.retain(may);
    for phone in phones {
        phone.visibility = None;
    }
}

/// The ids of contacts.
pub fn ids_of<'a>(contacts: impl IntoIterator<Item = &'a Contact>) -> Vec<Uuid> {
    contacts.into_iter().map(|contact| contact.id).collect()
}

/// How much of a place one link lets be told: what the link says, or, where it says nothing,
/// nothing at all for a service of a secret category.
pub fn link_policy(said: Option<LocationPolicy>, secret_category: bool) -> LocationPolicy {
    match said {
        Some(said) => said,
        None if secret_category => LocationPolicy::Withheld,
        None => LocationPolicy::Exact,
    }
}

/// A place as one link may show it: whole, as a town, as a promise, or not at all.
///
/// What is not whole has an id of its own, derived from the link: the true id would lead to the
/// address through another service at the same place.
pub fn place(mut location: Location, policy: LocationPolicy, link: Uuid) -> Option<Location> {
    match policy {
        LocationPolicy::Withheld => None,
        LocationPolicy::Exact => {
            contacts(&mut location.contacts);
            phones(&mut location.phones, &ids_of(&location.contacts));
            location.location_policy = None;
            Some(location)
        }
        LocationPolicy::Area | LocationPolicy::OnRequest => {
            let town = town(&location);
            let mut shown = bare(ids::derived(link, "place").into(), location.location_type);
            shown.name = match policy {
                LocationPolicy::Area => town,
                _ => Some("Address given when you book".to_owned()),
            };
            shown.location_policy = Some(policy);
            Some(shown)
        }
    }
}

/// The town of a place, unless more of its address stands there, as when somebody has written all of it in one line.
fn town(location: &Location) -> Option<String> {
    let town = location.addresses.first().map(|address| address.city.as_str())?;
    hiding::mask_text(town, &Known::of(location)).is_none().then(|| town.to_owned())
}

/// Take out of a kept record everything that tells where the place is.
pub fn strip_place(location: &mut Location) {
    *location = bare(location.id, location.location_type);
    location.location_policy = Some(LocationPolicy::Withheld);
}

/// Take out of a link to a place what can tell where that is: what it and its times say in words, what they
/// said before, and members that nobody knows.
pub fn strip_link(link: &mut ServiceAtLocation) {
    link.description = None;
    link.metadata.clear();
    link.extra.clear();
    for schedule in &mut link.schedules {
        schedule.description = None;
        schedule.notes = None;
        schedule.location_id = None;
        schedule.extra.clear();
    }
}

/// Whether [`strip_place`] would change nothing.
pub fn is_stripped(location: &Location) -> bool {
    let mut stripped = location.clone();
    strip_place(&mut stripped);
    stripped == *location
}

/// Whether [`strip_link`] would change nothing.
pub fn is_stripped_link(link: &ServiceAtLocation) -> bool {
    let mut stripped = link.clone();
    strip_link(&mut stripped);
    stripped == *link
}

fn bare(id: crate::ids::LocationId, location_type: LocationType) -> Location {
    Location {
        id,
        location_type,
        url: None,
        organization_id: None,
        name: None,
        alternate_name: None,
        description: None,
        transportation: None,
        latitude: None,
        longitude: None,
        external_identifier: None,
        external_identifier_type: None,
        addresses: Vec::new(),
        accessibility: Vec::new(),
        languages: Vec::new(),
        phones: Vec::new(),
        contacts: Vec::new(),
        schedules: Vec::new(),
        attributes: Vec::new(),
        metadata: Vec::new(),
        location_policy: None,
        extra: serde_json::Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_town_is_told_only_where_nothing_else_of_the_address_stands_in_its_place() {
        let place = |name: &str, city: &str| -> Location {
            serde_json::from_value(serde_json::json!({
                "id": uuid::Uuid::from_u128(1), "location_type": "physical", "name": name,
                "addresses": [{"id": uuid::Uuid::from_u128(2), "address_1": "7 Hidden Lane", "city": city, "state_province": city, "postal_code": "LU2 9ZZ", "country": "GB", "address_type": "physical"}],
            }))
            .unwrap()
        };
        for (city, told) in [
            ("Luton", Some("Luton")),
            ("MK45", Some("MK45")),
            ("7 Hidden Lane, Luton LU2 9ZZ", None),
            ("7 hidden lane", None),
            ("Hidden Lane", None),
            ("Hidden House", None),
            ("Luton LU2 9ZZ", None),
        ] {
            let shown = super::place(place("Hidden House", city), LocationPolicy::Area, uuid::Uuid::from_u128(3)).unwrap();
            assert_eq!(shown.name.as_deref(), told, "{city}");
            let text =
                hiding::mask_text("Ring at Hidden House, or walk up Hidden Lane.", &Known::of(&place("Hidden House", city)));
            assert!(text.is_some_and(|text| !text.contains("Hidden")), "{city}");
        }
        // What stands in no other line is part of the address as well.
        let known = Known::of(&place("Bothy", "41 Xylophone Road, Luton"));
        assert_eq!(hiding::mask_text("Turn into Xylophone Road", &known).as_deref(), Some("Turn into [address withheld]"));
    }
}
