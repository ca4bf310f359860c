//! A new listing with all that belongs to it: taken or refused as a whole.

use std::collections::BTreeMap;

use axum::{extract::State, response::Response};
use http::{HeaderMap, StatusCode};
use maud::html;
use serde_json::Value;
use uuid::Uuid;

use super::{asking, queue::Done, too_late};
use crate::{
    editing::{Error, Waiting, main_of},
    http::Problem,
    identity::Action,
    model::{Kind, changes::between},
    pages::{
        account::{messages, thread},
        call_back,
        desk::{Desk, Fields, Path, Posted, Signed, go_to},
        differences,
        fields::{Field, Mistakes},
        layout::{Page, Step},
        preview,
        words::moment,
    },
    records::{self, Decision},
};

/// GET `/moderation/listings/{bundle}`.
pub(super) async fn show(State(desk): State<Desk>, Path(bundle): Path<Uuid>, signed: Signed, headers: HeaderMap) -> Response {
    let page = match page(&desk, &signed, bundle, &Fields::default(), &Mistakes::default()).await {
        // Nothing was sent: who opens an old link reads what became of it.
        Err(Error::Records(records::Error::Decided(_))) => decided(&desk, &signed, bundle).await,
        page => page,
    };
    desk.answer(&headers, &signed, page.map_err(Problem::from))
}

pub(super) async fn page(
    desk: &Desk,
    signed: &Signed,
    bundle: Uuid,
    fields: &Fields,
    mistakes: &Mistakes,
) -> Result<Page, Error> {
    let (queued, version) = desk.editing.listing(&signed.actor, bundle).await?;
    let (name, protected, is_new) = (queued.name, queued.protected, queued.is_new);
    let Waiting::Listing(parts) = queued.waiting else { return Err(Error::NotFound(bundle)) };
    let about: Vec<Uuid> = parts.iter().map(|part| part.record_id).collect();
    let calling = if protected { Some(desk.editing.known_numbers(&about).await?) } else { None };
    let mut shown = Vec::new();
    let mut organisations = BTreeMap::new();
    for part in &parts {
        let proposed = desk.editing.records().rebased(part).await?;
        // What is public already is shown beside what it would become; the rest is new as a whole.
        let standing = desk.editing.records().find(part.record_id).await?;
        let public = standing.filter(|standing| standing.state == crate::records::State::Published);
        let before: Value = public.map_or(Value::Null, |standing| serde_json::from_str(&standing.document).unwrap_or_default());
        let mut changes = between(&before, &proposed);
        if let Some(id) = proposed["organization_id"].as_str().and_then(|id| id.parse::<Uuid>().ok())
            && part.kind != Kind::Location
            && let Some(organisation) = desk.editing.records().find(id).await?
        {
            organisations.insert(id, organisation.read()?.name().to_owned());
            changes.retain(|change| change.field != "organization_id" || !change.before.is_null());
        }
        differences::for_people(&desk.editing, &mut changes).await?;
        shown.push((part, changes));
    }
    let mut said = Vec::new();
    for part in &parts {
        said.extend(thread(&desk.editing, part.id).await?);
    }
    said.sort_by_key(|message| message.at);
    let by = match parts.first() {
        Some(part) => desk.identity().shown_as(&part.by).await?,
        None => String::new(),
    };
    let body = html! {
        (mistakes.summary())
        h1 { (name) }
        @if let Some(part) = parts.first() {
            p class="by" {
                @if is_new { "New listing by " } @else { "Changes by " } (by) ", " (moment(part.at))
                @if !is_new { ": " (part.why) }
            }
            @if !is_new { p { "They were proposed together and are decided together." } }
        }
        p { a href=(format!("/moderation/listings/{bundle}/preview")) { "Preview: the listing as the public would see it" } }
        @for (id, organisation) in &organisations { p { "For " a href=(format!("/account/listings/{id}")) { (organisation) } } }
        @if protected { p class="danger" { "Protected listing. Phone a number that we already had, not one in what is proposed." } }
        @for (part, changes) in &shown {
            section {
                h2 { (part.kind.as_str().replace('_', " ")) }
                (differences::list(changes))
                p { a href=(format!("/account/listings/{}", part.record_id)) { "View it, or edit it before you accept" } }
            }
        }
        @if signed.may(Action::Decide) {
            form method="post" action=(format!("/moderation/listings/{bundle}")) novalidate {
                (signed.proof())
                input type="hidden" name="seen" value=(version);
                (call_back::form(calling.as_deref(), fields, mistakes))
                (Field::new("reason", "Reason, if you refuse", fields.text("reason")).hint("The author will see this. Say what would have to change, and that they can send it again.").lines(mistakes, 3))
                p {
                    button class="button" name="do" value="accept" { "Publish it" } " "
                    button class="button warn" name="do" value="refuse" { "Refuse" }
                }
            }
        }
        (messages(&said))
        (asking::form(signed, &format!("/moderation/listings/{bundle}"), "the author"))
    };
    Ok(Page { trail: vec![Step::to("/moderation", "Waiting")], ..Page::new(mistakes.title(&name), body) })
}

/// What became of it, where whoever asks has decided it themselves.
async fn decided_by(desk: &Desk, signed: &Signed, bundle: Uuid) -> Option<Done> {
    let parts = desk.editing.records().bundle(bundle).await.ok()?;
    let me = signed.actor.known_as();
    let own = parts.iter().find(|part| part.decided.as_ref().is_some_and(|decided| decided.by == me))?;
    Some(if own.decision == Decision::Accepted { Done::Published } else { Done::Refused })
}

/// That somebody else has decided: who, when, and how it stands.
async fn decided(desk: &Desk, signed: &Signed, bundle: Uuid) -> Result<Page, Error> {
    if !signed.may(Action::SeeQueue) {
        return Err(Error::Forbidden("only officers can see this page"));
    }
    let parts = desk.editing.records().bundle(bundle).await?;
    let main = main_of(&parts).ok_or(Error::NotFound(bundle))?;
    let name = desk.editing.name_of(main).await?;
    let by = match &main.decided {
        Some(decided) => {
            let why = if decided.reason.is_empty() { String::new() } else { format!(": {}", decided.reason) };
            format!("{}, {}{why}", desk.identity().shown_as(&decided.by).await?, moment(decided.at))
        }
        None => "its author".to_owned(),
    };
    let became = match main.decision {
        Decision::Accepted => "It was published by ",
        Decision::Rejected => "It was refused by ",
        Decision::Withdrawn | Decision::Waiting => "It was withdrawn by ",
    };
    let called = call_back::about(desk, signed, &[bundle]).await?;
    let body = html! {
        h1 { (name) }
        p class="banner" role="status" { "This has already been decided. " (became) (by) "." }
        (called)
        p { a href=(format!("/account/listings/{}", main.record_id)) { "The current listing" } " · " a href="/moderation" { "What else is waiting" } }
    };
    Ok(Page { trail: vec![Step::to("/moderation", "Waiting")], ..Page::new(name, body) })
}

/// GET `/moderation/listings/{bundle}/preview`.
pub(super) async fn preview(State(desk): State<Desk>, Path(bundle): Path<Uuid>, signed: Signed, headers: HeaderMap) -> Response {
    let done = async {
        let (queued, _) = desk.editing.listing(&signed.actor, bundle).await?;
        let Waiting::Listing(parts) = queued.waiting else { return Err(Error::NotFound(bundle).into()) };
        let shown = desk.editing.preview_proposed(&signed.actor, &parts).await?;
        let about = html! {
            p { strong { "This is a preview." } " The public would see it like this if it were published." }
            p { a href=(format!("/moderation/listings/{bundle}")) { "Back to the new listing" } }
        };
        preview::page(&desk.site, shown, &about).await
    };
    let page = done.await;
    desk.answer(&headers, &signed, page)
}

/// POST `/moderation/listings/{bundle}`.
pub(super) async fn decide(State(desk): State<Desk>, Path(bundle): Path<Uuid>, posted: Posted) -> Response {
    let (signed, fields) = (&posted.signed, &posted.fields);
    let accept = fields.text("do") == "accept";
    let called = call_back::said(fields);
    match Box::pin(desk.editing.decide_listing(
        &signed.actor,
        bundle,
        accept,
        fields.text("seen"),
        (fields.text("reason"), Some(&called)),
    ))
    .await
    {
        Ok(()) => go_to(&if accept { Done::Published } else { Done::Refused }.path()),
        Err(Error::Records(records::Error::Decided(_))) => {
            // Two taps: the first has decided it.
            if let Some(done) = decided_by(&desk, signed, bundle).await {
                return go_to(&done.path());
            }
            let page = decided(&desk, signed, bundle).await;
            desk.answer(&posted.headers, signed, page.map(too_late).map_err(Problem::from))
        }
        Err(error @ (Error::NeedsReason { .. } | Error::NeedsCallBack(_))) => {
            let mut mistakes = Mistakes::default();
            match &error {
                Error::NeedsCallBack(fault) => call_back::mistake(&mut mistakes, fault),
                other => mistakes.add("reason", other.to_string()),
            }
            let page = page(&desk, signed, bundle, fields, &mistakes).await;
            desk.answer(&posted.headers, signed, page.map_err(Problem::from))
        }
        Err(Error::Records(records::Error::Stale { .. })) => {
            let mut mistakes = Mistakes::default();
            mistakes.add("reason", "It was edited while you were looking at it. This is the current version; decide again");
            let page =
                page(&desk, signed, bundle, fields, &mistakes).await.map(|page| Page { status: StatusCode::CONFLICT, ..page });
            desk.answer(&posted.headers, signed, page.map_err(Problem::from))
        }
        Err(error) => desk.answer(&posted.headers, signed, Err(error.into())),
    }
}
