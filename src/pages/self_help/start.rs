//! Where self-help begins.

use axum::{extract::State, response::Response};
use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};

use super::panels::{self, PlaceField};
use crate::{
    pages::{
        Site, home,
        language::{say, say_with, weave},
        layout,
        layout::Page,
    },
    self_help::{Numbers, Unavailable},
};

/// What there is to work out, and numbers for whoever cannot wait.
pub(super) async fn show(State(site): State<Site>, headers: HeaderMap) -> Response {
    let numbers = site.self_help.numbers_by_trouble().await;
    let checker = site.self_help.in_force().await;
    let body = html! {
        (home::danger())
        @if let Ok(edition) = &checker { (super::notice(edition)) }
        h1 { (say("Work out what helps")) }
        p class="lead" { (say("You do not have to know what you need. We do not store anything you enter here.")) }
        ul class="plain ways" {
            @match &checker {
                Ok(_) => li { h2 { a href="/help/check" { (say("Answer a few questions")) } } p { (say("See how soon you need help, what to do first, and who can help near you. It takes about 5 minutes. You can skip any question.")) } },
                Err(reason) => li { h2 { (say("Questions that show what helps")) } p { (say_with("They are not available at the moment: {why}.", &[("why", say(reason.said()))])) } },
            }
            li { h2 { a href="/help/budget" { (say("Put your money on one page")) } } p { (say("See what comes in, what goes out and what is left. Guesses are fine.")) } }
            li { h2 { a href="/directory/needs" { (say("Look for help yourself")) } } p { (say("Browse by what you need, or search in your own words.")) } }
        }
        (numbers_of(&numbers, site.self_help.now()))
    };
    layout::answer(&site, &headers, Ok(super::page(say("Work out what helps"), body)))
}

/// The page where there is no checker: says so plainly, with numbers to ring.
pub(super) async fn unavailable(site: &Site, reason: Unavailable) -> Page {
    let numbers = site.self_help.numbers_by_trouble().await;
    let body = html! {
        (home::danger())
        h1 { (say("The questions are not available")) }
        p class="lead" { (say_with("Sorry, we cannot show them at the moment: {why}.", &[("why", say(reason.said()))])) }
        p {
            (weave("You can still {search}, {browse} or {budget}.", &[
                ("search", html! { a href="/" { (say("search for help")) } }),
                ("browse", html! { a href="/directory/needs" { (say("browse by need")) } }),
                ("budget", html! { a href="/help/budget" { (say("put your money on one page")) } }),
            ]))
        }
        (numbers_of(&numbers, site.self_help.now()))
    };
    Page { status: StatusCode::SERVICE_UNAVAILABLE, ..super::page(say("Not available"), body) }
}

fn numbers_of(numbers: &[Numbers], now: DateTime<Utc>) -> Markup {
    html! {
        h2 id="now" { (say("Numbers to call now")) }
        ul class="lines" {
            li { span class="who" { (say("Police, ambulance and fire")) } " " a class="number" href="tel:999" { "999" } }
        }
        (panels::by_trouble(numbers, "h3", now, PlaceField::OnTheFirstPage))
    }
}
