//! Calendars. A series goes out with its rule and its exceptions, never as a list of dates: a
//! calendar that subscribes works out the dates itself, for as long as it likes.

mod entry;

use std::collections::HashSet;

use chrono::{NaiveDateTime, NaiveTime};
use chrono_tz::Tz;
use url::Url;

use super::{hours, lines, rule, zone};
use crate::{
    formats::{address, public_point},
    ids::LocationId,
    model::{
        Attribute, Event, Location, Phone, Service, ServiceStatus,
        event::EventStatus,
        occurrences::{self, Rule},
        parts::CostOption,
        values::LocalDateTime,
    },
};
use entry::{Entry, State, hidden_place, place_in_words};

/// `SEQUENCE` counts the seconds from here (1 January 2020) to the last change: it has to grow with
/// each change and to fit into 31 bits.
const FIRST_SECOND: i64 = 1_577_836_800;

/// A calendar being written. What is written comes out piece by piece with [`Calendar::take`], so a
/// calendar of any size needs little memory.
#[derive(Debug)]
pub struct Calendar {
    base: Url,
    host: String,
    zones: HashSet<Tz>,
    out: String,
}

impl Calendar {
    /// A calendar called `name` of the directory that the world reaches at `base`.
    pub fn new(base: &Url, name: &str) -> Self {
        let host = base.host_str().unwrap_or("localhost").to_owned();
        let mut calendar = Self { base: base.clone(), host, zones: HashSet::new(), out: String::new() };
        calendar.put("BEGIN", "VCALENDAR");
        calendar.put("VERSION", "2.0");
        calendar.put("PRODID", "-//Fingerpost//Fingerpost//EN");
        calendar.put("CALSCALE", "GREGORIAN");
        calendar.put("NAME", &lines::escaped(name));
        calendar.put("X-WR-CALNAME", &lines::escaped(name));
        calendar.put("REFRESH-INTERVAL;VALUE=DURATION", "PT6H");
        calendar.put("X-PUBLISHED-TTL", "PT6H");
        // A calendar has to hold something, also one of a search that found nothing.
        calendar.zone(hours::ZONE);
        calendar
    }

    /// Add an event series. `elsewhere` knows the places to which single dates have moved, as far as
    /// they are public.
    pub fn event(&mut self, event: &Event, elsewhere: &dyn Fn(LocationId) -> Option<Location>) {
        let zone = event.timezone.tz();
        let (start, end) = (event.start.naive(), event.end.naive());
        let rule = event.rrule.as_deref().and_then(|rule| rule::for_calendars(rule, start, zone));
        let moments = |list: &[LocalDateTime]| list.iter().map(LocalDateTime::naive).collect::<Vec<_>>();
        let mut series = Entry {
            also: moments(&event.rdates),
            without: left_out(event),
            paragraphs: said_of(event),
            place: event.location.as_deref().cloned(),
            online: event.online_url.as_ref().map(ToString::to_string),
            categories: categories(&event.attributes),
            ..Entry::new(format!("{}@{}", event.id, self.host), event.name.clone(), zone, start)
        };
        // An end that is not after the start is none (RFC 5545, 3.6.1).
        series.end = Some(end).filter(|end| *end > start);
        series.page = address(&self.base, &format!("/directory/events/{}", event.id));
        series.modified = event.last_modified.unwrap_or_default();
        match event.status {
            EventStatus::Scheduled => {}
            EventStatus::Cancelled => series.set_state(State::Cancelled, "Cancelled"),
            EventStatus::Postponed => series.set_state(State::Tentative, "Postponed"),
        }
        if event.rrule.is_some() && rule.is_none() {
            series.paragraphs.push("There is more than one date. They are on its web page.".to_owned());
        }
        series.rule = rule;
        if series.rule.is_none() && series.also.is_empty() {
            let without = std::mem::take(&mut series.without);
            // Its only date is left out. Without a rule, calendars would not read that.
            if event.rrule.is_none() && without.contains(&start) {
                return;
            }
            if let Some(change) = event.changed_dates().get(&start) {
                series.change(change, elsewhere);
            }
            return self.entry(&series);
        }
        self.entry(&series);
        if event.status == EventStatus::Cancelled {
            return;
        }
        // A date that is left out has nothing to change, and so has one that the series does not have.
        let there = |date: &NaiveDateTime| !series.without.contains(date) && occurrences::has(event, *date);
        for (date, change) in event.changed_dates().into_iter().filter(|(date, _)| there(date)) {
            let mut single = series.at(date);
            single.change(change, elsewhere);
            self.entry(&single);
        }
    }

    /// Add the hours of a service, each of its schedules as a series of its own. Schedules that are
    /// words only, or have no time of day, are left out.
    pub fn service(&mut self, service: &Service) {
        let since = service.last_modified.unwrap_or_default().with_timezone(&hours::ZONE).date_naive();
        let only_place = match service.service_at_locations.as_slice() {
            [only] => only.location.as_deref(),
            _ => None,
        };
        let anywhere = service.schedules.iter().map(|schedule| (schedule, only_place));
        let here = service
            .service_at_locations
            .iter()
            .flat_map(|link| link.schedules.iter().map(|schedule| (schedule, link.location.as_deref())));
        for (schedule, place) in anywhere.chain(here) {
            let Some(found) = hours::of(schedule, since) else { continue };
            let mut paragraphs: Vec<String> = service.alert.iter().chain(&service.description).cloned().collect();
            paragraphs.extend(schedule.description.iter().chain(&schedule.notes).cloned());
            paragraphs.extend(service.application_process.clone());
            paragraphs.extend(costs(service.fees_description.as_deref().or(service.fees.as_deref()), &service.cost_options));
            paragraphs.extend(service.organization.as_ref().map(|found| format!("By {}", found.name)));
            paragraphs.extend(phones(&service.numbers_or_theirs()));
            let uid = format!("{}.{}@{}", service.id, schedule.id, self.host);
            let mut series = Entry {
                paragraphs,
                place: place.cloned(),
                categories: categories(&service.attributes),
                free: true,
                ..Entry::new(uid, service.name.clone(), hours::ZONE, found.start)
            };
            (series.end, series.rule, series.without) = (found.end, found.rule, found.without);
            series.page = address(&self.base, &format!("/directory/services/{}", service.id));
            series.modified = service.last_modified.unwrap_or_default();
            match service.status {
                ServiceStatus::Active => {}
                ServiceStatus::TemporarilyClosed => series.set_state(State::Tentative, "Temporarily closed"),
                ServiceStatus::Inactive => series.set_state(State::Cancelled, "Not running now"),
                ServiceStatus::Defunct => series.set_state(State::Cancelled, "Closed for good"),
            }
            self.entry(&series);
        }
    }

    /// Nothing more comes.
    pub fn end(&mut self) {
        self.put("END", "VCALENDAR");
    }

    /// What was written since this was last asked.
    pub fn take(&mut self) -> String {
        std::mem::take(&mut self.out)
    }

    fn put(&mut self, name: &str, value: &str) {
        lines::put(&mut self.out, name, value);
    }

    fn zone(&mut self, wanted: Tz) {
        if self.zones.insert(wanted) {
            self.out.push_str(&zone::definition(wanted));
        }
    }

    fn entry(&mut self, entry: &Entry) {
        self.zone(entry.zone);
        let zoned = |name: &str| format!("{name};TZID={}", entry.zone.name());
        self.put("BEGIN", "VEVENT");
        self.put("UID", &entry.uid);
        if let Some(date) = entry.of_date {
            self.put(&zoned("RECURRENCE-ID"), &lines::local(date));
        }
        // Without METHOD, DTSTAMP says when the content last changed (RFC 5545, 3.8.7.2), and the
        // same content always has the same bytes.
        self.put("DTSTAMP", &lines::utc(entry.modified));
        self.put("LAST-MODIFIED", &lines::utc(entry.modified));
        self.put("SEQUENCE", &(entry.modified.timestamp() - FIRST_SECOND).clamp(0, i64::from(i32::MAX)).to_string());
        self.put(&zoned("DTSTART"), &lines::local(entry.start));
        if let Some(end) = entry.end {
            self.put(&zoned("DTEND"), &lines::local(end));
        }
        if let Some(rule) = &entry.rule {
            self.put("RRULE", rule);
        }
        // One date a line: some calendars read only the first of several.
        for date in &entry.without {
            self.put(&zoned("EXDATE"), &lines::local(*date));
        }
        for date in &entry.also {
            self.put(&zoned("RDATE"), &lines::local(*date));
        }
        self.put("SUMMARY", &lines::escaped(&entry.name));
        let hint = entry.place.as_ref().and_then(hidden_place);
        let paragraphs: Vec<&str> = entry.paragraphs.iter().map(String::as_str).chain(hint.as_deref()).collect();
        if !paragraphs.is_empty() {
            self.put("DESCRIPTION", &lines::escaped(&paragraphs.join("\n\n")));
        }
        if let Some(place) = entry.place.as_ref().and_then(place_in_words).or_else(|| entry.online.clone()) {
            self.put("LOCATION", &lines::escaped(&place));
        }
        if let Some((latitude, longitude)) = entry.place.as_ref().and_then(public_point) {
            self.put("GEO", &format!("{latitude};{longitude}"));
        }
        if let Some(online) = &entry.online {
            self.put("CONFERENCE;VALUE=URI", online);
        }
        self.put("URL", &entry.page);
        if !entry.categories.is_empty() {
            self.put("CATEGORIES", &entry.categories.iter().map(|name| lines::escaped(name)).collect::<Vec<_>>().join(","));
        }
        self.put(
            "STATUS",
            match entry.state {
                State::Confirmed => "CONFIRMED",
                State::Tentative => "TENTATIVE",
                State::Cancelled => "CANCELLED",
            },
        );
        if entry.free || entry.state == State::Cancelled {
            self.put("TRANSP", "TRANSPARENT");
        }
        self.put("END", "VEVENT");
    }
}

/// The dates that are left out. Where a whole day is, the calendar names every start that it would have had.
fn left_out(event: &Event) -> Vec<NaiveDateTime> {
    let start = event.start.naive();
    let rule = event.rrule.as_deref().and_then(|rule| Rule::parse(rule, start, event.timezone.tz()).ok());
    let usual = rule.map_or_else(|| vec![start.time()], |rule| rule.times_of_day());
    let further = event.rdates.iter().map(LocalDateTime::naive).filter(|at| !usual.contains(&at.time()));
    let further: Vec<NaiveDateTime> = further.collect();
    let mut left_out = Vec::new();
    for at in event.exdates.iter().map(LocalDateTime::naive) {
        if at.time() == NaiveTime::MIN {
            left_out.extend(usual.iter().map(|time| at.date().and_time(*time)));
            left_out.extend(further.iter().filter(|further| further.date() == at.date()));
        } else {
            left_out.push(at);
        }
    }
    left_out
}

/// What people should know about an event, a paragraph each.
fn said_of(event: &Event) -> Vec<String> {
    let texts = [&event.description, &event.eligibility_description, &event.notes];
    let mut said: Vec<String> = texts.into_iter().flatten().cloned().collect();
    said.extend(costs(None, &event.cost_options));
    said.extend(event.booking_url.as_ref().map(|url| format!("Book: {url}")));
    said.extend(event.online_url.as_ref().map(|url| format!("Online: {url}")));
    said.extend(event.organization.as_ref().map(|found| format!("By {}", found.name)));
    said.extend(phones(&event.numbers()));
    said
}

/// What it costs: in its own words, else as its prices say.
fn costs(words: Option<&str>, options: &[CostOption]) -> Option<String> {
    let prices = || options.iter().filter_map(cost).collect::<Vec<_>>().join("; ");
    let said = words.map_or_else(prices, str::to_owned);
    (!said.is_empty()).then(|| format!("Cost: {said}"))
}

fn cost(option: &CostOption) -> Option<String> {
    let amount = option.amount.map(|amount| match option.currency.as_deref().unwrap_or("GBP") {
        _ if amount.0 == 0.0 => "free".to_owned(),
        "GBP" | "gbp" if amount.0.fract() != 0.0 => format!("£{:.2}", amount.0),
        "GBP" | "gbp" => format!("£{amount}"),
        other => format!("{amount} {other}"),
    });
    let who = option.option.as_deref().filter(|who| !who.eq_ignore_ascii_case("free")).map(str::to_owned);
    let parts: Vec<String> = who.into_iter().chain(amount).chain(option.amount_description.clone()).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn phones(to_ring: &[&Phone]) -> Option<String> {
    let numbers: Vec<String> = to_ring.iter().map(|phone| phone.in_words()).collect();
    (!numbers.is_empty()).then(|| format!("Phone: {}", numbers.join(", ")))
}

fn categories(attributes: &[Attribute]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for term in attributes.iter().filter_map(|attribute| attribute.taxonomy_term.as_deref()) {
        if !names.contains(&term.name) {
            names.push(term.name.clone());
        }
    }
    names
}

#[cfg(test)]
mod tests;
