//! A record as somebody who keeps it sees it: whose it is, whether it is protected, what they may do.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use uuid::Uuid;

use super::{Editing, Error};
use crate::{
    identity::{Action, Actor, Subject, can},
    model::{Attribute, Document, Kind},
    published::redaction::SecretWords,
    records::{Kept, State, Stored, Version},
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

/// What of a listing says whether it could be used to reach somebody in danger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Signs {
    /// Its name does.
    by_name: bool,
    /// Its categories, which may.
    terms: BTreeSet<Uuid>,
}

impl Signs {
    fn of(document: &Document, words: &SecretWords) -> Self {
        let attributes: Vec<&Attribute> = match document {
            Document::Service(one) => one.classified().collect(),
            Document::Event(one) => one.attributes.iter().collect(),
            Document::Organization(one) => one.attributes.iter().collect(),
            _ => return Self::default(),
        };
        let terms = attributes.into_iter().filter_map(|one| one.taxonomy_term_id.map(Uuid::from)).collect();
        Self { by_name: words.are_in(document.name()), terms }
    }

    /// Take in what another listing says.
    fn join(&mut self, other: Self) {
        self.by_name |= other.by_name;
        self.terms.extend(other.terms);
    }
}

/// So many listings are remembered; then it begins anew.
const MOST_SIGNS: usize = 50_000;

/// The signs of versions that were read, so that a look does not read all listings of an organisation. A
/// version never changes, so nothing here gets old.
#[derive(Clone, Debug, Default)]
pub(super) struct Remembered(Arc<Mutex<HashMap<Uuid, (Kept, Signs)>>>);

impl Remembered {
    fn of(&self, version: &Version) -> Option<Signs> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Beside the number the moment: a restore may give a number to another version.
        let same = |kept: &Kept| kept.revision == version.revision && kept.changed_at == version.changed_at;
        all.get(&version.id).filter(|(kept, _)| same(kept)).map(|(_, signs)| signs.clone())
    }

    fn keep(&self, stored: &Stored, signs: &Signs) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST_SIGNS {
            all.clear();
        }
        all.insert(stored.id, (stored.kept.clone(), signs.clone()));
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
        Ok(self.sight_if_there(id).await?.is_some_and(|sight| sight.protected))
    }

    /// A record, whoever asks; none where there is none.
    pub(super) async fn sight_if_there(&self, id: Uuid) -> Result<Option<Sight>, Error> {
        match self.sight(id).await {
            Ok(sight) => Ok(Some(sight)),
            Err(Error::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A record, whoever asks.
    pub(super) async fn sight(&self, id: Uuid) -> Result<Sight, Error> {
        let stored = self.records.find(id).await?.ok_or(Error::NotFound(id))?;
        let document = stored.read()?;
        let owners = self.owners(&document).await?;
        let protected = self.is_protected_besides(&document, &owners, Some(id)).await?;
        Ok(Sight { stored, document, owners, protected })
    }

    /// The organisations that a document belongs to. A place belongs to the one that it names, or else to
    /// all whose services are there and are public, or were when they were hidden.
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

    /// The organisations whose services and events are at a place. Drafts do not count: whoever writes one
    /// down must not become an owner by it. What is hidden counts as it was when it was last public.
    async fn users_of(&self, place: Uuid) -> Result<Vec<Uuid>, Error> {
        let mut owners = BTreeSet::new();
        for user in self.records.referring_to(place).await? {
            let Some(public) = self.last_public(user).await? else { continue };
            let document = public.read()?;
            if !document.references().iter().any(|one| one.to == place) {
                continue;
            }
            match document {
                Document::Service(service) => owners.extend(service.organization_id.map(Uuid::from)),
                Document::Event(event) => {
                    owners.insert(event.organization_id.into());
                }
                _ => {}
            }
        }
        Ok(owners.into_iter().collect())
    }

    /// A record as the world sees it, or saw it until it was hidden; nothing where it was never public, or
    /// was taken out.
    pub(super) async fn last_public(&self, stored: Stored) -> Result<Option<Stored>, Error> {
        Ok(match stored.state {
            State::Published => Some(stored),
            State::Unpublished => {
                let versions = self.records.history(stored.id).await?;
                versions.into_iter().rev().find(|version| version.state == State::Published)
            }
            State::Gone => None,
        })
    }

    /// The places of a listing that nobody else sees: drafts of those who keep it.
    /// # Errors
    /// When the database fails.
    pub async fn unseen_places(&self, document: &Document) -> Result<Vec<Stored>, Error> {
        let ids: Vec<Uuid> = document.references().into_iter().filter(|one| one.policy.is_some()).map(|one| one.to).collect();
        let mut places: Vec<Stored> = self.records.find_all(&ids).await?.into_values().collect();
        places.retain(|place| place.state == State::Unpublished && place.origin.is_empty());
        places.sort_by_key(|place| place.id);
        Ok(places)
    }

    /// Since when, and why, a listing is hidden; nothing where it is public, was never, or was taken out.
    /// # Errors
    /// When the database fails.
    pub async fn hidden(&self, stored: &Stored) -> Result<Option<Kept>, Error> {
        if stored.state != State::Unpublished {
            return Ok(None);
        }
        let versions = self.records.history(stored.id).await?;
        let public = versions.iter().rposition(|version| version.state == State::Published);
        Ok(public.and_then(|at| versions.get(at + 1)).map(|version| version.kept.clone()))
    }

    /// Whether a document, or what belongs to the same organisations, could be used to reach somebody in
    /// danger. An organisation that runs a refuge is protected as a whole: its office knows the way.
    pub(super) async fn is_protected(&self, document: &Document, owners: &[Uuid]) -> Result<bool, Error> {
        self.is_protected_besides(document, owners, None).await
    }

    /// The same, where `known` is the listing that the document is, as it stands: it need not be read again.
    async fn is_protected_besides(&self, document: &Document, owners: &[Uuid], known: Option<Uuid>) -> Result<bool, Error> {
        let mut signs = self.signs_of(document);
        for owner in owners {
            if signs.by_name {
                return Ok(true);
            }
            let organisation = async { self.records.find(*owner).await.map_err(Error::from) };
            let (organisation, listings) = tokio::try_join!(organisation, self.signs_of_listings(*owner, known))?;
            if let Some(stored) = organisation {
                signs.join(self.signs_of(&stored.read()?));
            }
            signs.join(listings);
        }
        Ok(signs.by_name || self.terms_name_danger(&signs.terms).await?)
    }

    /// The same of what somebody wants to put in place of `standing`, which need not be asked about again
    /// where name, categories and owners stay.
    pub(super) async fn would_be_protected(&self, standing: &Sight, wanted: &Document, owners: &[Uuid]) -> Result<bool, Error> {
        // Taking the category away is a change of a protected listing like any other.
        if standing.protected {
            return Ok(true);
        }
        if standing.owners == owners && self.signs_of(&standing.document) == self.signs_of(wanted) {
            return Ok(false);
        }
        self.is_protected(wanted, owners).await
    }

    fn signs_of(&self, document: &Document) -> Signs {
        Signs::of(document, &self.about.protected_categories)
    }

    /// What the listings of an organisation say of danger, besides one that was looked at already. Which there are
    /// is asked each time; only what has changed since is read again.
    async fn signs_of_listings(&self, owner: Uuid, besides: Option<Uuid>) -> Result<Signs, Error> {
        let mut versions = self.records.versions_referring_to(owner).await?;
        let counts = |one: &Version| matches!(one.kind, Kind::Service | Kind::Event) && one.state != State::Gone;
        versions.retain(|one| counts(one) && Some(one.id) != besides);
        let unread: Vec<Uuid> = versions.iter().filter(|one| self.signs.of(one).is_none()).map(|one| one.id).collect();
        let mut all = Signs::default();
        for signs in versions.iter().filter_map(|one| self.signs.of(one)) {
            all.join(signs);
        }
        // A version that was written a moment after the list was read is read as it is now.
        for stored in self.records.find_all(&unread).await?.values() {
            let signs = self.signs_of(&stored.read()?);
            self.signs.keep(stored, &signs);
            all.join(signs);
        }
        Ok(all)
    }

    async fn terms_name_danger(&self, terms: &BTreeSet<Uuid>) -> Result<bool, Error> {
        let words = &self.about.protected_categories;
        let terms: Vec<Uuid> = terms.iter().copied().collect();
        for stored in self.records.find_all(&terms).await?.values() {
            if let Document::TaxonomyTerm(term) = stored.read()?
                && words.are_of(&term)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
