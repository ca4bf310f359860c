//! Changing the keys that sign, while nobody signs.
//!
//! Keys change under the counter, which whoever signs holds as well. So of two that change them at the same moment
//! the second goes on from what the first has made, and a retired key has signed nothing at a later number: followers
//! would refuse that.

use crate::{
    published,
    records::Records,
    signing::{self, Keyring},
};

/// Begin to sign with a new key, which the present one vouches for. `compromised` says that somebody else may have
/// the present one.
/// # Errors
/// When the database fails, or the files of the keys cannot be used; then the present key still signs.
pub async fn rotate_keys(records: &Records, compromised: bool) -> anyhow::Result<()> {
    let (origin, now) = (records.signer().origin(), records.clock().now());
    change(records, |ring| ring.rotate(origin, now, compromised)).await
}

/// Say that somebody else may have a key that does not sign any more. Whether there is such a key.
/// # Errors
/// When the database fails, or the files of the keys cannot be used; then nothing has changed.
pub async fn revoke_key(records: &Records, kid: &str) -> anyhow::Result<bool> {
    let now = records.clock().now();
    change(records, |ring| ring.revoke(kid, now)).await
}

async fn change<T>(records: &Records, with: impl FnOnce(&mut Keyring) -> Result<T, signing::Error>) -> anyhow::Result<T> {
    let tx = records.database().write().await?;
    let _counter = published::lock(&tx).await?;
    let changed = records.signer().change(with)?;
    tx.commit().await?;
    Ok(changed)
}
