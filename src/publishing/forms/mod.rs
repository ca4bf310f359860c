//! The forms in which the API gives its documents: one place turns published documents of any kind
//! into each of them, for lists, for single documents and for `fingerpost export`.
//!
//! The parameter `format` decides, never a header; the same filters apply to every form, because
//! all of them are made of the same documents.

mod answer;
pub mod export;
mod newest;
mod write;

use crate::{
    http::{Parameters, Problem},
    model::Kind,
};
pub(super) use answer::{Wanted, document, list, minimal};
pub(super) use newest::newest;
pub use write::Writer;

/// A form of what is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Pages in the envelope of the standard.
    Json,
    /// One document per line.
    Ndjson,
    /// A sheet, every cell guarded.
    Csv,
    /// What has a point, for maps.
    Geojson,
    /// A calendar.
    Ics,
    /// What is new, for feed readers.
    Atom,
    /// schema.org terms.
    Jsonld,
}

impl Format {
    const ALL: [Self; 7] = [Self::Json, Self::Ndjson, Self::Csv, Self::Geojson, Self::Ics, Self::Atom, Self::Jsonld];

    /// What the parameter says.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
            Self::Geojson => "geojson",
            Self::Ics => "ics",
            Self::Atom => "atom",
            Self::Jsonld => "jsonld",
        }
    }

    /// The media type, without parameters.
    pub fn media(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv",
            Self::Geojson => "application/geo+json",
            Self::Ics => "text/calendar",
            Self::Atom => "application/atom+xml",
            Self::Jsonld => "application/ld+json",
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Ics => "text/calendar; charset=utf-8",
            Self::Atom => "application/atom+xml; charset=utf-8",
            other => other.media(),
        }
    }

    /// What a browser is to do with it and what to call it: a name that says nothing of what was
    /// looked for. A calendar opens in the calendar.
    fn disposition(self, of: &str) -> Option<String> {
        match self {
            Self::Csv => Some(format!("attachment; filename=\"{of}.csv\"")),
            Self::Geojson => Some(format!("attachment; filename=\"{of}.geojson\"")),
            Self::Ics => Some(format!("inline; filename=\"{of}.ics\"")),
            _ => None,
        }
    }

    /// The format that the parameter names, in small letters or capitals.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name().eq_ignore_ascii_case(name))
    }

    /// Read the parameter; JSON where it is missing.
    /// # Errors
    /// When it is not one of `among`, the names of formats.
    pub(super) fn read(parameters: &Parameters, among: &[&str]) -> Result<Self, Problem> {
        let Some(text) = parameters.text("format")? else { return Ok(Self::Json) };
        let found = Self::from_name(text).filter(|format| among.contains(&format.name()));
        found.ok_or_else(|| Problem::bad_parameter("format", text, &format!("expected {}", one_of(among))))
    }
}

fn one_of(names: &[&str]) -> String {
    match names {
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
        [] => String::new(),
    }
}

/// The formats that a list of `kind` has, as the parameter names them.
pub fn of_list(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Service | Kind::Event => &["json", "ndjson", "csv", "geojson", "ics", "atom", "jsonld"],
        Kind::Organization => &["json", "ndjson", "csv", "atom", "jsonld"],
        Kind::ServiceAtLocation | Kind::Location => &["json", "ndjson", "csv", "geojson"],
        Kind::Taxonomy | Kind::TaxonomyTerm => &["json", "ndjson", "csv"],
    }
}

/// The formats that a single document of `kind` has.
pub fn of_document(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Service | Kind::Event | Kind::Organization => &["json", "ics", "jsonld"],
        _ => &["json"],
    }
}

/// Addresses of lists for programs that want the form in the path, as calendars and feed readers do.
pub const SHORTCUTS: [(&str, Kind, Format); 5] = [
    ("/events.ics", Kind::Event, Format::Ics),
    ("/services.ics", Kind::Service, Format::Ics),
    ("/services.atom", Kind::Service, Format::Atom),
    ("/organizations.atom", Kind::Organization, Format::Atom),
    ("/events.atom", Kind::Event, Format::Atom),
];

/// The id and the format of a single document: `{id}.ics` is the same as `format=ics`.
/// # Errors
/// When the format is not one of the kind's.
pub(super) fn asked<'a>(kind: Kind, id: &'a str, parameters: &Parameters) -> Result<(&'a str, Format), Problem> {
    match id.strip_suffix(".ics") {
        Some(id) if of_document(kind).contains(&"ics") => Ok((id, Format::Ics)),
        _ => Ok((id, Format::read(parameters, of_document(kind))?)),
    }
}

/// The name of a file of documents of `kind`.
fn file_name(kind: Kind) -> &'static str {
    super::COLLECTIONS.iter().find(|collection| collection.kind == kind).map_or("documents", |collection| &collection.path[1..])
}
