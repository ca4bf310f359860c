//! Services: the help itself, and the places where it is given.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    contact::{Contact, Phone},
    entity,
    location::{Location, LocationPolicy},
    organization::Organization,
    parts::{CostOption, Funding, Language, Metadata, Program, RequiredDocument, ServiceArea, ServiceCapacity, Url},
    schedule::Schedule,
    taxonomy::Attribute,
    values::{EmailAddress, Number, WebAddress},
};
use crate::ids::{EventId, LocationId, OrganizationId, ServiceAtLocationId, ServiceId};

/// Whether a service can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum ServiceStatus {
    /// It runs.
    #[serde(rename = "active")]
    Active,
    /// It does not run, but may again.
    #[serde(rename = "inactive")]
    Inactive,
    /// It has ended for good.
    #[serde(rename = "defunct")]
    Defunct,
    /// It is closed for a while.
    #[serde(rename = "temporarily closed")]
    TemporarilyClosed,
}

entity! {
    /// Help that an organization gives.
    Service {
        /// Identifier, a UUID that never changes.
        req id: ServiceId = "ac148810-d857-441c-9679-408f346de14b",
        /// The organization that gives the help.
        opt organization_id: OrganizationId = "d9d5e0f5-d3ce-4f73-9a2f-4dd0ecc6c610",
        /// The programme that the service belongs to.
        opt program_id: uuid::Uuid = "7b8c9d0e-1f2a-4b3c-8d4e-5f6a7b8c9d0e",
        /// Name of the service.
        #[schemars(length(max = 1_000))]
        req name: String = "Thursday pantry",
        /// Another name.
        #[schemars(length(max = 1_000))]
        opt alternate_name: String = "Food club",
        /// What it is, in plain words.
        opt description: String = "Choose about ten items of food for £4. No referral needed.",
        /// A page about the service.
        opt url: WebAddress = "https://marsh-farm-pantry.example.org/thursdays",
        /// Further web addresses.
        many additional_urls: Url,
        /// Email address for the service.
        opt email: EmailAddress = "pantry@marsh-farm-pantry.example.org",
        /// Whether it can be had.
        req status: ServiceStatus = "active",
        /// How people understand one another: interpreters, British Sign Language.
        opt interpretation_services: String = "Urdu and Polish on Thursdays",
        /// How to get in: walk in, ring, ask your doctor.
        opt application_process: String = "Just come along",
        /// Cost in words; the standard prefers `fees_description`.
        opt fees: String = "£4",
        /// Cost in words.
        opt fees_description: String = "£4 a visit",
        /// How long people wait.
        opt wait_time: String = "No waiting list",
        /// Quality marks.
        opt accreditations: String = "Advice Quality Standard",
        /// Licences that the service holds.
        opt licenses: String = "Food hygiene rating 5",
        /// Who can use it, in words.
        opt eligibility_description: String = "Anyone living in north Luton",
        /// Youngest age, in whole years, included.
        #[schemars(range(min = 0, max = 150))]
        opt minimum_age: Number = 18,
        /// Oldest age, in whole years, included.
        #[schemars(range(min = 0, max = 150))]
        opt maximum_age: Number = 65,
        /// Day on which somebody last checked that this is right, YYYY-MM-DD.
        opt assured_date: String = "2026-11-02",
        /// Says when it was not checked for long: `needs_checking`, then `unconfirmed`. Our own word about our
        /// own services; what comes in with it is not kept for those.
        opt freshness: String = "needs_checking",
        /// Email address of the body that checked it.
        opt assurer_email: EmailAddress = "directory@council.example.org",
        /// Something urgent that people should know.
        opt alert: String = "Closed on 24 December",
        /// When the published content last changed.
        opt last_modified: DateTime<Utc> = "2026-11-20T09:00:00.000Z",
        /// Its own phone lines.
        many phones: Phone,
        /// When it is there, wherever that is.
        many schedules: Schedule,
        /// Areas that it covers.
        many service_areas: ServiceArea,
        /// Where it is given.
        many service_at_locations: ServiceAtLocation,
        /// Languages in which it is given.
        many languages: Language,
        /// The organization itself, where it is given along.
        nested organization: Organization,
        /// Where its money comes from.
        many funding: Funding,
        /// What it costs.
        many cost_options: CostOption,
        /// The programme itself.
        nested program: Program,
        /// What people must bring.
        many required_documents: RequiredDocument,
        /// People or desks to talk to. Only those marked public are published.
        many contacts: Contact,
        /// How much room there is.
        many capacities: ServiceCapacity,
        /// Classifications: needs, kinds, audiences.
        many attributes: Attribute,
        /// Where values came from.
        many metadata: Metadata,
        /// The event series that this service stands for, where it is one's projection.
        opt event_id: EventId = "6d1f2e3c-4b5a-4678-9abc-def012345678",
    }
}

entity! {
    /// A service at one place.
    ServiceAtLocation {
        /// Identifier.
        req id: ServiceAtLocationId = "e94c9f38-1e8f-4564-91d4-d53501ab1765",
        /// The service.
        opt service_id: ServiceId = "ac148810-d857-441c-9679-408f346de14b",
        /// The location.
        opt location_id: LocationId = "1f4b0f2e-7a38-4f8e-9ad5-6d3d0f1b2c3d",
        /// What is particular about the service here.
        opt description: String = "In the small hall",
        /// People or desks here. Only those marked public are published.
        many contacts: Contact,
        /// Phone lines here.
        many phones: Phone,
        /// When it is here.
        many schedules: Schedule,
        /// Areas that are covered from here.
        many service_areas: ServiceArea,
        /// The place itself, where it is given along.
        nested location: Location,
        /// The service itself, where it is given along.
        nested service: Service,
        /// Classifications.
        many attributes: Attribute,
        /// Where values came from.
        many metadata: Metadata,
        /// How much of the place the world may know from this link; everything when it is not said.
        opt location_policy: LocationPolicy = "exact",
    }
}
