//! What is read of a published document of any kind: the members that the index looks at.

use serde::Deserialize;
use uuid::Uuid;

use crate::model::{Schedule, parts::ServiceArea};

/// The members that are looked at; all of them may be missing.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Facts {
    pub(super) name: String,
    pub(super) alternate_name: String,
    pub(super) description: String,
    pub(super) eligibility_description: String,
    pub(super) code: String,
    pub(super) status: String,
    pub(super) assured_date: String,
    pub(super) freshness: String,
    pub(super) url: String,
    pub(super) email: String,
    pub(super) online_url: String,
    pub(super) location_type: String,
    pub(super) fees_description: String,
    pub(super) fees: String,
    pub(super) taxonomy_id: Option<Uuid>,
    pub(super) parent_id: Option<Uuid>,
    pub(super) organization_id: Option<Uuid>,
    pub(super) service_id: Option<Uuid>,
    pub(super) event_id: Option<Uuid>,
    pub(super) minimum_age: Option<f64>,
    pub(super) maximum_age: Option<f64>,
    pub(super) latitude: Option<f64>,
    pub(super) longitude: Option<f64>,
    pub(super) organization: Option<Named>,
    pub(super) attributes: Vec<Attribute>,
    pub(super) schedules: Vec<Schedule>,
    pub(super) service_at_locations: Vec<Link>,
    pub(super) service_areas: Vec<ServiceArea>,
    pub(super) location: Option<Place>,
    pub(super) addresses: Vec<Address>,
    pub(super) provenance: Source,
    pub(super) languages: Vec<Language>,
    pub(super) cost_options: Vec<Cost>,
    pub(super) phones: Vec<Line>,
    pub(super) contacts: Vec<Contact>,
    pub(super) accessibility: Vec<Access>,
}

/// A phone line, of which it matters whether somebody can ring it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Line {
    r#type: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Contact {
    phones: Vec<Line>,
}

/// Whether there is a number to ring among these lines and those of these contacts: a fax is none.
pub(super) fn can_be_rung(lines: &[Line], contacts: &[Contact]) -> bool {
    let of_contacts = contacts.iter().flat_map(|contact| &contact.phones);
    lines.iter().chain(of_contacts).any(|line| !line.r#type.trim().eq_ignore_ascii_case("fax"))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Named {
    pub(super) name: String,
}

/// Where it comes from, as far as that decides how far up it stands.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Source {
    pub(super) doubtful: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Attribute {
    pub(super) taxonomy_term_id: Option<Uuid>,
    pub(super) taxonomy_term: Option<Term>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Term {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) taxonomy_id: Option<Uuid>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Link {
    pub(super) location: Option<Place>,
    pub(super) schedules: Vec<Schedule>,
    pub(super) service_areas: Vec<ServiceArea>,
    pub(super) attributes: Vec<Attribute>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Place {
    pub(super) name: String,
    pub(super) location_type: String,
    pub(super) latitude: Option<f64>,
    pub(super) longitude: Option<f64>,
    pub(super) addresses: Vec<Address>,
    pub(super) accessibility: Vec<Access>,
    pub(super) schedules: Vec<Schedule>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Address {
    #[serde(rename = "address_1")]
    pub(super) first_line: String,
    pub(super) postal_code: String,
    pub(super) city: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Language {
    pub(super) code: String,
    pub(super) name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Cost {
    pub(super) option: String,
    pub(super) amount: Option<f64>,
    pub(super) amount_description: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Access {
    pub(super) description: String,
    pub(super) details: String,
}
