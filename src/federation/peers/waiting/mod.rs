//! What came from peers and waits: records that could not be taken, and deletions for a person to look at.

mod deletion;
mod store;

pub use deletion::{Held, Reason};
pub(super) use store::forget_all;
pub use store::{
    Quarantined, confirm_held, doubt_held, forget_held, forget_quarantined, forget_quarantined_before, held, held_for_people,
    put_held, put_quarantined, quarantined, quarantined_besides, quarantined_by_code, quarantined_by_rev,
};
