//! The adapter for a calendar (iCalendar): one file, read whole each time it has changed.
//!
//! A calendar has no deletions. What two whole readings in a row do not have is gone; what is over by
//! then has taken place, and goes without a word. A calendar that was cut short says nothing of what
//! it does not have, and one that is suddenly empty waits for a person.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    super::peers::{self, Cursor, Foreign, Report},
    End, Harvester, Run, admit,
    crawl::EMPTY,
    directory::mind_the_cap,
    event::{Event, Items, Unreadable},
    repair::VERSION,
};
use crate::{
    formats::ical::{
        document::{self, Known, Places, organisation},
        read::{self as ical, Calendar, PRIVATE, Problem, Series},
    },
    model::{
        Document, Kind, occurrences,
        text::{clean, fold, shorten},
    },
    outbound::Ask,
    signing,
};

/// Records in one transaction.
const BATCH: usize = 500;
/// Records that are looked at together when a reading is over.
const ROWS: u64 = 200;
/// Whole readings in a row that must miss a record before it is taken for gone.
const MISSING: i32 = 2;
/// Ids longer than this are called by their hash, in bytes.
const LONGEST_ID: usize = 200;
/// The id of whoever publishes the calendar.
const PUBLISHER: &str = "calendar";

impl Harvester {
    /// Read the calendar, unless it is as it was.
    pub(super) async fn read_calendar(&self, run: &mut Run, progress: &mut (impl FnMut(&Report) + Send)) -> Result<(), End> {
        let began = self.clock.now();
        let url = run.peer.url.clone();
        let has_lost = self.look_once_a_week(run).await?;
        if has_lost || self.is_to_be_tried_again(run).await? {
            // It is read as if it were new.
            run.peer.cursor = Cursor { etag: None, last_modified: None, ..run.peer.cursor.clone() };
        }
        let since = run.peer.cursor.last_modified.clone().map(|since| ("if-modified-since", since));
        let ask = Ask {
            accept: "text/calendar",
            if_none_match: run.peer.cursor.etag.clone(),
            headers: since.into_iter().collect(),
            ..Ask::get(url.clone())
        };
        let answer = self.ask(run, ask).await?;
        if answer.status == 304 {
            // It still does not have what it did not have when it was read.
            run.peer.cursor.may_be_empty = false;
            return self.take_out_what_it_has_not(run).await;
        }
        if !ical::is_calendar(&answer.body) {
            let kind = answer.header("content-type").unwrap_or("no content type");
            return Err(End::failed("not-a-calendar", format!("{url} returns {kind}, which does not start like a calendar")));
        }
        let read = ical::read(&answer.body);
        let calendar = read.map_err(|problem| End::failed("bad-calendar", format!("{url}: {}", problem.reason)))?;
        let header = |name: &str| answer.header(name).map(str::to_owned);
        let (etag, last_modified) = (header("etag"), header("last-modified"));
        drop(answer.body);
        run.report.pages += 1;
        if calendar.events.is_empty() && self.has_something_ahead(run).await? {
            if !run.peer.cursor.may_be_empty {
                let detail = format!("it had {} records and is now empty", run.live);
                return Err(End::held("suddenly-empty", detail));
            }
            run.report.deleted += self.take_out_all(&run.peer, Some(run.lease), EMPTY, false).await?;
        }
        let Cursor { crawl, looked_at, .. } = run.peer.cursor;
        run.peer.cursor = Cursor { crawl: crawl + 1, looked_at, ..Cursor::default() };
        let whole = calendar.whole;
        let items = self.told_by(run, calendar).await?;
        let mut rest = items.into_iter();
        loop {
            let some: Items = rest.by_ref().take(BATCH).collect();
            if some.is_empty() {
                break;
            }
            let cursor = run.peer.cursor.clone();
            self.apply(run, some, Vec::new(), cursor).await?;
            progress(&run.report);
            mind_the_cap(run)?;
        }
        if !whole {
            let detail = format!("{url} was cut short: what arrived has been imported, and nothing else was deleted");
            return Err(End::failed("cut-short", detail));
        }
        self.take_out_what_it_has_not(run).await?;
        let tx = self.under_lease(run).await?;
        // What could not be taken has been told again by now, or is not there any more.
        peers::forget_quarantined_before(&tx, run.peer.id, began).await?;
        tx.commit().await?;
        let tried_with = Some(VERSION.to_owned());
        let cursor = Cursor { etag, last_modified, tried_with, ..run.peer.cursor.clone() };
        self.apply(run, Vec::new(), Vec::new(), cursor).await
    }

    /// Everything that a calendar tells: whoever holds its events, their places, the events.
    async fn told_by(&self, run: &mut Run, calendar: Calendar) -> Result<Items, End> {
        let Calendar { events, problems, .. } = calendar;
        let secret = self.records.withheld_categories();
        let is_secret = |category: &str| secret.are_in(category);
        let (events, _) = ical::latest(events, id_of);
        let known = Known::of(&events, is_secret);
        let terms = self.terms_by_name().await?;
        let mut told = Told::default();
        for event in &events {
            let holder = holder_of(run, event);
            let secret = event.categories.iter().any(|category| is_secret(category)) || known.is_secret(event);
            let mut places = Places::new(&holder.0, &known, called_place);
            let mut value = document::event(event, &id_of(event), &holder.0, &mut places, secret);
            for place in places.further {
                told.part(Kind::Location, place);
            }
            if value["location"].is_object() {
                let place = value["location"].take();
                value["location_id"] = place["id"].clone();
                told.part(Kind::Location, place);
            }
            told.part(Kind::Organization, json!({"id": holder.0, "name": holder.1}));
            let mut attributes = Vec::new();
            for category in &event.categories {
                if let Some(term) = terms.get(&fold(category)) {
                    let id = called(&format!("calendar\n{}", fold(category)));
                    run.shared.insert((Kind::TaxonomyTerm, admit::local_id(&run.peer.origin, "taxonomy_term", &id)), *term);
                    attributes.push(json!({"link_entity": "event", "taxonomy_term_id": id}));
                } else {
                    *run.report.left_out.entry("dropped-part".to_owned()).or_default() += 1;
                }
            }
            value["attributes"] = attributes.into();
            if !event.dropped.is_empty() {
                *run.report.left_out.entry("dropped-part".to_owned()).or_default() += event.dropped.len() as u64;
            }
            told.events.push(Ok(Event::told(Kind::Event, id_of(event), value)));
        }
        // An event that was told before and is private now goes at once.
        let private = problems.iter().filter(|problem| problem.path == PRIVATE).filter_map(|problem| problem.uid.as_deref());
        let private: HashMap<Uuid, String> = private
            .map(|uid| called(&clean(uid)))
            .map(|id| (admit::local_id(&run.peer.origin, Kind::Event.as_str(), &id), id))
            .collect();
        let asked: Vec<Uuid> = private.keys().copied().collect();
        for known in peers::foreign(&self.db, &asked).await?.into_iter().filter(|known| known.live) {
            told.events.push(Ok(Event { over: true, ..Event::gone(Kind::Event, known.foreign_id) }));
        }
        *run.report.left_out.entry("private".to_owned()).or_default() += private.len() as u64;
        run.report.left_out.retain(|_, many| *many > 0);
        told.parts.extend(told.events);
        Ok(spread(problems.iter().filter(|problem| problem.rejected).map(unreadable).collect(), told.parts))
    }

    /// Our own terms, by their names and codes.
    pub(super) async fn terms_by_name(&self) -> Result<HashMap<String, Uuid>, End> {
        let mut found = HashMap::new();
        let mut after = None;
        loop {
            let terms = self.records.by_kind(Kind::TaxonomyTerm, after, 500).await?;
            let Some(last) = terms.last() else { return Ok(found) };
            after = Some(last.id);
            for stored in terms.iter().filter(|stored| stored.origin.is_empty()) {
                if let Document::TaxonomyTerm(term) = stored.read()? {
                    for name in [Some(term.name.as_str()), term.code.as_deref()].into_iter().flatten() {
                        found.insert(fold(name), stored.id);
                    }
                }
            }
        }
    }

    /// Whether something of the peer is here that is not over.
    async fn has_something_ahead(&self, run: &Run) -> Result<bool, End> {
        let mut after = None;
        loop {
            let rows = peers::of_peer(&self.db, run.peer.id, after, ROWS).await?;
            let Some(last) = rows.last() else { return Ok(false) };
            after = Some(last.place());
            for row in rows.iter().filter(|row| row.live && row.kind == Kind::Event) {
                if !self.is_over(row.id).await? {
                    return Ok(true);
                }
            }
        }
    }

    /// Whether the last date of an event is over.
    async fn is_over(&self, id: Uuid) -> Result<bool, End> {
        let Some(stored) = self.records.find(id).await? else { return Ok(true) };
        let Document::Event(event) = stored.read()? else { return Ok(false) };
        Ok(occurrences::last_end(&event).is_some_and(|end| end < self.clock.now()))
    }

    /// The end of a whole reading: events that it did not have may be gone, and with them the places
    /// that no event needs any more.
    async fn take_out_what_it_has_not(&self, run: &mut Run) -> Result<(), End> {
        self.take_out_missing(run, |kind| kind == Kind::Event).await?;
        if run.report.held_deletes == 0 && peers::held_for_people(&self.db, run.peer.id).await?.is_empty() {
            self.take_out_missing(run, |kind| kind != Kind::Event).await?;
        }
        Ok(())
    }

    async fn take_out_missing(&self, run: &mut Run, which: fn(Kind) -> bool) -> Result<(), End> {
        let mut after = None;
        let mut gone = Items::new();
        loop {
            let rows = peers::not_seen(&self.db, run.peer.id, run.peer.cursor.crawl, after, ROWS).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.place());
            let mut missed: Vec<Foreign> = Vec::new();
            for mut row in rows.into_iter().filter(|row| which(row.kind)) {
                row.missing += 1;
                if row.missing < MISSING {
                    missed.push(row);
                    continue;
                }
                let over = row.kind != Kind::Event || self.is_over(row.id).await?;
                gone.push(Ok(Event { over, ..Event::gone(row.kind, row.foreign_id) }));
            }
            let tx = self.under_lease(run).await?;
            peers::put_foreign(&tx, &missed).await?;
            tx.commit().await?;
        }
        self.take_out_together(run, gone).await
    }
}

/// What a calendar tells, each thing once.
#[derive(Default)]
struct Told {
    parts: Items,
    known: HashSet<(Kind, String)>,
    events: Items,
}

impl Told {
    /// A place or an organization, which several events name.
    fn part(&mut self, kind: Kind, value: Value) {
        let Some(id) = value["id"].as_str().map(str::to_owned) else { return };
        if self.known.insert((kind, id.clone())) {
            self.parts.push(Ok(Event::told(kind, id, value)));
        }
    }
}

fn unreadable(problem: &Problem) -> Result<Event, Box<Unreadable>> {
    // Without a name of its own, it is one with all that cannot be read for the same reason.
    let id = called(&problem.uid.as_deref().map_or_else(|| problem.reason.clone(), clean));
    let detail = format!("line {}: {}", problem.line, problem.reason);
    Err(Box::new(Unreadable { kind: Kind::Event.as_str().to_owned(), id, rev: 0, code: "invalid", detail, raw: Value::Null }))
}

/// What cannot be taken, spread evenly among the rest: whether there is too much of it is asked of
/// each batch.
fn spread(bad: Items, rest: Items) -> Items {
    let (many, step) = (bad.len() + rest.len(), rest.len() / bad.len().max(1));
    let mut rest = rest.into_iter();
    let mut all = Vec::with_capacity(many);
    for one in bad {
        all.extend(rest.by_ref().take(step));
        all.push(one);
    }
    all.extend(rest);
    all
}

/// Who holds an event: an organisation that it names, or else whoever publishes the calendar.
fn holder_of(run: &Run, event: &Series) -> (String, String) {
    match organisation(event.organizer.as_deref()) {
        Some(name) => (called(&format!("calendar\n{}", fold(&name))), name),
        None => (PUBLISHER.to_owned(), run.peer.name.clone()),
    }
}

/// What an event is called at its source. One without a name of its own is told from others by what it
/// is called and when it begins.
fn id_of(event: &Series) -> String {
    match event.uid.as_deref().map(clean) {
        Some(uid) if !uid.is_empty() => called(&uid),
        _ => called(&format!("{} {}", fold(event.name.as_deref().unwrap_or_default()), event.start)),
    }
}

/// An id out of what tells a thing from others.
fn called(key: &str) -> String {
    let id = clean(&key.strip_prefix("calendar\n").unwrap_or(key).replace('\n', ", "));
    if id.is_empty() || id.len() > LONGEST_ID { signing::hash_of(key.as_bytes()) } else { id }
}

/// What a place is called. Not after its words: it may turn out to be secret, and names are kept.
fn called_place(key: &str) -> String {
    signing::hash_of(key.as_bytes())
}

/// What a calendar calls itself, for whoever follows it without a name of their own for it.
pub(in crate::federation) fn name_of(bytes: &[u8]) -> Option<String> {
    let calendar = ical::read(bytes).ok()?;
    let name = calendar.events.iter().find_map(|event| event.calendar.as_deref())?;
    Some(shorten(&organisation(Some(name)).unwrap_or_else(|| clean(name)), LONGEST_ID)).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(text: &str) -> Vec<Series> {
        ical::read(format!("BEGIN:VCALENDAR\n{text}END:VCALENDAR\n").as_bytes()).unwrap().events
    }

    #[test]
    fn of_two_versions_the_later_one_stands_wherever_it_is_in_the_file() {
        let event = |sequence: u32, name: &str| {
            format!("BEGIN:VEVENT\nUID:1\nSEQUENCE:{sequence}\nSUMMARY:{name}\nDTSTART:20261203T120000Z\nEND:VEVENT\n")
        };
        for text in [event(1, "Old") + &event(2, "New"), event(2, "New") + &event(1, "Old"), event(1, "Old") + &event(1, "New")] {
            let names: Vec<_> = ical::latest(events(&text), id_of).0.into_iter().filter_map(|event| event.name).collect();
            assert_eq!(names, ["New"], "{text}");
        }
    }

    #[test]
    fn things_without_names_get_short_and_lasting_ones() {
        assert_eq!(called("calendar\nfood and drink"), "food and drink");
        assert!(called(&"x".repeat(300)).starts_with("sha-256:"));
        let nameless = events("BEGIN:VEVENT\nSUMMARY:Soup!\nDTSTART;TZID=Europe/London:20261203T120000\nEND:VEVENT\n");
        assert_eq!(id_of(&nameless[0]), "soup 2026-12-03 12:00:00");
    }
}
