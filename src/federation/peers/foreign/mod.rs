//! What is known about the records that came from peers, beside the records themselves.

mod store;

pub(super) use store::forget_all;
pub use store::{
    Counted, Foreign, Numbers, Place, counted, foreign, forget_foreign, forget_numbers, forget_versions, forget_versions_of,
    has_live, make_parts, mark_seen, not_seen, numbers, of_peer, put_foreign, relayed_by, relayed_origins,
};
