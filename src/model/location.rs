//! Locations: places, and how much of a place may be told.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    contact::{Contact, Phone, to_ring},
    entity,
    parts::{Accessibility, Language, Metadata},
    schedule::Schedule,
    taxonomy::Attribute,
    values::{Number, WebAddress},
};
use crate::ids::{LocationId, OrganizationId};

/// The type of location.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum LocationType {
    /// A place people can go to.
    Physical,
    /// An address people can write to.
    Postal,
    /// Online or by phone.
    Virtual,
}

/// How much of a location may be shown, from least strict to strictest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum LocationPolicy {
    /// Everything.
    #[default]
    Exact,
    /// The town only: no address, no position on the map.
    Area,
    /// Nothing: the address is given when someone books.
    OnRequest,
    /// Not even that there is a location. The address is not stored.
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
    /// A location.
    Location {
        /// Identifier, a UUID that never changes.
        req id: LocationId = "1f4b0f2e-7a38-4f8e-9ad5-6d3d0f1b2c3d",
        /// The type of location.
        req location_type: LocationType = "physical",
        /// Web address of an online location.
        opt url: WebAddress = "https://meet.example.org/pantry",
        /// The organization that runs the location.
        opt organization_id: OrganizationId = "d9d5e0f5-d3ce-4f73-9a2f-4dd0ecc6c610",
        /// Name of the location.
        #[schemars(length(max = 1_000))]
        opt name: String = "Marsh Farm Community Centre",
        /// Another name.
        #[schemars(length(max = 1_000))]
        opt alternate_name: String = "Futures House",
        /// Description of the location.
        opt description: String = "Next to the shops; the hall is on the ground floor.",
        /// How to get there.
        opt transportation: String = "Bus 27 stops outside",
        /// Degrees north, WGS 84, -90 to 90.
        #[schemars(range(min = -90, max = 90))]
        opt latitude: Number = 51.9147,
        /// Degrees east, WGS 84, -180 to 180.
        #[schemars(range(min = -180, max = 180))]
        opt longitude: Number = -0.4486,
        /// Identifier of the location in another scheme, as text.
        opt external_identifier: String = "010002345678",
        /// The scheme of that identifier.
        opt external_identifier_type: String = "UPRN",
        /// Postal addresses.
        many addresses: Address,
        /// Access.
        many accessibility: Accessibility,
        /// Languages spoken there.
        many languages: Language,
        /// Phone lines of the location.
        many phones: Phone,
        /// People or desks there. Only those marked public are published.
        many contacts: Contact,
        /// When the location is open.
        many schedules: Schedule,
        /// Classifications.
        many attributes: Attribute,
        /// Where values came from.
        many metadata: Metadata,
        /// How much of the location may be shown; everything if missing.
        opt location_policy: LocationPolicy = "exact",
    }
}

impl Location {
    /// The address to go to: the first that is one, else the first of any kind.
    pub fn address(&self) -> Option<&Address> {
        let physical = self.addresses.iter().find(|address| address.address_type == LocationType::Physical);
        physical.or_else(|| self.addresses.first())
    }

    /// The numbers to ring, of a public document.
    pub fn numbers(&self) -> Vec<&Phone> {
        to_ring(&self.phones, &self.contacts)
    }
}

entity! {
    /// A postal address.
    Address {
        /// Identifier.
        req id: Uuid = "3c4d5e6f-7a8b-4c9d-8e0f-1a2b3c4d5e6f",
        /// The location.
        opt location_id: LocationId = "1f4b0f2e-7a38-4f8e-9ad5-6d3d0f1b2c3d",
        /// Person or department to address post to.
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
        /// The type of address.
        req address_type: LocationType = "physical",
        /// Classifications.
        many attributes: Attribute,
    }
}
