//! Asking again after a refusal: whoever looks then is not whoever refused.

mod store;

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::{Editing, Error, letters};
use crate::{
    db::Transaction,
    http::Fault,
    identity::{Action, Actor, Deed, Identity, Subject},
    mail,
    records::{Decision, Proposal},
};

/// The longest text, in characters.
const LONGEST: usize = 4_000;

/// What somebody says against a refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Appeal {
    /// What was refused.
    pub proposal: Uuid,
    /// Who asks again.
    pub by: String,
    /// Why.
    pub words: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Who refused.
    pub refused_by: String,
    /// What became of it; nothing yet where it is none.
    pub decided: Option<Answered>,
}

/// What became of an appeal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answered {
    /// Who decided.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Whether the change waits again; otherwise it stays refused.
    pub again: bool,
    /// Why.
    pub answer: String,
}

/// Whether anything of a change was refused.
pub fn is_refused(proposal: &Proposal) -> bool {
    match proposal.decision {
        Decision::Rejected => true,
        Decision::Accepted => proposal.parts.iter().any(|part| !part.accepted),
        Decision::Waiting | Decision::Withdrawn => false,
    }
}

/// Take out the appeals of somebody who is forgotten.
/// # Errors
/// When the database fails.
pub(super) async fn forget(tx: &Transaction, who: &str) -> Result<(), Error> {
    Ok(store::forget(tx, who).await?)
}

impl Editing {
    /// What was said against the refusal of a change, if anything was.
    /// # Errors
    /// When the database fails.
    pub async fn appeal_of(&self, proposal: Uuid) -> Result<Option<Appeal>, Error> {
        Ok(store::one(self.records.database().reader(), proposal).await?)
    }

    /// Take out appeals that were decided before a moment; gives how many.
    /// # Errors
    /// When the database fails.
    pub async fn tidy_appeals(&self, tx: &Transaction, before: DateTime<Utc>) -> Result<u64, Error> {
        Ok(store::tidy(tx, before).await?)
    }

    /// Ask that somebody else looks at what was refused. Once for each refusal.
    /// # Errors
    /// [`Error::NotFound`] when the change is somebody else's; [`Error::Forbidden`] when nothing was refused, or
    /// it was asked already; [`Error::Unfit`] without words; or when the database fails.
    pub async fn appeal(&self, actor: &Actor, id: Uuid, words: &str) -> Result<(), Error> {
        let proposal = self.change(actor, id).await?.proposal;
        if !self.is_answered_for(actor, &proposal.by).await? {
            return Err(Error::NotFound(id));
        }
        let words = words.trim();
        if words.is_empty() || words.chars().count() > LONGEST {
            let problem = format!("say why it should be looked at again, in at most {LONGEST} characters");
            return Err(Error::Unfit(vec![Fault { field: "appeal".to_owned(), problem }]));
        }
        let refused_by = proposal.decided.as_ref().filter(|_| is_refused(&proposal)).map(|decided| decided.by.clone());
        let refused_by = refused_by.ok_or(Error::Forbidden("nothing of this change was refused"))?;
        let together = self.decided_together(&proposal).await?;
        let tx = self.records.database().write().await?;
        // Of two who ask at once the second finds what the first has asked.
        self.records.hold_proposals(&tx, &together).await?;
        for one in together {
            if let Some(known) = store::one(tx.connection(), one).await? {
                // The same words again are a button that was pressed twice.
                if known.proposal == id && known.words == words && known.decided.is_none() {
                    return Ok(());
                }
                return Err(Error::Forbidden("you have already asked for a second review of this"));
            }
        }
        let at = self.records.clock().now();
        let appeal = Appeal { proposal: id, by: actor.known_as(), words: words.to_owned(), at, refused_by, decided: None };
        store::put(&tx, &appeal).await?;
        self.identity.note(&tx, &actor.known_as(), Deed::AskAgain, &id.to_string(), "", actor.client()).await?;
        Ok(tx.commit().await?)
    }

    /// What was decided together with a change, itself included.
    async fn decided_together(&self, proposal: &Proposal) -> Result<Vec<Uuid>, Error> {
        Ok(match proposal.bundle {
            Some(bundle) => self.records.bundle(bundle).await?.into_iter().map(|one| one.id).collect(),
            None => vec![proposal.id],
        })
    }

    /// Whether somebody besides `who` can decide.
    /// # Errors
    /// When the database fails.
    pub async fn others_decide(&self, who: &str) -> Result<bool, Error> {
        let officers = self.identity.officers().await?;
        Ok(officers.iter().filter(|person| person.may(Action::Decide)).any(|person| Identity::known_as(person.id) != who))
    }

    /// Whether somebody may decide an appeal: whoever refused may not, unless nobody else is there.
    async fn may_judge(&self, actor: &Actor, appeal: &Appeal) -> Result<bool, Error> {
        Ok(actor.known_as() != appeal.refused_by || !self.others_decide(&appeal.refused_by).await?)
    }

    /// Whether somebody leaves these proposals to others, because they refused them before they were reopened.
    /// # Errors
    /// When the database fails.
    pub async fn leaves_to_others(&self, actor: &Actor, proposals: &[Uuid]) -> Result<bool, Error> {
        match self.decides_anew(actor, proposals).await {
            Ok(()) => Ok(false),
            Err(Error::Forbidden(_)) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// That whoever refused these proposals does not decide them again once they are reopened, unless nobody else
    /// is there: otherwise an appeal could change nothing.
    pub(super) async fn decides_anew(&self, actor: &Actor, proposals: &[Uuid]) -> Result<(), Error> {
        for proposal in proposals {
            let Some(appeal) = self.appeal_of(*proposal).await? else { continue };
            let reopened = appeal.decided.as_ref().is_some_and(|decided| decided.again);
            if reopened && !self.may_judge(actor, &appeal).await? {
                return Err(Error::Forbidden("you refused this before and it was reopened, so someone else must decide it"));
            }
        }
        Ok(())
    }

    /// Appeals that wait, those that this actor may decide.
    pub(super) async fn open_appeals(&self, actor: &Actor) -> Result<Vec<Appeal>, Error> {
        let mut theirs = Vec::new();
        for appeal in store::open(self.records.database().reader()).await? {
            if self.may_judge(actor, &appeal).await? {
                theirs.push(appeal);
            }
        }
        Ok(theirs)
    }

    /// The records whose refusal somebody has appealed against, while nobody has decided that.
    pub(super) async fn appealed(&self) -> Result<Vec<Uuid>, Error> {
        let mut records = Vec::new();
        for appeal in store::open(self.records.database().reader()).await? {
            let Some(proposal) = self.records.proposal(appeal.proposal).await? else { continue };
            match proposal.bundle {
                Some(bundle) => records.extend(self.records.bundle(bundle).await?.iter().map(|part| part.record_id)),
                None => records.push(proposal.record_id),
            }
        }
        Ok(records)
    }

    /// Decide an appeal: the change waits again, or stays refused. Its author is told why.
    /// # Errors
    /// [`Error::Forbidden`] for whoever refused; [`Error::NeedsReason`]; [`Error::NotFound`] when there is no
    /// appeal that waits; or when the database fails.
    pub async fn decide_appeal(&self, actor: &Actor, id: Uuid, again: bool, answer: &str) -> Result<(), Error> {
        Self::require(actor, Action::Decide, &Subject::Directory, "only a moderator can decide")?;
        let appeal = self.appeal_of(id).await?.filter(|appeal| appeal.decided.is_none()).ok_or(Error::NotFound(id))?;
        if !self.may_judge(actor, &appeal).await? {
            return Err(Error::Forbidden("you refused this change, so someone else must review it"));
        }
        let answer = answer.trim();
        if answer.is_empty() {
            return Err(Error::NeedsReason { field: "it".to_owned() });
        }
        let proposal = self.records.proposal(id).await?.ok_or(Error::NotFound(id))?;
        let together = self.decided_together(&proposal).await?;
        let name = proposal.read()?.name().to_owned();
        let now = self.records.clock().now();
        let tx = self.records.database().write().await?;
        let decided = Answered { by: actor.known_as(), at: now, again, answer: answer.to_owned() };
        if !store::decide(&tx, id, &decided).await? {
            return Err(Error::NotFound(id));
        }
        if again {
            self.records.reopen(&tx, &together).await?;
        }
        self.identity.note(&tx, &actor.known_as(), Deed::DecideAppeal, &id.to_string(), answer, actor.client()).await?;
        if let Some(author) = super::decide::person_of(&appeal.by)
            && let Some(author) = self.identity.person(author).await?
        {
            let (at, directory) = (&self.about.public_url, &self.about.name);
            let another = actor.known_as() != appeal.refused_by;
            let letter = letters::appeal_decided(&author.email, (id, name.as_str()), (again, another, answer), at, directory);
            mail::queue(&tx, &letter, now).await?;
        }
        Ok(tx.commit().await?)
    }
}
