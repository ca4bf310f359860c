//! The page of one event series: what, when in words, what was changed on single dates.

use axum::{
    extract::{Path, State},
    response::Response,
};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use http::HeaderMap;
use maud::{Markup, html};
use uuid::Uuid;

use super::{
    Site, data, files,
    language::{as_written, isolated, say, say_count, say_with},
    layout,
    layout::Page,
    open,
    parts::{self, costs_row, row, row_as_written, text_row},
    quiet, shortlist, times,
    words::{self, long_date},
};
use crate::{
    formats::jsonld,
    http::Problem,
    model::{
        Event, Kind, Location, Service,
        event::{DateChange, EventChange, EventStatus},
        occurrences::{self, last_end},
        values::{LocalDateTime, Number},
    },
    published::{render::projected_service_id, shelf::Form},
};

/// The page of one event series.
pub(super) async fn show(State(site): State<Site>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let page = data::one::<Event>(&site.directory, Kind::Event, &id)
        .and_then(|found| page(&site, found.entry.changed_at(), &found.document));
    layout::answer(&site, &headers, page)
}

/// The page of a public document.
pub(super) fn page(site: &Site, changed_at: DateTime<Utc>, event: &Event) -> Result<Page, Problem> {
    let (today, now) = (site.today(), site.now());
    let quiet = quiet::is_quiet_event(&site.directory, event)?;
    let part_of = event
        .service_id
        .map(|id| data::these::<Service>(&site.directory, &[id.into()], Form::Brief))
        .transpose()?
        .and_then(|found| found.into_iter().next());
    let elsewhere = places_of_changes(site, event)?;
    let left_out: Vec<String> =
        event.exdates.iter().map(|at| at.naive().date()).filter(|day| *day >= today).map(long_date).collect();
    let further: Vec<String> =
        event.rdates.iter().map(LocalDateTime::naive).filter(|at| at.date() >= today).map(times::at).collect();
    let ages = words::ages(event.minimum_age, event.maximum_age);
    // Whoever shares a calendar would see what stands on a page that is to be kept quiet.
    let calendar = (!quiet).then(|| format!("/events/{}.ics", event.id));
    let body = html! {
        @if quiet { (super::home::danger()) (super::home::to_numbers()) }
        h1 { (as_written(&event.name)) }
        @if let Some(organisation) = &event.organization {
            (parts::by(organisation))
        }
        (banner(event, site.now()))
        @if let Some(text) = &event.description { (parts::paragraphs(text)) }
        dl class="summary" {
            (row("When", &[times::event(event)]))
            (row("Next dates", &next_dates(event, now, site.horizon())))
            (row("Not on", &left_out))
            (row("Also on", &further))
            (row("Changes", &changes(&event.changes, &elsewhere, today)))
            (row("Who it is for", &event.eligibility_description.iter().map(|said| as_written(said)).chain(ages.map(|ages| html! { (ages) })).collect::<Vec<_>>()))
            (costs_row(&words::costs(None, &event.cost_options)))
            @if let Some(url) = &event.booking_url { div { dt { (say("Book")) } dd { (parts::web(url, Some(say("Book a place")))) } } }
            (row("Room for", &event.capacity.map(room).into_iter().collect::<Vec<_>>()))
            (text_row("Languages", parts::languages(&event.languages).as_deref()))
            (row_as_written("Access", &parts::access(&event.accessibility)))
            @if let Some(found) = &part_of {
                div { dt { (say("Part of")) } dd { a href=(format!("/directory/services/{}", found.document.id)) { (as_written(&found.document.name)) } } }
            }
        }
        @if let Some(href) = &calendar { p { a href=(href) { (say("Add to your calendar")) } } }
        (parts::contact(&event.phones, None, event.url.as_ref(), &[], &event.contacts))
        h2 { (say("Where")) }
        @if let Some(url) = &event.online_url { p { (say("Online")) ": " (parts::web(url, None)) } }
        @match &event.location {
            Some(place) => (parts::place(place)),
            None if event.online_url.is_none() => p { (say("No address is published. Get in touch first.")) },
            None => {},
        }
        h2 { (say("About this listing")) }
        dl class="summary" {
            (parts::terms(&event.attributes))
            (parts::origin(site, changed_at, &format!("/events/{}", event.id), &event.extra))
        }
        (shortlist::button_for(projected_service_id(event.id.into())))
        (parts::wrong(event.id))
    };
    let title = if quiet { say("An event").to_owned() } else { event.name.clone() };
    let preview = (!quiet).then(|| event.description.as_deref().map(|text| words::summary(text, 200))).flatten();
    let trail = if quiet { Vec::new() } else { parts::organisation_step(event.organization.as_deref()) };
    let dates = occurrences::between(event, now, now + site.horizon(), jsonld::MOST_DATES);
    Ok(Page {
        preview,
        path: Some(format!("/directory/events/{}", event.id)),
        quiet,
        trail,
        scripts: vec![files::back_address()],
        calendar: calendar.map(|href| (href, say("These dates as a calendar"))),
        data: Some(jsonld::event(&site.directory.public_url, event, &jsonld::telling_dates(dates))),
        ..Page::new(title, body)
    })
}

/// "12 people".
fn room(Number(most): Number) -> String {
    let shown = most.to_string();
    say_count(shown.parse().unwrap_or(usize::MAX), &shown, "person", "people")
}

/// The next dates of a series, as far ahead as `horizon`; an event that takes place once has its date already.
fn next_dates(event: &Event, now: DateTime<Utc>, horizon: TimeDelta) -> Vec<String> {
    const SHOWN: usize = 5;
    if event.status != EventStatus::Scheduled || (event.rrule.is_none() && event.rdates.is_empty()) {
        return Vec::new();
    }
    let dates = occurrences::between(event, now, now + horizon, SHOWN);
    dates.iter().map(|date| open::occurrence(date, open::Days::From(now))).collect()
}

fn banner(event: &Event, now: DateTime<Utc>) -> Markup {
    let said = match event.status {
        EventStatus::Cancelled => Some("This has been cancelled."),
        EventStatus::Postponed => Some("This has been postponed. The new date is not known yet."),
        EventStatus::Scheduled if last_end(event).is_some_and(|end| end <= now) => Some("This is over."),
        EventStatus::Scheduled => None,
    };
    html! { @if let Some(said) = said { div class="banner" role="note" { p { strong { (say(said)) } } } } }
}

/// The places of single dates that take place elsewhere, with their names and addresses.
fn places_of_changes(site: &Site, event: &Event) -> Result<Vec<Location>, Problem> {
    let usual = event.location.as_ref().map(|place| place.id);
    let others: Vec<Uuid> =
        event.changes.iter().filter_map(|change| change.location_id).filter(|id| Some(*id) != usual).map(Uuid::from).collect();
    let found = data::these::<Location>(&site.directory, &others, Form::Full)?;
    Ok(found.into_iter().map(|found| found.document).collect())
}

/// "Bury Park Hall, 12 Dunstable Road, LU1 1AA".
fn place_in_a_line(place: &Location) -> String {
    let address = place.address();
    let parts = [place.name.as_deref(), address.map(|at| &*at.address_1), address.map(|at| &*at.postal_code)];
    parts.into_iter().flatten().filter(|part| !part.is_empty()).map(isolated).collect::<Vec<_>>().join(", ")
}

/// What was changed on single dates that are not past.
fn changes(changes: &[EventChange], elsewhere: &[Location], today: NaiveDate) -> Vec<String> {
    let is_ahead = |change: &&EventChange| {
        [Some(&change.start), change.new_start.as_ref()].into_iter().flatten().any(|at| at.naive().date() >= today)
    };
    changes
        .iter()
        .filter(is_ahead)
        .map(|change| {
            let day = long_date(change.start.naive().date());
            let what = match (change.status, &change.new_start, &change.new_end) {
                (DateChange::Cancelled, ..) => say_with("{day} is cancelled.", &[("day", &day)]),
                (DateChange::Full, ..) => say_with("{day} is full.", &[("day", &day)]),
                (DateChange::Moved, Some(start), Some(end)) => {
                    say_with("{day} is moved to {other}.", &[("day", &day), ("other", &times::span(start.naive(), end.naive()))])
                }
                (DateChange::Moved, Some(start), None) => {
                    let other = times::at(start.naive());
                    say_with("{day} is moved to {other}.", &[("day", &day), ("other", &other)])
                }
                (DateChange::Moved, None, _) if change.location_id.is_none() => say_with("{day} is moved.", &[("day", &day)]),
                (DateChange::Moved, None, _) => String::new(),
            };
            let place = change.location_id.and_then(|id| elsewhere.iter().find(|place| place.id == id)).map(place_in_a_line);
            let place =
                place.map(|place| say_with("{day} is at a different place: {place}.", &[("day", &day), ("place", &place)]));
            let what = [Some(what), place].into_iter().flatten().filter(|said| !said.is_empty()).collect::<Vec<_>>().join(" ");
            let what = if what.is_empty() { say_with("{day} is moved.", &[("day", &day)]) } else { what };
            change.note.as_ref().map_or_else(|| what.clone(), |note| format!("{what} {}", isolated(note)))
        })
        .collect()
}
