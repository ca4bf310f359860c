//! `fingerpost keys`: the keys that sign what is published.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::Subcommand;
use serde_json::json;
use url::Url;

use super::{Answer, WrongCall, say};
use crate::{
    app::App,
    safekeeping,
    signing::{self, Signer},
};

#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// List the keys, oldest first, with the fingerprints that neighbours compare.
    Show,
    /// Announce that this directory has moved here from another address, so that its followers continue here. It
    /// must have kept the keys it used there.
    MovedFrom {
        /// Its previous address, ending in a slash. Leave it out when you give --statement.
        #[arg(required_unless_present = "statement")]
        url: Option<Url>,
        /// The output of `keys moved-to` from a directory that is becoming part of this one.
        #[arg(long, value_name = "FILE", conflicts_with = "url")]
        statement: Option<PathBuf>,
    },
    /// Announce that this directory is becoming part of another. Prints a signed statement for that directory to
    /// add with `keys moved-from --statement FILE`.
    MovedTo {
        /// The address of that directory, ending in a slash.
        url: Url,
        /// A table (CSV) of records that have a different id there: the id here, a comma, the id there.
        #[arg(long, value_name = "FILE")]
        ids: Option<PathBuf>,
    },
    /// Start signing with a new key, endorsed by the old one.
    Rotate {
        /// Someone else may have the old key: neighbours then trust nothing new that it signs.
        #[arg(long)]
        compromised: bool,
    },
    /// Revoke a retired key that someone else may have, and sign again what it signed.
    Revoke {
        /// The key, as `keys show` names it.
        kid: String,
    },
}

fn root_of(mut url: Url) -> Url {
    url.set_path("/");
    url.set_query(None);
    url
}

/// A table of ids: what each was, and what it is now.
fn renamed(file: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| match line.split_once(',') {
            Some((was, is)) if !is.contains(',') => Ok((was.trim().to_owned(), is.trim().to_owned())),
            _ => Err(WrongCall(format!("line {} of {} is not two ids separated by a comma", number + 1, file.display())).into()),
        })
        .collect()
}

impl Keys {
    pub(super) async fn run(self, app: App, answer: Answer) -> anyhow::Result<bool> {
        match self {
            Self::Show => {}
            Self::MovedTo { url, ids } => {
                let ids = ids.map(|file| renamed(&file)).transpose()?.unwrap_or_default();
                let moved = app.records.signer().moves_to(&root_of(url), &ids, app.clock.now());
                // A statement is a document to everybody.
                say!("{}", serde_json::to_string_pretty(&moved)?)?;
                return Ok(true);
            }
            Self::MovedFrom { url, statement } => {
                moved_from(&app, url, statement.as_deref(), answer)?;
                return Ok(true);
            }
            Self::Revoke { kid } => {
                if !safekeeping::revoke_key(&app.records, &kid).await? {
                    let detail = "is not an earlier key; `fingerpost keys rotate --compromised` revokes the one that signs";
                    return Err(WrongCall(format!("{kid} {detail}")).into());
                }
                let again = app.records.sign_again().await?;
                answer.so_far(|| say!("{again} records signed again with the current key"))?;
            }
            Self::Rotate { compromised } => {
                safekeeping::rotate_keys(&app.records, compromised).await?;
                if compromised {
                    let again = app.records.sign_again().await?;
                    answer.so_far(|| say!("{again} records signed again with the new key"))?;
                }
            }
        }
        show(app.records.signer(), answer)?;
        Ok(true)
    }
}

/// Announce a move: of this directory, or of the one whose statement it is given.
fn moved_from(app: &App, url: Option<Url>, statement: Option<&Path>, answer: Answer) -> anyhow::Result<()> {
    let here = app.records.signer();
    let (moved, news) = if let Some(file) = statement {
        let moved = statement_for(here.origin(), file)?;
        let news = format!("{} has become part of it", moved.from);
        (moved, news)
    } else {
        let url = root_of(url.expect("clap asks for it where there is no statement"));
        if url.as_str() == here.origin() {
            let detail = format!("{url} is its current address: set FINGERPOST_PUBLIC_URL to the new one first");
            return Err(WrongCall(detail).into());
        }
        (here.moved(&url, app.clock.now()), format!("it moved from {url}"))
    };
    let from = moved.from.clone();
    signing::keep_move(&app.config.data_dir, moved)?;
    answer.give(&json!({"origin": here.origin(), "moved_from": from}), || {
        say!("{} will announce that {news}; restart the server for this to take effect", here.origin())
    })
}

/// A statement from a file, for whoever it is addressed to.
fn statement_for(origin: &str, file: &Path) -> anyhow::Result<signing::Moved> {
    let text = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let moved: signing::Moved = serde_json::from_slice(&text)
        .with_context(|| format!("{} is not a statement printed by `fingerpost keys moved-to`", file.display()))?;
    if moved.to.as_str() != origin {
        let detail = format!("the statement is addressed to {}, but this directory is {origin}", moved.to);
        return Err(WrongCall(detail).into());
    }
    Ok(moved)
}

/// The keys, oldest first.
fn show(signer: &Signer, answer: Answer) -> anyhow::Result<()> {
    let listed = signer.keyring().listed;
    answer.give(&json!({"origin": signer.origin(), "keys": listed}), || {
        say!("{} signs with", signer.origin())?;
        listed.iter().try_for_each(|key| {
            let print = signing::fingerprint(&key.x).unwrap_or_default();
            let status = json!(key.status);
            say!("  {}  {print}  {} since {}", key.kid, status.as_str().unwrap_or_default(), key.nbf)
        })
    })
}
