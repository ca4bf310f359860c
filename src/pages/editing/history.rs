//! Every version of a record: who made it, when, why, from where, what differs; and putting one back.

use axum::{extract::State, response::Response};
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};
use serde_json::Value;
use uuid::Uuid;

use super::section::said;
use crate::{
    editing::{Error, restored},
    http::{Parameters, Problem},
    identity::Action,
    model::changes::between,
    pages::{
        call_back,
        desk::{Desk, Fields, Path, Posted, Signed, go_to},
        differences,
        fields::Mistakes,
        layout::{Page, Step},
        words::moment,
    },
    records::{self, Stored},
};

/// GET `/account/listings/{id}/history`; with `from` and `to`, two versions compared.
pub(super) async fn show(
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
    signed: Signed,
    parameters: Parameters,
    headers: HeaderMap,
) -> Response {
    let number = |name: &str| parameters.text(name).ok().flatten().and_then(|text| text.parse::<i64>().ok());
    let page = page(&desk, &signed, id, number("from").zip(number("to")), (&Fields::default(), &Mistakes::default()))
        .await
        .map_err(Problem::from);
    desk.answer(&headers, &signed, page)
}

async fn page(
    desk: &Desk,
    signed: &Signed,
    id: Uuid,
    compared: Option<(i64, i64)>,
    (fields, mistakes): (&Fields, &Mistakes),
) -> Result<Page, Error> {
    let sight = desk.editing.look(&signed.actor, id).await?;
    let versions = desk.editing.records().history(id).await?;
    let calls = desk.editing.calls_about(&signed.actor, id).await?;
    let mut shown = Vec::new();
    for (at, version) in versions.iter().enumerate().rev() {
        let by = desk.identity().shown_as(&version.kept.changed_by).await?;
        let before = at.checked_sub(1).map(|at| &versions[at]);
        let mut changes = changes(before, version);
        differences::for_people(&desk.editing, &mut changes).await?;
        let mut called = Vec::new();
        for one in calls.iter().filter(|one| one.revision == Some(version.kept.revision)) {
            called.push(call_back::shown(one, &desk.identity().shown_as(&one.by).await?));
        }
        shown.push((version, by, changes, called));
    }
    let may_edit = sight.lets(&signed.actor, Action::Edit) && !sight.is_foreign();
    let calling = if may_edit { desk.editing.numbers_to_call(&signed.actor, &sight).await? } else { None };
    let chosen = |number: i64| versions.iter().find(|version| version.kept.revision == number);
    let mut beside = Vec::new();
    if let Some((from, to)) = compared.and_then(|(from, to)| chosen(from).zip(chosen(to))) {
        let mut changes = changes(Some(from), to);
        differences::for_people(&desk.editing, &mut changes).await?;
        beside.push((from.kept.revision, to.kept.revision, changes));
    }
    let title = format!("History of {}", sight.document.name());
    let last = sight.stored.kept.revision;
    let here = format!("/account/listings/{id}/history");
    let body = html! {
        (mistakes.summary())
        h1 id="history" { (title) }
        @for (from, to, changes) in &beside {
            h2 { "Version " (from) " compared with version " (to) }
            (differences::list(changes))
        }
        @if versions.len() > 2 { (choice_of_two(&here, &versions, beside.first().map(|(from, to, _)| (*from, *to)))) }
        @if let Some(known) = calling.as_deref().filter(|_| versions.len() > 1) {
            form method="post" action=(here) novalidate {
                (signed.proof())
                input type="hidden" name="seen" value=(last);
                (choice_of_one(&versions, fields.text("revision")))
                (call_back::form(Some(known), fields, mistakes))
                button class="button" { "Restore" }
            }
        }
        @for (version, by, changes, called) in &shown {
            section {
                h2 { "Version " (version.kept.revision) }
                p class="by" { (moment(version.kept.changed_at)) " by " (by) @if let Some(from) = version.kept.whence() { ", " (from.words()) } ": " (version.kept.why) }
                @for one in called { (one) }
                (differences::list(changes))
                @if may_edit && calling.is_none() && version.kept.revision != last {
                    form method="post" action=(here) {
                        (signed.proof())
                        input type="hidden" name="revision" value=(version.kept.revision);
                        input type="hidden" name="seen" value=(last);
                        p { button class="link" { "Restore version " (version.kept.revision) } }
                    }
                }
            }
        }
    };
    let trail = vec![Step::to("/account", "Your listings"), Step::to(format!("/account/listings/{id}"), sight.document.name())];
    Ok(Page { trail, ..Page::new(title, body) })
}

/// Which two versions to compare: the first and the last, unless others are chosen.
fn choice_of_two(here: &str, versions: &[Stored], compared: Option<(i64, i64)>) -> Markup {
    let number = |version: Option<&Stored>| version.map(|version| version.kept.revision);
    let (from, to) = compared.unzip();
    let from = from.or_else(|| number(versions.first()));
    let to = to.or_else(|| number(versions.last()));
    let ends = [("from", "Compare version", from), ("to", "with version", to)];
    html! {
        form method="get" action=(here) {
            @for (name, label, chosen) in ends {
                div class="field" {
                    label for=(name) { (label) }
                    select id=(name) name=(name) { @for version in versions { option selected[Some(version.kept.revision) == chosen] { (version.kept.revision) } } }
                }
            }
            button class="button" { "Compare" }
        }
    }
}

/// Which of the earlier versions to restore, the latest first.
fn choice_of_one(versions: &[Stored], chosen: &str) -> Markup {
    html! {
        div class="field" {
            label for="revision" { "Restore version" }
            select id="revision" name="revision" {
                @for version in versions.iter().rev().skip(1) {
                    @let number = version.kept.revision.to_string();
                    option value=(number) selected[number == chosen] { (number) }
                }
            }
        }
    }
}

fn changes(before: Option<&Stored>, version: &Stored) -> Vec<crate::model::changes::Change> {
    let parsed = |stored: &Stored| serde_json::from_str::<Value>(&stored.document).unwrap_or_default();
    between(&before.map(parsed).unwrap_or_default(), &parsed(version))
}

/// POST `/account/listings/{id}/history`.
pub(super) async fn put_back(State(desk): State<Desk>, Path(id): Path<Uuid>, posted: Posted) -> Response {
    let number = |field: &str| posted.fields.text(field).parse().unwrap_or(-1);
    let (revision, seen) = (number("revision"), number("seen"));
    let called = call_back::said(&posted.fields);
    match desk.editing.put_back(&posted.signed.actor, id, (revision, seen), Some(called)).await {
        Ok(became) => go_to(&format!("/account/listings/{id}?saved={}", said(&became))),
        Err(Error::NeedsCallBack(fault)) => {
            let mut mistakes = Mistakes::default();
            call_back::mistake(&mut mistakes, &fault);
            let page = page(&desk, &posted.signed, id, None, (&posted.fields, &mistakes)).await.map_err(Problem::from);
            desk.answer(&posted.headers, &posted.signed, page)
        }
        // Two taps: the first has restored it.
        Err(Error::Records(records::Error::Stale { .. })) if is_restored(&desk, &posted.signed, id, revision, seen).await => {
            go_to(&format!("/account/listings/{id}?saved=undone"))
        }
        Err(Error::Records(records::Error::Stale { .. })) => {
            let mut mistakes = Mistakes::default();
            mistakes.add("history", "The listing has changed since you opened this page. Look at what is new, and restore again");
            let page = page(&desk, &posted.signed, id, None, (&posted.fields, &mistakes)).await;
            let page = page.map(|page| Page { status: StatusCode::CONFLICT, ..page }).map_err(Problem::from);
            desk.answer(&posted.headers, &posted.signed, page)
        }
        Err(error) => desk.answer(&posted.headers, &posted.signed, Err(error.into())),
    }
}

/// Whether somebody has just restored this version themselves.
pub(super) async fn is_restored(desk: &Desk, signed: &Signed, id: Uuid, revision: i64, seen: i64) -> bool {
    let Ok(sight) = desk.editing.look(&signed.actor, id).await else { return false };
    let kept = &sight.stored.kept;
    kept.revision == seen + 1 && kept.changed_by == signed.actor.known_as() && kept.why == restored(revision)
}
