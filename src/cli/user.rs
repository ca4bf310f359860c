//! `fingerpost user`: people with a role for the whole directory, and their way in.

use anyhow::Context as _;
use clap::Subcommand;
use serde_json::json;

use super::{WrongCall, say};
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
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// List everyone with a role.
    List {
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
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
    pub(super) async fn run(self, app: App) -> anyhow::Result<bool> {
        match self {
            Self::Add { email, role, link, json } => add(&app, &read(&email)?, role, link, json).await,
            Self::List { json } => list(&app, json).await,
            Self::ResetPasskeys { email } => reset_passkeys(&app, &read(&email)?).await,
            Self::Remove { email, forget } => remove(&app, &read(&email)?, forget).await,
        }
    }
}

async fn add(app: &App, email: &Email, role: PlatformRole, link: bool, as_json: bool) -> anyhow::Result<bool> {
    let identity = app.identity();
    let tx = identity.write().await?;
    let person = identity.give_role(&tx, email, Some(role)).await?;
    identity.note(&tx, "command line", Deed::GiveRole, &Identity::known_as(person.id), role.as_str(), None).await?;
    let secret = if link { Some(identity.link_for(&tx, email, "").await?) } else { None };
    tx.commit().await?;
    let address = secret.map(|secret| letters::sign_in_address(&public_url(&app.config, app.config.listen), &secret));
    if as_json {
        say!("{}", json!({"id": person.id, "email": email, "role": role, "link": address}))?;
        return Ok(true);
    }
    say!("{email} is now {}", role.as_str())?;
    if let Some(address) = address {
        say!("sign in with this link, once, within {} minutes:\n{address}", LINK_LIFE.num_minutes())?;
    }
    Ok(true)
}

async fn list(app: &App, as_json: bool) -> anyhow::Result<bool> {
    let officers = app.identity().officers().await?;
    if as_json {
        say!("{}", serde_json::to_string(&officers)?)?;
    } else if officers.is_empty() {
        say!("nobody has a role yet; start with: fingerpost user add YOU@EXAMPLE.ORG --role administrator --link")?;
    }
    for person in officers.iter().filter(|_| !as_json) {
        let role = person.role.map_or("", PlatformRole::as_str);
        say!("{role:<14} {}  {}", person.email, person.name)?;
    }
    Ok(true)
}

async fn reset_passkeys(app: &App, email: &Email) -> anyhow::Result<bool> {
    let identity = app.identity();
    let person = identity.person_at(email).await?.with_context(|| format!("nobody has the email address {email}"))?;
    let tx = identity.write().await?;
    let forgotten = identity.reset_passkeys(&tx, person.id).await?;
    identity.note(&tx, "command line", Deed::ResetPasskeys, &Identity::known_as(person.id), "", None).await?;
    let letter = letters::passkey(email, "were reset", &public_url(&app.config, app.config.listen), &app.config.name);
    mail::queue(&tx, &letter, app.clock.now()).await?;
    tx.commit().await?;
    say!("{forgotten} deleted; they can add a new one the next time they sign in")?;
    Ok(true)
}

async fn remove(app: &App, email: &Email, forget: bool) -> anyhow::Result<bool> {
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
    say!("{}", if forget { "everything about them has been deleted" } else { "they no longer have a role" })?;
    Ok(true)
}
