//! "Is it still right?": where the link of a reminder leads. Opening it changes nothing, because mail
//! programs open links by themselves; a button does.

use axum::{
    body::Body,
    extract::{Path, State},
    response::Response,
};
use http::HeaderMap;
use maud::{Markup, html};
use uuid::Uuid;

use super::{Upkeep, problem};
use crate::{
    http::Problem,
    identity::Secret,
    model::{Service, values::EmailAddress},
    pages::{
        Site, data,
        desk::{Fields, go_to},
        layout::{self, Page},
        listing,
        parts::{self, row, text_row},
        words,
    },
    published::shelf::Form,
    quality,
    quality::{Asked, Question},
};

/// GET `/still-correct/{secret}`.
pub(super) async fn show(State(upkeep): State<Upkeep>, Path(secret): Path<String>, headers: HeaderMap) -> Response {
    let page = match asked(&upkeep, &secret).await {
        Ok((_, question)) => page(&upkeep.site, &secret, &question),
        Err(problem) => Err(problem),
    };
    layout::answer(&upkeep.site, &headers, page)
}

/// POST `/still-correct/{secret}`. The secret is the proof: whoever has it may answer, from wherever. The
/// page leaves no referrer, which would tell the secret, so a browser does not say where its form is from.
pub(super) async fn answer(State(upkeep): State<Upkeep>, Path(secret): Path<String>, headers: HeaderMap, body: Body) -> Response {
    match note(&upkeep, &secret, &headers, body).await {
        Ok(()) => go_to(&format!("/still-correct/{secret}")),
        Err(problem) => layout::answer(&upkeep.site, &headers, Err(problem)),
    }
}

async fn asked(upkeep: &Upkeep, secret: &str) -> Result<(Secret, Question), Problem> {
    let too_old = || Problem::not_found("this link has expired or is incomplete".to_owned());
    let secret = Secret::presented(secret).ok_or_else(too_old)?;
    let question = upkeep.quality.question(&secret).await.map_err(|error| problem(&error))?.ok_or_else(too_old)?;
    Ok((secret, question))
}

async fn note(upkeep: &Upkeep, secret: &str, headers: &HeaderMap, body: Body) -> Result<(), Problem> {
    let (secret, question) = asked(upkeep, secret).await?;
    let fields = Fields::read(headers, body).await?;
    let right: Vec<Uuid> = if fields.has("all") {
        question.listings.iter().map(|asked| asked.record).collect()
    } else {
        fields.text("listing").parse().into_iter().collect()
    };
    // Whoever has been removed since the letter was sent has no say any more.
    let mut theirs = Vec::new();
    for listing in right {
        let keepers =
            quality::keepers_of(upkeep.quality.records(), &upkeep.identity, listing).await.map_err(|error| problem(&error))?;
        if keepers.iter().any(|keeper| keeper.known_as == question.known_as) {
            theirs.push(listing);
        }
    }
    upkeep.quality.answer(&secret, &theirs).await.map_err(|error| problem(&error))?;
    Ok(())
}

fn page(site: &Site, secret: &str, question: &Question) -> Result<Page, Problem> {
    let ids: Vec<Uuid> = question.listings.iter().map(|asked| asked.record).collect();
    let services = data::these::<Service>(&site.directory, &ids, Form::Full)?;
    let service = |asked: &Asked| services.iter().find(|found| Uuid::from(found.document.id) == asked.record);
    let today = |asked: &Asked| asked.checked_at.is_some_and(|at| words::london_day(at) == site.today());
    let all_done = question.listings.iter().all(today);
    let title = match (&question.listings[..], all_done) {
        ([], _) => "There is nothing to check",
        (_, true) => "Thank you",
        ([_], _) => "Is this still correct?",
        _ => "Are these still correct?",
    };
    let body = html! {
        h1 { (title) }
        @if question.listings.is_empty() { p { "What this link was about is no longer published." } }
        @else if all_done { p { "You have confirmed that everything is correct. Each listing now shows this, and we will ask again in a few months." } }
        @for asked in &question.listings {
            h2 { (asked.name) }
            @if let Some(found) = service(asked) { (facts(site, &found.document)) }
            @if today(asked) { p class="done" { "Checked today." } }
            @else { (buttons(secret, asked, service(asked).is_some())) }
        }
        @if question.listings.len() > 1 && !all_done {
            form method="post" action=(format!("/still-correct/{secret}")) {
                button class="button" name="all" value="yes" { "All of them are still correct" }
            }
        }
    };
    Ok(Page { unkept: true, quiet: true, ..Page::new(title, body) })
}

/// What everybody sees of it, as far as it changes.
fn facts(site: &Site, service: &Service) -> Markup {
    let today = site.today();
    let phones: Vec<String> = service.phones.iter().map(|phone| phone.number.clone()).collect();
    let places: Vec<String> =
        service.service_at_locations.iter().filter_map(|link| link.location.as_deref()).map(listing::place_in_words).collect();
    html! {
        @if let Some(text) = &service.description { p { (words::summary(text, 300)) } }
        dl class="summary" {
            (row("When", &parts::schedules(&service.schedules, today)))
            (row("Where", &places))
            (row("Phone", &phones))
            (text_row("Email", service.email.as_ref().map(EmailAddress::as_str)))
            (row("Cost", &words::costs(service.fees_description.as_deref().or(service.fees.as_deref()), &service.cost_options)))
        }
        p { a href=(format!("/directory/services/{}", service.id)) { "View the full public page" } }
    }
}

fn buttons(secret: &str, asked: &Asked, has_times: bool) -> Markup {
    let listing = format!("/account/listings/{}", asked.record);
    html! {
        form method="post" action=(format!("/still-correct/{secret}")) {
            button class="button" name="listing" value=(asked.record) { "Still correct" span class="unseen" { ": " (asked.name) } }
        }
        p {
            // What changes most often is one page nearer.
            @if has_times { a href=(format!("{listing}/times")) { "Change the times" span class="unseen" { ": " (asked.name) } } " · " }
            a href=(listing) { "Change something else" span class="unseen" { ": " (asked.name) } }
        }
    }
}
