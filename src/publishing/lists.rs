//! Lists: pages in the envelope of the standard, or everything in one of the [`forms`].

use std::{fmt::Write as _, ops::Range};

use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Answer, Directory, Filters, documents,
    forms::{self, Format},
    long::{self, Of},
    times,
};
use crate::{
    http::{Parameters, Problem, caching},
    model::Kind,
    published::shelf::{AT_ONCE, Entry, Form, are_long, in_pieces},
};

/// Items on a page unless asked for otherwise.
const PER_PAGE: usize = 50;
/// Items on a page at most.
pub(super) const MOST_PER_PAGE: usize = 1_000;
/// The same where they are nothing but ids and moments: the standard wants all of them on one page.
const MOST_IDS: usize = 1_000_000_000;
/// The envelope before the contents has at most so many bytes: seven numbers of at most 20 digits,
/// their names, and a note.
const ENVELOPE: usize = 512;

/// How a list is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wanted {
    page: usize,
    per_page: usize,
    cut: bool,
    form: Form,
    minimal: bool,
    full_service: bool,
    snippets: bool,
    times: bool,
    format: Format,
}

impl Wanted {
    fn read(kind: Kind, format: Option<Format>, parameters: &Parameters) -> Result<Self, Problem> {
        let count = |name| -> Result<Option<usize>, Problem> {
            match parameters.parsed::<usize>(name, "a whole number from 1")? {
                Some(0) => Err(Problem::bad_parameter(name, "0", "expected a whole number from 1")),
                Some(number) if number > MOST_IDS => {
                    Err(Problem::bad_parameter(name, &number.to_string(), "expected a whole number up to 1,000,000,000"))
                }
                other => Ok(other),
            }
        };
        let [minimal, snippets, times] = [parameters.flag("minimal")?, parameters.flag("snippets")?, parameters.flag("times")?];
        let (usual, most) = if minimal && !snippets && !times { (MOST_IDS, MOST_IDS) } else { (PER_PAGE, MOST_PER_PAGE) };
        let per_page = count("per_page")?.unwrap_or(usual);
        let format = format.map_or_else(|| Format::read(parameters, forms::of_list(kind)), Ok)?;
        Ok(Self {
            page: count("page")?.unwrap_or(1),
            per_page: per_page.min(most),
            cut: per_page > most,
            form: if parameters.flag("full")? { Form::Full } else { Form::Brief },
            minimal,
            full_service: parameters.flag("full_service")?,
            snippets,
            times,
            format,
        })
    }

    /// Which documents of the order stand on the page.
    fn range(&self) -> Range<usize> {
        let from = (self.page - 1).saturating_mul(self.per_page);
        from..from.saturating_add(self.per_page)
    }
}

/// A list of the given kind, as the parameters want it, in the format that its address says, where
/// it says one.
pub(super) async fn list(
    directory: &Directory,
    kind: Kind,
    format: Option<Format>,
    parameters: &Parameters,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let wanted = Wanted::read(kind, format, parameters)?;
    let filters = Filters::read(kind, parameters, directory.clock.now(), directory.search.horizon())?;
    let range = if wanted.format == Format::Json { wanted.range() } else { 0..usize::MAX };
    let answer = if filters.is_everything() { None } else { Some(filters.find(directory, kind, range).await?) };
    if wanted.format == Format::Json {
        return page(directory, kind, wanted, answer.as_ref(), headers).await;
    }
    let period = times::period(directory, answer.as_ref());
    let ids: Option<Vec<Uuid>> = answer.map(|answer| answer.found.hits.iter().map(|hit| hit.id).collect());
    match wanted.format {
        Format::Atom => forms::newest(directory, kind, ids.as_deref(), parameters, headers),
        format => {
            let Wanted { form, minimal, .. } = wanted;
            forms::list(directory, forms::Wanted { format, kind, form, minimal, ids, period }, headers).await
        }
    }
}

async fn page(
    directory: &Directory,
    kind: Kind,
    wanted: Wanted,
    answer: Option<&Answer>,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    // Room for the envelope, which stands before the documents but is known only after them: a page
    // of whole documents is large, and is not to be copied once more.
    let mut contents = Vec::from([b' '; ENVELOPE]);
    let (total, entries) = match answer {
        None if wanted.minimal => directory.shelf.entries(kind, wanted.range()),
        None => directory.shelf.page(kind, wanted.range(), wanted.form, b',', &mut contents)?,
        Some(answer) => {
            let ids: Vec<Uuid> = answer.found.hits.iter().map(|hit| hit.id).collect();
            let mut entries = directory.shelf.entries_of(&ids);
            if !wanted.minimal && !are_long(&entries, wanted.form) {
                entries = directory.shelf.these(&ids, wanted.form, b',', &mut contents)?;
            }
            (answer.found.total, entries)
        }
    };
    let mut in_parts = are_long(&entries, wanted.form).then_some(Of::Documents(wanted.form));
    let mut hashes: Vec<u64> = entries.iter().map(|entry| entry.hash).collect();
    if wanted.minimal {
        in_parts = (entries.len() > MOST_PER_PAGE).then_some(Of::Ids);
        if in_parts.is_none() {
            contents.extend(entries.iter().map(forms::minimal).collect::<Vec<_>>().join(",").into_bytes());
        }
    } else if wanted.full_service && kind == Kind::Organization {
        contents.truncate(ENVELOPE);
        // A page of these may hold many megabytes: other requests are not to wait for it.
        let (shelf, organizations) = (directory.shelf.clone(), entries.clone());
        let made = tokio::task::spawn_blocking(move || documents::with_their_services(&shelf, &organizations, AT_ONCE, contents));
        let (whole, services) = made.await.map_err(|error| Problem::internal(&error))??;
        in_parts = (whole.len() > AT_ONCE).then_some(Of::OrganizationsWithServices);
        contents = whole;
        hashes.extend(services);
    }
    if contents.last() == Some(&b',') {
        contents.pop();
    }
    let envelope = envelope(total, wanted, entries.len());
    let behind = behind(directory, kind, wanted, answer, &entries)?;
    let shape = [u64::from(wanted.minimal), u64::from(wanted.full_service), u64::from(wanted.form == Form::Full)];
    let around = caching::numbers_of(envelope.as_bytes()).chain(caching::numbers_of(behind.as_bytes()));
    let etag = caching::etag_of(hashes.into_iter().chain(shape).chain(around));
    let version = caching::Version { etag, changed_at: None };
    if let Some(of) = in_parts {
        let body = || Ok(long::body(directory.shelf.clone(), of, envelope, &entries, behind));
        return Ok(caching::respond_with::<Problem>(headers, &version, "application/json", body));
    }
    Ok(caching::respond::<Problem>(headers, &version, "application/json", || {
        let start = ENVELOPE - envelope.len();
        contents[start..ENVELOPE].copy_from_slice(envelope.as_bytes());
        contents.extend_from_slice(behind.as_bytes());
        Ok(Bytes::from(contents).slice(start..))
    }))
}

/// Everything of a page behind its contents: what was understood, how far things are, why they were
/// found, when they take place.
fn behind(
    directory: &Directory,
    kind: Kind,
    wanted: Wanted,
    answer: Option<&Answer>,
    entries: &[Entry],
) -> Result<String, Problem> {
    let mut members = match answer {
        Some(answer) => why(directory, wanted, answer, entries)?,
        None => serde_json::Map::new(),
    };
    let in_a_window = answer.is_some_and(|answer| answer.window.is_some());
    if wanted.times || in_a_window && !wanted.minimal {
        let most = if in_a_window { times::MOST_DATES } else { times::NEXT_DATES };
        let shown = (&times::period(directory, answer), most);
        members.insert("times".to_owned(), times::of_entries(directory, kind, entries, shown)?.into());
    }
    let mut text = "]".to_owned();
    for (name, value) in members {
        // Writing to a string does not fail.
        let _ = write!(text, ",\"{name}\":{value}");
    }
    text.push('}');
    Ok(text)
}

/// What was understood of a search, how far things are, and why they were found.
fn why(
    directory: &Directory,
    wanted: Wanted,
    answer: &Answer,
    entries: &[Entry],
) -> Result<serde_json::Map<String, Value>, Problem> {
    let mut members = serde_json::Map::new();
    if let Some(interpreted) = answer.interpreted(directory)? {
        members.insert("interpreted".to_owned(), interpreted);
    }
    let distances: serde_json::Map<String, Value> =
        answer.found.hits.iter().filter_map(|hit| Some((hit.id.to_string(), json!(hit.metres?.round())))).collect();
    if !distances.is_empty() {
        members.insert("distances".to_owned(), distances.into());
    }
    let elsewhere: Vec<Uuid> = answer.found.hits.iter().filter(|hit| hit.is_for_elsewhere()).map(|hit| hit.id).collect();
    if !elsewhere.is_empty() {
        members.insert("for_elsewhere".to_owned(), json!(elsewhere));
    }
    if wanted.snippets {
        members.insert("snippets".to_owned(), snippets(directory, answer, entries)?.into());
    }
    Ok(members)
}

/// Why each document was found: its text with the words marked.
fn snippets(directory: &Directory, answer: &Answer, entries: &[Entry]) -> Result<serde_json::Map<String, Value>, Problem> {
    #[derive(Deserialize)]
    struct Text {
        id: Uuid,
        name: Option<String>,
        description: Option<String>,
    }
    let marked = |text: Option<&str>| text.and_then(|text| directory.search.snippet(&answer.found, text));
    let mut shown = serde_json::Map::new();
    for piece in in_pieces(entries, Form::Brief) {
        let ids: Vec<Uuid> = piece.iter().map(|entry| entry.id).collect();
        let mut bytes = Vec::new();
        directory.shelf.these(&ids, Form::Brief, b'\n', &mut bytes)?;
        let texts = bytes.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Text>(line).ok());
        shown.extend(texts.filter_map(|text| {
            let parts = [("name", marked(text.name.as_deref())), ("description", marked(text.description.as_deref()))];
            let marked: serde_json::Map<String, Value> =
                parts.into_iter().filter_map(|(member, text)| Some((member.to_owned(), json!(text?)))).collect();
            (!marked.is_empty()).then(|| (text.id.to_string(), Value::from(marked)))
        }));
    }
    Ok(shown)
}

/// Everything of a page before its contents.
fn envelope(total: usize, wanted: Wanted, size: usize) -> String {
    let pages = total.div_ceil(wanted.per_page).max(1);
    let Wanted { page, per_page, cut, .. } = wanted;
    let note =
        if cut { format!("\"per_page\":{per_page},\"note\":\"per_page was cut to {MOST_PER_PAGE}\",") } else { String::new() };
    format!(
        "{{\"total_items\":{total},\"total_pages\":{pages},\"page_number\":{page},\"size\":{size},\
         \"first_page\":{},\"last_page\":{},\"empty\":{},{note}\"contents\":[",
        page == 1,
        page >= pages,
        size == 0
    )
}
