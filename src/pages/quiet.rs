//! Which listings others had better not know that somebody reads.

use std::collections::HashSet;

use uuid::Uuid;

use super::{data, listing};
use crate::{
    http::Problem,
    model::{Event, Kind, Service},
    published::shelf::Form,
    publishing::Directory,
};

/// Whether it is not to be known of a listing how often it is looked at: it is sensitive, or belongs to
/// somebody who has one that is, or is not public any more.
/// # Errors
/// When the disk fails.
pub fn keeps_quiet(directory: &Directory, id: Uuid) -> Result<bool, Problem> {
    let Some(found) = directory.shelf.get(id, Form::Full)?.filter(|found| found.entry.live) else { return Ok(true) };
    Ok(match found.entry.kind {
        Kind::Service => match serde_json::from_slice::<Service>(&found.bytes) {
            Ok(one) => is_quiet_service(directory, &one)?,
            Err(_) => true,
        },
        Kind::Event => match serde_json::from_slice::<Event>(&found.bytes) {
            Ok(one) => is_quiet_event(directory, &one)?,
            Err(_) => true,
        },
        Kind::Organization => {
            let services = data::these::<Service>(directory, &directory.shelf.belonging_to(Kind::Service, id), Form::Full)?;
            let events = data::these::<Event>(directory, &directory.shelf.belonging_to(Kind::Event, id), Form::Full)?;
            services.iter().any(|found| listing::is_sensitive(&found.document))
                || !events_among(directory, events.iter().map(|found| &found.document))?.is_empty()
        }
        _ => true,
    })
}

/// Those of these events that others had better not see one read about: for what they are, or for the service that they
/// belong to, of which their own terms may say nothing.
/// # Errors
/// When the disk fails.
pub(super) fn events_among<'a>(
    directory: &Directory,
    events: impl IntoIterator<Item = &'a Event>,
) -> Result<HashSet<Uuid>, Problem> {
    let (by_themselves, others): (Vec<&Event>, Vec<&Event>) =
        events.into_iter().partition(|event| listing::is_sensitive_event(event));
    let theirs: HashSet<Uuid> = others.iter().filter_map(|event| event.service_id).map(Uuid::from).collect();
    let theirs: Vec<Uuid> = theirs.into_iter().collect();
    let services = data::these::<Service>(directory, &theirs, Form::Full)?;
    let quiet: HashSet<Uuid> =
        services.iter().filter(|found| listing::is_sensitive(&found.document)).map(|found| found.entry.id).collect();
    let by_service =
        others.into_iter().filter(|event| event.service_id.is_some_and(|service| quiet.contains(&Uuid::from(service))));
    Ok(by_themselves.into_iter().chain(by_service).map(|event| Uuid::from(event.id)).collect())
}

/// The same for one event.
/// # Errors
/// When the disk fails.
pub(super) fn is_quiet_event(directory: &Directory, event: &Event) -> Result<bool, Problem> {
    Ok(!events_among(directory, [event])?.is_empty())
}

/// The same for a service, which may stand for an event.
/// # Errors
/// When the disk fails.
pub(super) fn is_quiet_service(directory: &Directory, service: &Service) -> Result<bool, Problem> {
    if listing::is_sensitive(service) {
        return Ok(true);
    }
    let Some(event) = service.event_id else { return Ok(false) };
    let events = data::these::<Event>(directory, &[event.into()], Form::Full)?;
    Ok(!events_among(directory, events.iter().map(|found| &found.document))?.is_empty())
}
