//! What may not be told. Every rule that takes something out of a record before the world sees it
//! is here, and everything public passes through here once, when it is rendered.

mod addresses;
mod known;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    ids,
    model::{
        Contact, Document, Kind, Location, LocationPolicy, LocationType, Phone, ServiceAtLocation, TaxonomyTerm, annotation,
        provenance,
        shape::{self, Entity, Shape},
        text::fold,
    },
};

pub use known::Known;

/// Leave only the contacts that the world may see, and of those only the phones it may see.
pub fn contacts(contacts: &mut Vec<Contact>) {
    contacts.retain(Contact::is_public);
    for contact in contacts {
        contact.visibility = None;
        phones(&mut contact.phones);
    }
}

/// Leave only the phones that the world may see.
pub fn phones(phones: &mut Vec<Phone>) {
    phones.retain(Phone::is_public);
    for phone in phones {
        phone.visibility = None;
    }
}

/// Whether a term stands for a category whose places are secret, by the words of the settings.
/// Whole words count, so "refuge" is one and "refugee" is not.
pub fn is_withheld_category(term: &TaxonomyTerm, words: &[String]) -> bool {
    let names = [
        Some(term.name.as_str()),
        term.code.as_deref(),
        term.term_uri.as_ref().map(super::super::model::values::WebAddress::as_str),
    ];
    names.into_iter().flatten().any(|name| is_withheld_name(name, words))
}

/// Whether `name` names such a category, of whatever list.
pub fn is_withheld_name(name: &str, words: &[String]) -> bool {
    let name = format!(" {} ", fold(name));
    words.iter().any(|word| name.contains(&format!(" {} ", fold(word))))
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
pub fn place(mut location: Location, policy: LocationPolicy, link: uuid::Uuid) -> Option<Location> {
    match policy {
        LocationPolicy::Withheld => None,
        LocationPolicy::Exact => {
            contacts(&mut location.contacts);
            phones(&mut location.phones);
            location.location_policy = None;
            Some(location)
        }
        LocationPolicy::Area | LocationPolicy::OnRequest => {
            let town = location.addresses.first().map(|address| address.city.clone());
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

/// Take out of a kept record everything that tells where the place is.
pub fn strip_place(location: &mut Location) {
    *location = bare(location.id, location.location_type);
    location.location_policy = Some(LocationPolicy::Withheld);
}

/// Take out of a kept link to a place what tells where that is: what it says in words, and members that nobody
/// knows.
pub fn strip_link(link: &mut ServiceAtLocation) {
    link.description = None;
    link.extra.clear();
}

/// Whether [`strip_place`] would change nothing.
pub fn is_stripped(location: &Location) -> bool {
    let mut stripped = location.clone();
    strip_place(&mut stripped);
    stripped == *location
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

/// Members that the schema does not have and that we put there ourselves.
const OURS: [&str; 2] = [provenance::MEMBER, annotation::MEMBER];

/// The document, of this kind, as it may stand where some of its places are hidden. A sentence such as
/// "we are at LU1 2AA, behind the church" must not tell it after all, so addresses, and whatever is
/// `known` of these places, are masked in free text; and nobody can know what members that the schema
/// does not have say of the place, so they are left out. Places that are shown whole keep their addresses.
pub fn hide_places<T: Serialize + DeserializeOwned>(kind: Kind, document: &T, known: &Known) -> Option<T> {
    let mut value = serde_json::to_value(document).ok()?;
    hide_in(shape::entity(shape::title(kind))?, &mut value, known);
    serde_json::from_value(value).ok()
}

/// Mask what is known of a place in the texts of a document that is kept, before the place itself goes.
/// Whether something was masked.
pub fn forget_places(document: &mut Document, known: &Known) -> bool {
    let before = document.to_json();
    let Ok(mut value) = serde_json::from_str::<Value>(&before) else { return false };
    each_text(&mut value, &|text| known.mask(text));
    match Document::from_value(document.kind(), value) {
        Ok(masked) if masked.to_json() != before => {
            *document = masked;
            true
        }
        _ => false,
    }
}

fn hide_in(entity: &Entity, value: &mut Value, known: &Known) {
    let Some(members) = value.as_object_mut() else { return };
    members.retain(|name, _| entity.fields.contains_key(name) || OURS.contains(&name.as_str()));
    for (name, value) in members {
        match entity.fields.get(name) {
            _ if name == "id" || name.ends_with("_id") => {}
            Some(field) => hide_by(&field.shape, value, known),
            None => mask_value(value, known),
        }
    }
}

fn hide_by(shape: &Shape, value: &mut Value, known: &Known) {
    match (shape, value) {
        (Shape::Entity(title), _) if title == shape::title(Kind::Location) => {}
        (Shape::Entity(title), value) => match shape::entity(title) {
            Some(entity) => hide_in(entity, value, known),
            None => mask_value(value, known),
        },
        (Shape::List(of), Value::Array(items)) => items.iter_mut().for_each(|item| hide_by(of, item, known)),
        (_, value) => mask_value(value, known),
    }
}

fn mask_value(value: &mut Value, known: &Known) {
    each_text(value, &|text| mask_text(text, known));
}

/// Put in place of each text of `value` what `masked` makes of it; ids stay.
fn each_text(value: &mut Value, masked: &impl Fn(&str) -> Option<String>) {
    match value {
        Value::String(text) => {
            if let Some(masked) = masked(text) {
                *text = masked;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| each_text(item, masked)),
        Value::Object(members) => {
            for (name, value) in members {
                if name != "id" && !name.ends_with("_id") {
                    each_text(value, masked);
                }
            }
        }
        _ => {}
    }
}

/// `text` without full postcodes, house numbers with their streets, and what is known of the place.
/// `None` when there is nothing to mask.
fn mask_text(text: &str, known: &Known) -> Option<String> {
    let first = known.mask(text);
    addresses::mask(first.as_deref().unwrap_or(text)).or(first)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
        for kept in [
            "Open 10 to 12 on Tuesdays",
            "For ages 5 to 11",
            "Ring 01632 960123",
            "A 12 week course in the way you like",
            "ünïcödé – 3 ways",
        ] {
            assert_eq!(mask(kept), kept);
        }
    }

    #[test]
    fn a_refuge_is_secret_and_refugees_are_welcome() {
        let term = |name: &str| TaxonomyTerm {
            id: uuid::Uuid::nil().into(),
            code: None,
            name: name.into(),
            description: String::new(),
            parent_id: None,
            taxonomy: None,
            taxonomy_id: None,
            taxonomy_detail: None,
            language: None,
            term_uri: None,
            term: None,
            metadata: vec![],
            extra: serde_json::Map::new(),
        };
        let words = ["refuge".to_owned(), "forced marriage".to_owned()];
        assert!(is_withheld_category(&term("Women's Refuge"), &words));
        assert!(is_withheld_category(&term("Forced-marriage help"), &words));
        assert!(!is_withheld_category(&term("Refugees and asylum"), &words));
    }

    proptest! {
        #[test]
        fn masking_never_panics(text in "[ -~é–]{0,80}") {
            let _ = addresses::mask(&text);
        }

        #[test]
        fn no_full_postcode_is_left_however_it_is_written(
            (before, after) in ("[ -~é–]{0,30}", "[ -~é–]{0,30}"),
            out in "[A-PR-UWYZ][A-HK-Y]?[0-9][0-9]?|[A-PR-UWYZ][0-9][A-HJKPSTUW]",
            inward in "[0-9][ABD-HJLNP-UW-Z]{2}",
            gap in prop::sample::select(vec!["", " ", "  ", "\u{a0}", "-", "\n"]),
            small in any::<bool>(),
        ) {
            let postcode = format!("{out}{gap}{inward}");
            let postcode = if small { postcode.to_lowercase() } else { postcode };
            let masked = addresses::mask(&format!("{before} {postcode} {after}"));
            let left = masked.expect("there is a postcode to mask");
            let bare = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
            // What stands around it may say the same once more, in letters that are no postcode there.
            let many = |text: &str| bare(text).matches(&bare(&postcode)).count();
            prop_assert!(many(&left) <= many(&before) + many(&after), "{left:?} tells {postcode:?}");
        }
    }
}
