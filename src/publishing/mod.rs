//! What the world reads: the Open Referral UK and HSDS API over the shelf of published bytes.
//!
//! Documents and lists are answered from the shelf, filters by the search index; the database is asked
//! only where a postcode is. The same routes stand at `/` and at `/api`. Lists without words are in
//! order of ids, which no edit changes, so paging never repeats an item because somebody saved a
//! record meanwhile.

mod answer;
mod describe;
mod documents;
mod facets;
mod filters;
pub mod forms;
mod lists;
mod long;
mod needs;
mod times;
mod vocabulary;

use std::sync::Arc;

use axum::{Router, extract::State, response::Response, routing::get};
use http::{HeaderMap, HeaderValue, header};
use url::Url;

use crate::{
    clock::Clock,
    db::Database,
    http::{Parameters, Problem, Segment, api, caching},
    model::Kind,
    published::shelf::Shelf,
    search::Search,
};
pub use {
    answer::{Answer, Position, locate, locate_town},
    describe::openapi,
    filters::{Filters, LONGEST_SEARCH, ask_index, midnight},
    needs::needs_route,
    vocabulary::{Term, Vocabularies, Vocabulary},
};

/// The `version` that tells validators which specification this is. Exactly so: anything else makes
/// the official validator take another one.
const VERSION: &str = "HSDS-UK-3.0";
/// Where the profile is described.
const PROFILE: &str = "https://openreferraluk.org/specifications/3.0/";

/// What is read from. It is shared as one pointer: a router's state is cloned for each request by each
/// layer around a route.
#[derive(Debug)]
pub struct Directory {
    /// The published bytes.
    pub shelf: Arc<Shelf>,
    /// How the world reaches us, with a slash at its end.
    pub public_url: Url,
    /// The publisher's name.
    pub name: String,
    /// The `OpenAPI` document, as bytes.
    pub openapi: Vec<u8>,
    /// The search index.
    pub search: Arc<Search>,
    /// Where postcodes are.
    pub db: Database,
    /// The time.
    pub clock: Clock,
    /// At most so many searches at once; others wait.
    pub searches: Arc<tokio::sync::Semaphore>,
    /// The directory's terms, read once for each state of them.
    pub vocabularies: Vocabularies,
}

impl Directory {
    /// The terms of the directory as things are now.
    /// # Errors
    /// When the disk fails.
    pub fn vocabulary(&self) -> Result<Arc<Vocabulary>, Problem> {
        self.vocabularies.latest(&self.shelf)
    }
}

/// A list of the API and the kind of what is in it.
#[derive(Clone, Copy, Debug)]
pub struct Collection {
    /// Path, such as `/services`.
    pub path: &'static str,
    /// What is in it.
    pub kind: Kind,
    /// What it is, in words.
    pub title: &'static str,
}

/// Every list, in the order in which the API describes them.
pub const COLLECTIONS: [Collection; 7] = [
    Collection { path: "/services", kind: Kind::Service, title: "services" },
    Collection { path: "/organizations", kind: Kind::Organization, title: "organizations" },
    Collection { path: "/service_at_locations", kind: Kind::ServiceAtLocation, title: "services at locations" },
    Collection { path: "/taxonomies", kind: Kind::Taxonomy, title: "taxonomies" },
    Collection { path: "/taxonomy_terms", kind: Kind::TaxonomyTerm, title: "taxonomy terms" },
    Collection { path: "/locations", kind: Kind::Location, title: "locations" },
    Collection { path: "/events", kind: Kind::Event, title: "event series" },
];

/// The API's routes: every list and every document, at the given state.
pub fn routes(directory: Arc<Directory>) -> Router {
    let mut router = Router::new().route("/openapi.json", api(get(openapi_document))).route("/facets", api(get(facets::show)));
    for collection in COLLECTIONS {
        let list = move |state: State<Arc<Directory>>, parameters: Parameters, headers: HeaderMap| async move {
            lists::list(&state, collection.kind, None, &parameters, &headers).await
        };
        // Whether somebody has an answer already is asked with GET and HEAD only: RFC 9110, section 13.1.2.
        let search = move |state: State<Arc<Directory>>, parameters: Parameters| async move {
            lists::list(&state, collection.kind, None, &parameters, &HeaderMap::new()).await
        };
        let document = move |state: State<Arc<Directory>>, Segment(id): Segment, parameters: Parameters, headers: HeaderMap| async move {
            documents::document(&state, collection.kind, &id, &parameters, &headers).await
        };
        router = router
            // HSDS 3.1 searches by POST as well, with the parameters in the query.
            .route(collection.path, api(get(list).post(search)))
            .route(&format!("{}/{{id}}", collection.path), api(get(document)));
    }
    for (path, kind, format) in forms::SHORTCUTS {
        let list = move |state: State<Arc<Directory>>, parameters: Parameters, headers: HeaderMap| async move {
            lists::list(&state, kind, Some(format), &parameters, &headers).await
        };
        router = router.route(path, api(get(list)));
    }
    router.with_state(directory)
}

/// The root document. Both `…` and `…/` have to answer, since validators ask for both.
pub async fn root(State(directory): State<Arc<Directory>>, headers: HeaderMap) -> Response {
    let openapi_url = directory.public_url.join("openapi.json").map_or_else(|_| String::new(), Into::into);
    let body = serde_json::json!({
        "version": VERSION,
        "profile": PROFILE,
        "openapi_url": openapi_url,
        "name": directory.name,
    });
    let version = caching::Version { etag: caching::etag_of(body.to_string().bytes().map(u64::from)), changed_at: None };
    let mut response = caching::respond::<Problem>(&headers, &version, "application/json", || Ok(body.to_string().into()));
    let discovery = format!("<{}.well-known/open-directory>; rel=\"open-directory\"", directory.public_url);
    if let Ok(link) = HeaderValue::from_str(&discovery) {
        response.headers_mut().insert(header::LINK, link);
    }
    response
}

async fn openapi_document(State(directory): State<Arc<Directory>>, headers: HeaderMap) -> Response {
    let version = caching::Version { etag: caching::etag_of_bytes(&directory.openapi), changed_at: None };
    caching::respond::<Problem>(&headers, &version, "application/json", || Ok(directory.openapi.clone().into()))
}
