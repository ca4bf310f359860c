//! What the answers mean: how soon, why, what to do first, whom to ring, what is near.

use maud::{Markup, html};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{
    carried::Carried,
    nearby::{self, Looked, Nearby},
    notice, panels,
    place::{self, Place},
};
use crate::{
    http::Problem,
    pages::{Site, home, layout::Page},
    self_help::{
        Edition,
        checker::{Outcome, document::worded},
        contacts::{Action, Area, Chooser, Line, Panel},
    },
};

/// Services for each need that somebody sees, and that a helper sees.
const EACH: usize = 3;
const EACH_FOR_A_HELPER: usize = 6;

/// What a result is made of.
pub(super) struct Plan<'a> {
    pub(super) edition: &'a Edition,
    pub(super) chooser: Chooser<'a>,
    pub(super) outcome: Outcome,
    pub(super) title: &'a str,
    pub(super) text: Option<&'a str>,
    pub(super) reasons: Vec<String>,
    pub(super) panels: Vec<&'a Panel>,
    pub(super) steps: Vec<&'a Action>,
    pub(super) talk: Vec<&'a Line>,
    pub(super) nearby: Nearby,
}

/// Work out the result.
/// # Errors
/// When the index or the disk fails.
pub(super) async fn work_out<'a>(
    site: &Site,
    edition: &'a Edition,
    carried: &Carried,
    place: &'a Place,
) -> Result<Plan<'a>, Problem> {
    let checker = &edition.checker;
    let chooser = edition.chooser(place.area.as_ref(), site.self_help.today());
    let outcome = checker.evaluate(&carried.answers);
    let level = checker.level(&outcome.level);
    let talk = edition.contacts.talk.get(&outcome.level).map(Vec::as_slice).unwrap_or_default();
    let looked = Looked {
        needs: &outcome.needs,
        tags: &outcome.tags,
        point: place.point,
        each: if carried.helper { EACH_FOR_A_HELPER } else { EACH },
    };
    Ok(Plan {
        nearby: nearby::look(site, looked).await?,
        title: level.map_or("", |level| worded(&level.title, level.title_helper.as_deref(), carried.helper)),
        text: level.and_then(|level| level.text.as_deref()),
        reasons: checker.reasons(&outcome, carried.helper),
        panels: outcome.urgent.iter().filter_map(|id| edition.contacts.panel(id)).collect(),
        steps: chooser.steps(&outcome.level, &outcome.needs),
        talk: chooser.first(talk),
        edition,
        chooser,
        outcome,
    })
}

impl Plan<'_> {
    /// Whether nothing may come before urgent help.
    fn is_emergency(&self) -> bool {
        self.edition.checker.highest().is_some_and(|highest| highest.id == self.outcome.level)
    }

    /// Whether other numbers would be given if it were known where somebody is.
    fn wants_the_place(&self) -> bool {
        let talk = self.edition.contacts.talk.get(&self.outcome.level).map(Vec::as_slice).unwrap_or_default();
        let of_panels = self.panels.iter().map(|panel| panel.call.as_slice());
        let of_steps = self.steps.iter().map(|step| step.call.as_slice());
        of_panels.chain(of_steps).chain([talk]).any(|calls| self.chooser.would_know_better(calls))
    }
}

/// The page with the result.
/// # Errors
/// When the index or the disk fails.
pub(super) async fn page(site: &Site, edition: &Edition, carried: &Carried, place: &Place) -> Result<Page, Problem> {
    let result = work_out(site, edition, carried, place).await?;
    let body = html! {
        @if result.is_emergency() {
            h1 { (result.title) }
            (panels::list(&result.panels, &result.chooser, "h2"))
            (notice(edition))
            (reasons(&result))
        } @else {
            (home::danger())
            (notice(edition))
            h1 { (result.title) }
            @if let Some(text) = result.text { p class="lead" { (text) } }
            (reasons(&result))
            (panels::list(&result.panels, &result.chooser, "h2"))
        }
        @if result.wants_the_place() { (ask_for_place(edition, carried, place, None)) }
        @else if let Some(council) = place.council(&edition.contacts) { p class="small" { "Council numbers here are those of " (council) "." } }
        (elsewhere(edition, place))
        (steps(&result, str::to_owned))
        (talk(&result))
        (nearby::show(&result.nearby, place.point))
        (keep(site, carried, &result))
        (panels::reviewed(edition))
    };
    Ok(super::page("Your result", body))
}

/// Law and helplines differ between the nations: said to somebody whom the questions are not for.
fn elsewhere(edition: &Edition, place: &Place) -> Markup {
    let jurisdiction = &edition.checker.jurisdiction;
    let nation = place.area.as_ref().and_then(Area::nation).filter(|nation| !nation.is_in(jurisdiction));
    html! {
        @if let Some(nation) = nation {
            p class="sample" { "These questions are for " (jurisdiction) ". Rules and helplines in " (nation.name()) " differ: ask the council there." }
        }
    }
}

/// Why it is so.
pub(super) fn reasons(result: &Plan<'_>) -> Markup {
    html! {
        @if !result.reasons.is_empty() {
            h2 { "Why" }
            ul { @for reason in &result.reasons { li { (reason) } } }
        }
    }
}

/// What to do first. `address` makes a link of one of our own paths.
pub(super) fn steps(result: &Plan<'_>, address: impl Fn(&str) -> String) -> Markup {
    html! {
        @if !result.steps.is_empty() {
            h2 { "What to do first" }
            ol class="steps" {
                @for step in &result.steps {
                    li {
                        h3 { @match &step.page { Some(page) => { a href=(address(page)) { (step.title) } }, None => (step.title) } }
                        p { (step.body) }
                        (panels::lines(&result.chooser.first(&step.call), &result.chooser))
                    }
                }
            }
        }
    }
}

/// A person to talk to, and what to say.
pub(super) fn talk(result: &Plan<'_>) -> Markup {
    html! {
        h2 { "Talk to a person" }
        @if result.talk.is_empty() { p { "In an emergency ring " a href="tel:999" { "999" } ". Your council can tell you who else to ring." } }
        (panels::lines(&result.talk, &result.chooser))
        p { "You can say: “I filled in some questions about my situation, and I need help. Can you tell me who can help me?”" }
    }
}

/// A form that asks where somebody is, so that they get the numbers of their own council. `at` comes
/// back to the panels of that question, none to the result.
pub(super) fn ask_for_place(edition: &Edition, carried: &Carried, place: &Place, at: Option<&str>) -> Markup {
    html! {
        form class="search" method="post" action="/help/check" autocomplete="off" aria-label="Where you are" {
            h2 { "Get the number of the right council" }
            @if !place.written.postcode.is_empty() && place.mistake.is_none() {
                p { "Your postcode does not tell us for certain which council it is. Write all of it, or choose the council." }
            }
            (carried.hidden_but_for_the_place())
            @if let Some(question) = at { input type="hidden" name="at" value=(question); }
            (place::field(place))
            (place::choice(edition, place))
            button class="button" name="go" value=(if at.is_some() { "next" } else { "result" }) { "Show the right numbers" }
        }
    }
}

fn keep(site: &Site, carried: &Carried, result: &Plan<'_>) -> Markup {
    let text = result.nearby.as_text(site);
    let encoded = utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string();
    html! {
        section class="keep" aria-labelledby="keep" {
            h2 id="keep" { "Keep this" }
            p { "We do not keep it. When you leave, it is gone." }
            form method="post" action="/help/plan" {
                (carried.hidden(None))
                button class="button" { "Save as a file" }
                button class="button plain print" type="button" hidden { "Print" }
            }
            p class="small" { "The file is called my-plan.html and opens in any browser. Others who use this device can open it, too. To print, use Print in your browser’s menu." }
            @if result.nearby.all().next().is_some() {
                p {
                    "Send the list of places, without your answers: "
                    a href=(format!("sms:?&body={encoded}")) { "by text" } " or "
                    a href=(format!("mailto:?subject=My%20plan&body={encoded}")) { "by email" }
                    ". Your own phone or computer sends it."
                }
            }
            form method="post" action="/help/check" {
                (carried.hidden(None))
                button class="link" name="go" value="back" { "Change my answers" }
            }
            p { a href="/help/check" { "Start again" } }
        }
    }
}
