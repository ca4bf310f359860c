//! What followers compare with what they have, as types: the same words make our answers and the schemas
//! in `schema/federation/`.

use schemars::JsonSchema;
use serde::Serialize;
use url::Url;

use crate::model::Kind;

/// A document that names the key that signed it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Sealed<T> {
    /// What is said.
    #[serde(flatten)]
    pub said: T,
    /// The key that signed.
    #[schemars(extend("examples" = ["9a0d5b3c7e11"]))]
    pub kid: String,
    /// The signature over everything else, base64url without padding.
    #[schemars(extend("examples" = ["R0tLq0Zp2Yw5b1m8nJc4xk7fVd3sAe9hT6uGqLiOoPzNyBrWtKjXvMhUcEfDgSaQ1l0Iw2R8p4m6n5b7v9c3xA"]))]
    pub sig: String,
}

/// `/federation/v1/checkpoint`: where everything of ours stands.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Checkpoint {
    /// This directory.
    #[schemars(extend("examples" = ["https://directory.luton.example.org/"]))]
    pub origin: Url,
    /// The epoch of the numbers.
    #[schemars(extend("examples" = ["0197b2c0a1d47c1e8a3f0d7e5c6b4a39"]))]
    pub epoch: String,
    /// The latest change number.
    #[schemars(extend("examples" = [1_764_000_000_000_123_i64]))]
    pub head: i64,
    /// A follower at an earlier number must compare everything.
    #[schemars(extend("examples" = [1_763_000_000_000_000_i64]))]
    pub min_safe: i64,
    /// Number of live records.
    #[schemars(extend("examples" = [1_200]))]
    pub count_live: i64,
    /// Number of tombstones.
    #[schemars(extend("examples" = [34]))]
    pub count_deleted: i64,
    /// SHA-256 over the values of all buckets, hexadecimal.
    #[schemars(extend("examples" = ["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]))]
    pub digest_root: String,
    /// The latest snapshot, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<SnapshotName>,
    /// When it was signed, RFC 3339.
    #[schemars(extend("examples" = ["2026-11-22T06:00:00.000Z"]))]
    pub issued: String,
    /// When it expires, RFC 3339.
    #[schemars(extend("examples" = ["2026-11-23T06:00:00.000Z"]))]
    pub expires: String,
}

/// Which snapshot it is.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SnapshotName {
    /// The latest change number in it.
    #[schemars(extend("examples" = [1_764_000_000_000_123_i64]))]
    pub seq: i64,
    /// Hash of the file, hexadecimal.
    #[schemars(extend("examples" = ["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]))]
    pub sha256: String,
}

/// `/federation/v1/digest`: sums over own records, in 256 buckets.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Digest {
    /// This directory.
    #[schemars(extend("examples" = ["https://directory.luton.example.org/"]))]
    pub origin: Url,
    /// The epoch of the numbers.
    #[schemars(extend("examples" = ["0197b2c0a1d47c1e8a3f0d7e5c6b4a39"]))]
    pub epoch: String,
    /// The latest change number in the sums.
    #[schemars(extend("examples" = [1_764_000_000_000_123_i64]))]
    pub seq: i64,
    /// The values, hexadecimal, from bucket 0 to bucket 255; the example shows one of them.
    #[schemars(length(equal = 256), extend("examples" = [["5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c9456"]]))]
    pub buckets: Vec<String>,
    /// SHA-256 over the values of all buckets, hexadecimal.
    #[schemars(extend("examples" = ["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]))]
    pub root: String,
}

/// `/federation/v1/digest/{bucket}`: the records of one bucket.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Bucket {
    /// This directory.
    #[schemars(extend("examples" = ["https://directory.luton.example.org/"]))]
    pub origin: Url,
    /// The epoch of the numbers.
    #[schemars(extend("examples" = ["0197b2c0a1d47c1e8a3f0d7e5c6b4a39"]))]
    pub epoch: String,
    /// Which bucket, from 0 to 255.
    #[schemars(extend("examples" = [17]))]
    pub bucket: u8,
    /// The latest change number included.
    #[schemars(extend("examples" = [1_764_000_000_000_123_i64]))]
    pub seq: i64,
    /// Its records, including tombstones.
    pub items: Vec<Listed>,
}

/// A record as a bucket lists it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Listed {
    /// What it is.
    #[schemars(extend("examples" = ["service"]))]
    pub kind: Kind,
    /// Its id.
    #[schemars(extend("examples" = ["ac148810-d857-441c-9679-408f346de14b"]))]
    pub id: uuid::Uuid,
    /// Its change number.
    #[schemars(extend("examples" = [1_764_000_000_000_123_i64]))]
    pub rev: i64,
    /// Whether it exists.
    pub state: super::protocol::ItemState,
    /// Hash of its data, as in its statement; empty for a tombstone.
    #[schemars(extend("examples" = ["sha-256:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"]))]
    pub hash: String,
}

/// `/federation/v1/snapshot`: which file contains all our own records.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SnapshotPointer {
    /// This directory.
    #[schemars(extend("examples" = ["https://directory.luton.example.org/"]))]
    pub origin: Url,
    /// The file.
    #[schemars(extend("examples" = ["https://directory.luton.example.org/federation/v1/snapshots/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.ndjson.zst"]))]
    pub url: String,
    /// The epoch of `seq`.
    #[schemars(extend("examples" = ["0197b2c0a1d47c1e8a3f0d7e5c6b4a39"]))]
    pub epoch: String,
    /// The latest change number in it.
    #[schemars(extend("examples" = [1_764_000_000_000_123_i64]))]
    pub seq: i64,
    /// Items in it.
    #[schemars(extend("examples" = [1_234]))]
    pub records: u64,
    /// Size of the file, in bytes.
    #[schemars(extend("examples" = [456_789]))]
    pub bytes: u64,
    /// Hash of the file, hexadecimal.
    #[schemars(extend("examples" = ["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]))]
    pub sha256: String,
    /// When it was made, RFC 3339.
    #[schemars(extend("examples" = ["2026-11-22T06:00:00.000Z"]))]
    pub issued: String,
}
