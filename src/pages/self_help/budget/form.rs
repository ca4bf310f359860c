//! The form of the budget, with what was written and what is wrong with it.

use std::borrow::Cow;

use maud::{Markup, html};

use super::{
    super::place::{self, Place},
    shown::ROWS,
};
use crate::{
    pages::language::{rightwards, say},
    self_help::{
        budget::{DEBTS, Form, GROUPS, Group, Left, Mistake, OTHERS, Often, Refused},
        contacts::document::FirstDebt,
    },
};

/// What is wrong with the form, above everything else.
pub(super) fn summary(mistakes: &[Mistake], place: &Place) -> Markup {
    html! {
        div class="summary-of-errors" role="alert" aria-labelledby="mistakes" tabindex="-1" {
            h2 id="mistakes" { (say("There is a problem")) }
            ul {
                @for mistake in mistakes { li { a href=(format!("#{}", mistake.field)) { (about_line(&mistake.label)) ": " (say(mistake.refused.said())) } } }
                @if let Some(said) = &place.mistake { li { a href="#postcode" { (said) } } }
            }
        }
    }
}

/// What a line is called where something is wrong with it: ours, or what somebody called it.
fn about_line(label: &str) -> Cow<'_, str> {
    match label.strip_suffix(", something else") {
        Some(group) => [say(group), say("something else")].join(say(", ")).into(),
        None => say(label).into(),
    }
}

/// What the script says, in the language of the page.
fn words_for_the_script() -> String {
    let refused = [Refused::Negative, Refused::TooMuch, Refused::HowOften, Refused::Unclear]
        .map(|refused| (refused.code(), refused.said()));
    let left = Left::ALL.map(|left| (left.code(), left.said()));
    let others = [
        ("sums", "Your sums so far"),
        ("caption", "So far, worked out on your own device"),
        ("empty", "Fill in what you can."),
        ("partial", "These sums leave out amounts that we could not read."),
        ("error", "Error:"),
        ("what", "What"),
        ("month", "A month"),
        ("week", "A week"),
    ];
    let all = refused.into_iter().chain(left).chain(others).chain(ROWS);
    all.map(|(name, said)| (name, say(said))).collect::<serde_json::Value>().to_string()
}

/// The form. `sent` are the fields as they came, so that further lines which are filled stay open.
pub(super) fn form(form: &Form, mistakes: &[Mistake], place: &Place, sent: &[(&str, &str)], first: &[FirstDebt]) -> Markup {
    let filled = |prefix: &str| {
        sent.iter().any(|(name, value)| name.starts_with(prefix) && !name.ends_with("-how") && !value.trim().is_empty())
    };
    html! {
        form id="budget" class="budget" method="post" action="/help/budget" autocomplete="off" data-words=(words_for_the_script()) {
            @for group in GROUPS {
                fieldset {
                    legend { h2 { (say(group.title)) } }
                    @for line in group.lines {
                        (amount(form, mistakes, &format!("{}-{}", group.side.prefix(), line.id), say(line.label), line.often))
                    }
                    details open[filled(&format!("{}-{}-other", group.side.prefix(), group.id))] {
                        summary { (say("Add something else")) span class="unseen" { ": " (say(group.title)) } }
                        @for number in 1..=OTHERS { (further(form, mistakes, group, number)) }
                    }
                }
            }
            fieldset {
                legend { h2 { (say("Debts")) } }
                p class="hint" { (say("How much you owe in total, and what you pay towards it now.")) }
                @for debt in DEBTS {
                    @let name = format!("debt-{}", debt.id);
                    details open[filled(&name)] {
                        summary { (say(debt.label)) @if first.iter().any(|one| one.debt == debt.id) { " " span class="first" { (say("comes first")) } } }
                        (plain(form, mistakes, &format!("{name}-owed"), say("Total owed"), say(debt.label)))
                        (amount_about(form, mistakes, &name, say("Paid now"), Some(say(debt.label)), Often::Monthly))
                    }
                }
            }
            (place::field(place))
            button class="button" { (say("Work it out")) }
            p class="small" { (say("This sends your numbers to the directory’s server, which shows tips and services that fit. It does not store anything.")) }
        }
    }
}

/// A line: how much, and how often.
fn amount(form: &Form, mistakes: &[Mistake], name: &str, label: &str, usual: Often) -> Markup {
    amount_about(form, mistakes, name, label, None, usual)
}

fn amount_about(form: &Form, mistakes: &[Mistake], name: &str, label: &str, about: Option<&str>, usual: Often) -> Markup {
    let often = form.often(name, usual);
    html! {
        div class=(if wrong(mistakes, name).is_some() { "money wrong" } else { "money" }) {
            (field(form, mistakes, name, label, about))
            span class="how" {
                label class="unseen" for=(format!("{name}-how")) { (say("How often:")) " " (label) @if let Some(about) = about { " (" (about) ")" } }
                select id=(format!("{name}-how")) name=(format!("{name}-how")) {
                    @for (own, value, words) in Often::ALL { option value=(value) selected[own == often] { (say(words)) } }
                }
            }
        }
    }
}

/// An amount that comes only once.
fn plain(form: &Form, mistakes: &[Mistake], name: &str, label: &str, about: &str) -> Markup {
    html! {
        div class=(if wrong(mistakes, name).is_some() { "money wrong" } else { "money" }) { (field(form, mistakes, name, label, Some(about))) }
    }
}

fn wrong<'a>(mistakes: &'a [Mistake], name: &str) -> Option<&'a Mistake> {
    mistakes.iter().find(|mistake| mistake.field == name)
}

fn field(form: &Form, mistakes: &[Mistake], name: &str, label: &str, about: Option<&str>) -> Markup {
    let mistake = wrong(mistakes, name);
    let error = format!("{name}-error");
    html! {
        label for=(name) { (label) @if let Some(about) = about { span class="unseen" { " (" (about) ")" } } }
        p class="error" id=(error) hidden[mistake.is_none()] { @if let Some(mistake) = mistake { span class="unseen" { (say("Error:")) " " } (say(mistake.refused.said())) } }
        span class="pounds" dir=[rightwards()] {
            span aria-hidden="true" { "£" }
            input type="text" inputmode="decimal" id=(name) name=(name) value=(form.field(name)) aria-describedby=[mistake.map(|_| &error)] aria-invalid=[mistake.map(|_| "true")];
        }
    }
}

/// A further line with a name of its own.
fn further(form: &Form, mistakes: &[Mistake], group: &Group, number: usize) -> Markup {
    let name = group.other(number);
    let words = format!("{name}-name");
    html! {
        div class="field" {
            label for=(words) { (say("What is it?")) span class="unseen" { " (" (say(group.title)) (say(", ")) (number) ")" } }
            input type="text" maxlength="60" id=(words) name=(words) value=(form.field(&words));
        }
        (amount_about(form, mistakes, &name, say("How much"), Some(&format!("{}{}{number}", say(group.title), say(", "))), Often::Monthly))
    }
}
