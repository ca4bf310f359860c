//! What somebody says is wrong with a listing, and settling it.

use axum::{extract::State, response::Response};
use chrono::{DateTime, Utc};
use http::HeaderMap;
use maud::{Markup, html};
use uuid::Uuid;

use super::{queue::Done, too_late};
use crate::{
    editing::Error,
    http::Problem,
    identity::{Action, Identity},
    pages::{
        desk::{Desk, Fields, Path, Posted, Signed, go_to},
        fields::{Field, Mistakes, radios},
        layout::{Page, Step},
        parts::paragraphs,
        words::moment,
    },
    quality::{self, reports::Standing},
};

/// GET `/moderation/reports/{id}`.
pub(super) async fn show(State(desk): State<Desk>, Path(id): Path<Uuid>, signed: Signed, headers: HeaderMap) -> Response {
    let page = page(&desk, &signed, id, &Fields::default(), &Mistakes::default()).await;
    desk.answer(&headers, &signed, page)
}

pub(super) async fn page(desk: &Desk, signed: &Signed, id: Uuid, fields: &Fields, mistakes: &Mistakes) -> Result<Page, Problem> {
    if !signed.may(Action::SeeQueue) {
        return Err(Error::Forbidden("only officers can see this page").into());
    }
    let report = desk
        .quality
        .find_report(id)
        .await
        .map_err(problem)?
        .ok_or_else(|| Problem::not_found(format!("report {id} does not exist")))?;
    let stored = desk.editing.records().find(report.record).await.map_err(Error::from)?;
    let name = stored.map(|stored| stored.read()).transpose().map_err(Error::from)?;
    let name = name.map_or_else(|| "a listing that no longer exists".to_owned(), |document| document.name().to_owned());
    let now = desk.site.now();
    let open = if report.standing == Standing::Open {
        desk.quality.open_about(report.record).await.map_err(problem)?
    } else {
        vec![report.clone()]
    };
    let first = open.first().map_or(report.at, |first| first.at);
    let body = html! {
        (mistakes.summary())
        h1 { "Reported: " (name) }
        @for one in &open {
            p class="by" { (moment(one.at)) @if one.is_late(now) { ", " strong { "late" } } @else { ", to be settled by " (moment(one.due_at())) } }
            ul { @for wrong in &one.wrong { li { (wrong.words()) } } }
            @if let Some(words) = &one.words {
                // They may be about somebody: whoever does not settle it has no use for them.
                @if signed.may(Action::Decide) { blockquote { (paragraphs(words)) } }
                @else { p { "They also wrote a message, which only moderators can read." } }
            }
        }
        (since(desk, report.record, first).await?)
        p { a href=(format!("/account/listings/{}", report.record)) { "View and correct the listing" } }
        @if report.standing == Standing::Open {
            @if signed.may(Action::Decide) {
                form method="post" action=(format!("/moderation/reports/{id}")) novalidate {
                    (signed.proof())
                    @for one in &open { input type="hidden" name="report" value=(one.id); }
                    @if open.len() > 1 { p { "All " (open.len()) " reports will be settled together." } }
                    (radios("standing", "How was it settled?", "", fields.text("standing"), &[("corrected", "The report was right, and the listing has been corrected"), ("unchanged", "The listing is correct, or it was not possible to find out")], mistakes))
                    (Field::new("answer", "Reply", fields.text("answer")).hint(if open.iter().any(|one| one.wants_answer) { "Sent to the person who reported it, whose email address is then deleted." } else { "They did not leave an email address; the reply is kept with the report." }).lines(mistakes, 3))
                    button class="button" { "Settle it" }
                }
            }
        } @else {
            p { "Settled" @if let Some(at) = report.settled_at { ", " (moment(at)) } "." }
            @if let Some(answer) = &report.answer { blockquote { (answer) } }
        }
    };
    Ok(Page { trail: vec![Step::to("/moderation", "Waiting")], ..Page::new(mistakes.title(&name), body) })
}

/// What those who keep the listing did since it was reported.
async fn since(desk: &Desk, record: Uuid, reported: DateTime<Utc>) -> Result<Markup, Problem> {
    let records = desk.editing.records();
    let mut done = Vec::new();
    if let Some(stored) = records.find(record).await.map_err(Error::from)?
        && stored.kept.changed_at > reported
    {
        done.push(("It was changed", stored.kept.changed_at, stored.kept.changed_by));
    }
    let checks = records.checks(record).await.map_err(Error::from)?;
    if let Some(check) = checks.into_iter().find(|check| check.at > reported) {
        done.push(("Someone confirmed it", check.at, check.by));
    }
    let mut lines = Vec::new();
    for (what, at, by) in done {
        lines.push(format!(
            "{what} since then, {}, by {}.",
            moment(at),
            desk.identity().shown_as(&by).await.map_err(Error::from)?
        ));
    }
    Ok(html! { @for line in &lines { p class="banner" { (line) } } })
}

/// POST `/moderation/reports/{id}`.
pub(super) async fn settle(State(desk): State<Desk>, Path(id): Path<Uuid>, posted: Posted) -> Response {
    let (signed, fields) = (&posted.signed, &posted.fields);
    if !signed.may(Action::Decide) {
        return desk.answer(&posted.headers, signed, Err(Error::Forbidden("only a moderator settles reports").into()));
    }
    let standing = match fields.text("standing") {
        "corrected" => Standing::Corrected,
        "unchanged" => Standing::Unchanged,
        _ => {
            let mut mistakes = Mistakes::default();
            mistakes.add("standing", "Choose how it was settled");
            let page = page(&desk, signed, id, fields, &mistakes).await;
            return desk.answer(&posted.headers, signed, page);
        }
    };
    // As many as were shown; what came meanwhile waits for a look of its own.
    let mut which: Vec<Uuid> = fields.all("report").filter_map(|one| one.parse().ok()).collect();
    if which.is_empty() {
        which.push(id);
    }
    let by = Identity::known_as(signed.person.id);
    let became = (standing, fields.text("answer"));
    match desk.quality.settle(desk.identity(), &which, (&by, signed.actor.client()), became).await {
        Ok(_) => go_to(&Done::Settled.path()),
        // Two taps: the first has settled it.
        Err(quality::Error::Settled(_)) if settled_by(&desk, id, &by).await => go_to(&Done::Settled.path()),
        Err(quality::Error::Settled(_)) => {
            let page = page(&desk, signed, id, fields, &Mistakes::default()).await;
            desk.answer(&posted.headers, signed, page.map(too_late))
        }
        Err(error) => desk.answer(&posted.headers, signed, Err(problem(error))),
    }
}

/// Whether somebody has settled a report themselves.
async fn settled_by(desk: &Desk, id: Uuid, by: &str) -> bool {
    let report = desk.quality.find_report(id).await.ok().flatten();
    report.is_some_and(|report| report.settled_by.as_deref() == Some(by))
}

/// A failure of what keeps listings right, as a problem.
pub(in crate::pages) fn problem(error: quality::Error) -> Problem {
    match error {
        quality::Error::NotFound(_) => Problem::not_found(error.to_string()),
        quality::Error::Settled(_) => Problem::conflict(error.to_string()),
        quality::Error::Database(error) => error.into(),
        other => Problem::internal(&other),
    }
}
