//! The budget: one form, and what follows from it above the same form. Every field comes back as it
//! was written, so nothing is lost when one is wrong.

mod form;
mod shown;

use std::sync::Arc;

use axum::{
    extract::{State, rejection::StringRejection},
    response::Response,
};
use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};

use super::{
    chart, files,
    nearby::{self, Looked, Nearby},
    panels,
    place::{Place, Written},
    plan,
};
use crate::{
    http::{Parameters, Problem},
    pages::{
        Site, areas, home,
        language::{as_written, rightwards, say, weave, written_in},
        layout,
        layout::Page,
        results::{mistaken_title, sent_long},
        words,
    },
    self_help::{
        Edition, Unavailable,
        budget::{Budget, Form, Situation, situations},
        contacts::{Chooser, document::FirstDebt},
    },
};
use form::{form, summary};
use shown::{debts, lines, sums};

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
            (helps.tips(&Markup::default(), Read::Later))
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

/// When what helps is read: who answers now is not who answers when a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Read {
    Now,
    Later,
}

/// What helps with what a budget shows.
struct Helps {
    situations: Vec<Situation>,
    first: Vec<FirstDebt>,
    /// What somebody reviewed, and why there is nothing like that.
    edition: Result<Arc<Edition>, Unavailable>,
    now: DateTime<Utc>,
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
    Ok(Helps { situations, first, edition: site.self_help.in_force().await, now: site.self_help.now(), nearby, place })
}

/// Debts to pay before others where somebody is, the most important first: none where nobody has reviewed that
/// lately.
async fn first_debts(site: &Site, place: &Place) -> Vec<FirstDebt> {
    let Ok(edition) = site.self_help.in_force().await else { return Vec::new() };
    let chooser = edition.chooser(place.area.as_ref(), site.self_help.now());
    chooser.first_debts().into_iter().cloned().collect()
}

impl Helps {
    /// Tips that somebody reviewed lately; where there are none, whom to ring instead. `leaving` is said before the link
    /// that leads to them.
    fn tips(&self, leaving: &Markup, read: Read) -> Markup {
        let edition = self.edition.as_deref().ok();
        let at_once = edition.map(|edition| edition.chooser(self.place.area.as_ref(), self.now));
        let chooser = at_once.map(|chooser| Chooser { now: chooser.now.filter(|_| read == Read::Now), ..chooser });
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
                (leaving)
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
            (form::form(&form, &mistakes, &place, &fields, &first_debts(site, &place).await))
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
        (helps.tips(&nearby::leaving(), Read::Now))
        @if !helps.situations.is_empty() { (nearby::show(&helps.nearby, place)) }
        (keep())
        h2 class="unprinted" { (say("Change your numbers")) }
        (form::form(&form, &[], place, &fields, &helps.first))
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
