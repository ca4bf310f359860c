//! The keys of this directory: one that signs, in a file that only its owner can read, and the list
//! of all that ever did, which the world may see.
//!
//! A new key is endorsed by the one before it, so that whoever trusts the old one can come to trust
//! the new one without asking anybody.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::canonical;
use crate::clock;

/// Stands before the canonical form of a new key, when an older one vouches for it.
const ENDORSEMENT: &[u8] = b"open-directory-key-v1\n";

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read or written.
    #[error("cannot use the key file {file}: {source}")]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file does not hold a key.
    #[error("{file} does not contain a signing key; restore it from a backup, or move it away to start with a new key")]
    NotAKey {
        /// The file.
        file: PathBuf,
    },
    /// The list beside the key does not fit it.
    #[error(
        "{file} does not list the signing key as the latest one; put back the copy from your backup, and do not move the list away (see docs/guides/backup-and-restore.md, \"Keys\")"
    )]
    NotListed {
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

    fn random() -> io::Result<Self> {
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

    fn to_file(&self) -> KeyFile {
        KeyFile { kid: self.kid.clone(), seed: URL_SAFE_NO_PAD.encode(self.key.to_bytes()) }
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

/// The key that signs, and the list of all that did.
#[derive(Clone, Debug)]
pub struct Keyring {
    folder: PathBuf,
    /// The key that signs.
    pub active: Key,
    /// Every key, oldest first; the last one signs.
    pub listed: Vec<Listed>,
}

impl Keyring {
    /// The keys in `data_dir`; the first is made at first use.
    /// # Errors
    /// When a file is unreadable or damaged. A damaged key is never replaced silently.
    pub fn open(data_dir: &Path, now: DateTime<Utc>) -> Result<Self, Error> {
        let folder = data_dir.join("keys");
        let (file, list) = (folder.join("signing.json"), folder.join("listed.json"));
        if !file.exists() {
            let failed = |source| Error::File { file: file.clone(), source };
            fs::create_dir_all(&folder).map_err(failed)?;
            let key = Key::random().map_err(failed)?;
            match write_new(&file, &key.to_file()) {
                // Another process made it a moment ago.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                other => other.map_err(failed)?,
            }
        }
        if !list.exists() {
            let listed = vec![first(&read_key(&file)?, now)];
            replace(&list, &listed).map_err(|source| Error::File { file: list.clone(), source })?;
        }
        Self::read(folder)
    }

    /// The keys as their files have them now. A rotation that a crash has cut short is finished: it holds from
    /// the moment at which the new key is listed.
    fn read(folder: PathBuf) -> Result<Self, Error> {
        let (file, list) = (folder.join("signing.json"), folder.join("listed.json"));
        let (before, listed) = (read_key(&file)?, read_list(&list)?);
        let latest = listed.last().map(|last| last.kid.clone());
        let is_listed = |key: &Key| latest.as_ref() == Some(&key.kid);
        let active = if is_listed(&before) {
            before
        } else {
            let next = beside(&file);
            if read_key(&next).is_ok_and(|next| is_listed(&next)) {
                // Another process may be faster, above all the one that rotates.
                let _ = fs::rename(&next, &file);
            }
            read_key(&file)?
        };
        if is_listed(&active) { Ok(Self { folder, active, listed }) } else { Err(Error::NotListed { file: list }) }
    }

    /// Whether the list still says the same, as it does until the keys change.
    /// # Errors
    /// When the list cannot be read.
    pub(super) fn is_present(&self) -> Result<bool, Error> {
        Ok(read_list(&self.folder.join("listed.json"))? == self.listed)
    }

    /// The keys as their files have them now.
    /// # Errors
    /// As [`Keyring::open`].
    pub(super) fn again(&self) -> Result<Self, Error> {
        Self::read(self.folder.clone())
    }

    /// Begin to sign with a new key, which the old one vouches for. `compromised` says that somebody
    /// else may have the old one.
    /// # Errors
    /// When a file cannot be written; then the old key still signs.
    pub fn rotate(&mut self, origin: &str, now: DateTime<Utc>, compromised: bool) -> Result<(), Error> {
        let (file, list) = (self.folder.join("signing.json"), self.folder.join("listed.json"));
        let failed = |source| Error::File { file: file.clone(), source };
        let key = Key::random().map_err(failed)?;
        let mut listed = self.listed.clone();
        if let Some(old) = listed.last_mut() {
            old.status = if compromised { Status::Revoked } else { Status::Retired };
            old.compromised_at = compromised.then(|| clock::rfc3339(now));
        }
        let mut new = first(&key, now);
        new.endorsed_by =
            Some(Endorsement { kid: self.active.kid.clone(), sig: self.active.sign(&endorsement_of(origin, &new)) });
        listed.push(new);
        // The new key lies beside the old one until it is listed: a key that signs and is not listed would be
        // refused by everybody. Whatever stops us after that, whoever reads the files finishes it.
        put_beside(&file, &key.to_file()).map_err(failed)?;
        replace(&list, &listed).map_err(|source| Error::File { file: list, source })?;
        *self = self.again()?;
        Ok(())
    }

    /// Say that somebody else may have a key that does not sign any more, perhaps once more. Whether there is such
    /// a key.
    /// # Errors
    /// When the list cannot be written; then nothing has changed.
    pub fn revoke(&mut self, kid: &str, now: DateTime<Utc>) -> Result<bool, Error> {
        let list = self.folder.join("listed.json");
        let mut listed = self.listed.clone();
        let Some(key) = listed.iter_mut().find(|key| key.kid == kid && key.status != Status::Active) else { return Ok(false) };
        if key.status == Status::Revoked {
            return Ok(true); // said before; perhaps what followed from it was interrupted
        }
        key.status = Status::Revoked;
        key.compromised_at = Some(clock::rfc3339(now));
        replace(&list, &listed).map_err(|source| Error::File { file: list.clone(), source })?;
        self.listed = listed;
        Ok(true)
    }
}

fn first(key: &Key, now: DateTime<Utc>) -> Listed {
    Listed {
        kid: key.kid.clone(),
        kty: "OKP".to_owned(),
        crv: "Ed25519".to_owned(),
        x: key.public(),
        nbf: clock::rfc3339(now),
        status: Status::Active,
        endorsed_by: None,
        compromised_at: None,
    }
}

fn read_key(file: &Path) -> Result<Key, Error> {
    let bytes = fs::read(file).map_err(|source| Error::File { file: file.to_path_buf(), source })?;
    let stored: Option<KeyFile> = serde_json::from_slice(&bytes).ok();
    let seed = stored.and_then(|stored| URL_SAFE_NO_PAD.decode(stored.seed).ok());
    let seed = seed.and_then(|seed| <[u8; 32]>::try_from(seed).ok());
    seed.map(Key::from_seed).ok_or_else(|| Error::NotAKey { file: file.to_path_buf() })
}

fn read_list(file: &Path) -> Result<Vec<Listed>, Error> {
    let bytes = fs::read(file).map_err(|source| Error::File { file: file.to_path_buf(), source })?;
    serde_json::from_slice(&bytes).map_err(|_| Error::NotListed { file: file.to_path_buf() })
}

/// Write a file that only its owner can read, and that is not there yet.
fn write_new(file: &Path, value: &impl Serialize) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out = options.open(file)?;
    out.write_all(&serde_json::to_vec(value)?)?;
    out.sync_all()
}

/// Where a new file lies until it takes the place of `file`.
fn beside(file: &Path) -> PathBuf {
    file.with_extension("new")
}

/// Write what is to take the place of `file`.
fn put_beside(file: &Path, value: &impl Serialize) -> io::Result<()> {
    let beside = beside(file);
    if beside.exists() {
        fs::remove_file(&beside)?;
    }
    write_new(&beside, value)
}

/// Put a new file in the place of `file`: after a crash there is the old one or the new one.
fn replace(file: &Path, value: &impl Serialize) -> io::Result<()> {
    put_beside(file, value)?;
    fs::rename(beside(file), file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> DateTime<Utc> {
        DateTime::from_timestamp(1_764_000_000, 0).unwrap()
    }

    #[test]
    fn a_key_is_made_once_and_only_its_owner_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let made = Keyring::open(folder.path(), noon()).unwrap();
        assert_eq!(Keyring::open(folder.path(), noon()).unwrap().active.public(), made.active.public());
        let file = folder.path().join("keys/signing.json");
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions()) & 0o777, 0o600);
        fs::write(&file, "{}").unwrap();
        assert!(matches!(Keyring::open(folder.path(), noon()), Err(Error::NotAKey { .. })));
    }

    #[test]
    fn a_new_key_is_endorsed_by_the_one_before_it_for_this_origin_only() {
        let folder = tempfile::tempdir().unwrap();
        let origin = "https://directory.example.org/";
        let mut ring = Keyring::open(folder.path(), noon()).unwrap();
        ring.rotate(origin, noon(), false).unwrap();
        let read = Keyring::open(folder.path(), noon()).unwrap();
        assert_eq!(read.listed, ring.listed);
        let [old, new] = read.listed.as_slice() else { panic!("two keys: {:?}", read.listed) };
        assert_eq!((old.status, new.status), (Status::Retired, Status::Active));
        let endorsed = new.endorsed_by.as_ref().unwrap();
        assert_eq!(endorsed.kid, old.kid);
        assert!(verifies(&old.x, &endorsement_of(origin, new), &endorsed.sig));
        assert!(!verifies(&old.x, &endorsement_of("https://elsewhere.example.org/", new), &endorsed.sig));
        assert!(!verifies(&new.x, &endorsement_of(origin, new), &endorsed.sig));
    }

    #[test]
    fn a_rotation_that_a_crash_cuts_short_holds_once_the_new_key_is_listed() {
        let folder = tempfile::tempdir().unwrap();
        let mut ring = Keyring::open(folder.path(), noon()).unwrap();
        let (file, list) = (folder.path().join("keys/signing.json"), folder.path().join("keys/listed.json"));
        let (old_key, old_list) = (fs::read(&file).unwrap(), fs::read(&list).unwrap());
        ring.rotate("https://directory.example.org/", noon(), false).unwrap();
        let (new_key, new_list) = (fs::read(&file).unwrap(), fs::read(&list).unwrap());

        // Before it is listed, nothing has happened.
        fs::write(&file, &old_key).unwrap();
        fs::write(&list, &old_list).unwrap();
        fs::write(beside(&file), &new_key).unwrap();
        assert_ne!(Keyring::open(folder.path(), noon()).unwrap().active.kid(), ring.active.kid());
        // Afterwards the next one to look finishes it.
        fs::write(&list, &new_list).unwrap();
        let read = Keyring::open(folder.path(), noon()).unwrap();
        assert_eq!((read.active.kid(), &read.listed), (ring.active.kid(), &ring.listed));
        assert_eq!((fs::read(&file).unwrap(), beside(&file).exists()), (new_key, false));

        // An old key that somebody has put back is not taken for one.
        fs::write(&file, &old_key).unwrap();
        let refused = Keyring::open(folder.path(), noon()).unwrap_err();
        assert!(refused.to_string().contains("docs/guides/backup-and-restore.md"), "{refused}");
    }

    #[test]
    fn a_retired_key_can_be_given_up_and_the_one_that_signs_cannot() {
        let folder = tempfile::tempdir().unwrap();
        let mut ring = Keyring::open(folder.path(), noon()).unwrap();
        let old = ring.active.kid().to_owned();
        assert!(!ring.revoke(&old, noon()).unwrap(), "it signs");
        ring.rotate("https://directory.example.org/", noon(), false).unwrap();
        assert!(ring.revoke(&old, noon()).unwrap());
        assert!(ring.revoke(&old, noon() + chrono::Duration::days(1)).unwrap(), "signing again may have been interrupted");
        assert_eq!(ring.listed[0].compromised_at.as_deref(), Some(clock::rfc3339(noon()).as_str()));
        let read = Keyring::open(folder.path(), noon()).unwrap().listed;
        assert_eq!((read[0].status, read[0].compromised_at.is_some(), read[1].status), (Status::Revoked, true, Status::Active));
    }

    #[test]
    fn a_fingerprint_is_read_aloud_in_groups_of_four() {
        let key = Key::from_seed([7; 32]);
        let print = fingerprint(&key.public()).unwrap();
        assert_eq!(print.split(' ').count(), 8);
        assert_eq!(fingerprint("not a key"), None);
    }
}
