//! Listings that have to be checked, those that wait longest first: several at once are confirmed by
//! whoever rang up or went there.

use axum::{extract::State, response::Response};
use http::HeaderMap;
use maud::{Markup, html};
use uuid::Uuid;

use super::problem;
use crate::{
    editing::Error,
    http::{Parameters, Problem},
    identity::Action,
    model::Document,
    pages::{
        desk::{Desk, Fields, Posted, Signed, go_to},
        editing::when_checked,
        fields::{Mistakes, radios},
        layout::{Page, Step},
        words::count,
    },
    records::{Fresh, How, Stored},
};

/// Listings on one page.
const SHOWN: usize = 50;
/// The ways in which officers check.
const HOW: [(&str, &str); 2] = [("phone", "They confirmed it on the phone"), ("visit", "Someone visited")];

/// GET `/moderation/checks`.
pub(super) async fn show(State(desk): State<Desk>, signed: Signed, parameters: Parameters, headers: HeaderMap) -> Response {
    let done = parameters.text("checked").ok().flatten().and_then(|many| many.parse().ok());
    let page = page(&desk, &signed, &Fields::default(), &Mistakes::default(), done).await;
    desk.answer(&headers, &signed, page)
}

async fn page(desk: &Desk, signed: &Signed, fields: &Fields, mistakes: &Mistakes, done: Option<usize>) -> Result<Page, Problem> {
    if !signed.may(Action::ConfirmByPhone) {
        return Err(Error::Forbidden("only officers can check listings for others").into());
    }
    let mut fresh = desk.editing.records().freshness().await.map_err(Error::from)?;
    fresh.sort_by_key(|one| (one.base(), one.record));
    let many = fresh.len();
    fresh.truncate(SHOWN);
    let ids: Vec<Uuid> = fresh.iter().map(|one| one.record).collect();
    let found = desk.editing.records().find_all(&ids).await.map_err(Error::from)?;
    let mut rows: Vec<(Fresh, Document)> = Vec::new();
    for one in fresh {
        let document = found.get(&one.record).map(Stored::read).transpose().map_err(Error::from)?;
        rows.extend(document.map(|document| (one, document)));
    }
    let title = "Check listings by phone or visit";
    let body = html! {
        (mistakes.summary())
        @if let Some(done) = done { div class="banner ok" role="status" { p { (count(done, "listing is", "listings are")) " confirmed." } } }
        h1 { (title) }
        p { "Listings not checked for longest come first. " @if many > SHOWN { (SHOWN) " of " (many) " are shown." } }
        @if rows.is_empty() { p { "There is nothing to check." } } @else {
            form method="post" action="/moderation/checks" novalidate {
                (signed.proof())
                ol class="listings" { @for (fresh, document) in &rows { (row(desk, fresh, document, fields)) } }
                (radios("how", "How do you know that the ticked listings are still correct?", "", fields.text("how"), &HOW, mistakes))
                p { button class="button" { "Confirm the ticked listings" } }
            }
        }
    };
    Ok(Page { trail: vec![Step::to("/moderation", "Waiting")], ..Page::new(mistakes.title(title), body) })
}

fn row(desk: &Desk, fresh: &Fresh, document: &Document, fields: &Fields) -> Markup {
    let id = fresh.record.to_string();
    let ticked = fields.all("listing").any(|one| one == id);
    let days = fresh.days(desk.site.now());
    let said = when_checked(desk, document, None);
    let Document::Service(service) = document else { return html! {} };
    html! {
        li {
            div class="choice" {
                input type="checkbox" id=(format!("l-{id}")) name="listing" value=(id) checked[ticked];
                label for=(format!("l-{id}")) { strong { (service.name) } }
            }
            p {
                @if let Some(said) = said { "The public reads: " q { (said) } " " }
                @match fresh.checked_at {
                    Some(_) => { "Last confirmed here " (days) " days ago." },
                    None => { "Nobody has confirmed it here in the " (days) " days that it has been listed." },
                }
                @for phone in service.phones.iter().take(2) { " " (phone.number) }
                " " a href=(format!("/account/listings/{id}")) { "View listing" span class="unseen" { ": " (service.name) } }
            }
        }
    }
}

/// POST `/moderation/checks`.
pub(super) async fn confirm(State(desk): State<Desk>, posted: Posted) -> Response {
    let (signed, fields) = (&posted.signed, &posted.fields);
    let done = async {
        if !signed.may(Action::ConfirmByPhone) {
            return Err(Error::Forbidden("only officers can check listings for others").into());
        }
        let how = match fields.text("how") {
            "phone" => Some(How::Phone),
            "visit" => Some(How::Visit),
            _ => None,
        };
        let listings: Vec<Uuid> = fields.all("listing").filter_map(|id| id.parse().ok()).take(SHOWN).collect();
        let mut mistakes = Mistakes::default();
        if how.is_none() {
            mistakes.add("how", "Choose how you know");
        }
        if listings.is_empty() {
            mistakes.add("how", "Tick the listings that you have checked");
        }
        let Some(how) = how.filter(|_| mistakes.none()) else {
            return Ok(Err(page(&desk, signed, fields, &mistakes, None).await?));
        };
        let confirmed = desk.quality.confirm(&listings, &signed.actor.known_as(), how).await.map_err(problem)?;
        Ok::<_, Problem>(Ok(confirmed.len()))
    };
    match done.await {
        Ok(Ok(many)) => go_to(&format!("/moderation/checks?checked={many}")),
        Ok(Err(page)) => desk.answer(&posted.headers, signed, Ok(page)),
        Err(problem) => desk.answer(&posted.headers, signed, Err(problem)),
    }
}
