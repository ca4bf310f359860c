//! The web site: what residents and the people who help them read.
//!
//! Every page is made from public documents on the shelf, so a page can never show what the API
//! would not. Pages work without JavaScript, set no cookies, load nothing from elsewhere, and the
//! words of a search travel in the body of a request, not in an address. Editing is not here.

mod about;
mod account;
mod areas;
mod brand;
mod call_back;
mod data;
mod desk;
mod differences;
mod editing;
mod embed;
mod errors;
mod event;
mod fields;
mod files;
mod guides;
mod here;
mod home;
mod language;
mod layout;
mod listing;
mod map;
mod moderation;
mod needs;
mod notices;
mod open;
mod organisation;
mod paging;
mod parts;
mod phones;
mod pictures;
mod place;
mod poster;
mod preview;
mod quiet;
mod results;
mod search_form;
mod self_help;
mod service;
mod shortlist;
mod sources;
mod statements;
mod tables;
mod times;
mod unfinished;
mod upkeep;
mod whats_on;
mod words;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::{Redirect, Response},
    routing::{get, post},
};
use http::HeaderMap;

use self::language::Language;
pub use self::{brand::Brand, desk::Desk, quiet::keeps_quiet, upkeep::Upkeep};
use crate::{clock::Clock, http::Problem, publishing::Directory, self_help::SelfHelp, texts::Texts};

/// What the pages are made from. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Site {
    /// What is read from.
    pub directory: Arc<Directory>,
    /// Where the time comes from.
    pub clock: Clock,
    /// The support checker, and the numbers to ring without one.
    pub self_help: SelfHelp,
    /// What the council writes itself.
    pub texts: Texts,
    /// What the council looks like.
    pub brand: Arc<Brand>,
    /// Whether everything here is invented, which every page then says.
    pub demo: bool,
    /// What people need, with counts: made once for each state of the shelf.
    overview: Arc<needs::Overviews>,
}

impl Site {
    /// A site over a directory.
    pub fn new(directory: Arc<Directory>, self_help: SelfHelp, texts: Texts, brand: Arc<Brand>, demo: bool) -> Self {
        Self { clock: directory.clock.clone(), directory, self_help, texts, brand, demo, overview: Arc::default() }
    }

    /// The moment that it is now.
    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.clock.now()
    }

    /// How far ahead the dates of events are known.
    fn horizon(&self) -> chrono::TimeDelta {
        self.directory.search.horizon()
    }

    /// The day that it is now.
    fn today(&self) -> chrono::NaiveDate {
        words::london_day(self.now())
    }

    /// How the world reaches the page at `path`, which begins with a slash, in the language of this one.
    fn address(&self, path: &str) -> String {
        self.address_in(language::spoken(), path)
    }

    /// The same in a certain language.
    fn address_in(&self, language: Language, path: &str) -> String {
        crate::formats::address(&self.directory.public_url, &language::elsewhere(language, path))
    }

    /// Do slow reading beside the requests that need none, at most so much of it at once.
    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Directory) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let permit = self.directory.searches.clone().acquire_owned().await.map_err(|error| Problem::internal(&error))?;
        let directory = self.directory.clone();
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work(&directory)
        });
        done.await.map_err(|error| Problem::internal(&error))?
    }
}

/// Every page but the first, which shares its address with the API: see [`home`]. Then the same
/// pages, the first among them, in other languages.
pub fn routes(site: Site) -> Router {
    let mut routes = in_language(Language::English).merge(files()).method_not_allowed_fallback(errors::method_not_allowed);
    for language in Language::TRANSLATIONS {
        let speaking = || middleware::from_fn_with_state(language, language::speak);
        let first = get(home::in_language).layer(speaking());
        let others = in_language(language)
            // Its prefix without the slash.
            .route("/", get(async || Redirect::to(&language::path("/"))))
            .fallback(errors::unknown)
            .method_not_allowed_fallback(errors::method_not_allowed);
        let prefix = language.prefix();
        routes = routes.route(&format!("{prefix}/"), first).nest(prefix, others.layer(speaking()));
    }
    routes.layer(middleware::from_fn_with_state(site.clone(), with_latest_texts)).with_state(site)
}

/// The pages that are there in every language.
fn in_language(language: Language) -> Router<Site> {
    Router::new()
        .route("/directory", get(async || Redirect::to(&language::path("/"))))
        .route("/directory/search", get(results::by_link).post(results::by_form))
        .route("/directory/needs", get(needs::all))
        .route("/directory/needs/{id}", get(needs::one))
        .route("/directory/services/{id}", get(service::show))
        .route("/directory/organisations/{id}", get(organisation::show))
        .route("/directory/places/{id}", get(place::show))
        .route("/directory/events/{id}", get(event::show))
        .route("/directory/services/{id}/{sheet}", get(poster::service))
        .route("/directory/events/{id}/{sheet}", get(poster::event))
        .route("/directory/whats-on", get(whats_on::by_link).post(whats_on::by_form))
        .route("/directory/about", get(about::show))
        .route("/directory/accessibility", get(statements::accessibility))
        .route("/directory/privacy", get(statements::privacy))
        .route("/directory/listing-policy", get(statements::listing_policy))
        .route("/directory/shortlist", get(shortlist::blank).post(shortlist::show))
        .route("/directory/shortlist/more", post(shortlist::more))
        .route("/directory/guides", get(guides::all))
        .route("/directory/guides/{slug}", get(guides::one))
        .route("/directory/sources", get(sources::show))
        .merge(self_help::routes())
        .layer(middleware::from_fn_with_state(language, language::speak))
}

/// What is there once: for pages in every language, and for programs.
fn files() -> Router<Site> {
    Router::new()
        .merge(self_help::files())
        .merge(embed::routes())
        .route("/assets/style.css", get(files::style))
        .route("/assets/passkey.js", get(files::passkey))
        .route("/assets/poster.css", get(files::poster))
        .route("/assets/icon.svg", get(files::icon))
        .route("/assets/shortlist.js", get(files::shortlist))
        .route("/assets/results.js", get(files::results))
        .route("/assets/back.js", get(files::back))
        .route("/assets/exit.js", get(files::exit))
        .route("/assets/brand.css", get(brand::style))
        .route("/assets/logo", get(brand::picture))
        .route("/robots.txt", get(files::robots))
        .route("/sitemap.xml", get(files::sitemap))
        .route("/.well-known/security.txt", get(files::security))
}

/// See that what the council writes is shown soon after it was published elsewhere.
async fn with_latest_texts(State(site): State<Site>, request: Request, next: Next) -> Response {
    site.texts.refresh().await;
    next.run(request).await
}

/// The pages of people who are signed in, or about to be.
pub fn people(desk: Desk) -> Router {
    account::routes()
        .route("/pictures/{id}/{name}", get(pictures::public))
        .route("/account/pictures/{id}/{name}", get(pictures::private))
        .merge(editing::routes())
        .merge(moderation::routes())
        .layer(middleware::from_fn_with_state(desk.clone(), unfinished::forget_what_was_taken))
        .method_not_allowed_fallback(desk::method_not_allowed)
        .layer(middleware::from_fn_with_state(desk.site.clone(), with_latest_texts))
        .with_state(desk)
}

/// Pages that keep listings right without anybody signing in.
pub fn upkeep(upkeep: Upkeep) -> Router {
    upkeep::routes(upkeep)
}

/// The first page.
pub async fn home(site: &Site, headers: &HeaderMap) -> Response {
    site.texts.refresh().await;
    home::show(site, headers).await
}

/// A page that says what went wrong at `address`, in its language, for a request that nothing answers or that never came
/// as far as the pages.
pub fn problem_at(site: &Site, address: &str, problem: Problem) -> Response {
    language::speaking(address, || layout::answer(site, &HeaderMap::new(), Err(problem)))
}

/// Whether whoever asks would rather have a page than data: HTML is among what they accept, and no form of JSON stands above it.
pub fn wants_a_page(headers: &HeaderMap) -> bool {
    let page = liking(headers, |kind| kind == "text/html");
    page > 0.0 && page >= liking(headers, |kind| kind == "application/json" || kind.ends_with("+json"))
}

/// How much whoever asks would like the media types that are named and `are` such, from 0 to 1 (RFC 9110, section 12.4.2).
fn liking(headers: &HeaderMap, are: impl Fn(&str) -> bool) -> f32 {
    let lines = headers.get_all(http::header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let liked = lines.flat_map(|line| line.split(',')).filter_map(|accepted| {
        let mut parts = accepted.split(';').map(str::trim);
        parts.next().filter(|kind| are(&kind.to_ascii_lowercase()))?;
        let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        Some(quality.and_then(|quality| quality.parse::<f32>().ok()).unwrap_or(1.0))
    });
    liked.fold(0.0, f32::max)
}

#[cfg(test)]
mod tests;
