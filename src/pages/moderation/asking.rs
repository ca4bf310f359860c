//! Asking the author of what waits, whatever it is.

use axum::{extract::State, response::Response};
use http::StatusCode;
use maud::{Markup, html};
use uuid::Uuid;

use crate::{
    editing::Error,
    identity::Action,
    model::text::shorten,
    pages::{
        desk::{Desk, Path, Posted, Signed, go_to},
        fields::{Field, Mistakes},
        layout::Page,
        parts::paragraphs,
    },
};

/// The longest question, in characters.
const LONGEST: usize = 4_000;

/// The form of a question, below the page at `path`.
pub(super) fn form(signed: &Signed, path: &str, whom: &str) -> Markup {
    html! {
        @if signed.may(Action::Decide) {
            form method="post" action=(format!("{path}/ask")) {
                (signed.proof())
                (Field::new("question", &format!("Ask {whom}"), "").hint("They get it by email, and can answer here. Nothing is decided yet.").lines(&Mistakes::default(), 2))
                button class="button" { "Send" }
            }
        }
    }
}

/// POST `/moderation/changes/{id}/ask`.
pub(super) async fn of_change(State(desk): State<Desk>, Path(id): Path<Uuid>, posted: Posted) -> Response {
    let said = async { desk.editing.say(&posted.signed.actor, id, &question(&posted)).await };
    asked(&desk, &posted, &format!("/moderation/changes/{id}"), said).await
}

/// POST `/moderation/listings/{bundle}/ask`.
pub(super) async fn of_listing(State(desk): State<Desk>, Path(bundle): Path<Uuid>, posted: Posted) -> Response {
    let said = async { desk.editing.ask_about_listing(&posted.signed.actor, bundle, &question(&posted)).await };
    asked(&desk, &posted, &format!("/moderation/listings/{bundle}"), said).await
}

/// POST `/moderation/claims/{id}/ask`.
pub(super) async fn of_claim(State(desk): State<Desk>, Path(id): Path<Uuid>, posted: Posted) -> Response {
    let said = async { desk.editing.say_about_claim(&posted.signed.actor, id, &question(&posted)).await };
    asked(&desk, &posted, &format!("/moderation/claims/{id}"), said).await
}

fn question(posted: &Posted) -> String {
    shorten(posted.fields.text("question"), LONGEST)
}

async fn asked(desk: &Desk, posted: &Posted, path: &str, said: impl Future<Output = Result<(), Error>>) -> Response {
    let signed = &posted.signed;
    if !signed.may(Action::Decide) {
        return desk.answer(&posted.headers, signed, Err(Error::Forbidden("only a moderator can ask").into()));
    }
    match said.await {
        Ok(()) => go_to(path),
        // Nothing was written: the field is there to be filled in.
        Err(Error::Unfit(_)) => go_to(&format!("{path}#question")),
        Err(Error::NotFound(_)) => {
            // What it is about was decided, or taken back, at this moment.
            let title = "Your question was not sent";
            let body = html! {
                h1 { (title) }
                p { "What it is about is not waiting any more. You wrote:" }
                blockquote { (paragraphs(&question(posted))) }
                p { a class="button" href=(path) { "See what became of it" } }
            };
            let page = Page { status: StatusCode::CONFLICT, ..Page::new(title, body) };
            desk.answer(&posted.headers, signed, Ok(page))
        }
        Err(error) => desk.answer(&posted.headers, signed, Err(error.into())),
    }
}
