//! Signatures of our own records: Ed25519 over canonical JSON, and the key they are made with.
//!
//! What is signed is a small statement about a record (whose, which, at which position, with which
//! content hash), so a signature can be checked without the record's other fields.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::model::Kind;

/// Stands before the canonical statement, so that a signature cannot be taken for one of another use.
const DOMAIN: &[u8] = b"open-directory-record-v1\n";

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read or written.
    #[error("cannot use the key file {file}: {source}")]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file does not hold a key.
    #[error("{file} does not hold a signing key; restore it from a backup, or move it away to start with a new key")]
    NotAKey {
        /// The file.
        file: PathBuf,
    },
}

/// A signing key as its file holds it.
#[derive(Serialize, Deserialize)]
struct KeyFile {
    kid: String,
    seed: String,
}

/// The key that signs.
#[derive(Clone)]
pub struct Key {
    kid: String,
    key: SigningKey,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({})", self.kid)
    }
}

impl Key {
    /// The key in `data_dir`, made at first use with a file that only its owner can read.
    /// # Errors
    /// When the file is unreadable or damaged. A damaged key is never replaced silently.
    pub fn open(data_dir: &Path) -> Result<Self, Error> {
        let folder = data_dir.join("keys");
        let file = folder.join("signing.json");
        let failed = |source| Error::File { file: file.clone(), source };
        if file.exists() {
            let bytes = fs::read(&file).map_err(failed)?;
            let stored: KeyFile = serde_json::from_slice(&bytes).map_err(|_| Error::NotAKey { file: file.clone() })?;
            let seed = URL_SAFE_NO_PAD.decode(stored.seed).ok().and_then(|seed| <[u8; 32]>::try_from(seed).ok());
            let seed = seed.ok_or_else(|| Error::NotAKey { file: file.clone() })?;
            return Ok(Self { kid: stored.kid, key: SigningKey::from_bytes(&seed) });
        }
        let mut seed = [0_u8; 32];
        getrandom::fill(&mut seed).map_err(|error| failed(std::io::Error::other(error)))?;
        let key = Self::from_seed(seed);
        let stored = KeyFile { kid: key.kid.clone(), seed: URL_SAFE_NO_PAD.encode(seed) };
        fs::create_dir_all(&folder).map_err(failed)?;
        let json = serde_json::to_vec(&stored).map_err(|error| failed(std::io::Error::other(error)))?;
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&file) {
            Ok(mut out) => out.write_all(&json).and_then(|()| out.sync_all()).map_err(failed)?,
            // Another process made it a moment ago.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return Self::open(data_dir),
            Err(error) => return Err(failed(error)),
        }
        Ok(key)
    }

    /// The key that 32 bytes of randomness make.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        let key = SigningKey::from_bytes(&seed);
        let print = Sha256::digest(key.verifying_key().as_bytes());
        Self { kid: hex::encode(&print[..6]), key }
    }

    /// Name of the key: the first 12 hexadecimal digits of the SHA-256 of its public half.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half, base64url.
    pub fn public(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.key.verifying_key().as_bytes())
    }
}

/// What we say of a record when we publish it. Field names as in `open-directory/1`.
#[derive(Clone, Debug, Serialize)]
pub struct Statement<'a> {
    v: u8,
    origin: &'a str,
    kind: Kind,
    id: Uuid,
    epoch: &'a str,
    rev: i64,
    state: &'static str,
    changed: String,
    schema: &'static str,
    license: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_hash: Option<String>,
    kid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sig: Option<String>,
}

/// Schema that our records follow, as statements name it.
const SCHEMA: &str = "https://openreferraluk.org/specifications/3.0";

/// Who signs, and under which name and licence.
#[derive(Clone, Debug)]
pub struct Signer {
    key: Key,
    origin: String,
    licence: String,
}

/// What a statement is about.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// Kind of the record.
    pub kind: Kind,
    /// Its id.
    pub id: Uuid,
    /// The epoch in force.
    pub epoch: &'a str,
    /// The position at which it stands.
    pub position: i64,
    /// When its content changed.
    pub changed: chrono::DateTime<chrono::Utc>,
    /// Its canonical content; none for a record that is gone.
    pub canonical: Option<&'a [u8]>,
}

impl Signer {
    /// A signer for the directory at `origin`.
    pub fn new(key: Key, origin: String, licence: String) -> Self {
        Self { key, origin, licence }
    }

    /// The signed statement as JSON.
    pub fn sign(&self, about: About<'_>) -> String {
        let mut statement = Statement {
            v: 1,
            origin: &self.origin,
            kind: about.kind,
            id: about.id,
            epoch: about.epoch,
            rev: about.position,
            state: if about.canonical.is_some() { "updated" } else { "deleted" },
            changed: crate::clock::rfc3339(about.changed),
            schema: SCHEMA,
            license: &self.licence,
            data_hash: about.canonical.map(|bytes| format!("sha-256:{}", URL_SAFE_NO_PAD.encode(Sha256::digest(bytes)))),
            kid: &self.key.kid,
            sig: None,
        };
        let mut message = DOMAIN.to_vec();
        message.extend(canonical(&statement));
        statement.sig = Some(URL_SAFE_NO_PAD.encode(self.key.key.sign(&message).to_bytes()));
        serde_json::to_string(&statement).expect("a statement has string keys only")
    }
}

/// RFC 8785 canonical JSON.
pub fn canonical(value: &impl Serialize) -> Vec<u8> {
    serde_json_canonicalizer::to_vec(value).expect("documents hold finite numbers and string keys only")
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signature, VerifyingKey};
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_statement_verifies_with_the_public_key_and_a_changed_one_does_not() {
        let signer =
            Signer::new(Key::from_seed([7; 32]), "https://directory.example.org/".into(), "https://licence.example.org/".into());
        let data = canonical(&serde_json::json!({"name": "Pantry", "id": "x"}));
        let about = About {
            kind: Kind::Service,
            id: Uuid::nil(),
            epoch: "e1",
            position: 42,
            changed: chrono::DateTime::UNIX_EPOCH,
            canonical: Some(&data),
        };
        let mut statement: Value = serde_json::from_str(&signer.sign(about)).unwrap();
        let sig = statement.as_object_mut().unwrap().remove("sig").unwrap();
        let bytes: [u8; 64] = URL_SAFE_NO_PAD.decode(sig.as_str().unwrap()).unwrap().try_into().unwrap();
        let public: [u8; 32] = URL_SAFE_NO_PAD.decode(signer.key.public()).unwrap().try_into().unwrap();
        let key = VerifyingKey::from_bytes(&public).unwrap();
        let message = |statement: &Value| [DOMAIN, &canonical(statement)].concat();
        assert!(key.verify_strict(&message(&statement), &Signature::from_bytes(&bytes)).is_ok());
        statement["rev"] = 43.into();
        assert!(key.verify_strict(&message(&statement), &Signature::from_bytes(&bytes)).is_err());
    }

    #[test]
    fn a_key_is_made_once_and_only_its_owner_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let made = Key::open(folder.path()).unwrap();
        assert_eq!(Key::open(folder.path()).unwrap().public(), made.public());
        let file = folder.path().join("keys/signing.json");
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions()) & 0o777, 0o600);
        fs::write(&file, "{}").unwrap();
        assert!(matches!(Key::open(folder.path()), Err(Error::NotAKey { .. })));
    }
}
