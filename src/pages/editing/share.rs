//! What those who keep a listing get back: how often it was looked at, sheets to pin up, addresses to pass on.

use axum::{extract::State, response::Response};
use http::HeaderMap;
use maud::{Markup, html};
use uuid::Uuid;

use super::overview::public_page;
use crate::{
    editing::Error,
    http::Problem,
    model::Kind,
    pages::{
        desk::{Desk, Path, Signed},
        layout::{Page, Step},
        quiet::keeps_quiet,
    },
    views::{Month, Told},
};

/// Months that are shown.
const MONTHS: u32 = 12;

/// GET `/account/listings/{id}/share`.
pub(super) async fn show(State(desk): State<Desk>, Path(id): Path<Uuid>, signed: Signed, headers: HeaderMap) -> Response {
    let page = page(&desk, &signed, id).await;
    desk.answer(&headers, &signed, page)
}

async fn page(desk: &Desk, signed: &Signed, id: Uuid) -> Result<Page, Problem> {
    let sight = desk.editing.look(&signed.actor, id).await?;
    let kind = sight.stored.kind;
    if !sight.is_public() || !matches!(kind, Kind::Service | Kind::Event | Kind::Organization) {
        return Err(Error::Forbidden("only public listings have these").into());
    }
    let quiet = sight.protected || keeps_quiet(&desk.site.directory, id)?;
    let months = if quiet { Vec::new() } else { desk.views.months(id, MONTHS).await? };
    let path = public_page(kind, id);
    let calendar = match kind {
        Kind::Organization => Some(format!("/organizations/{id}.ics")),
        Kind::Event => Some(format!("/events/{id}.ics")),
        _ => None,
    };
    let calendar = calendar.filter(|_| !quiet);
    let name = sight.document.name();
    let title = format!("Posters, web addresses and views: {name}");
    let body = html! {
        h1 { (title) }
        h2 { "Tell people about it" }
        (address("page", "Web address of this listing", &desk.site.address(&path)))
        @if let Some(calendar) = &calendar {
            (address("calendar", "Web address of your dates as a calendar", &desk.site.address(calendar)))
            p class="hint" { "Anyone who adds it to their calendar, phone or website will see every change you make here." }
        }
        @if !quiet && kind != Kind::Organization {
            ul {
                li { a href=(format!("{path}/leaflet")) { "A leaflet to print (A5)" } }
                li { a href=(format!("{path}/poster")) { "A poster to print (A4)" } }
            }
        }
        @if !quiet {
            h2 { "Show it on your own website" }
            (frame(&desk.site.address(&embedded(kind, id)), name))
        }
        h2 { "How many times it was viewed" }
        @if quiet {
            p { "We do not count views of listings that people may look for in danger or in private." }
        } @else { (numbers(&months, calendar.is_some())) }
    };
    let trail = vec![Step::to("/account", "Your listings"), Step::to(format!("/account/listings/{id}"), name)];
    Ok(Page { trail, ..Page::new(title, body) })
}

/// An address that can be marked and copied.
fn address(id: &str, label: &str, address: &str) -> Markup {
    html! {
        div class="field" {
            label for=(id) { (label) }
            input type="url" id=(id) value=(address) readonly;
        }
    }
}

/// Where a listing is shown to be put into a page of somebody else's.
fn embedded(kind: Kind, id: Uuid) -> String {
    let folder = match kind {
        Kind::Organization => "organizations",
        Kind::Event => "events",
        _ => "services",
    };
    format!("/embed/{folder}/{id}")
}

/// What whoever looks after a website pastes into a page of it.
fn frame(address: &str, name: &str) -> Markup {
    let frame = html! { iframe src=(address) title=(name) width="100%" height="600" loading="lazy" {} };
    html! {
        div class="field" {
            label for="frame" { "Code to paste into a page" }
            p class="hint" id="frame-hint" { "It always shows what this listing says, without cookies or scripts. Nobody who reads your page is tracked." }
            textarea id="frame" rows="3" readonly aria-describedby="frame-hint" { (frame.into_string()) }
        }
    }
}

fn numbers(months: &[Month], calendars: bool) -> Markup {
    html! {
        p { "Each time someone opened it, not counting robots. We count how often, and keep nothing about who. Numbers are rounded to 5." }
        div class="scrolled" tabindex="0" role="region" aria-label="Numbers by month" {
            table {
                thead { tr { th scope="col" { "Month" } th scope="col" { "The page" } @if calendars { th scope="col" { "The calendar" } } } }
                tbody {
                    @for (at, month) in months.iter().enumerate() {
                        tr {
                            th scope="row" { (month.first.format("%B %Y")) @if at == 0 { " so far" } }
                            td { (Told::of(month.pages).words()) }
                            @if calendars { td { (Told::of(month.calendars).words()) } }
                        }
                    }
                }
            }
        }
    }
}
