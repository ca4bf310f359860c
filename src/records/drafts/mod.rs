//! Listings that people began here and that nobody but them has seen.

mod store;

pub(super) use store::{before, by, delete};
