//! Deciding what waits: part by part, as a listing, or proposals as they stand.

use std::collections::HashMap;

use serde_json::Value;
use uuid::Uuid;

use super::{Decided, Decision, LeftOut, Part, Proposal, Verdict, store};
use crate::{
    db::Transaction,
    model::{
        Document, Kind,
        changes::{self, Change},
        tidy,
    },
    records::{Caller, Draft, Entrance, Error, Outcome, Records, State, Stored, store as records},
};

impl Records {
    /// Decide a proposal that was looked at part by part; it as it was decided. What is taken is put into the record as it
    /// stands now. The transaction may hold nothing else that changes records.
    /// # Errors
    /// [`Error::Decided`] when it does not wait any more; [`Error::Stale`] when the record or the proposal
    /// is not what was looked at; [`Error::Unfit`] when what is taken makes no document; or when the
    /// database fails.
    pub async fn decide_parts(
        &self,
        tx: &Transaction,
        caller: &Caller,
        looked_at: &Proposal,
        verdict: Verdict,
    ) -> Result<Proposal, Error> {
        let (id, record) = (looked_at.id, looked_at.record_id);
        // The record first, as an edit does: locked the other way round, an edit and a decision that meet
        // would wait for each other.
        let standing = records::load_locked(tx, &[record]).await?.remove(&record);
        let mut proposal = store::locked(tx, &[id]).await?.pop().ok_or(Error::NotFound(id))?;
        if proposal.decision != Decision::Waiting {
            return Err(Error::Decided(id));
        }
        let found = standing.as_ref().map_or(0, |standing| standing.kept.revision);
        if found != verdict.revision || proposal.version() != verdict.version {
            return Err(Error::Stale { id: record, expected: verdict.revision, found });
        }
        let earlier = store::made_against(tx.connection(), &proposal, standing.as_ref()).await?;
        let mut proposed = changes_now(&proposal, standing.as_ref(), &earlier)?;
        let mut published_as: HashMap<String, Value> = HashMap::new();
        for (field, value) in verdict.amended {
            published_as.insert(field.clone(), value.clone());
            match proposed.iter_mut().find(|change| change.field == field) {
                Some(change) => change.after = value,
                None => proposed.push(Change { field, before: Value::Null, after: value }),
            }
        }
        let refused = |field: &str| verdict.rejected.iter().find(|part| part.field == field);
        proposal.parts = proposed
            .iter()
            .map(|change| match refused(&change.field) {
                Some(part) => Part::refused(&change.field, &part.reason),
                None => Part {
                    field: change.field.clone(),
                    accepted: true,
                    reason: String::new(),
                    published_as: published_as.remove(&change.field),
                },
            })
            .collect();
        let taken: Vec<&Change> = proposed.iter().filter(|change| refused(&change.field).is_none()).collect();
        let decision = if taken.is_empty() && !proposed.is_empty() { Decision::Rejected } else { Decision::Accepted };
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
        self.decide(tx, caller, std::slice::from_mut(&mut proposal), decision).await?;
        let held = standing.into_iter().map(|standing| (record, standing)).collect();
        let outcome = self.save_held(tx, &Caller { entrance, ..caller.clone() }, drafts, held).await?;
        self.keep_decided(tx, &outcome, std::slice::from_mut(&mut proposal)).await?;
        Ok(proposal)
    }

    /// Take everything of a bundle that waits, but for what is left out of records that are new: each part is put into
    /// its record as it stands now, and published. The transaction may hold nothing else that changes records.
    /// # Errors
    /// [`Error::Decided`] when nothing of it waits any more; [`Error::Stale`] when it is not what was seen;
    /// [`Error::Unfit`]; or when the database fails.
    pub async fn accept_bundle(
        &self,
        tx: &Transaction,
        caller: &Caller,
        bundle: Uuid,
        seen: &str,
        left_out: &[LeftOut],
    ) -> Result<Outcome, Error> {
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
        for part in &mut parts {
            let refused = left_out.iter().filter(|one| one.proposal == part.id);
            part.parts = refused.map(|one| one.part.clone()).collect();
            let fields: Vec<&str> = part.parts.iter().map(|one| one.field.as_str()).collect();
            let now = standing.get(&part.record_id);
            let earlier = store::made_against(tx.connection(), part, now).await?;
            drafts.push(Draft {
                origin: part.origin.clone(),
                source_id: part.source_id.clone(),
                expected_revision: Some(now.map_or(0, |now| now.kept.revision)),
                ..Draft::new(fit(part.kind, changes::without(&rebased(part, now, &earlier)?, &fields))?)
            });
        }
        self.decide(tx, caller, &mut parts, Decision::Accepted).await?;
        let outcome = self.save_held(tx, caller, drafts, standing).await?;
        self.keep_decided(tx, &outcome, &mut parts).await?;
        Ok(outcome)
    }

    /// What was taken out for good took along everything that was proposed about the record. That these were decided
    /// stays, for those who proposed and decided: of what they said there is only what stands now.
    async fn keep_decided(&self, tx: &Transaction, outcome: &Outcome, decided: &mut [Proposal]) -> Result<(), Error> {
        if !outcome.scrubbed {
            return Ok(());
        }
        let about: Vec<Uuid> = decided.iter().map(|one| one.record_id).collect();
        let standing = records::load(tx.connection(), &about).await?;
        for one in decided.iter_mut() {
            let Some(now) = standing.get(&one.record_id) else { continue };
            one.document.clone_from(&now.document);
            one.base_revision = now.kept.revision;
            one.parts.iter_mut().for_each(|part| part.published_as = None);
        }
        Ok(store::put(tx, decided).await?)
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

    /// Take back those of our proposals about these records that wait and are meant.
    /// # Errors
    /// When the database fails.
    pub(in crate::records) async fn settle(
        &self,
        tx: &Transaction,
        about: &[Uuid],
        is_meant: impl Fn(&Proposal) -> bool,
        by: &str,
        reason: &str,
    ) -> Result<(), Error> {
        let ids: Vec<Uuid> = store::about(tx.connection(), about).await?.iter().map(|one| one.id).collect();
        let mut settled = store::locked(tx, &ids).await?;
        settled.retain(|one| one.decision == Decision::Waiting && one.origin.is_empty() && is_meant(one));
        for one in &mut settled {
            one.decision = Decision::Withdrawn;
            one.decided = Some(Decided { by: by.to_owned(), at: self.clock.now(), reason: reason.to_owned() });
        }
        Ok(store::put(tx, &settled).await?)
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
    pub async fn accept_in(&self, tx: &Transaction, caller: &Caller, which: &[Uuid]) -> Result<Outcome, Error> {
        let about: Vec<Uuid> = store::by_ids(tx.connection(), which).await?.iter().map(|one| one.record_id).collect();
        let held = records::load_locked(tx, &about).await?;
        let mut proposals = self.undecided(tx, which).await?;
        let mut drafts = Vec::with_capacity(proposals.len());
        for proposal in &proposals {
            drafts.push(Draft {
                origin: proposal.origin.clone(),
                source_id: proposal.source_id.clone(),
                expected_revision: Some(proposal.base_revision),
                ..Draft::new(proposal.read()?)
            });
        }
        self.decide(tx, caller, &mut proposals, Decision::Accepted).await?;
        // What comes from elsewhere may make a place stricter, never more open, also when a person lets it in.
        let foreign = drafts.iter().any(|draft| !draft.origin.is_empty());
        let entrance = if foreign { Entrance::Feed } else { caller.entrance };
        let outcome = self.save_held(tx, &Caller { entrance, ..caller.clone() }, drafts, held).await?;
        self.keep_decided(tx, &outcome, &mut proposals).await?;
        Ok(outcome)
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
        let mut proposals = self.undecided(tx, which).await?;
        self.decide(tx, caller, &mut proposals, Decision::Rejected).await
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
        proposals: &mut [Proposal],
        decision: Decision,
    ) -> Result<(), Error> {
        let decided = Decided { by: caller.name.clone(), at: self.clock.now(), reason: caller.why.clone() };
        for proposal in proposals.iter_mut() {
            proposal.decision = decision;
            proposal.decided = Some(decided.clone());
        }
        Ok(store::put(tx, proposals).await?)
    }
}

/// What a proposal makes of the version that stands.
pub(super) fn rebased(proposal: &Proposal, standing: Option<&Stored>, earlier: &[Stored]) -> Result<Value, Error> {
    let now = match standing {
        Some(standing) => parsed(standing.id, &standing.document)?,
        None => serde_json::json!({"id": proposal.record_id}),
    };
    Ok(changes::apply(&now, &changes_now(proposal, standing, earlier)?))
}

/// What a proposal would change of the version that stands by now. What comes from elsewhere is as its source has it.
pub(super) fn changes_now(proposal: &Proposal, standing: Option<&Stored>, earlier: &[Stored]) -> Result<Vec<Change>, Error> {
    let changes = changes_of(proposal, standing, earlier)?;
    let Some(standing) = standing else { return Ok(changes) };
    let now = parsed(standing.id, &standing.document)?;
    let is_ours = proposal.origin.is_empty();
    let made = changes.into_iter().map(|change| {
        let after = change.after.clone();
        let made = change.made_to(&now);
        if is_ours { made } else { Change { after, ..made } }
    });
    Ok(made.filter(|change| change.before != change.after).collect())
}

pub(super) fn version_of(parts: &[Proposal], standing: &HashMap<Uuid, Stored>) -> String {
    use sha2::{Digest as _, Sha256};
    let revision = |part: &Proposal| standing.get(&part.record_id).map_or(0, |one| one.kept.revision);
    let mut all: Vec<String> = parts.iter().map(|part| format!("{} {} {}", part.id, part.version(), revision(part))).collect();
    all.sort_unstable();
    hex::encode(&Sha256::digest(all.join("\n"))[..8])
}

/// What a proposal changes of the version that it was made against, which is among those `earlier` or the
/// one that stands.
pub(super) fn changes_of(proposal: &Proposal, standing: Option<&Stored>, earlier: &[Stored]) -> Result<Vec<Change>, Error> {
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
