//! Taking what is known of a place, or of a person, out of a document wherever it stands there: for the world, out of
//! what is rendered; for good, out of what is kept.

use std::collections::HashSet;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use uuid::Uuid;

use super::{Known, addresses, earlier, links, strip_link};
use crate::model::{
    Document, Kind, Phone, annotation, provenance,
    shape::{self, Entity, Shape},
};

/// Members that the schema does not have and that we put there ourselves.
const OURS: [&str; 2] = [provenance::MEMBER, annotation::MEMBER];
/// Formats of values that can tell of somebody or something: dates, times and zones do not.
const ADDRESSES: [&str; 2] = ["uri", "email"];

/// The document, of this kind, as it may stand where some of its places are hidden. A sentence such as
/// "we are at LU1 2AA, behind the church" must not tell it after all, so addresses, and whatever is
/// `known` of these places, are masked in free text, and no member leads to them by their ids; and nobody can
/// know what members that the schema does not have, or earlier values, say of the place, so they are left out.
/// Places that are shown whole keep their addresses. None where nothing can be shown so.
pub fn hide_places<T: Serialize + DeserializeOwned>(kind: Kind, document: &T, known: &Known) -> Option<T> {
    let mut value = serde_json::to_value(document).ok()?;
    Hiding { known, whom: Whom::Everybody }.entity(shape::entity(shape::title(kind))?, &mut value);
    serde_json::from_value(value).ok()
}

/// The document, of this kind, without what is `known` of places that are hidden elsewhere. What it says of others
/// stays as it is.
pub fn hide_known<T: Serialize + DeserializeOwned>(kind: Kind, document: &T, known: &Known) -> Option<T> {
    let mut value = serde_json::to_value(document).ok()?;
    Hiding { known, whom: Whom::Keepers }.entity(shape::entity(shape::title(kind))?, &mut value);
    serde_json::from_value(value).ok()
}

/// Take what is known of a place out of a document that is kept, before the place itself goes: out of its
/// texts, and what its links to that place say. Whether there was anything.
pub fn forget_places(document: &mut Document, known: &Known) -> bool {
    let before = document.to_json();
    if let Document::Service(service) = &mut *document {
        let links = service.service_at_locations.iter_mut();
        links.filter(|link| link.location_id.is_some_and(|id| known.is_place(id.into()))).for_each(strip_link);
    }
    Hiding { known, whom: Whom::Keepers }.document(document);
    document.to_json() != before
}

/// Take what is known of a person out of a document that is kept: contacts that name them, their telephone numbers
/// and email addresses, and their name wherever it stands. Whether there was anything.
pub fn forget_person(document: &mut Document, known: &Known) -> bool {
    let before = document.to_json();
    let (contacts, phones) = (contacts_in(document), document.phones_of_contacts());
    Hiding { known, whom: Whom::Nobody }.document(document);
    let (left, phones_left) = (contacts_in(document), document.phones_of_contacts());
    // With a part of somebody, all of them goes: contacts, and phones elsewhere that name them.
    let gone = contacts.into_iter().filter(|contact| !left.contains(contact));
    let of_gone = phones.iter().filter(|phone| phones_left.iter().all(|other| other.id != phone.id)).filter_map(Phone::contact);
    for contact in gone.chain(of_gone).filter(|contact| !contact.is_nil()).collect::<HashSet<Uuid>>() {
        document.remove_contact(contact);
    }
    document.to_json() != before
}

fn contacts_in(document: &mut Document) -> Vec<Uuid> {
    document.contact_lists().into_iter().flatten().map(|contact| contact.id).collect()
}

/// What stands in the place of words that were erased.
pub const REMOVED: &str = "[removed]";

/// `text` without what is known of a person. None where nothing of it stands there.
pub fn without_person(text: &str, known: &Known) -> Option<String> {
    known.mask(text, REMOVED)
}

/// Whether an address stands in `text`, by its form, other than what is `known` of places that everybody may see.
pub fn tells_an_address(text: &str, known: &Known) -> bool {
    let left = known.mask(text, "");
    addresses::mask(left.as_deref().unwrap_or(text)).is_some()
}

/// The texts of a document that tell of a person.
pub fn texts_with(document: &Document, known: &Known) -> Vec<String> {
    fn look(value: &Value, known: &Known, found: &mut Vec<String>) {
        match value {
            Value::String(text) if known.is_told_in(text) => found.push(text.clone()),
            Value::Array(items) => items.iter().for_each(|item| look(item, known, found)),
            Value::Object(members) => members.values().for_each(|value| look(value, known, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    look(&document.to_value(), known, &mut found);
    found.dedup();
    found
}

/// From whom something is hidden that is known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whom {
    /// What tells of a place, from the world.
    Everybody,
    /// What is known of it, and no more, also from those who keep the record.
    Keepers,
    /// What tells of a person: nobody is to have it any more.
    Nobody,
}

/// How what is known is taken out of a document.
struct Hiding<'a> {
    known: &'a Known,
    whom: Whom,
}

impl Hiding<'_> {
    fn document(&self, document: &mut Document) {
        let (kind, mut value) = (document.kind(), document.to_value());
        if let Some(entity) = shape::entity(shape::title(kind)) {
            self.entity(entity, &mut value);
        }
        if let Ok(hidden) = Document::from_value(kind, value) {
            *document = hidden;
        }
    }

    /// Whether what is left of the entity can stand.
    fn entity(&self, entity: &Entity, value: &mut Value) -> bool {
        let Some(members) = value.as_object_mut() else { return true };
        let (mut stands, public) = (true, self.whom == Whom::Everybody);
        members.retain(|name, value| {
            let field = entity.fields.get(name);
            let stays = match field {
                _ if public && (name == earlier::MEMBER || field.is_none() && !OURS.contains(&name.as_str())) => false,
                _ if name == "id" => true,
                _ if name.ends_with("_id") => !(public && self.known.is_id(value)),
                Some(field) => self.shape(&field.shape, value),
                None => self.texts(value),
            };
            stands &= stays || field.is_none_or(|field| !field.required);
            stays
        });
        stands
    }

    /// Whether what is left of a value of this shape can stand.
    fn shape(&self, shape: &Shape, value: &mut Value) -> bool {
        match (shape, value) {
            (Shape::Entity(title), _) if title == shape::title(Kind::Location) => true,
            (Shape::Entity(title), value) => match shape::entity(title) {
                Some(_) if self.whom == Whom::Nobody && self.is_theirs(title, value) => false,
                Some(entity) => self.entity(entity, value),
                None => self.texts(value),
            },
            (Shape::List(of), Value::Array(items)) => {
                items.retain_mut(|item| self.shape(of, item));
                true
            }
            // With a mask in it, it would be no address any more.
            (Shape::Formatted(format), Value::String(text)) => {
                !ADDRESSES.contains(&format.as_str()) || self.masked(text).is_none()
            }
            (Shape::Choice(_) | Shape::Number { .. }, _) => true,
            (_, value) => self.texts(value),
        }
    }

    /// Whether a contact, or a telephone number, is the person's own: with a part of it, all of it goes.
    fn is_theirs(&self, title: &str, value: &Value) -> bool {
        let own = match title {
            "Contact" => Some(value),
            "Phone" => value.get("number"),
            _ => None,
        };
        own.is_some_and(|own| {
            let mut masked = own.clone();
            self.texts(&mut masked);
            masked != *own
        })
    }

    /// Mask every text in a value, and take out numbers that are coordinates of the place; ids stay. Whether the value
    /// itself stays.
    fn texts(&self, value: &mut Value) -> bool {
        match value {
            Value::String(text) => {
                if let Some(masked) = self.masked(text) {
                    *text = masked;
                }
            }
            Value::Number(number) => return !self.known.is_degrees(number),
            Value::Array(items) => items.retain_mut(|item| self.texts(item)),
            Value::Object(members) => members.retain(|name, value| match name.as_str() {
                "id" => true,
                name if name.ends_with("_id") => !(self.whom == Whom::Everybody && self.known.is_id(value)),
                _ => self.texts(value),
            }),
            Value::Null | Value::Bool(_) => {}
        }
        true
    }

    /// `text` masked; none where there is nothing to mask.
    fn masked(&self, text: &str) -> Option<String> {
        match self.whom {
            Whom::Everybody => mask_text(text, self.known),
            Whom::Keepers => self.known.mask(text, addresses::MASK),
            Whom::Nobody => without_person(text, self.known),
        }
    }
}

/// `text` without full postcodes, house numbers with their streets, links to maps, and what is known of the place.
/// `None` when there is nothing to mask.
pub(super) fn mask_text(text: &str, known: &Known) -> Option<String> {
    let tells = |link: &str| known.is_told_in(link) || addresses::mask(link).is_some();
    let first = links::mask(text, addresses::MASK, tells);
    let second = known.mask(first.as_deref().unwrap_or(text), addresses::MASK).or(first);
    addresses::mask(second.as_deref().unwrap_or(text)).or(second)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Location;

    #[test]
    fn addresses_in_sentences_are_masked() {
        let mask_text = |text| super::mask_text(text, &Known::default());
        let mask = |text| mask_text(text).unwrap_or_else(|| text.to_owned());
        assert_eq!(
            mask("We are at 12 Castle Street, LU1 3AG, behind the church."),
            "We are at [address withheld], [address withheld], behind the church."
        );
        assert_eq!(mask("post to lu13ag please"), "post to [address withheld] please");
        assert_eq!(mask("14b High Town Road – ring"), "[address withheld] – ring");
        for written in [
            "77 Zebedee Lane",
            "Zebedee Lane 77",
            "Zebedee Lane, 77",
            "77 Zebedee Ln",
            "Zebedee Ln. 77",
            "Old Zebedee Lane no. 77",
            "Zebedee Lane number 77b",
        ] {
            let text = format!("We meet at {written} on Mondays");
            let left = super::mask_text(&text, &Known::default()).unwrap_or(text);
            assert!(!left.contains("77") && !left.contains("Zebedee L") && left.ends_with(" on Mondays"), "{written}: {left}");
        }
        for kept in [
            "Open 10 to 12 on Tuesdays",
            "For ages 5 to 11",
            "Ring 01632 960123",
            "A 12 week course in the way you like",
            "Parking is on Castle Street, from 10am",
            "In the Market Square",
            "ünïcödé – 3 ways",
        ] {
            assert_eq!(mask(kept), kept);
        }
    }

    #[test]
    fn a_known_place_is_masked_in_whatever_order_it_is_written() {
        let place: Location = serde_json::from_value(serde_json::json!({
            "id": uuid::Uuid::from_u128(1), "location_type": "physical",
            "addresses": [{"id": uuid::Uuid::from_u128(2), "address_1": "77 Zebedee Lane", "city": "Luton", "state_province": "Bedfordshire", "postal_code": "LU3 9XQ", "country": "GB", "address_type": "physical"}],
        }))
        .unwrap();
        let known = Known::of(&place);
        for written in [
            "77 zebedee lane",
            "zebedee lane 77",
            "zebedee ln 77",
            "Zebedee Lane (number 77)",
            "zebedee lane",
            "https://example.org/?at=zebedee%20lane%2077",
            "lu3 9xq",
        ] {
            let left = mask_text(&format!("ask at {written} please"), &known).unwrap_or_default().to_lowercase();
            assert!(!left.contains("zebedee") && !left.contains("9xq"), "{written}: {left}");
        }
    }

    #[test]
    fn coordinates_of_a_known_place_go_from_other_records_where_they_are_numbers() {
        let place: Location = serde_json::from_value(serde_json::json!({
            "id": uuid::Uuid::from_u128(1), "location_type": "physical", "latitude": 51.881_234, "longitude": -0.421_987,
        }))
        .unwrap();
        let told = serde_json::json!({
            "id": uuid::Uuid::from_u128(3), "name": "Harbour", "description": "Help.",
            "x_geo": {"lat": 51.881_234, "lng": -0.421_99, "zoom": 14}, "x_points": [[51.88123, 0.42], [52.1, -0.5]],
        });
        let mut group = Document::from_value(Kind::Organization, told).unwrap();
        assert!(forget_places(&mut group, &Known::of(&place)));
        let left: Value = serde_json::from_str(&group.to_json()).unwrap();
        assert_eq!(left["x_geo"], serde_json::json!({"zoom": 14}));
        assert_eq!(left["x_points"], serde_json::json!([[0.42], [52.1, -0.5]]));
    }
}
