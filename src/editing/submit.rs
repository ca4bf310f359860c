//! Handing in an edit.
//!
//! What is not published can be changed freely: nobody sees it. Letting it be seen is what waits then,
//! as a new listing that a moderator decides as a whole.

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::{
    Call, Editing, Error, Sight,
    call_backs::About,
    caller,
    compared::{Compared, tell},
    essentials, sayable, slips,
};
use crate::{
    http::Fault,
    identity::{Action, Actor, Subject, can},
    model::{Document, Kind, changes, tidy},
    records::{self, Edit, State},
};

/// A document as it is to be.
#[derive(Clone, Debug)]
pub struct Write {
    /// The document.
    pub document: Document,
    /// The version that the author had read; none for a new record.
    pub expected_revision: Option<i64>,
}

/// An edit: one document, or several that make one listing.
#[derive(Clone, Debug, Default)]
pub struct Submission {
    /// The documents.
    pub writes: Vec<Write>,
    /// Why, in the author's words.
    pub why: String,
    /// Whether listings that are not public are to become so. Without it they are kept as drafts.
    pub publish: bool,
    /// Whether all of it waits for a moderator, also what might stand at once and whoever hands it in.
    pub all_waits: bool,
    /// What is said of a call back about a protected listing.
    pub called_back: Option<Call>,
    /// Whether hours and dates that look like a slip are meant: somebody was asked, or it stood like that before.
    pub slips_are_meant: bool,
}

/// What became of an edit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Became {
    /// Members that stand now, by record.
    pub published: Vec<(Uuid, Vec<String>)>,
    /// Members that wait, by record.
    pub waiting: Vec<(Uuid, Vec<String>)>,
    /// Records that are kept and that nobody else sees, yet.
    pub drafts: Vec<Uuid>,
    /// The proposals that wait because of it.
    pub proposals: Vec<Uuid>,
}

impl Became {
    /// Whether nothing was different.
    pub fn is_nothing(&self) -> bool {
        self.published.is_empty() && self.waiting.is_empty() && self.drafts.is_empty()
    }
}

impl Editing {
    /// Read `value` as a document of this kind, as strictly as somebody who typed it deserves: nothing is
    /// dropped in silence.
    /// # Errors
    /// [`Error::Unfit`] with every fault that was found.
    pub fn read(kind: Kind, value: Value) -> Result<Document, Error> {
        let unfit = |faults| Err(Error::Unfit(faults));
        let fault = |dropped: &tidy::Dropped| Fault { field: dropped.path.clone(), problem: dropped.reason.clone() };
        let Ok(tidied) = tidy::tidy(kind, value.clone(), tidy::Names::Ours("")) else {
            return unfit(tidy::faults(kind, value, tidy::Names::Ours("")).iter().map(fault).collect());
        };
        if !tidied.dropped.is_empty() {
            return unfit(tidied.dropped.iter().map(fault).collect());
        }
        Document::from_value(kind, tidied.value).or_else(|problem| unfit(vec![Fault { field: String::new(), problem }]))
    }

    /// What would become of an edit: which members would stand at once and which would wait.
    /// # Errors
    /// As [`Editing::submit`].
    pub async fn foresee(&self, actor: &Actor, submission: &Submission) -> Result<Became, Error> {
        let mut became = Became::default();
        for one in self.compare(actor, submission).await? {
            tell(&one, &mut became);
        }
        Ok(became)
    }

    /// Hand in an edit.
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Foreign`] when it is not the actor's to change;
    /// [`Error::NeedsCallBack`]; [`records::Error::Stale`] when somebody was
    /// quicker; or when the database fails. Then nothing of it stands.
    pub async fn submit(&self, actor: &Actor, submission: Submission) -> Result<Became, Error> {
        let compared = self.compare(actor, &submission).await?;
        let calling: Vec<Uuid> = compared.iter().filter(|one| one.needs_a_call()).map(|one| one.write.document.id()).collect();
        let called = match calling[..] {
            [] => None,
            _ => Some(self.checked_call(submission.called_back.as_ref(), &calling, None).await?),
        };
        let mut became = Became::default();
        // What is proposed in one go is decided in one go.
        let several = submission.all_waits && compared.iter().filter(|one| one.has_to_wait()).count() > 1;
        let mut edit = Edit { together: several || compared.iter().any(Compared::goes_public), ..Edit::default() };
        let closed: Vec<(Uuid, String)> = compared.iter().filter_map(Compared::closes_what_is_protected).collect();
        for one in compared {
            tell(&one, &mut became);
            one.put_into(&mut edit)?;
        }
        if became.is_nothing() {
            return Ok(became);
        }
        let tx = self.records.database().write().await?;
        let (outcome, proposals) = self.records.edit(&tx, &caller(actor, &submission.why), edit).await?;
        if let Some(called) = &called {
            self.keep_call(&tx, (&actor.known_as(), actor.client()), called, &calling, About::Edit).await?;
        }
        if outcome.scrubbed {
            // What was taken out for good takes along what waits of the same record.
            let mut waiting = Vec::new();
            for id in &proposals {
                waiting.extend(self.records.proposal_in(&tx, *id).await?.map(|proposal| proposal.record_id));
            }
            became.waiting.retain(|(record, _)| waiting.contains(record));
        }
        became.proposals = proposals;
        self.tell_of_closing(&tx, actor, &closed).await?;
        tx.commit().await?;
        Ok(became)
    }

    async fn compare(&self, actor: &Actor, submission: &Submission) -> Result<Vec<Compared>, Error> {
        let new_organisations: Vec<Uuid> = submission
            .writes
            .iter()
            .filter(|write| write.document.kind() == Kind::Organization && write.expected_revision.is_none())
            .map(|write| write.document.id())
            .collect();
        let new_places: Vec<Uuid> = submission
            .writes
            .iter()
            .filter(|write| write.document.kind() == Kind::Location)
            .map(|write| write.document.id())
            .collect();
        let mut compared = Vec::new();
        for write in &submission.writes {
            compared.push(self.compare_one(actor, write, submission, (&new_organisations, &new_places)).await?);
        }
        for one in &compared {
            let Some(public) = one.standing.as_ref().filter(|sight| sight.is_public()) else { continue };
            let lost = essentials::lost(&public.stored.read()?, &one.write.document);
            if !lost.is_empty() {
                return Err(Error::Unfit(lost));
            }
        }
        if submission.publish {
            let unseen: Vec<&Document> = compared.iter().filter(|one| !one.is_public()).map(|one| &one.write.document).collect();
            self.require_essentials(&unseen, &submission.writes).await?;
        }
        Ok(compared)
    }

    async fn compare_one(
        &self,
        actor: &Actor,
        write: &Write,
        submission: &Submission,
        (new_organisations, new_places): (&[Uuid], &[Uuid]),
    ) -> Result<Compared, Error> {
        let id = write.document.id();
        let standing = match self.sight(id).await {
            Ok(sight) => Some(sight),
            Err(Error::NotFound(_)) if write.expected_revision.is_none_or(|revision| revision == 0) => None,
            Err(error) => return Err(error),
        };
        let owners = self.owners(&write.document).await?;
        let subject = if let Some(sight) = &standing {
            Self::may_change(actor, sight, &write.document)?;
            sight.subject()
        } else {
            Self::may_add(actor, &write.document, &owners, new_organisations)?;
            Subject::Of(owners.clone())
        };
        let at_once = can(actor, Action::EditAtOnce, &subject);
        if !at_once {
            self.may_use_places(actor, standing.as_ref(), &write.document, new_places).await?;
        }
        let moves = standing.as_ref().is_some_and(|sight| write.document.kind() != Kind::Location && sight.owners != owners);
        if moves && !at_once {
            return Err(Error::Forbidden("only a moderator can give a listing to another organisation"));
        }
        let before = standing.as_ref().map_or(Ok(Value::Null), |sight| sight.stored.value())?;
        let after = write.document.to_value();
        let changes = changes::between(&before, &after);
        let mut faults = sayable::faults(&changes);
        if !submission.slips_are_meant {
            faults.extend(slips::faults(&write.document, &changes, self.records.clock().now()));
        }
        if !faults.is_empty() {
            return Err(Error::Unfit(faults));
        }
        if let Some(change) = changes.iter().find(|change| !at_once && super::declarations::says_seen(change)) {
            return Err(Error::Unfit(vec![Fault {
                field: change.field.clone(),
                problem: "only officers can record what they have seen".to_owned(),
            }]));
        }
        let protected = match &standing {
            Some(sight) => self.would_be_protected(sight, &write.document, &owners).await?,
            None => self.is_protected(&write.document, &owners).await?,
        };
        let mut earlier = Vec::new();
        let mut waits_already = false;
        for proposal in self.records.waiting_by(&actor.known_as(), &[id]).await? {
            // Whoever goes on with what waits to be published sends the newer version after it.
            waits_already = standing.as_ref().is_some_and(|sight| !sight.is_public());
            let stored = standing.as_ref().map(|sight| &sight.stored);
            earlier = self.records.would_change(&proposal, stored).await?.changes;
        }
        let proposed = earlier.len();
        earlier.retain(|change| !changes.iter().any(|newer| newer.field == change.field));
        let amends = earlier.len() < proposed;
        let (publish, all_waits) = (submission.publish || waits_already, submission.all_waits);
        Ok(Compared { write: write.clone(), standing, changes, protected, earlier, amends, at_once, publish, all_waits })
    }

    /// Whether somebody may change what stands into this document at all.
    fn may_change(actor: &Actor, sight: &Sight, wanted: &Document) -> Result<(), Error> {
        let id = sight.stored.id;
        // Nobody learns from here what there is that they may not see.
        if !sight.lets(actor, Action::ReadPrivate) {
            return Err(Error::NotFound(id));
        }
        if sight.stored.state == State::Gone {
            return Err(Error::Forbidden("this listing was withdrawn; a moderator can bring it back"));
        }
        if sight.is_foreign() {
            return Err(Error::Foreign { origin: sight.stored.origin.clone() });
        }
        if sight.stored.kind != wanted.kind() {
            return Err(records::Error::OtherKind { id, found: sight.stored.kind, wanted: wanted.kind() }.into());
        }
        Self::require(actor, Action::Edit, &sight.subject(), "you do not have permission to change this listing")
    }

    /// Whether the places that a document refers to, and did not refer to before, are the actor's to use:
    /// a link from outside could tell where a place is that its own listings keep secret. A shared hall where the
    /// organisation is already, for everybody to see, is theirs to use again, as for this year's event.
    async fn may_use_places(
        &self,
        actor: &Actor,
        standing: Option<&Sight>,
        wanted: &Document,
        new_places: &[Uuid],
    ) -> Result<(), Error> {
        let places = |document: &Document| -> Vec<Uuid> {
            document.references().into_iter().filter(|one| one.policy.is_some()).map(|one| one.to).collect()
        };
        let known = standing.map(|sight| places(&sight.document)).unwrap_or_default();
        for place in places(wanted) {
            if known.contains(&place) || new_places.contains(&place) || self.is_there_already(place, wanted).await? {
                continue;
            }
            let theirs = match self.sight(place).await {
                Ok(sight) => sight.lets(actor, Action::Edit),
                Err(Error::NotFound(_)) => false,
                Err(error) => return Err(error),
            };
            if !theirs {
                return Err(Error::Forbidden("this place is managed by others: enter its address to add a place of your own"));
            }
        }
        Ok(())
    }

    /// Whether a public listing of the same organisation is at a place already and tells at least as much of it.
    /// Nothing of a protected organisation is judged by that: what one of its listings may tell, another may not.
    async fn is_there_already(&self, place: Uuid, wanted: &Document) -> Result<bool, Error> {
        let owners = self.owners(wanted).await?;
        if self.is_protected(wanted, &owners).await? {
            return Ok(false);
        }
        let policy = |document: &Document| {
            let to_it = document.references().into_iter().filter(|one| one.to == place);
            to_it.filter_map(|one| one.policy).min()
        };
        let Some(told) = policy(wanted) else { return Ok(false) };
        for user in self.records.referring_to(place).await? {
            if user.state != State::Published || !user.origin.is_empty() {
                continue;
            }
            let document = user.read()?;
            let same = matches!(document.kind(), Kind::Service | Kind::Event) && self.owners(&document).await? == owners;
            if same && policy(&document).is_some_and(|known| known <= told) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether somebody may add this listing.
    fn may_add(actor: &Actor, document: &Document, owners: &[Uuid], new_organisations: &[Uuid]) -> Result<(), Error> {
        let subject = Subject::Of(owners.to_vec());
        if can(actor, Action::EditAtOnce, &subject) {
            return Ok(());
        }
        match document.kind() {
            Kind::Taxonomy | Kind::TaxonomyTerm => return Err(Error::Forbidden("only a moderator can add categories")),
            Kind::Organization => {
                return Self::require(actor, Action::AddListing, &subject, "sign in to add an organisation");
            }
            _ => {}
        }
        let with_its_organisation = !owners.is_empty() && owners.iter().all(|owner| new_organisations.contains(owner));
        if with_its_organisation && can(actor, Action::AddListing, &subject) {
            return Ok(());
        }
        Self::require(actor, Action::Edit, &subject, "you do not have permission to add listings to this organisation")
    }
}
