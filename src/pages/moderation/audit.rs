//! The audit trail.

use axum::{extract::State, response::Response};
use http::HeaderMap;
use maud::html;
use uuid::Uuid;

use crate::{
    editing::Error,
    http::{Parameters, Problem},
    identity::{Action, Deed},
    model::Kind,
    pages::{
        desk::{Desk, Signed},
        layout::{Page, Step},
        words::moment,
    },
};

/// Lines on one page.
const LINES: u64 = 100;

/// GET `/moderation/audit`.
pub(super) async fn show(State(desk): State<Desk>, signed: Signed, parameters: Parameters, headers: HeaderMap) -> Response {
    let before = parameters.text("before").ok().flatten().and_then(|id| id.parse::<Uuid>().ok());
    let about = parameters.text("about").ok().flatten().map(str::to_owned);
    let page = page(&desk, &signed, about.as_deref(), before).await.map_err(Problem::from);
    desk.answer(&headers, &signed, page)
}

async fn page(desk: &Desk, signed: &Signed, about: Option<&str>, before: Option<Uuid>) -> Result<Page, Error> {
    if !signed.may(Action::SeeAudit) {
        return Err(Error::Forbidden("only officers can see the audit trail"));
    }
    let lines = desk.identity().audit(about, before, LINES).await?;
    let ids: Vec<Uuid> = lines.iter().filter_map(|line| line.to.parse().ok()).collect();
    let records = desk.editing.records().find_all(&ids).await?;
    let of_calls: Vec<Uuid> = lines.iter().map(|line| line.id).collect();
    let calls = desk.editing.calls_on_lines(&signed.actor, &of_calls).await?;
    let mut shown = Vec::new();
    for line in &lines {
        let id: Option<Uuid> = line.to.parse().ok();
        let (to, page) = match (id.and_then(|id| records.get(&id)), id) {
            (Some(stored), _) => (called(stored.read()?.name()), Some(format!("/account/listings/{}", stored.id))),
            (None, Some(id)) => {
                decided(desk, id).await?.map_or_else(|| (line.to.clone(), None), |(name, page)| (name, Some(page)))
            }
            (None, None) => (desk.identity().shown_as(&line.to).await?, None),
        };
        let detail = match calls.iter().find(|call| call.line == line.id) {
            Some(call) => format!("{}, {}", call.called.words(), moment(call.called.at)),
            None => in_words(desk, &line.detail).await?,
        };
        shown.push((line, desk.identity().shown_as(&line.who).await?, to, detail, page));
    }
    let body = html! {
        h1 { "What happened" }
        div class="scrolled" tabindex="0" role="region" aria-label="What happened" {
            table class="wide" {
                thead { tr { th scope="col" { "When" } th scope="col" { "Who" } th scope="col" { "What" } th scope="col" { "To" } th scope="col" { "More" } th scope="col" { "From" } } }
                tbody {
                    @for (line, who, to, detail, page) in &shown {
                        tr {
                            td { (moment(line.at)) } td { (who) } td { (line.what) }
                            td { @match page { Some(page) => a href=(page) { (to) }, None => (to) } }
                            td { (detail) } td { (line.from) }
                        }
                    }
                }
            }
        }
        details {
            summary { "What these words mean" }
            dl class="summary" { @for deed in Deed::ALL { div { dt { (deed.as_str()) } dd { (deed.meaning()) } } } }
        }
        @if lines.len() as u64 == LINES && let Some(last) = lines.last() { p { a href=(format!("/moderation/audit?before={}{}", last.id, about.map(|about| format!("&about={about}")).unwrap_or_default())) { "Earlier" } } }
    };
    Ok(Page { trail: vec![Step::to("/moderation", "Waiting")], ..Page::new("What happened", body) })
}

fn called(name: &str) -> String {
    if name.is_empty() { "a place".to_owned() } else { name.to_owned() }
}

/// The change, or the new listing, that was decided under this id: how it is called, and its page.
async fn decided(desk: &Desk, id: Uuid) -> Result<Option<(String, String)>, Error> {
    let records = desk.editing.records();
    if let Some(proposal) = records.proposal(id).await? {
        return Ok(Some((called(proposal.read()?.name()), format!("/moderation/changes/{id}"))));
    }
    let parts = records.bundle(id).await?;
    let Some(main) = parts.iter().max_by_key(|part| part.kind == Kind::Service) else { return Ok(None) };
    Ok(Some((called(main.read()?.name()), format!("/account/listings/{}", main.record_id))))
}

/// Details as people read them: with the name of whom they are about.
async fn in_words(desk: &Desk, detail: &str) -> Result<String, Error> {
    let mut words = Vec::new();
    for word in detail.split(' ') {
        words.push(desk.identity().shown_as(word).await?);
    }
    Ok(words.join(" "))
}
