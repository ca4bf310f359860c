//! The catalogues: what the site says, by the English that stands in the templates.

use std::{
    collections::{BTreeMap, HashMap},
    sync::LazyLock,
};

use serde::Deserialize;

use super::Language;

/// What one language has words for.
#[derive(Debug, Deserialize)]
pub(super) struct Catalogue {
    /// Its tag.
    #[cfg_attr(not(test), expect(dead_code, reason = "for those who read the file; a test compares it"))]
    pub(super) language: String,
    /// Who has looked at it.
    #[cfg_attr(not(test), expect(dead_code, reason = "for those who read the file; a test compares it"))]
    pub(super) status: String,
    /// What is said, by what it is in English.
    pub(super) strings: HashMap<String, Said>,
}

/// One thing that is said.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Said {
    /// Always alike.
    Plain(String),
    /// By number (`one`, `few`, `many`, `other`) or by gender (`masculine`, `feminine`).
    Forms(BTreeMap<String, String>),
}

impl Catalogue {
    /// What is said always alike.
    pub(super) fn plain(&self, english: &str) -> Option<&str> {
        match self.strings.get(english)? {
            Said::Plain(said) => Some(said),
            Said::Forms(_) => None,
        }
    }

    /// One form of what is said in several.
    pub(super) fn form(&self, english: &str, form: &str) -> Option<&str> {
        match self.strings.get(english)? {
            Said::Plain(said) => Some(said),
            Said::Forms(forms) => forms.get(form).or_else(|| forms.get("other")).map(String::as_str),
        }
    }
}

static POLISH: LazyLock<Catalogue> = LazyLock::new(|| read(include_str!("../../../content/strings/pl.toml")));
static URDU: LazyLock<Catalogue> = LazyLock::new(|| read(include_str!("../../../content/strings/ur.toml")));

/// The catalogue of a language; English needs none.
pub(super) fn of(language: Language) -> Option<&'static Catalogue> {
    match language {
        Language::English => None,
        Language::Polish => Some(&POLISH),
        Language::Urdu => Some(&URDU),
    }
}

fn read(text: &str) -> Catalogue {
    toml::from_str(text).expect("the catalogues are part of the program, and a test reads them")
}
