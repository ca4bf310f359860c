//! Finding one's organisation before adding it.

use axum::{extract::State, response::Response};
use http::HeaderMap;
use maud::html;
use uuid::Uuid;

use crate::{
    http::{Parameters, Problem},
    model::{Kind, Organization, provenance::Provenance, text::fold},
    pages::{
        desk::{Desk, Signed},
        fields::{Field, Mistakes},
        layout::{Page, Step},
    },
    published::shelf::Form,
    search::Wanted,
};

/// Organisations that are shown.
const SHOWN: usize = 20;
/// Names that are at least so alike may be of the same.
const ALIKE: f64 = 0.82;

/// An organisation that somebody may mean.
#[derive(Clone, Debug)]
pub(in crate::pages) struct Candidate {
    pub(in crate::pages) id: Uuid,
    pub(in crate::pages) name: String,
    description: String,
    /// Whose it is, where it is not ours.
    source: Option<String>,
}

/// The organisations whose listings have these words, or most of them, the likeliest first.
pub(in crate::pages) fn candidates(desk: &Desk, words: &str) -> Result<Vec<Candidate>, Problem> {
    let directory = &desk.site.directory;
    let wanted = Wanted { text: words.to_owned(), relaxed: true, ..Wanted::default() };
    let found = directory
        .search
        .find(Kind::Organization, &wanted, desk.site.now(), 0..SHOWN)
        .map_err(|error| Problem::internal(&error))?;
    let mut candidates = Vec::new();
    for id in found.hits.iter().map(|hit| hit.id) {
        let Some(found) = directory.shelf.get(id, Form::Full)? else { continue };
        if let Ok(one) = serde_json::from_slice::<Organization>(&found.bytes) {
            let source = Provenance::of(&one.extra).map(|provenance| provenance.source);
            candidates.push(Candidate { id, name: one.name, description: one.description, source });
        }
    }
    Ok(candidates)
}

/// Whether two names may be of the same.
pub(in crate::pages) fn is_alike(one: &str, other: &str) -> bool {
    let (one, other) = (fold(one), fold(other));
    if one.is_empty() || other.is_empty() {
        return false;
    }
    strsim::jaro_winkler(&one, &other) >= ALIKE || one.contains(&other) || other.contains(&one)
}

/// GET `/account/find`.
pub(super) async fn show(State(desk): State<Desk>, signed: Signed, parameters: Parameters, headers: HeaderMap) -> Response {
    let words = parameters.text("q").ok().flatten().unwrap_or_default().to_owned();
    let mut mistakes = Mistakes::default();
    // Without a letter or a digit the search would find everything.
    if parameters.pairs().any(|(name, _)| name == "q") && !words.chars().any(char::is_alphanumeric) {
        mistakes.add("q", "Enter the name of your organisation, or part of it");
    }
    let page = page(&desk, &words, &mistakes);
    desk.answer(&headers, &signed, page)
}

fn page(desk: &Desk, words: &str, mistakes: &Mistakes) -> Result<Page, Problem> {
    let searches = !words.is_empty() && mistakes.none();
    let new: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("name", words).finish();
    let found = if searches { candidates(desk, words)? } else { Vec::new() };
    let body = html! {
        (mistakes.summary())
        h1 { "Find your organisation" }
        form method="get" action="/account/find" {
            (Field::new("q", "Name of the organisation", words).hint("Part of the name is enough.").line(mistakes, "text", "organization"))
            button class="button" { "Search" }
        }
        @if searches {
            h2 { @if found.is_empty() { "Nothing found" } @else { "Is it one of these?" } }
            ul class="listings" {
                @for one in &found {
                    li {
                        h3 { (one.name) }
                        p { (crate::model::text::shorten(&one.description, 160)) }
                        @if let Some(source) = &one.source { p class="by" { "Managed in another directory: " (source) ". Ask that directory to change it." } }
                        @else { p { a class="button" href=(format!("/account/organisations/{}/claim", one.id)) { "This is us" span class="unseen" { ": " (one.name) } } } }
                    }
                }
            }
            h2 { "Not listed?" }
            p { a class="button" href=(format!("/account/organisations/new?{new}")) { "Add your organisation" } }
        }
    };
    Ok(Page { trail: vec![Step::to("/account", "Your listings")], ..Page::new(mistakes.title("Find your organisation"), body) })
}
