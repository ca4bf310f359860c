//! A record as the world sees it: private parts taken out, referenced records nested.
//!
//! A pure function of the record, of the published records and the moment around it, and of the
//! moment that is to stand as its last change. Nothing is rendered anywhere else.

use std::collections::HashMap;

use chrono::{DateTime, SubsecRound as _, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    projection,
    redaction::{self, Known},
};
use crate::{
    clock, ids,
    model::{
        Attribute, Document, Event, Kind, Location, LocationPolicy, Organization, Service, ServiceAtLocation, Taxonomy,
        TaxonomyTerm,
    },
    signing,
};

/// What stands around a record: the records it refers to, as far as they are there and public.
#[derive(Debug, Default)]
pub struct Around {
    /// Documents by id.
    pub documents: HashMap<Uuid, Document>,
    /// Words of categories whose places are secret.
    pub withheld_categories: Vec<String>,
    /// The most open link to each place, for rendering places themselves.
    pub most_open_link: HashMap<Uuid, LocationPolicy>,
    /// Organizations with a service or event at a place that is not told whole, and what is known of
    /// it: what they say of themselves must not tell it either.
    pub discreet: HashMap<Uuid, Known>,
    /// The moment at which it is rendered: a series whose last date has passed is inactive.
    pub now: DateTime<Utc>,
}

impl Around {
    fn organization(&self, id: impl Into<Uuid>) -> Option<&Organization> {
        match self.documents.get(&id.into()) {
            Some(Document::Organization(found)) => Some(found),
            _ => None,
        }
    }
    fn location(&self, id: impl Into<Uuid>) -> Option<&Location> {
        match self.documents.get(&id.into()) {
            Some(Document::Location(found)) => Some(found),
            _ => None,
        }
    }
    fn term(&self, id: impl Into<Uuid>) -> Option<&TaxonomyTerm> {
        match self.documents.get(&id.into()) {
            Some(Document::TaxonomyTerm(found)) => Some(found),
            _ => None,
        }
    }
    fn taxonomy(&self, id: impl Into<Uuid>) -> Option<&Taxonomy> {
        match self.documents.get(&id.into()) {
            Some(Document::Taxonomy(found)) => Some(found),
            _ => None,
        }
    }

    /// Whether a record with these attributes belongs to a category whose places are secret.
    pub fn is_secret<'a>(&self, attributes: impl IntoIterator<Item = &'a Attribute>) -> bool {
        attributes.into_iter().any(|attribute| {
            let stored = attribute.taxonomy_term_id.and_then(|id| self.term(id));
            stored
                .or(attribute.taxonomy_term.as_deref())
                .is_some_and(|term| redaction::is_withheld_category(term, &self.withheld_categories))
        })
    }
}

/// One public document.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    /// Its id.
    pub id: Uuid,
    /// Its kind.
    pub kind: Kind,
    /// Whether it is made of a record with another id.
    pub derived: bool,
    /// The whole document.
    pub full: String,
    /// The document as lists show it.
    pub brief: String,
    /// The whole document as canonical JSON, where it is to be signed.
    pub canonical: Option<Vec<u8>>,
}

/// Render `document`, last changed at `modified`; `signed` asks for the canonical form as well.
/// Gives nothing for a record that is not to be seen, or not yet.
pub fn render(document: Document, around: &Around, modified: DateTime<Utc>, signed: bool) -> Vec<Rendered> {
    match document {
        Document::Taxonomy(doc) => vec![plain(Kind::Taxonomy, doc.id.into(), *doc, modified, signed)],
        Document::TaxonomyTerm(doc) => vec![plain(Kind::TaxonomyTerm, doc.id.into(), term(*doc, around), modified, signed)],
        Document::Organization(doc) => vec![organization(*doc, around, modified, signed)],
        Document::Location(doc) => location(*doc, around, modified, signed).into_iter().collect(),
        Document::Service(doc) => service(*doc, around, modified, signed, false),
        Document::Event(doc) => event(*doc, around, modified, signed),
    }
}

/// A document whose brief form is what is left of it without lists and objects.
trait Brief: Serialize {
    fn set_modified(&mut self, modified: DateTime<Utc>);
    /// Take out what lists do not show.
    fn shorten(&mut self);
}

fn plain(kind: Kind, id: Uuid, mut document: impl Brief, modified: DateTime<Utc>, signed: bool) -> Rendered {
    document.set_modified(modified);
    let full = json(&document);
    let canonical = signed.then(|| signing::canonical(&document));
    document.shorten();
    Rendered { id, kind, derived: false, full, brief: json(&document), canonical }
}

fn json(document: &impl Serialize) -> String {
    serde_json::to_string(document).expect("documents have string keys only")
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

fn term(mut doc: TaxonomyTerm, around: &Around) -> TaxonomyTerm {
    doc.parent_id = doc.parent_id.filter(|id| around.term(*id).is_some());
    doc.taxonomy_detail = doc.taxonomy_id.and_then(|id| around.taxonomy(id)).map(|taxonomy| {
        let mut taxonomy = taxonomy.clone();
        taxonomy.metadata.clear();
        Box::new(taxonomy)
    });
    doc.taxonomy_id = doc.taxonomy_id.filter(|_| doc.taxonomy_detail.is_some());
    doc
}

/// Terms nested where they are public; attributes of terms that are not are left out.
fn attributes(list: &mut Vec<Attribute>, around: &Around) {
    list.retain_mut(|attribute| match attribute.taxonomy_term_id {
        None => true,
        Some(id) => {
            let found = around.term(id);
            attribute.taxonomy_term = found.map(|found| Box::new(term(found.clone(), around)));
            found.is_some()
        }
    });
}

fn organization(mut doc: Organization, around: &Around, modified: DateTime<Utc>, signed: bool) -> Rendered {
    public_organization(&mut doc, around);
    plain(Kind::Organization, doc.id.into(), doc, modified, signed)
}

fn public_organization(doc: &mut Organization, around: &Around) {
    keep_discreet(doc, around);
    redaction::contacts(&mut doc.contacts);
    redaction::phones(&mut doc.phones);
    doc.parent_organization_id = doc.parent_organization_id.filter(|id| around.organization(*id).is_some());
    doc.locations.retain(|link| around.location(link.id).is_some_and(|place| is_open(place, around)));
    attributes(&mut doc.attributes, around);
}

fn keep_discreet(doc: &mut Organization, around: &Around) {
    if let Some(known) = around.discreet.get(&Uuid::from(doc.id))
        && let Some(hidden) = redaction::hide_places(Kind::Organization, doc, &known.clone().but_for([doc.name.as_str()]))
    {
        *doc = hidden;
    }
}

/// An organization as it stands inside its services: all that is public of it, but for its places. Those
/// of the service stand beside it, and which others are open depends on services that are not around.
fn nested_organization(id: impl Into<Uuid>, around: &Around) -> Option<Box<Organization>> {
    let mut found = around.organization(id)?.clone();
    found.locations.clear();
    public_organization(&mut found, around);
    Some(Box::new(found))
}

/// Whether a place may be shown whole on its own page.
fn is_open(place: &Location, around: &Around) -> bool {
    let by_links = around.most_open_link.get(&Uuid::from(place.id));
    place.location_policy.unwrap_or_default() == LocationPolicy::Exact && by_links == Some(&LocationPolicy::Exact)
}

fn public_location(mut doc: Location, policy: LocationPolicy, link: Uuid, around: &Around) -> Option<Location> {
    doc.organization_id = doc.organization_id.filter(|id| around.organization(*id).is_some());
    attributes(&mut doc.attributes, around);
    redaction::place(doc, policy, link)
}

/// A place on its own is shown only where its own policy and some link to it allow all of it.
fn location(doc: Location, around: &Around, modified: DateTime<Utc>, signed: bool) -> Option<Rendered> {
    let id = Uuid::from(doc.id);
    if !is_open(&doc, around) {
        return None;
    }
    let doc = public_location(doc, LocationPolicy::Exact, id, around)?;
    Some(plain(Kind::Location, id, doc, modified, signed))
}

fn service(mut doc: Service, around: &Around, modified: DateTime<Utc>, signed: bool, derived: bool) -> Vec<Rendered> {
    let Some(organization) = doc.organization_id.and_then(|id| nested_organization(id, around)) else { return Vec::new() };
    let of_links = doc.service_at_locations.iter().flat_map(|link| &link.attributes);
    let secret = around.is_secret(doc.attributes.iter().chain(of_links));
    let id = doc.id;
    let mut hides_a_place = secret;
    let mut known = Known::default();
    redaction::contacts(&mut doc.contacts);
    redaction::phones(&mut doc.phones);
    attributes(&mut doc.attributes, around);
    doc.service_at_locations = std::mem::take(&mut doc.service_at_locations)
        .into_iter()
        .filter_map(|link| {
            let said = redaction::link_policy(link.location_policy, secret);
            let place = link.location_id.and_then(|id| around.location(id))?;
            let policy = said.max(place.location_policy.unwrap_or_default());
            if policy != LocationPolicy::Exact {
                hides_a_place = true;
                known.add(Known::of(place));
            }
            public_link(link, place, policy, id, around)
        })
        .collect();
    let known = known.but_for([doc.name.as_str(), organization.name.as_str()]);
    doc.organization = Some(organization);
    if hides_a_place && let Some(hidden) = redaction::hide_places(Kind::Service, &doc, &known) {
        doc = hidden;
    }
    doc.set_modified(modified);
    let full = json(&doc);
    let canonical = (signed && !derived).then(|| signing::canonical(&doc));
    let links = std::mem::take(&mut doc.service_at_locations);
    doc.shorten();
    let mut all = vec![Rendered { id: id.into(), kind: Kind::Service, derived, full, brief: json(&doc), canonical }];
    for mut link in links {
        link.service = Some(Box::new(doc.clone()));
        all.push(Rendered { derived: true, ..plain(Kind::ServiceAtLocation, link.id.into(), link, modified, false) });
    }
    all
}

fn public_link(
    mut link: ServiceAtLocation,
    place: &Location,
    policy: LocationPolicy,
    service: crate::ids::ServiceId,
    around: &Around,
) -> Option<ServiceAtLocation> {
    let shown = public_location(place.clone(), policy, link.id.into(), around)?;
    if policy != LocationPolicy::Exact {
        link.description = None;
        link.metadata.clear();
        link.extra.clear();
    }
    redaction::contacts(&mut link.contacts);
    redaction::phones(&mut link.phones);
    attributes(&mut link.attributes, around);
    link.location_policy = None;
    link.service_id = Some(service);
    link.location_id = Some(shown.id);
    link.location = Some(Box::new(shown));
    link.service = None;
    Some(link)
}

fn event(mut doc: Event, around: &Around, modified: DateTime<Utc>, signed: bool) -> Vec<Rendered> {
    let Some(mut organization) = nested_organization(doc.organization_id, around) else { return Vec::new() };
    organization.shorten();
    let id = Uuid::from(doc.id);
    let secret = around.is_secret(&doc.attributes);
    let said = redaction::link_policy(doc.location_policy, secret);
    let mut projected = projection::as_service(&doc, around.now);
    if let Some(place) = doc.location_id.and_then(|id| around.location(id)) {
        // The projection carries the link, and the link what may be told of the place.
        projected.service_at_locations = vec![projection::link(&doc, place, said)];
    }
    redaction::contacts(&mut doc.contacts);
    redaction::phones(&mut doc.phones);
    attributes(&mut doc.attributes, around);
    doc.service_id = doc.service_id.filter(|id| matches!(around.documents.get(&Uuid::from(*id)), Some(Document::Service(_))));
    // A place of which nothing is shown is hidden as well, whatever the categories say.
    let mut hides_a_place = secret || said != LocationPolicy::Exact;
    let mut known = Known::default();
    let shown = doc.location_id.and_then(|id| around.location(id)).and_then(|place| {
        let policy = said.max(place.location_policy.unwrap_or_default());
        if policy != LocationPolicy::Exact {
            hides_a_place = true;
            known.add(Known::of(place));
        }
        public_location(place.clone(), policy, id, around)
    });
    for change in &mut doc.changes {
        let place = change.location_id.and_then(|id| around.location(id));
        let open = said == LocationPolicy::Exact && place.is_some_and(|place| is_open(place, around));
        if let Some(place) = place.filter(|_| !open) {
            hides_a_place = true;
            known.add(Known::of(place));
        }
        change.location_id = change.location_id.filter(|_| open);
    }
    doc.location_id = shown.as_ref().map(|place| place.id);
    doc.location = shown.map(Box::new);
    doc.location_policy = None;
    let known = known.but_for([doc.name.as_str(), organization.name.as_str()]);
    doc.organization = Some(organization);
    if hides_a_place && let Some(hidden) = redaction::hide_places(Kind::Event, &doc, &known) {
        doc = hidden;
    }
    if hides_a_place && let Some(hidden) = redaction::hide_places(Kind::Service, &projected, &known) {
        projected = hidden;
    }
    let mut all = vec![plain(Kind::Event, id, doc, modified, signed)];
    all.extend(service(projected, around, modified, false, true));
    all
}

/// The id of the service that stands for an event.
pub fn projected_service_id(event: Uuid) -> Uuid {
    ids::derived(event, "service")
}
