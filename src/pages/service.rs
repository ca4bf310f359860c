//! The page of one service.

use axum::{
    extract::{Path, State},
    response::{IntoResponse as _, Redirect, Response},
};
use chrono::{DateTime, Utc};
use http::HeaderMap;
use maud::{Markup, html};
use serde_json::Value;

use super::{
    Site, areas, data, files, language,
    language::{as_written, say, weave},
    layout,
    layout::Page,
    listing::Listing,
    paging,
    parts::{self, costs_row, row, row_as_written, text_row},
    quiet, shortlist,
    words::{self, Checked},
};
use crate::{
    formats::jsonld,
    http::{Parameters, Problem},
    model::{Kind, Location, Phone, Service, ServiceAtLocation, ServiceStatus, values::EmailAddress},
};

/// The page of one service; for one that stands for an event, the way to the event's page.
pub(super) async fn show(
    State(site): State<Site>,
    Path(id): Path<String>,
    parameters: Parameters,
    headers: HeaderMap,
) -> Response {
    let found = data::one::<Service>(&site.directory, Kind::Service, &id);
    if let Ok(found) = &found
        && let Some(event) = found.document.event_id
    {
        return Redirect::temporary(&language::path(&format!("/directory/events/{event}"))).into_response();
    }
    let page = found.and_then(|found| page(&site, found.entry.changed_at(), &found.document, &parameters));
    layout::answer(&site, &headers, page)
}

/// A place of a service, with what holds for the service there.
type Here<'a> = (&'a ServiceAtLocation, &'a Location);

/// The page of a public document, with the part of its places that is asked for: of a service in two hundred libraries
/// nobody loads all at once.
/// # Errors
/// When the page that is asked for is none.
pub(super) fn page(site: &Site, changed_at: DateTime<Utc>, service: &Service, parameters: &Parameters) -> Result<Page, Problem> {
    let everywhere: Vec<Here<'_>> =
        service.service_at_locations.iter().filter_map(|link| Some((link, link.location.as_deref()?))).collect();
    let at = paging::read(parameters, everywhere.len())?;
    let shown = at.slice(&everywhere);
    let today = site.today();
    let now = Listing::of(site, service, None).at(service, site.now());
    let quiet = quiet::is_quiet_service(&site.directory, service)?;
    let path = format!("/directory/services/{}", service.id);
    let body = html! {
        @if quiet { (super::home::danger()) (super::home::to_numbers()) }
        h1 { (as_written(&service.name)) }
        @if let Some(name) = &service.alternate_name { p class="by" { (weave("Also called {name}", &[("name", as_written(name))])) } }
        @if let Some(organisation) = &service.organization {
            (parts::by(organisation))
        }
        (words::printed(today))
        (now.tags())
        (banners(service))
        @if let Some(text) = &service.description { (parts::paragraphs(text)) }
        dl class="summary" {
            (row("Who it is for", &audience(service)))
            (row("Next", &now.next().into_iter().collect::<Vec<_>>()))
            (row("When", &parts::schedules(&service.schedules, today)))
            (costs_row(&words::costs(service.fees_description.as_deref().or(service.fees.as_deref()), &service.cost_options)))
            (text_row("How to get help", service.application_process.as_deref()))
            (text_row("Waiting time", service.wait_time.as_deref()))
            (row_as_written("What to bring", &service.required_documents.iter().filter_map(|needed| needed.document.clone()).collect::<Vec<_>>()))
            (text_row("Languages", parts::languages(&service.languages).as_deref()))
            (text_row("Interpreters", service.interpretation_services.as_deref()))
            (row_as_written("Area covered", &areas::names(service)))
            (text_row("Quality marks", service.accreditations.as_deref()))
        }
        (contact(service))
        (places(service, shown, site))
        (paging::links(&path, at))
        h2 { (say("About this listing")) }
        dl class="summary" {
            (parts::terms(&service.attributes))
            @if let Some(organisation) = &service.organization { (parts::declarations(site, organisation)) }
            div { dt { (say("Checked")) } dd { (Checked::say(site, service)) } }
            (parts::origin(site, changed_at, &format!("/services/{}", service.id), &service.extra))
        }
        (shortlist::button_for(service.id.into()))
        (parts::wrong(service.id))
    };
    let title = if quiet { say("A service").to_owned() } else { service.name.clone() };
    let preview = (!quiet).then(|| service.description.as_deref().map(|text| words::summary(text, 200))).flatten();
    let trail = if quiet { Vec::new() } else { parts::organisation_step(service.organization.as_deref()) };
    Ok(Page {
        preview,
        path: Some(path),
        quiet,
        trail,
        scripts: vec![files::back_address()],
        data: Some(as_data(site, service, (shown.len() < everywhere.len()).then_some(shown))),
        ..Page::new(format!("{title}{}", at.in_title()), body)
    })
}

/// The service for machines, in `only` these of its places: all are in its data at `/services/{id}`.
fn as_data(site: &Site, service: &Service, only: Option<&[Here<'_>]>) -> Value {
    let base = &site.directory.public_url;
    let Some(only) = only else { return jsonld::service(base, service) };
    let service_at_locations = only.iter().map(|(link, _)| (*link).clone()).collect();
    jsonld::service(base, &Service { service_at_locations, ..service.clone() })
}

fn banners(service: &Service) -> Markup {
    let closed = match service.status {
        ServiceStatus::Active => None,
        ServiceStatus::TemporarilyClosed => Some("This is closed for now."),
        ServiceStatus::Inactive => Some("This is not running at the moment."),
        ServiceStatus::Defunct => Some("This has closed for good."),
    };
    html! {
        @if closed.is_some() || service.alert.is_some() {
            div class="banner" role="note" {
                @if let Some(said) = closed { p { strong { (say(said)) } } }
                @if let Some(alert) = &service.alert { p { (as_written(alert)) } }
            }
        }
    }
}

fn audience(service: &Service) -> Vec<Markup> {
    let ages = words::ages(service.minimum_age, service.maximum_age);
    let said = service.eligibility_description.clone();
    // "People aged 18 or over." says the ages already.
    let repeated =
        said.as_ref().zip(ages.as_ref()).is_some_and(|(said, ages)| said.to_lowercase().contains(&ages.to_lowercase()));
    let ages = ages.filter(|_| !repeated).map(|ages| html! { (ages) });
    said.map(|said| as_written(&said)).into_iter().chain(ages).collect()
}

fn contact(service: &Service) -> Markup {
    let more: Vec<_> = service.additional_urls.iter().map(|url| (url.label.clone(), url.url.clone())).collect();
    let rings = service.phones.iter().any(|phone| !phone.is_fax());
    let none = !rings && service.email.is_none() && service.url.is_none() && service.contacts.is_empty();
    // Without any way of its own but a fax, the organisation's as well.
    if let Some(theirs) = service.organization.as_deref().filter(|_| none) {
        let email = theirs.email.as_ref().map(EmailAddress::as_str);
        let phones: Vec<Phone> = theirs.phones.iter().chain(&service.phones).cloned().collect();
        return parts::contact(&phones, email, theirs.website.as_ref(), &more, &theirs.contacts);
    }
    parts::contact(
        &service.phones,
        service.email.as_ref().map(EmailAddress::as_str),
        service.url.as_ref(),
        &more,
        &service.contacts,
    )
}

fn places(service: &Service, places: &[Here<'_>], site: &Site) -> Markup {
    let today = site.today();
    html! {
        h2 { (say("Where")) }
        @if places.is_empty() { p { (say("No address is published. Get in touch first.")) } }
        ul class="plain" {
            @for (link, place) in places {
                li {
                    (parts::place(place))
                    @if let Some(text) = &link.description { (parts::paragraphs(text)) }
                    dl class="facts" {
                        (row("When it is here", &parts::schedules(&link.schedules, today)))
                        // A house that is open is not the service; still it says when to try.
                        @if link.schedules.is_empty() && service.schedules.is_empty() {
                            (row("The building is open", &parts::schedules(&place.schedules, today)))
                        }
                    }
                    @if !link.phones.is_empty() || !link.contacts.is_empty() { (parts::contact_here(&link.phones, &link.contacts)) }
                }
            }
        }
    }
}
