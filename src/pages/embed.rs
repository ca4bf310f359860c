//! Parts of the directory that stand in other websites: the answer to a search, what is on, one
//! organisation, one listing; as a page for an `<iframe>`, or as a fragment of HTML to be put in. They
//! take the filters of the API. They set no cookies, load nothing from elsewhere, ask nobody who they
//! are, and say when each listing was checked. Listings that somebody had better not be seen reading
//! are left out: whoever runs the other website sees who opens it.

use axum::{
    Router,
    extract::{Path, State},
    response::{IntoResponse as _, Response},
    routing::get,
};
use chrono::TimeDelta;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use maud::{DOCTYPE, Markup, html};
use uuid::Uuid;

use super::{
    Site, files,
    listing::{self, Listing},
    parts::licence_name,
    words,
};
use crate::{
    http::{Parameters, Problem, caching},
    model::{Kind, Organization},
    published::render::projected_service_id,
    publishing::{Answer, Filters},
};

/// Listings that one part shows, unless told otherwise, and at most.
const LISTINGS: (usize, usize) = (10, 50);
/// Any website may show this; it does nothing.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors *";

/// The parts.
pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/embed/services", get(search))
        .route("/embed/services/{id}", get(service))
        .route("/embed/events", get(whats_on))
        .route("/embed/events/{id}", get(event))
        .route("/embed/organizations/{id}", get(organisation))
}

/// What a part shows: a heading, a link to where it stands here, listings.
struct Part {
    title: String,
    path: String,
    listings: Vec<Listing>,
}

async fn search(State(site): State<Site>, parameters: Parameters, headers: HeaderMap) -> Response {
    let part = found(&site, &parameters, "Help near you", "/directory/search").await;
    answer(&site, &parameters, &headers, part)
}

async fn whats_on(State(site): State<Site>, parameters: Parameters, headers: HeaderMap) -> Response {
    let part = dates(&site, &parameters).await;
    answer(&site, &parameters, &headers, part)
}

/// The answer to a search with the API's filters.
async fn found(site: &Site, parameters: &Parameters, title: &str, path: &str) -> Result<Part, Problem> {
    let filters = Filters::read(Kind::Service, parameters, site.now(), site.horizon())?.current();
    let answer = filters.find(&site.directory, Kind::Service, 0..most(parameters)?).await?;
    part_of(site, parameters, &answer, |id| id, title, path)
}

/// Events with the API's filters that take place within seven days, the next first.
async fn dates(site: &Site, parameters: &Parameters) -> Result<Part, Problem> {
    let now = site.now();
    let filters = Filters::read(Kind::Event, parameters, now, site.horizon())?;
    let filters = filters.current().events_between(now, now + TimeDelta::days(7));
    let answer = filters.find(&site.directory, Kind::Event, 0..most(parameters)?).await?;
    part_of(site, parameters, &answer, projected_service_id, "What’s on", "/directory/whats-on")
}

/// What was found, as a part of another page; an event by the service that `stands_for` it.
fn part_of(
    site: &Site,
    parameters: &Parameters,
    answer: &Answer,
    stands_for: impl Fn(Uuid) -> Uuid,
    title: &str,
    path: &str,
) -> Result<Part, Problem> {
    let ids: Vec<Uuid> = answer.found.hits.iter().map(|hit| stands_for(hit.id)).collect();
    let listings = shown(listing::of_services(site, &ids, answer.position.as_ref().map(|position| position.point))?);
    let title = parameters.text("title")?.map_or_else(|| title.to_owned(), |own| words::summary(own, 100));
    Ok(Part { title, path: path.to_owned(), listings })
}

async fn organisation(State(site): State<Site>, Path(id): Path<String>, parameters: Parameters, headers: HeaderMap) -> Response {
    let part = of_organisation(&site, &id, &parameters).await;
    answer(&site, &parameters, &headers, part)
}

async fn of_organisation(site: &Site, id: &str, parameters: &Parameters) -> Result<Part, Problem> {
    let organisation = super::data::one::<Organization>(&site.directory, Kind::Organization, id)?.document;
    let filters =
        Filters::read(Kind::Service, parameters, site.now(), site.horizon())?.current().of_organization(organisation.id.into());
    let answer = filters.find(&site.directory, Kind::Service, 0..most(parameters)?).await?;
    let ids: Vec<Uuid> = answer.found.hits.iter().map(|hit| hit.id).collect();
    let listings = shown(listing::of_services(site, &ids, None)?);
    if listings.is_empty() && answer.found.total > 0 {
        return Err(not_here());
    }
    Ok(Part { title: organisation.name, path: format!("/directory/organisations/{}", organisation.id), listings })
}

async fn service(State(site): State<Site>, Path(id): Path<String>, parameters: Parameters, headers: HeaderMap) -> Response {
    let part = one(&site, &id, |id| id);
    answer(&site, &parameters, &headers, part)
}

async fn event(State(site): State<Site>, Path(id): Path<String>, parameters: Parameters, headers: HeaderMap) -> Response {
    let part = one(&site, &id, projected_service_id);
    answer(&site, &parameters, &headers, part)
}

/// One listing; an event by the service that stands for it.
fn one(site: &Site, id: &str, stands_for: impl Fn(Uuid) -> Uuid) -> Result<Part, Problem> {
    let absent = || Problem::not_found("this listing does not exist".to_owned());
    let id = stands_for(id.parse().map_err(|_| absent())?);
    let listing = listing::of_services(site, &[id], None)?.pop().ok_or_else(absent)?;
    let (path, name) = listing.link();
    let (path, title) = (path.to_owned(), name.to_owned());
    let listings = shown(vec![listing]);
    if listings.is_empty() {
        return Err(not_here());
    }
    Ok(Part { title, path, listings })
}

fn not_here() -> Problem {
    Problem::forbidden("this listing cannot be shown on other websites, so that nobody can see who reads it")
}

fn shown(listings: Vec<Listing>) -> Vec<Listing> {
    listings.into_iter().filter(|listing| !listing.sensitive).collect()
}

fn most(parameters: &Parameters) -> Result<usize, Problem> {
    let (usual, most) = LISTINGS;
    let wanted = parameters.parsed::<usize>("most", "a whole number from 1")?.unwrap_or(usual);
    if wanted == 0 { Err(Problem::bad_parameter("most", "0", "expected a whole number from 1")) } else { Ok(wanted.min(most)) }
}

fn answer(site: &Site, parameters: &Parameters, headers: &HeaderMap, part: Result<Part, Problem>) -> Response {
    let whole = parameters.text("as").map(|as_what| as_what != Some("fragment"));
    let made = part.and_then(|part| Ok((whole?, part)));
    let (whole, part) = match made {
        Ok(made) => made,
        Err(problem) if asks_for_a_page(headers) => return absent(site, &problem),
        Err(problem) => return problem.into_response(),
    };
    let listings = fragment(site, &part, whole);
    let document = if whole { page(site, &part.title, &listings) } else { listings }.into_string().into_bytes();
    let version = caching::Version { etag: caching::etag_of_bytes(&document), changed_at: None };
    let kind = "text/html; charset=utf-8";
    let mut response = caching::respond::<Problem>(headers, &version, kind, || Ok(document.into()));
    let answered = response.headers_mut();
    answered.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    answered.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

fn asks_for_a_page(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|kinds| kinds.to_str().ok()).is_some_and(|kinds| kinds.contains("text/html"))
}

/// What a frame shows that has nothing to show: why, and the way here.
fn absent(site: &Site, problem: &Problem) -> Response {
    let said = html! {
        p { (words::sentence(&problem.detail)) }
        p { a href=(site.address("/")) rel="noopener noreferrer" { (site.directory.name) } }
    };
    let kind = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, kind, page(site, &site.directory.name, &said).into_string()).into_response()
}

/// The fragment around a page of its own. Links leave the frame.
fn page(site: &Site, title: &str, fragment: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en-GB" {
            head {
                meta charset="utf-8";
                title { (title) " (" (site.directory.name) ")" }
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                base target="_top";
                link rel="icon" href="/assets/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href=(files::style_address());
                @if let Some(style) = site.brand.style() { link rel="stylesheet" href=(style); }
            }
            body class="embedded" { main { (fragment) } }
        }
    }
}

/// The listings, with whole addresses, so that they lead here from anywhere. In a page of its own the
/// heading is the first; in somebody else's it stands below theirs.
fn fragment(site: &Site, part: &Part, whole: bool) -> Markup {
    let day = words::date(site.today());
    let licence = site.brand.licence.as_str();
    html! {
        // Whatever the page around it speaks, and from whichever side it is read.
        section class="fingerpost" lang="en-GB" dir="ltr" aria-label=(part.title) {
            @if whole { h1 { (part.title) } } @else { h2 { (part.title) } }
            @if site.demo { p { strong { "This is a demonstration. Every service, person and local phone number here is made up." } } }
            @if part.listings.is_empty() { p { "Nothing is listed here now." } }
            ul class="listings" {
                @for listing in &part.listings {
                    @let (path, name) = listing.link();
                    li {
                        @let link = html! { a href=(site.address(path)) rel="noopener" { (name) } };
                        @if whole { h2 { (link) } } @else { h3 { (link) } }
                        @if let Some(organisation) = listing.organisation() { p class="by" { (organisation) } }
                        dl class="facts" { @for (label, value) in listing.facts() { div { dt { (label) } dd { (value) } } } }
                        (listing.tags())
                    }
                }
            }
            p class="small" {
                "As of " (day) ", from " a href=(site.address(&part.path)) rel="noopener" { (site.directory.name) }
                ". Licence: " a href=(licence) rel="license noopener noreferrer" { (licence_name(licence)) } "."
            }
        }
    }
}
