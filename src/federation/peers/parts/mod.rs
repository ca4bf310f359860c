//! What came from OpenActive feeds, until the series that it belongs to is made anew.

mod store;

pub(super) use store::forget_all;
pub use store::{Part, count_parts, drop_parts, parts, parts_not_walked, parts_of_series, put_parts};
