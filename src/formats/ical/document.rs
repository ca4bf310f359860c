//! An event of a calendar as a document of ours: its place, which is one line of text, becomes a
//! location with an address where a postcode stands in it; a name that is an organisation's is told
//! from a person's. Whoever reads a calendar says what the things in it are called.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use super::read::{Series, Status};
use crate::model::{
    personal,
    text::{fold, shorten},
    whereabouts::Postcode,
};

/// What a calendar says of its places at one event and not at the next, by their folded words.
#[derive(Debug, Default)]
pub struct Known {
    positions: HashMap<String, (f64, f64)>,
    /// Places of events of a secret category: they are secret at every event.
    secret: HashSet<String>,
}

impl Known {
    /// What is known from all events together. `is_secret` says which categories make a place secret.
    pub fn of(events: &[Series], is_secret: impl Fn(&str) -> bool) -> Self {
        let mut known = Self::default();
        for event in events {
            if event.categories.iter().any(|category| is_secret(category)) {
                known.secret.extend(places_of(event).map(fold));
            } else if let (Some(place), Some(position)) = (&event.place, event.position) {
                known.positions.entry(fold(place)).or_insert(position);
            }
        }
        known
    }

    /// Whether the event is at a place that is secret at another event.
    pub fn is_secret(&self, event: &Series) -> bool {
        places_of(event).any(|place| self.secret.contains(&fold(place)))
    }
}

/// Every place that an event names.
fn places_of(event: &Series) -> impl Iterator<Item = &str> {
    event.place.iter().chain(event.changes.iter().filter_map(|change| change.place.as_ref())).map(String::as_str)
}

/// An event as a document of ours, held by the organization of that id; its place is nested in it,
/// those of single dates are left in `places`.
pub fn event(event: &Series, id: &str, organization: &str, places: &mut Places<'_>, secret: bool) -> Value {
    let changes: Vec<Value> = event
        .changes
        .iter()
        .map(|change| {
            let (new_start, new_end) =
                change.moved.map_or((None, None), |(start, end)| (Some(written(start)), Some(written(end))));
            json!({
                "start": written(change.start), "status": if change.cancelled { "cancelled" } else { "moved" },
                "new_start": new_start, "new_end": new_end, "note": change.note,
                "location_id": change.place.as_deref().map(|place| places.further(place)),
            })
        })
        .collect();
    json!({
        "id": id,
        "organization_id": organization,
        "name": event.name,
        "description": event.description,
        "url": event.url,
        "online_url": event.online,
        "status": match event.status { Status::Scheduled => "scheduled", Status::Cancelled => "cancelled" },
        "start": written(event.start),
        "end": written(event.end),
        "timezone": event.zone.name(),
        "rrule": event.rule,
        "exdates": event.without.iter().copied().map(written).collect::<Vec<_>>(),
        "rdates": event.with.iter().copied().map(written).collect::<Vec<_>>(),
        "changes": changes,
        "location": places.of(event),
        "location_policy": secret.then_some("withheld"),
    })
}

fn written(at: chrono::NaiveDateTime) -> String {
    at.format("%Y-%m-%dT%H:%M:%S").to_string()
}

/// Words that an organisation's name has and a person's has not.
const OF_ORGANISATIONS: [&str; 46] = [
    "association",
    "cathedral",
    "centre",
    "chapel",
    "charity",
    "church",
    "cic",
    "circle",
    "club",
    "college",
    "committee",
    "community",
    "company",
    "council",
    "federation",
    "forum",
    "foundation",
    "friends",
    "group",
    "gurdwara",
    "hall",
    "hospice",
    "hospital",
    "hub",
    "libraries",
    "library",
    "mosque",
    "museum",
    "network",
    "nhs",
    "pantry",
    "parish",
    "partnership",
    "project",
    "school",
    "service",
    "services",
    "society",
    "synagogue",
    "temple",
    "theatre",
    "trust",
    "u3a",
    "union",
    "university",
    "village",
];

/// The organisation that a name is of: without "events", "calendar", "what's on" around it.
pub fn organisation(name: Option<&str>) -> Option<String> {
    let name = name?.trim();
    let of_calendars = |word: &str| {
        matches!(
            fold(word).as_str(),
            "events"
                | "event"
                | "calendar"
                | "events calendar"
                | "calendar of events"
                | "diary"
                | "whats on"
                | "programme"
                | "public"
        )
    };
    let whole = [" - ", " – ", " — ", ": ", " | "]
        .iter()
        .find_map(|between| name.split_once(between))
        .and_then(|(one, other)| if of_calendars(other) { Some(one) } else { of_calendars(one).then_some(other) })
        .unwrap_or(name)
        .trim();
    let lower = whole.to_lowercase();
    let whole = ["'s calendar", " events calendar", " calendar", " events", " diary"]
        .iter()
        .find_map(|end| lower.ends_with(end).then(|| whole.get(..whole.len() - end.len())).flatten())
        .unwrap_or(whole)
        .trim();
    let words = fold(whole);
    let is_one = words.split(' ').any(|word| OF_ORGANISATIONS.contains(&word));
    (is_one && !whole.contains('@') && whole.chars().count() <= 200 && !personal::is_a_persons_name(whole))
        .then(|| whole.to_owned())
}

/// Places of an event, as locations.
pub struct Places<'a> {
    /// Whoever holds the event: its halls without a postcode are its own.
    holder: &'a str,
    known: &'a Known,
    /// What a place is called, by what is known of it.
    name: fn(&str) -> String,
    /// Places of changed dates.
    pub further: Vec<Value>,
}

impl<'a> Places<'a> {
    /// Places of events that `holder` holds; `name` makes an id of what tells one place from another.
    pub fn new(holder: &'a str, known: &'a Known, name: fn(&str) -> String) -> Self {
        Self { holder, known, name, further: Vec::new() }
    }

    /// The place of the series.
    fn of(&self, event: &Series) -> Option<Value> {
        if let Some(text) = &event.place {
            return Some(self.location(text));
        }
        let (latitude, longitude) = event.position?;
        let id = (self.name)(&format!("calendar\n{}\n{latitude}\n{longitude}", self.holder));
        Some(json!({"id": id, "location_type": "physical", "latitude": latitude, "longitude": longitude}))
    }

    /// The place of a changed date: its id.
    fn further(&mut self, text: &str) -> Value {
        let place = self.location(text);
        let id = place["id"].clone();
        self.further.push(place);
        id
    }

    /// "Larkspur Hall, 4 Larkspur Way, Luton LU3 9XQ" as a location: its name is what stands first,
    /// and there is an address where a postcode stands in it.
    pub fn location(&self, text: &str) -> Value {
        let mut place = self.words(text);
        if let Some((latitude, longitude)) = self.known.positions.get(&fold(text))
            && place["location_type"] != "virtual"
        {
            place["latitude"] = (*latitude).into();
            place["longitude"] = (*longitude).into();
        }
        place
    }

    fn words(&self, text: &str) -> Value {
        let found = postcode(text);
        let pieces = pieces(found.as_ref().map_or(text, |(_, rest)| rest.as_str()));
        let name = pieces.first().map(String::as_str);
        // Two halls without a postcode are two places, unless the same organisation names them.
        let key = match &found {
            Some((postcode, _)) => format!("calendar\n{}\n{}", fold(name.unwrap_or_default()), postcode.as_str()),
            None => format!("calendar\n{}\n{}", self.holder, fold(text)),
        };
        let id = (self.name)(&key);
        let virtual_place = matches!(
            fold(text).as_str(),
            "online"
                | "zoom"
                | "via zoom"
                | "on zoom"
                | "microsoft teams meeting"
                | "microsoft teams"
                | "teams"
                | "virtual"
                | "online event"
        );
        if virtual_place {
            return json!({"id": id, "location_type": "virtual", "name": text});
        }
        let Some((postcode, _)) = found else {
            return json!({"id": id, "location_type": "physical", "name": shorten(&pieces.join(", "), 500)});
        };
        let Some(address) = address_of(&pieces, &postcode) else {
            return json!({"id": id, "location_type": "physical", "name": postcode.as_str()});
        };
        let name = shorten(pieces.first().map(String::as_str).unwrap_or_default(), 500);
        json!({"id": id, "location_type": "physical", "name": name, "addresses": [address]})
    }
}

/// The address in a line of text that has a postcode in it: what stands first, what stands between, and the town. Its
/// `city` is the district of the postcode where no town is named.
pub fn address(text: &str) -> Option<Value> {
    let (postcode, rest) = postcode(text)?;
    address_of(&pieces(&rest), &postcode)
}

/// The parts of a place in words.
fn pieces(text: &str) -> Vec<String> {
    text.split([',', '\n', ';'])
        .map(|piece| piece.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|piece| !piece.is_empty() && !matches!(fold(piece).as_str(), "uk" | "united kingdom" | "england" | "gb"))
        .collect()
}

/// Nothing where there is nothing but a postcode.
fn address_of(pieces: &[String], postcode: &Postcode) -> Option<Value> {
    // What is a line of the address is no town: it would be told where only the area may be known.
    let is_town = |piece: &str| !piece.contains(|c: char| c.is_ascii_digit());
    let (first, middle, city) = match pieces {
        [] => return None,
        [first, middle @ .., city] if is_town(city) => (first, middle, city.as_str()),
        [first, middle @ ..] => (first, middle, postcode.outcode()),
    };
    let middle = Some(middle.join(", ")).filter(|text| !text.is_empty());
    Some(json!({
        "address_1": first, "address_2": middle, "city": city, "postal_code": postcode.as_str(), "country": "GB",
        "address_type": "physical",
    }))
}

/// The postcode in a text, and the text without it.
fn postcode(text: &str) -> Option<(Postcode, String)> {
    let words: Vec<(usize, &str)> = text
        .split(|c: char| c.is_whitespace() || c == ',' || c == ';')
        .filter(|word| !word.is_empty())
        .map(|word| (word.as_ptr() as usize - text.as_ptr() as usize, word))
        .collect();
    let without = |from: usize, to: usize| format!("{}\n{}", &text[..from], &text[to..]);
    words.iter().enumerate().rev().find_map(|(at, (start, word))| {
        let end = start + word.len();
        let pair = words.get(at + 1).and_then(|(next, second)| {
            let end = next + second.len();
            Some((format!("{word} {second}").parse::<Postcode>().ok()?, without(*start, end)))
        });
        pair.or_else(|| Some((word.parse::<Postcode>().ok()?, without(*start, end))))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn organisations_are_told_from_people_and_calendars() {
        for (name, expected) in [
            ("Larkspur Hall Trust", Some("Larkspur Hall Trust")),
            ("Larkspur Hall – what's on", Some("Larkspur Hall")),
            ("Events: Gorse Community Centre", Some("Gorse Community Centre")),
            ("Gorse Community Centre Events Calendar", Some("Gorse Community Centre")),
            ("Sheila Hopcroft", None),
            ("sheila@village.example.org", None),
            ("My calendar", None),
            ("Events", None),
            ("", None),
        ] {
            assert_eq!(organisation(Some(name)).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn places_are_read_from_one_line_of_text() {
        let known = Known { positions: HashMap::from([(fold("The green by the pond"), (51.9, -0.4))]), secret: HashSet::new() };
        let places = Places::new("holder", &known, str::to_owned);
        let hall = places.location("Larkspur Hall, 4 Larkspur Way, Luton LU3 9XQ, UK");
        assert_eq!(hall["name"], "Larkspur Hall");
        assert_eq!(hall["addresses"][0]["address_1"], "Larkspur Hall");
        assert_eq!(
            (
                hall["addresses"][0]["address_2"].as_str(),
                hall["addresses"][0]["city"].as_str(),
                hall["addresses"][0]["postal_code"].as_str()
            ),
            (Some("4 Larkspur Way"), Some("Luton"), Some("LU3 9XQ"))
        );
        let green = places.location("The green by the pond");
        assert_eq!((&green["addresses"], &green["latitude"]), (&Value::Null, &json!(51.9)));
        assert_eq!(places.location("Via Zoom")["location_type"], "virtual");
        assert_eq!(places.location("lu39xq")["name"], "LU3 9XQ");
        for (text, second) in
            [("Larkspur Hall, 4 Larkspur Way, LU3 9XQ", json!("4 Larkspur Way")), ("Larkspur Hall LU3 9XQ", Value::Null)]
        {
            let address = places.location(text)["addresses"][0].clone();
            assert_eq!(
                (&address["address_1"], &address["address_2"], &address["city"]),
                (&json!("Larkspur Hall"), &second, &json!("LU3")),
                "{text}"
            );
        }
        assert_eq!(places.location("Hall, LU3 9XQ")["id"], places.location("hall\nLU39XQ")["id"]);
    }

    proptest! {
        #[test]
        fn no_place_makes_it_panic(text in "\\PC{0,60}|([A-Z]{1,2}[0-9]{1,2} ?[0-9][A-Z]{2}[, ]?){0,3}") {
            let known = Known::default();
            let places = Places::new("holder", &known, str::to_owned);
            let _ = (places.location(&text), organisation(Some(&text)));
        }
    }
}
