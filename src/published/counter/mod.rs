//! The counter that numbers everything published: locked until the commit, so that the order of numbers is the order
//! of commits. The epoch that it counts in stands beside it.

mod store;

pub use store::{Locked, finish, first_epoch, head, head_in, lock, new_epoch};
