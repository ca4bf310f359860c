//! A key that signs, what the world is told of it, and whether something is signed with it.
//!
//! A new key is endorsed by the one before it, so that whoever trusts the old one can come to trust
//! the new one without asking anybody.

use std::io;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::canonical;

/// Stands before the canonical form of a new key, when an older one vouches for it.
const ENDORSEMENT: &[u8] = b"open-directory-key-v1\n";

/// The key that signs.
#[derive(Clone)]
pub struct Key {
    pub(super) kid: String,
    key: SigningKey,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({})", self.kid)
    }
}

impl Key {
    /// The key that 32 bytes of randomness make.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        let key = SigningKey::from_bytes(&seed);
        Self { kid: hex::encode(&Sha256::digest(key.verifying_key().as_bytes())[..6]), key }
    }

    /// A new key.
    pub(super) fn random() -> io::Result<Self> {
        let mut seed = [0_u8; 32];
        getrandom::fill(&mut seed).map_err(io::Error::other)?;
        Ok(Self::from_seed(seed))
    }

    /// Name of the key: the first 12 hexadecimal digits of the SHA-256 of its public half.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half, base64url.
    pub fn public(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.key.verifying_key().as_bytes())
    }

    /// A signature of `message`, base64url.
    pub(super) fn sign(&self, message: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(self.key.sign(message).to_bytes())
    }

    /// What the key is made of, base64url: for its file and nothing else.
    pub(super) fn seed(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.key.to_bytes())
    }
}

/// The name of the key with the public half `x`, base64url; none where it is no key.
pub fn kid_of(x: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(x).ok().filter(|bytes| bytes.len() == 32)?;
    Some(hex::encode(&Sha256::digest(bytes)[..6]))
}

/// How a public key is compared by people, over the telephone: its SHA-256 in groups of four
/// hexadecimal digits. None where `x` is no key.
pub fn fingerprint(x: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(x).ok().filter(|bytes| bytes.len() == 32)?;
    let hex = hex::encode(&Sha256::digest(bytes)[..16]);
    let groups: Vec<&str> = (0..hex.len()).step_by(4).map(|at| &hex[at..at + 4]).collect();
    Some(groups.join(" "))
}

/// Whether `sig` is the signature of `message` by the key `x`; all as base64url.
pub fn verifies(x: &str, message: &[u8], sig: &str) -> bool {
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
    let key =
        decode(x).and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()).and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok());
    let signature = decode(sig).and_then(|bytes| <[u8; 64]>::try_from(bytes).ok()).map(|bytes| Signature::from_bytes(&bytes));
    key.zip(signature).is_some_and(|(key, signature)| key.verify_strict(message, &signature).is_ok())
}

/// What a key may be trusted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is the current signing key.
    Active,
    /// It no longer signs; what it has signed remains valid.
    Retired,
    /// Someone else may have it: nothing that is first seen now is valid, whatever `compromised_at` says.
    Revoked,
}

/// An older key's endorsement of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Endorsement {
    /// Name of the older key.
    #[schemars(extend("examples" = ["3f8a1c22d901"]))]
    pub kid: String,
    /// Its signature, base64url, of `open-directory-key-v1`, a line end, and the canonical JSON of
    /// `{"kid", "nbf", "origin", "x"}` of the newer key.
    #[schemars(extend("examples" = ["R0tLq0…"]))]
    pub sig: String,
}

/// A public key, in the form of a JSON Web Key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Listed {
    /// Its name: the first 12 hexadecimal digits of the SHA-256 of its public half.
    #[schemars(extend("examples" = ["9a0d5b3c7e11"]))]
    pub kid: String,
    /// `OKP`.
    #[schemars(extend("examples" = ["OKP"]))]
    pub kty: String,
    /// `Ed25519`.
    #[schemars(extend("examples" = ["Ed25519"]))]
    pub crv: String,
    /// The public half, 32 bytes as base64url.
    #[schemars(extend("examples" = ["11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"]))]
    pub x: String,
    /// When it started signing, RFC 3339.
    #[schemars(extend("examples" = ["2026-11-22T06:00:00.000Z"]))]
    pub nbf: String,
    /// What it may be trusted for.
    #[schemars(extend("examples" = ["active"]))]
    pub status: Status,
    /// The key that endorses it; the first key has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endorsed_by: Option<Endorsement>,
    /// For a revoked key: when someone else may have obtained it, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["2026-11-22T06:00:00.000Z"]))]
    pub compromised_at: Option<String>,
}

/// What an older key signs when it vouches for `key` of the directory at `origin`.
pub fn endorsement_of(origin: &str, key: &Listed) -> Vec<u8> {
    let statement = serde_json::json!({"kid": key.kid, "nbf": key.nbf, "origin": origin, "x": key.x});
    [ENDORSEMENT, &canonical(&statement)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_aloud_in_groups_of_four() {
        let key = Key::from_seed([7; 32]);
        let print = fingerprint(&key.public()).unwrap();
        assert_eq!(print.split(' ').count(), 8);
        assert_eq!(fingerprint("not a key"), None);
    }
}
