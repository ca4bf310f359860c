//! Events, made of the parts of their series.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    super::{
        super::peers::{self, Part},
        End, Harvester, Run, admit,
        event::{Event, Items},
    },
    Terms, unreadable,
};
use crate::{
    formats::openactive::{
        event::{self as mapping, Mapped, Publisher, Refused},
        page,
    },
    model::{Kind, text::fold},
};

/// Of a page, so many series are made anew and written together,
const MOST_SERIES: usize = 50;
/// and no more than have parts of so many bytes.
const MOST_BYTES: usize = 8 << 20;
/// Parts of one series that are read: its dates, itself, and one that shows that there are too many.
const MOST_PARTS: u64 = mapping::MOST_DATES as u64 + 2;
/// The id of whoever publishes the feed.
const PUBLISHER: &str = "publisher";

impl Harvester {
    /// The events of every series that these changes touch, as they are with them. Where there are many, only the last
    /// ones, and those before have been written. Parts that were `missed` go with the event of their series.
    pub(super) async fn made_of(
        &self,
        run: &mut Run,
        terms: &Terms,
        now: BTreeMap<Uuid, Option<Part>>,
        mut missed: HashMap<String, Vec<Uuid>>,
    ) -> Result<Items, End> {
        let is_page = missed.is_empty();
        let ids: Vec<Uuid> = now.keys().copied().collect();
        // A part that has moved to another series is missing in the one it came from.
        let before = peers::series_of(&self.db, &ids).await?;
        let touched: BTreeSet<String> =
            before.into_iter().chain(now.values().flatten().map(|part| part.series.clone())).collect();
        let mut told: HashMap<String, Vec<Part>> = HashMap::new();
        for part in now.into_values().flatten() {
            told.entry(part.series.clone()).or_default().push(part);
        }
        let changed: HashSet<Uuid> = ids.into_iter().collect();
        let (mut items, mut series_made, mut bytes) = (Items::new(), 0, 0);
        for series in touched {
            if series_made >= MOST_SERIES || bytes >= MOST_BYTES {
                // There is more of the page, so we stay where we are, and what goes is counted with the rest of it.
                run.deletions.more_follows = is_page;
                self.apply_picked(run, std::mem::take(&mut items)).await?;
                (series_made, bytes) = (0, 0);
            }
            let fresh = told.remove(&series).unwrap_or_default();
            let stood = peers::parts_of_series(&self.db, run.peer.id, &series, MOST_PARTS).await?;
            let stood = stood.into_iter().filter(|part| !changed.contains(&part.id));
            let (of, fresh) = parts_now(run, stood.collect(), fresh);
            bytes += of.iter().map(|part| part.data.len()).sum::<usize>();
            series_made += 1;
            let event = local_event(run, &series);
            run.parts.missed.extend(missed.remove(&series).into_iter().flatten().map(|part| (part, event)));
            let known = peers::foreign(&self.db, &[event]).await?;
            let was_here = known.iter().any(|known| known.live);
            self.make(run, &series, of, was_here, &fresh, terms, &mut items);
        }
        Ok(items)
    }

    /// One event of the parts of its series.
    #[expect(clippy::too_many_arguments, reason = "each is one thing that is known of the page")]
    fn make(
        &self,
        run: &mut Run,
        series: &str,
        of: Vec<Part>,
        was_here: bool,
        fresh: &HashSet<Uuid>,
        terms: &Terms,
        items: &mut Items,
    ) {
        let id = mapping::short(series);
        let mut leave = |why: &str, many: usize| *run.report.left_out.entry(why.to_owned()).or_default() += many as u64;
        let read: Vec<(bool, Value)> =
            of.iter().filter_map(|part| Some((part.is_date, serde_json::from_str(&part.data).ok()?))).collect();
        let dates: Vec<&Value> = read.iter().filter(|(is_date, _)| *is_date).map(|(_, value)| value).collect();
        // Dates may bring their series along; what the series says of itself comes first.
        let told = read.iter().find(|(is_date, _)| !is_date).map(|(_, value)| value);
        let main = told.or_else(|| dates.iter().find_map(|date| page::series_within(date)));
        let publisher = Publisher { id: PUBLISHER, name: &run.peer.name };
        let made = match main {
            Some(main) => mapping::event(&id, main, &dates, publisher).map_err(Some),
            None => Err(None),
        };
        match made {
            Ok(Mapped { mut event, places, categories, dropped }) => {
                leave("dropped-part", dropped);
                let words = self.records.withheld_categories();
                let subjects = read
                    .iter()
                    .flat_map(|(_, part)| mapping::subjects(part))
                    .chain(mapping::subjects(main.unwrap_or(&Value::Null)));
                if subjects.chain(categories.iter().cloned()).any(|name| words.are_in(&name)) {
                    // Its place is not kept, neither in the record nor in what came.
                    event["location_policy"] = "withheld".into();
                    run.parts.put.extend(of.into_iter().map(without_places));
                } else {
                    run.parts.put.extend(of.into_iter().filter(|part| fresh.contains(&part.id)));
                    items.extend(places.into_iter().filter_map(|place| {
                        let id = place["id"].as_str()?.to_owned();
                        Some(Ok(Event::told(Kind::Location, id, place)))
                    }));
                }
                let mut attributes = event["attributes"].as_array().cloned().unwrap_or_default();
                for category in categories {
                    if let Some(term) = terms.get(&fold(&category)) {
                        let id = mapping::short(&fold(&category));
                        run.shared.insert((Kind::TaxonomyTerm, admit::local_id(&run.peer.origin, "taxonomy_term", &id)), *term);
                        attributes.push(json!({"link_entity": "event", "taxonomy_term_id": id}));
                    }
                }
                event["attributes"] = attributes.into();
                items.push(Ok(Event::told(Kind::Event, id, event)));
            }
            Err(why) => {
                run.parts.put.extend(of.into_iter().filter(|part| fresh.contains(&part.id)));
                match why {
                    // It waits for its series, or for a date.
                    None if !dates.is_empty() => leave("no-series", dates.len()),
                    Some(Refused::NoDates) => leave("no-dates", 1),
                    Some(Refused::NoStart(said)) => {
                        let why = match said {
                            Some(said) => format!("startDate: {said:?} is not a date that can be read"),
                            None => "startDate: it does not say when it takes place".to_owned(),
                        };
                        items.push(Err(Box::new(unreadable(&id, "invalid", why))));
                        return;
                    }
                    Some(Refused::NoName) => {
                        let why = "neither the session nor its activity has a name".to_owned();
                        items.push(Err(Box::new(unreadable(&id, "invalid", why))));
                        return;
                    }
                    None => {}
                }
                if was_here {
                    items.push(Ok(Event::gone(Kind::Event, id)));
                }
            }
        }
    }
}

/// The parts of a series as they are now, in one order, and which of them are new: no more than one event has dates.
fn parts_now(run: &mut Run, stood: Vec<Part>, told: Vec<Part>) -> (Vec<Part>, HashSet<Uuid>) {
    let fresh: HashSet<Uuid> = told.iter().map(|part| part.id).collect();
    let parts: BTreeMap<Uuid, Part> = stood.into_iter().chain(told).map(|part| (part.id, part)).collect();
    let mut of = Vec::new();
    for part in parts.into_values() {
        if of.len() <= mapping::MOST_DATES {
            of.push(part);
        } else if fresh.contains(&part.id) {
            *run.report.left_out.entry("too-many-dates".to_owned()).or_default() += 1;
        }
    }
    (of, fresh)
}

/// The id here of the event that a series makes.
fn local_event(run: &Run, series: &str) -> Uuid {
    admit::local_id(&run.peer.origin, Kind::Event.as_str(), &mapping::short(series))
}

fn without_places(part: Part) -> Part {
    let mut data: Value = serde_json::from_str(&part.data).unwrap_or_default();
    page::forget_places(&mut data);
    Part { data: data.to_string(), ..part }
}
