//! `fingerpost token`: programs that read or write for one organisation.

use std::io;

use chrono::Duration;
use clap::Subcommand;
use serde_json::json;
use uuid::Uuid;

use super::{Answer, WrongCall, say};
use crate::{
    app::App,
    clock::rfc3339,
    identity::{ApiToken, Deed, NewToken, Scope},
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
    },
    /// List the tokens. Their secrets are not stored.
    List {
        /// Only tokens of this organisation.
        #[arg(long, value_name = "ID")]
        organisation: Option<Uuid>,
    },
    /// Revoke a token.
    Revoke {
        /// Its id, from `token list`.
        id: Uuid,
    },
}

impl Tokens {
    pub(super) async fn run(self, app: App, answer: Answer) -> anyhow::Result<bool> {
        match self {
            Self::Create { organisation, scope, expires, name } => {
                create(&app, NewToken { name, organisation, scope, person: None, life: life(&expires)? }, answer).await
            }
            Self::List { organisation } => list(&app, organisation, answer).await,
            Self::Revoke { id } => {
                let identity = app.identity();
                let tx = identity.write().await?;
                identity.end_token(&tx, id).await?;
                identity.note(&tx, "command line", Deed::RevokeToken, "", &id.to_string(), None).await?;
                tx.commit().await?;
                answer.give(&json!({"revoked": id}), || say!("revoked"))?;
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

async fn create(app: &App, new: NewToken, answer: Answer) -> anyhow::Result<bool> {
    let id = new.organisation;
    if app.records.find(id).await?.is_none_or(|stored| stored.kind != Kind::Organization) {
        anyhow::bail!("there is no organisation with id {id}");
    }
    let identity = app.identity();
    let tx = identity.write().await?;
    let (secret, token) = identity.make_token(&tx, new).await?;
    identity.note(&tx, "command line", Deed::CreateToken, &id.to_string(), &token.id.to_string(), None).await?;
    tx.commit().await?;
    let until = rfc3339(token.expires_at);
    let document =
        json!({"token": secret.as_str(), "id": token.id, "organisation": id, "scope": token.scope, "expires_at": until});
    answer.give(&document, || {
        tracing::info!(token.id = %token.id, until = until.as_str(), "the token is printed only this once; send it as Authorization: Bearer …");
        say!("{}", secret.as_str())
    })?;
    Ok(true)
}

async fn list(app: &App, organisation: Option<Uuid>, answer: Answer) -> anyhow::Result<bool> {
    let tokens = app.identity().tokens(organisation).await?;
    answer.give(&tokens, || match &*tokens {
        [] => say!("there are no tokens"),
        some => some.iter().try_for_each(tell),
    })?;
    Ok(true)
}

fn tell(token: &ApiToken) -> io::Result<()> {
    let used = token.used_at.map_or_else(|| "never used".to_owned(), |used| format!("last used {}", rfc3339(used)));
    let scope = if token.scope == Scope::Write { "write" } else { "read" };
    say!(
        "{}  {scope:<5}  organisation {}  until {}  {used}  {}",
        token.id,
        token.organisation,
        rfc3339(token.expires_at),
        token.name
    )
}
