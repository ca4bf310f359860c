//! What's on: the dates of events and workshops, a week at a time.

use std::collections::BTreeMap;

use axum::{
    extract::{State, rejection::StringRejection},
    response::Response,
};
use chrono::{DateTime, Datelike as _, Days, NaiveDate, TimeDelta, Utc};
use chrono_tz::Europe::London;
use http::HeaderMap;
use maud::{Markup, html};
use uuid::Uuid;

use super::{
    Site, data,
    here::{Here, located},
    language::{as_written, rightwards, say, say_with, weave},
    layout,
    layout::Page,
    listing::place_in_words,
    paging, quiet,
    results::{mistaken_title, sent, summary_of},
    search_form::Mistake,
    times::{clock_times, is_of_one_day, span},
    words::{self, count, long_date},
};
use crate::{
    geo::Point,
    http::{Parameters, Problem},
    model::{
        Event, Kind, Location,
        occurrences::{self, Occurrence, OccurrenceStatus},
    },
    published::shelf::Form,
    publishing::{ask_index, midnight},
    search::{Delivery, Wanted},
};

/// Event series of one week on one page: about as much as a slow phone loads at once.
const SERIES_PER_PAGE: usize = 150;
/// The form that narrows the week down, and carries it on to the next page where it has one.
const FORM: &str = "narrow";
const ADDRESS: &str = "/directory/whats-on";
/// Dates of one series in a week that are shown at most: one every hour, and those that began the day before.
const MOST_DATES: usize = 8 * 24;

/// What somebody wants to see.
#[derive(Clone, Debug)]
struct Asked {
    /// The Monday of the week.
    monday: NaiveDate,
    /// The last one that can be looked at.
    last: NaiveDate,
    /// Only what costs nothing.
    free: bool,
    /// Only what can be joined on the internet.
    online: bool,
    /// Where they are.
    postcode: String,
}

/// The week by link.
pub(super) async fn by_link(State(site): State<Site>, parameters: Parameters, headers: HeaderMap) -> Response {
    layout::answer(&site, &headers, page(&site, &parameters).await)
}

/// The week by form, with a postcode that stays out of the address.
pub(super) async fn by_form(State(site): State<Site>, headers: HeaderMap, body: Result<String, StringRejection>) -> Response {
    let page = match sent(&headers, body) {
        Ok(parameters) => page(&site, &parameters).await,
        Err(problem) => Err(problem),
    };
    layout::answer(&site, &headers, page)
}

impl Asked {
    fn read(parameters: &Parameters, today: NaiveDate, horizon: TimeDelta) -> Result<Self, Problem> {
        let day = parameters.parsed::<NaiveDate>("week", "a date such as 2026-12-01")?.unwrap_or(today);
        let (first, last) =
            (monday_of(today) - TimeDelta::weeks(4), monday_of(today) + TimeDelta::weeks(horizon.num_weeks() - 1));
        Ok(Self {
            monday: monday_of(day.clamp(first, last + Days::new(6))),
            last,
            free: parameters.text("free")?.is_some(),
            online: parameters.text("online")?.is_some(),
            postcode: parameters.text("postcode")?.unwrap_or_default().to_owned(),
        })
    }

    /// The address of a week with the same filters.
    fn path(&self, monday: NaiveDate) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("week", &monday.to_string())
            .extend_pairs(self.fields())
            .finish();
        format!("{ADDRESS}?{query}")
    }

    fn fields(&self) -> Vec<(&'static str, &str)> {
        let flag = |on: bool| if on { "yes" } else { "" };
        let all = [("free", flag(self.free)), ("online", flag(self.online)), ("postcode", self.postcode.as_str())];
        all.into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }
}

fn monday_of(day: NaiveDate) -> NaiveDate {
    day - TimeDelta::days(day.weekday().num_days_from_monday().into())
}

/// One date of one series.
struct Date<'a> {
    event: &'a Event,
    occurrence: Occurrence,
}

async fn page(site: &Site, parameters: &Parameters) -> Result<Page, Problem> {
    let today = site.today();
    let asked = Asked::read(parameters, today, site.horizon())?;
    let (from, mistakes) = match located(site, &asked.postcode).await? {
        Ok(from) => (from, Vec::new()),
        Err(mistake) => (None, vec![mistake]),
    };
    let outcode = from.as_ref().and_then(Here::outcode);
    let (from, taken) = from.map_or((None, None), |here| (Some(here.point), here.taken));
    // Of the present week what is left of it: nobody can go to what is over.
    let is_now = asked.monday == monday_of(today);
    let first = if is_now { today } else { asked.monday };
    let begin = if is_now { site.directory.clock.now() } else { moment(first)? };
    let end = moment(asked.monday + Days::new(7))?;
    let wanted = Wanted {
        only_current: true,
        free: asked.free,
        delivery: asked.online.then_some(Delivery::Online),
        near: from,
        window: Some((begin, end)),
        ..Wanted::default()
    };
    let found =
        ask_index(&site.directory, wanted, |search, wanted, now| search.find(Kind::Event, wanted, now, 0..usize::MAX)).await?;
    let at = paging::read_by(parameters, found.hits.len(), SERIES_PER_PAGE)?;
    let ids: Vec<Uuid> = at.slice(&found.hits).iter().map(|hit| hit.id).collect();
    let events: Vec<Event> =
        data::these::<Event>(&site.directory, &ids, Form::Full)?.into_iter().map(|found| found.document).collect();
    let elsewhere = moved_to(site, &events)?;
    let days = by_day(&events, begin, end);
    let shown: usize = days.values().map(Vec::len).sum();
    let last = asked.monday + Days::new(6);
    let body = html! {
        (summary_of(&mistakes))
        h1 { (say_with("What’s on: {dates}", &[("dates", &words::dates(first, last))])) }
        p class="lead" { (count(shown, "date of events and workshops.", "dates of events and workshops.")) }
        (weeks(&asked, today, say("Weeks")))
        details open[!mistakes.is_empty()] { summary { (say("Narrow it down")) } (form(&asked, &mistakes)) }
        @if let Some(taken) = &taken { p class="small" { (taken) } }
        @if days.is_empty() { p { (say("Nothing is on during these days. Try another week, or remove a filter above.")) } }
        (by_day_of_the_week(&days))
        @for (day, dates) in &days {
            section aria-labelledby=(format!("d-{day}")) {
                h2 id=(format!("d-{day}")) { (long_date(*day)) @if *day == today { " – " (say("today")) } }
                ul class="listings" { @for date in dates { li { (item(date, from, &elsewhere, when(&date.occurrence, Some(*day)))) } } }
            }
        }
        @if asked.postcode.is_empty() { (paging::links(&asked.path(asked.monday), at)) } @else { (paging::forms(FORM, ADDRESS, at)) }
        (weeks(&asked, today, say("Weeks, below the dates")))
        p class="small" { (weave("{link} for your phone or computer.", &[("link", html! { a href="/events?format=ics" { (say("All events as a calendar")) } })])) }
    };
    let title =
        if mistakes.is_empty() { format!("{}{}", say("What’s on"), at.in_title()) } else { mistaken_title("What’s on") };
    Ok(Page {
        preview: Some(say("Events and workshops near you, week by week.").to_owned()),
        path: Some(ADDRESS.to_owned()),
        unkept: !asked.postcode.is_empty(),
        outcode,
        quiet: !quiet::events_among(&site.directory, &events)?.is_empty(),
        ..Page::new(title, body)
    })
}

/// The next dates within a week, for the first page: a few lines, and the way to all of them. Nothing that
/// others had better not see somebody read.
pub(super) async fn soon(site: &Site) -> Result<Markup, Problem> {
    const SHOWN: usize = 4;
    const LOOKED_AT: usize = 20;
    let now = site.directory.clock.now();
    let until = now + TimeDelta::days(7);
    let wanted = Wanted { only_current: true, window: Some((now, until)), ..Wanted::default() };
    let found =
        ask_index(&site.directory, wanted, |search, wanted, now| search.find(Kind::Event, wanted, now, 0..LOOKED_AT)).await?;
    let ids: Vec<Uuid> = found.hits.iter().map(|hit| hit.id).collect();
    let mut events: Vec<Event> =
        data::these::<Event>(&site.directory, &ids, Form::Full)?.into_iter().map(|found| found.document).collect();
    let private = quiet::events_among(&site.directory, &events)?;
    events.retain(|event| !private.contains(&Uuid::from(event.id)));
    let elsewhere = moved_to(site, &events)?;
    let days = by_day(&events, now, until);
    let next = days.values().flatten().filter(|date| date.occurrence.status != OccurrenceStatus::Cancelled).take(SHOWN);
    Ok(html! {
        @if !days.is_empty() {
            h2 { (say("What’s on soon: events and workshops")) }
            ul class="listings brief" { @for date in next { li { (item(date, None, &elsewhere, when(&date.occurrence, None))) } } }
            p { a href=(ADDRESS) { (say("All dates, week by week")) } }
        }
    })
}

/// The places that single dates of these events have moved to, as far as they are public.
fn moved_to(site: &Site, events: &[Event]) -> Result<Vec<Location>, Problem> {
    let changes = events.iter().flat_map(|event| event.changes.iter().filter_map(|change| change.location_id));
    let ids: Vec<Uuid> = changes.map(Uuid::from).collect();
    Ok(data::these::<Location>(&site.directory, &ids, Form::Full)?.into_iter().map(|found| found.document).collect())
}

/// The moment at which a day begins in London.
fn moment(day: NaiveDate) -> Result<DateTime<Utc>, Problem> {
    midnight(day).ok_or_else(|| Problem::bad_request("this week is outside the calendar".to_owned()))
}

/// The dates of the events by the day on which they begin, in order.
fn by_day(events: &[Event], begin: DateTime<Utc>, end: DateTime<Utc>) -> BTreeMap<NaiveDate, Vec<Date<'_>>> {
    let mut days: BTreeMap<NaiveDate, Vec<Date<'_>>> = BTreeMap::new();
    for event in events {
        for occurrence in occurrences::between(event, begin, end, MOST_DATES) {
            // What began before stands on the first day.
            let day = occurrence.start.max(begin).with_timezone(&London).date_naive();
            days.entry(day).or_default().push(Date { event, occurrence });
        }
    }
    for dates in days.values_mut() {
        dates.sort_by(|a, b| a.occurrence.start.cmp(&b.occurrence.start).then_with(|| a.event.name.cmp(&b.event.name)));
    }
    days
}

/// When a date is. Below the heading of its day only the hours are said, unless it is on other days as well: what goes on
/// until Sunday does not end at four on Friday.
fn when(occurrence: &Occurrence, heading: Option<NaiveDate>) -> Option<String> {
    let [start, end] = [occurrence.start, occurrence.end].map(|at| at.with_timezone(&London).naive_local());
    if heading == Some(start.date()) && is_of_one_day(start, end) { clock_times(start, end) } else { Some(span(start, end)) }
}

/// One date. `elsewhere` has the places that dates have moved to.
fn item(date: &Date<'_>, from: Option<Point>, elsewhere: &[Location], when: Option<String>) -> Markup {
    let (event, occurrence) = (date.event, &date.occurrence);
    let (look, state) = match occurrence.status {
        OccurrenceStatus::Scheduled => ("", None),
        OccurrenceStatus::Cancelled => ("warn", Some("Cancelled")),
        OccurrenceStatus::Moved => ("doubt", Some("Moved")),
        OccurrenceStatus::Full => ("doubt", Some("Full")),
    };
    let moved = occurrence.location_id.filter(|place| event.location_id != Some(*place));
    // Where it moved to a place that is not told, its usual place would be wrong.
    let at = match moved {
        Some(id) => elsewhere.iter().find(|place| place.id == id),
        None => event.location.as_deref(),
    };
    let online = || event.online_url.as_ref().filter(|_| moved.is_none()).map(|_| say("Online").to_owned());
    let place = at.map(place_in_words).or_else(online);
    let point = at.and_then(|place| Point::new(place.latitude?.0, place.longitude?.0));
    let distance = point.zip(from).map(|(point, from)| words::distance(point.metres_to(from)));
    let facts: Vec<String> = when
        .into_iter()
        .chain(place)
        .chain(distance)
        .chain(words::costs(None, &event.cost_options).into_iter().take(1))
        .collect();
    html! {
        h3 { a href=(format!("/directory/events/{}", event.id)) { (as_written(&event.name)) } }
        @if let Some(state) = state { ul class="tags" { li class=(look) { (say(state)) } } }
        @if !facts.is_empty() { p class="by" { (facts.join(" · ")) } }
        @if let Some(note) = &occurrence.note { p { (as_written(note)) } }
    }
}

/// Links to the weeks before and after; buttons where a postcode must stay out of the address.
fn weeks(asked: &Asked, today: NaiveDate, label: &str) -> Markup {
    let this = monday_of(today);
    let before = (asked.monday > this - TimeDelta::weeks(4)).then(|| asked.monday - TimeDelta::weeks(1));
    let after = (asked.monday < asked.last).then(|| asked.monday + TimeDelta::weeks(1));
    let way = |monday: NaiveDate, words: &str| {
        if asked.postcode.is_empty() {
            return html! { li { a href=(asked.path(monday)) { (words) } } };
        }
        html! {
            li {
                form method="post" action=(ADDRESS) {
                    input type="hidden" name="week" value=(monday);
                    @for (name, value) in asked.fields() { input type="hidden" name=(name) value=(value); }
                    button class="link" { (words) }
                }
            }
        }
    };
    html! {
        nav class="pages" aria-label=(label) {
            ul {
                @if let Some(monday) = before { (way(monday, say("Week before"))) }
                @if asked.monday != this { (way(this, say("This week"))) }
                @if let Some(monday) = after { (way(monday, say("Week after"))) }
            }
        }
    }
}

/// Links to the days of the week on which something is.
fn by_day_of_the_week(days: &BTreeMap<NaiveDate, Vec<Date<'_>>>) -> Markup {
    html! {
        @if days.len() > 1 {
            nav class="pages" aria-label=(say("Days")) {
                ul { @for (day, dates) in days { li { a href=(format!("#d-{day}")) { (long_date(*day)) } " (" (dates.len()) ")" } } }
            }
        }
    }
}

fn form(asked: &Asked, mistakes: &[Mistake]) -> Markup {
    let wrong = mistakes.iter().find(|mistake| mistake.field == "postcode").map(|mistake| mistake.said.as_str());
    let tick = |name: &str, on: bool, words: &str| {
        html! {
            div class="choice" {
                input type="checkbox" id=(name) name=(name) value="yes" checked[on];
                label for=(name) { (say(words)) }
            }
        }
    };
    html! {
        form class="search" id=(FORM) method="post" action=(ADDRESS) {
            input type="hidden" name="week" value=(asked.monday);
            (tick("free", asked.free, "Free only"))
            (tick("online", asked.online, "Online only"))
            div class=(if wrong.is_some() { "field wrong" } else { "field" }) {
                label for="postcode" { (say("Postcode or town (optional)")) }
                p class="hint" id="postcode-hint" { (say("To show how far away things are. We do not store it.")) }
                @if let Some(said) = wrong { p class="error" id="postcode-error" { span class="unseen" { (say("Error:")) " " } (said) } }
                input class="short" type="text" id="postcode" name="postcode" dir=[rightwards()] value=(asked.postcode) autocomplete="postal-code"
                    aria-describedby=(if wrong.is_some() { "postcode-hint postcode-error" } else { "postcode-hint" }) aria-invalid=[wrong.map(|_| "true")];
            }
            button class="button" { (say("Show")) }
        }
    }
}
