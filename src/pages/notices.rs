//! What the council tells everybody for a while: an emergency, severe weather, news.

use maud::{Markup, html};

use super::{
    Site,
    language::{as_written, rightwards, say, say_with, written_in},
};
use crate::texts::{Level, LocalTime, Prepared};

/// The notices that stand now, the loudest first. Where it is known in which postcode area somebody is,
/// those for elsewhere are left out.
pub(super) fn standing(site: &Site, outcode: Option<&str>) -> Markup {
    let shown = site.texts.shown();
    html! { @for notice in shown.notices(site.now(), outcode) { (one(notice)) } }
}

/// One notice, as it stands on every page.
pub(super) fn one(notice: &Prepared) -> Markup {
    let text = &notice.text;
    let (look, kind) = match text.level {
        Level::Emergency => ("notice emergency", "Emergency"),
        Level::Weather => ("notice weather", "Severe weather"),
        Level::News => ("notice news", "Notice"),
    };
    html! {
        section class=(look) aria-label=(format!("{}: {}", say(kind), text.title)) {
            div class="width" {
                p { strong { (say(kind)) ": " (as_written(&text.title)) } @if !text.places.everywhere() { " (" (as_written(&text.places.to_string())) ")" } }
                div lang=[written_in()] dir=[rightwards()] { (notice.html) }
                @if let Some(until) = text.until { p class="until" { (say_with("Until {when}.", &[("when", &ends(until))])) } }
            }
        }
    }
}

fn ends(until: LocalTime) -> String {
    super::words::moment(until.instant())
}
