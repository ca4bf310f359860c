//! Answers in a form: whole and with an `ETag` where there is an end in sight, otherwise read while
//! they are sent; then only lines of everything have an `ETag`, for it is known before they are read.

use axum::{
    body::Body,
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use futures_util::{
    StreamExt as _,
    stream::{iter, try_unfold},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use url::Url;
use uuid::Uuid;

use super::{Format, Writer, file_name, write::as_data};
use crate::{
    clock,
    http::{Parameters, Problem, caching},
    model::{Kind, Organization},
    published::shelf::{AT_ONCE, Entry, Error, Form, Found, Shelf, in_pieces},
    publishing::{Directory, lists::MOST_PER_PAGE, times},
    search::Period,
};

/// Documents that are read at once.
const BATCH: usize = 100;

/// What is wanted, and in which form.
#[derive(Clone, Debug)]
pub(in crate::publishing) struct Wanted {
    /// The form.
    pub(in crate::publishing) format: Format,
    /// The kind of what is wanted.
    pub(in crate::publishing) kind: Kind,
    /// Lines: which form of each document.
    pub(in crate::publishing) form: Form,
    /// Lines: only ids and moments.
    pub(in crate::publishing) minimal: bool,
    /// These documents in this order, or all of the kind.
    pub(in crate::publishing) ids: Option<Vec<Uuid>>,
    /// When the dates of events are that are shown.
    pub(in crate::publishing) period: Period,
}

/// The answer with all that is wanted. Up to as much as a page may hold, and as is held in memory, it is made whole and
/// has an `ETag`; beyond that it is a stream, which takes little memory however long it gets.
pub(in crate::publishing) async fn list(directory: &Directory, wanted: Wanted, headers: &HeaderMap) -> Result<Response, Problem> {
    let name = file_name(wanted.kind);
    named(directory, wanted, name, &directory.name.clone(), headers).await
}

/// The same, for a file called `file` with the title `title`.
async fn named(directory: &Directory, wanted: Wanted, file: &str, title: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    let format = wanted.format;
    let count = wanted.ids.as_ref().map_or_else(|| directory.shelf.count(wanted.kind), Vec::len);
    let version = version_of_everything(directory, &wanted);
    let run = Run::new(directory, wanted, title);
    let mut response = if count <= MOST_PER_PAGE {
        let made = tokio::task::spawn_blocking(move || run.whole()).await.map_err(|error| Problem::internal(&error))??;
        match made {
            (whole, None) => whole_answer(headers, format, whole),
            (beginning, Some(run)) => stream_answer(headers, format, version.as_ref(), beginning, run),
        }
    } else {
        stream_answer(headers, format, version.as_ref(), Vec::new(), run)
    };
    if let Some(disposition) = format.disposition(file).and_then(|text| HeaderValue::from_str(&text).ok()) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, disposition);
    }
    Ok(response)
}

/// An answer that is known as a whole. Its `ETag` is made of its bytes: other documents than those
/// that are listed may have a say in them.
pub(super) fn whole_answer(headers: &HeaderMap, format: Format, whole: Vec<u8>) -> Response {
    let version = caching::Version { etag: caching::etag_of_bytes(&whole), changed_at: None };
    caching::respond::<Problem>(headers, &version, format.content_type(), || Ok(whole.into()))
}

/// What makes two exports of everything of a kind the same, where that is known before they are read: lines are sent as
/// they lie on the shelf. Other forms say as well what takes place from now on.
fn version_of_everything(directory: &Directory, wanted: &Wanted) -> Option<caching::Version> {
    if wanted.format != Format::Ndjson || wanted.ids.is_some() {
        return None;
    }
    let (epoch, position) = directory.shelf.state();
    let said = format!("{epoch} {} {} {:?} {}", position.0, wanted.kind.as_str(), wanted.form, wanted.minimal);
    Some(caching::Version { etag: caching::etag_of_bytes(said.as_bytes()), changed_at: None })
}

fn stream_answer(
    asked: &HeaderMap,
    format: Format,
    version: Option<&caching::Version>,
    beginning: Vec<u8>,
    run: Run,
) -> Response {
    let is_fresh = version.is_some_and(|version| caching::is_fresh(asked, version));
    let mut response = if is_fresh { StatusCode::NOT_MODIFIED.into_response() } else { stream(format, beginning, run) };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching::PUBLIC));
    if let Some(etag) = version.and_then(|version| HeaderValue::from_str(&version.etag).ok()) {
        headers.insert(header::ETAG, etag);
    }
    response
}

/// What was made already, and then the rest.
fn stream(format: Format, beginning: Vec<u8>, run: Run) -> Response {
    let beginning = (!beginning.is_empty()).then(|| Ok(Bytes::from(beginning)));
    let rest = try_unfold(Some(run), |run| async move {
        let Some(run) = run else { return Ok(None) };
        let step = tokio::task::spawn_blocking(move || run.step()).await.map_err(std::io::Error::other)?;
        let (bytes, run) = step.map_err(std::io::Error::other)?;
        Ok::<_, std::io::Error>(Some((Bytes::from(bytes), run)))
    });
    let mut response = Body::from_stream(iter(beginning).chain(rest)).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    response
}

/// One document in a form other than JSON.
pub(in crate::publishing) async fn document(
    directory: &Directory,
    found: Found,
    format: Format,
    parameters: &Parameters,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let kind = found.entry.kind;
    if format == Format::Jsonld {
        let period = times::period(directory, None);
        let data =
            as_data(&directory.public_url, kind, &found.bytes, Some(&period)).map(|data| data.to_string()).unwrap_or_default();
        return Ok(whole_answer(headers, format, data.into_bytes()));
    }
    let id = found.entry.id;
    let (ids, title) = if kind == Kind::Organization {
        let organization: Organization = serde_json::from_slice(&found.bytes).map_err(|error| Problem::internal(&error))?;
        (calendar_of(directory, id, parameters.flag("full_service")?)?, organization.name)
    } else {
        (vec![id], directory.name.clone())
    };
    let wanted =
        Wanted { format, kind, form: Form::Full, minimal: false, ids: Some(ids), period: times::period(directory, None) };
    named(directory, wanted, "calendar", &title, headers).await
}

/// What stands in the calendar of an organization: its events, and, where asked for, the hours of
/// its services (but not of those that stand for its events).
fn calendar_of(directory: &Directory, organization: Uuid, hours: bool) -> Result<Vec<Uuid>, Problem> {
    #[derive(Deserialize)]
    struct Owned {
        organization_id: Option<Uuid>,
        event_id: Option<Uuid>,
    }
    let kinds: &[Kind] = if hours { &[Kind::Event, Kind::Service] } else { &[Kind::Event] };
    let mut found = Vec::new();
    for kind in kinds {
        let ids = directory.shelf.belonging_to(*kind, organization);
        let mut bytes = Vec::new();
        let entries = directory.shelf.these(&ids, Form::Brief, b'\n', &mut bytes)?;
        for (entry, line) in entries.iter().zip(bytes.split(|byte| *byte == b'\n')) {
            let owned = serde_json::from_slice::<Owned>(line).ok();
            if owned.is_some_and(|owned| owned.organization_id == Some(organization) && owned.event_id.is_none()) {
                found.push(entry.id);
            }
        }
    }
    Ok(found)
}

/// An answer that is being made.
struct Run {
    shelf: std::sync::Arc<Shelf>,
    source: Source,
    writer: Writer,
    form: Form,
    lines: bool,
    minimal: bool,
    begun: bool,
}

impl Run {
    fn new(directory: &Directory, wanted: Wanted, title: &str) -> Self {
        let base: &Url = &directory.public_url;
        let lines = wanted.format == Format::Ndjson;
        Self {
            shelf: directory.shelf.clone(),
            writer: Writer::new(wanted.format, wanted.kind, base, title).with_dates(wanted.period),
            source: match wanted.ids {
                Some(ids) => Source::These(ids.into_iter()),
                None => Source::All { kind: wanted.kind, after: None },
            },
            form: if lines { wanted.form } else { Form::Full },
            lines,
            minimal: lines && wanted.minimal,
            begun: false,
        }
    }

    /// The next piece, and how it goes on; `None` when that was the last.
    fn step(mut self) -> Result<(Vec<u8>, Option<Self>), Error> {
        let mut out = if std::mem::replace(&mut self.begun, true) { Vec::new() } else { self.writer.begin() };
        let mut bytes = Vec::new();
        let entries = self.source.next(&self.shelf, self.form, &mut bytes)?;
        if entries.is_empty() {
            out.extend(self.writer.end());
            return Ok((out, None));
        }
        if self.minimal {
            out.extend(entries.iter().flat_map(|entry| minimal(entry).into_bytes().into_iter().chain([b'\n'])));
            return Ok((out, Some(self)));
        }
        if self.lines {
            // They lie on the shelf as they are sent.
            return Ok((bytes, Some(self)));
        }
        let beside = |id| self.shelf.get(id, Form::Full).ok().flatten().filter(|found| found.entry.live).map(|found| found.bytes);
        let documents = entries.iter().map(|entry| entry.kind).zip(bytes.split(|byte| *byte == b'\n'));
        out.extend(self.writer.add(documents, &beside));
        Ok((out, Some(self)))
    }

    /// All of it; or the beginning, and how it goes on, where that is more than is held in memory at once.
    fn whole(self) -> Result<(Vec<u8>, Option<Self>), Error> {
        let (mut all, mut run) = (Vec::new(), Some(self));
        while all.len() <= AT_ONCE
            && let Some(next) = run.take()
        {
            let (bytes, further) = next.step()?;
            all.extend(bytes);
            run = further;
        }
        Ok((all, run))
    }
}

/// The id and the last change of a document, as JSON.
pub(in crate::publishing) fn minimal(entry: &Entry) -> String {
    format!("{{\"id\":\"{}\",\"last_modified\":\"{}\"}}", entry.id, clock::rfc3339(entry.changed_at()))
}

/// Where documents come from.
enum Source {
    All { kind: Kind, after: Option<Uuid> },
    These(std::vec::IntoIter<Uuid>),
}

impl Source {
    /// The next documents; none at the end.
    fn next(&mut self, shelf: &Shelf, form: Form, out: &mut Vec<u8>) -> Result<Vec<Entry>, Error> {
        match self {
            Self::All { kind, after } => {
                let entries = shelf.lines_after(*kind, *after, BATCH, form, out)?;
                *after = entries.last().map(|entry| entry.id);
                Ok(entries)
            }
            Self::These(ids) => loop {
                let some = next_piece(shelf, ids, form);
                let entries = shelf.these(&some, form, b'\n', out)?;
                // All of some may have gone away meanwhile, and others stand behind them.
                if some.is_empty() || !entries.is_empty() {
                    return Ok(entries);
                }
            },
        }
    }
}

/// Take as many ids as a piece has documents, and those before and between them that lead to none.
fn next_piece(shelf: &Shelf, ids: &mut std::vec::IntoIter<Uuid>, form: Form) -> Vec<Uuid> {
    let some: Vec<Uuid> = ids.as_slice().iter().take(BATCH).copied().collect();
    let there = shelf.entries_of(&some);
    let piece = in_pieces(&there, form).next().unwrap_or_default();
    let last = piece.last().filter(|_| piece.len() < there.len());
    let until = last.and_then(|last| some.iter().position(|id| *id == last.id)).map_or(some.len(), |at| at + 1);
    ids.take(until).collect()
}
