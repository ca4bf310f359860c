//! One full document with everything nested in it, taken apart into records of their own.

use uuid::Uuid;

use super::Taken;
use crate::{
    model::{Attribute, Document, Event, Location, Organization, Service, TaxonomyTerm},
    records::Draft,
};

/// Take a service apart. The parts come before what refers to them.
/// # Errors
/// When it does not say who provides it.
pub(super) fn service(mut service: Service, taken: &mut Taken) -> Result<(), String> {
    if let Some(nested) = service.organization.take() {
        service.organization_id.get_or_insert(nested.id);
        organization(*nested, taken);
    }
    if service.organization_id.is_none() {
        return Err(
            "organization: a service has to say which organization provides it (organization or organization_id)".to_owned()
        );
    }
    terms(&mut service.attributes, taken);
    for link in &mut service.service_at_locations {
        link.service = None;
        link.service_id = Some(service.id);
        if let Some(nested) = link.location.take() {
            link.location_id.get_or_insert(nested.id);
            location(*nested, taken);
        }
        terms(&mut link.attributes, taken);
    }
    taken.main(Draft::new(Document::Service(Box::new(service))));
    Ok(())
}

/// Take an event apart, as a service.
pub(super) fn event(mut event: Event, taken: &mut Taken) {
    if let Some(nested) = event.organization.take() {
        organization(*nested, taken);
    }
    if let Some(nested) = event.location.take() {
        event.location_id.get_or_insert(nested.id);
        location(*nested, taken);
    }
    terms(&mut event.attributes, taken);
    taken.main(Draft::new(Document::Event(Box::new(event))));
}

/// An organization, and the terms in it.
pub(super) fn organization(mut organization: Organization, taken: &mut Taken) {
    // Some feeds put an organization's services into it again.
    organization.extra.remove("services");
    terms(&mut organization.attributes, taken);
    taken.part(Draft::new(Document::Organization(Box::new(organization))));
}

/// A place, and the terms in it.
pub(super) fn location(mut location: Location, taken: &mut Taken) {
    terms(&mut location.attributes, taken);
    taken.part(Draft::new(Document::Location(Box::new(location))));
}

/// Terms and taxonomies nested in attributes become records; the attribute keeps the id.
fn terms(attributes: &mut [Attribute], taken: &mut Taken) {
    for attribute in attributes {
        if let Some(nested) = attribute.taxonomy_term.take() {
            attribute.taxonomy_term_id.get_or_insert(nested.id);
            term(*nested, taken);
        }
    }
}

/// A term, and its list.
pub(super) fn term(mut term: TaxonomyTerm, taken: &mut Taken) {
    if let Some(taxonomy) = term.taxonomy_detail.take() {
        term.taxonomy_id.get_or_insert(taxonomy.id);
        taken.part(Draft::new(Document::Taxonomy(taxonomy)));
    }
    taken.part(Draft::new(Document::TaxonomyTerm(Box::new(term))));
}

/// Make every reference of the document to one of `from` one to what it became.
pub(super) fn rename(document: &mut Document, renamed: &std::collections::HashMap<(crate::model::Kind, Uuid), Uuid>) {
    if renamed.is_empty() {
        return;
    }
    document.map_references(|kind, id| renamed.get(&(kind, id)).copied().unwrap_or(id));
}
