//! The keys of this directory: one that signs, in a file that only its owner can read, and the list
//! of all that ever did, which the world may see.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::keys::{Endorsement, Key, Listed, Status, endorsement_of};
use crate::clock;

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read or written.
    #[error("cannot use the key file {file}{}: {source}", advice(.source))]
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

/// What helps where a file cannot be used: on a server, the commands have the same user.
fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => " (run commands as the user that the server runs as)",
        _ => "",
    }
}

/// A signing key as its file holds it.
#[derive(Serialize, Deserialize)]
struct KeyFile {
    kid: String,
    seed: String,
}

impl KeyFile {
    fn of(key: &Key) -> Self {
        Self { kid: key.kid().to_owned(), seed: key.seed() }
    }
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
            match write_new(&file, &KeyFile::of(&key)) {
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
        put_beside(&file, &KeyFile::of(&key)).map_err(failed)?;
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
    use super::{super::verifies, *};

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
}
