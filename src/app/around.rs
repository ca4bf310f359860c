//! What happens around every request, in one layer: a route is copied for each request with every layer around it,
//! so each further one would be paid for by all.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Redirect, Response},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use tower_http::compression::Predicate;
use uuid::Uuid;

use crate::{
    http::{Problem, guard},
    pages::{self, Site},
    published::{Position, shelf::Shelf},
    views::{self, Views},
};

/// What stands around every route.
#[derive(Clone, Debug)]
pub(super) struct Around {
    pub(super) guard: guard::Guard,
    pub(super) shelf: Arc<Shelf>,
    /// Where the shelf has to get before there is anything to answer from.
    pub(super) start: Position,
    pub(super) views: Views,
    /// Says to people what was refused before it came to a page.
    pub(super) site: Site,
}

/// Answer a request whose client may ask, once there is something to answer from; count what is looked at.
pub(super) async fn around(State(around): State<Arc<Around>>, request: Request, next: Next) -> Response {
    let Around { guard, shelf, start, views, site } = &*around;
    let person = is_browser(request.headers()).then(|| request.uri().clone());
    let response = guard
        .around(request, |request: Request| async move {
            let always = matches!(request.uri().path(), "/healthz" | "/readyz" | "/metrics" | "/openapi.json");
            if !always && shelf.position() < *start {
                return starting_up();
            }
            let looked_at = views::looked_at(&request);
            let response = page_for_people(request, next).await;
            views.count(looked_at, response.status());
            response
        })
        .await;
    match person {
        Some(address) => said_to_people(site, address.path(), response),
        None => response,
    }
}

/// What may be refused, or go wrong, before a request comes to a page, whatever it asks for.
const BEFORE_PAGES: [StatusCode; 5] = [
    StatusCode::REQUEST_TIMEOUT,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::TOO_MANY_REQUESTS,
    StatusCode::INTERNAL_SERVER_ERROR,
    StatusCode::SERVICE_UNAVAILABLE,
];

/// Somebody whose form stopped arriving, or who is asked to wait, reads that on a page. Below `/api` it is data.
fn said_to_people(site: &Site, path: &str, mut response: Response) -> Response {
    let is_data = path == "/api" || path.starts_with("/api/");
    if is_data || !BEFORE_PAGES.contains(&response.status()) {
        return response;
    }
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    let (mut parts, _) = response.into_parts();
    let (page, body) = pages::problem_at(site, path, problem).into_parts();
    // Those of what is said, such as when to come back, and not those of the bytes it was said in.
    for name in [header::CONTENT_LENGTH, header::CONTENT_ENCODING] {
        parts.headers.remove(name);
    }
    parts.headers.extend(page.headers);
    Response::from_parts(parts, body)
}

/// Until the shelf is filled, a list would look complete and not be: better to say so.
fn starting_up() -> Response {
    let mut response =
        Problem::unavailable("the directory is starting up and reading its records; try again in a moment").into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
    response
}

/// Other directories link to a listing by its address in the API: a browser that follows such a link is sent to the
/// page. Browsers ask for XHTML as well; programs whose libraries ask for HTML by themselves do not. Below `/api`, and
/// with parameters, it is data that is asked for.
async fn page_for_people(request: Request, next: Next) -> Response {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let Some((pages, id)) = listing_at(request.uri()).filter(|_| is_read) else { return next.run(request).await };
    let mut response = if is_browser(request.headers()) {
        Redirect::to(&format!("/directory/{pages}/{id}")).into_response()
    } else {
        next.run(request).await
    };
    response.headers_mut().append(header::VARY, HeaderValue::from_static("Accept"));
    response
}

/// Whether a browser asks for something to show to somebody.
fn is_browser(headers: &HeaderMap) -> bool {
    let accepts = |kind: &str| {
        let mut accepted = headers.get_all(header::ACCEPT).iter();
        accepted.any(|value| value.to_str().is_ok_and(|kinds| kinds.contains(kind)))
    };
    pages::wants_a_page(headers) && accepts("application/xhtml+xml") && !accepts("json")
}

/// The listing at an address of the API, with the folder of its page.
fn listing_at(address: &http::Uri) -> Option<(&'static str, Uuid)> {
    let (collection, id) = address.path().strip_prefix('/')?.split_once('/')?;
    let pages = match collection {
        "services" => "services",
        "events" => "events",
        "organizations" => "organisations",
        "locations" => "places",
        _ => return None,
    };
    let id = Uuid::try_parse(id).ok().filter(|_| address.query().is_none())?;
    Some((pages, id))
}

/// Compress what is text; the standard's clients do not ask for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct TextOnly;

impl Predicate for TextOnly {
    fn should_compress<B: http_body::Body>(&self, response: &http::Response<B>) -> bool {
        let kind = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
        let starts = [b"text/".as_slice(), b"application/json", b"application/x-ndjson", b"application/atom+xml"];
        // problem+json, geo+json, ld+json
        starts.iter().any(|start| kind.starts_with(start)) || kind.ends_with(b"+json")
    }
}
