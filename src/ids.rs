//! Names of things: typed record ids, and the one way to derive an id from somebody else's.
//!
//! Every id that leaves us is a UUID. An id that arrives as something else ("org-17") is mapped
//! by `UUIDv5`, so the same source always gives the same id and references keep meeting.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Namespace of ids that were not UUIDs at their source.
/// A constant that was drawn once; every directory has to use the same one.
pub const SOURCE_NAMESPACE: Uuid = Uuid::from_u128(0x5a3f_0f67_8d0d_5c62_8f1b_5f0d_3a5e_9c11);

/// The id for `raw`, an id of the kind `of` that is not a UUID, as found at `origin`.
///
/// ```
/// use fingerpost::ids::from_source;
/// let a = from_source("", "organization", "17");
/// assert_eq!(a, from_source("", "organization", "17"));
/// assert_ne!(a, from_source("", "service", "17"), "kinds number their own records");
/// ```
pub fn from_source(origin: &str, of: &str, raw: &str) -> Uuid {
    Uuid::new_v5(&SOURCE_NAMESPACE, format!("{origin}\n{of}\n{raw}").as_bytes())
}

/// The id of a shared vocabulary term or taxonomy: `UUIDv5` of its web address, so that
/// neighbours who hold the same term hold it under the same id.
pub fn from_uri(uri: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, uri.as_bytes())
}

/// The id of something derived from a record, such as an event's projection as a service.
pub fn derived(from: Uuid, what: &str) -> Uuid {
    Uuid::new_v5(&from, what.as_bytes())
}

/// An id that nobody can guess, for what is neither imported nor derived.
/// # Panics
/// When the operating system has no random numbers to give; then nothing here is safe.
pub fn random() -> Uuid {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system gives random numbers");
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

/// A new id, for what is neither imported nor derived. Ids made one after the other are in that order, so that
/// rows of a table stand as they were made. Nobody reads a time out of them: it is the system's, whatever
/// clock the rest goes by.
#[expect(clippy::disallowed_methods, reason = "the one place where such ids are made")]
pub fn fresh() -> Uuid {
    Uuid::now_v7()
}

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident = $of:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "{} {}", $of, self.0) }
        }
        impl From<Uuid> for $name { fn from(id: Uuid) -> Self { Self(id) } }
        impl From<$name> for Uuid { fn from(id: $name) -> Self { id.0 } }

        impl JsonSchema for $name {
            fn inline_schema() -> bool { true }
            fn schema_name() -> std::borrow::Cow<'static, str> { stringify!($name).into() }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "format": "uuid", "x-id-of": $of })
            }
        }
    )*};
}

typed_ids! {
    /// Id of an organization.
    OrganizationId = "organization";
    /// Id of a service.
    ServiceId = "service";
    /// Id of a location.
    LocationId = "location";
    /// Id of the link between a service and a location.
    ServiceAtLocationId = "service_at_location";
    /// Id of an event series.
    EventId = "event";
    /// Id of a taxonomy.
    TaxonomyId = "taxonomy";
    /// Id of a taxonomy term.
    TaxonomyTermId = "taxonomy_term";
}
