//! A whole organisation has closed, or is away for a while: all of its listings with one tap.

use axum::{extract::State, response::Response};
use chrono::{Months, NaiveDate};
use http::HeaderMap;
use maud::html;
use uuid::Uuid;

use crate::{
    editing::{Error, Standing},
    http::Problem,
    identity::Action,
    model::Kind,
    pages::{
        desk::{Desk, Path, Posted, Signed, go_to},
        fields::{Field, Mistakes},
        layout::{Page, Step},
    },
};

/// GET `/account/listings/{id}/closed`.
pub(super) async fn show(State(desk): State<Desk>, Path(id): Path<Uuid>, signed: Signed, headers: HeaderMap) -> Response {
    let page = page(&desk, &signed, id, "", &Mistakes::default()).await.map_err(Problem::from);
    desk.answer(&headers, &signed, page)
}

async fn page(desk: &Desk, signed: &Signed, id: Uuid, until: &str, mistakes: &Mistakes) -> Result<Page, Error> {
    let sight = desk.editing.look(&signed.actor, id).await?;
    if sight.stored.kind != Kind::Organization {
        return Err(Error::NotFound(id));
    }
    if sight.is_foreign() || !sight.lets(&signed.actor, Action::Edit) {
        return Err(Error::Forbidden("you do not have permission to change this organisation"));
    }
    let name = sight.document.name().to_owned();
    let listings = desk.editing.open_listings(id).await?;
    let title = format!("Has {name} closed?");
    let body = html! {
        (mistakes.summary())
        h1 { (title) }
        @if listings.is_empty() { p { "It has no public listings." } }
        @else {
            p { "This is about everything that it lists:" }
            ul { @for (_, document) in &listings { li { (document.name()) } } }
            form method="post" action=(format!("/account/listings/{id}/closed")) novalidate {
                (signed.proof())
                p { "Services are marked as closed, and events as cancelled. Nothing is deleted: you can open each of them again." }
                p { button class="button" name="do" value="closed" { "All of it has closed" } }
                (Field::new("until", "Or the first day it is open again", until).hint("Services open again by themselves on that day. Events stay as they are.").short(mistakes, "date"))
                p { button class="button" name="do" value="paused" { "Closed until that day" } }
                p { button class="link" name="do" value="open" { "It is open: mark all of it as open" } }
            }
        }
    };
    let trail = vec![Step::to("/account", "Your listings"), Step::to(format!("/account/organisations/{id}"), "Organisation")];
    Ok(Page { trail, ..Page::new(mistakes.title(&title), body) })
}

/// POST `/account/listings/{id}/closed`.
pub(super) async fn save(State(desk): State<Desk>, Path(id): Path<Uuid>, posted: Posted) -> Response {
    let (signed, fields) = (&posted.signed, &posted.fields);
    let done = async {
        let mut mistakes = Mistakes::default();
        let until = fields.text("until");
        let standing = match fields.text("do") {
            "closed" => Ok(Standing::Closed),
            "open" => Ok(Standing::Open),
            _ => reopening_day(until, desk.site.today()).map(Standing::Until),
        };
        let standing = match standing {
            Ok(standing) => standing,
            Err(problem) => {
                mistakes.add("until", problem);
                return page(&desk, signed, id, until, &mistakes).await.map(Err);
            }
        };
        desk.editing.stand_all(&signed.actor, id, standing).await.map(Ok)
    };
    match done.await {
        Ok(Ok(_)) => go_to(&format!("/account/organisations/{id}")),
        Ok(Err(page)) => desk.answer(&posted.headers, signed, Ok(page)),
        Err(error) => desk.answer(&posted.headers, signed, Err(error.into())),
    }
}

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
