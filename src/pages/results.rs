//! Search: one box, a postcode, and what was found. What people type is kept nowhere: the site's own
//! form sends it in the body, and no answer to it may be stored.

use axum::{
    extract::{State, rejection::StringRejection},
    response::Response,
};
use http::{HeaderMap, StatusCode, header};
use maud::{Markup, html};
use uuid::Uuid;

use super::{Site, home, layout, layout::Page, listing, needs, paging, words::count};
use crate::{
    geo::Point,
    http::{Parameters, Problem},
    model::{Kind, text::fold, values::Postcode},
    publishing::Filters,
};

/// Longest search text that is read, in characters.
const LONGEST: usize = 300;
/// Words that say nothing about what somebody needs. All of what is left must be found.
const SMALL_WORDS: &str = " a about all am an and any are at be been can could do for from get getting give got had has have help helping her him his how i id if im in is it \
    ive like looking me my near need needs of on or our please she some somebody someone so that the there they this to us want wants was we what when where which who with would you your ";

/// What somebody asked for, as they wrote it.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    /// What they need.
    pub(super) words: String,
    /// Where they are.
    pub(super) postcode: String,
}

impl Asked {
    /// The path and query of the same search by link.
    fn path(&self) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("q", &self.words)
            .append_pair("postcode", &self.postcode)
            .finish();
        format!("/directory/search?{query}")
    }
}

/// What is wrong with one field of the form.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mistake {
    field: &'static str,
    said: &'static str,
}

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
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let read = match body {
        _ if !kind.starts_with("application/x-www-form-urlencoded") => {
            Err(Problem::bad_request("the form is not application/x-www-form-urlencoded".to_owned()))
        }
        Ok(body) => Parameters::read(&body),
        Err(_) => Err(Problem::bad_request("the form is not UTF-8, or is too long".to_owned())),
    };
    let page = match read {
        Ok(parameters) => page(&site, &parameters, By::Form).await,
        Err(problem) => Err(problem),
    };
    layout::answer(&site, &headers, page)
}

async fn page(site: &Site, parameters: &Parameters, by: By) -> Result<Page, Problem> {
    let text = |name| Ok::<_, Problem>(parameters.text(name)?.unwrap_or_default().to_owned());
    let asked = Asked { words: text("q")?, postcode: text("postcode")? };
    if asked.words.is_empty() && asked.postcode.is_empty() && by == By::Link {
        return empty(site).await;
    }
    let from = match place_of(site, &asked).await? {
        Ok(from) => from,
        Err(mistakes) => return mistaken(site, &asked, &mistakes).await,
    };
    let wanted = Filters { words: telling_words(&asked.words), near: from, only_current: true, ..Filters::default() };
    let found = wanted.run(&site.directory, Kind::Service).await?;
    if found.is_empty() {
        return nothing(site, &asked).await;
    }
    results(site, parameters, by, &asked, &found, from)
}

/// Where the person is, if they said so; or what is wrong with what they wrote.
async fn place_of(site: &Site, asked: &Asked) -> Result<Result<Option<Point>, Vec<Mistake>>, Problem> {
    let mut mistakes = Vec::new();
    if asked.words.is_empty() && asked.postcode.is_empty() {
        mistakes.push(Mistake { field: "q", said: "Say what you need help with, or enter a postcode" });
    }
    if asked.words.chars().count() > LONGEST {
        mistakes.push(Mistake { field: "q", said: "Use fewer words: at most 300 letters" });
    } else if !asked.words.is_empty() && fold(&asked.words).is_empty() {
        mistakes.push(Mistake { field: "q", said: "Say what you need in words" });
    }
    let mut from = None;
    if !asked.postcode.is_empty() {
        match asked.postcode.parse::<Postcode>() {
            Err(_) => {
                mistakes.push(Mistake { field: "postcode", said: "Enter a full postcode, such as LU1 2AA, or leave it empty" });
            }
            Ok(postcode) => {
                from = super::locate(site, postcode).await?;
                if from.is_none() {
                    mistakes.push(Mistake {
                        field: "postcode",
                        said: "We do not know this postcode. Check it, or leave it empty to search everywhere",
                    });
                }
            }
        }
    }
    Ok(if mistakes.is_empty() { Ok(from) } else { Err(mistakes) })
}

/// The words that count, folded; all of them where none of them does.
fn telling_words(text: &str) -> Vec<String> {
    let folded = fold(text);
    let all = || folded.split(' ').filter(|word| !word.is_empty()).map(str::to_owned);
    let telling: Vec<String> = all().filter(|word| !SMALL_WORDS.contains(&format!(" {word} "))).collect();
    if telling.is_empty() { all().collect() } else { telling }
}

fn results(
    site: &Site,
    parameters: &Parameters,
    by: By,
    asked: &Asked,
    found: &[Uuid],
    from: Option<Point>,
) -> Result<Page, Problem> {
    let at = paging::read(parameters, found.len())?;
    let listings = listing::of_services(site, at.slice(found), from)?;
    let order = if from.is_some() {
        "The nearest come first."
    } else {
        "Those that fit best come first. Enter a postcode to see the nearest first."
    };
    let body = html! {
        h1 { (count(found.len(), "result", "results")) }
        details open[found.len() > 100] {
            summary { "Change your search" }
            (form(asked, &[]))
        }
        p class="small" { (order) }
        (listing::list(&listings, "h2"))
        @match by {
            By::Form => (paging::forms(asked, at)),
            By::Link => (paging::links(&asked.path(), at)),
        }
    };
    let quiet = listings.iter().any(|listing| listing.sensitive);
    Ok(Page { unkept: true, quiet, ..Page::new(format!("Search results{}", at.in_title()), body) })
}

async fn empty(site: &Site) -> Result<Page, Problem> {
    let overview = needs::overview(site).await?;
    let body = html! {
        h1 { "Search" }
        (form(&Asked::default(), &[]))
        h2 { "Or browse by need" }
        (needs::families(&overview))
    };
    Ok(Page { path: Some("/directory/search".to_owned()), ..Page::new("Search", body) })
}

async fn mistaken(site: &Site, asked: &Asked, mistakes: &[Mistake]) -> Result<Page, Problem> {
    let overview = needs::overview(site).await?;
    let body = html! {
        div class="summary-of-errors" role="alert" aria-labelledby="mistakes" tabindex="-1" {
            h2 id="mistakes" { "There is a problem" }
            ul { @for mistake in mistakes { li { a href=(format!("#{}", mistake.field)) { (mistake.said) } } } }
        }
        h1 { "Search" }
        (form(asked, mistakes))
        h2 { "Or browse by need" }
        (needs::families(&overview))
    };
    Ok(Page { status: StatusCode::BAD_REQUEST, unkept: true, ..Page::new("Error: Search", body) })
}

async fn nothing(site: &Site, asked: &Asked) -> Result<Page, Problem> {
    let overview = needs::overview(site).await?;
    let words = telling_words(&asked.words);
    let body = html! {
        h1 { "Nothing found" }
        p { "No service here has all of these words: " strong { (words.join(", ")) } "." }
        ul {
            li { "Try fewer words, or other words for the same thing." }
            li { "Or choose from what people need help with, below." }
        }
        (home::danger())
        (form(asked, &[]))
        h2 { "Browse by need" }
        (needs::families(&overview))
    };
    Ok(Page { unkept: true, ..Page::new("Nothing found", body) })
}

/// The search form, with what was written and what is wrong with it.
pub(super) fn form(asked: &Asked, mistakes: &[Mistake]) -> Markup {
    let wrong = |field: &str| mistakes.iter().find(|mistake| mistake.field == field).map(|mistake| mistake.said);
    let described =
        |field: &str| if wrong(field).is_some() { format!("{field}-hint {field}-error") } else { format!("{field}-hint") };
    let message = |field: &str| {
        html! {
            @if let Some(said) = wrong(field) { p class="error" id=(format!("{field}-error")) { span class="unseen" { "Error: " } (said) } }
        }
    };
    html! {
        form class="search" method="post" action="/directory/search" role="search" aria-label="Services" {
            div class=(if wrong("q").is_some() { "field wrong" } else { "field" }) {
                label for="q" { "What do you need help with?" }
                p class="hint" id="q-hint" { "Say it in your own words, such as “behind on rent”." }
                (message("q"))
                input type="text" id="q" name="q" value=(asked.words) autocomplete="off" aria-describedby=(described("q")) aria-invalid=[wrong("q").map(|_| "true")];
            }
            div class=(if wrong("postcode").is_some() { "field wrong" } else { "field" }) {
                label for="postcode" { "Postcode (you can leave this empty)" }
                p class="hint" id="postcode-hint" { "To show what is near first. We do not keep it." }
                (message("postcode"))
                input class="short" type="text" id="postcode" name="postcode" value=(asked.postcode) autocomplete="postal-code" aria-describedby=(described("postcode")) aria-invalid=[wrong("postcode").map(|_| "true")];
            }
            button class="button" { "Find help" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_words_do_not_count_unless_there_are_no_others() {
        assert_eq!(telling_words("I need help with my Rent!"), ["rent"]);
        assert_eq!(telling_words("somebody to help me"), ["somebody", "to", "help", "me"]);
        assert_eq!(telling_words("Café’s"), ["cafes"]);
        assert!(telling_words("?").is_empty());
    }
}
