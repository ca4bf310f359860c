//! Facts about people: signing in, keeping listings, deciding, and what attackers try.

mod api;
mod appeals;
mod asked;
mod at_once;
mod attacks;
mod back;
mod call_backs;
mod categories;
mod claims;
mod closing;
mod copies;
mod council;
mod delivery;
mod editing;
mod erasure;
mod forms;
mod leads;
mod logo;
mod markup;
mod moderation;
mod passkeys;
mod plainly;
mod preview;
mod proposals;
mod protected;
mod rights;
mod sign_in;
mod told;
mod trail;
mod twice;
mod unfinished;

use super::{id, pantry, refuge};
use crate::support::TestApp;

/// The Lark Hill pantry, with a public address of its own.
pub async fn with_pantry(app: &TestApp) {
    let mut listing = pantry();
    listing["organization"]["email"] = serde_json::json!("hello@lark-hill.example.org");
    let report = app.import(format!("{listing}\n{}\n", refuge())).await;
    assert_eq!(report.rejected, []);
}

/// What the world reads of a service.
pub async fn public(app: &TestApp, name: &str) -> serde_json::Value {
    app.follow().await;
    let answer = app.get(&format!("/services/{}", id(name))).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}
