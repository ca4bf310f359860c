//! What a pull did, and how it ended.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Comparison, Trouble};

/// What a pull did. The names are those of `peer pull --json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// Name of the peer.
    pub peer: String,
    /// `ok`: there is nothing more at the moment; `partial`: there is, and the next pull goes on;
    /// `held`: a person has to decide; `failed`.
    pub outcome: Outcome,
    /// Pages that were read of its feeds and lists, and calendars. Neither a snapshot nor what was fetched record by record
    /// is a page.
    pub pages: u64,
    /// Records that were not here before.
    pub created: u64,
    /// Records that were different before.
    pub updated: u64,
    /// Records that were the same before.
    pub unchanged: u64,
    /// Records that were taken out.
    pub deleted: u64,
    /// Records that wait for a person, because the peer is under review.
    pub waiting: u64,
    /// Records that could not be taken.
    pub quarantined: u64,
    /// Deletions that wait for a person.
    pub held_deletes: u64,
    /// Whether only links to its records are shown.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub links_only: bool,
    /// What was left out, and how often: `echo`, `third-party`, `older`, `known-term`, `dropped-part`, `drift`, `private`, `other-kind`,
    /// `no-series`, `no-dates`, `too-many-dates`; `out-of-scope`; of what was passed on: `direct`, `other-route`, `too-far`,
    /// `looped`, `bad-hop`, `unknown-origin`, `unknown-key`, `not-here`; what was `repaired`; whether the `snapshot` was taken over, and whether the directory has `moved`.
    pub left_out: BTreeMap<String, u64>,
    /// Bytes of the answers to these requests, without their heads, as they came over the wire.
    pub bytes: u64,
    /// Requests that were made, whatever for.
    pub requests: u64,
    /// Answers that said that nothing has changed.
    pub not_modified: u64,
    /// The last change number that was applied.
    pub cursor: i64,
    /// How many pulls in a row, with this one, have not come to the end of what the peer tells.
    pub unfinished: u32,
    /// What a comparison with the peer's checkpoint found, where there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compared: Option<Comparison>,
    /// What went wrong.
    pub error: Option<Trouble>,
}

/// How a pull ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Everything is here.
    #[default]
    Ok,
    /// There is more.
    Partial,
    /// A person has to decide.
    Held,
    /// It did not work; what came before stays.
    Failed,
}
