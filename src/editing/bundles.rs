//! What is decided as a whole: a new listing with all that belongs to it, or changes of several records that
//! were proposed together.

use uuid::Uuid;

use super::{Call, Editing, Error, Queued, Waiting, call_backs::About, caller, letters};
use crate::{
    http::Fault,
    identity::{Action, Actor, Deed, Subject},
    model::{Document, Kind, changes},
    records::{self, Decision, LeftOut, Part, Proposal, State},
};

/// What a moderator decides about what is decided as a whole.
#[derive(Clone, Debug, Default)]
pub struct Whole {
    /// Whether it is accepted.
    pub accept: bool,
    /// The version that they looked at, as [`Editing::listing`] names it.
    pub seen: String,
    /// Why it is refused.
    pub reason: String,
    /// What is said of a call back about a protected listing.
    pub called_back: Option<Call>,
    /// What is not published with the rest of a new listing, each with its reason.
    pub left_out: Vec<LeftOut>,
}

/// Members without which a new listing is another one: what it is, when and where. Whoever doubts them asks, edits them,
/// or refuses the whole.
const NEEDED: [&str; 19] = [
    "id",
    "name",
    "description",
    "status",
    "organization_id",
    "service_id",
    "location_id",
    "location_policy",
    "service_at_locations",
    "schedules",
    "start",
    "end",
    "timezone",
    "rrule",
    "exdates",
    "rdates",
    "changes",
    "attributes",
    "alert",
];

/// Whether a new listing can be published without this member, as far as the member itself decides that.
pub fn can_be_left_out(kind: Kind, field: &str) -> bool {
    matches!(kind, Kind::Organization | Kind::Service | Kind::Event) && !NEEDED.contains(&field)
}

/// The part that people know the rest by: the service or the event, where there is one.
pub fn main_of(parts: &[Proposal]) -> Option<&Proposal> {
    parts.iter().max_by_key(|part| (matches!(part.kind, Kind::Service | Kind::Event), part.kind == Kind::Organization))
}

impl Editing {
    pub(super) async fn queued_listing(&self, bundle: Uuid) -> Result<Queued, Error> {
        let mut parts = self.records.bundle(bundle).await?;
        parts.retain(|one| one.decision == Decision::Waiting);
        let protected = self.any_protected(&parts).await?;
        let name = match main_of(&parts) {
            Some(main) => self.name_of(main).await?,
            None => String::new(),
        };
        let since = parts.iter().map(|one| one.at).min().unwrap_or_default();
        let (harm, is_new) = (if protected { 3 } else { 1 }, self.is_new(&parts).await?);
        Ok(Queued { name, since, protected, harm, is_new, talk: None, waiting: Waiting::Listing(parts) })
    }

    /// Accept or refuse a new listing, or changes that were proposed together, as a whole.
    /// # Errors
    /// As [`Editing::decide`].
    pub async fn decide_listing(
        &self,
        actor: &Actor,
        bundle: Uuid,
        Whole { accept, seen, reason, called_back, left_out }: Whole,
    ) -> Result<(), Error> {
        Self::require(actor, Action::Decide, &Subject::Directory, "only a moderator can decide")?;
        let mut parts = self.records.bundle(bundle).await?;
        parts.retain(|one| one.decision == Decision::Waiting);
        let Some(first) = parts.first() else { return Err(records::Error::Decided(bundle).into()) };
        let reason = reason.trim();
        if !accept && reason.is_empty() {
            return Err(Error::NeedsReason { field: "the listing".to_owned() });
        }
        let left_out = if accept { left_out } else { Vec::new() };
        self.can_do_without(&parts, &left_out).await?;
        let which: Vec<Uuid> = parts.iter().map(|one| one.id).collect();
        self.decides_anew(actor, &which).await?;
        let protected = self.any_protected(&parts).await?;
        let about: Vec<Uuid> = parts.iter().map(|one| one.record_id).collect();
        let called = if accept && protected {
            let since = parts.iter().map(|one| one.at).max();
            Some(self.checked_call(called_back.as_ref(), &about, since).await?)
        } else {
            None
        };
        let field = if self.is_new(&parts).await? { letters::NEW_LISTING } else { letters::ALL_OF_IT };
        let why = match (accept, left_out.is_empty()) {
            (true, true) => "accepted",
            (true, false) => "accepted in part",
            (false, _) => reason,
        };
        let caller = caller(actor, why);
        let tx = self.records.database().write().await?;
        if accept {
            self.records.accept_bundle(&tx, &caller, bundle, &seen, &left_out).await?;
        } else {
            self.records.reject_in(&tx, &caller, &which).await?;
        }
        self.identity.note(&tx, &actor.known_as(), Deed::DecideListing, &bundle.to_string(), why, actor.client()).await?;
        if let Some(called) = &called {
            self.keep_call(&tx, (&actor.known_as(), actor.client()), called, &about, About::Proposal(bundle)).await?;
        }
        let main = main_of(&parts).map_or(first.id, |one| one.id);
        if let Some(mut proposal) = self.records.proposal_in(&tx, main).await? {
            proposal.parts = vec![Part { accepted: accept, ..Part::refused(field, reason) }];
            proposal.parts.extend(left_out.into_iter().map(|one| one.part));
            self.tell_author(&tx, &proposal, "").await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// That what is left out is part of something new, is left out for a reason, and that what remains can be published.
    async fn can_do_without(&self, parts: &[Proposal], left_out: &[LeftOut]) -> Result<(), Error> {
        if left_out.is_empty() {
            return Ok(());
        }
        if let Some(one) = left_out.iter().find(|one| one.part.reason.trim().is_empty()) {
            return Err(Error::NeedsReason { field: letters::words_for(&one.part.field) });
        }
        let cannot = |one: &LeftOut| {
            let problem = "cannot be left out; edit it before you accept, or refuse the whole".to_owned();
            Error::Unfit(vec![Fault { field: one.part.field.clone(), problem }])
        };
        let about: Vec<Uuid> = parts.iter().map(|part| part.record_id).collect();
        let standing = self.records.find_all(&about).await?;
        let is_public = |part: &Proposal| standing.get(&part.record_id).is_some_and(|one| one.state == State::Published);
        let new: Vec<&Proposal> = parts.iter().filter(|part| !is_public(part)).collect();
        if let Some(one) = left_out.iter().find(|one| !new.iter().any(|part| part.id == one.proposal)) {
            return Err(cannot(one));
        }
        let mut documents: Vec<Document> = Vec::new();
        for part in new {
            let mut document = self.records.rebased(part).await?;
            for one in left_out.iter().filter(|one| one.proposal == part.id) {
                let without = changes::without(&document, &[one.part.field.as_str()]);
                if without == document || !can_be_left_out(part.kind, &one.part.field) {
                    return Err(cannot(one));
                }
                document = without;
            }
            documents.push(Self::read(part.kind, document)?);
        }
        let unseen: Vec<&Document> = documents.iter().collect();
        self.require_essentials(&unseen, &[]).await
    }

    /// Whether any part is protected, as it stands or as it would be.
    async fn any_protected(&self, parts: &[Proposal]) -> Result<bool, Error> {
        for part in parts {
            let stands = match self.sight(part.record_id).await {
                Ok(sight) => sight.protected,
                Err(Error::NotFound(_)) => false,
                Err(error) => return Err(error),
            };
            let document = part.read()?;
            let owners = self.owners(&document).await?;
            if stands || self.is_protected(&document, &owners).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether something of it is not public yet.
    async fn is_new(&self, parts: &[Proposal]) -> Result<bool, Error> {
        let ids: Vec<Uuid> = parts.iter().map(|part| part.record_id).collect();
        let standing = self.records.find_all(&ids).await?;
        Ok(parts.iter().any(|part| standing.get(&part.record_id).is_none_or(|one| one.state != State::Published)))
    }

    /// What waits to be decided together, and the name of what it says now.
    /// # Errors
    /// [`Error::Forbidden`]; decided as [`records::Error`] says when nothing of it waits; or when the database fails.
    pub async fn listing(&self, actor: &Actor, bundle: Uuid) -> Result<(Queued, String), Error> {
        Self::require(actor, Action::SeeQueue, &Subject::Directory, "only officers can see the queue")?;
        let queued = self.queued_listing(bundle).await?;
        match &queued.waiting {
            Waiting::Listing(parts) if !parts.is_empty() => {
                let version = self.records.bundle_version(parts).await?;
                Ok((queued, version))
            }
            _ => Err(records::Error::Decided(bundle).into()),
        }
    }
}
