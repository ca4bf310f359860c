//! Terms and taxonomies with a web address are everybody's: they are known by it, whoever has told them first. When the
//! peer that brought some is removed, those stay that something here uses, or that another peer may have told as well;
//! nobody needs the others.

use std::collections::HashSet;

use uuid::Uuid;

use super::{
    super::{
        harvest::{Error, Harvester},
        peers::{self, Peer},
    },
    BATCH,
};
use crate::{
    model::{Document, Kind},
    records::{Caller, Draft, LastModified, State, Stored},
};

/// Terms before the taxonomies that they are of.
const VOCABULARY: [Kind; 2] = [Kind::TaxonomyTerm, Kind::Taxonomy];

/// Whether a document is a term or a taxonomy that is known by its address.
pub(super) fn is_shared(document: &Document) -> bool {
    match document {
        Document::TaxonomyTerm(term) => term.term_uri.is_some(),
        Document::Taxonomy(taxonomy) => taxonomy.uri.is_some(),
        _ => false,
    }
}

impl Harvester {
    /// Take out the terms and taxonomies that nobody needs any more without this peer: of directories that are not
    /// followed then. Gives how many those were. To be called when the records that used them have gone.
    pub(super) async fn take_out_terms(&self, peer: &Peer, caller: &Caller) -> Result<u64, Error> {
        let mut others = peers::all(self.database()).await?;
        others.retain(|other| other.id != peer.id);
        let relayed = peers::relayed_origins(self.database()).await?.into_iter();
        let relayed = relayed.filter_map(|(through, origin)| (through != peer.id).then_some(origin));
        let followed: HashSet<String> = others.iter().map(|other| other.origin.clone()).chain(relayed).collect();
        let added = self.records().terms_added().await?;
        let mut many = 0;
        for kind in VOCABULARY {
            if self.does_any_tell(&others, kind).await? {
                continue;
            }
            // A term may be above another one, and goes after it.
            loop {
                let unused = self.unused(kind, &followed, &added).await?;
                if unused.is_empty() {
                    break;
                }
                many += unused.len() as u64;
                let tx = self.database().write().await?;
                Box::pin(self.records().save(&tx, caller, unused, &LastModified::new())).await?;
                tx.commit().await?;
            }
        }
        Ok(many)
    }

    /// Whether one of these peers tells terms, or taxonomies, by itself. Which, is not known where somebody else told
    /// them first.
    async fn does_any_tell(&self, others: &[Peer], kind: Kind) -> Result<bool, Error> {
        for other in others {
            if peers::has_live(self.database(), other.id, kind).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Those of directories that are not followed, and that nothing here refers to, as they are to be saved: as gone.
    async fn unused(&self, kind: Kind, followed: &HashSet<String>, added: &HashSet<Uuid>) -> Result<Vec<Draft>, Error> {
        let mut unused = Vec::new();
        let mut after = None;
        loop {
            let page = self.records().by_kind(kind, after, BATCH).await?;
            let Some(last) = page.last() else { return Ok(unused) };
            after = Some(last.id);
            let is_nobodys = |stored: &&Stored| {
                stored.state != State::Gone
                    && !stored.origin.is_empty()
                    && !followed.contains(&stored.origin)
                    && !added.contains(&stored.id)
            };
            for stored in page.iter().filter(is_nobodys) {
                let uses = self.records().versions_referring_to(stored.id).await?;
                if uses.iter().all(|using| using.state == State::Gone) {
                    unused.push(gone(stored)?);
                }
            }
        }
    }
}

/// A record as it is to be saved when it has left.
pub(super) fn gone(stored: &Stored) -> Result<Draft, Error> {
    let (origin, source_id) = (stored.origin.clone(), stored.source_id.clone());
    Ok(Draft { state: State::Gone, origin, source_id, ..Draft::new(stored.read()?) })
}
