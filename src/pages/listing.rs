//! A service or event as lists show it: enough to decide whether to open it.

mod sensitive;
mod tags;
mod whereabouts;

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use maud::{Markup, PreEscaped, html};
use uuid::Uuid;

use super::{
    Site, areas, data,
    language::{as_written, isolated, rightwards, say, say_with, written_in},
    open::{self, Days},
    phones, quiet,
    shortlist::Kept,
    times, words,
};
use crate::{
    geo::Point,
    http::Problem,
    model::{Event, Service, ServiceStatus, event::EventStatus},
    published::{render::projected_service_id, shelf::Form},
    search::Found,
};
pub(super) use sensitive::{is_sensitive, is_sensitive_code, is_sensitive_event};
use tags::{Tag, from_elsewhere, tag_list};
pub(super) use whereabouts::place_in_words;
use whereabouts::{addresses, nearest, on_the_map, whereabouts, whole_address};

/// Listings that a message has: more is not read, and phones cut it off.
pub(super) const MOST_SENT: usize = 12;

/// What a list shows of one service or event.
#[derive(Clone, Debug)]
pub(super) struct Listing {
    /// The service; for an event, the service that stands for it.
    pub(super) id: Uuid,
    href: String,
    name: String,
    organisation: Option<String>,
    summary: Option<String>,
    tags: Vec<Tag>,
    place: Option<String>,
    distance: Option<String>,
    cost: Option<String>,
    /// Who it is for.
    audience: Option<String>,
    /// The areas that it is limited to.
    area: Option<String>,
    /// Whether it says that it is not for people where somebody is.
    elsewhere: bool,
    when: Option<String>,
    /// When it is next open, or takes place.
    next: Option<String>,
    /// The same by its date.
    next_dated: Option<String>,
    /// Whole addresses of its places, as far as they are public.
    addresses: Option<String>,
    /// The first number to ring, as people read it; none where it is not for people where somebody is.
    phone: Option<String>,
    /// Why it was found: a part of its text with the words marked, as HTML.
    snippet: Option<String>,
    /// The nearest of its places that may be shown on a map.
    pub(super) point: Option<Point>,
    /// Whether somebody may be in danger if others see them reading it.
    pub(super) sensitive: bool,
}

/// Longest that a list says who something is for, in characters.
const LONGEST_AUDIENCE: usize = 120;

/// In its own words, else by age.
fn audience(service: &Service) -> Option<String> {
    let said = service.eligibility_description.as_deref().map(|text| words::summary(text, LONGEST_AUDIENCE));
    said.filter(|said| !said.is_empty()).or_else(|| words::ages(service.minimum_age, service.maximum_age))
}

fn when(service: &Service, today: NaiveDate) -> Option<String> {
    let all = service.schedules.iter().chain(service.service_at_locations.iter().flat_map(|link| &link.schedules));
    let said: Vec<String> =
        all.filter(|schedule| !schedule.is_over(today)).filter_map(|schedule| times::schedule(schedule, today)).collect();
    match said.as_slice() {
        [] => None,
        [only] => Some(only.clone()),
        [first, ..] => Some(say_with("{first}; and {more}", &[("first", first), ("more", say("at other times"))])),
    }
}

impl Listing {
    /// A service, seen from a point.
    pub(super) fn of(site: &Site, service: &Service, from: Option<Point>) -> Self {
        Self {
            id: service.id.into(),
            href: match service.event_id {
                Some(event) => format!("/directory/events/{event}"),
                None => format!("/directory/services/{}", service.id),
            },
            name: service.name.clone(),
            organisation: service.organization.as_ref().map(|organisation| organisation.name.clone()),
            summary: service.description.as_deref().map(|text| words::summary(text, 260)),
            tags: tags::of(site, service),
            place: whereabouts(service),
            distance: from.and_then(|from| nearest(service, from)).map(words::distance),
            cost: words::costs(service.fees_description.as_deref().or(service.fees.as_deref()), &service.cost_options)
                .into_iter()
                .next(),
            audience: audience(service),
            area: areas::limit(service),
            elsewhere: false,
            when: when(service, site.today()),
            next: None,
            next_dated: None,
            addresses: addresses(service, from),
            phone: service.numbers_or_theirs().first().map(|phone| phone.in_words()),
            snippet: None,
            point: on_the_map(service, from),
            sensitive: is_sensitive(service),
        }
    }

    /// A service as things are at this moment: whether it is open, and when it is next.
    pub(super) fn at(mut self, service: &Service, now: DateTime<Utc>) -> Self {
        if service.status != ServiceStatus::Active {
            return self;
        }
        let opening = open::hours_of(service).at(now);
        self.tags.splice(0..0, open::tag(&opening, now).map(|words| Tag::new(words, "good now")));
        self.next = open::next(&opening, Days::From(now));
        self.next_dated = open::next(&opening, Days::ByDate);
        self
    }

    /// What stands for an event, with when that takes place next, as far ahead as `horizon`.
    fn with_dates(mut self, event: &Event, now: DateTime<Utc>, horizon: TimeDelta) -> Self {
        let when = times::event(event);
        // One date need not be said twice.
        let next = |days| open::next_date(event, now, horizon, days).filter(|next| *next != when);
        (self.next, self.next_dated) = (next(Days::From(now)), next(Days::ByDate));
        self.when = Some(when);
        self
    }

    /// What stands for an event that others had better not see one read about, of which its own terms may say nothing: on
    /// no map, in no message.
    fn kept_quiet(self) -> Self {
        Self { sensitive: true, point: None, ..self }
    }

    /// The same for somebody who is elsewhere than the people it is for: that is said first.
    fn seen_from_elsewhere(mut self) -> Self {
        self.tags.insert(0, Tag::new(areas::for_elsewhere(self.area.as_deref()), "doubt"));
        self.elsewhere = true;
        // The desk of another council would only send them away.
        self.phone = None;
        self
    }

    /// Whether it says that it is not for people where somebody is.
    pub(super) fn is_for_elsewhere(&self) -> bool {
        self.elsewhere
    }

    /// Where it leads, and what it is called.
    pub(super) fn link(&self) -> (&str, &str) {
        (&self.href, &self.name)
    }

    /// When it is next open, or takes place.
    pub(super) fn next(&self) -> Option<&str> {
        self.next.as_deref()
    }

    /// Whose it is.
    pub(super) fn organisation(&self) -> Option<&str> {
        self.organisation.as_deref()
    }

    /// What is to be known of its state.
    pub(super) fn tags(&self) -> Markup {
        tag_list(&self.tags)
    }

    /// Where, when, what it costs: as far as there is something to say.
    pub(super) fn facts(&self) -> Vec<(&'static str, Markup)> {
        marked_up(self.said(self.place.as_deref(), self.next.as_deref()))
    }

    /// The same to be kept or printed: with whole addresses, and days by their dates.
    pub(super) fn facts_to_keep(&self) -> Vec<(&'static str, Markup)> {
        marked_up(self.said(self.whole_place(), self.next_dated.as_deref()))
    }

    /// The same without markup, for messages. Without the distance: it says where somebody is.
    fn facts_to_send(&self) -> Vec<(&'static str, String)> {
        let here = Self { distance: None, ..self.clone() };
        here.said(here.whole_place(), here.next_dated.as_deref())
    }

    /// A text with listings, for somebody's own mail or messages: what it `begins` with; of each service its name, the
    /// first number, those of its facts that have these `labels`, and the address of its page; how many are `left_out`.
    pub(super) fn to_send<'a>(
        site: &Site,
        begins: &str,
        listings: impl IntoIterator<Item = (&'a Service, &'a Self)>,
        labels: &[&str],
        left_out: usize,
    ) -> String {
        let mut lines = vec![begins.to_owned()];
        for (service, listing) in listings {
            let (path, name) = listing.link();
            lines.extend([String::new(), name.to_owned()]);
            lines.extend(service.numbers_or_theirs().first().map(|phone| phone.in_words()));
            let facts = listing.facts_to_send().into_iter().filter(|(label, _)| labels.contains(label));
            lines.extend(facts.map(|(_, value)| value));
            lines.push(site.address(path));
        }
        if left_out > 0 {
            lines.extend([String::new(), words::count(left_out, "more place", "more places")]);
        }
        lines.join("\n")
    }

    fn whole_place(&self) -> Option<&str> {
        self.addresses.as_deref().or(self.place.as_deref())
    }

    fn said(&self, place: Option<&str>, next: Option<&str>) -> Vec<(&'static str, String)> {
        let place = match (place, &self.distance) {
            (Some(place), Some(distance)) => Some(format!("{}{}{distance}", isolated(place), say(", "))),
            (place, distance) => place.map(str::to_owned).or_else(|| distance.clone()),
        };
        let all = [
            ("Who it is for", self.audience.clone()),
            ("Area covered", self.area.clone().filter(|_| !self.elsewhere)),
            ("Where", place),
            ("When", self.when.clone()),
            ("Next", next.map(str::to_owned)),
            ("Cost", self.cost.clone()),
        ];
        all.into_iter().filter_map(|(label, value)| Some((label, value?))).collect()
    }

    /// An event series, with whether somebody may be in danger if others see them reading it.
    pub(super) fn of_event(event: &Event, sensitive: bool) -> Self {
        let state = match event.status {
            EventStatus::Scheduled => None,
            EventStatus::Cancelled => Some(Tag::new("Cancelled", "warn")),
            EventStatus::Postponed => Some(Tag::new("Postponed", "warn")),
        };
        Self {
            id: projected_service_id(event.id.into()),
            href: format!("/directory/events/{}", event.id),
            name: event.name.clone(),
            organisation: None,
            summary: event.description.as_deref().map(|text| words::summary(text, 260)),
            tags: state.into_iter().chain(from_elsewhere(&event.extra)).collect(),
            place: event
                .location
                .as_deref()
                .map(place_in_words)
                .or_else(|| event.online_url.as_ref().map(|_| say("Online").to_owned())),
            distance: None,
            cost: words::costs(None, &event.cost_options).into_iter().next(),
            audience: words::ages(event.minimum_age, event.maximum_age),
            area: None,
            elsewhere: false,
            when: Some(times::event(event)),
            next: None,
            next_dated: None,
            addresses: event.location.as_deref().and_then(whole_address),
            phone: None,
            snippet: None,
            point: None,
            sensitive,
        }
    }
}

fn marked_up(facts: Vec<(&'static str, String)>) -> Vec<(&'static str, Markup)> {
    let marked = |label, said: &str| match label {
        "Cost" => words::price(said),
        "Who it is for" | "Area covered" => as_written(said),
        _ => html! { (said) },
    };
    facts.into_iter().map(|(label, said)| (label, marked(label, &said))).collect()
}

/// The services under these ids, as lists show them.
/// # Errors
/// When the disk fails.
pub(super) fn of_services(site: &Site, ids: &[Uuid], from: Option<Point>) -> Result<Vec<Listing>, Problem> {
    Ok(with_times(site, ids, from)?.into_iter().map(|(_, listing)| listing).collect())
}

/// What was found, with why.
/// # Errors
/// When the disk fails.
pub(super) fn of_hits(site: &Site, found: &Found, from: Option<Point>) -> Result<Vec<Listing>, Problem> {
    let ids: Vec<Uuid> = found.hits.iter().map(|hit| hit.id).collect();
    let elsewhere: HashSet<Uuid> = found.hits.iter().filter(|hit| hit.is_for_elsewhere()).map(|hit| hit.id).collect();
    let listings = with_times(site, &ids, from)?.into_iter().map(|(service, mut listing)| {
        if elsewhere.contains(&listing.id) && !areas::takes_from_anywhere(&service) {
            listing = listing.seen_from_elsewhere();
        }
        listing.snippet = service.description.as_deref().and_then(|text| site.directory.search.snippet(found, text));
        listing
    });
    Ok(listings.collect())
}

/// Services with their listings: those that stand for events with the dates of these.
/// # Errors
/// When the disk fails.
pub(super) fn with_times(site: &Site, ids: &[Uuid], from: Option<Point>) -> Result<Vec<(Service, Listing)>, Problem> {
    let now = site.clock.now();
    let services = data::these::<Service>(&site.directory, ids, Form::Full)?;
    let events: Vec<Uuid> = services.iter().filter_map(|found| found.document.event_id).map(Uuid::from).collect();
    let events: HashMap<Uuid, Event> = data::these::<Event>(&site.directory, &events, Form::Full)?
        .into_iter()
        .map(|found| (found.entry.id, found.document))
        .collect();
    let private = quiet::events_among(&site.directory, events.values())?;
    let listing = |service: &Service| {
        let plain = Listing::of(site, service, from);
        match service.event_id.and_then(|id| events.get(&id.into())) {
            Some(event) => {
                let dated = plain.with_dates(event, now, site.horizon());
                if private.contains(&Uuid::from(event.id)) { dated.kept_quiet() } else { dated }
            }
            None => plain.at(service, now),
        }
    };
    Ok(services
        .into_iter()
        .map(|found| (listing(&found.document), found.document))
        .map(|(listing, service)| (service, listing))
        .collect())
}

/// The list. `level` is the heading that the names are.
pub(super) fn list(listings: &[Listing], level: &str) -> Markup {
    html! { ul class="listings" { @for listing in listings { li { (item(listing, level)) } } } }
}

/// The list with a box for each that keeps it on a list of one's own.
pub(super) fn list_to_keep(listings: &[Listing], level: &str, kept: &Kept) -> Markup {
    html! { ul class="listings" { @for listing in listings { li { (item(listing, level)) (kept.tick(listing)) } } } }
}

/// A text with the words marked that it was found by, or as it is.
fn marked(html: Option<&str>, plain: &str) -> Markup {
    html.map_or_else(|| html! { (plain) }, |html| html! { (PreEscaped(html)) })
}

fn item(listing: &Listing, level: &str) -> Markup {
    let name = html! { a href=(listing.href) { (as_written(&listing.name)) } };
    let facts = listing.facts();
    html! {
        @match level { "h2" => h2 { (name) }, _ => h3 { (name) } }
        @if let Some(organisation) = &listing.organisation { p class="by" { (as_written(organisation)) } }
        (tag_list(&listing.tags))
        @if listing.snippet.is_some() || listing.summary.is_some() {
            p lang=[written_in()] dir=[rightwards()] { (marked(listing.snippet.as_deref(), listing.summary.as_deref().unwrap_or_default())) }
        }
        @if !facts.is_empty() || listing.phone.is_some() {
            dl class="facts" {
                @for (label, value) in &facts { div { dt { (say(label)) } dd { (value) } } }
                @if let Some(phone) = &listing.phone { div { dt { (say("Phone")) } dd { (phones::to_ring(phone, None)) } } }
            }
        }
    }
}
