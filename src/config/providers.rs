//! Doors of others at which people may sign in, as settings name them.

use std::{collections::BTreeMap, fmt};

use url::Url;

use super::values::{Error, as_text, list, wrong};

/// Somebody else's door at which people may sign in: an OpenID Connect provider.
#[derive(Clone, PartialEq, Eq)]
pub struct SignInProvider {
    /// The text of the sign-in button.
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

/// What a table of `[[oidc]]` may hold.
const MEMBERS: [&str; 5] = ["issuer", "client_id", "client_secret", "name", "domains"];

/// The tables of `[[oidc]]`, as text by name. One that is written as `[oidc]` is the only one.
pub(super) fn tables(value: &figment::value::Value) -> Vec<BTreeMap<String, String>> {
    let several = value.as_array().unwrap_or(std::slice::from_ref(value));
    let tables = several.iter().filter_map(figment::value::Value::as_dict);
    tables.map(|table| table.iter().map(|(name, value)| (name.clone(), as_text(value))).collect()).collect()
}

/// What these tables hold that no provider has, as it is told: `oidc.domain`.
pub(super) fn unknown_members(tables: &[BTreeMap<String, String>]) -> Vec<String> {
    let names = tables.iter().flat_map(BTreeMap::keys).filter(|name| !MEMBERS.contains(&name.as_str()));
    names.map(|name| format!("oidc.{name}")).collect()
}

/// The provider of the single settings, and further ones.
pub(super) fn sign_in_providers(
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
            return Err(wrong(
                "oidc_issuer",
                &issuer,
                "expected the issuer address of the sign-in provider, exactly as the provider gives it",
            ));
        }
        let client_id = text("client_id")
            .ok_or_else(|| wrong("oidc_client_id", "", "expected the client id that the sign-in provider gave you"))?;
        let name = text("name").unwrap_or_else(|| issuer.clone());
        if providers.iter().any(|other| other.name == name) {
            return Err(wrong("oidc_name", &name, "expected a different name for each sign-in provider"));
        }
        let domains = list(table, "domains", "domains, separated by commas")?;
        providers.push(SignInProvider { name, issuer, client_id, client_secret: text("client_secret"), domains });
    }
    Ok(providers)
}
