//! Urgent help and numbers to ring.

use maud::{Markup, html};

use crate::{
    pages::words,
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
            @if level == "h1" { h1 id=(id) { (panel.title) } } @else { h2 id=(id) { (panel.title) } }
            (lines(&chooser.lines(&panel.call), chooser))
            @for paragraph in &panel.body { p { (paragraph) } }
            @if let Some(say) = &panel.say { p { "You can say: “" (say) "”" } }
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
        span class="who" { (line.title) }
        @match &line.text {
            Some(word) => { a class="number" href=(format!("sms:{digits}")) { "Text " (word) " to " (line.number) } },
            None => { a class="number" href=(format!("tel:{digits}")) { (line.number) } },
        }
        @if let Some(hours) = &line.hours { span { (hours) "." } }
        @if let Some(about) = &line.about { span { (about) } }
    }
}

fn standing(line: &Line, chooser: &Chooser<'_>) -> Markup {
    html! {
        @match line.dated.standing(chooser.today) {
            Standing::Checked => {},
            Standing::Overdue => span class="doubtful" { "This number was not checked lately." },
            Standing::Unchecked => span class="doubtful" { "Nobody has checked this number." },
        }
    }
}

/// When it was reviewed, or that it never was.
pub(super) fn reviewed(edition: &Edition) -> Markup {
    html! {
        p class="small" {
            @match edition.reviewed_on {
                Some(day) => { "These questions and numbers were reviewed on " (words::date(day)) "." },
                None => { "This is a sample. Nobody has reviewed it." },
            }
            " It gives signposts, not advice about your case."
        }
    }
}
