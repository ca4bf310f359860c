//! What this directory is, how to read it as data, and how to say that something is wrong.

use axum::{extract::State, response::Response};
use http::HeaderMap;
use maud::{Markup, html};

use super::{
    Site,
    language::{as_written, rightwards, say, say_with, weave, written_in},
    layout,
    layout::Page,
    parts::licence_name,
    statements,
};
use crate::texts::Kind;

/// The page.
pub(super) async fn show(State(site): State<Site>, headers: HeaderMap) -> Response {
    layout::answer(&site, &headers, Ok(page(&site)))
}

fn link(to: &str, words: &str) -> Markup {
    html! { a href=(to) { (say(words)) } }
}

fn page(site: &Site) -> Page {
    let name = &*site.directory.name;
    let texts = site.texts.shown();
    let body = html! {
        h1 { (say("About this directory")) }
        @if let Some(text) = texts.get(Kind::Page, "about") { div lang=[written_in()] dir=[rightwards()] { (text.html) } }
        (statements::ask(site))
        p { (weave("Some listings come from {link}.", &[("link", html! { a href="/directory/sources" { (say("neighbouring directories")) } })])) }
        h2 id="wrong" { (say("If a listing is wrong")) }
        p { (weave("Follow “Something wrong?” on its page and tick what is wrong. You do not need to say who you are. {name} and the people who manage the listing will look at it within two days.", &[("name", as_written(name))])) }
        p { (say("If a page shows an address that must stay secret, tell the council straight away and say that it is urgent.")) }
        h2 id="private" { (say("What we know about you")) }
        p { (say("We do not store anything about you. There are no cookies, and nothing is loaded from other websites. What you type into the search box is not stored.")) }
        p { (say("Your own device keeps a history of the pages you open. The people who run your network may see that you were here. “Exit this page” takes you away at once. It does not clear your history.")) }
        h2 id="access" { (say("Accessibility")) }
        p { (say("These pages are designed to meet the Web Content Accessibility Guidelines 2.2, level AA. They work without a mouse, without JavaScript, on small screens and at 200% zoom, and can be printed.")) }
        p { (say("If something does not work for you, tell us what you were trying to do, and on what device.")) }
        h2 id="data" { (say("Open data")) }
        p { (say("Other software can read and use everything on these pages. It follows the Open Referral UK standard. You do not need a key.")) }
        ul {
            li {
                (weave("{services}, {organisations}, {places} and {events} as JSON", &[
                    ("services", link("/services", "Services")),
                    ("organisations", link("/organizations", "organisations")),
                    ("places", link("/locations", "places")),
                    ("events", link("/events", "events")),
                ]))
            }
            li { a href="/services?format=csv" { (say("All services as a spreadsheet")) } " (CSV)" }
            li { a href="/services?format=geojson" { (say("All places of services, for a map")) } " (GeoJSON)" }
            li { a href="/events.ics" { (say("All events as a calendar")) } " (iCalendar)" }
            li { a href="/services.atom" { (say("New and changed services")) } " (Atom)" }
            li { a href="/services?format=ndjson&full=true" { (say("All services in one file")) } " (" (say("NDJSON, one per line")) ")" }
            li { a href="/openapi.json" { (say("Description of the API")) } " (OpenAPI)" }
        }
        p { (say("Licence of our own listings:")) " " a href=(site.brand.licence.as_str()) rel="license noreferrer" { (licence_name(site.brand.licence.as_str())) } "." }
    };
    let preview = say_with("What {name} is, how to report a mistake, and how to use its data.", &[("name", name)]);
    Page { preview: Some(preview), path: Some("/directory/about".to_owned()), ..Page::new(say("About this directory"), body) }
}
