//! Services: the help itself, and the places where it is given.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    contact::{Contact, Phone, to_ring},
    entity,
    location::{Location, LocationPolicy},
    organization::Organization,
    parts::{CostOption, Funding, Language, Metadata, Program, RequiredDocument, ServiceArea, ServiceCapacity, Url},
    schedule::Schedule,
    taxonomy::Attribute,
    values::{EmailAddress, Number, WebAddress},
};
use crate::ids::{EventId, LocationId, OrganizationId, ServiceAtLocationId, ServiceId};

/// Whether a service is available.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum ServiceStatus {
    /// It runs.
    #[serde(rename = "active")]
    Active,
    /// It does not run, but may again.
    #[serde(rename = "inactive")]
    Inactive,
    /// It has closed permanently.
    #[serde(rename = "defunct")]
    Defunct,
    /// It is temporarily closed.
    #[serde(rename = "temporarily closed")]
    TemporarilyClosed,
}

entity! {
    /// Help that an organization provides.
    Service {
        /// Identifier, a UUID that never changes.
        req id: ServiceId = "ac148810-d857-441c-9679-408f346de14b",
        /// The organization that provides the service.
        opt organization_id: OrganizationId = "d9d5e0f5-d3ce-4f73-9a2f-4dd0ecc6c610",
        /// The programme the service belongs to.
        #[schemars(extend("x-id-of" = "program"))]
        opt program_id: uuid::Uuid = "7b8c9d0e-1f2a-4b3c-8d4e-5f6a7b8c9d0e",
        /// Name of the service.
        #[schemars(length(max = 1_000))]
        req name: String = "Thursday pantry",
        /// Another name.
        #[schemars(length(max = 1_000))]
        opt alternate_name: String = "Food club",
        /// Description of the service, in plain words.
        opt description: String = "Choose about ten items of food for £4. No referral needed.",
        /// A page about the service.
        opt url: WebAddress = "https://marsh-farm-pantry.example.org/thursdays",
        /// Further web addresses.
        many additional_urls: Url,
        /// Email address for the service.
        opt email: EmailAddress = "pantry@marsh-farm-pantry.example.org",
        /// Whether it is available.
        req status: ServiceStatus = "active",
        /// Interpretation offered, such as interpreters or British Sign Language.
        opt interpretation_services: String = "Urdu and Polish on Thursdays",
        /// How to apply: walk in, ring, ask your doctor.
        opt application_process: String = "Just come along",
        /// Description of the cost; the standard prefers `fees_description`.
        opt fees: String = "£4",
        /// Description of the cost.
        opt fees_description: String = "£4 a visit",
        /// How long people wait.
        opt wait_time: String = "No waiting list",
        /// Quality marks.
        opt accreditations: String = "Advice Quality Standard",
        /// Licences the service holds.
        opt licenses: String = "Food hygiene rating 5",
        /// Description of who can use it.
        opt eligibility_description: String = "Anyone living in north Luton",
        /// Youngest age, in whole years, inclusive.
        #[schemars(range(min = 0, max = 150))]
        opt minimum_age: Number = 18,
        /// Oldest age, in whole years, inclusive.
        #[schemars(range(min = 0, max = 150))]
        opt maximum_age: Number = 65,
        /// Date on which the details were last checked, YYYY-MM-DD.
        opt assured_date: String = "2026-11-02",
        /// Set when it has not been checked for a long time: `needs_checking`, then `unconfirmed`. The directory
        /// sets this for its own services; a value sent with them is ignored.
        opt freshness: String = "needs_checking",
        /// Email address of the body that checked it.
        opt assurer_email: EmailAddress = "directory@council.example.org",
        /// An urgent notice.
        opt alert: String = "Closed on 24 December",
        /// When the published content last changed.
        opt last_modified: DateTime<Utc> = "2026-11-20T09:00:00.000Z",
        /// Its own phone lines.
        many phones: Phone,
        /// When it is available, at any location.
        many schedules: Schedule,
        /// Areas it covers.
        many service_areas: ServiceArea,
        /// Where it is available.
        many service_at_locations: ServiceAtLocation,
        /// Languages in which it is offered.
        many languages: Language,
        /// The organization itself, if included.
        nested organization: Organization,
        /// Where its money comes from.
        many funding: Funding,
        /// What it costs.
        many cost_options: CostOption,
        /// The programme itself.
        nested program: Program,
        /// What people must bring.
        many required_documents: RequiredDocument,
        /// People or desks to contact. Only those marked public are published.
        many contacts: Contact,
        /// Its capacity.
        many capacities: ServiceCapacity,
        /// Classifications: needs, kinds, audiences.
        many attributes: Attribute,
        /// Where values came from.
        many metadata: Metadata,
        /// The event series that this service represents, if it is the projection of one.
        opt event_id: EventId = "6d1f2e3c-4b5a-4678-9abc-def012345678",
    }
}

impl Service {
    /// How it is classified: what is so at one of its places is so of it.
    pub fn classified(&self) -> impl Iterator<Item = &Attribute> {
        self.attributes.iter().chain(self.service_at_locations.iter().flat_map(|link| &link.attributes))
    }

    /// The numbers to ring, of a public document: its own or its contacts', else those at its places.
    pub fn numbers(&self) -> Vec<&Phone> {
        let own = to_ring(&self.phones, &self.contacts);
        if own.is_empty() { self.service_at_locations.iter().flat_map(ServiceAtLocation::numbers).collect() } else { own }
    }

    /// The same; where there are none, those of its organization.
    pub fn numbers_or_theirs(&self) -> Vec<&Phone> {
        let own = self.numbers();
        match self.organization.as_deref() {
            Some(organization) if own.is_empty() => organization.numbers(),
            _ => own,
        }
    }
}

entity! {
    /// A service at one location.
    ServiceAtLocation {
        /// Identifier.
        req id: ServiceAtLocationId = "e94c9f38-1e8f-4564-91d4-d53501ab1765",
        /// The service.
        opt service_id: ServiceId = "ac148810-d857-441c-9679-408f346de14b",
        /// The location.
        opt location_id: LocationId = "1f4b0f2e-7a38-4f8e-9ad5-6d3d0f1b2c3d",
        /// What is particular to the service here.
        opt description: String = "In the small hall",
        /// People or desks here. Only those marked public are published.
        many contacts: Contact,
        /// Phone lines here.
        many phones: Phone,
        /// When it is available here.
        many schedules: Schedule,
        /// Areas covered from here.
        many service_areas: ServiceArea,
        /// The location itself, if included.
        nested location: Location,
        /// The service itself, if included.
        nested service: Service,
        /// Classifications.
        many attributes: Attribute,
        /// Where values came from.
        many metadata: Metadata,
        /// How much of the location this link may show; everything if missing.
        opt location_policy: LocationPolicy = "exact",
    }
}

impl ServiceAtLocation {
    /// The numbers to ring here, of a public document.
    pub fn numbers(&self) -> Vec<&Phone> {
        to_ring(&self.phones, &self.contacts)
    }

    /// The same; where there are none, those of its `service`, but for those at other places, else of the organization.
    pub fn numbers_or_theirs<'a>(&'a self, service: Option<&'a Service>) -> Vec<&'a Phone> {
        let here = self.numbers();
        let Some(service) = service.filter(|_| here.is_empty()) else { return here };
        let own = to_ring(&service.phones, &service.contacts);
        match service.organization.as_deref() {
            Some(organization) if own.is_empty() => organization.numbers(),
            _ => own,
        }
    }

    /// Its hours here, else those of its service, else those of the building.
    pub fn hours(&self) -> &[Schedule] {
        let of_service = self.service.as_deref().map(|service| service.schedules.as_slice());
        let of_building = self.location.as_deref().map(|place| place.schedules.as_slice());
        let all = [Some(self.schedules.as_slice()), of_service, of_building];
        all.into_iter().flatten().find(|schedules| !schedules.is_empty()).unwrap_or_default()
    }
}
