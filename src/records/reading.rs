//! Reading what is kept: the records as they are, and as they were.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use uuid::Uuid;

use super::{Error, Records, Stored, Version, references, store};
use crate::{
    db::Transaction,
    model::{Document, Kind, LocationPolicy},
    published,
};

impl Records {
    /// The record with this id.
    /// # Errors
    /// When the database fails.
    pub async fn find(&self, id: Uuid) -> Result<Option<Stored>, Error> {
        Ok(store::load_one(&self.db, id).await?)
    }

    /// Records of one kind after the given id, in order of ids, at most `limit`.
    /// # Errors
    /// When the database fails.
    pub async fn by_kind(&self, kind: Kind, after: Option<Uuid>, limit: u64) -> Result<Vec<Stored>, Error> {
        Ok(store::by_kind(&self.db, kind, after, limit).await?)
    }

    /// The kinds of those of these ids that are taken, for telling clashes before they happen.
    /// # Errors
    /// When the database fails.
    pub async fn kinds(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, Kind>, Error> {
        Ok(store::load(self.db.reader(), ids).await?.into_iter().map(|(id, record)| (id, record.kind)).collect())
    }

    /// Those of these ids that belong to records of other directories: of which kind, and whose.
    /// # Errors
    /// When the database fails.
    pub async fn foreign_among(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, (Kind, String)>, Error> {
        Ok(store::foreign_among(self.db.reader(), ids).await?)
    }

    /// Whose those of these links of services to places are that are, or were, published.
    /// # Errors
    /// When the database fails.
    pub async fn link_owners(&self, links: &[Uuid]) -> Result<HashMap<Uuid, Uuid>, Error> {
        Ok(published::owners(&self.db, links).await?)
    }

    /// Those of these organizations that have listings at places of which nobody may know, and which listings these are.
    /// # Errors
    /// When the database fails.
    pub async fn withholding(&self, tx: &Transaction, organizations: &[Uuid]) -> Result<HashMap<Uuid, HashSet<Uuid>>, Error> {
        let listings = references::links_to(tx.connection(), organizations).await?;
        let ids: Vec<Uuid> = listings.iter().map(|link| link.from).collect();
        let mut links = references::links_from(tx.connection(), &ids).await?;
        links.retain(|link| link.policy.is_some());
        let places: Vec<Uuid> = links.iter().map(|link| link.to).collect();
        let mut withheld = HashSet::new();
        for stored in store::load_places_told_less(tx.connection(), &places).await? {
            if matches!(read(&stored)?, Document::Location(place) if place.location_policy == Some(LocationPolicy::Withheld)) {
                withheld.insert(stored.id);
            }
        }
        links.retain(|link| link.policy == Some(LocationPolicy::Withheld) || withheld.contains(&link.to));
        let hiding: HashSet<Uuid> = links.into_iter().map(|link| link.from).collect();
        let mut found: HashMap<Uuid, HashSet<Uuid>> = HashMap::new();
        for link in listings.into_iter().filter(|link| hiding.contains(&link.from)) {
            found.entry(link.to).or_default().insert(link.from);
        }
        Ok(found)
    }

    /// Every version of a record, oldest first, the present one last.
    /// # Errors
    /// [`Error::NotFound`], or when the database fails.
    pub async fn history(&self, id: Uuid) -> Result<Vec<Stored>, Error> {
        let now = self.find(id).await?.ok_or(Error::NotFound(id))?;
        let mut versions = store::revisions(self.db.reader(), &now).await?;
        versions.push(now);
        Ok(versions)
    }

    /// The records that refer to this one, such as the services of an organisation or at a place.
    /// # Errors
    /// When the database fails.
    pub async fn referring_to(&self, id: Uuid) -> Result<Vec<Stored>, Error> {
        let from: Vec<Uuid> = references::links_to(self.db.reader(), &[id]).await?.into_iter().map(|link| link.from).collect();
        let mut found: Vec<Stored> = store::load(self.db.reader(), &from).await?.into_values().collect();
        found.sort_by_key(|stored| stored.id);
        Ok(found)
    }

    /// The versions of the records that refer to this one, without what they say.
    /// # Errors
    /// When the database fails.
    pub async fn versions_referring_to(&self, id: Uuid) -> Result<Vec<Version>, Error> {
        Ok(references::versions_linking_to(self.db.reader(), id).await?)
    }

    /// The records with these ids, those that there are, as they stand within this transaction.
    /// # Errors
    /// When the database fails.
    pub async fn find_in(&self, tx: &Transaction, ids: &[Uuid]) -> Result<HashMap<Uuid, Stored>, Error> {
        Ok(store::load(tx.connection(), ids).await?)
    }

    /// The records with these ids, those that there are.
    /// # Errors
    /// When the database fails.
    pub async fn find_all(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, Stored>, Error> {
        Ok(store::load(self.db.reader(), ids).await?)
    }
}

/// The document of a stored record.
pub(super) fn read(stored: &Stored) -> Result<Document, Error> {
    Document::from_json(stored.kind, &stored.document).map_err(|problem| Error::Damaged { id: stored.id, problem })
}

impl Stored {
    /// The document.
    /// # Errors
    /// [`Error::Damaged`] when it cannot be read.
    pub fn read(&self) -> Result<Document, Error> {
        read(self)
    }

    /// The document as JSON, member by member.
    /// # Errors
    /// [`Error::Damaged`] when it cannot be read.
    pub fn value(&self) -> Result<Value, Error> {
        serde_json::from_str(&self.document).map_err(|error| Error::Damaged { id: self.id, problem: error.to_string() })
    }
}
