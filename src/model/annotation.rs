//! What this directory adds to a record that another one publishes, as everybody sees it: it stands in
//! the published document as `local_annotation`, never in the record.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Name of the member.
pub const MEMBER: &str = "local_annotation";

/// A note added by this directory. Terms it adds are among the record's attributes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// What people here should know.
    pub note: String,
}

impl Remark {
    /// What stands in a document.
    pub fn of(extra: &Map<String, Value>) -> Option<Self> {
        extra.get(MEMBER).and_then(|value| Self::deserialize(value).ok())
    }
}
