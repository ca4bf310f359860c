//! The right to pull from a peer.

mod store;

pub use store::{Lease, end_lease, lease, release};
