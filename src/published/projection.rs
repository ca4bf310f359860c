//! An event series as an Open Referral UK service, so that software that knows only the standard
//! sees it too. The standard has weekly and monthly schedules and no exceptions; the exact dates
//! are in the event itself.

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};

use super::render::projected_service_id;
use crate::{
    ids,
    model::{
        Event, Location, LocationPolicy, Schedule, Service, ServiceAtLocation, ServiceStatus,
        event::EventStatus,
        schedule::Frequency,
        values::{LocalDateTime, Number, TimeOfDay},
    },
};

/// The service that stands for `event`, as things are at `now`: its places are added with [`link`].
pub fn as_service(event: &Event, now: DateTime<Utc>) -> Service {
    let over = last_day(event).is_some_and(|last| last < now.with_timezone(&event.timezone.tz()).date_naive());
    let status = match event.status {
        EventStatus::Scheduled if !over => ServiceStatus::Active,
        EventStatus::Postponed => ServiceStatus::TemporarilyClosed,
        _ => ServiceStatus::Inactive,
    };
    let mut service = empty_service(event, status);
    service.description.clone_from(&event.description);
    service.url = event.url.clone().or_else(|| event.online_url.clone());
    service.eligibility_description.clone_from(&event.eligibility_description);
    service.application_process = event.booking_url.as_ref().map(|url| format!("Book at {url}"));
    service.minimum_age = event.minimum_age;
    service.maximum_age = event.maximum_age;
    service.phones.clone_from(&event.phones);
    service.contacts.clone_from(&event.contacts);
    service.languages.clone_from(&event.languages);
    service.cost_options.clone_from(&event.cost_options);
    service.attributes.clone_from(&event.attributes);
    service.schedules = vec![schedule(event)];
    service
}

/// The event's place as the place of the service that stands for it.
pub fn link(event: &Event, place: &Location, policy: LocationPolicy) -> ServiceAtLocation {
    let id = uuid::Uuid::from(event.id);
    ServiceAtLocation {
        id: ids::derived(id, "service_at_location").into(),
        service_id: Some(projected_service_id(id).into()),
        location_id: Some(place.id),
        description: None,
        contacts: Vec::new(),
        phones: Vec::new(),
        schedules: Vec::new(),
        service_areas: Vec::new(),
        location: None,
        service: None,
        attributes: Vec::new(),
        metadata: Vec::new(),
        location_policy: Some(policy),
        extra: serde_json::Map::new(),
    }
}

fn empty_service(event: &Event, status: ServiceStatus) -> Service {
    Service {
        id: projected_service_id(event.id.into()).into(),
        organization_id: Some(event.organization_id),
        program_id: None,
        name: event.name.clone(),
        alternate_name: None,
        description: None,
        url: None,
        additional_urls: Vec::new(),
        email: None,
        status,
        interpretation_services: None,
        application_process: None,
        fees: None,
        fees_description: None,
        wait_time: None,
        accreditations: None,
        licenses: None,
        eligibility_description: None,
        minimum_age: None,
        maximum_age: None,
        assured_date: None,
        assurer_email: None,
        alert: None,
        last_modified: None,
        phones: Vec::new(),
        schedules: Vec::new(),
        service_areas: Vec::new(),
        service_at_locations: Vec::new(),
        languages: Vec::new(),
        organization: None,
        funding: Vec::new(),
        cost_options: Vec::new(),
        program: None,
        required_documents: Vec::new(),
        contacts: Vec::new(),
        capacities: Vec::new(),
        attributes: Vec::new(),
        metadata: Vec::new(),
        event_id: Some(event.id),
        extra: serde_json::Map::new(),
    }
}

/// One part of a recurrence rule, such as the `TU` of `FREQ=WEEKLY;BYDAY=TU`.
fn part<'a>(rule: &'a str, name: &str) -> Option<&'a str> {
    rule.split(';')
        .find_map(|part| part.split_once('=').filter(|(key, _)| key.trim().eq_ignore_ascii_case(name)))
        .map(|(_, value)| value.trim())
}

fn until(rule: &str) -> Option<NaiveDate> {
    part(rule, "UNTIL").and_then(|text| text.get(..8)).and_then(|day| NaiveDate::parse_from_str(day, "%Y%m%d").ok())
}

/// The last day on which the series can take place, where the rule says one.
fn last_day(event: &Event) -> Option<NaiveDate> {
    let of_rule = match &event.rrule {
        None => Some(event.end.naive().date()),
        Some(rule) => until(rule),
    }?;
    let further = event.rdates.iter().map(|at| at.naive().date()).max();
    let moved = event.changes.iter().filter_map(|change| change.new_end.as_ref()).map(|at| at.naive().date()).max();
    Some([Some(of_rule), further, moved].into_iter().flatten().max().unwrap_or(of_rule))
}

fn time_of(at: &LocalDateTime) -> Option<TimeOfDay> {
    at.naive().format("%H:%M").to_string().parse().ok()
}

fn schedule(event: &Event) -> Schedule {
    let first = event.start.naive().date();
    let rule = event.rrule.as_deref().unwrap_or_default();
    let frequency = part(rule, "FREQ").map(str::to_ascii_uppercase);
    let interval = part(rule, "INTERVAL").and_then(|text| text.parse::<f64>().ok()).unwrap_or(1.0);
    let (freq, interval, byday) = match frequency.as_deref() {
        Some("WEEKLY") => {
            (Some(Frequency::Weekly), Some(interval), Some(part(rule, "BYDAY").map_or_else(|| weekday(first), str::to_owned)))
        }
        Some("MONTHLY") => (Some(Frequency::Monthly), Some(interval), part(rule, "BYDAY").map(str::to_owned)),
        // Every day is every week on all days; the standard knows no DAILY.
        #[expect(clippy::float_cmp, reason = "a whole number was parsed")]
        Some("DAILY") if interval == 1.0 => (Some(Frequency::Weekly), Some(1.0), Some("MO,TU,WE,TH,FR,SA,SU".to_owned())),
        _ => (None, None, None),
    };
    let once = freq.is_none();
    Schedule {
        id: ids::derived(event.id.into(), "schedule"),
        service_id: None,
        location_id: None,
        service_at_location_id: None,
        valid_from: Some(first),
        valid_to: if once { Some(last_day(event).unwrap_or(first)) } else { last_day(event) },
        dtstart: Some(first),
        timezone: None,
        until: until(rule),
        count: if once { Some(Number(1.0)) } else { part(rule, "COUNT").and_then(|text| text.parse().ok()).map(Number) },
        wkst: None,
        freq,
        interval: interval.map(Number),
        byday,
        byweekno: None,
        bymonthday: if freq == Some(Frequency::Monthly) { part(rule, "BYMONTHDAY").map(str::to_owned) } else { None },
        byyearday: None,
        description: None,
        opens_at: time_of(&event.start),
        closes_at: time_of(&event.end),
        schedule_link: event.booking_url.clone(),
        attending_type: Some(
            if event.location_id.is_none() && event.online_url.is_some() { "online" } else { "in person" }.to_owned(),
        ),
        notes: None,
        attributes: Vec::new(),
        extra: serde_json::Map::new(),
    }
}

fn weekday(day: NaiveDate) -> String {
    ["MO", "TU", "WE", "TH", "FR", "SA", "SU"][day.weekday().num_days_from_monday() as usize].to_owned()
}
