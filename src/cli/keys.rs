//! `fingerpost keys`: the keys that sign what is published.

use clap::Subcommand;
use serde_json::json;
use url::Url;

use super::{WrongCall, say};
use crate::{app::App, signing};

#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// The keys, oldest first, with the fingerprints that neighbours compare.
    Show {
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Say that this directory stood at another address before, so that its followers go on here. Its
    /// keys must be those that it had there.
    MovedFrom {
        /// The address that it had, with a slash at its end.
        url: Url,
    },
    /// Begin to sign with a new key, which the old one vouches for.
    Rotate {
        /// Somebody else may have the old key: neighbours then believe nothing new that it signed.
        #[arg(long)]
        compromised: bool,
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
}

impl Keys {
    pub(super) async fn run(self, app: App) -> anyhow::Result<bool> {
        let signer = app.records.signer().clone();
        let as_json = match self {
            Self::Show { json } => json,
            Self::MovedFrom { mut url } => {
                url.set_path("/");
                url.set_query(None);
                if url.as_str() == signer.origin() {
                    return Err(
                        WrongCall(format!("{url} is the address that it has now: set FINGERPOST_PUBLIC_URL first")).into()
                    );
                }
                signing::keep_move(&app.config.data_dir, signer.moved(&url, app.clock.now()))?;
                say!("{} says that it stood at {url} before, as soon as it is started again", signer.origin())?;
                return Ok(true);
            }
            Self::Rotate { compromised, json } => {
                let mut ring = signer.keyring();
                ring.rotate(signer.origin(), app.clock.now(), compromised)?;
                signer.use_keys(ring);
                if compromised {
                    let again = app.records.sign_again().await?;
                    if !json {
                        say!("{again} records are signed again with the new key")?;
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
