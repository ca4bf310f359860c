//! What waits for a moderator, and deciding it.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::{Appeal, Call, Editing, Error, Risk, Sight, Talk, call_backs::About, caller, letters, risk};
use crate::{
    db::Transaction,
    identity::{Action, Actor, Claim, Deed, MemberRole, PersonId, Subject},
    mail,
    model::{
        Document,
        changes::{Change, part_of},
    },
    records::{Decision, Part, Proposal, State, Verdict},
};

/// Proposals that are read at once.
const BATCH: u64 = 500;
/// More than this is not shown in one queue.
const MOST: usize = 2_000;

/// Something that waits.
#[derive(Clone, Debug)]
pub struct Queued {
    /// What.
    pub waiting: Waiting,
    /// How it is called.
    pub name: String,
    /// Since when it waits.
    pub since: DateTime<Utc>,
    /// Whether it concerns somebody who could be in danger.
    pub protected: bool,
    /// How much harm waiting, or deciding wrongly, could do: what is highest comes first.
    pub harm: u8,
    /// Whether something of it is not public yet.
    pub is_new: bool,
    /// Whose turn it is, where something was asked.
    pub talk: Option<Talk>,
}

/// What waits.
#[derive(Clone, Debug)]
pub enum Waiting {
    /// A change.
    Change(Box<OneChange>),
    /// What is decided together: a listing that is new, with all that belongs to it, or changes of several records.
    Listing(Vec<Proposal>),
    /// Somebody who says that they keep an organisation.
    Claim(Box<Claim>),
    /// Somebody who asks for another look at what was refused.
    Appeal(Box<Appeal>),
}

/// A change beside what stands.
#[derive(Clone, Debug)]
pub struct OneChange {
    /// What is proposed, or was.
    pub proposal: Proposal,
    /// What it changes.
    pub changes: Vec<Change>,
    /// Whether it concerns somebody who could be in danger.
    pub protected: bool,
    /// The version of its record that stands; 0 where there is none.
    pub revision: i64,
    /// The members that somebody has changed since this was proposed: taking it would undo that.
    pub overtaken: Vec<String>,
}

impl OneChange {
    fn is_risky(&self) -> bool {
        self.changes.iter().any(|change| risk(self.proposal.kind, self.protected, change) == Risk::High)
    }

    /// Whether it touches nothing risky, nor what somebody else has changed since.
    pub fn is_harmless(&self) -> bool {
        let alone = self.proposal.bundle.is_none() && self.proposal.base_revision > 0 && self.overtaken.is_empty();
        alone && !self.protected && !self.is_risky()
    }
}

/// What a moderator decides about a change.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// The version of the record that they looked at.
    pub revision: i64,
    /// The version of the change that they looked at, as [`Proposal::version`] names it.
    pub version: String,
    /// The parts that are refused, each with its reason. What belongs together is refused together,
    /// whichever member is named.
    pub rejected: Vec<Part>,
    /// Parts that are taken in another form.
    pub amended: Vec<(String, Value)>,
    /// What is said of a call back about a protected listing.
    pub called_back: Option<Call>,
    /// More to the author.
    pub words: String,
}

impl Editing {
    /// Everything that waits, what could do most harm first, then what waits longest.
    /// # Errors
    /// [`Error::Forbidden`], or when the database fails.
    pub async fn queue(&self, actor: &Actor) -> Result<Vec<Queued>, Error> {
        Self::require(actor, Action::SeeQueue, &Subject::Directory, "only officers can see the queue")?;
        let mut all: Vec<Queued> = Vec::new();
        let mut bundles: Vec<Uuid> = Vec::new();
        let mut after = None;
        while all.len() < MOST {
            let some = self.records.waiting(None, after, BATCH).await?;
            let Some(last) = some.last() else { break };
            after = Some(last.id);
            for proposal in some {
                match proposal.bundle {
                    Some(bundle) if bundles.contains(&bundle) => {}
                    Some(bundle) => {
                        bundles.push(bundle);
                        all.push(self.queued_listing(bundle).await?);
                    }
                    None => all.push(self.queued_change(proposal).await?),
                }
            }
        }
        for claim in self.identity.waiting_claims().await? {
            let name = self.records.find(claim.organisation).await?.map(|stored| stored.read()).transpose()?;
            let name =
                name.map_or_else(|| "an organisation that no longer exists".to_owned(), |document| document.name().to_owned());
            let protected = self.protects(claim.organisation).await?;
            let harm = if protected { 3 } else { 1 };
            let (since, waiting) = (claim.at, Waiting::Claim(Box::new(claim)));
            all.push(Queued { name, since, protected, harm, is_new: false, talk: None, waiting });
        }
        for appeal in self.open_appeals(actor).await? {
            let Some(proposal) = self.records.proposal(appeal.proposal).await? else { continue };
            let name = self.name_of(&proposal).await?;
            let protected = self.protects(proposal.record_id).await?;
            let harm = if protected { 3 } else { 2 };
            let (since, waiting) = (appeal.at, Waiting::Appeal(Box::new(appeal)));
            all.push(Queued { name, since, protected, harm, is_new: false, talk: None, waiting });
        }
        self.note_talk(&mut all).await?;
        all.sort_by(|a, b| b.harm.cmp(&a.harm).then(a.since.cmp(&b.since)));
        Ok(all)
    }

    async fn queued_change(&self, proposal: Proposal) -> Result<Queued, Error> {
        let sight = self.sight_if_there(proposal.record_id).await?;
        let name = named(&proposal, sight.as_ref().filter(|sight| sight.is_public()).map(|sight| &sight.document))?;
        let one = self.beside(proposal, sight.as_ref()).await?;
        let harm = match (one.protected, one.is_risky(), one.proposal.origin.is_empty()) {
            (true, ..) => 3,
            (false, true, true) => 2,
            (false, true, false) => 1,
            (false, false, _) => 0,
        };
        let (since, protected, is_new) = (one.proposal.at, one.protected, one.revision == 0);
        Ok(Queued { name, since, protected, harm, is_new, talk: None, waiting: Waiting::Change(Box::new(one)) })
    }

    async fn beside_what_stands(&self, proposal: Proposal) -> Result<OneChange, Error> {
        let sight = self.sight_if_there(proposal.record_id).await?;
        self.beside(proposal, sight.as_ref()).await
    }

    /// A change beside the record that it would change, where there is one.
    async fn beside(&self, proposal: Proposal, sight: Option<&Sight>) -> Result<OneChange, Error> {
        let standing = sight.map(|sight| &sight.stored);
        let (changes, overtaken) = match proposal.decision {
            Decision::Waiting => {
                let would = self.records.would_change(&proposal, standing).await?;
                (would.changes, would.overtaken)
            }
            _ => (self.records.proposed_changes(&proposal, standing).await?, Vec::new()),
        };
        let revision = standing.map_or(0, |standing| standing.kept.revision);
        let protected = self.concerns_danger(&proposal, sight).await?;
        Ok(OneChange { proposal, changes, protected, revision, overtaken })
    }

    /// Whether a change concerns somebody who could be in danger, so that accepting it needs a call back.
    /// # Errors
    /// When the database fails, or a record is damaged.
    pub async fn needs_call_back(&self, proposal: &Proposal) -> Result<bool, Error> {
        let sight = self.sight_if_there(proposal.record_id).await?;
        self.concerns_danger(proposal, sight.as_ref()).await
    }

    /// The same, where `sight` is the record that it would change.
    async fn concerns_danger(&self, proposal: &Proposal, sight: Option<&Sight>) -> Result<bool, Error> {
        if let Some(sight) = sight {
            return Ok(sight.protected);
        }
        let document = proposal.read()?;
        let owners = self.owners(&document).await?;
        self.is_protected(&document, &owners).await
    }

    /// What the world calls what somebody proposes to change; what its author calls it, where nobody has seen it yet.
    /// # Errors
    /// When the database fails, or a record is damaged.
    pub async fn name_of(&self, proposal: &Proposal) -> Result<String, Error> {
        let standing = self.records.find(proposal.record_id).await?;
        let public = standing.filter(|standing| standing.state == State::Published);
        named(proposal, public.map(|public| public.read()).transpose()?.as_ref())
    }

    /// One change that waits or was decided, for those who decide and for its author.
    /// # Errors
    /// [`Error::NotFound`] when there is none, or none that the actor may know of; or when the database fails.
    pub async fn change(&self, actor: &Actor, id: Uuid) -> Result<OneChange, Error> {
        let proposal = self.records.proposal(id).await?.ok_or(Error::NotFound(id))?;
        let sees_all = crate::identity::can(actor, Action::SeeQueue, &Subject::Directory);
        if !sees_all && proposal.by != actor.known_as() {
            let sight = self.sight(proposal.record_id).await.map_err(|_| Error::NotFound(id))?;
            if !sight.lets(actor, Action::ReadPrivate) {
                return Err(Error::NotFound(id));
            }
        }
        self.beside_what_stands(proposal).await
    }

    /// Decide a change part by part. Its author is told in the same transaction.
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::NeedsReason`] for a part that is refused without one;
    /// [`Error::NeedsCallBack`]; stale, decided or unfit as [`crate::records::Error`] says; or when the database fails.
    pub async fn decide(&self, actor: &Actor, id: Uuid, judgement: Judgement) -> Result<Proposal, Error> {
        Self::require(actor, Action::Decide, &Subject::Directory, "only a moderator can decide")?;
        let OneChange { proposal, changes, protected, .. } = self.change(actor, id).await?;
        if proposal.bundle.is_some() && proposal.decision == Decision::Waiting {
            return Err(Error::Forbidden("this is decided together with what was proposed with it, on a page of its own"));
        }
        if let Some(part) = judgement.rejected.iter().find(|part| part.reason.trim().is_empty()) {
            return Err(Error::NeedsReason { field: letters::words_for(&part.field) });
        }
        self.decides_anew(actor, &[id]).await?;
        let rejected = whole_parts(&changes, &judgement.rejected);
        let taken = |field: &str| !rejected.iter().any(|part| part.field == field);
        let called = if protected && changes.iter().any(|change| taken(&change.field)) {
            let said = judgement.called_back.as_ref();
            Some(self.checked_call(said, &[proposal.record_id], Some(proposal.at)).await?)
        } else {
            None
        };
        let why = match rejected.len() {
            0 => "accepted",
            some if some >= changes.len() => "refused",
            _ => "accepted in part",
        };
        let verdict = Verdict { revision: judgement.revision, version: judgement.version, rejected, amended: judgement.amended };
        let tx = self.records.database().write().await?;
        let proposal = self.records.decide_parts(&tx, &caller(actor, why), &proposal, verdict).await?;
        if !judgement.words.trim().is_empty() {
            self.records.say(&tx, &actor.known_as(), id, judgement.words.trim()).await?;
        }
        self.identity.note(&tx, &actor.known_as(), Deed::DecideChange, &id.to_string(), why, actor.client()).await?;
        if let Some(called) = &called {
            self.keep_call(&tx, (&actor.known_as(), actor.client()), called, &[proposal.record_id], About::Proposal(id)).await?;
        }
        self.tell_author(&tx, &proposal, judgement.words.trim()).await?;
        tx.commit().await?;
        Ok(proposal)
    }

    /// Accept the whole of a change that touches nothing risky, as it was looked at.
    /// # Errors
    /// [`Error::Forbidden`] where it is not harmless; otherwise as [`Editing::decide`].
    pub async fn accept_harmless(&self, actor: &Actor, id: Uuid, judgement: Judgement) -> Result<(), Error> {
        Self::require(actor, Action::Decide, &Subject::Directory, "only a moderator can decide")?;
        if !self.change(actor, id).await?.is_harmless() {
            return Err(Error::Forbidden("this change must be decided on its own page"));
        }
        self.decide(actor, id, judgement).await.map(drop)
    }

    /// Take a change back while it waits, with what is decided together with it: one's own, or that of a program one
    /// answers for.
    /// # Errors
    /// [`Error::NotFound`], decided as [`crate::records::Error`] says, or when the database fails.
    pub async fn take_back(&self, actor: &Actor, id: Uuid) -> Result<(), Error> {
        let proposal = self.records.proposal(id).await?.ok_or(Error::NotFound(id))?;
        if !self.is_answered_for(actor, &proposal.by).await? {
            return Err(Error::NotFound(id));
        }
        let mut parts = match proposal.bundle {
            Some(bundle) => self.records.bundle(bundle).await?,
            None => Vec::new(),
        };
        parts.retain(|part| part.id != id && part.by == proposal.by && part.decision == Decision::Waiting);
        let tx = self.records.database().write().await?;
        for part in std::iter::once(id).chain(parts.iter().map(|part| part.id)) {
            self.records.take_back(&tx, &proposal.by, part).await?;
        }
        self.identity.note(&tx, &actor.known_as(), Deed::TakeBackChange, &id.to_string(), "", actor.client()).await?;
        Ok(tx.commit().await?)
    }

    /// Whether somebody is the author of a change, or answers for the program that is.
    /// # Errors
    /// When the database fails.
    pub async fn is_answered_for(&self, actor: &Actor, by: &str) -> Result<bool, Error> {
        if by == actor.known_as() {
            return Ok(true);
        }
        let Some(person) = actor.person_id() else { return Ok(false) };
        Ok(self.authors(by).await?.contains(&person))
    }

    pub(super) async fn tell_author(&self, tx: &Transaction, proposal: &Proposal, words: &str) -> Result<(), Error> {
        let name = proposal.read()?.name().to_owned();
        let standing = self.records.find_in(tx, &[proposal.record_id]).await?;
        let is_seen = standing.get(&proposal.record_id).is_some_and(|standing| standing.state == State::Published);
        for author in self.authors(&proposal.by).await? {
            let Some(author) = self.identity.person(author).await? else { continue };
            let letter =
                letters::decided(&author.email, (proposal, is_seen), &name, words, &self.about.public_url, &self.about.name);
            mail::queue(tx, &letter, self.records.clock().now()).await?;
        }
        Ok(())
    }

    /// Who answers for a change: its author; for that of a program whoever made its token, or the leads of
    /// its organisation where the token was made on the server.
    pub(super) async fn authors(&self, by: &str) -> Result<Vec<PersonId>, Error> {
        let Some(token) = by.strip_prefix("token:").and_then(|id| id.parse().ok()) else {
            return Ok(person_of(by).into_iter().collect());
        };
        let Some(token) = self.identity.token(token).await? else { return Ok(Vec::new()) };
        if let Some(person) = token.person {
            return Ok(vec![person]);
        }
        let members = self.identity.members(token.organisation).await?;
        let leads = members.iter().filter(|member| member.membership.role == MemberRole::Lead);
        Ok(leads.map(|member| member.person.id).collect())
    }
}

/// What the world calls the record of a change, where it is `public`; what its author calls it otherwise.
fn named(proposal: &Proposal, public: Option<&Document>) -> Result<String, Error> {
    Ok(match public {
        Some(document) => document.name().to_owned(),
        None => proposal.read()?.name().to_owned(),
    })
}

/// The members that are refused with these: of what means something only together nothing is published
/// by halves.
fn whole_parts(changes: &[Change], rejected: &[Part]) -> Vec<Part> {
    let with = |change: &Change| {
        let of = rejected.iter().find(|part| part_of(&part.field) == part_of(&change.field))?;
        Some(Part::refused(&change.field, &of.reason))
    };
    changes.iter().filter_map(with).collect()
}

/// The person that history names, if it names one.
pub(super) fn person_of(name: &str) -> Option<PersonId> {
    name.strip_prefix("person:").and_then(|id| id.parse().ok()).map(PersonId)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whoever_refuses_a_coordinate_refuses_the_place() {
        let change = |field: &str| Change { field: field.to_owned(), before: Value::Null, after: json!(1) };
        let changes = [change("name"), change("addresses"), change("latitude"), change("longitude")];
        let rejected = [Part::refused("latitude", "Not there.")];
        let fields: Vec<String> = whole_parts(&changes, &rejected).into_iter().map(|part| part.field).collect();
        assert_eq!(fields, ["addresses", "latitude", "longitude"]);
    }
}
