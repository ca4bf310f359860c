//! What is proposed, and how it stands to what is there by now.

use serde_json::Value;
use uuid::Uuid;

use super::{
    Proposal,
    deciding::{changes_now, changes_of, rebased, version_of},
    store,
};
use crate::{
    db::Transaction,
    model::changes::Change,
    records::{Error, Records, Stored},
};

/// What a proposal would change of what stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WouldChange {
    /// The members that would differ, each beside what stands now.
    pub changes: Vec<Change>,
    /// Those of them that somebody has changed since it was proposed.
    pub overtaken: Vec<String>,
}

impl Records {
    /// A name for what is decided together as it is now: what each part says and the version that it would
    /// change. Whoever decides names what they looked at by it.
    /// # Errors
    /// When the database fails.
    pub async fn bundle_version(&self, parts: &[Proposal]) -> Result<String, Error> {
        let ids: Vec<Uuid> = parts.iter().map(|part| part.record_id).collect();
        Ok(version_of(parts, &self.find_all(&ids).await?))
    }

    /// The document that a proposal would make of its record as it stands now.
    /// # Errors
    /// [`Error::Damaged`], or when the database fails.
    pub async fn rebased(&self, proposal: &Proposal) -> Result<Value, Error> {
        let standing = self.find(proposal.record_id).await?;
        let earlier = store::made_against(self.db.reader(), proposal, standing.as_ref()).await?;
        rebased(proposal, standing.as_ref(), &earlier)
    }

    /// What a proposal would change, compared with the version that its author had read, where `standing` is its record.
    /// # Errors
    /// [`Error::Damaged`], or when the database fails.
    pub async fn proposed_changes(&self, proposal: &Proposal, standing: Option<&Stored>) -> Result<Vec<Change>, Error> {
        let earlier = store::made_against(self.db.reader(), proposal, standing).await?;
        changes_of(proposal, standing, &earlier)
    }

    /// What a proposal that waits would change by now, where `standing` is its record.
    /// # Errors
    /// [`Error::Damaged`], or when the database fails.
    pub async fn would_change(&self, proposal: &Proposal, standing: Option<&Stored>) -> Result<WouldChange, Error> {
        let earlier = store::made_against(self.db.reader(), proposal, standing).await?;
        let proposed = changes_of(proposal, standing, &earlier)?;
        let changes = changes_now(proposal, standing, &earlier)?;
        let moved = |now: &&Change| proposed.iter().any(|then| then.field == now.field && then.before != now.before);
        let overtaken = changes.iter().filter(moved).map(|now| now.field.clone()).collect();
        Ok(WouldChange { changes, overtaken })
    }

    /// The newest that somebody proposed, at most `limit`.
    /// # Errors
    /// When the database fails.
    pub async fn proposed_by(&self, who: &str, limit: u64) -> Result<Vec<Proposal>, Error> {
        Ok(store::by_whom(self.db.reader(), who, limit).await?)
    }

    /// Everything that was proposed about these records, the newest first.
    /// # Errors
    /// When the database fails.
    pub async fn proposed_about(&self, records: &[Uuid]) -> Result<Vec<Proposal>, Error> {
        Ok(store::about(self.db.reader(), records).await?)
    }

    /// What somebody proposed about these records and waits, the newest first.
    /// # Errors
    /// When the database fails.
    pub async fn waiting_by(&self, who: &str, records: &[Uuid]) -> Result<Vec<Proposal>, Error> {
        Ok(store::waiting_by(self.db.reader(), who, records).await?)
    }

    /// What is decided together.
    /// # Errors
    /// When the database fails.
    pub async fn bundle(&self, bundle: Uuid) -> Result<Vec<Proposal>, Error> {
        Ok(store::of_bundle(self.db.reader(), bundle).await?)
    }

    /// Proposals that wait, of one origin or of all, after the given id, in order of ids.
    /// # Errors
    /// When the database fails.
    pub async fn waiting(&self, origin: Option<&str>, after: Option<Uuid>, limit: u64) -> Result<Vec<Proposal>, Error> {
        Ok(store::waiting(&self.db, origin, after, limit).await?)
    }

    /// The proposal with this id.
    /// # Errors
    /// When the database fails.
    pub async fn proposal(&self, id: Uuid) -> Result<Option<Proposal>, Error> {
        Ok(store::by_ids(self.db.reader(), &[id]).await?.into_iter().next())
    }

    /// Hold these proposals until the transaction ends: others that hold or decide them wait.
    /// # Errors
    /// When the database fails.
    pub async fn hold_proposals(&self, tx: &Transaction, ids: &[Uuid]) -> Result<(), Error> {
        store::locked(tx, ids).await?;
        Ok(())
    }

    /// The proposal with this id, as a transaction sees it.
    /// # Errors
    /// When the database fails.
    pub async fn proposal_in(&self, tx: &Transaction, id: Uuid) -> Result<Option<Proposal>, Error> {
        Ok(store::by_ids(tx.connection(), &[id]).await?.into_iter().next())
    }
}
