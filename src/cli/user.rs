//! `fingerpost user`: people with a role for the whole directory, and their way in.

use anyhow::Context as _;
use clap::Subcommand;
use serde_json::json;

use super::{Answer, WrongCall, say};
use crate::{
    app::{App, public_url},
    identity::{Deed, Email, Identity, LINK_LIFE, PlatformRole, letters},
    mail,
};

#[derive(Debug, Subcommand)]
pub(super) enum Users {
    /// Give someone a role. Their sessions end, so that no right outlives its role.
    Add {
        /// Their email address.
        email: String,
        /// Their role.
        #[arg(long, value_enum)]
        role: PlatformRole,
        /// Print a link that signs them in once, within half an hour.
        #[arg(long)]
        link: bool,
    },
    /// List everyone with a role.
    List,
    /// Delete the passkeys of someone who has lost them. Their sessions end, and they are told by email.
    ResetPasskeys {
        /// Their email address.
        email: String,
    },
    /// Remove someone's role; with --forget, delete everything about them.
    Remove {
        /// Their email address.
        email: String,
        /// Also delete their email address, name, sessions and grants. The history will call them a former editor.
        #[arg(long)]
        forget: bool,
    },
}

fn read(email: &str) -> anyhow::Result<Email> {
    email.parse().map_err(|error| WrongCall(format!("{email:?}: {error}")).into())
}

impl Users {
    pub(super) async fn run(self, app: App, answer: Answer) -> anyhow::Result<bool> {
        match self {
            Self::Add { email, role, link } => add(&app, &read(&email)?, role, link, answer).await,
            Self::List => list(&app, answer).await,
            Self::ResetPasskeys { email } => reset_passkeys(&app, &read(&email)?, answer).await,
            Self::Remove { email, forget } => remove(&app, &read(&email)?, forget, answer).await,
        }
    }
}

async fn add(app: &App, email: &Email, role: PlatformRole, link: bool, answer: Answer) -> anyhow::Result<bool> {
    let identity = app.identity();
    let tx = identity.write().await?;
    let person = identity.give_role(&tx, email, Some(role)).await?;
    identity.note(&tx, "command line", Deed::GiveRole, &Identity::known_as(person.id), role.as_str(), None).await?;
    let secret = if link { Some(identity.link_for(&tx, email, "").await?) } else { None };
    tx.commit().await?;
    let address = secret.map(|secret| letters::sign_in_address(&public_url(&app.config, app.config.listen), &secret));
    answer.give(&json!({"id": person.id, "email": email, "role": role, "link": address}), || {
        say!("{email} is now {}", role.as_str())?;
        address
            .iter()
            .try_for_each(|address| say!("sign in with this link, once, within {} minutes:\n{address}", LINK_LIFE.num_minutes()))
    })?;
    Ok(true)
}

async fn list(app: &App, answer: Answer) -> anyhow::Result<bool> {
    let officers = app.identity().officers().await?;
    answer.give(&officers, || {
        if officers.is_empty() {
            say!("nobody has a role yet; start with: fingerpost user add YOU@EXAMPLE.ORG --role administrator --link")?;
        }
        officers.iter().try_for_each(|person| {
            let role = person.role.map_or("", PlatformRole::as_str);
            say!("{role:<14} {}  {}", person.email, person.name)
        })
    })?;
    Ok(true)
}

async fn reset_passkeys(app: &App, email: &Email, answer: Answer) -> anyhow::Result<bool> {
    let identity = app.identity();
    let person = identity.person_at(email).await?.with_context(|| format!("nobody has the email address {email}"))?;
    let tx = identity.write().await?;
    let forgotten = identity.reset_passkeys(&tx, person.id).await?;
    identity.note(&tx, "command line", Deed::ResetPasskeys, &Identity::known_as(person.id), "", None).await?;
    let letter = letters::passkey(email, "were reset", &public_url(&app.config, app.config.listen), &app.config.name);
    mail::queue(&tx, &letter, app.clock.now()).await?;
    tx.commit().await?;
    answer.give(&json!({"email": email, "deleted": forgotten}), || {
        say!("{forgotten} deleted; they can add a new one the next time they sign in")
    })?;
    Ok(true)
}

async fn remove(app: &App, email: &Email, forget: bool, answer: Answer) -> anyhow::Result<bool> {
    let identity = app.identity();
    let person = identity.person_at(email).await?.with_context(|| format!("nobody has the email address {email}"))?;
    let tx = identity.write().await?;
    identity.give_role(&tx, email, None).await?;
    if forget {
        let editing = app.editing(&public_url(&app.config, app.config.listen));
        editing.forget_person(&tx, "command line", person.id, "").await?;
        app.quality(&public_url(&app.config, app.config.listen)).forget_reporter(&tx, email).await?;
    } else {
        identity.note(&tx, "command line", Deed::RemoveRole, &Identity::known_as(person.id), "", None).await?;
    }
    tx.sweep_later().await?;
    tx.commit().await?;
    answer.give(&json!({"email": email, "forgotten": forget}), || {
        say!("{}", if forget { "everything about them has been deleted" } else { "they no longer have a role" })
    })?;
    Ok(true)
}
