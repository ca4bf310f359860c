//! What a listing lacks: what it cannot be published without, and what else would help people.

use maud::{Markup, html};
use uuid::Uuid;

use super::sections::Section;
use crate::{
    editing::{Essential, lacking},
    model::{Document, Location, LocationPolicy},
    quality::{Says, is_away},
};

/// What a listing cannot be published without and does not have yet.
pub(super) fn missing(document: &Document, places: &[(Location, i64)]) -> Vec<Section> {
    let lacking = lacking(document, places.iter().map(|(place, _)| place)).into_iter();
    lacking
        .map(|essential| match essential {
            Essential::About => Section::About,
            Essential::Times => Section::Times,
            Essential::Cost => Section::Cost,
            Essential::Contact => Section::Contact,
        })
        .collect()
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
