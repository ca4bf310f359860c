//! Proposals: changes that wait for a person. The published version stays as it is meanwhile.
//!
//! A proposal is made against a version of its record. If the record has changed since, accepting it
//! is refused, because whoever decided has not seen what it would replace. Somebody's edit may be
//! decided part by part ([`Records::decide_parts`]): then what counts is the version that was looked at.

mod deciding;
mod messages;
mod reading;
mod store;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{Caller, Draft, Error, LastModified, Outcome, Records, State, store as records};
use crate::{
    db::Transaction,
    ids,
    model::{Document, Kind, provenance},
};
pub use messages::Message;
pub use reading::WouldChange;
pub(super) use store::{clear, forget, forget_by, forget_contact, forget_decided, forget_words, holds_contact, with_words};

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
    /// Its author took it back.
    Withdrawn,
}

impl Decision {
    pub(super) fn from_number(number: i16) -> Self {
        match number {
            0 => Self::Waiting,
            1 => Self::Accepted,
            3 => Self::Withdrawn,
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
    /// What was proposed together with it and is decided together.
    pub bundle: Option<Uuid>,
    /// What became of each part, where it was decided part by part.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
}

/// What became of a part of a proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The member of the document, such as `phones`.
    pub field: String,
    /// Whether it was taken.
    pub accepted: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What was published in place of what was proposed; none where that was taken as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_as: Option<Value>,
}

impl Part {
    /// A part that is refused, and why.
    pub fn refused(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), accepted: false, reason: reason.into(), published_as: None }
    }
}

/// Somebody's edit: what of it stands at once, and what waits.
#[derive(Clone, Debug, Default)]
pub struct Edit {
    /// Documents as they are to be at once.
    pub at_once: Vec<Draft>,
    /// Documents as they would be if everything that waits were taken.
    pub waiting: Vec<Draft>,
    /// Whether what waits is decided together.
    pub together: bool,
    /// Records of which the editor's own proposal does not wait any more: nothing of it is wanted now.
    pub taken_back: Vec<Uuid>,
}

/// What somebody decides about a proposal, having looked at it beside what stands.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The version of the record that they looked at; 0 where there is none.
    pub revision: i64,
    /// The version of the proposal that they looked at, as [`Proposal::version`] names it.
    pub version: String,
    /// The parts that are refused, and why; everything else is taken.
    pub rejected: Vec<Part>,
    /// Parts that are taken in another form than proposed.
    pub amended: Vec<(String, Value)>,
}

/// A member of a new record that is not published with the rest of what is accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The proposal that has it.
    pub proposal: Uuid,
    /// Which, and why.
    pub part: Part,
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
    /// A name for what it says now: its author may change it while somebody looks at it.
    pub fn version(&self) -> String {
        use sha2::{Digest as _, Sha256};
        let hash = Sha256::digest(format!("{}\n{}", self.base_revision, self.document));
        hex::encode(&hash[..8])
    }

    /// The document.
    /// # Errors
    /// [`Error::Damaged`] when it cannot be read.
    pub fn read(&self) -> Result<Document, Error> {
        Document::from_json(self.kind, &self.document).map_err(|problem| Error::Damaged { id: self.id, problem })
    }
}

impl Records {
    /// Let changes wait for a person, inside the caller's transaction and before any save in it. What was
    /// taken out for good is taken out of them, as it is when they are saved. What is the same as what stands, or as
    /// what was refused as a whole or in part, is left out; a later proposal of the same caller for the same record
    /// takes the place of the earlier one. What a draft is to replace is what stands, unless it names
    /// another version. Gives how many wait now because of this.
    /// # Errors
    /// [`Error::OtherKind`], or when the database fails.
    pub async fn propose(&self, tx: &Transaction, caller: &Caller, mut drafts: Vec<Draft>) -> Result<u64, Error> {
        self.apply_to_waiting(tx, caller, &mut drafts).await?;
        let asked: Vec<Uuid> = drafts.iter().map(|draft| draft.document.id()).collect();
        let standing = records::load_locked(tx, &asked).await?;
        let named = |record: Uuid| ids::derived(record, &format!("proposal\n{}", caller.name));
        let before: Vec<Uuid> = asked.iter().map(|record| named(*record)).collect();
        let earlier = store::by_ids(tx.connection(), &before).await?;
        let mut earlier: HashMap<Uuid, Proposal> = earlier.into_iter().map(|one| (one.record_id, one)).collect();
        let now = self.clock.now();
        let (mut proposals, mut taken_back) = (Vec::new(), Vec::new());
        for draft in drafts {
            let (id, kind) = (draft.document.id(), draft.document.kind());
            let before = standing.get(&id);
            if let Some(before) = before.filter(|before| before.kind != kind) {
                return Err(Error::OtherKind { id, found: before.kind, wanted: kind });
            }
            let document = draft.document.to_json();
            let stands = before.filter(|before| before.state == State::Published);
            if stands.is_some_and(|stands| says_the_same(&stands.document, &document)) {
                // What waited in between is not proposed any more.
                if let Some(waiting) = earlier.remove(&id).filter(|one| one.decision == Decision::Waiting) {
                    let decided = Some(Decided { by: caller.name.clone(), at: now, reason: String::new() });
                    taken_back.push(Proposal { decision: Decision::Withdrawn, decided, ..waiting });
                }
                continue;
            }
            // What was decided part by part is decided, too, as long as the part that was taken stands.
            let settled = earlier.get(&id).filter(|one| match one.decision {
                Decision::Rejected => true,
                Decision::Accepted => stands.is_some() && !one.parts.is_empty(),
                Decision::Waiting | Decision::Withdrawn => false,
            });
            if settled.is_some_and(|settled| says_the_same(&settled.document, &document)) {
                continue;
            }
            proposals.push(Proposal {
                id: named(id),
                record_id: id,
                kind,
                origin: draft.origin,
                source_id: draft.source_id,
                base_revision: draft.expected_revision.unwrap_or_else(|| before.map_or(0, |before| before.kept.revision)),
                document,
                by: caller.name.clone(),
                why: caller.why.clone(),
                at: now,
                decision: Decision::Waiting,
                decided: None,
                bundle: None,
                parts: Vec::new(),
            });
        }
        store::put(tx, &taken_back).await?;
        store::put(tx, &proposals).await?;
        Ok(proposals.len() as u64)
    }

    /// Make somebody's edit: part of it stands at once, part of it waits for a person. Somebody's own
    /// proposal that still waits is replaced by their later one. Gives what the save did and the
    /// proposals that wait now. The transaction may hold nothing else that changes records.
    /// # Errors
    /// [`Error::Stale`], [`Error::OtherKind`], or when the database fails.
    pub async fn edit(&self, tx: &Transaction, caller: &Caller, edit: Edit) -> Result<(Outcome, Vec<Uuid>), Error> {
        let everything = edit.at_once.iter().chain(&edit.waiting);
        let ids: Vec<Uuid> = everything.map(|draft| draft.document.id()).collect();
        if edit.waiting.is_empty() && edit.taken_back.is_empty() {
            return Ok((self.save(tx, caller, edit.at_once, &LastModified::new()).await?, Vec::new()));
        }
        let standing = records::load_locked(tx, &ids).await?;
        self.settle(tx, &edit.taken_back, |one| one.by == caller.name, &caller.name, "").await?;
        if edit.waiting.is_empty() {
            return Ok((self.save_held(tx, caller, edit.at_once, standing).await?, Vec::new()));
        }
        let earlier = store::waiting_by(tx.connection(), &caller.name, &ids).await?;
        // What belonged together stays together.
        let known = earlier.iter().find_map(|one| one.bundle);
        let bundle = edit.together.then(|| known.unwrap_or_else(ids::fresh));
        let mut proposals = Vec::new();
        for draft in &edit.waiting {
            let (id, kind, document) = (draft.document.id(), draft.document.kind(), draft.document.to_json());
            let before = standing.get(&id);
            if let Some(before) = before.filter(|before| before.kind != kind) {
                return Err(Error::OtherKind { id, found: before.kind, wanted: kind });
            }
            let found = before.map_or(0, |before| before.kept.revision);
            if let Some(expected) = draft.expected_revision.filter(|expected| *expected != found) {
                return Err(Error::Stale { id, expected, found });
            }
            let changed_first = edit.at_once.iter().any(|first| {
                first.document.id() == id
                    && before.is_none_or(|before| before.document != first.document.to_json() || before.state != first.state)
            });
            let replaced = earlier.iter().find(|one| one.record_id == id);
            proposals.push(Proposal {
                id: replaced.map_or_else(ids::fresh, |one| one.id),
                record_id: id,
                kind,
                origin: draft.origin.clone(),
                source_id: draft.source_id.clone(),
                base_revision: found + i64::from(changed_first),
                document,
                by: caller.name.clone(),
                why: caller.why.clone(),
                at: self.clock.now(),
                decision: Decision::Waiting,
                decided: None,
                bundle: bundle.or_else(|| replaced.and_then(|one| one.bundle)),
                parts: Vec::new(),
            });
        }
        store::put(tx, &proposals).await?;
        let outcome = self.save_held(tx, caller, edit.at_once, standing).await?;
        let mut made: Vec<Uuid> = proposals.into_iter().map(|one| one.id).collect();
        if outcome.scrubbed {
            // What was taken out for good may have stood in them, too.
            let left = store::by_ids(tx.connection(), &made).await?;
            made.retain(|id| left.iter().any(|one| one.id == *id));
        }
        Ok((outcome, made))
    }

    /// Let what was refused wait again, as it was proposed.
    /// # Errors
    /// When the database fails.
    pub async fn reopen(&self, tx: &Transaction, which: &[Uuid]) -> Result<(), Error> {
        let mut proposals = store::locked(tx, which).await?;
        proposals.retain(|one| matches!(one.decision, Decision::Rejected | Decision::Accepted));
        for one in &mut proposals {
            (one.decision, one.decided) = (Decision::Waiting, None);
            one.parts.clear();
        }
        Ok(store::put(tx, &proposals).await?)
    }

    /// Forget every proposal about these records, decided or not.
    /// # Errors
    /// When the database fails.
    pub async fn forget_proposals(&self, tx: &Transaction, records: &[Uuid]) -> Result<(), Error> {
        Ok(store::forget(tx, records).await?)
    }
}

/// Whether two documents say the same, whenever each of them was fetched.
fn says_the_same(one: &str, other: &str) -> bool {
    let told = |text: &str| {
        let mut value: Value = serde_json::from_str(text).ok()?;
        let provenance = value.get_mut(provenance::MEMBER).and_then(Value::as_object_mut);
        provenance.and_then(|said| said.remove(provenance::FETCHED_AT));
        Some(value)
    };
    one == other || told(one).is_some_and(|one| told(other) == Some(one))
}
