//! Saying that a listing is still right, beside what everybody reads of when it was checked.

use axum::{extract::State, response::Response};
use maud::{Markup, html};
use uuid::Uuid;

use crate::{
    editing::{Error, Sight},
    http::Problem,
    identity::Action,
    model::{Document, Service},
    pages::{
        data,
        desk::{Desk, Path, Posted, Signed, go_to},
        words::{Checked, london_day},
    },
    published::shelf::Form,
    records::{CHECKED_HOW, Check, How},
};

/// What everybody reads of when it was checked; a check of a moment ago counts before it is published. Every page
/// that says when something was checked asks here, so that none says otherwise.
pub(in crate::pages) fn checked(desk: &Desk, document: &Document, last: Option<&Check>) -> Option<String> {
    let Document::Service(stored) = document else { return None };
    let published = data::these::<Service>(&desk.site.directory, &[stored.id.into()], Form::Full).ok();
    let published = published.and_then(|found| found.into_iter().next()).map(|found| found.document);
    let mut service = published.unwrap_or_else(|| (**stored).clone());
    if let Some(check) = last {
        let day = london_day(check.at).to_string();
        if service.assured_date.as_ref() != Some(&day) {
            (service.assured_date, service.freshness) = (Some(day), None);
        }
        service.extra.insert(CHECKED_HOW.to_owned(), check.how.as_str().into());
    }
    Some(Checked::say(&desk.site, &service))
}

/// When it was last checked, as the public page says it, and the button that says that it is still right.
pub(super) fn checking(desk: &Desk, signed: &Signed, sight: &Sight, last: Option<&(Check, String)>) -> Markup {
    let said = checked(desk, &sight.document, last.map(|(check, _)| check));
    html! {
        @if let Some(said) = &said { p { "The public reads: " q { (said) } @if let Some((_, by)) = last { " By " (by) "." } } }
        form method="post" action=(format!("/account/listings/{}/confirm", sight.stored.id)) {
            (signed.proof())
            p {
                @if sight.lets(&signed.actor, Action::Confirm) { button class="button" name="how" value="owner" { "It is all still correct" } " " }
                @if sight.lets(&signed.actor, Action::ConfirmByPhone) { button class="button" name="how" value="phone" { "They confirmed it on the phone" } " " button class="link" name="how" value="visit" { "Someone visited" } }
            }
        }
    }
}

/// POST `/account/listings/{id}/confirm`: it was checked, and nothing has to be changed.
pub(super) async fn confirm(State(desk): State<Desk>, Path(id): Path<Uuid>, posted: Posted) -> Response {
    let signed = &posted.signed;
    let done = async {
        let sight = desk.editing.look(&signed.actor, id).await?;
        let (action, how) = match posted.fields.text("how") {
            "phone" => (Action::ConfirmByPhone, How::Phone),
            "visit" => (Action::ConfirmByPhone, How::Visit),
            _ => (Action::Confirm, How::Owner),
        };
        if !sight.lets(&signed.actor, action) {
            return Err(Error::Forbidden("you do not have permission to confirm this listing").into());
        }
        desk.quality.confirm(&[id], &signed.actor.known_as(), how).await.map_err(crate::pages::moderation::problem)?;
        Ok::<_, Problem>(())
    };
    match done.await {
        Ok(()) => go_to(&format!("/account/listings/{id}?saved=confirmed")),
        Err(problem) => desk.answer(&posted.headers, signed, Err(problem)),
    }
}
