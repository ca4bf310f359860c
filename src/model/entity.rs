//! `entity!`: one table per entity gives the Rust type, its JSON form and its JSON Schema.
//!
//! A field is `req` (must be there), `opt` (left out when there is no value) or `many` (a list,
//! left out when empty). The doc comment becomes the schema's description, the value behind `=`
//! its example; for a list that is one item of it. Lists of entities, and entities that are nested,
//! need none: they have an example of the entity (`shape.rs`). Members that we do not know are kept in `extra` and given back unchanged.

macro_rules! entity {
    ($(#[$meta:meta])* $name:ident { $($body:tt)* }) => {
        entity!(@fields [$(#[$meta])* $name] [] $($body)*);
    };
    (@fields $head:tt [$($done:tt)*] $(#[$doc:meta])* req $field:ident: $type:ty = $example:expr, $($rest:tt)*) => {
        entity!(@fields $head [$($done)* $(#[$doc])* #[schemars(extend("examples" = [$example]))] pub $field: $type,] $($rest)*);
    };
    (@fields $head:tt [$($done:tt)*] $(#[$doc:meta])* opt $field:ident: $type:ty = $example:expr, $($rest:tt)*) => {
        entity!(@fields $head [$($done)* $(#[$doc])*
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schemars(extend("examples" = [$example]))] pub $field: Option<$type>,] $($rest)*);
    };
    (@fields $head:tt [$($done:tt)*] $(#[$doc:meta])* nested $field:ident: $type:ty, $($rest:tt)*) => {
        entity!(@fields $head [$($done)* $(#[$doc])*
            #[serde(default, skip_serializing_if = "Option::is_none")] pub $field: Option<Box<$type>>,] $($rest)*);
    };
    (@fields $head:tt [$($done:tt)*] $(#[$doc:meta])* many $field:ident: $type:ty, $($rest:tt)*) => {
        entity!(@fields $head [$($done)* $(#[$doc])*
            #[serde(default, skip_serializing_if = "Vec::is_empty")] pub $field: Vec<$type>,] $($rest)*);
    };
    (@fields $head:tt [$($done:tt)*] $(#[$doc:meta])* many $field:ident: $type:ty = $example:expr, $($rest:tt)*) => {
        entity!(@fields $head [$($done)* $(#[$doc])*
            #[serde(default, skip_serializing_if = "Vec::is_empty")]
            #[schemars(extend("examples" = [[$example]]))] pub $field: Vec<$type>,] $($rest)*);
    };
    (@fields [$(#[$meta:meta])* $name:ident] [$($done:tt)*]) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        pub struct $name {
            $($done)*
            /// Members that this schema does not name: kept, and given back as they came.
            #[serde(flatten)]
            #[schemars(skip)]
            pub extra: serde_json::Map<String, serde_json::Value>,
        }
    };
}
pub(crate) use entity;

/// An entity with nothing but these members, which have to be all that it cannot do without.
pub(crate) fn with_only<T: serde::de::DeserializeOwned>(members: serde_json::Value) -> T {
    serde_json::from_value(members).expect("these are the members that it needs")
}
