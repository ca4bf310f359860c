//! Which record refers to which, and how much of a place each such link allows to be told. Follows from the
//! documents; it is kept so that what shows a record can be found from the record.

mod store;

use uuid::Uuid;

use crate::model::LocationPolicy;
pub(super) use store::{add, clear, forget, links_from, links_to, put, versions_linking_to};

/// A link as it is stored: who refers to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::records) struct Link {
    pub(in crate::records) from: Uuid,
    pub(in crate::records) to: Uuid,
    pub(in crate::records) policy: Option<LocationPolicy>,
}
