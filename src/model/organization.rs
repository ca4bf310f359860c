//! Organizations: who provides help.

use chrono::NaiveDate;
use uuid::Uuid;

use super::{
    contact::{Contact, Phone, to_ring},
    entity,
    parts::{Funding, Metadata, Program, Url},
    taxonomy::Attribute,
    values::{EmailAddress, Number, WebAddress},
};
use crate::ids::{LocationId, OrganizationId};

entity! {
    /// An organization that provides services, such as a charity, group or council team.
    Organization {
        /// Identifier, a UUID that never changes.
        req id: OrganizationId = "d9d5e0f5-d3ce-4f73-9a2f-4dd0ecc6c610",
        /// The name people know it by.
        #[schemars(length(max = 1_000))]
        req name: String = "Marsh Farm Community Pantry",
        /// Another name, such as a former name, an acronym or a name in another language.
        #[schemars(length(max = 1_000))]
        opt alternate_name: String = "The Pantry",
        /// What the organization is and does, in a few plain sentences.
        req description: String = "A volunteer-run pantry for families in north Luton.",
        /// Email address for general enquiries.
        opt email: EmailAddress = "hello@marsh-farm-pantry.example.org",
        /// The organization's own website.
        opt website: WebAddress = "https://marsh-farm-pantry.example.org",
        /// Further web addresses.
        many additional_websites: Url,
        /// Web address of its logo.
        opt logo: String = "https://marsh-farm-pantry.example.org/logo.png",
        /// Description of the logo for people who cannot see it.
        #[schemars(length(max = 1_000))]
        opt logo_alt: String = "Marsh Farm Community Pantry, a green apple",
        /// What it declares it has, such as insurance, and whether the directory has seen evidence.
        many declarations: Declaration,
        /// A persistent identifier of the organization as a web address.
        opt uri: WebAddress = "https://opencorporates.example.org/gb/01234567",
        /// The organization that this one is part of.
        opt parent_organization_id: OrganizationId = "5ea1b2c3-0d4e-4f5a-8b6c-7d8e9f0a1b2c",
        /// Legal status.
        opt legal_status: String = "Registered charity",
        /// Tax status; deprecated by the standard, kept if supplied.
        opt tax_status: String = "tax exempt",
        /// Tax number; deprecated by the standard, kept if supplied.
        opt tax_id: String = "1000001",
        /// The year it was founded, four digits.
        opt year_incorporated: Number = 1998,
        /// Its numbers in registers.
        many organization_identifiers: OrganizationIdentifier,
        /// Its own phone lines.
        many phones: Phone,
        /// People or desks to contact. Only those marked public are published.
        many contacts: Contact,
        /// Where its money comes from.
        many funding: Funding,
        /// Locations that belong to it.
        many locations: LocationLink,
        /// Programmes under which it offers services.
        many programs: Program,
        /// Classifications.
        many attributes: Attribute,
        /// Where values came from.
        many metadata: Metadata,
    }
}

entity! {
    /// The number of an organization in a register.
    OrganizationIdentifier {
        /// Identifier of this row.
        req id: Uuid = "7ac7085e-3e51-4a44-9a39-1f3d6f0b8f51",
        /// The organization.
        opt organization_id: OrganizationId = "d9d5e0f5-d3ce-4f73-9a2f-4dd0ecc6c610",
        /// The register, by its code at org-id.guide.
        opt identifier_scheme: String = "GB-CHC",
        /// The name of the register.
        req identifier_type: String = "Charity number",
        /// The number, as text.
        req identifier: String = "1000001",
        /// Classifications.
        many attributes: Attribute,
    }
}

entity! {
    /// Something the directory asks organizations to have.
    Declaration {
        /// Identifier of this row.
        req id: Uuid = "6f1d2c3b-4a59-5c87-9b6a-0d1e2f3a4b5c",
        /// What.
        #[schemars(length(max = 200))]
        req name: String = "Safeguarding policy",
        /// The date from which the organization says it has it.
        opt declared_on: NaiveDate = "2026-03-01",
        /// The date on which the directory saw evidence of it.
        opt seen_on: NaiveDate = "2026-03-12",
    }
}

impl Organization {
    /// The numbers to ring, of a public document.
    pub fn numbers(&self) -> Vec<&Phone> {
        to_ring(&self.phones, &self.contacts)
    }
}

entity! {
    /// A location named under an organization: only its id, since the location is its own record.
    LocationLink {
        /// The location.
        req id: LocationId = "1f4b0f2e-7a38-4f8e-9ad5-6d3d0f1b2c3d",
    }
}
