//! Directories whose records come through an aggregator and that are not followed themselves: what each
//! says of itself, and the keys that it signs with.

mod store;

use chrono::{DateTime, Utc};

use super::super::protocol::Discovery;
use crate::signing::Listed;
pub use store::{count_origins, missed_origins, origin, put_origin};

/// A directory whose records come through others.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// Its identity.
    pub origin: String,
    /// What it says of itself; none where it could never be asked.
    pub discovered: Option<Discovery>,
    /// The keys that it showed when it was first asked, and those that they vouched for since.
    pub keys: Option<Vec<Listed>>,
    /// Whether some of its records were left out because it, or its key, was not known.
    pub missed: bool,
    /// When it was last asked.
    pub tried_at: DateTime<Utc>,
}
