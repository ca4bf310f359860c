//! What is new: a feed of what changed last.

use axum::response::Response;
use http::HeaderMap;
use serde::Deserialize;
use uuid::Uuid;

use super::{Format, answer::whole_answer};
use crate::{
    formats::{address, atom},
    http::{Parameters, Problem},
    model::{Kind, text::shorten},
    published::shelf::{Entry, Form, Shelf},
    publishing::{COLLECTIONS, Directory},
};

/// Entries of a feed, unless asked for fewer or more.
const ENTRIES: usize = 50;
/// Entries of a feed at most.
const MOST: usize = 100;
/// Characters of a summary at most.
const SUMMARY: usize = 500;
/// Entries that are looked at at once.
const BATCH: usize = 1_000;

/// What a feed says of a document.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Brief {
    name: String,
    description: Option<String>,
    organization: Option<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

/// The feed of what changed last among `ids`, or among everything of `kind`.
pub(in crate::publishing) fn newest(
    directory: &Directory,
    kind: Kind,
    ids: Option<&[Uuid]>,
    parameters: &Parameters,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let most = parameters.parsed::<usize>("per_page", "a whole number from 1")?.unwrap_or(ENTRIES).clamp(1, MOST);
    let entries = latest(&directory.shelf, kind, ids, most);
    let wanted: Vec<Uuid> = entries.iter().map(|entry| entry.id).collect();
    let mut bytes = Vec::new();
    let entries = directory.shelf.these(&wanted, Form::Brief, b'\n', &mut bytes)?;
    let (path, title, folder) = place_of(kind);
    let base = &directory.public_url;
    let about = atom::Feed {
        title: format!("{}: new and changed {title}", directory.name),
        author: directory.name.clone(),
        this: format!("{}?{}", address(base, path), with_format(parameters)),
        page: address(base, "/"),
    };
    let entries: Vec<atom::Entry> = entries
        .iter()
        .zip(bytes.split(|byte| *byte == b'\n'))
        .map(|(entry, line)| {
            let brief: Brief = serde_json::from_slice(line).unwrap_or_default();
            atom::Entry {
                id: entry.id,
                title: brief.name,
                updated: entry.changed_at(),
                page: address(base, &format!("/directory/{folder}/{}", entry.id)),
                document: address(base, &format!("{path}/{}", entry.id)),
                author: brief.organization.map(|found| found.name),
                summary: brief.description.map(|text| shorten(&text, SUMMARY)),
            }
        })
        .collect();
    Ok(whole_answer(headers, Format::Atom, atom::feed(&about, &entries).into_bytes()))
}

/// The query as it was asked, `format` as the feed's own: a reader that follows the feed's link to
/// itself gets the same feed, whichever address it began with.
fn with_format(parameters: &Parameters) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters.pairs().filter(|(name, _)| *name != "format"));
    query.append_pair("format", Format::Atom.name()).finish()
}

/// Path of the list, its title, and the folder of its pages.
fn place_of(kind: Kind) -> (&'static str, &'static str, &'static str) {
    let collection = COLLECTIONS.iter().find(|collection| collection.kind == kind);
    let (path, title) = collection.map_or(("/", "records"), |found| (found.path, found.title));
    let folder = match kind {
        Kind::Organization => "organisations",
        Kind::Event => "events",
        _ => "services",
    };
    (path, title, folder)
}

/// The `most` entries that changed last, newest first; of equal ones in order of ids.
fn latest(shelf: &Shelf, kind: Kind, ids: Option<&[Uuid]>, most: usize) -> Vec<Entry> {
    let mut found: Vec<Entry> = Vec::new();
    let keep = |found: &mut Vec<Entry>, more: Vec<Entry>| {
        found.extend(more);
        found.sort_by(|a, b| b.changed_at.cmp(&a.changed_at).then(a.id.cmp(&b.id)));
        found.truncate(most);
    };
    if let Some(ids) = ids {
        for some in ids.chunks(BATCH) {
            keep(&mut found, some.iter().filter_map(|id| shelf.look_up(*id)).filter(|entry| entry.live).collect());
        }
        return found;
    }
    let mut after = None;
    loop {
        let entries = shelf.entries_after(kind, after, BATCH);
        let Some(last) = entries.last() else { return found };
        after = Some(last.id);
        keep(&mut found, entries);
    }
}
