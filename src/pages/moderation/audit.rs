//! The audit trail.

use axum::{extract::State, response::Response};
use http::HeaderMap;
use maud::html;
use uuid::Uuid;

use crate::{
    editing::Error,
    http::{Parameters, Problem},
    identity::Action,
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
    let mut shown = Vec::new();
    for line in &lines {
        let record = line.to.parse().ok().and_then(|id: Uuid| records.get(&id));
        let to = match record {
            Some(stored) => {
                Some(stored.read()?.name().to_owned()).filter(|name| !name.is_empty()).unwrap_or_else(|| "a place".to_owned())
            }
            None => desk.identity().shown_as(&line.to).await?,
        };
        let detail = in_words(desk, &line.detail).await?;
        shown.push((line, desk.identity().shown_as(&line.who).await?, to, detail, record.map(|stored| stored.id)));
    }
    let body = html! {
        h1 { "What happened" }
        div class="scrolled" tabindex="0" role="region" aria-label="What happened" {
            table class="wide" {
                thead { tr { th scope="col" { "When" } th scope="col" { "Who" } th scope="col" { "What" } th scope="col" { "To" } th scope="col" { "More" } th scope="col" { "From" } } }
                tbody {
                    @for (line, who, to, detail, record) in &shown {
                        tr {
                            td { (moment(line.at)) } td { (who) } td { (line.what) }
                            td { @match record { Some(id) => a href=(format!("/account/listings/{id}")) { (to) }, None => (to) } }
                            td { (detail) } td { (line.from) }
                        }
                    }
                }
            }
        }
        @if lines.len() as u64 == LINES && let Some(last) = lines.last() { p { a href=(format!("/moderation/audit?before={}{}", last.id, about.map(|about| format!("&about={about}")).unwrap_or_default())) { "Earlier" } } }
    };
    Ok(Page { trail: vec![Step::to("/moderation", "Waiting")], ..Page::new("What happened", body) })
}

/// Details as people read them: with the name of whom they are about.
async fn in_words(desk: &Desk, detail: &str) -> Result<String, Error> {
    let mut words = Vec::new();
    for word in detail.split(' ') {
        words.push(desk.identity().shown_as(word).await?);
    }
    Ok(words.join(" "))
}
