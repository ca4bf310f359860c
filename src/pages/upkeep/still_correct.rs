//! "Is it still right?": where the link of a reminder leads. Opening it changes nothing, because mail
//! programs open links by themselves; a button does. Only "still correct" is a check: that a listing is closed, or
//! open again, is an edit of that one part of it.

use std::collections::HashMap;

use axum::{
    body::Body,
    extract::{Path, State},
    response::Response,
};
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};
use uuid::Uuid;

use super::{Upkeep, problem};
use crate::{
    editing::{self, Standing, closed_until},
    http::{Parameters, Problem},
    identity::Secret,
    model::{Document, Phone, Service, ServiceAtLocation, ServiceStatus, values::EmailAddress},
    pages::{
        Site, data,
        desk::{Fields, go_to},
        editing::reopening_day,
        layout::{self, Page},
        listing,
        parts::{self, row, text_row},
        words,
    },
    published::shelf::Form,
    quality,
    quality::{Asked, Question},
};

/// The parameter of an address that says that somebody has just told us whether something is open.
const TOLD: &str = "told";

/// GET `/still-correct/{secret}`.
pub(super) async fn show(
    State(upkeep): State<Upkeep>,
    Path(secret): Path<String>,
    parameters: Parameters,
    headers: HeaderMap,
) -> Response {
    let told = parameters.text(TOLD).ok().flatten().is_some();
    let done = async {
        let (_, question) = asked(&upkeep, &secret).await?;
        page(&upkeep, &secret, &question, None, told).await
    };
    layout::answer(&upkeep.site, &headers, done.await)
}

/// POST `/still-correct/{secret}`. The secret is the proof: whoever has it may answer, from wherever. The
/// page leaves no referrer, which would tell the secret, so a browser does not say where its form is from.
pub(super) async fn answer(State(upkeep): State<Upkeep>, Path(secret): Path<String>, headers: HeaderMap, body: Body) -> Response {
    match note(&upkeep, &secret, &headers, body).await {
        Ok(Noted::Checked) => go_to(&format!("/still-correct/{secret}")),
        Ok(Noted::Stands) => go_to(&format!("/still-correct/{secret}?{TOLD}=yes")),
        Ok(Noted::Wrong(page)) => layout::answer(&upkeep.site, &headers, Ok(*page)),
        Err(problem) => layout::answer(&upkeep.site, &headers, Err(problem)),
    }
}

async fn asked(upkeep: &Upkeep, secret: &str) -> Result<(Secret, Question), Problem> {
    let too_old = || Problem::not_found("this link has expired or is incomplete".to_owned());
    let secret = Secret::presented(secret).ok_or_else(too_old)?;
    let question = upkeep.quality.question(&secret).await.map_err(|error| problem(&error))?.ok_or_else(too_old)?;
    Ok((secret, question))
}

/// What an answer says, by the name of its button.
#[derive(Clone, Copy, Debug)]
enum Says {
    /// Everything is right.
    Right,
    /// It is open, or is not.
    Stands(Standing),
}

/// What became of an answer.
#[derive(Debug)]
enum Noted {
    /// Listings were checked.
    Checked,
    /// Listings are open, or are not, and nothing else of them was looked at.
    Stands,
    /// Nothing: its page says what is wrong with it.
    Wrong(Box<Page>),
}

/// What is wrong with the day on which a listing is said to open again.
#[derive(Clone, Copy, Debug)]
struct Wrong<'a> {
    listing: Uuid,
    /// As it was typed.
    until: &'a str,
    problem: &'a str,
}

/// Take an answer in.
async fn note(upkeep: &Upkeep, secret: &str, headers: &HeaderMap, body: Body) -> Result<Noted, Problem> {
    let (key, question) = asked(upkeep, secret).await?;
    let fields = Fields::read(headers, body).await?;
    let pressed = |name: &str| fields.some(name).map(|which| which.parse::<Uuid>().ok());
    let all = Some(None);
    let (says, which) = if let Some(which) = pressed("paused") {
        match reopening_day(fields.text("until"), upkeep.site.today()) {
            Ok(day) => (Says::Stands(Standing::Until(day)), Some(which)),
            Err(problem) => {
                let wrong = which.map(|listing| Wrong { listing, until: fields.text("until"), problem });
                let page = page(upkeep, secret, &question, wrong, false).await?;
                return Ok(Noted::Wrong(Box::new(Page { status: StatusCode::BAD_REQUEST, ..page })));
            }
        }
    } else if let Some(which) = pressed("closed") {
        (Says::Stands(Standing::Closed), Some(which))
    } else if let Some(which) = pressed("open") {
        (Says::Stands(Standing::Open), Some(which))
    } else if fields.text("all") == "closed" {
        (Says::Stands(Standing::Closed), all)
    } else {
        (Says::Right, if fields.has("all") { all } else { pressed("listing") })
    };
    let meant = |id: &Uuid| match which {
        Some(Some(one)) => one == *id,
        Some(None) => fields.has("all"),
        None => false,
    };
    let ids: Vec<Uuid> = question.listings.iter().map(|asked| asked.record).filter(meant).collect();
    let asked_for_some = !ids.is_empty();
    let theirs = still_theirs(upkeep, &question, ids).await?;
    if asked_for_some && theirs.is_empty() {
        return Err(Problem::forbidden("you no longer manage this listing, so your answer was not recorded"));
    }
    match says {
        Says::Right => {
            upkeep.quality.answer(&key, &theirs).await.map_err(|error| problem(&error))?;
            Ok(Noted::Checked)
        }
        Says::Stands(standing) => {
            if let Some(actor) = upkeep.editing.keeper(&question.known_as).await? {
                for listing in &theirs {
                    upkeep.editing.stand(&actor, *listing, standing).await?;
                }
            }
            Ok(Noted::Stands)
        }
    }
}

/// Whoever has been removed since the letter was sent has no say any more.
async fn still_theirs(upkeep: &Upkeep, question: &Question, ids: Vec<Uuid>) -> Result<Vec<Uuid>, Problem> {
    let mut theirs = Vec::new();
    for listing in ids {
        let keepers = quality::keepers_of(upkeep.quality.records(), upkeep.editing.identity(), listing).await;
        if keepers.map_err(|error| problem(&error))?.iter().any(|keeper| keeper.known_as == question.known_as) {
            theirs.push(listing);
        }
    }
    Ok(theirs)
}

/// That a listing is closed, in words; nothing where it is open. As it is stored: what is published follows.
async fn closed(upkeep: &Upkeep, ids: &[Uuid]) -> Result<HashMap<Uuid, String>, Problem> {
    let stored = upkeep.quality.records().find_all(ids).await.map_err(editing::Error::from)?;
    let mut closed = HashMap::new();
    for one in stored.values() {
        let Document::Service(service) = one.read().map_err(editing::Error::from)? else { continue };
        let until = service.alert.as_deref().and_then(closed_until);
        let words = match (service.status, until) {
            (ServiceStatus::Active, _) => continue,
            (ServiceStatus::TemporarilyClosed, Some((day, _))) => format!("Closed until {}.", words::date(day)),
            (ServiceStatus::TemporarilyClosed, None) => "Closed for now.".to_owned(),
            _ => "Closed.".to_owned(),
        };
        closed.insert(one.id, words);
    }
    Ok(closed)
}

/// The page, with what is wrong with the last answer, or what it `told` us.
async fn page(upkeep: &Upkeep, secret: &str, question: &Question, wrong: Option<Wrong<'_>>, told: bool) -> Result<Page, Problem> {
    let site = &upkeep.site;
    let ids: Vec<Uuid> = question.listings.iter().map(|asked| asked.record).collect();
    let services = data::these::<Service>(&site.directory, &ids, Form::Full)?;
    let service = |asked: &Asked| services.iter().find(|found| Uuid::from(found.document.id) == asked.record);
    let closed = closed(upkeep, &ids).await?;
    let today = |asked: &Asked| asked.checked_at.is_some_and(|at| words::london_day(at) == site.today());
    let all_done = question.listings.iter().all(today);
    let title = match (&question.listings[..], all_done) {
        ([], _) => "There is nothing to check",
        (_, true) => "Thank you",
        ([_], _) => "Is this still correct?",
        _ => "Are these still correct?",
    };
    let action = format!("/still-correct/{secret}");
    let done: Vec<String> = question.listings.iter().filter(|asked| today(asked)).map(|asked| asked.name.clone()).collect();
    let left = question.listings.len() - done.len();
    let body = html! {
        @if question.listings.is_empty() {
            h1 { (title) }
            p { "What this link was about is no longer published." }
        } @else if all_done {
            // What was done comes first, and whoever listens to the page hears it first.
            div class="banner ok" role="status" tabindex="-1" autofocus[wrong.is_none()] {
                h1 { (title) }
                @if told { p { "Everyone will see what you told us within a minute." } }
                @else { p { "You have confirmed that everything is correct. Each listing now shows this, and we will ask again in a few months." } }
            }
        } @else {
            @if told || !done.is_empty() {
                div class="banner ok" role="status" tabindex="-1" autofocus[wrong.is_none()] {
                    p {
                        strong { "Thank you." }
                        @if told { " Everyone will see what you told us within a minute." }
                        @if !done.is_empty() { " Checked today: " (words::list(&done)) ". " (words::count(left, "listing is left.", "listings are left.")) }
                    }
                }
            }
            h1 { (title) }
        }
        @for asked in &question.listings {
            h2 { (asked.name) }
            @if let Some(found) = service(asked) { (facts(site, &found.document)) }
            @let wrong = wrong.filter(|wrong| wrong.listing == asked.record);
            @match (closed.get(&asked.record), today(asked)) {
                (Some(words), checked) => (while_closed(&action, asked, words, checked)),
                (None, true) => p class="done" { "Checked today." },
                (None, false) => (buttons(&action, asked, service(asked).is_some(), wrong)),
            }
        }
        @if question.listings.len() > 1 && !all_done {
            form method="post" action=(action) {
                p { button class="button" name="all" value="yes" { "All of them are still correct" } }
                p { button class="link" name="all" value="closed" { "All of them have closed" } }
            }
        }
    };
    let title = if wrong.is_some() { format!("Error: {title}") } else { title.to_owned() };
    Ok(Page { unkept: true, quiet: true, ..Page::new(title, body) })
}

/// What can be said of a listing that is closed: that it is open, or that the rest of it is right.
fn while_closed(action: &str, asked: &Asked, words: &str, checked: bool) -> Markup {
    let name = html! { span class="unseen" { ": " (asked.name) } };
    html! {
        form method="post" action=(action) {
            p class="done" { (words) " " button class="link" name="open" value=(asked.record) { "It is open" (name) } }
            @if checked { p class="done" { "Checked today." } }
            @else {
                p { "Is everything else still correct? We ask because people read it to find out when you open again." }
                button class="button" name="listing" value=(asked.record) { "Still correct" (name) }
            }
        }
    }
}

/// What everybody sees of it, as far as it changes.
fn facts(site: &Site, service: &Service) -> Markup {
    let today = site.today();
    let faxes = service.phones.iter().filter(|phone| phone.is_fax());
    let phones: Vec<String> = service.numbers().into_iter().chain(faxes).map(Phone::in_words).collect();
    let at_a_place = |link: &ServiceAtLocation| {
        let place = link.location.as_deref().map(listing::place_in_words).unwrap_or_default();
        parts::schedules(&link.schedules, today).into_iter().map(move |times| format!("{place}: {times}"))
    };
    let times: Vec<String> = parts::schedules(&service.schedules, today)
        .into_iter()
        .chain(service.service_at_locations.iter().flat_map(at_a_place))
        .collect();
    let places: Vec<String> =
        service.service_at_locations.iter().filter_map(|link| link.location.as_deref()).map(listing::place_in_words).collect();
    html! {
        @if let Some(text) = &service.description { p { (words::summary(text, 300)) } }
        dl class="summary" {
            (row("When", &times))
            (row("Where", &places))
            (row("Phone", &phones))
            (text_row("Email", service.email.as_ref().map(EmailAddress::as_str)))
            (row("Cost", &words::costs(service.fees_description.as_deref().or(service.fees.as_deref()), &service.cost_options)))
        }
        p { a href=(format!("/directory/services/{}", service.id)) { "View the full public page" } }
    }
}

fn buttons(action: &str, asked: &Asked, has_times: bool, wrong: Option<Wrong<'_>>) -> Markup {
    let listing = format!("/account/listings/{}", asked.record);
    let name = html! { span class="unseen" { ": " (asked.name) } };
    let day = format!("until-{}", asked.record);
    html! {
        form method="post" action=(action) {
            button class="button" name="listing" value=(asked.record) { "Still correct" (name) }
        }
        p {
            // What changes most often is one page nearer.
            @if has_times { a href=(format!("{listing}/times")) { "Change the times" (name) } " · " }
            a href=(listing) { "Change something else" (name) }
        }
        form method="post" action=(action) {
            p { button class="link" name="closed" value=(asked.record) { "We have closed" (name) } }
        }
        form method="post" action=(action) novalidate {
            @if let Some(wrong) = wrong { p class="error" id=(format!("{day}-wrong")) { span class="unseen" { "Error: " } (wrong.problem) } }
            p {
                label for=(day) { "Closed for now, and open again on" (name) } " "
                input class="short" type="date" id=(day) name="until" value=[wrong.map(|wrong| wrong.until)] aria-describedby=[wrong.map(|_| format!("{day}-wrong"))] aria-invalid=[wrong.map(|_| "true")];
                " " button class="link" name="paused" value=(asked.record) { "Closed until then" (name) }
            }
        }
    }
}
