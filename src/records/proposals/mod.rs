//! Proposals: changes that wait for a person. The published version stays as it is meanwhile.
//!
//! A proposal is made against a version of its record. If the record has changed since, accepting it
//! is refused, because whoever decided has not seen what it would replace. Somebody's edit may be
//! decided part by part ([`Records::decide_parts`]): then what counts is the version that was looked at.

mod reading;
mod store;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{Caller, Draft, Entrance, Error, LastModified, Outcome, Records, State, Stored, store as records};
use crate::{
    db::Transaction,
    ids,
    model::{
        Document, Kind,
        changes::{self, Change},
        provenance, tidy,
    },
};
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
}

/// Something that was said about a proposal. Never public.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    /// Names it.
    pub id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// By whom, as history names them.
    pub by: String,
    /// What.
    pub words: String,
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
    /// Let changes wait for a person, inside the caller's transaction and before any save in it. What
    /// is the same as what stands, or as what was refused as a whole or in part, is left out; a later proposal of the same caller for the same record
    /// takes the place of the earlier one. What a draft is to replace is what stands, unless it names
    /// another version. Gives how many wait now because of this.
    /// # Errors
    /// [`Error::OtherKind`], or when the database fails.
    pub async fn propose(&self, tx: &Transaction, caller: &Caller, drafts: Vec<Draft>) -> Result<u64, Error> {
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
        let everything = || edit.at_once.iter().chain(&edit.waiting);
        let ids: Vec<Uuid> = everything().map(|draft| draft.document.id()).collect();
        let standing = records::load_locked(tx, &ids).await?;
        let mut earlier = store::about(tx.connection(), &ids).await?;
        earlier.retain(|one| one.decision == Decision::Waiting && one.by == caller.name);
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
        let outcome = self.save(tx, caller, edit.at_once, &LastModified::new()).await?;
        let mut made: Vec<Uuid> = proposals.into_iter().map(|one| one.id).collect();
        if outcome.scrubbed {
            // What was taken out for good may have stood in them, too.
            let left = store::by_ids(tx.connection(), &made).await?;
            made.retain(|id| left.iter().any(|one| one.id == *id));
        }
        Ok((outcome, made))
    }

    /// Decide a proposal part by part. What is taken is put into the record as it stands now.
    /// The transaction may hold nothing else that changes records.
    /// # Errors
    /// [`Error::Decided`] when it does not wait any more; [`Error::Stale`] when the record or the proposal
    /// is not what was looked at; [`Error::Unfit`] when what is taken makes no document; or when the
    /// database fails.
    pub async fn decide_parts(&self, tx: &Transaction, caller: &Caller, id: Uuid, verdict: Verdict) -> Result<Outcome, Error> {
        // The record first, as an edit does: locked the other way round, an edit and a decision that meet
        // would wait for each other.
        let record = store::by_ids(tx.connection(), &[id]).await?.pop().ok_or(Error::NotFound(id))?.record_id;
        let standing = records::load_locked(tx, &[record]).await?.remove(&record);
        let mut proposal = store::locked(tx, &[id]).await?.pop().ok_or(Error::NotFound(id))?;
        if proposal.decision != Decision::Waiting {
            return Err(Error::Decided(id));
        }
        let found = standing.as_ref().map_or(0, |standing| standing.kept.revision);
        if found != verdict.revision || proposal.version() != verdict.version {
            return Err(Error::Stale { id: record, expected: verdict.revision, found });
        }
        let earlier = match &standing {
            Some(standing) => records::revisions(tx.connection(), standing).await?,
            None => Vec::new(),
        };
        let mut proposed = changes_of(&proposal, standing.as_ref(), &earlier)?;
        for (field, value) in verdict.amended {
            match proposed.iter_mut().find(|change| change.field == field) {
                Some(change) => change.after = value,
                None => proposed.push(Change { field, before: Value::Null, after: value }),
            }
        }
        let refused = |field: &str| verdict.rejected.iter().find(|part| part.field == field);
        proposal.parts = proposed
            .iter()
            .map(|change| Part {
                field: change.field.clone(),
                accepted: refused(&change.field).is_none(),
                reason: refused(&change.field).map_or_else(String::new, |part| part.reason.clone()),
            })
            .collect();
        let taken: Vec<&Change> = proposed.iter().filter(|change| refused(&change.field).is_none()).collect();
        let decision = if taken.is_empty() { Decision::Rejected } else { Decision::Accepted };
        let mut drafts = Vec::new();
        if decision == Decision::Accepted {
            let now: Value = match &standing {
                Some(standing) => parsed(record, &standing.document)?,
                None => serde_json::json!({"id": record}),
            };
            let document = fit(proposal.kind, changes::apply(&now, taken))?;
            drafts.push(Draft {
                origin: proposal.origin.clone(),
                source_id: proposal.source_id.clone(),
                expected_revision: Some(found),
                state: standing.as_ref().map_or(State::Published, |standing| standing.state),
                ..Draft::new(document)
            });
        }
        // What comes from elsewhere may make a place stricter, never more open, also when a person lets it in.
        let entrance = if proposal.origin.is_empty() { caller.entrance } else { Entrance::Feed };
        self.decide(tx, caller, vec![proposal], decision).await?;
        self.save(tx, &Caller { entrance, ..caller.clone() }, drafts, &LastModified::new()).await
    }

    /// Take everything of a bundle that waits: each part is put into its record as it stands now, and
    /// published. The transaction may hold nothing else that changes records.
    /// # Errors
    /// [`Error::Decided`] when nothing of it waits any more; [`Error::Stale`] when it is not what was seen;
    /// [`Error::Unfit`]; or when the database fails.
    pub async fn accept_bundle(&self, tx: &Transaction, caller: &Caller, bundle: Uuid, seen: &str) -> Result<Outcome, Error> {
        let all = store::of_bundle(tx.connection(), bundle).await?;
        let about: Vec<Uuid> = all.iter().map(|part| part.record_id).collect();
        let standing = records::load_locked(tx, &about).await?;
        let ids: Vec<Uuid> = all.into_iter().map(|part| part.id).collect();
        let mut parts = store::locked(tx, &ids).await?;
        parts.retain(|part| part.decision == Decision::Waiting);
        let Some(first) = parts.first() else { return Err(Error::Decided(bundle)) };
        if version_of(&parts, &standing) != seen {
            let found = standing.get(&first.record_id).map_or(0, |one| one.kept.revision);
            return Err(Error::Stale { id: first.record_id, expected: first.base_revision, found });
        }
        let mut drafts = Vec::new();
        for part in &parts {
            let now = standing.get(&part.record_id);
            let earlier = match now {
                Some(now) => records::revisions(tx.connection(), now).await?,
                None => Vec::new(),
            };
            drafts.push(Draft {
                origin: part.origin.clone(),
                source_id: part.source_id.clone(),
                expected_revision: Some(now.map_or(0, |now| now.kept.revision)),
                ..Draft::new(fit(part.kind, rebased(part, now, &earlier)?)?)
            });
        }
        self.decide(tx, caller, parts, Decision::Accepted).await?;
        self.save(tx, caller, drafts, &LastModified::new()).await
    }

    /// Take one's own proposal back.
    /// # Errors
    /// [`Error::NotFound`] when it is somebody else's; [`Error::Decided`]; or when the database fails.
    pub async fn take_back(&self, tx: &Transaction, by: &str, id: Uuid) -> Result<(), Error> {
        let mut proposal = store::locked(tx, &[id]).await?.pop().filter(|one| one.by == by).ok_or(Error::NotFound(id))?;
        if proposal.decision != Decision::Waiting {
            return Err(Error::Decided(id));
        }
        proposal.decision = Decision::Withdrawn;
        proposal.decided = Some(Decided { by: by.to_owned(), at: self.clock.now(), reason: String::new() });
        Ok(store::put(tx, &[proposal]).await?)
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

    /// Say something about a proposal, to its author or to those who decide.
    /// # Errors
    /// When the database fails.
    pub async fn say(&self, tx: &Transaction, by: &str, proposal: Uuid, words: &str) -> Result<(), Error> {
        let message = Message { id: ids::fresh(), at: self.clock.now(), by: by.to_owned(), words: words.to_owned() };
        Ok(store::say(tx, proposal, &message).await?)
    }

    /// Take proposals: each becomes a version of its record.
    /// # Errors
    /// [`Error::NotFound`] for one that does not wait; [`Error::Stale`] when a record has changed since
    /// it was proposed; or when the database fails. Then none of them is taken.
    pub async fn accept(&self, caller: &Caller, which: &[Uuid]) -> Result<Outcome, Error> {
        let tx = self.db.write().await?;
        let outcome = self.accept_in(&tx, caller, which).await?;
        tx.commit().await?;
        Ok(outcome)
    }

    /// [`Records::accept`] in the caller's transaction, which may hold nothing else that changes records.
    /// # Errors
    /// As [`Records::accept`].
    async fn accept_in(&self, tx: &Transaction, caller: &Caller, which: &[Uuid]) -> Result<Outcome, Error> {
        let about: Vec<Uuid> = store::by_ids(tx.connection(), which).await?.iter().map(|one| one.record_id).collect();
        records::load_locked(tx, &about).await?;
        let proposals = self.undecided(tx, which).await?;
        let mut drafts = Vec::with_capacity(proposals.len());
        for proposal in &proposals {
            drafts.push(Draft {
                origin: proposal.origin.clone(),
                source_id: proposal.source_id.clone(),
                expected_revision: Some(proposal.base_revision),
                ..Draft::new(proposal.read()?)
            });
        }
        self.decide(tx, caller, proposals, Decision::Accepted).await?;
        // What comes from elsewhere may make a place stricter, never more open, also when a person lets it in.
        let foreign = drafts.iter().any(|draft| !draft.origin.is_empty());
        let entrance = if foreign { Entrance::Feed } else { caller.entrance };
        let caller = Caller { entrance, ..caller.clone() };
        self.save(tx, &caller, drafts, &LastModified::new()).await
    }

    /// Refuse proposals; what stands stays. The caller's why is the reason.
    /// # Errors
    /// [`Error::NotFound`] for one that does not wait, or when the database fails.
    pub async fn reject(&self, caller: &Caller, which: &[Uuid]) -> Result<(), Error> {
        let tx = self.db.write().await?;
        self.reject_in(&tx, caller, which).await?;
        Ok(tx.commit().await?)
    }

    /// [`Records::reject`] in the caller's transaction.
    /// # Errors
    /// As [`Records::reject`].
    pub async fn reject_in(&self, tx: &Transaction, caller: &Caller, which: &[Uuid]) -> Result<(), Error> {
        let proposals = self.undecided(tx, which).await?;
        self.decide(tx, caller, proposals, Decision::Rejected).await
    }

    /// Forget every proposal about these records, decided or not.
    /// # Errors
    /// When the database fails.
    pub async fn forget_proposals(&self, tx: &Transaction, records: &[Uuid]) -> Result<(), Error> {
        Ok(store::forget(tx, records).await?)
    }

    async fn undecided(&self, tx: &Transaction, which: &[Uuid]) -> Result<Vec<Proposal>, Error> {
        let found = store::locked(tx, which).await?;
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
        Ok(store::put(tx, &proposals).await?)
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

/// What a proposal makes of the version that stands.
fn rebased(proposal: &Proposal, standing: Option<&Stored>, earlier: &[Stored]) -> Result<Value, Error> {
    let now = match standing {
        Some(standing) => parsed(standing.id, &standing.document)?,
        None => serde_json::json!({"id": proposal.record_id}),
    };
    Ok(changes::apply(&now, &changes_of(proposal, standing, earlier)?))
}

fn version_of(parts: &[Proposal], standing: &HashMap<Uuid, Stored>) -> String {
    use sha2::{Digest as _, Sha256};
    let revision = |part: &Proposal| standing.get(&part.record_id).map_or(0, |one| one.kept.revision);
    let mut all: Vec<String> = parts.iter().map(|part| format!("{} {} {}", part.id, part.version(), revision(part))).collect();
    all.sort_unstable();
    hex::encode(&Sha256::digest(all.join("\n"))[..8])
}

/// What a proposal changes of the version that it was made against, which is among those `earlier` or the
/// one that stands.
fn changes_of(proposal: &Proposal, standing: Option<&Stored>, earlier: &[Stored]) -> Result<Vec<Change>, Error> {
    let base = earlier.iter().chain(standing).find(|one| one.kept.revision == proposal.base_revision).or(standing);
    let before = base.map_or(Ok(Value::Null), |base| parsed(proposal.record_id, &base.document))?;
    Ok(changes::between(&before, &parsed(proposal.record_id, &proposal.document)?))
}

fn parsed(id: Uuid, document: &str) -> Result<Value, Error> {
    serde_json::from_str(document).map_err(|error| Error::Damaged { id, problem: error.to_string() })
}

/// The document that a value is, once it has been looked at as closely as one from a stranger.
fn fit(kind: Kind, value: Value) -> Result<Document, Error> {
    let unfit = |problem: String| Error::Unfit { kind, problem };
    let tidied = tidy::tidy(kind, value, tidy::Names::Ours(""))
        .map_err(|dropped| unfit(format!("{}: {}", dropped.path, dropped.reason)))?;
    if let Some(dropped) = tidied.dropped.first() {
        return Err(unfit(format!("{}: {}", dropped.path, dropped.reason)));
    }
    Document::from_value(kind, tidied.value).map_err(unfit)
}
