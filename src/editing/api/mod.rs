//! Writing over HTTP: the same rules and outcomes as the pages, for programs with a token and for pages
//! of ours with a session.

mod asking;
mod proposals;
mod records;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::{Editing, Error};
use crate::{http::Problem, records as kept};

pub(super) use proposals::{DecideProposal, Propose, ProposeAnswer};
pub(super) use records::{NewRecord, RecordAnswer, WriteAnswer};

type Api = State<Arc<Editing>>;

/// The addresses.
pub fn routes(editing: Editing) -> Router {
    Router::new()
        .route("/api/v1/records", post(records::create))
        .route("/api/v1/records/{id}", get(records::read).put(records::replace).patch(records::change).delete(records::withdraw))
        .route("/api/v1/proposals", get(proposals::list).post(proposals::propose))
        .route("/api/v1/proposals/{id}", get(proposals::read).post(proposals::decide))
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed().into_response() })
        .with_state(Arc::new(editing))
}

fn proposal_path(id: Uuid) -> String {
    format!("/api/v1/proposals/{id}")
}

fn etag(revision: i64) -> String {
    format!("\"{revision}\"")
}

fn answer(status: StatusCode, body: &impl Serialize, more: &[(header::HeaderName, String)]) -> Response {
    let mut response = (status, Json(json!(body))).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    for (name, value) in more {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name.clone(), value);
        }
    }
    response
}

fn id_of(text: &str) -> Result<Uuid, Problem> {
    text.parse().map_err(|_| Problem::not_found(format!("{:?} is not an id", crate::model::text::shorten(text, 80))))
}

fn stale(error: Error) -> Problem {
    match error {
        Error::Records(kept::Error::Stale { id, found, .. }) => Problem::precondition_failed(format!(
            "record {id} is now at version {found}; read it again, then send the change again"
        )),
        other => other.into(),
    }
}
