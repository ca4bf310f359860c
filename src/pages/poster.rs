//! Sheets to print and pin up: a leaflet (A5) and a poster (A4), with a code that leads to the listing. Made
//! of the public document and of nothing else.

use axum::{
    extract::{Path, State},
    response::Response,
};
use http::HeaderMap;
use maud::{Markup, html};
use qrcode::{Color, EcLevel, QrCode};

use super::{
    Site, data,
    editing::singles,
    files, layout,
    layout::{Page, Step},
    parts, quiet, times,
    words::{self, Checked},
};
use crate::{
    http::Problem,
    model::{
        Event, Kind, Location, Organization, Phone, Service,
        values::{EmailAddress, WebAddress},
    },
};

/// Light modules around a code, without which phones do not find it.
const MARGIN: usize = 4;

/// The sizes, by their word in addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sheet {
    Leaflet,
    Poster,
}

impl Sheet {
    fn read(word: &str) -> Option<Self> {
        match word {
            "leaflet" => Some(Self::Leaflet),
            "poster" => Some(Self::Poster),
            _ => None,
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Leaflet => "sheet a5",
            Self::Poster => "sheet a4",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Leaflet => "Leaflet (A5)",
            Self::Poster => "Poster (A4)",
        }
    }
}

/// What stands on a sheet.
struct Told {
    folder: &'static str,
    id: String,
    name: String,
    by: Option<String>,
    text: Option<String>,
    rows: Vec<(&'static str, Vec<String>)>,
    checked: Option<String>,
}

/// GET `/directory/services/{id}/{sheet}`.
pub(super) async fn service(State(site): State<Site>, Path((id, sheet)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let page = (|| {
        let sheet = wanted(&sheet)?;
        let service = data::one::<Service>(&site.directory, Kind::Service, &id)?.document;
        if quiet::is_quiet_service(&site.directory, &service)? {
            return Err(not_for_this());
        }
        Ok(page(&site, sheet, &of_service(&site, &service)))
    })();
    layout::answer(&site, &headers, page)
}

/// GET `/directory/events/{id}/{sheet}`.
pub(super) async fn event(State(site): State<Site>, Path((id, sheet)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let page = (|| {
        let sheet = wanted(&sheet)?;
        let event = data::one::<Event>(&site.directory, Kind::Event, &id)?.document;
        if quiet::is_quiet_event(&site.directory, &event)? {
            return Err(not_for_this());
        }
        Ok(page(&site, sheet, &of_event(&site, &event)))
    })();
    layout::answer(&site, &headers, page)
}

fn wanted(sheet: &str) -> Result<Sheet, Problem> {
    Sheet::read(sheet).ok_or_else(|| Problem::not_found("choose leaflet or poster".to_owned()))
}

/// Whoever hangs it up, or has it in a pocket, could be in danger.
fn not_for_this() -> Problem {
    Problem::not_found("there is no leaflet or poster for this listing".to_owned())
}

fn numbers(to_ring: Vec<&Phone>) -> impl Iterator<Item = String> {
    to_ring.into_iter().take(2).map(Phone::in_words)
}

fn reach(to_ring: Vec<&Phone>, email: Option<&str>, web: Option<&str>, organisation: Option<&Organization>) -> Vec<String> {
    let own: Vec<String> = numbers(to_ring).chain(email.map(str::to_owned)).chain(web.map(bare)).collect();
    match organisation.filter(|_| own.is_empty()) {
        Some(them) => {
            let email = them.email.as_ref().map(|email| email.as_str().to_owned());
            numbers(them.numbers()).chain(email).chain(them.website.as_ref().map(|web| bare(web.as_str()))).collect()
        }
        None => own,
    }
}

/// A web address as it stands on paper.
fn bare(address: &str) -> String {
    let bare = address.trim_start_matches("https://").trim_start_matches("http://").trim_start_matches("www.");
    bare.trim_end_matches('/').to_owned()
}

fn whereabouts(place: &Location) -> Vec<String> {
    if place.location_policy.is_some() {
        return vec!["Get in touch first. They will tell you where to go.".to_owned()];
    }
    let address = place.address();
    let lines = [place.name.as_deref(), address.map(|one| one.address_1.as_str()), address.map(|one| one.city.as_str())];
    let mut lines: Vec<&str> = lines.into_iter().flatten().filter(|line| !line.trim().is_empty()).collect();
    lines.dedup();
    let mut said = lines.join(", ");
    if let Some(postcode) = address.map(|one| one.postal_code.as_str()).filter(|postcode| !postcode.is_empty()) {
        said = format!("{said}, {postcode}");
    }
    if said.is_empty() { Vec::new() } else { vec![said] }
}

fn of_service(site: &Site, service: &Service) -> Told {
    let today = site.today();
    let all = service.schedules.iter().chain(service.service_at_locations.iter().flat_map(|link| &link.schedules));
    let mut when = times::in_order(all, today);
    when.dedup();
    let places = service.service_at_locations.iter().filter_map(|link| link.location.as_deref());
    let organisation = service.organization.as_deref();
    let (email, web) = (service.email.as_ref().map(EmailAddress::as_str), service.url.as_ref().map(WebAddress::as_str));
    let who = service.eligibility_description.clone().or_else(|| words::ages(service.minimum_age, service.maximum_age));
    Told {
        folder: "services",
        id: service.id.to_string(),
        name: service.name.clone(),
        by: organisation.map(|one| one.name.clone()).filter(|name| *name != service.name),
        text: service.description.clone(),
        rows: vec![
            ("Who it is for", who.into_iter().collect()),
            ("When", when.into_iter().take(6).collect()),
            ("Where", places.flat_map(whereabouts).take(3).collect()),
            ("Cost", words::costs(service.fees_description.as_deref().or(service.fees.as_deref()), &service.cost_options)),
            ("Get in touch", reach(service.numbers(), email, web, organisation)),
        ],
        checked: matches!(Checked::of(site, service), Checked::On(_)).then(|| Checked::say(site, service)),
    }
}

/// Single dates to come that are not as the series says: most who have the sheet look nowhere else.
const SINGLES: usize = 5;

fn of_event(site: &Site, event: &Event) -> Told {
    let today = site.today();
    let singles = singles(event).into_iter().filter(|(start, _)| start.naive().date() >= today).map(|(_, words)| words);
    let when: Vec<String> = std::iter::once(times::event(event)).chain(singles.take(SINGLES)).collect();
    let organisation = event.organization.as_deref();
    let web = event.booking_url.as_ref().or(event.url.as_ref()).map(WebAddress::as_str);
    let who = event.eligibility_description.clone().or_else(|| words::ages(event.minimum_age, event.maximum_age));
    Told {
        folder: "events",
        id: event.id.to_string(),
        name: event.name.clone(),
        by: organisation.map(|one| one.name.clone()),
        text: event.description.clone(),
        rows: vec![
            ("When", when),
            ("Where", event.location.as_deref().map(whereabouts).unwrap_or_default()),
            ("Who it is for", who.into_iter().collect()),
            ("Cost", words::costs(None, &event.cost_options)),
            ("Get in touch", reach(event.numbers(), None, web, organisation)),
        ],
        checked: None,
    }
}

fn page(site: &Site, sheet: Sheet, told: &Told) -> Page {
    let path = format!("/directory/{}/{}", told.folder, told.id);
    let address = site.address(&path);
    let longest = if sheet == Sheet::Poster { 160 } else { 320 };
    let title = format!("{}: {}", sheet.title(), told.name);
    let body = html! {
        div class="unprinted" {
            p { strong { (sheet.title()) } ". Print this page: it fits one sheet. " a href=(path) { "Back to the listing" } }
        }
        article class=(sheet.class()) {
            h1 { (told.name) }
            @if let Some(by) = &told.by { p class="by" { "By " (by) } }
            @if let Some(text) = &told.text { (parts::paragraphs(&words::summary(text, longest))) }
            dl {
                @for (label, said) in told.rows.iter().filter(|(_, said)| !said.is_empty()) {
                    div { dt { (label) } @for one in said { dd { (one) } } }
                }
            }
            div class="code" {
                (code(&address))
                div {
                    p { strong { "Scan it with a phone" } " to see the latest version of this listing." }
                    p class="small" { (bare(&address)) }
                }
            }
            p class="small foot" {
                (site.directory.name) ". "
                @if let Some(checked) = &told.checked { (checked) " " }
                "Printed on " (words::date(site.today())) "."
            }
        }
    };
    Page { trail: vec![Step::to(path, told.name.clone())], styles: vec![files::POSTER], unkept: true, ..Page::new(title, body) }
}

/// A code that phones read, black on white whatever the colours of the page are.
fn code(address: &str) -> Markup {
    let Ok(code) = QrCode::with_error_correction_level(address, EcLevel::M) else { return html! {} };
    let (width, mut path) = (code.width(), String::new());
    for (at, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            use std::fmt::Write as _;
            // Writing to a string cannot fail.
            let _ = write!(path, "M{} {}h1v1h-1z", at % width + MARGIN, at / width + MARGIN);
        }
    }
    let all = width + 2 * MARGIN;
    html! {
        svg role="img" aria-label="A code with the web address of this listing" viewBox=(format!("0 0 {all} {all}")) shape-rendering="crispEdges" {
            rect width=(all) height=(all) fill="#fff" {}
            path d=(path) fill="#000" {}
        }
    }
}
