//! Everything that waits, in the order of the harm that it could do.

use axum::{extract::State, response::Response};
use chrono::Duration;
use http::HeaderMap;
use maud::{Markup, html};
use uuid::Uuid;

use crate::{
    editing::{Error, Judgement, Queued, Risk, Waiting, risk, words_for},
    http::Problem,
    identity::Action,
    pages::{
        desk::{Desk, Posted, Signed, go_to},
        layout::Page,
        words::{count, moment},
    },
    quality::{self, Unreachable, reports::Report},
};

/// What waits for longer is late.
const LATE: Duration = Duration::hours(48);
/// Changes that are accepted at once.
const AT_ONCE: usize = 200;

/// GET `/moderation`.
pub(super) async fn show(State(desk): State<Desk>, signed: Signed, headers: HeaderMap) -> Response {
    let done = async {
        let queue = desk.editing.queue(&signed.actor).await?;
        let mut reports = Vec::new();
        for report in desk.quality.open_reports().await.map_err(super::problem)? {
            let stored = desk.editing.records().find(report.record).await.map_err(Error::from)?;
            let document = stored.map(|stored| stored.read()).transpose().map_err(Error::from)?;
            reports.push((
                document.map_or_else(|| "A listing that is gone".to_owned(), |document| document.name().to_owned()),
                report,
            ));
        }
        let mut unreachable = Vec::new();
        for one in quality::unreachable(desk.editing.records(), desk.identity()).await.map_err(super::problem)? {
            let kept = desk.editing.records().find_all(&one.keeps).await.map_err(Error::from)?;
            let named = kept.values().map(|stored| Ok((stored.id, stored.read()?.name().to_owned())));
            unreachable.push((named.collect::<Result<Vec<_>, Error>>()?, one));
        }
        Ok::<_, Problem>(page(&desk, &signed, &queue, &reports, &unreachable))
    };
    let page = done.await;
    desk.answer(&headers, &signed, page)
}

/// Somebody whose letters come back, after what they keep, by id and name.
type Lost = (Vec<(Uuid, String)>, Unreachable);

fn page(desk: &Desk, signed: &Signed, queue: &[Queued], reports: &[(String, Report)], unreachable: &[Lost]) -> Page {
    let now = desk.site.now();
    let late = queue.iter().filter(|one| now - one.since > LATE).count();
    let harmless = queue.iter().filter(|one| is_harmless(one)).count();
    let body = html! {
        h1 { "Waiting for a decision" }
        (reported(reports, now))
        @if queue.is_empty() { p { "Nothing waits." } }
        @else {
            p { (count(queue.len(), "thing waits", "things wait")) @if late > 0 { ", " strong { (late) " for more than two days" } } "." }
        }
        ol class="listings" { @for one in queue { (row(one, now)) } }
        @if harmless > 0 && signed.may(Action::Decide) {
            form method="post" action="/moderation" {
                (signed.proof())
                p { button class="button" { "Accept " (count(harmless, "harmless change", "harmless changes")) } }
                p class="hint" { "Changes from followed directories that touch nothing risky." }
            }
        }
        (lost(unreachable))
        p {
            a href="/moderation/audit" { "What happened" }
            @if signed.may(Action::WriteTexts) { " · " a href="/moderation/texts" { "Guides, notices and other texts" } }
            @if signed.may(Action::Erase) { " · " a href="/moderation/erase" { "Take out somebody’s data" } }
            @if signed.may(Action::ManagePeople) { " · " a href="/moderation/people" { "Who has which role" } }
        }
    };
    Page::new("Waiting for a decision", body)
}

/// What the public says is wrong, which comes first: somebody may stand before a closed door.
fn reported(reports: &[(String, Report)], now: chrono::DateTime<chrono::Utc>) -> Markup {
    let late = reports.iter().filter(|(_, report)| report.is_late(now)).count();
    html! {
        @if !reports.is_empty() {
            h2 { "Reported as wrong" }
            p { (count(reports.len(), "report", "reports")) @if late > 0 { ", " strong { (late) " for more than 48 hours" } } "." }
            ol class="listings" {
                @for (name, report) in reports {
                    li {
                        h3 { a href=(format!("/moderation/reports/{}", report.id)) { (name) } }
                        p { (report.wrong.iter().map(|wrong| wrong.words()).collect::<Vec<_>>().join("; ")) }
                        ul class="tags" { @if report.is_late(now) { li class="doubt" { "Late" } } li { "since " (moment(report.at)) } }
                    }
                }
            }
            h2 { "Changes, new listings, claims" }
        }
    }
}

/// Those whose letters come back: their listings go out of date without anybody hearing of it.
fn lost(unreachable: &[Lost]) -> Markup {
    html! {
        @if !unreachable.is_empty() {
            h2 { "Letters that come back" }
            p { "Ask these people, or their groups, for another address." }
            ul class="listings" {
                @for (keeps, one) in unreachable {
                    li {
                        p { strong { (one.person.shown()) } ", " (one.person.email) }
                        @if !keeps.is_empty() { p { "Keeps " @for (number, (id, name)) in keeps.iter().enumerate() { @if number > 0 { ", " } a href=(format!("/account/organisations/{id}")) { (name) } } } }
                        p class="hint" { (moment(one.letter.settled_at.unwrap_or(one.letter.queued_at))) ": " (one.letter.problem.as_deref().unwrap_or("no reason was given")) }
                    }
                }
            }
        }
    }
}

fn row(one: &Queued, now: chrono::DateTime<chrono::Utc>) -> Markup {
    let (href, what) = match &one.waiting {
        Waiting::Change(proposal, changes) => {
            let fields: Vec<String> = changes.iter().map(|change| words_for(&change.field)).collect();
            (format!("/moderation/changes/{}", proposal.id), format!("Change: {}", fields.join(", ")))
        }
        Waiting::Listing(parts) => {
            let bundle = parts.first().and_then(|part| part.bundle).unwrap_or_default();
            (format!("/moderation/listings/{bundle}"), "New listing".to_owned())
        }
        Waiting::Claim(claim) => (format!("/moderation/claims/{}", claim.id), "Somebody asks to keep it".to_owned()),
    };
    html! {
        li {
            h2 { a href=(href) { (one.name) } }
            p { (what) }
            ul class="tags" {
                @if one.protected { li class="warn" { "Protected" } }
                @if now - one.since > LATE { li class="doubt" { "Late" } }
                li { "since " (moment(one.since)) }
            }
        }
    }
}

/// A change by a directory that we follow that touches nothing risky.
fn is_harmless(one: &Queued) -> bool {
    match &one.waiting {
        Waiting::Change(proposal, changes) => {
            !one.protected
                && proposal.base_revision > 0
                && changes.iter().all(|change| risk(proposal.kind, one.protected, change) == Risk::Low)
        }
        Waiting::Listing(_) | Waiting::Claim(_) => false,
    }
}

/// POST `/moderation`: accept what touches nothing risky.
pub(super) async fn accept_harmless(State(desk): State<Desk>, posted: Posted) -> Response {
    match accept_all(&desk, &posted.signed).await {
        Ok(()) => go_to("/moderation"),
        Err(error) => desk.answer(&posted.headers, &posted.signed, Err(error.into())),
    }
}

async fn accept_all(desk: &Desk, signed: &Signed) -> Result<(), Error> {
    let queue = desk.editing.queue(&signed.actor).await?;
    for one in queue.iter().filter(|one| is_harmless(one)).take(AT_ONCE) {
        let Waiting::Change(proposal, _) = &one.waiting else { continue };
        let standing = desk.editing.records().find(proposal.record_id).await?;
        let revision = standing.map_or(0, |standing| standing.kept.revision);
        let judgement = Judgement { revision, version: proposal.version(), ..Judgement::default() };
        desk.editing.decide(&signed.actor, proposal.id, judgement).await?;
    }
    Ok(())
}
