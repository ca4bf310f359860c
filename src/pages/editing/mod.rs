//! Keeping a listing right: one thing a page, each saved on its own, with what will become of it said
//! before.

mod about;
mod categories;
mod checking;
mod closing;
mod complete;
mod contact;
mod cost;
mod dates;
mod declarations;
mod history;
mod logo;
mod meanwhile;
mod new_listing;
mod overview;
mod place;
mod section;
mod sections;
mod share;
mod status;
mod summary;
mod taking_out;
mod times;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};

pub(super) use self::{
    checking::checked as when_checked,
    closing::reopening_day,
    dates::{changed, repeats, singles},
    logo::written as logo_written,
    new_listing::written as listing_written,
    section::written as section_written,
    sections::is_section,
};
use super::desk::{Desk, LARGEST_UPLOAD};

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route("/account/organisations/new", get(new_listing::ask_organisation).post(new_listing::make_organisation))
        .route("/account/organisations/{id}/services/new", get(new_listing::ask_service).post(new_listing::make_service))
        .route("/account/organisations/{id}/events/new", get(new_listing::ask_event).post(new_listing::make_event))
        .route("/account/listings/{id}", get(overview::show))
        .route("/account/listings/{id}/undo", post(overview::undo))
        .route("/account/listings/{id}/confirm", post(checking::confirm))
        .route("/account/listings/{id}/send", post(overview::send))
        .route("/account/listings/{id}/take-out", get(taking_out::show).post(taking_out::act))
        .route("/account/listings/{id}/closed", get(closing::show).post(closing::save))
        .route("/account/listings/{id}/declarations", get(declarations::show).post(declarations::save))
        .route("/account/listings/{id}/logo", get(logo::show).post(logo::save).layer(DefaultBodyLimit::max(LARGEST_UPLOAD)))
        .route("/account/listings/{id}/share", get(share::show))
        .route("/account/listings/{id}/preview", get(overview::preview))
        .route("/account/listings/{id}/history", get(history::show).post(history::put_back))
        .route("/account/listings/{id}/{section}", get(section::show).post(section::save))
}
