//! Search: one box, a postcode, and what was found. What people type is kept nowhere: the site's own
//! form sends it in the body, and no answer to it may be stored.

use axum::{
    extract::{State, rejection::StringRejection},
    response::Response,
};
use http::{HeaderMap, StatusCode, header};
use maud::{Markup, html};

use super::{
    Site, guides, home,
    language::{as_written, say, say_with, weave},
    layout,
    layout::Page,
    listing::{self, Listing},
    map, needs, paging,
    search_form::{Asked, Mistake, button, form, form_with},
    self_help::lines_to_ring,
    shortlist::{self, Kept},
    statements,
    words::{self, count},
};
use crate::{
    federation,
    geo::Point,
    http::{Parameters, Problem},
    model::{
        Kind,
        text::fold,
        whereabouts::{Whereabouts, among_words},
    },
    places::Precision,
    publishing::{LONGEST_SEARCH, Position, ask_index, locate, locate_town},
    search::{Found, Wanted, says_nothing},
};

/// Listings that are shown of a search that is narrowed down to nothing.
const WIDENED: usize = 5;
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
    let nowhere = take_place_from_words(site, &mut asked).await?;
    let from = match place_of(site, &asked).await? {
        Ok(from) => from,
        Err(mistakes) => return mistaken(site, &asked, &mistakes).await,
    };
    if says_nothing(&asked.words) {
        return tell_more(site, &asked).await;
    }
    let mut wanted = asked.wanted();
    wanted.near = from.as_ref().map(|position| position.point);
    let look = |range| {
        ask_index(&site.directory, wanted.clone(), move |search, wanted, now| search.find(Kind::Service, wanted, now, range))
    };
    let mut found = look(paging::range(parameters)?).await?;
    if found.total == 0 {
        return nothing(site, &asked, &found, Place { from: from.as_ref(), nowhere: nowhere.as_ref() }).await;
    }
    if found.hits.is_empty() {
        // Beyond the last page stands the last page.
        found = look(paging::read(parameters, found.total)?.range()).await?;
    }
    results(site, parameters, by, &asked, &found, Place { from: from.as_ref(), nowhere: nowhere.as_ref() })
}

/// A postcode among the words is where to look, if it is known and no other one is given. A whole one that
/// nobody knows is no word that listings would have: it is taken out and given back, so that the page says so.
async fn take_place_from_words(site: &Site, asked: &mut Asked) -> Result<Option<Whereabouts>, Problem> {
    if !asked.postcode.is_empty() || asked.words.chars().count() > LONGEST_SEARCH {
        return Ok(None);
    }
    let Some((at, words)) = among_words(&asked.words) else { return Ok(None) };
    if locate(&site.directory, &at).await?.is_some() || (words.is_empty() && matches!(at, Whereabouts::Postcode(_))) {
        (asked.postcode, asked.words) = (at.to_string(), words);
        return Ok(None);
    }
    if matches!(at, Whereabouts::Outcode(_)) {
        return Ok(None);
    }
    asked.words = words;
    Ok(Some(at))
}

/// Where somebody is, as far as they said so and it is known.
#[derive(Clone, Debug)]
pub(super) struct Here {
    /// What they called it.
    pub(super) said: String,
    /// Where that is.
    pub(super) point: Point,
    /// How exactly that is known.
    pub(super) precision: Precision,
    /// GSS codes of the areas it lies in, where they are known.
    pub(super) areas: Vec<String>,
    /// The first half of the postcode, where it is one.
    outcode: Option<String>,
}

impl From<Position> for Here {
    fn from(position: Position) -> Self {
        Self {
            said: position.at.to_string(),
            outcode: Some(position.at.outcode().to_owned()),
            point: position.point,
            precision: position.precision,
            areas: position.areas,
        }
    }
}

/// Where results are looked for.
#[derive(Clone, Copy, Debug)]
struct Place<'a> {
    from: Option<&'a Here>,
    /// A postcode that nobody knows.
    nowhere: Option<&'a Whereabouts>,
}

/// Where the person is, if they said so; or what is wrong with what they wrote.
async fn place_of(site: &Site, asked: &Asked) -> Result<Result<Option<Here>, Vec<Mistake>>, Problem> {
    let mut mistakes = Vec::new();
    if asked.is_empty() {
        mistakes.push(Mistake { field: "q", said: "Say what you need help with, or enter a postcode" });
    }
    if asked.words.chars().count() > LONGEST_SEARCH {
        mistakes.push(Mistake { field: "q", said: "Use fewer words: at most 300 characters" });
    } else if !asked.words.is_empty() && fold(&asked.words).is_empty() {
        mistakes.push(Mistake { field: "q", said: "Say what you need in words" });
    }
    if asked.has_no_age() {
        mistakes.push(Mistake { field: "age", said: "Enter the age in years, such as 17, or leave it empty" });
    }
    let from = match located(site, &asked.postcode).await? {
        Ok(from) => from,
        Err(mistake) => {
            mistakes.push(mistake);
            None
        }
    };
    Ok(if mistakes.is_empty() { Ok(from) } else { Err(mistakes) })
}

/// Where a postcode or a town is that somebody wrote, or what is wrong with it.
pub(super) async fn located(site: &Site, written: &str) -> Result<Result<Option<Here>, Mistake>, Problem> {
    let mistake = |said| Ok(Err(Mistake { field: "postcode", said }));
    if written.is_empty() {
        return Ok(Ok(None));
    }
    let Ok(at) = written.parse() else {
        return match locate_town(&site.directory, written).await? {
            None => mistake("Enter a postcode, such as LU1 2AA or LU1, or a town that we have listings in, or leave it empty"),
            Some(point) => {
                let said = written.to_owned();
                Ok(Ok(Some(Here { said, point, precision: Precision::Outcode, areas: Vec::new(), outcode: None })))
            }
        };
    };
    match locate(&site.directory, &at).await? {
        None => mistake("We do not know this postcode. Check it, or leave it empty to search everywhere"),
        Some(position) => Ok(Ok(Some(position.into()))),
    }
}

fn results(
    site: &Site,
    parameters: &Parameters,
    by: By,
    asked: &Asked,
    found: &Found,
    place: Place<'_>,
) -> Result<Page, Problem> {
    let from = place.from;
    let at = paging::read(parameters, found.total)?;
    let listings = listing::of_hits(site, found, from.map(|position| position.point))?;
    let kept = Kept::read(parameters);
    let quiet = found.understood.sensitive || listings.iter().any(|listing| listing.sensitive);
    let ground = map::Ground::of(&site.brand, asked, parameters, &kept.hidden(), quiet);
    let body = html! {
        @if found.understood.urgent || found.understood.sensitive {
            (home::danger())
            p { a href="/help#now" { (say("Numbers to call now")) } }
        }
        h1 { (count(found.total, "result", "results")) }
        (understood(site, found)?)
        (narrowed(asked, &kept))
        (guides::about(site, &found.understood.needs.iter().map(|need| need.code.clone()).collect::<Vec<_>>(), GUIDES))
        details { summary { (say("Change or narrow your search")) } (form_with(asked, &[], true, &kept.hidden())) }
        p class="small" { (left_out(place.nowhere)) (order(from)) }
        @if !found.understood.sensitive { (map::draw(&listings, from.map(|position| position.point), &ground)) }
        div class="numbered" { (listing::list_to_keep(&listings, "h2", &kept)) }
        (kept.button(&listings, asked))
        @match by {
            By::Form => (paging::forms(shortlist::FORM, at)),
            By::Link => (paging::links(&asked.path(), at)),
        }
        @if by == By::Form && !found.understood.sensitive { p class="small" { (weave("{link}, to save or send. The link contains what you typed.", &[("link", html! { a href=(asked.path()) { (say("Link to this search")) } })])) } }
    };
    let outcode = from.and_then(|here| here.outcode.clone());
    let pictures_from = ground.pictures_from();
    Ok(Page {
        unkept: true,
        quiet,
        outcode,
        pictures_from,
        ..Page::new(format!("{}{}", say("Search results"), at.in_title()), body)
    })
}

/// That nobody knows a postcode.
fn left_out(nowhere: Option<&Whereabouts>) -> Markup {
    html! {
        @if let Some(at) = nowhere { strong { (say_with("We do not know the postcode {postcode}, so it was left out.", &[("postcode", &at.to_string())])) } " " }
    }
}

/// In which order the results are.
fn order(from: Option<&Here>) -> String {
    match from {
        None => say("The best matches are first. Enter a postcode to see the nearest first.").to_owned(),
        Some(position) => {
            let first = say_with("The nearest to {place} are first.", &[("place", &position.said)]);
            if position.precision == Precision::Postcode {
                return first;
            }
            format!("{first} {}", say("We only know roughly where that is, so distances are approximate."))
        }
    }
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
        @if understood.some_words && found.total > 0 { p class="understood" { (say("Nothing matches all of your words. These match some of them.")) } }
        @if !understood.left_out.is_empty() && found.total > 0 {
            p class="understood" { (weave("Nothing matches all of your words, so these were left out: {words}.", &[("words", as_written(&understood.left_out.join(", ")))])) }
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
async fn tell_more(site: &Site, asked: &Asked) -> Result<Page, Problem> {
    let overview = needs::overview(site).await?;
    let body = html! {
        (home::danger())
        p { a href="/help#now" { (say("Numbers to call now")) } }
        h1 { (say("What do you need help with?")) }
        (form(&Asked { words: String::new(), ..asked.clone() }, &[], asked.narrows()))
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
    Ok(Page { path: Some("/directory/search".to_owned()), ..Page::new(say("Search"), body) })
}

async fn mistaken(site: &Site, asked: &Asked, mistakes: &[Mistake]) -> Result<Page, Problem> {
    let overview = needs::overview(site).await?;
    let body = html! {
        (summary_of(mistakes))
        h1 { (say("Search")) }
        (form(asked, mistakes, asked.narrows()))
        h2 { (say("Or browse by need")) }
        (needs::families(&overview))
    };
    Ok(Page { status: StatusCode::BAD_REQUEST, unkept: true, ..Page::new(mistaken_title("Search"), body) })
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
                ul { @for mistake in mistakes { li { a href=(format!("#{}", mistake.field)) { (say(mistake.said)) } } } }
            }
        }
    }
}

/// What there would be without anything that the search was narrowed down to, the best or nearest first.
async fn widened(site: &Site, asked: &Asked, from: Option<Point>) -> Result<Vec<Listing>, Problem> {
    if !asked.narrows() {
        return Ok(Vec::new());
    }
    let plain = Asked { words: asked.words.clone(), postcode: asked.postcode.clone(), ..Asked::default() };
    let wanted = Wanted { near: from, ..plain.wanted() };
    let found =
        ask_index(&site.directory, wanted, |search, wanted, now| search.find(Kind::Service, wanted, now, 0..WIDENED)).await?;
    listing::of_hits(site, &found, from)
}

/// Whom to ask where nothing is listed: the council where somebody is, or a line for the whole country.
async fn somebody_to_ask(site: &Site, asked: &Asked) -> Result<Markup, Problem> {
    let area = match asked.postcode.parse() {
        Ok(at) => site.self_help.area_of(&at).await?,
        Err(_) => None,
    };
    // Without contacts that may be shown there are the numbers of the page that is linked to.
    let Ok(edition) = site.self_help.in_force().await else { return Ok(Markup::default()) };
    let chooser = edition.chooser(area.as_ref(), site.self_help.today());
    let lines = chooser.front_desk();
    Ok(html! {
        @if !lines.is_empty() {
            p { (say("Ask somebody who knows what help there is:")) }
            (lines_to_ring(&lines, &chooser))
        }
    })
}

async fn nothing(site: &Site, asked: &Asked, found: &Found, Place { from, nowhere }: Place<'_>) -> Result<Page, Problem> {
    let overview = needs::overview(site).await?;
    let unknown = &found.understood.unknown;
    let widened = widened(site, asked, from.map(|here| here.point)).await?;
    let follows = !federation::peers::all(&site.directory.db).await?.is_empty();
    let neighbours = html! { a href="/directory/sources" { (say("neighbouring directories")) } };
    let body = html! {
        h1 { (say("Nothing found")) }
        @if unknown.is_empty() { p { (say("No service here matches everything you asked for.")) } }
        @else { p { (weave("No service here contains the words: {words}.", &[("words", html! { strong { (as_written(&unknown.join(", "))) } })])) } }
        @if follows { p { (weave("We also looked in {neighbours}.", &[("neighbours", neighbours)])) } }
        @if nowhere.is_some() { p { (left_out(nowhere)) } }
        (understood(site, found)?)
        (narrowed(asked, &Kept::default()))
        @if !widened.is_empty() {
            p { (say("These match your words, but not everything else you asked for:")) }
            (listing::list(&widened, "h2"))
        }
        ul {
            li { (say("Try fewer words, or different words for the same thing.")) }
            li { (say("Or browse by need, below.")) }
        }
        (home::danger())
        p { a href="/help#now" { (say("Numbers to call now")) } }
        (somebody_to_ask(site, asked).await?)
        (statements::ask(site))
        (form(asked, &[], asked.narrows()))
        h2 { (say("Browse by need")) }
        (needs::families(&overview))
    };
    let quiet = found.understood.sensitive || widened.iter().any(|listing| listing.sensitive);
    Ok(Page { unkept: true, quiet, ..Page::new(say("Nothing found"), body) })
}
