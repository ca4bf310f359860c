//! What every part of the site and the API shares: errors as problem documents, parameters,
//! caching, limits, and the description of it all as `OpenAPI`.

pub mod caching;
pub mod guard;
pub mod openapi;
pub mod parameters;
pub mod problem;

pub use {parameters::Parameters, problem::Problem};
