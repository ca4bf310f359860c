//! Nothing found: said plainly, with every way on that there is: wider wishes, wider needs, whom to ring about it, the
//! neighbours' own directories, and the people who keep this one.

use maud::{Markup, html};

use super::{Place, narrowed, summary_of, to_ring::Now, understood};
use crate::{
    federation::{self, Freshness},
    http::Problem,
    model::Kind,
    pages::{
        Site, areas,
        here::Here,
        home,
        language::{as_written, say, weave},
        layout::Page,
        listing::{self, Listing},
        needs,
        search_form::{Asked, form},
        self_help::these_lines,
        shortlist::Kept,
        statements,
    },
    publishing::ask_index,
    search::Found,
};

/// Listings that are shown of a search that is narrowed down to nothing.
const WIDENED: usize = 5;
/// Neighbouring directories that are named.
const NEIGHBOURS: usize = 5;

/// The page. `named` are lines that are called what was searched for.
pub(super) async fn page(site: &Site, asked: &Asked, found: &Found, place: &Place, named: Markup) -> Result<Page, Problem> {
    let overview = needs::overview(site).await?;
    let unknown = &found.understood.unknown;
    let widened = widened(site, asked, place).await?;
    let neighbours = federation::freshness(&site.directory.db).await.map_err(Problem::from)?;
    let now = Now::of(site, asked, found, place).await;
    let codes: Vec<&str> = found.understood.needs.iter().map(|need| need.code.as_str()).collect();
    let to_ask = if place.wrong.is_empty() { Markup::default() } else { areas::perhaps_outside(site).await };
    let body = html! {
        (named)
        (now.show(site))
        (summary_of(&place.wrong))
        h1 { (say("Nothing found")) }
        @if unknown.is_empty() { p { (say("No service here matches everything you asked for.")) } }
        @else { p { (weave("No service here contains the words: {words}.", &[("words", html! { strong { (as_written(&unknown.join(", "))) } })])) } }
        @if !neighbours.is_empty() { p { (weave("We also looked in {neighbours}.", &[("neighbours", html! { a href="/directory/sources" { (say("neighbouring directories")) } })])) } }
        (understood(site, found)?)
        (narrowed(asked, &Kept::default()))
        @if !widened.is_empty() {
            p { (say("These match your words, but not everything else you asked for:")) }
            (listing::list(&widened, "h2"))
        }
        (somebody_to_ask(site, &codes, place).await)
        (to_ask)
        (statements::ask(site))
        ul {
            li { (say("Try fewer words, or different words for the same thing.")) }
            @for wider in wider(site, &codes)? { li { (wider) } }
            li { (say("Or browse by need, below.")) }
            @for neighbour in neighbours.iter().take(NEIGHBOURS) { li { (look_in(neighbour)) } }
        }
        @if now.is_empty() {
            (home::danger())
            (home::to_numbers())
        }
        (form(asked, &place.wrong, asked.narrows()))
        h2 { (say("Browse by need")) }
        (needs::families(&overview))
    };
    let quiet = found.understood.sensitive || widened.iter().any(|listing| listing.sensitive);
    let outcode = place.from.as_ref().and_then(Here::outcode);
    Ok(Page { unkept: true, quiet, outcode, urgent: found.understood.urgent, ..Page::new(say("Nothing found"), body) })
}

/// What there would be without anything that the search was narrowed down to, the best or nearest first.
async fn widened(site: &Site, asked: &Asked, place: &Place) -> Result<Vec<Listing>, Problem> {
    if !asked.narrows() {
        return Ok(Vec::new());
    }
    let plain = Asked { words: asked.words.clone(), postcode: asked.postcode.clone(), ..Asked::default() };
    let mut wanted = plain.wanted();
    place.stands_in(&mut wanted);
    let found =
        ask_index(&site.directory, wanted, |search, wanted, now| search.find(Kind::Service, wanted, now, 0..WIDENED)).await?;
    listing::of_hits(site, &found, place.point())
}

/// Whom to ask where nothing is listed: about these needs, then the council where somebody is, or a line for the whole
/// country.
pub(super) async fn somebody_to_ask(site: &Site, needs: &[&str], place: &Place) -> Markup {
    let lines = site.self_help.to_ask(needs, place.council().as_ref()).await;
    html! {
        @if !lines.is_empty() {
            p { (say("Ask somebody who knows what help there is:")) }
            (these_lines(&lines, site.self_help.now()))
        }
    }
}

/// The way to everything about the wider need, for each need that was understood.
fn wider(site: &Site, codes: &[&str]) -> Result<Vec<Markup>, Problem> {
    let vocabulary = site.directory.vocabulary()?;
    let mut terms = Vec::new();
    for term in codes.iter().filter_map(|code| vocabulary.term(vocabulary.find(code)?.parent_id?)) {
        if !terms.iter().any(|(id, _)| *id == term.id) {
            terms.push((term.id, term.name.clone()));
        }
    }
    let link = |(id, name): &(uuid::Uuid, String)| html! { a href=(format!("/directory/needs/{id}")) { (as_written(name)) } };
    Ok(terms.iter().map(|term| weave("Look at everything about {need}.", &[("need", link(term))])).collect())
}

/// The way to a neighbour's own site, which may list what it does not share.
fn look_in(neighbour: &Freshness) -> Markup {
    let link = html! { a href=(neighbour.origin) rel="noreferrer" { (as_written(&neighbour.name)) } };
    weave("Search the neighbouring directory itself: {link}.", &[("link", link)])
}
