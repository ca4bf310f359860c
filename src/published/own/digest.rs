//! A sum over our own records that tells whether somebody else has the same ones: 256 buckets, kept up
//! to date by every write, so that two directories find out what differs without telling everything.
//!
//! A record stands in the bucket of the first byte of SHA-256(kind, line end, id). The value of a
//! bucket is the sum of SHA-256(id, line end, state, line end, data hash) over its records, modulo
//! 2^256, as a big-endian number; the data hash is that of the record's statement, empty for what is
//! gone. Sums are no proof against forgery: they stand below the signed checkpoint.

use std::collections::BTreeMap;

use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::super::Published;
use crate::model::Kind;

/// How many buckets there are.
pub const BUCKETS: usize = 256;

/// One bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// The sum, big-endian.
    pub value: [u8; 32],
    /// Records that are there.
    pub live: i64,
    /// Tombstones.
    pub gone: i64,
}

impl Bucket {
    /// The bucket with another one added to it.
    #[must_use]
    pub fn plus(self, other: &Self) -> Self {
        Self { value: add(self.value, other.value), live: self.live + other.live, gone: self.gone + other.gone }
    }

    fn minus(self, other: &Self) -> Self {
        // a - b = a + (2^256 - b)
        let mut negative = other.value.map(|byte| !byte);
        let mut one = [0; 32];
        one[31] = 1;
        negative = add(negative, one);
        Self { value: add(self.value, negative), live: self.live - other.live, gone: self.gone - other.gone }
    }
}

fn add(a: [u8; 32], b: [u8; 32]) -> [u8; 32] {
    let mut sum = [0; 32];
    let mut carry = 0_u16;
    for at in (0..32).rev() {
        let digit = u16::from(a[at]) + u16::from(b[at]) + carry;
        sum[at] = digit.to_le_bytes()[0];
        carry = digit >> 8;
    }
    sum
}

/// The bucket that a record stands in.
pub fn bucket_of(kind: Kind, id: Uuid) -> u8 {
    Sha256::digest(format!("{}\n{id}", kind.as_str()))[0]
}

/// What one record adds to its bucket.
pub fn weight(id: &str, live: bool, data_hash: &str) -> Bucket {
    let state = if live { "updated" } else { "deleted" };
    let value = Sha256::digest(format!("{id}\n{state}\n{data_hash}")).into();
    Bucket { value, live: i64::from(live), gone: i64::from(!live) }
}

/// The hash of a record's content, as its statement says it; empty for what is gone.
pub fn data_hash(statement: &str) -> String {
    #[derive(Deserialize)]
    struct Hash {
        #[serde(default)]
        data_hash: String,
    }
    serde_json::from_str::<Hash>(statement).map(|hash| hash.data_hash).unwrap_or_default()
}

/// What a row adds to which bucket; nothing where it is not a record of our own.
fn of_row(row: &Published) -> Option<(u8, Bucket)> {
    let statement = row.statement.as_ref().filter(|_| row.origin.is_empty() && row.derived_from.is_none())?;
    Some((bucket_of(row.kind, row.id), weight(&row.id.to_string(), row.live, &data_hash(statement))))
}

/// What changes in the buckets when `rows` take the place of those that `replaced` finds.
pub(in crate::published) fn difference<'a>(
    rows: &[Published],
    replaced: impl Fn(&Uuid) -> Option<&'a Published>,
) -> BTreeMap<u8, Bucket> {
    let mut changed: BTreeMap<u8, Bucket> = BTreeMap::new();
    for row in rows {
        if let Some((bucket, old)) = replaced(&row.id).and_then(of_row) {
            let there = changed.entry(bucket).or_default();
            *there = there.minus(&old);
        }
        if let Some((bucket, new)) = of_row(row) {
            let there = changed.entry(bucket).or_default();
            *there = there.plus(&new);
        }
    }
    changed
}

/// One hash over all buckets: SHA-256 of their values, one after the other.
pub fn root(buckets: &[Bucket]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for bucket in buckets {
        hasher.update(bucket.value);
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_added_and_taken_away_again_leaves_nothing(a in any::<[u8; 32]>(), b in any::<[u8; 32]>()) {
            let bucket = |value| Bucket { value, live: 1, gone: 0 };
            prop_assert_eq!(bucket(a).plus(&bucket(b)).minus(&bucket(b)), bucket(a));
            prop_assert_eq!(bucket(a).plus(&bucket(b)), bucket(b).plus(&bucket(a)));
        }
    }
}
