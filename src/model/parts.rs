//! Small parts that several records have: languages, money, areas, access, links, notes of origin.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{
    entity,
    taxonomy::Attribute,
    values::{Number, WebAddress},
    with_only,
};
use crate::ids::{LocationId, ServiceAtLocationId, ServiceId};

entity! {
    /// A language in which the service is offered.
    Language {
        /// Identifier.
        req id: Uuid = "3b7f0d0e-51a1-4bfa-9ec4-8a4f0d9d1c22",
        /// ISO 639 code.
        opt code: String = "ur",
        /// Name of the language in English.
        #[schemars(length(max = 1_000))]
        opt name: String = "Urdu",
        /// When and how it is offered.
        opt note: String = "Ask when you book",
    }
}

entity! {
    /// What something costs and for whom.
    CostOption {
        /// Identifier.
        req id: Uuid = "5f0a7c3d-66c9-4a8b-9d3e-2b1c0d9e8f7a",
        /// The service.
        opt service_id: ServiceId = "ac148810-d857-441c-9679-408f346de14b",
        /// First day of this price.
        opt valid_from: NaiveDate = "2026-04-01",
        /// Last day of this price.
        opt valid_to: NaiveDate = "2027-03-31",
        /// Who pays this price.
        opt option: String = "Adults",
        /// ISO 4217 code of the currency.
        opt currency: String = "GBP",
        /// Amount in whole units of the currency (pounds): 2.5 is two pounds fifty.
        #[schemars(range(min = 0, max = 1_000_000))]
        opt amount: Number = 2.5,
        /// What the amount pays for.
        opt amount_description: String = "for each session",
    }
}

impl CostOption {
    /// One that says nothing yet.
    pub fn new(id: Uuid) -> Self {
        with_only(serde_json::json!({"id": id}))
    }
}

entity! {
    /// Where money comes from.
    Funding {
        /// Identifier.
        req id: Uuid = "c1a2b3d4-e5f6-4789-8a9b-0c1d2e3f4a5b",
        /// The source of the money.
        opt source: String = "A small grant from the parish council",
    }
}

entity! {
    /// An area that a service covers.
    ServiceArea {
        /// Identifier.
        req id: Uuid = "8e1f0c9d-2b3a-4c5d-8e6f-7a8b9c0d1e2f",
        /// The service.
        opt service_id: ServiceId = "ac148810-d857-441c-9679-408f346de14b",
        /// The service at one location, if the area only applies there.
        opt service_at_location_id: ServiceAtLocationId = "e94c9f38-1e8f-4564-91d4-d53501ab1765",
        /// Name of the area.
        #[schemars(length(max = 1_000))]
        opt name: String = "Luton",
        /// Description of the area.
        opt description: String = "All of the borough and the villages just outside it",
        /// The shape or list of the area, in the form that `extent_type` names.
        opt extent: String = "LU1, LU2, LU3, LU4",
        /// Form of the extent: geojson, topojson, kml or text.
        opt extent_type: String = "text",
        /// Web address of the area, with its GSS code.
        opt uri: WebAddress = "http://statistics.data.gov.uk/id/statistical-geography/E06000032",
        /// Former member for the name of the area.
        opt service_area: String = "Luton",
    }
}

entity! {
    /// Something that makes a location easier or harder to use.
    Accessibility {
        /// Identifier.
        req id: Uuid = "f3b1c2d3-e4f5-4a6b-8c7d-9e0f1a2b3c4d",
        /// The location.
        opt location_id: LocationId = "1f4b0f2e-7a38-4f8e-9ad5-6d3d0f1b2c3d",
        /// Description of the access.
        opt description: String = "Step-free entrance",
        /// Further details.
        opt details: String = "Use the door in Park Street; the bell is at 1 metre",
        /// A page with more about access.
        opt url: WebAddress = "https://marsh-farm-pantry.example.org/access",
        /// Former member for the description.
        opt accessibility: String = "Step-free entrance",
        /// Classifications.
        many attributes: Attribute,
    }
}

entity! {
    /// A document that people must bring.
    RequiredDocument {
        /// Identifier.
        req id: Uuid = "9a8b7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c6d",
        /// What to bring.
        opt document: String = "A letter with your address",
        /// Web address with an explanation.
        opt uri: WebAddress = "https://marsh-farm-pantry.example.org/what-to-bring",
    }
}

entity! {
    /// A further web address.
    Url {
        /// Identifier.
        req id: Uuid = "2d3e4f5a-6b7c-4d8e-9f0a-1b2c3d4e5f6a",
        /// What the address leads to.
        opt label: String = "Our page at the library",
        /// The address.
        req url: WebAddress = "https://library.example.org/pantry",
    }
}

entity! {
    /// The capacity of a service.
    ServiceCapacity {
        /// Identifier.
        req id: Uuid = "4e5f6a7b-8c9d-4e0f-8a1b-2c3d4e5f6a7b",
        /// The service.
        opt service_id: ServiceId = "ac148810-d857-441c-9679-408f346de14b",
        /// The unit that is counted.
        nested unit: Unit,
        /// How many units are free now.
        req available: Number = 3,
        /// How many units there are in total.
        opt maximum: Number = 12,
        /// Further details.
        opt description: String = "Places in the Tuesday group",
        /// When this was counted.
        req updated: DateTime<Utc> = "2026-11-20T09:00:00Z",
    }
}

entity! {
    /// The unit of a capacity.
    Unit {
        /// Identifier.
        req id: Uuid = "6a7b8c9d-0e1f-4a2b-8c3d-4e5f6a7b8c9d",
        /// Name of one unit.
        #[schemars(length(max = 1_000))]
        req name: String = "place",
        /// The list that the unit is taken from.
        opt scheme: String = "local",
        /// Its identifier in that list.
        opt identifier: String = "place",
        /// Its web address in that list.
        opt uri: WebAddress = "https://units.example.org/place",
    }
}

entity! {
    /// A programme that groups services.
    Program {
        /// Identifier.
        req id: Uuid = "7b8c9d0e-1f2a-4b3c-8d4e-5f6a7b8c9d0e",
        /// Name of the programme.
        #[schemars(length(max = 1_000))]
        opt name: String = "Family hubs",
        /// Another name.
        #[schemars(length(max = 1_000))]
        opt alternate_name: String = "Start for life",
        /// Description of the programme.
        opt description: String = "Help for families from pregnancy onwards",
    }
}

entity! {
    /// A record of where a value came from.
    Metadata {
        /// Identifier.
        req id: Uuid = "a1b2c3d4-e5f6-4a7b-8c9d-0e1f2a3b4c5d",
        /// The entity it is about.
        opt resource_id: Uuid = "ac148810-d857-441c-9679-408f346de14b",
        /// Kind of the entity.
        opt resource_type: String = "service",
        /// Date of the change.
        opt last_action_date: String = "2026-11-20",
        /// What was done: create, update or delete.
        opt last_action_type: String = "update",
        /// The field.
        opt field_name: String = "name",
        /// The value before.
        opt previous_value: String = "Pantry",
        /// The value after.
        opt replacement_value: String = "Community Pantry",
        /// Who did it, as a role or an organisation, never a person.
        opt updated_by: String = "Luton directory",
    }
}
