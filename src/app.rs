//! The application: every part, put together from the settings.

mod around;
mod monitors;
mod served;

use std::{net::SocketAddr, sync::Arc};

use anyhow::Context as _;
use url::Url;

pub use self::served::Served;
use crate::{
    clock::Clock,
    config::{self, Config},
    db::{Database, Durability},
    editing::{self, About, Editing},
    federation::{self, harvest::Harvester},
    http::Proxies,
    identity::{Identity, providers::Providers},
    importing::Importer,
    mail::{self, Mailer, Notify},
    outbound::{self, Outbound},
    published::{self, Head, redaction::SecretWords},
    publishing,
    quality::{Quality, Schedule},
    records::{Limits, Records},
    search::{self, Words},
    self_help,
    signing::{Keyring, Signer},
};

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
