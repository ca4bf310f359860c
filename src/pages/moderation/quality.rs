//! The quality board, on a page and as a table to take along.

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, header};
use maud::{Markup, html};

use super::problem;
use crate::{
    editing::Error,
    http::Problem,
    identity::{Action, Deed},
    pages::{
        desk::{Desk, Signed},
        layout::{Page, Step},
        tables::table,
    },
    quality::{self, Row},
};

/// The columns, as they stand on the page and in the file.
const COLUMNS: [&str; 8] = [
    "Category",
    "Listings",
    "Checked within 90 days, %",
    "Expiring within 30 days",
    "Complete, %",
    "No answer to three reminders",
    "Email undeliverable",
    "No editor",
];

async fn rows(desk: &Desk, signed: &Signed) -> Result<Vec<Row>, Problem> {
    if !signed.may(Action::SeeQueue) {
        return Err(Error::Forbidden("only officers can see the quality board").into());
    }
    let owned = quality::owned(desk.editing.records(), desk.identity()).await.map_err(problem)?;
    desk.quality.board(&owned).await.map_err(problem)
}

fn cells(row: &Row) -> [String; 8] {
    [
        row.category.clone(),
        row.listings.to_string(),
        row.percent_checked().to_string(),
        row.expiring.to_string(),
        row.percent_complete().to_string(),
        row.unanswered.to_string(),
        row.bounced.to_string(),
        row.unkept.to_string(),
    ]
}

/// GET `/moderation/quality`.
pub(super) async fn show(State(desk): State<Desk>, signed: Signed, headers: HeaderMap) -> Response {
    let page = rows(&desk, &signed).await.map(|rows| {
        let shown: Vec<Vec<Markup>> = rows.iter().map(|row| cells(row).iter().map(|cell| html! { (cell) }).collect()).collect();
        let body = html! {
            h1 { "Directory quality" }
            p { "Our own services. A service with several categories is counted in each of them. Expiring services will be marked as needing to be checked, or left out of searches, unless someone confirms them." }
            p { a href="/moderation/quality.csv" { "Download this table (CSV)" } " · " a href="/moderation/checks" { "Check listings by phone or visit" } }
            (table("Quality by category", &COLUMNS, &shown, true))
        };
        Page { trail: vec![Step::to("/moderation", "Waiting")], ..Page::new("Directory quality", body) }
    });
    desk.answer(&headers, &signed, page)
}

/// GET `/moderation/quality.csv`.
pub(super) async fn download(State(desk): State<Desk>, signed: Signed, headers: HeaderMap) -> Response {
    let done = async {
        let rows = rows(&desk, &signed).await?;
        let mut out = csv::Writer::from_writer(Vec::new());
        let mut write = |row: &[String]| out.write_record(row.iter().map(|cell| harmless(cell)));
        write(&COLUMNS.map(str::to_owned)).map_err(|error| Problem::internal(&error))?;
        for row in &rows {
            write(&cells(row)).map_err(|error| Problem::internal(&error))?;
        }
        let bytes = out.into_inner().map_err(|error| Problem::internal(&error))?;
        let tx = desk.identity().write().await.map_err(Error::from)?;
        let who = signed.actor.known_as();
        desk.identity()
            .note(&tx, &who, Deed::Download, "the quality board", "", signed.actor.client())
            .await
            .map_err(Error::from)?;
        tx.commit().await?;
        Ok::<_, Problem>(bytes)
    };
    match done.await {
        Ok(bytes) => {
            let told = [
                (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
                (header::CONTENT_DISPOSITION, "attachment; filename=\"quality.csv\""),
                (header::CACHE_CONTROL, "no-store"),
            ];
            (told, bytes).into_response()
        }
        Err(problem) => desk.answer(&headers, &signed, Err(problem)),
    }
}

/// A cell that a spreadsheet takes for text and never for a formula.
fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}
