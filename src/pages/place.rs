//! The page of one place, with what there is to be had. Only places that may be told in full have one.

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
    listing, paging,
    parts::{self, row, row_as_written, text_row},
    words::count,
};
use crate::{
    formats::jsonld,
    http::{Parameters, Problem},
    model::{Kind, Location, ServiceAtLocation, text::fold},
    published::shelf::Form,
    publishing::Directory,
};

/// Services that are looked at, at most.
const MOST: usize = 1_000;

/// The page of one place.
pub(super) async fn show(
    State(site): State<Site>,
    Path(id): Path<String>,
    parameters: Parameters,
    headers: HeaderMap,
) -> Response {
    let page = async {
        let found = data::one::<Location>(&site.directory, Kind::Location, &id)?;
        page(&site, found.entry.changed_at(), found.document, &parameters).await
    };
    layout::answer(&site, &headers, page.await)
}

/// The page of a public document, with the part of its services that is asked for.
pub(super) async fn page(
    site: &Site,
    changed_at: DateTime<Utc>,
    place: Location,
    parameters: &Parameters,
) -> Result<Page, Problem> {
    let id = Uuid::from(place.id);
    let services = site.aside(move |directory| services_at(directory, id)).await?;
    let listings = listing::of_services(site, &services[..services.len().min(MOST)], None)?;
    let at = paging::read(parameters, listings.len())?;
    let sensitive = listings.iter().filter(|listing| listing.sensitive).count();
    // As on the page of an organisation: one of many is a reason to be able to leave, most of them to keep its name out.
    let (quiet, discreet) = (sensitive > 0, sensitive * 2 > listings.len());
    let name = place.name.clone().unwrap_or_else(|| say("A place").to_owned());
    let path = format!("/directory/places/{id}");
    let today = site.today();
    let access = parts::access(&place.accessibility);
    let body = html! {
        @if quiet { (super::home::danger()) (super::home::to_numbers()) }
        h1 { (as_written(&name)) }
        @if let Some(other) = &place.alternate_name { p class="by" { (weave("Also called {name}", &[("name", as_written(other))])) } }
        @for line in &place.addresses { (parts::address(line)) }
        @if let Some(text) = &place.description { (parts::paragraphs(text)) }
        dl class="summary" {
            (text_row("Getting there", place.transportation.as_deref()))
            (row_as_written("Access", &access))
            (row("Open", &parts::schedules(&place.schedules, today)))
            (text_row("Languages", parts::languages(&place.languages).as_deref()))
        }
        @if access.is_empty() { p { (say("We do not know how accessible it is. Ring first if you need to check.")) } }
        (parts::contact(&place.phones, None, place.url.as_ref(), &[], &place.contacts))
        @if listings.is_empty() { p { (say("Nothing is listed here at the moment.")) } } @else {
            h2 { (count(services.len(), "service or event here", "services and events here")) }
            (listing::list(at.slice(&listings), "h3"))
            (paging::links(&path, at))
        }
        h2 { (say("About this listing")) }
        dl class="summary" {
            (parts::terms(&place.attributes))
            (parts::origin(site, changed_at, &format!("/locations/{id}"), &place.extra))
        }
        (parts::wrong(place.id))
    };
    let title = format!("{}{}", if discreet { say("A place") } else { name.as_str() }, at.in_title());
    Ok(Page { path: Some(path), data: Some(jsonld::place(&site.directory.public_url, &place)), quiet, ..Page::new(title, body) })
}

/// The services at a place, those that cannot be had left out. Links are not in order of places, so
/// all are looked at; most are dismissed without being read as JSON.
fn services_at(directory: &Directory, place: Uuid) -> Result<Vec<Uuid>, Problem> {
    let wanted = place.to_string();
    let finder = memchr::memmem::Finder::new(wanted.as_bytes());
    let mut found: Vec<(String, Uuid)> = Vec::new();
    data::each(directory, Kind::ServiceAtLocation, Form::Brief, |_, line| {
        let link = finder.find(line).and_then(|_| serde_json::from_slice::<ServiceAtLocation>(line).ok());
        let Some((link, service)) =
            link.filter(|link| link.location_id == Some(place.into())).and_then(|link| Some((link.service_id?, link.service?)))
        else {
            return;
        };
        if directory.shelf.look_up(link.into()).is_some_and(|entry| entry.live && !entry.inactive) {
            found.push((fold(&service.name), link.into()));
        }
    })?;
    found.sort();
    found.dedup();
    Ok(found.into_iter().map(|(_, id)| id).collect())
}
