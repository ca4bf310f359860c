//! Who asks: by a token, or by a session of a page of ours.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts};

use crate::{
    editing::{Editing, Error},
    http::{
        Problem,
        visitor::{self, Presented},
    },
    identity::{Actor, Door},
};

/// The header in which a page of ours proves that it sent the request, where a session is presented.
const PROOF: &str = "x-form-token";

/// Who asks, by a token or by a session.
pub(super) struct Asking(pub(super) Actor);

/// The same, who has accepted the terms for contributors: whatever they write may be published.
pub(super) struct Contributing(pub(super) Actor);

const NOT_AGREED: &str = "accept the terms for contributors first: sign in, then start a listing or claim an organisation. For a token, the person who created it must accept them";

impl FromRequestParts<Arc<Editing>> for Contributing {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, editing: &Arc<Editing>) -> Result<Self, Response> {
        let Asking(actor) = Asking::from_request_parts(parts, editing).await?;
        let agreed =
            editing.identity.has_agreed(&actor).await.map_err(|error| Problem::from(Error::from(error)).into_response())?;
        if agreed { Ok(Self(actor)) } else { Err(Problem::forbidden(NOT_AGREED).into_response()) }
    }
}

impl FromRequestParts<Arc<Editing>> for Asking {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, editing: &Arc<Editing>) -> Result<Self, Response> {
        match who(&parts.headers, &parts.method, editing).await {
            Ok(actor) => {
                let client = visitor::client(&parts.extensions, &parts.headers, &editing.about.proxies);
                Ok(Self(actor.asking_from(client).through(Door::Api)))
            }
            Err(problem) => {
                let unknown = problem.status == StatusCode::UNAUTHORIZED.as_u16();
                let mut response = problem.into_response();
                if unknown {
                    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
                }
                Err(response)
            }
        }
    }
}

async fn who(headers: &HeaderMap, method: &Method, editing: &Editing) -> Result<Actor, Problem> {
    let presented = Presented::read(headers);
    let problem = |error| Problem::from(Error::from(error));
    match (presented.bearer, presented.session) {
        (Some(Some(secret)), _) => {
            let found = editing.identity.presented(&secret).await.map_err(problem)?;
            found.map(|(_, actor)| actor).ok_or_else(|| Problem::unauthorized("this token is unknown, expired or revoked"))
        }
        (Some(None), _) => Err(Problem::unauthorized("this is not one of our tokens")),
        (None, Some(secret)) => {
            let found = editing.identity.signed_in(&secret).await.map_err(problem)?;
            let (_, _, actor) = found.ok_or_else(|| Problem::unauthorized("this session has ended; sign in again"))?;
            let proved = headers.get(PROOF).and_then(|value| value.to_str().ok()).unwrap_or_default();
            let ours = visitor::comes_from_us(headers, &editing.about.public_url) && visitor::form_token(&secret).is(proved);
            if *method == Method::GET || *method == Method::HEAD || ours {
                Ok(actor)
            } else {
                Err(Problem::forbidden("a session can only write from one of our pages, with its X-Form-Token"))
            }
        }
        (None, None) => Err(Problem::unauthorized("send a token as Authorization: Bearer …")),
    }
}
