//! Numbers to ring beside what was found, or instead of it.

use maud::{Markup, html};

use super::{Place, nothing};
use crate::{
    http::Problem,
    pages::{Site, areas, here::Here, home, language::say, listing, search_form::Asked, self_help::these_lines},
    search::Found,
};

/// Numbers to ring beside results.
pub(super) struct Numbered {
    /// Lines that are called what was searched for.
    pub(super) named: Markup,
    /// What cannot wait.
    pub(super) now: Markup,
    /// Whom to ask about help where the place is not known, or not one of the directory's.
    pub(super) to_ask: Markup,
}

/// Where somebody may be in danger, or had better not be seen: what to do first, and whom to ring about what they wrote.
pub(super) async fn numbers_now(site: &Site, asked: &Asked, found: &Found, place: &Place) -> Result<Markup, Problem> {
    let understood = &found.understood;
    if !understood.urgent && !understood.sensitive {
        return Ok(Markup::default());
    }
    // "Chest pain" cannot wait, "register with a doctor" can, and both are the same need.
    let presses = |code: &&str| understood.urgent || listing::is_sensitive_code(code);
    let needs = understood.needs.iter().map(|need| need.code.as_str()).filter(presses);
    let area = place.council();
    let mut numbers = site.self_help.numbers_for(needs, area.as_ref()).await;
    let named = site.self_help.named(&asked.words, area.as_ref()).await;
    for trouble in &mut numbers {
        // Those stand above already.
        trouble.lines.retain(|line| !named.iter().any(|there| there.id == line.id));
        if place.from.as_ref().is_some_and(Here::is_whole) {
            trouble.lacks_the_council |= std::mem::take(&mut trouble.wants_the_place);
        }
    }
    numbers.retain(|trouble| !trouble.lines.is_empty());
    Ok(home::now(&numbers, site.self_help.today()))
}

/// The lines that are called what was searched for: "samaritans".
pub(super) async fn named(site: &Site, asked: &Asked, place: &Place) -> Markup {
    let lines = site.self_help.named(&asked.words, place.council().as_ref()).await;
    html! {
        @if !lines.is_empty() {
            section class="called" aria-label=(say("Phone line")) { (these_lines(&lines, site.self_help.today())) }
        }
    }
}

/// Whom to ask where nobody here knows the place, and that it may lie elsewhere.
pub(super) async fn to_ask(site: &Site, place: &Place) -> Markup {
    html! { (areas::perhaps_outside(site).await) (nothing::somebody_to_ask(site, &[], place).await) }
}
