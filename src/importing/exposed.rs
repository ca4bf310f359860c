//! Listings that help people in danger, and whose exact address everybody can see: an import names them, so that
//! somebody decides about each. What a person has decided before, be it that the address is to be seen, is
//! not asked again.

use std::collections::HashMap;

use serde::Serialize;
use uuid::Uuid;

use super::save::Row;
use crate::{
    db::Transaction,
    model::{Attribute, Document, Kind, Location},
    published::redaction::SecretWords,
    records::{self, Draft, Records, State},
};

/// Such a listing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Exposed {
    /// Line of the file, from 1.
    pub line: u64,
    /// The record.
    pub record: Uuid,
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// The name, its own or of a term, by which it helps people in danger.
    pub because: String,
}

/// A listing of a file, and what may say that it helps people in danger.
pub(super) struct Listed {
    line: u64,
    id: Uuid,
    name: String,
    terms: Vec<Uuid>,
}

impl Listed {
    /// The listing that a row is, if it is one that can have a place.
    pub(super) fn of(row: &Row) -> Option<Self> {
        let Draft { document, state, .. } = &row.draft;
        let attributes: Vec<&Attribute> = match document {
            _ if *state != State::Published => return None,
            Document::Service(service) => {
                let links = service.service_at_locations.iter().filter(|link| link.location_id.is_some());
                service.attributes.iter().chain(links.flat_map(|link| &link.attributes)).collect()
            }
            Document::Event(event) => event.attributes.iter().collect(),
            _ => return None,
        };
        let terms = attributes.into_iter().filter_map(|attribute| attribute.taxonomy_term_id.map(Uuid::from)).collect();
        Some(Self { line: row.line, id: document.id(), name: document.name().to_owned(), terms })
    }
}

/// Finds them. Remembers which terms it has looked at.
#[derive(Default)]
pub(super) struct Lookout {
    words: SecretWords,
    /// Terms, and the names of those that stand for help in danger.
    terms: HashMap<Uuid, Option<String>>,
}

impl Lookout {
    /// One that knows these words for danger.
    pub(super) fn new(words: SecretWords) -> Self {
        Self { words, terms: HashMap::new() }
    }

    /// Those of the listings, as they have just been saved, whose address everybody can see.
    /// # Errors
    /// When the database fails.
    pub(super) async fn exposed(
        &mut self,
        records: &Records,
        tx: &Transaction,
        listed: Vec<Listed>,
    ) -> Result<Vec<Exposed>, records::Error> {
        self.know(records, tx, &listed).await?;
        let dangerous: Vec<(Listed, String)> =
            listed.into_iter().filter_map(|one| self.because(&one).map(|because| (one, because))).collect();
        let ids: Vec<Uuid> = dangerous.iter().map(|(one, _)| one.id).collect();
        let stored = records.find_in(tx, &ids).await?;
        let mut open: HashMap<Uuid, (Kind, String, Vec<Uuid>)> = HashMap::new();
        for (id, stored) in stored.iter().filter(|(_, stored)| stored.state == State::Published) {
            let document = stored.read()?;
            open.insert(*id, (stored.kind, document.name().to_owned(), open_places(&document)));
        }
        let ids: Vec<Uuid> = open.values().flat_map(|(_, _, places)| places).copied().collect();
        let mut shown: HashMap<Uuid, bool> = HashMap::new();
        for (id, stored) in records.find_in(tx, &ids).await? {
            let shows =
                stored.state == State::Published && matches!(stored.read()?, Document::Location(place) if is_exact(&place));
            shown.insert(id, shows);
        }
        let exposed = |(listed, because): (Listed, String)| {
            let (kind, name, places) = open.get(&listed.id)?;
            let is_shown = places.iter().any(|place| shown.get(place) == Some(&true));
            is_shown.then(|| Exposed { line: listed.line, record: listed.id, kind: *kind, name: name.clone(), because })
        };
        Ok(dangerous.into_iter().filter_map(exposed).collect())
    }

    /// Look at the terms that have not been seen before.
    async fn know(&mut self, records: &Records, tx: &Transaction, listed: &[Listed]) -> Result<(), records::Error> {
        let mut unknown: Vec<Uuid> =
            listed.iter().flat_map(|one| &one.terms).filter(|id| !self.terms.contains_key(id)).copied().collect();
        unknown.sort_unstable();
        unknown.dedup();
        for (id, stored) in records.find_in(tx, &unknown).await? {
            let danger = match stored.read()? {
                Document::TaxonomyTerm(term) if self.words.are_of(&term) => Some(term.name),
                _ => None,
            };
            self.terms.insert(id, danger);
        }
        Ok(())
    }

    fn because(&self, one: &Listed) -> Option<String> {
        let term = one.terms.iter().find_map(|id| self.terms.get(id).cloned().flatten());
        term.or_else(|| self.words.are_in(&one.name).then(|| one.name.clone()))
    }
}

/// The places of a listing of which nobody has decided how much this listing may tell.
fn open_places(document: &Document) -> Vec<Uuid> {
    match document {
        Document::Service(service) => {
            let links = service.service_at_locations.iter().filter(|link| link.location_policy.is_none());
            links.filter_map(|link| link.location_id.map(Uuid::from)).collect()
        }
        Document::Event(event) if event.location_policy.is_none() => event.location_id.map(Uuid::from).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// Whether a place says where it is, and nobody has decided how much it may tell.
fn is_exact(place: &Location) -> bool {
    place.location_policy.is_none() && (!place.addresses.is_empty() || place.latitude.is_some())
}
