//! Lists: pages in the envelope of the standard, or everything in one of the [`forms`].

use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use uuid::Uuid;

use super::{
    Directory, Filters, documents,
    forms::{self, Format},
};
use crate::{
    http::{Parameters, Problem, caching},
    model::Kind,
    published::shelf::Form,
};

/// Items on a page unless asked for otherwise.
const PER_PAGE: usize = 50;
/// Items on a page at most.
pub(super) const MOST_PER_PAGE: usize = 1_000;
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
    format: Format,
}

impl Wanted {
    fn read(kind: Kind, format: Option<Format>, parameters: &Parameters) -> Result<Self, Problem> {
        let count = |name| -> Result<Option<usize>, Problem> {
            match parameters.parsed::<usize>(name, "a whole number from 1")? {
                Some(0) => Err(Problem::bad_parameter(name, "0", "expected a whole number from 1")),
                Some(number) if number > 1_000_000_000 => {
                    Err(Problem::bad_parameter(name, &number.to_string(), "expected a whole number up to 1,000,000,000"))
                }
                other => Ok(other),
            }
        };
        let per_page = count("per_page")?.unwrap_or(PER_PAGE);
        let format = format.map_or_else(|| Format::read(parameters, forms::of_list(kind)), Ok)?;
        Ok(Self {
            page: count("page")?.unwrap_or(1),
            per_page: per_page.min(MOST_PER_PAGE),
            cut: per_page > MOST_PER_PAGE,
            form: if parameters.flag("full")? { Form::Full } else { Form::Brief },
            minimal: parameters.flag("minimal")?,
            full_service: parameters.flag("full_service")?,
            format,
        })
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
    let filters = Filters::read(kind, parameters)?;
    let chosen = if filters.is_empty() { None } else { Some(filters.run(directory, kind).await?) };
    match wanted.format {
        Format::Json => page(directory, kind, wanted, chosen.as_deref(), headers),
        Format::Atom => forms::newest(directory, kind, chosen.as_deref(), parameters, headers),
        format => {
            let Wanted { form, minimal, .. } = wanted;
            forms::list(directory, forms::Wanted { format, kind, form, minimal, ids: chosen }, headers).await
        }
    }
}

fn page(
    directory: &Directory,
    kind: Kind,
    wanted: Wanted,
    chosen: Option<&[Uuid]>,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let from = (wanted.page - 1).saturating_mul(wanted.per_page);
    let until = from.saturating_add(wanted.per_page);
    // Room for the envelope, which stands before the documents but is known only after them: a page
    // of whole documents is large, and is not to be copied once more.
    let mut contents = Vec::from([b' '; ENVELOPE]);
    let (total, entries) = match chosen {
        None => directory.shelf.page(kind, from..until, wanted.form, b',', &mut contents)?,
        Some(ids) => {
            let slice = &ids[from.min(ids.len())..until.min(ids.len())];
            (ids.len(), directory.shelf.these(slice, wanted.form, b',', &mut contents)?)
        }
    };
    let mut hashes: Vec<u64> = entries.iter().map(|entry| entry.hash).collect();
    if wanted.minimal {
        contents.truncate(ENVELOPE);
        contents.extend(entries.iter().map(forms::minimal).collect::<Vec<_>>().join(",").into_bytes());
    } else if wanted.full_service && kind == Kind::Organization {
        contents.truncate(ENVELOPE);
        for entry in &entries {
            let Some(mut found) = directory.shelf.get(entry.id, Form::Full)? else { continue };
            hashes.extend(documents::with_services(directory, entry.id, &mut found.bytes)?);
            contents.append(&mut found.bytes);
            contents.push(b',');
        }
    }
    if contents.last() == Some(&b',') {
        contents.pop();
    }
    let envelope = envelope(total, wanted, entries.len());
    let shape = [u64::from(wanted.minimal), u64::from(wanted.full_service), u64::from(wanted.form == Form::Full)];
    let etag = caching::etag_of(hashes.into_iter().chain(shape).chain(envelope.bytes().map(u64::from)));
    let version = caching::Version { etag, changed_at: None };
    Ok(caching::respond::<Problem>(headers, &version, "application/json", || {
        let start = ENVELOPE - envelope.len();
        contents[start..ENVELOPE].copy_from_slice(envelope.as_bytes());
        contents.extend_from_slice(b"]}");
        Ok(Bytes::from(contents).slice(start..))
    }))
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
        page == pages,
        size == 0
    )
}
