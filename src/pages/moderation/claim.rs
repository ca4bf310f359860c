//! Somebody asks to keep an organisation.

use axum::{extract::State, response::Response};
use http::HeaderMap;
use maud::html;
use uuid::Uuid;

use super::{asking, queue::Done, too_late};
use crate::{
    editing::Error,
    http::Problem,
    identity::{self, Action, ClaimState},
    pages::{
        account::{messages, thread},
        call_back,
        desk::{Desk, Fields, Path, Posted, Signed, go_to},
        fields::{Field, Mistakes},
        layout::{Page, Step},
        words::moment,
    },
};

/// GET `/moderation/claims/{id}`.
pub(super) async fn show(State(desk): State<Desk>, Path(id): Path<Uuid>, signed: Signed, headers: HeaderMap) -> Response {
    let page = page(&desk, &signed, id, &Fields::default(), &Mistakes::default()).await.map_err(Problem::from);
    desk.answer(&headers, &signed, page)
}

pub(super) async fn page(desk: &Desk, signed: &Signed, id: Uuid, fields: &Fields, mistakes: &Mistakes) -> Result<Page, Error> {
    if !signed.may(Action::SeeQueue) {
        return Err(Error::Forbidden("only officers can see this page"));
    }
    let claim = desk.identity().find_claim(id).await?.ok_or(Error::NotFound(id))?;
    let sight = desk.editing.look(&signed.actor, claim.organisation).await?;
    let person = desk.identity().person(claim.person).await?;
    let members = desk.identity().members(claim.organisation).await?;
    let calling = if sight.protected { Some(desk.editing.known_numbers(&[claim.organisation]).await?) } else { None };
    let called = call_back::about(desk, signed, &[id]).await?;
    let decided_by = match &claim.decided_by {
        Some(by) => Some(desk.identity().shown_as(by).await?),
        None => None,
    };
    let thread = thread(&desk.editing, id).await?;
    let name = sight.document.name().to_owned();
    let body = html! {
        (mistakes.summary())
        h1 { (name) }
        @if let Some(known) = &calling {
            p class="danger" { "Protected listing. Phone a number we already had and ask whether they know this person." }
            @if known.is_empty() { p { "It has no published phone number. Find one that does not come from the person who is asking." } }
        }
        dl class="summary" {
            div { dt { "Who is asking" } dd { @if let Some(person) = &person { (person.shown()) " (" (person.email) ")" } @else { "someone who has left" } } }
            div { dt { "What they say" } dd { (claim.words) } }
            div { dt { "What we found" } dd { (claim.evidence) } }
            div { dt { "Since" } dd { (moment(claim.at)) } }
            div { dt { "Who manages it now" } dd { @if members.is_empty() { "nobody" } @else { ul { @for member in &members { li { (member.person.shown()) ", " (member.membership.role.as_str()) } } } } } }
        }
        p { a href=(format!("/directory/organisations/{}", claim.organisation)) { "The listing as the public sees it" } }
        @if claim.state == ClaimState::Waiting && signed.may(Action::Decide) {
            form method="post" action=(format!("/moderation/claims/{id}")) novalidate {
                (signed.proof())
                (call_back::form(calling.as_deref(), fields, mistakes))
                (Field::new("reason", "Reason, if you refuse", fields.text("reason")).hint("They will see this.").lines(mistakes, 2))
                p { button class="button" name="do" value="accept" { "Let them manage it" } " " button class="button warn" name="do" value="refuse" { "Refuse" } }
            }
        } @else {
            p class="banner" role="status" { "It is " (claim.state.as_str()) @if let Some(by) = &decided_by { ", decided by " (by) } "." @if let Some(reason) = &claim.reason { " " (reason) } }
            (called)
        }
        (messages(&thread))
        @if claim.state == ClaimState::Waiting { (asking::form(signed, &format!("/moderation/claims/{id}"), "the person who wants to manage it")) }
    };
    Ok(Page { trail: vec![Step::to("/moderation", "Waiting")], ..Page::new(mistakes.title(&name), body) })
}

/// POST `/moderation/claims/{id}`.
pub(super) async fn decide(State(desk): State<Desk>, Path(id): Path<Uuid>, posted: Posted) -> Response {
    let (signed, fields) = (&posted.signed, &posted.fields);
    let accept = fields.text("do") == "accept";
    let called = call_back::said(fields);
    match desk.editing.decide_claim(&signed.actor, id, accept, fields.text("reason"), Some(&called)).await {
        Ok(_) => go_to(&Done::Answered.path()),
        Err(Error::Identity(identity::Error::NotFound { what: "claim", .. })) => {
            // Somebody was quicker: this moderator with two taps, or another one.
            let claim = desk.identity().find_claim(id).await.ok().flatten();
            if claim.is_some_and(|claim| claim.decided_by == Some(signed.actor.known_as())) {
                return go_to(&Done::Answered.path());
            }
            let page = page(&desk, signed, id, fields, &Mistakes::default()).await;
            desk.answer(&posted.headers, signed, page.map(too_late).map_err(Problem::from))
        }
        Err(error @ (Error::NeedsReason { .. } | Error::NeedsCallBack(_))) => {
            let mut mistakes = Mistakes::default();
            match &error {
                Error::NeedsCallBack(fault) => call_back::mistake(&mut mistakes, fault),
                other => mistakes.add("reason", other.to_string()),
            }
            let page = page(&desk, signed, id, fields, &mistakes).await;
            desk.answer(&posted.headers, signed, page.map_err(Problem::from))
        }
        Err(error) => desk.answer(&posted.headers, signed, Err(error.into())),
    }
}
