//! Where self-help begins.

use axum::{extract::State, response::Response};
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};

use super::panels;
use crate::{
    pages::{Site, home, layout, layout::Page},
    self_help::{Unavailable, contacts::Line},
};

/// What there is to work out, and numbers for whoever cannot wait.
pub(super) async fn show(State(site): State<Site>, headers: HeaderMap) -> Response {
    let numbers = site.self_help.numbers().await;
    let checker = site.self_help.in_force().await;
    let body = html! {
        (home::danger())
        @if let Ok(edition) = &checker { (super::notice(edition)) }
        h1 { "Work out what helps" }
        p class="lead" { "You do not have to know what you need. Nothing that you write here is kept." }
        ul class="plain ways" {
            @match &checker {
                Ok(_) => li { h2 { a href="/help/check" { "Answer a few questions" } } p { "See how soon you need help, what to do first, and who can help near you. It takes about 5 minutes. You can skip any question." } },
                Err(reason) => li { h2 { "Questions that show what helps" } p { "They are not available now: " (reason.said()) "." } },
            }
            li { h2 { a href="/help/budget" { "Put your money on one page" } } p { "See what comes in, what goes out and what is left. Guesses are fine." } }
            li { h2 { a href="/directory/needs" { "Look for help yourself" } } p { "Browse by what you need, or search in your own words." } }
        }
        (numbers_of(&numbers))
    };
    layout::answer(&site, &headers, Ok(super::page("Work out what helps", body)))
}

/// The page where there is no checker: says so plainly, with numbers to ring.
pub(super) async fn unavailable(site: &Site, reason: Unavailable) -> Page {
    let numbers = site.self_help.numbers().await;
    let body = html! {
        (home::danger())
        h1 { "The questions are not available" }
        p class="lead" { "We cannot show them now: " (reason.said()) ". We are sorry." }
        p { "You can still " a href="/" { "search for help" } ", " a href="/directory/needs" { "browse by need" } " or " a href="/help/budget" { "put your money on one page" } "." }
        (numbers_of(&numbers))
    };
    Page { status: StatusCode::SERVICE_UNAVAILABLE, ..super::page("Not available", body) }
}

fn numbers_of(numbers: &[Line]) -> Markup {
    html! {
        h2 id="now" { "Talk to someone now" }
        ul class="lines" {
            li { span class="who" { "Police, ambulance and fire" } a class="number" href="tel:999" { "999" } }
            @for line in numbers { li { (panels::line_of(line)) } }
        }
    }
}
