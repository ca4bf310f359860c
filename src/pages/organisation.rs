//! The page of one organisation, with its services and events.

use axum::{
    extract::{Path, State},
    response::Response,
};
use chrono::{DateTime, Utc};
use http::HeaderMap;
use maud::html;
use uuid::Uuid;

use super::{
    Site, data,
    language::{as_written, say, weave},
    layout,
    layout::Page,
    listing::{self, Listing},
    paging,
    parts::{self, text_row},
    pictures, quiet,
    words::{self, count},
};
use crate::{
    formats::jsonld,
    http::{Parameters, Problem},
    model::{Event, Kind, Organization, Service, text::fold, values::EmailAddress},
    published::shelf::Form,
};

/// The page of one organisation.
pub(super) async fn show(
    State(site): State<Site>,
    Path(id): Path<String>,
    parameters: Parameters,
    headers: HeaderMap,
) -> Response {
    let page = async {
        let found = data::one::<Organization>(&site.directory, Kind::Organization, &id)?;
        page(&site, found.entry.changed_at(), found.document, &parameters).await
    };
    layout::answer(&site, &headers, page.await)
}

/// The page of a public document, with the part of its services and events that is asked for.
pub(super) async fn page(
    site: &Site,
    changed_at: DateTime<Utc>,
    organisation: Organization,
    parameters: &Parameters,
) -> Result<Page, Problem> {
    let owner = organisation.id;
    let (services, events, private) = site
        .aside(move |directory| {
            let ids = |kind| directory.shelf.belonging_to(kind, Uuid::from(owner));
            let mut services: Vec<Service> =
                data::these(directory, &ids(Kind::Service), Form::Full)?.into_iter().map(|found| found.document).collect();
            services.retain(|service| service.organization_id == Some(owner) && service.event_id.is_none());
            let mut events: Vec<Event> =
                data::these(directory, &ids(Kind::Event), Form::Full)?.into_iter().map(|found| found.document).collect();
            events.retain(|event| event.organization_id == owner);
            services.sort_by_key(|service| fold(&service.name));
            events.sort_by_key(|event| fold(&event.name));
            let private = quiet::events_among(directory, &events)?;
            Ok((services, events, private))
        })
        .await?;
    let sensitive = services.iter().filter(|service| listing::is_sensitive(service)).count() + private.len();
    // One listing among others is a reason to be able to leave at once; most of them are one to keep its name out of titles.
    let quiet = sensitive > 0;
    let discreet = sensitive * 2 > services.len() + events.len();
    // Both lists have the same pages, so that neither ends before its end.
    let at = paging::read(parameters, services.len().max(events.len()))?;
    let shown: Vec<Listing> = at.slice(&services).iter().map(|service| Listing::of(site, service, None)).collect();
    let dates: Vec<Listing> =
        at.slice(&events).iter().map(|event| Listing::of_event(event, private.contains(&Uuid::from(event.id)))).collect();
    let more: Vec<_> = organisation.additional_websites.iter().map(|url| (url.label.clone(), url.url.clone())).collect();
    let path = format!("/directory/organisations/{owner}");
    // Whoever shares a calendar would see what stands on a page that is to be kept quiet.
    let calendar = (!quiet && !events.is_empty()).then(|| format!("/organizations/{owner}.ics"));
    let body = html! {
        @if quiet { (super::home::danger()) (super::home::to_numbers()) }
        @if let Some(src) = organisation.logo.as_deref().and_then(|logo| pictures::public_path(logo, &site.directory.public_url)) {
            img class="logo" src=(src) alt=(organisation.logo_alt.as_deref().unwrap_or_default());
        }
        h1 { (as_written(&organisation.name)) }
        @if let Some(name) = &organisation.alternate_name { p class="by" { (weave("Also called {name}", &[("name", as_written(name))])) } }
        (parts::paragraphs(&organisation.description))
        (parts::contact(&organisation.phones, organisation.email.as_ref().map(EmailAddress::as_str), organisation.website.as_ref(), &more, &organisation.contacts))
        @if !shown.is_empty() {
            h2 { (count(services.len(), "service", "services")) }
            (listing::list(&shown, "h3"))
        }
        @if !dates.is_empty() {
            h2 { (count(events.len(), "event or workshop", "events and workshops")) }
            (listing::list(&dates, "h3"))
            @if let Some(href) = &calendar { p { a href=(href) { (say("Calendar of their events")) } } }
        }
        @if shown.is_empty() && dates.is_empty() { p { (say("This organisation has nothing listed at the moment.")) } }
        (paging::links(&path, at))
        h2 { (say("About this organisation")) }
        dl class="summary" {
            (text_row("Legal status", organisation.legal_status.as_deref()))
            @for number in &organisation.organization_identifiers { (text_row(&number.identifier_type, Some(&number.identifier))) }
            (parts::declarations(site, &organisation))
            (parts::terms(&organisation.attributes))
            (parts::origin(site, changed_at, &format!("/organizations/{owner}"), &organisation.extra))
        }
        (parts::wrong(organisation.id))
    };
    let title = if discreet { say("An organisation").to_owned() } else { organisation.name.clone() };
    let preview = (!discreet).then(|| words::summary(&organisation.description, 200));
    Ok(Page {
        preview,
        calendar: calendar.map(|href| (href, say("Calendar of their events"))),
        path: Some(path),
        quiet,
        data: Some(jsonld::organisation(&site.directory.public_url, &organisation)),
        ..Page::new(format!("{title}{}", at.in_title()), body)
    })
}
