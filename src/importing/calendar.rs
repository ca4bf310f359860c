//! Events of a calendar, as records: each series an event, its place a location, whoever holds it
//! an organization.

use std::{
    collections::{HashMap, HashSet},
    io::{self, BufRead, Read as _},
};

use serde_json::{Value, json};
use uuid::Uuid;

use super::{How, Provider, Read, Taken, documents, said};
use crate::{
    formats::ical::read::{self as ical, Calendar, Series, Status},
    ids,
    model::{
        Document, Kind,
        apart::apart,
        personal,
        text::{fold, shorten},
        tidy::{self, Dropped},
        whereabouts::Postcode,
    },
};

/// Read a calendar.
pub(super) fn read(input: impl BufRead, how: &How, each: &mut impl FnMut(Read) -> bool) -> io::Result<()> {
    let mut bytes = Vec::new();
    input.take(ical::LARGEST + 1).read_to_end(&mut bytes)?;
    let length = bytes.len() as u64;
    if length > ical::LARGEST {
        let reason = format!("the calendar is longer than {} MiB, or has no end", ical::LARGEST >> 20);
        return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
    }
    let calendar = match ical::read(&bytes) {
        Ok(calendar) => calendar,
        Err(problem) => {
            each(Read { line: problem.line, until: length, taken: Err(problem.reason) });
            return Ok(());
        }
    };
    drop(bytes);
    give(calendar, length, how, each);
    Ok(())
}

fn give(calendar: Calendar, length: u64, how: &How, each: &mut impl FnMut(Read) -> bool) {
    for problem in calendar.problems {
        let taken = if problem.rejected {
            Err(problem.reason)
        } else {
            Ok(Taken { dropped: vec![Dropped { path: problem.path, reason: problem.reason }], ..Taken::default() })
        };
        if !each(Read { line: problem.line, until: 0, taken }) {
            return;
        }
    }
    if !calendar.events.is_empty() && !calendar.events.iter().any(|event| held_by(event, how).is_some()) {
        let name = calendar.events.iter().find_map(|event| event.calendar.as_deref());
        let called = name.map(|name| format!(" (it is called {:?})", shorten(name, 60))).unwrap_or_default();
        let reason =
            format!("the calendar{called} does not say which organisation holds its events: give it with --organisation");
        each(Read { line: 1, until: length, taken: Err(reason) });
        return;
    }
    let count = calendar.events.len() as u64;
    let known = Known::of(&calendar.events, how);
    for (at, event) in calendar.events.into_iter().enumerate() {
        let line = event.line;
        if !each(Read { line, until: length * (at as u64 + 1) / count, taken: take(&event, &known, how) }) {
            return;
        }
    }
}

/// What a calendar says of its places at one event and not at the next, by their folded words.
#[derive(Default)]
struct Known {
    positions: HashMap<String, (f64, f64)>,
    /// Places of events of a secret category: they are secret at every event.
    secret: HashSet<String>,
}

impl Known {
    fn of(events: &[Series], how: &How) -> Self {
        let mut known = Self::default();
        for event in events {
            if event.categories.iter().any(|category| how.vocabulary.is_secret(category)) {
                known.secret.extend(places_of(event).map(fold));
            } else if let (Some(place), Some(position)) = (&event.place, event.position) {
                known.positions.entry(fold(place)).or_insert(position);
            }
        }
        known
    }
}

/// Every place that an event names.
fn places_of(event: &Series) -> impl Iterator<Item = &str> {
    event.place.iter().chain(event.changes.iter().filter_map(|change| change.place.as_ref())).map(String::as_str)
}

/// Who holds an event: what was asked for, or a name in the calendar that is an organisation's.
fn held_by(event: &Series, how: &How) -> Option<Provider> {
    let name = match &how.organisation {
        Some(asked) => asked.clone(),
        None => organisation(event.organizer.as_deref()).or_else(|| organisation(event.calendar.as_deref()))?,
    };
    // The same recipe as for sheets, so that a calendar and a sheet of a group meet.
    let id = name.parse().unwrap_or_else(|_| ids::from_source("", "organization", &format!("sheet\n{}", fold(&name))));
    Some(Provider { id, name })
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
fn organisation(name: Option<&str>) -> Option<String> {
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

fn take(event: &Series, known: &Known, how: &How) -> Result<Taken, String> {
    let provider =
        held_by(event, how).ok_or("the event does not say which organisation holds it: give it with --organisation")?;
    // Somebody who asked for an organisation by its id does not say what it is called.
    let by_id = how.organisation.as_deref().is_some_and(|asked| Uuid::try_parse(asked).is_ok());
    let mut dropped = event.dropped.clone();
    let mut places = Places { provider: &provider, positions: &known.positions, parts: Vec::new() };
    let source_id = event.uid.clone();
    let id = source_id.as_deref().map_or_else(
        || {
            let name = fold(event.name.as_deref().unwrap_or_default());
            ids::from_source("", "event", &format!("calendar\n{}\n{name}\n{}", provider.id, event.start))
        },
        |uid| ids::from_source(&how.ids_of, "event", uid),
    );
    let changes: Vec<Value> = event
        .changes
        .iter()
        .map(|change| {
            let (new_start, new_end) =
                change.moved.map_or((None, None), |(start, end)| (Some(written(start)), Some(written(end))));
            json!({
                "start": written(change.start), "status": if change.cancelled { "cancelled" } else { "moved" },
                "new_start": new_start, "new_end": new_end, "note": change.note,
                "location_id": change.place.as_deref().and_then(|place| places.further(place)),
            })
        })
        .collect();
    let (attributes, secret_category) = categories(event, how, &mut dropped);
    let secret = secret_category || places_of(event).any(|place| known.secret.contains(&fold(place)));
    let value = json!({
        "id": id,
        "organization_id": provider.id,
        "organization": (!by_id).then(|| json!({"id": provider.id, "name": provider.name})),
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
        "attributes": attributes,
        "location": places.of(event),
        "location_policy": secret.then_some("withheld"),
    });
    let parts = places.parts;
    let tidied = tidy::tidy(Kind::Event, value, tidy::Names::Ours("")).map_err(|refused| said(&refused))?;
    let mut taken = Taken { source_ids: tidied.source_ids, ..Taken::default() };
    taken.source_ids.extend(source_id.filter(|uid| uid.len() <= 500).map(|uid| (id, uid)));
    for place in parts {
        let place = documents::take_record(Kind::Location, place, how)?;
        taken.parts.extend(place.parts);
        dropped.extend(place.dropped);
    }
    taken.main(apart(Document::from_value(Kind::Event, tidied.value)?)?);
    dropped.extend(tidied.dropped);
    taken.dropped = dropped;
    taken.provider = (!by_id).then_some(provider);
    taken.finish();
    Ok(taken)
}

fn written(at: chrono::NaiveDateTime) -> String {
    at.format("%Y-%m-%dT%H:%M:%S").to_string()
}

/// Terms for the categories that are known here; and whether one of them, known or not, is such
/// that places are secret.
fn categories(event: &Series, how: &How, dropped: &mut Vec<Dropped>) -> (Vec<Value>, bool) {
    let (mut attributes, mut secret) = (Vec::new(), false);
    for category in &event.categories {
        secret |= how.vocabulary.is_secret(category);
        if let Some(term) = how.vocabulary.term(category) {
            attributes.push(json!({"link_entity": "event", "taxonomy_term_id": term}));
        } else {
            let reason = format!("{:?} is neither the code nor the name of a term here", shorten(category, 60));
            dropped.push(Dropped { path: "CATEGORIES".to_owned(), reason });
        }
    }
    (attributes, secret)
}

/// Places of an event, as locations.
struct Places<'a> {
    provider: &'a Provider,
    positions: &'a HashMap<String, (f64, f64)>,
    /// Places of changed dates.
    parts: Vec<Value>,
}

impl Places<'_> {
    /// The place of the series.
    fn of(&self, event: &Series) -> Option<Value> {
        if let Some(text) = &event.place {
            return Some(self.location(text));
        }
        let (latitude, longitude) = event.position?;
        let id = ids::from_source("", "location", &format!("calendar\n{}\n{latitude}\n{longitude}", self.provider.id));
        Some(json!({"id": id, "location_type": "physical", "latitude": latitude, "longitude": longitude}))
    }

    /// The place of a changed date: its id.
    fn further(&mut self, text: &str) -> Option<Uuid> {
        let place = self.location(text);
        let id = place["id"].as_str()?.parse().ok();
        self.parts.push(place);
        id
    }

    /// "Larkspur Hall, 4 Larkspur Way, Luton LU3 9XQ" as a location: its name is what stands first,
    /// and there is an address where a postcode stands in it.
    fn location(&self, text: &str) -> Value {
        let mut place = self.words(text);
        if let Some((latitude, longitude)) = self.positions.get(&fold(text))
            && place["location_type"] != "virtual"
        {
            place["latitude"] = (*latitude).into();
            place["longitude"] = (*longitude).into();
        }
        place
    }

    fn words(&self, text: &str) -> Value {
        let found = postcode(text);
        let pieces: Vec<String> = found
            .as_ref()
            .map_or_else(|| text.to_owned(), |(_, rest)| rest.clone())
            .split([',', '\n', ';'])
            .map(|piece| piece.split_whitespace().collect::<Vec<_>>().join(" "))
            .filter(|piece| !piece.is_empty() && !matches!(fold(piece).as_str(), "uk" | "united kingdom" | "england" | "gb"))
            .collect();
        let name = pieces.first().map(String::as_str);
        // Two halls without a postcode are two places, unless the same organisation names them.
        let key = match &found {
            Some((postcode, _)) => format!("calendar\n{}\n{}", fold(name.unwrap_or_default()), postcode.as_str()),
            None => format!("calendar\n{}\n{}", self.provider.id, fold(text)),
        };
        let id = ids::from_source("", "location", &key);
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
        let (first, middle, city) = match pieces.as_slice() {
            [] => return json!({"id": id, "location_type": "physical", "name": postcode.as_str()}),
            [only] => (only.as_str(), None, only.as_str()),
            [first, middle @ .., city] => {
                (first.as_str(), Some(middle.join(", ")).filter(|text| !text.is_empty()), city.as_str())
            }
        };
        json!({
            "id": id, "location_type": "physical", "name": shorten(first, 500),
            "addresses": [{"address_1": first, "address_2": middle, "city": city, "postal_code": postcode.as_str(), "country": "GB", "address_type": "physical"}],
        })
    }
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
        let provider = Provider { id: Uuid::nil(), name: String::new() };
        let positions = HashMap::from([(fold("The green by the pond"), (51.9, -0.4))]);
        let places = Places { provider: &provider, positions: &positions, parts: Vec::new() };
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
        assert_eq!(places.location("Hall, LU3 9XQ")["id"], places.location("hall\nLU39XQ")["id"]);
    }

    proptest! {
        #[test]
        fn no_place_makes_it_panic(text in "\\PC{0,60}|([A-Z]{1,2}[0-9]{1,2} ?[0-9][A-Z]{2}[, ]?){0,3}") {
            let provider = Provider { id: Uuid::nil(), name: String::new() };
            let places = Places { provider: &provider, positions: &HashMap::new(), parts: Vec::new() };
            let _ = (places.location(&text), organisation(Some(&text)));
        }
    }
}
