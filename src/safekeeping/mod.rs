//! Keeping the directory safe: backups that can be made while it runs, restoring them without
//! bringing back what was taken out for good, and a doctor who says what is wrong and what to do.

mod backup;
pub mod doctor;
mod keys;

pub use backup::{Error, backup, keep_scrubs, replace, restore};
pub use keys::{revoke_key, rotate_keys};
