//! Where a record comes from that another directory publishes: what stands in it as `provenance`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Name of the member.
pub const MEMBER: &str = "provenance";
/// Name of the member in it that says when the record came.
pub const FETCHED_AT: &str = "fetched_at";

/// How sure we are that a record is what its source says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// Its source has signed it, with a key that somebody here has approved.
    Signed,
    /// It was read at its source; there is nothing but that to prove it.
    Attested,
}

/// Where a record comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Identity of the directory that publishes it.
    pub origin: String,
    /// Name of that directory.
    pub source: String,
    /// What it is called there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its address there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Its licence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// What to say where it is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribution: Option<String>,
    /// How sure we are.
    pub evidence: Evidence,
    /// Name of the directory that passed it on, where it did not come from there itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// When it came, RFC 3339.
    pub fetched_at: String,
    /// Since when nobody has confirmed it, RFC 3339, where that is longer than a week.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unconfirmed_since: Option<String>,
}

impl Provenance {
    /// What stands in a document; none in our own.
    pub fn of(extra: &Map<String, Value>) -> Option<Self> {
        extra.get(MEMBER).and_then(|value| Self::deserialize(value).ok())
    }
}
