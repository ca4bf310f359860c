//! An event series as an Open Referral UK service, so that software that knows only the standard
//! sees it too. The standard has weekly and monthly schedules and no exceptions, so a series is
//! told as several (see `schedules`); the exact dates are in the event itself.

mod schedules;

use chrono::{DateTime, Utc};

use super::render::projected_service_id;
use crate::{
    ids,
    model::{
        Event, Location, LocationPolicy, Service, ServiceAtLocation, ServiceStatus, annotation, event::EventStatus, occurrences,
        provenance,
    },
};

/// The service that stands for `event`, as things are at `now`: its places are added with [`link`].
pub fn as_service(event: &Event, now: DateTime<Utc>) -> Service {
    let status = match event.status {
        EventStatus::Cancelled => ServiceStatus::Inactive,
        // It will be held, although its dates are past.
        EventStatus::Postponed => ServiceStatus::TemporarilyClosed,
        EventStatus::Scheduled if occurrences::last_end(event).is_some_and(|end| end <= now) => ServiceStatus::Inactive,
        EventStatus::Scheduled => ServiceStatus::Active,
    };
    let mut service = empty_service(event, status);
    service.description.clone_from(&event.description);
    service.url = event.url.clone().or_else(|| event.online_url.clone());
    service.eligibility_description.clone_from(&event.eligibility_description);
    service.application_process = event.booking_url.as_ref().map(|url| format!("Book at {url}"));
    service.minimum_age = event.minimum_age;
    service.maximum_age = event.maximum_age;
    service.phones.clone_from(&event.phones);
    service.contacts.clone_from(&event.contacts);
    service.languages.clone_from(&event.languages);
    service.cost_options.clone_from(&event.cost_options);
    service.attributes.clone_from(&event.attributes);
    service.schedules = schedules::of(event, now);
    service
}

/// Whether what is published of an event would be different if it was rendered at `now`, only
/// because time has passed: a series has ended, or single dates have come within reach.
pub fn has_aged(event: &Event, published: &Service, now: DateTime<Utc>) -> bool {
    let fresh = as_service(event, now);
    let dates = |service: &Service| -> Vec<_> {
        service.schedules.iter().map(|one| (one.id, one.valid_from, one.valid_to, one.opens_at.clone())).collect()
    };
    fresh.status != published.status || dates(&fresh) != dates(published)
}

/// The event's place as the place of the service that stands for it.
pub fn link(event: &Event, place: &Location, policy: LocationPolicy) -> ServiceAtLocation {
    let id = uuid::Uuid::from(event.id);
    ServiceAtLocation {
        id: ids::derived(id, "service_at_location").into(),
        service_id: Some(projected_service_id(id).into()),
        location_id: Some(place.id),
        description: None,
        contacts: Vec::new(),
        phones: Vec::new(),
        schedules: Vec::new(),
        service_areas: Vec::new(),
        location: None,
        service: None,
        attributes: Vec::new(),
        metadata: Vec::new(),
        location_policy: Some(policy),
        extra: serde_json::Map::new(),
    }
}

fn empty_service(event: &Event, status: ServiceStatus) -> Service {
    Service {
        id: projected_service_id(event.id.into()).into(),
        organization_id: Some(event.organization_id),
        program_id: None,
        name: event.name.clone(),
        alternate_name: None,
        description: None,
        url: None,
        additional_urls: Vec::new(),
        email: None,
        status,
        interpretation_services: None,
        application_process: None,
        fees: None,
        fees_description: None,
        wait_time: None,
        accreditations: None,
        licenses: None,
        eligibility_description: None,
        minimum_age: None,
        maximum_age: None,
        assured_date: None,
        freshness: None,
        assurer_email: None,
        alert: None,
        last_modified: None,
        phones: Vec::new(),
        schedules: Vec::new(),
        service_areas: Vec::new(),
        service_at_locations: Vec::new(),
        languages: Vec::new(),
        organization: None,
        funding: Vec::new(),
        cost_options: Vec::new(),
        program: None,
        required_documents: Vec::new(),
        contacts: Vec::new(),
        capacities: Vec::new(),
        attributes: Vec::new(),
        metadata: Vec::new(),
        event_id: Some(event.id),
        extra: event
            .extra
            .iter()
            .filter(|(name, _)| [provenance::MEMBER, annotation::MEMBER].contains(&name.as_str()))
            .map(|(name, from)| (name.clone(), from.clone()))
            .collect(),
    }
}

#[cfg(test)]
mod tests;
