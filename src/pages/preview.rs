//! A listing as the public will see it. It is the public page, made of what would be published, and says
//! that it is none; no robot and no cache keeps it.

use maud::{Markup, html};
use serde::de::DeserializeOwned;

use super::{Site, event, layout::Page, organisation, place, service};
use crate::{
    http::{Parameters, Problem},
    model::Kind,
    published::Published,
};

/// The page of what would be published, below what is said about it and what can be done.
pub(super) async fn page(site: &Site, shown: Option<Published>, about: &Markup) -> Result<Page, Problem> {
    let Some(shown) = shown else {
        let body = html! {
            div class="banner" role="note" { (about) }
            h1 { "It would not be public" }
            p { "It must belong to an organisation that is listed, and must have been checked recently enough." }
        };
        return Ok(Page::new("Preview", body));
    };
    let first = Parameters::default();
    let page = match shown.kind {
        Kind::Organization => Box::pin(organisation::page(site, shown.changed_at, read(&shown)?, &first)).await?,
        Kind::Location => Box::pin(place::page(site, shown.changed_at, read(&shown)?, &first)).await?,
        Kind::Event => event::page(site, shown.changed_at, &read(&shown)?)?,
        _ => service::page(site, shown.changed_at, &read(&shown)?, &first)?,
    };
    let body = html! {
        div class="banner" role="note" { (about) }
        (page.body)
        p class="small" { "End of the preview." }
    };
    Ok(Page { quiet: page.quiet, ..Page::new(format!("Preview: {}", page.title), body) })
}

fn read<T: DeserializeOwned>(shown: &Published) -> Result<T, Problem> {
    serde_json::from_str(&shown.full).map_err(|error| Problem::internal(&error))
}
