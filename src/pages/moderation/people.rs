//! Who has a role for the whole directory.

use axum::{extract::State, response::Response};
use http::HeaderMap;
use maud::html;

use crate::{
    editing::Error,
    http::Problem,
    identity::{Action, Email, Identity, PlatformRole},
    pages::{
        desk::{Desk, Fields, Posted, Signed, go_to},
        fields::{Field, Mistakes},
        layout::{Page, Step},
        words::moment,
    },
};

const ROLES: [(&str, &str); 5] = [
    ("reader", "reader: sees what waits and what happened"),
    ("collector", "collector: confirms listings by phone"),
    ("moderator", "moderator: decides, hides, edits everything"),
    ("administrator", "administrator: also gives roles"),
    ("none", "no role"),
];

/// GET `/moderation/people`.
pub(super) async fn show(State(desk): State<Desk>, signed: Signed, headers: HeaderMap) -> Response {
    let page = page(&desk, &signed, &Fields::default(), &Mistakes::default()).await.map_err(Problem::from);
    desk.answer(&headers, &signed, page)
}

async fn page(desk: &Desk, signed: &Signed, fields: &Fields, mistakes: &Mistakes) -> Result<Page, Error> {
    if !signed.may(Action::ManagePeople) {
        return Err(Error::Forbidden("only an administrator gives roles"));
    }
    let officers = desk.identity().officers().await?;
    let body = html! {
        (mistakes.summary())
        h1 { "Who has which role" }
        ul class="listings" {
            @for person in &officers {
                li {
                    p { strong { (person.shown()) } ", " (person.email) }
                    p { (person.role.map_or("no role", PlatformRole::as_str)) @if let Some(seen) = person.seen_at { ", last signed in " (moment(seen)) } @else { ", has not signed in yet" } }
                }
            }
        }
        h2 { "Give a role, or take it" }
        form method="post" action="/moderation/people" novalidate {
            (signed.proof())
            (Field::new("email", "Email address", fields.text("email")).line(mistakes, "email", "off"))
            (Field::new("role", "Role", fields.text("role")).one_of(mistakes, &ROLES))
            button class="button" { "Save" }
        }
        p class="hint" { "Their sessions end, so that no right outlives its role." }
    };
    Ok(Page { trail: vec![Step::to("/moderation", "Waiting")], ..Page::new(mistakes.title("Who has which role"), body) })
}

/// POST `/moderation/people`.
pub(super) async fn change(State(desk): State<Desk>, posted: Posted) -> Response {
    let signed = &posted.signed;
    match give(&desk, &posted).await {
        Ok(None) => go_to("/moderation/people"),
        Ok(Some(mistakes)) => {
            let page = page(&desk, signed, &posted.fields, &mistakes).await.map_err(Problem::from);
            desk.answer(&posted.headers, signed, page)
        }
        Err(error) => desk.answer(&posted.headers, signed, Err(error.into())),
    }
}

async fn give(desk: &Desk, posted: &Posted) -> Result<Option<Mistakes>, Error> {
    let (signed, fields) = (&posted.signed, &posted.fields);
    if !signed.may(Action::ManagePeople) {
        return Err(Error::Forbidden("only an administrator gives roles"));
    }
    let mut mistakes = Mistakes::default();
    let email = fields.text("email").parse::<Email>().map_err(|error| mistakes.add("email", error.to_string())).ok();
    let role = match fields.text("role") {
        "none" => Some(None),
        role => role.parse::<PlatformRole>().ok().map(Some),
    };
    if role.is_none() {
        mistakes.add("role", "Choose a role");
    }
    if email.as_ref() == Some(&signed.person.email) {
        mistakes.add("email", "Somebody else has to change your own role");
    }
    let (Some(email), Some(role), true) = (email, role, mistakes.none()) else { return Ok(Some(mistakes)) };
    let identity = desk.identity();
    let tx = identity.write().await?;
    let person = identity.give_role(&tx, &email, role).await?;
    let said = role.map_or("no role", PlatformRole::as_str);
    identity.note(&tx, &Identity::known_as(signed.person.id), "give a role", &Identity::known_as(person.id), said, None).await?;
    tx.commit().await?;
    Ok(None)
}
