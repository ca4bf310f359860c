//! Where something is, as far as it may be told: in words, as addresses, on a map.

use super::is_sensitive;
use crate::{
    geo::Point,
    model::{Location, LocationPolicy, LocationType, Service},
    pages::{
        language::{say, say_with},
        words,
    },
};

/// Places whose addresses a list to keep has at most.
const ADDRESSES: usize = 2;

/// Where it is, as far as it may be told, in a few words.
pub(in crate::pages) fn place_in_words(place: &Location) -> String {
    let name = place.name.as_deref().unwrap_or_default();
    match (place.location_policy, place.location_type) {
        (Some(LocationPolicy::Area), _) if name.is_empty() => say("The exact address is not published").to_owned(),
        (Some(LocationPolicy::Area), _) => say_with("In {name} (the exact address is not published)", &[("name", name)]),
        (Some(_), _) => say("Address given when you book").to_owned(),
        (None, LocationType::Virtual) => say("Online").to_owned(),
        (None, _) => {
            let town = place.address().map(|address| address.city.as_str()).filter(|town| !name.contains(town));
            [Some(name), town].into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
        }
    }
}

/// Where a service is, in a few words.
pub(super) fn whereabouts(service: &Service) -> Option<String> {
    let mut places: Vec<String> = service
        .service_at_locations
        .iter()
        .filter_map(|link| link.location.as_deref())
        .map(place_in_words)
        .filter(|words| !words.is_empty())
        .collect();
    places.dedup();
    match places.as_slice() {
        [] if service.numbers().is_empty() && service.url.is_some() => Some(say("Online").to_owned()),
        [] if !service.numbers().is_empty() => Some(say("By phone").to_owned()),
        [] => None,
        some if some.len() <= 2 => Some(some.join("; ")),
        [first, rest @ ..] => {
            let more = words::count(rest.len(), "more place", "more places");
            Some(say_with("{first}; and {more}", &[("first", first), ("more", &more)]))
        }
    }
}

/// The whole addresses of the nearest places, or of the first ones; none where none is public.
pub(super) fn addresses(service: &Service, from: Option<Point>) -> Option<String> {
    let mut places: Vec<&Location> = service.service_at_locations.iter().filter_map(|link| link.location.as_deref()).collect();
    if let Some(from) = from {
        let far = |place: &&Location| point_of(place).map_or(f64::INFINITY, |point| point.metres_to(from));
        places.sort_by(|a, b| far(a).total_cmp(&far(b)));
    }
    let mut found: Vec<String> = places.into_iter().filter_map(whole_address).collect();
    found.dedup();
    let more = found.len().saturating_sub(ADDRESSES);
    found.truncate(ADDRESSES);
    if more > 0 {
        found.push(words::count(more, "more place", "more places"));
    }
    Some(found.join("; ")).filter(|said| !said.is_empty())
}

/// The address of a place in a line, with its name; none where it is not public, or there is none.
pub(super) fn whole_address(place: &Location) -> Option<String> {
    if place.location_policy.is_some() {
        return None;
    }
    let address = place.address()?;
    let name = place.name.as_deref().unwrap_or_default();
    let lines = [name, &address.address_1, address.address_2.as_deref().unwrap_or_default(), &address.city, &address.postal_code];
    let mut parts: Vec<&str> = Vec::new();
    for line in lines.into_iter().map(str::trim).filter(|line| !line.is_empty()) {
        if !parts.contains(&line) {
            parts.push(line);
        }
    }
    Some(parts.join(", "))
}

fn point_of(place: &Location) -> Option<Point> {
    Point::new(place.latitude?.0, place.longitude?.0)
}

fn points(service: &Service) -> impl Iterator<Item = Point> {
    service.service_at_locations.iter().filter_map(|link| point_of(link.location.as_ref()?))
}

/// Metres to its nearest place.
pub(super) fn nearest(service: &Service, from: Point) -> Option<f64> {
    points(service).map(|point| point.metres_to(from)).min_by(f64::total_cmp)
}

/// Where it stands on a map: its nearest place, or its first. What somebody may be in danger for is on none.
pub(super) fn on_the_map(service: &Service, from: Option<Point>) -> Option<Point> {
    if is_sensitive(service) {
        return None;
    }
    match from {
        Some(from) => points(service).min_by(|a, b| a.metres_to(from).total_cmp(&b.metres_to(from))),
        None => points(service).next(),
    }
}
