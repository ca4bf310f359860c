//! Which listings others had better not know that somebody reads.

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
        Kind::Service => serde_json::from_slice::<Service>(&found.bytes).map_or(true, |one| listing::is_sensitive(&one)),
        Kind::Event => match serde_json::from_slice::<Event>(&found.bytes) {
            Ok(one) => listing::is_sensitive_event(&one) || is_of_a_quiet_service(directory, &one)?,
            Err(_) => true,
        },
        Kind::Organization => {
            let services = data::these::<Service>(directory, &directory.shelf.belonging_to(Kind::Service, id), Form::Full)?;
            let events = data::these::<Event>(directory, &directory.shelf.belonging_to(Kind::Event, id), Form::Full)?;
            services.iter().any(|found| listing::is_sensitive(&found.document))
                || events.iter().any(|found| listing::is_sensitive_event(&found.document))
        }
        _ => true,
    })
}

/// Whether an event belongs to a service that others had better not see one read about: its own terms may not say so.
/// # Errors
/// When the disk fails.
pub(super) fn is_of_a_quiet_service(directory: &Directory, event: &Event) -> Result<bool, Problem> {
    let Some(service) = event.service_id else { return Ok(false) };
    let services = data::these::<Service>(directory, &[service.into()], Form::Full)?;
    Ok(services.iter().any(|found| listing::is_sensitive(&found.document)))
}
