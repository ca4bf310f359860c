//! One document by its id.

use axum::response::Response;
use http::HeaderMap;
use serde_json::Value;
use uuid::Uuid;

use super::{
    Directory,
    forms::{self, Format},
    times,
};
use crate::{
    http::{Parameters, Problem, caching},
    model::Kind,
    published::shelf::{Entry, Error, Form, Found, Shelf},
};

/// The document of the given kind under `id`, in the format that the parameters want.
pub(super) async fn document(
    directory: &Directory,
    kind: Kind,
    id: &str,
    parameters: &Parameters,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let (id, format) = forms::asked(kind, id, parameters)?;
    let found = find(directory, kind, id)?;
    if format != Format::Json {
        return forms::document(directory, found, format, parameters, headers).await;
    }
    let version = caching::Version { etag: found.entry.etag(), changed_at: Some(found.entry.changed_at()) };
    if kind == Kind::Organization && parameters.flag("full_service")? {
        let mut body = found.bytes;
        let services = directory.shelf.belonging_to(Kind::Service, found.entry.id);
        let services = with_services(&directory.shelf, &services, &mut body)?;
        let etag = caching::etag_of(services.into_iter().chain([found.entry.hash]));
        let version = caching::Version { etag, changed_at: None };
        return Ok(caching::respond::<Problem>(headers, &version, "application/json", || Ok(body.into())));
    }
    if kind == Kind::Event || parameters.flag("times")? {
        return with_times(directory, kind, found, headers);
    }
    Ok(caching::respond::<Problem>(headers, &version, "application/json", || Ok(found.bytes.into())))
}

/// A document with when it is open, or next takes place.
fn with_times(directory: &Directory, kind: Kind, found: Found, headers: &HeaderMap) -> Result<Response, Problem> {
    let mut body = found.bytes;
    let mut tag = vec![found.entry.hash];
    if let Some(Value::Object(times)) = times::of(directory, kind, &body)? {
        for (name, value) in times {
            body.pop();
            body.extend_from_slice(format!(",\"{name}\":{value}}}").as_bytes());
            tag.extend(value.to_string().bytes().map(u64::from));
        }
    }
    let version = caching::Version { etag: caching::etag_of(tag), changed_at: None };
    Ok(caching::respond::<Problem>(headers, &version, "application/json", || Ok(body.into())))
}

/// The document of the given kind under `id`, 404 where there never was one, 410 where there was.
pub(super) fn find(directory: &Directory, kind: Kind, id: &str) -> Result<Found, Problem> {
    let absent = || {
        Problem::not_found(format!("there is no {} {:?}", kind.as_str().replace('_', " "), crate::model::text::shorten(id, 80)))
    };
    let uuid = Uuid::try_parse(id).map_err(|_| absent())?;
    let found = directory.shelf.get(uuid, Form::Full)?.filter(|found| found.entry.kind == kind).ok_or_else(absent)?;
    if found.entry.live {
        return Ok(found);
    }
    Err(Problem::gone(found.entry.changed_at(), &String::from_utf8_lossy(&found.bytes)))
}

/// Append whole organizations with their full services to `out`, each with a comma behind it, until there are more than
/// `most` bytes. Gives it back, with the hashes of the services of all of them.
pub(super) fn with_their_services(
    shelf: &Shelf,
    organizations: &[Entry],
    most: usize,
    mut out: Vec<u8>,
) -> Result<(Vec<u8>, Vec<u64>), Error> {
    let ids: Vec<Uuid> = organizations.iter().map(|entry| entry.id).collect();
    let mut hashes = Vec::new();
    for (id, services) in ids.iter().zip(shelf.belonging_to_each(Kind::Service, &ids)) {
        if out.len() > most {
            hashes.extend(shelf.entries_of(&services).iter().map(|entry| entry.hash));
            continue;
        }
        let Some(mut found) = shelf.get(*id, Form::Full)?.filter(|found| found.entry.live) else { continue };
        hashes.extend(with_services(shelf, &services, &mut found.bytes)?);
        out.append(&mut found.bytes);
        out.push(b',');
    }
    Ok((out, hashes))
}

/// Put an organization's full services into its document. Gives their hashes.
fn with_services(shelf: &Shelf, services: &[Uuid], body: &mut Vec<u8>) -> Result<Vec<u64>, Error> {
    body.pop();
    body.extend_from_slice(b",\"services\":[");
    let entries = shelf.these(services, Form::Full, b',', body)?;
    if !entries.is_empty() {
        body.pop();
    }
    body.extend_from_slice(b"]}");
    Ok(entries.iter().map(|entry| entry.hash).collect())
}
