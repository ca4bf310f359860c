//! The server: what it answers from, and every route.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64},
    },
};

use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    middleware,
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};
use http::{HeaderMap, HeaderValue, Method, Uri, header};
use metrics_exporter_prometheus::PrometheusHandle;
use tower::ServiceBuilder;
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{CompressionLayer, Predicate as _, predicate::SizeAbove},
};

use super::{
    App,
    around::{Around, TextOnly, around},
    monitors, openapi, public_url,
};
use crate::{
    editing,
    federation::{self, Outlet, Publisher, snapshot::Snapshots},
    http::{self as web, Problem, guard},
    identity::Passkeys,
    pages::{self, Brand, Desk, Site, Upkeep},
    published::{Position, shelf::Shelf},
    publishing::{self, Directory, Vocabularies},
    quality::{self, Delivery},
    search::Search,
    self_help::{self, SelfHelp},
    signing,
    texts::Texts,
    views::Views,
};

/// Searches that run at once; others wait.
const SEARCHES: usize = 8;
/// Request bodies larger than this are refused, in bytes.
const LARGEST_BODY: usize = 1 << 20;

/// What the server answers from.
#[derive(Clone, Debug)]
pub struct Served {
    /// The parts that every command has.
    pub app: App,
    /// What is read.
    pub directory: Arc<Directory>,
    /// What followers are told.
    pub outlet: Outlet,
    /// Who may ask how often.
    pub guard: guard::Guard,
    /// How far it is known that everything is signed for our present address.
    pub signed_up_to: Arc<AtomicI64>,
    /// How often listings are looked at.
    pub views: Views,
    /// Whether what is published could not be followed when that was last tried.
    pub falls_behind: Arc<AtomicBool>,
    /// Where the order stood when the server started: it is ready when the shelf has got there.
    pub start: Position,
    brand: Arc<Brand>,
    pub(super) metrics: PrometheusHandle,
}

impl Served {
    /// Open everything that a server needs, for the address that it listens on.
    /// # Errors
    /// When the derived files cannot be opened.
    pub async fn open(app: App, listen: SocketAddr) -> anyhow::Result<Self> {
        let head = app.head().await?;
        let shelf = Arc::new(Shelf::open(&app.config.data_dir, &head)?);
        let search = Arc::new(Search::open(&app.config.data_dir, app.words().await?)?.looking_ahead(app.config.event_days));
        let openapi = openapi();
        let directory = Arc::new(Directory {
            shelf,
            public_url: public_url(&app.config, listen),
            name: app.config.name.clone(),
            openapi: serde_json::to_vec(&openapi)?,
            search,
            db: app.db.clone(),
            clock: app.clock.clone(),
            searches: Arc::new(tokio::sync::Semaphore::new(SEARCHES)),
            vocabularies: Vocabularies::default(),
        });
        let publisher = Publisher {
            origin: public_url(&app.config, listen),
            name: app.config.name.clone(),
            gss: app.config.gss.clone(),
            licence: app.config.licence.clone(),
        };
        let outlet = Outlet::new(
            app.db.clone(),
            app.clock.clone(),
            app.records.signer().clone(),
            publisher,
            Snapshots::open(&app.config.data_dir),
        )
        .with_moves(signing::moves(&app.config.data_dir)?)
        .passing_on(app.config.aggregator);
        let guard = guard::Guard::new(app.config.requests_per_minute, app.proxies());
        let brand = Arc::new(Brand::open(&app.config)?);
        let views = Views::new(app.db.clone(), app.clock.clone());
        let (start, metrics) = (head.position, monitors::recorder());
        Ok(Self {
            app,
            directory,
            outlet,
            guard,
            views,
            signed_up_to: Arc::default(),
            falls_behind: Arc::default(),
            start,
            brand,
            metrics,
        })
    }

    /// Whether everything that was published before the start can be read and found. What is signed again for another
    /// address gets places in the order behind that, so an index that is being filled does not have it yet.
    pub fn is_ready(&self) -> bool {
        let Directory { shelf, search, .. } = &*self.directory;
        shelf.position() >= self.start && search.position() >= self.start && !search.is_being_filled()
    }

    fn around(&self, site: Site) -> Around {
        let (guard, shelf, views) = (self.guard.clone(), self.directory.shelf.clone(), self.views.clone());
        Around { guard, shelf, start: self.start, views, site }
    }

    /// Keep what is measured from growing where nobody reads it.
    pub fn tidy_metrics(&self) {
        self.metrics.run_upkeep();
    }

    /// Every route.
    pub fn router(&self, demo: bool) -> Router {
        let self_help = SelfHelp::new(self.app.db.clone(), self.app.clock.clone(), demo);
        let texts = Texts::new(self.app.db.clone(), self.app.clock.clone(), &self.app.config.name, demo);
        let site = Site::new(self.directory.clone(), self_help.clone(), texts, self.brand.clone(), demo);
        let quality = self.app.quality(&self.directory.public_url);
        let desk = Desk {
            site: site.clone(),
            editing: self.app.editing(&self.directory.public_url),
            quality: quality.clone(),
            views: self.views.clone(),
            providers: self.app.providers(&self.directory.public_url),
            passkeys: Passkeys::at(&self.directory.public_url, &self.app.config.name),
            proxies: self.app.proxies(),
        };
        let outermost = Arc::new(self.around(site.clone()));
        let upkeep = Upkeep::new(site.clone(), quality, desk.editing.clone(), self.app.proxies());
        let api = publishing::routes(self.directory.clone());
        let root = web::api(get(publishing::root)).with_state(self.directory.clone());
        let front = web::api(get(front)).with_state((site.clone(), self.directory.clone()));
        Router::new()
            .route("/", front)
            .merge(api.clone())
            .merge(federation::routes(self.outlet.clone()))
            .merge(pages::routes(site.clone()))
            .merge(editing::routes(desk.editing.clone()))
            .merge(pages::people(desk))
            .merge(pages::upkeep(upkeep))
            .merge(self_help::api::routes(self_help))
            .merge(quality::routes(Delivery::new(
                self.app.mailer.clone(),
                self.app.config.notify_callback_token.as_deref().map(String::as_str),
            )))
            .merge(publishing::needs_route(self.directory.clone()))
            .route("/api", root.clone())
            .route("/api/", root)
            .nest("/api", api)
            .merge(monitors::routes(self.clone()))
            .fallback(move |method: Method, address: Uri, headers: HeaderMap| async move {
                match without_slash(&address) {
                    // Browsers follow no redirect when they ask whether they may.
                    Some(_) if method == Method::OPTIONS => web::guard::open_to_all(web::guard::preflight().await),
                    Some(there) => there,
                    None => unknown(&site, address.path(), &headers),
                }
            })
            .layer(
                // One layer: a request pays for each of them with copies of everything inside it.
                ServiceBuilder::new()
                    .layer(middleware::from_fn_with_state(outermost, around))
                    .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
                        Problem::internal(&std::io::Error::other("a request handler panicked")).into_response()
                    }))
                    .layer(CompressionLayer::new().compress_when(SizeAbove::new(1_024).and(TextOnly)))
                    .layer(DefaultBodyLimit::max(LARGEST_BODY)),
            )
    }
}

/// Browsers get the site, everything else the API's root.
async fn front(State((site, directory)): State<(Site, Arc<Directory>)>, headers: HeaderMap) -> Response {
    let mut response = if pages::wants_a_page(&headers) {
        pages::home(&site, &headers).await
    } else {
        publishing::root(State(directory), headers).await
    };
    response.headers_mut().append(header::VARY, HeaderValue::from_static("Accept"));
    response
}

/// Feeds of the first version of the standard had a slash at the end of their addresses, and software that read them
/// still asks so: it is sent to the address without.
fn without_slash(address: &Uri) -> Option<Response> {
    let path = address.path().strip_suffix('/')?;
    let below = path.strip_prefix("/api").unwrap_or(path);
    let behind = publishing::COLLECTIONS.iter().find_map(|collection| below.strip_prefix(collection.path))?;
    let is_document = behind.strip_prefix('/').is_some_and(|id| !id.is_empty() && !id.contains('/'));
    let last = path.rsplit('/').next().filter(|_| behind.is_empty() || is_document)?;
    let query = address.query().map(|query| format!("?{query}")).unwrap_or_default();
    // Relative, since a proxy in front may have put us below a path of its own.
    Some(web::guard::open_to_all(Redirect::permanent(&format!("../{last}{query}")).into_response()))
}

/// Nothing stands under this address: a page for people, a problem for programs.
fn unknown(site: &Site, path: &str, headers: &HeaderMap) -> Response {
    let problem = Problem::not_found("see /openapi.json for every address".to_owned());
    if pages::wants_a_page(headers) { pages::problem_at(site, path, problem) } else { problem.into_response() }
}
