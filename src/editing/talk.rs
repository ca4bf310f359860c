//! What is asked and answered about what waits: a change, a new listing, somebody's claim. Its author and those who
//! decide read it in one place, and hear of it by letter.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::{Editing, Error, Queued, Waiting, bundles::main_of, decide::person_of, letters};
use crate::{
    http::Fault,
    identity::{Action, Actor, Claim, ClaimState, Identity, PersonId, Subject, can},
    mail,
    records::{Message, Proposal},
};

/// Whose turn it is in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Talk {
    /// The author's: a moderator has asked.
    Asked,
    /// A moderator's: its author, or somebody who keeps the listing with them, has said something.
    Answered,
}

/// What a letter about a message says that it is about, and where one replies.
struct About {
    what: String,
    page: String,
}

impl Editing {
    /// Say something about a change: its author and those who decide hear of it. Whoever only reads says nothing.
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Forbidden`]; or when the database fails.
    pub async fn say(&self, actor: &Actor, id: Uuid, words: &str) -> Result<(), Error> {
        let proposal = self.change(actor, id).await?.proposal;
        let what = format!("the change to {}", self.name_of(&proposal).await?);
        if self.speaks_for_author(actor, &proposal).await? {
            let page = proposal
                .bundle
                .map_or_else(|| format!("moderation/changes/{id}"), |bundle| format!("moderation/listings/{bundle}"));
            let mut hear = self.who_asked(id, &proposal.by).await?;
            // Of what was decided, whoever decided answers for it.
            if hear.is_empty() {
                hear.extend(proposal.decided.as_ref().and_then(|decided| person_of(&decided.by)));
            }
            return self.say_to(actor, id, words, &hear, &About { what, page }).await;
        }
        Self::require(actor, Action::Decide, &Subject::Directory, "only its author and moderators can say something about it")?;
        let hear = self.authors(&proposal.by).await?;
        self.say_to(actor, id, words, &hear, &About { what, page: format!("account/changes/{id}") }).await
    }

    /// Whether somebody stands on the side of whoever proposed a change: its author, those who answer for a program,
    /// and those who keep the listing with them; not whoever decides about other people's changes.
    pub(super) async fn speaks_for_author(&self, actor: &Actor, proposal: &Proposal) -> Result<bool, Error> {
        if proposal.by == actor.known_as() {
            return Ok(true);
        }
        if can(actor, Action::Decide, &Subject::Directory) {
            return Ok(false);
        }
        if self.is_answered_for(actor, &proposal.by).await? {
            return Ok(true);
        }
        match self.sight(proposal.record_id).await {
            Ok(sight) => Ok(sight.lets(actor, Action::Edit)),
            Err(Error::NotFound(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// What history calls those who decide.
    async fn deciders(&self) -> Result<HashSet<String>, Error> {
        let officers = self.identity.officers().await?;
        Ok(officers.iter().filter(|person| person.may(Action::Decide)).map(|person| Identity::known_as(person.id)).collect())
    }

    /// Ask the author of what is decided together.
    /// # Errors
    /// As [`Editing::say`].
    pub async fn ask_about_listing(&self, actor: &Actor, bundle: Uuid, words: &str) -> Result<(), Error> {
        let parts = self.records.bundle(bundle).await?;
        let main = main_of(&parts).ok_or(Error::NotFound(bundle))?;
        self.say(actor, main.id, words).await
    }

    /// Say something about a claim that waits: whoever made it and those who decide hear of it.
    /// # Errors
    /// [`Error::NotFound`] where it is neither theirs nor theirs to decide, or waits no more; or when the database
    /// fails.
    pub async fn say_about_claim(&self, actor: &Actor, id: Uuid, words: &str) -> Result<(), Error> {
        let claim = self.identity.find_claim(id).await?.filter(|claim| claim.state == ClaimState::Waiting);
        let claim = claim.ok_or(Error::NotFound(id))?;
        let what = format!("the request to manage {}", self.sight(claim.organisation).await?.document.name());
        if actor.person_id() == Some(claim.person) {
            let hear = self.who_asked(id, &Identity::known_as(claim.person)).await?;
            return self.say_to(actor, id, words, &hear, &About { what, page: format!("moderation/claims/{id}") }).await;
        }
        if !can(actor, Action::Decide, &Subject::Directory) {
            return Err(Error::NotFound(id));
        }
        self.say_to(actor, id, words, &[claim.person], &About { what, page: format!("account/claims/{id}") }).await
    }

    /// Whoever has asked last, who hears the answer.
    async fn who_asked(&self, about: Uuid, author: &str) -> Result<Vec<PersonId>, Error> {
        let thread = self.records.thread(about).await?;
        let deciders = self.deciders().await?;
        let asked = thread.iter().rev().find(|message| message.by != author && deciders.contains(&message.by));
        Ok(asked.and_then(|message| person_of(&message.by)).into_iter().collect())
    }

    async fn say_to(&self, actor: &Actor, id: Uuid, words: &str, hear: &[PersonId], about: &About) -> Result<(), Error> {
        let words = words.trim();
        if words.is_empty() {
            let problem = "enter a message".to_owned();
            return Err(Error::Unfit(vec![Fault { field: "words".to_owned(), problem }]));
        }
        let tx = self.records.database().write().await?;
        // Two taps: it has just been said.
        let said = self.records.thread(id).await?;
        if said.last().is_some_and(|last| last.by == actor.known_as() && last.words == words) {
            return Ok(());
        }
        self.records.say(&tx, &actor.known_as(), id, words).await?;
        for person in hear {
            if let Some(person) = self.identity.person(*person).await? {
                let (at, directory) = (&self.about.public_url, &self.about.name);
                let letter = letters::question(&person.email, &about.page, &about.what, words, at, directory);
                mail::queue(&tx, &letter, self.records.clock().now()).await?;
            }
        }
        Ok(tx.commit().await?)
    }

    /// Note of everything in the queue whose turn it is.
    pub(super) async fn note_talk(&self, queue: &mut [Queued]) -> Result<(), Error> {
        let about: Vec<Uuid> = queue.iter().flat_map(|one| threads_of(&one.waiting)).map(|(id, _)| id).collect();
        let last = self.records.last_said(&about).await?;
        let deciders = self.deciders().await?;
        for one in queue {
            one.talk = turn(&threads_of(&one.waiting), &last, &deciders);
        }
        Ok(())
    }
}

/// The conversations about something that waits, each with its author.
fn threads_of(waiting: &Waiting) -> Vec<(Uuid, String)> {
    let by_whom = |claim: &Claim| Identity::known_as(claim.person);
    match waiting {
        Waiting::Change(one) => vec![(one.proposal.id, one.proposal.by.clone())],
        Waiting::Listing(parts) => parts.iter().map(|part| (part.id, part.by.clone())).collect(),
        Waiting::Claim(claim) => vec![(claim.id, by_whom(claim))],
        Waiting::Appeal(_) => Vec::new(),
    }
}

/// Whose turn it is, by what was said last.
fn turn(threads: &[(Uuid, String)], last: &HashMap<Uuid, Message>, deciders: &HashSet<String>) -> Option<Talk> {
    let said = threads.iter().filter_map(|(id, author)| Some((last.get(id)?, author)));
    let (message, author) = said.max_by_key(|(message, _)| message.at)?;
    let asks = message.by != *author && deciders.contains(&message.by);
    Some(if asks { Talk::Asked } else { Talk::Answered })
}
