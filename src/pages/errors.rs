//! Pages that say that something went wrong, in words, with somewhere to go on.

use axum::{extract::State, response::Response};
use chrono::DateTime;
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};

use super::{
    Site, layout,
    layout::Page,
    words::{date, london_day, sentence},
};
use crate::http::Problem;

/// The page for a problem.
pub(super) fn page(problem: &Problem) -> Page {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let (title, said) = match status {
        StatusCode::NOT_FOUND => (
            "Page not found",
            html! {
                p { "There is nothing at this address. If you typed it, check it. If you followed a link, the link may be old." }
            },
        ),
        StatusCode::GONE => ("This is no longer listed", gone(problem)),
        StatusCode::BAD_REQUEST | StatusCode::UNSUPPORTED_MEDIA_TYPE => (
            "We could not read that",
            html! {
                p { "Part of the address or form could not be used: " (problem.detail) "." }
            },
        ),
        StatusCode::FORBIDDEN => ("You cannot do that", html! { p { (sentence(&problem.detail)) } }),
        StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED => (
            "It has changed meanwhile",
            html! {
                p { "Somebody was quicker: " (problem.detail) ". Nothing of what you sent was saved over it." }
                p { "Go back, reload the page, and look at it again." }
            },
        ),
        StatusCode::UNPROCESSABLE_ENTITY => (
            "That could not be saved",
            html! { p { (sentence(&problem.detail)) } p { "Go back: what you wrote is still there." } },
        ),
        StatusCode::METHOD_NOT_ALLOWED => {
            ("That does not work here", html! { p { "This page cannot be used in that way. Start again from the first page." } })
        }
        StatusCode::TOO_MANY_REQUESTS => {
            ("Please wait a moment", html! { p { "Too many pages were asked for at once. Wait a minute and try again." } })
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            ("Not ready yet", html! { p { "The directory is starting or very busy. Try again in a minute." } })
        }
        _ => ("Something went wrong", html! { p { "The mistake is ours, not yours. Try again in a minute." } }),
    };
    let body = html! {
        h1 { (title) }
        (said)
        (ways_on())
    };
    Page { status, unkept: true, ..Page::new(title, body) }
}

fn gone(problem: &Problem) -> Markup {
    let day =
        problem.gone_at.as_deref().and_then(|at| DateTime::parse_from_rfc3339(at).ok()).map(|at| date(london_day(at.to_utc())));
    html! {
        p {
            "It was here, and it was taken out"
            @if let Some(day) = day { " on " (day) }
            @if problem.successor.is_none() { ". It may have closed, moved or been renamed." } @else { "." }
        }
        @if let Some(successor) = &problem.successor { p { a href=(successor) { "It is listed here now" } "." } }
    }
}

/// Links that lead on from a page that has nothing.
pub(super) fn ways_on() -> Markup {
    html! {
        p { "You can:" }
        ul {
            li { a href="/" { "search for help" } }
            li { a href="/directory/needs" { "look through what people need help with" } }
        }
    }
}

/// The answer where an address is right and the method is not.
pub(super) async fn method_not_allowed(State(site): State<Site>, headers: HeaderMap) -> Response {
    layout::answer(&site, &headers, Err(Problem::method_not_allowed()))
}
