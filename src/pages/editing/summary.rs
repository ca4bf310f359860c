//! What each part of a listing says, as those who keep it read it in the overview.

use chrono::NaiveDate;
use maud::{Markup, html};
use uuid::Uuid;

use super::{dates, sections::Section};
use crate::{
    model::{
        Document, Location, Phone, ServiceAtLocation, ServiceStatus,
        event::EventStatus,
        values::{EmailAddress, WebAddress},
    },
    pages::{parts, times, words},
};

/// What a part of a listing says.
pub(super) fn summary(section: Section, document: &Document, places: &[(Location, i64)], categories: &[String]) -> Markup {
    let text = |text: Option<&str>| html! { @if let Some(text) = text { (parts::paragraphs(text)) } @else { p class="hint" { "Nothing yet" } } };
    match (section, document) {
        (Section::About, Document::Service(one)) => text(one.description.as_deref()),
        (Section::About, Document::Event(one)) => text(one.description.as_deref()),
        (Section::About, Document::Organization(one)) => text(Some(&one.description)),
        (Section::Who, Document::Service(one)) => {
            let ages = words::ages(one.minimum_age, one.maximum_age);
            text(one.eligibility_description.as_deref().or(ages.as_deref()))
        }
        (Section::Who, Document::Event(one)) => text(one.eligibility_description.as_deref()),
        (Section::Times, Document::Service(one)) => {
            let all = one.schedules.iter().chain(one.service_at_locations.iter().flat_map(|link| &link.schedules));
            let said = times::in_order(all, NaiveDate::MIN);
            html! { @if said.is_empty() { p class="hint" { "Nothing yet" } } ul class="plain" { @for one in said { li { (one) } } } }
        }
        (Section::Dates, Document::Event(one)) => {
            html! {
                p { (times::span(one.start.naive(), one.end.naive())) @if let Some(rule) = &one.rrule { br; (dates::repeats(rule)) } @if let Some(notes) = &one.notes { br; (notes) } }
                ul { @for words in dates::singles(one).values() { li { (words) } } }
            }
        }
        (Section::Place, _) => html! {
            @if places.is_empty() { p class="hint" { "Nothing yet. If there is no place that people go to, leave it empty." } }
            @for (place, _) in places {
                p {
                    (place.name.as_deref().unwrap_or_default()) " "
                    @if let Some(address) = place.addresses.first() { (address.address_1) ", " (address.city) ", " (address.postal_code) }
                }
            }
        },
        (Section::Cost, Document::Service(one)) => {
            let costs = words::costs(one.fees_description.as_deref().or(one.fees.as_deref()), &one.cost_options);
            text(Some(costs.join("; ")).as_deref().filter(|words| !words.is_empty()))
        }
        (Section::Cost, Document::Event(one)) => {
            let costs = words::costs(None, &one.cost_options);
            text(Some(costs.join("; ")).as_deref().filter(|words| !words.is_empty()))
        }
        (Section::Contact, Document::Service(one)) => {
            reach(&one.phones, one.email.as_ref().map(EmailAddress::as_str), one.url.as_ref().map(WebAddress::as_str))
        }
        (Section::Contact, Document::Organization(one)) => {
            reach(&one.phones, one.email.as_ref().map(EmailAddress::as_str), one.website.as_ref().map(WebAddress::as_str))
        }
        (Section::Contact, Document::Event(one)) => reach(&one.phones, None, one.booking_url.as_ref().map(WebAddress::as_str)),
        (Section::Status, Document::Service(one)) => html! {
            p { (match one.status { ServiceStatus::Active => "Open as usual", ServiceStatus::TemporarilyClosed => "Closed for now", _ => "Closed" }) }
            @if let Some(alert) = &one.alert { p { (alert) } }
        },
        (Section::Status, Document::Event(one)) => html! {
            p { (match one.status { EventStatus::Scheduled => "It takes place", EventStatus::Postponed => "Postponed", EventStatus::Cancelled => "Cancelled" }) }
        },
        (Section::Categories, _) => html! {
            @if categories.is_empty() { p class="hint" { "Nothing yet" } }
            @else { p { (words::list(categories)) } }
        },
        _ => html! {},
    }
}

/// Whether a service takes place in several places.
pub(super) fn has_several_places(document: &Document) -> bool {
    matches!(document, Document::Service(service) if service.service_at_locations.len() > 1)
}

/// A way to change each of several places, or the times there.
pub(super) fn each_place(id: Uuid, section: Section, document: &Document, places: &[(Location, i64)]) -> Markup {
    let Document::Service(service) = document else { return html! {} };
    let name = |link: &ServiceAtLocation| {
        let (place, _) = places.iter().find(|(place, _)| Some(place.id) == link.location_id)?;
        place.name.clone().or_else(|| place.addresses.first().map(|address| address.address_1.clone()))
    };
    html! {
        ul {
            @for (at, link) in service.service_at_locations.iter().enumerate() {
                @let what = if section == Section::Times { "Change the times at" } else { "Change" };
                li { a href=(format!("/account/listings/{id}/{}?place={}", section.word(), link.id)) { (what) " " (name(link).unwrap_or_else(|| format!("place {}", at + 1))) } }
            }
        }
    }
}

fn reach(phones: &[Phone], email: Option<&str>, web: Option<&str>) -> Markup {
    let all: Vec<&str> = phones.iter().map(|phone| phone.number.as_str()).chain(email).chain(web).collect();
    html! { @if all.is_empty() { p class="hint" { "Nothing yet" } } @for one in all { p { (one) } } }
}
