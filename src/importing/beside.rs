//! Listings that tell an address in a sentence, beside one of the same organisation whose address nobody may know.
//! When a place is withheld, what is known of it is taken out of all sentences that are here. What comes later cannot be
//! compared with it, because it is kept nowhere; so it is told to whoever imports it.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::save::Row;
use crate::{
    db::Transaction,
    model::{
        Document, LocationPolicy,
        personal::{InWords, each_text},
    },
    published::redaction::{self, Known},
    records::{self, Records, State},
};

/// A listing of a file, and whose it is.
pub(super) struct Listing {
    line: u64,
    id: Uuid,
    organization: Uuid,
}

impl Listing {
    /// The listing that a row is, if it is one.
    pub(super) fn of(row: &Row) -> Option<Self> {
        let organization = match &row.draft.document {
            Document::Service(service) => service.organization_id.map(Uuid::from)?,
            Document::Event(event) => event.organization_id.into(),
            _ => return None,
        };
        Some(Self { line: row.line, id: row.draft.document.id(), organization })
    }
}

/// Those of the listings, as they have just been saved, that tell an address so, and where.
/// # Errors
/// When the database fails.
pub(super) async fn telling(
    records: &Records,
    tx: &Transaction,
    listings: &[Listing],
) -> Result<Vec<(u64, InWords)>, records::Error> {
    let organizations: HashSet<Uuid> = listings.iter().map(|listing| listing.organization).collect();
    let organizations: Vec<Uuid> = organizations.into_iter().collect();
    let withholding = records.withholding(tx, &organizations).await?;
    // What hides a place itself is published without any address.
    let is_beside =
        |listing: &&Listing| withholding.get(&listing.organization).is_some_and(|hiding| !hiding.contains(&listing.id));
    let lines: HashMap<Uuid, u64> = listings.iter().filter(is_beside).map(|listing| (listing.id, listing.line)).collect();
    let ids: Vec<Uuid> = lines.keys().copied().collect();
    let mut documents = Vec::new();
    for stored in records.find_in(tx, &ids).await?.into_values().filter(|stored| stored.state == State::Published) {
        documents.push(stored.read()?);
    }
    let shown = shown_places(records, tx, &documents).await?;
    let mut told = Vec::new();
    for document in &documents {
        let mut known = Known::default();
        for place in open_places(document) {
            known.add(shown.get(&place).cloned().unwrap_or_default());
        }
        let (record, kind, line) = (document.id(), document.kind(), lines[&document.id()]);
        each_text(document, &mut |path, text| {
            if redaction::tells_an_address(text, &known) {
                let reason = "an address, and another listing of its organisation withholds one";
                let (name, path) = (document.name().to_owned(), path.to_owned());
                told.push((line, InWords { record, kind, name, path, reason }));
            }
        });
    }
    told.sort_by_key(|(line, _)| *line);
    Ok(told)
}

/// The places that a listing shows whole, as far as it has a say in that.
fn open_places(document: &Document) -> Vec<Uuid> {
    let references = document.references().into_iter();
    references.filter(|reference| reference.policy == Some(LocationPolicy::Exact)).map(|reference| reference.to).collect()
}

/// What is known of those of the listings' places that everybody may see.
async fn shown_places(
    records: &Records,
    tx: &Transaction,
    documents: &[Document],
) -> Result<HashMap<Uuid, Known>, records::Error> {
    let places: Vec<Uuid> = documents.iter().flat_map(open_places).collect();
    let mut shown = HashMap::new();
    for (id, stored) in records.find_in(tx, &places).await? {
        if stored.state == State::Published
            && let Document::Location(place) = stored.read()?
            && place.location_policy.unwrap_or_default() == LocationPolicy::Exact
        {
            shown.insert(id, Known::of(&place));
        }
    }
    Ok(shown)
}
