//! Documents into one form, piece by piece: the same writer serves answers of any size and exports.

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::Format;
use crate::{
    clock::rfc3339,
    formats::{geojson, ical::write::Calendar, jsonld, rows, sheet},
    ids::LocationId,
    model::{
        Event, Kind, Location, Organization, Service, ServiceAtLocation, Taxonomy, TaxonomyTerm,
        occurrences::{Occurrence, OccurrenceStatus},
    },
    publishing::times,
    search::Period,
};

/// Writes public documents in one form. Everything is handed out as it is made: nothing is kept but
/// what the form itself needs to go on.
#[derive(Debug)]
pub struct Writer {
    base: Url,
    form: Form,
    /// When the dates of events are looked for that stand beside them; none where nobody asked at a moment.
    period: Option<Period>,
}

#[derive(Debug)]
enum Form {
    Lines,
    /// The kind decides the columns.
    Sheet(Kind),
    Map(geojson::Collection),
    Calendar(Box<Calendar>),
    Graph {
        begun: bool,
    },
}

impl Writer {
    /// A writer of documents of `kind` for the directory `name` that the world reaches at `base`.
    /// JSON pages and feeds are not made of streams; asked for them, it writes lines.
    pub fn new(format: Format, kind: Kind, base: &Url, name: &str) -> Self {
        let form = match format {
            Format::Csv => Form::Sheet(kind),
            Format::Geojson => Form::Map(geojson::Collection::new(base)),
            Format::Ics => Form::Calendar(Box::new(Calendar::new(base, name))),
            Format::Jsonld => Form::Graph { begun: false },
            Format::Json | Format::Ndjson | Format::Atom => Form::Lines,
        };
        Self { base: base.clone(), form, period: None }
    }

    /// The same, with dates of events in this time beside them.
    #[must_use]
    pub fn with_dates(self, period: Period) -> Self {
        Self { period: Some(period), ..self }
    }

    /// What stands before the first document.
    pub fn begin(&mut self) -> Vec<u8> {
        match &mut self.form {
            Form::Lines => Vec::new(),
            Form::Sheet(kind) => sheet_of(&[heading(*kind, self.period.as_ref())]),
            Form::Map(collection) => collection.begin().as_bytes().to_vec(),
            Form::Calendar(calendar) => calendar.take().into_bytes(),
            Form::Graph { .. } => format!("{{\"@context\":\"{}\",\"@graph\":[", jsonld::CONTEXT).into_bytes(),
        }
    }

    /// Documents with their kinds, in order. `beside` gives other public documents by their ids: a
    /// calendar asks for the events that services stand for, and the places that dates moved to; a sheet
    /// or map of places of services, for the services. A document that cannot be read is left out; those
    /// that we publish can be.
    pub fn add<'a>(&mut self, documents: impl Iterator<Item = (Kind, &'a [u8])>, beside: Beside<'_>) -> Vec<u8> {
        match &mut self.form {
            Form::Lines => documents.fold(Vec::new(), |mut out, (_, bytes)| {
                out.extend_from_slice(bytes);
                out.push(b'\n');
                out
            }),
            Form::Sheet(_) => sheet_of(
                &documents.filter_map(|(kind, bytes)| row(kind, bytes, self.period.as_ref(), beside)).collect::<Vec<_>>(),
            ),
            Form::Map(collection) => documents
                .filter_map(|(kind, bytes)| features(collection, kind, bytes, self.period.as_ref(), beside))
                .collect::<String>()
                .into_bytes(),
            Form::Calendar(calendar) => {
                for (kind, bytes) in documents {
                    dates(calendar, kind, bytes, beside);
                }
                calendar.take().into_bytes()
            }
            Form::Graph { begun } => {
                let mut out = String::new();
                for data in documents.filter_map(|(kind, bytes)| as_data(&self.base, kind, bytes, self.period.as_ref())) {
                    out.push_str(if std::mem::replace(begun, true) { ",\n" } else { "\n" });
                    out.push_str(&jsonld::in_graph(data).to_string());
                }
                out.into_bytes()
            }
        }
    }

    /// What stands behind the last document.
    pub fn end(&mut self) -> Vec<u8> {
        match &mut self.form {
            Form::Lines | Form::Sheet(_) => Vec::new(),
            Form::Map(collection) => collection.end().into_bytes(),
            Form::Calendar(calendar) => {
                calendar.end();
                calendar.take().into_bytes()
            }
            Form::Graph { .. } => b"]}".to_vec(),
        }
    }
}

/// The ids of the other documents that a document needs beside it in this format.
pub(super) fn wants(format: Format, kind: Kind, bytes: &[u8]) -> Vec<Uuid> {
    match kind {
        Kind::ServiceAtLocation if matches!(format, Format::Csv | Format::Geojson) => {
            read::<ServiceAtLocation>(bytes).and_then(|link| link.service_id).map(Uuid::from).into_iter().collect()
        }
        _ if format != Format::Ics => Vec::new(),
        Kind::Service => read::<Service>(bytes).and_then(|service| service.event_id).map(Uuid::from).into_iter().collect(),
        Kind::Event => {
            let changes = read::<Event>(bytes).map(|event| event.changes).unwrap_or_default();
            changes.into_iter().filter_map(|change| change.location_id).map(Uuid::from).collect()
        }
        _ => Vec::new(),
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    serde_json::from_slice(bytes).ok()
}

fn sheet_of(rows: &[Vec<String>]) -> Vec<u8> {
    let mut writer = sheet::Writer::new(Vec::new());
    for row in rows {
        writer.row(row).expect("memory can be written to");
    }
    writer.finish()
}

/// Columns of a sheet of events that depend on when somebody asks.
const NEXT: [&str; 2] = ["next_start", "next_end"];

/// The first date of an event in this time that takes place; so many cancelled ones are passed over.
fn first_date(event: &Event, period: &Period) -> Option<Occurrence> {
    const LOOKED_AT: usize = 200;
    times::dates_of(event, period, LOOKED_AT).into_iter().find(|date| date.status != OccurrenceStatus::Cancelled)
}

fn heading(kind: Kind, period: Option<&Period>) -> Vec<String> {
    match kind {
        Kind::Service => rows::heading(rows::SERVICES),
        Kind::Organization => rows::heading(rows::ORGANIZATIONS),
        Kind::ServiceAtLocation => rows::heading(rows::SERVICES_AT_LOCATIONS),
        Kind::Location => rows::heading(rows::LOCATIONS),
        Kind::Event => {
            let next = period.into_iter().flat_map(|_| NEXT).map(str::to_owned);
            rows::heading(rows::EVENTS).into_iter().chain(next).collect()
        }
        Kind::Taxonomy => rows::heading(rows::TAXONOMIES),
        Kind::TaxonomyTerm => rows::heading(rows::TAXONOMY_TERMS),
    }
}

/// A public document by its id, where there is one.
type Beside<'a> = &'a dyn Fn(Uuid) -> Option<Vec<u8>>;

/// A place of a service with the whole of the service in it: it carries the brief form, which has neither hours nor numbers.
fn with_its_service(bytes: &[u8], beside: Beside<'_>) -> Option<ServiceAtLocation> {
    let mut link: ServiceAtLocation = read(bytes)?;
    let whole = link.service_id.and_then(|id| beside(id.into())).and_then(|bytes| read::<Service>(&bytes));
    if let Some(whole) = whole {
        link.service = Some(Box::new(whole));
    }
    Some(link)
}

fn row(kind: Kind, bytes: &[u8], period: Option<&Period>, beside: Beside<'_>) -> Option<Vec<String>> {
    match kind {
        Kind::Service => read::<Service>(bytes).map(|doc| rows::row(rows::SERVICES, &doc)),
        Kind::Organization => read::<Organization>(bytes).map(|doc| rows::row(rows::ORGANIZATIONS, &doc)),
        Kind::ServiceAtLocation => with_its_service(bytes, beside).map(|doc| rows::row(rows::SERVICES_AT_LOCATIONS, &doc)),
        Kind::Location => read::<Location>(bytes).map(|doc| rows::row(rows::LOCATIONS, &doc)),
        Kind::Event => read::<Event>(bytes).map(|doc| {
            let next = period.into_iter().flat_map(|period| {
                let date = first_date(&doc, period);
                let said = |at: fn(&Occurrence) -> DateTime<Utc>| date.as_ref().map(|date| rfc3339(at(date))).unwrap_or_default();
                [said(|date| date.start), said(|date| date.end)]
            });
            rows::row(rows::EVENTS, &doc).into_iter().chain(next).collect()
        }),
        Kind::Taxonomy => read::<Taxonomy>(bytes).map(|doc| rows::row(rows::TAXONOMIES, &doc)),
        Kind::TaxonomyTerm => read::<TaxonomyTerm>(bytes).map(|doc| rows::row(rows::TAXONOMY_TERMS, &doc)),
    }
}

fn features(
    collection: &mut geojson::Collection,
    kind: Kind,
    bytes: &[u8],
    period: Option<&Period>,
    beside: Beside<'_>,
) -> Option<String> {
    match kind {
        Kind::Service => read(bytes).map(|doc| collection.service(&doc)),
        Kind::ServiceAtLocation => with_its_service(bytes, beside).map(|doc| collection.service_at_location(&doc)),
        Kind::Location => read(bytes).map(|doc| collection.location(&doc)),
        Kind::Event => read(bytes).map(|doc| collection.event(&doc, period.and_then(|period| first_date(&doc, period)).as_ref())),
        Kind::Organization | Kind::Taxonomy | Kind::TaxonomyTerm => None,
    }
}

fn dates(calendar: &mut Calendar, kind: Kind, bytes: &[u8], beside: Beside<'_>) {
    let place = |id: LocationId| beside(id.into()).and_then(|bytes| read::<Location>(&bytes));
    match kind {
        Kind::Event => {
            if let Some(event) = read::<Event>(bytes) {
                calendar.event(&event, &place);
            }
        }
        Kind::Service => {
            let Some(service) = read::<Service>(bytes) else { return };
            // A series that stands in for an event goes out as the event: it knows its exceptions,
            // and whoever has both calendars does not see it twice.
            match service.event_id.and_then(|id| beside(id.into())).and_then(|bytes| read::<Event>(&bytes)) {
                Some(event) => calendar.event(&event, &place),
                None => calendar.service(&service),
            }
        }
        _ => {}
    }
}

/// A document in schema.org terms.
pub(super) fn as_data(base: &Url, kind: Kind, bytes: &[u8], period: Option<&Period>) -> Option<Value> {
    match kind {
        Kind::Service => read(bytes).map(|doc| jsonld::service(base, &doc)),
        Kind::Organization => read(bytes).map(|doc| jsonld::organisation(base, &doc)),
        Kind::Event => read(bytes).map(|doc| {
            let dates = period.map(|period| times::dates_of(&doc, period, jsonld::MOST_DATES)).unwrap_or_default();
            jsonld::event(base, &doc, &jsonld::telling_dates(dates))
        }),
        Kind::Location => read(bytes).map(|doc| jsonld::place(base, &doc)),
        Kind::ServiceAtLocation | Kind::Taxonomy | Kind::TaxonomyTerm => None,
    }
}
