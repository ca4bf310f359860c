//! Self-help: the support checker and the budget.
//!
//! What somebody answers travels in the body of each request, in hidden fields, and is gone when the
//! answer has been sent. No page may be stored, titles and addresses say nothing of what it is about,
//! and every page has a way to leave it at once.

mod budget;
mod carried;
mod chart;
mod check;
mod files;
mod nearby;
mod panels;
mod place;
mod plan;
mod result;
mod start;

use axum::{
    Router,
    routing::{get, post},
};
use maud::{Markup, html};

pub(super) use self::panels::{PlaceField, by_trouble, these_lines};
use super::{
    Site,
    language::{Language, say, spoken},
    layout::Page,
};
use crate::self_help::Edition;

/// The pages of self-help.
pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/help", get(start::show))
        .route("/help/check", get(check::begin).post(check::go_on))
        .route("/help/plan", post(plan::checked))
        .route("/help/budget", get(budget::blank).post(budget::filled))
        .route("/help/budget/plan", post(budget::file))
}

/// What the pages load.
pub(super) fn files() -> Router<Site> {
    Router::new()
        .route("/assets/help.css", get(files::style))
        .route("/assets/help.js", get(files::help))
        .route("/assets/budget.js", get(files::budget))
}

/// The script that leaves a page faster, and prints.
pub(super) fn script() -> &'static str {
    files::help_address()
}

/// A page of self-help: kept nowhere, quiet, with a way out.
fn page(title: impl Into<String>, body: Markup) -> Page {
    Page {
        unkept: true,
        quiet: true,
        sends_itself: true,
        styles: vec![files::style_address()],
        scripts: vec![files::help_address()],
        ..Page::new(title, body)
    }
}

/// Said above the questions where the page speaks another language: nobody has reviewed a translation of them.
fn in_english() -> Markup {
    html! {
        @if spoken() != Language::English {
            p class="sample" { (say("The questions and the advice are in English. If you need help to read them, ask somebody you trust, or ring a number and ask for an interpreter.")) }
        }
    }
}

/// What stands above everything while nobody has reviewed it.
fn notice(edition: &Edition) -> Markup {
    html! {
        @if edition.is_sample() {
            div class="sample" role="note" {
                p {
                    strong { (say("Sample.")) " " }
                    (say("No council has reviewed these questions and texts. Council numbers here are made up. National numbers are real, but have not been tested for this page."))
                }
            }
        }
    }
}
