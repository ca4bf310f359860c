//! Public documents read from the shelf as what they are.

use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::{
    http::Problem,
    model::{Kind, text::shorten},
    published::shelf::{Entry, Form},
    publishing::Directory,
};

/// A public document with what is known about it.
#[derive(Clone, Debug)]
pub(super) struct Found<T> {
    /// What is known about it.
    pub(super) entry: Entry,
    /// The document.
    pub(super) document: T,
}

/// The document of the given kind under `id`.
/// # Errors
/// 404 where there never was one, 410 where it is gone.
pub(super) fn one<T: DeserializeOwned>(directory: &Directory, kind: Kind, id: &str) -> Result<Found<T>, Problem> {
    let absent = || Problem::not_found(format!("there is no {kind} {:?}", shorten(id, 80)));
    let uuid = Uuid::try_parse(id).map_err(|_| absent())?;
    let found = directory.shelf.get(uuid, Form::Full)?.filter(|found| found.entry.kind == kind).ok_or_else(absent)?;
    if !found.entry.live {
        return Err(Problem::gone(found.entry.changed_at(), &String::from_utf8_lossy(&found.bytes)));
    }
    let document = serde_json::from_slice(&found.bytes).map_err(|error| Problem::internal(&error))?;
    Ok(Found { entry: found.entry, document })
}

/// These documents, as far as they are there and can be read, in this order.
/// # Errors
/// When the disk fails.
pub(super) fn these<T: DeserializeOwned>(directory: &Directory, ids: &[Uuid], form: Form) -> Result<Vec<Found<T>>, Problem> {
    let mut bytes = Vec::new();
    let entries = directory.shelf.these(ids, form, b'\n', &mut bytes)?;
    let lines = entries.into_iter().zip(bytes.split(|byte| *byte == b'\n'));
    Ok(lines.filter_map(|(entry, line)| Some(Found { entry, document: serde_json::from_slice(line).ok()? })).collect())
}

/// Walk over everything of a kind, one document after another.
/// # Errors
/// When the disk fails.
pub(super) fn each(directory: &Directory, kind: Kind, form: Form, mut visit: impl FnMut(&Entry, &[u8])) -> Result<(), Problem> {
    const BATCH: usize = 500;
    let mut after = None;
    loop {
        let mut bytes = Vec::new();
        let entries = directory.shelf.lines_after(kind, after, BATCH, form, &mut bytes)?;
        let Some(last) = entries.last() else { return Ok(()) };
        after = Some(last.id);
        for (entry, line) in entries.iter().zip(bytes.split(|byte| *byte == b'\n')) {
            visit(entry, line);
        }
    }
}
