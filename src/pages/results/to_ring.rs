//! Numbers to ring beside results: the lines that were searched for by name, what cannot wait, and whom to ask where
//! nobody knows the place.

use maud::{Markup, html};

use super::{Place, nothing};
use crate::{
    pages::{
        Site, areas,
        here::Here,
        home,
        language::say,
        listing,
        search_form::Asked,
        self_help::{PlaceField, these_lines},
    },
    search::Found,
    self_help::Numbers,
};

/// Numbers to ring beside results.
pub(super) struct Numbered {
    /// Lines that are called what was searched for.
    pub(super) named: Markup,
    /// What cannot wait.
    pub(super) now: Now,
    /// Whom to ask about help where the place is not known, or not one of the directory's.
    pub(super) to_ask: Markup,
}

/// What to do first and whom to ring, where somebody may be in danger or had better not be seen; none for anybody else.
pub(super) struct Now(Option<Vec<Numbers>>);

impl Now {
    /// For what somebody wrote, as it was understood.
    pub(super) async fn of(site: &Site, asked: &Asked, found: &Found, place: &Place) -> Self {
        let understood = &found.understood;
        if !understood.urgent && !understood.sensitive {
            return Self(None);
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
        Self(Some(numbers))
    }

    /// Whether there is nothing to show.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Whether the number of their own council would stand there, too, if they said where they are.
    pub(super) fn wants_the_place(&self) -> bool {
        self.0.iter().flatten().any(|trouble| trouble.wants_the_place)
    }

    /// As it stands above everything else.
    pub(super) fn show(&self, site: &Site) -> Markup {
        html! { @if let Some(numbers) = &self.0 { (home::now(numbers, site.self_help.now(), PlaceField::OnThisPage)) } }
    }
}

/// The lines that are called what was searched for: "samaritans".
pub(super) async fn named(site: &Site, asked: &Asked, place: &Place) -> Markup {
    let lines = site.self_help.named(&asked.words, place.council().as_ref()).await;
    html! {
        @if !lines.is_empty() {
            section class="called" aria-label=(say("Phone line")) { (these_lines(&lines, site.self_help.now())) }
        }
    }
}

/// Whom to ask where nobody here knows the place, and that it may lie elsewhere.
pub(super) async fn to_ask(site: &Site, place: &Place) -> Markup {
    html! { (areas::perhaps_outside(site).await) (nothing::somebody_to_ask(site, &[], place).await) }
}
