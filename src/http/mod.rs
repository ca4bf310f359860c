//! What every part of the site and the API shares: errors as problem documents, parameters,
//! caching, limits, and the description of it all as `OpenAPI`.

pub mod caching;
mod deadline;
pub mod guard;
pub mod openapi;
pub mod parameters;
pub mod problem;
mod proxies;
pub mod segment;
pub mod visitor;

use axum::{response::IntoResponse as _, routing::MethodRouter};
use tower::util::MapResponseLayer;

pub use {
    parameters::Parameters,
    problem::{Fault, Problem},
    proxies::Proxies,
    segment::Segment,
};

/// A route of the API: readable from any page, and 405 as a problem document.
pub fn api<S: Clone + Send + Sync + 'static>(methods: MethodRouter<S>) -> MethodRouter<S> {
    methods
        .options(guard::preflight)
        .fallback(|| async { Problem::method_not_allowed().into_response() })
        .layer(MapResponseLayer::new(guard::open_to_all))
}
