//! GeoJSON (RFC 7946): what can be put on a map. A place that is told less exactly than it is known
//! has no point in its public document, so it has none here.

use serde_json::{Map, Value, json};
use url::Url;

use super::{address, one_line, public_point};
use crate::model::{Attribute, Event, Location, Phone, Service, ServiceAtLocation, occurrences::Occurrence};

/// A collection being written, feature by feature. Put [`Collection::begin`] before the features
/// and [`Collection::end`] behind them.
#[derive(Debug)]
pub struct Collection {
    base: Url,
    begun: bool,
    without_point: usize,
}

impl Collection {
    /// A collection of the directory that the world reaches at `base`.
    pub fn new(base: &Url) -> Self {
        Self { base: base.clone(), begun: false, without_point: 0 }
    }

    /// What stands before the features.
    pub fn begin(&self) -> &'static str {
        "{\"type\":\"FeatureCollection\",\"features\":["
    }

    /// A service: a feature for each of its places that has a point.
    pub fn service(&mut self, service: &Service) -> String {
        let said = self.said_of_service(service);
        let features = service.service_at_locations.iter().filter_map(|link| {
            let place = link.location.as_deref()?;
            let mut properties = said.clone();
            add(&mut properties, "service_at_location_id", Some(link.id));
            add(&mut properties, "phone", phone(&link.numbers_or_theirs(Some(service))));
            feature(&link.id.to_string(), place, properties)
        });
        let features: Vec<Value> = features.collect();
        self.write(features)
    }

    /// A service at one place, with the whole service in it.
    pub fn service_at_location(&mut self, link: &ServiceAtLocation) -> String {
        let Some(place) = link.location.as_deref() else { return self.write(Vec::new()) };
        let mut properties = Map::new();
        add(&mut properties, "id", Some(link.id));
        add(&mut properties, "service_id", link.service_id);
        if let Some(service) = link.service.as_deref() {
            let said = self.said_of_service(service);
            properties.extend(said.into_iter().filter(|(name, _)| name != "id"));
        }
        add(&mut properties, "phone", phone(&link.numbers_or_theirs(link.service.as_deref())));
        self.write(feature(&link.id.to_string(), place, properties).into_iter().collect())
    }

    /// A place.
    pub fn location(&mut self, place: &Location) -> String {
        let mut properties = Map::new();
        add(&mut properties, "id", Some(place.id));
        add(&mut properties, "name", place.name.as_deref());
        add(&mut properties, "description", place.description.as_deref());
        add(&mut properties, "transportation", place.transportation.as_deref());
        add(&mut properties, "phone", phone(&place.numbers()));
        add(&mut properties, "page", Some(address(&self.base, &format!("/directory/places/{}", place.id))));
        self.write(feature(&place.id.to_string(), place, properties).into_iter().collect())
    }

    /// An event series, and its next date.
    pub fn event(&mut self, event: &Event, next: Option<&Occurrence>) -> String {
        let Some(place) = event.location.as_deref() else { return self.write(Vec::new()) };
        let mut properties = Map::new();
        add(&mut properties, "id", Some(event.id));
        add(&mut properties, "name", Some(event.name.as_str()));
        add(&mut properties, "organization", event.organization.as_ref().map(|found| found.name.as_str()));
        add(&mut properties, "organization_id", Some(event.organization_id));
        add(&mut properties, "description", event.description.as_deref());
        add(&mut properties, "status", Some(event.status));
        add(&mut properties, "start", Some(&event.start));
        add(&mut properties, "end", Some(&event.end));
        add(&mut properties, "next_start", next.map(|date| crate::clock::rfc3339(date.start)));
        add(&mut properties, "next_end", next.map(|date| crate::clock::rfc3339(date.end)));
        add(&mut properties, "timezone", Some(&event.timezone));
        add(&mut properties, "rrule", event.rrule.as_deref());
        add(&mut properties, "phone", phone(&event.numbers()));
        add(&mut properties, "url", event.url.as_ref());
        add(&mut properties, "booking_url", event.booking_url.as_ref());
        add(&mut properties, "needs", needs(&event.attributes));
        add(&mut properties, "page", Some(address(&self.base, &format!("/directory/events/{}", event.id))));
        add(&mut properties, "last_modified", event.last_modified.map(crate::clock::rfc3339));
        self.write(feature(&event.id.to_string(), place, properties).into_iter().collect())
    }

    /// What stands behind the features: how many of what was added have no public point.
    pub fn end(&self) -> String {
        format!("],\"without_point\":{}}}", self.without_point)
    }

    fn said_of_service(&self, service: &Service) -> Map<String, Value> {
        let mut properties = Map::new();
        add(&mut properties, "id", Some(service.id));
        add(&mut properties, "name", Some(service.name.as_str()));
        add(&mut properties, "organization", service.organization.as_ref().map(|found| found.name.as_str()));
        add(&mut properties, "organization_id", service.organization_id);
        add(&mut properties, "description", service.description.as_deref());
        add(&mut properties, "status", Some(service.status));
        add(&mut properties, "email", service.email.as_ref());
        add(&mut properties, "url", service.url.as_ref());
        add(&mut properties, "assured_date", service.assured_date.as_deref());
        add(&mut properties, "needs", needs(&service.attributes));
        add(&mut properties, "event_id", service.event_id);
        add(&mut properties, "page", Some(address(&self.base, &format!("/directory/services/{}", service.id))));
        add(&mut properties, "last_modified", service.last_modified.map(crate::clock::rfc3339));
        properties
    }

    fn write(&mut self, features: Vec<Value>) -> String {
        if features.is_empty() {
            self.without_point += 1;
        }
        let mut out = String::new();
        for feature in features {
            if std::mem::replace(&mut self.begun, true) {
                out.push(',');
            }
            out.push('\n');
            out.push_str(&feature.to_string());
        }
        out
    }
}

/// A feature at `place`, where that has a public point.
fn feature(id: &str, place: &Location, mut properties: Map<String, Value>) -> Option<Value> {
    let (latitude, longitude) = public_point(place)?;
    add(&mut properties, "location_id", Some(place.id));
    add(&mut properties, "location", place.name.as_deref());
    let postal = place.address();
    add(&mut properties, "address", postal.map(one_line));
    add(&mut properties, "postcode", postal.map(|found| found.postal_code.as_str()));
    Some(json!({
        "type": "Feature",
        "id": id,
        // East before north: RFC 7946, 3.1.1.
        "geometry": {"type": "Point", "coordinates": [longitude, latitude]},
        "properties": properties,
    }))
}

fn add(to: &mut Map<String, Value>, name: &str, value: Option<impl serde::Serialize>) {
    if let Some(value) = value.and_then(|value| serde_json::to_value(value).ok()) {
        to.insert(name.to_owned(), value);
    }
}

fn phone(to_ring: &[&Phone]) -> Option<String> {
    to_ring.first().map(|phone| phone.in_words())
}

/// Codes of terms, or their names where they have none.
fn needs(attributes: &[Attribute]) -> Option<Vec<&str>> {
    let terms = attributes.iter().filter_map(|attribute| attribute.taxonomy_term.as_deref());
    let needs: Vec<&str> = terms.map(|term| term.code.as_deref().unwrap_or(&term.name)).collect();
    (!needs.is_empty()).then_some(needs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service() -> Service {
        let place = |id: u8, more: &Value| {
            let mut place = json!({"id": format!("00000000-0000-4000-8000-0000000000{id:02}"), "location_type": "physical"});
            place.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!({"id": format!("00000000-0000-4000-9000-0000000000{id:02}"), "location": place})
        };
        serde_json::from_value(json!({
            "id": "ac148810-d857-441c-9679-408f346de14b", "name": "Pantry", "status": "active",
            "service_at_locations": [
                place(1, &json!({"latitude": 51.9, "longitude": -0.4, "name": "Hall"})),
                place(2, &json!({"latitude": 51.8, "longitude": 0})),
                place(3, &json!({"name": "Luton", "location_policy": "area", "latitude": 51.7, "longitude": -0.3})),
                place(4, &json!({"name": "No point"})),
            ],
        }))
        .unwrap()
    }

    #[test]
    fn a_service_is_a_feature_at_each_place_with_a_public_point() {
        let mut collection = Collection::new(&"https://directory.example.org/".parse().unwrap());
        let mut written = collection.begin().to_owned();
        written += &collection.service(&service());
        let hidden = Service { service_at_locations: service().service_at_locations.split_off(2), ..service() };
        written += &collection.service(&hidden);
        written += &collection.end();
        let read: Value = serde_json::from_str(&written).unwrap();
        let points: Vec<&Value> =
            read["features"].as_array().unwrap().iter().map(|one| &one["geometry"]["coordinates"]).collect();
        assert_eq!(points, [&json!([-0.4, 51.9]), &json!([0.0, 51.8])], "the meridian is as good as any other");
        assert_eq!(read["without_point"], 1);
        assert_eq!(read["features"][0]["properties"]["location"], "Hall");
        assert_eq!(
            read["features"][0]["properties"]["page"],
            "https://directory.example.org/directory/services/ac148810-d857-441c-9679-408f346de14b"
        );
    }

    #[test]
    fn an_empty_collection_is_one() {
        let collection = Collection::new(&"https://directory.example.org/".parse().unwrap());
        let read: Value = serde_json::from_str(&format!("{}{}", collection.begin(), collection.end())).unwrap();
        assert_eq!(read, json!({"type": "FeatureCollection", "features": [], "without_point": 0}));
    }
}
