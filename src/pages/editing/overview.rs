//! A listing as those who keep it see it: how it stands, what it says, what is missing.

use std::collections::BTreeSet;

use axum::{extract::State, response::Response};
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};
use uuid::Uuid;

use super::{
    categories,
    checking::checking,
    complete::{completeness, missing},
    contact,
    history::is_restored,
    meanwhile::Meanwhile,
    section::said,
    sections::Section,
    summary::{each_place, has_several_places, summary},
    taking_out::can_take_out,
};
use crate::{
    editing::{Became, Error, Sight, Submission, Write},
    http::{Parameters, Problem},
    identity::Action,
    model::{Document, Kind, Location},
    pages::{
        account::state_of,
        desk::{Desk, Path, Posted, Signed, go_to},
        layout::{Page, Step},
        preview,
        words::{self, moment},
    },
    quality::reports::Report,
    records::{self, Decision, Kept, Proposal},
};

/// GET `/account/listings/{id}`.
pub(super) async fn show(
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
    signed: Signed,
    parameters: Parameters,
    headers: HeaderMap,
) -> Response {
    let saved = parameters.text("saved").ok().flatten().unwrap_or_default().to_owned();
    let done = async {
        let reports = desk.quality.open_about(id).await.map_err(crate::pages::moderation::problem)?;
        Ok::<_, Problem>(page(&desk, &signed, id, &saved, &reports).await?)
    };
    let page = done.await;
    desk.answer(&headers, &signed, page)
}

async fn page(desk: &Desk, signed: &Signed, id: Uuid, saved: &str, reports: &[Report]) -> Result<Page, Error> {
    let sight = desk.editing.look(&signed.actor, id).await?;
    let places = places(desk, signed, &sight.document).await?;
    let mut about = vec![id];
    about.extend(places.iter().map(|(place, _)| Uuid::from(place.id)));
    let mut waiting = desk.editing.records().proposed_about(&about).await?;
    waiting.retain(|one| one.decision == Decision::Waiting);
    let may_edit = sight.lets(&signed.actor, Action::Edit) && !sight.is_foreign();
    let (state, good) = state_of(&sight.stored, &sight.document);
    let hidden = desk.editing.hidden(&sight.stored).await?;
    let has_unseen_places = !sight.is_foreign() && !desk.editing.unseen_places(&sight.document).await?.is_empty();
    let missing = missing(&sight.document, &places);
    let categories = categories::names(desk, &sight.document).await?;
    let unreached = contact::unreached(desk, &sight.document).await?;
    let by = desk.identity().shown_as(&sight.stored.kept.changed_by).await?;
    let last_check = match desk.editing.records().checks(id).await?.into_iter().next() {
        Some(check) => {
            let by = desk.identity().shown_as(&check.by).await?;
            Some((check, by))
        }
        None => None,
    };
    let name = sight.document.name().to_owned();
    let body = html! {
        (told(signed, &sight, saved))
        h1 { (name) }
        ul class="tags" { li class=(if good { "good" } else { "doubt" }) { (if state == "Not public" && hidden.is_some() { "Hidden" } else { state }) } }
        (hidden_by(hidden.as_ref()))
        @if sight.is_foreign() { p class="banner" { "This listing comes from " (sight.stored.origin) ". It can only be changed there." } }
        @if sight.protected { p class="danger" { "This is a protected listing: changes to contacts, addresses and links wait until a moderator has called back." } }
        @if may_edit { (reported(reports)) }
        (waiting_changes(&waiting))
        @if !sight.is_public() && may_edit { (publication(signed, &sight, hidden.is_some(), &waiting, &missing)) }
        @else if has_unseen_places && may_edit {
            p { "Its place is not public yet." }
            (publication(signed, &sight, false, &waiting, &missing))
        }
        @if sight.is_public() && sight.stored.kind == Kind::Service && !sight.is_foreign() { (checking(desk, signed, &sight, last_check.as_ref())) }
        (completeness(id, &sight.document, &places, &missing, may_edit))
        dl class="summary" {
            @for section in Section::of(sight.stored.kind) {
                div {
                    dt { (section.title()) }
                    dd {
                        (summary(*section, &sight.document, &places, &categories))
                        @if *section == Section::Contact { (unreached) }
                        @let by_place = may_edit && has_several_places(&sight.document) && matches!(section, Section::Place | Section::Times);
                        @if by_place { (each_place(id, *section, &sight.document, &places)) }
                        @if may_edit && !(by_place && *section == Section::Place) { p { a href=(format!("/account/listings/{id}/{}", section.word())) { "Change" span class="unseen" { ": " (section.title()) } } } }
                    }
                }
            }
        }
        @if may_edit && sight.stored.kind == Kind::Organization {
            p { a href=(format!("/account/listings/{id}/logo")) { "Change the logo" } " · " a href=(format!("/account/listings/{id}/declarations")) { "Declarations: safeguarding, insurance and so on" } " · " a href=(format!("/account/listings/{id}/closed")) { "It has closed, or is closed for a while" } }
        }
        @if may_edit && sight.stored.kind == Kind::Service && !places.is_empty() {
            p { a href=(format!("/account/listings/{id}/place?place=new")) { "Add another place" } }
        }
        @if may_edit && sight.stored.kind == Kind::Event && let Some(owner) = sight.owners.first() {
            p { a href=(format!("/account/organisations/{owner}/events/new?copy={id}")) { "Copy it for another year" } }
        }
        p class="by" { "Last changed " (moment(sight.stored.kept.changed_at)) " by " (by) ". " a href=(format!("/account/listings/{id}/history")) { "History" } }
        @if sight.is_public() {
            p {
                a href=(public_page(sight.stored.kind, id)) { "See it as the public sees it" } " · "
                a href=(format!("/account/listings/{id}/share")) { "Posters, web addresses, and how many times it was viewed" }
            }
        }
        @if !sight.is_foreign() && (!sight.is_public() || !waiting.is_empty()) { p { a href=(format!("/account/listings/{id}/preview")) { "Preview as the public will see it" } } }
        @if can_take_out(signed, &sight) { p { a href=(format!("/account/listings/{id}/take-out")) { @if sight.is_public() { "Take it out of the directory" } @else { "Throw it away" } } } }
        @if signed.may(Action::Hide) { p { a href=(format!("/moderation/records/{id}")) { "Hide it, or show it again" } } }
    };
    let mut trail = vec![Step::to("/account", "Your listings")];
    if sight.stored.kind != Kind::Organization
        && let Some(owner) = sight.owners.first()
    {
        trail.push(Step::to(format!("/account/organisations/{owner}"), "Organisation"));
    }
    Ok(Page { trail, ..Page::new(name, body) })
}

/// What people say is wrong with it. What they wrote is for those who decide.
fn reported(reports: &[Report]) -> Markup {
    let ticked: BTreeSet<&str> = reports.iter().flat_map(|report| &report.wrong).map(|wrong| wrong.words()).collect();
    html! {
        @if let Some(first) = reports.first() {
            div class="banner" {
                p { strong { "Someone says that something is wrong here" } ", " (moment(first.at)) ":" }
                ul { @for said in &ticked { li { (said) } } }
                p { "Correct it below, or confirm below that it is still correct. The person who decides about the report will see either." }
            }
        }
    }
}

/// GET `/account/listings/{id}/preview`: a draft, or what waits of a change, as the public will see it.
pub(super) async fn preview(State(desk): State<Desk>, Path(id): Path<Uuid>, signed: Signed, headers: HeaderMap) -> Response {
    let done = async {
        let sight = desk.editing.look(&signed.actor, id).await?;
        if sight.is_foreign() {
            return Err(Error::Foreign { origin: sight.stored.origin.clone() }.into());
        }
        let shown = desk.editing.preview_of(&signed.actor, &sight).await?;
        let about = html! {
            p { strong { "This is a preview." } " The public will see it like this once a moderator has accepted the waiting changes." }
            p { a href=(format!("/account/listings/{id}")) { "Back to the listing" } }
        };
        preview::page(&desk.site, shown, &about).await
    };
    let page = done.await;
    desk.answer(&headers, &signed, page)
}

pub(super) fn public_page(kind: Kind, id: Uuid) -> String {
    let folder = match kind {
        Kind::Organization => "organisations",
        Kind::Event => "events",
        Kind::Location => "places",
        _ => "services",
    };
    format!("/directory/{folder}/{id}")
}

/// What became of what was just saved.
fn told(signed: &Signed, sight: &Sight, saved: &str) -> Markup {
    let own = sight.stored.kept.changed_by == signed.actor.known_as();
    let words = match saved {
        "published" => "Saved. It is public now; everyone will see it within a minute.",
        "waiting" => "Saved. A moderator will check it; the current version stays until then.",
        "both" => "Saved. Part of it is public now, and part is waiting for a moderator.",
        "draft" => "Saved. It is not public yet.",
        "nothing" => "Nothing was different, so nothing has changed.",
        "sent" => "Sent. A moderator will check it, and we will email you.",
        "undone" => "Undone.",
        "confirmed" => "Thank you. The listing now shows that it was checked today.",
        _ => return html! {},
    };
    html! {
        div class="banner ok" role="status" tabindex="-1" autofocus {
            p { (words) }
            @if matches!(saved, "published" | "both") && own && sight.stored.kept.revision > 1 {
                form method="post" action=(format!("/account/listings/{}/undo", sight.stored.id)) {
                    (signed.proof())
                    input type="hidden" name="revision" value=(sight.stored.kept.revision);
                    p { button class="link" { "Undo" } }
                }
            }
        }
    }
}

fn waiting_changes(waiting: &[Proposal]) -> Markup {
    html! {
        @for one in waiting {
            p class="banner" { "A change of " (moment(one.at)) " is waiting for a moderator. " a href=(format!("/account/changes/{}", one.id)) { "See its progress" } }
        }
    }
}

/// That an officer has hidden it, why, and what its keepers can do.
fn hidden_by(hidden: Option<&Kept>) -> Markup {
    html! {
        @if let Some(kept) = hidden {
            div class="banner" role="note" {
                p { strong { "Hidden by the council on " (moment(kept.changed_at)) "." } " " (words::capital(kept.why.trim_start_matches("hidden: "))) }
                p { "Nothing is lost. Correct what is wrong and send it for publication: a moderator will look at it." }
            }
        }
    }
}

/// Whether whoever is signed in brings this to light with a reason, and a call back where it is protected, on a page
/// for officers.
fn is_shown_by_officers(signed: &Signed, sight: &Sight, is_hidden: bool) -> bool {
    sight.lets(&signed.actor, Action::EditAtOnce) && (is_hidden || sight.protected && !sight.is_public())
}

fn publication(signed: &Signed, sight: &Sight, is_hidden: bool, waiting: &[Proposal], missing: &[Section]) -> Markup {
    html! {
        @if is_shown_by_officers(signed, sight, is_hidden) {
            p { a class="button" href=(format!("/moderation/records/{}", sight.stored.id)) { "Show it to the public" } }
        } @else if waiting.is_empty() {
            @if missing.is_empty() {
                form method="post" action=(format!("/account/listings/{}/send", sight.stored.id)) {
                    (signed.proof())
                    p { button class="button" { "Send it for publication" } }
                }
            } @else {
                p { "To publish it, first complete: " (words::list(&missing.iter().map(|section| section.title().to_lowercase()).collect::<Vec<_>>())) "." }
            }
        }
    }
}

/// The places of a listing that whoever asks may see all of, with the version of each.
async fn places(desk: &Desk, signed: &Signed, document: &Document) -> Result<Vec<(Location, i64)>, Error> {
    let ids: Vec<Uuid> = match document {
        Document::Service(one) => one.service_at_locations.iter().filter_map(|link| link.location_id.map(Uuid::from)).collect(),
        Document::Event(one) => one.location_id.map(Uuid::from).into_iter().collect(),
        _ => Vec::new(),
    };
    let mut places = Vec::new();
    for id in ids {
        match desk.editing.look(&signed.actor, id).await {
            Ok(sight) => {
                if let Document::Location(place) = sight.document {
                    places.push((*place, sight.stored.kept.revision));
                }
            }
            Err(Error::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(places)
}

/// POST `/account/listings/{id}/undo`.
pub(super) async fn undo(State(desk): State<Desk>, Path(id): Path<Uuid>, posted: Posted) -> Response {
    let revision = posted.fields.text("revision").parse().unwrap_or(-1);
    match desk.editing.undo(&posted.signed.actor, id, revision).await {
        Ok(became) if became.waiting.is_empty() => go_to(&format!("/account/listings/{id}?saved=undone")),
        Ok(became) => go_to(&format!("/account/listings/{id}?saved={}", said(&became))),
        // Two taps: the first has undone it.
        Err(Error::Records(records::Error::Stale { .. }))
            if is_restored(&desk, &posted.signed, id, revision - 1, revision).await =>
        {
            go_to(&format!("/account/listings/{id}?saved=undone"))
        }
        Err(Error::Records(records::Error::Stale { .. })) => {
            let page = moved_on(&desk, &posted.signed, id, revision).await.map_err(Problem::from);
            desk.answer(&posted.headers, &posted.signed, page)
        }
        // There one can say who was called back, and put the same version back.
        Err(Error::NeedsCallBack(_)) => go_to(&format!("/account/listings/{id}/history")),
        Err(error) => desk.answer(&posted.headers, &posted.signed, Err(error.into())),
    }
}

/// That nothing was undone, because the listing has changed since, and what one can do instead.
async fn moved_on(desk: &Desk, signed: &Signed, id: Uuid, revision: i64) -> Result<Page, Error> {
    let sight = desk.editing.look(&signed.actor, id).await?;
    let who = Meanwhile::since(desk, signed, id, revision).await?.words().unwrap_or_default();
    let name = sight.document.name();
    let body = html! {
        h1 { "Nothing was undone" }
        div class="banner" role="alert" tabindex="-1" autofocus {
            p { strong { (who) } " Undoing your change now would take that away, too, so everything stays as it is." }
        }
        p { "Compare the versions. You can put an earlier one back there, or go to the listing and change it again." }
        ul {
            li { a href=(format!("/account/listings/{id}/history")) { "See what has changed, and put a version back" } }
            li { a href=(format!("/account/listings/{id}")) { "Go to " (name) } }
        }
    };
    let trail = vec![Step::to("/account", "Your listings"), Step::to(format!("/account/listings/{id}"), name)];
    Ok(Page { trail, status: StatusCode::CONFLICT, ..Page::new("Nothing was undone", body) })
}

/// POST `/account/listings/{id}/send`: let a draft, with all that belongs to it, wait for a moderator.
pub(super) async fn send(State(desk): State<Desk>, Path(id): Path<Uuid>, posted: Posted) -> Response {
    match send_all(&desk, &posted.signed, id).await {
        Ok(Sent::Became(became)) if became.waiting.is_empty() => {
            go_to(&format!("/account/listings/{id}?saved={}", said(&became)))
        }
        Ok(Sent::Became(_)) => go_to(&format!("/account/listings/{id}?saved=sent")),
        Ok(Sent::ByOfficers) | Err(Error::NeedsCallBack(_)) => go_to(&format!("/moderation/records/{id}")),
        Err(error) => desk.answer(&posted.headers, &posted.signed, Err(error.into())),
    }
}

/// What became of what was sent.
enum Sent {
    Became(Became),
    /// Nothing: it is for a page where an officer says why.
    ByOfficers,
}

async fn send_all(desk: &Desk, signed: &Signed, id: Uuid) -> Result<Sent, Error> {
    let sight = desk.editing.look(&signed.actor, id).await?;
    if is_shown_by_officers(signed, &sight, desk.editing.hidden(&sight.stored).await?.is_some()) {
        return Ok(Sent::ByOfficers);
    }
    let places = places(desk, signed, &sight.document).await?;
    if let Some(section) = missing(&sight.document, &places).first() {
        let fault = crate::http::Fault { field: section.title().to_owned(), problem: "is missing".to_owned() };
        return Err(Error::Unfit(vec![fault]));
    }
    let mut writes = Vec::new();
    let mut together: Vec<Uuid> = sight.owners.iter().copied().filter(|owner| *owner != id).collect();
    together.extend(places.iter().map(|(place, _)| Uuid::from(place.id)));
    for other in together {
        // Only what is a draft itself has to be let out with it.
        match desk.editing.look(&signed.actor, other).await {
            Ok(other) if !other.is_public() => {
                writes.push(Write { expected_revision: Some(other.stored.kept.revision), document: other.document });
            }
            Ok(_) | Err(Error::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
    }
    writes.push(Write { expected_revision: Some(sight.stored.kept.revision), document: sight.document });
    let submission =
        Submission { writes, why: "new listing".to_owned(), publish: true, slips_are_meant: true, ..Submission::default() };
    desk.editing.submit(&signed.actor, submission).await.map(Sent::Became)
}
