//! Events of a calendar, as records: each series an event, its place a location, whoever holds it
//! an organization.

use std::io::{self, BufRead, Read as _};

use serde_json::{Value, json};
use uuid::Uuid;

use super::{How, Provider, Read, Taken, documents, said};
use crate::{
    formats::ical::{
        document::{self, Known, Places, organisation},
        read::{self as ical, Calendar, Series},
    },
    ids,
    model::{
        Document, Kind,
        apart::apart,
        text::{fold, shorten},
        tidy::{self, Dropped},
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
            format!("the calendar{called} does not say which organisation runs its events: name one with --organisation");
        each(Read { line: 1, until: length, taken: Err(reason) });
        return;
    }
    // Another version of an event stands under the same name, and the later one is the word.
    let name = |event: &Series| event.uid.clone().unwrap_or_else(|| format!("\n{}", event.line));
    let (events, earlier) = ical::latest(calendar.events, name);
    for event in earlier {
        let reason = "a later version of the event is in the file".to_owned();
        let taken = Taken { dropped: vec![Dropped { path: "SEQUENCE".to_owned(), reason }], ..Taken::default() };
        if !each(Read { line: event.line, until: 0, taken: Ok(taken) }) {
            return;
        }
    }
    let count = events.len() as u64;
    let known = Known::of(&events, |category| how.vocabulary.is_secret(category));
    for (at, event) in events.into_iter().enumerate() {
        let line = event.line;
        if !each(Read { line, until: length * (at as u64 + 1) / count, taken: take(&event, &known, how) }) {
            return;
        }
    }
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

fn take(event: &Series, known: &Known, how: &How) -> Result<Taken, String> {
    let provider =
        held_by(event, how).ok_or("the event does not say which organisation runs it: name one with --organisation")?;
    // Somebody who asked for an organisation by its id does not say what it is called.
    let by_id = how.organisation.as_deref().is_some_and(|asked| Uuid::try_parse(asked).is_ok());
    let mut dropped = event.dropped.clone();
    let holder = provider.id.to_string();
    let mut places = Places::new(&holder, known, |key| ids::from_source("", "location", key).to_string());
    let source_id = event.uid.clone();
    let id = source_id.as_deref().map_or_else(
        || {
            let name = fold(event.name.as_deref().unwrap_or_default());
            ids::from_source("", "event", &format!("calendar\n{}\n{name}\n{}", provider.id, event.start))
        },
        |uid| ids::from_source(&how.ids_of, "event", uid),
    );
    let (attributes, secret_category) = categories(event, how, &mut dropped);
    let secret = secret_category || known.is_secret(event);
    let mut value = document::event(event, &id.to_string(), &holder, &mut places, secret);
    value["attributes"] = attributes.into();
    if !by_id {
        value["organization"] = json!({"id": provider.id, "name": provider.name});
    }
    let parts = places.further;
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
