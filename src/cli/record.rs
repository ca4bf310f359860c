//! `fingerpost record`: one record at a time, for what cannot wait until somebody has a browser.

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{WrongCall, exchange::after_changes, say};
use crate::{
    app::App,
    model::{Document, LocationPolicy},
    records::{self, Annotation, Caller, Draft, Entrance, LastModified, Outcome, State, Stored},
};

#[derive(Debug, Args)]
pub(super) struct Record {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print a record as it is kept, private parts too.
    Show {
        /// The record.
        id: Uuid,
    },
    /// Print every version of a record, oldest first.
    History {
        /// The record.
        id: Uuid,
    },
    /// Take a record of ours out of everything public at once; it stays in the history. One of another
    /// directory would come back with its next version: hide it.
    Withdraw {
        /// The record.
        id: Uuid,
        /// What the public is told.
        #[arg(long)]
        why: String,
    },
    /// Hide a record without a word of why, or with --publish show it again. One of another directory stays
    /// hidden whatever its source changes.
    Hide {
        /// The record.
        id: Uuid,
        /// Show it again.
        #[arg(long)]
        publish: bool,
        /// What history says.
        #[arg(long)]
        why: String,
    },
    /// Add something of ours to a record that another directory publishes: it survives the next pull.
    Annotate {
        /// The record.
        id: Uuid,
        /// Do not show it here.
        #[arg(long, conflicts_with = "show")]
        hide: bool,
        /// Show it again.
        #[arg(long)]
        show: bool,
        /// Put it under this term of ours as well, instead of those that were added before.
        #[arg(long, value_name = "TERM")]
        category: Vec<Uuid>,
        /// Say this beside it; nothing takes the note away.
        #[arg(long)]
        note: Option<String>,
        /// Take away everything that was added.
        #[arg(long, conflicts_with_all = ["hide", "show", "category", "note"])]
        clear: bool,
        /// What is kept beside it, such as who decided.
        #[arg(long)]
        why: String,
    },
    /// Say how much of a place may be told: of a location as such, or of every place of one service or event.
    Place {
        /// A location, a service or an event.
        id: Uuid,
        /// How much.
        #[arg(long, value_enum)]
        policy: Policy,
        /// What history says.
        #[arg(long)]
        why: String,
    },
    /// Erase a contact from a record, its history and everything derived, for good.
    EraseContact {
        /// The record.
        id: Uuid,
        /// The contact.
        contact: Uuid,
        /// What history says; nothing of the person.
        #[arg(long)]
        why: String,
    },
    /// Let contacts be seen that look like a person's own, after somebody has agreed to it.
    ConfirmContact {
        /// The record.
        id: Uuid,
        /// The contact.
        contact: Uuid,
        /// What history says, such as who agreed.
        #[arg(long)]
        why: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Policy {
    /// Everything.
    Exact,
    /// The town only.
    Area,
    /// "Address given when you book".
    OnRequest,
    /// Not even that there is a place. Its address is deleted for good.
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

impl Record {
    pub(super) async fn run(self, app: App) -> anyhow::Result<bool> {
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
                let versions: Vec<Value> = app.records.history(id).await?.iter().map(shown).collect::<Result<_, _>>()?;
                say!("{}", serde_json::to_string_pretty(&versions)?)?;
                return Ok(true);
            }
            Action::Withdraw { id, why } => {
                let tx = app.db.write().await?;
                let outcome = app.records.withdraw(&tx, &caller(why), id, None).await.map_err(hide_instead)?;
                tx.commit().await?;
                outcome
            }
            Action::Hide { id, publish: false, why } => {
                let tx = app.db.write().await?;
                let outcome = app.records.hide(&tx, &caller(why), id, None).await?;
                tx.commit().await?;
                outcome
            }
            Action::Hide { id, publish: true, why } if !find(&app, id).await?.origin.is_empty() => {
                let tx = app.db.write().await?;
                let outcome = app.records.show_here(&tx, &caller(why), id, true).await?;
                tx.commit().await?;
                outcome
            }
            Action::Hide { id, publish: true, why } => {
                change(&app, id, why, |draft| {
                    draft.state = State::Published;
                    Ok(())
                })
                .await?
            }
            Action::Annotate { id, hide, show, category, note, clear, why } => {
                let before = app.records.annotation(id).await?.map(|found| found.annotation).unwrap_or_default();
                let annotation = Annotation {
                    hidden: hide || before.hidden && !show,
                    terms: if category.is_empty() { before.terms } else { category },
                    note: note.or(before.note),
                };
                let annotation = if clear { Annotation::default() } else { annotation };
                app.records.annotate(&caller(why), id, annotation).await?;
                return done(&app, false).await;
            }
            Action::Place { id, policy, why } => {
                change(&app, id, why, |draft| set_policy(&mut draft.document, policy.into())).await?
            }
            Action::EraseContact { id, contact, why } => {
                let tx = app.db.write().await?;
                let outcome = app.records.erase_contact(&tx, &caller(why), id, contact).await?;
                tx.commit().await?;
                app.db.sweep().await?;
                outcome
            }
            Action::ConfirmContact { id, contact, why } => {
                change(&app, id, why, |draft| {
                    let found = draft.document.contact_lists().into_iter().flatten().find(|known| known.id == contact);
                    found.context("the record has no such contact")?.visibility = Some(crate::model::Visibility::Public);
                    Ok(())
                })
                .await?
            }
        };
        done(&app, outcome.scrubbed).await
    }
}

async fn done(app: &App, scrubbed: bool) -> anyhow::Result<bool> {
    after_changes(app).await?;
    say!("done; a running server shows it within a second, caches within 30")?;
    if scrubbed {
        say!("what may not be told any more was taken out of the history and of derived files as well")?;
    }
    Ok(true)
}

/// What to do about a record that is not ours to take out.
fn hide_instead(error: records::Error) -> anyhow::Error {
    match error {
        records::Error::Foreign { id, origin } => WrongCall(format!(
            "record {id} belongs to {origin}, and its next version would bring it back: `fingerpost record hide {id} --why …` hides it here, and it stays hidden"
        ))
        .into(),
        other => other.into(),
    }
}

fn caller(why: String) -> Caller {
    Caller { name: "command line".to_owned(), why, entrance: Entrance::Person }
}

async fn find(app: &App, id: Uuid) -> anyhow::Result<Stored> {
    app.records.find(id).await?.with_context(|| format!("there is no record {id}"))
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

async fn change(
    app: &App,
    id: Uuid,
    why: String,
    with: impl FnOnce(&mut Draft) -> anyhow::Result<()>,
) -> anyhow::Result<Outcome> {
    let stored = find(app, id).await?;
    let mut draft = Draft {
        state: stored.state,
        origin: stored.origin.clone(),
        source_id: stored.source_id.clone(),
        expected_revision: Some(stored.kept.revision),
        ..Draft::new(stored.read()?)
    };
    with(&mut draft)?;
    Ok(app.records.save_now(&caller(why), vec![draft], &LastModified::new()).await?)
}

fn set_policy(document: &mut Document, policy: LocationPolicy) -> anyhow::Result<()> {
    match document {
        Document::Location(place) => place.location_policy = Some(policy),
        Document::Event(event) => event.location_policy = Some(policy),
        Document::Service(service) => {
            service.service_at_locations.iter_mut().for_each(|link| link.location_policy = Some(policy));
        }
        other => bail!("a {} has no place", other.kind()),
    }
    Ok(())
}
