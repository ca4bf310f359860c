//! What officers decide: the queue, one change, one new listing, one claim; hiding and restoring; who
//! has which role; what happened.

mod alike;
mod appeal;
mod asking;
mod audit;
mod categories;
mod change;
mod checks;
mod declarations;
mod claim;
mod erase;
mod find;
mod listing;
mod people;
mod quality;
mod queue;
mod record;
mod report;
mod reported;
mod texts;

use axum::{
    Router,
    routing::{get, post},
};
use http::StatusCode;
use maud::html;

pub(super) use self::{people::comes_back, report::problem};
use uuid::Uuid;

use super::{
    desk::{Desk, Fields, Signed},
    fields::Mistakes,
    layout::Page,
};
use crate::http::Problem;

/// The page of a decision, filled in with what somebody had written; none for pages without an id.
pub(super) async fn written(
    desk: &Desk,
    signed: &Signed,
    what: &str,
    id: Uuid,
    fields: &Fields,
) -> Result<Option<Page>, Problem> {
    let none = Mistakes::default();
    Ok(Some(match what {
        "changes" => change::page(desk, signed, id, fields, &none).await?,
        "listings" => listing::page(desk, signed, id, fields, &none).await?,
        "claims" => claim::page(desk, signed, id, fields, &none).await?,
        "records" => record::page(desk, signed, id, fields, &none).await?,
        "reports" => report::page(desk, signed, id, fields, &none).await?,
        "appeals" => appeal::page(desk, signed, id, fields, &none).await?,
        _ => return Ok(None),
    }))
}

/// The page of something that somebody else had decided by the time that a decision came: that this one counts for
/// nothing is said first.
fn too_late(page: Page) -> Page {
    let body = html! {
        div class="banner" role="alert" tabindex="-1" autofocus {
            p { strong { "Your decision was not saved." } " Someone else had decided before you. Below is what they decided." }
        }
        (page.body)
    };
    Page { body, status: StatusCode::CONFLICT, ..page }
}

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route("/moderation", get(queue::show).post(queue::accept_harmless))
        .route("/moderation/changes/{id}", get(change::show).post(change::decide))
        .route("/moderation/changes/{id}/preview", get(change::preview))
        .route("/moderation/changes/{id}/ask", post(asking::of_change))
        .route("/moderation/listings/{bundle}", get(listing::show).post(listing::decide))
        .route("/moderation/listings/{bundle}/preview", get(listing::preview))
        .route("/moderation/listings/{bundle}/ask", post(asking::of_listing))
        .route("/moderation/claims/{id}", get(claim::show).post(claim::decide))
        .route("/moderation/claims/{id}/ask", post(asking::of_claim))
        .route("/moderation/records/{id}", get(record::show).post(record::act))
        .route("/moderation/reports/{id}", get(report::show).post(report::settle))
        .route("/moderation/texts", get(texts::list).post(texts::act))
        .route("/moderation/texts/new/{kind}", get(texts::new))
        .route("/moderation/texts/{slug}", get(texts::show))
        .route("/moderation/people", get(people::show).post(people::change))
        .route("/moderation/people/{id}/passkeys", post(people::reset_passkeys))
        .route("/moderation/find", get(find::show).post(find::find))
        .route("/moderation/erase", get(erase::show).post(erase::act))
        .route("/moderation/appeals/{id}", get(appeal::show).post(appeal::decide))
        .route("/moderation/declarations", get(declarations::show).post(declarations::save))
        .route("/moderation/checks", get(checks::show).post(checks::confirm))
        .route("/moderation/quality", get(quality::show))
        .route("/moderation/quality.csv", get(quality::download))
        .route("/assets/queue.js", get(queue::script))
        .route("/moderation/audit", get(audit::show))
}
