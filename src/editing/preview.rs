//! A listing as the world would see it: before it is saved, while it waits, as a draft.

use uuid::Uuid;

use super::{Editing, Error, Sight, Submission, caller};
use crate::{
    identity::{Action, Actor, Subject},
    model::{Document, Kind},
    published::Published,
    records::{Draft, Entrance, Proposal, State},
};

impl Editing {
    /// What the world would read of the first document of a submission if all of it stood, whoever has to
    /// agree first. None where it would not be seen at all. Nothing is stored.
    /// # Errors
    /// As [`Editing::submit`].
    pub async fn preview(&self, actor: &Actor, submission: &Submission) -> Result<Option<Published>, Error> {
        // The same rights as for saving it; whether somebody was called back is asked when it is saved.
        self.foresee(actor, submission).await?;
        let Some(first) = submission.writes.first().map(|write| write.document.id()) else { return Ok(None) };
        let mut drafts: Vec<Draft> = Vec::new();
        for write in &submission.writes {
            drafts.push(Draft::new(write.document.clone()));
        }
        self.with_what_it_needs(actor, &mut drafts).await?;
        self.shown(actor, drafts, &[first], Entrance::Person).await
    }

    /// What the world would read of a listing that its keepers look at, with what waits to be decided of it.
    /// # Errors
    /// [`Error::NotFound`] when there is none that the actor may know of; or when the database fails.
    pub async fn preview_of(&self, actor: &Actor, sight: &Sight) -> Result<Option<Published>, Error> {
        let id = sight.stored.id;
        let mut drafts = vec![Draft { origin: sight.stored.origin.clone(), ..Draft::new(sight.document.clone()) }];
        for proposal in self.records.waiting_by(&actor.known_as(), &[id]).await? {
            drafts[0].document = Self::read(proposal.kind, self.records.rebased(&proposal).await?)?;
        }
        self.with_what_it_needs(actor, &mut drafts).await?;
        self.shown(actor, drafts, &[id], Entrance::Person).await
    }

    /// What the world would read if these proposals were taken as they are: of the listing that they are
    /// about, or, where that is a place, of what is there.
    /// # Errors
    /// [`Error::Forbidden`], or when the database fails.
    pub async fn preview_proposed(&self, actor: &Actor, proposals: &[Proposal]) -> Result<Option<Published>, Error> {
        Self::require(actor, Action::SeeQueue, &Subject::Directory, "only officers can see the queue")?;
        let mut drafts = Vec::new();
        for proposal in proposals {
            drafts.push(Draft {
                origin: proposal.origin.clone(),
                source_id: proposal.source_id.clone(),
                ..Draft::new(Self::read(proposal.kind, self.records.rebased(proposal).await?)?)
            });
        }
        let listing = proposals.iter().max_by_key(|one| (one.kind == Kind::Service, one.kind == Kind::Event));
        let Some(listing) = listing else { return Ok(None) };
        let mut wanted = Vec::new();
        if listing.kind == Kind::Location {
            let there = self.records.referring_to(listing.record_id).await?;
            wanted.extend(there.iter().filter(|one| matches!(one.kind, Kind::Service | Kind::Event)).map(|one| one.id));
        }
        wanted.push(listing.record_id);
        // What comes from elsewhere may make a place stricter, never more open, also when a person lets it in.
        let entrance = if listing.origin.is_empty() { Entrance::Person } else { Entrance::Feed };
        self.with_what_it_needs(actor, &mut drafts).await?;
        self.shown(actor, drafts, &wanted, entrance).await
    }

    /// A draft is seen only with its organisation and its places; they come along where they are drafts.
    async fn with_what_it_needs(&self, actor: &Actor, drafts: &mut Vec<Draft>) -> Result<(), Error> {
        let mut needed: Vec<Uuid> =
            drafts.iter().flat_map(|draft| draft.document.references()).map(|reference| reference.to).collect();
        needed.sort_unstable();
        needed.dedup();
        for id in needed {
            if drafts.iter().any(|draft| draft.document.id() == id) {
                continue;
            }
            match self.look(actor, id).await {
                Ok(sight) if sight.stored.state == State::Unpublished && !sight.is_foreign() => {
                    if matches!(sight.document, Document::Organization(_) | Document::Location(_)) {
                        drafts.push(Draft::new(sight.document));
                    }
                }
                Ok(_) | Err(Error::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The first of `wanted` that would be seen.
    async fn shown(
        &self,
        actor: &Actor,
        drafts: Vec<Draft>,
        wanted: &[Uuid],
        entrance: Entrance,
    ) -> Result<Option<Published>, Error> {
        let mut caller = caller(actor, "preview");
        caller.entrance = entrance;
        let mut rows = self.records.preview(&caller, drafts, wanted).await?;
        rows.retain(|row| row.live);
        let place = |row: &Published| wanted.iter().position(|id| *id == row.id);
        rows.sort_by_key(place);
        Ok(rows.into_iter().next())
    }
}
