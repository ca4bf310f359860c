//! What the answers mean: how soon, why, what to do first, whom to ring, what is near.

use maud::{Markup, html};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{
    carried::Carried,
    in_english,
    nearby::{self, Looked, Nearby},
    notice, panels,
    place::{self, Place},
};
use crate::{
    http::Problem,
    pages::{
        Site, areas, home,
        language::{as_written, rightwards, say, say_with, weave, written_in},
        layout::Page,
        words::{self, count},
    },
    self_help::{
        Advice, Edition,
        contacts::{Area, Chooser, Line},
    },
};

/// Services for each need that somebody sees, and that a helper sees.
const EACH: usize = 3;
const EACH_FOR_A_HELPER: usize = 6;

/// What somebody is told, and what is near them.
pub(super) struct Plan<'a> {
    pub(super) edition: &'a Edition,
    pub(super) advice: Advice<'a>,
    pub(super) nearby: Nearby,
}

/// Work it out.
/// # Errors
/// When the index or the disk fails.
pub(super) async fn work_out<'a>(
    site: &Site,
    edition: &'a Edition,
    carried: &Carried,
    place: &'a Place,
) -> Result<Plan<'a>, Problem> {
    let advice = edition.advise(&carried.answers, place.area.as_ref(), site.self_help.now(), carried.helper);
    let looked = Looked {
        needs: &advice.needs,
        tags: &advice.outcome.tags,
        point: place.point,
        lies_in: place.lies_in.as_ref(),
        councils: &edition.contacts.councils,
        each: if carried.helper { EACH_FOR_A_HELPER } else { EACH },
    };
    let nearby = nearby::look(site, looked).await?;
    Ok(Plan { edition, advice, nearby })
}

/// The page with the result.
/// # Errors
/// When the index or the disk fails.
pub(super) async fn page(site: &Site, edition: &Edition, carried: &Carried, place: &Place) -> Result<Page, Problem> {
    let result = work_out(site, edition, carried, place).await?;
    let leaving = nearby::leaving();
    let body = html! {
        @if result.advice.is_emergency {
            h1 { (as_written(result.advice.title)) }
            (panels::list(&result.advice.panels, &result.advice.chooser, &leaving))
            @if !result.advice.gives_999() { (home::danger()) }
            (in_english())
            (notice(edition))
            (reasons(&result))
        } @else {
            (home::danger())
            (in_english())
            (notice(edition))
            h1 { (as_written(result.advice.title)) }
            @if let Some(text) = result.advice.text { p class="lead" { (as_written(text)) } }
            (reasons(&result))
            (panels::list(&result.advice.panels, &result.advice.chooser, &leaving))
        }
        @if result.advice.wants_the_place { (ask_for_place(&result.advice.chooser, carried, place, None, &result.advice.national(), &leaving)) }
        @else { (whose(&result.advice, &leaving)) }
        (elsewhere(&result))
        (steps(&result, str::to_owned, &leaving))
        (talk(&result))
        (nearby::show(&result.nearby, place))
        (words::printed(site.today()))
        (keep(site, carried, &result))
        (panels::reviewed(edition))
    };
    Ok(Page { urgent: result.advice.is_emergency, ..super::page(say("Your result"), body) })
}

/// Law and helplines differ between the nations: said to somebody whom the questions are not for.
pub(super) fn elsewhere(result: &Plan<'_>) -> Markup {
    let jurisdiction = &result.edition.checker.jurisdiction;
    let nation = result.advice.chooser.area.and_then(Area::nation).filter(|nation| !nation.is_in(jurisdiction));
    html! {
        @if let Some(nation) = nation {
            p class="sample" { (say_with("These questions are for {nation}. Rules and helplines are different in {other}: ask the council there.", &[("nation", say(jurisdiction)), ("other", say(nation.name()))])) }
        }
    }
}

/// Whose the numbers of councils are, or that we do not have them. `leaving` is said before a link that leads away.
pub(super) fn whose(advice: &Advice<'_>, leaving: &Markup) -> Markup {
    let councils: Vec<String> = advice.councils().into_iter().map(str::to_owned).collect();
    html! {
        @if !councils.is_empty() { p class="small" { (weave("The council numbers here are for {council}.", &[("council", as_written(&words::list(&councils)))])) } }
        @if advice.lacks_the_council() && !advice.panels.iter().any(|told| told.lacks_the_council) { (panels::no_number_of_the_council(leaving)) }
    }
}

/// Why it is so.
pub(super) fn reasons(result: &Plan<'_>) -> Markup {
    html! {
        @if !result.advice.reasons.is_empty() {
            h2 { (say("Why")) }
            ul { @for reason in &result.advice.reasons { li { (as_written(reason)) } } }
        }
    }
}

/// What to do first. `address` makes a link of one of our own paths; `leaving` is said before the first such link.
pub(super) fn steps(result: &Plan<'_>, address: impl Fn(&str) -> String, leaving: &Markup) -> Markup {
    html! {
        @if !result.advice.steps.is_empty() {
            h2 { (say("What to do first")) }
            @if result.advice.steps.iter().any(|step| step.action.page.is_some()) { (leaving) }
            ol class="steps" {
                @for step in &result.advice.steps {
                    li {
                        h3 { @match &step.action.page { Some(page) => { a href=(address(page)) { (as_written(step.title)) } }, None => (as_written(step.title)) } }
                        p lang=[written_in()] dir=[rightwards()] { (step.body) }
                        (panels::lines(&step.lines, &result.advice.chooser))
                    }
                }
            }
        }
    }
}

/// A person to talk to, and what to say.
pub(super) fn talk(result: &Plan<'_>) -> Markup {
    html! {
        h2 { (say("Talk to a person")) }
        (panels::lines(&result.advice.talk, &result.advice.chooser))
        @if result.advice.talks_to_999() { p { (say("Say which service you need: police, ambulance or fire. Then say where you are and what is wrong.")) } }
        @else if let Some(words) = result.advice.talk_say { p { (weave("You can say: “{words}”", &[("words", as_written(words))])) } }
        @else { p { (say("You can say: “I filled in some questions about my situation, and I need help. Can you tell me who can help me?”")) } }
    }
}

/// A form that asks where somebody is, so that they get the numbers of their own council. `at` comes
/// back to the panels of that question, none to the result. `national` are the lines that are given meanwhile: said
/// once more to somebody who does not know their council. `leaving` is said before the link that leads away.
pub(super) fn ask_for_place(
    chooser: &Chooser<'_>,
    carried: &Carried,
    place: &Place,
    at: Option<&str>,
    national: &[&Line],
    leaving: &Markup,
) -> Markup {
    html! {
        form id="where" class="search" method="post" action="/help/check#where" autocomplete="off" aria-label=(say("Where you are")) {
            h2 { (say("Get the number of the right council")) }
            @if place.written.is_unknown() {
                div role="status" {
                    p { strong { (say("We do not know your council, so these are national lines. You can ring them wherever you live.")) } }
                    (panels::lines(national, chooser))
                    (leaving)
                    p { (weave("To find out which council is yours, enter your full postcode here. Your council tax bill names it, too. Or look it up: {link}.", &[("link", areas::find_council())])) }
                }
            }
            @if !place.written.postcode.is_empty() && place.mistake.is_none() {
                @if place.is_whole { (leaving) }
                p role="status" {
                    @if place.is_whole { (say("We do not know which council your postcode is in.")) " " (weave("Find your own council: {link}.", &[("link", areas::find_council())])) }
                    @else { (say("We cannot tell from your postcode which council it is. Enter the full postcode, or choose the council.")) }
                }
            }
            (carried.hidden_but_for_the_place())
            input type="hidden" name="where" value="asked";
            @if let Some(question) = at { input type="hidden" name="at" value=(question); }
            (place::field(place))
            (place::choice(chooser.contacts, place))
            button class="button" name="go" value=(if at.is_some() { "next" } else { "result" }) { (say("Show the right numbers")) }
        }
    }
}

fn keep(site: &Site, carried: &Carried, result: &Plan<'_>) -> Markup {
    let text = result.nearby.as_text(site);
    let (sent, left_out) = result.nearby.to_send();
    let encoded = utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string();
    let subject = utf8_percent_encode(say("My plan"), NON_ALPHANUMERIC);
    html! {
        section class="keep" aria-labelledby="keep" {
            h2 id="keep" { (say("Keep this")) }
            p { (say("We do not store it. When you leave, it is gone.")) }
            form method="post" action="/help/plan" {
                (carried.hidden(None))
                button class="button" { (say("Save as a file")) }
                button class="button plain print" type="button" hidden { (say("Print")) }
            }
            p class="small" { (say("The file is called my-plan.html and opens in any browser. Other people who use this device can open it too. To print, use Print in your browser’s menu.")) }
            @if !sent.is_empty() {
                p {
                    (weave("Send the list of places, without your answers: {text} or {email}. Your own phone or computer sends it.", &[
                        ("text", html! { a href=(format!("sms:?&body={encoded}")) { (say("by text")) } }),
                        ("email", html! { a href=(format!("mailto:?subject={subject}&body={encoded}")) { (say("by email")) } }),
                    ]))
                    @if left_out > 0 {
                        " " (count(left_out, "place is left out:", "places are left out:"))
                        " " (say("some are too private to be seen on a phone, or do not fit in a message."))
                    }
                }
            }
            form method="post" action="/help/check" {
                (carried.hidden(None))
                button class="link" name="go" value="back" { (say("Change my answers")) }
            }
            p { a href="/help/check" { (say("Start again")) } }
        }
    }
}
