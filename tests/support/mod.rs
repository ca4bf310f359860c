//! A whole directory for each test: a fresh data folder, a fresh database, a clock that stands
//! still. PostgreSQL is used where `FINGERPOST_TEST_POSTGRES` names a server, which has to answer; otherwise its half
//! of each fact is left out, and the run says so.

#![allow(dead_code, reason = "each fact uses its own part of this")]

pub mod authenticator;
pub mod browser;
pub mod liar;
pub mod network;
pub mod peer;
pub mod provider;
pub mod sink;

use std::{
    io::{Cursor, Write as _},
    net::SocketAddr,
    path::Path,
    process::Command,
    sync::{Once, OnceLock},
};

use axum::{Router, body::Body};
use chrono::{DateTime, Utc};
use fingerpost::{
    app::{App, Served},
    clock::Clock,
    config::Config,
    db::{Database, Durability},
    importing::{Options, Report},
    jobs,
    model::{Document, Kind},
    publishing::forms::{Format, export::export},
    records::{Caller, Draft, Entrance, LastModified, Outcome},
};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tower::ServiceExt as _;
use uuid::Uuid;

/// What a browser accepts that opens a page.
pub const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// Which database a fact is tried on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    Sqlite,
    Postgres,
}

/// A fact, tried on both databases.
macro_rules! fact {
    ($(#[$meta:meta])* async fn $name:ident($app:ident) $body:block) => {
        mod $name {
            #[allow(unused_imports, reason = "facts use what they need")]
            use super::*;

            async fn tried_on(on: crate::support::On) {
                #[allow(unused_mut, reason = "some facts restart it")]
                let Some(mut $app) = crate::support::TestApp::start(on).await else { return };
                $body
                $app.end().await;
            }
            $(#[$meta])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                tried_on(crate::support::On::Sqlite).await;
            }
            $(#[$meta])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                tried_on(crate::support::On::Postgres).await;
            }
        }
    };
}
pub(crate) use fact;

/// A running directory.
pub struct TestApp {
    pub on: On,
    pub folder: tempfile::TempDir,
    pub config: Config,
    pub clock: Clock,
    pub served: Served,
    /// Every route, made once: some facts ask tens of thousands of times.
    router: Router,
    postgres: Option<(String, String)>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// The same routes as a demonstration has them.
pub struct Demo(pub Router);

impl Demo {
    pub async fn get(&self, path: &str) -> Answer {
        answer(&self.0, Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub async fn page(&self, path: &str) -> Answer {
        answer(&self.0, Request::get(path).header("accept", BROWSER).body(Body::empty()).unwrap()).await
    }

    pub async fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = Request::post(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(&self.0, request.body(Body::from(body.to_owned())).unwrap()).await
    }
}

async fn answer(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    Answer { status: parts.status, headers: parts.headers, body: body.collect().await.unwrap().to_bytes().to_vec() }
}

/// The moment at which tests happen.
pub fn noon() -> DateTime<Utc> {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

pub const PUBLIC_URL: &str = "https://directory.luton.example.org/";

impl TestApp {
    /// A directory without records; none where the database is not to be had.
    pub async fn start(on: On) -> Option<Self> {
        Self::start_as(on, PUBLIC_URL, "Luton directory").await
    }

    /// The same, known to the world under another address and name.
    pub async fn start_as(on: On, public_url: &str, name: &str) -> Option<Self> {
        Self::start_with(on, public_url, name, &[]).await
    }

    /// The same, with further settings.
    pub async fn start_with(on: On, public_url: &str, name: &str, more: &[(&str, &str)]) -> Option<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let (database_url, postgres) = match on {
            On::Sqlite => (format!("sqlite:{}", folder.path().join("fingerpost.db").display()), None),
            On::Postgres => {
                let (url, name, server) = fresh_postgres().await?;
                (url, Some((server, name)))
            }
        };
        let settings = [
            ("FINGERPOST_DATA_DIR", folder.path().display().to_string()),
            ("FINGERPOST_DATABASE_URL", database_url),
            ("FINGERPOST_PUBLIC_URL", public_url.to_owned()),
            ("FINGERPOST_NAME", name.to_owned()),
            ("FINGERPOST_ALLOW_PRIVATE_PEERS", "127.0.0.1/32".to_owned()),
            ("FINGERPOST_GSS", "E06000032".to_owned()),
        ];
        let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let settings = settings.map(|(name, value)| (name.to_owned(), value)).into_iter().chain(more);
        let config = Config::read(None, settings).unwrap();
        let clock = Clock::fixed(noon());
        let served = open(&config, &clock).await;
        let router = served.router(false);
        Some(Self { on, folder, config, clock, served, router, postgres })
    }

    /// Every route, for a server over real sockets.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    pub fn app(&self) -> &App {
        &self.served.app
    }

    /// Stop and start again, as after a crash or an update.
    pub async fn restart(&mut self) {
        // The folder's lock goes with the old server.
        let spare = tempfile::tempdir().unwrap();
        let mut elsewhere = self.config.clone();
        elsewhere.data_dir = spare.path().to_path_buf();
        let old = std::mem::replace(&mut self.served, open(&elsewhere, &self.clock).await);
        drop(old);
        self.router = Router::new();
        self.served = open(&self.config, &self.clock).await;
        self.router = self.served.router(false);
        jobs::follow(&self.served).await.unwrap();
    }

    /// Take the test's own database away.
    pub async fn end(self) {
        let _ = self.served.app.db.clone().close().await;
        drop((self.served, self.router));
        if let Some((server, name)) = self.postgres {
            let admin = sea_orm::Database::connect(server).await.unwrap();
            let _ = admin.execute_unprepared(&format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)")).await;
            let _ = admin.close().await;
        }
    }

    /// Bring what is derived up to date, as the server does by itself a moment later.
    pub async fn follow(&self) {
        jobs::follow(&self.served).await.unwrap();
        self.served.outlet.forget_urgent().await.unwrap();
        self.app().db.sweep_now().await.unwrap();
    }

    pub async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(&self.router, request.body(Body::from(body.as_ref().to_vec())).unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[], "").await
    }

    pub async fn page(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[("accept", BROWSER)], "").await
    }

    /// Ids of a list, all of them.
    pub async fn ids(&self, path: &str) -> Vec<String> {
        let path = format!("{path}{}per_page=1000", if path.contains('?') { '&' } else { '?' });
        let answer = self.get(&path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()["contents"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    }

    pub async fn import(&self, text: impl Into<Vec<u8>>) -> Report {
        self.import_with(text, &Options { source: "a test".to_owned(), ..Options::default() }).await
    }

    pub async fn import_with(&self, text: impl Into<Vec<u8>>, options: &Options) -> Report {
        let report = self.app().importer().run(Cursor::new(text.into()), options, |_| {}).await.unwrap();
        self.follow().await;
        report
    }

    pub async fn fixtures(&self) -> Report {
        let report = self.import(std::fs::read("fixtures/luton/directory.ndjson").unwrap()).await;
        assert_eq!(report.rejected, [], "the fixtures are taken");
        report
    }

    pub fn person(why: &str) -> Caller {
        Caller { name: "an officer".to_owned(), why: why.to_owned(), entrance: Entrance::Person }
    }

    /// Change a stored document, as an officer.
    pub async fn edit(&self, id: Uuid, with: impl FnOnce(&mut Document)) -> Outcome {
        let stored = self.app().records.find(id).await.unwrap().expect("the record is there");
        let mut draft = Draft { state: stored.state, ..Draft::new(stored.read().unwrap()) };
        with(&mut draft.document);
        self.save(vec![draft]).await
    }

    pub async fn save(&self, drafts: Vec<Draft>) -> Outcome {
        let outcome = self.app().records.save_now(&Self::person("a test"), drafts, &LastModified::new()).await.unwrap();
        self.follow().await;
        outcome
    }

    pub async fn withdraw(&self, id: Uuid, why: &str) {
        let tx = self.app().db.write().await.unwrap();
        self.app().records.withdraw(&tx, &Self::person(why), id, None).await.unwrap();
        tx.commit().await.unwrap();
        self.follow().await;
    }

    /// What `fingerpost export` writes.
    pub async fn export(&self, format: Format, kind: Kind) -> String {
        let mut out = Vec::new();
        let base = PUBLIC_URL.parse().unwrap();
        export(&self.app().db, (format, kind), (&base, "Luton directory"), &mut out, |_| {}).await.unwrap();
        String::from_utf8(out).unwrap()
    }

    /// The program, beside this directory.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fingerpost"));
        command
            .args(arguments)
            .env_clear()
            .env("FINGERPOST_DATA_DIR", &self.config.data_dir)
            .env("FINGERPOST_DATABASE_URL", self.config.database_url.as_str())
            .env("FINGERPOST_PUBLIC_URL", PUBLIC_URL);
        command
    }

    /// Every file of the data folder that holds `secret`, in whatever case, be it packed.
    pub fn files_with(&self, secret: &str) -> Vec<String> {
        let mut found = Vec::new();
        search(self.folder.path(), secret.to_lowercase().as_bytes(), &mut found);
        found
    }
}

async fn open(config: &Config, clock: &Clock) -> Served {
    let app = App::open(config.clone(), clock.clone(), Durability::Full).await.unwrap();
    let address: SocketAddr = "127.0.0.1:8080".parse().unwrap();
    let served = Served::open(app, address).await.unwrap();
    jobs::follow(&served).await.unwrap();
    served
}

fn search(folder: &Path, secret: &[u8], found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            search(&path, secret, found);
            continue;
        }
        let mut bytes = std::fs::read(&path).unwrap_or_default();
        if path.extension().is_some_and(|end| end == "zst") {
            bytes = zstd::decode_all(bytes.as_slice()).unwrap();
        }
        bytes.make_ascii_lowercase();
        if bytes.windows(secret.len()).any(|window| window == secret) {
            found.push(path.display().to_string());
        }
    }
}

async fn fresh_postgres() -> Option<(String, String, String)> {
    static SAID: Once = Once::new();
    let Ok(server) = std::env::var("FINGERPOST_TEST_POSTGRES") else {
        // Not eprintln!, which the test harness keeps to itself where nothing fails.
        SAID.call_once(|| {
            let _ = writeln!(
                std::io::stderr(),
                "\nNOT TRIED ON POSTGRESQL: each `on_postgres` below counts as passed, because FINGERPOST_TEST_POSTGRES names no server\n"
            );
        });
        return None;
    };
    let name = format!("fp_test_{}", fingerpost::ids::fresh().simple());
    let admin = sea_orm::Database::connect(&server).await.expect("FINGERPOST_TEST_POSTGRES names a server that answers");
    let (start, _) = server.rsplit_once('/').expect("a database at the end of the address");
    let template = template(&admin, start).await;
    admin.execute_unprepared(&format!("CREATE DATABASE \"{name}\" TEMPLATE \"{template}\"")).await.unwrap();
    // What a test writes need not outlive a power cut.
    admin.execute_unprepared(&format!("ALTER DATABASE \"{name}\" SET synchronous_commit = off")).await.unwrap();
    admin.close().await.unwrap();
    Some((format!("{start}/{name}"), name, server))
}

/// The name of a database that has been brought up to date and holds nothing: a copy of it is there at once, where
/// every migration takes half a second. It stays for the next run, one for each state of the migrations.
async fn template(admin: &sea_orm::DatabaseConnection, start: &str) -> String {
    static NAME: OnceLock<String> = OnceLock::new();
    let name = NAME.get_or_init(|| format!("fp_template_{}", hex::encode(&migrations_as_they_are()[..8])));
    let there = format!("SELECT 1 FROM pg_database WHERE datname = '{name}'");
    if admin.query_one_raw(Statement::from_string(DbBackend::Postgres, there)).await.unwrap().is_some() {
        return name.clone();
    }
    // Several make one at the same time; the first that is done gives its the name.
    let made = format!("{name}_{}", fingerpost::ids::fresh().simple());
    admin.execute_unprepared(&format!("CREATE DATABASE \"{made}\"")).await.unwrap();
    let database = Database::open(&format!("{start}/{made}"), Durability::Full).await.unwrap();
    database.close().await.unwrap();
    if admin.execute_unprepared(&format!("ALTER DATABASE \"{made}\" RENAME TO \"{name}\"")).await.is_err() {
        admin.execute_unprepared(&format!("DROP DATABASE \"{made}\" WITH (FORCE)")).await.unwrap();
    }
    name.clone()
}

/// A hash of the source of every migration.
fn migrations_as_they_are() -> [u8; 32] {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/src");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        hash.update(std::fs::read(file).unwrap());
    }
    hash.finalize().into()
}
