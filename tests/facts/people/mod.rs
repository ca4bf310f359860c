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
mod few_pages;
mod forms;
mod leads;
mod logo;
mod markup;
mod moderation;
mod new_at_once;
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
mod two_taps;
mod unfinished;

use super::{id, pantry, refuge};
use crate::support::{TestApp, browser::Browser};

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

/// A new service, complete and sent for publication; the path of its decision.
async fn sent_for_publication(app: &TestApp, amina: &Browser<'_>, moderator: &Browser<'_>) -> String {
    let new = format!("/account/organisations/{}/services/new", id("marsh farm"));
    let page = amina.open(&new).await;
    let made = amina.submit_only(&page, &new, &[("name", "Repair café"), ("description", "We mend."), ("terms", "yes")]).await;
    let listing = made.header("location").split("/listings/").nth(1).unwrap()[..36].to_owned();
    for (section, with) in [
        ("times", &[("day-0", "SA"), ("from-0", "10:00"), ("to-0", "12:00")][..]),
        ("cost", &[("free", "yes")][..]),
        ("contact", &[("phone", "01632 960555")][..]),
    ] {
        let path = format!("/account/listings/{listing}/{section}");
        let page = amina.open(&path).await;
        amina.submit(&page, &path, &[with, &[("do", "save")]].concat()).await;
    }
    let page = amina.open(&format!("/account/listings/{listing}")).await;
    amina.submit(&page, &format!("/account/listings/{listing}/send"), &[]).await;
    app.follow().await;
    let queue = moderator.open("/moderation").await;
    let bundle = queue.text().split("/moderation/listings/").nth(1).unwrap()[..36].to_owned();
    format!("/moderation/listings/{bundle}")
}
