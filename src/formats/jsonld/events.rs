//! Events and workshops: what a series says of itself, and those of its dates that say something more.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use url::Url;

use super::{super::address, about, languages, offers, page, place_inside, reference, thing};
use crate::{
    ids::LocationId,
    model::{
        Event, LocationType,
        event::{DateChange, EventStatus, place_not_told},
        occurrences::{self, Freq, Occurrence, OccurrenceStatus, Rule},
        parts::CostOption,
        values::{LocalDateTime, Number, WebAddress},
    },
};

/// An event series, of the directory that the world reaches at `base`, with `dates` of it.
pub fn event(base: &Url, event: &Event, dates: &[Occurrence]) -> Value {
    let place = event.location.as_deref().and_then(|place| place_inside(base, place));
    let online = event.online_url.as_ref().map(|url| thing("VirtualLocation", json!({"url": url})));
    let is_virtual = event.location.as_deref().is_some_and(|place| place.location_type == LocationType::Virtual);
    let attendance = match (event.location.is_some() && !is_virtual, online.is_some() || is_virtual) {
        (true, true) => "MixedEventAttendanceMode",
        (false, true) => "OnlineEventAttendanceMode",
        _ => "OfflineEventAttendanceMode",
    };
    let status = match event.status {
        EventStatus::Scheduled => "EventScheduled",
        EventStatus::Cancelled => "EventCancelled",
        EventStatus::Postponed => "EventPostponed",
    };
    let (start, end) = whole_time(event);
    page(
        "Event",
        base,
        &event_page(event),
        json!({
            "identifier": event.id,
            "name": event.name,
            "description": event.description,
            "url": event.url,
            "startDate": start,
            "endDate": end,
            "subEvent": if is_series(event) { dates.iter().map(|date| single_date(base, event, date)).collect() } else { Vec::new() },
            "eventSchedule": event.rrule.as_deref().and_then(|rule| schedule(event, rule)),
            "eventStatus": format!("https://schema.org/{status}"),
            "eventAttendanceMode": format!("https://schema.org/{attendance}"),
            "location": place.into_iter().chain(online).collect::<Vec<_>>(),
            "organizer": event.organization.as_deref().map(|found| reference(base, found)),
            "offers": offers(&event.cost_options, event.booking_url.as_ref().map(WebAddress::as_str)),
            "isAccessibleForFree": is_free(&event.cost_options),
            "maximumAttendeeCapacity": event.capacity,
            "typicalAgeRange": ages(event.minimum_age, event.maximum_age),
            "inLanguage": languages(&event.languages),
            "about": about(&event.attributes),
        }),
    )
}

/// Whether it costs nothing; none where an amount is missing, so that nobody can tell.
fn is_free(options: &[CostOption]) -> Option<bool> {
    let amounts: Option<Vec<Number>> = options.iter().map(|option| option.amount).collect();
    amounts.filter(|amounts| !amounts.is_empty()).map(|amounts| amounts.iter().all(|amount| *amount == Number(0.0)))
}

/// The rule of a series. What schema.org cannot say is left out.
fn schedule(event: &Event, rule: &str) -> Option<Value> {
    let rule = Rule::parse(rule, event.start.naive(), event.timezone.tz()).ok().filter(Rule::is_plain)?;
    let unit = match rule.freq {
        Freq::Daily => 'D',
        Freq::Weekly => 'W',
        Freq::Monthly => 'M',
        Freq::Yearly => return None,
    };
    // A date that has moved is one of the single dates.
    let changes = event.changed_dates();
    let not_then = changes.values().filter(|change| change.status != DateChange::Full).map(|change| &change.start);
    let not_then = not_then.filter(|start| occurrences::has(event, start.naive()));
    Some(thing(
        "Schedule",
        json!({
            "repeatFrequency": format!("P{}{unit}", rule.interval),
            "byDay": rule.by_day.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "byMonthDay": rule.by_month_day,
            "startDate": event.start.naive().date().to_string(),
            "endDate": rule.until.map(|until| until.date().to_string()),
            "repeatCount": rule.count,
            "startTime": event.start.naive().format("%H:%M:%S").to_string(),
            "endTime": event.end.naive().format("%H:%M:%S").to_string(),
            "exceptDate": event.exdates.iter().chain(not_then).map(|at| at.naive().date().to_string()).collect::<Vec<_>>(),
            "scheduleTimezone": event.timezone,
        }),
    ))
}

/// Dates of a series that are looked at for its data.
pub const MOST_DATES: usize = 500;

/// Those of some dates of a series that stand in its data: the next ones, and all that something was changed on.
pub fn telling_dates(dates: Vec<Occurrence>) -> Vec<Occurrence> {
    const NEXT: usize = 10;
    let dates = dates.into_iter().enumerate();
    dates.filter(|(at, date)| *at < NEXT || date.status != OccurrenceStatus::Scheduled).map(|(_, date)| date).collect()
}

fn is_series(event: &Event) -> bool {
    event.rrule.is_some() || !event.rdates.is_empty()
}

fn event_page(event: &Event) -> String {
    format!("/directory/events/{}", event.id)
}

/// From the start of the first date to the end of the last one, where there is one.
fn whole_time(event: &Event) -> (String, Option<String>) {
    if is_series(event) {
        let end = occurrences::last_end(event).map(|end| in_zone(event, end));
        return (moment(event, &event.start), end);
    }
    // The only date may have moved.
    match occurrences::between(event, DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC, 1).first() {
        Some(date) => (in_zone(event, date.start), Some(in_zone(event, date.end))),
        None => (moment(event, &event.start), Some(moment(event, &event.end))),
    }
}

/// One date of a series.
fn single_date(base: &Url, event: &Event, date: &Occurrence) -> Value {
    let status = match date.status {
        OccurrenceStatus::Cancelled => "EventCancelled",
        OccurrenceStatus::Moved => "EventRescheduled",
        OccurrenceStatus::Scheduled | OccurrenceStatus::Full => "EventScheduled",
    };
    let before = (date.status == OccurrenceStatus::Moved)
        .then(|| date.original_start.and_local_timezone(event.timezone.tz()).earliest())
        .flatten();
    let elsewhere = date.location_id.filter(|place| event.location_id != Some(*place) && is_told(event, *place));
    thing(
        "Event",
        json!({
            "name": event.name,
            "startDate": in_zone(event, date.start),
            "endDate": in_zone(event, date.end),
            "previousStartDate": before.map(|at| at.to_rfc3339()),
            "eventStatus": format!("https://schema.org/{status}"),
            "location": elsewhere.map(|place| json!({"@type": "Place", "@id": address(base, &format!("/directory/places/{place}"))})),
            "remainingAttendeeCapacity": (date.status == OccurrenceStatus::Full).then_some(0),
            "description": date.note,
            "superEvent": {"@id": address(base, &event_page(event))},
        }),
    )
}

/// Whether a place to which a date has moved has a page.
fn is_told(event: &Event, place: LocationId) -> bool {
    !event.changes.iter().any(|change| change.location_id == Some(place) && place == place_not_told(event.id, &change.start))
}

fn moment(event: &Event, at: &LocalDateTime) -> String {
    let local = at.naive().and_local_timezone(event.timezone.tz()).earliest();
    local.map_or_else(|| at.to_string(), |at| at.to_rfc3339())
}

fn in_zone(event: &Event, at: DateTime<Utc>) -> String {
    at.with_timezone(&event.timezone.tz()).to_rfc3339()
}

fn ages(least: Option<Number>, most: Option<Number>) -> Option<String> {
    (least.is_some() || most.is_some())
        .then(|| format!("{}-{}", least.unwrap_or(Number(0.0)), most.map_or_else(String::new, |age| age.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_virtual_place_is_online() {
        let base: Url = "https://directory.example.org/".parse().unwrap();
        let mode = |more: Value| {
            let mut all = json!({
                "id": "6d1f2e3c-4b5a-4678-9abc-def012345678", "organization_id": "d9d5e0f5-d3ce-4f73-9a2f-4dd0ecc6c610", "name": "Budgeting",
                "status": "scheduled", "start": "2026-12-01T10:00:00", "end": "2026-12-01T12:00:00", "timezone": "Europe/London",
            });
            all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            event(&base, &serde_json::from_value(all).unwrap(), &[])["eventAttendanceMode"].clone()
        };
        let place = |kind: &str| json!({"id": "1f4b0f2e-7a38-4f8e-9ad5-6d3d0f1b2c3d", "location_type": kind, "name": "There"});
        let link = "https://meet.example.org/budget";
        assert_eq!(mode(json!({"location": place("virtual")})), "https://schema.org/OnlineEventAttendanceMode");
        assert_eq!(
            mode(json!({"location": place("virtual"), "online_url": link})),
            "https://schema.org/OnlineEventAttendanceMode"
        );
        assert_eq!(mode(json!({"location": place("physical")})), "https://schema.org/OfflineEventAttendanceMode");
        assert_eq!(
            mode(json!({"location": place("physical"), "online_url": link})),
            "https://schema.org/MixedEventAttendanceMode"
        );
    }
}
