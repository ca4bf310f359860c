//! Locations: places, and how much of a place may be told.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    contact::{Contact, Phone},
    entity,
    parts::{Accessibility, Language, Metadata},
    schedule::Schedule,
    taxonomy::Attribute,
    values::{Number, WebAddress},
};
use crate::ids::{LocationId, OrganizationId};

/// What kind of place an entity is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum LocationType {
    /// A place one can go to.
    Physical,
    /// A place one can write to.
    Postal,
    /// A place on the internet or the phone.
    Virtual,
}

/// How much of a place the world may know, from least strict to strictest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum LocationPolicy {
    /// Everything.
    #[default]
    Exact,
    /// The town only: no address, no point on the map.
    Area,
    /// Nothing: the address is given when somebody books.
    OnRequest,
    /// Not even that there is a place. The address is not kept.
    Withheld,
}

impl LocationPolicy {
    /// The policy as its JSON text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Area => "area",
            Self::OnRequest => "on_request",
            Self::Withheld => "withheld",
        }
    }

    /// The policy that `text` names.
    pub fn from_text(text: &str) -> Option<Self> {
        [Self::Exact, Self::Area, Self::OnRequest, Self::Withheld].into_iter().find(|policy| policy.as_str() == text)
    }
}

entity! {
    /// A place.
    Location {
        /// Identifier, a UUID that never changes.
        req id: LocationId = "1f4b0f2e-7a38-4f8e-9ad5-6d3d0f1b2c3d",
        /// What kind of place it is.
        req location_type: LocationType = "physical",
        /// A page about a place on the internet.
        opt url: WebAddress = "https://meet.example.org/pantry",
        /// The organization that runs the place.
        opt organization_id: OrganizationId = "d9d5e0f5-d3ce-4f73-9a2f-4dd0ecc6c610",
        /// Name of the place.
        #[schemars(length(max = 1_000))]
        opt name: String = "Marsh Farm Community Centre",
        /// Another name.
        #[schemars(length(max = 1_000))]
        opt alternate_name: String = "Futures House",
        /// What the place is like.
        opt description: String = "Next to the shops; the hall is on the ground floor.",
        /// How to get there.
        opt transportation: String = "Bus 27 stops outside",
        /// Degrees north, WGS 84, -90 to 90.
        #[schemars(range(min = -90, max = 90))]
        opt latitude: Number = 51.9147,
        /// Degrees east, WGS 84, -180 to 180.
        #[schemars(range(min = -180, max = 180))]
        opt longitude: Number = -0.4486,
        /// Number that somebody else knows the place by, as text.
        opt external_identifier: String = "010002345678",
        /// Whose number that is.
        opt external_identifier_type: String = "UPRN",
        /// Postal addresses.
        many addresses: Address,
        /// Access.
        many accessibility: Accessibility,
        /// Languages spoken there.
        many languages: Language,
        /// Phone lines of the place.
        many phones: Phone,
        /// People or desks there. Only those marked public are published.
        many contacts: Contact,
        /// When the place is open.
        many schedules: Schedule,
        /// Classifications.
        many attributes: Attribute,
        /// Where values came from.
        many metadata: Metadata,
        /// How much of the place the world may know; everything when it is not said.
        opt location_policy: LocationPolicy = "exact",
    }
}

entity! {
    /// A postal address.
    Address {
        /// Identifier.
        req id: Uuid = "3c4d5e6f-7a8b-4c9d-8e0f-1a2b3c4d5e6f",
        /// The location.
        opt location_id: LocationId = "1f4b0f2e-7a38-4f8e-9ad5-6d3d0f1b2c3d",
        /// Whom a letter is for.
        opt attention: String = "The pantry",
        /// First line.
        req address_1: String = "12 The Moakes",
        /// Second line.
        opt address_2: String = "Marsh Farm",
        /// Town or city.
        req city: String = "Luton",
        /// District or region.
        opt region: String = "East of England",
        /// County.
        req state_province: String = "Bedfordshire",
        /// Postcode.
        req postal_code: String = "LU3 3QB",
        /// ISO 3166 code of the country.
        req country: String = "GB",
        /// What kind of address it is.
        req address_type: LocationType = "physical",
        /// Classifications.
        many attributes: Attribute,
    }
}
