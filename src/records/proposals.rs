//! Proposals: changes that wait for a person. The published version stays as it is meanwhile.
//!
//! A proposal is made against a version of its record. If the record has changed since, accepting it
//! is refused, because whoever decided has not seen what it would replace.

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::{Caller, Draft, Entrance, Error, LastModified, Outcome, Records, State, store};
use crate::{
    db::Transaction,
    ids,
    model::{Document, Kind},
};

/// Whether a proposal has been decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// Not yet.
    Waiting,
    /// It was taken.
    Accepted,
    /// It was not.
    Rejected,
}

impl Decision {
    pub(super) fn from_number(number: i16) -> Self {
        match number {
            0 => Self::Waiting,
            1 => Self::Accepted,
            _ => Self::Rejected,
        }
    }
}

/// A change that waits, or that was decided.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Proposal {
    /// Its id.
    pub id: Uuid,
    /// The record that it would change or make.
    pub record_id: Uuid,
    /// Kind of the record.
    pub kind: Kind,
    /// Which directory it comes from; empty for our own.
    pub origin: String,
    /// What its source calls the record.
    pub source_id: Option<String>,
    /// The version that it was made against; 0 where there was none.
    pub base_revision: i64,
    /// The document as it would be.
    pub document: String,
    /// Who proposes.
    pub by: String,
    /// Why.
    pub why: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Whether it has been decided.
    pub decision: Decision,
    /// By whom it was decided, and why.
    pub decided: Option<Decided>,
}

/// Who decided, when, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decided {
    /// Who.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Why; what whoever proposed is told.
    pub reason: String,
}

impl Proposal {
    /// The document.
    /// # Errors
    /// [`Error::Damaged`] when it cannot be read.
    pub fn read(&self) -> Result<Document, Error> {
        Document::from_json(self.kind, &self.document).map_err(|problem| Error::Damaged { id: self.id, problem })
    }
}

impl Records {
    /// Let changes wait for a person, inside the caller's transaction and before any save in it. What
    /// is the same as what stands is left out; a later proposal of the same caller for the same record
    /// takes the place of the earlier one. Gives how many wait now because of this.
    /// # Errors
    /// [`Error::OtherKind`], or when the database fails.
    pub async fn propose(&self, tx: &Transaction, caller: &Caller, drafts: Vec<Draft>) -> Result<u64, Error> {
        let asked: Vec<Uuid> = drafts.iter().map(|draft| draft.document.id()).collect();
        let standing = store::load_locked(tx, &asked).await?;
        let now = self.clock.now();
        let mut proposals = Vec::new();
        for draft in drafts {
            let (id, kind) = (draft.document.id(), draft.document.kind());
            let before = standing.get(&id);
            if let Some(before) = before.filter(|before| before.kind != kind) {
                return Err(Error::OtherKind { id, found: before.kind, wanted: kind });
            }
            let document = draft.document.to_json();
            if before.is_some_and(|before| before.document == document && before.state == State::Published) {
                continue;
            }
            proposals.push(Proposal {
                id: ids::derived(id, &format!("proposal\n{}", caller.name)),
                record_id: id,
                kind,
                origin: draft.origin,
                source_id: draft.source_id,
                base_revision: before.map_or(0, |before| before.kept.revision),
                document,
                by: caller.name.clone(),
                why: caller.why.clone(),
                at: now,
                decision: Decision::Waiting,
                decided: None,
            });
        }
        store::put_proposals(tx, &proposals).await?;
        Ok(proposals.len() as u64)
    }

    /// Proposals that wait, of one origin or of all, after the given id, in order of ids.
    /// # Errors
    /// When the database fails.
    pub async fn waiting(&self, origin: Option<&str>, after: Option<Uuid>, limit: u64) -> Result<Vec<Proposal>, Error> {
        Ok(store::waiting_proposals(&self.db, origin, after, limit).await?)
    }

    /// The proposal with this id.
    /// # Errors
    /// When the database fails.
    pub async fn proposal(&self, id: Uuid) -> Result<Option<Proposal>, Error> {
        Ok(store::proposals(self.db.reader(), &[id]).await?.into_iter().next())
    }

    /// Take proposals: each becomes a version of its record.
    /// # Errors
    /// [`Error::NotFound`] for one that does not wait; [`Error::Stale`] when a record has changed since
    /// it was proposed; or when the database fails. Then none of them is taken.
    pub async fn accept(&self, caller: &Caller, which: &[Uuid]) -> Result<Outcome, Error> {
        let tx = self.db.write().await?;
        let proposals = self.undecided(&tx, which).await?;
        let mut drafts = Vec::with_capacity(proposals.len());
        for proposal in &proposals {
            drafts.push(Draft {
                origin: proposal.origin.clone(),
                source_id: proposal.source_id.clone(),
                expected_revision: Some(proposal.base_revision),
                ..Draft::new(proposal.read()?)
            });
        }
        self.decide(&tx, caller, proposals, Decision::Accepted).await?;
        // What comes from elsewhere may make a place stricter, never more open, also when a person lets it in.
        let foreign = drafts.iter().any(|draft| !draft.origin.is_empty());
        let entrance = if foreign { Entrance::Feed } else { caller.entrance };
        let caller = Caller { entrance, ..caller.clone() };
        let outcome = self.save(&tx, &caller, drafts, &LastModified::new()).await?;
        tx.commit().await?;
        if outcome.scrubbed {
            self.db.sweep().await?;
        }
        Ok(outcome)
    }

    /// Refuse proposals; what stands stays. The caller's why is the reason.
    /// # Errors
    /// [`Error::NotFound`] for one that does not wait, or when the database fails.
    pub async fn reject(&self, caller: &Caller, which: &[Uuid]) -> Result<(), Error> {
        let tx = self.db.write().await?;
        let proposals = self.undecided(&tx, which).await?;
        self.decide(&tx, caller, proposals, Decision::Rejected).await?;
        Ok(tx.commit().await?)
    }

    /// Forget every proposal about these records, decided or not.
    /// # Errors
    /// When the database fails.
    pub async fn forget_proposals(&self, tx: &Transaction, records: &[Uuid]) -> Result<(), Error> {
        Ok(store::forget_proposals(tx, records).await?)
    }

    async fn undecided(&self, tx: &Transaction, which: &[Uuid]) -> Result<Vec<Proposal>, Error> {
        let found = store::proposals(tx.connection(), which).await?;
        let missing = which.iter().find(|id| !found.iter().any(|one| one.id == **id && one.decision == Decision::Waiting));
        match missing {
            Some(id) => Err(Error::NotFound(*id)),
            None => Ok(found),
        }
    }

    async fn decide(
        &self,
        tx: &Transaction,
        caller: &Caller,
        mut proposals: Vec<Proposal>,
        decision: Decision,
    ) -> Result<(), Error> {
        let decided = Decided { by: caller.name.clone(), at: self.clock.now(), reason: caller.why.clone() };
        for proposal in &mut proposals {
            proposal.decision = decision;
            proposal.decided = Some(decided.clone());
        }
        Ok(store::put_proposals(tx, &proposals).await?)
    }
}
