//! Search: one box, a postcode, and what was found. What people type is kept nowhere: the site's own
//! form sends it in the body, and no answer to it may be stored.

mod nothing;
mod to_ring;

use axum::{
    extract::{State, rejection::StringRejection},
    response::Response,
};
use http::{HeaderMap, StatusCode, header};
use maud::{Markup, html};

use super::{
    Site, areas, files, guides,
    here::{self, Here},
    home,
    language::{as_written, say, say_with, weave},
    layout,
    layout::Page,
    listing::{self, Listing},
    map, needs, paging,
    search_form::{Asked, Mistake, Narrowing, button, form, form_with},
    shortlist::{self, Kept},
    statements,
    words::{self, count},
};
use crate::{
    geo::Point,
    http::{Parameters, Problem},
    model::{Kind, text::fold},
    publishing::{LONGEST_SEARCH, ask_index},
    search::{Enough, Found, Hit, Wanted, says_nothing},
    self_help::contacts::Area,
};
use to_ring::{Now, Numbered};

/// How results are sorted where it is known where somebody is, and where some of what they wrote is enough.
const NEAREST: &str = "The nearest to {place} are first.";
const MOST_THEN_NEAREST: &str = "What matches most is first, then what is nearest to {place}.";
/// Guides above the results.
const GUIDES: usize = 3;

/// Whether the search came with the address or in the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Link,
    Form,
}

/// A search by link.
pub(super) async fn by_link(State(site): State<Site>, parameters: Parameters, headers: HeaderMap) -> Response {
    layout::answer(&site, &headers, page(&site, &parameters, By::Link).await)
}

/// A search by form.
pub(super) async fn by_form(State(site): State<Site>, headers: HeaderMap, body: Result<String, StringRejection>) -> Response {
    let page = match sent_long(&headers, body) {
        Ok(parameters) => page(&site, &parameters, By::Form).await,
        Err(problem) => Err(problem),
    };
    layout::answer(&site, &headers, page)
}

/// The fields of a form that was sent.
/// # Errors
/// When it is not a form.
pub(super) fn sent(headers: &HeaderMap, body: Result<String, StringRejection>) -> Result<Parameters, Problem> {
    sent_form(headers, body, Parameters::read)
}

/// The same for a form with more fields than a query could have.
/// # Errors
/// When it is not a form.
pub(super) fn sent_long(headers: &HeaderMap, body: Result<String, StringRejection>) -> Result<Parameters, Problem> {
    sent_form(headers, body, Parameters::read_form)
}

fn sent_form(
    headers: &HeaderMap,
    body: Result<String, StringRejection>,
    read: fn(&str) -> Result<Parameters, Problem>,
) -> Result<Parameters, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    match body {
        _ if !kind.starts_with("application/x-www-form-urlencoded") => {
            Err(Problem::bad_request("the form is not application/x-www-form-urlencoded".to_owned()))
        }
        Ok(body) => read(&body),
        Err(_) => Err(Problem::bad_request("the form is not UTF-8, or is too long".to_owned())),
    }
}

async fn page(site: &Site, parameters: &Parameters, by: By) -> Result<Page, Problem> {
    let mut asked = Asked::read(parameters)?;
    if asked.is_empty() && by == By::Link {
        return empty(site).await;
    }
    if let Some(found) = here::among(site, &asked.words, &asked.postcode).await? {
        (asked.postcode, asked.words) = found;
    }
    let place = match here::located(site, &asked.postcode).await? {
        Ok(from) => Place { from, wrong: Vec::new() },
        Err(mistake) => Place { from: None, wrong: vec![mistake] },
    };
    let mistakes = mistakes_in(&asked);
    let says_only_where = asked.words.is_empty() && !asked.narrows();
    if !mistakes.is_empty() || (says_only_where && !place.wrong.is_empty()) {
        return mistaken(site, &asked, mistakes, place).await;
    }
    let named = to_ring::named(site, &asked, &place).await;
    if says_nothing(&asked.words) {
        return tell_more(site, &asked, &place).await;
    }
    let mut wanted = asked.wanted();
    place.stands_in(&mut wanted);
    let look = |range| {
        ask_index(&site.directory, wanted.clone(), move |search, wanted, now| search.find(Kind::Service, wanted, now, range))
    };
    let mut found = look(paging::range(parameters)?).await?;
    if found.total == 0 {
        return nothing::page(site, &asked, &found, &place, named).await;
    }
    if found.hits.is_empty() {
        // Beyond the last page stands the last page.
        found = look(paging::read(parameters, found.total)?.range()).await?;
    }
    let to_ask = if place.wrong.is_empty() {
        areas::outside(site, place.codes()).await.unwrap_or_default()
    } else {
        to_ring::to_ask(site, &place).await
    };
    let to_ring = Numbered { named, now: Now::of(site, &asked, &found, &place).await, to_ask };
    results(site, parameters, by, &asked, &found, &place, &to_ring)
}

/// Where results are looked for.
#[derive(Clone, Debug)]
struct Place {
    from: Option<Here>,
    /// That nobody knows the place that was written: it is said, and the results are those without it.
    wrong: Vec<Mistake>,
}

impl Place {
    fn point(&self) -> Option<Point> {
        self.from.as_ref().map(|here| here.point)
    }

    /// Look for what is wanted from here.
    pub(super) fn stands_in(&self, wanted: &mut Wanted) {
        wanted.near = self.point();
        wanted.roughly = self.from.as_ref().is_some_and(Here::is_rough);
        wanted.home = self.from.as_ref().and_then(|here| here.home.clone());
    }

    /// The councils there, if that is certain.
    fn council(&self) -> Option<Area> {
        self.from.as_ref().and_then(Here::council)
    }

    /// GSS codes of the areas there, as far as they are known.
    fn codes(&self) -> &[String] {
        self.from.as_ref().and_then(|here| here.home.as_ref()).map_or(&[], |home| &home.areas)
    }
}

/// What makes a search impossible. A place that nobody knows does not.
fn mistakes_in(asked: &Asked) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let mut wrong = |field, said: &str| mistakes.push(Mistake { field, said: said.to_owned() });
    if asked.is_empty() {
        wrong("q", say("Say what you need help with, or enter a postcode"));
    }
    if asked.words.chars().count() > LONGEST_SEARCH {
        wrong("q", say("Use fewer words: at most 300 characters"));
    } else if !asked.words.is_empty() && fold(&asked.words).is_empty() {
        wrong("q", say("Say what you need in words"));
    }
    if asked.has_no_age() {
        wrong("age", say("Enter the age in years, such as 17, or leave it empty"));
    }
    mistakes
}

fn results(
    site: &Site,
    parameters: &Parameters,
    by: By,
    asked: &Asked,
    found: &Found,
    place: &Place,
    to_ring: &Numbered,
) -> Result<Page, Problem> {
    let at = paging::read(parameters, found.total)?;
    let listings = listing::of_hits(site, found, place.point())?;
    let some_are_for_elsewhere = listings.iter().any(Listing::is_for_elsewhere);
    let kept = Kept::read(parameters);
    let quiet = found.understood.sensitive || listings.iter().any(|listing| listing.sensitive);
    let ground = map::Ground::of(&site.brand, asked, parameters, &kept.hidden(), quiet);
    let is_wrong = !place.wrong.is_empty();
    let body = html! {
        (to_ring.named)
        (to_ring.now.show(site))
        (summary_of(&place.wrong))
        h1 { (count(found.total, "result", "results")) }
        (understood(site, found)?)
        (narrowed(asked, &kept))
        @if is_wrong {
            p { strong { (say("These are results from everywhere.")) } " " a href="/help#now" { (say("Numbers to call now")) } }
        }
        (to_ring.to_ask)
        (search_again(asked, place, &kept, &to_ring.now))
        p class="small order" { (order(found, place.from.as_ref(), some_are_for_elsewhere)) }
        (guides::about(site, &found.understood.needs.iter().map(|need| need.code.clone()).collect::<Vec<_>>(), GUIDES))
        @if !found.understood.sensitive { (map::draw(&listings, place.point(), &ground)) }
        div class="numbered" { (listing::list_to_keep(&listings, "h2", &kept)) }
        (kept.button(&listings, asked))
        @if by == By::Form { template class="way-back" { p class="unprinted" { button class="link way-back" type="button" { (say("Go back to the results")) } } } }
        @match by {
            By::Form => (paging::forms(shortlist::FORM, "/directory/search", at)),
            By::Link => (paging::links(&asked.path(), at)),
        }
        @if by == By::Form && !found.understood.sensitive { p class="small" { (weave("{link}, to save or send. The link contains what you typed.", &[("link", html! { a href=(asked.path()) { (say("Link to this search")) } })])) } }
    };
    let outcode = place.from.as_ref().and_then(Here::outcode);
    let pictures_from = ground.pictures_from();
    let title = if is_wrong { mistaken_title("Search results") } else { say("Search results").to_owned() };
    // What is opened from results takes their place, so they bring what leaves it at once.
    let scripts = if by == By::Form { vec![files::results_address(), files::exit_address()] } else { Vec::new() };
    let page = Page::new(format!("{title}{}", at.in_title()), body);
    // Where it cannot wait, nothing but the numbers stands on the first screen.
    let urgent = found.understood.urgent;
    Ok(Page { unkept: true, quiet, urgent, outcode, pictures_from, scripts, sends_itself: true, ..page })
}

/// The form with what was asked: folded away, unless there is something to put right in it, or the number of somebody's
/// own council waits for their place.
fn search_again(asked: &Asked, place: &Place, kept: &Kept, now: &Now) -> Markup {
    let is_wrong = !place.wrong.is_empty();
    let narrowing = if is_wrong && !asked.narrows() { Narrowing::Hidden } else { Narrowing::Shown };
    let form = |narrowing| form_with(asked, &place.wrong, narrowing, &kept.hidden());
    html! {
        @if now.wants_the_place() { (form(Narrowing::Folded)) }
        @else { details class="narrow" open[is_wrong] { summary { (say("Change or narrow your search")) } (form(narrowing)) } }
    }
}

/// In which order the results are.
fn order(found: &Found, from: Option<&Here>, some_are_for_elsewhere: bool) -> String {
    let said = |text: &str| from.map(|here| say_with(text, &[("place", &here.said)]));
    let understood = &found.understood;
    let is_counted = understood.enough != Enough::All || (understood.with_all > 0 && !understood.left_out.is_empty());
    let by_place = said(if is_counted { MOST_THEN_NEAREST } else { NEAREST });
    let by_match = || say("The best matches are first. Enter a postcode to see the nearest first.").to_owned();
    let taken = from.and_then(|here| here.taken.clone());
    let mut sentences: Vec<String> = taken.into_iter().chain([by_place.unwrap_or_else(by_match)]).collect();
    if from.is_some_and(Here::is_rough) {
        sentences.push(say("We only know roughly where that is, so distances are approximate.").to_owned());
    }
    if from.is_some_and(|here| here.is_whole() && here.is_rough()) {
        sentences.push(say("We do not know which council your postcode is in.").to_owned());
    }
    if found.hits.iter().any(Hit::is_for_others) {
        sentences.push(say("Help for everybody comes first. Then comes help for one group of people.").to_owned());
        if found.hits.iter().any(Hit::is_out_of_reach) {
            sentences.push(say("Help that is more than 25 miles away comes after both.").to_owned());
        }
    }
    if some_are_for_elsewhere {
        sentences.push(say("Help that is only for people who live elsewhere comes last.").to_owned());
    }
    sentences.join(" ")
}

/// What was made of somebody's words, in words.
fn understood(site: &Site, found: &Found) -> Result<Markup, Problem> {
    let understood = &found.understood;
    let vocabulary = site.directory.vocabulary()?;
    let names: Vec<String> = understood
        .needs
        .iter()
        .map(|need| vocabulary.name_of(&need.code).map_or_else(|| need.code.replace('-', " "), str::to_owned))
        .collect();
    Ok(html! {
        @if !names.is_empty() { p class="understood" { (weave("Showing help for: {needs}.", &[("needs", html! { strong { (as_written(&words::list(&names))) } })])) } }
        @for (from, to) in &understood.corrected { p class="understood" { (weave("Nothing here contains “{from}”. Showing results for “{to}”.", &[("from", as_written(from)), ("to", html! { strong { (as_written(to)) } })])) } }
        @if found.total > 0 {
            @match understood.enough {
                Enough::All => {},
                Enough::AnyNeed if understood.with_all == 0 => p class="understood" { (say("Nothing matches all of these. This is help for any of them.")) },
                Enough::AnyNeed => p class="understood" { (say("Few results match all of these. They come first, then help for any of them.")) },
                Enough::SomeWords => p class="understood" { (say("Nothing matches all of your words. These match some of them.")) },
            }
            @if !understood.left_out.is_empty() {
                @let said = if understood.with_all > 0 { "Not all of these have your words: {words}." } else { "Nothing matches all of your words, so these were left out: {words}." };
                p class="understood" { (weave(said, &[("words", as_written(&understood.left_out.join(", ")))])) }
            }
        }
    })
}

/// What the search was narrowed down to, each with a way back.
fn narrowed(asked: &Asked, kept: &Kept) -> Markup {
    let wider = asked.wider();
    html! {
        @if !wider.is_empty() {
            ul class="narrowed" aria-label=(say("Narrowed down to")) {
                @for (said, without) in &wider {
                    li { (button(without, &kept.hidden(), "link", &html! { (said) span class="unseen" { " – " (say("remove")) } span aria-hidden="true" { " ✕" } })) }
                }
            }
        }
    }
}

/// Somebody wrote "help" and not what with: what cannot wait comes first, then every way to say more.
async fn tell_more(site: &Site, asked: &Asked, place: &Place) -> Result<Page, Problem> {
    let overview = needs::overview(site).await?;
    let body = html! {
        (home::danger())
        p { a href="/help#now" { (say("Numbers to call now")) } }
        h1 { (say("What do you need help with?")) }
        (form(&Asked { words: String::new(), ..asked.clone() }, &place.wrong, asked.narrows()))
        (home::unsure())
        (statements::ask(site))
        h2 { (say("Or browse by need")) }
        (needs::families(&overview))
    };
    Ok(Page { unkept: true, ..Page::new(say("Search"), body) })
}

async fn empty(site: &Site) -> Result<Page, Problem> {
    let overview = needs::overview(site).await?;
    let body = html! {
        h1 { (say("Search")) }
        (form(&Asked::default(), &[], true))
        h2 { (say("Or browse by need")) }
        (needs::families(&overview))
    };
    let scripts = vec![files::back_address()];
    Ok(Page { path: Some("/directory/search".to_owned()), scripts, ..Page::new(say("Search"), body) })
}

/// What has to be put right before anything can be looked for. Whoever wrote nothing but a place that nobody knows is
/// given somebody to ask.
async fn mistaken(site: &Site, asked: &Asked, mut mistakes: Vec<Mistake>, place: Place) -> Result<Page, Problem> {
    let overview = needs::overview(site).await?;
    let status = if mistakes.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    let to_ask = if place.wrong.is_empty() { Markup::default() } else { to_ring::to_ask(site, &place).await };
    mistakes.extend(place.wrong);
    let body = html! {
        (summary_of(&mistakes))
        h1 { (say("Search")) }
        (form(asked, &mistakes, asked.narrows()))
        p { a href="/help#now" { (say("Numbers to call now")) } }
        (to_ask)
        h2 { (say("Or browse by need")) }
        (needs::families(&overview))
    };
    // Nobody has looked yet whether what they wrote, which stands there again, may be seen.
    let quiet = !asked.words.is_empty();
    Ok(Page { status, unkept: true, quiet, ..Page::new(mistaken_title("Search"), body) })
}

/// The title of a page with a form that something is wrong with.
pub(super) fn mistaken_title(title: &str) -> String {
    format!("{} {}", say("Error:"), say(title))
}

/// What is wrong with a form, above everything else.
pub(super) fn summary_of(mistakes: &[Mistake]) -> Markup {
    html! {
        @if !mistakes.is_empty() {
            div class="summary-of-errors" role="alert" aria-labelledby="mistakes" tabindex="-1" {
                h2 id="mistakes" { (say("There is a problem")) }
                ul { @for mistake in mistakes { li { a href=(format!("#{}", mistake.field)) { (mistake.said) } } } }
            }
        }
    }
}
