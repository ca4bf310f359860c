//! Our own complete export: one private record a line, everything that is needed to put it back
//! exactly as it was. Anybody can write such a line, so over a record that is here it has no more rights than a feed.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{Taken, said};
use crate::{
    model::{
        Document, Kind,
        personal::{self, Personal},
        tidy::{self, Dropped},
    },
    records::{self, Draft, Kept, State, Stored},
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

/// Make of a line about a record that is here, `stored`, what a feed could say: neither whose it is nor who changed it,
/// and nothing that lets a contact be seen. Gives what of the line counts for nothing, and contacts that are new and look
/// like a person's.
/// # Errors
/// When what is stored cannot be read.
pub(super) fn as_from_a_feed(draft: &mut Draft, stored: &Stored) -> Result<(Option<Dropped>, Vec<Personal>), records::Error> {
    draft.kept = None;
    let is_followed = !stored.origin.is_empty() && !draft.origin.is_empty();
    let says_the_same = draft.document.to_json() == stored.document;
    if is_followed {
        let differs = !says_the_same || draft.state != stored.state;
        draft.document = stored.read()?;
        (draft.state, draft.origin) = (stored.state, stored.origin.clone());
        let (kind, id, owner) = (stored.kind, stored.id, &stored.origin);
        let reason = format!("the {kind} {id} belongs to {owner} and comes from there: it is left unchanged");
        return Ok((differs.then(|| Dropped { path: "document".to_owned(), reason }), Vec::new()));
    }
    draft.origin.clear();
    if !stored.origin.is_empty() {
        // Vocabulary that belongs to nobody becomes ours, as visible as it is.
        draft.state = stored.state;
    }
    if says_the_same {
        return Ok((None, Vec::new()));
    }
    let mut found = personal::decide(&mut draft.document);
    let mut before = stored.read()?;
    let known: Vec<Uuid> = before.contact_lists().into_iter().flatten().map(|contact| contact.id).collect();
    found.retain(|one| !known.contains(&one.contact));
    Ok((None, found))
}
