//! What this directory is, how to read it as data, and how to say that something is wrong.

use axum::{extract::State, response::Response};
use http::HeaderMap;
use maud::html;

use super::{Site, layout, layout::Page, parts::licence_name, statements};
use crate::texts::Kind;

/// The page.
pub(super) async fn show(State(site): State<Site>, headers: HeaderMap) -> Response {
    layout::answer(&site, &headers, Ok(page(&site)))
}

fn page(site: &Site) -> Page {
    let name = &*site.directory.name;
    let texts = site.texts.shown();
    let body = html! {
        h1 { "About this directory" }
        @if let Some(text) = texts.get(Kind::Page, "about") { (text.html) }
        (statements::ask(site))
        p { "Some listings come from " a href="/directory/sources" { "neighbouring directories" } "." }
        h2 id="wrong" { "If a listing is wrong" }
        p { "Follow “Something wrong?” on its page and tick what is wrong. You need not say who you are. " (name) " and whoever keeps the listing look at it within two days." }
        p { "If a page shows an address that must stay secret, tell the council at once and say that it is urgent." }
        h2 id="private" { "What we know about you" }
        p { "Nothing that we keep. There are no cookies, and nothing is loaded from other websites. What you type into the search box is not stored." }
        p { "Your own device keeps a history of the pages you open, and whoever runs your network may see that you were here. “Exit this page” takes you away at once, but it does not clear your history." }
        h2 id="access" { "Accessibility" }
        p { "These pages are made to meet the Web Content Accessibility Guidelines 2.2, level AA. They work without a mouse, without JavaScript, on small screens and at 200% zoom, and they print." }
        p { "If something does not work for you, tell us what you were trying to do, and on what device." }
        h2 id="data" { "Open data" }
        p { "Everything on these pages can be read and used by other software. It follows the Open Referral UK standard. You need no key." }
        ul {
            li { a href="/services" { "Services" } ", " a href="/organizations" { "organisations" } ", " a href="/locations" { "places" } " and " a href="/events" { "events" } " as JSON" }
            li { a href="/services?format=csv" { "All services as a spreadsheet" } " (CSV)" }
            li { a href="/services?format=geojson" { "All places of services for a map" } " (GeoJSON)" }
            li { a href="/events.ics" { "All events as a calendar" } " (iCalendar)" }
            li { a href="/services.atom" { "New and changed services" } " (Atom feed)" }
            li { a href="/services?format=ndjson&full=true" { "All services in one file" } " (NDJSON, one on each line)" }
            li { a href="/openapi.json" { "Description of the API" } " (OpenAPI)" }
        }
        p { "Licence of our own listings: " a href=(site.brand.licence.as_str()) rel="license noreferrer" { (licence_name(site.brand.licence.as_str())) } "." }
    };
    let preview = format!("What {name} is, how to report a mistake, and how to use its data.");
    Page { preview: Some(preview), path: Some("/directory/about".to_owned()), ..Page::new("About this directory", body) }
}
