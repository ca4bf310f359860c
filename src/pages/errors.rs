//! Pages that say that something went wrong, in words, with somewhere to go on.

use axum::{
    extract::{OriginalUri, State},
    response::{IntoResponse as _, Response},
};
use chrono::DateTime;
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};

use super::{
    Site,
    language::{self, as_written, say, say_with, weave},
    layout,
    layout::Page,
    wants_a_page,
    words::{date, london_day, sentence},
};
use crate::http::Problem;

/// The page for a problem.
pub(super) fn page(problem: &Problem) -> Page {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let (title, said) = match status {
        StatusCode::NOT_FOUND => (
            say("Page not found"),
            html! {
                p { (say("There is no page at this address. If you typed the address, check it is correct. If you followed a link, it may be out of date.")) }
            },
        ),
        StatusCode::GONE => (say("This is no longer listed"), gone(problem)),
        StatusCode::BAD_REQUEST | StatusCode::UNSUPPORTED_MEDIA_TYPE => (
            say("We could not read that"),
            html! {
                p { (weave("Part of the web address or form could not be used: {what}.", &[("what", as_written(&problem.detail))])) }
            },
        ),
        StatusCode::FORBIDDEN => ("You cannot do that", html! { p { (sentence(&problem.detail)) } }),
        StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED => (
            "It has changed in the meantime",
            html! {
                p { (sentence(&problem.detail)) " What you sent was not saved." }
                p { "Go back, reload the page, then try again." }
            },
        ),
        StatusCode::UNPROCESSABLE_ENTITY => (
            "That could not be saved",
            html! { p { (sentence(&problem.detail)) } p { "Go back: what you entered is still there." } },
        ),
        StatusCode::METHOD_NOT_ALLOWED => (
            say("That does not work here"),
            html! { p { (say("You cannot open this page directly. Start again from the first page.")) } },
        ),
        StatusCode::REQUEST_TIMEOUT => (
            say("It did not arrive"),
            html! { p { (say("What you sent stopped on the way, so nothing was done with it. Your connection may be slow. Load this page again to send it again.")) } },
        ),
        StatusCode::PAYLOAD_TOO_LARGE => (
            say("That is too large"),
            html! { p { (say("What you sent is larger than we can take. Go back, make it smaller and send it again.")) } },
        ),
        StatusCode::TOO_MANY_REQUESTS => (
            say("Please wait a moment"),
            html! { p { (say("Too many pages were requested at once. Wait a minute, then load this page again. Anything you entered is sent again.")) } },
        ),
        StatusCode::SERVICE_UNAVAILABLE => (
            say("Not ready yet"),
            html! { p { (say("The directory is starting or very busy. Wait a minute, then load this page again. Anything you entered is sent again.")) } },
        ),
        _ => (say("Something went wrong"), html! { p { (say("The fault is ours, not yours. Try again in a minute.")) } }),
    };
    let body = html! {
        h1 { (title) }
        (said)
        @if [StatusCode::FORBIDDEN, StatusCode::CONFLICT, StatusCode::PRECONDITION_FAILED, StatusCode::UNPROCESSABLE_ENTITY].contains(&status) {
            p { a href="/account" { "Your listings" } }
        } @else { (ways_on()) }
    };
    // Whoever had to leave that page at once has to leave this one, too.
    let quiet = language::here().is_some_and(|here| here != "/" && language::is_translated(&here));
    Page { status, unkept: true, quiet, ..Page::new(title, body) }
}

fn gone(problem: &Problem) -> Markup {
    let day =
        problem.gone_at.as_deref().and_then(|at| DateTime::parse_from_rfc3339(at).ok()).map(|at| date(london_day(at.to_utc())));
    html! {
        p {
            @match day {
                Some(day) => (say_with("It was listed here, but was withdrawn on {day}.", &[("day", &day)])),
                None => (say("It was listed here, but has been withdrawn.")),
            }
            @if problem.successor.is_none() { " " (say("It may have closed, moved or been renamed.")) }
        }
        @if let Some(successor) = &problem.successor { p { a href=(successor) { (say("It is now listed here")) } } }
    }
}

/// Links that lead on from a page that has nothing.
pub(super) fn ways_on() -> Markup {
    html! {
        p { (say("You can:")) }
        ul {
            li { a href="/help#now" { (say("Numbers to call now")) } }
            li { a href="/" { (say("search for help")) } }
            li { a href="/directory/needs" { (say("look through what people need help with")) } }
        }
    }
}

/// The answer where nothing stands under an address that says a language: a page for people, a problem
/// for programs.
pub(super) async fn unknown(State(site): State<Site>, headers: HeaderMap) -> Response {
    let problem = Problem::not_found("see /openapi.json for every address".to_owned());
    if wants_a_page(&headers) { layout::answer(&site, &headers, Err(problem)) } else { problem.into_response() }
}

/// The answer where an address is right and the method is not.
pub(super) async fn method_not_allowed(State(site): State<Site>, OriginalUri(address): OriginalUri) -> Response {
    super::problem_at(&site, address.path(), Problem::method_not_allowed())
}
