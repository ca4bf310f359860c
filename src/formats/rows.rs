//! Public documents as rows of a sheet: which columns each kind has, and what stands in them. Of
//! several places a row has the first. [`super::sheet`] writes and guards them.

mod hours;

use crate::model::{
    Attribute, Event, Location, Organization, Phone, Schedule, Service, ServiceAtLocation, Taxonomy, TaxonomyTerm,
    event::{DateChange, EventChange},
    languages::known,
    location::Address,
    parts::{CostOption, Language},
    values::{LocalDateTime, Number},
};

/// A column of the sheet of a kind.
#[derive(Debug)]
pub struct Column<T> {
    /// Its name.
    pub name: &'static str,
    cell: fn(&T) -> String,
}

const fn column<T>(name: &'static str, cell: fn(&T) -> String) -> Column<T> {
    Column { name, cell }
}

/// The heading of a sheet.
pub fn heading<T>(columns: &[Column<T>]) -> Vec<String> {
    columns.iter().map(|column| column.name.to_owned()).collect()
}

/// A document as a row.
pub fn row<T>(columns: &[Column<T>], document: &T) -> Vec<String> {
    columns.iter().map(|column| (column.cell)(document)).collect()
}

/// What it costs: amount, currency and what for; words alone where there is no amount.
fn costs(options: &[CostOption]) -> String {
    let said = options.iter().map(|option| {
        let what = option.option.iter().chain(&option.amount_description).cloned().collect::<Vec<_>>().join(", ");
        match option.amount {
            Some(Number(amount)) => format!("{amount} {} {what}", option.currency.as_deref().unwrap_or("GBP")),
            None => what,
        }
    });
    said.map(|said| said.trim().to_owned()).filter(|said| !said.is_empty()).collect::<Vec<_>>().join("; ")
}

/// Services: the columns that import reads.
pub const SERVICES: &[Column<Service>] = &[
    column("id", |doc| doc.id.to_string()),
    column("organisation", |doc| doc.organization.as_ref().map(|found| found.name.clone()).unwrap_or_default()),
    column("organisation_description", |doc| {
        doc.organization.as_ref().map(|found| found.description.clone()).unwrap_or_default()
    }),
    column("service", |doc| doc.name.clone()),
    column("description", |doc| text(doc.description.as_ref())),
    column("email", |doc| text(doc.email.as_ref())),
    column("phone", |doc| phones(&doc.numbers(), &doc.phones)),
    column("website", |doc| text(doc.url.as_ref())),
    column("address_1", |doc| address_1(first_place(doc))),
    column("address_2", |doc| postal(first_place(doc), |address| text(address.address_2.as_ref()))),
    column("city", |doc| postal(first_place(doc), |address| address.city.clone())),
    column("county", |doc| postal(first_place(doc), |address| address.state_province.clone())),
    column("postcode", |doc| postal(first_place(doc), |address| address.postal_code.clone())),
    column("latitude", |doc| text(first_place(doc).and_then(|place| place.latitude))),
    column("longitude", |doc| text(first_place(doc).and_then(|place| place.longitude))),
    column("days", |doc| hours::days_cell(schedules(doc))),
    column("opens_at", |doc| hours::opens_at(schedules(doc))),
    column("closes_at", |doc| hours::closes_at(schedules(doc))),
    column("cost", |doc| doc.fees_description.clone().or_else(|| doc.fees.clone()).unwrap_or_else(|| costs(&doc.cost_options))),
    column("minimum_age", |doc| text(doc.minimum_age)),
    column("maximum_age", |doc| text(doc.maximum_age)),
    column("eligibility", |doc| text(doc.eligibility_description.as_ref())),
    column("languages", |doc| languages(&doc.languages)),
    column("needs", |doc| needs(&doc.attributes)),
    column("status", |doc| word(&doc.status)),
    column("opening_hours", |doc| hours::opening_hours(schedules(doc))),
];

/// Organizations.
pub const ORGANIZATIONS: &[Column<Organization>] = &[
    column("id", |doc| doc.id.to_string()),
    column("name", |doc| doc.name.clone()),
    column("alternate_name", |doc| text(doc.alternate_name.as_ref())),
    column("description", |doc| doc.description.clone()),
    column("email", |doc| text(doc.email.as_ref())),
    column("phone", |doc| phones(&doc.numbers(), &doc.phones)),
    column("website", |doc| text(doc.website.as_ref())),
    column("legal_status", |doc| text(doc.legal_status.as_ref())),
    column("identifiers", |doc| {
        let numbers = doc.organization_identifiers.iter();
        let said =
            numbers.map(|one| format!("{} {}", one.identifier_scheme.as_ref().unwrap_or(&one.identifier_type), one.identifier));
        said.collect::<Vec<_>>().join("; ")
    }),
    column("parent_organization_id", |doc| text(doc.parent_organization_id)),
    column("last_modified", |doc| extra(&doc.extra, "last_modified")),
];

/// Services at locations, each with the whole service in it.
pub const SERVICES_AT_LOCATIONS: &[Column<ServiceAtLocation>] = &[
    column("id", |doc| doc.id.to_string()),
    column("service_id", |doc| text(doc.service_id)),
    column("service", |doc| doc.service.as_ref().map(|service| service.name.clone()).unwrap_or_default()),
    column("organisation", |doc| {
        let organization = doc.service.as_ref().and_then(|service| service.organization.as_ref());
        organization.map(|found| found.name.clone()).unwrap_or_default()
    }),
    column("status", |doc| doc.service.as_ref().map(|service| word(&service.status)).unwrap_or_default()),
    column("location_id", |doc| text(doc.location_id)),
    column("location", |doc| text(doc.location.as_ref().and_then(|place| place.name.as_ref()))),
    column("address_1", |doc| postal(doc.location.as_deref(), |address| address.address_1.clone())),
    column("address_2", |doc| postal(doc.location.as_deref(), |address| text(address.address_2.as_ref()))),
    column("city", |doc| postal(doc.location.as_deref(), |address| address.city.clone())),
    column("county", |doc| postal(doc.location.as_deref(), |address| address.state_province.clone())),
    column("postcode", |doc| postal(doc.location.as_deref(), |address| address.postal_code.clone())),
    column("latitude", |doc| text(doc.location.as_ref().and_then(|place| place.latitude))),
    column("longitude", |doc| text(doc.location.as_ref().and_then(|place| place.longitude))),
    column("description", |doc| text(doc.description.as_ref())),
    column("phone", |doc| phones(&doc.numbers_or_theirs(doc.service.as_deref()), &doc.phones)),
    column("days", |doc| hours::days_cell(doc.hours())),
    column("opens_at", |doc| hours::opens_at(doc.hours())),
    column("closes_at", |doc| hours::closes_at(doc.hours())),
    column("opening_hours", |doc| hours::opening_hours(doc.hours())),
    column("last_modified", |doc| extra(&doc.extra, "last_modified")),
];

/// Locations.
pub const LOCATIONS: &[Column<Location>] = &[
    column("id", |doc| doc.id.to_string()),
    column("name", |doc| text(doc.name.as_ref())),
    column("type", |doc| word(&doc.location_type)),
    column("description", |doc| text(doc.description.as_ref())),
    column("address_1", |doc| postal(Some(doc), |address| address.address_1.clone())),
    column("address_2", |doc| postal(Some(doc), |address| text(address.address_2.as_ref()))),
    column("city", |doc| postal(Some(doc), |address| address.city.clone())),
    column("county", |doc| postal(Some(doc), |address| address.state_province.clone())),
    column("postcode", |doc| postal(Some(doc), |address| address.postal_code.clone())),
    column("latitude", |doc| text(doc.latitude)),
    column("longitude", |doc| text(doc.longitude)),
    column("transportation", |doc| text(doc.transportation.as_ref())),
    column("phone", |doc| phones(&doc.numbers(), &doc.phones)),
    column("accessibility", |doc| {
        list(doc.accessibility.iter().filter_map(|one| one.description.as_deref().or(one.accessibility.as_deref())), "; ")
    }),
    column("last_modified", |doc| extra(&doc.extra, "last_modified")),
];

/// Event series.
pub const EVENTS: &[Column<Event>] = &[
    column("id", |doc| doc.id.to_string()),
    column("organisation", |doc| doc.organization.as_ref().map(|found| found.name.clone()).unwrap_or_default()),
    column("name", |doc| doc.name.clone()),
    column("description", |doc| text(doc.description.as_ref())),
    column("status", |doc| word(&doc.status)),
    column("start", |doc| doc.start.to_string()),
    column("end", |doc| doc.end.to_string()),
    column("timezone", |doc| doc.timezone.to_string()),
    column("rrule", |doc| text(doc.rrule.as_ref())),
    column("exdates", |doc| list(doc.exdates.iter().map(LocalDateTime::as_str), "; ")),
    column("rdates", |doc| list(doc.rdates.iter().map(LocalDateTime::as_str), "; ")),
    column("changes", |doc| doc.changes.iter().map(change).collect::<Vec<_>>().join("; ")),
    column("location", |doc| text(doc.location.as_ref().and_then(|place| place.name.as_ref()))),
    column("address_1", |doc| postal(doc.location.as_deref(), |address| address.address_1.clone())),
    column("address_2", |doc| postal(doc.location.as_deref(), |address| text(address.address_2.as_ref()))),
    column("city", |doc| postal(doc.location.as_deref(), |address| address.city.clone())),
    column("postcode", |doc| postal(doc.location.as_deref(), |address| address.postal_code.clone())),
    column("latitude", |doc| text(doc.location.as_ref().and_then(|place| place.latitude))),
    column("longitude", |doc| text(doc.location.as_ref().and_then(|place| place.longitude))),
    column("online_url", |doc| text(doc.online_url.as_ref())),
    column("website", |doc| text(doc.url.as_ref())),
    column("booking_url", |doc| text(doc.booking_url.as_ref())),
    column("cost", |doc| costs(&doc.cost_options)),
    column("minimum_age", |doc| text(doc.minimum_age)),
    column("maximum_age", |doc| text(doc.maximum_age)),
    column("eligibility", |doc| text(doc.eligibility_description.as_ref())),
    column("capacity", |doc| text(doc.capacity)),
    column("languages", |doc| languages(&doc.languages)),
    column("phone", |doc| phones(&doc.numbers(), &doc.phones)),
    column("needs", |doc| needs(&doc.attributes)),
    column("last_modified", |doc| doc.last_modified.map(crate::clock::rfc3339).unwrap_or_default()),
];

/// Taxonomies.
pub const TAXONOMIES: &[Column<Taxonomy>] = &[
    column("id", |doc| doc.id.to_string()),
    column("name", |doc| doc.name.clone()),
    column("description", |doc| doc.description.clone()),
    column("uri", |doc| text(doc.uri.as_ref())),
    column("version", |doc| text(doc.version.as_ref())),
    column("last_modified", |doc| extra(&doc.extra, "last_modified")),
];

/// Taxonomy terms.
pub const TAXONOMY_TERMS: &[Column<TaxonomyTerm>] = &[
    column("id", |doc| doc.id.to_string()),
    column("code", |doc| text(doc.code.as_ref())),
    column("name", |doc| doc.name.clone()),
    column("description", |doc| doc.description.clone()),
    column("parent_id", |doc| text(doc.parent_id)),
    column("taxonomy_id", |doc| text(doc.taxonomy_id)),
    column("taxonomy", |doc| doc.taxonomy_detail.as_ref().map(|found| found.name.clone()).unwrap_or_default()),
    column("term_uri", |doc| text(doc.term_uri.as_ref())),
    column("last_modified", |doc| extra(&doc.extra, "last_modified")),
];

fn text(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// An enum as its JSON text.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn list<'a>(items: impl Iterator<Item = &'a str>, with: &str) -> String {
    items.collect::<Vec<_>>().join(with)
}

fn extra(members: &serde_json::Map<String, serde_json::Value>, name: &str) -> String {
    text(members.get(name).and_then(|value| value.as_str()))
}

/// The numbers to ring, and behind them those of its own that only a fax answers.
fn phones(to_ring: &[&Phone], own: &[Phone]) -> String {
    let faxes = own.iter().filter(|phone| phone.is_fax());
    to_ring.iter().copied().chain(faxes).map(Phone::in_words).collect::<Vec<_>>().join(" / ")
}

/// By name; some feeds have codes alone.
fn languages(languages: &[Language]) -> String {
    let names = languages.iter().filter_map(|language| {
        let named = language.name.as_deref();
        named.or_else(|| language.code.as_deref().map(|code| known(code).map_or(code, |known| known.name)))
    });
    list(names, ", ")
}

fn needs(attributes: &[Attribute]) -> String {
    let terms = attributes.iter().filter_map(|attribute| attribute.taxonomy_term.as_deref());
    list(terms.map(|term| term.code.as_deref().unwrap_or(&term.name)), "; ")
}

fn first_place(service: &Service) -> Option<&Location> {
    service.service_at_locations.first()?.location.as_deref()
}

/// The hours of a service, or else those at its first place.
fn schedules(service: &Service) -> &[Schedule] {
    match service.service_at_locations.first() {
        Some(link) if service.schedules.is_empty() => &link.schedules,
        _ => &service.schedules,
    }
}

fn postal(place: Option<&Location>, part: impl Fn(&Address) -> String) -> String {
    place.and_then(Location::address).map(part).unwrap_or_default()
}

/// The first line of the address, or what the place is called.
fn address_1(place: Option<&Location>) -> String {
    let Some(place) = place else { return String::new() };
    place.address().map_or_else(|| text(place.name.as_ref()), |address| address.address_1.clone())
}

fn change(change: &EventChange) -> String {
    let what = match (change.status, &change.new_start) {
        (DateChange::Cancelled, _) => "cancelled".to_owned(),
        (DateChange::Full, _) => "full".to_owned(),
        (DateChange::Moved, Some(to)) => format!("moved to {to}"),
        (DateChange::Moved, None) => "moved".to_owned(),
    };
    let note = change.note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
    format!("{} {what}{note}", change.start)
}
