//! Public documents as schema.org terms in JSON-LD: what stands in every page, and what the API
//! gives as `format=jsonld`.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use url::Url;

use super::address;
use crate::ids::LocationId;
use crate::model::{
    Attribute, Event, Location, LocationPolicy, LocationType, Organization, Phone, Schedule, Service,
    event::{DateChange, EventStatus, place_not_told},
    hours::Hours,
    location::Address,
    occurrences::{self, Freq, Occurrence, OccurrenceStatus, Rule},
    parts::{CostOption, Language},
    schedule::{Frequency, by_days, day_name},
    values::{LocalDateTime, Number, WebAddress},
};

/// The data as it may stand in a `<script>` element: nothing in it can end the element or begin
/// a comment, and it is still the same JSON.
pub fn text(data: &Value) -> String {
    let mut out = String::new();
    for c in data.to_string().chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            other => out.push(other),
        }
    }
    out
}

/// Where the words of a document come from; a graph of several says it once, before them.
pub const CONTEXT: &str = "https://schema.org";

/// The data as one of several in a graph.
pub fn in_graph(mut data: Value) -> Value {
    if let Some(members) = data.as_object_mut() {
        members.remove("@context");
    }
    data
}

/// A thing of a type, without the members that have no value.
fn thing(of: &str, members: Value) -> Value {
    let mut all = Map::from_iter([("@type".to_owned(), of.into())]);
    if let Value::Object(members) = members {
        all.extend(members.into_iter().filter(|(_, value)| match value {
            Value::Null => false,
            Value::Array(items) => !items.is_empty(),
            _ => true,
        }));
    }
    Value::Object(all)
}

fn page(of: &str, base: &Url, path: &str, members: Value) -> Value {
    let mut thing = thing(of, members);
    thing["@context"] = CONTEXT.into();
    thing["@id"] = address(base, path).into();
    thing
}

/// A service, of the directory that the world reaches at `base`.
pub fn service(base: &Url, service: &Service) -> Value {
    let provider = service.organization.as_deref().map(|found| reference(base, found));
    let places: Vec<Value> =
        service.service_at_locations.iter().filter_map(|link| place_inside(base, link.location.as_deref()?)).collect();
    let phone = |phone: &Phone| thing("ContactPoint", json!({"telephone": phone.in_words()}));
    let mut channels: Vec<Value> =
        places.into_iter().map(|place| thing("ServiceChannel", json!({"serviceLocation": place}))).collect();
    channels.extend(service.numbers().into_iter().map(|number| thing("ServiceChannel", json!({"servicePhone": phone(number)}))));
    channels.extend(service.url.as_ref().map(|url| thing("ServiceChannel", json!({"serviceUrl": url}))));
    let schedules = service.schedules.iter().chain(service.service_at_locations.iter().flat_map(|link| &link.schedules));
    page(
        "Service",
        base,
        &format!("/directory/services/{}", service.id),
        json!({
            "identifier": service.id,
            "name": service.name,
            "alternateName": service.alternate_name,
            "description": service.description,
            "url": service.url,
            "email": service.email,
            "provider": provider,
            "availableChannel": channels,
            "availableLanguage": languages(&service.languages),
            "areaServed": service.service_areas.iter().filter_map(|area| area.name.as_deref()).collect::<Vec<_>>(),
            "audience": audience(service.minimum_age, service.maximum_age, service.eligibility_description.as_deref()),
            "offers": offers(&service.cost_options, None),
            "hoursAvailable": schedules.filter_map(opening_hours).collect::<Vec<_>>(),
            "about": about(&service.attributes),
        }),
    )
}

/// An organisation, of the directory that the world reaches at `base`.
pub fn organisation(base: &Url, organisation: &Organization) -> Value {
    let numbers: Vec<Value> = organisation
        .organization_identifiers
        .iter()
        .map(|number| {
            thing(
                "PropertyValue",
                json!({"name": number.identifier_type, "propertyID": number.identifier_scheme, "value": number.identifier}),
            )
        })
        .collect();
    page(
        "Organization",
        base,
        &format!("/directory/organisations/{}", organisation.id),
        json!({
            "identifier": numbers,
            "name": organisation.name,
            "alternateName": organisation.alternate_name,
            "description": organisation.description,
            "url": organisation.website,
            "sameAs": organisation.uri,
            "email": organisation.email,
            "telephone": organisation.numbers().into_iter().map(Phone::in_words).collect::<Vec<_>>(),
            "foundingDate": organisation.year_incorporated.map(|year| year.to_string()),
            "parentOrganization": organisation.parent_organization_id.map(|id| json!({"@type": "Organization", "@id": address(base, &format!("/directory/organisations/{id}"))})),
        }),
    )
}

/// A place that has a page, of the directory that the world reaches at `base`.
pub fn place(base: &Url, place: &Location) -> Value {
    page("Place", base, &format!("/directory/places/{}", place.id), place_members(place))
}

fn place_members(place: &Location) -> Value {
    let point = place
        .latitude
        .zip(place.longitude)
        .map(|(latitude, longitude)| thing("GeoCoordinates", json!({"latitude": latitude, "longitude": longitude})));
    let features: Vec<Value> = place
        .accessibility
        .iter()
        .filter_map(|item| item.description.as_ref().or(item.accessibility.as_ref()))
        .map(|name| thing("LocationFeatureSpecification", json!({"name": name, "value": true})))
        .collect();
    json!({
        "name": place.name,
        "alternateName": place.alternate_name,
        "description": place.description,
        "address": place.address().map(postal_address),
        "geo": point,
        "telephone": place.numbers().first().map(|phone| phone.in_words()),
        "amenityFeature": features,
        "openingHoursSpecification": place.schedules.iter().filter_map(opening_hours).collect::<Vec<_>>(),
    })
}

/// A place inside something else, as far as it may be told.
fn place_inside(base: &Url, place: &Location) -> Option<Value> {
    match (place.location_policy, place.location_type) {
        (Some(LocationPolicy::Area), _) => {
            Some(thing("Place", json!({"address": thing("PostalAddress", json!({"addressLocality": place.name}))})))
        }
        (Some(_), _) => None,
        (None, LocationType::Virtual) => Some(thing("VirtualLocation", json!({"name": place.name, "url": place.url}))),
        (None, _) => {
            let mut members = thing("Place", place_members(place));
            members["@id"] = address(base, &format!("/directory/places/{}", place.id)).into();
            Some(members)
        }
    }
}

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

fn reference(base: &Url, organisation: &Organization) -> Value {
    thing(
        "Organization",
        json!({
            "@id": address(base, &format!("/directory/organisations/{}", organisation.id)),
            "name": organisation.name,
            "url": organisation.website,
        }),
    )
}

fn postal_address(address: &Address) -> Value {
    let street: Vec<&str> = [Some(address.address_1.as_str()), address.address_2.as_deref()].into_iter().flatten().collect();
    thing(
        "PostalAddress",
        json!({
            "streetAddress": street.join(", "),
            "addressLocality": address.city,
            "addressRegion": address.state_province,
            "postalCode": address.postal_code,
            "addressCountry": address.country,
        }),
    )
}

fn languages(languages: &[Language]) -> Vec<&str> {
    languages.iter().filter_map(|language| language.code.as_deref().or(language.name.as_deref())).collect()
}

fn ages(least: Option<Number>, most: Option<Number>) -> Option<String> {
    (least.is_some() || most.is_some())
        .then(|| format!("{}-{}", least.unwrap_or(Number(0.0)), most.map_or_else(String::new, |age| age.to_string())))
}

fn audience(least: Option<Number>, most: Option<Number>, said: Option<&str>) -> Option<Value> {
    let known = least.is_some() || most.is_some() || said.is_some();
    known.then(|| thing("PeopleAudience", json!({"audienceType": said, "suggestedMinAge": least, "suggestedMaxAge": most})))
}

fn offers(options: &[CostOption], booking: Option<&str>) -> Vec<Value> {
    options
        .iter()
        .filter_map(|option| Some((option, option.amount?)))
        .map(|(option, amount)| {
            let currency = option.currency.as_deref().unwrap_or("GBP");
            thing("Offer", json!({"name": option.option, "price": amount, "priceCurrency": currency, "description": option.amount_description, "url": booking}))
        })
        .collect()
}

/// Hours of every week; schema.org has no word for the others. What pages do not believe is not told here either.
fn opening_hours(schedule: &Schedule) -> Option<Value> {
    let is_weekly = schedule.freq != Some(Frequency::Monthly) && schedule.bymonthday.is_none();
    if !is_weekly || schedule.interval.is_some_and(|Number(every)| every > 1.0) || Hours::of([schedule]).is_empty() {
        return None;
    }
    let days = by_days(schedule.byday.as_deref()?);
    let named: Option<Vec<&str>> = days.iter().map(|by| by.which.is_none().then(|| day_name(by.day))).collect();
    let named = named.filter(|named| !named.is_empty())?;
    Some(thing(
        "OpeningHoursSpecification",
        json!({
            "dayOfWeek": named,
            "opens": schedule.opens_at,
            "closes": schedule.closes_at,
            "validFrom": schedule.valid_from.max(schedule.dtstart),
            "validThrough": schedule.last_day(),
        }),
    ))
}

fn about(attributes: &[Attribute]) -> Vec<Value> {
    attributes
        .iter()
        .filter_map(|attribute| attribute.taxonomy_term.as_deref())
        .map(|term| thing("DefinedTerm", json!({"@id": term.term_uri, "name": term.name, "termCode": term.code})))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_end_where_they_end_and_what_nobody_believes_is_not_told() {
        let told = |schedule: Value| {
            let mut all = json!({"id": "d1e2f3a4-b5c6-4d7e-8f9a-0b1c2d3e4f5a", "byday": "MO,TU", "opens_at": "09:30", "closes_at": "16:00"});
            all.as_object_mut().unwrap().extend(schedule.as_object().unwrap().clone());
            opening_hours(&serde_json::from_value(all).unwrap())
        };
        let course = told(json!({"freq": "WEEKLY", "dtstart": "2026-11-02", "count": 4})).unwrap();
        assert_eq!((&course["validFrom"], &course["validThrough"]), (&json!("2026-11-02"), &json!("2026-11-10")));
        assert_eq!(told(json!({})).unwrap()["dayOfWeek"], json!(["Monday", "Tuesday"]), "days alone are those of every week");
        for unclear in [json!({"opens_at": "00:00", "closes_at": "00:00"}), json!({"freq": "MONTHLY"}), json!({"interval": 2})] {
            assert_eq!(told(unclear.clone()), None, "{unclear}");
        }
    }

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

    #[test]
    fn data_cannot_end_its_element_and_stays_the_same() {
        let data = json!({"name": "</script><script>alert(1)</script><!-- & \u{2028}"});
        let written = text(&data);
        assert!(!written.contains('<') && !written.contains('>') && !written.contains('&') && !written.contains('\u{2028}'));
        assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), data);
    }
}
