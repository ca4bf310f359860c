//! What we add to records that other directories publish: hide one, put it into a category of ours, say
//! something about it. The record itself stays as its source has it, so the next pull changes nothing of
//! this; and nothing of this is told to others.

pub(super) mod store;

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{Caller, Error, LastModified, NOT_PUBLISHED, Outcome, Records, Saved, State};
use crate::{
    db::Transaction,
    ids,
    model::{
        Attribute, Document, Kind,
        annotation::{self, Remark},
        text,
    },
    published::Position,
};

/// Terms that can be added to one record.
const MOST_TERMS: usize = 50;
/// A note has at most so many characters.
const LONGEST_NOTE: usize = 2_000;

/// What is added to a record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Annotation {
    /// Whether it is not to be seen here.
    pub hidden: bool,
    /// Terms that it is put under.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub terms: Vec<Uuid>,
    /// What people here should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// An annotation, and how it came about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Annotated {
    /// The record.
    pub record_id: Uuid,
    /// What is added to it.
    pub annotation: Annotation,
    /// Who.
    pub by: String,
    /// Why.
    pub why: String,
    /// When.
    pub at: DateTime<Utc>,
}

impl Records {
    /// What is added to a record.
    /// # Errors
    /// When the database fails.
    pub async fn annotation(&self, id: Uuid) -> Result<Option<Annotated>, Error> {
        Ok(store::of(self.db.reader(), &[id]).await?.into_iter().next())
    }

    /// Every term that some record of another directory is put under here.
    /// # Errors
    /// When the database fails.
    pub async fn terms_added(&self) -> Result<HashSet<Uuid>, Error> {
        Ok(store::all(self.db.reader()).await?.into_iter().flat_map(|one| one.annotation.terms).collect())
    }

    /// Add this to a record of another directory, in place of what was added before, and publish what
    /// follows from it. What says nothing takes away what was added.
    /// # Errors
    /// [`Error::NotFound`] when there is no such record or term, [`Error::NotForeign`] for a record of our
    /// own, [`Error::TooMuch`], or when the database fails.
    pub async fn annotate(&self, caller: &Caller, id: Uuid, annotation: Annotation) -> Result<Position, Error> {
        let stored = self.find(id).await?.ok_or(Error::NotFound(id))?;
        if stored.origin.is_empty() {
            return Err(Error::NotForeign(id));
        }
        let kinds = self.kinds(&annotation.terms).await?;
        if let Some(term) = annotation.terms.iter().find(|term| kinds.get(term) != Some(&Kind::TaxonomyTerm)) {
            return Err(Error::NotFound(*term));
        }
        let note = annotation.note.as_deref().map(text::clean).filter(|note| !note.is_empty());
        if annotation.terms.len() > MOST_TERMS || note.as_ref().is_some_and(|note| note.chars().count() > LONGEST_NOTE) {
            return Err(Error::TooMuch(id));
        }
        let tx = self.db.write().await?;
        let (_, position) = self.put_annotation(&tx, caller, id, Annotation { note, ..annotation }).await?;
        tx.commit().await?;
        Ok(position)
    }

    /// Show a record of another directory here, or do not, whatever its source says of it later. What else
    /// is added to it stays.
    /// # Errors
    /// [`Error::NotFound`], [`Error::NotForeign`] for a record of our own, or when the database fails.
    pub async fn show_here(&self, tx: &Transaction, caller: &Caller, id: Uuid, shown: bool) -> Result<Outcome, Error> {
        let stored = super::store::load(tx.connection(), &[id]).await?.remove(&id).ok_or(Error::NotFound(id))?;
        if stored.origin.is_empty() {
            return Err(Error::NotForeign(id));
        }
        let before =
            store::of(tx.connection(), &[id]).await?.into_iter().next().map(|found| found.annotation).unwrap_or_default();
        let saved = if before.hidden == shown { Saved::Updated } else { Saved::Unchanged };
        let (began, position) = self.put_annotation(tx, caller, id, Annotation { hidden: !shown, ..before }).await?;
        Ok(Outcome { saved: vec![saved], began, position, scrubbed: false, withholds: false })
    }

    /// Keep what is added to a record, and publish what follows from it: where the order of everything
    /// published stood before, and where it stands now.
    async fn put_annotation(
        &self,
        tx: &Transaction,
        caller: &Caller,
        id: Uuid,
        annotation: Annotation,
    ) -> Result<(Position, Position), Error> {
        let annotation_hides = annotation.hidden;
        if annotation == Annotation::default() {
            store::forget(tx, id).await?;
        } else {
            let now = self.clock.now();
            let added = Annotated { record_id: id, annotation, by: caller.name.clone(), why: caller.why.clone(), at: now };
            store::put(tx, &[added]).await?;
        }
        if annotation_hides {
            tx.sweep_later().await?;
        }
        self.republish(tx, &[id], NOT_PUBLISHED, &LastModified::new()).await
    }
}

/// Those of these records of other directories that are not shown here.
pub(super) async fn hidden(tx: &Transaction, ids: &[Uuid]) -> Result<Vec<Uuid>, Error> {
    let found = store::of(tx.connection(), ids).await?.into_iter();
    Ok(found.filter(|one| one.annotation.hidden).map(|one| one.record_id).collect())
}

/// Add to these documents what we have to add: those of other directories, each with its origin and state.
pub(super) async fn apply(tx: &Transaction, documents: &mut HashMap<Uuid, (String, State, Document)>) -> Result<(), Error> {
    let foreign: Vec<Uuid> = documents.iter().filter(|(_, (origin, ..))| !origin.is_empty()).map(|(id, _)| *id).collect();
    for found in store::of(tx.connection(), &foreign).await? {
        let Some((_, state, document)) = documents.get_mut(&found.record_id) else { continue };
        if found.annotation.hidden && *state == State::Published {
            *state = State::Unpublished;
        }
        add(document, &found.annotation);
    }
    Ok(())
}

fn add(document: &mut Document, annotation: &Annotation) {
    let id = document.id();
    let kind = document.kind();
    let attributes: Option<&mut Vec<Attribute>> = match document {
        Document::Service(service) => Some(&mut service.attributes),
        Document::Event(event) => Some(&mut event.attributes),
        Document::Organization(organization) => Some(&mut organization.attributes),
        Document::Location(place) => Some(&mut place.attributes),
        Document::Taxonomy(_) | Document::TaxonomyTerm(_) => None,
    };
    if let Some(attributes) = attributes {
        for term in &annotation.terms {
            if attributes.iter().any(|known| known.taxonomy_term_id.map(Uuid::from) == Some(*term)) {
                continue;
            }
            let added = json!({
                "id": ids::derived(id, &format!("annotation\n{term}")), "link_id": id, "link_entity": kind.as_str(), "taxonomy_term_id": term,
            });
            attributes.extend(serde_json::from_value::<Attribute>(added));
        }
    }
    if let Some(note) = &annotation.note {
        document.extra_mut().insert(annotation::MEMBER.to_owned(), json!(Remark { note: note.clone() }));
    }
}
