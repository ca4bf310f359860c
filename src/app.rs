//! The application: every part, put together from the settings.

mod around;
mod monitors;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64},
    },
};

use anyhow::Context as _;
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
use url::Url;

use self::around::{Around, TextOnly, around};
use crate::{
    clock::Clock,
    config::{self, Config},
    db::{Database, Durability},
    editing::{self, About, Editing},
    federation::{self, Outlet, Publisher, harvest::Harvester, snapshot::Snapshots},
    http::{self as web, Problem, Proxies, guard},
    identity::{Identity, Passkeys, providers::Providers},
    importing::Importer,
    mail::{self, Mailer, Notify},
    outbound::{self, Outbound},
    pages::{self, Brand, Desk, Site, Upkeep},
    published::{self, Head, Position, redaction::SecretWords, shelf::Shelf},
    publishing::{self, Directory, Vocabularies},
    quality::{self, Delivery, Quality, Schedule},
    records::{Limits, Records},
    search::{self, Search, Words},
    self_help::{self, SelfHelp},
    signing::{self, Keyring, Signer},
    texts::Texts,
    views::Views,
};

/// Searches that run at once; others wait.
const SEARCHES: usize = 8;
/// Request bodies larger than this are refused, in bytes.
const LARGEST_BODY: usize = 1 << 20;

/// What every command needs: settings, database, records. Cheap to clone.
#[derive(Clone, Debug)]
pub struct App {
    /// The settings in force.
    pub config: Arc<Config>,
    /// The database.
    pub db: Database,
    /// The time.
    pub clock: Clock,
    /// The records.
    pub records: Records,
    outbound: Outbound,
    mailer: Mailer,
}

impl App {
    /// Open the data folder and the database that the settings name.
    /// # Errors
    /// What cannot be opened, and why.
    pub async fn open(config: Config, clock: Clock, durability: Durability) -> anyhow::Result<Self> {
        let app = Self::open_to_look(config, clock, durability).await?;
        published::head(&app.db, &app.clock).await?;
        published::own::ensure_counted(&app.db, &app.clock).await?;
        if !app.config.aggregator {
            published::evidence::forget_all(&app.db).await?;
        }
        Ok(app)
    }

    /// The same, where the database stays as it is: an epoch that it does not have is not begun, and what it no
    /// longer needs is kept.
    /// # Errors
    /// What cannot be opened, and why.
    pub async fn open_to_look(config: Config, clock: Clock, durability: Durability) -> anyhow::Result<Self> {
        let folder = &config.data_dir;
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the data folder {} (FINGERPOST_DATA_DIR)", folder.display()))?;
        let keys = Keyring::open(folder, clock.now())?;
        let db = Database::open(&config.database_url, durability).await?;
        let origin = public_url(&config, config.listen);
        let signer = Arc::new(Signer::new(keys, origin.to_string(), config.licence.to_string()));
        let limits =
            Limits { label_days: config.label_days.into(), hide_days: (config.hide_days > 0).then_some(config.hide_days.into()) };
        let records = Records::new(db.clone(), clock.clone(), signer, &config.withheld_categories).with_limits(limits);
        let outbound = Outbound::new(outbound::Settings {
            allow_private: config.allow_private_peers.clone(),
            user_agent: format!("fingerpost/{} (+{origin})", env!("CARGO_PKG_VERSION")),
        });
        let mailer = Mailer::new(db.clone(), clock.clone(), letters(&config, &outbound)?);
        Ok(Self { config: Arc::new(config), db, clock, records, outbound, mailer })
    }

    /// Where the order of everything published stands.
    /// # Errors
    /// When the database fails.
    pub async fn head(&self) -> Result<Head, crate::db::Error> {
        published::head(&self.db, &self.clock).await
    }

    /// The tables of everyday words in force. The index is built with them, so whatever opens it needs them.
    /// # Errors
    /// When the database fails, or the tables are damaged.
    pub async fn words(&self) -> anyhow::Result<Arc<Words>> {
        let tables = search::load(&self.db, &self.clock).await?;
        tables.read().context("the tables of everyday words are damaged; import them again with fingerpost words import")
    }

    /// The only way out to other directories.
    pub fn outbound(&self) -> &Outbound {
        &self.outbound
    }

    /// Pulls from other directories.
    pub fn harvester(&self) -> Harvester {
        Harvester::new(self.records.clone(), self.outbound.clone(), &public_url(&self.config, self.config.listen))
            .keeping_evidence(self.config.aggregator)
    }

    /// Sends letters.
    pub fn mailer(&self) -> &Mailer {
        &self.mailer
    }

    /// People, and what they may do.
    pub fn identity(&self) -> Identity {
        Identity::new(self.db.clone(), self.clock.clone()).with_second_step(self.config.second_step)
    }

    /// How requests that come through proxies are told apart.
    pub fn proxies(&self) -> Proxies {
        Proxies::new(&self.config.trusted_proxies, self.config.proxy_header)
    }

    /// Where people can sign in besides here.
    pub fn providers(&self, public_url: &Url) -> Providers {
        let callback = public_url.join("sign-in/back").expect("our own paths can be joined to our own address");
        Providers::new(&self.config.sign_in_providers, self.outbound.clone(), self.clock.clone(), callback)
    }

    /// Changes by people, of a directory that the world reaches at `public_url`.
    pub fn editing(&self, public_url: &Url) -> Editing {
        let about = About {
            protected_categories: SecretWords::new(&self.config.protected_categories),
            public_url: public_url.clone(),
            name: self.config.name.clone(),
            proxies: self.proxies(),
            sends_texts: self.config.notify_key.is_some() && self.config.notify_text_template.is_some(),
            keeps_drafts: self.config.retention.drafts,
        };
        Editing::new(self.records.clone(), self.identity(), about)
    }

    /// Keeps listings right, in the name of the directory at `public_url`.
    pub fn quality(&self, public_url: &Url) -> Quality {
        let schedule = Schedule::new(&self.config.reminder_days);
        Quality::new(self.records.clone(), schedule, self.config.name.clone(), public_url.clone())
    }

    /// Imports.
    pub fn importer(&self) -> Importer {
        Importer::new(self.records.clone()).watching_for(&self.config.protected_categories)
    }
}

/// How letters leave.
fn letters(config: &Config, outbound: &Outbound) -> anyhow::Result<mail::Settings> {
    let (mails, texts) = (config.notify_mail_template, config.notify_text_template);
    let account = |key: &String| {
        let notify = Notify::new(outbound.clone(), &config.notify_url, key, mails, texts);
        notify.context("setting FINGERPOST_NOTIFY_KEY is not a GOV.UK Notify key: those end with two ids")
    };
    Ok(mail::Settings {
        smtp: config.smtp_url.as_deref().map(mail::Server::new),
        notify: config.notify_key.as_deref().map(account).transpose()?,
        from: config.mail_from.clone(),
        name: config.name.clone(),
    })
}

/// How the world reaches us: as the settings say, or at the address that we listen on.
pub fn public_url(config: &Config, listen: SocketAddr) -> Url {
    config.public_url.clone().unwrap_or_else(|| config::nearby(listen))
}

/// The description of everything that is answered over HTTP.
pub fn openapi() -> serde_json::Value {
    let mut document = publishing::openapi(env!("CARGO_PKG_VERSION"));
    for (paths, schemas) in [federation::openapi_paths(), editing::openapi_paths(), self_help::api::openapi_paths()] {
        for (member, more) in [("/paths", paths), ("/components/schemas", schemas)] {
            if let Some(serde_json::Value::Object(there)) = document.pointer_mut(member) {
                there.extend(more);
            }
        }
    }
    if let Some(serde_json::Value::Object(components)) = document.pointer_mut("/components") {
        let token =
            serde_json::json!({"token": {"type": "http", "scheme": "bearer", "description": "A token of an organisation."}});
        components.insert("securitySchemes".to_owned(), token);
    }
    document
}

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
    metrics: PrometheusHandle,
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
