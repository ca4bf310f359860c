//! Self-help: the support checker, whom to ring, and the budget. What the public is shown is here,
//! with the rule that a checker nobody has reviewed, or not lately, is not shown.
//!
//! Nothing of the people who use it is kept: answers and amounts come in the body of a request, are
//! worked with in memory, and leave in the body of the answer.

mod advice;
pub mod api;
pub mod budget;
pub mod checker;
pub mod contacts;
mod editions;
mod needed;
mod publish;
pub mod reading;
mod store;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::Value;

use crate::model::shape;

pub use {
    advice::{Advice, Urgent},
    editions::{Edition, Numbers, SelfHelp, Unavailable},
    publish::{PublishError, Published, cases_of, examine, in_the_way, publish},
    store::{Draft, Part, Publication, drafts, publication, save_draft, withdraw},
};

/// The JSON Schemas of what a council edits, by name.
pub fn schemas() -> BTreeMap<&'static str, Value> {
    BTreeMap::from([
        ("checker", schema::<checker::Checker>()),
        ("contacts", schema::<contacts::Contacts>()),
        ("cases", schema::<Vec<checker::Case>>()),
    ])
}

fn schema<T: JsonSchema>() -> Value {
    shape::generator("/$defs").into_root_schema_for::<T>().to_value()
}
