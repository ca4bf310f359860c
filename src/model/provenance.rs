//! Where a record comes from that another directory publishes: what stands in it as `provenance`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Name of the member.
pub const MEMBER: &str = "provenance";
/// Name of the member in it that says when the record came.
pub const FETCHED_AT: &str = "fetched_at";

/// How certain it is that a record is what its source published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// Its source signed it with a key that has been approved here.
    Signed,
    /// It was read from its source and there is no further proof.
    Attested,
}

/// Where a record comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Identity of the directory that publishes it.
    pub origin: String,
    /// Name of that directory.
    pub source: String,
    /// Its id there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its web address there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Its licence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// Attribution to show with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribution: Option<String>,
    /// How certain its origin is.
    pub evidence: Evidence,
    /// Name of the directory that passed it on, if it did not come directly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// When it was received, RFC 3339.
    pub fetched_at: String,
    /// Since when it has not been confirmed, RFC 3339, if longer than a week.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unconfirmed_since: Option<String>,
}

impl Provenance {
    /// What stands in a document; none in our own.
    pub fn of(extra: &Map<String, Value>) -> Option<Self> {
        extra.get(MEMBER).and_then(|value| Self::deserialize(value).ok())
    }
}
