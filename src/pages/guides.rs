//! Guides: what to do about one hardship, in the council's words, with the listings that help.

use axum::{
    extract::{Path, State},
    response::{IntoResponse as _, Redirect, Response},
};
use http::{HeaderMap, header};
use maud::{Markup, html};
use uuid::Uuid;

use super::{
    Site, areas, data, home, language,
    language::{as_written, rightwards, say, say_with, written_in},
    layout,
    layout::{Page, Step},
    listing::{self, Listing},
    words,
};
use crate::{
    http::Problem,
    ids,
    model::{Kind as Record, Service, provenance::Provenance},
    published::shelf::Form,
    publishing::ask_index,
    search::Wanted,
    texts::{Kind, Prepared},
};

/// Listings below a guide.
const LISTED: usize = 6;
/// So many are looked through for them.
const LOOKED_THROUGH: usize = 24;

/// Every guide.
pub(super) async fn all(State(site): State<Site>, headers: HeaderMap) -> Response {
    let shown = site.texts.shown();
    let guides = shown.guides();
    let body = html! {
        h1 { (say("Guides")) }
        p class="lead" { (say("What to do first, and who can help.")) }
        @if guides.is_empty() {
            p { (say("There are no guides yet.")) " " a href="/directory/needs" { (say("Browse by need")) } " · " a href="/help" { (say("Work out what helps")) } }
        }
        ul class="listings" { @for guide in &guides { (row(guide)) } }
    };
    let page = Page { path: Some("/directory/guides".to_owned()), ..Page::new(say("Guides"), body) };
    layout::answer(&site, &headers, Ok(page))
}

/// Where a guide stands. An address is kept in histories: of a guide that others had better not see
/// read, it says nothing.
pub(super) fn address(guide: &Prepared) -> String {
    if is_quiet(guide) { format!("/directory/guides/{}", id_of(guide)) } else { format!("/directory/guides/{}", guide.slug) }
}

/// Whether others had better not see it read: as it says itself, or because of what it is about.
pub(super) fn is_quiet(guide: &Prepared) -> bool {
    guide.text.quiet || guide.text.needs.iter().any(|need| listing::is_sensitive_code(need))
}

fn id_of(guide: &Prepared) -> Uuid {
    ids::derived(Uuid::NAMESPACE_URL, &format!("guide {}", guide.slug))
}

fn row(guide: &Prepared) -> Markup {
    html! {
        li {
            h2 { a href=(address(guide)) { (as_written(&guide.text.title)) } }
            @if !guide.text.summary.is_empty() { p { (as_written(&guide.text.summary)) } }
        }
    }
}

/// Guides about any of these needs, as a short list; nothing where there are none.
pub(super) fn about(site: &Site, needs: &[String], most: usize) -> Markup {
    let shown = site.texts.shown();
    let guides = shown.guides_for(needs);
    html! {
        @if !guides.is_empty() {
            section class="guides" aria-label=(say("Guides")) {
                p { strong { (say("Read first")) } }
                ul { @for guide in guides.iter().take(most) { li { a href=(address(guide)) { (as_written(&guide.text.title)) } } } }
            }
        }
    }
}

/// One guide, under its name or, where that would say too much, under an id.
pub(super) async fn one(State(site): State<Site>, Path(slug): Path<String>, headers: HeaderMap) -> Response {
    let shown = site.texts.shown();
    let by_id = || shown.guides().into_iter().find(|guide| is_quiet(guide) && id_of(guide).to_string() == slug);
    match shown.get(Kind::Guide, &slug).or_else(by_id) {
        Some(guide) if address(guide).ends_with(&slug) => layout::answer(&site, &headers, page(&site, guide).await),
        Some(guide) => {
            let there = Redirect::permanent(&language::path(&address(guide)));
            ([(header::CACHE_CONTROL, "no-store"), (header::REFERRER_POLICY, "no-referrer")], there).into_response()
        }
        None => layout::answer(&site, &headers, Err(Problem::not_found(format!("there is no guide called {slug}")))),
    }
}

async fn page(site: &Site, guide: &Prepared) -> Result<Page, Problem> {
    let listings = fitting(site, &guide.text.needs).await?;
    let quiet = is_quiet(guide) || listings.iter().any(|listing| listing.sensitive);
    let body = html! {
        @if quiet { (home::danger()) }
        (body(site, guide))
        @if !listings.is_empty() {
            h2 { (say("Who can help")) }
            (listing::list(&listings, "h3"))
            p { a href="/directory/search" { (say("Search for more near you")) } }
        }
    };
    Ok(Page {
        preview: (!quiet && !guide.text.summary.is_empty()).then(|| guide.text.summary.clone()),
        path: Some(address(guide)),
        quiet,
        trail: vec![Step::to("/directory/guides", say("Guides"))],
        ..Page::new(if quiet { say("A guide").to_owned() } else { guide.text.title.clone() }, body)
    })
}

/// The guide itself: also what somebody who writes one looks at before it is published.
pub(super) fn body(site: &Site, guide: &Prepared) -> Markup {
    html! {
        @if guide.published_on.is_none() {
            div class="sample" role="note" { p { strong { (say("Sample.")) } " " (say("The council has not reviewed this text.")) } }
        }
        h1 { (as_written(&guide.text.title)) }
        @if !guide.text.summary.is_empty() { p class="lead" { (as_written(&guide.text.summary)) } }
        div lang=[written_in()] dir=[rightwards()] { (guide.html) }
        p class="small" {
            @if let Some(day) = guide.published_on { (say_with("Last reviewed on {date}.", &[("date", &words::date(day))])) " " }
            @match guide.text.review_by {
                Some(day) if guide.is_overdue(site.today()) => strong { (say_with("It was due to be reviewed again by {date}, so some of it may be out of date.", &[("date", &words::date(day))])) },
                _ => {},
            }
        }
    }
}

/// Listings for the needs of a guide, those that fit best first. Nobody knows where the reader is: of councils' listings
/// only those of this directory are shown, each with its area.
async fn fitting(site: &Site, needs: &[String]) -> Result<Vec<Listing>, Problem> {
    if needs.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = Wanted { needs: needs.to_vec(), only_current: true, ..Wanted::default() };
    let look =
        move |search: &crate::search::Search, wanted: &Wanted, now| search.find(Record::Service, wanted, now, 0..LOOKED_THROUGH);
    let found = ask_index(&site.directory, wanted, look).await?;
    let ids: Vec<Uuid> = found.hits.iter().map(|hit| hit.id).collect();
    let councils = areas::councils(site).await;
    let services = data::these::<Service>(&site.directory, &ids, Form::Full)?;
    let ours = services.iter().filter(|found| {
        let is_ours = Provenance::of(&found.document.extra).is_none();
        is_ours || !areas::is_of_a_council(&found.document, &councils)
    });
    listing::of_services(site, &ours.map(|found| found.entry.id).take(LISTED).collect::<Vec<_>>(), None)
}
