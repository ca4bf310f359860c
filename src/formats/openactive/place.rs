//! Places: addresses as objects and as lines of text, points, and places on the internet.

use serde_json::{Map, Value, json};

use super::values::{all, as_text, is_a, is_web_address, member, name_of, number, text};
use crate::{
    formats::ical::document::{Known, Places},
    model::text::fold,
    signing,
};

/// Where something takes place.
#[derive(Default)]
pub(super) struct Where {
    /// The place, as a location.
    pub(super) place: Option<Value>,
    /// Where to join on the internet.
    pub(super) online: Option<String>,
}

/// Where a thing takes place, of what it says of places.
pub(super) fn of(thing: &Value) -> Where {
    let mut found = Where::default();
    for place in all(thing, "location").into_iter().chain(all(thing, "affiliatedLocation")) {
        let is_online = is_a(place, "VirtualLocation") || place.as_str().is_some_and(is_web_address);
        if is_online {
            found.online = found.online.or_else(|| as_text(place).or_else(|| text(place, "url")));
        } else if found.place.is_none() {
            found.place = location(place);
        }
    }
    found
}

/// A place as a location.
fn location(place: &Value) -> Option<Value> {
    if let Some(words) = as_text(place) {
        return Some(in_words(&words));
    }
    let mut value = match member(place, "address") {
        Some(address) if address.is_object() => json!({"addresses": [postal(address)]}),
        Some(address) => as_text(address).map_or_else(|| json!({}), |words| in_words(&words)),
        None => json!({}),
    };
    let name = text(place, "name");
    if let Some(name) = &name {
        value["name"] = name.clone().into();
    }
    let geo = all(place, "geo").into_iter().next();
    let point = geo.and_then(|geo| number(geo, "latitude").zip(number(geo, "longitude")));
    // Nought and nought is how programmes leave it out.
    if let Some((latitude, longitude)) = point.filter(|point| *point != (0.0, 0.0)) {
        value["latitude"] = latitude.into();
        value["longitude"] = longitude.into();
    }
    if value.as_object().is_none_or(Map::is_empty) {
        return None;
    }
    value["location_type"] = "physical".into();
    value["url"] = text(place, "url").filter(|url| is_web_address(url)).into();
    // Not called after its words: it may turn out to be secret, and names are kept.
    let key = name_of(place).unwrap_or_else(|| {
        let code = value.pointer("/addresses/0/postal_code").and_then(Value::as_str).unwrap_or_default();
        let point = format!("{}\n{}", value["latitude"], value["longitude"]);
        format!("{}\n{}", fold(name.as_deref().unwrap_or_default()), if code.is_empty() { point } else { code.to_owned() })
    });
    value["id"] = called(&key).into();
    Some(value)
}

fn in_words(words: &str) -> Value {
    Places::new("openactive", &Known::default(), called).location(words)
}

fn postal(address: &Value) -> Value {
    let line = |name: &str| text(address, name);
    let street = line("streetAddress")
        .map(|street| street.split(['\n', '\r']).map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", "));
    json!({
        "address_1": street.or_else(|| line("name")).or_else(|| line("addressLocality")),
        "city": line("addressLocality").or_else(|| line("addressRegion")),
        "region": line("addressRegion"),
        "postal_code": line("postalCode"),
        "country": line("addressCountry"),
        "address_type": "physical",
    })
}

/// What a place is called, of what tells it from others.
fn called(key: &str) -> String {
    signing::hash_of(key.as_bytes())
}
