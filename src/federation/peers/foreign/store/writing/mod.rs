//! Writing what is known about records that came from peers, and forgetting it.

mod store;

pub(in crate::federation::peers) use store::forget_all;
pub use store::{forget_foreign, forget_numbers, forget_versions, forget_versions_of, make_parts, mark_seen, put_foreign};
