//! What is asked and answered about what waits: a change, a new listing, somebody's claim. Its author and those who
//! decide read it in one place, and hear of it by letter.

use std::collections::HashMap;

use uuid::Uuid;

use super::{Editing, Error, Queued, Waiting, bundles::main_of, decide::person_of, letters};
use crate::{
    http::Fault,
    identity::{Action, Actor, Claim, ClaimState, Identity, PersonId, Subject, can},
    mail,
    records::Message,
};

/// Whose turn it is in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Talk {
    /// The author's: a moderator has asked.
    Asked,
    /// A moderator's: the author has said something.
    Answered,
}

/// What a letter about a message says that it is about, and where one replies.
struct About {
    what: String,
    page: String,
}

impl Editing {
    /// Say something about a change: its author and those who decide hear of it.
    /// # Errors
    /// [`Error::NotFound`], or when the database fails.
    pub async fn say(&self, actor: &Actor, id: Uuid, words: &str) -> Result<(), Error> {
        let (proposal, ..) = self.change(actor, id).await?;
        let what = format!("the change to {}", self.name_of(&proposal).await?);
        if proposal.by == actor.known_as() {
            let page = proposal
                .bundle
                .map_or_else(|| format!("moderation/changes/{id}"), |bundle| format!("moderation/listings/{bundle}"));
            let hear = self.who_asked(id, &proposal.by).await?;
            self.say_to(actor, id, words, &hear, &About { what, page }).await
        } else {
            let hear = self.authors(&proposal.by).await?;
            self.say_to(actor, id, words, &hear, &About { what, page: format!("account/changes/{id}") }).await
        }
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
        let asked = thread.iter().rev().find(|message| message.by != author);
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
        for one in queue {
            one.talk = turn(&threads_of(&one.waiting), &last);
        }
        Ok(())
    }
}

/// The conversations about something that waits, each with its author.
fn threads_of(waiting: &Waiting) -> Vec<(Uuid, String)> {
    let by_whom = |claim: &Claim| Identity::known_as(claim.person);
    match waiting {
        Waiting::Change(proposal, _) => vec![(proposal.id, proposal.by.clone())],
        Waiting::Listing(parts) => parts.iter().map(|part| (part.id, part.by.clone())).collect(),
        Waiting::Claim(claim) => vec![(claim.id, by_whom(claim))],
        Waiting::Appeal(_) => Vec::new(),
    }
}

/// Whose turn it is, by what was said last.
fn turn(threads: &[(Uuid, String)], last: &HashMap<Uuid, Message>) -> Option<Talk> {
    let said = threads.iter().filter_map(|(id, author)| Some((last.get(id)?, author)));
    let (message, author) = said.max_by_key(|(message, _)| message.at)?;
    Some(if message.by == *author { Talk::Answered } else { Talk::Asked })
}
