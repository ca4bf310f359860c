//! What came from OpenActive feeds, until the series that it belongs to is made anew.

mod store;

pub(super) use store::forget_all;
pub use store::{Part, count_parts, count_parts_not_walked, drop_parts, parts_not_walked, parts_of_series, put_parts, series_of};
