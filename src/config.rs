//! Settings: environment variables `FINGERPOST_…`, or the same names in lower case in a TOML file;
//! the environment wins. Every setting is text that is parsed here, once, with an error that names
//! the setting, the value and what would be right.

use std::{
    collections::BTreeMap,
    fmt::{self, Display},
    net::SocketAddr,
    path::{Path, PathBuf},
    str::FromStr,
};

use figment::{
    Figment,
    providers::{Format, Serialized, Toml},
};
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::Serialize;
use url::Url;
use uuid::Uuid;

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl FromStr for LogFormat {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("expected text or json".to_owned()),
        }
    }
}

/// Somebody else's door at which people may sign in: an OpenID Connect provider.
#[derive(Clone, PartialEq, Eq)]
pub struct SignInProvider {
    /// What people see on the button.
    pub name: String,
    /// The provider's own name of itself: a web address, letter by letter as it says it.
    pub issuer: String,
    /// What it calls us.
    pub client_id: String,
    /// How it knows us.
    pub client_secret: Option<String>,
    /// Domains of mail that are the provider's own: addresses there are believed where it does not say
    /// whether it has verified them.
    pub domains: Vec<String>,
}

/// Not its secret.
impl fmt::Debug for SignInProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {} as {}", self.name, self.issuer, self.client_id)
    }
}

/// The settings in force.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// How the world reaches us, with a slash at its end. Follows `listen` when it is not set.
    pub public_url: Option<Url>,
    /// Where the database file, derived files and keys are.
    pub data_dir: PathBuf,
    /// Where the database is.
    pub database_url: String,
    /// The publisher's name.
    pub name: String,
    /// The publisher's area code.
    pub gss: Option<String>,
    /// Licence of our own records.
    pub licence: Url,
    /// Networks whose `Forwarded` and `X-Forwarded-For` are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Networks in which other directories may be asked although they are not public.
    pub allow_private_peers: Vec<IpNet>,
    /// Words in a category's name or code that make its places secret unless somebody decides otherwise.
    pub withheld_categories: Vec<String>,
    /// Words in the name of a listing, or in a category's name or code, of help that could be used to
    /// reach somebody in danger.
    pub protected_categories: Vec<String>,
    /// How many requests a client may make in a minute.
    pub requests_per_minute: u32,
    /// Days after the last check on which whoever keeps a listing is asked whether it is still right.
    pub reminder_days: Vec<u16>,
    /// Days after which it is said that a listing needs checking.
    pub label_days: u16,
    /// Days after which the search of the site leaves a listing out; 0 for never.
    pub hide_days: u16,
    /// Doors of others at which people may sign in.
    pub sign_in_providers: Vec<SignInProvider>,
    /// The mail server; without one letters are written to the log.
    pub smtp_url: Option<Url>,
    /// The mailbox that letters come from.
    pub mail_from: String,
    /// The key of an account with GOV.UK Notify.
    pub notify_key: Option<String>,
    /// Where its API is.
    pub notify_url: Url,
    /// Its template for mails; without one they go through the mail server.
    pub notify_mail_template: Option<Uuid>,
    /// Its template for text messages; without one there are none.
    pub notify_text_template: Option<Uuid>,
    /// What is logged.
    pub log: String,
    /// How it is logged.
    pub log_format: LogFormat,
    /// Settings that were given and that this version does not know.
    pub without_effect: Vec<String>,
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The value is wrong.
    #[error("setting {variable} (or {name} in the settings file) is {value:?}: {problem}")]
    Wrong {
        /// Environment variable.
        variable: String,
        /// Name in the file.
        name: &'static str,
        /// The value.
        value: String,
        /// What would be right.
        problem: String,
    },
    /// The file cannot be read.
    #[error("cannot read the settings file {file}: {problem}")]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        problem: String,
    },
}

struct Setting {
    name: &'static str,
    default: &'static str,
    meaning: &'static str,
    example: &'static str,
}

/// Every setting of this version: what `fingerpost config` prints and `schema/config.json` says.
const SETTINGS: &[Setting] = &[
    Setting {
        name: "listen",
        default: "127.0.0.1:8080",
        meaning: "Address and port to listen on; port 0 picks one and prints it.",
        example: "0.0.0.0:8080",
    },
    Setting {
        name: "public_url",
        default: "",
        meaning: "How the world reaches us. http://LISTEN when not set.",
        example: "https://directory.luton.example.org/",
    },
    Setting {
        name: "data_dir",
        default: "./data",
        meaning: "Folder of the database file, the file of published bytes and the signing keys.",
        example: "/var/lib/fingerpost",
    },
    Setting {
        name: "database_url",
        default: "",
        meaning: "sqlite:FILE or postgres://USER:PASSWORD@HOST/NAME. A SQLite file in the data folder when not set.",
        example: "postgres://fingerpost@localhost/fingerpost",
    },
    Setting { name: "name", default: "My directory", meaning: "The publisher's name.", example: "Luton directory of support" },
    Setting { name: "gss", default: "", meaning: "Area code of the publisher.", example: "E06000032" },
    Setting {
        name: "licence",
        default: "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
        meaning: "Web address of the licence of our own records.",
        example: "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
    },
    Setting {
        name: "trusted_proxies",
        default: "",
        meaning: "Networks (CIDR, comma separated) whose Forwarded and X-Forwarded-For headers are believed.",
        example: "10.0.0.0/8",
    },
    Setting {
        name: "allow_private_peers",
        default: "",
        meaning: "Networks (CIDR, comma separated) in which other directories are asked although they are not public, over http and on every port too. For intranets, demos and tests: whoever may add a peer reaches everything there.",
        example: "10.20.0.0/16",
    },
    Setting {
        name: "withheld_categories",
        default: "refuge, refuges, human trafficking, modern slavery, forced marriage",
        meaning: "Words in the name or code of a category (comma separated) that make the places of its services secret.",
        example: "refuge, safe house",
    },
    Setting {
        name: "protected_categories",
        default: "refuge, refuges, domestic abuse, domestic violence, sexual violence, sexual abuse, rape, forced marriage, honour based abuse, human trafficking, modern slavery, stalking, safeguarding, child protection, children at risk, adults at risk",
        meaning: "Words in the name of a listing, or in the name or code of its category (comma separated), that make it a protected listing: nobody claims it automatically, and every change of contact, address or link waits until a moderator has called back.",
        example: "refuge, domestic abuse, safeguarding",
    },
    Setting {
        name: "requests_per_minute",
        default: "12000",
        meaning: "Requests that one client may make in a minute before it is asked to wait.",
        example: "12000",
    },
    Setting {
        name: "reminder_days",
        default: "75, 90, 104, 118",
        meaning: "Days after the last check on which whoever keeps a listing is asked whether it is still right (comma separated, rising).",
        example: "75, 90, 104, 118",
    },
    Setting {
        name: "label_days",
        default: "120",
        meaning: "Days after the last check from which it is said that a listing needs checking. Not before the last reminder.",
        example: "120",
    },
    Setting {
        name: "hide_days",
        default: "180",
        meaning: "Days after the last check from which the search of the site leaves a listing out; 0 for never.",
        example: "180",
    },
    Setting {
        name: "oidc_issuer",
        default: "",
        meaning: "An OpenID Connect provider at which people may sign in: its issuer, exactly as its own configuration says it. Further ones stand as [[oidc]] in the file, with issuer, client_id, client_secret, name and domains.",
        example: "https://login.microsoftonline.com/00000000-0000-0000-0000-000000000000/v2.0",
    },
    Setting { name: "oidc_client_id", default: "", meaning: "What the provider calls us.", example: "fingerpost" },
    Setting { name: "oidc_client_secret", default: "", meaning: "How the provider knows us.", example: "a long secret" },
    Setting { name: "oidc_name", default: "", meaning: "What people see on the button.", example: "Luton Council staff" },
    Setting {
        name: "oidc_domains",
        default: "",
        meaning: "Domains of mail (comma separated) that are the provider's own: addresses there are believed where it does not say whether it has verified them, as Entra ID does not.",
        example: "luton.gov.uk",
    },
    Setting {
        name: "smtp_url",
        default: "",
        meaning: "The mail server: smtp://HOST:PORT, smtp://USER:PASSWORD@HOST or smtps://USER:PASSWORD@HOST. When not set, letters are written to the log.",
        example: "smtps://directory:password@mail.luton.example.org",
    },
    Setting {
        name: "mail_from",
        default: "directory@localhost",
        meaning: "The mailbox that letters come from.",
        example: "directory@luton.example.org",
    },
    Setting {
        name: "notify_key",
        default: "",
        meaning: "Key of an account with GOV.UK Notify, for mails and text messages.",
        example: "directory-26785a09-ab16-4eb0-8407-a37497a57506-3d844edf-8d35-48ac-975b-e847b4f122b0",
    },
    Setting {
        name: "notify_url",
        default: "https://api.notifications.service.gov.uk/",
        meaning: "Where the API of GOV.UK Notify is, or of another service that speaks it.",
        example: "https://api.notifications.service.gov.uk/",
    },
    Setting {
        name: "notify_mail_template",
        default: "",
        meaning: "Id of a template there with the subject ((subject)) and the message ((message)). When not set, mails go through the mail server.",
        example: "f33517ff-2a88-4f6e-b855-c550268ce08a",
    },
    Setting {
        name: "notify_text_template",
        default: "",
        meaning: "Id of a template there for text messages with the message ((message)). When not set, there are no text messages.",
        example: "f33517ff-2a88-4f6e-b855-c550268ce08b",
    },
    Setting {
        name: "log",
        default: "info",
        meaning: "What is logged: error, warn, info, debug, or a tracing filter.",
        example: "info,fingerpost=debug",
    },
    Setting { name: "log_format", default: "text", meaning: "How it is logged: text or json.", example: "json" },
];

impl Config {
    /// Read the settings from `file` (default `./fingerpost.toml` when it exists) and `environment`.
    /// # Errors
    /// The first setting that is wrong.
    pub fn read(file: Option<&Path>, environment: impl IntoIterator<Item = (String, String)>) -> Result<Self, Error> {
        let mut figment = Figment::new();
        for setting in SETTINGS {
            figment = figment.merge(Serialized::default(setting.name, setting.default));
        }
        let file = file.map(Path::to_path_buf).or_else(|| Some(PathBuf::from("fingerpost.toml")).filter(|file| file.exists()));
        if let Some(file) = file {
            if !file.is_file() {
                return Err(Error::File { file, problem: "there is no such file".to_owned() });
            }
            figment = figment.merge(Toml::file_exact(&file));
            // Read once on its own, so that a mistake in the file is told with the file's name.
            Figment::from(Toml::file_exact(&file))
                .extract::<BTreeMap<String, figment::value::Value>>()
                .map_err(|error| Error::File { file: file.clone(), problem: error.to_string() })?;
        }
        for (variable, value) in environment {
            if let Some(name) = variable.strip_prefix("FINGERPOST_") {
                figment = figment.merge(Serialized::default(&name.to_lowercase(), value));
            }
        }
        let all = figment
            .extract::<BTreeMap<String, figment::value::Value>>()
            .map_err(|error| Error::File { file: PathBuf::from("fingerpost.toml"), problem: error.to_string() })?;
        let mut all = all;
        let further = all.remove("oidc").map(|value| tables(&value)).unwrap_or_default();
        let values: BTreeMap<String, String> = all.into_iter().map(|(name, value)| (name, as_text(&value))).collect();
        let mut config = Self::parse(&values)?;
        config.sign_in_providers = sign_in_providers(&values, &further)?;
        config.without_effect = values.into_keys().filter(|name| !SETTINGS.iter().any(|setting| setting.name == name)).collect();
        Ok(config)
    }

    fn parse(values: &BTreeMap<String, String>) -> Result<Self, Error> {
        let data_dir: PathBuf = parse(values, "data_dir", "a folder")?;
        let database_url: String = parse(values, "database_url", "a database")?;
        let database_url =
            if database_url.is_empty() { format!("sqlite:{}", data_dir.join("fingerpost.db").display()) } else { database_url };
        if !["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| database_url.starts_with(scheme)) {
            return Err(wrong("database_url", "(hidden)", "expected sqlite:FILE or postgres://USER:PASSWORD@HOST/NAME"));
        }
        let public_url = optional::<Url>(values, "public_url", "a web address such as https://directory.example.org/")?
            .map(|url| {
                if ["http", "https"].contains(&url.scheme()) {
                    Ok(url)
                } else {
                    Err(wrong("public_url", url.as_str(), "expected http or https"))
                }
            })
            .transpose()?
            .map(with_slash);
        let config = Self {
            listen: parse(values, "listen", "an address and a port such as 127.0.0.1:8080")?,
            public_url,
            data_dir,
            database_url,
            name: parse(values, "name", "a name")?,
            gss: optional(values, "gss", "an area code such as E06000032")?,
            licence: parse(values, "licence", "a web address")?,
            trusted_proxies: list(values, "trusted_proxies", "networks such as 10.0.0.0/8, separated by commas")?,
            allow_private_peers: list(values, "allow_private_peers", "networks such as 10.20.0.0/16, separated by commas")?,
            withheld_categories: list(values, "withheld_categories", "words, separated by commas")?,
            protected_categories: list(values, "protected_categories", "words, separated by commas")?,
            requests_per_minute: parse(values, "requests_per_minute", "a whole number from 1")?,
            reminder_days: list(values, "reminder_days", "days such as 75, 90, 104, 118")?,
            label_days: parse(values, "label_days", "a number of days")?,
            hide_days: parse(values, "hide_days", "a number of days, or 0 for never")?,
            sign_in_providers: Vec::new(),
            smtp_url: mail_server(values)?,
            mail_from: parse(values, "mail_from", "a mailbox such as directory@example.org")?,
            notify_key: optional(values, "notify_key", "a key")?,
            notify_url: with_slash(parse(values, "notify_url", "a web address")?),
            notify_mail_template: optional(values, "notify_mail_template", "the id of a template")?,
            notify_text_template: optional(values, "notify_text_template", "the id of a template")?,
            log: parse(values, "log", "a log level")?,
            log_format: parse(values, "log_format", "text or json")?,
            without_effect: Vec::new(),
        };
        if let Some(gss) = config.gss.as_deref()
            && !(gss.len() == 9
                && gss.starts_with(|c: char| c.is_ascii_uppercase())
                && gss[1..].bytes().all(|b| b.is_ascii_digit()))
        {
            return Err(wrong("gss", gss, "expected an area code such as E06000032"));
        }
        if !config.mail_from.contains('@') || config.mail_from.contains([' ', '<', ',']) {
            return Err(wrong("mail_from", &config.mail_from, "expected one mailbox such as directory@example.org"));
        }
        let Self { reminder_days, label_days, hide_days, .. } = &config;
        if reminder_days.first() == Some(&0) || !reminder_days.is_sorted_by(|a, b| a < b) {
            return Err(wrong(
                "reminder_days",
                &values["reminder_days"],
                "expected days from 1 that rise, such as 75, 90, 104, 118",
            ));
        }
        if *label_days == 0 || reminder_days.last().is_some_and(|last| label_days < last) {
            return Err(wrong(
                "label_days",
                &label_days.to_string(),
                "expected a day that is not before the last of reminder_days",
            ));
        }
        if *hide_days != 0 && hide_days <= label_days {
            return Err(wrong("hide_days", &hide_days.to_string(), "expected a later day than label_days, or 0 for never"));
        }
        if config.notify_key.is_some() != (config.notify_mail_template.is_some() || config.notify_text_template.is_some()) {
            let problem = "expected a key together with notify_mail_template, notify_text_template or both";
            return Err(wrong("notify_key", "(hidden)", problem));
        }
        if config.requests_per_minute == 0 {
            return Err(wrong("requests_per_minute", "0", "expected a whole number from 1"));
        }
        Ok(config)
    }

    /// The settings in force by name, secrets hidden.
    pub fn shown(&self) -> BTreeMap<&'static str, String> {
        let joined = |items: &[IpNet]| items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        BTreeMap::from([
            ("listen", self.listen.to_string()),
            ("public_url", self.public_url.as_ref().map_or_else(|| format!("http://{}/", self.listen), ToString::to_string)),
            ("data_dir", self.data_dir.display().to_string()),
            ("database_url", without_password(&self.database_url)),
            ("name", self.name.clone()),
            ("gss", self.gss.clone().unwrap_or_default()),
            ("licence", self.licence.to_string()),
            ("trusted_proxies", joined(&self.trusted_proxies)),
            ("allow_private_peers", joined(&self.allow_private_peers)),
            ("withheld_categories", self.withheld_categories.join(", ")),
            ("protected_categories", self.protected_categories.join(", ")),
            ("requests_per_minute", self.requests_per_minute.to_string()),
            ("oidc", self.sign_in_providers.iter().map(|provider| format!("{provider:?}")).collect::<Vec<_>>().join(", ")),
            ("smtp_url", self.smtp_url.as_ref().map(|url| without_password(url.as_str())).unwrap_or_default()),
            ("mail_from", self.mail_from.clone()),
            ("notify_key", self.notify_key.as_ref().map(|_| "hidden".to_owned()).unwrap_or_default()),
            ("notify_url", self.notify_url.to_string()),
            ("notify_mail_template", self.notify_mail_template.map(|id| id.to_string()).unwrap_or_default()),
            ("notify_text_template", self.notify_text_template.map(|id| id.to_string()).unwrap_or_default()),
            ("log", self.log.clone()),
            ("log_format", if self.log_format == LogFormat::Json { "json" } else { "text" }.to_owned()),
        ])
    }
}

/// A setting as the JSON Schema of the settings file lists it.
#[derive(Serialize, JsonSchema)]
struct SettingSchema {
    r#type: &'static str,
    description: String,
    default: &'static str,
    examples: [&'static str; 1],
}

/// The JSON Schema of the settings file.
pub fn schema() -> serde_json::Value {
    let mut properties: BTreeMap<&str, serde_json::Value> = SETTINGS
        .iter()
        .map(|setting| {
            let description = format!("{} Environment: FINGERPOST_{}.", setting.meaning, setting.name.to_uppercase());
            let schema = SettingSchema { r#type: "string", description, default: setting.default, examples: [setting.example] };
            (setting.name, serde_json::json!(schema))
        })
        .collect();
    let text = serde_json::json!({"type": "string"});
    let provider = serde_json::json!({
        "type": "object",
        "required": ["issuer", "client_id"],
        "properties": {
            "issuer": text, "client_id": text, "client_secret": text, "name": text,
            "domains": {"type": "array", "items": text},
        },
    });
    let description = "Further providers at which people may sign in, after the one of oidc_issuer.";
    properties.insert("oidc", serde_json::json!({"type": "array", "description": description, "items": provider}));
    serde_json::json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings of Fingerpost (fingerpost.toml)",
        "type": "object",
        "properties": properties,
    })
}

fn as_text(value: &figment::value::Value) -> String {
    use figment::value::Value;
    match value {
        Value::String(_, text) => text.clone(),
        Value::Array(_, items) => items.iter().map(as_text).collect::<Vec<_>>().join(","),
        Value::Bool(_, value) => value.to_string(),
        Value::Num(_, number) => {
            number.to_u128().map(|n| n.to_string()).or_else(|| number.to_i128().map(|n| n.to_string())).unwrap_or_default()
        }
        other => other.find_ref("").and_then(Value::as_str).unwrap_or_default().to_owned(),
    }
}

fn wrong(name: &'static str, value: &str, problem: &str) -> Error {
    Error::Wrong {
        variable: format!("FINGERPOST_{}", name.to_uppercase()),
        name,
        value: value.to_owned(),
        problem: problem.to_owned(),
    }
}

fn parse<T: FromStr<Err: Display>>(values: &BTreeMap<String, String>, name: &'static str, expected: &str) -> Result<T, Error> {
    let value = values.get(name).map(|value| value.trim()).unwrap_or_default();
    value.parse().map_err(|error| wrong(name, value, &format!("expected {expected} ({error})")))
}

fn optional<T: FromStr<Err: Display>>(
    values: &BTreeMap<String, String>,
    name: &'static str,
    expected: &str,
) -> Result<Option<T>, Error> {
    if values.get(name).is_none_or(|value| value.trim().is_empty()) { Ok(None) } else { parse(values, name, expected).map(Some) }
}

/// The tables of `[[oidc]]`, as text by name.
fn tables(value: &figment::value::Value) -> Vec<BTreeMap<String, String>> {
    let tables = value.as_array().unwrap_or_default().iter().filter_map(figment::value::Value::as_dict);
    tables.map(|table| table.iter().map(|(name, value)| (name.clone(), as_text(value))).collect()).collect()
}

/// The provider of the single settings, and further ones.
fn sign_in_providers(
    values: &BTreeMap<String, String>,
    further: &[BTreeMap<String, String>],
) -> Result<Vec<SignInProvider>, Error> {
    let first: BTreeMap<String, String> = values
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix("oidc_")?.to_owned(), value.clone())))
        .filter(|(_, value)| !value.trim().is_empty())
        .collect();
    let mut providers: Vec<SignInProvider> = Vec::new();
    for table in (!first.is_empty()).then_some(&first).into_iter().chain(further) {
        let text = |name: &str| table.get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let issuer = text("issuer").unwrap_or_default();
        if Url::parse(&issuer).is_err() {
            return Err(wrong("oidc_issuer", &issuer, "expected the web address of a sign-in provider, exactly as it says it"));
        }
        let client_id =
            text("client_id").ok_or_else(|| wrong("oidc_client_id", "", "expected what the sign-in provider calls us"))?;
        let name = text("name").unwrap_or_else(|| issuer.clone());
        if providers.iter().any(|other| other.name == name) {
            return Err(wrong("oidc_name", &name, "expected another name for each sign-in provider"));
        }
        let domains = list(table, "domains", "domains, separated by commas")?;
        providers.push(SignInProvider { name, issuer, client_id, client_secret: text("client_secret"), domains });
    }
    Ok(providers)
}

/// The mail server, whose password is in no message.
fn mail_server(values: &BTreeMap<String, String>) -> Result<Option<Url>, Error> {
    let text = values.get("smtp_url").map(|value| value.trim()).unwrap_or_default();
    if text.is_empty() {
        return Ok(None);
    }
    let usable = |url: &Url| {
        ["smtp", "smtps"].contains(&url.scheme())
            && url.host_str().is_some_and(|host| !host.is_empty())
            && matches!(url.path(), "" | "/")
            && matches!(url.query(), None | Some("tls=none"))
    };
    let problem = "expected smtp://HOST:PORT, smtp://USER:PASSWORD@HOST or smtps://USER:PASSWORD@HOST, \
                   with other characters than letters and digits in them written as %40";
    text.parse().ok().filter(usable).map(Some).ok_or_else(|| wrong("smtp_url", "(hidden)", problem))
}

fn list<T: FromStr<Err: Display>>(
    values: &BTreeMap<String, String>,
    name: &'static str,
    expected: &str,
) -> Result<Vec<T>, Error> {
    let value = values.get(name).map(String::as_str).unwrap_or_default();
    value
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(|item| item.parse().map_err(|error| wrong(name, item, &format!("expected {expected} ({error})"))))
        .collect()
}

fn with_slash(mut url: Url) -> Url {
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    url
}

fn without_password(database_url: &str) -> String {
    match Url::parse(database_url) {
        Ok(mut url) if url.password().is_some() => {
            // Fails only for addresses that cannot have one.
            let _ = url.set_password(Some("hidden"));
            url.to_string()
        }
        _ => database_url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Config, Error> {
        Config::read(None, pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
    }

    #[test]
    fn defaults_are_a_directory_on_this_machine() {
        let config = read(&[]).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.database_url, "sqlite:./data/fingerpost.db");
    }

    #[test]
    fn a_wrong_value_is_named_with_what_would_be_right() {
        let said = |pairs| read(pairs).unwrap_err().to_string();
        assert!(said(&[("FINGERPOST_LISTEN", "here")]).starts_with(
            "setting FINGERPOST_LISTEN (or listen in the settings file) is \"here\": expected an address and a port"
        ));
        assert!(said(&[("FINGERPOST_GSS", "Luton")]).contains("E06000032"));
        assert!(said(&[("FINGERPOST_TRUSTED_PROXIES", "10.0.0.0/8, all")]).contains("\"all\""));
        assert!(said(&[("FINGERPOST_ALLOW_PRIVATE_PEERS", "10.20.0.7")]).contains("10.20.0.0/16"));
        assert!(!said(&[("FINGERPOST_DATABASE_URL", "mysql://root:secret@x/y")]).contains("secret"));
        for url in
            ["mail.example.org", "http://a:secret@mail.example.org", "smtp://a:secret@mail.example.org/x", "smtps://a:secret@"]
        {
            let told = read(&[("FINGERPOST_SMTP_URL", url)]).unwrap_err().to_string();
            assert!(told.contains("expected smtp://HOST:PORT") && !told.contains("secret"), "{told}");
        }
        assert!(said(&[("FINGERPOST_MAIL_FROM", "Luton")]).contains("directory@example.org"));
    }

    #[test]
    fn passwords_are_not_shown() {
        let config = read(&[("FINGERPOST_DATABASE_URL", "postgres://fp:s3cret@db/fp")]).unwrap();
        assert_eq!(config.shown()["database_url"], "postgres://fp:hidden@db/fp");
        assert!(config.public_url.is_none());
        let notify = [
            ("FINGERPOST_NOTIFY_KEY", "luton-s3cret"),
            ("FINGERPOST_NOTIFY_TEXT_TEMPLATE", "f33517ff-2a88-4f6e-b855-c550268ce08b"),
        ];
        assert_eq!(read(&notify).unwrap().shown()["notify_key"], "hidden");
        assert!(!read(&notify[..1]).unwrap_err().to_string().contains("s3cret"));
        let config = read(&[("FINGERPOST_SMTP_URL", "smtps://fp:s3cret@mail.example.org")]).unwrap();
        assert_eq!(config.shown()["smtp_url"], "smtps://fp:hidden@mail.example.org");
    }

    #[test]
    fn sign_in_providers_stand_in_the_environment_and_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("fingerpost.toml");
        let text = "name = \"Luton\"\n[[oidc]]\nissuer = \"https://accounts.google.com\"\nclient_id = \"b\"\nname = \"Google\"\n\
                    [[oidc]]\nissuer = \"https://c.example.org/\"\nclient_id = \"c\"\ndomains = [\"luton.gov.uk\", \"luton.org\"]\n";
        std::fs::write(&file, text).unwrap();
        let first = [("OIDC_ISSUER", "https://a.example.org/v2.0"), ("OIDC_CLIENT_ID", "a"), ("OIDC_CLIENT_SECRET", "s3cret")];
        let environment = first.map(|(name, value)| (format!("FINGERPOST_{name}"), value.to_owned()));
        let config = Config::read(Some(&file), environment).unwrap();
        assert_eq!(
            config.shown()["oidc"],
            "https://a.example.org/v2.0 at https://a.example.org/v2.0 as a, Google at https://accounts.google.com as b, \
             https://c.example.org/ at https://c.example.org/ as c"
        );
        assert_eq!(config.sign_in_providers[0].client_secret.as_deref(), Some("s3cret"));
        assert_eq!(config.sign_in_providers[2].domains, ["luton.gov.uk", "luton.org"]);
        assert!(config.without_effect.is_empty());
        let said = |pairs| read(pairs).unwrap_err().to_string();
        assert!(said(&[("FINGERPOST_OIDC_CLIENT_ID", "a")]).contains("FINGERPOST_OIDC_ISSUER"));
        assert!(said(&[("FINGERPOST_OIDC_ISSUER", "https://a.example.org")]).contains("FINGERPOST_OIDC_CLIENT_ID"));
    }

    #[test]
    fn days_of_freshness_rise() {
        let config = read(&[]).unwrap();
        assert_eq!((&config.reminder_days[..], config.label_days, config.hide_days), (&[75, 90, 104, 118][..], 120, 180));
        for (name, value) in [
            ("REMINDER_DAYS", "90, 75"),
            ("REMINDER_DAYS", "0, 75"),
            ("REMINDER_DAYS", "75, 75"),
            ("REMINDER_DAYS", "soon"),
            ("LABEL_DAYS", "117"),
            ("LABEL_DAYS", "-1"),
            ("HIDE_DAYS", "120"),
        ] {
            let name = format!("FINGERPOST_{name}");
            assert!(read(&[(&name, value)]).unwrap_err().to_string().contains(&name), "{name}={value}");
        }
        assert!(
            read(&[("FINGERPOST_REMINDER_DAYS", ""), ("FINGERPOST_LABEL_DAYS", "30"), ("FINGERPOST_HIDE_DAYS", "0")]).is_ok()
        );
    }

    #[test]
    fn numbers_and_names_that_look_like_numbers_are_read_as_written() {
        let config = read(&[("FINGERPOST_NAME", "1066"), ("FINGERPOST_REQUESTS_PER_MINUTE", "50")]).unwrap();
        assert_eq!((config.name.as_str(), config.requests_per_minute), ("1066", 50));
    }
}
