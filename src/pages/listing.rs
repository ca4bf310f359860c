//! A service or event as lists show it: enough to decide whether to open it.

use chrono::NaiveDate;
use maud::{Markup, html};
use uuid::Uuid;

use super::{
    Site, data, times,
    words::{self, Checked},
};
use crate::{
    geo::Point,
    http::Problem,
    model::{Attribute, Event, Location, LocationPolicy, LocationType, Service, ServiceStatus, event::EventStatus},
    published::shelf::Form,
};

/// What a list shows of one service or event.
#[derive(Clone, Debug)]
pub(super) struct Listing {
    href: String,
    name: String,
    organisation: Option<String>,
    summary: Option<String>,
    tags: Vec<Tag>,
    place: Option<String>,
    distance: Option<String>,
    cost: Option<String>,
    when: Option<String>,
    /// Whether somebody may be in danger if others see them reading it.
    pub(super) sensitive: bool,
}

/// A word about the state of something.
#[derive(Clone, Debug)]
pub(super) struct Tag {
    words: String,
    look: &'static str,
}

impl Tag {
    fn new(words: impl Into<String>, look: &'static str) -> Self {
        Self { words: words.into(), look }
    }
}

/// Whether a term with this code stands for something that others had better not see one read.
pub(super) fn is_sensitive_code(code: &str) -> bool {
    code == "safety"
        || code == "refuge"
        || ["safety-", "health-crisis", "health-alcohol-drugs", "health-gambling"].iter().any(|start| code.starts_with(start))
}

fn carries_sensitive(attributes: &[Attribute]) -> bool {
    attributes.iter().filter_map(|attribute| attribute.taxonomy_term.as_ref()?.code.as_deref()).any(is_sensitive_code)
}

/// Whether somebody may be in danger if others see them reading about this service.
pub(super) fn is_sensitive(service: &Service) -> bool {
    let hides = service
        .service_at_locations
        .iter()
        .filter_map(|link| link.location.as_ref())
        .any(|place| place.location_policy.is_some());
    hides || carries_sensitive(&service.attributes)
}

/// The same for an event.
pub(super) fn is_sensitive_event(event: &Event) -> bool {
    event.location.as_ref().is_some_and(|place| place.location_policy.is_some()) || carries_sensitive(&event.attributes)
}

/// What the state of a service is called.
pub(super) fn tags(service: &Service, today: NaiveDate) -> Vec<Tag> {
    let mut tags = Vec::new();
    match service.status {
        ServiceStatus::Active => {}
        ServiceStatus::TemporarilyClosed => tags.push(Tag::new("Temporarily closed", "warn")),
        ServiceStatus::Inactive => tags.push(Tag::new("Not running now", "warn")),
        ServiceStatus::Defunct => tags.push(Tag::new("Closed for good", "warn")),
    }
    if service.event_id.is_some() {
        // Nobody checks single events; their dates say how fresh they are.
        tags.push(Tag::new("Event or workshop", "plain"));
        return tags;
    }
    tags.push(match Checked::read(service.assured_date.as_deref(), today) {
        Checked::On(day) => Tag::new(format!("Checked on {}", words::date(day)), "good"),
        Checked::LongAgo(_) | Checked::Never => Tag::new("Needs checking", "doubt"),
    });
    tags
}

/// The tags, one beside the other.
pub(super) fn tag_list(tags: &[Tag]) -> Markup {
    html! { @if !tags.is_empty() { ul class="tags" { @for tag in tags { li class=(tag.look) { (tag.words) } } } } }
}

/// Where it is, as far as it may be told, in a few words.
fn place_in_words(place: &Location) -> String {
    let name = place.name.as_deref().unwrap_or_default();
    match (place.location_policy, place.location_type) {
        (Some(LocationPolicy::Area), _) if name.is_empty() => "The exact address is not published".to_owned(),
        (Some(LocationPolicy::Area), _) => format!("In {name} (the exact address is not published)"),
        (Some(_), _) => "Address given when you book".to_owned(),
        (None, LocationType::Virtual) => "Online".to_owned(),
        (None, _) => {
            let town = place.addresses.first().map(|address| address.city.as_str()).filter(|town| !name.contains(town));
            [Some(name), town].into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
        }
    }
}

fn whereabouts(service: &Service) -> Option<String> {
    let mut places: Vec<String> = service
        .service_at_locations
        .iter()
        .filter_map(|link| link.location.as_deref())
        .map(place_in_words)
        .filter(|words| !words.is_empty())
        .collect();
    places.dedup();
    match places.as_slice() {
        [] if service.phones.is_empty() && service.url.is_some() => Some("Online".to_owned()),
        [] if !service.phones.is_empty() => Some("By phone".to_owned()),
        [] => None,
        some if some.len() <= 2 => Some(some.join("; ")),
        [first, rest @ ..] => Some(format!("{first}; and {} more places", rest.len())),
    }
}

fn nearest(service: &Service, from: Point) -> Option<f64> {
    let points = service.service_at_locations.iter().filter_map(|link| {
        let place = link.location.as_ref()?;
        Point::new(place.latitude?.0, place.longitude?.0)
    });
    points.map(|point| point.metres_to(from)).min_by(f64::total_cmp)
}

fn when(service: &Service, today: NaiveDate) -> Option<String> {
    let all = service.schedules.iter().chain(service.service_at_locations.iter().flat_map(|link| &link.schedules));
    let said: Vec<String> =
        all.filter(|schedule| !schedule.is_over(today)).filter_map(|schedule| times::schedule(schedule, today)).collect();
    match said.as_slice() {
        [] => None,
        [only] => Some(only.clone()),
        [first, ..] => Some(format!("{first}; and at other times")),
    }
}

impl Listing {
    /// A service, seen from a point.
    pub(super) fn of(service: &Service, today: NaiveDate, from: Option<Point>) -> Self {
        Self {
            href: match service.event_id {
                Some(event) => format!("/directory/events/{event}"),
                None => format!("/directory/services/{}", service.id),
            },
            name: service.name.clone(),
            organisation: service.organization.as_ref().map(|organisation| organisation.name.clone()),
            summary: service.description.as_deref().map(|text| words::summary(text, 260)),
            tags: tags(service, today),
            place: whereabouts(service),
            distance: from.and_then(|from| nearest(service, from)).map(words::distance),
            cost: words::costs(service.fees_description.as_deref().or(service.fees.as_deref()), &service.cost_options)
                .into_iter()
                .next(),
            when: when(service, today),
            sensitive: is_sensitive(service),
        }
    }

    /// An event series.
    pub(super) fn of_event(event: &Event) -> Self {
        let state = match event.status {
            EventStatus::Scheduled => None,
            EventStatus::Cancelled => Some(Tag::new("Cancelled", "warn")),
            EventStatus::Postponed => Some(Tag::new("Postponed", "warn")),
        };
        Self {
            href: format!("/directory/events/{}", event.id),
            name: event.name.clone(),
            organisation: None,
            summary: event.description.as_deref().map(|text| words::summary(text, 260)),
            tags: state.into_iter().collect(),
            place: event
                .location
                .as_deref()
                .map(place_in_words)
                .or_else(|| event.online_url.as_ref().map(|_| "Online".to_owned())),
            distance: None,
            cost: words::costs(None, &event.cost_options).into_iter().next(),
            when: Some(times::event(event)),
            sensitive: is_sensitive_event(event),
        }
    }
}

/// The services under these ids, as lists show them.
/// # Errors
/// When the disk fails.
pub(super) fn of_services(site: &Site, ids: &[Uuid], from: Option<Point>) -> Result<Vec<Listing>, Problem> {
    let today = site.today();
    Ok(data::these::<Service>(&site.directory, ids, Form::Full)?
        .iter()
        .map(|found| Listing::of(&found.document, today, from))
        .collect())
}

/// The list. `level` is the heading that the names are.
pub(super) fn list(listings: &[Listing], level: &str) -> Markup {
    html! { ul class="listings" { @for listing in listings { li { (item(listing, level)) } } } }
}

fn item(listing: &Listing, level: &str) -> Markup {
    let name = html! { a href=(listing.href) { (listing.name) } };
    let facts: Vec<(&str, String)> = [
        (
            "Where",
            match (&listing.place, &listing.distance) {
                (Some(place), Some(distance)) => Some(format!("{place}, {distance}")),
                (place, distance) => place.clone().or_else(|| distance.clone()),
            },
        ),
        ("When", listing.when.clone()),
        ("Cost", listing.cost.clone()),
    ]
    .into_iter()
    .filter_map(|(label, value)| Some((label, value?)))
    .collect();
    html! {
        @match level { "h2" => h2 { (name) }, _ => h3 { (name) } }
        @if let Some(organisation) = &listing.organisation { p class="by" { (organisation) } }
        (tag_list(&listing.tags))
        @if let Some(summary) = &listing.summary { p { (summary) } }
        @if !facts.is_empty() { dl class="facts" { @for (label, value) in &facts { div { dt { (label) } dd { (value) } } } } }
    }
}
