//! The questions, one a page. Every page is the answer to a form, so that no address says what was
//! answered.

use axum::{
    extract::{State, rejection::StringRejection},
    response::Response,
};
use http::HeaderMap;
use maud::{Markup, html};

use super::{
    carried::Carried,
    in_english, nearby, notice, panels,
    place::{self, Place},
    result, start,
};
use crate::{
    http::{Parameters, Problem},
    pages::{
        Site, areas, home,
        language::{as_written, say, say_with, weave},
        layout,
        layout::Page,
        results::{mistaken_title, sent},
    },
    self_help::{
        Edition,
        checker::{
            Answers,
            document::{Kind, Question, worded},
        },
        contacts::{Call, Line, Panel},
    },
};

/// What the button that was pressed asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Go {
    Next,
    Back,
    Result,
}

/// The first page of the questions.
pub(super) async fn begin(State(site): State<Site>, headers: HeaderMap) -> Response {
    let page = match site.self_help.in_force().await {
        Ok(edition) => first(&edition, &Carried::default(), &Place::default(), None),
        Err(reason) => start::unavailable(&site, reason).await,
    };
    layout::answer(&site, &headers, Ok(page))
}

/// Every other page.
pub(super) async fn go_on(State(site): State<Site>, headers: HeaderMap, body: Result<String, StringRejection>) -> Response {
    let page = match (site.self_help.in_force().await, sent(&headers, body)) {
        (Err(reason), _) => Ok(start::unavailable(&site, reason).await),
        (Ok(_), Err(problem)) => Err(problem),
        (Ok(edition), Ok(form)) => page(&site, &edition, &form).await,
    };
    layout::answer(&site, &headers, page)
}

async fn page(site: &Site, edition: &Edition, form: &Parameters) -> Result<Page, Problem> {
    let checker = &edition.checker;
    let carried = Carried::read(form, checker);
    let last = |name: &str| form.pairs().filter(|(own, _)| *own == name).last().map(|(_, value)| value);
    let go = match last("go") {
        Some("back") => Go::Back,
        Some("result") => Go::Result,
        _ => Go::Next,
    };
    let at = last("at").and_then(|id| checker.questions.iter().position(|question| question.id == id));
    let place = Place::find(site, Some(&edition.contacts), carried.place.clone()).await?;
    let page = next_page(site, edition, &carried, &place, Step { at, go, shown: last("shown") == Some("yes") }).await?;
    Ok(Page { outcode: place.outcode.clone(), ..page })
}

/// Where somebody is among the questions, and where they want to go.
#[derive(Clone, Copy, Debug)]
struct Step {
    /// The question that they were asked.
    at: Option<usize>,
    go: Go,
    /// Whether they were shown the urgent help that it opened.
    shown: bool,
}

async fn next_page(site: &Site, edition: &Edition, carried: &Carried, place: &Place, step: Step) -> Result<Page, Problem> {
    let (checker, Step { at, go, shown }) = (&edition.checker, step);
    if at.is_none() && go == Go::Next && place.mistake.is_some() {
        return Ok(first(edition, carried, place, Some(&areas::perhaps_outside(site).await)));
    }
    // Urgent help comes before another question, forwards and back; the result has it anyway.
    if let Some(question) = at.map(|at| &checker.questions[at])
        && !shown
        && go != Go::Result
    {
        let opened = opened_by(edition, question, &carried.answers);
        if !opened.is_empty() {
            return Ok(urgent(site, edition, carried, place, question, &opened));
        }
    }
    let asked = |question: &&Question| checker.asks(question, &carried.answers);
    let next = match (go, at) {
        (Go::Result, _) => None,
        (Go::Next, None) => checker.questions.iter().find(asked),
        (Go::Next, Some(at)) => checker.questions[at + 1..].iter().find(asked),
        (Go::Back, None) => return Ok(first(edition, carried, place, None)),
        (Go::Back, Some(at)) => match checker.questions[..at].iter().rev().find(asked) {
            Some(before) => Some(before),
            None => return Ok(first(edition, carried, place, None)),
        },
    };
    match next {
        Some(question) => Ok(ask(edition, carried, question)),
        None => result::page(site, edition, carried, place).await,
    }
}

/// Panels that the answers to this question opened.
fn opened_by<'a>(edition: &'a Edition, question: &Question, answers: &Answers) -> Vec<&'a Panel> {
    let mut without = answers.clone();
    without.remove(&question.id);
    let before = edition.checker.evaluate(&without).urgent;
    let now = edition.checker.evaluate(answers).urgent;
    now.iter().filter(|panel| !before.contains(panel)).filter_map(|panel| edition.contacts.panel(panel)).collect()
}

/// Who it is for, and where: both can be left as they are. `outside` is said where nobody knows the place.
fn first(edition: &Edition, carried: &Carried, place: &Place, outside: Option<&Markup>) -> Page {
    let choice = |id: &str, value: &str, on: bool, words: &str| {
        html! {
            div class="choice" {
                input type="radio" id=(id) name="helper" value=(value) checked[on];
                label for=(id) { (say(words)) }
            }
        }
    };
    let body = html! {
        @if let Some(said) = &place.mistake {
            div class="summary-of-errors" role="alert" aria-labelledby="mistakes" tabindex="-1" {
                h2 id="mistakes" { (say("There is a problem")) }
                ul { li { a href="#postcode" { (said) } } }
                @if let Some(outside) = outside { (nearby::leaving_the_questions()) (outside) }
            }
        }
        (home::danger())
        (in_english())
        (notice(edition))
        h1 { (say("A few questions")) }
        p class="lead" { (say("Your answers show how soon to get help, what to do first, and who can help near you.")) }
        ul {
            li { (say("You can skip any question.")) }
            li { (say("We do not store your answers. Each page passes them on to the next one, then they are gone.")) }
            li { (say("Your device’s history may show that you were on this website. “Exit this page” takes you away immediately.")) }
        }
        form class="ask" method="post" action="/help/check" autocomplete="off" {
            @for (question, given) in &carried.answers {
                @for option in given { input type="hidden" name=(Carried::field(question)) value=(option); }
            }
            @if !carried.place.council.is_empty() { input type="hidden" name="council" value=(carried.place.council); }
            fieldset {
                legend { (say("Who are you answering for?")) }
                (choice("helper-no", "no", !carried.helper, "For me"))
                (choice("helper-yes", "yes", carried.helper, "I am helping someone"))
            }
            (place::field(place))
            button class="button" name="go" value="next" { (say("Start")) }
        }
        (panels::reviewed(edition))
    };
    let title = if place.mistake.is_some() { mistaken_title("A few questions") } else { say("A few questions").to_owned() };
    super::page(title, body)
}

/// One question.
fn ask(edition: &Edition, carried: &Carried, question: &Question) -> Page {
    let checker = &edition.checker;
    let visible: Vec<&Question> = checker.questions.iter().filter(|question| checker.asks(question, &carried.answers)).collect();
    let number = visible.iter().position(|own| own.id == question.id).map_or(1, |at| at + 1);
    let given = carried.answers.get(&question.id).map(Vec::as_slice).unwrap_or_default();
    let field = Carried::field(&question.id);
    let body = html! {
        (in_english())
        (notice(edition))
        (reminder(edition, carried))
        form class="ask" method="post" action="/help/check" autocomplete="off" {
            (carried.hidden(Some(&question.id)))
            input type="hidden" name="at" value=(question.id);
            fieldset aria-describedby=[question.hint.as_ref().map(|_| "hint")] {
                legend { h1 { (as_written(worded(&question.text, question.text_helper.as_deref(), carried.helper))) } }
                @if let Some(hint) = &question.hint { p class="hint" id="hint" { (as_written(hint)) } }
                @for (at, option) in question.options.iter().enumerate() {
                    div class="choice" {
                        input type=(if question.kind == Kind::One { "radio" } else { "checkbox" }) id=(format!("o{at}")) name=(field) value=(option.id) checked[given.contains(&option.id)];
                        label for=(format!("o{at}")) { (as_written(worded(&option.label, option.label_helper.as_deref(), carried.helper))) }
                    }
                }
            }
            p class="buttons" {
                button class="button" name="go" value="next" { (say("Continue")) }
                button class="link" name="go" value="back" { (say("Back")) }
                button class="link" name="go" value="result" { (say("Show my result now")) }
            }
            p class="small" { (say_with("Question {number} of about {all}. Leave it empty to skip it.", &[("number", &number.to_string()), ("all", &visible.len().to_string())])) }
        }
    };
    super::page(say("A few questions"), body)
}

/// Urgent help, on a page of its own, before anything else is asked.
fn urgent(site: &Site, edition: &Edition, carried: &Carried, place: &Place, question: &Question, opened: &[&Panel]) -> Page {
    let chooser = edition.chooser(place.area.as_ref(), site.self_help.now());
    let told: Vec<_> = opened.iter().map(|panel| chooser.told(panel, carried.helper)).collect();
    let wanted = opened.iter().any(|panel| chooser.would_know_better(&panel.call));
    let calls: Vec<Call> = opened.iter().flat_map(|panel| &panel.call).cloned().collect();
    let national: Vec<&Line> =
        chooser.lines(&calls).into_iter().filter(|line| line.council.is_none() && !line.is_emergency()).collect();
    let leaving = nearby::leaving_the_questions();
    let body = html! {
        h1 class="unseen" { (say("Before you continue")) }
        (panels::list(&told, &chooser, &leaving))
        @if !told.iter().flat_map(|told| &told.lines).any(|line| line.is_emergency()) { (home::danger()) }
        (in_english())
        (notice(edition))
        @if wanted { (result::ask_for_place(&chooser, carried, place, Some(&question.id), &national, &leaving)) }
        form class="ask" method="post" action="/help/check" {
            (carried.hidden(None))
            input type="hidden" name="at" value=(question.id);
            input type="hidden" name="shown" value="yes";
            p class="buttons" {
                button class="button" name="go" value="next" { (say("Continue with the questions")) }
                button class="link" name="go" value="back" { (say("Back")) }
                button class="link" name="go" value="result" { (say("Show my result now")) }
            }
        }
    };
    Page { urgent: true, ..super::page(say("Before you continue"), body) }
}

/// A line that keeps urgent help one tap away on the questions that follow.
fn reminder(edition: &Edition, carried: &Carried) -> Markup {
    let open = !edition.checker.evaluate(&carried.answers).urgent.is_empty();
    html! {
        @if open {
            form class="danger" method="post" action="/help/check" {
                (carried.hidden(None))
                strong { (say("You may need help straight away.")) " " }
                button class="link" name="go" value="result" { (say("Show the numbers to call")) }
                " " (say("In danger now?")) " " (weave("Ring {number}.", &[("number", html! { a href="tel:999" { "999" } })]))
            }
        }
    }
}
