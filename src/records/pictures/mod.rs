//! Pictures that belong to records. A record names one by its address; whether it does, and whether that is
//! public, decides who is shown it.

pub(super) mod store;

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{Decision, Error, Records};
use crate::{db::Transaction, formats::picture::Picture};

/// A picture that nothing refers to is kept for so long: its author may still be at it.
const ABANDONED: Duration = Duration::days(30);

/// A picture as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The record that it belongs to.
    pub record_id: Uuid,
    /// The hash of its bytes, by which it is named.
    pub hash: String,
    /// Its media type.
    pub kind: String,
    /// Its bytes.
    #[serde(with = "base64_text")]
    pub bytes: Vec<u8>,
    /// When it came.
    pub at: DateTime<Utc>,
}

mod base64_text {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(from)?).map_err(D::Error::custom)
    }
}

impl Records {
    /// Keep a picture for a record, and give its name. The same picture again is the same.
    /// # Errors
    /// When the database fails.
    pub async fn keep_picture(&self, tx: &Transaction, record: Uuid, picture: &Picture) -> Result<String, Error> {
        let hash = hex::encode(Sha256::digest(&picture.bytes));
        let kept = Kept {
            record_id: record,
            hash: hash.clone(),
            kind: picture.kind.to_owned(),
            bytes: picture.bytes.clone(),
            at: self.clock.now(),
        };
        store::put(tx, &kept).await?;
        Ok(hash)
    }

    /// The picture of a record with this name.
    /// # Errors
    /// When the database fails.
    pub async fn picture(&self, record: Uuid, hash: &str) -> Result<Option<Kept>, Error> {
        Ok(store::one(self.db.reader(), record, hash).await?)
    }

    /// Forget pictures that neither a version of their record nor a change that waits refers to. Gives how
    /// many there were.
    /// # Errors
    /// When the database fails.
    pub async fn tidy_pictures(&self) -> Result<usize, Error> {
        let mut gone = Vec::new();
        for (record, hash) in store::before(self.db.reader(), self.clock.now() - ABANDONED).await? {
            let named = |document: &str| document.contains(&hash);
            let versions = match self.history(record).await {
                Ok(versions) => versions,
                Err(Error::NotFound(_)) => Vec::new(),
                Err(error) => return Err(error),
            };
            let proposed = self.proposed_about(&[record]).await?;
            let waits = proposed.iter().any(|one| one.decision == Decision::Waiting && named(&one.document));
            if !waits && !versions.iter().any(|version| named(&version.document)) {
                gone.push((record, hash));
            }
        }
        if !gone.is_empty() {
            let tx = self.db.write().await?;
            for (record, hash) in &gone {
                store::forget(&tx, *record, hash).await?;
            }
            tx.commit().await?;
        }
        Ok(gone.len())
    }
}
