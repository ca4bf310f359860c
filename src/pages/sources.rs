//! Where listings come from: this directory, and those that it follows, with how fresh each is.

use axum::{extract::State, response::Response};
use http::HeaderMap;
use maud::html;

use super::{
    Site,
    language::{as_written, say, say_with, weave},
    layout,
    layout::Page,
    parts::licence_name,
    words::{self, count},
};
use crate::{
    federation::{self, Freshness, peers::PeerState},
    http::Problem,
};

/// The page.
pub(super) async fn show(State(site): State<Site>, headers: HeaderMap) -> Response {
    let page = federation::freshness(&site.directory.db).await.map_err(Problem::from).map(|peers| page(&site, &peers));
    layout::answer(&site, &headers, page)
}

fn page(site: &Site, peers: &[Freshness]) -> Page {
    let name = &*site.directory.name;
    let body = html! {
        h1 { (say("Where listings come from")) }
        p class="lead" { (weave("Help does not stop where a council ends. So {name} also shows listings from other directories nearby.", &[("name", as_written(name))])) }
        p { (say("Each listing says which directory it comes from. If one from another directory is wrong, tell that directory: the listing links to its page there.")) }
        @if peers.is_empty() { p { (say("At the moment all listings here are our own.")) } }
        @for peer in peers {
            h2 { (as_written(&peer.name)) }
            dl class="summary" {
                div { dt { (say("Address")) } dd { a href=(peer.origin) rel="noreferrer" { (peer.origin) } } }
                div { dt { (say("Listed here")) } dd { (count(usize::try_from(peer.records).unwrap_or(usize::MAX), "record", "records")) } }
                div { dt { (say("Up to date")) } dd { (fresh(peer)) } }
                @if let Some(licence) = peer.licence.as_deref().filter(|licence| licence.starts_with("http")) {
                    div { dt { (say("Licence")) } dd { a href=(licence) rel="license noreferrer" { (licence_name(licence)) } } }
                }
            }
        }
        p { (weave("For programs: {link}.", &[("link", html! { a href="/federation/v1/status" { (say("the same as JSON")) } })])) }
    };
    let preview = say_with("Which directories {name} shows listings from, and how up to date they are.", &[("name", name)]);
    Page {
        preview: Some(preview),
        path: Some("/directory/sources".to_owned()),
        ..Page::new(say("Where listings come from"), body)
    }
}

fn fresh(peer: &Freshness) -> String {
    let since = peer.complete_at.map(|at| words::date(words::london_day(at)));
    match (peer.state, since) {
        (PeerState::New, _) | (_, None) => say("Nothing has been received yet").to_owned(),
        (PeerState::Following, Some(since)) => say_with("Last compared on {date}", &[("date", &since)]),
        (PeerState::Held, Some(since)) => say_with("Not at the moment. Last compared on {date}", &[("date", &since)]),
    }
}
