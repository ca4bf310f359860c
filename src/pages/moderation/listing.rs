//! A new listing with all that belongs to it: taken as a whole or but for what is left out of it, or refused.

use std::collections::BTreeMap;

use axum::{extract::State, response::Response};
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};
use serde_json::Value;
use uuid::Uuid;

use super::{alike, asking, change::FOR_OTHERS, queue::Done, too_late};
use crate::{
    editing::{Error, Waiting, Whole, became_of, can_be_left_out, in_words, main_of, words_for},
    http::Problem,
    identity::Action,
    model::{
        Kind,
        changes::{Change, between, by_part},
    },
    pages::{
        account::{messages, thread},
        call_back,
        desk::{Desk, Fields, Path, Posted, Signed, go_to},
        differences,
        fields::{Field, Mistakes, tick},
        layout::{Page, Step},
        preview,
        words::moment,
    },
    records::{self, Decision, LeftOut, Part, Proposal},
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
    let (mut shown, mut new) = (Vec::new(), Vec::new());
    let mut organisations = BTreeMap::new();
    for part in &parts {
        let proposed = desk.editing.records().rebased(part).await?;
        // What is public already is shown beside what it would become; the rest is new as a whole.
        let standing = desk.editing.records().find(part.record_id).await?;
        let public = standing.filter(|standing| standing.state == crate::records::State::Published);
        let is_part_new = public.is_none();
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
        shown.push((part, changes, is_part_new));
        if is_part_new {
            new.push((part, proposed));
        }
    }
    let beside = alike::beside(desk, &new).unwrap_or_else(|problem| {
        tracing::warn!(problem = problem.detail, "cannot look for listings like a new one");
        html! {}
    });
    let mut said = Vec::new();
    for part in &parts {
        said.extend(thread(&desk.editing, part.id).await?);
    }
    said.sort_by_key(|message| message.at);
    let proposals: Vec<Uuid> = parts.iter().map(|part| part.id).collect();
    let for_others = desk.editing.leaves_to_others(&signed.actor, &proposals).await?;
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
        (beside)
        @if protected { p class="danger" { "Protected listing. Phone a number that we already had, not one in what is proposed." } }
        @for (part, changes, _) in &shown {
            section {
                h2 { (part.kind.as_str().replace('_', " ")) }
                (differences::list(changes))
                p { a href=(format!("/account/listings/{}", part.record_id)) { "View it, or edit it before you accept" } }
            }
        }
        @if for_others { p class="banner" { (FOR_OTHERS) } }
        @else if signed.may(Action::Decide) {
            form method="post" action=(format!("/moderation/listings/{bundle}")) novalidate {
                (signed.proof())
                input type="hidden" name="seen" value=(version);
                @for (part, changes, _) in shown.iter().filter(|(.., is_part_new)| *is_part_new) { (leaving_out(part, changes, fields, mistakes)) }
                (call_back::form(calling.as_deref(), fields, mistakes))
                (Field::new("reason", "Reason, if you refuse it all", fields.text("reason")).hint("The author will see this. Say what would have to change, and that they can send it again.").lines(mistakes, 3))
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

/// What can be left out of a part that is new, each with a box and a reason.
fn leaving_out(part: &Proposal, changes: &[Change], fields: &Fields, mistakes: &Mistakes) -> Markup {
    let mut offered = by_part(changes);
    offered.retain(|(field, _)| can_be_left_out(part.kind, field));
    let boxes = format!("leave-{}", part.id);
    let is_open = fields.starting(&boxes).next().is_some() || !mistakes.none();
    html! {
        @if !offered.is_empty() {
            details open[is_open] {
                summary { "Leave something out of the " (part.kind.as_str().replace('_', " ")) }
                p class="hint" { "The rest is published. The author reads why, and can send it again." }
                @for (field, of) in &offered {
                    @let (leave, why) = (format!("{boxes}-{field}"), format!("why-{}-{field}", part.id));
                    @let said = of.iter().map(|change| words_for(&change.field)).collect::<Vec<_>>().join(", ");
                    (tick(&leave, &format!("Leave out: {said}"), fields.has(&leave), mistakes))
                    (Field::new(&why, &format!("Why is “{said}” left out?"), fields.text(&why)).hint("The author will see this. Needed if you leave it out.").line(mistakes, "text", "off"))
                }
            }
        }
    }
}

/// What is ticked to be left out, and what is wrong with how that is said.
fn left_out(fields: &Fields) -> (Vec<LeftOut>, Mistakes) {
    let mut mistakes = Mistakes::default();
    let mut left_out = Vec::new();
    for (name, _) in fields.starting("leave-") {
        let what = name.trim_start_matches("leave-");
        // An id, and what it is that is left out.
        let Some((proposal, field)) = what.split_at_checked(36) else { continue };
        let (Ok(proposal), Some(field)) = (proposal.parse::<Uuid>(), field.strip_prefix('-')) else { continue };
        let why = format!("why-{what}");
        if fields.text(&why).is_empty() {
            mistakes.add(why, format!("Say why {} is left out: the author will see the reason", words_for(field)));
        } else {
            left_out.push(LeftOut { proposal, part: Part::refused(field, fields.text(&why)) });
        }
    }
    for (name, why) in fields.starting("why-") {
        let leave = format!("leave-{}", name.trim_start_matches("why-"));
        if !why.is_empty() && !fields.has(&leave) {
            mistakes.add(leave, "You wrote why it is left out. Tick this to leave it out, or clear the reason to publish it");
        }
    }
    (left_out, mistakes)
}

/// What became of it, where whoever asks has decided it themselves.
async fn decided_by(desk: &Desk, signed: &Signed, bundle: Uuid) -> Option<Done> {
    let parts = desk.editing.records().bundle(bundle).await.ok()?;
    let me = signed.actor.known_as();
    let own = parts.iter().find(|part| part.decided.as_ref().is_some_and(|decided| decided.by == me))?;
    let is_whole = parts.iter().all(|part| part.parts.is_empty());
    Some(match own.decision {
        Decision::Accepted if is_whole => Done::Published,
        Decision::Accepted => Done::Partly,
        _ => Done::Refused,
    })
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
        @for part in &parts { @if !part.parts.is_empty() { ul { @for (words, part) in in_words(&part.parts) { li { (words) ": " (became_of(part)) } } } } }
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
    let (left_out, mistakes) = if accept { left_out(fields) } else { (Vec::new(), Mistakes::default()) };
    if !mistakes.none() {
        let page = page(&desk, signed, bundle, fields, &mistakes).await;
        return desk.answer(&posted.headers, signed, page.map_err(Problem::from));
    }
    let done = match (accept, left_out.is_empty()) {
        (true, true) => Done::Published,
        (true, false) => Done::Partly,
        (false, _) => Done::Refused,
    };
    let whole = Whole {
        accept,
        seen: fields.text("seen").to_owned(),
        reason: fields.text("reason").to_owned(),
        called_back: Some(call_back::said(fields)),
        left_out,
    };
    match Box::pin(desk.editing.decide_listing(&signed.actor, bundle, whole)).await {
        Ok(()) => go_to(&done.path()),
        Err(Error::Records(records::Error::Decided(_))) => {
            // Two taps: the first has decided it.
            if let Some(done) = decided_by(&desk, signed, bundle).await {
                return go_to(&done.path());
            }
            let page = decided(&desk, signed, bundle).await;
            desk.answer(&posted.headers, signed, page.map(too_late).map_err(Problem::from))
        }
        Err(error @ (Error::NeedsReason { .. } | Error::NeedsCallBack(_) | Error::Unfit(_))) => {
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
