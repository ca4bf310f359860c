//! Signatures of our own records: Ed25519 over canonical JSON, and the key they are made with.
//!
//! What is signed is a small statement about a record (whose, which, at which position, with which
//! content hash), so a signature can be checked without the record's other fields.

mod canonical;
mod keys;
mod moves;
mod ring;

use std::sync::{Arc, RwLock};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::model::Kind;
pub use canonical::{canonical, canonical_of};
pub use keys::{Endorsement, Key, Listed, Status, endorsement_of, fingerprint, kid_of, verifies};
pub use moves::{Moved, keep_move, moves};
pub use ring::{Error, Keyring};

/// Stands before the canonical statement, so that a signature cannot be taken for one of another use.
const DOMAIN: &[u8] = b"open-directory-record-v1\n";
/// The same before the list of keys.
const KEYS_DOMAIN: &[u8] = b"open-directory-keys-v1\n";

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
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    urgent: bool,
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
pub const SCHEMA: &str = "https://openreferraluk.org/specifications/3.0";

/// Who signs, and under which name and licence. Cheap to clone; clones change keys together.
#[derive(Clone, Debug)]
pub struct Signer {
    ring: Arc<RwLock<Keyring>>,
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
    /// Whether what stood there before has to be destroyed everywhere, not only replaced.
    pub urgent: bool,
    /// When its content changed.
    pub changed: chrono::DateTime<chrono::Utc>,
    /// Its canonical content; none for a record that is gone.
    pub canonical: Option<&'a [u8]>,
}

impl Signer {
    /// A signer for the directory at `origin`.
    pub fn new(ring: Keyring, origin: String, licence: String) -> Self {
        Self { ring: Arc::new(RwLock::new(ring)), origin, licence }
    }

    /// The directory that signs: its address with a slash at its end.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The keys, as they are now.
    pub fn keyring(&self) -> Keyring {
        self.ring.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Go on with the keys that another process has made. Whoever numbers what is published does this while
    /// holding the counter, under which alone keys change: so nothing is signed with a key at a number that comes
    /// after its retirement.
    /// # Errors
    /// When a file is unreadable or damaged; then everything stays as it was.
    pub fn look_again(&self) -> Result<(), Error> {
        if self.ring.read().unwrap_or_else(std::sync::PoisonError::into_inner).is_present()? {
            return Ok(());
        }
        self.change(|_| Ok(()))
    }

    /// Change the keys as their files have them now. The caller holds the counter.
    /// # Errors
    /// When a file is unreadable or damaged, or whatever `with` says.
    pub fn change<T>(&self, with: impl FnOnce(&mut Keyring) -> Result<T, Error>) -> Result<T, Error> {
        // Locked before the files are read, so that nobody puts back what was read earlier.
        let mut ring = self.ring.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut changed = ring.again()?;
        let outcome = with(&mut changed)?;
        *ring = changed;
        Ok(outcome)
    }

    /// The list of our keys, the name of the one that signs, and its signature of the list, base64url.
    pub fn sign_keys(&self) -> (Vec<Listed>, String, String) {
        let ring = self.keyring();
        let message = keys_message(&self.origin, &ring.listed);
        let (kid, sig) = (ring.active.kid().to_owned(), ring.active.sign(&message));
        (ring.listed, kid, sig)
    }

    /// `statement`, an object, with the name of our key and our signature of all that, for the use that
    /// `domain` names.
    pub fn seal(&self, domain: &[u8], mut statement: serde_json::Value) -> serde_json::Value {
        let ring = self.ring.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        statement["kid"] = ring.active.kid().into();
        let sig = ring.active.sign(&[domain, &canonical(&statement)].concat());
        statement["sig"] = sig.into();
        statement
    }

    /// The signed statement as JSON.
    pub fn sign(&self, about: About<'_>) -> String {
        let ring = self.ring.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut statement = Statement {
            v: 1,
            origin: &self.origin,
            kind: about.kind,
            id: about.id,
            epoch: about.epoch,
            rev: about.position,
            state: if about.canonical.is_some() { "updated" } else { "deleted" },
            urgent: about.urgent,
            changed: crate::clock::rfc3339(about.changed),
            schema: SCHEMA,
            license: &self.licence,
            data_hash: about.canonical.map(hash_of),
            kid: ring.active.kid(),
            sig: None,
        };
        statement.sig = Some(ring.active.sign(&record_message(&statement)));
        serde_json::to_string(&statement).expect("a statement has string keys only")
    }
}

/// What is signed of a statement about a record, which is `statement` without its signature.
pub fn record_message(statement: &impl Serialize) -> Vec<u8> {
    [DOMAIN, &canonical(statement)].concat()
}

/// The same of a statement as it came, with its signature.
pub fn message_of(signed: &serde_json::Value) -> Vec<u8> {
    match signed {
        serde_json::Value::Object(members) => [DOMAIN, &canonical::canonical_without(members, "sig")].concat(),
        other => record_message(other),
    }
}

/// Whether a statement that was sealed for the use `domain` carries the signature of one of `keys`.
pub fn seal_verifies(domain: &[u8], sealed: &serde_json::Value, keys: &[Listed]) -> bool {
    let mut statement = sealed.clone();
    let sig = statement.as_object_mut().and_then(|members| members.remove("sig"));
    let key = keys.iter().find(|key| sealed["kid"] == *key.kid && key.status != Status::Revoked);
    let sig = sig.as_ref().and_then(serde_json::Value::as_str);
    key.zip(sig).is_some_and(|(key, sig)| verifies(&key.x, &[domain, &canonical(&statement)].concat(), sig))
}

/// What is signed of a list of keys.
pub fn keys_message(origin: &str, keys: &[Listed]) -> Vec<u8> {
    [KEYS_DOMAIN, &canonical(&serde_json::json!({"origin": origin, "keys": keys}))].concat()
}

/// The hash of canonical bytes, as statements write it.
pub fn hash_of(canonical: &[u8]) -> String {
    format!("sha-256:{}", URL_SAFE_NO_PAD.encode(Sha256::digest(canonical)))
}

/// Whether a statement asks everybody to destroy what stood there before.
pub fn is_urgent(statement: &str) -> bool {
    #[derive(serde::Deserialize)]
    struct Urgent {
        #[serde(default)]
        urgent: bool,
    }
    serde_json::from_str::<Urgent>(statement).is_ok_and(|statement| statement.urgent)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_statement_verifies_with_the_public_key_and_a_changed_one_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let ring = Keyring::open(folder.path(), chrono::DateTime::UNIX_EPOCH).unwrap();
        let signer = Signer::new(ring, "https://directory.example.org/".into(), "https://licence.example.org/".into());
        let data = canonical(&serde_json::json!({"name": "Pantry", "id": "x"}));
        let about = About {
            kind: Kind::Service,
            id: Uuid::nil(),
            epoch: "e1",
            position: 42,
            urgent: false,
            changed: chrono::DateTime::UNIX_EPOCH,
            canonical: Some(&data),
        };
        let mut statement: Value = serde_json::from_str(&signer.sign(about)).unwrap();
        let sig = statement.as_object_mut().unwrap().remove("sig").unwrap();
        let public = signer.keyring().active.public();
        let message = |statement: &Value| [DOMAIN, &canonical(statement)].concat();
        assert!(verifies(&public, &message(&statement), sig.as_str().unwrap()));
        statement["rev"] = 43.into();
        assert!(!verifies(&public, &message(&statement), sig.as_str().unwrap()));
    }
}
