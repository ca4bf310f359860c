//! A record as the world sees it: private parts taken out, referenced records nested.
//!
//! A pure function of the record, of the published records and the moment around it, and of the
//! moment that is to stand as its last change. Nothing is rendered anywhere else.

mod brief;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use super::{
    projection,
    redaction::{self, Known, SecretWords},
};
use crate::{
    ids::{self, LocationId, ServiceId},
    model::{
        Attribute, Document, Event, Kind, Location, LocationPolicy, Organization, Service, ServiceAtLocation, Taxonomy,
        TaxonomyTerm, event::place_not_told,
    },
    signing,
};
use brief::Brief;

/// What stands around a record: the records it refers to, as far as they are there and public.
#[derive(Debug, Default)]
pub struct Around {
    /// Documents by id.
    pub documents: HashMap<Uuid, Document>,
    /// Words of categories whose places are secret.
    pub withheld_categories: SecretWords,
    /// The most open link to each place, for rendering places themselves.
    pub most_open_link: HashMap<Uuid, LocationPolicy>,
    /// Organizations with a service or event at a place that is not told whole, and what is known of
    /// it: neither what they say of themselves nor their other listings may tell it.
    pub discreet: HashMap<Uuid, Known>,
    /// Places that only those who keep them may see, and what is known of each: a listing that is there must
    /// not tell of it in its text.
    pub unseen: HashMap<Uuid, Known>,
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

    /// Whether a service is to be seen: it comes and goes with its organization.
    fn has_service(&self, id: ServiceId) -> bool {
        let found = self.documents.get(&Uuid::from(id));
        matches!(found, Some(Document::Service(one)) if one.organization_id.is_some_and(|id| self.organization(id).is_some()))
    }

    /// What is known of places that other listings of the organization hide; none where one of them is among
    /// those that this listing shows to everybody.
    fn hidden_beside(&self, organization: Uuid, shown: impl IntoIterator<Item = LocationId>) -> Option<&Known> {
        let known = self.discreet.get(&organization).filter(|known| !known.is_empty())?;
        let is_shown = shown.into_iter().any(|place| known.is_place(place.into()));
        (!is_shown).then_some(known)
    }

    /// Whether a record with these attributes belongs to a category whose places are secret.
    pub fn is_secret<'a>(&self, attributes: impl IntoIterator<Item = &'a Attribute>) -> bool {
        attributes.into_iter().any(|attribute| {
            let stored = attribute.taxonomy_term_id.and_then(|id| self.term(id));
            stored.or(attribute.taxonomy_term.as_deref()).is_some_and(|term| self.withheld_categories.are_of(term))
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
        Document::Taxonomy(mut doc) => {
            redaction::changes(&mut doc.metadata);
            vec![plain(Kind::Taxonomy, doc.id.into(), *doc, modified, signed)]
        }
        Document::TaxonomyTerm(doc) => vec![plain(Kind::TaxonomyTerm, doc.id.into(), term(*doc, around), modified, signed)],
        Document::Organization(doc) => organization(*doc, around, modified, signed).into_iter().collect(),
        Document::Location(doc) => location(*doc, around, modified, signed).into_iter().collect(),
        Document::Service(doc) => service(*doc, around, modified, signed, false),
        Document::Event(doc) => event(*doc, around, modified, signed),
    }
}

fn plain(kind: Kind, id: Uuid, mut document: impl Brief + DeserializeOwned, modified: DateTime<Utc>, signed: bool) -> Rendered {
    document.set_modified(modified);
    let (mut document, full) = told(document);
    let canonical = signed.then(|| signing::canonical(&document));
    document.shorten();
    Rendered { id, kind, derived: false, full, brief: json(&document), canonical }
}

/// The document as it is told, and its text: parts of it may say what they said before.
fn told<T: Serialize + DeserializeOwned>(document: T) -> (T, String) {
    let text = json(&document);
    match redaction::without_changes_of_parts::<T>(&text) {
        Some(left) => {
            let text = json(&left);
            (left, text)
        }
        None => (document, text),
    }
}

fn json(document: &impl Serialize) -> String {
    serde_json::to_string(document).expect("documents have string keys only")
}

fn term(mut doc: TaxonomyTerm, around: &Around) -> TaxonomyTerm {
    redaction::changes(&mut doc.metadata);
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

fn organization(doc: Organization, around: &Around, modified: DateTime<Utc>, signed: bool) -> Option<Rendered> {
    let doc = public_organization(doc, around)?;
    Some(plain(Kind::Organization, doc.id.into(), doc, modified, signed))
}

fn public_organization(doc: Organization, around: &Around) -> Option<Organization> {
    let mut doc = discreet(doc, around)?;
    redaction::contacts(&mut doc.contacts);
    redaction::phones(&mut doc.phones, &redaction::ids_of(&doc.contacts));
    redaction::changes(&mut doc.metadata);
    doc.parent_organization_id = doc.parent_organization_id.filter(|id| around.organization(*id).is_some());
    doc.locations.retain(|link| around.location(link.id).is_some_and(|place| is_open(place, around)));
    attributes(&mut doc.attributes, around);
    Some(doc)
}

/// An organization without what it says of places that are not told whole: also where others tell of the same
/// places, nobody is to see that it is there.
fn discreet(mut doc: Organization, around: &Around) -> Option<Organization> {
    let Some(known) = around.discreet.get(&Uuid::from(doc.id)) else { return Some(doc) };
    doc.locations.retain(|link| !known.is_place(link.id.into()));
    redaction::hide_places(Kind::Organization, &doc, &known.clone().but_for([doc.name.as_str()]))
}

/// An organization as it stands inside its services: all that is public of it, but for its places. Those
/// of the service stand beside it, and which others are open depends on services that are not around.
fn nested_organization(id: impl Into<Uuid>, around: &Around) -> Option<Box<Organization>> {
    let mut found = around.organization(id)?.clone();
    found.locations.clear();
    public_organization(found, around).map(Box::new)
}

/// Whether a place may be shown whole on its own page.
fn is_open(place: &Location, around: &Around) -> bool {
    let by_links = around.most_open_link.get(&Uuid::from(place.id));
    place.location_policy.unwrap_or_default() == LocationPolicy::Exact && by_links == Some(&LocationPolicy::Exact)
}

fn public_location(mut doc: Location, policy: LocationPolicy, link: Uuid, around: &Around) -> Option<Location> {
    doc.organization_id = doc.organization_id.filter(|id| around.organization(*id).is_some());
    attributes(&mut doc.attributes, around);
    redaction::changes(&mut doc.metadata);
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
    let secret = around.is_secret(doc.classified());
    let (id, mut hides_a_place, mut known) = (doc.id, secret, Known::default());
    redaction::contacts(&mut doc.contacts);
    redaction::changes(&mut doc.metadata);
    attributes(&mut doc.attributes, around);
    let mut contacts = redaction::ids_of(doc.contacts.iter().chain(&organization.contacts));
    doc.service_at_locations = std::mem::take(&mut doc.service_at_locations)
        .into_iter()
        .filter_map(|link| {
            let said = redaction::link_policy(link.location_policy, secret);
            let Some(place) = link.location_id.and_then(|id| around.location(id)) else {
                // A place of which nothing is shown is hidden as well, where the link or who keeps it says so.
                let unseen = link.location_id.and_then(|id| around.unseen.get(&Uuid::from(id)));
                hides_a_place |= said != LocationPolicy::Exact || unseen.is_some();
                known.add(unseen.cloned().unwrap_or_default());
                return None;
            };
            let policy = said.max(place.location_policy.unwrap_or_default());
            if policy != LocationPolicy::Exact {
                hides_a_place = true;
                known.add(Known::of(place));
            }
            public_link(link, place, policy, (id, contacts.as_slice()), around)
        })
        .collect();
    contacts.extend(redaction::ids_of(doc.service_at_locations.iter().flat_map(|link| &link.contacts)));
    redaction::phones(&mut doc.phones, &contacts);
    let shown = doc.service_at_locations.iter().filter_map(|link| link.location_id);
    known.add(around.hidden_beside(organization.id.into(), shown).cloned().unwrap_or_default());
    let known = known.but_for([doc.name.as_str(), organization.name.as_str()]);
    doc.organization = Some(organization);
    lead_only_beside(&mut doc);
    let Some(mut doc) = without_places(Kind::Service, doc, &known, hides_a_place) else { return Vec::new() };
    doc.set_modified(modified);
    let (mut doc, full) = told(doc);
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

/// A listing without what it says of places that it hides, or that others of its organization do.
fn without_places<T: Serialize + DeserializeOwned>(kind: Kind, listing: T, known: &Known, hides_a_place: bool) -> Option<T> {
    if hides_a_place {
        redaction::hide_places(kind, &listing, known)
    } else if known.is_empty() {
        Some(listing)
    } else {
        redaction::hide_known(kind, &listing, known)
    }
}

/// Leave times and areas only such ids of places, and of links to places, as stand beside them: the id of a
/// place that is not told whole would lead to it elsewhere.
fn lead_only_beside(doc: &mut Service) {
    let links = &doc.service_at_locations;
    let places: Vec<_> = links.iter().filter_map(|link| link.location_id).collect();
    let ids: Vec<_> = links.iter().map(|link| link.id).collect();
    let schedules = doc.service_at_locations.iter_mut().flat_map(|link| &mut link.schedules);
    for schedule in doc.schedules.iter_mut().chain(schedules) {
        schedule.location_id = schedule.location_id.filter(|id| places.contains(id));
        schedule.service_at_location_id = schedule.service_at_location_id.filter(|id| ids.contains(id));
    }
    let areas = doc.service_at_locations.iter_mut().flat_map(|link| &mut link.service_areas);
    for area in doc.service_areas.iter_mut().chain(areas) {
        area.service_at_location_id = area.service_at_location_id.filter(|id| ids.contains(id));
    }
}

fn public_link(
    mut link: ServiceAtLocation,
    place: &Location,
    policy: LocationPolicy,
    (service, contacts): (ServiceId, &[Uuid]),
    around: &Around,
) -> Option<ServiceAtLocation> {
    let shown = public_location(place.clone(), policy, link.id.into(), around)?;
    if policy != LocationPolicy::Exact {
        redaction::strip_link(&mut link);
    }
    redaction::contacts(&mut link.contacts);
    let mut seen = redaction::ids_of(&link.contacts);
    seen.extend(contacts);
    redaction::phones(&mut link.phones, &seen);
    redaction::changes(&mut link.metadata);
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
    let contacts = redaction::ids_of(doc.contacts.iter().filter(|contact| contact.is_public()).chain(&organization.contacts));
    organization.shorten();
    let id = Uuid::from(doc.id);
    let secret = around.is_secret(&doc.attributes);
    let said = redaction::link_policy(doc.location_policy, secret);
    let projected = projection::as_service(&doc, around.now);
    // The projection carries the link, and the link what may be told of the place.
    let links = doc.location_id.and_then(|id| around.location(id)).map(|place| projection::link(&doc, place, said));
    redaction::contacts(&mut doc.contacts);
    redaction::phones(&mut doc.phones, &contacts);
    attributes(&mut doc.attributes, around);
    doc.service_id = doc.service_id.filter(|id| around.has_service(*id));
    // A place of which nothing is shown is hidden as well, whatever the categories say.
    let mut hides_a_place = secret || said != LocationPolicy::Exact;
    let mut known = Known::default();
    let places = doc.changes.iter().map(|change| change.location_id).chain([doc.location_id]).flatten();
    for unseen in places.filter_map(|id| around.unseen.get(&Uuid::from(id))) {
        hides_a_place = true;
        known.add(unseen.clone());
    }
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
        // Where it is nobody is told; that it is not at the usual place, everybody is.
        let not_told = place_not_told(doc.id, &change.start);
        change.location_id = change.location_id.map(|place| if open { place } else { not_told });
    }
    doc.location_id = shown.as_ref().map(|place| place.id);
    doc.location = shown.map(Box::new);
    doc.location_policy = None;
    for one in &mut doc.accessibility {
        one.location_id = one.location_id.filter(|id| Some(*id) == doc.location_id);
    }
    known.add(around.hidden_beside(organization.id.into(), doc.location_id).cloned().unwrap_or_default());
    let known = known.but_for([doc.name.as_str(), organization.name.as_str()]);
    doc.organization = Some(organization);
    let left = without_places(Kind::Event, doc, &known, hides_a_place);
    let Some((doc, mut projected)) = left.zip(without_places(Kind::Service, projected, &known, hides_a_place)) else {
        return Vec::new();
    };
    projected.service_at_locations.extend(links);
    let mut all = vec![plain(Kind::Event, id, doc, modified, signed)];
    all.extend(service(projected, around, modified, false, true));
    all
}

/// The id of the service that stands for an event.
pub fn projected_service_id(event: Uuid) -> Uuid {
    ids::derived(event, "service")
}
