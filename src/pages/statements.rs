//! Pages about the site in the council's own words: the accessibility statement that the regulations
//! prescribe, the privacy notice, what is listed. Where nothing was written there are texts to start from,
//! true of the software.

use axum::{extract::State, response::Response};
use http::HeaderMap;
use maud::{Markup, html};

use super::{
    Site,
    language::{as_written, rightwards, say_with, weave, written_in},
    layout,
    layout::Page,
    phones, words,
};
use crate::{http::Problem, texts::Kind};

/// The accessibility statement (The Public Sector Bodies (Websites and Mobile Applications)
/// Accessibility Regulations 2018).
pub(super) async fn accessibility(State(site): State<Site>, headers: HeaderMap) -> Response {
    layout::answer(&site, &headers, page(&site, "accessibility"))
}

/// The privacy notice.
pub(super) async fn privacy(State(site): State<Site>, headers: HeaderMap) -> Response {
    layout::answer(&site, &headers, page(&site, "privacy"))
}

/// What is listed here, and what is not.
pub(super) async fn listing_policy(State(site): State<Site>, headers: HeaderMap) -> Response {
    layout::answer(&site, &headers, page(&site, "listing-policy"))
}

fn page(site: &Site, slug: &str) -> Result<Page, Problem> {
    let shown = site.texts.shown();
    let text = shown.get(Kind::Page, slug).ok_or_else(|| Problem::not_found(format!("there is no page about {slug}")))?;
    let body = html! {
        h1 { (as_written(&text.text.title)) }
        div lang=[written_in()] dir=[rightwards()] { (text.html) }
        @if let Some(day) = text.published_on { p class="small" { (say_with("Written on {date}.", &[("date", &words::date(day))])) } }
        (ask(site))
    };
    Ok(Page { path: Some(format!("/directory/{slug}")), ..Page::new(text.text.title.clone(), body) })
}

/// How to reach whoever runs the directory, where they say so.
pub(super) fn ask(site: &Site) -> Markup {
    let brand = &site.brand;
    let phone = brand.phone.as_ref().map(|phone| phones::to_ring(phone, None));
    let email = brand.email.as_ref().map(|email| html! { a href=(format!("mailto:{email}")) dir=[rightwards()] { (email) } });
    let ways = match (phone, email) {
        (Some(phone), Some(email)) => weave("ring {phone}, or write to {email}", &[("phone", phone), ("email", email)]),
        (Some(phone), None) => weave("ring {phone}", &[("phone", phone)]),
        (None, Some(email)) => weave("write to {email}", &[("email", email)]),
        (None, None) => Markup::default(),
    };
    html! {
        @if brand.phone.is_some() || brand.email.is_some() {
            p class="reach" {
                (weave("Ask {name}: {ways}.", &[("name", as_written(&site.directory.name)), ("ways", ways)]))
            }
        }
    }
}
