//! The budget: one form, and what follows from it above the same form. Every field comes back as it
//! was written, so nothing is lost when one is wrong.

use axum::{
    extract::{State, rejection::StringRejection},
    response::Response,
};
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};

use super::{
    chart, files,
    nearby::{self, Looked, Nearby},
    place::{self, Place, Written},
    plan,
};
use crate::{
    http::{Parameters, Problem},
    pages::{Site, home, layout, layout::Page, results::sent_long},
    self_help::budget::{Budget, DEBTS, Form, GROUPS, Group, Mistake, OTHERS, Often, Tip, monthly, pounds, tips, weekly},
};

/// Services for each need.
const EACH: usize = 2;

/// The empty form.
pub(super) async fn blank(State(site): State<Site>, headers: HeaderMap) -> Response {
    let body = html! { (home::danger()) (intro()) (form(&Form::default(), &[], &Place::default(), &[])) };
    layout::answer(&site, &headers, Ok(page("Money on one page", body)))
}

/// The form as it was sent, with what follows from it.
pub(super) async fn filled(State(site): State<Site>, headers: HeaderMap, body: Result<String, StringRejection>) -> Response {
    let page = match sent_long(&headers, body) {
        Ok(form) => worked_out(&site, &form).await,
        Err(problem) => Err(problem),
    };
    layout::answer(&site, &headers, page)
}

/// What follows from the form, as a file.
pub(super) async fn file(State(site): State<Site>, headers: HeaderMap, body: Result<String, StringRejection>) -> Response {
    let made = async {
        let sent = sent_long(&headers, body)?;
        let budget = Form::new(sent.pairs()).read().0;
        let (tips, nearby, _) = what_helps(&site, &sent, &budget).await?;
        let body = html! {
            (sums(&budget))
            (lines(&Form::new(sent.pairs()), &budget))
            (debts(&budget))
            (tips_of(&tips))
            h2 { "Help near you" }
            (plan::places(&site, &nearby))
        };
        Ok::<_, Problem>(plan::document(&site, &body))
    };
    match made.await {
        Ok(document) => plan::download(document),
        Err(problem) => layout::answer(&site, &headers, Err(problem)),
    }
}

fn page(title: &str, body: Markup) -> Page {
    let mut page = super::page(title, body);
    page.scripts.push(files::budget_address());
    page
}

async fn what_helps(site: &Site, sent: &Parameters, budget: &Budget) -> Result<(Vec<&'static Tip>, Nearby, Place), Problem> {
    let tips = tips(budget);
    let place = Place::find(site, None, Written::read(sent)).await?;
    let mut needs: Vec<String> = Vec::new();
    for need in tips.iter().flat_map(|tip| tip.needs) {
        if !needs.iter().any(|there| there == need) {
            needs.push((*need).to_owned());
        }
    }
    let looked = Looked { needs: &needs, tags: &[], point: place.point, each: EACH };
    Ok((tips, nearby::look(site, looked).await?, place))
}

async fn worked_out(site: &Site, sent: &Parameters) -> Result<Page, Problem> {
    let form = Form::new(sent.pairs());
    let (budget, mistakes) = form.read();
    let (tips, nearby, place) = what_helps(site, sent, &budget).await?;
    let wrong = !mistakes.is_empty() || place.mistake.is_some();
    let body = html! {
        @if wrong { (summary(&mistakes, &place)) }
        @else { (home::danger()) }
        h1 { "Your money on one page" }
        @if wrong { p { "These sums leave out what could not be read." } }
        (sums(&budget))
        (chart::draw(&budget))
        (debts(&budget))
        (tips_of(&tips))
        @if !tips.is_empty() { (nearby::show(&nearby, place.point)) }
        (keep())
        h2 { "Change your numbers" }
        (self::form(&form, &mistakes, &place, &sent.pairs().collect::<Vec<_>>()))
    };
    let title = if wrong { "Error: Money on one page" } else { "Money on one page" };
    Ok(Page { status: if wrong { StatusCode::BAD_REQUEST } else { StatusCode::OK }, ..page(title, body) })
}

fn intro() -> Markup {
    html! {
        h1 { "Your money on one page" }
        p class="lead" { "See what comes in, what goes out and what is left." }
        ul {
            li { "Fill in what you can. Guesses are fine. Leave the rest empty." }
            li { "Your numbers are not kept. They are sent, worked out and sent back, and then they are gone." }
        }
    }
}

fn summary(mistakes: &[Mistake], place: &Place) -> Markup {
    html! {
        div class="summary-of-errors" role="alert" aria-labelledby="mistakes" tabindex="-1" {
            h2 id="mistakes" { "There is a problem" }
            ul {
                @for mistake in mistakes { li { a href=(format!("#{}", mistake.field)) { (mistake.label) ": " (mistake.refused.said()) } } }
                @if let Some(said) = place.mistake { li { a href="#postcode" { (said) } } }
            }
        }
    }
}

/// What comes in, goes out and is left, by month and week. The script reads and fills the same cells.
fn sums(budget: &Budget) -> Markup {
    let totals = budget.totals();
    let rows = [
        ("income", "Money in", totals.income),
        ("spending", "Money out, without debts", totals.spending),
        ("before", "Left before debts", totals.before()),
        ("debts", "Paid towards debts", totals.debts),
        ("after", "Left in the end", totals.after()),
    ];
    html! {
        p class="lead" id="sentence" { (totals.sentence()) }
        table id="sums" {
            caption { "Your money by month and by week" }
            thead { tr { th scope="col" { span class="unseen" { "What" } } th scope="col" class="number" { "A month" } th scope="col" class="number" { "A week" } } }
            tbody {
                @for (name, title, yearly) in rows {
                    tr data-sum=(name) data-yearly=(yearly) {
                        th scope="row" { (title) }
                        td class="number" { (pounds(monthly(yearly))) }
                        td class="number" { (pounds(weekly(yearly))) }
                    }
                }
            }
        }
    }
}

/// Every line with an amount, for the file.
fn lines(form: &Form, budget: &Budget) -> Markup {
    let label = |group: &Group, line: &str| {
        let own = group.lines.iter().find(|own| own.id == line).map(|own| own.label.to_owned());
        let number = line.strip_prefix("other").and_then(|number| number.parse().ok()).unwrap_or(1);
        let written = form.field(&format!("{}-name", group.other(number))).trim();
        own.unwrap_or_else(|| if written.is_empty() { "Something else".to_owned() } else { written.to_owned() })
    };
    html! {
        @for group in GROUPS {
            @if budget.parts.iter().any(|part| part.group == group.id && part.yearly > 0) {
                h3 { (group.title) }
                ul {
                    @for part in budget.parts.iter().filter(|part| part.group == group.id && part.yearly > 0) {
                        li { (label(group, &part.line)) ": " (pounds(monthly(part.yearly))) " a month" }
                    }
                }
            }
        }
    }
}

/// Debts, those that come first with why.
fn debts(budget: &Budget) -> Markup {
    let row = |debt: &crate::self_help::budget::Debted| {
        html! {
            li {
                strong { (debt.debt.label) }
                @if let Some(owed) = debt.owed.filter(|owed| *owed > 0) { ": " (pounds(owed)) " owed" }
                @if debt.yearly > 0 { ", " (pounds(monthly(debt.yearly))) " paid a month" }
                "."
                @if let Some(why) = debt.debt.first { " " (why) }
            }
        }
    };
    let (first, other): (Vec<_>, Vec<_>) = budget.debts.iter().partition(|debt| debt.debt.first.is_some());
    html! {
        @if !budget.debts.is_empty() { h2 { "Your debts" } }
        @if !first.is_empty() {
            h3 { "Pay these first" }
            ul { @for debt in &first { (row(debt)) } }
        }
        @if !other.is_empty() {
            h3 { @if first.is_empty() { "What you owe" } @else { "These come after that" } }
            @if !first.is_empty() { p { "Letters about these can sound hard. The ones that come first still come first." } }
            ul { @for debt in &other { (row(debt)) } }
        }
    }
}

fn tips_of(tips: &[&Tip]) -> Markup {
    html! {
        @if !tips.is_empty() {
            h2 { "What to do next" }
            ol class="steps" { @for tip in tips { li { h3 { (tip.title) } p { (tip.text) } } } }
            p class="small" { "These are signposts, not advice about your case. Never pay for debt advice." }
        }
    }
}

fn keep() -> Markup {
    html! {
        section class="keep" aria-labelledby="keep" {
            h2 id="keep" { "Keep this" }
            p { "We do not keep your numbers. When you leave, they are gone." }
            button class="button" form="budget" formaction="/help/budget/plan" { "Save as a file" }
            " "
            button class="button plain print" type="button" hidden { "Print" }
            p class="small" { "The file is called my-plan.html and opens in any browser. Others who use this device can open it, too. To print, use Print in your browser’s menu." }
        }
    }
}

/// The form. `sent` are the fields as they came, so that further lines which are filled stay open.
fn form(form: &Form, mistakes: &[Mistake], place: &Place, sent: &[(&str, &str)]) -> Markup {
    let filled = |prefix: &str| {
        sent.iter().any(|(name, value)| name.starts_with(prefix) && !name.ends_with("-how") && !value.trim().is_empty())
    };
    html! {
        form id="budget" class="budget" method="post" action="/help/budget" autocomplete="off" {
            @for group in GROUPS {
                fieldset {
                    legend { h2 { (group.title) } }
                    @for line in group.lines {
                        (amount(form, mistakes, &format!("{}-{}", group.side.prefix(), line.id), line.label, line.often))
                    }
                    details open[filled(&format!("{}-{}-other", group.side.prefix(), group.id))] {
                        summary { "Add something else" span class="unseen" { " to: " (group.title) } }
                        @for number in 1..=OTHERS { (further(form, mistakes, group, number)) }
                    }
                }
            }
            fieldset {
                legend { h2 { "Debts" } }
                p class="hint" { "What you owe in all, and what you pay towards it now." }
                @for debt in DEBTS {
                    @let name = format!("debt-{}", debt.id);
                    details open[filled(&name)] {
                        summary { (debt.label) @if debt.first.is_some() { span class="first" { " comes first" } } }
                        (plain(form, mistakes, &format!("{name}-owed"), "Owed in all", debt.label))
                        (amount_about(form, mistakes, &name, "Paid now", Some(debt.label), Often::Monthly))
                    }
                }
            }
            (place::field(place))
            button class="button" { "Work it out" }
            p class="small" { "This sends your numbers to the directory’s server, which shows tips and services that fit, and keeps nothing." }
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
                label class="unseen" for=(format!("{name}-how")) { "How often: " (label) @if let Some(about) = about { " (" (about) ")" } }
                select id=(format!("{name}-how")) name=(format!("{name}-how")) {
                    @for (own, value, words) in Often::ALL { option value=(value) selected[own == often] { (words) } }
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
        p class="error" id=(error) hidden[mistake.is_none()] { @if let Some(mistake) = mistake { span class="unseen" { "Error: " } (mistake.refused.said()) } }
        span class="pounds" {
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
            label for=(words) { "What is it?" span class="unseen" { " (" (group.title) ", " (number) ")" } }
            input type="text" maxlength="60" id=(words) name=(words) value=(form.field(&words));
        }
        (amount_about(form, mistakes, &name, "How much", Some(&format!("{}, {number}", group.title)), Often::Monthly))
    }
}
