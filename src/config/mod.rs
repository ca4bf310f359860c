//! Settings: environment variables `FINGERPOST_…`, or the same names in lower case in a TOML file;
//! the environment wins. Every setting is text that is parsed here, once, with an error that names
//! the setting, the value and what would be right.

mod addresses;
mod checks;
mod log;
mod look;
mod providers;
mod retention;
mod settings;
mod tiles;
mod values;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    str::FromStr,
};

use figment::{
    Figment,
    providers::{Format, Serialized, Toml},
};
use ipnet::IpNet;
use url::Url;
use uuid::Uuid;

use self::{
    addresses::{check_database, mail_server, public_url},
    providers::{sign_in_providers, tables, unknown_members},
    settings::SETTINGS,
    values::{as_text, list, optional, parse, with_slash, without_password, wrong},
};
pub use self::{
    addresses::{nearby, reached_here},
    log::LogFormat,
    look::Colour,
    providers::SignInProvider,
    retention::Retention,
    settings::{perhaps_meant, schema},
    tiles::MapTiles,
    values::{Error, Hidden},
};

/// The header in which a proxy says who asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProxyHeader {
    /// `X-Forwarded-For`, which nearly every proxy writes.
    #[default]
    XForwardedFor,
    /// `Forwarded`, as RFC 7239 has it.
    Forwarded,
}

impl ProxyHeader {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::XForwardedFor => "x-forwarded-for",
            Self::Forwarded => "forwarded",
        }
    }
}

impl FromStr for ProxyHeader {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let known = [Self::XForwardedFor, Self::Forwarded];
        let found = known.into_iter().find(|header| header.name().eq_ignore_ascii_case(text));
        found.ok_or_else(|| "expected X-Forwarded-For or Forwarded".to_owned())
    }
}

/// Who has to show a passkey after the link by mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SecondStep {
    /// Only those who have one.
    #[default]
    Nobody,
    /// Those, and everybody whose role lets them change or confirm other people's listings.
    Officers,
}

impl FromStr for SecondStep {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "nobody" => Ok(Self::Nobody),
            "officers" => Ok(Self::Officers),
            _ => Err("expected nobody or officers".to_owned()),
        }
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
    pub database_url: Hidden<String>,
    /// The publisher's name.
    pub name: String,
    /// The publisher's area code.
    pub gss: Option<String>,
    /// Licence of our own records.
    pub licence: Url,
    /// The council's colour.
    pub colour: Option<Colour>,
    /// A file with its logo.
    pub logo: Option<PathBuf>,
    /// A server of map pictures, and whom to name for them.
    pub map_tiles: Option<MapTiles>,
    /// What stands below a map with pictures of that server.
    pub map_tiles_credit: Option<String>,
    /// A number that people may ring with questions about the directory.
    pub contact_phone: Option<String>,
    /// A mailbox that they may write to.
    pub contact_email: Option<String>,
    /// For how many days ahead the dates of events are worked out.
    pub event_days: u16,
    /// Networks whose word about a client is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The header in which they give it.
    pub proxy_header: ProxyHeader,
    /// Networks in which other directories may be asked although they are not public.
    pub allow_private_peers: Vec<IpNet>,
    /// Whether what others have signed is passed on.
    pub aggregator: bool,
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
    /// How long what is kept about people.
    pub retention: Retention,
    /// Who has to show a passkey after the link by mail.
    pub second_step: SecondStep,
    /// The mail server; without one letters are written to the log.
    pub smtp_url: Option<Hidden<Url>>,
    /// The email address that emails are sent from.
    pub mail_from: String,
    /// The key of an account with GOV.UK Notify.
    pub notify_key: Option<Hidden<String>>,
    /// Where its API is.
    pub notify_url: Url,
    /// Its template for mails; without one they go through the mail server.
    pub notify_mail_template: Option<Uuid>,
    /// Its template for text messages; without one there are none.
    pub notify_text_template: Option<Uuid>,
    /// What GOV.UK Notify proves itself with when it tells that a letter came back.
    pub notify_callback_token: Option<Hidden<String>>,
    /// What is logged.
    pub log: String,
    /// How it is logged.
    pub log_format: LogFormat,
    /// Settings that were given and that this version does not know.
    pub without_effect: Vec<String>,
    /// What each setting was given as, or its default, without secrets.
    pub given: BTreeMap<&'static str, String>,
}

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
                let problem = if file.exists() { "it is not a file" } else { "the file does not exist" };
                return Err(Error::File { file, problem: problem.to_owned() });
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
        let not_known = unknown_members(&further);
        let values: BTreeMap<String, String> = all.into_iter().map(|(name, value)| (name, as_text(&value))).collect();
        let mut config = Self::parse(&values)?;
        config.sign_in_providers = sign_in_providers(&values, &further)?;
        let given = |name: &'static str| values.get(name).map(|value| settings::without_secrets(name, value)).unwrap_or_default();
        config.given = SETTINGS.iter().map(|setting| (setting.name, given(setting.name))).collect();
        let is_known = |name: &String| SETTINGS.iter().any(|setting| setting.name == name);
        config.without_effect = values.into_keys().filter(|name| !is_known(name)).chain(not_known).collect();
        Ok(config)
    }

    fn parse(values: &BTreeMap<String, String>) -> Result<Self, Error> {
        let data_dir: PathBuf = parse(values, "data_dir", "a folder")?;
        let database_url: String = parse(values, "database_url", "a database")?;
        let database_url =
            if database_url.is_empty() { format!("sqlite:{}", data_dir.join("fingerpost.db").display()) } else { database_url };
        check_database(&database_url)?;
        let config = Self {
            listen: parse(values, "listen", "an address and a port such as 127.0.0.1:8080")?,
            public_url: public_url(values)?,
            data_dir,
            database_url: database_url.into(),
            name: parse(values, "name", "a name")?,
            gss: optional(values, "gss", "an area code such as E06000032")?,
            licence: parse(values, "licence", "a web address")?,
            colour: optional(values, "colour", "a colour such as #0b4f4a")?,
            logo: optional(values, "logo", "a file")?,
            map_tiles: optional(values, "map_tiles", "a map server")?,
            map_tiles_credit: optional(values, "map_tiles_credit", "whom to name for the map")?,
            contact_phone: optional::<look::Telephone>(values, "contact_phone", "a phone number")?.map(|phone| phone.0),
            contact_email: optional(values, "contact_email", "an email address such as help@luton.example.org")?,
            event_days: event_days(values)?,
            trusted_proxies: list(
                values,
                "trusted_proxies",
                "networks such as 10.0.0.0/8, or 10.0.0.7/32 for one address, separated by commas",
            )?,
            proxy_header: parse(values, "proxy_header", "X-Forwarded-For or Forwarded")?,
            allow_private_peers: list(
                values,
                "allow_private_peers",
                "networks such as 10.20.0.0/16, or 10.20.0.7/32 for one address, separated by commas",
            )?,
            aggregator: yes_or_no(values, "aggregator")?,
            withheld_categories: list(values, "withheld_categories", "words, separated by commas")?,
            protected_categories: list(values, "protected_categories", "words, separated by commas")?,
            requests_per_minute: parse(values, "requests_per_minute", "a whole number, at least 1")?,
            reminder_days: list(values, "reminder_days", "days such as 75, 90, 104, 118")?,
            label_days: parse(values, "label_days", "a number of days")?,
            hide_days: parse(values, "hide_days", "a number of days, or 0 for never")?,
            sign_in_providers: Vec::new(),
            retention: Retention::parse(values)?,
            second_step: parse(values, "second_step", "nobody or officers")?,
            smtp_url: mail_server(values)?.map(Hidden::from),
            mail_from: parse(values, "mail_from", "an email address such as directory@example.org")?,
            notify_key: optional::<String>(values, "notify_key", "a key")?.map(Hidden::from),
            notify_url: with_slash(parse(values, "notify_url", "a web address")?),
            notify_mail_template: optional(values, "notify_mail_template", "the id of a Notify template")?,
            notify_text_template: optional(values, "notify_text_template", "the id of a Notify template")?,
            notify_callback_token: optional::<String>(values, "notify_callback_token", "a token")?.map(Hidden::from),
            log: parse::<log::LogFilter>(values, "log", "error, warn, info, debug or trace, or such as info,fingerpost=debug")?
                .to_string(),
            log_format: parse(values, "log_format", "text or json")?,
            without_effect: Vec::new(),
            given: BTreeMap::new(),
        };
        config.check(&values["reminder_days"])?;
        Ok(config)
    }

    /// The file of the database, where it is SQLite.
    pub fn database_file(&self) -> Option<&Path> {
        let file = self.database_url.strip_prefix("sqlite:")?.trim_start_matches("//");
        Some(Path::new(file.split('?').next().unwrap_or_default()))
    }

    /// Every setting by name, as it is in force, secrets hidden.
    pub fn shown(&self) -> BTreeMap<&'static str, String> {
        let mut shown = self.given.clone();
        // Those that follow another one when they are not set, and the providers, which also stand in a table.
        shown.retain(|name, _| !name.starts_with("oidc_"));
        shown
            .insert("oidc", self.sign_in_providers.iter().map(|provider| format!("{provider:?}")).collect::<Vec<_>>().join(", "));
        let address = self.public_url.clone().unwrap_or_else(|| nearby(self.listen));
        shown.insert("public_url", address.to_string());
        shown.insert("database_url", without_password(&self.database_url));
        shown
    }
}

fn event_days(values: &BTreeMap<String, String>) -> Result<u16, Error> {
    const EXPECTED: &str = "a number of days from 31 to 1000";
    let days = parse(values, "event_days", EXPECTED)?;
    if (31..=1_000).contains(&days) {
        Ok(days)
    } else {
        Err(wrong("event_days", &days.to_string(), &format!("expected {EXPECTED}")))
    }
}

fn yes_or_no(values: &BTreeMap<String, String>, name: &'static str) -> Result<bool, Error> {
    match values.get(name).map_or("", |value| value.trim()) {
        "yes" | "true" => Ok(true),
        "no" | "false" | "" => Ok(false),
        other => Err(wrong(name, other, "expected yes or no")),
    }
}

#[cfg(test)]
mod tests;
