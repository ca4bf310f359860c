//! A whole organisation has closed, or is away for a while: all of its listings with one tap.

use axum::{extract::State, response::Response};
use chrono::{Months, NaiveDate};
use http::HeaderMap;
use maud::{Markup, html};
use uuid::Uuid;

use crate::{
    editing::{Error, Standing, is_open},
    http::Problem,
    identity::Action,
    model::{Document, Kind, ServiceStatus, event::EventStatus},
    pages::{
        account::Told,
        desk::{Desk, Fields, Path, Posted, Signed, go_to},
        fields::{Field, Mistakes, tick},
        layout::{Page, Step},
    },
};

/// GET `/account/listings/{id}/closed`.
pub(super) async fn show(State(desk): State<Desk>, Path(id): Path<Uuid>, signed: Signed, headers: HeaderMap) -> Response {
    let page = page(&desk, &signed, id, &Fields::default(), &Mistakes::default()).await.map_err(Problem::from);
    desk.answer(&headers, &signed, page)
}

async fn page(desk: &Desk, signed: &Signed, id: Uuid, fields: &Fields, mistakes: &Mistakes) -> Result<Page, Error> {
    let sight = desk.editing.look(&signed.actor, id).await?;
    if sight.stored.kind != Kind::Organization {
        return Err(Error::NotFound(id));
    }
    if sight.is_foreign() || !sight.lets(&signed.actor, Action::Edit) {
        return Err(Error::Forbidden("you do not have permission to change this organisation"));
    }
    let name = sight.document.name().to_owned();
    let listings = desk.editing.public_listings(id).await?;
    let shut: Vec<&Document> = listings.iter().map(|(_, document)| document).filter(|document| !is_open(document)).collect();
    let title = format!("Has {name} closed?");
    let body = html! {
        (mistakes.summary())
        h1 { (title) }
        @if listings.is_empty() { p { "It has no public listings." } }
        @else {
            p { "This is about everything that it lists:" }
            ul { @for (_, document) in &listings { li { (document.name()) @if !is_open(document) { ": " (state_of_document(document)) } } } }
            form method="post" action=(format!("/account/listings/{id}/closed")) novalidate {
                (signed.proof())
                p { "Services are marked as closed, and events as cancelled. Nothing is deleted: you can open each of them again." }
                p { button class="button" name="do" value="closed" { "All of it has closed" } }
                (Field::new("until", "Or the first day it is open again", fields.text("until")).hint("Services open again by themselves on that day. Events stay as they are.").short(mistakes, "date"))
                p { button class="button" name="do" value="paused" { "Closed until that day" } }
                @if !shut.is_empty() {
                    h2 { "What is open again?" }
                    p { "What you do not tick stays as it is." }
                    @if let Some(said) = mistakes.of("open") { p class="error" id="open" { span class="unseen" { "Error: " } (said) } }
                    @for document in &shut { (open_again(document, fields, mistakes)) }
                    p { button class="button" name="do" value="open" { "Open what is ticked" } }
                }
            }
        }
    };
    let trail = vec![Step::to("/account", "Your listings"), Step::to(format!("/account/organisations/{id}"), "Organisation")];
    Ok(Page { trail, ..Page::new(mistakes.title(&title), body) })
}

/// A box to say that a listing is open again. Events come unticked: they were cancelled for reasons of their own.
fn open_again(document: &Document, fields: &Fields, mistakes: &Mistakes) -> Markup {
    let name = format!("{OPEN_AGAIN}{}", document.id());
    let ticked = if fields.has("do") { fields.has(&name) } else { document.kind() == Kind::Service };
    tick(&name, &format!("{} ({})", document.name(), state_of_document(document)), ticked, mistakes)
}

/// How a listing stands that is not open, in a word.
fn state_of_document(document: &Document) -> &'static str {
    match document {
        Document::Service(service) if service.status == ServiceStatus::TemporarilyClosed => "closed for now",
        Document::Event(event) if event.status == EventStatus::Postponed => "postponed",
        Document::Event(_) => "cancelled",
        _ => "closed",
    }
}

/// What a form about a whole organisation asks for.
enum Asked {
    Close(Standing),
    Open(Vec<Uuid>),
}

fn asked(fields: &Fields, today: NaiveDate) -> Result<Asked, (&'static str, &'static str)> {
    match fields.text("do") {
        "closed" => Ok(Asked::Close(Standing::Closed)),
        "open" => {
            let ticked: Vec<Uuid> =
                fields.starting(OPEN_AGAIN).filter_map(|(name, _)| name.trim_start_matches(OPEN_AGAIN).parse().ok()).collect();
            if ticked.is_empty() { Err(("open", NOTHING_TICKED)) } else { Ok(Asked::Open(ticked)) }
        }
        _ => reopening_day(fields.text("until"), today)
            .map(|day| Asked::Close(Standing::Until(day)))
            .map_err(|said| ("until", said)),
    }
}

/// POST `/account/listings/{id}/closed`.
pub(super) async fn save(State(desk): State<Desk>, Path(id): Path<Uuid>, posted: Posted) -> Response {
    let (signed, fields) = (&posted.signed, &posted.fields);
    let done = async {
        match asked(fields, desk.site.today()) {
            Ok(Asked::Close(standing)) => desk.editing.close_all(&signed.actor, id, standing).await.map(Ok),
            Ok(Asked::Open(these)) => desk.editing.open_these(&signed.actor, id, &these).await.map(Ok),
            Err((field, problem)) => {
                let mut mistakes = Mistakes::default();
                mistakes.add(field, problem);
                page(&desk, signed, id, fields, &mistakes).await.map(Err)
            }
        }
    };
    match done.await {
        Ok(Ok(became)) if became.published.is_empty() => go_to(&format!("/account/organisations/{id}")),
        Ok(Ok(_)) if fields.text("do") == "open" => go_to(&Told::Opened.path(id)),
        Ok(Ok(_)) => go_to(&Told::Closed.path(id)),
        Ok(Err(page)) => desk.answer(&posted.headers, signed, Ok(page)),
        Err(error) => desk.answer(&posted.headers, signed, Err(error.into())),
    }
}

/// How the boxes are named that say what is open again.
const OPEN_AGAIN: &str = "open-";
const NOTHING_TICKED: &str = "Tick at least one listing that is open again";
/// The longest that something is closed for now.
const LONGEST: Months = Months::new(24);
/// What is said where there is no day, or none that can be read.
pub(super) const NO_DATE: &str = "Enter the day on which it opens again, such as 2027-01-12. It must be in the future";
const OVER: &str = "That date is not in the future. Enter the date it opens again, or choose that it is open";
const FAR_OFF: &str = "That is more than two years away. Check the year. If it is right, choose that it has closed: you can open it again at any time";

/// The day on which something opens again: it is to come, and within two years.
/// # Errors
/// What to say beside the field.
pub(in crate::pages) fn reopening_day(text: &str, today: NaiveDate) -> Result<NaiveDate, &'static str> {
    match text.trim().parse::<NaiveDate>() {
        Err(_) => Err(NO_DATE),
        Ok(day) if day <= today => Err(OVER),
        Ok(day) if day > today + LONGEST => Err(FAR_OFF),
        Ok(day) => Ok(day),
    }
}
