//! `fingerpost token`: programs that read or write for one organisation.

use chrono::Duration;
use clap::Subcommand;
use serde_json::json;
use uuid::Uuid;

use super::{WrongCall, say};
use crate::{
    app::App,
    clock::rfc3339,
    identity::{Deed, NewToken, Scope},
    model::Kind,
};

/// The longest life of a token.
const LONGEST: Duration = Duration::days(5 * 366);

#[derive(Debug, Subcommand)]
pub(super) enum Tokens {
    /// Create a token. It is printed only this once.
    Create {
        /// The record id of the organisation it acts for.
        #[arg(long, value_name = "ID")]
        organisation: Uuid,
        /// What it may do.
        #[arg(long, value_enum, default_value = "read")]
        scope: Scope,
        /// How long it is valid, such as 90d, 12h or 52w.
        #[arg(long, default_value = "90d")]
        expires: String,
        /// A note of what it is for.
        #[arg(long, default_value = "created at the command line")]
        name: String,
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// List the tokens. Their secrets are not stored.
    List {
        /// Only tokens of this organisation.
        #[arg(long, value_name = "ID")]
        organisation: Option<Uuid>,
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Revoke a token.
    Revoke {
        /// Its id, from `token list`.
        id: Uuid,
    },
}

impl Tokens {
    pub(super) async fn run(self, app: App) -> anyhow::Result<bool> {
        match self {
            Self::Create { organisation, scope, expires, name, json } => {
                create(&app, NewToken { name, organisation, scope, person: None, life: life(&expires)? }, json).await
            }
            Self::List { organisation, json } => list(&app, organisation, json).await,
            Self::Revoke { id } => {
                let identity = app.identity();
                let tx = identity.write().await?;
                identity.end_token(&tx, id).await?;
                identity.note(&tx, "command line", Deed::RevokeToken, "", &id.to_string(), None).await?;
                tx.commit().await?;
                say!("revoked")?;
                Ok(true)
            }
        }
    }
}

/// "90d" as a time.
fn life(text: &str) -> anyhow::Result<Duration> {
    let wrong = || WrongCall(format!("--expires {text:?}: expected a time up to five years, such as 90d, 12h or 52w"));
    let (number, unit) = text.split_at(text.len() - text.chars().last().map_or(0, char::len_utf8));
    let number: i64 = number.parse().map_err(|_| wrong())?;
    let life = match unit {
        "h" => Duration::try_hours(number),
        "d" => Duration::try_days(number),
        "w" => Duration::try_weeks(number),
        _ => None,
    };
    Ok(life.filter(|life| *life > Duration::zero() && *life <= LONGEST).ok_or_else(wrong)?)
}

async fn create(app: &App, new: NewToken, as_json: bool) -> anyhow::Result<bool> {
    let id = new.organisation;
    if app.records.find(id).await?.is_none_or(|stored| stored.kind != Kind::Organization) {
        anyhow::bail!("there is no organisation with id {id}");
    }
    let identity = app.identity();
    let tx = identity.write().await?;
    let (secret, token) = identity.make_token(&tx, new).await?;
    identity.note(&tx, "command line", Deed::CreateToken, &id.to_string(), &token.id.to_string(), None).await?;
    tx.commit().await?;
    if as_json {
        say!(
            "{}",
            json!({"token": secret.as_str(), "id": token.id, "organisation": id, "scope": token.scope, "expires_at": rfc3339(token.expires_at)})
        )?;
    } else {
        say!("{}", secret.as_str())?;
        tracing::info!(token.id = %token.id, until = rfc3339(token.expires_at), "the token is printed only this once; send it as Authorization: Bearer …");
    }
    Ok(true)
}

async fn list(app: &App, organisation: Option<Uuid>, as_json: bool) -> anyhow::Result<bool> {
    let tokens = app.identity().tokens(organisation).await?;
    if as_json {
        say!("{}", serde_json::to_string(&tokens)?)?;
        return Ok(true);
    }
    for token in &tokens {
        let used = token.used_at.map_or_else(|| "never used".to_owned(), |used| format!("last used {}", rfc3339(used)));
        let scope = if token.scope == Scope::Write { "write" } else { "read" };
        say!(
            "{}  {scope:<5}  organisation {}  until {}  {used}  {}",
            token.id,
            token.organisation,
            rfc3339(token.expires_at),
            token.name
        )?;
    }
    if tokens.is_empty() {
        say!("there are no tokens")?;
    }
    Ok(true)
}
