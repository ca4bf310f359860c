//! Whether a peer's words are its own: which of its keys are trusted, and whether a statement is
//! signed by one of them and speaks of the data beside it.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::super::{
    peers::Cursor,
    protocol::{Discovery, ItemState, Statement},
};
use crate::signing::{self, Listed, Status};

/// A directory has at most so many keys, with those that it does not name any more.
pub(super) const MOST_KEYS: usize = 64;

/// Why a statement is not believed. The names do not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// It speaks of another record than the item that it stands in.
    OtherRecord,
    /// It speaks of a record of another directory.
    OtherOrigin,
    /// Its number is of another epoch than the page that it stands on.
    OtherEpoch,
    /// The data are not those that it was made for.
    OtherData,
    /// The key that it names is not trusted.
    UnknownKey,
    /// The key was given up because somebody else may have it, and this is first seen afterwards.
    RevokedKey,
    /// The key does not sign any more, and this has a larger number than anything that it can have signed.
    RetiredKey,
    /// The signature is not that of the key.
    BadSignature,
    /// There is none, although keys were approved.
    Unsigned,
}

impl Doubt {
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::OtherRecord => "statement-of-another-record",
            Self::OtherOrigin => "statement-of-another-origin",
            Self::OtherEpoch => "statement-of-another-epoch",
            Self::OtherData => "hash-mismatch",
            Self::UnknownKey => "unknown-key",
            Self::RevokedKey => "revoked-key",
            Self::RetiredKey => "retired-key",
            Self::BadSignature | Self::Unsigned => "bad-signature",
        }
    }

    pub(super) fn said(self) -> &'static str {
        match self {
            Self::OtherRecord => "the signed statement is about a different record, version or state from the item it is in",
            Self::OtherOrigin => "the signed statement is about another directory's record",
            Self::OtherEpoch => "the signed statement is from a different epoch than the page it is on: it is an old one",
            Self::OtherData => "the data does not match the signed statement",
            Self::UnknownKey => "the statement is signed with a key that has not been approved here",
            Self::RevokedKey => "the statement is signed with a key that was revoked because someone else may have it",
            Self::RetiredKey => "the statement is newer than the last one that the retired key it names can have signed",
            Self::BadSignature => "the signature was not made by the key it names",
            Self::Unsigned => "it is not signed, although this directory's keys were approved",
        }
    }
}

/// Whether a statement carries the signature of the key that it names. Of all that is checked this takes longest and
/// depends on nothing here, so it can be found out before.
#[derive(Clone, Debug)]
pub(super) struct Carried {
    /// The public half of that key.
    x: String,
    verifies: bool,
}

impl Carried {
    /// The signature of a statement, as it came and as it was read; none where none of these keys is named.
    pub(super) fn by(raw: &Value, statement: &Statement, keys: &[Listed]) -> Option<Self> {
        let key = keys.iter().find(|key| key.kid == statement.kid)?;
        Some(Self { x: key.x.clone(), verifies: carries_signature(raw, statement, key) })
    }
}

fn carries_signature(raw: &Value, statement: &Statement, key: &Listed) -> bool {
    signing::verifies(&key.x, &signing::message_of(raw), &statement.sig)
}

/// The item that a statement stands in.
pub(super) struct Beside<'a> {
    pub(super) origin: &'a str,
    pub(super) kind: &'a str,
    pub(super) id: &'a str,
    pub(super) epoch: &'a str,
    pub(super) rev: i64,
    pub(super) state: ItemState,
    pub(super) hash: Option<&'a str>,
    /// What is known of the signature already.
    pub(super) carried: Option<&'a Carried>,
}

/// Note how far the feed goes for keys that have stopped signing: nothing larger can be theirs.
pub(super) fn note_retired(cursor: &mut Cursor, pinned: &[Listed]) {
    let retired = |kid: &str| pinned.iter().any(|key| key.kid == kid && key.status == Status::Retired);
    cursor.retired.retain(|kid, _| retired(kid));
    for key in pinned.iter().filter(|key| key.status == Status::Retired) {
        cursor.retired.entry(key.kid.clone()).or_insert(cursor.after);
    }
}

/// Check a statement, as it came and as it was read, against the item and the keys that are trusted, of which those
/// that are `retired` have signed nothing beyond these numbers.
pub(super) fn check(
    raw: &Value,
    statement: &Statement,
    item: &Beside<'_>,
    keys: &[Listed],
    retired: &BTreeMap<String, i64>,
) -> Result<(), Doubt> {
    if statement.origin != item.origin {
        return Err(Doubt::OtherOrigin);
    }
    let same = statement.v == 1
        && statement.kind == item.kind
        && statement.id == item.id
        && statement.rev == item.rev
        && statement.state == item.state;
    if !same {
        return Err(Doubt::OtherRecord);
    }
    // Nobody has signed what epoch a page is of. Without this, whoever has the host and no key could call what
    // was told before by a new name.
    if statement.epoch != item.epoch {
        return Err(Doubt::OtherEpoch);
    }
    if statement.data_hash.as_deref() != item.hash {
        return Err(Doubt::OtherData);
    }
    let key = keys.iter().find(|key| key.kid == statement.kid).ok_or(Doubt::UnknownKey)?;
    if key.status == Status::Revoked {
        return Err(Doubt::RevokedKey);
    }
    if key.status == Status::Retired && retired.get(&key.kid).is_some_and(|last| statement.rev > *last) {
        return Err(Doubt::RetiredKey);
    }
    let verifies = match item.carried.filter(|carried| carried.x == key.x) {
        Some(carried) => carried.verifies,
        None => carries_signature(raw, statement, key),
    };
    if verifies { Ok(()) } else { Err(Doubt::BadSignature) }
}

/// The keys of `discovery` that can be trusted by those who trust `pinned`: those themselves, and
/// every one that a trusted key vouches for. None when the key that signs now is not among them, or the one that
/// signed before is not named any more.
pub(super) fn trusted(pinned: &[Listed], discovery: &Discovery) -> Option<Vec<Listed>> {
    let origin = discovery.origin.as_str();
    let before = |key: &Listed| pinned.iter().find(|known| known.kid == key.kid && known.x == key.x).map(|known| known.status);
    // A key that was given up once stays given up, whatever is said of it later. One that does not sign any more
    // vouches for nobody new: otherwise its file, found years later, would be as good as the present one.
    let has_ended = |kid: &str| pinned.iter().any(|known| known.kid == kid && known.status != Status::Active);
    let mut trusted: HashMap<&str, &Listed> = HashMap::new();
    // Oldest first, so that those that vouch stand before those that they vouch for.
    for key in &discovery.keys {
        let vouched = key.endorsed_by.as_ref().filter(|by| !has_ended(&by.kid)).is_some_and(|by| {
            let message = signing::endorsement_of(origin, key);
            trusted.get(by.kid.as_str()).is_some_and(|older| signing::verifies(&older.x, &message, &by.sig))
        });
        if before(key).is_some() || vouched {
            trusted.insert(&key.kid, key);
        }
    }
    let active = discovery.keys.iter().rev().find(|key| key.status == Status::Active)?;
    let is_listed = |known: &Listed| trusted.contains_key(known.kid.as_str());
    if !is_listed(active) || has_ended(&active.kid) || !is_sound(discovery) {
        return None;
    }
    if pinned.iter().any(|known| known.status == Status::Active && !is_listed(known)) {
        return None;
    }
    // What has been retired or given up is remembered, also where it is not named any more.
    let mut kept: Vec<Listed> = pinned.iter().filter(|known| !is_listed(known)).cloned().collect();
    kept.extend(discovery.keys.iter().filter(|key| is_listed(key)).cloned());
    if kept.len() > MOST_KEYS {
        return None;
    }
    for key in &mut kept {
        match before(key) {
            Some(Status::Revoked) => key.status = Status::Revoked,
            Some(Status::Retired) if key.status == Status::Active => key.status = Status::Retired,
            _ => {}
        }
    }
    Some(kept)
}

/// Whether a list of keys is what it says: each is called after its hash, and the one that signs now
/// has signed the list. A directory without keys is sound.
pub(super) fn is_sound(discovery: &Discovery) -> bool {
    if discovery.keys.is_empty() {
        return true;
    }
    let Some(active) = discovery.keys.iter().rev().find(|key| key.status == Status::Active) else { return false };
    let message = signing::keys_message(discovery.origin.as_str(), &discovery.keys);
    discovery.keys.iter().all(|key| signing::kid_of(&key.x).as_deref() == Some(&key.kid))
        && discovery.keys_sig.iter().any(|by| by.kid == active.kid && signing::verifies(&active.x, &message, &by.sig))
}
