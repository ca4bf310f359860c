//! What a listing lacks: what it cannot be published without, and what else would help people.

use maud::{Markup, html};
use uuid::Uuid;

use super::sections::Section;
use crate::{
    model::{Contact, Document, Location, LocationPolicy},
    quality::{Says, is_away},
};

fn has_times(document: &Document, places: &[(Location, i64)]) -> bool {
    match document {
        Document::Service(one) => {
            !one.schedules.is_empty()
                || one.service_at_locations.iter().any(|link| !link.schedules.is_empty())
                || places.iter().any(|(place, _)| !place.schedules.is_empty())
        }
        _ => true,
    }
}

/// What a listing cannot be published without and does not have yet.
pub(super) fn missing(document: &Document, places: &[(Location, i64)]) -> Vec<Section> {
    let mut missing = Vec::new();
    let (described, priced, reachable) = match document {
        Document::Service(one) => (
            one.description.is_some(),
            one.fees.is_some() || one.fees_description.is_some() || !one.cost_options.is_empty(),
            !one.phones.is_empty() || one.email.is_some() || one.url.is_some(),
        ),
        Document::Event(one) => (
            one.description.is_some(),
            !one.cost_options.is_empty(),
            !one.phones.is_empty()
                || one.contacts.iter().any(Contact::is_public)
                || [&one.booking_url, &one.url, &one.online_url].into_iter().any(Option::is_some),
        ),
        Document::Organization(one) => {
            (!one.description.is_empty(), true, !one.phones.is_empty() || one.email.is_some() || one.website.is_some())
        }
        _ => (true, true, true),
    };
    for (there, section) in [
        (described, Section::About),
        (has_times(document, places), Section::Times),
        (priced, Section::Cost),
        (reachable, Section::Contact),
    ] {
        if !there {
            missing.push(section);
        }
    }
    missing
}

/// What else would help people, each with what it is worth and the way there.
pub(super) fn completeness(
    id: Uuid,
    document: &Document,
    places: &[(Location, i64)],
    missing: &[Section],
    may_edit: bool,
) -> Markup {
    let Document::Service(service) = document else { return html! {} };
    let is_discreet = |policy: Option<LocationPolicy>| policy.is_some_and(|policy| policy > LocationPolicy::Area);
    let away = is_away(service) || (!places.is_empty() && places.iter().all(|(place, _)| is_discreet(place.location_policy)));
    let says = Says {
        about: !missing.contains(&Section::About),
        times: !missing.contains(&Section::Times),
        contact: !missing.contains(&Section::Contact),
        cost: !missing.contains(&Section::Cost),
        who: service.eligibility_description.is_some(),
        place: away || !places.is_empty(),
        access: away
            || places.is_empty()
            || places.iter().any(|(place, _)| !place.accessibility.is_empty() || place.transportation.is_some()),
        needs: service.attributes.iter().any(|one| one.taxonomy_term_id.is_some()),
    };
    let score = says.score();
    let sections = ["about", "times", "contact", "cost", "who", "place", "place", "categories"];
    let wishes = says.parts().into_iter().zip(sections).filter(|((said, ..), _)| !said);
    html! {
        p class="small" { "This listing is " strong { (score) " %" } " complete." @if score < 100 { " To help people more, add:" } }
        ul class="small" {
            @for ((_, worth, what), section) in wishes {
                li { @if may_edit { a href=(format!("/account/listings/{id}/{section}")) { "Add " (what) } } @else { (what) } ": +" (worth) " %" }
            }
        }
    }
}
