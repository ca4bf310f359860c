//! Public documents as schema.org terms in JSON-LD: what stands in every page, and what the API
//! gives as `format=jsonld`.

mod events;

use serde_json::{Map, Value, json};
use url::Url;

use super::address;
use crate::model::{
    Attribute, Location, LocationPolicy, LocationType, Organization, Phone, Schedule, Service,
    hours::Hours,
    location::Address,
    parts::{CostOption, Language},
    schedule::{Frequency, by_days, day_name},
    values::Number,
};
pub use events::{MOST_DATES, event, telling_dates};

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
    fn data_cannot_end_its_element_and_stays_the_same() {
        let data = json!({"name": "</script><script>alert(1)</script><!-- & \u{2028}"});
        let written = text(&data);
        assert!(!written.contains('<') && !written.contains('>') && !written.contains('&') && !written.contains('\u{2028}'));
        assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), data);
    }
}
