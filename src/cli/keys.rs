//! `fingerpost keys`: the keys that sign what is published.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::Subcommand;
use serde_json::json;
use url::Url;

use super::{WrongCall, say};
use crate::{app::App, safekeeping, signing};

#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// List the keys, oldest first, with the fingerprints that neighbours compare.
    Show {
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
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
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Revoke a retired key that someone else may have, and sign again what it signed.
    Revoke {
        /// The key, as `keys show` names it.
        kid: String,
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
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
    pub(super) async fn run(self, app: App) -> anyhow::Result<bool> {
        let signer = app.records.signer().clone();
        let as_json = match self {
            Self::Show { json } => json,
            Self::MovedTo { url, ids } => {
                let ids = ids.map(|file| renamed(&file)).transpose()?.unwrap_or_default();
                let moved = signer.moves_to(&root_of(url), &ids, app.clock.now());
                say!("{}", serde_json::to_string_pretty(&moved)?)?;
                return Ok(true);
            }
            Self::MovedFrom { statement: Some(file), .. } => {
                let text = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
                let moved: signing::Moved = serde_json::from_slice(&text)
                    .with_context(|| format!("{} is not a statement printed by `fingerpost keys moved-to`", file.display()))?;
                if moved.to.as_str() != signer.origin() {
                    let detail = format!("the statement is addressed to {}, but this directory is {}", moved.to, signer.origin());
                    return Err(WrongCall(detail).into());
                }
                let from = moved.from.clone();
                signing::keep_move(&app.config.data_dir, moved)?;
                say!(
                    "{} will announce that {from} has become part of it; restart the server for this to take effect",
                    signer.origin()
                )?;
                return Ok(true);
            }
            Self::MovedFrom { url, .. } => {
                let url = root_of(url.expect("clap asks for it where there is no statement"));
                if url.as_str() == signer.origin() {
                    return Err(WrongCall(format!(
                        "{url} is its current address: set FINGERPOST_PUBLIC_URL to the new one first"
                    ))
                    .into());
                }
                signing::keep_move(&app.config.data_dir, signer.moved(&url, app.clock.now()))?;
                say!("{} will announce that it moved from {url}; restart the server for this to take effect", signer.origin())?;
                return Ok(true);
            }
            Self::Revoke { kid, json } => {
                if !safekeeping::revoke_key(&app.records, &kid).await? {
                    let detail = "is not an earlier key; `fingerpost keys rotate --compromised` revokes the one that signs";
                    return Err(WrongCall(format!("{kid} {detail}")).into());
                }
                let again = app.records.sign_again().await?;
                if !json {
                    say!("{again} records signed again with the current key")?;
                }
                json
            }
            Self::Rotate { compromised, json } => {
                safekeeping::rotate_keys(&app.records, compromised).await?;
                if compromised {
                    let again = app.records.sign_again().await?;
                    if !json {
                        say!("{again} records signed again with the new key")?;
                    }
                }
                json
            }
        };
        let listed = signer.keyring().listed;
        if as_json {
            say!("{}", json!({"origin": signer.origin(), "keys": listed}))?;
            return Ok(true);
        }
        say!("{} signs with", signer.origin())?;
        for key in listed {
            let print = signing::fingerprint(&key.x).unwrap_or_default();
            say!("  {}  {print}  {} since {}", key.kid, serde_json::to_value(key.status)?.as_str().unwrap_or_default(), key.nbf)?;
        }
        Ok(true)
    }
}
