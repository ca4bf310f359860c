//! What is made of a record that is taken: drafts of it and of what came nested in it, under the ids that they have here,
//! each saying where it comes from.

use std::collections::HashMap;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    super::peers::{Foreign, PeerKind},
    admit::Gate,
};
use crate::{
    clock,
    model::{
        Document, Kind, Visibility,
        apart::{apart, rename},
        personal,
        provenance::{self, Evidence, Provenance},
        shape, tidy,
    },
    records::{Draft, State, leave_out_a_check_to_come},
};

impl Gate<'_> {
    /// Make drafts of a record: the record itself last.
    #[expect(clippy::type_complexity, reason = "drafts, what is known about the parts, how much was dropped")]
    pub(super) fn take(
        &self,
        kind: Kind,
        foreign_id: &str,
        mut data: Value,
        alone: bool,
        signed: bool,
        licence: Option<&str>,
    ) -> Result<(Vec<Draft>, Vec<Foreign>, usize), (&'static str, String)> {
        if let Some(members) = data.as_object_mut() {
            members.remove(provenance::MEMBER);
        }
        if self.peer.is_link_only_under(licence) {
            reduce(kind, &mut data);
        }
        if alone {
            refer(kind, &mut data);
        }
        let tidied = tidy::tidy(kind, data, tidy::Names::Foreign(&self.peer.origin)).map_err(|refused| {
            let place = if refused.path.is_empty() { String::new() } else { format!("{}: ", refused.path) };
            ("invalid", format!("{place}{}", refused.reason))
        })?;
        let sources: HashMap<Uuid, String> = tidied.source_ids.into_iter().collect();
        let document = Document::from_value(kind, tidied.value).map_err(|reason| ("invalid", reason))?;
        let mut documents = apart(document).map_err(|reason| ("invalid", reason))?;
        if alone {
            documents.drain(..documents.len().saturating_sub(1));
        }
        let last = documents.len().saturating_sub(1);
        let mut drafts = Vec::with_capacity(documents.len());
        let mut parts = Vec::new();
        let mut dropped = tidied.dropped.len();
        for (at, mut document) in documents.into_iter().enumerate() {
            let source_id = if at == last { Some(foreign_id.to_owned()) } else { sources.get(&document.id()).cloned() };
            self.rename(&mut document);
            dropped += usize::from(leave_out_a_check_to_come(&mut document, self.now).is_some());
            if signed {
                // Its origin publishes them, by its own word.
                for contact in document.contact_lists().into_iter().flatten() {
                    contact.visibility.get_or_insert(Visibility::Public);
                }
            } else {
                personal::decide(&mut document);
            }
            self.say_where_from(&mut document, source_id.as_deref(), signed, licence);
            if at != last {
                parts.push(self.part(&document, source_id.clone()));
            }
            drafts.push(Draft { state: State::Published, origin: self.peer.origin.clone(), source_id, ..Draft::new(document) });
        }
        Ok((drafts, parts, dropped))
    }

    fn rename(&self, document: &mut Document) {
        if let Some(shared) = self.shared.get(&(document.kind(), document.id())) {
            document.set_id(*shared);
        }
        rename(document, self.shared);
    }

    /// Where a record comes from, as everybody sees it.
    fn say_where_from(&self, document: &mut Document, source_id: Option<&str>, signed: bool, licence: Option<&str>) {
        let peer = self.peer;
        let collection = match document.kind() {
            Kind::Taxonomy => "taxonomies",
            Kind::TaxonomyTerm => "taxonomy_terms",
            Kind::Organization => "organizations",
            Kind::Location => "locations",
            Kind::Service => "services",
            Kind::Event => "events",
            Kind::ServiceAtLocation => "service_at_locations",
        };
        let base =
            peer.discovered.as_ref().and_then(|said| said.api.oruk_v3.as_ref()).map_or(peer.origin.as_str(), |url| url.as_str());
        let url = match peer.kind {
            // These have no addresses for single records, other than those that stand in them.
            PeerKind::OpenActive => own_page(document),
            PeerKind::Ical => Some(own_page(document).unwrap_or_else(|| peer.url.to_string())),
            _ => source_id.map(|id| format!("{}/{collection}/{id}", base.trim_end_matches('/'))),
        };
        let said = Provenance {
            origin: peer.origin.clone(),
            source: peer.name.clone(),
            url,
            id: source_id.map(str::to_owned),
            licence: licence.map_or_else(|| peer.licence.clone(), |own| Some(own.to_owned())),
            attribution: peer.attribution.clone(),
            evidence: if signed { Evidence::Signed } else { Evidence::Attested },
            fetched_at: clock::rfc3339(self.now),
            via: self.through.map(|through| through.relay.to_owned()),
            unconfirmed_since: None,
        };
        document.extra_mut().insert(provenance::MEMBER.to_owned(), json!(said));
    }

    fn part(&self, document: &Document, source_id: Option<String>) -> Foreign {
        Foreign {
            id: document.id(),
            peer: self.peer.id,
            kind: document.kind(),
            foreign_id: source_id.unwrap_or_else(|| document.id().to_string()),
            rev: 0,
            hash: String::new(),
            live: true,
            own_item: false,
            statement: None,
            listed: None,
            crawl: self.crawl,
            missing: 0,
            fetched_at: self.now,
            origin: self.through.map(|_| self.peer.origin.clone()),
            via: self.through.map(|through| through.via.to_owned()),
        }
    }
}

/// The page about a record that it names itself.
fn own_page(document: &Document) -> Option<String> {
    match document {
        Document::Event(event) => event.url.as_ref().map(ToString::to_string),
        Document::Organization(organization) => organization.website.as_ref().map(ToString::to_string),
        Document::Location(place) => place.url.as_ref().map(ToString::to_string),
        _ => None,
    }
}

/// Make references of nested records that have items of their own, so that they are not read for nothing.
fn refer(kind: Kind, data: &mut Value) {
    let Some(members) = data.as_object_mut() else { return };
    let lists: &[(&str, Kind)] = match kind {
        Kind::Service => &[("attributes", Kind::TaxonomyTerm), ("service_at_locations", Kind::Location)],
        Kind::Taxonomy => &[],
        _ => &[("attributes", Kind::TaxonomyTerm)],
    };
    for (list, nested) in lists {
        for one in members.get_mut(*list).and_then(Value::as_array_mut).into_iter().flatten() {
            let Some(link) = one.as_object_mut() else { continue };
            match nested {
                Kind::Location => {
                    point(link, "location", "location_id");
                    for attribute in link.get_mut("attributes").and_then(Value::as_array_mut).into_iter().flatten() {
                        attribute.as_object_mut().into_iter().for_each(|one| point(one, "taxonomy_term", "taxonomy_term_id"));
                    }
                }
                _ => point(link, "taxonomy_term", "taxonomy_term_id"),
            }
        }
    }
    match kind {
        Kind::Service => point(members, "organization", "organization_id"),
        Kind::Event => {
            point(members, "organization", "organization_id");
            point(members, "location", "location_id");
        }
        Kind::TaxonomyTerm => point(members, "taxonomy_detail", "taxonomy_id"),
        _ => {}
    }
}

/// Put the id of what is nested under `nested` under `reference` instead, where it has one.
fn point(members: &mut serde_json::Map<String, Value>, nested: &str, reference: &str) {
    let Some(id) = members.get(nested).and_then(|nested| nested.get("id")).filter(|id| id.is_string()).cloned() else { return };
    members.remove(nested);
    if members.get(reference).is_none_or(Value::is_null) {
        members.insert(reference.to_owned(), id);
    }
}

/// What stands in the place of a record that has to be destroyed: only what it is nothing without.
pub(super) fn hollow(kind: Kind, stored: &str) -> Option<Document> {
    let mut value: Value = serde_json::from_str(stored).ok()?;
    let entity = shape::entity(shape::title(kind))?;
    let members = value.as_object_mut()?;
    members.retain(|name, _| entity.fields.get(name).is_some_and(|field| field.required));
    for name in ["name", "description"] {
        if let Some(text) = members.get_mut(name) {
            *text = "(removed)".into();
        }
    }
    Document::from_value(kind, value).ok()
}

/// Members that lead people to the record at its source.
const LINKS: [&str; 5] = ["name", "url", "website", "organization_id", "organization"];

/// Leave of a record only what leads people to it: its name, its address, who holds it, and what it
/// is nothing without.
fn reduce(kind: Kind, data: &mut Value) {
    let Some(members) = data.as_object_mut() else { return };
    let entity = shape::entity(shape::title(kind));
    let needed = |name: &str| entity.and_then(|entity| entity.fields.get(name)).is_some_and(|field| field.required);
    members.retain(|name, _| name != "description" && (LINKS.contains(&name.as_str()) || needed(name)));
    if let Some(organization) = members.get_mut("organization") {
        reduce(Kind::Organization, organization);
    }
}
