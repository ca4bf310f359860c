//! Pictures: to everybody where a public listing shows them, otherwise to those who keep or decide it.

use axum::{
    extract::{Path, State},
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use url::Url;
use uuid::Uuid;

use super::{
    data,
    desk::{Desk, Signed},
    layout,
};
use crate::{
    editing::{Error, picture_named},
    http::Problem,
    model::{Kind, Organization},
};

/// The path at which everybody sees a picture of ours; none for an address elsewhere, from which nothing is
/// loaded.
pub(super) fn public_path(address: &str, public_url: &Url) -> Option<String> {
    picture_named(address, public_url).map(|(record, name)| format!("/pictures/{record}/{name}"))
}

/// The path at which those who keep a listing, or decide about it, see a picture that is not public yet.
pub(super) fn private_path(address: &str, public_url: &Url) -> Option<String> {
    picture_named(address, public_url).map(|(record, name)| format!("/account/pictures/{record}/{name}"))
}

/// GET `/pictures/{id}/{name}`. The name is the hash of the bytes, so they never change.
pub(super) async fn public(State(desk): State<Desk>, Path((id, name)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let done = async {
        let organisation = data::one::<Organization>(&desk.site.directory, Kind::Organization, &id)?.document;
        let address = desk.site.address(&format!("/pictures/{}/{name}", organisation.id));
        if organisation.logo.as_deref() != Some(address.as_str()) {
            return Err(Problem::not_found("there is no such picture".to_owned()));
        }
        picture(&desk, organisation.id.into(), &name, "public, max-age=31536000, immutable").await
    };
    let done = done.await;
    done.unwrap_or_else(|problem| layout::answer(&desk.site, &headers, Err(problem)))
}

/// GET `/account/pictures/{id}/{name}`.
pub(super) async fn private(
    State(desk): State<Desk>,
    Path((id, name)): Path<(Uuid, String)>,
    signed: Signed,
    headers: HeaderMap,
) -> Response {
    let done = async {
        desk.editing.look(&signed.actor, id).await?;
        picture(&desk, id, &name, "private, no-store").await
    };
    match done.await {
        Ok(response) => response,
        Err(problem) => desk.answer(&headers, &signed, Err(problem)),
    }
}

async fn picture(desk: &Desk, record: Uuid, name: &str, keep: &'static str) -> Result<Response, Problem> {
    let hash = name.split('.').next().unwrap_or_default();
    let kept = desk.editing.records().picture(record, hash).await.map_err(Error::from)?;
    let kept = kept.ok_or_else(|| Problem::not_found("there is no such picture".to_owned()))?;
    let kind = if kept.kind == "image/jpeg" { "image/jpeg" } else { "image/png" };
    let mut response = (StatusCode::OK, kept.bytes).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'"));
    Ok(response)
}
