//! Documents as lists show them, and the moment of their last change in them.

use chrono::{DateTime, SubsecRound as _, Utc};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    clock,
    model::{Event, Location, Organization, Service, ServiceAtLocation, Taxonomy, TaxonomyTerm},
};

/// A document whose brief form is what is left of it without lists and objects.
pub(super) trait Brief: Serialize {
    fn set_modified(&mut self, modified: DateTime<Utc>);
    /// Take out what lists do not show.
    fn shorten(&mut self);
}

fn stamp(extra: &mut Map<String, Value>, modified: DateTime<Utc>) {
    extra.insert("last_modified".to_owned(), clock::rfc3339(modified).into());
}

fn only_scalars(extra: &mut Map<String, Value>) {
    extra.retain(|_, value| !value.is_array() && !value.is_object());
}

impl Brief for Taxonomy {
    fn set_modified(&mut self, modified: DateTime<Utc>) {
        stamp(&mut self.extra, modified);
    }
    fn shorten(&mut self) {
        self.metadata.clear();
        only_scalars(&mut self.extra);
    }
}

impl Brief for TaxonomyTerm {
    fn set_modified(&mut self, modified: DateTime<Utc>) {
        stamp(&mut self.extra, modified);
    }
    fn shorten(&mut self) {
        self.taxonomy_detail = None;
        self.metadata.clear();
        only_scalars(&mut self.extra);
    }
}

impl Brief for Organization {
    fn set_modified(&mut self, modified: DateTime<Utc>) {
        stamp(&mut self.extra, modified);
    }
    fn shorten(&mut self) {
        self.additional_websites.clear();
        self.organization_identifiers.clear();
        self.phones.clear();
        self.contacts.clear();
        self.funding.clear();
        self.locations.clear();
        self.programs.clear();
        self.attributes.clear();
        self.metadata.clear();
        only_scalars(&mut self.extra);
    }
}

impl Brief for Location {
    fn set_modified(&mut self, modified: DateTime<Utc>) {
        stamp(&mut self.extra, modified);
    }
    fn shorten(&mut self) {
        self.addresses.clear();
        self.accessibility.clear();
        self.languages.clear();
        self.phones.clear();
        self.contacts.clear();
        self.schedules.clear();
        self.attributes.clear();
        self.metadata.clear();
        only_scalars(&mut self.extra);
    }
}

impl Brief for Service {
    fn set_modified(&mut self, modified: DateTime<Utc>) {
        self.last_modified = Some(modified.trunc_subsecs(3));
    }
    fn shorten(&mut self) {
        self.additional_urls.clear();
        self.phones.clear();
        self.schedules.clear();
        self.service_areas.clear();
        self.service_at_locations.clear();
        self.languages.clear();
        self.funding.clear();
        self.cost_options.clear();
        self.program = None;
        self.required_documents.clear();
        self.contacts.clear();
        self.capacities.clear();
        self.attributes.clear();
        self.metadata.clear();
        if let Some(organization) = &mut self.organization {
            organization.shorten();
        }
        only_scalars(&mut self.extra);
    }
}

impl Brief for Event {
    fn set_modified(&mut self, modified: DateTime<Utc>) {
        self.last_modified = Some(modified.trunc_subsecs(3));
    }
    fn shorten(&mut self) {
        self.exdates.clear();
        self.rdates.clear();
        self.changes.clear();
        self.cost_options.clear();
        self.accessibility.clear();
        self.languages.clear();
        self.phones.clear();
        self.contacts.clear();
        self.attributes.clear();
        self.location = None;
        only_scalars(&mut self.extra);
    }
}

impl Brief for ServiceAtLocation {
    fn set_modified(&mut self, modified: DateTime<Utc>) {
        stamp(&mut self.extra, modified);
    }
    fn shorten(&mut self) {
        self.contacts.clear();
        self.phones.clear();
        self.schedules.clear();
        self.service_areas.clear();
        self.attributes.clear();
        self.metadata.clear();
        if let Some(location) = &mut self.location {
            location.shorten();
        }
        only_scalars(&mut self.extra);
    }
}
