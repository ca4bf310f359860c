//! What others had better not see one read.

use crate::model::{Attribute, Event, Service};

/// Whether a term with this code stands for something that others had better not see one read.
pub(in crate::pages) fn is_sensitive_code(code: &str) -> bool {
    code == "safety"
        || code == "refuge"
        || ["safety-", "health-crisis", "health-alcohol-drugs", "health-gambling", "money-loan-shark"]
            .iter()
            .any(|start| code.starts_with(start))
}

fn carries_sensitive<'a>(attributes: impl IntoIterator<Item = &'a Attribute>) -> bool {
    attributes.into_iter().filter_map(|attribute| attribute.taxonomy_term.as_ref()?.code.as_deref()).any(is_sensitive_code)
}

/// Whether somebody may be in danger if others see them reading about this service.
pub(in crate::pages) fn is_sensitive(service: &Service) -> bool {
    let hides = service
        .service_at_locations
        .iter()
        .filter_map(|link| link.location.as_ref())
        .any(|place| place.location_policy.is_some());
    hides || carries_sensitive(service.classified())
}

/// The same for an event.
pub(in crate::pages) fn is_sensitive_event(event: &Event) -> bool {
    event.location.as_ref().is_some_and(|place| place.location_policy.is_some()) || carries_sensitive(&event.attributes)
}
