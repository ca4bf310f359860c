//! What organisations are asked to declare: a list that the council writes.

use axum::{extract::State, response::Response};
use http::HeaderMap;
use maud::html;

use crate::{
    editing::Error,
    http::Problem,
    identity::Action,
    pages::{
        desk::{Desk, Posted, Signed, go_to},
        fields::{Field, Mistakes},
        layout::{Page, Step},
    },
};

/// GET `/moderation/declarations`.
pub(super) async fn show(State(desk): State<Desk>, signed: Signed, headers: HeaderMap) -> Response {
    let done = async {
        if !signed.may(Action::WriteTexts) {
            return Err(Error::Forbidden("only people who write the listing policy can do this"));
        }
        Ok(page(&signed, &desk.editing.asked_for().await?.join("\n"), &Mistakes::default()))
    };
    let page = done.await.map_err(Problem::from);
    desk.answer(&headers, &signed, page)
}

fn page(signed: &Signed, names: &str, mistakes: &Mistakes) -> Page {
    let title = "What organisations declare";
    let body = html! {
        (mistakes.summary())
        h1 { (title) }
        p { "Organisations give the date from which they have each of these; officers give the date they saw it. Both dates appear on the listing. It is not an endorsement: the listing policy says what it means." }
        form method="post" action="/moderation/declarations" novalidate {
            (signed.proof())
            (Field::new("names", "One per line", names).hint("For example: Safeguarding policy. Earlier declarations stay on the listings.").lines(mistakes, 6))
            button class="button" { "Save" }
        }
        p { a href="/moderation/texts/listing-policy" { "Write the listing policy" } " · " a href="/directory/listing-policy" { "Read it" } }
    };
    Page { trail: vec![Step::to("/moderation", "Waiting")], ..Page::new(mistakes.title(title), body) }
}

/// POST `/moderation/declarations`.
pub(super) async fn save(State(desk): State<Desk>, posted: Posted) -> Response {
    let (signed, names) = (&posted.signed, posted.fields.text("names"));
    let lines: Vec<String> = names.lines().map(str::to_owned).collect();
    match desk.editing.ask_for(&signed.actor, &lines).await {
        Ok(()) => go_to("/moderation/declarations"),
        Err(Error::Unfit(faults)) => {
            let mut mistakes = Mistakes::default();
            for fault in faults {
                mistakes.add(fault.field, crate::pages::words::capital(&fault.problem));
            }
            desk.answer(&posted.headers, signed, Ok(page(signed, names, &mistakes)))
        }
        Err(error) => desk.answer(&posted.headers, signed, Err(error.into())),
    }
}
