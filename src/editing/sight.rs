//! A record as somebody who keeps it sees it: whose it is, whether it is protected, what they may do.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::{Editing, Error};
use crate::{
    identity::{Action, Actor, Subject, can},
    model::{Attribute, Document, Kind},
    published::redaction::{is_withheld_category, is_withheld_name},
    records::{State, Stored},
};

/// A record, and what decides what may be done to it.
#[derive(Clone, Debug)]
pub struct Sight {
    /// The record.
    pub stored: Stored,
    /// Its document.
    pub document: Document,
    /// The organisations that it belongs to, as far as they are here.
    pub owners: Vec<Uuid>,
    /// Whether it could be used to reach somebody in danger.
    pub protected: bool,
}

impl Sight {
    /// What rights are asked about.
    pub fn subject(&self) -> Subject {
        Subject::Of(self.owners.clone())
    }

    /// Whether it is another directory's.
    pub fn is_foreign(&self) -> bool {
        !self.stored.origin.is_empty()
    }

    /// Whether it is seen by the world, as far as it depends on itself.
    pub fn is_public(&self) -> bool {
        self.stored.state == State::Published
    }

    /// Whether somebody may do this to it.
    pub fn lets(&self, actor: &Actor, action: Action) -> bool {
        can(actor, action, &self.subject())
    }
}

impl Editing {
    /// A record as this actor may see it.
    /// # Errors
    /// [`Error::NotFound`] when there is none, or none that the actor may know of; or when the database fails.
    pub async fn look(&self, actor: &Actor, id: Uuid) -> Result<Sight, Error> {
        let sight = self.sight(id).await?;
        if sight.lets(actor, Action::ReadPrivate) { Ok(sight) } else { Err(Error::NotFound(id)) }
    }

    /// Whether a record could be used to reach somebody in danger; what is not there is not asked about.
    /// # Errors
    /// When the database fails.
    pub async fn protects(&self, id: Uuid) -> Result<bool, Error> {
        match self.sight(id).await {
            Ok(sight) => Ok(sight.protected),
            Err(Error::NotFound(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A record, whoever asks.
    pub(super) async fn sight(&self, id: Uuid) -> Result<Sight, Error> {
        let stored = self.records.find(id).await?.ok_or(Error::NotFound(id))?;
        let document = stored.read()?;
        let owners = self.owners(&document).await?;
        let protected = self.is_protected(&document, &owners).await?;
        Ok(Sight { stored, document, owners, protected })
    }

    /// The organisations that a document belongs to. A place belongs to the one that it names, or else to
    /// all whose public services are there.
    pub(super) async fn owners(&self, document: &Document) -> Result<Vec<Uuid>, Error> {
        Ok(match document {
            Document::Organization(one) => vec![one.id.into()],
            Document::Service(one) => one.organization_id.map(Uuid::from).into_iter().collect(),
            Document::Event(one) => vec![one.organization_id.into()],
            Document::Location(one) => match one.organization_id {
                Some(owner) => vec![owner.into()],
                None => self.users_of(one.id.into()).await?,
            },
            Document::Taxonomy(_) | Document::TaxonomyTerm(_) => Vec::new(),
        })
    }

    /// The organisations whose public services and events are at a place. Drafts do not count: whoever
    /// writes one down must not become an owner by it.
    async fn users_of(&self, place: Uuid) -> Result<Vec<Uuid>, Error> {
        let mut owners = BTreeSet::new();
        for user in self.records.referring_to(place).await?.iter().filter(|user| user.state == State::Published) {
            match user.read()? {
                Document::Service(service) => owners.extend(service.organization_id.map(Uuid::from)),
                Document::Event(event) => {
                    owners.insert(event.organization_id.into());
                }
                _ => {}
            }
        }
        Ok(owners.into_iter().collect())
    }

    /// Whether a document, or what belongs to the same organisations, could be used to reach somebody in
    /// danger. An organisation that runs a refuge is protected as a whole: its office knows the way.
    pub(super) async fn is_protected(&self, document: &Document, owners: &[Uuid]) -> Result<bool, Error> {
        if self.names_danger(document).await? {
            return Ok(true);
        }
        for owner in owners {
            if let Some(stored) = self.records.find(*owner).await?
                && self.names_danger(&stored.read()?).await?
            {
                return Ok(true);
            }
            for kept in self.records.referring_to(*owner).await? {
                if matches!(kept.kind, Kind::Service | Kind::Event)
                    && kept.state != State::Gone
                    && self.names_danger(&kept.read()?).await?
                {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Whether a document is of a category, or has a name, that stands for help in danger.
    async fn names_danger(&self, document: &Document) -> Result<bool, Error> {
        let words = &self.about.protected_categories;
        let attributes: &[Attribute] = match document {
            Document::Service(one) => &one.attributes,
            Document::Event(one) => &one.attributes,
            Document::Organization(one) => &one.attributes,
            _ => return Ok(false),
        };
        if is_withheld_name(document.name(), words) {
            return Ok(true);
        }
        let terms: Vec<Uuid> = attributes.iter().filter_map(|one| one.taxonomy_term_id.map(Uuid::from)).collect();
        for stored in self.records.find_all(&terms).await?.values() {
            if let Document::TaxonomyTerm(term) = stored.read()?
                && is_withheld_category(&term, words)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
