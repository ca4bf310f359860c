//! The fields of a form, as somebody sent them.

use axum::body::{Body, to_bytes};
use http::{HeaderMap, header};

use super::{FORM_OF, LARGEST_FORM, MOST_FIELDS};
use crate::{
    http::{Problem, visitor::FORM_TOKEN},
    identity::SentForm,
    model::text,
};

/// The fields of a form, in their order, without invisible characters.
#[derive(Clone, Debug, Default)]
pub(in crate::pages) struct Fields(pub(super) Vec<(String, String)>);

impl Fields {
    /// Read a form from the body of a request.
    pub(in crate::pages) async fn read(headers: &HeaderMap, body: Body) -> Result<Self, Problem> {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.starts_with("application/x-www-form-urlencoded") {
            return Err(Problem::bad_request("this is not a form".to_owned()));
        }
        let bytes = to_bytes(body, LARGEST_FORM)
            .await
            .map_err(|_| Problem::bad_request(format!("the form has more than {} kB", LARGEST_FORM >> 10)))?;
        let fields: Vec<(String, String)> = url::form_urlencoded::parse(&bytes)
            .take(MOST_FIELDS)
            .map(|(name, value)| (name.into_owned(), text::clean(&value)))
            .collect();
        Ok(Self(fields))
    }

    /// A form that was sent before.
    pub(in crate::pages) fn of(sent: &SentForm) -> Self {
        Self(sent.fields.clone())
    }

    /// The form as it was sent to `path`, but for what proved it to be ours and said whose it is.
    pub(in crate::pages) fn sent_to(&self, path: &str) -> SentForm {
        let fields = self.0.iter().filter(|(name, _)| name != FORM_TOKEN && name != FORM_OF).cloned().collect();
        SentForm { path: path.to_owned(), fields }
    }

    /// The first value of a field; empty where there is none.
    pub(in crate::pages) fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The same, where there is one that is not empty.
    pub(in crate::pages) fn some(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// What somebody wrote or chose, without what a page adds to prove where it comes from.
    pub(in crate::pages) fn written(&self) -> impl Iterator<Item = (&str, &str)> {
        let said = self.0.iter().filter(|(name, _)| ![FORM_TOKEN, FORM_OF].contains(&name.as_str()));
        said.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Every value of a field.
    pub(in crate::pages) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether a box was ticked or a button pressed.
    pub(in crate::pages) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// The fields whose names begin like this.
    pub(in crate::pages) fn starting<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().filter(move |(name, _)| name.starts_with(prefix)).map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Put a value under a name, beside what is there.
    pub(in crate::pages) fn add(&mut self, name: &str, value: impl Into<String>) {
        self.0.push((name.to_owned(), value.into()));
    }

    /// Put a value under a name, in place of what is there.
    pub(in crate::pages) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.retain(|(known, _)| known != name);
        self.0.push((name.to_owned(), value.into()));
    }
}
