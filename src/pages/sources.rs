//! Where listings come from: this directory, and those that it follows, with how fresh each is.

use axum::{extract::State, response::Response};
use http::HeaderMap;
use maud::html;

use super::{
    Site, layout,
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
        h1 { "Where listings come from" }
        p class="lead" { "Help does not end at a council’s border, so " (name) " also shows what neighbouring directories publish." }
        p { "Each listing says which directory it comes from. If one of theirs is wrong, tell them: the listing links to its page there." }
        @if peers.is_empty() { p { "At the moment everything here is our own." } }
        @for peer in peers {
            h2 { (peer.name) }
            dl class="summary" {
                div { dt { "Address" } dd { a href=(peer.origin) rel="noreferrer" { (peer.origin) } } }
                div { dt { "Listed here" } dd { (count(usize::try_from(peer.records).unwrap_or(usize::MAX), "record", "records")) } }
                div { dt { "Up to date" } dd { (fresh(peer)) } }
                @if let Some(licence) = peer.licence.as_deref().filter(|licence| licence.starts_with("http")) {
                    div { dt { "Licence" } dd { a href=(licence) rel="license noreferrer" { (licence_name(licence)) } } }
                }
            }
        }
        p { "For programs: " a href="/federation/v1/status" { "the same as JSON" } "." }
    };
    let preview = format!("Which directories {name} shows listings of, and how fresh they are.");
    Page { preview: Some(preview), path: Some("/directory/sources".to_owned()), ..Page::new("Where listings come from", body) }
}

fn fresh(peer: &Freshness) -> String {
    let since = peer.complete_at.map(|at| format!("on {}", words::date(words::london_day(at))));
    match (peer.state, since) {
        (PeerState::New, _) | (_, None) => "Nothing has come from there yet".to_owned(),
        (PeerState::Following, Some(since)) => format!("Last compared {since}"),
        (PeerState::Held, Some(since)) => format!("Not at the moment. Last compared {since}"),
    }
}
