//! What a record refers to: the records that it needs to be shown, and every place in it where the id of another record
//! stands. A test goes through the schema, so that no place is forgotten.

use uuid::Uuid;

use super::{Attribute, Contact, Document, Kind, LocationPolicy, Schedule, ServiceAtLocation, parts};

impl Document {
    /// Give every other record that this one names the id that `name` gives it.
    pub fn map_references(&mut self, name: impl Fn(Kind, Uuid) -> Uuid) {
        let to = Naming(name);
        match self {
            Self::Taxonomy(_) => {}
            Self::TaxonomyTerm(doc) => {
                to.one(Kind::Taxonomy, &mut doc.taxonomy_id);
                to.one(Kind::TaxonomyTerm, &mut doc.parent_id);
            }
            Self::Organization(doc) => {
                to.one(Kind::Organization, &mut doc.parent_organization_id);
                for identifier in &mut doc.organization_identifiers {
                    to.one(Kind::Organization, &mut identifier.organization_id);
                    to.terms(&mut identifier.attributes);
                }
                for place in &mut doc.locations {
                    to.this(Kind::Location, &mut place.id);
                }
                to.contacts(&mut doc.contacts);
                to.terms(&mut doc.attributes);
            }
            Self::Location(doc) => {
                to.one(Kind::Organization, &mut doc.organization_id);
                for address in &mut doc.addresses {
                    to.one(Kind::Location, &mut address.location_id);
                    to.terms(&mut address.attributes);
                }
                to.access(&mut doc.accessibility);
                to.contacts(&mut doc.contacts);
                to.schedules(&mut doc.schedules);
                to.terms(&mut doc.attributes);
            }
            Self::Service(doc) => {
                to.one(Kind::Organization, &mut doc.organization_id);
                to.one(Kind::Event, &mut doc.event_id);
                to.costs(&mut doc.cost_options);
                to.areas(&mut doc.service_areas);
                for capacity in &mut doc.capacities {
                    to.one(Kind::Service, &mut capacity.service_id);
                }
                to.contacts(&mut doc.contacts);
                to.schedules(&mut doc.schedules);
                to.terms(&mut doc.attributes);
                for link in &mut doc.service_at_locations {
                    to.link(link);
                    link.service_id = Some(doc.id);
                }
            }
            Self::Event(doc) => {
                to.this(Kind::Organization, &mut doc.organization_id);
                to.one(Kind::Service, &mut doc.service_id);
                to.one(Kind::Location, &mut doc.location_id);
                for change in &mut doc.changes {
                    to.one(Kind::Location, &mut change.location_id);
                }
                to.costs(&mut doc.cost_options);
                to.access(&mut doc.accessibility);
                to.contacts(&mut doc.contacts);
                to.terms(&mut doc.attributes);
            }
        }
    }

    /// Every other record that this one needs to be shown, with the policy of the link where the
    /// other record is a place.
    pub fn references(&self) -> Vec<Reference> {
        let mut found = References::default();
        match self {
            Self::Taxonomy(_) => {}
            Self::TaxonomyTerm(doc) => {
                found.add(doc.taxonomy_id.map(Uuid::from));
                found.add(doc.parent_id.map(Uuid::from));
            }
            Self::Organization(doc) => {
                found.add(doc.parent_organization_id.map(Uuid::from));
                // To name a place opens it to nobody.
                for place in &doc.locations {
                    found.add(Some(place.id.into()));
                }
                found.terms(&doc.attributes);
            }
            Self::Location(doc) => {
                found.add(doc.organization_id.map(Uuid::from));
                found.terms(&doc.attributes);
            }
            Self::Service(doc) => {
                found.add(doc.organization_id.map(Uuid::from));
                found.terms(&doc.attributes);
                for link in &doc.service_at_locations {
                    found.place(link.location_id.map(Uuid::from), link.location_policy);
                    found.terms(&link.attributes);
                }
            }
            Self::Event(doc) => {
                found.add(Some(doc.organization_id.into()));
                found.add(doc.service_id.map(Uuid::from));
                found.place(doc.location_id.map(Uuid::from), doc.location_policy);
                for change in &doc.changes {
                    found.place(change.location_id.map(Uuid::from), doc.location_policy);
                }
                found.terms(&doc.attributes);
            }
        }
        found.0
    }
}

/// What other records are to be called, for each part that can name some.
struct Naming<F>(F);

impl<F: Fn(Kind, Uuid) -> Uuid> Naming<F> {
    fn this<I: Copy + From<Uuid>>(&self, kind: Kind, id: &mut I)
    where
        Uuid: From<I>,
    {
        *id = (self.0)(kind, (*id).into()).into();
    }

    fn one<I: Copy + From<Uuid>>(&self, kind: Kind, id: &mut Option<I>)
    where
        Uuid: From<I>,
    {
        if let Some(id) = id {
            self.this(kind, id);
        }
    }

    fn terms(&self, attributes: &mut [Attribute]) {
        for attribute in attributes {
            self.one(Kind::TaxonomyTerm, &mut attribute.taxonomy_term_id);
        }
    }

    fn contacts(&self, contacts: &mut [Contact]) {
        for contact in contacts {
            self.terms(&mut contact.attributes);
        }
    }

    fn schedules(&self, schedules: &mut [Schedule]) {
        for schedule in schedules {
            self.one(Kind::Service, &mut schedule.service_id);
            self.one(Kind::Location, &mut schedule.location_id);
            self.terms(&mut schedule.attributes);
        }
    }

    fn access(&self, accessibility: &mut [parts::Accessibility]) {
        for access in accessibility {
            self.one(Kind::Location, &mut access.location_id);
            self.terms(&mut access.attributes);
        }
    }

    fn costs(&self, costs: &mut [parts::CostOption]) {
        for cost in costs {
            self.one(Kind::Service, &mut cost.service_id);
        }
    }

    fn areas(&self, areas: &mut [parts::ServiceArea]) {
        for area in areas {
            self.one(Kind::Service, &mut area.service_id);
        }
    }

    fn link(&self, link: &mut ServiceAtLocation) {
        self.one(Kind::Location, &mut link.location_id);
        self.contacts(&mut link.contacts);
        self.schedules(&mut link.schedules);
        self.areas(&mut link.service_areas);
        self.terms(&mut link.attributes);
    }
}

/// That one record needs another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The other record.
    pub to: Uuid,
    /// For a place: how much of it this link allows to be told.
    pub policy: Option<LocationPolicy>,
}

#[derive(Default)]
struct References(Vec<Reference>);

impl References {
    fn add(&mut self, to: Option<Uuid>) {
        if let Some(to) = to
            && !self.0.iter().any(|known| known.to == to)
        {
            self.0.push(Reference { to, policy: None });
        }
    }

    /// Where one record links to a place twice, the more open link decides for the place as such.
    fn place(&mut self, to: Option<Uuid>, policy: Option<LocationPolicy>) {
        let Some(to) = to else { return };
        let policy = policy.unwrap_or_default();
        match self.0.iter_mut().find(|known| known.to == to) {
            Some(known) => known.policy = Some(known.policy.map_or(policy, |other| other.min(policy))),
            None => self.0.push(Reference { to, policy: Some(policy) }),
        }
    }

    fn terms(&mut self, attributes: &[Attribute]) {
        for attribute in attributes {
            self.add(attribute.taxonomy_term_id.map(Uuid::from));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Map, Value, json};

    use super::*;
    use crate::{
        ids,
        model::{
            apart::apart,
            shape::{self, Shape},
            tidy::{Names, tidy},
        },
    };

    /// Where ids of records stand, by their paths, and of which kind each is.
    type Places = BTreeMap<String, Kind>;

    /// An entity with everything that can have an id in it, one of each; every id is the name of its kind and no UUID.
    /// Nested records are left out: each is a document of its own.
    fn with_every_id(title: &str, path: &str, places: &mut Places) -> Value {
        let entity = shape::entity(title).unwrap();
        let mut members = Map::new();
        for (name, field) in &entity.fields {
            let here = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
            let value = match &field.shape {
                Shape::Id(of) => {
                    let own = path.is_empty() && name == "id";
                    if let Some(kind) = Kind::RECORDS.into_iter().find(|kind| kind.as_str() == of && !own) {
                        places.insert(here, kind);
                    }
                    json!(format!("a {of}"))
                }
                Shape::List(of) => match of.as_ref() {
                    Shape::Entity(of) => json!([with_every_id(of, &format!("{here}/0"), places)]),
                    _ => continue,
                },
                Shape::Entity(of) if !Kind::PUBLISHED.iter().any(|kind| shape::title(*kind) == of) => {
                    with_every_id(of, &here, places)
                }
                _ if !field.required => continue,
                Shape::Choice(words) => json!(words[0]),
                Shape::Number { min, .. } => json!(min.max(0.0)),
                Shape::Formatted(format) => json!(match format.as_str() {
                    "local-date-time" => "2026-12-01T10:00:00",
                    "date-time" => "2026-12-01T10:00:00Z",
                    "time-zone" => "Europe/London",
                    "uri" => "https://example.org/",
                    "uuid" => "ac148810-d857-441c-9679-408f346de14b",
                    other => panic!("{title}.{name} is a {other}"),
                }),
                _ => json!(if name == "country" { "GB" } else { "01632 960123" }),
            };
            members.insert(name.clone(), value);
        }
        members.into()
    }

    fn tidied(kind: Kind, names: Names<'_>) -> (Document, Places) {
        let mut places = Places::new();
        let value = with_every_id(shape::title(kind), "", &mut places);
        let tidied = tidy(kind, value, names).unwrap();
        assert_eq!(tidied.dropped, [], "{kind}");
        let document = apart(Document::from_value(kind, tidied.value).unwrap()).unwrap().pop().unwrap();
        (document, places)
    }

    fn at(document: &Document, path: &str) -> Option<Uuid> {
        document.to_value().pointer(&format!("/{path}")).and_then(Value::as_str).map(|id| id.parse().unwrap())
    }

    #[test]
    fn an_id_that_is_no_uuid_is_the_same_record_wherever_it_stands() {
        let mut known = Vec::new();
        for kind in Kind::RECORDS {
            for names in [Names::Ours(""), Names::Ours("a council"), Names::Foreign("https://peer.example.org/")] {
                let (document, places) = tidied(kind, names);
                let (Names::Ours(source) | Names::Foreign(source)) = names;
                for (path, of) in &places {
                    let raw = format!("a {of}");
                    assert_eq!(at(&document, path), Some(ids::from_source(source, of.as_str(), &raw)), "{kind} {path}");
                }
                known.extend(places.into_keys());
            }
        }
        for named in ["changes/0/location_id", "locations/0/id", "event_id", "contacts/0/attributes/0/taxonomy_term_id"] {
            assert!(known.iter().any(|path| path == named), "{named} is looked at");
        }
    }

    #[test]
    fn a_record_that_is_called_otherwise_is_so_wherever_it_is_named() {
        let other = |kind: Kind| ids::derived(Uuid::NAMESPACE_URL, kind.as_str());
        for kind in Kind::RECORDS {
            let (mut document, places) = tidied(kind, Names::Ours(""));
            let own = document.id();
            document.map_references(|kind, _| other(kind));
            for (path, of) in &places {
                // A link is of the service that it stands in, whatever that is called.
                let id = if path == "service_at_locations/0/service_id" { own } else { other(*of) };
                assert_eq!(at(&document, path), Some(id), "{kind} {path}");
            }
        }
    }

    #[test]
    fn an_organization_needs_its_places_and_opens_none() {
        let (document, _) = tidied(Kind::Organization, Names::Ours(""));
        let place = ids::from_source("", "location", "a location");
        assert!(document.references().contains(&Reference { to: place, policy: None }), "{:?}", document.references());
    }
}
