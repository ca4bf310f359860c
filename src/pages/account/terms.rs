//! What contributors agree to before anything of theirs is published.

use axum::{extract::State, response::Response};
use http::HeaderMap;
use maud::{Markup, html};

use crate::{
    editing::Error,
    http::{Parameters, Problem},
    identity::Deed,
    identity::path_of_ours,
    pages::{
        desk::{Desk, Posted, Signed, go_to},
        fields::{Mistakes, tick},
        layout::Page,
        parts::licence_name,
    },
};

/// The day of this wording. Whoever changes what stands below changes it, too: it is kept with who agreed.
const VERSION: &str = "26 November 2026";

/// The terms in plain words, and the box; nothing once somebody has agreed.
pub(in crate::pages) fn terms(signed: &Signed, mistakes: &Mistakes) -> Markup {
    html! {
        @if signed.person.terms_at.is_none() {
            h2 { "What you agree to" }
            ul {
                li { "What you write is true as far as you know, and you have the right to publish it." }
                li { "Anyone can use it: it is published under the " a href=(signed.licence.as_str()) rel="license noreferrer" { (licence_name(signed.licence.as_str())) } ", an open licence, which cannot be withdrawn for what has been published." }
                li { "You do not write about people without their agreement. Contacts are private unless you choose to make them public." }
                li { "We keep your email address for as long as you have an account, and a record of what you do here for some years. You can delete your account at any time; what was published stays. The " a href="/directory/privacy" { "privacy notice" } " says what we keep, and for how long." }
            }
            p class="hint" { "Terms of " (VERSION) }
            (tick("terms", "I agree", false, mistakes))
        }
    }
}

/// Keep that somebody has agreed, or say that they have to.
pub(in crate::pages) async fn agree(desk: &Desk, posted: &Posted, mistakes: &mut Mistakes) -> Result<(), Error> {
    if posted.signed.person.terms_at.is_some() {
        return Ok(());
    }
    if !posted.fields.has("terms") {
        mistakes.add("terms", "Tick the box to agree; we cannot accept changes without it");
        return Ok(());
    }
    let mut person = posted.signed.person.clone();
    person.terms_at = Some(desk.site.now());
    let tx = desk.identity().write().await?;
    desk.identity().keep_person(&tx, &person).await?;
    let to_what = format!("terms of {VERSION}; licence: {}", posted.signed.licence);
    let who = posted.signed.actor.known_as();
    desk.identity().note(&tx, &who, Deed::AgreeToTerms, "", &to_what, posted.signed.actor.client()).await?;
    Ok(tx.commit().await?)
}

/// GET `/account/terms`: asked of those who came to keep listings without having been asked before.
pub(super) async fn ask(State(desk): State<Desk>, signed: Signed, parameters: Parameters, headers: HeaderMap) -> Response {
    let back = parameters.text("return_to").ok().flatten().and_then(path_of_ours).unwrap_or_default();
    desk.answer(&headers, &signed, Ok(page(&signed, &back, &Mistakes::default())))
}

fn page(signed: &Signed, back: &str, mistakes: &Mistakes) -> Page {
    let title = "Before you change a listing";
    let body = html! {
        (mistakes.summary())
        h1 { (title) }
        form method="post" action="/account/terms" novalidate {
            (signed.proof())
            input type="hidden" name="return_to" value=(back);
            (terms(signed, mistakes))
            button class="button" { "Continue" }
        }
    };
    Page::new(mistakes.title(title), body)
}

/// POST `/account/terms`.
pub(super) async fn accept(State(desk): State<Desk>, posted: Posted) -> Response {
    let back = path_of_ours(posted.fields.text("return_to")).unwrap_or_else(|| "/account".to_owned());
    let mut mistakes = Mistakes::default();
    match agree(&desk, &posted, &mut mistakes).await {
        Ok(()) if mistakes.none() => go_to(&back),
        Ok(()) => desk.answer(&posted.headers, &posted.signed, Ok(page(&posted.signed, &back, &mistakes))),
        Err(error) => desk.answer(&posted.headers, &posted.signed, Err(Problem::from(error))),
    }
}
