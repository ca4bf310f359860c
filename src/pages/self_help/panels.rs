//! Urgent help and numbers to ring.

use maud::{Markup, html};

use crate::{
    pages::{
        language::{as_written, rightwards, say, say_with, weave, written_in},
        words,
    },
    self_help::{
        Edition,
        contacts::{Chooser, Line, Panel, document::Standing},
    },
};

/// Panels of urgent help, each with the numbers for where somebody is.
pub(super) fn list(panels: &[&Panel], chooser: &Chooser<'_>, level: &str) -> Markup {
    html! { @for panel in panels { (one(panel, chooser, level)) } }
}

fn one(panel: &Panel, chooser: &Chooser<'_>, level: &str) -> Markup {
    let id = format!("panel-{}", panel.id);
    html! {
        section class="urgent" aria-labelledby=(id) {
            @if level == "h1" { h1 id=(id) { (as_written(&panel.title)) } } @else { h2 id=(id) { (as_written(&panel.title)) } }
            (lines(&chooser.urgent(panel), chooser))
            @for paragraph in &panel.body { p lang=[written_in()] dir=[rightwards()] { (paragraph) } }
            @if let Some(words) = &panel.say { p { (weave("You can say: “{words}”", &[("words", as_written(words))])) } }
        }
    }
}

/// Numbers to ring, the first first.
pub(super) fn lines(lines: &[&Line], chooser: &Chooser<'_>) -> Markup {
    html! {
        @if !lines.is_empty() {
            ul class="lines" { @for line in lines { li { (line_of(line)) (standing(line, chooser)) } } }
        }
    }
}

/// One line: whose it is, the number to tap, when somebody answers.
pub(super) fn line_of(line: &Line) -> Markup {
    let digits = words::dialled(&line.number);
    html! {
        span class="who" { (as_written(&line.title)) }
        @match &line.text {
            Some(word) => { a class="number" href=(format!("sms:{digits}")) { (weave("Text {word} to {number}", &[("word", as_written(word)), ("number", as_written(&line.number))])) } },
            None => { a class="number" href=(format!("tel:{digits}")) dir=[rightwards()] { (line.number) } },
        }
        @if let Some(hours) = &line.hours { span lang=[written_in()] dir=[rightwards()] { (hours) "." } }
        @if let Some(about) = &line.about { span lang=[written_in()] dir=[rightwards()] { (about) } }
    }
}

fn standing(line: &Line, chooser: &Chooser<'_>) -> Markup {
    html! {
        @match line.standing(chooser.today) {
            Standing::Checked => {},
            Standing::Overdue => span class="doubtful" { (say("This number was not checked lately.")) },
            Standing::Unchecked => span class="doubtful" { (say("Nobody has checked this number.")) },
        }
    }
}

/// When it was reviewed, or that it never was.
pub(super) fn reviewed(edition: &Edition) -> Markup {
    html! {
        p class="small" {
            @match edition.reviewed_on {
                Some(day) => { (say_with("These questions and numbers were reviewed on {date}.", &[("date", &words::date(day))])) },
                None => { (say("This is a sample. Nobody has reviewed it.")) },
            }
            " " (say("It gives signposts, not advice about your case."))
        }
    }
}
