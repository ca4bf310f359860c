//! What a budget comes to: the sums, its lines, its debts.

use maud::{Markup, html};

use crate::{
    pages::language::{isolated, rightwards, say, say_with, translated, weave},
    self_help::{
        budget::{Budget, Debted, Form, GROUPS, Group, Totals, grouped, monthly, pounds, weekly},
        contacts::document::FirstDebt,
    },
};

/// The sums, as the script knows them and as they are called.
pub(super) const ROWS: [(&str, &str); 5] = [
    ("income", "Money in"),
    ("spending", "Money out, not including debts"),
    ("before", "Left before debts"),
    ("debts", "Paid towards debts"),
    ("after", "Left in the end"),
];

/// An amount inside a sentence: it runs to the right whatever the sentence does.
fn money(pence: i64) -> Markup {
    html! { span dir=[rightwards()] { (pounds(pence)) } }
}

fn a_month(yearly: i64) -> Markup {
    weave("{amount} a month", &[("amount", money(monthly(yearly)))])
}

/// What is left, in a sentence.
fn sentence(totals: Totals) -> String {
    let (said, about) = totals.said();
    say_with(said, &[("about", &grouped(about.unsigned_abs()))])
}

/// What comes in, goes out and is left: in a sentence, and by month and week. The script reads and fills
/// the same cells.
pub(super) fn sums(budget: &Budget) -> Markup {
    let totals = budget.totals();
    let yearly = [totals.income, totals.spending, totals.before(), totals.debts, totals.after()];
    html! {
        p class="lead" id="sentence" { (sentence(totals)) }
        table id="sums" {
            caption { (say("Your money by month and by week")) }
            thead { tr { th scope="col" { span class="unseen" { (say("What")) } } th scope="col" class="number" { (say("A month")) } th scope="col" class="number" { (say("A week")) } } }
            tbody {
                @for ((name, title), yearly) in ROWS.into_iter().zip(yearly) {
                    tr data-sum=(name) data-yearly=(yearly) {
                        th scope="row" { (say(title)) }
                        td class="number" dir=[rightwards()] { (pounds(monthly(yearly))) }
                        td class="number" dir=[rightwards()] { (pounds(weekly(yearly))) }
                    }
                }
            }
        }
    }
}

/// Every line with an amount, for the file and for paper.
pub(super) fn lines(form: &Form, budget: &Budget) -> Markup {
    let label = |group: &Group, line: &str| {
        let own = group.lines.iter().find(|own| own.id == line).map(|own| say(own.label).to_owned());
        let number = line.strip_prefix("other").and_then(|number| number.parse().ok()).unwrap_or(1);
        let written = form.field(&format!("{}-name", group.other(number))).trim();
        own.unwrap_or_else(|| if written.is_empty() { say("Something else").to_owned() } else { written.to_owned() })
    };
    html! {
        @for group in GROUPS {
            @if budget.parts.iter().any(|part| part.group == group.id && part.yearly > 0) {
                h2 { (say(group.title)) }
                ul {
                    @for part in budget.parts.iter().filter(|part| part.group == group.id && part.yearly > 0) {
                        li { (isolated(&label(group, &part.line))) ": " (a_month(part.yearly)) }
                    }
                }
            }
        }
    }
}

/// Debts, those that come first in their order and with why.
pub(super) fn debts(budget: &Budget, first: &[FirstDebt]) -> Markup {
    let row = |debt: &Debted, why: Option<&str>| {
        html! {
            li {
                strong { (say(debt.debt.label)) }
                @if let Some(owed) = debt.owed.filter(|owed| *owed > 0) { ": " (weave("{amount} owed", &[("amount", money(owed))])) }
                @if debt.yearly > 0 { (say(", ")) (weave("{amount} paid a month", &[("amount", money(monthly(debt.yearly)))])) }
                "."
                @if let Some(why) = why { " " (translated(why)) }
            }
        }
    };
    let own = |debt: &&Debted, one: &FirstDebt| debt.debt.id == one.debt;
    let before: Vec<(&Debted, &str)> =
        first.iter().filter_map(|one| Some((budget.debts.iter().find(|debt| own(debt, one))?, one.why.as_str()))).collect();
    let after: Vec<&Debted> = budget.debts.iter().filter(|debt| !first.iter().any(|one| own(debt, one))).collect();
    html! {
        @if !budget.debts.is_empty() { h2 { (say("Your debts")) } }
        @if !before.is_empty() {
            h3 { (say("Pay these first")) }
            ul { @for (debt, why) in &before { (row(debt, Some(*why))) } }
        }
        @if !after.is_empty() {
            h3 { @if before.is_empty() { (say("What you owe")) } @else { (say("Pay these after that")) } }
            @if !before.is_empty() { p { (say("Letters about these can sound harsh. Still pay the debts above first.")) } }
            ul { @for debt in &after { (row(debt, None)) } }
        }
    }
}
