//! People in backups: who they are, their roles, what they keep. Their secrets are not: links, sessions
//! and tokens of an old backup must not open anything.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::{Identity, KnownPasskey, Membership, Person, members, passkeys, people};
use crate::db::{self, Transaction};

/// Somebody, with what they keep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopiedPerson {
    /// Who.
    pub person: Person,
    /// What they keep.
    pub keeps: Vec<Membership>,
    /// The public halves of their passkeys.
    #[serde(default)]
    pub passkeys: Vec<KnownPasskey>,
}

/// Everybody, as things are in a snapshot.
/// # Errors
/// When the database fails.
pub async fn copy(snapshot: &Transaction) -> Result<Vec<CopiedPerson>, db::Error> {
    let kept = members::everything_kept(snapshot).await?;
    let people = people::everybody(snapshot).await?;
    let keys = passkeys::everybodys(snapshot).await?;
    let keys_of = |person: &Person| keys.iter().filter(|key| key.person == person.id).cloned().collect();
    let keeps = |person: &Person| kept.iter().filter(|one| one.person == person.id).cloned().collect();
    Ok(people.into_iter().map(|person| CopiedPerson { keeps: keeps(&person), passkeys: keys_of(&person), person }).collect())
}

/// Put people back, but only where there are none: who is here now has been decided since the backup was
/// made, and who was forgotten stays forgotten.
/// # Errors
/// When the database fails.
pub async fn put_back(tx: &Transaction, copied: &[CopiedPerson]) -> Result<(), db::Error> {
    if !people::everybody(tx).await?.is_empty() {
        return Ok(());
    }
    for one in copied {
        people::put_back(tx, &one.person).await?;
        for membership in &one.keeps {
            members::put_back(tx, membership).await?;
        }
        for key in &one.passkeys {
            passkeys::put_back(tx, key).await?;
        }
    }
    Ok(())
}

/// What history calls everybody who is here.
/// # Errors
/// When the database fails.
pub async fn known(tx: &Transaction) -> Result<HashSet<String>, db::Error> {
    Ok(people::everybody(tx).await?.into_iter().map(|person| Identity::known_as(person.id)).collect())
}
