//! That a directory had another address before: what followers need to go on under the new one without
//! beginning anew. It is signed with a key that they have approved, so nobody else can say it.

use std::{collections::BTreeMap, fs, io, path::Path};

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::Url;

use super::{Listed, Signer, seal_verifies};
use crate::clock;

/// Stands before a statement that is signed.
const DOMAIN: &[u8] = b"open-directory-move-v1\n";
/// Where they are kept, below the data directory.
const FILE: &str = "keys/moved.json";

/// A statement that a directory has moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Moved {
    /// Its earlier origin.
    #[schemars(extend("examples" = ["https://old.luton.example.org/"]))]
    pub from: Url,
    /// Its current origin.
    #[schemars(extend("examples" = ["https://directory.luton.example.org/"]))]
    pub to: Url,
    /// New ids of records by their old ids, if everything moves to a directory that already exists. Records not
    /// listed keep their id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("examples" = [{"ac148810-d857-441c-9679-408f346de14b": "5d6c1a52-1111-4c0e-9f8e-0d1f3f2b7a10"}]))]
    pub ids: BTreeMap<String, String>,
    /// When this was signed, RFC 3339.
    #[schemars(extend("examples" = ["2026-11-22T12:00:00.000Z"]))]
    pub issued: String,
    /// The key that signs: one it used under its earlier origin.
    #[schemars(extend("examples" = ["24f6ed6acbfe"]))]
    pub kid: String,
    /// Its signature, base64url, of `open-directory-move-v1`, a line end, and the canonical JSON of everything
    /// here except this.
    #[schemars(extend("examples" = ["R0tLq0…"]))]
    pub sig: String,
}

impl Moved {
    /// Whether one of these keys has signed it.
    pub fn verifies(&self, keys: &[Listed]) -> bool {
        seal_verifies(DOMAIN, &json!(self), keys)
    }
}

impl Signer {
    /// That the directory which signs here becomes part of the one at `to`, where records have the ids
    /// that `ids` names.
    pub fn moves_to(&self, to: &Url, ids: &BTreeMap<String, String>, now: DateTime<Utc>) -> Moved {
        let mut statement = json!({"from": self.origin(), "to": to, "issued": clock::rfc3339(now)});
        if !ids.is_empty() {
            statement["ids"] = json!(ids);
        }
        serde_json::from_value(self.seal(DOMAIN, statement)).expect("a seal adds two texts")
    }

    /// That the directory which signs here stood at `from` before.
    pub fn moved(&self, from: &Url, now: DateTime<Utc>) -> Moved {
        let sealed = self.seal(DOMAIN, json!({"from": from, "to": self.origin(), "issued": clock::rfc3339(now)}));
        serde_json::from_value(sealed).expect("a seal adds two texts")
    }
}

/// What was said of earlier addresses.
/// # Errors
/// When the file is there and cannot be read.
pub fn moves(data_dir: &Path) -> io::Result<Vec<Moved>> {
    match fs::read(data_dir.join(FILE)) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(io::Error::other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Keep it, in place of what was said of the same earlier address.
/// # Errors
/// When the file cannot be written.
pub fn keep_move(data_dir: &Path, moved: Moved) -> io::Result<()> {
    let mut all = moves(data_dir)?;
    all.retain(|known| known.from != moved.from);
    all.push(moved);
    let file = data_dir.join(FILE);
    let fresh = file.with_extension("new");
    fs::write(&fresh, serde_json::to_vec_pretty(&all)?)?;
    fs::rename(&fresh, &file)
}
