//! The budget: one form, and what follows from it above the same form. Every field comes back as it
//! was written, so nothing is lost when one is wrong.

use std::{borrow::Cow, sync::Arc};

use axum::{
    extract::{State, rejection::StringRejection},
    response::Response,
};
use chrono::NaiveDate;
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};

use super::{
    chart, files,
    nearby::{self, Looked, Nearby},
    panels,
    place::{self, Place, Written},
    plan,
};
use crate::{
    http::{Parameters, Problem},
    pages::{
        Site, areas, home,
        language::{as_written, isolated, rightwards, say, say_with, translated, weave, written_in},
        layout,
        layout::Page,
        results::{mistaken_title, sent_long},
        words,
    },
    self_help::{
        Edition, Unavailable,
        budget::{
            Budget, DEBTS, Debted, Form, GROUPS, Group, Left, Mistake, OTHERS, Often, Refused, Situation, Totals, grouped,
            monthly, pounds, situations, weekly,
        },
        contacts::document::FirstDebt,
    },
};

/// The sums, as the script knows them and as they are called.
const ROWS: [(&str, &str); 5] = [
    ("income", "Money in"),
    ("spending", "Money out, not including debts"),
    ("before", "Left before debts"),
    ("debts", "Paid towards debts"),
    ("after", "Left in the end"),
];
/// Services for each need.
const EACH: usize = 2;

/// The empty form.
pub(super) async fn blank(State(site): State<Site>, headers: HeaderMap) -> Response {
    let first = first_debts(&site, &Place::default()).await;
    let body = html! { (home::danger()) (intro()) (form(&Form::default(), &[], &Place::default(), &[], &first)) };
    layout::answer(&site, &headers, Ok(page(say("Money on one page").to_owned(), body)))
}

/// The form as it was sent, with what follows from it.
pub(super) async fn filled(State(site): State<Site>, headers: HeaderMap, body: Result<String, StringRejection>) -> Response {
    let page = match sent_long(&headers, body) {
        Ok(form) => worked_out(&site, &form).await,
        Err(problem) => Err(problem),
    };
    layout::answer(&site, &headers, page)
}

/// What follows from the form, as a file; the form again where something cannot be read, for a file
/// with sums that leave something out would be believed.
pub(super) async fn file(State(site): State<Site>, headers: HeaderMap, body: Result<String, StringRejection>) -> Response {
    let made = async {
        let sent = sent_long(&headers, body)?;
        let form = Form::new(sent.pairs());
        let (budget, mistakes) = form.read();
        if !mistakes.is_empty() {
            return Ok(Err(worked_out(&site, &sent).await?));
        }
        let helps = what_helps(&site, &sent, &budget).await?;
        let body = html! {
            (sums(&budget))
            (lines(&form, &budget))
            (debts(&budget, &helps.first))
            (helps.tips())
            (plan::places(&site, &helps.nearby))
        };
        Ok::<_, Problem>(Ok(plan::document(&site, &body)))
    };
    match made.await {
        Ok(Ok(document)) => plan::download(document),
        Ok(Err(page)) => layout::answer(&site, &headers, Ok(page)),
        Err(problem) => layout::answer(&site, &headers, Err(problem)),
    }
}

fn page(title: String, body: Markup) -> Page {
    let mut page = super::page(title, body);
    page.scripts.push(files::budget_address());
    page
}

/// What helps with what a budget shows.
struct Helps {
    situations: Vec<Situation>,
    first: Vec<FirstDebt>,
    /// What somebody reviewed, and why there is nothing like that.
    edition: Result<Arc<Edition>, Unavailable>,
    today: NaiveDate,
    nearby: Nearby,
    place: Place,
}

async fn what_helps(site: &Site, sent: &Parameters, budget: &Budget) -> Result<Helps, Problem> {
    let situations = situations(budget);
    let place = Place::find(site, None, Written::read(sent)).await?;
    let mut needs: Vec<String> = Vec::new();
    for need in situations.iter().flat_map(|situation| situation.needs()) {
        if !needs.iter().any(|there| there == need) {
            needs.push((*need).to_owned());
        }
    }
    let (lies_in, councils) = (place.lies_in.as_ref(), areas::councils(site).await);
    let looked = Looked { needs: &needs, tags: &[], point: place.point, lies_in, councils: &councils, each: EACH };
    let nearby = nearby::look(site, looked).await?;
    let first = first_debts(site, &place).await;
    Ok(Helps { situations, first, edition: site.self_help.in_force().await, today: site.self_help.today(), nearby, place })
}

/// Debts to pay before others where somebody is, the most important first: none where nobody has reviewed that
/// lately.
async fn first_debts(site: &Site, place: &Place) -> Vec<FirstDebt> {
    let Ok(edition) = site.self_help.in_force().await else { return Vec::new() };
    let chooser = edition.chooser(place.area.as_ref(), site.self_help.today());
    chooser.first_debts().into_iter().cloned().collect()
}

impl Helps {
    /// Tips that somebody reviewed lately; where there are none, whom to ring instead.
    fn tips(&self) -> Markup {
        let edition = self.edition.as_deref().ok();
        let chooser = edition.map(|edition| edition.chooser(self.place.area.as_ref(), self.today));
        let tips = chooser.as_ref().map(|chooser| chooser.tips(&self.situations)).unwrap_or_default();
        html! {
            @if !self.situations.is_empty() { h2 { (say("What to do next")) } }
            @if !tips.is_empty() {
                @if let Some(edition) = edition { (super::notice(edition)) }
                ol class="steps" {
                    @for tip in tips {
                        li {
                            h3 { (as_written(&tip.title)) }
                            p lang=[written_in()] dir=[rightwards()] { (tip.body) }
                            @if let Some(chooser) = &chooser { (panels::lines(&chooser.first(&tip.call), chooser)) }
                        }
                    }
                }
                p class="small" { (say("This shows you where to get help. It is not advice about your situation. Never pay for debt advice.")) @if let Some(edition) = edition { (panels::for_whom(edition)) } }
            } @else if !self.situations.is_empty() {
                p { (weave("We have no tips to show now that somebody has reviewed. A free adviser can look at this with you: {link}.", &[("link", html! { a href="/help#now" { (say("numbers to ring")) } })])) }
            }
        }
    }
}

async fn worked_out(site: &Site, sent: &Parameters) -> Result<Page, Problem> {
    let form = Form::new(sent.pairs());
    let (budget, mistakes) = form.read();
    let fields = sent.pairs().collect::<Vec<_>>();
    if !mistakes.is_empty() {
        let place = Place::find(site, None, Written::read(sent)).await?;
        let body = html! {
            (summary(&mistakes, &place))
            h1 { (say("Your money on one page")) }
            p { (say("We can work it out once every amount is correct. Nothing you entered is lost.")) }
            (self::form(&form, &mistakes, &place, &fields, &first_debts(site, &place).await))
        };
        return Ok(mistaken(StatusCode::BAD_REQUEST, body));
    }
    let helps = what_helps(site, sent, &budget).await?;
    let place = &helps.place;
    let body = html! {
        @if place.mistake.is_some() { (summary(&[], place)) }
        @else { (home::danger()) }
        h1 { (say("Your money on one page")) }
        (words::printed(site.today()))
        (sums(&budget))
        div class="printed" { (lines(&form, &budget)) }
        (chart::draw(&budget))
        (debts(&budget, &helps.first))
        (helps.tips())
        @if !helps.situations.is_empty() { (nearby::show(&helps.nearby, place)) }
        (keep())
        h2 class="unprinted" { (say("Change your numbers")) }
        (self::form(&form, &[], place, &fields, &helps.first))
    };
    let outcode = place.outcode.clone();
    // Everything was worked out but what is near.
    let page =
        if place.mistake.is_some() { mistaken(StatusCode::OK, body) } else { page(say("Money on one page").to_owned(), body) };
    Ok(Page { outcode, ..page })
}

fn mistaken(status: StatusCode, body: Markup) -> Page {
    Page { status, ..page(mistaken_title("Money on one page"), body) }
}

fn intro() -> Markup {
    html! {
        h1 { (say("Your money on one page")) }
        p class="lead" { (say("See what comes in, what goes out and what is left.")) }
        ul {
            li { (say("Fill in what you can. Guesses are fine. Leave the rest empty.")) }
            li { (say("We do not store your numbers. They are sent to us, worked out and sent back, then deleted.")) }
        }
    }
}

fn summary(mistakes: &[Mistake], place: &Place) -> Markup {
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

/// An amount inside a sentence: it runs to the right whatever the sentence does.
fn money(pence: i64) -> Markup {
    html! { span dir=[rightwards()] { (pounds(pence)) } }
}

fn a_month(yearly: i64) -> Markup {
    weave("{amount} a month", &[("amount", money(monthly(yearly)))])
}

/// What a line is called where something is wrong with it: ours, or what somebody called it.
fn about_line(label: &str) -> Cow<'_, str> {
    match label.strip_suffix(", something else") {
        Some(group) => [say(group), say("something else")].join(say(", ")).into(),
        None => say(label).into(),
    }
}

/// What is left, in a sentence.
fn sentence(totals: Totals) -> String {
    let (said, about) = totals.said();
    say_with(said, &[("about", &grouped(about.unsigned_abs()))])
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

/// What comes in, goes out and is left: in a sentence, and by month and week. The script reads and fills
/// the same cells.
fn sums(budget: &Budget) -> Markup {
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
fn lines(form: &Form, budget: &Budget) -> Markup {
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
fn debts(budget: &Budget, first: &[FirstDebt]) -> Markup {
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

fn keep() -> Markup {
    html! {
        section class="keep" aria-labelledby="keep" {
            h2 id="keep" { (say("Keep this")) }
            p { (say("We do not store your numbers. When you leave, they are gone.")) }
            button class="button" form="budget" formaction="/help/budget/plan" { (say("Save as a file")) }
            " "
            button class="button plain print" type="button" hidden { (say("Print")) }
            p class="small" { (say("The file is called my-plan.html and opens in any browser. Other people who use this device can open it too. To print, use Print in your browser’s menu.")) }
        }
    }
}

/// The form. `sent` are the fields as they came, so that further lines which are filled stay open.
fn form(form: &Form, mistakes: &[Mistake], place: &Place, sent: &[(&str, &str)], first: &[FirstDebt]) -> Markup {
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
