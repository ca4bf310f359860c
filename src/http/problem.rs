//! Errors as `application/problem+json` (RFC 9457): what is wrong, with what, and what to do.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::Serialize;

use super::guard;
use crate::published::successor;

/// A problem with a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Problem {
    /// A name for the kind of problem that does not change.
    #[schemars(extend("examples" = ["about:blank#bad-parameter"]))]
    pub r#type: &'static str,
    /// Title of the kind of problem.
    #[schemars(extend("examples" = ["Invalid parameter"]))]
    pub title: &'static str,
    /// HTTP status code.
    #[schemars(extend("examples" = [400]))]
    pub status: u16,
    /// Description of this problem.
    #[schemars(extend("examples" = ["page is \"abc\": expected a whole number from 1"]))]
    pub detail: String,
    /// The parameter that is wrong, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["page"]))]
    pub parameter: Option<Box<str>>,
    /// When the record was withdrawn, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["2026-11-20T09:00:00.000Z"]))]
    pub gone_at: Option<Box<str>>,
    /// The record that has replaced it, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["ac148810-d857-441c-9679-408f346de14b"]))]
    pub successor: Option<Box<str>>,
    /// Everything wrong with the document, if one was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub faults: Option<Box<Faults>>,
}

/// What is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Faults(pub Vec<Fault>);

/// Something that is wrong with a field of a form or document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Fault {
    /// Where, such as `phones[0].number`.
    #[schemars(extend("examples" = ["phones[0].number"]))]
    pub field: String,
    /// What is wrong, and what would be right.
    #[schemars(extend("examples" = ["number is missing; a phone needs it"]))]
    pub problem: String,
}

impl Problem {
    fn new(status: StatusCode, r#type: &'static str, title: &'static str, detail: String) -> Self {
        Self { r#type, title, status: status.as_u16(), detail, parameter: None, gone_at: None, successor: None, faults: None }
    }

    /// A parameter that cannot be used.
    pub fn bad_parameter(name: &str, value: &str, expected: &str) -> Self {
        let value = crate::model::text::shorten(value, 80);
        let mut problem = Self::new(
            StatusCode::BAD_REQUEST,
            "about:blank#bad-parameter",
            "Invalid parameter",
            format!("{name} is {value:?}: {expected}"),
        );
        problem.parameter = Some(name.into());
        problem
    }

    /// A request that cannot be read.
    pub fn bad_request(detail: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "about:blank#bad-request", "Invalid request", detail)
    }

    /// Nobody knows who asks.
    pub fn unauthorized(detail: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "about:blank#unauthorized", "Sign in or send a token", detail.to_owned())
    }

    /// What was asked does not fit what is there now.
    pub fn conflict(detail: String) -> Self {
        Self::new(StatusCode::CONFLICT, "about:blank#conflict", "It has changed in the meantime", detail)
    }

    /// The version that the client has read is not the one that is there.
    pub fn precondition_failed(detail: String) -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, "about:blank#precondition-failed", "It has changed in the meantime", detail)
    }

    /// The client has to say which version it has read.
    pub fn precondition_required() -> Self {
        Self::new(
            StatusCode::PRECONDITION_REQUIRED,
            "about:blank#precondition-required",
            "If-Match is needed",
            "send If-Match with the ETag from GET, so that you do not overwrite someone else's change".to_owned(),
        )
    }

    /// The client has to say which version of a record it has read, in what it sends.
    pub fn revision_required(record: uuid::Uuid) -> Self {
        let detail =
            format!("name the revision of record {record} that you read, so that you do not overwrite someone else's change");
        Self { title: "The revision is needed", detail, ..Self::precondition_required() }
    }

    /// The document cannot stand.
    pub fn unfit(detail: String, faults: Vec<Fault>) -> Self {
        let problem =
            Self::new(StatusCode::UNPROCESSABLE_ENTITY, "about:blank#unfit", "The document cannot be published", detail);
        let faults = (!faults.is_empty()).then(|| Box::new(Faults(faults)));
        Self { faults, ..problem }
    }

    /// Whoever asks may not.
    pub fn forbidden(why: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "about:blank#forbidden", "Not allowed", why.to_owned())
    }

    /// Nothing is, or ever was, under this address.
    pub fn not_found(detail: String) -> Self {
        Self::new(StatusCode::NOT_FOUND, "about:blank#not-found", "Not found", detail)
    }

    /// A record was here and is not any more.
    pub fn gone(at: chrono::DateTime<chrono::Utc>, why: &str) -> Self {
        let at = crate::clock::rfc3339(at);
        let mut problem =
            Self::new(StatusCode::GONE, "about:blank#gone", "No longer available", format!("it was withdrawn at {at}: {why}"));
        problem.gone_at = Some(at.into());
        problem.successor = successor(why).map(Box::from);
        problem
    }

    /// The method is not for this address.
    pub fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "about:blank#method-not-allowed",
            "Method not allowed",
            "the Allow header and /openapi.json list the methods you can use".to_owned(),
        )
    }

    /// The client did not send the whole of its request in time.
    pub fn timed_out() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "about:blank#timed-out",
            "The request did not arrive in time",
            "what you sent stopped arriving before it was complete, so it was given up; send it again".to_owned(),
        )
    }

    /// The client asks too often.
    pub fn too_many(seconds: u64) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "about:blank#too-many-requests",
            "Too many requests",
            format!("try again in {seconds} seconds; to fetch a whole directory in one request use format=ndjson"),
        )
    }

    /// What came is larger than we read.
    pub fn too_large(detail: String) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "about:blank#too-large", "Too large", detail)
    }

    /// We cannot answer now.
    pub fn unavailable(detail: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "about:blank#unavailable", "Not ready", detail.to_owned())
    }

    /// A fault on our side. What it was goes to the log, not to the client.
    pub fn internal(error: &dyn std::error::Error) -> Self {
        tracing::error!(request.id = guard::request_under_way(), error = %error, "a request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "about:blank#internal",
            "Something went wrong",
            "the fault is ours and has been logged; try again in a few minutes".to_owned(),
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static(if self.status == 410 { "public, max-age=30" } else { "no-store" }),
        );
        // For whoever says it to people instead.
        response.extensions_mut().insert(self);
        response
    }
}

impl From<crate::published::shelf::Error> for Problem {
    fn from(error: crate::published::shelf::Error) -> Self {
        Self::internal(&error)
    }
}

impl From<crate::db::Error> for Problem {
    fn from(error: crate::db::Error) -> Self {
        if error.is_passing() { Self::unavailable("the database is busy; try again in a moment") } else { Self::internal(&error) }
    }
}
