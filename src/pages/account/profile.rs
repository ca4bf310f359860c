//! Somebody themselves: their name, where they are signed in, and being forgotten.

use axum::{extract::State, response::Response};
use http::{HeaderMap, header};
use maud::html;
use uuid::Uuid;

use crate::{
    editing::Error,
    http::{
        Problem,
        visitor::{self, SESSION},
    },
    identity::Identity,
    model::text::shorten,
    pages::{
        desk::{Desk, Path, Posted, Signed, go_to},
        fields::{Field, Mistakes},
        layout::{Page, Step},
        moderation::problem,
        words::{date, london_day},
    },
};

/// The longest name of a person, in characters.
const LONGEST_NAME: usize = 100;

/// GET `/account/profile`.
pub(super) async fn show(State(desk): State<Desk>, signed: Signed, headers: HeaderMap) -> Response {
    let page = page(&desk, &signed).await.map_err(Problem::from);
    desk.answer(&headers, &signed, page)
}

async fn page(desk: &Desk, signed: &Signed) -> Result<Page, Error> {
    let sessions = desk.identity().sessions(signed.person.id).await?;
    let person = &signed.person;
    let body = html! {
        h1 { "You" }
        dl class="summary" {
            div { dt { "Email" } dd { (person.email) } }
            @if let Some(role) = person.role { div { dt { "Role" } dd { (role.as_str()) } } }
        }
        form method="post" action="/account/profile" {
            (signed.proof())
            (Field::new("name", "Your name", &person.name)
                .hint("Your colleagues and moderators can see it. The public cannot.")
                .line(&Mistakes::default(), "text", "name"))
            button class="button" { "Save" }
        }
        h2 { "Where you are signed in" }
        ul class="listings" {
            @for session in &sessions {
                li {
                    p {
                        strong { (session.browser) } @if session.id == signed.session.id { " (this one)" }
                        br; "since " (date(london_day(session.began_at))) ", last used " (date(london_day(session.used_at)))
                        @if let Some(name) = session.strength.provider() { ", through " (name) }
                    }
                    form method="post" action=(format!("/account/sessions/{}/end", session.id)) {
                        (signed.proof())
                        button class="link" { "Sign out there" span class="unseen" { ": " (session.browser) } }
                    }
                }
            }
        }
        @if person.role.is_some() {
            h2 { "Your second step" }
            p { a href="/account/passkeys" { "Your passkeys" } }
        }
        h2 { "Leave" }
        p { a href="/account/profile/forget" { "Delete everything about you" } }
    };
    Ok(Page { trail: vec![Step::to("/account", "Your listings")], ..Page::new("You", body) })
}

/// POST `/account/profile`.
pub(super) async fn save(State(desk): State<Desk>, posted: Posted) -> Response {
    let done = async {
        let mut person = posted.signed.person.clone();
        person.name = shorten(posted.fields.text("name"), LONGEST_NAME);
        let tx = desk.identity().write().await?;
        desk.identity().keep_person(&tx, &person).await?;
        tx.commit().await?;
        Ok::<_, Error>(())
    };
    match done.await {
        Ok(()) => go_to("/account/profile"),
        Err(error) => desk.answer(&posted.headers, &posted.signed, Err(error.into())),
    }
}

/// POST `/account/sessions/{id}/end`.
pub(super) async fn end_session(State(desk): State<Desk>, Path(id): Path<Uuid>, posted: Posted) -> Response {
    let done = async {
        if id != posted.signed.session.id {
            has_shown(&desk, &posted.signed)?;
        }
        let tx = desk.identity().write().await?;
        desk.identity().end_session(&tx, posted.signed.person.id, id).await?;
        tx.commit().await?;
        Ok::<_, Error>(())
    };
    match done.await {
        Ok(()) => go_to("/account/profile"),
        Err(error) => desk.answer(&posted.headers, &posted.signed, Err(error.into())),
    }
}

/// That an officer has taken the second step where they can: what a thief of their mail can destroy is theirs
/// to destroy only then.
fn has_shown(desk: &Desk, signed: &Signed) -> Result<(), Error> {
    if desk.passkeys.is_some() && signed.actor.owes_second_step() {
        return Err(Error::Forbidden("use your passkey first, at /sign-in/passkey"));
    }
    Ok(())
}

/// GET `/account/profile/forget`.
pub(super) async fn ask_to_forget(State(desk): State<Desk>, signed: Signed, headers: HeaderMap) -> Response {
    let body = html! {
        h1 { "Delete everything about you" }
        p { "We will immediately delete your email address, name, sessions and permission to edit, together with your waiting changes, your messages, emails to you, and drafts that nobody else has seen. You cannot undo this." }
        p { "The listings stay. In their history you will appear as “a former editor”." }
        p { "If you are the last lead of an organisation that has other editors, make one of them a lead first." }
        form method="post" action="/account/profile/forget" {
            (signed.proof())
            button class="button warn" { "Delete everything about me" }
        }
        p { a href="/account/profile" { "Cancel" } }
    };
    desk.answer(&headers, &signed, Ok(Page::new("Delete everything about you", body)))
}

/// POST `/account/profile/forget`.
pub(super) async fn forget(State(desk): State<Desk>, posted: Posted) -> Response {
    let done = async {
        has_shown(&desk, &posted.signed)?;
        let person = &posted.signed.person;
        let tx = desk.identity().write().await.map_err(Error::from)?;
        if desk.identity().is_last_administrator(&tx, person).await.map_err(Error::from)? {
            let why_not = "you are the only administrator: give someone else this role before you go";
            return Err(Error::Forbidden(why_not).into());
        }
        desk.editing.forget_person(&tx, &Identity::known_as(person.id), person.id, "").await?;
        desk.quality.forget_reporter(&tx, &person.email).await.map_err(problem)?;
        tx.commit().await.map_err(Error::from)?;
        Ok::<_, Problem>(())
    };
    match done.await {
        Ok(()) => {
            let mut response = go_to("/");
            response.headers_mut().append(header::SET_COOKIE, visitor::forget(SESSION));
            response
        }
        Err(problem) => desk.answer(&posted.headers, &posted.signed, Err(problem)),
    }
}
