//! The words of `open-directory/1`: what one directory says to another, as types. The same types make
//! our documents, read those of others, and give the schemas in `schema/federation/`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::signing::{Listed, Moved};

/// Name of the protocol, with its major version.
pub const PROTOCOL: &str = "open-directory/1";
/// Where the discovery document stands, below the origin.
pub const WELL_KNOWN: &str = ".well-known/open-directory";
/// A feed of own records only.
pub const OWN: &str = "own";
/// A feed that holds records of others as well.
pub const ALL: &str = "all";
/// Through so many directories a record may come, at most.
pub const MOST_HOPS: usize = 4;
/// Items on a page of the feed, at most.
pub const PAGE_ITEMS: u64 = 500;
/// For how long, at the least, tombstones stay in the feed, in days. Ours stay for good.
pub const TOMBSTONE_DAYS: u32 = 90;

/// `/.well-known/open-directory`: who publishes here, what, and under which keys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Discovery {
    /// Name of the protocol: `open-directory/1`.
    #[schemars(extend("examples" = ["open-directory/1"]))]
    pub protocol: String,
    /// Versions of it supported here.
    #[schemars(extend("examples" = [["1.0"]]))]
    pub versions: Vec<String>,
    /// Web address of the directory, which is its identity: lower-case host, ending in a slash. It has the scheme,
    /// host and port that this document was fetched from.
    #[schemars(extend("examples" = ["https://directory.luton.example.org/"]))]
    pub origin: Url,
    /// Conformance level: 1 is the feed; 2 adds checkpoint, snapshot and digest.
    #[schemars(extend("examples" = [1]))]
    pub level: u8,
    /// Who publishes.
    pub publisher: Publisher,
    /// The software that answers.
    #[serde(default)]
    pub software: Software,
    /// Name of the epoch: positions of one epoch cannot be compared with those of another.
    #[schemars(extend("examples" = ["0197b2c0a1d47c1e8a3f0d7e5c6b4a39"]))]
    pub epoch: String,
    /// Where the read API is.
    #[serde(default)]
    pub api: Api,
    /// Feeds that can be followed.
    pub feeds: Vec<Feed>,
    /// Where the signed checkpoint is (level 2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["https://directory.luton.example.org/federation/v1/checkpoint"]))]
    pub checkpoint: Option<Url>,
    /// Where to find which file contains all records (level 2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["https://directory.luton.example.org/federation/v1/snapshot"]))]
    pub snapshot: Option<Url>,
    /// Where to find the sums by which two directories compare their records (level 2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["https://directory.luton.example.org/federation/v1/digest"]))]
    pub digest: Option<Url>,
    /// Where to tell this directory that you have something new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["https://directory.luton.example.org/federation/v1/ping"]))]
    pub ping: Option<Url>,
    /// Where to find how up to date records from other directories are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["https://directory.luton.example.org/federation/v1/status"]))]
    pub status: Option<Url>,
    /// Schemas the records follow.
    #[serde(default)]
    pub schemas: Vec<RecordSchema>,
    /// Licence of the directory's own records.
    pub license: Licence,
    /// Every current and past signing key, oldest first.
    #[serde(default)]
    pub keys: Vec<Listed>,
    /// Signatures of `keys`.
    #[serde(default)]
    pub keys_sig: Vec<KeysSignature>,
    /// Earlier origins of the directory, each signed with a key it used there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moved_from: Vec<Moved>,
}

/// Who publishes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Publisher {
    /// Name.
    #[schemars(extend("examples" = ["Luton Borough Council"]))]
    pub name: String,
    /// Area codes of the publisher (GSS).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("examples" = [["E06000032"]]))]
    pub gss: Vec<String>,
}

/// A program.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Software {
    /// Name.
    #[serde(default)]
    #[schemars(extend("examples" = ["fingerpost"]))]
    pub name: String,
    /// Version.
    #[serde(default)]
    #[schemars(extend("examples" = ["0.1.0"]))]
    pub version: String,
}

/// Where the read API is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Api {
    /// Base of the Open Referral UK 3.0 API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["https://directory.luton.example.org/"]))]
    pub oruk_v3: Option<Url>,
    /// Its description as `OpenAPI`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["https://directory.luton.example.org/openapi.json"]))]
    pub openapi: Option<Url>,
}

/// A feed of changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Feed {
    /// `own`: records of this origin; `all`: also records of others.
    #[schemars(extend("examples" = ["own"]))]
    pub scope: String,
    /// Kinds of records in it.
    #[schemars(extend("examples" = [["organization", "service", "location", "event"]]))]
    pub kinds: Vec<String>,
    /// Its first page.
    #[schemars(extend("examples" = ["https://directory.luton.example.org/federation/v1/changes"]))]
    pub url: Url,
    /// Format of its pages: `rpde-1.0+fed`.
    #[schemars(extend("examples" = ["rpde-1.0+fed"]))]
    pub format: String,
    /// Ask no more often than this, in seconds.
    #[serde(default)]
    #[schemars(extend("examples" = [60]))]
    pub min_poll_seconds: u32,
    /// How often to ask, in seconds.
    #[serde(default)]
    #[schemars(extend("examples" = [900]))]
    pub recommended_poll_seconds: u32,
    /// Maximum number of items on a page.
    #[serde(default)]
    #[schemars(extend("examples" = [500]))]
    pub page_items: u64,
    /// Minimum number of days a tombstone stays in the feed.
    #[serde(default)]
    #[schemars(extend("examples" = [90]))]
    pub tombstone_days: u32,
}

/// A schema that records follow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecordSchema {
    /// Its name.
    #[schemars(extend("examples" = ["https://openreferraluk.org/specifications/3.0"]))]
    pub id: String,
    /// Kinds of records that follow it.
    #[schemars(extend("examples" = [["service"]]))]
    pub kinds: Vec<String>,
}

/// A licence and the attribution it requires.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Licence {
    /// Web address of its text.
    #[schemars(extend("examples" = ["https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"]))]
    pub url: String,
    /// Attribution to show with the records.
    #[serde(default)]
    #[schemars(extend("examples" = ["Contains information from the Luton directory of support"]))]
    pub attribution: String,
}

/// A signature of the list of keys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KeysSignature {
    /// The key that made it.
    #[schemars(extend("examples" = ["9a0d5b3c7e11"]))]
    pub kid: String,
    /// The signature, base64url, of `open-directory-keys-v1`, a line end, and the canonical JSON of
    /// `{"keys", "origin"}`.
    #[schemars(extend("examples" = ["R0tLq0…"]))]
    pub sig: String,
}

/// A page of the change feed: an RPDE 1.0 page with extra members. `data` of items is described separately.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Page {
    /// Address of the next page; the address of this page if nothing follows yet.
    #[schemars(extend("examples" = ["https://directory.luton.example.org/federation/v1/changes?afterChangeNumber=1764000000000123&epoch=0197b2c0a1d47c1e8a3f0d7e5c6b4a39"]))]
    pub next: String,
    /// Changed records, in order of `modified`.
    pub items: Vec<Item>,
    /// Licence of the items.
    #[schemars(extend("examples" = ["https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"]))]
    pub license: String,
    /// The epoch the change numbers belong to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["0197b2c0a1d47c1e8a3f0d7e5c6b4a39"]))]
    pub epoch: Option<String>,
    /// Which feed this is and how far it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feed: Option<FeedState>,
}

/// Which feed it is and how far it goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FeedState {
    /// The origin of its records.
    #[schemars(extend("examples" = ["https://directory.luton.example.org/"]))]
    pub origin: String,
    /// `own` or `all`.
    #[schemars(extend("examples" = ["own"]))]
    pub scope: String,
    /// The latest change number in it.
    #[schemars(extend("examples" = [1_764_000_000_000_123_i64]))]
    pub head: i64,
    /// A follower at an earlier number may have missed tombstones and must compare everything.
    #[schemars(extend("examples" = [1_763_000_000_000_000_i64]))]
    pub min_safe: i64,
}

/// Whether a record exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ItemState {
    /// The record exists, with this content.
    Updated,
    /// The record no longer exists.
    Deleted,
}

/// An item of the change feed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Item {
    /// Whether the record exists.
    #[schemars(extend("examples" = ["updated"]))]
    pub state: ItemState,
    /// Its kind.
    #[schemars(extend("examples" = ["service"]))]
    pub kind: String,
    /// Its id at its origin.
    #[schemars(extend("examples" = ["ac148810-d857-441c-9679-408f346de14b"]))]
    pub id: String,
    /// Its position in the order of changes.
    #[schemars(extend("examples" = [1_764_000_000_000_123_i64]))]
    pub modified: i64,
    /// The whole public record, as the read API gives it with `full=true`; missing in a deleted item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"id": "ac148810-d857-441c-9679-408f346de14b", "name": "Bramble Street pantry"}]))]
    pub data: Option<serde_json::Value>,
    /// The statement the origin makes and signs about it. Missing if a record of another directory is no longer
    /// passed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fed: Option<Statement>,
    /// The directories it came through after its origin, the last being that of the feed. Only in feeds of scope
    /// `all`, and only for records of other directories: there `id` and `modified` are those of the feed, and
    /// those of the origin are in `fed`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub via: Vec<Hop>,
}

/// A directory a record came through.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Hop {
    /// Its origin.
    #[schemars(extend("examples" = ["https://directory.bedfordshire.example.org/"]))]
    pub origin: String,
    /// When it was received there, RFC 3339.
    #[schemars(extend("examples" = ["2026-11-22T06:05:00.000Z"]))]
    pub received: String,
    /// The epoch of `seq`.
    #[schemars(extend("examples" = ["0197b2c0a1d47c1e8a3f0d7e5c6b4a40"]))]
    pub epoch: String,
    /// Its number in the feed there.
    #[schemars(extend("examples" = [1_764_000_000_000_456_i64]))]
    pub seq: i64,
    /// The key that signed.
    #[schemars(extend("examples" = ["9a0d5b3c7e11"]))]
    pub kid: String,
    /// The signature, base64url, of `open-directory-via-v1`, a line end, and the canonical JSON of everything here
    /// except this, with the signature of the statement as `of` (empty where there is none).
    #[schemars(extend("examples" = ["R0tLq0…"]))]
    pub sig: String,
}

/// What an origin says about a record and signs: the signature is of `open-directory-record-v1`, a line end, and
/// the canonical JSON (RFC 8785) of this without `sig`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Statement {
    /// Version of this format: 1.
    #[schemars(extend("examples" = [1]))]
    pub v: u8,
    /// The record's origin.
    #[schemars(extend("examples" = ["https://directory.luton.example.org/"]))]
    pub origin: String,
    /// Its kind.
    #[schemars(extend("examples" = ["service"]))]
    pub kind: String,
    /// Its id at its origin.
    #[schemars(extend("examples" = ["ac148810-d857-441c-9679-408f346de14b"]))]
    pub id: String,
    /// The epoch of `rev`.
    #[schemars(extend("examples" = ["0197b2c0a1d47c1e8a3f0d7e5c6b4a39"]))]
    pub epoch: String,
    /// Which version this is: larger is later. The same as the item's `modified`.
    #[schemars(extend("examples" = [1_764_000_000_000_123_i64]))]
    pub rev: i64,
    /// Whether the record exists.
    #[schemars(extend("examples" = ["updated"]))]
    pub state: ItemState,
    /// Whether earlier versions must be destroyed wherever they were stored, not just replaced.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schemars(extend("examples" = [false]))]
    pub urgent: bool,
    /// When its content changed, RFC 3339. For information only.
    #[schemars(extend("examples" = ["2026-11-22T06:00:00.000Z"]))]
    pub changed: String,
    /// Schema of the record.
    #[schemars(extend("examples" = ["https://openreferraluk.org/specifications/3.0"]))]
    pub schema: String,
    /// Licence of the record.
    #[schemars(extend("examples" = ["https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"]))]
    pub license: String,
    /// `sha-256:` and the hash of the canonical JSON of `data`, base64url; missing for a deleted record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["sha-256:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"]))]
    pub data_hash: Option<String>,
    /// The key that signed.
    #[schemars(extend("examples" = ["9a0d5b3c7e11"]))]
    pub kid: String,
    /// The signature, base64url.
    #[schemars(extend("examples" = ["R0tLq0…"]))]
    pub sig: String,
}

/// A hint that someone has something new. Nothing in it is trusted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Ping {
    /// The directory that has something new.
    #[schemars(extend("examples" = ["https://directory.centralbedfordshire.example.org/"]))]
    pub origin: String,
    /// The latest change number of its feed.
    #[serde(default)]
    #[schemars(extend("examples" = [1_764_000_000_000_123_i64]))]
    pub head: i64,
}
