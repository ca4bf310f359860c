//! The first page: one box, and what people need.

use axum::{extract::State, response::Response};
use chrono::{DateTime, Utc};
use http::HeaderMap;
use maud::{Markup, html};

use super::{
    Site, areas, files,
    language::{as_written, say, say_with, weave},
    layout,
    layout::Page,
    needs::{self, Overview},
    search_form::{Asked, form},
    self_help::{PlaceField, by_trouble},
    whats_on,
    words::{count, date, london_day},
};
use crate::{
    federation::{self, Publisher},
    http::Problem,
    self_help::Numbers,
};

/// The first page as an answer.
pub(super) async fn show(site: &Site, headers: &HeaderMap) -> Response {
    layout::answer(site, headers, page(site).await)
}

/// The first page at an address that says its language.
pub(super) async fn in_language(State(site): State<Site>, headers: HeaderMap) -> Response {
    show(&site, &headers).await
}

async fn page(site: &Site) -> Result<Page, Problem> {
    let overview = needs::overview(site).await?;
    let body = html! {
        (danger())
        h1 { (say("Find help near you")) }
        p class="lead" { (say("Free and low-cost help from local groups, charities and councils. You do not have to be in crisis to ask.")) }
        (form(&Asked::default(), &[], false))
        (covers(site).await?)
        (unsure())
        h2 { (say("What people need help with")) }
        (needs::families(&overview))
        (whats_on::soon(site).await?)
        (guides(site))
        (figures(&overview))
    };
    let preview = say("Find free and low-cost help from local groups, charities and councils.");
    let directory = &site.directory;
    let publisher = Publisher {
        origin: directory.public_url.clone(),
        name: directory.name.clone(),
        gss: None,
        licence: site.brand.licence.clone(),
    };
    Ok(Page {
        preview: Some(preview.to_owned()),
        path: Some("/".to_owned()),
        data: Some(federation::described(&publisher)),
        scripts: vec![files::back_address()],
        ..Page::new(say("Find help near you"), body)
    })
}

/// Which area the directory is for, where the settings say it, and where else listings are from.
async fn covers(site: &Site) -> Result<Markup, Problem> {
    let follows = !federation::peers::all(&site.directory.db).await?.is_empty();
    let neighbours = html! { a href="/directory/sources" { (say("neighbouring directories")) } };
    Ok(html! {
        @if let Some(area) = areas::covered(site).await {
            p {
                (weave("This directory covers {area}.", &[("area", html! { strong { (as_written(&area)) } })]))
                @if follows { " " (weave("It also shows help from {neighbours}.", &[("neighbours", neighbours)])) }
            }
        }
    })
}

/// What to do when it cannot wait.
pub(super) fn danger() -> Markup {
    html! {
        p class="danger" { strong { (say("In danger now?")) } " " (weave("Ring {number}.", &[("number", html! { a href="tel:999" { "999" } })])) }
    }
}

/// The way to the numbers, where a listing speaks for itself and its own number may be the wrong one.
pub(super) fn to_numbers() -> Markup {
    html! { p { a href="/help#now" { (say("Numbers to call now")) } } }
}

/// Where somebody may be in danger, or had better not be seen: what to do first, and whom to ring about what is wrong.
/// `place` is where they can say where they are. The link is to all numbers: one to those of a trouble would say in the history what that is.
pub(super) fn now(numbers: &[Numbers], at: DateTime<Utc>, place: PlaceField) -> Markup {
    html! {
        section class="now" aria-label=(say("Numbers to call now")) {
            (danger())
            @if !numbers.is_empty() { div class="urgent" { (by_trouble(numbers, "p", at, place)) } }
            p { a href="/help#now" { (say("Numbers to call now")) } }
        }
    }
}

/// For those who do not know what to ask for.
pub(super) fn unsure() -> Markup {
    html! { p { (weave("Not sure what you need? {link}.", &[("link", html! { a href="/help" { (say("Work out what helps")) } })])) } }
}

/// The guides, by name: what somebody in trouble may look for.
fn guides(site: &Site) -> Markup {
    let shown = site.texts.shown();
    let guides: Vec<_> = shown.guides().into_iter().filter(|guide| !super::guides::is_quiet(guide)).take(6).collect();
    html! {
        @if !guides.is_empty() {
            h2 { (say("What to do first")) }
            ul { @for guide in &guides { li { a href=(super::guides::address(guide)) { (as_written(&guide.text.title)) } } } }
            p { a href="/directory/guides" { (say("All guides")) } }
        }
    }
}

fn figures(overview: &Overview) -> Markup {
    let services = count(overview.services, "service", "services");
    let events = count(overview.events, "event or workshop", "events and workshops");
    html! {
        p class="small" {
            (say_with("{services} and {events} listed.", &[("services", &services), ("events", &events)]))
            @if let Some(at) = overview.changed_at { " " (say_with("Last updated on {date}.", &[("date", &date(london_day(at)))])) }
        }
    }
}
