//! One full document with everything nested in it, taken apart into documents of their own that
//! refer to one another by id.

use std::collections::HashMap;

use uuid::Uuid;

use super::{Attribute, Document, Event, Kind, Location, Organization, Service, TaxonomyTerm};

/// Take a document apart: first what it refers to, the document itself last.
/// # Errors
/// When a service does not say who provides it.
pub fn apart(document: Document) -> Result<Vec<Document>, String> {
    let mut parts = Vec::new();
    match document {
        Document::Service(one) => service(*one, &mut parts)?,
        Document::Event(one) => event(*one, &mut parts),
        Document::Organization(one) => organization(*one, &mut parts),
        Document::Location(one) => location(*one, &mut parts),
        Document::TaxonomyTerm(one) => term(*one, &mut parts),
        one @ Document::Taxonomy(_) => parts.push(one),
    }
    parts.iter_mut().for_each(forget_when);
    Ok(parts)
}

/// When a record last changed is ours to say: an API that says so of organizations, places and terms as well would
/// have them change each time it is read again.
fn forget_when(document: &mut Document) {
    let extra = match document {
        Document::Organization(one) => &mut one.extra,
        Document::Location(one) => &mut one.extra,
        Document::Taxonomy(one) => &mut one.extra,
        Document::TaxonomyTerm(one) => &mut one.extra,
        Document::Service(_) | Document::Event(_) => return,
    };
    extra.remove("last_modified");
}

fn service(mut service: Service, parts: &mut Vec<Document>) -> Result<(), String> {
    if let Some(nested) = service.organization.take() {
        service.organization_id.get_or_insert(nested.id);
        organization(*nested, parts);
    }
    if service.organization_id.is_none() {
        return Err(
            "organization: a service must name the organization that provides it (organization or organization_id)".to_owned()
        );
    }
    terms(&mut service.attributes, parts);
    for link in &mut service.service_at_locations {
        link.service = None;
        link.service_id = Some(service.id);
        if let Some(nested) = link.location.take() {
            link.location_id.get_or_insert(nested.id);
            location(*nested, parts);
        }
        terms(&mut link.attributes, parts);
    }
    parts.push(Document::Service(Box::new(service)));
    Ok(())
}

fn event(mut event: Event, parts: &mut Vec<Document>) {
    if let Some(nested) = event.organization.take() {
        organization(*nested, parts);
    }
    if let Some(nested) = event.location.take() {
        event.location_id.get_or_insert(nested.id);
        location(*nested, parts);
    }
    terms(&mut event.attributes, parts);
    parts.push(Document::Event(Box::new(event)));
}

fn organization(mut organization: Organization, parts: &mut Vec<Document>) {
    // Some feeds put an organization's services into it again.
    organization.extra.remove("services");
    for link in organization.locations.iter_mut().filter(|link| !link.extra.is_empty()) {
        let mut told = std::mem::take(&mut link.extra);
        told.insert("id".to_owned(), link.id.to_string().into());
        if let Ok(Document::Location(mut place)) = Document::from_value(Kind::Location, told.into()) {
            place.organization_id.get_or_insert(organization.id);
            location(*place, parts);
        }
    }
    terms(&mut organization.attributes, parts);
    parts.push(Document::Organization(Box::new(organization)));
}

fn location(mut location: Location, parts: &mut Vec<Document>) {
    terms(&mut location.attributes, parts);
    parts.push(Document::Location(Box::new(location)));
}

/// Terms and taxonomies nested in attributes; the attribute keeps the id.
fn terms(attributes: &mut [Attribute], parts: &mut Vec<Document>) {
    for attribute in attributes {
        if let Some(nested) = attribute.taxonomy_term.take() {
            attribute.taxonomy_term_id.get_or_insert(nested.id);
            term(*nested, parts);
        }
    }
}

/// A term, and its list.
fn term(mut term: TaxonomyTerm, parts: &mut Vec<Document>) {
    if let Some(taxonomy) = term.taxonomy_detail.take() {
        term.taxonomy_id.get_or_insert(taxonomy.id);
        parts.push(Document::Taxonomy(taxonomy));
    }
    parts.push(Document::TaxonomyTerm(Box::new(term)));
}

/// Make every reference of the document to one of `renamed` one to what it became.
pub fn rename<S: std::hash::BuildHasher>(document: &mut Document, renamed: &HashMap<(Kind, Uuid), Uuid, S>) {
    if renamed.is_empty() {
        return;
    }
    document.map_references(|kind, id| renamed.get(&(kind, id)).copied().unwrap_or(id));
}
