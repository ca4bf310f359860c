//! `fingerpost record`: one record at a time, for what cannot wait until somebody has a browser.

mod calling;
mod changes;

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use uuid::Uuid;

use self::{
    calling::Calling,
    changes::{change, set_policy},
};
use super::{Answer, WrongCall, exchange::after_changes, say};
use crate::{
    app::{App, public_url},
    editing::{Editing, Theirs},
    identity::Deed,
    model::LocationPolicy,
    published,
    records::{Annotation, State, Stored},
};

#[derive(Debug, Args)]
pub(super) struct Record {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    answer: Answer,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print a record as it is stored, including private parts, as JSON.
    Show {
        /// The record's id.
        id: Uuid,
    },
    /// Print every version of a record, oldest first, as JSON.
    History {
        /// The record's id.
        id: Uuid,
    },
    /// Withdraw one of our own records from everything public immediately; it stays in the history. A record from
    /// another directory would come back with its next version: hide it instead.
    Withdraw {
        /// The record's id.
        id: Uuid,
        /// The reason shown to the public.
        #[arg(long)]
        why: String,
    },
    /// Hide a record without telling the public why or, with --publish, show it again. A record from another
    /// directory stays hidden whatever its source changes.
    Hide {
        /// The record's id.
        id: Uuid,
        /// Show it again.
        #[arg(long)]
        publish: bool,
        /// The reason recorded in the history.
        #[arg(long)]
        why: String,
        #[command(flatten)]
        calling: Calling,
    },
    /// Add something of our own to a record from another directory; it survives the next pull.
    Annotate {
        /// The record's id.
        id: Uuid,
        /// Hide it here.
        #[arg(long, conflicts_with = "show")]
        hide: bool,
        /// Show it again.
        #[arg(long)]
        show: bool,
        /// Also list it under this term of ours. Replaces any terms added before.
        #[arg(long, value_name = "TERM")]
        category: Vec<Uuid>,
        /// Show this note beside it. An earlier note stays unless you give a new one or --clear.
        #[arg(long)]
        note: Option<String>,
        /// Remove everything that was added.
        #[arg(long, conflicts_with_all = ["hide", "show", "category", "note"])]
        clear: bool,
        /// The reason to record, such as who decided.
        #[arg(long)]
        why: String,
    },
    /// Set how much of a place may be shown: for a location itself, or for every place of one service or event.
    Place {
        /// The id of a location, service or event.
        id: Uuid,
        /// How much to show.
        #[arg(long, value_enum)]
        policy: Policy,
        /// The reason recorded in the history.
        #[arg(long)]
        why: String,
        #[command(flatten)]
        calling: Calling,
    },
    /// Permanently erase a contact from a record, its history and everything derived from it.
    EraseContact {
        /// The record's id.
        id: Uuid,
        /// The contact's id.
        contact: Uuid,
        /// The reason recorded in the history; do not mention the person.
        #[arg(long)]
        why: String,
    },
    /// Permanently erase somebody's name, email address or telephone number from a record wherever it stands, such as
    /// in a description or among its telephone numbers, with its history and everything derived from it.
    EraseWords {
        /// The record's id.
        id: Uuid,
        /// The name, address or number: these words and no others.
        words: String,
        /// The reason recorded in the history; do not mention the person.
        #[arg(long)]
        why: String,
    },
    /// Find where somebody is named, as JSON: contacts, and texts with exactly these words, now, in earlier versions
    /// and in proposed changes.
    FindPerson {
        /// A name, email address or telephone number.
        words: String,
    },
    /// Publish a contact that looks personal, once the person has agreed.
    ConfirmContact {
        /// The record's id.
        id: Uuid,
        /// The contact's id.
        contact: Uuid,
        /// The reason recorded in the history, such as who agreed.
        #[arg(long)]
        why: String,
        #[command(flatten)]
        calling: Calling,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Policy {
    /// The full address.
    Exact,
    /// The town only.
    Area,
    /// Only "Address given when you book".
    OnRequest,
    /// Nothing, not even that there is a place. Its address is permanently deleted.
    Withheld,
}

impl From<Policy> for LocationPolicy {
    fn from(policy: Policy) -> Self {
        match policy {
            Policy::Exact => Self::Exact,
            Policy::Area => Self::Area,
            Policy::OnRequest => Self::OnRequest,
            Policy::Withheld => Self::Withheld,
        }
    }
}

impl Action {
    /// The record that it is about, where it is about one.
    fn id(&self) -> Option<Uuid> {
        match self {
            Self::Show { id }
            | Self::History { id }
            | Self::Withdraw { id, .. }
            | Self::Hide { id, .. }
            | Self::Annotate { id, .. }
            | Self::Place { id, .. }
            | Self::EraseContact { id, .. }
            | Self::EraseWords { id, .. }
            | Self::ConfirmContact { id, .. } => Some(*id),
            Self::FindPerson { .. } => None,
        }
    }
}

impl Record {
    pub(super) async fn run(self, app: App) -> anyhow::Result<bool> {
        let (about, answer) = (self.action.id(), self.answer);
        if let Some(id) = about {
            mind_what_is_shown_of_others(&app, id).await?;
        }
        let outcome = match self.action {
            Action::Show { id } => {
                let mut record = shown(&find(&app, id).await?)?;
                if let Some(annotated) = app.records.annotation(id).await? {
                    record["annotation"] = json!(annotated);
                }
                say!("{}", serde_json::to_string_pretty(&record)?)?;
                return Ok(true);
            }
            Action::History { id } => {
                find(&app, id).await?;
                let mut versions: Vec<Value> = app.records.history(id).await?.iter().map(shown).collect::<Result<_, _>>()?;
                for call in editing(&app).calls_of(id).await? {
                    let of = call.revision.map(Value::from);
                    if let Some(version) = versions.iter_mut().find(|one| Some(&one["version"]["revision"]) == of.as_ref()) {
                        version["called_back"] = json!(call);
                    }
                }
                say!("{}", serde_json::to_string_pretty(&versions)?)?;
                return Ok(true);
            }
            Action::Withdraw { id, why } => changes::withdraw(&app, id, &why).await?,
            Action::Hide { id, publish: false, why, .. } => changes::hide(&app, id, &why).await?,
            Action::Hide { id, publish: true, why, calling } if !find(&app, id).await?.origin.is_empty() => {
                changes::show_here(&app, id, &why, calling).await?
            }
            Action::Hide { id, publish: true, why, calling } => {
                change(&app, id, (Deed::Show, why), calling, |draft| {
                    draft.state = State::Published;
                    Ok(())
                })
                .await?
            }
            Action::Annotate { id, hide, show, category, note, clear, why } => {
                let annotated = |before: Annotation| Annotation {
                    hidden: hide || before.hidden && !show,
                    terms: if category.is_empty() { before.terms } else { category },
                    note: note.or(before.note),
                };
                let annotated = |before| if clear { Annotation::default() } else { annotated(before) };
                changes::annotate(&app, id, &why, annotated).await?;
                return done(&app, about, false, answer).await;
            }
            Action::Place { id, policy, why, calling } => {
                let what = Deed::DecidePlace;
                change(&app, id, (what, why), calling, |draft| set_policy(&mut draft.document, policy.into())).await?
            }
            Action::FindPerson { words } => {
                let mut found = json!(app.records.find_person(&words).await?);
                found["calls"] = json!(editing(&app).calls_with(&words).await?);
                found["claims"] = json!(editing(&app).claims_with(&words).await?);
                say!("{}", serde_json::to_string_pretty(&found)?)?;
                return Ok(true);
            }
            Action::EraseContact { id, contact, why } => return erase(&app, id, &Theirs::Contact(contact), &why, answer).await,
            Action::EraseWords { id, words, why } => return erase(&app, id, &Theirs::Words(words), &why, answer).await,
            Action::ConfirmContact { id, contact, why, calling } => {
                change(&app, id, (Deed::PublishContact, why), calling, |draft| {
                    let found = draft.document.contact_lists().into_iter().flatten().find(|known| known.id == contact);
                    found.context("the record has no contact with that id; `fingerpost record show` lists them")?.visibility =
                        Some(crate::model::Visibility::Public);
                    Ok(())
                })
                .await?
            }
        };
        done(&app, about, outcome.scrubbed, answer).await
    }
}

fn editing(app: &App) -> Editing {
    app.editing(&public_url(&app.config, app.config.listen))
}

async fn erase(app: &App, id: Uuid, what: &Theirs, why: &str, answer: Answer) -> anyhow::Result<bool> {
    let scrubbed = editing(app).erase_as("command line", None, id, what, why).await?;
    done(app, Some(id), scrubbed, answer).await
}

async fn done(app: &App, about: Option<Uuid>, scrubbed: bool, answer: Answer) -> anyhow::Result<bool> {
    after_changes(app).await?;
    answer.give(&json!({"record": about, "removed_from_history": scrubbed}), || {
        say!("done; a running server shows the change within a second, caches within 30")?;
        if scrubbed {
            say!("withheld details were also removed from the history and derived files")?;
        }
        Ok(())
    })?;
    Ok(true)
}

/// What is published has ids that are no records': a service at a place, and an event as a service. Whoever gives one is
/// told which record it belongs to.
async fn mind_what_is_shown_of_others(app: &App, id: Uuid) -> anyhow::Result<()> {
    let owner = published::owners(&app.db, &[id]).await?.remove(&id);
    let Some(owner) = owner.filter(|owner| *owner != id) else { return Ok(()) };
    if app.records.find(id).await?.is_some() {
        return Ok(());
    }
    let record = find(app, owner).await?.read()?;
    Err(WrongCall(format!(
        "{id} is not a record: it is the {} {:?} as it is shown at another address. Use its id instead: {owner}",
        record.kind(),
        record.name()
    ))
    .into())
}

async fn find(app: &App, id: Uuid) -> anyhow::Result<Stored> {
    app.records.find(id).await?.with_context(|| format!("record {id} does not exist"))
}

fn shown(stored: &Stored) -> anyhow::Result<Value> {
    Ok(json!({
        "id": stored.id,
        "kind": stored.kind,
        "state": stored.state,
        "origin": stored.origin,
        "source_id": stored.source_id,
        "version": stored.kept,
        "document": serde_json::from_str::<Value>(&stored.document)?,
    }))
}
