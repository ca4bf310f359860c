//! The open schema in Rust: Open Referral UK 3.0 and HSDS 3.1 entities, and our own `Event`.
//!
//! The same types hold a record as it is kept (references by id, private parts marked) and as it
//! is published (referenced records nested, private parts gone). Nothing here does I/O.

pub mod annotation;
pub mod apart;
pub mod changes;
pub mod contact;
mod entity;
pub mod event;
pub mod holidays;
pub mod hours;
pub mod languages;
pub mod location;
pub mod occurrences;
pub mod organization;
pub mod parts;
pub mod personal;
pub mod provenance;
mod references;
pub mod schedule;
pub mod service;
pub mod shape;
pub mod taxonomy;
pub mod text;
pub mod tidy;
pub mod values;
pub mod whereabouts;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::ids;

pub(crate) use entity::{entity, with_only};
pub use {
    contact::{Contact, Phone, Visibility},
    event::Event,
    location::{Address, Location, LocationPolicy, LocationType},
    organization::Organization,
    references::Reference,
    schedule::Schedule,
    service::{Service, ServiceAtLocation, ServiceStatus},
    taxonomy::{Attribute, Taxonomy, TaxonomyTerm},
};

/// The kinds of record, in the order in which they depend on one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A list of terms.
    Taxonomy,
    /// A term of a list.
    TaxonomyTerm,
    /// An organization that provides help.
    Organization,
    /// A location.
    Location,
    /// A service.
    Service,
    /// An event: a series of dates.
    Event,
    /// A service at a location. Published, derived from its service; never a record of its own.
    ServiceAtLocation,
}

impl Kind {
    /// The kinds of which records are kept.
    pub const RECORDS: [Self; 6] =
        [Self::Taxonomy, Self::TaxonomyTerm, Self::Organization, Self::Location, Self::Service, Self::Event];
    /// The kinds of what is published.
    pub const PUBLISHED: [Self; 7] = [
        Self::Taxonomy,
        Self::TaxonomyTerm,
        Self::Organization,
        Self::Location,
        Self::Service,
        Self::Event,
        Self::ServiceAtLocation,
    ];

    /// The kind as the standard names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Taxonomy => "taxonomy",
            Self::TaxonomyTerm => "taxonomy_term",
            Self::Organization => "organization",
            Self::Location => "location",
            Self::Service => "service",
            Self::Event => "event",
            Self::ServiceAtLocation => "service_at_location",
        }
    }

    /// The number that stands for the kind in the database and in the file of published bytes.
    pub fn number(self) -> i16 {
        Self::PUBLISHED.iter().position(|kind| *kind == self).and_then(|at| i16::try_from(at).ok()).unwrap_or(0)
    }

    /// The kind that `number` stands for.
    pub fn from_number(number: i16) -> Option<Self> {
        Self::PUBLISHED.get(usize::try_from(number).ok()?).copied()
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::PUBLISHED.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| format!("{text:?} is not a kind of record"))
    }
}

/// One record's document, of whichever kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Document {
    /// A list of terms.
    Taxonomy(Box<Taxonomy>),
    /// A term of a list.
    TaxonomyTerm(Box<TaxonomyTerm>),
    /// An organization that provides help.
    Organization(Box<Organization>),
    /// A location.
    Location(Box<Location>),
    /// A service.
    Service(Box<Service>),
    /// An event: a series of dates.
    Event(Box<Event>),
}

macro_rules! each_document {
    ($self:expr, $doc:ident => $body:expr) => {
        match $self {
            Document::Taxonomy($doc) => $body,
            Document::TaxonomyTerm($doc) => $body,
            Document::Organization($doc) => $body,
            Document::Location($doc) => $body,
            Document::Service($doc) => $body,
            Document::Event($doc) => $body,
        }
    };
}

impl Document {
    /// Read a tidy document (see [`tidy`]) of the given kind.
    /// # Errors
    /// What is wrong and where, when the document does not have the kind's shape, or the kind
    /// has no records of its own.
    pub fn from_value(kind: Kind, value: Value) -> Result<Self, String> {
        fn read<T: serde::de::DeserializeOwned>(value: Value) -> Result<Box<T>, String> {
            serde_path_to_error::deserialize(value).map(Box::new).map_err(|error| error.to_string())
        }
        match kind {
            Kind::Taxonomy => read(value).map(Self::Taxonomy),
            Kind::TaxonomyTerm => read(value).map(Self::TaxonomyTerm),
            Kind::Organization => read(value).map(Self::Organization),
            Kind::Location => read(value).map(Self::Location),
            Kind::Service => read(value).map(Self::Service),
            Kind::Event => read(value).map(Self::Event),
            Kind::ServiceAtLocation => Err("a service_at_location is part of its service, not a record".to_owned()),
        }
    }

    /// Read what [`Document::to_json`] wrote.
    pub fn from_json(kind: Kind, json: &str) -> Result<Self, String> {
        serde_json::from_str(json).map_err(|error| error.to_string()).and_then(|value| Self::from_value(kind, value))
    }

    /// The document as JSON text; equal documents give equal text.
    pub fn to_json(&self) -> String {
        each_document!(self, doc => serde_json::to_string(doc)).expect("documents have string keys only")
    }

    /// The document as JSON, member by member; read from its text, so that a number is the same as in what is
    /// stored.
    /// # Panics
    /// Never: what was written as JSON is JSON.
    pub fn to_value(&self) -> Value {
        serde_json::from_str(&self.to_json()).expect("written a moment ago")
    }

    /// The record's id.
    pub fn id(&self) -> Uuid {
        each_document!(self, doc => doc.id.into())
    }

    /// Give the document another id.
    pub fn set_id(&mut self, id: Uuid) {
        each_document!(self, doc => doc.id = id.into());
    }

    /// What kind of record this is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Taxonomy(_) => Kind::Taxonomy,
            Self::TaxonomyTerm(_) => Kind::TaxonomyTerm,
            Self::Organization(_) => Kind::Organization,
            Self::Location(_) => Kind::Location,
            Self::Service(_) => Kind::Service,
            Self::Event(_) => Kind::Event,
        }
    }

    /// The name a person would call it by.
    pub fn name(&self) -> &str {
        match self {
            Self::Taxonomy(doc) => &doc.name,
            Self::TaxonomyTerm(doc) => &doc.name,
            Self::Organization(doc) => &doc.name,
            Self::Location(doc) => doc.name.as_deref().unwrap_or("a place"),
            Self::Service(doc) => &doc.name,
            Self::Event(doc) => &doc.name,
        }
    }

    /// The id that a term or taxonomy has by its web address: such vocabulary is nobody's own.
    pub fn shared_id(&self) -> Option<Uuid> {
        match self {
            Self::TaxonomyTerm(term) => term.term_uri.as_ref().map(|uri| ids::from_uri(uri.as_str())),
            Self::Taxonomy(taxonomy) => taxonomy.uri.as_ref().map(|uri| ids::from_uri(uri.as_str())),
            _ => None,
        }
    }

    /// Members that the schema does not name.
    pub fn extra_mut(&mut self) -> &mut serde_json::Map<String, Value> {
        each_document!(self, doc => &mut doc.extra)
    }

    /// Every list of contacts in the document.
    pub fn contact_lists(&mut self) -> Vec<&mut Vec<Contact>> {
        match self {
            Self::Organization(doc) => vec![&mut doc.contacts],
            Self::Location(doc) => vec![&mut doc.contacts],
            Self::Event(doc) => vec![&mut doc.contacts],
            Self::Service(doc) => {
                let mut lists = vec![&mut doc.contacts];
                lists.extend(doc.service_at_locations.iter_mut().map(|link| &mut link.contacts));
                lists
            }
            Self::Taxonomy(_) | Self::TaxonomyTerm(_) => Vec::new(),
        }
    }

    /// Every list of phones in the document, but for those in its contacts.
    pub fn phone_lists(&mut self) -> Vec<&mut Vec<Phone>> {
        match self {
            Self::Organization(doc) => vec![&mut doc.phones],
            Self::Location(doc) => vec![&mut doc.phones],
            Self::Event(doc) => vec![&mut doc.phones],
            Self::Service(doc) => {
                let mut lists = vec![&mut doc.phones];
                lists.extend(doc.service_at_locations.iter_mut().map(|link| &mut link.phones));
                lists
            }
            Self::Taxonomy(_) | Self::TaxonomyTerm(_) => Vec::new(),
        }
    }

    /// The phones outside contacts that say whose number they are.
    pub fn phones_of_contacts(&mut self) -> Vec<Phone> {
        let phones = self.phone_lists().into_iter().flat_map(|list| list.iter());
        phones.filter(|phone| phone.contact().is_some()).cloned().collect()
    }

    /// Take a contact out, with the phones that name it. Whether there was anything.
    pub fn remove_contact(&mut self, contact: Uuid) -> bool {
        let mut found = false;
        for list in self.contact_lists() {
            found |= list.extract_if(.., |one| one.id == contact).count() > 0;
        }
        for list in self.phone_lists() {
            found |= list.extract_if(.., |phone| phone.contact() == Some(contact)).count() > 0;
        }
        found
    }
}
