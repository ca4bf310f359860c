//! Text of settings turned into what it means, with errors that say what would be right.

use std::{
    collections::BTreeMap,
    fmt::{self, Display},
    ops::Deref,
    path::PathBuf,
    str::FromStr,
};

use url::Url;

/// A value that stands in no log and no message: what prints a structure that holds it prints that it is
/// hidden.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden<T>(T);

impl<T> From<T> for Hidden<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> Deref for Hidden<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Hidden<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
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

pub(super) fn as_text(value: &figment::value::Value) -> String {
    use figment::value::Value;
    match value {
        Value::String(_, text) => text.clone(),
        Value::Array(_, items) => items.iter().map(as_text).collect::<Vec<_>>().join(","),
        Value::Bool(_, value) => value.to_string(),
        Value::Num(_, number) => number
            .to_u128()
            .map(|n| n.to_string())
            .or_else(|| number.to_i128().map(|n| n.to_string()))
            .or_else(|| number.to_f64().map(|n| n.to_string()))
            .unwrap_or_default(),
        other => other.find_ref("").and_then(Value::as_str).unwrap_or_default().to_owned(),
    }
}

pub(super) fn wrong(name: &'static str, value: &str, problem: &str) -> Error {
    Error::Wrong {
        variable: format!("FINGERPOST_{}", name.to_uppercase()),
        name,
        value: value.to_owned(),
        problem: problem.to_owned(),
    }
}

pub(super) fn parse<T: FromStr<Err: Display>>(
    values: &BTreeMap<String, String>,
    name: &'static str,
    expected: &str,
) -> Result<T, Error> {
    let value = values.get(name).map(|value| value.trim()).unwrap_or_default();
    value.parse().map_err(|error| wrong(name, value, &format!("expected {expected} ({error})")))
}

pub(super) fn optional<T: FromStr<Err: Display>>(
    values: &BTreeMap<String, String>,
    name: &'static str,
    expected: &str,
) -> Result<Option<T>, Error> {
    if values.get(name).is_none_or(|value| value.trim().is_empty()) { Ok(None) } else { parse(values, name, expected).map(Some) }
}

pub(super) fn list<T: FromStr<Err: Display>>(
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

pub(super) fn with_slash(mut url: Url) -> Url {
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    url
}

/// Parameters of a database's address that are secrets.
const SECRET_PARAMETERS: [&str; 3] = ["password", "sslpassword", "sslkey"];
const HIDDEN: &str = "hidden";

/// An address as it may be shown: its secrets are hidden, all of it where nobody can tell what in it is secret.
pub(super) fn without_password(address: &str) -> String {
    if address.is_empty() || address.starts_with("sqlite:") {
        return address.to_owned();
    }
    let Ok(mut url) = Url::parse(address) else { return HIDDEN.to_owned() };
    // A password with a character that ends the host in it: its rest reads like a path.
    if url.path().contains('@') || url.fragment().is_some() {
        return HIDDEN.to_owned();
    }
    if url.password().is_some() && url.set_password(Some(HIDDEN)).is_err() {
        return HIDDEN.to_owned();
    }
    let is_secret = |name: &str| SECRET_PARAMETERS.iter().any(|secret| name.eq_ignore_ascii_case(secret));
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    if pairs.iter().any(|(name, _)| is_secret(name)) {
        let shown = pairs.iter().map(|(name, value)| (name, if is_secret(name) { HIDDEN } else { value.as_str() }));
        url.query_pairs_mut().clear().extend_pairs(shown);
    }
    url.to_string()
}
