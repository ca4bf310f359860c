//! The part of an address that names one thing, such as the id in `/services/{id}`.

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;

use super::Problem;

/// One part of an address. What cannot be read names nothing, and is refused as a problem document.
#[derive(Clone, Debug)]
pub struct Segment(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = Path::<String>::from_request_parts(parts, state).await;
        read.map(|Path(text)| Self(text)).map_err(|_| Problem::bad_request("part of the web address is not UTF-8".to_owned()))
    }
}
