//! Our own complete export: one private record a line, everything that is needed to put it back
//! exactly as it was.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{Taken, said};
use crate::{
    model::{Document, Kind, tidy},
    records::{Draft, Kept, State, Stored},
};

/// A line of the complete export. Only `kind` and `document` have to be there.
#[derive(Debug, Serialize, Deserialize)]
pub struct Line {
    /// Kind of the record.
    pub kind: Kind,
    /// Whether it is to be seen.
    #[serde(default)]
    pub state: State,
    /// Which directory it comes from; left out for our own.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub origin: String,
    /// What its source called it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_id: Option<String>,
    /// Which version it is, who made it, when and why.
    #[serde(flatten)]
    pub kept: Option<Kept>,
    /// When its published content last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<DateTime<Utc>>,
    /// The document.
    pub document: Value,
}

impl Line {
    /// A stored record as a line.
    /// # Errors
    /// When the stored document cannot be read.
    pub fn of(stored: Stored, last_modified: Option<DateTime<Utc>>) -> Result<Self, serde_json::Error> {
        Ok(Self {
            kind: stored.kind,
            state: stored.state,
            origin: stored.origin,
            source_id: stored.source_id,
            kept: Some(stored.kept),
            last_modified,
            document: serde_json::from_str(&stored.document)?,
        })
    }
}

/// Read a line of the complete export.
pub(super) fn take(value: Value) -> Result<Taken, String> {
    let line: Line =
        serde_path_to_error::deserialize(value).map_err(|error| format!("not a line of a complete export: {error}"))?;
    let tidied =
        tidy::tidy(line.kind, line.document, tidy::Names::Ours("")).map_err(|refused| format!("document.{}", said(&refused)))?;
    let document = Document::from_value(line.kind, tidied.value)?;
    let id: Uuid = document.id();
    let source_id =
        line.source_id.or_else(|| tidied.source_ids.iter().find(|(known, _)| *known == id).map(|(_, raw)| raw.clone()));
    let mut taken = Taken { dropped: tidied.dropped, own_export: true, ..Taken::default() };
    taken.last_modified.extend(line.last_modified.map(|at| (id, at)));
    taken.main = Some(Draft { state: line.state, origin: line.origin, source_id, kept: line.kept, ..Draft::new(document) });
    Ok(taken)
}
