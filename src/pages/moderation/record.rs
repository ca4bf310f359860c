//! Hiding a listing at once, and showing it again.

use axum::{extract::State, response::Response};
use http::{HeaderMap, StatusCode};
use maud::html;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    editing::{Error, versions_of},
    http::Problem,
    identity::Action,
    model::changes::between,
    pages::{
        account::state_of,
        call_back,
        desk::{Desk, Fields, Path, Posted, Signed, go_to},
        differences,
        fields::{Field, Mistakes},
        layout::{Page, Step},
    },
    records::{self, State as Seen, Stored},
};

/// GET `/moderation/records/{id}`.
pub(super) async fn show(State(desk): State<Desk>, Path(id): Path<Uuid>, signed: Signed, headers: HeaderMap) -> Response {
    let page = page(&desk, &signed, id, &Fields::default(), &Mistakes::default()).await.map_err(Problem::from);
    desk.answer(&headers, &signed, page)
}

pub(super) async fn page(desk: &Desk, signed: &Signed, id: Uuid, fields: &Fields, mistakes: &Mistakes) -> Result<Page, Error> {
    let sight = desk.editing.look(&signed.actor, id).await?;
    if !sight.lets(&signed.actor, Action::Hide) {
        return Err(Error::Forbidden("only a moderator can hide a listing"));
    }
    let name = sight.document.name().to_owned();
    let annotated = desk.editing.records().annotation(id).await?;
    let is_seen = sight.is_public() && !annotated.is_some_and(|annotated| annotated.annotation.hidden);
    let versions = desk.editing.records().history(id).await?;
    let last_public = versions.iter().rev().find(|version| version.state == Seen::Published);
    let parsed = |stored: &Stored| serde_json::from_str::<Value>(&stored.document).unwrap_or_default();
    let mut since_public = between(&last_public.map(parsed).unwrap_or_default(), &parsed(&sight.stored));
    differences::for_people(&desk.editing, &mut since_public).await?;
    let places = if is_seen || sight.is_foreign() { Vec::new() } else { desk.editing.unseen_places(&sight.document).await? };
    let calling = if sight.protected && !is_seen { Some(desk.editing.known_numbers(&[id]).await?) } else { None };
    let state = if sight.is_public() && !is_seen { "Hidden here" } else { state_of(&sight.stored, &sight.document).0 };
    let body = html! {
        (mistakes.summary())
        h1 { (name) }
        p { "Now: " strong { (state) } "." }
        form method="post" action=(format!("/moderation/records/{id}")) novalidate {
            (signed.proof())
            input type="hidden" name="revision" value=(sight.stored.kept.revision);
            @if !is_seen {
                h2 { "Changes since it was last public" }
                (differences::list(&since_public))
                @for place in &places {
                    h3 { "A place that is not public yet" }
                    (differences::list(&between(&Value::Null, &parsed(place))))
                }
                input type="hidden" name="places" value=(versions_of(&places));
                (call_back::form(calling.as_deref(), fields, mistakes))
            }
            (Field::new("reason", "Why?", fields.text("reason")).hint("The people who manage the listing will get this in an email, and it is recorded in the history. Nobody else sees it.").line(mistakes, "text", "off"))
            @if is_seen {
                p { button class="button warn" name="do" value="hide" { "Hide it now" } }
                p class="hint" { "It will disappear from our pages, the API, exports and the feed within a minute. Followers are told to delete their copies." }
            } @else {
                p { button class="button" name="do" value="show" { "Show it again" } }
            }
        }
        p { a href=(format!("/account/listings/{id}")) { "Edit it" } " · " a href=(format!("/account/listings/{id}/history")) { "History" } }
    };
    Ok(Page { trail: vec![Step::to("/moderation", "Waiting")], ..Page::new(mistakes.title(&name), body) })
}

/// POST `/moderation/records/{id}`.
pub(super) async fn act(State(desk): State<Desk>, Path(id): Path<Uuid>, posted: Posted) -> Response {
    let (signed, fields) = (&posted.signed, &posted.fields);
    let reason = fields.text("reason");
    let done = match fields.text("do") {
        "hide" => Box::pin(desk.editing.hide(&signed.actor, id, reason)).await,
        "show" => {
            let seen = (fields.text("revision").parse().unwrap_or(-1), fields.text("places"));
            Box::pin(desk.editing.show_again(&signed.actor, id, seen, reason, Some(&call_back::said(fields)))).await
        }
        _ => Err(Error::Forbidden("this form is incomplete; go back and try again")),
    };
    match done {
        Ok(()) => go_to(&format!("/moderation/records/{id}")),
        Err(Error::NeedsReason { .. }) => {
            let mut mistakes = Mistakes::default();
            mistakes.add("reason", "Enter a reason");
            let page = page(&desk, signed, id, fields, &mistakes).await;
            desk.answer(&posted.headers, signed, page.map_err(Problem::from))
        }
        Err(Error::NeedsCallBack(fault)) => {
            let mut mistakes = Mistakes::default();
            call_back::mistake(&mut mistakes, &fault);
            let page = page(&desk, signed, id, fields, &mistakes).await;
            desk.answer(&posted.headers, signed, page.map_err(Problem::from))
        }
        Err(Error::Records(records::Error::Stale { .. })) => {
            // Two taps: the first has shown it again.
            if is_shown_by(&desk, signed, id).await {
                return go_to(&format!("/moderation/records/{id}"));
            }
            let mut mistakes = Mistakes::default();
            mistakes.add("reason", "It was edited while you were looking at it. Below is the current version; look at what has changed, then decide again");
            let page = page(&desk, signed, id, fields, &mistakes).await.map(|page| Page { status: StatusCode::CONFLICT, ..page });
            desk.answer(&posted.headers, signed, page.map_err(Problem::from))
        }
        Err(error) => desk.answer(&posted.headers, signed, Err(error.into())),
    }
}

/// Whether a listing is public by what whoever asks has done last.
async fn is_shown_by(desk: &Desk, signed: &Signed, id: Uuid) -> bool {
    let sight = desk.editing.look(&signed.actor, id).await;
    sight.is_ok_and(|sight| sight.is_public() && sight.stored.kept.changed_by == signed.actor.known_as())
}
