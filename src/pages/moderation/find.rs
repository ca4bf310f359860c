//! Finding any listing, to edit or to hide it.

use axum::{extract::State, response::Response};
use http::HeaderMap;
use maud::{Markup, html};

use crate::{
    editing::{Error, Found, MOST_FOUND},
    http::Problem,
    identity::Action,
    model::Kind,
    pages::{
        account::state_of,
        desk::{Desk, Posted, Signed},
        fields::{Field, Mistakes},
        layout::{Page, Step},
        words::count,
    },
};

/// The form, for the queue and for the page of what it finds. It is sent, so that the street of a refuge does not
/// stand in the address of a page: browsers and proxies keep those.
pub(super) fn form(signed: &Signed, words: &str) -> Markup {
    html! {
        form method="post" action="/moderation/find" {
            (signed.proof())
            (Field::new("q", "Find a listing to edit or hide", words).hint("Part of its name, phone number, email address, street or postcode. Hidden listings are included.").line(&Mistakes::default(), "search", "off"))
            button class="button" { "Find" }
        }
    }
}

/// GET `/moderation/find`.
pub(super) async fn show(State(desk): State<Desk>, signed: Signed, headers: HeaderMap) -> Response {
    let page = page(&desk, &signed, "").await.map_err(Problem::from);
    desk.answer(&headers, &signed, page)
}

/// POST `/moderation/find`.
pub(super) async fn find(State(desk): State<Desk>, posted: Posted) -> Response {
    let page = page(&desk, &posted.signed, posted.fields.text("q")).await.map_err(Problem::from);
    desk.answer(&posted.headers, &posted.signed, page)
}

async fn page(desk: &Desk, signed: &Signed, words: &str) -> Result<Page, Error> {
    let found = desk.editing.find(&signed.actor, words).await?;
    let title = "Find a listing";
    let body = html! {
        h1 { (title) }
        (form(signed, words))
        @if !words.is_empty() {
            h2 { @if found.is_empty() { "Nothing found" } @else { (count(found.len(), "listing", "listings")) } }
            @if found.len() == MOST_FOUND { p { "There may be more: add another word." } }
            ul class="listings" { @for one in &found { (row(signed, one)) } }
        }
    };
    Ok(Page { trail: vec![Step::to("/moderation", "Waiting")], ..Page::new(title, body) })
}

fn kind_in_words(kind: Kind) -> &'static str {
    match kind {
        Kind::Organization => "Organisation",
        Kind::Event => "Event",
        _ => "Service",
    }
}

fn row(signed: &Signed, found: &Found) -> Markup {
    let (id, name) = (found.stored.id, found.document.name());
    let (state, good) = state_of(&found.stored, &found.document);
    let foreign = !found.stored.origin.is_empty();
    html! {
        li {
            h3 { a href=(format!("/account/listings/{id}")) { (name) } }
            ul class="tags" {
                li { (kind_in_words(found.stored.kind)) }
                li class=(if good { "good" } else { "doubt" }) { (state) }
                @if foreign { li { "from " (found.stored.origin) } }
            }
            @if signed.may(Action::Hide) && !foreign {
                p { a href=(format!("/moderation/records/{id}")) { @if good { "Hide it" } @else { "Hide it, or show it again" } span class="unseen" { ": " (name) } } }
            }
        }
    }
}
